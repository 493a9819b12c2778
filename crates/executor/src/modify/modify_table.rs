//! ModifyTable: INSERT, UPDATE, DELETE and MERGE.
use super::{
    CheckOption, ChangeOutcome, EpqRows, MergeActionSpec, OnConflictSpec, RecheckRel, Target,
    recheck,
    row_change::lock_for_change,
    slot_of,
};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::CExpr,
    node::{ExecNode, Input, NodeSpec, Projection},
    plan_spec::PlanSpec,
};
use error::{PgError, PgResult, err};
use nodes::CmdType;
use std::sync::Arc;
use table::{KeyEncoder, RowLockMode, Rowid};
use types::Datum;

/// One target of the statement.
pub(crate) struct ResultRel {
    pub(crate) rti: i32,
    pub(crate) target: Arc<Target>,
    /// UPDATE: columns set (from 0), in the order of the input's columns.
    pub(crate) update_columns: Box<[u16]>,
    pub(crate) check_options: Box<[CheckOption]>,
    pub(crate) returning: Option<Projection>,
    pub(crate) merge_actions: Box<[MergeActionSpec]>,
    pub(crate) merge_join_condition: Option<CExpr>,
}

pub(crate) struct ModifyTableSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) operation: CmdType,
    pub(crate) can_set_tag: bool,
    pub(crate) rels: Box<[ResultRel]>,
    /// Positions of the junk columns in the input.
    pub(crate) ctid_col: Option<usize>,
    pub(crate) tableoid_col: Option<usize>,
    pub(crate) on_conflict: Option<OnConflictSpec>,
    /// Other relations, refetched for re-checks.
    pub(crate) recheck_rels: Box<[RecheckRel]>,
    pub(crate) width: usize,
}

pub(crate) struct ModifyTable {
    pub(crate) spec: Arc<ModifyTableSpec>,
    input: Input,
    pub(crate) encoder: KeyEncoder,
    /// The input row.
    pub(crate) plan_row: Vec<Datum>,
    done: bool,
}

/// What a change did, for RETURNING.
pub(crate) struct Changed {
    pub(crate) old: Option<Vec<Datum>>,
    pub(crate) new: Option<Vec<Datum>>,
    /// ON CONFLICT's excluded row.
    pub(crate) inner: Option<Vec<Datum>>,
}

impl NodeSpec for ModifyTableSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = Input::new(self.input.start(cx)?);
        Ok(Box::new(ModifyTable {
            spec: self,
            input,
            encoder: KeyEncoder::new(),
            plan_row: Vec::new(),
            done: false,
        }))
    }
}

impl ModifyTable {
    /// The target of the input row.
    fn rel_of_row(&self) -> PgResult<usize> {
        let Some(at) = self.spec.tableoid_col.filter(|_| self.spec.rels.len() > 1) else {
            return Ok(0);
        };
        let Datum::Oid(oid) = self.plan_row[at] else { return Ok(0) };
        self.spec
            .rels
            .iter()
            .position(|r| r.target.rel.oid == oid)
            .ok_or_else(|| PgError::internal(format!("row of unexpected relation {oid}")))
    }

    /// The id of the target row that the input row is about.
    fn target_row(&self) -> PgResult<Option<Rowid>> {
        let Some(at) = self.spec.ctid_col else {
            return Err(PgError::internal("ctid column is missing in the plan"));
        };
        Ok(match &self.plan_row[at] {
            Datum::Int8(tid) => Rowid::from_tid(*tid),
            _ => None,
        })
    }

    /// The row as the snapshot sees it.
    pub(crate) fn fetch_old(
        &self,
        cx: &Cx<'_>,
        rel: &ResultRel,
        rowid: Rowid,
    ) -> PgResult<Option<(Vec<Datum>, u64)>> {
        let heap = &rel.target.heap;
        let mut row = Vec::with_capacity(rel.target.width() + crate::expr::SYSTEM_COLUMNS);
        let xid = heap.fetch_with(cx.es.txn(), cx.es.snapshot(), rowid, |r, large| {
            r.decode_all(&heap.desc().missing, large, &mut row)?;
            Ok(r.xid())
        })?;
        Ok(xid.map(|xid| (row, xid)))
    }

