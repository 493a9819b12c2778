//! What is known of the values of an expression.
use super::*;
use crate::lsyscache::am;
use catalog::Statistic;
use std::sync::Arc;

/// Statistics of an expression.
#[derive(Clone)]
pub struct VarStats {
    pub var: Expr,
    pub rel: Option<RelId>,
    pub stats: Option<Arc<Statistic>>,
    pub is_unique: bool,
    pub typ: Oid,
    pub rel_tuples: f64,
    pub rel_rows: f64,
}

impl VarStats {
    /// Fraction of NULLs.
    pub fn nullfrac(&self) -> f64 {
        self.stats.as_ref().map_or(0.0, |s| s.nullfrac as f64)
    }

    /// A statistics slot by kind.
    pub fn slot(&self, kind: i16) -> Option<&catalog::StatisticSlot> {
        self.stats.as_ref()?.slots.iter().find(|s| s.kind == kind)
    }
}

/// Looks up what is known of an expression.
pub fn examine_variable(root: &PlannerInfo<'_>, node: &Expr, varrelid: i32) -> VarStats {
    let mut basic = strip_relabel(node);
    while let Expr::PlaceHolderVar(p) = basic {
        basic = strip_relabel(&p.phexpr);
    }
    let mut out = VarStats {
        var: node.clone(),
        rel: None,
        stats: None,
        is_unique: false,
        typ: node.typ(),
        rel_tuples: 0.0,
        rel_rows: 0.0,
    };
    if let Expr::Var(v) = basic {
        if v.varlevelsup == 0 && (varrelid == 0 || varrelid == v.varno) {
            out.var = basic.clone();
            if let Some(id) = root.try_base(v.varno) {
                out.rel = Some(id);
                out.rel_tuples = root.rels[id].tuples;
                out.rel_rows = root.rels[id].rows;
                simple_variable(root, v, id, &mut out);
            }
            return out;
        }
    }
    let varnos = pull_varnos(Some(root), basic).intersect(&root.all_baserels);
    let mut only_rel = None;
    match varnos.singleton() {
        Some(rti) if varrelid == 0 || varrelid == rti => only_rel = root.try_base(rti),
        _ => {
            if varnos.len() > 1 && varrelid == 0 {
                // An expression over a join: no relation of its own.
                out.rel = None;
            } else if varrelid != 0 && varnos.contains(varrelid) {
                only_rel = root.try_base(varrelid);
            }
        }
    }
    let Some(id) = only_rel else { return out };
    out.rel = Some(id);
    out.rel_tuples = root.rels[id].tuples;
    out.rel_rows = root.rels[id].rows;
    out.var = basic.clone();
    // An index on the expression has statistics of its own.
    for index in &root.rels[id].indexlist {
        for (col, expr) in index.columns.iter().enumerate() {
            if index.indexkeys[col] == 0 && strip_relabel(expr).equals(basic) {
                if index.unique && index.nkeycolumns == 1 && index.predicate.is_empty() {
                    out.is_unique = true;
                }
                out.stats =
                    root.cx().catalog.statistic(index.oid, col as i16 + 1, false).ok().flatten();
                if out.stats.is_some() {
                    return out;
                }
            }
        }
    }
    out
}

