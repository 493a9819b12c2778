//! Rows of a table: insert, update in place, delete, fetch, lock.
use crate::{HeapScan, KeyEncoder, Rowid, TableDesc};
use codec::{External, LargeStore, RowRef};
use error::{PgError, PgResult};
use std::sync::Arc;
use txn::{RowLock, RowLockMode, Snapshot, StorageId, Transaction, WaitPolicy};
use types::Datum;

/// Keys of large attributes come after all rows.
pub(crate) const LARGE: u64 = 1 << 63;

#[inline]
pub(crate) fn row_key(sid: StorageId, rowid: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&sid.prefix());
    key[4..].copy_from_slice(&rowid.to_be_bytes());
    key
}

fn large_key(sid: StorageId, rowid: Rowid, att: u16) -> [u8; 14] {
    let mut key = [0; 14];
    key[..12].copy_from_slice(&row_key(sid, LARGE | rowid.0));
    key[12..].copy_from_slice(&att.to_be_bytes());
    key
}

/// A heap, by its descriptor.
#[derive(Clone)]
pub struct Heap {
    desc: Arc<TableDesc>,
    /// Looked up with the first row.
    rowids: std::sync::OnceLock<Arc<txn::RowidAllocator>>,
}

/// The large attributes of one row as a snapshot sees them.
pub struct HeapLarge<'a> {
    pub(crate) tx: &'a Transaction,
    pub(crate) snapshot: Option<&'a Snapshot>,
    pub(crate) sid: StorageId,
    pub(crate) rowid: Rowid,
}

impl LargeStore for HeapLarge<'_> {
    fn fetch(
        &self,
        external: External,
        visit: &mut dyn FnMut(&[u8]) -> PgResult<()>,
    ) -> PgResult<()> {
        let key = large_key(self.sid, self.rowid, external.att);
        let mut result = Err(missing_large(self.rowid, external.att));
        match self.snapshot {
            Some(snapshot) => {
                self.tx.get_with(snapshot, &key, &mut |bytes| result = visit(bytes))?;
            }
            None => {
                if let Some(bytes) = self.tx.get_latest(&key)? {
                    result = visit(&bytes);
                }
            }
        }
        result
    }
}

#[cold]
fn missing_large(rowid: Rowid, att: u16) -> PgError {
    PgError::new(
        error::SqlState::DATA_CORRUPTED,
        format!("missing large attribute {} of row {}", att + 1, rowid.0),
    )
}

impl Heap {
    /// The heap that `desc` describes.
    pub fn new(desc: Arc<TableDesc>) -> Self {
        Heap { desc, rowids: std::sync::OnceLock::new() }
    }

    /// Its descriptor.
    pub fn desc(&self) -> &Arc<TableDesc> {
        &self.desc
    }

    fn next_rowid(&self, tx: &Transaction) -> PgResult<Rowid> {
        let rowids = match self.rowids.get() {
            Some(rowids) => rowids,
            None => {
                let rowids = tx.store().rowids(self.desc.sid)?;
                self.rowids.get_or_init(|| rowids)
            }
        };
        Ok(Rowid(rowids.alloc()))
    }

    /// Adds a row after all others.
    pub fn insert(
        &self,
        tx: &Transaction,
        encoder: &mut KeyEncoder,
        values: &[Datum],
    ) -> PgResult<Rowid> {
        let rowid = self.next_rowid(tx)?;
        self.put(tx, encoder, rowid, values)?;
        Ok(rowid)
    }

    /// Adds many rows through a bulk writer (see [`Transaction::bulk`]).
    pub fn insert_bulk(
        &self,
        writer: &mut txn::BulkWriter,
        tx: &Transaction,
        encoder: &mut KeyEncoder,
        values: &[Datum],
    ) -> PgResult<Rowid> {
        let rowid = self.next_rowid(tx)?;
        self.encode(tx, encoder, rowid, values)?;
        writer.put(&row_key(self.desc.sid, rowid.0), &encoder.value)?;
        Ok(rowid)
    }

    /// Replaces a row, which the caller has locked.
    pub fn update(
        &self,
        tx: &Transaction,
        encoder: &mut KeyEncoder,
        rowid: Rowid,
        values: &[Datum],
    ) -> PgResult<()> {
        self.remove_large(tx, rowid)?;
        self.put(tx, encoder, rowid, values)
    }

    /// Removes a row, which the caller has locked.
    pub fn delete(&self, tx: &Transaction, rowid: Rowid) -> PgResult<()> {
        self.remove_large(tx, rowid)?;
        tx.delete(&row_key(self.desc.sid, rowid.0))
    }

