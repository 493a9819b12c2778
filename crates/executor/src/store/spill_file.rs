//! A temporary file of rows; it has no name and goes with its handle.
use error::{PgError, PgResult, err};
use std::{fs::File, io::Write, os::unix::fs::FileExt, path::Path};
use types::Datum;

const BUFFER: usize = 64 << 10;

/// Rows appended one after the other, readable at any offset.
pub(crate) struct SpillFile {
    file: File,
    /// Bytes written to the file.
    flushed: u64,
    pending: Vec<u8>,
    /// A window of the file for reading.
    window: Vec<u8>,
    window_start: u64,
}

#[cold]
fn io_error(what: &str, e: &std::io::Error) -> PgError {
    if e.kind() == std::io::ErrorKind::StorageFull {
        return err!(DISK_FULL, "could not {what} temporary file: {e}");
    }
    err!(IO_ERROR, "could not {what} temporary file: {e}")
}

impl SpillFile {
    /// A new file in the directory, which is made if it is not there.
    pub(crate) fn create(directory: &Path) -> PgResult<Self> {
        std::fs::create_dir_all(directory).map_err(|e| io_error("create", &e))?;
        let file = tempfile::tempfile_in(directory).map_err(|e| io_error("create", &e))?;
        Ok(SpillFile { file, flushed: 0, pending: Vec::new(), window: Vec::new(), window_start: 0 })
    }

    /// Bytes in all.
    pub(crate) fn len(&self) -> u64 {
        self.flushed + self.pending.len() as u64
    }

    /// Appends a row; returns where it starts.
    pub(crate) fn append<'a>(&mut self, row: impl IntoIterator<Item = &'a Datum>) -> PgResult<u64> {
        let start = self.len();
        let at = self.pending.len();
        self.pending.extend_from_slice(&[0; 4]);
        write_row(&mut self.pending, row)?;
        let size = (self.pending.len() - at - 4) as u32;
        self.pending[at..at + 4].copy_from_slice(&size.to_le_bytes());
        if self.pending.len() >= BUFFER {
            self.flush()?;
        }
        Ok(start)
    }

    fn flush(&mut self) -> PgResult<()> {
        self.file.write_all(&self.pending).map_err(|e| io_error("write to", &e))?;
        self.flushed += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// Reads the row at an offset into `row` (replaced); returns where the next one starts.
    pub(crate) fn read(&mut self, offset: u64, row: &mut Vec<Datum>) -> PgResult<u64> {
        if offset >= self.flushed {
            return self.read_pending(offset, row);
        }
        self.ensure(offset, 4)?;
        let at = (offset - self.window_start) as usize;
        let mut head = [0u8; 4];
        head.copy_from_slice(&self.window[at..at + 4]);
        let size = u32::from_le_bytes(head) as usize;
        self.ensure(offset, 4 + size)?;
        let at = (offset - self.window_start) as usize + 4;
        row.clear();
        read_row(&self.window[at..at + size], row)?;
        Ok(offset + 4 + size as u64)
    }

    /// The same for a row that is still to be written: readers that follow right behind a writer would
    /// otherwise write every row by itself.
    fn read_pending(&self, offset: u64, row: &mut Vec<Datum>) -> PgResult<u64> {
        let end = || err!(DATA_CORRUPTED, "temporary file ends unexpectedly");
        let bytes = self.pending.get((offset - self.flushed) as usize..).ok_or_else(end)?;
        let (head, rest) = bytes.split_first_chunk::<4>().ok_or_else(end)?;
        let size = u32::from_le_bytes(*head) as usize;
        row.clear();
        read_row(rest.get(..size).ok_or_else(end)?, row)?;
        Ok(offset + 4 + size as u64)
    }

    /// Makes the window cover `[offset, offset + size)`.
    fn ensure(&mut self, offset: u64, size: usize) -> PgResult<()> {
        let end = self.window_start + self.window.len() as u64;
        if offset >= self.window_start && offset + size as u64 <= end {
            return Ok(());
        }
        let want = size.max(BUFFER).min((self.flushed.saturating_sub(offset)) as usize);
        if want < size {
            return Err(err!(DATA_CORRUPTED, "temporary file ends unexpectedly"));
        }
        self.window.resize(want, 0);
        self.file.read_exact_at(&mut self.window, offset).map_err(|e| io_error("read from", &e))?;
        self.window_start = offset;
        Ok(())
    }
}

/// Appends the stored form of a row.
pub(crate) fn write_row<'a>(
    out: &mut Vec<u8>,
    row: impl IntoIterator<Item = &'a Datum>,
) -> PgResult<()> {
    for value in row {
        codec::datum_bytes::encode_datum(out, value)?;
    }
    Ok(())
}

/// Reads the stored form of a row up to its end.
pub(crate) fn read_row(mut bytes: &[u8], row: &mut Vec<Datum>) -> PgResult<()> {
    while !bytes.is_empty() {
        row.push(codec::datum_bytes::decode_datum(&mut bytes)?);
    }
    Ok(())
}
