//! Snapshots that own what they need.
use crate::{cursor::RocksCursor, rocks_error};
use error::PgResult;
use kv::{Cursor, IterOptions, Snapshot};
use rocksdb::{DB, ReadOptions, SnapshotWithThreadMode};
use std::sync::Arc;

/// A RocksDB snapshot together with the database it is of. Fields drop in order: read options, snapshot,
/// database.
pub(crate) struct Pinned {
    read: ReadOptions,
    snapshot: SnapshotWithThreadMode<'static, DB>,
    pub(crate) db: Arc<DB>,
}

// SAFETY: a RocksDB snapshot is an immutable handle that any thread may read through and release
// (`GetSnapshot`, `ReleaseSnapshot` and `Get` lock inside); `ReadOptions` is `Send` and `Sync` and is not
// changed after construction; `DB` is `Send` and `Sync`.
unsafe impl Send for Pinned {}
// SAFETY: as above; all methods take `&self` and RocksDB allows concurrent reads through one snapshot.
unsafe impl Sync for Pinned {}

pub(crate) struct RocksSnapshot(Arc<Pinned>);

impl RocksSnapshot {
    pub(crate) fn new(db: &Arc<DB>) -> Self {
        let snapshot = db.snapshot();
        // SAFETY: the snapshot borrows `*db`, which lives on the heap behind the `Arc` that is stored beside
        // it, does not move, and is dropped after it (field order). The lifetime never leaves this struct.
        let snapshot: SnapshotWithThreadMode<'static, DB> = unsafe {
            std::mem::transmute::<SnapshotWithThreadMode<'_, DB>, SnapshotWithThreadMode<'static, DB>>(
                snapshot,
            )
        };
        let mut read = ReadOptions::default();
        read.set_snapshot(&snapshot);
        RocksSnapshot(Arc::new(Pinned { read, snapshot, db: db.clone() }))
    }
}

impl Snapshot for RocksSnapshot {
    #[inline]
    fn get_with(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> PgResult<bool> {
        match self.0.db.get_pinned_opt(key, &self.0.read).map_err(rocks_error)? {
            Some(value) => {
                visit(&value);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn iter(&self, options: IterOptions) -> Box<dyn Cursor> {
        let mut read = ReadOptions::default();
        read.set_snapshot(&self.0.snapshot);
        read.fill_cache(options.fill_cache);
        if options.readahead > 0 {
            read.set_readahead_size(options.readahead);
        }
        if let Some(lower) = options.lower {
            read.set_iterate_lower_bound(lower);
        }
        if let Some(upper) = options.upper {
            read.set_iterate_upper_bound(upper);
        }
        Box::new(RocksCursor::new(self.0.clone(), read))
    }
}
