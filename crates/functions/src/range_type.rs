//! What a range type is made of, and the algebra of its ranges and multiranges.
use crate::system::catalog;
use catalog::CatalogRead;
use error::{PgError, PgResult, bail};
use fmgr::{CallContext, CallSite};
use std::{cmp::Ordering, sync::Arc};
use types::{
    Datum, Oid, RangeValue, io,
    range::{self, Bound},
};

/// A range type.
#[derive(Clone, Debug)]
pub struct RangeType {
    /// The range type.
    pub oid: Oid,
    /// Its multirange type.
    pub multirange: Oid,
    /// Type of its bounds.
    pub subtype: Oid,
    /// Collation of its bounds.
    pub collation: Oid,
    /// Function that brings a discrete range into normal form.
    pub canonical: Oid,
    /// Function that measures the distance of bounds.
    pub subdiff: Oid,
    builtin: bool,
    /// Comparison function, if it is not the subtype's default one.
    comparison: Oid,
}

/// The btree access method.
const BTREE: Oid = Oid(403);

const BUILTIN: [(Oid, Oid); 6] = {
    use types::type_oid as t;
    [
        (t::INT4RANGE, t::INT4MULTIRANGE),
        (t::INT8RANGE, t::INT8MULTIRANGE),
        (t::NUMRANGE, t::NUMMULTIRANGE),
        (t::TSRANGE, t::TSMULTIRANGE),
        (t::TSTZRANGE, t::TSTZMULTIRANGE),
        (t::DATERANGE, t::DATEMULTIRANGE),
    ]
};

impl RangeType {
    /// By range type.
    pub fn of_range(cx: &CallContext<'_>, oid: Oid) -> PgResult<RangeType> {
        if let Some(builtin) = Self::builtin(oid) {
            return Ok(builtin);
        }
        match catalog(cx)?.lookup_range(oid)? {
            Some(row) => Self::from_row(cx, &row),
            None => Err(PgError::internal(format!("type {oid} is not a range type"))),
        }
    }

    /// By multirange type.
    pub fn of_multirange(cx: &CallContext<'_>, oid: Oid) -> PgResult<RangeType> {
        if let Some((range, _)) = BUILTIN.iter().find(|(_, multi)| *multi == oid) {
            return Self::of_range(cx, *range);
        }
        match catalog(cx)?.lookup_range_by_multirange(oid)? {
            Some(row) => Self::from_row(cx, &row),
            None => Err(PgError::internal(format!("type {oid} is not a multirange type"))),
        }
    }

    fn builtin(oid: Oid) -> Option<RangeType> {
        let (_, multirange) = BUILTIN.iter().find(|(range, _)| *range == oid)?;
        Some(RangeType {
            oid,
            multirange: *multirange,
            subtype: range::builtin_subtype(oid)?,
            collation: Oid::INVALID,
            canonical: Oid::INVALID,
            subdiff: Oid::INVALID,
            builtin: true,
            comparison: Oid::INVALID,
        })
    }

    fn from_row(cx: &CallContext<'_>, row: &catalog::PgRange) -> PgResult<RangeType> {
        let cat = catalog(cx)?;
        let mut comparison = Oid::INVALID;
        if cat.default_opclass(row.subtype, BTREE)?.is_none_or(|class| class.oid != row.subopc) {
            if let Some(class) = cat.lookup_opclass(row.subopc)? {
                comparison = cat.opfamily_proc(class.family, class.intype, class.intype, 1)?;
            }
        }
        Ok(RangeType {
            oid: row.rngtypid,
            multirange: row.multitypid,
            subtype: row.subtype,
            collation: row.collation,
            canonical: row.canonical,
            subdiff: row.subdiff,
            builtin: false,
            comparison,
        })
    }

    /// Order of two bounds' values.
    pub fn compare_values(&self, cx: &CallContext<'_>, a: &Datum, b: &Datum) -> PgResult<Ordering> {
        if self.builtin {
            return Ok(io::builtin_compare(self.subtype, a, b));
        }
        if self.comparison.is_valid() {
            let info = cx.session.resolve_function(self.comparison)?;
            let mut cache = None;
            let site = CallSite {
                collation: self.collation,
                arg_types: vec![self.subtype; 2],
                ..CallSite::default()
            };
            let mut inner = CallContext {
                session: cx.session,
                site: &site,
                cache: &mut cache,
                in_aggregate: false,
            };
            let order = info.call(&mut inner, &mut [a.clone(), b.clone()])?;
            return Ok(order.as_i32().cmp(&0));
        }
        cx.session.type_compare(self.subtype, self.collation, a, b)
    }

