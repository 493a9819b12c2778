//! Bitmap scans: OR clauses over indexes, and the best AND of bitmaps.
use super::index_path::*;
use crate::{clauses::*, cost::*, path::*, predicate, relids::Relids, root::*};
use nodes::*;
use std::rc::Rc;

/// Outer relations that a bitmap tree needs values from.
pub fn required_outer(qual: &BitmapQual) -> Relids {
    match qual {
        BitmapQual::Index(p) => p.req_outer(),
        BitmapQual::And { quals, .. } | BitmapQual::Or { quals, .. } => {
            quals.iter().fold(Relids::new(), |acc, q| acc.union(&required_outer(q)))
        }
    }
}

/// A bitmap tree as a path of its own, to be chosen among index paths.
fn as_path(root: &mut PlannerInfo<'_>, rel: RelId, qual: BitmapQual) -> PathRef {
    let (cost, selectivity) = cost_bitmap_tree(&qual);
    let outer = required_outer(&qual);
    let param = crate::pathnode::get_baserel_parampathinfo(root, rel, &outer);
    Rc::new(Path {
        parent: rel,
        target: root.rels[rel].reltarget.clone(),
        param,
        rows: clamp_row_est(selectivity * root.rels[rel].tuples),
        disabled_nodes: 0,
        startup_cost: cost,
        total_cost: cost,
        pathkeys: Vec::new(),
        kind: PathKind::BitmapHeap(qual),
    })
}

fn as_qual(path: &PathRef) -> BitmapQual {
    match &path.kind {
        PathKind::BitmapHeap(q) => q.clone(),
        _ => BitmapQual::Index(path.clone()),
    }
}

/// ORs among the clauses whose every arm can use an index.
pub fn generate_or_paths(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    clauses: &[Rc<RestrictInfo>],
    other: &[Rc<RestrictInfo>],
) -> Vec<PathRef> {
    let mut result = Vec::new();
    for c in clauses {
        let Some(arms) = &c.or_arms else { continue };
        let mut all: Vec<Rc<RestrictInfo>> = clauses.to_vec();
        all.extend(other.iter().cloned());
        let mut parts = Vec::new();
        for arm in arms.clone() {
            let mut found = or_arm_paths(root, rel, &arm, &all);
            if arm.len() > 1 {
                found.extend(generate_or_paths(root, rel, &arm, &all));
            }
            if found.is_empty() {
                parts.clear();
                break;
            }
            parts.push(choose_bitmap_and(root, rel, &found));
        }
        if !parts.is_empty() {
            let qual = cost_bitmap_or(root, parts);
            result.push(as_path(root, rel, qual));
        }
    }
    result
}

fn or_arm_paths(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    arm: &[Rc<RestrictInfo>],
    all: &[Rc<RestrictInfo>],
) -> Vec<PathRef> {
    let mut result = Vec::new();
    for index in root.rels[rel].indexlist.clone() {
        if !index.amhasgetbitmap {
            continue;
        }
        let mut useful_predicate = false;
        if !index.predicate.is_empty() && !index.pred_ok.get() {
            let given: Vec<Expr> = arm.iter().chain(all).map(|r| r.clause.clone()).collect();
            if !predicate::predicate_implied_by(root.cx(), &index.predicate, &given, false) {
                continue;
            }
            useful_predicate = true;
        }
        let mut set = empty_set(&index);
        match_clauses(root, &index, arm, &mut set);
        if !set.nonempty && !useful_predicate {
            continue;
        }
        match_clauses(root, &index, all, &mut set);
        for p in build_index_paths(root, rel, &index, &set, useful_predicate, false) {
            result.push(Rc::new(p));
        }
    }
    result
}

/// Identities of the clauses (and predicates) that a bitmap tree checks.
fn clauses_of(qual: &BitmapQual, out: &mut Vec<Expr>) {
    match qual {
        BitmapQual::Index(p) => {
            if let PathKind::Index(i) = &p.kind {
                out.extend(i.clauses.iter().map(|c| c.rinfo.clause.clone()));
                out.extend(i.index.predicate.iter().cloned());
            }
        }
        BitmapQual::And { quals, .. } => quals.iter().for_each(|q| clauses_of(q, out)),
        BitmapQual::Or { quals, .. } => {
            let arms: Vec<Expr> = quals
                .iter()
                .map(|q| {
                    let mut list = Vec::new();
                    clauses_of(q, &mut list);
                    make_ands_explicit(list)
                })
                .collect();
            out.push(make_bool(BoolExprType::Or, arms));
        }
    }
}

/// The cheapest AND of some of the given bitmaps.
pub fn choose_bitmap_and(root: &PlannerInfo<'_>, rel: RelId, paths: &[PathRef]) -> BitmapQual {
    if paths.len() == 1 {
        return as_qual(&paths[0]);
    }
    struct Candidate {
        qual: BitmapQual,
        clauses: Vec<Expr>,
        cost: f64,
        selectivity: f64,
    }
    // Of paths over the same clauses the cheapest stays.
    let mut candidates: Vec<Candidate> = Vec::new();
    for p in paths {
        let qual = as_qual(p);
        let mut clauses = Vec::new();
        clauses_of(&qual, &mut clauses);
        let (cost, selectivity) = cost_bitmap_tree(&qual);
        let same = candidates.iter_mut().find(|c| {
            c.clauses.len() == clauses.len()
                && c.clauses.iter().all(|x| clauses.iter().any(|y| y.equals(x)))
        });
        match same {
            Some(c) => {
                if cost < c.cost {
                    *c = Candidate { qual, clauses, cost, selectivity };
                }
            }
            None => candidates.push(Candidate { qual, clauses, cost, selectivity }),
        }
    }
    candidates
        .sort_by(|a, b| a.cost.total_cmp(&b.cost).then(a.selectivity.total_cmp(&b.selectivity)));
    let scan_cost = |quals: &[BitmapQual]| {
        let qual =
            if quals.len() == 1 { quals[0].clone() } else { cost_bitmap_and(root, quals.to_vec()) };
        let outer = required_outer(&qual);
        let loops = get_loop_count(root, rel, &outer);
        cost_bitmap_heap_scan(root, &root.rels[rel], None, &qual, loops).total
    };
    let mut best: Option<(f64, Vec<BitmapQual>)> = None;
    for i in 0..candidates.len() {
        let mut chosen = vec![candidates[i].qual.clone()];
        let mut covered = candidates[i].clauses.clone();
        let mut cost = scan_cost(&chosen);
        for c in &candidates[i + 1..] {
            // A further bitmap must check something new.
            if c.clauses.iter().any(|x| covered.iter().any(|y| y.equals(x))) {
                continue;
            }
            if predicate::predicate_implied_by(root.cx(), &c.clauses, &covered, false) {
                continue;
            }
            chosen.push(c.qual.clone());
            let new_cost = scan_cost(&chosen);
            if new_cost < cost {
                cost = new_cost;
                covered.extend(c.clauses.iter().cloned());
            } else {
                chosen.pop();
            }
        }
        if best.as_ref().is_none_or(|b| cost < b.0) {
            best = Some((cost, chosen));
        }
    }
    match best {
        Some((_, mut quals)) if quals.len() == 1 => quals.remove(0),
        Some((_, quals)) => cost_bitmap_and(root, quals),
        None => as_qual(&paths[0]),
    }
}
