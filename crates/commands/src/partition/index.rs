//! Indexes of partitioned tables and the parts of them that partitions have.
use crate::{UtilityContext, inherit, object_name, relation_name, scan, table};
use catalog::{
    CatalogRead, Constraint, IndexDesc, NewIndex, NewIndexColumn, RelationDesc,
    depend::{DependencyKind, ObjectAddress},
    schema::{pg_class, pg_constraint, pg_depend, pg_index},
};
use error::{PgError, PgResult, bail, err};
use nodes::Expr;
use std::sync::Arc;
use types::{Datum, Oid};

/// Gives a partition its part of every index of its parent.
pub(crate) fn clone_indexes(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    partition: Oid,
) -> PgResult<()> {
    for index in parent.indexes.iter() {
        propagate(cx, parent, index, partition)?;
    }
    Ok(())
}

/// The constraint that an index belongs to.
fn constraint_of(table: &RelationDesc, index: Oid) -> Option<&Constraint> {
    table.constraints.iter().find(|c| c.indid == index && matches!(c.contype, 'p' | 'u' | 'x'))
}

fn renumbered(list: &[Expr], map: &[i16]) -> Vec<Expr> {
    let mut list = list.to_vec();
    list.iter_mut().for_each(|e| table::renumber(e, map));
    list
}

/// Whether an index of a partition does for it what one of the parent says.
fn matches(parent: &IndexDesc, child: &IndexDesc, map: &[i16]) -> bool {
    let numbered = |n: i16| map.get(n.max(0) as usize).copied().unwrap_or(0);
    let same_list = |a: &[Expr], b: &[Expr]| {
        let a = renumbered(a, map);
        a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.equals(y))
    };
    parent.am == child.am
        && parent.unique == child.unique
        && parent.nulls_not_distinct == child.nulls_not_distinct
        && parent.n_key == child.n_key
        && parent.columns.len() == child.columns.len()
        && parent.columns.iter().zip(&child.columns).enumerate().all(|(i, (a, b))| {
            (a.attnum == 0) == (b.attnum == 0)
                && (a.attnum == 0 || numbered(a.attnum) == b.attnum)
                && (i >= parent.n_key
                    || (a.opfamily == b.opfamily
                        && a.collation == b.collation
                        && a.desc == b.desc
                        && a.nulls_first == b.nulls_first))
        })
        && same_list(&parent.exprs, &child.exprs)
        && same_list(&parent.predicate, &child.predicate)
}

