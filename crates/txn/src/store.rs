//! The store: engine, lock manager, committer and counters under one roof.
use crate::{
    Backend, CommitListener, Failpoints, LockManager, ReadView, RowidAllocator, StorageId,
    StoreStats, Transaction, TxnOptions,
    cache::ReadCache,
    commit::Committer,
    counter::Counter,
    durable::DurableLog,
    filter::{RecentWrites, hash_key},
    meta,
    prepared::PreparedSet,
    row_lock::row_key,
    segment::SegmentCache,
    ssi::Ssi,
    view::Views,
};
use arc_swap::ArcSwap;
use bytes::Bytes;
use dashmap::DashMap;
use error::PgResult;
use kv::{Durability, Engine, EngineCounters, IterOptions, WriteBatch};
use parking_lot::{Condvar, Mutex};
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Bytes of own writes that a transaction keeps in memory.
    pub overlay_budget: usize,
    /// Bytes of the read cache; 0 turns it off.
    pub read_cache: usize,
    /// Bytes of rows that scans keep side by side in memory; 0 turns it off.
    pub segment_cache: usize,
    /// How often commits that did not wait for the log are made durable (`wal_writer_delay`).
    pub wal_writer_delay: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            overlay_budget: 256 << 20,
            read_cache: 64 << 20,
            segment_cache: 256 << 20,
            wal_writer_delay: Duration::from_millis(200),
        }
    }
}

/// First OID given out at run time, as PostgreSQL's `FirstNormalObjectId`.
const FIRST_OID: u64 = 16384;
/// First xid given out, as PostgreSQL's `FirstNormalTransactionId`.
const FIRST_XID: u64 = 3;

/// A database cluster's data.
pub struct Store {
    pub(crate) engine: Arc<dyn Engine>,
    options: StoreOptions,
    pub(crate) views: Arc<Views>,
    pub(crate) durable: DurableLog,
    locks: LockManager,
    pub(crate) committer: Arc<Committer>,
    pub(crate) stats: Arc<StoreStats>,
    pub(crate) recent: RecentWrites,
    pub(crate) cache: ReadCache,
    pub(crate) segments: SegmentCache,
    pub(crate) ssi: Ssi,
    prepared: PreparedSet,
    failpoints: Failpoints,
    listeners: ArcSwap<Vec<Arc<dyn CommitListener>>>,
    xids: Counter,
    oids: Counter,
    storage_ids: Counter,
    rowids: DashMap<StorageId, Arc<RowidAllocator>>,
    unsynced: AtomicBool,
    wal_writer: Arc<WalWriter>,
}

#[derive(Default)]
struct WalWriter {
    closed: Mutex<bool>,
    wake: Condvar,
}

/// Adds the removal of everything under a storage id, and of the note that it is to be removed.
pub(crate) fn clear_storage(batch: &mut WriteBatch, sid: StorageId) {
    let (from, to) = sid.bounds();
    batch.delete_range(&from, &to);
    batch.delete(&pending_key(meta::PENDING_DROP, sid));
    batch.delete(&pending_key(meta::PENDING_CREATE, sid));
}

pub(crate) fn pending_key(kind: StorageId, sid: StorageId) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&kind.prefix());
    key[4..].copy_from_slice(&sid.prefix());
    key
}

/// Clears storage that a crash left between creation or drop and commit.
fn clear_pending(engine: &dyn Engine) -> PgResult<()> {
    let mut batch = WriteBatch::new();
    for kind in [meta::PENDING_CREATE, meta::PENDING_DROP] {
        let mut cursor = engine.snapshot().iter(IterOptions::prefix(&kind.prefix()));
        cursor.seek_to_first();
        while cursor.valid() {
            if let Some(sid) = cursor.key().get(4..8).and_then(|bytes| bytes.first_chunk()) {
                clear_storage(&mut batch, StorageId(u32::from_be_bytes(*sid)));
            }
            cursor.next();
        }
        cursor.status()?;
    }
    if batch.is_empty() { Ok(()) } else { engine.write(&batch, Durability::Synced) }
}

