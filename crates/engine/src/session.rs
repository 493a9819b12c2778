//! A session as its driver sees it: simple queries, prepared statements, portals, COPY.
//!
//! Calls that produce output return a [`Progress`]: the driver writes what the sink holds and calls
//! [`Session::resume`] when the sink had filled up, so a large result never needs more than a buffer.
use crate::{
    activity::ActivityState,
    context::StatementContext,
    local_statement::LocalStatement,
    plan_cache::PlanKey,
    portal::{Portal, Run},
    portal_run::{Outcome, run_portal, run_portal_counting},
    session_core::SessionCore,
    sink::ResultSink,
    statement::CachedStatement,
    type_io,
    xact::Block,
};
use error::{PgError, PgResult, Severity, SqlState, err};
use parser::ast::{RawStmt, Stmt, TransactionStmtKind};
use smallvec::SmallVec;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use txn::CancelReason;
use types::{Datum, Oid};

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// To its end.
    Done,
    /// The sink is full: write it out, then call [`Session::resume`].
    Flush,
    /// COPY data is expected: [`Session::copy_data`], [`Session::copy_done`].
    CopyIn,
}

/// A simple query in the course of execution.
struct SimpleQuery {
    text: Arc<str>,
    statements: std::vec::IntoIter<RawStmt>,
    several: bool,
}

/// What [`Session::resume`] goes on with.
enum Running {
    /// A portal of a simple query.
    Simple(Box<Portal>),
    /// A portal of the extended protocol, with the rows it may still send.
    Extended(Box<Portal>, u64),
}

/// A session.
pub struct Session {
    core: Arc<SessionCore>,
    query: Option<Box<SimpleQuery>>,
    running: Option<Running>,
    /// Text that error positions count in.
    source: Option<Arc<str>>,
    /// What runs was analysed from another text than the client's, whose positions mean nothing to it.
    lifted: bool,
    closed: bool,
}

/// Takes a Bind message's parameters.
pub struct Binder<'a> {
    cx: &'a StatementContext<'a>,
    types: &'a [Oid],
    name: &'a str,
    params: Vec<Datum>,
    formats: SmallVec<[i16; 8]>,
    count: usize,
}

impl Binder<'_> {
    /// Says how many parameters come.
    pub fn param_count(&mut self, count: usize) {
        self.count = count;
        self.params.reserve(count.min(self.types.len()));
    }

    /// The value of parameter `i`, `None` for NULL.
    pub fn param(&mut self, i: usize, format: i16, value: Option<&[u8]>) -> PgResult<()> {
        let Some(typ) = self.types.get(i) else { return Ok(()) };
        let value = match value {
            Some(bytes) => type_io::read_parameter(self.cx, *typ, format, bytes, i)?,
            None => Datum::Null,
        };
        self.params.push(value);
        Ok(())
    }

    /// The next result format code.
    pub fn result_format(&mut self, code: i16) {
        self.formats.push(code);
    }

    fn check_count(&self) -> PgResult<()> {
        if self.count == self.types.len() {
            return Ok(());
        }
        Err(err!(
            PROTOCOL_VIOLATION,
            "bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
            self.count,
            self.name,
            self.types.len()
        ))
    }
}

impl Session {
    pub(crate) fn new(core: Arc<SessionCore>) -> Session {
        Session { core, query: None, running: None, source: None, lifted: false, closed: false }
    }

    /// pg_backend_pid().
    pub fn pid(&self) -> i32 {
        self.core.pid
    }

    /// The key of cancel requests.
    pub fn secret(&self) -> &[u8] {
        &self.core.secret
    }

    /// A function that stops the running statement, from any thread.
    pub fn cancel_handle(&self) -> impl Fn() + Send + Sync + use<> {
        let token = self.core.backend.cancel.clone();
        move || token.cancel(CancelReason::User)
    }

    /// `I`, `T` or `E`, as ReadyForQuery has it.
    pub fn transaction_status(&self) -> u8 {
        self.core.status_byte()
    }

