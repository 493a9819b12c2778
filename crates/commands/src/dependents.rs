//! What depends on a column whose type changes: indexes and constraints are made again from their
//! definitions, everything else forbids the change.
use crate::{UtilityContext, constraint, index};
use catalog::{
    CatalogRead, ObjectAddress, RelationDesc,
    schema::{
        index as cat_index, pg_attrdef, pg_class, pg_constraint, pg_depend, pg_policy, pg_proc,
        pg_rewrite, pg_statistic_ext, pg_trigger,
    },
};
use error::{PgError, PgResult, err, not_supported};
use parser::ast::{AlterTableDef, Stmt};
use ruleutils::Pretty;
use std::sync::Arc;
use types::{Datum, Oid};

/// PostgreSQL's AccessExclusiveLock.
const ACCESS_EXCLUSIVE: i32 = 8;

/// An index or constraint that is dropped and made again.
struct Remade {
    address: ObjectAddress,
    /// The table it belongs to.
    table: Oid,
    /// CREATE INDEX or ALTER TABLE … ADD CONSTRAINT.
    sql: String,
    comment: Option<String>,
    /// Of a constraint: whether it is local, and how often it is inherited.
    inheritance: Option<(bool, i16)>,
}

/// Everything that must be made again.
#[derive(Default)]
pub(crate) struct Dependents {
    remade: Vec<Remade>,
}

impl Dependents {
    /// Finds what depends on a column; raises if some of it forbids a new type.
    pub(crate) fn of_column(
        cx: &UtilityContext<'_>,
        table: &Arc<RelationDesc>,
        attnum: i16,
    ) -> PgResult<Dependents> {
        let mut found = Dependents::default();
        let key =
            [Datum::Oid(pg_class::RELID), Datum::Oid(table.oid), Datum::Int4(i32::from(attnum))];
        for row in cx.catalog.rows_by_index(cat_index::PG_DEPEND_REFERENCE_INDEX, &key)? {
            let object = ObjectAddress::new(row.oid(pg_depend::CLASSID), row.oid(pg_depend::OBJID));
            found.add(cx, table, attnum, object)?;
        }
        // Foreign keys come last: they need the keys they refer to.
        found.remade.sort_by_key(|r| r.sql.contains(" FOREIGN KEY "));
        Ok(found)
    }

