//! Order-preserving (memcomparable) encoding of one column of an index key.
//!
//! ```text
//! NULL       [0x00] with NULLS FIRST, [0xff] with NULLS LAST
//! not NULL   [0x01][payload], payload bytes inverted with DESC
//!
//! integers   big-endian, sign bit flipped             floats     bits in numeric order, -0 as 0, NaN last
//! bytes      00 -> 00 ff, end 00 01                   numeric    class, then exponent, digits + 1, end 0000;
//! array      elements, end 00, dimensions                        inverted if negative
//! range      empty 00, else 01 lower upper            interval   length in µs as i128
//! ```
use crate::key_decode::Reader;
use error::{PgError, PgResult};
use std::sync::Arc;
use types::{ArrayValue, Datum, RangeValue, jsonb::Jsonb};

/// How values of a key column are ordered: chosen by the caller from the operator class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// bool
    Bool,
    /// "char"
    Char,
    /// int2
    Int2,
    /// int4, date
    Int4,
    /// int8, money, time, timestamp(tz), tid
    Int8,
    /// pg_lsn, xid8: int8 form, unsigned order
    Uint8,
    /// oid and its like; enums if their OIDs ascend in the order of their labels
    Oid,
    /// float4
    Float4,
    /// float8
    Float8,
    /// Any bytes compared as unsigned bytes: text and its like in C collation, name, bytea, uuid, macaddr
    Bytes,
    /// bpchar: bytes without trailing blanks
    Bpchar,
    /// numeric
    Numeric,
    /// interval
    Interval,
    /// timetz
    TimeTz,
    /// bit, varbit
    Bit,
    /// inet, cidr
    Inet,
    /// Arrays of elements of a kind
    Array(Arc<KeyKind>),
    /// Composite values, one kind a column
    Record(Arc<[KeyKind]>),
    /// Ranges over bounds of a kind
    Range(Arc<KeyKind>),
    /// Multiranges over bounds of a kind
    Multirange(Arc<KeyKind>),
    /// jsonb
    Jsonb,
}

impl KeyKind {
    /// Whether [`decode_key_datum`] gives back the very value that was encoded. If not (numeric loses its
    /// display scale, bpchar its blanks, …) an index-only scan needs the value beside the key.
    pub fn is_lossless(&self) -> bool {
        matches!(
            self,
            KeyKind::Bool
                | KeyKind::Char
                | KeyKind::Int2
                | KeyKind::Int4
                | KeyKind::Int8
                | KeyKind::Uint8
                | KeyKind::Oid
                | KeyKind::Bytes
        )
    }
}

/// Direction and place of NULLs of a key column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyOrder {
    /// DESC.
    pub desc: bool,
    /// NULLS FIRST.
    pub nulls_first: bool,
}

impl KeyOrder {
    /// ASC NULLS LAST, PostgreSQL's default.
    pub const ASC: KeyOrder = KeyOrder { desc: false, nulls_first: false };
    /// DESC NULLS FIRST, PostgreSQL's default for DESC.
    pub const DESC: KeyOrder = KeyOrder { desc: true, nulls_first: true };
}

pub(crate) const NOT_NULL: u8 = 0x01;
/// First byte of a stored IPv6 inet.
pub(crate) const INET6_FAMILY: u8 = 3;

