//! UNION, INTERSECT, EXCEPT and recursive WITH.
use crate::{
    clauses::*, cost::*, path::*, path_gen::all_paths, pathkeys::*, pathnode::*, plancat,
    planner::subquery_planner, relids::Relids, root::*,
};
use error::PgResult;
use nodes::{plan::*, *};
use std::rc::Rc;

/// Plans a tree of set operations; sets `processed_tlist`.
pub fn plan_set_operations(root: &mut PlannerInfo<'_>) -> PgResult<RelId> {
    let Some(top) = root.parse.set_operations.clone() else {
        return Err(error::PgError::internal("no set operation"));
    };
    root.simple_rels = vec![None; root.parse.rtable.len() + 1];
    // Column names and labels are the leftmost query's.
    let mut left = &top.larg;
    let leftmost = loop {
        match left {
            SetOpNode::RangeTblRef(r) => break *r,
            SetOpNode::SetOp(s) => left = &s.larg,
        }
    };
    let ref_tlist = match &root.rte(leftmost).kind {
        RteKind::Subquery { subquery, .. } => subquery.target_list.clone(),
        _ => Vec::new(),
    };
    let fraction = root.tuple_fraction;
    if root.has_recursion {
        return recursive_union(root, &top, &ref_tlist);
    }
    let node = SetOpNode::SetOp(top);
    let (rel, tlist) = recurse(root, &node, &[], &ref_tlist, None, fraction, true)?;
    // What ORDER BY refers to keeps its reference numbers.
    root.processed_tlist = label(root, tlist);
    let target = Rc::new(create_pathtarget(root, &root.processed_tlist));
    crate::grouping::apply_scanjoin_target(root, rel, &target)?;
    Ok(rel)
}

/// Takes over names and sort references from the query's own target list.
fn label(root: &PlannerInfo<'_>, tlist: Vec<TargetEntry>) -> Vec<TargetEntry> {
    let mut out = tlist;
    for (te, orig) in out.iter_mut().zip(&root.parse.target_list) {
        te.ressortgroupref = orig.ressortgroupref;
        te.resname = orig.resname.clone();
        te.resorigtbl = orig.resorigtbl;
        te.resorigcol = orig.resorigcol;
    }
    out
}

/// A target list over relation `varno` with the set operation's types.
fn setop_tlist(
    root: &PlannerInfo<'_>,
    types: &[types::Oid],
    typmods: &[i32],
    collations: &[types::Oid],
    varno: i32,
    input: &[TargetEntry],
    reference: &[TargetEntry],
) -> Vec<TargetEntry> {
    let cx = root.cx();
    let mut out = Vec::new();
    for (i, (inp, rf)) in
        input.iter().filter(|t| !t.resjunk).zip(reference.iter().filter(|t| !t.resjunk)).enumerate()
    {
        let resno = i as i16 + 1;
        let (typ, coll) = match types.get(i) {
            Some(t) => (*t, collations[i]),
            None => (inp.expr.typ(), inp.expr.collation()),
        };
        let mut expr = match &inp.expr {
            // Constants are copied up, which keeps UNION ALL of them simple.
            Expr::Const(c) => Expr::Const(c.clone()),
            e => Expr::Var(make_var(varno, inp.resno, e.typ(), e.typmod(), e.collation(), 0)),
        };
        if expr.typ() != typ {
            expr = coerce(cx, expr, typ);
        }
        let typmod = typmods.get(i).copied().unwrap_or(-1);
        if expr.collation() != coll {
            let m = if expr.typmod() == typmod { typmod } else { expr.typmod() };
            expr = crate::prep::const_fold::apply_relabel(Box::new(RelabelType {
                resulttype: expr.typ(),
                resulttypmod: m,
                resultcollid: coll,
                relabelformat: CoercionForm::ImplicitCast,
                location: -1,
                arg: expr,
            }));
        }
        let mut te = make_tle(expr, resno, rf.resname.clone(), false);
        te.ressortgroupref = resno as u32;
        out.push(te);
    }
    out
}

