//! New rows of heaps in the order of their ids: the part of an overlay that only grows at its end.
//!
//! ```text
//! run of a storage id    chunks of (row id, value) side by side, row ids ascending
//! stamps                 from which position on rows are of which command and subtransaction
//! ```
//! A tree entry with its own allocations costs several times the row. What is written to such a row later goes
//! to the tree, whose versions are newer than the run's.
use crate::{StorageId, row_lock::row_key};

/// Bytes of values in a chunk.
const CHUNK_BYTES: usize = 256 << 10;
/// What a row costs besides its value.
pub(crate) const RUN_ENTRY_COST: usize = 12;

#[derive(Default)]
struct Chunk {
    ids: Vec<u64>,
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Chunk {
    fn value(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.bytes[start..self.ends[at] as usize]
    }
}

/// The new rows of one heap.
#[derive(Default)]
pub(crate) struct Run {
    chunks: Vec<Chunk>,
    /// Rows before each chunk.
    starts: Vec<usize>,
    len: usize,
    closed: bool,
    /// First position, command, subtransaction.
    stamps: Vec<(usize, u32, u32)>,
}

/// The row id of a key, if it is a heap row's.
#[inline]
pub(crate) fn row_of(key: &[u8]) -> Option<u64> {
    let key: &[u8; 12] = key.try_into().ok()?;
    let id = u64::from_be_bytes(*key.last_chunk()?);
    (id < 1 << 63).then_some(id)
}

impl Run {
    pub(crate) fn last(&self) -> Option<u64> {
        self.chunks.last().and_then(|chunk| chunk.ids.last()).copied()
    }

    /// Whether a row may be added.
    #[inline]
    pub(crate) fn takes(&self, id: u64) -> bool {
        !self.closed && self.last().is_none_or(|last| last < id)
    }

    /// No more rows may be added.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a row with a greater id than all others.
    pub(crate) fn push(&mut self, id: u64, value: &[u8], (cid, sub): (u32, u32)) {
        let full = self.chunks.last().is_none_or(|c| c.bytes.len() + value.len() > CHUNK_BYTES);
        if full {
            self.chunks.push(Chunk::default());
            self.starts.push(self.len);
        }
        if self.stamps.last().is_none_or(|stamp| (stamp.1, stamp.2) != (cid, sub)) {
            self.stamps.push((self.len, cid, sub));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.ids.push(id);
            chunk.bytes.extend_from_slice(value);
            chunk.ends.push(chunk.bytes.len() as u32);
            self.len += 1;
        }
    }

    /// Position of the first row with at least this id.
    fn position(&self, id: u64) -> usize {
        let chunk = self.chunks.partition_point(|c| c.ids.last().is_some_and(|last| *last < id));
        match self.chunks.get(chunk) {
            Some(c) => self.starts[chunk] + c.ids.partition_point(|other| *other < id),
            None => self.len,
        }
    }

    /// Row id and value at a position.
    pub(crate) fn row(&self, at: usize) -> Option<(u64, &[u8])> {
        if at >= self.len {
            return None;
        }
        let chunk = self.starts.partition_point(|start| *start <= at) - 1;
        let (chunk, at) = (&self.chunks[chunk], at - self.starts[chunk]);
        Some((chunk.ids[at], chunk.value(at)))
    }

    /// Command and subtransaction of the row at a position.
    pub(crate) fn stamp(&self, at: usize) -> (u32, u32) {
        match self.stamps.partition_point(|stamp| stamp.0 <= at).checked_sub(1) {
            Some(stamp) => (self.stamps[stamp].1, self.stamps[stamp].2),
            None => (0, 0),
        }
    }

    /// Position of a row.
    pub(crate) fn find(&self, id: u64) -> Option<usize> {
        let at = self.position(id);
        (self.row(at)?.0 == id).then_some(at)
    }

    /// Positions of the rows with ids in `[from, to)`.
    pub(crate) fn range(&self, from: u64, to: u64) -> std::ops::Range<usize> {
        let start = self.position(from);
        start..self.position(to).max(start)
    }

    /// Removes what subtransactions from `sub` on added, which is at the end; returns the bytes freed.
    pub(crate) fn rollback(&mut self, sub: u32) -> usize {
        let mut freed = 0;
        while let Some(stamp) = self.stamps.last().copied().filter(|stamp| stamp.2 >= sub) {
            while self.len > stamp.0 {
                freed += self.pop();
            }
            self.stamps.pop();
        }
        freed
    }

    fn pop(&mut self) -> usize {
        let Some(chunk) = self.chunks.last_mut() else { return 0 };
        self.len -= 1;
        chunk.ids.pop();
        chunk.ends.pop();
        let before = chunk.bytes.len();
        chunk.bytes.truncate(chunk.ends.last().map_or(0, |end| *end as usize));
        let freed = before - chunk.bytes.len() + RUN_ENTRY_COST;
        if chunk.ids.is_empty() {
            self.chunks.pop();
            self.starts.pop();
        }
        freed
    }

    /// All rows in order.
    pub(crate) fn iter(&self, sid: StorageId) -> impl Iterator<Item = RunRow<'_>> {
        let rows = self.chunks.iter().flat_map(move |chunk| {
            (0..chunk.ids.len()).map(move |at| (row_key(sid, chunk.ids[at]), chunk.value(at)))
        });
        let mut stamps = self.stamps.iter().peekable();
        let mut stamp = (0, 0);
        rows.enumerate().map(move |(at, (key, value))| {
            while let Some(next) = stamps.next_if(|next| next.0 <= at) {
                stamp = (next.1, next.2);
            }
            RunRow { key, value, stamp }
        })
    }
}

/// A row of a run.
pub(crate) struct RunRow<'a> {
    pub(crate) key: [u8; 12],
    pub(crate) value: &'a [u8],
    pub(crate) stamp: (u32, u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_by_id_and_stamp() {
        let mut run = Run::default();
        for id in 0..5000u64 {
            let sub = if id < 3000 { 0 } else { 7 };
            run.push(id * 2, &[id as u8; 100], (1, sub));
        }
        assert_eq!(run.find(4000), Some(2000));
        assert_eq!(run.find(4001), None);
        assert_eq!(run.range(4001, 4005), 2001..2003);
        assert_eq!(run.row(2000).map(|row| row.1[0]), Some(2000u64 as u8));
        assert_eq!(run.stamp(2999), (1, 0));
        assert_eq!(run.stamp(3000), (1, 7));
        assert_eq!(run.iter(StorageId(9)).count(), 5000);
        assert_eq!(run.rollback(7), 2000 * (100 + RUN_ENTRY_COST));
        assert_eq!(run.last(), Some(5998));
        run.push(6000, b"x", (2, 0));
        assert_eq!(run.stamp(3000), (2, 0));
    }
}
