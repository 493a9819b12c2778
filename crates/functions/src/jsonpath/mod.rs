//! jsonpath execution: jsonb_path_exists, _match, _query and their operators, and the paths of SQL/JSON
//! query functions.

mod datetime;
mod exec;
mod item;
mod method;
mod predicate;
mod sql;

pub(crate) use sql::{
    exists as sql_exists, query as sql_query, rows as sql_rows, value as sql_value,
};

use bumpalo::Bump;
use error::{PgResult, bail, err};
use exec::{Executor, Variables};
use fmgr::{CallContext, Registry, VecRowSource};
use item::Item;
use std::{cell::RefCell, sync::Arc};
use types::{
    Datum,
    jsonb::{JsonValue, Jsonb},
    jsonpath::{JsonPath, parse},
};

const KEPT_PATHS: usize = 16;

thread_local! {
    /// Paths that were parsed last, the latest at the end.
    static PARSED: RefCell<Vec<(Box<[u8]>, Arc<JsonPath>)>> = const { RefCell::new(Vec::new()) };
}

/// A path's tree; the same text is parsed once in a while only.
fn parsed(path: &Datum) -> PgResult<Arc<JsonPath>> {
    let text = path.as_bytes();
    PARSED.with_borrow_mut(|kept| {
        if let Some(at) = kept.iter().rposition(|(t, _)| **t == *text) {
            return Ok(kept[at].1.clone());
        }
        let tree = Arc::new(parse(path.as_str())?);
        if kept.len() == KEPT_PATHS {
            kept.remove(0);
        }
        kept.push((text.into(), tree.clone()));
        Ok(tree)
    })
}

/// The arguments of the jsonb_path_… functions.
struct Call<'d> {
    path: Arc<JsonPath>,
    root: Jsonb<'d>,
    vars: Option<Jsonb<'d>>,
    silent: bool,
    use_zone: bool,
}

impl<'d> Call<'d> {
    fn new(a: &'d [Datum], use_zone: bool) -> PgResult<Self> {
        let path = parsed(&a[1])?;
        let vars = a.get(2).map(|vars| Jsonb::new(vars.as_bytes()));
        if vars.is_some_and(|v| !matches!(v, Jsonb::Object(_))) {
            return Err(err!(INVALID_PARAMETER_VALUE, "\"vars\" argument is not an object")
                .detail(
                    "Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.",
                ));
        }
        let silent = a.get(3).is_none_or(Datum::as_bool);
        Ok(Call { path, root: Jsonb::new(a[0].as_bytes()), vars, silent, use_zone })
    }

    fn executor<'a, 's>(&self, cx: &'s CallContext<'_>, arena: &'a Bump) -> Executor<'a, 's>
    where
        'd: 'a,
    {
        let variables = match self.vars {
            Some(Jsonb::Object(vars)) => Variables::Object(vars),
            _ => Variables::None,
        };
        Executor::new(cx.session, arena, &self.path, self.root, variables, self.use_zone)
    }

    /// What is found, up to an error if those are silent.
    fn items<'a>(&self, cx: &CallContext<'_>, arena: &'a Bump) -> PgResult<Vec<Item<'a>>>
    where
        'd: 'a,
    {
        let mut found = Vec::new();
        self.executor(cx, arena).run(&self.path, !self.silent, Some(&mut found))?;
        Ok(found)
    }
}

fn exists(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Datum> {
    let (arena, call) = (Bump::new(), Call::new(a, zone)?);
    let found = call.executor(cx, &arena).run(&call.path, !call.silent, None)?;
    Ok(found.map_or(Datum::Null, Datum::Bool))
}

fn matches(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Datum> {
    let (arena, call) = (Bump::new(), Call::new(a, zone)?);
    match call.items(cx, &arena)?.as_slice() {
        [Item::View(Jsonb::Bool(v))] => return Ok(Datum::Bool(*v)),
        [Item::View(Jsonb::Null)] => return Ok(Datum::Null),
        _ => {}
    }
    if call.silent {
        return Ok(Datum::Null);
    }
    bail!(SINGLETON_SQL_JSON_ITEM_REQUIRED, "single boolean result is expected")
}

fn first(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Datum> {
    let (arena, call) = (Bump::new(), Call::new(a, zone)?);
    match call.items(cx, &arena)?.first() {
        Some(item) => item.datum(),
        None => Ok(Datum::Null),
    }
}

fn array(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Datum> {
    let (arena, call) = (Bump::new(), Call::new(a, zone)?);
    let values = call.items(cx, &arena)?.iter().map(Item::value).collect();
    JsonValue::Array(values).encode().map(Datum::Bytes)
}

fn rows(cx: &mut CallContext<'_>, a: &[Datum], zone: bool) -> PgResult<Vec<Datum>> {
    let (arena, call) = (Bump::new(), Call::new(a, zone)?);
    call.items(cx, &arena)?.iter().map(Item::datum).collect()
}

/// jsonpath in: the canonical text, regular expressions checked.
pub(crate) fn input(text: &str) -> PgResult<Datum> {
    let path = parse(text)?;
    path.for_each_regex(&mut |pattern, flags| predicate::compile(pattern, flags).map(|_| ()))?;
    Ok(Datum::text(&path.to_string()))
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
