//! Proofs of uniqueness, and removal of outer joins that change nothing.
use crate::{clauses::*, init::deconstruct::JoinList, relids::Relids, root::*};
use nodes::*;
use std::rc::Rc;
use types::Oid;

/// Whether at most one row of a relation can match given equality conditions on its columns.
pub fn relation_has_unique_index_for(
    root: &PlannerInfo<'_>,
    rel: RelId,
    clauses: &[(Expr, Oid)],
) -> bool {
    let r = &root.rels[rel];
    let cx = root.cx();
    r.indexlist.iter().any(|index| {
        if !index.unique || !index.immediate || !(index.predicate.is_empty() || index.pred_ok.get())
        {
            return false;
        }
        (0..index.nkeycolumns).all(|col| {
            clauses.iter().any(|(e, op)| {
                crate::path_gen::index_match::match_index_to_operand(e, col, index)
                    && (cx.mergejoin_opfamilies(*op).contains(&index.opfamily[col])
                        || cx.op_in_family(*op, index.opfamily[col]))
                    && (!index.collations[col].is_valid()
                        || e.collation() == index.collations[col]
                        || cx.collation_deterministic(e.collation()))
            })
        })
    })
}

/// Whether rows of a relation differ in the given expressions.
pub fn rel_is_unique_for_exprs(
    root: &PlannerInfo<'_>,
    rel: RelId,
    exprs: &[Expr],
    ops: &[Oid],
) -> bool {
    let mut clauses: Vec<(Expr, Oid)> = exprs.iter().cloned().zip(ops.iter().copied()).collect();
    add_const_clauses(root, rel, &mut clauses);
    rel_is_distinct_for(root, rel, &clauses)
}

fn add_const_clauses(root: &PlannerInfo<'_>, rel: RelId, clauses: &mut Vec<(Expr, Oid)>) {
    for r in &root.rels[rel].baserestrictinfo {
        if r.mergeopfamilies.is_empty() {
            continue;
        }
        if let Expr::OpExpr(o) = &r.clause {
            if r.left_relids.is_empty() {
                clauses.push((o.args[1].clone(), o.opno));
            } else if r.right_relids.is_empty() {
                clauses.push((o.args[0].clone(), o.opno));
            }
        }
    }
}

fn rel_is_distinct_for(root: &PlannerInfo<'_>, rel: RelId, clauses: &[(Expr, Oid)]) -> bool {
    let r = &root.rels[rel];
    match r.base {
        BaseKind::Relation if r.kind == RelKind::Base => {
            relation_has_unique_index_for(root, rel, clauses)
        }
        BaseKind::Subquery => {
            let RteKind::Subquery { subquery, .. } = &root.rte(r.relid).kind else { return false };
            let cols: Vec<(i16, Oid)> = clauses
                .iter()
                .filter_map(|(e, op)| match strip_relabel(e) {
                    Expr::Var(v) if v.varno == r.relid && v.varlevelsup == 0 => {
                        Some((v.varattno, *op))
                    }
                    _ => None,
                })
                .collect();
            query_is_distinct_for(root, subquery, &cols)
        }
        _ => false,
    }
}

/// Whether a query's rows differ in the given output columns.
pub fn query_is_distinct_for(root: &PlannerInfo<'_>, query: &Query, cols: &[(i16, Oid)]) -> bool {
    let cx = root.cx();
    let covered = |resno: i16, eqop: Oid| {
        cols.iter().any(|(c, op)| *c == resno && cx.equality_ops_compatible(*op, eqop))
    };
    let tle_covered = |g: &SortGroupClause| {
        tle_by_ref(g.tle_sort_group_ref, &query.target_list)
            .is_some_and(|t| covered(t.resno, g.eqop))
    };
    if !query.distinct_clause.is_empty() && query.distinct_clause.iter().all(tle_covered) {
        return true;
    }
    if query.has_target_srfs {
        return false;
    }
    if !query.group_clause.is_empty() && query.grouping_sets.is_empty() {
        if query.group_clause.iter().all(tle_covered) {
            return true;
        }
    } else if !query.grouping_sets.is_empty() {
        return query.group_clause.is_empty()
            && query.grouping_sets.len() == 1
            && matches!(query.grouping_sets[0], GroupingSet::Empty);
    } else if query.has_aggs || query.having_qual.is_some() {
        return true;
    }
    if let Some(op) = &query.set_operations {
        if !op.all {
            let mut groups = op.group_clauses.iter();
            return query
                .target_list
                .iter()
                .filter(|t| !t.resjunk)
                .all(|t| groups.next().is_some_and(|g| covered(t.resno, g.eqop)));
        }
    }
    false
}

