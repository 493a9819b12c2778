//! Buffers that idle connections have given back, a few a thread.
use std::cell::RefCell;

/// What a fresh buffer holds.
pub const BUFFER_SIZE: usize = 16 * 1024;
/// Larger buffers are freed rather than kept.
pub const KEEP_MAX: usize = 128 * 1024;
/// Buffers kept a thread.
const POOL_MAX: usize = 32;

thread_local! {
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer with at least [`BUFFER_SIZE`] of capacity.
pub fn take() -> Vec<u8> {
    POOL.with(|pool| pool.borrow_mut().pop()).unwrap_or_else(|| Vec::with_capacity(BUFFER_SIZE))
}

/// Gives a buffer back.
pub fn give(mut buffer: Vec<u8>) {
    if (BUFFER_SIZE..=KEEP_MAX).contains(&buffer.capacity()) {
        buffer.clear();
        POOL.with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOL_MAX {
                pool.push(buffer);
            }
        });
    }
}
