//! to_json, row_to_json, json_build_object and their jsonb twins.
use super::{
    convert::{key_text, push_json, to_tree},
    jsonb,
};
use error::{PgResult, bail, err};
use fmgr::{CallContext, Registry};
use types::{Datum, Oid, json, jsonb::JsonValue};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("to_json", |cx, a| as_json(cx, &a[0], false));
    r.scalar("row_to_json", |cx, a| as_json(cx, &a[0], false));
    r.scalar("row_to_json_pretty", |cx, a| {
        let pretty = a[1].as_bool();
        as_json(cx, &a[0], pretty)
    });
    r.scalar("array_to_json", |cx, a| as_json(cx, &a[0], false));
    r.scalar("array_to_json_pretty", |cx, a| {
        let pretty = a[1].as_bool();
        as_json(cx, &a[0], pretty)
    });
    r.scalar("to_jsonb", |cx, a| jsonb(&to_tree(cx, cx.arg_type(0), &a[0])?));
    register_builders(r);
    register_from_arrays(r);
}

fn as_json(cx: &CallContext<'_>, value: &Datum, pretty: bool) -> PgResult<Datum> {
    let mut out = Vec::new();
    push_json(cx, cx.arg_type(0), value, pretty, &mut out)?;
    Ok(Datum::bytes(&out))
}

/// The arguments of a VARIADIC "any" function; `None` for a NULL array.
fn arguments(cx: &CallContext<'_>, args: &[Datum]) -> Option<Vec<(Oid, Datum)>> {
    match (cx.site.variadic, args.first()) {
        (true, Some(Datum::Array(array))) => {
            Some(array.elems.iter().map(|e| (array.elem_type, e.clone())).collect())
        }
        (true, _) => None,
        (false, _) => {
            Some(args.iter().enumerate().map(|(i, v)| (cx.arg_type(i), v.clone())).collect())
        }
    }
}

/// Pairs of an argument list for an object.
fn pairs(arguments: Vec<(Oid, Datum)>, function: &str) -> PgResult<Vec<[(Oid, Datum); 2]>> {
    if !arguments.len().is_multiple_of(2) {
        return Err(err!(
            INVALID_PARAMETER_VALUE,
            "argument list must have even number of elements"
        )
        .hint(format!(
            "The arguments of {function} must consist of alternating keys and values."
        )));
    }
    let mut pairs = Vec::with_capacity(arguments.len() / 2);
    let mut rest = arguments.into_iter();
    while let (Some(key), Some(value)) = (rest.next(), rest.next()) {
        pairs.push([key, value]);
    }
    Ok(pairs)
}

fn register_builders(r: &mut Registry) {
    r.scalar("json_build_array", |cx, a| {
        let Some(arguments) = arguments(cx, a) else { return Ok(Datum::Null) };
        let mut out = vec![b'['];
        for (i, (typ, value)) in arguments.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            push_json(cx, *typ, value, false, &mut out)?;
        }
        out.push(b']');
        Ok(Datum::bytes(&out))
    });
    r.scalar("json_build_array_noargs", |_cx, _a| Ok(Datum::text("[]")));
    r.scalar("json_build_object", |cx, a| {
        let Some(arguments) = arguments(cx, a) else { return Ok(Datum::Null) };
        let mut out = vec![b'{'];
        for (i, [key, value]) in pairs(arguments, "json_build_object()")?.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            if key.1.is_null() {
                bail!(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key");
            }
            json::escape(&key_text(cx, key.0, &key.1)?, &mut out);
            out.extend_from_slice(b" : ");
            push_json(cx, value.0, &value.1, false, &mut out)?;
        }
        out.push(b'}');
        Ok(Datum::bytes(&out))
    });
    r.scalar("json_build_object_noargs", |_cx, _a| Ok(Datum::text("{}")));
    r.scalar("jsonb_build_array", |cx, a| {
        let Some(arguments) = arguments(cx, a) else { return Ok(Datum::Null) };
        let elems = arguments.iter().map(|(typ, value)| to_tree(cx, *typ, value));
        jsonb(&JsonValue::Array(elems.collect::<PgResult<_>>()?))
    });
    r.scalar("jsonb_build_array_noargs", |_cx, _a| jsonb(&JsonValue::Array(Vec::new())));
    r.scalar("jsonb_build_object", |cx, a| {
        let Some(arguments) = arguments(cx, a) else { return Ok(Datum::Null) };
        let mut members = Vec::new();
        for (i, [key, value]) in pairs(arguments, "jsonb_build_object()")?.iter().enumerate() {
            if key.1.is_null() {
                bail!(INVALID_PARAMETER_VALUE, "argument {}: key must not be null", 2 * i + 1);
            }
            members.push((key_text(cx, key.0, &key.1)?, to_tree(cx, value.0, &value.1)?));
        }
        jsonb(&JsonValue::Object(members))
    });
    r.scalar("jsonb_build_object_noargs", |_cx, _a| jsonb(&JsonValue::Object(Vec::new())));
}

/// Keys and values of json_object(text[]) and json_object(keys, values).
fn text_pairs(args: &[Datum]) -> PgResult<Vec<(String, Option<String>)>> {
    let text = |d: &Datum| (!d.is_null()).then(|| d.as_str().to_string());
    let key = |d: &Datum| {
        text(d).ok_or_else(|| err!(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key"))
    };
    let first = args[0].as_array();
    if let Some(second) = args.get(1) {
        let second = second.as_array();
        if first.dims.len() > 1 || second.dims.len() > 1 {
            bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
        }
        if first.elems.len() != second.elems.len() {
            bail!(ARRAY_SUBSCRIPT_ERROR, "mismatched array dimensions");
        }
        let zipped = first.elems.iter().zip(&second.elems);
        return zipped.map(|(k, v)| Ok((key(k)?, text(v)))).collect();
    }
    match first.dims.as_slice() {
        [] => {}
        [dim] if dim.len % 2 != 0 => {
            bail!(ARRAY_SUBSCRIPT_ERROR, "array must have even number of elements")
        }
        [_] => {}
        [_, columns] if columns.len != 2 => {
            bail!(ARRAY_SUBSCRIPT_ERROR, "array must have two columns")
        }
        [_, _] => {}
        _ => bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts"),
    }
    first.elems.chunks(2).map(|pair| Ok((key(&pair[0])?, text(&pair[1])))).collect()
}

fn register_from_arrays(r: &mut Registry) {
    fn as_text(_cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
        let mut out = vec![b'{'];
        for (i, (key, value)) in text_pairs(a)?.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            json::escape(key, &mut out);
            out.extend_from_slice(b" : ");
            match value {
                Some(value) => json::escape(value, &mut out),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
        Ok(Datum::bytes(&out))
    }
    fn as_tree(_cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
        let members = text_pairs(a)?
            .into_iter()
            .map(|(key, value)| (key, value.map_or(JsonValue::Null, JsonValue::String)));
        jsonb(&JsonValue::Object(members.collect()))
    }
    r.scalar("json_object", as_text);
    r.scalar("json_object_two_arg", as_text);
    r.scalar("jsonb_object", as_tree);
    r.scalar("jsonb_object_two_arg", as_tree);
}
