//! Catalog rows in the key space, through a transaction.
use crate::layout::{CatalogLayout, Layout};
use crate::schema::{CatalogIndex, CatalogSchema};
use crate::storage::{CatalogRow, CatalogStorage};
use error::{PgError, PgResult, err};
use std::sync::Arc;
use table::{IndexRange, IndexScan, KeyEncoder, Rowid, UniqueCheck};
use txn::{RowLock, RowLockMode, Transaction, WaitPolicy};
use types::{Datum, Oid};

/// Catalog rows as a transaction sees them. Each write ends a command, so that the next read sees it.
pub struct TxnStorage {
    txn: Arc<Transaction>,
    layout: Arc<Layout>,
}

impl TxnStorage {
    /// Over a transaction and the catalogs of its database.
    pub fn new(txn: Arc<Transaction>, layout: Arc<Layout>) -> Self {
        TxnStorage { txn, layout }
    }

    /// Locks a row that is to be changed; somebody else may have been faster.
    fn lock_for_change(&self, parts: &CatalogLayout, rowid: u64) -> PgResult<()> {
        let snapshot = self.txn.latest_snapshot();
        let (mode, policy) = (RowLockMode::Update, WaitPolicy::Block);
        match parts.heap.lock_row(&self.txn, Rowid(rowid), mode, policy, &snapshot)? {
            RowLock::Unchanged | RowLock::Own { .. } => Ok(()),
            RowLock::Deleted | RowLock::OwnDeleted { .. } => {
                Err(PgError::internal("tuple concurrently deleted"))
            }
            _ => Err(PgError::internal("tuple concurrently updated")),
        }
    }
}

#[cold]
fn duplicate(catalog: &CatalogSchema, index: &CatalogIndex, key: &[Datum]) -> PgError {
    let names: Vec<&str> = index.keys.iter().map(|k| catalog.columns[*k].name).collect();
    let values: Vec<String> = key.iter().map(show).collect();
    let name = index.name;
    err!(UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"{name}\"")
        .detail(format!("Key ({})=({}) already exists.", names.join(", "), values.join(", ")))
}

/// A key value for messages.
fn show(value: &Datum) -> String {
    match value {
        Datum::Bytes(v) => String::from_utf8_lossy(v.as_bytes()).into_owned(),
        Datum::Oid(v) => v.to_string(),
        Datum::Int2(v) => v.to_string(),
        Datum::Int4(v) => v.to_string(),
        Datum::Int8(v) => v.to_string(),
        Datum::Float4(v) => v.to_string(),
        Datum::Bool(v) => if *v { "t" } else { "f" }.into(),
        Datum::Char(v) => (*v as char).to_string(),
        Datum::Array(a) => a.elems.iter().map(show).collect::<Vec<_>>().join(" "),
        _ => "null".into(),
    }
}

impl CatalogStorage for TxnStorage {
    fn lookup(
        &self,
        catalog: &'static CatalogSchema,
        index: &'static CatalogIndex,
        key: &[Datum],
    ) -> PgResult<Vec<CatalogRow>> {
        let parts = self.layout.catalog(catalog.relid)?;
        let entries = parts.indexes.iter().find(|(i, _)| i.oid == index.oid);
        let Some((_, entries)) = entries else {
            return Err(PgError::internal(format!("{} has no such index", catalog.name)));
        };
        let snapshot = self.txn.latest_snapshot();
        let mut encoder = KeyEncoder::new();
        let mut rows = Vec::new();
        let mut fetch = |rowid: Rowid| -> PgResult<()> {
            let mut values = Vec::with_capacity(catalog.columns.len());
            if parts.heap.fetch(&self.txn, &snapshot, rowid, &mut values)? {
                rows.push(CatalogRow { rowid: rowid.0, values });
            }
            Ok(())
        };
        if entries.is_point(key) {
            if let Some(rowid) = entries.lookup(&self.txn, &snapshot, &mut encoder, key)? {
                fetch(rowid)?;
            }
            return Ok(rows);
        }
        let range = IndexRange { eq: key.to_vec(), ..IndexRange::default() };
        let desc = entries.desc().clone();
        let mut scan = IndexScan::new(desc, &self.txn, &snapshot, &mut encoder, &range, false)?;
        while let Some(rowid) = scan.advance()? {
            fetch(rowid)?;
        }
        Ok(rows)
    }

