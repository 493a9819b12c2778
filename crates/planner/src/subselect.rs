//! Sublinks as subplans and init plans, WITH queries, parameters between query levels.
use crate::{
    clauses::*,
    cost::*,
    create_plan::create_plan,
    path::PathRef,
    planner::{subquery_planner, subquery_planner_recursive},
    root::*,
};
use error::PgResult;
use nodes::{plan::*, *};
use types::{Oid, type_oid};

impl PlannerInfo<'_> {
    /// Takes the parameters that inner queries asked of this level.
    pub fn take_plan_params(&self) -> Vec<PlannerParam> {
        let mut state = self.glob.state.borrow_mut();
        std::mem::take(&mut state.levels[self.level - 1].plan_params)
    }

    /// The param by which an inner level gets an outer level's value.
    fn param_for_outer(&self, levelsup: u32, item: Expr) -> Param {
        let at = self.level - 1 - levelsup as usize;
        let (typ, typmod, coll) = (item.typ(), item.typmod(), item.collation());
        let existing = {
            let state = self.glob.state.borrow();
            state.levels[at].plan_params.iter().find(|p| p.item.equals(&item)).map(|p| p.param_id)
        };
        if let Some(id) = existing {
            return Param {
                kind: ParamKind::Exec,
                paramid: id,
                paramtype: typ,
                paramtypmod: typmod,
                paramcollid: coll,
                location: -1,
            };
        }
        let param = self.new_param(typ, typmod, coll);
        let mut state = self.glob.state.borrow_mut();
        state.levels[at].plan_params.push(PlannerParam { item, param_id: param.paramid });
        param
    }
}

/// Replaces references to outer levels by params.
pub fn replace_correlation_vars(root: &PlannerInfo<'_>, expr: &mut Expr) {
    let levelsup = match expr {
        Expr::Var(v) => v.varlevelsup,
        Expr::PlaceHolderVar(p) => p.phlevelsup,
        Expr::Aggref(a) => a.agglevelsup,
        Expr::GroupingFunc(g) => g.agglevelsup,
        Expr::ReturningExpr(r) => r.retlevelsup,
        _ => 0,
    };
    if levelsup > 0 {
        let mut item = expr.clone();
        increment_sublevels_up(&mut item, -(levelsup as i32), 0);
        *expr = Expr::Param(root.param_for_outer(levelsup, item));
        return;
    }
    expr.for_each_child_mut(&mut |c| replace_correlation_vars(root, c));
}

/// Plans all sublinks in an expression.
pub fn process_sublinks(root: &mut PlannerInfo<'_>, expr: Expr, is_qual: bool) -> PgResult<Expr> {
    process(root, expr, is_qual)
}

fn process(root: &mut PlannerInfo<'_>, mut expr: Expr, top_qual: bool) -> PgResult<Expr> {
    match expr {
        Expr::SubLink(s) => {
            let mut s = *s;
            let testexpr = match s.testexpr.take() {
                Some(t) => Some(process(root, t, false)?),
                None => None,
            };
            make_subplan(
                root,
                *s.subselect,
                s.sub_link_type,
                s.sub_link_id,
                testexpr,
                s.array_type,
                top_qual,
            )
        }
        // Outer references are dealt with at their own level.
        Expr::PlaceHolderVar(ref p) if p.phlevelsup > 0 => Ok(expr),
        Expr::Aggref(ref a) if a.agglevelsup > 0 => Ok(expr),
        Expr::GroupingFunc(ref g) if g.agglevelsup > 0 => Ok(expr),
        Expr::BoolExpr(mut b) if b.boolop != BoolExprType::Not => {
            let mut args = Vec::with_capacity(b.args.len());
            for a in std::mem::take(&mut b.args) {
                match process(root, a, top_qual)? {
                    Expr::BoolExpr(inner) if inner.boolop == b.boolop => args.extend(inner.args),
                    other => args.push(other),
                }
            }
            b.args = args;
            Ok(Expr::BoolExpr(b))
        }
        _ => {
            let mut result = Ok(());
            expr.for_each_child_mut(&mut |c| {
                if result.is_ok() {
                    let taken = std::mem::replace(c, crate::lsyscache::bool_const(None));
                    match process(root, taken, false) {
                        Ok(new) => *c = new,
                        Err(e) => result = Err(e),
                    }
                }
            });
            result?;
            Ok(expr)
        }
    }
}

