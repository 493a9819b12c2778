//! Merge join: both inputs sorted, the inner rows of one key kept while outer rows of that key last.
use super::{ExecNode, Input, NodeSpec, Projection};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::{CExpr, all_hold},
    plan_spec::{PlanSpec, note},
    store::Comparer,
};
use error::PgResult;
use nodes::JoinType;
use std::{cmp::Ordering, sync::Arc};
use types::Datum;

/// One merge clause.
pub(crate) struct MergeKey {
    pub(crate) outer: CExpr,
    pub(crate) inner: CExpr,
    pub(crate) comparer: Comparer,
    /// Compares two inner values, where their type is not the outer one.
    pub(crate) inner_comparer: Option<Comparer>,
    pub(crate) reverse: bool,
    pub(crate) nulls_first: bool,
}

pub(crate) struct MergeJoinSpec {
    pub(crate) outer: Arc<PlanSpec>,
    pub(crate) inner: Arc<PlanSpec>,
    pub(crate) jointype: JoinType,
    pub(crate) inner_unique: bool,
    pub(crate) keys: Box<[MergeKey]>,
    pub(crate) joinqual: Box<[CExpr]>,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    pub(crate) key: usize,
}

/// One side: its input, and the key of the row it stands on.
struct Side {
    input: Input,
    key: Vec<Datum>,
    live: bool,
    started: bool,
}

struct MergeJoin {
    spec: Arc<MergeJoinSpec>,
    outer: Side,
    inner: Side,
    /// Inner rows of one key, with whether they found a partner.
    group: Vec<(Vec<Datum>, bool)>,
    group_key: Vec<Datum>,
    pending: Batch,
    delivered: usize,
}

impl NodeSpec for MergeJoinSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let side =
            |node| Side { input: Input::new(node), key: Vec::new(), live: true, started: false };
        let outer = side(self.outer.start(cx)?);
        let inner = side(self.inner.start(cx)?);
        Ok(Box::new(MergeJoin {
            pending: Batch::new(self.projection.width()),
            spec: self,
            outer,
            inner,
            group: Vec::new(),
            group_key: Vec::new(),
            delivered: 0,
        }))
    }
}

impl Side {
    fn advance(&mut self, cx: &mut Cx<'_>, keys: &[MergeKey], outer: bool) -> PgResult<()> {
        self.started = true;
        self.live = self.live && self.input.advance(cx, BATCH_ROWS)?;
        if self.live {
            self.key.clear();
            let row = self.input.row();
            for key in keys {
                self.key.push(if outer {
                    key.outer.eval(&Rows::outer(row), cx)?
                } else {
                    key.inner.eval(&Rows::join(RowView::Nulls, row), cx)?
                });
            }
        }
        Ok(())
    }
}

