//! Utility statements: DDL, COPY, SET and their like.
//!
//! # What
//! One file a statement family. [`execute_utility`] is the only way in; statements about the session
//! itself (transactions, settings, cursors, prepared statements, COPY) are the engine's.
//!
//! # Data
//! ```text
//! ast::Stmt ──(analyzer for the expressions in it)──▶ catalog rows, storage, locks ──▶ command tag
//! ```
//!
//! # Invariants
//! Every change goes through the transaction, so it rolls back. Objects are locked before they are
//! looked at. Nothing is parsed and then ignored: what is not there yet raises 0A000.
//!
//! # Not here
//! Catalog rows and dependencies: `catalog`. Row storage: `table`. Dispatch and tags: `engine`.
//!
//! # PostgreSQL
//! `src/backend/commands/`, `src/backend/tcop/utility.c`

mod aggregate;
mod alter_constraint;
mod alter_function;
mod alter_inherit;
mod alter_owner;
mod alter_table;
mod attribute;
mod base_type;
mod cast;
mod column;
mod comment;
mod constraint;
mod constraint_attrs;
mod context;
mod creation;
mod database;
mod dependents;
mod domain;
mod drop;
pub mod explain;
mod expression;
mod function;
mod function_body;
mod grant;
mod index;
mod inherit;
mod lock;
mod object_address;
mod object_name;
mod on_commit;
mod operator;
mod operator_class;
mod partition;
mod range_type;
mod reindex;
mod relation_name;
mod rename;
mod rewrite;
mod role;
mod scan;
mod schema;
mod sequence;
mod table;
mod table_as;
mod text_search;
mod trigger;
mod truncate;
mod user_type;
mod view;

pub use context::{UtilityContext, UtilityServices};
pub use on_commit::run_on_commit;

use error::{PgResult, not_supported};
use parser::ast::{ObjectType, Stmt};

/// Runs a utility statement. Rows it processed, for tags that show them (CREATE TABLE AS).
pub fn execute_utility(cx: &UtilityContext<'_>, stmt: &Stmt) -> PgResult<Option<u64>> {
    match stmt {
        Stmt::CreateStmt(s) => table::execute(cx, s)?,
        Stmt::CreateTableAsStmt(s) => return table_as::execute(cx, s),
        Stmt::IndexStmt(s) => index::execute(cx, s).map(|_| ())?,
        Stmt::CreateSeqStmt(s) => sequence::execute_create(cx, s)?,
        Stmt::AlterSeqStmt(s) => sequence::execute_alter(cx, s)?,
        Stmt::ViewStmt(s) => view::execute(cx, s)?,
        Stmt::CreateEnumStmt(s) => user_type::create_enum(cx, s)?,
        Stmt::AlterEnumStmt(s) => user_type::alter_enum(cx, s)?,
        Stmt::CompositeTypeStmt(s) => user_type::create_composite(cx, s)?,
        Stmt::DefineStmt(s) if s.kind == ObjectType::Aggregate => aggregate::execute(cx, s)?,
        Stmt::DefineStmt(s) if s.kind == ObjectType::Operator => operator::execute(cx, s)?,
        Stmt::CreateCastStmt(s) => cast::execute(cx, s)?,
        Stmt::CreateRangeStmt(s) => range_type::execute(cx, s)?,
        Stmt::AlterTSDictionaryStmt(s) => text_search::alter_dictionary(cx, s)?,
        Stmt::AlterTSConfigurationStmt(s) => text_search::alter_configuration(cx, s)?,
        Stmt::DefineStmt(s)
            if matches!(
                s.kind,
                ObjectType::TsParser
                    | ObjectType::TsTemplate
                    | ObjectType::TsDictionary
                    | ObjectType::TsConfiguration
            ) =>
        {
            text_search::define(cx, s)?;
        }
        Stmt::DefineStmt(s) => user_type::define(cx, s)?,
        Stmt::CreateDomainStmt(s) => domain::execute_create(cx, s)?,
        Stmt::AlterDomainStmt(s) => domain::execute_alter(cx, s)?,
        Stmt::CreateFunctionStmt(s) => function::execute(cx, s)?,
        Stmt::CreateTrigStmt(s) => trigger::execute(cx, s)?,
        Stmt::CreateOpClassStmt(s) => operator_class::execute_class(cx, s)?,
        Stmt::CreateOpFamilyStmt(s) => operator_class::execute_family(cx, s)?,
        Stmt::AlterFunctionStmt(s) => alter_function::execute(cx, s)?,
        Stmt::AlterTableStmt(s) => alter_table::execute(cx, s)?,
        Stmt::RenameStmt(s) => rename::execute(cx, s)?,
        Stmt::AlterOwnerStmt(s) => alter_owner::execute_owner(cx, s)?,
        Stmt::AlterObjectSchemaStmt(s) => alter_owner::execute_schema(cx, s)?,
        Stmt::CommentStmt(s) => comment::execute(cx, s)?,
        Stmt::CreateSchemaStmt(s) => schema::execute_create(cx, s)?,
        Stmt::CreatedbStmt(s) => database::execute_create(cx, s)?,
        Stmt::DropdbStmt(s) => database::execute_drop(cx, s)?,
        Stmt::AlterDatabaseStmt(s) => database::execute_alter(cx, s)?,
        Stmt::AlterDatabaseSetStmt(s) => database::execute_set(cx, s)?,
        Stmt::AlterRoleSetStmt(s) => database::execute_role_set(cx, s)?,
        Stmt::CreateRoleStmt(s) => role::execute_create(cx, s)?,
        Stmt::AlterRoleStmt(s) => role::execute_alter(cx, s)?,
        Stmt::DropRoleStmt(s) => role::execute_drop(cx, s)?,
        Stmt::DropStmt(s) => drop::execute(cx, s)?,
        Stmt::GrantStmt(s) => grant::execute(cx, s)?,
        Stmt::GrantRoleStmt(s) => grant::execute_role(cx, s)?,
        Stmt::TruncateStmt(s) => truncate::execute(cx, s)?,
        Stmt::LockStmt(s) => lock::execute(cx, s)?,
        Stmt::ReindexStmt(s) => reindex::execute(cx, s)?,
        other => return Err(not_supported!("{}", node_name(other))),
    }
    Ok(None)
}

/// A statement's node name, for what is not there yet.
fn node_name(stmt: &Stmt) -> String {
    let text = format!("{stmt:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}
