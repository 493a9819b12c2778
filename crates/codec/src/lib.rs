//! Order-preserving keys and row values.
//!
//! # What
//! Turns datums into bytes and back: index keys whose byte order is the order of the values, and row
//! values from which one column decodes without touching the others.
//!
//! # Data
//! ```text
//! key column   [marker u8][payload]         marker orders NULLs, payload is inverted for DESC   key.rs
//! row          [xid u64][natts u16][flags u16][null bitmap][fixed slots][var ends][var bytes]   row.rs
//! ```
//!
//! # Invariants
//! `cmp(a, b) == memcmp(encode(a), encode(b))` and no encoding is a prefix of another one's.
//! Appends to buffers it is lent; owns no pool. Knows no transaction and no engine.
//!
//! # Not here
//! Which class orders a column: `catalog` chooses the [`KeyKind`]. Key prefixes and pools: `table`.
//!
//! # PostgreSQL
//! `src/backend/access/common/heaptuple.c`, `access/nbtree/nbtcompare.c`

pub mod datum_bytes;
pub mod key;
mod key_decode;
mod key_jsonb;
pub mod row;
mod row_column;

pub use key::{
    KeyKind, KeyOrder, decode_key_datum, encode_key_datum, encode_key_null, skip_key_datum,
};
pub use row::{External, LargeStore, NoLarge, RowEncoder, RowLayout, RowRef, Stored};
