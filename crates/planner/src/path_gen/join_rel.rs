//! Join relations: which pairs may be joined, their size, output and clauses.
use super::{all_paths::mark_dummy_rel, join_order::have_relevant_joinclause, join_path};
use crate::{
    cost::calc_joinrel_size, init::equivclass, pathnode::set_cheapest, placeholder, relids::Relids,
    root::*,
};
use error::PgResult;
use nodes::*;
use std::rc::Rc;

/// Whether outer joins or LATERAL force the two to be joined with each other.
pub fn have_join_order_restriction(root: &PlannerInfo<'_>, rel1: RelId, rel2: RelId) -> bool {
    let (a, b) = (&root.rels[rel1], &root.rels[rel2]);
    if a.direct_lateral_relids.overlaps(&b.relids) || b.direct_lateral_relids.overlaps(&a.relids) {
        return true;
    }
    for info in &root.placeholder_list {
        if a.relids.is_subset(&info.eval_at) && b.relids.is_subset(&info.eval_at) {
            return true;
        }
    }
    let mut result = false;
    for sj in &root.join_info_list {
        if sj.jointype == JoinType::Full {
            continue;
        }
        if sj.min_lefthand.is_subset(&a.relids) && sj.min_righthand.is_subset(&b.relids)
            || sj.min_lefthand.is_subset(&b.relids) && sj.min_righthand.is_subset(&a.relids)
        {
            result = true;
            break;
        }
        if sj.min_righthand.overlaps(&a.relids) && sj.min_righthand.overlaps(&b.relids)
            || sj.min_lefthand.overlaps(&a.relids) && sj.min_lefthand.overlaps(&b.relids)
        {
            result = true;
            break;
        }
    }
    result && !(has_legal_joinclause(root, rel1) || has_legal_joinclause(root, rel2))
}

/// Whether a relation is in an outer join's reach that is not done yet.
pub fn has_join_restriction(root: &PlannerInfo<'_>, rel: RelId) -> bool {
    let r = &root.rels[rel];
    if !r.lateral_relids.is_empty() || !r.lateral_referencers.is_empty() {
        return true;
    }
    for info in &root.placeholder_list {
        if r.relids.is_subset(&info.eval_at) && r.relids != info.eval_at {
            return true;
        }
    }
    root.join_info_list.iter().any(|sj| {
        sj.jointype != JoinType::Full
            && !(sj.min_lefthand.is_subset(&r.relids) && sj.min_righthand.is_subset(&r.relids))
            && (sj.min_lefthand.overlaps(&r.relids) || sj.min_righthand.overlaps(&r.relids))
    })
}

fn has_legal_joinclause(root: &PlannerInfo<'_>, rel: RelId) -> bool {
    root.initial_rels.iter().any(|other| {
        if root.rels[rel].relids.overlaps(&root.rels[*other].relids) {
            return false;
        }
        have_relevant_joinclause(root, rel, *other) && {
            let both = root.rels[rel].relids.union(&root.rels[*other].relids);
            join_is_legal(root, rel, *other, &both).is_some()
        }
    })
}

