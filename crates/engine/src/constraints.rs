//! SET CONSTRAINTS: when deferrable constraints are checked in this transaction.
use crate::context::StatementContext;
use catalog::{CatalogRead, schema};
use error::{PgResult, bail};
use parser::ast::{ConstraintsSetStmt, RangeVar};
use types::{Datum, Oid};

/// Runs the statement.
pub(crate) fn set(
    cx: &StatementContext<'_>,
    stmt: &ConstraintsSetStmt,
    nested: bool,
) -> PgResult<()> {
    let core = cx.core;
    if !nested {
        core.warn_no_transaction_block("SET CONSTRAINTS");
    }
    if stmt.constraints.is_empty() {
        core.deferred.set_all(stmt.deferred);
    }
    for name in &stmt.constraints {
        for oid in resolve(cx, name)? {
            core.deferred.set(oid, stmt.deferred);
        }
    }
    match stmt.deferred {
        true => Ok(()),
        false => core.run_deferred(false),
    }
}

/// The deferrable constraints of a name: all of one schema, the first in the path that has any.
fn resolve(cx: &StatementContext<'_>, name: &RangeVar) -> PgResult<Vec<Oid>> {
    let schemas = match &name.schemaname {
        Some(schema) => match cx.catalog.lookup_namespace(schema)? {
            Some(oid) => vec![oid],
            None => bail!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist"),
        },
        None => cx.catalog.effective_search_path()?.to_vec(),
    };
    let mut found_any = false;
    for namespace in schemas {
        let key = [Datum::text(&name.relname), Datum::Oid(namespace)];
        let index = schema::index::PG_CONSTRAINT_CONNAME_NSP_INDEX;
        let rows = cx.catalog.rows_by_index(index, &key)?;
        use schema::pg_constraint as c;
        let oids: Vec<Oid> = rows
            .iter()
            .filter(|r| r.values[c::CONDEFERRABLE].as_bool())
            .map(|r| r.oid(c::OID))
            .collect();
        found_any |= !rows.is_empty();
        if !oids.is_empty() {
            return Ok(oids);
        }
        if found_any {
            bail!(WRONG_OBJECT_TYPE, "constraint \"{}\" is not deferrable", name.relname);
        }
    }
    bail!(UNDEFINED_OBJECT, "constraint \"{}\" does not exist", name.relname)
}
