//! Set-returning functions in target lists: one ProjectSet a nesting level.
use crate::{clauses::*, pathnode::*, root::*};
use error::PgResult;
use nodes::Expr;
use std::rc::Rc;

/// Targets to compute one after the other, the last being the wanted one; with a flag whether each
/// evaluates set-returning functions.
pub fn split_at_srfs(
    root: &PlannerInfo<'_>,
    target: &PathTarget,
    input: Option<&PathTarget>,
) -> Vec<(PathTarget, bool)> {
    let done = |e: &Expr| input.is_some_and(|i| i.exprs.iter().any(|x| x.equals(e)));
    let has = target.exprs.iter().any(|e| expr_returns_set(e) && !done(e));
    if !has {
        return vec![(target.clone(), false)];
    }
    // The calls by depth: those in arguments of others come first.
    let mut calls: Vec<Vec<Expr>> = Vec::new();
    for e in &target.exprs {
        collect(e, &done, &mut calls);
    }
    let depth = calls.len();
    let mut levels: Vec<(PathTarget, bool)> = Vec::new();
    // What later levels need besides the calls: everything without sets, and the pieces of mixtures.
    let mut base: Vec<(Expr, u32)> = Vec::new();
    for (i, e) in target.exprs.iter().enumerate() {
        if expr_returns_set(e) && !done(e) {
            inputs(e, &done, &mut |x| base.push((x.clone(), 0)));
        } else {
            base.push((e.clone(), target.sortgroupref(i)));
        }
    }
    let mut first = PathTarget::default();
    for (e, r) in &base {
        match first.exprs.iter().position(|x| x.equals(e)) {
            Some(_) if *r == 0 => {}
            _ => first.push(e.clone(), *r),
        }
    }
    let mut current = set_target_cost_width(root, first);
    levels.push((current.clone(), false));
    for (d, list) in calls.iter().enumerate() {
        if d + 1 == depth
            && target.exprs.iter().all(|e| !expr_returns_set(e) || done(e) || e.returns_set())
        {
            // The last level computes just the wanted target.
            break;
        }
        let mut next = current.clone();
        for c in list {
            next.push_new(c);
        }
        current = set_target_cost_width(root, next);
        levels.push((current.clone(), true));
    }
    let top_has_sets = levels.iter().filter(|l| l.1).count() < depth;
    levels.push((target.clone(), top_has_sets));
    levels
}

fn collect(e: &Expr, done: &dyn Fn(&Expr) -> bool, calls: &mut Vec<Vec<Expr>>) -> usize {
    if done(e) {
        return 0;
    }
    let mut depth = 0;
    e.for_each_child(&mut |c| depth = depth.max(collect(c, done, calls)));
    if e.returns_set() {
        if calls.len() <= depth {
            calls.resize(depth + 1, Vec::new());
        }
        if !calls[depth].iter().any(|x| x.equals(e)) {
            calls[depth].push(e.clone());
        }
        return depth + 1;
    }
    depth
}

/// Parts of an expression with sets that the level below must supply.
fn inputs(e: &Expr, done: &dyn Fn(&Expr) -> bool, f: &mut dyn FnMut(&Expr)) {
    if done(e) {
        f(e);
        return;
    }
    match e {
        Expr::Const(_) => {}
        Expr::Var(_)
        | Expr::PlaceHolderVar(_)
        | Expr::Aggref(_)
        | Expr::GroupingFunc(_)
        | Expr::WindowFunc(_) => f(e),
        _ => e.for_each_child(&mut |c| inputs(c, done, f)),
    }
}

/// Puts the further levels on top of each path of a relation.
pub fn apply_levels(root: &mut PlannerInfo<'_>, rel: RelId, levels: &[(PathTarget, bool)]) {
    if levels.len() <= 1 {
        return;
    }
    let list = std::mem::take(&mut root.rels[rel].pathlist);
    let mut out = Vec::with_capacity(list.len());
    for mut p in list {
        for (target, sets) in &levels[1..] {
            let target = Rc::new(target.clone());
            p = if *sets {
                Rc::new(create_set_projection_path(root, rel, p, target))
            } else {
                Rc::new(create_projection_path(root, rel, p, target))
            };
        }
        out.push(p);
    }
    root.rels[rel].pathlist = out;
}

/// After a step that computed `target`'s non-set parts: evaluates its sets.
pub fn adjust_paths(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    target: &Rc<PathTarget>,
    input: Option<&Rc<PathTarget>>,
) -> PgResult<()> {
    if !root.parse.has_target_srfs {
        return Ok(());
    }
    let below = input.cloned();
    let levels = match &below {
        Some(b) => split_at_srfs(root, target, Some(b)),
        None => {
            let first = root.rels[rel].pathlist.first().map(|p| p.target.clone());
            split_at_srfs(root, target, first.as_deref())
        }
    };
    if levels.len() <= 1 {
        return Ok(());
    }
    let list = std::mem::take(&mut root.rels[rel].pathlist);
    let first = Rc::new(levels[0].0.clone());
    root.rels[rel].pathlist = list
        .into_iter()
        .map(|p| {
            let covered = first.exprs.iter().all(|e| p.target.exprs.iter().any(|x| x.equals(e)))
                && !p.target.exprs.iter().any(expr_returns_set);
            if covered { p } else { apply_projection(root, rel, p, &first) }
        })
        .collect();
    apply_levels(root, rel, &levels);
    set_cheapest(root, rel)
}
