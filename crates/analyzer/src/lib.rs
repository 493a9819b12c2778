//! Raw parse trees to typed queries.
//!
//! # What
//! [`analyze`] turns a `parser::ast::RawStmt` into a [`nodes::Query`]: names become OIDs and column
//! numbers, every expression gets its type and collation, and whatever is wrong with the statement is
//! reported with PostgreSQL's message and position. [`rewrite`](rewrite::rewrite) expands views and
//! rules. [`relation_expr`] does the same for expressions that live in the catalog (defaults, checks,
//! index expressions).
//!
//! # Data
//! ```text
//! RawStmt ──analyze──▶ Query (names resolved) ──rewrite──▶ Vec<Query> (no views, no rules)
//! ```
//! [`Analyzer`] holds a stack of [`ParseState`], one a query level; a `Var`'s `varlevelsup` counts down
//! that stack.
//!
//! # Invariants
//! Reads the catalog only through `CatalogRead`; a relation is locked before its descriptor is
//! trusted. A `Query` that leaves has no `UNKNOWN` output column unless asked for.
//!
//! # Not here
//! Planning, execution, utility statements' work. Trees back to SQL: `ruleutils`.
//!
//! # PostgreSQL
//! `src/backend/parser/{analyze,parse_*}.c`, `src/backend/rewrite/`

mod analyze;
mod assignment;
mod base_types;
mod column_name;
mod common_type;
mod context;
mod cte_recursion;
mod delete_update;
mod from_clause;
mod fuzzy_column;
mod group_clause;
mod insert;
mod join_clause;
mod json_table;
mod locking;
mod merge;
mod on_conflict;
mod parse_agg;
mod parse_case;
mod parse_coerce;
mod parse_collate;
mod parse_cte;
mod parse_expr;
mod parse_func;
mod parse_func_candidates;
mod parse_json;
mod parse_json_query;
mod parse_node;
mod parse_oper;
mod parse_param;
mod parse_relation;
mod parse_row;
mod parse_state;
mod parse_sublink;
mod parse_target;
mod parse_type;
mod parse_window_agg_call;
mod parse_xml;
mod plassign;
mod polymorphic;
mod range_function;
pub mod relation_expr;
pub mod rewrite;
mod set_operation;
mod sort_clause;
mod table_alias;
mod table_func;
mod ungrouped;
mod utility;
mod window_clause;

pub use column_name::{figure_colname, figure_index_colname};
pub use context::{
    AnalyzeContext, ColumnRefHooks, EphemeralRelation, NoLocks, ParamTypes, RelationLocker, analyze,
};
pub use parse_expr::MERGE_ACTION_PARAM;
pub use parse_param::check_all_parameters_known;
pub use parse_state::{Analyzer, ExprKind};

pub use parse_type::resolve_type_name;
pub use ungrouped::{expand_grouping_sets, flatten_join_alias_vars};
pub use utility::{
    analyze_call, analyze_expression, analyze_inner, check_declare_cursor, execute_params,
};
