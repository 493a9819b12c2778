//! The cost model: PostgreSQL's formulas over its constants, as if relations lay in its heap pages.
pub mod expr_cost;
pub mod index;
pub mod join;
pub mod node;
pub mod scan;

pub use expr_cost::{cost_qual_eval, expr_cost, qual_cost, target_cost};
pub use index::*;
pub use join::*;
pub use node::*;
pub use scan::*;

use crate::root::*;

/// Upper bound of a row estimate.
pub const MAX_ROWS: f64 = 1e100;

/// A sane row count: whole and at least one.
pub fn clamp_row_est(rows: f64) -> f64 {
    if rows > MAX_ROWS || rows.is_nan() {
        MAX_ROWS
    } else if rows <= 1.0 {
        1.0
    } else {
        // To even, as C's rint.
        let r = rows.round();
        if (rows - rows.trunc()).abs() == 0.5 && r % 2.0 != 0.0 { r - 1.0 } else { r }
    }
}

/// A sane selectivity.
pub fn clamp_probability(p: f64) -> f64 {
    p.clamp(0.0, 1.0)
}

/// A sane width.
pub fn clamp_width(w: i64) -> i32 {
    w.clamp(0, 1 << 28) as i32
}

/// The cost of a scan's own quals: the relation's and those that come with parameters.
pub fn restriction_qual_cost(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    param: Option<&ParamPathInfo>,
) -> Cost {
    let mut cost = rel.baserestrictcost;
    if let Some(p) = param {
        cost.add(cost_qual_eval(root.cx(), &p.clauses));
    }
    cost
}

/// `cost_sort`: startup, run and disabled.
pub fn log2(x: f64) -> f64 {
    x.ln() / std::f64::consts::LN_2
}

/// Pages that tuples of a width take.
pub fn page_size(tuples: f64, width: i32) -> f64 {
    (relation_byte_size(tuples, width) / 8192.0).ceil()
}

/// Bytes that tuples of a width take in memory.
pub fn relation_byte_size(tuples: f64, width: i32) -> f64 {
    tuples * (maxalign(width as f64) + maxalign(23.0))
}

/// Rounds up to eight bytes.
pub fn maxalign(n: f64) -> f64 {
    ((n / 8.0).ceil()) * 8.0
}

/// Mackert and Lohman's estimate of pages fetched by an index scan with a cache.
pub fn index_pages_fetched(
    root: &PlannerInfo<'_>,
    tuples_fetched: f64,
    pages: f64,
    index_pages: f64,
) -> f64 {
    let t = pages.max(1.0);
    let mut total = total_table_pages(root) + index_pages;
    if total < t {
        total = t;
    }
    let cache = root.cx().settings.effective_cache_size;
    let mut b = cache * t / total.max(1.0);
    b = if b <= 1.0 { 1.0 } else { b.ceil() };
    let n = tuples_fetched;
    if t <= b {
        let p = (2.0 * t * n) / (2.0 * t + n);
        if p >= t { t } else { p.ceil() }
    } else {
        let lim = (2.0 * t * b) / (2.0 * t - b);
        if n <= lim { (2.0 * t * n) / (2.0 * t + n) } else { b + (n - lim) * (t - b) / t }.ceil()
    }
}

fn total_table_pages(root: &PlannerInfo<'_>) -> f64 {
    root.simple_rels
        .iter()
        .flatten()
        .map(|id| &root.rels[*id])
        .filter(|r| r.is_simple() && r.base == BaseKind::Relation)
        .map(|r| r.pages)
        .sum()
}
