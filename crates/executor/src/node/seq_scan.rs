//! SeqScan and SampleScan: a heap from its beginning.
use super::{
    ExecNode, NodeSpec, ScanBase,
    key_probe::{KeyProbe, Probed},
};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, Column, RowView, Rows},
    expr::{CExpr, Frame, Side, all_hold},
    plan_spec::note,
};
use error::{PgResult, err};
use std::sync::Arc;
use table::{HeapScan, Rowid};
use types::{Datum, hash};

/// TABLESAMPLE.
pub(crate) struct Sample {
    /// By block (SYSTEM) rather than by row (BERNOULLI).
    pub(crate) by_block: bool,
    pub(crate) percent: CExpr,
    pub(crate) repeatable: Option<CExpr>,
}

pub(crate) struct SeqScanSpec {
    pub(crate) base: ScanBase,
    pub(crate) sample: Option<Sample>,
    pub(crate) probe: Option<KeyProbe>,
}

/// Who asks for fewer rows at first is likely to stop soon.
const FEW_ROWS: usize = 64;

struct SeqScan {
    spec: Arc<SeqScanSpec>,
    scan: Option<HeapScan>,
    slot: Vec<Datum>,
    /// Attributes of a run of rows.
    columns: Vec<Column>,
    /// An expression failed over columns: rows go one by one, so that the right one raises the error.
    by_row: bool,
    /// Hash cutoff and seed of a sample.
    sample: Option<(u64, u32)>,
    epq_done: bool,
    done: bool,
}

impl NodeSpec for SeqScanSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let slot = self.base.slot();
        Ok(Box::new(SeqScan {
            spec: self,
            scan: None,
            columns: Vec::new(),
            by_row: false,
            slot,
            sample: None,
            epq_done: false,
            done: false,
        }))
    }
}

impl Sample {
    fn start(&self, cx: &mut Cx<'_>) -> PgResult<(u64, u32)> {
        let percent = match self.percent.eval(&Rows::NONE, cx)? {
            Datum::Float4(v) => f64::from(v),
            Datum::Float8(v) => v,
            _ => {
                return Err(err!(
                    INVALID_TABLESAMPLE_ARGUMENT,
                    "TABLESAMPLE parameter cannot be null"
                ));
            }
        };
        if !(0.0..=100.0).contains(&percent) {
            return Err(err!(
                INVALID_TABLESAMPLE_ARGUMENT,
                "sample percentage must be between 0 and 100"
            ));
        }
        let seed = match &self.repeatable {
            None => cx.session.random_u64() as u32,
            Some(expr) => match expr.eval(&Rows::NONE, cx)? {
                Datum::Float8(v) => {
                    let v = if v == 0.0 { 0.0 } else { v };
                    hash::bytes(&v.to_le_bytes())
                }
                _ => {
                    return Err(err!(
                        INVALID_TABLESAMPLE_REPEAT,
                        "TABLESAMPLE REPEATABLE parameter cannot be null"
                    ));
                }
            },
        };
        Ok(((4_294_967_296.0 * percent / 100.0).round_ties_even() as u64, seed))
    }

    /// Whether a row belongs to the sample.
    fn takes(&self, cutoff: u64, seed: u32, rowid: Rowid) -> bool {
        let tid = rowid.to_tid() as u64;
        let (block, offset) = ((tid >> 16) as u32, tid as u32 & 0xffff);
        let mut input = Vec::with_capacity(12);
        input.extend_from_slice(&block.to_le_bytes());
        if !self.by_block {
            input.extend_from_slice(&offset.to_le_bytes());
        }
        input.extend_from_slice(&seed.to_le_bytes());
        u64::from(hash::bytes(&input)) < cutoff
    }
}

impl SeqScan {
    /// As `next`, over runs of rows. The scan has not moved past the rows of a run that fails.
    fn next_columnar(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut Batch,
        max_rows: usize,
    ) -> PgResult<bool> {
        let spec = self.spec.clone();
        let base = &spec.base;
        let Some(scan) = &mut self.scan else { return Ok(false) };
        self.columns.resize_with(base.width, Vec::new);
        let mut filtered = 0;
        while out.is_empty() {
            let Some(run) = scan.run(max_rows.min(BATCH_ROWS))? else {
                self.done = true;
                break;
            };
            let len = run.len();
            let mut rows = Vec::new();
            run.rows(&base.desc, &mut rows)?;
            let columns = &mut self.columns;
            for att in &base.for_qual.atts {
                let column = &mut columns[*att as usize];
                column.clear();
                scan.decode_column(&run, &rows, None, *att as usize, column)?;
            }
            let mut kept: Option<Vec<u16>> = None;
            if !base.qual.is_empty() {
                let mut sel: Vec<u16> = (0..len as u16).collect();
                let frame = Frame { columns, len, side: Side::Scan };
                for qual in &base.qual {
                    qual.filter(&frame, &mut sel, cx)?;
                }
                filtered += len - sel.len();
                if sel.is_empty() {
                    scan.skip(len)?;
                    cx.check_interrupts()?;
                    continue;
                }
                if sel.len() < len {
                    for att in &base.for_qual.atts {
                        compact(&mut columns[*att as usize], &sel);
                    }
                    rows = sel.iter().map(|row| rows[*row as usize]).collect();
                    kept = Some(sel);
                }
            }
            for att in &base.for_rest.atts {
                let column = &mut columns[*att as usize];
                column.clear();
                scan.decode_column(&run, &rows, kept.as_deref(), *att as usize, column)?;
            }
            let len = rows.len();
            if let Some(take) = &base.take {
                for (column, att) in out.columns.iter_mut().zip(take) {
                    std::mem::swap(column, &mut columns[*att as usize]);
                }
            } else {
                let frame = Frame { columns, len, side: Side::Scan };
                for (expr, column) in base.projection.exprs.iter().zip(&mut out.columns) {
                    expr.eval_column(&frame, None, cx)?.append_to(len, column);
                }
            }
            drop(rows);
            scan.skip(run.len())?;
            out.set_len(len);
        }
        if filtered > 0 {
            note(cx, base.key, |i| i.filtered += filtered as f64);
        }
        cx.check_interrupts()?;
        Ok(!out.is_empty())
    }