/// Attaches an index of the partition that fits, or makes one; below partitioned partitions too.
pub(crate) fn propagate(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    index: &Arc<IndexDesc>,
    partition: Oid,
) -> PgResult<()> {
    let child = cx.catalog.get_relation(partition)?;
    let map = inherit::column_map(parent, &child);
    let constraint = constraint_of(parent, index.oid);
    for candidate in child.indexes.iter() {
        let own = constraint_of(&child, candidate.oid);
        let kinds = (constraint.map(|c| c.contype), own.map(|c| c.contype));
        let usable = match kinds {
            (Some(a), Some(b)) => a == b,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let attached = !cx.catalog.inheritance_parents(candidate.oid)?.is_empty();
        if !usable || attached || !candidate.valid || !matches(index, candidate, &map) {
            continue;
        }
        cx.catalog.add_index_parent(candidate.oid, index.oid)?;
        if let (Some(parent_con), Some(own)) = (constraint, own) {
            set_constraint_parent(cx, own, parent_con)?;
        }
        cx.catalog.invalidate_relation(candidate.oid)?;
        cx.catalog.invalidate_relation(partition)?;
        return cx.services.command_counter_increment();
    }
    create(cx, parent, index, constraint, &child, &map)
}

/// Makes a constraint of a partition one that it has from its parent.
pub(crate) fn set_constraint_parent(
    cx: &UtilityContext<'_>,
    own: &Constraint,
    parent: &Constraint,
) -> PgResult<()> {
    let columns = [
        (pg_constraint::CONPARENTID, Datum::Oid(parent.oid)),
        (pg_constraint::CONISLOCAL, Datum::Bool(false)),
        (pg_constraint::CONINHCOUNT, Datum::Int2(own.inhcount + 1)),
    ];
    cx.catalog.set_constraint(own.oid, &columns)?;
    depend_on_parent(cx, own.oid, parent.oid, own.relid)
}

/// A partition's constraint goes when the parent's does, or the partition itself.
pub(crate) fn depend_on_parent(
    cx: &UtilityContext<'_>,
    own: Oid,
    parent: Oid,
    partition: Oid,
) -> PgResult<()> {
    let this = ObjectAddress::constraint(own);
    let primary = DependencyKind::PartitionPrimary;
    cx.catalog.record_dependency(this, ObjectAddress::constraint(parent), primary)?;
    let secondary = DependencyKind::PartitionSecondary;
    cx.catalog.record_dependency(this, ObjectAddress::relation(partition), secondary)
}

fn create(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    index: &Arc<IndexDesc>,
    constraint: Option<&Constraint>,
    child: &Arc<RelationDesc>,
    map: &[i16],
) -> PgResult<()> {
    if let Some(c) = constraint
        && c.contype == 'p'
        && child.constraints.iter().any(|own| own.contype == 'p')
    {
        bail!(
            INVALID_TABLE_DEFINITION,
            "multiple primary keys for table \"{}\" are not allowed",
            child.name
        );
    }
    if child.relkind == 'f' {
        return Err(err!(
            WRONG_OBJECT_TYPE,
            "cannot create unique index on partitioned table \"{}\"",
            parent.name
        ));
    }
    let columns: Vec<NewIndexColumn> = index
        .columns
        .iter()
        .map(|c| NewIndexColumn {
            attnum: map.get(c.attnum.max(0) as usize).copied().unwrap_or(0),
            name: c.name.clone(),
            typ: c.typ,
            typmod: c.typmod,
            collation: c.collation,
            opclass: c.opclass,
            desc: c.desc,
            nulls_first: c.nulls_first,
        })
        .collect();
    let names = object_name::join_columns(columns.iter().map(|c| c.name.as_str()));
    let (names, label) = match constraint.map(|c| c.contype) {
        Some('p') => (None, "pkey"),
        Some('x') => (Some(names.as_str()), "excl"),
        Some(_) => (Some(names.as_str()), "key"),
        None => (Some(names.as_str()), "idx"),
    };
    let name = object_name::choose_relation_name(
        cx.catalog,
        &child.name,
        names,
        label,
        child.namespace,
        constraint.map(|_| child.oid),
    )?;
    let partitioned = child.relkind == 'p';
    let (oid, _) = cx.catalog.create_index(&NewIndex {
        oid: Oid::INVALID,
        name: name.clone(),
        table: child.oid,
        am: index.am,
        owner: child.owner,
        tablespace: Oid::INVALID,
        columns,
        n_key: index.n_key,
        unique: index.unique,
        nulls_not_distinct: index.nulls_not_distinct,
        primary: index.primary,
        exclusion: index.exclusion,
        immediate: index.immediate,
        valid: true,
        ready: true,
        exprs: renumbered(&index.exprs, map),
        predicate: renumbered(&index.predicate, map),
        reloptions: index.reloptions.clone(),
        partitioned,
        parent: index.oid,
        for_constraint: constraint.is_some(),
    })?;
    cx.services.command_counter_increment()?;
    if let Some(c) = constraint {
        let mut new = Constraint::blank(&name, child.namespace, c.contype, child.oid);
        new.key = c.key.iter().map(|n| map.get(*n as usize).copied().unwrap_or(0)).collect();
        new.indid = oid;
        new.deferrable = c.deferrable;
        new.deferred = c.deferred;
        new.parentid = c.oid;
        new.is_local = false;
        new.inhcount = 1;
        new.noinherit = false;
        new.exclop = c.exclop.clone();
        let own = cx.catalog.create_constraint(&new)?;
        crate::index::link_constraint(cx, oid, own)?;
        depend_on_parent(cx, own, c.oid, child.oid)?;
    }
    cx.catalog.invalidate_relation(child.oid)?;
    cx.services.command_counter_increment()?;
    if !partitioned {
        return scan::build_index(cx, child.oid, oid);
    }
    let child = cx.catalog.get_relation(child.oid)?;
    let Some(own) = child.indexes.iter().find(|i| i.oid == oid).cloned() else { return Ok(()) };
    for grandchild in cx.catalog.inheritance_children(child.oid)?.iter() {
        cx.lock(*grandchild, super::ACCESS_EXCLUSIVE)?;
        propagate(cx, &child, &own, *grandchild)?;
    }
    Ok(())
}

/// ALTER INDEX … ATTACH PARTITION.
pub(crate) fn attach_index(
    cx: &UtilityContext<'_>,
    parent_index: &RelationDesc,
    name: &parser::ast::RangeVar,
) -> PgResult<()> {
    let part = relation_name::open_range_var(cx, name, super::ACCESS_EXCLUSIVE)?;
    if !matches!(part.relkind, 'i' | 'I') {
        return Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is not an index", part.name));
    }
    let (Some(parent), Some(child)) = (&parent_index.index, &part.index) else {
        return Err(PgError::internal("index without a description"));
    };
    let parents = cx.catalog.inheritance_parents(part.oid)?;
    if parents.first() == Some(&parent_index.oid) {
        return Ok(());
    }
    let fault = |detail: String| {
        err!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot attach index \"{}\" as a partition of index \"{}\"",
            part.name,
            parent_index.name
        )
        .detail(detail)
    };
    if !parents.is_empty() {
        return Err(fault(format!(
            "Index \"{}\" is already attached to another index.",
            part.name
        )));
    }
    let table = cx.catalog.get_relation(parent.relid)?;
    let partition = cx.catalog.get_relation(child.relid)?;
    if cx.catalog.inheritance_parents(partition.oid)?.first() != Some(&table.oid) {
        return Err(fault(format!(
            "Index \"{}\" is not an index on any partition of table \"{}\".",
            part.name, table.name
        )));
    }
    for other in partition.indexes.iter() {
        if cx.catalog.inheritance_parents(other.oid)?.first() == Some(&parent_index.oid) {
            return Err(fault(format!(
                "Another index is already attached for partition \"{}\".",
                partition.name
            )));
        }
    }
    let map = inherit::column_map(&table, &partition);
    if !matches(parent, child, &map) {
        return Err(fault("The index definitions do not match.".to_owned())
            .with_sqlstate(error::SqlState::INVALID_OBJECT_DEFINITION));
    }
    if let Some(c) = constraint_of(&table, parent.oid) {
        let Some(own) = constraint_of(&partition, child.oid) else {
            return Err(fault(format!(
                "The index \"{}\" belongs to a constraint in table \"{}\" but no constraint exists \
                 for index \"{}\".",
                parent_index.name, table.name, part.name
            ))
            .with_sqlstate(error::SqlState::INVALID_OBJECT_DEFINITION));
        };
        set_constraint_parent(cx, own, c)?;
    }
    cx.catalog.add_index_parent(child.oid, parent.oid)?;
    cx.catalog.invalidate_relation(child.oid)?;
    cx.catalog.invalidate_relation(partition.oid)?;
    cx.services.command_counter_increment()?;
    validate_parent(cx, parent_index.oid)
}

