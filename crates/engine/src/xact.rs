//! The transaction block: what BEGIN, COMMIT, ROLLBACK and savepoints make of a session's transaction.
//!
//! ```text
//! Idle ──statement──▶ Started ──end──▶ Idle               one statement is one transaction
//! Idle ──several────▶ Implicit ──end of text──▶ Idle      a simple query of several statements
//! Started/Implicit ──BEGIN──▶ InProgress ──COMMIT/ROLLBACK──▶ Idle
//! InProgress ──error──▶ Failed ──COMMIT/ROLLBACK──▶ Idle,  ──ROLLBACK TO──▶ InProgress
//! ```
use crate::{clock, notify::NotifyAction, session_core::SessionCore};
use error::{PgError, PgResult, SqlState, bail, err};
use settings::{IsolationLevel, SetAction, Source, SynchronousCommit, Value, definition};
use std::{sync::Arc, time::Duration};
use txn::{CancelReason, Isolation, SubId, Transaction, TxnOptions};

/// Where a session stands between statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Block {
    #[default]
    Idle,
    Started,
    Implicit,
    InProgress,
    Failed,
}

/// One open savepoint.
#[derive(Clone, Debug)]
struct Savepoint {
    /// None for the subtransaction of a function's exception block.
    name: Option<String>,
    /// None once it was rolled back by an error.
    sub: Option<SubId>,
    settings_level: u32,
    user: crate::role::UserContext,
}

/// A session's transaction.
#[derive(Default)]
pub(crate) struct Xact {
    pub(crate) block: Block,
    txn: Option<Arc<Transaction>>,
    /// The last transaction, for its memory.
    spare: Option<Arc<Transaction>>,
    savepoints: Vec<Savepoint>,
    /// now(): µs since 2000-01-01.
    pub(crate) start: i64,
    /// A query has run: the isolation level is fixed.
    pub(crate) snapshot_taken: bool,
    /// Role in force when the transaction began.
    user: Option<crate::role::UserContext>,
    /// Statements of a pipeline ran in it before its Sync.
    pub(crate) pipelined: bool,
}

/// Gives a transaction that begins the modes of default_transaction_*.
fn assign_default_modes(settings: &mut settings::Settings) {
    let t = settings.typed().clone();
    for (name, value) in [
        ("transaction_isolation", isolation_value(t.default_transaction_isolation)),
        ("transaction_read_only", Value::Bool(t.default_transaction_read_only)),
        ("transaction_deferrable", Value::Bool(t.default_transaction_deferrable)),
    ] {
        let id = definition::id_of(name);
        if *settings.get(id) != value {
            settings.assign_internal(id, value, Source::Override, SetAction::Local);
        }
    }
}

/// Modes that AND CHAIN carries over.
#[derive(Clone, Copy)]
struct Modes {
    isolation: IsolationLevel,
    read_only: bool,
    deferrable: bool,
}

impl SessionCore {
    /// The status byte of ReadyForQuery.
    pub(crate) fn status_byte(&self) -> u8 {
        match self.xact.lock().block {
            Block::Idle | Block::Started | Block::Implicit => b'I',
            Block::InProgress => b'T',
            Block::Failed => b'E',
        }
    }

    /// The running transaction.
    pub(crate) fn txn(&self) -> PgResult<Arc<Transaction>> {
        match &self.xact.lock().txn {
            Some(txn) => Ok(txn.clone()),
            None => Err(PgError::internal("no transaction is in progress")),
        }
    }

    /// The snapshot of a statement that begins; the transaction's isolation level is fixed from here on.
    pub(crate) fn statement_snapshot(&self) -> PgResult<txn::Snapshot> {
        let mut x = self.xact.lock();
        let first = !std::mem::replace(&mut x.snapshot_taken, true);
        let Some(txn) = &x.txn else {
            return Err(PgError::internal("no transaction is in progress"));
        };
        if first && txn.isolation() == Isolation::Serializable {
            let txn = txn.clone();
            drop(x);
            let modes = self.modes();
            if modes.read_only && modes.deferrable {
                txn.wait_for_safe_snapshot()?;
            }
            return Ok(txn.snapshot());
        }
        Ok(txn.snapshot())
    }

