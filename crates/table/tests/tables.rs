//! Heaps, indexes, builds and sequences over both engines.
#![allow(clippy::unwrap_used)]
use kv::MemEngine;
use kv_rocks::{RocksEngine, RocksOptions};
use std::{sync::Arc, thread};
use table::{
    Heap, Index, IndexBuilder, IndexDesc, IndexRange, IndexScan, KeyColumn, KeyEncoder,
    KeyEncoderPool, KeyKind, KeyOrder, RowLayout, Rowid, Snapshot, StorageId, TableDesc,
    Transaction, UniqueCheck, check_index,
    sequence::{SequenceParams, Sequences},
};
use txn::{Store, StoreOptions, TxnOptions};
use types::{Datum, PhysType, numeric};

fn on_both(test: impl Fn(&Arc<Store>)) {
    let options = StoreOptions::default();
    test(&Store::open(Arc::new(MemEngine::new()), options.clone()).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let engine = RocksEngine::open(directory.path(), &RocksOptions::default()).unwrap();
    test(&Store::open(Arc::new(engine), options).unwrap());
}

/// Columns: int4, text, numeric.
fn heap() -> Heap {
    let layout = RowLayout::new(&[PhysType::Int4, PhysType::Bytes, PhysType::Bytes]);
    Heap::new(Arc::new(TableDesc { sid: StorageId(80000), layout, missing: Vec::new() }))
}

fn column(kind: KeyKind, order: KeyOrder, phys: PhysType) -> KeyColumn {
    KeyColumn { kind, order, phys }
}

fn int_key() -> Vec<KeyColumn> {
    vec![column(KeyKind::Int4, KeyOrder::ASC, PhysType::Int4)]
}

fn primary_key() -> Index {
    Index::new(Arc::new(IndexDesc::new(StorageId(80001), int_key(), &[]).unique(false, false)))
}

/// On (text DESC, numeric) including the int4.
fn secondary() -> Index {
    let columns = vec![
        column(KeyKind::Bytes, KeyOrder::DESC, PhysType::Bytes),
        column(KeyKind::Numeric, KeyOrder::ASC, PhysType::Bytes),
    ];
    Index::new(Arc::new(IndexDesc::new(StorageId(80002), columns, &[PhysType::Int4])))
}

fn begin(store: &Arc<Store>) -> Arc<Transaction> {
    store.begin_internal()
}

fn row(n: i32, text: &str) -> Vec<Datum> {
    let number = numeric::input(&format!("{}.50", n % 10), -1).unwrap();
    vec![Datum::Int4(n), Datum::text(text), Datum::Bytes(number)]
}

fn show(values: &[Datum]) -> String {
    format!("{values:?}")
}

fn insert(tx: &Arc<Transaction>, n: i32, text: &str) -> Result<Rowid, Rowid> {
    let (mut encoder, values) = (KeyEncoder::new(), row(n, text));
    let rowid = heap().insert(tx, &mut encoder, &values).unwrap();
    let key = [values[0].clone()];
    let check = UniqueCheck::Check;
    match primary_key().insert(tx, &mut encoder, &key, rowid, check) {
        Ok(None) => {}
        Ok(Some(other)) => return Err(other),
        Err(deadlock) => {
            assert_eq!(deadlock.sqlstate().as_str(), "40P01");
            return Err(rowid);
        }
    }
    let key = [values[1].clone(), values[2].clone(), values[0].clone()];
    secondary().insert(tx, &mut encoder, &key, rowid, check).unwrap();
    Ok(rowid)
}

fn scan(
    index: &Index,
    tx: &Arc<Transaction>,
    snapshot: &Snapshot,
    range: &IndexRange,
    backward: bool,
) -> Vec<Rowid> {
    let mut encoder = KeyEncoder::new();
    let desc = index.desc().clone();
    let mut scan = IndexScan::new(desc, tx, snapshot, &mut encoder, range, backward).unwrap();
    std::iter::from_fn(|| scan.advance().unwrap()).collect()
}

fn check(tx: &Arc<Transaction>) {
    let snapshot = tx.snapshot();
    let mut pk =
        |row: &table::RowRef<'_>, large: &dyn table::LargeStore| Ok(Some(vec![row.get(0, large)?]));
    let problems = check_index(tx, &snapshot, &heap(), &primary_key(), &mut pk).unwrap();
    assert_eq!(problems, Vec::<String>::new());
    let mut second = |row: &table::RowRef<'_>, large: &dyn table::LargeStore| {
        Ok(Some(vec![row.get(1, large)?, row.get(2, large)?, row.get(0, large)?]))
    };
    let problems = check_index(tx, &snapshot, &heap(), &secondary(), &mut second).unwrap();
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn rows_and_entries_follow_each_other() {
    on_both(|store| {
        let tx = begin(store);
        let texts = ["pear", "apple", "fig"];
        let rowids: Vec<Rowid> =
            (0..300).map(|n| insert(&tx, n, texts[n as usize % 3]).unwrap()).collect();
        assert_eq!(insert(&tx, 7, "again"), Err(rowids[7]), "own write of the same command");
        tx.abort();
        let tx = begin(store);
        let rowids: Vec<Rowid> =
            (0..300).map(|n| insert(&tx, n, texts[n as usize % 3]).unwrap()).collect();
        tx.commit().unwrap();
        let tx = begin(store);
        check(&tx);
        let snapshot = tx.snapshot();
        let mut encoder = KeyEncoder::new();
        let found = primary_key().lookup(&tx, &snapshot, &mut encoder, &[Datum::Int4(42)]).unwrap();
        assert_eq!(found, Some(rowids[42]));
        let mut out = Vec::new();
        assert!(heap().fetch(&tx, &snapshot, rowids[42], &mut out).unwrap());
        assert_eq!(show(&out), show(&row(42, "pear")));
        // Update one, delete one.
        let values = row(42, "quince");
        heap().update(&tx, &mut encoder, rowids[42], &values).unwrap();
        let old = row(42, "pear");
        let keys = |v: &[Datum]| [v[1].clone(), v[2].clone(), v[0].clone()];
        secondary()
            .update(&tx, &mut encoder, &keys(&old), &keys(&values), rowids[42], UniqueCheck::Check)
            .unwrap();
        let gone = row(9, "pear");
        heap().delete(&tx, rowids[9]).unwrap();
        primary_key().delete(&tx, &mut encoder, &gone[..1], rowids[9]).unwrap();
        secondary().delete(&tx, &mut encoder, &keys(&gone), rowids[9]).unwrap();
        tx.next_command().unwrap();
        check(&tx);
        let range = IndexRange { eq: vec![Datum::text("quince")], ..Default::default() };
        assert_eq!(scan(&secondary(), &tx, &tx.snapshot(), &range, false), [rowids[42]]);
        tx.commit().unwrap();
        let tx = begin(store);
        check(&tx);
        assert_eq!(insert(&tx, 9, "back").map(|rowid| rowid.0 >= 300), Ok(true));
    });
}

#[test]
fn ranges_scan_in_value_order_whatever_the_direction_of_the_column() {
    on_both(|store| {
        let tx = begin(store);
        for desc in [false, true] {
            for nulls_first in [false, true] {
                let order = KeyOrder { desc, nulls_first };
                let sid = store.alloc_storage_id().unwrap();
                let columns = vec![column(KeyKind::Int4, order, PhysType::Int4)];
                let index = Index::new(Arc::new(IndexDesc::new(sid, columns, &[])));
                let mut encoder = KeyEncoder::new();
                for n in 0..20 {
                    let value = if n < 3 { Datum::Null } else { Datum::Int4(n) };
                    index
                        .insert(&tx, &mut encoder, &[value], Rowid(n as u64), UniqueCheck::Check)
                        .unwrap();
                }
                tx.next_command().unwrap();
                let snapshot = tx.snapshot();
                let bound = |n: i32, inclusive| Some((Datum::Int4(n), inclusive));
                let check = |range: IndexRange, want: &[u64]| {
                    let got = |backward| {
                        let mut rows: Vec<u64> = scan(&index, &tx, &snapshot, &range, backward)
                            .iter()
                            .map(|r| r.0)
                            .collect();
                        if backward {
                            rows.reverse()
                        }
                        let mut sorted = rows.clone();
                        sorted.sort();
                        assert_eq!(sorted, want, "{range:?} {order:?}");
                        rows
                    };
                    assert_eq!(got(false), got(true));
                };
                let range = |lower, upper| IndexRange { lower, upper, ..Default::default() };
                check(range(bound(5, true), bound(8, false)), &[5, 6, 7]);
                check(range(bound(5, false), bound(8, true)), &[6, 7, 8]);
                check(range(None, bound(4, true)), &[3, 4]);
                check(range(bound(18, false), None), &[19]);
                check(range(bound(8, true), bound(5, true)), &[]);
                check(range(Some((Datum::Null, true)), None), &[]);
                check(IndexRange { eq: vec![Datum::Null], ..Default::default() }, &[0, 1, 2]);
                let not_null = IndexRange { not_null: true, ..Default::default() };
                check(not_null, &(3..20).collect::<Vec<_>>());
                check(IndexRange::all(), &(0..20).collect::<Vec<_>>());
                let order_of_all: Vec<u64> =
                    scan(&index, &tx, &snapshot, &IndexRange::all(), false)
                        .iter()
                        .map(|r| r.0)
                        .collect();
                let nulls_at_start = order_of_all[0] < 3;
                assert_eq!(nulls_at_start, nulls_first);
            }
        }
    });
}

#[test]
fn index_only_columns_and_skips() {
    on_both(|store| {
        let tx = begin(store);
        for n in 0..30 {
            insert(&tx, n, ["a", "b\0b", "c"][n as usize % 3]).unwrap();
        }
        tx.next_command().unwrap();
        let mut encoder = KeyEncoder::new();
        let desc = secondary().desc().clone();
        let all = IndexRange::all();
        let mut scan =
            IndexScan::new(desc.clone(), &tx, &tx.snapshot(), &mut encoder, &all, false).unwrap();
        let rowid = scan.advance().unwrap().unwrap();
        let mut out = Vec::new();
        scan.decode(&[2, 1, 0], &mut out).unwrap();
        let mut full = Vec::new();
        heap().fetch(&tx, &tx.snapshot(), rowid, &mut full).unwrap();
        assert_eq!(show(&out), show(&[full[0].clone(), full[2].clone(), full[1].clone()]));
        // Distinct first columns by skipping.
        for backward in [false, true] {
            let mut scan =
                IndexScan::new(desc.clone(), &tx, &tx.snapshot(), &mut encoder, &all, backward)
                    .unwrap();
            let mut distinct = Vec::new();
            let mut next = scan.advance().unwrap();
            while next.is_some() {
                scan.decode(&[0], &mut out).unwrap();
                distinct.push(out[0].as_str().to_owned());
                next = scan.skip_past(&out).unwrap();
            }
            if backward {
                distinct.reverse();
            }
            assert_eq!(distinct, ["c", "b\0b", "a"]);
        }
    });
}

#[test]
fn unique_values_wait_for_each_other() {
    on_both(|store| {
        let first = begin(store);
        let a = insert(&first, 1, "x").unwrap();
        let waiter = store.backend(42);
        thread::scope(|scope| {
            let second = scope.spawn(|| {
                let tx = store.begin(&waiter, TxnOptions::default());
                insert(&tx, 1, "y")
            });
            while store.locks().snapshot_of_locks().iter().all(|lock| lock.granted) {
                thread::yield_now();
            }
            first.commit().unwrap();
            assert_eq!(second.join().unwrap(), Err(a));
        });
        // The other way round: whoever inserted first rolls back.
        let first = begin(store);
        insert(&first, 2, "x").unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| {
                let tx = store.begin(&waiter, TxnOptions::default());
                insert(&tx, 2, "y").map(|_| tx.commit().unwrap())
            });
            while store.locks().snapshot_of_locks().iter().all(|lock| lock.granted) {
                thread::yield_now();
            }
            first.abort();
            assert_eq!(second.join().unwrap(), Ok(()));
        });
    });
}

