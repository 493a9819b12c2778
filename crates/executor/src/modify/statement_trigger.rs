//! Triggers around a statement, and in place of changes to views.
use super::{
    modify_table::{Changed, ModifyTable, ResultRel},
    slot_of,
};
use crate::Cx;
use error::{PgError, PgResult};
use fmgr::TriggerEvent;
use nodes::CmdType;
use table::Rowid;
use types::Datum;

impl ModifyTable {
    /// Columns that the statement updates, for UPDATE OF triggers of statements.
    fn updated_columns(&self) -> Vec<u16> {
        let mut columns = Vec::new();
        if let Some(rel) = self.spec.rels.first() {
            columns.extend(rel.update_columns.iter().copied());
            for action in &rel.merge_actions {
                if let super::MergeDo::Update(sets) = &action.action {
                    columns.extend(sets.iter().map(|s| s.0));
                }
            }
        }
        if let Some((sets, _)) = self.spec.on_conflict.as_ref().and_then(|c| c.update.as_ref()) {
            columns.extend(sets.iter().map(|s| s.0));
        }
        columns
    }

    pub(super) fn before_statement(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let Some(named) = self.spec.named.clone() else { return Ok(()) };
        let columns = self.updated_columns();
        for event in &self.spec.events {
            named.before_statement(cx, *event, Some(&columns))?;
        }
        Ok(())
    }

    pub(super) fn after_statement(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let Some(named) = self.spec.named.clone() else { return Ok(()) };
        let columns = self.updated_columns();
        for event in self.spec.events.iter().rev() {
            named.after_statement(cx, *event, Some(&columns))?;
        }
        Ok(())
    }

    /// INSERT into a view through its INSTEAD OF triggers.
    pub(super) fn insert_instead(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
        values: Vec<Datum>,
    ) -> PgResult<Option<Changed>> {
        let event = TriggerEvent::Insert;
        let Some(triggers) = rel.target.triggers.clone().filter(|t| t.has_instead(event)) else {
            return Err(PgError::internal("view without INSTEAD OF INSERT trigger"));
        };
        let Some(new) = triggers.instead_row(cx, event, None, Some(values))? else {
            return Ok(None);
        };
        self.count(cx);
        let new = slot_of(&rel.target.rel, new, Rowid(0), 0);
        Ok(Some(Changed { old: None, new: Some(new), inner: None }))
    }

    /// UPDATE and DELETE of a view's row through its INSTEAD OF triggers.
    pub(super) fn change_instead(
        &mut self,
        cx: &mut Cx<'_>,
        rel: &ResultRel,
    ) -> PgResult<Option<Changed>> {
        let Some(at) = self.spec.wholerow_col else {
            return Err(PgError::internal("wholerow column is missing in the plan"));
        };
        let Some(triggers) = rel.target.triggers.clone() else {
            return Err(PgError::internal("view without INSTEAD OF triggers"));
        };
        let Datum::Record(record) = &self.plan_row[at] else {
            return Err(PgError::internal("wholerow is NULL"));
        };
        let old = record.fields.clone();
        let delete = self.spec.operation == CmdType::Delete;
        let event = if delete { TriggerEvent::Delete } else { TriggerEvent::Update };
        let new = match delete {
            true => None,
            false => Some(Self::merge_columns(rel, &old, &self.plan_row)),
        };
        let Some(new) = triggers.instead_row(cx, event, Some(&old), new)? else {
            return Ok(None);
        };
        self.count(cx);
        let old = slot_of(&rel.target.rel, old, Rowid(0), 0);
        let new = (!delete).then(|| slot_of(&rel.target.rel, new, Rowid(0), 0));
        Ok(Some(Changed { old: Some(old), new, inner: None }))
    }
}
