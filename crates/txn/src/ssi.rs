//! Serializable snapshot isolation: who read what whom wrote past, and which such pairs cannot be in any
//! serial order.
//!
//! ```text
//! R --rw--> W     R read a state without W's write, the two being concurrent: R comes before W
//! Tin --rw--> Tpivot --rw--> Tout, and Tout committed first        dangerous: one of the others must go
//! ```
//! A transaction's reads are keys, key ranges or whole storage ids; its writes are keys. Both are kept until
//! every transaction that was concurrent with it has ended. Catalogs and storage of one's own are not tracked.
use crate::{Backend, ReadView, StorageId, meta};
use error::{PgError, PgResult, err};
use parking_lot::{Condvar, Mutex, MutexGuard};
use rustc_hash::{FxHashMap, FxHashSet};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Keys and ranges of one storage id after which all of it counts as read.
const MAX_READ_KEYS: usize = 4096;
const MAX_READ_RANGES: usize = 256;
/// Keys of one storage id after which all of it counts as written.
const MAX_WRITTEN_KEYS: usize = 1 << 16;

/// A serializable transaction's handle.
pub(crate) struct Sxact {
    id: u64,
    doomed: AtomicBool,
}

#[derive(Default)]
struct Reads {
    whole: bool,
    keys: FxHashSet<Box<[u8]>>,
    ranges: Vec<(Option<Vec<u8>>, Option<Vec<u8>>)>,
}

#[derive(Default)]
struct Writes {
    whole: bool,
    keys: BTreeSet<Box<[u8]>>,
}

struct State {
    handle: Arc<Sxact>,
    pid: i32,
    /// Last commit that its snapshot sees.
    snapshot: u64,
    read_only: bool,
    /// Number in the order of commit attempts that passed.
    prepared: Option<u64>,
    /// Number in the same order at which it was committed.
    committed: Option<u64>,
    csn: Option<u64>,
    /// Readers that come before it, writers that come after it.
    ins: FxHashSet<u64>,
    outs: FxHashSet<u64>,
    /// The first commit among writers after it that have been forgotten: attempt, csn.
    forgotten_out: Option<(u64, u64)>,
    reads: FxHashMap<StorageId, Reads>,
    writes: FxHashMap<StorageId, Writes>,
}

#[derive(Default)]
struct Graph {
    next_id: u64,
    sequence: u64,
    xacts: BTreeMap<u64, State>,
    /// Sessions that wait for a safe snapshot, and the transactions that they wait for.
    deferred: FxHashMap<i32, Vec<u64>>,
}

/// The serializable transactions of a store.
#[derive(Default)]
pub(crate) struct Ssi {
    graph: Mutex<Graph>,
    /// A transaction has ended.
    ended: Condvar,
}

#[cold]
fn failure(reason: &str) -> PgError {
    err!(
        T_R_SERIALIZATION_FAILURE,
        "could not serialize access due to read/write dependencies among transactions"
    )
    .detail(format!("Reason code: {reason}."))
    .hint("The transaction might succeed if retried.")
}

/// Whether accesses to a storage id are tracked.
pub(crate) fn is_tracked(sid: StorageId) -> bool {
    sid >= meta::FIRST_NORMAL
}

impl Reads {
    fn covers(&self, key: &[u8]) -> bool {
        self.whole
            || self.keys.contains(key)
            || self.ranges.iter().any(|(lower, upper)| {
                lower.as_deref().is_none_or(|lower| lower <= key)
                    && upper.as_deref().is_none_or(|upper| key < upper)
            })
    }

    fn limit(&mut self) {
        if self.keys.len() > MAX_READ_KEYS || self.ranges.len() > MAX_READ_RANGES {
            *self = Reads { whole: true, ..Reads::default() };
        }
    }
}

impl Writes {
    fn touches(&self, lower: Option<&[u8]>, upper: Option<&[u8]>) -> bool {
        if self.whole {
            return true;
        }
        let range = (
            lower.map_or(Bound::Unbounded, Bound::Included),
            upper.map_or(Bound::Unbounded, Bound::Excluded),
        );
        !crate::scan::is_empty_range(range.0, range.1)
            && self.keys.range::<[u8], _>(range).next().is_some()
    }
}

