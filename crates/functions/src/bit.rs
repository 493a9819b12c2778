//! bit and varbit: comparison, bitwise operators, substrings, casts.
use error::{PgResult, bail, err};
use fmgr::Registry;
use types::{
    Datum, Varlena,
    bit::{self, Bits},
};

fn bits(d: &Datum) -> Bits<'_> {
    Bits::new(d.as_bytes())
}

fn zip(a: &[Datum], name: &str, f: impl Fn(u8, u8) -> u8) -> PgResult<Datum> {
    let (x, y) = (bits(&a[0]), bits(&a[1]));
    if x.len != y.len {
        bail!(STRING_DATA_LENGTH_MISMATCH, "cannot {name} bit strings of different sizes");
    }
    let bytes = x.bytes.iter().zip(y.bytes).map(|(p, q)| f(*p, *q)).collect();
    Ok(Datum::Bytes(bit::encode(bytes, x.len)))
}

fn shift(b: Bits<'_>, by: i64) -> Varlena {
    // A positive shift goes left, towards the first bit.
    let len = b.len as i64;
    bit::collect((0..len).map(|i| {
        let from = i + by;
        (0..len).contains(&from) && b.get(from as usize)
    }))
}

fn substring(b: Bits<'_>, start: i32, length: Option<i32>) -> PgResult<Varlena> {
    let first = i64::from(start) - 1;
    let end = match length {
        Some(n) if n < 0 => {
            bail!(SUBSTRING_ERROR, "negative substring length not allowed")
        }
        Some(n) => first + i64::from(n),
        None => b.len as i64,
    };
    let (from, to) = (first.max(0) as usize, end.clamp(0, b.len as i64) as usize);
    Ok(bit::collect((from..to.max(from)).map(|i| b.get(i))))
}

