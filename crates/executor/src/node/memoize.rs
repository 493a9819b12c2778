//! Memoize: keeps the inner rows of a nested loop by their parameters.
use super::{ExecNode, NodeSpec, intersects};
use crate::{
    Cx,
    batch::{BATCH_ROWS, Batch, Rows},
    expr::{CExpr, FnCall},
    hash::{self, HashKind},
    plan_spec::{PlanSpec, note},
    store::datum_size,
};
use error::PgResult;
use std::{collections::HashMap, sync::Arc};
use types::Datum;

/// One parameter expression.
pub(crate) struct MemoKey {
    pub(crate) expr: CExpr,
    pub(crate) kind: HashKind,
    pub(crate) equal: FnCall,
}

pub(crate) struct MemoizeSpec {
    pub(crate) input: Arc<PlanSpec>,
    pub(crate) keys: Box<[MemoKey]>,
    pub(crate) key_params: Box<[i32]>,
    pub(crate) single_row: bool,
    pub(crate) key: usize,
}

struct Entry {
    key: Vec<Datum>,
    rows: Arc<Vec<Vec<Datum>>>,
}

enum State {
    /// The parameters have to be looked up.
    Start,
    /// Rows come from the cache.
    Hit(Arc<Vec<Vec<Datum>>>, usize),
    /// Rows come from the input and are recorded.
    Miss,
    /// Rows come from the input, too many to record.
    Bypass,
    Done,
}

struct Memoize {
    spec: Arc<MemoizeSpec>,
    input: Box<dyn ExecNode>,
    fresh: bool,
    /// Params changed since the input last started.
    changed: Vec<i32>,
    cache: HashMap<u64, Vec<Entry>>,
    bytes: usize,
    state: State,
    hash: u64,
    key: Vec<Datum>,
    recorded: Vec<Vec<Datum>>,
    recorded_bytes: usize,
}

impl NodeSpec for MemoizeSpec {
    fn start(self: Arc<Self>, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        let input = self.input.start(cx)?;
        Ok(Box::new(Memoize {
            spec: self,
            input,
            fresh: true,
            changed: Vec::new(),
            cache: HashMap::new(),
            bytes: 0,
            state: State::Start,
            hash: 0,
            key: Vec::new(),
            recorded: Vec::new(),
            recorded_bytes: 0,
        }))
    }
}

impl Memoize {
    fn look_up(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        self.key.clear();
        let mut h = 0;
        for key in &spec.keys {
            let value = key.expr.eval(&Rows::NONE, cx)?;
            let column = if value.is_null() { 0 } else { key.kind.hash(cx.session, &value)? };
            h = hash::combine(h, column);
            self.key.push(value);
        }
        self.hash = h;
        'entries: for entry in self.cache.get(&h).map_or(&[][..], |e| &e[..]) {
            for ((key, a), b) in spec.keys.iter().zip(&self.key).zip(&entry.key) {
                let same = match (a.is_null(), b.is_null()) {
                    (false, false) => key.equal.test2(cx, a, b)?,
                    (a, b) => a && b,
                };
                if !same {
                    continue 'entries;
                }
            }
            self.state = State::Hit(entry.rows.clone(), 0);
            note(cx, spec.key, |i| bump(i, "Hits"));
            return Ok(());
        }
        note(cx, spec.key, |i| bump(i, "Misses"));
        if self.fresh {
            self.fresh = false;
        } else {
            let changed = std::mem::take(&mut self.changed);
            self.input.rescan(cx, &changed)?;
        }
        self.changed.clear();
        self.recorded.clear();
        self.recorded_bytes = 0;
        self.state = State::Miss;
        Ok(())
    }

    fn keep(&mut self, limit: usize) {
        let rows = std::mem::take(&mut self.recorded);
        let size = self.recorded_bytes + 64 * (self.key.len() + 1);
        if self.bytes + size > limit {
            self.cache.clear();
            self.bytes = 0;
        }
        self.bytes += size;
        let entry = Entry { key: self.key.clone(), rows: Arc::new(rows) };
        self.cache.entry(self.hash).or_default().push(entry);
    }
}

fn bump(i: &mut crate::estate::Instrumentation, name: &'static str) {
    match i.notes.iter_mut().find(|n| n.0 == name) {
        Some(note) => {
            let count: u64 = note.1.parse().unwrap_or(0);
            note.1 = (count + 1).to_string();
        }
        None => i.notes.push((name, "1".into())),
    }
}

impl ExecNode for Memoize {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        if matches!(self.state, State::Start) {
            self.look_up(cx)?;
        }
        let limit = cx.es.hash_mem();
        out.reset(self.spec.input.width);
        match &mut self.state {
            State::Hit(rows, at) => {
                let end = (*at + max_rows).min(rows.len());
                for row in &rows[*at..end] {
                    out.push_row(row);
                }
                *at = end;
            }
            State::Miss => {
                if !self.input.next(cx, out, max_rows.min(BATCH_ROWS))? {
                    self.state = State::Done;
                    self.keep(limit);
                    return Ok(false);
                }
                for row in 0..out.len() {
                    let row = out.row_vec(row);
                    self.recorded_bytes +=
                        24 + row.iter().map(|d| 16 + datum_size(d)).sum::<usize>();
                    self.recorded.push(row);
                }
                if self.recorded_bytes > limit {
                    self.recorded.clear();
                    self.state = State::Bypass;
                } else if self.spec.single_row {
                    self.state = State::Done;
                    self.keep(limit);
                }
            }
            State::Bypass => {
                self.input.next(cx, out, max_rows)?;
            }
            State::Start | State::Done => {}
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        let spec = self.spec.clone();
        for id in changed {
            if !self.changed.contains(id) {
                self.changed.push(*id);
            }
        }
        let others: Vec<i32> =
            changed.iter().copied().filter(|c| !spec.key_params.contains(c)).collect();
        if intersects(&spec.input.params, &others) {
            self.cache.clear();
            self.bytes = 0;
        }
        self.state = State::Start;
        Ok(())
    }
}
