//! Lock modes and which of them conflict.

/// PostgreSQL's table-level lock modes; other tags use `Share` and `Exclusive` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum LockMode {
    AccessShare = 1,
    RowShare = 2,
    RowExclusive = 3,
    ShareUpdateExclusive = 4,
    Share = 5,
    ShareRowExclusive = 6,
    Exclusive = 7,
    AccessExclusive = 8,
}

/// Row-level lock modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RowLockMode {
    /// FOR KEY SHARE
    KeyShare = 1,
    /// FOR SHARE
    Share = 2,
    /// FOR NO KEY UPDATE
    NoKeyUpdate = 3,
    /// FOR UPDATE
    Update = 4,
}

impl LockMode {
    /// Name as in `pg_locks.mode`.
    pub fn name(self) -> &'static str {
        mode_name(self as u8)
    }

    /// Whether two sessions may not hold these modes at once.
    pub fn conflicts_with(self, other: LockMode) -> bool {
        STANDARD[self as usize] & (1 << other as u8) != 0
    }
}

const fn mask(modes: &[u8]) -> u16 {
    let mut mask = 0;
    let mut i = 0;
    while i < modes.len() {
        mask |= 1 << modes[i];
        i += 1;
    }
    mask
}

/// By mode, the modes that conflict with it, as bits.
const STANDARD: [u16; 9] = [
    0,
    mask(&[8]),
    mask(&[7, 8]),
    mask(&[5, 6, 7, 8]),
    mask(&[4, 5, 6, 7, 8]),
    mask(&[3, 4, 6, 7, 8]),
    mask(&[3, 4, 5, 6, 7, 8]),
    mask(&[2, 3, 4, 5, 6, 7, 8]),
    mask(&[1, 2, 3, 4, 5, 6, 7, 8]),
];

const ROW: [u16; 5] = [0, mask(&[4]), mask(&[3, 4]), mask(&[2, 3, 4]), mask(&[1, 2, 3, 4])];

#[inline]
pub(crate) fn conflict_mask(row_lock: bool, mode: u8) -> u16 {
    if row_lock { ROW[mode as usize] } else { STANDARD[mode as usize] }
}

pub(crate) fn mode_name(mode: u8) -> &'static str {
    match mode {
        1 => "AccessShareLock",
        2 => "RowShareLock",
        3 => "RowExclusiveLock",
        4 => "ShareUpdateExclusiveLock",
        5 => "ShareLock",
        6 => "ShareRowExclusiveLock",
        7 => "ExclusiveLock",
        8 => "AccessExclusiveLock",
        _ => "INVALID",
    }
}
