//! SQL values as JSON: text for json, trees for jsonb.
use error::{PgResult, bail};
use fmgr::CallContext;
use types::{Datum, Oid, json, jsonb, jsonb::JsonValue, numeric, type_oid};

/// Seconds of a date and time value in ISO form, whatever DateStyle says.
fn iso_text(cx: &CallContext<'_>, typ: Oid, value: &Datum) -> PgResult<String> {
    let options = types::IoOptions {
        date_style: types::DateStyle::Xsd,
        date_order: types::DateOrder::Ymd,
        ..cx.session.io_options().clone()
    };
    let mut out = Vec::new();
    if !types::io::text_out(typ, value, &options, &mut out) {
        cx.session.type_output(typ, value, &mut out)?;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn is_datetime(typ: Oid) -> bool {
    matches!(typ, type_oid::DATE | type_oid::TIMESTAMP | type_oid::TIMESTAMPTZ)
}

/// Values that JSON writes without quotes: numbers, unless they are NaN or infinite.
fn is_plain_number(text: &[u8]) -> bool {
    text.first().is_some_and(|c| c.is_ascii_digit() || *c == b'-')
        && text.last().is_some_and(u8::is_ascii_digit)
}

fn is_number_type(typ: Oid) -> bool {
    matches!(
        typ,
        type_oid::INT2
            | type_oid::INT4
            | type_oid::INT8
            | type_oid::FLOAT4
            | type_oid::FLOAT8
            | type_oid::NUMERIC
    )
}

/// Appends a value as json text; `pretty` puts line feeds between the members of records and the
/// elements of arrays.
pub(super) fn push_json(
    cx: &CallContext<'_>,
    typ: Oid,
    value: &Datum,
    pretty: bool,
    out: &mut Vec<u8>,
) -> PgResult<()> {
    match value {
        Datum::Null => out.extend_from_slice(b"null"),
        Datum::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Datum::Array(array) if typ != type_oid::INT2VECTOR && typ != type_oid::OIDVECTOR => {
            push_array(cx, array, 0, &mut array.elems.as_slice(), pretty, out)?;
        }
        Datum::Record(record) => {
            out.push(b'{');
            let mut first = true;
            for (field, value) in record.desc.fields.iter().zip(&record.fields) {
                if !field.typ.is_valid() {
                    continue;
                }
                if !first {
                    out.extend_from_slice(if pretty { b",\n " } else { b"," });
                }
                first = false;
                json::escape(&field.name, out);
                out.push(b':');
                push_json(cx, field.typ, value, false, out)?;
            }
            out.push(b'}');
        }
        value if typ == type_oid::JSON => out.extend_from_slice(value.as_bytes()),
        value if typ == type_oid::JSONB => jsonb::output(value.as_bytes(), out),
        value if is_number_type(typ) => {
            let start = out.len();
            cx.session.type_output(typ, value, out)?;
            if !is_plain_number(&out[start..]) {
                let text = String::from_utf8_lossy(&out[start..]).into_owned();
                out.truncate(start);
                json::escape(&text, out);
            }
        }
        value if is_datetime(typ) => json::escape(&iso_text(cx, typ, value)?, out),
        value => match cast_to_json(cx, typ, value)? {
            Some(json) => out.extend_from_slice(json.as_bytes()),
            None => {
                let mut text = Vec::new();
                cx.session.type_output(typ, value, &mut text)?;
                json::escape(&String::from_utf8_lossy(&text), out);
            }
        },
    }
    Ok(())
}

/// Whether a user-defined type has a cast function to json.
fn has_json_cast(cx: &CallContext<'_>, typ: Oid) -> PgResult<bool> {
    use catalog::CatalogRead;
    if typ < Oid::FIRST_NORMAL {
        return Ok(false);
    }
    let cast = crate::system::catalog(cx)?.lookup_cast(typ, type_oid::JSON)?;
    Ok(cast.is_some_and(|c| c.func.is_valid()))
}

/// The result of a user-defined cast from `typ` to json, if there is one.
fn cast_to_json(cx: &CallContext<'_>, typ: Oid, value: &Datum) -> PgResult<Option<String>> {
    use catalog::CatalogRead;
    if typ < Oid::FIRST_NORMAL {
        return Ok(None);
    }
    let Some(cast) = crate::system::catalog(cx)?.lookup_cast(typ, type_oid::JSON)? else {
        return Ok(None);
    };
    if !cast.func.is_valid() {
        return Ok(None);
    }
    let info = cx.session.resolve_function(cast.func)?;
    let site = fmgr::CallSite {
        arg_types: vec![typ],
        ret_type: type_oid::JSON,
        ret_typmod: -1,
        ..fmgr::CallSite::default()
    };
    let mut inner =
        CallContext { session: cx.session, site: &site, cache: &mut None, in_aggregate: false };
    Ok(Some(info.call(&mut inner, &mut [value.clone()])?.as_str().to_string()))
}

fn push_array(
    cx: &CallContext<'_>,
    array: &types::ArrayValue,
    dim: usize,
    elems: &mut &[Datum],
    pretty: bool,
    out: &mut Vec<u8>,
) -> PgResult<()> {
    out.push(b'[');
    let len = array.dims.get(dim).map_or(0, |d| d.len);
    for i in 0..len {
        if i > 0 {
            out.extend_from_slice(if pretty && dim == 0 { b",\n " } else { b"," });
        }
        if dim + 1 < array.dims.len() {
            push_array(cx, array, dim + 1, elems, false, out)?;
        } else if let Some((first, rest)) = elems.split_first() {
            push_json(cx, array.elem_type, first, false, out)?;
            *elems = rest;
        }
    }
    out.push(b']');
    Ok(())
}

/// A value as a jsonb tree.
pub(super) fn to_tree(cx: &CallContext<'_>, typ: Oid, value: &Datum) -> PgResult<JsonValue> {
    Ok(match value {
        Datum::Null => JsonValue::Null,
        Datum::Bool(value) => JsonValue::Bool(*value),
        value if typ == type_oid::JSONB => jsonb::Jsonb::new(value.as_bytes()).to_value(),
        value if is_number_type(typ) => {
            let mut text = Vec::new();
            cx.session.type_output(typ, value, &mut text)?;
            let text = String::from_utf8_lossy(&text).into_owned();
            match is_plain_number(text.as_bytes()) {
                true => JsonValue::Number(numeric::input(&text, -1)?),
                false => JsonValue::String(text),
            }
        }
        value if is_datetime(typ) => JsonValue::String(iso_text(cx, typ, value)?),
        value => {
            let mut text = Vec::new();
            push_json(cx, typ, value, false, &mut text)?;
            jsonb::parse(&String::from_utf8_lossy(&text))?
        }
    })
}

/// A value as an object key.
pub(super) fn key_text(cx: &CallContext<'_>, typ: Oid, value: &Datum) -> PgResult<String> {
    let structured = matches!(value, Datum::Array(_) | Datum::Record(_))
        || typ == type_oid::JSON
        || typ == type_oid::JSONB
        || has_json_cast(cx, typ)?;
    if structured {
        bail!(INVALID_PARAMETER_VALUE, "key value must be scalar, not array, composite, or json");
    }
    match value {
        Datum::Bool(value) => Ok(if *value { "true" } else { "false" }.to_string()),
        value if is_datetime(typ) => iso_text(cx, typ, value),
        value => {
            let mut out = Vec::new();
            cx.session.type_output(typ, value, &mut out)?;
            Ok(String::from_utf8_lossy(&out).into_owned())
        }
    }
}
