//! Rows of what belongs to a table beside columns and constraints: rules, triggers, policies, partition
//! keys and bounds, and the parameters of sequences.
use crate::csv;
use crate::depend::{DependencyKind, ObjectAddress};
use crate::rows::*;
use crate::schema::*;
use crate::session::Catalog;
use crate::write::RowBuilder;
use error::PgResult;
use nodes::Expr;
use nodes::stored::to_stored;
use types::{Datum, Oid};

/// What pg_sequence says of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SequenceRow {
    pub relid: Oid,
    pub typ: Oid,
    pub start: i64,
    pub increment: i64,
    pub max: i64,
    pub min: i64,
    pub cache: i64,
    pub cycle: bool,
}

fn stored_expr(expr: &Option<std::sync::Arc<Expr>>) -> PgResult<Option<String>> {
    expr.as_deref().map(to_stored).transpose()
}

impl Catalog {
    /// Adds a rewrite rule, or replaces the one of its name (`rule.oid` is not looked at). Records the
    /// dependencies: a view's rule is part of the view, others go with their table. Returns its OID.
    pub fn store_rule(&self, relid: Oid, rule: &RewriteRule) -> PgResult<Oid> {
        use pg_rewrite::*;
        let key = [Datum::Oid(relid), Datum::text(&rule.name)];
        let old = self.row_by_index(index::PG_REWRITE_REL_RULENAME_INDEX, &key)?;
        let oid = match &old {
            Some(old) => old.oid(OID),
            None => self.alloc_oid(RELID)?,
        };
        let qual = match &rule.qual {
            // The form of PostgreSQL's empty list.
            None => "<>".to_string(),
            Some(qual) => to_stored(&**qual)?,
        };
        let row = RowBuilder::new(RELID)
            .set(OID, oid)
            .set(RULENAME, &rule.name)
            .set(EV_CLASS, relid)
            .set(EV_TYPE, rule.event)
            .set(EV_ENABLED, rule.enabled)
            .set(IS_INSTEAD, rule.instead)
            .set(EV_QUAL, qual)
            .set(EV_ACTION, to_stored(&*rule.actions)?)
            .build();
        let this = ObjectAddress::new(RELID, oid);
        match old {
            Some(old) => {
                self.update_row(RELID, &old, &row)?;
                self.delete_dependencies_of(this, None)?;
            }
            None => self.insert_row(RELID, &row)?,
        }
        self.set_class_flag(relid, pg_class::RELHASRULES, true)?;
        let is_view = rule.event == '1';
        let kind = if is_view { DependencyKind::Internal } else { DependencyKind::Auto };
        self.record_dependency(this, ObjectAddress::relation(relid), kind)?;
        let mut references = crate::depend::References::default();
        for action in rule.actions.iter() {
            references.add_query(action, &mut Vec::new());
        }
        if let (Some(qual), Some(action)) = (&rule.qual, rule.actions.first()) {
            references.add_expr(qual, &mut vec![action.rtable.clone()]);
        }
        let own = |o: &ObjectAddress| o.class == pg_class::RELID && o.object == relid && o.sub == 0;
        let on: Vec<ObjectAddress> =
            references.into_objects().into_iter().filter(|o| !own(o)).collect();
        self.record_dependencies(this, &on, DependencyKind::Normal)?;
        Ok(oid)
    }