#[test]
fn nulls_and_deferrable_constraints() {
    on_both(|store| {
        let tx = begin(store);
        let mut encoder = KeyEncoder::new();
        let make = |nulls_not_distinct, deferrable| {
            let sid = store.alloc_storage_id().unwrap();
            let desc = IndexDesc::new(sid, int_key(), &[]).unique(nulls_not_distinct, deferrable);
            Index::new(Arc::new(desc))
        };
        let (null, one) = ([Datum::Null], [Datum::Int4(1)]);
        let mut add = |index: &Index, values: &[Datum], rowid, check| {
            index.insert(&tx, &mut encoder, values, Rowid(rowid), check).unwrap().map(|r| r.0)
        };
        let plain = make(false, false);
        assert_eq!(add(&plain, &null, 1, UniqueCheck::Check), None);
        assert_eq!(add(&plain, &null, 2, UniqueCheck::Check), None, "NULLs are distinct");
        let not_distinct = make(true, false);
        assert_eq!(add(&not_distinct, &null, 1, UniqueCheck::Check), None);
        assert_eq!(add(&not_distinct, &null, 2, UniqueCheck::Check), Some(1));
        let deferrable = make(false, true);
        assert_eq!(add(&deferrable, &one, 1, UniqueCheck::Deferred), None);
        assert_eq!(add(&deferrable, &one, 2, UniqueCheck::Deferred), Some(1));
        let conflict = deferrable.find_conflict(&tx, &mut encoder, &one, Some(Rowid(1))).unwrap();
        assert_eq!(conflict, Some(Rowid(2)));
        deferrable.delete(&tx, &mut encoder, &one, Rowid(2)).unwrap();
        let conflict = deferrable.find_conflict(&tx, &mut encoder, &one, Some(Rowid(1))).unwrap();
        assert_eq!(conflict, None);
        tx.next_command().unwrap();
        assert_eq!(scan(&plain, &tx, &tx.snapshot(), &IndexRange::all(), false).len(), 2);
    });
}

