//! Group and Unique: neighbours that are equal become one row.
use super::{ExecNode, Input, NodeSpec, Projection};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::{CExpr, all_hold},
    hash::KeyColumn,
    plan_spec::{PlanSpec, note},
};
use error::PgResult;
use std::sync::Arc;
use types::Datum;

pub(crate) struct GroupSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) keys: Box<[KeyColumn]>,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    pub(crate) key: usize,
}

pub(crate) struct UniqueSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) keys: Box<[KeyColumn]>,
}

/// Whether a row is a peer of kept key values.
pub(crate) fn same_group(
    cx: &mut Cx<'_>,
    keys: &[KeyColumn],
    row: RowView<'_>,
    kept: &[Datum],
) -> PgResult<bool> {
    for (key, kept) in keys.iter().zip(kept) {
        if !key.not_distinct(cx, row.get(key.col), kept)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The first of each run of equal rows.
struct FirstOfRun {
    input: Input,
    last: Option<Vec<Datum>>,
}

impl FirstOfRun {
    fn advance(&mut self, cx: &mut Cx<'_>, keys: &[KeyColumn]) -> PgResult<bool> {
        while self.input.advance(cx, BATCH_ROWS)? {
            if let Some(last) = &self.last {
                if same_group(cx, keys, self.input.row(), last)? {
                    continue;
                }
            }
            let row = self.input.row();
            let values = keys.iter().map(|k| row.get(k.col).clone());
            match &mut self.last {
                Some(last) => {
                    last.clear();
                    last.extend(values);
                }
                None => self.last = Some(values.collect()),
            }
            return Ok(true);
        }
        Ok(false)
    }
}

struct Group {
    spec: Arc<GroupSpec>,
    runs: FirstOfRun,
}

impl NodeSpec for GroupSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let runs = FirstOfRun { input: Input::new(self.input.start(cx)?), last: None };
        Ok(Box::new(Group { spec: self, runs }))
    }
}

impl ExecNode for Group {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.projection.width());
        while out.len() < max_rows && self.runs.advance(cx, &spec.keys)? {
            let rows = Rows::outer(self.runs.input.row());
            if all_hold(&spec.qual, &rows, cx)? {
                spec.projection.emit(&rows, cx, out)?;
            } else {
                note(cx, spec.key, |i| i.filtered += 1.0);
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.runs.last = None;
        self.runs.input.rescan(cx, changed)
    }
}

struct Unique {
    spec: Arc<UniqueSpec>,
    runs: FirstOfRun,
}

impl NodeSpec for UniqueSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let runs = FirstOfRun { input: Input::new(self.input.start(cx)?), last: None };
        Ok(Box::new(Unique { spec: self, runs }))
    }
}

impl ExecNode for Unique {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.input.width);
        while out.len() < max_rows && self.runs.advance(cx, &spec.keys)? {
            let row = self.runs.input.row();
            for (n, column) in out.columns.iter_mut().enumerate() {
                column.push(row.get(n).clone());
            }
            out.row_done();
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.runs.last = None;
        self.runs.input.rescan(cx, changed)
    }
}
