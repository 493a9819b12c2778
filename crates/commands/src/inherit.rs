//! INHERITS: columns and constraints that a new table has from its parents.
use crate::{UtilityContext, column::Column, relation_name};
use catalog::{
    CatalogRead, Constraint, NewColumn, RelationDesc, acl,
    acl::ObjectKind,
    schema::{pg_attribute, pg_constraint, pg_inherits},
};
use error::{PgError, PgResult, bail, err};
use parser::ast::RangeVar;
use std::sync::Arc;
use types::{Datum, Oid};

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
    is_partition: bool,
) -> PgResult<Vec<Column>> {
    let mut merged: Vec<Column> = Vec::new();
    // Columns that parents give different defaults.
    let mut conflicts: Vec<String> = Vec::new();
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
                match (&old.cooked_default, &a.default) {
                    (Some(x), Some(y)) if !x.equals(y) => conflicts.push(a.name.clone()),
                    (None, Some(y)) => old.cooked_default = Some((**y).clone()),
                    _ => {}
                }
                continue;
            }
            let mut column = Column::of_identity(new, Vec::new());
            column.cooked_default = a.default.as_ref().map(|e| (**e).clone());
            // A generation expression is over the parent's columns, which may lie elsewhere here.
            if a.generated != '\0' {
                column.generated_of = Some(parent.clone());
            }
            if is_partition {
                column.new.identity = a.identity;
                column.inherited_identity = a.identity != '\0';
            }
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
        if !is_partition {
            cx.notice(PgError::notice(format!(
                "merging column \"{}\" with inherited definition",
                column.new.name
            )));
        }
        check_merged(old, &column)?;
        if old.new.typ != column.new.typ || old.new.typmod != column.new.typmod {
            let message = format!("column \"{}\" has a type conflict", column.new.name);
            return Err(type_conflict(cx, message, &old.new, &column.new)?);
        }
        column.new.inhcount = old.new.inhcount;
        column.new.is_local = !is_partition;
        if old.inherited_identity {
            column.new.identity = old.new.identity;
            column.inherited_identity = true;
        }
        if old.new.generated != '\0' && column.default.is_none() {
            column.new.generated = old.new.generated;
            column.generated_of = old.generated_of.take();
        }
        if column.new.storage.is_none() {
            column.new.storage = old.new.storage;
        }
        if column.new.compression == '\0' {
            column.new.compression = old.new.compression;
        }
        column.new.not_null |= old.new.not_null;
        if column.default.is_some() {
            conflicts.retain(|c| *c != column.new.name);
        } else {
            column.cooked_default = old.cooked_default.take();
        }
        if column.not_null_name.is_none() {
            column.not_null_name = old.not_null_name.take();
        }
        *old = column;
    }
    if let Some(name) = conflicts.first() {
        return Err(err!(
            INVALID_COLUMN_DEFINITION,
            "column \"{name}\" inherits conflicting default values"
        )
        .hint("To resolve the conflict, specify a default explicitly."));
    }
    let numbers: Vec<String> = merged.iter().map(|c| c.new.name.clone()).collect();
    for column in &mut merged {
        let (Some(parent), Some(expr)) = (&column.generated_of, &mut column.cooked_default) else {
            continue;
        };
        let mut map = vec![0; parent.attrs.len() + 1];
        for a in parent.attrs.iter().filter(|a| !a.dropped) {
            let at = numbers.iter().position(|n| *n == a.name);
            map[a.num as usize] = at.map_or(0, |at| at as i16 + 1);
        }
        crate::table::renumber(expr, &map);
    }
    Ok(merged)
}

