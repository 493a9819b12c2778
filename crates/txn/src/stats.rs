//! What the store counts.
use std::sync::atomic::{AtomicU64, Ordering};

const SHARDS: usize = 16;

/// A counter that threads add to without sharing a cache line.
#[derive(Default)]
pub(crate) struct Counter([Padded; SHARDS]);

#[derive(Default)]
#[repr(align(64))]
struct Padded(AtomicU64);

thread_local! {
    static SHARD: usize = {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) as usize % SHARDS
    };
}

impl Counter {
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        SHARD.with(|shard| self.0[*shard].0.fetch_add(n, Ordering::Relaxed));
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.iter().map(|shard| shard.0.load(Ordering::Relaxed)).sum()
    }
}

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters of a store.
        #[derive(Default)]
        pub struct StoreStats { $(pub(crate) $name: Counter),* }

        /// Totals at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct StoreStatsSnapshot { $($(#[$doc])* pub $name: u64),* }

        impl StoreStats {
            /// Totals now.
            pub fn snapshot(&self) -> StoreStatsSnapshot {
                StoreStatsSnapshot { $($name: self.$name.get()),* }
            }
        }
    };
}

stats! {
    /// Transactions committed, read-only ones included.
    commits,
    /// Transactions rolled back.
    aborts,
    /// Commits that wrote.
    write_commits,
    /// Groups that the committer wrote.
    commit_groups,
    /// Times the committer forced the log to disk.
    fsyncs,
    /// Bytes of commit batches.
    wal_bytes,
    /// Point reads of committed state.
    reads,
    /// Point reads answered by the read cache.
    cache_hits,
    /// Point reads that the read cache could have answered and did not.
    cache_misses,
    /// Range scans.
    scans,
    /// Row locks that had to re-read the row.
    row_rechecks,
    /// Waits for locks.
    lock_waits,
    /// Deadlocks broken.
    deadlocks,
    /// Overlays written to scratch space.
    spills,
    /// Bytes written to scratch space.
    spill_bytes,
    /// Sorted files ingested.
    ingested_files,
}
