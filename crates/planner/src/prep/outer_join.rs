//! Outer joins that are inner (or anti) joins in effect, and Results that no join needs.
use crate::{clauses::*, relids::Relids, root::PlannerInfo};
use nodes::*;

/// Reduces outer joins whose NULL-extended rows a condition above rejects.
pub fn reduce_outer_joins(root: &mut PlannerInfo<'_>) {
    let mut tree = std::mem::take(&mut root.parse.jointree);
    let mut removed = Relids::new();
    let cx = root.cx();
    let mut nonnullable = Relids::new();
    let mut forced: Vec<(i32, i16)> = Vec::new();
    if let Some(q) = &tree.quals {
        nonnullable = cx.nonnullable_rels(q);
        forced = cx.forced_null_vars(q);
    }
    for n in &mut tree.fromlist {
        reduce(root, n, &nonnullable, &forced, &mut removed);
    }
    root.parse.jointree = tree;
    if !removed.is_empty() {
        let mut parse = std::mem::take(&mut root.parse);
        parse.for_each_expr_mut(&mut |e| remove_nulling_rels(e, &removed, None));
        root.parse = parse;
        let infos = std::mem::take(&mut root.append_rel_list);
        root.append_rel_list = infos;
    }
}

fn rels_of(n: &JoinTreeNode) -> Relids {
    let mut out = Relids::new();
    fn walk(n: &JoinTreeNode, out: &mut Relids) {
        match n {
            JoinTreeNode::RangeTblRef(r) => out.add(*r),
            JoinTreeNode::FromExpr(f) => f.fromlist.iter().for_each(|n| walk(n, out)),
            JoinTreeNode::JoinExpr(j) => {
                walk(&j.larg, out);
                walk(&j.rarg, out);
            }
        }
    }
    walk(n, &mut out);
    out
}

fn reduce(
    root: &PlannerInfo<'_>,
    node: &mut JoinTreeNode,
    nonnullable: &Relids,
    forced: &[(i32, i16)],
    removed: &mut Relids,
) {
    let cx = root.cx();
    match node {
        JoinTreeNode::RangeTblRef(_) => {}
        JoinTreeNode::FromExpr(f) => {
            let mut nn = nonnullable.clone();
            let mut fv = forced.to_vec();
            if let Some(q) = &f.quals {
                nn.add_all(&cx.nonnullable_rels(q));
                fv.extend(cx.forced_null_vars(q));
            }
            for n in &mut f.fromlist {
                reduce(root, n, &nn, &fv, removed);
            }
        }
        JoinTreeNode::JoinExpr(j) => {
            let (l, r) = (rels_of(&j.larg), rels_of(&j.rarg));
            let before = j.jointype;
            match j.jointype {
                JoinType::Left if nonnullable.overlaps(&r) => j.jointype = JoinType::Inner,
                JoinType::Right if nonnullable.overlaps(&l) => j.jointype = JoinType::Inner,
                JoinType::Full => {
                    if nonnullable.overlaps(&l) {
                        j.jointype =
                            if nonnullable.overlaps(&r) { JoinType::Inner } else { JoinType::Left };
                    } else if nonnullable.overlaps(&r) {
                        j.jointype = JoinType::Right;
                    }
                }
                _ => {}
            }
            if j.jointype == JoinType::Right {
                std::mem::swap(&mut j.larg, &mut j.rarg);
                j.jointype = JoinType::Left;
            }
            let (l, r) = (rels_of(&j.larg), rels_of(&j.rarg));
            if j.jointype == JoinType::Left {
                // `LEFT JOIN b ON strict(b.x) WHERE b.x IS NULL` finds rows without partner.
                if let Some(q) = &j.quals {
                    let strict = cx.nonnullable_vars(q);
                    if forced.iter().any(|f| r.contains(f.0) && strict.contains(f)) {
                        j.jointype = JoinType::Anti;
                    }
                }
            }
            let mut gone = Relids::new();
            if before != j.jointype && j.rtindex > 0 {
                match j.jointype {
                    JoinType::Inner => gone.add(j.rtindex),
                    // One side of a full join is not nulled any more: marks on it are harmless but
                    // wrong for matching, so they go where they can be told apart.
                    JoinType::Left if before == JoinType::Full => {}
                    _ => {}
                }
                removed.add_all(&gone);
            }
            let (mut ln, mut rn) = (Relids::new(), Relids::new());
            let (mut lf, mut rf): (Vec<(i32, i16)>, Vec<(i32, i16)>) = (Vec::new(), Vec::new());
            let own = j.quals.as_ref().map(|q| cx.nonnullable_rels(q)).unwrap_or_default();
            let own_forced = j.quals.as_ref().map(|q| cx.forced_null_vars(q)).unwrap_or_default();
            match j.jointype {
                JoinType::Inner | JoinType::Semi => {
                    ln = nonnullable.union(&own);
                    rn = ln.clone();
                    lf = forced.iter().chain(&own_forced).copied().collect();
                    rf = lf.clone();
                }
                JoinType::Left | JoinType::Anti => {
                    ln = nonnullable.clone();
                    lf = forced.to_vec();
                    rn = own;
                    rf = own_forced;
                }
                _ => {}
            }
            let _ = l;
            reduce(root, &mut j.larg, &ln, &lf, removed);
            reduce(root, &mut j.rarg, &rn, &rf, removed);
        }
    }
}

