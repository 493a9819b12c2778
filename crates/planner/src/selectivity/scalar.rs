//! Values as points on a scale, and comparison of values of like types.
use crate::context::PlanContext;
use std::cmp::Ordering;
use types::{Datum, Oid, type_oid as t};

/// A position on a scale.
pub enum Scalar {
    Number(f64),
    Text(Vec<u8>),
}

/// The position of a value, if its type has a scale.
pub fn to_scalar(cx: &PlanContext<'_>, typ: Oid, value: &Datum) -> Option<Scalar> {
    number(cx, typ, value).map(Scalar::Number).or_else(|| match (typ, value) {
        (t::TEXT | t::VARCHAR | t::BPCHAR | t::NAME | t::BYTEA, Datum::Bytes(b)) => {
            Some(Scalar::Text(b.as_bytes().to_vec()))
        }
        (_, Datum::Char(c)) => Some(Scalar::Text(vec![*c])),
        _ => None,
    })
}

fn number(cx: &PlanContext<'_>, typ: Oid, value: &Datum) -> Option<f64> {
    Some(match value {
        Datum::Bool(b) => f64::from(u8::from(*b)),
        Datum::Int2(v) => *v as f64,
        // Dates share the timestamps' scale.
        Datum::Int4(v) if typ == t::DATE => *v as f64 * 86_400_000_000.0,
        Datum::Int4(v) => *v as f64,
        Datum::Int8(v) => *v as f64,
        Datum::Float4(v) => *v as f64,
        Datum::Float8(v) => *v,
        Datum::Oid(v) => v.0 as f64,
        Datum::Bytes(_) if typ == t::NUMERIC => {
            let mut text = Vec::new();
            cx.session.type_output(typ, value, &mut text).ok()?;
            std::str::from_utf8(&text).ok()?.parse().ok()?
        }
        _ => return None,
    })
}

fn is_text(typ: Oid) -> bool {
    matches!(typ, t::TEXT | t::VARCHAR | t::BPCHAR | t::NAME)
}

/// Order of two values; `None` if their types cannot be compared here.
pub fn compare(
    cx: &PlanContext<'_>,
    a_type: Oid,
    a: &Datum,
    b_type: Oid,
    b: &Datum,
    collation: Oid,
) -> Option<Ordering> {
    if a_type == b_type || is_text(a_type) && is_text(b_type) {
        if let (Some(x), Some(y)) = (fast_number(a), fast_number(b)) {
            return Some(x.cmp(&y));
        }
        return cx.session.type_compare(a_type, collation, a, b).ok();
    }
    let (x, y) = (number(cx, a_type, a)?, number(cx, b_type, b)?);
    x.partial_cmp(&y)
}

fn fast_number(v: &Datum) -> Option<i64> {
    Some(match v {
        Datum::Int2(v) => *v as i64,
        Datum::Int4(v) => *v as i64,
        Datum::Int8(v) => *v,
        Datum::Oid(v) => v.0 as i64,
        _ => return None,
    })
}

/// Three strings as numbers in a base that their bytes need, without their common prefix.
pub fn text_scalars(lo: &[u8], hi: &[u8], x: &[u8]) -> (f64, f64, f64) {
    let all = lo.iter().chain(hi).chain(x);
    let (mut low, mut high) = (255u8, 0u8);
    for b in all {
        low = low.min(*b);
        high = high.max(*b);
    }
    for (first, last) in [(b'A', b'Z'), (b'a', b'z'), (b'0', b'9')] {
        if low <= last && high >= first {
            low = low.min(first);
            high = high.max(last);
        }
    }
    if high <= low {
        low = b' ';
        high = 127;
    }
    if low > high - (high - low).min(9) {
        low = b' ';
        high = 127;
    }
    let common = lo.iter().zip(hi).zip(x).take_while(|((a, b), c)| a == b && a == c).count();
    let base = (high - low) as f64 + 1.0;
    let value = |s: &[u8]| {
        let mut denominator = base;
        let mut num = 0.0;
        for b in s.iter().skip(common).take(12) {
            let ch = (*b).clamp(low.saturating_sub(1), high) as f64;
            num += (ch - low as f64) / denominator;
            denominator *= base;
        }
        num
    };
    (value(lo), value(hi), value(x))
}
