//! Visibility, savepoints, scans, spills and bulk writes, on both engines.
#![allow(clippy::unwrap_used)]
use kv::{IterOptions, MemEngine};
use kv_rocks::{RocksEngine, RocksOptions};
use std::{collections::BTreeMap, sync::Arc};
use txn::{
    Backend, Isolation, RowLock, RowLockMode, Snapshot, StorageId, Store, StoreOptions,
    Transaction, TxnOptions, WaitPolicy,
};

/// Runs a test on each engine.
fn on_both(test: impl Fn(&Arc<Store>)) {
    let options = StoreOptions::default();
    test(&Store::open(Arc::new(MemEngine::new()), options.clone()).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let engine = RocksEngine::open(directory.path(), &RocksOptions::default()).unwrap();
    test(&Store::open(Arc::new(engine), options).unwrap());
}

fn begin(store: &Arc<Store>) -> (Arc<Backend>, Arc<Transaction>) {
    let backend = store.backend(1);
    let tx = store.begin(&backend, TxnOptions::default());
    (backend, tx)
}

fn key(n: u32) -> Vec<u8> {
    [&70000u32.to_be_bytes()[..], &u64::from(n).to_be_bytes()].concat()
}

fn row(tx: &Transaction, text: &str) -> Vec<u8> {
    [&tx.xid().unwrap().to_le_bytes()[..], text.as_bytes()].concat()
}

fn put(tx: &Transaction, n: u32, text: &str) {
    tx.put(&key(n), &row(tx, text)).unwrap();
}

fn get(tx: &Transaction, snapshot: &Snapshot, n: u32) -> Option<String> {
    let value = tx.get(snapshot, &key(n)).unwrap()?;
    Some(String::from_utf8(value[8..].to_vec()).unwrap())
}

fn all() -> IterOptions {
    IterOptions::prefix(&70000u32.to_be_bytes())
}

fn contents(tx: &Arc<Transaction>, snapshot: &Snapshot, forward: bool) -> Vec<(u32, String)> {
    let mut scan = tx.scan(snapshot, all()).unwrap();
    let mut out = Vec::new();
    if forward {
        scan.seek_to_first()
    } else {
        scan.seek_to_last()
    }
    while scan.valid() {
        let n = u32::from_be_bytes(scan.key()[8..12].try_into().unwrap());
        out.push((n, String::from_utf8(scan.value()[8..].to_vec()).unwrap()));
        if forward { scan.next() } else { scan.prev() }
    }
    scan.status().unwrap();
    out
}

#[test]
fn commands_and_commits_are_seen_when_they_should() {
    on_both(|store| {
        let (_b1, t1) = begin(store);
        let early = t1.snapshot();
        put(&t1, 1, "a");
        assert_eq!(get(&t1, &t1.snapshot(), 1), None, "own write of the same command");
        t1.next_command().unwrap();
        assert_eq!(get(&t1, &t1.snapshot(), 1).as_deref(), Some("a"));
        assert_eq!(get(&t1, &early, 1), None);
        let (_b2, t2) = begin(store);
        assert_eq!(get(&t2, &t2.snapshot(), 1), None, "uncommitted");
        let before = t2.snapshot();
        t1.commit().unwrap();
        assert_eq!(get(&t2, &before, 1), None, "old snapshot");
        assert_eq!(get(&t2, &t2.snapshot(), 1).as_deref(), Some("a"));
        assert_eq!(t2.xid_if_assigned(), None, "readers take no xid");
    });
}

#[test]
fn repeatable_read_keeps_its_view() {
    on_both(|store| {
        let backend = store.backend(7);
        let options = TxnOptions { isolation: Isolation::RepeatableRead, ..Default::default() };
        let reader = store.begin(&backend, options);
        assert_eq!(get(&reader, &reader.snapshot(), 1), None);
        let (_b, writer) = begin(store);
        put(&writer, 1, "a");
        writer.commit().unwrap();
        assert_eq!(get(&reader, &reader.snapshot(), 1), None);
        assert_eq!(get(&reader, &reader.latest_snapshot(), 1).as_deref(), Some("a"));
    });
}

#[test]
fn savepoints_undo_what_came_after_them() {
    on_both(|store| {
        let (_b, tx) = begin(store);
        put(&tx, 1, "a");
        put(&tx, 2, "a");
        tx.next_command().unwrap();
        let outer = tx.begin_sub();
        put(&tx, 1, "b");
        tx.delete(&key(2)).unwrap();
        put(&tx, 3, "b");
        tx.next_command().unwrap();
        let inner = tx.begin_sub();
        put(&tx, 1, "c");
        tx.next_command().unwrap();
        assert_eq!(get(&tx, &tx.snapshot(), 1).as_deref(), Some("c"));
        tx.release_sub(inner).unwrap();
        let second = tx.begin_sub();
        put(&tx, 4, "d");
        tx.rollback_sub(second).unwrap();
        tx.next_command().unwrap();
        let mine = contents(&tx, &tx.snapshot(), true);
        assert_eq!(mine, [(1, "c".into()), (3, "b".into())]);
        tx.rollback_sub(outer).unwrap();
        tx.next_command().unwrap();
        let mine = contents(&tx, &tx.snapshot(), true);
        assert_eq!(mine, [(1, "a".into()), (2, "a".into())]);
        assert!(tx.rollback_sub(inner).is_err(), "closed with its parent");
        tx.commit().unwrap();
        let (_b, reader) = begin(store);
        assert_eq!(contents(&reader, &reader.snapshot(), true).len(), 2);
    });
}

#[test]
fn scans_lay_own_writes_over_committed_rows_both_ways() {
    on_both(|store| {
        let (_b, tx) = begin(store);
        (0..400).filter(|n| n % 2 == 0).for_each(|n| put(&tx, n, "committed"));
        tx.commit().unwrap();
        let (_b, tx) = begin(store);
        let mut model: BTreeMap<u32, String> =
            (0..400).filter(|n| n % 2 == 0).map(|n| (n, "committed".into())).collect();
        for n in 0..400 {
            if n % 3 == 0 {
                put(&tx, n, "own");
                model.insert(n, "own".into());
            } else if n % 5 == 0 {
                tx.delete(&key(n)).unwrap();
                model.remove(&n);
            }
        }
        tx.next_command().unwrap();
        let snapshot = tx.snapshot();
        (0..400).for_each(|n| put(&tx, n, "later"));
        let mut want: Vec<_> = model.into_iter().collect();
        assert_eq!(contents(&tx, &snapshot, true), want);
        want.reverse();
        assert_eq!(contents(&tx, &snapshot, false), want);
        // Turning around in the middle.
        let mut scan = tx.scan(&snapshot, all()).unwrap();
        scan.seek(&key(100));
        let (mut forth, mut back) = (Vec::new(), Vec::new());
        for _ in 0..130 {
            forth.push(scan.key().to_vec());
            scan.next();
        }
        for _ in 0..130 {
            scan.prev();
            back.push(scan.key().to_vec());
        }
        back.reverse();
        assert_eq!(forth, back);
    });
}

#[test]
fn a_spilled_transaction_behaves_like_any_other() {
    on_both(|store| {
        let (_b, tx) = begin(store);
        (0..2000).for_each(|n| put(&tx, n, "old"));
        tx.commit().unwrap();
        let (_b, tx) = begin(store);
        tx.set_overlay_budget(64 << 10);
        let mut model: BTreeMap<u32, String> = (0..2000).map(|n| (n, "old".into())).collect();
        for n in (0..4000).rev() {
            put(&tx, n, "first");
            model.insert(n, "first".into());
        }
        tx.next_command().unwrap();
        let middle = (tx.snapshot(), model.clone());
        let sub = tx.begin_sub();
        (0..3000).for_each(|n| put(&tx, n, "undone"));
        tx.next_command().unwrap();
        tx.rollback_sub(sub).unwrap();
        for n in 0..4000 {
            if n % 7 == 0 {
                tx.delete(&key(n)).unwrap();
                model.remove(&n);
            }
        }
        tx.next_command().unwrap();
        assert!(store.stats().snapshot().spills > 3);
        let model_rows: Vec<_> = model.clone().into_iter().collect();
        assert_eq!(contents(&tx, &tx.snapshot(), true), model_rows);
        let middle_rows: Vec<_> = middle.1.clone().into_iter().collect();
        assert_eq!(contents(&tx, &middle.0, true), middle_rows);
        assert_eq!(get(&tx, &middle.0, 7).as_deref(), Some("first"));
        assert_eq!(get(&tx, &tx.snapshot(), 7), None);
        drop(middle);
        tx.commit().unwrap();
        let (_b, reader) = begin(store);
        assert_eq!(contents(&reader, &reader.snapshot(), true), model_rows);
        let reversed: Vec<_> = model_rows.into_iter().rev().collect();
        assert_eq!(contents(&reader, &reader.snapshot(), false), reversed);
    });
}

#[test]
fn bulk_rows_are_seen_by_later_commands_and_go_with_a_rollback() {
    on_both(|store| {
        let fill = |tx: &Arc<Transaction>, sid: StorageId| {
            let mut writer = tx.bulk(sid).unwrap();
            for n in 0..60_000u64 {
                let key = [&sid.prefix()[..], &n.to_be_bytes()].concat();
                writer.put(&key, &[7; 100]).unwrap();
            }
            writer.finish().unwrap();
        };
        let count = |tx: &Arc<Transaction>, snapshot: &Snapshot, sid: StorageId| {
            let mut scan = tx.scan(snapshot, IterOptions::prefix(&sid.prefix())).unwrap();
            scan.seek_to_first();
            let mut rows = 0;
            while scan.valid() {
                rows += 1;
                scan.next();
            }
            rows
        };
        let (_b, tx) = begin(store);
        let (sid, lost) = (store.alloc_storage_id().unwrap(), store.alloc_storage_id().unwrap());
        tx.create_storage(sid).unwrap();
        let before = tx.snapshot();
        fill(&tx, sid);
        assert_eq!(count(&tx, &before, sid), 0);
        tx.next_command().unwrap();
        let snapshot = tx.snapshot();
        assert_eq!(count(&tx, &snapshot, sid), 60_000);
        let key = [&sid.prefix()[..], &5u64.to_be_bytes()].concat();
        tx.delete(&key).unwrap();
        tx.next_command().unwrap();
        assert_eq!(count(&tx, &tx.snapshot(), sid), 59_999);
        assert!(tx.get(&tx.snapshot(), &key).unwrap().is_none());
        assert!(tx.get(&snapshot, &key).unwrap().is_some());
        let sub = tx.begin_sub();
        tx.create_storage(lost).unwrap();
        fill(&tx, lost);
        tx.rollback_sub(sub).unwrap();
        tx.commit().unwrap();
        assert!(store.stats().snapshot().ingested_files >= 2);
        let (_b, reader) = begin(store);
        assert_eq!(count(&reader, &reader.snapshot(), sid), 59_999);
        assert_eq!(count(&reader, &reader.snapshot(), lost), 0);
        let (_b, dropper) = begin(store);
        dropper.drop_storage(sid).unwrap();
        let old = reader.snapshot();
        dropper.commit().unwrap();
        assert_eq!(count(&reader, &reader.snapshot(), sid), 0);
        assert_eq!(count(&reader, &old, sid), 59_999, "old snapshots keep dropped storage");
    });
}

#[test]
fn row_locks_tell_what_became_of_the_row() {
    on_both(|store| {
        let sid = StorageId(70000);
        let lock = |tx: &Transaction, snapshot: &Snapshot, n: u64| {
            tx.lock_row(sid, n, RowLockMode::Update, WaitPolicy::Skip, snapshot).unwrap()
        };
        let (_b1, t1) = begin(store);
        (1..5).for_each(|n| put(&t1, n, "a"));
        t1.commit().unwrap();
        let (_b2, t2) = begin(store);
        let snapshot = t2.snapshot();
        let (_b3, t3) = begin(store);
        put(&t3, 1, "changed");
        t3.delete(&key(2)).unwrap();
        assert_eq!(lock(&t3, &t3.snapshot(), 3), RowLock::Unchanged);
        assert_eq!(lock(&t2, &snapshot, 3), RowLock::NotAvailable);
        t3.commit().unwrap();
        assert!(matches!(lock(&t2, &snapshot, 1), RowLock::Changed(v) if &v[8..] == b"changed"));
        assert_eq!(lock(&t2, &snapshot, 2), RowLock::Deleted);
        assert_eq!(lock(&t2, &snapshot, 3), RowLock::Unchanged);
        assert_eq!(lock(&t2, &t2.snapshot(), 1), RowLock::Unchanged);
        put(&t2, 3, "own");
        assert!(matches!(lock(&t2, &snapshot, 3), RowLock::Own { cid: 0, .. }));
        t2.delete(&key(3)).unwrap();
        assert_eq!(lock(&t2, &snapshot, 3), RowLock::OwnDeleted { cid: 0 });
    });
}

#[test]
fn the_read_cache_never_shows_another_csn() {
    on_both(|store| {
        let (_b, writer) = begin(store);
        (0..50).for_each(|n| put(&writer, n, "0"));
        writer.commit().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..2 {
                scope.spawn(move || {
                    for round in 1..400 {
                        let backend = store.backend(100 + thread);
                        let tx = store.begin(
                            &backend,
                            TxnOptions { synchronous_commit: false, ..Default::default() },
                        );
                        // All keys of one thread change together.
                        (0..50).filter(|n| n % 2 == thread as u32).for_each(|n| {
                            put(&tx, n, &round.to_string());
                        });
                        tx.commit().unwrap();
                        store.remove_backend(&backend);
                    }
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    let backend = store.backend(200);
                    for _ in 0..400 {
                        let tx = store.begin(&backend, TxnOptions::default());
                        let snapshot = tx.snapshot();
                        let values: Vec<_> = (0..50).map(|n| get(&tx, &snapshot, n)).collect();
                        assert!(values.iter().step_by(2).all(|v| *v == values[0]), "{values:?}");
                        assert!(values.iter().skip(1).step_by(2).all(|v| *v == values[1]));
                        tx.commit().unwrap();
                    }
                });
            }
        });
        assert!(store.stats().snapshot().cache_hits > 0);
    });
}
