//! Statements that define things: handed to `commands` with what it needs of the session.
use crate::{context::StatementContext, portal::Portal, session_core::SessionCore, utility};
use error::PgResult;
use parser::ast::Stmt;

/// Runs a definition; returns the tag.
pub(crate) fn run(_cx: &StatementContext<'_>, _portal: &Portal, stmt: &Stmt) -> PgResult<String> {
    Err(utility::missing(stmt))
}

/// DISCARD TEMP.
pub(crate) fn drop_temporary(_cx: &StatementContext<'_>) -> PgResult<()> {
    Ok(())
}

/// Session-level advisory locks are given up.
pub(crate) fn release_session_locks(core: &SessionCore) {
    core.engine.store.locks().release_session(&core.backend);
}
