//! Cursors: DECLARE, FETCH, MOVE, CLOSE, and holding rows past the transaction.
use crate::{
    context::StatementContext,
    local_statement::LocalStatement,
    portal::{Portal, Run},
    query_run::QueryRun,
    session_core::SessionCore,
    statement::{Body, CachedStatement},
};
use error::{PgResult, bail, err};
use parser::ast::{
    DeclareCursorStmt, FETCH_ALL, FetchDirection, FetchStmt, RawStmt, cursor_options,
};
use std::sync::Arc;
use types::Datum;

/// Where a cursor stands. Rows count from 1; 0 is before the first.
#[derive(Default)]
pub(crate) struct CursorState {
    /// Rows read so far, kept if the cursor may go back.
    kept: Vec<Vec<Datum>>,
    /// Rows read so far, if they are not kept.
    dropped: i64,
    current: Option<Vec<Datum>>,
    position: i64,
    exhausted: bool,
    backward: bool,
}

/// A FETCH in the course of execution.
pub(crate) struct FetchRun {
    rows: std::collections::VecDeque<Vec<Datum>>,
    pub(crate) processed: u64,
    pub(crate) ismove: bool,
}

impl FetchRun {
    /// The next row.
    pub(crate) fn next(&mut self) -> Option<Vec<Datum>> {
        self.rows.pop_front()
    }

    /// The tag it completes with.
    pub(crate) fn tag(&self) -> String {
        let name = if self.ismove { "MOVE" } else { "FETCH" };
        format!("{name} {}", self.processed)
    }
}

/// DECLARE.
pub(crate) fn declare(
    cx: &StatementContext<'_>,
    stmt: &DeclareCursorStmt,
    text: &Arc<str>,
    params: &Arc<[Datum]>,
    param_types: &[types::Oid],
    top_level: bool,
) -> PgResult<()> {
    let core = cx.core;
    let holdable = stmt.options & cursor_options::HOLD != 0;
    if !holdable && top_level {
        core.require_transaction_block("DECLARE CURSOR")?;
    }
    if stmt.portalname.is_empty() {
        bail!(INVALID_CURSOR_NAME, "invalid cursor name: must not be empty");
    }
    let raw = RawStmt { stmt: (*stmt.query).clone(), stmt_location: 0, stmt_len: 0 };
    let statement =
        CachedStatement::analyze_inner(cx, text, Arc::new(raw), param_types.to_vec(), false)?;
    if let Body::Queries(queries) = &statement.body {
        for query in queries.iter() {
            analyzer::check_declare_cursor(stmt, query)?;
        }
    }
    let sub = core.txn()?.current_sub();
    let binary = stmt.options & cursor_options::BINARY != 0;
    let formats = if binary { vec![1] } else { Vec::new() };
    let mut portal = Portal::new(&stmt.portalname, statement.into(), params.clone(), formats, sub)?;
    let mut run = QueryRun::start(cx, &portal.statement, portal.params.clone())?;
    run.track_positions();
    let scroll = stmt.options & cursor_options::SCROLL != 0;
    let no_scroll = stmt.options & cursor_options::NO_SCROLL != 0;
    portal.options = stmt.options;
    // Without either word a cursor may go back if its plan could run backwards.
    let backward = scroll || (!no_scroll && run.supports_backward());
    if backward {
        portal.options |= cursor_options::SCROLL;
    }
    portal.run = Run::Query(Box::new(run));
    portal.cursor = Some(CursorState { backward, ..CursorState::default() });
    let mut portals = core.portals.lock();
    portals.insert(Box::new(portal))
}

/// Opens a cursor over a statement that is ready, for a function.
pub(crate) fn open(
    cx: &StatementContext<'_>,
    name: &str,
    statement: Arc<LocalStatement>,
    params: Arc<[Datum]>,
    options: i32,
) -> PgResult<()> {
    let core = cx.core;
    let sub = core.txn()?.current_sub();
    let mut portal = Portal::new(name, statement.clone(), params.clone(), Vec::new(), sub)?;
    portal.options = options;
    let mut backward = options & cursor_options::SCROLL != 0;
    portal.run = match statement.body {
        Body::Queries(_) => {
            let mut run = QueryRun::start(cx, &statement, params)?;
            let no_scroll = options & cursor_options::NO_SCROLL != 0;
            backward |= !no_scroll && run.supports_backward();
            // The queries of loops have no name that WHERE CURRENT OF could use.
            if options != 0 {
                run.track_positions();
            }
            Run::Query(Box::new(run))
        }
        _ => {
            let rows = crate::spi::run(core, statement, params, 0)?.rows;
            Run::Rows { rows: rows.into(), tag: "SELECT".to_owned() }
        }
    };
    if backward {
        portal.options |= cursor_options::SCROLL;
    }
    portal.cursor = Some(CursorState { backward, ..CursorState::default() });
    core.portals.lock().insert(Box::new(portal))
}

