//! Statements of PL/pgSQL made ready: analysed with the function's names, simple expressions compiled.
use super::host::EngineHost;
use crate::{
    context::StatementContext,
    local_statement::LocalStatement,
    statement::{Body, CachedStatement},
};
use ::plpgsql::{Command, Plan};
use analyzer::{AnalyzeContext, ColumnRefHooks, EphemeralRelation, ParamTypes};
use error::{PgResult, bail};
use executor::StandaloneExprs;
use nodes::{CmdType, Expr, FuncExpr, plan::PlanNode};
use parking_lot::Mutex;
use parser::{
    RawParseMode,
    ast::{RawStmt, Stmt},
};
use std::sync::Arc;
use types::{Oid, RecordDesc, RecordField, type_oid};

/// The engine's form of a plan.
pub(super) struct EnginePlan {
    pub(super) statement: Arc<LocalStatement>,
    /// The expression of a query that touches no table.
    pub(super) simple: Option<Simple>,
    /// The call that a CALL makes.
    pub(super) call: Option<FuncExpr>,
}

pub(super) struct Simple {
    pub(super) expr: Expr,
    /// Taken while it runs.
    pub(super) compiled: Mutex<Option<StandaloneExprs>>,
}

impl EngineHost<'_> {
    pub(super) fn prepare_with(
        &self,
        text: &Arc<str>,
        mode: RawParseMode,
        hooks: &dyn ColumnRefHooks,
        types: &dyn Fn() -> Vec<Oid>,
    ) -> PgResult<Plan> {
        let raw = parser::parse_mode(text, mode, &self.core.parser_options())?;
        let [raw] = <[RawStmt; 1]>::try_from(raw)
            .map_err(|_| error::err!(SYNTAX_ERROR, "a single statement is expected"))?;
        let cx = self.cx();
        let ephemeral = self.ephemeral();
        let context = |hooks| AnalyzeContext {
            param_types: ParamTypes::Fixed(Vec::new()),
            locker: &*cx,
            hooks: Some(hooks),
            ephemeral: &ephemeral,
            ..AnalyzeContext::new(&cx.catalog, &*cx, text)
        };
        if let Stmt::CallStmt(call) = &raw.stmt {
            let mut acx = context(hooks);
            let call = analyzer::analyze_call(&mut acx, call)?;
            let shape = super::procedure::output_shape(&cx, &call)?;
            let statement = CachedStatement::utility(&cx, text, Arc::new(raw), types())?;
            return Ok(Plan {
                columns: shape,
                simple: false,
                command: Command::Call,
                handle: Arc::new(EnginePlan {
                    statement: LocalStatement::new(Arc::new(statement)),
                    simple: None,
                    call: Some(call),
                }),
            });
        }
        let acx = context(hooks);
        let mut statement =
            CachedStatement::analyze_in(&cx, acx, text, Arc::new(raw), Vec::new(), false)?;
        statement.param_types = types();
        plan_of(&cx, statement, true)
    }

    pub(super) fn prepare_dynamic(&self, text: &Arc<str>, types: &[Oid]) -> PgResult<Vec<Plan>> {
        let ephemeral = self.ephemeral();
        let mut plans = Vec::new();
        for raw in crate::spi::parse(self.core, text)? {
            let cx = self.cx();
            if let Stmt::SelectStmt(select) = &raw.stmt
                && select.into_clause.is_some()
            {
                let statement = CachedStatement::utility(&cx, text, Arc::new(raw), types.to_vec())?;
                plans.push(plan_of(&cx, statement, false)?);
                continue;
            }
            let acx = AnalyzeContext {
                param_types: ParamTypes::Fixed(types.to_vec()),
                locker: &*cx,
                ephemeral: &ephemeral,
                ..AnalyzeContext::new(&cx.catalog, &*cx, text)
            };
            let raw = Arc::new(raw);
            let statement =
                CachedStatement::analyze_in(&cx, acx, text, raw, types.to_vec(), false)?;
            plans.push(plan_of(&cx, statement, false)?);
        }
        Ok(plans)
    }

    fn ephemeral(&self) -> Vec<EphemeralRelation> {
        self.transitions.iter().flat_map(|t| t.iter()).map(|t| t.relation.clone()).collect()
    }
}

fn plan_of(
    cx: &StatementContext<'_>,
    statement: CachedStatement,
    may_be_simple: bool,
) -> PgResult<Plan> {
    let command = command_of(&statement.raw.stmt);
    let columns = statement.columns.as_ref().map(|columns| {
        let field = |c: &crate::sink::ColumnDesc| RecordField {
            name: c.name.clone(),
            typ: c.typ,
            typmod: c.typmod,
        };
        let fields = columns.iter().map(field).collect();
        Arc::new(RecordDesc { type_id: type_oid::RECORD, fields })
    });
    let simple = match may_be_simple {
        true => simple_expr(cx, &statement)?,
        false => None,
    };
    let simple = simple.map(|expr| Simple { expr, compiled: Mutex::new(None) });
    Ok(Plan {
        columns,
        simple: simple.is_some(),
        command,
        handle: Arc::new(EnginePlan {
            statement: LocalStatement::new(Arc::new(statement)),
            simple,
            call: None,
        }),
    })
}

fn command_of(stmt: &Stmt) -> Command {
    match stmt {
        Stmt::SelectStmt(s) if s.into_clause.is_some() => Command::SelectInto,
        Stmt::SelectStmt(_) | Stmt::PLAssignStmt(_) => Command::Select,
        Stmt::InsertStmt(_) | Stmt::UpdateStmt(_) | Stmt::DeleteStmt(_) | Stmt::MergeStmt(_) => {
            Command::Modify
        }
        Stmt::CallStmt(_) | Stmt::DoStmt(_) => Command::Call,
        Stmt::CopyStmt(c) if c.filename.is_none() => Command::CopyClient,
        Stmt::TransactionStmt(_) => Command::Transaction,
        _ => Command::Utility,
    }
}

/// The expression of a SELECT without any input, as the planner leaves it.
fn simple_expr(cx: &StatementContext<'_>, statement: &CachedStatement) -> PgResult<Option<Expr>> {
    let Body::Queries(queries) = &statement.body else { return Ok(None) };
    let [query] = &queries[..] else { return Ok(None) };
    let candidate = query.command_type == CmdType::Select
        && query.rtable.is_empty()
        && query.cte_list.is_empty()
        && query.target_list.len() == 1
        && query.set_operations.is_none()
        && !query.has_sub_links
        && !query.has_aggs
        && !query.has_window_funcs
        && !query.has_target_srfs;
    if !candidate {
        return Ok(None);
    }
    let plan = crate::query_run::plan_query(cx, query, None, Default::default())?;
    let root = &plan.plan_tree;
    let bare = matches!(&root.node, PlanNode::Result { resconstantqual } if resconstantqual.is_empty())
        && root.lefttree.is_none()
        && root.target_list.len() == 1
        && plan.subplans.is_empty();
    match bare {
        true => Ok(Some(root.target_list[0].expr.clone())),
        false => Ok(None),
    }
}

/// Refuses statements that cannot be a cursor's.
pub(super) fn check_cursor_query(statement: &CachedStatement, for_set: bool) -> PgResult<()> {
    if statement.columns.is_none() {
        let select_into = crate::statement::is_select_into(&statement.raw.stmt);
        let tag = if select_into { "SELECT INTO" } else { statement.tag };
        if for_set {
            bail!(SYNTAX_ERROR, "{tag} query does not return tuples");
        }
        bail!(INVALID_CURSOR_DEFINITION, "cannot open {} query as cursor", statement.tag);
    }
    Ok(())
}
