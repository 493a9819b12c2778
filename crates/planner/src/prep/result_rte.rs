//! The join tree without what joins do not need: one-row Results, and single-member FROM lists.
//!
//! A condition that stands above a single join below another join becomes part of that other join's
//! condition where that means the same. The order of left joins depends on it: what is written between
//! two of them must count as part of the upper one's condition.
use super::{
    outer_join::strip_nulling,
    pull_up_subquery::{join_relids, substitute_phv_relids},
};
use crate::{clauses::*, relids::Relids, root::PlannerInfo};
use nodes::*;

/// A tree as small as it can be made.
pub fn remove_useless_result_rtes(root: &mut PlannerInfo<'_>) {
    let mut dropped = Relids::new();
    let mut removed = Relids::new();
    let mut tree = std::mem::take(&mut root.parse.jointree);
    let mut phvs = PlaceHolders::of(root, &tree);
    simplify_from(root, &mut tree, &mut phvs, &mut dropped, &mut removed);
    root.parse.jointree = tree;
    for (rti, below) in std::mem::take(&mut phvs.moved) {
        substitute_phv_relids(root, rti, &below);
    }
    if !dropped.is_empty() {
        strip_nulling(root, &dropped, None);
    }
    root.row_marks.retain(|m| !removed.contains(m.rti));
}

/// Where PlaceHolderVars are evaluated, and what changes about that.
struct PlaceHolders {
    /// For each PlaceHolderVar of the query's level: its relations, without outer joins.
    everywhere: Vec<Relids>,
    /// Result entries that are gone, with what their PlaceHolderVars are evaluated at instead.
    moved: Vec<(i32, Relids)>,
    baserels: Relids,
}

impl PlaceHolders {
    fn of(root: &PlannerInfo<'_>, tree: &FromExpr) -> PlaceHolders {
        let mut baserels = Relids::new();
        tree.fromlist.iter().for_each(|n| baserels.add_all(&join_relids(n, false, false)));
        let mut everywhere = Vec::new();
        if root.glob.state.borrow().last_ph_id > 0 {
            let mut see = |e: &Expr, level: u32| {
                if let Expr::PlaceHolderVar(p) = e {
                    if p.phlevelsup == level {
                        let rels: Relids = p.phrels.iter().copied().collect();
                        everywhere.push(rels.intersect(&baserels));
                    }
                }
            };
            walk::visit_query_deep(&root.parse, 0, &mut see);
            let mut tree_exprs = |e: &Expr| walk::visit_expr_deep(e, 0, &mut see);
            each_qual(tree, &mut tree_exprs);
            for info in &root.append_rel_list {
                info.translated_vars
                    .iter()
                    .flatten()
                    .for_each(|e| walk::visit_expr_deep(e, 0, &mut see));
            }
        }
        PlaceHolders { everywhere, moved: Vec::new(), baserels }
    }

    fn any_at(&self, rti: i32) -> bool {
        let only = Relids::single(rti);
        self.everywhere.contains(&only)
    }

    /// Whether a part of the tree uses a PlaceHolderVar that is evaluated at `rti` alone.
    fn used_in(&self, root: &PlannerInfo<'_>, node: &JoinTreeNode, rti: i32) -> bool {
        if !self.any_at(rti) {
            return false;
        }
        let only = Relids::single(rti);
        let mut found = false;
        let mut see = |e: &Expr, level: u32| {
            if let Expr::PlaceHolderVar(p) = e {
                let rels: Relids = p.phrels.iter().copied().collect();
                found |= p.phlevelsup == level && rels.intersect(&self.baserels) == only;
            }
        };
        each_node_qual(node, &mut |e| walk::visit_expr_deep(e, 0, &mut see));
        for rel in join_relids(node, false, false).iter() {
            let rte = root.rte(rel);
            if !rte.lateral {
                continue;
            }
            rte.kind.for_each_expr(&mut |e| walk::visit_expr_deep(e, 0, &mut see));
            if let RteKind::Subquery { subquery, .. } = &rte.kind {
                walk::visit_query_deep(subquery, 1, &mut see);
            }
        }
        found
    }
}

fn each_qual(from: &FromExpr, f: &mut dyn FnMut(&Expr)) {
    from.fromlist.iter().for_each(|n| each_node_qual(n, f));
    from.quals.iter().for_each(f);
}

fn each_node_qual(node: &JoinTreeNode, f: &mut dyn FnMut(&Expr)) {
    match node {
        JoinTreeNode::RangeTblRef(_) => {}
        JoinTreeNode::FromExpr(from) => each_qual(from, f),
        JoinTreeNode::JoinExpr(j) => {
            each_node_qual(&j.larg, f);
            each_node_qual(&j.rarg, f);
            j.quals.iter().for_each(f);
        }
    }
}

fn result_rti(root: &PlannerInfo<'_>, node: &JoinTreeNode) -> Option<i32> {
    match node {
        JoinTreeNode::RangeTblRef(r) => matches!(root.rte(*r).kind, RteKind::Result).then_some(*r),
        _ => None,
    }
}

