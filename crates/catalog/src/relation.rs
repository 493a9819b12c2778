//! Rows of relations and their columns: creating, dropping, new storage.
use crate::acl::ObjectKind;
use crate::decode::Row;
use crate::depend::{DependencyKind, ObjectAddress};
use crate::image::{PG_CATALOG, SYSTEM_COLUMNS};
use crate::read::CatalogRead;
use crate::schema::*;
use crate::session::Catalog;
use crate::write::RowBuilder;
use error::{PgError, PgResult, bail};
use types::{ArrayValue, Datum, Oid};

/// A column to be made.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewColumn {
    pub name: String,
    pub typ: Oid,
    pub typmod: i32,
    pub ndims: i16,
    /// INVALID for types without collation.
    pub collation: Oid,
    pub not_null: bool,
    /// '\0', 'a' or 'd'.
    pub identity: char,
    /// '\0', 's' or 'v'.
    pub generated: char,
    /// `None`: as the type says.
    pub storage: Option<char>,
    /// '\0' for the default.
    pub compression: char,
    pub is_local: bool,
    pub inhcount: i16,
    /// Value of rows that are there already (ADD COLUMN).
    pub missing: Option<Datum>,
    pub options: Vec<String>,
    pub fdw_options: Vec<String>,
}

impl NewColumn {
    /// A plain column.
    pub fn new(name: &str, typ: Oid, typmod: i32, collation: Oid) -> NewColumn {
        NewColumn {
            name: name.into(),
            typ,
            typmod,
            ndims: 0,
            collation,
            not_null: false,
            identity: '\0',
            generated: '\0',
            storage: None,
            compression: '\0',
            is_local: true,
            inhcount: 0,
            missing: None,
            options: Vec::new(),
            fdw_options: Vec::new(),
        }
    }
}

/// A relation to be made.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewRelation {
    /// INVALID to take a new one.
    pub oid: Oid,
    pub name: String,
    pub namespace: Oid,
    pub owner: Oid,
    /// 'r', 'p', 'v', 'm', 'S', 'c', 'f'.
    pub relkind: char,
    /// 'p', 'u', 't'.
    pub persistence: char,
    /// INVALID where the kind has none.
    pub am: Oid,
    pub tablespace: Oid,
    /// OF type.
    pub of_type: Oid,
    pub columns: Vec<NewColumn>,
    pub reloptions: Vec<String>,
    pub is_partition: bool,
    /// Stored [`crate::PartitionBound`].
    pub partition_bound: Option<String>,
    pub is_populated: bool,
}

impl NewRelation {
    /// A permanent relation with the access method its kind has.
    pub fn new(
        name: &str,
        namespace: Oid,
        owner: Oid,
        relkind: char,
        columns: Vec<NewColumn>,
    ) -> Self {
        const HEAP: Oid = Oid(2);
        NewRelation {
            oid: Oid::INVALID,
            name: name.into(),
            namespace,
            owner,
            relkind,
            persistence: 'p',
            am: if matches!(relkind, 'r' | 'm') { HEAP } else { Oid::INVALID },
            tablespace: Oid::INVALID,
            of_type: Oid::INVALID,
            columns,
            reloptions: Vec::new(),
            is_partition: false,
            partition_bound: None,
            is_populated: true,
        }
    }
}

/// What [`Catalog::create_relation`] made.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct CreatedRelation {
    pub oid: Oid,
    /// Row type, INVALID for sequences.
    pub reltype: Oid,
    /// 0 without storage.
    pub storage_id: u32,
}

/// Whether relations of a kind keep rows.
pub fn has_storage(relkind: char) -> bool {
    matches!(relkind, 'r' | 'm' | 'S' | 'i' | 't')
}

/// Text arrays are NULL when empty.
pub(crate) fn options_datum(options: &[String]) -> Option<Datum> {
    (!options.is_empty()).then(|| crate::csv::text_array(options))
}

