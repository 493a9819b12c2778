//! Text of reg* values: names qualified and quoted where they must be.
use super::type_name::{find_type, no_such_type, parse_type_name};
use crate::system::session_catalog;
use catalog::{Catalog, CatalogRead, quote_identifier, quote_qualified};
use error::{PgError, PgResult, bail, err};
use fmgr::FnContext;
use std::sync::Arc;
use types::Oid;

/// Splits a dotted, perhaps quoted name.
pub(super) fn names(text: &str) -> PgResult<Vec<String>> {
    let invalid = || err!(INVALID_NAME, "invalid name syntax");
    let names = crate::system::split_identifiers(text).map_err(|_| invalid())?;
    if names.is_empty() { Err(invalid()) } else { Ok(names) }
}

/// Schema (if given) and name; more parts are an error, and not one of the value's reading.
pub(super) fn qualified<'n>(
    cx: &dyn FnContext,
    names: &'n [String],
) -> PgResult<(Option<&'n str>, &'n str)> {
    match names {
        [name] => Ok((None, name)),
        [schema, name] => Ok((Some(schema), name)),
        [database, schema, name] if *database == cx.database_name() => Ok((Some(schema), name)),
        [_, _, _] => Err(err!(
            FEATURE_NOT_SUPPORTED,
            "cross-database references are not implemented: {}",
            names.join(".")
        )
        .hard()),
        _ => Err(err!(
            SYNTAX_ERROR,
            "improper qualified name (too many dotted names): {}",
            names.join(".")
        )
        .hard()),
    }
}

/// A schema a name is qualified with; `pg_temp` is the session's own.
pub(super) fn lookup_namespace(catalog: &Catalog, schema: &str) -> PgResult<Option<Oid>> {
    match (schema, catalog.temp_namespace()) {
        ("pg_temp", Some(temp)) => Ok(Some(temp)),
        _ => catalog.lookup_namespace(schema),
    }
}

/// Schemas a name is looked for in.
fn namespaces(catalog: &Catalog, schema: Option<&str>) -> PgResult<Arc<Vec<Oid>>> {
    match schema {
        None => Ok(catalog.search_path()),
        // In a schema that is not there nothing is found.
        Some(schema) => Ok(Arc::new(lookup_namespace(catalog, schema)?.into_iter().collect())),
    }
}

/// The schema to show: none if the bare name finds the object.
fn shown_schema(catalog: &Catalog, namespace: Oid, visible: bool) -> PgResult<Option<String>> {
    if visible { Ok(None) } else { catalog.namespace_name(namespace) }
}

pub(super) fn class_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    let catalog = session_catalog(cx)?;
    let names = names(text)?;
    let (schema, name) = qualified(cx, &names)?;
    for namespace in namespaces(catalog, schema)?.iter() {
        if let Some(oid) = catalog.lookup_relation(*namespace, name)? {
            return Ok(oid);
        }
    }
    bail!(UNDEFINED_TABLE, "relation \"{}\" does not exist", names.join("."))
}

pub(super) fn class_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    let Some(rel) = catalog.relation(oid)? else { return Ok(None) };
    let visible = catalog.relation_in_path(&rel.name)? == Some(oid);
    let schema = shown_schema(catalog, rel.namespace, visible)?;
    Ok(Some(quote_qualified(schema.as_deref(), &rel.name)))
}

pub(super) fn type_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    if catalog.lookup_type(oid)?.is_none() {
        return Ok(None);
    }
    catalog.format_type(oid, None).map(Some)
}

pub(super) fn proc_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    let catalog = session_catalog(cx)?;
    let names = names(text)?;
    let (schema, name) = qualified(cx, &names)?;
    let found = procs(catalog, schema, name)?;
    match &found[..] {
        [] => bail!(UNDEFINED_FUNCTION, "function \"{text}\" does not exist"),
        [oid] => Ok(*oid),
        _ => bail!(AMBIGUOUS_FUNCTION, "more than one function named \"{text}\""),
    }
}

