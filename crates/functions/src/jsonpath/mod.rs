//! jsonpath execution: jsonb_path_exists, _match, _query and their operators.

mod datetime;
mod exec;
mod item;
mod method;
mod predicate;

use error::{PgResult, bail, err};
use exec::Executor;
use fmgr::{CallContext, Registry, VecRowSource};
use item::Item;
use types::{
    Datum,
    jsonb::{JsonValue, Jsonb},
    jsonpath::{JsonPath, parse},
};

/// The parsed path, kept from call to call while it stays the same.
struct Parsed {
    text: Vec<u8>,
    path: JsonPath,
}

fn parsed(cx: &mut CallContext<'_>, path: &Datum) -> PgResult<JsonPath> {
    let text = path.as_bytes();
    if let Some(cached) = cx.cache.as_ref().and_then(|c| c.downcast_ref::<Parsed>()) {
        if cached.text == text {
            return Ok(cached.path.clone());
        }
    }
    let path = parse(path.as_str())?;
    *cx.cache = Some(Box::new(Parsed { text: text.to_vec(), path: path.clone() }));
    Ok(path)
}

/// Items that a path finds; `None` if an error was to be kept silent.
fn query<'a>(
    cx: &mut CallContext<'_>,
    a: &'a [Datum],
    use_zone: bool,
) -> PgResult<Option<Vec<Item<'a>>>> {
    let path = parsed(cx, &a[1])?;
    let vars = match a.get(2) {
        Some(vars) => match Jsonb::new(vars.as_bytes()) {
            Jsonb::Object(vars) => Some(vars),
            _ => {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "\"vars\" argument is not an object"
                )
                .detail(
                    "Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.",
                ));
            }
        },
        None => None,
    };
    let silent = a.get(3).is_none_or(Datum::as_bool);
    let root = Jsonb::new(a[0].as_bytes());
    let mut executor = Executor::new(cx.session, path.lax, root, vars, use_zone);
    match executor.run(&path.expr) {
        Ok(items) => Ok(Some(items)),
        Err(e) if silent && !exec::is_hard(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

fn item_datum(item: &Item<'_>) -> PgResult<Datum> {
    item.value()?.encode().map(Datum::Bytes)
}

fn exists(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Datum> {
    Ok(query(cx, a, zone)?.map_or(Datum::Null, |items| Datum::Bool(!items.is_empty())))
}

fn matches(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Datum> {
    let silent = a.get(3).is_none_or(Datum::as_bool);
    let Some(items) = query(cx, a, zone)? else { return Ok(Datum::Null) };
    if let [item] = &items[..] {
        match item.view() {
            Some(Jsonb::Bool(v)) => return Ok(Datum::Bool(v)),
            Some(Jsonb::Null) => return Ok(Datum::Null),
            _ => {}
        }
    }
    if silent {
        return Ok(Datum::Null);
    }
    bail!(SINGLETON_SQL_JSON_ITEM_REQUIRED, "single boolean result is expected")
}

fn first(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Datum> {
    match query(cx, a, zone)?.as_deref() {
        Some([item, ..]) => item_datum(item),
        _ => Ok(Datum::Null),
    }
}

fn array(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Datum> {
    let items = query(cx, a, zone)?.unwrap_or_default();
    let values = items.iter().map(Item::value).collect::<PgResult<Vec<JsonValue>>>()?;
    JsonValue::Array(values).encode().map(Datum::Bytes)
}

fn rows(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Vec<Datum>> {
    query(cx, a, zone)?.unwrap_or_default().iter().map(item_datum).collect()
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("jsonb_path_exists", |cx, a| exists(cx, a, false));
    r.scalar("jsonb_path_exists_tz", |cx, a| exists(cx, a, true));
    r.scalar("jsonb_path_exists_opr", |cx, a| exists(cx, a, false));
    r.scalar("jsonb_path_match", |cx, a| matches(cx, a, false));
    r.scalar("jsonb_path_match_tz", |cx, a| matches(cx, a, true));
    r.scalar("jsonb_path_match_opr", |cx, a| matches(cx, a, false));
    r.scalar("jsonb_path_query_first", |cx, a| first(cx, a, false));
    r.scalar("jsonb_path_query_first_tz", |cx, a| first(cx, a, true));
    r.scalar("jsonb_path_query_array", |cx, a| array(cx, a, false));
    r.scalar("jsonb_path_query_array_tz", |cx, a| array(cx, a, true));
    r.set("jsonb_path_query", |cx, a| Ok(VecRowSource::scalars(rows(cx, a, false)?)));
    r.set("jsonb_path_query_tz", |cx, a| Ok(VecRowSource::scalars(rows(cx, a, true)?)));
}
