//! The second half of a commit: the log is forced to disk, and what it holds becomes visible.
//!
//! ```text
//! wait(csn) ─┬─ nobody forces the log: this thread does, for all that is written by now
//!            └─ somebody does: queue; done by it, or woken to do it for the next ones
//! ```
//! Commits that do not wait for the log become visible at once, unless one before them does wait.
use crate::{
    ReadView, Store,
    commit::{CommitRequest, die_on},
};
use error::PgResult;
use parking_lot::Mutex;
use std::sync::Arc;

#[derive(Default)]
pub(crate) struct DurableLog {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Some thread forces the log.
    forcing: bool,
    /// The newest commit that must be durable before it is visible.
    last: u64,
    /// Commits to be told when all up to their number is durable.
    waiting: Vec<(u64, Arc<CommitRequest>)>,
}

impl State {
    /// Queues commits; true if somebody waits and nobody forces the log, which the caller must see to then.
    fn admit(&mut self, waiting: impl Iterator<Item = (u64, Arc<CommitRequest>)>) -> bool {
        self.waiting.extend(waiting);
        !self.waiting.is_empty() && !std::mem::replace(&mut self.forcing, true)
    }
}

impl DurableLog {
    /// The log holds commits up to `view`; `last` is the newest of them that has to be durable before it is
    /// visible, and `durable` says that all are.
    pub(crate) fn ordered(
        &self,
        store: &Store,
        view: Arc<ReadView>,
        last: Option<u64>,
        durable: bool,
    ) {
        let mut state = self.state.lock();
        state.last = last.unwrap_or(state.last);
        store.views.set_latest(view.clone());
        if durable || state.last <= store.views.visible_csn() {
            store.views.set_visible(view);
        }
    }

    /// Queues ordered commits. Their sessions may go on any time from now: nothing of theirs is touched after
    /// this. True if the caller must see to it that the log is forced.
    #[must_use]
    pub(crate) fn enqueue(&self, waiting: impl Iterator<Item = (u64, Arc<CommitRequest>)>) -> bool {
        self.state.lock().admit(waiting)
    }

    /// Waits until everything up to a commit is durable.
    pub(crate) fn wait(&self, store: &Store, csn: u64) -> PgResult<()> {
        let request = CommitRequest::to_wait();
        let mut state = self.state.lock();
        if store.views.visible_csn() >= csn {
            return Ok(());
        }
        let force = state.admit(std::iter::once((csn, request.clone())));
        drop(state);
        if force {
            self.force(store);
        }
        request.wait(store).map(drop)
    }

    /// Has one of those who wait force the log, in place of the caller.
    pub(crate) fn hand_over(&self, store: &Store) {
        let next = self.state.lock().waiting.first().map(|(_, request)| request.clone());
        match next {
            Some(next) => next.lead(),
            None => self.force(store),
        }
    }

    /// Forces the log, tells those whose commits are durable by that, and has one of the others do the next round.
    pub(crate) fn force(&self, store: &Store) {
        // Everything up to this view is in the log before it is forced.
        let target = store.views.latest();
        die_on(store.engine.sync_wal());
        store.stats.fsyncs.add(1);
        let mut state = self.state.lock();
        let csn = target.csn;
        let (done, waiting) = state.waiting.drain(..).partition::<Vec<_>, _>(|w| w.0 <= csn);
        state.waiting = waiting;
        // What came since may be of the kind that does not wait for the log.
        let visible = if state.last <= csn { store.views.latest() } else { target };
        store.views.set_visible(visible);
        state.forcing = !state.waiting.is_empty();
        let next = state.waiting.first().map(|(_, request)| request.clone());
        drop(state);
        // The next round starts before this one's sessions take the processors.
        if let Some(next) = next {
            next.lead();
        }
        for (csn, request) in done {
            request.finish(Ok(csn));
        }
    }
}
