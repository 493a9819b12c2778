//! The lock table: granting, queueing, waiting, releasing.
use super::{
    LockLevel, LockMode, LockOutcome, LockTag, RowLockMode, WaitPolicy, escalate::Escalated,
    mode::conflict_mask,
};
use crate::{
    backend::{Backend, HeldLock, Waiting},
    stats::StoreStats,
    view::Views,
};
use error::PgResult;
use parking_lot::{Mutex, MutexGuard, RwLock};
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;
use std::{
    collections::VecDeque,
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::SystemTime,
};

const SHARDS: usize = 128;
const STRONG: usize = 1024;
/// Weak relation locks a backend notes for itself.
const FAST_SLOTS: usize = 64;

#[derive(Clone, Copy)]
pub(super) struct Holder {
    pub(super) backend: u32,
    /// Modes held until the end of the transaction, as bits.
    pub(super) xact: u16,
    /// Modes held by the session.
    pub(super) session: u16,
}

pub(super) struct Waiter {
    pub(super) backend: Arc<Backend>,
    pub(super) mode: u8,
    session: bool,
}

#[derive(Default)]
pub(super) struct Lock {
    pub(super) holders: SmallVec<[Holder; 2]>,
    /// Boxed because nearly all locks have none, and there may be very many locks.
    #[allow(clippy::box_collection)]
    pub(super) waiters: Option<Box<VecDeque<Waiter>>>,
}

pub(super) type Shard = FxHashMap<LockTag, Lock>;

impl Lock {
    /// Modes that others than `backend` hold.
    pub(super) fn held_by_others(&self, backend: u32) -> u16 {
        self.holders
            .iter()
            .filter(|h| h.backend != backend)
            .fold(0, |modes, h| modes | h.xact | h.session)
    }

    fn held_by(&self, backend: u32) -> u16 {
        self.holders.iter().find(|h| h.backend == backend).map_or(0, |h| h.xact | h.session)
    }

    pub(super) fn grant(&mut self, backend: u32, mode: u8, session: bool) {
        let bit = 1 << mode;
        let holder = match self.holders.iter_mut().find(|h| h.backend == backend) {
            Some(holder) => holder,
            None => {
                self.holders.push(Holder { backend, xact: 0, session: 0 });
                let last = self.holders.len() - 1;
                &mut self.holders[last]
            }
        };
        if session { holder.session |= bit } else { holder.xact |= bit }
    }

    /// Where a new waiter belongs: before the first one that it already blocks, else at the end. Also
    /// whether it must queue because of who is ahead.
    fn queue_position(&self, backend: u32, row: bool, mode: u8) -> (usize, bool) {
        let Some(waiters) = &self.waiters else { return (0, false) };
        let mine = self.held_by(backend);
        let mut ahead = 0u16;
        for (position, waiter) in waiters.iter().enumerate() {
            if mine & conflict_mask(row, waiter.mode) != 0 {
                return (position, ahead & conflict_mask(row, mode) != 0);
            }
            ahead |= 1 << waiter.mode;
        }
        (waiters.len(), ahead & conflict_mask(row, mode) != 0)
    }

    /// Grants to the waiters that nothing stands against any more, in order.
    pub(super) fn wake(&mut self, tag: &LockTag) {
        let Some(mut waiters) = self.waiters.take() else { return };
        let row = tag.is_row();
        let mut still_waiting = VecDeque::new();
        let mut ahead = 0u16;
        for waiter in waiters.drain(..) {
            let conflicts = conflict_mask(row, waiter.mode);
            if (self.held_by_others(waiter.backend.id) | ahead) & conflicts == 0 {
                self.grant(waiter.backend.id, waiter.mode, waiter.session);
                waiter.backend.cancel.grant();
            } else {
                ahead |= 1 << waiter.mode;
                still_waiting.push_back(waiter);
            }
        }
        if !still_waiting.is_empty() {
            *waiters = still_waiting;
            self.waiters = Some(waiters);
        }
    }

    pub(super) fn is_unused(&self) -> bool {
        self.holders.is_empty() && self.waiters.is_none()
    }
}

/// The lock manager of a store.
pub struct LockManager {
    shards: Box<[Mutex<Shard>]>,
    /// By hash of a relation, how many strong locks on it are held or wanted.
    strong: Box<[AtomicU32]>,
    pub(super) backends: RwLock<FxHashMap<u32, Arc<Backend>>>,
    next_backend: AtomicU32,
    /// One deadlock check at a time.
    pub(super) detector: Mutex<()>,
    pub(super) escalated: Escalated,
    pub(super) stats: Arc<StoreStats>,
    views: Arc<Views>,
}

