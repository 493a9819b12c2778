//! One session's settings over the cluster's, with SET, RESET, SHOW and their undo.
use crate::{
    date_style::DateStyle,
    definition::{self, Context, SettingDef, SettingId, VarType},
    encoding::Encoding,
    list,
    stack::{Sourced, Stack, State},
    typed::Typed,
    value::{Value, invalid},
};
use error::{PgResult, err};
use std::{collections::BTreeMap, sync::Arc};

/// Where a value came from; later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Source {
    Default,
    ConfigurationFile,
    CommandLine,
    Global,
    Database,
    User,
    DatabaseUser,
    Client,
    Override,
    Session,
}

impl Source {
    /// pg_settings.source.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Default => "default",
            Source::ConfigurationFile => "configuration file",
            Source::CommandLine => "command line",
            Source::Global => "global",
            Source::Database => "database",
            Source::User => "user",
            Source::DatabaseUser => "database user",
            Source::Client => "client",
            Source::Override => "override",
            Source::Session => "session",
        }
    }
}

/// What SET does to the undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetAction {
    /// SET: stays at commit.
    Set,
    /// SET LOCAL: until the transaction's end.
    Local,
    /// A function's SET clause: until its level ends.
    Save,
}

/// How a value is set.
#[derive(Clone, Copy, Debug)]
pub struct SetOptions {
    /// Undo.
    pub action: SetAction,
    /// Origin.
    pub source: Source,
    /// Whether the setter is a superuser or was granted SET on the parameter.
    pub privileged: bool,
}

impl SetOptions {
    /// A SET statement.
    pub fn statement(action: SetAction, privileged: bool) -> Self {
        SetOptions { action, source: Source::Session, privileged }
    }
}

/// Checks that need more than the definition. Each may replace the value by its canonical form.
pub trait CheckHooks {
    /// Called after type and range checks; an error refuses the value.
    fn check(&mut self, def: &SettingDef, value: Value, source: Source) -> PgResult<Value>;
}

/// Checks nothing more.
pub struct NoHooks;

impl CheckHooks for NoHooks {
    fn check(&mut self, _: &SettingDef, value: Value, _: Source) -> PgResult<Value> {
        Ok(value)
    }
}

/// Values that all sessions start from.
#[derive(Clone, Debug)]
pub struct ClusterSettings {
    values: Vec<Sourced>,
    customs: BTreeMap<String, String>,
    typed: Arc<Typed>,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        let values: Vec<Value> = definition::all().iter().map(|d| d.boot.clone()).collect();
        let typed = Arc::new(Typed::new(&values));
        let values = values.into_iter().map(|v| (v, Source::Default)).collect();
        let mut cluster = ClusterSettings { values, customs: BTreeMap::new(), typed };
        for (name, value) in
            [("client_encoding", "UTF8"), ("server_encoding", "UTF8"), ("max_stack_depth", "2MB")]
        {
            cluster.preset(name, value);
        }
        cluster
    }
}

impl ClusterSettings {
    /// Sets what the server itself decides; a value that does not parse leaves the default.
    pub fn preset(&mut self, name: &str, text: &str) {
        if let Some(def) = definition::lookup(name)
            && let Ok(value) = Value::parse(def, text)
        {
            self.store(def, (value, Source::Default));
        }
    }

    /// Sets a value from a file or the command line, which may set all but preset ones.
    pub fn set(&mut self, name: &str, text: &str, source: Source) -> PgResult<()> {
        let Some(def) = definition::lookup(name) else {
            check_custom_name(name)?;
            self.customs.insert(name.to_owned(), text.to_owned());
            return Ok(());
        };
        if def.context == Context::Internal {
            return Err(cannot_be_changed(def));
        }
        let (current, current_source) = &self.values[def.id.0 as usize];
        if *current_source > source {
            return Ok(());
        }
        let value = checked_by_definition(def, text, current)?;
        self.store(def, (value, source));
        Ok(())
    }

    fn store(&mut self, def: &SettingDef, value: Sourced) {
        Arc::make_mut(&mut self.typed).assign(def, &value.0);
        self.values[def.id.0 as usize] = value;
    }

    /// A value.
    pub fn get(&self, id: SettingId) -> &Value {
        &self.values[id.0 as usize].0
    }

    /// An integer value by name.
    pub fn int(&self, name: &str) -> i32 {
        match self.get(definition::id_of(name)) {
            Value::Int(v) => *v,
            _ => 0,
        }
    }

    /// A string value by name.
    pub fn text(&self, name: &str) -> &str {
        self.get(definition::id_of(name)).as_str()
    }

