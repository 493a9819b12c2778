//! What CREATE FUNCTION checks of a function written in SQL: its types, its body, what that returns.
use crate::{
    context::StatementContext,
    language::{LANG_SQL, is_polymorphic},
    statement::{Body, CachedStatement},
};
use analyzer::Analyzer;
use catalog::{CatalogRead, PgProc};
use error::{PgError, PgResult, bail, err};
use nodes::CoercionContext;
use std::sync::Arc;
use types::{Oid, type_oid};

/// Checks a function that has just been stored. `source` is the statement that made it.
pub(crate) fn validate(cx: &StatementContext<'_>, oid: Oid, source: &str) -> PgResult<()> {
    let proc = cx.catalog.get_proc(oid)?;
    if proc.lang == crate::plpgsql::LANG_PLPGSQL {
        return crate::plpgsql::validate(cx, &proc, source);
    }
    if proc.lang != LANG_SQL {
        return Ok(());
    }
    let pseudo = |typ: Oid| -> PgResult<bool> {
        Ok(cx.catalog.get_type(typ)?.typtype == 'p' && !is_polymorphic(typ))
    };
    let ret = proc.rettype;
    if !matches!(ret, type_oid::RECORD | type_oid::VOID) && pseudo(ret)? {
        bail!(
            INVALID_FUNCTION_DEFINITION,
            "SQL functions cannot return type {}",
            cx.catalog.format_type(ret, None)?
        );
    }
    for typ in &proc.argtypes {
        if *typ != type_oid::RECORD && pseudo(*typ)? {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "SQL functions cannot have arguments of type {}",
                cx.catalog.format_type(*typ, None)?
            );
        }
    }
    if !cx.typed.check_function_bodies || proc.sqlbody.is_some() {
        return Ok(());
    }
    check_body(cx, &proc).map_err(|e| in_statement(e, &proc.src, source)).map_err(|e| {
        let context = format!("SQL function \"{}\"", proc.name);
        if e.0.position.is_some() { e } else { e.context(context) }
    })
}

fn check_body(cx: &StatementContext<'_>, proc: &Arc<PgProc>) -> PgResult<()> {
    let text: Arc<str> = Arc::from(proc.src.as_str());
    let statements = crate::spi::parse(cx.core, &text)?;
    // What the body means depends on the types of a call.
    if proc.argtypes.iter().any(|t| is_polymorphic(*t)) {
        return Ok(());
    }
    let mut last = None;
    for raw in statements {
        let types = proc.argtypes.clone();
        last = Some(crate::language::analyze(cx, proc, &text, raw, types)?);
    }
    check_result(cx, proc, proc.rettype, last.as_ref())
}

/// The last statement must return what the function declares.
pub(crate) fn check_result(
    cx: &StatementContext<'_>,
    proc: &PgProc,
    ret: Oid,
    last: Option<&CachedStatement>,
) -> PgResult<()> {
    if ret == type_oid::VOID {
        return Ok(());
    }
    let mismatch = |detail: String| -> PgResult<()> {
        Err(err!(
            INVALID_FUNCTION_DEFINITION,
            "return type mismatch in function declared to return {}",
            cx.catalog.format_type(ret, None)?
        )
        .detail(detail))
    };
    let returned = match last {
        Some(CachedStatement { body: Body::Queries(_), columns: Some(columns), .. }) => columns,
        _ => {
            return mismatch(
                "Function's final statement must be SELECT or INSERT/UPDATE/DELETE/MERGE RETURNING."
                    .to_owned(),
            );
        }
    };
    let name = |typ| cx.catalog.format_type(typ, None);
    let row = cx.catalog.get_type(ret)?;
    if ret != type_oid::RECORD && row.typtype != 'c' {
        if row.typtype == 'p' {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "return type {} is not supported for SQL functions",
                name(ret)?
            );
        }
        let [column] = &returned[..] else {
            return mismatch("Final statement must return exactly one column.".to_owned());
        };
        return match assignable(cx, column.typ, ret)? {
            true => Ok(()),
            false => mismatch(format!("Actual return type is {}.", name(column.typ)?)),
        };
    }
    if let [column] = &returned[..]
        && proc.kind != 'p'
        && assignable(cx, column.typ, ret)?
    {
        return Ok(());
    }
    let Some(declared) = declared_columns(cx, proc, ret)? else { return Ok(()) };
    for (i, column) in returned.iter().enumerate() {
        let Some(wanted) = declared.get(i) else {
            return mismatch("Final statement returns too many columns.".to_owned());
        };
        if !assignable(cx, column.typ, *wanted)? {
            return mismatch(format!(
                "Final statement returns {} instead of {} at column {}.",
                name(column.typ)?,
                name(*wanted)?,
                i + 1
            ));
        }
    }
    match returned.len() < declared.len() {
        true => mismatch("Final statement returns too few columns.".to_owned()),
        false => Ok(()),
    }
}

