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

pub mod datum;
mod io_options;
mod oid;
mod varlena;

pub use datum::{
    ArrayDim, ArrayValue, Datum, MultirangeValue, PhysType, RangeValue, RecordDesc, RecordField,
    RecordValue,
};
pub use io_options::{ByteaOutput, DateOrder, DateStyle, IntervalStyle, IoOptions};
pub use oid::{Oid, builtin_array_type, type_oid};
pub use varlena::Varlena;
