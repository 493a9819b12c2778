//! Which two-operand functions have a loop over columns, by `pg_proc.prosrc`.
use super::cmp_f64;
use std::cmp::Ordering;
use types::Datum;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// The loop of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kernel {
    /// None of its own: one call a row.
    None,
    /// Comparison of numbers held by value.
    Number(CompareOp),
    /// Comparison byte by byte.
    Bytes(CompareOp),
    AddInt4,
    SubInt4,
    MulInt4,
    AddInt8,
    SubInt8,
    MulInt8,
    AddFloat8,
    SubFloat8,
    MulFloat8,
}

/// Types whose comparison functions are named by a prefix and the operator.
const NUMBERS: [&str; 14] = [
    "int4",
    "int8",
    "int2",
    "int24",
    "int42",
    "int48",
    "int84",
    "int28",
    "int82",
    "date_",
    "timestamp_",
    "time_",
    "float8",
    "oid",
];
const BYTES: [&str; 5] = ["text", "text_", "bytea", "uuid_", "name"];

impl Kernel {
    /// The loop of a function that has a context-free body for its operands.
    pub(crate) fn of(prosrc: &str) -> Kernel {
        match prosrc {
            "int4pl" => return Kernel::AddInt4,
            "int4mi" => return Kernel::SubInt4,
            "int4mul" => return Kernel::MulInt4,
            "int8pl" => return Kernel::AddInt8,
            "int8mi" => return Kernel::SubInt8,
            "int8mul" => return Kernel::MulInt8,
            "float8pl" => return Kernel::AddFloat8,
            "float8mi" => return Kernel::SubFloat8,
            "float8mul" => return Kernel::MulFloat8,
            _ => {}
        }
        let Some((prefix, op)) = prosrc.split_at_checked(prosrc.len().saturating_sub(2)) else {
            return Kernel::None;
        };
        let op = match op {
            "eq" => CompareOp::Eq,
            "ne" => CompareOp::Ne,
            "lt" => CompareOp::Lt,
            "le" => CompareOp::Le,
            "gt" => CompareOp::Gt,
            "ge" => CompareOp::Ge,
            _ => return Kernel::None,
        };
        if NUMBERS.contains(&prefix) {
            Kernel::Number(op)
        } else if BYTES.contains(&prefix) {
            Kernel::Bytes(op)
        } else {
            Kernel::None
        }
    }
}

/// The order of two numbers; `None` if one is NULL.
#[inline(always)]
pub(crate) fn number(a: &Datum, b: &Datum) -> Option<Ordering> {
    Some(match (a, b) {
        (Datum::Int4(a), Datum::Int4(b)) => a.cmp(b),
        (Datum::Int8(a), Datum::Int8(b)) => a.cmp(b),
        (Datum::Float8(a), Datum::Float8(b)) => cmp_f64(*a, *b),
        (Datum::Int2(a), Datum::Int2(b)) => a.cmp(b),
        (Datum::Oid(a), Datum::Oid(b)) => a.cmp(b),
        (Datum::Int4(a), Datum::Int8(b)) => i64::from(*a).cmp(b),
        (Datum::Int8(a), Datum::Int4(b)) => a.cmp(&i64::from(*b)),
        (Datum::Int4(a), Datum::Int2(b)) => a.cmp(&i32::from(*b)),
        (Datum::Int2(a), Datum::Int4(b)) => i32::from(*a).cmp(b),
        (Datum::Int8(a), Datum::Int2(b)) => a.cmp(&i64::from(*b)),
        (Datum::Int2(a), Datum::Int8(b)) => i64::from(*a).cmp(b),
        _ => return None,
    })
}

/// The order of two byte strings; `None` if one is NULL.
#[inline(always)]
pub(crate) fn bytes(a: &Datum, b: &Datum) -> Option<Ordering> {
    match (a, b) {
        (Datum::Bytes(a), Datum::Bytes(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        _ => None,
    }
}