/// An index made ON ONLY a partitioned table becomes valid when every partition has its part.
fn validate_parent(cx: &UtilityContext<'_>, index: Oid) -> PgResult<()> {
    let relation = cx.catalog.get_relation(index)?;
    let Some(desc) = relation.index.as_ref().filter(|d| !d.valid) else { return Ok(()) };
    let mut valid = 0;
    for part in cx.catalog.inheritance_children(index)?.iter() {
        let part = cx.catalog.get_relation(*part)?;
        valid += usize::from(part.index.as_ref().is_some_and(|i| i.valid));
    }
    if valid < cx.catalog.inheritance_children(desc.relid)?.len() {
        return Ok(());
    }
    let key = [Datum::Oid(index)];
    let column = [(pg_index::INDISVALID, Datum::Bool(true))];
    let by = catalog::schema::index::PG_INDEX_INDEXRELID_INDEX;
    cx.catalog.set_by_key(by, &key, &column)?;
    cx.catalog.invalidate_relation(index)?;
    cx.catalog.invalidate_relation(desc.relid)?;
    cx.services.command_counter_increment()?;
    match cx.catalog.inheritance_parents(index)?.first() {
        Some(parent) => validate_parent(cx, *parent),
        None => Ok(()),
    }
}

/// Takes an index out of the index of the parent table.
pub(crate) fn detach_index(
    cx: &UtilityContext<'_>,
    index: Oid,
    table: &RelationDesc,
) -> PgResult<()> {
    let Some(parent) = cx.catalog.inheritance_parents(index)?.first().copied() else {
        return Ok(());
    };
    cx.catalog.remove_inheritance(index, parent)?;
    drop_partition_dependencies(cx, ObjectAddress::relation(index))?;
    cx.catalog.set_class_flag(index, pg_class::RELISPARTITION, false)?;
    if let Some(c) = constraint_of(table, index) {
        clear_constraint_parent(cx, c)?;
    }
    cx.catalog.invalidate_relation(index)
}

/// An object no longer goes with its parent's, nor with its table as a partition.
fn drop_partition_dependencies(cx: &UtilityContext<'_>, object: ObjectAddress) -> PgResult<()> {
    let key = [Datum::Oid(object.class), Datum::Oid(object.object), Datum::Int4(0)];
    let by = catalog::schema::index::PG_DEPEND_DEPENDER_INDEX;
    for row in cx.catalog.rows_by_index(by, &key)? {
        if matches!(row.values[pg_depend::DEPTYPE].as_char(), b'P' | b'S') {
            cx.catalog.delete_row(pg_depend::RELID, &row)?;
        }
    }
    Ok(())
}

/// Makes a constraint that a partition had from its parent the partition's own.
pub(crate) fn clear_constraint_parent(cx: &UtilityContext<'_>, c: &Constraint) -> PgResult<()> {
    if !c.parentid.is_valid() {
        return Ok(());
    }
    let columns = [
        (pg_constraint::CONPARENTID, Datum::Oid(Oid::INVALID)),
        (pg_constraint::CONISLOCAL, Datum::Bool(true)),
        (pg_constraint::CONINHCOUNT, Datum::Int2((c.inhcount - 1).max(0))),
    ];
    cx.catalog.set_constraint(c.oid, &columns)?;
    drop_partition_dependencies(cx, ObjectAddress::constraint(c.oid))
}
