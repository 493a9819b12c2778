//! Rewriting of the query before paths are made.
pub mod append_union;
pub mod const_fold;
pub mod flatten_vars;
pub mod inline_function;
pub mod negate;
pub mod outer_join;
pub mod pull_up_sublink;
pub mod pull_up_subquery;
pub mod qual;
mod range_support;
pub mod replace_vars;
pub mod result_rte;
pub mod target_list;
