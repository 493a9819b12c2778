//! Bulk writes: rows of storage made by the same transaction go straight to sorted files.
//!
//! The files are ingested when the writer finishes, before commit: no committed catalog row names the storage
//! id yet, so nobody else looks there. A note under `meta::PENDING_CREATE`, synced before the first file,
//! lets the next start clear what a crash leaves behind.
use crate::{StorageId, Transaction};
use error::PgResult;
use kv::FileWriter;
use std::sync::Arc;

/// Below this the rows go to the overlay like any others.
const THRESHOLD: usize = 4 << 20;
/// A file is closed at this size.
const FILE_BYTES: u64 = 256 << 20;

/// Writes to one storage id. Keys that ascend go to files; others, and small amounts, to the overlay. What it
/// wrote is visible to later commands once [`BulkWriter::finish`] has returned.
pub struct BulkWriter {
    tx: Arc<Transaction>,
    sid: StorageId,
    /// Whether files may be used at all.
    direct: bool,
    head: Vec<(Box<[u8]>, Box<[u8]>)>,
    head_bytes: usize,
    file: Option<Box<dyn FileWriter>>,
    files: Vec<kv::SortedFile>,
    last: Vec<u8>,
}

impl BulkWriter {
    pub(crate) fn new(tx: Arc<Transaction>, sid: StorageId, direct: bool) -> Self {
        BulkWriter {
            tx,
            sid,
            direct,
            head: Vec::new(),
            head_bytes: 0,
            file: None,
            files: Vec::new(),
            last: Vec::new(),
        }
    }

    /// Writes a key of the storage id.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> PgResult<()> {
        debug_assert_eq!(StorageId::of_key(key), self.sid);
        let ascends = self.last.is_empty() || key > &self.last[..];
        if !self.direct || !ascends || self.tx.own_writes_hold(key)? {
            return self.tx.put(key, value);
        }
        self.last.clear();
        self.last.extend_from_slice(key);
        match &mut self.file {
            Some(file) => {
                file.put(key, value)?;
                if file.byte_size() >= FILE_BYTES {
                    self.close_file()?;
                    self.file = Some(self.tx.store().engine.file_writer()?);
                }
                Ok(())
            }
            None => {
                self.head_bytes += key.len() + value.len() + 32;
                self.head.push((key.into(), value.into()));
                if self.head_bytes >= THRESHOLD { self.open_file() } else { Ok(()) }
            }
        }
    }

    fn open_file(&mut self) -> PgResult<()> {
        let mut file = self.tx.store().engine.file_writer()?;
        for (key, value) in std::mem::take(&mut self.head) {
            file.put(&key, &value)?;
        }
        self.head_bytes = 0;
        self.file = Some(file);
        Ok(())
    }

    fn close_file(&mut self) -> PgResult<()> {
        if let Some(file) = self.file.take() {
            self.files.extend(file.finish()?);
        }
        Ok(())
    }

    /// Makes what was written part of the transaction.
    pub fn finish(mut self) -> PgResult<()> {
        self.close_file()?;
        for (key, value) in std::mem::take(&mut self.head) {
            self.tx.put(&key, &value)?;
        }
        if self.files.is_empty() {
            return Ok(());
        }
        self.tx.ingest_private(self.sid, std::mem::take(&mut self.files))
    }
}
