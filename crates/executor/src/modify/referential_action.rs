//! What a foreign key does when a referenced key goes away or changes.
use super::{
    ForeignKey, Target,
    describe::describe_columns,
    foreign_key::{fresh_snapshot, late_target},
    row_change::{ChangeOutcome, lock_for_change},
};
use crate::{Cx, expr::StandaloneExprs, node::convert_key};
use error::{PgError, PgResult, err};
use fmgr::TriggerEvent;
use std::sync::Arc;
use table::{KeyEncoder, RowLockMode, Rowid};
use types::Datum;

impl ForeignKey {
    /// Runs the action for a referenced key that was deleted (`new` is `None`) or changed.
    pub(crate) fn referenced_changed(
        &self,
        cx: &mut Cx<'_>,
        old: &[Datum],
        new: Option<&[Datum]>,
    ) -> PgResult<()> {
        if cx.catalog.get_relation(self.con.relid)?.relkind != 'p' {
            return self.changed_for(cx, self, old, new);
        }
        for leaf in self.for_leaves(cx)? {
            leaf.changed_for(cx, self, old, new)?;
        }
        Ok(())
    }

    /// Acts on one referencing table; errors name the constraint as `named` has it.
    fn changed_for(
        &self,
        cx: &mut Cx<'_>,
        named: &ForeignKey,
        old: &[Datum],
        new: Option<&[Datum]>,
    ) -> PgResult<()> {
        let action = if new.is_some() { self.con.fupdtype } else { self.con.fdeltype };
        let snapshot = fresh_snapshot(cx)?;
        match action {
            'r' => {
                if !self.find_children(cx, &snapshot, old, true)?.is_empty() {
                    return Err(named.still_referenced(cx, old, true)?);
                }
                Ok(())
            }
            'c' | 'n' | 'd' => self.cascade(cx, action, old, new),
            _ => {
                // Another row may have taken the key meanwhile.
                let children = self.find_children(cx, &snapshot, old, true)?;
                let Some((_, child)) = children.first() else { return Ok(()) };
                let key: Vec<Datum> =
                    self.con.key.iter().map(|c| child[*c as usize - 1].clone()).collect();
                if self.find_parent(cx, &snapshot, &key)?.is_some() {
                    return Ok(());
                }
                Err(named.still_referenced(cx, old, false)?)
            }
        }
    }

    #[cold]
    fn still_referenced(&self, cx: &Cx<'_>, old: &[Datum], restrict: bool) -> PgResult<PgError> {
        let parent = cx.catalog.get_relation(self.con.frelid)?;
        let child = cx.catalog.get_relation(self.con.relid)?;
        let schema = cx.catalog.namespace_name(child.namespace)?.unwrap_or_default();
        let error = match restrict {
            true => err!(
                RESTRICT_VIOLATION,
                "update or delete on table \"{}\" violates RESTRICT setting of foreign key \
                 constraint \"{}\" on table \"{}\"",
                parent.name,
                self.con.name,
                child.name
            ),
            false => err!(
                FOREIGN_KEY_VIOLATION,
                "update or delete on table \"{}\" violates foreign key constraint \"{}\" on \
                 table \"{}\"",
                parent.name,
                self.con.name,
                child.name
            ),
        };
        let error = error.table(schema, child.name.clone()).constraint(self.con.name.clone());
        let how = if restrict { "is referenced" } else { "is still referenced" };
        Ok(match describe_columns(cx, &parent, &self.con.fkey, old)? {
            Some(key) => error.detail(format!("Key {key} {how} from table \"{}\".", child.name)),
            None => error.detail(format!("Key {how} from table \"{}\".", child.name)),
        })
    }

    fn cascade(
        &self,
        cx: &mut Cx<'_>,
        action: char,
        old: &[Datum],
        new: Option<&[Datum]>,
    ) -> PgResult<()> {
        error::check_stack_depth()?;
        let child = cx.catalog.get_relation(self.con.relid)?;
        let target = late_target(cx, &child)?;
        let snapshot = fresh_snapshot(cx)?;
        let children = self.find_children(cx, &snapshot, old, false)?;
        let saved = cx.es.snapshot.replace(snapshot);
        let delete = action == 'c' && new.is_none();
        let event = if delete { TriggerEvent::Delete } else { TriggerEvent::Update };
        let columns: Vec<u16> = self.con.key.iter().map(|c| *c as u16 - 1).collect();
        if let Some(triggers) = &target.triggers {
            triggers.before_statement(cx, event, Some(&columns))?;
        }
        let result = self.cascade_rows(cx, &target, children, action, new).and_then(|()| {
            match &target.triggers {
                Some(triggers) => triggers.after_statement(cx, event, Some(&columns)),
                None => Ok(()),
            }
        });
        cx.es.snapshot = saved;
        result
    }

