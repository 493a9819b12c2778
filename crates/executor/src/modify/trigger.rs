//! Firing triggers: before and after rows and statements, in place of changes to views.
use super::{Target, convert_row, fits_partition};
use crate::{
    Cx,
    batch::{RowView, Rows},
    expr::{CExpr, ExprCompiler, ScanColumns, Scope},
    modify::foreign_key::Pending,
};
use catalog::{RelationDesc, Trigger};
use error::{PgResult, err};
use fmgr::{FnInfo, TransitionRows, TriggerData, TriggerEvent, TriggerTiming};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use types::{Datum, Oid, RecordDesc, RecordField, RecordValue};

const ROW: i16 = 1;
const BEFORE: i16 = 2;
const INSTEAD: i16 = 64;

/// The triggers of a relation.
pub(crate) struct Triggers {
    rel: Arc<RelationDesc>,
    /// Row type of the live columns.
    desc: Arc<RecordDesc>,
    /// Positions of the live columns.
    columns: Box<[u16]>,
    /// Stored generated columns, not computed before BEFORE triggers have run.
    generated: Box<[u16]>,
    list: Box<[TriggerSpec]>,
    /// Bits of all triggers' types.
    row_before: i16,
    row_after: i16,
    statement: i16,
    instead: i16,
    old_tables: i16,
    new_tables: i16,
}

struct TriggerSpec {
    row: Trigger,
    qual: Option<CExpr>,
    info: Arc<FnInfo>,
}

type RowSet = Arc<Vec<Vec<Datum>>>;

/// What the changes of one kind to a relation have in common until its AFTER triggers fire: the rows of
/// transition tables, and one firing of the statement's triggers.
#[derive(Default)]
pub(crate) struct TriggerBatch {
    rows: Mutex<(RowSet, RowSet)>,
    /// BEFORE STATEMENT triggers have fired.
    begun: AtomicBool,
    /// AFTER triggers have fired: further changes are of the next batch.
    closed: AtomicBool,
}

impl TriggerBatch {
    fn rows(&self) -> (RowSet, RowSet) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// By relation and event.
pub(crate) type Batches = HashMap<(Oid, TriggerEvent), Arc<TriggerBatch>>;

/// An AFTER trigger that waits for its statement's or transaction's end.
#[derive(Clone)]
pub(crate) struct QueuedTrigger {
    triggers: Arc<Triggers>,
    at: usize,
    event: TriggerEvent,
    old: Option<Arc<RecordValue>>,
    new: Option<Arc<RecordValue>>,
    batch: Arc<TriggerBatch>,
}

impl QueuedTrigger {
    /// Whether it is the AFTER STATEMENT trigger of a batch.
    fn is_statement_of(&self, batch: &Arc<TriggerBatch>) -> bool {
        self.triggers.list[self.at].row.tgtype & ROW == 0 && Arc::ptr_eq(&self.batch, batch)
    }

    /// The constraint of a deferrable constraint trigger, and whether it is deferred at first.
    pub(crate) fn deferrable(&self) -> Option<(Oid, bool)> {
        let row = &self.triggers.list[self.at].row;
        row.deferrable.then_some((row.constraint, row.initdeferred))
    }

    /// Calls it.
    pub(crate) fn fire(&self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = &self.triggers.list[self.at];
        let is_row = spec.row.tgtype & ROW != 0;
        let mut data = self.triggers.data(spec, self.event, TriggerTiming::After, is_row);
        data.old = self.old.clone();
        data.new = self.new.clone();
        let named = |name: &Option<String>, rows: &RowSet| {
            name.as_ref().map(|name| TransitionRows { name: name.clone(), rows: rows.clone() })
        };
        let (old, new) = self.batch.rows();
        self.batch.closed.store(true, Ordering::Relaxed);
        data.old_table = named(&spec.row.oldtable, &old);
        data.new_table = named(&spec.row.newtable, &new);
        cx.es.txn().next_command()?;
        spec.info.call_trigger(cx.session, &data)?;
        Ok(())
    }
}

impl Triggers {
    /// The triggers of a relation; none if it has none of its own.
    pub(crate) fn compile(
        c: &mut ExprCompiler<'_>,
        rel: &Arc<RelationDesc>,
    ) -> PgResult<Option<Arc<Triggers>>> {
        if !rel.triggers.iter().any(|t| !t.is_internal) {
            return Ok(None);
        }
        let scope = Scope::scan(ScanColumns::relation(1, rel)).with_inner(2);
        let mut list = Vec::new();
        for row in rel.triggers.iter().filter(|t| !t.is_internal) {
            let qual = match &row.qual {
                Some(expr) => Some(c.compile(expr, &scope)?),
                None => None,
            };
            list.push(TriggerSpec {
                row: row.clone(),
                qual,
                info: c.session.resolve_function(row.func)?,
            });
        }
        let live = || rel.attrs.iter().enumerate().filter(|(_, a)| !a.dropped);
        let fields = live()
            .map(|(_, a)| RecordField { name: a.name.clone(), typ: a.typ, typmod: a.typmod })
            .collect();
        let bits = |wanted: &dyn Fn(&Trigger) -> bool| {
            list.iter().filter(|t| wanted(&t.row)).fold(0, |bits, t| bits | t.row.tgtype)
        };
        Ok(Some(Arc::new(Triggers {
            desc: Arc::new(RecordDesc { type_id: rel.reltype, fields }),
            columns: live().map(|(n, _)| n as u16).collect(),
            generated: live().filter(|(_, a)| a.generated != '\0').map(|(n, _)| n as u16).collect(),
            row_before: bits(&|t| t.tgtype & (ROW | BEFORE) == ROW | BEFORE),
            row_after: bits(&|t| t.tgtype & (ROW | BEFORE | INSTEAD) == ROW),
            statement: bits(&|t| t.tgtype & ROW == 0),
            instead: bits(&|t| t.tgtype & INSTEAD != 0),
            old_tables: bits(&|t| t.oldtable.is_some()),
            new_tables: bits(&|t| t.newtable.is_some()),
            list: list.into(),
            rel: rel.clone(),
        })))
    }