    /// The running transaction, if there is one.
    pub(crate) fn txn_if_any(&self) -> Option<Arc<Transaction>> {
        self.xact.lock().txn.clone()
    }

    /// Makes sure that a transaction runs, for a statement that begins.
    pub(crate) fn start_command(&self) -> PgResult<()> {
        let mut x = self.xact.lock();
        if x.block == Block::Idle {
            x.block = Block::Started;
            drop(x);
            return self.start_transaction();
        }
        Ok(())
    }

    /// As [`SessionCore::start_command`] for a text of several statements.
    pub(crate) fn start_implicit_block(&self) -> PgResult<()> {
        self.start_command()?;
        let mut x = self.xact.lock();
        if x.block == Block::Started {
            x.block = Block::Implicit;
        }
        Ok(())
    }

    /// As [`SessionCore::start_command`] for the extended protocol: from the second statement on a pipeline
    /// is an implicit block.
    pub(crate) fn start_pipelined(&self) -> PgResult<()> {
        self.start_command()?;
        let mut x = self.xact.lock();
        if x.pipelined && x.block == Block::Started {
            x.block = Block::Implicit;
        }
        Ok(())
    }

    /// The innermost subtransaction, 0 for none.
    pub(crate) fn current_sub(&self) -> SubId {
        self.txn_if_any().map_or(SubId(0), |txn| txn.current_sub())
    }

    fn start_transaction(&self) -> PgResult<()> {
        let (isolation, synchronous, timeout) = {
            let mut settings = self.settings.lock();
            settings.begin_level();
            let t = settings.typed();
            let as_default = t.transaction_isolation == t.default_transaction_isolation
                && t.transaction_read_only == t.default_transaction_read_only
                && t.transaction_deferrable == t.default_transaction_deferrable;
            if !as_default {
                assign_default_modes(&mut settings);
            }
            let t = settings.typed();
            (
                t.transaction_isolation,
                t.synchronous_commit != SynchronousCommit::Off,
                t.transaction_timeout,
            )
        };
        let options =
            TxnOptions { isolation: store_isolation(isolation), synchronous_commit: synchronous };
        let spare = self.xact.lock().spare.take();
        let txn = self.engine.store.begin_again(spare, &self.backend, options);
        let user = self.user.lock().clone();
        self.catalog.set_transaction(Some(txn.clone()))?;
        let mut x = self.xact.lock();
        x.txn = Some(txn);
        x.start = clock::now();
        x.snapshot_taken = false;
        x.pipelined = false;
        x.user = Some(user);
        drop(x);
        if timeout > 0 {
            crate::deadline::arm(
                &self.armed,
                &self.backend.cancel,
                CancelReason::TransactionTimeout,
                Duration::from_millis(timeout as u64),
            );
        }
        Ok(())
    }

    /// Ends what a single statement (or the whole of a simple query or pipeline) began.
    pub(crate) fn finish_command(self: &Arc<Self>) -> PgResult<()> {
        let block = self.xact.lock().block;
        match block {
            Block::Started | Block::Implicit => self.commit_transaction(),
            Block::Idle | Block::Failed => Ok(()),
            Block::InProgress => {
                self.txn()?.next_command()?;
                Ok(())
            }
        }
    }

    /// Makes earlier commands' writes visible to the next.
    pub(crate) fn next_command(&self) -> PgResult<()> {
        match self.txn_if_any() {
            Some(txn) => txn.next_command(),
            None => Ok(()),
        }
    }

