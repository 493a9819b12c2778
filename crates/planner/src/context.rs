//! What a planner run is given: catalog, session, settings, sizes, parameters.
use catalog::CatalogRead;
use error::PgResult;
use fmgr::FnContext;
use nodes::Query;
use types::{Datum, Oid};

/// Everything a planner run looks at besides the query.
pub struct PlanContext<'a> {
    pub catalog: &'a dyn CatalogRead,
    pub session: &'a dyn FnContext,
    pub settings: PlannerSettings,
    pub stats: &'a dyn RelationSize,
    /// Values of `$n` for a custom plan; `None`: a generic plan.
    pub bound_params: Option<&'a [BoundParam]>,
    /// Bodies of SQL functions for inlining; `None`: don't inline.
    pub sql_bodies: Option<&'a dyn SqlFunctionBodies>,
    pub cursor_options: CursorOptions,
}

/// A value for `$n`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct BoundParam {
    pub typ: Oid,
    pub value: Datum,
}

/// How the plan will be used.
#[derive(Clone, Copy, Debug, Default)]
pub struct CursorOptions {
    /// A cursor: plan for a fraction of the rows (`cursor_tuple_fraction`).
    pub fast_start: bool,
    /// SCROLL: the top node must be able to run backwards.
    pub scroll: bool,
}

/// Live sizes of relations.
pub trait RelationSize {
    /// Number of live rows as storage estimates it; `None` if it has no idea.
    fn live_rows(&self, relid: Oid) -> Option<f64>;
}

/// Analysed bodies of SQL functions, so that the planner can inline them.
pub trait SqlFunctionBodies {
    /// The single query of the function's body for actual argument types, its arguments being
    /// `Param { Extern, 1.. }`; `None` if it has several statements or cannot be analysed.
    fn sql_body(&self, funcid: Oid, arg_types: &[Oid], ret_type: Oid) -> PgResult<Option<Query>>;
}

/// `constraint_exclusion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ConstraintExclusion {
    Off,
    On,
    Partition,
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $t:ty = $default:expr => $parse:ident),* $(,)?) => {
        /// The planner's settings, by PostgreSQL's names.
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        pub struct PlannerSettings { $($(#[$doc])* pub $name: $t),* }

        impl Default for PlannerSettings {
            fn default() -> Self { PlannerSettings { $($name: $default),* } }
        }

        impl PlannerSettings {
            /// Takes over the values `get` knows, as SHOW prints them; the rest keep their defaults.
            pub fn read(get: &dyn Fn(&str) -> Option<String>) -> Self {
                let mut settings = PlannerSettings::default();
                $(if let Some(value) = get(stringify!($name)).and_then(|t| $parse(&t)) {
                    settings.$name = value;
                })*
                settings
            }
        }
    };
}

settings! {
    enable_seqscan: bool = true => on_off,
    enable_indexscan: bool = true => on_off,
    enable_indexonlyscan: bool = true => on_off,
    enable_bitmapscan: bool = true => on_off,
    enable_tidscan: bool = true => on_off,
    enable_sort: bool = true => on_off,
    enable_incremental_sort: bool = true => on_off,
    enable_hashagg: bool = true => on_off,
    enable_nestloop: bool = true => on_off,
    enable_material: bool = true => on_off,
    enable_memoize: bool = true => on_off,
    enable_mergejoin: bool = true => on_off,
    enable_hashjoin: bool = true => on_off,
    enable_partition_pruning: bool = true => on_off,
    enable_presorted_aggregate: bool = true => on_off,
    enable_group_by_reordering: bool = true => on_off,
    enable_distinct_reordering: bool = true => on_off,
    enable_self_join_elimination: bool = true => on_off,
    geqo: bool = true => on_off,
    geqo_threshold: i32 = 12 => integer,
    from_collapse_limit: i32 = 8 => integer,
    join_collapse_limit: i32 = 8 => integer,
    seq_page_cost: f64 = 1.0 => number,
    random_page_cost: f64 = 4.0 => number,
    cpu_tuple_cost: f64 = 0.01 => number,
    cpu_index_tuple_cost: f64 = 0.005 => number,
    cpu_operator_cost: f64 = 0.0025 => number,
    recursive_worktable_factor: f64 = 10.0 => number,
    cursor_tuple_fraction: f64 = 0.1 => number,
    /// In 8 kB pages.
    effective_cache_size: f64 = 524_288.0 => pages,
    /// In kB.
    work_mem: f64 = 4096.0 => kilobytes,
    hash_mem_multiplier: f64 = 2.0 => number,
    default_statistics_target: i32 = 100 => integer,
    constraint_exclusion: ConstraintExclusion = ConstraintExclusion::Partition => exclusion,
    jit: bool = false => on_off,
}

impl PlannerSettings {
    /// Memory a hash table may use, in bytes.
    pub fn hash_mem(&self) -> f64 {
        self.work_mem * self.hash_mem_multiplier * 1024.0
    }
}

fn on_off(text: &str) -> Option<bool> {
    Some(matches!(text, "on" | "true" | "yes" | "1"))
}

fn integer(text: &str) -> Option<i32> {
    text.parse().ok()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// A memory amount in kB; a bare number is one already.
fn kilobytes(text: &str) -> Option<f64> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor = match unit {
        "" | "kB" => 1.0,
        "B" => 1.0 / 1024.0,
        "MB" => 1024.0,
        "GB" => 1024.0 * 1024.0,
        "TB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * factor)
}

fn pages(text: &str) -> Option<f64> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    kilobytes(text).map(|kb| (kb / 8.0).max(1.0))
}

fn exclusion(text: &str) -> Option<ConstraintExclusion> {
    Some(match text {
        "on" => ConstraintExclusion::On,
        "off" => ConstraintExclusion::Off,
        _ => ConstraintExclusion::Partition,
    })
}
