//! Foreign keys: what a changed row has to be checked for, at the end of the statement or at commit.
use super::{
    Target,
    describe::describe_columns,
    same_datum,
    trigger::{Batches, QueuedTrigger},
};
use crate::{
    Cx,
    expr::{ExprCompiler, FnCall},
    node::convert_key,
};
use catalog::{Constraint, IndexDesc, RelationDesc};
use error::{PgError, PgResult, err, not_supported};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};
use table::{
    Heap, Index, IndexRange, IndexScan, KeyEncoder, RowLock, RowLockMode, Rowid, Snapshot,
    WaitPolicy,
};
use types::{Datum, Oid};

/// A FOREIGN KEY constraint.
pub(crate) struct ForeignKey {
    pub(crate) con: Constraint,
    /// `referenced = referencing`, for each column.
    equal: Arc<[FnCall]>,
    /// Casts of referencing values to what `equal` takes on its right.
    casts: Arc<[Option<FnCall>]>,
}

/// Something to be looked at when the statement is over.
#[derive(Clone)]
pub(crate) enum Pending {
    /// A row of the referencing table needs its counterpart.
    Reference { key: Arc<ForeignKey>, rowid: Rowid, values: Vec<Datum> },
    /// A referenced key went away, or became `new`.
    Referenced { key: Arc<ForeignKey>, old: Vec<Datum>, new: Option<Vec<Datum>> },
    /// A deferrable unique key had a duplicate when its row was written.
    Unique { relid: Oid, index: Arc<IndexDesc>, values: Vec<Datum>, rowid: Rowid },
    /// An AFTER trigger.
    Trigger(Box<QueuedTrigger>),
}

/// Checks that wait for the end of the statement, and the targets of referential actions.
#[derive(Default)]
pub struct AfterStatement {
    pub(crate) pending: Vec<Pending>,
    pub(crate) targets: HashMap<Oid, Arc<Target>>,
    pub(crate) partitions: HashMap<Oid, Arc<super::partition::PartitionSpec>>,
    /// The checks that are being worked through.
    pub(crate) running: VecDeque<Pending>,
    pub(crate) batches: Batches,
}

/// A transaction's deferred checks and its SET CONSTRAINTS; the session keeps it and hands it out as a
/// service under its type name.
#[derive(Default)]
pub struct DeferredChecks {
    inner: Mutex<DeferredState>,
}

#[derive(Default)]
struct DeferredState {
    /// Each with the subtransaction that left it.
    pending: Vec<(u32, Pending)>,
    all: Option<bool>,
    by_constraint: HashMap<Oid, bool>,
}

