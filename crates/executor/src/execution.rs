//! Prepared plans and their executions.
use crate::{
    Cx, EState, ExecSettings, Instrumentation, access,
    batch::{BATCH_ROWS, Batch},
    compile::compile_plan,
    estate::CursorPositions,
    expr::SlotCounts,
    modify,
    node::{CteState, ExecNode},
    plan_spec::PlanSpec,
};
use catalog::CatalogRead;
use error::PgResult;
use fmgr::FnContext;
use nodes::{
    CmdType, PlannedStmt,
    plan::{Plan, PlanNode},
};
use std::{collections::HashMap, sync::Arc};
use types::{Datum, Oid};

/// A plan with its expressions compiled. Shared by sessions as long as the plan is valid.
pub struct PreparedPlan {
    pub(crate) planned: Arc<PlannedStmt>,
    pub(crate) root: Arc<PlanSpec>,
    pub(crate) subplans: Arc<[Arc<PlanSpec>]>,
    pub(crate) counts: SlotCounts,
    /// Functions with an ACL of their own.
    guarded_functions: Vec<Oid>,
    n_exec_params: usize,
    restartable: bool,
}

impl PreparedPlan {
    /// Compiles a plan.
    pub fn new(
        planned: Arc<PlannedStmt>,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
    ) -> PgResult<Self> {
        let compiled = compile_plan(&planned, session, catalog)?;
        let restartable = compiled.subplans.is_empty()
            && planned.param_exec_types.is_empty()
            && !planned.has_modifying_cte
            && is_restartable(&planned.plan_tree);
        Ok(PreparedPlan {
            restartable,
            n_exec_params: planned.param_exec_types.len(),
            planned,
            root: compiled.root,
            subplans: compiled.subplans,
            counts: compiled.counts,
            guarded_functions: compiled.guarded_functions,
        })
    }

    /// The plan it was made from.
    pub fn planned(&self) -> &Arc<PlannedStmt> {
        &self.planned
    }
}

/// One run of a plan. It borrows nothing, so a portal can keep it; each call brings the session.
pub struct Execution {
    prepared: Arc<PreparedPlan>,
    state: EState,
    root: Option<Box<dyn ExecNode>>,
    finished: bool,
    exhausted: bool,
}

impl Execution {
    /// Checks permissions and starts.
    pub fn start(
        prepared: Arc<PreparedPlan>,
        txn: Arc<txn::Transaction>,
        snapshot: txn::Snapshot,
        params: Arc<[Datum]>,
        settings: Arc<ExecSettings>,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
    ) -> PgResult<Self> {
        Self::start_with(prepared, txn, snapshot, params, settings, session, catalog, |_| {})
    }

    /// As [`Execution::start`]; `adjust` sets further state (cursors, transition tables) beforehand.
    pub fn start_with(
        prepared: Arc<PreparedPlan>,
        txn: Arc<txn::Transaction>,
        snapshot: txn::Snapshot,
        params: Arc<[Datum]>,
        settings: Arc<ExecSettings>,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
        adjust: impl FnOnce(&mut EState),
    ) -> PgResult<Self> {
        access::check_permissions(catalog, &prepared.planned.perm_infos)?;
        access::check_functions(catalog, &prepared.guarded_functions)?;
        let mut state = EState::new(Some(txn), Some(snapshot), params, settings);
        state.reserve_slots(prepared.counts);
        state.exec_params.resize_with(prepared.n_exec_params, Default::default);
        state.subplans.resize_with(prepared.subplans.len(), || None);
        state.subplan_states.resize_with(prepared.subplans.len(), || None);
        state.subplan_specs = prepared.subplans.clone();
        adjust(&mut state);
        let mut execution =
            Execution { prepared, state, root: None, finished: false, exhausted: false };
        let root = execution.prepared.root.clone();
        let mut cx = Cx { session, catalog, es: &mut execution.state };
        execution.root = Some(root.start(&mut cx)?);
        Ok(execution)
    }

    /// Whether [`Execution::restart`] may follow its end: point reads and writes, whose nodes keep nothing from one
    /// run to the next.
    pub fn is_restartable(&self) -> bool {
        self.prepared.restartable
            && self.state.instrument.is_none()
            && self.state.scan_tids.is_none()
            && self.root.is_some()
    }

    /// After the end: lets go of the transaction.
    pub fn rest(&mut self) {
        self.state.txn = None;
        self.state.snapshot = None;
    }

    /// Runs the plan once more, with other parameters and in another transaction. Permissions are checked
    /// if `check` says that something may have changed.
    pub fn restart(
        &mut self,
        txn: Arc<txn::Transaction>,
        snapshot: txn::Snapshot,
        params: Arc<[Datum]>,
        settings: Arc<ExecSettings>,
        check: bool,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
    ) -> PgResult<()> {
        if check {
            access::check_permissions(catalog, &self.prepared.planned.perm_infos)?;
            access::check_functions(catalog, &self.prepared.guarded_functions)?;
        }
        self.state.txn = Some(txn);
        self.state.snapshot = Some(snapshot);
        self.state.params = params;
        self.state.settings = settings;
        self.state.processed = 0;
        self.finished = false;
        self.exhausted = false;
        let Some(root) = &mut self.root else { return Ok(()) };
        let mut cx = Cx { session, catalog, es: &mut self.state };
        root.restart(&mut cx)
    }

