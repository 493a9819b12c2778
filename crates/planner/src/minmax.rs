//! MIN and MAX without grouping as the first row of an ordered scan.
//!
//! `SELECT min(x) FROM t` is `(SELECT x FROM t WHERE x IS NOT NULL ORDER BY x LIMIT 1)`: where an index
//! gives the order, one row is read instead of all.
use crate::{
    clauses::*,
    cost::*,
    create_plan::create_plan,
    path::*,
    pathkeys::*,
    pathnode::*,
    planner::{new_root, query_planner},
    root::*,
    subselect,
};
use error::PgResult;
use nodes::{plan::*, *};
use std::rc::Rc;
use types::{Oid, type_oid};

/// One aggregate with the scan that finds it.
pub struct MinMaxAgg<'c> {
    pub aggref: Aggref,
    pub root: Box<PlannerInfo<'c>>,
    pub path: PathRef,
    pub cost: f64,
    pub param: Param,
}

/// Finds a scan for each aggregate of a query without grouping that has no others than MIN and MAX.
pub fn preprocess_minmax_aggregates<'c>(
    root: &mut PlannerInfo<'c>,
) -> PgResult<Vec<MinMaxAgg<'c>>> {
    let parse = &root.parse;
    if !parse.has_aggs
        || !parse.group_clause.is_empty()
        || !parse.grouping_sets.is_empty()
        || parse.has_window_funcs
        || !parse.cte_list.is_empty()
    {
        return Ok(Vec::new());
    }
    let mut from = &parse.jointree;
    let rti = loop {
        match &from.fromlist[..] {
            [JoinTreeNode::FromExpr(f)] => from = f,
            [JoinTreeNode::RangeTblRef(r)] => break *r,
            _ => return Ok(Vec::new()),
        }
    };
    let fits = match &root.rte(rti).kind {
        RteKind::Relation { .. } => true,
        RteKind::Subquery { .. } => root.rte(rti).inh,
        _ => false,
    };
    if !fits {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for info in root.agg_infos.clone() {
        let Some(sortop) = sort_operator(root, &info.aggref)? else { return Ok(Vec::new()) };
        let Some(agg) = build_path(root, &info.aggref, sortop)? else { return Ok(Vec::new()) };
        found.push(agg);
    }
    Ok(found)
}

/// The operator whose first value the aggregate is, if it is of that kind.
fn sort_operator(root: &PlannerInfo<'_>, a: &Aggref) -> PgResult<Option<Oid>> {
    let cx = root.cx();
    let [arg] = &a.args[..] else { return Ok(None) };
    if !a.aggorder.is_empty() || a.aggfilter.is_some() || !a.aggdirectargs.is_empty() {
        return Ok(None);
    }
    let sortop = cx.catalog.lookup_aggregate(a.aggfnoid)?.map_or(Oid::INVALID, |g| g.sortop);
    let typ = arg.expr.typ();
    let is_row =
        typ == type_oid::RECORD || cx.catalog.lookup_type(typ)?.is_some_and(|t| t.typtype == 'c');
    if !sortop.is_valid() || cx.contain_mutable(&arg.expr) || is_row {
        return Ok(None);
    }
    Ok(Some(sortop))
}

fn build_path<'c>(
    root: &mut PlannerInfo<'c>,
    a: &Aggref,
    sortop: Oid,
) -> PgResult<Option<MinMaxAgg<'c>>> {
    let cx = root.cx();
    let eqop = cx.equality_for_ordering(sortop);
    let Some((_, _, reverse)) = cx.ordering_op(sortop) else { return Ok(None) };
    if !eqop.is_valid() {
        return Ok(None);
    }
    // NULLs are left out, so either place of them serves.
    for nulls_first in [reverse, !reverse] {
        if let Some(agg) = try_order(root, a, sortop, eqop, reverse, nulls_first)? {
            return Ok(Some(agg));
        }
    }
    Ok(None)
}

