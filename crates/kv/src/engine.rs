//! The traits of a storage engine.
use crate::{EngineCounters, WriteBatch};
use bytes::Bytes;
use error::PgResult;
use std::{any::Any, sync::Arc};

/// What a write promises when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It and all before it survive a crash of the machine.
    Synced,
    /// It is in the log; a crash of the machine may lose the newest writes, in reverse order.
    Logged,
    /// It may be lost with the process. For scratch data only.
    Volatile,
}

/// How a cursor reads.
#[derive(Clone, Debug)]
pub struct IterOptions {
    /// First key that belongs to the range.
    pub lower: Option<Vec<u8>>,
    /// First key after the range.
    pub upper: Option<Vec<u8>>,
    /// Bytes to read ahead from files; 0 leaves it to the engine.
    pub readahead: usize,
    /// Whether blocks read go into the block cache. A scan of all of a big table says no.
    pub fill_cache: bool,
}

impl IterOptions {
    /// The range `[lower, upper)`.
    pub fn range(lower: &[u8], upper: &[u8]) -> Self {
        IterOptions {
            lower: Some(lower.to_vec()),
            upper: Some(upper.to_vec()),
            readahead: 0,
            fill_cache: true,
        }
    }

    /// All keys that start with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        IterOptions {
            lower: Some(prefix.to_vec()),
            upper: prefix_end(prefix),
            readahead: 0,
            fill_cache: true,
        }
    }
}

/// The first key after all that start with `prefix`; `None` if there is no such key.
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return Some(end);
        }
        end.pop();
    }
    None
}

/// A storage engine.
pub trait Engine: Send + Sync + 'static {
    /// Applies a batch.
    fn write(&self, batch: &WriteBatch, durability: Durability) -> PgResult<()>;

    /// Makes all that was logged durable.
    fn sync_wal(&self) -> PgResult<()>;

    /// The present state.
    fn snapshot(&self) -> Arc<dyn Snapshot>;

    /// Starts a sorted file to be ingested.
    fn file_writer(&self) -> PgResult<Box<dyn FileWriter>>;

    /// Adds the contents of the files, all or nothing, durably; where they repeat a key they win over
    /// what is there, and a later file over an earlier one.
    fn ingest(&self, files: Vec<SortedFile>) -> PgResult<()>;

    /// Bytes that `[lower, upper)` takes, roughly.
    fn approximate_size(&self, lower: &[u8], upper: &[u8]) -> u64;

    /// Writes memtables to files.
    fn flush(&self) -> PgResult<()>;

    /// Rewrites `[lower, upper)` without what is deleted.
    fn compact(&self, lower: &[u8], upper: &[u8]) -> PgResult<()>;

    /// Totals.
    fn counters(&self) -> EngineCounters;

    /// A new empty engine for temporary data, without durability; gone when it is dropped.
    fn scratch(&self) -> PgResult<Arc<dyn Engine>>;

    /// Copies the present state into an empty directory, for a base backup.
    fn checkpoint(&self, _directory: &std::path::Path) -> PgResult<()> {
        Err(error::not_supported!("a checkpoint of this storage engine"))
    }
}

/// The state of an engine at one moment. It lives as long as it is held.
pub trait Snapshot: Send + Sync + 'static {
    /// Lends the value of `key` to `visit`; false if there is none.
    fn get_with(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> PgResult<bool>;

    /// Lends the values of `keys` (sorted or not) to `visit` with the position of the key.
    fn multi_get_with(
        &self,
        keys: &[&[u8]],
        visit: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> PgResult<()> {
        for (position, key) in keys.iter().enumerate() {
            let found = self.get_with(key, &mut |value| visit(position, Some(value)))?;
            if !found {
                visit(position, None);
            }
        }
        Ok(())
    }

    /// The value of `key`, copied.
    fn get(&self, key: &[u8]) -> PgResult<Option<Bytes>> {
        let mut out = None;
        self.get_with(key, &mut |value| out = Some(Bytes::copy_from_slice(value)))?;
        Ok(out)
    }

    /// A cursor over a range; it holds the snapshot and is not positioned yet.
    fn iter(&self, options: IterOptions) -> Box<dyn Cursor>;
}

/// A position in a range of keys. `key` and `value` may be called while `valid`, and lend until the
/// cursor moves.
pub trait Cursor: Send {
    /// To the first key at or after `key`.
    fn seek(&mut self, key: &[u8]);
    /// To the last key at or before `key`.
    fn seek_for_prev(&mut self, key: &[u8]);
    /// To the first key of the range.
    fn seek_to_first(&mut self);
    /// To the last key of the range.
    fn seek_to_last(&mut self);
    /// One key on.
    fn next(&mut self);
    /// One key back.
    fn prev(&mut self);
    /// Whether there is a key here.
    fn valid(&self) -> bool;
    /// The key; empty if not valid.
    fn key(&self) -> &[u8];
    /// Its value; empty if not valid.
    fn value(&self) -> &[u8];
    /// Why it is not valid, if that is not the end of the range.
    fn status(&self) -> PgResult<()>;
}

/// Writes a sorted file.
pub trait FileWriter: Send {
    /// Adds a key, which must be greater than the last one.
    fn put(&mut self, key: &[u8], value: &[u8]) -> PgResult<()>;
    /// Adds a removal, with the same condition.
    fn delete(&mut self, key: &[u8]) -> PgResult<()>;
    /// Bytes written so far, roughly.
    fn byte_size(&self) -> u64;
    /// Completes the file. `None` if nothing was added.
    fn finish(self: Box<Self>) -> PgResult<Option<SortedFile>>;
}

/// A finished sorted file; removed when dropped without having been ingested.
pub struct SortedFile(pub Box<dyn Any + Send + Sync>);
