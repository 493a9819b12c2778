//! A transaction's own writes: key -> versions, each stamped with its command and subtransaction.
//!
//! ```text
//! versions   ascending by command id; a snapshot sees the newest one of a command before its own
//! undo       keys written since the oldest open savepoint; rolling back to subtransaction s removes
//!            from each key the versions of subtransactions >= s (ids ascend, so they lie inside it)
//! ```
use crate::{spill::Spill, view::CidPin};
use smallvec::SmallVec;
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

/// A value or a removal.
pub(crate) type Written = Option<Arc<[u8]>>;
/// A key with what is written to it.
pub(crate) type Item = (Arc<[u8]>, Written);

#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) cid: u32,
    pub(crate) sub: u32,
    pub(crate) value: Written,
}

pub(crate) type Versions = SmallVec<[Version; 1]>;

#[derive(Default)]
pub(crate) struct Overlay {
    pub(crate) map: BTreeMap<Arc<[u8]>, Versions>,
    pub(crate) bytes: usize,
    pub(crate) undo: Vec<Arc<[u8]>>,
    pub(crate) spill: Option<Spill>,
}

/// What an entry costs besides its key and value: tree slot, counts, version.
const ENTRY_COST: usize = 112;
const VERSION_COST: usize = 48;

/// The newest version of a command before `curcid`.
pub(crate) fn visible(versions: &[Version], curcid: u32) -> Option<&Version> {
    versions.iter().rev().find(|version| version.cid < curcid)
}

impl Overlay {
    pub(crate) fn is_empty(&self) -> bool {
        self.map.is_empty() && self.spill.is_none()
    }

    /// Writes a version. `savepoint` says whether one is open.
    pub(crate) fn put(
        &mut self,
        key: &[u8],
        value: Written,
        (cid, sub): (u32, u32),
        savepoint: bool,
        pins: &mut Vec<Arc<CidPin>>,
    ) {
        let size = value.as_ref().map_or(0, |v| v.len());
        let version = Version { cid, sub, value };
        if let Some((shared_key, versions)) = self.map.get_key_value(key) {
            let top = versions.last().map(|v| (v.cid, v.sub));
            if savepoint && top.is_none_or(|top| top.1 != sub) {
                self.undo.push(shared_key.clone());
                self.bytes += 16;
            }
            let Some(versions) = self.map.get_mut(key) else { return };
            if top == Some((cid, sub)) {
                if let Some(last) = versions.last_mut() {
                    let old = last.value.as_ref().map_or(0, |v| v.len());
                    self.bytes = (self.bytes + size).saturating_sub(old);
                    *last = version;
                }
                return;
            }
            self.bytes += size + VERSION_COST;
            versions.push(version);
            if versions.len() >= 4 {
                self.bytes = self.bytes.saturating_sub(prune(versions, pins, cid));
            }
        } else {
            let key: Arc<[u8]> = Arc::from(key);
            self.bytes += key.len() + size + ENTRY_COST;
            if savepoint {
                self.undo.push(key.clone());
                self.bytes += 16;
            }
            self.map.insert(key, SmallVec::from_buf([version]));
        }
    }

    /// Removes what subtransactions from `sub` on wrote; `mark` is the length of `undo` when it began.
    pub(crate) fn rollback(&mut self, sub: u32, mark: usize, next_sub: u32) {
        for key in self.undo.drain(mark.min(self.undo.len())..) {
            let Some(versions) = self.map.get_mut(&key) else { continue };
            while versions.last().is_some_and(|v| v.sub >= sub) {
                versions.pop();
            }
            if versions.is_empty() {
                self.map.remove(&key);
                self.bytes = self.bytes.saturating_sub(key.len() + ENTRY_COST);
            }
        }
        if let Some(spill) = &mut self.spill {
            spill.abort(sub, next_sub);
        }
    }

