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
//! A clock's hand goes round the table: an entry that was read since its last visit stays for another round. A hit
//! costs three memory accesses that are likely to miss the processor's caches: the table's tag, its bucket, the entry.
use crate::filter::RecentWrites;
use hashbrown::HashTable;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::sync::atomic::{AtomicBool, Ordering};
use triomphe::ThinArc;

const SHARDS: usize = 64;
/// Larger values are not worth their room.
const MAX_VALUE: usize = 2048;
/// What an entry takes beside its bytes: table, header, allocation.
const ENTRY_COST: usize = 56;

/// Key and value in one allocation.
type Entry = ThinArc<Header, u8>;

struct Header {
    hash: u64,
    from: u64,
    key_length: u32,
    /// Read since the hand passed.
    used: AtomicBool,
}

/// A cached value, lent without a copy.
pub(crate) struct CachedValue(Entry);

impl CachedValue {
    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0.slice[self.0.header.header.key_length as usize..]
    }
}

/// A part of the cache behind a lock of its own, on cache lines of its own.
#[derive(Default)]
#[repr(align(64))]
struct Shard(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    table: HashTable<Entry>,
    /// The bucket that the hand comes to next.
    hand: usize,
    bytes: usize,
}

pub(crate) struct ReadCache {
    shards: Box<[Shard]>,
    shard_budget: usize,
}

impl ReadCache {
    pub(crate) fn new(budget: usize) -> Self {
        ReadCache {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            shard_budget: budget / SHARDS,
        }
    }

    #[inline]
    pub(crate) fn is_enabled(&self) -> bool {
        self.shard_budget > 0
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Mutex<Entries> {
        // Other bits than those the filter and the table use.
        &self.shards[(hash >> 20) as usize % SHARDS].0
    }

    /// Whether a key may be cached: not the store's own, which are written beside transactions.
    #[inline]
    pub(crate) fn wants(&self, key: &[u8]) -> bool {
        self.is_enabled() && crate::StorageId::of_key(key) >= crate::meta::FIRST_CATALOG
    }

    /// The value that a view at `csn` sees; `None` if the cache does not know.
    #[inline]
    pub(crate) fn get(&self, hash: u64, key: &[u8], csn: u64) -> Option<CachedValue> {
        let shard = self.shard(hash).lock();
        let entry = shard.find(hash, key)?;
        let header = &entry.header.header;
        if header.from > csn {
            return None;
        }
        if !header.used.load(Ordering::Relaxed) {
            header.used.store(true, Ordering::Relaxed);
        }
        Some(CachedValue(entry.clone()))
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
        let Ok(mut found) = shard.table.find_entry(hash, |e| is_of(e, hash, key)) else { return };
        let old = found.get().slice.len();
        match value.filter(|value| cacheable(key, value)) {
            Some(value) => {
                *found.get_mut() = entry(hash, key, value, csn);
                shard.bytes = shard.bytes + key.len() + value.len() - old;
            }
            None => {
                found.remove();
                shard.bytes -= old + ENTRY_COST;
            }
        }
    }

    /// Forgets everything: a commit wrote more than is worth going through.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            *shard.0.lock() = Entries::default();
        }
    }
}

fn cacheable(key: &[u8], value: &[u8]) -> bool {
    value.len() <= MAX_VALUE && key.len() <= MAX_VALUE
}

fn entry(hash: u64, key: &[u8], value: &[u8], from: u64) -> Entry {
    let mut bytes = SmallVec::<[u8; 512]>::with_capacity(key.len() + value.len());
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(value);
    let header = Header { hash, from, key_length: key.len() as u32, used: AtomicBool::new(false) };
    ThinArc::from_header_and_slice(header, &bytes)
}

#[inline]
fn is_of(entry: &Entry, hash: u64, key: &[u8]) -> bool {
    let header = &entry.header.header;
    header.hash == hash && entry.slice[..header.key_length as usize] == *key
}

impl Entries {
    #[inline]
    fn find(&self, hash: u64, key: &[u8]) -> Option<&Entry> {
        self.table.find(hash, |entry| is_of(entry, hash, key))
    }

    fn add(&mut self, hash: u64, key: &[u8], value: &[u8], from: u64) {
        let entry = entry(hash, key, value, from);
        self.table.insert_unique(hash, entry, |e| e.header.header.hash);
        self.bytes += key.len() + value.len() + ENTRY_COST;
    }

    fn shrink(&mut self, budget: usize) {
        while self.bytes > budget && !self.table.is_empty() {
            if self.hand >= self.table.num_buckets() {
                self.hand = 0;
            }
            let index = self.hand;
            self.hand += 1;
            let Ok(found) = self.table.get_bucket_entry(index) else { continue };
            let used = &found.get().header.header.used;
            if used.load(Ordering::Relaxed) {
                used.store(false, Ordering::Relaxed);
            } else {
                self.bytes -= found.get().slice.len() + ENTRY_COST;
                found.remove();
            }
        }
    }
}
