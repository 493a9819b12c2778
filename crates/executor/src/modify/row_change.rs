//! Locking a row that is to be changed, and finding out whether it still is what the plan saw.
use super::Target;
use crate::Cx;
use error::{PgError, PgResult, err};
use table::{RowLock, RowLockMode, Rowid, WaitPolicy};
use txn::Isolation;
use types::Datum;

/// What became of a row that was to be changed.
pub(crate) enum ChangeOutcome {
    /// It is what the snapshot sees.
    Unchanged,
    /// Another transaction changed it to this (READ COMMITTED only).
    Changed(Vec<Datum>),
    /// It is gone.
    Gone,
    /// This very command has changed it already.
    SelfModified,
}

#[cold]
pub(crate) fn serialization_failure(what: &str) -> PgError {
    err!(T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent {what}")
}

/// Says which row an error interrupted the wait for.
#[cold]
pub(crate) fn wait_context(e: PgError, action: &str, rowid: Rowid, relation: &str) -> PgError {
    let tid = rowid.to_tid();
    let (block, offset) = (tid >> 16, tid & 0xffff);
    e.context(format!("while {action} tuple ({block},{offset}) in relation \"{relation}\""))
}

/// Whether the transaction keeps one snapshot.
pub(crate) fn is_repeatable(cx: &Cx<'_>) -> bool {
    cx.es.txn().isolation() != Isolation::ReadCommitted
}

/// Locks a row for a change; waits for others.
pub(crate) fn lock_for_change(
    cx: &mut Cx<'_>,
    target: &Target,
    rowid: Rowid,
    mode: RowLockMode,
    delete: bool,
) -> PgResult<ChangeOutcome> {
    let txn = cx.es.txn().clone();
    let snapshot = cx.es.snapshot().clone();
    let action = if delete { "deleting" } else { "updating" };
    let locked = target
        .heap
        .lock_row(&txn, rowid, mode, WaitPolicy::Block, &snapshot)
        .map_err(|e| wait_context(e, action, rowid, &target.rel.name))?;
    Ok(match locked {
        RowLock::Unchanged => ChangeOutcome::Unchanged,
        RowLock::Changed(bytes) => {
            if is_repeatable(cx) {
                return Err(serialization_failure("update"));
            }
            let mut row = Vec::new();
            target.heap.decode_latest(&txn, rowid, &bytes, &mut row)?;
            ChangeOutcome::Changed(row)
        }
        RowLock::Own { cid, .. } if cid >= snapshot.curcid() => ChangeOutcome::SelfModified,
        RowLock::Own { .. } => ChangeOutcome::Unchanged,
        RowLock::Deleted => {
            if is_repeatable(cx) {
                return Err(serialization_failure("delete"));
            }
            ChangeOutcome::Gone
        }
        RowLock::OwnDeleted { .. } => ChangeOutcome::SelfModified,
        RowLock::NotAvailable => {
            return Err(PgError::internal("a row lock that waits was not available"));
        }
    })
}