/// The implicit cast to the set operation's type.
fn coerce(cx: &crate::context::PlanContext<'_>, expr: Expr, typ: types::Oid) -> Expr {
    let from = expr.typ();
    if let Ok(Some(cast)) = cx.catalog.lookup_cast(from, typ) {
        if cast.method == 'f' {
            let call = Expr::FuncExpr(Box::new(FuncExpr {
                funcid: cast.func,
                funcresulttype: typ,
                funcretset: false,
                funcvariadic: false,
                funcformat: CoercionForm::ImplicitCast,
                funccollid: cx.type_collation(typ),
                inputcollid: expr.collation(),
                args: vec![expr],
                location: -1,
            }));
            return crate::prep::const_fold::eval_const_expressions(cx, call.clone())
                .unwrap_or(call);
        }
        if cast.method == 'b' {
            return relabel(expr, typ, cx.type_collation(typ));
        }
    }
    if from == types::type_oid::UNKNOWN {
        let io = Expr::CoerceViaIO(Box::new(CoerceViaIO {
            arg: expr,
            resulttype: typ,
            resultcollid: cx.type_collation(typ),
            coerceformat: CoercionForm::ImplicitCast,
            location: -1,
        }));
        return crate::prep::const_fold::eval_const_expressions(cx, io.clone()).unwrap_or(io);
    }
    relabel(expr, typ, cx.type_collation(typ))
}

fn relabel(expr: Expr, typ: types::Oid, coll: types::Oid) -> Expr {
    crate::prep::const_fold::apply_relabel(Box::new(RelabelType {
        arg: expr,
        resulttype: typ,
        resulttypmod: -1,
        resultcollid: coll,
        relabelformat: CoercionForm::ImplicitCast,
        location: -1,
    }))
}

fn recurse(
    root: &mut PlannerInfo<'_>,
    node: &SetOpNode,
    types: &[(types::Oid, i32, types::Oid)],
    ref_tlist: &[TargetEntry],
    parent: Option<&SetOperation>,
    fraction: f64,
    top: bool,
) -> PgResult<(RelId, Vec<TargetEntry>)> {
    error::check_stack_depth()?;
    let (ts, ms, cs): (Vec<_>, Vec<_>, Vec<_>) = unzip(types);
    match node {
        SetOpNode::RangeTblRef(rti) => {
            let RteKind::Subquery { subquery, .. } = &root.rte(*rti).kind else {
                return Err(error::PgError::internal("set operation leaf is not a subquery"));
            };
            let subquery = (**subquery).clone();
            let id = plancat::build_simple_rel(root, *rti, None)?;
            let sub = subquery_planner(root, subquery, false, fraction, parent)?;
            let _ = root.take_plan_params();
            let Some(final_rel) = sub.final_rel else {
                return Err(error::PgError::internal("set operation leaf has no plan"));
            };
            let sub_tlist = sub.processed_tlist.clone();
            let tlist = setop_tlist(root, &ts, &ms, &cs, *rti, &sub_tlist, ref_tlist);
            let dummy = sub.rels[final_rel].dummy;
            let paths = sub.rels[final_rel].pathlist.clone();
            let widths: Vec<(i16, i32)> = sub_tlist
                .iter()
                .filter(|t| !t.resjunk)
                .map(|t| (t.resno, expr_width(&sub, &t.expr)))
                .collect();
            {
                let rel = &mut root.rels[id];
                rel.rows = sub.rels[final_rel].best().rows;
                rel.tuples = rel.rows;
                rel.consider_startup = true;
                for slot in rel.attr_needed.iter_mut().skip(8) {
                    slot.add(0);
                }
                for (a, w) in widths {
                    if let Some(s) = rel.attr_widths.get_mut((a + 7) as usize) {
                        *s = w;
                    }
                }
                rel.subroot = Some(Box::new(sub));
            }
            let target = Rc::new(create_pathtarget(root, &tlist));
            root.rels[id].reltarget = target.clone();
            if dummy {
                all_paths::mark_dummy_rel(root, id);
                return Ok((id, tlist));
            }
            let trivial = tlist
                .iter()
                .enumerate()
                .all(|(i, t)| matches!(&t.expr, Expr::Var(v) if v.varattno == i as i16 + 1));
            for p in paths {
                let keys = convert_subquery_pathkeys(root, id, &p.pathkeys.clone());
                let c = cost_subqueryscan(root, &root.rels[id], None, &p, trivial);
                let path = new_path(
                    PathKind::SubqueryScan { subpath: p },
                    id,
                    target.clone(),
                    None,
                    c,
                    keys,
                );
                add_path(root, id, path);
            }
            set_cheapest(root, id)?;
            Ok((id, tlist))
        }
        SetOpNode::SetOp(op) => {
            let (rel, tlist) = if op.op == SetOperationKind::Union {
                union_paths(root, op, ref_tlist, fraction)?
            } else {
                nonunion_paths(root, op, ref_tlist, fraction)?
            };
            let _ = top;
            // A parent of other types gets them by projection.
            let differs = types
                .iter()
                .zip(&tlist)
                .any(|((t, _, c), te)| *t != te.expr.typ() || *c != te.expr.collation());
            if !differs {
                return Ok((rel, tlist));
            }
            let cx = root.cx();
            let mut new = tlist.clone();
            for (te, (t, _, c)) in new.iter_mut().zip(types) {
                if te.expr.typ() != *t {
                    te.expr = coerce(cx, te.expr.clone(), *t);
                } else if te.expr.collation() != *c {
                    te.expr = relabel(te.expr.clone(), *t, *c);
                }
            }
            let target = Rc::new(create_pathtarget(root, &new));
            crate::grouping::apply_scanjoin_target(root, rel, &target)?;
            Ok((rel, new))
        }
    }
}