    /// The row that the scan would return, if the filter names one key; `None` if the scan has to be made.
    fn probe(&mut self, cx: &mut Cx<'_>, out: &mut Batch) -> PgResult<Option<bool>> {
        let spec = self.spec.clone();
        let Some(probe) = &spec.probe else { return Ok(None) };
        let Probed::Row(found) = probe.find(cx)? else { return Ok(None) };
        self.done = true;
        let Some(rowid) = found else { return Ok(Some(false)) };
        let base = &spec.base;
        if base.fetch(cx.es.txn(), cx.es.snapshot(), rowid, &mut self.slot)?
            && base.emit_slot(cx, &mut self.slot, false, out)?
        {
            base.note_row(cx, rowid);
        }
        Ok(Some(!out.is_empty()))
    }
}

/// Keeps of a column the rows at ascending positions.
fn compact(column: &mut Column, rows: &[u16]) {
    for (at, row) in rows.iter().enumerate() {
        column.swap(at, *row as usize);
    }
    column.truncate(rows.len());
}

impl ExecNode for SeqScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        let base = &spec.base;
        if cx.es.epq.is_some() {
            if let Some(found) = base.next_recheck(cx, &mut self.epq_done, out)? {
                return Ok(found);
            }
        }
        out.reset(base.projection.width());
        if self.done {
            return Ok(false);
        }
        if self.scan.is_none()
            && let Some(found) = self.probe(cx, out)?
        {
            return Ok(found);
        }
        // count(*): nothing is read of the rows.
        let counts_only =
            base.qual.is_empty() && base.projection.width() == 0 && spec.sample.is_none();
        let scan = match &mut self.scan {
            Some(scan) => scan,
            None => {
                if let Some(sample) = &spec.sample {
                    self.sample = Some(sample.start(cx)?);
                }
                let (txn, snapshot) = (cx.es.txn().clone(), cx.es.snapshot().clone());
                self.scan.insert(match max_rows < FEW_ROWS {
                    true => base.heap.scan_engine(&txn, &snapshot)?,
                    false => base.heap.scan(&txn, &snapshot)?,
                })
            }
        };
        if counts_only && cx.es.scan_tids.is_none() {
            let rows = scan.skip(max_rows)?;
            self.done = rows == 0;
            out.add_empty_rows(rows);
            cx.check_interrupts()?;
            return Ok(rows > 0);
        }
        let columnar = base.columnar
            && !self.by_row
            && spec.sample.is_none()
            && scan.has_runs()
            && cx.es.scan_tids.is_none();
        if columnar {
            match self.next_columnar(cx, out, max_rows) {
                Ok(more) => return Ok(more),
                Err(_) => {
                    out.reset(base.projection.width());
                    self.by_row = true;
                }
            }
            cx.check_interrupts()?;
        }
        let Some(scan) = &mut self.scan else { return Ok(false) };
        let mut filtered = 0usize;
        while out.len() < max_rows {
            if !scan.advance()? {
                self.done = true;
                break;
            }
            let rowid = scan.rowid();
            if let (Some(sample), Some((cutoff, seed))) = (&spec.sample, self.sample) {
                if !sample.takes(cutoff, seed, rowid) {
                    continue;
                }
            }
            let row = scan.row()?;
            let large = scan.large();
            base.decode(&base.for_qual, rowid, &row, &large, &mut self.slot)?;
            if !all_hold(&base.qual, &Rows::scan(RowView::Slice(&self.slot)), cx)? {
                filtered += 1;
                if filtered.is_multiple_of(BATCH_ROWS) {
                    cx.check_interrupts()?;
                }
                continue;
            }
            base.decode(&base.for_rest, rowid, &row, &large, &mut self.slot)?;
            base.project(cx, &mut self.slot, out)?;
            base.note_row(cx, rowid);
        }
        if filtered > 0 {
            note(cx, base.key, |i| i.filtered += filtered as f64);
        }
        cx.check_interrupts()?;
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.epq_done = false;
        self.done = false;
        self.by_row = false;
        match (&mut self.scan, &self.spec.sample) {
            (Some(scan), None) => scan.rewind(),
            _ => self.scan = None,
        }
        Ok(())
    }

    fn restart(&mut self, _cx: &mut Cx<'_>) -> PgResult<()> {
        self.epq_done = false;
        self.done = false;
        self.scan = None;
        Ok(())
    }
}
