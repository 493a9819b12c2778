//! ||, -, #-, jsonb_set, jsonb_insert, strip_nulls.
use super::{doc::Doc, doc::Kind, index_of, jsonb, resolve_index, view};
use error::{PgResult, bail, err};
use fmgr::Registry;
use types::{Datum, json, jsonb::JsonValue};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("jsonb_concat", |_cx, a| concat(view(&a[0]).to_value(), view(&a[1]).to_value()));
    register_delete(r);
    register_set(r);
    register_strip(r);
}

fn concat(a: JsonValue, b: JsonValue) -> PgResult<Datum> {
    let elems = |value| match value {
        JsonValue::Array(elems) => elems,
        scalar => vec![scalar],
    };
    jsonb(&match (a, b) {
        (JsonValue::Object(mut a), JsonValue::Object(b)) => {
            a.extend(b);
            JsonValue::Object(a)
        }
        (a, b) => {
            let mut joined = elems(a);
            joined.extend(elems(b));
            JsonValue::Array(joined)
        }
    })
}

fn delete_keys(value: JsonValue, keys: &[&str]) -> PgResult<JsonValue> {
    match value {
        JsonValue::Object(mut members) => {
            members.retain(|(key, _)| !keys.contains(&key.as_str()));
            Ok(JsonValue::Object(members))
        }
        JsonValue::Array(mut elems) => {
            elems
                .retain(|e| !matches!(e, JsonValue::String(text) if keys.contains(&text.as_str())));
            Ok(JsonValue::Array(elems))
        }
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot delete from scalar"),
    }
}

fn register_delete(r: &mut Registry) {
    r.scalar("jsonb_delete", |_cx, a| {
        jsonb(&delete_keys(view(&a[0]).to_value(), &[a[1].as_str()])?)
    });
    r.scalar("jsonb_delete_array", |_cx, a| {
        let elems = &a[1].as_array().elems;
        let keys: Vec<&str> = elems.iter().filter(|k| !k.is_null()).map(Datum::as_str).collect();
        jsonb(&delete_keys(view(&a[0]).to_value(), &keys)?)
    });
    r.scalar("jsonb_delete_idx", |_cx, a| match view(&a[0]).to_value() {
        JsonValue::Array(mut elems) => {
            if let Some(index) = resolve_index(a[1].as_i32(), elems.len()) {
                elems.remove(index);
            }
            jsonb(&JsonValue::Array(elems))
        }
        JsonValue::Object(_) => {
            bail!(INVALID_PARAMETER_VALUE, "cannot delete from object using integer index")
        }
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot delete from scalar"),
    });
    r.scalar("jsonb_delete_path", |_cx, a| {
        let mut value = view(&a[0]).to_value();
        if !matches!(value, JsonValue::Array(_) | JsonValue::Object(_)) {
            bail!(INVALID_PARAMETER_VALUE, "cannot delete path in scalar");
        }
        if is_empty(&value) {
            return Ok(a[0].clone());
        }
        change(&mut value, &steps(&a[1])?, 0, &Change::Delete)?;
        jsonb(&value)
    });
}

