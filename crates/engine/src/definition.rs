//! Statements that define things: handed to `commands` with what it needs of the session.
use crate::{
    command_tag::command_tag,
    context::StatementContext,
    portal::Portal,
    query_run::{PlannedSet, QueryRun, compile, exec_settings, plan_query},
    session_core::SessionCore,
};
use commands::{UtilityContext, UtilityServices};
use error::{PgError, PgResult, bail, err};
use executor::ExecSettings;
use nodes::Query;
use parser::ast::{CreateTableAsStmt, ObjectType, SelectStmt, Stmt};
use std::sync::Arc;
use txn::StorageId;
use types::{Datum, Oid};

/// Runs a definition; returns the tag.
pub(crate) fn run(cx: &StatementContext<'_>, portal: &Portal, stmt: &Stmt) -> PgResult<String> {
    let services = Services { cx, nested: portal.nested, params: portal.params.clone() };
    let text = &portal.statement.text;
    let rows = match stmt {
        Stmt::SelectStmt(select) => services.execute(text, &select_into(select)?)?,
        other => services.execute(text, other)?,
    };
    Ok(tag(stmt, rows))
}

/// SELECT … INTO as the CREATE TABLE AS that it means.
fn select_into(select: &SelectStmt) -> PgResult<Stmt> {
    let mut query = select.clone();
    let Some(into) = query.into_clause.take() else {
        return Err(PgError::internal("a query came to be run as a definition"));
    };
    Ok(Stmt::from(CreateTableAsStmt {
        query: Box::new(Stmt::from(query)),
        into: *into,
        objtype: ObjectType::Table,
        is_select_into: true,
        if_not_exists: false,
    }))
}

fn tag(stmt: &Stmt, rows: Option<u64>) -> String {
    match (stmt, rows) {
        (Stmt::CreateTableAsStmt(_) | Stmt::SelectStmt(_), Some(rows)) => format!("SELECT {rows}"),
        _ => command_tag(stmt).to_owned(),
    }
}

/// The engine as `commands` sees it.
struct Services<'c, 's> {
    cx: &'c StatementContext<'s>,
    nested: bool,
    params: Arc<[Datum]>,
}

impl Services<'_, '_> {
    fn utility_context<'u>(&'u self, source_text: &'u str) -> UtilityContext<'u> {
        let cx = self.cx;
        UtilityContext {
            catalog: &cx.catalog,
            session: cx,
            locker: cx,
            services: self,
            source_text,
        }
    }

    fn execute(&self, text: &str, stmt: &Stmt) -> PgResult<Option<u64>> {
        commands::execute_utility(&self.utility_context(text), stmt)
    }
}

/// What temporary tables ask for at commit.
pub(crate) fn run_on_commit(
    cx: &StatementContext<'_>,
    tables: &[(Oid, parser::ast::OnCommitAction)],
) -> PgResult<()> {
    let services = Services { cx, nested: true, params: Arc::new([]) };
    commands::run_on_commit(&services.utility_context(""), tables)
}

impl UtilityServices for Services<'_, '_> {
    fn run_query(
        &self,
        query: &Query,
        row: &mut dyn FnMut(Vec<Datum>) -> PgResult<()>,
    ) -> PgResult<u64> {
        let cx = self.cx;
        let mut acx = analyzer::AnalyzeContext {
            locker: cx,
            ..analyzer::AnalyzeContext::new(&cx.catalog, cx, "")
        };
        let mut plans = Vec::new();
        for query in crate::statement::rewrite(&mut acx, query.clone())? {
            let plan = Arc::new(plan_query(cx, &query, None, Default::default())?);
            plans.push(compile(cx, plan)?);
        }
        let set = Arc::new(PlannedSet { plans });
        let mut run = QueryRun::start_planned(cx, set, self.params.clone())?;
        while let Some(values) = run.next_row(cx)? {
            row(values)?;
        }
        Ok(run.processed())
    }

    fn run_utility(&self, stmt: &Stmt) -> PgResult<()> {
        self.execute("", stmt).map(|_| ())
    }

    fn command_counter_increment(&self) -> PgResult<()> {
        self.cx.core.next_command()
    }

    fn setting_text(&self, name: &str, args: &[parser::ast::SetArg]) -> PgResult<String> {
        crate::variable::flatten(self.cx, name, args)
    }

    fn sessions_in_database(&self, database: Oid) -> usize {
        let sessions = self.cx.core.engine.sessions();
        sessions.iter().filter(|s| s.database == database).count()
    }

    fn prevent_in_transaction_block(&self, statement: &str) -> PgResult<()> {
        if self.nested {
            bail!(
                ACTIVE_SQL_TRANSACTION,
                "{statement} cannot be executed from a function or procedure"
            );
        }
        self.cx.core.prevent_in_transaction_block(statement)
    }

    fn require_transaction_block(&self, statement: &str) -> PgResult<()> {
        if self.nested {
            return Ok(());
        }
        self.cx.core.require_transaction_block(statement)
    }

    fn check_relation_not_in_use(&self, relid: Oid, statement: &str) -> PgResult<()> {
        if self.cx.core.portals.lock().uses_relation(relid) {
            use catalog::CatalogRead;
            let relation = self.cx.catalog.get_relation(relid)?;
            bail!(
                OBJECT_IN_USE,
                "cannot {statement} \"{}\" because it is being used by active queries in this session",
                relation.name
            );
        }
        Ok(())
    }

    fn register_on_commit(&self, table: Oid, action: parser::ast::OnCommitAction) {
        self.cx.core.on_commit.register(table, action);
    }

    fn check_internal_function(&self, symbol: &str) -> PgResult<()> {
        if self.cx.core.engine.registry.get(symbol).is_some() {
            return Ok(());
        }
        Err(err!(UNDEFINED_FUNCTION, "there is no built-in function named \"{symbol}\""))
    }

    fn check_c_function(&self, library: &str, symbol: &str) -> PgResult<()> {
        self.cx.core.engine.modules.function(library, symbol).map(drop)
    }

    fn validate_function(&self, oid: Oid, source: &str) -> PgResult<()> {
        crate::function_check::validate(self.cx, oid, source)
    }

    fn session_slot(&self) -> u32 {
        self.cx.core.slot
    }

    fn start_sequence(&self, storage_id: u32, value: i64, is_called: bool) -> PgResult<()> {
        let core = self.cx.core;
        let txn = core.txn()?;
        core.engine.services.sequences.create(&txn, StorageId(storage_id), value, is_called)
    }

    fn sequence_state(&self, storage_id: u32) -> PgResult<(i64, bool)> {
        let state = self.cx.core.engine.services.sequences.state(StorageId(storage_id))?;
        Ok((state.last_value, state.is_called))
    }

    fn exec_settings(&self) -> Arc<ExecSettings> {
        exec_settings(self.cx)
    }
}

/// DISCARD TEMP.
pub(crate) fn drop_temporary(cx: &StatementContext<'_>) -> PgResult<()> {
    use catalog::CatalogRead;
    match cx.catalog.temp_namespace() {
        Some(_) => cx.catalog.drop_temp_objects(),
        None => Ok(()),
    }
}

/// Session-level advisory locks are given up.
pub(crate) fn release_session_locks(core: &SessionCore) {
    core.engine.store.locks().release_session(&core.backend);
}
