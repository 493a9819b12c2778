//! LockRows: SELECT … FOR UPDATE and its kin.
use super::{ExecNode, Input, NodeSpec};
use crate::{
    Cx,
    batch::Batch,
    modify::{EpqRows, RecheckRel, recheck, slot_of},
    plan_spec::PlanSpec,
};
use catalog::RelationDesc;
use error::{PgResult, err};
use nodes::LockWaitPolicy;
use std::sync::Arc;
use table::{Heap, RowLock, RowLockMode, Rowid, WaitPolicy};
use types::Datum;

/// A relation whose rows are locked.
pub(crate) struct LockMark {
    pub(crate) rti: i32,
    pub(crate) rel: Arc<RelationDesc>,
    pub(crate) heap: Heap,
    pub(crate) mode: RowLockMode,
    pub(crate) policy: LockWaitPolicy,
    /// Positions in the input's rows.
    pub(crate) ctid: usize,
    pub(crate) tableoid: Option<usize>,
}

pub(crate) struct LockRowsSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) marks: Box<[LockMark]>,
    /// Relations that are only refetched for re-checks.
    pub(crate) recheck_rels: Box<[RecheckRel]>,
}

struct LockRows {
    spec: Arc<LockRowsSpec>,
    input: Input,
    row: Vec<Datum>,
}

impl NodeSpec for LockRowsSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = Input::new(self.input.start(cx)?);
        Ok(Box::new(LockRows { spec: self, input, row: Vec::new() }))
    }
}

impl LockRows {
    /// Locks the rows behind the input row; false if it is to be left out. The row may change.
    fn lock(&mut self, cx: &mut Cx<'_>) -> PgResult<bool> {
        let spec = self.spec.clone();
        let mut changed: Vec<(i32, Vec<Datum>)> = Vec::new();
        for mark in &spec.marks {
            if let Some(at) = mark.tableoid {
                if !matches!(self.row[at], Datum::Oid(oid) if oid == mark.rel.oid) {
                    continue;
                }
            }
            let Datum::Int8(tid) = self.row[mark.ctid] else { continue };
            let Some(rowid) = Rowid::from_tid(tid) else { continue };
            let policy = match mark.policy {
                LockWaitPolicy::Block => WaitPolicy::Block,
                _ => WaitPolicy::Skip,
            };
            let (txn, snapshot) = (cx.es.txn().clone(), cx.es.snapshot().clone());
            let locked = mark.heap.lock_row(&txn, rowid, mark.mode, policy, &snapshot);
            let locked = locked
                .map_err(|e| crate::modify::wait_context(e, "locking", rowid, &mark.rel.name))?;
            match locked {
                RowLock::Unchanged => {}
                RowLock::Own { cid, .. } if cid < snapshot.curcid() => {}
                RowLock::Own { .. } | RowLock::OwnDeleted { .. } => return Ok(false),
                RowLock::NotAvailable if mark.policy == LockWaitPolicy::Skip => return Ok(false),
                RowLock::NotAvailable => {
                    return Err(err!(
                        LOCK_NOT_AVAILABLE,
                        "could not obtain lock on row in relation \"{}\"",
                        mark.rel.name
                    ));
                }
                RowLock::Deleted => {
                    if crate::modify::is_repeatable(cx) {
                        return Err(crate::modify::serialization_failure("update"));
                    }
                    return Ok(false);
                }
                RowLock::Changed(bytes) => {
                    if crate::modify::is_repeatable(cx) {
                        return Err(crate::modify::serialization_failure("update"));
                    }
                    let mut latest = Vec::new();
                    mark.heap.decode_latest(&txn, rowid, &bytes, &mut latest)?;
                    changed.push((mark.rti, slot_of(&mark.rel, latest, rowid, 0)));
                }
            }
        }
        if changed.is_empty() {
            return Ok(true);
        }
        self.recheck(cx, changed)
    }

    fn recheck(&mut self, cx: &mut Cx<'_>, changed: Vec<(i32, Vec<Datum>)>) -> PgResult<bool> {
        let spec = self.spec.clone();
        let mut rows = EpqRows::default();
        for mark in &spec.marks {
            let same = RecheckRel {
                rti: mark.rti,
                rel: Some(mark.rel.clone()),
                heap: Some(mark.heap.clone()),
                ctid: Some(mark.ctid),
                whole_row: None,
            };
            rows.rows.insert(mark.rti, same.row(cx, &self.row)?);
        }
        for other in &spec.recheck_rels {
            rows.rows.insert(other.rti, other.row(cx, &self.row)?);
        }
        for (rti, row) in changed {
            rows.rows.insert(rti, Some(row));
        }
        match recheck(cx, &spec.input, rows)? {
            Some(row) => {
                self.row = row;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

impl ExecNode for LockRows {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.input.width);
        while out.len() < max_rows {
            if !self.input.advance(cx, max_rows - out.len())? {
                break;
            }
            self.row.clear();
            self.input.row().append_to(&mut self.row);
            if self.lock(cx)? {
                out.push_owned(self.row.drain(..));
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.input.rescan(cx, changed)
    }
}
