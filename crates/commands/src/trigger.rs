//! CREATE TRIGGER, and ALTER TABLE … ENABLE and DISABLE TRIGGER.
use crate::{UtilityContext, object_address, relation_name};
use analyzer::{ExprKind, relation_expr::transform_when_for_relation};
use catalog::{
    CatalogRead, Constraint, RelationDesc, Trigger, acl,
    acl::ObjectKind,
    schema::{index, pg_trigger},
};
use error::{PgError, PgResult, SqlState, bail, err};
use nodes::{Expr, acl as bit};
use parser::ast::{AlterTableCmd, AlterTableType as At, CreateTrigStmt, TriggerTiming};
use parser::ast::{TriggerTransition, trigger_event as event};
use std::sync::Arc;
use types::{Datum, Oid, type_oid};

/// PostgreSQL's ShareRowExclusiveLock.
const SHARE_ROW_EXCLUSIVE: i32 = 6;
/// Bits of tgtype.
const ROW: i16 = 1;
const BEFORE: i16 = 2;
const INSTEAD: i16 = 64;

/// Makes or replaces a trigger.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &CreateTrigStmt) -> PgResult<()> {
    let relation = relation_name::open_range_var(cx, &stmt.relation, SHARE_ROW_EXCLUSIVE)?;
    if stmt.replace && stmt.isconstraint {
        bail!(FEATURE_NOT_SUPPORTED, "CREATE OR REPLACE CONSTRAINT TRIGGER is not supported");
    }
    let maker = Maker { cx, stmt };
    maker.create(&relation, Oid::INVALID, None)?;
    cx.services.command_counter_increment()
}

/// One statement at work.
struct Maker<'m, 'u> {
    cx: &'m UtilityContext<'u>,
    stmt: &'m CreateTrigStmt,
}

fn refused(state: SqlState, message: String, detail: &str) -> PgError {
    PgError::new(state, message).detail(detail)
}