impl Catalog {
    /// A storage id that comes to be with this transaction.
    pub fn create_storage(&self) -> PgResult<u32> {
        let sid = self.alloc_storage_id()?;
        if let Ok(txn) = self.transaction() {
            txn.create_storage(txn::StorageId(sid))?;
        }
        Ok(sid)
    }

    /// Gives storage up at the end of this transaction.
    pub fn drop_storage(&self, storage_id: u32) -> PgResult<()> {
        match self.transaction() {
            Ok(txn) if storage_id != 0 => txn.drop_storage(txn::StorageId(storage_id)),
            _ => Ok(()),
        }
    }

    /// Makes a relation: rows in pg_class, pg_attribute, pg_type (row and array type), dependencies, storage.
    pub fn create_relation(&self, new: &NewRelation) -> PgResult<CreatedRelation> {
        if self.lookup_relation(new.namespace, &new.name)?.is_some() {
            bail!(DUPLICATE_TABLE, "relation \"{}\" already exists", new.name);
        }
        let has_type = new.relkind != 'S';
        if has_type {
            self.make_room_for_type(new.namespace, &new.name)?;
        }
        let oid = match new.oid.is_valid() {
            true => new.oid,
            false => self.alloc_oid(pg_class::RELID)?,
        };
        let reltype = if has_type { self.alloc_oid(pg_type::RELID)? } else { Oid::INVALID };
        let storage_id = if has_storage(new.relkind) { self.create_storage()? } else { 0 };
        let kind = ObjectKind::of_relkind(new.relkind);
        let acl = match new.relkind {
            'c' => None,
            _ => self.initial_acl(kind, new.owner, new.namespace)?,
        };
        self.insert_class_row(new, oid, reltype, storage_id, acl.as_deref())?;
        for (i, column) in new.columns.iter().enumerate() {
            self.insert_attribute(oid, i as i16 + 1, column)?;
        }
        if !matches!(new.relkind, 'v' | 'c') {
            for (num, name, typ) in SYSTEM_COLUMNS {
                let mut column = NewColumn::new(name, *typ, -1, Oid::INVALID);
                column.not_null = true;
                self.insert_attribute(oid, *num, &column)?;
            }
        }
        if has_type {
            self.create_row_type(new, oid, reltype)?;
        }
        let this = ObjectAddress::relation(oid);
        if new.relkind != 'c' {
            let normal = DependencyKind::Normal;
            self.record_dependency(this, ObjectAddress::namespace(new.namespace), normal)?;
            self.record_owner(this, new.owner)?;
            self.record_acl(this, new.owner, acl.as_deref())?;
            self.record_dependency(this, ObjectAddress::typ(new.of_type), normal)?;
            self.record_dependency(this, ObjectAddress::new(pg_am::RELID, new.am), normal)?;
        }
        Ok(CreatedRelation { oid, reltype, storage_id })
    }

