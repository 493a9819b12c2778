//! The catalog handle of a session: shared caches under the session's own transaction, search path and
//! role.
use crate::cache::{CacheSet, Key};
use crate::image::{INFORMATION_SCHEMA, PG_CATALOG, POSTGRES_DB};
use crate::rows::PgType;
use crate::schema::*;
use crate::shared::{CatalogShared, Invalidation};
use crate::storage::{CatalogRow, CatalogStorage, MemStorage};
use error::{PgError, PgResult};
use parking_lot::{Mutex, RwLock};
use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use types::{Datum, Oid};

/// A session's view of the catalog. Cloning shares it.
#[derive(Clone)]
pub struct Catalog(pub(crate) Arc<SessionCatalog>);

pub(crate) struct SessionCatalog {
    pub(crate) shared: Arc<CatalogShared>,
    pub(crate) database: Oid,
    cache: Arc<CacheSet>,
    storage: RwLock<Option<Arc<dyn CatalogStorage>>>,
    txn: RwLock<Option<Arc<txn::Transaction>>>,
    /// Whether the transaction has changed catalog rows.
    dirty: AtomicBool,
    local: Mutex<Local>,
    pub(crate) names: RwLock<Names>,
    path: Mutex<Option<ComputedPath>>,
}

/// What the transaction changed, and entries made from its own state.
#[derive(Default)]
struct Local {
    stale: HashSet<Key>,
    entries: HashMap<Key, Arc<dyn Any + Send + Sync>>,
    epoch: u64,
}

/// What name resolution and permission checks depend on.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// search_path as set, one name an element, `$user` and `pg_temp` unexpanded.
    pub(crate) search_path: Vec<String>,
    pub(crate) user: Oid,
    pub(crate) temp_namespace: Option<Oid>,
    pub(crate) temp_toast_namespace: Option<Oid>,
}

#[derive(Clone)]
struct ComputedPath {
    stamp: (u64, u64),
    path: Arc<Vec<Oid>>,
    /// Where objects are created, and whether that is a temporary schema still to be made.
    creation: Oid,
    creation_is_temp: bool,
}

static NEXT_EPOCH: AtomicU64 = AtomicU64::new(1);

fn next_epoch() -> u64 {
    NEXT_EPOCH.fetch_add(1, Ordering::Relaxed)
}

impl Catalog {
    /// A session's handle on a database. It has no transaction yet; see [`Catalog::set_transaction`].
    pub fn new(shared: Arc<CatalogShared>, database: Oid) -> Catalog {
        let cache = shared.database_cache(database);
        Catalog(Arc::new(SessionCatalog {
            shared,
            database,
            cache,
            storage: RwLock::new(None),
            txn: RwLock::new(None),
            dirty: AtomicBool::new(false),
            local: Mutex::new(Local { epoch: next_epoch(), ..Local::default() }),
            names: RwLock::new(Names {
                search_path: vec!["$user".into(), "public".into()],
                user: crate::image::BOOTSTRAP_SUPERUSER,
                temp_namespace: None,
                temp_toast_namespace: None,
            }),
            path: Mutex::new(None),
        }))
    }

    /// A freshly bootstrapped catalog in memory, without transactions: what tests of the layers above use.
    pub fn in_memory() -> Catalog {
        let catalog = Catalog::new(CatalogShared::in_memory(), POSTGRES_DB);
        *catalog.0.storage.write() = Some(Arc::new(MemStorage::bootstrapped()));
        catalog
    }

    /// A handle for compiling the system's own SQL: same transaction, but `pg_catalog` as search path and
    /// the bootstrap superuser as role.
    pub fn system_handle(&self) -> Catalog {
        let handle = Catalog::new(self.0.shared.clone(), self.0.database);
        *handle.0.storage.write() = self.0.storage.read().clone();
        *handle.0.txn.write() = self.0.txn.read().clone();
        handle.0.names.write().search_path = vec!["pg_catalog".into()];
        {
            let (mine, mut other) = (self.0.local.lock(), handle.0.local.lock());
            other.stale = mine.stale.clone();
        }
        handle.0.dirty.store(self.is_dirty(), Ordering::Release);
        handle
    }

    /// What all sessions share.
    pub fn shared(&self) -> &Arc<CatalogShared> {
        &self.0.shared
    }

    /// Begins (or, with `None`, ends) the use of a transaction. What the last one changed is forgotten.
    pub fn set_transaction(&self, txn: Option<Arc<txn::Transaction>>) -> PgResult<()> {
        // Most transactions find all they need in the caches: storage is made when it is asked for.
        *self.0.storage.write() = None;
        *self.0.txn.write() = txn;
        if self.0.dirty.swap(false, Ordering::AcqRel) {
            *self.0.local.lock() = Local { epoch: next_epoch(), ..Local::default() };
        }
        Ok(())
    }

