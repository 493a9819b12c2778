//! What SQL may ask about the session, the catalog and the server.

mod info;
mod privilege;
mod session;
mod visibility;

pub(crate) use info::split_identifiers;

use catalog::Catalog;
use error::{PgError, PgResult};
use fmgr::{CallContext, Registry};

/// Registers the family.
pub fn register(r: &mut Registry) {
    info::register(r);
    privilege::register(r);
    session::register(r);
    visibility::register(r);
}

/// The session's catalog.
pub(crate) fn catalog<'a>(cx: &CallContext<'a>) -> PgResult<&'a Catalog> {
    cx.session
        .catalog_any()
        .downcast_ref::<Catalog>()
        .ok_or_else(|| PgError::internal("session has no catalog"))
}
