//! Cancellation of statements, and blocking waits that it ends.
use error::{PgError, PgResult, Severity, SqlState, err};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

/// Why a statement or session is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum CancelReason {
    /// A cancel request or `pg_cancel_backend`.
    User = 1,
    /// `statement_timeout`.
    StatementTimeout = 2,
    /// `transaction_timeout`: ends the session.
    TransactionTimeout = 3,
    /// `idle_in_transaction_session_timeout`: ends the session.
    IdleInTransactionTimeout = 4,
    /// `idle_session_timeout`: ends the session.
    IdleSessionTimeout = 5,
    /// `pg_terminate_backend` or shutdown: ends the session.
    Terminate = 6,
    /// The client is gone: ends the session.
    ConnectionLost = 7,
}

impl CancelReason {
    fn from_code(code: u8) -> Option<Self> {
        use CancelReason::*;
        [
            User,
            StatementTimeout,
            TransactionTimeout,
            IdleInTransactionTimeout,
            IdleSessionTimeout,
            Terminate,
            ConnectionLost,
        ]
        .into_iter()
        .find(|reason| *reason as u8 == code)
    }

    /// The error a statement ends with.
    pub fn error(self) -> PgError {
        match self {
            CancelReason::User => {
                err!(QUERY_CANCELED, "canceling statement due to user request")
            }
            CancelReason::StatementTimeout => {
                err!(QUERY_CANCELED, "canceling statement due to statement timeout")
            }
            CancelReason::TransactionTimeout => fatal(
                SqlState::TRANSACTION_TIMEOUT,
                "terminating connection due to transaction timeout",
            ),
            CancelReason::IdleInTransactionTimeout => fatal(
                SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                "terminating connection due to idle-in-transaction timeout",
            ),
            CancelReason::IdleSessionTimeout => fatal(
                SqlState::IDLE_SESSION_TIMEOUT,
                "terminating connection due to idle-session timeout",
            ),
            CancelReason::Terminate => fatal(
                SqlState::ADMIN_SHUTDOWN,
                "terminating connection due to administrator command",
            ),
            CancelReason::ConnectionLost => {
                fatal(SqlState::CONNECTION_FAILURE, "connection to client lost")
            }
        }
    }
}

fn fatal(state: SqlState, message: &str) -> PgError {
    PgError::new(state, message).with_severity(Severity::Fatal)
}

/// What the waiting thread of a session waits for; `granted` is set by who ends the wait.
#[derive(Default)]
pub(crate) struct WaitSlot {
    pub(crate) granted: bool,
}

#[derive(Default)]
struct Shared {
    reason: AtomicU8,
    slot: Mutex<WaitSlot>,
    wake: Condvar,
}

/// Stops a session's statement from any thread. Clones are the same token.
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Shared>);

impl CancelToken {
    /// A token that nothing has been asked of.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the session to stop; the graver reason stays.
    pub fn cancel(&self, reason: CancelReason) {
        self.0.reason.fetch_max(reason as u8, Ordering::SeqCst);
        let _slot = self.0.slot.lock();
        self.0.wake.notify_all();
    }

    /// Forgets a request that only concerns one statement, when the next one starts.
    pub fn reset(&self) {
        for reason in [CancelReason::User as u8, CancelReason::StatementTimeout as u8] {
            let _ = self.0.reason.compare_exchange(reason, 0, Ordering::SeqCst, Ordering::SeqCst);
        }
    }

    /// The pending request.
    #[inline]
    pub fn reason(&self) -> Option<CancelReason> {
        match self.0.reason.load(Ordering::Relaxed) {
            0 => None,
            code => CancelReason::from_code(code),
        }
    }

    /// The error of the pending request, if there is one. Cheap enough for every row.
    #[inline]
    pub fn check(&self) -> PgResult<()> {
        match self.reason() {
            None => Ok(()),
            Some(reason) => Err(reason.error()),
        }
    }

    /// Sleeps, or fails when cancelled.
    pub fn sleep(&self, duration: Duration) -> PgResult<()> {
        let deadline = Instant::now().checked_add(duration);
        let mut slot = self.0.slot.lock();
        loop {
            self.check()?;
            match deadline {
                Some(deadline) => {
                    if self.0.wake.wait_until(&mut slot, deadline).timed_out() {
                        drop(slot);
                        return self.check();
                    }
                }
                None => self.0.wake.wait(&mut slot),
            }
        }
    }

    pub(crate) fn slot(&self) -> MutexGuard<'_, WaitSlot> {
        self.0.slot.lock()
    }

    pub(crate) fn grant(&self) {
        self.0.slot.lock().granted = true;
        self.0.wake.notify_all();
    }

    /// Waits for a wake-up until the deadline; true if it passed.
    pub(crate) fn wait(
        &self,
        slot: &mut MutexGuard<'_, WaitSlot>,
        deadline: Option<Instant>,
    ) -> bool {
        match deadline {
            Some(deadline) => self.0.wake.wait_until(slot, deadline).timed_out(),
            None => {
                self.0.wake.wait(slot);
                false
            }
        }
    }
}
