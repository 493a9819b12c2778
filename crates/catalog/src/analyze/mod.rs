//! Column statistics for ANALYZE: from a sample of rows to a pg_statistic row.
//!
//! The caller draws the sample ([`Reservoir`], 300 rows for each unit of the statistics target) and lends
//! comparison callbacks; [`scalar_statistics`] serves types with an order, [`distinct_statistics`] those
//! with equality only, [`trivial_statistics`] the rest.
mod distinct;
mod most_common;
mod sample;
mod scalar;
mod store;

pub use distinct::{distinct_statistics, trivial_statistics};
pub use sample::Reservoir;
pub use scalar::scalar_statistics;

use crate::read::CatalogRead;
use crate::rows::PgOpclass;
use error::PgResult;
use types::Oid;

/// Values wider than this are counted but not compared.
pub(crate) const WIDTH_THRESHOLD: i32 = 1024;

/// Rows to sample for each unit of the statistics target.
pub const ROWS_PER_TARGET: usize = 300;

/// What the statistics of a column are computed with.
#[derive(Clone, Copy, Debug)]
pub struct ColumnFacts {
    /// Rows of the table, estimated if the sample is not all of it.
    pub total_rows: f64,
    /// Statistics target (`attstattarget` or `default_statistics_target`).
    pub target: usize,
    /// `=` and `<` of the type's default btree (or hash) operator class.
    pub eq_op: Oid,
    /// INVALID if the type has no order.
    pub lt_op: Oid,
    /// The column's collation.
    pub collation: Oid,
    /// The type's fixed width, if it has one.
    pub fixed_width: Option<i32>,
}

impl ColumnFacts {
    /// For a column of a type: operators from its default btree operator class, or its hash one if it has
    /// equality only (INVALID where there is none).
    pub fn of_type(
        catalog: &dyn CatalogRead,
        typ: Oid,
        collation: Oid,
        total_rows: f64,
        target: usize,
    ) -> PgResult<ColumnFacts> {
        const BTREE: Oid = Oid(403);
        const HASH: Oid = Oid(405);
        const LESS: i16 = 1;
        const EQUAL: i16 = 3;
        const HASH_EQUAL: i16 = 1;
        let row = catalog.get_type(typ)?;
        let member = |class: &PgOpclass, strategy: i16| {
            catalog.opfamily_member(class.family, class.intype, class.intype, strategy)
        };
        let (mut eq_op, mut lt_op) = (Oid::INVALID, Oid::INVALID);
        if let Some(class) = catalog.default_opclass(typ, BTREE)? {
            (eq_op, lt_op) = (member(&class, EQUAL)?, member(&class, LESS)?);
        } else if let Some(class) = catalog.default_opclass(typ, HASH)? {
            eq_op = member(&class, HASH_EQUAL)?;
        }
        let fixed_width = (row.len > 0).then(|| i32::from(row.len));
        Ok(ColumnFacts { total_rows, target, eq_op, lt_op, collation, fixed_width })
    }
}

/// Bytes a value takes, as PostgreSQL would store it.
pub(crate) fn width_of(value: &types::Datum, facts: &ColumnFacts) -> i32 {
    use types::Datum;
    if let Some(width) = facts.fixed_width {
        return width;
    }
    match value {
        Datum::Bytes(v) if v.len() < 127 => v.len() as i32 + 1,
        Datum::Bytes(v) => v.len() as i32 + 4,
        Datum::Array(a) => 24 + a.elems.iter().map(|e| width_of(e, facts)).sum::<i32>(),
        Datum::Record(r) => 24 + r.fields.iter().map(|e| width_of(e, facts)).sum::<i32>(),
        Datum::Range(r) => {
            let bound = |b: &Option<Datum>| b.as_ref().map_or(0, |b| width_of(b, facts));
            9 + bound(&r.lower) + bound(&r.upper)
        }
        Datum::Bool(_) | Datum::Char(_) => 1,
        Datum::Int2(_) => 2,
        Datum::Int8(_) | Datum::Float8(_) => 8,
        _ => 4,
    }
}

/// The Duj1 estimate of the number of distinct values (Haas and Stokes): `distinct` values in `rows`
/// sampled non-null values of `total`, `once` of them seen only once.
pub(crate) fn estimate_distinct(rows: f64, total: f64, distinct: f64, once: f64) -> f64 {
    if total <= 0.0 {
        return 0.0;
    }
    let estimate = rows * distinct / ((rows - once) + once * rows / total);
    (estimate.clamp(distinct, total.max(distinct)) + 0.5).floor()
}

/// `stadistinct`: a number that seems to grow with the table becomes minus a fraction.
pub(crate) fn scale_distinct(distinct: f64, total_rows: f64) -> f32 {
    if distinct > 0.1 * total_rows { (-(distinct / total_rows)) as f32 } else { distinct as f32 }
}

#[cfg(test)]
mod tests;
