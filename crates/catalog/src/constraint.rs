//! Rows of constraints, defaults and indexes.
use crate::csv;
use crate::decode::Row;
use crate::depend::{DependencyKind, ObjectAddress};
use crate::read::CatalogRead;
use crate::relation::options_datum;
use crate::rows::Constraint;
use crate::schema::*;
use crate::session::Catalog;
use crate::write::RowBuilder;
use error::{PgResult, bail};
use nodes::Expr;
use nodes::stored::to_stored;
use types::{Datum, Oid, type_oid as t};

impl Constraint {
    /// A constraint of a kind with nothing else said.
    pub fn blank(name: &str, namespace: Oid, contype: char, relid: Oid) -> Constraint {
        Constraint {
            oid: Oid::INVALID,
            name: name.into(),
            namespace,
            contype,
            deferrable: false,
            deferred: false,
            enforced: true,
            validated: true,
            relid,
            typid: Oid::INVALID,
            indid: Oid::INVALID,
            parentid: Oid::INVALID,
            frelid: Oid::INVALID,
            fupdtype: ' ',
            fdeltype: ' ',
            fmatchtype: ' ',
            is_local: true,
            inhcount: 0,
            noinherit: false,
            period: false,
            key: Vec::new(),
            fkey: Vec::new(),
            pfeqop: Vec::new(),
            ppeqop: Vec::new(),
            ffeqop: Vec::new(),
            fdelsetcols: Vec::new(),
            exclop: Vec::new(),
            expr: None,
        }
    }
}

/// An index to be made.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewIndex {
    /// INVALID to take a new one.
    pub oid: Oid,
    pub name: String,
    pub table: Oid,
    pub am: Oid,
    pub owner: Oid,
    pub tablespace: Oid,
    pub columns: Vec<NewIndexColumn>,
    /// Key columns, the rest are included.
    pub n_key: usize,
    pub unique: bool,
    pub nulls_not_distinct: bool,
    pub primary: bool,
    pub exclusion: bool,
    /// Uniqueness is checked at once (not deferrable).
    pub immediate: bool,
    pub valid: bool,
    pub ready: bool,
    /// Expressions in order of the zero columns.
    pub exprs: Vec<Expr>,
    pub predicate: Vec<Expr>,
    pub reloptions: Vec<String>,
    /// On a partitioned table.
    pub partitioned: bool,
    /// Of the index of the parent table, if this is a partition's.
    pub parent: Oid,
    /// The constraint, if it is made for one, so that no dependencies on columns are needed.
    pub for_constraint: bool,
}

/// A column of an index to be made.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NewIndexColumn {
    /// Column of the table, 0 for an expression.
    pub attnum: i16,
    pub name: String,
    /// Type and modifier of the column or expression.
    pub typ: Oid,
    pub typmod: i32,
    pub collation: Oid,
    /// INVALID for included columns.
    pub opclass: Oid,
    pub desc: bool,
    pub nulls_first: bool,
}

/// Conditions that must all hold, as the one expression that catalogs show.
fn conjunction(conditions: &[Expr]) -> Option<Expr> {
    match conditions {
        [] => None,
        [one] => Some(one.clone()),
        all => Some(Expr::BoolExpr(Box::new(nodes::BoolExpr {
            boolop: nodes::BoolExprType::And,
            args: all.to_vec(),
            location: -1,
        }))),
    }
}

