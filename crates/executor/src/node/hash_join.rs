//! Hash join, all join types; both inputs go to temporary files in batches if the table outgrows memory.
use super::{
    ExecNode, Input, NodeSpec, Projection,
    hash_probe::{Probe, ProbeSpec},
    hash_table::HashTable,
    intersects,
};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, RowView, Rows},
    expr::{CExpr, all_hold},
    hash::{self, HashKind},
    plan_spec::{PlanSpec, note},
    store::SpillFile,
};
use error::PgResult;
use nodes::JoinType;
use std::sync::Arc;
use types::Datum;

pub(crate) struct HashJoinSpec {
    pub(crate) outer: Arc<PlanSpec>,
    /// Input of the Hash node.
    pub(crate) inner: Arc<PlanSpec>,
    pub(crate) jointype: JoinType,
    pub(crate) inner_unique: bool,
    pub(crate) outer_keys: Box<[(CExpr, HashKind)]>,
    pub(crate) inner_keys: Box<[(CExpr, HashKind)]>,
    pub(crate) hashclauses: Box<[CExpr]>,
    pub(crate) joinqual: Box<[CExpr]>,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    /// How it is probed if the table fits into memory.
    pub(crate) probe: Option<ProbeSpec>,
    pub(crate) key: usize,
    pub(crate) hash_key: usize,
}

/// Where the join stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Build,
    /// Needs an outer row.
    Outer,
    /// In the chain of the outer row's hash.
    Chain,
    /// Returning inner rows that found no partner.
    Unmatched,
    Done,
}

/// The files of a batch that waits.
#[derive(Default)]
struct BatchFiles {
    inner: Option<SpillFile>,
    outer: Option<SpillFile>,
    outer_read: u64,
}

struct HashJoin {
    spec: Arc<HashJoinSpec>,
    outer: Input,
    inner: Box<dyn ExecNode>,
    table: HashTable,
    phase: Phase,
    /// Files by batch number; one batch means that all fits.
    batches: Vec<BatchFiles>,
    current: usize,
    outer_buffer: Vec<Datum>,
    outer_from_file: bool,
    outer_hash: Option<u64>,
    matched: bool,
    chain: Option<usize>,
    unmatched_at: usize,
    used: bool,
    probe: Probe,
}

impl NodeSpec for HashJoinSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let outer = Input::new(self.outer.start(cx)?);
        let inner = self.inner.start(cx)?;
        Ok(Box::new(HashJoin {
            table: HashTable::new(self.inner.width),
            spec: self,
            outer,
            inner,
            phase: Phase::Build,
            batches: Vec::new(),
            current: 0,
            outer_buffer: Vec::new(),
            outer_from_file: false,
            outer_hash: None,
            matched: false,
            chain: None,
            unmatched_at: 0,
            used: false,
            probe: Probe::default(),
        }))
    }
}

/// Hash of a row's keys; `None` if one is NULL.
fn key_hash(cx: &mut Cx<'_>, keys: &[(CExpr, HashKind)], rows: &Rows<'_>) -> PgResult<Option<u64>> {
    let mut h = 0;
    for (expr, kind) in keys {
        let mut tmp = Datum::Null;
        let value = expr.eval_ref(rows, cx, &mut tmp)?;
        if value.is_null() {
            return Ok(None);
        }
        h = hash::combine(h, kind.hash(cx.session, value)?);
    }
    Ok(Some(hash::mix(h)))
}

impl HashJoin {
    fn keeps_outer(&self) -> bool {
        matches!(self.spec.jointype, JoinType::Left | JoinType::Full | JoinType::Anti)
    }

    fn keeps_inner(&self) -> bool {
        matches!(self.spec.jointype, JoinType::Right | JoinType::Full | JoinType::RightAnti)
    }

    fn batch_of(&self, hash: Option<u64>) -> usize {
        (hash.unwrap_or(0) >> 32) as usize & (self.batches.len().max(1) - 1)
    }

