//! Ranges and multiranges: constructors, parts, comparison, containment, algebra, aggregates.
use crate::range_type::RangeType;
use error::{PgResult, bail, err};
use fmgr::{CallContext, Registry, VecRowSource};
use std::{cmp::Ordering, sync::Arc};
use types::{Datum, MultirangeValue, RangeValue, hash, range::Bound};

/// Registers the family.
pub fn register(r: &mut Registry) {
    register_constructors(r);
    register_parts(r);
    register_comparison(r);
    register_relations(r);
    register_algebra(r);
    register_aggregates(r);
    register_support(r);
}

/// A range or multirange argument as ordered, disjoint ranges.
pub(crate) fn ranges_of(d: &Datum) -> Vec<RangeValue> {
    match d {
        Datum::Range(v) if v.empty => Vec::new(),
        Datum::Range(v) => vec![v.as_ref().clone()],
        Datum::Multirange(v) => v.ranges.clone(),
        _ => Vec::new(),
    }
}

fn type_of(cx: &CallContext<'_>, d: &Datum) -> PgResult<RangeType> {
    match d {
        Datum::Range(v) => RangeType::of_range(cx, v.type_id),
        other => RangeType::of_multirange(cx, other.as_multirange().type_id),
    }
}

fn range_datum(v: RangeValue) -> Datum {
    Datum::Range(Arc::new(v))
}

fn multirange_datum(typ: &RangeType, ranges: Vec<RangeValue>) -> Datum {
    Datum::Multirange(Arc::new(MultirangeValue { type_id: typ.multirange, ranges }))
}

fn construct(cx: &CallContext<'_>, a: &[Datum], flags: &str) -> PgResult<Datum> {
    let (lower_inc, upper_inc) = match flags {
        "[]" => (true, true),
        "[)" => (true, false),
        "(]" => (false, true),
        "()" => (false, false),
        _ => {
            return Err(err!(SYNTAX_ERROR, "invalid range bound flags")
                .hint("Valid values are \"[]\", \"[)\", \"(]\", and \"()\"."));
        }
    };
    let typ = RangeType::of_range(cx, cx.site.ret_type)?;
    let bound = |d: &Datum| (!d.is_null()).then(|| d.clone());
    let raw = RangeValue {
        type_id: typ.oid,
        empty: false,
        lower: bound(&a[0]),
        upper: bound(&a[1]),
        lower_inc,
        upper_inc,
    };
    typ.make(cx, raw).map(range_datum)
}

fn register_constructors(r: &mut Registry) {
    r.scalar("range_constructor2", |cx, a| construct(cx, a, "[)"));
    r.scalar("range_constructor3", |cx, a| {
        if a[2].is_null() {
            bail!(DATA_EXCEPTION, "range constructor flags argument must not be null");
        }
        let flags = a[2].as_str().to_string();
        construct(cx, a, &flags)
    });
    r.scalar("multirange_constructor0", |cx, _a| {
        let typ = RangeType::of_multirange(cx, cx.site.ret_type)?;
        Ok(multirange_datum(&typ, Vec::new()))
    });
    r.scalar("multirange_constructor1", |cx, a| {
        let typ = RangeType::of_multirange(cx, cx.site.ret_type)?;
        let ranges = ranges_of(&a[0]);
        Ok(multirange_datum(&typ, ranges))
    });
    r.scalar("multirange_constructor2", |cx, a| {
        let typ = RangeType::of_multirange(cx, cx.site.ret_type)?;
        let mut ranges = Vec::new();
        let array = a[0].as_array().clone();
        if array.dims.len() > 1 {
            bail!(
                CARDINALITY_VIOLATION,
                "multiranges cannot be constructed from multidimensional arrays"
            );
        }
        for elem in &array.elems {
            if elem.is_null() {
                bail!(NULL_VALUE_NOT_ALLOWED, "multirange values cannot contain null members");
            }
            ranges.extend(ranges_of(elem));
        }
        Ok(multirange_datum(&typ, typ.normalize(cx, ranges)?))
    });
    r.scalar("range_merge_from_multirange", |cx, a| {
        let typ = type_of(cx, &a[0])?;
        let ranges = ranges_of(&a[0]);
        let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else {
            return Ok(range_datum(RangeValue::empty(typ.oid)));
        };
        typ.from_bounds(cx, first.lower_bound(), last.upper_bound()).map(range_datum)
    });
}