    /// Sets the rows of an ephemeral relation for the next run.
    pub fn set_named_rows(&mut self, name: &str, rows: Arc<Vec<Vec<Datum>>>) {
        self.state.named_stores.insert(name.to_owned(), rows);
    }

    /// Counts rows and time of each node from here on; call before the first row.
    pub fn instrument(
        &mut self,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
    ) -> PgResult<()> {
        self.state.instrument = Some(HashMap::new());
        let root = self.prepared.root.clone();
        let mut cx = Cx { session, catalog, es: &mut self.state };
        self.root = Some(root.start(&mut cx)?);
        Ok(())
    }

    /// Fills `out` with up to `max_rows` rows; false at the end.
    pub fn next(
        &mut self,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
        out: &mut Batch,
        max_rows: usize,
    ) -> PgResult<bool> {
        let Some(root) = &mut self.root else { return Ok(false) };
        if self.exhausted {
            out.reset(out.width());
            return Ok(false);
        }
        error::check_stack_depth()?;
        let mut cx = Cx { session, catalog, es: &mut self.state };
        let more = root.next(&mut cx, out, max_rows.max(1))?;
        self.exhausted = !more;
        Ok(more)
    }

    /// Starts over from the first row (cursors).
    pub fn rewind(&mut self, session: &dyn FnContext, catalog: &dyn CatalogRead) -> PgResult<()> {
        self.exhausted = false;
        let Some(root) = &mut self.root else { return Ok(()) };
        let mut cx = Cx { session, catalog, es: &mut self.state };
        root.rescan(&mut cx, &[])
    }

    /// Rows that the statement changed.
    pub fn processed(&self) -> u64 {
        self.state.processed
    }

    /// Runs what must run whoever reads: the rest of a data-modifying plan, data-modifying WITH queries,
    /// constraint checks at the end of the statement.
    pub fn finish(&mut self, session: &dyn FnContext, catalog: &dyn CatalogRead) -> PgResult<()> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        let writes = self.prepared.planned.command_type != CmdType::Select;
        let modifying_cte = self.prepared.planned.has_modifying_cte;
        if writes && !self.exhausted {
            let mut batch = Batch::default();
            while self.next(session, catalog, &mut batch, BATCH_ROWS)? {}
        }
        let mut cx = Cx { session, catalog, es: &mut self.state };
        if modifying_cte {
            let planned = self.prepared.planned.clone();
            for (n, plan) in planned.subplans.iter().enumerate() {
                if is_modifying(plan) {
                    CteState::complete(&mut cx, n as i32 + 1)?;
                }
            }
        }
        if writes || modifying_cte {
            modify::flush(&mut cx)?;
        }
        if !self.prepared.restartable {
            self.root = None;
        }
        Ok(())
    }

    /// What was counted for a node of the plan.
    pub fn instrumentation(&self, plan: &Arc<Plan>) -> Option<&Instrumentation> {
        let all = self.state.instrument.as_ref()?;
        all.get(&(Arc::as_ptr(plan) as usize))
    }

    /// All that was counted, by address of the plan node.
    pub fn instrumentations(&self) -> Option<&HashMap<usize, Instrumentation>> {
        self.state.instrument.as_ref()
    }

    /// Remembers from here on which rows the scans return, for a cursor that WHERE CURRENT OF may name.
    /// Such a plan has to be asked for one row at a time.
    pub fn track_positions(&mut self) {
        self.state.scan_tids = Some(HashMap::new());
    }

    /// The row of a relation that was returned last: the relation it is stored in, and its tid.
    pub fn position_in(&self, relation: Oid) -> Option<(Oid, i64)> {
        let tids = self.state.scan_tids.as_ref()?;
        tids.values().find(|(stored, _)| *stored == relation).copied()
    }

    /// Sets where cursors stand, for WHERE CURRENT OF.
    pub fn set_cursors(&mut self, cursors: Arc<dyn CursorPositions>) {
        self.state.cursors = Some(cursors);
    }
}

/// Whether the nodes of a plan can be restarted: those of point reads and writes.
fn is_restartable(plan: &Plan) -> bool {
    let node = match &plan.node {
        PlanNode::IndexScan(_) | PlanNode::IndexOnlyScan(_) | PlanNode::SeqScan { .. } => true,
        PlanNode::Result { .. } => true,
        PlanNode::ModifyTable(modify) => modify.result_relations.len() == 1,
        _ => false,
    };
    node && plan.init_plan.is_empty()
        && [&plan.lefttree, &plan.righttree].into_iter().flatten().all(|p| is_restartable(p))
}

fn is_modifying(plan: &Plan) -> bool {
    matches!(plan.node, PlanNode::ModifyTable(_))
}
