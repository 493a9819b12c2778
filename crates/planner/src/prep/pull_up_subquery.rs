//! Simple subqueries in FROM merged into the query around them.
use super::pull_up_sublink::offset_query;
use crate::{clauses::*, placeholder::make_placeholder_expr, relids::Relids, root::PlannerInfo};
use error::PgResult;
use nodes::*;

/// Merges every subquery in FROM that is a plain join.
pub fn pull_up_subqueries(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    if !root.parse.rtable.iter().any(|r| matches!(r.kind, RteKind::Subquery { .. })) {
        return Ok(());
    }
    let tree = std::mem::take(&mut root.parse.jointree);
    let node = recurse(root, JoinTreeNode::FromExpr(Box::new(tree)), false)?;
    // What was replaced while a part of the tree was out of the query is applied to the whole now.
    root.parse.jointree = match node {
        JoinTreeNode::FromExpr(f) => *f,
        other => FromExpr { fromlist: vec![other], quals: None },
    };
    apply_replacements(root);
    Ok(())
}

thread_local! {
    /// Subqueries merged in this pass.
    static MERGED: std::cell::RefCell<Vec<Merged>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// A subquery that was merged.
struct Merged {
    rti: i32,
    target_list: Vec<TargetEntry>,
    /// Relations whose columns an outer join above turns to NULL, where its output has others too.
    nullable: Option<Relids>,
}

fn recurse(
    root: &mut PlannerInfo<'_>,
    node: JoinTreeNode,
    nullable: bool,
) -> PgResult<JoinTreeNode> {
    match node {
        JoinTreeNode::RangeTblRef(rti) => {
            if is_simple_subquery(root, rti, nullable) {
                merge(root, rti, nullable, false)
            } else {
                Ok(node)
            }
        }
        JoinTreeNode::FromExpr(mut f) => {
            let mut list = Vec::with_capacity(f.fromlist.len());
            for n in std::mem::take(&mut f.fromlist) {
                list.push(recurse(root, n, nullable)?);
            }
            f.fromlist = list;
            Ok(JoinTreeNode::FromExpr(f))
        }
        JoinTreeNode::JoinExpr(mut j) => {
            let (l, r) = match j.jointype {
                JoinType::Inner => (nullable, nullable),
                JoinType::Left | JoinType::Semi | JoinType::Anti => (nullable, true),
                JoinType::Right => (true, nullable),
                _ => (true, true),
            };
            j.larg = recurse(root, j.larg, l)?;
            j.rarg = match j.rarg {
                JoinTreeNode::RangeTblRef(rti)
                    if j.jointype == JoinType::Left
                        && !nullable
                        && is_strict_lateral(root, rti, &j.larg) =>
                {
                    merge(root, rti, true, true)?
                }
                other => recurse(root, other, r)?,
            };
            Ok(JoinTreeNode::JoinExpr(j))
        }
    }
}

/// Whether a LATERAL subquery at the inner side of a left join can be merged although it refers to
/// the outer side: only its output may do so, by expressions that are NULL by themselves when the
/// subquery's own columns are. No placeholder is needed then, which would force a nested loop.
fn is_strict_lateral(root: &PlannerInfo<'_>, rti: i32, outer: &JoinTreeNode) -> bool {
    let rte = root.rte(rti);
    let RteKind::Subquery { subquery: q, .. } = &rte.kind else { return false };
    let plain = q
        .rtable
        .iter()
        .all(|r| matches!(r.kind, RteKind::Relation { tablesample: None, .. }) && !r.lateral);
    let [JoinTreeNode::RangeTblRef(_)] = q.jointree.fromlist[..] else { return false };
    if !rte.lateral || !plain || q.has_sub_links || !is_mergeable(root, rti) {
        return false;
    }
    let outside = |e: &Expr| e.any(&mut |e| matches!(e, Expr::Var(v) if v.varlevelsup > 0));
    if q.jointree.quals.as_ref().is_some_and(outside) {
        return false;
    }
    let mut allowed = Relids::new();
    collect(outer, &mut allowed);
    q.target_list.iter().all(|t| {
        let known = !t.expr.any(&mut |e| match e {
            Expr::Var(v) => v.varlevelsup > 1 || v.varlevelsup == 1 && !allowed.contains(v.varno),
            Expr::PlaceHolderVar(_) => true,
            _ => false,
        });
        let own = t.expr.any(&mut |e| matches!(e, Expr::Var(v) if v.varlevelsup == 0));
        known && own && !root.cx().contain_nonstrict(&t.expr)
    })
}

fn is_simple_subquery(root: &PlannerInfo<'_>, rti: i32, nullable: bool) -> bool {
    let rte = root.rte(rti);
    // A LATERAL subquery below an outer join may refer across it; those stay.
    if rte.lateral && nullable || !is_mergeable(root, rti) {
        return false;
    }
    // An empty FROM below an outer join would lose its place.
    let RteKind::Subquery { subquery: q, .. } = &rte.kind else { return false };
    !(q.jointree.fromlist.is_empty() && (nullable || q.jointree.quals.is_some()))
}

/// Whether a range table entry is a subquery that only joins and computes.
fn is_mergeable(root: &PlannerInfo<'_>, rti: i32) -> bool {
    let rte = root.rte(rti);
    let RteKind::Subquery { subquery: q, security_barrier, .. } = &rte.kind else { return false };
    let cx = root.cx();
    if *security_barrier || rte.inh {
        return false;
    }
    if q.command_type != CmdType::Select
        || q.set_operations.is_some()
        || q.has_aggs
        || q.has_window_funcs
        || q.has_target_srfs
        || !q.group_clause.is_empty()
        || !q.grouping_sets.is_empty()
        || q.having_qual.is_some()
        || !q.sort_clause.is_empty()
        || !q.distinct_clause.is_empty()
        || q.limit_offset.is_some()
        || q.limit_count.is_some()
        || q.has_for_update
        || !q.cte_list.is_empty()
    {
        return false;
    }
    !q.target_list.iter().any(|t| cx.contain_volatile(&t.expr))
}

fn merge(
    root: &mut PlannerInfo<'_>,
    rti: i32,
    nullable: bool,
    strict_lateral: bool,
) -> PgResult<JoinTreeNode> {
    let RteKind::Subquery { subquery, .. } = &mut root.parse.rte_mut(rti).kind else {
        return Ok(JoinTreeNode::RangeTblRef(rti));
    };
    let query = std::mem::take(&mut **subquery);
    let was_lateral = root.parse.rte(rti).lateral;
    // The subquery's own sublinks and subqueries first.
    let saved = std::mem::replace(&mut root.parse, query);
    if root.parse.has_sub_links {
        super::pull_up_sublink::pull_up_sublinks(root)?;
    }
    let outer_merged = MERGED.with(|m| std::mem::take(&mut *m.borrow_mut()));
    let inner = pull_up_subqueries(root);
    MERGED.with(|m| *m.borrow_mut() = outer_merged);
    inner?;
    crate::planner::replace_empty_jointree(&mut root.parse);
    let mut sub = std::mem::replace(&mut root.parse, saved);
    let offset = root.parse.rtable.len() as i32;
    offset_query(&mut sub, offset);
    // What referred to the level above is of this level now.
    increment_query_sublevels_up(&mut sub, -1, 1);
    let perm_offset = root.parse.rteperminfos.len() as u32;
    for rte in &mut sub.rtable {
        match &mut rte.kind {
            RteKind::Relation { perminfoindex, .. } if *perminfoindex > 0 => {
                *perminfoindex += perm_offset;
            }
            RteKind::Subquery { view: Some((_, perm)), .. } if *perm > 0 => *perm += perm_offset,
            _ => {}
        }
        if was_lateral
            && matches!(
                rte.kind,
                RteKind::Subquery { .. }
                    | RteKind::Function { .. }
                    | RteKind::Values { .. }
                    | RteKind::TableFunc(_)
            )
        {
            rte.lateral = true;
        }
    }
    root.parse.rtable.append(&mut sub.rtable);
    root.parse.rteperminfos.append(&mut sub.rteperminfos);
    root.parse.has_sub_links |= sub.has_sub_links;
    root.parse.has_row_security |= sub.has_row_security;
    let mut tlist = sub.target_list;
    let mut below = None;
    if strict_lateral {
        let mut rels = Relids::new();
        sub.jointree.fromlist.iter().for_each(|n| collect(n, &mut rels));
        below = Some(rels);
    } else if nullable {
        // Anything but a plain column of the subquery must be computed below the outer join.
        let mut rels = Relids::new();
        sub.jointree.fromlist.iter().for_each(|n| collect(n, &mut rels));
        for te in &mut tlist {
            let plain =
                matches!(&te.expr, Expr::Var(v) if rels.contains(v.varno) && v.varlevelsup == 0);
            if !plain {
                let e = std::mem::replace(&mut te.expr, crate::lsyscache::bool_const(None));
                te.expr =
                    Expr::PlaceHolderVar(Box::new(make_placeholder_expr(&root.glob, e, &rels)));
            }
        }
    }
    let entry = Merged { rti, target_list: tlist, nullable: below };
    MERGED.with(|m| m.borrow_mut().push(entry));
    let mut tree = sub.jointree;
    if tree.fromlist.len() == 1 && tree.quals.is_none() {
        return Ok(tree.fromlist.remove(0));
    }
    Ok(JoinTreeNode::FromExpr(Box::new(tree)))
}

fn collect(n: &JoinTreeNode, out: &mut Relids) {
    match n {
        JoinTreeNode::RangeTblRef(r) => out.add(*r),
        JoinTreeNode::FromExpr(f) => f.fromlist.iter().for_each(|n| collect(n, out)),
        JoinTreeNode::JoinExpr(j) => {
            if j.rtindex > 0 {
                out.add(j.rtindex);
            }
            collect(&j.larg, out);
            collect(&j.rarg, out);
        }
    }
}

/// Puts the merged subqueries' expressions where their columns were used.
fn apply_replacements(root: &mut PlannerInfo<'_>) {
    let merged = MERGED.with(|m| std::mem::take(&mut *m.borrow_mut()));
    if merged.is_empty() {
        return;
    }
    let rtable_names: Vec<Vec<String>> =
        root.parse.rtable.iter().map(|r| r.eref.colnames.clone()).collect();
    let mut parse = std::mem::take(&mut root.parse);
    // A merged subquery may stand in another's output: repeat until nothing is left.
    replace_in_query(&mut parse, &merged, &rtable_names, 0);
    root.parse = parse;
}

fn replace_in_query(query: &mut Query, merged: &[Merged], names: &[Vec<String>], level: u32) {
    query.for_each_expr_mut(&mut |e| replace(e, merged, names, level));
    for rte in &mut query.rtable {
        if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
            replace_in_query(subquery, merged, names, level + 1);
        }
    }
    for c in &mut query.cte_list {
        replace_in_query(&mut c.ctequery, merged, names, level + 1);
    }
}