    fn insert_class_row(
        &self,
        new: &NewRelation,
        oid: Oid,
        reltype: Oid,
        storage_id: u32,
        acl: Option<&[crate::rows::AclItem]>,
    ) -> PgResult<()> {
        let is_heap = matches!(new.relkind, 'r' | 'm' | 't');
        let replident = match new.relkind {
            'r' | 'p' | 'm' if new.namespace != PG_CATALOG => 'd',
            _ => 'n',
        };
        RowBuilder::new(pg_class::RELID)
            .set(pg_class::OID, oid)
            .set(pg_class::RELNAME, &new.name)
            .set(pg_class::RELNAMESPACE, new.namespace)
            .set(pg_class::RELTYPE, reltype)
            .set(pg_class::RELOFTYPE, new.of_type)
            .set(pg_class::RELOWNER, new.owner)
            .set(pg_class::RELAM, new.am)
            .set(pg_class::RELFILENODE, Oid(storage_id))
            .set(pg_class::RELTABLESPACE, new.tablespace)
            .set(pg_class::RELPAGES, i32::from(new.relkind == 'S'))
            .set(pg_class::RELTUPLES, if new.relkind == 'S' { 1.0 } else { -1.0_f32 })
            .set(pg_class::RELALLVISIBLE, 0)
            .set(pg_class::RELALLFROZEN, 0)
            .set(pg_class::RELTOASTRELID, Oid::INVALID)
            .set(pg_class::RELHASINDEX, false)
            .set(pg_class::RELISSHARED, false)
            .set(pg_class::RELPERSISTENCE, new.persistence)
            .set(pg_class::RELKIND, new.relkind)
            .set(pg_class::RELNATTS, new.columns.len() as i16)
            .set(pg_class::RELCHECKS, 0_i16)
            .set(pg_class::RELHASRULES, false)
            .set(pg_class::RELHASTRIGGERS, false)
            .set(pg_class::RELHASSUBCLASS, false)
            .set(pg_class::RELROWSECURITY, false)
            .set(pg_class::RELFORCEROWSECURITY, false)
            .set(pg_class::RELISPOPULATED, new.is_populated)
            .set(pg_class::RELREPLIDENT, replident)
            .set(pg_class::RELISPARTITION, new.is_partition)
            .set(pg_class::RELREWRITE, Oid::INVALID)
            .set(pg_class::RELFROZENXID, Oid(if is_heap { 3 } else { 0 }))
            .set(pg_class::RELMINMXID, Oid(u32::from(is_heap)))
            .set(pg_class::RELACL, acl.map(crate::acl::to_datum))
            .set(pg_class::RELOPTIONS, options_datum(&new.reloptions))
            .set(pg_class::RELPARTBOUND, new.partition_bound.as_deref())
            .insert(self)
    }

    /// Adds a pg_attribute row with its dependencies on type and collation.
    pub fn insert_attribute(&self, relid: Oid, num: i16, column: &NewColumn) -> PgResult<()> {
        use pg_attribute::*;
        let typ = self.get_type(column.typ)?;
        let missing = column.missing.as_ref().map(|value| {
            Datum::Array(ArrayValue::from_elems(column.typ, vec![value.clone()]).into())
        });
        RowBuilder::new(RELID)
            .set(ATTRELID, relid)
            .set(ATTNAME, &column.name)
            .set(ATTTYPID, column.typ)
            .set(ATTLEN, typ.len)
            .set(ATTNUM, num)
            .set(ATTTYPMOD, column.typmod)
            .set(ATTNDIMS, column.ndims)
            .set(ATTBYVAL, typ.byval)
            .set(ATTALIGN, typ.align)
            .set(ATTSTORAGE, column.storage.unwrap_or(typ.storage))
            .set(ATTCOMPRESSION, column.compression)
            .set(ATTNOTNULL, column.not_null)
            .set(ATTHASDEF, false)
            .set(ATTHASMISSING, missing.is_some())
            .set(ATTIDENTITY, column.identity)
            .set(ATTGENERATED, column.generated)
            .set(ATTISDROPPED, false)
            .set(ATTISLOCAL, column.is_local)
            .set(ATTINHCOUNT, column.inhcount)
            .set(ATTCOLLATION, column.collation)
            .set(ATTOPTIONS, options_datum(&column.options))
            .set(ATTFDWOPTIONS, options_datum(&column.fdw_options))
            .set(ATTMISSINGVAL, missing)
            .insert(self)?;
        if num > 0 {
            let this = ObjectAddress::column(relid, num);
            let normal = DependencyKind::Normal;
            self.record_dependency(this, ObjectAddress::typ(column.typ), normal)?;
            let collation = ObjectAddress::new(pg_collation::RELID, column.collation);
            self.record_dependency(this, collation, normal)?;
        }
        Ok(())
    }

    /// Adds a column after the last one; returns its number.
    pub fn add_column(&self, relid: Oid, column: &NewColumn) -> PgResult<i16> {
        const MAX_COLUMNS: i16 = 1600;
        let mut number = 0;
        self.update_by_key(index::PG_CLASS_OID_INDEX, &[Datum::Oid(relid)], |row| {
            number = Row(row).i16(pg_class::RELNATTS) + 1;
            if number > MAX_COLUMNS {
                bail!(TOO_MANY_COLUMNS, "tables can have at most {MAX_COLUMNS} columns");
            }
            row[pg_class::RELNATTS] = Datum::Int2(number);
            Ok(())
        })?;
        self.insert_attribute(relid, number, column)?;
        Ok(number)
    }

