//! Plans from paths.
use crate::nestloop_param::{process_subquery_params, replace_nestloop_params};
use crate::{
    clauses::*, cost::*, init::restrict_info::*, path::*, pathkeys::*, plan_keys::*,
    relids::Relids, root::*,
};
use error::{PgError, PgResult};
use nodes::{plan::*, *};
use std::{rc::Rc, sync::Arc};
use types::Oid;

/// The plan of a level's chosen path, with its init plans.
pub fn create_plan(root: &mut PlannerInfo<'_>, best: &PathRef) -> PgResult<Plan> {
    root.cur_outer_rels = Relids::new();
    root.cur_outer_params = Vec::new();
    let mut plan = recurse(root, best)?;
    if !matches!(plan.node, PlanNode::ModifyTable(_)) {
        // The top names the columns.
        for (te, p) in plan.target_list.iter_mut().zip(&root.processed_tlist) {
            te.resname = p.resname.clone();
            te.ressortgroupref = p.ressortgroupref;
            te.resorigtbl = p.resorigtbl;
            te.resorigcol = p.resorigcol;
            te.resjunk = p.resjunk;
        }
    }
    plan.init_plan.extend(root.init_plans.iter().cloned());
    if !root.cur_outer_params.is_empty() {
        return Err(PgError::internal("failed to assign all NestLoopParams to plan nodes"));
    }
    Ok(plan)
}

fn copy_costs(plan: &mut Plan, path: &Path) {
    plan.disabled_nodes = path.disabled_nodes;
    plan.startup_cost = path.startup_cost;
    plan.total_cost = path.total_cost;
    plan.plan_rows = path.rows;
    plan.plan_width = path.target.width;
}

fn tlist_of(root: &mut PlannerInfo<'_>, path: &Path) -> Vec<TargetEntry> {
    let mut out = Vec::with_capacity(path.target.exprs.len());
    for (i, e) in path.target.exprs.iter().enumerate() {
        let mut e = e.clone();
        if path.param.is_some() || !root.cur_outer_rels.is_empty() {
            replace_nestloop_params(root, &mut e);
        }
        let mut te = make_tle(e, i as i16 + 1, None, false);
        te.ressortgroupref = path.target.sortgroupref(i);
        out.push(te);
    }
    out
}

fn new_plan(root: &mut PlannerInfo<'_>, path: &Path, node: PlanNode) -> Plan {
    let tlist = tlist_of(root, path);
    let mut plan = Plan::new(node, tlist);
    copy_costs(&mut plan, path);
    plan
}

fn result_plan(root: &mut PlannerInfo<'_>, path: &Path, quals: &[Expr]) -> Plan {
    let quals = order_clauses(root, quals.iter().map(|q| (q.clone(), 0)).collect());
    new_plan(root, path, PlanNode::Result { resconstantqual: quals })
}

fn with_child(mut plan: Plan, child: Plan) -> Plan {
    plan.lefttree = Some(Arc::new(child));
    plan
}

/// A node that passes its input's columns on unchanged.
fn passing(path: &Path, node: PlanNode, child: Plan) -> Plan {
    let mut plan = Plan::new(node, child.target_list.clone());
    copy_costs(&mut plan, path);
    with_child(plan, child)
}

