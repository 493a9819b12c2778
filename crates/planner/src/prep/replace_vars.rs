//! Columns of a merged subquery replaced by what they stand for.
//!
//! Where an outer join can turn the column to NULL, its expression either becomes NULL by itself
//! when the subquery's own columns do, or it is wrapped into a PlaceHolderVar that is evaluated below
//! that join.
use crate::{clauses::*, placeholder::make_placeholder_expr, relids::Relids, root::PlannerInfo};
use nodes::*;

/// When expressions are wrapped although no outer join asks for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WrapOption {
    None,
    /// Always: grouping sets must recognise the columns.
    All,
    /// If nothing else tells which side of a full join they are from.
    VarFree,
}

/// What columns of a range table entry are replaced by.
pub struct Replacement<'a> {
    pub rti: i32,
    pub target_list: &'a [TargetEntry],
    pub colnames: Vec<String>,
    pub lateral: bool,
    /// Everything in the merged join tree.
    pub relids: Relids,
    /// For a LATERAL entry: the outer joins that null each relation, by range table index.
    pub nulling: Vec<Relids>,
    pub wrap: WrapOption,
    /// Wrapped expressions by column, so that equal columns stay equal.
    pub cache: Vec<Option<Expr>>,
}

/// The outer joins that can null each relation of a query.
pub fn nulling_rels(query: &Query) -> Vec<Relids> {
    fn walk(n: &JoinTreeNode, above: &Relids, out: &mut [Relids]) {
        match n {
            JoinTreeNode::RangeTblRef(r) => {
                if let Some(slot) = out.get_mut(*r as usize) {
                    *slot = above.clone();
                }
            }
            JoinTreeNode::FromExpr(f) => f.fromlist.iter().for_each(|n| walk(n, above, out)),
            JoinTreeNode::JoinExpr(j) => {
                let mut more = above.clone();
                if j.rtindex > 0 {
                    more.add(j.rtindex);
                }
                let (l, r) = match j.jointype {
                    JoinType::Left | JoinType::Anti => (above, &more),
                    JoinType::Right => (&more, above),
                    JoinType::Full => (&more, &more),
                    _ => (above, above),
                };
                walk(&j.larg, l, out);
                walk(&j.rarg, r, out);
            }
        }
    }
    let mut out = vec![Relids::new(); query.rtable.len() + 1];
    query.jointree.fromlist.iter().for_each(|n| walk(n, &Relids::new(), &mut out));
    out
}

/// Replaces the columns in the whole query of `root`.
pub fn replace_in_tree(root: &mut PlannerInfo<'_>, how: &mut Replacement<'_>) {
    let mut parse = std::mem::take(&mut root.parse);
    // The conditions of full joins must show which side their parts are from.
    let mut tree = std::mem::take(&mut parse.jointree);
    replace_in_from(root, &mut tree, how);
    replace_in_query(root, &mut parse, how, 0);
    parse.jointree = tree;
    let mut infos = std::mem::take(&mut root.append_rel_list);
    for info in &mut infos {
        let info = std::rc::Rc::make_mut(info);
        for e in info.translated_vars.iter_mut().flatten() {
            replace_vars(root, e, how, 0);
        }
    }
    root.append_rel_list = infos;
    root.parse = parse;
}

fn replace_in_from(root: &PlannerInfo<'_>, from: &mut FromExpr, how: &mut Replacement<'_>) {
    from.fromlist.iter_mut().for_each(|n| replace_in_node(root, n, how));
    from.quals.iter_mut().for_each(|q| replace_vars(root, q, how, 0));
}

fn replace_in_node(root: &PlannerInfo<'_>, node: &mut JoinTreeNode, how: &mut Replacement<'_>) {
    match node {
        JoinTreeNode::RangeTblRef(_) => {}
        JoinTreeNode::FromExpr(f) => replace_in_from(root, f, how),
        JoinTreeNode::JoinExpr(j) => {
            replace_in_node(root, &mut j.larg, how);
            replace_in_node(root, &mut j.rarg, how);
            let saved = how.wrap;
            if j.jointype == JoinType::Full && how.wrap == WrapOption::None {
                how.wrap = WrapOption::VarFree;
            }
            j.quals.iter_mut().for_each(|q| replace_vars(root, q, how, 0));
            how.wrap = saved;
        }
    }
}

fn replace_in_query(
    root: &PlannerInfo<'_>,
    query: &mut Query,
    how: &mut Replacement<'_>,
    level: u32,
) {
    if level > 0 && how.target_list.iter().any(|t| contain_sublinks(&t.expr)) {
        // One may be copied into it.
        query.has_sub_links = true;
    }
    query.for_each_expr_mut(&mut |e| replace_vars(root, e, how, level));
    for rte in &mut query.rtable {
        if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
            replace_in_query(root, subquery, how, level + 1);
        }
    }
    for c in &mut query.cte_list {
        replace_in_query(root, &mut c.ctequery, how, level + 1);
    }
}