impl Catalog {
    /// Adds a constraint with its dependencies; `constraint.oid` is used if valid. Returns its OID.
    pub fn create_constraint(&self, constraint: &Constraint) -> PgResult<Oid> {
        use pg_constraint::*;
        let c = constraint;
        let oid = match c.oid.is_valid() {
            true => c.oid,
            false => self.alloc_oid(RELID)?,
        };
        let i16s = |v: &[i16]| (!v.is_empty()).then(|| csv::int2_array(v));
        let oids = |v: &[Oid]| (!v.is_empty()).then(|| csv::oid_array(v));
        let expr = c.expr.as_deref().map(to_stored).transpose()?;
        RowBuilder::new(RELID)
            .set(OID, oid)
            .set(CONNAME, &c.name)
            .set(CONNAMESPACE, c.namespace)
            .set(CONTYPE, c.contype)
            .set(CONDEFERRABLE, c.deferrable)
            .set(CONDEFERRED, c.deferred)
            .set(CONENFORCED, c.enforced)
            .set(CONVALIDATED, c.validated)
            .set(CONRELID, c.relid)
            .set(CONTYPID, c.typid)
            .set(CONINDID, c.indid)
            .set(CONPARENTID, c.parentid)
            .set(CONFRELID, c.frelid)
            .set(CONFUPDTYPE, c.fupdtype)
            .set(CONFDELTYPE, c.fdeltype)
            .set(CONFMATCHTYPE, c.fmatchtype)
            .set(CONISLOCAL, c.is_local)
            .set(CONINHCOUNT, c.inhcount)
            .set(CONNOINHERIT, c.noinherit)
            .set(CONPERIOD, c.period)
            .set(CONKEY, i16s(&c.key))
            .set(CONFKEY, i16s(&c.fkey))
            .set(CONPFEQOP, oids(&c.pfeqop))
            .set(CONPPEQOP, oids(&c.ppeqop))
            .set(CONFFEQOP, oids(&c.ffeqop))
            .set(CONFDELSETCOLS, i16s(&c.fdelsetcols))
            .set(CONEXCLOP, oids(&c.exclop))
            .set(CONBIN, expr)
            .insert(self)?;
        self.record_constraint_dependencies(oid, c)?;
        if c.contype == 'c' && c.relid.is_valid() {
            self.update_by_key(index::PG_CLASS_OID_INDEX, &[Datum::Oid(c.relid)], |row| {
                let checks = Row(row).i16(pg_class::RELCHECKS);
                row[pg_class::RELCHECKS] = Datum::Int2(checks + 1);
                Ok(())
            })?;
        }
        Ok(oid)
    }

    fn record_constraint_dependencies(&self, oid: Oid, c: &Constraint) -> PgResult<()> {
        let this = ObjectAddress::constraint(oid);
        let (normal, auto) = (DependencyKind::Normal, DependencyKind::Auto);
        if c.relid.is_valid() {
            for attnum in &c.key {
                self.record_dependency(this, ObjectAddress::column(c.relid, *attnum), auto)?;
            }
            if c.key.is_empty() {
                self.record_dependency(this, ObjectAddress::relation(c.relid), auto)?;
            }
        }
        self.record_dependency(this, ObjectAddress::typ(c.typid), auto)?;
        if c.frelid.is_valid() {
            for attnum in &c.fkey {
                self.record_dependency(this, ObjectAddress::column(c.frelid, *attnum), normal)?;
            }
            if c.fkey.is_empty() {
                self.record_dependency(this, ObjectAddress::relation(c.frelid), normal)?;
            }
        }
        if c.contype == 'f' {
            self.record_dependency(this, ObjectAddress::relation(c.indid), normal)?;
            for op in c.pfeqop.iter().chain(&c.ppeqop).chain(&c.ffeqop) {
                self.record_dependency(this, ObjectAddress::new(pg_operator::RELID, *op), normal)?;
            }
        }
        match &c.expr {
            Some(expr) => self.record_expr_dependencies(this, &[expr], c.relid, normal, auto),
            None => Ok(()),
        }
    }

    /// Sets columns of a constraint's row.
    pub fn set_constraint(&self, oid: Oid, columns: &[(usize, Datum)]) -> PgResult<()> {
        self.set_by_oid(pg_constraint::RELID, oid, columns)
    }

    /// Whether a relation (or domain) has a constraint of that name.
    pub fn constraint_exists(&self, relid: Oid, typid: Oid, name: &str) -> PgResult<Option<Oid>> {
        let key = [Datum::Oid(relid), Datum::Oid(typid), Datum::text(name)];
        let index = index::PG_CONSTRAINT_CONRELID_CONTYPID_CONNAME_INDEX;
        Ok(self.row_by_index(index, &key)?.map(|row| row.oid(pg_constraint::OID)))
    }

