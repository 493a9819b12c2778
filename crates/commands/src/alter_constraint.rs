//! ALTER TABLE … ALTER CONSTRAINT.
use crate::{UtilityContext, alter_inherit::Reach, constraint, inherit};
use catalog::{CatalogRead, Constraint, RelationDesc, schema::pg_constraint};
use error::{PgResult, bail, err};
use parser::ast::ATAlterConstraint;
use std::sync::Arc;
use types::{Datum, Oid};

/// Changes when, and whether, a constraint is enforced, or whether it is inherited.
pub(crate) fn execute(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    cmd: &ATAlterConstraint,
    reach: Reach,
) -> PgResult<()> {
    let Some(c) = relation.constraints.iter().find(|c| c.name == cmd.conname) else {
        bail!(
            UNDEFINED_OBJECT,
            "constraint \"{}\" of relation \"{}\" does not exist",
            cmd.conname,
            relation.name
        );
    };
    if cmd.alter_deferrability && c.contype != 'f' {
        bail!(
            WRONG_OBJECT_TYPE,
            "constraint \"{}\" of relation \"{}\" is not a foreign key constraint",
            c.name,
            relation.name
        );
    }
    if cmd.alter_enforceability && c.contype != 'f' {
        bail!(
            WRONG_OBJECT_TYPE,
            "cannot alter enforceability of constraint \"{}\" of relation \"{}\"",
            c.name,
            relation.name
        );
    }
    if cmd.alter_inheritability && c.contype != 'n' {
        bail!(
            WRONG_OBJECT_TYPE,
            "constraint \"{}\" of relation \"{}\" is not a not-null constraint",
            c.name,
            relation.name
        );
    }
    if cmd.alter_inheritability && cmd.noinherit && c.inhcount > 0 {
        bail!(
            INVALID_TABLE_DEFINITION,
            "cannot alter inherited constraint \"{}\" on relation \"{}\"",
            c.name,
            relation.name
        );
    }
    if c.parentid.is_valid() {
        return Err(derived(cx, relation, c)?);
    }
    if cmd.alter_inheritability {
        return inheritability(cx, relation, c, cmd.noinherit, reach);
    }
    let mut columns = Vec::new();
    if cmd.alter_deferrability {
        columns.push((pg_constraint::CONDEFERRABLE, Datum::Bool(cmd.deferrable)));
        columns.push((pg_constraint::CONDEFERRED, Datum::Bool(cmd.initdeferred)));
    }
    if cmd.alter_enforceability {
        columns.push((pg_constraint::CONENFORCED, Datum::Bool(cmd.is_enforced)));
        columns.push((pg_constraint::CONVALIDATED, Datum::Bool(cmd.is_enforced)));
    }
    set_below(cx, c.oid, &columns)?;
    cx.services.command_counter_increment()?;
    if cmd.alter_enforceability && cmd.is_enforced && !c.enforced {
        let table = cx.catalog.get_relation(relation.oid)?;
        constraint::check_existing_rows(cx, &table, c)?;
    }
    Ok(())
}

fn derived(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    c: &Constraint,
) -> PgResult<error::PgError> {
    let (mut name, mut of) = (String::new(), String::new());
    let mut parent = c.parentid;
    while parent.is_valid() {
        let Some(row) = cx.catalog.row_by_oid(pg_constraint::RELID, parent)? else { break };
        name = row.values[pg_constraint::CONNAME].as_str().to_string();
        of = cx.catalog.get_relation(row.oid(pg_constraint::CONRELID))?.name.clone();
        parent = row.oid(pg_constraint::CONPARENTID);
    }
    Ok(err!(
        OBJECT_NOT_IN_PREREQUISITE_STATE,
        "cannot alter constraint \"{}\" on relation \"{}\"",
        c.name,
        relation.name
    )
    .detail(format!(
        "Constraint \"{}\" is derived from constraint \"{name}\" of relation \"{of}\".",
        c.name
    ))
    .hint("You may alter the constraint it derives from instead."))
}

/// Sets columns of a constraint and of all that derive from it.
pub(crate) fn set_below(
    cx: &UtilityContext<'_>,
    oid: Oid,
    columns: &[(usize, Datum)],
) -> PgResult<()> {
    cx.catalog.set_constraint(oid, columns)?;
    if let Some(row) = cx.catalog.row_by_oid(pg_constraint::RELID, oid)? {
        cx.catalog.invalidate_relation(row.oid(pg_constraint::CONRELID))?;
        let referenced = row.oid(pg_constraint::CONFRELID);
        if referenced.is_valid() {
            cx.catalog.invalidate_relation(referenced)?;
        }
    }
    let key = [Datum::Oid(oid)];
    let by = catalog::schema::index::PG_CONSTRAINT_CONPARENTID_INDEX;
    for row in cx.catalog.rows_by_index(by, &key)? {
        set_below(cx, row.oid(pg_constraint::OID), columns)?;
    }
    Ok(())
}

/// NOT NULL becomes one that children have too, or no longer is.
fn inheritability(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    c: &Constraint,
    noinherit: bool,
    reach: Reach,
) -> PgResult<()> {
    if c.noinherit == noinherit {
        return Ok(());
    }
    let column = [(pg_constraint::CONNOINHERIT, Datum::Bool(noinherit))];
    cx.catalog.set_constraint(c.oid, &column)?;
    constraint::touch(cx, relation.oid)?;
    let Some(attnum) = c.key.first() else { return Ok(()) };
    for child in cx.catalog.inheritance_children(relation.oid)?.iter() {
        cx.lock(*child, 8)?;
        let child = cx.catalog.get_relation(*child)?;
        if noinherit {
            let map = inherit::column_map(relation, &child);
            let own = inherit::counterpart(c, &child, &map).filter(|o| o.inhcount > 0);
            if let Some(own) = own {
                let mut columns = vec![(pg_constraint::CONINHCOUNT, Datum::Int2(own.inhcount - 1))];
                if own.inhcount == 1 {
                    columns.push((pg_constraint::CONISLOCAL, Datum::Bool(true)));
                }
                cx.catalog.set_constraint(own.oid, &columns)?;
                constraint::touch(cx, child.oid)?;
            }
            continue;
        }
        let name = relation.attr(*attnum).map_or("", |a| a.name.as_str());
        let Some(own) = child.attr_by_name(name) else { continue };
        let below = Reach { recursing: true, ..reach };
        let set = crate::alter_inherit::set_not_null;
        set(cx, &child, own.num, Some(&c.name), false, below)?;
    }
    Ok(())
}
