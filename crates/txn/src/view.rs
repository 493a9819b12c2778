//! What a statement sees: a committed state and its transaction's own earlier commands.
use std::sync::Arc;

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