/// An EXISTS subquery without what does not matter for existence; `None` if it must stay as it is.
pub fn simplify_exists_query(root: &PlannerInfo<'_>, query: &mut Query) -> bool {
    if query.command_type != CmdType::Select
        || query.set_operations.is_some()
        || query.has_aggs
        || !query.grouping_sets.is_empty()
        || query.has_window_funcs
        || query.has_target_srfs
        || query.has_modifying_cte
        || query.having_qual.is_some()
        || query.limit_offset.is_some()
        || !query.row_marks.is_empty()
    {
        return false;
    }
    if let Some(limit) = query.limit_count.take() {
        let folded = crate::prep::const_fold::eval_const_expressions(root.cx(), limit.clone())
            .unwrap_or(limit);
        match &folded {
            Expr::Const(c) if c.value.is_null() => {}
            Expr::Const(Const { value: types::Datum::Int8(n), .. }) if *n > 0 => {}
            _ => {
                query.limit_count = Some(folded);
                return false;
            }
        }
    }
    query.target_list.clear();
    query.group_clause.clear();
    query.window_clause.clear();
    query.distinct_clause.clear();
    query.sort_clause.clear();
    query.has_distinct_on = false;
    true
}

fn make_subplan(
    root: &mut PlannerInfo<'_>,
    mut query: Query,
    kind: SubLinkType,
    link_id: i32,
    testexpr: Option<Expr>,
    array_type: Oid,
    is_top_qual: bool,
) -> PgResult<Expr> {
    let original = query.clone();
    let simple_exists = kind == SubLinkType::Exists && simplify_exists_query(root, &mut query);
    let fraction = match kind {
        SubLinkType::Exists => 1.0,
        SubLinkType::All | SubLinkType::Any => 0.5,
        _ => 0.0,
    };
    let mut sub = subquery_planner(root, query, false, fraction, None)?;
    let params = root.take_plan_params();
    let best = best_fractional(&sub, fraction)?;
    let plan = create_plan(&mut sub, &best)?;
    let result = build_subplan(
        root,
        plan,
        Some(sub),
        params,
        kind,
        link_id,
        testexpr,
        array_type,
        is_top_qual,
    )?;
    // A correlated EXISTS that could run as a hashed ANY: keep both, the reader decides by calls.
    if simple_exists {
        if let Expr::SubPlan(first) = &result {
            let mut query = original;
            simplify_exists_query(root, &mut query);
            if let Some((query, testexpr, param_ids)) = exists_to_any(root, query)? {
                let mut sub = subquery_planner(root, query, false, 0.0, None)?;
                let params = root.take_plan_params();
                if params.is_empty() {
                    let best = best_fractional(&sub, 0.0)?;
                    if subpath_is_hashable(root, &best) {
                        let plan = create_plan(&mut sub, &best)?;
                        let second = build_subplan(
                            root,
                            plan,
                            Some(sub),
                            params,
                            SubLinkType::Any,
                            0,
                            Some(testexpr),
                            Oid::INVALID,
                            true,
                        )?;
                        if let Expr::SubPlan(mut s) = second {
                            s.param_ids = param_ids;
                            s.use_hash_table = true;
                            s.unknown_eq_false = true;
                            return Ok(Expr::AlternativeSubPlan(vec![(**first).clone(), *s]));
                        }
                    }
                }
            }
        }
    }
    Ok(result)
}

