//! Order and hashing of jsonb, and casts of its scalars.
use super::view;
use error::{PgResult, err};
use fmgr::Registry;
use types::{Datum, jsonb::Jsonb, numeric};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("jsonb_eq", |_cx, a| Ok(Datum::Bool(view(&a[0]).compare(&view(&a[1])).is_eq())));
    r.scalar("jsonb_ne", |_cx, a| Ok(Datum::Bool(view(&a[0]).compare(&view(&a[1])).is_ne())));
    r.scalar("jsonb_lt", |_cx, a| Ok(Datum::Bool(view(&a[0]).compare(&view(&a[1])).is_lt())));
    r.scalar("jsonb_le", |_cx, a| Ok(Datum::Bool(view(&a[0]).compare(&view(&a[1])).is_le())));
    r.scalar("jsonb_gt", |_cx, a| Ok(Datum::Bool(view(&a[0]).compare(&view(&a[1])).is_gt())));
    r.scalar("jsonb_ge", |_cx, a| Ok(Datum::Bool(view(&a[0]).compare(&view(&a[1])).is_ge())));
    r.scalar("jsonb_cmp", |_cx, a| Ok(Datum::Int4(view(&a[0]).compare(&view(&a[1])) as i32)));
    r.scalar("jsonb_hash", |_cx, a| Ok(Datum::Int4(view(&a[0]).hash() as i32)));
    r.scalar("jsonb_hash_extended", |_cx, a| {
        Ok(Datum::Int8(view(&a[0]).hash_extended(a[1].as_i64() as u64) as i64))
    });
    register_casts(r);
}

#[cold]
fn cannot_cast(value: &Jsonb<'_>, target: &str) -> error::PgError {
    let kind = match value {
        Jsonb::Null => "null",
        Jsonb::Bool(_) => "boolean",
        Jsonb::Number(_) => "numeric",
        Jsonb::String(_) => "string",
        Jsonb::Array(_) => "array",
        Jsonb::Object(_) => "object",
    };
    err!(INVALID_PARAMETER_VALUE, "cannot cast jsonb {kind} to type {target}")
}

fn register_casts(r: &mut Registry) {
    fn number(a: &[Datum], target: &str, f: fn(&[u8]) -> PgResult<Datum>) -> PgResult<Datum> {
        match view(&a[0]) {
            Jsonb::Null => Ok(Datum::Null),
            Jsonb::Number(digits) => f(digits),
            other => Err(cannot_cast(&other, target)),
        }
    }
    r.scalar("jsonb_bool", |_cx, a| match view(&a[0]) {
        Jsonb::Null => Ok(Datum::Null),
        Jsonb::Bool(value) => Ok(Datum::Bool(value)),
        other => Err(cannot_cast(&other, "boolean")),
    });
    r.scalar("jsonb_numeric", |_cx, a| number(a, "numeric", |d| Ok(Datum::bytes(d))));
    r.scalar("jsonb_int2", |_cx, a| {
        number(a, "smallint", |d| numeric::to_int::<i16>(d).map(Datum::Int2))
    });
    r.scalar("jsonb_int4", |_cx, a| {
        number(a, "integer", |d| numeric::to_int::<i32>(d).map(Datum::Int4))
    });
    r.scalar("jsonb_int8", |_cx, a| {
        number(a, "bigint", |d| numeric::to_int::<i64>(d).map(Datum::Int8))
    });
    r.scalar("jsonb_float4", |_cx, a| number(a, "real", |d| numeric::to_f32(d).map(Datum::Float4)));
    r.scalar("jsonb_float8", |_cx, a| {
        number(a, "double precision", |d| numeric::to_f64(d).map(Datum::Float8))
    });
}
