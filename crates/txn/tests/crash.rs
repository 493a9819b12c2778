//! Crashes: a child process dies at a step of a commit, the parent reopens its directory and compares what it
//! finds with what the child had acknowledged. The child is this test binary, told what to do by its
//! environment.
#![allow(clippy::unwrap_used)]
use kv::IterOptions;
use kv_rocks::{RocksEngine, RocksOptions};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use txn::{FailAction, StorageId, Store, StoreOptions, Transaction, TxnOptions, meta};

const HEAP: StorageId = StorageId(70000);
const PARTS: u32 = 3;

fn open(directory: &Path) -> Arc<Store> {
    let options = RocksOptions { write_buffer: 4 << 20, ..RocksOptions::default() };
    let engine = RocksEngine::open(directory, &options).unwrap();
    Store::open(Arc::new(engine), StoreOptions::default()).unwrap()
}

/// Each commit writes the same number under several keys: it is there whole or not at all.
fn write(tx: &Transaction, number: u32) {
    for part in 0..PARTS {
        let key = [&HEAP.prefix()[..], &part.to_be_bytes(), &number.to_be_bytes()].concat();
        tx.put(&key, &tx.xid().unwrap().to_le_bytes()).unwrap();
    }
}

fn numbers(store: &Store, part: u32) -> BTreeSet<u32> {
    let prefix = [&HEAP.prefix()[..], &part.to_be_bytes()].concat();
    let mut cursor = store.engine().snapshot().iter(IterOptions::prefix(&prefix));
    cursor.seek_to_first();
    let mut out = BTreeSet::new();
    while cursor.valid() {
        out.insert(u32::from_be_bytes(cursor.key()[8..].try_into().unwrap()));
        cursor.next();
    }
    out
}

fn acknowledge(number: u32) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ack {number}").unwrap();
    out.flush().unwrap();
}

/// What the child does; returns only if it is not one.
fn child() {
    let (Ok(what), Ok(directory)) = (std::env::var("CRASH_AT"), std::env::var("CRASH_IN")) else {
        return;
    };
    let store = open(Path::new(&directory));
    match what.as_str() {
        "spilled-before" | "spilled-after" => child_spilled(&store, &what),
        "bulk" => child_bulk(&store),
        point => child_commits(&store, point),
    }
    std::process::exit(1);
}

fn child_commits(store: &Arc<Store>, point: &str) {
    let next = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for pid in 0..4 {
            let (next, point) = (&next, point);
            scope.spawn(move || {
                let backend = store.backend(pid);
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let options =
                        TxnOptions { synchronous_commit: number % 4 != 3, ..Default::default() };
                    let tx = store.begin(&backend, options);
                    write(&tx, number);
                    if number == 40 {
                        store.failpoints().set(point, Some(FailAction::Abort));
                    }
                    tx.commit().unwrap();
                    if number % 4 != 3 {
                        acknowledge(number);
                    }
                }
            });
        }
    });
}

fn child_spilled(store: &Arc<Store>, what: &str) {
    let backend = store.backend(1);
    let tx = store.begin(&backend, TxnOptions { synchronous_commit: false, ..Default::default() });
    write(&tx, 1_000_000);
    tx.commit().unwrap();
    let tx = store.begin(&backend, TxnOptions::default());
    tx.set_overlay_budget(32 << 10);
    (0..5000).for_each(|number| write(&tx, number));
    let point = if what == "spilled-before" { "ingest-before" } else { "ingest-after" };
    store.failpoints().set(point, Some(FailAction::Abort));
    tx.commit().unwrap();
}

fn child_bulk(store: &Arc<Store>) {
    let backend = store.backend(1);
    let tx = store.begin(&backend, TxnOptions::default());
    let sid = store.alloc_storage_id().unwrap();
    tx.create_storage(sid).unwrap();
    let mut writer = tx.bulk(sid).unwrap();
    for n in 0..100_000u64 {
        let key = [&sid.prefix()[..], &n.to_be_bytes()].concat();
        writer.put(&key, &[7; 64]).unwrap();
    }
    writer.finish().unwrap();
    assert!(store.stats().snapshot().ingested_files > 0);
    acknowledge(sid.0);
    std::process::abort();
}

/// Runs the child to its end and returns what it acknowledged.
fn crash(point: &str, directory: &Path) -> BTreeSet<u32> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crashes_lose_nothing_acknowledged", "--nocapture"])
        .env("CRASH_AT", point)
        .env("CRASH_IN", directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let acknowledged = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("ack ")?.trim().parse().ok())
        .collect();
    let status = process.wait().unwrap();
    assert!(!status.success() && status.code().is_none(), "the child dies by a signal: {status}");
    acknowledged
}

#[test]
fn crashes_lose_nothing_acknowledged() {
    child();
    for point in
        ["commit-before-log", "commit-after-log", "commit-before-publish", "commit-after-publish"]
    {
        let directory = tempfile::tempdir().unwrap();
        let acknowledged = crash(point, directory.path());
        assert!(!acknowledged.is_empty(), "{point}");
        let store = open(directory.path());
        let found = numbers(&store, 0);
        assert!(acknowledged.is_subset(&found), "{point}: {acknowledged:?} {found:?}");
        (1..PARTS)
            .for_each(|part| assert_eq!(numbers(&store, part), found, "{point}: whole commits"));
        // The store works, and gives out nothing twice.
        let tx = store.begin_internal();
        let xid = tx.xid().unwrap();
        let prefix = HEAP.prefix();
        let mut cursor = store.engine().snapshot().iter(IterOptions::prefix(&prefix));
        cursor.seek_to_first();
        while cursor.valid() {
            assert!(u64::from_le_bytes(cursor.value().try_into().unwrap()) < xid);
            cursor.next();
        }
        write(&tx, 9_999_999);
        tx.commit().unwrap();
    }
}

