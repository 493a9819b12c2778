//! Row ids and the `ctid` that clients see of them.

/// The number of a row in its heap, for the row's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rowid(pub u64);

/// Rows that share a block number of `ctid`.
const ROWS_PER_BLOCK: u64 = 128;

impl Rowid {
    /// As a tid datum: block << 16 | offset, offsets from 1.
    pub fn to_tid(self) -> i64 {
        ((self.0 / ROWS_PER_BLOCK) << 16 | (self.0 % ROWS_PER_BLOCK + 1)) as i64
    }

    /// The row a tid names; `None` if no row can have that tid.
    pub fn from_tid(tid: i64) -> Option<Rowid> {
        let (block, offset) = ((tid as u64) >> 16, tid as u64 & 0xffff);
        (1..=ROWS_PER_BLOCK).contains(&offset).then(|| Rowid(block * ROWS_PER_BLOCK + offset - 1))
    }

    /// The first row at or after a tid: the lower end of a tid range.
    pub fn at_or_after_tid(tid: i64) -> Rowid {
        let (block, offset) = ((tid as u64) >> 16, tid as u64 & 0xffff);
        match offset {
            0 => Rowid(block * ROWS_PER_BLOCK),
            offset => Rowid(block * ROWS_PER_BLOCK + (offset - 1).min(ROWS_PER_BLOCK)),
        }
    }

    /// Number of blocks that rows below this one take.
    pub fn blocks_below(self) -> u64 {
        self.0.div_ceil(ROWS_PER_BLOCK)
    }
}
