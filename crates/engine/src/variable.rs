//! SET, RESET, SHOW, SET TRANSACTION, ALTER SYSTEM.
use crate::{
    context::StatementContext,
    session_core::SessionCore,
    sink::{ColumnDesc, RowShape},
};
use catalog::quote_identifier;
use error::{PgError, PgResult, bail, err};
use fmgr::FnContext;
use parser::ast::{
    AlterSystemStmt, ConstValue, DefArg, DefElem, SetArg, VariableSetKind, VariableSetStmt,
    VariableShowStmt,
};
use settings::{SetAction, SetOptions, config_file, definition};
use std::sync::Arc;
use types::{Datum, Oid, type_oid};

/// SET and RESET.
pub(crate) fn set(cx: &StatementContext<'_>, stmt: &VariableSetStmt, nested: bool) -> PgResult<()> {
    let core = cx.core;
    let action = if stmt.is_local { SetAction::Local } else { SetAction::Set };
    if stmt.is_local && !nested {
        core.warn_no_transaction_block("SET LOCAL");
    }
    let options = SetOptions::statement(action, core.is_superuser()?);
    let name = stmt.name.as_deref().unwrap_or_default();
    match stmt.kind {
        VariableSetKind::Value | VariableSetKind::Current => {
            let value = match stmt.kind {
                VariableSetKind::Current => core.settings.lock().show(name)?,
                _ => flatten(cx, name, &stmt.args)?,
            };
            core.set_setting(name, &value, options)
        }
        VariableSetKind::Default | VariableSetKind::Reset => {
            match name.to_ascii_lowercase().as_str() {
                "transaction_isolation" | "transaction_read_only" | "transaction_deferrable"
                    if stmt.kind == VariableSetKind::Reset =>
                {
                    bail!(FEATURE_NOT_SUPPORTED, "parameter \"{name}\" cannot be reset")
                }
                _ => core.reset_setting(name, options),
            }
        }
        VariableSetKind::ResetAll => {
            core.settings.lock().reset_all();
            core.sync_settings();
            Ok(())
        }
        VariableSetKind::Multi => set_multi(cx, stmt, name, options, nested),
    }
}

fn set_multi(
    cx: &StatementContext<'_>,
    stmt: &VariableSetStmt,
    name: &str,
    options: SetOptions,
    nested: bool,
) -> PgResult<()> {
    match name {
        "TRANSACTION" => {
            if !nested {
                cx.core.warn_no_transaction_block("SET TRANSACTION");
            }
            let options = SetOptions { action: SetAction::Local, ..options };
            set_modes(cx.core, &stmt.options, "", options)
        }
        "SESSION CHARACTERISTICS" => set_modes(cx.core, &stmt.options, "default_", options),
        "TRANSACTION SNAPSHOT" => Err(error::not_supported!("SET TRANSACTION SNAPSHOT")),
        other => Err(PgError::internal(format!("unexpected SET {other}"))),
    }
}

/// Transaction modes, of SET TRANSACTION and BEGIN.
pub(crate) fn set_modes(
    core: &Arc<SessionCore>,
    modes: &[DefElem],
    prefix: &str,
    options: SetOptions,
) -> PgResult<()> {
    for mode in modes {
        let value = match &mode.arg {
            Some(DefArg::String(text)) => text.clone(),
            Some(DefArg::Boolean(b)) => (if *b { "on" } else { "off" }).to_owned(),
            Some(DefArg::Integer(i)) => (if *i != 0 { "on" } else { "off" }).to_owned(),
            _ => return Err(PgError::internal("unexpected transaction mode")),
        };
        core.set_setting(&format!("{prefix}{}", mode.defname), &value, options)?;
    }
    Ok(())
}

/// The text of SET's arguments, lists joined.
pub(crate) fn flatten(cx: &StatementContext<'_>, name: &str, args: &[SetArg]) -> PgResult<String> {
    let def = definition::lookup(name);
    let is_list = def.is_some_and(|d| d.is_list());
    if args.len() > 1 && !is_list {
        bail!(INVALID_PARAMETER_VALUE, "SET {name} takes only one argument");
    }
    let quoted = def.is_some_and(|d| d.is_quoted_list());
    let mut out = Vec::with_capacity(args.len());
    for arg in args {
        out.push(match arg {
            SetArg::Const(value, _) => match value {
                ConstValue::Integer(i) => i.to_string(),
                ConstValue::Float(text) => text.clone(),
                ConstValue::Boolean(b) => (if *b { "true" } else { "false" }).to_owned(),
                ConstValue::String(text) if quoted => quote_identifier(text),
                ConstValue::String(text) => text.clone(),
                ConstValue::BitString(_) | ConstValue::Null => {
                    return Err(PgError::internal("unexpected constant in SET"));
                }
            },
            SetArg::Interval { value, .. } => interval_zone(cx, value)?,
        });
    }
    Ok(out.join(", "))
}

