//! Elements, members and keys as rows.
use super::{as_text, doc::Doc, doc::Kind, view};
use error::{PgResult, bail};
use fmgr::{Registry, RowSource, VecRowSource};
use types::{Datum, jsonb::Jsonb};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_jsonb(r);
    register_json(r);
}

fn register_jsonb(r: &mut Registry) {
    fn elements(a: &[Datum], text: bool) -> PgResult<Box<dyn RowSource>> {
        match view(&a[0]) {
            Jsonb::Array(array) => {
                let values = array.iter().map(|e| match text {
                    true => Ok(as_text(&e)),
                    false => e.encode().map(Datum::Bytes),
                });
                values.collect::<PgResult<_>>().map(VecRowSource::scalars)
            }
            Jsonb::Object(_) => {
                bail!(INVALID_PARAMETER_VALUE, "cannot extract elements from an object")
            }
            _ => bail!(INVALID_PARAMETER_VALUE, "cannot extract elements from a scalar"),
        }
    }
    fn each(a: &[Datum], function: &str, text: bool) -> PgResult<Box<dyn RowSource>> {
        let Jsonb::Object(object) = view(&a[0]) else {
            bail!(INVALID_PARAMETER_VALUE, "cannot call {function} on a non-object");
        };
        let rows = object.iter().map(|(key, value)| {
            let value = match text {
                true => as_text(&value),
                false => Datum::Bytes(value.encode()?),
            };
            Ok(vec![Datum::text(key), value])
        });
        rows.collect::<PgResult<_>>().map(VecRowSource::boxed)
    }
    r.set("jsonb_array_elements", |_cx, a| elements(a, false));
    r.set("jsonb_array_elements_text", |_cx, a| elements(a, true));
    r.set("jsonb_each", |_cx, a| each(a, "jsonb_each", false));
    r.set("jsonb_each_text", |_cx, a| each(a, "jsonb_each_text", true));
    r.set("jsonb_object_keys", |_cx, a| match view(&a[0]) {
        Jsonb::Object(object) => {
            Ok(VecRowSource::scalars(object.iter().map(|(key, _)| Datum::text(key)).collect()))
        }
        Jsonb::Array(_) => {
            bail!(INVALID_PARAMETER_VALUE, "cannot call jsonb_object_keys on an array")
        }
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot call jsonb_object_keys on a scalar"),
    });
}

fn register_json(r: &mut Registry) {
    fn part(source: &str, doc: &Doc, text: bool) -> Datum {
        match text {
            true => doc.text(source).map_or(Datum::Null, Datum::text),
            false => Datum::text(doc.source(source)),
        }
    }
    fn elements(a: &[Datum], function: &str, text: bool) -> PgResult<Box<dyn RowSource>> {
        let source = a[0].as_str();
        match Doc::parse(source)?.kind {
            Kind::Array(elems) => {
                Ok(VecRowSource::scalars(elems.iter().map(|e| part(source, e, text)).collect()))
            }
            Kind::Object(_) => {
                bail!(INVALID_PARAMETER_VALUE, "cannot call {function} on a non-array")
            }
            _ => bail!(INVALID_PARAMETER_VALUE, "cannot call {function} on a scalar"),
        }
    }
    fn each(a: &[Datum], text: bool) -> PgResult<Box<dyn RowSource>> {
        let source = a[0].as_str();
        match Doc::parse(source)?.kind {
            Kind::Object(members) => Ok(VecRowSource::boxed(
                members.iter().map(|(k, v)| vec![Datum::text(k), part(source, v, text)]).collect(),
            )),
            Kind::Array(_) => {
                bail!(INVALID_PARAMETER_VALUE, "cannot deconstruct an array as an object")
            }
            _ => bail!(INVALID_PARAMETER_VALUE, "cannot deconstruct a scalar"),
        }
    }
    r.set("json_array_elements", |_cx, a| elements(a, "json_array_elements", false));
    r.set("json_array_elements_text", |_cx, a| elements(a, "json_array_elements_text", true));
    r.set("json_each", |_cx, a| each(a, false));
    r.set("json_each_text", |_cx, a| each(a, true));
    r.set("json_object_keys", |_cx, a| match Doc::parse(a[0].as_str())?.kind {
        Kind::Object(members) => {
            Ok(VecRowSource::scalars(members.iter().map(|(k, _)| Datum::text(k)).collect()))
        }
        Kind::Array(_) => {
            bail!(INVALID_PARAMETER_VALUE, "cannot call json_object_keys on an array")
        }
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot call json_object_keys on a scalar"),
    });
}