    /// Whether rows are to be looked at before they are changed.
    pub(crate) fn has_before_row(&self, event: TriggerEvent) -> bool {
        self.row_before & event.bit() != 0
    }

    /// Whether an event of a view has triggers in its place.
    pub(crate) fn has_instead(&self, event: TriggerEvent) -> bool {
        self.instead & event.bit() != 0
    }

    fn data(
        &self,
        spec: &TriggerSpec,
        event: TriggerEvent,
        timing: TriggerTiming,
        is_row: bool,
    ) -> TriggerData {
        TriggerData {
            oid: spec.row.oid,
            name: spec.row.name.clone(),
            relid: self.rel.oid,
            event,
            timing,
            is_row,
            args: spec.row.args.clone(),
            old: None,
            new: None,
            old_table: None,
            new_table: None,
        }
    }

    fn record(&self, row: &[Datum]) -> Arc<RecordValue> {
        let fields = self.columns.iter().map(|c| row[*c as usize].clone()).collect();
        Arc::new(RecordValue { desc: self.desc.clone(), fields })
    }

    fn put(&self, record: &RecordValue, row: &mut [Datum]) {
        for (column, value) in self.columns.iter().zip(&record.fields) {
            row[*column as usize] = value.clone();
        }
    }

    /// Whether a trigger is to fire, its WHEN apart.
    fn wants(
        &self,
        cx: &Cx<'_>,
        row: &Trigger,
        event: TriggerEvent,
        kind: i16,
        columns: Option<&[u16]>,
    ) -> bool {
        if row.tgtype & event.bit() == 0 || row.tgtype & (ROW | BEFORE | INSTEAD) != kind {
            return false;
        }
        let replica = cx.es.settings.skip_foreign_keys;
        let enabled = match row.enabled {
            'D' => false,
            'R' => replica,
            'O' => !replica,
            _ => true,
        };
        if !enabled {
            return false;
        }
        if event == TriggerEvent::Update
            && !row.attrs.is_empty()
            && let Some(columns) = columns
        {
            return row.attrs.iter().any(|a| {
                let at = *a as u16 - 1;
                columns.contains(&at) || self.generated.contains(&at)
            });
        }
        true
    }

    fn when(
        &self,
        cx: &mut Cx<'_>,
        spec: &TriggerSpec,
        old: Option<&[Datum]>,
        new: Option<&[Datum]>,
    ) -> PgResult<bool> {
        let Some(qual) = &spec.qual else { return Ok(true) };
        let width = self.rel.attrs.len();
        let slot =
            |row: &[Datum]| super::slot_of(&self.rel, row[..width].to_vec(), table::Rowid(0), 0);
        let (old, new) = (old.map(slot), new.map(slot));
        let view = |row: &'_ Option<Vec<Datum>>| row.is_some();
        let scan = match &old {
            Some(old) => RowView::Slice(old),
            None => RowView::Nulls,
        };
        let inner = match &new {
            Some(new) if view(&Some(new.clone())) => RowView::Slice(new),
            _ => RowView::Nulls,
        };
        qual.test(&Rows { scan, inner, ..Rows::NONE }, cx)
    }

