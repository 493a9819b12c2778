//! Group commit: one order, one log sync a group, one published view.
//!
//! ```text
//! submit ─┬─ nobody leads: this thread leads one group …… and hands what came meanwhile to the committer
//!         └─ somebody leads: queue, wait (or be told)     thread, which leads until the queue is empty
//!
//! lead:  write batches -> sync -> filter, listeners -> engine snapshot -> publish view -> release locks -> done
//! ```
//! A lone session never waits for another thread; many sessions share one sync.
use crate::{Backend, ReadView, StorageId, Store, Transaction, filter::hash_key, ssi::Sxact};
use error::PgResult;
use kv::{BatchOp, Durability, SortedFile, WriteBatch};
use parking_lot::{Condvar, Mutex};
use std::{any::Any, sync::Arc};

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
    waker: Option<Box<dyn FnOnce() + Send>>,
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

    fn finish(&self, result: PgResult<u64>) {
        let mut state = self.state.lock();
        state.result = Some(result);
        let waker = state.waker.take();
        drop(state);
        self.done.notify_all();
        if let Some(waker) = waker {
            waker();
        }
    }

    fn is_done(&self) -> bool {
        self.state.lock().result.is_some()
    }

    pub(crate) fn wait(&self) -> PgResult<u64> {
        let mut state = self.state.lock();
        loop {
            if let Some(result) = &state.result {
                return result.clone();
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
    /// Whether [`CommitTicket::finish`] returns without waiting.
    pub fn is_done(&self) -> bool {
        self.request.as_ref().is_none_or(|request| request.is_done())
    }

    /// Runs `waker` once the commit is done, at once if it is.
    pub fn on_done(&self, waker: Box<dyn FnOnce() + Send>) {
        if let Some(request) = &self.request {
            let mut state = request.state.lock();
            if state.result.is_none() {
                state.waker = Some(waker);
                return;
            }
        }
        waker();
    }

    /// Waits for the commit and runs the transaction's commit actions.
    pub fn finish(self) -> PgResult<()> {
        let result = match &self.request {
            Some(request) => request.wait(),
            None => Ok(0),
        };
        self.tx.commit_finished(result.map(drop))
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

impl Committer {
    /// Queues a commit. With `inline`, a caller that finds nobody leading leads a group, its own first.
    pub(crate) fn submit(
        &self,
        store: &Store,
        work: CommitWork,
        backend: Option<Arc<Backend>>,
        inline: bool,
    ) -> Arc<CommitRequest> {
        let request = CommitRequest::new(work, backend);
        let mut queue = self.queue.lock();
        queue.pending.push(request.clone());
        if queue.leading {
            return request;
        }
        queue.leading = true;
        if !inline {
            queue.handed_over = true;
            self.wake.notify_one();
            return request;
        }
        let group = std::mem::take(&mut queue.pending);
        drop(queue);
        self.lead(store, group);
        let mut queue = self.queue.lock();
        if queue.pending.is_empty() {
            queue.leading = false;
        } else {
            queue.handed_over = true;
            self.wake.notify_one();
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
                match store.upgrade() {
                    Some(store) => self.lead(&store, group),
                    None => return,
                }
                queue = self.queue.lock();
            }
        }
    }

    pub(crate) fn close(&self) {
        self.queue.lock().closed = true;
        self.wake.notify_all();
    }

    fn lead(&self, store: &Store, group: Vec<Arc<CommitRequest>>) {
        store.stats.commit_groups.add(1);
        let mut rest = &group[..];
        while !rest.is_empty() {
            // A request with files is a group of its own: everything before it must be durable first.
            let batches = rest.iter().take_while(|r| r.work.lock().files.is_empty()).count();
            let (part, others) = rest.split_at(batches.max(1));
            let result = if batches == 0 {
                write_files(store, &part[0])
            } else {
                self.write_batches(store, part)
            };
            match result {
                Ok(()) => publish(store, part),
                Err(error) => part.iter().for_each(|r| r.finish(Err(error.clone()))),
            }
            rest = others;
        }
    }

    fn write_batches(&self, store: &Store, part: &[Arc<CommitRequest>]) -> PgResult<()> {
        store.failpoints().hit("commit-before-log")?;
        let sync = part.iter().any(|request| request.sync);
        if let [only] = part {
            write(store, &only.work.lock().batch, sync);
        } else {
            let mut all = self.scratch.lock();
            all.clear();
            part.iter().for_each(|request| all.append(&request.work.lock().batch));
            write(store, &all, sync);
            if all.byte_size() > 16 << 20 {
                *all = WriteBatch::new();
            }
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
    } else {
        store.mark_unsynced();
    }
}

/// After a failed log write nobody can say what is durable: the process ends, recovery decides.
fn die_on(result: PgResult<()>) {
    if let Err(error) = result {
        let mut stderr = std::io::stderr();
        let _ = std::io::Write::write_fmt(
            &mut stderr,
            format_args!("PANIC:  could not write to the write-ahead log: {}\n", error.message()),
        );
        std::process::abort();
    }
}

fn write_files(store: &Store, request: &CommitRequest) -> PgResult<()> {
    let mut work = request.work.lock();
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
    }
    Ok(())
}

/// Gives the commits their numbers and makes them visible.
fn publish(store: &Store, part: &[Arc<CommitRequest>]) {
    let mut csn = store.current_view().csn;
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
    store.publish(ReadView { csn, snapshot: store.engine.snapshot() });
    store.stats.write_commits.add(part.len() as u64);
    for request in part {
        if let Some(backend) = &request.backend {
            backend.xid.store(0, std::sync::atomic::Ordering::SeqCst);
            store.locks().release_transaction(backend);
        }
        request.finish(Ok(csn));
    }
    die_on(store.failpoints().hit("commit-after-publish"));
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