impl DeferredChecks {
    fn with<T>(&self, f: impl FnOnce(&mut DeferredState) -> T) -> T {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// SET CONSTRAINTS ALL.
    pub fn set_all(&self, deferred: bool) {
        self.with(|s| {
            s.all = Some(deferred);
            s.by_constraint.clear();
        });
    }

    /// SET CONSTRAINTS for one constraint.
    pub fn set(&self, constraint: Oid, deferred: bool) {
        self.with(|s| s.by_constraint.insert(constraint, deferred));
    }

    /// Forgets what a subtransaction that is rolled back left, and those inside it.
    pub fn forget_from(&self, sub: u32) {
        self.with(|s| s.pending.retain(|(of, _)| *of < sub));
    }

    /// Forgets everything (end of transaction).
    pub fn clear(&self) {
        self.with(|s| *s = DeferredState::default());
    }

    /// Whether checks are waiting.
    pub fn is_empty(&self) -> bool {
        self.with(|s| s.pending.is_empty())
    }

    fn is_deferred(&self, constraint: Oid, by_default: bool) -> bool {
        self.with(|s| s.by_constraint.get(&constraint).copied().or(s.all).unwrap_or(by_default))
    }

    /// Takes out the checks that are due: all of them, or those of constraints now immediate.
    pub(crate) fn take(&self, all: bool) -> Vec<Pending> {
        self.with(|s| {
            let pending = std::mem::take(&mut s.pending);
            if all {
                return pending.into_iter().map(|(_, check)| check).collect();
            }
            let (mut due, mut rest) = (Vec::new(), Vec::new());
            for (sub, check) in pending {
                let (oid, default) = match &check {
                    Pending::Reference { key, .. } | Pending::Referenced { key, .. } => {
                        (key.con.oid, key.con.deferred)
                    }
                    Pending::Unique { index, .. } => (index.oid, false),
                    Pending::Trigger(t) => t.deferrable().unwrap_or((Oid::INVALID, false)),
                };
                let deferred = s.by_constraint.get(&oid).copied().or(s.all).unwrap_or(default);
                if deferred { rest.push((sub, check)) } else { due.push(check) }
            }
            s.pending = rest;
            due
        })
    }
}

/// A snapshot that sees all that is committed and all that the transaction has done so far.
pub(crate) fn fresh_snapshot(cx: &Cx<'_>) -> PgResult<Snapshot> {
    let txn = cx.es.txn();
    txn.next_command()?;
    Ok(txn.latest_snapshot())
}

impl AfterStatement {
    pub(crate) fn check_unique(
        &mut self,
        target: &Target,
        index: &Arc<IndexDesc>,
        values: &[Datum],
        rowid: Rowid,
    ) {
        self.pending.push(Pending::Unique {
            relid: target.rel.oid,
            index: index.clone(),
            values: values.to_vec(),
            rowid,
        });
    }
}

/// Runs or defers all checks that the statement left.
pub(crate) fn flush(cx: &mut Cx<'_>) -> PgResult<()> {
    while !cx.es.after.pending.is_empty() {
        cx.es.after.running = std::mem::take(&mut cx.es.after.pending).into();
        while let Some(check) = cx.es.after.running.pop_front() {
            if let Some(check) = defer(cx, check)? {
                run_check(cx, check)?;
            }
        }
        cx.check_interrupts()?;
    }
    Ok(())
}

/// Puts a deferred check away; `None` if it was.
fn defer(cx: &Cx<'_>, check: Pending) -> PgResult<Option<Pending>> {
    let (oid, by_default) = match &check {
        Pending::Reference { key, .. } | Pending::Referenced { key, .. } => {
            if !key.con.deferrable || key.acts(&check) {
                return Ok(Some(check));
            }
            (key.con.oid, key.con.deferred)
        }
        Pending::Trigger(trigger) => match trigger.deferrable() {
            Some(deferrable) => deferrable,
            None => return Ok(Some(check)),
        },
        Pending::Unique { relid, index, .. } => {
            let rel = cx.catalog.get_relation(*relid)?;
            match rel.constraints.iter().find(|k| k.indid == index.oid && k.relid == *relid) {
                Some(k) => (k.oid, k.deferred),
                None => return Ok(Some(check)),
            }
        }
    };
    let service = cx.session.service_any(std::any::type_name::<DeferredChecks>());
    let Some(service) = service.and_then(|s| s.downcast_ref::<DeferredChecks>()) else {
        return match by_default {
            true => Err(not_supported!("deferred constraints in this context")),
            false => Ok(Some(check)),
        };
    };
    if !service.is_deferred(oid, by_default) {
        return Ok(Some(check));
    }
    let sub = cx.es.txn().current_sub().0;
    service.with(|s| s.pending.push((sub, check)));
    Ok(None)
}

pub(crate) fn run_check(cx: &mut Cx<'_>, check: Pending) -> PgResult<()> {
    match check {
        Pending::Reference { key, rowid, values } => key.check_reference(cx, rowid, &values),
        Pending::Referenced { key, old, new } => key.referenced_changed(cx, &old, new.as_deref()),
        Pending::Unique { relid, index, values, rowid } => {
            check_unique_again(cx, relid, &index, &values, rowid)
        }
        Pending::Trigger(trigger) => trigger.fire(cx),
    }
}

fn check_unique_again(
    cx: &mut Cx<'_>,
    relid: Oid,
    index: &Arc<IndexDesc>,
    values: &[Datum],
    rowid: Rowid,
) -> PgResult<()> {
    let rel = cx.catalog.get_relation(relid)?;
    let target = late_target(cx, &rel)?;
    let snapshot = fresh_snapshot(cx)?;
    let txn = cx.es.txn().clone();
    let mut row = Vec::new();
    if !target.heap.fetch(&txn, &snapshot, rowid, &mut row)? {
        return Ok(());
    }
    let Some(entry) = target.indexes.iter().find(|i| i.desc.oid == index.oid) else {
        return Ok(());
    };
    let now = entry.values(cx, &row)?;
    if !now.iter().zip(values).all(|(a, b)| same_datum(a, b)) {
        return Ok(());
    }
    let mut encoder = KeyEncoder::new();
    match entry.index.find_conflict(&txn, &mut encoder, values, Some(rowid))? {
        Some(_) => Err(entry.duplicate(&target, cx, values)?),
        None => Ok(()),
    }
}

/// A target compiled while a plan runs, kept for its other rows.
pub(crate) fn late_target(cx: &mut Cx<'_>, rel: &Arc<RelationDesc>) -> PgResult<Arc<Target>> {
    if let Some(target) = cx.es.after.targets.get(&rel.oid) {
        return Ok(target.clone());
    }
    let target = Arc::new(Target::compile_late(cx, rel)?);
    cx.es.after.targets.insert(rel.oid, target.clone());
    Ok(target)
}

fn pick(row: &[Datum], columns: &[i16]) -> Vec<Datum> {
    columns.iter().map(|c| row[*c as usize - 1].clone()).collect()
}

impl ForeignKey {
    pub(crate) fn compile(c: &mut ExprCompiler<'_>, con: &Constraint) -> PgResult<Self> {
        if con.period {
            return Err(not_supported!("temporal foreign keys"));
        }
        let equal =
            con.pfeqop.iter().map(|op| c.operator(*op, Oid::INVALID)).collect::<PgResult<_>>()?;
        let child = c.catalog.get_relation(con.relid)?;
        let mut casts = Vec::with_capacity(con.key.len());
        for (op, column) in con.pfeqop.iter().zip(&con.key) {
            let wanted = c.catalog.get_operator(*op)?.right;
            let typ = child.attr(*column).map_or(wanted, |a| a.typ);
            let typ = crate::hash::base_type(c.catalog, typ)?;
            let cast = match typ == wanted {
                true => None,
                false => c.catalog.lookup_cast(typ, wanted)?.filter(|k| k.func.is_valid()),
            };
            casts.push(match cast {
                Some(cast) => Some(c.function(cast.func, &[typ], wanted, Oid::INVALID)?),
                None => None,
            });
        }
        Ok(ForeignKey { con: con.clone(), equal, casts: casts.into() })
    }

