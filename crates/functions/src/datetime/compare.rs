//! Comparison, hash, larger/smaller and overlaps.
use fmgr::{CallContext, Registry};
use std::cmp::Ordering;
use types::{
    Datum, TimeZone,
    datetime::{Interval, TimeTz, date_to_timestamp, timestamp_to_timestamptz},
    hash,
};

/// A date beyond the range of timestamps is beyond all of them but infinity.
fn date_timestamp(days: i32) -> i64 {
    date_to_timestamp(days).unwrap_or(if days < 0 { i64::MIN + 1 } else { i64::MAX - 1 })
}

/// A local timestamp as a moment; beyond the range it is beyond all of them but infinity.
fn moment(ts: i64, zone: &TimeZone) -> i64 {
    timestamp_to_timestamptz(ts, zone).unwrap_or(if ts < 0 { i64::MIN + 1 } else { i64::MAX - 1 })
}

fn date_vs_timestamp(_cx: &CallContext<'_>, a: &[Datum]) -> Ordering {
    date_timestamp(a[0].as_i32()).cmp(&a[1].as_i64())
}

fn date_vs_timestamptz(cx: &CallContext<'_>, a: &[Datum]) -> Ordering {
    let zone = &cx.session.io_options().time_zone;
    moment(date_timestamp(a[0].as_i32()), zone).cmp(&a[1].as_i64())
}

fn timestamp_vs_date(cx: &CallContext<'_>, a: &[Datum]) -> Ordering {
    date_vs_timestamp(cx, &[a[1].clone(), a[0].clone()]).reverse()
}

fn timestamptz_vs_date(cx: &CallContext<'_>, a: &[Datum]) -> Ordering {
    date_vs_timestamptz(cx, &[a[1].clone(), a[0].clone()]).reverse()
}

fn timestamp_vs_timestamptz(cx: &CallContext<'_>, a: &[Datum]) -> Ordering {
    moment(a[0].as_i64(), &cx.session.io_options().time_zone).cmp(&a[1].as_i64())
}

fn timestamptz_vs_timestamp(cx: &CallContext<'_>, a: &[Datum]) -> Ordering {
    a[0].as_i64().cmp(&moment(a[1].as_i64(), &cx.session.io_options().time_zone))
}

/// Seven functions over one ordering that may need the session.
macro_rules! cross_type {
    ($r:ident, $($eq:literal $ne:literal $lt:literal $le:literal $gt:literal $ge:literal $cmp:literal: $f:ident;)*) => { $(
        $r.scalar($eq, |cx, a| Ok(Datum::Bool($f(cx, a).is_eq())));
        $r.scalar($ne, |cx, a| Ok(Datum::Bool($f(cx, a).is_ne())));
        $r.scalar($lt, |cx, a| Ok(Datum::Bool($f(cx, a).is_lt())));
        $r.scalar($le, |cx, a| Ok(Datum::Bool($f(cx, a).is_le())));
        $r.scalar($gt, |cx, a| Ok(Datum::Bool($f(cx, a).is_gt())));
        $r.scalar($ge, |cx, a| Ok(Datum::Bool($f(cx, a).is_ge())));
        $r.scalar($cmp, |cx, a| Ok(Datum::Int4($f(cx, a) as i32)));
    )* };
}

/// The larger and the smaller of two values.
macro_rules! extremes {
    ($r:ident, $($larger:literal $smaller:literal: $acc:ident, |$x:ident, $y:ident| $cmp:expr;)*) => { $(
        $r.scalar($larger, |_cx, a| {
            let second = { let ($x, $y) = (a[0].$acc(), a[1].$acc()); $cmp.is_le() };
            Ok(a[usize::from(second)].take())
        });
        $r.scalar($smaller, |_cx, a| {
            let second = { let ($x, $y) = (a[0].$acc(), a[1].$acc()); $cmp.is_ge() };
            Ok(a[usize::from(second)].take())
        });
    )* };
}

fn intervals(a: &[u8], b: &[u8]) -> Ordering {
    Interval::decode(a).compare(&Interval::decode(b))
}

