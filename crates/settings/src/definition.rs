//! The table of settings: PostgreSQL's names, types, units, ranges and contexts, from data.
use crate::{
    units::Unit,
    value::{Value, parse_bool},
};
use std::{collections::HashMap, sync::LazyLock};

/// Type of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum VarType {
    Bool,
    Int,
    Real,
    Enum,
    Str,
}

impl VarType {
    /// pg_settings.vartype.
    pub fn as_str(self) -> &'static str {
        match self {
            VarType::Bool => "bool",
            VarType::Int => "integer",
            VarType::Real => "real",
            VarType::Enum => "enum",
            VarType::Str => "string",
        }
    }
}

/// When a setting may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Context {
    Internal,
    Postmaster,
    Sighup,
    SuperuserBackend,
    Backend,
    Superuser,
    User,
}

impl Context {
    fn from_name(name: &str) -> Context {
        match name {
            "internal" => Context::Internal,
            "postmaster" => Context::Postmaster,
            "sighup" => Context::Sighup,
            "superuser-backend" => Context::SuperuserBackend,
            "backend" => Context::Backend,
            "superuser" => Context::Superuser,
            _ => Context::User,
        }
    }

    /// pg_settings.context.
    pub fn as_str(self) -> &'static str {
        match self {
            Context::Internal => "internal",
            Context::Postmaster => "postmaster",
            Context::Sighup => "sighup",
            Context::SuperuserBackend => "superuser-backend",
            Context::Backend => "backend",
            Context::Superuser => "superuser",
            Context::User => "user",
        }
    }
}

/// Index into [`all`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettingId(pub u16);

/// What is fixed about a setting.
#[derive(Clone, Debug)]
pub struct SettingDef {
    /// Its number.
    pub id: SettingId,
    /// PostgreSQL's spelling.
    pub name: String,
    /// Type.
    pub vartype: VarType,
    /// Base unit.
    pub unit: Unit,
    /// When it may change.
    pub context: Context,
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Spellings of an enum that are shown to users.
    pub enum_values: Vec<String>,
    /// Value without configuration.
    pub boot: Value,
    /// pg_settings.category.
    pub category: String,
    /// pg_settings.short_desc.
    pub short_desc: String,
    /// pg_settings.extra_desc.
    pub extra_desc: Option<String>,
    /// Hidden from SHOW ALL and pg_settings.
    pub no_show_all: bool,
    /// Has no RESET.
    pub no_reset: bool,
    /// Stays at RESET ALL.
    pub no_reset_all: bool,
    /// Shown by EXPLAIN (SETTINGS).
    pub explain: bool,
}

/// Sent to the client whenever they change.
const REPORTED: [&str; 15] = [
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "scram_iterations",
    "search_path",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
];

/// Take a comma-separated list.
const LISTS: [&str; 18] = [
    "DateStyle",
    "createrole_self_grant",
    "debug_io_direct",
    "listen_addresses",
    "local_preload_libraries",
    "log_connections",
    "log_destination",
    "oauth_validator_libraries",
    "output_plugin_libraries",
    "restrict_nonsystem_relation_kind",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "synchronized_standby_slots",
    "synchronous_standby_names",
    "temp_tablespaces",
    "unix_socket_directories",
    "wal_consistency_checking",
];

/// Lists whose elements are identifiers, quoted where needed.
const QUOTED_LISTS: [&str; 5] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
];

/// Change what a plan may look like or what a statement's text means.
const AFFECTS_PLANS: [&str; 14] = [
    "search_path",
    "role",
    "session_authorization",
    "row_security",
    "constraint_exclusion",
    "cursor_tuple_fraction",
    "from_collapse_limit",
    "join_collapse_limit",
    "plan_cache_mode",
    "standard_conforming_strings",
    "transform_null_equals",
    "backslash_quote",
    "work_mem",
    "hash_mem_multiplier",
];

impl SettingDef {
    /// Reported to the client by ParameterStatus.
    pub fn is_reported(&self) -> bool {
        REPORTED.contains(&self.name.as_str())
    }

    /// Takes a list.
    pub fn is_list(&self) -> bool {
        LISTS.contains(&self.name.as_str())
    }

    /// Takes a list of identifiers.
    pub fn is_quoted_list(&self) -> bool {
        QUOTED_LISTS.contains(&self.name.as_str())
    }

    /// A change makes cached plans of the session stale.
    pub fn affects_plans(&self) -> bool {
        self.explain
            || self.category.starts_with("Query Tuning")
            || self.category.starts_with("Client Connection Defaults / Locale")
            || AFFECTS_PLANS.contains(&self.name.as_str())
    }

    /// File modes, which are shown in octal.
    pub fn is_octal(&self) -> bool {
        matches!(
            self.name.as_str(),
            "log_file_mode" | "data_directory_mode" | "unix_socket_permissions"
        )
    }

    /// Spelling number `index`.
    pub fn enum_name(&self, index: u16) -> &str {
        self.enum_values.get(index as usize).map_or("", String::as_str)
    }

    /// The spelling that `text` means, hidden ones included.
    pub fn enum_index(&self, text: &str) -> Option<u16> {
        let find = |t: &str| {
            self.enum_values.iter().position(|v| v.eq_ignore_ascii_case(t)).map(|i| i as u16)
        };
        if let Some(index) = find(text) {
            return Some(index);
        }
        match text.to_ascii_lowercase().as_str() {
            // Message levels take "debug" for debug2.
            "debug" => find("debug2"),
            // Enums that grew out of Booleans keep their spellings.
            "true" | "yes" | "1" => find("on"),
            "false" | "no" | "0" => find("off"),
            _ => None,
        }
    }
}