    /// BEFORE ROW triggers: the row to store, none if a trigger said to leave it. A deletion's row stays
    /// as it is.
    pub(crate) fn before_row(
        &self,
        cx: &mut Cx<'_>,
        event: TriggerEvent,
        columns: Option<&[u16]>,
        old: Option<&[Datum]>,
        new: Option<Vec<Datum>>,
    ) -> PgResult<Option<Vec<Datum>>> {
        if !self.has_before_row(event) {
            return Ok(Some(new.unwrap_or_default()));
        }
        self.each_row(cx, event, TriggerTiming::Before, columns, old, new)
    }

    /// INSTEAD OF triggers of a view.
    pub(crate) fn instead_row(
        &self,
        cx: &mut Cx<'_>,
        event: TriggerEvent,
        old: Option<&[Datum]>,
        new: Option<Vec<Datum>>,
    ) -> PgResult<Option<Vec<Datum>>> {
        self.each_row(cx, event, TriggerTiming::Instead, None, old, new)
    }

    fn each_row(
        &self,
        cx: &mut Cx<'_>,
        event: TriggerEvent,
        timing: TriggerTiming,
        columns: Option<&[u16]>,
        old: Option<&[Datum]>,
        new: Option<Vec<Datum>>,
    ) -> PgResult<Option<Vec<Datum>>> {
        let kind = if timing == TriggerTiming::Before { ROW | BEFORE } else { ROW | INSTEAD };
        let mut new = new;
        if let (Some(new), TriggerTiming::Before) = (&mut new, timing) {
            for column in &self.generated {
                new[*column as usize] = Datum::Null;
            }
        }
        let old_record = old.map(|row| self.record(row));
        for spec in &self.list {
            if !self.wants(cx, &spec.row, event, kind, columns)
                || !self.when(cx, spec, old, new.as_deref())?
            {
                continue;
            }
            let mut data = self.data(spec, event, timing, true);
            data.old = old_record.clone();
            data.new = new.as_ref().map(|row| self.record(row));
            let given = data.new.clone();
            let Some(result) = spec.info.call_trigger(cx.session, &data)? else {
                return Ok(None);
            };
            let Some(row) = &mut new else { continue };
            if given.is_some_and(|given| Arc::ptr_eq(&given, &result)) {
                continue;
            }
            self.put(&result, row);
            if timing == TriggerTiming::Before {
                for column in &self.generated {
                    row[*column as usize] = Datum::Null;
                }
                self.check_not_moved(cx, spec, event, row)?;
            }
        }
        Ok(Some(new.unwrap_or_default()))
    }

    /// A row must not be moved to another partition by a trigger of the one it was routed to.
    fn check_not_moved(
        &self,
        cx: &mut Cx<'_>,
        spec: &TriggerSpec,
        event: TriggerEvent,
        row: &[Datum],
    ) -> PgResult<()> {
        if event != TriggerEvent::Insert
            || !spec.row.parentid.is_valid()
            || !self.rel.is_partition
            || fits_partition(cx, &self.rel, row)?
        {
            return Ok(());
        }
        let schema = cx.catalog.namespace_name(self.rel.namespace)?.unwrap_or_default();
        Err(err!(
            FEATURE_NOT_SUPPORTED,
            "moving row to another partition during a BEFORE FOR EACH ROW trigger is not supported"
        )
        .detail(format!(
            "Before executing trigger \"{}\", the row was to be in partition \"{schema}.{}\".",
            spec.row.name, self.rel.name
        )))
    }

    /// Queues AFTER ROW triggers.
    pub(crate) fn after_row(
        self: &Arc<Self>,
        cx: &mut Cx<'_>,
        event: TriggerEvent,
        columns: Option<&[u16]>,
        old: Option<&[Datum]>,
        new: Option<&[Datum]>,
    ) -> PgResult<()> {
        if self.row_after & event.bit() == 0 {
            return Ok(());
        }
        let mut records = None;
        for (at, spec) in self.list.iter().enumerate() {
            if !self.wants(cx, &spec.row, event, ROW, columns) || !self.when(cx, spec, old, new)? {
                continue;
            }
            let (old, new) = records
                .get_or_insert_with(|| (old.map(|r| self.record(r)), new.map(|r| self.record(r))))
                .clone();
            let batch = self.batch(cx, event);
            let queued = QueuedTrigger { triggers: self.clone(), at, event, old, new, batch };
            cx.es.after.pending.push(Pending::Trigger(Box::new(queued)));
        }
        Ok(())
    }

