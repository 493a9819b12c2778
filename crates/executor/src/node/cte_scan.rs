//! Scans of rows kept by others: CTEs, the working table of a recursive union, ephemeral relations.
use super::{ExecNode, NodeSpec, Projection};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::{CExpr, all_hold},
    plan_spec::note,
    store::RowStore,
};
use error::{PgError, PgResult, err};
use std::sync::Arc;
use types::Datum;

/// A WITH query: read as far as somebody asked.
pub(crate) struct CteState {
    node: Option<Box<dyn ExecNode>>,
    store: RowStore,
    complete: bool,
    /// Its params changed: it has to start over.
    pub(crate) stale: bool,
}

impl CteState {
    fn new(cx: &Cx<'_>, width: usize) -> Self {
        let settings = &cx.es.settings;
        CteState {
            node: None,
            store: RowStore::new(width, settings.work_mem, settings.temp_dir.clone()),
            complete: false,
            stale: false,
        }
    }

    /// Runs the WITH query of a subplan to its end.
    pub(crate) fn complete(cx: &mut Cx<'_>, plan_id: i32) -> PgResult<()> {
        loop {
            let have = with_cte(cx, plan_id, |state, cx| {
                state.fetch_one_batch(cx, plan_id)?;
                Ok(state.complete)
            })?;
            if have {
                return Ok(());
            }
            cx.check_interrupts()?;
        }
    }

    fn fetch_one_batch(&mut self, cx: &mut Cx<'_>, plan_id: i32) -> PgResult<()> {
        if self.complete {
            return Ok(());
        }
        let specs = cx.es.subplan_specs.clone();
        let node = match &mut self.node {
            Some(node) => node,
            None => {
                let spec = specs
                    .get(plan_id as usize - 1)
                    .ok_or_else(|| PgError::internal("CTE plan is missing"))?;
                self.node.insert(spec.start(cx)?)
            }
        };
        let mut batch = Batch::default();
        if node.next(cx, &mut batch, BATCH_ROWS)? {
            self.store.push_batch(&batch)
        } else {
            self.complete = true;
            Ok(())
        }
    }
}

/// Runs `f` on a CTE's state, which is out of its place meanwhile: the CTE may refer to others.
fn with_cte<T>(
    cx: &mut Cx<'_>,
    plan_id: i32,
    f: impl FnOnce(&mut CteState, &mut Cx<'_>) -> PgResult<T>,
) -> PgResult<T> {
    let mut state = match cx.es.ctes.remove(&plan_id) {
        Some(state) => state,
        None => {
            let width = cx
                .es
                .subplan_specs
                .get(plan_id as usize - 1)
                .map(|s| s.width)
                .ok_or_else(|| PgError::internal("CTE plan is missing"))?;
            CteState::new(cx, width)
        }
    };
    if state.stale {
        state.stale = false;
        state.store.clear();
        state.complete = false;
        state.node = None;
    }
    let result = f(&mut state, cx);
    cx.es.ctes.insert(plan_id, state);
    result
}

/// Filter and projection over kept rows.
pub(crate) struct KeptRows {
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    pub(crate) key: usize,
}

impl KeptRows {
    fn emit(&self, cx: &mut Cx<'_>, batch: &Batch, out: &mut Batch) -> PgResult<()> {
        for row in 0..batch.len() {
            self.emit_row(cx, batch.row(row), out)?;
        }
        Ok(())
    }

    fn emit_row(&self, cx: &mut Cx<'_>, row: RowView<'_>, out: &mut Batch) -> PgResult<()> {
        let rows = Rows::scan(row);
        if all_hold(&self.qual, &rows, cx)? {
            self.projection.emit(&rows, cx, out)?;
        } else {
            note(cx, self.key, |i| i.filtered += 1.0);
        }
        Ok(())
    }
}

pub(crate) struct CteScanSpec {
    pub(crate) plan_id: i32,
    pub(crate) rows: KeptRows,
}

struct CteScan {
    spec: Arc<CteScanSpec>,
    position: usize,
    batch: Batch,
}

impl NodeSpec for CteScanSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        Ok(Box::new(CteScan { spec: self, position: 0, batch: Batch::default() }))
    }
}

impl ExecNode for CteScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.rows.projection.width());
        while out.is_empty() {
            let (position, batch) = (self.position, &mut self.batch);
            let want = max_rows.min(BATCH_ROWS);
            let count = with_cte(cx, spec.plan_id, |state, cx| {
                while state.store.len() <= position && !state.complete {
                    state.fetch_one_batch(cx, spec.plan_id)?;
                }
                state.store.read_batch(position, batch, want)
            })?;
            if count == 0 {
                return Ok(false);
            }
            self.position += count;
            spec.rows.emit(cx, &self.batch, out)?;
            cx.check_interrupts()?;
        }
        Ok(true)
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.position = 0;
        Ok(())
    }
}

pub(crate) struct WorkTableScanSpec {
    pub(crate) wt_param: i32,
    pub(crate) rows: KeptRows,
}

struct WorkTableScan {
    spec: Arc<WorkTableScanSpec>,
    position: usize,
    batch: Batch,
}

impl NodeSpec for WorkTableScanSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        Ok(Box::new(WorkTableScan { spec: self, position: 0, batch: Batch::default() }))
    }
}

impl ExecNode for WorkTableScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.rows.projection.width());
        while out.is_empty() {
            let Some(store) = cx.es.work_tables.get_mut(&spec.wt_param) else {
                return Err(PgError::internal("working table is missing"));
            };
            let count =
                store.read_batch(self.position, &mut self.batch, max_rows.min(BATCH_ROWS))?;
            if count == 0 {
                return Ok(false);
            }
            self.position += count;
            spec.rows.emit(cx, &self.batch, out)?;
        }
        Ok(true)
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.position = 0;
        Ok(())
    }
}

pub(crate) struct NamedStoreSpec {
    pub(crate) name: String,
    pub(crate) rows: KeptRows,
}

struct NamedStoreScan {
    spec: Arc<NamedStoreSpec>,
    store: Arc<Vec<Vec<Datum>>>,
    position: usize,
}

impl NodeSpec for NamedStoreSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let store = cx.es.named_stores.get(&self.name).cloned().ok_or_else(|| {
            err!(INTERNAL_ERROR, "ephemeral relation \"{}\" does not exist", self.name)
        })?;
        Ok(Box::new(NamedStoreScan { spec: self, store, position: 0 }))
    }
}

impl ExecNode for NamedStoreScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.rows.projection.width());
        while out.len() < max_rows && self.position < self.store.len() {
            let row = RowView::Slice(&self.store[self.position]);
            self.position += 1;
            spec.rows.emit_row(cx, row, out)?;
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.position = 0;
        Ok(())
    }
}