/// Replaces the columns in an expression that stands `level` query levels below.
pub fn replace_vars(root: &PlannerInfo<'_>, e: &mut Expr, how: &mut Replacement<'_>, level: u32) {
    match e {
        Expr::Var(v) if v.varlevelsup == level && v.varno == how.rti && v.varattno >= 0 => {
            if let Some(new) = replacement(root, v, how) {
                *e = new;
                if level > 0 {
                    increment_sublevels_up(e, level as i32, 0);
                }
            }
        }
        Expr::SubLink(s) => {
            if let Some(t) = &mut s.testexpr {
                replace_vars(root, t, how, level);
            }
            replace_in_query(root, &mut s.subselect, how, level + 1);
        }
        _ => e.for_each_child_mut(&mut |c| replace_vars(root, c, how, level)),
    }
}

fn replacement(root: &PlannerInfo<'_>, v: &Var, how: &mut Replacement<'_>) -> Option<Expr> {
    let need_phv = !v.varnullingrels.is_empty() || how.wrap != WrapOption::None;
    let cached = how.cache.get(v.varattno as usize).cloned().flatten().filter(|_| need_phv);
    let mut new = match cached {
        Some(e) => e,
        None => {
            let new = column(v, how)?;
            if need_phv && must_wrap(root, v, &new, how) {
                let phrels = Relids::single(how.rti);
                let new =
                    Expr::PlaceHolderVar(Box::new(make_placeholder_expr(&root.glob, new, &phrels)));
                if let Some(slot) = how.cache.get_mut(v.varattno as usize) {
                    *slot = Some(new.clone());
                }
                new
            } else {
                new
            }
        }
    };
    add_nulling(v, &mut new, how);
    Some(new)
}

fn column(v: &Var, how: &Replacement<'_>) -> Option<Expr> {
    if v.varattno == WHOLE_ROW_ATTNO {
        return Some(Expr::RowExpr(Box::new(RowExpr {
            args: how.target_list.iter().filter(|t| !t.resjunk).map(|t| t.expr.clone()).collect(),
            row_typeid: v.vartype,
            row_format: CoercionForm::ImplicitCast,
            colnames: how.colnames.clone(),
            location: v.location,
        })));
    }
    let mut new = how.target_list.iter().find(|t| t.resno == v.varattno)?.expr.clone();
    if let Expr::Var(n) = &mut new {
        n.varreturningtype = v.varreturningtype;
    }
    Some(new)
}

fn must_wrap(root: &PlannerInfo<'_>, v: &Var, new: &Expr, how: &Replacement<'_>) -> bool {
    if how.wrap == WrapOption::All || v.varattno == WHOLE_ROW_ATTNO {
        return true;
    }
    // A lateral reference that is nulled together with the subquery is as good as its own column.
    let own = how.nulling.get(how.rti as usize).cloned().unwrap_or_default();
    let nulled_alike = |rel: i32| how.nulling.get(rel as usize).is_some_and(|n| own.is_subset(n));
    match new {
        Expr::Var(n) if n.varlevelsup == 0 => {
            how.lateral && !how.relids.contains(n.varno) && !nulled_alike(n.varno)
        }
        Expr::PlaceHolderVar(p) if p.phlevelsup == 0 => {
            how.lateral
                && !p.phrels.iter().all(|r| how.relids.contains(*r))
                && !p.phrels.iter().all(|r| nulled_alike(*r))
        }
        _ => {
            let vars = pull_varnos(None, new);
            let nullable = if how.lateral {
                vars.overlaps(&how.relids) || vars.iter().any(nulled_alike)
            } else {
                !vars.is_empty()
            };
            !nullable || root.cx().contain_nonstrict(new)
        }
    }
}

/// The nulling marks of the column go to what replaces it.
fn add_nulling(v: &Var, new: &mut Expr, how: &Replacement<'_>) {
    if v.varnullingrels.is_empty() {
        return;
    }
    let nulling: Relids = v.varnullingrels.iter().copied().collect();
    match new {
        Expr::Var(_) | Expr::PlaceHolderVar(_) => add_nulling_to_node(new, &nulling),
        _ if how.lateral => {
            // References out of the subquery bear only what applies to their own relations.
            for rel in pull_varnos(None, new).difference(&how.relids).iter() {
                let applies = how
                    .nulling
                    .get(rel as usize)
                    .map(|n| n.intersect(&nulling))
                    .unwrap_or_default();
                if !applies.is_empty() {
                    add_nulling_rels(new, Some(&Relids::single(rel)), &applies);
                }
            }
            add_nulling_rels(new, Some(&how.relids), &nulling);
        }
        _ => add_nulling_rels(new, None, &nulling),
    }
}

fn add_nulling_to_node(e: &mut Expr, nulling: &Relids) {
    let list = match e {
        Expr::Var(v) => &mut v.varnullingrels,
        Expr::PlaceHolderVar(p) => &mut p.phnullingrels,
        _ => return,
    };
    let mut all: Relids = list.iter().copied().collect();
    all.add_all(nulling);
    *list = all.to_vec();
}
