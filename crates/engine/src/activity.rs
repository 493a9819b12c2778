//! What pg_stat_activity shows of a session, and counters of a database.
use crate::clock;
use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering},
};

/// pg_stat_activity.state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ActivityState {
    /// Waiting for its client.
    Idle = 0,
    /// Running a statement.
    Active = 1,
    /// In a transaction, waiting for its client.
    IdleInTransaction = 2,
    /// The same after an error.
    IdleInTransactionAborted = 3,
}

impl ActivityState {
    /// PostgreSQL's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            ActivityState::Idle => "idle",
            ActivityState::Active => "active",
            ActivityState::IdleInTransaction => "idle in transaction",
            ActivityState::IdleInTransactionAborted => "idle in transaction (aborted)",
        }
    }

    fn from_code(code: u8) -> Self {
        match code {
            1 => ActivityState::Active,
            2 => ActivityState::IdleInTransaction,
            3 => ActivityState::IdleInTransactionAborted,
            _ => ActivityState::Idle,
        }
    }
}

/// A session's line of pg_stat_activity.
pub struct Activity {
    /// When the session began.
    pub backend_start: i64,
    query: Mutex<Option<Arc<str>>>,
    query_start: AtomicI64,
    state_change: AtomicI64,
    state: AtomicU8,
}

impl Default for Activity {
    fn default() -> Self {
        let now = clock::now();
        Activity {
            backend_start: now,
            query: Mutex::new(None),
            query_start: AtomicI64::new(now),
            state_change: AtomicI64::new(now),
            state: AtomicU8::new(0),
        }
    }
}

impl Activity {
    /// A statement begins.
    #[inline]
    pub(crate) fn begin(&self, query: &Arc<str>, now: i64) {
        *self.query.lock() = Some(query.clone());
        self.query_start.store(now, Ordering::Relaxed);
        self.change(ActivityState::Active, now);
    }

    /// The state changes.
    #[inline]
    pub(crate) fn change(&self, state: ActivityState, now: i64) {
        self.state.store(state as u8, Ordering::Relaxed);
        self.state_change.store(now, Ordering::Relaxed);
    }

    /// The last statement, state, when the statement began and when the state changed.
    pub fn snapshot(&self) -> (Option<Arc<str>>, ActivityState, i64, i64) {
        (
            self.query.lock().clone(),
            ActivityState::from_code(self.state.load(Ordering::Relaxed)),
            self.query_start.load(Ordering::Relaxed),
            self.state_change.load(Ordering::Relaxed),
        )
    }
}

/// Counters of one database.
#[derive(Default, Debug)]
pub struct DatabaseStats {
    /// Transactions committed.
    pub xact_commit: AtomicU64,
    /// Transactions rolled back.
    pub xact_rollback: AtomicU64,
}