    /// Checks a range and brings it into normal form.
    pub fn make(&self, cx: &CallContext<'_>, raw: RangeValue) -> PgResult<RangeValue> {
        let mut cmp = |a: &Datum, b: &Datum| self.compare_values(cx, a, b);
        let made = range::make(raw, &mut cmp)?;
        if !self.canonical.is_valid() || made.empty {
            return Ok(made);
        }
        let info = cx.session.resolve_function(self.canonical)?;
        let mut cache = None;
        let mut inner = CallContext {
            session: cx.session,
            site: &CallSite { collation: self.collation, ..CallSite::default() },
            cache: &mut cache,
            in_aggregate: false,
        };
        let canonical = info.call(&mut inner, &mut [Datum::Range(Arc::new(made))])?;
        Ok(canonical.as_range().as_ref().clone())
    }

    /// A range from two ends.
    pub fn from_bounds(
        &self,
        cx: &CallContext<'_>,
        lower: Bound,
        upper: Bound,
    ) -> PgResult<RangeValue> {
        self.make(
            cx,
            RangeValue {
                type_id: self.oid,
                empty: false,
                lower_inc: lower.inclusive,
                upper_inc: upper.inclusive,
                lower: lower.value,
                upper: upper.value,
            },
        )
    }

    /// Order of two ends.
    pub fn compare_bounds(&self, cx: &CallContext<'_>, a: &Bound, b: &Bound) -> PgResult<Ordering> {
        range::compare_bounds(a, b, &mut |x, y| self.compare_values(cx, x, y))
    }

    /// Order of ranges.
    pub fn compare(
        &self,
        cx: &CallContext<'_>,
        a: &RangeValue,
        b: &RangeValue,
    ) -> PgResult<Ordering> {
        range::compare(a, b, &mut |x, y| self.compare_values(cx, x, y))
    }

    /// Strictly left of.
    pub fn before(&self, cx: &CallContext<'_>, a: &RangeValue, b: &RangeValue) -> PgResult<bool> {
        if a.empty || b.empty {
            return Ok(false);
        }
        Ok(self.compare_bounds(cx, &a.upper_bound(), &b.lower_bound())?.is_lt())
    }

    /// Have a point in common.
    pub fn overlaps(&self, cx: &CallContext<'_>, a: &RangeValue, b: &RangeValue) -> PgResult<bool> {
        if a.empty || b.empty {
            return Ok(false);
        }
        Ok(self.compare_bounds(cx, &a.lower_bound(), &b.upper_bound())?.is_le()
            && self.compare_bounds(cx, &b.lower_bound(), &a.upper_bound())?.is_le())
    }

    /// `a` contains all of `b`.
    pub fn contains(&self, cx: &CallContext<'_>, a: &RangeValue, b: &RangeValue) -> PgResult<bool> {
        if b.empty {
            return Ok(true);
        }
        if a.empty {
            return Ok(false);
        }
        Ok(self.compare_bounds(cx, &a.lower_bound(), &b.lower_bound())?.is_le()
            && self.compare_bounds(cx, &a.upper_bound(), &b.upper_bound())?.is_ge())
    }