    /// Stores a column's default (or generation expression) in place of the one it has; returns its OID.
    pub fn set_default(&self, relid: Oid, attnum: i16, expr: &Expr) -> PgResult<Oid> {
        self.remove_default(relid, attnum)?;
        let oid = self.alloc_oid(pg_attrdef::RELID)?;
        RowBuilder::new(pg_attrdef::RELID)
            .set(pg_attrdef::OID, oid)
            .set(pg_attrdef::ADRELID, relid)
            .set(pg_attrdef::ADNUM, attnum)
            .set(pg_attrdef::ADBIN, to_stored(expr)?)
            .insert(self)?;
        let mut generated = false;
        let key = [Datum::Oid(relid), Datum::Int2(attnum)];
        self.update_by_key(index::PG_ATTRIBUTE_RELID_ATTNUM_INDEX, &key, |att| {
            att[pg_attribute::ATTHASDEF] = Datum::Bool(true);
            generated = Row(att).char(pg_attribute::ATTGENERATED) != '\0';
            Ok(())
        })?;
        let this = ObjectAddress::new(pg_attrdef::RELID, oid);
        let kind = if generated { DependencyKind::Internal } else { DependencyKind::Auto };
        self.record_dependency(this, ObjectAddress::column(relid, attnum), kind)?;
        let normal = DependencyKind::Normal;
        self.record_expr_dependencies(this, &[expr], relid, normal, normal)?;
        Ok(oid)
    }

    /// Removes a column's default without looking at dependencies on it.
    pub fn remove_default(&self, relid: Oid, attnum: i16) -> PgResult<()> {
        let key = [Datum::Oid(relid), Datum::Int2(attnum)];
        for row in self.delete_by_key(index::PG_ATTRDEF_ADRELID_ADNUM_INDEX, &key)? {
            let oid = row.oid(pg_attrdef::OID);
            self.delete_dependencies_of(ObjectAddress::new(pg_attrdef::RELID, oid), None)?;
            self.set_attribute(relid, attnum, &[(pg_attribute::ATTHASDEF, Datum::Bool(false))])?;
        }
        Ok(())
    }

    /// Adds an index: rows in pg_class, pg_attribute and pg_index, dependencies, storage. Returns its OID
    /// and storage id (0 on a partitioned table). The entries are the caller's to make.
    pub fn create_index(&self, new: &NewIndex) -> PgResult<(Oid, u32)> {
        let table = self.get_relation(new.table)?;
        if self.lookup_relation(table.namespace, &new.name)?.is_some() {
            bail!(DUPLICATE_TABLE, "relation \"{}\" already exists", new.name);
        }
        let oid = match new.oid.is_valid() {
            true => new.oid,
            false => self.alloc_oid(pg_class::RELID)?,
        };
        let storage_id = if new.partitioned { 0 } else { self.create_storage()? };
        self.insert_index_class(new, oid, storage_id, &table)?;
        for (i, column) in new.columns.iter().enumerate() {
            self.insert_index_attribute(oid, i as i16 + 1, column)?;
        }
        self.insert_index_row(new, oid)?;
        self.set_class_flag(new.table, pg_class::RELHASINDEX, true)?;
        self.record_index_dependencies(new, oid)?;
        if new.parent.is_valid() {
            self.add_index_parent(oid, new.parent)?;
        }
        Ok((oid, storage_id))
    }

    fn insert_index_class(
        &self,
        new: &NewIndex,
        oid: Oid,
        storage_id: u32,
        table: &crate::rows::RelationDesc,
    ) -> PgResult<()> {
        let class = crate::relation::NewRelation {
            oid,
            persistence: table.persistence,
            am: new.am,
            tablespace: new.tablespace,
            reloptions: new.reloptions.clone(),
            is_partition: new.parent.is_valid(),
            ..crate::relation::NewRelation::new(
                &new.name,
                table.namespace,
                new.owner,
                if new.partitioned { 'I' } else { 'i' },
                Vec::new(),
            )
        };
        self.insert_index_class_row(&class, oid, storage_id, new.columns.len() as i16)
    }

