//! Waiting for a lock: until it is granted, a timeout, a cancel request, or a deadlock.
use super::{
    LockTag, deadlock,
    table::{LockManager, Shard},
};
use crate::backend::Backend;
use error::{PgResult, err};
use std::{sync::Arc, time::Instant};

impl LockManager {
    pub(super) fn wait(&self, backend: &Arc<Backend>, tag: &LockTag) -> PgResult<()> {
        let start = Instant::now();
        let mut deadlock_at = Some(start + backend.deadlock_timeout());
        let timeout_at = backend.lock_timeout().map(|timeout| start + timeout);
        let mut slot = backend.cancel.slot();
        let failure = loop {
            if slot.granted {
                return Ok(());
            }
            if let Err(error) = backend.cancel.check() {
                break error;
            }
            let now = Instant::now();
            if timeout_at.is_some_and(|at| at <= now) {
                break err!(LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout");
            }
            if deadlock_at.is_some_and(|at| at <= now) {
                deadlock_at = None;
                drop(slot);
                self.check_deadlock(backend)?;
                slot = backend.cancel.slot();
                continue;
            }
            let deadline = match (deadlock_at, timeout_at) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            backend.cancel.wait(&mut slot, deadline);
        };
        drop(slot);
        // Granted in the meantime: the caller has the lock, and meets a cancel request at its next check.
        if self.leave_queue(backend, tag) { Err(failure) } else { Ok(()) }
    }

    /// Takes a backend out of a queue; false if it was granted already.
    fn leave_queue(&self, backend: &Backend, tag: &LockTag) -> bool {
        let mut shard = self.shard(tag);
        leave_queue_in(&mut shard, backend, tag)
    }

    fn check_deadlock(&self, backend: &Arc<Backend>) -> PgResult<()> {
        let _one = self.detector.lock();
        let backends = self.backends.read().clone();
        let mut shards = self.all_shards();
        let Some(error) = deadlock::check(&mut shards, &backends, backend) else { return Ok(()) };
        let Some(waiting) = *backend.waiting.lock() else { return Ok(()) };
        let shard = &mut shards[Self::shard_index(&waiting.tag)];
        if leave_queue_in(shard, backend, &waiting.tag) {
            self.stats.deadlocks.add(1);
            Err(error)
        } else {
            Ok(())
        }
    }
}

fn leave_queue_in(shard: &mut Shard, backend: &Backend, tag: &LockTag) -> bool {
    let Some(lock) = shard.get_mut(tag) else { return false };
    let Some(waiters) = &mut lock.waiters else { return false };
    let Some(position) = waiters.iter().position(|w| w.backend.id == backend.id) else {
        return false;
    };
    waiters.remove(position);
    if waiters.is_empty() {
        lock.waiters = None;
    }
    lock.wake(tag);
    if lock.is_unused() {
        shard.remove(tag);
    }
    true
}
