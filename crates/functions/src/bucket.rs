//! width_bucket over float8 and over sorted arrays.
use error::{PgResult, bail};
use fmgr::{CallContext, Registry};
use types::{Datum, int};

fn by_width(a: &[Datum]) -> PgResult<i32> {
    let (v, low, high, count) = (a[0].as_f64(), a[1].as_f64(), a[2].as_f64(), a[3].as_i32());
    if count <= 0 {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "count must be greater than zero");
    }
    if v.is_nan() || low.is_nan() || high.is_nan() {
        bail!(
            INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION,
            "operand, lower bound, and upper bound cannot be NaN"
        );
    }
    if low.is_infinite() || high.is_infinite() {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower and upper bounds must be finite");
    }
    if low == high {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower bound cannot equal upper bound");
    }
    let (before, beyond) = if low < high { (v < low, v >= high) } else { (v > low, v <= high) };
    if before {
        return Ok(0);
    }
    if beyond {
        return count.checked_add(1).ok_or_else(int::out_of_range::<i32>);
    }
    // Halves keep the width finite where the bounds are far apart.
    let width = high - low;
    let part = if width.is_finite() {
        (v - low) / width
    } else {
        (v / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)
    };
    let bucket = (f64::from(count) * part) as i32;
    Ok(bucket.min(count - 1) + 1)
}

/// How many thresholds are not above the value.
fn by_thresholds(cx: &CallContext<'_>, a: &[Datum]) -> PgResult<i32> {
    let array = a[1].as_array();
    if array.dims.len() > 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "thresholds must be one-dimensional array");
    }
    if array.elems.iter().any(Datum::is_null) {
        bail!(NULL_VALUE_NOT_ALLOWED, "thresholds array must not contain NULLs");
    }
    let (mut low, mut high) = (0, array.elems.len());
    while low < high {
        let mid = (low + high) / 2;
        let order =
            cx.session.type_compare(array.elem_type, cx.collation(), &a[0], &array.elems[mid])?;
        if order.is_lt() {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    Ok(low as i32)
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("width_bucket_float8", |_cx, a| by_width(a).map(Datum::Int4));
    r.scalar("width_bucket_array", |cx, a| by_thresholds(cx, a).map(Datum::Int4));
}
