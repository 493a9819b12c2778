//! What a statement sees: a committed state and its transaction's own earlier commands.
use crate::Backend;
use arc_swap::ArcSwap;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A committed state: all transactions up to a commit sequence number.
pub struct ReadView {
    /// Number of the last commit that is visible.
    pub csn: u64,
    /// The engine's state.
    pub snapshot: Arc<dyn kv::Snapshot>,
}

/// A command id that some snapshot may still read at; keeps the versions it needs.
#[derive(Debug)]
pub(crate) struct CidPin(pub(crate) u32);

/// A committed state, and own writes of commands before `curcid`. Cloning is cheap; versions that a
/// snapshot can see are kept while it lives.
#[derive(Clone)]
pub struct Snapshot {
    /// The committed state.
    pub view: Arc<ReadView>,
    pub(crate) pin: Arc<CidPin>,
}

impl Snapshot {
    /// Own writes of commands before this one are visible.
    #[inline]
    pub fn curcid(&self) -> u32 {
        self.pin.0
    }

    /// Number of the last commit that is visible.
    #[inline]
    pub fn csn(&self) -> u64 {
        self.view.csn
    }
}

/// The two states that readers can get.
///
/// A commit is `latest` as soon as it is in the log and its order is fixed: its locks are released then, so that
/// others who want the same rows need not wait for the disk. It is `visible` once it is durable. A session that has
/// met something newer than what is visible (through a lock, a unique key, a foreign key) goes on from `latest`, and
/// its transaction does not end before that is durable.
pub(crate) struct Views {
    visible: ArcSwap<ReadView>,
    visible_csn: AtomicU64,
    latest: ArcSwap<ReadView>,
    latest_csn: AtomicU64,
}

impl Views {
    pub(crate) fn new(view: ReadView) -> Self {
        let csn = view.csn;
        let view = Arc::new(view);
        Views {
            visible: ArcSwap::new(view.clone()),
            visible_csn: AtomicU64::new(csn),
            latest: ArcSwap::new(view),
            latest_csn: AtomicU64::new(csn),
        }
    }

    #[inline]
    pub(crate) fn visible(&self) -> Arc<ReadView> {
        self.visible.load_full()
    }

    #[inline]
    pub(crate) fn visible_csn(&self) -> u64 {
        self.visible_csn.load(Ordering::SeqCst)
    }

    pub(crate) fn latest(&self) -> Arc<ReadView> {
        self.latest.load_full()
    }

    #[inline]
    pub(crate) fn latest_csn(&self) -> u64 {
        self.latest_csn.load(Ordering::SeqCst)
    }

    /// What a new statement of a session sees.
    #[inline]
    pub(crate) fn for_statement(&self, backend: &Backend) -> Arc<ReadView> {
        let floor = backend.floor.load(Ordering::Relaxed);
        let csn = self.visible_csn();
        if csn < floor {
            return self.latest();
        }
        // A copy of the session's own: sessions that only read do not count references in the same place.
        let mut own = backend.view.lock();
        if let Some(view) = own.as_ref().filter(|view| view.csn == csn) {
            return view.clone();
        }
        let shared = self.visible();
        let view = Arc::new(ReadView { csn: shared.csn, snapshot: shared.snapshot.clone() });
        *own = Some(view.clone());
        view
    }

    /// The latest state, from which the session goes on.
    pub(crate) fn latest_for(&self, backend: &Backend) -> Arc<ReadView> {
        let view = self.latest();
        if view.csn > self.visible_csn() {
            backend.floor.fetch_max(view.csn, Ordering::Relaxed);
        }
        view
    }

    /// A lock was granted: what its last holder committed is to be seen by what comes next.
    #[inline]
    pub(crate) fn lock_granted(&self, backend: &Backend) {
        let latest = self.latest_csn();
        if latest > self.visible_csn() {
            backend.floor.fetch_max(latest, Ordering::Relaxed);
        }
    }

    /// Only whoever orders commits calls this.
    pub(crate) fn set_latest(&self, view: Arc<ReadView>) {
        let csn = view.csn;
        self.latest.store(view);
        self.latest_csn.store(csn, Ordering::SeqCst);
    }

    /// Only under the lock of [`crate::durable::DurableLog`]; an older view than the present one is not set.
    pub(crate) fn set_visible(&self, view: Arc<ReadView>) {
        if view.csn > self.visible_csn() {
            let csn = view.csn;
            self.visible.store(view);
            self.visible_csn.store(csn, Ordering::SeqCst);
        }
    }
}
