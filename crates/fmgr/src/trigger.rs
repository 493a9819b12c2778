//! Calls of trigger functions.
use crate::FnContext;
use error::PgResult;
use std::sync::Arc;
use types::{Datum, Oid, RecordValue};

/// What a trigger is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum TriggerEvent {
    Insert,
    Delete,
    Update,
    Truncate,
}

impl TriggerEvent {
    /// TG_OP.
    pub fn as_str(self) -> &'static str {
        match self {
            TriggerEvent::Insert => "INSERT",
            TriggerEvent::Delete => "DELETE",
            TriggerEvent::Update => "UPDATE",
            TriggerEvent::Truncate => "TRUNCATE",
        }
    }

    /// Its bit in pg_trigger.tgtype.
    pub fn bit(self) -> i16 {
        match self {
            TriggerEvent::Insert => 4,
            TriggerEvent::Delete => 8,
            TriggerEvent::Update => 16,
            TriggerEvent::Truncate => 32,
        }
    }
}

/// When a trigger fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TriggerTiming {
    Before,
    After,
    Instead,
}

impl TriggerTiming {
    /// TG_WHEN.
    pub fn as_str(self) -> &'static str {
        match self {
            TriggerTiming::Before => "BEFORE",
            TriggerTiming::After => "AFTER",
            TriggerTiming::Instead => "INSTEAD OF",
        }
    }
}

/// Rows that a statement changed, under the name that a trigger gives them.
#[derive(Clone, Debug)]
pub struct TransitionRows {
    /// The name.
    pub name: String,
    /// All attributes of each row, dropped ones included.
    pub rows: Arc<Vec<Vec<Datum>>>,
}

/// What a trigger function is told.
#[derive(Clone, Debug)]
pub struct TriggerData {
    /// pg_trigger.oid.
    pub oid: Oid,
    /// Its name.
    pub name: String,
    /// The table.
    pub relid: Oid,
    /// What happened.
    pub event: TriggerEvent,
    /// When it fires.
    pub timing: TriggerTiming,
    /// FOR EACH ROW.
    pub is_row: bool,
    /// Arguments given to CREATE TRIGGER.
    pub args: Vec<String>,
    /// Live columns of the row before.
    pub old: Option<Arc<RecordValue>>,
    /// Live columns of the row after.
    pub new: Option<Arc<RecordValue>>,
    /// REFERENCING OLD TABLE and NEW TABLE.
    pub old_table: Option<TransitionRows>,
    /// NEW TABLE.
    pub new_table: Option<TransitionRows>,
}

/// The row that a trigger function returns; none for NULL.
pub type TriggerResult = Option<Arc<RecordValue>>;

/// Body of a built-in trigger function.
pub type PgTriggerFunction = fn(&dyn FnContext, &TriggerData) -> PgResult<TriggerResult>;
