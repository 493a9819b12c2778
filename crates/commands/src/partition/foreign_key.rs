//! Foreign keys of and to partitioned tables: the rows that partitions have of them.
use super::index::{depend_on_parent, set_constraint_parent};
use crate::{UtilityContext, inherit, object_name};
use catalog::{
    CatalogRead, Constraint, ObjectAddress, RelationDesc, depend::DependencyKind,
    schema::pg_constraint,
};
use error::{PgResult, bail};
use std::sync::Arc;
use types::{Datum, Oid};

/// Constraints of a list that none of the list is the parent of.
fn roots(list: &[Constraint]) -> Vec<Constraint> {
    list.iter()
        .filter(|c| c.contype == 'f' && !list.iter().any(|p| p.oid == c.parentid))
        .cloned()
        .collect()
}

/// A name for a foreign key's copy: the same if the table has no such constraint yet.
fn name_for(cx: &UtilityContext<'_>, table: &RelationDesc, wanted: &str) -> PgResult<String> {
    if cx.catalog.constraint_exists(table.oid, Oid::INVALID, wanted)?.is_none() {
        return Ok(wanted.to_owned());
    }
    (1..)
        .map(|n| object_name::make_object_name(wanted, None, Some(&n.to_string())))
        .find_map(|name| match cx.catalog.constraint_exists(table.oid, Oid::INVALID, &name) {
            Ok(None) => Some(Ok(name)),
            Ok(Some(_)) => None,
            Err(e) => Some(Err(e)),
        })
        .unwrap_or_else(|| Ok(wanted.to_owned()))
}

fn mapped(columns: &[i16], map: &[i16]) -> Vec<i16> {
    columns.iter().map(|n| map.get(*n as usize).copied().unwrap_or(0)).collect()
}

/// Gives a partition the foreign keys of its parent.
pub(crate) fn clone_referencing(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    partition: Oid,
) -> PgResult<()> {
    for c in roots(&cx.catalog.get_relation(parent.oid)?.constraints) {
        let child = cx.catalog.get_relation(partition)?;
        if c.frelid == partition {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "cannot attach table \"{}\" as a partition because it is referenced by foreign key \
                 \"{}\"",
                child.name,
                c.name
            );
        }
        let map = inherit::column_map(parent, &child);
        let key = mapped(&c.key, &map);
        let same = child.constraints.iter().find(|own| {
            own.contype == 'f'
                && !own.parentid.is_valid()
                && own.frelid == c.frelid
                && own.key == key
                && own.fkey == c.fkey
                && own.deferrable == c.deferrable
                && own.deferred == c.deferred
                && (own.fupdtype, own.fdeltype, own.fmatchtype)
                    == (c.fupdtype, c.fdeltype, c.fmatchtype)
        });
        if let Some(own) = same {
            set_constraint_parent(cx, own, &c)?;
            // What its own rows were about partitions of the referenced table, the parent's are now.
            for extra in child.constraints.iter().filter(|e| e.parentid == own.oid) {
                drop_row(cx, extra.oid)?;
            }
            cx.catalog.invalidate_relation(partition)?;
            cx.services.command_counter_increment()?;
            continue;
        }
        add_copy(cx, &child, &c, key, mapped(&c.fdelsetcols, &map))?;
        if child.relkind == 'p' {
            let child = cx.catalog.get_relation(partition)?;
            for grandchild in cx.catalog.inheritance_children(partition)?.iter() {
                cx.lock(*grandchild, super::ACCESS_EXCLUSIVE)?;
                clone_referencing(cx, &child, *grandchild)?;
            }
        }
    }
    Ok(())
}

fn drop_row(cx: &UtilityContext<'_>, oid: Oid) -> PgResult<()> {
    let object = ObjectAddress::constraint(oid);
    cx.catalog.delete_dependencies_of(object, None)?;
    let by = catalog::schema::index::PG_CONSTRAINT_OID_INDEX;
    cx.catalog.delete_by_key(by, &[Datum::Oid(oid)])?;
    Ok(())
}

fn add_copy(
    cx: &UtilityContext<'_>,
    child: &RelationDesc,
    c: &Constraint,
    key: Vec<i16>,
    fdelsetcols: Vec<i16>,
) -> PgResult<()> {
    let new = Constraint {
        oid: Oid::INVALID,
        name: name_for(cx, child, &c.name)?,
        namespace: child.namespace,
        relid: child.oid,
        parentid: c.oid,
        is_local: false,
        inhcount: 1,
        noinherit: false,
        key,
        fdelsetcols,
        ..c.clone()
    };
    let oid = cx.catalog.create_constraint(&new)?;
    depend_on_parent(cx, oid, c.oid, child.oid)?;
    cx.catalog.invalidate_relation(child.oid)?;
    cx.catalog.invalidate_relation(c.frelid)?;
    cx.services.command_counter_increment()
}

