//! What the short paths cost: point reads, single-row updates, commits by many threads, scans, big inserts.
//! `cargo bench -p table --bench paths [name …]` prints one line a measurement.
#![allow(clippy::print_stdout, clippy::unwrap_used)]
use kv_rocks::{RocksEngine, RocksOptions};
use std::{sync::Arc, time::Instant};
use table::{
    Heap, Index, IndexDesc, KeyColumn, KeyEncoder, KeyKind, KeyOrder, RowLayout, RowLock,
    RowLockMode, Rowid, StorageId, TableDesc, UniqueCheck, WaitPolicy,
};
use txn::{Store, StoreOptions, TxnOptions};
use types::{Datum, PhysType};

const ROWS: i32 = 100_000;

struct Bench {
    store: Arc<Store>,
    heap: Heap,
    key: Index,
    _directory: tempfile::TempDir,
}

/// A table like pgbench_accounts in a fresh directory.
fn setup(read_cache: usize) -> Bench {
    let directory =
        tempfile::tempdir_in(std::env::var("BENCH_DIR").unwrap_or("/tmp".into())).unwrap();
    let engine = RocksEngine::open(directory.path(), &RocksOptions::default()).unwrap();
    let options = StoreOptions { read_cache, ..Default::default() };
    let store = Store::open(Arc::new(engine), options).unwrap();
    let layout = RowLayout::new(&[PhysType::Int4, PhysType::Int4, PhysType::Int4, PhysType::Bytes]);
    let heap = Heap::new(Arc::new(TableDesc { sid: StorageId(70000), layout, missing: vec![] }));
    let column = KeyColumn { kind: KeyKind::Int4, order: KeyOrder::ASC, phys: PhysType::Int4 };
    let desc = IndexDesc::new(StorageId(70001), vec![column], &[]).unique(false, false);
    let bench = Bench { store, heap, key: Index::new(Arc::new(desc)), _directory: directory };
    let tx = bench.store.begin_internal();
    let mut encoder = KeyEncoder::new();
    for n in 0..ROWS {
        let rowid = bench.heap.insert(&tx, &mut encoder, &row(n, 0)).unwrap();
        bench.key.insert(&tx, &mut encoder, &[Datum::Int4(n)], rowid, UniqueCheck::Check).unwrap();
    }
    tx.commit().unwrap();
    bench
}

fn row(n: i32, balance: i32) -> [Datum; 4] {
    [Datum::Int4(n), Datum::Int4(1), Datum::Int4(balance), Datum::text(&" ".repeat(84))]
}

fn report(name: &str, rounds: u64, start: Instant) {
    let each = start.elapsed().as_nanos() as f64 / rounds as f64 / 1000.0;
    println!("{name:40} {each:10.3} us");
}

fn random(state: &mut u64) -> i32 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    ((*state >> 33) % ROWS as u64) as i32
}

fn point_reads(bench: &Bench, name: &str) {
    let backend = bench.store.backend(1);
    let (mut encoder, mut state) = (KeyEncoder::new(), 1);
    let mut run = |rounds: u64, name: Option<&str>| {
        let start = Instant::now();
        for _ in 0..rounds {
            let tx = bench.store.begin(&backend, TxnOptions::default());
            let snapshot = tx.snapshot();
            let key = [Datum::Int4(random(&mut state))];
            let rowid = bench.key.lookup(&tx, &snapshot, &mut encoder, &key).unwrap().unwrap();
            let got = bench.heap.fetch_with(&tx, &snapshot, rowid, |row, large| row.get(2, large));
            assert!(got.unwrap().is_some());
            tx.commit().unwrap();
        }
        name.iter().for_each(|name| report(name, rounds, start));
    };
    run(100_000, None);
    run(200_000, Some(name));
    bench.store.remove_backend(&backend);
}

fn empty_transactions(bench: &Bench) {
    let backend = bench.store.backend(1);
    let start = Instant::now();
    for _ in 0..1_000_000 {
        let tx = bench.store.begin(&backend, TxnOptions::default());
        std::hint::black_box(tx.snapshot());
        tx.commit().unwrap();
    }
    report("begin, snapshot, commit", 1_000_000, start);
}

