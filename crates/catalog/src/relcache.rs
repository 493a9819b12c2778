//! Builds a relation's entry from the catalogs.
use crate::decode::{Row, stored_expr};
use crate::physical;
use crate::read::CatalogRead;
use crate::rows::*;
use crate::schema::*;
use crate::session::Catalog;
use error::{PgError, PgResult};
use nodes::Expr;
use nodes::stored::from_stored;
use std::collections::HashMap;
use std::sync::Arc;
use types::{Datum, Oid, PhysType};

fn stored_list(datum: &Datum) -> PgResult<Vec<Expr>> {
    match datum {
        Datum::Bytes(v) => from_stored(&String::from_utf8_lossy(v.as_bytes())),
        _ => Ok(Vec::new()),
    }
}

/// The conditions that an expression joins by AND.
fn conditions(expr: Option<Expr>) -> Vec<Expr> {
    match expr {
        Some(Expr::BoolExpr(b)) if b.boolop == nodes::BoolExprType::And => b.args,
        one => one.into_iter().collect(),
    }
}

fn arc_expr(datum: &Datum) -> PgResult<Option<Arc<Expr>>> {
    Ok(stored_expr(datum)?.map(Arc::new))
}

impl Catalog {
    pub(crate) fn build_relation(&self, relid: Oid) -> PgResult<Option<Arc<RelationDesc>>> {
        let key = [Datum::Oid(relid)];
        let Some(row) = self.row_by_index(index::PG_CLASS_OID_INDEX, &key)? else {
            return Ok(None);
        };
        let class = Row(&row.values);
        let relkind = class.char(pg_class::RELKIND);
        let is_shared = class.bool(pg_class::RELISSHARED);
        let filenode = class.oid(pg_class::RELFILENODE);
        let storage_id = self.storage_id_of(relid, filenode, is_shared)?;
        let attrs = Arc::new(self.load_attributes(relid, class.i16(pg_class::RELNATTS))?);
        let has_heap = matches!(relkind, 'r' | 'm' | 't' | 'S');
        let physical = match has_heap && storage_id != 0 {
            true => Some(Arc::new(physical::table_desc(relid, storage_id, &attrs))),
            false => None,
        };
        let mut desc = RelationDesc {
            oid: relid,
            name: class.text(pg_class::RELNAME),
            namespace: class.oid(pg_class::RELNAMESPACE),
            reltype: class.oid(pg_class::RELTYPE),
            oftype: class.oid(pg_class::RELOFTYPE),
            owner: class.oid(pg_class::RELOWNER),
            am: class.oid(pg_class::RELAM),
            storage_id,
            tablespace: class.oid(pg_class::RELTABLESPACE),
            relkind,
            persistence: class.char(pg_class::RELPERSISTENCE),
            is_shared,
            attrs,
            indexes: Arc::default(),
            index: None,
            constraints: Arc::default(),
            referencing: Arc::default(),
            rules: Arc::default(),
            has_triggers: class.bool(pg_class::RELHASTRIGGERS),
            triggers: Arc::default(),
            policies: Arc::default(),
            partition_key: None,
            partition_bound: None,
            row_security: class.bool(pg_class::RELROWSECURITY),
            force_row_security: class.bool(pg_class::RELFORCEROWSECURITY),
            is_partition: class.bool(pg_class::RELISPARTITION),
            has_subclass: class.bool(pg_class::RELHASSUBCLASS),
            is_populated: class.bool(pg_class::RELISPOPULATED),
            replident: class.char(pg_class::RELREPLIDENT),
            rel_pages: class.i32(pg_class::RELPAGES),
            rel_tuples: class.f32(pg_class::RELTUPLES),
            all_visible: class.i32(pg_class::RELALLVISIBLE),
            reloptions: class.texts(pg_class::RELOPTIONS),
            acl: class.acl(pg_class::RELACL),
            physical,
        };
        if let Some(bound) = class.opt_text(pg_class::RELPARTBOUND) {
            desc.partition_bound = Some(Arc::new(from_stored(&bound)?));
        }
        match relkind {
            'i' | 'I' => {
                let key = [Datum::Oid(relid)];
                if let Some(ix) = self.row_by_index(index::PG_INDEX_INDEXRELID_INDEX, &key)? {
                    desc.index = Some(Arc::new(self.load_index(&ix.values, &row.values)?));
                }
            }
            'c' => {}
            _ => self.load_table_parts(&mut desc, &class)?,
        }
        Ok(Some(Arc::new(desc)))
    }