fn unzip(types: &[(types::Oid, i32, types::Oid)]) -> (Vec<types::Oid>, Vec<i32>, Vec<types::Oid>) {
    (
        types.iter().map(|t| t.0).collect(),
        types.iter().map(|t| t.1).collect(),
        types.iter().map(|t| t.2).collect(),
    )
}

fn op_types(op: &SetOperation) -> Vec<(types::Oid, i32, types::Oid)> {
    (0..op.col_types.len())
        .map(|i| (op.col_types[i], op.col_typmods[i], op.col_collations[i]))
        .collect()
}

/// Children of nested UNIONs of the same kind, flat.
fn plan_union_children(
    root: &mut PlannerInfo<'_>,
    op: &SetOperation,
    ref_tlist: &[TargetEntry],
    fraction: f64,
    out: &mut Vec<(RelId, Vec<TargetEntry>)>,
) -> PgResult<()> {
    for n in [&op.larg, &op.rarg] {
        if let SetOpNode::SetOp(s) = n {
            let same = s.op == op.op
                && (s.all == op.all || s.all)
                && s.col_types == op.col_types
                && s.col_collations == op.col_collations;
            if same {
                plan_union_children(root, s, ref_tlist, fraction, out)?;
                continue;
            }
        }
        let parent = (!op.all).then_some(op);
        out.push(recurse(root, n, &op_types(op), ref_tlist, parent, fraction, false)?);
    }
    Ok(())
}

/// The output of a set operation: Vars of pseudo-relation 0.
fn append_tlist(op: &SetOperation, ref_tlist: &[TargetEntry]) -> Vec<TargetEntry> {
    ref_tlist
        .iter()
        .filter(|t| !t.resjunk)
        .enumerate()
        .map(|(i, rf)| {
            let var = make_var(
                0,
                i as i16 + 1,
                op.col_types[i],
                op.col_typmods[i],
                op.col_collations[i],
                0,
            );
            let mut te = make_tle(Expr::Var(var), i as i16 + 1, rf.resname.clone(), false);
            te.ressortgroupref = i as u32 + 1;
            te
        })
        .collect()
}

fn setop_groups(op: &SetOperation, tlist: &[TargetEntry]) -> Vec<SortGroupClause> {
    op.group_clauses
        .iter()
        .zip(tlist)
        .map(|(g, t)| SortGroupClause { tle_sort_group_ref: t.ressortgroupref, ..g.clone() })
        .collect()
}

