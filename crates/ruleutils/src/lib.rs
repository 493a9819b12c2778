//! Query and expression trees back to SQL text.
//!
//! # What
//! [`deparse_expr`] and [`query_def`] print trees as PostgreSQL's ruleutils does, so that views, defaults,
//! constraints and plans read the same. The functions of [`definitions`] are what `pg_get_viewdef` and
//! its kin return.
//!
//! # Data
//! ```text
//! Query / Expr ──Deparser (namespaces: names of range table entries)──▶ text
//! ```
//! EXPLAIN gives a [`VarResolver`] for the Vars of plan nodes, which refer to inputs instead of tables.
//!
//! # Invariants
//! Output parses back to the same tree. Names are schema-qualified exactly where the search path needs it.
//!
//! # Not here
//! Reading catalogs by name, permissions: the callers.
//!
//! # PostgreSQL
//! `src/backend/utils/adt/ruleutils.c`

mod constant;
mod definitions;
mod deparser;
mod dml;
mod expr;
mod from_item;
mod function_call;
mod json;
mod names;
mod namespace;
mod paren;
mod query;
mod select;
mod xml;

pub use definitions::{
    constraint_def, function_arguments, function_def, function_identity_arguments, function_result,
    index_column_def, index_def, rule_def, sql_body, view_def,
};
pub use deparser::{DeparseContext, PlanExpr, Pretty, VarResolver, deparse_expr, query_def};
pub use json::deparse_table_func;
pub use namespace::select_rtable_names;
