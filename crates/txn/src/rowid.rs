//! Row ids of one heap.
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Gives out the row ids of a heap, ascending. It starts after the greatest row id in use when the heap is
/// first written after a start, so it needs no record of its own: an id that a lost transaction or a deleted
/// row had may come again after a restart, when nobody can hold it any more.
pub struct RowidAllocator {
    next: AtomicU64,
    large: AtomicBool,
}

impl RowidAllocator {
    pub(crate) fn new(next: u64, large: bool) -> Self {
        RowidAllocator { next: AtomicU64::new(next), large: AtomicBool::new(large) }
    }

    /// Whether any row of the heap may have attributes under keys of their own.
    #[inline]
    pub fn has_large(&self) -> bool {
        self.large.load(Ordering::Relaxed)
    }

    /// A row is about to get an attribute under a key of its own.
    pub fn note_large(&self) {
        self.large.store(true, Ordering::Relaxed);
    }

    /// One row id.
    #[inline]
    pub fn alloc(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The first of `count` consecutive row ids.
    pub fn alloc_block(&self, count: u64) -> u64 {
        self.next.fetch_add(count, Ordering::Relaxed)
    }

    /// Row ids below `bound` are taken: rows came that were not made with ids from here.
    pub fn raise(&self, bound: u64) {
        self.next.fetch_max(bound, Ordering::Relaxed);
    }

    /// All row ids given out are below this.
    pub fn bound(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }
}
