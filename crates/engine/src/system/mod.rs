//! Bodies of built-in functions that look at the engine: sessions, locks, settings, cursors, counters.

mod activity;
mod advisory;
mod backend;
mod database_size;
mod file_settings;
mod files;
mod session;
mod size;
mod transaction;
mod updatable;

use crate::{context::SESSION_SERVICE, session_core::SessionCore};
use error::{PgError, PgResult};
use fmgr::{CallContext, FnBody, PgFunction, PgSetFunction, Registry};
use std::sync::Arc;
use types::{Datum, Oid, Varlena};

/// Adds the bodies that `functions` does not have.
pub(crate) fn register(r: &mut Registry) {
    activity::register(r);
    advisory::register(r);
    backend::register(r);
    database_size::register(r);
    file_settings::register(r);
    files::register(r);
    session::register(r);
    size::register(r);
    transaction::register(r);
    updatable::register(r);
}

fn scalar(r: &mut Registry, name: &'static str, body: PgFunction) {
    if r.get(name).is_none() {
        r.scalar(name, body);
    }
}

fn set(r: &mut Registry, name: &'static str, body: PgSetFunction) {
    if !matches!(r.get(name), Some(FnBody::Set(_))) && r.get(name).is_none() {
        r.set(name, body);
    }
}

/// The calling session.
fn core<'a>(cx: &CallContext<'a>) -> PgResult<&'a Arc<SessionCore>> {
    cx.session
        .service_any(SESSION_SERVICE)
        .and_then(|s| s.downcast_ref::<Arc<SessionCore>>())
        .ok_or_else(|| PgError::internal("function called outside of a session"))
}

fn optional_text(text: Option<&str>) -> Datum {
    text.map_or(Datum::Null, Datum::text)
}

fn void() -> Datum {
    Datum::Bytes(Varlena::default())
}

fn text_array(items: impl Iterator<Item = Datum>) -> Datum {
    let elems: Vec<Datum> = items.collect();
    Datum::Array(Arc::new(types::ArrayValue::from_elems(types::type_oid::TEXT, elems)))
}

fn oid_array(elem: Oid, items: impl Iterator<Item = Oid>) -> Datum {
    let elems: Vec<Datum> = items.map(Datum::Oid).collect();
    Datum::Array(Arc::new(types::ArrayValue::from_elems(elem, elems)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::schema::pg_proc;

    #[test]
    fn every_body_is_of_a_row() {
        let mut registry = Registry::default();
        register(&mut registry);
        let rows = catalog::image::Image::get().rows(pg_proc::RELID);
        for name in registry.names() {
            let row = rows.iter().find(|row| row[pg_proc::PROSRC].as_bytes() == name.as_bytes());
            let row = row.unwrap_or_else(|| panic!("{name} is no prosrc of pg_proc"));
            let set = matches!(registry.get(name), Some(FnBody::Set(_)));
            assert_eq!(row[pg_proc::PRORETSET].as_bool(), set, "{name}");
        }
    }
}
