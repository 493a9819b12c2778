//! Rows in bulk: COPY FROM, and building or checking an index over the rows that are there.
use crate::{
    Cx, EState, ExecSettings,
    batch::{RowView, Rows},
    expr::{ExprCompiler, ScanColumns, Scope},
    modify::{CheckOption, Target, TargetIndex, describe_key, flush, route},
};
use catalog::{CatalogRead, IndexDesc, RelationDesc};
use error::{PgResult, err};
use fmgr::{FnContext, TriggerEvent};
use nodes::{Expr, WithCheckOption};
use std::sync::Arc;
use table::{Heap, IndexBuilder, KeyEncoder, Rowid};
use types::Datum;

/// Inserts rows into one relation with all its checks, row by row; foreign keys are checked at the end.
pub struct BulkInserter {
    target: Arc<Target>,
    state: EState,
    encoder: KeyEncoder,
    /// For storage that this transaction made: rows go to sorted files.
    writer: Option<txn::BulkWriter>,
    filter: Option<crate::expr::Exprs>,
    check_options: Box<[CheckOption]>,
    rows: u64,
    begun: bool,
}

impl BulkInserter {
    /// An inserter for a relation.
    pub fn new(
        rel: &Arc<RelationDesc>,
        txn: Arc<txn::Transaction>,
        settings: Arc<ExecSettings>,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
    ) -> PgResult<Self> {
        Self::with_filter(rel, None, &[], txn, settings, session, catalog)
    }

    /// As [`BulkInserter::new`] with COPY's WHERE (over the relation's row, varno 1) and row security
    /// checks.
    pub fn with_filter(
        rel: &Arc<RelationDesc>,
        filter: Option<&Expr>,
        check_options: &[WithCheckOption],
        txn: Arc<txn::Transaction>,
        settings: Arc<ExecSettings>,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
    ) -> PgResult<Self> {
        let mut c = ExprCompiler::new(session, catalog);
        let target = Arc::new(Target::compile(&mut c, rel)?);
        let scope = Scope::scan(ScanColumns::relation(1, rel));
        let filter = match filter {
            Some(expr) => Some(Arc::from([c.compile(expr, &scope)?])),
            None => None,
        };
        let check_options = check_options
            .iter()
            .map(|o| {
                Ok(CheckOption {
                    kind: o.kind.clone(),
                    relname: o.relname.clone(),
                    polname: o.polname.clone(),
                    qual: c.compile(&o.qual, &scope)?,
                })
            })
            .collect::<PgResult<_>>()?;
        let snapshot = txn.snapshot();
        let sid = target.heap.desc().sid;
        // Triggers may look at the rows, so these must be where they can be seen.
        let writer = match txn.is_private(sid) && target.triggers.is_none() {
            true => Some(txn.bulk(sid)?),
            false => None,
        };
        let mut state = EState::new(Some(txn), Some(snapshot), Arc::new([]), settings);
        state.reserve_slots(c.counts());
        Ok(BulkInserter {
            target,
            state,
            encoder: KeyEncoder::new(),
            writer,
            filter,
            check_options,
            rows: 0,
            begun: false,
        })
    }