    /// Referencing values as the referenced key's equality takes them.
    fn cast_key(&self, cx: &mut Cx<'_>, values: &[Datum]) -> PgResult<Vec<Datum>> {
        let mut out = Vec::with_capacity(values.len());
        for (cast, value) in self.casts.iter().zip(values) {
            out.push(match cast {
                Some(cast) if !value.is_null() => call_apart(cx, cast, &mut [value.clone()])?,
                _ => value.clone(),
            });
        }
        Ok(out)
    }

    /// Whether it does more than check when a referenced key changes.
    fn acts(&self, check: &Pending) -> bool {
        match check {
            Pending::Referenced { new: None, .. } => self.con.fdeltype != 'a',
            Pending::Referenced { new: Some(_), .. } => self.con.fupdtype != 'a',
            _ => false,
        }
    }

    pub(crate) fn row_added(
        self: &Arc<Self>,
        _target: &Target,
        cx: &mut Cx<'_>,
        rowid: Rowid,
        row: &[Datum],
    ) -> PgResult<()> {
        self.note_reference(cx, rowid, row)
    }

    /// Notes that a row of the referencing table needs its counterpart.
    pub(crate) fn note_reference(
        self: &Arc<Self>,
        cx: &mut Cx<'_>,
        rowid: Rowid,
        row: &[Datum],
    ) -> PgResult<()> {
        if cx.es.settings.skip_foreign_keys {
            return Ok(());
        }
        let values = pick(row, &self.con.key);
        let nulls = values.iter().filter(|v| v.is_null()).count();
        if nulls == values.len() || (nulls > 0 && self.con.fmatchtype != 'f') {
            return Ok(());
        }
        cx.es.after.pending.push(Pending::Reference { key: self.clone(), rowid, values });
        Ok(())
    }