    /// Commits whatever runs.
    pub(crate) fn commit_transaction(self: &Arc<Self>) -> PgResult<()> {
        let result = self.try_commit();
        if let Err(e) = result {
            self.abort_transaction();
            self.xact.lock().block = Block::Idle;
            return Err(e);
        }
        Ok(())
    }

    fn try_commit(self: &Arc<Self>) -> PgResult<()> {
        self.before_commit()?;
        let txn = self.txn()?;
        let synchronous = self.settings.lock().typed().synchronous_commit != SynchronousCommit::Off;
        txn.set_synchronous_commit(synchronous);
        txn.commit()?;
        let actions = std::mem::take(&mut self.notify.lock().pending);
        if !actions.is_empty() {
            self.engine.notify.commit(self, actions);
        }
        self.ended(true);
        Ok(())
    }

    /// What must still happen inside the transaction: deferred constraints, held cursors, ON COMMIT.
    pub(crate) fn before_commit(self: &Arc<Self>) -> PgResult<()> {
        self.fire_deferred()?;
        self.hold_portals()?;
        self.run_on_commit_actions()
    }

    pub(crate) fn ended(&self, commit: bool) {
        self.drop_portals_at_end();
        let user = {
            let mut x = self.xact.lock();
            x.spare = x.txn.take();
            x.savepoints.clear();
            x.block = Block::Idle;
            x.snapshot_taken = false;
            x.user.take()
        };
        if !commit && let Some(user) = user {
            *self.user.lock() = user;
        }
        let mut settings = self.settings.lock();
        if settings.level() > 0 {
            settings.end_level(1, commit);
        }
        drop(settings);
        // Without a transaction nothing can fail.
        let _ = self.catalog.set_transaction(None);
        if self.armed.is_armed(CancelReason::TransactionTimeout) {
            self.armed.disarm(CancelReason::TransactionTimeout);
        }
        self.transaction_ended(commit);
    }

    /// Rolls back whatever runs; the block's state is the caller's to set.
    fn abort_transaction(&self) {
        let txn = self.xact.lock().txn.clone();
        if let Some(txn) = txn {
            txn.abort();
        }
        self.notify.lock().pending.clear();
        self.ended(false);
    }

    /// After an error: the transaction is rolled back, or its innermost savepoint is, and a block
    /// waits for its end.
    pub(crate) fn after_error(&self) {
        let (block, innermost, txn) = {
            let x = self.xact.lock();
            (x.block, x.savepoints.last().cloned(), x.txn.clone())
        };
        match block {
            Block::Idle => {
                if txn.is_some() {
                    self.abort_transaction();
                }
            }
            Block::Started | Block::Implicit => self.abort_transaction(),
            Block::Failed => {}
            Block::InProgress => match (innermost, txn) {
                (Some(savepoint), Some(txn)) if savepoint.sub.is_some() => {
                    self.undo_savepoint(&savepoint, &txn);
                    let mut x = self.xact.lock();
                    if let Some(top) = x.savepoints.last_mut() {
                        top.sub = None;
                    }
                    x.block = Block::Failed;
                }
                _ => {
                    self.abort_transaction();
                    self.xact.lock().block = Block::Failed;
                }
            },
        }
    }

    fn undo_savepoint(&self, savepoint: &Savepoint, txn: &Arc<Transaction>) {
        let Some(sub) = savepoint.sub else { return };
        self.drop_portals_of_sub(sub);
        self.notify.lock().pending.retain(|(s, _)| *s < sub.0);
        if txn.rollback_sub(sub).is_err() {
            txn.abort();
        }
        self.settings.lock().end_level(savepoint.settings_level, false);
        self.catalog.subtransaction_aborted();
        *self.user.lock() = savepoint.user.clone();
        self.subtransaction_ended(sub, false);
    }

    /// Refuses all but the statements that end a failed block.
    pub(crate) fn check_not_failed(&self) -> PgResult<()> {
        if self.xact.lock().block == Block::Failed {
            bail!(
                IN_FAILED_SQL_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block"
            );
        }
        Ok(())
    }

