//! Query and expression trees back to SQL text.
//!
//! # What
//! [`ExprPrinter`] prints one expression, with the names that its [`VarNames`] gives to Vars (a single
//! relation, a query's range table, or a plan node for EXPLAIN). [`query_text`] prints whole queries;
//! [`definition`] prints indexes, constraints and views as pg_get_*def do.
//!
//! # Data
//! ```text
//! Expr / Query ──(catalog: names of types, functions, operators)──▶ SQL that parses back to the same tree
//! ```
//!
//! # Invariants
//! Output without `pretty` is fully parenthesised. What is printed depends on the search path only
//! through schema qualification.
//!
//! # Not here
//! EXPLAIN's layout: `commands::explain`. SQL functions that call this: `functions`.
//!
//! # PostgreSQL
//! `src/backend/utils/adt/ruleutils.c`

mod cast;
mod constant;
pub mod definition;
mod expr;
mod from_clause;
mod function_call;
mod names;
mod query;
mod sql_value;

pub use expr::{ExprPrinter, PrintOptions};
pub use names::{QueryNames, RelationNames, VarNames};
pub use query::query_text;
