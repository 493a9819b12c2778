//! Entries of an index: insert with the uniqueness check, delete, point lookup.
use crate::{IndexDesc, KeyEncoder, Rowid};
use codec::{encode_key_datum, encode_key_null};
use error::{PgError, PgResult, err};
use rustc_hash::FxBuildHasher;
use std::{hash::BuildHasher, sync::Arc};
use txn::IterOptions;
use txn::{LockMode, LockOutcome, LockTag, Snapshot, Transaction, WaitPolicy};
use types::Datum;

/// What to do about uniqueness when an entry is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniqueCheck {
    /// Wait for others that write the same value; refuse if a row has it.
    Check,
    /// Add the entry whatever is there and say whether a row had the value (deferred constraints; only in
    /// deferrable indexes).
    Deferred,
}

/// An index, by its descriptor.
#[derive(Clone)]
pub struct Index {
    desc: Arc<IndexDesc>,
}

#[cold]
fn too_large() -> PgError {
    err!(PROGRAM_LIMIT_EXCEEDED, "index row requires too much space")
        .hint("Values larger than 1/3 of a buffer page cannot be indexed.")
}

#[cold]
fn damaged() -> PgError {
    PgError::new(error::SqlState::INDEX_CORRUPTED, "index entry is damaged")
}

/// Appends the key of the columns of `values` to `out`, which holds the storage id already.
pub(crate) fn encode_columns(
    out: &mut Vec<u8>,
    desc: &IndexDesc,
    values: &[Datum],
) -> PgResult<()> {
    for (column, value) in desc.columns.iter().zip(values) {
        if value.is_null() {
            encode_key_null(out, column.order);
        } else {
            encode_key_datum(out, value, &column.kind, column.order)?;
        }
    }
    Ok(())
}

pub(crate) fn rowid_of(bytes: Option<&[u8]>) -> PgResult<Rowid> {
    let bytes = bytes.and_then(|bytes| bytes.first_chunk()).ok_or_else(damaged)?;
    Ok(Rowid(u64::from_be_bytes(*bytes)))
}

impl Index {
    /// The index that `desc` describes.
    pub fn new(desc: Arc<IndexDesc>) -> Self {
        Index { desc }
    }

    /// Its descriptor.
    pub fn desc(&self) -> &Arc<IndexDesc> {
        &self.desc
    }

    /// Puts the columns' key into `encoder.key`; returns where the row id goes, if it is part of the key.
    fn key(&self, encoder: &mut KeyEncoder, values: &[Datum]) -> PgResult<bool> {
        encoder.key.clear();
        encoder.key.extend_from_slice(&self.desc.sid.prefix());
        encode_columns(&mut encoder.key, &self.desc, values)?;
        Ok(!(self.desc.keyed_by_value() && self.desc.constrains(values)))
    }

    /// Puts key and value of the row's entry into the encoder.
    pub(crate) fn entry(
        &self,
        encoder: &mut KeyEncoder,
        values: &[Datum],
        rowid: Rowid,
    ) -> PgResult<()> {
        if self.key(encoder, values)? {
            encoder.key.extend_from_slice(&rowid.0.to_be_bytes());
        }
        self.value(encoder, values, rowid)
    }

    fn value(&self, encoder: &mut KeyEncoder, values: &[Datum], rowid: Rowid) -> PgResult<()> {
        let desc = &self.desc;
        encoder.value.clear();
        if desc.keyed_by_value() {
            encoder.value.extend_from_slice(&rowid.0.to_be_bytes());
        }
        if desc.payload_columns.is_empty() {
            return Ok(());
        }
        let KeyEncoder { value, row, payload, .. } = encoder;
        payload.clear();
        for column in &desc.payload_columns {
            payload.push(values.get(*column).cloned().unwrap_or(Datum::Null));
        }
        let result = row.encode(value, &desc.payload, 0, payload, &mut |_, _| Err(too_large()));
        payload.clear();
        result
    }

    /// Waits until nobody else writes the value whose key is in the encoder.
    fn lock_value(&self, tx: &Transaction, key: &[u8], policy: WaitPolicy) -> PgResult<bool> {
        let sid = self.desc.sid;
        if tx.is_private(sid) {
            return Ok(true);
        }
        let tag = LockTag::UniqueKey { sid, hash: FxBuildHasher.hash_one(key) };
        tx.xid()?;
        Ok(tx.lock(tag, LockMode::Exclusive, policy)? != LockOutcome::NotAvailable)
    }