fn best_fractional(sub: &PlannerInfo<'_>, fraction: f64) -> PgResult<PathRef> {
    let id = sub.final_rel.ok_or_else(|| error::PgError::internal("no final relation"))?;
    let rel = &sub.rels[id];
    let best = rel.best().clone();
    let fraction = if fraction >= 1.0 { fraction / best.rows.max(1.0) } else { fraction };
    if fraction <= 0.0 {
        return Ok(best);
    }
    let mut chosen = best.clone();
    for p in &rel.pathlist {
        if p.param.is_none() && crate::pathnode::compare_fractional(&chosen, p, fraction).is_gt() {
            chosen = p.clone();
        }
    }
    Ok(chosen)
}

/// The best path of a finished level for fetching a fraction of its rows.
pub fn get_cheapest_fractional(sub: &PlannerInfo<'_>, fraction: f64) -> PgResult<PathRef> {
    best_fractional(sub, fraction)
}

fn subpath_is_hashable(root: &PlannerInfo<'_>, path: &crate::path::Path) -> bool {
    let bytes = hash_agg_entry_size(0, path.target.width, 0.0) * path.rows;
    bytes <= root.cx().settings.hash_mem()
}

fn plan_is_hashable(root: &PlannerInfo<'_>, plan: &Plan) -> bool {
    let bytes = plan.plan_rows * (maxalign(plan.plan_width as f64) + maxalign(23.0));
    bytes <= root.cx().settings.hash_mem()
}

/// `EXISTS (SELECT … WHERE sub.x = outer.y)` as `outer.y = ANY (SELECT sub.x …)`, sublink params new.
fn exists_to_any(
    root: &mut PlannerInfo<'_>,
    mut query: Query,
) -> PgResult<Option<(Query, Expr, Vec<i32>)>> {
    let cx = root.cx();
    if query.jointree.fromlist.is_empty() || !query.cte_list.is_empty() {
        return Ok(None);
    }
    let Some(quals) = query.jointree.quals.take() else { return Ok(None) };
    if query_has_vars_of_level(&query, 1) {
        return Ok(None);
    }
    let quals = crate::prep::const_fold::eval_const_expressions(cx, quals)?;
    let quals = make_ands_implicit(Some(crate::prep::qual::canonicalize_qual(quals, false)));
    let (mut left, mut right, mut ops, mut rest) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for q in quals {
        let pair = match &q {
            Expr::OpExpr(o) if o.args.len() == 2 && cx.op_hashjoinable(o.opno, o.args[0].typ()) => {
                let upper = |e: &Expr| contain_vars_upper(e);
                if upper(&o.args[0]) && !upper(&o.args[1]) {
                    Some((o.args[0].clone(), o.args[1].clone(), o.opno, o.inputcollid))
                } else if upper(&o.args[1])
                    && !upper(&o.args[0])
                    && cx.commutator(o.opno).is_valid()
                {
                    Some((
                        o.args[1].clone(),
                        o.args[0].clone(),
                        cx.commutator(o.opno),
                        o.inputcollid,
                    ))
                } else {
                    None
                }
            }
            _ => None,
        };
        match pair {
            Some((l, r, op, coll)) => {
                left.push(l);
                right.push(r);
                ops.push((op, coll));
            }
            None => rest.push(q),
        }
    }
    if left.is_empty()
        || rest.iter().any(contain_vars_upper)
        || right.iter().any(contain_vars_upper)
        || left.iter().any(|e| cx.contain_volatile(e) || contain_subplans(e))
        || right.iter().any(contain_subplans)
    {
        return Ok(None);
    }
    for l in &mut left {
        // The outer side must be of the outer level alone.
        if contain_vars(l) {
            return Ok(None);
        }
        increment_sublevels_up(l, -1, 1);
        if contain_vars_upper(l) {
            return Ok(None);
        }
    }
    query.jointree.quals = (!rest.is_empty()).then(|| make_ands_explicit(rest));
    let mut tests = Vec::new();
    let mut ids = Vec::new();
    for (i, r) in right.into_iter().enumerate() {
        let param = root.new_param(r.typ(), r.typmod(), r.collation());
        ids.push(param.paramid);
        tests.push(make_opclause(
            cx,
            ops[i].0,
            left[i].clone(),
            Expr::Param(param),
            Oid::INVALID,
            ops[i].1,
        ));
        query.target_list.push(make_tle(r, i as i16 + 1, None, false));
    }
    query.has_sub_links = true;
    Ok(Some((query, make_ands_explicit(tests), ids)))
}