#[allow(clippy::too_many_lines)]
fn recurse(root: &mut PlannerInfo<'_>, path: &PathRef) -> PgResult<Plan> {
    error::check_stack_depth()?;
    match &path.kind {
        PathKind::SeqScan
        | PathKind::SampleScan
        | PathKind::Index(_)
        | PathKind::BitmapHeap(_)
        | PathKind::TidScan { .. }
        | PathKind::TidRange { .. }
        | PathKind::SubqueryScan { .. }
        | PathKind::FunctionScan
        | PathKind::TableFuncScan
        | PathKind::ValuesScan
        | PathKind::CteScan { .. }
        | PathKind::NamedTuplestoreScan
        | PathKind::WorkTableScan { .. }
        | PathKind::ResultScan => scan_plan(root, path),
        PathKind::NestLoop(_) | PathKind::MergeJoin { .. } | PathKind::HashJoin { .. } => {
            join_plan(root, path)
        }
        PathKind::GroupResult { quals } => Ok(result_plan(root, path, quals)),
        PathKind::MinMaxAgg { quals } => {
            crate::minmax::create_minmax_init_plans(root).map(|()| result_plan(root, path, quals))
        }
        PathKind::Append { subpaths, .. } => append_plan(root, path, subpaths),
        PathKind::MergeAppend { subpaths, limit_tuples } => {
            merge_append_plan(root, path, subpaths, *limit_tuples)
        }
        PathKind::Material { subpath } => {
            let child = recurse(root, subpath)?;
            Ok(passing(path, PlanNode::Material, child))
        }
        PathKind::Memoize {
            subpath,
            hash_operators,
            param_exprs,
            singlerow,
            binary_mode,
            est_entries,
        } => {
            let child = recurse(root, subpath)?;
            let mut exprs = param_exprs.clone();
            let mut ids = Vec::new();
            for e in &mut exprs {
                replace_nestloop_params(root, e);
                let _ = e.any(&mut |x| {
                    if let Expr::Param(p) = x {
                        if p.kind == ParamKind::Exec && !ids.contains(&p.paramid) {
                            ids.push(p.paramid);
                        }
                    }
                    false
                });
            }
            let node = PlanNode::Memoize {
                hash_operators: hash_operators.clone(),
                collations: exprs.iter().map(Expr::collation).collect(),
                param_exprs: exprs,
                singlerow: *singlerow,
                binary_mode: *binary_mode,
                est_entries: *est_entries,
                keyparamids: ids,
            };
            Ok(passing(path, node, child))
        }
        PathKind::Unique { subpath, method, in_operators, uniq_exprs } => {
            unique_plan(root, path, subpath, *method, in_operators, uniq_exprs)
        }
        PathKind::Projection { subpath, dummy } => projection_plan(root, path, subpath, *dummy),
        PathKind::ProjectSet { subpath } => {
            let child = recurse(root, subpath)?;
            let plan = new_plan(root, path, PlanNode::ProjectSet);
            Ok(with_child(plan, child))
        }
        PathKind::Sort { subpath } => {
            let child = recurse(root, subpath)?;
            let relids = rel_relids(root, subpath.parent);
            let (child, keys) = sort_keys(root, child, &path.pathkeys, relids.as_ref())?;
            let mut plan = passing(path, PlanNode::Sort { keys }, child);
            copy_costs(&mut plan, path);
            Ok(plan)
        }
        PathKind::IncrementalSort { subpath, presorted } => {
            let child = recurse(root, subpath)?;
            let relids = rel_relids(root, subpath.parent);
            let (child, keys) = sort_keys(root, child, &path.pathkeys, relids.as_ref())?;
            let node = PlanNode::IncrementalSort { keys, n_presorted: *presorted };
            Ok(passing(path, node, child))
        }
        PathKind::Group { subpath, group_clause, qual } => {
            let child = recurse(root, subpath)?;
            let keys = group_keys(group_clause, &child.target_list);
            let mut plan = new_plan(root, path, PlanNode::Group { keys });
            plan.qual = order_clauses(root, qual.iter().map(|q| (q.clone(), 0)).collect());
            Ok(with_child(plan, child))
        }
        PathKind::UpperUnique { subpath, num_keys } => {
            let child = recurse(root, subpath)?;
            let keys =
                unique_keys(root, &child, &path.pathkeys[..(*num_keys).min(path.pathkeys.len())])?;
            Ok(passing(path, PlanNode::Unique { keys }, child))
        }
        PathKind::Agg { subpath, strategy, num_groups, transition_space, group_clause, qual } => {
            let child = recurse(root, subpath)?;
            let keys = group_keys(group_clause, &child.target_list);
            let agg = Agg {
                strategy: *strategy,
                aggsplit: AggSplit::Simple,
                keys,
                num_groups: *num_groups,
                transition_space: *transition_space as u64,
                grouping_sets: Vec::new(),
                chain: Vec::new(),
            };
            let mut plan = new_plan(root, path, PlanNode::Agg(Box::new(agg)));
            plan.qual = order_clauses(root, qual.iter().map(|q| (q.clone(), 0)).collect());
            Ok(with_child(plan, child))
        }
        PathKind::GroupingSets { subpath, strategy, rollups, qual, transition_space } => {
            grouping_sets_plan(root, path, subpath, *strategy, rollups, qual, *transition_space)
        }
        PathKind::WindowAgg { subpath, winclause, winname, qual, run_condition, topwindow } => {
            let child = recurse(root, subpath)?;
            let part = group_keys(&winclause.partition_clause, &child.target_list);
            let ord = group_keys(&winclause.order_clause, &child.target_list);
            let node = WindowAgg {
                winname: winname.clone(),
                winref: winclause.winref,
                part_keys: part,
                ord_keys: ord,
                frame_options: winclause.frame_options,
                start_offset: winclause.start_offset.clone(),
                end_offset: winclause.end_offset.clone(),
                start_in_range_func: winclause.start_in_range_func,
                end_in_range_func: winclause.end_in_range_func,
                in_range_coll: winclause.in_range_coll,
                in_range_asc: winclause.in_range_asc,
                in_range_nulls_first: winclause.in_range_nulls_first,
                run_condition: run_condition.clone(),
                run_condition_orig: run_condition.clone(),
                top_window: *topwindow,
            };
            let mut plan = new_plan(root, path, PlanNode::WindowAgg(Box::new(node)));
            plan.qual = qual.clone();
            Ok(with_child(plan, child))
        }
        PathKind::SetOp { left, right, op, all, hashed, group_list, num_groups } => {
            let l = recurse(root, left)?;
            let r = recurse(root, right)?;
            let group_keys_: Vec<GroupKey> = group_list
                .iter()
                .enumerate()
                .map(|(i, g)| GroupKey {
                    col: i as i16 + 1,
                    eq_operator: g.eqop,
                    collation: l.target_list.get(i).map_or(Oid::INVALID, |t| t.expr.collation()),
                })
                .collect();
            let keys = group_list
                .iter()
                .enumerate()
                .map(|(i, g)| SortKey {
                    col: i as i16 + 1,
                    sort_operator: g.sortop,
                    collation: l.target_list.get(i).map_or(Oid::INVALID, |t| t.expr.collation()),
                    nulls_first: g.nulls_first,
                    reverse: g.reverse_sort,
                })
                .collect();
            let node = PlanNode::SetOp {
                op: *op,
                all: *all,
                hashed: *hashed,
                keys,
                group_keys: group_keys_,
                num_groups: *num_groups,
            };
            let mut plan = new_plan(root, path, node);
            plan.lefttree = Some(Arc::new(l));
            plan.righttree = Some(Arc::new(r));
            Ok(plan)
        }
        PathKind::RecursiveUnion { left, right, distinct, wt_param, num_groups } => {
            let l = recurse(root, left)?;
            let r = recurse(root, right)?;
            let dup_keys = distinct
                .iter()
                .enumerate()
                .map(|(i, g)| GroupKey {
                    col: i as i16 + 1,
                    eq_operator: g.eqop,
                    collation: path.target.exprs.get(i).map_or(Oid::INVALID, Expr::collation),
                })
                .collect();
            let node =
                PlanNode::RecursiveUnion { wt_param: *wt_param, dup_keys, num_groups: *num_groups };
            let mut plan = new_plan(root, path, node);
            plan.lefttree = Some(Arc::new(l));
            plan.righttree = Some(Arc::new(r));
            Ok(plan)
        }
        PathKind::LockRows { subpath, row_marks, epq_param } => {
            let child = recurse(root, subpath)?;
            let marks = fill_mark_columns(row_marks, &root.processed_tlist, &child.target_list);
            let node = PlanNode::LockRows { row_marks: marks, epq_param: *epq_param };
            Ok(passing(path, node, child))
        }
        PathKind::ModifyTable { subpath, modify } => {
            let mut child = recurse(root, subpath)?;
            for (te, p) in child.target_list.iter_mut().zip(&root.processed_tlist) {
                te.resname = p.resname.clone();
                te.ressortgroupref = p.ressortgroupref;
                te.resjunk = p.resjunk;
            }
            let mut modify = (**modify).clone();
            modify.row_marks =
                fill_mark_columns(&modify.row_marks, &root.processed_tlist, &child.target_list);
            let tlist = modify.returning_lists.first().cloned().unwrap_or_default();
            let mut plan = Plan::new(PlanNode::ModifyTable(Box::new(modify)), tlist);
            copy_costs(&mut plan, path);
            Ok(with_child(plan, child))
        }
        PathKind::Limit { subpath, offset, count, with_ties } => {
            let child = recurse(root, subpath)?;
            let ties_keys = if *with_ties {
                let clause = root.parse.sort_clause.clone();
                group_keys(&clause, &child.target_list)
            } else {
                Vec::new()
            };
            let node = PlanNode::Limit {
                offset: offset.clone(),
                count: count.clone(),
                with_ties: *with_ties,
                ties_keys,
            };
            Ok(passing(path, node, child))
        }
    }
}

fn rel_relids(root: &PlannerInfo<'_>, rel: RelId) -> Option<Relids> {
    let r = &root.rels[rel];
    (r.kind == RelKind::OtherMember).then(|| r.relids.clone())
}

/// Positions of the junk columns that row marks read.
fn fill_mark_columns(
    marks: &[PlanRowMark],
    processed: &[TargetEntry],
    actual: &[TargetEntry],
) -> Vec<PlanRowMark> {
    let find = |name: String| {
        processed
            .iter()
            .position(|t| t.resjunk && t.resname.as_deref() == Some(&name))
            .filter(|i| *i < actual.len())
            .map_or(0, |i| i as i16 + 1)
    };
    marks
        .iter()
        .map(|m| {
            let mut m = m.clone();
            m.ctid_col = find(format!("ctid{}", m.rowmark_id));
            m.toid_col = find(format!("tableoid{}", m.rowmark_id));
            m.whole_row_col = find(format!("wholerow{}", m.rowmark_id));
            m
        })
        .collect()
}

