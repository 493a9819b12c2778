//! The lock manager: who may do what at the same time.
//!
//! ```text
//! shard[hash(tag)]: tag -> Lock { holders (backend, modes), waiters (first in, first out) }
//! Backend.held.fast: weak relation locks, as long as nobody wants a strong one on that relation
//! ```
//! A weak relation lock (AccessShare, RowShare, RowExclusive) is noted in the backend alone. Who wants a
//! strong one raises `strong[hash]`, which closes the fast path, and moves the noted ones to the shard.
//! Order of mutexes: `Backend.held`, then a shard, then a wait slot.

mod deadlock;
mod escalate;
mod mode;
mod show;
mod table;
mod tag;
mod wait;

pub use mode::{LockMode, RowLockMode};
pub use table::LockManager;
pub use tag::{LockRow, LockTag};

pub(crate) use show::shown_mode;

/// What to do about a lock that is not to be had now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitPolicy {
    /// Wait for it.
    Block,
    /// Answer [`LockOutcome::NotAvailable`] (NOWAIT, SKIP LOCKED, `pg_try_advisory_lock`).
    Skip,
}

/// How a lock request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockOutcome {
    /// Taken now.
    Granted,
    /// Held in this mode before.
    AlreadyHeld,
    /// Someone else holds it and the policy was not to wait.
    NotAvailable,
    /// Never an answer to callers: someone has all rows of the storage id locked, wait for that.
    #[doc(hidden)]
    Escalated,
}

/// Until when a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockLevel {
    /// Until the transaction, or the subtransaction that took it, ends.
    Transaction,
    /// Until it is released as often as it was taken, or the session ends.
    Session,
}