    /// `a` contains the value.
    pub fn contains_value(
        &self,
        cx: &CallContext<'_>,
        a: &RangeValue,
        v: &Datum,
    ) -> PgResult<bool> {
        if a.empty {
            return Ok(false);
        }
        if let Some(lower) = &a.lower {
            let order = self.compare_values(cx, lower, v)?;
            if order.is_gt() || order.is_eq() && !a.lower_inc {
                return Ok(false);
            }
        }
        if let Some(upper) = &a.upper {
            let order = self.compare_values(cx, upper, v)?;
            if order.is_lt() || order.is_eq() && !a.upper_inc {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether nothing lies between the upper end `a` and the lower end `b`.
    pub fn bounds_adjacent(&self, cx: &CallContext<'_>, a: &Bound, b: &Bound) -> PgResult<bool> {
        let (Some(x), Some(y)) = (&a.value, &b.value) else { return Ok(false) };
        match self.compare_values(cx, x, y)? {
            Ordering::Equal => Ok(a.inclusive != b.inclusive),
            Ordering::Greater => Ok(false),
            Ordering::Less => {
                // Between discrete values there may be nothing: the range of what lies between.
                if !self.is_discrete() {
                    return Ok(false);
                }
                let lower = Bound { inclusive: !a.inclusive, lower: true, ..a.clone() };
                let upper = Bound { inclusive: !b.inclusive, lower: false, ..b.clone() };
                Ok(self.from_bounds(cx, lower, upper)?.empty)
            }
        }
    }

    fn is_discrete(&self) -> bool {
        use types::type_oid as t;
        self.canonical.is_valid() || matches!(self.oid, t::INT4RANGE | t::INT8RANGE | t::DATERANGE)
    }

    /// Touching without overlap.
    pub fn adjacent(&self, cx: &CallContext<'_>, a: &RangeValue, b: &RangeValue) -> PgResult<bool> {
        if a.empty || b.empty {
            return Ok(false);
        }
        Ok(self.bounds_adjacent(cx, &a.upper_bound(), &b.lower_bound())?
            || self.bounds_adjacent(cx, &b.upper_bound(), &a.lower_bound())?)
    }

    /// The smallest range that holds both.
    pub fn merge(
        &self,
        cx: &CallContext<'_>,
        a: &RangeValue,
        b: &RangeValue,
    ) -> PgResult<RangeValue> {
        if a.empty {
            return Ok(b.clone());
        }
        if b.empty {
            return Ok(a.clone());
        }
        let (al, bl, au, bu) = (a.lower_bound(), b.lower_bound(), a.upper_bound(), b.upper_bound());
        let lower = if self.compare_bounds(cx, &al, &bl)?.is_lt() { al } else { bl };
        let upper = if self.compare_bounds(cx, &au, &bu)?.is_gt() { au } else { bu };
        self.from_bounds(cx, lower, upper)
    }

    /// Union of ranges that overlap or touch.
    pub fn union(
        &self,
        cx: &CallContext<'_>,
        a: &RangeValue,
        b: &RangeValue,
    ) -> PgResult<RangeValue> {
        if !a.empty && !b.empty && !self.overlaps(cx, a, b)? && !self.adjacent(cx, a, b)? {
            bail!(DATA_EXCEPTION, "result of range union would not be contiguous");
        }
        self.merge(cx, a, b)
    }

    /// What both have.
    pub fn intersect(
        &self,
        cx: &CallContext<'_>,
        a: &RangeValue,
        b: &RangeValue,
    ) -> PgResult<RangeValue> {
        if !self.overlaps(cx, a, b)? {
            return Ok(RangeValue::empty(self.oid));
        }
        let (al, bl, au, bu) = (a.lower_bound(), b.lower_bound(), a.upper_bound(), b.upper_bound());
        let lower = if self.compare_bounds(cx, &al, &bl)?.is_ge() { al } else { bl };
        let upper = if self.compare_bounds(cx, &au, &bu)?.is_le() { au } else { bu };
        self.from_bounds(cx, lower, upper)
    }

    /// What `a` has and `b` has not: up to two ranges.
    pub fn minus(
        &self,
        cx: &CallContext<'_>,
        a: &RangeValue,
        b: &RangeValue,
    ) -> PgResult<Vec<RangeValue>> {
        if a.empty {
            return Ok(Vec::new());
        }
        if !self.overlaps(cx, a, b)? {
            return Ok(vec![a.clone()]);
        }
        let mut out = Vec::new();
        if self.compare_bounds(cx, &a.lower_bound(), &b.lower_bound())?.is_lt() {
            let end = b.lower_bound();
            let upper = Bound { inclusive: !end.inclusive, lower: false, ..end };
            out.push(self.from_bounds(cx, a.lower_bound(), upper)?);
        }
        if self.compare_bounds(cx, &a.upper_bound(), &b.upper_bound())?.is_gt() {
            let end = b.upper_bound();
            let lower = Bound { inclusive: !end.inclusive, lower: true, ..end };
            out.push(self.from_bounds(cx, lower, a.upper_bound())?);
        }
        out.retain(|r| !r.empty);
        Ok(out)
    }

    /// Ranges in order, those that overlap or touch joined, empty ones dropped.
    pub fn normalize(
        &self,
        cx: &CallContext<'_>,
        mut ranges: Vec<RangeValue>,
    ) -> PgResult<Vec<RangeValue>> {
        ranges.retain(|r| !r.empty);
        let mut fault = None;
        ranges.sort_by(|a, b| {
            self.compare(cx, a, b).unwrap_or_else(|e| {
                fault = Some(e);
                Ordering::Equal
            })
        });
        if let Some(e) = fault {
            return Err(e);
        }
        let mut out: Vec<RangeValue> = Vec::with_capacity(ranges.len());
        for range in ranges {
            if let Some(last) = out.last_mut() {
                if self.overlaps(cx, last, &range)? || self.adjacent(cx, last, &range)? {
                    *last = self.merge(cx, last, &range)?;
                    continue;
                }
            }
            out.push(range);
        }
        Ok(out)
    }
}