    /// Adds a trigger, or replaces the row with its OID if `replace`. The dependencies are recorded:
    /// function, table (or constraint), WHEN condition. Returns its OID.
    pub fn store_trigger(&self, trigger: &Trigger, replace: bool) -> PgResult<Oid> {
        use pg_trigger::*;
        let oid = match trigger.oid.is_valid() {
            true => trigger.oid,
            false => self.alloc_oid(RELID)?,
        };
        let mut args = Vec::new();
        for arg in &trigger.args {
            args.extend_from_slice(arg.as_bytes());
            args.push(0);
        }
        let row = RowBuilder::new(RELID)
            .set(OID, oid)
            .set(TGRELID, trigger.relid)
            .set(TGPARENTID, trigger.parentid)
            .set(TGNAME, &trigger.name)
            .set(TGFOID, trigger.func)
            .set(TGTYPE, trigger.tgtype)
            .set(TGENABLED, trigger.enabled)
            .set(TGISINTERNAL, trigger.is_internal)
            .set(TGCONSTRRELID, trigger.constrrelid)
            .set(TGCONSTRINDID, trigger.constrindid)
            .set(TGCONSTRAINT, trigger.constraint)
            .set(TGDEFERRABLE, trigger.deferrable)
            .set(TGINITDEFERRED, trigger.initdeferred)
            .set(TGNARGS, trigger.args.len() as i16)
            .set(TGATTR, csv::int2vector(&trigger.attrs))
            .set(TGARGS, Datum::bytes(&args))
            .set(TGQUAL, stored_expr(&trigger.qual)?)
            .set(TGOLDTABLE, trigger.oldtable.as_deref())
            .set(TGNEWTABLE, trigger.newtable.as_deref())
            .build();
        let this = ObjectAddress::new(RELID, oid);
        let old = if replace { self.row_by_oid(RELID, oid)? } else { None };
        match old {
            Some(old) => {
                self.update_row(RELID, &old, &row)?;
                self.delete_dependencies_of(this, None)?;
            }
            None => self.insert_row(RELID, &row)?,
        }
        self.set_class_flag(trigger.relid, pg_class::RELHASTRIGGERS, true)?;
        self.record_trigger_dependencies(trigger, this)?;
        Ok(oid)
    }

    fn record_trigger_dependencies(&self, trigger: &Trigger, this: ObjectAddress) -> PgResult<()> {
        let (normal, auto, internal) =
            (DependencyKind::Normal, DependencyKind::Auto, DependencyKind::Internal);
        self.record_dependency(this, ObjectAddress::proc_(trigger.func), normal)?;
        if trigger.is_internal && trigger.constraint.is_valid() {
            let constraint = ObjectAddress::constraint(trigger.constraint);
            return self.record_dependency(this, constraint, internal);
        }
        self.record_dependency(this, ObjectAddress::relation(trigger.relid), auto)?;
        self.record_dependency(this, ObjectAddress::relation(trigger.constrrelid), auto)?;
        // The constraint of a constraint trigger is part of the trigger.
        if trigger.constraint.is_valid() {
            let constraint = ObjectAddress::constraint(trigger.constraint);
            self.record_dependency(constraint, this, internal)?;
        }
        if trigger.parentid.is_valid() {
            let parent = ObjectAddress::new(pg_trigger::RELID, trigger.parentid);
            let (primary, secondary) =
                (DependencyKind::PartitionPrimary, DependencyKind::PartitionSecondary);
            self.record_dependency(this, parent, primary)?;
            self.record_dependency(this, ObjectAddress::relation(trigger.relid), secondary)?;
        }
        for attnum in &trigger.attrs {
            let column = ObjectAddress::column(trigger.relid, *attnum);
            self.record_dependency(this, column, normal)?;
        }
        if let Some(qual) = &trigger.qual {
            let mut references = crate::depend::References::default();
            let table = crate::depend::relation_rte(trigger.relid);
            references.add_expr(qual, &mut vec![vec![table.clone(), table]]);
            let on: Vec<ObjectAddress> = references
                .into_objects()
                .into_iter()
                .filter(|o| *o != ObjectAddress::relation(trigger.relid))
                .collect();
            self.record_dependencies(this, &on, normal)?;
        }
        Ok(())
    }

