//! Function, aggregate and window function calls.
use crate::{ExprPrinter, cast, query};
use catalog::quote_identifier;
use error::{PgError, PgResult};
use nodes::{Aggref, CoercionForm, Expr, FuncExpr, WindowFunc};
use types::{Datum, Oid};

/// A function call, or the cast it stands for.
pub(crate) fn function(
    p: &ExprPrinter<'_>,
    f: &FuncExpr,
    expr: &Expr,
    show_implicit: bool,
) -> PgResult<String> {
    let first = f.args.first();
    match (f.funcformat, first) {
        (CoercionForm::ImplicitCast, Some(arg)) if !show_implicit => {
            return match p.options.pretty_paren {
                true => p.parenthesised(arg, Some(expr)),
                false => p.rule_expr(arg, false),
            };
        }
        (CoercionForm::ImplicitCast | CoercionForm::ExplicitCast, Some(arg)) => {
            return cast::print(p, arg, f.funcresulttype, expr.typmod(), Some(expr));
        }
        (CoercionForm::SqlSyntax, _) => {
            if let Some(text) = sql_syntax(p, f)? {
                return Ok(text);
            }
        }
        _ => {}
    }
    let name = function_name(p, f.funcid, &f.args, f.funcvariadic)?;
    Ok(format!("{name}({})", arguments(p, &f.args, f.funcvariadic)?))
}

fn arguments(p: &ExprPrinter<'_>, args: &[Expr], variadic: bool) -> PgResult<String> {
    let mut texts = Vec::with_capacity(args.len());
    for (i, arg) in args.iter().enumerate() {
        let text = p.rule_expr(arg, true)?;
        let last = i + 1 == args.len();
        texts.push(if variadic && last { format!("VARIADIC {text}") } else { text });
    }
    Ok(texts.join(", "))
}

/// A function's name, qualified if a call by the bare name would find another one.
pub(crate) fn function_name(
    p: &ExprPrinter<'_>,
    oid: Oid,
    args: &[Expr],
    _variadic: bool,
) -> PgResult<String> {
    let proc_ = p.catalog.get_proc(oid)?;
    let all = p.catalog.procs_by_name(&proc_.name)?;
    let reserved = matches!(
        proc_.name.as_str(),
        "coalesce" | "greatest" | "least" | "nullif" | "row" | "grouping" | "exists"
    );
    let path = p.catalog.search_path();
    let visible = path.iter().find_map(|namespace| {
        all.iter().find(|c| c.namespace == *namespace && c.argtypes == proc_.argtypes)
    });
    let _ = args;
    match visible {
        Some(found) if found.oid == oid && !reserved => Ok(quote_identifier(&proc_.name)),
        _ => p.qualified(proc_.namespace, &proc_.name),
    }
}

