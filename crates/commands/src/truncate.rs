//! TRUNCATE: new storage for each table, its indexes and, if asked, its sequences.
use crate::{UtilityContext, relation_name};
use catalog::{
    CatalogRead, RelationDesc, acl,
    acl::ObjectKind,
    schema::{index, pg_class, pg_depend},
};
use error::{PgError, PgResult, bail, err, not_supported};
use nodes::acl as bit;
use parser::ast::{DropBehavior, TruncateStmt};
use std::sync::Arc;
use types::{Datum, Oid};

/// PostgreSQL's AccessExclusiveLock.
const ACCESS_EXCLUSIVE: i32 = 8;

/// Empties the tables.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &TruncateStmt) -> PgResult<()> {
    let mut tables: Vec<Arc<RelationDesc>> = Vec::new();
    for name in &stmt.relations {
        let table = relation_name::open_range_var(cx, name, ACCESS_EXCLUSIVE)?;
        check(cx, &table)?;
        add_with_children(cx, table, name.inh, &mut tables)?;
    }
    add_referencing(cx, stmt.behavior, &mut tables)?;
    for table in &tables {
        cx.services.check_relation_not_in_use(table.oid, "TRUNCATE")?;
    }
    fire_triggers(cx, &tables, true)?;
    for table in tables.iter().filter(|t| t.storage_id != 0) {
        cx.catalog.new_storage(table.oid)?;
        for index in table.indexes.iter() {
            cx.catalog.new_storage(index.oid)?;
        }
        if stmt.restart_seqs {
            restart_sequences(cx, table.oid)?;
        }
    }
    cx.services.command_counter_increment()?;
    fire_triggers(cx, &tables, false)
}

/// BEFORE or AFTER TRUNCATE triggers.
fn fire_triggers(
    cx: &UtilityContext<'_>,
    tables: &[Arc<RelationDesc>],
    before: bool,
) -> PgResult<()> {
    if !tables.iter().any(|t| t.has_triggers) {
        return Ok(());
    }
    let settings = cx.services.exec_settings();
    executor::fire_truncate_triggers(tables, before, cx.txn()?, settings, cx.session, cx.catalog)
}

fn check(cx: &UtilityContext<'_>, table: &RelationDesc) -> PgResult<()> {
    if !matches!(table.relkind, 'r' | 'p') {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a table", table.name);
    }
    if table.oid < Oid::FIRST_NORMAL {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{}\" is a system catalog", table.name);
    }
    acl::check(
        cx.catalog,
        ObjectKind::Table,
        &table.name,
        table.acl.as_deref(),
        table.owner,
        cx.user(),
        bit::TRUNCATE,
    )
}

fn add_with_children(
    cx: &UtilityContext<'_>,
    table: Arc<RelationDesc>,
    inherit: bool,
    tables: &mut Vec<Arc<RelationDesc>>,
) -> PgResult<()> {
    if tables.iter().any(|t| t.oid == table.oid) {
        return Ok(());
    }
    if table.relkind == 'p' && !inherit {
        return Err(err!(WRONG_OBJECT_TYPE, "cannot truncate only a partitioned table").hint(
            "Do not specify the ONLY keyword, or use TRUNCATE ONLY on the partitions directly.",
        ));
    }
    let oid = table.oid;
    tables.push(table);
    if !inherit {
        return Ok(());
    }
    for child in cx.catalog.inheritance_children(oid)?.iter() {
        cx.lock(*child, ACCESS_EXCLUSIVE)?;
        if let Some(child) = cx.catalog.relation(*child)? {
            add_with_children(cx, child, true, tables)?;
        }
    }
    Ok(())
}

/// Tables with foreign keys to those truncated must be truncated with them.
fn add_referencing(
    cx: &UtilityContext<'_>,
    behavior: DropBehavior,
    tables: &mut Vec<Arc<RelationDesc>>,
) -> PgResult<()> {
    let mut at = 0;
    while let Some(table) = tables.get(at).cloned() {
        at += 1;
        for constraint in table.referencing.iter() {
            if tables.iter().any(|t| t.oid == constraint.relid) {
                continue;
            }
            cx.lock(constraint.relid, ACCESS_EXCLUSIVE)?;
            let Some(other) = cx.catalog.relation(constraint.relid)? else { continue };
            if behavior == DropBehavior::Restrict {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "cannot truncate a table referenced in a foreign key constraint"
                )
                .detail(format!("Table \"{}\" references \"{}\".", other.name, table.name))
                .hint(format!(
                    "Truncate table \"{}\" at the same time, or use TRUNCATE ... CASCADE.",
                    other.name
                )));
            }
            cx.notice(PgError::notice(format!("truncate cascades to table \"{}\"", other.name)));
            check(cx, &other)?;
            add_with_children(cx, other, true, tables)?;
        }
    }
    Ok(())
}

/// Sequences owned by the table's columns start again.
fn restart_sequences(cx: &UtilityContext<'_>, relid: Oid) -> PgResult<()> {
    let key = [Datum::Oid(pg_class::RELID), Datum::Oid(relid)];
    for row in cx.catalog.rows_by_index(index::PG_DEPEND_REFERENCE_INDEX, &key)? {
        let owned = row.oid(pg_depend::CLASSID) == pg_class::RELID
            && matches!(row.values[pg_depend::DEPTYPE].as_char(), b'a' | b'i')
            && row.values[pg_depend::REFOBJSUBID].as_i32() != 0;
        let sequence = row.oid(pg_depend::OBJID);
        if owned && cx.catalog.relation(sequence)?.is_some_and(|r| r.relkind == 'S') {
            return Err(not_supported!("TRUNCATE … RESTART IDENTITY"));
        }
    }
    Ok(())
}