fn assignable(cx: &StatementContext<'_>, from: Oid, to: Oid) -> PgResult<bool> {
    let mut acx = analyzer::AnalyzeContext::new(&cx.catalog, cx, "");
    Analyzer::new(&mut acx).can_coerce(from, to, CoercionContext::Assignment)
}

/// Columns of the declared row type; none for a bare record.
fn declared_columns(
    cx: &StatementContext<'_>,
    proc: &PgProc,
    ret: Oid,
) -> PgResult<Option<Vec<Oid>>> {
    if ret == type_oid::RECORD {
        let outputs = proc.allargtypes.iter().zip(&proc.argmodes);
        let outputs: Vec<Oid> =
            outputs.filter(|(_, m)| matches!(m, 'o' | 'b' | 't')).map(|(t, _)| *t).collect();
        return Ok((!outputs.is_empty()).then_some(outputs));
    }
    let relation = cx.catalog.get_relation(cx.catalog.get_type(ret)?.relid)?;
    Ok(Some(relation.attrs.iter().filter(|a| !a.dropped).map(|a| a.typ).collect()))
}

/// A position in the body becomes one in the statement, if the body stands in it as one literal.
pub(crate) fn in_statement(mut e: PgError, body: &str, source: &str) -> PgError {
    let Some(at) = e.0.position.take() else { return e };
    match find_literal(body, source, at as usize) {
        Some(position) => e.0.position = Some(position as u32),
        None => {
            e.0.internal_position = Some(at);
            e.0.internal_query = Some(body.to_owned());
        }
    }
    e
}

/// Where byte `at` of a literal's value is in the text, if exactly one literal has that value.
fn find_literal(value: &str, text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut found = None;
    for i in 0..bytes.len() {
        let position = match bytes[i] {
            b'$' => dollar_quoted(value, &text[i + 1..], at),
            b'\'' => single_quoted(value, &bytes[i + 1..], at),
            _ => None,
        };
        let Some(position) = position else { continue };
        if found.is_some() {
            return None;
        }
        found = Some(i + 1 + position);
    }
    found
}

fn dollar_quoted(value: &str, rest: &str, at: usize) -> Option<usize> {
    let ends = rest.strip_prefix(value)?.starts_with('$');
    ends.then_some(at)
}

fn single_quoted(value: &str, rest: &[u8], at: usize) -> Option<usize> {
    let mut i = 0;
    let mut position = None;
    for (n, byte) in value.bytes().enumerate() {
        if n == at {
            position = Some(i);
        }
        if rest.get(i) != Some(&byte) {
            return None;
        }
        i += 1;
        // Quotes and backslashes are written twice.
        if matches!(byte, b'\'' | b'\\') && rest.get(i) == Some(&byte) {
            i += 1;
        } else if byte == b'\'' {
            return None;
        }
    }
    let ends = rest.get(i) == Some(&b'\'') && rest.get(i + 1) != Some(&b'\'');
    ends.then(|| position.unwrap_or(i))
}

#[cfg(test)]
mod tests {
    use super::find_literal;

    #[test]
    fn positions_move_into_the_statement() {
        let sql = "CREATE FUNCTION f() AS 'SELECT ''a'', x'";
        let body = "SELECT 'a', x";
        let at = find_literal(body, sql, body.find('x').unwrap());
        assert_eq!(at, sql.rfind('x'));
        let sql = "CREATE FUNCTION f() AS $$SELECT x$$";
        assert_eq!(find_literal("SELECT x", sql, 7), sql.rfind('x'));
        assert_eq!(find_literal("a", "'a' 'a'", 0), None);
    }
}
