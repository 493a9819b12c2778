//! PL/pgSQL: compiler and interpreter of its functions.
//!
//! # What
//! [`compile`] makes a [`Function`] of a `pg_proc` row (or of a DO block), [`call`], [`call_set`],
//! [`call_trigger`] and [`call_block`] run it. All SQL inside it is prepared and run by the session
//! behind [`Host`]; expressions without table access take a short way ([`Host::evaluate`]).
//!
//! # Data
//! ```text
//! body --lexer of SQL--> tokens --parse--> statements + variables + texts of SQL
//! a text of SQL --first use, Host::prepare, names by ColumnRefHooks--> Bound { plan, variables read }
//! ```
//!
//! # Invariants
//! A compiled function holds no values: those live in one run. A bound expression is dropped when the
//! types of the variables it reads, or what the catalog says, have changed.
//!
//! # Not here
//! SQL itself, transactions, triggers' firing: `engine` and `executor`.
//!
//! # PostgreSQL
//! `src/pl/plpgsql/src/`

mod ast;
mod compile;
mod condition;
mod exec;
mod hooks;
mod host;
mod namespace;
mod parse;
mod token;

#[cfg(test)]
mod tests;

pub use ast::{Function, TriggerKind};
pub use compile::{Target, compile, near_line};
pub use exec::{TriggerCall, call, call_block, call_set, call_trigger};
pub use host::{
    Command, ContextEntry, Executed, Frame, Host, Plan, RETURN_QUERY, SubTransaction,
    TransitionTable,
};
pub use parse::CompileContext;
