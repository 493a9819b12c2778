//! 64-bit hashes with a seed of values that contain others.
use crate::range::{bound_flags, ranges_of};
use crate::range_type::RangeType;
use crate::system::catalog;
use catalog::CatalogRead;
use error::{PgResult, bail};
use fmgr::{CallContext, CallSite, Registry};
use types::{Datum, Oid, hash, type_oid as t};

/// The hash access method, and the number of its extended support function.
const HASH: Oid = Oid(405);
const EXTENDED: i16 = 2;

/// Hash of a value by its type's default operator class.
fn hash_value(
    cx: &CallContext<'_>,
    typ: Oid,
    collation: Oid,
    v: &Datum,
    seed: i64,
) -> PgResult<u64> {
    let cat = catalog(cx)?;
    let class = cat.default_opclass(typ, HASH)?;
    let function = match &class {
        Some(class) => cat.opfamily_proc(class.family, class.intype, class.intype, EXTENDED)?,
        None => Oid::INVALID,
    };
    if !function.is_valid() {
        bail!(
            UNDEFINED_FUNCTION,
            "could not identify an extended hash function for type {}",
            cat.format_type(typ, None)?
        );
    }
    let info = cx.session.resolve_function(function)?;
    let site = CallSite {
        collation,
        arg_types: vec![typ, t::INT8],
        ret_type: t::INT8,
        ..CallSite::default()
    };
    let mut cache = None;
    let mut inner =
        CallContext { session: cx.session, site: &site, cache: &mut cache, in_aggregate: false };
    Ok(info.call(&mut inner, &mut [v.clone(), Datum::Int8(seed)])?.as_i64() as u64)
}

/// Each half moved up by one bit on its own.
fn rotate_halves(v: u64) -> u64 {
    (v << 1) & 0xffff_fffe_ffff_fffe | (v >> 31) & 0x0000_0001_0000_0001
}

fn combine(sum: u64, next: u64) -> u64 {
    sum.wrapping_shl(5).wrapping_sub(sum).wrapping_add(next)
}

fn hash_range(
    cx: &CallContext<'_>,
    typ: &RangeType,
    range: &types::RangeValue,
    seed: i64,
) -> PgResult<u64> {
    let value = |bound: &Option<Datum>| match bound {
        Some(v) => hash_value(cx, typ.subtype, typ.collation, v, seed),
        None => Ok(0),
    };
    let (lower, upper) = (value(&range.lower)?, value(&range.upper)?);
    let flags = hash::uint32_extended(bound_flags(range), seed as u64);
    Ok(rotate_halves(flags ^ lower) ^ upper)
}

fn column_collation(cx: &CallContext<'_>, typ: Oid) -> PgResult<Oid> {
    Ok(catalog(cx)?.get_type(typ)?.collation)
}

/// Registers the family.
pub(crate) fn register(r: &mut Registry) {
    r.scalar("hash_array_extended", |cx, a| {
        let array = a[0].as_array();
        let mut sum = 1u64;
        for elem in &array.elems {
            let next = match elem {
                Datum::Null => 0,
                v => hash_value(cx, array.elem_type, cx.collation(), v, a[1].as_i64())?,
            };
            sum = combine(sum, next);
        }
        Ok(Datum::Int8(sum as i64))
    });
    r.scalar("hash_record_extended", |cx, a| {
        let record = a[0].as_record();
        let mut sum = 0u64;
        for (field, value) in record.desc.fields.iter().zip(&record.fields) {
            let next = match value {
                Datum::Null => 0,
                v => {
                    let collation = column_collation(cx, field.typ)?;
                    hash_value(cx, field.typ, collation, v, a[1].as_i64())?
                }
            };
            sum = combine(sum, next);
        }
        Ok(Datum::Int8(sum as i64))
    });
    r.scalar("hash_range_extended", |cx, a| {
        let range = a[0].as_range();
        let typ = RangeType::of_range(cx, range.type_id)?;
        hash_range(cx, &typ, range, a[1].as_i64()).map(|h| Datum::Int8(h as i64))
    });
    r.scalar("hash_multirange_extended", |cx, a| {
        let typ = RangeType::of_multirange(cx, a[0].as_multirange().type_id)?;
        let mut sum = 1u64;
        for range in ranges_of(&a[0]) {
            sum = combine(sum, hash_range(cx, &typ, &range, a[1].as_i64())?);
        }
        Ok(Datum::Int8(sum as i64))
    });
    binary! { r,
        "hashvarlenaextended": as_bytes, as_i64 => Int8,
            |a, seed| hash::bytes_extended(a, seed as u64) as i64;
    }
    unary! { r, "hashvarlena": as_bytes => Int4, |a| hash::bytes(a) as i32; }
}