    /// Inserts a row: a value for each attribute (dropped and generated ones NULL). False if the filter
    /// left it out.
    pub fn insert(
        &mut self,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
        values: &mut [Datum],
    ) -> PgResult<bool> {
        self.begin(session, catalog)?;
        if self.target.is_routing() {
            return self.insert_routed(session, catalog, values);
        }
        let target = self.target.clone();
        let filter = self.filter.clone();
        let mut cx = Cx { session, catalog, es: &mut self.state };
        if let Some(filter) = &filter {
            target.generate(&mut cx, values)?;
            if !filter[0].test(&Rows::scan(RowView::Slice(values)), &mut cx)? {
                return Ok(false);
            }
        }
        if let Some(triggers) = &target.triggers {
            let event = TriggerEvent::Insert;
            match triggers.before_row(&mut cx, event, None, None, Some(values.to_vec()))? {
                Some(row) => values.clone_from_slice(&row[..values.len()]),
                None => return Ok(false),
            }
        }
        target.generate(&mut cx, values)?;
        let rows = Rows::scan(RowView::Slice(values));
        target.check_options(&self.check_options, "rls_insert", &rows, values, &mut cx)?;
        target.check_row(&mut cx, values)?;
        target.check_partition(&mut cx, values)?;
        match &mut self.writer {
            None => {
                target.store(&mut cx, &mut self.encoder, values)?;
            }
            Some(writer) => {
                let txn = cx.es.txn().clone();
                let rowid = target.heap.insert_bulk(writer, &txn, &mut self.encoder, values)?;
                target.store_entries(&mut cx, &mut self.encoder, rowid, values)?;
            }
        }
        if let Some(triggers) = &target.triggers {
            triggers.after_row(&mut cx, TriggerEvent::Insert, None, None, Some(values))?;
            triggers.capture(&mut cx, TriggerEvent::Insert, &target.rel, None, Some(values));
        }
        self.rows += 1;
        Ok(true)
    }

    /// BEFORE STATEMENT triggers, before the first row.
    fn begin(&mut self, session: &dyn FnContext, catalog: &dyn CatalogRead) -> PgResult<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let Some(triggers) = self.target.triggers.clone() else { return Ok(()) };
        let mut cx = Cx { session, catalog, es: &mut self.state };
        triggers.before_statement(&mut cx, TriggerEvent::Insert, None)
    }

    fn insert_routed(
        &mut self,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
        values: &[Datum],
    ) -> PgResult<bool> {
        let root = self.target.rel.clone();
        let filter = self.filter.clone();
        let mut cx = Cx { session, catalog, es: &mut self.state };
        if let Some(filter) = &filter {
            if !filter[0].test(&Rows::scan(RowView::Slice(values)), &mut cx)? {
                return Ok(false);
            }
        }
        let rows = Rows::scan(RowView::Slice(values));
        self.target.check_options(&self.check_options, "rls_insert", &rows, values, &mut cx)?;
        let event = TriggerEvent::Insert;
        if root.relkind == 'v' {
            if let Some(triggers) = &self.target.triggers
                && triggers.instead_row(&mut cx, event, None, Some(values.to_vec()))?.is_some()
            {
                self.rows += 1;
            }
            return Ok(true);
        }
        let (leaf, mut row) = route(&mut cx, &root, values.to_vec())?;
        if let Some(triggers) = &leaf.triggers {
            match triggers.before_row(&mut cx, event, None, None, Some(row))? {
                Some(changed) => row = changed,
                None => return Ok(false),
            }
        }
        leaf.generate(&mut cx, &mut row)?;
        leaf.check_row(&mut cx, &row)?;
        leaf.store(&mut cx, &mut self.encoder, &row)?;
        leaf.after_row(&mut cx, event, None, None, Some(&row))?;
        if let Some(triggers) = &self.target.triggers {
            triggers.capture(&mut cx, event, &leaf.rel, None, Some(&row));
        }
        self.rows += 1;
        Ok(true)
    }

    /// Ends the input: writes what is buffered and checks foreign keys. Returns the number of rows.
    pub fn finish(&mut self, session: &dyn FnContext, catalog: &dyn CatalogRead) -> PgResult<u64> {
        if let Some(writer) = self.writer.take() {
            writer.finish()?;
        }
        self.begin(session, catalog)?;
        let mut cx = Cx { session, catalog, es: &mut self.state };
        if let Some(triggers) = &self.target.triggers {
            triggers.after_statement(&mut cx, TriggerEvent::Insert, None)?;
        }
        flush(&mut cx)?;
        Ok(self.rows)
    }
}

