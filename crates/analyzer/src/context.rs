//! What analysis needs from its caller, and its entry point.
use crate::parse_state::Analyzer;
use catalog::CatalogRead;
use error::PgResult;
use fmgr::FnContext;
use nodes::{Expr, Query};
use parser::ast;
use types::Oid;

/// Locks relations before their descriptors are used.
pub trait RelationLocker {
    /// Takes a lock (PostgreSQL's mode number, 1 AccessShare … 8 AccessExclusive) until the end of the
    /// transaction.
    fn lock_relation(&self, oid: Oid, mode: i32) -> PgResult<()>;
}

/// Takes no locks: for callers that hold them already.
pub struct NoLocks;

impl RelationLocker for NoLocks {
    fn lock_relation(&self, _oid: Oid, _mode: i32) -> PgResult<()> {
        Ok(())
    }
}

/// Names that a procedural language adds to a query's name space.
pub trait ColumnRefHooks {
    /// Asked before columns are looked for.
    fn pre_column_ref(&self, _name: &ast::ColumnRef) -> PgResult<Option<Expr>> {
        Ok(None)
    }
    /// Asked afterwards, with what the query itself makes of the name. `None` leaves that alone.
    fn post_column_ref(
        &self,
        _name: &ast::ColumnRef,
        _column: Option<&Expr>,
    ) -> PgResult<Option<Expr>> {
        Ok(None)
    }
    /// `$n`.
    fn param_ref(&self, _param: &ast::ParamRef) -> PgResult<Option<Expr>> {
        Ok(None)
    }
    /// A way to read `name.*` or a bare field list fails without a query column: the composite value.
    fn is_function_parameter_list(&self) -> bool {
        false
    }
}

/// Types of `$n` parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ParamTypes {
    /// `$n` is an error.
    #[default]
    None,
    /// All types are given.
    Fixed(Vec<Oid>),
    /// Types are given or (INVALID, or past the end) inferred; holds the result after analysis.
    Variable(Vec<Oid>),
}

/// A named row set that is no catalog object (a trigger's transition table).
#[derive(Clone, Debug)]
pub struct EphemeralRelation {
    /// Its name.
    pub name: String,
    /// The table whose row type it has.
    pub relid: Oid,
}

/// The caller's side of analysis.
pub struct AnalyzeContext<'a> {
    /// Catalog lookups.
    pub catalog: &'a dyn CatalogRead,
    /// Type input for constants, notices.
    pub session: &'a dyn FnContext,
    /// Relation locks.
    pub locker: &'a dyn RelationLocker,
    /// The text that locations refer to.
    pub source_text: &'a str,
    /// Parameter types; inferred ones are filled in.
    pub param_types: ParamTypes,
    /// Variables of a procedural language.
    pub hooks: Option<&'a dyn ColumnRefHooks>,
    /// Transition tables.
    pub ephemeral: &'a [EphemeralRelation],
}

impl<'a> AnalyzeContext<'a> {
    /// A context without parameters, locks or hooks.
    pub fn new(
        catalog: &'a dyn CatalogRead,
        session: &'a dyn FnContext,
        source_text: &'a str,
    ) -> Self {
        AnalyzeContext {
            catalog,
            session,
            locker: &NoLocks,
            source_text,
            param_types: ParamTypes::None,
            hooks: None,
            ephemeral: &[],
        }
    }
}

/// Analyses one statement. Utility statements come back as `Query { command_type: Utility }`, with the
/// queries inside them (EXPLAIN, DECLARE CURSOR, CREATE TABLE AS) left raw for their command.
pub fn analyze(cx: &mut AnalyzeContext<'_>, stmt: &ast::RawStmt) -> PgResult<Query> {
    let mut analyzer = Analyzer::new(cx);
    let result = analyzer.analyze_raw_stmt(stmt);
    let checked =
        result.and_then(|query| analyzer.check_variable_parameters(&query).map(|()| query));
    cx.param_types = std::mem::take(&mut analyzer.params);
    checked
}