/// Appends the order-preserving form of `datum` to `out`, which it never clears.
#[inline]
pub fn encode_key_datum(
    out: &mut Vec<u8>,
    datum: &Datum,
    kind: &KeyKind,
    order: KeyOrder,
) -> PgResult<()> {
    if datum.is_null() {
        encode_key_null(out, order);
        return Ok(());
    }
    out.push(NOT_NULL);
    let start = out.len();
    encode_payload(out, datum, kind)?;
    if order.desc {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
    Ok(())
}

/// Appends the form of NULL.
#[inline]
pub fn encode_key_null(out: &mut Vec<u8>, order: KeyOrder) {
    out.push(if order.nulls_first { 0x00 } else { 0xff });
}

/// Takes one column off the front of `input`. Exact only for kinds that are lossless.
pub fn decode_key_datum(input: &mut &[u8], kind: &KeyKind, order: KeyOrder) -> PgResult<Datum> {
    let Some((marker, rest)) = input.split_first() else { return Err(cut_short()) };
    *input = rest;
    if *marker != NOT_NULL {
        return Ok(Datum::Null);
    }
    let mut reader = Reader::new(rest, order.desc);
    let datum = reader.datum(kind)?;
    *input = reader.rest();
    Ok(datum)
}

/// Steps over one column at the front of `input`.
pub fn skip_key_datum(input: &mut &[u8], kind: &KeyKind, order: KeyOrder) -> PgResult<()> {
    decode_key_datum(input, kind, order).map(drop)
}

#[cold]
pub(crate) fn cut_short() -> PgError {
    PgError::new(error::SqlState::INDEX_CORRUPTED, "index key is cut short")
}

#[cold]
fn mismatch(kind: &KeyKind, datum: &Datum) -> PgError {
    PgError::internal(format!("key column of kind {kind:?} was given {datum:?}"))
}

#[inline]
fn encode_payload(out: &mut Vec<u8>, datum: &Datum, kind: &KeyKind) -> PgResult<()> {
    match (kind, datum) {
        (KeyKind::Int4, Datum::Int4(v)) => {
            out.extend_from_slice(&((*v as u32) ^ (1 << 31)).to_be_bytes());
        }
        (KeyKind::Int8, Datum::Int8(v)) => put_i64(out, *v),
        (KeyKind::Bytes, Datum::Bytes(v)) => put_escaped(out, v),
        (KeyKind::Oid, Datum::Oid(v)) => out.extend_from_slice(&v.0.to_be_bytes()),
        (KeyKind::Int2, Datum::Int2(v)) => {
            out.extend_from_slice(&((*v as u16) ^ (1 << 15)).to_be_bytes());
        }
        (KeyKind::Bool, Datum::Bool(v)) => out.push(*v as u8),
        (KeyKind::Char, Datum::Char(v)) => out.push(*v),
        (KeyKind::Uint8, Datum::Int8(v)) => out.extend_from_slice(&(*v as u64).to_be_bytes()),
        (KeyKind::Float4, Datum::Float4(v)) => put_f32(out, *v),
        (KeyKind::Float8, Datum::Float8(v)) => put_f64(out, *v),
        _ => return encode_other(out, datum, kind),
    }
    Ok(())
}

fn encode_other(out: &mut Vec<u8>, datum: &Datum, kind: &KeyKind) -> PgResult<()> {
    match (kind, datum) {
        (KeyKind::Bpchar, Datum::Bytes(v)) => {
            let end = v.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
            put_escaped(out, &v[..end]);
        }
        (KeyKind::Numeric, Datum::Bytes(v)) => put_numeric(out, v)?,
        (KeyKind::Interval, Datum::Bytes(v)) => put_interval(out, v)?,
        (KeyKind::TimeTz, Datum::Bytes(v)) => put_timetz(out, v)?,
        (KeyKind::Bit, Datum::Bytes(v)) => put_bit(out, v)?,
        (KeyKind::Inet, Datum::Bytes(v)) => put_inet(out, v)?,
        (KeyKind::Array(element), Datum::Array(v)) => put_array(out, v, element)?,
        (KeyKind::Record(kinds), Datum::Record(v)) => {
            if kinds.len() != v.fields.len() {
                return Err(mismatch(kind, datum));
            }
            for (field, kind) in v.fields.iter().zip(kinds.iter()) {
                encode_key_datum(out, field, kind, KeyOrder::ASC)?;
            }
        }
        (KeyKind::Range(bound), Datum::Range(v)) => put_range(out, v, bound)?,
        (KeyKind::Multirange(bound), Datum::Multirange(v)) => {
            for range in &v.ranges {
                out.push(0x01);
                put_range(out, range, bound)?;
            }
            out.push(0x00);
        }
        (KeyKind::Jsonb, Datum::Bytes(v)) => crate::key_jsonb::put(out, Jsonb::new(v))?,
        _ => return Err(mismatch(kind, datum)),
    }
    Ok(())
}

#[inline]
fn put_i64(out: &mut Vec<u8>, v: i64) {
    out.extend_from_slice(&((v as u64) ^ (1 << 63)).to_be_bytes());
}

fn put_f64(out: &mut Vec<u8>, v: f64) {
    let v = if v == 0.0 {
        0.0
    } else if v.is_nan() {
        f64::NAN.abs()
    } else {
        v
    };
    let bits = v.to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits ^ (1 << 63) };
    out.extend_from_slice(&ordered.to_be_bytes());
}

