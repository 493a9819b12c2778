//! Temporary tables that do something when the session's transactions commit.
use crate::session_core::SessionCore;
use error::PgResult;
use parking_lot::Mutex;
use parser::ast::OnCommitAction;
use std::sync::Arc;
use types::Oid;

/// The session's tables with ON COMMIT DELETE ROWS or DROP.
#[derive(Default)]
pub(crate) struct OnCommit {
    tables: Mutex<Vec<(Oid, OnCommitAction)>>,
}

impl OnCommit {
    /// Notes a table that was just made. Should its transaction roll back, the entry finds no table.
    pub(crate) fn register(&self, table: Oid, action: OnCommitAction) {
        if matches!(action, OnCommitAction::DeleteRows | OnCommitAction::Drop) {
            self.tables.lock().push((table, action));
        }
    }
}

impl SessionCore {
    /// ON COMMIT actions of temporary tables, before commit.
    pub(crate) fn run_on_commit_actions(self: &Arc<Self>) -> PgResult<()> {
        let tables = {
            let mut tables = self.on_commit.tables.lock();
            if tables.is_empty() {
                return Ok(());
            }
            // Entries of tables that no committed transaction made or that another one dropped.
            if !self.catalog.is_dirty() {
                use catalog::CatalogRead;
                tables.retain(|(oid, _)| !matches!(self.catalog.relation(*oid), Ok(None)));
            }
            tables.clone()
        };
        self.next_command()?;
        crate::definition::run_on_commit(&self.context(), &tables)
    }
}
