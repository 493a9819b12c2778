//! What SQL may ask about the session, the catalog and the server.

mod acl;
mod definition;
mod index_property;
mod info;
mod name;
mod object;
mod partition;
mod partition_qual;
mod privilege;
mod relation;
mod session;
pub mod snapshot;
mod visibility;
mod wal;

pub(crate) use definition::partition_bound;
pub(crate) use info::split_identifiers;

use catalog::Catalog;
use error::{PgError, PgResult};
use fmgr::{CallContext, FnContext, Registry};
use std::sync::Arc;
use types::{ArrayValue, Datum, Oid, RecordDesc, RecordField, RecordValue, type_oid};

/// Registers the family.
pub fn register(r: &mut Registry) {
    acl::register(r);
    definition::register(r);
    index_property::register(r);
    info::register(r);
    object::register(r);
    partition::register(r);
    partition_qual::register(r);
    relation::register(r);
    snapshot::register(r);
    privilege::register(r);
    session::register(r);
    visibility::register(r);
    wal::register(r);
}

/// The session's catalog.
pub(crate) fn catalog<'a>(cx: &CallContext<'a>) -> PgResult<&'a Catalog> {
    session_catalog(cx.session)
}

/// The catalog of a session.
pub(crate) fn session_catalog(session: &dyn FnContext) -> PgResult<&Catalog> {
    session
        .catalog_any()
        .downcast_ref::<Catalog>()
        .ok_or_else(|| PgError::internal("session has no catalog"))
}

/// A row of a function with OUT parameters.
fn record(columns: Vec<(&str, Oid, Datum)>) -> Datum {
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    for (name, typ, value) in columns {
        fields.push(RecordField { name: name.to_owned(), typ, typmod: -1 });
        values.push(value);
    }
    let desc = Arc::new(RecordDesc { type_id: type_oid::RECORD, fields });
    Datum::Record(Arc::new(RecordValue { desc, fields: values }))
}

fn text_array<S: AsRef<str>>(items: &[S]) -> Datum {
    let elems = items.iter().map(|i| Datum::text(i.as_ref())).collect();
    Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::TEXT, elems)))
}