    /// A row other than `own` that has the value whose key (without row id) is in the encoder, whatever any
    /// snapshot sees.
    fn conflict(
        &self,
        tx: &Arc<Transaction>,
        encoder: &KeyEncoder,
        own: Option<Rowid>,
    ) -> PgResult<Option<Rowid>> {
        if self.desc.keyed_by_value() {
            let Some(value) = tx.get_latest(&encoder.key)? else { return Ok(None) };
            return Ok(Some(rowid_of(Some(&value))?).filter(|rowid| Some(*rowid) != own));
        }
        let mut scan = tx.scan_latest(IterOptions::prefix(&encoder.key))?;
        scan.seek_to_first();
        while scan.valid() {
            let rowid = rowid_of(scan.key().get(scan.key().len().saturating_sub(8)..))?;
            if Some(rowid) != own {
                return Ok(Some(rowid));
            }
            scan.next();
        }
        scan.status()?;
        Ok(None)
    }

    /// Adds the entry of a row. `values` are the key columns, then the included ones. If another row has the
    /// value of a unique index, that row is the answer, and with [`UniqueCheck::Check`] nothing is added.
    pub fn insert(
        &self,
        tx: &Arc<Transaction>,
        encoder: &mut KeyEncoder,
        values: &[Datum],
        rowid: Rowid,
        check: UniqueCheck,
    ) -> PgResult<Option<Rowid>> {
        let with_rowid = self.key(encoder, values)?;
        let mut conflict = None;
        if self.desc.constrains(values) {
            self.lock_value(tx, &encoder.key, WaitPolicy::Block)?;
            conflict = self.conflict(tx, encoder, Some(rowid))?;
            if conflict.is_some() && (check == UniqueCheck::Check || !with_rowid) {
                tx.intend_write(&encoder.key)?;
                return Ok(conflict);
            }
        }
        if with_rowid {
            encoder.key.extend_from_slice(&rowid.0.to_be_bytes());
        }
        self.value(encoder, values, rowid)?;
        tx.put(&encoder.key, &encoder.value)?;
        Ok(conflict)
    }

    /// Waits for others that write the value, then says which row other than `own` has it: the check before
    /// an insert with ON CONFLICT, and the one at the end for a deferred constraint.
    pub fn find_conflict(
        &self,
        tx: &Arc<Transaction>,
        encoder: &mut KeyEncoder,
        values: &[Datum],
        own: Option<Rowid>,
    ) -> PgResult<Option<Rowid>> {
        if !self.desc.constrains(values) {
            return Ok(None);
        }
        self.key(encoder, values)?;
        self.lock_value(tx, &encoder.key, WaitPolicy::Block)?;
        self.conflict(tx, encoder, own)
    }

    /// Removes the entry of a row.
    pub fn delete(
        &self,
        tx: &Arc<Transaction>,
        encoder: &mut KeyEncoder,
        values: &[Datum],
        rowid: Rowid,
    ) -> PgResult<()> {
        let with_rowid = self.key(encoder, values)?;
        if self.desc.constrains(values) {
            // Who inserts the value next must wait for this transaction's end.
            self.lock_value(tx, &encoder.key, WaitPolicy::Block)?;
        }
        if with_rowid {
            encoder.key.extend_from_slice(&rowid.0.to_be_bytes());
        }
        tx.delete(&encoder.key)
    }

    /// Moves the entry of a row that changed from `old` to `new`; nothing is written if they are alike.
    /// Returns a conflicting row as [`Index::insert`] does.
    pub fn update(
        &self,
        tx: &Arc<Transaction>,
        encoder: &mut KeyEncoder,
        old: &[Datum],
        new: &[Datum],
        rowid: Rowid,
        check: UniqueCheck,
    ) -> PgResult<Option<Rowid>> {
        self.key(encoder, old)?;
        std::mem::swap(&mut encoder.key, &mut encoder.other_key);
        let with_rowid = self.key(encoder, new)?;
        if encoder.key != encoder.other_key {
            self.delete(tx, encoder, old, rowid)?;
            return self.insert(tx, encoder, new, rowid, check);
        }
        if self.desc.payload_columns.is_empty() {
            return Ok(None);
        }
        if with_rowid {
            encoder.key.extend_from_slice(&rowid.0.to_be_bytes());
        }
        self.value(encoder, new, rowid)?;
        tx.put(&encoder.key, &encoder.value)?;
        Ok(None)
    }

    /// The row with a value of a unique index, all key columns given and none NULL: the shortest path.
    /// `None` if the snapshot sees none.
    #[inline]
    pub fn lookup(
        &self,
        tx: &Transaction,
        snapshot: &Snapshot,
        encoder: &mut KeyEncoder,
        values: &[Datum],
    ) -> PgResult<Option<Rowid>> {
        if self.key(encoder, values)? {
            return Err(PgError::internal("point lookup in an index that is not keyed by value"));
        }
        let mut rowid = None;
        tx.get_with(snapshot, &encoder.key, &mut |value| rowid = Some(rowid_of(Some(value))))?;
        rowid.transpose()
    }

    /// Whether [`Index::lookup`] serves these values.
    pub fn is_point(&self, values: &[Datum]) -> bool {
        self.desc.keyed_by_value()
            && values.len() >= self.desc.columns.len()
            && self.desc.constrains(values)
    }
}
