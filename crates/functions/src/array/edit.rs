//! Functions that make arrays out of arrays.
use error::{PgResult, bail, err};
use fmgr::{CallContext, Registry};
use std::{cmp::Ordering, sync::Arc};
use types::{ArrayDim, ArrayValue, Datum, Oid};

/// PostgreSQL's MAXDIM.
const MAX_DIMENSIONS: usize = 6;
/// More elements than this would not fit into 1 GB.
const MAX_ELEMENTS: i64 = 134_217_727;

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("array_append", |cx, a| {
        let elem = a[1].take();
        extend(cx, a[0].take(), elem, true)
    });
    r.scalar("array_prepend", |cx, a| {
        let elem = a[0].take();
        extend(cx, a[1].take(), elem, false)
    });
    r.scalar("array_cat", |_cx, a| concat(a));
    r.scalar("array_remove", |cx, a| replace(cx, a, true));
    r.scalar("array_replace", |cx, a| replace(cx, a, false));
    r.scalar("trim_array", trim);
    r.scalar("array_reverse", |_cx, a| {
        let mut array = ArrayValue::clone(a[0].as_array());
        let chunk = inner_size(&array).max(1);
        array.elems = array.elems.chunks(chunk).rev().flatten().cloned().collect();
        Ok(Datum::Array(Arc::new(array)))
    });
    r.scalar("array_sort", |cx, a| sort(cx, a, false, false));
    r.scalar("array_sort_order", |cx, a| {
        let descending = a[1].as_bool();
        sort(cx, a, descending, descending)
    });
    r.scalar("array_sort_order_nulls_first", |cx, a| {
        let (descending, nulls_first) = (a[1].as_bool(), a[2].as_bool());
        sort(cx, a, descending, nulls_first)
    });
    r.scalar("array_fill", |cx, a| fill(cx, a));
    r.scalar("array_fill_with_lower_bounds", |cx, a| fill(cx, a));
    r.scalar("array_shuffle", |cx, a| {
        let count = a[0].as_array().dims.first().map_or(0, |d| d.len);
        sample(cx, a, count, true)
    });
    r.scalar("array_sample", |cx, a| {
        let len = a[0].as_array().dims.first().map_or(0, |d| d.len);
        let count = a[1].as_i32();
        if !(0..=len).contains(&count) {
            bail!(INVALID_PARAMETER_VALUE, "sample size must be between 0 and {len}");
        }
        sample(cx, a, count, false)
    });
}

/// Elements below one subscript of the first dimension.
fn inner_size(array: &ArrayValue) -> usize {
    array.dims.iter().skip(1).map(|d| d.len as usize).product()
}

/// Adds one element at an end of a one-dimensional or empty array; NULL counts as empty.
fn extend(cx: &CallContext<'_>, array: Datum, elem: Datum, at_end: bool) -> PgResult<Datum> {
    let elem_type = cx.site.ret_type;
    let mut array = match array {
        Datum::Array(array) => array,
        _ => Arc::new(ArrayValue::empty(array_elem(cx, elem_type, at_end))),
    };
    if array.dims.len() > 1 {
        bail!(DATA_EXCEPTION, "argument must be empty or one-dimensional array");
    }
    let value = Arc::make_mut(&mut array);
    match value.dims.first_mut() {
        None => value.dims.push(ArrayDim { len: 1, lower: 1 }),
        Some(dim) => {
            if at_end && dim.lower.checked_add(dim.len).is_none() {
                return Err(types::int::out_of_range::<i32>());
            }
            dim.len += 1;
        }
    }
    match at_end {
        true => value.elems.push(elem),
        false => value.elems.insert(0, elem),
    }
    Ok(Datum::Array(array))
}

/// The element type of a NULL array argument: that of the element argument.
fn array_elem(cx: &CallContext<'_>, _array_type: Oid, at_end: bool) -> Oid {
    cx.arg_type(usize::from(at_end))
}

/// Joins two arrays along the first dimension; one may have a dimension less.
fn concat(args: &mut [Datum]) -> PgResult<Datum> {
    if args[0].is_null() {
        return Ok(args[1].take());
    }
    if args[1].is_null() {
        return Ok(args[0].take());
    }
    let (a, b) = (args[0].as_array(), args[1].as_array());
    if a.dims.is_empty() {
        return Ok(args[1].clone());
    }
    if b.dims.is_empty() {
        return Ok(args[0].clone());
    }
    if a.elem_type != b.elem_type {
        bail!(DATATYPE_MISMATCH, "cannot concatenate incompatible arrays");
    }
    let dims = joined_dims(&a.dims, &b.dims)?;
    let elems = a.elems.iter().chain(&b.elems).cloned().collect();
    Ok(Datum::Array(Arc::new(ArrayValue { elem_type: a.elem_type, dims, elems })))
}