/// All settings, in the order of their ids.
pub fn all() -> &'static [SettingDef] {
    &TABLE.defs
}

/// The setting with that number.
pub fn get(id: SettingId) -> &'static SettingDef {
    &TABLE.defs[id.0 as usize]
}

/// The setting of that name in any case, old names included.
pub fn lookup(name: &str) -> Option<&'static SettingDef> {
    let mut lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "sort_mem" => lower = "work_mem".to_owned(),
        "vacuum_mem" => lower = "maintenance_work_mem".to_owned(),
        "ssl_ecdh_curve" => lower = "ssl_groups".to_owned(),
        _ => {}
    }
    TABLE.by_name.get(&lower).map(|id| get(*id))
}

/// The number of a setting that is known to exist.
pub fn id_of(name: &str) -> SettingId {
    match lookup(name) {
        Some(def) => def.id,
        None => panic!("invariant: setting {name} is in the table"),
    }
}

struct Table {
    defs: Vec<SettingDef>,
    by_name: HashMap<String, SettingId>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut descriptions: HashMap<String, Vec<String>> = parse_csv(DESCRIPTIONS_CSV)
        .into_iter()
        .skip(1)
        .map(|row| (row.first().cloned().unwrap_or_default(), row))
        .collect();
    let mut defs: Vec<SettingDef> = parse_csv(SETTINGS_CSV)
        .iter()
        .skip(1)
        .chain(&parse_csv(EXTRA_CSV))
        .map(|row| build(row, descriptions.remove(&row[0])))
        .collect();
    defs.sort_by_cached_key(|d| d.name.to_ascii_lowercase());
    for (i, def) in defs.iter_mut().enumerate() {
        def.id = SettingId(i as u16);
    }
    let by_name = defs.iter().map(|d| (d.name.to_ascii_lowercase(), d.id)).collect();
    Table { defs, by_name }
});

const SETTINGS_CSV: &str = include_str!("../data/settings.csv");
const DESCRIPTIONS_CSV: &str = include_str!("../data/setting_descriptions.csv");
/// Settings that pg_settings does not list, and those of the procedural language that is built in.
const EXTRA_CSV: &str = "\
role,none,,string,user,,,,Ungrouped
session_authorization,,,string,user,,,,Ungrouped
is_superuser,off,,bool,internal,,,,Preset Options
seed,0,,real,user,-1,1,,Ungrouped
plpgsql.check_asserts,on,,bool,user,,,,Customized Options
plpgsql.extra_errors,none,,string,user,,,,Customized Options
plpgsql.extra_warnings,none,,string,user,,,,Customized Options
plpgsql.print_strict_params,off,,bool,user,,,,Customized Options
plpgsql.variable_conflict,error,,enum,superuser,,,\"{error,use_variable,use_column}\",Customized Options
";

fn build(row: &[String], description: Option<Vec<String>>) -> SettingDef {
    let description = description.unwrap_or_default();
    let text = |i: usize| description.get(i).cloned().unwrap_or_default();
    let flags = text(3);
    let vartype = match row[3].as_str() {
        "bool" => VarType::Bool,
        "integer" => VarType::Int,
        "real" => VarType::Real,
        "enum" => VarType::Enum,
        _ => VarType::Str,
    };
    let enum_values = enum_list(&row[7]);
    let boot = match vartype {
        VarType::Bool => Value::Bool(parse_bool(&row[1]).unwrap_or(false)),
        VarType::Int => Value::Int(row[1].parse().unwrap_or(0)),
        VarType::Real => Value::Real(row[1].parse().unwrap_or(0.0)),
        VarType::Enum => {
            Value::Enum(enum_values.iter().position(|v| *v == row[1]).unwrap_or(0) as u16)
        }
        VarType::Str => Value::str(&row[1]),
    };
    // The table prints the greatest double with six digits.
    let max = row[6].parse().unwrap_or(f64::MAX);
    SettingDef {
        id: SettingId(0),
        name: row[0].clone(),
        vartype,
        unit: Unit::from_name(&row[2]),
        context: Context::from_name(&row[4]),
        min: row[5].parse().unwrap_or(f64::MIN),
        max: if max > 1.79e308 { f64::MAX } else { max },
        enum_values,
        boot,
        category: row[8].clone(),
        short_desc: text(1),
        extra_desc: Some(text(2)).filter(|t| !t.is_empty()),
        no_show_all: flags.contains("NO_SHOW_ALL"),
        no_reset: flags.split(' ').any(|f| f == "NO_RESET"),
        no_reset_all: flags.contains("NO_RESET_ALL"),
        explain: flags.contains("EXPLAIN"),
    }
}

/// A text[] literal's elements.
fn enum_list(text: &str) -> Vec<String> {
    let Some(inner) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) else {
        return Vec::new();
    };
    inner.split(',').map(|v| v.trim_matches('"').to_owned()).collect()
}

/// Rows of a CSV text with quoted fields.
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut field)),
            (false, '\n') => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            (_, c) => field.push(c),
        }
    }
    rows
}