fn hash_tag(tag: &LockTag) -> usize {
    let hash = FxBuildHasher.hash_one(tag);
    (hash ^ (hash >> 32)) as usize
}

fn is_weak(tag: &LockTag, mode: u8) -> Option<(u32, u32)> {
    match tag {
        LockTag::Relation { db, oid } if mode <= LockMode::RowExclusive as u8 => Some((*db, *oid)),
        _ => None,
    }
}

fn is_strong(tag: &LockTag, mode: u8) -> bool {
    matches!(tag, LockTag::Relation { .. }) && mode > LockMode::ShareUpdateExclusive as u8
}

impl LockManager {
    pub(crate) fn new(stats: Arc<StoreStats>, views: Arc<Views>) -> Self {
        LockManager {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            strong: (0..STRONG).map(|_| AtomicU32::new(0)).collect(),
            backends: RwLock::default(),
            next_backend: AtomicU32::new(1),
            detector: Mutex::new(()),
            escalated: Escalated::default(),
            stats,
            views,
        }
    }

    /// Adds a session.
    pub fn register(&self, pid: i32) -> Arc<Backend> {
        let id = self.next_backend.fetch_add(1, Ordering::Relaxed);
        let backend = Arc::new(Backend::new(pid, id));
        self.backends.write().insert(id, backend.clone());
        backend
    }

    /// Ends a session: all its locks are released.
    pub fn unregister(&self, backend: &Arc<Backend>) {
        self.release_transaction(backend);
        self.release_session(backend);
        self.backends.write().remove(&backend.id);
    }

    pub(crate) fn all_backends(&self) -> Vec<Arc<Backend>> {
        self.backends.read().values().cloned().collect()
    }

    /// The backend of a process id.
    pub fn backend(&self, pid: i32) -> Option<Arc<Backend>> {
        self.backends.read().values().find(|b| b.pid == pid).cloned()
    }

    /// Takes a lock in one of the standard modes.
    pub fn lock(
        &self,
        backend: &Arc<Backend>,
        tag: LockTag,
        mode: LockMode,
        level: LockLevel,
        policy: WaitPolicy,
    ) -> PgResult<LockOutcome> {
        let outcome = self.acquire(backend, tag, mode as u8, level, policy)?;
        if level == LockLevel::Session && outcome != LockOutcome::NotAvailable {
            *backend.held.lock().session.entry((tag, mode as u8)).or_insert(0) += 1;
        }
        Ok(outcome)
    }

    /// Takes a row lock until the end of the transaction.
    pub fn lock_row(
        &self,
        backend: &Arc<Backend>,
        tag: LockTag,
        mode: RowLockMode,
        policy: WaitPolicy,
    ) -> PgResult<LockOutcome> {
        self.acquire(backend, tag, mode as u8, LockLevel::Transaction, policy)
    }

