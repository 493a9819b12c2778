//! What an engine counts about itself, for the `pg_stat_` views.

/// Totals since the engine was opened; an engine leaves at 0 what it does not have.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct EngineCounters {
    /// Bytes written to the write-ahead log.
    pub wal_bytes: u64,
    /// Times the log was forced to disk.
    pub wal_syncs: u64,
    /// Write batches applied.
    pub writes: u64,
    /// Point reads.
    pub gets: u64,
    /// Cursor positionings.
    pub seeks: u64,
    /// Blocks found in the block cache.
    pub block_cache_hits: u64,
    /// Blocks read from files.
    pub block_cache_misses: u64,
    /// Bytes the block cache holds now.
    pub block_cache_bytes: u64,
    /// Bytes the memtables hold now.
    pub memtable_bytes: u64,
    /// Point reads that a bloom filter answered.
    pub bloom_useful: u64,
    /// Bytes read from files.
    pub bytes_read: u64,
    /// Bytes written to files by flushes.
    pub flush_bytes: u64,
    /// Bytes written to files by compactions.
    pub compaction_bytes: u64,
    /// Microseconds that writers were held up.
    pub stall_micros: u64,
    /// Bytes of live sorted files.
    pub live_file_bytes: u64,
}