fn is_empty(value: &JsonValue) -> bool {
    match value {
        JsonValue::Array(elems) => elems.is_empty(),
        JsonValue::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// What happens at the end of a path.
enum Change {
    Delete,
    /// Replace; create what is missing at the last step if told to.
    Set(JsonValue, bool),
    /// Insert into an array before or after, or as a new key.
    Insert(JsonValue, bool),
}

fn steps(datum: &Datum) -> PgResult<Vec<String>> {
    let array = datum.as_array();
    if array.dims.len() > 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    }
    let step = |(i, e): (usize, &Datum)| match e {
        Datum::Null => {
            Err(err!(NULL_VALUE_NOT_ALLOWED, "path element at position {} is null", i + 1))
        }
        e => Ok(e.as_str().to_string()),
    };
    array.elems.iter().enumerate().map(step).collect()
}

/// Applies a change below `value` at `path[level..]`; a path that leads nowhere changes nothing.
fn change(value: &mut JsonValue, path: &[String], level: usize, action: &Change) -> PgResult<()> {
    let Some(step) = path.get(level) else { return Ok(()) };
    let last = level + 1 == path.len();
    match value {
        JsonValue::Object(members) => {
            let at = members.iter().position(|(key, _)| key == step);
            match (at, last) {
                (Some(at), false) => change(&mut members[at].1, path, level + 1, action),
                (None, false) => Ok(()),
                (at, true) => change_member(members, at, step, action),
            }
        }
        JsonValue::Array(elems) => {
            let index: i32 = step.trim_start().parse().map_err(|_| {
                err!(
                    INVALID_TEXT_REPRESENTATION,
                    "path element at position {} is not an integer: \"{step}\"",
                    level + 1
                )
            })?;
            match (index_of(step, elems.len()), last) {
                (Some(at), false) => change(&mut elems[at], path, level + 1, action),
                (None, false) => Ok(()),
                (at, true) => {
                    change_element(elems, at, index, action);
                    Ok(())
                }
            }
        }
        _ => Ok(()),
    }
}

fn change_member(
    members: &mut Vec<(String, JsonValue)>,
    at: Option<usize>,
    key: &str,
    action: &Change,
) -> PgResult<()> {
    match (action, at) {
        (Change::Delete, Some(at)) => {
            members.remove(at);
        }
        (Change::Set(new, _), Some(at)) => members[at].1 = new.clone(),
        (Change::Set(new, true) | Change::Insert(new, _), None) => {
            members.push((key.to_string(), new.clone()));
        }
        (Change::Insert(..), Some(_)) => {
            return Err(err!(INVALID_PARAMETER_VALUE, "cannot replace existing key")
                .hint("Try using the function jsonb_set to replace key value."));
        }
        (Change::Delete | Change::Set(_, false), None) => {}
    }
    Ok(())
}

/// An index past an end adds there.
fn change_element(elems: &mut Vec<JsonValue>, at: Option<usize>, index: i32, action: &Change) {
    match (action, at) {
        (Change::Delete, Some(at)) => {
            elems.remove(at);
        }
        (Change::Set(new, _), Some(at)) => elems[at] = new.clone(),
        (Change::Insert(new, after), Some(at)) => {
            elems.insert(at + usize::from(*after), new.clone())
        }
        (Change::Set(new, true) | Change::Insert(new, _), None) if index < 0 => {
            elems.insert(0, new.clone());
        }
        (Change::Set(new, true) | Change::Insert(new, _), None) => elems.push(new.clone()),
        (Change::Delete | Change::Set(_, false), None) => {}
    }
}

fn register_set(r: &mut Registry) {
    fn apply(target: &Datum, path: &Datum, action: &Change) -> PgResult<Datum> {
        let mut value = view(target).to_value();
        if !matches!(value, JsonValue::Array(_) | JsonValue::Object(_)) {
            bail!(INVALID_PARAMETER_VALUE, "cannot set path in scalar");
        }
        if is_empty(&value) && matches!(action, Change::Delete | Change::Set(_, false)) {
            return Ok(target.clone());
        }
        change(&mut value, &steps(path)?, 0, action)?;
        jsonb(&value)
    }
    r.scalar("jsonb_set", |_cx, a| {
        apply(&a[0], &a[1], &Change::Set(view(&a[2]).to_value(), a[3].as_bool()))
    });
    r.scalar("jsonb_insert", |_cx, a| {
        apply(&a[0], &a[1], &Change::Insert(view(&a[2]).to_value(), a[3].as_bool()))
    });
    r.scalar("jsonb_set_lax", |_cx, a| {
        if a[0].is_null() || a[1].is_null() || a[3].is_null() {
            return Ok(Datum::Null);
        }
        if !a[2].is_null() {
            return apply(&a[0], &a[1], &Change::Set(view(&a[2]).to_value(), a[3].as_bool()));
        }
        if a[4].is_null() {
            bail!(
                INVALID_PARAMETER_VALUE,
                "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\""
            );
        }
        match a[4].as_str() {
            "raise_exception" => Err(err!(NULL_VALUE_NOT_ALLOWED, "JSON value must not be null")
                .detail("Exception was raised because null_value_treatment is \"raise_exception\".")
                .hint("To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.")),
            "use_json_null" => {
                apply(&a[0], &a[1], &Change::Set(JsonValue::Null, a[3].as_bool()))
            }
            "delete_key" => apply(&a[0], &a[1], &Change::Delete),
            "return_target" => Ok(a[0].clone()),
            _ => bail!(
                INVALID_PARAMETER_VALUE,
                "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\""
            ),
        }
    });
}

/// Subscripted assignment: missing containers are made on the way, gaps in arrays filled with null.
pub(super) fn assign(container: &Datum, path: &[(String, bool)], value: &Datum) -> PgResult<Datum> {
    let mut target = match container {
        Datum::Null if path.first().is_some_and(|(_, int)| *int) => JsonValue::Array(Vec::new()),
        Datum::Null => JsonValue::Object(Vec::new()),
        stored => view(stored).to_value(),
    };
    let value = match value {
        Datum::Null => JsonValue::Null,
        stored => view(stored).to_value(),
    };
    let steps: Vec<&str> = path.iter().map(|(step, _)| step.as_str()).collect();
    assign_at(&mut target, &steps, 0, value)?;
    jsonb(&target)
}

fn assign_at(
    target: &mut JsonValue,
    path: &[&str],
    level: usize,
    value: JsonValue,
) -> PgResult<()> {
    let Some(step) = path.get(level) else {
        *target = value;
        return Ok(());
    };
    let rest = &path[level + 1..];
    match target {
        JsonValue::Object(members) => match members.iter_mut().find(|(key, _)| key == step) {
            Some((_, member)) => assign_at(member, path, level + 1, value),
            None => {
                members.push((step.to_string(), chain(rest, value)));
                Ok(())
            }
        },
        JsonValue::Array(elems) => {
            let index: i32 = step.parse().map_err(|_| {
                err!(
                    INVALID_TEXT_REPRESENTATION,
                    "path element at position {} is not an integer: \"{step}\"",
                    level + 1
                )
            })?;
            let at = match usize::try_from(index) {
                Ok(at) => at,
                Err(_) => match elems.len().checked_sub(index.unsigned_abs() as usize) {
                    Some(at) => at,
                    None => bail!(
                        INVALID_PARAMETER_VALUE,
                        "path element at position {} is out of range: {index}",
                        level + 1
                    ),
                },
            };
            match elems.get_mut(at) {
                Some(elem) => assign_at(elem, path, level + 1, value),
                None => {
                    elems.resize(at, JsonValue::Null);
                    elems.push(chain(rest, value));
                    Ok(())
                }
            }
        }
        _ => Err(err!(INVALID_PARAMETER_VALUE, "cannot replace existing key")
            .detail("The path assumes key is a composite object, but it is a scalar value.")),
    }
}

/// A value within new containers: arrays for steps that are integers, else objects.
fn chain(path: &[&str], value: JsonValue) -> JsonValue {
    path.iter().rev().fold(value, |inner, step| match step.parse::<i32>() {
        Ok(index) => {
            let mut elems = vec![JsonValue::Null; index.max(0) as usize];
            elems.push(inner);
            JsonValue::Array(elems)
        }
        Err(_) => JsonValue::Object(vec![(step.to_string(), inner)]),
    })
}

fn strip(value: &mut JsonValue, in_arrays: bool) {
    match value {
        JsonValue::Object(members) => {
            members.retain(|(_, v)| *v != JsonValue::Null);
            members.iter_mut().for_each(|(_, v)| strip(v, in_arrays));
        }
        JsonValue::Array(elems) => {
            if in_arrays {
                elems.retain(|v| *v != JsonValue::Null);
            }
            elems.iter_mut().for_each(|v| strip(v, in_arrays));
        }
        _ => {}
    }
}

/// The text of a document without its null members.
fn push_stripped(doc: &Doc, source: &str, in_arrays: bool, out: &mut Vec<u8>) {
    let is_null = |d: &Doc| matches!(d.kind, Kind::Null);
    match &doc.kind {
        Kind::Object(members) => {
            out.push(b'{');
            for (i, (key, value)) in members.iter().filter(|(_, v)| !is_null(v)).enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json::escape(key, out);
                out.push(b':');
                push_stripped(value, source, in_arrays, out);
            }
            out.push(b'}');
        }
        Kind::Array(elems) => {
            out.push(b'[');
            let kept = elems.iter().filter(|e| !in_arrays || !is_null(e));
            for (i, elem) in kept.enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                push_stripped(elem, source, in_arrays, out);
            }
            out.push(b']');
        }
        Kind::String(text) => json::escape(text, out),
        _ => out.extend_from_slice(doc.source(source).as_bytes()),
    }
}