fn projection_plan(
    root: &mut PlannerInfo<'_>,
    path: &Path,
    subpath: &PathRef,
    dummy: bool,
) -> PgResult<Plan> {
    let mut child = recurse(root, subpath)?;
    let tlist = tlist_of(root, path);
    let same = tlist.len() == child.target_list.len()
        && tlist.iter().zip(&child.target_list).all(|(a, b)| a.expr.equals(&b.expr));
    if same {
        for (c, t) in child.target_list.iter_mut().zip(&tlist) {
            c.ressortgroupref = t.ressortgroupref;
        }
        child.plan_width = path.target.width;
        return Ok(child);
    }
    let capable =
        crate::pathnode::is_projection_capable(subpath) && plan_can_project(&child) && dummy;
    if capable {
        child.target_list = tlist;
        child.startup_cost = path.startup_cost;
        child.total_cost = path.total_cost;
        child.plan_width = path.target.width;
        return Ok(child);
    }
    let mut plan = Plan::new(PlanNode::Result { resconstantqual: Vec::new() }, tlist);
    copy_costs(&mut plan, path);
    Ok(with_child(plan, child))
}

/// Whether a node can compute any target list.
pub fn plan_can_project(plan: &Plan) -> bool {
    !matches!(
        plan.node,
        PlanNode::Hash { .. }
            | PlanNode::Material
            | PlanNode::Memoize { .. }
            | PlanNode::Sort { .. }
            | PlanNode::IncrementalSort { .. }
            | PlanNode::Unique { .. }
            | PlanNode::SetOp { .. }
            | PlanNode::LockRows { .. }
            | PlanNode::Limit { .. }
            | PlanNode::ModifyTable(_)
            | PlanNode::Append { .. }
            | PlanNode::MergeAppend { .. }
            | PlanNode::RecursiveUnion { .. }
            | PlanNode::ProjectSet
    )
}

fn append_plan(root: &mut PlannerInfo<'_>, path: &Path, subpaths: &[PathRef]) -> PgResult<Plan> {
    if subpaths.is_empty() {
        // Known empty.
        let never = vec![crate::lsyscache::bool_const(Some(false))];
        return Ok(new_plan(root, path, PlanNode::Result { resconstantqual: never }));
    }
    let mut plans = Vec::with_capacity(subpaths.len());
    for p in subpaths {
        plans.push(Arc::new(recurse(root, p)?));
    }
    let apprelids = append_relids(root, path.parent);
    let node = PlanNode::Append { appendplans: plans, apprelids, part_prune: None };
    Ok(new_plan(root, path, node))
}

fn append_relids(root: &PlannerInfo<'_>, rel: RelId) -> Vec<i32> {
    root.rels[rel].relids.to_vec()
}

fn merge_append_plan(
    root: &mut PlannerInfo<'_>,
    path: &Path,
    subpaths: &[PathRef],
    limit: f64,
) -> PgResult<Plan> {
    let plan = new_plan(
        root,
        path,
        PlanNode::MergeAppend {
            mergeplans: Vec::new(),
            apprelids: Vec::new(),
            keys: Vec::new(),
            part_prune: None,
        },
    );
    let relids = rel_relids(root, path.parent);
    let (plan, keys) = sort_keys_in_place(root, plan, &path.pathkeys, relids.as_ref())?;
    let mut plans = Vec::new();
    for p in subpaths {
        let child = recurse(root, p)?;
        let child_relids = root.rels[p.parent].relids.clone();
        let (mut child, child_keys) = sort_keys(root, child, &path.pathkeys, Some(&child_relids))?;
        // Children must order by the columns in the same places.
        for k in &keys {
            if !child_keys.iter().any(|c| c.col == k.col)
                && child.target_list.len() < k.col as usize
            {
                return Err(PgError::internal("MergeAppend child's targetlist doesn't match"));
            }
        }
        if !pathkeys_contained_in(&path.pathkeys, &p.pathkeys) {
            let c = cost_sort(root, child.total_cost, child.plan_rows, child.plan_width, limit);
            let mut sort =
                Plan::new(PlanNode::Sort { keys: child_keys }, child.target_list.clone());
            sort.startup_cost = c.startup;
            sort.total_cost = c.total;
            sort.plan_rows = child.plan_rows;
            sort.plan_width = child.plan_width;
            sort.disabled_nodes = child.disabled_nodes + c.disabled;
            child = with_child(sort, child);
        }
        plans.push(Arc::new(child));
    }
    let mut plan = plan;
    plan.node = PlanNode::MergeAppend {
        mergeplans: plans,
        apprelids: append_relids(root, path.parent),
        keys,
        part_prune: None,
    };
    Ok(plan)
}

fn unique_plan(
    root: &mut PlannerInfo<'_>,
    path: &Path,
    subpath: &PathRef,
    method: UniqueMethod,
    in_operators: &[Oid],
    uniq_exprs: &[Expr],
) -> PgResult<Plan> {
    let mut child = recurse(root, subpath)?;
    if method == UniqueMethod::Noop {
        return Ok(child);
    }
    // The expressions must be columns of the input.
    let mut tlist = tlist_of(root, path);
    let mut added = false;
    for e in uniq_exprs {
        if !tlist.iter().any(|t| t.expr.equals(e)) {
            let n = tlist.len() as i16 + 1;
            tlist.push(make_tle(e.clone(), n, None, false));
            added = true;
        }
    }
    if added || method == UniqueMethod::Hash || tlist.len() != child.target_list.len() {
        child = change_tlist(child, tlist.clone());
    }
    let cx = root.cx();
    let position = |e: &Expr, list: &[TargetEntry]| {
        list.iter().position(|t| t.expr.equals(e)).map_or(0, |i| i as i16 + 1)
    };
    if method == UniqueMethod::Hash {
        let keys = uniq_exprs
            .iter()
            .zip(in_operators)
            .map(|(e, op)| GroupKey {
                col: position(e, &child.target_list),
                eq_operator: cx.compatible_hash_operators(*op).map_or(*op, |(_, r)| r),
                collation: e.collation(),
            })
            .collect();
        let agg = Agg {
            strategy: AggStrategy::Hashed,
            aggsplit: AggSplit::Simple,
            keys,
            num_groups: path.rows,
            transition_space: 0,
            grouping_sets: Vec::new(),
            chain: Vec::new(),
        };
        let out = tlist_of(root, path);
        let mut plan = Plan::new(PlanNode::Agg(Box::new(agg)), out);
        copy_costs(&mut plan, path);
        return Ok(with_child(plan, child));
    }
    let mut keys = Vec::new();
    let mut sorts = Vec::new();
    for (e, op) in uniq_exprs.iter().zip(in_operators) {
        let sortop = cx.ordering_for_equality(*op, false);
        let eq = cx.equality_for_ordering(sortop);
        let col = position(e, &child.target_list);
        keys.push(GroupKey { col, eq_operator: eq, collation: e.collation() });
        sorts.push(SortKey {
            col,
            sort_operator: sortop,
            collation: e.collation(),
            nulls_first: false,
            reverse: false,
        });
    }
    let c = cost_sort(root, child.total_cost, child.plan_rows, child.plan_width, -1.0);
    let mut sort = Plan::new(PlanNode::Sort { keys: sorts }, child.target_list.clone());
    sort.startup_cost = c.startup;
    sort.total_cost = c.total;
    sort.plan_rows = child.plan_rows;
    sort.plan_width = child.plan_width;
    let sort = with_child(sort, child);
    Ok(passing(path, PlanNode::Unique { keys }, sort))
}

