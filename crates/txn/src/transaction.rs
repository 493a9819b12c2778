//! A transaction: its command counter, snapshots, writes, subtransactions and end.
use crate::{
    Backend, BulkWriter, LockMode, LockOutcome, LockTag, ReadView, Scan, Snapshot, StorageId,
    Store, WaitPolicy,
    lock::LockLevel,
    meta,
    overlay::{Item, Overlay, Version},
    spill::Spill,
    ssi::{self, Sxact},
    store::pending_key,
    view::CidPin,
};
use bytes::Bytes;
use error::{PgError, PgResult};
use kv::{Durability, IterOptions, SortedFile, WriteBatch};
use parking_lot::Mutex;
use std::{
    any::Any,
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Isolation levels; READ UNCOMMITTED is READ COMMITTED.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// Each statement sees what was committed before it.
    #[default]
    ReadCommitted,
    /// All statements see what was committed before the first.
    RepeatableRead,
    /// As if transactions ran one after the other.
    Serializable,
}

/// How a transaction runs.
#[derive(Clone, Copy, Debug)]
pub struct TxnOptions {
    /// Isolation level.
    pub isolation: Isolation,
    /// Wait for the log to be durable at commit.
    pub synchronous_commit: bool,
}

impl Default for TxnOptions {
    fn default() -> Self {
        TxnOptions { isolation: Isolation::ReadCommitted, synchronous_commit: true }
    }
}

/// A subtransaction. Ids ascend; 0 is the transaction itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubId(pub u32);

/// Where a transaction is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxnState {
    /// Reads and writes.
    Active,
    /// On its way to the log.
    Committing,
    /// Ended well.
    Committed,
    /// Ended without effect.
    Aborted,
}

pub(crate) type Action = Box<dyn FnOnce() + Send>;
/// Something for commit listeners.
pub type Attachment = Arc<dyn Any + Send + Sync>;

/// A transaction. Shared by reference everywhere; its parts lock themselves.
pub struct Transaction {
    pub(crate) store: Arc<Store>,
    pub(crate) backend: Arc<Backend>,
    pub(crate) xid: AtomicU64,
    /// Whether reads must look at anything of the transaction's own.
    pub(crate) dirty: AtomicBool,
    /// Whether reads and writes are noted for serializable isolation.
    pub(crate) tracked: AtomicBool,
    /// Whether it made storage of its own.
    pub(crate) has_private: AtomicBool,
    pub(crate) synchronous_commit: AtomicBool,
    /// The backend is the transaction's own and goes with it.
    pub(crate) internal: bool,
    pub(crate) inner: Mutex<Inner>,
}

pub(crate) struct Inner {
    pub(crate) isolation: Isolation,
    pub(crate) read_only: bool,
    pub(crate) sxact: Option<Arc<Sxact>>,
    pub(crate) state: TxnState,
    pub(crate) overlay: Overlay,
    pub(crate) budget: usize,
    pub(crate) cid: u32,
    pub(crate) cid_used: bool,
    pub(crate) pins: Vec<Arc<CidPin>>,
    spare_pin: Option<Arc<CidPin>>,
    /// The view of all statements above READ COMMITTED.
    pub(crate) fixed_view: Option<Arc<ReadView>>,
    pub(crate) next_sub: u32,
    pub(crate) subs: Vec<OpenSub>,
    pub(crate) created: Vec<Created>,
    pub(crate) dropped: Vec<StorageId>,
    pub(crate) on_commit: Vec<Action>,
    pub(crate) on_abort: Vec<Action>,
    pub(crate) attachments: Vec<Attachment>,
    /// Read-only but depends on something in the log that is not synced yet.
    pub(crate) durable: bool,
}

/// An open subtransaction: what the lists were when it began.
pub(crate) struct OpenSub {
    pub(crate) id: u32,
    pub(crate) undo: usize,
    pub(crate) locks: u32,
    pub(crate) created: usize,
    pub(crate) dropped: usize,
    pub(crate) on_commit: usize,
    pub(crate) on_abort: usize,
    pub(crate) attachments: usize,
}

