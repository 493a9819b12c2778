//! Settings, cursors, prepared statements, notifications, signals to other sessions.
use super::{core, oid_array, optional_text, scalar, set, text_array, void};
use crate::{
    notify::{Notification, NotifyAction},
    session_core::SessionCore,
};
use catalog::CatalogRead;
use error::{PgError, PgResult, SqlState, err};
use fmgr::{CallContext, Registry, RowSource, VecRowSource};
use settings::{SettingRow, definition};
use types::{Datum, Oid, type_oid};

pub(super) fn register(r: &mut Registry) {
    set(r, "show_all_settings", show_all_settings);
    scalar(r, "pg_settings_get_flags", settings_get_flags);
    set(r, "pg_cursor", cursors);
    set(r, "pg_prepared_statement", prepared_statements);
    set(r, "pg_prepared_xact", prepared_transactions);
    set(r, "pg_listening_channels", |cx, _| {
        let mut channels: Vec<String> = core(cx)?.notify.lock().channels.iter().cloned().collect();
        channels.sort();
        Ok(VecRowSource::scalars(channels.iter().map(|c| Datum::text(c)).collect()))
    });
    scalar(r, "pg_notify", notify);
    scalar(r, "pg_cancel_backend", |cx, args| signal(cx, args, false));
    scalar(r, "pg_terminate_backend", |cx, args| signal(cx, args, true));
    scalar(r, "pg_reload_conf", |cx, _| {
        core(cx)?.engine.reload_configuration()?;
        Ok(Datum::Bool(true))
    });
    scalar(r, "pg_postmaster_start_time", |cx, _| Ok(Datum::Int8(core(cx)?.engine.started)));
    scalar(r, "pg_conf_load_time", |cx, _| {
        let loaded = &core(cx)?.engine.config_loaded;
        Ok(Datum::Int8(loaded.load(std::sync::atomic::Ordering::Relaxed)))
    });
    scalar(r, "pg_current_xact_id", |cx, _| Ok(Datum::Int8(core(cx)?.txn()?.xid()? as i64)));
    scalar(r, "pg_current_xact_id_if_assigned", |cx, _| {
        let xid = core(cx)?.txn()?.xid_if_assigned();
        Ok(xid.map_or(Datum::Null, |x| Datum::Int8(x as i64)))
    });
}

fn prepared_transactions(
    cx: &mut CallContext<'_>,
    _: &mut [Datum],
) -> PgResult<Box<dyn RowSource>> {
    let mut rows = Vec::new();
    for found in core(cx)?.engine.store.prepared() {
        let origin = crate::two_phase::Origin::decode(&found.payload)?;
        rows.push(vec![
            Datum::Oid(Oid(found.xid as u32)),
            Datum::text(&found.gid),
            Datum::Int8(origin.prepared),
            Datum::Oid(origin.owner),
            Datum::Oid(origin.database),
        ]);
    }
    Ok(VecRowSource::boxed(rows))
}

fn row_of(row: &SettingRow<'_>) -> Vec<Datum> {
    let text = |t: &str| Datum::text(t);
    let Some(def) = row.def else {
        return vec![
            text(row.name),
            text(&row.setting),
            Datum::Null,
            text("Customized Options"),
            text(""),
            Datum::Null,
            text("user"),
            text("string"),
            text(row.source.as_str()),
            Datum::Null,
            Datum::Null,
            Datum::Null,
            Datum::Null,
            text(&row.reset),
            Datum::Null,
            Datum::Null,
            Datum::Bool(false),
        ];
    };
    let bound = |v: f64| match def.vartype {
        settings::VarType::Int => text(&(v as i64).to_string()),
        settings::VarType::Real => text(&settings::units::format_g(v)),
        _ => Datum::Null,
    };
    let unit = Some(def.unit.suffix()).filter(|u| !u.is_empty());
    vec![
        text(row.name),
        text(&row.setting),
        optional_text(unit),
        text(&def.category),
        text(&def.short_desc),
        optional_text(def.extra_desc.as_deref()),
        text(def.context.as_str()),
        text(def.vartype.as_str()),
        text(row.source.as_str()),
        bound(def.min),
        bound(def.max),
        match def.vartype {
            settings::VarType::Enum => text_array(def.enum_values.iter().map(|v| text(v))),
            _ => Datum::Null,
        },
        text(&def.boot.format(def, false)),
        text(&row.reset),
        Datum::Null,
        Datum::Null,
        Datum::Bool(false),
    ]
}

