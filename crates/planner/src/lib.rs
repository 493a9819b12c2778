//! Query trees to plan trees by cost.
//!
//! # What
//! [`plan`] turns an analysed, rewritten `Query` into a `PlannedStmt`: expressions are simplified,
//! sublinks and subqueries merged where that keeps the meaning ([`prep`]), the join tree taken apart
//! into clauses and equivalence classes ([`init`]), paths made and compared by cost ([`path_gen`],
//! [`cost`], [`selectivity`]), the steps above joins added ([`grouping`], [`setop`]), and the cheapest
//! path made a plan ([`create_plan`], [`setrefs`]).
//!
//! # Data
//! ```text
//! Query ─prep─▶ Query ─init─▶ RelOptInfo, RestrictInfo, EquivalenceClass ─path_gen─▶ Path ─create_plan─▶ Plan
//! ```
//!
//! # Invariants
//! Never runs a query and never writes. Reads the catalog, statistics and sizes through
//! [`PlanContext`] only. The plan is immutable plain data.
//!
//! # Not here
//! Running plans: `executor`. Printing them: `commands::explain`. Caching them: `engine`.
//!
//! # PostgreSQL
//! `src/backend/optimizer`, `src/backend/utils/adt/selfuncs.c`
#![allow(missing_docs)]

mod aggs;
mod clauses;
mod context;
mod cost;
mod create_plan;
mod flat_rtable;
mod group_columns;
mod grouping;
mod inherit;
mod init;
mod join_removal;
mod lsyscache;
mod merge;
mod minmax;
mod modify;
mod nestloop_param;
mod partition;
mod path;
mod path_gen;
mod pathkeys;
mod pathnode;
mod placeholder;
mod plan_keys;
mod plancat;
mod planner;
mod predicate;
mod prep;
mod push_down;
mod relids;
mod root;
mod selectivity;
mod setop;
mod setrefs;
mod srf;
mod subselect;
mod window;

pub use context::{
    BoundParam, ConstraintExclusion, CursorOptions, PlanContext, PlannerSettings, RelationSize,
    SqlFunctionBodies,
};
pub use planner::plan;

use error::PgResult;
use nodes::Expr;

/// Folds constants in an expression outside of a query (defaults, checks, index expressions).
pub fn eval_const_expressions(cx: &PlanContext<'_>, expr: Expr) -> PgResult<Expr> {
    prep::const_fold::eval_const_expressions(cx, expr)
}

/// Whether `predicates` follow from `clauses` (both implicitly ANDed).
pub fn predicate_implied_by(cx: &PlanContext<'_>, predicates: &[Expr], clauses: &[Expr]) -> bool {
    predicate::predicate_implied_by(cx, predicates, clauses, false)
}
