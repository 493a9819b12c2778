//! Escalation: a transaction that holds very many row or unique-value locks of one storage id takes one lock
//! of all of it instead, if nobody else holds any there. Memory stays bounded however much it writes.
//!
//! ```text
//! escalated: storage id -> backend    changed only with every shard locked, read with the tag's shard locked
//! ```
//! Who wants a row or value of an escalated storage id waits for its [`LockTag::Storage`] lock, lets go of
//! that at once, and tries again.
use super::{LockMode, LockOutcome, LockTag, RowLockMode, WaitPolicy, table::LockManager};
use crate::{
    StorageId,
    backend::{Backend, HeldLock},
};
use error::PgResult;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Locks of a transaction from which on escalation is tried, and how often.
const FROM: usize = 1 << 18;
const EVERY: usize = 1 << 16;
/// Storage ids with fewer locks are left alone.
const WORTH: usize = 1 << 15;

/// Storage ids locked whole.
#[derive(Default)]
pub(super) struct Escalated {
    count: AtomicUsize,
    owners: RwLock<FxHashMap<StorageId, u32>>,
}

impl Escalated {
    /// Who has the storage id of `tag` whole. The tag's shard must be locked.
    #[inline]
    pub(super) fn owner(&self, tag: &LockTag) -> Option<u32> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.owners.read().get(&tag.storage()?).copied()
    }

    pub(super) fn transfer(&self, from: u32, to: u32) {
        self.owners.write().values_mut().filter(|owner| **owner == from).for_each(|o| *o = to);
    }

    fn set(&self, sid: StorageId, owner: Option<u32>) {
        let mut owners = self.owners.write();
        match owner {
            Some(owner) => owners.insert(sid, owner),
            None => owners.remove(&sid),
        };
        self.count.store(owners.len(), Ordering::Relaxed);
    }
}

impl LockManager {
    /// Called when the list of held locks has grown.
    #[inline]
    pub(super) fn consider_escalation(&self, backend: &Backend, held: usize) {
        if held >= FROM && held.is_multiple_of(EVERY) {
            self.escalate(backend);
        }
    }

    #[cold]
    fn escalate(&self, backend: &Backend) {
        let mut held = backend.held.lock();
        let mut counts: FxHashMap<StorageId, usize> = FxHashMap::default();
        // Shared row locks (foreign keys) stay as they are: a whole lock in their place would keep others out.
        let exclusive = |lock: &HeldLock| match lock.tag {
            LockTag::Tuple { .. } => lock.mode >= RowLockMode::NoKeyUpdate as u8,
            _ => true,
        };
        for lock in held.list.iter().filter(|lock| exclusive(lock)) {
            if let Some(sid) = lock.tag.storage() {
                *counts.entry(sid).or_insert(0) += 1;
            }
        }
        counts.retain(|_, count| *count >= WORTH);
        if counts.is_empty() {
            return;
        }
        let mut shards = self.all_shards();
        let mine = |lock: &super::table::Lock| {
            lock.waiters.is_none() && lock.holders.iter().all(|h| h.backend == backend.id)
        };
        for shard in &shards {
            for (tag, lock) in shard.iter() {
                let sid = match tag {
                    LockTag::Storage { sid } => Some(*sid),
                    _ => tag.storage(),
                };
                if let Some(sid) = sid.filter(|sid| counts.contains_key(sid)) {
                    if !mine(lock) || matches!(tag, LockTag::Storage { .. }) {
                        counts.remove(&sid);
                    }
                }
            }
        }
        if counts.is_empty() {
            return;
        }
        for shard in &mut shards {
            shard.retain(|tag, _| tag.storage().is_none_or(|sid| !counts.contains_key(&sid)));
            shard.shrink_to_fit();
        }
        for sid in counts.keys() {
            let tag = LockTag::Storage { sid: *sid };
            let shard = &mut shards[Self::shard_index(&tag)];
            let mode = LockMode::AccessExclusive as u8;
            shard.entry(tag).or_default().grant(backend.id, mode, false);
            self.escalated.set(*sid, Some(backend.id));
        }
        // The whole lock takes the place of the first one that it stands for: it outlives the savepoints
        // that the others were taken after.
        let mut left = counts;
        let mut replaced = Vec::new();
        held.list.retain_mut(|lock| match lock.tag.storage() {
            Some(sid) if left.remove(&sid).is_some() => {
                lock.tag = LockTag::Storage { sid };
                lock.mode = LockMode::AccessExclusive as u8;
                replaced.push(sid);
                true
            }
            Some(sid) => !replaced.contains(&sid),
            None => true,
        });
        held.list.shrink_to_fit();
    }

    /// Waits until nobody has the storage id of `tag` whole.
    #[cold]
    pub(super) fn await_storage(
        &self,
        backend: &Arc<Backend>,
        tag: &LockTag,
        policy: WaitPolicy,
    ) -> PgResult<LockOutcome> {
        let Some(sid) = tag.storage() else { return Ok(LockOutcome::Granted) };
        let whole = LockTag::Storage { sid };
        let mode = LockMode::AccessShare as u8;
        let outcome = self.acquire_shared(backend, whole, mode, false, policy)?;
        if outcome == LockOutcome::Granted {
            self.release_one(backend, &whole, mode, false);
        }
        Ok(outcome)
    }

    /// The whole lock of a storage id is about to be released.
    pub(super) fn end_escalation(&self, tag: &LockTag, mode: u8) {
        if let LockTag::Storage { sid } = tag {
            if mode == LockMode::AccessExclusive as u8 {
                self.escalated.set(*sid, None);
            }
        }
    }
}
