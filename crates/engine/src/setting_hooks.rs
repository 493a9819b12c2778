//! Checks of settings that need the session: time zones, roles, transaction modes, catalog objects.
use crate::session_core::SessionCore;
use catalog::CatalogRead;
use error::{PgError, PgResult, Severity, bail, err};
use settings::{CheckHooks, IsolationLevel, SettingDef, Source, Typed, Value};
use std::sync::Arc;
use types::{Oid, TimeZone};

/// The hooks of one session, with its values as they were before.
pub(crate) struct SessionHooks<'s> {
    core: &'s SessionCore,
    typed: Arc<Typed>,
    seed: Option<f64>,
    superuser: Option<bool>,
}

impl<'s> SessionHooks<'s> {
    pub(crate) fn new(core: &'s SessionCore) -> Self {
        let typed = core.settings.lock().typed().clone();
        SessionHooks { core, typed, seed: None, superuser: None }
    }

    /// Does what could not be done while the settings were locked.
    pub(crate) fn apply(self) {
        if let Some(seed) = self.seed {
            self.core.random.lock().seed(seed);
        }
        if let Some(superuser) = self.superuser {
            let id = settings::definition::id_of("is_superuser");
            self.core.settings.lock().assign_internal(
                id,
                Value::Bool(superuser),
                Source::Override,
                settings::SetAction::Set,
            );
        }
    }

    /// Objects can be looked up only inside a transaction; at session start names are trusted until used.
    fn in_transaction(&self) -> bool {
        self.core.txn_if_any().is_some()
    }

    fn role(&mut self, def: &SettingDef, name: &str) -> PgResult<()> {
        if !self.in_transaction() || self.core.known_roles.lock().contains_key(name) {
            return Ok(());
        }
        let Some(role) = self.core.catalog.lookup_role_by_name(name)? else {
            bail!(INVALID_PARAMETER_VALUE, "role \"{name}\" does not exist");
        };
        let user = self.core.user.lock().clone();
        if def.name == "role" {
            if !self.core.catalog.has_role_privileges(user.session, role.oid)? {
                bail!(INSUFFICIENT_PRIVILEGE, "permission denied to set role \"{name}\"");
            }
        } else if role.oid != user.authenticated {
            let superuser =
                self.core.catalog.lookup_role(user.authenticated)?.is_some_and(|r| r.superuser);
            if !superuser {
                bail!(
                    INSUFFICIENT_PRIVILEGE,
                    "permission denied to set session authorization \"{name}\""
                );
            }
        }
        self.superuser = Some(role.superuser);
        self.core.known_roles.lock().insert(name.to_owned(), role.oid);
        Ok(())
    }
}

impl CheckHooks for SessionHooks<'_> {
    fn check(&mut self, def: &SettingDef, value: Value, source: Source) -> PgResult<Value> {
        let invalid = || invalid_value(def, value.as_str());
        match def.name.as_str() {
            "TimeZone" | "log_timezone" => match canonical_time_zone(value.as_str()) {
                Some(name) => return Ok(Value::str(&name)),
                None => return Err(invalid()),
            },
            "timezone_abbreviations" if !value.as_str().eq_ignore_ascii_case("default") => {
                return Err(error::not_supported!("timezone_abbreviations other than Default"));
            }
            "client_min_messages" => {
                // More than ERROR would hide errors.
                if let Value::Enum(index) = &value
                    && severity_rank(def.enum_name(*index)) > Severity::Error
                {
                    let top = def.enum_index("error").unwrap_or(*index);
                    return Ok(Value::Enum(top));
                }
            }
            "transaction_isolation" => {
                if let Value::Enum(index) = &value {
                    let level = isolation_of(def.enum_name(*index));
                    self.core.set_isolation(level, self.typed.transaction_isolation)?;
                }
            }
            "transaction_read_only" => {
                if let Value::Bool(read_only) = value {
                    self.core.check_read_only(read_only, self.typed.transaction_read_only)?;
                }
            }
            "role" if value.as_str() != "none" => {
                let name = value.as_str().to_owned();
                self.role(def, &name)?;
            }
            "session_authorization" if source != Source::Default => {
                let name = value.as_str().to_owned();
                self.role(def, &name)?;
            }
            "seed" => {
                if let Value::Real(seed) = value {
                    self.seed = Some(seed);
                }
            }
            "default_table_access_method" if self.in_transaction() => {
                let name = value.as_str();
                if name.is_empty() {
                    return Err(
                        invalid().detail("\"default_table_access_method\" cannot be empty.")
                    );
                }
                if !matches!(self.core.catalog.lookup_am(name)?, Some((_, 't'))) {
                    return Err(
                        invalid().detail(format!("Table access method \"{name}\" does not exist."))
                    );
                }
            }
            _ => {}
        }
        Ok(value)
    }
}

