//! CREATE TABLE AS and SELECT INTO.
use crate::{UtilityContext, column, creation};
use catalog::{CatalogRead, NewColumn, NewRelation};
use error::{PgResult, bail, err, not_supported};
use nodes::{CmdType, Query};
use parser::ast::{CreateTableAsStmt, ObjectType, OnCommitAction, Stmt};
use table::{Heap, KeyEncoder};
use txn::StorageId;

/// Makes the table and fills it; the number of rows, for the tag.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &CreateTableAsStmt) -> PgResult<Option<u64>> {
    if stmt.objtype == ObjectType::MatView {
        return Err(not_supported!("materialized views"));
    }
    if matches!(&*stmt.query, Stmt::ExecuteStmt(_)) {
        return Err(not_supported!("CREATE TABLE AS EXECUTE"));
    }
    let into = &stmt.into;
    let place = creation::place_of(cx, &into.rel)?;
    if stmt.if_not_exists && creation::exists_skipping(cx, place.namespace, &into.rel.relname)? {
        return Ok(None);
    }
    creation::check_tablespace(into.table_space_name.as_deref())?;
    creation::check_table_access_method(cx, into.access_method.as_deref())?;
    if into.on_commit != OnCommitAction::Noop && place.persistence != 't' {
        bail!(INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables");
    }
    let reloptions = creation::reloptions(creation::OptionKind::Table, &into.options)?;
    let mut acx = cx.analyze_context();
    let query = analyzer::analyze_inner(&mut acx, &stmt.query, false)?;
    if query.command_type != CmdType::Select {
        bail!(FEATURE_NOT_SUPPORTED, "CREATE TABLE AS needs a query");
    }
    let mut new = NewRelation::new(
        &into.rel.relname,
        place.namespace,
        cx.user(),
        'r',
        columns(cx, &query, &into.col_names)?,
    );
    new.persistence = place.persistence;
    new.reloptions = reloptions;
    let created = cx.catalog.create_relation(&new)?;
    cx.services.register_on_commit(created.oid, into.on_commit);
    cx.services.command_counter_increment()?;
    if into.skip_data {
        return Ok(Some(0));
    }
    fill(cx, created.oid, &query).map(Some)
}

fn columns(cx: &UtilityContext<'_>, query: &Query, names: &[String]) -> PgResult<Vec<NewColumn>> {
    let targets: Vec<_> = query.target_list.iter().filter(|t| !t.resjunk).collect();
    if names.len() > targets.len() {
        bail!(SYNTAX_ERROR, "too many column names were specified");
    }
    let mut columns: Vec<NewColumn> = Vec::with_capacity(targets.len());
    for (i, target) in targets.iter().enumerate() {
        let name = match names.get(i) {
            Some(name) => name.clone(),
            None => target.resname.clone().unwrap_or_else(|| "?column?".to_owned()),
        };
        let e = &target.expr;
        column::check_name(&name)?;
        column::check_type(cx, &name, e.typ())?;
        if columns.iter().any(|c| c.name == name) {
            bail!(DUPLICATE_COLUMN, "column \"{name}\" specified more than once");
        }
        let collatable = cx.catalog.get_type(e.typ())?.collation.is_valid();
        if collatable && !e.collation().is_valid() {
            return Err(err!(
                INDETERMINATE_COLLATION,
                "no collation was derived for column \"{name}\" with collatable type {}",
                cx.catalog.format_type(e.typ(), None)?
            )
            .hint("Use the COLLATE clause to set the collation explicitly."));
        }
        columns.push(NewColumn::new(&name, e.typ(), e.typmod(), e.collation()));
    }
    Ok(columns)
}

/// Puts rows into new, empty storage of a table.
pub(crate) fn insert_rows(
    cx: &UtilityContext<'_>,
    table: types::Oid,
    rows: Vec<Vec<types::Datum>>,
) -> PgResult<()> {
    let relation = cx.catalog.get_relation(table)?;
    let Some(physical) = relation.physical.clone() else { return Ok(()) };
    let tx = cx.txn()?;
    let heap = Heap::new(physical);
    let mut writer = tx.bulk(StorageId(relation.storage_id))?;
    let mut encoder = KeyEncoder::new();
    for values in rows {
        heap.insert_bulk(&mut writer, &tx, &mut encoder, &values)?;
    }
    writer.finish()?;
    // Building the indexes reads what was written here.
    cx.services.command_counter_increment()
}

/// Runs the query into new, empty storage; the rows go to it in bulk.
pub(crate) fn fill(cx: &UtilityContext<'_>, table: types::Oid, query: &Query) -> PgResult<u64> {
    let relation = cx.catalog.get_relation(table)?;
    let Some(physical) = relation.physical.clone() else { return Ok(0) };
    let tx = cx.txn()?;
    let heap = Heap::new(physical);
    let mut writer = tx.bulk(StorageId(relation.storage_id))?;
    let mut encoder = KeyEncoder::new();
    let mut rows = 0;
    cx.services.run_query(query, &mut |values| {
        heap.insert_bulk(&mut writer, &tx, &mut encoder, &values)?;
        rows += 1;
        Ok(())
    })?;
    writer.finish()?;
    Ok(rows)
}