fn register_strip(r: &mut Registry) {
    r.scalar("jsonb_strip_nulls", |_cx, a| {
        let mut value = view(&a[0]).to_value();
        strip(&mut value, a.get(1).is_some_and(Datum::as_bool));
        jsonb(&value)
    });
    r.scalar("json_strip_nulls", |_cx, a| {
        let source = a[0].as_str();
        let mut out = Vec::new();
        let in_arrays = a.get(1).is_some_and(Datum::as_bool);
        push_stripped(&Doc::parse(source)?, source, in_arrays, &mut out);
        Ok(Datum::bytes(&out))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(target: &str, path: &[&str]) -> String {
        let mut value = types::jsonb::parse(target).unwrap();
        match assign_at(&mut value, path, 0, JsonValue::Bool(true)) {
            Ok(()) => {
                let mut out = Vec::new();
                types::jsonb::output(&value.encode().unwrap(), &mut out);
                String::from_utf8(out).unwrap()
            }
            Err(e) => e.message().to_string(),
        }
    }

    #[test]
    fn subscripts_fill_gaps() {
        assert_eq!(assigned("{}", &["a"]), r#"{"a": true}"#);
        assert_eq!(assigned("[1]", &["3"]), "[1, null, null, true]");
        assert_eq!(assigned("[1]", &["-1"]), "[true]");
        assert_eq!(assigned("[1]", &["-2"]), "path element at position 1 is out of range: -2");
        assert_eq!(assigned("{}", &["a", "1", "b"]), r#"{"a": [null, {"b": true}]}"#);
        assert_eq!(assigned(r#"{"a": 1}"#, &["a", "b"]), "cannot replace existing key");
    }
}
