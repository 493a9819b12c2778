//! Who, where and when: current_user, version(), settings, sleeping, notices of the session.
use error::{PgResult, err};
use fmgr::{CallContext, Registry};
use std::{sync::Arc, time::Duration};
use types::{ArrayValue, Datum, type_oid};

/// What version() says; PostgreSQL's version comes first because programs parse it.
const VERSION: &str = concat!("PostgreSQL 18.0 (PGLiteDB ", env!("CARGO_PKG_VERSION"), ")");

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_identity(r);
    register_settings(r);
    r.scalar("pgsql_version", |_cx, _a| Ok(Datum::text(VERSION)));
    r.scalar("pg_sleep", |cx, a| {
        let seconds = a[0].as_f64();
        if seconds > 0.0 && seconds.is_finite() {
            cx.session.sleep(Duration::from_secs_f64(seconds.min(1e9)))?;
        }
        Ok(Datum::text(""))
    });
    // Who an authentication method says the user is; trust and passwords say nothing.
    r.scalar("system_user", |_cx, _a| Ok(Datum::Null));
    r.scalar("timeofday", |cx, _a| Ok(Datum::text(&time_of_day(cx))));
    r.scalar("now", |cx, _a| Ok(Datum::Int8(cx.session.transaction_timestamp())));
    r.scalar("statement_timestamp", |cx, _a| Ok(Datum::Int8(cx.session.statement_timestamp())));
    r.scalar("clock_timestamp", |cx, _a| Ok(Datum::Int8(cx.session.clock_timestamp())));
    r.scalar("pg_typeof", |cx, _a| Ok(Datum::Oid(cx.arg_type(0))));
}

fn role_name(cx: &CallContext<'_>, role: types::Oid) -> PgResult<Datum> {
    use catalog::CatalogRead;
    let role = super::catalog(cx)?.lookup_role(role)?;
    Ok(role.map_or(Datum::Null, |r| Datum::text(&r.name)))
}

fn register_identity(r: &mut Registry) {
    r.scalar("current_user", |cx, _a| role_name(cx, cx.session.current_user()));
    r.scalar("session_user", |cx, _a| role_name(cx, cx.session.session_user()));
    r.scalar("current_database", |cx, _a| Ok(Datum::text(&cx.session.database_name())));
    r.scalar("pg_backend_pid", |cx, _a| Ok(Datum::Int4(cx.session.backend_pid())));
    r.scalar("current_schema", |cx, _a| {
        use catalog::CatalogRead;
        let catalog = super::catalog(cx)?;
        for name in catalog.search_path_names() {
            let name = if name == "$user" {
                match catalog.lookup_role(cx.session.session_user())? {
                    Some(role) => role.name.clone(),
                    None => continue,
                }
            } else {
                name
            };
            if catalog.lookup_namespace(&name)?.is_some() {
                return Ok(Datum::text(&name));
            }
        }
        Ok(Datum::Null)
    });
    r.scalar("current_schemas", |cx, a| {
        use catalog::CatalogRead;
        let catalog = super::catalog(cx)?;
        let implicit = a[0].as_bool();
        let explicit = catalog.search_path_names();
        let mut names = Vec::new();
        for namespace in catalog.effective_search_path()?.iter() {
            let Some(name) = catalog.namespace_name(*namespace)? else { continue };
            let named = explicit.contains(&name) || explicit.iter().any(|n| n == "$user");
            let hidden = name == "pg_catalog" || name.starts_with("pg_temp_");
            if implicit || named && !hidden || explicit.contains(&name) {
                names.push(Datum::text(&name));
            }
        }
        Ok(Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::NAME, names))))
    });
}

fn register_settings(r: &mut Registry) {
    fn unknown(name: &str) -> error::PgError {
        err!(UNDEFINED_OBJECT, "unrecognized configuration parameter \"{name}\"")
    }
    r.scalar("show_config_by_name", |cx, a| {
        let name = a[0].as_str();
        cx.session.get_setting(name).map(|v| Datum::text(&v)).ok_or_else(|| unknown(name))
    });
    r.scalar("show_config_by_name_missing_ok", |cx, a| {
        let name = a[0].as_str();
        match cx.session.get_setting(name) {
            Some(value) => Ok(Datum::text(&value)),
            None if a[1].as_bool() => Ok(Datum::Null),
            None => Err(unknown(name)),
        }
    });
    r.scalar("set_config_by_name", |cx, a| {
        if a[0].is_null() {
            return Err(err!(NULL_VALUE_NOT_ALLOWED, "SET requires parameter name"));
        }
        let value = if a[1].is_null() { "" } else { a[1].as_str() };
        let local = !a[2].is_null() && a[2].as_bool();
        cx.session.set_setting(a[0].as_str(), value, local).map(|v| Datum::text(&v))
    });
    r.scalar("pg_client_encoding", |cx, _a| {
        Ok(Datum::text(&cx.session.get_setting("client_encoding").unwrap_or_default()))
    });
    r.scalar("getdatabaseencoding", |_cx, _a| Ok(Datum::text("UTF8")));
}

/// The clock in a form of its own, whatever DateStyle says.
fn time_of_day(cx: &CallContext<'_>) -> String {
    use types::datetime::{USECS_PER_DAY, USECS_PER_SEC, civil_from_days, unix_seconds};
    let (now, zone) = (cx.session.clock_timestamp(), &cx.session.io_options().time_zone);
    let local_type = zone.at(unix_seconds(now));
    let local = now + i64::from(local_type.offset) * USECS_PER_SEC;
    let (days, time) = (local.div_euclid(USECS_PER_DAY), local.rem_euclid(USECS_PER_DAY));
    let (year, month, day) = civil_from_days(days);
    // 2000-01-01 was a Saturday.
    let weekday = ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"][days.rem_euclid(7) as usize];
    let month =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            [(month - 1) as usize];
    let (seconds, usecs) = (time / USECS_PER_SEC, time % USECS_PER_SEC);
    format!(
        "{weekday} {month} {day:02} {:02}:{:02}:{:02}.{usecs:06} {year} {}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        local_type.abbrev
    )
}