/// CLOSE.
pub(crate) fn close(core: &SessionCore, name: Option<&str>) -> PgResult<()> {
    let mut portals = core.portals.lock();
    match name {
        None => drop(portals.drop_if(|p| p.cursor.is_some())),
        Some(name) => {
            if portals.remove(name).is_none() {
                return Err(no_cursor(name));
            }
        }
    }
    Ok(())
}

fn no_cursor(name: &str) -> error::PgError {
    err!(INVALID_CURSOR_NAME, "cursor \"{name}\" does not exist")
}

/// Runs FETCH or MOVE: the rows that it returns.
pub(crate) fn fetch(cx: &StatementContext<'_>, stmt: &FetchStmt) -> PgResult<FetchRun> {
    let core = cx.core;
    if core.portals.lock().get(&stmt.portalname).is_none() {
        return Err(no_cursor(&stmt.portalname));
    }
    let mut portal = core.portals.lock().take(&stmt.portalname)?;
    let result = move_cursor(cx, &mut portal, stmt);
    if result.is_err() {
        portal.failed = true;
    }
    core.portals.lock().put_back(portal);
    let rows = result?;
    let processed = rows.len() as u64;
    Ok(FetchRun {
        rows: if stmt.ismove { Default::default() } else { rows.into() },
        processed,
        ismove: stmt.ismove,
    })
}

fn move_cursor(
    cx: &StatementContext<'_>,
    portal: &mut Portal,
    stmt: &FetchStmt,
) -> PgResult<Vec<Vec<Datum>>> {
    if portal.cursor.is_none() {
        // A portal of the protocol becomes a cursor when it is fetched from.
        let backward = portal.options & cursor_options::SCROLL != 0;
        portal.cursor = Some(CursorState { backward, ..CursorState::default() });
        if matches!(portal.run, Run::New) {
            let run = QueryRun::start(cx, &portal.statement, portal.params.clone())?;
            portal.run = Run::Query(Box::new(run));
        }
    }
    if portal.failed {
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"{}\" cannot be run", portal.name);
    }
    let mut reader = Reader { cx, portal };
    let n = stmt.how_many;
    match stmt.direction {
        FetchDirection::Forward if n >= 0 => reader.forward(n),
        FetchDirection::Forward => reader.backward(n.saturating_neg()),
        FetchDirection::Backward if n > 0 => reader.backward(n),
        FetchDirection::Backward if n == 0 => reader.forward(0),
        FetchDirection::Backward => reader.forward(n.saturating_neg()),
        FetchDirection::Absolute => reader.absolute(n),
        FetchDirection::Relative => reader.relative(n),
    }
}

/// Reads a cursor's rows one by one.
struct Reader<'a, 's> {
    cx: &'a StatementContext<'s>,
    portal: &'a mut Portal,
}

impl Reader<'_, '_> {
    fn state(&mut self) -> &mut CursorState {
        self.portal.cursor.get_or_insert_default()
    }

    fn position(&mut self) -> i64 {
        self.state().position
    }

    /// Pulls one more row from the query; false at its end.
    fn pull(&mut self) -> PgResult<bool> {
        if self.state().exhausted {
            return Ok(false);
        }
        let row = match &mut self.portal.run {
            Run::Query(run) => run.next_row(self.cx)?,
            Run::Rows { rows, .. } => rows.pop_front(),
            _ => None,
        };
        let state = self.state();
        match row {
            Some(row) => {
                if state.backward {
                    state.kept.push(row);
                } else {
                    state.dropped += 1;
                    state.current = Some(row);
                }
                Ok(true)
            }
            None => {
                state.exhausted = true;
                Ok(false)
            }
        }
    }

    /// Rows read so far.
    fn read(&mut self) -> i64 {
        let state = self.state();
        state.dropped + state.kept.len() as i64
    }

    /// The row at a position, if there is one.
    fn row_at(&mut self, position: i64) -> PgResult<Option<Vec<Datum>>> {
        if position < 1 {
            return Ok(None);
        }
        while self.read() < position {
            if !self.pull()? {
                return Ok(None);
            }
        }
        let state = self.state();
        if state.backward {
            return Ok(state.kept.get(position as usize - 1).cloned());
        }
        if position == state.dropped {
            return Ok(state.current.clone());
        }
        Err(forward_only())
    }

