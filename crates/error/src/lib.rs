//! PgError and SqlState: the one error type of the project.
//!
//! # What
//! Every fault a user can meet is a [`PgError`]: severity, SQLSTATE, message, DETAIL, HINT, position
//! and the names of the objects concerned, built where the fault is found with [`err!`] or [`bail!`].
//!
//! # Data
//! ```text
//! PgError = Box<ErrorData>            one word, so Result<Datum> stays small
//! position = byte offset in the text  turned into a 1-based character index when it is sent
//! ```
//!
//! # Invariants
//! No error without SQLSTATE; `XX000` means a bug of ours. Nobody matches on message text.
//!
//! # Not here
//! How an error is laid out on the wire: `wire`.
//!
//! # PostgreSQL
//! `src/include/utils/elog.h`, `src/backend/utils/errcodes.txt`

mod pg_error;
mod sqlstate;
mod stack;

pub use pg_error::{ErrorData, PgError, PgResult, Severity};
pub use sqlstate::{CONDITIONS, SqlState};
pub use stack::{check_stack_depth, set_max_stack_depth};

/// Builds a [`PgError`] of severity ERROR: `err!(UNDEFINED_TABLE, "relation \"{name}\" does not exist")`.
#[macro_export]
macro_rules! err {
    ($state:ident, $($arg:tt)+) => {
        $crate::PgError::new($crate::SqlState::$state, format!($($arg)+))
    };
}

/// Returns `Err` of what [`err!`] builds.
#[macro_export]
macro_rules! bail {
    ($state:ident, $($arg:tt)+) => {
        return Err($crate::err!($state, $($arg)+))
    };
}

/// `0A000` for something that is not there yet: `not_supported!("CREATE TRIGGER")`.
#[macro_export]
macro_rules! not_supported {
    ($($arg:tt)+) => {
        $crate::PgError::new(
            $crate::SqlState::FEATURE_NOT_SUPPORTED,
            format!("{} is not supported yet", format!($($arg)+)),
        )
    };
}
