//! Vars of join and grouping range table entries replaced by what they stand for.
use crate::{clauses::*, relids::Relids, root::PlannerInfo};
use nodes::*;

/// Replaces Vars that refer to joins by the joined relations' columns.
pub fn flatten_join_alias_vars(root: &PlannerInfo<'_>, query: &Query, expr: &mut Expr) {
    flatten(root, query, expr, 0);
}

fn flatten(root: &PlannerInfo<'_>, query: &Query, expr: &mut Expr, level: u32) {
    match expr {
        Expr::Var(v) if v.varlevelsup == level => {
            let Some(rte) = query.rtable.get((v.varno - 1) as usize) else { return };
            let RteKind::Join { joinaliasvars, .. } = &rte.kind else { return };
            let nulling: Relids = v.varnullingrels.iter().copied().collect();
            let new = if v.varattno == WHOLE_ROW_ATTNO {
                let mut names = Vec::new();
                let args = joinaliasvars
                    .iter()
                    .zip(&rte.eref.colnames)
                    .filter(|(_, n)| !n.is_empty())
                    .map(|(e, n)| {
                        names.push(n.clone());
                        e.clone()
                    })
                    .collect();
                Expr::RowExpr(Box::new(RowExpr {
                    args,
                    row_typeid: v.vartype,
                    row_format: CoercionForm::ImplicitCast,
                    colnames: names,
                    location: v.location,
                }))
            } else {
                match joinaliasvars.get(v.varattno as usize - 1) {
                    Some(e) => e.clone(),
                    None => return,
                }
            };
            let mut new = new;
            if level > 0 {
                increment_sublevels_up(&mut new, level as i32, 0);
            }
            flatten(root, query, &mut new, level);
            if !nulling.is_empty() {
                new = add_nulling(root, new, &nulling, level);
            }
            *expr = new;
        }
        Expr::SubLink(s) => {
            if let Some(t) = &mut s.testexpr {
                flatten(root, query, t, level);
            }
            flatten_query(root, query, &mut s.subselect, level + 1);
        }
        _ => expr.for_each_child_mut(&mut |c| flatten(root, query, c, level)),
    }
}

/// As [`flatten_join_alias_vars`], within a subquery `level` levels down.
pub fn flatten_query(root: &PlannerInfo<'_>, outer: &Query, query: &mut Query, level: u32) {
    query.has_sub_links |= outer.has_sub_links;
    query.for_each_expr_mut(&mut |e| flatten(root, outer, e, level));
    for rte in &mut query.rtable {
        if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
            flatten_query(root, outer, subquery, level + 1);
        }
    }
    for cte in &mut query.cte_list {
        flatten_query(root, outer, &mut cte.ctequery, level + 1);
    }
}

/// Marks an expression as nulled by outer joins: at its Vars if it is NULL when they are, else by a
/// PlaceHolderVar around it.
fn add_nulling(root: &PlannerInfo<'_>, mut expr: Expr, nulling: &Relids, level: u32) -> Expr {
    let simple = |e: &Expr| match strip_all(e) {
        Expr::Var(_) | Expr::PlaceHolderVar(_) => true,
        Expr::CoalesceExpr(c) => {
            c.args.iter().all(|a| matches!(strip_all(a), Expr::Var(_) | Expr::PlaceHolderVar(_)))
        }
        _ => false,
    };
    if simple(&expr) || level > 0 {
        add_nulling_rels_at(&mut expr, nulling, level);
        return expr;
    }
    let rels = pull_varnos(None, &expr);
    let mut phv = crate::placeholder::make_placeholder_expr(&root.glob, expr, &rels);
    phv.phnullingrels = nulling.to_vec();
    Expr::PlaceHolderVar(Box::new(phv))
}

fn strip_all(mut e: &Expr) -> &Expr {
    loop {
        e = match e {
            Expr::RelabelType(r) => &r.arg,
            Expr::FuncExpr(f)
                if matches!(f.funcformat, CoercionForm::ImplicitCast) && !f.args.is_empty() =>
            {
                &f.args[0]
            }
            Expr::CoerceViaIO(c) => &c.arg,
            Expr::ArrayCoerceExpr(c) => &c.arg,
            other => return other,
        };
    }
}

fn add_nulling_rels_at(expr: &mut Expr, nulling: &Relids, level: u32) {
    let add = |list: &mut Vec<i32>| {
        for r in nulling.iter() {
            if let Err(at) = list.binary_search(&r) {
                list.insert(at, r);
            }
        }
    };
    expr.rewrite(&mut |e| match e {
        Expr::Var(v) if v.varlevelsup == level => add(&mut v.varnullingrels),
        Expr::PlaceHolderVar(p) if p.phlevelsup == level => add(&mut p.phnullingrels),
        _ => {}
    });
}

/// Replaces Vars of the grouping range table entry by the grouping expressions.
pub fn flatten_group_exprs(query: &Query, expr: &mut Expr, mark_nullable: bool) {
    flatten_group(query, expr, 0, mark_nullable);
}

fn flatten_group(query: &Query, expr: &mut Expr, level: u32, mark: bool) {
    match expr {
        Expr::Var(v) if v.varlevelsup == level => {
            let Some(rte) = query.rtable.get((v.varno - 1) as usize) else { return };
            let RteKind::Group { groupexprs } = &rte.kind else { return };
            let Some(e) = groupexprs.get(v.varattno as usize - 1) else { return };
            let mut new = e.clone();
            if level > 0 {
                increment_sublevels_up(&mut new, level as i32, 0);
            }
            if mark && !v.varnullingrels.is_empty() {
                let nulling: Relids = v.varnullingrels.iter().copied().collect();
                add_nulling_rels_at(&mut new, &nulling, level);
            }
            *expr = new;
        }
        Expr::SubLink(s) => {
            if let Some(t) = &mut s.testexpr {
                flatten_group(query, t, level, mark);
            }
            flatten_group_query(query, &mut s.subselect, level + 1, mark);
        }
        _ => expr.for_each_child_mut(&mut |c| flatten_group(query, c, level, mark)),
    }
}

fn flatten_group_query(outer: &Query, query: &mut Query, level: u32, mark: bool) {
    query.has_sub_links |= outer.has_sub_links;
    query.for_each_expr_mut(&mut |e| flatten_group(outer, e, level, mark));
    for rte in &mut query.rtable {
        if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
            flatten_group_query(outer, subquery, level + 1, mark);
        }
    }
    for cte in &mut query.cte_list {
        flatten_group_query(outer, &mut cte.ctequery, level + 1, mark);
    }
}
