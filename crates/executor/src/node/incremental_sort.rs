//! IncrementalSort: sorts runs of rows that are equal in the columns the input is sorted by already.
use super::{ExecNode, Input, NodeSpec};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView},
    plan_spec::{PlanSpec, note},
    store::{SortColumn, Sorter, compare_rows},
};
use error::PgResult;
use std::sync::Arc;
use types::Datum;

pub(crate) struct IncrementalSortSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) columns: Box<[SortColumn]>,
    pub(crate) n_presorted: usize,
    pub(crate) key: usize,
}

struct IncrementalSort {
    spec: Arc<IncrementalSortSpec>,
    input: Input,
    sorter: Sorter,
    /// The first row of the run that comes next.
    ahead: Option<Vec<Datum>>,
    in_run: bool,
    started: bool,
    groups: u64,
}

impl NodeSpec for IncrementalSortSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = Input::new(self.input.start(cx)?);
        let settings = &cx.es.settings;
        let sorter = Sorter::new(self.input.width, settings.work_mem, settings.temp_dir.clone());
        Ok(Box::new(IncrementalSort {
            spec: self,
            input,
            sorter,
            ahead: None,
            in_run: false,
            started: false,
            groups: 0,
        }))
    }
}

impl IncrementalSort {
    fn load_run(&mut self, cx: &mut Cx<'_>, want: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        if !self.started {
            self.started = true;
            if self.input.advance(cx, want)? {
                self.ahead = Some(self.input.row().to_vec());
            }
        }
        let Some(first) = self.ahead.take() else { return Ok(false) };
        self.sorter.clear();
        self.sorter.push(cx, &spec.columns, RowView::Slice(&first))?;
        let presorted = &spec.columns[..spec.n_presorted];
        while self.input.advance(cx, want)? {
            let row = self.input.row();
            if compare_rows(cx, presorted, RowView::Slice(&first), row)?.is_ne() {
                self.ahead = Some(row.to_vec());
                break;
            }
            self.sorter.push(cx, &spec.columns, row)?;
        }
        self.sorter.finish(cx, &spec.columns)?;
        self.groups += 1;
        let groups = self.groups;
        note(cx, spec.key, |i| i.notes = vec![("Groups", groups.to_string())]);
        Ok(true)
    }
}

impl ExecNode for IncrementalSort {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        loop {
            if self.in_run && self.sorter.next_batch(cx, &spec.columns, out, max_rows)? {
                return Ok(true);
            }
            // Small requests read small pieces: a LIMIT above wants few runs.
            self.in_run = self.load_run(cx, max_rows.clamp(32, BATCH_ROWS))?;
            if !self.in_run {
                out.reset(spec.input.width);
                return Ok(false);
            }
        }
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.sorter.clear();
        self.ahead = None;
        self.in_run = false;
        self.started = false;
        self.groups = 0;
        self.input.rescan(cx, changed)
    }
}
