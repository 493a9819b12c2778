//! A sequence of rows to be read again (tuplestore).
use super::SpillFile;
use crate::batch::{Batch, RowView};
use error::PgResult;
use std::path::PathBuf;
use types::Datum;

/// Bytes a value takes besides its 16.
pub(crate) fn datum_size(value: &Datum) -> usize {
    match value {
        Datum::Bytes(v) => {
            let len = v.as_bytes().len();
            if len > 14 { len + 16 } else { 0 }
        }
        Datum::Array(a) => 64 + a.elems.iter().map(|e| 16 + datum_size(e)).sum::<usize>(),
        Datum::Record(r) => 40 + r.fields.iter().map(|e| 16 + datum_size(e)).sum::<usize>(),
        Datum::Range(_) => 96,
        Datum::Multirange(m) => 40 + m.ranges.len() * 96,
        Datum::Internal(_) => 256,
        _ => 0,
    }
}

/// Rows of one width, in memory while they fit.
pub(crate) struct RowStore {
    width: usize,
    rows: usize,
    memory: Vec<Datum>,
    bytes: usize,
    limit: usize,
    temp_dir: PathBuf,
    spill: Option<(SpillFile, Vec<u64>)>,
    current: Vec<Datum>,
}

impl RowStore {
    /// An empty store that may take `limit` bytes of memory.
    pub(crate) fn new(width: usize, limit: usize, temp_dir: PathBuf) -> Self {
        RowStore {
            width,
            rows: 0,
            memory: Vec::new(),
            bytes: 0,
            limit,
            temp_dir,
            spill: None,
            current: Vec::new(),
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Forgets all rows.
    pub(crate) fn clear(&mut self) {
        self.memory.clear();
        self.rows = 0;
        self.bytes = 0;
        self.spill = None;
    }

    /// Appends a row.
    pub(crate) fn push(&mut self, row: RowView<'_>) -> PgResult<()> {
        if let Some((file, offsets)) = &mut self.spill {
            self.current.clear();
            row.append_to(&mut self.current);
            offsets.push(file.append(&self.current)?);
            self.rows += 1;
            return Ok(());
        }
        let at = self.memory.len();
        row.append_to(&mut self.memory);
        self.memory.resize(at + self.width, Datum::Null);
        self.bytes += self.memory[at..].iter().map(|d| 16 + datum_size(d)).sum::<usize>();
        self.rows += 1;
        if self.bytes > self.limit { self.spill() } else { Ok(()) }
    }

    /// Appends all rows of a batch.
    pub(crate) fn push_batch(&mut self, batch: &Batch) -> PgResult<()> {
        for row in 0..batch.len() {
            self.push(batch.row(row))?;
        }
        Ok(())
    }

    fn spill(&mut self) -> PgResult<()> {
        if self.width == 0 {
            return Ok(());
        }
        let mut file = SpillFile::create(&self.temp_dir)?;
        let mut offsets = Vec::with_capacity(self.rows * 2);
        for row in self.memory.chunks(self.width) {
            offsets.push(file.append(row)?);
        }
        self.memory = Vec::new();
        self.spill = Some((file, offsets));
        Ok(())
    }

    /// One row.
    pub(crate) fn get(&mut self, row: usize) -> PgResult<&[Datum]> {
        match &mut self.spill {
            None => Ok(&self.memory[row * self.width..(row + 1) * self.width]),
            Some((file, offsets)) => {
                file.read(offsets[row], &mut self.current)?;
                Ok(&self.current)
            }
        }
    }

    /// Appends up to `max_rows` rows from `from` to a batch (which is reset); returns how many.
    pub(crate) fn read_batch(
        &mut self,
        from: usize,
        out: &mut Batch,
        max_rows: usize,
    ) -> PgResult<usize> {
        out.reset(self.width);
        let count = max_rows.min(self.rows.saturating_sub(from));
        for row in from..from + count {
            out.push_row(self.get(row)?);
        }
        Ok(count)
    }
}
