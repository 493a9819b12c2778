//! INSERT … ON CONFLICT.
use super::{
    ChangeOutcome, Target, TargetIndex,
    modify_table::{Changed, ModifyTable, ResultRel},
    row_change::{is_repeatable, serialization_failure},
    slot_of,
};
use crate::{
    Cx,
    batch::{RowView, Rows},
    expr::CExpr,
};
use catalog::RelationDesc;
use error::{PgResult, err, not_supported};
use std::sync::Arc;
use table::{RowLock, RowLockMode, Rowid, WaitPolicy};
use types::{Datum, Oid};

/// What to do about a conflict.
pub(crate) struct OnConflictSpec {
    /// Arbiter indexes; empty: every unique index.
    pub(crate) arbiters: Box<[Oid]>,
    /// DO UPDATE: columns (from 0) with their expressions, and WHERE.
    pub(crate) update: Option<(Box<[(u16, CExpr)]>, Option<CExpr>)>,
}

impl OnConflictSpec {
    /// Whether an index, or the partitioned index it belongs to, decides about conflicts.
    fn is_arbiter(&self, cx: &Cx<'_>, index: &TargetIndex) -> PgResult<bool> {
        if !index.desc.unique {
            return Ok(false);
        }
        if self.arbiters.is_empty() || self.arbiters.contains(&index.desc.oid) {
            return Ok(true);
        }
        let mut oid = index.desc.oid;
        while let Some(parent) = cx.catalog.inheritance_parents(oid)?.first().copied() {
            if self.arbiters.contains(&parent) {
                return Ok(true);
            }
            oid = parent;
        }
        Ok(false)
    }
}

