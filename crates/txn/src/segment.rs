//! Segments: the committed rows of a piece of a heap side by side in memory, for scans.
//!
//! ```text
//! segment n of a heap    rows with ids [n * SEGMENT_ROWS, (n + 1) * SEGMENT_ROWS) as a view at `csn` saw them
//! last_write(heap, n)    csn of the last commit that wrote there, or a later one: set before it is published
//! ```
//! A segment made at csn b holds what a reader at csn v sees if nothing was written there after min(b, v):
//! `last_write <= min(b, v)`. That is all there is to invalidation: writers store a number, readers compare.
use crate::{ReadView, Snapshot, StorageId, Transaction, meta, row_lock::row_key};
use dashmap::DashMap;
use error::PgResult;
use kv::{BatchOp, Cursor, IterOptions, WriteBatch};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::VecDeque,
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

/// Row ids that a segment covers.
pub const SEGMENT_ROWS: u64 = 1024;
/// First row id that is none: keys of large attributes follow.
const ROWS_END: u64 = 1 << 63;
/// Heaps of fewer row ids are not worth it.
const MIN_ROWIDS: u64 = 2 * SEGMENT_ROWS;
const WRITE_SLOTS: usize = 1 << 16;
/// Stands for all segments of a heap among the write slots.
const ALL: u64 = u64::MAX;

/// Rows of one piece of a heap.
#[derive(Default)]
pub struct Segment {
    /// The view it was made at.
    csn: u64,
    first: u64,
    /// Row ids less `first`.
    ids: Vec<u16>,
    /// Where each value ends in `bytes`.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Segment {
    /// Number of rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it has no row.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Row id of the row at a position.
    #[inline]
    pub fn rowid(&self, at: usize) -> u64 {
        self.first + u64::from(self.ids[at])
    }

    /// Stored value of the row at a position.
    #[inline]
    pub fn value(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.bytes[start..self.ends[at] as usize]
    }

    fn cost(&self) -> usize {
        self.ids.capacity() * 2 + self.ends.capacity() * 4 + self.bytes.capacity() + 96
    }

    fn clear(&mut self, csn: u64, first: u64) {
        (self.csn, self.first) = (csn, first);
        self.ids.clear();
        self.ends.clear();
        self.bytes.clear();
    }

    /// Gives back what it does not need, before it is kept.
    fn trim(&self) -> Segment {
        Segment {
            csn: self.csn,
            first: self.first,
            ids: self.ids.as_slice().into(),
            ends: self.ends.as_slice().into(),
            bytes: self.bytes.as_slice().into(),
        }
    }
}

struct Slot {
    segment: Arc<Segment>,
    /// Read since eviction last looked.
    used: AtomicBool,
}

#[derive(Default)]
struct HeapSegments(RwLock<Vec<Option<Slot>>>);

/// The segments of all heaps.
pub(crate) struct SegmentCache {
    budget: usize,
    heaps: DashMap<StorageId, Arc<HeapSegments>>,
    bytes: AtomicUsize,
    /// Segments in the order in which eviction looks at them.
    ring: Mutex<VecDeque<(StorageId, u64)>>,
    writes: Box<[AtomicU64]>,
    /// Everything counts as written here.
    floor: AtomicU64,
}

impl SegmentCache {
    pub(crate) fn new(budget: usize, csn: u64) -> Self {
        SegmentCache {
            budget,
            heaps: DashMap::new(),
            bytes: AtomicUsize::new(0),
            ring: Mutex::default(),
            writes: (0..WRITE_SLOTS).map(|_| AtomicU64::new(0)).collect(),
            floor: AtomicU64::new(csn),
        }
    }

