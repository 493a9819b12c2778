//! Reads the SQL name of a type (`character varying(10)`, `s.t[]`) and finds the type.
use catalog::CatalogRead;
use error::{PgError, PgResult, bail, err};
use fmgr::{CallContext, FnContext};
use parser::ast::{ConstValue, Expr, TypeName};
use types::{Datum, Oid, type_oid as t};

/// Parses a type name. What is no name at all is a mistake of the caller's, not of a value's reader.
pub fn parse_type_name(text: &str) -> PgResult<TypeName> {
    let invalid = || err!(SYNTAX_ERROR, "invalid type name \"{text}\"").hard();
    if text.trim().is_empty() {
        return Err(invalid());
    }
    let name = parser::parse_type_name(text, &parser::ParserOptions::default())
        .map_err(|e| e.hard().context(format!("invalid type name \"{text}\"")))?;
    if name.setof {
        return Err(invalid());
    }
    if name.pct_type {
        let at = text.find('%').unwrap_or(0);
        return Err(err!(SYNTAX_ERROR, "syntax error at or near \"%\"")
            .at(at as i32)
            .hard()
            .context(format!("invalid type name \"{text}\"")));
    }
    Ok(name)
}

/// Finds the type of a name; `None` if there is none.
pub(crate) fn find_type(cx: &dyn FnContext, name: &TypeName) -> PgResult<Option<Oid>> {
    let catalog = crate::system::session_catalog(cx)?;
    let (schema, bare) = super::reg_text::qualified(cx, &name.names)?;
    let row = match schema {
        Some(schema) => match super::reg_text::lookup_namespace(catalog, schema)? {
            Some(namespace) => catalog.lookup_type_by_name(namespace, bare)?,
            None => bail!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist"),
        },
        None => catalog.type_in_path(bare)?,
    };
    let is_array = !name.array_bounds.is_empty();
    let oid = row.map(|row| match is_array {
        true if !row.array.is_valid() && row.is_array() => row.oid,
        true => row.array,
        false => row.oid,
    });
    Ok(oid.filter(|oid| oid.is_valid()))
}

/// The type and modifier that a text names.
pub(crate) fn resolve_type_name(cx: &dyn FnContext, text: &str) -> PgResult<Option<(Oid, i32)>> {
    let name = parse_type_name(text)?;
    let Some(oid) = find_type(cx, &name)? else { return Ok(None) };
    Ok(Some((oid, resolve_mods(cx, oid, &name)?)))
}

/// A constant or bare name among the modifiers, as text.
fn modifier_text(e: &Expr) -> PgResult<Datum> {
    Ok(match e {
        Expr::AConst(c) => match &c.val {
            ConstValue::Integer(v) => Datum::text(&v.to_string()),
            ConstValue::Float(v) | ConstValue::String(v) => Datum::text(v),
            _ => return Err(bad_modifier()),
        },
        Expr::ColumnRef(c) => match &c.fields[..] {
            [name] if !c.star => Datum::text(name),
            _ => return Err(bad_modifier()),
        },
        _ => return Err(bad_modifier()),
    })
}

fn bad_modifier() -> PgError {
    err!(SYNTAX_ERROR, "type modifiers must be simple constants or identifiers").hard()
}

fn resolve_mods(cx: &dyn FnContext, typ: Oid, name: &TypeName) -> PgResult<i32> {
    if name.typmods.is_empty() {
        return Ok(name.typemod);
    }
    let catalog = crate::system::session_catalog(cx)?;
    let row = catalog.get_type(typ)?;
    if !row.modin.is_valid() {
        let name = name.names.last().map_or("", String::as_str);
        return Err(err!(SYNTAX_ERROR, "type modifier is not allowed for type \"{name}\"").hard());
    }
    let elems = name.typmods.iter().map(modifier_text).collect::<PgResult<Vec<Datum>>>()?;
    let list = types::ArrayValue::from_elems(t::CSTRING, elems);
    let info = cx.resolve_function(row.modin)?;
    let mut cache = None;
    let mut inner = CallContext {
        session: cx,
        site: &fmgr::CallSite::default(),
        cache: &mut cache,
        in_aggregate: false,
    };
    let mut args = [Datum::Array(std::sync::Arc::new(list))];
    Ok(info.call(&mut inner, &mut args).map_err(PgError::hard)?.as_i32())
}

/// `type "…" does not exist`, with the name as it was read.
pub(crate) fn missing_type(text: &str) -> PgError {
    match parse_type_name(text) {
        Ok(name) => {
            let array = if name.array_bounds.is_empty() { "" } else { "[]" };
            no_such_type(&format!("{}{array}", name.names.join(".")))
        }
        Err(_) => no_such_type(text),
    }
}

/// `type "…" does not exist`
pub(crate) fn no_such_type(name: &str) -> PgError {
    err!(UNDEFINED_OBJECT, "type \"{name}\" does not exist")
}
