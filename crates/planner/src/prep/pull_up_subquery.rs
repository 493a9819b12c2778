//! Simple subqueries in FROM merged into the query around them.
use super::{
    append_union::{is_simple_union_all, pull_up_simple_union_all},
    flatten_vars::flatten_join_alias_vars,
    pull_up_sublink::offset_query,
    replace_vars::{Replacement, WrapOption, nulling_rels, replace_in_tree, replace_vars},
};
use crate::{clauses::*, relids::Relids, root::PlannerInfo};
use error::PgResult;
use nodes::*;
use std::rc::Rc;

/// A range table reference found in the join tree, with what its place means for it.
struct Place {
    rti: i32,
    /// Everything in the nearest join around it that can turn columns to NULL.
    outer_join: Option<Relids>,
    /// It is all there is in FROM.
    alone: bool,
}

/// Merges every subquery in FROM that only joins and computes.
pub fn pull_up_subqueries(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    let candidate = |rte: &RangeTblEntry| match &rte.kind {
        RteKind::Subquery { .. } => !rte.inh,
        RteKind::Values { values_lists, .. } => values_lists.len() == 1,
        RteKind::Function { .. } => true,
        _ => false,
    };
    if !root.parse.rtable.iter().any(candidate) {
        return Ok(());
    }
    let mut seen = Relids::new();
    loop {
        let top_alone = root.parse.jointree.fromlist.len() == 1;
        let mut place = None;
        for node in &root.parse.jointree.fromlist {
            find_place(root, node, None, top_alone, &seen, &candidate, &mut place);
        }
        let Some(place) = place else { return Ok(()) };
        seen.add(place.rti);
        if let Some(node) = pull_up(root, &place)? {
            substitute(&mut root.parse.jointree, place.rti, node);
        }
    }
}

/// The first reference, from left to right, that was not looked at yet.
fn find_place(
    root: &PlannerInfo<'_>,
    node: &JoinTreeNode,
    outer_join: Option<&Relids>,
    alone: bool,
    seen: &Relids,
    candidate: &dyn Fn(&RangeTblEntry) -> bool,
    found: &mut Option<Place>,
) {
    if found.is_some() {
        return;
    }
    match node {
        JoinTreeNode::RangeTblRef(rti) => {
            if !seen.contains(*rti) && candidate(root.rte(*rti)) {
                *found = Some(Place { rti: *rti, outer_join: outer_join.cloned(), alone });
            }
        }
        JoinTreeNode::FromExpr(f) => {
            for n in &f.fromlist {
                find_place(root, n, outer_join, f.fromlist.len() == 1, seen, candidate, found);
            }
        }
        JoinTreeNode::JoinExpr(j) => {
            let own = (j.jointype != JoinType::Inner).then(|| join_relids(node, true, true));
            let outer_join = own.as_ref().or(outer_join);
            find_place(root, &j.larg, outer_join, false, seen, candidate, found);
            find_place(root, &j.rarg, outer_join, false, seen, candidate, found);
        }
    }
}

/// Relations in a part of the join tree, with the numbers of outer and of inner joins if wanted.
pub fn join_relids(node: &JoinTreeNode, outer: bool, inner: bool) -> Relids {
    fn collect(n: &JoinTreeNode, outer: bool, inner: bool, out: &mut Relids) {
        match n {
            JoinTreeNode::RangeTblRef(r) => out.add(*r),
            JoinTreeNode::FromExpr(f) => {
                f.fromlist.iter().for_each(|n| collect(n, outer, inner, out));
            }
            JoinTreeNode::JoinExpr(j) => {
                let wanted = if j.jointype == JoinType::Inner { inner } else { outer };
                if j.rtindex > 0 && wanted {
                    out.add(j.rtindex);
                }
                collect(&j.larg, outer, inner, out);
                collect(&j.rarg, outer, inner, out);
            }
        }
    }
    let mut out = Relids::new();
    collect(node, outer, inner, &mut out);
    out
}

fn substitute(from: &mut FromExpr, rti: i32, node: JoinTreeNode) {
    fn walk(n: &mut JoinTreeNode, rti: i32, node: &mut Option<JoinTreeNode>) {
        match n {
            JoinTreeNode::RangeTblRef(r) => {
                if *r == rti {
                    if let Some(new) = node.take() {
                        *n = new;
                    }
                }
            }
            JoinTreeNode::FromExpr(f) => f.fromlist.iter_mut().for_each(|n| walk(n, rti, node)),
            JoinTreeNode::JoinExpr(j) => {
                walk(&mut j.larg, rti, node);
                walk(&mut j.rarg, rti, node);
            }
        }
    }
    let mut node = Some(node);
    from.fromlist.iter_mut().for_each(|n| walk(n, rti, &mut node));
}