impl Store {
    /// Opens the store over an engine, which it then owns.
    pub fn open(engine: Arc<dyn Engine>, options: StoreOptions) -> PgResult<Arc<Store>> {
        clear_pending(engine.as_ref())?;
        let stats = Arc::new(StoreStats::default());
        let views = Arc::new(Views::new(ReadView { csn: 1, snapshot: engine.snapshot() }));
        let store = Arc::new(Store {
            xids: Counter::open(engine.as_ref(), b'x', FIRST_XID, 4096)?,
            oids: Counter::open(engine.as_ref(), b'o', FIRST_OID, 8192)?,
            storage_ids: Counter::open(engine.as_ref(), b's', meta::FIRST_NORMAL.0.into(), 256)?,
            locks: LockManager::new(stats.clone(), views.clone()),
            views,
            durable: DurableLog::default(),
            committer: Arc::default(),
            recent: RecentWrites::new(1),
            cache: ReadCache::new(options.read_cache),
            segments: SegmentCache::new(options.segment_cache, 1),
            ssi: Ssi::default(),
            prepared: PreparedSet::default(),
            stats,
            options,
            engine,
            failpoints: Failpoints::default(),
            listeners: ArcSwap::default(),
            rowids: DashMap::new(),
            unsynced: AtomicBool::new(false),
            wal_writer: Arc::default(),
        });
        store.recover_prepared()?;
        let (committer, weak) = (store.committer.clone(), Arc::downgrade(&store));
        spawn("committer", move || committer.run(&weak))?;
        let (writer, weak) = (store.wal_writer.clone(), Arc::downgrade(&store));
        let delay = store.options.wal_writer_delay;
        spawn("walwriter", move || writer.run(&weak, delay))?;
        Ok(store)
    }

    /// Adds a session.
    pub fn backend(&self, pid: i32) -> Arc<Backend> {
        self.locks.register(pid)
    }

    /// Removes a session; its locks are released.
    pub fn remove_backend(&self, backend: &Arc<Backend>) {
        self.locks.unregister(backend);
    }

    /// Starts a transaction on a session that has none.
    pub fn begin(
        self: &Arc<Self>,
        backend: &Arc<Backend>,
        options: TxnOptions,
    ) -> Arc<Transaction> {
        Transaction::start(self.clone(), backend.clone(), options, false)
    }

    /// The same in the memory of the session's last transaction, if that is free.
    pub fn begin_again(
        self: &Arc<Self>,
        spare: Option<Arc<Transaction>>,
        backend: &Arc<Backend>,
        options: TxnOptions,
    ) -> Arc<Transaction> {
        if let Some(mut spare) = spare
            && spare.renew(backend, options)
        {
            return spare;
        }
        self.begin(backend, options)
    }

    /// A transaction in which the store's owner reads and writes its own state (bootstrap, start-up).
    pub fn begin_internal(self: &Arc<Self>) -> Arc<Transaction> {
        let backend = self.backend(0);
        Transaction::start(self.clone(), backend, TxnOptions::default(), true)
    }

    /// The latest durable state.
    #[inline]
    pub fn current_view(&self) -> Arc<ReadView> {
        self.views.visible()
    }

    /// Number of the last commit.
    #[inline]
    pub fn current_csn(&self) -> u64 {
        self.views.visible_csn()
    }

    pub(crate) fn read(&self, view: &ReadView, key: &[u8]) -> PgResult<Option<Bytes>> {
        let mut out = None;
        self.read_with(view, key, &mut |value| out = Some(Bytes::copy_from_slice(value)))?;
        Ok(out)
    }

    /// Reads committed state, through the read cache.
    #[inline]
    pub(crate) fn read_with(
        &self,
        view: &ReadView,
        key: &[u8],
        visit: &mut dyn FnMut(&[u8]),
    ) -> PgResult<bool> {
        self.stats.reads.add(1);
        if !self.cache.is_enabled() {
            return view.snapshot.get_with(key, visit);
        }
        let hash = hash_key(key);
        if let Some(found) = self.cache.get(hash, key, view.csn) {
            self.stats.cache_hits.add(1);
            visit(found.as_slice());
            return Ok(true);
        }
        self.stats.cache_misses.add(1);
        let mut insert = self.cache.wants(key);
        let found = view.snapshot.get_with(key, &mut |value| {
            visit(value);
            if insert {
                self.cache.insert(hash, key, value, view.csn, &self.recent);
                insert = false;
            }
        })?;
        Ok(found)
    }

