//! `fsync = off`: a storage engine that never waits for the disk.
use error::PgResult;
use kv::{Durability, Engine, EngineCounters, FileWriter, Snapshot, SortedFile, WriteBatch};
use std::sync::Arc;

/// An engine whose synchronous writes are only logged.
pub struct Unsynced<E>(pub Arc<E>);

impl<E: Engine> Engine for Unsynced<E> {
    fn write(&self, batch: &WriteBatch, durability: Durability) -> PgResult<()> {
        let durability = match durability {
            Durability::Synced => Durability::Logged,
            other => other,
        };
        self.0.write(batch, durability)
    }

    fn sync_wal(&self) -> PgResult<()> {
        Ok(())
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        self.0.snapshot()
    }

    fn file_writer(&self) -> PgResult<Box<dyn FileWriter>> {
        self.0.file_writer()
    }

    fn ingest(&self, files: Vec<SortedFile>) -> PgResult<()> {
        self.0.ingest(files)
    }

    fn approximate_size(&self, lower: &[u8], upper: &[u8]) -> u64 {
        self.0.approximate_size(lower, upper)
    }

    fn flush(&self) -> PgResult<()> {
        self.0.flush()
    }

    fn compact(&self, lower: &[u8], upper: &[u8]) -> PgResult<()> {
        self.0.compact(lower, upper)
    }

    fn counters(&self) -> EngineCounters {
        self.0.counters()
    }

    fn scratch(&self) -> PgResult<Arc<dyn Engine>> {
        self.0.scratch()
    }

    fn checkpoint(&self, directory: &std::path::Path) -> PgResult<()> {
        self.0.checkpoint(directory)
    }
}
