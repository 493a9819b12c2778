//! Restrictions pushed into subqueries in FROM, and outputs of those that nobody needs.
use crate::{clauses::*, lsyscache::null_const, root::*};
use nodes::*;

/// Moves restrictions on a subquery's columns into the subquery where that keeps its meaning.
pub fn push_quals_into_subquery(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    rti: i32,
    subquery: &mut Query,
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
            kept.push(r);
        }
    }
    root.rels[rel].baserestrictinfo = kept;
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
pub fn remove_unused_outputs(root: &PlannerInfo<'_>, rel: RelId, query: &mut Query) {
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