    /// The transaction in use.
    pub fn transaction(&self) -> PgResult<Arc<txn::Transaction>> {
        self.0.txn.read().clone().ok_or_else(|| PgError::internal("no transaction is in use"))
    }

    /// Says that a savepoint was rolled back: entries made from the transaction's own state are dropped.
    pub fn subtransaction_aborted(&self) {
        if self.is_dirty() {
            let mut local = self.0.local.lock();
            local.entries.clear();
            local.epoch = next_epoch();
        }
    }

    /// Whether the transaction has changed catalog rows.
    #[inline]
    pub fn is_dirty(&self) -> bool {
        self.0.dirty.load(Ordering::Acquire)
    }

    /// 0 if the transaction has changed no catalog row, else a number that no other state of any session
    /// has. A shared plan may be used or made only at 0.
    pub fn local_version(&self) -> u64 {
        if self.is_dirty() { self.0.local.lock().epoch } else { 0 }
    }

    /// [`CatalogShared::catalog_version`].
    #[inline]
    pub fn catalog_version(&self) -> u64 {
        self.0.shared.catalog_version()
    }

    /// The catalog version at which a relation last changed (0: not since start).
    pub fn relation_version(&self, relid: Oid) -> u64 {
        self.0.cache.version_of(&Key::Relation(relid))
    }

    /// The same for a function.
    pub fn proc_version(&self, oid: Oid) -> u64 {
        self.0.cache.version_of(&Key::Proc(oid))
    }

    /// The same for a type.
    pub fn type_version(&self, oid: Oid) -> u64 {
        self.0.cache.version_of(&Key::Type(oid))
    }

    /// Sets the elements of search_path.
    pub fn set_search_path(&self, names: Vec<String>) {
        self.0.names.write().search_path = names;
        *self.0.path.lock() = None;
    }

    /// The elements of search_path as set.
    pub fn search_path_names(&self) -> Vec<String> {
        self.0.names.read().search_path.clone()
    }

    /// Sets the role whose privileges and `$user` count.
    pub fn set_current_user(&self, role: Oid) {
        self.0.names.write().user = role;
        *self.0.path.lock() = None;
    }

    /// Names the session's temporary schemas (see `temp`).
    pub(crate) fn set_temp_namespaces(&self, tables: Option<Oid>, toast: Option<Oid>) {
        let mut names = self.0.names.write();
        names.temp_namespace = tables;
        names.temp_toast_namespace = toast;
        *self.0.path.lock() = None;
    }

    // ---- rows ----

    pub(crate) fn storage(&self) -> PgResult<Arc<dyn CatalogStorage>> {
        if let Some(storage) = &*self.0.storage.read() {
            return Ok(storage.clone());
        }
        let Some(txn) = self.0.txn.read().clone() else {
            return Err(PgError::internal("catalog lookup outside a transaction"));
        };
        let layout = crate::layout::of_database(&self.0.shared, &txn, self.0.database)?;
        let storage: Arc<dyn CatalogStorage> =
            Arc::new(crate::txn_storage::TxnStorage::new(txn, layout));
        *self.0.storage.write() = Some(storage.clone());
        Ok(storage)
    }

    /// Rows of a catalog whose index columns start with `key`, in index order.
    pub fn rows_by_index(&self, index: Oid, key: &[Datum]) -> PgResult<Vec<CatalogRow>> {
        let (catalog, index) = CatalogIndex::get(index)
            .ok_or_else(|| PgError::internal(format!("{index} is not a catalog index")))?;
        self.storage()?.lookup(catalog, index, key)
    }

    /// The first such row.
    pub fn row_by_index(&self, index: Oid, key: &[Datum]) -> PgResult<Option<CatalogRow>> {
        Ok(self.rows_by_index(index, key)?.into_iter().next())
    }

    /// All rows of a catalog.
    pub fn all_rows(&self, relid: Oid) -> PgResult<Vec<CatalogRow>> {
        self.storage()?.scan(catalog_schema(relid)?)
    }

    /// Adds a row to a catalog.
    pub fn insert_row(&self, relid: Oid, row: &[Datum]) -> PgResult<()> {
        let catalog = catalog_schema(relid)?;
        check_row(catalog, row)?;
        self.storage()?.insert(catalog, row)?;
        self.changed(relid, &[row])
    }

    /// Replaces a row of a catalog.
    pub fn update_row(&self, relid: Oid, old: &CatalogRow, new: &[Datum]) -> PgResult<()> {
        let catalog = catalog_schema(relid)?;
        check_row(catalog, new)?;
        self.storage()?.update(catalog, old, new)?;
        self.changed(relid, &[&old.values, new])
    }