    /// A Boolean value by name.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(definition::id_of(name)), Value::Bool(true))
    }

    /// Parsed values.
    pub fn typed(&self) -> &Arc<Typed> {
        &self.typed
    }
}

#[derive(Clone, Debug)]
struct Entry {
    id: SettingId,
    current: Sourced,
    /// What RESET goes back to, if it differs from the cluster's value.
    reset: Option<Sourced>,
    stack: Stack,
}

#[derive(Clone, Debug)]
struct Custom {
    current: Sourced,
    reset: Option<Sourced>,
    stack: Stack,
}

/// A session's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    cluster: Arc<ClusterSettings>,
    /// Sorted by id; only what this session changed.
    entries: Vec<Entry>,
    /// By name in lower case: PostgreSQL compares them without case.
    customs: BTreeMap<String, (String, Custom)>,
    typed: Arc<Typed>,
    level: u32,
    /// Some setting was changed since the transaction began.
    stacked: bool,
    plan_version: u64,
    change_count: u64,
    reports: Vec<SettingId>,
}

/// A row of pg_settings.
#[derive(Clone, Debug)]
pub struct SettingRow<'a> {
    /// The definition; custom settings have none.
    pub def: Option<&'static SettingDef>,
    /// Name.
    pub name: &'a str,
    /// Value without units.
    pub setting: String,
    /// Origin of the value.
    pub source: Source,
    /// Value that RESET restores, without units.
    pub reset: String,
}

impl Settings {
    /// A session that starts from the cluster's values.
    pub fn new(cluster: Arc<ClusterSettings>) -> Self {
        // Of the session's own: all sessions count references to it with every statement.
        let typed = Arc::new(Typed::clone(&cluster.typed));
        let mut settings = Settings {
            cluster: cluster.clone(),
            entries: Vec::new(),
            customs: BTreeMap::new(),
            typed,
            level: 0,
            stacked: false,
            plan_version: 0,
            change_count: 0,
            reports: Vec::new(),
        };
        for (name, value) in &cluster.customs {
            let current = (Value::str(value), Source::ConfigurationFile);
            let custom = Custom { reset: Some(current.clone()), current, stack: Stack::default() };
            settings.customs.insert(name.to_ascii_lowercase(), (name.clone(), custom));
        }
        settings
    }

    /// Parsed values, cheap to keep for a statement.
    #[inline]
    pub fn typed(&self) -> &Arc<Typed> {
        &self.typed
    }

    /// Changes whenever a setting changed that plans depend on.
    #[inline]
    pub fn plan_version(&self) -> u64 {
        self.plan_version
    }

    /// Changes whenever any setting changed.
    #[inline]
    pub fn change_count(&self) -> u64 {
        self.change_count
    }

    /// A number for all values that plans depend on: sessions with equal ones may share plans.
    pub fn plan_fingerprint(&self) -> u64 {
        use std::hash::{Hash, Hasher};
        let mut hasher = std::collections::hash_map::DefaultHasher::new();
        for entry in &self.entries {
            let def = definition::get(entry.id);
            let common = &self.cluster.values[entry.id.0 as usize].0;
            if def.affects_plans() && entry.current.0 != *common {
                entry.id.hash(&mut hasher);
                entry.current.0.format(def, false).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// The cluster's values.
    pub fn cluster(&self) -> &Arc<ClusterSettings> {
        &self.cluster
    }

    fn find(&self, id: SettingId) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&id, |e| e.id)
    }

    fn sourced(&self, id: SettingId) -> &Sourced {
        match self.find(id) {
            Ok(i) => &self.entries[i].current,
            Err(_) => &self.cluster.values[id.0 as usize],
        }
    }

    /// Current value.
    pub fn get(&self, id: SettingId) -> &Value {
        &self.sourced(id).0
    }

    fn reset_value(&self, id: SettingId) -> &Sourced {
        match self.find(id) {
            Ok(i) => self.entries[i].reset.as_ref().unwrap_or(&self.cluster.values[id.0 as usize]),
            Err(_) => &self.cluster.values[id.0 as usize],
        }
    }

    /// SHOW name. 42704 if there is no such setting.
    pub fn show(&self, name: &str) -> PgResult<String> {
        match self.lookup(name) {
            Some(text) => Ok(text),
            None => Err(unrecognized(name)),
        }
    }

    /// current_setting(name, missing_ok).
    pub fn lookup(&self, name: &str) -> Option<String> {
        match definition::lookup(name) {
            Some(def) => Some(self.show_def(def)),
            None => {
                let custom = self.customs.get(&name.to_ascii_lowercase())?;
                Some(custom.1.current.0.as_str().to_owned())
            }
        }
    }

    fn show_def(&self, def: &SettingDef) -> String {
        match def.name.as_str() {
            "seed" => "unavailable".to_owned(),
            _ => self.get(def.id).format(def, true),
        }
    }

    /// PostgreSQL's spelling of a setting's name, for the column that SHOW returns.
    pub fn canonical_name(&self, name: &str) -> Option<&str> {
        match definition::lookup(name) {
            Some(def) => Some(&def.name),
            None => self.customs.get(&name.to_ascii_lowercase()).map(|c| c.0.as_str()),
        }
    }

    /// All settings that SHOW ALL lists, by name.
    pub fn rows(&self) -> Vec<SettingRow<'_>> {
        let mut rows: Vec<SettingRow<'_>> = definition::all()
            .iter()
            .filter(|d| !d.no_show_all)
            .map(|def| {
                let (value, source) = self.sourced(def.id);
                SettingRow {
                    def: Some(def),
                    name: &def.name,
                    setting: value.format(def, false),
                    source: *source,
                    reset: self.reset_value(def.id).0.format(def, false),
                }
            })
            .collect();
        rows.extend(self.customs.values().map(|(name, custom)| SettingRow {
            def: None,
            name,
            setting: custom.current.0.as_str().to_owned(),
            source: custom.current.1,
            reset: custom.reset.as_ref().map_or("", |r| r.0.as_str()).to_owned(),
        }));
        rows.sort_by_cached_key(|r| r.name.to_ascii_lowercase());
        rows
    }

