//! Dispatch of utility statements: the engine's own here, definitions to `commands`.
use crate::{
    command_tag::{command_tag, is_read_only},
    context::StatementContext,
    copy, cursor,
    local_statement::LocalStatement,
    notify::{Notification, NotifyAction},
    portal::{Portal, Run},
    portal_run::Outcome,
    query_run::QueryRun,
    session_core::SessionCore,
    sink::{ResultSink, RowShape},
    statement::{Body, CachedStatement},
    variable,
};
use analyzer::{AnalyzeContext, Analyzer, ExprKind, ParamTypes};
use error::{PgResult, bail, err, not_supported};
use nodes::{CoercionContext, CoercionForm, Expr};
use parser::ast::{
    DiscardMode, ExecuteStmt, PrepareStmt, RawStmt, Stmt, TransactionStmt, TransactionStmtKind,
};
use settings::{SetAction, SetOptions};
use std::sync::Arc;
use types::{Datum, Oid};

/// Longest payload of NOTIFY, and longest channel name.
const NOTIFY_PAYLOAD_MAX: usize = 7999;
const NAME_MAX: usize = 63;

/// The columns a utility statement returns.
pub(crate) fn columns(
    cx: &StatementContext<'_>,
    text: &Arc<str>,
    stmt: &Stmt,
) -> PgResult<Option<RowShape>> {
    match stmt {
        Stmt::VariableShowStmt(s) => variable::show_columns(cx.core, s).map(Some),
        Stmt::FetchStmt(s) => cursor::fetch_columns(cx.core, s),
        Stmt::ExecuteStmt(s) => Ok(current_prepared(cx, &s.name)?.columns.clone()),
        Stmt::ExplainStmt(s) => crate::explain::columns(cx, s).map(Some),
        Stmt::CallStmt(s) => crate::plpgsql::call_columns(cx, text, &[], s),
        _ => Ok(None),
    }
}

/// Does the work of a utility statement; `None` means that its rows come from the portal.
pub(crate) fn run(
    core: &Arc<SessionCore>,
    portal: &mut Portal,
    sink: &mut dyn ResultSink,
) -> PgResult<Option<Outcome>> {
    let statement = portal.statement.clone();
    let stmt = &statement.raw.stmt;
    check_allowed(core, stmt)?;
    if let Stmt::TransactionStmt(t) = stmt {
        if portal.nested {
            return Err(not_supported!("transaction control inside a function"));
        }
        let tag = transaction(core, t)?;
        portal.run = Run::Done;
        return Ok(Some(Outcome::Complete(Some(tag.to_owned()))));
    }
    let cx = core.context();
    match stmt {
        Stmt::ExecuteStmt(s) => {
            execute(&cx, portal, s)?;
            return start_executed(core, portal, sink);
        }
        Stmt::FetchStmt(s) => {
            let run = cursor::fetch(&cx, s)?;
            portal.run = Run::Fetch(Box::new(run));
            return Ok(None);
        }
        Stmt::VariableShowStmt(s) => {
            let rows = variable::show(core, s)?.into();
            portal.run = Run::Rows { rows, tag: "SHOW".to_owned() };
            return Ok(None);
        }
        Stmt::ExplainStmt(s) => {
            let rows = crate::explain::run(&cx, portal, s)?.into();
            portal.run = Run::Rows { rows, tag: "EXPLAIN".to_owned() };
            return Ok(None);
        }
        Stmt::CallStmt(s) => {
            let rows = crate::plpgsql::run_call(&cx, portal, s)?.into();
            portal.run = Run::Rows { rows, tag: "CALL".to_owned() };
            return Ok(None);
        }
        Stmt::CopyStmt(s) => {
            return copy::start(&cx, portal, s, sink);
        }
        _ => {}
    }
    let tag = simple(&cx, portal, stmt)?;
    portal.run = Run::Done;
    Ok(Some(Outcome::Complete(Some(tag))))
}

