//! ATTACH PARTITION and DETACH PARTITION.
use super::{PartitionRules, foreign_key, index};
use crate::{UtilityContext, constraint, inherit, relation_name};
use catalog::{CatalogRead, RelationDesc, acl, acl::ObjectKind, schema::pg_attribute};
use error::{PgResult, bail, err, not_supported};
use parser::ast::PartitionCmd;
use std::sync::Arc;
use types::{Datum, Oid};

/// ALTER TABLE parent ATTACH PARTITION table FOR VALUES ….
pub(crate) fn attach(
    cx: &UtilityContext<'_>,
    parent: &Arc<RelationDesc>,
    cmd: &PartitionCmd,
) -> PgResult<()> {
    let Some(spec) = &cmd.bound else { return Ok(()) };
    if parent.relkind != 'p' {
        bail!(WRONG_OBJECT_TYPE, "table \"{}\" is not partitioned", parent.name);
    }
    let bound = PartitionRules::new(cx, parent)?.read(spec)?;
    let default = parent.partition_key.as_ref().map_or(Oid::INVALID, |k| k.default);
    if default.is_valid() {
        cx.lock(default, super::ACCESS_EXCLUSIVE)?;
    }
    let table = relation_name::open_range_var(cx, &cmd.name, super::ACCESS_EXCLUSIVE)?;
    check_table(cx, parent, &table)?;
    PartitionRules::new(cx, parent)?.check_new(&table.name, &bound, spec)?;
    check_columns(parent, &table)?;
    inherit::join(cx, parent, &table, true)?;
    cx.catalog.set_partition_bound(table.oid, parent.oid, Some(&bound))?;
    cx.catalog.invalidate_relation(table.oid)?;
    cx.services.command_counter_increment()?;
    let parent = cx.catalog.get_relation(parent.oid)?;
    super::inherit_definitions(cx, &parent, table.oid)?;
    // Rows must fit the bound, and those of all ancestors.
    let mut rules = PartitionRules::new(cx, &parent)?;
    rules.check_attached(table.oid, &bound)?;
    let mut ancestor = parent.clone();
    while ancestor.is_partition {
        let Some(above) = cx.catalog.inheritance_parents(ancestor.oid)?.first().copied() else {
            break;
        };
        let above = cx.catalog.get_relation(above)?;
        if let Some(bound) = ancestor.partition_bound.clone() {
            PartitionRules::new(cx, &above)?.check_attached(table.oid, &bound)?;
        }
        ancestor = above;
    }
    rules.check_default(&bound)?;
    constraint::validate_copied_foreign_keys(cx, table.oid)
}

fn check_table(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    table: &RelationDesc,
) -> PgResult<()> {
    acl::check_owner(
        cx.catalog,
        ObjectKind::of_relkind(table.relkind),
        &table.name,
        table.owner,
        cx.user(),
    )?;
    if !matches!(table.relkind, 'r' | 'p' | 'f') {
        let detail = match table.relkind {
            'v' => "This operation is not supported for views.",
            'm' => "This operation is not supported for materialized views.",
            'S' => "This operation is not supported for sequences.",
            'c' => "This operation is not supported for composite types.",
            _ => "This operation is not supported for indexes.",
        };
        return Err(err!(
            WRONG_OBJECT_TYPE,
            "ALTER action ATTACH PARTITION cannot be performed on relation \"{}\"",
            table.name
        )
        .detail(detail));
    }
    if table.is_partition {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is already a partition", table.name);
    }
    if table.oftype.is_valid() {
        bail!(WRONG_OBJECT_TYPE, "cannot attach a typed table as partition");
    }
    if !cx.catalog.inheritance_parents(table.oid)?.is_empty() {
        bail!(WRONG_OBJECT_TYPE, "cannot attach inheritance child as partition");
    }
    if table.relkind == 'r' && !cx.catalog.inheritance_children(table.oid)?.is_empty() {
        bail!(WRONG_OBJECT_TYPE, "cannot attach inheritance parent as partition");
    }
    if table.oid == parent.oid || is_below(cx, parent.oid, table.oid)? {
        return Err(err!(DUPLICATE_TABLE, "circular inheritance not allowed")
            .detail(format!("\"{}\" is already a child of \"{}\".", parent.name, table.name)));
    }
    if parent.persistence != 't' && table.persistence == 't' {
        bail!(
            WRONG_OBJECT_TYPE,
            "cannot attach a temporary relation as partition of permanent relation \"{}\"",
            parent.name
        );
    }
    if parent.persistence == 't' && table.persistence != 't' {
        bail!(
            WRONG_OBJECT_TYPE,
            "cannot attach a permanent relation as partition of temporary relation \"{}\"",
            parent.name
        );
    }
    cx.services.check_relation_not_in_use(table.oid, "ALTER TABLE")
}

