//! MERGE: the first action that applies to a source row.
use super::{
    ChangeOutcome,
    modify_table::{Changed, ModifyTable, ResultRel},
    row_change::lock_for_change,
    slot_of,
};
use crate::{
    Cx,
    batch::{RowView, Rows},
    expr::CExpr,
};
use error::{PgResult, err};
use nodes::MergeMatchKind;
use table::{RowLockMode, Rowid};
use types::Datum;

/// What a WHEN clause does.
pub(crate) enum MergeDo {
    Nothing,
    Delete,
    /// Columns (from 0) and their expressions.
    Update(Box<[(u16, CExpr)]>),
    /// All columns of the target.
    Insert(Box<[CExpr]>),
}

/// One WHEN clause.
pub(crate) struct MergeActionSpec {
    pub(crate) kind: MergeMatchKind,
    pub(crate) qual: Option<CExpr>,
    pub(crate) action: MergeDo,
}

impl ModifyTable {
    /// Runs MERGE for the input row.
    pub(crate) fn merge(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        rowid: Option<Rowid>,
    ) -> PgResult<Option<Changed>> {
        let Some(rowid) = rowid else { return self.merge_not_matched(cx, rel) };
        let Some((mut old, _)) = self.fetch_old(cx, &rel.target, rowid)? else { return Ok(None) };
        loop {
            let slot = slot_of(&rel.target.rel, old.clone(), rowid, 0);
            let Some(action) = self.choose(cx, rel, &slot)? else { return Ok(None) };
            let action = &rel.merge_actions[action];
            let (new, mode) = match &action.action {
                MergeDo::Nothing | MergeDo::Insert(_) => return Ok(None),
                MergeDo::Delete => (None, RowLockMode::Update),
                MergeDo::Update(sets) => {
                    let rows = self.rows(&slot);
                    let mut new = old.clone();
                    for (column, expr) in sets {
                        new[*column as usize] = expr.eval(&rows, cx)?;
                    }
                    let key = rel.target.changes_key(&old, &new);
                    let mode = if key { RowLockMode::Update } else { RowLockMode::NoKeyUpdate };
                    (Some(new), mode)
                }
            };
            let kind = if new.is_some() { "rls_merge_update" } else { "rls_merge_delete" };
            let rows = self.rows(&slot);
            rel.target.check_options(&rel.check_options, kind, &rows, &slot, cx)?;
            match lock_for_change(cx, &rel.target, rowid, mode, new.is_none())? {
                ChangeOutcome::Unchanged => {}
                ChangeOutcome::Gone => return self.merge_not_matched(cx, rel),
                ChangeOutcome::SelfModified => {
                    return Err(err!(
                        CARDINALITY_VIOLATION,
                        "MERGE command cannot affect row a second time"
                    )
                    .hint("Ensure that not more than one source row matches any one target row."));
                }
                ChangeOutcome::Changed(latest) => {
                    // Choose again for what the row is now.
                    if !self.recheck_row(cx, rel, rowid, &latest)? {
                        return self.merge_not_matched(cx, rel);
                    }
                    old = latest;
                    if let Some(changed) = self.merge_locked(cx, rel, rowid, &old)? {
                        return Ok(changed);
                    }
                    continue;
                }
            }
            return match new {
                None => self.delete_row(cx, rel, rowid, old),
                Some(new) => {
                    self.note_columns(rel, action);
                    let changed = self.update_row(cx, rel, rowid, old, new)?;
                    if changed.is_some() {
                        self.count(cx);
                    }
                    Ok(changed)
                }
            };
        }
    }

    /// Runs the action for a row that is locked already; `None` if none was found.
    fn merge_locked(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        rowid: Rowid,
        old: &[Datum],
    ) -> PgResult<Option<Option<Changed>>> {
        let slot = slot_of(&rel.target.rel, old.to_vec(), rowid, 0);
        let Some(action) = self.choose(cx, rel, &slot)? else { return Ok(Some(None)) };
        match &rel.merge_actions[action].action {
            MergeDo::Nothing | MergeDo::Insert(_) => Ok(Some(None)),
            MergeDo::Delete => Ok(Some(self.delete_row(cx, rel, rowid, old.to_vec())?)),
            MergeDo::Update(sets) => {
                let rows = self.rows(&slot);
                let mut new = old.to_vec();
                for (column, expr) in sets {
                    new[*column as usize] = expr.eval(&rows, cx)?;
                }
                self.note_columns(rel, &rel.merge_actions[action]);
                let changed = self.update_row(cx, rel, rowid, old.to_vec(), new)?;
                if changed.is_some() {
                    self.count(cx);
                }
                Ok(Some(changed))
            }
        }
    }

    /// Keeps the columns that an action sets, for UPDATE OF triggers.
    fn note_columns(&mut self, rel: &ResultRel, action: &MergeActionSpec) {
        if let (Some(_), MergeDo::Update(sets)) = (&rel.target.triggers, &action.action) {
            self.set_columns = sets.iter().map(|s| s.0).collect();
        }
    }

    fn rows<'r>(&'r self, slot: &'r [Datum]) -> Rows<'r> {
        Rows { scan: RowView::Slice(slot), outer: RowView::Slice(&self.plan_row), ..Rows::NONE }
    }

    /// The first action that applies to a target row.
    fn choose(&self, cx: &mut Cx<'_>, rel: &ResultRel, slot: &[Datum]) -> PgResult<Option<usize>> {
        let rows = self.rows(slot);
        let matched = match &rel.merge_join_condition {
            Some(condition) => condition.test(&rows, cx)?,
            None => true,
        };
        let kind = match matched {
            true => MergeMatchKind::Matched,
            false => MergeMatchKind::NotMatchedBySource,
        };
        for (n, action) in rel.merge_actions.iter().enumerate().filter(|(_, a)| a.kind == kind) {
            let applies = match &action.qual {
                Some(qual) => qual.test(&rows, cx)?,
                None => true,
            };
            if applies {
                return Ok(Some(n));
            }
        }
        Ok(None)
    }

    fn merge_not_matched(&mut self, cx: &mut Cx<'_>, rel: &ResultRel) -> PgResult<Option<Changed>> {
        let kind = MergeMatchKind::NotMatchedByTarget;
        for action in rel.merge_actions.iter().filter(|a| a.kind == kind) {
            let rows = Rows { outer: RowView::Slice(&self.plan_row), ..Rows::NONE };
            let applies = match &action.qual {
                Some(qual) => qual.test(&rows, cx)?,
                None => true,
            };
            if !applies {
                continue;
            }
            let MergeDo::Insert(exprs) = &action.action else { return Ok(None) };
            let mut values = Vec::with_capacity(rel.target.width());
            for expr in exprs {
                values.push(expr.eval(&rows, cx)?);
            }
            values.resize(rel.target.width(), Datum::Null);
            return self.insert_row(cx, rel, values);
        }
        Ok(None)
    }
}