    /// The version of `key` that a snapshot sees; `None` if the transaction wrote none that it may see.
    pub(crate) fn get(&self, key: &[u8], curcid: u32) -> error::PgResult<Option<Version>> {
        if let Some(version) = self.map.get(key).and_then(|v| visible(v, curcid)) {
            return Ok(Some(version.clone()));
        }
        match &self.spill {
            Some(spill) => spill.get(key, curcid),
            None => Ok(None),
        }
    }

    /// Whether any key in the range is written.
    pub(crate) fn touches(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> bool {
        self.spill.is_some() || self.map.range::<[u8], _>((from, to)).next().is_some()
    }

    /// Up to `limit` visible items of memory in the range; false if there may be more.
    fn collect_memory(
        &self,
        (from, to): (Bound<&[u8]>, Bound<&[u8]>),
        forward: bool,
        curcid: u32,
        limit: usize,
    ) -> (Vec<Item>, bool) {
        let item = |(key, versions): (&Arc<[u8]>, &Versions)| {
            visible(versions, curcid).map(|version| (key.clone(), version.value.clone()))
        };
        let range = self.map.range::<[u8], _>((from, to));
        let items: Vec<Item> = if forward {
            range.filter_map(item).take(limit).collect()
        } else {
            range.rev().filter_map(item).take(limit).collect()
        };
        let complete = items.len() < limit;
        (items, complete)
    }

    /// Visible items of the range, in the direction of travel; an empty answer means there are none.
    pub(crate) fn collect(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        forward: bool,
        curcid: u32,
        limit: usize,
    ) -> error::PgResult<Vec<Item>> {
        let (memory, memory_complete) = self.collect_memory(range, forward, curcid, limit);
        let Some(spill) = &self.spill else { return Ok(memory) };
        let (spilled, spilled_complete) = spill.collect(range, forward, curcid, limit)?;
        Ok(merge(memory, memory_complete, spilled, spilled_complete, forward))
    }
}

/// Merges two runs, the first of which wins; stops where either run does not know what follows.
fn merge(
    first: Vec<Item>,
    first_complete: bool,
    second: Vec<Item>,
    second_complete: bool,
    forward: bool,
) -> Vec<Item> {
    let mut out = Vec::with_capacity(first.len() + second.len());
    let (mut a, mut b) = (first.into_iter().peekable(), second.into_iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if forward => x.0.cmp(&y.0),
            (Some(x), Some(y)) => y.0.cmp(&x.0),
            (Some(_), None) if second_complete => std::cmp::Ordering::Less,
            (None, Some(_)) if first_complete => std::cmp::Ordering::Greater,
            _ => return out,
        };
        match order {
            std::cmp::Ordering::Less => out.extend(a.next()),
            std::cmp::Ordering::Greater => out.extend(b.next()),
            std::cmp::Ordering::Equal => {
                out.extend(a.next());
                b.next();
            }
        }
    }
}

/// Drops versions that no live snapshot, none that command `cid` may still take, and no savepoint needs;
/// returns the bytes freed.
fn prune(versions: &mut Versions, pins: &mut Vec<Arc<CidPin>>, cid: u32) -> usize {
    let last = pins.len().saturating_sub(1);
    let mut position = 0;
    // The last pin is the present one, which a new snapshot would take.
    pins.retain(|pin| {
        position += 1;
        position > last || Arc::strong_count(pin) > 1
    });
    let mut freed = 0;
    let mut i = 0;
    while i + 1 < versions.len() {
        let (this, next) = (&versions[i], &versions[i + 1]);
        let seen_at = |curcid: u32| curcid > this.cid && curcid <= next.cid;
        let needed = this.sub != next.sub || seen_at(cid) || pins.iter().any(|p| seen_at(p.0));
        if needed {
            i += 1;
        } else {
            freed += VERSION_COST + this.value.as_ref().map_or(0, |v| v.len());
            versions.remove(i);
        }
    }
    freed
}