/// Puts conditions in front of others.
fn prepend(quals: &mut Option<Expr>, first: Option<Expr>) {
    if first.is_none() {
        return;
    }
    let mut all = make_ands_implicit(first);
    all.extend(make_ands_implicit(quals.take()));
    *quals = (!all.is_empty()).then(|| make_ands_explicit(all));
}

fn simplify_from(
    root: &PlannerInfo<'_>,
    from: &mut FromExpr,
    phvs: &mut PlaceHolders,
    dropped: &mut Relids,
    removed: &mut Relids,
) {
    let list = std::mem::take(&mut from.fromlist);
    let count = list.len();
    let mut nodes = Vec::with_capacity(count);
    for n in list {
        nodes.push(simplify(root, n, Some(&mut from.quals), phvs, dropped, removed));
    }
    // A row of a Result joined to something changes nothing.
    let mut left = nodes.len();
    let mut gone = Vec::new();
    let mut at = 0;
    while at < nodes.len() {
        if left > 1 {
            if let Some(rti) = result_rti(root, &nodes[at]) {
                let needed =
                    nodes.iter().enumerate().any(|(i, n)| i != at && phvs.used_in(root, n, rti));
                if !needed {
                    nodes.remove(at);
                    left -= 1;
                    gone.push(rti);
                    continue;
                }
            }
        }
        at += 1;
    }
    from.fromlist = nodes;
    for rti in gone {
        let mut below = Relids::new();
        from.fromlist.iter().for_each(|n| below.add_all(&join_relids(n, true, false)));
        phvs.moved.push((rti, below));
        removed.add(rti);
    }
}

fn simplify(
    root: &PlannerInfo<'_>,
    node: JoinTreeNode,
    parent: Option<&mut Option<Expr>>,
    phvs: &mut PlaceHolders,
    dropped: &mut Relids,
    removed: &mut Relids,
) -> JoinTreeNode {
    match node {
        JoinTreeNode::RangeTblRef(_) => node,
        JoinTreeNode::FromExpr(mut f) => {
            simplify_from(root, &mut f, phvs, dropped, removed);
            if f.fromlist.len() == 1 && (f.quals.is_none() || parent.is_some()) {
                if let Some(parent) = parent {
                    prepend(parent, f.quals.take());
                }
                return f.fromlist.remove(0);
            }
            JoinTreeNode::FromExpr(f)
        }
        JoinTreeNode::JoinExpr(j) => simplify_join(root, j, parent, phvs, dropped, removed),
    }
}

fn simplify_join(
    root: &PlannerInfo<'_>,
    mut j: Box<JoinExpr>,
    mut parent: Option<&mut Option<Expr>>,
    phvs: &mut PlaceHolders,
    dropped: &mut Relids,
    removed: &mut Relids,
) -> JoinTreeNode {
    use JoinType::*;
    let larg = std::mem::replace(&mut j.larg, JoinTreeNode::RangeTblRef(0));
    let rarg = std::mem::replace(&mut j.rarg, JoinTreeNode::RangeTblRef(0));
    let to_left = match j.jointype {
        Inner => Some(&mut j.quals),
        Left => parent.as_deref_mut(),
        _ => None,
    };
    j.larg = simplify(root, larg, to_left, phvs, dropped, removed);
    let to_right = matches!(j.jointype, Inner | Left).then_some(&mut j.quals);
    j.rarg = simplify(root, rarg, to_right, phvs, dropped, removed);
    match j.jointype {
        Inner => {
            if let Some(rti) = result_rti(root, &j.larg) {
                if !phvs.used_in(root, &j.rarg, rti) {
                    phvs.moved.push((rti, join_relids(&j.rarg, true, false)));
                    removed.add(rti);
                    return keep(j.rarg, j.quals, parent);
                }
            }
            if let Some(rti) = result_rti(root, &j.rarg) {
                phvs.moved.push((rti, join_relids(&j.larg, true, false)));
                removed.add(rti);
                return keep(j.larg, j.quals, parent);
            }
        }
        Left => {
            if let Some(rti) = result_rti(root, &j.rarg) {
                if j.quals.is_none() || !phvs.any_at(rti) {
                    phvs.moved.push((rti, join_relids(&j.larg, true, false)));
                    removed.add(rti);
                    dropped.add(j.rtindex);
                    return j.larg;
                }
            }
        }
        Semi => {
            if let Some(rti) = result_rti(root, &j.rarg) {
                phvs.moved.push((rti, join_relids(&j.larg, true, false)));
                removed.add(rti);
                return keep(j.larg, j.quals, parent);
            }
        }
        _ => {}
    }
    JoinTreeNode::JoinExpr(j)
}

/// What is left of a join, its condition handed on.
fn keep(
    rest: JoinTreeNode,
    quals: Option<Expr>,
    parent: Option<&mut Option<Expr>>,
) -> JoinTreeNode {
    match (quals, parent) {
        (None, _) => rest,
        (quals, Some(parent)) => {
            prepend(parent, quals);
            rest
        }
        (quals, None) => JoinTreeNode::FromExpr(Box::new(FromExpr { fromlist: vec![rest], quals })),
    }
}
