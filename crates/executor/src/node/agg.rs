//! Agg: plain, sorted (with rollups), hashed (with spilling), and several grouping sets.
use super::{
    ExecNode, NodeSpec, Projection,
    agg_call::{AggCall, AggColumns, AggState},
};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::{CExpr, Frame, Side, all_hold},
    group_table::GroupTable,
    hash::KeyColumn,
    plan_spec::{PlanSpec, note},
    store::{SpillFile, datum_size},
};
use error::PgResult;
use std::sync::Arc;
use types::Datum;

/// Files that rows of groups which do not fit go to, at each level.
const PARTITIONS: usize = 16;
const MAX_DEPTH: u32 = 8;
/// Stands for the group of a row that was spilled.
const SPILLED: usize = usize::MAX;

/// One grouping set.
pub(crate) struct GroupingSetSpec {
    pub(crate) keys: Box<[KeyColumn]>,
    /// Values of the GROUPING() calls for it.
    pub(crate) grouping: Box<[Datum]>,
}

/// How groups are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// One group.
    Plain,
    /// Input sorted; the sets' keys are prefixes of each other, longest first.
    Sorted,
    Hashed,
}

pub(crate) struct AggSpec {
    /// A set without columns has a group even without rows; not so where GROUP BY is by constants only.
    pub(crate) empty_group: bool,
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) grouping: Grouping,
    pub(crate) sets: Box<[GroupingSetSpec]>,
    pub(crate) calls: Box<[AggCall]>,
    /// All arguments may be evaluated column by column.
    pub(crate) columnar: bool,
    /// Input columns that are needed of a group besides the aggregates.
    pub(crate) kept: Box<[u16]>,
    /// Of those, the ones that are a key of some set: NULL where they are not one of the present set.
    pub(crate) kept_is_key: Box<[bool]>,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    pub(crate) key: usize,
}

/// Groups of one set in memory, and where the rows of the others went.
struct HashedSet {
    table: GroupTable,
    states: Vec<AggState>,
    kept: Vec<Datum>,
    files: Vec<Option<SpillFile>>,
    depth: u32,
}

struct Agg {
    spec: Arc<AggSpec>,
    input: Box<dyn ExecNode>,
    batch: Batch,
    /// Position in the batch (sorted grouping).
    pos: usize,
    input_done: bool,
    done: bool,
    started: bool,
    pending: Batch,
    delivered: usize,
    /// Plain and sorted: the states and kept columns of each set.
    states: Vec<Vec<AggState>>,
    kept: Vec<Datum>,
    last_key: Option<Vec<Datum>>,
    any_row: bool,
    hashed: Vec<HashedSet>,
    /// Hashed: the set and group to return next, and files still to be read (set, depth, file).
    at: (usize, usize),
    todo: Vec<(usize, u32, SpillFile)>,
    results: Vec<Datum>,
    scratch: Vec<Datum>,
}

impl NodeSpec for AggSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = self.input.start(cx)?;
        Ok(Box::new(Agg {
            pending: Batch::new(self.projection.width()),
            spec: self,
            input,
            batch: Batch::default(),
            pos: 0,
            input_done: false,
            done: false,
            started: false,
            delivered: 0,
            states: Vec::new(),
            kept: Vec::new(),
            last_key: None,
            any_row: false,
            hashed: Vec::new(),
            at: (0, 0),
            todo: Vec::new(),
            results: Vec::new(),
            scratch: Vec::new(),
        }))
    }
}

impl AggSpec {
    fn new_states(&self, cx: &Cx<'_>) -> Vec<AggState> {
        self.calls.iter().map(|call| call.start(cx)).collect()
    }

    /// The arguments of all aggregates for a batch; `None` if they have to be evaluated row by row.
    fn columns<'a>(&self, batch: &'a Batch, cx: &mut Cx<'_>) -> Option<Vec<AggColumns<'a>>> {
        if !self.columnar || batch.len() > usize::from(u16::MAX) {
            return None;
        }
        let frame = Frame { columns: &batch.columns, len: batch.len(), side: Side::Outer };
        self.calls.iter().map(|call| call.columns(&frame, cx).ok()).collect()
    }

    fn keep(&self, row: RowView<'_>, out: &mut Vec<Datum>) {
        out.extend(self.kept.iter().map(|c| row.get(*c as usize).clone()));
    }
}

