//! Nested loop: the inner side starts over for every outer row.
use super::{ExecNode, Input, NodeSpec, Projection};
use crate::{
    Cx,
    batch::{Batch, RowView, Rows},
    expr::{CExpr, all_hold, set_param},
    plan_spec::{PlanSpec, note},
};
use error::PgResult;
use nodes::JoinType;
use std::sync::Arc;

pub(crate) struct NestLoopSpec {
    pub(crate) outer: Arc<PlanSpec>,
    pub(crate) inner: Arc<PlanSpec>,
    pub(crate) jointype: JoinType,
    pub(crate) inner_unique: bool,
    pub(crate) joinqual: Box<[CExpr]>,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    /// Params to set from each outer row.
    pub(crate) params: Box<[(i32, CExpr)]>,
    pub(crate) param_ids: Box<[i32]>,
    pub(crate) key: usize,
}

struct NestLoop {
    spec: Arc<NestLoopSpec>,
    outer: Input,
    inner: Input,
    /// An outer row is being joined.
    in_row: bool,
    matched: bool,
    inner_fresh: bool,
    /// The outer input starts over when it is next read.
    done: bool,
}

impl NodeSpec for NestLoopSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let outer = Input::new(self.outer.start(cx)?);
        let inner = Input::new(self.inner.start(cx)?);
        Ok(Box::new(NestLoop {
            spec: self,
            outer,
            inner,
            in_row: false,
            matched: false,
            inner_fresh: true,
            done: false,
        }))
    }
}

impl NestLoop {
    /// Steps to the next outer row and starts the inner side for it.
    fn next_outer(&mut self, cx: &mut Cx<'_>, want: usize) -> PgResult<bool> {
        if !self.outer.advance(cx, want)? {
            return Ok(false);
        }
        for (id, expr) in &self.spec.params {
            let value = expr.eval(&Rows::outer(self.outer.row()), cx)?;
            set_param(cx, *id, value);
        }
        if self.inner_fresh {
            self.inner_fresh = false;
        } else {
            let spec = self.spec.clone();
            self.inner.rescan(cx, &spec.param_ids)?;
        }
        self.in_row = true;
        self.matched = false;
        Ok(true)
    }

    /// Joins the present outer row until the batch is full or the inner side ends.
    fn join_row(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<()> {
        let spec = self.spec.clone();
        let single = spec.inner_unique || spec.jointype == JoinType::Semi;
        let want = if single || spec.jointype == JoinType::Anti { 1 } else { usize::MAX };
        while out.len() < max_rows {
            if !self.inner.advance(cx, want.min(max_rows))? {
                self.in_row = false;
                if !self.matched && matches!(spec.jointype, JoinType::Left | JoinType::Anti) {
                    let rows = Rows::join(self.outer.row(), RowView::Nulls);
                    if all_hold(&spec.qual, &rows, cx)? {
                        spec.projection.emit(&rows, cx, out)?;
                    } else {
                        note(cx, spec.key, |i| i.filtered += 1.0);
                    }
                }
                return Ok(());
            }
            let rows = Rows::join(self.outer.row(), self.inner.row());
            if !all_hold(&spec.joinqual, &rows, cx)? {
                note(cx, spec.key, |i| i.filtered_join += 1.0);
                continue;
            }
            self.matched = true;
            if spec.jointype == JoinType::Anti {
                self.in_row = false;
                return Ok(());
            }
            if all_hold(&spec.qual, &rows, cx)? {
                spec.projection.emit(&rows, cx, out)?;
            } else {
                note(cx, spec.key, |i| i.filtered += 1.0);
            }
            if single {
                self.in_row = false;
                return Ok(());
            }
        }
        Ok(())
    }
}

impl ExecNode for NestLoop {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.projection.width());
        while out.len() < max_rows && !self.done {
            if !self.in_row && !self.next_outer(cx, max_rows - out.len())? {
                self.done = true;
                break;
            }
            self.join_row(cx, out, max_rows)?;
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.in_row = false;
        self.done = false;
        self.outer.rescan(cx, changed)?;
        if !self.inner_fresh {
            // Params from above reach the inner side here, those of the loop with its next row.
            self.inner.rescan(cx, changed)?;
        }
        Ok(())
    }
}
