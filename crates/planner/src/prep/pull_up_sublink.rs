//! EXISTS and ANY sublinks of WHERE and ON turned into semi and anti joins.
use crate::{clauses::*, relids::Relids, root::PlannerInfo, subselect::simplify_exists_query};
use error::PgResult;
use nodes::*;
use types::Oid;

/// Turns what can be into joins; the rest become subplans later.
pub fn pull_up_sublinks(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    let tree = std::mem::take(&mut root.parse.jointree);
    let (node, _) = recurse(root, JoinTreeNode::FromExpr(Box::new(tree)));
    root.parse.jointree = match node {
        JoinTreeNode::FromExpr(f) => *f,
        other => FromExpr { fromlist: vec![other], quals: None },
    };
    Ok(())
}

fn recurse(root: &mut PlannerInfo<'_>, node: JoinTreeNode) -> (JoinTreeNode, Relids) {
    match node {
        JoinTreeNode::RangeTblRef(r) => (node, Relids::single(r)),
        JoinTreeNode::FromExpr(mut f) => {
            let mut rels = Relids::new();
            let mut list = Vec::new();
            for n in std::mem::take(&mut f.fromlist) {
                let (n, r) = recurse(root, n);
                rels.add_all(&r);
                list.push(n);
            }
            let quals = f.quals.take();
            let mut joined =
                JoinTreeNode::FromExpr(Box::new(FromExpr { fromlist: list, quals: None }));
            let new_quals = quals.and_then(|q| pull_quals(root, q, &mut joined, &rels));
            // The conditions go on top of all joins made.
            let node = match joined {
                JoinTreeNode::FromExpr(mut inner) if inner.quals.is_none() => {
                    inner.quals = new_quals;
                    JoinTreeNode::FromExpr(inner)
                }
                other => JoinTreeNode::FromExpr(Box::new(FromExpr {
                    fromlist: vec![other],
                    quals: new_quals,
                })),
            };
            (node, rels)
        }
        JoinTreeNode::JoinExpr(mut j) => {
            let (mut l, lr) = recurse(root, j.larg);
            let (mut r, rr) = recurse(root, j.rarg);
            let quals = j.quals.take();
            j.quals = match (j.jointype, quals) {
                (JoinType::Inner, Some(q)) => {
                    // For an inner join the left side takes all of them that both sides allow.
                    let q = pull_quals(root, q, &mut l, &lr);
                    q.and_then(|q| pull_quals(root, q, &mut r, &rr))
                }
                (JoinType::Left, Some(q)) => pull_quals(root, q, &mut r, &rr),
                (JoinType::Right, Some(q)) => pull_quals(root, q, &mut l, &lr),
                (_, q) => q,
            };
            j.larg = l;
            j.rarg = r;
            let mut rels = lr.union(&rr);
            if j.rtindex > 0 {
                rels.add(j.rtindex);
            }
            (JoinTreeNode::JoinExpr(j), rels)
        }
    }
}

/// Pulls sublinks out of a condition over `rels`, joining to `tree`; returns what is left.
fn pull_quals(
    root: &mut PlannerInfo<'_>,
    qual: Expr,
    tree: &mut JoinTreeNode,
    rels: &Relids,
) -> Option<Expr> {
    match qual {
        Expr::BoolExpr(b) if b.boolop == BoolExprType::And => {
            let mut kept = Vec::new();
            for a in b.args {
                kept.extend(pull_quals(root, a, tree, rels));
            }
            (!kept.is_empty()).then(|| make_ands_explicit(kept))
        }
        Expr::SubLink(s) => {
            let converted = match s.sub_link_type {
                SubLinkType::Any => convert_any(root, &s, rels),
                SubLinkType::Exists => convert_exists(root, &s, false, rels),
                _ => None,
            };
            match converted {
                Some(j) => {
                    attach(root, j, tree);
                    None
                }
                None => Some(Expr::SubLink(s)),
            }
        }
        Expr::BoolExpr(b) if b.boolop == BoolExprType::Not => {
            if let Expr::SubLink(s) = &b.args[0] {
                if s.sub_link_type == SubLinkType::Exists {
                    if let Some(j) = convert_exists(root, s, true, rels) {
                        attach(root, j, tree);
                        return None;
                    }
                }
            }
            Some(Expr::BoolExpr(b))
        }
        other => Some(other),
    }
}

