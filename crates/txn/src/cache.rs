//! The versioned read cache: committed values by key, in front of the engine.
//!
//! ```text
//! entry (key, value, from)    the latest committed value of key, written by no commit after `from`
//! ```
//! A reader at csn v takes an entry with `from <= v`: as the entry is the latest, and became so before v was
//! published, it is what v sees. The committer replaces or removes entries of what it writes before it
//! publishes. A reader adds what it read at v only if, under the shard's lock, the recent-writes filter says
//! that nothing wrote the key after v; the committer sets the filter first and then locks the shard.
use crate::filter::RecentWrites;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;

const SHARDS: usize = 64;
/// Larger values are not worth their room.
const MAX_VALUE: usize = 2048;
const ENTRY_COST: usize = 96;

struct Entry {
    from: u64,
    value: Arc<[u8]>,
    /// Read since the hand passed.
    used: bool,
}

#[derive(Default)]
struct Shard {
    entries: FxHashMap<Box<[u8]>, Entry>,
    /// Keys in the order in which eviction looks at them.
    ring: std::collections::VecDeque<Box<[u8]>>,
    bytes: usize,
}

pub(crate) struct ReadCache {
    shards: Box<[Mutex<Shard>]>,
    shard_budget: usize,
}

impl ReadCache {
    pub(crate) fn new(budget: usize) -> Self {
        ReadCache {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            shard_budget: budget / SHARDS,
        }
    }

    #[inline]
    pub(crate) fn is_enabled(&self) -> bool {
        self.shard_budget > 0
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Mutex<Shard> {
        // Other bits than those the filter and the map use.
        &self.shards[(hash >> 20) as usize % SHARDS]
    }

    /// Whether a key may be cached: not the store's own, which are written beside transactions.
    #[inline]
    pub(crate) fn wants(&self, key: &[u8]) -> bool {
        self.is_enabled() && crate::StorageId::of_key(key) >= crate::meta::FIRST_CATALOG
    }

    /// `Some(value)` as a view at `csn` sees it; `None` if the cache does not know.
    #[inline]
    pub(crate) fn get(&self, hash: u64, key: &[u8], csn: u64) -> Option<Option<Arc<[u8]>>> {
        let mut shard = self.shard(hash).lock();
        let entry = shard.entries.get_mut(key)?;
        if entry.from > csn {
            return None;
        }
        entry.used = true;
        Some(Some(entry.value.clone()))
    }

    /// Adds what a reader at `csn` read, unless the key may have been written since.
    pub(crate) fn insert(
        &self,
        hash: u64,
        key: &[u8],
        value: Option<&[u8]>,
        csn: u64,
        recent: &RecentWrites,
    ) {
        let Some(value) = value.filter(|value| value.len() <= MAX_VALUE) else { return };
        let mut shard = self.shard(hash).lock();
        let from = recent.last_write(hash);
        if from > csn || shard.entries.contains_key(key) {
            return;
        }
        let entry = Entry { from, value: value.into(), used: false };
        shard.bytes += key.len() * 2 + value.len() + ENTRY_COST;
        shard.entries.insert(key.into(), entry);
        shard.ring.push_back(key.into());
        shard.shrink(self.shard_budget);
    }

    /// The committer's write of a key: a cached entry takes the new value.
    pub(crate) fn refresh(&self, hash: u64, key: &[u8], value: Option<&[u8]>, csn: u64) {
        if !self.is_enabled() {
            return;
        }
        let mut shard = self.shard(hash).lock();
        match value.filter(|value| value.len() <= MAX_VALUE) {
            Some(value) => {
                let Some(entry) = shard.entries.get_mut(key) else { return };
                let old = entry.value.len();
                entry.value = value.into();
                entry.from = csn;
                shard.bytes = shard.bytes + value.len() - old;
            }
            // The key stays in the ring until the hand passes.
            None => {
                if let Some(entry) = shard.entries.remove(key) {
                    shard.bytes -= entry.value.len() + key.len() + ENTRY_COST;
                }
            }
        }
    }

    /// Forgets everything: a commit wrote more than is worth going through.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            *shard.lock() = Shard::default();
        }
    }
}

impl Shard {
    /// Second chance: an entry that was read since the last round stays for another one.
    fn shrink(&mut self, budget: usize) {
        while self.bytes > budget {
            let Some(key) = self.ring.pop_front() else { return };
            match self.entries.get_mut(&key) {
                Some(entry) if entry.used => {
                    entry.used = false;
                    self.ring.push_back(key);
                }
                Some(entry) => {
                    self.bytes -= entry.value.len() + key.len() * 2 + ENTRY_COST;
                    self.entries.remove(&key);
                }
                None => self.bytes -= key.len(),
            }
        }
    }
}