    fn encode(
        &self,
        tx: &Transaction,
        encoder: &mut KeyEncoder,
        rowid: Rowid,
        values: &[Datum],
    ) -> PgResult<()> {
        let desc = &self.desc;
        let KeyEncoder { value, row, .. } = encoder;
        value.clear();
        row.encode(value, &desc.layout, tx.xid()?, values, &mut |att, bytes| {
            tx.store().rowids(desc.sid)?.note_large();
            tx.put(&large_key(desc.sid, rowid, att), bytes)
        })
    }

    fn put(
        &self,
        tx: &Transaction,
        encoder: &mut KeyEncoder,
        rowid: Rowid,
        values: &[Datum],
    ) -> PgResult<()> {
        self.encode(tx, encoder, rowid, values)?;
        tx.put(&row_key(self.desc.sid, rowid.0), &encoder.value)
    }

    /// Removes the large attributes of a row's latest version. Costs nothing in a heap that has none.
    fn remove_large(&self, tx: &Transaction, rowid: Rowid) -> PgResult<()> {
        let sid = self.desc.sid;
        if !tx.store().rowids(sid)?.has_large() {
            return Ok(());
        }
        let Some(bytes) = tx.get_latest(&row_key(sid, rowid.0))? else { return Ok(()) };
        for external in RowRef::new(&bytes, &self.desc.layout)?.externals() {
            tx.delete(&large_key(sid, rowid, external.att))?;
        }
        Ok(())
    }

    /// Lends a row as a snapshot sees it; `None` if it does not.
    #[inline]
    pub fn fetch_with<T>(
        &self,
        tx: &Transaction,
        snapshot: &Snapshot,
        rowid: Rowid,
        visit: impl FnOnce(&RowRef<'_>, &dyn LargeStore) -> PgResult<T>,
    ) -> PgResult<Option<T>> {
        let mut visit = Some(visit);
        let mut result = None;
        tx.get_with(snapshot, &row_key(self.desc.sid, rowid.0), &mut |bytes| {
            let large = HeapLarge { tx, snapshot: Some(snapshot), sid: self.desc.sid, rowid };
            if let Some(visit) = visit.take() {
                let row = RowRef::new(bytes, &self.desc.layout);
                result = Some(row.and_then(|row| visit(&row, &large)));
            }
        })?;
        result.transpose()
    }

    /// All attributes of a row as a snapshot sees it; false if it does not.
    pub fn fetch(
        &self,
        tx: &Transaction,
        snapshot: &Snapshot,
        rowid: Rowid,
        out: &mut Vec<Datum>,
    ) -> PgResult<bool> {
        let missing = &self.desc.missing;
        let found =
            self.fetch_with(tx, snapshot, rowid, |row, large| row.decode_all(missing, large, out))?;
        Ok(found.is_some())
    }

    /// Locks a row; see [`Transaction::lock_row`].
    pub fn lock_row(
        &self,
        tx: &Transaction,
        rowid: Rowid,
        mode: RowLockMode,
        policy: WaitPolicy,
        snapshot: &Snapshot,
    ) -> PgResult<RowLock> {
        tx.lock_row(self.desc.sid, rowid.0, mode, policy, snapshot)
    }

    /// The attributes of a version that [`Heap::lock_row`] gave.
    pub fn decode_latest(
        &self,
        tx: &Transaction,
        rowid: Rowid,
        bytes: &[u8],
        out: &mut Vec<Datum>,
    ) -> PgResult<()> {
        let large = HeapLarge { tx, snapshot: None, sid: self.desc.sid, rowid };
        RowRef::new(bytes, &self.desc.layout)?.decode_all(&self.desc.missing, &large, out)
    }

    /// A scan of all rows in order of their ids.
    pub fn scan(&self, tx: &Arc<Transaction>, snapshot: &Snapshot) -> PgResult<HeapScan> {
        match HeapScan::by_segments(&self.desc, tx, snapshot)? {
            Some(scan) => Ok(scan),
            None => self.scan_engine(tx, snapshot),
        }
    }

    /// As [`Heap::scan`], past the segments that other scans keep: for few rows, and to check what is stored.
    pub fn scan_engine(&self, tx: &Arc<Transaction>, snapshot: &Snapshot) -> PgResult<HeapScan> {
        self.scan_range(tx, snapshot, Rowid(0), Rowid(LARGE), false)
    }

    /// A scan of the rows in `[from, to)`; parts of a parallel scan, tid ranges.
    pub fn scan_range(
        &self,
        tx: &Arc<Transaction>,
        snapshot: &Snapshot,
        from: Rowid,
        to: Rowid,
        backward: bool,
    ) -> PgResult<HeapScan> {
        HeapScan::new(self.desc.clone(), tx, snapshot, from, to, backward)
    }

    /// All rows have ids below this: for block counts and sampling.
    pub fn rowid_bound(&self, tx: &Transaction) -> PgResult<Rowid> {
        Ok(Rowid(tx.store().rowids(self.desc.sid)?.bound()))
    }
}
