//! Serializable isolation: named anomalies are refused, harmless overlaps are not.
#![allow(clippy::unwrap_used)]
use kv::{IterOptions, MemEngine};
use std::sync::Arc;
use txn::{Isolation, StorageId, Store, StoreOptions, Transaction, TxnOptions};

const HEAP: StorageId = StorageId(70000);

fn store() -> Arc<Store> {
    let store = Store::open(Arc::new(MemEngine::new()), StoreOptions::default()).unwrap();
    let tx = store.begin_internal();
    (0..10).for_each(|n| write(&tx, n));
    tx.commit().unwrap();
    store
}

fn key(n: u64) -> Vec<u8> {
    [&HEAP.prefix()[..], &n.to_be_bytes()].concat()
}

fn begin_as(store: &Arc<Store>, isolation: Isolation, read_only: bool) -> Arc<Transaction> {
    let backend = store.backend(1);
    let tx = store.begin(&backend, TxnOptions { isolation, ..Default::default() });
    tx.set_read_only(read_only);
    tx.snapshot();
    tx
}

fn begin(store: &Arc<Store>) -> Arc<Transaction> {
    begin_as(store, Isolation::Serializable, false)
}

fn write(tx: &Transaction, n: u64) {
    try_write(tx, n).unwrap();
}

fn try_write(tx: &Transaction, n: u64) -> error::PgResult<()> {
    tx.put(&key(n), &tx.xid()?.to_le_bytes())
}

fn read(tx: &Transaction, n: u64) {
    try_read(tx, n).unwrap();
}

fn try_read(tx: &Transaction, n: u64) -> error::PgResult<()> {
    tx.get(&tx.snapshot(), &key(n)).map(drop)
}

fn scan(tx: &Arc<Transaction>, from: u64, to: u64) {
    let mut scan = tx.scan(&tx.snapshot(), IterOptions::range(&key(from), &key(to))).unwrap();
    scan.seek_to_first();
    while scan.valid() {
        scan.next();
    }
}

fn refused(result: error::PgResult<()>) {
    let error = result.unwrap_err();
    assert_eq!(error.sqlstate().as_str(), "40001");
    assert_eq!(
        error.message(),
        "could not serialize access due to read/write dependencies among transactions"
    );
    assert_eq!(error.0.hint.as_deref(), Some("The transaction might succeed if retried."));
}

#[test]
fn write_skew_is_refused() {
    for ranges in [false, true] {
        for late_write in [false, true] {
            let store = store();
            let (a, b) = (begin(&store), begin(&store));
            for tx in [&a, &b] {
                if ranges {
                    scan(tx, 0, 10);
                } else {
                    read(tx, 1);
                    read(tx, 2);
                }
            }
            write(&a, 1);
            if late_write {
                a.commit().unwrap();
                let result = try_write(&b, 2).and_then(|()| b.commit());
                refused(result);
            } else {
                write(&b, 2);
                a.commit().unwrap();
                refused(b.commit());
            }
        }
    }
}

#[test]
fn write_skew_passes_at_repeatable_read() {
    let store = store();
    let (a, b) = (
        begin_as(&store, Isolation::RepeatableRead, false),
        begin_as(&store, Isolation::RepeatableRead, false),
    );
    [&a, &b].iter().for_each(|tx| scan(tx, 0, 10));
    write(&a, 1);
    write(&b, 2);
    a.commit().unwrap();
    b.commit().unwrap();
}

#[test]
fn phantoms_count_as_reads() {
    let store = store();
    let (a, b) = (begin(&store), begin(&store));
    scan(&a, 100, 200);
    scan(&b, 100, 200);
    write(&a, 150);
    write(&b, 160);
    b.commit().unwrap();
    refused(a.commit());
}

#[test]
fn disjoint_and_one_way_overlaps_pass() {
    let store = store();
    let (a, b) = (begin(&store), begin(&store));
    scan(&a, 0, 5);
    scan(&b, 5, 10);
    write(&a, 1);
    write(&b, 6);
    a.commit().unwrap();
    b.commit().unwrap();
    let (a, b) = (begin(&store), begin(&store));
    scan(&a, 0, 10);
    write(&b, 3);
    b.commit().unwrap();
    write(&a, 20);
    a.commit().unwrap();
}

#[test]
fn a_read_only_transaction_can_be_what_makes_it_wrong() {
    // Withdrawal reads both and writes one, deposit writes the other and commits, a report then reads both.
    let store = store();
    let (withdrawal, deposit) = (begin(&store), begin(&store));
    scan(&withdrawal, 1, 3);
    read(&deposit, 2);
    write(&deposit, 2);
    deposit.commit().unwrap();
    let report = begin_as(&store, Isolation::Serializable, true);
    scan(&report, 1, 3);
    report.commit().unwrap();
    let result = try_write(&withdrawal, 1).and_then(|()| withdrawal.commit());
    refused(result);
    // Without the report it is all right.
    let (withdrawal, deposit) = (begin(&store), begin(&store));
    scan(&withdrawal, 1, 3);
    read(&deposit, 2);
    write(&deposit, 2);
    deposit.commit().unwrap();
    write(&withdrawal, 1);
    withdrawal.commit().unwrap();
}

#[test]
fn a_pivot_that_has_committed_refuses_the_reader() {
    // t1 -> t2 -> t3, t3 commits first, then t2; t1 reads what t2 wrote over.
    let store = store();
    let (t1, t2, t3) = (begin(&store), begin(&store), begin(&store));
    read(&t1, 9);
    read(&t2, 1);
    write(&t3, 1);
    t3.commit().unwrap();
    write(&t2, 2);
    t2.commit().unwrap();
    let result = try_read(&t1, 2).and_then(|()| try_write(&t1, 8)).and_then(|()| t1.commit());
    refused(result);
}

#[test]
fn rolled_back_and_doomed_transactions_harm_nobody() {
    let store = store();
    let (a, b) = (begin(&store), begin(&store));
    [&a, &b].iter().for_each(|tx| scan(tx, 0, 10));
    write(&a, 1);
    write(&b, 2);
    b.abort();
    a.commit().unwrap();
    // A transaction that began after the others ended has nothing to do with them.
    let c = begin(&store);
    scan(&c, 0, 10);
    write(&c, 1);
    c.commit().unwrap();
}

#[test]
fn a_deferrable_report_waits_for_a_safe_snapshot() {
    // The anomaly above: deposit has committed when the report starts, withdrawal still runs.
    let store = store();
    let (withdrawal, deposit) = (begin(&store), begin(&store));
    scan(&withdrawal, 1, 3);
    read(&deposit, 2);
    write(&deposit, 2);
    deposit.commit().unwrap();
    let backend = store.backend(77);
    let options = TxnOptions { isolation: Isolation::Serializable, ..Default::default() };
    let report = store.begin(&backend, options);
    report.set_read_only(true);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            report.wait_for_safe_snapshot().unwrap();
            report.snapshot().csn()
        });
        while store.safe_snapshot_blocking_pids(77).is_empty() {
            std::thread::yield_now();
        }
        write(&withdrawal, 1);
        withdrawal.commit().unwrap();
        assert_eq!(waiter.join().unwrap(), store.current_csn(), "the first snapshot was not safe");
    });
    scan(&report, 1, 3);
    report.commit().unwrap();
}
