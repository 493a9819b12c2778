//! bool: comparison, casts, hashing and the state functions of its aggregates.
use fmgr::Registry;
use types::{Datum, boolean, hash};

/// Registers the family.
pub fn register(r: &mut Registry) {
    comparisons! { r,
        "booleq" "boolne" "boollt" "boolle" "boolgt" "boolge": as_bool, as_bool, |a, b| a.cmp(&b);
    }
    binary! { r,
        "btboolcmp": as_bool, as_bool => Int4, |a, b| a.cmp(&b) as i32;
        "booland_statefunc": as_bool, as_bool => Bool, |a, b| a && b;
        "boolor_statefunc": as_bool, as_bool => Bool, |a, b| a || b;
        "hashboolextended": as_bool, as_i64 => Int8,
            |a, seed| hash::uint32_extended(u32::from(a), seed as u64) as i64;
    }
    unary! { r,
        "int4_bool": as_i32 => Bool, |a| a != 0;
        "bool_int4": as_bool => Int4, |a| i32::from(a);
        "hashbool": as_bool => Int4, |a| hash::uint32(u32::from(a)) as i32;
    }
    r.scalar("booltext", |_cx, args| {
        Ok(Datum::text(if args[0].as_bool() { "true" } else { "false" }))
    });
    r.scalar("boolin", |_cx, args| Ok(Datum::Bool(boolean::input(args[0].as_str())?)));
    r.scalar("boolout", |_cx, args| Ok(Datum::text(if args[0].as_bool() { "t" } else { "f" })));
    r.scalar("boolrecv", |_cx, args| Ok(Datum::Bool(boolean::recv(args[0].as_bytes())?)));
    r.scalar("boolsend", |_cx, args| Ok(Datum::bytes(&[u8::from(args[0].as_bool())])));
}
