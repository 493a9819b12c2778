//! This session as PL/pgSQL sees it.
use super::prepare::{EnginePlan, check_cursor_query};
use crate::{context::StatementContext, cursor, session_core::SessionCore, statement::Body};
use ::plpgsql::{
    ContextEntry, Executed, Host, Plan, RETURN_QUERY, SubTransaction, TransitionTable,
};
use analyzer::ColumnRefHooks;
use catalog::Catalog;
use error::{PgError, PgResult, bail, err};
use executor::StandaloneExprs;
use fmgr::FnContext;
use parser::{
    ParserOptions, RawParseMode,
    ast::{FetchDirection, FetchStmt},
};
use std::{cell::RefCell, rc::Rc, sync::Arc};
use types::{Datum, Oid, RecordDesc, RecordField, type_oid};

/// One call's view of the session.
pub(crate) struct EngineHost<'s> {
    pub(super) core: &'s Arc<SessionCore>,
    /// Renewed when a statement may have changed settings.
    context: RefCell<Rc<StatementContext<'s>>>,
    atomic: bool,
    pub(super) transitions: Option<Arc<Vec<TransitionTable>>>,
}

impl<'s> EngineHost<'s> {
    pub(crate) fn new(
        core: &'s Arc<SessionCore>,
        atomic: bool,
        transitions: Option<Arc<Vec<TransitionTable>>>,
    ) -> Self {
        let context = RefCell::new(Rc::new(core.context()));
        EngineHost { core, context, atomic, transitions }
    }

    /// The context of the next statement.
    pub(super) fn cx(&self) -> Rc<StatementContext<'s>> {
        self.context.borrow().clone()
    }

    fn refresh(&self) {
        self.context.replace(Rc::new(self.core.context()));
    }

    fn engine_plan(plan: &Plan) -> PgResult<&EnginePlan> {
        plan.handle
            .downcast_ref::<EnginePlan>()
            .ok_or_else(|| PgError::internal("a plan is not this session's"))
    }

    /// Runs something that may read the transition tables of this call, and no other's.
    fn with_transitions<T>(&self, run: impl FnOnce() -> PgResult<T>) -> PgResult<T> {
        let saved = self.core.plpgsql.swap_transitions(self.transitions.clone());
        let result = run();
        self.core.plpgsql.swap_transitions(saved);
        result
    }

    fn next_command(&self, read_only: bool) -> PgResult<()> {
        if read_only { Ok(()) } else { self.core.next_command() }
    }
}

