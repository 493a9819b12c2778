//! Sorted files for ingestion.
use crate::rocks_error;
use error::PgResult;
use kv::{FileWriter, SortedFile};
use rocksdb::{Options, SstFileWriter};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// A finished file; removed when dropped, which after ingestion finds nothing to remove.
pub(crate) struct RocksFile(pub(crate) PathBuf);

impl Drop for RocksFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(crate) struct RocksFileWriter {
    writer: SstFileWriter<'static>,
    _options: Arc<Options>,
    file: RocksFile,
    entries: u64,
    bytes: u64,
}

impl RocksFileWriter {
    pub(crate) fn create(options: &Arc<Options>, path: &Path) -> PgResult<Self> {
        // SAFETY: the writer borrows the options behind the `Arc` that is stored beside it: they do not move
        // and are dropped after it (field order). The lifetime never leaves this struct.
        let borrowed: &'static Options = unsafe { &*Arc::as_ptr(options) };
        let writer = SstFileWriter::create(borrowed);
        writer.open(path).map_err(rocks_error)?;
        Ok(RocksFileWriter {
            writer,
            _options: options.clone(),
            file: RocksFile(path.to_owned()),
            entries: 0,
            bytes: 0,
        })
    }
}

impl FileWriter for RocksFileWriter {
    fn put(&mut self, key: &[u8], value: &[u8]) -> PgResult<()> {
        self.entries += 1;
        self.bytes += (key.len() + value.len()) as u64;
        self.writer.put(key, value).map_err(rocks_error)
    }

    fn delete(&mut self, key: &[u8]) -> PgResult<()> {
        self.entries += 1;
        self.bytes += key.len() as u64;
        self.writer.delete(key).map_err(rocks_error)
    }

    fn byte_size(&self) -> u64 {
        self.bytes
    }

    fn finish(mut self: Box<Self>) -> PgResult<Option<SortedFile>> {
        if self.entries == 0 {
            return Ok(None);
        }
        self.writer.finish().map_err(rocks_error)?;
        Ok(Some(SortedFile(Box::new(self.file))))
    }
}
