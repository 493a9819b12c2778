//! What the catalog needs of storage: index lookups, scans and writes of catalog rows; and its form in
//! memory, with which a catalog works without an engine (tests of the layers above).
use crate::image::Image;
use crate::schema::{CatalogIndex, CatalogSchema};
use error::{PgResult, err};
use parking_lot::RwLock;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use types::{Datum, Oid};

/// A row of a catalog with its row id.
#[derive(Clone, Debug)]
pub struct CatalogRow {
    /// Row id within the catalog's heap.
    pub rowid: u64,
    /// One value a column.
    pub values: Vec<Datum>,
}

impl CatalogRow {
    /// The OID in column `col`.
    pub fn oid(&self, col: usize) -> Oid {
        self.values[col].as_oid()
    }
}

/// Reads and writes of catalog rows. Reads see the latest committed state and all own writes.
pub trait CatalogStorage: Send + Sync {
    /// Rows whose first `key.len()` index columns equal `key`, in index order.
    fn lookup(
        &self,
        catalog: &'static CatalogSchema,
        index: &'static CatalogIndex,
        key: &[Datum],
    ) -> PgResult<Vec<CatalogRow>>;
    /// All rows.
    fn scan(&self, catalog: &'static CatalogSchema) -> PgResult<Vec<CatalogRow>>;
    /// Adds a row.
    fn insert(&self, catalog: &'static CatalogSchema, row: &[Datum]) -> PgResult<()>;
    /// Replaces a row.
    fn update(
        &self,
        catalog: &'static CatalogSchema,
        old: &CatalogRow,
        new: &[Datum],
    ) -> PgResult<()>;
    /// Removes a row.
    fn delete(&self, catalog: &'static CatalogSchema, old: &CatalogRow) -> PgResult<()>;
    /// Waits for others that change a row and keeps them off; what is read after this stays.
    fn lock(&self, catalog: &'static CatalogSchema, row: &CatalogRow) -> PgResult<()>;
    /// A new OID.
    fn alloc_oid(&self) -> PgResult<Oid>;
    /// A new storage id.
    fn alloc_storage_id(&self) -> PgResult<u32>;
    /// Csn of the state that reads see beneath own writes.
    fn csn(&self) -> u64;
}

/// A catalog value as a map key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum KeyValue {
    Number(i64),
    Bytes(Vec<u8>),
    List(Vec<KeyValue>),
    Null,
}

fn key_value(datum: &Datum) -> KeyValue {
    match datum {
        Datum::Bool(v) => KeyValue::Number(i64::from(*v)),
        Datum::Char(v) => KeyValue::Number(i64::from(*v)),
        Datum::Int2(v) => KeyValue::Number(i64::from(*v)),
        Datum::Int4(v) => KeyValue::Number(i64::from(*v)),
        Datum::Int8(v) => KeyValue::Number(*v),
        // Sign and magnitude to two's complement: in the order of the numbers.
        Datum::Float4(v) => {
            let bits = v.to_bits() as i32;
            KeyValue::Number(i64::from(if bits < 0 { i32::MIN - bits } else { bits }))
        }
        Datum::Oid(v) => KeyValue::Number(i64::from(v.0)),
        Datum::Bytes(v) => KeyValue::Bytes(v.as_bytes().to_vec()),
        Datum::Array(v) => KeyValue::List(v.elems.iter().map(key_value).collect()),
        _ => KeyValue::Null,
    }
}

#[derive(Default)]
struct MemTable {
    rows: BTreeMap<u64, Vec<Datum>>,
    next: u64,
    /// By index OID: keys to row ids.
    indexes: HashMap<Oid, BTreeMap<Vec<KeyValue>, Vec<u64>>>,
}

impl MemTable {
    fn add(&mut self, catalog: &CatalogSchema, rowid: u64, row: &[Datum]) {
        for index in catalog.indexes {
            let key = index.keys.iter().map(|k| key_value(&row[*k])).collect();
            self.indexes.entry(index.oid).or_default().entry(key).or_default().push(rowid);
        }
        self.rows.insert(rowid, row.to_vec());
    }

    fn remove(&mut self, catalog: &CatalogSchema, rowid: u64) {
        let Some(row) = self.rows.remove(&rowid) else { return };
        for index in catalog.indexes {
            let key: Vec<KeyValue> = index.keys.iter().map(|k| key_value(&row[*k])).collect();
            if let Some(ids) = self.indexes.get_mut(&index.oid).and_then(|m| m.get_mut(&key)) {
                ids.retain(|id| *id != rowid);
            }
        }
    }
}

/// The catalogs of one database in memory, without transactions.
pub struct MemStorage {
    tables: RwLock<HashMap<Oid, MemTable>>,
    next_oid: AtomicU32,
    next_storage: AtomicU32,
    csn: AtomicU32,
}

impl MemStorage {
    /// The catalogs of a new cluster.
    pub fn bootstrapped() -> MemStorage {
        let mut tables = HashMap::new();
        for catalog in crate::schema::CATALOGS {
            let mut table = MemTable::default();
            for row in Image::get().rows(catalog.relid) {
                let rowid = table.next;
                table.next += 1;
                table.add(catalog, rowid, row);
            }
            tables.insert(catalog.relid, table);
        }
        MemStorage {
            tables: RwLock::new(tables),
            next_oid: AtomicU32::new(Oid::FIRST_NORMAL.0),
            next_storage: AtomicU32::new(65536),
            csn: AtomicU32::new(1),
        }
    }
}

impl CatalogStorage for MemStorage {
    fn lookup(
        &self,
        catalog: &'static CatalogSchema,
        index: &'static CatalogIndex,
        key: &[Datum],
    ) -> PgResult<Vec<CatalogRow>> {
        let tables = self.tables.read();
        let Some(table) = tables.get(&catalog.relid) else { return Ok(Vec::new()) };
        let Some(entries) = table.indexes.get(&index.oid) else { return Ok(Vec::new()) };
        let from: Vec<KeyValue> = key.iter().map(key_value).collect();
        let mut out = Vec::new();
        for (entry, ids) in entries.range(from.clone()..) {
            if !entry.starts_with(&from) {
                break;
            }
            for id in ids {
                if let Some(values) = table.rows.get(id) {
                    out.push(CatalogRow { rowid: *id, values: values.clone() });
                }
            }
        }
        Ok(out)
    }

    fn scan(&self, catalog: &'static CatalogSchema) -> PgResult<Vec<CatalogRow>> {
        let tables = self.tables.read();
        let rows = tables.get(&catalog.relid).map(|t| t.rows.iter()).into_iter().flatten();
        Ok(rows.map(|(id, values)| CatalogRow { rowid: *id, values: values.clone() }).collect())
    }

    fn insert(&self, catalog: &'static CatalogSchema, row: &[Datum]) -> PgResult<()> {
        let mut tables = self.tables.write();
        let table = tables.entry(catalog.relid).or_default();
        for index in catalog.indexes.iter().filter(|i| i.unique) {
            let key: Vec<KeyValue> = index.keys.iter().map(|k| key_value(&row[*k])).collect();
            let taken = table.indexes.get(&index.oid).and_then(|m| m.get(&key));
            if taken.is_some_and(|ids| !ids.is_empty()) {
                let name = index.name;
                return Err(err!(
                    UNIQUE_VIOLATION,
                    "duplicate key value violates unique constraint \"{name}\""
                ));
            }
        }
        let rowid = table.next;
        table.next += 1;
        table.add(catalog, rowid, row);
        self.csn.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn update(
        &self,
        catalog: &'static CatalogSchema,
        old: &CatalogRow,
        new: &[Datum],
    ) -> PgResult<()> {
        let mut tables = self.tables.write();
        let table = tables.entry(catalog.relid).or_default();
        table.remove(catalog, old.rowid);
        table.add(catalog, old.rowid, new);
        self.csn.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn delete(&self, catalog: &'static CatalogSchema, old: &CatalogRow) -> PgResult<()> {
        let mut tables = self.tables.write();
        tables.entry(catalog.relid).or_default().remove(catalog, old.rowid);
        self.csn.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn lock(&self, _: &'static CatalogSchema, _: &CatalogRow) -> PgResult<()> {
        Ok(())
    }

    fn alloc_oid(&self) -> PgResult<Oid> {
        Ok(Oid(self.next_oid.fetch_add(1, Ordering::Relaxed)))
    }

    fn alloc_storage_id(&self) -> PgResult<u32> {
        Ok(self.next_storage.fetch_add(1, Ordering::Relaxed))
    }

    fn csn(&self) -> u64 {
        u64::from(self.csn.load(Ordering::SeqCst))
    }
}
