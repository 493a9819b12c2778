//! The paths of JSON_EXISTS, JSON_QUERY, JSON_VALUE and JSON_TABLE.
use super::{
    exec::{Executor, Variables},
    item::Item,
    method::number_text,
    parsed,
};
use crate::system::session_catalog;
use bumpalo::Bump;
use catalog::CatalogRead;
use error::{PgError, PgResult, bail, err};
use fmgr::{PathCall, PathResult, PathVariable};
use nodes::JsonWrapper;
use types::{
    Datum,
    jsonb::{self, JsonValue, Jsonb},
    numeric, type_oid as t,
};

/// A PASSING value as an item.
fn variable<'a>(
    call: &PathCall<'_>,
    arena: &'a Bump,
    v: &'a PathVariable<'_>,
) -> PgResult<Item<'a>> {
    let number = |v: types::Varlena| Ok(Item::number(arena, &v));
    match (v.typ, &v.value) {
        (_, Datum::Null) => Ok(Item::View(Jsonb::Null)),
        (t::BOOL, value) => Ok(Item::View(Jsonb::Bool(value.as_bool()))),
        (t::NUMERIC, value) => Ok(Item::View(Jsonb::Number(value.as_bytes()))),
        (t::INT2, value) => number(numeric::from_i64(value.as_i16().into())),
        (t::INT4, value) => number(numeric::from_i64(value.as_i32().into())),
        (t::INT8, value) => number(numeric::from_i64(value.as_i64())),
        (t::FLOAT4, value) => number(numeric::from_f32(value.as_f32())?),
        (t::FLOAT8, value) => number(numeric::from_f64(value.as_f64())?),
        (t::TEXT | t::VARCHAR, value) => Ok(Item::View(Jsonb::String(value.as_str()))),
        (t::DATE | t::TIME | t::TIMETZ | t::TIMESTAMP | t::TIMESTAMPTZ, value) => {
            Ok(Item::Datetime(v.typ, value.clone(), 0))
        }
        (t::JSONB, value) => Ok(Item::View(Jsonb::new(value.as_bytes()))),
        (t::JSON, value) => {
            let stored = jsonb::input(value.as_str())?;
            Ok(Item::View(Jsonb::new(arena.alloc_slice_copy(&stored))))
        }
        _ => bail!(
            INVALID_PARAMETER_VALUE,
            "could not convert value of type {} to jsonpath",
            session_catalog(call.session)?.format_type(v.typ, None)?
        ),
    }
}

/// Runs the path: `None` for an error that is not to be raised.
fn run<'a>(
    call: &'a PathCall<'_>,
    arena: &'a Bump,
    found: Option<&mut Vec<Item<'a>>>,
) -> PgResult<Option<bool>> {
    let path = parsed(call.path)?;
    let mut variables = Vec::with_capacity(call.variables.len());
    for v in call.variables {
        variables.push((v.name, variable(call, arena, v)?));
    }
    let root = Jsonb::new(call.document.as_bytes());
    let variables = Variables::Named(variables);
    Executor::new(call.session, arena, &path, root, variables, true).run(&path, !call.soft, found)
}

pub(crate) fn exists(call: &PathCall<'_>) -> PgResult<PathResult<bool>> {
    let arena = Bump::new();
    Ok(match run(call, &arena, None)? {
        Some(found) => PathResult::Found(found),
        None => PathResult::Failed,
    })
}

pub(crate) fn query(call: &PathCall<'_>, wrapper: JsonWrapper) -> PgResult<PathResult<Datum>> {
    let arena = Bump::new();
    let mut found = Vec::new();
    if run(call, &arena, Some(&mut found))?.is_none() {
        return Ok(PathResult::Failed);
    }
    let wrap = match wrapper {
        JsonWrapper::None | JsonWrapper::Unspec => false,
        JsonWrapper::Unconditional => !found.is_empty(),
        JsonWrapper::Conditional => found.len() > 1,
    };
    if wrap {
        let array = JsonValue::Array(found.iter().map(Item::value).collect());
        return Ok(PathResult::Found(Datum::Bytes(array.encode()?)));
    }
    match &found[..] {
        [] => Ok(PathResult::Empty),
        [item] => item.datum().map(PathResult::Found),
        _ if call.soft => Ok(PathResult::Failed),
        _ => {
            let subject = match call.column {
                Some(column) => format!("for column \"{column}\""),
                None => "in JSON_QUERY".to_string(),
            };
            Err(err!(
                MORE_THAN_ONE_SQL_JSON_ITEM,
                "JSON path expression {subject} must return single item when no wrapper is \
                 requested"
            )
            .hint("Use the WITH WRAPPER clause to wrap SQL/JSON items into an array."))
        }
    }
}

pub(crate) fn value(call: &PathCall<'_>, as_text: bool) -> PgResult<PathResult<Datum>> {
    let arena = Bump::new();
    let mut found = Vec::new();
    if run(call, &arena, Some(&mut found))?.is_none() {
        return Ok(PathResult::Failed);
    }
    let wrong = |state: fn(String) -> PgError| {
        let subject = match call.column {
            Some(column) => format!("for column \"{column}\""),
            None => "in JSON_VALUE".to_string(),
        };
        state(format!("JSON path expression {subject} must return single scalar item"))
    };
    let item = match &found[..] {
        [] => return Ok(PathResult::Empty),
        [item] => item,
        _ if call.soft => return Ok(PathResult::Failed),
        _ => return Err(wrong(|m| err!(MORE_THAN_ONE_SQL_JSON_ITEM, "{m}"))),
    };
    Ok(PathResult::Found(match item {
        Item::View(Jsonb::Array(_) | Jsonb::Object(_)) if call.soft => {
            return Ok(PathResult::Failed);
        }
        Item::View(Jsonb::Array(_) | Jsonb::Object(_)) => {
            return Err(wrong(|m| err!(SQL_JSON_SCALAR_REQUIRED, "{m}")));
        }
        Item::View(Jsonb::Null) => Datum::Null,
        item if !as_text => item.datum()?,
        Item::View(Jsonb::String(text)) => Datum::text(text),
        Item::View(Jsonb::Number(v)) => Datum::text(&number_text(v)),
        Item::View(Jsonb::Bool(v)) => Datum::text(if *v { "t" } else { "f" }),
        Item::Datetime(typ, v, _) => {
            let mut out = Vec::new();
            call.session.type_output(*typ, v, &mut out)?;
            Datum::bytes(&out)
        }
    }))
}

pub(crate) fn rows(call: &PathCall<'_>) -> PgResult<PathResult<Vec<Datum>>> {
    let arena = Bump::new();
    let mut found = Vec::new();
    if run(call, &arena, Some(&mut found))?.is_none() {
        return Ok(PathResult::Failed);
    }
    found.iter().map(Item::datum).collect::<PgResult<_>>().map(PathResult::Found)
}
