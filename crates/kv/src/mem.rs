//! The in-memory engine: a tree of keys with versions, for tests and databases without a directory.
//!
//! ```text
//! key -> [(seq, value or removal), …] ascending     a snapshot at seq s sees the newest version <= s
//! ```
//! A version that no live snapshot can see is dropped by later writes, through a queue of superseded keys.
use crate::{
    BatchOp, Cursor, Durability, Engine, EngineCounters, FileWriter, IterOptions, Snapshot,
    SortedFile, WriteBatch,
};
use bytes::Bytes;
use error::PgResult;
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

type Version = (u64, Option<Bytes>);

#[derive(Default)]
struct Tree {
    map: BTreeMap<Bytes, Vec<Version>>,
    seq: u64,
    /// Keys with something to drop once no snapshot is older than the number.
    superseded: VecDeque<(u64, Bytes)>,
    bytes: u64,
}

#[derive(Default)]
struct Shared {
    tree: RwLock<Tree>,
    /// Live snapshots by sequence number.
    live: Mutex<BTreeMap<u64, usize>>,
    writes: AtomicU64,
    gets: AtomicU64,
    seeks: AtomicU64,
}

/// The in-memory engine.
#[derive(Clone, Default)]
pub struct MemEngine {
    shared: Arc<Shared>,
}

impl MemEngine {
    /// An empty engine.
    pub fn new() -> Self {
        Self::default()
    }

    /// Versions held, those of removals included (for tests of reclamation).
    pub fn version_count(&self) -> usize {
        self.shared.tree.read().map.values().map(Vec::len).sum()
    }
}

impl Tree {
    fn set(&mut self, key: &[u8], value: Option<Bytes>) {
        let seq = self.seq;
        self.bytes += value.as_ref().map_or(0, |v| v.len() as u64);
        if let Some(versions) = self.map.get_mut(key) {
            match versions.last_mut() {
                Some(last) if last.0 == seq => last.1 = value,
                _ => versions.push((seq, value)),
            }
            self.superseded.push_back((seq, Bytes::copy_from_slice(key)));
        } else if let Some(value) = value {
            let key = Bytes::copy_from_slice(key);
            self.bytes += key.len() as u64;
            self.map.insert(key, vec![(seq, Some(value))]);
        }
    }

    fn delete_range(&mut self, from: &[u8], to: &[u8]) {
        if from >= to {
            return;
        }
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let keys: Vec<Bytes> = self
            .map
            .range::<[u8], _>(bounds)
            .filter(|(_, versions)| versions.last().is_some_and(|v| v.1.is_some()))
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            self.set(&key, None);
        }
    }

    /// Drops up to `limit` superseded versions that nobody at `oldest` or later can see.
    fn reclaim(&mut self, oldest: u64, limit: usize) {
        for _ in 0..limit {
            match self.superseded.front() {
                Some((seq, _)) if *seq <= oldest => {}
                _ => return,
            }
            let Some((_, key)) = self.superseded.pop_front() else { return };
            let Some(versions) = self.map.get_mut(&key) else { continue };
            // Keep the newest version at or before `oldest` and all after it.
            let visible = versions.partition_point(|v| v.0 <= oldest).saturating_sub(1);
            for (_, value) in versions.drain(..visible) {
                self.bytes = self.bytes.saturating_sub(value.map_or(0, |v| v.len() as u64));
            }
            if versions.len() == 1 && versions[0].1.is_none() && versions[0].0 <= oldest {
                self.map.remove(&key);
                self.bytes = self.bytes.saturating_sub(key.len() as u64);
            }
        }
    }

    fn visible(versions: &[Version], seq: u64) -> Option<&Bytes> {
        versions.iter().rev().find(|v| v.0 <= seq)?.1.as_ref()
    }
}

impl Shared {
    fn apply(&self, change: impl FnOnce(&mut Tree), operations: usize) {
        let mut tree = self.tree.write();
        tree.seq += 1;
        change(&mut tree);
        let seq = tree.seq;
        let oldest = self.live.lock().keys().next().copied().unwrap_or(seq);
        tree.reclaim(oldest, operations * 2 + 8);
        self.writes.fetch_add(1, Ordering::Relaxed);
    }
}

