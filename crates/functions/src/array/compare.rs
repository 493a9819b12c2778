//! Equality, order, containment and hashing of arrays.
use error::{PgResult, bail};
use fmgr::{CallContext, Registry};
use std::cmp::Ordering;
use types::{ArrayValue, Datum};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("array_eq", |cx, a| equal(cx, a).map(Datum::Bool));
    r.scalar("array_ne", |cx, a| equal(cx, a).map(|e| Datum::Bool(!e)));
    r.scalar("array_lt", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_lt())));
    r.scalar("array_le", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_le())));
    r.scalar("array_gt", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_gt())));
    r.scalar("array_ge", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_ge())));
    r.scalar("btarraycmp", |cx, a| Ok(Datum::Int4(order(cx, a)? as i32)));
    r.scalar("array_larger", |cx, a| {
        let second = order(cx, a)?.is_le();
        Ok(a[usize::from(second)].take())
    });
    r.scalar("array_smaller", |cx, a| {
        let second = order(cx, a)?.is_ge();
        Ok(a[usize::from(second)].take())
    });
    r.scalar("arrayoverlap", |cx, a| {
        let (left, right) = (a[0].as_array().clone(), a[1].as_array().clone());
        for elem in left.elems.iter().filter(|e| !e.is_null()) {
            if contains_elem(cx, &right, elem)? {
                return Ok(Datum::Bool(true));
            }
        }
        Ok(Datum::Bool(false))
    });
    r.scalar("arraycontains", |cx, a| contains(cx, &a[0], &a[1]).map(Datum::Bool));
    r.scalar("arraycontained", |cx, a| contains(cx, &a[1], &a[0]).map(Datum::Bool));
    r.scalar("hash_array", hash);
}

fn check_types(a: &ArrayValue, b: &ArrayValue) -> PgResult<()> {
    if a.elem_type != b.elem_type {
        bail!(DATATYPE_MISMATCH, "cannot compare arrays of different element types");
    }
    Ok(())
}

fn equal(cx: &CallContext<'_>, args: &[Datum]) -> PgResult<bool> {
    let (a, b) = (args[0].as_array(), args[1].as_array());
    check_types(a, b)?;
    if a.dims != b.dims {
        return Ok(false);
    }
    for (x, y) in a.elems.iter().zip(&b.elems) {
        let same = match (x.is_null(), y.is_null()) {
            (true, true) => true,
            (false, false) => cx.session.type_equal(a.elem_type, cx.collation(), x, y)?,
            _ => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Element by element, NULL above everything; then the number of elements, dimensions, and bounds.
fn order(cx: &CallContext<'_>, args: &[Datum]) -> PgResult<Ordering> {
    let (a, b) = (args[0].as_array(), args[1].as_array());
    check_types(a, b)?;
    for (x, y) in a.elems.iter().zip(&b.elems) {
        let ordering = match (x.is_null(), y.is_null()) {
            (false, false) => cx.session.type_compare(a.elem_type, cx.collation(), x, y)?,
            (x_null, y_null) => x_null.cmp(&y_null),
        };
        if ordering.is_ne() {
            return Ok(ordering);
        }
    }
    let shape = |v: &ArrayValue| -> (usize, usize, Vec<i32>, Vec<i32>) {
        let lens = v.dims.iter().map(|d| d.len).collect();
        let lowers = v.dims.iter().map(|d| d.lower).collect();
        (v.elems.len(), v.dims.len(), lens, lowers)
    };
    Ok(shape(a).cmp(&shape(b)))
}

fn contains_elem(cx: &CallContext<'_>, array: &ArrayValue, elem: &Datum) -> PgResult<bool> {
    for candidate in array.elems.iter().filter(|e| !e.is_null()) {
        if cx.session.type_equal(array.elem_type, cx.collation(), candidate, elem)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether each element of `part` is in `whole`; NULL is in nothing.
fn contains(cx: &CallContext<'_>, whole: &Datum, part: &Datum) -> PgResult<bool> {
    let (whole, part) = (whole.as_array(), part.as_array());
    check_types(whole, part)?;
    for elem in &part.elems {
        if elem.is_null() || !contains_elem(cx, whole, elem)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn hash(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let array = args[0].as_array();
    let mut result: u32 = 1;
    for elem in &array.elems {
        let hash = match elem {
            Datum::Null => 0,
            elem => cx.session.type_hash(array.elem_type, cx.collation(), elem)?,
        };
        result = result.wrapping_mul(31).wrapping_add(hash);
    }
    Ok(Datum::Int4(result as i32))
}