/// Storage made by this transaction.
pub(crate) struct Created {
    pub(crate) sid: StorageId,
    pub(crate) sub: u32,
    /// A note in the engine says that it is to be cleared after a crash.
    pub(crate) noted: bool,
    /// The engine's state after each ingestion, with the command that wrote.
    pub(crate) bases: Vec<(u32, Arc<dyn kv::Snapshot>)>,
}

impl Transaction {
    pub(crate) fn start(
        store: Arc<Store>,
        backend: Arc<Backend>,
        options: TxnOptions,
        internal: bool,
    ) -> Arc<Transaction> {
        let budget = store.options().overlay_budget;
        Arc::new(Transaction {
            store,
            backend,
            xid: AtomicU64::new(0),
            dirty: AtomicBool::new(false),
            tracked: AtomicBool::new(false),
            has_private: AtomicBool::new(false),
            synchronous_commit: AtomicBool::new(options.synchronous_commit),
            internal,
            inner: Mutex::new(Inner {
                isolation: options.isolation,
                read_only: false,
                sxact: None,
                state: TxnState::Active,
                overlay: Overlay::default(),
                budget,
                cid: 0,
                cid_used: false,
                pins: Vec::new(),
                spare_pin: None,
                fixed_view: None,
                next_sub: 1,
                subs: Vec::new(),
                created: Vec::new(),
                dropped: Vec::new(),
                on_commit: Vec::new(),
                on_abort: Vec::new(),
                attachments: Vec::new(),
                durable: false,
            }),
        })
    }

    /// Makes a new transaction of one that has ended, if nobody else has it; false if that cannot be.
    pub(crate) fn renew(self: &mut Arc<Self>, backend: &Arc<Backend>, options: TxnOptions) -> bool {
        let Some(tx) = Arc::get_mut(self) else { return false };
        let inner = tx.inner.get_mut();
        let ended = matches!(inner.state, TxnState::Committed | TxnState::Aborted);
        if !ended || tx.internal || !Arc::ptr_eq(&tx.backend, backend) {
            return false;
        }
        inner.renew(options);
        inner.budget = tx.store.options().overlay_budget;
        *tx.xid.get_mut() = 0;
        *tx.dirty.get_mut() = false;
        *tx.tracked.get_mut() = false;
        *tx.has_private.get_mut() = false;
        *tx.synchronous_commit.get_mut() = options.synchronous_commit;
        true
    }

    /// Its store.
    #[inline]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Its session.
    #[inline]
    pub fn backend(&self) -> &Arc<Backend> {
        &self.backend
    }

    /// Its isolation level.
    pub fn isolation(&self) -> Isolation {
        self.inner.lock().isolation
    }

    /// Changes the isolation level; only before the first snapshot.
    pub fn set_isolation(&self, isolation: Isolation) -> PgResult<()> {
        let mut inner = self.inner.lock();
        if isolation != inner.isolation && !inner.pins.is_empty() {
            return Err(error::err!(
                ACTIVE_SQL_TRANSACTION,
                "SET TRANSACTION ISOLATION LEVEL must be called before any query"
            ));
        }
        inner.isolation = isolation;
        Ok(())
    }

    /// Says, before the first snapshot, that it will not write: a serializable transaction then has less to
    /// fear from others.
    pub fn set_read_only(&self, read_only: bool) {
        self.inner.lock().read_only = read_only;
    }

    /// Whether its commit waits for the log.
    pub fn set_synchronous_commit(&self, on: bool) {
        self.synchronous_commit.store(on, Ordering::Relaxed);
    }

    /// Sets the bytes of own writes kept in memory.
    pub fn set_overlay_budget(&self, bytes: usize) {
        self.inner.lock().budget = bytes;
    }

    /// Where it is in its life.
    pub fn state(&self) -> TxnState {
        self.inner.lock().state
    }

    pub(crate) fn ensure_active(&self) -> PgResult<()> {
        let state = self.state();
        if state == TxnState::Active { Ok(()) } else { Err(not_active(state)) }
    }

    /// Its id; the first call assigns it.
    #[inline]
    pub fn xid(&self) -> PgResult<u64> {
        match self.xid.load(Ordering::Relaxed) {
            0 => self.assign_xid(),
            xid => Ok(xid),
        }
    }

