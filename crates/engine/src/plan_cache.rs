//! Analysed statements that sessions share, least recently used ones dropped first.
use crate::{context::StatementContext, statement::CachedStatement};
use lru::LruCache;
use parking_lot::Mutex;
use rustc_hash::FxHasher;
use std::{
    hash::{Hash, Hasher},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use types::Oid;

const SHARDS: usize = 16;
const SHARD_CAPACITY: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// What must be equal for a statement to be shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PlanKey {
    pub(crate) database: Oid,
    pub(crate) role: Oid,
    /// Settings that plans depend on, search_path included.
    pub(crate) fingerprint: u64,
    pub(crate) param_types: Vec<Oid>,
    pub(crate) text: Arc<str>,
}

impl PlanKey {
    /// The key of a text in a session as it is now.
    pub(crate) fn new(cx: &StatementContext<'_>, text: &Arc<str>, types: &[Oid]) -> PlanKey {
        PlanKey {
            database: cx.core.database,
            role: cx.core.user.lock().current(),
            fingerprint: cx.core.plan_fingerprint(),
            param_types: types.to_vec(),
            text: text.clone(),
        }
    }
}

/// The cache.
pub(crate) struct PlanCache {
    shards: Vec<Mutex<LruCache<PlanKey, Arc<CachedStatement>>>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Default for PlanCache {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(LruCache::new(SHARD_CAPACITY))).collect();
        PlanCache { shards, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }
}

impl PlanCache {
    fn shard(&self, key: &PlanKey) -> &Mutex<LruCache<PlanKey, Arc<CachedStatement>>> {
        let mut hasher = FxHasher::default();
        key.hash(&mut hasher);
        &self.shards[(hasher.finish() >> 32) as usize % SHARDS]
    }

    /// The statement of that key; the caller checks that it is still valid.
    pub(crate) fn get(&self, key: &PlanKey) -> Option<Arc<CachedStatement>> {
        let found = self.shard(key).lock().get(key).cloned();
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Adds a statement.
    pub(crate) fn insert(&self, key: PlanKey, statement: Arc<CachedStatement>) {
        self.shard(&key).lock().put(key, statement);
    }

    /// Drops a statement that has become stale.
    pub(crate) fn remove(&self, key: &PlanKey) {
        self.shard(key).lock().pop(key);
    }
}