fn pull_up(root: &mut PlannerInfo<'_>, place: &Place) -> PgResult<Option<JoinTreeNode>> {
    match &root.rte(place.rti).kind {
        RteKind::Subquery { subquery, .. } => {
            if is_simple_subquery(root, subquery, root.rte(place.rti), place.outer_join.as_ref()) {
                return pull_up_simple_subquery(root, place.rti, place.outer_join.as_ref(), None);
            }
            if is_simple_union_all(root, subquery) {
                pull_up_simple_union_all(root, place.rti)?;
            }
            Ok(None)
        }
        RteKind::Values { .. } if place.alone && place.outer_join.is_none() => {
            Ok(pull_up_simple_values(root, place.rti))
        }
        RteKind::Function { .. } => Ok(pull_up_constant_function(root, place.rti)),
        _ => Ok(None),
    }
}

/// Whether a subquery only joins and computes, and nothing in it depends on staying in its place.
pub fn is_simple_subquery(
    root: &PlannerInfo<'_>,
    q: &Query,
    rte: &RangeTblEntry,
    outer_join: Option<&Relids>,
) -> bool {
    let RteKind::Subquery { security_barrier, .. } = &rte.kind else { return false };
    if q.command_type != CmdType::Select
        || *security_barrier
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
    if rte.lateral {
        // Conditions may not be carried out of an outer join, whichever way round.
        let tree = JoinTreeNode::FromExpr(Box::new(q.jointree.clone()));
        if has_lateral_outer_refs(&tree, outer_join) {
            return false;
        }
        if let Some(safe) = outer_join {
            if !q.target_list.iter().all(|t| varnos_one_up(&t.expr).is_subset(safe)) {
                return false;
            }
        }
    }
    !q.target_list.iter().any(|t| root.cx().contain_volatile(&t.expr))
}

/// Whether conditions of a subquery's joins refer to relations outside of `safe` (`None`: any is good).
fn has_lateral_outer_refs(node: &JoinTreeNode, safe: Option<&Relids>) -> bool {
    let bad = |quals: &Option<Expr>, safe: Option<&Relids>| match (quals, safe) {
        (Some(q), Some(safe)) => !varnos_one_up(q).is_subset(safe),
        _ => false,
    };
    match node {
        JoinTreeNode::RangeTblRef(_) => false,
        JoinTreeNode::FromExpr(f) => {
            f.fromlist.iter().any(|n| has_lateral_outer_refs(n, safe)) || bad(&f.quals, safe)
        }
        JoinTreeNode::JoinExpr(j) => {
            let none = Relids::new();
            let safe = if j.jointype == JoinType::Inner { safe } else { Some(&none) };
            has_lateral_outer_refs(&j.larg, safe)
                || has_lateral_outer_refs(&j.rarg, safe)
                || bad(&j.quals, safe)
        }
    }
}

/// Relations of the next outer level in an expression.
fn varnos_one_up(expr: &Expr) -> Relids {
    let mut set = Relids::new();
    walk::visit_expr_deep(expr, 1, &mut |e, level| match e {
        Expr::Var(v) if v.varlevelsup == level => {
            set.add(v.varno);
            v.varnullingrels.iter().for_each(|r| set.add(*r));
        }
        Expr::PlaceHolderVar(p) if p.phlevelsup == level => {
            p.phrels.iter().for_each(|r| set.add(*r));
        }
        _ => {}
    });
    set
}

/// Whether a simple subquery can be a member of an append relation as it is: one relation, no
/// condition.
fn is_safe_append_member(q: &Query) -> bool {
    let mut from = &q.jointree;
    loop {
        if from.quals.is_some() {
            return false;
        }
        match &from.fromlist[..] {
            [] | [JoinTreeNode::RangeTblRef(_)] => return true,
            [JoinTreeNode::FromExpr(f)] => from = f,
            _ => return false,
        }
    }
}

