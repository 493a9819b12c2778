//! A session as the lock manager sees it: who waits and who holds.
use crate::{CancelToken, LockMode, LockTag, ReadView};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// A session's part of the lock manager. One transaction at a time runs on it.
pub struct Backend {
    /// What `pg_backend_pid()` says.
    pub pid: i32,
    /// Unique among all backends of the store.
    pub(crate) id: u32,
    /// Stops the session's statement.
    pub cancel: CancelToken,
    deadlock_timeout_ms: AtomicU32,
    lock_timeout_ms: AtomicU32,
    /// xid of the transaction that runs, 0 for none.
    pub(crate) xid: AtomicU64,
    /// The session has met this commit: what it sees next is no older.
    pub(crate) floor: AtomicU64,
    /// The view that statements of late have seen.
    pub(crate) view: Mutex<Option<Arc<ReadView>>>,
    pub(crate) held: Mutex<Held>,
    pub(crate) waiting: Mutex<Option<Waiting>>,
}

/// What a backend waits for, for views.
#[derive(Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) tag: LockTag,
    pub(crate) mode: u8,
    pub(crate) since: SystemTime,
}

/// A transaction-level lock.
#[derive(Clone, Copy)]
pub(crate) struct HeldLock {
    pub(crate) tag: LockTag,
    pub(crate) mode: u8,
    /// Ascends along the list: a savepoint remembers the next one.
    pub(crate) number: u32,
}

/// Locks held.
#[derive(Default)]
pub(crate) struct Held {
    /// In the order they were taken.
    pub(crate) list: Vec<HeldLock>,
    pub(crate) next_number: u32,
    /// Session-level locks with how often they were taken.
    pub(crate) session: FxHashMap<(LockTag, u8), u32>,
    /// Weak relation locks that are only noted here: database, relation, modes as bits.
    pub(crate) fast: Vec<(u32, u32, u8)>,
    /// Some were moved to the table in this transaction: look there before noting new ones.
    pub(crate) moved: bool,
}

impl Held {
    pub(crate) fn push(&mut self, tag: LockTag, mode: u8) -> usize {
        self.list.push(HeldLock { tag, mode, number: self.next_number });
        self.next_number += 1;
        self.list.len()
    }
}

impl Backend {
    pub(crate) fn new(pid: i32, id: u32) -> Self {
        Backend {
            pid,
            id,
            cancel: CancelToken::new(),
            deadlock_timeout_ms: AtomicU32::new(1000),
            lock_timeout_ms: AtomicU32::new(0),
            xid: AtomicU64::new(0),
            floor: AtomicU64::new(0),
            view: Mutex::default(),
            held: Mutex::default(),
            waiting: Mutex::new(None),
        }
    }

    /// The session pauses: the state that its last statement saw need not be kept for it.
    pub fn rest(&self) {
        *self.view.lock() = None;
    }

    /// Sets `deadlock_timeout` in milliseconds.
    pub fn set_deadlock_timeout(&self, milliseconds: u32) {
        self.deadlock_timeout_ms.store(milliseconds, Ordering::Relaxed);
    }

    /// Sets `lock_timeout` in milliseconds; 0 waits for ever.
    pub fn set_lock_timeout(&self, milliseconds: u32) {
        self.lock_timeout_ms.store(milliseconds, Ordering::Relaxed);
    }

    pub(crate) fn deadlock_timeout(&self) -> Duration {
        Duration::from_millis(self.deadlock_timeout_ms.load(Ordering::Relaxed).max(1).into())
    }

    pub(crate) fn lock_timeout(&self) -> Option<Duration> {
        match self.lock_timeout_ms.load(Ordering::Relaxed) {
            0 => None,
            ms => Some(Duration::from_millis(ms.into())),
        }
    }

    /// Sleeps, or fails when cancelled (`pg_sleep`).
    pub fn sleep(&self, duration: Duration) -> error::PgResult<()> {
        self.cancel.sleep(duration)
    }

    /// What the backend waits for: lock tag and mode, for `pg_stat_activity.wait_event`.
    pub fn waiting_for(&self) -> Option<(LockTag, LockMode)> {
        let waiting = *self.waiting.lock();
        waiting.map(|w| (w.tag, crate::lock::shown_mode(&w.tag, w.mode)))
    }

    /// The id of the transaction that runs here, if it has one.
    pub fn current_xid(&self) -> Option<u64> {
        Some(self.xid.load(Ordering::Relaxed)).filter(|xid| *xid != 0)
    }

    /// A mark for [`crate::LockManager::release_since`]: locks taken from now on.
    pub fn lock_mark(&self) -> u32 {
        self.held.lock().next_number
    }
}