/// Gives a plan another target list, by a Result on top if it cannot compute it.
pub fn change_tlist(plan: Plan, tlist: Vec<TargetEntry>) -> Plan {
    let same = tlist.len() == plan.target_list.len()
        && tlist.iter().zip(&plan.target_list).all(|(a, b)| a.expr.equals(&b.expr));
    let mut plan = plan;
    if same || plan_can_project(&plan) {
        plan.target_list = tlist;
        return plan;
    }
    let mut result = Plan::new(PlanNode::Result { resconstantqual: Vec::new() }, tlist);
    result.startup_cost = plan.startup_cost;
    result.total_cost = plan.total_cost;
    result.plan_rows = plan.plan_rows;
    result.plan_width = plan.plan_width;
    result.disabled_nodes = plan.disabled_nodes;
    with_child(result, plan)
}

fn grouping_sets_plan(
    root: &mut PlannerInfo<'_>,
    path: &Path,
    subpath: &PathRef,
    strategy: AggStrategy,
    rollups: &[RollupData],
    qual: &[Expr],
    transition_space: f64,
) -> PgResult<Plan> {
    let child = recurse(root, subpath)?;
    // GROUPING() needs to know each grouping column's position.
    for g in &root.parse.group_clause {
        if let Some(at) = child
            .target_list
            .iter()
            .position(|t| t.ressortgroupref == g.tle_sort_group_ref && g.tle_sort_group_ref != 0)
        {
            root.grouping_map.insert(g.tle_sort_group_ref, at as i32 + 1);
        }
    }
    let sets_of = |r: &RollupData, list: &[TargetEntry]| -> Vec<Vec<i16>> {
        r.gsets
            .iter()
            .map(|s| {
                s.iter()
                    .filter_map(|x| list.iter().position(|t| t.ressortgroupref == *x))
                    .map(|i| i as i16 + 1)
                    .collect()
            })
            .collect()
    };
    let mut chain = Vec::new();
    for r in rollups.iter().skip(1) {
        let keys = group_keys(&r.group_clause, &child.target_list);
        let strat = if r.is_hashed {
            AggStrategy::Hashed
        } else if r.group_clause.is_empty() {
            AggStrategy::Plain
        } else {
            AggStrategy::Sorted
        };
        let agg = Agg {
            strategy: strat,
            aggsplit: AggSplit::Simple,
            keys,
            num_groups: r.num_groups,
            transition_space: transition_space as u64,
            grouping_sets: sets_of(r, &child.target_list),
            chain: Vec::new(),
        };
        let mut plan = Plan::new(PlanNode::Agg(Box::new(agg)), Vec::new());
        plan.plan_rows = r.num_groups;
        if strat == AggStrategy::Sorted {
            let keys = r
                .group_clause
                .iter()
                .filter_map(|g| {
                    let at = child
                        .target_list
                        .iter()
                        .position(|t| t.ressortgroupref == g.tle_sort_group_ref)?;
                    Some(SortKey {
                        col: at as i16 + 1,
                        sort_operator: g.sortop,
                        collation: child.target_list[at].expr.collation(),
                        nulls_first: g.nulls_first,
                        reverse: g.reverse_sort,
                    })
                })
                .collect();
            // No input of its own: the Agg feeds it the rows again.
            let sort = Plan::new(PlanNode::Sort { keys }, child.target_list.clone());
            plan.lefttree = Some(Arc::new(sort));
        }
        chain.push(Arc::new(plan));
    }
    let first = &rollups[0];
    let agg = Agg {
        strategy,
        aggsplit: AggSplit::Simple,
        keys: group_keys(&first.group_clause, &child.target_list),
        num_groups: first.num_groups,
        transition_space: transition_space as u64,
        grouping_sets: sets_of(first, &child.target_list),
        chain,
    };
    let mut plan = new_plan(root, path, PlanNode::Agg(Box::new(agg)));
    plan.qual = order_clauses(root, qual.iter().map(|q| (q.clone(), 0)).collect());
    Ok(with_child(plan, child))
}

/// Cheap clauses first, except across security levels.
pub fn order_clauses(root: &PlannerInfo<'_>, clauses: Vec<(Expr, u32)>) -> Vec<Expr> {
    if clauses.len() < 2 {
        return clauses.into_iter().map(|c| c.0).collect();
    }
    let mut items: Vec<(u32, f64, Expr)> = clauses
        .into_iter()
        .map(|(c, level)| (level, expr_cost(root.cx(), &c).per_tuple, c))
        .collect();
    items.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    items.into_iter().map(|i| i.2).collect()
}

fn order_rinfos(root: &PlannerInfo<'_>, list: &[Rc<RestrictInfo>]) -> Vec<Rc<RestrictInfo>> {
    let mut items: Vec<(u32, f64, Rc<RestrictInfo>)> = list
        .iter()
        .map(|r| {
            let cost = cost_qual_eval(root.cx(), std::slice::from_ref(r)).per_tuple;
            // Leakproof clauses are free to move; others wait for lower security levels.
            let level = if r.leakproof { 0 } else { r.security_level };
            (level, cost, r.clone())
        })
        .collect();
    items.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    items.into_iter().map(|i| i.2).collect()
}

fn scan_plan(root: &mut PlannerInfo<'_>, path: &PathRef) -> PgResult<Plan> {
    let rel = path.parent;
    let rti = root.rels[rel].relid;
    let mut clauses: Vec<Rc<RestrictInfo>> = match &path.kind {
        PathKind::Index(i) => i.index.indrestrictinfo.borrow().clone(),
        _ => root.rels[rel].baserestrictinfo.clone(),
    };
    if let Some(p) = &path.param {
        clauses.extend(p.clauses.iter().cloned());
    }
    let gating: Vec<Rc<RestrictInfo>> =
        clauses.iter().filter(|c| c.pseudoconstant).cloned().collect();
    clauses.retain(|c| !c.pseudoconstant);
    let mut plan = match &path.kind {
        PathKind::Index(ip) => index_scan_plan(root, path, ip, &clauses, rti)?,
        PathKind::BitmapHeap(q) => bitmap_heap_plan(root, path, q, &clauses, rti)?,
        _ => other_scan_plan(root, path, &clauses, rti)?,
    };
    // Conditions without variables are checked once, before the scan starts.
    if !gating.is_empty() {
        let list = gating.iter().map(|r| (r.clause.clone(), r.security_level)).collect();
        let mut quals = order_clauses(root, list);
        if path.param.is_some() {
            quals.iter_mut().for_each(|q| replace_nestloop_params(root, q));
        }
        plan = gate(plan, quals);
    }
    Ok(plan)
}

