//! ON COMMIT of temporary tables: what happens to their rows, or to them, when a transaction commits.
use crate::UtilityContext;
use catalog::{CatalogRead, ObjectAddress, RelationDesc};
use error::{PgResult, err};
use parser::ast::OnCommitAction;
use std::sync::Arc;
use table::Heap;
use types::Oid;

/// Empties and drops the tables that ask for it. Tables that are gone are passed over.
pub fn run_on_commit(cx: &UtilityContext<'_>, tables: &[(Oid, OnCommitAction)]) -> PgResult<()> {
    let mut emptied = Vec::new();
    let mut dropped = Vec::new();
    for (oid, action) in tables {
        let Some(table) = cx.catalog.relation(*oid)? else { continue };
        match action {
            OnCommitAction::DeleteRows => emptied.push(table),
            OnCommitAction::Drop => dropped.push(ObjectAddress::relation(*oid)),
            OnCommitAction::Noop | OnCommitAction::PreserveRows => {}
        }
    }
    if cx.catalog.is_dirty() {
        check_foreign_keys(cx, &emptied)?;
    }
    let mut any = !dropped.is_empty();
    for table in &emptied {
        if has_rows(cx, table)? {
            cx.catalog.new_storage(table.oid)?;
            for index in table.indexes.iter() {
                cx.catalog.new_storage(index.oid)?;
            }
            any = true;
        }
    }
    if !dropped.is_empty() {
        let cascade = catalog::DropBehavior::Cascade;
        cx.catalog.perform_deletion(&dropped, cascade, true, &|_| ())?;
    }
    if any { cx.services.command_counter_increment() } else { Ok(()) }
}

fn has_rows(cx: &UtilityContext<'_>, table: &RelationDesc) -> PgResult<bool> {
    let Some(physical) = &table.physical else { return Ok(false) };
    let tx = cx.txn()?;
    Heap::new(physical.clone()).scan(&tx, &tx.latest_snapshot())?.advance()
}

/// A table may not lose its rows while one that refers to it keeps its own.
fn check_foreign_keys(cx: &UtilityContext<'_>, emptied: &[Arc<RelationDesc>]) -> PgResult<()> {
    for table in emptied {
        for constraint in table.referencing.iter() {
            if emptied.iter().any(|t| t.oid == constraint.relid) {
                continue;
            }
            let other = cx.catalog.get_relation(constraint.relid)?;
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "unsupported ON COMMIT and foreign key combination"
            )
            .detail(format!(
                "Table \"{}\" references \"{}\", but they do not have the same ON COMMIT setting.",
                other.name, table.name
            )));
        }
    }
    Ok(())
}