fn check_allowed(core: &SessionCore, stmt: &Stmt) -> PgResult<()> {
    if !is_read_only(stmt) && core.settings.lock().typed().transaction_read_only {
        bail!(
            READ_ONLY_SQL_TRANSACTION,
            "cannot execute {} in a read-only transaction",
            command_tag(stmt)
        );
    }
    Ok(())
}

/// Statements without rows; returns the tag.
fn simple(cx: &StatementContext<'_>, portal: &Portal, stmt: &Stmt) -> PgResult<String> {
    let core = cx.core;
    let text = &portal.statement.text;
    match stmt {
        Stmt::VariableSetStmt(s) => variable::set(cx, s, portal.nested)?,
        Stmt::AlterSystemStmt(s) => variable::alter_system(cx, s)?,
        Stmt::PrepareStmt(s) => prepare(cx, text, s)?,
        Stmt::DeallocateStmt(s) => match &s.name {
            None => core.prepared.lock().clear(),
            Some(name) => {
                if !core.prepared.lock().remove(name) {
                    bail!(
                        INVALID_SQL_STATEMENT_NAME,
                        "prepared statement \"{name}\" does not exist"
                    );
                }
            }
        },
        Stmt::DeclareCursorStmt(s) => {
            let types = &portal.statement.param_types;
            cursor::declare(cx, s, text, &portal.params, types, !portal.nested)?;
        }
        Stmt::ClosePortalStmt(s) => cursor::close(core, s.portalname.as_deref())?,
        Stmt::NotifyStmt(s) => notify(core, &s.conditionname, s.payload.as_deref())?,
        Stmt::ListenStmt(s) => {
            core.defer_notify(NotifyAction::Listen(s.conditionname.clone()))?;
        }
        Stmt::UnlistenStmt(s) => core.defer_notify(match &s.conditionname {
            Some(channel) => NotifyAction::Unlisten(channel.clone()),
            None => NotifyAction::UnlistenAll,
        })?,
        Stmt::DiscardStmt(s) => discard(cx, s.target)?,
        Stmt::ConstraintsSetStmt(s) => crate::constraints::set(cx, s, portal.nested)?,
        Stmt::VacuumStmt(s) => crate::vacuum::run(cx, s, portal.nested)?,
        Stmt::DoStmt(s) => crate::plpgsql::run_do(cx, portal, s)?,
        Stmt::CheckPointStmt => checkpoint(core)?,
        Stmt::LoadStmt(s) => drop(core.engine.modules.load(&s.filename)?),
        _ => return crate::definition::run(cx, portal, stmt),
    }
    Ok(command_tag(stmt).to_owned())
}

fn checkpoint(core: &SessionCore) -> PgResult<()> {
    if !core.is_superuser()? {
        return Err(err!(
            INSUFFICIENT_PRIVILEGE,
            "permission denied to execute CHECKPOINT command"
        )
        .detail(
            "Only roles with privileges of the \"pg_checkpoint\" role may execute this command.",
        ));
    }
    core.engine.store.sync()?;
    core.engine.store.engine().flush()
}

/// Transaction control; returns the tag.
fn transaction(core: &Arc<SessionCore>, stmt: &TransactionStmt) -> PgResult<&'static str> {
    let name = stmt.savepoint_name.as_deref().unwrap_or_default();
    let gid = stmt.gid.as_deref().unwrap_or_default();
    match stmt.kind {
        TransactionStmtKind::Begin | TransactionStmtKind::Start => {
            core.begin_block()?;
            let options = SetOptions::statement(SetAction::Local, core.is_superuser()?);
            variable::set_modes(core, &stmt.options, "", options)?;
            Ok(if stmt.kind == TransactionStmtKind::Begin { "BEGIN" } else { "START TRANSACTION" })
        }
        TransactionStmtKind::Commit => core.commit_block(stmt.chain),
        TransactionStmtKind::Rollback => core.rollback_block(stmt.chain).map(|()| "ROLLBACK"),
        TransactionStmtKind::Savepoint => core.define_savepoint(name).map(|()| "SAVEPOINT"),
        TransactionStmtKind::Release => core.release_savepoint(name).map(|()| "RELEASE"),
        TransactionStmtKind::RollbackTo => core.rollback_to_savepoint(name).map(|()| "ROLLBACK"),
        TransactionStmtKind::Prepare => core.prepare_transaction(gid),
        TransactionStmtKind::CommitPrepared => core.finish_prepared(gid, true),
        TransactionStmtKind::RollbackPrepared => core.finish_prepared(gid, false),
    }
}