fn show_all_settings(cx: &mut CallContext<'_>, _: &mut [Datum]) -> PgResult<Box<dyn RowSource>> {
    let settings = core(cx)?.settings.lock();
    Ok(VecRowSource::boxed(settings.rows().iter().map(row_of).collect()))
}

fn settings_get_flags(_: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let Some(def) = definition::lookup(args[0].as_str()) else { return Ok(Datum::Null) };
    let flags = [
        (def.explain, "EXPLAIN"),
        (def.no_reset, "NO_RESET"),
        (def.no_reset_all, "NO_RESET_ALL"),
        (def.no_show_all, "NO_SHOW_ALL"),
    ];
    Ok(text_array(flags.iter().filter(|f| f.0).map(|f| Datum::text(f.1))))
}

fn cursors(cx: &mut CallContext<'_>, _: &mut [Datum]) -> PgResult<Box<dyn RowSource>> {
    let rows = core(cx)?.portals.lock().cursors();
    Ok(VecRowSource::boxed(
        rows.iter()
            .map(|c| {
                vec![
                    Datum::text(&c.name),
                    Datum::text(&c.statement),
                    Datum::Bool(c.is_holdable),
                    Datum::Bool(c.is_binary),
                    Datum::Bool(c.is_scrollable),
                    Datum::Int8(c.creation_time),
                ]
            })
            .collect(),
    ))
}

fn prepared_statements(cx: &mut CallContext<'_>, _: &mut [Datum]) -> PgResult<Box<dyn RowSource>> {
    let prepared = core(cx)?.prepared.lock();
    let rows = prepared.iter().map(|(name, p)| {
        let s = &p.statement;
        let (generic, custom) = s.plan_counts();
        let results = match &s.columns {
            Some(columns) => oid_array(type_oid::REGTYPE, columns.iter().map(|c| c.typ)),
            None => Datum::Null,
        };
        vec![
            Datum::text(name),
            Datum::text(&s.text),
            Datum::Int8(p.prepare_time),
            oid_array(type_oid::REGTYPE, s.param_types.iter().copied()),
            results,
            Datum::Bool(p.from_sql),
            Datum::Int8(generic as i64),
            Datum::Int8(i64::from(custom)),
        ]
    });
    Ok(VecRowSource::boxed(rows.collect()))
}

fn notify(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let core = core(cx)?;
    let text = |d: &Datum| if d.is_null() { String::new() } else { d.as_str().to_owned() };
    let (channel, payload) = (text(&args[0]), text(&args[1]));
    if channel.is_empty() {
        return Err(err!(INVALID_PARAMETER_VALUE, "channel name cannot be empty"));
    }
    core.defer_notify(NotifyAction::Notify(Notification {
        pid: core.pid,
        database: core.database.0,
        channel,
        payload,
    }))?;
    Ok(void())
}

fn signal(cx: &mut CallContext<'_>, args: &mut [Datum], terminate: bool) -> PgResult<Datum> {
    let caller = core(cx)?;
    let pid = args[0].as_i32();
    let Some(target) = caller.engine.session(pid) else {
        cx.session.notice(PgError::warning(
            SqlState::WARNING,
            format!("PID {pid} is not a PostgreSQL backend process"),
        ));
        return Ok(Datum::Bool(false));
    };
    may_signal(caller, &target, terminate)?;
    Ok(Datum::Bool(match terminate {
        true => caller.engine.terminate_backend(pid),
        false => caller.engine.cancel_backend(pid),
    }))
}

fn may_signal(caller: &SessionCore, target: &SessionCore, terminate: bool) -> PgResult<()> {
    let verb = if terminate { "terminate" } else { "cancel" };
    let noun = if terminate { "process" } else { "query" };
    let role: Oid = target.user.lock().authenticated;
    let me = caller.user.lock().current();
    if caller.catalog.has_role_privileges(me, role)? {
        return Ok(());
    }
    let is_superuser = caller.catalog.lookup_role(role)?.is_some_and(|r| r.superuser);
    let detail = match is_superuser {
        true => "Only roles with the SUPERUSER attribute",
        false => "Only roles with privileges of the role whose process is being signalled",
    };
    Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied to {verb} {noun}")
        .detail(format!("{detail} may {verb} its {noun}.")))
}
