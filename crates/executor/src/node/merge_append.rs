//! MergeAppend: sorted inputs merged.
use super::{ExecNode, Input, NodeSpec};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch},
    plan_spec::PlanSpec,
    store::{SortColumn, compare_rows},
};
use error::PgResult;
use std::sync::Arc;

pub(crate) struct MergeAppendSpec {
    pub(crate) inputs: Box<[Arc<PlanSpec>]>,
    pub(crate) columns: Box<[SortColumn]>,
    pub(crate) width: usize,
}

struct MergeAppend {
    spec: Arc<MergeAppendSpec>,
    inputs: Vec<Input>,
    /// Inputs that stand on a row, greatest first.
    order: Vec<usize>,
    started: bool,
}

impl NodeSpec for MergeAppendSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let inputs = self
            .inputs
            .iter()
            .map(|i| Ok(Input::new(i.start(cx)?)))
            .collect::<PgResult<Vec<_>>>()?;
        Ok(Box::new(MergeAppend { spec: self, inputs, order: Vec::new(), started: false }))
    }
}

impl MergeAppend {
    /// Puts an input into its place in the order.
    fn insert(&mut self, cx: &mut Cx<'_>, input: usize) -> PgResult<()> {
        let (mut low, mut high) = (0, self.order.len());
        while low < high {
            let mid = (low + high) / 2;
            let other = self.order[mid];
            let order = compare_rows(
                cx,
                &self.spec.columns,
                self.inputs[input].row(),
                self.inputs[other].row(),
            )?
            .then(input.cmp(&other));
            if order.is_lt() { low = mid + 1 } else { high = mid }
        }
        self.order.insert(low, input);
        Ok(())
    }
}

impl ExecNode for MergeAppend {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.width);
        let want = max_rows.min(BATCH_ROWS);
        if !self.started {
            self.started = true;
            for input in 0..self.inputs.len() {
                if self.inputs[input].advance(cx, want)? {
                    self.insert(cx, input)?;
                }
            }
        }
        while out.len() < max_rows {
            let Some(input) = self.order.last().copied() else { break };
            let row = self.inputs[input].row();
            for (n, column) in out.columns.iter_mut().enumerate() {
                column.push(row.get(n).clone());
            }
            out.row_done();
            self.order.pop();
            if self.inputs[input].advance(cx, want)? {
                self.insert(cx, input)?;
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.order.clear();
        self.started = false;
        for input in &mut self.inputs {
            input.rescan(cx, changed)?;
        }
        Ok(())
    }
}
