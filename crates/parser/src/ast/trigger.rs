//! Triggers and event triggers.
use super::{DefElem, Expr, RangeVar, kind, node};

kind! {
    pub enum TriggerTiming { Before, After, Instead }

    /// `tgenabled`/`evtenabled`.
    pub enum TriggerEnabled { Origin, Replica, Always, Disabled }
}

/// Bits of [`CreateTrigStmt::events`], PostgreSQL's values in `pg_trigger.tgtype`.
pub mod trigger_event {
    pub const INSERT: i16 = 1 << 2;
    pub const DELETE: i16 = 1 << 3;
    pub const UPDATE: i16 = 1 << 4;
    pub const TRUNCATE: i16 = 1 << 5;
}

node! {
    /// REFERENCING … TABLE AS name.
    pub struct TriggerTransition {
        pub name: String,
        pub is_new: bool,
        pub is_table: bool,
    }

    pub struct CreateTrigStmt {
        pub replace: bool,
        pub isconstraint: bool,
        pub trigname: String,
        pub relation: RangeVar,
        pub funcname: Vec<String>,
        pub args: Vec<String>,
        pub row: bool,
        pub timing: TriggerTiming,
        pub events: i16,
        /// UPDATE OF columns.
        pub columns: Vec<String>,
        pub when_clause: Option<Expr>,
        pub transition_rels: Vec<TriggerTransition>,
        pub deferrable: bool,
        pub initdeferred: bool,
        /// FROM of a constraint trigger.
        pub constrrel: Option<RangeVar>,
    }

    pub struct CreateEventTrigStmt {
        pub trigname: String,
        pub eventname: String,
        /// `tag IN (…)`: the values are Strings.
        pub whenclause: Vec<DefElem>,
        pub funcname: Vec<String>,
    }

    pub struct AlterEventTrigStmt {
        pub trigname: String,
        pub tgenabled: TriggerEnabled,
    }
}
