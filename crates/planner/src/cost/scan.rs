//! Costs of scans.
use super::*;
use crate::{path::*, root::*};

/// Costs common to what a cost function returns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Costs {
    pub startup: f64,
    pub total: f64,
    pub rows: f64,
    pub disabled: i32,
}

fn base_rows(rel: &RelOptInfo<'_>, param: Option<&ParamPathInfo>) -> f64 {
    param.map_or(rel.rows, |p| p.rows)
}

/// Sequential scan.
pub fn cost_seqscan(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    param: Option<&ParamPathInfo>,
) -> Costs {
    let s = &root.cx().settings;
    let qual = restriction_qual_cost(root, rel, param);
    let target = rel.reltarget.cost;
    let rows = base_rows(rel, param);
    let startup = qual.startup + target.startup;
    let cpu = (s.cpu_tuple_cost + qual.per_tuple) * rel.tuples + target.per_tuple * rows;
    Costs {
        startup,
        total: startup + cpu + s.seq_page_cost * rel.pages,
        rows,
        disabled: i32::from(!s.enable_seqscan),
    }
}

/// TABLESAMPLE scan.
pub fn cost_samplescan(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    param: Option<&ParamPathInfo>,
    system: bool,
) -> Costs {
    let s = &root.cx().settings;
    let qual = restriction_qual_cost(root, rel, param);
    let rows = base_rows(rel, param);
    let page_cost = if system { s.random_page_cost } else { s.seq_page_cost };
    let startup = qual.startup + rel.reltarget.cost.startup;
    let run = page_cost * rel.pages
        + (s.cpu_tuple_cost + qual.per_tuple) * rel.tuples
        + rel.reltarget.cost.per_tuple * rows;
    Costs { startup, total: startup + run, rows, disabled: 0 }
}

/// Scan of rows made elsewhere (subquery, CTE, function, values): one tuple cost each.
pub fn cost_generic_scan(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    param: Option<&ParamPathInfo>,
    startup: f64,
    cpu_per_tuple: f64,
    tuples: f64,
) -> Costs {
    let qual = restriction_qual_cost(root, rel, param);
    let target = rel.reltarget.cost;
    let rows = base_rows(rel, param);
    let startup = startup + qual.startup + target.startup;
    let run = (cpu_per_tuple + qual.per_tuple) * tuples + target.per_tuple * rows;
    Costs { startup, total: startup + run, rows, disabled: 0 }
}

/// Scan of a subquery's path.
pub fn cost_subqueryscan(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    param: Option<&ParamPathInfo>,
    subpath: &Path,
    trivial: bool,
) -> Costs {
    let s = &root.cx().settings;
    let mut quals: Vec<_> = rel.baserestrictinfo.clone();
    if let Some(p) = param {
        quals.extend(p.clauses.iter().cloned());
    }
    let selectivity =
        crate::selectivity::clauselist_selectivity(root, &quals, 0, JoinTypeOf::Inner, None);
    let rows = clamp_row_est(subpath.rows * selectivity);
    // Nothing to filter or compute: the node will be removed.
    if quals.is_empty() && trivial {
        return Costs {
            startup: subpath.startup_cost,
            total: subpath.total_cost,
            rows,
            disabled: subpath.disabled_nodes,
        };
    }
    let qual = restriction_qual_cost(root, rel, param);
    let target = rel.reltarget.cost;
    let startup = qual.startup + target.startup;
    let run = (s.cpu_tuple_cost + qual.per_tuple) * subpath.rows + target.per_tuple * rows;
    Costs {
        startup: subpath.startup_cost + startup,
        total: subpath.total_cost + startup + run,
        rows,
        disabled: subpath.disabled_nodes,
    }
}

/// Join type as selectivity functions take it.
pub use nodes::JoinType as JoinTypeOf;

/// TID scan.
pub fn cost_tidscan(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    param: Option<&ParamPathInfo>,
    tidquals: &[std::rc::Rc<RestrictInfo>],
) -> Costs {
    use nodes::Expr;
    let s = &root.cx().settings;
    let mut ntuples = 0.0;
    let mut current_of = false;
    for q in tidquals {
        match &q.clause {
            Expr::ScalarArrayOpExpr(x) => ntuples += expr_cost::estimate_array_length(&x.args[1]),
            Expr::CurrentOfExpr(_) => {
                current_of = true;
                ntuples += 1.0;
            }
            _ => ntuples += 1.0,
        }
    }
    let tid_cost = cost_qual_eval(root.cx(), tidquals);
    let qual = restriction_qual_cost(root, rel, param);
    let rows = base_rows(rel, param);
    let mut startup = qual.startup + tid_cost.per_tuple + rel.reltarget.cost.startup;
    let mut run = s.random_page_cost * ntuples
        + (s.cpu_tuple_cost + qual.per_tuple - tid_cost.per_tuple) * ntuples
        + rel.reltarget.cost.per_tuple * rows;
    if current_of {
        // The condition's huge startup cost is only there to forbid other paths.
        startup -= 1.0e10;
        run = run.max(0.0);
    }
    Costs {
        startup,
        total: startup + run,
        rows,
        disabled: if current_of { 0 } else { i32::from(!s.enable_tidscan) },
    }
}

/// TID range scan.
pub fn cost_tidrangescan(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    param: Option<&ParamPathInfo>,
    quals: &[std::rc::Rc<RestrictInfo>],
) -> Costs {
    let s = &root.cx().settings;
    let selectivity =
        crate::selectivity::clauselist_selectivity(root, quals, rel.relid, JoinTypeOf::Inner, None);
    let pages = (selectivity * rel.pages).ceil().max(1.0);
    let ntuples = selectivity * rel.tuples;
    let tid_cost = cost_qual_eval(root.cx(), quals);
    let qual = restriction_qual_cost(root, rel, param);
    let rows = base_rows(rel, param);
    let startup = qual.startup + tid_cost.per_tuple + rel.reltarget.cost.startup;
    let run = s.random_page_cost
        + s.seq_page_cost * (pages - 1.0)
        + (s.cpu_tuple_cost + qual.per_tuple - tid_cost.per_tuple) * ntuples
        + rel.reltarget.cost.per_tuple * rows;
    Costs { startup, total: startup + run, rows, disabled: i32::from(!s.enable_tidscan) }
}
