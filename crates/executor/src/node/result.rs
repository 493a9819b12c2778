//! Result: a row from nothing, or the input behind a one-time filter, projected.
use super::{ExecNode, Input, NodeSpec, Projection};
use crate::{
    Cx,
    batch::{Batch, Rows},
    expr::{CExpr, all_hold},
    plan_spec::{PlanSpec, note},
};
use error::PgResult;
use std::sync::Arc;

pub(crate) struct ResultSpec {
    pub(crate) input: Option<Arc<PlanSpec>>,
    pub(crate) constant_qual: Box<[CExpr]>,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    pub(crate) key: usize,
}

struct ResultNode {
    spec: Arc<ResultSpec>,
    input: Option<Input>,
    checked: bool,
    done: bool,
}

impl NodeSpec for ResultSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = match &self.input {
            Some(input) => Some(Input::new(input.start(cx)?)),
            None => None,
        };
        Ok(Box::new(ResultNode { spec: self, input, checked: false, done: false }))
    }
}

impl ExecNode for ResultNode {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.projection.width());
        if self.done {
            return Ok(false);
        }
        let spec = &self.spec;
        if !self.checked {
            self.checked = true;
            if !all_hold(&spec.constant_qual, &Rows::NONE, cx)? {
                self.done = true;
                return Ok(false);
            }
        }
        let Some(input) = &mut self.input else {
            self.done = true;
            if all_hold(&spec.qual, &Rows::NONE, cx)? {
                spec.projection.emit(&Rows::NONE, cx, out)?;
            }
            return Ok(!out.is_empty());
        };
        while out.len() < max_rows {
            if !input.advance(cx, max_rows - out.len())? {
                self.done = true;
                break;
            }
            let rows = Rows::outer(input.row());
            if all_hold(&spec.qual, &rows, cx)? {
                spec.projection.emit(&rows, cx, out)?;
            } else {
                note(cx, spec.key, |i| i.filtered += 1.0);
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.checked = false;
        self.done = false;
        match &mut self.input {
            Some(input) => input.rescan(cx, changed),
            None => Ok(()),
        }
    }

    fn restart(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        self.checked = false;
        self.done = false;
        match &mut self.input {
            Some(input) => input.restart(cx),
            None => Ok(()),
        }
    }
}