/// What a column's own definition may not say about an inherited one.
fn check_merged(inherited: &Column, own: &Column) -> PgResult<()> {
    let name = &own.new.name;
    if inherited.new.generated != '\0' {
        if own.default.is_some() && own.new.generated == '\0' || own.serial {
            bail!(
                INVALID_COLUMN_DEFINITION,
                "column \"{name}\" inherits from generated column but specifies default"
            );
        }
        if own.new.identity != '\0' {
            bail!(
                INVALID_COLUMN_DEFINITION,
                "column \"{name}\" inherits from generated column but specifies identity"
            );
        }
        if own.new.generated != '\0' && own.new.generated != inherited.new.generated {
            return Err(err!(
                INVALID_COLUMN_DEFINITION,
                "column \"{name}\" inherits from generated column of different kind"
            )
            .detail(format!(
                "Parent column is {}, child column is {}.",
                kind_word(inherited.new.generated),
                kind_word(own.new.generated)
            )));
        }
    } else if own.new.generated != '\0' {
        return Err(err!(
            INVALID_COLUMN_DEFINITION,
            "child column \"{name}\" specifies generation expression"
        )
        .hint("A child table column cannot be generated unless its parent column is."));
    }
    Ok(())
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

/// Makes a table that is there a child (or partition) of another: columns and constraints must fit.
pub(crate) fn join(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    child: &RelationDesc,
    is_partition: bool,
) -> PgResult<()> {
    join_columns(cx, parent, child, is_partition)?;
    join_constraints(cx, parent, child)?;
    let rows = cx.catalog.rows_by_index(
        catalog::schema::index::PG_INHERITS_RELID_SEQNO_INDEX,
        &[Datum::Oid(child.oid)],
    )?;
    let last = rows.iter().map(|r| r.values[pg_inherits::INHSEQNO].as_i32()).max().unwrap_or(0);
    cx.catalog.add_inheritance(child.oid, parent.oid, last + 1, is_partition)?;
    cx.catalog.invalidate_relation(parent.oid)?;
    cx.catalog.invalidate_relation(child.oid)?;
    cx.services.command_counter_increment()
}

fn kind_word(generated: char) -> &'static str {
    if generated == 's' { "STORED" } else { "VIRTUAL" }
}

fn join_columns(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    child: &RelationDesc,
    is_partition: bool,
) -> PgResult<()> {
    for a in parent.attrs.iter().filter(|a| !a.dropped) {
        let Some(own) = child.attr_by_name(&a.name) else {
            bail!(DATATYPE_MISMATCH, "child table is missing column \"{}\"", a.name);
        };
        if own.typ != a.typ || own.typmod != a.typmod {
            bail!(
                DATATYPE_MISMATCH,
                "child table \"{}\" has different type for column \"{}\"",
                child.name,
                a.name
            );
        }
        if own.collation != a.collation {
            bail!(
                COLLATION_MISMATCH,
                "child table \"{}\" has different collation for column \"{}\"",
                child.name,
                a.name
            );
        }
        let inherited =
            parent.constraints.iter().any(|c| c.contype == 'n' && c.key == [a.num] && !c.noinherit);
        if a.not_null && !own.not_null && inherited {
            return Err(not_null_missing(&a.name, &child.name));
        }
        match (a.generated, own.generated) {
            (p, '\0') if p != '\0' => {
                bail!(
                    DATATYPE_MISMATCH,
                    "column \"{}\" in child table must be a generated column",
                    a.name
                )
            }
            ('\0', c) if c != '\0' => bail!(
                DATATYPE_MISMATCH,
                "column \"{}\" in child table must not be a generated column",
                a.name
            ),
            (p, c) if p != c => {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "column \"{}\" inherits from generated column of different kind",
                    a.name
                )
                .detail(format!(
                    "Parent column is {}, child column is {}.",
                    kind_word(p),
                    kind_word(c)
                )));
            }
            _ => {}
        }
        let mut columns = vec![(pg_attribute::ATTINHCOUNT, Datum::Int2(own.inhcount + 1))];
        if is_partition {
            columns.push((pg_attribute::ATTISLOCAL, Datum::Bool(false)));
            columns.push((pg_attribute::ATTIDENTITY, Datum::Char(a.identity as u32 as u8)));
        }
        cx.catalog.set_attribute(child.oid, own.num, &columns)?;
    }
    Ok(())
}

fn not_null_missing(column: &str, child: &str) -> PgError {
    err!(
        DATATYPE_MISMATCH,
        "column \"{column}\" in child table \"{child}\" must be marked NOT NULL"
    )
}

/// The constraint of a child that answers to one of the parent.
pub(crate) fn counterpart<'c>(
    c: &Constraint,
    child: &'c RelationDesc,
    map: &[i16],
) -> Option<&'c Constraint> {
    child.constraints.iter().find(|own| {
        own.contype == c.contype
            && match c.contype {
                'c' => own.name == c.name,
                _ => own.key.first() == c.key.first().and_then(|n| map.get(*n as usize)),
            }
    })
}