    pub(crate) fn row_changed(
        self: &Arc<Self>,
        target: &Target,
        cx: &mut Cx<'_>,
        rowid: Rowid,
        old: &[Datum],
        new: &[Datum],
    ) -> PgResult<()> {
        let changed =
            self.con.key.iter().any(|c| !same_datum(&old[*c as usize - 1], &new[*c as usize - 1]));
        if changed { self.row_added(target, cx, rowid, new) } else { Ok(()) }
    }

    pub(crate) fn key_changed(
        self: &Arc<Self>,
        _target: &Target,
        cx: &mut Cx<'_>,
        old: &[Datum],
        new: Option<&[Datum]>,
    ) -> PgResult<()> {
        if cx.es.settings.skip_foreign_keys {
            return Ok(());
        }
        let old = pick(old, &self.con.fkey);
        if old.iter().any(Datum::is_null) {
            return Ok(());
        }
        let new = new.map(|new| pick(new, &self.con.fkey));
        if new.as_ref().is_some_and(|new| new.iter().zip(&old).all(|(a, b)| same_datum(a, b))) {
            return Ok(());
        }
        cx.es.after.pending.push(Pending::Referenced { key: self.clone(), old, new });
        Ok(())
    }

    /// A referencing row must have its counterpart, which is then locked FOR KEY SHARE.
    fn check_reference(&self, cx: &mut Cx<'_>, rowid: Rowid, values: &[Datum]) -> PgResult<()> {
        let child = cx.catalog.get_relation(self.con.relid)?;
        let txn = cx.es.txn().clone();
        let mut snapshot = fresh_snapshot(cx)?;
        let child_heap = heap_of(&child)?;
        let mut row = Vec::new();
        let still = child_heap.fetch(&txn, &snapshot, rowid, &mut row)?
            && pick(&row, &self.con.key).iter().zip(values).all(|(a, b)| same_datum(a, b));
        if !still {
            return Ok(());
        }
        if values.iter().any(Datum::is_null) {
            return Err(self
                .violation(cx, &child)?
                .detail("MATCH FULL does not allow mixing of null and nonnull key values."));
        }
        loop {
            let Some((table, parent)) = self.find_parent(cx, &snapshot, values)? else {
                let parent = cx.catalog.get_relation(self.con.frelid)?;
                let mut error = self.violation(cx, &child)?;
                if let Some(key) = describe_columns(cx, &child, &self.con.key, values)? {
                    error = error
                        .detail(format!("Key {key} is not present in table \"{}\".", parent.name));
                }
                return Err(error);
            };
            let parent_heap = heap_of(&table)?;
            let lock = parent_heap.lock_row(
                &txn,
                parent,
                RowLockMode::KeyShare,
                WaitPolicy::Block,
                &snapshot,
            )?;
            match lock {
                RowLock::Unchanged | RowLock::Own { .. } => return Ok(()),
                // Look again: what is locked may no longer have the key.
                _ => snapshot = fresh_snapshot(cx)?,
            }
            cx.check_interrupts()?;
        }
    }

    #[cold]
    fn violation(&self, cx: &Cx<'_>, child: &RelationDesc) -> PgResult<PgError> {
        let schema = cx.catalog.namespace_name(child.namespace)?.unwrap_or_default();
        Ok(err!(
            FOREIGN_KEY_VIOLATION,
            "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
            child.name,
            self.con.name
        )
        .table(schema, child.name.clone())
        .constraint(self.con.name.clone()))
    }

    /// The row of the referenced table (or of one of its partitions) that has the key.
    pub(crate) fn find_parent(
        &self,
        cx: &mut Cx<'_>,
        snapshot: &Snapshot,
        values: &[Datum],
    ) -> PgResult<Option<(Arc<RelationDesc>, Rowid)>> {
        let values = &self.cast_key(cx, values)?[..];
        let parent = cx.catalog.get_relation(self.con.frelid)?;
        if parent.relkind != 'p' {
            let found = self.find_in(cx, snapshot, &parent, &self.con.fkey, values)?;
            return Ok(found.map(|rowid| (parent, rowid)));
        }
        for leaf in leaves(cx, parent.oid)? {
            let fkey = columns_in(&parent, &leaf, &self.con.fkey);
            if let Some(rowid) = self.find_in(cx, snapshot, &leaf, &fkey, values)? {
                return Ok(Some((leaf, rowid)));
            }
        }
        Ok(None)
    }

