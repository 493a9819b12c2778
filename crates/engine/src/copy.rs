//! COPY between a table or query and the client, a file or a program.
use crate::{context::StatementContext, portal::Portal, session::Outcome, sink::ResultSink};
use error::{PgResult, not_supported};
use parser::ast::CopyStmt;

/// COPY TO STDOUT in the course of execution.
pub(crate) struct CopyOutRun {
    rows: u64,
}

impl CopyOutRun {
    /// Sends some rows; false at the end.
    pub(crate) fn step(
        &mut self,
        _cx: &StatementContext<'_>,
        _sink: &mut dyn ResultSink,
    ) -> PgResult<bool> {
        Ok(false)
    }

    /// Rows sent.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }
}

/// COPY FROM STDIN in the course of execution.
pub(crate) struct CopyInRun {
    rows: u64,
}

impl CopyInRun {
    /// Takes a piece of data.
    pub(crate) fn data(&mut self, _cx: &StatementContext<'_>, _data: &[u8]) -> PgResult<()> {
        Ok(())
    }

    /// Data is complete: rows copied.
    pub(crate) fn finish(self, _cx: &StatementContext<'_>) -> PgResult<u64> {
        Ok(self.rows)
    }
}

/// Starts a COPY.
pub(crate) fn start(
    _cx: &StatementContext<'_>,
    _portal: &mut Portal,
    _stmt: &CopyStmt,
    _sink: &mut dyn ResultSink,
) -> PgResult<Option<Outcome>> {
    Err(not_supported!("COPY"))
}
