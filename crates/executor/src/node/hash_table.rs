//! The hash table of a join: rows side by side, chained by hash.
use crate::{batch::RowView, store::datum_size};
use types::Datum;

const NONE: u32 = u32::MAX;

/// Rows of one width with their hashes.
#[derive(Default)]
pub(crate) struct HashTable {
    width: usize,
    rows: Vec<Datum>,
    hashes: Vec<u64>,
    next: Vec<u32>,
    heads: Vec<u32>,
    pub(crate) matched: Vec<bool>,
    pub(crate) bytes: usize,
    /// Rows without a hash (a NULL key): they match nothing.
    linked: bool,
}

impl HashTable {
    pub(crate) fn new(width: usize) -> Self {
        HashTable { width, ..HashTable::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.hashes.clear();
        self.next.clear();
        self.heads.clear();
        self.matched.clear();
        self.bytes = 0;
        self.linked = false;
    }

    /// Adds a row; `hash` is `None` for a row that can match nothing.
    pub(crate) fn push(&mut self, row: RowView<'_>, hash: Option<u64>) {
        let at = self.rows.len();
        row.append_to(&mut self.rows);
        self.rows.resize(at + self.width, Datum::Null);
        self.bytes += 13 + self.rows[at..].iter().map(|d| 16 + datum_size(d)).sum::<usize>();
        self.hashes.push(hash.unwrap_or(0));
        // `next` marks rows to be linked until `link` runs.
        self.next.push(if hash.is_some() { 0 } else { NONE - 1 });
        self.matched.push(false);
    }

    /// Builds the chains.
    pub(crate) fn link(&mut self) {
        let buckets = (self.len() * 2).next_power_of_two().max(16);
        self.heads.clear();
        self.heads.resize(buckets, NONE);
        for row in (0..self.len()).rev() {
            if self.next[row] == NONE - 1 {
                continue;
            }
            let bucket = self.hashes[row] as usize & (buckets - 1);
            self.next[row] = self.heads[bucket];
            self.heads[bucket] = row as u32;
        }
        self.linked = true;
    }

    /// First row whose hash is `hash`, at or after a chain position.
    #[inline]
    pub(crate) fn first(&self, hash: u64) -> Option<usize> {
        if self.heads.is_empty() {
            return None;
        }
        self.seek(self.heads[hash as usize & (self.heads.len() - 1)], hash)
    }

    /// The row after `row` in its chain with the same hash.
    #[inline]
    pub(crate) fn following(&self, row: usize, hash: u64) -> Option<usize> {
        self.seek(self.next[row], hash)
    }

    #[inline]
    fn seek(&self, mut at: u32, hash: u64) -> Option<usize> {
        while at != NONE {
            if self.hashes[at as usize] == hash {
                return Some(at as usize);
            }
            at = self.next[at as usize];
        }
        None
    }

    /// A row.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> &[Datum] {
        &self.rows[row * self.width..(row + 1) * self.width]
    }

    /// Takes all rows out, with their hashes.
    pub(crate) fn drain(&mut self, mut visit: impl FnMut(&[Datum], Option<u64>, bool)) {
        for row in 0..self.len() {
            let hash = (self.next[row] != NONE - 1).then_some(self.hashes[row]);
            let matched = self.matched[row];
            visit(&self.rows[row * self.width..(row + 1) * self.width], hash, matched);
        }
        self.clear();
    }
}
