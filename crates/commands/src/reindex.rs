//! REINDEX: indexes built anew in new storage.
use crate::{UtilityContext, creation, relation_name, scan};
use catalog::{CatalogRead, RelationDesc, acl, acl::ObjectKind, schema::pg_class};
use error::{PgError, PgResult, bail, err, not_supported};
use nodes::acl as bit;
use parser::ast::{RangeVar, ReindexObjectType as Kind, ReindexStmt};
use types::Oid;

/// PostgreSQL's ShareLock and AccessExclusiveLock.
const SHARE: i32 = 5;
const ACCESS_EXCLUSIVE: i32 = 8;

/// Builds the indexes that the statement means.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &ReindexStmt) -> PgResult<()> {
    for option in &stmt.params {
        match option.defname.as_str() {
            "concurrently" | "verbose" => {
                let text = creation::option_text(option.arg.as_ref());
                match creation::option_bool(&text) {
                    Some(false) => {}
                    _ => {
                        let name = option.defname.to_uppercase();
                        return Err(not_supported!("REINDEX {name}"));
                    }
                }
            }
            "tablespace" => return Err(not_supported!("REINDEX TABLESPACE")),
            name => {
                return Err(err!(SYNTAX_ERROR, "unrecognized REINDEX option \"{name}\"")
                    .at(option.location));
            }
        }
    }
    match (stmt.kind, &stmt.relation) {
        (Kind::Index, Some(name)) => one_index(cx, name),
        (Kind::Table, Some(name)) => one_table(cx, name),
        (Kind::Schema, _) => {
            cx.services.prevent_in_transaction_block("REINDEX SCHEMA")?;
            let name = stmt.name.as_deref().unwrap_or_default();
            let namespace = relation_name::namespace(cx.catalog, name)?;
            if let Some(row) = cx.catalog.lookup_namespace_row(namespace)? {
                acl::check_owner(cx.catalog, ObjectKind::Schema, name, row.owner, cx.user())?;
            }
            many(cx, Some(namespace))
        }
        (Kind::Database, _) => {
            cx.services.prevent_in_transaction_block("REINDEX DATABASE")?;
            let current = cx.session.database_name();
            if stmt.name.as_deref().is_some_and(|name| *name != *current) {
                bail!(FEATURE_NOT_SUPPORTED, "can only reindex the currently open database");
            }
            if let Some(row) = cx.catalog.lookup_database(cx.catalog.database())? {
                let kind = ObjectKind::Database;
                acl::check_owner(cx.catalog, kind, &row.name, row.owner, cx.user())?;
            }
            many(cx, None)
        }
        _ => Err(not_supported!("REINDEX SYSTEM")),
    }
}

fn one_index(cx: &UtilityContext<'_>, name: &RangeVar) -> PgResult<()> {
    let found = relation_name::open_range_var(cx, name, ACCESS_EXCLUSIVE)?;
    let Some(index) = &found.index else {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not an index", found.name);
    };
    cx.lock(index.relid, SHARE)?;
    let table = cx.catalog.get_relation(index.relid)?;
    if cx.catalog.relation_privileges(&table, cx.user(), bit::MAINTAIN)? == 0 {
        return Err(acl::permission_denied(ObjectKind::Index, &found.name));
    }
    rebuild(cx, &table, &[found.oid])
}

fn one_table(cx: &UtilityContext<'_>, name: &RangeVar) -> PgResult<()> {
    let table = relation_name::open_range_var(cx, name, SHARE)?;
    if !matches!(table.relkind, 'r' | 'm' | 'p') {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a table or materialized view", table.name);
    }
    cx.catalog.check_relation(&table, cx.user(), bit::MAINTAIN)?;
    if table.indexes.is_empty() {
        let text = format!("table \"{}\" has no indexes to reindex", table.name);
        cx.notice(PgError::notice(text));
        return Ok(());
    }
    let indexes: Vec<Oid> = table.indexes.iter().map(|i| i.oid).collect();
    rebuild(cx, &table, &indexes)
}

/// The user's tables of a schema or of the database.
fn many(cx: &UtilityContext<'_>, namespace: Option<Oid>) -> PgResult<()> {
    for row in cx.catalog.all_rows(pg_class::RELID)? {
        let oid = row.oid(pg_class::OID);
        let kind = row.values[pg_class::RELKIND].as_char();
        let here = row.oid(pg_class::RELNAMESPACE);
        let wanted = namespace.is_none_or(|n| n == here) && oid >= Oid::FIRST_NORMAL;
        if !wanted || !matches!(kind, b'r' | b'm') || cx.catalog.is_other_temp_namespace(here)? {
            continue;
        }
        cx.lock(oid, SHARE)?;
        let Some(table) = cx.catalog.relation(oid)? else { continue };
        if cx.catalog.relation_privileges(&table, cx.user(), bit::MAINTAIN)? == 0 {
            continue;
        }
        let indexes: Vec<Oid> = table.indexes.iter().map(|i| i.oid).collect();
        rebuild(cx, &table, &indexes)?;
    }
    Ok(())
}

fn rebuild(cx: &UtilityContext<'_>, table: &RelationDesc, indexes: &[Oid]) -> PgResult<()> {
    if table.relkind == 'p' {
        return Err(not_supported!("REINDEX of a partitioned table"));
    }
    for index in indexes {
        cx.lock(*index, ACCESS_EXCLUSIVE)?;
        cx.services.check_relation_not_in_use(*index, "REINDEX INDEX")?;
        cx.catalog.new_storage(*index)?;
        cx.catalog.invalidate_relation(table.oid)?;
        cx.services.command_counter_increment()?;
        scan::build_index(cx, table.oid, *index)?;
    }
    cx.services.command_counter_increment()
}