/// One end of all the ranges together.
fn end(d: &Datum, lower: bool) -> Option<Bound> {
    let ranges = ranges_of(d);
    if lower {
        ranges.first().map(RangeValue::lower_bound)
    } else {
        ranges.last().map(RangeValue::upper_bound)
    }
}

fn register_parts(r: &mut Registry) {
    for name in ["range_lower", "multirange_lower"] {
        r.scalar(name, |_cx, a| Ok(end(&a[0], true).and_then(|b| b.value).unwrap_or(Datum::Null)));
    }
    for name in ["range_upper", "multirange_upper"] {
        r.scalar(name, |_cx, a| Ok(end(&a[0], false).and_then(|b| b.value).unwrap_or(Datum::Null)));
    }
    for name in ["range_empty", "multirange_empty"] {
        r.scalar(name, |_cx, a| Ok(Datum::Bool(ranges_of(&a[0]).is_empty())));
    }
    for name in ["range_lower_inc", "multirange_lower_inc"] {
        r.scalar(name, |_cx, a| Ok(Datum::Bool(end(&a[0], true).is_some_and(|b| b.inclusive))));
    }
    for name in ["range_upper_inc", "multirange_upper_inc"] {
        r.scalar(name, |_cx, a| Ok(Datum::Bool(end(&a[0], false).is_some_and(|b| b.inclusive))));
    }
    for name in ["range_lower_inf", "multirange_lower_inf"] {
        r.scalar(name, |_cx, a| {
            Ok(Datum::Bool(end(&a[0], true).is_some_and(|b| b.value.is_none())))
        });
    }
    for name in ["range_upper_inf", "multirange_upper_inf"] {
        r.scalar(name, |_cx, a| {
            Ok(Datum::Bool(end(&a[0], false).is_some_and(|b| b.value.is_none())))
        });
    }
}

fn order(cx: &CallContext<'_>, a: &[Datum]) -> PgResult<Ordering> {
    let typ = type_of(cx, &a[0])?;
    if let (Datum::Range(x), Datum::Range(y)) = (&a[0], &a[1]) {
        return typ.compare(cx, x, y);
    }
    let (x, y) = (ranges_of(&a[0]), ranges_of(&a[1]));
    for (p, q) in x.iter().zip(&y) {
        let o = typ.compare(cx, p, q)?;
        if o.is_ne() {
            return Ok(o);
        }
    }
    Ok(x.len().cmp(&y.len()))
}

