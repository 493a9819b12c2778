//! Query, expression and plan trees shared by analyzer, planner and executor.
//!
//! # What
//! Plain data with PostgreSQL's names: [`Expr`] (primnodes), [`Query`] (parsenodes after analysis) and
//! [`plan`] (plannodes). [`walk`] visits and rewrites them.
//!
//! # Data
//! ```text
//! parser::ast ──analyzer──▶ Query { rtable, jointree, target_list of Expr } ──planner──▶ Arc<PlannedStmt>
//! ```
//! Stored trees (view queries, defaults, checks, index expressions) are JSON behind a version number,
//! see [`stored`].
//!
//! # Invariants
//! Immutable once built; run-time state lives in the executor. Knows no catalog and no function bodies.
//!
//! # Not here
//! Raw parse trees: `parser::ast`. Trees back to SQL: `ruleutils`.
//!
//! # PostgreSQL
//! `src/include/nodes/{primnodes,parsenodes,plannodes}.h`

pub mod equal;
pub mod expr;
mod expr_type;
mod json;
pub mod plan;
pub mod query;
pub mod stored;
pub mod walk;

pub use expr::*;
pub use json::*;
pub use parser::ast::XmlExprOp;
pub use plan::PlannedStmt;
pub use query::*;
