//! ALTER FUNCTION, PROCEDURE and ROUTINE.
use crate::{
    UtilityContext, function,
    object_address::{self},
};
use catalog::{CatalogRead, acl, acl::ObjectKind, csv, schema::pg_proc};
use error::{PgResult, bail, err, not_supported};
use parser::ast::{AlterFunctionStmt, DefArg, DefElem, ObjectRef};
use types::Datum;

/// PostgreSQL's AccessExclusiveLock.
const ACCESS_EXCLUSIVE: i32 = 8;

/// Changes what the actions name, and nothing else of the function.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &AlterFunctionStmt) -> PgResult<()> {
    let name = ObjectRef::WithArgs(Box::new(stmt.func.clone()));
    let found = object_address::resolve(cx, stmt.objtype, &name, ACCESS_EXCLUSIVE)?;
    let proc = cx.catalog.get_proc(found.address.object)?;
    let kind = ObjectKind::of_prokind(proc.kind);
    acl::check_owner(cx.catalog, kind, &proc.name, proc.owner, cx.user())?;
    if proc.kind == 'a' {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is an aggregate function", proc.name);
    }
    let mut columns: Vec<(usize, Datum)> = Vec::new();
    let mut config = proc.config.clone();
    let mut changes_config = false;
    let mut seen: Vec<&str> = Vec::new();
    for action in &stmt.actions {
        let name = action.defname.as_str();
        if name != "set" && seen.contains(&name) {
            return Err(err!(SYNTAX_ERROR, "conflicting or redundant options").at(action.location));
        }
        seen.push(name);
        let of_function_only = matches!(
            name,
            "volatility" | "strict" | "leakproof" | "window" | "cost" | "rows" | "parallel"
        );
        if proc.kind == 'p' && of_function_only {
            return Err(err!(
                INVALID_FUNCTION_DEFINITION,
                "invalid attribute in procedure definition"
            )
            .at(action.location));
        }
        match change(action, proc.retset)? {
            Change::Column(column, value) => columns.push((column, value)),
            Change::Setting => {
                if let Some(DefArg::VariableSet(set)) = &action.arg {
                    function::change_config(cx, &mut config, set)?;
                    changes_config = true;
                }
            }
        }
    }
    if changes_config {
        let value = if config.is_empty() { Datum::Null } else { csv::text_array(&config) };
        columns.push((pg_proc::PROCONFIG, value));
    }
    if !columns.is_empty() {
        cx.catalog.set_by_oid(pg_proc::RELID, proc.oid, &columns)?;
    }
    cx.services.command_counter_increment()
}

/// What an action changes.
enum Change {
    Column(usize, Datum),
    Setting,
}

fn change(action: &DefElem, retset: bool) -> PgResult<Change> {
    let flag = Datum::Bool(action.arg == Some(DefArg::Boolean(true)));
    let word = match &action.arg {
        Some(DefArg::String(word)) => word.as_str(),
        _ => "",
    };
    let letter = |c: char| Datum::Char(c as u32 as u8);
    Ok(match action.defname.as_str() {
        "set" => Change::Setting,
        "strict" => Change::Column(pg_proc::PROISSTRICT, flag),
        "security" => Change::Column(pg_proc::PROSECDEF, flag),
        "leakproof" => Change::Column(pg_proc::PROLEAKPROOF, flag),
        "volatility" => {
            Change::Column(pg_proc::PROVOLATILE, letter(word.chars().next().unwrap_or('v')))
        }
        "parallel" => {
            let c = match word {
                "safe" => 's',
                "restricted" => 'r',
                "unsafe" => 'u',
                _ => bail!(
                    SYNTAX_ERROR,
                    "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE"
                ),
            };
            Change::Column(pg_proc::PROPARALLEL, letter(c))
        }
        "cost" => {
            let cost = function::number(action)?;
            if cost <= 0.0 {
                bail!(INVALID_PARAMETER_VALUE, "COST must be positive");
            }
            Change::Column(pg_proc::PROCOST, Datum::Float4(cost))
        }
        "rows" => {
            let rows = function::number(action)?;
            if rows <= 0.0 {
                bail!(INVALID_PARAMETER_VALUE, "ROWS must be positive");
            }
            if !retset {
                bail!(
                    INVALID_PARAMETER_VALUE,
                    "ROWS is not applicable when function does not return a set"
                );
            }
            Change::Column(pg_proc::PROROWS, Datum::Float4(rows))
        }
        other => return Err(not_supported!("ALTER FUNCTION with option {other}")),
    })
}