    /// Adds a policy (or replaces the row with its OID); returns its OID.
    pub fn store_policy(&self, relid: Oid, policy: &Policy, replace: bool) -> PgResult<Oid> {
        use pg_policy::*;
        let oid = match policy.oid.is_valid() {
            true => policy.oid,
            false => self.alloc_oid(RELID)?,
        };
        let row = RowBuilder::new(RELID)
            .set(OID, oid)
            .set(POLNAME, &policy.name)
            .set(POLRELID, relid)
            .set(POLCMD, policy.cmd)
            .set(POLPERMISSIVE, policy.permissive)
            .set(POLROLES, csv::oid_array(&policy.roles))
            .set(POLQUAL, stored_expr(&policy.qual)?)
            .set(POLWITHCHECK, stored_expr(&policy.with_check)?)
            .build();
        let this = ObjectAddress::new(RELID, oid);
        let old = if replace { self.row_by_oid(RELID, oid)? } else { None };
        match old {
            Some(old) => {
                self.update_row(RELID, &old, &row)?;
                self.delete_dependencies_of(this, None)?;
                self.delete_shared_dependencies(this, None)?;
            }
            None => self.insert_row(RELID, &row)?,
        }
        self.record_dependency(this, ObjectAddress::relation(relid), DependencyKind::Auto)?;
        let exprs: Vec<&Expr> =
            policy.qual.iter().chain(&policy.with_check).map(|e| &**e).collect();
        let normal = DependencyKind::Normal;
        self.record_expr_dependencies(this, &exprs, relid, normal, normal)?;
        for role in policy.roles.iter().filter(|r| r.is_valid()) {
            let role = ObjectAddress::new(pg_authid::RELID, *role);
            self.record_shared_dependency(this, role, crate::depend::SharedDependencyKind::Policy)?;
        }
        self.invalidate_relation(relid)?;
        Ok(oid)
    }

    /// Adds or replaces a sequence's parameters.
    pub fn store_sequence(&self, seq: &SequenceRow) -> PgResult<()> {
        use pg_sequence::*;
        let row = RowBuilder::new(RELID)
            .set(SEQRELID, seq.relid)
            .set(SEQTYPID, seq.typ)
            .set(SEQSTART, seq.start)
            .set(SEQINCREMENT, seq.increment)
            .set(SEQMAX, seq.max)
            .set(SEQMIN, seq.min)
            .set(SEQCACHE, seq.cache)
            .set(SEQCYCLE, seq.cycle)
            .build();
        match self.row_by_oid(RELID, seq.relid)? {
            Some(old) => self.update_row(RELID, &old, &row),
            None => self.insert_row(RELID, &row),
        }
    }

    /// A sequence's parameters.
    pub fn sequence(&self, relid: Oid) -> PgResult<Option<SequenceRow>> {
        use pg_sequence::*;
        let key = crate::cache::Key::Object(RELID, relid);
        self.cached(key, || {
            Ok(self.row_by_oid(RELID, relid)?.map(|row| {
                let v = |c: usize| row.values[c].as_i64();
                SequenceRow {
                    relid,
                    typ: row.oid(SEQTYPID),
                    start: v(SEQSTART),
                    increment: v(SEQINCREMENT),
                    max: v(SEQMAX),
                    min: v(SEQMIN),
                    cache: v(SEQCACHE),
                    cycle: row.values[SEQCYCLE].as_bool(),
                }
            }))
        })
    }

    /// The column that owns a sequence: table, column number, whether as identity.
    pub fn sequence_owner(&self, seq: Oid) -> PgResult<Option<(Oid, i16, bool)>> {
        let key = [Datum::Oid(pg_class::RELID), Datum::Oid(seq)];
        for row in self.rows_by_index(index::PG_DEPEND_DEPENDER_INDEX, &key)? {
            let r = crate::decode::Row(&row.values);
            let kind = r.char(pg_depend::DEPTYPE);
            let column = r.i32(pg_depend::REFOBJSUBID);
            if r.oid(pg_depend::REFCLASSID) == pg_class::RELID
                && column != 0
                && matches!(kind, 'a' | 'i')
            {
                return Ok(Some((r.oid(pg_depend::REFOBJID), column as i16, kind == 'i')));
            }
        }
        Ok(None)
    }