#[cold]
fn invalid_value(def: &SettingDef, text: &str) -> PgError {
    err!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"{}\": \"{text}\"", def.name)
}

fn isolation_of(name: &str) -> IsolationLevel {
    match name {
        "serializable" => IsolationLevel::Serializable,
        "repeatable read" => IsolationLevel::RepeatableRead,
        "read uncommitted" => IsolationLevel::ReadUncommitted,
        _ => IsolationLevel::ReadCommitted,
    }
}

fn severity_rank(name: &str) -> Severity {
    match name {
        "fatal" => Severity::Fatal,
        "panic" => Severity::Panic,
        _ => Severity::Error,
    }
}

/// The zone a TimeZone setting names.
pub(crate) fn time_zone(name: &str) -> Option<Arc<TimeZone>> {
    if let Some(zone) = TimeZone::by_name(name) {
        return Some(zone);
    }
    fixed_offset(name).map(|offset| Arc::new(TimeZone::fixed(offset)))
}

/// Seconds east of UTC of a form like `<-07>+07`, as a numeric zone is kept.
fn fixed_offset(name: &str) -> Option<i32> {
    let inner = name.strip_prefix('<')?;
    let (shown, _) = inner.split_once('>')?;
    let (sign, digits) = match shown.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, shown.strip_prefix('+').unwrap_or(shown)),
    };
    let mut parts = digits.split(':').map(|p| p.parse::<i32>().ok());
    let hours = parts.next()??;
    let minutes = parts.next().map_or(Some(0), |m| m)?;
    let seconds = parts.next().map_or(Some(0), |s| s)?;
    Some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// How a TimeZone setting is kept: a zone's own spelling, or a fixed offset for a number of hours.
fn canonical_time_zone(text: &str) -> Option<String> {
    let trimmed = text.trim();
    if let Ok(hours) = trimmed.parse::<f64>() {
        if !hours.is_finite() || hours.abs() > 168.0 {
            return None;
        }
        return Some(offset_zone_name((hours * 3600.0).round() as i32));
    }
    time_zone(text).map(|zone| match text.starts_with('<') {
        true => text.to_owned(),
        false => zone.name().to_owned(),
    })
}

/// PostgreSQL's name for a fixed offset, in seconds east of UTC.
pub(crate) fn offset_zone_name(offset: i32) -> String {
    let total = offset.abs();
    let (h, m, s) = (total / 3600, total / 60 % 60, total % 60);
    let mut digits = format!("{h:02}");
    if m != 0 || s != 0 {
        digits.push_str(&format!(":{m:02}"));
    }
    if s != 0 {
        digits.push_str(&format!(":{s:02}"));
    }
    // The name counts east as positive, the POSIX rule after it counts west.
    let (shown, rule) = if offset < 0 { ('-', '+') } else { ('+', '-') };
    format!("<{shown}{digits}>{rule}{digits}")
}

/// Names a role that a session starts as, without a lookup.
pub(crate) fn remember_role(core: &SessionCore, name: &str, oid: Oid) {
    core.known_roles.lock().insert(name.to_owned(), oid);
}
