//! WindowAgg: window functions over the partitions of sorted input.
use super::{
    ExecNode, Input, NodeSpec, Projection,
    agg_call::{AggCall, AggState},
    group::same_group,
    window_frame::{Frame, FrameSpec, Partition},
};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::{CExpr, FnCall, all_hold},
    hash::KeyColumn,
    plan_spec::{PlanSpec, note},
    store::RowStore,
};
use error::{PgError, PgResult};
use fmgr::{CallContext, FnBody, SeekOrigin, WindowContext};
use std::{any::Any, sync::Arc};
use types::Datum;

/// A window function of the node.
pub(crate) enum WindowCall {
    Native { call: FnCall, args: Box<[CExpr]> },
    Aggregate(Box<AggCall>),
}

pub(crate) struct WindowSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) part_keys: Box<[KeyColumn]>,
    pub(crate) ord_keys: Box<[KeyColumn]>,
    pub(crate) frame: FrameSpec,
    pub(crate) calls: Box<[WindowCall]>,
    pub(crate) run_condition: Box<[CExpr]>,
    pub(crate) top_window: bool,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    pub(crate) key: usize,
}

/// What a call keeps during a partition.
enum CallState {
    Native(Option<Box<dyn Any + Send>>),
    Aggregate {
        state: Option<AggState>,
        /// Rows the state is about.
        over: Frame,
        /// The result for `over`.
        result: Option<Datum>,
    },
}

struct WindowAgg {
    spec: Arc<WindowSpec>,
    input: Input,
    partition: Partition,
    calls: Vec<CallState>,
    row: usize,
    results: Vec<Datum>,
    current: Vec<Datum>,
    /// The first row of the next partition is at hand in the input.
    ahead: bool,
    offsets_ready: bool,
    /// A run condition has failed: no function is called any more in this partition.
    passing: bool,
    started: bool,
}

impl NodeSpec for WindowSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = Input::new(self.input.start(cx)?);
        let settings = &cx.es.settings;
        let store = RowStore::new(self.input.width, settings.work_mem, settings.temp_dir.clone());
        Ok(Box::new(WindowAgg {
            spec: self,
            input,
            partition: Partition::new(store),
            calls: Vec::new(),
            row: 0,
            results: Vec::new(),
            current: Vec::new(),
            ahead: false,
            offsets_ready: false,
            passing: false,
            started: false,
        }))
    }
}

impl WindowAgg {
    /// Reads the next partition; false at the end.
    fn load(&mut self, cx: &mut Cx<'_>) -> PgResult<bool> {
        let spec = self.spec.clone();
        self.partition.clear();
        self.row = 0;
        self.passing = false;
        if !self.started {
            self.started = true;
            self.ahead = self.input.advance(cx, BATCH_ROWS)?;
        }
        if !self.ahead {
            return Ok(false);
        }
        if !self.offsets_ready {
            self.offsets_ready = true;
            let (start, end) = spec.frame.offsets(cx)?;
            self.partition.start_value = start;
            self.partition.end_value = end;
        }
        let pick = |row: RowView<'_>, keys: &[KeyColumn]| -> Vec<Datum> {
            keys.iter().map(|k| row.get(k.col).clone()).collect()
        };
        let part = pick(self.input.row(), &spec.part_keys);
        let mut peers: Option<Vec<Datum>> = None;
        loop {
            let row = self.input.row();
            let new_group = match &peers {
                None => true,
                Some(peers) => !same_group(cx, &spec.ord_keys, row, peers)?,
            };
            if new_group {
                peers = Some(pick(row, &spec.ord_keys));
            }
            self.partition.push(row, new_group)?;
            self.ahead = self.input.advance(cx, BATCH_ROWS)?;
            if !self.ahead || !same_group(cx, &spec.part_keys, self.input.row(), &part)? {
                break;
            }
        }
        self.calls = spec
            .calls
            .iter()
            .map(|call| match call {
                WindowCall::Native { .. } => CallState::Native(None),
                WindowCall::Aggregate(_) => {
                    CallState::Aggregate { state: None, over: Frame::default(), result: None }
                }
            })
            .collect();
        Ok(true)
    }

    fn eval_calls(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        self.results.clear();
        if self.passing {
            self.results.resize(spec.calls.len(), Datum::Null);
            return Ok(());
        }
        let frame = self.partition.frame(&spec.frame, self.row, cx)?;
        for (call, state) in spec.calls.iter().zip(&mut self.calls) {
            let value = match (call, state) {
                (WindowCall::Native { call, args }, CallState::Native(state)) => {
                    call_native(&spec, &mut self.partition, self.row, frame, call, args, state, cx)?
                }
                (WindowCall::Aggregate(call), CallState::Aggregate { state, over, result }) => {
                    aggregate(
                        &spec,
                        &mut self.partition,
                        self.row,
                        frame,
                        call,
                        state,
                        over,
                        result,
                        cx,
                    )?
                }
                _ => return Err(PgError::internal("window call and its state do not agree")),
            };
            self.results.push(value);
        }
        Ok(())
    }

    fn emit(&mut self, cx: &mut Cx<'_>, out: &mut Batch) -> PgResult<()> {
        let spec = self.spec.clone();
        self.current.clear();
        self.current.extend_from_slice(self.partition.rows.get(self.row)?);
        self.row += 1;
        let rows = Rows { outer: RowView::Slice(&self.current), aggs: &self.results, ..Rows::NONE };
        if !self.passing
            && !spec.run_condition.is_empty()
            && !all_hold(&spec.run_condition, &rows, cx)?
        {
            self.passing = true;
            if spec.top_window {
                // The condition is monotonic: no later row of the partition satisfies it.
                self.row = self.partition.len();
                return Ok(());
            }
            self.results.fill(Datum::Null);
        }
        let rows = Rows { outer: RowView::Slice(&self.current), aggs: &self.results, ..Rows::NONE };
        if all_hold(&spec.qual, &rows, cx)? {
            spec.projection.emit(&rows, cx, out)?;
        } else {
            note(cx, spec.key, |i| i.filtered += 1.0);
        }
        Ok(())
    }
}