impl Maker<'_, '_> {
    fn check_relation(&self, rel: &RelationDesc) -> PgResult<()> {
        let (stmt, name) = (self.stmt, &rel.name);
        let instead = stmt.timing == TriggerTiming::Instead;
        let wrong = |message: String, detail: &str| {
            Err(refused(SqlState::WRONG_OBJECT_TYPE, message, detail))
        };
        match rel.relkind {
            'r' if instead => {
                return wrong(
                    format!("\"{name}\" is a table"),
                    "Tables cannot have INSTEAD OF triggers.",
                );
            }
            'p' if instead => {
                return wrong(
                    format!("\"{name}\" is a table"),
                    "Tables cannot have INSTEAD OF triggers.",
                );
            }
            'p' if stmt.row && !stmt.transition_rels.is_empty() => {
                return Err(refused(
                    SqlState::FEATURE_NOT_SUPPORTED,
                    format!("\"{name}\" is a partitioned table"),
                    "ROW triggers with transition tables are not supported on partitioned tables.",
                ));
            }
            'r' | 'p' => {}
            'v' => {
                if stmt.row && !instead {
                    return wrong(
                        format!("\"{name}\" is a view"),
                        "Views cannot have row-level BEFORE or AFTER triggers.",
                    );
                }
                if stmt.events & event::TRUNCATE != 0 {
                    return wrong(
                        format!("\"{name}\" is a view"),
                        "Views cannot have TRUNCATE triggers.",
                    );
                }
            }
            kind => {
                let noun = match kind {
                    'i' | 'I' => "indexes",
                    'S' => "sequences",
                    'm' => "materialized views",
                    'c' => "composite types",
                    _ => "foreign tables",
                };
                return wrong(
                    format!("relation \"{name}\" cannot have triggers"),
                    &format!("This operation is not supported for {noun}."),
                );
            }
        }
        if rel.oid < Oid::FIRST_NORMAL {
            bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{name}\" is a system catalog");
        }
        Ok(())
    }

    fn check_permission(&self, rel: &RelationDesc) -> PgResult<()> {
        acl::check(
            self.cx.catalog,
            ObjectKind::of_relkind(rel.relkind),
            &rel.name,
            rel.acl.as_deref(),
            rel.owner,
            self.cx.user(),
            bit::TRIGGER,
        )
    }

    fn check_form(&self) -> PgResult<()> {
        let stmt = self.stmt;
        if stmt.row && stmt.events & event::TRUNCATE != 0 {
            bail!(FEATURE_NOT_SUPPORTED, "TRUNCATE FOR EACH ROW triggers are not supported");
        }
        if stmt.timing == TriggerTiming::Instead {
            if !stmt.row {
                bail!(FEATURE_NOT_SUPPORTED, "INSTEAD OF triggers must be FOR EACH ROW");
            }
            if stmt.when_clause.is_some() {
                bail!(FEATURE_NOT_SUPPORTED, "INSTEAD OF triggers cannot have WHEN conditions");
            }
            if !stmt.columns.is_empty() {
                bail!(FEATURE_NOT_SUPPORTED, "INSTEAD OF triggers cannot have column lists");
            }
        }
        Ok(())
    }

    /// Names of the transition tables, old and new.
    fn transitions(&self, rel: &RelationDesc) -> PgResult<(Option<String>, Option<String>)> {
        let (mut old, mut new) = (None, None);
        for t in &self.stmt.transition_rels {
            self.check_transition(rel, t)?;
            let (slot, word) = if t.is_new { (&mut new, "NEW") } else { (&mut old, "OLD") };
            if slot.is_some() {
                bail!(INVALID_OBJECT_DEFINITION, "{word} TABLE cannot be specified multiple times");
            }
            *slot = Some(t.name.clone());
        }
        if old.is_some() && old == new {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "OLD TABLE name and NEW TABLE name cannot be the same"
            );
        }
        Ok((old, new))
    }

    fn check_transition(&self, rel: &RelationDesc, t: &TriggerTransition) -> PgResult<()> {
        let stmt = self.stmt;
        if !t.is_table {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "ROW variable naming in the REFERENCING clause is not supported"
            )
            .hint("Use OLD TABLE or NEW TABLE for naming transition tables."));
        }
        if rel.relkind == 'v' {
            return Err(refused(
                SqlState::WRONG_OBJECT_TYPE,
                format!("\"{}\" is a view", rel.name),
                "Triggers on views cannot have transition tables.",
            ));
        }
        if stmt.row && !self.cx.catalog.inheritance_parents(rel.oid)?.is_empty() {
            let what = if rel.is_partition { "partitions" } else { "inheritance children" };
            bail!(
                FEATURE_NOT_SUPPORTED,
                "ROW triggers with transition tables are not supported on {what}"
            );
        }
        if stmt.timing != TriggerTiming::After {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "transition table name can only be specified for an AFTER trigger"
            );
        }
        if stmt.events & event::TRUNCATE != 0 {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "TRUNCATE triggers with transition tables are not supported"
            );
        }
        if stmt.events.count_ones() > 1 {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "transition tables cannot be specified for triggers with more than one event"
            );
        }
        if !stmt.columns.is_empty() {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "transition tables cannot be specified for triggers with column lists"
            );
        }
        let (allowed, word, events) = match t.is_new {
            true => (event::INSERT | event::UPDATE, "NEW", "an INSERT or UPDATE"),
            false => (event::DELETE | event::UPDATE, "OLD", "a DELETE or UPDATE"),
        };
        if stmt.events & allowed == 0 {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "{word} TABLE can only be specified for {events} trigger"
            );
        }
        Ok(())
    }

    fn columns(&self, rel: &RelationDesc) -> PgResult<Vec<i16>> {
        let mut columns = Vec::with_capacity(self.stmt.columns.len());
        for name in &self.stmt.columns {
            let Some(attr) = rel.attr_by_name(name) else {
                bail!(
                    UNDEFINED_COLUMN,
                    "column \"{name}\" of relation \"{}\" does not exist",
                    rel.name
                );
            };
            if columns.contains(&attr.num) {
                bail!(DUPLICATE_COLUMN, "column \"{name}\" specified more than once");
            }
            columns.push(attr.num);
        }
        Ok(columns)
    }

    fn condition(&self, rel: &RelationDesc) -> PgResult<Option<Arc<Expr>>> {
        let stmt = self.stmt;
        let Some(raw) = &stmt.when_clause else { return Ok(None) };
        let mut acx = self.cx.analyze_context();
        let expr = transform_when_for_relation(
            &mut acx,
            raw,
            rel,
            ExprKind::TriggerWhen,
            "WHEN",
            true,
            true,
        )?;
        let mut fault = None;
        nodes::walk::visit_expr_deep(&expr, 0, &mut |e, level| {
            if let Expr::Var(v) = e
                && v.varlevelsup == level
                && fault.is_none()
            {
                fault = self.bad_reference(rel, v.varno, v.varattno).map(|f| f.at(v.location));
            }
        });
        match fault {
            Some(fault) => Err(fault),
            None => Ok(Some(Arc::new(expr))),
        }
    }

    /// What is wrong with a column that a WHEN condition reads.
    fn bad_reference(&self, rel: &RelationDesc, varno: i32, attnum: i16) -> Option<PgError> {
        let stmt = self.stmt;
        let fault =
            |message: &str| Some(PgError::new(SqlState::INVALID_OBJECT_DEFINITION, message));
        if !stmt.row {
            return fault("statement trigger's WHEN condition cannot reference column values");
        }
        if varno == 1 {
            return match stmt.events & event::INSERT != 0 {
                true => fault("INSERT trigger's WHEN condition cannot reference OLD values"),
                false => None,
            };
        }
        if stmt.events & event::DELETE != 0 {
            return fault("DELETE trigger's WHEN condition cannot reference NEW values");
        }
        if stmt.timing != TriggerTiming::Before {
            return None;
        }
        if attnum < 0 {
            return Some(err!(
                FEATURE_NOT_SUPPORTED,
                "BEFORE trigger's WHEN condition cannot reference NEW system columns"
            ));
        }
        let generated = "BEFORE trigger's WHEN condition cannot reference NEW generated columns";
        if attnum == 0 && rel.attrs.iter().any(|a| !a.dropped && a.generated != '\0') {
            return fault(generated).map(|e| {
                e.detail("A whole-row reference is used and the table contains generated columns.")
            });
        }
        match rel.attr(attnum) {
            Some(a) if a.generated != '\0' => fault(generated)
                .map(|e| e.detail(format!("Column \"{}\" is a generated column.", a.name))),
            _ => None,
        }
    }

    fn function(&self) -> PgResult<Oid> {
        let cx = self.cx;
        let (schemas, name) = object_address::search_in(cx, &self.stmt.funcname)?;
        let candidates = cx.catalog.procs_by_name(&name)?;
        let found = schemas
            .iter()
            .find_map(|s| candidates.iter().find(|p| p.namespace == *s && p.argtypes.is_empty()));
        let Some(proc) = found else {
            bail!(
                UNDEFINED_FUNCTION,
                "function {}() does not exist",
                relation_name::dotted(&self.stmt.funcname)
            );
        };
        if let Some(items) = &proc.acl {
            acl::check(
                cx.catalog,
                ObjectKind::Function,
                &proc.name,
                Some(items),
                proc.owner,
                cx.user(),
                bit::EXECUTE,
            )?;
        }
        if proc.rettype != type_oid::TRIGGER {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "function {} must return type trigger",
                relation_name::dotted(&self.stmt.funcname)
            );
        }
        Ok(proc.oid)
    }

    /// The trigger that is to be replaced.
    fn existing(&self, rel: &RelationDesc) -> PgResult<Option<Trigger>> {
        let stmt = self.stmt;
        let Some(old) = rel.triggers.iter().find(|t| t.name == stmt.trigname) else {
            return Ok(None);
        };
        if !stmt.replace {
            bail!(
                DUPLICATE_OBJECT,
                "trigger \"{}\" for relation \"{}\" already exists",
                stmt.trigname,
                rel.name
            );
        }
        if old.is_internal || old.parentid.is_valid() {
            bail!(
                DUPLICATE_OBJECT,
                "trigger \"{}\" for relation \"{}\" is an internal or a child trigger",
                stmt.trigname,
                rel.name
            );
        }
        if old.constraint.is_valid() {
            bail!(
                DUPLICATE_OBJECT,
                "trigger \"{}\" for relation \"{}\" is a constraint trigger",
                stmt.trigname,
                rel.name
            );
        }
        Ok(Some(old.clone()))
    }

    fn create(&self, rel: &Arc<RelationDesc>, parent: Oid, replaces: Option<Oid>) -> PgResult<()> {
        let (cx, stmt) = (self.cx, self.stmt);
        self.check_relation(rel)?;
        let constrrelid = match &stmt.constrrel {
            Some(name) => {
                let other = relation_name::open_range_var(cx, name, 1)?;
                self.check_permission(&other)?;
                other.oid
            }
            None => Oid::INVALID,
        };
        if !parent.is_valid() {
            self.check_permission(rel)?;
        }
        self.check_form()?;
        let (oldtable, newtable) = self.transitions(rel)?;
        let qual = self.condition(rel)?;
        let func = self.function()?;
        if parent.is_valid() && replaces.is_none() && !stmt.replace {
            check_free(rel, &stmt.trigname)?;
        }
        let existing = match parent.is_valid() {
            true => rel
                .triggers
                .iter()
                .find(|t| Some(t.oid) == replaces || (stmt.replace && t.name == stmt.trigname))
                .cloned(),
            false => self.existing(rel)?,
        };
        let attrs = self.columns(rel)?;
        let mut trigger = Trigger {
            oid: existing.as_ref().map_or(Oid::INVALID, |t| t.oid),
            name: stmt.trigname.clone(),
            relid: rel.oid,
            parentid: parent,
            func,
            tgtype: stmt.events
                | if stmt.row { ROW } else { 0 }
                | match stmt.timing {
                    TriggerTiming::Before => BEFORE,
                    TriggerTiming::Instead => INSTEAD,
                    _ => 0,
                },
            enabled: 'O',
            is_internal: false,
            constrrelid,
            constrindid: Oid::INVALID,
            constraint: Oid::INVALID,
            deferrable: stmt.deferrable,
            initdeferred: stmt.initdeferred,
            attrs,
            args: stmt.args.clone(),
            qual,
            oldtable,
            newtable,
        };
        if stmt.isconstraint {
            let (deferrable, deferred) = (stmt.deferrable, stmt.initdeferred);
            trigger.constraint = store_constraint(cx, rel, &stmt.trigname, deferrable, deferred)?;
        }
        let oid = cx.catalog.store_trigger(&trigger, existing.is_some())?;
        if rel.relkind != 'p' || !stmt.row {
            return Ok(());
        }
        cx.services.command_counter_increment()?;
        for child in cx.catalog.inheritance_children(rel.oid)?.iter() {
            cx.lock(*child, SHARE_ROW_EXCLUSIVE)?;
            let child = cx.catalog.get_relation(*child)?;
            let old = existing.as_ref().and_then(|e| child_of(&child, e.oid));
            self.create(&child, oid, old)?;
        }
        Ok(())
    }
}