    fn find_in(
        &self,
        cx: &mut Cx<'_>,
        snapshot: &Snapshot,
        parent: &RelationDesc,
        fkey: &[i16],
        values: &[Datum],
    ) -> PgResult<Option<Rowid>> {
        // A partition's part of the index covers the same columns.
        let covers = |i: &&Arc<IndexDesc>| {
            i.oid == self.con.indid
                || parent.oid != self.con.frelid
                    && i.unique
                    && i.predicate.is_empty()
                    && i.n_key == fkey.len()
                    && i.columns[..i.n_key].iter().all(|c| fkey.contains(&c.attnum))
        };
        let index = parent.indexes.iter().find(covers).cloned();
        let txn = cx.es.txn().clone();
        if let Some(index) = index {
            let mut eq = Vec::with_capacity(values.len());
            for column in index.columns.iter().take(index.n_key) {
                let at = fkey.iter().position(|c| *c == column.attnum);
                let value = at
                    .and_then(|at| convert_key(&values[at], index.physical.columns[eq.len()].phys));
                match value {
                    Some(value) => eq.push(value),
                    None => break,
                }
            }
            if eq.len() == index.n_key {
                let table_index = Index::new(index.physical.clone());
                let mut encoder = KeyEncoder::new();
                if table_index.is_point(&eq) {
                    return table_index.lookup(&txn, snapshot, &mut encoder, &eq);
                }
                let range = IndexRange { eq, ..IndexRange::default() };
                let desc = index.physical.clone();
                let mut scan = IndexScan::new(desc, &txn, snapshot, &mut encoder, &range, false)?;
                return scan.advance();
            }
        }
        self.scan_for(cx, snapshot, parent, fkey, values, true)
            .map(|rows| rows.first().map(|r| r.0))
    }

    /// The same constraint for each leaf partition of a partitioned referencing table.
    pub(crate) fn for_leaves(&self, cx: &Cx<'_>) -> PgResult<Vec<ForeignKey>> {
        let child = cx.catalog.get_relation(self.con.relid)?;
        let mut keys = Vec::new();
        for leaf in leaves(cx, child.oid)? {
            let con = Constraint {
                relid: leaf.oid,
                key: columns_in(&child, &leaf, &self.con.key),
                fdelsetcols: columns_in(&child, &leaf, &self.con.fdelsetcols),
                ..self.con.clone()
            };
            keys.push(ForeignKey { con, equal: self.equal.clone(), casts: self.casts.clone() });
        }
        Ok(keys)
    }

    /// Rows of the referencing table that have a key.
    pub(crate) fn find_children(
        &self,
        cx: &mut Cx<'_>,
        snapshot: &Snapshot,
        key: &[Datum],
        first_only: bool,
    ) -> PgResult<Vec<(Rowid, Vec<Datum>)>> {
        let child = cx.catalog.get_relation(self.con.relid)?;
        let txn = cx.es.txn().clone();
        for index in child.indexes.iter().filter(|i| i.valid && i.predicate.is_empty()) {
            let mut eq = Vec::new();
            for (n, column) in index.columns.iter().take(index.n_key).enumerate() {
                let at = self.con.key.iter().position(|c| *c == column.attnum);
                let phys = index.physical.columns.get(n).map(|c| c.phys);
                match (at, phys) {
                    (Some(at), Some(phys)) => match convert_key(&key[at], phys) {
                        Some(value) => eq.push(value),
                        None => break,
                    },
                    _ => break,
                }
            }
            if eq.is_empty() {
                continue;
            }
            let heap = heap_of(&child)?;
            let mut encoder = KeyEncoder::new();
            let range = IndexRange { eq, ..IndexRange::default() };
            let desc = index.physical.clone();
            let mut scan = IndexScan::new(desc, &txn, snapshot, &mut encoder, &range, false)?;
            let mut found = Vec::new();
            while let Some(rowid) = scan.advance()? {
                let mut row = Vec::new();
                if heap.fetch(&txn, snapshot, rowid, &mut row)?
                    && self.equals(cx, key, &pick(&row, &self.con.key))?
                {
                    found.push((rowid, row));
                    if first_only {
                        break;
                    }
                }
            }
            return Ok(found);
        }
        self.scan_for(cx, snapshot, &child, &self.con.key, key, false).map(|mut rows| {
            if first_only {
                rows.truncate(1);
            }
            rows
        })
    }