impl Host for EngineHost<'_> {
    fn catalog(&self) -> &Catalog {
        &self.core.catalog
    }

    fn parser_options(&self) -> ParserOptions {
        self.core.parser_options()
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.core.settings.lock().lookup(name)
    }

    fn output(&self, typ: Oid, value: &Datum) -> PgResult<String> {
        let mut out = Vec::new();
        self.cx().type_output(typ, value, &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    fn cast(&self, value: Datum, from: Oid, to: Oid, typmod: i32) -> PgResult<Datum> {
        self.cast_value(value, from, to, typmod)
    }

    fn notice(&self, mut notice: PgError) {
        for line in self.contexts() {
            notice = notice.context(line);
        }
        self.core.push_notice(notice);
    }

    fn check_interrupts(&self) -> PgResult<()> {
        self.core.backend.cancel.check()
    }

    fn prepare(
        &self,
        text: &Arc<str>,
        mode: RawParseMode,
        hooks: &dyn ColumnRefHooks,
        types: &dyn Fn() -> Vec<Oid>,
    ) -> PgResult<Plan> {
        self.prepare_with(text, mode, hooks, types)
    }

    fn prepare_text(&self, text: &Arc<str>, types: &[Oid]) -> PgResult<Vec<Plan>> {
        self.prepare_dynamic(text, types)
    }

    fn is_valid(&self, plan: &Plan) -> PgResult<bool> {
        let plan = Self::engine_plan(plan)?;
        match plan.statement.body {
            Body::Queries(_) => plan.statement.is_current(&self.cx()),
            // The procedure that a CALL means may have changed.
            _ => Ok(plan.call.is_none()),
        }
    }

    fn evaluate(&self, plan: &Plan, params: &mut Vec<Datum>) -> PgResult<Datum> {
        let plan = Self::engine_plan(plan)?;
        let Some(simple) = &plan.simple else {
            return Err(PgError::internal("an expression is not simple after all"));
        };
        let cx = self.cx();
        let known = simple.compiled.lock().take();
        let mut compiled = match known {
            Some(compiled) => compiled,
            None => {
                let exprs = std::slice::from_ref(&simple.expr);
                StandaloneExprs::compile(exprs, &*cx, &cx.catalog)?
            }
        };
        compiled.take_params(params);
        let result = compiled.eval_one(&*cx, &cx.catalog, &[]);
        *simple.compiled.lock() = Some(compiled);
        result
    }

    fn execute(
        &self,
        plan: &Plan,
        params: Vec<Datum>,
        max_rows: u64,
        read_only: bool,
    ) -> PgResult<Executed> {
        let engine_plan = Self::engine_plan(plan)?;
        crate::spi::check_allowed(&engine_plan.statement.raw.stmt, read_only)?;
        self.next_command(read_only)?;
        let statement = engine_plan.statement.clone();
        let is_query = matches!(statement.body, Body::Queries(_));
        let result = self
            .with_transitions(|| crate::spi::run(self.core, statement, params.into(), max_rows))?;
        self.next_command(read_only)?;
        if !is_query {
            self.refresh();
        }
        let columns = match &plan.columns {
            Some(columns) => Some(columns.clone()),
            None if result.columns.is_empty() => None,
            None => {
                let field = |(name, typ)| RecordField { name, typ, typmod: -1 };
                let fields = result.columns.into_iter().map(field).collect();
                Some(Arc::new(RecordDesc { type_id: type_oid::RECORD, fields }))
            }
        };
        Ok(Executed { rows: result.rows, columns, processed: result.processed })
    }

    fn call(&self, plan: &Plan, params: Vec<Datum>) -> PgResult<Executed> {
        let engine_plan = Self::engine_plan(plan)?;
        let result = match &engine_plan.call {
            Some(call) => {
                let cx = self.cx();
                let row = super::procedure::call(&cx, call, params.into(), self.atomic)?;
                Executed {
                    processed: row.is_some() as u64,
                    rows: row.into_iter().collect(),
                    columns: plan.columns.clone(),
                }
            }
            None => return self.execute(plan, params, 0, false),
        };
        self.core.next_command()?;
        self.refresh();
        Ok(result)
    }

    fn call_outputs(&self, plan: &Plan) -> PgResult<Vec<i32>> {
        match &Self::engine_plan(plan)?.call {
            Some(call) => super::procedure::output_params(&self.cx(), call),
            None => Ok(Vec::new()),
        }
    }

    fn open_cursor(
        &self,
        name: Option<&str>,
        plan: &Plan,
        params: Vec<Datum>,
        options: i32,
        read_only: bool,
    ) -> PgResult<String> {
        let plan = Self::engine_plan(plan)?;
        check_cursor_query(&plan.statement, options & RETURN_QUERY != 0)?;
        let options = options & !RETURN_QUERY;
        crate::spi::check_allowed(&plan.statement.raw.stmt, read_only)?;
        let name = match name {
            Some(name) => name.to_owned(),
            None => loop {
                let name = format!("<unnamed portal {}>", self.core.plpgsql.next_portal());
                if self.core.portals.lock().get(&name).is_none() {
                    break name;
                }
            },
        };
        self.next_command(read_only)?;
        let cx = self.cx();
        self.with_transitions(|| {
            cursor::open(&cx, &name, plan.statement.clone(), params.into(), options)
        })?;
        Ok(name)
    }

    fn cursor_columns(&self, name: &str) -> Option<Arc<RecordDesc>> {
        let portals = self.core.portals.lock();
        let portal = portals.get(name)?;
        let fields = portal
            .columns
            .iter()
            .flat_map(|c| c.iter())
            .map(|c| RecordField { name: c.name.clone(), typ: c.typ, typmod: c.typmod })
            .collect();
        Some(Arc::new(RecordDesc { type_id: type_oid::RECORD, fields }))
    }

    fn fetch(
        &self,
        name: &str,
        direction: FetchDirection,
        count: i64,
        is_move: bool,
    ) -> PgResult<Vec<Vec<Datum>>> {
        let stmt =
            FetchStmt { direction, how_many: count, portalname: name.to_owned(), ismove: is_move };
        let cx = self.cx();
        let mut run = self.with_transitions(|| cursor::fetch(&cx, &stmt))?;
        if is_move {
            return Ok(vec![Vec::new(); run.processed as usize]);
        }
        let mut rows = Vec::new();
        while let Some(row) = run.next() {
            rows.push(row);
        }
        Ok(rows)
    }

    fn close_cursor(&self, name: &str) -> PgResult<()> {
        let portal = self.core.portals.lock().remove(name);
        drop(portal);
        Ok(())
    }

    fn begin_sub(&self) -> PgResult<SubTransaction> {
        self.core.begin_internal_sub()
    }

    fn release_sub(&self, sub: SubTransaction) -> PgResult<()> {
        self.core.release_internal_sub(sub)
    }

    fn rollback_sub(&self, sub: SubTransaction) -> PgResult<()> {
        let result = self.core.rollback_internal_sub(sub);
        self.core.sync_settings();
        self.refresh();
        result
    }

    fn end_transaction(&self, commit: bool, chain: bool) -> PgResult<()> {
        if self.atomic {
            return Err(err!(INVALID_TRANSACTION_TERMINATION, "invalid transaction termination"));
        }
        if self.core.in_internal_sub() {
            let verb = if commit { "commit" } else { "roll back" };
            bail!(
                INVALID_TRANSACTION_TERMINATION,
                "cannot {verb} while a subtransaction is active"
            );
        }
        self.core.end_inside(commit, chain)?;
        self.refresh();
        Ok(())
    }

    fn is_atomic(&self) -> bool {
        self.atomic
    }

    fn enter(&self, entry: ContextEntry) {
        self.core.plpgsql.contexts.lock().push(entry);
    }

    fn leave(&self) {
        self.core.plpgsql.contexts.lock().pop();
    }

    fn contexts(&self) -> Vec<String> {
        self.core.plpgsql.context_lines()
    }
}