impl Ssi {
    /// Starts a transaction on the view that `current` gives.
    pub(crate) fn begin(
        &self,
        pid: i32,
        read_only: bool,
        current: impl Fn() -> Arc<ReadView>,
    ) -> (Arc<ReadView>, Option<Arc<Sxact>>) {
        let mut graph = self.graph.lock();
        let view = current();
        graph.forget(view.csn);
        // Nobody writes beside a reader: its snapshot is safe whatever comes.
        let writers = graph.xacts.values().any(|x| !x.read_only && x.csn.is_none());
        let late = graph.xacts.values().any(|x| x.csn.is_some_and(|csn| csn > view.csn));
        if read_only && !writers && !late {
            return (view, None);
        }
        let handle = graph.start(pid, view.csn, read_only);
        (view, Some(handle))
    }

    /// Notes that the transaction read a key.
    pub(crate) fn read_key(&self, me: &Sxact, key: &[u8]) -> PgResult<()> {
        let sid = StorageId::of_key(key);
        let mut graph = self.graph.lock();
        let Some(state) = graph.xacts.get_mut(&me.id) else { return Ok(()) };
        let reads = state.reads.entry(sid).or_default();
        if !reads.whole && reads.keys.insert(key.into()) {
            reads.limit();
        }
        graph.conflicts_out(me, sid, |writes| writes.whole || writes.keys.contains(key))
    }

    /// Notes that the transaction read a range of one storage id.
    pub(crate) fn read_range(
        &self,
        me: &Sxact,
        sid: StorageId,
        lower: Option<&[u8]>,
        upper: Option<&[u8]>,
    ) -> PgResult<()> {
        let mut graph = self.graph.lock();
        let Some(state) = graph.xacts.get_mut(&me.id) else { return Ok(()) };
        let reads = state.reads.entry(sid).or_default();
        if !reads.whole {
            let range = (lower.map(<[u8]>::to_vec), upper.map(<[u8]>::to_vec));
            if !reads.ranges.contains(&range) {
                reads.ranges.push(range);
                reads.limit();
            }
        }
        graph.conflicts_out(me, sid, |writes| writes.touches(lower, upper))
    }

    /// Notes that the transaction writes a key, or is about to.
    pub(crate) fn write_key(&self, me: &Sxact, key: &[u8]) -> PgResult<()> {
        let sid = StorageId::of_key(key);
        let mut graph = self.graph.lock();
        me.check("during conflict in checking")?;
        let Some(state) = graph.xacts.get_mut(&me.id) else { return Ok(()) };
        let snapshot = state.snapshot;
        let writes = state.writes.entry(sid).or_default();
        if !writes.whole {
            writes.keys.insert(key.into());
            if writes.keys.len() > MAX_WRITTEN_KEYS {
                *writes = Writes { whole: true, ..Writes::default() };
            }
        }
        let readers: Vec<u64> = graph
            .xacts
            .iter()
            .filter(|(id, x)| {
                **id != me.id
                    && !x.is_doomed()
                    && x.csn.is_none_or(|csn| csn > snapshot)
                    && x.reads.get(&sid).is_some_and(|reads| reads.covers(key))
            })
            .map(|(id, _)| *id)
            .collect();
        readers.into_iter().try_for_each(|reader| graph.conflict(reader, me.id, me.id))
    }

    /// The check before a commit. After it the transaction must commit or abort.
    pub(crate) fn prepare(&self, me: &Sxact) -> PgResult<()> {
        let mut graph = self.graph.lock();
        me.check("during commit attempt")?;
        let Some(state) = graph.xacts.get(&me.id) else { return Ok(()) };
        // This one commits first: whoever is a pivot before it must go.
        for pivot in state.ins.iter().filter_map(|id| graph.xacts.get(id)) {
            if pivot.committed.is_some() || pivot.is_doomed() {
                continue;
            }
            let dangerous = pivot.ins.iter().filter_map(|id| graph.xacts.get(id)).any(|first| {
                first.handle.id == me.id
                    || (first.committed.is_none() && !first.read_only && !first.is_doomed())
            });
            if dangerous {
                if pivot.prepared.is_some() {
                    return Err(failure(
                        "Canceled on commit attempt with conflict in from prepared pivot",
                    ));
                }
                pivot.handle.doomed.store(true, Ordering::SeqCst);
            }
        }
        graph.sequence += 1;
        let sequence = graph.sequence;
        if let Some(state) = graph.xacts.get_mut(&me.id) {
            state.prepared = Some(sequence);
        }
        Ok(())
    }

    /// Committed with this number; before the commit is published.
    pub(crate) fn committed(&self, me: &Sxact, csn: u64) {
        let mut graph = self.graph.lock();
        graph.sequence += 1;
        let sequence = graph.sequence;
        if let Some(state) = graph.xacts.get_mut(&me.id).filter(|state| state.csn.is_none()) {
            state.prepared.get_or_insert(sequence);
            state.committed = Some(sequence);
            state.csn = Some(csn);
        }
    }

