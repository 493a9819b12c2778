//! LATERAL: which relations need values of which others.
use super::deconstruct::add_vars_to_targetlist;
use crate::{clauses::*, placeholder, relids::Relids, root::*};
use error::PgResult;
use nodes::*;

/// Relations that a LATERAL entry refers to become needed at it.
pub fn find_lateral_references(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    if !root.has_lateral_rtes {
        return Ok(());
    }
    for rti in 1..root.simple_rels.len() as i32 {
        let Some(id) = root.try_base(rti) else { continue };
        let rte = root.rte(rti);
        if !rte.lateral && !matches!(rte.kind, RteKind::Relation { .. }) {
            continue;
        }
        let how = PullVars::default();
        let mut vars: Vec<Expr> = Vec::new();
        match &rte.kind {
            RteKind::Relation { tablesample: Some(ts), .. } => {
                ts.args.iter().for_each(|e| vars.extend(pull_var_clause(e, how)));
            }
            RteKind::Subquery { subquery, .. } => vars = lateral_vars_of_query(subquery),
            RteKind::Function { .. } | RteKind::TableFunc(_) | RteKind::Values { .. } => {
                rte.kind.for_each_expr(&mut |e| vars.extend(pull_var_clause(e, how)));
            }
            _ => continue,
        }
        if vars.is_empty() {
            continue;
        }
        if matches!(root.rte(rti).kind, RteKind::Subquery { .. }) {
            for v in &mut vars {
                if let Expr::PlaceHolderVar(p) = v {
                    let e = std::mem::replace(&mut p.phexpr, crate::lsyscache::bool_const(None));
                    p.phexpr = crate::planner::preprocess_phv_expression(root, e)?;
                }
            }
        }
        let needed = Relids::single(rti);
        add_vars_to_targetlist(root, &vars, &needed);
        root.rels[id].lateral_vars = vars;
    }
    Ok(())
}

/// Vars of the level above that a LATERAL subquery uses, as Vars of that level.
fn lateral_vars_of_query(query: &Query) -> Vec<Expr> {
    let mut vars: Vec<Expr> = Vec::new();
    walk::visit_query_deep(query, 1, &mut |e, level| match e {
        Expr::Var(v) if v.varlevelsup == level => {
            let mut v = v.clone();
            v.varlevelsup = 0;
            vars.push(Expr::Var(v));
        }
        Expr::PlaceHolderVar(p) if p.phlevelsup == level && level > 0 => {
            let mut copy = Expr::PlaceHolderVar(p.clone());
            increment_sublevels_up(&mut copy, -(level as i32), 0);
            vars.push(copy);
        }
        _ => {}
    });
    let mut unique: Vec<Expr> = Vec::new();
    for v in vars {
        if !unique.iter().any(|u| u.equals(&v)) {
            unique.push(v);
        }
    }
    unique
}

/// Which relations each one depends on through LATERAL, directly and not.
pub fn create_lateral_join_info(root: &mut PlannerInfo<'_>) {
    if !root.has_lateral_rtes {
        return;
    }
    let mut found = false;
    for rti in 1..root.simple_rels.len() as i32 {
        let Some(id) = root.try_base(rti) else { continue };
        let mut direct = Relids::new();
        for var in root.rels[id].lateral_vars.clone() {
            match &var {
                Expr::Var(v) => {
                    direct.add(v.varno);
                    found = true;
                }
                Expr::PlaceHolderVar(p) => {
                    let at = placeholder::find_placeholder_info(root, p);
                    direct.add_all(&root.placeholder_list[at].eval_at.clone());
                    found = true;
                }
                _ => {}
            }
        }
        let direct = direct.intersect(&root.all_baserels);
        let rel = &mut root.rels[id];
        rel.direct_lateral_relids = direct.clone();
        rel.lateral_relids = direct;
    }
    for info in root.placeholder_list.clone() {
        if info.lateral.is_empty() {
            continue;
        }
        found = true;
        let refs = info.lateral.intersect(&root.all_baserels);
        for rti in info.eval_at.iter() {
            if let Some(id) = root.try_base(rti) {
                root.rels[id].lateral_relids.add_all(&refs);
                if info.eval_at.len() == 1 {
                    root.rels[id].direct_lateral_relids.add_all(&refs);
                }
            }
        }
    }
    if !found {
        root.has_lateral_rtes = false;
        return;
    }
    // Transitive closure, without outer joins' own numbers.
    let oj = root.outer_join_rels.clone();
    loop {
        let mut changed = false;
        for rti in 1..root.simple_rels.len() as i32 {
            let Some(id) = root.try_base(rti) else { continue };
            let mut more = root.rels[id].lateral_relids.clone();
            for other in root.rels[id].lateral_relids.iter() {
                if let Some(o) = root.try_base(other) {
                    more.add_all(&root.rels[o].lateral_relids);
                }
            }
            more.remove_all(&oj);
            if more != root.rels[id].lateral_relids {
                root.rels[id].lateral_relids = more;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for rti in 1..root.simple_rels.len() as i32 {
        let Some(id) = root.try_base(rti) else { continue };
        for other in root.rels[id].lateral_relids.to_vec() {
            if let Some(o) = root.try_base(other) {
                root.rels[o].lateral_referencers.add(rti);
            }
        }
    }
}
