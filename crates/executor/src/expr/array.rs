//! Arrays: ARRAY[…], subscripts and slices for reading and assignment, casts by element.
use super::fixed_array as fixed;
use super::{CExpr, FnCall};
use crate::{Cx, batch::Rows};
use error::{PgError, PgResult, err};
use std::sync::Arc;
use types::{ArrayDim, ArrayValue, Datum, Oid};

const MAX_DIMS: usize = 6;

/// ARRAY[…].
pub struct ArrayBuild {
    pub(crate) elem_type: Oid,
    pub(crate) multidims: bool,
    pub(crate) elements: Box<[CExpr]>,
}

#[cold]
fn mismatched() -> PgError {
    err!(
        ARRAY_SUBSCRIPT_ERROR,
        "multidimensional arrays must have array expressions with matching dimensions"
    )
}

#[cold]
fn subscript_error(message: &str) -> PgError {
    err!(ARRAY_SUBSCRIPT_ERROR, "{message}")
}

impl ArrayBuild {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut values = Vec::with_capacity(self.elements.len());
        for element in &self.elements {
            values.push(element.eval(rows, cx)?);
        }
        if !self.multidims {
            return Ok(Datum::Array(Arc::new(ArrayValue::from_elems(self.elem_type, values))));
        }
        self.stack(values)
    }

    /// Puts arrays of equal dimensions side by side along a new first dimension.
    fn stack(&self, values: Vec<Datum>) -> PgResult<Datum> {
        let mut dims: Option<Vec<ArrayDim>> = None;
        let mut elems = Vec::new();
        let mut outer = 0;
        let mut any_empty = false;
        for value in &values {
            let Datum::Array(array) = value else {
                any_empty = true;
                continue;
            };
            if array.dims.is_empty() {
                any_empty = true;
                continue;
            }
            match &dims {
                None => dims = Some(array.dims.clone()),
                Some(first) if *first != array.dims => return Err(mismatched()),
                Some(_) => {}
            }
            elems.extend_from_slice(&array.elems);
            outer += 1;
        }
        let Some(inner) = dims else {
            return Ok(Datum::Array(Arc::new(ArrayValue::empty(self.elem_type))));
        };
        if any_empty {
            return Err(mismatched());
        }
        if inner.len() >= MAX_DIMS {
            return Err(err!(
                PROGRAM_LIMIT_EXCEEDED,
                "number of array dimensions ({}) exceeds the maximum allowed ({MAX_DIMS})",
                inner.len() + 1
            ));
        }
        let mut dims = vec![ArrayDim { len: outer, lower: 1 }];
        dims.extend(inner);
        Ok(Datum::Array(Arc::new(ArrayValue { elem_type: self.elem_type, dims, elems })))
    }
}

/// SubscriptingRef over an array or a jsonb value.
pub struct SubscriptNode {
    pub(crate) container: CExpr,
    pub(crate) elem_type: Oid,
    pub(crate) upper: Box<[Option<CExpr>]>,
    /// Empty unless it is a slice.
    pub(crate) lower: Box<[Option<CExpr>]>,
    /// New value, and the slot that shows it the old one.
    pub(crate) assign: Option<(CExpr, u32)>,
    /// For jsonb: the function that reads a path.
    pub(crate) jsonb: Option<JsonbSubscripts>,
    /// The container is of fixed length.
    pub(crate) fixed: bool,
}

/// The function behind jsonb subscripts.
pub(crate) struct JsonbSubscripts {
    pub(crate) fetch: FnCall,
    /// Type of each subscript, for its text form.
    pub(crate) types: Vec<Oid>,
}

/// Subscript bounds by dimension; `None`: omitted.
type Bounds = [Option<i32>; MAX_DIMS];