fn put_f32(out: &mut Vec<u8>, v: f32) {
    let v = if v == 0.0 {
        0.0
    } else if v.is_nan() {
        f32::NAN.abs()
    } else {
        v
    };
    let bits = v.to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits ^ (1 << 31) };
    out.extend_from_slice(&ordered.to_be_bytes());
}

/// Bytes that end: a zero byte becomes `00 ff`, the end is `00 01`.
#[inline]
pub(crate) fn put_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    let mut rest = bytes;
    while let Some(zero) = rest.iter().position(|byte| *byte == 0) {
        out.extend_from_slice(&rest[..zero]);
        out.extend_from_slice(&[0x00, 0xff]);
        rest = &rest[zero + 1..];
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(&[0x00, 0x01]);
}

/// Classes of numeric in ascending order.
pub(crate) mod numeric_class {
    pub(crate) const MINUS_INFINITY: u8 = 1;
    pub(crate) const NEGATIVE: u8 = 2;
    pub(crate) const ZERO: u8 = 3;
    pub(crate) const POSITIVE: u8 = 4;
    pub(crate) const INFINITY: u8 = 5;
    pub(crate) const NAN: u8 = 6;
}

#[cold]
fn bad_value(what: &str) -> PgError {
    PgError::new(error::SqlState::DATA_CORRUPTED, format!("stored {what} has a wrong length"))
}