    #[inline]
    fn slot(&self, sid: StorageId, number: u64) -> &AtomicU64 {
        let hash = (u64::from(sid.0) << 40 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &self.writes[(hash >> 40) as usize % WRITE_SLOTS]
    }

    fn last_write(&self, sid: StorageId, number: u64) -> u64 {
        let piece = self.slot(sid, number).load(Ordering::SeqCst);
        let heap = self.slot(sid, ALL).load(Ordering::SeqCst);
        piece.max(heap).max(self.floor.load(Ordering::SeqCst))
    }

    /// The committer's writes, before they are published; csns ascend.
    pub(crate) fn note(&self, batch: &WriteBatch, csn: u64) {
        let mut last = (StorageId(0), ALL);
        for op in batch.iter() {
            let key = match op {
                BatchOp::Put(key, _) | BatchOp::Delete(key) | BatchOp::DeleteRange(key, _) => key,
            };
            let mut sid = StorageId::of_key(key);
            let number = match op {
                BatchOp::DeleteRange(..) => ALL,
                // Storage filled beside the log appears.
                BatchOp::Delete(key) if sid == meta::PENDING_CREATE => {
                    sid = key.get(4..).map_or(sid, StorageId::of_key);
                    ALL
                }
                _ => match key.get(4..12).and_then(|id| id.first_chunk()) {
                    Some(id) => u64::from_be_bytes(*id) / SEGMENT_ROWS,
                    None => continue,
                },
            };
            if last != (sid, number) || number == ALL {
                last = (sid, number);
                self.slot(sid, number).store(csn, Ordering::SeqCst);
            }
        }
    }

    /// A commit that did not say what it writes.
    pub(crate) fn note_all(&self, csn: u64) {
        self.floor.fetch_max(csn, Ordering::SeqCst);
    }

    /// Drops what is kept of a heap that is gone.
    pub(crate) fn forget(&self, sid: StorageId) {
        let Some((_, heap)) = self.heaps.remove(&sid) else { return };
        let slots = std::mem::take(&mut *heap.0.write());
        let bytes: usize = slots.iter().flatten().map(|slot| slot.segment.cost()).sum();
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn insert(&self, sid: StorageId, heap: &HeapSegments, number: u64, segment: Arc<Segment>) {
        let cost = segment.cost();
        let slot = Slot { segment, used: AtomicBool::new(false) };
        let mut slots = heap.0.write();
        let at = number as usize;
        if slots.len() <= at {
            slots.resize_with(at + 1, || None);
        }
        let old = slots[at].replace(slot);
        drop(slots);
        self.bytes.fetch_add(cost, Ordering::Relaxed);
        match old {
            Some(old) => {
                self.bytes.fetch_sub(old.segment.cost(), Ordering::Relaxed);
            }
            None => self.ring.lock().push_back((sid, number)),
        }
        if self.bytes.load(Ordering::Relaxed) > self.budget {
            self.shrink();
        }
    }

    /// Second chance: what was read since the last round stays for another one.
    fn shrink(&self) {
        let mut ring = self.ring.lock();
        while self.bytes.load(Ordering::Relaxed) > self.budget {
            let Some((sid, number)) = ring.pop_front() else { return };
            let Some(heap) = self.heaps.get(&sid).map(|heap| heap.clone()) else { continue };
            let mut slots = heap.0.write();
            let Some(slot) = slots.get_mut(number as usize) else { continue };
            match slot {
                Some(kept) if kept.used.swap(false, Ordering::Relaxed) => {
                    ring.push_back((sid, number));
                }
                _ => {
                    if let Some(gone) = slot.take() {
                        self.bytes.fetch_sub(gone.segment.cost(), Ordering::Relaxed);
                    }
                }
            }
        }
    }
}

/// A forward scan of a heap by segments.
pub struct SegmentScan {
    tx: Arc<Transaction>,
    view: Arc<ReadView>,
    sid: StorageId,
    heap: Arc<HeapSegments>,
    /// Next segment, and the first that cannot have rows.
    next: u64,
    end: u64,
    /// Whether segments are kept for other scans: not those of a heap that would take most of the room.
    keep: bool,
    cursor: Option<Box<dyn Cursor>>,
    /// The segment at whose beginning the cursor stands.
    cursor_at: u64,
    spare: Option<Arc<Segment>>,
}

impl Transaction {
    /// A scan of all rows of a heap by segments, if the snapshot sees nothing but committed rows there and the
    /// heap is worth it.
    pub fn scan_segments(
        self: &Arc<Self>,
        snapshot: &Snapshot,
        sid: StorageId,
    ) -> PgResult<Option<SegmentScan>> {
        let cache = &self.store.segments;
        let rows = self.store.rowids(sid)?.bound();
        if cache.budget == 0 || rows < MIN_ROWIDS || self.is_private(sid) {
            return Ok(None);
        }
        let (lower, upper) = (row_key(sid, 0), row_key(sid, ROWS_END));
        if self.own_writes_in(Bound::Included(&lower), Bound::Excluded(&upper)) {
            return Ok(None);
        }
        self.note_scan(snapshot, &IterOptions::range(&lower, &upper))?;
        let heap = cache.heaps.entry(sid).or_default().clone();
        Ok(Some(SegmentScan {
            tx: self.clone(),
            view: snapshot.view.clone(),
            sid,
            heap,
            next: 0,
            end: rows.div_ceil(SEGMENT_ROWS),
            keep: true,
            cursor: None,
            cursor_at: 0,
            spare: None,
        }))
    }
}

impl SegmentScan {
    /// The next segment that has rows.
    pub fn next(&mut self, done: Option<Arc<Segment>>) -> PgResult<Option<Arc<Segment>>> {
        self.spare = done;
        while self.next < self.end {
            let number = self.next;
            self.next += 1;
            let segment = match self.kept(number) {
                Some(segment) => segment,
                None => self.read(number)?,
            };
            if !segment.is_empty() {
                return Ok(Some(segment));
            }
            self.spare = Some(segment);
        }
        Ok(None)
    }

    /// Starts again.
    pub fn rewind(&mut self) {
        self.next = 0;
    }

    fn kept(&self, number: u64) -> Option<Arc<Segment>> {
        let slots = self.heap.0.read();
        let slot = slots.get(number as usize)?.as_ref()?;
        let last = self.tx.store.segments.last_write(self.sid, number);
        if last > slot.segment.csn.min(self.view.csn) {
            return None;
        }
        slot.used.store(true, Ordering::Relaxed);
        Some(slot.segment.clone())
    }

    /// Reads a segment from the engine.
    fn read(&mut self, number: u64) -> PgResult<Arc<Segment>> {
        let first = number * SEGMENT_ROWS;
        let mut spare = self.spare.take().unwrap_or_default();
        if Arc::get_mut(&mut spare).is_none() {
            spare = Arc::default();
        }
        let cursor = match &mut self.cursor {
            Some(cursor) if self.cursor_at == number => cursor,
            cursor => {
                let (lower, upper) = (row_key(self.sid, 0), row_key(self.sid, ROWS_END));
                let mut options = IterOptions::range(&lower, &upper);
                options.fill_cache = !self.keep;
                options.readahead = 1 << 20;
                let cursor = match cursor {
                    Some(cursor) => cursor,
                    None => cursor.insert(self.view.snapshot.iter(options)),
                };
                cursor.seek(&row_key(self.sid, first));
                cursor
            }
        };
        let Some(segment) = Arc::get_mut(&mut spare) else {
            return Err(error::PgError::internal("segment is shared"));
        };
        segment.clear(self.view.csn, first);
        while cursor.valid() {
            let id = cursor.key().get(4..12).and_then(|id| id.first_chunk());
            let id = id.map_or(ROWS_END, |id| u64::from_be_bytes(*id));
            if id - first >= SEGMENT_ROWS {
                break;
            }
            segment.ids.push((id - first) as u16);
            segment.bytes.extend_from_slice(cursor.value());
            segment.ends.push(segment.bytes.len() as u32);
            cursor.next();
        }
        cursor.status()?;
        self.cursor_at = number + 1;
        let cache = &self.tx.store.segments;
        if self.keep {
            // A heap that would push out most others, itself included, gains nothing.
            let expected = segment.cost().saturating_mul((self.end - number) as usize);
            self.keep = expected <= cache.budget - cache.budget / 4;
        }
        if self.keep {
            let segment = Arc::new(segment.trim());
            cache.insert(self.sid, &self.heap, number, segment.clone());
            return Ok(segment);
        }
        Ok(spare)
    }
}
