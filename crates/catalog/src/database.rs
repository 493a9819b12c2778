//! Making and dropping databases: rows, and copies of the template's storage.
use crate::depend::ObjectAddress;
use crate::layout::{Layout, of_database};
use crate::read::CatalogRead;
use crate::relmap::{FIRST_MAPPED, RelMap, map_key, mapped_relations};
use crate::schema::*;
use crate::session::Catalog;
use crate::storage::CatalogStorage;
use crate::txn_storage::TxnStorage;
use crate::write::RowBuilder;
use error::{PgResult, bail};
use std::collections::HashMap;
use std::sync::Arc;
use txn::{IterOptions, StorageId};
use types::{Datum, Oid};

/// A database to be made.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewDatabase {
    /// INVALID to take a new one.
    pub oid: Oid,
    pub name: String,
    pub owner: Oid,
    /// The database to copy.
    pub template: Oid,
    pub encoding: i32,
    pub istemplate: bool,
    pub allowconn: bool,
    pub connlimit: i32,
    pub tablespace: Oid,
    pub locprovider: char,
    pub collate: String,
    pub ctype: String,
    pub locale: Option<String>,
}

impl Catalog {
    /// Makes a database as a copy of its template, which nobody may be changing. Returns its OID.
    pub fn create_database(&self, new: &NewDatabase) -> PgResult<Oid> {
        use pg_database::*;
        if self.lookup_database_by_name(&new.name)?.is_some() {
            bail!(DUPLICATE_DATABASE, "database \"{}\" already exists", new.name);
        }
        let oid = match new.oid.is_valid() {
            true => new.oid,
            false => self.alloc_oid(RELID)?,
        };
        RowBuilder::new(RELID)
            .set(OID, oid)
            .set(DATNAME, &new.name)
            .set(DATDBA, new.owner)
            .set(ENCODING, new.encoding)
            .set(DATLOCPROVIDER, new.locprovider)
            .set(DATISTEMPLATE, new.istemplate)
            .set(DATALLOWCONN, new.allowconn)
            .set(DATHASLOGINEVT, false)
            .set(DATCONNLIMIT, new.connlimit)
            .set(DATFROZENXID, Oid(3))
            .set(DATMINMXID, Oid(1))
            .set(DATTABLESPACE, new.tablespace)
            .set(DATCOLLATE, &new.collate)
            .set(DATCTYPE, &new.ctype)
            .set(DATLOCALE, new.locale.as_deref())
            .insert(self)?;
        self.record_owner(ObjectAddress::new(RELID, oid), new.owner)?;
        self.copy_shared_dependencies(new.template, oid)?;
        self.copy_database_storage(new.template, oid)?;
        Ok(oid)
    }

    fn copy_shared_dependencies(&self, from: Oid, to: Oid) -> PgResult<()> {
        let key = [Datum::Oid(from)];
        for row in self.rows_by_index(index::PG_SHDEPEND_DEPENDER_INDEX, &key)? {
            let mut copy = row.values.clone();
            copy[pg_shdepend::DBID] = Datum::Oid(to);
            self.insert_row(pg_shdepend::RELID, &copy)?;
        }
        Ok(())
    }

    /// Copies what is stored under one id to a new one.
    fn copy_storage(&self, txn: &Arc<txn::Transaction>, from: u32) -> PgResult<u32> {
        let to = self.create_storage()?;
        let snapshot = txn.latest_snapshot();
        let mut writer = txn.bulk(StorageId(to))?;
        let mut scan = txn.scan(&snapshot, IterOptions::prefix(&StorageId(from).prefix()))?;
        let mut key = Vec::new();
        let (mut bound, mut large) = (0, false);
        scan.seek_to_first();
        while scan.valid() {
            if let Some(rowid) = scan.key().get(4..12).and_then(|b| b.first_chunk()) {
                match u64::from_be_bytes(*rowid) {
                    // Keys of large attributes.
                    id if id >= 1 << 63 => large = true,
                    id => bound = id + 1,
                }
            }
            key.clear();
            key.extend_from_slice(&StorageId(to).prefix());
            key.extend_from_slice(&scan.key()[4..]);
            writer.put(&key, scan.value())?;
            scan.next();
        }
        scan.status()?;
        writer.finish()?;
        // Whoever scans the copy before the commit would find no rows in the store, and count from 0.
        let rowids = txn.store().rowids(StorageId(to))?;
        rowids.raise(bound);
        if large {
            rowids.note_large();
        }
        Ok(to)
    }

    fn copy_database_storage(&self, template: Oid, database: Oid) -> PgResult<()> {
        let txn = self.transaction()?;
        let source = of_database(self.shared(), &txn, template)?;
        let mut map = HashMap::new();
        for relation in mapped_relations() {
            let from = source.map.storage_id(relation)?;
            map.insert(relation, self.copy_storage(&txn, from)?);
        }
        let map = RelMap::Table(map);
        txn.put(&map_key(database), &map.to_bytes())?;
        txn.next_command()?;
        // The copy of pg_class still names the template's storage for users' relations.
        let copy = TxnStorage::new(txn.clone(), Arc::new(Layout::new(map)?));
        let Some(class) = CatalogSchema::get(pg_class::RELID) else { return Ok(()) };
        for row in copy.scan(class)? {
            let from = row.oid(pg_class::RELFILENODE).0;
            if from < FIRST_MAPPED {
                continue;
            }
            let is_sequence = matches!(row.values[pg_class::RELKIND], Datum::Char(b'S'));
            let to = match is_sequence {
                true => self.copy_sequence(&txn, from)?,
                false => self.copy_storage(&txn, from)?,
            };
            let mut new = row.values.clone();
            new[pg_class::RELFILENODE] = Datum::Oid(Oid(to));
            copy.update(class, &row, &new)?;
        }
        Ok(())
    }

    /// A sequence's state is written beside transactions.
    fn copy_sequence(&self, txn: &Arc<txn::Transaction>, from: u32) -> PgResult<u32> {
        let to = self.create_storage()?;
        let store = txn.store();
        if let Some(state) = store.read_nontransactional(&StorageId(from).prefix())? {
            store.write_nontransactional(&StorageId(to).prefix(), &state)?;
        }
        Ok(to)
    }

    /// Drops a database's row and storage. Nobody may be connected to it.
    pub fn drop_database(&self, database: Oid) -> PgResult<()> {
        let txn = self.transaction()?;
        let layout = of_database(self.shared(), &txn, database)?;
        if let Some(class) = CatalogSchema::get(pg_class::RELID) {
            for row in TxnStorage::new(txn.clone(), layout.clone()).scan(class)? {
                let sid = row.oid(pg_class::RELFILENODE).0;
                if sid >= FIRST_MAPPED {
                    self.drop_storage(sid)?;
                }
            }
        }
        for relation in mapped_relations() {
            self.drop_storage(layout.map.storage_id(relation)?)?;
        }
        txn.delete(&map_key(database))?;
        let key = [Datum::Oid(database)];
        self.delete_by_key(index::PG_DB_ROLE_SETTING_DATABASEID_ROL_INDEX, &key)?;
        self.delete_by_key(index::PG_SHDEPEND_DEPENDER_INDEX, &key)?;
        let this = ObjectAddress::new(pg_database::RELID, database);
        self.delete_shared_dependencies(this, None)?;
        self.set_comment(this, None)?;
        self.delete_labels(this)?;
        self.delete_by_key(index::PG_DATABASE_OID_INDEX, &key)?;
        let shared = self.shared().clone();
        txn.on_commit(Box::new(move || {
            shared.layouts.remove(&database);
        }));
        Ok(())
    }
}