    /// BEFORE STATEMENT triggers.
    pub(crate) fn before_statement(
        &self,
        cx: &mut Cx<'_>,
        event: TriggerEvent,
        columns: Option<&[u16]>,
    ) -> PgResult<()> {
        if self.statement & event.bit() == 0
            || self.batch(cx, event).begun.swap(true, Ordering::Relaxed)
        {
            return Ok(());
        }
        for spec in &self.list {
            if self.wants(cx, &spec.row, event, BEFORE, columns)
                && self.when(cx, spec, None, None)?
            {
                let data = self.data(spec, event, TriggerTiming::Before, false);
                spec.info.call_trigger(cx.session, &data)?;
            }
        }
        Ok(())
    }

    /// Queues AFTER STATEMENT triggers.
    pub(crate) fn after_statement(
        self: &Arc<Self>,
        cx: &mut Cx<'_>,
        event: TriggerEvent,
        columns: Option<&[u16]>,
    ) -> PgResult<()> {
        if self.statement & event.bit() == 0 {
            return Ok(());
        }
        let batch = self.batch(cx, event);
        // Those that an earlier part of the same change has queued give way to these.
        let earlier = |check: &Pending| match check {
            Pending::Trigger(queued) => queued.is_statement_of(&batch),
            _ => false,
        };
        cx.es.after.pending.retain(|c| !earlier(c));
        cx.es.after.running.retain(|c| !earlier(c));
        for (at, spec) in self.list.iter().enumerate() {
            if self.wants(cx, &spec.row, event, 0, columns) && self.when(cx, spec, None, None)? {
                let (triggers, batch) = (self.clone(), batch.clone());
                let queued = QueuedTrigger { triggers, at, event, old: None, new: None, batch };
                cx.es.after.pending.push(Pending::Trigger(Box::new(queued)));
            }
        }
        Ok(())
    }

    /// The batch that a change belongs to.
    fn batch(&self, cx: &mut Cx<'_>, event: TriggerEvent) -> Arc<TriggerBatch> {
        let batch = cx.es.after.batches.entry((self.rel.oid, event)).or_default();
        if batch.closed.load(Ordering::Relaxed) {
            *batch = Arc::default();
        }
        batch.clone()
    }

    /// Keeps a changed row of a target (this relation or one below it) for transition tables.
    pub(crate) fn capture(
        &self,
        cx: &mut Cx<'_>,
        event: TriggerEvent,
        from: &Arc<RelationDesc>,
        old: Option<&[Datum]>,
        new: Option<&[Datum]>,
    ) {
        let wants_old = old.is_some() && self.old_tables & event.bit() != 0;
        let wants_new = new.is_some() && self.new_tables & event.bit() != 0;
        if !(wants_old || wants_new) {
            return;
        }
        let (width, to) = (from.attrs.len(), self.rel.attrs.len());
        let convert = |row: &[Datum]| {
            let mut row = convert_row(from, &self.rel, row[..width].to_vec());
            row.truncate(to);
            row
        };
        let batch = self.batch(cx, event);
        let mut rows = batch.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = old.filter(|_| wants_old) {
            Arc::make_mut(&mut rows.0).push(convert(old));
        }
        if let Some(new) = new.filter(|_| wants_new) {
            Arc::make_mut(&mut rows.1).push(convert(new));
        }
    }
}

impl Target {
    /// Queues what AFTER ROW triggers there are.
    pub(crate) fn after_row(
        &self,
        cx: &mut Cx<'_>,
        event: TriggerEvent,
        columns: Option<&[u16]>,
        old: Option<&[Datum]>,
        new: Option<&[Datum]>,
    ) -> PgResult<()> {
        match &self.triggers {
            Some(triggers) => triggers.after_row(cx, event, columns, old, new),
            None => Ok(()),
        }
    }
}

/// Fires the BEFORE or queues and fires the AFTER STATEMENT triggers of TRUNCATE.
pub fn fire_truncate_triggers(
    relations: &[Arc<RelationDesc>],
    before: bool,
    txn: Arc<txn::Transaction>,
    settings: Arc<crate::ExecSettings>,
    session: &dyn fmgr::FnContext,
    catalog: &dyn catalog::CatalogRead,
) -> PgResult<()> {
    let event = TriggerEvent::Truncate;
    let mut state =
        crate::EState::new(Some(txn.clone()), Some(txn.latest_snapshot()), Arc::new([]), settings);
    let mut cx = Cx { session, catalog, es: &mut state };
    for rel in relations.iter().filter(|r| r.has_triggers) {
        let mut c = ExprCompiler::resume(
            session,
            catalog,
            cx.es.fn_caches.len() as u32,
            cx.es.case_values.len() as u32,
        );
        let Some(triggers) = Triggers::compile(&mut c, rel)? else { continue };
        let counts = c.counts();
        cx.es.reserve_slots(counts);
        match before {
            true => triggers.before_statement(&mut cx, event, None)?,
            false => triggers.after_statement(&mut cx, event, None)?,
        }
    }
    super::flush(&mut cx)
}
