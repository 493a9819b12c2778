//! Planned queries in the course of execution.
use crate::{
    context::StatementContext,
    local_statement::{Epoch, LocalStatement},
    statement::{Body, CachedStatement},
};
use catalog::CatalogRead;
use error::{PgResult, bail};
use executor::{Batch, ExecSettings, Execution, PreparedPlan};
use nodes::{CmdType, PlannedStmt, Query, plan::PlanNode};
use planner::{BoundParam, PlanContext};
use std::sync::Arc;
use txn::{LockMode, LockTag, Snapshot, WaitPolicy};
use types::{Datum, Oid};

/// Rows asked of the executor at a time when there is no limit.
const BATCH_ROWS: usize = 1024;
/// PostgreSQL's charge for planning, in operator costs a relation.
const PLANNING_OPERATORS: f64 = 1000.0;

/// The plans of a statement, compiled.
pub(crate) struct PlannedSet {
    pub(crate) plans: Vec<Planned>,
}

/// One plan.
pub(crate) struct Planned {
    pub(crate) plan: Arc<PlannedStmt>,
    compiled: Arc<PreparedPlan>,
    /// Has WHERE CURRENT OF.
    reads_cursors: bool,
}

impl PlannedSet {
    /// Total estimated cost.
    pub(crate) fn cost(&self) -> f64 {
        self.plans.iter().map(|p| p.plan.plan_tree.total_cost).sum()
    }

    /// The same with a charge for making it.
    pub(crate) fn cost_with_planning(&self, cx: &StatementContext<'_>) -> f64 {
        let planning: f64 = self
            .plans
            .iter()
            .map(|p| {
                PLANNING_OPERATORS * cx.typed.cpu_operator_cost * (p.plan.rtable.len() + 1) as f64
            })
            .sum();
        self.cost() + planning
    }
}

/// Plans a list of rewritten queries.
pub(crate) fn plan_queries(
    cx: &StatementContext<'_>,
    queries: &[Query],
    bound: Option<&[BoundParam]>,
) -> PgResult<PlannedSet> {
    let mut plans = Vec::with_capacity(queries.len());
    for query in queries {
        let plan = Arc::new(plan_query(cx, query, bound, Default::default())?);
        plans.push(compile(cx, plan)?);
    }
    Ok(PlannedSet { plans })
}

/// Plans one query.
pub(crate) fn plan_query(
    cx: &StatementContext<'_>,
    query: &Query,
    bound: Option<&[BoundParam]>,
    cursor_options: planner::CursorOptions,
) -> PgResult<PlannedStmt> {
    let settings = cx.core.planner_settings(&cx.typed);
    let pcx = PlanContext {
        catalog: &cx.catalog,
        session: cx,
        settings,
        stats: cx,
        bound_params: bound,
        sql_bodies: None,
        cursor_options,
    };
    planner::plan(&pcx, query.clone())
}

/// Makes a plan ready to run.
pub(crate) fn compile(cx: &StatementContext<'_>, plan: Arc<PlannedStmt>) -> PgResult<Planned> {
    let compiled = Arc::new(PreparedPlan::new(plan.clone(), cx, &cx.catalog)?);
    let reads_cursors = reads_cursors(&plan.plan_tree);
    Ok(Planned { plan, compiled, reads_cursors })
}

impl Planned {
    /// Starts the plan by itself; `prepare` sets up the execution's state.
    pub(crate) fn execute(
        &self,
        cx: &StatementContext<'_>,
        params: Arc<[Datum]>,
        prepare: &mut dyn FnMut(&mut executor::EState),
    ) -> PgResult<Execution> {
        let txn = cx.core.txn()?;
        let snapshot = txn.snapshot();
        Execution::start_with(
            self.compiled.clone(),
            txn,
            snapshot,
            params,
            exec_settings(cx),
            cx,
            &cx.catalog,
            |es| prepare(es),
        )
    }
}

/// Runs an execution to its end; rows it returns are dropped.
pub(crate) fn run_to_end(cx: &StatementContext<'_>, execution: &mut Execution) -> PgResult<()> {
    let mut batch = Batch::default();
    while execution.next(cx, &cx.catalog, &mut batch, BATCH_ROWS)? {}
    execution.finish(cx, &cx.catalog)
}