#[test]
fn built_indexes_equal_maintained_ones() {
    on_both(|store| {
        let tx = begin(store);
        (0..40_000).for_each(|n| {
            heap().insert(&tx, &mut KeyEncoder::new(), &row((n * 7919) % 40_000, "t")).unwrap();
        });
        tx.commit().unwrap();
        let tx = begin(store);
        let snapshot = tx.snapshot();
        for index in [primary_key(), secondary()] {
            tx.create_storage(index.desc().sid).unwrap();
            let mut builder = IndexBuilder::new(index.desc().clone(), &tx, 1 << 20);
            let mut scan = heap().scan(&tx, &snapshot).unwrap();
            let mut v = Vec::new();
            while scan.advance().unwrap() {
                scan.decode_all(&mut v).unwrap();
                let values = if index.desc().unique {
                    vec![v[0].clone()]
                } else {
                    vec![v[1].clone(), v[2].clone(), v[0].clone()]
                };
                builder.add(&values, scan.rowid()).unwrap();
            }
            assert_eq!(builder.finish().unwrap(), None);
        }
        tx.next_command().unwrap();
        check(&tx);
        tx.commit().unwrap();
        check(&begin(store));
        // Duplicates are found.
        let tx = begin(store);
        let desc = IndexDesc::new(StorageId(90000), int_key(), &[]).unique(false, false);
        tx.create_storage(desc.sid).unwrap();
        let mut builder = IndexBuilder::new(Arc::new(desc), &tx, 1 << 20);
        for n in [5, 3, 4, 3] {
            builder.add(&[Datum::Int4(n)], Rowid(n as u64 * 10)).unwrap();
        }
        builder.add(&[Datum::Null], Rowid(1)).unwrap();
        builder.add(&[Datum::Null], Rowid(2)).unwrap();
        builder.add(&[Datum::Int4(3)], Rowid(31)).unwrap();
        assert!(matches!(builder.finish().unwrap(), Some((Rowid(30), _))));
    });
}