/// Functions of a name that the path reaches; of equal arguments the first in the path.
fn procs(catalog: &Catalog, schema: Option<&str>, name: &str) -> PgResult<Vec<Oid>> {
    let all = catalog.procs_by_name(name)?;
    let mut found: Vec<(&[Oid], Oid)> = Vec::new();
    for namespace in namespaces(catalog, schema)?.iter() {
        for row in all.iter().filter(|row| row.namespace == *namespace) {
            if !found.iter().any(|(args, _)| *args == &row.argtypes[..]) {
                found.push((&row.argtypes, row.oid));
            }
        }
    }
    Ok(found.into_iter().map(|(_, oid)| oid).collect())
}

pub(super) fn proc_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    let Some(row) = catalog.lookup_proc(oid)? else { return Ok(None) };
    // Only a name that would be read back without doubt stands alone.
    let visible = procs(catalog, None, &row.name)? == [oid];
    let schema = shown_schema(catalog, row.namespace, visible)?;
    Ok(Some(quote_qualified(schema.as_deref(), &row.name)))
}

/// Splits `name(type, type)`.
fn signature(text: &str) -> PgResult<(String, Vec<String>)> {
    let mut quoted = false;
    let open = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '(' && !quoted
    });
    let Some((open, _)) = open else {
        bail!(INVALID_TEXT_REPRESENTATION, "expected a left parenthesis")
    };
    let Some(inside) = text[open + 1..].trim_end().strip_suffix(')') else {
        bail!(INVALID_TEXT_REPRESENTATION, "expected a right parenthesis");
    };
    let mut args = Vec::new();
    let (mut depth, mut quoted, mut start) = (0, false, 0);
    for (i, c) in inside.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                args.push(inside[start..i].trim().to_string());
                start = i + 1;
            }
            _ => {}
        }
    }
    let last = inside[start..].trim();
    if !last.is_empty() {
        args.push(last.to_string());
    } else if !args.is_empty() {
        bail!(INVALID_TEXT_REPRESENTATION, "expected a type name");
    }
    Ok((text[..open].to_string(), args))
}

fn arg_type(cx: &dyn FnContext, text: &str, none: bool) -> PgResult<Oid> {
    if none && text.eq_ignore_ascii_case("none") {
        return Ok(Oid::INVALID);
    }
    find_type(cx, &parse_type_name(text)?)?.ok_or_else(|| no_such_type(text))
}

pub(super) fn procedure_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    let catalog = session_catalog(cx)?;
    let (name, args) = signature(text)?;
    let names = names(&name)?;
    let (schema, name) = qualified(cx, &names)?;
    let args = args.iter().map(|a| arg_type(cx, a, false)).collect::<PgResult<Vec<Oid>>>()?;
    for oid in procs(catalog, schema, name)? {
        if catalog.get_proc(oid)?.argtypes == args {
            return Ok(oid);
        }
    }
    bail!(UNDEFINED_FUNCTION, "function \"{text}\" does not exist")
}

pub(super) fn procedure_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    let Some(row) = catalog.lookup_proc(oid)? else { return Ok(None) };
    let mut visible = false;
    for found in procs(catalog, None, &row.name)? {
        visible |= found == oid;
    }
    let schema = shown_schema(catalog, row.namespace, visible)?;
    let args = row
        .argtypes
        .iter()
        .map(|typ| catalog.format_type(*typ, None))
        .collect::<PgResult<Vec<String>>>()?;
    Ok(Some(format!("{}({})", quote_qualified(schema.as_deref(), &row.name), args.join(","))))
}

/// Splits `schema.op`; operator names are not identifiers.
fn operator_name(text: &str) -> PgResult<(Option<String>, &str)> {
    let at = text.trim_start().find(|c: char| "+-*/<>=~!@#%^&|`?".contains(c));
    let text = text.trim_start();
    if text.is_empty() {
        bail!(INVALID_NAME, "invalid name syntax");
    }
    match at {
        Some(0) => Ok((None, text.trim_end())),
        Some(at) => {
            let schema = text[..at].trim_end().strip_suffix('.');
            let schema = schema.ok_or_else(|| err!(INVALID_NAME, "invalid name syntax"))?;
            Ok((names(schema)?.pop(), text[at..].trim_end()))
        }
        None => bail!(UNDEFINED_FUNCTION, "operator does not exist: {text}"),
    }
}