/// The value of an aggregate over a frame.
fn aggregate(
    spec: &WindowSpec,
    partition: &mut Partition,
    row: usize,
    frame: Frame,
    call: &AggCall,
    state: &mut Option<AggState>,
    over: &mut Frame,
    result: &mut Option<Datum>,
    cx: &mut Cx<'_>,
) -> PgResult<Datum> {
    let excludes = spec.frame.excludes();
    if let (Some(result), false) = (&result, excludes) {
        if *over == frame {
            return Ok(result.clone());
        }
    }
    let mut reuse = state.is_some()
        && !excludes
        && frame.end >= over.end
        && frame.start >= over.start
        && (frame.start == over.start || (call.inverse.is_some() && frame.start <= over.end));
    if reuse && frame.start > over.start {
        let mut current = state.take();
        for at in over.start..frame.start {
            let values = partition.rows.get(at)?.to_vec();
            let rows = Rows::outer(RowView::Slice(&values));
            let ok = match &mut current {
                Some(state) => call.retreat(state, &rows, cx)?,
                None => false,
            };
            if !ok {
                reuse = false;
                break;
            }
        }
        *state = if reuse { current } else { None };
        over.start = frame.start;
    }
    if !reuse || (frame.start == frame.end && call.inverse.is_some()) {
        *state = Some(call.start(cx));
        *over = Frame { start: frame.start, end: frame.start };
    }
    let Some(current) = state else { return Ok(Datum::Null) };
    for at in over.end.max(frame.start)..frame.end {
        if excludes && partition.is_excluded(&spec.frame, at, row) {
            continue;
        }
        let rows = Rows::outer(RowView::Slice(partition.rows.get(at)?));
        call.advance(current, &rows, cx)?;
        if at % 1024 == 0 {
            cx.check_interrupts()?;
        }
    }
    *over = frame;
    let value = call.finish(current, &Rows::NONE, cx, true)?;
    *result = Some(value.clone());
    if excludes {
        *state = None;
    }
    Ok(value)
}

/// What a native window function sees.
struct NativeContext<'n, 'c> {
    spec: &'n WindowSpec,
    partition: &'n mut Partition,
    row: usize,
    frame: Frame,
    args: &'n [CExpr],
    state: &'n mut Option<Box<dyn Any + Send>>,
    cx: Cx<'c>,
}