fn new_setop_rel<'c>(root: &mut PlannerInfo<'c>, relids: Relids, tlist: &[TargetEntry]) -> RelId {
    let mut rel = RelOptInfo::new(RelKind::Upper(UpperKind::SetOp), relids);
    rel.reltarget = Rc::new(create_pathtarget(root, tlist));
    rel.consider_startup = root.tuple_fraction > 0.0;
    root.add_rel(rel)
}

fn union_paths(
    root: &mut PlannerInfo<'_>,
    op: &SetOperation,
    ref_tlist: &[TargetEntry],
    fraction: f64,
) -> PgResult<(RelId, Vec<TargetEntry>)> {
    let child_fraction = if op.all { fraction } else { 0.0 };
    let mut children = Vec::new();
    plan_union_children(root, op, ref_tlist, child_fraction, &mut children)?;
    let tlist = append_tlist(op, ref_tlist);
    let relids =
        children.iter().fold(Relids::new(), |acc, (r, _)| acc.union(&root.rels[*r].relids));
    let id = new_setop_rel(root, relids, &tlist);
    let target = root.rels[id].reltarget.clone();
    let live: Vec<RelId> = children.iter().map(|c| c.0).filter(|r| !root.rels[*r].dummy).collect();
    if live.is_empty() {
        all_paths::mark_dummy_rel(root, id);
        return Ok((id, tlist));
    }
    let subpaths: Vec<PathRef> = live.iter().map(|r| root.rels[*r].best().clone()).collect();
    let rows: f64 = subpaths.iter().map(|p| p.rows).sum();
    root.rels[id].rows = rows;
    let append = |root: &PlannerInfo<'_>, subpaths: Vec<PathRef>| {
        let mut c = cost_append(&subpaths, false);
        if subpaths.len() > 1 {
            c.total += root.cx().settings.cpu_tuple_cost * APPEND_CPU_COST_MULTIPLIER * c.rows;
        }
        new_path(PathKind::Append { subpaths }, id, target.clone(), None, c, Vec::new())
    };
    let apath = append(root, subpaths.clone());
    if op.all {
        add_path(root, id, apath);
        set_cheapest(root, id)?;
        return Ok((id, tlist));
    }
    let groups = setop_groups(op, &tlist);
    let sortable = groups.iter().all(|g| g.sortop.is_valid());
    let hashable = groups.iter().all(|g| g.hashable);
    if !sortable && !hashable {
        return Err(error::err!(FEATURE_NOT_SUPPORTED, "could not implement UNION")
            .detail("All column datatypes must be hashable."));
    }
    let apath = Rc::new(apath);
    let num_groups = rows;
    if hashable && !groups.is_empty() {
        let c = cost_agg(
            root,
            AggStrategy::Hashed,
            None,
            groups.len(),
            num_groups,
            &[],
            apath.disabled_nodes,
            apath.startup_cost,
            apath.total_cost,
            apath.rows,
            apath.target.width,
        );
        let path = new_path(
            PathKind::Agg {
                subpath: apath.clone(),
                strategy: AggStrategy::Hashed,
                num_groups,
                transition_space: 0.0,
                group_clause: groups.clone(),
                qual: Vec::new(),
            },
            id,
            target.clone(),
            None,
            c,
            Vec::new(),
        );
        add_path(root, id, path);
    }
    if sortable {
        let keys = make_pathkeys_for_sortclauses(root, &groups, &tlist);
        let sorted: PathRef = if groups.is_empty() {
            apath.clone()
        } else {
            Rc::new(create_sort_path(root, id, apath.clone(), keys.clone(), -1.0))
        };
        let s = &root.cx().settings;
        let c = Costs {
            startup: sorted.startup_cost,
            total: sorted.total_cost + s.cpu_operator_cost * sorted.rows * groups.len() as f64,
            rows: num_groups,
            disabled: sorted.disabled_nodes,
        };
        let path = new_path(
            PathKind::UpperUnique { subpath: sorted, num_keys: keys.len() },
            id,
            target.clone(),
            None,
            c,
            keys,
        );
        add_path(root, id, path);
    }
    set_cheapest(root, id)?;
    Ok((id, tlist))
}

