//! Cache keys and the caches that all sessions share: entries at the latest committed state.
//!
//! An entry is removed by the commit that changes what it was made of, before that commit can be seen. A
//! reader that loaded at an older state must not bring the old entry back: it adds an entry only if the
//! state it read is not older than the last invalidation, checked under the shard's lock.
use dashmap::DashMap;
use rustc_hash::FxBuildHasher;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use types::Oid;

/// What a cache entry is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Key {
    Type(Oid),
    TypeName(Oid, Box<str>),
    Proc(Oid),
    ProcName(Box<str>),
    Operator(Oid),
    OperatorName(Box<str>),
    Cast(Oid, Oid),
    Aggregate(Oid),
    Opclass(Oid),
    OpclassOfAm(Oid),
    AmopOfFamily(Oid),
    AmopOfOperator(Oid),
    AmprocOfFamily(Oid),
    Range(Oid),
    RangeOfMultirange(Oid),
    Collation(Oid),
    CollationName(Oid, Box<str>),
    EnumLabels(Oid),
    DomainConstraints(Oid),
    NamespaceName(Box<str>),
    Namespace(Oid),
    RelationName(Oid, Box<str>),
    Relation(Oid),
    Children(Oid),
    Parents(Oid),
    Statistic(Oid, i16, bool),
    Language(Box<str>),
    AccessMethod(Box<str>),
    /// Anything else of one catalog, by the catalog's OID and the object's.
    Object(Oid, Oid),
    // Of shared catalogs:
    Role(Oid),
    RoleName(Box<str>),
    /// All role memberships.
    Memberships,
    Database(Oid),
    DatabaseName(Box<str>),
}

impl Key {
    /// Whether the entry is made of shared catalogs only.
    pub fn is_shared(&self) -> bool {
        matches!(
            self,
            Key::Role(_)
                | Key::RoleName(_)
                | Key::Memberships
                | Key::Database(_)
                | Key::DatabaseName(_)
        )
    }
}

type Value = Arc<dyn Any + Send + Sync>;

/// Past this the cache starts anew: names that do not exist are remembered too, and anybody can ask for
/// any number of those.
const MAX_ENTRIES: usize = 200_000;

/// Entries of one database (or of the shared catalogs).
#[derive(Default)]
pub struct CacheSet {
    entries: DashMap<Key, Value, FxBuildHasher>,
    /// Csn of the last commit that invalidated anything.
    invalidated: AtomicU64,
    /// When (catalog version) an object was last changed, for those that changed since start.
    versions: DashMap<Key, u64, FxBuildHasher>,
    /// Any object may have changed at this version.
    all_changed: AtomicU64,
}

impl CacheSet {
    /// The entry, if it is there and of type `V`.
    pub fn get<V: Clone + Send + Sync + 'static>(&self, key: &Key) -> Option<V> {
        self.entries.get(key).and_then(|v| v.downcast_ref::<V>().cloned())
    }

    /// Adds an entry made of the state at `csn`.
    pub fn insert<V: Clone + Send + Sync + 'static>(&self, key: Key, value: V, csn: u64) {
        if self.entries.len() > MAX_ENTRIES {
            self.entries.clear();
        }
        let entry = self.entries.entry(key);
        if csn >= self.invalidated.load(Ordering::SeqCst) {
            entry.insert(Arc::new(value));
        }
    }

    /// Removes what a commit changed.
    pub fn invalidate<'a>(&self, keys: impl Iterator<Item = &'a Key>, csn: u64, version: u64) {
        self.invalidated.fetch_max(csn, Ordering::SeqCst);
        if self.versions.len() > MAX_ENTRIES {
            // Better to look at all plans once than to remember every temporary table there ever was.
            self.all_changed.fetch_max(version, Ordering::SeqCst);
            self.versions.clear();
        }
        for key in keys {
            self.entries.remove(key);
            if matches!(key, Key::Relation(_) | Key::Proc(_) | Key::Type(_) | Key::Operator(_)) {
                self.versions.insert(key.clone(), version);
            }
        }
    }

    /// Removes everything, for a commit that does not say what it changed.
    pub fn invalidate_all(&self, csn: u64, version: u64) {
        self.invalidated.fetch_max(csn, Ordering::SeqCst);
        self.all_changed.fetch_max(version, Ordering::SeqCst);
        self.entries.clear();
    }

    /// The catalog version at which an object last changed, 0 if it did not since start.
    pub fn version_of(&self, key: &Key) -> u64 {
        let own = self.versions.get(key).map_or(0, |v| *v);
        own.max(self.all_changed.load(Ordering::SeqCst))
    }

    /// Drops everything.
    pub fn clear(&self) {
        self.entries.clear();
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