impl SubscriptNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let container = self.container.eval(rows, cx)?;
        if let Some(jsonb) = &self.jsonb {
            return self.eval_jsonb(jsonb, container, rows, cx);
        }
        if container.is_null() && self.assign.is_none() {
            return Ok(Datum::Null);
        }
        let (mut upper, mut lower): (Bounds, Bounds) = ([None; MAX_DIMS], [None; MAX_DIMS]);
        if self.upper.len() > MAX_DIMS {
            return Err(err!(
                PROGRAM_LIMIT_EXCEEDED,
                "number of array dimensions ({}) exceeds the maximum allowed ({MAX_DIMS})",
                self.upper.len()
            ));
        }
        let complete = self.bounds(&self.upper, &mut upper, rows, cx)?
            && self.bounds(&self.lower, &mut lower, rows, cx)?;
        if !complete {
            if self.assign.is_some() {
                return Err(err!(
                    NULL_VALUE_NOT_ALLOWED,
                    "array subscript in assignment must not be null"
                ));
            }
            return Ok(Datum::Null);
        }
        let n = self.upper.len();
        let slice = !self.lower.is_empty();
        let Some((value, slot)) = &self.assign else {
            let Datum::Array(array) = &container else {
                if slice {
                    return Err(not_supported_slice("slices of fixed-length arrays"));
                }
                return fixed::element(&container, self.elem_type, &upper[..n]);
            };
            return Ok(if slice {
                fetch_slice(array, &lower[..n], &upper[..n])
            } else {
                fetch_element(array, &upper[..n])
            });
        };
        cx.es.case_values[*slot as usize] = match &container {
            Datum::Array(array) if !slice => fetch_element(array, &upper[..n]),
            Datum::Array(array) => fetch_slice(array, &lower[..n], &upper[..n]),
            Datum::Null => Datum::Null,
            _ if slice => Datum::Null,
            fixed => fixed::element(fixed, self.elem_type, &upper[..n])?,
        };
        let value = value.eval(rows, cx)?;
        if self.fixed {
            if slice {
                return Err(not_supported_slice("updates on slices of fixed-length arrays"));
            }
            // Neither may be NULL, or nothing changes.
            if container.is_null() || value.is_null() {
                return Ok(container);
            }
            return fixed::assigned(&container, self.elem_type, &upper[..n], &value);
        }
        let array = match container {
            Datum::Null => Arc::new(ArrayValue::empty(self.elem_type)),
            Datum::Array(array) => array,
            _ => return Err(PgError::internal("a subscripted value is not an array")),
        };
        if slice {
            match value {
                Datum::Array(source) => set_slice(array, &lower[..n], &upper[..n], &source),
                // Assigning a NULL array to a slice changes nothing.
                _ => Ok(Datum::Array(array)),
            }
        } else {
            set_element(array, &upper[..n], value)
        }
    }

    /// Evaluates subscripts; false if one is NULL.
    fn bounds(
        &self,
        exprs: &[Option<CExpr>],
        out: &mut Bounds,
        rows: &Rows<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<bool> {
        for (n, expr) in exprs.iter().enumerate() {
            if let Some(expr) = expr {
                match expr.eval(rows, cx)? {
                    Datum::Int4(v) => out[n] = Some(v),
                    _ => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    fn eval_jsonb(
        &self,
        jsonb: &JsonbSubscripts,
        container: Datum,
        rows: &Rows<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<Datum> {
        if container.is_null() && self.assign.is_none() {
            return Ok(Datum::Null);
        }
        let mut path = Vec::with_capacity(self.upper.len());
        for (expr, typ) in self.upper.iter().zip(&jsonb.types) {
            let value = match expr {
                Some(expr) => expr.eval(rows, cx)?,
                None => Datum::Null,
            };
            if value.is_null() {
                return match self.assign {
                    None => Ok(Datum::Null),
                    Some(_) => Err(err!(
                        NULL_VALUE_NOT_ALLOWED,
                        "jsonb subscript in assignment must not be null"
                    )),
                };
            }
            let mut text = Vec::new();
            cx.session.type_output(*typ, &value, &mut text)?;
            path.push(Datum::bytes(&text));
        }
        let Some((value, slot)) = &self.assign else {
            let path = ArrayValue::from_elems(types::type_oid::TEXT, path);
            return jsonb.fetch.call(cx, &mut [container, Datum::Array(Arc::new(path))]);
        };
        // A nested assignment changes what is there now.
        cx.es.case_values[*slot as usize] = match &container {
            Datum::Null => Datum::Null,
            container => {
                let path = ArrayValue::from_elems(types::type_oid::TEXT, path.clone());
                jsonb.fetch.call(cx, &mut [container.clone(), Datum::Array(Arc::new(path))])?
            }
        };
        let value = value.eval(rows, cx)?;
        let path: Vec<(String, bool)> = path
            .iter()
            .zip(&jsonb.types)
            .map(|(step, typ)| (step.as_str().to_string(), *typ == types::type_oid::INT4))
            .collect();
        cx.session.sql_json()?.assign(&container, &path, &value)
    }
}

/// 0A000 with PostgreSQL's words.
fn not_supported_slice(what: &str) -> PgError {
    err!(FEATURE_NOT_SUPPORTED, "{what} not implemented")
}

/// Position of an element; `None` if a subscript is out of bounds or their number is wrong.
fn offset(dims: &[ArrayDim], subscripts: &[Option<i32>]) -> Option<usize> {
    if dims.len() != subscripts.len() || dims.is_empty() {
        return None;
    }
    let mut at = 0usize;
    for (dim, sub) in dims.iter().zip(subscripts) {
        let rel = i64::from((*sub)?) - i64::from(dim.lower);
        if rel < 0 || rel >= i64::from(dim.len) {
            return None;
        }
        at = at * dim.len as usize + rel as usize;
    }
    Some(at)
}

fn fetch_element(array: &ArrayValue, subscripts: &[Option<i32>]) -> Datum {
    offset(&array.dims, subscripts).map_or(Datum::Null, |at| array.elems[at].clone())
}

fn fetch_slice(array: &ArrayValue, lower: &[Option<i32>], upper: &[Option<i32>]) -> Datum {
    let empty = || Datum::Array(Arc::new(ArrayValue::empty(array.elem_type)));
    if array.dims.is_empty() || array.dims.len() < upper.len() {
        return empty();
    }
    let mut ranges = Vec::with_capacity(array.dims.len());
    for (n, dim) in array.dims.iter().enumerate() {
        let last = i64::from(dim.lower) + i64::from(dim.len) - 1;
        let from = lower.get(n).copied().flatten().map_or(i64::from(dim.lower), i64::from);
        let to = upper.get(n).copied().flatten().map_or(last, i64::from);
        let (from, to) = (from.max(i64::from(dim.lower)), to.min(last));
        if from > to {
            return empty();
        }
        ranges.push(((from - i64::from(dim.lower)) as usize, (to - from + 1) as usize));
    }
    let mut elems = Vec::new();
    for_each_in_slice(&array.dims, &ranges, &mut |at| elems.push(array.elems[at].clone()));
    let dims = ranges.iter().map(|(_, len)| ArrayDim { len: *len as i32, lower: 1 }).collect();
    Datum::Array(Arc::new(ArrayValue { elem_type: array.elem_type, dims, elems }))
}

/// Visits the positions of a slice in row-major order; `ranges` are (first, length) by dimension.
fn for_each_in_slice(dims: &[ArrayDim], ranges: &[(usize, usize)], visit: &mut dyn FnMut(usize)) {
    fn walk(
        dims: &[ArrayDim],
        ranges: &[(usize, usize)],
        base: usize,
        visit: &mut dyn FnMut(usize),
    ) {
        let Some(((first, len), rest)) = ranges.split_first() else {
            visit(base);
            return;
        };
        for n in *first..first + len {
            walk(&dims[1..], rest, base * dims[0].len as usize + n, visit);
        }
    }
    walk(dims, ranges, 0, visit);
}

/// Widens a one-dimensional array, filling with NULLs, so that it spans `first..=last`.
fn extend(array: &mut ArrayValue, first: i32, last: i32) -> PgResult<()> {
    let dim = array.dims[0];
    let old_last = i64::from(dim.lower) + i64::from(dim.len) - 1;
    let new_first = i64::from(dim.lower.min(first));
    let new_last = old_last.max(i64::from(last));
    if new_last - new_first >= (1 << 27) {
        return Err(err!(
            PROGRAM_LIMIT_EXCEEDED,
            "array size exceeds the maximum allowed ({})",
            (1 << 27) - 1
        ));
    }
    let before = (i64::from(dim.lower) - new_first) as usize;
    let after = (new_last - old_last) as usize;
    if before > 0 {
        array.elems.splice(0..0, std::iter::repeat_n(Datum::Null, before));
    }
    array.elems.extend(std::iter::repeat_n(Datum::Null, after));
    array.dims[0] = ArrayDim { len: (new_last - new_first + 1) as i32, lower: new_first as i32 };
    Ok(())
}

fn set_element(array: Arc<ArrayValue>, subs: &[Option<i32>], value: Datum) -> PgResult<Datum> {
    let mut array = Arc::unwrap_or_clone(array);
    if array.dims.is_empty() {
        array.dims = subs.iter().map(|s| ArrayDim { len: 1, lower: s.unwrap_or(1) }).collect();
        array.elems = vec![value];
        return Ok(Datum::Array(Arc::new(array)));
    }
    if array.dims.len() != subs.len() {
        return Err(subscript_error("wrong number of array subscripts"));
    }
    if let (1, Some(sub)) = (subs.len(), subs[0]) {
        extend(&mut array, sub, sub)?;
    }
    let at =
        offset(&array.dims, subs).ok_or_else(|| subscript_error("array subscript out of range"))?;
    array.elems[at] = value;
    Ok(Datum::Array(Arc::new(array)))
}

fn set_slice(
    array: Arc<ArrayValue>,
    lower: &[Option<i32>],
    upper: &[Option<i32>],
    source: &ArrayValue,
) -> PgResult<Datum> {
    let mut array = Arc::unwrap_or_clone(array);
    if array.dims.is_empty() {
        return set_new_slice(array, lower, upper, source);
    }
    if array.dims.len() < upper.len() {
        return Err(subscript_error("wrong number of array subscripts"));
    }
    let mut bounds = Vec::with_capacity(array.dims.len());
    for (n, dim) in array.dims.iter().enumerate() {
        let last = dim.lower.saturating_add(dim.len - 1);
        let from = lower.get(n).copied().flatten().unwrap_or(dim.lower);
        let to = upper.get(n).copied().flatten().unwrap_or(last);
        if from > to {
            return Err(subscript_error("upper bound cannot be less than lower bound"));
        }
        if array.dims.len() > 1 && (from < dim.lower || to > last) {
            return Err(subscript_error("array subscript out of range"));
        }
        bounds.push((from, to));
    }
    if array.dims.len() == 1 {
        extend(&mut array, bounds[0].0, bounds[0].1)?;
    }
    let ranges: Vec<_> = bounds
        .iter()
        .zip(&array.dims)
        .map(|((from, to), dim)| ((from - dim.lower) as usize, (to - from + 1) as usize))
        .collect();
    if source.elems.len() < ranges.iter().map(|r| r.1).product() {
        return Err(subscript_error("source array too small"));
    }
    let dims = array.dims.clone();
    let mut values = source.elems.iter();
    for_each_in_slice(&dims, &ranges, &mut |at| {
        if let Some(value) = values.next() {
            array.elems[at] = value.clone();
        }
    });
    Ok(Datum::Array(Arc::new(array)))
}

/// Most elements of an array.
const ELEMENTS_MAX: usize = (1 << 27) - 1;

fn too_large() -> PgError {
    err!(PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed ({ELEMENTS_MAX})")
}

/// A slice of an empty array: it becomes the slice.
fn set_new_slice(
    mut array: ArrayValue,
    lower: &[Option<i32>],
    upper: &[Option<i32>],
    source: &ArrayValue,
) -> PgResult<Datum> {
    let mut dims = Vec::with_capacity(upper.len());
    for (from, to) in lower.iter().zip(upper) {
        let (Some(from), Some(to)) = (from, to) else {
            return Err(subscript_error("array slice subscript must provide both boundaries")
                .detail(
                    "When assigning to a slice of an empty array value, slice boundaries must \
                     be fully specified.",
                ));
        };
        if from > to {
            return Err(subscript_error("upper bound cannot be less than lower bound"));
        }
        let len = to.checked_sub(*from).and_then(|n| n.checked_add(1)).ok_or_else(too_large)?;
        dims.push(ArrayDim { len, lower: *from });
    }
    let total = dims
        .iter()
        .try_fold(1usize, |n, d| n.checked_mul(d.len as usize))
        .filter(|n| *n <= ELEMENTS_MAX)
        .ok_or_else(too_large)?;
    if source.elems.len() < total {
        return Err(subscript_error("source array too small"));
    }
    array.dims = dims;
    array.elems = source.elems[..total].to_vec();
    Ok(Datum::Array(Arc::new(array)))
}

/// ArrayCoerceExpr: each element goes through a slot and an expression over it.
pub struct ArrayCoerceNode {
    pub(crate) arg: CExpr,
    pub(crate) slot: u32,
    /// `None`: only the element type's name changes.
    pub(crate) elem: Option<CExpr>,
    pub(crate) elem_type: Oid,
}

impl ArrayCoerceNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let Datum::Array(array) = self.arg.eval(rows, cx)? else { return Ok(Datum::Null) };
        let mut array = Arc::unwrap_or_clone(array);
        array.elem_type = self.elem_type;
        if let Some(elem) = &self.elem {
            for value in &mut array.elems {
                cx.es.case_values[self.slot as usize] = value.take();
                *value = elem.eval(rows, cx)?;
            }
        }
        Ok(Datum::Array(Arc::new(array)))
    }
}
