//! Values: Datum, type OIDs, text and binary input and output.
//!
//! # What
//! One file a type: text in, text out, binary in, binary out, compare, hash, in that order, as pure
//! functions over Rust values. `functions` wraps them for SQL.
//!
//! # Data
//! ```text
//! Datum (16 bytes)   Null | Bool | Char | Int2 | Int4 | Int8 | Float4 | Float8 | Oid   by value
//!                    Bytes(Varlena)      up to 14 bytes inline, longer ones shared
//!                    Array | Record | Range | Multirange   Arc of a structured value
//!                    Internal            transition state of an aggregate
//! ```
//! Which variant a type uses is its [`PhysType`], see [`datum`].
//!
//! # Invariants
//! Knows no catalog, no session, no storage; what a session sets arrives as arguments.
//!
//! # Not here
//! Function bodies and `to_char`: `functions`. Bytes on disk: `codec`.
//!
//! # PostgreSQL
//! `src/backend/utils/adt/`

pub mod array;
pub mod binary;
pub mod bit;
pub mod boolean;
pub mod bytea;
pub mod char;
pub mod datetime;
pub mod datum;
pub mod float;
pub mod geometry;
pub mod hash;
pub mod int;
pub mod io;
mod io_options;
pub mod json;
pub mod jsonb;
pub mod jsonb_layout;
pub mod jsonpath;
pub mod money;
pub mod network;
pub mod numeric;
mod oid;
pub mod oid_io;
pub mod range;
pub mod record;
pub mod text;
pub mod timezone;
pub mod tsearch;
pub mod type_io;
pub mod uuid;
mod varlena;
pub mod xml_name;

pub use bytea::ByteaOutput;
pub use datum::{
    ArrayDim, ArrayValue, Datum, MultirangeValue, PhysType, RangeValue, RecordDesc, RecordField,
    RecordValue,
};
pub use io_options::{DateOrder, DateStyle, IntervalStyle, IoOptions};
pub use oid::{Oid, builtin_array_type, type_oid};
pub use timezone::TimeZone;
pub use type_io::TypeIo;
pub use varlena::Varlena;

use error::{PgError, err};

/// `invalid input syntax for type {type_name}: "{text}"`
#[cold]
pub fn invalid_syntax(type_name: &str, text: &str) -> PgError {
    err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type {type_name}: \"{text}\"")
}

/// C's `isspace` in the C locale.
#[inline]
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}