    /// Ended: `csn` is the current one for a commit (one that wrote has its own already), none for an abort.
    pub(crate) fn ended(&self, me: &Sxact, csn: Option<u64>, published: u64) {
        if let Some(csn) = csn {
            self.committed(me, csn);
            self.graph.lock().forget(published);
            self.ended.notify_all();
            return;
        }
        let mut graph = self.graph.lock();
        graph.remove(me.id);
        graph.forget(published);
        self.ended.notify_all();
    }

    /// A view that no transaction to come can make inconsistent: waits for the writers that run now, and
    /// begins again if one of them came before something that the view already sees.
    pub(crate) fn safe_view(
        &self,
        backend: &Backend,
        current: impl Fn() -> Arc<ReadView>,
    ) -> PgResult<Arc<ReadView>> {
        let mut graph = self.graph.lock();
        let result = loop {
            let view = current();
            // Holds back forgetting what the writers are to be judged by.
            let Some(guard) = graph.watch(backend.pid, view.csn) else { break Ok(view) };
            let outcome = self.await_writers(&mut graph, backend, view.csn);
            graph.remove(guard);
            match outcome {
                Ok(true) => break Ok(view),
                Ok(false) => {}
                Err(error) => break Err(error),
            }
        };
        graph.deferred.remove(&backend.pid);
        result
    }

    /// Whether the view at `snapshot` turned out safe.
    fn await_writers(
        &self,
        graph: &mut MutexGuard<'_, Graph>,
        backend: &Backend,
        snapshot: u64,
    ) -> PgResult<bool> {
        loop {
            backend.cancel.check()?;
            let Some(writers) = graph.deferred.get(&backend.pid).cloned() else { return Ok(true) };
            let mut running = Vec::new();
            for id in writers {
                // Gone without a trace: rolled back.
                let Some(writer) = graph.xacts.get(&id) else { continue };
                if writer.csn.is_none() {
                    running.push(id);
                } else if graph.came_before(writer, snapshot) {
                    return Ok(false);
                }
            }
            if running.is_empty() {
                return Ok(true);
            }
            graph.deferred.insert(backend.pid, running);
            // A cancel request does not wake this wait, so it looks up now and then.
            self.ended.wait_for(graph, Duration::from_millis(20));
        }
    }

    /// Process ids of the transactions that a session waits for before it has a safe snapshot.
    pub(crate) fn blocking_pids(&self, pid: i32) -> Vec<i32> {
        let graph = self.graph.lock();
        let ids = graph.deferred.get(&pid).into_iter().flatten();
        ids.filter_map(|id| graph.xacts.get(id)).map(|state| state.pid).collect()
    }
}

impl Sxact {
    /// Fails if another transaction's commit made this one go.
    #[inline]
    pub(crate) fn check(&self, when: &str) -> PgResult<()> {
        if self.doomed.load(Ordering::Relaxed) {
            return Err(failure(&format!("Canceled on identification as a pivot, {when}")));
        }
        Ok(())
    }
}

impl State {
    fn is_doomed(&self) -> bool {
        self.handle.doomed.load(Ordering::Relaxed)
    }
}

impl Graph {
    fn start(&mut self, pid: i32, snapshot: u64, read_only: bool) -> Arc<Sxact> {
        self.next_id += 1;
        let handle = Arc::new(Sxact { id: self.next_id, doomed: AtomicBool::new(false) });
        let state = State {
            handle: handle.clone(),
            pid,
            snapshot,
            read_only,
            prepared: None,
            committed: None,
            csn: None,
            ins: FxHashSet::default(),
            outs: FxHashSet::default(),
            forgotten_out: None,
            reads: FxHashMap::default(),
            writes: FxHashMap::default(),
        };
        self.xacts.insert(self.next_id, state);
        handle
    }

    /// Notes for whom a safe snapshot must wait; `None` if for nobody.
    fn watch(&mut self, pid: i32, snapshot: u64) -> Option<u64> {
        let concurrent = |x: &State| !x.read_only && x.csn.is_none_or(|csn| csn > snapshot);
        let writers: Vec<u64> =
            self.xacts.iter().filter(|(_, x)| concurrent(x)).map(|(id, _)| *id).collect();
        if writers.is_empty() {
            return None;
        }
        self.deferred.insert(pid, writers);
        Some(self.start(pid, snapshot, true).id)
    }