    /// The lock manager.
    pub fn locks(&self) -> &LockManager {
        &self.locks
    }

    /// Process ids that a session waits for before it has a safe snapshot.
    pub fn safe_snapshot_blocking_pids(&self, pid: i32) -> Vec<i32> {
        self.ssi.blocking_pids(pid)
    }

    /// Counters.
    pub fn stats(&self) -> &StoreStats {
        &self.stats
    }

    /// The engine's counters.
    pub fn engine_counters(&self) -> EngineCounters {
        self.engine.counters()
    }

    /// The engine, for maintenance (sizes, flush, compaction, checkpoints).
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// Failpoints for tests.
    pub fn failpoints(&self) -> &Failpoints {
        &self.failpoints
    }

    /// How it was opened.
    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// Adds a listener to all commits from now on.
    pub fn add_listener(&self, listener: Arc<dyn CommitListener>) {
        self.listeners.rcu(|old| {
            let mut new = Vec::clone(old);
            new.push(listener.clone());
            new
        });
    }

    pub(crate) fn listeners(&self) -> arc_swap::Guard<Arc<Vec<Arc<dyn CommitListener>>>> {
        self.listeners.load()
    }

    pub(crate) fn alloc_xid(&self) -> PgResult<u64> {
        self.xids.alloc(self.engine.as_ref())
    }

    /// The xid that the next writing transaction gets.
    pub fn next_xid(&self) -> u64 {
        self.xids.peek()
    }

    /// xids of transactions that have one and run, ascending.
    pub fn active_xids(&self) -> Vec<u64> {
        let mut xids: Vec<u64> =
            self.locks.all_backends().iter().filter_map(|b| b.current_xid()).collect();
        xids.sort_unstable();
        xids
    }

    /// An OID not given out before, until the counter wraps after four billion; a caller that must not meet
    /// an old one checks its catalog, as PostgreSQL does.
    pub fn alloc_oid(&self) -> PgResult<u32> {
        loop {
            let number = self.oids.alloc(self.engine.as_ref())? as u32;
            if u64::from(number) >= FIRST_OID {
                return Ok(number);
            }
        }
    }

    /// Keeps OIDs up to this one from being given out (restore, bootstrap).
    pub fn reserve_oids(&self, up_to: u32) -> PgResult<()> {
        self.oids.advance(self.engine.as_ref(), u64::from(up_to) + 1)
    }

    /// A storage id never given out before.
    pub fn alloc_storage_id(&self) -> PgResult<StorageId> {
        let number = self.storage_ids.alloc(self.engine.as_ref())?;
        match u32::try_from(number) {
            Ok(number) if number < u32::MAX => Ok(StorageId(number)),
            _ => Err(error::err!(PROGRAM_LIMIT_EXCEEDED, "out of storage ids")),
        }
    }

    /// The row id allocator of a heap.
    pub fn rowids(&self, sid: StorageId) -> PgResult<Arc<RowidAllocator>> {
        if let Some(allocator) = self.rowids.get(&sid) {
            return Ok(allocator.clone());
        }
        match self.rowids.entry(sid) {
            dashmap::Entry::Occupied(entry) => Ok(entry.get().clone()),
            dashmap::Entry::Vacant(entry) => {
                // Rows end where the keys of large attributes begin.
                let (lower, middle) = (row_key(sid, 0), row_key(sid, 1 << 63));
                let snapshot = self.engine.snapshot();
                let mut cursor = snapshot.iter(IterOptions::prefix(&sid.prefix()));
                cursor.seek(&middle);
                let large = cursor.valid();
                cursor.status()?;
                let mut cursor = snapshot.iter(IterOptions::range(&lower, &middle));
                cursor.seek_to_last();
                cursor.status()?;
                let last = cursor.valid().then(|| cursor.key().get(4..12)?.first_chunk().copied());
                let next = last.flatten().map_or(0, |bytes| u64::from_be_bytes(bytes) + 1);
                let next = next.max(self.prepared.rowid_bound(sid));
                let allocator = Arc::new(RowidAllocator::new(next, large));
                entry.insert(allocator.clone());
                Ok(allocator)
            }
        }
    }

