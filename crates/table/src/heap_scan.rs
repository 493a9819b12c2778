//! A scan of a heap in order of row ids, forwards or backwards, that can stop and go on.
use crate::{
    HeapLarge, Rowid, TableDesc,
    heap::{LARGE, row_key},
};
use codec::{LargeStore, RowRef};
use error::PgResult;
use std::sync::Arc;
use txn::IterOptions;
use txn::{Scan, Snapshot, Transaction};
use types::Datum;

/// A position in a heap.
pub struct HeapScan {
    desc: Arc<TableDesc>,
    tx: Arc<Transaction>,
    snapshot: Snapshot,
    scan: Scan,
    backward: bool,
    started: bool,
}

/// A scan of more rows than this leaves the block cache alone.
const BIG_SCAN: u64 = 1_000_000;

impl HeapScan {
    pub(crate) fn new(
        desc: Arc<TableDesc>,
        tx: &Arc<Transaction>,
        snapshot: &Snapshot,
        from: Rowid,
        to: Rowid,
        backward: bool,
    ) -> PgResult<Self> {
        let lower = row_key(desc.sid, from.0.min(LARGE));
        let upper = row_key(desc.sid, to.0.min(LARGE));
        let mut options = IterOptions::range(&lower, &upper);
        let rows = tx.store().rowids(desc.sid)?.bound().min(to.0).saturating_sub(from.0);
        options.fill_cache = rows < BIG_SCAN;
        if rows >= 10_000 {
            options.readahead = 1 << 20;
        }
        let scan = tx.scan(snapshot, options)?;
        Ok(HeapScan {
            desc,
            tx: tx.clone(),
            snapshot: snapshot.clone(),
            scan,
            backward,
            started: false,
        })
    }

    /// To the next row; false at the end.
    #[inline]
    pub fn advance(&mut self) -> PgResult<bool> {
        match (self.started, self.backward) {
            (true, false) => self.scan.next(),
            (true, true) => self.scan.prev(),
            (false, false) => self.scan.seek_to_first(),
            (false, true) => self.scan.seek_to_last(),
        }
        self.started = true;
        if self.scan.valid() {
            return Ok(true);
        }
        self.scan.status()?;
        Ok(false)
    }

    /// Turns around: [`HeapScan::advance`] goes the other way from here (cursors).
    pub fn set_backward(&mut self, backward: bool) {
        self.backward = backward;
    }

    /// Starts again from the beginning.
    pub fn rewind(&mut self) {
        self.started = false;
    }

    /// Goes to the row, or where it would be: the next `advance` gives the first row at or after it.
    pub fn seek(&mut self, rowid: Rowid) -> PgResult<bool> {
        self.started = true;
        self.scan.seek(&row_key(self.desc.sid, rowid.0));
        self.scan.status()?;
        Ok(self.scan.valid())
    }

    /// The id of the row here.
    #[inline]
    pub fn rowid(&self) -> Rowid {
        let id = self.scan.key().get(4..12).and_then(|bytes| bytes.first_chunk());
        Rowid(id.map_or(0, |bytes| u64::from_be_bytes(*bytes)))
    }

    /// The row here; call it while `advance` said true.
    #[inline]
    pub fn row(&self) -> PgResult<RowRef<'_>> {
        RowRef::new(self.scan.value(), &self.desc.layout)
    }

    /// The large attributes of the row here.
    #[inline]
    pub fn large(&self) -> HeapLarge<'_> {
        HeapLarge {
            tx: &self.tx,
            snapshot: Some(&self.snapshot),
            sid: self.desc.sid,
            rowid: self.rowid(),
        }
    }

    /// One attribute of the row here, the missing value if it is not stored.
    #[inline]
    pub fn get(&self, att: usize) -> PgResult<Datum> {
        self.row()?.get_or_missing(att, &self.desc.missing, &self.large())
    }

    /// All attributes of the row here.
    pub fn decode_all(&self, out: &mut Vec<Datum>) -> PgResult<()> {
        self.row()?.decode_all(&self.desc.missing, &self.large(), out)
    }

    /// Lends up to `max_rows` rows, decoded by the caller as far as it needs them; `visit` may say false to
    /// stop after its row. Returns how many were lent: fewer than `max_rows` without a stop means the end.
    pub fn visit(
        &mut self,
        max_rows: usize,
        mut visit: impl FnMut(Rowid, &RowRef<'_>, &dyn LargeStore) -> PgResult<bool>,
    ) -> PgResult<usize> {
        let mut rows = 0;
        while rows < max_rows && self.advance()? {
            rows += 1;
            if !visit(self.rowid(), &self.row()?, &self.large())? {
                break;
            }
        }
        Ok(rows)
    }

    /// The descriptor it decodes with.
    pub fn desc(&self) -> &Arc<TableDesc> {
        &self.desc
    }
}
