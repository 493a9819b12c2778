//! ProjectSet: set-returning functions in a target list, in lockstep.
use super::{ExecNode, Input, NodeSpec};
use crate::{
    Cx,
    batch::{Batch, Rows},
    expr::CExpr,
    plan_spec::PlanSpec,
    set_call::{RunningSet, SetCall},
};
use error::PgResult;
use std::sync::Arc;
use types::Datum;

/// A column: a plain expression or a set.
pub(crate) enum SetColumn {
    Plain(CExpr),
    Set(SetCall),
}

pub(crate) struct ProjectSetSpec {
    pub(crate) input: Option<Arc<PlanSpec>>,
    pub(crate) columns: Box<[SetColumn]>,
}

struct ProjectSet {
    spec: Arc<ProjectSetSpec>,
    input: Option<Input>,
    /// The only row of a node without input has been used.
    used: bool,
    /// For each column its running set; empty between rows.
    running: Vec<Option<RunningSet>>,
    row: Vec<Datum>,
    scratch: Vec<Datum>,
}

impl NodeSpec for ProjectSetSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = match &self.input {
            Some(input) => Some(Input::new(input.start(cx)?)),
            None => None,
        };
        Ok(Box::new(ProjectSet {
            spec: self,
            input,
            used: false,
            running: Vec::new(),
            row: Vec::new(),
            scratch: Vec::new(),
        }))
    }
}

impl ProjectSet {
    fn next_input(&mut self, cx: &mut Cx<'_>, want: usize) -> PgResult<bool> {
        let more = match &mut self.input {
            Some(input) => input.advance(cx, want)?,
            None => !std::mem::replace(&mut self.used, true),
        };
        if !more {
            return Ok(false);
        }
        let spec = self.spec.clone();
        let rows = match &self.input {
            Some(input) => Rows::outer(input.row()),
            None => Rows::NONE,
        };
        for column in &spec.columns {
            self.running.push(match column {
                SetColumn::Plain(_) => None,
                SetColumn::Set(call) => Some(call.start(&rows, cx)?),
            });
        }
        Ok(true)
    }

    /// One row of the sets; false when all are exhausted.
    fn step(&mut self, cx: &mut Cx<'_>, out: &mut Batch) -> PgResult<bool> {
        let spec = self.spec.clone();
        self.row.clear();
        let mut any = false;
        for (n, column) in spec.columns.iter().enumerate() {
            let value = match (column, &mut self.running[n]) {
                (SetColumn::Set(call), Some(running)) => {
                    let value = call.next_value(running, cx, &mut self.scratch)?;
                    any |= value.is_some();
                    value.unwrap_or_default()
                }
                _ => Datum::Null,
            };
            self.row.push(value);
        }
        if !any {
            return Ok(false);
        }
        let rows = match &self.input {
            Some(input) => Rows::outer(input.row()),
            None => Rows::NONE,
        };
        for (n, column) in spec.columns.iter().enumerate() {
            if let SetColumn::Plain(expr) = column {
                self.row[n] = expr.eval(&rows, cx)?;
            }
        }
        out.push_owned(self.row.drain(..));
        Ok(true)
    }
}

impl ExecNode for ProjectSet {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.columns.len());
        while out.len() < max_rows {
            if self.running.is_empty() && !self.next_input(cx, max_rows - out.len())? {
                break;
            }
            if !self.step(cx, out)? {
                self.running.clear();
            }
            if out.len() & 1023 == 1023 {
                cx.check_interrupts()?;
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.running.clear();
        self.used = false;
        match &mut self.input {
            Some(input) => input.rescan(cx, changed),
            None => Ok(()),
        }
    }
}
