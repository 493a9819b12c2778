//! Restrictions pushed into subqueries in FROM, and outputs of those that nobody needs.
use crate::{clauses::*, lsyscache::null_const, root::*};
use nodes::*;

/// Moves restrictions on a subquery's columns into the subquery where that keeps its meaning.
pub fn push_quals_into_subquery(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    rti: i32,
    subquery: &mut Query,
    conditions: &mut RunConditions,
) {
    if root.rels[rel].baserestrictinfo.is_empty() || !subquery_is_pushdown_safe(subquery) {
        return;
    }
    let security_barrier =
        matches!(&root.rte(rti).kind, RteKind::Subquery { security_barrier: true, .. });
    let unsafe_cols = unsafe_columns(root, subquery);
    let mut kept = Vec::new();
    for r in root.rels[rel].baserestrictinfo.clone() {
        let leaks = security_barrier && root.cx().contain_leaked_vars(&r.clause);
        if !r.pseudoconstant && !leaks && qual_is_safe(root, &r, rti, &unsafe_cols) {
            push_qual(subquery, rti, &r.clause);
        } else {
            let usable = !r.pseudoconstant && !leaks && !r.has_volatile;
            if !(usable && run_condition(root, &r.clause, rti, subquery, conditions)) {
                kept.push(r);
            }
        }
    }
    root.rels[rel].baserestrictinfo = kept;
}

/// Conditions on window functions that only grow or only shrink within a partition: once one is not
/// true it stays so.
#[derive(Default)]
pub struct RunConditions {
    /// With the windows' winrefs, in terms of the subquery.
    pub list: Vec<(u32, Expr)>,
    /// Output columns they look at.
    pub columns: Vec<i16>,
}

/// Takes a condition on a window function's value for its window; true if it need not be checked again.
fn run_condition(
    root: &PlannerInfo<'_>,
    clause: &Expr,
    rti: i32,
    query: &Query,
    conditions: &mut RunConditions,
) -> bool {
    let cx = root.cx();
    let Expr::OpExpr(op) = clause else { return false };
    if query.set_operations.is_some() || op.args.len() != 2 || !cx.op_strict(op.opno) {
        return false;
    }
    let column = |e: &Expr| match e {
        Expr::Var(v) if v.varno == rti && v.varlevelsup == 0 && v.varattno > 0 => Some(v.varattno),
        _ => None,
    };
    let (attno, on_left) = match (column(&op.args[0]), column(&op.args[1])) {
        (Some(a), None) => (a, true),
        (None, Some(a)) => (a, false),
        _ => return false,
    };
    let value = &op.args[usize::from(on_left)];
    if !cx.is_pseudo_constant(value) || contain_subplans(value) {
        return false;
    }
    let Some(te) = query.target_list.iter().find(|t| t.resno == attno && !t.resjunk) else {
        return false;
    };
    // A column that duplicate elimination or the like looks at keeps all its rows.
    if query.has_distinct_on && te.ressortgroupref == 0 {
        return false;
    }
    let Expr::WindowFunc(func) = strip_relabel(&te.expr) else { return false };
    if contain_subplans(&te.expr) || cx.contain_volatile(&te.expr) {
        return false;
    }
    let Some(window) = query.window_clause.iter().find(|w| w.winref == func.winref) else {
        return false;
    };
    let (grows, shrinks) = monotonic(func, window);
    let Ok(members) = cx.catalog.amops_of_operator(op.opno) else { return false };
    for member in members.iter() {
        if member.purpose != 's' || member.method != crate::lsyscache::am::BTREE {
            continue;
        }
        use crate::lsyscache::bt;
        let below = if on_left { grows } else { shrinks };
        let above = if on_left { shrinks } else { grows };
        let (opno, keep) = match member.strategy {
            bt::LESS | bt::LESS_EQUAL if below => (op.opno, false),
            bt::GREATER | bt::GREATER_EQUAL if above => (op.opno, false),
            bt::EQUAL if grows && shrinks => (op.opno, false),
            bt::EQUAL if grows || shrinks => {
                let strategy = if below { bt::LESS_EQUAL } else { bt::GREATER_EQUAL };
                (cx.opfamily_member(member.family, member.left, member.right, strategy), true)
            }
            _ => return false,
        };
        if !opno.is_valid() {
            return false;
        }
        let call = te.expr.clone();
        let (l, r) = if on_left { (call, value.clone()) } else { (value.clone(), call) };
        let e = make_opclause(cx, opno, l, r, types::Oid::INVALID, op.inputcollid);
        conditions.list.push((func.winref, e));
        conditions.columns.push(attno);
        return !keep;
    }
    false
}

