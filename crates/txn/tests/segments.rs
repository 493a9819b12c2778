//! Scans by segments see what scans by key see, whatever commits meanwhile; runs of new rows behave as versions.
#![allow(clippy::unwrap_used)]
use kv::{IterOptions, MemEngine};
use kv_rocks::{RocksEngine, RocksOptions};
use std::sync::Arc;
use txn::{SEGMENT_ROWS, Snapshot, StorageId, Store, StoreOptions, Transaction};

const HEAP: StorageId = StorageId(70000);

fn on_both(test: impl Fn(&Arc<Store>)) {
    let options = StoreOptions::default();
    test(&Store::open(Arc::new(MemEngine::new()), options.clone()).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let engine = RocksEngine::open(directory.path(), &RocksOptions::default()).unwrap();
    test(&Store::open(Arc::new(engine), options).unwrap());
}

fn key(id: u64) -> Vec<u8> {
    [&HEAP.0.to_be_bytes()[..], &id.to_be_bytes()].concat()
}

type Rows = Vec<(u64, Vec<u8>)>;

fn by_key(tx: &Arc<Transaction>, snapshot: &Snapshot, forward: bool) -> Rows {
    let mut scan = tx.scan(snapshot, IterOptions::prefix(&HEAP.0.to_be_bytes())).unwrap();
    let mut rows = Rows::new();
    if forward {
        scan.seek_to_first()
    } else {
        scan.seek_to_last()
    }
    while scan.valid() {
        let id = u64::from_be_bytes(scan.key()[4..12].try_into().unwrap());
        rows.push((id, scan.value().to_vec()));
        if forward { scan.next() } else { scan.prev() }
    }
    scan.status().unwrap();
    rows
}

fn by_segment(tx: &Arc<Transaction>, snapshot: &Snapshot) -> Rows {
    let mut scan = tx.scan_segments(snapshot, HEAP).unwrap().unwrap();
    let mut rows = Rows::new();
    let mut last = None;
    while let Some(segment) = scan.next(last.take()).unwrap() {
        rows.extend((0..segment.len()).map(|at| (segment.rowid(at), segment.value(at).to_vec())));
        last = Some(segment);
    }
    rows
}

/// A small generator, so that failures repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

#[test]
fn segments_follow_commits() {
    on_both(|store| {
        let bound = 5 * SEGMENT_ROWS;
        let rowids = store.rowids(HEAP).unwrap();
        rowids.alloc_block(bound);
        let mut random = Random(7);
        let mut open: Vec<(Arc<Transaction>, Snapshot)> = Vec::new();
        for round in 0..60u64 {
            let tx = store.begin_internal();
            // From single rows to more than a commit notes one by one.
            let writes = if round % 20 == 0 { 9000 } else { random.below(40) };
            for _ in 0..writes {
                let id = random.below(bound);
                match random.below(4) {
                    0 => tx.delete(&key(id)).unwrap(),
                    _ => tx.put(&key(id), &(round * 7 + id).to_le_bytes()).unwrap(),
                }
            }
            tx.commit().unwrap();
            let tx = store.begin_internal();
            let snapshot = tx.snapshot();
            open.push((tx, snapshot));
            if open.len() > 4 {
                open.remove(random.below(4) as usize);
            }
            for (tx, snapshot) in &open {
                assert_eq!(by_segment(tx, snapshot), by_key(tx, snapshot, true), "round {round}");
            }
        }
        // Own writes are not in segments.
        let tx = store.begin_internal();
        tx.put(&key(1), b"mine").unwrap();
        tx.next_command().unwrap();
        assert!(tx.scan_segments(&tx.snapshot(), HEAP).unwrap().is_none());
    });
}

#[test]
fn loaded_storage_appears_in_segments() {
    on_both(|store| {
        // A reader with an old view looks before the load is committed.
        let old = store.begin_internal();
        let old_snapshot = old.snapshot();
        let tx = store.begin_internal();
        tx.create_storage(HEAP).unwrap();
        let rowids = store.rowids(HEAP).unwrap();
        let mut writer = tx.bulk(HEAP).unwrap();
        let count = 5 * SEGMENT_ROWS;
        for _ in 0..count {
            writer.put(&key(rowids.alloc()), &[7; 1500]).unwrap();
        }
        writer.finish().unwrap();
        tx.commit().unwrap();
        assert!(by_segment(&old, &old_snapshot).is_empty());
        let new = store.begin_internal();
        assert_eq!(by_segment(&new, &new.snapshot()).len() as u64, count);
        assert!(by_segment(&old, &old_snapshot).is_empty());
    });
}

#[test]
fn runs_are_versions() {
    on_both(|store| {
        for budget in [usize::MAX, 20_000] {
            let tx = store.begin_internal();
            tx.set_overlay_budget(budget);
            let old = by_key(&tx, &tx.snapshot(), true);
            for (id, _) in &old {
                tx.delete(&key(*id)).unwrap();
            }
            let mut model = std::collections::BTreeMap::new();
            let mut random = Random(3);
            for step in 0..40u64 {
                let savepoint = tx.begin_sub();
                let mut inside = model.clone();
                for n in 0..50 {
                    let id = step * 50 + n + 100;
                    tx.put(&key(id), &[step as u8; 40]).unwrap();
                    inside.insert(id, vec![step as u8; 40]);
                }
                // A key removed before it is written.
                let last = step * 50 + 149;
                tx.delete(&key(last + 50)).unwrap();
                tx.put(&key(last + 50), b"again").unwrap();
                inside.insert(last + 50, b"again".to_vec());
                let before = tx.snapshot();
                let seen = by_key(&tx, &before, true);
                tx.next_command().unwrap();
                for _ in 0..10 {
                    let id = 100 + random.below(step * 50 + 50);
                    if random.below(2) == 0 {
                        tx.delete(&key(id)).unwrap();
                        inside.remove(&id);
                    } else if inside.contains_key(&id) {
                        tx.put(&key(id), b"changed").unwrap();
                        inside.insert(id, b"changed".to_vec());
                    }
                }
                assert_eq!(by_key(&tx, &before, true), seen);
                tx.next_command().unwrap();
                if random.below(3) == 0 {
                    tx.rollback_sub(savepoint).unwrap();
                } else {
                    tx.release_sub(savepoint).unwrap();
                    model = inside;
                }
                let rows = by_key(&tx, &tx.snapshot(), true);
                assert!(rows.iter().map(|(id, value)| (id, value)).eq(&model), "step {step}");
                let mut backward = by_key(&tx, &tx.snapshot(), false);
                backward.reverse();
                assert_eq!(backward, rows);
            }
            tx.commit().unwrap();
            let tx = store.begin_internal();
            let rows = by_key(&tx, &tx.snapshot(), true);
            assert!(rows.iter().map(|(id, value)| (id, value)).eq(&model));
        }
    });
}
