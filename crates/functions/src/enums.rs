//! Enums: order, hash, first, last, range.
use crate::system::catalog;
use catalog::CatalogRead;
use error::{PgResult, bail};
use fmgr::{CallContext, Registry};
use std::{cmp::Ordering, sync::Arc};
use types::{ArrayValue, Datum, Oid, hash};

/// The enum type that an argument of a polymorphic function has.
fn enum_type(cx: &CallContext<'_>, args: usize) -> PgResult<Oid> {
    for n in 0..args {
        let typ = cx.arg_type(n);
        if typ.is_valid() {
            return Ok(typ);
        }
    }
    bail!(FEATURE_NOT_SUPPORTED, "could not determine actual enum type")
}

fn order(cx: &CallContext<'_>, a: &[Datum]) -> PgResult<Ordering> {
    let (x, y) = (a[0].as_oid(), a[1].as_oid());
    if x == y {
        return Ok(Ordering::Equal);
    }
    // Even OIDs are handed out in order; odd ones were squeezed in by ALTER TYPE.
    if x.0 % 2 == 0 && y.0 % 2 == 0 {
        return Ok(x.cmp(&y));
    }
    let labels = catalog(cx)?.enum_labels(enum_type(cx, 2)?)?;
    let position = |oid: Oid| match labels.iter().position(|(value, _, _)| *value == oid) {
        Some(i) => Ok(i),
        None => bail!(INVALID_BINARY_REPRESENTATION, "invalid internal value for enum: {oid}"),
    };
    Ok(position(x)?.cmp(&position(y)?))
}

/// Labels from one to another, both included; NULL leaves an end open.
fn range(cx: &CallContext<'_>, typ: Oid, from: &Datum, to: &Datum) -> PgResult<Datum> {
    let labels = catalog(cx)?.enum_labels(typ)?;
    if labels.is_empty() {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "enum {} contains no values",
            catalog(cx)?.format_type(typ, None)?
        );
    }
    let mut elems = Vec::new();
    let mut on = from.is_null();
    for (oid, _, _) in labels.iter() {
        on |= !from.is_null() && from.as_oid() == *oid;
        if on {
            elems.push(Datum::Oid(*oid));
        }
        if !to.is_null() && to.as_oid() == *oid {
            break;
        }
    }
    // An end before the start leaves nothing.
    if let (false, Some(Datum::Oid(last))) = (to.is_null(), elems.last()) {
        if *last != to.as_oid() {
            elems.clear();
        }
    }
    Ok(Datum::Array(Arc::new(ArrayValue::from_elems(typ, elems))))
}

fn end(cx: &CallContext<'_>, last: bool) -> PgResult<Datum> {
    let typ = enum_type(cx, 1)?;
    let labels = catalog(cx)?.enum_labels(typ)?;
    let found = if last { labels.last() } else { labels.first() };
    match found {
        Some((oid, _, _)) => Ok(Datum::Oid(*oid)),
        None => bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "enum {} contains no values",
            catalog(cx)?.format_type(typ, None)?
        ),
    }
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("enum_eq", |_cx, a| Ok(Datum::Bool(a[0].as_oid() == a[1].as_oid())));
    r.scalar("enum_ne", |_cx, a| Ok(Datum::Bool(a[0].as_oid() != a[1].as_oid())));
    r.scalar("enum_lt", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_lt())));
    r.scalar("enum_le", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_le())));
    r.scalar("enum_gt", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_gt())));
    r.scalar("enum_ge", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_ge())));
    r.scalar("enum_cmp", |cx, a| Ok(Datum::Int4(order(cx, a)? as i32)));
    r.scalar("enum_larger", |cx, a| {
        let second = order(cx, a)?.is_le();
        Ok(a[usize::from(second)].take())
    });
    r.scalar("enum_smaller", |cx, a| {
        let second = order(cx, a)?.is_ge();
        Ok(a[usize::from(second)].take())
    });
    r.scalar("hashenum", |_cx, a| Ok(Datum::Int4(hash::uint32(a[0].as_oid().0) as i32)));
    r.scalar("hashenumextended", |_cx, a| {
        let seed = a[1].as_i64() as u64;
        Ok(Datum::Int8(hash::uint32_extended(a[0].as_oid().0, seed) as i64))
    });
    r.scalar("enum_first", |cx, _a| end(cx, false));
    r.scalar("enum_last", |cx, _a| end(cx, true));
    r.scalar("enum_range_all", |cx, _a| range(cx, enum_type(cx, 1)?, &Datum::Null, &Datum::Null));
    r.scalar("enum_range_bounds", |cx, a| range(cx, enum_type(cx, 2)?, &a[0], &a[1]));
}