    fn insert_index_class_row(
        &self,
        class: &crate::relation::NewRelation,
        oid: Oid,
        storage_id: u32,
        natts: i16,
    ) -> PgResult<()> {
        RowBuilder::new(pg_class::RELID)
            .set(pg_class::OID, oid)
            .set(pg_class::RELNAME, &class.name)
            .set(pg_class::RELNAMESPACE, class.namespace)
            .set(pg_class::RELTYPE, Oid::INVALID)
            .set(pg_class::RELOFTYPE, Oid::INVALID)
            .set(pg_class::RELOWNER, class.owner)
            .set(pg_class::RELAM, class.am)
            .set(pg_class::RELFILENODE, Oid(storage_id))
            .set(pg_class::RELTABLESPACE, class.tablespace)
            .set(pg_class::RELPAGES, 0)
            .set(pg_class::RELTUPLES, 0.0_f32)
            .set(pg_class::RELALLVISIBLE, 0)
            .set(pg_class::RELALLFROZEN, 0)
            .set(pg_class::RELTOASTRELID, Oid::INVALID)
            .set(pg_class::RELHASINDEX, false)
            .set(pg_class::RELISSHARED, false)
            .set(pg_class::RELPERSISTENCE, class.persistence)
            .set(pg_class::RELKIND, class.relkind)
            .set(pg_class::RELNATTS, natts)
            .set(pg_class::RELCHECKS, 0_i16)
            .set(pg_class::RELHASRULES, false)
            .set(pg_class::RELHASTRIGGERS, false)
            .set(pg_class::RELHASSUBCLASS, false)
            .set(pg_class::RELROWSECURITY, false)
            .set(pg_class::RELFORCEROWSECURITY, false)
            .set(pg_class::RELISPOPULATED, true)
            .set(pg_class::RELREPLIDENT, 'n')
            .set(pg_class::RELISPARTITION, class.is_partition)
            .set(pg_class::RELREWRITE, Oid::INVALID)
            .set(pg_class::RELFROZENXID, Oid::INVALID)
            .set(pg_class::RELMINMXID, Oid::INVALID)
            .set(pg_class::RELOPTIONS, options_datum(&class.reloptions))
            .insert(self)
    }

    fn insert_index_attribute(
        &self,
        relid: Oid,
        num: i16,
        column: &NewIndexColumn,
    ) -> PgResult<()> {
        use pg_attribute::*;
        let opclass = match column.opclass.is_valid() {
            true => self.lookup_opclass(column.opclass)?,
            false => None,
        };
        // An operator class may keep another type than it indexes.
        let stored = match opclass.map(|c| c.keytype) {
            Some(t::ANYELEMENT) => self.get_type(column.typ)?.elem,
            Some(keytype) if keytype.is_valid() => keytype,
            _ => column.typ,
        };
        let typ = self.get_type(stored)?;
        let typmod = if stored == column.typ { column.typmod } else { -1 };
        RowBuilder::new(RELID)
            .set(ATTRELID, relid)
            .set(ATTNAME, &column.name)
            .set(ATTTYPID, stored)
            .set(ATTLEN, typ.len)
            .set(ATTNUM, num)
            .set(ATTTYPMOD, typmod)
            .set(ATTNDIMS, 0_i16)
            .set(ATTBYVAL, typ.byval)
            .set(ATTALIGN, typ.align)
            .set(ATTSTORAGE, typ.storage)
            .set(ATTCOMPRESSION, '\0')
            .set(ATTNOTNULL, false)
            .set(ATTHASDEF, false)
            .set(ATTHASMISSING, false)
            .set(ATTIDENTITY, '\0')
            .set(ATTGENERATED, '\0')
            .set(ATTISDROPPED, false)
            .set(ATTISLOCAL, true)
            .set(ATTINHCOUNT, 0_i16)
            .set(ATTCOLLATION, column.collation)
            .insert(self)
    }