impl Engine for MemEngine {
    fn write(&self, batch: &WriteBatch, _durability: Durability) -> PgResult<()> {
        self.shared.apply(
            |tree| {
                for op in batch.iter() {
                    match op {
                        BatchOp::Put(key, value) => {
                            tree.set(key, Some(Bytes::copy_from_slice(value)));
                        }
                        BatchOp::Delete(key) => tree.set(key, None),
                        BatchOp::DeleteRange(from, to) => tree.delete_range(from, to),
                    }
                }
            },
            batch.len(),
        );
        Ok(())
    }

    fn sync_wal(&self) -> PgResult<()> {
        Ok(())
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        let tree = self.shared.tree.read();
        *self.shared.live.lock().entry(tree.seq).or_insert(0) += 1;
        Arc::new(MemSnapshot(Arc::new(Pin { shared: self.shared.clone(), seq: tree.seq })))
    }

    fn file_writer(&self) -> PgResult<Box<dyn FileWriter>> {
        Ok(Box::new(MemFile::default()))
    }

    fn ingest(&self, files: Vec<SortedFile>) -> PgResult<()> {
        let mut contents = Vec::new();
        for file in files {
            match file.0.downcast::<Vec<(Bytes, Option<Bytes>)>>() {
                Ok(entries) => contents.extend(*entries),
                Err(_) => return Err(error::PgError::internal("file of another engine")),
            }
        }
        let operations = contents.len();
        self.shared.apply(
            |tree| contents.into_iter().for_each(|(key, value)| tree.set(&key, value)),
            operations,
        );
        Ok(())
    }

    fn approximate_size(&self, lower: &[u8], upper: &[u8]) -> u64 {
        if lower >= upper {
            return 0;
        }
        let tree = self.shared.tree.read();
        let range = tree.map.range::<[u8], _>((Bound::Included(lower), Bound::Excluded(upper)));
        range
            .map(|(key, versions)| {
                let value = versions.last().and_then(|v| v.1.as_ref()).map_or(0, Bytes::len);
                (key.len() + value) as u64
            })
            .sum()
    }

    fn flush(&self) -> PgResult<()> {
        Ok(())
    }

    fn compact(&self, _lower: &[u8], _upper: &[u8]) -> PgResult<()> {
        self.shared.apply(|_| {}, usize::MAX / 4);
        Ok(())
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters {
            writes: self.shared.writes.load(Ordering::Relaxed),
            gets: self.shared.gets.load(Ordering::Relaxed),
            seeks: self.shared.seeks.load(Ordering::Relaxed),
            memtable_bytes: self.shared.tree.read().bytes,
            ..EngineCounters::default()
        }
    }

    fn scratch(&self) -> PgResult<Arc<dyn Engine>> {
        Ok(Arc::new(MemEngine::new()))
    }
}

struct Pin {
    shared: Arc<Shared>,
    seq: u64,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut live = self.shared.live.lock();
        if let Some(count) = live.get_mut(&self.seq) {
            *count -= 1;
            if *count == 0 {
                live.remove(&self.seq);
            }
        }
    }
}

struct MemSnapshot(Arc<Pin>);

impl Snapshot for MemSnapshot {
    fn get_with(&self, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> PgResult<bool> {
        self.0.shared.gets.fetch_add(1, Ordering::Relaxed);
        let value = {
            let tree = self.0.shared.tree.read();
            tree.map.get(key).and_then(|v| Tree::visible(v, self.0.seq)).cloned()
        };
        if let Some(value) = &value {
            visit(value);
        }
        Ok(value.is_some())
    }

    fn iter(&self, options: IterOptions) -> Box<dyn Cursor> {
        Box::new(MemCursor {
            pin: self.0.clone(),
            lower: options.lower,
            upper: options.upper,
            chunk: VecDeque::new(),
            forward: true,
        })
    }
}

/// Pairs fetched under one read lock.
const CHUNK: usize = 64;

/// Reads ahead `CHUNK` pairs in the direction it moves; the front of the chunk is the position.
struct MemCursor {
    pin: Arc<Pin>,
    lower: Option<Vec<u8>>,
    upper: Option<Vec<u8>>,
    chunk: VecDeque<(Bytes, Bytes)>,
    forward: bool,
}

impl MemCursor {
    fn fill(&mut self, from: Bound<&[u8]>, to: Bound<&[u8]>, forward: bool) {
        self.chunk.clear();
        self.forward = forward;
        if is_empty_range(from, to) {
            return;
        }
        let tree = self.pin.shared.tree.read();
        let seq = self.pin.seq;
        let live = |(key, versions): (&Bytes, &Vec<Version>)| {
            Tree::visible(versions, seq).map(|value| (key.clone(), value.clone()))
        };
        let range = tree.map.range::<[u8], _>((from, to));
        if forward {
            self.chunk.extend(range.filter_map(live).take(CHUNK));
        } else {
            self.chunk.extend(range.rev().filter_map(live).take(CHUNK));
        }
    }

