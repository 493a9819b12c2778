//! Runs plan trees.
//!
//! # What
//! A [`PreparedPlan`] is a plan whose expressions are compiled, shared by all its executions. An
//! [`Execution`] is one run of it: it owns the run-time nodes and is asked for batches of rows.
//! [`StandaloneExprs`] evaluates expressions outside of plans; [`BulkInserter`] and [`build_index`] serve
//! COPY and DDL.
//!
//! # Data
//! ```text
//! PlannedStmt ──compile──▶ PlanSpec tree (immutable, Arc) ──start──▶ ExecNode tree (mutable)
//! Batch = columns of Datum                  rows travel by batches, up to `max_rows` at a time
//! EState = transaction, snapshot, params, caches by slot number
//! ```
//!
//! # Invariants
//! Evaluation by row defines the meaning. A node never returns more rows than it was asked for. What an
//! execution needs of its session comes with every call, so that it can be kept in a portal.
//!
//! # Not here
//! Which plan: `planner`. What rows look like on disk: `table`. Statements and portals: `engine`.
//!
//! # PostgreSQL
//! `src/backend/executor/`, `src/backend/utils/adt/ri_triggers.c`

mod access;
mod batch;
mod bulk;
mod compile;
mod estate;
mod execution;
mod expr;
mod group_table;
mod hash;
mod modify;
mod node;
mod plan_spec;
mod set_call;
mod store;
#[cfg(test)]
mod tests;
mod validate;

pub use access::check_permissions;
pub use batch::{BATCH_ROWS, Batch, Column, RowView, Rows};
pub use bulk::{BulkInserter, build_index, check_index};
pub use estate::{CursorPositions, Cx, EState, ExecSettings, Instrumentation};
pub use execution::{Execution, PreparedPlan};
pub use expr::{StandaloneExprs, evaluate_const};
pub use modify::{DeferredChecks, fire_truncate_triggers};
pub use validate::{
    analyze_sample, rewrite_rows, run_deferred, validate_check, validate_foreign_key,
    validate_not_null,
};