    fn load_table_parts(&self, desc: &mut RelationDesc, class: &Row<'_>) -> PgResult<()> {
        let relid = desc.oid;
        if class.bool(pg_class::RELHASINDEX) {
            desc.indexes = Arc::new(self.load_indexes(relid)?);
        }
        desc.constraints = Arc::new(self.load_constraints(relid)?);
        if matches!(desc.relkind, 'r' | 'p') {
            desc.referencing = Arc::new(self.load_referencing(relid)?);
        }
        if class.bool(pg_class::RELHASRULES) {
            desc.rules = Arc::new(self.load_rules(relid, &desc.name)?);
        }
        if desc.has_triggers {
            desc.triggers = Arc::new(self.load_triggers(relid)?);
        }
        if desc.row_security {
            desc.policies = Arc::new(self.load_policies(relid)?);
        }
        if desc.relkind == 'p' {
            desc.partition_key = self.load_partition_key(relid)?.map(Arc::new);
        }
        Ok(())
    }

    /// The storage id behind `pg_class.relfilenode`.
    pub(crate) fn storage_id_of(&self, relid: Oid, filenode: Oid, shared: bool) -> PgResult<u32> {
        if !filenode.is_valid() || filenode.0 >= crate::relmap::FIRST_MAPPED {
            return Ok(filenode.0);
        }
        if shared {
            return Ok(relid.0);
        }
        match self.shared().layouts.get(&self.0.database) {
            Some(layout) => layout.map.storage_id(relid),
            // In memory nothing reads through storage ids.
            None => Ok(filenode.0),
        }
    }

    fn load_attributes(&self, relid: Oid, natts: i16) -> PgResult<Vec<Attribute>> {
        use pg_attribute::*;
        let key = [Datum::Oid(relid)];
        let rows = self.rows_by_index(index::PG_ATTRIBUTE_RELID_ATTNUM_INDEX, &key)?;
        let mut attrs = Vec::with_capacity(natts.max(0) as usize);
        let mut defaults: Option<HashMap<i16, Arc<Expr>>> = None;
        for row in rows.iter().filter(|r| Row(&r.values).i16(ATTNUM) > 0) {
            let r = Row(&row.values);
            let typ = r.oid(ATTTYPID);
            let num = r.i16(ATTNUM);
            let has_default = r.bool(ATTHASDEF);
            let default = if has_default {
                if defaults.is_none() {
                    defaults = Some(self.load_defaults(relid)?);
                }
                defaults.as_ref().and_then(|d| d.get(&num).cloned())
            } else {
                None
            };
            let dropped = r.bool(ATTISDROPPED);
            let phys = match dropped {
                // The type may be gone; what is left of it says how the values are held.
                true => dropped_phys(r.i16(ATTLEN), r.char(ATTALIGN)),
                false => self.get_type(typ)?.phys,
            };
            let missing = match &row.values[ATTMISSINGVAL] {
                Datum::Array(a) => a.elems.first().cloned(),
                _ => None,
            };
            attrs.push(Attribute {
                name: r.text(ATTNAME),
                typ,
                typmod: r.i32(ATTTYPMOD),
                num,
                len: r.i16(ATTLEN),
                ndims: r.i16(ATTNDIMS),
                not_null: r.bool(ATTNOTNULL),
                has_default,
                has_missing: r.bool(ATTHASMISSING),
                missing,
                identity: r.char(ATTIDENTITY),
                generated: r.char(ATTGENERATED),
                dropped,
                is_local: r.bool(ATTISLOCAL),
                inhcount: r.i16(ATTINHCOUNT),
                collation: r.oid(ATTCOLLATION),
                storage: r.char(ATTSTORAGE),
                compression: r.char(ATTCOMPRESSION),
                stattarget: match row.values[ATTSTATTARGET] {
                    Datum::Int2(v) => Some(v),
                    _ => None,
                },
                phys,
                default,
                acl: r.acl(ATTACL),
            });
        }
        Ok(attrs)
    }

