//! json_agg, json_object_agg and their jsonb, strict and unique variants.
use super::{
    convert::{key_text, push_json, to_tree},
    jsonb,
};
use error::{PgResult, bail, err};
use fmgr::{CallContext, Registry};
use std::collections::HashSet;
use types::{Datum, json, jsonb::JsonValue};

/// json text so far, without its closing bracket.
struct Text {
    out: Vec<u8>,
    empty: bool,
    keys: HashSet<String>,
}

/// A jsonb tree so far.
struct Tree {
    elems: Vec<JsonValue>,
    members: Vec<(String, JsonValue)>,
    keys: HashSet<String>,
}

/// What a variant does with NULL values and repeated keys.
#[derive(Clone, Copy)]
struct Mode {
    /// ABSENT ON NULL.
    strict: bool,
    /// WITH UNIQUE KEYS.
    unique: bool,
}

const PLAIN: Mode = Mode { strict: false, unique: false };
const STRICT: Mode = Mode { strict: true, unique: false };
const UNIQUE: Mode = Mode { strict: false, unique: true };
const UNIQUE_STRICT: Mode = Mode { strict: true, unique: true };

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("json_agg_transfn", |cx, a| text_element(cx, a, PLAIN));
    r.scalar("json_agg_strict_transfn", |cx, a| text_element(cx, a, STRICT));
    r.scalar("json_agg_finalfn", |_cx, a| text_result(a, b"]"));
    r.scalar("json_object_agg_transfn", |cx, a| text_member(cx, a, PLAIN));
    r.scalar("json_object_agg_strict_transfn", |cx, a| text_member(cx, a, STRICT));
    r.scalar("json_object_agg_unique_transfn", |cx, a| text_member(cx, a, UNIQUE));
    r.scalar("json_object_agg_unique_strict_transfn", |cx, a| text_member(cx, a, UNIQUE_STRICT));
    r.scalar("json_object_agg_finalfn", |_cx, a| text_result(a, b" }"));
    r.scalar("jsonb_agg_transfn", |cx, a| tree_element(cx, a, PLAIN));
    r.scalar("jsonb_agg_strict_transfn", |cx, a| tree_element(cx, a, STRICT));
    r.scalar("jsonb_agg_finalfn", |_cx, a| tree_result(a, |t| JsonValue::Array(t.elems.clone())));
    r.scalar("jsonb_object_agg_transfn", |cx, a| tree_member(cx, a, PLAIN));
    r.scalar("jsonb_object_agg_strict_transfn", |cx, a| tree_member(cx, a, STRICT));
    r.scalar("jsonb_object_agg_unique_transfn", |cx, a| tree_member(cx, a, UNIQUE));
    r.scalar("jsonb_object_agg_unique_strict_transfn", |cx, a| tree_member(cx, a, UNIQUE_STRICT));
    r.scalar("jsonb_object_agg_finalfn", |_cx, a| {
        tree_result(a, |t| JsonValue::Object(t.members.clone()))
    });
}

fn text_state(args: &mut [Datum], open: &[u8]) -> Datum {
    match args[0].take() {
        Datum::Null => {
            Datum::internal(Text { out: open.to_vec(), empty: true, keys: HashSet::new() })
        }
        state => state,
    }
}

fn tree_state(args: &mut [Datum]) -> Datum {
    match args[0].take() {
        Datum::Null => {
            Datum::internal(Tree { elems: Vec::new(), members: Vec::new(), keys: HashSet::new() })
        }
        state => state,
    }
}

fn text_element(cx: &mut CallContext<'_>, args: &mut [Datum], mode: Mode) -> PgResult<Datum> {
    let mut datum = text_state(args, b"[");
    if mode.strict && args[1].is_null() {
        return Ok(datum);
    }
    let state = datum.as_internal_mut::<Text>();
    if !state.empty {
        state.out.extend_from_slice(b", ");
        // Structured elements start on a line of their own.
        if matches!(args[1], Datum::Array(_) | Datum::Record(_)) {
            state.out.extend_from_slice(b"\n ");
        }
    }
    state.empty = false;
    push_json(cx, cx.arg_type(1), &args[1], false, &mut state.out)?;
    Ok(datum)
}

fn check_unique(keys: &mut HashSet<String>, key: &str, mode: Mode) -> PgResult<()> {
    if mode.unique && !keys.insert(key.to_string()) {
        bail!(DUPLICATE_JSON_OBJECT_KEY_VALUE, "duplicate JSON object key value: \"{key}\"");
    }
    Ok(())
}

fn text_member(cx: &mut CallContext<'_>, args: &mut [Datum], mode: Mode) -> PgResult<Datum> {
    let mut datum = text_state(args, b"{");
    if args[1].is_null() {
        bail!(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key");
    }
    let state = datum.as_internal_mut::<Text>();
    let key = key_text(cx, cx.arg_type(1), &args[1])?;
    check_unique(&mut state.keys, &key, mode)?;
    if mode.strict && args[2].is_null() {
        return Ok(datum);
    }
    state.out.extend_from_slice(if state.empty { b" " } else { b", " });
    state.empty = false;
    json::escape(&key, &mut state.out);
    state.out.extend_from_slice(b" : ");
    push_json(cx, cx.arg_type(2), &args[2], false, &mut state.out)?;
    Ok(datum)
}

fn text_result(args: &[Datum], close: &[u8]) -> PgResult<Datum> {
    match &args[0] {
        Datum::Null => Ok(Datum::Null),
        state => Ok(Datum::bytes(&[state.as_internal::<Text>().out.as_slice(), close].concat())),
    }
}

fn tree_element(cx: &mut CallContext<'_>, args: &mut [Datum], mode: Mode) -> PgResult<Datum> {
    let mut datum = tree_state(args);
    if !(mode.strict && args[1].is_null()) {
        let value = to_tree(cx, cx.arg_type(1), &args[1])?;
        datum.as_internal_mut::<Tree>().elems.push(value);
    }
    Ok(datum)
}

fn tree_member(cx: &mut CallContext<'_>, args: &mut [Datum], mode: Mode) -> PgResult<Datum> {
    let mut datum = tree_state(args);
    if args[1].is_null() {
        return Err(err!(INVALID_PARAMETER_VALUE, "field name must not be null"));
    }
    let state = datum.as_internal_mut::<Tree>();
    let key = key_text(cx, cx.arg_type(1), &args[1])?;
    if mode.unique && !state.keys.insert(key.clone()) {
        bail!(DUPLICATE_JSON_OBJECT_KEY_VALUE, "duplicate JSON object key value");
    }
    if mode.strict && args[2].is_null() {
        return Ok(datum);
    }
    let value = to_tree(cx, cx.arg_type(2), &args[2])?;
    // For jsonb a JSON null is as absent as an SQL one.
    if !(mode.strict && value == JsonValue::Null) {
        state.members.push((key, value));
    }
    Ok(datum)
}

fn tree_result(args: &[Datum], f: fn(&Tree) -> JsonValue) -> PgResult<Datum> {
    match &args[0] {
        Datum::Null => Ok(Datum::Null),
        state => jsonb(&f(state.as_internal::<Tree>())),
    }
}
