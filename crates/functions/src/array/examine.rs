//! Dimensions, positions, expansion into rows, text form.
use error::{PgResult, bail};
use fmgr::{CallContext, Registry, VecRowSource};
use std::sync::Arc;
use types::{ArrayDim, ArrayValue, Datum, type_oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_dimensions(r);
    register_positions(r);
    register_rows(r);
    r.scalar("array_to_text", to_text);
    r.scalar("array_to_text_null", |cx, a| match (&a[0], &a[1]) {
        (Datum::Null, _) | (_, Datum::Null) => Ok(Datum::Null),
        _ => to_text(cx, a),
    });
}

fn dim(args: &[Datum]) -> Option<ArrayDim> {
    let n = usize::try_from(args[1].as_i32()).ok()?.checked_sub(1)?;
    args[0].as_array().dims.get(n).copied()
}

fn register_dimensions(r: &mut Registry) {
    r.scalar("array_ndims", |_cx, a| {
        Ok(match a[0].as_array().dims.len() {
            0 => Datum::Null,
            n => Datum::Int4(n as i32),
        })
    });
    r.scalar("array_dims", |_cx, a| {
        let dims = &a[0].as_array().dims;
        if dims.is_empty() {
            return Ok(Datum::Null);
        }
        let text: String =
            dims.iter().map(|d| format!("[{}:{}]", d.lower, d.lower + d.len - 1)).collect();
        Ok(Datum::text(&text))
    });
    r.scalar("array_length", |_cx, a| Ok(dim(a).map_or(Datum::Null, |d| Datum::Int4(d.len))));
    r.scalar("array_lower", |_cx, a| Ok(dim(a).map_or(Datum::Null, |d| Datum::Int4(d.lower))));
    r.scalar("array_upper", |_cx, a| {
        Ok(dim(a).map_or(Datum::Null, |d| Datum::Int4(d.lower + d.len - 1)))
    });
    r.scalar("array_cardinality", |_cx, a| Ok(Datum::Int4(a[0].as_array().elems.len() as i32)));
}

/// Subscripts at which the element stands, from `start` on; only for one dimension.
fn positions(
    cx: &CallContext<'_>,
    args: &[Datum],
    start: Option<i32>,
    all: bool,
) -> PgResult<Vec<i32>> {
    let array = args[0].as_array();
    if array.dims.len() > 1 {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "searching for elements in multidimensional arrays is not supported"
        );
    }
    let lower = array.dims.first().map_or(1, |d| d.lower);
    let mut found = Vec::new();
    for (index, elem) in array.elems.iter().enumerate() {
        let subscript = lower + index as i32;
        if start.is_some_and(|start| subscript < start) {
            continue;
        }
        let same = match (elem.is_null(), args[1].is_null()) {
            (true, true) => true,
            (false, false) => {
                cx.session.type_equal(array.elem_type, cx.collation(), elem, &args[1])?
            }
            _ => false,
        };
        if same {
            found.push(subscript);
            if !all {
                break;
            }
        }
    }
    Ok(found)
}

fn register_positions(r: &mut Registry) {
    fn first(found: Vec<i32>) -> Datum {
        found.first().map_or(Datum::Null, |p| Datum::Int4(*p))
    }
    r.scalar("array_position", |cx, a| {
        if a[0].is_null() {
            return Ok(Datum::Null);
        }
        positions(cx, a, None, false).map(first)
    });
    r.scalar("array_position_start", |cx, a| {
        if a[0].is_null() {
            return Ok(Datum::Null);
        }
        if a[2].is_null() {
            bail!(NULL_VALUE_NOT_ALLOWED, "initial position must not be null");
        }
        positions(cx, a, Some(a[2].as_i32()), false).map(first)
    });
    r.scalar("array_positions", |cx, a| {
        if a[0].is_null() {
            return Ok(Datum::Null);
        }
        let found = positions(cx, a, None, true)?.into_iter().map(Datum::Int4).collect();
        Ok(Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::INT4, found))))
    });
}

fn register_rows(r: &mut Registry) {
    r.set("array_unnest", |_cx, a| Ok(VecRowSource::scalars(a[0].as_array().elems.clone())));
    r.set("generate_subscripts_nodir", |_cx, a| Ok(VecRowSource::scalars(subscripts(a, false))));
    r.set("generate_subscripts", |_cx, a| {
        let reverse = a[2].as_bool();
        Ok(VecRowSource::scalars(subscripts(a, reverse)))
    });
}

fn subscripts(args: &[Datum], reverse: bool) -> Vec<Datum> {
    let Some(dim) = dim(args) else { return Vec::new() };
    let mut all: Vec<Datum> = (dim.lower..dim.lower + dim.len).map(Datum::Int4).collect();
    if reverse {
        all.reverse();
    }
    all
}

/// array_to_string: NULLs are left out, or shown as the third argument.
fn to_text(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let array = args[0].as_array();
    let null = args.get(2).filter(|n| !n.is_null());
    let mut out = Vec::new();
    let mut first = true;
    for elem in &array.elems {
        if elem.is_null() && null.is_none() {
            continue;
        }
        if !first {
            out.extend_from_slice(args[1].as_bytes());
        }
        first = false;
        match (elem, null) {
            (Datum::Null, Some(null)) => out.extend_from_slice(null.as_bytes()),
            (elem, _) => cx.session.type_output(array.elem_type, elem, &mut out)?,
        }
    }
    Ok(Datum::bytes(&out))
}