/// A statement's plans, run one after the other.
pub(crate) struct QueryRun {
    set: Arc<PlannedSet>,
    params: Arc<[Datum]>,
    next_plan: usize,
    current: Option<Execution>,
    /// The execution that has ended, to be started again.
    idle: Option<Execution>,
    /// What permissions and read-only checks were made at.
    checked: Option<Epoch>,
    /// The running plan's rows go to the client.
    returns: bool,
    batch: Batch,
    /// Next row of the batch.
    pos: usize,
    /// Rows for the tag.
    processed: u64,
    tag_type: CmdType,
    snapshot: Option<Snapshot>,
    done: bool,
    /// Where the query stands is asked for.
    tracks: bool,
}

impl QueryRun {
    /// Starts a statement: a run that has ended before is started again if there is one.
    pub(crate) fn start_pooled(
        cx: &StatementContext<'_>,
        statement: &LocalStatement,
        params: Arc<[Datum]>,
    ) -> PgResult<Box<QueryRun>> {
        lock_queries(cx, statement)?;
        if let Some(mut run) = statement.take_idle(cx) {
            run.restart(cx, params)?;
            return Ok(run);
        }
        let set = statement.plans(cx, &params)?;
        Ok(Box::new(Self::start_planned(cx, set, params)?))
    }

    /// Whether these are the plans it runs.
    pub(crate) fn runs(&self, set: &Arc<PlannedSet>) -> bool {
        Arc::ptr_eq(&self.set, set)
    }

    fn restart(&mut self, cx: &StatementContext<'_>, params: Arc<[Datum]>) -> PgResult<()> {
        for planned in &self.set.plans {
            check_read_only(cx, &planned.plan)?;
        }
        self.snapshot = Some(cx.core.statement_snapshot()?);
        self.params = params;
        self.next_plan = 0;
        self.pos = 0;
        self.processed = 0;
        self.done = false;
        self.batch.reset(0);
        Ok(())
    }

    /// Has ended: kept with its statement if it can run again.
    pub(crate) fn retire(mut self: Box<Self>, statement: &LocalStatement) {
        if self.idle.is_some() && self.done {
            self.snapshot = None;
            statement.keep_idle(self);
        }
    }

    /// Plans and starts a statement.
    pub(crate) fn start(
        cx: &StatementContext<'_>,
        statement: &CachedStatement,
        params: Arc<[Datum]>,
    ) -> PgResult<QueryRun> {
        lock_queries(cx, statement)?;
        let set = statement.plans(cx, &params)?;
        Self::start_planned(cx, set, params)
    }

    /// Starts plans.
    pub(crate) fn start_planned(
        cx: &StatementContext<'_>,
        set: Arc<PlannedSet>,
        params: Arc<[Datum]>,
    ) -> PgResult<QueryRun> {
        for planned in &set.plans {
            check_read_only(cx, &planned.plan)?;
        }
        let snapshot = Some(cx.core.statement_snapshot()?);
        let tag_type = set
            .plans
            .iter()
            .find(|p| p.plan.can_set_tag)
            .map_or(CmdType::Utility, |p| p.plan.command_type);
        Ok(QueryRun {
            set,
            params,
            next_plan: 0,
            current: None,
            idle: None,
            checked: None,
            returns: false,
            batch: Batch::default(),
            pos: 0,
            processed: 0,
            tag_type,
            snapshot,
            done: false,
            tracks: false,
        })
    }

    /// Whether the plan could run backwards: a cursor over it may scroll without asking for it.
    pub(crate) fn supports_backward(&self) -> bool {
        self.set.plans.iter().all(|p| supports_backward(&p.plan.plan_tree))
    }

    fn begin_next(&mut self, cx: &StatementContext<'_>) -> PgResult<bool> {
        let Some(planned) = self.set.plans.get(self.next_plan) else { return Ok(false) };
        if self.next_plan > 0 {
            cx.core.next_command()?;
            self.snapshot = Some(cx.core.txn()?.snapshot());
        }
        let Some(snapshot) = self.snapshot.clone() else { return Ok(false) };
        self.next_plan += 1;
        let plan = &planned.plan;
        self.returns = (plan.can_set_tag || self.set.plans.len() == 1)
            && (plan.command_type == CmdType::Select || plan.has_returning);
        let (txn, params, epoch) = (cx.core.txn()?, self.params.clone(), cx.epoch());
        let settings = exec_settings(cx);
        if let Some(mut execution) = self.idle.take() {
            let checked = epoch.is_some() && epoch == self.checked;
            for table in cx.core.plpgsql.transitions().iter().flat_map(|t| t.iter()) {
                execution.set_named_rows(&table.relation.name, table.rows.clone());
            }
            execution.restart(txn, snapshot, params, settings, !checked, cx, &cx.catalog)?;
            self.current = Some(execution);
        } else {
            let compiled = planned.compiled.clone();
            self.current = Some(Execution::start_with(
                compiled,
                txn,
                snapshot,
                params,
                settings,
                cx,
                &cx.catalog,
                |state| {
                    for table in cx.core.plpgsql.transitions().iter().flat_map(|t| t.iter()) {
                        state.named_stores.insert(table.relation.name.clone(), table.rows.clone());
                    }
                },
            )?);
        }
        if let Some(execution) = self.current.as_mut() {
            if self.tracks {
                execution.track_positions();
            }
            if planned.reads_cursors {
                execution.set_cursors(Arc::new(crate::cursor::SessionCursors(cx.core.clone())));
            }
        }
        self.checked = epoch;
        Ok(true)
    }