    /// Removes a row of a catalog.
    pub fn delete_row(&self, relid: Oid, old: &CatalogRow) -> PgResult<()> {
        self.storage()?.delete(catalog_schema(relid)?, old)?;
        self.changed(relid, &[&old.values])
    }

    /// A new OID for a row of a catalog.
    pub fn alloc_oid(&self, relid: Oid) -> PgResult<Oid> {
        let storage = self.storage()?;
        let catalog = catalog_schema(relid)?;
        let oid_index = catalog
            .indexes
            .iter()
            .find(|i| i.unique && i.keys == [0] && catalog.columns[0].name == "oid");
        loop {
            let oid = storage.alloc_oid()?;
            // Once the counter has wrapped, an OID may still be in use.
            match oid_index {
                Some(index) if !storage.lookup(catalog, index, &[Datum::Oid(oid)])?.is_empty() => {}
                _ => return Ok(oid),
            }
        }
    }

    /// A storage id that nothing uses.
    pub fn alloc_storage_id(&self) -> PgResult<u32> {
        self.storage()?.alloc_storage_id()
    }

    /// Marks a relation's entry stale for the end of this transaction although none of its own rows
    /// changed (its index or partition did).
    pub fn invalidate_relation(&self, relid: Oid) -> PgResult<()> {
        self.mark_stale(vec![Key::Relation(relid)])
    }

    /// Says that rows of a catalog were written otherwise than through this handle (a superuser's DML):
    /// the old and the new version of each. Nothing if the table is no catalog.
    pub fn note_row_change(&self, relid: Oid, rows: &[&[Datum]]) -> PgResult<()> {
        if CatalogSchema::get(relid).is_none() { Ok(()) } else { self.changed(relid, rows) }
    }

    fn changed(&self, relid: Oid, rows: &[&[Datum]]) -> PgResult<()> {
        let mut keys = Vec::new();
        for row in rows {
            crate::inval::stale_keys(relid, row, &mut keys);
        }
        // A change of an index's pg_class row shows in its table's entry too.
        if relid == pg_class::RELID {
            for row in rows {
                if matches!(row[pg_class::RELKIND], Datum::Char(b'i' | b'I')) {
                    let key = [row[pg_class::OID].clone()];
                    if let Some(ix) = self.row_by_index(index::PG_INDEX_INDEXRELID_INDEX, &key)? {
                        keys.push(Key::Relation(ix.oid(pg_index::INDRELID)));
                    }
                }
            }
        }
        keys.dedup();
        self.mark_stale(keys)
    }

    fn mark_stale(&self, keys: Vec<Key>) -> PgResult<()> {
        match self.0.txn.read().clone() {
            Some(txn) => {
                let mut local = self.0.local.lock();
                local.entries.clear();
                local.epoch = next_epoch();
                local.stale.extend(keys.iter().cloned());
                drop(local);
                self.0.dirty.store(true, Ordering::Release);
                let database = self.0.database;
                txn.attach(Arc::new(Invalidation { database, keys, all: false }));
            }
            // In memory a change is there for all at once.
            None => {
                let csn = self.storage()?.csn();
                let inval = Invalidation { database: self.0.database, keys, all: false };
                self.0.shared.apply(&[&inval], csn);
            }
        }
        *self.0.path.lock() = None;
        Ok(())
    }

    // ---- caches ----

