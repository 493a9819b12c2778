//! LIMIT, OFFSET, FETCH … WITH TIES.
use super::{ExecNode, Input, NodeSpec};
use crate::{
    Cx,
    batch::{Batch, Rows},
    expr::CExpr,
    hash::KeyColumn,
    plan_spec::PlanSpec,
};
use error::{PgResult, err};
use std::sync::Arc;
use types::Datum;

/// OFFSET and LIMIT.
pub(crate) struct LimitExprs {
    pub(crate) offset: Option<CExpr>,
    pub(crate) count: Option<CExpr>,
    pub(crate) with_ties: bool,
}

pub(crate) struct LimitSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) limit: Arc<LimitExprs>,
    /// WITH TIES: the columns that make rows peers.
    pub(crate) ties: Option<Box<[KeyColumn]>>,
}

/// How many rows a LIMIT above a Sort will read.
pub(crate) struct LimitBound {
    pub(crate) limit: Arc<LimitExprs>,
    pub(crate) params: Box<[i32]>,
}

impl LimitBound {
    /// Rows in all; `None`: no limit.
    pub(crate) fn rows(&self, cx: &mut Cx<'_>) -> PgResult<Option<usize>> {
        let (offset, count) = self.limit.window(cx)?;
        Ok(count
            .and_then(|c| usize::try_from(c.saturating_add(offset)).ok())
            .filter(|n| *n < 1 << 30))
    }

    /// Whether it may be another one now.
    pub(crate) fn depends_on(&self, changed: &[i32]) -> bool {
        super::intersects(&self.params, changed)
    }
}

struct LimitNode {
    spec: Arc<LimitSpec>,
    input: Input,
    /// Rows still to be skipped and returned, once evaluated.
    window: Option<(u64, Option<u64>)>,
    last: Option<Vec<Datum>>,
    done: bool,
}

impl NodeSpec for LimitSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = Input::new(self.input.start(cx)?);
        Ok(Box::new(LimitNode { spec: self, input, window: None, last: None, done: false }))
    }
}

impl LimitExprs {
    fn window(&self, cx: &mut Cx<'_>) -> PgResult<(u64, Option<u64>)> {
        let mut number = |e: &Option<CExpr>| -> PgResult<Option<i64>> {
            match e {
                None => Ok(None),
                Some(e) => Ok(match e.eval(&Rows::NONE, cx)? {
                    Datum::Int8(v) => Some(v),
                    Datum::Int4(v) => Some(i64::from(v)),
                    Datum::Int2(v) => Some(i64::from(v)),
                    _ => None,
                }),
            }
        };
        let offset = match number(&self.offset)?.unwrap_or(0) {
            v if v < 0 => {
                return Err(err!(
                    INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE,
                    "OFFSET must not be negative"
                ));
            }
            v => v as u64,
        };
        let count = match number(&self.count)? {
            Some(v) if v < 0 => {
                return Err(err!(INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, "LIMIT must not be negative"));
            }
            Some(v) => Some(v as u64),
            None if self.with_ties => {
                return Err(err!(
                    INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
                    "row count cannot be null in FETCH FIRST ... WITH TIES clause"
                ));
            }
            None => None,
        };
        Ok((offset, count))
    }
}

impl LimitNode {
    /// Rows after the last one that are its peers.
    fn next_ties(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        let (Some(keys), Some(last)) = (&spec.ties, &self.last) else {
            self.done = true;
            return Ok(!out.is_empty());
        };
        while out.len() < max_rows {
            let mut peer = self.input.advance(cx, 1)?;
            if peer {
                let row = self.input.row();
                for key in keys {
                    if !key.not_distinct(cx, row.get(key.col), &last[key.col])? {
                        peer = false;
                        break;
                    }
                }
            }
            if !peer {
                self.done = true;
                break;
            }
            push_view(out, &self.input);
        }
        Ok(!out.is_empty())
    }
}

fn push_view(out: &mut Batch, input: &Input) {
    let row = input.row();
    for (n, column) in out.columns.iter_mut().enumerate() {
        column.push(row.get(n).clone());
    }
    out.row_done();
}

impl ExecNode for LimitNode {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.input.width);
        if self.done {
            return Ok(false);
        }
        let (mut skip, mut left) = match self.window {
            Some(window) => window,
            None => self.spec.limit.window(cx)?,
        };
        self.window = Some((skip, left));
        if left == Some(0) && self.spec.ties.is_none() {
            self.done = true;
            return Ok(false);
        }
        if self.spec.ties.is_none() && skip == 0 {
            // Hand the input's rows on as they are.
            let want =
                left.map_or(max_rows, |l| max_rows.min(usize::try_from(l).unwrap_or(max_rows)));
            let more = self.input.node.next(cx, out, want)?;
            if more {
                left = left.map(|l| l - out.len() as u64);
                self.window = Some((0, left));
            } else {
                self.done = true;
            }
            return Ok(more);
        }
        while skip > 0 && self.spec.ties.is_none() {
            let want = usize::try_from(skip).unwrap_or(usize::MAX).min(crate::batch::BATCH_ROWS);
            if !self.input.node.next(cx, out, want)? {
                self.done = true;
                return Ok(false);
            }
            skip -= out.len() as u64;
            self.window = Some((skip, left));
            if skip == 0 {
                return self.next(cx, out, max_rows);
            }
        }
        while out.len() < max_rows && left != Some(0) {
            let want = skip.saturating_add(left.unwrap_or(u64::MAX)).min(max_rows as u64) as usize;
            if !self.input.advance(cx, want)? {
                self.done = true;
                break;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            push_view(out, &self.input);
            left = left.map(|l| l - 1);
            if left == Some(0) {
                self.last = Some(self.input.row().to_vec());
            }
        }
        self.window = Some((skip, left));
        if left == Some(0) && out.len() < max_rows && !self.done {
            return self.next_ties(cx, out, max_rows);
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.window = None;
        self.last = None;
        self.done = false;
        self.input.rescan(cx, changed)
    }
}