/// Merges a subquery; `None` if it turns out not to be simple. With `member`, the position in the
/// list of append relations whose child it is, only that entry uses its columns.
pub fn pull_up_simple_subquery(
    root: &mut PlannerInfo<'_>,
    rti: i32,
    outer_join: Option<&Relids>,
    member: Option<usize>,
) -> PgResult<Option<JoinTreeNode>> {
    let rte = root.rte(rti).clone();
    let RteKind::Subquery { subquery, .. } = &rte.kind else { return Ok(None) };
    let (mut sub, mut sub_appends) = prepare(root, (**subquery).clone())?;
    if !is_simple_subquery(root, &sub, &rte, outer_join)
        || member.is_some() && !is_safe_append_member(&sub)
    {
        return Ok(None);
    }
    let mut tlist = std::mem::take(&mut sub.target_list);
    for te in &mut tlist {
        flatten_join_alias_vars(root, &sub, &mut te.expr);
    }
    sub.target_list = tlist;
    let offset = root.parse.rtable.len() as i32;
    offset_query(&mut sub, offset);
    // What referred to the level above is of this level now.
    increment_query_sublevels_up(&mut sub, -1, 1);
    for info in &mut sub_appends {
        let info = Rc::make_mut(info);
        info.parent_relid += offset;
        info.child_relid += offset;
        for e in info.translated_vars.iter_mut().flatten() {
            offset_varnos(e, offset, 0);
            increment_sublevels_up(e, -1, 1);
        }
    }
    let tree = JoinTreeNode::FromExpr(Box::new(std::mem::take(&mut sub.jointree)));
    let wrap = if root.parse.grouping_sets.is_empty() { WrapOption::None } else { WrapOption::All };
    let mut replacement = Replacement {
        rti,
        target_list: &sub.target_list,
        colnames: rte.eref.colnames.clone(),
        lateral: rte.lateral,
        relids: join_relids(&tree, true, true),
        nulling: if rte.lateral { nulling_rels(&root.parse) } else { Vec::new() },
        wrap,
        cache: vec![None; sub.target_list.len() + 1],
    };
    match member {
        Some(at) => {
            let mut info = (*root.append_rel_list[at]).clone();
            for e in info.translated_vars.iter_mut().flatten() {
                replace_vars(root, e, &mut replacement, 0);
            }
            root.append_rel_list[at] = Rc::new(info);
        }
        None => replace_in_tree(root, &mut replacement),
    }
    combine(root, &mut sub, rte.lateral);
    root.parse.row_marks.append(&mut sub.row_marks);
    let below = join_relids(&tree, true, false);
    substitute_phv_relids(root, rti, &below);
    for info in &mut root.append_rel_list {
        if info.child_relid == rti {
            if let Some(only) = below.singleton() {
                Rc::make_mut(info).child_relid = only;
            }
        }
    }
    root.append_rel_list.extend(sub_appends);
    if let RteKind::Subquery { subquery, .. } = &mut root.parse.rte_mut(rti).kind {
        **subquery = Query::default();
    }
    root.parse.has_sub_links |= sub.has_sub_links;
    root.parse.has_row_security |= sub.has_row_security;
    Ok(Some(match tree {
        JoinTreeNode::FromExpr(mut f) if f.fromlist.len() == 1 && f.quals.is_none() => {
            f.fromlist.remove(0)
        }
        tree => tree,
    }))
}

/// Does to a subquery what its own level would do before this step.
fn prepare(
    root: &mut PlannerInfo<'_>,
    sub: Query,
) -> PgResult<(Query, Vec<Rc<crate::root::AppendRelInfo>>)> {
    let saved = std::mem::replace(&mut root.parse, sub);
    let saved_appends = std::mem::take(&mut root.append_rel_list);
    crate::planner::replace_empty_jointree(&mut root.parse);
    let mut result = Ok(());
    if root.parse.has_sub_links {
        result = super::pull_up_sublink::pull_up_sublinks(root);
    }
    let result = result
        .and_then(|()| crate::planner::inline_set_returning_functions(root))
        .and_then(|()| pull_up_subqueries(root));
    let sub = std::mem::replace(&mut root.parse, saved);
    let appends = std::mem::replace(&mut root.append_rel_list, saved_appends);
    result.map(|()| (sub, appends))
}