    pub(super) fn shard(&self, tag: &LockTag) -> MutexGuard<'_, Shard> {
        self.shards[hash_tag(tag) % SHARDS].lock()
    }

    pub(super) fn all_shards(&self) -> Vec<MutexGuard<'_, Shard>> {
        self.shards.iter().map(|shard| shard.lock()).collect()
    }

    pub(super) fn shard_index(tag: &LockTag) -> usize {
        hash_tag(tag) % SHARDS
    }

    fn strong_count(&self, tag: &LockTag) -> &AtomicU32 {
        &self.strong[(hash_tag(tag) >> 7) % STRONG]
    }

    fn acquire(
        &self,
        backend: &Arc<Backend>,
        tag: LockTag,
        mode: u8,
        level: LockLevel,
        policy: WaitPolicy,
    ) -> PgResult<LockOutcome> {
        let session = level == LockLevel::Session;
        if !session {
            if let Some(relation) = is_weak(&tag, mode) {
                if let Some(outcome) = self.acquire_fast(backend, &tag, relation, mode) {
                    return Ok(outcome);
                }
            }
        }
        let strong = is_strong(&tag, mode);
        if strong {
            self.strong_count(&tag).fetch_add(1, Ordering::SeqCst);
            self.close_fast_path(&tag);
        }
        let result = loop {
            match self.acquire_shared(backend, tag, mode, session, policy) {
                Ok(LockOutcome::Escalated) => match self.await_storage(backend, &tag, policy) {
                    Ok(LockOutcome::Granted) => continue,
                    other => break other,
                },
                other => break other,
            }
        };
        if tag.storage().is_none() {
            // Rows and unique keys are compared with the latest state when they are met.
            self.views.lock_granted(backend);
        }
        if strong && !matches!(result, Ok(LockOutcome::Granted)) {
            self.strong_count(&tag).fetch_sub(1, Ordering::SeqCst);
        }
        if !session && matches!(result, Ok(LockOutcome::Granted)) {
            let held = backend.held.lock().push(tag, mode);
            self.consider_escalation(backend, held);
        }
        result
    }

    fn acquire_fast(
        &self,
        backend: &Backend,
        tag: &LockTag,
        (db, oid): (u32, u32),
        mode: u8,
    ) -> Option<LockOutcome> {
        let mut held = backend.held.lock();
        let bit = 1u8 << mode;
        let known = held.fast.iter().position(|f| f.0 == db && f.1 == oid);
        if let Some(position) = known {
            if held.fast[position].2 & bit != 0 {
                return Some(LockOutcome::AlreadyHeld);
            }
        }
        if self.strong_count(tag).load(Ordering::SeqCst) != 0 {
            return None;
        }
        match known {
            None if held.moved => return None,
            Some(position) => held.fast[position].2 |= bit,
            None if held.fast.len() < FAST_SLOTS => held.fast.push((db, oid, bit)),
            None => return None,
        }
        held.push(*tag, mode);
        Some(LockOutcome::Granted)
    }

    /// Moves weak locks on a relation from the backends to the table. The strong count is raised, so no
    /// new ones are noted.
    fn close_fast_path(&self, tag: &LockTag) {
        let LockTag::Relation { db, oid } = *tag else { return };
        for backend in self.backends.read().values() {
            let mut held = backend.held.lock();
            let Some(position) = held.fast.iter().position(|f| f.0 == db && f.1 == oid) else {
                continue;
            };
            let (_, _, modes) = held.fast.swap_remove(position);
            held.moved = true;
            let mut shard = self.shard(tag);
            let lock = shard.entry(*tag).or_default();
            for mode in 1..=3 {
                if modes & (1 << mode) != 0 {
                    lock.grant(backend.id, mode, false);
                }
            }
        }
    }

    /// [`LockOutcome::Escalated`] means that another backend has the tag's storage id whole.
    pub(super) fn acquire_shared(
        &self,
        backend: &Arc<Backend>,
        tag: LockTag,
        mode: u8,
        session: bool,
        policy: WaitPolicy,
    ) -> PgResult<LockOutcome> {
        {
            let mut shard = self.shard(&tag);
            match self.escalated.owner(&tag) {
                Some(owner) if owner == backend.id => return Ok(LockOutcome::AlreadyHeld),
                Some(_) => return Ok(LockOutcome::Escalated),
                None => {}
            }
            let lock = shard.entry(tag).or_default();
            let row = tag.is_row();
            let conflicts = conflict_mask(row, mode);
            let bit = 1u16 << mode;
            if let Some(holder) = lock.holders.iter_mut().find(|h| h.backend == backend.id) {
                let owned = if session { holder.session } else { holder.xact };
                if owned & bit != 0 {
                    return Ok(LockOutcome::AlreadyHeld);
                }
                // Held at the other level: no conflict can be new.
                if (holder.xact | holder.session) & bit != 0 {
                    lock.grant(backend.id, mode, session);
                    return Ok(LockOutcome::Granted);
                }
            }
            let blocked = lock.held_by_others(backend.id) & conflicts != 0;
            let (position, behind) = lock.queue_position(backend.id, row, mode);
            if !blocked && !behind {
                lock.grant(backend.id, mode, session);
                return Ok(LockOutcome::Granted);
            }
            if policy == WaitPolicy::Skip {
                if lock.is_unused() {
                    shard.remove(&tag);
                }
                return Ok(LockOutcome::NotAvailable);
            }
            backend.cancel.slot().granted = false;
            *backend.waiting.lock() = Some(Waiting { tag, mode, since: SystemTime::now() });
            let waiter = Waiter { backend: backend.clone(), mode, session };
            lock.waiters.get_or_insert_default().insert(position, waiter);
        }
        self.stats.lock_waits.add(1);
        let result = self.wait(backend, &tag);
        *backend.waiting.lock() = None;
        result.map(|()| LockOutcome::Granted)
    }

    pub(super) fn release_one(&self, backend: &Backend, tag: &LockTag, mode: u8, session: bool) {
        {
            let mut shard = self.shard(tag);
            let Some(lock) = shard.get_mut(tag) else { return };
            let Some(position) = lock.holders.iter().position(|h| h.backend == backend.id) else {
                return;
            };
            let holder = &mut lock.holders[position];
            let modes = if session { &mut holder.session } else { &mut holder.xact };
            *modes &= !(1 << mode);
            if holder.xact | holder.session == 0 {
                lock.holders.swap_remove(position);
            }
            if lock.waiters.is_some() {
                lock.wake(tag);
            }
            if lock.is_unused() {
                shard.remove(tag);
            }
        }
        if is_strong(tag, mode) {
            self.strong_count(tag).fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Releases the transaction-level locks taken since [`Backend::lock_mark`] gave `mark`.
    pub fn release_since(&self, backend: &Backend, mark: u32) {
        let mut held = backend.held.lock();
        while let Some(lock) = held.list.pop_if(|lock| lock.number >= mark) {
            let (tag, mode) = (lock.tag, lock.mode);
            if let Some((db, oid)) = is_weak(&tag, mode) {
                let fast = held.fast.iter().position(|f| f.0 == db && f.1 == oid);
                if let Some(position) = fast.filter(|p| held.fast[*p].2 & (1 << mode) != 0) {
                    held.fast[position].2 &= !(1 << mode);
                    if held.fast[position].2 == 0 {
                        held.fast.swap_remove(position);
                    }
                    continue;
                }
            }
            self.end_escalation(&tag, mode);
            self.release_one(backend, &tag, mode, false);
        }
        if mark == 0 {
            held.moved = false;
            held.next_number = 0;
            if held.list.capacity() > 4096 {
                held.list = Vec::new();
            }
        }
    }

    /// Gives all transaction-level locks of one backend to another, which holds none.
    pub(crate) fn transfer(&self, from: &Backend, to: &Backend) {
        let mut source = from.held.lock();
        let mut target = to.held.lock();
        target.list = std::mem::take(&mut source.list);
        target.next_number = std::mem::take(&mut source.next_number);
        target.fast = std::mem::take(&mut source.fast);
        target.moved = std::mem::take(&mut source.moved);
        for HeldLock { tag, mode, .. } in &target.list {
            let mut shard = self.shard(tag);
            let Some(lock) = shard.get_mut(tag) else { continue };
            let Some(position) = lock.holders.iter().position(|h| h.backend == from.id) else {
                continue;
            };
            if lock.holders[position].xact & (1 << mode) == 0 {
                continue;
            }
            lock.holders[position].xact &= !(1 << mode);
            if lock.holders[position].xact | lock.holders[position].session == 0 {
                lock.holders.swap_remove(position);
            }
            lock.grant(to.id, *mode, false);
        }
        self.escalated.transfer(from.id, to.id);
    }

    /// Takes a lock again that a prepared transaction held before a restart.
    pub(crate) fn restore(&self, backend: &Arc<Backend>, tag: LockTag, mode: u8) -> PgResult<()> {
        self.acquire(backend, tag, mode, LockLevel::Transaction, WaitPolicy::Skip).map(drop)
    }

    /// Releases all transaction-level locks.
    pub fn release_transaction(&self, backend: &Backend) {
        self.release_since(backend, 0);
    }

    /// Releases a transaction-level lock early (catalog reads do).
    pub fn unlock_transaction(&self, backend: &Backend, tag: LockTag, mode: LockMode) -> bool {
        let mut held = backend.held.lock();
        let wanted = |lock: &HeldLock| lock.tag == tag && lock.mode == mode as u8;
        let Some(position) = held.list.iter().rposition(wanted) else { return false };
        held.list.remove(position);
        if let Some((db, oid)) = is_weak(&tag, mode as u8) {
            if let Some(fast) = held.fast.iter_mut().find(|f| f.0 == db && f.1 == oid) {
                fast.2 &= !(1 << mode as u8);
                held.fast.retain(|f| f.2 != 0);
                return true;
            }
        }
        self.release_one(backend, &tag, mode as u8, false);
        true
    }

    /// Releases a session-level lock once; false if it is not held.
    pub fn unlock_session(&self, backend: &Backend, tag: LockTag, mode: LockMode) -> bool {
        let mut held = backend.held.lock();
        let entry = (tag, mode as u8);
        let Some(count) = held.session.get_mut(&entry) else { return false };
        *count -= 1;
        if *count == 0 {
            held.session.remove(&entry);
            self.release_one(backend, &tag, mode as u8, true);
        }
        true
    }

    /// Releases all session-level locks (`pg_advisory_unlock_all`, end of the session).
    pub fn release_session(&self, backend: &Backend) {
        let mut held = backend.held.lock();
        for ((tag, mode), _) in held.session.drain() {
            self.release_one(backend, &tag, mode, true);
        }
    }

    /// Whether the backend holds the lock in this mode, at either level.
    pub fn holds(&self, backend: &Backend, tag: &LockTag, mode: LockMode) -> bool {
        if let Some((db, oid)) = is_weak(tag, mode as u8) {
            let held = backend.held.lock();
            if held.fast.iter().any(|f| f.0 == db && f.1 == oid && f.2 & (1 << mode as u8) != 0) {
                return true;
            }
        }
        let shard = self.shard(tag);
        shard.get(tag).is_some_and(|lock| lock.held_by(backend.id) & (1 << mode as u16) != 0)
    }
}
