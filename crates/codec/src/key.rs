//! Order-preserving (memcomparable) encoding of one column of an index key.
//!
//! ```text
//! NULL       [0x00] with NULLS FIRST, [0xff] with NULLS LAST
//! not NULL   [0x01][payload], payload bytes inverted with DESC
//! ```
use error::{PgError, PgResult};
use std::sync::Arc;
use types::Datum;

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
    /// int8, money, time, timestamp(tz), pg_lsn, xid8, tid
    Int8,
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
        match self {
            KeyKind::Bool
            | KeyKind::Char
            | KeyKind::Int2
            | KeyKind::Int4
            | KeyKind::Int8
            | KeyKind::Oid
            | KeyKind::Bytes => true,
            _ => false,
        }
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

/// Appends the order-preserving form of `datum` to `out`, which it never clears.
pub fn encode_key_datum(
    out: &mut Vec<u8>,
    datum: &Datum,
    kind: &KeyKind,
    order: KeyOrder,
) -> PgResult<()> {
    let _ = (out, datum, kind, order);
    Err(PgError::internal("key encoding is being written"))
}

/// Appends the form of NULL.
pub fn encode_key_null(out: &mut Vec<u8>, order: KeyOrder) {
    out.push(if order.nulls_first { 0x00 } else { 0xff });
}

/// Takes one column off the front of `input`. Exact only for kinds that are lossless.
pub fn decode_key_datum(input: &mut &[u8], kind: &KeyKind, order: KeyOrder) -> PgResult<Datum> {
    let _ = (input, kind, order);
    Err(PgError::internal("key encoding is being written"))
}

/// Steps over one column at the front of `input`.
pub fn skip_key_datum(input: &mut &[u8], kind: &KeyKind, order: KeyOrder) -> PgResult<()> {
    decode_key_datum(input, kind, order).map(drop)
}
