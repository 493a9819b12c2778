//! Whether two values are the same in every bit (not: equal by their type's operator).
use types::{Datum, RangeValue};

/// Identity of values: a key is "unchanged" only then.
pub(crate) fn same_datum(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Null, Datum::Null) => true,
        (Datum::Bool(a), Datum::Bool(b)) => a == b,
        (Datum::Char(a), Datum::Char(b)) => a == b,
        (Datum::Int2(a), Datum::Int2(b)) => a == b,
        (Datum::Int4(a), Datum::Int4(b)) => a == b,
        (Datum::Int8(a), Datum::Int8(b)) => a == b,
        (Datum::Float4(a), Datum::Float4(b)) => a.to_bits() == b.to_bits(),
        (Datum::Float8(a), Datum::Float8(b)) => a.to_bits() == b.to_bits(),
        (Datum::Oid(a), Datum::Oid(b)) => a == b,
        (Datum::Bytes(a), Datum::Bytes(b)) => a == b,
        (Datum::Array(a), Datum::Array(b)) => {
            a.elem_type == b.elem_type && a.dims == b.dims && same_all(&a.elems, &b.elems)
        }
        (Datum::Record(a), Datum::Record(b)) => same_all(&a.fields, &b.fields),
        (Datum::Range(a), Datum::Range(b)) => same_range(a, b),
        (Datum::Multirange(a), Datum::Multirange(b)) => {
            a.ranges.len() == b.ranges.len()
                && a.ranges.iter().zip(&b.ranges).all(|(a, b)| same_range(a, b))
        }
        _ => false,
    }
}

fn same_all(a: &[Datum], b: &[Datum]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_datum(a, b))
}

fn same_bound(a: Option<&Datum>, b: Option<&Datum>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same_datum(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn same_range(a: &RangeValue, b: &RangeValue) -> bool {
    a.empty == b.empty
        && a.lower_inc == b.lower_inc
        && a.upper_inc == b.upper_inc
        && same_bound(a.lower.as_ref(), b.lower.as_ref())
        && same_bound(a.upper.as_ref(), b.upper.as_ref())
}