/// Whether the inner side has at most one match for each outer row.
pub fn innerrel_is_unique(
    root: &PlannerInfo<'_>,
    join_relids: &Relids,
    outer: &Relids,
    inner: RelId,
    jointype: JoinType,
    restrict: &[Rc<RestrictInfo>],
) -> bool {
    if restrict.is_empty() {
        return false;
    }
    let r = &root.rels[inner];
    if r.kind != RelKind::Base || !matches!(r.base, BaseKind::Relation | BaseKind::Subquery) {
        return false;
    }
    if r.unique_for_rels.borrow().iter().any(|s| s.is_subset(outer)) {
        return true;
    }
    let is_outer = matches!(
        jointype,
        JoinType::Left | JoinType::Full | JoinType::Right | JoinType::Anti | JoinType::RightAnti
    );
    let mut clauses: Vec<(Expr, Oid)> = Vec::new();
    for c in restrict {
        if c.is_pushed_down_at(join_relids) && is_outer {
            continue;
        }
        if !c.can_join || c.mergeopfamilies.is_empty() {
            continue;
        }
        let Expr::OpExpr(o) = &c.clause else { continue };
        if c.left_relids.is_subset(outer) && c.right_relids.is_subset(&r.relids) {
            clauses.push((o.args[1].clone(), o.opno));
        } else if c.right_relids.is_subset(outer) && c.left_relids.is_subset(&r.relids) {
            clauses.push((o.args[0].clone(), o.opno));
        }
    }
    if clauses.is_empty() {
        return false;
    }
    add_const_clauses(root, inner, &mut clauses);
    let unique = rel_is_distinct_for(root, inner, &clauses);
    if unique {
        r.unique_for_rels.borrow_mut().push(outer.clone());
    }
    unique
}

/// Removes left joins whose right side is unique for the join condition and used nowhere else.
pub fn remove_useless_joins(root: &mut PlannerInfo<'_>, joinlist: Vec<JoinList>) -> Vec<JoinList> {
    let mut joinlist = joinlist;
    loop {
        let mut removed = None;
        for (at, sj) in root.join_info_list.iter().enumerate() {
            if let Some(rti) = removable(root, sj) {
                removed = Some((at, rti, sj.clone()));
                break;
            }
        }
        let Some((at, rti, sj)) = removed else { return joinlist };
        root.join_info_list.remove(at);
        remove_rel(root, rti, &sj);
        joinlist = drop_rel(joinlist, rti);
    }
}

/// A semi join to a relation that is unique for the condition is an inner join.
pub fn reduce_unique_semijoins(root: &mut PlannerInfo<'_>) {
    let list = std::mem::take(&mut root.join_info_list);
    let mut kept = Vec::with_capacity(list.len());
    for sj in list {
        let inner = (sj.jointype == JoinType::Semi)
            .then(|| sj.min_righthand.singleton())
            .flatten()
            .and_then(|rti| root.try_base(rti));
        let reduced = inner.is_some_and(|id| {
            root.rels[id].kind == RelKind::Base
                && sj.min_righthand == sj.syn_righthand
                && matches!(root.rels[id].base, BaseKind::Relation | BaseKind::Subquery)
                && {
                    let join = sj.min_lefthand.union(&sj.min_righthand);
                    let mut restrict = crate::init::equivclass::generate_join_implied_equalities(
                        root,
                        &join,
                        &sj.min_lefthand,
                        id,
                        None,
                    );
                    restrict.extend(root.rels[id].joininfo.iter().cloned());
                    innerrel_is_unique(root, &join, &sj.min_lefthand, id, JoinType::Semi, &restrict)
                }
        });
        if !reduced {
            kept.push(sj);
        }
    }
    root.join_info_list = kept;
}