/// Drops one-row Results from inner joins; they add nothing.
pub fn remove_useless_result_rtes(root: &mut PlannerInfo<'_>) {
    if !root.parse.rtable.iter().any(|r| matches!(r.kind, RteKind::Result)) {
        return;
    }
    let is_result = |root: &PlannerInfo<'_>, n: &JoinTreeNode| {
        matches!(n, JoinTreeNode::RangeTblRef(r)
            if *r > 0 && matches!(root.rte(*r).kind, RteKind::Result)
            && root.glob.state.borrow().last_ph_id == 0)
    };
    let mut tree = std::mem::take(&mut root.parse.jointree);
    flatten(root, &mut tree, &is_result);
    root.parse.jointree = tree;
}

fn flatten(
    root: &PlannerInfo<'_>,
    from: &mut FromExpr,
    is_result: &dyn Fn(&PlannerInfo<'_>, &JoinTreeNode) -> bool,
) {
    let mut out: Vec<JoinTreeNode> = Vec::new();
    let list = std::mem::take(&mut from.fromlist);
    let mut last_result = None;
    for n in list {
        let n = match n {
            JoinTreeNode::FromExpr(mut f) => {
                flatten(root, &mut f, is_result);
                if f.fromlist.len() == 1 && is_result(root, &f.fromlist[0]) {
                    // Its condition belongs to the list around it.
                    if let Some(q) = f.quals.take() {
                        let mut args = make_ands_implicit(from.quals.take());
                        args.extend(make_ands_implicit(Some(q)));
                        from.quals = Some(make_ands_explicit(args));
                    }
                    f.fromlist.remove(0)
                } else {
                    JoinTreeNode::FromExpr(f)
                }
            }
            JoinTreeNode::JoinExpr(j) if j.jointype == JoinType::Inner => {
                let (lr, rr) = (is_result(root, &j.larg), is_result(root, &j.rarg));
                if lr || rr {
                    let j = *j;
                    if let Some(q) = j.quals {
                        let mut args = make_ands_implicit(from.quals.take());
                        args.extend(make_ands_implicit(Some(q)));
                        from.quals = Some(make_ands_explicit(args));
                    }
                    if lr { j.rarg } else { j.larg }
                } else {
                    JoinTreeNode::JoinExpr(j)
                }
            }
            other => other,
        };
        if is_result(root, &n) {
            last_result = Some(n);
        } else {
            out.push(n);
        }
    }
    if out.is_empty() {
        out.extend(last_result);
    }
    from.fromlist = out;
}
