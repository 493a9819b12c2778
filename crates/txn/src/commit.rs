//! Group commit: one order, one write to the log a group, and one log sync for all that was written meanwhile.
//!
//! ```text
//! submit ─┬─ nobody orders: this thread does, for its group and those that come meanwhile
//!         └─ somebody does: queue
//!
//! order:  write batches -> filter, listeners -> engine snapshot -> latest view -> release locks
//! then:   [`crate::durable`]: sync -> visible view -> done
//! ```
//! A lone session never waits for another thread; many sessions share one sync. Who waits for a lock goes on before
//! the sync, and ends after it. Commits with attachments (the catalog has changed) are durable before anybody sees
//! them: caches of the catalog know no other state than the visible one.
use crate::{Backend, ReadView, StorageId, Store, Transaction, filter::hash_key, ssi::Sxact};
use error::PgResult;
use kv::{BatchOp, Durability, SortedFile, WriteBatch};
use parking_lot::{Condvar, Mutex};
use std::{
    any::Any,
    sync::{Arc, atomic::Ordering},
};

/// Is told of each commit's attachments, in commit order, before the commit can be seen: a cache that drops
/// what they name never serves a later view from an older state.
pub trait CommitListener: Send + Sync {
    /// Must be quick: all commits wait for it.
    fn before_publish(&self, csn: u64, attachments: &[Arc<dyn Any + Send + Sync>]);
}

/// What a commit writes.
#[derive(Default)]
pub(crate) struct CommitWork {
    pub(crate) batch: WriteBatch,
    /// Sorted files that replace the batch for a transaction larger than memory.
    pub(crate) files: Vec<SortedFile>,
    /// Files are written: what exactly is not noted.
    pub(crate) in_files: bool,
    /// Storage to clear after the files are in.
    pub(crate) drops: Vec<StorageId>,
    pub(crate) attachments: Vec<Arc<dyn Any + Send + Sync>>,
    pub(crate) sync: bool,
    /// A serializable transaction's part in the dependency graph.
    pub(crate) sxact: Option<Arc<Sxact>>,
}

impl CommitWork {
    /// Whether nobody may see the commit before it is durable.
    fn is_durable_first(&self) -> bool {
        !self.files.is_empty() || !self.attachments.is_empty()
    }
}

pub(crate) struct CommitRequest {
    work: Mutex<CommitWork>,
    sync: bool,
    backend: Option<Arc<Backend>>,
    state: Mutex<RequestState>,
    done: Condvar,
}

#[derive(Default)]
struct RequestState {
    result: Option<PgResult<u64>>,
    /// The waiting thread is to force the log for those that wait with it.
    lead: bool,
}

impl CommitRequest {
    fn new(work: CommitWork, backend: Option<Arc<Backend>>) -> Arc<Self> {
        Arc::new(CommitRequest {
            sync: work.sync,
            work: Mutex::new(work),
            backend,
            state: Mutex::default(),
            done: Condvar::new(),
        })
    }

    /// A request of no commit: to be told when what another has written is durable.
    pub(crate) fn to_wait() -> Arc<Self> {
        Self::new(CommitWork::default(), None)
    }

    /// Wakes the waiting thread, or has the committer's, to force the log.
    pub(crate) fn lead(&self) {
        self.state.lock().lead = true;
        self.done.notify_all();
    }

    pub(crate) fn finish(&self, result: PgResult<u64>) {
        let mut state = self.state.lock();
        state.result = Some(result);
        drop(state);
        self.done.notify_all();
    }

    fn is_done(&self) -> bool {
        self.state.lock().result.is_some()
    }

    pub(crate) fn wait(&self, store: &Store) -> PgResult<u64> {
        let mut state = self.state.lock();
        loop {
            if let Some(result) = &state.result {
                return result.clone();
            }
            if std::mem::take(&mut state.lead) {
                drop(state);
                store.durable.force(store);
                state = self.state.lock();
                continue;
            }
            self.done.wait(&mut state);
        }
    }
}

/// A commit on its way.
#[must_use]
pub struct CommitTicket {
    pub(crate) tx: Arc<Transaction>,
    pub(crate) request: Option<Arc<CommitRequest>>,
}

impl CommitTicket {
    /// Waits for the commit and runs the transaction's commit actions.
    pub fn finish(self) -> PgResult<()> {
        match &self.request {
            Some(request) => {
                let written = request.wait(&self.tx.store);
                self.tx.commit_finished(written.map(drop))
            }
            None => {
                self.tx.commit_finished(Ok(()))?;
                self.tx.await_seen()
            }
        }
    }
}

