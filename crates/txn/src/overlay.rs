//! A transaction's own writes: key -> versions, each stamped with its command and subtransaction.
//!
//! ```text
//! versions   ascending by command id; a snapshot sees the newest one of a command before its own
//! runs       new rows of heaps beside the map, in a compact form; the map's versions of a key are newer
//! undo       keys written since the oldest open savepoint; rolling back to subtransaction s removes
//!            from each key the versions of subtransactions >= s (ids ascend, so they lie inside it)
//! ```
use crate::{
    StorageId,
    run::{RUN_ENTRY_COST, Run, RunRow, row_of},
    spill::Spill,
    view::CidPin,
};
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
    pub(crate) runs: BTreeMap<StorageId, Run>,
    pub(crate) bytes: usize,
    pub(crate) undo: Vec<Arc<[u8]>>,
    pub(crate) spill: Option<Spill>,
}

/// What an entry costs besides its key and value: tree slot, counts, version.
const ENTRY_COST: usize = 112;
const VERSION_COST: usize = 48;

/// A transaction with fewer entries keeps all of them in the map.
const RUN_ABOVE: usize = 64;

/// The newest version of a command before `curcid`.
pub(crate) fn visible(versions: &[Version], curcid: u32) -> Option<&Version> {
    versions.iter().rev().find(|version| version.cid < curcid)
}

impl Overlay {
    pub(crate) fn is_empty(&self) -> bool {
        self.map.is_empty() && self.runs.is_empty() && self.spill.is_none()
    }

    /// Takes a value as the next row of a run; false if it is not the last of its heap, or not worth it.
    #[inline]
    pub(crate) fn append(&mut self, key: &[u8], value: &[u8], stamp: (u32, u32)) -> bool {
        if self.map.len() < RUN_ABOVE && self.runs.is_empty() {
            return false;
        }
        self.append_row(key, value, stamp)
    }

    fn append_row(&mut self, key: &[u8], value: &[u8], stamp: (u32, u32)) -> bool {
        let Some(id) = row_of(key) else { return false };
        let sid = StorageId::of_key(key);
        match self.runs.get_mut(&sid) {
            Some(run) if run.takes(id) => run.push(id, value, stamp),
            Some(_) => return false,
            None => {
                // Rows that are in the map already must come before it.
                let mut after = self.map.range::<[u8], _>((Bound::Included(key), Bound::Unbounded));
                if after.next().is_some_and(|(next, _)| StorageId::of_key(next) == sid) {
                    return false;
                }
                self.runs.entry(sid).or_default().push(id, value, stamp);
            }
        }
        self.bytes += value.len() + RUN_ENTRY_COST;
        true
    }

    /// A key past the end of a run goes to the map (it is removed): the run must not get it later, as the map's
    /// versions count as newer.
    fn close_run(&mut self, key: &[u8]) {
        let Some(id) = row_of(key) else { return };
        if let Some(run) = self.runs.get_mut(&StorageId::of_key(key))
            && run.last().is_none_or(|last| last < id)
        {
            run.close();
        }
    }

    /// The row of a run under a key, if a snapshot sees it.
    fn run_version(&self, key: &[u8], curcid: u32) -> Option<Version> {
        let run = self.runs.get(&StorageId::of_key(key))?;
        let at = run.find(row_of(key)?)?;
        let (cid, sub) = run.stamp(at);
        let value = run.row(at).map(|row| Arc::from(row.1));
        (cid < curcid).then_some(Version { cid, sub, value })
    }

    /// Hands the newest version of every key in memory to `write`, in key order.
    pub(crate) fn each_newest(
        &self,
        write: &mut dyn FnMut(&[u8], Option<&[u8]>) -> error::PgResult<()>,
    ) -> error::PgResult<()> {
        self.each(&mut |key, row, versions| match versions.and_then(|v| v.last()) {
            Some(version) => write(key, version.value.as_deref()),
            None => row.map_or(Ok(()), |row| write(key, Some(row.value))),
        })
    }