/// Puts the join on top of the tree, after pulling up sublinks within its own parts.
fn attach(root: &mut PlannerInfo<'_>, mut j: JoinExpr, tree: &mut JoinTreeNode) {
    let (mut rarg, rrels) = recurse(root, j.rarg);
    if j.jointype == JoinType::Semi || j.jointype == JoinType::Anti {
        if let Some(q) = j.quals.take() {
            j.quals = pull_quals(root, q, &mut rarg, &rrels);
        }
    }
    j.rarg = rarg;
    let left = std::mem::replace(tree, JoinTreeNode::RangeTblRef(0));
    j.larg = left;
    *tree = JoinTreeNode::JoinExpr(Box::new(j));
}

fn new_join(jointype: JoinType, rarg: JoinTreeNode, quals: Option<Expr>) -> JoinExpr {
    JoinExpr {
        jointype,
        is_natural: false,
        larg: JoinTreeNode::RangeTblRef(0),
        rarg,
        using_clause: Vec::new(),
        join_using_alias: None,
        quals,
        alias: None,
        rtindex: 0,
    }
}

/// `x = ANY (SELECT …)` as a semi join to the subquery.
fn convert_any(root: &mut PlannerInfo<'_>, s: &SubLink, rels: &Relids) -> Option<JoinExpr> {
    let cx = root.cx();
    let test = s.testexpr.as_ref()?;
    let upper = query_varnos_of_level(&s.subselect, 1);
    // Values from relations of this join make the subquery LATERAL; from elsewhere they forbid it.
    if !upper.is_subset(rels) {
        return None;
    }
    let lateral = !upper.is_empty();
    let left = pull_varnos(None, test);
    if left.is_empty() || !left.is_subset(rels) || cx.contain_volatile(test) {
        return None;
    }
    let sub = (*s.subselect).clone();
    let columns: Vec<TargetEntry> =
        sub.target_list.iter().filter(|t| !t.resjunk).cloned().collect();
    let colnames = columns
        .iter()
        .map(|t| t.resname.clone().unwrap_or_else(|| "?column?".to_owned()))
        .collect();
    root.parse.rtable.push(RangeTblEntry {
        kind: RteKind::Subquery { subquery: Box::new(sub), security_barrier: false, view: None },
        alias: Some(Alias { aliasname: "ANY_subquery".to_owned(), colnames: Vec::new() }),
        eref: Alias { aliasname: "ANY_subquery".to_owned(), colnames },
        lateral,
        inh: false,
        in_from_cl: false,
        security_quals: Vec::new(),
    });
    let rti = root.parse.rtable.len() as i32;
    let mut quals = test.clone();
    quals.rewrite(&mut |e| {
        if let Expr::Param(p) = e {
            if p.kind == ParamKind::Sublink {
                if let Some(c) = columns.get(p.paramid as usize - 1) {
                    *e = Expr::Var(make_var(
                        rti,
                        c.resno,
                        c.expr.typ(),
                        c.expr.typmod(),
                        c.expr.collation(),
                        0,
                    ));
                }
            }
        }
    });
    Some(new_join(JoinType::Semi, JoinTreeNode::RangeTblRef(rti), Some(quals)))
}