/// A Result that checks conditions once.
fn gate(plan: Plan, quals: Vec<Expr>) -> Plan {
    let tlist = plan.target_list.clone();
    let mut result = Plan::new(PlanNode::Result { resconstantqual: quals }, tlist);
    result.startup_cost = plan.startup_cost;
    result.total_cost = plan.total_cost;
    result.plan_rows = plan.plan_rows;
    result.plan_width = plan.plan_width;
    result.disabled_nodes = plan.disabled_nodes;
    with_child(result, plan)
}

fn quals_of(root: &mut PlannerInfo<'_>, path: &Path, clauses: &[Rc<RestrictInfo>]) -> Vec<Expr> {
    let mut quals = actual_clauses(&order_rinfos(root, clauses));
    if path.param.is_some() || !root.cur_outer_rels.is_empty() {
        quals.iter_mut().for_each(|q| replace_nestloop_params(root, q));
    }
    quals
}

#[allow(clippy::too_many_lines)]
fn other_scan_plan(
    root: &mut PlannerInfo<'_>,
    path: &PathRef,
    clauses: &[Rc<RestrictInfo>],
    rti: i32,
) -> PgResult<Plan> {
    let mut clauses = clauses.to_vec();
    let rte = root.rte(rti).clone();
    let mut subplan_params = Vec::new();
    let node = match &path.kind {
        PathKind::SeqScan => PlanNode::SeqScan { scanrelid: rti },
        PathKind::SampleScan => {
            let RteKind::Relation { tablesample: Some(ts), .. } = rte.kind else {
                return Err(PgError::internal("sample scan without TABLESAMPLE"));
            };
            let mut ts = ts;
            ts.args.iter_mut().for_each(|e| replace_nestloop_params(root, e));
            ts.repeatable.iter_mut().for_each(|e| replace_nestloop_params(root, e));
            PlanNode::SampleScan { scanrelid: rti, tablesample: ts }
        }
        PathKind::TidScan { tidquals } => {
            let quals: Vec<Expr> = tidquals
                .iter()
                .map(|r| {
                    let mut e = r.clause.clone();
                    replace_nestloop_params(root, &mut e);
                    e
                })
                .collect();
            // One condition alone is not checked again; an OR of several is.
            if tidquals.len() == 1 {
                clauses.retain(|c| !Rc::ptr_eq(c, &tidquals[0]));
            }
            PlanNode::TidScan { scanrelid: rti, tidquals: quals }
        }
        PathKind::TidRange { quals } => {
            clauses.retain(|c| !quals.iter().any(|q| Rc::ptr_eq(c, q)));
            let quals = quals
                .iter()
                .map(|r| {
                    let mut e = r.clause.clone();
                    replace_nestloop_params(root, &mut e);
                    e
                })
                .collect();
            PlanNode::TidRangeScan { scanrelid: rti, tidrangequals: quals }
        }
        PathKind::SubqueryScan { subpath } => {
            let rel = path.parent;
            subplan_params = root.rels[rel].subplan_params.clone();
            let Some(mut sub) = root.rels[rel].subroot.take() else {
                return Err(PgError::internal("subquery was not planned"));
            };
            let plan = create_plan(&mut sub, subpath);
            root.rels[rel].subroot = Some(sub);
            PlanNode::SubqueryScan { scanrelid: rti, subplan: Arc::new(plan?) }
        }
        PathKind::FunctionScan => {
            let RteKind::Function { functions, funcordinality } = rte.kind else {
                return Err(PgError::internal("function scan of something else"));
            };
            let mut functions = functions;
            functions.iter_mut().for_each(|f| replace_nestloop_params(root, &mut f.funcexpr));
            PlanNode::FunctionScan { scanrelid: rti, functions, funcordinality }
        }
        PathKind::TableFuncScan => {
            let mut kind = rte.kind;
            kind.for_each_expr_mut(&mut |e| replace_nestloop_params(root, e));
            let RteKind::TableFunc(tablefunc) = kind else {
                return Err(PgError::internal("table function scan of something else"));
            };
            PlanNode::TableFuncScan { scanrelid: rti, tablefunc }
        }
        PathKind::ValuesScan => {
            let RteKind::Values { values_lists, .. } = rte.kind else {
                return Err(PgError::internal("values scan of something else"));
            };
            let mut lists = values_lists;
            lists.iter_mut().flatten().for_each(|e| replace_nestloop_params(root, e));
            PlanNode::ValuesScan { scanrelid: rti, values_lists: lists }
        }
        PathKind::CteScan { plan_id, param } => {
            PlanNode::CteScan { scanrelid: rti, cte_plan_id: *plan_id, cte_param: *param }
        }
        PathKind::WorkTableScan { wt_param } => {
            PlanNode::WorkTableScan { scanrelid: rti, wt_param: *wt_param }
        }
        PathKind::NamedTuplestoreScan => {
            let RteKind::NamedTuplestore { enrname, .. } = rte.kind else {
                return Err(PgError::internal("tuplestore scan of something else"));
            };
            PlanNode::NamedTuplestoreScan { scanrelid: rti, enrname }
        }
        PathKind::ResultScan => {
            let quals = quals_of(root, path, &clauses);
            return Ok(new_plan(root, path, PlanNode::Result { resconstantqual: quals }));
        }
        _ => return Err(PgError::internal("unexpected scan path")),
    };
    if !subplan_params.is_empty() {
        process_subquery_params(root, &subplan_params)?;
    }
    let quals = quals_of(root, path, &clauses);
    let mut plan = new_plan(root, path, node);
    plan.qual = quals;
    Ok(plan)
}

/// Puts INDEX_VAR columns where the index's columns stand.
fn fix_indexqual(index: &IndexOptInfo, clause: &IndexClause, qual: &Expr) -> Expr {
    let mut q = qual.clone();
    let as_column = |col: usize, e: &Expr| -> Expr {
        let mut v = make_var(INDEX_VAR, col as i16 + 1, e.typ(), e.typmod(), e.collation(), 0);
        v.varnosyn = index.relid;
        v.varattnosyn = index.indexkeys[col];
        Expr::Var(v)
    };
    match &mut q {
        Expr::OpExpr(o) => o.args[0] = as_column(clause.indexcol, &o.args[0]),
        Expr::ScalarArrayOpExpr(s) => s.args[0] = as_column(clause.indexcol, &s.args[0]),
        Expr::NullTest(n) => n.arg = as_column(clause.indexcol, &n.arg),
        Expr::RowCompareExpr(r) => {
            for (i, l) in r.largs.iter_mut().enumerate() {
                let col = clause.indexcols.get(i).copied().unwrap_or(clause.indexcol);
                *l = as_column(col, l);
            }
        }
        _ => {}
    }
    q
}