fn update(bench: &Bench, tx: &Arc<table::Transaction>, encoder: &mut KeyEncoder, n: i32) {
    let snapshot = tx.snapshot();
    let rowid = bench.key.lookup(tx, &snapshot, encoder, &[Datum::Int4(n)]).unwrap().unwrap();
    let mode = RowLockMode::NoKeyUpdate;
    let state = bench.heap.lock_row(tx, rowid, mode, WaitPolicy::Block, &snapshot).unwrap();
    assert!(matches!(state, RowLock::Unchanged | RowLock::Changed(_)));
    let mut old = Vec::new();
    assert!(bench.heap.fetch(tx, &snapshot, rowid, &mut old).unwrap());
    old[2] = Datum::Int4(old[2].as_i32() + 1);
    bench.heap.update(tx, encoder, rowid, &old).unwrap();
}

fn updates(bench: &Bench, threads: i32, synchronous_commit: bool, rounds: u64, name: &str) {
    let before = bench.store.stats().snapshot();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for pid in 0..threads {
            scope.spawn(move || {
                let backend = bench.store.backend(pid);
                let (mut encoder, mut state) = (KeyEncoder::new(), pid as u64 * 77 + 5);
                for _ in 0..rounds / threads as u64 {
                    let options = TxnOptions { synchronous_commit, ..Default::default() };
                    let tx = bench.store.begin(&backend, options);
                    update(bench, &tx, &mut encoder, random(&mut state));
                    tx.commit().unwrap();
                }
            });
        }
    });
    report(name, rounds, start);
    let after = bench.store.stats().snapshot();
    let syncs = after.fsyncs - before.fsyncs;
    println!("{:40} {:10.1} commits a sync", "", rounds as f64 / syncs.max(1) as f64);
}

fn scan(bench: &Bench) {
    let tx = bench.store.begin_internal();
    let start = Instant::now();
    let mut scan = bench.heap.scan(&tx, &tx.snapshot()).unwrap();
    let mut sum = 0i64;
    while scan.advance().unwrap() {
        sum += i64::from(scan.get(2).unwrap().as_i32());
    }
    assert!(sum >= 0);
    report("scan, a row", ROWS as u64, start);
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn big_insert(bench: &Bench, rows: i32) {
    let tx = bench.store.begin_internal();
    let mut encoder = KeyEncoder::new();
    let start = Instant::now();
    let mut peak = 0;
    for n in ROWS..ROWS + rows {
        let rowid: Rowid = bench.heap.insert(&tx, &mut encoder, &row(n, 0)).unwrap();
        bench.key.insert(&tx, &mut encoder, &[Datum::Int4(n)], rowid, UniqueCheck::Check).unwrap();
        if n % 100_000 == 0 {
            peak = peak.max(resident());
        }
    }
    report("big insert, a row", rows as u64, start);
    let start = Instant::now();
    tx.commit().unwrap();
    report("its commit, a row", rows as u64, start);
    println!("{:40} {:10} MB resident at most, {} MB after", "", peak, resident());
}

fn main() {
    let names: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    if wanted("point") {
        let plain = setup(0);
        point_reads(&plain, "point read, memtable");
        plain.store.engine().flush().unwrap();
        point_reads(&plain, "point read, block cache");
        let cached = setup(64 << 20);
        point_reads(&cached, "point read, read cache");
    }
    if wanted("cached") {
        let cached = setup(64 << 20);
        empty_transactions(&cached);
        point_reads(&cached, "point read, read cache");
    }
    if wanted("update") {
        let bench = setup(64 << 20);
        updates(&bench, 1, false, 100_000, "update, asynchronous commit, 1 thread");
        updates(&bench, 1, true, 2_000, "update, synchronous commit, 1 thread");
        updates(&bench, 8, true, 10_000, "update, synchronous commit, 8 threads");
        updates(&bench, 64, true, 40_000, "update, synchronous commit, 64 threads");
    }
    if wanted("scan") {
        let bench = setup(0);
        scan(&bench);
        bench.store.engine().flush().unwrap();
        scan(&bench);
    }
    if wanted("big") {
        big_insert(&setup(64 << 20), 5_000_000);
    }
}
