//! Re-checks after a concurrent update (PostgreSQL's EvalPlanQual): the plan runs again for one
//! combination of rows.
use crate::{Cx, batch::Batch, expr::SYSTEM_COLUMNS, node::fill_system, plan_spec::PlanSpec};
use catalog::RelationDesc;
use error::PgResult;
use std::{collections::HashMap, sync::Arc};
use table::{Heap, Rowid};
use types::Datum;

/// The rows that scans return in a re-check, by range table index; `None`: no row.
#[derive(Default)]
pub(crate) struct EpqRows {
    pub(crate) rows: HashMap<i32, Option<Vec<Datum>>>,
}

/// In a re-check: the row that stands for a range table entry's scan. Outer `None`: scan as usual.
#[inline]
pub(crate) fn epq_row(cx: &Cx<'_>, rti: i32) -> Option<Option<Vec<Datum>>> {
    cx.es.epq.as_ref().and_then(|epq| epq.rows.get(&rti).cloned())
}

/// A relation whose row is refetched for a re-check.
pub(crate) struct RecheckRel {
    pub(crate) rti: i32,
    pub(crate) rel: Option<Arc<RelationDesc>>,
    pub(crate) heap: Option<Heap>,
    /// Position of its ctid in the plan's rows (from 0).
    pub(crate) ctid: Option<usize>,
    /// Position of its whole row.
    pub(crate) whole_row: Option<usize>,
}

impl RecheckRel {
    /// The row that the plan saw, with system columns.
    pub(crate) fn row(&self, cx: &Cx<'_>, plan_row: &[Datum]) -> PgResult<Option<Vec<Datum>>> {
        if let Some(at) = self.whole_row {
            return Ok(match plan_row.get(at) {
                Some(Datum::Record(record)) => {
                    let mut row = record.fields.clone();
                    row.resize(row.len() + SYSTEM_COLUMNS, Datum::Null);
                    Some(row)
                }
                _ => None,
            });
        }
        let (Some(at), Some(heap), Some(rel)) = (self.ctid, &self.heap, &self.rel) else {
            return Ok(None);
        };
        let Some(Datum::Int8(tid)) = plan_row.get(at) else { return Ok(None) };
        let Some(rowid) = Rowid::from_tid(*tid) else { return Ok(None) };
        let (tx, snapshot) = (cx.es.txn(), cx.es.snapshot());
        let mut slot = Vec::new();
        let xid = heap.fetch_with(tx, snapshot, rowid, |row, large| {
            row.decode_all(&heap.desc().missing, large, &mut slot)?;
            Ok(row.xid())
        })?;
        let Some(xid) = xid else { return Ok(None) };
        slot.resize(rel.attrs.len() + SYSTEM_COLUMNS, Datum::Null);
        fill_system(&mut slot, rel.attrs.len(), rowid, xid, rel.oid);
        Ok(Some(slot))
    }
}

/// Runs a plan for the given rows; the row it yields, if any.
pub(crate) fn recheck(
    cx: &mut Cx<'_>,
    plan: &Arc<PlanSpec>,
    rows: EpqRows,
) -> PgResult<Option<Vec<Datum>>> {
    let saved_epq = cx.es.epq.replace(Box::new(rows));
    // The running plan goes on with its own params afterwards.
    let saved: Vec<(Datum, Option<u32>)> =
        cx.es.exec_params.iter().map(|p| (p.value.clone(), p.pending)).collect();
    let saved_subplans: Vec<_> = cx.es.subplans.iter_mut().map(Option::take).collect();
    let result = run_once(cx, plan);
    cx.es.subplans = saved_subplans;
    for (slot, (value, pending)) in cx.es.exec_params.iter_mut().zip(saved) {
        slot.value = value;
        slot.pending = pending;
    }
    cx.es.epq = saved_epq;
    result
}

fn run_once(cx: &mut Cx<'_>, plan: &Arc<PlanSpec>) -> PgResult<Option<Vec<Datum>>> {
    let mut node = plan.start(cx)?;
    let mut batch = Batch::default();
    Ok(match node.next(cx, &mut batch, 1)? {
        true => Some(batch.row_vec(0)),
        false => None,
    })
}