    /// SET name = value.
    pub fn set(
        &mut self,
        name: &str,
        text: &str,
        options: SetOptions,
        hooks: &mut dyn CheckHooks,
    ) -> PgResult<()> {
        let Some(def) = definition::lookup(name) else {
            return self.set_custom(name, Some(text), options);
        };
        self.check_context(def, options)?;
        let value = checked_by_definition(def, text, self.get(def.id))?;
        let value = hooks.check(def, value, options.source)?;
        self.assign(def, (value, options.source), options.action);
        Ok(())
    }

    /// Checks `name` and `text` as SET would, for ALTER ROLE/DATABASE/SYSTEM and CREATE FUNCTION ... SET.
    pub fn validate(&self, name: &str, text: &str, hooks: &mut dyn CheckHooks) -> PgResult<Value> {
        let Some(def) = definition::lookup(name) else {
            check_custom_name(name)?;
            return Ok(Value::str(text));
        };
        let value = checked_by_definition(def, text, self.get(def.id))?;
        hooks.check(def, value, Source::Session)
    }

    /// Sets a value that the session itself computes (role, transaction_isolation, is_superuser),
    /// whatever its context.
    pub fn assign_internal(
        &mut self,
        id: SettingId,
        value: Value,
        source: Source,
        action: SetAction,
    ) {
        self.assign(definition::get(id), (value, source), action);
    }

    /// RESET name.
    pub fn reset(
        &mut self,
        name: &str,
        options: SetOptions,
        hooks: &mut dyn CheckHooks,
    ) -> PgResult<()> {
        let Some(def) = definition::lookup(name) else {
            return self.set_custom(name, None, options);
        };
        self.check_context(def, options)?;
        if def.no_reset {
            return Err(err!(FEATURE_NOT_SUPPORTED, "parameter \"{}\" cannot be reset", def.name));
        }
        let (value, source) = self.reset_value(def.id).clone();
        let value = hooks.check(def, value, source)?;
        self.assign(def, (value, source), options.action);
        Ok(())
    }

    /// RESET ALL.
    pub fn reset_all(&mut self) {
        let ids: Vec<SettingId> = self.entries.iter().map(|e| e.id).collect();
        for id in ids {
            let def = definition::get(id);
            let changeable = matches!(def.context, Context::User | Context::Superuser);
            if changeable && !def.no_reset_all {
                let value = self.reset_value(id).clone();
                self.assign(def, value, SetAction::Set);
            }
        }
        let level = self.level;
        for (_, custom) in self.customs.values_mut() {
            let value = custom.reset.clone().unwrap_or((Value::str(""), Source::Default));
            if level > 0 {
                self.stacked = true;
                custom.stack.push(level, State::Set, &custom.current);
            }
            custom.current = value;
        }
    }