    /// Visits every key in memory, in order, with its row of a run and its versions in the map.
    pub(crate) fn each(
        &self,
        visit: &mut dyn FnMut(&[u8], Option<&RunRow<'_>>, Option<&Versions>) -> error::PgResult<()>,
    ) -> error::PgResult<()> {
        let mut map = self.map.iter().peekable();
        for row in self.runs.iter().flat_map(|(sid, run)| run.iter(*sid)) {
            while let Some((key, versions)) = map.next_if(|(key, _)| key[..] < row.key[..]) {
                visit(key, None, Some(versions))?;
            }
            match map.next_if(|(key, _)| key[..] == row.key[..]) {
                Some((key, versions)) => visit(key, Some(&row), Some(versions))?,
                None => visit(&row.key, Some(&row), None)?,
            }
        }
        map.try_for_each(|(key, versions)| visit(key, None, Some(versions)))
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
        if !self.runs.is_empty() {
            self.close_run(key);
        }
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
        for run in self.runs.values_mut() {
            self.bytes = self.bytes.saturating_sub(run.rollback(sub));
        }
        self.runs.retain(|_, run| run.len() > 0);
        if let Some(spill) = &mut self.spill {
            spill.abort(sub, next_sub);
        }
    }

    /// The version of `key` that a snapshot sees; `None` if the transaction wrote none that it may see.
    pub(crate) fn get(&self, key: &[u8], curcid: u32) -> error::PgResult<Option<Version>> {
        if let Some(version) = self.map.get(key).and_then(|v| visible(v, curcid)) {
            return Ok(Some(version.clone()));
        }
        if !self.runs.is_empty()
            && let Some(version) = self.run_version(key, curcid)
        {
            return Ok(Some(version));
        }
        match &self.spill {
            Some(spill) => spill.get(key, curcid),
            None => Ok(None),
        }
    }

    /// Whether any key in the range is written.
    pub(crate) fn touches(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> bool {
        let sid = |bound: Bound<&[u8]>| match bound {
            Bound::Included(key) | Bound::Excluded(key) => Some(StorageId::of_key(key)),
            Bound::Unbounded => None,
        };
        let (first, last) = (sid(from).unwrap_or_default(), sid(to).unwrap_or(StorageId(u32::MAX)));
        self.spill.is_some()
            || self.map.range::<[u8], _>((from, to)).next().is_some()
            || self.runs.range(first..=last).next().is_some()
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

    /// As [`Overlay::collect_memory`] for rows of runs.
    fn collect_runs(
        &self,
        (from, to): (Bound<&[u8]>, Bound<&[u8]>),
        forward: bool,
        curcid: u32,
        limit: usize,
    ) -> (Vec<Item>, bool) {
        let mut items = Vec::new();
        let mut take = |sid: StorageId, run: &Run| {
            let (ids, take) = (ids_between(sid, from, to), &mut items);
            let rows = run.range(ids.start, ids.end);
            let mut item = |at: usize| {
                if run.stamp(at).0 < curcid
                    && let Some((id, value)) = run.row(at)
                {
                    let key = crate::row_lock::row_key(sid, id);
                    take.push((Arc::from(&key[..]), Some(Arc::from(value))));
                }
                take.len() < limit
            };
            if forward { rows.clone().all(&mut item) } else { rows.clone().rev().all(&mut item) }
        };
        let complete = if forward {
            self.runs.iter().all(|(sid, run)| take(*sid, run))
        } else {
            self.runs.iter().rev().all(|(sid, run)| take(*sid, run))
        };
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
        let (mut memory, mut memory_complete) = self.collect_memory(range, forward, curcid, limit);
        if !self.runs.is_empty() {
            let (rows, rows_complete) = self.collect_runs(range, forward, curcid, limit);
            if !rows.is_empty() {
                memory = merge(memory, memory_complete, rows, rows_complete, forward);
                memory_complete &= rows_complete;
            }
        }
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

/// The row ids of a heap whose keys lie within bounds.
fn ids_between(sid: StorageId, from: Bound<&[u8]>, to: Bound<&[u8]>) -> std::ops::Range<u64> {
    // The first id whose key is at (or after) a bound. Longer keys come after the row that begins them.
    let first = |key: &[u8], after: bool| match key.get(..4).map(|p| p.cmp(&sid.prefix()[..])) {
        Some(std::cmp::Ordering::Greater) => u64::MAX,
        Some(std::cmp::Ordering::Less) | None => 0,
        Some(std::cmp::Ordering::Equal) => {
            let mut id = [0; 8];
            let rest = &key[4..];
            let given = rest.len().min(8);
            id[..given].copy_from_slice(&rest[..given]);
            let step = u64::from(rest.len() > 8 || (after && rest.len() == 8));
            u64::from_be_bytes(id).saturating_add(step)
        }
    };
    let start = match from {
        Bound::Included(key) => first(key, false),
        Bound::Excluded(key) => first(key, true),
        Bound::Unbounded => 0,
    };
    let end = match to {
        Bound::Included(key) => first(key, true),
        Bound::Excluded(key) => first(key, false),
        Bound::Unbounded => u64::MAX,
    };
    start..end.max(start)
}