/// From the stored form of `types::numeric`: head, weight and base-10000 digits as little-endian words.
pub(crate) fn put_numeric(out: &mut Vec<u8>, stored: &[u8]) -> PgResult<()> {
    let Some((head, rest)) = stored.split_first_chunk::<2>() else {
        return Err(bad_value("numeric"));
    };
    let head = u16::from_le_bytes(*head);
    let kind = head >> 14;
    if kind == 2 {
        out.push(match head & 0x3fff {
            0 => numeric_class::NAN,
            1 => numeric_class::INFINITY,
            _ => numeric_class::MINUS_INFINITY,
        });
        return Ok(());
    }
    let (weight, digits) = match rest.split_first_chunk::<2>() {
        Some((weight, digits)) => (i16::from_le_bytes(*weight), digits),
        None => (0, &[][..]),
    };
    if digits.is_empty() {
        out.push(numeric_class::ZERO);
        return Ok(());
    }
    out.push(if kind == 0 { numeric_class::POSITIVE } else { numeric_class::NEGATIVE });
    let start = out.len();
    out.extend_from_slice(&((weight as u16) ^ (1 << 15)).to_be_bytes());
    for digit in digits.chunks_exact(2) {
        let digit = u16::from_le_bytes([digit[0], digit[1]]);
        out.extend_from_slice(&(digit + 1).to_be_bytes());
    }
    out.extend_from_slice(&[0, 0]);
    if kind == 1 {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
    Ok(())
}

const USECS_PER_DAY: i128 = 86_400_000_000;

/// Stored: `[µs i64][days i32][months i32]` little-endian without the zero bytes at the end. Ordered by length,
/// a month being 30 days.
fn put_interval(out: &mut Vec<u8>, stored: &[u8]) -> PgResult<()> {
    let mut raw = [0; 16];
    raw.get_mut(..stored.len()).ok_or_else(|| bad_value("interval"))?.copy_from_slice(stored);
    let raw = u128::from_le_bytes(raw);
    let (time, days, months) = (raw as i64, (raw >> 64) as i32, (raw >> 96) as i32);
    let days = i128::from(months) * 30 + i128::from(days);
    let length = days * USECS_PER_DAY + i128::from(time);
    out.extend_from_slice(&((length as u128) ^ (1 << 127)).to_be_bytes());
    Ok(())
}

/// Stored: `[µs i64][zone i32]` little-endian, zone in seconds west of UTC. Ordered by UTC time, then zone.
fn put_timetz(out: &mut Vec<u8>, stored: &[u8]) -> PgResult<()> {
    let (Some(time), Some(zone)) =
        (stored.first_chunk::<8>(), stored.get(8..).and_then(|zone| zone.first_chunk::<4>()))
    else {
        return Err(bad_value("timetz"));
    };
    let (time, zone) = (i64::from_le_bytes(*time), i32::from_le_bytes(*zone));
    put_i64(out, time + i64::from(zone) * 1_000_000);
    out.extend_from_slice(&((zone as u32) ^ (1 << 31)).to_be_bytes());
    Ok(())
}

/// Stored: `[unused bits of the last byte][bytes, first bit highest]`. Ordered by bytes, then number of bits.
fn put_bit(out: &mut Vec<u8>, stored: &[u8]) -> PgResult<()> {
    let Some((unused, bytes)) = stored.split_first() else {
        return Err(bad_value("bit string"));
    };
    put_escaped(out, bytes);
    out.push(!*unused);
    Ok(())
}

/// Stored: `[family][bits][address 4 or 16]`. Ordered by family, network, bits, address.
fn put_inet(out: &mut Vec<u8>, stored: &[u8]) -> PgResult<()> {
    let [family, bits, address @ ..] = stored else { return Err(bad_value("inet")) };
    if address.len() != 4 && address.len() != 16 {
        return Err(bad_value("inet"));
    }
    out.push(*family);
    for (i, byte) in address.iter().enumerate() {
        let network_bits = (usize::from(*bits)).saturating_sub(i * 8).min(8);
        out.push(byte & !(0xffu16 >> network_bits) as u8);
    }
    out.push(*bits);
    out.extend_from_slice(address);
    Ok(())
}

/// Elements in order, NULL after all others, then the number of elements, then the shape.
fn put_array(out: &mut Vec<u8>, array: &ArrayValue, element: &KeyKind) -> PgResult<()> {
    for datum in &array.elems {
        encode_key_datum(out, datum, element, KeyOrder::ASC)?;
    }
    out.push(0x00);
    out.push(array.dims.len() as u8);
    for dim in &array.dims {
        out.extend_from_slice(&((dim.len as u32) ^ (1 << 31)).to_be_bytes());
    }
    for dim in &array.dims {
        out.extend_from_slice(&((dim.lower as u32) ^ (1 << 31)).to_be_bytes());
    }
    Ok(())
}

/// Empty ranges first; then by lower bound, unbounded first and inclusive before exclusive; then by upper
/// bound, exclusive before inclusive and unbounded last.
fn put_range(out: &mut Vec<u8>, range: &RangeValue, bound: &KeyKind) -> PgResult<()> {
    if range.empty {
        out.push(0x00);
        return Ok(());
    }
    out.push(0x01);
    match &range.lower {
        None => out.push(0x00),
        Some(value) => {
            out.push(0x01);
            encode_payload(out, value, bound)?;
            out.push(!range.lower_inc as u8);
        }
    }
    match &range.upper {
        None => out.push(0x02),
        Some(value) => {
            out.push(0x01);
            encode_payload(out, value, bound)?;
            out.push(range.upper_inc as u8);
        }
    }
    Ok(())
}