#[test]
fn a_spilled_commit_is_all_or_nothing() {
    for (point, rows) in [("spilled-before", 0), ("spilled-after", 5000)] {
        let directory = tempfile::tempdir().unwrap();
        crash(point, directory.path());
        let store = open(directory.path());
        let mut found = numbers(&store, 0);
        assert!(found.remove(&1_000_000), "what came before is durable first");
        assert_eq!(found.len(), rows, "{point}");
        (1..PARTS).for_each(|part| assert_eq!(numbers(&store, part).len(), rows + 1));
        assert_eq!(std::fs::read_dir(directory.path().join("scratch")).unwrap().count(), 0);
    }
}

#[test]
fn storage_of_a_lost_transaction_is_cleared() {
    let directory = tempfile::tempdir().unwrap();
    let made = crash("bulk", directory.path());
    let sid = StorageId(*made.first().unwrap());
    let store = open(directory.path());
    for sid in [sid, meta::PENDING_CREATE, meta::PENDING_DROP] {
        let mut cursor = store.engine().snapshot().iter(IterOptions::prefix(&sid.prefix()));
        cursor.seek_to_first();
        assert!(!cursor.valid());
    }
    assert!(store.alloc_storage_id().unwrap() > sid, "storage ids are not reused");
}

#[test]
fn a_clean_shutdown_skips_no_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let (oid, sid, xid) = {
        let store = open(directory.path());
        let xid = store.begin_internal().xid().unwrap();
        let numbers = (store.alloc_oid().unwrap(), store.alloc_storage_id().unwrap().0, xid);
        store.close().unwrap();
        numbers
    };
    let store = open(directory.path());
    assert_eq!(store.alloc_oid().unwrap(), oid + 1);
    assert_eq!(store.alloc_storage_id().unwrap().0, sid + 1);
    assert_eq!(store.begin_internal().xid().unwrap(), xid + 1);
}

#[test]
fn a_commit_that_fails_before_the_log_is_rolled_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let action = FailAction::Error("no space".to_owned());
    store.failpoints().set("commit-before-log", Some(action));
    let tx = store.begin_internal();
    write(&tx, 1);
    assert_eq!(tx.commit().unwrap_err().message(), "no space");
    store.failpoints().set("commit-before-log", None);
    assert!(numbers(&store, 0).is_empty());
    let tx = store.begin_internal();
    write(&tx, 2);
    tx.commit().unwrap();
    assert_eq!(numbers(&store, 0).len(), 1);
}

#[test]
fn prepared_transactions_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let row = txn::LockTag::Tuple { sid: HEAP, rowid: 3 };
    let relation = txn::LockTag::Relation { db: 1, oid: 2 };
    let lock = |store: &Store, backend: &Arc<txn::Backend>| {
        let locks = store.locks();
        let row = locks.lock_row(backend, row, txn::RowLockMode::Update, txn::WaitPolicy::Skip);
        let mode = txn::LockMode::AccessExclusive;
        let level = txn::LockLevel::Transaction;
        let relation = locks.lock(backend, relation, mode, level, txn::WaitPolicy::Skip);
        let free = [row.unwrap(), relation.unwrap()].map(|o| o == txn::LockOutcome::Granted);
        locks.release_transaction(backend);
        free
    };
    let prepare = |store: &Arc<Store>, gid: &str, number: u32| {
        let backend = store.backend(1);
        let tx = store.begin(&backend, TxnOptions::default());
        write(&tx, number);
        let heap_row = [&HEAP.prefix()[..], &(500 + u64::from(number)).to_be_bytes()].concat();
        tx.put(&heap_row, b"prepared").unwrap();
        if number == 1 {
            let snapshot = tx.snapshot();
            tx.lock_row(HEAP, 3, txn::RowLockMode::Update, txn::WaitPolicy::Skip, &snapshot)
                .unwrap();
            tx.lock(relation, txn::LockMode::RowExclusive, txn::WaitPolicy::Skip).unwrap();
        }
        tx.prepare(gid, b"owner").map(|()| assert_eq!(lock(store, &backend), [false, false]))
    };
    {
        let store = open(directory.path());
        prepare(&store, "one", 1).unwrap();
        prepare(&store, "two", 2).unwrap();
        let error = prepare(&store, "two", 3).unwrap_err();
        assert_eq!(error.message(), "transaction identifier \"two\" is already in use");
        assert!(numbers(&store, 0).is_empty());
    }
    let store = open(directory.path());
    let backend = store.backend(9);
    assert_eq!(lock(&store, &backend), [false, false], "locks are held again");
    assert!(store.rowids(HEAP).unwrap().bound() > 502, "row ids of prepared rows are taken");
    let names: Vec<String> = store.prepared().into_iter().map(|p| p.gid).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(&store.prepared()[0].payload[..], b"owner");
    store.commit_prepared("one", Vec::new()).unwrap();
    store.rollback_prepared("two").unwrap();
    assert_eq!(lock(&store, &backend), [true, true]);
    let error = store.commit_prepared("one", Vec::new()).unwrap_err();
    assert_eq!(error.message(), "prepared transaction with identifier \"one\" does not exist");
    drop(store);
    let store = open(directory.path());
    assert!(store.prepared().is_empty());
    // Its number, and the heap row, whose key reads as one.
    assert_eq!(numbers(&store, 0).into_iter().collect::<Vec<_>>(), [1, 501]);
}