fn timetzs(a: &[u8], b: &[u8]) -> Ordering {
    TimeTz::decode(a).compare(TimeTz::decode(b))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    comparisons! { r,
        "date_eq" "date_ne" "date_lt" "date_le" "date_gt" "date_ge": as_i32, as_i32, |a, b| a.cmp(&b);
        "time_eq" "time_ne" "time_lt" "time_le" "time_gt" "time_ge": as_i64, as_i64, |a, b| a.cmp(&b);
        "timestamp_eq" "timestamp_ne" "timestamp_lt" "timestamp_le" "timestamp_gt" "timestamp_ge":
            as_i64, as_i64, |a, b| a.cmp(&b);
        "timetz_eq" "timetz_ne" "timetz_lt" "timetz_le" "timetz_gt" "timetz_ge":
            as_bytes, as_bytes, |a, b| timetzs(a, b);
        "interval_eq" "interval_ne" "interval_lt" "interval_le" "interval_gt" "interval_ge":
            as_bytes, as_bytes, |a, b| intervals(a, b);
    }
    binary! { r,
        "date_cmp": as_i32, as_i32 => Int4, |a, b| a.cmp(&b) as i32;
        "time_cmp": as_i64, as_i64 => Int4, |a, b| a.cmp(&b) as i32;
        "timestamp_cmp": as_i64, as_i64 => Int4, |a, b| a.cmp(&b) as i32;
        "timetz_cmp": as_bytes, as_bytes => Int4, |a, b| timetzs(a, b) as i32;
        "interval_cmp": as_bytes, as_bytes => Int4, |a, b| intervals(a, b) as i32;
        "hashdateextended": as_i32, as_i64 => Int8, |a, s| hash::uint32_extended(a as u32, s as u64) as i64;
        "time_hash_extended": as_i64, as_i64 => Int8, |a, s| hash::int8_extended(a, s as u64) as i64;
        "timestamp_hash_extended": as_i64, as_i64 => Int8, |a, s| hash::int8_extended(a, s as u64) as i64;
        "timestamptz_hash_extended": as_i64, as_i64 => Int8, |a, s| hash::int8_extended(a, s as u64) as i64;
        "timetz_hash_extended": as_bytes, as_i64 => Int8, |a, s| TimeTz::decode(a).hash_extended(s as u64) as i64;
        "interval_hash_extended": as_bytes, as_i64 => Int8, |a, s| Interval::decode(a).hash_extended(s as u64) as i64;
    }
    unary! { r,
        "hashdate": as_i32 => Int4, |a| hash::uint32(a as u32) as i32;
        "time_hash": as_i64 => Int4, |a| hash::int8(a) as i32;
        "timestamp_hash": as_i64 => Int4, |a| hash::int8(a) as i32;
        "timestamptz_hash": as_i64 => Int4, |a| hash::int8(a) as i32;
        "timetz_hash": as_bytes => Int4, |a| TimeTz::decode(a).hash() as i32;
        "interval_hash": as_bytes => Int4, |a| Interval::decode(a).hash() as i32;
        "date_finite": as_i32 => Bool, |a| super::date_is_finite(a);
        "timestamp_finite": as_i64 => Bool, |a| super::timestamp_is_finite(a);
        "interval_finite": as_bytes => Bool, |a| !Interval::decode(a).is_infinite();
    }
    extremes! { r,
        "date_larger" "date_smaller": as_i32, |a, b| a.cmp(&b);
        "time_larger" "time_smaller": as_i64, |a, b| a.cmp(&b);
        "timestamp_larger" "timestamp_smaller": as_i64, |a, b| a.cmp(&b);
        "timetz_larger" "timetz_smaller": as_bytes, |a, b| timetzs(a, b);
        "interval_larger" "interval_smaller": as_bytes, |a, b| intervals(a, b);
    }
    cross_type! { r,
        "date_eq_timestamp" "date_ne_timestamp" "date_lt_timestamp" "date_le_timestamp" "date_gt_timestamp" "date_ge_timestamp" "date_cmp_timestamp": date_vs_timestamp;
        "date_eq_timestamptz" "date_ne_timestamptz" "date_lt_timestamptz" "date_le_timestamptz" "date_gt_timestamptz" "date_ge_timestamptz" "date_cmp_timestamptz": date_vs_timestamptz;
        "timestamp_eq_date" "timestamp_ne_date" "timestamp_lt_date" "timestamp_le_date" "timestamp_gt_date" "timestamp_ge_date" "timestamp_cmp_date": timestamp_vs_date;
        "timestamptz_eq_date" "timestamptz_ne_date" "timestamptz_lt_date" "timestamptz_le_date" "timestamptz_gt_date" "timestamptz_ge_date" "timestamptz_cmp_date": timestamptz_vs_date;
        "timestamp_eq_timestamptz" "timestamp_ne_timestamptz" "timestamp_lt_timestamptz" "timestamp_le_timestamptz" "timestamp_gt_timestamptz" "timestamp_ge_timestamptz" "timestamp_cmp_timestamptz": timestamp_vs_timestamptz;
        "timestamptz_eq_timestamp" "timestamptz_ne_timestamp" "timestamptz_lt_timestamp" "timestamptz_le_timestamp" "timestamptz_gt_timestamp" "timestamptz_ge_timestamp" "timestamptz_cmp_timestamp": timestamptz_vs_timestamp;
    }
    r.scalar("overlaps_time", |_cx, a| Ok(overlaps(a, |x, y| x.as_i64().cmp(&y.as_i64()))));
    r.scalar("overlaps_timestamp", |_cx, a| Ok(overlaps(a, |x, y| x.as_i64().cmp(&y.as_i64()))));
    r.scalar("overlaps_timetz", |_cx, a| {
        Ok(overlaps(a, |x, y| timetzs(x.as_bytes(), y.as_bytes())))
    });
}

/// SQL's OVERLAPS over two pairs of ends, any of which may be NULL: true or false where the known ends
/// suffice to tell, else NULL.
fn overlaps(a: &[Datum], cmp: impl Fn(&Datum, &Datum) -> Ordering) -> Datum {
    // Each pair in order; a NULL counts as the later end of its pair.
    let pair = |x: &Datum, y: &Datum| -> Option<(Datum, Datum)> {
        match (x.is_null(), y.is_null()) {
            (true, true) => None,
            (true, false) => Some((y.clone(), Datum::Null)),
            (false, true) => Some((x.clone(), Datum::Null)),
            (false, false) if cmp(x, y).is_gt() => Some((y.clone(), x.clone())),
            _ => Some((x.clone(), y.clone())),
        }
    };
    let (Some((s1, e1)), Some((s2, e2))) = (pair(&a[0], &a[1]), pair(&a[2], &a[3])) else {
        return Datum::Null;
    };
    // The pair that starts first has to reach past the other's start.
    let (end_of_first, other_end, second_start) = match cmp(&s1, &s2) {
        Ordering::Greater => (e2, e1, s1),
        Ordering::Less => (e1, e2, s2),
        Ordering::Equal => {
            if e1.is_null() || e2.is_null() {
                return Datum::Null;
            }
            return Datum::Bool(true);
        }
    };
    if end_of_first.is_null() {
        return Datum::Null;
    }
    if cmp(&second_start, &end_of_first).is_lt() {
        return Datum::Bool(true);
    }
    if other_end.is_null() { Datum::Null } else { Datum::Bool(false) }
}