fn joined_dims(a: &[ArrayDim], b: &[ArrayDim]) -> PgResult<Vec<ArrayDim>> {
    let incompatible = |detail: String| {
        err!(ARRAY_SUBSCRIPT_ERROR, "cannot concatenate incompatible arrays").detail(detail)
    };
    let lens_differ = |x: &[ArrayDim], y: &[ArrayDim]| x.iter().zip(y).any(|(x, y)| x.len != y.len);
    match a.len() as i64 - b.len() as i64 {
        0 => {
            if lens_differ(&a[1..], &b[1..]) {
                let detail = "Arrays with differing element dimensions are not compatible for concatenation.";
                return Err(incompatible(detail.to_string()));
            }
            let mut dims = a.to_vec();
            dims[0].len += b[0].len;
            Ok(dims)
        }
        1 | -1 => {
            let (outer, inner) = if a.len() > b.len() { (a, b) } else { (b, a) };
            if lens_differ(&outer[1..], inner) {
                let detail =
                    "Arrays with differing dimensions are not compatible for concatenation.";
                return Err(incompatible(detail.to_string()));
            }
            let mut dims = outer.to_vec();
            dims[0].len += 1;
            Ok(dims)
        }
        _ => Err(incompatible(format!(
            "Arrays of {} and {} dimensions are not compatible for concatenation.",
            a.len(),
            b.len()
        ))),
    }
}

/// array_remove drops, array_replace exchanges the elements equal to the second argument.
fn replace(cx: &CallContext<'_>, args: &mut [Datum], remove: bool) -> PgResult<Datum> {
    if args[0].is_null() {
        return Ok(Datum::Null);
    }
    let array = args[0].as_array().clone();
    if remove && array.dims.len() > 1 {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "removing elements from multidimensional arrays is not supported"
        );
    }
    let mut elems = Vec::with_capacity(array.elems.len());
    for elem in &array.elems {
        let same = match (elem.is_null(), args[1].is_null()) {
            (true, true) => true,
            (false, false) => {
                cx.session.type_equal(array.elem_type, cx.collation(), elem, &args[1])?
            }
            _ => false,
        };
        match (same, remove) {
            (false, _) => elems.push(elem.clone()),
            (true, true) => {}
            (true, false) => elems.push(args[2].clone()),
        }
    }
    let mut dims = array.dims.clone();
    if remove {
        if elems.is_empty() {
            dims.clear();
        } else if let Some(dim) = dims.first_mut() {
            dim.len = elems.len() as i32;
        }
    }
    Ok(Datum::Array(Arc::new(ArrayValue { elem_type: array.elem_type, dims, elems })))
}

fn trim(_cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let array = args[0].as_array();
    let len = array.dims.first().map_or(0, |d| d.len);
    let count = args[1].as_i32();
    if !(0..=len).contains(&count) {
        bail!(ARRAY_ELEMENT_ERROR, "number of elements to trim must be between 0 and {len}");
    }
    let mut array = ArrayValue::clone(array);
    if count == len {
        return Ok(Datum::Array(Arc::new(ArrayValue::empty(array.elem_type))));
    }
    let keep = (len - count) as usize * inner_size(&array);
    array.elems.truncate(keep);
    // Slices start at 1, and so does what trim_array leaves.
    array.dims[0].len -= count;
    array.dims.iter_mut().for_each(|d| d.lower = 1);
    Ok(Datum::Array(Arc::new(array)))
}

/// Sorts along the first dimension; sub-arrays compare element by element.
fn sort(
    cx: &CallContext<'_>,
    args: &[Datum],
    descending: bool,
    nulls_first: bool,
) -> PgResult<Datum> {
    let array = args[0].as_array();
    let chunk = inner_size(array).max(1);
    let mut parts: Vec<&[Datum]> = array.elems.chunks(chunk).collect();
    let mut failure = None;
    parts.sort_by(|a, b| {
        let ordering = compare_parts(cx, array.elem_type, a, b, descending, nulls_first);
        ordering.unwrap_or_else(|e| {
            failure.get_or_insert(e);
            Ordering::Equal
        })
    });
    if let Some(error) = failure {
        return Err(error);
    }
    let elems = parts.into_iter().flatten().cloned().collect();
    let dims = array.dims.clone();
    Ok(Datum::Array(Arc::new(ArrayValue { elem_type: array.elem_type, dims, elems })))
}

