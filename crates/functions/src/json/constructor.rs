//! The machinery of SQL/JSON: constructors, IS JSON, and the way to paths and conversions.
use super::{
    convert::{key_text, push_json, to_tree},
    jsonb,
    populate::Populate,
};
use crate::jsonpath;
use error::{PgError, PgResult, bail, err};
use fmgr::{CallContext, CallSite, ConstructorOptions, FnContext, PathCall, PathResult, SqlJson};
use nodes::{JsonValueType, JsonWrapper};
use std::collections::HashSet;
use types::{
    Datum, Oid, json,
    jsonb::{JsonValue, Jsonb},
    type_oid as t,
};

/// The one implementation.
pub(crate) struct Machinery;

fn with_context<T>(
    session: &dyn FnContext,
    f: impl FnOnce(&CallContext<'_>) -> PgResult<T>,
) -> PgResult<T> {
    let site = CallSite::default();
    let mut cache = None;
    f(&CallContext { session, site: &site, cache: &mut cache, in_aggregate: false })
}

/// Passes events on and checks that no object has a key twice.
struct UniqueKeys {
    open: Vec<HashSet<String>>,
}

fn duplicate() -> PgError {
    err!(DUPLICATE_JSON_OBJECT_KEY_VALUE, "duplicate JSON object key value")
}

impl json::JsonSink for UniqueKeys {
    const UNESCAPE: bool = true;
    fn null(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn boolean(&mut self, _: bool) -> PgResult<()> {
        Ok(())
    }
    fn number(&mut self, _: &str) -> PgResult<()> {
        Ok(())
    }
    fn string(&mut self, _: &str) -> PgResult<()> {
        Ok(())
    }
    fn begin_array(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn end_array(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn begin_object(&mut self) -> PgResult<()> {
        self.open.push(HashSet::new());
        Ok(())
    }
    fn key(&mut self, text: &str) -> PgResult<()> {
        let new = self.open.last_mut().is_none_or(|keys| keys.insert(text.to_string()));
        if new { Ok(()) } else { Err(duplicate()) }
    }
    fn end_object(&mut self) -> PgResult<()> {
        self.open.pop();
        Ok(())
    }
}

/// Counts the elements of the outermost array without looking into strings.
#[derive(Default)]
pub(super) struct Elements {
    pub(super) count: i32,
    depth: usize,
    /// The outermost value is an array.
    pub(super) is_array: bool,
    pub(super) is_object: bool,
}

impl Elements {
    fn scalar(&mut self) -> PgResult<()> {
        self.count += i32::from(self.is_array && self.depth == 1);
        Ok(())
    }

    fn open(&mut self, array: bool) -> PgResult<()> {
        if self.depth == 0 {
            self.is_array = array;
            self.is_object = !array;
        } else {
            self.scalar()?;
        }
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self) -> PgResult<()> {
        self.depth -= 1;
        Ok(())
    }
}

impl json::JsonSink for Elements {
    const UNESCAPE: bool = false;
    fn null(&mut self) -> PgResult<()> {
        self.scalar()
    }
    fn boolean(&mut self, _: bool) -> PgResult<()> {
        self.scalar()
    }
    fn number(&mut self, _: &str) -> PgResult<()> {
        self.scalar()
    }
    fn string(&mut self, _: &str) -> PgResult<()> {
        self.scalar()
    }
    fn begin_array(&mut self) -> PgResult<()> {
        self.open(true)
    }
    fn end_array(&mut self) -> PgResult<()> {
        self.close()
    }
    fn begin_object(&mut self) -> PgResult<()> {
        self.open(false)
    }
    fn key(&mut self, _: &str) -> PgResult<()> {
        Ok(())
    }
    fn end_object(&mut self) -> PgResult<()> {
        self.close()
    }
}

/// The kind of a text's first token, which is all that tells one kind of JSON from another.
fn kind_of_text(text: &str) -> JsonValueType {
    match text.trim_start_matches([' ', '\t', '\n', '\r']).as_bytes().first() {
        Some(b'{') => JsonValueType::Object,
        Some(b'[') => JsonValueType::Array,
        _ => JsonValueType::Scalar,
    }
}

impl SqlJson for Machinery {
    fn path_exists(&self, call: &PathCall<'_>) -> PgResult<PathResult<bool>> {
        jsonpath::sql_exists(call)
    }

    fn path_query(&self, call: &PathCall<'_>, wrapper: JsonWrapper) -> PgResult<PathResult<Datum>> {
        jsonpath::sql_query(call, wrapper)
    }

    fn path_value(&self, call: &PathCall<'_>, as_text: bool) -> PgResult<PathResult<Datum>> {
        jsonpath::sql_value(call, as_text)
    }

    fn path_rows(&self, call: &PathCall<'_>) -> PgResult<PathResult<Vec<Datum>>> {
        jsonpath::sql_rows(call)
    }

    fn populate(
        &self,
        session: &dyn FnContext,
        value: &Datum,
        typ: Oid,
        typmod: i32,
        omit_quotes: bool,
    ) -> PgResult<Datum> {
        Populate::new(session)?.whole(value, typ, typmod, omit_quotes)
    }

    fn assign(&self, container: &Datum, path: &[(String, bool)], value: &Datum) -> PgResult<Datum> {
        super::modify::assign(container, path, value)
    }

    fn is_json(
        &self,
        value: &Datum,
        typ: Oid,
        item: JsonValueType,
        unique: bool,
    ) -> PgResult<bool> {
        let kind = if typ == t::JSONB {
            match Jsonb::new(value.as_bytes()) {
                Jsonb::Object(_) => JsonValueType::Object,
                Jsonb::Array(_) => JsonValueType::Array,
                _ => JsonValueType::Scalar,
            }
        } else {
            kind_of_text(value.as_str())
        };
        if item != JsonValueType::Any && item != kind {
            return Ok(false);
        }
        if typ == t::JSONB || typ == t::JSON && !unique {
            return Ok(true);
        }
        let result = match unique {
            true => json::parse(value.as_str(), &mut UniqueKeys { open: Vec::new() }),
            false => json::validate(value.as_str()),
        };
        match result {
            Ok(()) => Ok(true),
            Err(e) if e.is_soft() => Ok(false),
            Err(e) => Err(e),
        }
    }

    fn parse_unique(&self, text: &Datum, as_jsonb: bool) -> PgResult<Datum> {
        json::parse(text.as_str(), &mut UniqueKeys { open: Vec::new() })?;
        match as_jsonb {
            true => types::jsonb::input(text.as_str()).map(Datum::Bytes),
            false => Ok(text.clone()),
        }
    }

    fn build_object(
        &self,
        session: &dyn FnContext,
        types: &[Oid],
        values: &[Datum],
        options: ConstructorOptions,
    ) -> PgResult<Datum> {
        with_context(session, |cx| match options.jsonb {
            true => jsonb_object(cx, types, values, options),
            false => json_object(cx, types, values, options),
        })
    }

    fn build_array(
        &self,
        session: &dyn FnContext,
        types: &[Oid],
        values: &[Datum],
        options: ConstructorOptions,
    ) -> PgResult<Datum> {
        let kept =
            types.iter().zip(values).filter(|(_, v)| !(options.absent_on_null && v.is_null()));
        with_context(session, |cx| {
            if options.jsonb {
                let elems = kept.map(|(typ, v)| to_tree(cx, *typ, v)).collect::<PgResult<_>>()?;
                return jsonb(&JsonValue::Array(elems));
            }
            let mut out = vec![b'['];
            for (i, (typ, value)) in kept.enumerate() {
                if i > 0 {
                    out.extend_from_slice(b", ");
                }
                push_json(cx, *typ, value, false, &mut out)?;
            }
            out.push(b']');
            Ok(Datum::bytes(&out))
        })
    }

    fn scalar(
        &self,
        session: &dyn FnContext,
        typ: Oid,
        value: &Datum,
        as_jsonb: bool,
    ) -> PgResult<Datum> {
        with_context(session, |cx| {
            if as_jsonb {
                return jsonb(&to_tree(cx, typ, value)?);
            }
            let mut out = Vec::new();
            push_json(cx, typ, value, false, &mut out)?;
            Ok(Datum::bytes(&out))
        })
    }
}

fn json_object(
    cx: &CallContext<'_>,
    types: &[Oid],
    values: &[Datum],
    options: ConstructorOptions,
) -> PgResult<Datum> {
    let mut out = vec![b'{'];
    let mut keys = HashSet::new();
    for (types, values) in types.chunks(2).zip(values.chunks(2)) {
        let skip = options.absent_on_null && values[1].is_null();
        if skip && !options.unique {
            continue;
        }
        if values[0].is_null() {
            bail!(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key");
        }
        let mut key = Vec::new();
        json::escape(&key_text(cx, types[0], &values[0])?, &mut key);
        if options.unique && !keys.insert(key.clone()) {
            bail!(
                DUPLICATE_JSON_OBJECT_KEY_VALUE,
                "duplicate JSON object key value: {}",
                String::from_utf8_lossy(&key)
            );
        }
        if skip {
            continue;
        }
        if out.len() > 1 {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(&key);
        out.extend_from_slice(b" : ");
        push_json(cx, types[1], &values[1], false, &mut out)?;
    }
    out.push(b'}');
    Ok(Datum::bytes(&out))
}

fn jsonb_object(
    cx: &CallContext<'_>,
    types: &[Oid],
    values: &[Datum],
    options: ConstructorOptions,
) -> PgResult<Datum> {
    let mut members = Vec::with_capacity(values.len() / 2);
    let mut keys = HashSet::new();
    for (i, (types, values)) in types.chunks(2).zip(values.chunks(2)).enumerate() {
        let skip = options.absent_on_null && values[1].is_null();
        if skip && !options.unique {
            continue;
        }
        if values[0].is_null() {
            bail!(INVALID_PARAMETER_VALUE, "argument {}: key must not be null", 2 * i + 1);
        }
        let key = key_text(cx, types[0], &values[0])?;
        if options.unique && !keys.insert(key.clone()) {
            return Err(duplicate());
        }
        if skip {
            continue;
        }
        let value = to_tree(cx, types[1], &values[1])?;
        // For jsonb a JSON null is as absent as an SQL one.
        if !(options.absent_on_null && value == JsonValue::Null) {
            members.push((key, value));
        }
    }
    jsonb(&JsonValue::Object(members))
}
