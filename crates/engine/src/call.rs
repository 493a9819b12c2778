//! CALL and DO.
use crate::{context::StatementContext, portal::Portal, sink::RowShape};
use error::{PgResult, not_supported};
use parser::ast::CallStmt;
use std::sync::Arc;
use types::Datum;

/// Output parameters of the procedure.
pub(crate) fn columns(
    _cx: &StatementContext<'_>,
    _text: &Arc<str>,
    _stmt: &CallStmt,
) -> PgResult<Option<RowShape>> {
    Ok(None)
}

/// Calls the procedure.
pub(crate) fn run(
    _cx: &StatementContext<'_>,
    _portal: &Portal,
    _stmt: &CallStmt,
) -> PgResult<Vec<Vec<Datum>>> {
    Err(not_supported!("CALL"))
}