/// `[NOT] EXISTS (SELECT … FROM f WHERE q)` as a semi or anti join to f on q.
fn convert_exists(
    root: &mut PlannerInfo<'_>,
    s: &SubLink,
    under_not: bool,
    rels: &Relids,
) -> Option<JoinExpr> {
    if !s.subselect.cte_list.is_empty() {
        return None;
    }
    let mut sub = (*s.subselect).clone();
    if !simplify_exists_query(root, &mut sub) {
        return None;
    }
    crate::planner::replace_empty_jointree(&mut sub);
    let quals = sub.jointree.quals.take()?;
    // FROM itself must not depend on the outer query, WHERE must.
    if query_has_vars_of_level(&sub, 1) || !contain_vars_upper(&quals) {
        return None;
    }
    if root.cx().contain_volatile(&quals) {
        return None;
    }
    let offset = root.parse.rtable.len() as i32;
    let mut quals = quals;
    offset_varnos(&mut quals, offset, 0);
    let mut upper = Relids::new();
    let mut deeper = false;
    walk::visit_expr_deep(&quals, 0, &mut |e, l| match e {
        Expr::Var(v) if v.varlevelsup == l + 1 => upper.add(v.varno),
        Expr::Var(v) if v.varlevelsup > l + 1 => deeper = true,
        _ => {}
    });
    let _ = deeper;
    if upper.is_empty() || !upper.is_subset(rels) {
        return None;
    }
    increment_sublevels_up(&mut quals, -1, 1);
    let mut sub = sub;
    offset_query(&mut sub, offset);
    // Levels further out are one nearer now.
    increment_query_sublevels_up(&mut sub, -1, 1);
    for rte in &mut sub.rtable {
        if let RteKind::Relation { perminfoindex, .. } = &mut rte.kind {
            if *perminfoindex > 0 {
                *perminfoindex += root.parse.rteperminfos.len() as u32;
            }
        }
        if let RteKind::Subquery { view: Some((_, perm)), .. } = &mut rte.kind {
            if *perm > 0 {
                *perm += root.parse.rteperminfos.len() as u32;
            }
        }
    }
    root.parse.rteperminfos.extend(sub.rteperminfos);
    root.parse.rtable.extend(sub.rtable);
    root.parse.has_sub_links |= sub.has_sub_links;
    let mut fromlist = sub.jointree.fromlist;
    let rarg = if fromlist.len() == 1 {
        fromlist.remove(0)
    } else {
        JoinTreeNode::FromExpr(Box::new(FromExpr { fromlist, quals: None }))
    };
    let jointype = if under_not { JoinType::Anti } else { JoinType::Semi };
    let _ = Oid::INVALID;
    Some(new_join(jointype, rarg, Some(quals)))
}

/// Shifts all range table indexes of a query's own level.
pub fn offset_query(query: &mut Query, offset: i32) {
    if offset == 0 {
        return;
    }
    query.for_each_expr_mut(&mut |e| offset_varnos(e, offset, 0));
    for rte in &mut query.rtable {
        if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
            offset_nested(subquery, offset, 1);
        }
    }
    fn shift(n: &mut JoinTreeNode, offset: i32) {
        match n {
            JoinTreeNode::RangeTblRef(r) => *r += offset,
            JoinTreeNode::FromExpr(f) => f.fromlist.iter_mut().for_each(|n| shift(n, offset)),
            JoinTreeNode::JoinExpr(j) => {
                if j.rtindex > 0 {
                    j.rtindex += offset;
                }
                shift(&mut j.larg, offset);
                shift(&mut j.rarg, offset);
            }
        }
    }
    query.jointree.fromlist.iter_mut().for_each(|n| shift(n, offset));
    for m in &mut query.row_marks {
        m.rti += offset;
    }
}

fn offset_nested(query: &mut Query, offset: i32, level: u32) {
    query.for_each_expr_mut(&mut |e| offset_varnos(e, offset, level));
    for rte in &mut query.rtable {
        if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
            offset_nested(subquery, offset, level + 1);
        }
    }
    for c in &mut query.cte_list {
        offset_nested(&mut c.ctequery, offset, level + 1);
    }
}