#[test]
fn large_attributes_live_and_die_with_their_row() {
    on_both(|store| {
        let noise: Vec<u8> =
            (0..50_000u32).flat_map(|n| (n.wrapping_mul(2654435761)).to_le_bytes()).collect();
        let mut values = row(1, "x");
        values[1] = Datum::bytes(&noise);
        let tx = begin(store);
        let mut encoder = KeyEncoder::new();
        let rowid = heap().insert(&tx, &mut encoder, &values).unwrap();
        let small = heap().insert(&tx, &mut encoder, &row(2, "small")).unwrap();
        tx.commit().unwrap();
        assert_eq!(small.0, rowid.0 + 1);
        let tx = begin(store);
        let old = tx.snapshot();
        let mut scan = heap().scan(&tx, &old).unwrap();
        let mut seen = 0;
        scan.visit(10, |_, row, large| {
            seen += 1;
            assert!(row.get(1, large)?.as_bytes().len() >= 5);
            Ok(true)
        })
        .unwrap();
        assert_eq!(seen, 2, "large attributes are not rows");
        let mut out = Vec::new();
        assert!(heap().fetch(&tx, &old, rowid, &mut out).unwrap());
        assert_eq!(out[1].as_bytes(), noise);
        heap().update(&tx, &mut encoder, rowid, &row(1, "short")).unwrap();
        tx.commit().unwrap();
        let tx = begin(store);
        assert!(heap().fetch(&tx, &old, rowid, &mut out).unwrap());
        assert_eq!(out[1].as_bytes(), noise, "old snapshot");
        let all = txn::IterOptions::prefix(&StorageId(80000).prefix());
        let mut keys = tx.scan(&tx.snapshot(), all).unwrap();
        keys.seek_to_first();
        let mut count = 0;
        while keys.valid() {
            count += 1;
            keys.next();
        }
        assert_eq!(count, 2, "nothing is left of the large attribute");
    });
}