fn subplan_args(
    root: &mut PlannerInfo<'_>,
    params: Vec<PlannerParam>,
) -> PgResult<(Vec<i32>, Vec<Expr>)> {
    let (mut ids, mut args) = (Vec::new(), Vec::new());
    for p in params {
        let mut arg = p.item;
        if matches!(
            arg,
            Expr::PlaceHolderVar(_)
                | Expr::Aggref(_)
                | Expr::GroupingFunc(_)
                | Expr::ReturningExpr(_)
        ) {
            arg = process(root, arg, false)?;
        }
        // A value of a level further out is a param here, too.
        replace_correlation_vars(root, &mut arg);
        ids.push(p.param_id);
        args.push(arg);
    }
    Ok((ids, args))
}

fn first_column(plan: &Plan) -> (Oid, i32, Oid) {
    plan.target_list.iter().find(|t| !t.resjunk).map_or((type_oid::VOID, -1, Oid::INVALID), |t| {
        (t.expr.typ(), t.expr.typmod(), t.expr.collation())
    })
}

/// Params for each output column of a subplan.
fn params_from_tlist(root: &PlannerInfo<'_>, plan: &Plan) -> Vec<Param> {
    plan.target_list
        .iter()
        .filter(|t| !t.resjunk)
        .map(|t| root.new_param(t.expr.typ(), t.expr.typmod(), t.expr.collation()))
        .collect()
}

/// Puts exec params for the subquery's columns into a test expression.
fn convert_testexpr(expr: &mut Expr, params: &[Param]) {
    expr.rewrite(&mut |e| {
        if let Expr::Param(p) = e {
            if p.kind == ParamKind::Sublink {
                if let Some(new) = params.get(p.paramid as usize - 1) {
                    *e = Expr::Param(new.clone());
                }
            }
        }
    });
}