    fn build(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        self.table.clear();
        self.batches = vec![BatchFiles::default()];
        self.current = 0;
        let limit = cx.es.hash_mem();
        let mut batch = Batch::default();
        let mut total = 0usize;
        while self.inner.next(cx, &mut batch, BATCH_ROWS)? {
            total += batch.len();
            for row in 0..batch.len() {
                let view = batch.row(row);
                let hash = key_hash(cx, &spec.inner_keys, &Rows::outer(view))?;
                if hash.is_none() && !self.keeps_inner() {
                    continue;
                }
                self.add_inner(cx, view, hash)?;
                if self.table.bytes > limit {
                    self.split(cx)?;
                }
            }
            cx.check_interrupts()?;
        }
        self.table.link();
        if cx.es.instrument.is_some() {
            let (batches, bytes) = (self.batches.len(), self.table.bytes);
            let buckets = (self.table.len() * 2).next_power_of_two().max(1024);
            note(cx, spec.hash_key, |i| {
                i.rows += total as f64;
                i.loops += 1.0;
                i.notes = vec![
                    ("Hash Buckets", buckets.to_string()),
                    ("Hash Batches", batches.to_string()),
                    ("Peak Memory Usage", bytes.div_ceil(1024).to_string()),
                ];
            });
        }
        self.phase = Phase::Outer;
        let can_skip = !self.keeps_outer() && self.batches.len() == 1;
        if can_skip && self.table.len() == 0 {
            self.phase = Phase::Done;
        }
        Ok(())
    }

    fn add_inner(&mut self, cx: &Cx<'_>, row: RowView<'_>, hash: Option<u64>) -> PgResult<()> {
        let batch = self.batch_of(hash);
        if batch == self.current {
            self.table.push(row, hash);
            return Ok(());
        }
        let file = &mut self.batches[batch].inner;
        append(cx, file, row, hash)
    }

    /// Doubles the number of batches and moves rows of later batches out of memory.
    fn split(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        if self.batches.len() >= 1 << 12 {
            return Ok(());
        }
        let doubled = self.batches.len() * 2;
        self.batches.resize_with(doubled, BatchFiles::default);
        let mut old = std::mem::take(&mut self.table);
        self.table = HashTable::new(self.spec.inner.width);
        let mut result = Ok(());
        let before = old.bytes;
        old.drain(|row, hash, _| {
            if result.is_ok() {
                result = self.add_inner(cx, RowView::Slice(row), hash);
            }
        });
        result?;
        // Equal keys do not part: give up on dividing when it does not help.
        if self.table.bytes * 10 > before * 9 && self.batches.len() >= 1 << 6 {
            return Ok(());
        }
        Ok(())
    }