fn compare_parts(
    cx: &CallContext<'_>,
    elem_type: Oid,
    a: &[Datum],
    b: &[Datum],
    descending: bool,
    nulls_first: bool,
) -> PgResult<Ordering> {
    for (x, y) in a.iter().zip(b) {
        let ordering = match (x.is_null(), y.is_null()) {
            (false, false) => {
                let ordering = cx.session.type_compare(elem_type, cx.collation(), x, y)?;
                if descending { ordering.reverse() } else { ordering }
            }
            (x_null, y_null) if nulls_first => y_null.cmp(&x_null),
            (x_null, y_null) => x_null.cmp(&y_null),
        };
        if ordering.is_ne() {
            return Ok(ordering);
        }
    }
    Ok(Ordering::Equal)
}

fn fill(cx: &CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    if args[1].is_null() || args.get(2).is_some_and(Datum::is_null) {
        bail!(NULL_VALUE_NOT_ALLOWED, "dimension array or low bound array cannot be null");
    }
    let lens = bounds(&args[1])?;
    let lowers = match args.get(2) {
        Some(lowers) => bounds(lowers)?,
        None => vec![1; lens.len()],
    };
    if lens.len() > MAX_DIMENSIONS {
        bail!(
            PROGRAM_LIMIT_EXCEEDED,
            "number of array dimensions ({}) exceeds the maximum allowed ({MAX_DIMENSIONS})",
            lens.len()
        );
    }
    if lowers.len() != lens.len() {
        return Err(err!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
            .detail("Low bound array has different size than dimensions array."));
    }
    let elem_type = cx.arg_type(0);
    let total = lens.iter().try_fold(1i64, |n, len| n.checked_mul(i64::from(*len)));
    match total {
        Some(0) => return Ok(Datum::Array(Arc::new(ArrayValue::empty(elem_type)))),
        Some(total) if (1..=MAX_ELEMENTS).contains(&total) && !lens.is_empty() => {
            let dims =
                lens.iter().zip(&lowers).map(|(len, lower)| ArrayDim { len: *len, lower: *lower });
            let dims = dims.collect();
            let elems = vec![args[0].clone(); total as usize];
            return Ok(Datum::Array(Arc::new(ArrayValue { elem_type, dims, elems })));
        }
        _ => {}
    }
    if lens.is_empty() {
        return Ok(Datum::Array(Arc::new(ArrayValue::empty(elem_type))));
    }
    bail!(PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed ({MAX_ELEMENTS})")
}

fn bounds(datum: &Datum) -> PgResult<Vec<i32>> {
    let array = datum.as_array();
    if array.dims.len() > 1 {
        return Err(err!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
            .detail("Dimension array must be one dimensional."));
    }
    if array.elems.iter().any(Datum::is_null) {
        bail!(NULL_VALUE_NOT_ALLOWED, "dimension values cannot be null");
    }
    Ok(array.elems.iter().map(Datum::as_i32).collect())
}

/// `count` members of the first dimension, drawn without replacement.
fn sample(cx: &CallContext<'_>, args: &[Datum], count: i32, keep_lower: bool) -> PgResult<Datum> {
    let array = args[0].as_array();
    let chunk = inner_size(array).max(1);
    let mut parts: Vec<&[Datum]> = array.elems.chunks(chunk).collect();
    for at in 0..count as usize {
        let pick = at + crate::random::index_below(cx.session, parts.len() - at);
        parts.swap(at, pick);
    }
    parts.truncate(count as usize);
    if parts.is_empty() {
        return Ok(Datum::Array(Arc::new(ArrayValue::empty(array.elem_type))));
    }
    let elems = parts.into_iter().flatten().cloned().collect();
    let mut dims = array.dims.clone();
    dims[0].len = count;
    if !keep_lower {
        dims[0].lower = 1;
    }
    Ok(Datum::Array(Arc::new(ArrayValue { elem_type: array.elem_type, dims, elems })))
}
