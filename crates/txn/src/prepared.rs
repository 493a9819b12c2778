//! Prepared transactions (two-phase commit): writes and locks that outlive their session and the process.
//!
//! ```text
//! [PREPARED][gid] -> [xid u64] [n u32] locks [n u32] storage made [n u32] batch, then what the caller added
//! lock            =  [kind u8][mode u8][4 x u32]
//! ```
use crate::{
    Backend, LockTag, StorageId, Store, Transaction, TxnState,
    commit::CommitWork,
    meta,
    ssi::Sxact,
    store::{clear_storage, pending_key},
    transaction::{Action, Attachment},
};
use bytes::Bytes;
use error::{PgError, PgResult, err, not_supported};
use kv::{BatchOp, IterOptions, WriteBatch};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

/// A prepared transaction as views show it.
#[derive(Clone, Debug)]
pub struct PreparedInfo {
    /// Its name.
    pub gid: String,
    /// Its id.
    pub xid: u64,
    /// What the caller of [`Transaction::prepare`] added.
    pub payload: Bytes,
}

struct Prepared {
    xid: u64,
    backend: Arc<Backend>,
    batch: WriteBatch,
    created: Vec<StorageId>,
    payload: Bytes,
    sxact: Option<Arc<Sxact>>,
    /// Caches to bring up to date if the process that prepared also commits.
    on_commit: Vec<Action>,
}

/// The prepared transactions of a store.
#[derive(Default)]
pub(crate) struct PreparedSet(Mutex<BTreeMap<String, Prepared>>);

fn record_key(gid: &str) -> Vec<u8> {
    [&meta::PREPARED.prefix()[..], gid.as_bytes()].concat()
}

fn encode_tag(tag: &LockTag) -> (u8, [u32; 4]) {
    let halves = |n: u64| ((n >> 32) as u32, n as u32);
    match *tag {
        LockTag::Relation { db, oid } => (0, [db, oid, 0, 0]),
        LockTag::Tuple { sid, rowid } => (1, [sid.0, halves(rowid).0, halves(rowid).1, 0]),
        LockTag::UniqueKey { sid, hash } => (2, [sid.0, halves(hash).0, halves(hash).1, 0]),
        LockTag::Storage { sid } => (3, [sid.0, 0, 0, 0]),
        LockTag::Transaction { xid } => (4, [halves(xid).0, halves(xid).1, 0, 0]),
        LockTag::Object { db, class, oid, sub } => (5, [db, class, oid, sub]),
        LockTag::Advisory { db, key1, key2, kind } => (6, [db, key1, key2, kind.into()]),
    }
}

fn decode_tag(kind: u8, [a, b, c, d]: [u32; 4]) -> Option<LockTag> {
    let whole = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    Some(match kind {
        0 => LockTag::Relation { db: a, oid: b },
        1 => LockTag::Tuple { sid: StorageId(a), rowid: whole(b, c) },
        2 => LockTag::UniqueKey { sid: StorageId(a), hash: whole(b, c) },
        3 => LockTag::Storage { sid: StorageId(a) },
        4 => LockTag::Transaction { xid: whole(a, b) },
        5 => LockTag::Object { db: a, class: b, oid: c, sub: d },
        6 => LockTag::Advisory { db: a, key1: b, key2: c, kind: d as u16 },
        _ => return None,
    })
}

fn put_u32(out: &mut Vec<u8>, n: u32) {
    out.extend_from_slice(&n.to_le_bytes());
}

impl Prepared {
    fn encode(&self) -> Vec<u8> {
        let mut out = self.xid.to_le_bytes().to_vec();
        let held = self.backend.held.lock();
        put_u32(&mut out, held.list.len() as u32);
        for lock in &held.list {
            let (kind, words) = encode_tag(&lock.tag);
            out.extend_from_slice(&[kind, lock.mode]);
            words.into_iter().for_each(|word| put_u32(&mut out, word));
        }
        put_u32(&mut out, self.created.len() as u32);
        self.created.iter().for_each(|sid| put_u32(&mut out, sid.0));
        put_u32(&mut out, self.batch.byte_size() as u32);
        out.extend_from_slice(self.batch.as_bytes());
        out.extend_from_slice(&self.payload);
        out
    }

