//! Material: keeps the input's rows for further scans.
use super::{ExecNode, NodeSpec, intersects};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch},
    plan_spec::PlanSpec,
    store::RowStore,
};
use error::PgResult;
use std::sync::Arc;

pub(crate) struct MaterialSpec {
    pub(crate) input: Arc<PlanSpec>,
}

struct MaterialNode {
    spec: Arc<MaterialSpec>,
    input: Box<dyn ExecNode>,
    store: RowStore,
    position: usize,
    complete: bool,
}

impl NodeSpec for MaterialSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = self.input.start(cx)?;
        let settings = &cx.es.settings;
        let store = RowStore::new(self.input.width, settings.work_mem, settings.temp_dir.clone());
        Ok(Box::new(MaterialNode { spec: self, input, store, position: 0, complete: false }))
    }
}

impl ExecNode for MaterialNode {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        if self.position < self.store.len() {
            self.position += self.store.read_batch(self.position, out, max_rows)?;
            return Ok(true);
        }
        if self.complete {
            out.reset(self.spec.input.width);
            return Ok(false);
        }
        if !self.input.next(cx, out, max_rows.min(BATCH_ROWS))? {
            self.complete = true;
            return Ok(false);
        }
        self.store.push_batch(out)?;
        self.position += out.len();
        Ok(true)
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.position = 0;
        if intersects(&self.spec.input.params, changed) {
            self.store.clear();
            self.complete = false;
            self.input.rescan(cx, changed)?;
        }
        Ok(())
    }
}
