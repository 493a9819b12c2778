//! to_hex, to_oct, to_bin, and integers as bytea.
use error::{PgResult, bail};
use fmgr::Registry;
use types::{Datum, Varlena};

fn digits(v: u64, base: u64) -> Varlena {
    let mut out = Vec::new();
    let mut rest = v;
    loop {
        out.push(b"0123456789abcdef"[(rest % base) as usize]);
        rest /= base;
        if rest == 0 {
            break;
        }
    }
    out.reverse();
    Varlena::new(&out)
}

/// Two's complement bytes as a number, if there are no more than the type has.
fn from_bytes(bytes: &[u8], size: usize, name: &str) -> PgResult<i64> {
    if bytes.len() > size {
        bail!(NUMERIC_VALUE_OUT_OF_RANGE, "{name} out of range");
    }
    Ok(bytes.iter().fold(0, |v, b| v << 8 | i64::from(*b)))
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    unary! { r,
        "to_hex32": as_i32 => Bytes, |v| digits(u64::from(v as u32), 16);
        "to_hex64": as_i64 => Bytes, |v| digits(v as u64, 16);
        "to_oct32": as_i32 => Bytes, |v| digits(u64::from(v as u32), 8);
        "to_oct64": as_i64 => Bytes, |v| digits(v as u64, 8);
        "to_bin32": as_i32 => Bytes, |v| digits(u64::from(v as u32), 2);
        "to_bin64": as_i64 => Bytes, |v| digits(v as u64, 2);
        "int2_bytea": as_i16 => Bytes, |v| Varlena::new(&v.to_be_bytes());
        "int4_bytea": as_i32 => Bytes, |v| Varlena::new(&v.to_be_bytes());
        "int8_bytea": as_i64 => Bytes, |v| Varlena::new(&v.to_be_bytes());
    }
    r.scalar("bytea_int2", |_cx, a| {
        Ok(Datum::Int2(from_bytes(a[0].as_bytes(), 2, "smallint")? as i16))
    });
    r.scalar("bytea_int4", |_cx, a| {
        Ok(Datum::Int4(from_bytes(a[0].as_bytes(), 4, "integer")? as i32))
    });
    r.scalar("bytea_int8", |_cx, a| Ok(Datum::Int8(from_bytes(a[0].as_bytes(), 8, "bigint")?)));
}