#[allow(clippy::too_many_lines)]
fn build_subplan<'c>(
    root: &mut PlannerInfo<'c>,
    plan: Plan,
    sub: Option<PlannerInfo<'c>>,
    params: Vec<PlannerParam>,
    kind: SubLinkType,
    link_id: i32,
    testexpr: Option<Expr>,
    array_type: Oid,
    unknown_eq_false: bool,
) -> PgResult<Expr> {
    let (typ, typmod, coll) = first_column(&plan);
    let (par_param, args) = subplan_args(root, params)?;
    let mut splan = SubPlan {
        sub_link_type: kind,
        testexpr: None,
        param_ids: Vec::new(),
        plan_id: 0,
        plan_name: String::new(),
        first_col_type: typ,
        first_col_typmod: typmod,
        first_col_collation: coll,
        array_type,
        use_hash_table: false,
        unknown_eq_false,
        set_param: Vec::new(),
        par_param,
        args,
        startup_cost: 0.0,
        per_call_cost: 0.0,
    };
    let uncorrelated = splan.par_param.is_empty();
    let mut plan = plan;
    let mut is_init = false;
    let result;
    match kind {
        SubLinkType::Exists if uncorrelated => {
            let p = root.new_param(type_oid::BOOL, -1, Oid::INVALID);
            splan.set_param = vec![p.paramid];
            is_init = true;
            result = Some(Expr::Param(p));
        }
        SubLinkType::Expr if uncorrelated => {
            let p = root.new_param(typ, typmod, coll);
            splan.set_param = vec![p.paramid];
            is_init = true;
            result = Some(Expr::Param(p));
        }
        SubLinkType::Array if uncorrelated => {
            let array = if array_type.is_valid() {
                array_type
            } else {
                root.cx().catalog.get_type(typ)?.array
            };
            splan.array_type = array;
            let p = root.new_param(array, typmod, coll);
            splan.set_param = vec![p.paramid];
            is_init = true;
            result = Some(Expr::Param(p));
        }
        SubLinkType::RowCompare if uncorrelated => {
            let ps = params_from_tlist(root, &plan);
            let mut test = testexpr.unwrap_or_else(|| crate::lsyscache::bool_const(None));
            convert_testexpr(&mut test, &ps);
            splan.set_param = ps.iter().map(|p| p.paramid).collect();
            is_init = true;
            result = Some(test);
        }
        SubLinkType::MultiExpr => {
            let ps = params_from_tlist(root, &plan);
            splan.set_param = ps.iter().map(|p| p.paramid).collect();
            let at = link_id as usize;
            if root.multiexpr_params.len() < at {
                root.multiexpr_params.resize(at, Vec::new());
            }
            root.multiexpr_params[at - 1] = ps;
            if uncorrelated {
                is_init = true;
                result = Some(crate::lsyscache::null_const(
                    type_oid::RECORD,
                    -1,
                    Oid::INVALID,
                    types::PhysType::Record,
                ));
            } else {
                result = None;
            }
        }
        _ => {
            if let Some(mut test) = testexpr {
                let ps = params_from_tlist(root, &plan);
                convert_testexpr(&mut test, &ps);
                splan.param_ids = ps.iter().map(|p| p.paramid).collect();
                splan.testexpr = Some(test);
            }
            if kind == SubLinkType::Any
                && uncorrelated
                && plan_is_hashable(root, &plan)
                && splan
                    .testexpr
                    .as_ref()
                    .is_some_and(|t| testexpr_is_hashable(root, t, &splan.param_ids))
            {
                splan.use_hash_table = true;
            } else if uncorrelated
                && root.cx().settings.enable_material
                && !matches!(
                    plan.node,
                    PlanNode::Material
                        | PlanNode::Sort { .. }
                        | PlanNode::FunctionScan { .. }
                        | PlanNode::CteScan { .. }
                        | PlanNode::WorkTableScan { .. }
                        | PlanNode::TableFuncScan { .. }
                        | PlanNode::NamedTuplestoreScan { .. }
                )
            {
                plan = crate::create_plan::materialize_finished_plan(root, plan);
            }
            result = None;
        }
    }
    cost_subplan(root, &mut splan, &plan);
    let plan_id = {
        let mut state = root.glob.state.borrow_mut();
        state.subplans.push(Some(Subplan { plan, root: sub.map(Box::new) }));
        state.subplans.len() as i32
    };
    splan.plan_id = plan_id;
    splan.plan_name = format!("{} {plan_id}", if is_init { "InitPlan" } else { "SubPlan" });
    if splan.use_hash_table || uncorrelated && !is_init {
        root.glob.state.borrow_mut().rewind_plan_ids.push(plan_id);
    }
    if is_init {
        root.init_plans.push(splan);
    } else {
        return Ok(result.unwrap_or_else(|| Expr::SubPlan(Box::new(splan))));
    }
    Ok(result.unwrap_or_else(|| crate::lsyscache::bool_const(None)))
}

/// A subplan that runs at most once, without arguments, and sets `param`; not numbered or costed yet.
fn once_subplan(kind: SubLinkType, name: String, plan: &Plan, param: &Param) -> SubPlan {
    let (typ, typmod, coll) = first_column(plan);
    SubPlan {
        sub_link_type: kind,
        testexpr: None,
        param_ids: Vec::new(),
        plan_id: 0,
        plan_name: name,
        first_col_type: typ,
        first_col_typmod: typmod,
        first_col_collation: coll,
        array_type: Oid::INVALID,
        use_hash_table: false,
        unknown_eq_false: false,
        set_param: vec![param.paramid],
        par_param: Vec::new(),
        args: Vec::new(),
        startup_cost: 0.0,
        per_call_cost: 0.0,
    }
}