    pub(crate) fn prepared_set(&self) -> &PreparedSet {
        &self.prepared
    }

    pub(crate) fn forget_rowids(&self, sid: StorageId) {
        self.rowids.remove(&sid);
        self.segments.forget(sid);
    }

    /// Writes beside all transactions, in the log but not synced: state that is never rolled back, such as
    /// how far a sequence is reserved. A later durable commit makes it durable. Not for keys that
    /// transactions write.
    pub fn write_nontransactional(&self, key: &[u8], value: &[u8]) -> PgResult<()> {
        let mut batch = WriteBatch::new();
        batch.put(key, value);
        self.mark_unsynced();
        self.engine.write(&batch, Durability::Logged)
    }

    /// Reads what [`Store::write_nontransactional`] wrote last.
    pub fn read_nontransactional(&self, key: &[u8]) -> PgResult<Option<Bytes>> {
        self.engine.snapshot().get(key)
    }

    /// Removes what [`Store::write_nontransactional`] wrote.
    pub fn delete_nontransactional(&self, key: &[u8]) -> PgResult<()> {
        let mut batch = WriteBatch::new();
        batch.delete(key);
        self.engine.write(&batch, Durability::Logged)
    }

    /// Bytes that a storage id takes in files and memory, roughly. What is not in files yet is counted up to a
    /// limit; a heap beyond it is as large as its row ids let expect.
    pub fn approximate_size(&self, sid: StorageId) -> u64 {
        const SAMPLE: u64 = 256;
        let (from, to) = sid.bounds();
        let in_files = self.engine.approximate_size(&from, &to);
        if in_files > 1 << 20 {
            return in_files;
        }
        let mut cursor = self.engine.snapshot().iter(IterOptions::range(&from, &to));
        cursor.seek_to_first();
        let (mut keys, mut bytes) = (0, 0);
        while cursor.valid() && keys < SAMPLE {
            keys += 1;
            bytes += (cursor.key().len() + cursor.value().len()) as u64;
            cursor.next();
        }
        let rows = self.rowids.get(&sid).map_or(keys, |rowids| rowids.bound());
        in_files.max(if cursor.valid() { bytes * rows.max(keys) / SAMPLE } else { bytes })
    }

    pub(crate) fn mark_unsynced(&self) {
        if !self.unsynced.load(Ordering::Relaxed) {
            self.unsynced.store(true, Ordering::SeqCst);
        }
    }

    /// Makes all that has been acknowledged durable.
    pub fn sync(&self) -> PgResult<()> {
        if self.unsynced.swap(false, Ordering::SeqCst) {
            self.stats.fsyncs.add(1);
            self.engine.sync_wal()?;
        }
        Ok(())
    }

    /// Clean shutdown: counters give back what they reserved, the log is synced. No transaction may run.
    pub fn close(&self) -> PgResult<()> {
        for counter in [&self.xids, &self.oids, &self.storage_ids] {
            counter.close(self.engine.as_ref())?;
        }
        self.engine.sync_wal()?;
        self.engine.flush()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.committer.close();
        *self.wal_writer.closed.lock() = true;
        self.wal_writer.wake.notify_all();
        if self.unsynced.load(Ordering::SeqCst) {
            let _ = self.engine.sync_wal();
        }
    }
}

impl WalWriter {
    fn run(&self, store: &Weak<Store>, delay: Duration) {
        let mut closed = self.closed.lock();
        while !*closed {
            self.wake.wait_for(&mut closed, delay);
            if *closed {
                return;
            }
            drop(closed);
            let Some(store) = store.upgrade() else { return };
            if store.sync().is_err() {
                // Same rule as for a commit: what is durable is no longer known.
                std::process::abort();
            }
            drop(store);
            closed = self.closed.lock();
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> PgResult<()> {
    match std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(error::err!(INSUFFICIENT_RESOURCES, "could not start thread {name}: {error}"))
        }
    }
}