/// A legal join: the outer or semi join it implements (if any), and whether the sides are swapped.
fn join_is_legal(
    root: &PlannerInfo<'_>,
    rel1: RelId,
    rel2: RelId,
    joinrelids: &Relids,
) -> Option<(Option<Rc<SpecialJoinInfo>>, bool)> {
    let (a, b) = (&root.rels[rel1], &root.rels[rel2]);
    let mut matched: Option<Rc<SpecialJoinInfo>> = None;
    let mut reversed = false;
    let mut unique_ified = false;
    let mut must_be_leftjoin = false;
    for sj in &root.join_info_list {
        if !sj.min_righthand.overlaps(joinrelids) {
            continue;
        }
        if joinrelids.is_subset(&sj.min_righthand) {
            continue;
        }
        if sj.min_lefthand.is_subset(&a.relids) && sj.min_righthand.is_subset(&a.relids) {
            continue;
        }
        if sj.min_lefthand.is_subset(&b.relids) && sj.min_righthand.is_subset(&b.relids) {
            continue;
        }
        if sj.jointype == JoinType::Semi {
            // The right side, made unique earlier, is joined like any relation.
            if sj.syn_righthand.is_subset(&a.relids) && sj.syn_righthand != a.relids {
                continue;
            }
            if sj.syn_righthand.is_subset(&b.relids) && sj.syn_righthand != b.relids {
                continue;
            }
        }
        if sj.min_lefthand.is_subset(&a.relids) && sj.min_righthand.is_subset(&b.relids) {
            if matched.is_some() {
                return None;
            }
            matched = Some(sj.clone());
            reversed = false;
        } else if sj.min_lefthand.is_subset(&b.relids) && sj.min_righthand.is_subset(&a.relids) {
            if matched.is_some() {
                return None;
            }
            matched = Some(sj.clone());
            reversed = true;
        } else if sj.jointype == JoinType::Semi
            && sj.syn_righthand == b.relids
            && can_unique(root, rel2, sj)
        {
            if matched.is_some() {
                return None;
            }
            matched = Some(sj.clone());
            reversed = false;
            unique_ified = true;
        } else if sj.jointype == JoinType::Semi
            && sj.syn_righthand == a.relids
            && can_unique(root, rel1, sj)
        {
            if matched.is_some() {
                return None;
            }
            matched = Some(sj.clone());
            reversed = true;
            unique_ified = true;
        } else {
            // Part of the join's right side with something foreign: only below another left join.
            if a.relids.overlaps(&sj.min_righthand) && b.relids.overlaps(&sj.min_righthand) {
                continue;
            }
            if sj.jointype != JoinType::Left || joinrelids.overlaps(&sj.min_lefthand) {
                return None;
            }
            must_be_leftjoin = true;
        }
    }
    if must_be_leftjoin
        && !matched.as_ref().is_some_and(|m| m.jointype == JoinType::Left && m.lhs_strict)
    {
        return None;
    }
    if root.has_lateral_rtes
        && !lateral_is_legal(
            root,
            rel1,
            rel2,
            joinrelids,
            matched.as_deref(),
            reversed,
            unique_ified,
        )
    {
        return None;
    }
    Some((matched, reversed))
}

/// Whether LATERAL references allow a join: the referencing side must come on the inner side of a
/// nested loop, and what the join still needs from outside must be possible to get.
fn lateral_is_legal(
    root: &PlannerInfo<'_>,
    rel1: RelId,
    rel2: RelId,
    joinrelids: &Relids,
    matched: Option<&SpecialJoinInfo>,
    reversed: bool,
    unique_ified: bool,
) -> bool {
    let (a, b) = (&root.rels[rel1], &root.rels[rel2]);
    let forward = a.relids.overlaps(&b.lateral_relids);
    let backward = b.relids.overlaps(&a.lateral_relids);
    if forward && backward {
        return false;
    }
    let no_nestloop = |swapped: bool| {
        matched.is_some_and(|m| swapped || unique_ified || m.jointype == JoinType::Full)
    };
    // An indirect reference has to wait for what it goes through.
    if forward && (no_nestloop(reversed) || !a.relids.overlaps(&b.direct_lateral_relids))
        || backward && (no_nestloop(!reversed) || !b.relids.overlaps(&a.direct_lateral_relids))
    {
        return false;
    }
    let lateral = a.lateral_relids.union(&b.lateral_relids).difference(joinrelids);
    if lateral.is_empty() {
        return true;
    }
    let mut with_rhs = joinrelids.clone();
    loop {
        let mut more = false;
        for sj in &root.join_info_list {
            if sj.jointype != JoinType::Full
                && sj.min_lefthand.overlaps(&with_rhs)
                && !sj.min_righthand.is_subset(&with_rhs)
            {
                with_rhs.add_all(&sj.min_righthand);
                more = true;
            }
        }
        if !more {
            return !with_rhs.overlaps(&lateral);
        }
    }
}

fn can_unique(root: &PlannerInfo<'_>, rel: RelId, sj: &SpecialJoinInfo) -> bool {
    (sj.semi_can_btree || sj.semi_can_hash)
        && root.rels[rel].cheapest_total.as_ref().is_some_and(|p| p.param.is_none())
}