#[test]
fn sequences_never_go_back() {
    on_both(|store| {
        let sequences = Arc::new(Sequences::new(store.clone()));
        let tx = begin(store);
        let sid = store.alloc_storage_id().unwrap();
        sequences.create(&tx, sid, 1, false).unwrap();
        let mut params = SequenceParams { increment: 1, min: 1, max: 40, cache: 1, cycle: false };
        let next = |tx: &Transaction, params: &SequenceParams| {
            sequences.next(tx, sid, params, "s").map(|block| block.first)
        };
        assert_eq!(next(&tx, &params).unwrap(), 1);
        tx.commit().unwrap();
        let tx = begin(store);
        assert_eq!(next(&tx, &params).unwrap(), 2);
        tx.abort();
        let tx = begin(store);
        assert_eq!(next(&tx, &params).unwrap(), 3, "rolling back gives nothing back");
        // As after a crash: another reader of the same log goes on beyond what was given out.
        let after_crash = Sequences::new(store.clone());
        let resumed = after_crash.next(&tx, sid, &params, "s").unwrap().first;
        assert!(resumed > 3, "{resumed}");
        params.cache = 10;
        let block = sequences.next(&tx, sid, &params, "s").unwrap();
        assert_eq!((block.first, block.last), (4, 13));
        assert_eq!(sequences.state(sid).unwrap().last_value, 13);
        sequences.set(&tx, sid, 40, true).unwrap();
        params.cache = 1;
        let error = sequences.next(&tx, sid, &params, "s").unwrap_err();
        assert_eq!(error.message(), "nextval: reached maximum value of sequence \"s\" (40)");
        assert_eq!(error.sqlstate().as_str(), "2200H");
        params.cycle = true;
        assert_eq!(sequences.next(&tx, sid, &params, "s").unwrap().first, 1);
        let down = SequenceParams { increment: -3, min: -10, max: -1, cache: 1, cycle: false };
        let sid = store.alloc_storage_id().unwrap();
        sequences.create(&tx, sid, -1, false).unwrap();
        let values: Vec<i64> =
            (0..4).map(|_| sequences.next(&tx, sid, &down, "d").unwrap().first).collect();
        assert_eq!(values, [-1, -4, -7, -10]);
        assert!(sequences.next(&tx, sid, &down, "d").is_err());
    });
}

