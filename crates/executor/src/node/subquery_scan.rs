//! SubqueryScan: a subquery's rows filtered and projected.
use super::{ExecNode, NodeSpec, Projection};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, Rows},
    expr::{CExpr, all_hold},
    plan_spec::{PlanSpec, note},
};
use error::PgResult;
use std::sync::Arc;

pub(crate) struct SubqueryScanSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    /// Hands the rows on as they are.
    pub(crate) identity: bool,
    pub(crate) rti: i32,
    pub(crate) key: usize,
}

struct SubqueryScan {
    spec: Arc<SubqueryScanSpec>,
    input: Box<dyn ExecNode>,
    batch: Batch,
    epq_done: bool,
}

impl NodeSpec for SubqueryScanSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = self.input.start(cx)?;
        Ok(Box::new(SubqueryScan { spec: self, input, batch: Batch::default(), epq_done: false }))
    }
}

impl ExecNode for SubqueryScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        if let Some(row) = crate::modify::epq_row(cx, spec.rti) {
            out.reset(spec.projection.width());
            if !std::mem::replace(&mut self.epq_done, true) {
                if let Some(row) = row {
                    let rows = Rows::scan(crate::batch::RowView::Slice(&row));
                    if all_hold(&spec.qual, &rows, cx)? {
                        spec.projection.emit(&rows, cx, out)?;
                    }
                }
            }
            return Ok(!out.is_empty());
        }
        if spec.identity {
            return self.input.next(cx, out, max_rows);
        }
        out.reset(spec.projection.width());
        while out.is_empty() {
            if !self.input.next(cx, &mut self.batch, max_rows.min(BATCH_ROWS))? {
                return Ok(false);
            }
            for row in 0..self.batch.len() {
                let rows = Rows::scan(self.batch.row(row));
                if all_hold(&spec.qual, &rows, cx)? {
                    spec.projection.emit(&rows, cx, out)?;
                } else {
                    note(cx, spec.key, |i| i.filtered += 1.0);
                }
            }
        }
        Ok(true)
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.epq_done = false;
        self.input.rescan(cx, changed)
    }
}