fn dummy_sjinfo(left: &Relids, right: &Relids) -> Rc<SpecialJoinInfo> {
    Rc::new(SpecialJoinInfo {
        min_lefthand: left.clone(),
        min_righthand: right.clone(),
        syn_lefthand: left.clone(),
        syn_righthand: right.clone(),
        jointype: JoinType::Inner,
        ojrelid: 0,
        commute_above_l: Relids::new(),
        commute_above_r: Relids::new(),
        commute_below_l: Relids::new(),
        commute_below_r: Relids::new(),
        lhs_strict: false,
        semi_can_btree: false,
        semi_can_hash: false,
        semi_operators: Vec::new(),
        semi_rhs_exprs: Vec::new(),
    })
}

/// Joins two relations if that is legal, and adds paths to the join relation.
pub fn make_join_rel(
    root: &mut PlannerInfo<'_>,
    rel1: RelId,
    rel2: RelId,
) -> PgResult<Option<RelId>> {
    let mut joinrelids = root.rels[rel1].relids.union(&root.rels[rel2].relids);
    let Some((matched, reversed)) = join_is_legal(root, rel1, rel2, &joinrelids) else {
        return Ok(None);
    };
    let mut pushed_down = Vec::new();
    if let Some(sj) = &matched {
        pushed_down = add_outer_joins_to_relids(root, &mut joinrelids, sj);
    }
    let (rel1, rel2) = if reversed { (rel2, rel1) } else { (rel1, rel2) };
    let sj = matched
        .clone()
        .unwrap_or_else(|| dummy_sjinfo(&root.rels[rel1].relids, &root.rels[rel2].relids));
    let (joinrel, restrict) = build_join_rel(root, joinrelids, rel1, rel2, &sj, &pushed_down)?;
    if root.rels[joinrel].dummy {
        return Ok(Some(joinrel));
    }
    populate_joinrel(root, rel1, rel2, joinrel, &sj, &restrict);
    if sj.jointype == JoinType::Full && root.rels[joinrel].pathlist.is_empty() {
        error::bail!(
            FEATURE_NOT_SUPPORTED,
            "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions"
        );
    }
    Ok(Some(joinrel))
}

/// Adds the outer joins whose effect is complete after the join `sj` of `relids`; returns those besides
/// `sj` itself: they were done earlier, but what they null gets final only now.
pub fn add_outer_joins_to_relids(
    root: &PlannerInfo<'_>,
    relids: &mut Relids,
    sj: &SpecialJoinInfo,
) -> Vec<Rc<SpecialJoinInfo>> {
    let mut pushed_down = Vec::new();
    if sj.ojrelid == 0 {
        return pushed_down;
    }
    // Done below one that it commutes with: its output is not final yet.
    if sj.jointype == JoinType::Left && !sj.commute_below_l.is_subset(relids) {
        return pushed_down;
    }
    relids.add(sj.ojrelid);
    if sj.jointype != JoinType::Left || sj.commute_above_l.is_empty() {
        return pushed_down;
    }
    let mut candidates = sj.commute_above_l.clone();
    for other in &root.join_info_list {
        if other.ojrelid == sj.ojrelid
            || other.ojrelid == 0
            || other.jointype != JoinType::Left
            || !candidates.contains(other.ojrelid)
        {
            continue;
        }
        if !relids.contains(other.ojrelid)
            && other.min_lefthand.is_subset(relids)
            && other.min_righthand.is_subset(relids)
            && other.commute_below_l.is_subset(relids)
        {
            relids.add(other.ojrelid);
            pushed_down.push(other.clone());
            candidates.add_all(&other.commute_above_l);
        }
    }
    pushed_down
}

/// Clauses to check when the two are joined.
fn build_restrictlist(
    root: &mut PlannerInfo<'_>,
    relids: &Relids,
    outer: RelId,
    inner: RelId,
    sj: &SpecialJoinInfo,
) -> Vec<Rc<RestrictInfo>> {
    let mut result: Vec<Rc<RestrictInfo>> = Vec::new();
    let inputs = root.rels[outer].relids.union(&root.rels[inner].relids);
    for input in [outer, inner] {
        for r in &root.rels[input].joininfo {
            if !r.required_relids.is_subset(relids) {
                continue;
            }
            // Of several forms of a condition, the one for just these inputs.
            if (r.has_clone || r.is_clone)
                && (!r.required_relids.is_subset(&inputs)
                    || r.incompatible_relids.overlaps(&inputs))
            {
                continue;
            }
            if !result.iter().any(|x| Rc::ptr_eq(x, r)) {
                result.push(r.clone());
            }
        }
    }
    let outer_relids = root.rels[outer].relids.clone();
    result.extend(equivclass::generate_join_implied_equalities(
        root,
        relids,
        &outer_relids,
        inner,
        Some(sj),
    ));
    result
}