    fn insert_index_row(&self, new: &NewIndex, oid: Oid) -> PgResult<()> {
        use pg_index::*;
        let keys = &new.columns[..new.n_key.min(new.columns.len())];
        let attnums: Vec<i16> = new.columns.iter().map(|c| c.attnum).collect();
        let collations: Vec<Oid> = keys.iter().map(|c| c.collation).collect();
        let classes: Vec<Oid> = keys.iter().map(|c| c.opclass).collect();
        let option = |c: &NewIndexColumn| i16::from(c.desc) | i16::from(c.nulls_first) << 1;
        let options: Vec<i16> = keys.iter().map(option).collect();
        let stored = |list: &Vec<Expr>| match list.is_empty() {
            true => Ok(None),
            false => to_stored(list).map(Some),
        };
        RowBuilder::new(RELID)
            .set(INDEXRELID, oid)
            .set(INDRELID, new.table)
            .set(INDNATTS, new.columns.len() as i16)
            .set(INDNKEYATTS, keys.len() as i16)
            .set(INDISUNIQUE, new.unique)
            .set(INDNULLSNOTDISTINCT, new.nulls_not_distinct)
            .set(INDISPRIMARY, new.primary)
            .set(INDISEXCLUSION, new.exclusion)
            .set(INDIMMEDIATE, new.immediate)
            .set(INDISCLUSTERED, false)
            .set(INDISVALID, new.valid)
            .set(INDCHECKXMIN, false)
            .set(INDISREADY, new.ready)
            .set(INDISLIVE, true)
            .set(INDISREPLIDENT, false)
            .set(INDKEY, csv::int2vector(&attnums))
            .set(INDCOLLATION, csv::oidvector(&collations))
            .set(INDCLASS, csv::oidvector(&classes))
            .set(INDOPTION, csv::int2vector(&options))
            .set(INDEXPRS, stored(&new.exprs)?)
            .set(INDPRED, conjunction(&new.predicate).as_ref().map(to_stored).transpose()?)
            .insert(self)
    }

    fn record_index_dependencies(&self, new: &NewIndex, oid: Oid) -> PgResult<()> {
        let this = ObjectAddress::relation(oid);
        let (normal, auto) = (DependencyKind::Normal, DependencyKind::Auto);
        if !new.for_constraint {
            let mut columns: Vec<i16> =
                new.columns.iter().map(|c| c.attnum).filter(|a| *a != 0).collect();
            columns.sort_unstable();
            columns.dedup();
            for attnum in &columns {
                self.record_dependency(this, ObjectAddress::column(new.table, *attnum), auto)?;
            }
            if columns.is_empty() {
                self.record_dependency(this, ObjectAddress::relation(new.table), auto)?;
            }
        }
        for column in &new.columns[..new.n_key.min(new.columns.len())] {
            let collation = ObjectAddress::new(pg_collation::RELID, column.collation);
            self.record_dependency(this, collation, normal)?;
            let opclass = ObjectAddress::new(pg_opclass::RELID, column.opclass);
            self.record_dependency(this, opclass, normal)?;
        }
        let exprs: Vec<&Expr> = new.exprs.iter().chain(&new.predicate).collect();
        self.record_expr_dependencies(this, &exprs, new.table, normal, auto)
    }

    /// Makes an index part of the index of a partitioned table.
    pub fn add_index_parent(&self, index: Oid, parent: Oid) -> PgResult<()> {
        RowBuilder::new(pg_inherits::RELID)
            .set(pg_inherits::INHRELID, index)
            .set(pg_inherits::INHPARENT, parent)
            .set(pg_inherits::INHSEQNO, 1)
            .set(pg_inherits::INHDETACHPENDING, false)
            .insert(self)?;
        let table = self
            .row_by_index(index::PG_INDEX_INDEXRELID_INDEX, &[Datum::Oid(index)])?
            .map_or(Oid::INVALID, |row| row.oid(pg_index::INDRELID));
        let this = ObjectAddress::relation(index);
        let (primary, secondary) =
            (DependencyKind::PartitionPrimary, DependencyKind::PartitionSecondary);
        self.record_dependency(this, ObjectAddress::relation(parent), primary)?;
        self.record_dependency(this, ObjectAddress::relation(table), secondary)?;
        self.set_class_flag(index, pg_class::RELISPARTITION, true)?;
        self.set_class_flag(parent, pg_class::RELHASSUBCLASS, true)
    }
}