fn index_quals(root: &mut PlannerInfo<'_>, ip: &IndexPath) -> (Vec<Expr>, Vec<Expr>) {
    let (mut orig, mut fixed) = (Vec::new(), Vec::new());
    for c in &ip.clauses {
        for q in &c.quals {
            let mut q = q.clone();
            replace_nestloop_params(root, &mut q);
            fixed.push(fix_indexqual(&ip.index, c, &q));
            orig.push(q);
        }
    }
    (orig, fixed)
}

fn index_scan_plan(
    root: &mut PlannerInfo<'_>,
    path: &PathRef,
    ip: &IndexPath,
    clauses: &[Rc<RestrictInfo>],
    rti: i32,
) -> PgResult<Plan> {
    let (orig, fixed) = index_quals(root, ip);
    let mut qpqual = Vec::new();
    for c in clauses {
        // Checked by the index, exactly or by a clause of the same class.
        if ip
            .clauses
            .iter()
            .any(|i| !i.lossy && crate::init::equivclass::is_redundant_with(c, &i.rinfo))
        {
            continue;
        }
        if !root.cx().contain_mutable(&c.clause)
            && !c.has_volatile
            && !orig.is_empty()
            && !ip.clauses.iter().any(|i| i.lossy)
            && crate::predicate::predicate_implied_by(
                root.cx(),
                std::slice::from_ref(&c.clause),
                &ip.clauses.iter().map(|i| i.rinfo.clause.clone()).collect::<Vec<_>>(),
                false,
            )
        {
            continue;
        }
        qpqual.push(c.clone());
    }
    let quals = quals_of(root, path, &qpqual);
    let mut orderbys = ip.orderbys.clone();
    let mut order_fixed = Vec::new();
    for (e, col) in orderbys.iter_mut().zip(&ip.orderbycols) {
        replace_nestloop_params(root, e);
        let mut f = e.clone();
        if let Expr::OpExpr(o) = &mut f {
            let a = &o.args[0];
            o.args[0] = Expr::Var(make_var(
                INDEX_VAR,
                *col as i16 + 1,
                a.typ(),
                a.typmod(),
                a.collation(),
                0,
            ));
        }
        order_fixed.push(f);
    }
    let index = &ip.index;
    let indextlist = if ip.index_only {
        index
            .columns
            .iter()
            .enumerate()
            .map(|(i, e)| {
                let mut te = make_tle(e.clone(), i as i16 + 1, None, false);
                te.resjunk = !index.canreturn[i];
                te
            })
            .collect()
    } else {
        Vec::new()
    };
    let recheck = if ip.index_only { orig.clone() } else { Vec::new() };
    let scan = IndexScan {
        scanrelid: rti,
        indexid: index.oid,
        indexqual: fixed,
        indexqualorig: orig,
        indexorderby: order_fixed,
        indexorderbyorig: orderbys,
        indexorderdir: if ip.backward { ScanDirection::Backward } else { ScanDirection::Forward },
        indextlist,
        recheckqual: recheck,
    };
    let node = if ip.index_only {
        PlanNode::IndexOnlyScan(Box::new(scan))
    } else {
        PlanNode::IndexScan(Box::new(scan))
    };
    let mut plan = new_plan(root, path, node);
    plan.qual = quals;
    Ok(plan)
}

/// Plan of a bitmap tree, with the conditions it checks.
fn bitmap_subplan(
    root: &mut PlannerInfo<'_>,
    qual: &BitmapQual,
    rti: i32,
    tuples: f64,
) -> PgResult<(Plan, Vec<Expr>)> {
    match qual {
        BitmapQual::Index(p) => {
            let PathKind::Index(ip) = &p.kind else {
                return Err(PgError::internal("bitmap over a non-index path"));
            };
            let (orig, fixed) = index_quals(root, ip);
            let scan = IndexScan {
                scanrelid: rti,
                indexid: ip.index.oid,
                indexqual: fixed,
                indexqualorig: orig,
                indexorderby: Vec::new(),
                indexorderbyorig: Vec::new(),
                indexorderdir: ScanDirection::Forward,
                indextlist: Vec::new(),
                recheckqual: Vec::new(),
            };
            let mut plan = Plan::new(PlanNode::BitmapIndexScan(Box::new(scan)), Vec::new());
            plan.total_cost = ip.index_total_cost;
            plan.plan_rows = clamp_row_est(ip.index_selectivity * tuples);
            let mut quals: Vec<Expr> = ip.clauses.iter().map(|c| c.rinfo.clause.clone()).collect();
            for pred in &ip.index.predicate {
                if !crate::predicate::predicate_implied_by(
                    root.cx(),
                    std::slice::from_ref(pred),
                    &quals,
                    false,
                ) {
                    quals.push(pred.clone());
                }
            }
            Ok((plan, quals))
        }
        BitmapQual::And { quals, cost, selectivity } => {
            let (mut plans, mut all): (Vec<Arc<Plan>>, Vec<Expr>) = (Vec::new(), Vec::new());
            for q in quals {
                let (p, conds) = bitmap_subplan(root, q, rti, tuples)?;
                plans.push(Arc::new(p));
                for c in conds {
                    if !all.iter().any(|a| a.equals(&c)) {
                        all.push(c);
                    }
                }
            }
            let mut plan = Plan::new(PlanNode::BitmapAnd(plans), Vec::new());
            plan.startup_cost = *cost;
            plan.total_cost = *cost;
            plan.plan_rows = clamp_row_est(selectivity * tuples);
            Ok((plan, all))
        }
        BitmapQual::Or { quals, cost, selectivity } => {
            let (mut plans, mut arms): (Vec<Arc<Plan>>, Vec<Expr>) = (Vec::new(), Vec::new());
            for q in quals {
                let (p, conds) = bitmap_subplan(root, q, rti, tuples)?;
                plans.push(Arc::new(p));
                arms.push(make_ands_explicit(conds));
            }
            let or =
                if arms.len() == 1 { arms.remove(0) } else { make_bool(BoolExprType::Or, arms) };
            if plans.len() == 1 {
                if let Some(p) = plans.pop() {
                    return Ok((Arc::unwrap_or_clone(p), vec![or]));
                }
            }
            let mut plan = Plan::new(PlanNode::BitmapOr(plans), Vec::new());
            plan.startup_cost = *cost;
            plan.total_cost = *cost;
            plan.plan_rows = clamp_row_est(selectivity * tuples);
            Ok((plan, vec![or]))
        }
    }
}