fn simple_variable(root: &PlannerInfo<'_>, v: &Var, id: RelId, out: &mut VarStats) {
    let rel = &root.rels[id];
    let rte = root.rte(v.varno);
    match &rte.kind {
        RteKind::Relation { relid, .. } => {
            if v.varattno <= 0 {
                out.is_unique = v.varattno == sysattr::CTID;
                return;
            }
            out.stats = root.cx().catalog.statistic(*relid, v.varattno, rte.inh).ok().flatten();
            out.is_unique = has_unique_index(rel, v.varattno);
        }
        RteKind::Subquery { subquery, .. } => {
            if subquery.set_operations.is_some()
                || !subquery.grouping_sets.is_empty()
                || v.varattno <= 0
            {
                return;
            }
            let Some(sub) = rel.subroot.as_deref() else { return };
            let parse = &sub.parse;
            let tlist = if parse.target_list.is_empty() {
                &subquery.target_list
            } else {
                &parse.target_list
            };
            let Some(te) = tlist.iter().find(|t| t.resno == v.varattno && !t.resjunk) else {
                return;
            };
            if !parse.distinct_clause.is_empty() {
                // DISTINCT on one column makes it unique; otherwise nothing is known.
                let single = parse.distinct_clause.len() == 1
                    && parse.distinct_clause[0].tle_sort_group_ref == te.ressortgroupref;
                out.is_unique |= single;
                return;
            }
            if !parse.group_clause.is_empty() {
                let single = parse.group_clause.len() == 1
                    && parse.group_clause[0].tle_sort_group_ref == te.ressortgroupref
                    && te.ressortgroupref != 0;
                out.is_unique |= single;
                if !parse.group_clause.iter().any(|g| g.tle_sort_group_ref == te.ressortgroupref) {
                    return;
                }
            }
            if let Expr::Var(inner) = strip_relabel(&te.expr) {
                if inner.varlevelsup == 0 {
                    if let Some(inner_id) = sub.try_base(inner.varno) {
                        let mut below = VarStats { stats: None, is_unique: false, ..out.clone() };
                        simple_variable(sub, inner, inner_id, &mut below);
                        out.stats = below.stats;
                    }
                }
            }
        }
        _ => {}
    }
}

fn has_unique_index(rel: &RelOptInfo<'_>, attno: i16) -> bool {
    rel.indexlist.iter().any(|i| {
        i.unique
            && i.nkeycolumns == 1
            && i.indexkeys[0] == attno
            && (i.predicate.is_empty() || i.pred_ok.get())
            && i.am == am::BTREE
    })
}

/// Fraction of NULLs of an expression.
pub fn null_fraction(root: &PlannerInfo<'_>, expr: &Expr) -> f64 {
    examine_variable(root, expr, 0).nullfrac()
}

/// Number of distinct values, and whether that is a mere guess.
pub fn num_distinct(root: &PlannerInfo<'_>, expr: &Expr) -> (f64, bool) {
    variable_num_distinct(root, &examine_variable(root, expr, 0))
}

/// As [`num_distinct`] for looked-up statistics.
pub fn variable_num_distinct(root: &PlannerInfo<'_>, v: &VarStats) -> (f64, bool) {
    let mut distinct = 0.0;
    let mut nullfrac = 0.0;
    if let Some(s) = &v.stats {
        distinct = s.distinct as f64;
        nullfrac = s.nullfrac as f64;
    } else if v.typ == types::type_oid::BOOL {
        distinct = 2.0;
    } else if let Some(id) = v.rel {
        if root.rels[id].base == BaseKind::Values {
            distinct = -1.0;
        } else if let Expr::Var(var) = &v.var {
            distinct = match var.varattno {
                sysattr::CTID => -1.0,
                sysattr::TABLEOID => 1.0,
                _ => 0.0,
            };
        }
    }
    if v.is_unique {
        distinct = -(1.0 - nullfrac);
    }
    if distinct > 0.0 {
        return (crate::cost::clamp_row_est(distinct), false);
    }
    let Some(id) = v.rel else { return (DEFAULT_NUM_DISTINCT, true) };
    let tuples = root.rels[id].tuples;
    if tuples <= 0.0 {
        return (DEFAULT_NUM_DISTINCT, true);
    }
    if distinct < 0.0 {
        return (crate::cost::clamp_row_est(-distinct * tuples), false);
    }
    if tuples < DEFAULT_NUM_DISTINCT {
        return (crate::cost::clamp_row_est(tuples), false);
    }
    (DEFAULT_NUM_DISTINCT, true)
}

/// Fraction of rows in which a boolean expression is true.
pub fn boolvarsel(root: &PlannerInfo<'_>, expr: &Expr) -> f64 {
    let v = examine_variable(root, expr, 0);
    if v.stats.is_some() {
        super::restrict::var_eq_const(
            root,
            &v,
            Oid(91),
            &Datum::Bool(true),
            types::type_oid::BOOL,
            false,
            false,
        )
    } else {
        0.5
    }
}