fn register_comparison(r: &mut Registry) {
    macro_rules! operators {
        ($($eq:literal $ne:literal $lt:literal $le:literal $gt:literal $ge:literal $cmp:literal;)*) => { $(
            r.scalar($eq, |cx, a| Ok(Datum::Bool(order(cx, a)?.is_eq())));
            r.scalar($ne, |cx, a| Ok(Datum::Bool(order(cx, a)?.is_ne())));
            r.scalar($lt, |cx, a| Ok(Datum::Bool(order(cx, a)?.is_lt())));
            r.scalar($le, |cx, a| Ok(Datum::Bool(order(cx, a)?.is_le())));
            r.scalar($gt, |cx, a| Ok(Datum::Bool(order(cx, a)?.is_gt())));
            r.scalar($ge, |cx, a| Ok(Datum::Bool(order(cx, a)?.is_ge())));
            r.scalar($cmp, |cx, a| Ok(Datum::Int4(order(cx, a)? as i32)));
        )* };
    }
    operators! {
        "range_eq" "range_ne" "range_lt" "range_le" "range_gt" "range_ge" "range_cmp";
        "multirange_eq" "multirange_ne" "multirange_lt" "multirange_le" "multirange_gt" "multirange_ge" "multirange_cmp";
    }
    r.scalar("hash_range", |cx, a| {
        let typ = type_of(cx, &a[0])?;
        Ok(Datum::Int4(hash_range(cx, &typ, a[0].as_range())? as i32))
    });
    r.scalar("hash_multirange", |cx, a| {
        let typ = type_of(cx, &a[0])?;
        let mut h = 1u32;
        for range in ranges_of(&a[0]) {
            let (flags, lower, upper) = hash_parts(cx, &typ, &range)?;
            let mut part = hash::uint32(flags);
            part ^= lower;
            part = part.rotate_left(1);
            part ^= upper;
            h = h.wrapping_shl(5).wrapping_sub(h).wrapping_add(part);
        }
        Ok(Datum::Int4(h as i32))
    });
}

/// A range's flags as PostgreSQL stores them.
pub(crate) fn bound_flags(range: &RangeValue) -> u32 {
    if range.empty {
        return 1;
    }
    u32::from(range.lower_inc) << 1
        | u32::from(range.upper_inc) << 2
        | u32::from(range.lower.is_none()) << 3
        | u32::from(range.upper.is_none()) << 4
}

fn hash_parts(
    cx: &CallContext<'_>,
    typ: &RangeType,
    range: &RangeValue,
) -> PgResult<(u32, u32, u32)> {
    let flags = bound_flags(range);
    let value = |bound: &Option<Datum>| match bound {
        Some(v) => cx.session.type_hash(typ.subtype, typ.collation, v),
        None => Ok(0),
    };
    Ok((flags, value(&range.lower)?, value(&range.upper)?))
}

fn hash_range(cx: &CallContext<'_>, typ: &RangeType, range: &RangeValue) -> PgResult<u32> {
    let (flags, lower, upper) = hash_parts(cx, typ, range)?;
    let mut h = hash::uint32(flags);
    h ^= lower;
    h = h.rotate_left(1);
    Ok(h ^ upper)
}

/// Whether the second argument's ranges all lie in the first's.
fn contains(cx: &CallContext<'_>, outer: &Datum, inner: &Datum) -> PgResult<bool> {
    let typ = type_of(cx, outer)?;
    let outer = ranges_of(outer);
    for b in ranges_of(inner) {
        let mut hit = false;
        for a in &outer {
            if typ.contains(cx, a, &b)? {
                hit = true;
                break;
            }
        }
        if !hit {
            return Ok(false);
        }
    }
    Ok(true)
}