/// The clauses a bitmap tree checks exactly.
fn bitmap_exact(qual: &BitmapQual, out: &mut Vec<Rc<RestrictInfo>>) {
    match qual {
        BitmapQual::Index(p) => {
            if let PathKind::Index(ip) = &p.kind {
                out.extend(ip.clauses.iter().filter(|c| !c.lossy).map(|c| c.rinfo.clone()));
            }
        }
        BitmapQual::And { quals, .. } => quals.iter().for_each(|q| bitmap_exact(q, out)),
        BitmapQual::Or { .. } => {}
    }
}

fn bitmap_heap_plan(
    root: &mut PlannerInfo<'_>,
    path: &PathRef,
    qual: &BitmapQual,
    clauses: &[Rc<RestrictInfo>],
    rti: i32,
) -> PgResult<Plan> {
    let tuples = root.rels[path.parent].tuples;
    let (sub, mut conds) = bitmap_subplan(root, qual, rti, tuples)?;
    let mut exact = Vec::new();
    bitmap_exact(qual, &mut exact);
    let mut qpqual = Vec::new();
    for c in clauses {
        if exact.iter().any(|e| crate::init::equivclass::is_redundant_with(c, e)) {
            continue;
        }
        let by_or = matches!(qual, BitmapQual::Or { .. } | BitmapQual::And { .. })
            && !c.has_volatile
            && !root.cx().contain_mutable(&c.clause)
            && !bitmap_lossy(qual)
            && crate::predicate::predicate_implied_by(
                root.cx(),
                std::slice::from_ref(&c.clause),
                &conds,
                false,
            );
        if by_or {
            continue;
        }
        qpqual.push(c.clone());
    }
    conds.iter_mut().for_each(|c| replace_nestloop_params(root, c));
    let quals = quals_of(root, path, &qpqual);
    let node = PlanNode::BitmapHeapScan { scanrelid: rti, bitmapqualorig: conds };
    let mut plan = new_plan(root, path, node);
    plan.qual = quals;
    Ok(with_child(plan, sub))
}

fn bitmap_lossy(qual: &BitmapQual) -> bool {
    match qual {
        BitmapQual::Index(p) => match &p.kind {
            PathKind::Index(ip) => ip.clauses.iter().any(|c| c.lossy),
            _ => false,
        },
        BitmapQual::And { quals, .. } | BitmapQual::Or { quals, .. } => {
            quals.iter().any(bitmap_lossy)
        }
    }
}

/// A join's conditions, split into its own and filters above it, without constant truths.
fn split_join_clauses(
    root: &PlannerInfo<'_>,
    jointype: JoinType,
    restrict: &[Rc<RestrictInfo>],
    relids: &Relids,
) -> (Vec<Expr>, Vec<Expr>) {
    let is_true = |r: &RestrictInfo| matches!(&r.clause, Expr::Const(c) if matches!(c.value, types::Datum::Bool(true)));
    let ordered = order_rinfos(root, restrict);
    let (mut own, mut other) = (Vec::new(), Vec::new());
    let is_outer = matches!(
        jointype,
        JoinType::Left | JoinType::Full | JoinType::Right | JoinType::Anti | JoinType::RightAnti
    );
    for r in ordered.iter().filter(|r| !r.pseudoconstant && !is_true(r)) {
        if is_outer && r.is_pushed_down_at(relids) {
            other.push(r.clause.clone());
        } else {
            own.push(r.clause.clone());
        }
    }
    (own, other)
}

fn without(list: Vec<Expr>, remove: &[Expr]) -> Vec<Expr> {
    list.into_iter().filter(|e| !remove.iter().any(|r| r.equals(e))).collect()
}

/// Clauses with the outer side's expression on the left.
fn outer_left(root: &PlannerInfo<'_>, clauses: &[Rc<RestrictInfo>], outer: &Relids) -> Vec<Expr> {
    clauses
        .iter()
        .map(|r| match &r.clause {
            Expr::OpExpr(o) if r.right_relids.is_subset(outer) => {
                root.cx().commute_op(o).map_or(r.clause.clone(), |o| Expr::OpExpr(Box::new(o)))
            }
            other => other.clone(),
        })
        .collect()
}