    fn add(
        &mut self,
        cx: &UtilityContext<'_>,
        table: &RelationDesc,
        attnum: i16,
        object: ObjectAddress,
    ) -> PgResult<()> {
        let name = table.attr(attnum).map(|a| a.name.clone()).unwrap_or_default();
        let forbidden = |what: &str| -> PgResult<()> {
            let message = format!("cannot alter type of a column used {what}");
            Err(PgError::new(error::SqlState::FEATURE_NOT_SUPPORTED, message).detail(format!(
                "{} depends on column \"{name}\"",
                cx.catalog.describe_object(object)?
            )))
        };
        match object.class {
            pg_class::RELID => self.add_relation(cx, object.object),
            pg_constraint::RELID => self.add_constraint(cx, object.object),
            pg_rewrite::RELID => forbidden("by a view or rule"),
            pg_trigger::RELID => forbidden("in a trigger definition"),
            pg_policy::RELID => forbidden("in a policy definition"),
            pg_proc::RELID => forbidden("by a function or procedure"),
            pg_statistic_ext::RELID => {
                Err(not_supported!("a new type for a column with extended statistics"))
            }
            pg_attrdef::RELID => {
                let row = cx.catalog.row_by_oid(pg_attrdef::RELID, object.object)?;
                let Some(row) = row else { return Ok(()) };
                let other = row.values[pg_attrdef::ADNUM].as_i16();
                if row.oid(pg_attrdef::ADRELID) == table.oid && other == attnum {
                    return Ok(());
                }
                let generated = table.attr(other).map(|a| a.name.clone()).unwrap_or_default();
                Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "cannot alter type of a column used by a generated column"
                )
                .detail(format!("Column \"{name}\" is used by generated column \"{generated}\".")))
            }
            _ => Ok(()),
        }
    }

    fn add_relation(&mut self, cx: &UtilityContext<'_>, oid: Oid) -> PgResult<()> {
        let Some(relation) = cx.catalog.relation(oid)? else { return Ok(()) };
        let Some(desc) = &relation.index else { return Ok(()) };
        // A partition's part is made again with the index of the partitioned table.
        if !cx.catalog.inheritance_parents(oid)?.is_empty() {
            return Ok(());
        }
        let key = [Datum::Oid(pg_class::RELID), Datum::Oid(oid), Datum::Int4(0)];
        for row in cx.catalog.rows_by_index(cat_index::PG_DEPEND_DEPENDER_INDEX, &key)? {
            if row.oid(pg_depend::REFCLASSID) == pg_constraint::RELID {
                return self.add_constraint(cx, row.oid(pg_depend::REFOBJID));
            }
        }
        let address = ObjectAddress::relation(oid);
        if self.remade.iter().any(|r| r.address == address) {
            return Ok(());
        }
        let sql = ruleutils::index_def(cx.catalog, cx.session, desc, Pretty::default())?;
        let comment = cx.catalog.comment(address)?;
        self.remade.push(Remade { address, table: desc.relid, sql, comment, inheritance: None });
        Ok(())
    }

    fn add_constraint(&mut self, cx: &UtilityContext<'_>, oid: Oid) -> PgResult<()> {
        let address = ObjectAddress::constraint(oid);
        if self.remade.iter().any(|r| r.address == address) {
            return Ok(());
        }
        let Some(row) = cx.catalog.row_by_oid(pg_constraint::RELID, oid)? else { return Ok(()) };
        let table = row.oid(pg_constraint::CONRELID);
        if !table.is_valid() {
            return Ok(());
        }
        cx.lock(table, ACCESS_EXCLUSIVE)?;
        let relation = cx.catalog.get_relation(table)?;
        let Some(c) = relation.constraints.iter().find(|c| c.oid == oid) else { return Ok(()) };
        if c.contype == 'n' || c.parentid.is_valid() {
            return Ok(());
        }
        // Foreign keys that rely on a key go with it.
        if c.indid.is_valid() && matches!(c.contype, 'p' | 'u') {
            for other in relation.referencing.iter().filter(|o| o.indid == c.indid) {
                self.add_constraint(cx, other.oid)?;
            }
        }
        let sql = ruleutils::constraint_def(cx.catalog, cx.session, c, true, Pretty::default())?;
        let comment = cx.catalog.comment(address)?;
        let inheritance = Some((c.is_local, c.inhcount));
        self.remade.push(Remade { address, table, sql, comment, inheritance });
        Ok(())
    }

    /// Drops what is to be made again.
    pub(crate) fn drop_all(&self, cx: &UtilityContext<'_>) -> PgResult<()> {
        if self.remade.is_empty() {
            return Ok(());
        }
        let all: Vec<ObjectAddress> = self.remade.iter().map(|r| r.address).collect();
        let restrict = catalog::DropBehavior::Restrict;
        cx.catalog.perform_deletion(&all, restrict, true, &|_| ())?;
        for remade in &self.remade {
            cx.catalog.invalidate_relation(remade.table)?;
        }
        cx.services.command_counter_increment()
    }

    /// Makes everything again, over the new type.
    pub(crate) fn make_again(&self, cx: &UtilityContext<'_>) -> PgResult<()> {
        for remade in &self.remade {
            remade.make(cx)?;
        }
        Ok(())
    }
}

impl Remade {
    fn make(&self, cx: &UtilityContext<'_>) -> PgResult<()> {
        let stmts = parser::parse(&self.sql, &parser::ParserOptions::default())?;
        let Some(raw) = stmts.into_iter().next() else { return Ok(()) };
        // Positions in the definition mean nothing in the client's text.
        let cx = &UtilityContext { source_text: &self.sql, ..*cx };
        let unplaced = |mut e: PgError| {
            e.0.position = None;
            e
        };
        let address = match &raw.stmt {
            Stmt::IndexStmt(stmt) => {
                // The definition of a partitioned table's index says ONLY.
                let mut stmt = stmt.clone();
                stmt.relation.inh = true;
                let oid = index::execute(cx, &stmt).map_err(unplaced)?;
                oid.map(ObjectAddress::relation)
            }
            Stmt::AlterTableStmt(stmt) => {
                let Some(AlterTableDef::Constraint(c)) =
                    stmt.cmds.first().and_then(|c| c.def.as_ref())
                else {
                    return Ok(());
                };
                constraint::add(cx, self.table, c, true).map_err(unplaced)?;
                let name = c.conname.as_deref().unwrap_or_default();
                let oid = cx.catalog.constraint_exists(self.table, Oid::INVALID, name)?;
                if let (Some(oid), Some((local, count))) = (oid, self.inheritance) {
                    let columns = [
                        (pg_constraint::CONISLOCAL, Datum::Bool(local)),
                        (pg_constraint::CONINHCOUNT, Datum::Int2(count)),
                    ];
                    cx.catalog.set_constraint(oid, &columns)?;
                    cx.catalog.invalidate_relation(self.table)?;
                }
                oid.map(ObjectAddress::constraint)
            }
            _ => None,
        };
        if let (Some(address), Some(comment)) = (address, &self.comment) {
            cx.catalog.set_comment(address, Some(comment))?;
        }
        cx.services.command_counter_increment()
    }
}