impl HashedSet {
    fn new(spec: &AggSpec, set: usize, depth: u32) -> Self {
        HashedSet {
            table: GroupTable::new(spec.sets[set].keys.len()),
            states: Vec::new(),
            kept: Vec::new(),
            files: Vec::new(),
            depth,
        }
    }

    /// The group of a row; `None` if the row would start one and had to be spilled, as there is no room.
    fn group(
        &mut self,
        spec: &AggSpec,
        set: usize,
        row: RowView<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<Option<usize>> {
        let keys = &spec.sets[set].keys;
        let (found, hash) = self.table.find(cx, keys, |k| row.get(k.col))?;
        if found.is_some() {
            return Ok(found);
        }
        let full = self.table.bytes > cx.es.hash_mem() && self.depth < MAX_DEPTH;
        if full && !keys.is_empty() {
            self.spill(hash, row, cx)?;
            return Ok(None);
        }
        let group = self.table.insert(keys, hash, |k| row.get(k.col));
        let at = self.kept.len();
        spec.keep(row, &mut self.kept);
        self.table.bytes += self.kept[at..].iter().map(|d| 16 + datum_size(d)).sum::<usize>()
            + spec.calls.len() * size_of::<AggState>();
        self.states.extend(spec.calls.iter().map(|call| call.start(cx)));
        Ok(Some(group))
    }

    /// Takes a row in.
    fn add(
        &mut self,
        spec: &AggSpec,
        set: usize,
        row: RowView<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        let Some(group) = self.group(spec, set, row, cx)? else { return Ok(()) };
        let n = spec.calls.len();
        let rows = Rows::outer(row);
        for (call, state) in spec.calls.iter().zip(&mut self.states[group * n..(group + 1) * n]) {
            call.advance(state, &rows, cx)?;
        }
        Ok(())
    }

    /// Takes the rows of a batch in, whose aggregates' arguments are evaluated. `groups` is scratch space.
    fn add_batch(
        &mut self,
        spec: &AggSpec,
        set: usize,
        batch: &Batch,
        columns: &[AggColumns<'_>],
        groups: &mut Vec<usize>,
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        groups.clear();
        for row in 0..batch.len() {
            groups.push(self.group(spec, set, batch.row(row), cx)?.unwrap_or(SPILLED));
        }
        let n = spec.calls.len();
        for (k, (call, input)) in spec.calls.iter().zip(columns).enumerate() {
            let rows = input.sel.as_ref().map_or(batch.len(), Vec::len);
            for at in 0..rows {
                let row = input.sel.as_ref().map_or(at, |sel| sel[at] as usize);
                if groups[row] != SPILLED {
                    call.advance_row(&mut self.states[groups[row] * n + k], input, row, cx)?;
                }
            }
        }
        Ok(())
    }

    fn spill(&mut self, hash: u64, row: RowView<'_>, cx: &mut Cx<'_>) -> PgResult<()> {
        if self.files.is_empty() {
            self.files.resize_with(PARTITIONS, || None);
        }
        let part = (hash >> (60 - 4 * self.depth)) as usize & (PARTITIONS - 1);
        let file = match &mut self.files[part] {
            Some(file) => file,
            slot => slot.insert(SpillFile::create(&cx.es.settings.temp_dir)?),
        };
        file.append(&row.to_vec())?;
        Ok(())
    }
}

impl Agg {
    /// Results of a group's aggregates, then one output row if the filter lets it pass.
    fn emit_group(
        spec: &AggSpec,
        set: usize,
        kept: &[Datum],
        states: &mut [AggState],
        results: &mut Vec<Datum>,
        scratch: &mut Vec<Datum>,
        pending: &mut Batch,
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        scratch.clear();
        scratch.resize(spec.input.width, Datum::Null);
        for ((column, value), is_key) in spec.kept.iter().zip(kept).zip(&spec.kept_is_key) {
            let col = *column as usize;
            if !is_key || spec.sets[set].keys.iter().any(|k| k.col == col) {
                scratch[col] = value.clone();
            }
        }
        results.clear();
        let outer = Rows::outer(RowView::Slice(scratch));
        for (call, state) in spec.calls.iter().zip(states) {
            results.push(call.finish(state, &outer, cx, false)?);
        }
        results.extend_from_slice(&spec.sets[set].grouping);
        let rows = Rows { outer: RowView::Slice(scratch), aggs: results, ..Rows::NONE };
        if all_hold(&spec.qual, &rows, cx)? {
            spec.projection.emit(&rows, cx, pending)?;
        } else {
            note(cx, spec.key, |i| i.filtered += 1.0);
        }
        Ok(())
    }

    fn emit_running(&mut self, set: usize, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        let fresh = spec.new_states(cx);
        let mut states = std::mem::replace(&mut self.states[set], fresh);
        Self::emit_group(
            &spec,
            set,
            &self.kept,
            &mut states,
            &mut self.results,
            &mut self.scratch,
            &mut self.pending,
            cx,
        )
    }

    fn run_plain(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        self.states = vec![spec.new_states(cx)];
        while self.input.next(cx, &mut self.batch, BATCH_ROWS)? {
            if !self.any_row {
                self.any_row = true;
                self.kept.clear();
                spec.keep(self.batch.row(0), &mut self.kept);
            }
            if let Some(columns) = spec.columns(&self.batch, cx) {
                let states = spec.calls.iter().zip(&mut self.states[0]).zip(&columns);
                for ((call, state), input) in states {
                    call.advance_all(state, input, self.batch.len(), cx)?;
                }
                cx.check_interrupts()?;
                continue;
            }
            for (call, state) in spec.calls.iter().zip(&mut self.states[0]) {
                for row in 0..self.batch.len() {
                    call.advance(state, &Rows::outer(self.batch.row(row)), cx)?;
                }
            }
            cx.check_interrupts()?;
        }
        self.emit_running(0, cx)?;
        self.done = true;
        Ok(())
    }

    /// Takes one input row of a sorted grouping; false at the end.
    fn step_sorted(&mut self, cx: &mut Cx<'_>) -> PgResult<bool> {
        let spec = self.spec.clone();
        if self.states.is_empty() {
            self.states = spec.sets.iter().map(|_| spec.new_states(cx)).collect();
        }
        if self.pos >= self.batch.len() {
            if self.input_done || !self.input.next(cx, &mut self.batch, BATCH_ROWS)? {
                self.input_done = true;
                return Ok(false);
            }
            self.pos = 0;
            cx.check_interrupts()?;
        }
        let longest = &spec.sets[0].keys;
        let row = self.batch.row(self.pos);
        let mut common = longest.len();
        if let Some(last) = &self.last_key {
            for (n, key) in longest.iter().enumerate() {
                if !key.not_distinct(cx, row.get(key.col), &last[n])? {
                    common = n;
                    break;
                }
            }
        }
        if common < longest.len() && self.last_key.is_some() {
            for set in 0..spec.sets.len() {
                if spec.sets[set].keys.len() > common {
                    self.emit_running(set, cx)?;
                }
            }
        }
        let row = self.batch.row(self.pos);
        if self.last_key.is_none() || common < longest.len() {
            let key = self.last_key.get_or_insert_with(Vec::new);
            key.clear();
            key.extend(longest.iter().map(|k| row.get(k.col).clone()));
            self.kept.clear();
            spec.keep(row, &mut self.kept);
        }
        self.any_row = true;
        let rows = Rows::outer(row);
        for states in &mut self.states {
            for (call, state) in spec.calls.iter().zip(states) {
                call.advance(state, &rows, cx)?;
            }
        }
        self.pos += 1;
        Ok(true)
    }

    fn run_sorted(&mut self, cx: &mut Cx<'_>, max_rows: usize) -> PgResult<()> {
        while self.pending.len() < max_rows.min(BATCH_ROWS) {
            if self.step_sorted(cx)? {
                continue;
            }
            let spec = self.spec.clone();
            for set in 0..spec.sets.len() {
                if self.any_row || spec.empty_group && spec.sets[set].keys.is_empty() {
                    if !self.any_row {
                        self.kept = vec![Datum::Null; spec.kept.len()];
                    }
                    self.emit_running(set, cx)?;
                }
            }
            self.done = true;
            break;
        }
        Ok(())
    }

    fn load_hashed(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        let mut groups = Vec::new();
        self.hashed = (0..spec.sets.len()).map(|set| HashedSet::new(&spec, set, 0)).collect();
        while self.input.next(cx, &mut self.batch, BATCH_ROWS)? {
            self.any_row = true;
            if let Some(columns) = spec.columns(&self.batch, cx) {
                for (set, hashed) in self.hashed.iter_mut().enumerate() {
                    hashed.add_batch(&spec, set, &self.batch, &columns, &mut groups, cx)?;
                }
                cx.check_interrupts()?;
                continue;
            }
            for row in 0..self.batch.len() {
                for (set, hashed) in self.hashed.iter_mut().enumerate() {
                    hashed.add(&spec, set, self.batch.row(row), cx)?;
                }
            }
            cx.check_interrupts()?;
        }
        if !self.any_row && spec.empty_group {
            // The empty grouping set has a group without rows.
            for (set, hashed) in self.hashed.iter_mut().enumerate() {
                if spec.sets[set].keys.is_empty() {
                    hashed.table.insert(&[], 0, |_| &Datum::Null);
                    hashed.kept = vec![Datum::Null; spec.kept.len()];
                    hashed.states = spec.new_states(cx);
                }
            }
        }
        if cx.es.instrument.is_some() {
            let bytes: usize = self.hashed.iter().map(|h| h.table.bytes).sum();
            let files: usize = self.hashed.iter().map(|h| h.files.iter().flatten().count()).sum();
            note(cx, spec.key, |i| {
                i.notes = vec![
                    ("HashAgg Batches", (files + 1).to_string()),
                    ("Peak Memory Usage", bytes.div_ceil(1024).to_string()),
                ];
            });
        }
        Ok(())
    }

    fn run_hashed(&mut self, cx: &mut Cx<'_>, max_rows: usize) -> PgResult<()> {
        let spec = self.spec.clone();
        if !self.started {
            self.started = true;
            self.load_hashed(cx)?;
        }
        let n = spec.calls.len();
        let k = spec.kept.len();
        while self.pending.len() < max_rows.min(BATCH_ROWS) {
            let (set, group) = self.at;
            let Some(hashed) = self.hashed.get_mut(set) else {
                self.done = true;
                return Ok(());
            };
            if group < hashed.table.len() {
                self.at.1 += 1;
                let kept = &hashed.kept[group * k..(group + 1) * k];
                let states = &mut hashed.states[group * n..(group + 1) * n];
                Self::emit_group(
                    &spec,
                    set,
                    kept,
                    states,
                    &mut self.results,
                    &mut self.scratch,
                    &mut self.pending,
                    cx,
                )?;
                continue;
            }
            let depth = hashed.depth;
            let files = std::mem::take(&mut hashed.files);
            self.todo.extend(files.into_iter().flatten().map(|file| (set, depth + 1, file)));
            self.next_part(cx)?;
        }
        Ok(())
    }

    /// Loads the next spilled part of the present set, or goes on to the next set.
    fn next_part(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        let set = self.at.0;
        let Some((_, depth, mut file)) = self.todo.pop() else {
            self.hashed[set] = HashedSet::new(&spec, set, 0);
            self.at = (set + 1, 0);
            return Ok(());
        };
        let mut hashed = HashedSet::new(&spec, set, depth);
        let mut row = Vec::new();
        let mut at = 0;
        while at < file.len() {
            at = file.read(at, &mut row)?;
            hashed.add(&spec, set, RowView::Slice(&row), cx)?;
        }
        cx.check_interrupts()?;
        self.hashed[set] = hashed;
        self.at.1 = 0;
        Ok(())
    }
}

impl ExecNode for Agg {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let width = self.spec.projection.width();
        out.reset(width);
        while out.len() < max_rows {
            if self.delivered < self.pending.len() {
                if self.delivered == 0 && out.is_empty() && self.pending.len() <= max_rows {
                    std::mem::swap(out, &mut self.pending);
                    self.pending.reset(width);
                    return Ok(true);
                }
                let count = (max_rows - out.len()).min(self.pending.len() - self.delivered);
                for row in self.delivered..self.delivered + count {
                    out.push_owned(self.pending.columns.iter_mut().map(|c| c[row].take()));
                }
                self.delivered += count;
                continue;
            }
            self.pending.reset(width);
            self.delivered = 0;
            if self.done {
                break;
            }
            match self.spec.grouping {
                Grouping::Plain => self.run_plain(cx)?,
                Grouping::Sorted => self.run_sorted(cx, max_rows)?,
                Grouping::Hashed => self.run_hashed(cx, max_rows)?,
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        self.batch.reset(self.batch.width());
        self.pos = 0;
        self.input_done = false;
        self.done = false;
        self.started = false;
        self.pending.reset(self.spec.projection.width());
        self.delivered = 0;
        self.states.clear();
        self.kept.clear();
        self.last_key = None;
        self.any_row = false;
        self.hashed.clear();
        self.at = (0, 0);
        self.todo.clear();
        self.input.rescan(cx, changed)
    }
}