    fn decode(store: &Store, mut bytes: &[u8]) -> PgResult<Prepared> {
        let xid = u64::from_le_bytes(take(&mut bytes)?);
        let backend = store.backend(0);
        backend.xid.store(xid, Ordering::SeqCst);
        for _ in 0..u32::from_le_bytes(take(&mut bytes)?) {
            let [kind, mode] = take(&mut bytes)?;
            let mut words = [0; 4];
            for word in &mut words {
                *word = u32::from_le_bytes(take(&mut bytes)?);
            }
            let tag = decode_tag(kind, words).ok_or_else(damaged)?;
            store.locks().restore(&backend, tag, mode)?;
        }
        let mut created = Vec::new();
        for _ in 0..u32::from_le_bytes(take(&mut bytes)?) {
            created.push(StorageId(u32::from_le_bytes(take(&mut bytes)?)));
        }
        let len = u32::from_le_bytes(take(&mut bytes)?) as usize;
        let (batch, payload) = bytes.split_at_checked(len).ok_or_else(damaged)?;
        Ok(Prepared {
            xid,
            backend,
            batch: WriteBatch::from_bytes(batch).ok_or_else(damaged)?,
            created,
            payload: Bytes::copy_from_slice(payload),
            sxact: None,
            on_commit: Vec::new(),
        })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> PgResult<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>().ok_or_else(damaged)?;
    *bytes = rest;
    Ok(*head)
}

#[cold]
fn damaged() -> PgError {
    err!(DATA_CORRUPTED, "record of a prepared transaction is damaged")
}

impl PreparedSet {
    /// The row id after the greatest that a prepared transaction writes in a heap.
    pub(crate) fn rowid_bound(&self, sid: StorageId) -> u64 {
        let prepared = self.0.lock();
        let operations = prepared.values().flat_map(|prepared| prepared.batch.iter());
        let rowids = operations.filter_map(|op| match op {
            BatchOp::Put(key, _) if key.len() == 12 && StorageId::of_key(key) == sid => {
                Some(u64::from_be_bytes(*key[4..].first_chunk()?))
            }
            _ => None,
        });
        rowids.filter(|rowid| *rowid < 1 << 63).max().map_or(0, |rowid| rowid + 1)
    }
}

impl Transaction {
    /// Ends the transaction's part in this session: what it wrote and locked waits under `gid`, durably, for
    /// [`Store::commit_prepared`] or [`Store::rollback_prepared`]. `payload` comes back from
    /// [`Store::prepared`]; it holds what the caller needs then. An error means it was rolled back.
    pub fn prepare(self: &Arc<Self>, gid: &str, payload: &[u8]) -> PgResult<()> {
        let result = self.try_prepare(gid, payload);
        if result.is_err() {
            self.abort();
        }
        result
    }

