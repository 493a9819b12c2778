//! A scan of a heap in order of row ids, forwards or backwards, that can stop and go on.
use crate::{
    HeapLarge, Rowid, TableDesc,
    heap::{LARGE, row_key},
};
use codec::{LargeStore, RowRef};
use error::PgResult;
use std::sync::Arc;
use txn::{IterOptions, Scan, Segment, SegmentScan, Snapshot, Transaction};
use types::Datum;

/// A position in a heap.
pub struct HeapScan {
    desc: Arc<TableDesc>,
    tx: Arc<Transaction>,
    snapshot: Snapshot,
    source: Source,
}

/// Where rows come from.
enum Source {
    /// Key by key.
    Keys { scan: Scan, backward: bool, started: bool },
    /// Pieces of the heap; of `here`, the first `at` rows have been given out.
    Segments { scan: SegmentScan, here: Option<Arc<Segment>>, at: usize },
}

/// Rows side by side that a scan comes to next.
pub struct RowRun {
    segment: Arc<Segment>,
    from: usize,
    to: usize,
}

impl RowRun {
    /// Number of rows, at least one.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.to - self.from
    }

    /// The id of a row, by its position.
    pub fn rowid(&self, at: usize) -> Rowid {
        Rowid(self.segment.rowid(self.from + at))
    }

    /// All rows.
    pub fn rows<'a>(&'a self, desc: &'a TableDesc, out: &mut Vec<RowRef<'a>>) -> PgResult<()> {
        out.reserve(self.len());
        for at in self.from..self.to {
            out.push(RowRef::new(self.segment.value(at), &desc.layout)?);
        }
        Ok(())
    }
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
        let source = Source::Keys { scan, backward, started: false };
        Ok(HeapScan { desc, tx: tx.clone(), snapshot: snapshot.clone(), source })
    }

    /// A scan of all rows by segments, if the heap and the snapshot allow it.
    pub(crate) fn by_segments(
        desc: &Arc<TableDesc>,
        tx: &Arc<Transaction>,
        snapshot: &Snapshot,
    ) -> PgResult<Option<Self>> {
        let Some(scan) = tx.scan_segments(snapshot, desc.sid)? else { return Ok(None) };
        let source = Source::Segments { scan, here: None, at: 0 };
        Ok(Some(HeapScan {
            desc: desc.clone(),
            tx: tx.clone(),
            snapshot: snapshot.clone(),
            source,
        }))
    }

    /// To the next row; false at the end.
    #[inline]
    pub fn advance(&mut self) -> PgResult<bool> {
        match &mut self.source {
            Source::Segments { here: Some(here), at, .. } if *at < here.len() => {
                *at += 1;
                Ok(true)
            }
            Source::Segments { scan, here, at } => {
                *here = scan.next(here.take())?;
                *at = 1;
                Ok(here.is_some())
            }
            Source::Keys { scan, backward, started } => {
                match (*started, *backward) {
                    (true, false) => scan.next(),
                    (true, true) => scan.prev(),
                    (false, false) => scan.seek_to_first(),
                    (false, true) => scan.seek_to_last(),
                }
                *started = true;
                if scan.valid() {
                    return Ok(true);
                }
                scan.status()?;
                Ok(false)
            }
        }
    }

    /// Steps over up to `max_rows` rows without looking at them; returns how many there were, none at the end.
    pub fn skip(&mut self, max_rows: usize) -> PgResult<usize> {
        let mut rows = 0;
        while rows < max_rows && self.advance()? {
            rows += 1;
            if let Source::Segments { here: Some(here), at, .. } = &mut self.source {
                let more = (here.len() - *at).min(max_rows - rows);
                *at += more;
                rows += more;
            }
        }
        Ok(rows)
    }

    /// Up to `max_rows` rows that come next, to be looked at together; [`HeapScan::skip`] steps over them.
    /// `None` if this scan goes row by row, or is at its end.
    pub fn run(&mut self, max_rows: usize) -> PgResult<Option<RowRun>> {
        let Source::Segments { scan, here, at } = &mut self.source else { return Ok(None) };
        if here.as_ref().is_none_or(|here| *at >= here.len()) {
            *here = scan.next(here.take())?;
            *at = 0;
        }
        Ok(here.as_ref().map(|here| RowRun {
            segment: here.clone(),
            from: *at,
            to: here.len().min(*at + max_rows),
        }))
    }

    /// Whether [`HeapScan::run`] gives rows.
    pub fn has_runs(&self) -> bool {
        matches!(self.source, Source::Segments { .. })
    }

    /// Decodes an attribute of rows of a run; `ids` are their positions in the run.
    pub fn decode_column(
        &self,
        run: &RowRun,
        rows: &[RowRef<'_>],
        ids: Option<&[u16]>,
        att: usize,
        out: &mut Vec<Datum>,
    ) -> PgResult<()> {
        let large = |at: usize| HeapLarge {
            tx: &self.tx,
            snapshot: Some(&self.snapshot),
            sid: self.desc.sid,
            rowid: run.rowid(ids.map_or(at, |ids| usize::from(ids[at]))),
        };
        RowRef::decode_column(rows, att, &self.desc.missing, large, out)
    }

    /// Starts again from the beginning.
    pub fn rewind(&mut self) {
        match &mut self.source {
            Source::Keys { started, .. } => *started = false,
            Source::Segments { scan, here, .. } => {
                scan.rewind();
                *here = None;
            }
        }
    }

    /// The id of the row here.
    #[inline]
    pub fn rowid(&self) -> Rowid {
        match &self.source {
            Source::Segments { here: Some(here), at, .. } => Rowid(here.rowid(*at - 1)),
            Source::Segments { .. } => Rowid(0),
            Source::Keys { scan, .. } => {
                let id = scan.key().get(4..12).and_then(|bytes| bytes.first_chunk());
                Rowid(id.map_or(0, |bytes| u64::from_be_bytes(*bytes)))
            }
        }
    }

    /// The row here; call it while `advance` said true.
    #[inline]
    pub fn row(&self) -> PgResult<RowRef<'_>> {
        let value = match &self.source {
            Source::Segments { here: Some(here), at, .. } => here.value(*at - 1),
            Source::Segments { .. } => &[],
            Source::Keys { scan, .. } => scan.value(),
        };
        RowRef::new(value, &self.desc.layout)
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