    /// Makes the current value the one that RESET restores: at session start.
    pub fn set_default(
        &mut self,
        name: &str,
        text: &str,
        options: SetOptions,
        hooks: &mut dyn CheckHooks,
    ) -> PgResult<()> {
        let Some(def) = definition::lookup(name) else {
            self.set_custom(name, Some(text), options)?;
            if let Some((_, custom)) = self.customs.get_mut(&name.to_ascii_lowercase()) {
                custom.reset = Some(custom.current.clone());
            }
            return Ok(());
        };
        match def.context {
            Context::Backend => {}
            Context::SuperuserBackend if options.privileged => {}
            Context::SuperuserBackend => return Err(permission_denied(def)),
            _ => self.check_context(def, options)?,
        }
        let value = checked_by_definition(def, text, self.get(def.id))?;
        let value = hooks.check(def, value, options.source)?;
        self.assign_default(def.id, value, options.source);
        Ok(())
    }

    /// As [`Settings::set_default`] for a value that is known to be right.
    pub fn assign_default(&mut self, id: SettingId, value: Value, source: Source) {
        self.assign(definition::get(id), (value.clone(), source), SetAction::Set);
        if let Ok(i) = self.find(id) {
            self.entries[i].reset = Some((value, source));
        }
    }

    fn check_context(&self, def: &SettingDef, options: SetOptions) -> PgResult<()> {
        match def.context {
            Context::Internal => Err(cannot_be_changed(def)),
            Context::Postmaster => Err(err!(
                CANT_CHANGE_RUNTIME_PARAM,
                "parameter \"{}\" cannot be changed without restarting the server",
                def.name
            )),
            Context::Sighup => Err(err!(
                CANT_CHANGE_RUNTIME_PARAM,
                "parameter \"{}\" cannot be changed now",
                def.name
            )),
            Context::Backend | Context::SuperuserBackend => Err(err!(
                CANT_CHANGE_RUNTIME_PARAM,
                "parameter \"{}\" cannot be set after connection start",
                def.name
            )),
            Context::Superuser if !options.privileged => Err(permission_denied(def)),
            Context::Superuser | Context::User => Ok(()),
        }
    }

    fn assign(&mut self, def: &'static SettingDef, value: Sourced, action: SetAction) {
        let level = self.level;
        let i = match self.find(def.id) {
            Ok(i) => i,
            Err(i) => {
                let current = self.cluster.values[def.id.0 as usize].clone();
                let entry = Entry { id: def.id, current, reset: None, stack: Stack::default() };
                self.entries.insert(i, entry);
                i
            }
        };
        let entry = &mut self.entries[i];
        if level > 0 {
            self.stacked = true;
            entry.stack.push(level, state_of(action), &entry.current);
        }
        let changed = entry.current.0 != value.0;
        entry.current = value;
        if changed {
            self.changed(def, i);
        }
    }

    /// Takes notice that entry `i` has a new value.
    fn changed(&mut self, def: &'static SettingDef, i: usize) {
        self.change_count += 1;
        if Typed::mirrors(def.id) {
            Arc::make_mut(&mut self.typed).assign(def, &self.entries[i].current.0);
        }
        if def.affects_plans() {
            self.plan_version += 1;
        }
        if def.is_reported() && !self.reports.contains(&def.id) {
            self.reports.push(def.id);
        }
    }

    fn set_custom(&mut self, name: &str, text: Option<&str>, options: SetOptions) -> PgResult<()> {
        let key = name.to_ascii_lowercase();
        if !self.customs.contains_key(&key) {
            check_custom_name(name)?;
            if text.is_none() {
                return Ok(());
            }
        }
        let level = self.level;
        let (_, custom) = self.customs.entry(key).or_insert_with(|| {
            let unset = (Value::str(""), Source::Default);
            (name.to_owned(), Custom { current: unset, reset: None, stack: Stack::default() })
        });
        if level > 0 {
            self.stacked = true;
            custom.stack.push(level, state_of(options.action), &custom.current);
        }
        custom.current = match text {
            Some(text) => (Value::str(text), options.source),
            None => custom.reset.clone().unwrap_or((Value::str(""), Source::Default)),
        };
        Ok(())
    }

    /// Opens a level: 1 is the transaction, deeper ones are subtransactions and function calls.
    pub fn begin_level(&mut self) -> u32 {
        self.level += 1;
        self.level
    }

    /// Ends `level` and all above it.
    pub fn end_level(&mut self, level: u32, commit: bool) {
        self.level = level.saturating_sub(1);
        if !self.stacked {
            return;
        }
        for i in 0..self.entries.len() {
            let entry = &mut self.entries[i];
            if entry.stack.is_empty() {
                continue;
            }
            if let Some(prior) = entry.stack.end_level(level, commit) {
                let changed = entry.current.0 != prior.0;
                entry.current = prior;
                if changed {
                    self.changed(definition::get(self.entries[i].id), i);
                }
            }
        }
        for (_, custom) in self.customs.values_mut() {
            if let Some(prior) = custom.stack.end_level(level, commit) {
                custom.current = prior;
            }
        }
        if self.level == 0 {
            self.forget_defaults();
            self.stacked = false;
        }
    }