    fn scan(&self, catalog: &'static CatalogSchema) -> PgResult<Vec<CatalogRow>> {
        let parts = self.layout.catalog(catalog.relid)?;
        let mut scan = parts.heap.scan(&self.txn, &self.txn.latest_snapshot())?;
        let mut rows = Vec::new();
        while scan.advance()? {
            let mut values = Vec::with_capacity(catalog.columns.len());
            scan.decode_all(&mut values)?;
            rows.push(CatalogRow { rowid: scan.rowid().0, values });
        }
        Ok(rows)
    }

    fn insert(&self, catalog: &'static CatalogSchema, row: &[Datum]) -> PgResult<()> {
        let parts = self.layout.catalog(catalog.relid)?;
        let mut encoder = KeyEncoder::new();
        let rowid = parts.heap.insert(&self.txn, &mut encoder, row)?;
        for (index, entries) in &parts.indexes {
            let key = CatalogLayout::key_of(index, row);
            let check = UniqueCheck::Check;
            if entries.insert(&self.txn, &mut encoder, &key, rowid, check)?.is_some() {
                return Err(duplicate(catalog, index, &key));
            }
        }
        self.txn.next_command()
    }

    fn update(
        &self,
        catalog: &'static CatalogSchema,
        old: &CatalogRow,
        new: &[Datum],
    ) -> PgResult<()> {
        let parts = self.layout.catalog(catalog.relid)?;
        self.lock_for_change(parts, old.rowid)?;
        let rowid = Rowid(old.rowid);
        let mut encoder = KeyEncoder::new();
        parts.heap.update(&self.txn, &mut encoder, rowid, new)?;
        for (index, entries) in &parts.indexes {
            let (from, to) =
                (CatalogLayout::key_of(index, &old.values), CatalogLayout::key_of(index, new));
            let check = UniqueCheck::Check;
            if entries.update(&self.txn, &mut encoder, &from, &to, rowid, check)?.is_some() {
                return Err(duplicate(catalog, index, &to));
            }
        }
        self.txn.next_command()
    }

    fn delete(&self, catalog: &'static CatalogSchema, old: &CatalogRow) -> PgResult<()> {
        let parts = self.layout.catalog(catalog.relid)?;
        self.lock_for_change(parts, old.rowid)?;
        let mut encoder = KeyEncoder::new();
        for (index, entries) in &parts.indexes {
            let key = CatalogLayout::key_of(index, &old.values);
            entries.delete(&self.txn, &mut encoder, &key, Rowid(old.rowid))?;
        }
        parts.heap.delete(&self.txn, Rowid(old.rowid))?;
        self.txn.next_command()
    }

    fn lock(&self, catalog: &'static CatalogSchema, row: &CatalogRow) -> PgResult<()> {
        let parts = self.layout.catalog(catalog.relid)?;
        let snapshot = self.txn.latest_snapshot();
        let (mode, policy) = (RowLockMode::Update, WaitPolicy::Block);
        parts.heap.lock_row(&self.txn, Rowid(row.rowid), mode, policy, &snapshot)?;
        Ok(())
    }

    fn alloc_oid(&self) -> PgResult<Oid> {
        self.txn.store().alloc_oid().map(Oid)
    }

    fn alloc_storage_id(&self) -> PgResult<u32> {
        Ok(self.txn.store().alloc_storage_id()?.0)
    }

    fn csn(&self) -> u64 {
        self.txn.store().current_csn()
    }
}
