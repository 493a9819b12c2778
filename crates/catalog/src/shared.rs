//! What all sessions of a cluster share of the catalog: caches, versions, hooks, relation maps.
use crate::cache::{CacheSet, Key};
use crate::session::Catalog;
use dashmap::DashMap;
use error::PgResult;
use parking_lot::RwLock;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use types::Oid;

/// Turns SQL text kept in catalogs by bootstrap into trees; the engine implements it with the analyzer.
pub trait TreeCompiler: Send + Sync {
    /// A view's query. `catalog` has `pg_catalog` as its search path.
    fn compile_view(&self, catalog: &Catalog, sql: &str) -> PgResult<nodes::Query>;
    /// Expressions separated by commas, coerced to `types` (argument defaults).
    fn compile_exprs(
        &self,
        catalog: &Catalog,
        sql: &str,
        types: &[Oid],
    ) -> PgResult<Vec<nodes::Expr>>;
    /// A domain's CHECK expression over VALUE of that type.
    fn compile_domain_check(
        &self,
        catalog: &Catalog,
        sql: &str,
        base: Oid,
    ) -> PgResult<nodes::Expr>;
}

/// What a commit says about changed catalog rows.
#[derive(Debug)]
pub struct Invalidation {
    /// Database whose catalogs changed.
    pub database: Oid,
    /// Cache entries that are stale.
    pub keys: Vec<Key>,
    /// Everything is: it is not known what changed.
    pub all: bool,
}

impl Invalidation {
    /// Drops whatever is cached of a database, and of the shared catalogs: for a commit that has lost its
    /// own messages (COMMIT PREPARED).
    pub fn everything(database: Oid) -> Invalidation {
        Invalidation { database, keys: Vec::new(), all: true }
    }
}

/// Shared state of the catalog; one for each open cluster.
pub struct CatalogShared {
    store: Option<Arc<txn::Store>>,
    databases: DashMap<Oid, Arc<CacheSet>>,
    pub(crate) global: CacheSet,
    version: AtomicU64,
    namespace_version: AtomicU64,
    resolution_version: AtomicU64,
    pub(crate) compiler: RwLock<Option<Arc<dyn TreeCompiler>>>,
    pub(crate) layouts: DashMap<Oid, Arc<crate::layout::Layout>>,
}

impl CatalogShared {
    /// The catalog of a bootstrapped store; listens to its commits.
    pub fn open(store: Arc<txn::Store>) -> Arc<CatalogShared> {
        let shared = Arc::new(Self::new(Some(store.clone())));
        store.add_listener(Arc::new(Listener(Arc::downgrade(&shared))));
        shared
    }

    /// A catalog without a store.
    pub fn in_memory() -> Arc<CatalogShared> {
        Arc::new(Self::new(None))
    }

    fn new(store: Option<Arc<txn::Store>>) -> CatalogShared {
        CatalogShared {
            store,
            databases: DashMap::new(),
            global: CacheSet::default(),
            version: AtomicU64::new(1),
            namespace_version: AtomicU64::new(1),
            resolution_version: AtomicU64::new(1),
            compiler: RwLock::new(None),
            layouts: DashMap::new(),
        }
    }

    /// The store, if there is one.
    pub fn store(&self) -> Option<&Arc<txn::Store>> {
        self.store.as_ref()
    }

    /// Installs the compiler of stored SQL.
    pub fn set_compiler(&self, compiler: Arc<dyn TreeCompiler>) {
        *self.compiler.write() = Some(compiler);
    }

    /// Counts commits that changed any catalog row: a plan made at this version is still good.
    #[inline]
    pub fn catalog_version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Counts commits that changed schemas (search paths are computed anew).
    pub(crate) fn namespace_version(&self) -> u64 {
        self.namespace_version.load(Ordering::Acquire)
    }

    /// Counts commits that changed what names and operators resolve to beyond single relations, types
    /// and functions: casts, operator classes, aggregates, collations, and any creation or drop.
    pub fn resolution_version(&self) -> u64 {
        self.resolution_version.load(Ordering::Acquire)
    }

    /// The caches of a database.
    pub fn database_cache(&self, database: Oid) -> Arc<CacheSet> {
        self.databases.entry(database).or_default().clone()
    }

    /// Drops entries, in commit order.
    pub fn apply(&self, invalidations: &[&Invalidation], csn: u64) {
        let version = self.version.load(Ordering::Acquire) + 1;
        for inval in invalidations {
            if inval.all {
                self.global.invalidate_all(csn, version);
                self.database_cache(inval.database).invalidate_all(csn, version);
                self.namespace_version.fetch_add(1, Ordering::AcqRel);
                self.resolution_version.fetch_add(1, Ordering::AcqRel);
                continue;
            }
            let shared = inval.keys.iter().filter(|k| k.is_shared());
            self.global.invalidate(shared, csn, version);
            let cache = self.database_cache(inval.database);
            cache.invalidate(inval.keys.iter().filter(|k| !k.is_shared()), csn, version);
            for key in &inval.keys {
                match key {
                    Key::Namespace(_) | Key::NamespaceName(_) | Key::Role(_) | Key::Memberships => {
                        self.namespace_version.fetch_add(1, Ordering::AcqRel);
                    }
                    Key::Relation(_) | Key::Statistic(..) | Key::Object(..) => {}
                    _ => {
                        self.resolution_version.fetch_add(1, Ordering::AcqRel);
                    }
                }
            }
        }
        self.version.store(version, Ordering::Release);
    }
}

struct Listener(std::sync::Weak<CatalogShared>);

impl txn::CommitListener for Listener {
    fn before_publish(&self, csn: u64, attachments: &[Arc<dyn Any + Send + Sync>]) {
        let Some(shared) = self.0.upgrade() else { return };
        let invalidations: Vec<&Invalidation> =
            attachments.iter().filter_map(|a| a.downcast_ref()).collect();
        if !invalidations.is_empty() {
            shared.apply(&invalidations, csn);
        }
    }
}