/// The row of pg_constraint behind a constraint trigger.
fn store_constraint(
    cx: &UtilityContext<'_>,
    rel: &RelationDesc,
    name: &str,
    deferrable: bool,
    deferred: bool,
) -> PgResult<Oid> {
    cx.catalog.create_constraint(&Constraint {
        oid: Oid::INVALID,
        name: name.to_owned(),
        namespace: rel.namespace,
        contype: 't',
        deferrable,
        deferred,
        enforced: true,
        validated: true,
        relid: rel.oid,
        typid: Oid::INVALID,
        indid: Oid::INVALID,
        parentid: Oid::INVALID,
        frelid: Oid::INVALID,
        fupdtype: ' ',
        fdeltype: ' ',
        fmatchtype: ' ',
        is_local: true,
        inhcount: 0,
        noinherit: true,
        period: false,
        key: Vec::new(),
        fkey: Vec::new(),
        pfeqop: Vec::new(),
        ppeqop: Vec::new(),
        ffeqop: Vec::new(),
        fdelsetcols: Vec::new(),
        exclop: Vec::new(),
        expr: None,
    })
}

/// Gives a partition the row triggers of its parent.
pub(crate) fn clone_row_triggers(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    partition: Oid,
) -> PgResult<()> {
    let mut any = false;
    for trigger in parent.triggers.iter().filter(|t| !t.is_internal && t.tgtype & ROW != 0) {
        let child = cx.catalog.get_relation(partition)?;
        if child_of(&child, trigger.oid).is_some() {
            continue;
        }
        check_free(&child, &trigger.name)?;
        let map = crate::inherit::column_map(parent, &child);
        let mut copy = trigger.clone();
        copy.oid = Oid::INVALID;
        copy.relid = partition;
        copy.parentid = trigger.oid;
        copy.attrs = trigger
            .attrs
            .iter()
            .map(|a| map.get(*a as usize).copied().unwrap_or_default())
            .collect();
        if let Some(qual) = &trigger.qual {
            let mut qual = (**qual).clone();
            crate::table::renumber(&mut qual, &map);
            copy.qual = Some(Arc::new(qual));
        }
        if trigger.constraint.is_valid() {
            copy.constraint = store_constraint(
                cx,
                &child,
                &trigger.name,
                trigger.deferrable,
                trigger.initdeferred,
            )?;
        }
        let oid = cx.catalog.store_trigger(&copy, false)?;
        any = true;
        if child.relkind == 'p' {
            cx.services.command_counter_increment()?;
            let child = cx.catalog.get_relation(partition)?;
            debug_assert!(child.triggers.iter().any(|t| t.oid == oid));
            for below in cx.catalog.inheritance_children(partition)?.iter() {
                clone_row_triggers(cx, &child, *below)?;
            }
        }
    }
    if any { cx.services.command_counter_increment() } else { Ok(()) }
}