fn contains_value(cx: &CallContext<'_>, outer: &Datum, v: &Datum) -> PgResult<bool> {
    let typ = type_of(cx, outer)?;
    for range in ranges_of(outer) {
        if typ.contains_value(cx, &range, v)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn overlaps(cx: &CallContext<'_>, a: &Datum, b: &Datum) -> PgResult<bool> {
    let typ = type_of(cx, a)?;
    let others = ranges_of(b);
    for x in ranges_of(a) {
        for y in &others {
            if typ.overlaps(cx, &x, y)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Compares one end of each side; false if a side is empty.
fn ends(
    cx: &CallContext<'_>,
    a: &Datum,
    a_lower: bool,
    b: &Datum,
    b_lower: bool,
    test: fn(Ordering) -> bool,
) -> PgResult<bool> {
    let (Some(x), Some(y)) = (end(a, a_lower), end(b, b_lower)) else { return Ok(false) };
    Ok(test(type_of(cx, a)?.compare_bounds(cx, &x, &y)?))
}

fn adjacent(cx: &CallContext<'_>, a: &Datum, b: &Datum) -> PgResult<bool> {
    let typ = type_of(cx, a)?;
    let (Some(al), Some(au), Some(bl), Some(bu)) =
        (end(a, true), end(a, false), end(b, true), end(b, false))
    else {
        return Ok(false);
    };
    Ok(typ.bounds_adjacent(cx, &au, &bl)? || typ.bounds_adjacent(cx, &bu, &al)?)
}

fn register_relations(r: &mut Registry) {
    macro_rules! relation {
        ($(|$cx:ident, $a:ident, $b:ident| $body:expr => $($name:literal)*;)*) => { $( $(
            r.scalar($name, |$cx, args| {
                let ($a, $b) = (&args[0], &args[1]);
                $body.map(Datum::Bool)
            });
        )* )* };
    }
    relation! {
        |cx, a, b| overlaps(cx, a, b) => "range_overlaps" "range_overlaps_multirange"
            "multirange_overlaps_range" "multirange_overlaps_multirange";
        |cx, a, b| contains(cx, a, b) => "range_contains" "range_contains_multirange"
            "multirange_contains_range" "multirange_contains_multirange";
        |cx, a, b| contains(cx, b, a) => "range_contained_by" "range_contained_by_multirange"
            "multirange_contained_by_range" "multirange_contained_by_multirange";
        |cx, a, b| contains_value(cx, a, b) => "range_contains_elem" "multirange_contains_elem";
        |cx, a, b| contains_value(cx, b, a) => "elem_contained_by_range"
            "elem_contained_by_multirange";
        |cx, a, b| ends(cx, a, false, b, true, Ordering::is_lt) => "range_before"
            "range_before_multirange" "multirange_before_range" "multirange_before_multirange";
        |cx, a, b| ends(cx, a, true, b, false, Ordering::is_gt) => "range_after"
            "range_after_multirange" "multirange_after_range" "multirange_after_multirange";
        |cx, a, b| ends(cx, a, false, b, false, Ordering::is_le) => "range_overleft"
            "range_overleft_multirange" "multirange_overleft_range"
            "multirange_overleft_multirange";
        |cx, a, b| ends(cx, a, true, b, true, Ordering::is_ge) => "range_overright"
            "range_overright_multirange" "multirange_overright_range"
            "multirange_overright_multirange";
        |cx, a, b| adjacent(cx, a, b) => "range_adjacent" "range_adjacent_multirange"
            "multirange_adjacent_range" "multirange_adjacent_multirange";
    }
}

fn intersection(
    cx: &CallContext<'_>,
    typ: &RangeType,
    a: &[RangeValue],
    b: &[RangeValue],
) -> PgResult<Vec<RangeValue>> {
    let mut out = Vec::new();
    for x in a {
        for y in b {
            let common = typ.intersect(cx, x, y)?;
            if !common.empty {
                out.push(common);
            }
        }
    }
    typ.normalize(cx, out)
}

fn register_algebra(r: &mut Registry) {
    r.scalar("range_union", |cx, a| {
        let typ = type_of(cx, &a[0])?;
        typ.union(cx, a[0].as_range(), a[1].as_range()).map(range_datum)
    });
    r.scalar("range_merge", |cx, a| {
        let typ = type_of(cx, &a[0])?;
        typ.merge(cx, a[0].as_range(), a[1].as_range()).map(range_datum)
    });
    for name in ["range_intersect", "range_intersect_agg_transfn"] {
        r.scalar(name, |cx, a| {
            let typ = type_of(cx, &a[0])?;
            typ.intersect(cx, a[0].as_range(), a[1].as_range()).map(range_datum)
        });
    }
    r.scalar("range_minus", |cx, a| {
        let typ = type_of(cx, &a[0])?;
        let mut parts = typ.minus(cx, a[0].as_range(), a[1].as_range())?;
        if parts.len() > 1 {
            bail!(DATA_EXCEPTION, "result of range difference would not be contiguous");
        }
        Ok(range_datum(parts.pop().unwrap_or_else(|| RangeValue::empty(typ.oid))))
    });
    r.scalar("multirange_union", |cx, a| {
        let typ = type_of(cx, &a[0])?;
        let mut all = ranges_of(&a[0]);
        all.extend(ranges_of(&a[1]));
        Ok(multirange_datum(&typ, typ.normalize(cx, all)?))
    });
    r.scalar("multirange_minus", |cx, a| {
        let typ = type_of(cx, &a[0])?;
        let mut left = ranges_of(&a[0]);
        for cut in ranges_of(&a[1]) {
            let mut rest = Vec::new();
            for range in &left {
                rest.extend(typ.minus(cx, range, &cut)?);
            }
            left = rest;
        }
        Ok(multirange_datum(&typ, left))
    });
    for name in ["multirange_intersect", "multirange_intersect_agg_transfn"] {
        r.scalar(name, |cx, a| {
            let typ = type_of(cx, &a[0])?;
            let common = intersection(cx, &typ, &ranges_of(&a[0]), &ranges_of(&a[1]))?;
            Ok(multirange_datum(&typ, common))
        });
    }
    r.set("multirange_unnest", |_cx, a| {
        let rows = ranges_of(&a[0]).into_iter().map(range_datum).collect();
        Ok(VecRowSource::scalars(rows))
    });
}

/// Ranges seen so far, and whether there was any value at all.
#[derive(Default)]
struct Collected {
    ranges: Vec<RangeValue>,
    any: bool,
}

fn register_aggregates(r: &mut Registry) {
    for name in ["range_agg_transfn", "multirange_agg_transfn"] {
        r.scalar(name, |_cx, a| {
            let mut state = match a[0].take() {
                Datum::Null => Datum::internal(Collected::default()),
                state => state,
            };
            if !a[1].is_null() {
                let collected = state.as_internal_mut::<Collected>();
                collected.any = true;
                collected.ranges.extend(ranges_of(&a[1]));
            }
            Ok(state)
        });
    }
    r.scalar("range_agg_finalfn", |cx, a| {
        if a[0].is_null() {
            return Ok(Datum::Null);
        }
        let collected = a[0].as_internal::<Collected>();
        if !collected.any {
            return Ok(Datum::Null);
        }
        let typ = RangeType::of_multirange(cx, cx.site.ret_type)?;
        Ok(multirange_datum(&typ, typ.normalize(cx, collected.ranges.clone())?))
    });
}

fn register_support(r: &mut Registry) {
    for name in ["int4range_canonical", "int8range_canonical", "daterange_canonical"] {
        r.scalar(name, |_cx, a| {
            types::range::canonicalize(a[0].as_range().as_ref().clone()).map(range_datum)
        });
    }
    r.scalar("int4range_subdiff", |_cx, a| {
        Ok(Datum::Float8(f64::from(a[0].as_i32()) - f64::from(a[1].as_i32())))
    });
    r.scalar("daterange_subdiff", |_cx, a| {
        Ok(Datum::Float8(f64::from(a[0].as_i32()) - f64::from(a[1].as_i32())))
    });
    r.scalar("int8range_subdiff", |_cx, a| {
        Ok(Datum::Float8(a[0].as_i64() as f64 - a[1].as_i64() as f64))
    });
    r.scalar("numrange_subdiff", |_cx, a| {
        let difference = types::numeric::sub(a[0].as_bytes(), a[1].as_bytes())?;
        types::numeric::to_f64(&difference).map(Datum::Float8)
    });
    for name in ["tsrange_subdiff", "tstzrange_subdiff"] {
        r.scalar(name, |_cx, a| {
            Ok(Datum::Float8((a[0].as_i64() as f64 - a[1].as_i64() as f64) / 1e6))
        });
    }
}