    /// Sets columns of a pg_attribute row.
    pub fn set_attribute(
        &self,
        relid: Oid,
        attnum: i16,
        columns: &[(usize, Datum)],
    ) -> PgResult<()> {
        let key = [Datum::Oid(relid), Datum::Int2(attnum)];
        self.set_by_key(index::PG_ATTRIBUTE_RELID_ATTNUM_INDEX, &key, columns)
    }

    /// Marks a column dropped. To be reached through [`Catalog::perform_deletion`].
    pub(crate) fn drop_column_row(&self, relid: Oid, attnum: i16) -> PgResult<()> {
        use pg_attribute::*;
        let name = format!("........pg.dropped.{attnum}........");
        self.set_attribute(
            relid,
            attnum,
            &[
                (ATTISDROPPED, Datum::Bool(true)),
                (ATTTYPID, Datum::Oid(Oid::INVALID)),
                (ATTNOTNULL, Datum::Bool(false)),
                (ATTGENERATED, Datum::Char(0)),
                (ATTIDENTITY, Datum::Char(0)),
                (ATTNAME, Datum::text(&name)),
                (ATTHASMISSING, Datum::Bool(false)),
                (ATTMISSINGVAL, Datum::Null),
                (ATTSTATTARGET, Datum::Null),
                (ATTACL, Datum::Null),
                (ATTOPTIONS, Datum::Null),
                (ATTFDWOPTIONS, Datum::Null),
            ],
        )?;
        self.delete_statistics(relid, Some(attnum))
    }

    /// Removes statistics of a relation (of one column).
    pub fn delete_statistics(&self, relid: Oid, attnum: Option<i16>) -> PgResult<()> {
        let mut key = vec![Datum::Oid(relid)];
        key.extend(attnum.map(Datum::Int2));
        self.delete_by_key(index::PG_STATISTIC_RELID_ATT_INH_INDEX, &key)?;
        Ok(())
    }

    /// Removes all rows that are about one relation, and its storage. To be reached through
    /// [`Catalog::perform_deletion`].
    pub(crate) fn drop_relation_rows(&self, relid: Oid) -> PgResult<()> {
        let Some(class) = self.row_by_oid(pg_class::RELID, relid)? else {
            return Err(PgError::internal(format!("cache lookup failed for relation {relid}")));
        };
        let key = [Datum::Oid(relid)];
        let r = Row(&class.values);
        let relkind = r.char(pg_class::RELKIND);
        if has_storage(relkind) {
            let shared = r.bool(pg_class::RELISSHARED);
            let sid = self.storage_id_of(relid, r.oid(pg_class::RELFILENODE), shared)?;
            self.drop_storage(sid)?;
        }
        if matches!(relkind, 'i' | 'I') {
            self.delete_by_key(index::PG_INDEX_INDEXRELID_INDEX, &key)?;
        }
        if r.bool(pg_class::RELISPARTITION) && !matches!(relkind, 'i' | 'I') {
            self.forget_default_partition(relid)?;
        }
        self.delete_by_key(index::PG_INHERITS_RELID_SEQNO_INDEX, &key)?;
        self.delete_by_key(index::PG_PARTITIONED_TABLE_PARTRELID_INDEX, &key)?;
        self.delete_by_key(index::PG_FOREIGN_TABLE_RELID_INDEX, &key)?;
        self.delete_by_key(index::PG_SEQUENCE_SEQRELID_INDEX, &key)?;
        self.delete_statistics(relid, None)?;
        for row in self.rows_by_index(index::PG_ATTRIBUTE_RELID_ATTNUM_INDEX, &key)? {
            self.delete_row(pg_attribute::RELID, &row)?;
        }
        self.delete_row(pg_class::RELID, &class)
    }