#[derive(Default)]
struct Queue {
    pending: Vec<Arc<CommitRequest>>,
    leading: bool,
    /// The committer thread has been asked to lead.
    handed_over: bool,
    closed: bool,
}

#[derive(Default)]
pub(crate) struct Committer {
    queue: Mutex<Queue>,
    wake: Condvar,
    /// Only the leader locks it; the batch is kept for its memory.
    scratch: Mutex<WriteBatch>,
}

/// Groups that one session orders before the committer thread takes over.
const ROUNDS: usize = 4;

impl Committer {
    /// Queues a commit. A caller that finds nobody ordering does it, its own first, and forces the log unless
    /// another thread does.
    pub(crate) fn submit(
        &self,
        store: &Store,
        work: CommitWork,
        backend: Option<Arc<Backend>>,
    ) -> Arc<CommitRequest> {
        let request = CommitRequest::new(work, backend);
        let mut queue = self.queue.lock();
        queue.pending.push(request.clone());
        if queue.leading {
            return request;
        }
        queue.leading = true;
        let mut force = false;
        for _ in 0..ROUNDS {
            let group = std::mem::take(&mut queue.pending);
            drop(queue);
            force |= self.lead(store, group);
            queue = self.queue.lock();
            if queue.pending.is_empty() {
                queue.leading = false;
                break;
            }
        }
        if queue.leading {
            queue.handed_over = true;
            self.wake.notify_one();
        }
        drop(queue);
        match request.is_done() {
            false if force => store.durable.force(store),
            true if force => store.durable.hand_over(store),
            _ => {}
        }
        request
    }

    /// The committer thread: leads when leadership is handed to it.
    pub(crate) fn run(&self, store: &std::sync::Weak<Store>) {
        loop {
            let mut queue = self.queue.lock();
            while !queue.handed_over {
                if queue.closed {
                    return;
                }
                self.wake.wait(&mut queue);
            }
            queue.handed_over = false;
            loop {
                let group = std::mem::take(&mut queue.pending);
                if group.is_empty() {
                    queue.leading = false;
                    break;
                }
                drop(queue);
                let Some(store) = store.upgrade() else { return };
                if self.lead(&store, group) {
                    // Its own waiting thread forces the log; this one goes on ordering.
                    store.durable.hand_over(&store);
                }
                queue = self.queue.lock();
            }
        }
    }

    pub(crate) fn close(&self) {
        self.queue.lock().closed = true;
        self.wake.notify_all();
    }

    /// Writes and orders a group; true if the caller is to force the log for it.
    fn lead(&self, store: &Store, group: Vec<Arc<CommitRequest>>) -> bool {
        let mut force = false;
        store.stats.commit_groups.add(1);
        let mut rest = &group[..];
        while !rest.is_empty() {
            // A request that changes the catalog, or has files, is a group of its own and durable at once.
            let plain = rest.iter().take_while(|r| !r.work.lock().is_durable_first()).count();
            let (part, others) = rest.split_at(plain.max(1));
            let result = match plain {
                0 => write_durably(store, &part[0]),
                _ => self.write_batches(store, part),
            };
            match result {
                Ok(()) => force |= publish(store, part, plain == 0),
                Err(error) => part.iter().for_each(|r| r.finish(Err(error.clone()))),
            }
            rest = others;
        }
        force
    }

    fn write_batches(&self, store: &Store, part: &[Arc<CommitRequest>]) -> PgResult<()> {
        store.failpoints().hit("commit-before-log")?;
        if let [only] = part {
            write(store, &only.work.lock().batch, false);
        } else {
            let mut all = self.scratch.lock();
            all.clear();
            part.iter().for_each(|request| all.append(&request.work.lock().batch));
            write(store, &all, false);
            if all.byte_size() > 16 << 20 {
                *all = WriteBatch::new();
            }
        }
        if part.iter().any(|request| !request.sync) {
            store.mark_unsynced();
        }
        die_on(store.failpoints().hit("commit-after-log"));
        Ok(())
    }
}

fn write(store: &Store, batch: &WriteBatch, sync: bool) {
    let result = if batch.is_empty() {
        if sync { store.engine.sync_wal() } else { Ok(()) }
    } else {
        let durability = if sync { Durability::Synced } else { Durability::Logged };
        store.engine.write(batch, durability)
    };
    die_on(result);
    store.stats.wal_bytes.add(batch.byte_size() as u64);
    if sync {
        store.stats.fsyncs.add(1);
    }
}

