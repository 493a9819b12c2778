//! PlaceHolderVars: where they are evaluated and where they are needed.
use crate::{
    clauses::*, cost::expr_cost, init::deconstruct::add_vars_to_targetlist, relids::Relids, root::*,
};
use nodes::*;
use std::rc::Rc;

/// Wraps an expression so that it is evaluated below an outer join.
pub fn make_placeholder_expr(glob: &Glob<'_>, expr: Expr, phrels: &Relids) -> PlaceHolderVar {
    let mut state = glob.state.borrow_mut();
    state.last_ph_id += 1;
    PlaceHolderVar {
        phexpr: expr,
        phrels: phrels.to_vec(),
        phnullingrels: Vec::new(),
        phid: state.last_ph_id,
        phlevelsup: 0,
    }
}

/// Position of a PlaceHolderVar's entry, made on first sight.
pub fn find_placeholder_info(root: &mut PlannerInfo<'_>, phv: &PlaceHolderVar) -> usize {
    if let Some(at) = root.placeholder_list.iter().position(|i| i.phid == phv.phid) {
        return at;
    }
    let rels_used = pull_varnos(Some(root), &phv.phexpr);
    let scope: Relids = phv.phrels.iter().copied().collect();
    let lateral = rels_used.difference(&scope);
    let mut eval_at = rels_used.intersect(&scope);
    if eval_at.is_empty() {
        eval_at = scope;
    }
    let width = crate::pathnode::expr_width(root, &phv.phexpr);
    let mut ph_var = phv.clone();
    ph_var.phnullingrels = Vec::new();
    root.placeholder_list.push(PlaceHolderInfo {
        phid: phv.phid,
        ph_var,
        eval_at,
        lateral,
        needed: Relids::new(),
        width,
    });
    let at = root.placeholder_list.len() - 1;
    find_in_expr(root, &phv.phexpr.clone());
    at
}

fn find_in_expr(root: &mut PlannerInfo<'_>, expr: &Expr) {
    for v in pull_var_clause(
        expr,
        PullVars { aggregates: false, window_funcs: false, ..Default::default() },
    ) {
        if let Expr::PlaceHolderVar(p) = &v {
            find_placeholder_info(root, p);
        }
    }
}

/// Finds all PlaceHolderVars in the join tree's conditions.
pub fn find_placeholders_in_jointree(root: &mut PlannerInfo<'_>) {
    if root.glob.state.borrow().last_ph_id == 0 {
        return;
    }
    let mut quals: Vec<Expr> = Vec::new();
    fn walk(f: &JoinTreeNode, out: &mut Vec<Expr>) {
        match f {
            JoinTreeNode::RangeTblRef(_) => {}
            JoinTreeNode::FromExpr(f) => {
                f.fromlist.iter().for_each(|n| walk(n, out));
                out.extend(f.quals.clone());
            }
            JoinTreeNode::JoinExpr(j) => {
                walk(&j.larg, out);
                walk(&j.rarg, out);
                out.extend(j.quals.clone());
            }
        }
    }
    root.parse.jointree.fromlist.iter().for_each(|n| walk(n, &mut quals));
    quals.extend(root.parse.jointree.quals.clone());
    for q in quals {
        find_in_expr(root, &q);
    }
}

/// What a PlaceHolderVar's expression uses must reach the place where it is evaluated.
pub fn fix_placeholder_input_needed_levels(root: &mut PlannerInfo<'_>) {
    for at in 0..root.placeholder_list.len() {
        let info = root.placeholder_list[at].clone();
        let vars = pull_var_clause(&info.ph_var.phexpr, PullVars::default());
        add_vars_to_targetlist(root, &vars, &info.eval_at);
    }
}

/// PlaceHolderVars evaluated at one relation and needed above it join that relation's output.
pub fn add_placeholders_to_base_rels(root: &mut PlannerInfo<'_>) {
    for at in 0..root.placeholder_list.len() {
        let info = root.placeholder_list[at].clone();
        if let Some(rti) = info.eval_at.singleton() {
            if info.needed.difference(&info.eval_at).is_empty() {
                continue;
            }
            if let Some(id) = root.try_base(rti) {
                let target = Rc::make_mut(&mut root.rels[id].reltarget);
                target.exprs.push(Expr::PlaceHolderVar(Box::new(info.ph_var.clone())));
            }
        }
    }
}

/// Adds to a join's output the PlaceHolderVars that can first be evaluated there and are needed above.
pub fn add_placeholders_to_joinrel(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    outer: RelId,
    inner: RelId,
) {
    let relids = root.rels[joinrel].relids.clone();
    for at in 0..root.placeholder_list.len() {
        let info = root.placeholder_list[at].clone();
        if !info.eval_at.is_subset(&relids) {
            continue;
        }
        let below = info.eval_at.is_subset(&root.rels[outer].relids)
            || info.eval_at.is_subset(&root.rels[inner].relids);
        let cost = expr_cost(root.cx(), &info.ph_var.phexpr);
        let rel = &mut root.rels[joinrel];
        if !below && !info.needed.is_subset(&relids) {
            let target = Rc::make_mut(&mut rel.reltarget);
            target.exprs.push(Expr::PlaceHolderVar(Box::new(info.ph_var.clone())));
            target.cost.add(cost);
            target.width += info.width;
        }
        // Even if it is not emitted: its relations were waited for.
        rel.direct_lateral_relids.add_all(&info.lateral);
    }
}
