//! What a utility statement may ask of the session.
use analyzer::{AnalyzeContext, RelationLocker};
use catalog::Catalog;
use error::{PgError, PgResult};
use fmgr::FnContext;
use nodes::Query;
use std::sync::Arc;
use types::{Datum, Oid};

/// Services of the engine above this crate.
pub trait UtilityServices {
    /// Rewrites, plans and runs an analysed query; `row` gets each result row.
    fn run_query(
        &self,
        query: &Query,
        row: &mut dyn FnMut(Vec<Datum>) -> PgResult<()>,
    ) -> PgResult<u64>;
    /// Runs another utility statement as part of this one (CREATE SCHEMA's elements).
    fn run_utility(&self, stmt: &parser::ast::Stmt) -> PgResult<()>;
    /// Makes what was written so far visible to the next step of this statement.
    fn command_counter_increment(&self) -> PgResult<()>;
    /// 25001 unless the statement stands alone.
    fn prevent_in_transaction_block(&self, statement: &str) -> PgResult<()>;
    /// 25P01 unless the statement is part of a transaction block or of a function.
    fn require_transaction_block(&self, statement: &str) -> PgResult<()>;
    /// 55006 if portals or scans of this session still use the relation.
    fn check_relation_not_in_use(&self, relid: Oid, statement: &str) -> PgResult<()>;
    /// The text of a setting's value as SET takes it.
    fn setting_text(&self, name: &str, args: &[parser::ast::SetArg]) -> PgResult<String>;
    /// How many sessions are connected to a database.
    fn sessions_in_database(&self, database: Oid) -> usize;
    /// Checks the body of a function that has just been stored; `source` is the statement.
    fn validate_function(&self, oid: Oid, source: &str) -> PgResult<()>;
    /// Errors unless there is a built-in of that symbol.
    fn check_internal_function(&self, symbol: &str) -> PgResult<()>;
    /// Errors unless the library and, if one is named, the function in it are there.
    fn check_c_function(&self, library: &str, symbol: &str) -> PgResult<()>;
    /// Notes what a new temporary table asks for at each commit.
    fn register_on_commit(&self, table: Oid, action: parser::ast::OnCommitAction);
    /// This session's number among those that run, for `pg_temp_N`.
    fn session_slot(&self) -> u32;
    /// Writes the first state of a sequence into storage that this transaction made.
    fn start_sequence(&self, storage_id: u32, value: i64, is_called: bool) -> PgResult<()>;
    /// A sequence's last value, and whether it has been given out.
    fn sequence_state(&self, storage_id: u32) -> PgResult<(i64, bool)>;
    /// Settings of an execution.
    fn exec_settings(&self) -> Arc<executor::ExecSettings>;
}

/// The surroundings of one utility statement.
pub struct UtilityContext<'a> {
    /// Catalog lookups and writes.
    pub catalog: &'a Catalog,
    /// Functions' view of the session.
    pub session: &'a dyn FnContext,
    /// Relation locks.
    pub locker: &'a dyn RelationLocker,
    /// The engine.
    pub services: &'a dyn UtilityServices,
    /// The text that locations refer to.
    pub source_text: &'a str,
}

impl<'a> UtilityContext<'a> {
    /// For analysing the expressions and queries inside a statement.
    pub fn analyze_context(&self) -> AnalyzeContext<'a> {
        AnalyzeContext {
            locker: self.locker,
            ..AnalyzeContext::new(self.catalog, self.session, self.source_text)
        }
    }

    /// Sends a NOTICE or WARNING.
    pub fn notice(&self, notice: PgError) {
        self.session.notice(notice);
    }

    /// Effective role.
    pub fn user(&self) -> Oid {
        self.session.current_user()
    }

    /// The running transaction.
    pub fn txn(&self) -> PgResult<Arc<txn::Transaction>> {
        self.catalog.transaction()
    }

    /// Locks a relation until the end of the transaction (PostgreSQL's mode number).
    pub fn lock(&self, relid: Oid, mode: i32) -> PgResult<()> {
        self.locker.lock_relation(relid, mode)
    }
}