    /// Makes rows for the client available; false at the end.
    #[inline]
    pub(crate) fn fill(&mut self, cx: &StatementContext<'_>, max_rows: usize) -> PgResult<bool> {
        if self.pos < self.batch.len() {
            return Ok(true);
        }
        loop {
            if self.done {
                return Ok(false);
            }
            let Some(execution) = &mut self.current else {
                if !self.begin_next(cx)? {
                    self.done = true;
                }
                continue;
            };
            self.pos = 0;
            let more = execution.next(cx, &cx.catalog, &mut self.batch, max_rows)?;
            if !more {
                self.finish_current(cx)?;
                continue;
            }
            if self.returns {
                return Ok(true);
            }
        }
    }

    fn finish_current(&mut self, cx: &StatementContext<'_>) -> PgResult<()> {
        let Some(mut execution) = self.current.take() else { return Ok(()) };
        execution.finish(cx, &cx.catalog)?;
        let plan = &self.set.plans[self.next_plan - 1].plan;
        if plan.can_set_tag && plan.command_type != CmdType::Select {
            self.processed += execution.processed();
        }
        if self.set.plans.len() == 1 && execution.is_restartable() {
            execution.rest();
            self.idle = Some(execution);
        }
        self.batch.reset(0);
        Ok(())
    }

    /// The rows at hand: a batch and the position in it.
    #[inline]
    pub(crate) fn rows(&self) -> (&Batch, usize) {
        (&self.batch, self.pos)
    }

    /// Says that `n` of the rows at hand were taken.
    #[inline]
    pub(crate) fn consume(&mut self, n: usize) {
        self.pos += n;
        if self.tag_type == CmdType::Select {
            self.processed += n as u64;
        }
    }

    /// Remembers from here on which rows were returned, for WHERE CURRENT OF.
    pub(crate) fn track_positions(&mut self) {
        self.tracks = true;
    }

    /// The row of a relation that was returned last.
    pub(crate) fn position_in(&self, relation: Oid) -> Option<(Oid, i64)> {
        self.current.as_ref()?.position_in(relation)
    }

    /// One row, copied.
    pub(crate) fn next_row(&mut self, cx: &StatementContext<'_>) -> PgResult<Option<Vec<Datum>>> {
        let want = if self.tracks { 1 } else { BATCH_ROWS };
        if !self.fill(cx, want)? {
            return Ok(None);
        }
        let row = self.batch.row_vec(self.pos);
        self.consume(1);
        Ok(Some(row))
    }

    /// Rows processed so far.
    pub(crate) fn processed(&self) -> u64 {
        self.processed
    }

    /// The tag with its count.
    pub(crate) fn tag(&self, statement_tag: &str) -> String {
        let n = self.processed;
        match self.tag_type {
            CmdType::Select => format!("SELECT {n}"),
            CmdType::Insert => format!("INSERT 0 {n}"),
            CmdType::Update => format!("UPDATE {n}"),
            CmdType::Delete => format!("DELETE {n}"),
            CmdType::Merge => format!("MERGE {n}"),
            // Rules left nothing that sets the tag.
            _ => match statement_tag {
                "INSERT" => "INSERT 0 0".to_owned(),
                other => format!("{other} 0"),
            },
        }
    }
}

/// Settings of an execution.
pub(crate) fn exec_settings(cx: &StatementContext<'_>) -> Arc<ExecSettings> {
    cx.exec_settings()
}

/// Takes the locks of all of a statement's queries.
fn lock_queries(cx: &StatementContext<'_>, statement: &CachedStatement) -> PgResult<()> {
    let Body::Queries(queries) = &statement.body else { return Ok(()) };
    queries.iter().try_for_each(|query| lock_query(cx, query))
}

