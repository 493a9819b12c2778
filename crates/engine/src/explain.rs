//! EXPLAIN: the plan of a statement as text.
use crate::{
    context::StatementContext,
    portal::Portal,
    query_run::{compile, plan_query, run_to_end},
    sink::{ColumnDesc, RowShape},
    statement::{Body, CachedStatement},
};
use commands::explain::{
    ExplainFormat, ExplainInput, ExplainOptions, ExplainSerialize, explain_plan,
};
use error::{PgResult, not_supported};
use parser::ast::{DefArg, ExecuteStmt, ExplainStmt, RawStmt, Stmt};
use std::{sync::Arc, time::Instant};
use types::{Datum, Oid, type_oid};

/// The one column.
pub(crate) fn columns(_cx: &StatementContext<'_>, stmt: &ExplainStmt) -> PgResult<RowShape> {
    let format =
        stmt.options.iter().rev().find(|o| o.defname == "format").and_then(|o| match &o.arg {
            Some(DefArg::String(s)) => Some(s.to_ascii_lowercase()),
            Some(DefArg::Names(names)) => names.last().map(|n| n.to_ascii_lowercase()),
            Some(DefArg::TypeName(t)) => t.names.last().map(|n| n.to_ascii_lowercase()),
            _ => None,
        });
    let typ = match format.as_deref() {
        Some("json") => type_oid::JSON,
        Some("xml") => type_oid::XML,
        _ => type_oid::TEXT,
    };
    Ok(vec![ColumnDesc {
        name: "QUERY PLAN".to_owned(),
        typ,
        typmod: -1,
        base_type: typ,
        base_typmod: -1,
        type_len: -1,
        table: Oid::INVALID,
        column: 0,
    }]
    .into())
}

/// The settings that bear on plans and differ from their built-in values, by name.
fn changed_settings(cx: &StatementContext<'_>) -> Vec<(String, String)> {
    let settings = cx.core.settings.lock();
    let mut list: Vec<(String, String)> = settings::definition::all()
        .iter()
        .filter(|def| def.explain)
        .map(|def| (def, settings.get(def.id)))
        .filter(|(def, value)| **value != def.boot)
        .map(|(def, value)| (def.name.clone(), value.format(def, true)))
        .collect();
    list.sort();
    list
}

/// The rows.
pub(crate) fn run(
    cx: &StatementContext<'_>,
    portal: &Portal,
    stmt: &ExplainStmt,
) -> PgResult<Vec<Vec<Datum>>> {
    let options = ExplainOptions::parse(&stmt.options)?;
    if options.wal || options.memory || options.serialize != ExplainSerialize::None {
        return Err(not_supported!("EXPLAIN (WAL, MEMORY, SERIALIZE)"));
    }
    let query = match &*stmt.query {
        Stmt::ExecuteStmt(execute) => return run_prepared(cx, portal, &options, execute),
        Stmt::DeclareCursorStmt(declare) => &declare.query,
        Stmt::CreateTableAsStmt(create) if !options.analyze => {
            if let Stmt::ExecuteStmt(execute) = &*create.query {
                return run_prepared(cx, portal, &options, execute);
            }
            &create.query
        }
        query if query.is_optimizable() => &stmt.query,
        _ => return Err(not_supported!("EXPLAIN of this statement")),
    };
    let raw = Arc::new(RawStmt { stmt: (**query).clone(), ..(*portal.statement.raw).clone() });
    let types = portal.statement.param_types.clone();
    let analyzed = CachedStatement::analyze_inner(
        cx,
        &portal.statement.text,
        raw,
        types.clone(),
        options.generic,
    )?;
    let Body::Queries(queries) = &analyzed.body else {
        return Err(not_supported!("EXPLAIN of this statement"));
    };
    let bound: Vec<planner::BoundParam> = types
        .iter()
        .zip(portal.params.iter())
        .map(|(typ, value)| planner::BoundParam { typ: *typ, value: value.clone() })
        .collect();
    let bound = (!bound.is_empty() && !options.generic).then_some(&bound[..]);
    let mut texts = Vec::with_capacity(queries.len());
    for query in queries.iter() {
        let begin = Instant::now();
        let plan = Arc::new(plan_query(cx, query, bound, Default::default())?);
        let planning = begin.elapsed().as_secs_f64();
        texts.push(explain_one(cx, &options, &plan, &portal.params, planning)?);
    }
    Ok(rows_of(&options, &texts))
}

/// EXPLAIN EXECUTE: the plans that the prepared statement would run with.
fn run_prepared(
    cx: &StatementContext<'_>,
    portal: &Portal,
    options: &ExplainOptions,
    stmt: &ExecuteStmt,
) -> PgResult<Vec<Vec<Datum>>> {
    let (statement, params) = crate::utility::executed(cx, portal, stmt)?;
    let Body::Queries(_) = &statement.body else {
        return Err(not_supported!("EXPLAIN EXECUTE of this statement"));
    };
    let begin = Instant::now();
    let set = statement.plans(cx, &params)?;
    let planning = begin.elapsed().as_secs_f64();
    let mut texts = Vec::with_capacity(set.plans.len());
    for planned in &set.plans {
        texts.push(explain_one(cx, options, &planned.plan, &params, planning)?);
    }
    Ok(rows_of(options, &texts))
}

/// One plan, run first if ANALYZE says so.
fn explain_one(
    cx: &StatementContext<'_>,
    options: &ExplainOptions,
    plan: &Arc<nodes::plan::PlannedStmt>,
    params: &Arc<[Datum]>,
    planning: f64,
) -> PgResult<String> {
    let mut input = ExplainInput {
        catalog: &cx.catalog,
        session: cx,
        plan,
        instruments: None,
        planning_time: Some(planning),
        execution_time: None,
        changed_settings: if options.settings { changed_settings(cx) } else { Vec::new() },
    };
    if !options.analyze {
        return explain_plan(options, &input);
    }
    let planned = compile(cx, plan.clone())?;
    let begin = Instant::now();
    let mut execution = planned.execute(cx, params.clone(), &mut |_| {})?;
    execution.instrument(cx, &cx.catalog)?;
    run_to_end(cx, &mut execution)?;
    input.execution_time = Some(begin.elapsed().as_secs_f64());
    input.instruments = execution.instrumentations();
    explain_plan(options, &input)
}

fn rows_of(options: &ExplainOptions, texts: &[String]) -> Vec<Vec<Datum>> {
    let whole = texts.join("\n\n");
    if options.format == ExplainFormat::Text {
        return whole.lines().map(|l| vec![Datum::text(l)]).collect();
    }
    vec![vec![Datum::text(&whole)]]
}
