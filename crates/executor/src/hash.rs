//! Hashing and equality of values for joins, grouping and hashed subqueries.
//!
//! Hash values stay inside the executor, so integers, floats and bytes use a fast mix of their own; all
//! other types use their default hash operator class.
use crate::{
    Cx,
    expr::{CompareOp, FnCall, Kernel, bytes, is_deterministic, number},
};
use catalog::CatalogRead;
use error::PgResult;
use fmgr::FnContext;
use std::cmp::Ordering;
use types::{Datum, Oid, type_oid};

/// How values of one column are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashKind {
    /// Any integer width, oid, date, time, timestamp, bool, "char".
    Integer,
    /// float4, float8.
    Float,
    /// Bytes that are equal if and only if the values are.
    Bytes,
    /// By the type's hash operator class.
    Type(Oid, Oid),
}

const MUL: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes all bits of a word.
#[inline]
pub fn mix(mut h: u64) -> u64 {
    h ^= h >> 32;
    h = h.wrapping_mul(0xd6e8_feb8_6659_fd93);
    h ^= h >> 32;
    h = h.wrapping_mul(0xd6e8_feb8_6659_fd93);
    h ^ (h >> 32)
}

/// Combines the hash of a further column.
#[inline]
pub fn combine(h: u64, next: u64) -> u64 {
    (h.rotate_left(5) ^ next).wrapping_mul(MUL)
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut h = bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0u8; 8];
        word.copy_from_slice(chunk);
        h = combine(h, u64::from_le_bytes(word));
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut word = [0u8; 8];
        word[..rest.len()].copy_from_slice(rest);
        h = combine(h, u64::from_le_bytes(word));
    }
    mix(h)
}

impl HashKind {
    /// The kind for values of a type under a collation.
    pub fn of_type(catalog: &dyn CatalogRead, typ: Oid, collation: Oid) -> PgResult<HashKind> {
        let base = base_type(catalog, typ)?;
        Ok(match base {
            type_oid::INT2
            | type_oid::INT4
            | type_oid::INT8
            | type_oid::OID
            | type_oid::BOOL
            | type_oid::DATE
            | type_oid::TIME
            | type_oid::TIMESTAMP
            | type_oid::TIMESTAMPTZ
            | type_oid::MONEY
            | type_oid::CHAR
            | type_oid::TID
            | type_oid::XID
            | type_oid::CID
            | type_oid::XID8
            | type_oid::PG_LSN
            | type_oid::REGCLASS
            | type_oid::REGTYPE
            | type_oid::REGPROC => HashKind::Integer,
            type_oid::FLOAT4 | type_oid::FLOAT8 => HashKind::Float,
            type_oid::BYTEA | type_oid::UUID => HashKind::Bytes,
            type_oid::TEXT | type_oid::VARCHAR | type_oid::NAME
                if is_deterministic(catalog, collation)? =>
            {
                HashKind::Bytes
            }
            other => HashKind::Type(other, collation),
        })
    }

    /// Hash of a value that is not NULL.
    #[inline]
    pub fn hash(&self, session: &dyn FnContext, value: &Datum) -> PgResult<u64> {
        Ok(match (self, value) {
            (HashKind::Integer, Datum::Int4(v)) => mix(i64::from(*v) as u64 ^ MUL),
            (HashKind::Integer, Datum::Int8(v)) => mix(*v as u64 ^ MUL),
            (HashKind::Integer, Datum::Int2(v)) => mix(i64::from(*v) as u64 ^ MUL),
            (HashKind::Integer, Datum::Oid(v)) => mix(u64::from(v.0) ^ MUL),
            (HashKind::Integer, Datum::Bool(v)) => mix(u64::from(*v) ^ MUL),
            (HashKind::Integer, Datum::Char(v)) => mix(u64::from(*v) ^ MUL),
            (HashKind::Float, Datum::Float8(v)) => hash_float(*v),
            (HashKind::Float, Datum::Float4(v)) => hash_float(f64::from(*v)),
            (HashKind::Bytes, Datum::Bytes(v)) => hash_bytes(v.as_bytes()),
            (HashKind::Type(typ, collation), value) => {
                mix(u64::from(session.type_hash(*typ, *collation, value)?))
            }
            (_, other) => {
                return Err(error::PgError::internal(format!("cannot hash {other:?}")));
            }
        })
    }
}

/// Equal floats hash alike: -0 as 0, every NaN as one.
fn hash_float(v: f64) -> u64 {
    let v = if v == 0.0 {
        0.0
    } else if v.is_nan() {
        f64::NAN
    } else {
        v
    };
    mix(v.to_bits() ^ MUL)
}

/// The type below domains.
pub(crate) fn base_type(catalog: &dyn CatalogRead, typ: Oid) -> PgResult<Oid> {
    let mut oid = typ;
    // Built-in types are no domains: spare them the lookup.
    while oid >= Oid(10000) {
        match catalog.lookup_type(oid)? {
            Some(t) if t.typtype == 'd' => oid = t.basetype,
            _ => break,
        }
    }
    Ok(oid)
}

/// How one column is grouped or joined: hashed, and compared with the equality operator.
pub struct KeyColumn {
    /// Position of the column in the rows (from 0).
    pub col: usize,
    pub(crate) hash: HashKind,
    pub(crate) equal: FnCall,
    pub(crate) kernel: Kernel,
}

impl KeyColumn {
    pub(crate) fn new(col: usize, hash: HashKind, equal: FnCall) -> Self {
        let kernel = match equal.as_fast2().map(|_| Kernel::of(&equal.info.prosrc)) {
            Some(kernel @ (Kernel::Number(CompareOp::Eq) | Kernel::Bytes(CompareOp::Eq))) => kernel,
            _ => Kernel::None,
        };
        KeyColumn { col, hash, equal, kernel }
    }

    /// Whether two values are not distinct: NULLs are equal to each other.
    #[inline]
    pub(crate) fn not_distinct(&self, cx: &mut Cx<'_>, a: &Datum, b: &Datum) -> PgResult<bool> {
        match (a.is_null(), b.is_null()) {
            (false, false) => match self.kernel {
                Kernel::Number(_) => Ok(number(a, b).is_some_and(Ordering::is_eq)),
                Kernel::Bytes(_) => Ok(bytes(a, b).is_some_and(Ordering::is_eq)),
                _ => self.equal.test2(cx, a, b),
            },
            (a, b) => Ok(a && b),
        }
    }
}

/// Hash of a row's key columns with NULLs as values.
pub(crate) fn hash_keys<'a>(
    session: &dyn FnContext,
    keys: &[KeyColumn],
    value: impl Fn(&KeyColumn) -> &'a Datum,
) -> PgResult<u64> {
    let mut h = 0;
    for key in keys {
        let v = value(key);
        let column = if v.is_null() { 0 } else { key.hash.hash(session, v)? };
        h = combine(h, column);
    }
    Ok(mix(h))
}
