//! oid, oidvector, xid, cid, xid8, tid, pg_lsn: comparison, hash, arithmetic, conversions.
use error::{PgResult, bail, err};
use fmgr::Registry;
use std::cmp::Ordering;
use types::{ArrayValue, Datum, Oid, hash, numeric, numeric::Num};

/// Seven functions over one ordering.
macro_rules! ordered {
    ($r:ident, $($eq:literal $ne:literal $lt:literal $le:literal $gt:literal $ge:literal $cmp:literal:
        $acc:ident, |$x:ident, $y:ident| $order:expr;)*) => {
        comparisons! { $r, $($eq $ne $lt $le $gt $ge: $acc, $acc, |$x, $y| $order;)* }
        binary! { $r, $($cmp: $acc, $acc => Int4, |$x, $y| $order as i32;)* }
    };
}

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

fn vectors(a: &ArrayValue, b: &ArrayValue) -> Ordering {
    // By length first.
    a.elems.len().cmp(&b.elems.len()).then_with(|| {
        a.elems
            .iter()
            .zip(&b.elems)
            .map(|(x, y)| x.as_oid().cmp(&y.as_oid()))
            .find(|o| o.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

fn vector_bytes(a: &ArrayValue) -> Vec<u8> {
    a.elems.iter().flat_map(|e| e.as_oid().0.to_le_bytes()).collect()
}

/// The hash of a tid is over its six bytes: block high half, block low half, offset.
fn tid_bytes(tid: i64) -> [u8; 6] {
    let (block, offset) = ((tid >> 16) as u32, tid as u16);
    let (high, low) = ((block >> 16) as u16, block as u16);
    let (h, l, o) = (high.to_le_bytes(), low.to_le_bytes(), offset.to_le_bytes());
    [h[0], h[1], l[0], l[1], o[0], o[1]]
}

fn xid(value: &Datum) -> u32 {
    match value {
        Datum::Int4(v) => *v as u32,
        value => value.as_oid().0,
    }
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    ordered! { r,
        "oideq" "oidne" "oidlt" "oidle" "oidgt" "oidge" "btoidcmp": as_oid, |a, b| a.cmp(&b);
        "oidvectoreq" "oidvectorne" "oidvectorlt" "oidvectorle" "oidvectorgt" "oidvectorge"
            "btoidvectorcmp": as_array, |a, b| vectors(a, b);
        "tideq" "tidne" "tidlt" "tidle" "tidgt" "tidge" "bttidcmp": as_i64, |a, b| a.cmp(&b);
        "xid8eq" "xid8ne" "xid8lt" "xid8le" "xid8gt" "xid8ge" "xid8cmp":
            as_i64, |a, b| (a as u64).cmp(&(b as u64));
        "pg_lsn_eq" "pg_lsn_ne" "pg_lsn_lt" "pg_lsn_le" "pg_lsn_gt" "pg_lsn_ge" "pg_lsn_cmp":
            as_i64, |a, b| (a as u64).cmp(&(b as u64));
    }
    extremes! { r,
        "oidlarger" "oidsmaller": as_oid, |a, b| a.cmp(&b);
        "tidlarger" "tidsmaller": as_i64, |a, b| a.cmp(&b);
        "xid8_larger" "xid8_smaller": as_i64, |a, b| (a as u64).cmp(&(b as u64));
        "pg_lsn_larger" "pg_lsn_smaller": as_i64, |a, b| (a as u64).cmp(&(b as u64));
    }
    binary! { r,
        "cideq": as_oid, as_oid => Bool, |a, b| a == b;
        "hashoidextended": as_oid, as_i64 => Int8, |a, s| hash::uint32_extended(a.0, s as u64) as i64;
        "hashxidextended": as_oid, as_i64 => Int8, |a, s| hash::uint32_extended(a.0, s as u64) as i64;
        "hashcidextended": as_oid, as_i64 => Int8, |a, s| hash::uint32_extended(a.0, s as u64) as i64;
        "hashxid8extended": as_i64, as_i64 => Int8, |a, s| hash::int8_extended(a, s as u64) as i64;
        "pg_lsn_hash_extended": as_i64, as_i64 => Int8, |a, s| hash::int8_extended(a, s as u64) as i64;
        "hashtidextended": as_i64, as_i64 => Int8, |a, s| hash::bytes_extended(&tid_bytes(a), s as u64) as i64;
        "hashoidvectorextended": as_array, as_i64 => Int8,
            |a, s| hash::bytes_extended(&vector_bytes(a), s as u64) as i64;
    }
    unary! { r,
        "hashoid": as_oid => Int4, |a| hash::uint32(a.0) as i32;
        "hashxid": as_oid => Int4, |a| hash::uint32(a.0) as i32;
        "hashcid": as_oid => Int4, |a| hash::uint32(a.0) as i32;
        "hashxid8": as_i64 => Int4, |a| hash::int8(a) as i32;
        "pg_lsn_hash": as_i64 => Int4, |a| hash::int8(a) as i32;
        "hashtid": as_i64 => Int4, |a| hash::bytes(&tid_bytes(a)) as i32;
        "hashoidvector": as_array => Int4, |a| hash::bytes(&vector_bytes(a)) as i32;
        "oidtoi8": as_oid => Int8, |a| i64::from(a.0);
        "xid8toxid": as_i64 => Oid, |a| Oid(a as u32);
    }
    // Also declared with an int4 on the right.
    r.scalar("xideq", |_cx, a| Ok(Datum::Bool(xid(&a[0]) == xid(&a[1]))));
    r.scalar("xidneq", |_cx, a| Ok(Datum::Bool(xid(&a[0]) != xid(&a[1]))));
    // Equal values of most types have equal images; strings if their collation is deterministic.
    r.scalar("btequalimage", |_cx, _a| Ok(Datum::Bool(true)));
    r.scalar("i8tooid", |_cx, a| match u32::try_from(a[0].as_i64()) {
        Ok(v) => Ok(Datum::Oid(Oid(v))),
        Err(_) => bail!(NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range"),
    });
    r.scalar("nameconcatoid", |_cx, a| {
        let suffix = format!("_{}", a[1].as_oid());
        let name = a[0].as_str();
        let mut end = name.len().min(63 - suffix.len());
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        Ok(Datum::text(&format!("{}{suffix}", &name[..end])))
    });
    r.scalar("pg_lsn_mi", |_cx, a| {
        let difference = i128::from(a[0].as_i64() as u64) - i128::from(a[1].as_i64() as u64);
        Ok(Datum::Bytes(numeric::from_i128(difference)))
    });
    r.scalar("pg_lsn_pli", |_cx, a| lsn_add(a, false).map(Datum::Int8));
    r.scalar("pg_lsn_mii", |_cx, a| lsn_add(a, true).map(Datum::Int8));
}

fn lsn_add(a: &[Datum], minus: bool) -> PgResult<i64> {
    let bytes = a[1].as_bytes();
    if numeric::is_nan(bytes) {
        let verb = if minus { "subtract NaN from" } else { "add NaN to" };
        bail!(FEATURE_NOT_SUPPORTED, "cannot {verb} pg_lsn");
    }
    let base = Num::from_i128(i128::from(a[0].as_i64() as u64));
    let out_of_range = || err!(INVALID_PARAMETER_VALUE, "pg_lsn out of range");
    match numeric::Numeric::decode(bytes) {
        numeric::Numeric::Finite(v) => {
            let sum = if minus { base.sub(&v) } else { base.add(&v) };
            let v = sum.to_i128().and_then(|v| u64::try_from(v).ok()).ok_or_else(out_of_range)?;
            Ok(v as i64)
        }
        _ => bail!(FEATURE_NOT_SUPPORTED, "cannot convert infinity to pg_lsn"),
    }
}
