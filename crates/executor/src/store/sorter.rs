//! Sorting rows: in memory with abbreviated keys, or by merging sorted runs in a temporary file.
use super::{SpillFile, datum_size, quicksort::quicksort};
use crate::{
    Cx,
    batch::{Batch, RowView},
    expr::{ExprCompiler, FnCall, cmp_f64, is_c_collation},
};
use error::{PgError, PgResult, err};
use nodes::plan::SortKey;
use std::{cmp::Ordering, path::PathBuf};
use types::{Datum, Oid, type_oid};

/// How values are compared.
pub(crate) enum Comparer {
    Int2,
    Int4,
    Int8,
    Oid,
    Bool,
    Char,
    Float4,
    Float8,
    /// As unsigned bytes.
    Bytes,
    /// By a btree comparison function.
    Func(FnCall),
}

impl Comparer {
    /// The comparison function behind an ordering operator; the flag says the operator is a `>`.
    pub(crate) fn of_operator(
        c: &mut ExprCompiler<'_>,
        operator: Oid,
        collation: Oid,
    ) -> PgResult<(Self, bool)> {
        const BTREE: Oid = Oid(403);
        let amops = c.catalog.amops_of_operator(operator)?;
        let Some(amop) = amops
            .iter()
            .find(|a| a.method == BTREE && a.purpose == 's' && matches!(a.strategy, 1 | 5))
        else {
            return Err(PgError::internal(format!(
                "operator {operator} is not a valid ordering operator"
            )));
        };
        let proc_ = c.catalog.opfamily_proc(amop.family, amop.left, amop.right, 1)?;
        if !proc_.is_valid() {
            return Err(PgError::internal(format!(
                "missing support function 1 in opfamily {}",
                amop.family
            )));
        }
        Ok((Self::of_function(c, proc_, amop.left, amop.right, collation)?, amop.strategy == 5))
    }

    /// The comparer for a btree comparison function.
    pub(crate) fn of_function(
        c: &mut ExprCompiler<'_>,
        function: Oid,
        left: Oid,
        right: Oid,
        collation: Oid,
    ) -> PgResult<Self> {
        let call = c.function(function, &[left, right], type_oid::INT4, collation)?;
        Ok(match call.info.prosrc.as_str() {
            "btint2cmp" => Comparer::Int2,
            "btint4cmp" | "date_cmp" => Comparer::Int4,
            "btint8cmp" | "timestamp_cmp" | "time_cmp" | "cash_cmp" => Comparer::Int8,
            "btoidcmp" => Comparer::Oid,
            "btboolcmp" => Comparer::Bool,
            "btcharcmp" => Comparer::Char,
            "btfloat4cmp" => Comparer::Float4,
            "btfloat8cmp" => Comparer::Float8,
            "byteacmp" | "uuid_cmp" | "bttext_pattern_cmp" => Comparer::Bytes,
            "bttextcmp" | "btnamecmp" if is_c_collation(c.catalog, collation)? => Comparer::Bytes,
            _ => Comparer::Func(call),
        })
    }

    /// The order of two values that are not NULL.
    #[inline]
    pub(crate) fn compare(&self, cx: &mut Cx<'_>, a: &Datum, b: &Datum) -> PgResult<Ordering> {
        Ok(match self {
            Comparer::Int2 => a.as_i16().cmp(&b.as_i16()),
            Comparer::Int4 => a.as_i32().cmp(&b.as_i32()),
            Comparer::Int8 => a.as_i64().cmp(&b.as_i64()),
            Comparer::Oid => a.as_oid().cmp(&b.as_oid()),
            Comparer::Bool => a.as_bool().cmp(&b.as_bool()),
            Comparer::Char => a.as_char().cmp(&b.as_char()),
            Comparer::Float4 => cmp_f64(f64::from(a.as_f32()), f64::from(b.as_f32())),
            Comparer::Float8 => cmp_f64(a.as_f64(), b.as_f64()),
            Comparer::Bytes => a.as_bytes().cmp(b.as_bytes()),
            Comparer::Func(call) => match call.call2(cx, a, b)? {
                Datum::Int4(order) => order.cmp(&0),
                other => {
                    return Err(PgError::internal(format!(
                        "comparison function returned {other:?}"
                    )));
                }
            },
        })
    }

