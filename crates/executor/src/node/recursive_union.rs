//! RecursiveUnion: the recursive term runs over the rows that its last run added.
use super::{ExecNode, NodeSpec};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch},
    group_table::GroupTable,
    hash::KeyColumn,
    plan_spec::PlanSpec,
    store::RowStore,
};
use error::PgResult;
use std::sync::Arc;

pub(crate) struct RecursiveUnionSpec {
    pub(crate) start: Arc<PlanSpec>,
    pub(crate) step: Arc<PlanSpec>,
    pub(crate) wt_param: i32,
    /// UNION rather than UNION ALL.
    pub(crate) keys: Box<[KeyColumn]>,
}

struct RecursiveUnion {
    spec: Arc<RecursiveUnionSpec>,
    start: Box<dyn ExecNode>,
    step: Option<Box<dyn ExecNode>>,
    seen: Option<GroupTable>,
    /// Rows added in this round.
    added: RowStore,
    recursing: bool,
    done: bool,
    batch: Batch,
}

fn new_store(cx: &Cx<'_>, width: usize) -> RowStore {
    RowStore::new(width, cx.es.settings.work_mem, cx.es.settings.temp_dir.clone())
}

impl NodeSpec for RecursiveUnionSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let start = self.start.start(cx)?;
        let added = new_store(cx, self.start.width);
        let seen = (!self.keys.is_empty()).then(|| GroupTable::new(self.keys.len()));
        Ok(Box::new(RecursiveUnion {
            spec: self,
            start,
            step: None,
            seen,
            added,
            recursing: false,
            done: false,
            batch: Batch::default(),
        }))
    }
}

impl RecursiveUnion {
    /// Makes the rows of the last round the working table and starts the recursive term over.
    fn next_round(&mut self, cx: &mut Cx<'_>) -> PgResult<bool> {
        let spec = self.spec.clone();
        if self.added.len() == 0 {
            return Ok(false);
        }
        let fresh = new_store(cx, spec.start.width);
        let rows = std::mem::replace(&mut self.added, fresh);
        cx.es.work_tables.insert(spec.wt_param, rows);
        match &mut self.step {
            Some(step) => step.rescan(cx, &[spec.wt_param])?,
            None => self.step = Some(spec.step.start(cx)?),
        }
        self.recursing = true;
        Ok(true)
    }

    /// Copies the rows of the batch that are new to `out` and to this round's rows.
    fn take(&mut self, cx: &mut Cx<'_>, out: &mut Batch) -> PgResult<()> {
        let spec = self.spec.clone();
        for row in 0..self.batch.len() {
            let view = self.batch.row(row);
            if let Some(seen) = &mut self.seen {
                let (_, new) = seen.find_or_insert(cx, &spec.keys, |k| view.get(k.col))?;
                if !new {
                    continue;
                }
            }
            self.added.push(view)?;
            for (n, column) in out.columns.iter_mut().enumerate() {
                column.push(view.get(n).clone());
            }
            out.row_done();
        }
        Ok(())
    }
}

impl ExecNode for RecursiveUnion {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let width = self.spec.start.width;
        out.reset(width);
        let want = max_rows.min(BATCH_ROWS);
        while out.is_empty() && !self.done {
            let source = match (&mut self.step, self.recursing) {
                (Some(step), true) => step,
                _ => &mut self.start,
            };
            if source.next(cx, &mut self.batch, want)? {
                self.take(cx, out)?;
                cx.check_interrupts()?;
            } else if !self.next_round(cx)? {
                self.done = true;
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.start.rescan(cx, changed)?;
        self.step = None;
        if let Some(seen) = &mut self.seen {
            seen.clear();
        }
        self.added.clear();
        self.recursing = false;
        self.done = false;
        Ok(())
    }
}
