//! The order of joins: dynamic programming over levels, or greedily past a limit.
use super::join_rel::*;
use crate::{init::equivclass, pathnode::set_cheapest, relids::Relids, root::*};
use error::PgResult;

/// Finds the best way to join all relations, level by level.
pub fn standard_join_search(
    root: &mut PlannerInfo<'_>,
    levels: usize,
    initial: &[RelId],
) -> PgResult<RelId> {
    root.join_rel_level = vec![Vec::new(); levels + 1];
    root.join_rel_level[1] = initial.to_vec();
    for lev in 2..=levels {
        root.cx().session.check_interrupts()?;
        join_search_one_level(root, lev)?;
        for rel in root.join_rel_level[lev].clone() {
            set_cheapest(root, rel)?;
        }
    }
    let top = root.join_rel_level[levels].clone();
    root.join_rel_level.clear();
    match top.first() {
        Some(rel) => Ok(*rel),
        None => Err(error::PgError::internal("failed to build any join relations")),
    }
}

fn join_search_one_level(root: &mut PlannerInfo<'_>, level: usize) -> PgResult<()> {
    // Left-deep and right-deep: one more base relation.
    let before = root.join_rel_level[level - 1].clone();
    for (at, old) in before.iter().enumerate() {
        let has_clauses = !root.rels[*old].joininfo.is_empty()
            || root.rels[*old].has_eclass_joins
            || has_join_restriction(root, *old);
        let firsts = root.join_rel_level[1].clone();
        let others: &[RelId] = if level == 2 { &firsts[at + 1..] } else { &firsts };
        if has_clauses {
            for other in others {
                if !root.rels[*old].relids.overlaps(&root.rels[*other].relids)
                    && (have_relevant_joinclause(root, *old, *other)
                        || have_join_order_restriction(root, *old, *other))
                {
                    make_join_rel(root, *old, *other)?;
                }
            }
        } else {
            for other in &firsts {
                if !root.rels[*old].relids.overlaps(&root.rels[*other].relids) {
                    make_join_rel(root, *old, *other)?;
                }
            }
        }
    }
    // Bushy: two joins.
    let mut k = 2;
    while level >= 2 * k {
        let other = level - k;
        let small = root.join_rel_level[k].clone();
        for (at, old) in small.iter().enumerate() {
            if root.rels[*old].joininfo.is_empty()
                && !root.rels[*old].has_eclass_joins
                && !has_join_restriction(root, *old)
            {
                continue;
            }
            let list = root.join_rel_level[other].clone();
            let start = if k == other { at + 1 } else { 0 };
            for new in &list[start.min(list.len())..] {
                if !root.rels[*old].relids.overlaps(&root.rels[*new].relids)
                    && (have_relevant_joinclause(root, *old, *new)
                        || have_join_order_restriction(root, *old, *new))
                {
                    make_join_rel(root, *old, *new)?;
                }
            }
        }
        k += 1;
    }
    // Nothing yet: any pair will do.
    if root.join_rel_level[level].is_empty() {
        for old in before {
            for other in root.join_rel_level[1].clone() {
                if !root.rels[old].relids.overlaps(&root.rels[other].relids) {
                    make_join_rel(root, old, other)?;
                }
            }
        }
        if root.join_rel_level[level].is_empty()
            && root.join_info_list.is_empty()
            && !root.has_lateral_rtes
        {
            return Err(error::PgError::internal(format!("failed to build any {level}-way joins")));
        }
    }
    Ok(())
}

/// For many relations: joins the pair that yields the fewest rows (then the least cost), again and again.
pub fn greedy_join_search(root: &mut PlannerInfo<'_>, initial: &[RelId]) -> PgResult<RelId> {
    let mut clumps: Vec<RelId> = initial.to_vec();
    while clumps.len() > 1 {
        root.cx().session.check_interrupts()?;
        let mut best: Option<(bool, f64, f64, usize, usize, RelId)> = None;
        for i in 0..clumps.len() {
            for j in i + 1..clumps.len() {
                let desirable = have_relevant_joinclause(root, clumps[i], clumps[j])
                    || have_join_order_restriction(root, clumps[i], clumps[j]);
                if best.as_ref().is_some_and(|b| b.0) && !desirable {
                    continue;
                }
                let Some(rel) = make_join_rel(root, clumps[i], clumps[j])? else { continue };
                set_cheapest(root, rel)?;
                let key = (desirable, root.rels[rel].rows, root.rels[rel].best().total_cost);
                let better = match &best {
                    None => true,
                    Some(b) => {
                        desirable && !b.0
                            || desirable == b.0 && (key.2 < b.2 || key.2 == b.2 && key.1 < b.1)
                    }
                };
                if better {
                    best = Some((key.0, key.1, key.2, i, j, rel));
                }
            }
        }
        let Some((_, _, _, i, j, rel)) = best else {
            return Err(error::PgError::internal("failed to join all relations together"));
        };
        clumps.remove(j);
        clumps[i] = rel;
    }
    Ok(clumps[0])
}

/// Whether a clause joins the two relations.
pub fn have_relevant_joinclause(root: &PlannerInfo<'_>, rel1: RelId, rel2: RelId) -> bool {
    let (a, b) = (&root.rels[rel1], &root.rels[rel2]);
    let (list, other): (_, &Relids) = if a.joininfo.len() <= b.joininfo.len() {
        (&a.joininfo, &b.relids)
    } else {
        (&b.joininfo, &a.relids)
    };
    list.iter().any(|r| r.required_relids.overlaps(other))
        || a.has_eclass_joins
            && b.has_eclass_joins
            && equivclass::have_relevant_eclass_joinclause(root, &a.relids, &b.relids)
}