/// Whether a window function's value never decreases, and whether it never increases, from row to row
/// of a partition.
fn monotonic(func: &WindowFunc, window: &WindowClause) -> (bool, bool) {
    use frame_option as f;
    match func.winfnoid.0 {
        // row_number, rank, dense_rank, percent_rank, cume_dist, ntile
        3100..=3105 => (true, false),
        // count
        2147 | 2803 => {
            let excludes = f::EXCLUDE_CURRENT_ROW | f::EXCLUDE_GROUP | f::EXCLUDE_TIES;
            if window.frame_options & excludes != 0 {
                (false, false)
            } else if window.order_clause.is_empty() && window.frame_options & f::ROWS == 0 {
                (true, true)
            } else {
                (
                    window.frame_options & f::START_UNBOUNDED_PRECEDING != 0,
                    window.frame_options & f::END_UNBOUNDED_FOLLOWING != 0,
                )
            }
        }
        _ => (false, false),
    }
}

fn subquery_is_pushdown_safe(query: &Query) -> bool {
    if query.limit_count.is_some()
        || query.limit_offset.is_some()
        || !query.grouping_sets.is_empty()
    {
        return false;
    }
    match &query.set_operations {
        None => true,
        Some(op) => setop_is_safe(query, op),
    }
}

fn setop_is_safe(query: &Query, op: &SetOperation) -> bool {
    if op.op == SetOperationKind::Except {
        return false;
    }
    [&op.larg, &op.rarg].into_iter().all(|n| match n {
        SetOpNode::SetOp(s) => setop_is_safe(query, s),
        SetOpNode::RangeTblRef(r) => match &query.rte(*r).kind {
            RteKind::Subquery { subquery, .. } => subquery_is_pushdown_safe(subquery),
            _ => false,
        },
    })
}

/// Output columns over which a restriction must stay outside, and whether volatile ones must too.
fn unsafe_columns(root: &PlannerInfo<'_>, query: &Query) -> Vec<i16> {
    let cx = root.cx();
    let mut cols = Vec::new();
    if let Some(op) = &query.set_operations {
        let mut leaves = Vec::new();
        collect_leaves(op, &mut leaves);
        for leaf in leaves {
            if let RteKind::Subquery { subquery, .. } = &query.rte(leaf).kind {
                cols.extend(unsafe_columns(root, subquery));
                // The leaf's column must have the set operation's type.
                for (i, te) in subquery.target_list.iter().filter(|t| !t.resjunk).enumerate() {
                    if op.col_types.get(i).is_some_and(|t| *t != te.expr.typ()) {
                        cols.push(te.resno);
                    }
                }
            }
        }
        return cols;
    }
    for te in query.target_list.iter().filter(|t| !t.resjunk) {
        let mut bad = expr_returns_set(&te.expr) || cx.contain_volatile(&te.expr);
        if query.has_distinct_on
            && !query.distinct_clause.iter().any(|d| d.tle_sort_group_ref == te.ressortgroupref)
        {
            bad = true;
        }
        if query.has_window_funcs {
            let in_all = query.window_clause.iter().all(|w| {
                te.ressortgroupref != 0
                    && w.partition_clause.iter().any(|p| p.tle_sort_group_ref == te.ressortgroupref)
            });
            if !in_all {
                bad = true;
            }
        }
        if bad {
            cols.push(te.resno);
        }
    }
    cols
}