    fn fill_up(&mut self, from: Bound<&[u8]>) {
        let upper = self.upper.take();
        self.fill(from, upper.as_deref().map_or(Bound::Unbounded, Bound::Excluded), true);
        self.upper = upper;
    }

    fn fill_down(&mut self, to: Bound<&[u8]>) {
        let lower = self.lower.take();
        self.fill(lower.as_deref().map_or(Bound::Unbounded, Bound::Included), to, false);
        self.lower = lower;
    }

    fn step(&mut self, forward: bool) {
        let Some((key, _)) = self.chunk.front().cloned() else { return };
        if self.forward == forward && self.chunk.len() > 1 {
            self.chunk.pop_front();
        } else if forward {
            self.fill_up(Bound::Excluded(&key));
        } else {
            self.fill_down(Bound::Excluded(&key));
        }
    }
}

fn is_empty_range(from: Bound<&[u8]>, to: Bound<&[u8]>) -> bool {
    match (from, to) {
        (Bound::Included(a), Bound::Included(b)) => a > b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
            a >= b
        }
        _ => false,
    }
}

impl Cursor for MemCursor {
    fn seek(&mut self, key: &[u8]) {
        self.pin.shared.seeks.fetch_add(1, Ordering::Relaxed);
        let lower = self.lower.take();
        let from = lower.as_deref().filter(|l| *l > key).unwrap_or(key);
        self.fill_up(Bound::Included(from));
        self.lower = lower;
    }

    fn seek_for_prev(&mut self, key: &[u8]) {
        self.pin.shared.seeks.fetch_add(1, Ordering::Relaxed);
        let upper = self.upper.take();
        match upper.as_deref().filter(|u| *u <= key) {
            Some(upper) => self.fill_down(Bound::Excluded(upper)),
            None => self.fill_down(Bound::Included(key)),
        }
        self.upper = upper;
    }

    fn seek_to_first(&mut self) {
        self.pin.shared.seeks.fetch_add(1, Ordering::Relaxed);
        let lower = self.lower.take();
        self.fill_up(lower.as_deref().map_or(Bound::Unbounded, Bound::Included));
        self.lower = lower;
    }

    fn seek_to_last(&mut self) {
        self.pin.shared.seeks.fetch_add(1, Ordering::Relaxed);
        let upper = self.upper.take();
        self.fill_down(upper.as_deref().map_or(Bound::Unbounded, Bound::Excluded));
        self.upper = upper;
    }

    fn next(&mut self) {
        self.step(true);
    }

    fn prev(&mut self) {
        self.step(false);
    }

    fn valid(&self) -> bool {
        !self.chunk.is_empty()
    }

    fn key(&self) -> &[u8] {
        self.chunk.front().map_or(&[], |pair| &pair.0)
    }

    fn value(&self) -> &[u8] {
        self.chunk.front().map_or(&[], |pair| &pair.1)
    }

    fn status(&self) -> PgResult<()> {
        Ok(())
    }
}

#[derive(Default)]
struct MemFile {
    entries: Vec<(Bytes, Option<Bytes>)>,
    bytes: u64,
}

impl MemFile {
    fn push(&mut self, key: &[u8], value: Option<Bytes>) -> PgResult<()> {
        if self.entries.last().is_some_and(|last| last.0 >= key) {
            return Err(error::PgError::internal("keys of a sorted file must ascend"));
        }
        self.bytes += (key.len() + value.as_ref().map_or(0, Bytes::len)) as u64;
        self.entries.push((Bytes::copy_from_slice(key), value));
        Ok(())
    }
}

impl FileWriter for MemFile {
    fn put(&mut self, key: &[u8], value: &[u8]) -> PgResult<()> {
        self.push(key, Some(Bytes::copy_from_slice(value)))
    }

    fn delete(&mut self, key: &[u8]) -> PgResult<()> {
        self.push(key, None)
    }

    fn byte_size(&self) -> u64 {
        self.bytes
    }

    fn finish(self: Box<Self>) -> PgResult<Option<SortedFile>> {
        Ok((!self.entries.is_empty()).then(|| SortedFile(Box::new(self.entries))))
    }
}
