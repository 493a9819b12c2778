//! The bodies of the built-in functions, keyed by pg_proc.prosrc.
//!
//! # What
//! One file a family with a `register` function; [`register_all`] fills the [`fmgr::Registry`].
//!
//! # Data
//! ```text
//! prosrc name ──▶ fn(&mut CallContext, &mut [Datum]) -> PgResult<Datum>
//! ```
//!
//! # Invariants
//! Arity and existence of each body are compared with its pg_proc row by `tests/registry.rs`; rows
//! without a body are listed in `unimplemented.txt`, which only shrinks.
//!
//! # Not here
//! Text and binary form of values: `types`. Resolution by name and argument types: `analyzer`.
//!
//! # PostgreSQL
//! `src/backend/utils/adt/`

#[macro_use]
mod declare;

pub mod aggregate;
pub mod array;
pub mod bit;
pub mod boolean;
pub mod bucket;
pub mod datetime;
pub mod definition;
pub mod enums;
pub mod float;
pub mod format;
pub mod geometry;
mod hash_extended;
pub mod int;
pub mod io;
pub mod json;
pub mod jsonpath;
pub mod money;
pub mod network;
pub mod number_base;
pub mod numeric;
pub mod oid;
pub mod random;
pub mod range;
pub mod range_type;
pub mod record;
pub mod regex;
pub mod sequence;
pub mod system;
pub mod text;
mod trigger;
pub mod tsearch;
pub mod uuid;
pub mod value_info;
pub mod window;
mod xml;

use fmgr::Registry;

/// The SQL/JSON machinery that the executor calls.
pub fn sql_json() -> &'static dyn fmgr::SqlJson {
    &json::Machinery
}

/// jsonpath in, regular expressions checked.
pub fn jsonpath_input(text: &str) -> error::PgResult<types::Datum> {
    jsonpath::input(text)
}

/// Registers every body there is.
pub fn register_all(registry: &mut Registry) {
    aggregate::register(registry);
    array::register(registry);
    boolean::register(registry);
    datetime::register(registry);
    float::register(registry);
    format::register(registry);
    geometry::register(registry);
    int::register(registry);
    json::register(registry);
    jsonpath::register(registry);
    io::register(registry);
    regex::register(registry);
    numeric::register(registry);
    sequence::register(registry);
    system::register(registry);
    bit::register(registry);
    enums::register(registry);
    money::register(registry);
    network::register(registry);
    oid::register(registry);
    random::register(registry);
    range::register(registry);
    hash_extended::register(registry);
    record::register(registry);
    uuid::register(registry);
    bucket::register(registry);
    definition::register(registry);
    number_base::register(registry);
    value_info::register(registry);
    text::register(registry);
    trigger::register(registry);
    tsearch::register(registry);
    window::register(registry);
    xml::register(registry);
}