    /// Whether a writer comes before something that a snapshot sees.
    fn came_before(&self, writer: &State, snapshot: u64) -> bool {
        writer.forgotten_out.is_some_and(|(_, csn)| csn <= snapshot)
            || writer
                .outs
                .iter()
                .filter_map(|id| self.xacts.get(id)?.csn)
                .any(|csn| csn <= snapshot)
    }

    /// Edges from a reader to the concurrent writers that `wrote` finds.
    fn conflicts_out(
        &mut self,
        me: &Sxact,
        sid: StorageId,
        wrote: impl Fn(&Writes) -> bool,
    ) -> PgResult<()> {
        me.check("during conflict out checking")?;
        let Some(snapshot) = self.xacts.get(&me.id).map(|state| state.snapshot) else {
            return Ok(());
        };
        let writers: Vec<u64> = self
            .xacts
            .iter()
            .filter(|(id, x)| {
                **id != me.id
                    && !x.is_doomed()
                    && x.csn.is_none_or(|csn| csn > snapshot)
                    && x.writes.get(&sid).is_some_and(&wrote)
            })
            .map(|(id, _)| *id)
            .collect();
        writers.into_iter().try_for_each(|writer| self.conflict(me.id, writer, me.id))
    }

    /// Adds reader --rw--> writer and refuses what has become dangerous by it.
    fn conflict(&mut self, reader: u64, writer: u64, me: u64) -> PgResult<()> {
        let Some(state) = self.xacts.get_mut(&reader) else { return Ok(()) };
        if !state.outs.insert(writer) {
            return Ok(());
        }
        if let Some(state) = self.xacts.get_mut(&writer) {
            state.ins.insert(reader);
        }
        if !self.is_dangerous(reader, writer) {
            return Ok(());
        }
        if writer == me {
            return Err(failure("Canceled on identification as a pivot, during write"));
        }
        let Some(state) = self.xacts.get(&writer) else { return Ok(()) };
        if state.prepared.is_some() {
            return Err(failure("Canceled on conflict out to pivot, during read"));
        }
        state.handle.doomed.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn is_dangerous(&self, reader: u64, writer: u64) -> bool {
        let (Some(r), Some(w)) = (self.xacts.get(&reader), self.xacts.get(&writer)) else {
            return false;
        };
        // The writer as pivot: something after it committed before both.
        let first = |prepared: u64, csn: Option<u64>| {
            r.committed.is_none_or(|committed| prepared <= committed)
                && w.committed.is_none_or(|committed| prepared <= committed)
                && (!r.read_only || csn.is_some_and(|csn| csn <= r.snapshot))
        };
        let outs = w.outs.iter().filter_map(|id| self.xacts.get(id));
        let known = outs.filter_map(|out| Some((out.prepared?, out.csn)));
        let forgotten = w.forgotten_out.map(|(prepared, csn)| (prepared, Some(csn)));
        if known.chain(forgotten).any(|(prepared, csn)| first(prepared, csn)) {
            return true;
        }
        // The reader as pivot, the writer having committed first.
        let Some(prepared) = w.prepared.filter(|_| !r.read_only) else { return false };
        r.ins.iter().filter_map(|id| self.xacts.get(id)).any(|t| {
            !t.is_doomed()
                && t.committed.is_none_or(|committed| committed >= prepared)
                && (!t.read_only || w.csn.is_some_and(|csn| csn <= t.snapshot))
        })
    }

    fn remove(&mut self, id: u64) -> Option<State> {
        let state = self.xacts.remove(&id)?;
        for other in &state.ins {
            if let Some(other) = self.xacts.get_mut(other) {
                other.outs.remove(&id);
            }
        }
        for other in &state.outs {
            if let Some(other) = self.xacts.get_mut(other) {
                other.ins.remove(&id);
            }
        }
        Some(state)
    }

    /// Forgets committed transactions that every running one sees, and every one to come.
    fn forget(&mut self, published: u64) {
        let running = self.xacts.values().filter(|x| x.csn.is_none()).map(|x| x.snapshot);
        let horizon = running.min().unwrap_or(published).min(published);
        let done: Vec<u64> = self
            .xacts
            .iter()
            .filter(|(_, x)| x.csn.is_some_and(|csn| csn <= horizon))
            .map(|(id, _)| *id)
            .collect();
        for id in done {
            let Some(state) = self.remove(id) else { continue };
            let (Some(prepared), Some(csn)) = (state.prepared, state.csn) else { continue };
            for reader in state.ins {
                if let Some(reader) = self.xacts.get_mut(&reader) {
                    let out = reader.forgotten_out.get_or_insert((prepared, csn));
                    *out = (*out).min((prepared, csn));
                }
            }
        }
    }
}