    fn load_defaults(&self, relid: Oid) -> PgResult<HashMap<i16, Arc<Expr>>> {
        let key = [Datum::Oid(relid)];
        let mut defaults = HashMap::new();
        for row in self.rows_by_index(index::PG_ATTRDEF_ADRELID_ADNUM_INDEX, &key)? {
            if let Some(expr) = arc_expr(&row.values[pg_attrdef::ADBIN])? {
                defaults.insert(Row(&row.values).i16(pg_attrdef::ADNUM), expr);
            }
        }
        Ok(defaults)
    }

    fn load_indexes(&self, relid: Oid) -> PgResult<Vec<Arc<IndexDesc>>> {
        let rows = self.rows_by_index(index::PG_INDEX_INDRELID_INDEX, &[Datum::Oid(relid)])?;
        let mut indexes = Vec::with_capacity(rows.len());
        for row in &rows {
            let key = [row.values[pg_index::INDEXRELID].clone()];
            let class = self.row_by_index(index::PG_CLASS_OID_INDEX, &key)?.ok_or_else(|| {
                let oid = row.oid(pg_index::INDEXRELID);
                PgError::internal(format!("could not find pg_class row for index {oid}"))
            })?;
            indexes.push(Arc::new(self.load_index(&row.values, &class.values)?));
        }
        indexes.sort_by_key(|i| i.oid);
        Ok(indexes)
    }

    fn load_index(&self, row: &[Datum], class: &[Datum]) -> PgResult<IndexDesc> {
        use pg_index::*;
        let (r, c) = (Row(row), Row(class));
        let oid = r.oid(INDEXRELID);
        let filenode = c.oid(pg_class::RELFILENODE);
        let shared = c.bool(pg_class::RELISSHARED);
        let storage_id = self.storage_id_of(oid, filenode, shared)?;
        let (keys, opclasses) = (r.i16s(INDKEY), r.oids(INDCLASS));
        let (collations, options) = (r.oids(INDCOLLATION), r.i16s(INDOPTION));
        let attrs =
            self.rows_by_index(index::PG_ATTRIBUTE_RELID_ATTNUM_INDEX, &[Datum::Oid(oid)])?;
        let n_key = r.i16(INDNKEYATTS).max(0) as usize;
        let mut columns = Vec::with_capacity(keys.len());
        for (i, attnum) in keys.iter().enumerate() {
            let att = attrs.get(i).ok_or_else(|| {
                PgError::internal(format!("pg_attribute row {} missing for index {oid}", i + 1))
            })?;
            let a = Row(&att.values);
            let opclass = opclasses.get(i).copied().unwrap_or_default();
            let class = match opclass.is_valid() {
                true => self.lookup_opclass(opclass)?,
                false => None,
            };
            let option = options.get(i).copied().unwrap_or(0);
            columns.push(IndexColumn {
                attnum: *attnum,
                name: a.text(pg_attribute::ATTNAME),
                typ: a.oid(pg_attribute::ATTTYPID),
                typmod: a.i32(pg_attribute::ATTTYPMOD),
                collation: collations.get(i).copied().unwrap_or_default(),
                opclass,
                opfamily: class.as_ref().map_or(Oid::INVALID, |c| c.family),
                opcintype: class.as_ref().map_or(Oid::INVALID, |c| c.intype),
                desc: option & 1 != 0,
                nulls_first: option & 2 != 0,
            });
        }
        let mut desc = IndexDesc {
            oid,
            name: c.text(pg_class::RELNAME),
            relid: r.oid(INDRELID),
            am: c.oid(pg_class::RELAM),
            storage_id,
            unique: r.bool(INDISUNIQUE),
            nulls_not_distinct: r.bool(INDNULLSNOTDISTINCT),
            primary: r.bool(INDISPRIMARY),
            exclusion: r.bool(INDISEXCLUSION),
            immediate: r.bool(INDIMMEDIATE),
            valid: r.bool(INDISVALID),
            ready: r.bool(INDISREADY),
            live: r.bool(INDISLIVE),
            clustered: r.bool(INDISCLUSTERED),
            replident: r.bool(INDISREPLIDENT),
            n_key,
            columns,
            exprs: Arc::new(stored_list(&row[INDEXPRS])?),
            predicate: Arc::new(conditions(stored_expr(&row[INDPRED])?)),
            rel_pages: c.i32(pg_class::RELPAGES),
            rel_tuples: c.f32(pg_class::RELTUPLES),
            reloptions: c.texts(pg_class::RELOPTIONS),
            physical: Arc::new(table::IndexDesc::new(txn::StorageId(0), Vec::new(), &[])),
        };
        desc.physical = Arc::new(physical::index_desc(self, &desc)?);
        Ok(desc)
    }