fn call_native(
    spec: &WindowSpec,
    partition: &mut Partition,
    row: usize,
    frame: Frame,
    call: &FnCall,
    args: &[CExpr],
    state: &mut Option<Box<dyn Any + Send>>,
    cx: &mut Cx<'_>,
) -> PgResult<Datum> {
    let FnBody::Window(function) = call.info.body else {
        return Err(match call.info.body {
            FnBody::Missing => error::not_supported!("window function {}", call.info.name),
            _ => PgError::internal(format!("{} is no window function", call.info.name)),
        });
    };
    let mut cache = cx.es.fn_caches[call.cache as usize].take();
    let session = cx.session;
    let mut context = NativeContext { spec, partition, row, frame, args, state, cx: cx.reborrow() };
    let mut site =
        CallContext { session, site: &call.site, cache: &mut cache, in_aggregate: false };
    let result = function(&mut site, &mut context);
    cx.es.fn_caches[call.cache as usize] = cache;
    result
}

impl NativeContext<'_, '_> {
    fn eval_at(&mut self, argno: usize, at: usize) -> PgResult<Option<Datum>> {
        let rows = Rows::outer(RowView::Slice(self.partition.rows.get(at)?));
        self.args[argno].eval(&rows, &mut self.cx).map(Some)
    }
}

impl WindowContext for NativeContext<'_, '_> {
    fn partition_state(&mut self) -> &mut Option<Box<dyn Any + Send>> {
        self.state
    }

    fn current_position(&self) -> i64 {
        self.row as i64
    }

    fn partition_row_count(&mut self) -> PgResult<i64> {
        Ok(self.partition.len() as i64)
    }

    fn rows_are_peers(&mut self, pos1: i64, pos2: i64) -> PgResult<bool> {
        let group = |pos: i64| {
            usize::try_from(pos).ok().and_then(|p| self.partition.group_of.get(p)).copied()
        };
        Ok(group(pos1) == group(pos2))
    }

    fn arg_in_partition(
        &mut self,
        argno: usize,
        relpos: i64,
        origin: SeekOrigin,
    ) -> PgResult<Option<Datum>> {
        let base = match origin {
            SeekOrigin::Current => self.row as i64,
            SeekOrigin::Head => 0,
            SeekOrigin::Tail => self.partition.len() as i64 - 1,
        };
        match base.checked_add(relpos).and_then(|p| usize::try_from(p).ok()) {
            Some(at) if at < self.partition.len() => self.eval_at(argno, at),
            _ => Ok(None),
        }
    }

    fn arg_in_frame(
        &mut self,
        argno: usize,
        relpos: i64,
        origin: SeekOrigin,
    ) -> PgResult<Option<Datum>> {
        let frame = self.frame;
        let spec = self.spec;
        let at = if !spec.frame.excludes() {
            let base = match origin {
                SeekOrigin::Current => self.row as i64,
                SeekOrigin::Head => frame.start as i64,
                SeekOrigin::Tail => frame.end as i64 - 1,
            };
            base.checked_add(relpos)
                .and_then(|p| usize::try_from(p).ok())
                .filter(|at| (frame.start..frame.end).contains(at))
        } else {
            let kept = |at: &usize| !self.partition.is_excluded(&spec.frame, *at, self.row);
            let steps = usize::try_from(relpos.abs()).unwrap_or(usize::MAX);
            match origin {
                SeekOrigin::Tail => (frame.start..frame.end).rev().filter(kept).nth(steps),
                _ => (frame.start..frame.end).filter(kept).nth(steps),
            }
        };
        match at {
            Some(at) => self.eval_at(argno, at),
            None => Ok(None),
        }
    }

    fn arg_current(&mut self, argno: usize) -> PgResult<Datum> {
        let row = self.row;
        Ok(self.eval_at(argno, row)?.unwrap_or_default())
    }

    fn arg_count(&self) -> usize {
        self.args.len()
    }
}

impl ExecNode for WindowAgg {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        out.reset(self.spec.projection.width());
        while out.len() < max_rows {
            if self.row >= self.partition.len() && !self.load(cx)? {
                break;
            }
            self.eval_calls(cx)?;
            self.emit(cx, out)?;
            if self.row & 1023 == 0 {
                cx.check_interrupts()?;
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.partition.clear();
        self.row = 0;
        self.ahead = false;
        self.started = false;
        self.offsets_ready = false;
        self.input.rescan(cx, changed)
    }
}