fn collect_leaves(op: &SetOperation, out: &mut Vec<i32>) {
    for n in [&op.larg, &op.rarg] {
        match n {
            SetOpNode::RangeTblRef(r) => out.push(*r),
            SetOpNode::SetOp(s) => collect_leaves(s, out),
        }
    }
}

fn qual_is_safe(root: &PlannerInfo<'_>, r: &RestrictInfo, rti: i32, unsafe_cols: &[i16]) -> bool {
    if contain_subplans(&r.clause) || r.has_volatile {
        return false;
    }
    let _ = root;
    pull_var_clause(&r.clause, PullVars { recurse_placeholders: false, ..Default::default() })
        .iter()
        .all(|v| match v {
            Expr::Var(v) => v.varno == rti && v.varattno > 0 && !unsafe_cols.contains(&v.varattno),
            _ => false,
        })
}

fn push_qual(query: &mut Query, rti: i32, qual: &Expr) {
    if let Some(op) = query.set_operations.clone() {
        let mut leaves = Vec::new();
        collect_leaves(&op, &mut leaves);
        for leaf in leaves {
            if let RteKind::Subquery { subquery, .. } = &mut query.rte_mut(leaf).kind {
                push_qual(subquery, rti, qual);
            }
        }
        return;
    }
    let mut qual = qual.clone();
    let tlist = query.target_list.clone();
    replace_vars(&mut qual, rti, &tlist);
    let has_grouping =
        query.has_aggs || !query.group_clause.is_empty() || query.having_qual.is_some();
    let slot = if has_grouping { &mut query.having_qual } else { &mut query.jointree.quals };
    *slot = Some(match slot.take() {
        None => qual,
        Some(old) => {
            let mut args = make_ands_implicit(Some(old));
            args.extend(make_ands_implicit(Some(qual)));
            make_ands_explicit(args)
        }
    });
    query.has_sub_links |= tlist.iter().any(|t| contain_sublinks(&t.expr));
}

fn replace_vars(e: &mut Expr, rti: i32, tlist: &[TargetEntry]) {
    if let Expr::Var(v) = e {
        if v.varno == rti && v.varlevelsup == 0 {
            if let Some(te) = tlist.iter().find(|t| t.resno == v.varattno && !t.resjunk) {
                *e = te.expr.clone();
            }
        }
        return;
    }
    e.for_each_child_mut(&mut |c| replace_vars(c, rti, tlist));
}

/// Replaces outputs that nobody above looks at by NULL, so that they are not computed.
pub fn remove_unused_outputs(
    root: &PlannerInfo<'_>,
    rel: RelId,
    query: &mut Query,
    also_used: &[i16],
) {
    if query.set_operations.is_some() || !query.distinct_clause.is_empty() {
        return;
    }
    let r = &root.rels[rel];
    // A whole-row reference needs every column.
    if r.attr_needed.get(7).is_some_and(|n| !n.is_empty()) || r.kind != RelKind::Base {
        return;
    }
    let mut used: Vec<i16> = (1..r.attr_needed.len() as i16 - 7)
        .filter(|a| !r.attr_needed[(*a + 7) as usize].is_empty())
        .collect();
    for c in &r.baserestrictinfo {
        for v in pull_var_clause(
            &c.clause,
            PullVars { recurse_placeholders: true, ..Default::default() },
        ) {
            if let Expr::Var(v) = v {
                if v.varno == r.relid {
                    if v.varattno == 0 {
                        return;
                    }
                    used.push(v.varattno);
                }
            }
        }
    }
    let cx = root.cx();
    for te in &mut query.target_list {
        if te.ressortgroupref != 0
            || te.resjunk
            || used.contains(&te.resno)
            || also_used.contains(&te.resno)
            || expr_returns_set(&te.expr)
            || cx.contain_volatile(&te.expr)
            || matches!(te.expr, Expr::Const(_))
        {
            continue;
        }
        let (typ, typmod, coll) = (te.expr.typ(), te.expr.typmod(), te.expr.collation());
        te.expr = null_const(typ, typmod, coll, cx.type_phys(typ));
    }
}