fn try_order<'c>(
    root: &mut PlannerInfo<'c>,
    a: &Aggref,
    sortop: Oid,
    eqop: Oid,
    reverse: bool,
    nulls_first: bool,
) -> PgResult<Option<MinMaxAgg<'c>>> {
    let target = a.args[0].expr.clone();
    let mut query = root.parse.clone();
    let mut te = make_tle(target.clone(), 1, Some("agg_target".to_owned()), false);
    te.ressortgroupref = 1;
    query.target_list = vec![te.clone()];
    query.has_aggs = false;
    query.having_qual = None;
    query.distinct_clause = Vec::new();
    query.has_distinct_on = false;
    query.sort_clause = vec![SortGroupClause {
        tle_sort_group_ref: 1,
        eqop,
        sortop,
        reverse_sort: reverse,
        nulls_first,
        hashable: false,
    }];
    query.limit_offset = None;
    query.limit_count = Some(crate::lsyscache::int8_const(1));
    query.row_marks = Vec::new();
    let mut quals = make_ands_implicit(query.jointree.quals.take());
    let test = Expr::NullTest(Box::new(NullTest {
        arg: target.clone(),
        is_null: false,
        argisrow: false,
        location: -1,
    }));
    if !quals.iter().any(|q| q.equals(&test)) {
        quals.insert(0, test);
    }
    query.jointree.quals = Some(make_ands_explicit(quals));
    let mut sub = new_root(root.glob.clone(), root.level, query);
    sub.has_join_rtes = root.has_join_rtes;
    sub.has_lateral_rtes = root.has_lateral_rtes;
    sub.qual_security_level = root.qual_security_level;
    sub.append_rel_list = root.append_rel_list.clone();
    sub.tuple_fraction = 1.0;
    sub.limit_tuples = 1.0;
    sub.processed_tlist = vec![te];
    let mut callback = |sub: &mut PlannerInfo<'_>| -> PgResult<()> {
        let (sort, tlist) = (sub.parse.sort_clause.clone(), sub.processed_tlist.clone());
        sub.sort_pathkeys = make_pathkeys_for_sortclauses(sub, &sort, &tlist);
        sub.query_pathkeys = sub.sort_pathkeys.clone();
        Ok(())
    };
    let rel = query_planner(&mut sub, &mut callback)?;
    let rows = sub.rels[rel].rows;
    let fraction = if rows > 1.0 { 1.0 / rows } else { 1.0 };
    let mut best: Option<PathRef> = None;
    for p in &sub.rels[rel].pathlist {
        let usable = p.param.is_none() && pathkeys_contained_in(&sub.query_pathkeys, &p.pathkeys);
        if usable && best.as_ref().is_none_or(|b| compare_fractional(p, b, fraction).is_lt()) {
            best = Some(p.clone());
        }
    }
    let Some(best) = best else { return Ok(None) };
    let target_path = Rc::new(create_pathtarget(&sub, &sub.processed_tlist));
    let path = apply_projection(&sub, rel, best, &target_path);
    let cost = path.startup_cost + fraction * (path.total_cost - path.startup_cost);
    let param = root.new_param(target.typ(), target.typmod(), target.collation());
    Ok(Some(MinMaxAgg { aggref: a.clone(), root: Box::new(sub), path, cost, param }))
}

/// Adds the way to compute the aggregates by those scans to the grouped relation.
pub fn add_minmax_path(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    target: &Rc<PathTarget>,
    having: &[Expr],
) {
    if root.minmax_aggs.is_empty() {
        return;
    }
    let scans: f64 = root.minmax_aggs.iter().map(|m| m.cost).sum();
    let disabled: i32 = root.minmax_aggs.iter().map(|m| m.path.disabled_nodes).sum();
    let quals = qual_cost(root.cx(), having);
    let costs = Costs {
        startup: scans + target.cost.startup + quals.startup + quals.per_tuple,
        total: scans
            + target.cost.startup
            + target.cost.per_tuple
            + root.cx().settings.cpu_tuple_cost
            + quals.startup
            + quals.per_tuple,
        rows: 1.0,
        disabled,
    };
    let kind = PathKind::MinMaxAgg { quals: having.to_vec() };
    let path = new_path(kind, rel, target.clone(), None, costs, Vec::new());
    add_path(root, rel, path);
}

/// Makes the scans init plans; from then on each aggregate is its param.
pub fn create_minmax_init_plans(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    let aggs = std::mem::take(&mut root.minmax_aggs);
    let mut replaced = Vec::with_capacity(aggs.len());
    for mut agg in aggs {
        let plan = create_plan(&mut agg.root, &agg.path)?;
        let mut limit = Plan::new(
            PlanNode::Limit {
                offset: None,
                count: agg.root.parse.limit_count.clone(),
                with_ties: false,
                ties_keys: Vec::new(),
            },
            plan.target_list.clone(),
        );
        limit.startup_cost = agg.path.startup_cost;
        limit.total_cost = agg.cost;
        limit.plan_rows = 1.0;
        limit.plan_width = agg.path.target.width;
        limit.disabled_nodes = plan.disabled_nodes;
        limit.lefttree = Some(std::sync::Arc::new(plan));
        subselect::make_initplan_from_plan(root, *agg.root, limit, &agg.param);
        replaced.push((agg.aggref.aggno, agg.param));
    }
    root.minmax_params = replaced;
    Ok(())
}

/// What stands for an aggregate that an init plan computes.
pub fn replacement(root: &PlannerInfo<'_>, a: &Aggref) -> Option<Expr> {
    if a.agglevelsup > 0 {
        return None;
    }
    root.minmax_params.iter().find(|(no, _)| *no == a.aggno).map(|(_, p)| Expr::Param(p.clone()))
}
