//! Attributes in `CREATE … (name = value, …)`: their values, and the functions they name.
use crate::{UtilityContext, creation, object_address};
use catalog::{CatalogRead, PgProc, acl, acl::ObjectKind};
use error::{PgError, PgResult, SqlState, bail, err};
use nodes::acl as bit;
use parser::ast::{DefArg, DefElem, TypeName};
use std::sync::Arc;
use types::{Oid, type_oid as t};

/// A possibly qualified name.
pub(crate) fn qualified_name(item: &DefElem) -> PgResult<Vec<String>> {
    match &item.arg {
        None => Err(requires(item, "a parameter")),
        Some(DefArg::TypeName(name)) => Ok(name.names.clone()),
        Some(DefArg::Names(names)) => Ok(names.clone()),
        Some(DefArg::String(name)) => Ok(vec![name.clone()]),
        Some(_) => Err(err!(SYNTAX_ERROR, "argument of {} must be a name", item.defname)),
    }
}

/// A type's name.
pub(crate) fn type_name(item: &DefElem) -> PgResult<TypeName> {
    match &item.arg {
        None => Err(requires(item, "a parameter")),
        Some(DefArg::TypeName(name)) => Ok((**name).clone()),
        Some(DefArg::String(name)) => Ok(TypeName::from_names(vec![name.clone()], -1)),
        Some(_) => Err(err!(SYNTAX_ERROR, "argument of {} must be a type name", item.defname)),
    }
}

/// A Boolean value; true if none is given.
pub(crate) fn boolean(item: &DefElem) -> PgResult<bool> {
    let text = creation::option_text(item.arg.as_ref()).to_ascii_lowercase();
    match text.as_str() {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => Err(requires(item, "a Boolean value")),
    }
}

/// A whole number.
pub(crate) fn integer(item: &DefElem) -> PgResult<i32> {
    match &item.arg {
        Some(DefArg::Integer(i)) => Ok(*i),
        _ => Err(requires(item, "an integer value")),
    }
}

/// Any value as text.
pub(crate) fn text(item: &DefElem) -> PgResult<String> {
    match &item.arg {
        None => Err(requires(item, "a parameter")),
        some => Ok(creation::option_text(some.as_ref())),
    }
}

fn requires(item: &DefElem, what: &str) -> PgError {
    err!(SYNTAX_ERROR, "{} requires {what}", item.defname)
}

/// Attributes that nobody knows are skipped, with a warning.
pub(crate) fn unrecognized(cx: &UtilityContext<'_>, object: &str, item: &DefElem) {
    cx.notice(PgError::warning(
        SqlState::SYNTAX_ERROR,
        format!("{object} attribute \"{}\" not recognized", item.defname),
    ));
}

/// `f(integer, text)` for messages.
pub(crate) fn signature(
    cx: &UtilityContext<'_>,
    name: &[String],
    types: &[Oid],
) -> PgResult<String> {
    let types: Vec<String> =
        types.iter().map(|t| cx.catalog.format_type(*t, None)).collect::<PgResult<_>>()?;
    Ok(format!("{}({})", name.join("."), types.join(", ")))
}

/// The function with exactly these arguments.
pub(crate) fn exact_function(
    cx: &UtilityContext<'_>,
    name: &[String],
    types: &[Oid],
) -> PgResult<Arc<PgProc>> {
    let (schemas, last) = object_address::search_in(cx, name)?;
    let all = cx.catalog.procs_by_name(&last)?;
    for schema in schemas {
        if let Some(found) = all.iter().find(|p| p.namespace == schema && p.argtypes == types) {
            return Ok(found.clone());
        }
    }
    bail!(UNDEFINED_FUNCTION, "function {} does not exist", signature(cx, name, types)?)
}

/// EXECUTE on a function.
pub(crate) fn check_execute(cx: &UtilityContext<'_>, function: &PgProc) -> PgResult<()> {
    acl::check(
        cx.catalog,
        ObjectKind::Function,
        &function.name,
        function.acl.as_deref(),
        function.owner,
        cx.user(),
        bit::EXECUTE,
    )
}

/// USAGE on a type, for arrays on that of their elements.
pub(crate) fn check_usage(cx: &UtilityContext<'_>, typ: Oid) -> PgResult<()> {
    let mut row = cx.catalog.get_type(typ)?;
    if row.is_array() {
        row = cx.catalog.get_type(row.elem)?;
    }
    let name = cx.catalog.format_type(row.oid, None)?;
    // Multirange types have no privileges of their own.
    let mut governing = row.oid;
    if row.typtype == 'm' {
        governing = cx.catalog.lookup_range_by_multirange(row.oid)?.map_or(row.oid, |r| r.rngtypid);
    }
    let class = catalog::schema::pg_type::RELID;
    let Some((owner, items)) = cx.catalog.owner_and_acl(class, governing)? else { return Ok(()) };
    let kind = ObjectKind::Type;
    acl::check(cx.catalog, kind, &name, items.as_deref(), owner, cx.user(), bit::USAGE)
}

/// The type of a state or an argument; a pseudo-type must be polymorphic, or `internal` for superusers.
pub(crate) fn is_storable(cx: &UtilityContext<'_>, typ: Oid) -> PgResult<bool> {
    if cx.catalog.get_type(typ)?.typtype != 'p' {
        return Ok(true);
    }
    let polymorphic = [
        t::ANYELEMENT,
        t::ANYARRAY,
        t::ANYNONARRAY,
        t::ANYENUM,
        t::ANYRANGE,
        t::ANYMULTIRANGE,
        t::ANYCOMPATIBLE,
        t::ANYCOMPATIBLEARRAY,
        t::ANYCOMPATIBLENONARRAY,
        t::ANYCOMPATIBLERANGE,
        t::ANYCOMPATIBLEMULTIRANGE,
    ];
    Ok(polymorphic.contains(&typ)
        || typ == t::INTERNAL && acl::is_superuser(cx.catalog, cx.user())?)
}
