//! Run-time nodes, one file a plan node.
mod agg;
mod agg_call;
mod append;
mod bitmap;
mod cte_scan;
mod function_scan;
mod group;
mod hash_join;
mod hash_probe;
mod hash_table;
mod incremental_sort;
mod index_keys;
mod index_scan;
mod instrumented;
mod key_probe;
mod limit;
mod lock_rows;
mod material;
mod memoize;
mod merge_append;
mod merge_join;
mod nest_loop;
mod project_set;
mod projection;
mod recursive_union;
mod result;
mod scan_base;
mod seq_scan;
mod set_op;
mod sort;
mod subquery_scan;
mod table_func_scan;
mod tid_scan;
mod values_scan;
mod window;
mod window_frame;

pub(crate) use agg::{AggSpec, Grouping, GroupingSetSpec};
pub(crate) use agg_call::AggCall;
pub(crate) use append::AppendSpec;
pub(crate) use bitmap::{BitmapHeapSpec, BitmapSource};
pub(crate) use cte_scan::{CteScanSpec, CteState, KeptRows, NamedStoreSpec, WorkTableScanSpec};
pub(crate) use function_scan::{FunctionScanSpec, ScannedFunction};
pub(crate) use group::{GroupSpec, UniqueSpec};
pub(crate) use hash_join::HashJoinSpec;
pub(crate) use hash_probe::ProbeSpec;
pub(crate) use incremental_sort::IncrementalSortSpec;
pub(crate) use index_keys::{IndexKeys, convert_key, find_index};
pub(crate) use index_scan::{IndexOnly, IndexScanSpec};
pub(crate) use instrumented::{InitPlans, Instrumented};
pub(crate) use key_probe::KeyProbe;
pub(crate) use limit::{LimitBound, LimitExprs, LimitSpec};
pub(crate) use lock_rows::{LockMark, LockRowsSpec};
pub(crate) use material::MaterialSpec;
pub(crate) use memoize::{MemoKey, MemoizeSpec};
pub(crate) use merge_append::MergeAppendSpec;
pub(crate) use merge_join::{MergeJoinSpec, MergeKey};
pub(crate) use nest_loop::NestLoopSpec;
pub(crate) use project_set::{ProjectSetSpec, SetColumn};
pub(crate) use projection::Projection;
pub(crate) use recursive_union::RecursiveUnionSpec;
pub(crate) use result::ResultSpec;
pub(crate) use scan_base::{ScanBase, fill_system};
pub(crate) use seq_scan::{Sample, SeqScanSpec};
pub(crate) use set_op::SetOpSpec;
pub(crate) use sort::SortSpec;
pub(crate) use subquery_scan::SubqueryScanSpec;
pub(crate) use table_func_scan::{JsonPathRows, JsonRows, TableFuncScanSpec};
pub(crate) use tid_scan::{TidQual, TidScanSpec};
pub(crate) use values_scan::ValuesScanSpec;
pub(crate) use window::{WindowCall, WindowSpec};
pub(crate) use window_frame::{FrameSpec, RangeOffsets};

use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView},
};
use error::PgResult;
use std::{collections::HashMap, sync::Arc};
use types::Datum;

/// A running node.
pub(crate) trait ExecNode: Send {
    /// Fills `out` (which it resets) with at least one and at most `max_rows` rows; false at the end.
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool>;
    /// Starts over; `changed` are the exec params that have new values.
    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()>;
    /// Starts over for another execution: with other parameters, in another transaction. Only nodes of
    /// restartable plans are asked.
    fn restart(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        self.rescan(cx, &[])
    }
}

/// What a node is made from, shared by all executions of a plan.
pub(crate) trait NodeSpec: Send + Sync {
    /// A fresh run-time node.
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>>;
}

/// The rows of an uncorrelated hashed subquery.
#[derive(Default)]
pub(crate) struct SubplanCache {
    pub(crate) table: HashMap<u64, Vec<Vec<Datum>>>,
    pub(crate) with_nulls: Vec<Vec<Datum>>,
    pub(crate) any_row: bool,
    /// Values that the subplan's params had.
    params: Vec<Datum>,
}

impl SubplanCache {
    fn param_values(plan: u32, cx: &Cx<'_>) -> Vec<Datum> {
        let Some(spec) = cx.es.subplan_specs.get(plan as usize) else { return Vec::new() };
        let value = |id: &i32| cx.es.exec_params.get(*id as usize).map(|p| p.value.clone());
        spec.params.iter().map(|id| value(id).unwrap_or_default()).collect()
    }

    /// Remembers the present values of the subplan's params.
    pub(crate) fn note_params(&mut self, plan: u32, cx: &Cx<'_>) {
        self.params = Self::param_values(plan, cx);
    }

    /// Whether the subplan would yield the same rows now.
    pub(crate) fn is_current(&self, plan: u32, cx: &Cx<'_>) -> bool {
        if self.params.is_empty() {
            return true;
        }
        let now = Self::param_values(plan, cx);
        self.params.iter().zip(&now).all(|(a, b)| crate::modify::same_datum(a, b))
    }
}

/// An input read row by row.
pub(crate) struct Input {
    pub(crate) node: Box<dyn ExecNode>,
    pub(crate) batch: Batch,
    pos: usize,
    done: bool,
}

impl Input {
    pub(crate) fn new(node: Box<dyn ExecNode>) -> Self {
        Input { node, batch: Batch::default(), pos: 0, done: false }
    }

    /// Steps to the next row; false at the end. `want` is how many rows to fetch if none is at hand.
    #[inline]
    pub(crate) fn advance(&mut self, cx: &mut Cx<'_>, want: usize) -> PgResult<bool> {
        if self.pos + 1 < self.batch.len() {
            self.pos += 1;
            return Ok(true);
        }
        self.fetch(cx, want)
    }

    fn fetch(&mut self, cx: &mut Cx<'_>, want: usize) -> PgResult<bool> {
        if self.done {
            return Ok(false);
        }
        self.pos = 0;
        if !self.node.next(cx, &mut self.batch, want.clamp(1, BATCH_ROWS))? {
            self.batch.reset(self.batch.width());
            self.done = true;
            return Ok(false);
        }
        cx.check_interrupts()?;
        Ok(true)
    }

    /// Reads the next batch as a whole, past rows not stepped to; false at the end.
    pub(crate) fn next_batch(&mut self, cx: &mut Cx<'_>, want: usize) -> PgResult<bool> {
        self.fetch(cx, want)
    }

    /// The row stepped to.
    #[inline]
    pub(crate) fn row(&self) -> RowView<'_> {
        self.batch.row(self.pos)
    }

    pub(crate) fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.clear();
        self.node.rescan(cx, changed)
    }

    pub(crate) fn restart(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        self.clear();
        self.node.restart(cx)
    }

    fn clear(&mut self) {
        self.pos = 0;
        self.done = false;
        self.batch.reset(self.batch.width());
    }
}

/// Whether two short lists of params meet.
pub(crate) fn intersects(params: &[i32], changed: &[i32]) -> bool {
    changed.iter().any(|c| params.contains(c))
}
