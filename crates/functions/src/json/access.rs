//! ->, ->>, #>, #>>, typeof, lengths, containment and existence.
use super::{as_text, constructor::Elements, doc::Doc, index_of, path, resolve_index, view};
use error::{PgResult, bail};
use fmgr::Registry;
use types::{
    Datum,
    jsonb::{ArrayView, Jsonb, ObjectView},
};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_json(r);
    register_jsonb(r);
    register_containment(r);
    register_existence(r);
}

/// A part of a json value: as json, or as text.
fn json_part(source: &str, part: Option<&Doc>, text: bool) -> Datum {
    match part {
        None => Datum::Null,
        Some(part) if text => part.text(source).map_or(Datum::Null, Datum::text),
        Some(part) => Datum::text(part.source(source)),
    }
}

fn register_json(r: &mut Registry) {
    fn field(a: &[Datum], text: bool) -> PgResult<Datum> {
        let source = a[0].as_str();
        Ok(json_part(source, Doc::parse(source)?.member(a[1].as_str()), text))
    }
    fn element(a: &[Datum], text: bool) -> PgResult<Datum> {
        let source = a[0].as_str();
        Ok(json_part(source, Doc::parse(source)?.element(a[1].as_i32()), text))
    }
    fn at_path(a: &[Datum], text: bool) -> PgResult<Datum> {
        let source = a[0].as_str();
        let Some(path) = path(&a[1]) else { return Ok(Datum::Null) };
        Ok(json_part(source, Doc::parse(source)?.at(&path), text))
    }
    r.scalar("json_object_field", |_cx, a| field(a, false));
    r.scalar("json_object_field_text", |_cx, a| field(a, true));
    r.scalar("json_array_element", |_cx, a| element(a, false));
    r.scalar("json_array_element_text", |_cx, a| element(a, true));
    r.scalar("json_extract_path", |_cx, a| at_path(a, false));
    r.scalar("json_extract_path_text", |_cx, a| at_path(a, true));
    r.scalar("json_typeof", |_cx, a| {
        let text = a[0].as_str().trim_start_matches([' ', '\t', '\n', '\r']);
        Ok(Datum::text(match text.as_bytes().first() {
            Some(b'{') => "object",
            Some(b'[') => "array",
            Some(b'"') => "string",
            Some(b't' | b'f') => "boolean",
            Some(b'n') => "null",
            _ => "number",
        }))
    });
    r.scalar("json_array_length", |_cx, a| {
        let mut elements = Elements::default();
        types::json::parse(a[0].as_str(), &mut elements)?;
        if elements.is_object {
            bail!(INVALID_PARAMETER_VALUE, "cannot get array length of a non-array");
        }
        if !elements.is_array {
            bail!(INVALID_PARAMETER_VALUE, "cannot get array length of a scalar");
        }
        Ok(Datum::Int4(elements.count))
    });
}

fn jsonb_part(part: Option<Jsonb<'_>>, text: bool) -> PgResult<Datum> {
    match part {
        None => Ok(Datum::Null),
        Some(part) if text => Ok(as_text(&part)),
        Some(part) => part.encode().map(Datum::Bytes),
    }
}

/// Follows a path of keys and indexes.
pub(super) fn at<'a>(root: Jsonb<'a>, path: &[&str]) -> Option<Jsonb<'a>> {
    path.iter().try_fold(root, |part, step| match part {
        Jsonb::Object(object) => object.get(step),
        Jsonb::Array(array) => index_of(step, array.len()).and_then(|i| array.get(i)),
        _ => None,
    })
}