    /// Steps to the next outer row of the batch; false at its end.
    fn next_outer(&mut self, cx: &mut Cx<'_>, want: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        if self.current == 0 {
            while self.outer.advance(cx, want)? {
                let hash = key_hash(cx, &spec.outer_keys, &Rows::outer(self.outer.row()))?;
                let batch = if hash.is_none() { 0 } else { self.batch_of(hash) };
                if batch != 0 {
                    let row = self.outer.row();
                    append(cx, &mut self.batches[batch].outer, row, hash)?;
                    continue;
                }
                self.outer_from_file = false;
                self.outer_hash = hash;
                return Ok(true);
            }
            return Ok(false);
        }
        loop {
            let files = &mut self.batches[self.current];
            let Some(file) = &mut files.outer else { return Ok(false) };
            if files.outer_read >= file.len() {
                return Ok(false);
            }
            files.outer_read = file.read(files.outer_read, &mut self.outer_buffer)?;
            let hash = self.outer_buffer.pop();
            self.outer_hash = match hash {
                Some(Datum::Int8(h)) => Some(h as u64),
                _ => None,
            };
            let batch = self.batch_of(self.outer_hash);
            if batch != self.current {
                let row = RowView::Slice(&self.outer_buffer);
                append(cx, &mut self.batches[batch].outer, row, self.outer_hash)?;
                continue;
            }
            self.outer_from_file = true;
            return Ok(true);
        }
    }

    fn outer_row(&self) -> RowView<'_> {
        if self.outer_from_file { RowView::Slice(&self.outer_buffer) } else { self.outer.row() }
    }

    /// Loads the next batch; false if there is none.
    fn next_batch(&mut self, cx: &mut Cx<'_>) -> PgResult<bool> {
        self.batches[self.current] = BatchFiles::default();
        while self.current + 1 < self.batches.len() {
            self.current += 1;
            let files = &mut self.batches[self.current];
            if files.inner.is_none() && (files.outer.is_none() || !self.keeps_outer()) {
                continue;
            }
            self.table.clear();
            let inner = self.batches[self.current].inner.take();
            if let Some(mut file) = inner {
                let mut row = Vec::new();
                let mut at = 0;
                let limit = cx.es.hash_mem();
                while at < file.len() {
                    at = file.read(at, &mut row)?;
                    let hash = match row.pop() {
                        Some(Datum::Int8(h)) => Some(h as u64),
                        _ => None,
                    };
                    self.add_inner(cx, RowView::Slice(&row), hash)?;
                    if self.table.bytes > limit {
                        self.split(cx)?;
                    }
                }
            }
            self.table.link();
            return Ok(true);
        }
        Ok(false)
    }

    fn emit(&self, rows: &Rows<'_>, cx: &mut Cx<'_>, out: &mut Batch) -> PgResult<()> {
        if all_hold(&self.spec.qual, rows, cx)? {
            self.spec.projection.emit(rows, cx, out)
        } else {
            note(cx, self.spec.key, |i| i.filtered += 1.0);
            Ok(())
        }
    }

    /// Follows the chain of the outer row until the batch is full or the chain ends.
    fn follow(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<()> {
        let spec = self.spec.clone();
        let hash = self.outer_hash.unwrap_or(0);
        while let Some(at) = self.chain {
            if out.len() >= max_rows {
                return Ok(());
            }
            self.chain = self.table.following(at, hash);
            if spec.jointype == JoinType::RightSemi && self.table.matched[at] {
                continue;
            }
            let rows = Rows::join(self.outer_row(), RowView::Slice(self.table.row(at)));
            if !all_hold(&spec.hashclauses, &rows, cx)? {
                continue;
            }
            if !all_hold(&spec.joinqual, &rows, cx)? {
                note(cx, spec.key, |i| i.filtered_join += 1.0);
                continue;
            }
            match spec.jointype {
                JoinType::Anti => {
                    self.matched = true;
                    self.chain = None;
                    continue;
                }
                JoinType::RightAnti => {}
                _ => self.emit(&rows, cx, out)?,
            }
            self.matched = true;
            self.table.matched[at] = true;
            if spec.inner_unique || spec.jointype == JoinType::Semi {
                self.chain = None;
            }
        }
        if out.len() >= max_rows && !self.matched && self.keeps_outer() {
            return Ok(());
        }
        self.phase = Phase::Outer;
        if !self.matched && self.keeps_outer() {
            let rows = Rows::join(self.outer_row(), RowView::Nulls);
            self.emit(&rows, cx, out)?;
        }
        Ok(())
    }

    fn unmatched(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<()> {
        while self.unmatched_at < self.table.len() {
            if out.len() >= max_rows {
                return Ok(());
            }
            let at = self.unmatched_at;
            self.unmatched_at += 1;
            if !self.table.matched[at] {
                let rows = Rows::join(RowView::Nulls, RowView::Slice(self.table.row(at)));
                self.emit(&rows, cx, out)?;
            }
        }
        self.phase = if self.next_batch(cx)? { Phase::Outer } else { Phase::Done };
        Ok(())
    }
}

/// Appends a row with its hash to a file, which is made with the first one.
fn append(
    cx: &Cx<'_>,
    file: &mut Option<SpillFile>,
    row: RowView<'_>,
    hash: Option<u64>,
) -> PgResult<()> {
    let file = match file {
        Some(file) => file,
        None => file.insert(SpillFile::create(&cx.es.settings.temp_dir)?),
    };
    let mut values = row.to_vec();
    values.push(hash.map_or(Datum::Null, |h| Datum::Int8(h as i64)));
    file.append(&values)?;
    Ok(())
}

impl ExecNode for HashJoin {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.projection.width());
        self.used = true;
        while out.len() < max_rows {
            match self.phase {
                Phase::Build => self.build(cx)?,
                Phase::Outer if self.batches.len() == 1 && spec.probe.is_some() => {
                    if let Some(probe) = &spec.probe {
                        let (outer, table) = (&mut self.outer, &self.table);
                        self.probe.next(probe, outer, table, cx, out, max_rows)?;
                    }
                    if out.is_empty() {
                        self.phase = Phase::Done;
                    }
                    break;
                }
                Phase::Outer => {
                    if self.next_outer(cx, max_rows)? {
                        self.matched = false;
                        self.chain = self.outer_hash.and_then(|h| self.table.first(h));
                        self.phase = Phase::Chain;
                    } else if self.keeps_inner() {
                        self.unmatched_at = 0;
                        self.phase = Phase::Unmatched;
                    } else {
                        self.phase = if self.next_batch(cx)? { Phase::Outer } else { Phase::Done };
                    }
                }
                Phase::Chain => self.follow(cx, out, max_rows)?,
                Phase::Unmatched => self.unmatched(cx, out, max_rows)?,
                Phase::Done => break,
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        let spec = self.spec.clone();
        self.probe.reset();
        self.outer.rescan(cx, changed)?;
        let keep = self.phase != Phase::Build
            && self.batches.len() == 1
            && !intersects(&spec.inner.params, changed);
        if keep {
            self.table.matched.fill(false);
            self.phase = Phase::Outer;
            return Ok(());
        }
        if self.used {
            self.inner.rescan(cx, changed)?;
        }
        self.phase = Phase::Build;
        Ok(())
    }
}
