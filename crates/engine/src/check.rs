//! Comparing every index of a cluster with its table, with no sessions open.
use crate::{
    Engine,
    random::entropy,
    session_core::{SessionCore, SessionStart},
};
use catalog::{CatalogRead, schema};
use error::PgResult;
use settings::Settings;
use std::sync::Arc;
use types::{Datum, Oid};

/// What [`Engine::check`] looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckSummary {
    /// Indexes compared, those of the system catalogs included.
    pub indexes: u64,
    /// Differences reported.
    pub problems: u64,
}

impl Engine {
    /// Compares every valid index of every database with the rows it is for, expressions and predicates
    /// evaluated anew, and hands each difference to `report` as a sentence.
    pub fn check(self: &Arc<Self>, report: &mut dyn FnMut(&str)) -> PgResult<CheckSummary> {
        let mut summary = CheckSummary::default();
        let first = catalog::image::POSTGRES_DB;
        let databases = self.in_database(first, "", &mut |core| {
            use schema::pg_database as c;
            let rows = core.catalog.all_rows(c::RELID)?;
            Ok(rows
                .iter()
                .map(|r| (r.oid(c::OID), r.values[c::DATNAME].as_str().to_owned()))
                .collect::<Vec<_>>())
        })?;
        for (database, name) in databases {
            self.in_database(database, &name, &mut |core| {
                // Shared catalogs are the same from everywhere.
                check_database(core, &name, database == first, report, &mut summary)
            })?;
        }
        Ok(summary)
    }

    /// Runs something in a transaction of a session of the system's own.
    fn in_database<T>(
        self: &Arc<Self>,
        database: Oid,
        name: &str,
        work: &mut dyn FnMut(&Arc<SessionCore>) -> PgResult<T>,
    ) -> PgResult<T> {
        let backend = self.store.backend(0);
        let core = SessionCore::new(
            self.clone(),
            SessionStart {
                pid: 0,
                slot: 0,
                secret: entropy().to_be_bytes().to_vec(),
                backend: backend.clone(),
                database,
                database_name: name.to_owned(),
                address: None,
                role: catalog::image::BOOTSTRAP_SUPERUSER,
                settings: Settings::new(self.cluster()),
                wake: None,
            },
        );
        let result = core
            .start_command()
            .and_then(|()| work(&core))
            .and_then(|done| core.finish_command().map(|()| done));
        if result.is_err() {
            core.after_error();
        }
        self.store.remove_backend(&backend);
        result
    }
}

fn check_database(
    core: &Arc<SessionCore>,
    database: &str,
    shared: bool,
    report: &mut dyn FnMut(&str),
    summary: &mut CheckSummary,
) -> PgResult<()> {
    use schema::pg_class as c;
    let cx = core.context();
    let settings = core.engine.exec_settings(&cx.typed);
    let txn = core.txn()?;
    let snapshot = txn.latest_snapshot();
    for row in core.catalog.all_rows(c::RELID)? {
        if !matches!(row.values[c::RELKIND], Datum::Char(b'r' | b'm' | b't')) {
            continue;
        }
        let relation = core.catalog.get_relation(row.oid(c::OID))?;
        if relation.is_shared && !shared {
            continue;
        }
        for index in relation.indexes.iter().filter(|i| i.valid && i.ready) {
            summary.indexes += 1;
            let problems = executor::check_index(
                &relation,
                index,
                txn.clone(),
                snapshot.clone(),
                settings.clone(),
                &cx,
                &cx.catalog,
            )?;
            for problem in problems {
                summary.problems += 1;
                report(&format!(
                    "index \"{}\" of table \"{}\" in database \"{database}\": {problem}",
                    index.name, relation.name
                ));
            }
        }
    }
    Ok(())
}
