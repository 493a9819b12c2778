//! Append: one input after the other.
use super::{ExecNode, NodeSpec};
use crate::{Cx, batch::Batch, plan_spec::PlanSpec};
use error::PgResult;
use std::sync::Arc;

pub(crate) struct AppendSpec {
    pub(crate) inputs: Box<[Arc<PlanSpec>]>,
    pub(crate) width: usize,
}

struct Append {
    spec: Arc<AppendSpec>,
    /// Started when they are reached.
    nodes: Vec<Option<Box<dyn ExecNode>>>,
    current: usize,
}

impl NodeSpec for AppendSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let nodes = self.inputs.iter().map(|_| None).collect();
        Ok(Box::new(Append { spec: self, nodes, current: 0 }))
    }
}

impl ExecNode for Append {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        while self.current < self.nodes.len() {
            let slot = &mut self.nodes[self.current];
            let node = match slot {
                Some(node) => node,
                None => slot.insert(self.spec.inputs[self.current].start(cx)?),
            };
            if node.next(cx, out, max_rows)? {
                return Ok(true);
            }
            self.current += 1;
        }
        out.reset(self.spec.width);
        Ok(false)
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.current = 0;
        for node in self.nodes.iter_mut().flatten() {
            node.rescan(cx, changed)?;
        }
        Ok(())
    }
}