/// Makes a finished plan an init plan that sets `param`.
pub fn make_initplan_from_plan<'c>(
    root: &mut PlannerInfo<'c>,
    sub: PlannerInfo<'c>,
    plan: Plan,
    param: &Param,
) {
    let mut splan = once_subplan(SubLinkType::Expr, String::new(), &plan, param);
    cost_subplan(root, &mut splan, &plan);
    let plan_id = {
        let mut state = root.glob.state.borrow_mut();
        state.subplans.push(Some(Subplan { plan, root: Some(Box::new(sub)) }));
        state.subplans.len() as i32
    };
    splan.plan_id = plan_id;
    splan.plan_name = format!("InitPlan {plan_id}");
    root.init_plans.push(splan);
}

fn testexpr_is_hashable(root: &PlannerInfo<'_>, test: &Expr, param_ids: &[i32]) -> bool {
    let cx = root.cx();
    let one = |e: &Expr| match e {
        Expr::OpExpr(o) => {
            o.args.len() == 2
                && o.opno.is_valid()
                && cx.op_hashjoinable(o.opno, o.args[0].typ())
                && cx.op_strict(o.opno)
                && !contain_exec_param(&o.args[0], param_ids)
                && !contain_vars(&o.args[1])
                && !cx.contain_volatile(&o.args[0])
        }
        _ => false,
    };
    match test {
        Expr::BoolExpr(b) if b.boolop == BoolExprType::And => b.args.iter().all(one),
        e => one(e),
    }
}

/// Costs of calling a subplan.
pub fn cost_subplan(root: &PlannerInfo<'_>, splan: &mut SubPlan, plan: &Plan) {
    let cx = root.cx();
    let mut cost = match &splan.testexpr {
        Some(t) => expr_cost(cx, t),
        None => Cost::default(),
    };
    let s = &cx.settings;
    if splan.use_hash_table {
        cost.startup += plan.total_cost + s.cpu_operator_cost * plan.plan_rows;
    } else {
        let run = plan.total_cost - plan.startup_cost;
        match splan.sub_link_type {
            SubLinkType::Exists => cost.per_tuple += run / clamp_row_est(plan.plan_rows),
            SubLinkType::All | SubLinkType::Any => {
                cost.per_tuple += 0.5 * run;
                cost.per_tuple += 0.5 * plan.plan_rows * s.cpu_operator_cost;
            }
            _ => cost.per_tuple += run,
        }
        let materialized = matches!(
            plan.node,
            PlanNode::Material
                | PlanNode::Sort { .. }
                | PlanNode::FunctionScan { .. }
                | PlanNode::CteScan { .. }
        );
        if splan.par_param.is_empty() && materialized {
            cost.startup += plan.startup_cost;
        } else {
            cost.per_tuple += plan.startup_cost;
        }
    }
    splan.startup_cost = cost.startup;
    splan.per_call_cost = cost.per_tuple;
}

