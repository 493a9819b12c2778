//! Plans to specs: each plan node's expressions are compiled against what its Vars refer to.
mod agg;
mod join;
mod modify;
mod scan;
mod window;

use crate::{
    expr::{CExpr, ExprCompiler, InitPlan, Scope, SlotCounts},
    hash::{HashKind, KeyColumn},
    node::*,
    plan_spec::PlanSpec,
    set_call::SetCall,
    store::SortColumn,
};
use catalog::{CatalogRead, RelationDesc};
use error::{PgError, PgResult, check_stack_depth, not_supported};
use fmgr::FnContext;
use nodes::{
    Expr, PlannedStmt, RteKind, SubLinkType, TargetEntry,
    plan::{GroupKey, Plan, PlanNode},
};
use std::sync::{Arc, OnceLock};
use types::Oid;

/// A compiled plan.
pub(crate) struct CompiledPlan {
    pub(crate) root: Arc<PlanSpec>,
    pub(crate) subplans: Arc<[Arc<PlanSpec>]>,
    pub(crate) counts: SlotCounts,
    pub(crate) guarded_functions: Vec<Oid>,
}

/// Compiles a statement's plan with its subplans.
pub(crate) fn compile_plan(
    planned: &Arc<PlannedStmt>,
    session: &dyn FnContext,
    catalog: &dyn CatalogRead,
) -> PgResult<CompiledPlan> {
    let mut compiler = PlanCompiler {
        c: ExprCompiler::new(session, catalog),
        planned: planned.clone(),
        subplans: planned.subplans.iter().map(|_| None).collect(),
        bound: None,
    };
    let root = compiler.node(&planned.plan_tree)?;
    for plan_id in 1..=planned.subplans.len() {
        compiler.subplan(plan_id as i32)?;
    }
    let subplans = compiler.subplans.into_iter().flatten().collect();
    Ok(CompiledPlan {
        root,
        subplans,
        counts: compiler.c.counts(),
        guarded_functions: compiler.c.guarded_functions,
    })
}

pub(crate) struct PlanCompiler<'a> {
    pub(crate) c: ExprCompiler<'a>,
    pub(crate) planned: Arc<PlannedStmt>,
    subplans: Vec<Option<Arc<PlanSpec>>>,
    /// The LIMIT above the node that is compiled next.
    bound: Option<Arc<LimitBound>>,
}

/// Params that a node sets for what is below it.
fn own_params(plan: &Plan) -> Vec<i32> {
    let mut own: Vec<i32> = match &plan.node {
        PlanNode::NestLoop { nest_params, .. } => nest_params.iter().map(|p| p.paramno).collect(),
        PlanNode::RecursiveUnion { wt_param, .. } => vec![*wt_param],
        _ => Vec::new(),
    };
    plan.init_plan.iter().for_each(|i| own.extend_from_slice(&i.set_param));
    own
}

/// What a node's plan is filed under for instrumentation.
pub(crate) fn key_of(plan: &Arc<Plan>) -> usize {
    Arc::as_ptr(plan) as usize
}