/// Makes the foreign keys that refer to a partitioned table refer to its new partition too.
pub(crate) fn clone_referenced(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    partition: Oid,
) -> PgResult<()> {
    for c in roots(&cx.catalog.get_relation(parent.oid)?.referencing) {
        add_referenced(cx, parent, partition, &c)?;
    }
    Ok(())
}

fn add_referenced(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    partition: Oid,
    c: &Constraint,
) -> PgResult<()> {
    let target = cx.catalog.get_relation(partition)?;
    let map = inherit::column_map(parent, &target);
    let mut indid = Oid::INVALID;
    for index in target.indexes.iter() {
        if cx.catalog.inheritance_parents(index.oid)?.first() == Some(&c.indid) {
            indid = index.oid;
        }
    }
    let table = cx.catalog.get_relation(c.relid)?;
    let new = Constraint {
        oid: Oid::INVALID,
        name: name_for(cx, &table, &c.name)?,
        frelid: partition,
        fkey: mapped(&c.fkey, &map),
        indid,
        parentid: c.oid,
        is_local: false,
        inhcount: 1,
        noinherit: false,
        ..c.clone()
    };
    let oid = cx.catalog.create_constraint(&new)?;
    let (this, on) = (ObjectAddress::constraint(oid), ObjectAddress::constraint(c.oid));
    cx.catalog.record_dependency(this, on, DependencyKind::Internal)?;
    cx.catalog.invalidate_relation(c.relid)?;
    cx.catalog.invalidate_relation(partition)?;
    cx.services.command_counter_increment()?;
    if target.relkind == 'p' {
        let own = Constraint { oid, ..new };
        for child in cx.catalog.inheritance_children(partition)?.iter() {
            add_referenced(cx, &target, *child, &own)?;
        }
    }
    Ok(())
}

/// A new foreign key: its rows for partitions of both tables.
pub(crate) fn propagate(cx: &UtilityContext<'_>, table: Oid, constraint: Oid) -> PgResult<()> {
    let table = cx.catalog.get_relation(table)?;
    let Some(c) = table.constraints.iter().find(|c| c.oid == constraint).cloned() else {
        return Ok(());
    };
    let referenced: Arc<RelationDesc> = cx.catalog.get_relation(c.frelid)?;
    if referenced.relkind == 'p' {
        for child in cx.catalog.inheritance_children(referenced.oid)?.iter() {
            add_referenced(cx, &referenced, *child, &c)?;
        }
    }
    if table.relkind == 'p' {
        for child in cx.catalog.inheritance_children(table.oid)?.iter() {
            cx.lock(*child, super::ACCESS_EXCLUSIVE)?;
            clone_referencing(cx, &table, *child)?;
        }
    }
    Ok(())
}

/// A detached partition keeps its foreign keys as its own; what refers to it through the parent no
/// longer does.
pub(crate) fn detach(cx: &UtilityContext<'_>, partition: Oid) -> PgResult<()> {
    let table = cx.catalog.get_relation(partition)?;
    for c in roots(&table.constraints).iter().filter(|c| c.parentid.is_valid()) {
        super::index::clear_constraint_parent(cx, c)?;
        cx.services.command_counter_increment()?;
        let referenced = cx.catalog.get_relation(c.frelid)?;
        if referenced.relkind == 'p' {
            for child in cx.catalog.inheritance_children(referenced.oid)?.iter() {
                add_referenced(cx, &referenced, *child, c)?;
            }
        }
    }
    for c in table.referencing.iter().filter(|c| c.parentid.is_valid()) {
        let parent_is_here = table.referencing.iter().any(|p| p.oid == c.parentid);
        let of_same_table = cx
            .catalog
            .row_by_oid(pg_constraint::RELID, c.parentid)?
            .is_some_and(|row| row.oid(pg_constraint::CONRELID) == c.relid);
        if !parent_is_here && of_same_table {
            drop_row(cx, c.oid)?;
            cx.catalog.invalidate_relation(c.relid)?;
        }
    }
    cx.services.command_counter_increment()
}