    fn load_constraints(&self, relid: Oid) -> PgResult<Vec<Constraint>> {
        let index = index::PG_CONSTRAINT_CONRELID_CONTYPID_CONNAME_INDEX;
        let mut out = Vec::new();
        for row in self.rows_by_index(index, &[Datum::Oid(relid)])? {
            out.push(self.decode_constraint(&row.values)?);
        }
        Ok(out)
    }

    /// Foreign keys that refer to the relation: each depends on the columns it refers to.
    fn load_referencing(&self, relid: Oid) -> PgResult<Vec<Constraint>> {
        use pg_depend::*;
        let key = [Datum::Oid(pg_class::RELID), Datum::Oid(relid)];
        let mut oids: Vec<Oid> = self
            .rows_by_index(index::PG_DEPEND_REFERENCE_INDEX, &key)?
            .iter()
            .filter(|d| d.oid(CLASSID) == pg_constraint::RELID)
            .map(|d| d.oid(OBJID))
            .collect();
        oids.sort_unstable();
        oids.dedup();
        let mut out = Vec::new();
        for oid in oids {
            let key = [Datum::Oid(oid)];
            let row = self.row_by_index(index::PG_CONSTRAINT_OID_INDEX, &key)?;
            if let Some(row) = row.filter(|r| r.oid(pg_constraint::CONFRELID) == relid) {
                out.push(self.decode_constraint(&row.values)?);
            }
        }
        Ok(out)
    }

    fn load_rules(&self, relid: Oid, relation: &str) -> PgResult<Vec<RewriteRule>> {
        use pg_rewrite::*;
        let index = index::PG_REWRITE_REL_RULENAME_INDEX;
        let mut rules = Vec::new();
        for row in self.rows_by_index(index, &[Datum::Oid(relid)])? {
            let r = Row(&row.values);
            let qual = r.text(EV_QUAL);
            let qual: Option<Expr> = match qual.as_str() {
                "<>" | "" => None,
                stored => from_stored(stored)?,
            };
            rules.push(RewriteRule {
                oid: r.oid(OID),
                name: r.text(RULENAME),
                event: r.char(EV_TYPE),
                enabled: r.char(EV_ENABLED),
                instead: r.bool(IS_INSTEAD),
                qual: qual.map(Arc::new),
                actions: Arc::new(self.decode_rule_actions(relation, &r.text(EV_ACTION))?),
            });
        }
        Ok(rules)
    }

