//! ModifyTable: INSERT, UPDATE, DELETE and MERGE.
use super::{
    ChangeOutcome, CheckOption, EpqRows, MergeActionSpec, OnConflictSpec, RecheckRel, Target,
    Triggers, convert_row, fits_partition, recheck, route, row_change::lock_for_change, slot_of,
};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::CExpr,
    node::{ExecNode, Input, NodeSpec, Projection},
    plan_spec::PlanSpec,
};
use error::{PgError, PgResult, err};
use fmgr::TriggerEvent;
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
    /// The partitioned table that rows may move within.
    pub(crate) root: Option<Arc<Target>>,
    /// Triggers of the relation that the statement names, and the events it may cause, in PostgreSQL's
    /// order of BEFORE STATEMENT triggers.
    pub(crate) named: Option<Arc<Triggers>>,
    pub(crate) events: Box<[TriggerEvent]>,
    pub(crate) wholerow_col: Option<usize>,
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
    begun: bool,
    /// Columns that the present update sets, for UPDATE OF triggers.
    pub(crate) set_columns: Vec<u16>,
    /// Rows of relations with triggers that this command has changed.
    touched: std::collections::HashSet<(types::Oid, u64)>,
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
            begun: false,
            set_columns: Vec::new(),
            touched: Default::default(),
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
        target: &Target,
        rowid: Rowid,
    ) -> PgResult<Option<(Vec<Datum>, u64)>> {
        let heap = &target.heap;
        let mut row = Vec::with_capacity(target.width() + crate::expr::SYSTEM_COLUMNS);
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
        let mut target = rel.target.clone();
        let routed = target.is_routing();
        if target.rel.relkind == 'v' {
            return self.insert_instead(cx, rel, values);
        }
        if routed {
            (target, values) = route(cx, &rel.target.rel, values)?;
        }
        if let Some(triggers) = &target.triggers {
            match triggers.before_row(cx, TriggerEvent::Insert, None, None, Some(values))? {
                Some(row) => values = row,
                None => return Ok(None),
            }
        }
        target.generate(cx, &mut values)?;
        let rows = Rows {
            scan: RowView::Slice(&values),
            outer: RowView::Slice(&self.plan_row),
            ..Rows::NONE
        };
        target.check_options(&rel.check_options, "rls_insert", &rows, &values, cx)?;
        target.check_row(cx, &values)?;
        if !routed {
            target.check_partition(cx, &values)?;
        }
        let spec = self.spec.clone();
        if let Some(on_conflict) = &spec.on_conflict {
            if let Some(changed) = self.resolve_conflict(cx, rel, &target, on_conflict, &values)? {
                return Ok(changed);
            }
        }
        let rowid = target.store(cx, &mut self.encoder, &values)?;
        target.after_row(cx, TriggerEvent::Insert, None, None, Some(&values))?;
        if let Some(named) = &spec.named {
            named.capture(cx, TriggerEvent::Insert, &target.rel, None, Some(&values));
        }
        let values = convert_row(&target.rel, &rel.target.rel, values);
        let mut new = slot_of(&rel.target.rel, values, rowid, cx.es.txn().xid()?);
        set_tableoid(&mut new, &rel.target, &target);
        self.check_view(cx, rel, &new)?;
        self.count(cx);
        Ok(Some(Changed { old: None, new: Some(new), inner: None }))
    }

    pub(crate) fn check_view(
        &self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        new: &[Datum],
    ) -> PgResult<()> {
        if rel.check_options.is_empty() {
            return Ok(());
        }
        let rows =
            Rows { scan: RowView::Slice(new), outer: RowView::Slice(&self.plan_row), ..Rows::NONE };
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
        new: Vec<Datum>,
    ) -> PgResult<Option<Changed>> {
        self.update_in(cx, rel, &rel.target.clone(), rowid, old, new)
    }

    /// As [`ModifyTable::update_row`], for a row of a given partition.
    pub(crate) fn update_in(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        target: &Arc<Target>,
        rowid: Rowid,
        old: Vec<Datum>,
        mut new: Vec<Datum>,
    ) -> PgResult<Option<Changed>> {
        let event = TriggerEvent::Update;
        if let Some(triggers) = target.triggers.as_ref().filter(|t| t.has_before_row(event)) {
            let columns = Some(&self.set_columns[..]);
            match triggers.before_row(cx, event, columns, Some(&old), Some(new))? {
                Some(row) => new = row,
                None => return Ok(None),
            }
            lock_again(cx, target, rowid, target.changes_key(&old, &new), self.verb("updated"))?;
        }
        target.generate(cx, &mut new)?;
        if target.rel.is_partition && !fits_partition(cx, &target.rel, &new)? {
            return self.move_row(cx, rel, target, rowid, old, new);
        }
        let rows = Rows {
            scan: RowView::Slice(&new),
            outer: RowView::Slice(&self.plan_row),
            ..Rows::NONE
        };
        target.check_options(&rel.check_options, "rls_update", &rows, &new, cx)?;
        target.check_row(cx, &new)?;
        target.replace(cx, &mut self.encoder, rowid, &old, &new)?;
        self.touch(target, rowid);
        if target.triggers.is_some() {
            target.after_row(cx, event, Some(&self.set_columns), Some(&old), Some(&new))?;
        }
        if let Some(named) = &self.spec.named {
            named.capture(cx, event, &target.rel, Some(&old), Some(&new));
        }
        let xid = cx.es.txn().xid()?;
        let mut new = slot_of(&target.rel, new, rowid, xid);
        set_tableoid(&mut new, &rel.target, target);
        self.check_view(cx, rel, &new)?;
        let old = slot_of(&target.rel, old, rowid, xid);
        Ok(Some(Changed { old: Some(old), new: Some(new), inner: None }))
    }

    /// Moves a row whose new version belongs to another partition.
    fn move_row(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        target: &Arc<Target>,
        rowid: Rowid,
        old: Vec<Datum>,
        new: Vec<Datum>,
    ) -> PgResult<Option<Changed>> {
        let Some(root) = self.spec.root.clone().filter(|_| self.spec.on_conflict.is_none()) else {
            target.check_partition(cx, &new)?;
            return Err(PgError::internal("row fits its partition after all"));
        };
        let values = convert_row(&target.rel, &root.rel, new);
        let (leaf, mut values) = route(cx, &root.rel, values)?;
        if let Some(triggers) = &target.triggers {
            let event = TriggerEvent::Delete;
            if triggers.before_row(cx, event, None, Some(&old), None)?.is_none() {
                return Ok(None);
            }
        }
        if let Some(triggers) = &leaf.triggers {
            match triggers.before_row(cx, TriggerEvent::Insert, None, None, Some(values))? {
                Some(row) => values = row,
                None => return Ok(None),
            }
        }
        leaf.generate(cx, &mut values)?;
        leaf.check_row(cx, &values)?;
        target.remove(cx, &mut self.encoder, rowid, &old)?;
        target.after_row(cx, TriggerEvent::Delete, None, Some(&old), None)?;
        let new_rowid = leaf.store(cx, &mut self.encoder, &values)?;
        leaf.after_row(cx, TriggerEvent::Insert, None, None, Some(&values))?;
        if let Some(named) = &self.spec.named {
            named.capture(cx, TriggerEvent::Update, &target.rel, Some(&old), None);
            named.capture(cx, TriggerEvent::Update, &leaf.rel, None, Some(&values));
        }
        let xid = cx.es.txn().xid()?;
        let values = convert_row(&leaf.rel, &rel.target.rel, values);
        let mut new = slot_of(&rel.target.rel, values, new_rowid, xid);
        set_tableoid(&mut new, &rel.target, &leaf);
        self.check_view(cx, rel, &new)?;
        let old = slot_of(&target.rel, old, rowid, xid);
        Ok(Some(Changed { old: Some(old), new: Some(new), inner: None }))
    }

    /// The new version of a row from the plan's columns.
    pub(super) fn merge_columns(rel: &ResultRel, old: &[Datum], plan_row: &[Datum]) -> Vec<Datum> {
        let mut new = old.to_vec();
        for (column, value) in rel.update_columns.iter().zip(plan_row) {
            new[*column as usize] = value.clone();
        }
        new
    }

    /// What MERGE's errors say in place of a single verb.
    fn verb(&self, verb: &'static str) -> &'static str {
        match self.spec.operation {
            CmdType::Merge => "updated or deleted",
            _ => verb,
        }
    }

    /// A row that this command has changed already is left alone; one that a trigger has changed is an
    /// error.
    fn check_own_change(&self, rel: &ResultRel, rowid: Rowid, verb: &str) -> PgResult<()> {
        let triggers = rel.target.triggers.is_some();
        match triggers && !self.touched.contains(&(rel.target.rel.oid, rowid.0)) {
            true => Err(already_modified(verb)),
            false => Ok(()),
        }
    }

    /// Notes a changed row of a relation with triggers.
    fn touch(&mut self, target: &Target, rowid: Rowid) {
        if target.triggers.is_some() {
            self.touched.insert((target.rel.oid, rowid.0));
        }
    }

    fn update(&mut self, cx: &mut Cx<'_>, rel: &ResultRel) -> PgResult<Option<Changed>> {
        let Some(rowid) = self.target_row()? else {
            return Err(PgError::internal("ctid is NULL"));
        };
        let Some((mut old, _)) = self.fetch_old(cx, &rel.target, rowid)? else { return Ok(None) };
        let mut new = Self::merge_columns(rel, &old, &self.plan_row);
        let mode = match rel.target.changes_key(&old, &new) {
            true => RowLockMode::Update,
            false => RowLockMode::NoKeyUpdate,
        };
        match lock_for_change(cx, &rel.target, rowid, mode, false)? {
            ChangeOutcome::Unchanged => {}
            ChangeOutcome::Gone => return Ok(None),
            ChangeOutcome::SelfModified => {
                self.check_own_change(rel, rowid, "updated")?;
                return Ok(None);
            }
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
            }
        }
        if rel.target.triggers.is_some() {
            self.set_columns = rel.update_columns.to_vec();
        }
        let changed = self.update_row(cx, rel, rowid, old, new)?;
        if changed.is_some() {
            self.count(cx);
        }
        Ok(changed)
    }

    fn delete(&mut self, cx: &mut Cx<'_>, rel: &ResultRel) -> PgResult<Option<Changed>> {
        let Some(rowid) = self.target_row()? else {
            return Err(PgError::internal("ctid is NULL"));
        };
        let old = match lock_for_change(cx, &rel.target, rowid, RowLockMode::Update, true)? {
            ChangeOutcome::Unchanged => match self.fetch_old(cx, &rel.target, rowid)? {
                Some((old, _)) => old,
                None => return Ok(None),
            },
            ChangeOutcome::Gone => return Ok(None),
            ChangeOutcome::SelfModified => {
                self.check_own_change(rel, rowid, "deleted")?;
                return Ok(None);
            }
            ChangeOutcome::Changed(latest) => {
                if !self.recheck_row(cx, rel, rowid, &latest)? {
                    return Ok(None);
                }
                latest
            }
        };
        self.delete_row(cx, rel, rowid, old)
    }

    /// Removes a locked row.
    pub(crate) fn delete_row(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        rowid: Rowid,
        old: Vec<Datum>,
    ) -> PgResult<Option<Changed>> {
        let event = TriggerEvent::Delete;
        if let Some(triggers) = rel.target.triggers.as_ref().filter(|t| t.has_before_row(event)) {
            if triggers.before_row(cx, event, None, Some(&old), None)?.is_none() {
                return Ok(None);
            }
            lock_again(cx, &rel.target, rowid, true, self.verb("deleted"))?;
        }
        rel.target.remove(cx, &mut self.encoder, rowid, &old)?;
        self.touch(&rel.target, rowid);
        rel.target.after_row(cx, event, None, Some(&old), None)?;
        if let Some(named) = &self.spec.named {
            named.capture(cx, event, &rel.target.rel, Some(&old), None);
        }
        self.count(cx);
        let old = slot_of(&rel.target.rel, old, rowid, cx.es.txn().xid()?);
        Ok(Some(Changed { old: Some(old), new: None, inner: None }))
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
                let mut values = self.plan_row.clone();
                values.resize(rel.target.width(), Datum::Null);
                self.insert_row(cx, rel, values)?
            }
            CmdType::Update | CmdType::Delete if rel.target.rel.relkind == 'v' => {
                self.change_instead(cx, rel)?
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

/// A BEFORE trigger may have changed the very row.
fn lock_again(
    cx: &mut Cx<'_>,
    target: &Target,
    rowid: Rowid,
    whole: bool,
    verb: &str,
) -> PgResult<()> {
    let mode = if whole { RowLockMode::Update } else { RowLockMode::NoKeyUpdate };
    match lock_for_change(cx, target, rowid, mode, false)? {
        ChangeOutcome::SelfModified | ChangeOutcome::Gone => Err(already_modified(verb)),
        _ => Ok(()),
    }
}

#[cold]
fn already_modified(verb: &str) -> PgError {
    err!(
        TRIGGERED_DATA_CHANGE_VIOLATION,
        "tuple to be {verb} was already modified by an operation triggered by the current command"
    )
    .hint(
        "Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other \
         rows.",
    )
}

/// A routed row shows the partition it went to.
fn set_tableoid(slot: &mut [Datum], shown: &Target, stored: &Target) {
    let at = shown.width() + (-nodes::sysattr::TABLEOID) as usize - 1;
    slot[at] = Datum::Oid(stored.rel.oid);
}

impl ExecNode for ModifyTable {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.width);
        if !self.begun {
            self.begun = true;
            self.before_statement(cx)?;
        }
        while out.len() < max_rows && !self.done {
            if !self.input.advance(cx, BATCH_ROWS)? {
                self.done = true;
                self.after_statement(cx)?;
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

    fn restart(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        self.done = false;
        self.input.restart(cx)
    }
}
