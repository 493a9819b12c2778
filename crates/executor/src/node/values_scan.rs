//! ValuesScan: the rows of a VALUES list.
use super::{ExecNode, NodeSpec, Projection};
use crate::{
    Cx,
    batch::{Batch, RowView, Rows},
    expr::{CExpr, all_hold},
    plan_spec::note,
};
use error::PgResult;
use std::sync::Arc;
use types::Datum;

pub(crate) struct ValuesScanSpec {
    pub(crate) lists: Box<[Box<[CExpr]>]>,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    pub(crate) key: usize,
}

struct ValuesScan {
    spec: Arc<ValuesScanSpec>,
    position: usize,
    row: Vec<Datum>,
}

impl NodeSpec for ValuesScanSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        Ok(Box::new(ValuesScan { spec: self, position: 0, row: Vec::new() }))
    }
}

impl ExecNode for ValuesScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.projection.width());
        while out.len() < max_rows && self.position < spec.lists.len() {
            self.row.clear();
            for expr in &spec.lists[self.position] {
                self.row.push(expr.eval(&Rows::NONE, cx)?);
            }
            self.position += 1;
            let rows = Rows::scan(RowView::Slice(&self.row));
            if all_hold(&spec.qual, &rows, cx)? {
                spec.projection.emit(&rows, cx, out)?;
            } else {
                note(cx, spec.key, |i| i.filtered += 1.0);
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.position = 0;
        Ok(())
    }
}
