//! The value of one column or expression, and the structured values behind it.
//!
//! | variant | SQL types |
//! |---|---|
//! | `Bool` | bool |
//! | `Char` | "char" |
//! | `Int2` | int2 |
//! | `Int4` | int4, date (days since 2000-01-01) |
//! | `Int8` | int8, money, time, timestamp, timestamptz (µs since 2000-01-01), pg_lsn, xid8, tid (block << 16 \| offset) |
//! | `Float4`, `Float8` | float4, float8 |
//! | `Oid` | oid, reg*, xid, cid, enums (OID of the pg_enum row) |
//! | `Bytes` | text, varchar, bpchar, name, bytea, numeric, json, jsonb, uuid, interval, timetz, bit, inet, … |
//! | `Array` | arrays, int2vector, oidvector (lower bound 0) |
//! | `Record` | composite types, record |
//! | `Range`, `Multirange` | range and multirange types |
//! | `Internal` | internal |
//!
//! A domain's value is its base type's. `void` is an empty `Bytes`.
use crate::{Oid, Varlena};
use serde::{Deserialize, Serialize};
use std::{any::Any, fmt, sync::Arc};

/// One value. 16 bytes; cloning is cheap (a copy or a reference count).
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub enum Datum {
    /// SQL NULL of any type.
    #[default]
    Null,
    /// bool
    Bool(bool),
    /// "char"
    Char(u8),
    /// int2
    Int2(i16),
    /// int4, date
    Int4(i32),
    /// int8, money, time, timestamp(tz), …
    Int8(i64),
    /// float4
    Float4(f32),
    /// float8
    Float8(f64),
    /// oid and its like, enums
    Oid(Oid),
    /// everything of variable length without structure of its own
    Bytes(Varlena),
    /// arrays
    Array(Arc<ArrayValue>),
    /// composite values
    Record(Arc<RecordValue>),
    /// ranges
    Range(Arc<RangeValue>),
    /// multiranges
    Multirange(Arc<MultirangeValue>),
    /// state that lives within one executor node; never stored or sent
    #[serde(skip)]
    Internal(InternalState),
}

const _: () = assert!(size_of::<Datum>() == 16);

/// How values of a type are held: the variant of [`Datum`], and with it the form on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum PhysType {
    Bool,
    Char,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Oid,
    Bytes,
    Array,
    Record,
    Range,
    Multirange,
    Internal,
}

/// Shared opaque state (pg_type `internal`).
#[derive(Clone)]
pub struct InternalState(pub Arc<Box<dyn Any + Send + Sync>>);

impl fmt::Debug for InternalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("internal")
    }
}

impl Default for InternalState {
    fn default() -> Self {
        InternalState(Arc::new(Box::new(())))
    }
}

/// One dimension of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArrayDim {
    /// Number of elements along it.
    pub len: i32,
    /// Subscript of the first one.
    pub lower: i32,
}

/// An array of any number of dimensions, elements in row-major order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArrayValue {
    /// Element type.
    pub elem_type: Oid,
    /// Dimensions; none for the empty array.
    pub dims: Vec<ArrayDim>,
    /// Elements.
    pub elems: Vec<Datum>,
}

impl ArrayValue {
    /// The empty array.
    pub fn empty(elem_type: Oid) -> Self {
        ArrayValue { elem_type, dims: Vec::new(), elems: Vec::new() }
    }

    /// A one-dimensional array with lower bound 1; the empty array if there are no elements.
    pub fn from_elems(elem_type: Oid, elems: Vec<Datum>) -> Self {
        Self::with_lower(elem_type, elems, 1)
    }

    /// A one-dimensional array with a lower bound of its own.
    pub fn with_lower(elem_type: Oid, elems: Vec<Datum>, lower: i32) -> Self {
        let dims = match elems.len() {
            0 => Vec::new(),
            n => vec![ArrayDim { len: n as i32, lower }],
        };
        ArrayValue { elem_type, dims, elems }
    }
}

/// A column of a record type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordField {
    /// Column name.
    pub name: String,
    /// Column type.
    pub typ: Oid,
    /// Type modifier, -1 for none.
    pub typmod: i32,
}

/// The row type of a composite value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordDesc {
    /// The composite type, or `type_oid::RECORD` for an anonymous one.
    pub type_id: Oid,
    /// Its columns.
    pub fields: Vec<RecordField>,
}

/// A composite value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordValue {
    /// Its row type.
    pub desc: Arc<RecordDesc>,
    /// One value a column.
    pub fields: Vec<Datum>,
}

/// A range value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RangeValue {
    /// The range type.
    pub type_id: Oid,
    /// Contains no point.
    pub empty: bool,
    /// `None`: unbounded.
    pub lower: Option<Datum>,
    /// `None`: unbounded.
    pub upper: Option<Datum>,
    /// Lower bound belongs to the range.
    pub lower_inc: bool,
    /// Upper bound belongs to the range.
    pub upper_inc: bool,
}