fn nonunion_paths(
    root: &mut PlannerInfo<'_>,
    op: &SetOperation,
    ref_tlist: &[TargetEntry],
    _fraction: f64,
) -> PgResult<(RelId, Vec<TargetEntry>)> {
    let (lrel, ltlist) = recurse(root, &op.larg, &op_types(op), ref_tlist, None, 0.0, false)?;
    let (rrel, rtlist) = recurse(root, &op.rarg, &op_types(op), ref_tlist, None, 0.0, false)?;
    let tlist = append_tlist(op, ref_tlist);
    let relids = root.rels[lrel].relids.union(&root.rels[rrel].relids);
    let id = new_setop_rel(root, relids, &tlist);
    let target = root.rels[id].reltarget.clone();
    let groups = setop_groups(op, &tlist);
    let sortable = groups.iter().all(|g| g.sortop.is_valid());
    let hashable = groups.iter().all(|g| g.hashable);
    if !sortable && !hashable {
        let name = if op.op == SetOperationKind::Intersect { "INTERSECT" } else { "EXCEPT" };
        return Err(error::err!(FEATURE_NOT_SUPPORTED, "could not implement {name}")
            .detail("All column datatypes must be hashable."));
    }
    let (lpath, rpath) = (root.rels[lrel].best().clone(), root.rels[rrel].best().clone());
    let exprs = |t: &[TargetEntry]| t.iter().map(|t| t.expr.clone()).collect::<Vec<_>>();
    let lgroups = leaf_groups(root, lrel, &exprs(&ltlist), lpath.rows);
    let rgroups = leaf_groups(root, rrel, &exprs(&rtlist), rpath.rows);
    let (mut left, mut right, mut num_groups, mut out_rows) = (lpath, rpath, lgroups, lgroups);
    let (mut left_rel, mut right_rel) = (lrel, rrel);
    if op.op == SetOperationKind::Intersect {
        // The smaller side is hashed.
        if rgroups < lgroups {
            std::mem::swap(&mut left, &mut right);
            std::mem::swap(&mut left_rel, &mut right_rel);
            num_groups = rgroups;
        }
        out_rows = num_groups;
    }
    if op.all {
        out_rows =
            if op.op == SetOperationKind::Except { left.rows } else { left.rows.min(right.rows) };
    }
    let s = &root.cx().settings;
    if hashable {
        let startup = right.total_cost.max(0.0) + left.total_cost;
        let cols = groups.len() as f64;
        let run = s.cpu_operator_cost * (left.rows + right.rows) * cols;
        let c = Costs {
            startup: startup + run,
            total: startup + run + s.cpu_tuple_cost * out_rows,
            rows: out_rows,
            disabled: left.disabled_nodes + right.disabled_nodes + i32::from(!s.enable_hashagg),
        };
        let path = new_path(
            PathKind::SetOp {
                left: left.clone(),
                right: right.clone(),
                op: op.op,
                all: op.all,
                hashed: true,
                group_list: groups.clone(),
                num_groups,
            },
            id,
            target.clone(),
            None,
            c,
            Vec::new(),
        );
        add_path(root, id, path);
    }
    if sortable {
        let (lt, rt) = if left_rel == lrel { (&ltlist, &rtlist) } else { (&rtlist, &ltlist) };
        let lk = make_pathkeys_for_sortclauses(root, &setop_groups(op, lt), lt);
        let rk = make_pathkeys_for_sortclauses(root, &setop_groups(op, rt), rt);
        let sort = |root: &mut PlannerInfo<'_>, p: PathRef, keys: &[PathKey], rel: RelId| {
            let best =
                cheapest_path_for_pathkeys(&root.rels[rel].pathlist, keys, &Relids::new(), true);
            match best {
                Some(b) => b,
                None => Rc::new(create_sort_path(root, rel, p, keys.to_vec(), -1.0)) as PathRef,
            }
        };
        // Keys that are constant on a side need no sort, but both sides must agree in order.
        if lk.len() == groups.len() && rk.len() == groups.len() {
            let l = sort(root, left.clone(), &lk, left_rel);
            let r = sort(root, right.clone(), &rk, right_rel);
            let cols = groups.len() as f64;
            let c = Costs {
                startup: l.startup_cost + r.startup_cost,
                total: l.total_cost
                    + r.total_cost
                    + s.cpu_operator_cost * (l.rows + r.rows) * cols
                    + s.cpu_tuple_cost * out_rows * 0.0,
                rows: out_rows,
                disabled: l.disabled_nodes + r.disabled_nodes,
            };
            let keys = make_pathkeys_for_sortclauses(root, &groups, &tlist);
            let path = new_path(
                PathKind::SetOp {
                    left: l,
                    right: r,
                    op: op.op,
                    all: op.all,
                    hashed: false,
                    group_list: groups,
                    num_groups,
                },
                id,
                target,
                None,
                c,
                keys,
            );
            add_path(root, id, path);
        }
    }
    root.rels[id].rows = out_rows;
    set_cheapest(root, id)?;
    Ok((id, tlist))
}