    /// A word whose order agrees with that of the values; the flag says it decides completely.
    #[inline]
    fn abbreviate(&self, value: &Datum) -> (u64, bool) {
        const SIGN: u64 = 1 << 63;
        match (self, value) {
            (Comparer::Int2, Datum::Int2(v)) => (i64::from(*v) as u64 ^ SIGN, true),
            (Comparer::Int4, Datum::Int4(v)) => (i64::from(*v) as u64 ^ SIGN, true),
            (Comparer::Int8, Datum::Int8(v)) => (*v as u64 ^ SIGN, true),
            (Comparer::Oid, Datum::Oid(v)) => (u64::from(v.0), true),
            (Comparer::Bool, Datum::Bool(v)) => (u64::from(*v), true),
            (Comparer::Char, Datum::Char(v)) => (u64::from(*v), true),
            (Comparer::Bytes, Datum::Bytes(v)) => {
                let bytes = v.as_bytes();
                let mut word = [0u8; 8];
                let n = bytes.len().min(8);
                word[..n].copy_from_slice(&bytes[..n]);
                (u64::from_be_bytes(word), false)
            }
            _ => (0, false),
        }
    }
}

/// One column of a sort order.
pub(crate) struct SortColumn {
    pub(crate) col: usize,
    pub(crate) comparer: Comparer,
    pub(crate) reverse: bool,
    pub(crate) nulls_first: bool,
}

impl SortColumn {
    pub(crate) fn compile(c: &mut ExprCompiler<'_>, key: &SortKey) -> PgResult<Self> {
        let (comparer, reverse) = Comparer::of_operator(c, key.sort_operator, key.collation)?;
        Ok(SortColumn {
            col: key.col as usize - 1,
            comparer,
            reverse,
            nulls_first: key.nulls_first,
        })
    }

    pub(crate) fn compile_all(
        c: &mut ExprCompiler<'_>,
        keys: &[SortKey],
    ) -> PgResult<Box<[SortColumn]>> {
        keys.iter().map(|k| Self::compile(c, k)).collect()
    }

    /// The order of two values, NULLs included.
    #[inline]
    pub(crate) fn compare(&self, cx: &mut Cx<'_>, a: &Datum, b: &Datum) -> PgResult<Ordering> {
        Ok(match (a.is_null(), b.is_null()) {
            (false, false) => {
                let order = self.comparer.compare(cx, a, b)?;
                if self.reverse { order.reverse() } else { order }
            }
            (true, true) => Ordering::Equal,
            (true, false) if self.nulls_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if self.nulls_first => Ordering::Greater,
            (false, true) => Ordering::Less,
        })
    }
}