/// Functions that SQL writes in a form of their own, by name; `None` for others.
fn sql_syntax(p: &ExprPrinter<'_>, f: &FuncExpr) -> PgResult<Option<String>> {
    let name = p.catalog.get_proc(f.funcid)?.name.clone();
    let arg = |i: usize| p.rule_expr(&f.args[i], false);
    let text = match (name.as_str(), f.args.len()) {
        ("timezone", 1) => format!("({} AT LOCAL)", arg(0)?),
        ("timezone", 2) => format!("({} AT TIME ZONE {})", p.parenthesised(&f.args[1], None)?, arg(0)?),
        ("extract", 2) => match &f.args[0] {
            Expr::Const(c) if matches!(c.value, Datum::Bytes(_)) => {
                format!("EXTRACT({} FROM {})", c.value.as_str(), arg(1)?)
            }
            _ => return Ok(None),
        },
        ("is_normalized", 1) => format!("({} IS NORMALIZED)", arg(0)?),
        ("normalize", 1) => format!("NORMALIZE({})", arg(0)?),
        ("overlaps", 4) => format!("(({}, {}) OVERLAPS ({}, {}))", arg(0)?, arg(1)?, arg(2)?, arg(3)?),
        ("overlay", 3) => format!("OVERLAY({} PLACING {} FROM {})", arg(0)?, arg(1)?, arg(2)?),
        ("overlay", 4) => {
            format!("OVERLAY({} PLACING {} FROM {} FOR {})", arg(0)?, arg(1)?, arg(2)?, arg(3)?)
        }
        ("position", 2) => format!("POSITION(({}) IN ({}))", strip(&arg(1)?), strip(&arg(0)?)),
        ("substring", 2) => format!("SUBSTRING({} FROM {})", arg(0)?, arg(1)?),
        ("substring", 3) => format!("SUBSTRING({} FROM {} FOR {})", arg(0)?, arg(1)?, arg(2)?),
        ("btrim", 1) => format!("TRIM(BOTH FROM {})", arg(0)?),
        ("btrim", 2) => format!("TRIM(BOTH {} FROM {})", arg(1)?, arg(0)?),
        ("ltrim", 1) => format!("TRIM(LEADING FROM {})", arg(0)?),
        ("ltrim", 2) => format!("TRIM(LEADING {} FROM {})", arg(1)?, arg(0)?),
        ("rtrim", 1) => format!("TRIM(TRAILING FROM {})", arg(0)?),
        ("rtrim", 2) => format!("TRIM(TRAILING {} FROM {})", arg(1)?, arg(0)?),
        ("pg_collation_for", 1) => format!("COLLATION FOR ({})", arg(0)?),
        ("system_user", 0) => "SYSTEM_USER".to_string(),
        _ => return Ok(None),
    };
    Ok(Some(text))
}

fn strip(text: &str) -> &str {
    crate::expr::strip_outer_parens(text)
}

/// An aggregate call.
pub(crate) fn aggregate(p: &ExprPrinter<'_>, a: &Aggref, _expr: &Expr) -> PgResult<String> {
    let inputs: Vec<Expr> = a
        .aggdirectargs
        .iter()
        .cloned()
        .chain(a.args.iter().filter(|t| !t.resjunk).map(|t| t.expr.clone()))
        .collect();
    let name = function_name(p, a.aggfnoid, &inputs, a.aggvariadic)?;
    let distinct = if a.aggdistinct.is_empty() { "" } else { "DISTINCT " };
    let mut text = format!("{name}({distinct}");
    if matches!(a.aggkind, 'o' | 'h') {
        text.push_str(&arguments(p, &a.aggdirectargs, a.aggvariadic)?);
        text.push_str(") WITHIN GROUP (ORDER BY ");
        text.push_str(&query::order_by_text(p, &a.aggorder, &a.args)?);
    } else {
        match a.aggstar {
            true => text.push('*'),
            false => text.push_str(&arguments(p, &inputs, a.aggvariadic)?),
        }
        if !a.aggorder.is_empty() {
            text.push_str(" ORDER BY ");
            text.push_str(&query::order_by_text(p, &a.aggorder, &a.args)?);
        }
    }
    text.push(')');
    if let Some(filter) = &a.aggfilter {
        text.push_str(&format!(" FILTER (WHERE {})", p.rule_expr(filter, false)?));
    }
    Ok(text)
}

/// A window function call with its window.
pub(crate) fn window(p: &ExprPrinter<'_>, w: &WindowFunc) -> PgResult<String> {
    let name = function_name(p, w.winfnoid, &w.args, false)?;
    let args = if w.winstar { "*".to_string() } else { p.list(&w.args, true)? };
    let mut text = format!("{name}({args})");
    if let Some(filter) = &w.aggfilter {
        text.push_str(&format!(" FILTER (WHERE {})", p.rule_expr(filter, false)?));
    }
    text.push_str(" OVER ");
    let Some(names) = p.names.query_names() else {
        // A plan node: its window is printed by EXPLAIN.
        text.push_str("(?)");
        return Ok(text);
    };
    let window = names.query.window_clause.iter().find(|c| c.winref == w.winref);
    let window = window.ok_or_else(|| PgError::internal("could not find window clause"))?;
    match &window.name {
        Some(name) => text.push_str(&quote_identifier(name)),
        None => {
            text.push_str(&query::window_text(p, window, &names.query.target_list)?);
        }
    }
    Ok(text)
}
