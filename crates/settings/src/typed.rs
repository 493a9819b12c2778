//! The values that running code reads, parsed once when they are set.
use crate::{
    date_style::DateStyle,
    definition::{SettingDef, SettingId, all, id_of},
    encoding::Encoding,
    list,
    value::Value,
};
use error::Severity;
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

/// Declares an enum whose spellings are PostgreSQL's.
macro_rules! spelled {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum $name { $($variant),+ }
        impl $name {
            /// PostgreSQL's spelling.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
            fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

spelled! {
    /// transaction_isolation.
    IsolationLevel {
        ReadUncommitted = "read uncommitted", ReadCommitted = "read committed",
        RepeatableRead = "repeatable read", Serializable = "serializable",
    }
}
spelled! {
    /// IntervalStyle.
    IntervalStyle {
        Postgres = "postgres", PostgresVerbose = "postgres_verbose",
        SqlStandard = "sql_standard", Iso8601 = "iso_8601",
    }
}
spelled! {
    /// bytea_output.
    ByteaOutput { Escape = "escape", Hex = "hex" }
}
spelled! {
    /// synchronous_commit.
    SynchronousCommit {
        Off = "off", Local = "local", RemoteWrite = "remote_write", On = "on",
        RemoteApply = "remote_apply",
    }
}
spelled! {
    /// plan_cache_mode.
    PlanCacheMode {
        Auto = "auto", ForceGenericPlan = "force_generic_plan", ForceCustomPlan = "force_custom_plan",
    }
}
spelled! {
    /// constraint_exclusion.
    ConstraintExclusion { Partition = "partition", On = "on", Off = "off" }
}
spelled! {
    /// xmloption.
    XmlOption { Content = "content", Document = "document" }
}

macro_rules! typed {
    ($($(#[$doc:meta])* $field:ident: $t:ty = $convert:ident($name:literal)),* $(,)?) => {
        /// Parsed values; one field a setting.
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        pub struct Typed { $($(#[$doc])* pub $field: $t),* }

        #[derive(Clone, Copy)]
        #[allow(non_camel_case_types)]
        enum Field { $($field),* }

        static FIELDS: LazyLock<HashMap<SettingId, Field>> =
            LazyLock::new(|| HashMap::from([$((id_of($name), Field::$field)),*]));

        impl Typed {
            /// From one value a definition.
            pub fn new(values: &[Value]) -> Typed {
                Typed { $($field: {
                    let id = id_of($name);
                    convert::$convert(&all()[id.0 as usize], &values[id.0 as usize])
                }),* }
            }

            /// Whether a field mirrors that setting.
            pub(crate) fn mirrors(id: SettingId) -> bool {
                FIELDS.contains_key(&id)
            }

            /// Takes a changed value over.
            pub(crate) fn assign(&mut self, def: &SettingDef, value: &Value) {
                match FIELDS.get(&def.id) {
                    $(Some(Field::$field) => self.$field = convert::$convert(def, value),)*
                    None => {}
                }
            }
        }
    };
}

typed! {
    search_path: Arc<[String]> = names("search_path"),
    date_style: DateStyle = date_style("DateStyle"),
    interval_style: IntervalStyle = interval_style("IntervalStyle"),
    time_zone: Arc<str> = text("TimeZone"),
    extra_float_digits: i32 = int("extra_float_digits"),
    bytea_output: ByteaOutput = bytea_output("bytea_output"),
    client_encoding: Encoding = encoding("client_encoding"),
    client_min_messages: Severity = severity("client_min_messages"),
    log_min_messages: Severity = severity("log_min_messages"),
    application_name: Arc<str> = text("application_name"),
    standard_conforming_strings: bool = flag("standard_conforming_strings"),
    escape_string_warning: bool = flag("escape_string_warning"),
    xmloption: XmlOption = xml_option("xmloption"),
    array_nulls: bool = flag("array_nulls"),
    transform_null_equals: bool = flag("transform_null_equals"),
    quote_all_identifiers: bool = flag("quote_all_identifiers"),
    row_security: bool = flag("row_security"),
    check_function_bodies: bool = flag("check_function_bodies"),
    allow_system_table_mods: bool = flag("allow_system_table_mods"),
    default_text_search_config: Arc<str> = text("default_text_search_config"),
    default_tablespace: Arc<str> = text("default_tablespace"),
    lc_monetary: Arc<str> = text("lc_monetary"),
    lc_time: Arc<str> = text("lc_time"),
    session_replication_role: Arc<str> = spelling("session_replication_role"),

    transaction_isolation: IsolationLevel = isolation("transaction_isolation"),
    transaction_read_only: bool = flag("transaction_read_only"),
    transaction_deferrable: bool = flag("transaction_deferrable"),
    default_transaction_isolation: IsolationLevel = isolation("default_transaction_isolation"),
    default_transaction_read_only: bool = flag("default_transaction_read_only"),
    default_transaction_deferrable: bool = flag("default_transaction_deferrable"),
    synchronous_commit: SynchronousCommit = synchronous_commit("synchronous_commit"),

    /// Milliseconds, 0 for none, as all timeouts here.
    statement_timeout: i32 = int("statement_timeout"),
    lock_timeout: i32 = int("lock_timeout"),
    transaction_timeout: i32 = int("transaction_timeout"),
    idle_in_transaction_session_timeout: i32 = int("idle_in_transaction_session_timeout"),
    idle_session_timeout: i32 = int("idle_session_timeout"),
    deadlock_timeout: i32 = int("deadlock_timeout"),

    /// Kilobytes.
    work_mem: i32 = int("work_mem"),
    hash_mem_multiplier: f64 = real("hash_mem_multiplier"),
    maintenance_work_mem: i32 = int("maintenance_work_mem"),
    /// Blocks of 8 kB.
    effective_cache_size: i32 = int("effective_cache_size"),
    max_stack_depth: i32 = int("max_stack_depth"),

    plan_cache_mode: PlanCacheMode = plan_cache_mode("plan_cache_mode"),
    constraint_exclusion: ConstraintExclusion = constraint_exclusion("constraint_exclusion"),
    seq_page_cost: f64 = real("seq_page_cost"),
    random_page_cost: f64 = real("random_page_cost"),
    cpu_tuple_cost: f64 = real("cpu_tuple_cost"),
    cpu_index_tuple_cost: f64 = real("cpu_index_tuple_cost"),
    cpu_operator_cost: f64 = real("cpu_operator_cost"),
    cursor_tuple_fraction: f64 = real("cursor_tuple_fraction"),
    recursive_worktable_factor: f64 = real("recursive_worktable_factor"),
    default_statistics_target: i32 = int("default_statistics_target"),
    from_collapse_limit: i32 = int("from_collapse_limit"),
    join_collapse_limit: i32 = int("join_collapse_limit"),
    geqo: bool = flag("geqo"),
    geqo_threshold: i32 = int("geqo_threshold"),
    enable_bitmapscan: bool = flag("enable_bitmapscan"),
    enable_distinct_reordering: bool = flag("enable_distinct_reordering"),
    enable_group_by_reordering: bool = flag("enable_group_by_reordering"),
    enable_hashagg: bool = flag("enable_hashagg"),
    enable_hashjoin: bool = flag("enable_hashjoin"),
    enable_incremental_sort: bool = flag("enable_incremental_sort"),
    enable_indexonlyscan: bool = flag("enable_indexonlyscan"),
    enable_indexscan: bool = flag("enable_indexscan"),
    enable_material: bool = flag("enable_material"),
    enable_memoize: bool = flag("enable_memoize"),
    enable_mergejoin: bool = flag("enable_mergejoin"),
    enable_nestloop: bool = flag("enable_nestloop"),
    enable_partition_pruning: bool = flag("enable_partition_pruning"),
    enable_partitionwise_aggregate: bool = flag("enable_partitionwise_aggregate"),
    enable_partitionwise_join: bool = flag("enable_partitionwise_join"),
    enable_presorted_aggregate: bool = flag("enable_presorted_aggregate"),
    enable_self_join_elimination: bool = flag("enable_self_join_elimination"),
    enable_seqscan: bool = flag("enable_seqscan"),
    enable_sort: bool = flag("enable_sort"),
    enable_tidscan: bool = flag("enable_tidscan"),
}

/// Conversions from checked values; what the check hooks let through always converts.
mod convert {
    use super::*;

    pub(super) fn flag(_: &SettingDef, value: &Value) -> bool {
        matches!(value, Value::Bool(true))
    }

    pub(super) fn int(_: &SettingDef, value: &Value) -> i32 {
        match value {
            Value::Int(v) => *v,
            _ => 0,
        }
    }

    pub(super) fn real(_: &SettingDef, value: &Value) -> f64 {
        match value {
            Value::Real(v) => *v,
            _ => 0.0,
        }
    }

    pub(super) fn text(_: &SettingDef, value: &Value) -> Arc<str> {
        match value {
            Value::Str(Some(text)) => text.clone(),
            _ => Arc::from(""),
        }
    }

    fn name<'d>(def: &'d SettingDef, value: &Value) -> &'d str {
        match value {
            Value::Enum(index) => def.enum_name(*index),
            _ => "",
        }
    }

    pub(super) fn spelling(def: &SettingDef, value: &Value) -> Arc<str> {
        Arc::from(name(def, value))
    }

    pub(super) fn names(_: &SettingDef, value: &Value) -> Arc<[String]> {
        list::split_identifiers(value.as_str()).unwrap_or_default().into()
    }

    pub(super) fn date_style(_: &SettingDef, value: &Value) -> DateStyle {
        let default = DateStyle::default();
        DateStyle::parse(value.as_str(), default, default).unwrap_or(default)
    }

    pub(super) fn encoding(_: &SettingDef, value: &Value) -> Encoding {
        Encoding::from_name(value.as_str()).unwrap_or_default()
    }

    pub(super) fn severity(def: &SettingDef, value: &Value) -> Severity {
        match name(def, value) {
            "log" => Severity::Log,
            "info" => Severity::Info,
            "notice" => Severity::Notice,
            "warning" => Severity::Warning,
            "error" => Severity::Error,
            "fatal" => Severity::Fatal,
            "panic" => Severity::Panic,
            _ => Severity::Debug,
        }
    }

    pub(super) fn isolation(def: &SettingDef, value: &Value) -> IsolationLevel {
        IsolationLevel::from_text(name(def, value)).unwrap_or(IsolationLevel::ReadCommitted)
    }

    pub(super) fn interval_style(def: &SettingDef, value: &Value) -> IntervalStyle {
        IntervalStyle::from_text(name(def, value)).unwrap_or(IntervalStyle::Postgres)
    }

    pub(super) fn bytea_output(def: &SettingDef, value: &Value) -> ByteaOutput {
        ByteaOutput::from_text(name(def, value)).unwrap_or(ByteaOutput::Hex)
    }

    pub(super) fn synchronous_commit(def: &SettingDef, value: &Value) -> SynchronousCommit {
        SynchronousCommit::from_text(name(def, value)).unwrap_or(SynchronousCommit::On)
    }

    pub(super) fn plan_cache_mode(def: &SettingDef, value: &Value) -> PlanCacheMode {
        PlanCacheMode::from_text(name(def, value)).unwrap_or(PlanCacheMode::Auto)
    }

    pub(super) fn constraint_exclusion(def: &SettingDef, value: &Value) -> ConstraintExclusion {
        ConstraintExclusion::from_text(name(def, value)).unwrap_or(ConstraintExclusion::Partition)
    }

    pub(super) fn xml_option(def: &SettingDef, value: &Value) -> XmlOption {
        XmlOption::from_text(name(def, value)).unwrap_or(XmlOption::Content)
    }
}
