//! Queries inside functions.
use crate::{
    context::StatementContext,
    local_statement::LocalStatement,
    portal::Portal,
    portal_run::{Outcome, run_portal},
    session_core::SessionCore,
    sink::RowCollector,
    statement::CachedStatement,
};
use error::{PgError, PgResult, bail, not_supported};
use fmgr::{Spi, SpiResult};
use parser::ast::{RawStmt, Stmt};
use std::sync::Arc;
use types::{Datum, Oid};

impl Spi for StatementContext<'_> {
    fn execute(
        &self,
        sql: &str,
        params: &[(Oid, Datum)],
        read_only: bool,
        max_rows: u64,
    ) -> PgResult<SpiResult> {
        let text: Arc<str> = Arc::from(sql);
        let statements = parse(self.core, &text)?;
        let types: Vec<Oid> = params.iter().map(|p| p.0).collect();
        let values: Arc<[Datum]> = params.iter().map(|p| p.1.clone()).collect();
        let mut result = SpiResult::default();
        for raw in statements {
            check_allowed(&raw.stmt, read_only)?;
            self.core.next_command()?;
            let cx = self.core.context();
            let statement =
                CachedStatement::analyze(&cx, &text, Arc::new(raw), types.clone(), false)?;
            result = run(self.core, statement.into(), values.clone(), max_rows)?;
        }
        self.core.next_command()?;
        Ok(result)
    }
}

/// Parses a text; its warnings become notices.
pub(crate) fn parse(core: &SessionCore, text: &Arc<str>) -> PgResult<Vec<RawStmt>> {
    let mut notices = Vec::new();
    let parsed = parser::parse_with_notices(text, &core.parser_options(), &mut notices);
    for notice in notices {
        core.push_notice(notice);
    }
    parsed
}

pub(crate) fn check_allowed(stmt: &Stmt, read_only: bool) -> PgResult<()> {
    match stmt {
        Stmt::TransactionStmt(_) => Err(not_supported!("transaction control inside a function")),
        Stmt::CopyStmt(copy) if copy.filename.is_none() => {
            Err(not_supported!("COPY to or from the client inside a function"))
        }
        Stmt::InsertStmt(_) | Stmt::UpdateStmt(_) | Stmt::DeleteStmt(_) | Stmt::MergeStmt(_)
            if read_only =>
        {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "{} is not allowed in a non-volatile function",
                crate::command_tag::command_tag(stmt)
            )
        }
        other if read_only && !crate::command_tag::is_read_only(other) => {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "{} is not allowed in a non-volatile function",
                crate::command_tag::command_tag(other)
            )
        }
        _ => Ok(()),
    }
}

/// Runs one statement and keeps its rows; 0 for `max_rows` means all.
pub(crate) fn run(
    core: &Arc<SessionCore>,
    statement: Arc<LocalStatement>,
    params: Arc<[Datum]>,
    max_rows: u64,
) -> PgResult<SpiResult> {
    let sub = core.current_sub();
    let mut portal = Portal::new("", statement, params, Vec::new(), sub)?;
    portal.nested = true;
    let mut rows = RowCollector::default();
    let limit = if max_rows == 0 { u64::MAX } else { max_rows };
    let outcome = run_portal(core, &mut portal, limit, true, &mut rows)?;
    let processed = match outcome {
        Outcome::Complete(tag) => tag
            .as_deref()
            .and_then(|t| t.rsplit(' ').next())
            .and_then(|n| n.parse().ok())
            .unwrap_or(0),
        Outcome::Suspended => rows.rows.len() as u64,
        Outcome::Full | Outcome::CopyIn => {
            return Err(PgError::internal("a nested statement wants its client"));
        }
    };
    Ok(SpiResult {
        columns: rows.columns.into_iter().map(|c| (c.name, c.typ)).collect(),
        rows: rows.rows,
        processed,
    })
}
