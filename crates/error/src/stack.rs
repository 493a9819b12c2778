//! Guards recursion against running off the thread's stack.
use crate::{PgResult, err};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Used until [`set_max_stack_depth`] says otherwise: safe on the 2 MB threads of tests.
const DEFAULT_MAX_STACK_DEPTH: usize = 1024 * 1024;

static MAX_STACK_DEPTH: AtomicUsize = AtomicUsize::new(DEFAULT_MAX_STACK_DEPTH);

thread_local! {
    /// Highest stack address seen by a check on this thread; stacks grow downwards.
    static STACK_BASE: Cell<usize> = const { Cell::new(0) };
}

/// Sets `max_stack_depth` in bytes. Threads that run statements need a stack well above it.
pub fn set_max_stack_depth(bytes: usize) {
    MAX_STACK_DEPTH.store(bytes, Ordering::Relaxed);
}

/// Fails with 54001 when this thread's stack is deeper than `max_stack_depth`. To be called by
/// everything that recurses as deep as a user asks. The depth is measured from the shallowest
/// call seen on the thread, so an early call at the statement's entry makes it accurate.
#[inline]
pub fn check_stack_depth() -> PgResult<()> {
    let marker = 0u8;
    let here = std::ptr::addr_of!(marker) as usize;
    let base = STACK_BASE.with(|base| {
        if here > base.get() {
            base.set(here);
        }
        base.get()
    });
    if base - here > MAX_STACK_DEPTH.load(Ordering::Relaxed) {
        return Err(too_deep());
    }
    Ok(())
}

#[cold]
fn too_deep() -> crate::PgError {
    let kb = MAX_STACK_DEPTH.load(Ordering::Relaxed) / 1024;
    err!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded").hint(format!(
        "Increase the configuration parameter \"max_stack_depth\" (currently {kb}kB), after \
         ensuring the platform's stack depth limit is adequate."
    ))
}