fn build_join_rel(
    root: &mut PlannerInfo<'_>,
    relids: Relids,
    outer: RelId,
    inner: RelId,
    sj: &Rc<SpecialJoinInfo>,
    pushed_down: &[Rc<SpecialJoinInfo>],
) -> PgResult<(RelId, Vec<Rc<RestrictInfo>>)> {
    let restrict = build_restrictlist(root, &relids, outer, inner, sj);
    if let Some(id) = root.join_rel_hash.get(&relids) {
        return Ok((*id, restrict));
    }
    let mut rel = RelOptInfo::new(RelKind::Join, relids.clone());
    rel.consider_startup = root.tuple_fraction > 0.0;
    rel.direct_lateral_relids =
        root.rels[outer].direct_lateral_relids.union(&root.rels[inner].direct_lateral_relids);
    rel.lateral_relids =
        root.rels[outer].lateral_relids.union(&root.rels[inner].lateral_relids).difference(&relids);
    let id = root.add_rel(rel);
    // Output: what is needed above, with the nulling this join does.
    let mut target = PathTarget::default();
    let full = sj.jointype == JoinType::Full;
    let left = matches!(sj.jointype, JoinType::Left | JoinType::Anti);
    for (input, nulled) in [(outer, full), (inner, full || left)] {
        let below = root.rels[input].reltarget.clone();
        for e in &below.exprs {
            if !needed_above(root, e, &relids) {
                continue;
            }
            let mut e = e.clone();
            target.width += crate::pathnode::expr_width(root, &e);
            if nulled {
                mark_nulled(&mut e, &relids, sj, pushed_down);
            }
            target.push(e, 0);
        }
    }
    root.rels[id].reltarget = Rc::new(target);
    placeholder::add_placeholders_to_joinrel(root, id, outer, inner);
    root.rels[id].direct_lateral_relids.remove_all(&relids);
    // Clauses that join this relation to others.
    let mut joininfo: Vec<Rc<RestrictInfo>> = Vec::new();
    for input in [outer, inner] {
        for r in &root.rels[input].joininfo {
            if !r.required_relids.is_subset(&relids) && !joininfo.iter().any(|x| Rc::ptr_eq(x, r)) {
                joininfo.push(r.clone());
            }
        }
    }
    root.rels[id].joininfo = joininfo;
    root.rels[id].has_eclass_joins = equivclass::has_relevant_eclass_joinclause(root, &relids);
    let rows = calc_joinrel_size(
        root,
        &root.rels[outer],
        &root.rels[inner],
        &relids,
        root.rels[outer].rows,
        root.rels[inner].rows,
        Some(sj),
        &restrict,
    );
    root.rels[id].rows = rows;
    root.join_rel_hash.insert(relids.clone(), id);
    if !root.join_rel_level.is_empty() {
        // The level is the number of initial relations in it.
        let level =
            root.initial_rels.iter().filter(|r| root.rels[**r].relids.is_subset(&relids)).count();
        if let Some(list) = root.join_rel_level.get_mut(level) {
            list.push(id);
        }
    }
    Ok((id, restrict))
}

fn needed_above(root: &PlannerInfo<'_>, e: &Expr, relids: &Relids) -> bool {
    match e {
        Expr::Var(v) => root.try_base(v.varno).is_some_and(|base| {
            let slot = (v.varattno + 7) as usize;
            root.rels[base].attr_needed.get(slot).is_some_and(|n| !n.is_subset(relids))
        }),
        Expr::PlaceHolderVar(p) => root
            .placeholder_list
            .iter()
            .find(|i| i.phid == p.phid)
            .is_some_and(|i| !i.needed.is_subset(relids)),
        _ => true,
    }
}

