//! Cursors that own what they need.
use crate::{rocks_error, snapshot::Pinned};
use error::PgResult;
use kv::Cursor;
use rocksdb::{DB, DBRawIteratorWithThreadMode, ReadOptions};
use std::sync::Arc;

/// A RocksDB iterator with the snapshot it reads at. The iterator drops first.
pub(crate) struct RocksCursor {
    iter: DBRawIteratorWithThreadMode<'static, DB>,
    _snapshot: Arc<Pinned>,
}

impl RocksCursor {
    pub(crate) fn new(snapshot: Arc<Pinned>, read: ReadOptions) -> Self {
        let iter = snapshot.db.raw_iterator_opt(read);
        // SAFETY: the iterator borrows the database, which the snapshot stored beside it keeps alive and at
        // its address; the iterator drops before it (field order). The lifetime never leaves this struct.
        let iter: DBRawIteratorWithThreadMode<'static, DB> = unsafe {
            std::mem::transmute::<
                DBRawIteratorWithThreadMode<'_, DB>,
                DBRawIteratorWithThreadMode<'static, DB>,
            >(iter)
        };
        RocksCursor { iter, _snapshot: snapshot }
    }
}

impl Cursor for RocksCursor {
    fn seek(&mut self, key: &[u8]) {
        self.iter.seek(key);
    }

    fn seek_for_prev(&mut self, key: &[u8]) {
        self.iter.seek_for_prev(key);
    }

    fn seek_to_first(&mut self) {
        self.iter.seek_to_first();
    }

    fn seek_to_last(&mut self) {
        self.iter.seek_to_last();
    }

    #[inline]
    fn next(&mut self) {
        if self.iter.valid() {
            self.iter.next();
        }
    }

    #[inline]
    fn prev(&mut self) {
        if self.iter.valid() {
            self.iter.prev();
        }
    }

    #[inline]
    fn valid(&self) -> bool {
        self.iter.valid()
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.iter.key().unwrap_or_default()
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.iter.value().unwrap_or_default()
    }

    fn status(&self) -> PgResult<()> {
        self.iter.status().map_err(rocks_error)
    }
}
