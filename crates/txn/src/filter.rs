//! When a key was last written, roughly: a table of csns by key hash, never too old.
use rustc_hash::FxHasher;
use std::{
    hash::Hasher,
    sync::atomic::{AtomicU64, Ordering},
};

const SLOTS: usize = 1 << 16;

/// For each hash of a key the csn of the last commit that wrote a key with it. Set before that commit is
/// published and before its locks are released, so who holds the lock of a key and reads a csn at or before
/// its snapshot's knows that the key has not changed since.
pub(crate) struct RecentWrites {
    slots: Box<[AtomicU64]>,
    /// All keys count as written here: a commit too large to note, or a range delete.
    floor: AtomicU64,
}

#[inline]
pub(crate) fn hash_key(key: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(key);
    let hash = hasher.finish();
    // The high bits of a multiplicative hash are the good ones.
    hash ^ (hash >> 32)
}

impl RecentWrites {
    pub(crate) fn new(csn: u64) -> Self {
        RecentWrites {
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            floor: AtomicU64::new(csn),
        }
    }

    #[inline]
    fn slot(&self, hash: u64) -> &AtomicU64 {
        &self.slots[hash as usize % SLOTS]
    }

    /// Only the committer calls this, with ascending csns.
    #[inline]
    pub(crate) fn note(&self, hash: u64, csn: u64) {
        self.slot(hash).store(csn, Ordering::SeqCst);
    }

    pub(crate) fn note_all(&self, csn: u64) {
        self.floor.fetch_max(csn, Ordering::SeqCst);
    }

    /// The key has not been written by a commit after this csn.
    #[inline]
    pub(crate) fn last_write(&self, hash: u64) -> u64 {
        self.slot(hash).load(Ordering::SeqCst).max(self.floor.load(Ordering::SeqCst))
    }
}