/// A multirange value: disjoint, ordered, non-empty ranges.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MultirangeValue {
    /// The multirange type.
    pub type_id: Oid,
    /// Its ranges.
    pub ranges: Vec<RangeValue>,
}

impl Datum {
    /// Text or other bytes.
    pub fn text(text: &str) -> Self {
        Datum::Bytes(Varlena::from(text))
    }

    /// Bytes.
    pub fn bytes(bytes: &[u8]) -> Self {
        Datum::Bytes(Varlena::new(bytes))
    }

    /// Opaque state.
    pub fn internal<T: Any + Send + Sync>(state: T) -> Self {
        Datum::Internal(InternalState(Arc::new(Box::new(state))))
    }

    /// Whether this is SQL NULL.
    #[inline]
    pub fn is_null(&self) -> bool {
        matches!(self, Datum::Null)
    }

    /// Takes the value and leaves NULL.
    #[inline]
    pub fn take(&mut self) -> Datum {
        std::mem::take(self)
    }
}

/// Accessors for code that knows its argument types from the catalog: a mismatch is a bug of ours
/// and panics, which the session turns into XX000.
macro_rules! accessor {
    ($($(#[$doc:meta])* $name:ident -> $t:ty: $variant:ident),* $(,)?) => {
        impl Datum { $(
            $(#[$doc])*
            #[inline]
            #[track_caller]
            pub fn $name(&self) -> $t {
                match self {
                    Datum::$variant(v) => *v,
                    other => wrong_variant(stringify!($variant), other),
                }
            }
        )* }
    };
}

accessor! {
    /// The bool.
    as_bool -> bool: Bool,
    /// The "char".
    as_char -> u8: Char,
    /// The int2.
    as_i16 -> i16: Int2,
    /// The int4 or date.
    as_i32 -> i32: Int4,
    /// The int8 or what shares its form.
    as_i64 -> i64: Int8,
    /// The float4.
    as_f32 -> f32: Float4,
    /// The float8.
    as_f64 -> f64: Float8,
    /// The OID.
    as_oid -> Oid: Oid,
}

impl Datum {
    /// The bytes of a [`Datum::Bytes`].
    #[inline]
    #[track_caller]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Datum::Bytes(v) => v.as_bytes(),
            other => wrong_variant("Bytes", other),
        }
    }

    /// The text of a [`Datum::Bytes`] that holds UTF-8 by construction (input validates it).
    #[inline]
    #[track_caller]
    pub fn as_str(&self) -> &str {
        match std::str::from_utf8(self.as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("invariant: text datum is valid UTF-8"),
        }
    }

    /// The array.
    #[track_caller]
    pub fn as_array(&self) -> &Arc<ArrayValue> {
        match self {
            Datum::Array(v) => v,
            other => wrong_variant("Array", other),
        }
    }

    /// The record.
    #[track_caller]
    pub fn as_record(&self) -> &Arc<RecordValue> {
        match self {
            Datum::Record(v) => v,
            other => wrong_variant("Record", other),
        }
    }

    /// The range.
    #[track_caller]
    pub fn as_range(&self) -> &Arc<RangeValue> {
        match self {
            Datum::Range(v) => v,
            other => wrong_variant("Range", other),
        }
    }

    /// The multirange.
    #[track_caller]
    pub fn as_multirange(&self) -> &Arc<MultirangeValue> {
        match self {
            Datum::Multirange(v) => v,
            other => wrong_variant("Multirange", other),
        }
    }

    /// A reference to opaque state of type `T`.
    #[track_caller]
    pub fn as_internal<T: Any>(&self) -> &T {
        match self {
            Datum::Internal(state) => match state.0.downcast_ref::<T>() {
                Some(value) => value,
                None => panic!("invariant: internal state has the type its function gave it"),
            },
            other => wrong_variant("Internal", other),
        }
    }

    /// Exclusive access to opaque state of type `T`; the caller must hold the only reference, as a
    /// transition function does that took its state out of its argument.
    #[track_caller]
    pub fn as_internal_mut<T: Any>(&mut self) -> &mut T {
        match self {
            Datum::Internal(state) => {
                match Arc::get_mut(&mut state.0).and_then(|b| b.downcast_mut::<T>()) {
                    Some(value) => value,
                    None => panic!("invariant: transition state is unshared and of its own type"),
                }
            }
            other => wrong_variant("Internal", other),
        }
    }
}

#[cold]
#[track_caller]
fn wrong_variant(expected: &str, got: &Datum) -> ! {
    panic!("invariant: expected {expected} datum, got {got:?}")
}
