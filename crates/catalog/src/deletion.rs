//! Dropping objects with what depends on them.
use crate::decode::Row;
use crate::depend::{ObjectAddress, is_shared_class};
use crate::read::CatalogRead;
use crate::schema::*;
use crate::session::Catalog;
use error::{PgError, PgResult, err};
use std::collections::{HashMap, HashSet};
use types::{Datum, Oid};

/// RESTRICT or CASCADE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropBehavior {
    /// Refuse if anything else depends on the objects.
    Restrict,
    /// Drop that too.
    Cascade,
}

/// Why an object is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// The user named it.
    Original,
    /// It depends on another object normally: needs CASCADE.
    Normal,
    /// It goes silently with another object.
    Silent,
}

struct Target {
    object: ObjectAddress,
    reason: Reason,
    /// The object it goes with.
    dependee: Option<ObjectAddress>,
    /// A column whose table goes as well.
    covered: bool,
}

/// At most this many objects are listed in a message.
const MAX_REPORTED: usize = 100;

struct Search<'a> {
    catalog: &'a Catalog,
    pending: HashSet<ObjectAddress>,
    targets: Vec<Target>,
    position: HashMap<ObjectAddress, usize>,
    stack: Vec<ObjectAddress>,
}

impl Search<'_> {
    fn on_stack(&self, object: &ObjectAddress) -> bool {
        self.stack.iter().any(|s| s == object || (whole(object) == *s))
    }

    fn visit(
        &mut self,
        object: ObjectAddress,
        reason: Reason,
        dependee: Option<ObjectAddress>,
    ) -> PgResult<()> {
        error::check_stack_depth()?;
        if self.on_stack(&object) {
            return Ok(());
        }
        if let Some(at) = self.position.get(&object) {
            // Found on several ways: the most permissive reason counts.
            let target = &mut self.targets[*at];
            if reason == Reason::Original
                || target.reason == Reason::Normal && reason == Reason::Silent
            {
                target.reason = reason;
            }
            return Ok(());
        }
        if object.sub != 0 && self.position.contains_key(&whole(&object)) {
            return Ok(());
        }
        if self.redirect_to_owner(object, reason)? {
            return Ok(());
        }
        self.stack.push(object);
        self.visit_dependents(object)?;
        self.stack.pop();
        self.position.insert(object, self.targets.len());
        self.targets.push(Target { object, reason, dependee, covered: false });
        Ok(())
    }

    /// An object that is part of another is dropped through that other one.
    fn redirect_to_owner(&mut self, object: ObjectAddress, reason: Reason) -> PgResult<bool> {
        let mut key = vec![Datum::Oid(object.class), Datum::Oid(object.object)];
        if object.sub != 0 {
            key.push(Datum::Int4(object.sub));
        }
        let mut partition_owner = None;
        let mut from_partition_owner = false;
        for row in self.catalog.rows_by_index(index::PG_DEPEND_DEPENDER_INDEX, &key)? {
            let r = Row(&row.values);
            let other = ObjectAddress {
                class: r.oid(pg_depend::REFCLASSID),
                object: r.oid(pg_depend::REFOBJID),
                sub: r.i32(pg_depend::REFOBJSUBID),
            };
            // A column's dependency on its own table says nothing new.
            if object.sub == 0 && whole(&other) == object {
                continue;
            }
            match r.char(pg_depend::DEPTYPE) {
                'e' if self.stack.is_empty() && !self.pending.contains(&other) => {
                    return Err(self.required_by(object, other)?);
                }
                'i' => {
                    if self.on_stack(&other) {
                        continue;
                    }
                    if self.stack.is_empty() {
                        if self.pending.contains(&other) || self.pending.contains(&whole(&other)) {
                            // It goes when its owner's turn comes.
                            return Ok(true);
                        }
                        return Err(self.required_by(object, other)?);
                    }
                    let dependee = self.stack.last().copied();
                    self.visit(other, reason, dependee)?;
                    return Ok(true);
                }
                'P' | 'S' => {
                    if self.on_stack(&other) || self.position.contains_key(&other) {
                        from_partition_owner = true;
                    }
                    if r.char(pg_depend::DEPTYPE) == 'P' || partition_owner.is_none() {
                        partition_owner = Some(other);
                    }
                }
                _ => {}
            }
        }
        match partition_owner {
            Some(owner) if !from_partition_owner => {
                if self.pending.contains(&owner) {
                    return Ok(true);
                }
                if self.stack.is_empty() {
                    return Err(self.required_by(object, owner)?);
                }
                let dependee = self.stack.last().copied();
                self.visit(owner, reason, dependee)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn required_by(&self, object: ObjectAddress, owner: ObjectAddress) -> PgResult<PgError> {
        let (object, owner) =
            (self.catalog.describe_object(object)?, self.catalog.describe_object(owner)?);
        Ok(err!(DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop {object} because {owner} requires it")
            .hint(format!("You can drop {owner} instead.")))
    }

    fn visit_dependents(&mut self, object: ObjectAddress) -> PgResult<()> {
        let mut key = vec![Datum::Oid(object.class), Datum::Oid(object.object)];
        if object.sub != 0 {
            key.push(Datum::Int4(object.sub));
        }
        let mut dependents = Vec::new();
        for row in self.catalog.rows_by_index(index::PG_DEPEND_REFERENCE_INDEX, &key)? {
            let r = Row(&row.values);
            let other = ObjectAddress {
                class: r.oid(pg_depend::CLASSID),
                object: r.oid(pg_depend::OBJID),
                sub: r.i32(pg_depend::OBJSUBID),
            };
            if whole(&other) == object {
                continue;
            }
            let reason = match r.char(pg_depend::DEPTYPE) {
                'n' => Reason::Normal,
                _ => Reason::Silent,
            };
            dependents.push((other, reason));
        }
        // Newest first, so that what is dropped is reported in order of creation.
        dependents
            .sort_by(|(a, _), (b, _)| (b.object, a.class, a.sub).cmp(&(a.object, b.class, b.sub)));
        for (other, reason) in dependents {
            self.visit(other, reason, Some(object))?;
        }
        Ok(())
    }
}

fn whole(object: &ObjectAddress) -> ObjectAddress {
    ObjectAddress { sub: 0, ..*object }
}

impl Catalog {
    /// Drops objects with all that depends on them. `notice` gets what CASCADE reports (unless `quiet`).
    pub fn perform_deletion(
        &self,
        objects: &[ObjectAddress],
        behavior: DropBehavior,
        quiet: bool,
        notice: &dyn Fn(PgError),
    ) -> PgResult<()> {
        let mut search = Search {
            catalog: self,
            pending: objects.iter().copied().collect(),
            targets: Vec::new(),
            position: HashMap::new(),
            stack: Vec::new(),
        };
        for object in objects {
            search.visit(*object, Reason::Original, None)?;
        }
        let mut targets = search.targets;
        let tables: HashSet<ObjectAddress> =
            targets.iter().filter(|t| t.object.sub == 0).map(|t| t.object).collect();
        for target in &mut targets {
            target.covered = target.object.sub != 0 && tables.contains(&whole(&target.object));
        }
        self.report(&targets, objects, behavior, quiet, notice)?;
        for target in &targets {
            self.lock_for_drop(target.object)?;
        }
        for target in targets.iter().filter(|t| !t.covered) {
            self.delete_object(target.object)?;
        }
        Ok(())
    }

    fn report(
        &self,
        targets: &[Target],
        objects: &[ObjectAddress],
        behavior: DropBehavior,
        quiet: bool,
        notice: &dyn Fn(PgError),
    ) -> PgResult<()> {
        let mut lines = Vec::new();
        let mut count = 0;
        for target in targets.iter().rev() {
            if target.reason != Reason::Normal || target.covered {
                continue;
            }
            count += 1;
            if count > MAX_REPORTED || quiet && behavior == DropBehavior::Cascade {
                continue;
            }
            let object = self.describe_object(target.object)?;
            lines.push(match (behavior, target.dependee) {
                (DropBehavior::Restrict, Some(dependee)) => {
                    format!("{object} depends on {}", self.describe_object(dependee)?)
                }
                (DropBehavior::Restrict, None) => object,
                (DropBehavior::Cascade, _) => format!("drop cascades to {object}"),
            });
        }
        if count == 0 {
            return Ok(());
        }
        let one = lines.len() == 1 && count == 1;
        if count > MAX_REPORTED {
            let more = count - MAX_REPORTED;
            let noun = if more == 1 { "object" } else { "objects" };
            lines.push(format!("and {more} other {noun} (see server log for list)"));
        }
        let detail = lines.join("\n");
        match behavior {
            DropBehavior::Restrict => {
                let message = match objects {
                    [only] => {
                        let object = self.describe_object(*only)?;
                        format!("cannot drop {object} because other objects depend on it")
                    }
                    _ => {
                        "cannot drop desired object(s) because other objects depend on them".into()
                    }
                };
                Err(err!(DEPENDENT_OBJECTS_STILL_EXIST, "{message}")
                    .detail(detail)
                    .hint("Use DROP ... CASCADE to drop the dependent objects too."))
            }
            DropBehavior::Cascade if quiet => Ok(()),
            DropBehavior::Cascade if one => {
                notice(PgError::notice(detail));
                Ok(())
            }
            DropBehavior::Cascade => {
                let summary = format!("drop cascades to {count} other objects");
                notice(PgError::notice(summary).detail(detail));
                Ok(())
            }
        }
    }

    fn lock_for_drop(&self, object: ObjectAddress) -> PgResult<()> {
        let Ok(txn) = self.transaction() else { return Ok(()) };
        let database = if is_shared_class(object.class) { 0 } else { self.database().0 };
        let tag = match object.class {
            pg_class::RELID => {
                let shared = self.relation_is_shared(object.object)?;
                let db = if shared { 0 } else { self.database().0 };
                txn::LockTag::Relation { db, oid: object.object.0 }
            }
            class => {
                txn::LockTag::Object { db: database, class: class.0, oid: object.object.0, sub: 0 }
            }
        };
        txn.lock(tag, txn::LockMode::AccessExclusive, txn::WaitPolicy::Block)?;
        Ok(())
    }

    fn relation_is_shared(&self, relid: Oid) -> PgResult<bool> {
        Ok(CatalogSchema::get(relid).is_some_and(|c| c.shared))
    }

    /// Removes one object with everything that is about it alone.
    fn delete_object(&self, object: ObjectAddress) -> PgResult<()> {
        self.drop_object_row(object)?;
        self.delete_dependencies_of(object, None)?;
        // Dependencies on the object that were found not to matter go too (a column's, say).
        if object.sub == 0 {
            self.delete_shared_dependencies(object, None)?;
        }
        self.delete_comments(object)?;
        self.delete_labels(object)
    }

    fn drop_object_row(&self, object: ObjectAddress) -> PgResult<()> {
        let oid = object.object;
        let key = [Datum::Oid(oid)];
        match object.class {
            pg_class::RELID if object.sub != 0 => self.drop_column_row(oid, object.sub as i16),
            pg_class::RELID => self.drop_relation_rows(oid),
            pg_proc::RELID => {
                self.delete_by_key(index::PG_AGGREGATE_FNOID_INDEX, &key)?;
                self.delete_row_by_oid(object)
            }
            pg_type::RELID => {
                self.delete_by_key(index::PG_ENUM_TYPID_SORTORDER_INDEX, &key)?;
                self.delete_by_key(index::PG_RANGE_RNGTYPID_INDEX, &key)?;
                self.delete_row_by_oid(object)
            }
            pg_constraint::RELID => self.drop_constraint_row(oid),
            pg_attrdef::RELID => self.drop_default_row(oid),
            pg_trigger::RELID => self.drop_trigger_row(oid),
            pg_rewrite::RELID => self.drop_rule_row(oid),
            pg_operator::RELID => {
                self.unlink_operator(oid)?;
                self.delete_row_by_oid(object)
            }
            pg_ts_config::RELID => {
                self.delete_by_key(index::PG_TS_CONFIG_MAP_INDEX, &key)?;
                self.delete_row_by_oid(object)
            }
            pg_statistic_ext::RELID => {
                self.delete_by_key(index::PG_STATISTIC_EXT_DATA_STXOID_INH_INDEX, &key)?;
                self.delete_row_by_oid(object)
            }
            pg_largeobject_metadata::RELID => {
                self.delete_by_key(index::PG_LARGEOBJECT_LOID_PN_INDEX, &key)?;
                self.delete_row_by_oid(object)
            }
            pg_publication_rel::RELID => {
                if let Some(row) = self.row_by_oid(object.class, oid)? {
                    self.invalidate_relation(row.oid(pg_publication_rel::PRRELID))?;
                }
                self.delete_row_by_oid(object)
            }
            _ => self.delete_row_by_oid(object),
        }
    }

    fn delete_row_by_oid(&self, object: ObjectAddress) -> PgResult<()> {
        let row = self.row_by_oid(object.class, object.object)?.ok_or_else(|| {
            PgError::internal(format!(
                "cache lookup failed for object {} of catalog {}",
                object.object, object.class
            ))
        })?;
        self.delete_row(object.class, &row)
    }

    fn drop_constraint_row(&self, oid: Oid) -> PgResult<()> {
        let Some(row) = self.row_by_oid(pg_constraint::RELID, oid)? else {
            return Err(PgError::internal(format!("cache lookup failed for constraint {oid}")));
        };
        let r = Row(&row.values);
        let relid = r.oid(pg_constraint::CONRELID);
        if r.char(pg_constraint::CONTYPE) == 'c' && relid.is_valid() {
            self.update_by_key(index::PG_CLASS_OID_INDEX, &[Datum::Oid(relid)], |class| {
                let checks = Row(class).i16(pg_class::RELCHECKS);
                class[pg_class::RELCHECKS] = Datum::Int2((checks - 1).max(0));
                Ok(())
            })?;
        }
        self.delete_row(pg_constraint::RELID, &row)
    }

    fn drop_default_row(&self, oid: Oid) -> PgResult<()> {
        let Some(row) = self.row_by_oid(pg_attrdef::RELID, oid)? else {
            return Err(PgError::internal(format!("could not find tuple for attrdef {oid}")));
        };
        let key = [row.values[pg_attrdef::ADRELID].clone(), row.values[pg_attrdef::ADNUM].clone()];
        self.delete_row(pg_attrdef::RELID, &row)?;
        self.update_by_key(index::PG_ATTRIBUTE_RELID_ATTNUM_INDEX, &key, |att| {
            att[pg_attribute::ATTHASDEF] = Datum::Bool(false);
            Ok(())
        })?;
        Ok(())
    }

    fn drop_trigger_row(&self, oid: Oid) -> PgResult<()> {
        let Some(row) = self.row_by_oid(pg_trigger::RELID, oid)? else {
            return Err(PgError::internal(format!("could not find tuple for trigger {oid}")));
        };
        let relid = row.oid(pg_trigger::TGRELID);
        self.delete_row(pg_trigger::RELID, &row)?;
        let key = [Datum::Oid(relid)];
        let left = self.rows_by_index(index::PG_TRIGGER_TGRELID_TGNAME_INDEX, &key)?;
        self.set_class_flag(relid, pg_class::RELHASTRIGGERS, !left.is_empty())
    }

    fn drop_rule_row(&self, oid: Oid) -> PgResult<()> {
        let Some(row) = self.row_by_oid(pg_rewrite::RELID, oid)? else {
            return Err(PgError::internal(format!("could not find tuple for rule {oid}")));
        };
        let relid = row.oid(pg_rewrite::EV_CLASS);
        self.delete_row(pg_rewrite::RELID, &row)?;
        let key = [Datum::Oid(relid)];
        let left = self.rows_by_index(index::PG_REWRITE_REL_RULENAME_INDEX, &key)?;
        self.set_class_flag(relid, pg_class::RELHASRULES, !left.is_empty())
    }

    /// Sets a boolean column of pg_class if it differs; nothing if the relation is gone.
    pub fn set_class_flag(&self, relid: Oid, column: usize, value: bool) -> PgResult<()> {
        if let Some(row) = self.row_by_oid(pg_class::RELID, relid)? {
            if Row(&row.values).bool(column) != value {
                let key = [Datum::Oid(relid)];
                self.set_by_key(index::PG_CLASS_OID_INDEX, &key, &[(column, Datum::Bool(value))])?;
            }
        }
        Ok(())
    }

    /// Takes an operator out of the commutator and negator links of others.
    fn unlink_operator(&self, oid: Oid) -> PgResult<()> {
        let Some(row) = self.row_by_oid(pg_operator::RELID, oid)? else { return Ok(()) };
        for (own, link) in [
            (pg_operator::OPRCOM, pg_operator::OPRCOM),
            (pg_operator::OPRNEGATE, pg_operator::OPRNEGATE),
        ] {
            let other = row.oid(own);
            if !other.is_valid() || other == oid {
                continue;
            }
            self.update_by_key(index::PG_OPERATOR_OID_INDEX, &[Datum::Oid(other)], |o| {
                if Row(o).oid(link) == oid {
                    o[link] = Datum::Oid(Oid::INVALID);
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}