fn notify(core: &SessionCore, channel: &str, payload: Option<&str>) -> PgResult<()> {
    let payload = payload.unwrap_or_default();
    if channel.is_empty() {
        bail!(INVALID_PARAMETER_VALUE, "channel name cannot be empty");
    }
    if channel.len() > NAME_MAX {
        bail!(INVALID_PARAMETER_VALUE, "channel name too long");
    }
    if payload.len() > NOTIFY_PAYLOAD_MAX {
        bail!(INVALID_PARAMETER_VALUE, "payload string too long");
    }
    core.defer_notify(NotifyAction::Notify(Notification {
        pid: core.pid,
        database: core.database.0,
        channel: channel.to_owned(),
        payload: payload.to_owned(),
    }))
}

fn discard(cx: &StatementContext<'_>, target: DiscardMode) -> PgResult<()> {
    let core = cx.core;
    match target {
        // Plans belong to all sessions and are checked before they are used.
        DiscardMode::Plans => {}
        DiscardMode::Sequences => core.sequences.clear(),
        DiscardMode::Temp => crate::definition::drop_temporary(cx)?,
        DiscardMode::All => {
            core.prevent_in_transaction_block("DISCARD ALL")?;
            cursor::close(core, None)?;
            let mut hooks = crate::setting_hooks::SessionHooks::new(core);
            let options = SetOptions::statement(SetAction::Set, true);
            core.settings.lock().reset("session_authorization", options, &mut hooks)?;
            core.settings.lock().reset_all();
            core.prepared.lock().clear();
            core.defer_notify(NotifyAction::UnlistenAll)?;
            crate::definition::release_session_locks(core);
            core.sequences.clear();
            crate::definition::drop_temporary(cx)?;
            core.sync_settings();
        }
    }
    Ok(())
}

/// PREPARE.
fn prepare(cx: &StatementContext<'_>, text: &Arc<str>, stmt: &PrepareStmt) -> PgResult<()> {
    if stmt.name.is_empty() {
        bail!(INVALID_SQL_STATEMENT_NAME, "invalid statement name: must not be empty");
    }
    cx.core.prepared.lock().check_free(&stmt.name)?;
    let mut acx = AnalyzeContext::new(&cx.catalog, cx, text);
    let mut given = Vec::with_capacity(stmt.argtypes.len());
    for name in &stmt.argtypes {
        given.push(Analyzer::new(&mut acx).typename_oid_and_typmod(name)?.0);
    }
    let raw =
        RawStmt { stmt: (*stmt.query).clone(), stmt_location: 0, stmt_len: text.len() as i32 };
    let statement = CachedStatement::analyze_inner(cx, text, Arc::new(raw), given, true)?;
    cx.core.prepared.lock().insert(&stmt.name, statement.into(), true)
}

/// A prepared statement, analysed again if it has become stale.
pub(crate) fn current_prepared(
    cx: &StatementContext<'_>,
    name: &str,
) -> PgResult<Arc<LocalStatement>> {
    let old = cx.core.prepared.lock().get(name)?.statement.clone();
    if old.is_current(cx)? {
        return Ok(old);
    }
    let fresh =
        CachedStatement::analyze(cx, &old.text, old.raw.clone(), old.param_types.clone(), true)?;
    old.check_same_result(&fresh)?;
    let fresh: Arc<LocalStatement> = fresh.into();
    cx.core.prepared.lock().replace(name, fresh.clone());
    Ok(fresh)
}