    /// Sequences that a table (or one column of it) owns: sequence, column number, whether as identity.
    pub fn owned_sequences(
        &self,
        relid: Oid,
        attnum: Option<i16>,
    ) -> PgResult<Vec<(Oid, i16, bool)>> {
        let mut key = vec![Datum::Oid(pg_class::RELID), Datum::Oid(relid)];
        key.extend(attnum.map(|a| Datum::Int4(i32::from(a))));
        let mut out = Vec::new();
        for row in self.rows_by_index(index::PG_DEPEND_REFERENCE_INDEX, &key)? {
            let r = crate::decode::Row(&row.values);
            let kind = r.char(pg_depend::DEPTYPE);
            let column = r.i32(pg_depend::REFOBJSUBID);
            let other = r.oid(pg_depend::OBJID);
            if r.oid(pg_depend::CLASSID) != pg_class::RELID
                || column == 0
                || !matches!(kind, 'a' | 'i')
            {
                continue;
            }
            let class = self.row_by_oid(pg_class::RELID, other)?;
            let is_sequence =
                class.is_some_and(|c| matches!(c.values[pg_class::RELKIND], Datum::Char(b'S')));
            if is_sequence {
                out.push((other, column as i16, kind == 'i'));
            }
        }
        Ok(out)
    }

    /// Adds a partitioned table's key.
    pub fn store_partition_key(&self, relid: Oid, key: &PartitionKey) -> PgResult<()> {
        use pg_partitioned_table::*;
        let exprs = match key.exprs.is_empty() {
            true => None,
            false => Some(to_stored(&*key.exprs)?),
        };
        RowBuilder::new(RELID)
            .set(PARTRELID, relid)
            .set(PARTSTRAT, key.strategy)
            .set(PARTNATTS, key.attrs.len() as i16)
            .set(PARTDEFID, key.default)
            .set(PARTATTRS, csv::int2vector(&key.attrs))
            .set(PARTCLASS, csv::oidvector(&key.opclass))
            .set(PARTCOLLATION, csv::oidvector(&key.collation))
            .set(PARTEXPRS, exprs)
            .insert(self)?;
        let this = ObjectAddress::relation(relid);
        for class in &key.opclass {
            let class = ObjectAddress::new(pg_opclass::RELID, *class);
            self.record_dependency(this, class, DependencyKind::Normal)?;
        }
        for collation in &key.collation {
            let collation = ObjectAddress::new(pg_collation::RELID, *collation);
            self.record_dependency(this, collation, DependencyKind::Normal)?;
        }
        // The table cannot lose a column of its key.
        for attnum in key.attrs.iter().filter(|a| **a != 0) {
            let column = ObjectAddress::column(relid, *attnum);
            self.record_dependency(column, this, DependencyKind::Internal)?;
        }
        let exprs: Vec<&Expr> = key.exprs.iter().collect();
        let (normal, internal) = (DependencyKind::Normal, DependencyKind::Internal);
        self.record_expr_dependencies(this, &exprs, relid, normal, internal)
    }

    /// Sets (or with `None` clears) a partition's bound, and the parent's default partition with it.
    pub fn set_partition_bound(
        &self,
        relid: Oid,
        parent: Oid,
        bound: Option<&PartitionBound>,
    ) -> PgResult<()> {
        let stored = bound.map(to_stored).transpose()?;
        self.set_by_oid(
            pg_class::RELID,
            relid,
            &[
                (pg_class::RELISPARTITION, Datum::Bool(bound.is_some())),
                (pg_class::RELPARTBOUND, stored.map_or(Datum::Null, |s| Datum::text(&s))),
            ],
        )?;
        let key = [Datum::Oid(parent)];
        self.update_by_key(index::PG_PARTITIONED_TABLE_PARTRELID_INDEX, &key, |row| {
            let default = pg_partitioned_table::PARTDEFID;
            let is_default = matches!(bound, Some(PartitionBound::Default));
            if is_default {
                row[default] = Datum::Oid(relid);
            } else if matches!(&row[default], Datum::Oid(d) if *d == relid) {
                row[default] = Datum::Oid(Oid::INVALID);
            }
            Ok(())
        })?;
        self.invalidate_relation(parent)
    }
}