impl ModifyTable {
    /// Looks for a row that a new one is in conflict with. `None`: there is none, go on and insert.
    pub(crate) fn resolve_conflict(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        target: &Arc<Target>,
        spec: &OnConflictSpec,
        values: &[Datum],
    ) -> PgResult<Option<Option<Changed>>> {
        let txn = cx.es.txn().clone();
        'again: loop {
            for index in &target.indexes {
                if !spec.is_arbiter(cx, index)? {
                    continue;
                }
                if !index.desc.immediate {
                    return Err(err!(
                        OBJECT_NOT_IN_PREREQUISITE_STATE,
                        "ON CONFLICT does not support deferrable unique constraints/exclusion \
                         constraints as arbiters"
                    ));
                }
                if !index.covers(cx, values)? {
                    continue;
                }
                let key = index.values(cx, values)?;
                let found = index.index.find_conflict(&txn, &mut self.encoder, &key, None)?;
                let Some(rowid) = found else { continue };
                let Some((sets, condition)) = &spec.update else {
                    self.check_visible(cx, target, rowid)?;
                    return Ok(Some(None));
                };
                match self.update_conflicting(cx, rel, target, rowid, sets, condition, values)? {
                    Some(changed) => return Ok(Some(changed)),
                    // The row went away meanwhile.
                    None => continue 'again,
                }
            }
            return Ok(None);
        }
    }

    /// Above READ COMMITTED the conflicting row must be visible.
    fn check_visible(&self, cx: &Cx<'_>, target: &Target, rowid: Rowid) -> PgResult<()> {
        if !is_repeatable(cx) {
            return Ok(());
        }
        let (txn, snapshot) = (cx.es.txn(), cx.es.snapshot());
        let seen = target.heap.fetch_with(txn, snapshot, rowid, |_, _| Ok(()))?;
        if seen.is_some() {
            return Ok(());
        }
        match target.heap.lock_row(
            txn,
            rowid,
            RowLockMode::KeyShare,
            WaitPolicy::Block,
            snapshot,
        )? {
            RowLock::Own { .. } => Ok(()),
            _ => Err(serialization_failure("update")),
        }
    }

    /// DO UPDATE on a row; outer `None`: it is gone, look again.
    fn update_conflicting(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        target: &Arc<Target>,
        rowid: Rowid,
        sets: &[(u16, CExpr)],
        condition: &Option<CExpr>,
        excluded: &[Datum],
    ) -> PgResult<Option<Option<Changed>>> {
        if !same_layout(&target.rel, &rel.target.rel) {
            return Err(not_supported!(
                "ON CONFLICT DO UPDATE into partitions whose columns are in another order"
            ));
        }
        let changes_key = sets.iter().any(|(c, _)| target.key_columns.contains(c));
        let mode = if changes_key { RowLockMode::Update } else { RowLockMode::NoKeyUpdate };
        let old = match self.lock_conflicting(cx, target, rowid, mode)? {
            ChangeOutcome::Changed(row) => row,
            ChangeOutcome::Gone => return Ok(None),
            ChangeOutcome::Unchanged => match self.fetch_old(cx, target, rowid)? {
                Some((row, _)) => row,
                None => return Ok(None),
            },
            ChangeOutcome::SelfModified => {
                return Err(err!(
                    CARDINALITY_VIOLATION,
                    "ON CONFLICT DO UPDATE command cannot affect row a second time"
                )
                .hint(
                    "Ensure that no rows proposed for insertion within the same command have \
                     duplicate constrained values.",
                ));
            }
        };
        let xid = cx.es.txn().xid()?;
        let existing = slot_of(&target.rel, old.clone(), rowid, xid);
        let inner = slot_of(&target.rel, excluded.to_vec(), Rowid(0), xid);
        let rows = Rows {
            scan: RowView::Slice(&existing),
            inner: RowView::Slice(&inner),
            outer: RowView::Slice(&self.plan_row),
            ..Rows::NONE
        };
        if let Some(condition) = condition {
            if !condition.test(&rows, cx)? {
                return Ok(Some(None));
            }
        }
        target.check_options(&rel.check_options, "rls_conflict", &rows, &existing, cx)?;
        let mut new = old.clone();
        for (column, expr) in sets {
            new[*column as usize] = expr.eval(&rows, cx)?;
        }
        if target.triggers.is_some() {
            self.set_columns = sets.iter().map(|s| s.0).collect();
        }
        let Some(mut changed) = self.update_in(cx, rel, target, rowid, old, new)? else {
            return Ok(Some(None));
        };
        changed.inner = Some(inner);
        self.count(cx);
        Ok(Some(Some(changed)))
    }

    fn lock_conflicting(
        &self,
        cx: &mut Cx<'_>,
        target: &Target,
        rowid: Rowid,
        mode: RowLockMode,
    ) -> PgResult<ChangeOutcome> {
        let (txn, snapshot) = (cx.es.txn().clone(), cx.es.snapshot().clone());
        let heap = &target.heap;
        Ok(match heap.lock_row(&txn, rowid, mode, WaitPolicy::Block, &snapshot)? {
            RowLock::Unchanged => ChangeOutcome::Unchanged,
            RowLock::Changed(bytes) => {
                if is_repeatable(cx) {
                    return Err(serialization_failure("update"));
                }
                let mut row = Vec::new();
                heap.decode_latest(&txn, rowid, &bytes, &mut row)?;
                ChangeOutcome::Changed(row)
            }
            RowLock::Own { cid, .. } if cid >= snapshot.curcid() => ChangeOutcome::SelfModified,
            RowLock::Own { .. } => ChangeOutcome::Unchanged,
            RowLock::Deleted | RowLock::OwnDeleted { .. } | RowLock::NotAvailable => {
                ChangeOutcome::Gone
            }
        })
    }
}

fn same_layout(a: &RelationDesc, b: &RelationDesc) -> bool {
    a.attrs.len() == b.attrs.len()
        && a.attrs
            .iter()
            .zip(b.attrs.iter())
            .all(|(a, b)| a.dropped == b.dropped && a.name == b.name)
}
