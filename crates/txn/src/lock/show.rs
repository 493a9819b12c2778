//! The lock table as views show it.
use super::{
    LockManager, LockMode, LockRow, LockTag,
    mode::{conflict_mask, mode_name},
    table::Lock,
};
use crate::backend::Backend;

fn standard_mode(mode: u8) -> LockMode {
    match mode {
        1 => LockMode::AccessShare,
        2 => LockMode::RowShare,
        3 => LockMode::RowExclusive,
        4 => LockMode::ShareUpdateExclusive,
        5 => LockMode::Share,
        6 => LockMode::ShareRowExclusive,
        7 => LockMode::Exclusive,
        _ => LockMode::AccessExclusive,
    }
}

/// The mode that a wait shows: PostgreSQL's waits for rows and unique values are for transactions.
pub(crate) fn shown_mode(tag: &LockTag, mode: u8) -> LockMode {
    if tag.shows_as_transaction() { LockMode::Share } else { standard_mode(mode) }
}

/// "ShareLock on transaction 741" and the like.
pub(super) fn describe_wait(tag: &LockTag, mode: u8, blocker: &Backend) -> String {
    match blocker.current_xid() {
        Some(xid) if tag.shows_as_transaction() => {
            let tag = LockTag::Transaction { xid };
            format!("{} on {tag}", LockMode::Share.name())
        }
        _ => format!("{} on {tag}", mode_name(mode)),
    }
}

fn blockers<'a>(tag: &LockTag, lock: &'a Lock, waiter: u32) -> impl Iterator<Item = u32> + 'a {
    let row = tag.is_row();
    let queue = || lock.waiters.iter().flat_map(|w| w.iter());
    let mode = queue().find(|w| w.backend.id == waiter).map_or(0, |w| w.mode);
    let conflicts = conflict_mask(row, mode);
    let holders = lock
        .holders
        .iter()
        .filter(move |h| h.backend != waiter && (h.xact | h.session) & conflicts != 0)
        .map(|h| h.backend);
    let ahead = queue()
        .take_while(move |w| w.backend.id != waiter)
        .filter(move |w| conflicts & (1 << w.mode) != 0)
        .map(|w| w.backend.id);
    holders.chain(ahead)
}

impl LockManager {
    /// All locks held and waited for, for `pg_locks`. Row locks held do not show, as in PostgreSQL; waits for
    /// rows and unique values show as waits for the transaction that stands in the way.
    pub fn snapshot_of_locks(&self) -> Vec<LockRow> {
        let mut out = Vec::new();
        let backends = self.backends.read().clone();
        for backend in backends.values() {
            let xid = backend.current_xid();
            let mut show = |tag, mode, fastpath| {
                let pid = backend.pid;
                out.push(LockRow {
                    tag,
                    pid,
                    xid,
                    mode,
                    granted: true,
                    fastpath,
                    wait_start: None,
                });
            };
            for (db, oid, modes) in &backend.held.lock().fast {
                for mode in (1..=3).filter(|mode| modes & (1 << mode) != 0) {
                    show(LockTag::Relation { db: *db, oid: *oid }, standard_mode(mode), true);
                }
            }
            if let Some(xid) = xid {
                show(LockTag::Transaction { xid }, LockMode::Exclusive, false);
            }
        }
        for shard in self.all_shards() {
            for (tag, lock) in shard.iter() {
                let hidden = tag.shows_as_transaction();
                for holder in lock.holders.iter().filter(|_| !hidden) {
                    let Some(backend) = backends.get(&holder.backend) else { continue };
                    let modes = holder.xact | holder.session;
                    for mode in (1..=8).filter(|mode| modes & (1 << mode) != 0) {
                        out.push(LockRow {
                            tag: *tag,
                            pid: backend.pid,
                            xid: backend.current_xid(),
                            mode: standard_mode(mode),
                            granted: true,
                            fastpath: false,
                            wait_start: None,
                        });
                    }
                }
                for waiter in lock.waiters.iter().flat_map(|w| w.iter()) {
                    let other = blockers(tag, lock, waiter.backend.id)
                        .find_map(|id| backends.get(&id)?.current_xid());
                    out.push(LockRow {
                        tag: match other {
                            Some(xid) if hidden => LockTag::Transaction { xid },
                            _ => *tag,
                        },
                        pid: waiter.backend.pid,
                        xid: waiter.backend.current_xid(),
                        mode: shown_mode(tag, waiter.mode),
                        granted: false,
                        fastpath: false,
                        wait_start: waiter.backend.waiting.lock().map(|w| w.since),
                    });
                }
            }
        }
        out
    }

    /// Process ids that a session waits for, as `pg_blocking_pids`.
    pub fn blocking_pids(&self, pid: i32) -> Vec<i32> {
        let backends = self.backends.read().clone();
        let Some(backend) = backends.values().find(|b| b.pid == pid) else { return Vec::new() };
        let Some(waiting) = *backend.waiting.lock() else { return Vec::new() };
        let shard = self.shard(&waiting.tag);
        let Some(lock) = shard.get(&waiting.tag) else { return Vec::new() };
        if !lock.waiters.iter().flat_map(|w| w.iter()).any(|w| w.backend.id == backend.id) {
            return Vec::new();
        }
        let mut pids: Vec<i32> = blockers(&waiting.tag, lock, backend.id)
            .filter_map(|id| backends.get(&id).map(|b| b.pid))
            .collect();
        pids.dedup();
        pids
    }
}