fn removable(root: &PlannerInfo<'_>, sj: &Rc<SpecialJoinInfo>) -> Option<i32> {
    if sj.jointype != JoinType::Left || sj.ojrelid == 0 {
        return None;
    }
    let rti = sj.min_righthand.singleton()?;
    let id = root.try_base(rti)?;
    let inner = &root.rels[id];
    if !matches!(inner.base, BaseKind::Relation | BaseKind::Subquery) || root.rte(rti).inh {
        return None;
    }
    if root.row_marks.iter().any(|m| m.rti == rti) || rti == root.parse.result_relation {
        return None;
    }
    let mut join = sj.min_lefthand.union(&sj.min_righthand);
    let input = join.clone();
    join.add(sj.ojrelid);
    // Nothing above the join may look at the right side.
    if inner.attr_needed.iter().any(|n| !n.is_subset(&input)) {
        return None;
    }
    for info in &root.placeholder_list {
        if info.lateral.contains(rti)
            || info.eval_at.contains(rti) && !info.needed.is_subset(&input)
            || info.ph_var.phrels.contains(&rti) && !info.needed.is_subset(&input)
        {
            return None;
        }
        if info.eval_at.contains(sj.ojrelid) {
            return None;
        }
    }
    let mut clauses: Vec<(Expr, Oid)> = Vec::new();
    for c in &inner.joininfo {
        if c.is_pushed_down_at(&join) {
            // A filter above the join that looks at the right side.
            if c.required_relids.contains(sj.ojrelid) || c.clause_relids.contains(rti) {
                return None;
            }
            continue;
        }
        if !c.can_join || c.mergeopfamilies.is_empty() {
            continue;
        }
        let Expr::OpExpr(o) = &c.clause else { continue };
        if c.left_relids.is_subset(&sj.syn_lefthand) && c.right_relids.is_subset(&inner.relids) {
            clauses.push((o.args[1].clone(), o.opno));
        } else if c.right_relids.is_subset(&sj.syn_lefthand)
            && c.left_relids.is_subset(&inner.relids)
        {
            clauses.push((o.args[0].clone(), o.opno));
        }
    }
    add_const_clauses(root, id, &mut clauses);
    rel_is_distinct_for(root, id, &clauses).then_some(rti)
}

fn remove_rel(root: &mut PlannerInfo<'_>, rti: i32, sj: &SpecialJoinInfo) {
    let gone: Relids = [rti, sj.ojrelid].into_iter().collect();
    root.all_baserels.remove(rti);
    root.outer_join_rels.remove(sj.ojrelid);
    root.all_query_rels.remove_all(&gone);
    for id in 0..root.rels.len() {
        let rel = &mut root.rels[id];
        rel.attr_needed.iter_mut().for_each(|n| {
            n.remove_all(&gone);
        });
        rel.nulling_relids.remove_all(&gone);
        rel.lateral_referencers.remove_all(&gone);
        // Clauses of the removed join go with it.
        rel.joininfo.retain(|c| !c.required_relids.overlaps(&gone));
    }
    for info in &mut root.placeholder_list {
        info.needed.remove_all(&gone);
    }
    let list = std::mem::take(&mut root.join_info_list);
    root.join_info_list = list
        .into_iter()
        .map(|s| {
            let mut s = (*s).clone();
            s.min_lefthand.remove_all(&gone);
            s.min_righthand.remove_all(&gone);
            s.syn_lefthand.remove_all(&gone);
            s.syn_righthand.remove_all(&gone);
            Rc::new(s)
        })
        .collect();
    for ec in &mut root.eq_classes {
        if ec.relids.overlaps(&gone) {
            ec.relids.remove_all(&gone);
            // Positions of members must stay: those that are gone turn into unusable ones.
            for m in &mut ec.members {
                if m.relids.overlaps(&gone) {
                    m.relids = Relids::new();
                    m.is_child = true;
                }
            }
        }
    }
    for id in 0..root.rels.len() {
        root.rels[id].reltarget = {
            let needed = &root.rels[id].attr_needed;
            let mut target = (*root.rels[id].reltarget).clone();
            target.exprs.retain(|e| match e {
                Expr::Var(v) => needed.get((v.varattno + 7) as usize).is_none_or(|n| !n.is_empty()),
                _ => true,
            });
            Rc::new(target)
        };
    }
    root.simple_rels[rti as usize] = None;
}

fn drop_rel(list: Vec<JoinList>, rti: i32) -> Vec<JoinList> {
    list.into_iter()
        .filter_map(|n| match n {
            JoinList::Rel(r) if r == rti => None,
            JoinList::Sub(s) => {
                let mut s = drop_rel(s, rti);
                match s.len() {
                    0 => None,
                    1 => s.pop(),
                    _ => Some(JoinList::Sub(s)),
                }
            }
            other => Some(other),
        })
        .collect()
}