    fn modes(&self) -> Modes {
        let settings = self.settings.lock();
        let t = settings.typed();
        Modes {
            isolation: t.transaction_isolation,
            read_only: t.transaction_read_only,
            deferrable: t.transaction_deferrable,
        }
    }

    /// BEGIN, START TRANSACTION.
    pub(crate) fn begin_block(&self) -> PgResult<()> {
        let mut x = self.xact.lock();
        match x.block {
            Block::Idle => Err(PgError::internal("BEGIN outside of a command")),
            Block::Started | Block::Implicit => {
                x.block = Block::InProgress;
                Ok(())
            }
            Block::InProgress | Block::Failed => {
                drop(x);
                self.push_notice(PgError::warning(
                    SqlState::ACTIVE_SQL_TRANSACTION,
                    "there is already a transaction in progress",
                ));
                Ok(())
            }
        }
    }

    /// COMMIT; returns the command tag.
    pub(crate) fn commit_block(self: &Arc<Self>, chain: bool) -> PgResult<&'static str> {
        let block = self.xact.lock().block;
        match block {
            Block::InProgress => {
                let modes = self.modes();
                self.commit_transaction()?;
                self.chain_if(chain, modes)?;
                Ok("COMMIT")
            }
            Block::Failed => {
                let modes = self.modes();
                self.abort_transaction();
                self.xact.lock().block = Block::Idle;
                self.chain_if(chain, modes)?;
                Ok("ROLLBACK")
            }
            Block::Started | Block::Implicit | Block::Idle => {
                self.outside_block("COMMIT", chain)?;
                self.commit_transaction()?;
                Ok("COMMIT")
            }
        }
    }

    /// ROLLBACK.
    pub(crate) fn rollback_block(&self, chain: bool) -> PgResult<()> {
        let block = self.xact.lock().block;
        let modes = self.modes();
        match block {
            Block::InProgress | Block::Failed => {}
            _ => self.outside_block("ROLLBACK", chain)?,
        }
        self.abort_transaction();
        self.xact.lock().block = Block::Idle;
        self.chain_if(chain, modes)
    }

    fn outside_block(&self, command: &str, chain: bool) -> PgResult<()> {
        if chain {
            bail!(
                NO_ACTIVE_SQL_TRANSACTION,
                "{command} AND CHAIN can only be used in transaction blocks"
            );
        }
        self.push_notice(PgError::warning(
            SqlState::NO_ACTIVE_SQL_TRANSACTION,
            "there is no transaction in progress",
        ));
        Ok(())
    }

    fn chain_if(&self, chain: bool, modes: Modes) -> PgResult<()> {
        if chain {
            self.xact.lock().block = Block::InProgress;
            self.start_transaction()?;
            self.assign_modes(modes);
        }
        Ok(())
    }

    fn assign_modes(&self, modes: Modes) {
        let mut settings = self.settings.lock();
        let values = [
            ("transaction_isolation", isolation_value(modes.isolation)),
            ("transaction_read_only", Value::Bool(modes.read_only)),
            ("transaction_deferrable", Value::Bool(modes.deferrable)),
        ];
        for (name, value) in values {
            let id = definition::id_of(name);
            settings.assign_internal(id, value, Source::Session, SetAction::Local);
        }
        drop(settings);
        if let Some(txn) = self.txn_if_any() {
            // Nothing has been read in it yet.
            let _ = txn.set_isolation(store_isolation(modes.isolation));
        }
    }

    /// Checks a new transaction_isolation, and hands it to the transaction.
    pub(crate) fn set_isolation(
        &self,
        level: IsolationLevel,
        current: IsolationLevel,
    ) -> PgResult<()> {
        let (snapshot_taken, nested, txn) = {
            let x = self.xact.lock();
            (x.snapshot_taken, !x.savepoints.is_empty(), x.txn.clone())
        };
        if level != current && txn.is_some() {
            if snapshot_taken {
                bail!(
                    ACTIVE_SQL_TRANSACTION,
                    "SET TRANSACTION ISOLATION LEVEL must be called before any query"
                );
            }
            if nested {
                bail!(
                    ACTIVE_SQL_TRANSACTION,
                    "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction"
                );
            }
        }
        match txn {
            Some(txn) if !snapshot_taken => txn.set_isolation(store_isolation(level)),
            _ => Ok(()),
        }
    }

    /// Checks a new transaction_read_only.
    pub(crate) fn check_read_only(&self, read_only: bool, current: bool) -> PgResult<()> {
        let x = self.xact.lock();
        if !read_only && current && x.txn.is_some() {
            if !x.savepoints.is_empty() {
                bail!(
                    ACTIVE_SQL_TRANSACTION,
                    "cannot set transaction read-write mode inside a read-only transaction"
                );
            }
            if x.snapshot_taken {
                bail!(
                    ACTIVE_SQL_TRANSACTION,
                    "transaction read-write mode must be set before any query"
                );
            }
        }
        Ok(())
    }

    fn require_block(&self, command: &str) -> PgResult<()> {
        match self.xact.lock().block {
            Block::InProgress | Block::Failed => Ok(()),
            _ => Err(err!(
                NO_ACTIVE_SQL_TRANSACTION,
                "{command} can only be used in transaction blocks"
            )),
        }
    }

    /// Raises 25P01 outside of a block, for commands whose effect would end with the statement.
    pub(crate) fn require_transaction_block(&self, command: &str) -> PgResult<()> {
        match self.xact.lock().block {
            Block::InProgress | Block::Failed | Block::Implicit => Ok(()),
            _ => Err(err!(
                NO_ACTIVE_SQL_TRANSACTION,
                "{command} can only be used in transaction blocks"
            )),
        }
    }

    /// Warns outside of a block, for commands whose effect ends with the statement.
    pub(crate) fn warn_no_transaction_block(&self, command: &str) {
        if self.require_transaction_block(command).is_err() {
            self.push_notice(PgError::warning(
                SqlState::NO_ACTIVE_SQL_TRANSACTION,
                format!("{command} can only be used in transaction blocks"),
            ));
        }
    }

    /// Raises 25001 inside of a block, for commands that cannot be rolled back.
    pub(crate) fn prevent_in_transaction_block(&self, command: &str) -> PgResult<()> {
        let x = self.xact.lock();
        if x.block != Block::Started || !x.savepoints.is_empty() {
            bail!(ACTIVE_SQL_TRANSACTION, "{command} cannot run inside a transaction block");
        }
        if x.pipelined {
            bail!(ACTIVE_SQL_TRANSACTION, "{command} cannot be executed within a pipeline");
        }
        Ok(())
    }

    /// SAVEPOINT.
    pub(crate) fn define_savepoint(&self, name: &str) -> PgResult<()> {
        self.require_block("SAVEPOINT")?;
        self.push_savepoint(Some(name.to_owned()))
    }

    fn push_savepoint(&self, name: Option<String>) -> PgResult<()> {
        let sub = self.txn()?.begin_sub();
        let settings_level = self.settings.lock().begin_level();
        let user = self.user.lock().clone();
        let savepoint = Savepoint { name, sub: Some(sub), settings_level, user };
        self.xact.lock().savepoints.push(savepoint);
        Ok(())
    }

    fn find_savepoint(&self, name: &str) -> PgResult<usize> {
        let x = self.xact.lock();
        x.savepoints
            .iter()
            .rposition(|s| s.name.as_deref() == Some(name))
            .ok_or_else(|| err!(S_E_INVALID_SPECIFICATION, "savepoint \"{name}\" does not exist"))
    }

    /// RELEASE SAVEPOINT.
    pub(crate) fn release_savepoint(&self, name: &str) -> PgResult<()> {
        self.require_block("RELEASE SAVEPOINT")?;
        let at = self.find_savepoint(name)?;
        self.release_from(at)
    }

    fn release_from(&self, at: usize) -> PgResult<()> {
        let savepoint = {
            let mut x = self.xact.lock();
            let Some(savepoint) = x.savepoints.get(at).cloned() else { return Ok(()) };
            x.savepoints.truncate(at);
            savepoint
        };
        let txn = self.txn()?;
        if let Some(sub) = savepoint.sub {
            txn.release_sub(sub)?;
            self.settings.lock().end_level(savepoint.settings_level, true);
            let parent = txn.current_sub();
            self.keep_portals_of_sub(sub, parent);
            for (s, _) in &mut self.notify.lock().pending {
                *s = (*s).min(parent.0);
            }
            self.subtransaction_ended(sub, true);
        }
        Ok(())
    }

    /// ROLLBACK TO SAVEPOINT.
    pub(crate) fn rollback_to_savepoint(&self, name: &str) -> PgResult<()> {
        self.require_block("ROLLBACK TO SAVEPOINT")?;
        let at = self.find_savepoint(name)?;
        self.rollback_to(at)?;
        let name = Some(name.to_owned());
        self.push_savepoint(name)?;
        self.xact.lock().block = Block::InProgress;
        Ok(())
    }

    /// Undoes savepoint `at` and those inside it; it is gone afterwards.
    fn rollback_to(&self, at: usize) -> PgResult<()> {
        let undone = self.xact.lock().savepoints.split_off(at);
        let txn = self.txn()?;
        for savepoint in undone.iter().rev() {
            self.undo_savepoint(savepoint, &txn);
        }
        Ok(())
    }

    /// Begins the subtransaction of an exception block.
    pub(crate) fn begin_internal_sub(&self) -> PgResult<usize> {
        let at = self.xact.lock().savepoints.len();
        self.push_savepoint(None)?;
        Ok(at)
    }

    /// Ends one, keeping what it did.
    pub(crate) fn release_internal_sub(&self, at: usize) -> PgResult<()> {
        self.release_from(at)
    }

    /// Ends one, undoing what it did.
    pub(crate) fn rollback_internal_sub(&self, at: usize) -> PgResult<()> {
        self.rollback_to(at)
    }

    /// Whether an exception block is open.
    pub(crate) fn in_internal_sub(&self) -> bool {
        self.xact.lock().savepoints.iter().any(|s| s.name.is_none())
    }

    /// COMMIT or ROLLBACK inside a procedure: the statement goes on in a new transaction.
    pub(crate) fn end_inside(self: &Arc<Self>, commit: bool, chain: bool) -> PgResult<()> {
        let modes = self.modes();
        if commit {
            self.commit_transaction()?;
        } else {
            self.abort_transaction();
            self.xact.lock().block = Block::Idle;
        }
        self.start_command()?;
        if chain {
            self.assign_modes(modes);
        }
        self.sync_settings();
        Ok(())
    }

    /// Adds a LISTEN, UNLISTEN or NOTIFY to what the commit will do.
    pub(crate) fn defer_notify(&self, action: NotifyAction) -> PgResult<()> {
        let sub = self.txn()?.current_sub().0;
        self.notify.lock().pending.push((sub, action));
        Ok(())
    }
}

/// The level the store runs a transaction at.
pub(crate) fn store_isolation(level: IsolationLevel) -> Isolation {
    match level {
        IsolationLevel::ReadUncommitted | IsolationLevel::ReadCommitted => Isolation::ReadCommitted,
        IsolationLevel::RepeatableRead => Isolation::RepeatableRead,
        IsolationLevel::Serializable => Isolation::Serializable,
    }
}

fn isolation_value(level: IsolationLevel) -> Value {
    let def = definition::get(definition::id_of("transaction_isolation"));
    Value::Enum(def.enum_index(level.as_str()).unwrap_or(0))
}