fn register_jsonb(r: &mut Registry) {
    fn field(a: &[Datum], text: bool) -> PgResult<Datum> {
        let part = match view(&a[0]) {
            Jsonb::Object(object) => object.get(a[1].as_str()),
            _ => None,
        };
        jsonb_part(part, text)
    }
    fn element(a: &[Datum], text: bool) -> PgResult<Datum> {
        let part = match view(&a[0]) {
            Jsonb::Array(array) => {
                resolve_index(a[1].as_i32(), array.len()).and_then(|i| array.get(i))
            }
            Jsonb::Object(_) => None,
            // A scalar counts as an array of itself.
            scalar => resolve_index(a[1].as_i32(), 1).map(|_| scalar),
        };
        jsonb_part(part, text)
    }
    fn at_path(a: &[Datum], text: bool) -> PgResult<Datum> {
        let Some(path) = path(&a[1]) else { return Ok(Datum::Null) };
        jsonb_part(at(view(&a[0]), &path), text)
    }
    r.scalar("jsonb_object_field", |_cx, a| field(a, false));
    r.scalar("jsonb_object_field_text", |_cx, a| field(a, true));
    r.scalar("jsonb_array_element", |_cx, a| element(a, false));
    r.scalar("jsonb_array_element_text", |_cx, a| element(a, true));
    r.scalar("jsonb_extract_path", |_cx, a| at_path(a, false));
    r.scalar("jsonb_extract_path_text", |_cx, a| at_path(a, true));
    r.scalar("jsonb_typeof", |_cx, a| Ok(Datum::text(view(&a[0]).type_name())));
    r.scalar("jsonb_array_length", |_cx, a| match view(&a[0]) {
        Jsonb::Array(array) => Ok(Datum::Int4(array.len() as i32)),
        Jsonb::Object(_) => {
            bail!(INVALID_PARAMETER_VALUE, "cannot get array length of a non-array")
        }
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot get array length of a scalar"),
    });
    r.scalar("jsonb_pretty", |_cx, a| {
        let mut out = Vec::new();
        view(&a[0]).output_pretty(0, &mut out);
        Ok(Datum::bytes(&out))
    });
}

/// Whether `whole` contains `part`; an array also contains its bare elements at the top.
fn contains(whole: &Jsonb<'_>, part: &Jsonb<'_>, top: bool) -> bool {
    match (whole, part) {
        (Jsonb::Object(whole), Jsonb::Object(part)) => object_contains(whole, part),
        (Jsonb::Array(whole), Jsonb::Array(part)) => array_contains(whole, part),
        (Jsonb::Array(whole), part) if top && !part.is_container() => {
            whole.iter().any(|elem| elem.compare(part).is_eq())
        }
        (whole, part) => {
            !whole.is_container() && !part.is_container() && whole.compare(part).is_eq()
        }
    }
}

fn object_contains(whole: &ObjectView<'_>, part: &ObjectView<'_>) -> bool {
    part.iter().all(|(key, value)| whole.get(key).is_some_and(|w| contains(&w, &value, false)))
}

fn array_contains(whole: &ArrayView<'_>, part: &ArrayView<'_>) -> bool {
    part.iter().all(|value| whole.iter().any(|elem| contains(&elem, &value, false)))
}

fn register_containment(r: &mut Registry) {
    r.scalar("jsonb_contains", |_cx, a| {
        Ok(Datum::Bool(contains(&view(&a[0]), &view(&a[1]), true)))
    });
    r.scalar("jsonb_contained", |_cx, a| {
        Ok(Datum::Bool(contains(&view(&a[1]), &view(&a[0]), true)))
    });
}

/// A key of an object, a string element of an array, or the string itself.
fn exists(value: &Jsonb<'_>, key: &str) -> bool {
    match value {
        Jsonb::Object(object) => object.find(key).is_some(),
        Jsonb::Array(array) => {
            array.iter().any(|elem| matches!(elem, Jsonb::String(text) if text == key))
        }
        Jsonb::String(text) => *text == key,
        _ => false,
    }
}

fn register_existence(r: &mut Registry) {
    r.scalar("jsonb_exists", |_cx, a| Ok(Datum::Bool(exists(&view(&a[0]), a[1].as_str()))));
    r.scalar("jsonb_exists_any", |_cx, a| {
        let value = view(&a[0]);
        let keys = &a[1].as_array().elems;
        Ok(Datum::Bool(keys.iter().filter(|k| !k.is_null()).any(|k| exists(&value, k.as_str()))))
    });
    r.scalar("jsonb_exists_all", |_cx, a| {
        let value = view(&a[0]);
        let keys = &a[1].as_array().elems;
        Ok(Datum::Bool(keys.iter().filter(|k| !k.is_null()).all(|k| exists(&value, k.as_str()))))
    });
}