    /// Runs the plan again with the latest version of a target row; false if the row no longer
    /// qualifies. On success the plan row is the new one.
    pub(crate) fn recheck_row(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        rowid: Rowid,
        latest: &[Datum],
    ) -> PgResult<bool> {
        let spec = self.spec.clone();
        let mut rows = EpqRows::default();
        let slot = slot_of(&rel.target.rel, latest.to_vec(), rowid, 0);
        rows.rows.insert(rel.rti, Some(slot));
        for other in spec.rels.iter().filter(|r| r.rti != rel.rti) {
            rows.rows.insert(other.rti, None);
        }
        for other in &spec.recheck_rels {
            rows.rows.insert(other.rti, other.row(cx, &self.plan_row)?);
        }
        match recheck(cx, &spec.input, rows)? {
            Some(row) => {
                self.plan_row = row;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Checks and stores a new row.
    pub(crate) fn insert_row(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        mut values: Vec<Datum>,
    ) -> PgResult<Option<Changed>> {
        let target = &rel.target;
        target.generate(cx, &mut values)?;
        let rows = Rows {
            scan: RowView::Slice(&values),
            outer: RowView::Slice(&self.plan_row),
            ..Rows::NONE
        };
        target.check_options(&rel.check_options, "rls_insert", &rows, &values, cx)?;
        target.check_row(cx, &values)?;
        let spec = self.spec.clone();
        if let Some(on_conflict) = &spec.on_conflict {
            if let Some(changed) = self.resolve_conflict(cx, rel, on_conflict, &values)? {
                return Ok(changed);
            }
        }
        let rowid = target.store(cx, &mut self.encoder, &values)?;
        let new = slot_of(&target.rel, values, rowid, cx.es.txn().xid()?);
        self.check_view(cx, rel, &new)?;
        self.count(cx);
        Ok(Some(Changed { old: None, new: Some(new), inner: None }))
    }

    pub(crate) fn check_view(&self, cx: &mut Cx<'_>, rel: &ResultRel, new: &[Datum]) -> PgResult<()> {
        if rel.check_options.is_empty() {
            return Ok(());
        }
        let rows = Rows {
            scan: RowView::Slice(new),
            outer: RowView::Slice(&self.plan_row),
            ..Rows::NONE
        };
        rel.target.check_options(&rel.check_options, "view", &rows, new, cx)
    }

    pub(crate) fn count(&self, cx: &mut Cx<'_>) {
        if self.spec.can_set_tag {
            cx.es.processed += 1;
        }
    }

    /// Checks and stores the new version of a locked row.
    pub(crate) fn update_row(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        rowid: Rowid,
        old: Vec<Datum>,
        mut new: Vec<Datum>,
    ) -> PgResult<Changed> {
        let target = &rel.target;
        target.generate(cx, &mut new)?;
        let rows = Rows {
            scan: RowView::Slice(&new),
            outer: RowView::Slice(&self.plan_row),
            ..Rows::NONE
        };
        target.check_options(&rel.check_options, "rls_update", &rows, &new, cx)?;
        target.check_row(cx, &new)?;
        target.replace(cx, &mut self.encoder, rowid, &old, &new)?;
        let xid = cx.es.txn().xid()?;
        let new = slot_of(&target.rel, new, rowid, xid);
        self.check_view(cx, rel, &new)?;
        let old = slot_of(&target.rel, old, rowid, xid);
        Ok(Changed { old: Some(old), new: Some(new), inner: None })
    }

    /// The new version of a row from the plan's columns.
    fn merge_columns(rel: &ResultRel, old: &[Datum], plan_row: &[Datum]) -> Vec<Datum> {
        let mut new = old.to_vec();
        for (column, value) in rel.update_columns.iter().zip(plan_row) {
            new[*column as usize] = value.clone();
        }
        new
    }

    fn update(&mut self, cx: &mut Cx<'_>, rel: &ResultRel) -> PgResult<Option<Changed>> {
        let Some(rowid) = self.target_row()? else {
            return Err(PgError::internal("ctid is NULL"));
        };
        let Some((mut old, _)) = self.fetch_old(cx, rel, rowid)? else { return Ok(None) };
        let mut new = Self::merge_columns(rel, &old, &self.plan_row);
        loop {
            let mode = match rel.target.changes_key(&old, &new) {
                true => RowLockMode::Update,
                false => RowLockMode::NoKeyUpdate,
            };
            match lock_for_change(cx, &rel.target, rowid, mode, false)? {
                ChangeOutcome::Unchanged => break,
                ChangeOutcome::Gone | ChangeOutcome::SelfModified => return Ok(None),
                ChangeOutcome::Changed(latest) => {
                    if !self.recheck_row(cx, rel, rowid, &latest)? {
                        return Ok(None);
                    }
                    new = Self::merge_columns(rel, &latest, &self.plan_row);
                    old = latest;
                    // The lock is held: only a stronger one may still be wanted.
                    if mode == RowLockMode::NoKeyUpdate && rel.target.changes_key(&old, &new) {
                        lock_for_change(cx, &rel.target, rowid, RowLockMode::Update, false)?;
                    }
                    break;
                }
            }
        }
        let changed = self.update_row(cx, rel, rowid, old, new)?;
        self.count(cx);
        Ok(Some(changed))
    }

    fn delete(&mut self, cx: &mut Cx<'_>, rel: &ResultRel) -> PgResult<Option<Changed>> {
        let Some(rowid) = self.target_row()? else {
            return Err(PgError::internal("ctid is NULL"));
        };
        let old = match lock_for_change(cx, &rel.target, rowid, RowLockMode::Update, true)? {
            ChangeOutcome::Unchanged => match self.fetch_old(cx, rel, rowid)? {
                Some((old, _)) => old,
                None => return Ok(None),
            },
            ChangeOutcome::Gone | ChangeOutcome::SelfModified => return Ok(None),
            ChangeOutcome::Changed(latest) => {
                if !self.recheck_row(cx, rel, rowid, &latest)? {
                    return Ok(None);
                }
                latest
            }
        };
        Ok(Some(self.delete_row(cx, rel, rowid, old)?))
    }

    /// Removes a locked row.
    pub(crate) fn delete_row(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        rowid: Rowid,
        old: Vec<Datum>,
    ) -> PgResult<Changed> {
        rel.target.remove(cx, &mut self.encoder, rowid, &old)?;
        self.count(cx);
        let old = slot_of(&rel.target.rel, old, rowid, cx.es.txn().xid()?);
        Ok(Changed { old: Some(old), new: None, inner: None })
    }

    fn process_row(&mut self, cx: &mut Cx<'_>, out: &mut Batch) -> PgResult<()> {
        let spec = self.spec.clone();
        let at = match spec.operation {
            CmdType::Insert => 0,
            _ => self.rel_of_row()?,
        };
        let rel = &spec.rels[at];
        let changed = match spec.operation {
            CmdType::Insert => {
                let values = self.plan_row.clone();
                self.insert_row(cx, rel, values)?
            }
            CmdType::Update => self.update(cx, rel)?,
            CmdType::Delete => self.delete(cx, rel)?,
            CmdType::Merge => {
                let rowid = self.target_row()?;
                self.merge(cx, rel, rowid)?
            }
            _ => return Err(PgError::internal("unexpected operation of ModifyTable")),
        };
        match (changed, &rel.returning) {
            (Some(changed), Some(projection)) => self.emit(cx, projection, &changed, out),
            _ => Ok(()),
        }
    }

    fn emit(
        &self,
        cx: &mut Cx<'_>,
        projection: &Projection,
        changed: &Changed,
        out: &mut Batch,
    ) -> PgResult<()> {
        let view = |row: &'_ Option<Vec<Datum>>| -> bool { row.is_some() };
        let old = match &changed.old {
            Some(old) => RowView::Slice(old),
            None => RowView::Nulls,
        };
        let new = match &changed.new {
            Some(new) => RowView::Slice(new),
            None => RowView::Nulls,
        };
        let inner = match &changed.inner {
            Some(inner) => RowView::Slice(inner),
            None => RowView::Nulls,
        };
        let scan = if view(&changed.new) { new } else { old };
        let outer = RowView::Slice(&self.plan_row);
        projection.emit(&Rows { scan, outer, inner, old, new, aggs: &[] }, cx, out)
    }
}

impl ExecNode for ModifyTable {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.width);
        while out.len() < max_rows && !self.done {
            if !self.input.advance(cx, BATCH_ROWS)? {
                self.done = true;
                break;
            }
            self.plan_row.clear();
            self.input.row().append_to(&mut self.plan_row);
            self.process_row(cx, out)?;
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        Err(err!(FEATURE_NOT_SUPPORTED, "a data-modifying statement cannot run twice"))
    }
}