    /// Drops entries that say nothing, so that an idle session stays small.
    fn forget_defaults(&mut self) {
        let cluster = &self.cluster;
        self.entries.retain(|e| {
            e.reset.is_some() || !e.stack.is_empty() || e.current != cluster.values[e.id.0 as usize]
        });
    }

    /// Current nesting level.
    pub fn level(&self) -> u32 {
        self.level
    }

    /// Settings whose change the client must be told, with their new values; empties the list.
    pub fn take_reports(&mut self) -> Vec<(&'static str, String)> {
        let ids = std::mem::take(&mut self.reports);
        ids.into_iter()
            .map(|id| {
                let def = definition::get(id);
                (def.name.as_str(), self.show_def(def))
            })
            .collect()
    }

    /// Whether [`Settings::take_reports`] has something to say.
    #[inline]
    pub fn has_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// Everything that is reported, for the start of a session.
    pub fn initial_reports(&mut self) -> Vec<(&'static str, String)> {
        self.reports.clear();
        definition::all()
            .iter()
            .filter(|d| d.is_reported())
            .map(|d| (d.name.as_str(), self.show_def(d)))
            .collect()
    }
}

fn state_of(action: SetAction) -> State {
    match action {
        SetAction::Set => State::Set,
        SetAction::Local => State::Local,
        SetAction::Save => State::Save,
    }
}

/// The checks that need only the definition and the current value.
fn checked_by_definition(def: &SettingDef, text: &str, current: &Value) -> PgResult<Value> {
    let value = Value::parse(def, text)?;
    if def.vartype != VarType::Str {
        return Ok(value);
    }
    match def.name.as_str() {
        "DateStyle" => {
            let boot = DateStyle::default();
            let now = DateStyle::parse(current.as_str(), boot, boot).unwrap_or(boot);
            match DateStyle::parse(text, now, boot) {
                Ok(style) => Ok(Value::str(&style.as_text())),
                Err(detail) => Err(invalid(def, text).detail(detail)),
            }
        }
        "client_encoding" => match Encoding::from_name(text) {
            Some(encoding @ (Encoding::Utf8 | Encoding::SqlAscii)) => {
                Ok(Value::str(encoding.name()))
            }
            Some(encoding) => Err(invalid(def, text).detail(format!(
                "Conversion between {} and UTF8 is not supported.",
                encoding.name()
            ))),
            None => Err(invalid(def, text)),
        },
        "application_name" | "cluster_name" => Ok(Value::str(&printable_ascii(text))),
        _ if def.is_quoted_list() && list::split_identifiers(text).is_none() => {
            Err(invalid(def, text).detail("List syntax is invalid."))
        }
        _ => Ok(value),
    }
}

/// Names that reach logs keep only printable ASCII.
fn printable_ascii(text: &str) -> String {
    let mut out = String::new();
    for b in text.bytes() {
        match b {
            32..=126 => out.push(b as char),
            _ => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out
}

/// Prefixes that belong to what is built in.
const RESERVED_PREFIXES: [&str; 1] = ["plpgsql"];

fn check_custom_name(name: &str) -> PgResult<()> {
    if !name.contains('.') {
        return Err(unrecognized(name));
    }
    let simple = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii())
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii())
    };
    if !name.split('.').all(simple) {
        return Err(err!(INVALID_NAME, "invalid configuration parameter name \"{name}\"").detail(
            "Custom parameter names must be two or more simple identifiers separated by dots.",
        ));
    }
    let prefix = name.split('.').next().unwrap_or_default();
    if RESERVED_PREFIXES.contains(&prefix) {
        return Err(err!(INVALID_NAME, "invalid configuration parameter name \"{name}\"")
            .detail(format!("\"{prefix}\" is a reserved prefix.")));
    }
    Ok(())
}

fn unrecognized(name: &str) -> error::PgError {
    err!(UNDEFINED_OBJECT, "unrecognized configuration parameter \"{name}\"")
}

fn cannot_be_changed(def: &SettingDef) -> error::PgError {
    err!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{}\" cannot be changed", def.name)
}

fn permission_denied(def: &SettingDef) -> error::PgError {
    err!(INSUFFICIENT_PRIVILEGE, "permission denied to set parameter \"{}\"", def.name)
}
