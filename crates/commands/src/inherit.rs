//! INHERITS: columns and constraints that a new table has from its parents.
use crate::{UtilityContext, column::Column, relation_name};
use catalog::{CatalogRead, NewColumn, RelationDesc, acl, acl::ObjectKind};
use error::{PgError, PgResult, bail, err};
use parser::ast::RangeVar;
use std::sync::Arc;
use types::Oid;

/// A check that comes from a parent.
pub(crate) struct InheritedCheck {
    pub(crate) name: String,
    /// Over the parent's columns.
    pub(crate) expr: nodes::Expr,
    pub(crate) parent: Oid,
}

/// Locks the parents and checks that they may be inherited from.
pub(crate) fn open_parents(
    cx: &UtilityContext<'_>,
    names: &[RangeVar],
    persistence: char,
) -> PgResult<Vec<Arc<RelationDesc>>> {
    const SHARE_UPDATE_EXCLUSIVE: i32 = 4;
    let mut parents: Vec<Arc<RelationDesc>> = Vec::with_capacity(names.len());
    for name in names {
        let parent = relation_name::open_range_var(cx, name, SHARE_UPDATE_EXCLUSIVE)?;
        if parents.iter().any(|p| p.oid == parent.oid) {
            bail!(
                DUPLICATE_TABLE,
                "relation \"{}\" would be inherited from more than once",
                parent.name
            );
        }
        if parent.relkind == 'p' {
            bail!(WRONG_OBJECT_TYPE, "cannot inherit from partitioned table \"{}\"", parent.name);
        }
        if parent.is_partition {
            bail!(WRONG_OBJECT_TYPE, "cannot inherit from partition \"{}\"", parent.name);
        }
        if !matches!(parent.relkind, 'r' | 'f') {
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "inherited relation \"{}\" is not a table or foreign table",
                parent.name
            ));
        }
        if parent.persistence == 't' && persistence != 't' {
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "cannot inherit from temporary relation \"{}\"",
                parent.name
            ));
        }
        let user = cx.user();
        acl::check_owner(cx.catalog, ObjectKind::Table, &parent.name, parent.owner, user)?;
        parents.push(parent);
    }
    Ok(parents)
}

fn type_conflict(
    cx: &UtilityContext<'_>,
    message: String,
    old: &NewColumn,
    new: &NewColumn,
) -> PgResult<PgError> {
    let name = |c: &NewColumn| cx.catalog.format_type(c.typ, Some(c.typmod));
    Ok(PgError::new(error::SqlState::DATATYPE_MISMATCH, message).detail(format!(
        "{} versus {}",
        name(old)?,
        name(new)?
    )))
}

/// The table's columns: those of the parents, then its own, merged by name.
pub(crate) fn merge_columns(
    cx: &UtilityContext<'_>,
    parents: &[Arc<RelationDesc>],
    local: Vec<Column>,
) -> PgResult<Vec<Column>> {
    let mut merged: Vec<Column> = Vec::new();
    for parent in parents {
        for a in parent.attrs.iter().filter(|a| !a.dropped) {
            let mut new = NewColumn::new(&a.name, a.typ, a.typmod, a.collation);
            new.ndims = a.ndims;
            new.not_null = a.not_null;
            new.generated = a.generated;
            new.storage = Some(a.storage);
            new.compression = a.compression;
            new.is_local = false;
            new.inhcount = 1;
            if let Some(old) = merged.iter_mut().find(|c| c.new.name == a.name) {
                cx.notice(PgError::notice(format!(
                    "merging multiple inherited definitions of column \"{}\"",
                    a.name
                )));
                if old.new.typ != new.typ || old.new.typmod != new.typmod {
                    let message = format!("inherited column \"{}\" has a type conflict", a.name);
                    return Err(type_conflict(cx, message, &old.new, &new)?);
                }
                old.new.inhcount += 1;
                old.new.not_null |= new.not_null;
                continue;
            }
            let mut column = Column::of_identity(new, Vec::new());
            // A generation expression is over the parent's columns, which may lie elsewhere here.
            if a.generated != '\0' {
                return Err(error::not_supported!("inheriting a generated column"));
            }
            column.cooked_default = a.default.as_ref().map(|e| (**e).clone());
            let not_null = parent.constraints.iter().find(|c| c.contype == 'n' && c.key == [a.num]);
            column.not_null_name = not_null.map(|c| c.name.clone());
            if not_null.is_some_and(|c| c.noinherit) {
                column.new.not_null = false;
                column.not_null_name = None;
            }
            merged.push(column);
        }
    }
    for mut column in local {
        let Some(old) = merged.iter_mut().find(|c| c.new.name == column.new.name) else {
            merged.push(column);
            continue;
        };
        cx.notice(PgError::notice(format!(
            "merging column \"{}\" with inherited definition",
            column.new.name
        )));
        if old.new.typ != column.new.typ || old.new.typmod != column.new.typmod {
            let message = format!("column \"{}\" has a type conflict", column.new.name);
            return Err(type_conflict(cx, message, &old.new, &column.new)?);
        }
        column.new.inhcount = old.new.inhcount;
        column.new.is_local = true;
        column.new.not_null |= old.new.not_null;
        if column.default.is_none() {
            column.cooked_default = old.cooked_default.take();
        }
        if column.not_null_name.is_none() {
            column.not_null_name = old.not_null_name.take();
        }
        *old = column;
    }
    Ok(merged)
}

/// Checks of the parents, one of each name.
pub(crate) fn checks(parents: &[Arc<RelationDesc>]) -> Vec<InheritedCheck> {
    let mut list: Vec<InheritedCheck> = Vec::new();
    for parent in parents {
        for c in parent.constraints.iter().filter(|c| c.contype == 'c' && !c.noinherit) {
            let known = list.iter().any(|k| k.name == c.name);
            if let Some(expr) = c.expr.as_ref().filter(|_| !known) {
                list.push(InheritedCheck {
                    name: c.name.clone(),
                    expr: (**expr).clone(),
                    parent: parent.oid,
                });
            }
        }
    }
    list
}

/// Old column numbers to new ones, by name.
pub(crate) fn column_map(parent: &RelationDesc, child: &RelationDesc) -> Vec<i16> {
    let mut map = vec![0; parent.attrs.len() + 1];
    for a in parent.attrs.iter().filter(|a| !a.dropped) {
        if let Some(c) = child.attr_by_name(&a.name) {
            map[a.num as usize] = c.num;
        }
    }
    map
}