fn join_constraints(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    child: &RelationDesc,
) -> PgResult<()> {
    let map = column_map(parent, child);
    let inherited =
        parent.constraints.iter().filter(|c| matches!(c.contype, 'c' | 'n') && !c.noinherit);
    for c in inherited {
        let Some(own) = counterpart(c, child, &map) else {
            if c.contype == 'n' {
                let column = c.key.first().and_then(|n| parent.attr(*n));
                let name = column.map(|a| a.name.clone()).unwrap_or_default();
                return Err(not_null_missing(&name, &child.name));
            }
            bail!(DATATYPE_MISMATCH, "child table is missing constraint \"{}\"", c.name);
        };
        if let (Some(theirs), Some(expr)) = (&c.expr, &own.expr) {
            let mut theirs = (**theirs).clone();
            crate::table::renumber(&mut theirs, &map);
            if !theirs.equals(expr) {
                bail!(
                    DATATYPE_MISMATCH,
                    "child table \"{}\" has different definition for check constraint \"{}\"",
                    child.name,
                    c.name
                );
            }
        }
        let conflict = if own.noinherit {
            Some("non-inherited")
        } else if c.validated && own.enforced && !own.validated {
            Some("NOT VALID")
        } else if c.enforced && !own.enforced {
            Some("NOT ENFORCED")
        } else {
            None
        };
        if let Some(word) = conflict {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "constraint \"{}\" conflicts with {word} constraint on child table \"{}\"",
                own.name,
                child.name
            );
        }
        let mut columns = vec![(pg_constraint::CONINHCOUNT, Datum::Int2(own.inhcount + 1))];
        if parent.relkind == 'p' {
            columns.push((pg_constraint::CONISLOCAL, Datum::Bool(false)));
        }
        cx.catalog.set_constraint(own.oid, &columns)?;
    }
    Ok(())
}

/// Ends a table's being a child of another: what it had from it becomes its own.
pub(crate) fn leave(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    child: &RelationDesc,
    is_partition: bool,
) -> PgResult<()> {
    if !cx.catalog.remove_inheritance(child.oid, parent.oid)? {
        let relation = if is_partition { "a partition" } else { "a parent" };
        let (first, second) =
            if is_partition { (&child.name, &parent.name) } else { (&parent.name, &child.name) };
        bail!(UNDEFINED_TABLE, "relation \"{first}\" is not {relation} of relation \"{second}\"");
    }
    for a in parent.attrs.iter().filter(|a| !a.dropped) {
        let Some(own) = child.attr_by_name(&a.name).filter(|own| own.inhcount > 0) else {
            continue;
        };
        let count = own.inhcount - 1;
        let mut columns = vec![(pg_attribute::ATTINHCOUNT, Datum::Int2(count))];
        if count == 0 {
            columns.push((pg_attribute::ATTISLOCAL, Datum::Bool(true)));
        }
        cx.catalog.set_attribute(child.oid, own.num, &columns)?;
    }
    let map = column_map(parent, child);
    let inherited =
        parent.constraints.iter().filter(|c| matches!(c.contype, 'c' | 'n') && !c.noinherit);
    for c in inherited {
        let Some(own) = counterpart(c, child, &map).filter(|own| own.inhcount > 0) else {
            continue;
        };
        let count = own.inhcount - 1;
        let mut columns = vec![(pg_constraint::CONINHCOUNT, Datum::Int2(count))];
        if count == 0 {
            columns.push((pg_constraint::CONISLOCAL, Datum::Bool(true)));
        }
        cx.catalog.set_constraint(own.oid, &columns)?;
    }
    if cx.catalog.inheritance_children(parent.oid)?.is_empty() && !is_partition {
        cx.catalog.set_class_flag(parent.oid, catalog::schema::pg_class::RELHASSUBCLASS, false)?;
    }
    cx.catalog.invalidate_relation(parent.oid)?;
    cx.catalog.invalidate_relation(child.oid)?;
    cx.services.command_counter_increment()
}
