//! json and jsonb: operators, construction, change, expansion into rows, aggregates.
//!
//! json keeps its text, so its functions work on a [`doc::Doc`] that knows where each part stands;
//! jsonb works on its stored form and on trees.

mod access;
mod aggregate;
mod build;
mod compare;
mod constructor;
mod convert;
mod doc;
mod expand;
mod modify;
mod populate;

pub(crate) use constructor::Machinery;

use error::PgResult;
use fmgr::Registry;
use types::{
    Datum,
    jsonb::{JsonValue, Jsonb},
};

/// Registers the family.
pub fn register(r: &mut Registry) {
    access::register(r);
    aggregate::register(r);
    build::register(r);
    compare::register(r);
    expand::register(r);
    modify::register(r);
    populate::register(r);
}

/// A view of a jsonb argument.
fn view(datum: &Datum) -> Jsonb<'_> {
    Jsonb::new(datum.as_bytes())
}

/// A tree as a jsonb value.
fn jsonb(value: &JsonValue) -> PgResult<Datum> {
    value.encode().map(Datum::Bytes)
}

/// What `->>` gives for a part: text without quotes, NULL for null.
fn as_text(part: &Jsonb<'_>) -> Datum {
    match part {
        Jsonb::Null => Datum::Null,
        Jsonb::String(text) => Datum::text(text),
        part => {
            let mut out = Vec::new();
            part.output(&mut out);
            Datum::bytes(&out)
        }
    }
}

/// The elements of a text[] path; `None` if one is NULL.
fn path(datum: &Datum) -> Option<Vec<&str>> {
    let elems = &datum.as_array().elems;
    elems.iter().map(|e| if e.is_null() { None } else { Some(e.as_str()) }).collect()
}

/// An array index written as text, counted from the end if negative.
fn index_of(text: &str, len: usize) -> Option<usize> {
    let index: i32 = text.trim_start().parse().ok()?;
    resolve_index(index, len)
}

fn resolve_index(index: i32, len: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index).filter(|i| *i < len),
        Err(_) => len.checked_sub(index.unsigned_abs() as usize),
    }
}