    /// Its id if it has one. Transactions that only read have none.
    #[inline]
    pub fn xid_if_assigned(&self) -> Option<u64> {
        Some(self.xid.load(Ordering::Relaxed)).filter(|xid| *xid != 0)
    }

    #[cold]
    fn assign_xid(&self) -> PgResult<u64> {
        let _inner = self.inner.lock();
        match self.xid.load(Ordering::Relaxed) {
            0 => {
                let xid = self.store.alloc_xid()?;
                self.xid.store(xid, Ordering::SeqCst);
                self.backend.xid.store(xid, Ordering::SeqCst);
                Ok(xid)
            }
            xid => Ok(xid),
        }
    }

    // ---- commands and snapshots ----

    /// The present command. Writes are stamped with it; a snapshot taken now does not see them.
    pub fn command_id(&self) -> u32 {
        self.inner.lock().cid
    }

    /// Ends the command: snapshots taken from now on see what it wrote.
    pub fn next_command(&self) -> PgResult<()> {
        let mut inner = self.inner.lock();
        if inner.cid_used {
            inner.cid =
                inner.cid.checked_add(1).filter(|cid| *cid < u32::MAX - 1).ok_or_else(|| {
                    error::err!(
                        PROGRAM_LIMIT_EXCEEDED,
                        "cannot have more than 2^32-2 commands in a transaction"
                    )
                })?;
            inner.cid_used = false;
        }
        Ok(())
    }

    /// A snapshot for a statement: at READ COMMITTED of what is committed now, above it of what was when the
    /// transaction took its first.
    pub fn snapshot(&self) -> Snapshot {
        let mut inner = self.inner.lock();
        let view = match (&inner.fixed_view, inner.isolation) {
            (_, Isolation::ReadCommitted) => self.store.views.for_statement(&self.backend),
            (Some(view), _) => view.clone(),
            (None, Isolation::Serializable) => {
                let current = || self.store.views.for_statement(&self.backend);
                let (view, sxact) =
                    self.store.ssi.begin(self.backend.pid, inner.read_only, current);
                self.tracked.store(sxact.is_some(), Ordering::Release);
                inner.sxact = sxact;
                inner.fixed_view = Some(view.clone());
                view
            }
            (None, _) => {
                let view = self.store.views.for_statement(&self.backend);
                inner.fixed_view = Some(view.clone());
                view
            }
        };
        inner.snapshot_of(view)
    }

    /// For SERIALIZABLE READ ONLY DEFERRABLE, before the first snapshot: waits for one at which the transaction
    /// can neither fail nor make another fail.
    pub fn wait_for_safe_snapshot(&self) -> PgResult<()> {
        let current = || self.store.views.for_statement(&self.backend);
        let view = self.store.ssi.safe_view(&self.backend, current)?;
        self.set_view(view);
        Ok(())
    }

    /// A snapshot of what is committed now and all earlier own commands, at any isolation level: for catalogs
    /// and constraint checks.
    pub fn latest_snapshot(&self) -> Snapshot {
        let view = self.store.views.latest_for(&self.backend);
        self.inner.lock().snapshot_of(view)
    }

    /// The present command's snapshot over a view got elsewhere (an exported snapshot).
    pub fn snapshot_at(&self, view: Arc<ReadView>) -> Snapshot {
        self.inner.lock().snapshot_of(view)
    }

    /// Fixes the view of a transaction above READ COMMITTED (`SET TRANSACTION SNAPSHOT`).
    pub fn set_view(&self, view: Arc<ReadView>) {
        self.inner.lock().fixed_view = Some(view);
    }

    // ---- reads ----

    /// Lends the value of `key` as a snapshot sees it; false if there is none.
    #[inline]
    pub fn get_with(
        &self,
        snapshot: &Snapshot,
        key: &[u8],
        visit: &mut dyn FnMut(&[u8]),
    ) -> PgResult<bool> {
        if self.dirty.load(Ordering::Acquire) {
            let own = self.inner.lock().overlay.get(key, snapshot.curcid())?;
            if let Some(version) = own {
                return Ok(version.value.is_some_and(|value| {
                    visit(&value);
                    true
                }));
            }
            if let Some(base) = self.private_base(StorageId::of_key(key), snapshot.curcid()) {
                return base.get_with(key, visit);
            }
        }
        if self.tracked.load(Ordering::Acquire) {
            self.track_read(snapshot, key)?;
        }
        self.store.read_with(&snapshot.view, key, visit)
    }