fn leaf_groups(root: &PlannerInfo<'_>, rel: RelId, exprs: &[Expr], rows: f64) -> f64 {
    match root.rels[rel].subroot.as_deref() {
        Some(sub) => {
            let inner: Vec<Expr> =
                sub.processed_tlist.iter().filter(|t| !t.resjunk).map(|t| t.expr.clone()).collect();
            if sub.parse.group_clause.is_empty()
                && sub.parse.distinct_clause.is_empty()
                && sub.parse.set_operations.is_none()
                && !sub.parse.has_aggs
            {
                crate::selectivity::groups::estimate_num_groups(sub, &inner, rows)
            } else {
                rows
            }
        }
        None => {
            let _ = exprs;
            rows
        }
    }
}

fn recursive_union(
    root: &mut PlannerInfo<'_>,
    op: &SetOperation,
    ref_tlist: &[TargetEntry],
) -> PgResult<RelId> {
    let types = op_types(op);
    let (lrel, _) = recurse(root, &op.larg, &types, ref_tlist, None, 0.0, false)?;
    let lpath = root.rels[lrel].best().clone();
    {
        // The recursive term sees the non-recursive one's size in the work table.
        let mut state = root.glob.state.borrow_mut();
        let level = root.level - 2;
        let wt = root.wt_param;
        if let Some(c) = state.levels[level].ctes.iter_mut().find(|c| c.wt_param == wt) {
            c.wt_rows = lpath.rows;
        }
    }
    let (rrel, _) = recurse(root, &op.rarg, &types, ref_tlist, None, 0.0, false)?;
    let rpath = root.rels[rrel].best().clone();
    let tlist = append_tlist(op, ref_tlist);
    let relids = root.rels[lrel].relids.union(&root.rels[rrel].relids);
    let id = new_setop_rel(root, relids, &tlist);
    root.processed_tlist = label(root, tlist.clone());
    let target = Rc::new(create_pathtarget(root, &tlist));
    let rows = lpath.rows + 10.0 * rpath.rows;
    let (groups, num_groups) = if op.all {
        (Vec::new(), 0.0)
    } else {
        let groups = setop_groups(op, &tlist);
        if !groups.iter().all(|g| g.hashable) {
            return Err(error::err!(FEATURE_NOT_SUPPORTED, "could not implement recursive UNION")
                .detail("All column datatypes must be hashable."));
        }
        (groups, rows)
    };
    let s = &root.cx().settings;
    let c = Costs {
        startup: lpath.startup_cost,
        total: lpath.total_cost + 10.0 * rpath.total_cost + s.cpu_tuple_cost * rows,
        rows,
        disabled: lpath.disabled_nodes + rpath.disabled_nodes,
    };
    let wt_param = root.wt_param;
    let path = new_path(
        PathKind::RecursiveUnion {
            left: lpath,
            right: rpath,
            distinct: groups,
            wt_param,
            num_groups,
        },
        id,
        target,
        None,
        c,
        Vec::new(),
    );
    add_path(root, id, path);
    set_cheapest(root, id)?;
    root.rels[id].rows = rows;
    let target = Rc::new(create_pathtarget(root, &root.processed_tlist));
    crate::grouping::apply_scanjoin_target(root, id, &target)?;
    Ok(id)
}