fn operators(catalog: &Catalog, schema: Option<&str>, name: &str) -> PgResult<Vec<Oid>> {
    let all = catalog.operators_by_name(name)?;
    let mut found: Vec<(Oid, Oid, Oid)> = Vec::new();
    for namespace in namespaces(catalog, schema)?.iter() {
        for row in all.iter().filter(|row| row.namespace == *namespace) {
            if !found.iter().any(|(l, r, _)| (*l, *r) == (row.left, row.right)) {
                found.push((row.left, row.right, row.oid));
            }
        }
    }
    Ok(found.into_iter().map(|(_, _, oid)| oid).collect())
}

pub(super) fn oper_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    let catalog = session_catalog(cx)?;
    let (schema, name) = operator_name(text)?;
    match &operators(catalog, schema.as_deref(), name)?[..] {
        [] => bail!(UNDEFINED_FUNCTION, "operator does not exist: {text}"),
        [oid] => Ok(*oid),
        _ => bail!(AMBIGUOUS_FUNCTION, "more than one operator named {text}"),
    }
}

fn operator_text(schema: Option<String>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{name}", quote_identifier(&schema)),
        None => name.to_string(),
    }
}

pub(super) fn oper_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    let Some(row) = catalog.lookup_operator(oid)? else { return Ok(None) };
    let visible = operators(catalog, None, &row.name)? == [oid];
    Ok(Some(operator_text(shown_schema(catalog, row.namespace, visible)?, &row.name)))
}

pub(super) fn operator_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    let catalog = session_catalog(cx)?;
    let (full, args) = signature(text)?;
    let (schema, name) = operator_name(&full)?;
    let [left, right] = &args[..] else {
        if args.len() == 1 {
            return Err(err!(UNDEFINED_PARAMETER, "missing argument")
                .hint("Use NONE to denote the missing argument of a unary operator."));
        }
        return Err(err!(TOO_MANY_ARGUMENTS, "too many arguments")
            .hint("Provide two argument types for operator."));
    };
    let (left, right) = (arg_type(cx, left, true)?, arg_type(cx, right, true)?);
    for oid in operators(catalog, schema.as_deref(), name)? {
        let row = catalog.get_operator(oid)?;
        if (row.left, row.right) == (left, right) {
            return Ok(oid);
        }
    }
    bail!(UNDEFINED_FUNCTION, "operator does not exist: {text}")
}

pub(super) fn operator_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    let Some(row) = catalog.lookup_operator(oid)? else { return Ok(None) };
    let visible = operators(catalog, None, &row.name)?.contains(&oid);
    let name = operator_text(shown_schema(catalog, row.namespace, visible)?, &row.name);
    let side = |typ: Oid| -> PgResult<String> {
        if typ.is_valid() { catalog.format_type(typ, None) } else { Ok("NONE".to_string()) }
    };
    Ok(Some(format!("{name}({},{})", side(row.left)?, side(row.right)?)))
}

fn single(text: &str) -> PgResult<String> {
    let mut names = names(text)?;
    match (names.len(), names.pop()) {
        (1, Some(name)) => Ok(name),
        _ => bail!(INVALID_NAME, "invalid name syntax"),
    }
}

pub(super) fn role_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    let catalog = session_catalog(cx)?;
    let name = single(text)?;
    match catalog.lookup_role_by_name(&name)? {
        Some(role) => Ok(role.oid),
        None => bail!(UNDEFINED_OBJECT, "role \"{name}\" does not exist"),
    }
}

pub(super) fn role_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    Ok(catalog.lookup_role(oid)?.map(|role| quote_identifier(&role.name)))
}