    /// The value of `key` as a snapshot sees it, copied.
    pub fn get(&self, snapshot: &Snapshot, key: &[u8]) -> PgResult<Option<Bytes>> {
        let mut out = None;
        self.get_with(snapshot, key, &mut |value| out = Some(Bytes::copy_from_slice(value)))?;
        Ok(out)
    }

    /// Lends the values of many keys, each with its position.
    pub fn multi_get_with(
        &self,
        snapshot: &Snapshot,
        keys: &[&[u8]],
        visit: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> PgResult<()> {
        if self.dirty.load(Ordering::Acquire) || self.tracked.load(Ordering::Acquire) {
            for (position, key) in keys.iter().enumerate() {
                let found = self.get_with(snapshot, key, &mut |v| visit(position, Some(v)))?;
                if !found {
                    visit(position, None);
                }
            }
            return Ok(());
        }
        self.store.stats.reads.add(keys.len() as u64);
        snapshot.view.snapshot.multi_get_with(keys, visit)
    }

    /// A cursor over a range of one storage id as a snapshot sees it; not positioned yet.
    pub fn scan(self: &Arc<Self>, snapshot: &Snapshot, options: IterOptions) -> PgResult<Scan> {
        let sid = options.lower.as_deref().map(StorageId::of_key);
        self.store.stats.scans.add(1);
        let base = sid.and_then(|sid| self.private_base(sid, snapshot.curcid()));
        if base.is_none() {
            self.note_scan(snapshot, &options)?;
        }
        let base = base.as_ref().unwrap_or(&snapshot.view.snapshot);
        Ok(Scan::new(self.clone(), snapshot, base.as_ref(), options))
    }

    /// Notes a scan for serializable isolation.
    pub(crate) fn note_scan(&self, snapshot: &Snapshot, options: &IterOptions) -> PgResult<()> {
        if self.tracked.load(Ordering::Acquire) {
            self.track_scan(snapshot, options)
        } else {
            Ok(())
        }
    }

    pub(crate) fn own_writes_in(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> bool {
        self.dirty.load(Ordering::Acquire) && self.inner.lock().overlay.touches(from, to)
    }

    pub(crate) fn own_writes_hold(&self, key: &[u8]) -> PgResult<bool> {
        Ok(self.own_newest(key)?.is_some())
    }

    pub(crate) fn collect_own(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        forward: bool,
        curcid: u32,
        limit: usize,
    ) -> PgResult<Vec<Item>> {
        self.inner.lock().overlay.collect(range, forward, curcid, limit)
    }

    pub(crate) fn own_newest(&self, key: &[u8]) -> PgResult<Option<Version>> {
        if self.dirty.load(Ordering::Acquire) {
            self.inner.lock().overlay.get(key, u32::MAX)
        } else {
            Ok(None)
        }
    }

    /// Whether the storage id was made by this transaction: nobody else can meet its rows.
    #[inline]
    pub fn is_private(&self, sid: StorageId) -> bool {
        self.has_private.load(Ordering::Acquire)
            && self.inner.lock().created.iter().any(|c| c.sid == sid)
    }

    /// The engine's state to read private storage at, if files were ingested into it.
    pub(crate) fn private_base(
        &self,
        sid: StorageId,
        curcid: u32,
    ) -> Option<Arc<dyn kv::Snapshot>> {
        if !self.has_private.load(Ordering::Acquire) {
            return None;
        }
        let inner = self.inner.lock();
        let created = inner.created.iter().find(|c| c.sid == sid)?;
        let base = created.bases.iter().rev().find(|base| base.0 < curcid)?;
        Some(base.1.clone())
    }

    // ---- writes ----

    /// Writes a key.
    pub fn put(&self, key: &[u8], value: &[u8]) -> PgResult<()> {
        self.write(key, Some(value))
    }

    /// Removes a key.
    pub fn delete(&self, key: &[u8]) -> PgResult<()> {
        self.write(key, None)
    }

    fn write(&self, key: &[u8], value: Option<&[u8]>) -> PgResult<()> {
        self.xid()?;
        if self.tracked.load(Ordering::Acquire) {
            self.track_write(key)?;
        }
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        if inner.state != TxnState::Active {
            return Err(not_active(inner.state));
        }
        inner.cid_used = true;
        let sub = inner.subs.last().map_or(0, |sub| sub.id);
        let stamp = (inner.cid, sub);
        if !value.is_some_and(|value| inner.overlay.append(key, value, stamp)) {
            let value = value.map(Arc::from);
            inner.overlay.put(key, value, stamp, !inner.subs.is_empty(), &mut inner.pins);
        }
        self.dirty.store(true, Ordering::Release);
        if inner.overlay.bytes > inner.budget {
            self.spill(inner)?;
        }
        Ok(())
    }

    #[cold]
    fn spill(&self, inner: &mut Inner) -> PgResult<()> {
        self.store.failpoints().hit("spill")?;
        let overlay = &mut inner.overlay;
        let mut spill = match overlay.spill.take() {
            Some(spill) => spill,
            None => Spill::new(self.store.engine.scratch()?),
        };
        let written = spill.absorb(overlay);
        overlay.spill = Some(spill);
        let written = written?;
        overlay.map.clear();
        overlay.runs.clear();
        overlay.undo = Vec::new();
        overlay.bytes = 0;
        inner.subs.iter_mut().for_each(|sub| sub.undo = 0);
        self.store.stats.spills.add(1);
        self.store.stats.spill_bytes.add(written);
        Ok(())
    }

    /// Bytes of own writes held in memory.
    pub fn overlay_bytes(&self) -> usize {
        self.inner.lock().overlay.bytes
    }

    /// Says that a storage id, got from [`Store::alloc_storage_id`], is this transaction's: it comes to be
    /// with the commit and goes with a rollback.
    pub fn create_storage(&self, sid: StorageId) -> PgResult<()> {
        self.xid()?;
        let mut inner = self.inner.lock();
        let sub = inner.subs.last().map_or(0, |sub| sub.id);
        inner.created.push(Created { sid, sub, noted: false, bases: Vec::new() });
        self.has_private.store(true, Ordering::Release);
        self.dirty.store(true, Ordering::Release);
        Ok(())
    }

    /// Removes everything under a storage id when the transaction commits.
    pub fn drop_storage(&self, sid: StorageId) -> PgResult<()> {
        self.xid()?;
        self.inner.lock().dropped.push(sid);
        self.dirty.store(true, Ordering::Release);
        Ok(())
    }

    /// A writer for many rows of one storage id: direct to files if this (sub)transaction made it.
    pub fn bulk(self: &Arc<Self>, sid: StorageId) -> PgResult<BulkWriter> {
        self.xid()?;
        let inner = self.inner.lock();
        let sub = inner.subs.last().map_or(0, |sub| sub.id);
        let direct = inner.created.iter().any(|c| c.sid == sid && c.sub == sub);
        drop(inner);
        Ok(BulkWriter::new(self.clone(), sid, direct))
    }

    pub(crate) fn ingest_private(&self, sid: StorageId, files: Vec<SortedFile>) -> PgResult<()> {
        let mut inner = self.inner.lock();
        if inner.state != TxnState::Active {
            return Err(not_active(inner.state));
        }
        let cid = inner.cid;
        inner.cid_used = true;
        let Some(created) = inner.created.iter_mut().find(|c| c.sid == sid) else {
            return Err(PgError::internal("bulk writes into storage of another transaction"));
        };
        if !created.noted {
            let mut batch = WriteBatch::new();
            batch.put(&pending_key(meta::PENDING_CREATE, sid), b"");
            self.store.engine.write(&batch, Durability::Synced)?;
            created.noted = true;
        }
        self.store.stats.ingested_files.add(files.len() as u64);
        self.store.engine.ingest(files)?;
        created.bases.push((cid, self.store.engine.snapshot()));
        Ok(())
    }

    // ---- serializable isolation ----

    fn sxact(&self, snapshot: Option<&Snapshot>, sid: StorageId) -> Option<Arc<Sxact>> {
        let inner = self.inner.lock();
        // Reads at other views (catalogs, constraint checks) are not the transaction's.
        let own_view = match (snapshot, &inner.fixed_view) {
            (Some(snapshot), Some(view)) => Arc::ptr_eq(&snapshot.view, view),
            _ => true,
        };
        let tracked =
            own_view && ssi::is_tracked(sid) && !inner.created.iter().any(|c| c.sid == sid);
        inner.sxact.clone().filter(|_| tracked)
    }

    #[cold]
    fn track_read(&self, snapshot: &Snapshot, key: &[u8]) -> PgResult<()> {
        match self.sxact(Some(snapshot), StorageId::of_key(key)) {
            Some(sxact) => self.store.ssi.read_key(&sxact, key),
            None => Ok(()),
        }
    }

    #[cold]
    fn track_scan(&self, snapshot: &Snapshot, options: &IterOptions) -> PgResult<()> {
        let (lower, upper) = (options.lower.as_deref(), options.upper.as_deref());
        let Some(sid) = lower.map(StorageId::of_key) else { return Ok(()) };
        match self.sxact(Some(snapshot), sid) {
            Some(sxact) => self.store.ssi.read_range(&sxact, sid, lower, upper),
            None => Ok(()),
        }
    }

    #[cold]
    fn track_write(&self, key: &[u8]) -> PgResult<()> {
        match self.sxact(None, StorageId::of_key(key)) {
            Some(sxact) => self.store.ssi.write_key(&sxact, key),
            None => Ok(()),
        }
    }

    /// Says that the transaction would write a key were it not refused for another reason: a serialization
    /// failure then comes before that other error.
    pub fn intend_write(&self, key: &[u8]) -> PgResult<()> {
        if self.tracked.load(Ordering::Acquire) { self.track_write(key) } else { Ok(()) }
    }

    // ---- locks ----

    /// Takes a lock until the end of the (sub)transaction.
    pub fn lock(&self, tag: LockTag, mode: LockMode, policy: WaitPolicy) -> PgResult<LockOutcome> {
        self.store.locks().lock(&self.backend, tag, mode, LockLevel::Transaction, policy)
    }
}

impl Inner {
    pub(crate) fn writes(&self) -> bool {
        !self.overlay.is_empty()
            || !self.created.is_empty()
            || !self.dropped.is_empty()
            || !self.attachments.is_empty()
            || self.durable
    }

    fn snapshot_of(&mut self, view: Arc<ReadView>) -> Snapshot {
        let cid = self.cid;
        let pin = match self.pins.last() {
            Some(pin) if pin.0 == cid => pin.clone(),
            _ => {
                // Only the pins that someone holds matter; the present one is the last.
                if self.pins.len() >= 16 {
                    self.pins.retain(|pin| Arc::strong_count(pin) > 1);
                }
                let spare = self.spare_pin.take().filter(|pin| pin.0 == cid);
                let pin = spare.unwrap_or_else(|| Arc::new(CidPin(cid)));
                self.pins.push(pin.clone());
                pin
            }
        };
        Snapshot { view, pin }
    }

    pub(crate) fn sub_position(&self, id: SubId) -> PgResult<usize> {
        let position = self.subs.iter().position(|sub| sub.id == id.0);
        position.ok_or_else(|| PgError::internal("no such subtransaction is open"))
    }

    fn renew(&mut self, options: TxnOptions) {
        self.forget();
        self.isolation = options.isolation;
        self.read_only = false;
        self.sxact = None;
        self.state = TxnState::Active;
        self.cid = 0;
        self.cid_used = false;
        self.next_sub = 1;
        self.on_commit.clear();
        self.on_abort.clear();
        self.durable = false;
    }

    pub(crate) fn forget(&mut self) {
        self.overlay = Overlay::default();
        // The pin of a first command serves the next transaction too, if nobody holds it any more.
        let first = self.pins.drain(..).next().filter(|pin| pin.0 == 0);
        self.spare_pin = first.filter(|pin| Arc::strong_count(pin) == 1);
        self.fixed_view = None;
        self.subs = Vec::new();
        self.created = Vec::new();
        self.dropped = Vec::new();
        self.attachments = Vec::new();
    }
}

#[cold]
pub(crate) fn not_active(state: TxnState) -> PgError {
    PgError::internal(format!("transaction is not active but {state:?}"))
}
