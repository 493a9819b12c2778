//! INTERSECT and EXCEPT over two inputs, hashed or merged.
use super::{ExecNode, Input, NodeSpec};
use crate::batch::RowView;
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch},
    group_table::GroupTable,
    hash::KeyColumn,
    plan_spec::PlanSpec,
    store::{SortColumn, compare_rows},
};
use error::PgResult;
use nodes::SetOperationKind;
use std::{cmp::Ordering, sync::Arc};
use types::Datum;

pub(crate) struct SetOpSpec {
    pub(crate) left: Arc<PlanSpec>,
    pub(crate) right: Arc<PlanSpec>,
    pub(crate) op: SetOperationKind,
    pub(crate) all: bool,
    /// Hashed if there are no sort columns.
    pub(crate) sort: Option<Box<[SortColumn]>>,
    pub(crate) keys: Box<[KeyColumn]>,
}

struct SetOp {
    spec: Arc<SetOpSpec>,
    left: Input,
    right: Input,
    table: Option<GroupTable>,
    rows: Vec<Vec<Datum>>,
    counts: Vec<(u64, u64)>,
    position: usize,
    /// Copies of the present row still to be returned.
    copies: u64,
    current: Vec<Datum>,
    left_live: bool,
    right_live: bool,
    started: bool,
}

impl NodeSpec for SetOpSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let left = Input::new(self.left.start(cx)?);
        let right = Input::new(self.right.start(cx)?);
        Ok(Box::new(SetOp {
            spec: self,
            left,
            right,
            table: None,
            rows: Vec::new(),
            counts: Vec::new(),
            position: 0,
            copies: 0,
            current: Vec::new(),
            left_live: false,
            right_live: false,
            started: false,
        }))
    }
}

impl SetOpSpec {
    fn copies(&self, left: u64, right: u64) -> u64 {
        match (self.op, self.all) {
            (SetOperationKind::Intersect, false) => u64::from(left > 0 && right > 0),
            (SetOperationKind::Intersect, true) => left.min(right),
            (_, false) => u64::from(left > 0 && right == 0),
            (_, true) => left.saturating_sub(right),
        }
    }
}

impl SetOp {
    fn load(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        let mut table = GroupTable::new(spec.keys.len());
        while self.left.advance(cx, BATCH_ROWS)? {
            let row = self.left.row();
            let (group, new) = table.find_or_insert(cx, &spec.keys, |k| row.get(k.col))?;
            if new {
                self.rows.push(row.to_vec());
                self.counts.push((0, 0));
            }
            self.counts[group].0 += 1;
        }
        while !self.rows.is_empty() && self.right.advance(cx, BATCH_ROWS)? {
            let row = self.right.row();
            if let (Some(group), _) = table.find(cx, &spec.keys, |k| row.get(k.col))? {
                self.counts[group].1 += 1;
            }
        }
        self.table = Some(table);
        Ok(())
    }

    /// The next group of the merged inputs into `current` and `copies`; false at the end.
    fn merge_group(&mut self, cx: &mut Cx<'_>, sort: &[SortColumn]) -> PgResult<bool> {
        if !self.started {
            self.started = true;
            self.left_live = self.left.advance(cx, BATCH_ROWS)?;
            self.right_live = self.right.advance(cx, BATCH_ROWS)?;
        }
        if !self.left_live {
            return Ok(false);
        }
        self.current = self.left.row().to_vec();
        let (mut left, mut right) = (0, 0);
        while self.left_live
            && compare_rows(cx, sort, self.left.row(), RowView::Slice(&self.current))?.is_eq()
        {
            left += 1;
            self.left_live = self.left.advance(cx, BATCH_ROWS)?;
        }
        while self.right_live {
            match compare_rows(cx, sort, self.right.row(), RowView::Slice(&self.current))? {
                Ordering::Greater => break,
                Ordering::Equal => right += 1,
                Ordering::Less => {}
            }
            self.right_live = self.right.advance(cx, BATCH_ROWS)?;
        }
        self.copies = self.spec.copies(left, right);
        Ok(true)
    }
}

impl ExecNode for SetOp {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.left.width);
        while out.len() < max_rows {
            if self.copies > 0 {
                self.copies -= 1;
                out.push_row(&self.current);
                continue;
            }
            if let Some(sort) = &spec.sort {
                if !self.merge_group(cx, sort)? {
                    break;
                }
                continue;
            }
            if self.table.is_none() {
                self.load(cx)?;
            }
            if self.position >= self.rows.len() {
                break;
            }
            let (left, right) = self.counts[self.position];
            self.copies = spec.copies(left, right);
            self.current.clone_from(&self.rows[self.position]);
            self.position += 1;
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.table = None;
        self.rows.clear();
        self.counts.clear();
        self.position = 0;
        self.copies = 0;
        self.started = false;
        self.left.rescan(cx, changed)?;
        self.right.rescan(cx, changed)
    }
}
