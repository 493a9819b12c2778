//! IndexScan and IndexOnlyScan.
use super::{
    ExecNode, NodeSpec, Projection, ScanBase,
    index_keys::{IndexKeys, KeyRanges},
};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::{CExpr, all_hold},
    plan_spec::note,
};
use error::PgResult;
use std::sync::Arc;
use table::{Index, IndexScan as TableIndexScan, KeyEncoder, Rowid};
use types::Datum;

/// What an index-only scan makes of index entries.
pub(crate) struct IndexOnly {
    /// Index columns (from 0) to decode, and their places in the slot.
    pub(crate) columns: Box<[usize]>,
    pub(crate) width: usize,
    pub(crate) qual: Box<[CExpr]>,
    /// The index quals over index columns.
    pub(crate) recheck: Box<[CExpr]>,
    pub(crate) projection: Projection,
}

pub(crate) struct IndexScanSpec {
    pub(crate) base: ScanBase,
    pub(crate) keys: IndexKeys,
    pub(crate) index: Index,
    pub(crate) backward: bool,
    pub(crate) index_only: Option<IndexOnly>,
}

struct IndexScan {
    spec: Arc<IndexScanSpec>,
    state: ScanState,
}

/// What a scan changes as it goes; apart from the spec, which all executions share, so that it can be borrowed
/// meanwhile rather than counted.
struct ScanState {
    ranges: KeyRanges,
    /// The range being scanned (from 0), or that comes next while `scan` is `None`.
    range: usize,
    scan: Option<TableIndexScan>,
    encoder: KeyEncoder,
    slot: Vec<Datum>,
    decoded: Vec<Datum>,
    keys_ready: bool,
    epq_done: bool,
}

impl NodeSpec for IndexScanSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let slot = match &self.index_only {
            Some(only) => vec![Datum::Null; only.width],
            None => self.base.slot(),
        };
        let state = ScanState {
            ranges: KeyRanges::default(),
            range: 0,
            scan: None,
            encoder: KeyEncoder::new(),
            slot,
            decoded: Vec::new(),
            keys_ready: false,
            epq_done: false,
        };
        Ok(Box::new(IndexScan { spec: self, state }))
    }
}

impl ScanState {
    /// The next row id in index order.
    fn next_rowid(&mut self, spec: &IndexScanSpec, cx: &mut Cx<'_>) -> PgResult<Option<Rowid>> {
        loop {
            if let Some(scan) = &mut self.scan {
                if let Some(rowid) = scan.advance()? {
                    return Ok(Some(rowid));
                }
                self.scan = None;
            }
            let Some(range) = self.ranges.ranges.get(self.range) else { return Ok(None) };
            self.range += 1;
            note(cx, spec.base.key, |i| i.index_searches += 1.0);
            let point = range.lower.is_none() && range.upper.is_none() && !range.not_null;
            if point && spec.index_only.is_none() && spec.index.is_point(&range.eq) {
                let (txn, snapshot) = (cx.es.txn(), cx.es.snapshot());
                let found = spec.index.lookup(txn, snapshot, &mut self.encoder, &range.eq)?;
                if found.is_some() {
                    return Ok(found);
                }
                continue;
            }
            self.scan = Some(TableIndexScan::new(
                spec.index.desc().clone(),
                cx.es.txn(),
                cx.es.snapshot(),
                &mut self.encoder,
                range,
                spec.backward,
            )?);
        }
    }

    fn emit_entry(
        &mut self,
        spec: &IndexScanSpec,
        cx: &mut Cx<'_>,
        only: &IndexOnly,
        out: &mut Batch,
    ) -> PgResult<()> {
        if let Some(scan) = &self.scan {
            scan.decode(&only.columns, &mut self.decoded)?;
        }
        for (column, value) in only.columns.iter().zip(&mut self.decoded) {
            self.slot[*column] = value.take();
        }
        let rows = Rows::scan(RowView::Slice(&self.slot));
        if !self.ranges.exact && !all_hold(&only.recheck, &rows, cx)? {
            return Ok(());
        }
        if !all_hold(&only.qual, &rows, cx)? {
            note(cx, spec.base.key, |i| i.filtered += 1.0);
            return Ok(());
        }
        only.projection.emit(&rows, cx, out)
    }

    fn next(
        &mut self,
        spec: &IndexScanSpec,
        cx: &mut Cx<'_>,
        out: &mut Batch,
        max_rows: usize,
    ) -> PgResult<bool> {
        if cx.es.epq.is_some() {
            if let Some(found) = spec.base.next_recheck(cx, &mut self.epq_done, out)? {
                return Ok(found);
            }
        }
        let width = match &spec.index_only {
            Some(only) => only.projection.width(),
            None => spec.base.projection.width(),
        };
        out.reset(width);
        if !self.keys_ready {
            spec.keys.ranges(cx, spec.backward, &mut self.ranges)?;
            self.keys_ready = true;
        }
        let mut steps = 0usize;
        while out.len() < max_rows {
            let Some(rowid) = self.next_rowid(spec, cx)? else { break };
            if let Some(only) = &spec.index_only {
                self.emit_entry(spec, cx, only, out)?;
            } else {
                let found =
                    spec.base.fetch(cx.es.txn(), cx.es.snapshot(), rowid, &mut self.slot)?;
                if found && spec.base.emit_slot(cx, &mut self.slot, !self.ranges.exact, out)? {
                    spec.base.note_row(cx, rowid);
                }
            }
            steps += 1;
            if steps.is_multiple_of(BATCH_ROWS) {
                cx.check_interrupts()?;
            }
        }
        Ok(!out.is_empty())
    }
}

impl ExecNode for IndexScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        self.state.next(&self.spec, cx, out, max_rows)
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.state.scan = None;
        self.state.range = 0;
        self.state.keys_ready = false;
        self.state.epq_done = false;
        Ok(())
    }
}
