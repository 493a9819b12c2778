//! What PostgreSQL's regression suite has in its C library, for `LANGUAGE C` functions of `regress`.
//!
//! # What
//! Functions by the link symbols that the suite's CREATE FUNCTION statements name. The server binary of this
//! crate has them; the ordinary one does not.
//!
//! # Invariants
//! Each does what its C namesake does. Where that is about something this server does not have (triggers,
//! support functions), it raises 0A000.
//!
//! # PostgreSQL
//! `src/test/regress/regress.c`

mod atomics;
mod catalog;
mod encoding;
mod path;
mod pglz;
mod process;
mod shape;
mod widget;

use error::not_supported;
use fmgr::{Module, Registry};
use types::Datum;

/// The module.
pub const MODULE: Module = Module { name: "regress", register };

fn register(r: &mut Registry) {
    atomics::register(r);
    catalog::register(r);
    encoding::register(r);
    path::register(r);
    pglz::register(r);
    process::register(r);
    shape::register(r);
    widget::register(r);
    // Values are never stored out of line here: there is nothing to make indirect.
    r.scalar("make_tuple_indirect", |_cx, a| Ok(std::mem::take(&mut a[0])));
    r.scalar("test_fdw_handler", |_cx, _a| {
        Err(error::PgError::internal("test_fdw_handler is not implemented"))
    });
    r.scalar("test_opclass_options_func", |_cx, _a| Ok(Datum::Null));
    r.scalar("test_support_func", |_cx, _a| Err(not_supported!("planner support functions")));
    r.scalar("trigger_return_old", |_cx, _a| {
        Err(error::PgError::internal("trigger_return_old: not fired by trigger manager"))
    });
    // Files of relations have no names here that could be too long.
    r.scalar("test_relpath", |_cx, _a| Ok(Datum::text("")));
}