/// Appends a subquery's range table, marking what may refer to its new siblings.
pub fn combine(root: &mut PlannerInfo<'_>, sub: &mut Query, lateral: bool) {
    let perm_offset = root.parse.rteperminfos.len() as u32;
    for rte in &mut sub.rtable {
        match &mut rte.kind {
            RteKind::Relation { perminfoindex, .. } if *perminfoindex > 0 => {
                *perminfoindex += perm_offset;
            }
            RteKind::Subquery { view: Some((_, perm)), .. } if *perm > 0 => *perm += perm_offset,
            _ => {}
        }
        if lateral {
            match &rte.kind {
                RteKind::Relation { tablesample: Some(_), .. }
                | RteKind::Subquery { .. }
                | RteKind::Function { .. }
                | RteKind::Values { .. }
                | RteKind::TableFunc(_) => rte.lateral = true,
                _ => {}
            }
        }
    }
    root.parse.rtable.append(&mut sub.rtable);
    root.parse.rteperminfos.append(&mut sub.rteperminfos);
}

/// PlaceHolderVars evaluated at `rti` are evaluated at `below` now.
pub fn substitute_phv_relids(root: &mut PlannerInfo<'_>, rti: i32, below: &Relids) {
    if root.glob.state.borrow().last_ph_id == 0 {
        return;
    }
    let mut change = |e: &mut Expr, level: u32| {
        if let Expr::PlaceHolderVar(p) = e {
            if p.phlevelsup == level && p.phrels.contains(&rti) {
                let mut rels: Relids = p.phrels.iter().copied().collect();
                rels.remove(rti);
                rels.add_all(below);
                p.phrels = rels.to_vec();
            }
        }
    };
    walk::rewrite_query_deep(&mut root.parse, 0, &mut change);
    for info in &mut root.append_rel_list {
        for e in Rc::make_mut(info).translated_vars.iter_mut().flatten() {
            walk::rewrite_expr_deep(e, 0, &mut change);
        }
    }
}

/// A one-row VALUES that is all of FROM is a row without relation.
fn pull_up_simple_values(root: &mut PlannerInfo<'_>, rti: i32) -> Option<JoinTreeNode> {
    let rte = root.rte(rti).clone();
    let RteKind::Values { values_lists, .. } = &rte.kind else { return None };
    let row = values_lists.first()?;
    let cx = root.cx();
    if row.iter().any(|e| expr_returns_set(e) || cx.contain_volatile(e)) {
        return None;
    }
    let tlist: Vec<TargetEntry> = row
        .iter()
        .enumerate()
        .map(|(i, e)| make_tle(e.clone(), i as i16 + 1, None, false))
        .collect();
    replace_by_result(root, rti, &rte, &tlist);
    None
}

/// A function that was folded to a constant is a row without relation.
fn pull_up_constant_function(root: &mut PlannerInfo<'_>, rti: i32) -> Option<JoinTreeNode> {
    let rte = root.rte(rti).clone();
    let RteKind::Function { functions, funcordinality } = &rte.kind else { return None };
    let [function] = &functions[..] else { return None };
    if *funcordinality || !matches!(function.funcexpr, Expr::Const(_)) {
        return None;
    }
    // A composite value would have to be taken apart.
    let typ = function.funcexpr.typ();
    let composite = root
        .cx()
        .catalog
        .lookup_type(typ)
        .ok()
        .flatten()
        .is_none_or(|t| t.typtype == 'c' || typ == types::type_oid::RECORD);
    if composite || rte.eref.colnames.len() != 1 {
        return None;
    }
    let tlist = vec![make_tle(function.funcexpr.clone(), 1, None, false)];
    replace_by_result(root, rti, &rte, &tlist);
    None
}

fn replace_by_result(
    root: &mut PlannerInfo<'_>,
    rti: i32,
    rte: &RangeTblEntry,
    tlist: &[TargetEntry],
) {
    let wrap = if root.parse.grouping_sets.is_empty() { WrapOption::None } else { WrapOption::All };
    let mut replacement = Replacement {
        rti,
        target_list: tlist,
        colnames: rte.eref.colnames.clone(),
        lateral: rte.lateral,
        relids: Relids::single(rti),
        nulling: if rte.lateral { nulling_rels(&root.parse) } else { Vec::new() },
        wrap,
        cache: vec![None; tlist.len() + 1],
    };
    // Nothing of the entry itself is left to be replaced.
    root.parse.rte_mut(rti).kind = RteKind::Result;
    root.parse.rte_mut(rti).lateral = false;
    replace_in_tree(root, &mut replacement);
}
