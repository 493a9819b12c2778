//! array_agg, string_agg, any_value, bool_and/bool_or as moving aggregates.
use super::{combine, finish, transition};
use error::{PgResult, err};
use fmgr::{CallContext, Registry};
use std::sync::Arc;
use types::{ArrayDim, ArrayValue, Datum, Oid};

/// Registers the family.
pub fn register(r: &mut Registry) {
    register_array_agg(r);
    register_string_agg(r);
    register_bool(r);
    r.scalar("any_value_transfn", |_cx, args| Ok(args[0].take()));
}

/// Elements so far.
struct Elements {
    elem_type: Oid,
    values: Vec<Datum>,
}

fn register_array_agg(r: &mut Registry) {
    r.scalar("array_agg_transfn", |cx, args| {
        let elem_type = cx.arg_type(1);
        let new = || Elements { elem_type, values: Vec::new() };
        transition(args, new, |s, args| {
            s.values.push(args[1].take());
            Ok(())
        })
    });
    r.scalar("array_agg_combine", |_cx, args| {
        combine::<Elements>(args, |s, o| {
            s.values.extend(o.values.iter().cloned());
            Ok(())
        })
    });
    r.scalar("array_agg_finalfn", |_cx, args| {
        finish::<Elements>(args, |s| {
            let array = ArrayValue::from_elems(s.elem_type, s.values.clone());
            Ok(Datum::Array(Arc::new(array)))
        })
    });
    r.scalar("array_agg_array_transfn", array_agg_array);
    r.scalar("array_agg_array_combine", |_cx, args| {
        combine::<Arrays>(args, |s, o| {
            s.count += o.count;
            s.elems.extend(o.elems.iter().cloned());
            Ok(())
        })
    });
    r.scalar("array_agg_array_finalfn", |_cx, args| {
        finish::<Arrays>(args, |s| {
            let mut dims = vec![ArrayDim { len: s.count, lower: 1 }];
            dims.extend(&s.dims);
            let array = ArrayValue { elem_type: s.elem_type, dims, elems: s.elems.clone() };
            Ok(Datum::Array(Arc::new(array)))
        })
    });
}

/// Sub-arrays of one shape, to be joined along a new first dimension.
struct Arrays {
    elem_type: Oid,
    dims: Vec<ArrayDim>,
    count: i32,
    elems: Vec<Datum>,
}

fn array_agg_array(_cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    if args[1].is_null() {
        return Err(err!(NULL_VALUE_NOT_ALLOWED, "cannot accumulate null arrays"));
    }
    let array = args[1].as_array().clone();
    let new = || Arrays {
        elem_type: array.elem_type,
        dims: array.dims.clone(),
        count: 0,
        elems: Vec::new(),
    };
    transition(args, new, |s, _args| {
        if s.count == 0 && array.dims.is_empty() {
            return Err(err!(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate empty arrays"));
        }
        if s.dims != array.dims {
            return Err(err!(
                ARRAY_SUBSCRIPT_ERROR,
                "cannot accumulate arrays of different dimensionality"
            ));
        }
        s.count += 1;
        s.elems.extend(array.elems.iter().cloned());
        Ok(())
    })
}

/// Text so far; the delimiter before the first value is left out.
struct Joined(Vec<u8>);

fn register_string_agg(r: &mut Registry) {
    fn step(_cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
        if args[1].is_null() {
            return Ok(args[0].take());
        }
        let first = args[0].is_null();
        transition(
            args,
            || Joined(Vec::new()),
            |s, args| {
                if !first && !args[2].is_null() {
                    s.0.extend_from_slice(args[2].as_bytes());
                }
                s.0.extend_from_slice(args[1].as_bytes());
                Ok(())
            },
        )
    }
    fn result(_cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
        finish::<Joined>(args, |s| Ok(Datum::bytes(&s.0)))
    }
    r.scalar("string_agg_transfn", step);
    r.scalar("bytea_string_agg_transfn", step);
    r.scalar("string_agg_finalfn", result);
    r.scalar("bytea_string_agg_finalfn", result);
}

/// How many non-NULL inputs there were and how many of them were true.
#[derive(Default)]
struct Truths {
    total: i64,
    trues: i64,
}

fn register_bool(r: &mut Registry) {
    fn count(args: &mut [Datum], direction: i64) -> PgResult<Datum> {
        transition(args, Truths::default, |s, args| {
            if !args[1].is_null() {
                s.total += direction;
                s.trues += if args[1].as_bool() { direction } else { 0 };
            }
            Ok(())
        })
    }
    r.scalar("bool_accum", |_cx, args| count(args, 1));
    r.scalar("bool_accum_inv", |_cx, args| count(args, -1));
    r.scalar("bool_alltrue", |_cx, args| truth(args, |s| s.trues == s.total));
    r.scalar("bool_anytrue", |_cx, args| truth(args, |s| s.trues > 0));
}

fn truth(args: &[Datum], f: fn(&Truths) -> bool) -> PgResult<Datum> {
    finish::<Truths>(args, |s| Ok(if s.total == 0 { Datum::Null } else { Datum::Bool(f(s)) }))
}
