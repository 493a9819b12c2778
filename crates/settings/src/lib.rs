//! The settings of PostgreSQL 18: definitions, values, SET and SHOW.
//!
//! # What
//! [`definition`] knows every setting's type, unit, range and context from data; [`Settings`] holds one
//! session's values with the undo that SET LOCAL, savepoints and functions need; [`Typed`] has the
//! values that running code reads, parsed; [`config_file`] reads `postgresql.conf`.
//!
//! # Data
//! ```text
//! ClusterSettings   one Value a definition, shared by all sessions (file, command line)
//! Settings          only what differs: sorted entries { id, value, reset value, undo stack }
//!                   Arc<Typed>, copied on write
//! ```
//!
//! # Invariants
//! A value is checked before it is stored; SHOW prints what was stored in PostgreSQL's form.
//!
//! # Not here
//! What needs the catalog or the transaction's state is asked of [`CheckHooks`], which `engine` implements.
//!
//! # PostgreSQL
//! `src/backend/utils/misc/guc.c`, `guc_tables.c`, `guc-file.l`

pub mod config_file;
pub mod date_style;
pub mod definition;
pub mod encoding;
pub mod list;
mod session;
mod stack;
mod typed;
pub mod units;
mod value;

pub use date_style::{DateOrder, DateOutput, DateStyle};
pub use definition::{Context, SettingDef, SettingId, VarType};
pub use encoding::Encoding;
pub use session::{
    CheckHooks, ClusterSettings, NoHooks, SetAction, SetOptions, SettingRow, Settings, Source,
};
pub use typed::{
    ByteaOutput, ConstraintExclusion, IntervalStyle, IsolationLevel, PlanCacheMode,
    SynchronousCommit, Typed, XmlOption,
};
pub use value::Value;

#[cfg(test)]
mod tests;
