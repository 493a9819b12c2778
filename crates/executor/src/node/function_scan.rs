//! FunctionScan: functions in FROM, ROWS FROM, WITH ORDINALITY.
use super::{ExecNode, NodeSpec, Projection};
use crate::{
    Cx,
    batch::{Batch, RowView, Rows},
    expr::{CExpr, all_hold},
    plan_spec::note,
    set_call::{RunningSet, SetCall},
};
use error::PgResult;
use std::sync::Arc;
use types::Datum;

/// A function and the columns it contributes.
pub(crate) struct ScannedFunction {
    pub(crate) call: SetCall,
    pub(crate) width: usize,
    /// Where its values go among its columns, if not one after the other: dropped columns stay NULL.
    pub(crate) places: Option<Box<[usize]>>,
}

pub(crate) struct FunctionScanSpec {
    pub(crate) functions: Box<[ScannedFunction]>,
    pub(crate) ordinality: bool,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    pub(crate) key: usize,
}

struct FunctionScan {
    spec: Arc<FunctionScanSpec>,
    running: Vec<RunningSet>,
    ordinal: i64,
    row: Vec<Datum>,
    scratch: Vec<Datum>,
    started: bool,
    done: bool,
}

impl NodeSpec for FunctionScanSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        Ok(Box::new(FunctionScan {
            spec: self,
            running: Vec::new(),
            ordinal: 0,
            row: Vec::new(),
            scratch: Vec::new(),
            started: false,
            done: false,
        }))
    }
}

impl FunctionScan {
    fn next_row(&mut self, cx: &mut Cx<'_>) -> PgResult<bool> {
        let spec = self.spec.clone();
        self.row.clear();
        let mut any = false;
        for (function, running) in spec.functions.iter().zip(&mut self.running) {
            let at = self.row.len();
            let more = function.call.next_row(running, cx, &mut self.scratch)?;
            any |= more;
            match &function.places {
                None if more => self.row.append(&mut self.scratch),
                _ => {}
            }
            self.row.resize(at + function.width, Datum::Null);
            if let Some(places) = function.places.as_ref().filter(|_| more) {
                for (place, value) in places.iter().zip(self.scratch.drain(..)) {
                    self.row[at + place] = value;
                }
            }
        }
        self.ordinal += 1;
        if spec.ordinality {
            self.row.push(Datum::Int8(self.ordinal));
        }
        Ok(any)
    }
}

impl ExecNode for FunctionScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.projection.width());
        if !self.started {
            self.started = true;
            for ScannedFunction { call, .. } in &spec.functions {
                let running = call.start(&Rows::NONE, cx)?;
                self.running.push(running);
            }
        }
        let mut steps = 0usize;
        while out.len() < max_rows && !self.done {
            if !self.next_row(cx)? {
                self.done = true;
                break;
            }
            let rows = Rows::scan(RowView::Slice(&self.row));
            if all_hold(&spec.qual, &rows, cx)? {
                spec.projection.emit(&rows, cx, out)?;
            } else {
                note(cx, spec.key, |i| i.filtered += 1.0);
            }
            steps += 1;
            if steps & 1023 == 0 {
                cx.check_interrupts()?;
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.running.clear();
        self.ordinal = 0;
        self.started = false;
        self.done = false;
        Ok(())
    }
}