    fn forward(&mut self, n: i64) -> PgResult<Vec<Vec<Datum>>> {
        let mut rows = Vec::new();
        if n == 0 {
            // The current row once more.
            let position = self.position();
            rows.extend(self.row_at(position)?);
            return Ok(rows);
        }
        while n == FETCH_ALL || (rows.len() as i64) < n {
            let next = self.position() + 1;
            match self.row_at(next)? {
                Some(row) => {
                    self.state().position = next;
                    rows.push(row);
                }
                None => {
                    self.state().position = self.read() + 1;
                    break;
                }
            }
        }
        Ok(rows)
    }

    fn backward(&mut self, n: i64) -> PgResult<Vec<Vec<Datum>>> {
        if !self.state().backward {
            return Err(forward_only());
        }
        let mut rows = Vec::new();
        while n == FETCH_ALL || (rows.len() as i64) < n {
            let next = self.position() - 1;
            match self.row_at(next)? {
                Some(row) => {
                    self.state().position = next;
                    rows.push(row);
                }
                None => {
                    self.state().position = 0;
                    break;
                }
            }
        }
        Ok(rows)
    }

    fn absolute(&mut self, n: i64) -> PgResult<Vec<Vec<Datum>>> {
        let target = if n >= 0 {
            n
        } else {
            while self.pull()? {}
            if !self.state().backward {
                return Err(forward_only());
            }
            (self.read() + 1 + n).max(0)
        };
        if target < self.position() && !self.state().backward {
            return Err(forward_only());
        }
        self.go_to(target)
    }

    fn relative(&mut self, n: i64) -> PgResult<Vec<Vec<Datum>>> {
        let target = self.position().saturating_add(n).max(0);
        if n < 0 && !self.state().backward {
            return Err(forward_only());
        }
        self.go_to(target)
    }

    fn go_to(&mut self, target: i64) -> PgResult<Vec<Vec<Datum>>> {
        match self.row_at(target)? {
            Some(row) => {
                self.state().position = target;
                Ok(vec![row])
            }
            None => {
                let end = self.read() + 1;
                self.state().position = if target < 1 { 0 } else { end };
                Ok(Vec::new())
            }
        }
    }
}

#[cold]
fn forward_only() -> error::PgError {
    err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward")
        .hint("Declare it with SCROLL option to enable backward scan.")
}

/// Reads the rest of a cursor WITH HOLD before its transaction ends.
pub(crate) fn hold(core: &Arc<SessionCore>, portal: &mut Portal) -> PgResult<()> {
    let cx = core.context();
    let rows = match &mut portal.run {
        Run::Query(run) => {
            let mut rows = std::collections::VecDeque::new();
            while let Some(row) = run.next_row(&cx)? {
                rows.push_back(row);
            }
            rows
        }
        _ => Default::default(),
    };
    portal.run = Run::Rows { rows, tag: "SELECT".to_owned() };
    portal.held = true;
    Ok(())
}

/// The columns FETCH returns.
pub(crate) fn fetch_columns(
    core: &SessionCore,
    stmt: &FetchStmt,
) -> PgResult<Option<crate::sink::RowShape>> {
    if stmt.ismove {
        return Ok(None);
    }
    let portals = core.portals.lock();
    Ok(portals.get(&stmt.portalname).and_then(|p| p.columns.clone()))
}

/// The session's cursors, for WHERE CURRENT OF.
pub(crate) struct SessionCursors(pub(crate) Arc<SessionCore>);

impl executor::CursorPositions for SessionCursors {
    fn current_of(
        &self,
        cursor: &str,
        relation: types::Oid,
    ) -> PgResult<Option<(types::Oid, i64)>> {
        let mut portals = self.0.portals.lock();
        let Some(portal) = portals.get_mut(cursor) else {
            bail!(UNDEFINED_CURSOR, "cursor \"{cursor}\" does not exist");
        };
        if portal.held {
            bail!(INVALID_CURSOR_STATE, "cursor \"{cursor}\" is held from a previous transaction");
        }
        let Some(state) = &portal.cursor else {
            bail!(INVALID_CURSOR_STATE, "cursor \"{cursor}\" is not positioned on a row");
        };
        let read = state.dropped + state.kept.len() as i64;
        let Run::Query(run) = &portal.run else {
            bail!(INVALID_CURSOR_STATE, "cursor \"{cursor}\" is not a SELECT query");
        };
        if state.position < 1 || state.exhausted && state.position > read {
            bail!(INVALID_CURSOR_STATE, "cursor \"{cursor}\" is not positioned on a row");
        }
        if state.position != read {
            return Err(error::not_supported!("WHERE CURRENT OF after a cursor went back"));
        }
        Ok(run.position_in(relation))
    }
}