/// Plans or inlines the WITH queries of a level.
pub fn process_ctes(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    for at in 0..root.parse.cte_list.len() {
        // Earlier ones may have been put in its place into this one.
        let cte = root.parse.cte_list[at].clone();
        let command = cte.ctequery.command_type;
        if cte.cterefcount == 0 && command == CmdType::Select {
            continue;
        }
        // A single, plain reference: the query takes its place in FROM.
        let inline = (cte.ctematerialized == CteMaterialize::Never
            || cte.ctematerialized == CteMaterialize::Default && cte.cterefcount == 1)
            && !cte.cterecursive
            && command == CmdType::Select
            && !contain_dml(&cte.ctequery)
            && (cte.cterefcount <= 1 || !contain_outer_selfref(&cte.ctequery))
            && !root.cx().query_contains_volatile(&cte.ctequery)
            && cte.ctequery.row_marks.is_empty();
        if inline {
            inline_cte(&mut root.parse, &cte);
            continue;
        }
        let mut sub = subquery_planner_recursive(
            root,
            (*cte.ctequery).clone(),
            cte.cterecursive,
            0.0,
            &cte.ctename,
        )?;
        if !root.take_plan_params().is_empty() {
            return Err(error::PgError::internal("unexpected outer reference in CTE query"));
        }
        let best = best_fractional(&sub, 0.0)?;
        let plan = create_plan(&mut sub, &best)?;
        let param = root.new_param(type_oid::INTERNAL, -1, Oid::INVALID);
        let rows = plan.plan_rows;
        let name = format!("CTE {}", cte.ctename);
        let mut splan = once_subplan(SubLinkType::Cte, name, &plan, &param);
        cost_subplan(root, &mut splan, &plan);
        {
            let mut state = root.glob.state.borrow_mut();
            state.subplans.push(Some(Subplan { plan, root: Some(Box::new(sub)) }));
            splan.plan_id = state.subplans.len() as i32;
            let level = root.level - 1;
            state.levels[level].ctes.push(LevelCte {
                name: cte.ctename.clone(),
                plan_id: splan.plan_id,
                param: param.paramid,
                rows,
                wt_param: 0,
                wt_rows: 0.0,
            });
        }
        root.init_plans.push(splan);
    }
    Ok(())
}

fn contain_dml(query: &Query) -> bool {
    query.command_type != CmdType::Select
        || !query.row_marks.is_empty()
        || query.cte_list.iter().any(|c| contain_dml(&c.ctequery))
        || query.rtable.iter().any(|r| match &r.kind {
            RteKind::Subquery { subquery, .. } => contain_dml(subquery),
            _ => false,
        })
}

fn contain_outer_selfref(query: &Query) -> bool {
    fn walk(query: &Query, depth: u32) -> bool {
        query.rtable.iter().any(|r| match &r.kind {
            RteKind::Cte { self_reference: true, ctelevelsup, .. } => *ctelevelsup >= depth,
            RteKind::Subquery { subquery, .. } => walk(subquery, depth + 1),
            _ => false,
        }) || query.cte_list.iter().any(|c| walk(&c.ctequery, depth + 1))
    }
    walk(query, 1)
}

fn inline_cte(query: &mut Query, cte: &CommonTableExpr) {
    replace_cte_refs(query, cte, 0);
}

fn replace_cte_refs(query: &mut Query, cte: &CommonTableExpr, level: u32) {
    for rte in &mut query.rtable {
        match &mut rte.kind {
            RteKind::Cte { ctename, ctelevelsup, .. }
                if *ctename == cte.ctename && *ctelevelsup == level =>
            {
                let mut sub = (*cte.ctequery).clone();
                if level > 0 {
                    increment_query_sublevels_up(&mut sub, level as i32, 1);
                }
                rte.kind = RteKind::Subquery {
                    subquery: Box::new(sub),
                    security_barrier: false,
                    view: None,
                };
            }
            RteKind::Subquery { subquery, .. } => replace_cte_refs(subquery, cte, level + 1),
            _ => {}
        }
    }
    for c in &mut query.cte_list {
        replace_cte_refs(&mut c.ctequery, cte, level + 1);
    }
    query.for_each_expr_mut(&mut |e| replace_in_sublinks(e, cte, level));
}

fn replace_in_sublinks(expr: &mut Expr, cte: &CommonTableExpr, level: u32) {
    if let Expr::SubLink(s) = expr {
        replace_cte_refs(&mut s.subselect, cte, level + 1);
    }
    expr.for_each_child_mut(&mut |c| replace_in_sublinks(c, cte, level));
}