    /// Whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        self.core.txn_if_any().is_some()
    }

    /// All reported settings.
    pub fn initial_reports(&mut self) -> Vec<(&'static str, String)> {
        self.core.settings.lock().initial_reports()
    }

    // ---- guards ----

    /// Runs `work` so that neither an error nor a panic leaves the session between states.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> PgResult<T>) -> PgResult<T> {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self)));
        let e = match outcome {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(e)) => e,
            Err(panic) => panic_error(&*panic),
        };
        Err(self.fail(e))
    }

    /// Ends the current statement with an error: rolls back what must be, and returns the error as it
    /// is to be sent, with its position in characters.
    pub fn fail(&mut self, mut e: PgError) -> PgError {
        self.running = None;
        self.query = None;
        self.core.armed.disarm(CancelReason::StatementTimeout);
        let rolled_back = catch_unwind(AssertUnwindSafe(|| self.core.after_error()));
        self.core.sync_settings();
        if rolled_back.is_err() {
            e = e.with_severity(Severity::Fatal);
        }
        let source = self.source.take();
        if std::mem::take(&mut self.lifted) {
            e.0.position = None;
        }
        let statement = source.as_deref();
        self.core.engine.log_error(self.core.pid, &e, statement);
        position_in_characters(e, statement)
    }

    /// Sends what notices have gathered.
    pub fn pending_notices(&mut self, sink: &mut dyn ResultSink) {
        let notices = {
            let mut notices = self.core.notices.lock();
            if notices.is_empty() {
                return;
            }
            std::mem::take(&mut *notices)
        };
        for notice in notices {
            sink.notice(&position_in_characters(notice, self.source.as_deref()));
        }
    }

    /// Before ReadyForQuery: changed settings, notifications, state.
    pub fn finish_cycle(&mut self, sink: &mut dyn ResultSink) {
        self.pending_notices(sink);
        self.source = None;
        let reports = {
            let mut settings = self.core.settings.lock();
            if settings.has_reports() { settings.take_reports() } else { Vec::new() }
        };
        for (name, value) in reports {
            sink.parameter_status(name, &value);
        }
        let block = self.core.xact.lock().block;
        let state = match block {
            Block::InProgress => ActivityState::IdleInTransaction,
            Block::Failed => ActivityState::IdleInTransactionAborted,
            _ => {
                self.deliver_notifications(sink);
                ActivityState::Idle
            }
        };
        self.core.activity.change(state, self.core.statement_timestamp());
        self.core.backend.cancel.reset();
    }

    fn deliver_notifications(&self, sink: &mut dyn ResultSink) {
        let mut notify = self.core.notify.lock();
        while let Some(n) = notify.inbox.pop_front() {
            sink.notification(n.pid, &n.channel, &n.payload);
        }
    }

    /// Looks at what was asked of an idle session: an error means that it ends.
    pub fn poll_mailbox(&mut self, sink: &mut dyn ResultSink) -> PgResult<()> {
        match self.core.backend.cancel.reason() {
            Some(reason) if reason > CancelReason::StatementTimeout => {
                let e = reason.error();
                self.core.engine.log_error(self.core.pid, &e, None);
                return Err(e);
            }
            // A cancel request for a statement that has ended meanwhile.
            Some(_) => self.core.backend.cancel.reset(),
            None => {}
        }
        if !self.in_transaction() {
            self.deliver_notifications(sink);
        }
        Ok(())
    }

    /// A message has arrived: a cancel request that came before it was for an earlier statement.
    #[inline]
    pub fn forget_late_cancel(&self) {
        let cancel = &self.core.backend.cancel;
        if cancel.reason() == Some(CancelReason::User) {
            cancel.reset();
        }
    }

    /// Whether the session was told to end.
    pub fn must_end(&self) -> bool {
        self.core
            .backend
            .cancel
            .reason()
            .is_some_and(|reason| reason > CancelReason::StatementTimeout)
    }

    /// The client pauses: memory that only speeds up the next statement is given back.
    pub fn rest(&self) {
        self.core.shrink();
    }

    /// How long the session may wait for its client, and why it ends then.
    pub fn idle_timeout(&self) -> Option<(Duration, CancelReason)> {
        let typed = self.core.settings.lock().typed().clone();
        let (ms, reason) = match self.in_transaction() || self.transaction_status() != b'I' {
            true => {
                (typed.idle_in_transaction_session_timeout, CancelReason::IdleInTransactionTimeout)
            }
            false => (typed.idle_session_timeout, CancelReason::IdleSessionTimeout),
        };
        (ms > 0).then(|| (Duration::from_millis(ms as u64), reason))
    }

    /// Ends the session: what is open is rolled back, temporary objects are dropped.
    pub fn close(&mut self) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        self.running = None;
        let core = self.core.clone();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            if core.txn_if_any().is_some() || core.status_byte() != b'I' {
                let _ = core.rollback_block(false);
            }
            let _ = core.portals.lock().drop_if(|_| true);
            core.session_ended();
        }));
        let _ = ended;
        self.core.engine.forget_session(&self.core);
    }

    // ---- simple protocol ----

    /// Runs a text of any number of statements.
    pub fn query(&mut self, sql: &str, sink: &mut dyn ResultSink) -> PgResult<Progress> {
        self.begin_message(sql);
        self.guarded(|s| {
            s.core.prepared.lock().remove("");
            s.arm_statement_timeout();
            if let Some(portal) = crate::lifted::portal(&s.core, sql)? {
                s.lifted = true;
                return s.run_simple(portal, sink);
            }
            let text: Arc<str> = s.source.clone().unwrap_or_else(|| Arc::from(sql));
            let statements = s.parse_text(&text)?;
            if statements.is_empty() {
                s.core.start_command()?;
                s.core.finish_command()?;
                sink.empty_query();
                return Ok(Progress::Done);
            }
            let several = statements.len() > 1;
            let query = SimpleQuery { text, statements: statements.into_iter(), several };
            s.query = Some(Box::new(query));
            s.go_on(sink)
        })
    }

    /// Goes on after [`Progress::Flush`].
    pub fn resume(&mut self, sink: &mut dyn ResultSink) -> PgResult<Progress> {
        self.guarded(|s| s.go_on(sink))
    }

    fn begin_message(&mut self, sql: &str) {
        let text: Arc<str> = Arc::from(sql);
        self.core.mark_statement_start();
        self.core.activity.begin(&text, self.core.statement_timestamp());
        self.source = Some(text);
        self.lifted = false;
    }

    fn arm_statement_timeout(&self) {
        let ms = self.core.settings.lock().typed().statement_timeout;
        if ms > 0 && !self.core.armed.is_armed(CancelReason::StatementTimeout) {
            crate::deadline::arm(
                &self.core.armed,
                &self.core.backend.cancel,
                CancelReason::StatementTimeout,
                Duration::from_millis(ms as u64),
            );
        }
    }

    fn disarm_statement_timeout(&self) {
        if self.core.armed.is_armed(CancelReason::StatementTimeout) {
            self.core.armed.disarm(CancelReason::StatementTimeout);
        }
    }

    fn parse_text(&self, text: &Arc<str>) -> PgResult<Vec<RawStmt>> {
        let options = self.core.parser_options();
        let mut notices = Vec::new();
        let parsed = parser::parse_with_notices(text, &options, &mut notices);
        for notice in notices {
            self.core.push_notice(notice);
        }
        parsed
    }

    fn go_on(&mut self, sink: &mut dyn ResultSink) -> PgResult<Progress> {
        match self.running.take() {
            Some(Running::Extended(portal, left)) => self.run_extended(portal, left, sink),
            Some(Running::Simple(portal)) => match self.run_simple(portal, sink)? {
                Progress::Done => self.next_statements(sink),
                other => Ok(other),
            },
            None => self.next_statements(sink),
        }
    }

    fn next_statements(&mut self, sink: &mut dyn ResultSink) -> PgResult<Progress> {
        loop {
            let Some(query) = &mut self.query else { return Ok(Progress::Done) };
            let Some(raw) = query.statements.next() else {
                self.query = None;
                self.disarm_statement_timeout();
                return Ok(Progress::Done);
            };
            let (text, several) = (query.text.clone(), query.several);
            let progress = self.run_statement(text, raw, several, sink)?;
            if progress != Progress::Done {
                return Ok(progress);
            }
        }
    }

    fn run_statement(
        &mut self,
        text: Arc<str>,
        raw: RawStmt,
        several: bool,
        sink: &mut dyn ResultSink,
    ) -> PgResult<Progress> {
        if !ends_failed_block(&raw.stmt) {
            self.core.check_not_failed()?;
        }
        if several {
            self.core.start_implicit_block()?;
        } else {
            self.core.start_command()?;
        }
        self.core.backend.cancel.check()?;
        let statement = {
            let core = self.core.clone();
            let cx = core.context();
            match several {
                false => self.shared_statement(&cx, &text, raw, Vec::new(), false)?,
                true => {
                    CachedStatement::analyze(&cx, &text, Arc::new(raw), Vec::new(), false)?.into()
                }
            }
        };
        let sub = self.core.current_sub();
        let portal = self.core.unnamed_portal(statement, Arc::new([]), &[], sub)?;
        self.run_simple(portal, sink)
    }

    /// A statement from the cache that sessions share, or analysed now.
    fn shared_statement(
        &self,
        cx: &StatementContext<'_>,
        text: &Arc<str>,
        raw: RawStmt,
        types: Vec<Oid>,
        variable: bool,
    ) -> PgResult<Arc<LocalStatement>> {
        if !raw.stmt.is_optimizable() {
            let statement = CachedStatement::analyze(cx, text, Arc::new(raw), types, variable)?;
            return Ok(statement.into());
        }
        if let Some(known) = self.known_statement(cx, text, &types)? {
            return Ok(known);
        }
        let key = PlanKey::new(cx, text, &types);
        let statement =
            Arc::new(CachedStatement::analyze(cx, text, Arc::new(raw), types, variable)?);
        if statement.is_shareable() {
            self.core.engine.plans.insert(key, statement.clone());
        }
        Ok(LocalStatement::new(statement))
    }

    /// A statement that this session or another one has analysed, if it is still valid.
    fn known_statement(
        &self,
        cx: &StatementContext<'_>,
        text: &str,
        types: &[Oid],
    ) -> PgResult<Option<Arc<LocalStatement>>> {
        let recent = self.core.recent.lock().get(text, types);
        if let Some(recent) = recent
            && recent.is_current(cx)?
        {
            return Ok(Some(recent));
        }
        let key = PlanKey::new(cx, &Arc::from(text), types);
        let Some(found) = self.core.engine.plans.get(&key) else { return Ok(None) };
        if !found.is_valid(cx)? {
            self.core.engine.plans.remove(&key);
            return Ok(None);
        }
        let local = LocalStatement::new(found);
        self.core.recent.lock().put(types.to_vec(), local.clone());
        Ok(Some(local))
    }

    fn run_simple(
        &mut self,
        mut portal: Box<Portal>,
        sink: &mut dyn ResultSink,
    ) -> PgResult<Progress> {
        let core = self.core.clone();
        let transaction = matches!(portal.statement.raw.stmt, Stmt::TransactionStmt(_));
        let outcome = run_portal(&core, &mut portal, u64::MAX, true, sink)?;
        self.pending_notices(sink);
        match outcome {
            Outcome::Full => {
                self.running = Some(Running::Simple(portal));
                Ok(Progress::Flush)
            }
            Outcome::CopyIn => {
                self.running = Some(Running::Simple(portal));
                Ok(Progress::CopyIn)
            }
            Outcome::Suspended => {
                Err(PgError::internal("a portal without row limit was suspended"))
            }
            Outcome::Complete(tag) => {
                if portal.cursor.is_none() {
                    *core.spare_portal.lock() = Some(portal);
                }
                let last = self.query.as_ref().is_none_or(|q| q.statements.len() == 0);
                if last || transaction {
                    core.finish_command()?;
                    core.sync_settings();
                } else {
                    core.next_command()?;
                }
                self.pending_notices(sink);
                match tag {
                    Some(tag) => sink.command_complete(&tag),
                    None => sink.empty_query(),
                }
                Ok(Progress::Done)
            }
        }
    }

    // ---- extended protocol ----

    /// Parse: prepares a statement.
    pub fn parse(&mut self, name: &str, sql: &str, types: Vec<Oid>) -> PgResult<()> {
        self.core.mark_statement_start();
        self.lifted = false;
        self.guarded(|s| {
            s.source = None;
            s.start_extended()?;
            if !name.is_empty() {
                s.core.prepared.lock().check_free(name)?;
            }
            let core = s.core.clone();
            let cx = core.context();
            // A text that was prepared before needs not even be parsed, unless the block has failed:
            // then only what it is decides.
            let failed = core.xact.lock().block == Block::Failed;
            let known = match failed {
                true => None,
                false => s.known_statement(&cx, sql, &types)?,
            };
            let text = match &known {
                Some(known) => known.text.clone(),
                None => Arc::from(sql),
            };
            core.activity.begin(&text, core.statement_timestamp());
            s.source = Some(text.clone());
            let statement = match known {
                Some(known) => known,
                None => {
                    let mut statements = s.parse_text(&text)?;
                    if statements.len() > 1 {
                        return Err(err!(
                            SYNTAX_ERROR,
                            "cannot insert multiple commands into a prepared statement"
                        ));
                    }
                    match statements.pop() {
                        None => CachedStatement::empty(&cx, &text)?.into(),
                        Some(raw) => {
                            if !ends_failed_block(&raw.stmt) {
                                core.check_not_failed()?;
                            }
                            s.shared_statement(&cx, &text, raw, types, true)?
                        }
                    }
                }
            };
            if name.is_empty() {
                core.prepared.lock().remove("");
            }
            core.prepared.lock().insert(name, statement, false)
        })
    }

    fn start_extended(&self) -> PgResult<()> {
        self.core.start_pipelined()?;
        self.arm_statement_timeout();
        Ok(())
    }

    /// A prepared statement whose analysis is up to date.
    fn prepared(&self, cx: &StatementContext<'_>, name: &str) -> PgResult<Arc<LocalStatement>> {
        crate::utility::current_prepared(cx, name)
    }

    /// Bind: makes a portal. `fill` hands the message's values over.
    pub fn bind(
        &mut self,
        portal: &str,
        statement: &str,
        fill: &mut dyn FnMut(&mut Binder<'_>) -> PgResult<()>,
    ) -> PgResult<()> {
        self.core.mark_statement_start();
        self.guarded(|s| {
            let core = s.core.clone();
            let stmt = core.prepared.lock().get(statement)?.statement.clone();
            s.source = Some(stmt.text.clone());
            core.activity.begin(&stmt.text, core.statement_timestamp());
            s.start_extended()?;
            if !ends_failed_block(&stmt.raw.stmt)
                && !matches!(stmt.body, crate::statement::Body::Empty)
            {
                core.check_not_failed()?;
            }
            let cx = core.context();
            // A lock taken in the scrutinee would be held while the statement is analysed again.
            let failed = core.xact.lock().block == Block::Failed;
            let stmt = match failed {
                true => stmt,
                false if stmt.is_current(&cx)? => stmt,
                false => s.prepared(&cx, statement)?,
            };
            let mut binder = Binder {
                cx: &cx,
                types: &stmt.param_types,
                name: statement,
                params: Vec::new(),
                formats: SmallVec::new(),
                count: 0,
            };
            fill(&mut binder)?;
            binder.check_count()?;
            let (params, formats) = (binder.params, binder.formats);
            let sub = core.current_sub();
            let made = match portal.is_empty() {
                true => core.unnamed_portal(stmt, params.into(), &formats, sub)?,
                false => Box::new(Portal::new(portal, stmt, params.into(), formats.to_vec(), sub)?),
            };
            core.portals.lock().insert(made)
        })
    }

    /// Describe of a prepared statement.
    pub fn describe_statement(&mut self, name: &str, sink: &mut dyn ResultSink) -> PgResult<()> {
        self.guarded(|s| {
            let core = s.core.clone();
            s.core.start_command()?;
            let cx = core.context();
            let failed = core.xact.lock().block == Block::Failed;
            let statement = match failed {
                true => core.prepared.lock().get(name)?.statement.clone(),
                false => s.prepared(&cx, name)?,
            };
            if failed && statement.columns.is_some() {
                core.check_not_failed()?;
            }
            sink.parameter_description(&statement.param_types);
            match &statement.columns {
                Some(columns) => sink.row_description(columns, &[]),
                None => sink.no_data(),
            }
            Ok(())
        })
    }

    /// Describe of a portal.
    pub fn describe_portal(&mut self, name: &str, sink: &mut dyn ResultSink) -> PgResult<()> {
        self.guarded(|s| {
            s.core.start_command()?;
            let portals = s.core.portals.lock();
            let Some(portal) = portals.get(name) else { return Err(no_portal(name)) };
            match &portal.columns {
                Some(columns) => sink.row_description(columns, &portal.formats),
                None => sink.no_data(),
            }
            Ok(())
        })
    }

    /// Execute: runs a portal for at most `max_rows` rows; 0 or less means all.
    pub fn execute(
        &mut self,
        name: &str,
        max_rows: i64,
        sink: &mut dyn ResultSink,
    ) -> PgResult<Progress> {
        self.guarded(|s| {
            let core = s.core.clone();
            s.start_extended()?;
            let portal = core.portals.lock().take(name).map_err(|e| match e.sqlstate() {
                SqlState::INVALID_CURSOR_NAME => no_portal(name),
                _ => e,
            })?;
            s.source = Some(portal.statement.text.clone());
            if !ends_failed_block(&portal.statement.raw.stmt)
                && !matches!(portal.statement.body, crate::statement::Body::Empty)
            {
                let checked = core.check_not_failed();
                if checked.is_err() {
                    core.portals.lock().put_back(portal);
                    checked?;
                    return Ok(Progress::Done);
                }
            }
            let limit = if max_rows <= 0 { u64::MAX } else { max_rows as u64 };
            s.run_extended(portal, limit, sink)
        })
    }

    fn run_extended(
        &mut self,
        mut portal: Box<Portal>,
        limit: u64,
        sink: &mut dyn ResultSink,
    ) -> PgResult<Progress> {
        let core = self.core.clone();
        let name = portal.name.clone();
        let transaction = matches!(portal.statement.raw.stmt, Stmt::TransactionStmt(_));
        let mut left = limit;
        let result = run_portal_counting(&core, &mut portal, &mut left, false, sink);
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(e) => {
                core.portals.lock().released(&name);
                return Err(e);
            }
        };
        self.pending_notices(sink);
        match outcome {
            Outcome::Full => {
                self.running = Some(Running::Extended(portal, left));
                Ok(Progress::Flush)
            }
            Outcome::CopyIn => {
                self.running = Some(Running::Extended(portal, left));
                Ok(Progress::CopyIn)
            }
            Outcome::Suspended => {
                core.portals.lock().put_back(portal);
                sink.portal_suspended();
                core.xact.lock().pipelined = true;
                Ok(Progress::Done)
            }
            Outcome::Complete(tag) => {
                // Its transaction may have ended with it.
                let ended = core.txn_if_any().is_none();
                match ended {
                    true => core.portals.lock().released(&name),
                    false => core.portals.lock().put_back(portal),
                }
                if transaction {
                    core.finish_command()?;
                    core.sync_settings();
                } else {
                    core.next_command()?;
                    core.xact.lock().pipelined = true;
                }
                self.disarm_statement_timeout();
                match tag {
                    Some(tag) => sink.command_complete(&tag),
                    None => sink.empty_query(),
                }
                Ok(Progress::Done)
            }
        }
    }

    /// Close of a prepared statement; none of that name is no error.
    pub fn close_statement(&mut self, name: &str) -> PgResult<()> {
        self.core.prepared.lock().remove(name);
        Ok(())
    }

    /// Close of a portal; none of that name is no error.
    pub fn close_portal(&mut self, name: &str) -> PgResult<()> {
        let portal = self.core.portals.lock().remove(name);
        drop(portal);
        Ok(())
    }

    /// Sync: ends what the messages before it began outside of a block.
    pub fn sync(&mut self) -> PgResult<()> {
        self.guarded(|s| {
            s.disarm_statement_timeout();
            s.core.finish_command()?;
            s.core.sync_settings();
            Ok(())
        })
    }

    /// FunctionCall: the fastpath.
    pub fn function_call(
        &mut self,
        function: Oid,
        formats: &[i16],
        args: &[Option<&[u8]>],
        result_format: i16,
    ) -> PgResult<Option<Vec<u8>>> {
        self.core.mark_statement_start();
        self.guarded(|s| {
            s.core.check_not_failed()?;
            s.core.start_command()?;
            let core = s.core.clone();
            let value = crate::fastpath::call(&core, function, formats, args, result_format)?;
            s.core.finish_command()?;
            Ok(value)
        })
    }

    // ---- COPY FROM STDIN ----

    /// A piece of COPY data.
    pub fn copy_data(&mut self, data: &[u8]) -> PgResult<()> {
        self.guarded(|s| {
            let core = s.core.clone();
            match s.running_portal().map(|p| &mut p.run) {
                Some(Run::CopyIn(run)) => {
                    let cx = core.context();
                    run.data(&cx, data)
                }
                _ => Err(PgError::internal("COPY data without COPY")),
            }
        })
    }

    fn running_portal(&mut self) -> Option<&mut Portal> {
        match &mut self.running {
            Some(Running::Simple(portal) | Running::Extended(portal, _)) => Some(portal),
            None => None,
        }
    }

    /// COPY data is complete.
    pub fn copy_done(&mut self, sink: &mut dyn ResultSink) -> PgResult<Progress> {
        self.guarded(|s| {
            let core = s.core.clone();
            match s.running_portal() {
                Some(portal) => {
                    let cx = core.context();
                    let run = std::mem::replace(&mut portal.run, Run::Done);
                    let Run::CopyIn(run) = run else {
                        return Err(PgError::internal("end of COPY data without COPY"));
                    };
                    let rows = run.finish(&cx)?;
                    portal.run =
                        Run::Rows { rows: Default::default(), tag: format!("COPY {rows}") };
                }
                None => return Err(PgError::internal("end of COPY data without COPY")),
            }
            s.go_on(sink)
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

fn no_portal(name: &str) -> PgError {
    err!(INVALID_CURSOR_NAME, "portal \"{name}\" does not exist")
}

/// The statements that a failed block accepts.
fn ends_failed_block(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::TransactionStmt(t) => matches!(
            t.kind,
            TransactionStmtKind::Commit
                | TransactionStmtKind::Rollback
                | TransactionStmtKind::RollbackTo
                | TransactionStmtKind::Prepare
        ),
        _ => false,
    }
}

/// A panic as an error: a bug of ours, reported as such.
fn panic_error(panic: &(dyn std::any::Any + Send)) -> PgError {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown panic");
    PgError::internal(message)
}

/// Turns byte positions into character positions, as clients count.
fn position_in_characters(mut e: PgError, source: Option<&str>) -> PgError {
    let characters = |text: &str, at: u32| {
        text.char_indices().take_while(|(i, _)| *i < at as usize).count() as u32
    };
    if let (Some(at), Some(text)) = (e.0.position, source) {
        e.0.position = Some(characters(text, at));
    }
    if let (Some(at), Some(text)) = (e.0.internal_position, &e.0.internal_query) {
        e.0.internal_position = Some(characters(text, at));
    }
    e
}
