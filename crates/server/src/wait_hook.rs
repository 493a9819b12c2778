//! How a session's waits let the runtime's other sessions go on.
use txn::WaitHook;

/// Hands the worker thread's other tasks over while the session waits or computes for long.
pub struct BlockInPlace;

impl WaitHook for BlockInPlace {
    fn block(&self, wait: &mut dyn FnMut()) {
        tokio::task::block_in_place(wait);
    }
}