    /// The entry of a key, loaded if need be; from the transaction's own state if it changed the key.
    pub(crate) fn cached<V: Clone + Send + Sync + 'static>(
        &self,
        key: Key,
        load: impl FnOnce() -> PgResult<V>,
    ) -> PgResult<V> {
        if self.is_dirty() {
            let local = self.0.local.lock();
            if local.stale.contains(&key) {
                if let Some(v) = local.entries.get(&key).and_then(|e| e.downcast_ref::<V>()) {
                    return Ok(v.clone());
                }
                let epoch = local.epoch;
                drop(local);
                let value = load()?;
                let mut local = self.0.local.lock();
                if local.epoch == epoch {
                    local.entries.insert(key, Arc::new(value.clone()));
                }
                return Ok(value);
            }
        }
        let set = if key.is_shared() { &self.0.shared.global } else { &*self.0.cache };
        if let Some(value) = set.get::<V>(&key) {
            return Ok(value);
        }
        let csn = self.storage()?.csn();
        let value = load()?;
        set.insert(key, value.clone(), csn);
        Ok(value)
    }

    // ---- search path ----

    fn computed_path(&self) -> PgResult<ComputedPath> {
        let stamp = (self.0.shared.namespace_version(), self.local_version());
        if let Some(path) = &*self.0.path.lock() {
            if path.stamp == stamp {
                return Ok(path.clone());
            }
        }
        let names = self.0.names.read().clone();
        let computed = self.compute_path(&names, stamp)?;
        *self.0.path.lock() = Some(computed.clone());
        Ok(computed)
    }

    fn compute_path(&self, names: &Names, stamp: (u64, u64)) -> PgResult<ComputedPath> {
        use crate::read::CatalogRead;
        let mut path: Vec<Oid> = Vec::new();
        let mut creation = Oid::INVALID;
        let mut creation_is_temp = false;
        let mut temp_listed = false;
        for name in &names.search_path {
            let namespace = match name.as_str() {
                "pg_temp" => {
                    temp_listed = true;
                    if path.is_empty() && !creation.is_valid() {
                        creation_is_temp = true;
                    }
                    names.temp_namespace
                }
                "$user" => match self.lookup_role(names.user)? {
                    Some(role) => self.lookup_namespace(&role.name)?,
                    None => None,
                },
                name => self.lookup_namespace(name)?,
            };
            let Some(namespace) = namespace else { continue };
            if path.contains(&namespace) || !self.may_use_namespace(namespace, names.user)? {
                continue;
            }
            if !creation.is_valid() && !creation_is_temp {
                creation = namespace;
            }
            if creation_is_temp && Some(namespace) == names.temp_namespace {
                creation = namespace;
            }
            path.push(namespace);
        }
        if !path.contains(&PG_CATALOG) {
            path.insert(0, PG_CATALOG);
        }
        if let Some(temp) = names.temp_namespace.filter(|_| !temp_listed) {
            path.insert(0, temp);
        }
        Ok(ComputedPath { stamp, path: Arc::new(path), creation, creation_is_temp })
    }

    /// Whether a role may look names up in a schema.
    fn may_use_namespace(&self, namespace: Oid, role: Oid) -> PgResult<bool> {
        if matches!(namespace, PG_CATALOG | INFORMATION_SCHEMA) {
            return Ok(true);
        }
        match self.lookup_namespace_row(namespace)? {
            Some(row) => {
                let acl = row.acl.clone().unwrap_or_else(|| {
                    crate::acl::default_acl(crate::acl::ObjectKind::Schema, row.owner)
                });
                let held =
                    crate::acl::privileges_of(self, &acl, role, row.owner, nodes::acl::USAGE)?;
                Ok(held != 0)
            }
            None => Ok(false),
        }
    }

    /// The effective search path.
    pub fn effective_search_path(&self) -> PgResult<Arc<Vec<Oid>>> {
        Ok(self.computed_path()?.path)
    }

    /// Where unqualified names are created (INVALID: nowhere), and whether that is the temporary schema,
    /// which may have to be made first.
    pub fn creation_target(&self) -> PgResult<(Oid, bool)> {
        let path = self.computed_path()?;
        Ok((path.creation, path.creation_is_temp))
    }

    /// A type that must be there, for its physical form; a domain's is its base type's.
    pub(crate) fn load_type(&self, oid: Oid) -> PgResult<Option<Arc<PgType>>> {
        use crate::read::CatalogRead;
        let Some(row) = self.row_by_index(index::PG_TYPE_OID_INDEX, &[Datum::Oid(oid)])? else {
            return Ok(None);
        };
        let mut typ = PgType::from_row(&row.values);
        if typ.typtype == 'd' {
            typ.phys = self.get_type(typ.basetype)?.phys;
        } else if typ.typtype == 'b' && typ.oid >= Oid::FIRST_NORMAL && !typ.is_array() {
            // A user's base type is held as its input function makes it.
            if let Some(input) = self.lookup_proc(typ.input)? {
                typ.phys = crate::phys::by_input_function(&input.src).unwrap_or(typ.phys);
            }
        }
        Ok(Some(Arc::new(typ)))
    }
}

fn catalog_schema(relid: Oid) -> PgResult<&'static CatalogSchema> {
    CatalogSchema::get(relid)
        .ok_or_else(|| PgError::internal(format!("{relid} is not a catalog with rows")))
}

fn check_row(catalog: &CatalogSchema, row: &[Datum]) -> PgResult<()> {
    if row.len() != catalog.columns.len() {
        return Err(PgError::internal(format!("wrong number of columns for {}", catalog.name)));
    }
    for (column, value) in catalog.columns.iter().zip(row) {
        if column.not_null && value.is_null() {
            return Err(PgError::internal(format!(
                "null value in column {} of {}",
                column.name, catalog.name
            )));
        }
    }
    Ok(())
}