    fn forget_default_partition(&self, relid: Oid) -> PgResult<()> {
        for parent in self.inheritance_parents(relid)?.iter() {
            let key = [Datum::Oid(*parent)];
            self.update_by_key(index::PG_PARTITIONED_TABLE_PARTRELID_INDEX, &key, |row| {
                if Row(row).oid(pg_partitioned_table::PARTDEFID) == relid {
                    row[pg_partitioned_table::PARTDEFID] = Datum::Oid(Oid::INVALID);
                }
                Ok(())
            })?;
            self.invalidate_relation(*parent)?;
        }
        Ok(())
    }

    /// Gives a table, index or sequence new, empty storage (TRUNCATE, rewrites, REINDEX); returns its id.
    pub fn new_storage(&self, relid: Oid) -> PgResult<u32> {
        let Some(class) = self.row_by_oid(pg_class::RELID, relid)? else {
            return Err(PgError::internal(format!("cache lookup failed for relation {relid}")));
        };
        let old = class.oid(pg_class::RELFILENODE);
        if old.0 < crate::relmap::FIRST_MAPPED {
            return Err(error::not_supported!("rewriting a system catalog"));
        }
        let sid = self.create_storage()?;
        let mut new = class.values.clone();
        new[pg_class::RELFILENODE] = Datum::Oid(Oid(sid));
        self.update_row(pg_class::RELID, &class, &new)?;
        self.drop_storage(old.0)?;
        Ok(sid)
    }

    /// Sets pg_class.relpages, reltuples and relallvisible after ANALYZE or an index build.
    pub fn set_relation_stats(
        &self,
        relid: Oid,
        pages: i32,
        tuples: f32,
        visible: i32,
    ) -> PgResult<()> {
        self.set_by_oid(
            pg_class::RELID,
            relid,
            &[
                (pg_class::RELPAGES, Datum::Int4(pages)),
                (pg_class::RELTUPLES, Datum::Float4(tuples)),
                (pg_class::RELALLVISIBLE, Datum::Int4(visible)),
            ],
        )
    }

    /// Records inheritance (or partitioning) of a table.
    pub fn add_inheritance(
        &self,
        child: Oid,
        parent: Oid,
        seqno: i32,
        is_partition: bool,
    ) -> PgResult<()> {
        RowBuilder::new(pg_inherits::RELID)
            .set(pg_inherits::INHRELID, child)
            .set(pg_inherits::INHPARENT, parent)
            .set(pg_inherits::INHSEQNO, seqno)
            .set(pg_inherits::INHDETACHPENDING, false)
            .insert(self)?;
        let kind = if is_partition { DependencyKind::Auto } else { DependencyKind::Normal };
        let (child, on) = (ObjectAddress::relation(child), ObjectAddress::relation(parent));
        self.record_dependency(child, on, kind)?;
        self.set_class_flag(parent, pg_class::RELHASSUBCLASS, true)
    }

    /// Undoes [`Catalog::add_inheritance`].
    pub fn remove_inheritance(&self, child: Oid, parent: Oid) -> PgResult<bool> {
        let key = [Datum::Oid(child)];
        let mut found = false;
        for row in self.rows_by_index(index::PG_INHERITS_RELID_SEQNO_INDEX, &key)? {
            if row.oid(pg_inherits::INHPARENT) == parent {
                self.delete_row(pg_inherits::RELID, &row)?;
                found = true;
            }
        }
        let key = [Datum::Oid(pg_class::RELID), Datum::Oid(child), Datum::Int4(0)];
        for row in self.rows_by_index(index::PG_DEPEND_DEPENDER_INDEX, &key)? {
            let r = Row(&row.values);
            let on_parent = r.oid(pg_depend::REFCLASSID) == pg_class::RELID
                && r.oid(pg_depend::REFOBJID) == parent
                && r.i32(pg_depend::REFOBJSUBID) == 0;
            if on_parent {
                self.delete_row(pg_depend::RELID, &row)?;
            }
        }
        Ok(found)
    }
}