    fn try_prepare(self: &Arc<Self>, gid: &str, payload: &[u8]) -> PgResult<()> {
        let xid = self.xid()?;
        let store = self.store().clone();
        let mut inner = self.inner.lock();
        if inner.state != TxnState::Active {
            return Err(crate::transaction::not_active(inner.state));
        }
        if inner.overlay.spill.is_some() {
            return Err(not_supported!("PREPARE TRANSACTION of a transaction larger than memory"));
        }
        let mut all = store.prepared_set().0.lock();
        if all.contains_key(gid) {
            return Err(err!(
                DUPLICATE_OBJECT,
                "transaction identifier \"{gid}\" is already in use"
            ));
        }
        if let Some(sxact) = &inner.sxact {
            store.ssi.prepare(sxact)?;
        }
        let created: Vec<_> = inner.created.iter().filter(|c| c.noted).map(|c| c.sid).collect();
        let work = self.prepare_work(&mut inner, false)?;
        let backend = store.backend(0);
        store.locks().transfer(self.backend(), &backend);
        backend.xid.store(xid, Ordering::SeqCst);
        let prepared = Prepared {
            xid,
            backend,
            batch: work.batch,
            created,
            payload: Bytes::copy_from_slice(payload),
            sxact: inner.sxact.take(),
            on_commit: std::mem::take(&mut inner.on_commit),
        };
        let mut batch = WriteBatch::new();
        batch.put(&record_key(gid), &prepared.encode());
        for sid in &prepared.created {
            batch.delete(&pending_key(meta::PENDING_CREATE, *sid));
        }
        all.insert(gid.to_owned(), prepared);
        drop(all);
        // From here on the transaction is the record's.
        inner.state = TxnState::Committed;
        inner.on_abort.clear();
        inner.forget();
        drop(inner);
        self.dirty.store(false, Ordering::Release);
        self.backend().xid.store(0, Ordering::SeqCst);
        let work = CommitWork { batch, sync: true, ..CommitWork::default() };
        let written = store.commit_work(work);
        if written.is_err() {
            store.prepared_set().0.lock().remove(gid);
        }
        written
    }
}

impl Store {
    /// Reads the records of prepared transactions when the store opens.
    pub(crate) fn recover_prepared(&self) -> PgResult<()> {
        let mut cursor = self.engine.snapshot().iter(IterOptions::prefix(&meta::PREPARED.prefix()));
        cursor.seek_to_first();
        while cursor.valid() {
            let gid = String::from_utf8_lossy(&cursor.key()[4..]).into_owned();
            let prepared = Prepared::decode(self, cursor.value())?;
            self.prepared_set().0.lock().insert(gid, prepared);
            cursor.next();
        }
        cursor.status()
    }

    /// The prepared transactions, by name.
    pub fn prepared(&self) -> Vec<PreparedInfo> {
        let all = self.prepared_set().0.lock();
        all.iter()
            .map(|(gid, prepared)| PreparedInfo {
                gid: gid.clone(),
                xid: prepared.xid,
                payload: prepared.payload.clone(),
            })
            .collect()
    }

    fn take_prepared(&self, gid: &str) -> PgResult<Prepared> {
        self.prepared_set().0.lock().remove(gid).ok_or_else(|| {
            err!(UNDEFINED_OBJECT, "prepared transaction with identifier \"{gid}\" does not exist")
        })
    }

    /// Commits a prepared transaction. `attachments` are for the commit listeners, as those of
    /// [`Transaction::attach`].
    pub fn commit_prepared(&self, gid: &str, attachments: Vec<Attachment>) -> PgResult<()> {
        let mut prepared = self.take_prepared(gid)?;
        let mut batch = std::mem::take(&mut prepared.batch);
        batch.delete(&record_key(gid));
        let sxact = prepared.sxact.take();
        let work = CommitWork { batch, attachments, sxact, sync: true, ..CommitWork::default() };
        let result = self.commit_work(work);
        self.remove_backend(&prepared.backend);
        result?;
        prepared.on_commit.into_iter().for_each(|action| action());
        self.stats.commits.add(1);
        Ok(())
    }

    /// Rolls a prepared transaction back.
    pub fn rollback_prepared(&self, gid: &str) -> PgResult<()> {
        let prepared = self.take_prepared(gid)?;
        let mut batch = WriteBatch::new();
        batch.delete(&record_key(gid));
        for sid in &prepared.created {
            clear_storage(&mut batch, *sid);
            self.forget_rowids(*sid);
        }
        if let Some(sxact) = &prepared.sxact {
            self.ssi.ended(sxact, None, self.current_csn());
        }
        let result = self.commit_work(CommitWork { batch, sync: true, ..CommitWork::default() });
        self.remove_backend(&prepared.backend);
        self.stats.aborts.add(1);
        result
    }

    fn commit_work(&self, work: CommitWork) -> PgResult<()> {
        self.committer.submit(self, work, None).wait(self).map(drop)
    }
}
