//! The versioned read cache: committed values by key, in front of the engine.
//!
//! ```text
//! entry (key, value, from)    the latest committed value of key, written by no commit after `from`
//! ```
//! A reader at csn v takes an entry with `from <= v`: as the entry is the latest, and became so before v was
//! published, it is what v sees. The committer replaces or removes entries of what it writes before it
//! publishes. A reader adds what it read at v only if, under the shard's lock, the recent-writes filter says
//! that nothing wrote the key after v; the committer sets the filter first and then locks the shard.
//!
//! Entries live in slots that a clock's hand goes round: one that was read since the hand's last visit stays for
//! another round.
use crate::filter::RecentWrites;
use hashbrown::HashTable;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::sync::Arc;

const SHARDS: usize = 64;
/// Larger values are not worth their room.
const MAX_VALUE: usize = 2048;
/// What an entry takes beside its bytes: slot, table, allocation.
const ENTRY_COST: usize = 80;

/// A cached value, lent without a copy.
pub(crate) struct CachedValue {
    bytes: Arc<[u8]>,
    key_length: usize,
}

impl CachedValue {
    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.key_length..]
    }
}

struct Slot {
    hash: u64,
    from: u64,
    /// Key, then value; `None` for a slot that is free.
    bytes: Option<Arc<[u8]>>,
    key_length: u16,
    /// Read since the hand passed.
    used: bool,
}

#[derive(Default)]
struct Shard {
    table: HashTable<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    hand: usize,
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
        // Other bits than those the filter and the table use.
        &self.shards[(hash >> 20) as usize % SHARDS]
    }

    /// Whether a key may be cached: not the store's own, which are written beside transactions.
    #[inline]
    pub(crate) fn wants(&self, key: &[u8]) -> bool {
        self.is_enabled() && crate::StorageId::of_key(key) >= crate::meta::FIRST_CATALOG
    }

    /// The value that a view at `csn` sees; `None` if the cache does not know.
    #[inline]
    pub(crate) fn get(&self, hash: u64, key: &[u8], csn: u64) -> Option<CachedValue> {
        let mut shard = self.shard(hash).lock();
        let index = shard.find(hash, key)?;
        let slot = &mut shard.slots[index as usize];
        if slot.from > csn {
            return None;
        }
        slot.used = true;
        let key_length = slot.key_length as usize;
        slot.bytes.clone().map(|bytes| CachedValue { bytes, key_length })
    }

    /// Adds what a reader at `csn` read, unless the key may have been written since.
    pub(crate) fn insert(
        &self,
        hash: u64,
        key: &[u8],
        value: &[u8],
        csn: u64,
        recent: &RecentWrites,
    ) {
        if !cacheable(key, value) {
            return;
        }
        let mut shard = self.shard(hash).lock();
        let from = recent.last_write(hash);
        if from > csn || shard.find(hash, key).is_some() {
            return;
        }
        shard.add(hash, key, value, from);
        shard.shrink(self.shard_budget);
    }

    /// The committer's write of a key: a cached entry takes the new value.
    pub(crate) fn refresh(&self, hash: u64, key: &[u8], value: Option<&[u8]>, csn: u64) {
        if !self.is_enabled() {
            return;
        }
        let mut shard = self.shard(hash).lock();
        let Some(index) = shard.find(hash, key) else { return };
        match value.filter(|value| cacheable(key, value)) {
            Some(value) => {
                let bytes = joined(key, value);
                let new = bytes.len();
                let slot = &mut shard.slots[index as usize];
                slot.from = csn;
                let old = slot.bytes.replace(bytes).map_or(0, |old| old.len());
                shard.bytes = shard.bytes + new - old;
            }
            None => shard.remove(index),
        }
    }

    /// Forgets everything: a commit wrote more than is worth going through.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            *shard.lock() = Shard::default();
        }
    }
}

fn cacheable(key: &[u8], value: &[u8]) -> bool {
    value.len() <= MAX_VALUE && key.len() <= MAX_VALUE
}

fn joined(key: &[u8], value: &[u8]) -> Arc<[u8]> {
    let mut bytes = SmallVec::<[u8; 512]>::with_capacity(key.len() + value.len());
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(value);
    Arc::from(&bytes[..])
}

impl Shard {
    #[inline]
    fn find(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let slots = &self.slots;
        self.table
            .find(hash, |index| {
                let slot = &slots[*index as usize];
                slot.hash == hash
                    && slot.bytes.as_ref().is_some_and(|b| b[..slot.key_length as usize] == *key)
            })
            .copied()
    }

    fn add(&mut self, hash: u64, key: &[u8], value: &[u8], from: u64) {
        let slot = Slot {
            hash,
            from,
            bytes: Some(joined(key, value)),
            key_length: key.len() as u16,
            used: false,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
        };
        let slots = &self.slots;
        self.table.insert_unique(hash, index, |i| slots[*i as usize].hash);
        self.bytes += key.len() + value.len() + ENTRY_COST;
    }

    fn remove(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        let Some(bytes) = slot.bytes.take() else { return };
        self.bytes -= bytes.len() + ENTRY_COST;
        if let Ok(entry) = self.table.find_entry(slot.hash, |i| *i == index) {
            entry.remove();
        }
        self.free.push(index);
    }

    fn shrink(&mut self, budget: usize) {
        while self.bytes > budget {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            let Some(slot) = self.slots.get_mut(self.hand) else { return };
            let index = self.hand as u32;
            self.hand += 1;
            match slot.used {
                true => slot.used = false,
                false => self.remove(index),
            }
        }
    }
}
