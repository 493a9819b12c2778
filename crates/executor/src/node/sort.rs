//! Sort.
use super::{ExecNode, NodeSpec, intersects};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch},
    plan_spec::{PlanSpec, note},
    store::{SortColumn, Sorter},
};
use error::PgResult;
use std::sync::Arc;

pub(crate) struct SortSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) columns: Box<[SortColumn]>,
    /// Keep only the first rows: the LIMIT above it (offset plus count), evaluated at the start.
    pub(crate) bound: Option<Arc<super::limit::LimitBound>>,
    pub(crate) key: usize,
}

struct SortNode {
    spec: Arc<SortSpec>,
    input: Box<dyn ExecNode>,
    sorter: Sorter,
    sorted: bool,
}

impl NodeSpec for SortSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = self.input.start(cx)?;
        let settings = &cx.es.settings;
        let sorter = Sorter::new(self.input.width, settings.work_mem, settings.temp_dir.clone());
        Ok(Box::new(SortNode { spec: self, input, sorter, sorted: false }))
    }
}

impl SortNode {
    fn load(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        self.sorter.clear();
        let bound = match &spec.bound {
            Some(bound) => bound.rows(cx)?,
            None => None,
        };
        self.sorter.set_bound(bound);
        let mut batch = Batch::default();
        while self.input.next(cx, &mut batch, BATCH_ROWS)? {
            for row in 0..batch.len() {
                self.sorter.push(cx, &spec.columns, batch.row(row))?;
            }
            cx.check_interrupts()?;
        }
        self.sorter.finish(cx, &spec.columns)?;
        self.sorted = true;
        if cx.es.instrument.is_some() {
            let (method, place, bytes) = self.sorter.method();
            note(cx, spec.key, |i| {
                i.notes.clear();
                i.notes.push(("Sort Method", method.into()));
                i.notes.push(("Sort Space Type", place.into()));
                i.notes.push(("Sort Space Used", bytes.div_ceil(1024).to_string()));
            });
        }
        Ok(())
    }
}

impl ExecNode for SortNode {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        if !self.sorted {
            self.load(cx)?;
        }
        let spec = self.spec.clone();
        self.sorter.next_batch(cx, &spec.columns, out, max_rows)
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        if !self.sorted {
            return self.input.rescan(cx, changed);
        }
        let spec = self.spec.clone();
        let bound_changed = spec.bound.as_ref().is_some_and(|b| b.depends_on(changed));
        if bound_changed || intersects(&spec.input.params, changed) {
            self.sorted = false;
            return self.input.rescan(cx, changed);
        }
        self.sorter.rewind(cx, &spec.columns)
    }
}
