//! POSIX regular expressions in PostgreSQL's dialect: ~, regexp_*, SIMILAR TO.
//!
//! [`translate`] turns an expression into the syntax of the regex crates, [`Compiled`] finds matches
//! with PostgreSQL's choice among them (leftmost, then longest), the rest are the SQL functions.

pub(crate) mod compiled;
mod functions;
mod operators;
mod similar;
mod translate;

pub use compiled::{Compiled, Flags, Match};

use fmgr::Registry;

/// Registers the family.
pub fn register(r: &mut Registry) {
    functions::register(r);
    operators::register(r);
    similar::register(r);
}