/// Marks an output column of a join with the outer joins that may have nulled it.
fn mark_nulled(
    e: &mut Expr,
    relids: &Relids,
    sj: &SpecialJoinInfo,
    pushed_down: &[Rc<SpecialJoinInfo>],
) {
    let (at, list): (Relids, &mut Vec<i32>) = match e {
        Expr::Var(v) => (Relids::single(v.varno), &mut v.varnullingrels),
        Expr::PlaceHolderVar(p) => (p.phrels.iter().copied().collect(), &mut p.phnullingrels),
        _ => return,
    };
    let mut marks: Relids = list.iter().copied().collect();
    if sj.ojrelid > 0
        && relids.contains(sj.ojrelid)
        && (at.is_subset(&sj.syn_righthand)
            || sj.jointype == JoinType::Full && at.is_subset(&sj.syn_lefthand))
    {
        marks.add(sj.ojrelid);
    }
    for other in pushed_down {
        if at.is_subset(&other.syn_righthand) {
            marks.add(other.ojrelid);
        }
    }
    marks.add_all(&sj.commute_above_r.intersect(relids));
    *list = marks.to_vec();
}

fn constant_false(restrict: &[Rc<RestrictInfo>], joinrelids: &Relids, only_pushed: bool) -> bool {
    restrict.iter().any(|r| {
        (!only_pushed || r.is_pushed_down_at(joinrelids))
            && matches!(&r.clause, Expr::Const(c) if !matches!(c.value, types::Datum::Bool(true)))
    })
}

fn populate_joinrel(
    root: &mut PlannerInfo<'_>,
    rel1: RelId,
    rel2: RelId,
    joinrel: RelId,
    sj: &Rc<SpecialJoinInfo>,
    restrict: &[Rc<RestrictInfo>],
) {
    use JoinType::*;
    let relids = root.rels[joinrel].relids.clone();
    let d1 = root.rels[rel1].dummy;
    let d2 = root.rels[rel2].dummy;
    let add = |root: &mut PlannerInfo<'_>, a: RelId, b: RelId, t: JoinType| {
        join_path::add_paths_to_joinrel(root, joinrel, a, b, t, sj, restrict);
    };
    match sj.jointype {
        Inner => {
            if d1 || d2 || constant_false(restrict, &relids, false) {
                return mark_dummy_rel(root, joinrel);
            }
            add(root, rel1, rel2, Inner);
            add(root, rel2, rel1, Inner);
        }
        Left => {
            if d1 || constant_false(restrict, &relids, true) {
                return mark_dummy_rel(root, joinrel);
            }
            if constant_false(restrict, &relids, false)
                && root.rels[rel2].relids.is_subset(&sj.syn_righthand)
            {
                mark_dummy_rel(root, rel2);
            }
            add(root, rel1, rel2, Left);
            add(root, rel2, rel1, Right);
        }
        Full => {
            if d1 && d2 || constant_false(restrict, &relids, true) {
                return mark_dummy_rel(root, joinrel);
            }
            add(root, rel1, rel2, Full);
            add(root, rel2, rel1, Full);
        }
        Semi => {
            let normal = sj.min_lefthand.is_subset(&root.rels[rel1].relids)
                && sj.min_righthand.is_subset(&root.rels[rel2].relids);
            if d1 || d2 || constant_false(restrict, &relids, false) {
                return mark_dummy_rel(root, joinrel);
            }
            if normal {
                add(root, rel1, rel2, Semi);
                add(root, rel2, rel1, RightSemi);
            }
            if sj.syn_righthand == root.rels[rel2].relids && can_unique(root, rel2, sj) {
                add(root, rel1, rel2, UniqueInner);
                add(root, rel2, rel1, UniqueOuter);
            }
        }
        Anti => {
            if d1 || constant_false(restrict, &relids, true) {
                return mark_dummy_rel(root, joinrel);
            }
            if constant_false(restrict, &relids, false)
                && root.rels[rel2].relids.is_subset(&sj.syn_righthand)
            {
                mark_dummy_rel(root, rel2);
            }
            add(root, rel1, rel2, Anti);
            add(root, rel2, rel1, RightAnti);
        }
        _ => {}
    }
    let _ = set_cheapest;
}