pub(super) fn namespace_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    let catalog = session_catalog(cx)?;
    let name = single(text)?;
    match catalog.lookup_namespace(&name)? {
        Some(oid) => Ok(oid),
        None => bail!(UNDEFINED_SCHEMA, "schema \"{name}\" does not exist"),
    }
}

pub(super) fn namespace_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    Ok(catalog.namespace_name(oid)?.map(|name| quote_identifier(&name)))
}

pub(super) fn collation_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    let catalog = session_catalog(cx)?;
    let names = names(text)?;
    let (schema, name) = qualified(cx, &names)?;
    for namespace in namespaces(catalog, schema)?.iter() {
        if let Some(row) = catalog.lookup_collation_by_name(*namespace, name)? {
            return Ok(row.oid);
        }
    }
    bail!(
        UNDEFINED_OBJECT,
        "collation \"{}\" for encoding \"UTF8\" does not exist",
        names.join(".")
    )
}

pub(super) fn collation_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    let Some(row) = catalog.lookup_collation(oid)? else { return Ok(None) };
    let mut first = None;
    for namespace in catalog.search_path().iter() {
        first = catalog.lookup_collation_by_name(*namespace, &row.name)?.map(|r| r.oid);
        if first.is_some() {
            break;
        }
    }
    let schema = shown_schema(catalog, row.namespace, first == Some(oid))?;
    Ok(Some(quote_qualified(schema.as_deref(), &row.name)))
}

/// A text search object: a catalog whose rows start with OID, name, schema.
fn text_search_row(catalog: &Catalog, relid: Oid, oid: Oid) -> PgResult<Option<(String, Oid)>> {
    let rows = catalog.all_rows(relid)?;
    let row = rows.iter().find(|row| row.values[0].as_oid() == oid);
    Ok(row.map(|row| (row.values[1].as_str().to_string(), row.values[2].as_oid())))
}

fn text_search_find(
    catalog: &Catalog,
    relid: Oid,
    schema: Option<&str>,
    name: &str,
) -> PgResult<Option<Oid>> {
    let rows = catalog.all_rows(relid)?;
    for namespace in namespaces(catalog, schema)?.iter() {
        let hit = rows
            .iter()
            .find(|row| row.values[1].as_str() == name && row.values[2].as_oid() == *namespace);
        if let Some(row) = hit {
            return Ok(Some(row.values[0].as_oid()));
        }
    }
    Ok(None)
}

const TS_CONFIG: Oid = Oid(3602);
const TS_DICT: Oid = Oid(3600);
const TS_PARSER: Oid = Oid(3601);

fn text_search_in(cx: &dyn FnContext, relid: Oid, what: &str, text: &str) -> PgResult<Oid> {
    let catalog = session_catalog(cx)?;
    let names = names(text)?;
    let (schema, name) = qualified(cx, &names)?;
    text_search_find(catalog, relid, schema, name)?.ok_or_else(|| -> PgError {
        err!(UNDEFINED_OBJECT, "text search {what} \"{}\" does not exist", names.join("."))
    })
}

fn text_search_out(catalog: &Catalog, relid: Oid, oid: Oid) -> PgResult<Option<String>> {
    let Some((name, namespace)) = text_search_row(catalog, relid, oid)? else { return Ok(None) };
    let visible = text_search_find(catalog, relid, None, &name)? == Some(oid);
    let schema = shown_schema(catalog, namespace, visible)?;
    Ok(Some(quote_qualified(schema.as_deref(), &name)))
}

pub(super) fn config_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    text_search_in(cx, TS_CONFIG, "configuration", text)
}

pub(super) fn parser_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    text_search_in(cx, TS_PARSER, "parser", text)
}

pub(super) fn config_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    text_search_out(catalog, TS_CONFIG, oid)
}

pub(super) fn dictionary_in(cx: &dyn FnContext, text: &str) -> PgResult<Oid> {
    text_search_in(cx, TS_DICT, "dictionary", text)
}

pub(super) fn dictionary_out(catalog: &Catalog, oid: Oid) -> PgResult<Option<String>> {
    text_search_out(catalog, TS_DICT, oid)
}
