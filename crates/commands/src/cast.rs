//! CREATE CAST.
use crate::{UtilityContext, attribute, object_address};
use catalog::{CatalogRead, PgCast, PgType, acl};
use error::{PgError, PgResult, SqlState, bail};
use parser::ast::{CoercionContext, CreateCastStmt, ObjectType};
use types::{Oid, type_oid as t};

/// Makes a cast.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &CreateCastStmt) -> PgResult<()> {
    let (source, _) = object_address::resolve_type(cx, &stmt.sourcetype)?;
    let (target, _) = object_address::resolve_type(cx, &stmt.targettype)?;
    let (from, to) = (cx.catalog.get_type(source)?, cx.catalog.get_type(target)?);
    check_types(cx, stmt, &from, &to)?;
    let (mut func, mut nargs) = (Oid::INVALID, 0);
    let method = match &stmt.func {
        Some(function) => {
            let kind = ObjectType::Function;
            func = object_address::function_oid(cx, kind, function)?;
            nargs = check_function(cx, func, source, target)?;
            'f'
        }
        None if stmt.inout => 'i',
        None => {
            check_binary(cx, &from, &to)?;
            'b'
        }
    };
    if source == target && nargs < 2 {
        bail!(INVALID_OBJECT_DEFINITION, "source data type and target data type are the same");
    }
    if cx.catalog.lookup_cast(source, target)?.is_some() {
        bail!(
            DUPLICATE_OBJECT,
            "cast from type {} to type {} already exists",
            cx.catalog.format_type(source, None)?,
            cx.catalog.format_type(target, None)?
        );
    }
    let context = match stmt.context {
        CoercionContext::Implicit => 'i',
        CoercionContext::Assignment => 'a',
        CoercionContext::Explicit => 'e',
    };
    cx.catalog.store_cast(&PgCast { oid: Oid::INVALID, source, target, func, context, method })?;
    cx.services.command_counter_increment()
}

fn check_types(
    cx: &UtilityContext<'_>,
    stmt: &CreateCastStmt,
    from: &PgType,
    to: &PgType,
) -> PgResult<()> {
    let sides = [("source", &stmt.sourcetype, from), ("target", &stmt.targettype, to)];
    for (side, name, typ) in sides {
        if typ.typtype == 'p' {
            let name = name.names.join(".");
            bail!(WRONG_OBJECT_TYPE, "{side} data type {name} is a pseudo-type");
        }
    }
    let owns = |typ: &PgType| cx.catalog.has_role_privileges(cx.user(), typ.owner);
    if !owns(from)? && !owns(to)? {
        bail!(
            INSUFFICIENT_PRIVILEGE,
            "must be owner of type {} or type {}",
            cx.catalog.format_type(from.oid, None)?,
            cx.catalog.format_type(to.oid, None)?
        );
    }
    attribute::check_usage(cx, from.oid)?;
    attribute::check_usage(cx, to.oid)?;
    if let Some((side, ..)) = sides.iter().find(|(_, _, typ)| typ.typtype == 'd') {
        cx.notice(PgError::warning(
            SqlState::WRONG_OBJECT_TYPE,
            format!("cast will be ignored because the {side} data type is a domain"),
        ));
    }
    Ok(())
}

/// The number of arguments of a function that may serve as the cast.
fn check_function(cx: &UtilityContext<'_>, func: Oid, source: Oid, target: Oid) -> PgResult<usize> {
    let f = cx.catalog.get_proc(func)?;
    let fault = |text: &str| Err(error::err!(INVALID_OBJECT_DEFINITION, "{text}"));
    let coercible = |from: Oid, to: Oid| {
        let mut acx = cx.analyze_context();
        analyzer::Analyzer::new(&mut acx).is_binary_coercible(from, to)
    };
    let Some(first) = f.argtypes.first().filter(|_| f.argtypes.len() <= 3) else {
        return fault("cast function must take one to three arguments");
    };
    if !coercible(source, *first)? {
        return fault(
            "argument of cast function must match or be binary-coercible from source data type",
        );
    }
    if f.argtypes.get(1).is_some_and(|typ| *typ != t::INT4) {
        return fault("second argument of cast function must be type integer");
    }
    if f.argtypes.get(2).is_some_and(|typ| *typ != t::BOOL) {
        return fault("third argument of cast function must be type boolean");
    }
    if !coercible(f.rettype, target)? {
        return fault(
            "return data type of cast function must match or be binary-coercible to target data \
             type",
        );
    }
    if f.kind != 'f' {
        return fault("cast function must be a normal function");
    }
    if f.retset {
        return fault("cast function must not return a set");
    }
    Ok(f.argtypes.len())
}

/// Values of both types must look the same.
fn check_binary(cx: &UtilityContext<'_>, from: &PgType, to: &PgType) -> PgResult<()> {
    if !acl::is_superuser(cx.catalog, cx.user())? {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create a cast WITHOUT FUNCTION");
    }
    if (from.len, from.byval, from.align) != (to.len, to.byval, to.align) {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "source and target data types are not physically compatible"
        );
    }
    let any = |test: &dyn Fn(&PgType) -> bool| test(from) || test(to);
    let kind = if any(&|typ| typ.typtype == 'c') {
        "composite data types are not binary-compatible"
    } else if any(&|typ| typ.is_array()) {
        "array data types are not binary-compatible"
    } else if any(&|typ| matches!(typ.typtype, 'r' | 'm')) {
        "range data types are not binary-compatible"
    } else if any(&|typ| typ.typtype == 'e') {
        "enum data types are not binary-compatible"
    } else if any(&|typ| typ.typtype == 'd') {
        "domain data types must not be marked binary-compatible"
    } else {
        return Ok(());
    };
    bail!(INVALID_OBJECT_DEFINITION, "{kind}")
}
