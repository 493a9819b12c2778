//! Passes over the rows that are there: validation of constraints, rewrites, samples, deferred checks.
use crate::{
    Cx, EState, ExecSettings, StandaloneExprs,
    expr::{ExprCompiler, ScanColumns},
    modify::{DeferredChecks, ForeignKey, run_check},
};
use catalog::{CatalogRead, Constraint, RelationDesc};
use error::{PgResult, err};
use fmgr::FnContext;
use nodes::Expr;
use std::sync::Arc;
use table::{Heap, KeyEncoder, TableDesc};
use types::Datum;

fn for_each_row(
    rel: &RelationDesc,
    txn: &Arc<txn::Transaction>,
    snapshot: &txn::Snapshot,
    session: &dyn FnContext,
    visit: &mut dyn FnMut(table::Rowid, &mut Vec<Datum>) -> PgResult<()>,
) -> PgResult<()> {
    let Some(desc) = rel.physical.clone() else { return Ok(()) };
    let mut scan = Heap::new(desc).scan(txn, snapshot)?;
    let mut row = Vec::new();
    let mut steps = 0usize;
    while scan.advance()? {
        scan.decode_all(&mut row)?;
        visit(scan.rowid(), &mut row)?;
        steps += 1;
        if steps.is_multiple_of(1024) {
            session.check_interrupts()?;
        }
    }
    Ok(())
}

/// Raises if a row violates a CHECK expression (over varno 1).
pub fn validate_check(
    rel: &RelationDesc,
    name: &str,
    check: &Expr,
    txn: &Arc<txn::Transaction>,
    snapshot: &txn::Snapshot,
    session: &dyn FnContext,
    catalog: &dyn CatalogRead,
) -> PgResult<()> {
    let columns = ScanColumns::relation(1, rel);
    let exprs = std::slice::from_ref(check);
    let mut check = StandaloneExprs::compile_with(exprs, session, catalog, columns)?;
    for_each_row(rel, txn, snapshot, session, &mut |_, row| {
        if matches!(check.eval_one(session, catalog, row)?, Datum::Bool(false)) {
            let schema = catalog.namespace_name(rel.namespace)?.unwrap_or_default();
            return Err(err!(
                CHECK_VIOLATION,
                "check constraint \"{name}\" of relation \"{}\" is violated by some row",
                rel.name
            )
            .table(schema, rel.name.clone())
            .constraint(name));
        }
        Ok(())
    })
}

/// Raises if a column (attnum) has a NULL.
pub fn validate_not_null(
    rel: &RelationDesc,
    column: i16,
    txn: &Arc<txn::Transaction>,
    snapshot: &txn::Snapshot,
    session: &dyn FnContext,
    catalog: &dyn CatalogRead,
) -> PgResult<()> {
    for_each_row(rel, txn, snapshot, session, &mut |_, row| {
        if row[column as usize - 1].is_null() {
            let schema = catalog.namespace_name(rel.namespace)?.unwrap_or_default();
            let name = rel.attr(column).map_or("", |a| a.name.as_str());
            return Err(err!(
                NOT_NULL_VIOLATION,
                "column \"{name}\" of relation \"{}\" contains null values",
                rel.name
            )
            .table(schema, rel.name.clone())
            .column(name));
        }
        Ok(())
    })
}

/// Raises if a row lacks its counterpart in the referenced table.
pub fn validate_foreign_key(
    rel: &RelationDesc,
    constraint: &Constraint,
    txn: Arc<txn::Transaction>,
    settings: Arc<ExecSettings>,
    session: &dyn FnContext,
    catalog: &dyn CatalogRead,
) -> PgResult<()> {
    let mut c = ExprCompiler::new(session, catalog);
    let key = Arc::new(ForeignKey::compile(&mut c, constraint)?);
    let snapshot = txn.latest_snapshot();
    let mut state = EState::new(Some(txn.clone()), Some(snapshot.clone()), Arc::new([]), settings);
    state.reserve_slots(c.counts());
    let mut cx = Cx { session, catalog, es: &mut state };
    for_each_row(rel, &txn, &snapshot, session, &mut |rowid, row| {
        key.note_reference(&mut cx, rowid, row)?;
        crate::modify::flush(&mut cx)
    })
}

/// Copies all rows to new storage, each through `exprs` (over the old row, varno 1), one for each
/// attribute of the new layout; `check` sees every new row. Returns the number of rows.
pub fn rewrite_rows(
    rel: &RelationDesc,
    new_desc: &Arc<TableDesc>,
    exprs: &[Expr],
    txn: &Arc<txn::Transaction>,
    snapshot: &txn::Snapshot,
    session: &dyn FnContext,
    catalog: &dyn CatalogRead,
    check: &mut dyn FnMut(&[Datum]) -> PgResult<()>,
) -> PgResult<u64> {
    let columns = ScanColumns::relation(1, rel);
    let mut exprs = StandaloneExprs::compile_with(exprs, session, catalog, columns)?;
    let heap = Heap::new(new_desc.clone());
    let mut writer = txn.bulk(new_desc.sid)?;
    let mut encoder = KeyEncoder::new();
    let mut new_row = Vec::new();
    let mut rows = 0;
    for_each_row(rel, txn, snapshot, session, &mut |_, row| {
        new_row.clear();
        exprs.eval_all(session, catalog, row, &mut new_row)?;
        check(&new_row)?;
        heap.insert_bulk(&mut writer, txn, &mut encoder, &new_row)?;
        rows += 1;
        Ok(())
    })?;
    writer.finish()?;
    Ok(rows)
}

/// A uniform sample of at most `target` rows, and the number of rows in all, for ANALYZE.
pub fn analyze_sample(
    rel: &RelationDesc,
    target: usize,
    txn: &Arc<txn::Transaction>,
    snapshot: &txn::Snapshot,
    session: &dyn FnContext,
) -> PgResult<(Vec<Vec<Datum>>, u64)> {
    let mut sample: Vec<Vec<Datum>> = Vec::with_capacity(target.min(1 << 16));
    let mut seen = 0u64;
    for_each_row(rel, txn, snapshot, session, &mut |_, row| {
        seen += 1;
        if sample.len() < target {
            sample.push(std::mem::take(row));
            return Ok(());
        }
        // Reservoir: the n-th row is kept with probability target / n.
        let at = session.random_u64() % seen;
        if let Some(slot) = usize::try_from(at).ok().and_then(|at| sample.get_mut(at)) {
            *slot = std::mem::take(row);
        }
        Ok(())
    })?;
    Ok((sample, seen))
}

/// Runs a transaction's deferred checks: all of them (commit), or those of constraints that SET
/// CONSTRAINTS has made immediate.
pub fn run_deferred(
    checks: &DeferredChecks,
    all: bool,
    txn: Arc<txn::Transaction>,
    settings: Arc<ExecSettings>,
    session: &dyn FnContext,
    catalog: &dyn CatalogRead,
) -> PgResult<()> {
    let mut due = checks.take(all);
    while !due.is_empty() {
        let snapshot = txn.latest_snapshot();
        let mut state =
            EState::new(Some(txn.clone()), Some(snapshot), Arc::new([]), settings.clone());
        let mut cx = Cx { session, catalog, es: &mut state };
        for check in due {
            run_check(&mut cx, check)?;
        }
        crate::modify::flush(&mut cx)?;
        due = checks.take(all);
    }
    Ok(())
}