#[allow(clippy::too_many_lines)]
fn join_plan(root: &mut PlannerInfo<'_>, path: &PathRef) -> PgResult<Plan> {
    let join = match &path.kind {
        PathKind::NestLoop(j) => j,
        PathKind::MergeJoin { join, .. } | PathKind::HashJoin { join, .. } => join,
        _ => return Err(PgError::internal("not a join path")),
    };
    let relids = root.rels[path.parent].relids.clone();
    let (mut joinqual, mut otherqual) =
        split_join_clauses(root, join.jointype, &join.restrict, &relids);
    let outer_relids = root.rels[join.outer.parent].relids.clone();
    let inner_relids = root.rels[join.inner.parent].relids.clone();
    let gating: Vec<(Expr, u32)> = join
        .restrict
        .iter()
        .filter(|r| r.pseudoconstant)
        .map(|r| (r.clause.clone(), r.security_level))
        .collect();
    let mut plan = match &path.kind {
        PathKind::NestLoop(_) => {
            let outer = recurse(root, &join.outer)?;
            let saved = root.cur_outer_rels.clone();
            root.cur_outer_rels.add_all(&outer_relids);
            let inner = recurse(root, &join.inner);
            root.cur_outer_rels = saved;
            let inner = inner?;
            if path.param.is_some() || !root.cur_outer_rels.is_empty() {
                joinqual.iter_mut().for_each(|q| replace_nestloop_params(root, q));
                otherqual.iter_mut().for_each(|q| replace_nestloop_params(root, q));
            }
            // The params that this loop's outer side supplies.
            let mut params = Vec::new();
            let (mine, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut root.cur_outer_params)
                .into_iter()
                .partition(|p| match &p.paramval {
                    Expr::Var(v) => outer_relids.contains(v.varno),
                    Expr::PlaceHolderVar(ph) => root
                        .placeholder_list
                        .iter()
                        .find(|i| i.phid == ph.phid)
                        .is_some_and(|i| i.eval_at.is_subset(&outer_relids)),
                    _ => false,
                });
            root.cur_outer_params = rest;
            let mut outer = outer;
            for p in mine {
                // A PlaceHolderVar that the outer side can compute but does not yet.
                if matches!(p.paramval, Expr::PlaceHolderVar(_))
                    && !outer.target_list.iter().any(|t| t.expr.equals(&p.paramval))
                    && !same_placeholder(&outer.target_list, &p.paramval)
                {
                    let mut tlist = outer.target_list.clone();
                    let n = tlist.len() as i16 + 1;
                    tlist.push(make_tle(p.paramval.clone(), n, None, true));
                    outer = change_tlist(outer, tlist);
                }
                params.push(NestLoopParam { paramno: p.paramno, paramval: p.paramval });
            }
            params.sort_by_key(|p: &NestLoopParam| p.paramno);
            let node = PlanNode::NestLoop {
                jointype: join.jointype,
                inner_unique: join.inner_unique,
                joinqual,
                nest_params: params,
            };
            join_node(root, path, node, outer, inner)
        }
        PathKind::HashJoin { hashclauses, .. } => {
            let outer = recurse(root, &join.outer)?;
            let inner = recurse(root, &join.inner)?;
            let originals: Vec<Expr> = hashclauses.iter().map(|r| r.clause.clone()).collect();
            joinqual = without(joinqual, &originals);
            otherqual = without(otherqual, &[]);
            let mut clauses = outer_left(root, hashclauses, &outer_relids);
            if path.param.is_some() || !root.cur_outer_rels.is_empty() {
                joinqual.iter_mut().for_each(|q| replace_nestloop_params(root, q));
                otherqual.iter_mut().for_each(|q| replace_nestloop_params(root, q));
                clauses.iter_mut().for_each(|q| replace_nestloop_params(root, q));
            }
            let (mut ops, mut colls, mut okeys, mut ikeys) =
                (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for c in &clauses {
                if let Expr::OpExpr(o) = c {
                    ops.push(o.opno);
                    colls.push(o.inputcollid);
                    okeys.push(o.args[0].clone());
                    ikeys.push(o.args[1].clone());
                }
            }
            let mut hash = Plan::new(PlanNode::Hash { hashkeys: ikeys }, inner.target_list.clone());
            hash.startup_cost = inner.total_cost;
            hash.total_cost = inner.total_cost;
            hash.plan_rows = inner.plan_rows;
            hash.plan_width = inner.plan_width;
            hash.disabled_nodes = inner.disabled_nodes;
            let hash = with_child(hash, inner);
            let node = PlanNode::HashJoin {
                jointype: join.jointype,
                inner_unique: join.inner_unique,
                joinqual,
                hashclauses: clauses,
                hashoperators: ops,
                hashcollations: colls,
                hashkeys: okeys,
            };
            join_node(root, path, node, outer, hash)
        }
        PathKind::MergeJoin {
            mergeclauses,
            outersortkeys,
            innersortkeys,
            outer_presorted,
            skip_mark_restore,
            materialize_inner,
            ..
        } => {
            let mut outer = recurse(root, &join.outer)?;
            let mut inner = recurse(root, &join.inner)?;
            let originals: Vec<Expr> = mergeclauses.iter().map(|r| r.clause.clone()).collect();
            joinqual = without(joinqual, &originals);
            let mut clauses = outer_left(root, mergeclauses, &outer_relids);
            if path.param.is_some() || !root.cur_outer_rels.is_empty() {
                joinqual.iter_mut().for_each(|q| replace_nestloop_params(root, q));
                otherqual.iter_mut().for_each(|q| replace_nestloop_params(root, q));
                clauses.iter_mut().for_each(|q| replace_nestloop_params(root, q));
            }
            let outer_keys = if outersortkeys.is_empty() {
                join.outer.pathkeys.clone()
            } else {
                outer =
                    add_sort(root, outer, outersortkeys, Some(&outer_relids), *outer_presorted)?;
                outersortkeys.clone()
            };
            if !innersortkeys.is_empty() {
                inner = add_sort(root, inner, innersortkeys, Some(&inner_relids), 0)?;
            }
            if *materialize_inner {
                inner = materialize_finished_plan(root, inner);
            }
            let (mut fams, mut colls, mut rev, mut nf) =
                (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for r in mergeclauses {
                let ec = if r.left_relids.is_subset(&outer_relids) {
                    r.left_ec.get()
                } else {
                    r.right_ec.get()
                };
                let ec = ec.map(|e| root.ec_id(e));
                let key = outer_keys.iter().find(|k| Some(k.ec) == ec);
                let Some(key) = key else {
                    return Err(PgError::internal("outer pathkeys do not match mergeclauses"));
                };
                fams.push(key.opfamily);
                colls.push(root.eq_classes[key.ec].collation);
                rev.push(key.reverse);
                nf.push(key.nulls_first);
            }
            let node = PlanNode::MergeJoin(Box::new(MergeJoin {
                jointype: join.jointype,
                inner_unique: join.inner_unique,
                joinqual,
                skip_mark_restore: *skip_mark_restore,
                mergeclauses: clauses,
                merge_families: fams,
                merge_collations: colls,
                merge_reversals: rev,
                merge_nulls_first: nf,
            }));
            join_node(root, path, node, outer, inner)
        }
        _ => return Err(PgError::internal("not a join path")),
    };
    plan.qual = otherqual;
    if !gating.is_empty() {
        let quals = order_clauses(root, gating);
        plan = gate(plan, quals);
    }
    Ok(plan)
}

fn same_placeholder(tlist: &[TargetEntry], e: &Expr) -> bool {
    let Expr::PlaceHolderVar(p) = e else { return false };
    tlist.iter().any(|t| matches!(&t.expr, Expr::PlaceHolderVar(x) if x.phid == p.phid))
}

fn join_node(
    root: &mut PlannerInfo<'_>,
    path: &Path,
    node: PlanNode,
    outer: Plan,
    inner: Plan,
) -> Plan {
    let mut plan = new_plan(root, path, node);
    plan.lefttree = Some(Arc::new(outer));
    plan.righttree = Some(Arc::new(inner));
    plan
}

/// A sort of a finished plan.
fn add_sort(
    root: &mut PlannerInfo<'_>,
    child: Plan,
    keys: &[PathKey],
    relids: Option<&Relids>,
    presorted: usize,
) -> PgResult<Plan> {
    let (child, sort) = sort_keys(root, child, keys, relids)?;
    let incremental = presorted > 0 && root.cx().settings.enable_incremental_sort;
    let c = cost_sort(root, child.total_cost, child.plan_rows, child.plan_width, -1.0);
    let node = if incremental {
        PlanNode::IncrementalSort { keys: sort, n_presorted: presorted }
    } else {
        PlanNode::Sort { keys: sort }
    };
    let mut plan = Plan::new(node, child.target_list.clone());
    plan.startup_cost = c.startup;
    plan.total_cost = c.total;
    plan.plan_rows = child.plan_rows;
    plan.plan_width = child.plan_width;
    plan.disabled_nodes = child.disabled_nodes + c.disabled;
    Ok(with_child(plan, child))
}

/// Materialises a finished plan's rows; init plans move up.
pub fn materialize_finished_plan(root: &PlannerInfo<'_>, mut child: Plan) -> Plan {
    let c = cost_material(
        root,
        child.startup_cost,
        child.total_cost,
        child.plan_rows,
        child.plan_width,
    );
    let mut plan = Plan::new(PlanNode::Material, child.target_list.clone());
    plan.init_plan = std::mem::take(&mut child.init_plan);
    plan.startup_cost = c.startup;
    plan.total_cost = c.total;
    plan.plan_rows = child.plan_rows;
    plan.plan_width = child.plan_width;
    plan.disabled_nodes = child.disabled_nodes;
    with_child(plan, child)
}
