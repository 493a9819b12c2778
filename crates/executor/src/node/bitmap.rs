//! BitmapHeapScan over BitmapIndexScan, BitmapAnd and BitmapOr: rows in heap order.
use super::{
    ExecNode, NodeSpec, ScanBase,
    index_keys::{IndexKeys, KeyRanges},
};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch},
    estate::Instrumentation,
    plan_spec::note,
};
use error::PgResult;
use std::sync::Arc;
use table::{Index, IndexScan, KeyEncoder, Rowid};
use types::Datum;

/// What makes a set of row ids.
pub(crate) enum BitmapSource {
    Index { keys: IndexKeys, index: Index, key: usize },
    And(Box<[BitmapSource]>, usize),
    Or(Box<[BitmapSource]>, usize),
}

pub(crate) struct BitmapHeapSpec {
    pub(crate) base: ScanBase,
    pub(crate) source: BitmapSource,
}

struct BitmapHeapScan {
    spec: Arc<BitmapHeapSpec>,
    rows: Option<Vec<u64>>,
    exact: bool,
    position: usize,
    slot: Vec<Datum>,
    epq_done: bool,
}

impl NodeSpec for BitmapHeapSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let slot = self.base.slot();
        Ok(Box::new(BitmapHeapScan {
            spec: self,
            rows: None,
            exact: true,
            position: 0,
            slot,
            epq_done: false,
        }))
    }
}

impl BitmapSource {
    /// Row ids in ascending order, and whether all of them satisfy the quals.
    fn collect(&self, cx: &mut Cx<'_>) -> PgResult<(Vec<u64>, bool)> {
        let count = |rows: &Vec<u64>| {
            let rows = rows.len() as f64;
            move |i: &mut Instrumentation| {
                i.rows += rows;
                i.loops += 1.0;
            }
        };
        match self {
            BitmapSource::Index { keys, index, key } => {
                let (rows, exact) = collect_index(keys, index, cx)?;
                note(cx, *key, count(&rows));
                Ok((rows, exact))
            }
            BitmapSource::And(parts, key) => {
                let mut all: Option<(Vec<u64>, bool)> = None;
                for part in parts {
                    let (rows, exact) = part.collect(cx)?;
                    all = Some(match all {
                        None => (rows, exact),
                        Some((mut kept, was)) => {
                            kept.retain(|r| rows.binary_search(r).is_ok());
                            (kept, was && exact)
                        }
                    });
                }
                let all = all.unwrap_or_default();
                note(cx, *key, count(&all.0));
                Ok(all)
            }
            BitmapSource::Or(parts, key) => {
                let mut all = (Vec::new(), true);
                for part in parts {
                    let (mut rows, exact) = part.collect(cx)?;
                    all.0.append(&mut rows);
                    all.1 &= exact;
                }
                all.0.sort_unstable();
                all.0.dedup();
                note(cx, *key, count(&all.0));
                Ok(all)
            }
        }
    }
}

fn collect_index(keys: &IndexKeys, index: &Index, cx: &mut Cx<'_>) -> PgResult<(Vec<u64>, bool)> {
    let mut ranges = KeyRanges::default();
    keys.ranges(cx, false, &mut ranges)?;
    let mut encoder = KeyEncoder::new();
    let mut rows = Vec::new();
    for range in &ranges.ranges {
        let mut scan = IndexScan::new(
            index.desc().clone(),
            cx.es.txn(),
            cx.es.snapshot(),
            &mut encoder,
            range,
            false,
        )?;
        while let Some(rowid) = scan.advance()? {
            rows.push(rowid.0);
            if rows.len() % BATCH_ROWS == 0 {
                cx.check_interrupts()?;
            }
        }
    }
    rows.sort_unstable();
    rows.dedup();
    Ok((rows, ranges.exact))
}

impl ExecNode for BitmapHeapScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        if cx.es.epq.is_some() {
            if let Some(found) = spec.base.next_recheck(cx, &mut self.epq_done, out)? {
                return Ok(found);
            }
        }
        out.reset(spec.base.projection.width());
        if self.rows.is_none() {
            let (rows, exact) = spec.source.collect(cx)?;
            self.rows = Some(rows);
            self.exact = exact;
        }
        let Some(rows) = &self.rows else { return Ok(false) };
        while out.len() < max_rows && self.position < rows.len() {
            let rowid = Rowid(rows[self.position]);
            self.position += 1;
            if spec.base.fetch(cx.es.txn(), cx.es.snapshot(), rowid, &mut self.slot)?
                && spec.base.emit_slot(cx, &mut self.slot, !self.exact, out)?
            {
                spec.base.note_row(cx, rowid);
            }
        }
        cx.check_interrupts()?;
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.rows = None;
        self.position = 0;
        self.epq_done = false;
        Ok(())
    }
}