/// After a failed log write nobody can say what is durable: the process ends, recovery decides.
pub(crate) fn die_on(result: PgResult<()>) {
    if let Err(error) = result {
        let mut stderr = std::io::stderr();
        let _ = std::io::Write::write_fmt(
            &mut stderr,
            format_args!("PANIC:  could not write to the write-ahead log: {}\n", error.message()),
        );
        std::process::abort();
    }
}

/// Writes a commit that must be durable before it is seen.
fn write_durably(store: &Store, request: &CommitRequest) -> PgResult<()> {
    let mut work = request.work.lock();
    if work.files.is_empty() {
        store.failpoints().hit("commit-before-log")?;
        write(store, &work.batch, true);
        die_on(store.failpoints().hit("commit-after-log"));
        return Ok(());
    }
    let files = std::mem::take(&mut work.files);
    store.failpoints().hit("ingest-before")?;
    die_on(store.engine.sync_wal());
    store.stats.fsyncs.add(1);
    store.stats.ingested_files.add(files.len() as u64);
    store.engine.ingest(files)?;
    die_on(store.failpoints().hit("ingest-after"));
    // The files hold a note of every drop, so a crash here only delays the clearing.
    let mut batch = WriteBatch::new();
    for sid in &work.drops {
        crate::store::clear_storage(&mut batch, *sid);
    }
    if !batch.is_empty() {
        write(store, &batch, false);
        store.mark_unsynced();
    }
    Ok(())
}

/// Gives the commits their numbers and makes them the latest state; `durable` says that they are durable already.
/// True if the caller is to force the log.
fn publish(store: &Store, part: &[Arc<CommitRequest>], durable: bool) -> bool {
    let first = store.views.latest_csn() + 1;
    let mut csn = first - 1;
    for request in part {
        csn += 1;
        let work = request.work.lock();
        note_writes(store, &work, csn);
        if let Some(sxact) = &work.sxact {
            store.ssi.committed(sxact, csn);
        }
        if !work.attachments.is_empty() {
            for listener in store.listeners().iter() {
                listener.before_publish(csn, &work.attachments);
            }
        }
    }
    die_on(store.failpoints().hit("commit-before-publish"));
    let view = Arc::new(ReadView { csn, snapshot: store.engine.snapshot() });
    let waits = |request: &CommitRequest| request.sync && !durable;
    let last = (first..).zip(part).filter(|(_, r)| waits(r)).map(|(csn, _)| csn).last();
    store.durable.ordered(store, view, last, durable);
    store.stats.write_commits.add(part.len() as u64);
    for backend in part.iter().filter_map(|request| request.backend.as_ref()) {
        store.locks().release_transaction(backend);
    }
    // A session that is told may start its next transaction at once, so its locks are released by now.
    let waiting = (first..).zip(part).filter(|(_, r)| waits(r)).map(|(csn, r)| (csn, r.clone()));
    let force = store.durable.enqueue(waiting);
    for (csn, request) in (first..).zip(part).filter(|(_, r)| !waits(r)) {
        if let Some(backend) = &request.backend {
            backend.floor.fetch_max(csn, Ordering::Relaxed);
        }
        request.finish(Ok(csn));
    }
    die_on(store.failpoints().hit("commit-after-publish"));
    force
}

/// Commits with more operations than this count as writing everything.
const NOTED_WRITES: usize = 8192;

fn note_writes(store: &Store, work: &CommitWork, csn: u64) {
    if work.in_files {
        store.segments.note_all(csn);
    }
    store.segments.note(&work.batch, csn);
    let everything = work.batch.len() > NOTED_WRITES
        || work.in_files
        || work.batch.iter().any(|op| matches!(op, BatchOp::DeleteRange(..)));
    if everything {
        store.recent.note_all(csn);
        store.cache.clear();
        return;
    }
    for op in work.batch.iter() {
        let (key, value) = match op {
            BatchOp::Put(key, value) => (key, Some(value)),
            BatchOp::Delete(key) => (key, None),
            BatchOp::DeleteRange(..) => continue,
        };
        let hash = hash_key(key);
        store.recent.note(hash, csn);
        store.cache.refresh(hash, key, value, csn);
    }
}