/// SET TIME ZONE INTERVAL: a fixed offset.
fn interval_zone(cx: &StatementContext<'_>, text: &str) -> PgResult<String> {
    let interval = types::datetime::interval_input(text, -1, cx.io_options())?;
    if interval.months != 0 {
        bail!(INVALID_PARAMETER_VALUE, "Cannot specify months in time zone interval.");
    }
    if interval.days != 0 {
        bail!(INVALID_PARAMETER_VALUE, "Cannot specify days in time zone interval.");
    }
    Ok(crate::setting_hooks::offset_zone_name((interval.usecs / 1_000_000) as i32))
}

fn text_column(name: &str) -> ColumnDesc {
    ColumnDesc {
        name: name.to_owned(),
        typ: type_oid::TEXT,
        typmod: -1,
        base_type: type_oid::TEXT,
        base_typmod: -1,
        type_len: -1,
        table: Oid::INVALID,
        column: 0,
    }
}

/// Columns of SHOW.
pub(crate) fn show_columns(core: &SessionCore, stmt: &VariableShowStmt) -> PgResult<RowShape> {
    if stmt.name.eq_ignore_ascii_case("all") {
        return Ok(["name", "setting", "description"].map(text_column).to_vec().into());
    }
    let settings = core.settings.lock();
    match settings.canonical_name(&stmt.name) {
        Some(name) => Ok(vec![text_column(name)].into()),
        None => {
            Err(err!(UNDEFINED_OBJECT, "unrecognized configuration parameter \"{}\"", stmt.name))
        }
    }
}

/// Rows of SHOW.
pub(crate) fn show(core: &SessionCore, stmt: &VariableShowStmt) -> PgResult<Vec<Vec<Datum>>> {
    let settings = core.settings.lock();
    if !stmt.name.eq_ignore_ascii_case("all") {
        return Ok(vec![vec![Datum::text(&settings.show(&stmt.name)?)]]);
    }
    settings
        .rows()
        .iter()
        .map(|row| {
            let value = settings.show(row.name)?;
            let description = match row.def {
                Some(def) => Datum::text(&def.short_desc),
                None => Datum::Null,
            };
            Ok(vec![Datum::text(row.name), Datum::text(&value), description])
        })
        .collect()
}

/// ALTER SYSTEM.
pub(crate) fn alter_system(cx: &StatementContext<'_>, stmt: &AlterSystemStmt) -> PgResult<()> {
    let core = cx.core;
    core.prevent_in_transaction_block("ALTER SYSTEM")?;
    let set = &stmt.setstmt;
    let name = set.name.as_deref().unwrap_or_default();
    if !core.is_superuser()? {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to set parameter \"{name}\"");
    }
    if !core.engine.cluster().flag("allow_alter_system") {
        bail!(FEATURE_NOT_SUPPORTED, "ALTER SYSTEM is not allowed in this environment");
    }
    let Some(directory) = core.engine.data_directory() else {
        return Err(error::not_supported!("ALTER SYSTEM without a data directory"));
    };
    let path = directory.join(config_file::AUTO_FILE_NAME);
    let items = if path.exists() { config_file::read(&path)? } else { Vec::new() };
    let text = match set.kind {
        VariableSetKind::ResetAll => config_file::with_assignment(&[], "", None),
        VariableSetKind::Reset | VariableSetKind::Default => {
            config_file::with_assignment(&items, name, None)
        }
        _ => {
            let value = flatten(cx, name, &set.args)?;
            let def = definition::lookup(name);
            if def.is_some_and(|d| d.context == settings::Context::Internal) {
                bail!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{name}\" cannot be changed");
            }
            let mut hooks = settings::NoHooks;
            core.settings.lock().validate(name, &value, &mut hooks)?;
            config_file::with_assignment(&items, name, Some(&value))
        }
    };
    // Written beside and renamed, so that a crash leaves the old or the new file.
    let temporary = path.with_extension("conf.tmp");
    std::fs::write(&temporary, text)
        .and_then(|()| std::fs::File::open(&temporary)?.sync_all())
        .and_then(|()| std::fs::rename(&temporary, &path))
        .map_err(|e| err!(IO_ERROR, "could not write file \"{}\": {e}", path.display()))
}