    fn load_triggers(&self, relid: Oid) -> PgResult<Vec<Trigger>> {
        use pg_trigger::*;
        let index = index::PG_TRIGGER_TGRELID_TGNAME_INDEX;
        let mut triggers = Vec::new();
        for row in self.rows_by_index(index, &[Datum::Oid(relid)])? {
            let r = Row(&row.values);
            let args = match &row.values[TGARGS] {
                Datum::Bytes(b) => b
                    .as_bytes()
                    .split(|c| *c == 0)
                    .take(r.i16(TGNARGS).max(0) as usize)
                    .map(|a| String::from_utf8_lossy(a).into_owned())
                    .collect(),
                _ => Vec::new(),
            };
            triggers.push(Trigger {
                oid: r.oid(OID),
                name: r.text(TGNAME),
                relid,
                parentid: r.oid(TGPARENTID),
                func: r.oid(TGFOID),
                tgtype: r.i16(TGTYPE),
                enabled: r.char(TGENABLED),
                is_internal: r.bool(TGISINTERNAL),
                constrrelid: r.oid(TGCONSTRRELID),
                constrindid: r.oid(TGCONSTRINDID),
                constraint: r.oid(TGCONSTRAINT),
                deferrable: r.bool(TGDEFERRABLE),
                initdeferred: r.bool(TGINITDEFERRED),
                attrs: r.i16s(TGATTR),
                args,
                qual: arc_expr(&row.values[TGQUAL])?,
                oldtable: r.opt_text(TGOLDTABLE),
                newtable: r.opt_text(TGNEWTABLE),
            });
        }
        Ok(triggers)
    }

    fn load_policies(&self, relid: Oid) -> PgResult<Vec<Policy>> {
        use pg_policy::*;
        let index = index::PG_POLICY_POLRELID_POLNAME_INDEX;
        let mut policies = Vec::new();
        for row in self.rows_by_index(index, &[Datum::Oid(relid)])? {
            let r = Row(&row.values);
            policies.push(Policy {
                oid: r.oid(OID),
                name: r.text(POLNAME),
                cmd: r.char(POLCMD),
                permissive: r.bool(POLPERMISSIVE),
                roles: r.oids(POLROLES),
                qual: arc_expr(&row.values[POLQUAL])?,
                with_check: arc_expr(&row.values[POLWITHCHECK])?,
            });
        }
        Ok(policies)
    }

    fn load_partition_key(&self, relid: Oid) -> PgResult<Option<PartitionKey>> {
        use pg_partitioned_table::*;
        let index = index::PG_PARTITIONED_TABLE_PARTRELID_INDEX;
        let Some(row) = self.row_by_index(index, &[Datum::Oid(relid)])? else { return Ok(None) };
        let r = Row(&row.values);
        let opclass = r.oids(PARTCLASS);
        let (mut opfamily, mut opcintype) = (Vec::new(), Vec::new());
        for class in &opclass {
            let class = self.lookup_opclass(*class)?;
            opfamily.push(class.as_ref().map_or(Oid::INVALID, |c| c.family));
            opcintype.push(class.as_ref().map_or(Oid::INVALID, |c| c.intype));
        }
        Ok(Some(PartitionKey {
            strategy: r.char(PARTSTRAT),
            default: r.oid(PARTDEFID),
            attrs: r.i16s(PARTATTRS),
            opclass,
            opfamily,
            opcintype,
            collation: r.oids(PARTCOLLATION),
            exprs: Arc::new(stored_list(&row.values[PARTEXPRS])?),
        }))
    }
}

/// How the values of a dropped column were held: its type may be gone, length and alignment stay.
fn dropped_phys(len: i16, align: char) -> PhysType {
    match (len, align) {
        (1, _) => PhysType::Bool,
        (2, _) => PhysType::Int2,
        (4, _) => PhysType::Int4,
        // int8 and its kin, and tid; macaddr8 and macaddr have the same lengths.
        (8, 'd') | (6, 's') => PhysType::Int8,
        _ => PhysType::Bytes,
    }
}