impl PlanCompiler<'_> {
    fn subplan(&mut self, plan_id: i32) -> PgResult<Arc<PlanSpec>> {
        let slot = plan_id as usize - 1;
        if let Some(Some(spec)) = self.subplans.get(slot) {
            return Ok(spec.clone());
        }
        let plan = self
            .planned
            .subplans
            .get(slot)
            .cloned()
            .ok_or_else(|| PgError::internal(format!("there is no subplan {plan_id}")))?;
        let bound = self.bound.take();
        let spec = self.isolated(|this| this.node(&plan))?.0;
        self.bound = bound;
        self.subplans[slot] = Some(spec.clone());
        Ok(spec)
    }

    /// Runs `f` with empty lists of params and subplans seen; returns those it saw.
    fn isolated<T>(
        &mut self,
        f: impl FnOnce(&mut Self) -> PgResult<T>,
    ) -> PgResult<(T, Vec<i32>, Vec<i32>)> {
        let params = std::mem::take(&mut self.c.params_seen);
        let subplans = std::mem::take(&mut self.c.subplans_seen);
        let result = f(self);
        let params = std::mem::replace(&mut self.c.params_seen, params);
        let subplans = std::mem::replace(&mut self.c.subplans_seen, subplans);
        Ok((result?, params, subplans))
    }

    /// Compiles a node with all below it.
    pub(crate) fn node(&mut self, plan: &Arc<Plan>) -> PgResult<Arc<PlanSpec>> {
        check_stack_depth()?;
        let (mut init_plans, mut inits) = (Vec::new(), Vec::new());
        let ((spec, width), mut params, subplans) = self.isolated(|this| {
            for init in &plan.init_plan {
                this.subplan(init.plan_id)?;
                init_plans.push(init.plan_id as u32 - 1);
                this.c.subplans_seen.push(init.plan_id);
                if init.sub_link_type != SubLinkType::Cte {
                    inits.push((init.plan_id, InitPlan::compile(&mut this.c, init)?));
                }
            }
            this.spec(plan)
        })?;
        for (plan_id, init) in inits {
            // A subplan is the init plan of one node; a second compilation says the same.
            let _ = self.subplan(plan_id)?.as_init.set(init);
        }
        for plan_id in subplans {
            params.extend_from_slice(&self.subplan(plan_id)?.params);
        }
        params.sort_unstable();
        params.dedup();
        // What the node sets itself is nothing that can change from outside.
        let own = own_params(plan);
        params.retain(|p| !own.contains(p));
        for id in &params {
            if !self.c.params_seen.contains(id) {
                self.c.params_seen.push(*id);
            }
        }
        Ok(Arc::new(PlanSpec {
            plan: plan.clone(),
            spec,
            width,
            params: params.into(),
            init_plans: init_plans.into(),
            as_init: OnceLock::new(),
        }))
    }

    pub(crate) fn outer(&mut self, plan: &Plan) -> PgResult<Arc<PlanSpec>> {
        match &plan.lefttree {
            Some(child) => self.node(child),
            None => Err(PgError::internal("plan node without input")),
        }
    }

    pub(crate) fn inner(&mut self, plan: &Plan) -> PgResult<Arc<PlanSpec>> {
        match &plan.righttree {
            Some(child) => self.node(child),
            None => Err(PgError::internal("plan node without inner input")),
        }
    }

    pub(crate) fn projection(&mut self, plan: &Plan, scope: &Scope) -> PgResult<Projection> {
        Projection::compile(&mut self.c, &plan.target_list, scope)
    }

    pub(crate) fn exprs(&mut self, exprs: &[Expr], scope: &Scope) -> PgResult<Box<[CExpr]>> {
        self.c.compile_all(exprs, scope)
    }

    /// The relation behind a range table entry.
    pub(crate) fn relation(&self, rti: i32) -> PgResult<Arc<RelationDesc>> {
        let rte = self.planned.rtable.get(rti as usize - 1);
        match rte.map(|r| &r.kind) {
            Some(RteKind::Relation { relid, .. }) => self.c.catalog.get_relation(*relid),
            _ => Err(PgError::internal(format!("range table entry {rti} is no relation"))),
        }
    }

    /// Grouping columns over an input.
    pub(crate) fn keys(&mut self, keys: &[GroupKey], input: &Plan) -> PgResult<Box<[KeyColumn]>> {
        keys.iter().map(|k| self.key(k, &input.target_list)).collect()
    }

    pub(crate) fn key(&mut self, key: &GroupKey, list: &[TargetEntry]) -> PgResult<KeyColumn> {
        let col = key.col as usize - 1;
        let typ = list
            .get(col)
            .map(|te| te.expr.typ())
            .ok_or_else(|| PgError::internal("grouping column is not in the input"))?;
        let op = self.c.catalog.get_operator(key.eq_operator)?;
        let hash = HashKind::of_type(self.c.catalog, typ, key.collation)?;
        let equal = self.c.function(op.code, &[typ, typ], op.result, key.collation)?;
        Ok(KeyColumn::new(col, hash, equal))
    }

    fn child(plan: &Plan) -> PgResult<&Arc<Plan>> {
        plan.lefttree.as_ref().ok_or_else(|| PgError::internal("plan node without input"))
    }

    fn spec(&mut self, plan: &Arc<Plan>) -> PgResult<(Arc<dyn NodeSpec>, usize)> {
        let none = Scope::none();
        let key = key_of(plan);
        let bound = self.bound.take();
        let width = plan.target_list.len();
        let spec: Arc<dyn NodeSpec> = match &plan.node {
            PlanNode::Result { resconstantqual } => {
                let input = match &plan.lefttree {
                    Some(child) => Some(self.node(child)?),
                    None => None,
                };
                Arc::new(ResultSpec {
                    input,
                    constant_qual: self.exprs(resconstantqual, &none)?,
                    qual: self.exprs(&plan.qual, &none)?,
                    projection: self.projection(plan, &none)?,
                    key,
                })
            }
            PlanNode::ProjectSet => self.project_set(plan)?,
            PlanNode::ModifyTable(m) => return self.modify_table(plan, m),
            PlanNode::Append { appendplans, .. } => {
                let inputs = self.nodes(appendplans)?;
                let width = inputs.first().map_or(width, |i| i.width);
                return Ok((Arc::new(AppendSpec { inputs, width }), width));
            }
            PlanNode::MergeAppend { mergeplans, keys, .. } => {
                let inputs = self.nodes(mergeplans)?;
                let columns = SortColumn::compile_all(&mut self.c, keys)?;
                let width = inputs.first().map_or(width, |i| i.width);
                return Ok((Arc::new(MergeAppendSpec { inputs, columns, width }), width));
            }
            PlanNode::RecursiveUnion { wt_param, dup_keys, .. } => {
                let start = self.outer(plan)?;
                let keys = self.keys(dup_keys, Self::child(plan)?)?;
                let step = self.inner(plan)?;
                let width = start.width;
                let spec = RecursiveUnionSpec { start, step, wt_param: *wt_param, keys };
                return Ok((Arc::new(spec), width));
            }
            PlanNode::NestLoop { .. } | PlanNode::MergeJoin(_) | PlanNode::HashJoin { .. } => {
                self.join(plan)?
            }
            PlanNode::Hash { .. } => return Err(PgError::internal("Hash outside of a hash join")),
            PlanNode::Material => {
                let input = self.outer(plan)?;
                let width = input.width;
                return Ok((Arc::new(MaterialSpec { input }), width));
            }
            PlanNode::Memoize { .. } => return self.memoize(plan),
            PlanNode::Sort { keys } => {
                let input = self.outer(plan)?;
                let columns = SortColumn::compile_all(&mut self.c, keys)?;
                let width = input.width;
                return Ok((Arc::new(SortSpec { input, columns, bound, key }), width));
            }
            PlanNode::IncrementalSort { keys, n_presorted } => {
                let input = self.outer(plan)?;
                let columns = SortColumn::compile_all(&mut self.c, keys)?;
                let width = input.width;
                let spec = IncrementalSortSpec { input, columns, n_presorted: *n_presorted, key };
                return Ok((Arc::new(spec), width));
            }
            PlanNode::Group { keys } => Arc::new(GroupSpec {
                input: self.outer(plan)?,
                keys: self.keys(keys, Self::child(plan)?)?,
                qual: self.exprs(&plan.qual, &none)?,
                projection: self.projection(plan, &none)?,
                key,
            }),
            PlanNode::Agg(agg) => self.agg(plan, agg)?,
            PlanNode::WindowAgg(w) => self.window_agg(plan, w)?,
            PlanNode::Unique { keys } => {
                let input = self.outer(plan)?;
                let keys = self.keys(keys, Self::child(plan)?)?;
                let width = input.width;
                return Ok((Arc::new(UniqueSpec { input, keys }), width));
            }
            PlanNode::SetOp { .. } => return self.set_op(plan),
            PlanNode::LockRows { row_marks, .. } => return self.lock_rows(plan, row_marks),
            PlanNode::Limit { .. } => return self.limit(plan),
            PlanNode::Gather { .. } | PlanNode::GatherMerge { .. } => {
                return Err(not_supported!("parallel plans"));
            }
            _ => self.scan(plan)?,
        };
        Ok((spec, width))
    }

    fn nodes(&mut self, plans: &[Arc<Plan>]) -> PgResult<Box<[Arc<PlanSpec>]>> {
        plans.iter().map(|p| self.node(p)).collect()
    }

    fn project_set(&mut self, plan: &Plan) -> PgResult<Arc<dyn NodeSpec>> {
        let input = match &plan.lefttree {
            Some(child) => Some(self.node(child)?),
            None => None,
        };
        let none = Scope::none();
        let mut columns = Vec::with_capacity(plan.target_list.len());
        for te in &plan.target_list {
            columns.push(if te.expr.returns_set() {
                SetColumn::Set(SetCall::compile(&mut self.c, &te.expr, &none, None)?)
            } else {
                SetColumn::Plain(self.c.compile(&te.expr, &none)?)
            });
        }
        Ok(Arc::new(ProjectSetSpec { input, columns: columns.into() }))
    }

    fn limit(&mut self, plan: &Arc<Plan>) -> PgResult<(Arc<dyn NodeSpec>, usize)> {
        let PlanNode::Limit { offset, count, with_ties, ties_keys } = &plan.node else {
            return Err(PgError::internal("not a Limit"));
        };
        let none = Scope::none();
        let ((offset, count), params, subplans) = self.isolated(|this| {
            let mut one = |e: &Option<Expr>| -> PgResult<Option<CExpr>> {
                e.as_ref().map(|e| this.c.compile(e, &none)).transpose()
            };
            Ok((one(offset)?, one(count)?))
        })?;
        self.c.params_seen.extend_from_slice(&params);
        self.c.subplans_seen.extend_from_slice(&subplans);
        let limit = Arc::new(LimitExprs { offset, count, with_ties: *with_ties });
        let child = Self::child(plan)?.clone();
        if !with_ties && limit.count.is_some() && matches!(child.node, PlanNode::Sort { .. }) {
            self.bound = Some(Arc::new(LimitBound { limit: limit.clone(), params: params.into() }));
        }
        let input = self.node(&child)?;
        let ties = match with_ties {
            true => Some(self.keys(ties_keys, &child)?),
            false => None,
        };
        let width = input.width;
        Ok((Arc::new(LimitSpec { input, limit, ties }), width))
    }

    fn set_op(&mut self, plan: &Plan) -> PgResult<(Arc<dyn NodeSpec>, usize)> {
        let PlanNode::SetOp { op, all, hashed, keys, group_keys, .. } = &plan.node else {
            return Err(PgError::internal("not a SetOp"));
        };
        let left = self.outer(plan)?;
        let right = self.inner(plan)?;
        let sort = match hashed {
            true => None,
            false => Some(SortColumn::compile_all(&mut self.c, keys)?),
        };
        let keys = self.keys(group_keys, Self::child(plan)?)?;
        let width = left.width;
        let spec = SetOpSpec { left, right, op: *op, all: *all, sort, keys };
        Ok((Arc::new(spec), width))
    }

    fn memoize(&mut self, plan: &Arc<Plan>) -> PgResult<(Arc<dyn NodeSpec>, usize)> {
        let PlanNode::Memoize {
            hash_operators,
            collations,
            param_exprs,
            singlerow,
            keyparamids,
            ..
        } = &plan.node
        else {
            return Err(PgError::internal("not a Memoize"));
        };
        let none = Scope::none();
        let mut keys = Vec::with_capacity(param_exprs.len());
        for (n, expr) in param_exprs.iter().enumerate() {
            let collation = collations.get(n).copied().unwrap_or(Oid::INVALID);
            let op = self.c.catalog.get_operator(hash_operators[n])?;
            let typ = expr.typ();
            keys.push(MemoKey {
                expr: self.c.compile(expr, &none)?,
                kind: HashKind::of_type(self.c.catalog, typ, collation)?,
                equal: self.c.function(op.code, &[typ, typ], op.result, collation)?,
            });
        }
        let input = self.outer(plan)?;
        let width = input.width;
        let spec = MemoizeSpec {
            input,
            keys: keys.into(),
            key_params: keyparamids.clone().into(),
            single_row: *singlerow,
            key: key_of(plan),
        };
        Ok((Arc::new(spec), width))
    }
}