    fn cascade_rows(
        &self,
        cx: &mut Cx<'_>,
        target: &Arc<Target>,
        children: Vec<(Rowid, Vec<Datum>)>,
        action: char,
        new: Option<&[Datum]>,
    ) -> PgResult<()> {
        let mut encoder = KeyEncoder::new();
        for (rowid, row) in children {
            let delete = action == 'c' && new.is_none();
            let mode = if delete { RowLockMode::Update } else { RowLockMode::NoKeyUpdate };
            let row = match lock_for_change(cx, target, rowid, mode, delete)? {
                ChangeOutcome::Unchanged => row,
                ChangeOutcome::Changed(latest) => {
                    // It may have been pointed elsewhere.
                    let same = self.con.key.iter().all(|c| {
                        super::same_datum(&row[*c as usize - 1], &latest[*c as usize - 1])
                    });
                    if !same {
                        continue;
                    }
                    latest
                }
                ChangeOutcome::Gone | ChangeOutcome::SelfModified => continue,
            };
            if delete {
                let event = TriggerEvent::Delete;
                if let Some(triggers) = &target.triggers
                    && triggers.before_row(cx, event, None, Some(&row), None)?.is_none()
                {
                    continue;
                }
                target.remove(cx, &mut encoder, rowid, &row)?;
                target.after_row(cx, event, None, Some(&row), None)?;
                if let Some(triggers) = &target.triggers {
                    triggers.capture(cx, event, &target.rel, Some(&row), None);
                }
                continue;
            }
            let mut changed = row.clone();
            self.set_columns(cx, target, action, new, &mut changed)?;
            let event = TriggerEvent::Update;
            let columns: Vec<u16> = self.con.key.iter().map(|c| *c as u16 - 1).collect();
            if let Some(triggers) = &target.triggers {
                let columns = Some(&columns[..]);
                match triggers.before_row(cx, event, columns, Some(&row), Some(changed))? {
                    Some(row) => changed = row,
                    None => continue,
                }
            }
            target.generate(cx, &mut changed)?;
            target.check_row(cx, &changed)?;
            if target.changes_key(&row, &changed) {
                lock_for_change(cx, target, rowid, RowLockMode::Update, false)?;
            }
            target.replace(cx, &mut encoder, rowid, &row, &changed)?;
            target.after_row(cx, event, Some(&columns), Some(&row), Some(&changed))?;
            if let Some(triggers) = &target.triggers {
                triggers.capture(cx, event, &target.rel, Some(&row), Some(&changed));
            }
        }
        Ok(())
    }

    fn set_columns(
        &self,
        cx: &mut Cx<'_>,
        target: &Target,
        action: char,
        new: Option<&[Datum]>,
        row: &mut [Datum],
    ) -> PgResult<()> {
        let chosen = new.is_none() && !self.con.fdelsetcols.is_empty();
        for (n, column) in self.con.key.iter().enumerate() {
            if chosen && action != 'c' && !self.con.fdelsetcols.contains(column) {
                continue;
            }
            let at = *column as usize - 1;
            let attr = &target.rel.attrs[at];
            row[at] = match (action, new) {
                ('c', Some(new)) => convert_key(&new[n], attr.phys).ok_or_else(|| {
                    error::not_supported!("cascading a key to a column of another type")
                })?,
                ('d', _) => match &attr.default {
                    Some(expr) => {
                        let exprs = std::slice::from_ref(&**expr);
                        let mut compiled = StandaloneExprs::compile(exprs, cx.session, cx.catalog)?;
                        compiled.eval_one(cx.session, cx.catalog, &[])?
                    }
                    None => Datum::Null,
                },
                _ => Datum::Null,
            };
        }
        Ok(())
    }
}