#[test]
fn tids_name_rows() {
    for rowid in [0, 1, 127, 128, 1 << 20] {
        let tid = Rowid(rowid).to_tid();
        assert_eq!(Rowid::from_tid(tid), Some(Rowid(rowid)));
        assert_eq!(Rowid::at_or_after_tid(tid), Rowid(rowid));
    }
    assert_eq!(Rowid(0).to_tid(), 1);
    assert_eq!(Rowid::from_tid(0), None);
    assert_eq!(Rowid::from_tid(5 << 16 | 1000), None);
    assert_eq!(Rowid::at_or_after_tid(5 << 16 | 1000), Rowid(6 * 128));
}

#[test]
fn encoders_come_from_their_pool() {
    let pool = KeyEncoderPool::new();
    drop(pool.lend(100));
    drop(pool.lend(100));
    let (_a, _b) = (pool.lend(100), pool.lend(100_000));
    assert_eq!((pool.stats().hits, pool.stats().misses), (2, 2));
}

/// One random change by a session; what waits too long or conflicts is rolled back.
fn random_change(store: &Arc<Store>, backend: &Arc<txn::Backend>, state: &mut u64) -> bool {
    let mut random = |limit: u64| {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*state >> 33) % limit
    };
    let options = TxnOptions { synchronous_commit: false, ..Default::default() };
    let tx = store.begin(backend, options);
    let mut encoder = KeyEncoder::new();
    let keys = |v: &[Datum]| [v[1].clone(), v[2].clone(), v[0].clone()];
    for _ in 0..=random(3) {
        let snapshot = tx.snapshot();
        let n = random(40) as i32;
        let found = primary_key().lookup(&tx, &snapshot, &mut encoder, &[Datum::Int4(n)]).unwrap();
        let Some(rowid) = found else {
            if insert(&tx, n, "new").is_err() {
                return false;
            }
            tx.next_command().unwrap();
            continue;
        };
        let mode = txn::RowLockMode::Update;
        let wait = txn::WaitPolicy::Block;
        let Ok(state) = heap().lock_row(&tx, rowid, mode, wait, &snapshot) else { return false };
        let mut old = Vec::new();
        match state {
            txn::RowLock::Unchanged => {
                assert!(heap().fetch(&tx, &snapshot, rowid, &mut old).unwrap());
            }
            txn::RowLock::Changed(bytes) | txn::RowLock::Own { value: bytes, .. } => {
                heap().decode_latest(&tx, rowid, &bytes, &mut old).unwrap();
            }
            _ => continue,
        }
        if random(3) == 0 {
            heap().delete(&tx, rowid).unwrap();
            let deleted = primary_key().delete(&tx, &mut encoder, &old[..1], rowid);
            if deleted.is_err() {
                return false;
            }
            secondary().delete(&tx, &mut encoder, &keys(&old), rowid).unwrap();
        } else {
            let new = row(random(40) as i32, ["a", "b", "c"][random(3) as usize]);
            let check = UniqueCheck::Check;
            let moved = primary_key().update(&tx, &mut encoder, &old[..1], &new[..1], rowid, check);
            if !matches!(moved, Ok(None)) {
                return false;
            }
            heap().update(&tx, &mut encoder, rowid, &new).unwrap();
            secondary().update(&tx, &mut encoder, &keys(&old), &keys(&new), rowid, check).unwrap();
        }
        tx.next_command().unwrap();
    }
    if random(5) == 0 {
        return false;
    }
    tx.commit().unwrap();
    true
}

#[test]
fn indexes_stay_true_under_concurrent_changes() {
    on_both(|store| {
        let committed = std::sync::atomic::AtomicU32::new(0);
        thread::scope(|scope| {
            for pid in 0..4 {
                let committed = &committed;
                scope.spawn(move || {
                    let backend = store.backend(pid);
                    backend.set_deadlock_timeout(2);
                    let mut state = pid as u64 + 99;
                    for _ in 0..400 {
                        if random_change(store, &backend, &mut state) {
                            committed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert!(committed.into_inner() > 400);
        assert!(store.locks().snapshot_of_locks().is_empty(), "all locks are released");
        check(&begin(store));
    });
}