fn replace(e: &mut Expr, merged: &[Merged], names: &[Vec<String>], level: u32) {
    match e {
        Expr::Var(v) if v.varlevelsup == level => {
            let Some(found) = merged.iter().find(|m| m.rti == v.varno) else { return };
            let tlist = &found.target_list;
            let nulling: Relids = v.varnullingrels.iter().copied().collect();
            let mut new = if v.varattno == WHOLE_ROW_ATTNO {
                let colnames = names.get(found.rti as usize - 1).cloned().unwrap_or_default();
                Expr::RowExpr(Box::new(RowExpr {
                    args: tlist.iter().filter(|t| !t.resjunk).map(|t| t.expr.clone()).collect(),
                    row_typeid: v.vartype,
                    row_format: CoercionForm::ImplicitCast,
                    colnames,
                    location: v.location,
                }))
            } else {
                match tlist.iter().find(|t| t.resno == v.varattno) {
                    Some(t) => t.expr.clone(),
                    None => return,
                }
            };
            if let Expr::Var(n) = &mut new {
                n.varreturningtype = v.varreturningtype;
            }
            // The replacement may itself use merged subqueries.
            replace(&mut new, merged, names, 0);
            if !nulling.is_empty() {
                add_nulling_rels(&mut new, found.nullable.as_ref(), &nulling);
            }
            if level > 0 {
                increment_sublevels_up(&mut new, level as i32, 0);
            }
            *e = new;
        }
        Expr::SubLink(s) => {
            if let Some(t) = &mut s.testexpr {
                replace(t, merged, names, level);
            }
            replace_in_query(&mut s.subselect, merged, names, level + 1);
        }
        Expr::PlaceHolderVar(p) => {
            replace(&mut p.phexpr, merged, names, level);
        }
        _ => e.for_each_child_mut(&mut |c| replace(c, merged, names, level)),
    }
}

/// A top-level UNION ALL as an append relation: left to the set operation planner for now.
pub fn flatten_simple_union_all(_root: &mut PlannerInfo<'_>) -> PgResult<()> {
    Ok(())
}