fn overlay(a: &[Datum], start: i32, length: i32) -> PgResult<Datum> {
    if start <= 0 {
        bail!(SUBSTRING_ERROR, "negative substring length not allowed");
    }
    let Some(after) = start.checked_add(length) else {
        bail!(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    };
    let (x, y) = (bits(&a[0]), bits(&a[1]));
    let head = substring(x, 1, Some(start - 1))?;
    let tail = substring(x, after, None)?;
    let all: Vec<bool> =
        Bits::new(&head).iter().chain(y.iter()).chain(Bits::new(&tail).iter()).collect();
    Ok(Datum::Bytes(bit::collect(all.into_iter())))
}

fn index(b: Bits<'_>, n: i32) -> PgResult<usize> {
    usize::try_from(n).ok().filter(|n| *n < b.len).ok_or_else(|| {
        err!(ARRAY_SUBSCRIPT_ERROR, "bit index {n} out of valid range (0..{})", b.len as i64 - 1)
    })
}

/// The low `len` bits of a number, sign extended.
fn from_int(v: i64, typmod: i32) -> Varlena {
    let len = if (1..=bit::MAX_LEN).contains(&typmod) { typmod as usize } else { 1 };
    bit::collect((0..len).rev().map(|i| v >> i.min(63) & 1 == 1))
}

fn to_int(b: Bits<'_>, width: usize, type_name: &str) -> PgResult<i64> {
    if b.len > width {
        bail!(NUMERIC_VALUE_OUT_OF_RANGE, "{type_name} out of range");
    }
    Ok(b.iter().fold(0i64, |v, bit| v << 1 | i64::from(bit)))
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    comparisons! { r,
        "biteq" "bitne" "bitlt" "bitle" "bitgt" "bitge": as_bytes, as_bytes,
            |a, b| Bits::new(a).compare(&Bits::new(b));
    }
    binary! { r,
        "bitcmp": as_bytes, as_bytes => Int4, |a, b| Bits::new(a).compare(&Bits::new(b)) as i32;
        "bitshiftleft": as_bytes, as_i32 => Bytes, |b, n| shift(Bits::new(b), i64::from(n));
        "bitshiftright": as_bytes, as_i32 => Bytes, |b, n| shift(Bits::new(b), -i64::from(n));
        "bitcat": as_bytes, as_bytes => Bytes,
            |a, b| bit::collect(Bits::new(a).iter().chain(Bits::new(b).iter()).collect::<Vec<_>>().into_iter());
        "bitsubstr_no_len": as_bytes, as_i32 => Bytes, |b, start| substring(Bits::new(b), start, None)?;
        "bitfromint4": as_i32, as_i32 => Bytes, |v, typmod| from_int(i64::from(v), typmod);
        "bitfromint8": as_i64, as_i32 => Bytes, |v, typmod| from_int(v, typmod);
    }
    unary! { r,
        "bitlength": as_bytes => Int4, |b| Bits::new(b).len as i32;
        "bitoctetlength": as_bytes => Int4, |b| Bits::new(b).bytes.len() as i32;
        "bit_bit_count": as_bytes => Int8, |b| Bits::new(b).bytes.iter().map(|b| i64::from(b.count_ones())).sum();
        "bittoint4": as_bytes => Int4, |b| to_int(Bits::new(b), 32, "integer")? as i32;
        "bittoint8": as_bytes => Int8, |b| to_int(Bits::new(b), 64, "bigint")?;
    }
    r.scalar("bit_and", |_cx, a| zip(a, "AND", |x, y| x & y));
    r.scalar("bit_or", |_cx, a| zip(a, "OR", |x, y| x | y));
    r.scalar("bitxor", |_cx, a| zip(a, "XOR", |x, y| x ^ y));
    r.scalar("bitnot", |_cx, a| {
        let b = bits(&a[0]);
        Ok(Datum::Bytes(bit::encode(b.bytes.iter().map(|x| !x).collect(), b.len)))
    });
    r.scalar("bitsubstr", |_cx, a| {
        substring(bits(&a[0]), a[1].as_i32(), Some(a[2].as_i32())).map(Datum::Bytes)
    });
    r.scalar("bitoverlay", |_cx, a| overlay(a, a[2].as_i32(), a[3].as_i32()));
    r.scalar("bitoverlay_no_len", |_cx, a| overlay(a, a[2].as_i32(), bits(&a[1]).len as i32));
    r.scalar("bitposition", |_cx, a| {
        let (x, y) = (bits(&a[0]), bits(&a[1]));
        if x.len == 0 || y.len > x.len {
            return Ok(Datum::Int4(0));
        }
        if y.len == 0 {
            return Ok(Datum::Int4(1));
        }
        let last = x.len.saturating_sub(y.len) + usize::from(x.len >= y.len);
        let found = (0..last).find(|at| (0..y.len).all(|i| x.get(at + i) == y.get(i)));
        Ok(Datum::Int4(found.map_or(0, |i| i as i32 + 1)))
    });
    r.scalar("bitgetbit", |_cx, a| {
        let b = bits(&a[0]);
        Ok(Datum::Int4(i32::from(b.get(index(b, a[1].as_i32())?))))
    });
    r.scalar("bitsetbit", |_cx, a| {
        let b = bits(&a[0]);
        let at = index(b, a[1].as_i32())?;
        let value = match a[2].as_i32() {
            0 => false,
            1 => true,
            _ => bail!(INVALID_PARAMETER_VALUE, "new bit must be 0 or 1"),
        };
        Ok(Datum::Bytes(bit::collect((0..b.len).map(|i| if i == at { value } else { b.get(i) }))))
    });
    r.scalar("bit", |_cx, a| apply(a, false));
    r.scalar("varbit", |_cx, a| apply(a, true));
}

fn apply(a: &[Datum], varying: bool) -> PgResult<Datum> {
    match &a[0] {
        Datum::Bytes(v) => bit::apply(v, a[1].as_i32(), a[2].as_bool(), varying).map(Datum::Bytes),
        other => Ok(other.clone()),
    }
}