/// Takes the locks that a query's analysis took: a cached one did that in another transaction.
pub(crate) fn lock_query(cx: &StatementContext<'_>, query: &Query) -> PgResult<()> {
    for rte in &query.rtable {
        match &rte.kind {
            nodes::RteKind::Relation { relid, rellockmode, .. } => {
                cx.lock(*relid, *rellockmode)?;
            }
            nodes::RteKind::Subquery { subquery, .. } => lock_query(cx, subquery)?,
            _ => {}
        }
    }
    for cte in &query.cte_list {
        lock_query(cx, &cte.ctequery)?;
    }
    Ok(())
}

impl StatementContext<'_> {
    /// Locks a relation until the end of the transaction.
    pub(crate) fn lock(&self, relid: Oid, mode: i32) -> PgResult<()> {
        let Some(mode) = lock_mode(mode) else { return Ok(()) };
        let tag = LockTag::Relation { db: self.core.database.0, oid: relid.0 };
        self.core.txn()?.lock(tag, mode, WaitPolicy::Block)?;
        Ok(())
    }
}

impl analyzer::RelationLocker for StatementContext<'_> {
    fn lock_relation(&self, oid: Oid, mode: i32) -> PgResult<()> {
        self.lock(oid, mode)
    }
}

impl planner::RelationSize for StatementContext<'_> {
    fn live_rows(&self, relid: Oid) -> Option<f64> {
        self.core.engine.live_rows(&self.catalog, relid)
    }
}

/// 25006 for plans that write in a read-only transaction; temporary tables may be written.
fn check_read_only(cx: &StatementContext<'_>, plan: &PlannedStmt) -> PgResult<()> {
    let writes = plan.command_type != CmdType::Select || plan.has_modifying_cte;
    if !writes || !cx.core.settings.lock().typed().transaction_read_only {
        return Ok(());
    }
    for rti in &plan.result_relations {
        let Some(rte) = plan.rtable.get(*rti as usize - 1) else { continue };
        if let nodes::RteKind::Relation { relid, .. } = &rte.kind
            && cx.catalog.get_relation(*relid)?.persistence != 't'
        {
            let command = match plan.command_type {
                CmdType::Select => "SELECT",
                CmdType::Insert => "INSERT",
                CmdType::Update => "UPDATE",
                CmdType::Delete => "DELETE",
                CmdType::Merge => "MERGE",
                _ => "UNKNOWN",
            };
            bail!(READ_ONLY_SQL_TRANSACTION, "cannot execute {command} in a read-only transaction");
        }
    }
    Ok(())
}

fn supports_backward(plan: &nodes::plan::Plan) -> bool {
    match &plan.node {
        PlanNode::SeqScan { .. }
        | PlanNode::IndexScan(_)
        | PlanNode::IndexOnlyScan(_)
        | PlanNode::TidScan { .. }
        | PlanNode::FunctionScan { .. }
        | PlanNode::ValuesScan { .. }
        | PlanNode::CteScan { .. }
        | PlanNode::Material
        | PlanNode::Sort { .. } => true,
        PlanNode::Result { .. } | PlanNode::Limit { .. } => {
            plan.lefttree.as_ref().is_some_and(|p| supports_backward(p))
        }
        PlanNode::SubqueryScan { subplan, .. } => supports_backward(subplan),
        PlanNode::Append { appendplans, .. } => appendplans.iter().all(|p| supports_backward(p)),
        _ => false,
    }
}

/// The table lock mode with PostgreSQL's number.
pub(crate) fn lock_mode(number: i32) -> Option<LockMode> {
    Some(match number {
        1 => LockMode::AccessShare,
        2 => LockMode::RowShare,
        3 => LockMode::RowExclusive,
        4 => LockMode::ShareUpdateExclusive,
        5 => LockMode::Share,
        6 => LockMode::ShareRowExclusive,
        7 => LockMode::Exclusive,
        8 => LockMode::AccessExclusive,
        _ => return None,
    })
}

/// Whether the row to be changed is a cursor's.
fn reads_cursors(plan: &nodes::plan::Plan) -> bool {
    matches!(&plan.node, PlanNode::TidScan { .. })
        || plan.lefttree.as_ref().is_some_and(|p| reads_cursors(p))
        || matches!(&plan.node, PlanNode::Append { appendplans, .. }
            if appendplans.iter().any(|p| reads_cursors(p)))
}
