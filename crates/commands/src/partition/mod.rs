//! Partitioned tables: their keys, their partitions' bounds, and what partitions have from them.
mod attach;
mod bound;
mod foreign_key;
mod index;
mod key;

pub(crate) use attach::{attach, detach, is_below};
pub(crate) use bound::PartitionRules;
pub(crate) use foreign_key::{
    clone_referenced, clone_referencing, propagate as propagate_foreign_key,
};
pub(crate) use index::{attach_index, clone_indexes, propagate as propagate_index};
pub(crate) use key::define;

use crate::{UtilityContext, constraint, creation, relation_name};
use catalog::{CatalogRead, RelationDesc, acl, acl::ObjectKind};
use error::{PgResult, bail};
use parser::ast::RangeVar;
use std::sync::Arc;
use types::Oid;

/// PostgreSQL's lock modes.
pub(crate) const SHARE_UPDATE_EXCLUSIVE: i32 = 4;
pub(crate) const ACCESS_EXCLUSIVE: i32 = 8;

/// The partitioned table that PARTITION OF names.
pub(crate) fn open_parent(
    cx: &UtilityContext<'_>,
    name: &RangeVar,
    place: creation::Place,
) -> PgResult<Arc<RelationDesc>> {
    let parent = relation_name::open_range_var(cx, name, SHARE_UPDATE_EXCLUSIVE)?;
    if parent.relkind != 'p' {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not partitioned", parent.name);
    }
    if parent.persistence != 't' && place.persistence == 't' {
        bail!(
            WRONG_OBJECT_TYPE,
            "cannot create a temporary relation as partition of permanent relation \"{}\"",
            parent.name
        );
    }
    if parent.persistence == 't' && place.persistence != 't' {
        bail!(
            WRONG_OBJECT_TYPE,
            "cannot create a permanent relation as partition of temporary relation \"{}\"",
            parent.name
        );
    }
    acl::check_owner(cx.catalog, ObjectKind::Table, &parent.name, parent.owner, cx.user())?;
    Ok(parent)
}

/// The relations with rows below a table, itself if it has any; they are locked.
pub(crate) fn leaves(
    cx: &UtilityContext<'_>,
    table: Oid,
    lock: i32,
) -> PgResult<Vec<Arc<RelationDesc>>> {
    let mut found = Vec::new();
    let mut pending = vec![table];
    while let Some(oid) = pending.pop() {
        let Some(relation) = cx.catalog.relation(oid)? else { continue };
        let children = cx.catalog.inheritance_children(oid)?;
        for child in children.iter().rev() {
            cx.lock(*child, lock)?;
            pending.push(*child);
        }
        if relation.physical.is_some() {
            found.push(relation);
        }
    }
    Ok(found)
}

/// Row of a parent as far as its columns are found in a child's by name.
pub(crate) fn row_for_parent(
    parent: &RelationDesc,
    child: &RelationDesc,
    row: &[types::Datum],
) -> Vec<types::Datum> {
    parent
        .attrs
        .iter()
        .map(|a| match child.attr_by_name(&a.name) {
            Some(c) if !a.dropped => row.get(c.num as usize - 1).cloned().unwrap_or_default(),
            _ => types::Datum::Null,
        })
        .collect()
}

/// What a new partition gets beside columns and checks: keys, indexes, foreign keys.
pub(crate) fn inherit_definitions(
    cx: &UtilityContext<'_>,
    parent: &Arc<RelationDesc>,
    partition: Oid,
) -> PgResult<()> {
    clone_indexes(cx, parent, partition)?;
    clone_referencing(cx, parent, partition)?;
    clone_referenced(cx, parent, partition)?;
    crate::trigger::clone_row_triggers(cx, parent, partition)?;
    constraint::touch(cx, partition)
}
