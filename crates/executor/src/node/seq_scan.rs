//! SeqScan and SampleScan: a heap from its beginning.
use super::{
    ExecNode, NodeSpec, ScanBase,
    key_probe::{KeyProbe, Probed},
};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::{CExpr, all_hold},
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

struct SeqScan {
    spec: Arc<SeqScanSpec>,
    scan: Option<HeapScan>,
    slot: Vec<Datum>,
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
        let scan = match &mut self.scan {
            Some(scan) => scan,
            None => {
                if let Some(sample) = &spec.sample {
                    self.sample = Some(sample.start(cx)?);
                }
                let (txn, snapshot) = (cx.es.txn().clone(), cx.es.snapshot().clone());
                self.scan.insert(base.heap.scan(&txn, &snapshot)?)
            }
        };
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