/// EXECUTE: the portal becomes one of the prepared statement.
fn execute(cx: &StatementContext<'_>, portal: &mut Portal, stmt: &ExecuteStmt) -> PgResult<()> {
    let (statement, params) = executed(cx, portal, stmt)?;
    portal.set_columns(statement.columns.clone())?;
    portal.tag = statement.tag;
    portal.params = params;
    portal.statement = statement;
    Ok(())
}

/// The prepared statement that EXECUTE names, and the values of its parameters.
pub(crate) fn executed(
    cx: &StatementContext<'_>,
    portal: &Portal,
    stmt: &ExecuteStmt,
) -> PgResult<(Arc<LocalStatement>, Arc<[Datum]>)> {
    let statement = current_prepared(cx, &stmt.name)?;
    let wanted = &statement.param_types;
    if stmt.params.len() != wanted.len() {
        return Err(err!(
            SYNTAX_ERROR,
            "wrong number of parameters for prepared statement \"{}\"",
            stmt.name
        )
        .detail(format!(
            "Expected {} parameters but got {}.",
            wanted.len(),
            stmt.params.len()
        )));
    }
    let params = evaluate_params(cx, portal, stmt, wanted)?;
    Ok((statement, params))
}

fn evaluate_params(
    cx: &StatementContext<'_>,
    portal: &Portal,
    stmt: &ExecuteStmt,
    wanted: &[Oid],
) -> PgResult<Arc<[Datum]>> {
    if wanted.is_empty() {
        return Ok(Arc::new([]));
    }
    let mut exprs = Vec::with_capacity(wanted.len());
    for (i, (raw, typ)) in stmt.params.iter().zip(wanted).enumerate() {
        exprs.push(parameter_expr(cx, portal, raw, *typ, i)?);
    }
    let mut compiled = executor::StandaloneExprs::compile(&exprs, cx, &cx.catalog)?;
    compiled.set_params(portal.params.clone());
    let mut values = Vec::with_capacity(exprs.len());
    compiled.eval_all(cx, &cx.catalog, &[], &mut values)?;
    Ok(values.into())
}

/// A parameter of EXECUTE, converted to the type that the statement wants.
fn parameter_expr(
    cx: &StatementContext<'_>,
    portal: &Portal,
    raw: &parser::ast::Expr,
    wanted: Oid,
    number: usize,
) -> PgResult<Expr> {
    use catalog::CatalogRead;
    let mut acx = AnalyzeContext {
        param_types: ParamTypes::Fixed(portal.statement.param_types.clone()),
        locker: cx,
        ..AnalyzeContext::new(&cx.catalog, cx, &portal.statement.text)
    };
    let expr = analyzer::analyze_expression(&mut acx, raw, ExprKind::ExecuteParameter)?;
    let (given, location) = (expr.typ(), expr.location());
    let mut analyzer = Analyzer::new(&mut acx);
    let converted = analyzer.coerce_to_target_type(
        expr,
        given,
        wanted,
        -1,
        CoercionContext::Assignment,
        CoercionForm::ImplicitCast,
        -1,
    )?;
    match converted {
        Some(expr) => Ok(expr),
        None => Err(err!(
            DATATYPE_MISMATCH,
            "parameter ${} of type {} cannot be coerced to the expected type {}",
            number + 1,
            cx.catalog.format_type(given, None)?,
            cx.catalog.format_type(wanted, None)?
        )
        .hint("You will need to rewrite or cast the expression.")
        .at(location)),
    }
}

fn start_executed(
    core: &Arc<SessionCore>,
    portal: &mut Portal,
    sink: &mut dyn ResultSink,
) -> PgResult<Option<Outcome>> {
    match portal.statement.body {
        Body::Empty => {
            portal.run = Run::Done;
            Ok(Some(Outcome::Complete(None)))
        }
        Body::Queries(_) => {
            let cx = core.context();
            let run = QueryRun::start_pooled(&cx, &portal.statement, portal.params.clone())?;
            portal.run = Run::Query(run);
            Ok(None)
        }
        Body::Utility => run(core, portal, sink),
    }
}