/// The order of two rows.
pub(crate) fn compare_rows(
    cx: &mut Cx<'_>,
    columns: &[SortColumn],
    a: RowView<'_>,
    b: RowView<'_>,
) -> PgResult<Ordering> {
    for column in columns {
        let order = column.compare(cx, a.get(column.col), b.get(column.col))?;
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

/// A row in memory with its leading key.
#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    row: u32,
    null_rank: u8,
}

/// A sorted run in the spill file.
struct Run {
    next: u64,
    end: u64,
    row: Vec<Datum>,
    live: bool,
}

/// Collects rows, sorts them, and returns them in order.
pub(crate) struct Sorter {
    width: usize,
    rows: Vec<Datum>,
    entries: Vec<Entry>,
    bytes: usize,
    limit: usize,
    temp_dir: PathBuf,
    /// Only that many rows are wanted.
    bound: Option<usize>,
    file: Option<SpillFile>,
    runs: Vec<Run>,
    heap: Vec<usize>,
    position: usize,
    /// Whether the first key's word decides alone.
    decisive: bool,
    pub(crate) peak: usize,
}

impl Sorter {
    pub(crate) fn new(width: usize, limit: usize, temp_dir: PathBuf) -> Self {
        Sorter {
            width,
            rows: Vec::new(),
            entries: Vec::new(),
            bytes: 0,
            limit,
            temp_dir,
            bound: None,
            file: None,
            runs: Vec::new(),
            heap: Vec::new(),
            position: 0,
            decisive: true,
            peak: 0,
        }
    }

    /// Only the first `rows` rows will be read.
    pub(crate) fn set_bound(&mut self, rows: Option<usize>) {
        self.bound = rows;
    }

    /// Method and space, as EXPLAIN ANALYZE names them.
    pub(crate) fn method(&self) -> (&'static str, &'static str, usize) {
        match (&self.file, self.bound) {
            (Some(file), _) => ("external merge", "Disk", file.len() as usize),
            (None, Some(_)) => ("top-N heapsort", "Memory", self.peak.max(self.bytes)),
            (None, None) => ("quicksort", "Memory", self.peak.max(self.bytes)),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.entries.clear();
        self.bytes = 0;
        self.file = None;
        self.runs.clear();
        self.heap.clear();
        self.position = 0;
        self.decisive = true;
    }

    /// Adds a row.
    pub(crate) fn push(
        &mut self,
        cx: &mut Cx<'_>,
        columns: &[SortColumn],
        row: RowView<'_>,
    ) -> PgResult<()> {
        let at = self.rows.len();
        row.append_to(&mut self.rows);
        self.rows.resize(at + self.width, Datum::Null);
        let (mut key, mut null_rank) = (0, 1);
        if let Some(first) = columns.first() {
            let value = &self.rows[at + first.col];
            if value.is_null() {
                null_rank = if first.nulls_first { 0 } else { 2 };
            } else {
                let (word, decisive) = first.comparer.abbreviate(value);
                self.decisive &= decisive;
                key = if first.reverse { !word } else { word };
            }
        }
        let row = u32::try_from(self.entries.len())
            .map_err(|_| err!(PROGRAM_LIMIT_EXCEEDED, "too many rows to sort in memory"))?;
        self.entries.push(Entry { key, row, null_rank });
        self.bytes +=
            size_of::<Entry>() + self.rows[at..].iter().map(|d| 16 + datum_size(d)).sum::<usize>();
        if let Some(bound) = self.bound {
            if self.entries.len() > 2 * bound + 64 {
                self.keep_first(cx, columns, bound)?;
            }
        }
        if self.bytes > self.limit && self.width > 0 {
            self.peak = self.peak.max(self.bytes);
            self.spill_run(cx, columns)?;
        }
        Ok(())
    }

    /// Sorts what is in memory and drops all rows after the first `bound`.
    fn keep_first(
        &mut self,
        cx: &mut Cx<'_>,
        columns: &[SortColumn],
        bound: usize,
    ) -> PgResult<()> {
        self.peak = self.peak.max(self.bytes);
        self.sort_memory(cx, columns)?;
        self.entries.truncate(bound);
        let mut rows = Vec::with_capacity(self.width * (2 * bound + 65));
        for (n, entry) in self.entries.iter_mut().enumerate() {
            let at = entry.row as usize * self.width;
            rows.extend(self.rows[at..at + self.width].iter_mut().map(Datum::take));
            entry.row = n as u32;
        }
        self.rows = rows;
        self.bytes = self.entries.len() * size_of::<Entry>()
            + self.rows.iter().map(|d| 16 + datum_size(d)).sum::<usize>();
        Ok(())
    }

    fn sort_memory(&mut self, cx: &mut Cx<'_>, columns: &[SortColumn]) -> PgResult<()> {
        cx.check_interrupts()?;
        let Some(first) = columns.first() else { return Ok(()) };
        let (rows, width, decisive) = (&self.rows, self.width, self.decisive);
        let mut failure: Option<PgError> = None;
        let mut compare = |a: &Entry, b: &Entry| {
            let order = a.null_rank.cmp(&b.null_rank).then(a.key.cmp(&b.key));
            if order.is_ne() {
                return order;
            }
            if failure.is_some() {
                return Ordering::Equal;
            }
            let left = &rows[a.row as usize * width..];
            let right = &rows[b.row as usize * width..];
            let skip = usize::from(decisive || left[first.col].is_null());
            for column in &columns[skip..] {
                match column.compare(cx, &left[column.col], &right[column.col]) {
                    Ok(Ordering::Equal) => {}
                    Ok(order) => return order,
                    Err(e) => {
                        failure = Some(e);
                        break;
                    }
                }
            }
            Ordering::Equal
        };
        quicksort(&mut self.entries, &mut compare);
        match failure {
            Some(e) => Err(e),
            None => Ok(()),
        }
    }

    fn spill_run(&mut self, cx: &mut Cx<'_>, columns: &[SortColumn]) -> PgResult<()> {
        self.sort_memory(cx, columns)?;
        if self.file.is_none() {
            self.file = Some(SpillFile::create(&self.temp_dir)?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let next = file.len();
        let keep = self.bound.unwrap_or(usize::MAX);
        for entry in self.entries.iter().take(keep) {
            let at = entry.row as usize * self.width;
            file.append(&self.rows[at..at + self.width])?;
        }
        self.runs.push(Run { next, end: file.len(), row: Vec::new(), live: true });
        self.rows.clear();
        self.entries.clear();
        self.bytes = 0;
        self.decisive = true;
        Ok(())
    }

    /// Ends the input.
    pub(crate) fn finish(&mut self, cx: &mut Cx<'_>, columns: &[SortColumn]) -> PgResult<()> {
        self.peak = self.peak.max(self.bytes);
        if self.runs.is_empty() {
            return self.sort_memory(cx, columns);
        }
        if !self.entries.is_empty() {
            self.spill_run(cx, columns)?;
        }
        self.start_merge(cx, columns)
    }

    fn start_merge(&mut self, cx: &mut Cx<'_>, columns: &[SortColumn]) -> PgResult<()> {
        self.heap = Vec::with_capacity(self.runs.len());
        for run in 0..self.runs.len() {
            self.advance(run)?;
            if self.runs[run].live {
                self.heap.push(run);
            }
        }
        for at in (0..self.heap.len() / 2).rev() {
            self.sift_down(cx, columns, at)?;
        }
        Ok(())
    }

    /// Reads the next row of a run.
    fn advance(&mut self, run: usize) -> PgResult<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let run = &mut self.runs[run];
        if run.next >= run.end {
            run.live = false;
            return Ok(());
        }
        run.next = file.read(run.next, &mut run.row)?;
        Ok(())
    }

    fn run_order(
        &self,
        cx: &mut Cx<'_>,
        columns: &[SortColumn],
        a: usize,
        b: usize,
    ) -> PgResult<Ordering> {
        let left = RowView::Slice(&self.runs[a].row);
        let right = RowView::Slice(&self.runs[b].row);
        Ok(compare_rows(cx, columns, left, right)?.then(a.cmp(&b)))
    }

    fn sift_down(
        &mut self,
        cx: &mut Cx<'_>,
        columns: &[SortColumn],
        mut at: usize,
    ) -> PgResult<()> {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len()
                    && self.run_order(cx, columns, self.heap[child], self.heap[least])?.is_lt()
                {
                    least = child;
                }
            }
            if least == at {
                return Ok(());
            }
            self.heap.swap(at, least);
            at = least;
        }
    }

    /// Goes back to the first row.
    pub(crate) fn rewind(&mut self, cx: &mut Cx<'_>, columns: &[SortColumn]) -> PgResult<()> {
        self.position = 0;
        if self.runs.is_empty() {
            return Ok(());
        }
        let mut start = 0;
        for run in &mut self.runs {
            run.next = start;
            run.live = true;
            start = run.end;
        }
        self.start_merge(cx, columns)
    }

    /// The next rows in order into `out` (which is reset); false at the end.
    pub(crate) fn next_batch(
        &mut self,
        cx: &mut Cx<'_>,
        columns: &[SortColumn],
        out: &mut Batch,
        max_rows: usize,
    ) -> PgResult<bool> {
        out.reset(self.width);
        let max_rows = match self.bound {
            Some(bound) => max_rows.min(bound.saturating_sub(self.position)),
            None => max_rows,
        };
        if self.runs.is_empty() {
            let end = (self.position + max_rows).min(self.entries.len());
            for entry in &self.entries[self.position.min(end)..end] {
                let at = entry.row as usize * self.width;
                out.push_row(&self.rows[at..at + self.width]);
            }
            self.position = end;
            return Ok(!out.is_empty());
        }
        while out.len() < max_rows {
            let Some(run) = self.heap.first().copied() else { break };
            out.push_row(&self.runs[run].row);
            self.position += 1;
            self.advance(run)?;
            if !self.runs[run].live {
                self.heap.swap_remove(0);
            }
            if !self.heap.is_empty() {
                self.sift_down(cx, columns, 0)?;
            }
        }
        Ok(!out.is_empty())
    }
}