/// Fills the new storage of an index from the rows that a snapshot sees; returns how many rows it covers.
/// `rel` is the relation and `index` the index, which need not be in the catalog yet.
pub fn build_index(
    rel: &Arc<RelationDesc>,
    index: &Arc<IndexDesc>,
    txn: Arc<txn::Transaction>,
    snapshot: txn::Snapshot,
    settings: Arc<ExecSettings>,
    session: &dyn FnContext,
    catalog: &dyn CatalogRead,
) -> PgResult<u64> {
    let Some(desc) = rel.physical.clone() else { return Ok(0) };
    let mut c = ExprCompiler::new(session, catalog);
    let scope = Scope::scan(ScanColumns::relation(1, rel));
    let entry = TargetIndex::compile(&mut c, index, &scope, rel.attrs.len())?;
    let memory = settings.work_mem.max(64 << 20);
    let mut state = EState::new(Some(txn.clone()), Some(snapshot.clone()), Arc::new([]), settings);
    state.reserve_slots(c.counts());
    let mut cx = Cx { session, catalog, es: &mut state };
    let heap = Heap::new(desc);
    let mut builder = IndexBuilder::new(index.physical.clone(), &txn, memory);
    let mut scan = heap.scan(&txn, &snapshot)?;
    let mut row = Vec::new();
    let mut rows = 0u64;
    while scan.advance()? {
        scan.decode_all(&mut row)?;
        if entry.covers(&mut cx, &row)? {
            let values = entry.values(&mut cx, &row)?;
            builder.add(&values, scan.rowid())?;
            rows += 1;
        }
        if rows.is_multiple_of(1024) {
            cx.check_interrupts()?;
        }
    }
    let Some((first, _)) = builder.finish()? else { return Ok(rows) };
    Err(duplicate(&mut cx, rel, &entry, &heap, &txn, &snapshot, first)?)
}

/// Compares an index with the rows that a snapshot sees; the differences as sentences, none if there are none.
pub fn check_index(
    rel: &Arc<RelationDesc>,
    index: &Arc<IndexDesc>,
    txn: Arc<txn::Transaction>,
    snapshot: txn::Snapshot,
    settings: Arc<ExecSettings>,
    session: &dyn FnContext,
    catalog: &dyn CatalogRead,
) -> PgResult<Vec<String>> {
    let Some(desc) = rel.physical.clone() else { return Ok(Vec::new()) };
    let mut c = ExprCompiler::new(session, catalog);
    let scope = Scope::scan(ScanColumns::relation(1, rel));
    let entry = TargetIndex::compile(&mut c, index, &scope, rel.attrs.len())?;
    let mut state = EState::new(Some(txn.clone()), Some(snapshot.clone()), Arc::new([]), settings);
    state.reserve_slots(c.counts());
    let mut cx = Cx { session, catalog, es: &mut state };
    let heap = Heap::new(desc.clone());
    let mut values = Vec::new();
    table::check_index(&txn, &snapshot, &heap, &entry.index, &mut |row, large| {
        row.decode_all(&desc.missing, large, &mut values)?;
        match entry.covers(&mut cx, &values)? {
            true => Ok(Some(entry.values(&mut cx, &values)?.to_vec())),
            false => Ok(None),
        }
    })
}

#[cold]
fn duplicate(
    cx: &mut Cx<'_>,
    rel: &RelationDesc,
    entry: &TargetIndex,
    heap: &Heap,
    txn: &txn::Transaction,
    snapshot: &txn::Snapshot,
    rowid: Rowid,
) -> PgResult<error::PgError> {
    let name = &entry.desc.name;
    let schema = cx.catalog.namespace_name(rel.namespace)?.unwrap_or_default();
    let mut error = err!(UNIQUE_VIOLATION, "could not create unique index \"{name}\"")
        .table(schema, rel.name.clone())
        .constraint(name.clone());
    let mut row = Vec::new();
    if heap.fetch(txn, snapshot, rowid, &mut row)? {
        let values = entry.values(cx, &row)?;
        error = match describe_key(cx, rel, &entry.desc, &values)? {
            Some(key) => error.detail(format!("Key {key} is duplicated.")),
            None => error.detail("Duplicate keys exist."),
        };
    }
    Ok(error)
}
