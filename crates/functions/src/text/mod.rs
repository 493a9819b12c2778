//! text, varchar, bpchar, name, "char" and bytea: one file a group of functions.

mod bytea;
mod case;
mod char_type;
mod compare;
mod edit;
pub mod encoding;
mod like;
mod quote;
mod search;

pub use like::{LikeOutcome, like_match};

use error::PgResult;
use fmgr::Registry;
use types::Datum;

/// Registers the family.
pub fn register(r: &mut Registry) {
    bytea::register(r);
    case::register(r);
    char_type::register(r);
    compare::register(r);
    edit::register(r);
    encoding::register(r);
    like::register(r);
    quote::register(r);
    search::register(r);
}

/// A text value of more than PostgreSQL's limit of 1 GB is refused before it is built.
fn checked_size(bytes: u64) -> PgResult<usize> {
    const MAX: u64 = 0x3fff_ffff;
    if bytes > MAX {
        error::bail!(PROGRAM_LIMIT_EXCEEDED, "requested length too large");
    }
    Ok(bytes as usize)
}

/// Text made of a string.
fn text(value: String) -> PgResult<Datum> {
    Ok(Datum::text(&value))
}