/// Whether `table` is `ancestor` or a child of it at any depth.
pub(crate) fn is_below(cx: &UtilityContext<'_>, table: Oid, ancestor: Oid) -> PgResult<bool> {
    if table == ancestor {
        return Ok(true);
    }
    for parent in cx.catalog.inheritance_parents(table)?.iter() {
        if is_below(cx, *parent, ancestor)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn check_columns(parent: &RelationDesc, table: &RelationDesc) -> PgResult<()> {
    for a in table.attrs.iter().filter(|a| !a.dropped) {
        if a.identity != '\0' {
            return Err(err!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "table \"{}\" being attached contains an identity column \"{}\"",
                table.name,
                a.name
            )
            .detail("The new partition may not contain an identity column."));
        }
        if parent.attr_by_name(&a.name).is_none() {
            return Err(err!(
                DATATYPE_MISMATCH,
                "table \"{}\" contains column \"{}\" not found in parent \"{}\"",
                table.name,
                a.name,
                parent.name
            )
            .detail("The new partition may contain only the columns present in parent."));
        }
    }
    Ok(())
}

/// ALTER TABLE parent DETACH PARTITION table.
pub(crate) fn detach(
    cx: &UtilityContext<'_>,
    parent: &Arc<RelationDesc>,
    cmd: &PartitionCmd,
) -> PgResult<()> {
    if parent.relkind != 'p' {
        bail!(WRONG_OBJECT_TYPE, "table \"{}\" is not partitioned", parent.name);
    }
    let default = parent.partition_key.as_ref().map_or(Oid::INVALID, |k| k.default);
    if cmd.concurrent {
        cx.services.prevent_in_transaction_block("ALTER TABLE ... DETACH CONCURRENTLY")?;
        if default.is_valid() {
            bail!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "cannot detach partitions concurrently when a default partition exists"
            );
        }
        return Err(not_supported!("DETACH PARTITION CONCURRENTLY"));
    }
    if default.is_valid() {
        cx.lock(default, super::ACCESS_EXCLUSIVE)?;
    }
    let table = relation_name::open_range_var(cx, &cmd.name, super::ACCESS_EXCLUSIVE)?;
    if cx.catalog.inheritance_parents(table.oid)?.first() != Some(&parent.oid) {
        bail!(
            UNDEFINED_TABLE,
            "relation \"{}\" is not a partition of relation \"{}\"",
            table.name,
            parent.name
        );
    }
    constraint::check_not_referenced(cx, &table)?;
    foreign_key::detach(cx, table.oid)?;
    for own in table.indexes.iter() {
        let current = cx.catalog.get_relation(table.oid)?;
        index::detach_index(cx, own.oid, &current)?;
    }
    for a in table.attrs.iter().filter(|a| a.identity != '\0') {
        let none = [(pg_attribute::ATTIDENTITY, Datum::Char(0))];
        cx.catalog.set_attribute(table.oid, a.num, &none)?;
    }
    cx.catalog.set_partition_bound(table.oid, parent.oid, None)?;
    inherit::leave(cx, parent, &table, true)?;
    cx.catalog.invalidate_relation(table.oid)?;
    cx.catalog.invalidate_relation(parent.oid)?;
    cx.services.command_counter_increment()
}
