//! Deadlock detection: a cycle in who waits for whom, over all tags.
//!
//! ```text
//! hard edge   waiter -> holder of a conflicting mode
//! soft edge   waiter -> conflicting waiter ahead of it in the queue; moving the waiter ahead removes it
//! ```
use super::{
    LockTag,
    mode::conflict_mask,
    show::describe_wait,
    table::{LockManager, Shard},
};
use crate::backend::Backend;
use error::{PgError, err};
use parking_lot::MutexGuard;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

type Backends = FxHashMap<u32, Arc<Backend>>;
type Shards<'a> = [MutexGuard<'a, Shard>];

#[derive(Clone, Copy)]
struct Edge {
    waiter: u32,
    blocker: u32,
    /// Queue in which the waiter stands behind the blocker.
    soft: Option<LockTag>,
}

/// The error for `backend` if its wait closes a cycle that no reordering of queues opens.
pub(super) fn check(
    shards: &mut Shards<'_>,
    backends: &Backends,
    backend: &Arc<Backend>,
) -> Option<PgError> {
    let cycle = find_cycle(shards, backend.id)?;
    for edge in cycle.iter().filter(|edge| edge.soft.is_some()) {
        let Some(tag) = edge.soft else { continue };
        let Some(undo) = move_ahead(shards, &tag, edge.waiter, edge.blocker) else { continue };
        let clear = cycle.iter().all(|e| find_cycle(shards, e.waiter).is_none());
        if clear {
            if let Some(lock) = shards[LockManager::shard_index(&tag)].get_mut(&tag) {
                lock.wake(&tag);
            }
            return None;
        }
        move_back(shards, &tag, undo);
    }
    Some(report(shards, backends, &cycle))
}

fn waiting_on(shards: &Shards<'_>, backend: u32) -> Option<(LockTag, u8)> {
    shards.iter().flat_map(|shard| shard.iter()).find_map(|(tag, lock)| {
        let waiter = lock.waiters.as_ref()?.iter().find(|w| w.backend.id == backend)?;
        Some((*tag, waiter.mode))
    })
}

/// Whom a waiter waits for.
fn edges(shards: &Shards<'_>, waiter: u32, tag: LockTag, mode: u8) -> Vec<Edge> {
    let mut out = Vec::new();
    let Some(lock) = shards[LockManager::shard_index(&tag)].get(&tag) else { return out };
    let conflicts = conflict_mask(tag.is_row(), mode);
    for holder in &lock.holders {
        if holder.backend != waiter && (holder.xact | holder.session) & conflicts != 0 {
            out.push(Edge { waiter, blocker: holder.backend, soft: None });
        }
    }
    for ahead in lock.waiters.iter().flat_map(|w| w.iter()) {
        if ahead.backend.id == waiter {
            break;
        }
        if conflicts & (1 << ahead.mode) != 0 {
            out.push(Edge { waiter, blocker: ahead.backend.id, soft: Some(tag) });
        }
    }
    out
}

/// A cycle through `start`, as the edges from it back to it.
fn find_cycle(shards: &Shards<'_>, start: u32) -> Option<Vec<Edge>> {
    let waits: FxHashMap<u32, (LockTag, u8)> = shards
        .iter()
        .flat_map(|shard| shard.iter())
        .flat_map(|(tag, lock)| {
            let waiters = lock.waiters.iter().flat_map(|w| w.iter());
            waiters.map(|w| (w.backend.id, (*tag, w.mode)))
        })
        .collect();
    let mut visited = FxHashSet::default();
    let mut path: Vec<(Vec<Edge>, usize)> = Vec::new();
    let (tag, mode) = *waits.get(&start)?;
    path.push((edges(shards, start, tag, mode), 0));
    while let Some((choices, next)) = path.last_mut() {
        let Some(edge) = choices.get(*next).copied() else {
            path.pop();
            continue;
        };
        *next += 1;
        if edge.blocker == start {
            return Some(path.iter().map(|(choices, next)| choices[*next - 1]).collect());
        }
        if visited.insert(edge.blocker) {
            if let Some((tag, mode)) = waits.get(&edge.blocker) {
                path.push((edges(shards, edge.blocker, *tag, *mode), 0));
            }
        }
    }
    None
}

/// Moves a waiter before another one; returns its old and new position.
fn move_ahead(
    shards: &mut Shards<'_>,
    tag: &LockTag,
    waiter: u32,
    blocker: u32,
) -> Option<(usize, usize)> {
    let lock = shards[LockManager::shard_index(tag)].get_mut(tag)?;
    let waiters = lock.waiters.as_mut()?;
    let from = waiters.iter().position(|w| w.backend.id == waiter)?;
    let to = waiters.iter().position(|w| w.backend.id == blocker)?;
    let moved = waiters.remove(from)?;
    waiters.insert(to, moved);
    Some((from, to))
}

fn move_back(shards: &mut Shards<'_>, tag: &LockTag, (from, to): (usize, usize)) {
    if let Some(lock) = shards[LockManager::shard_index(tag)].get_mut(tag) {
        if let Some(waiters) = lock.waiters.as_mut() {
            if let Some(moved) = waiters.remove(to) {
                waiters.insert(from, moved);
            }
        }
    }
}

fn report(shards: &Shards<'_>, backends: &Backends, cycle: &[Edge]) -> PgError {
    let pid = |id: u32| backends.get(&id).map_or(0, |b| b.pid);
    let lines: Vec<String> = cycle
        .iter()
        .map(|edge| {
            let what = match (waiting_on(shards, edge.waiter), backends.get(&edge.blocker)) {
                (Some((tag, mode)), Some(blocker)) => describe_wait(&tag, mode, blocker),
                _ => "a lock".to_owned(),
            };
            let (waiter, blocker) = (pid(edge.waiter), pid(edge.blocker));
            format!("Process {waiter} waits for {what}; blocked by process {blocker}.")
        })
        .collect();
    err!(T_R_DEADLOCK_DETECTED, "deadlock detected")
        .detail(lines.join("\n"))
        .hint("See server log for query details.")
}