    /// Whether a referenced key equals a referencing one.
    fn equals(&self, cx: &mut Cx<'_>, parent: &[Datum], child: &[Datum]) -> PgResult<bool> {
        let child = self.cast_key(cx, child)?;
        self.equal_keys(cx, parent, &child)
    }

    /// As [`ForeignKey::equals`], for referencing values that are cast already.
    fn equal_keys(&self, cx: &mut Cx<'_>, parent: &[Datum], child: &[Datum]) -> PgResult<bool> {
        for ((equal, a), b) in self.equal.iter().zip(parent).zip(child) {
            if a.is_null() || b.is_null() {
                return Ok(false);
            }
            let same = match equal.as_fast2() {
                Some(f) => f(a, b)?,
                None => call_apart(cx, equal, &mut [a.clone(), b.clone()])?,
            };
            if !matches!(same, Datum::Bool(true)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn scan_for(
        &self,
        cx: &mut Cx<'_>,
        snapshot: &Snapshot,
        rel: &RelationDesc,
        columns: &[i16],
        key: &[Datum],
        rel_is_parent: bool,
    ) -> PgResult<Vec<(Rowid, Vec<Datum>)>> {
        let heap = heap_of(rel)?;
        let txn = cx.es.txn().clone();
        let mut scan = heap.scan(&txn, snapshot)?;
        let mut found = Vec::new();
        let mut row = Vec::new();
        let mut steps = 0usize;
        while scan.advance()? {
            scan.decode_all(&mut row)?;
            let values = pick(&row, columns);
            let matches = match rel_is_parent {
                true => self.equal_keys(cx, &values, key)?,
                false => self.equals(cx, key, &values)?,
            };
            if matches {
                found.push((scan.rowid(), std::mem::take(&mut row)));
                if rel_is_parent {
                    break;
                }
            }
            steps += 1;
            if steps.is_multiple_of(1024) {
                cx.check_interrupts()?;
            }
        }
        Ok(found)
    }
}

/// Calls a function of a constraint, which is compiled apart from the plan and so brings its own cache.
fn call_apart(cx: &mut Cx<'_>, function: &FnCall, args: &mut [Datum]) -> PgResult<Datum> {
    let mut cache = None;
    let mut call = fmgr::CallContext {
        session: cx.session,
        site: &function.site,
        cache: &mut cache,
        in_aggregate: false,
    };
    match (function.as_fast1(), &*args) {
        (Some(f), [value]) => f(value),
        _ => function.info.call(&mut call, args),
    }
}

/// The partitions with rows below a partitioned table.
fn leaves(cx: &Cx<'_>, table: Oid) -> PgResult<Vec<Arc<RelationDesc>>> {
    let mut found = Vec::new();
    let mut pending = vec![table];
    while let Some(oid) = pending.pop() {
        for child in cx.catalog.inheritance_children(oid)?.iter().rev() {
            pending.push(*child);
        }
        let relation = cx.catalog.get_relation(oid)?;
        if relation.physical.is_some() {
            found.push(relation);
        }
    }
    Ok(found)
}

/// Numbers that columns of one table have in another with columns of the same names.
fn columns_in(from: &RelationDesc, to: &RelationDesc, columns: &[i16]) -> Vec<i16> {
    columns
        .iter()
        .map(|n| {
            let name = from.attr(*n).map_or("", |a| a.name.as_str());
            to.attr_by_name(name).map_or(*n, |a| a.num)
        })
        .collect()
}

pub(crate) fn heap_of(rel: &RelationDesc) -> PgResult<Heap> {
    match &rel.physical {
        Some(desc) => Ok(Heap::new(desc.clone())),
        None => Err(not_supported!("foreign keys of partitioned tables")),
    }
}