fn compare(
    cx: &mut Cx<'_>,
    keys: &[MergeKey],
    outer: &[Datum],
    inner: &[Datum],
) -> PgResult<Ordering> {
    for ((key, a), b) in keys.iter().zip(outer).zip(inner) {
        let order = match (a.is_null(), b.is_null()) {
            (false, false) => {
                let order = key.comparer.compare(cx, a, b)?;
                if key.reverse { order.reverse() } else { order }
            }
            (true, true) => Ordering::Equal,
            (true, false) if key.nulls_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if key.nulls_first => Ordering::Greater,
            (false, true) => Ordering::Less,
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

impl MergeJoin {
    fn keeps_outer(&self) -> bool {
        matches!(self.spec.jointype, JoinType::Left | JoinType::Full | JoinType::Anti)
    }

    fn keeps_inner(&self) -> bool {
        matches!(self.spec.jointype, JoinType::Right | JoinType::Full | JoinType::RightAnti)
    }

    fn emit(
        spec: &MergeJoinSpec,
        pending: &mut Batch,
        rows: &Rows<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        if all_hold(&spec.qual, rows, cx)? {
            spec.projection.emit(rows, cx, pending)
        } else {
            note(cx, spec.key, |i| i.filtered += 1.0);
            Ok(())
        }
    }

    fn unmatched_outer(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        if self.keeps_outer() {
            let rows = Rows::join(self.outer.input.row(), RowView::Nulls);
            Self::emit(&self.spec, &mut self.pending, &rows, cx)?;
        }
        Ok(())
    }

    fn unmatched_inner(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        if self.keeps_inner() {
            let rows = Rows::join(RowView::Nulls, self.inner.input.row());
            Self::emit(&self.spec, &mut self.pending, &rows, cx)?;
        }
        Ok(())
    }

    /// Collects the inner rows that share the key the inner side stands on.
    fn load_group(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        self.group_key = self.inner.key.clone();
        loop {
            self.group.push((self.inner.input.row().to_vec(), false));
            self.inner.advance(cx, &spec.keys, false)?;
            if !self.inner.live || !same_key(cx, &spec.keys, &self.group_key, &self.inner.key)? {
                return Ok(());
            }
        }
    }

    /// Joins the outer row with the group.
    fn join_group(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        let mut matched = false;
        for (inner, inner_matched) in &mut self.group {
            let rows = Rows::join(self.outer.input.row(), RowView::Slice(inner));
            if !all_hold(&spec.joinqual, &rows, cx)? {
                note(cx, spec.key, |i| i.filtered_join += 1.0);
                continue;
            }
            matched = true;
            *inner_matched = true;
            if matches!(spec.jointype, JoinType::Anti) {
                break;
            }
            if spec.jointype == JoinType::RightAnti {
                continue;
            }
            Self::emit(&spec, &mut self.pending, &rows, cx)?;
            if spec.inner_unique || spec.jointype == JoinType::Semi {
                break;
            }
        }
        if !matched {
            self.unmatched_outer(cx)?;
        }
        Ok(())
    }

    fn end_group(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        if self.keeps_inner() {
            for (inner, matched) in &self.group {
                if !matched {
                    let rows = Rows::join(RowView::Nulls, RowView::Slice(inner));
                    Self::emit(&self.spec, &mut self.pending, &rows, cx)?;
                }
            }
        }
        self.group.clear();
        Ok(())
    }

    /// One step of the merge; false when it is over.
    fn step(&mut self, cx: &mut Cx<'_>) -> PgResult<bool> {
        let spec = self.spec.clone();
        if !self.outer.started {
            self.outer.advance(cx, &spec.keys, true)?;
        }
        if !self.inner.started {
            self.inner.advance(cx, &spec.keys, false)?;
        }
        if !self.group.is_empty() {
            if self.outer.live
                && !self.outer.key.iter().any(Datum::is_null)
                && compare(cx, &spec.keys, &self.outer.key, &self.group_key)?.is_eq()
            {
                self.join_group(cx)?;
                self.outer.advance(cx, &spec.keys, true)?;
            } else {
                self.end_group(cx)?;
            }
            return Ok(true);
        }
        match (self.outer.live, self.inner.live) {
            (false, false) => return Ok(false),
            (false, true) if !self.keeps_inner() => return Ok(false),
            (true, false) if !self.keeps_outer() => return Ok(false),
            (false, true) => {
                self.unmatched_inner(cx)?;
                self.inner.advance(cx, &spec.keys, false)?;
                return Ok(true);
            }
            (true, false) => {
                self.unmatched_outer(cx)?;
                self.outer.advance(cx, &spec.keys, true)?;
                return Ok(true);
            }
            (true, true) => {}
        }
        let order = compare(cx, &spec.keys, &self.outer.key, &self.inner.key)?;
        let null = self.outer.key.iter().any(Datum::is_null);
        if order.is_lt() || (order.is_eq() && null) {
            self.unmatched_outer(cx)?;
            self.outer.advance(cx, &spec.keys, true)?;
        } else if order.is_gt() {
            self.unmatched_inner(cx)?;
            self.inner.advance(cx, &spec.keys, false)?;
        } else {
            self.load_group(cx)?;
        }
        Ok(true)
    }
}

/// Whether two inner keys are equal.
fn same_key(cx: &mut Cx<'_>, keys: &[MergeKey], a: &[Datum], b: &[Datum]) -> PgResult<bool> {
    for ((key, a), b) in keys.iter().zip(a).zip(b) {
        if a.is_null() || b.is_null() {
            return Ok(false);
        }
        if !key.inner_equal(cx, a, b)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl MergeKey {
    fn inner_equal(&self, cx: &mut Cx<'_>, a: &Datum, b: &Datum) -> PgResult<bool> {
        match &self.inner_comparer {
            Some(comparer) => Ok(comparer.compare(cx, a, b)?.is_eq()),
            None => Ok(self.comparer.compare(cx, a, b)?.is_eq()),
        }
    }
}

impl ExecNode for MergeJoin {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.projection.width());
        while out.len() < max_rows {
            if self.delivered < self.pending.len() {
                let count = (max_rows - out.len()).min(self.pending.len() - self.delivered);
                for row in self.delivered..self.delivered + count {
                    for (n, column) in out.columns.iter_mut().enumerate() {
                        column.push(self.pending.columns[n][row].take());
                    }
                    out.row_done();
                }
                self.delivered += count;
                continue;
            }
            self.pending.reset(self.spec.projection.width());
            self.delivered = 0;
            if !self.step(cx)? {
                break;
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.group.clear();
        self.pending.reset(self.spec.projection.width());
        self.delivered = 0;
        for side in [&mut self.outer, &mut self.inner] {
            side.live = true;
            side.started = false;
            side.input.rescan(cx, changed)?;
        }
        Ok(())
    }
}