fn check_free(rel: &RelationDesc, name: &str) -> PgResult<()> {
    if rel.triggers.iter().any(|t| t.name == name) {
        bail!(DUPLICATE_OBJECT, "trigger \"{name}\" for relation \"{}\" already exists", rel.name);
    }
    Ok(())
}

fn child_of(rel: &RelationDesc, parent: Oid) -> Option<Oid> {
    rel.triggers.iter().find(|t| t.parentid == parent).map(|t| t.oid)
}

/// ALTER TABLE … ENABLE and DISABLE TRIGGER.
pub(crate) fn set_enabled(
    cx: &UtilityContext<'_>,
    rel: &RelationDesc,
    cmd: &AlterTableCmd,
) -> PgResult<()> {
    let enabled = match cmd.subtype {
        At::EnableTrig | At::EnableTrigAll | At::EnableTrigUser => 'O',
        At::EnableAlwaysTrig => 'A',
        At::EnableReplicaTrig => 'R',
        _ => 'D',
    };
    let user_only = matches!(cmd.subtype, At::EnableTrigUser | At::DisableTrigUser);
    let all = user_only || matches!(cmd.subtype, At::EnableTrigAll | At::DisableTrigAll);
    let name = cmd.name.as_deref().filter(|_| !all);
    let mut found = all;
    for trigger in rel.triggers.iter() {
        if name.is_some_and(|n| n != trigger.name) || (user_only && trigger.is_internal) {
            continue;
        }
        if trigger.is_internal && !acl::is_superuser(cx.catalog, cx.user())? {
            bail!(
                INSUFFICIENT_PRIVILEGE,
                "permission denied: \"{}\" is a system trigger",
                trigger.name
            );
        }
        found = true;
        store_enabled(cx, rel, trigger, enabled)?;
    }
    if !found {
        bail!(
            UNDEFINED_OBJECT,
            "trigger \"{}\" for table \"{}\" does not exist",
            name.unwrap_or_default(),
            rel.name
        );
    }
    cx.services.command_counter_increment()
}

fn store_enabled(
    cx: &UtilityContext<'_>,
    rel: &RelationDesc,
    trigger: &Trigger,
    enabled: char,
) -> PgResult<()> {
    if trigger.enabled != enabled {
        let key = [Datum::Oid(rel.oid), Datum::text(&trigger.name)];
        let rows = cx.catalog.rows_by_index(index::PG_TRIGGER_TGRELID_TGNAME_INDEX, &key)?;
        for row in rows {
            let mut values = row.values.clone();
            values[pg_trigger::TGENABLED] = Datum::Char(enabled as u8);
            cx.catalog.update_row(pg_trigger::RELID, &row, &values)?;
        }
    }
    if rel.relkind != 'p' || trigger.tgtype & ROW == 0 {
        return Ok(());
    }
    for child in cx.catalog.inheritance_children(rel.oid)?.iter() {
        cx.lock(*child, SHARE_ROW_EXCLUSIVE)?;
        let child = cx.catalog.get_relation(*child)?;
        if let Some(trigger) = child.triggers.iter().find(|t| t.parentid == trigger.oid) {
            store_enabled(cx, &child, trigger, enabled)?;
        }
    }
    Ok(())
}
