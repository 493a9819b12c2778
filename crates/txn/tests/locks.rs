//! The lock manager: conflicts, queues, deadlocks, timeouts, cancellation. No test sleeps: waits are observed.
#![allow(clippy::unwrap_used)]
use kv::MemEngine;
use std::{sync::Arc, thread};
use txn::{
    Backend, CancelReason, LockLevel, LockMode, LockOutcome, LockTag, RowLockMode, StorageId,
    Store, StoreOptions, TxnOptions, WaitPolicy,
};

fn store() -> Arc<Store> {
    Store::open(Arc::new(MemEngine::new()), StoreOptions::default()).unwrap()
}

fn relation(oid: u32) -> LockTag {
    LockTag::Relation { db: 5, oid }
}

fn lock(store: &Store, backend: &Arc<Backend>, tag: LockTag, mode: LockMode) -> LockOutcome {
    store.locks().lock(backend, tag, mode, LockLevel::Transaction, WaitPolicy::Skip).unwrap()
}

fn wait_until_blocked(store: &Store, pid: i32) {
    while store.locks().blocking_pids(pid).is_empty() {
        thread::yield_now();
    }
}

const MODES: [LockMode; 8] = [
    LockMode::AccessShare,
    LockMode::RowShare,
    LockMode::RowExclusive,
    LockMode::ShareUpdateExclusive,
    LockMode::Share,
    LockMode::ShareRowExclusive,
    LockMode::Exclusive,
    LockMode::AccessExclusive,
];

#[test]
fn conflicts_are_postgresqls() {
    // Row i, column j: '#' if mode i conflicts with mode j.
    let table = [
        ".......#", "......##", "....####", "...#####", "..##.###", "..######", ".#######",
        "########",
    ];
    for (i, held) in MODES.iter().enumerate() {
        for (j, wanted) in MODES.iter().enumerate() {
            let store = store();
            let (a, b) = (store.backend(1), store.backend(2));
            assert_eq!(lock(&store, &a, relation(1), *held), LockOutcome::Granted);
            let conflict = table[i].as_bytes()[j] == b'#';
            assert_eq!(held.conflicts_with(*wanted), conflict, "{held:?} {wanted:?}");
            let outcome = lock(&store, &b, relation(1), *wanted);
            assert_eq!(outcome == LockOutcome::NotAvailable, conflict, "{held:?} {wanted:?}");
            assert_eq!(lock(&store, &a, relation(1), *held), LockOutcome::AlreadyHeld);
            store.locks().release_transaction(&a);
            let free = lock(&store, &b, relation(1), *wanted);
            assert_ne!(free, LockOutcome::NotAvailable);
            store.locks().release_transaction(&b);
            assert_eq!(
                lock(&store, &a, relation(1), LockMode::AccessExclusive),
                LockOutcome::Granted
            );
            store.locks().release_transaction(&a);
            assert!(store.locks().snapshot_of_locks().is_empty());
        }
    }
}

#[test]
fn row_locks_conflict_by_mode() {
    let modes =
        [RowLockMode::KeyShare, RowLockMode::Share, RowLockMode::NoKeyUpdate, RowLockMode::Update];
    let table = ["...#", "..##", ".###", "####"];
    for (i, held) in modes.iter().enumerate() {
        for (j, wanted) in modes.iter().enumerate() {
            let store = store();
            let (a, b) = (store.backend(1), store.backend(2));
            let tag = LockTag::Tuple { sid: StorageId(9), rowid: 4 };
            store.locks().lock_row(&a, tag, *held, WaitPolicy::Skip).unwrap();
            let outcome = store.locks().lock_row(&b, tag, *wanted, WaitPolicy::Skip).unwrap();
            let conflict = table[i].as_bytes()[j] == b'#';
            assert_eq!(outcome == LockOutcome::NotAvailable, conflict);
        }
    }
}

#[test]
fn weak_locks_leave_the_fast_path_for_a_strong_one() {
    let store = store();
    let (a, b) = (store.backend(1), store.backend(2));
    lock(&store, &a, relation(1), LockMode::RowExclusive);
    assert!(store.locks().snapshot_of_locks()[0].fastpath);
    assert_eq!(lock(&store, &b, relation(1), LockMode::AccessExclusive), LockOutcome::NotAvailable);
    assert!(!store.locks().snapshot_of_locks()[0].fastpath);
    assert!(store.locks().holds(&a, &relation(1), LockMode::RowExclusive));
    assert_eq!(lock(&store, &a, relation(1), LockMode::RowExclusive), LockOutcome::AlreadyHeld);
    store.locks().release_transaction(&a);
    assert_eq!(lock(&store, &b, relation(1), LockMode::AccessExclusive), LockOutcome::Granted);
    assert_eq!(lock(&store, &a, relation(1), LockMode::AccessShare), LockOutcome::NotAvailable);
    store.locks().release_transaction(&b);
    lock(&store, &a, relation(1), LockMode::AccessShare);
    assert!(store.locks().snapshot_of_locks()[0].fastpath, "open again");
}

#[test]
fn savepoints_release_what_they_took() {
    let store = store();
    let (a, b) = (store.backend(1), store.backend(2));
    let tx = store.begin(&a, TxnOptions::default());
    tx.lock(relation(1), LockMode::AccessExclusive, WaitPolicy::Skip).unwrap();
    let sub = tx.begin_sub();
    tx.lock(relation(2), LockMode::AccessExclusive, WaitPolicy::Skip).unwrap();
    tx.lock(relation(3), LockMode::AccessShare, WaitPolicy::Skip).unwrap();
    assert_eq!(lock(&store, &b, relation(2), LockMode::AccessShare), LockOutcome::NotAvailable);
    tx.rollback_sub(sub).unwrap();
    assert_eq!(lock(&store, &b, relation(2), LockMode::AccessShare), LockOutcome::Granted);
    assert_eq!(lock(&store, &b, relation(3), LockMode::AccessExclusive), LockOutcome::Granted);
    assert_eq!(lock(&store, &b, relation(1), LockMode::AccessShare), LockOutcome::NotAvailable);
    tx.abort();
    assert_eq!(lock(&store, &b, relation(1), LockMode::AccessShare), LockOutcome::Granted);
}

#[test]
fn session_locks_count_and_survive_the_transaction() {
    let store = store();
    let (a, b) = (store.backend(1), store.backend(2));
    let tag = LockTag::Advisory { db: 5, key1: 0, key2: 7, kind: 1 };
    let take = |backend, policy| {
        store.locks().lock(backend, tag, LockMode::Exclusive, LockLevel::Session, policy).unwrap()
    };
    take(&a, WaitPolicy::Block);
    take(&a, WaitPolicy::Block);
    store.locks().release_transaction(&a);
    assert_eq!(take(&b, WaitPolicy::Skip), LockOutcome::NotAvailable);
    assert!(store.locks().unlock_session(&a, tag, LockMode::Exclusive));
    assert_eq!(take(&b, WaitPolicy::Skip), LockOutcome::NotAvailable);
    assert!(store.locks().unlock_session(&a, tag, LockMode::Exclusive));
    assert!(!store.locks().unlock_session(&a, tag, LockMode::Exclusive));
    assert_eq!(take(&b, WaitPolicy::Skip), LockOutcome::Granted);
    store.remove_backend(&b);
    assert_eq!(take(&a, WaitPolicy::Skip), LockOutcome::Granted);
}

#[test]
fn waiters_are_served_in_order_and_strong_ones_are_not_starved() {
    let store = store();
    let (a, b, c) = (store.backend(1), store.backend(2), store.backend(3));
    lock(&store, &a, relation(1), LockMode::AccessShare);
    let order = parking_lot::Mutex::new(Vec::new());
    thread::scope(|scope| {
        let wait = |backend: &Arc<Backend>, mode, name: &'static str| {
            let locks = store.locks();
            locks
                .lock(backend, relation(1), mode, LockLevel::Transaction, WaitPolicy::Block)
                .unwrap();
            order.lock().push(name);
            locks.release_transaction(backend);
        };
        let (b, c) = (&b, &c);
        scope.spawn(move || wait(b, LockMode::AccessExclusive, "strong"));
        wait_until_blocked(&store, 2);
        scope.spawn(move || wait(c, LockMode::AccessShare, "weak"));
        wait_until_blocked(&store, 3);
        assert_eq!(store.locks().blocking_pids(2), [1]);
        assert_eq!(store.locks().blocking_pids(3), [2], "behind the strong one");
        store.locks().release_transaction(&a);
    });
    assert_eq!(*order.lock(), ["strong", "weak"]);
}

#[test]
fn a_deadlock_ends_with_postgresqls_error() {
    let store = store();
    let (a, b) = (store.backend(11), store.backend(22));
    // Only one of the two looks for deadlocks, so it is the victim.
    b.set_deadlock_timeout(600_000);
    a.set_deadlock_timeout(1);
    let (ta, tb) = (store.begin(&a, TxnOptions::default()), store.begin(&b, TxnOptions::default()));
    let row = |rowid| LockTag::Tuple { sid: StorageId(9), rowid };
    let take = |backend: &Arc<Backend>, rowid| {
        store.locks().lock_row(backend, row(rowid), RowLockMode::Update, WaitPolicy::Block)
    };
    let (xa, xb) = (ta.xid().unwrap(), tb.xid().unwrap());
    take(&a, 1).unwrap();
    take(&b, 2).unwrap();
    thread::scope(|scope| {
        let second = scope.spawn(|| take(&b, 1));
        wait_until_blocked(&store, 22);
        let error = take(&a, 2).unwrap_err();
        assert_eq!(error.sqlstate().as_str(), "40P01");
        assert_eq!(error.message(), "deadlock detected");
        assert_eq!(
            error.0.detail.as_deref(),
            Some(&*format!(
                "Process 11 waits for ShareLock on transaction {xb}; blocked by process 22.\n\
                 Process 22 waits for ShareLock on transaction {xa}; blocked by process 11."
            ))
        );
        assert_eq!(error.0.hint.as_deref(), Some("See server log for query details."));
        ta.abort();
        assert_eq!(second.join().unwrap().unwrap(), LockOutcome::Granted);
    });
    tb.abort();
    assert_eq!(store.stats().snapshot().deadlocks, 1);
}

#[test]
fn a_soft_deadlock_is_solved_by_reordering() {
    // a holds 1 weakly; b waits for 1 strongly; c holds 2 and waits weakly behind b; a waits for 2.
    let store = store();
    let (a, b, c) = (store.backend(1), store.backend(2), store.backend(3));
    [&b, &c].iter().for_each(|backend| backend.set_deadlock_timeout(600_000));
    a.set_deadlock_timeout(1);
    lock(&store, &a, relation(1), LockMode::AccessShare);
    lock(&store, &c, relation(2), LockMode::AccessExclusive);
    thread::scope(|scope| {
        let wait = |backend: &Arc<Backend>, oid, mode| {
            let locks = store.locks();
            let got =
                locks.lock(backend, relation(oid), mode, LockLevel::Transaction, WaitPolicy::Block);
            locks.release_transaction(backend);
            got.unwrap();
        };
        let (b, c) = (&b, &c);
        scope.spawn(move || wait(b, 1, LockMode::AccessExclusive));
        wait_until_blocked(&store, 2);
        scope.spawn(move || wait(c, 1, LockMode::AccessShare));
        wait_until_blocked(&store, 3);
        wait(&a, 2, LockMode::AccessShare);
    });
    assert_eq!(store.stats().snapshot().deadlocks, 0);
}

#[test]
fn waits_end_by_timeout_and_by_cancel() {
    let store = store();
    let (a, b) = (store.backend(1), store.backend(2));
    lock(&store, &a, relation(1), LockMode::AccessExclusive);
    let wait = || {
        store
            .locks()
            .lock(&b, relation(1), LockMode::AccessShare, LockLevel::Transaction, WaitPolicy::Block)
            .unwrap_err()
    };
    b.set_lock_timeout(1);
    let error = wait();
    assert_eq!(error.sqlstate().as_str(), "55P03");
    assert_eq!(error.message(), "canceling statement due to lock timeout");
    b.set_lock_timeout(0);
    thread::scope(|scope| {
        let waiter = scope.spawn(wait);
        wait_until_blocked(&store, 2);
        b.cancel.cancel(CancelReason::User);
        let error = waiter.join().unwrap();
        assert_eq!(error.sqlstate().as_str(), "57014");
        assert_eq!(error.message(), "canceling statement due to user request");
    });
    b.cancel.reset();
    store.locks().release_transaction(&a);
    assert_eq!(lock(&store, &b, relation(1), LockMode::AccessShare), LockOutcome::Granted);
    assert_eq!(store.locks().snapshot_of_locks().len(), 1);
}

#[test]
fn no_update_is_lost_under_contention() {
    let store = store();
    let sid = StorageId(70000);
    let key = [&sid.prefix()[..], &1u64.to_be_bytes()].concat();
    let setup = store.begin_internal();
    let first = [&setup.xid().unwrap().to_le_bytes()[..], &0u64.to_le_bytes()].concat();
    setup.put(&key, &first).unwrap();
    setup.commit().unwrap();
    thread::scope(|scope| {
        for pid in 0..4 {
            let (store, key) = (&store, &key);
            scope.spawn(move || {
                let backend = store.backend(pid);
                for _ in 0..250 {
                    let tx = store.begin(&backend, TxnOptions::default());
                    let snapshot = tx.snapshot();
                    let seen = tx.get(&snapshot, key).unwrap().unwrap();
                    let state =
                        tx.lock_row(sid, 1, RowLockMode::NoKeyUpdate, WaitPolicy::Block, &snapshot);
                    let latest = match state.unwrap() {
                        txn::RowLock::Unchanged => seen,
                        txn::RowLock::Changed(value) => value,
                        other => panic!("{other:?}"),
                    };
                    let count = u64::from_le_bytes(latest[8..16].try_into().unwrap()) + 1;
                    let row = [&tx.xid().unwrap().to_le_bytes()[..], &count.to_le_bytes()].concat();
                    tx.put(key, &row).unwrap();
                    tx.commit().unwrap();
                }
            });
        }
    });
    let value = store.begin_internal().get_latest(&key).unwrap().unwrap();
    assert_eq!(u64::from_le_bytes(value[8..16].try_into().unwrap()), 1000);
}

#[test]
fn very_many_row_locks_become_one() {
    let store = store();
    let (a, b) = (store.backend(1), store.backend(2));
    let tx = store.begin(&a, TxnOptions::default());
    let xid = tx.xid().unwrap();
    let row = |sid, rowid| LockTag::Tuple { sid: StorageId(sid), rowid };
    let take = |backend: &Arc<Backend>, tag, policy| {
        store.locks().lock_row(backend, tag, RowLockMode::Update, policy).unwrap()
    };
    take(&a, row(8, 1), WaitPolicy::Skip);
    let sub = tx.begin_sub();
    for rowid in 0..300_000 {
        take(&a, row(9, rowid), WaitPolicy::Skip);
    }
    assert_eq!(take(&a, row(9, 5), WaitPolicy::Skip), LockOutcome::AlreadyHeld);
    assert_eq!(take(&a, row(9, 999_999), WaitPolicy::Skip), LockOutcome::AlreadyHeld, "escalated");
    assert_eq!(take(&b, row(9, 999_999), WaitPolicy::Skip), LockOutcome::NotAvailable);
    assert_eq!(take(&b, row(10, 5), WaitPolicy::Skip), LockOutcome::Granted);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| take(&b, row(9, 5), WaitPolicy::Block));
        wait_until_blocked(&store, 2);
        let locks = store.locks().snapshot_of_locks();
        let wait = locks.iter().find(|lock| !lock.granted).unwrap();
        assert_eq!(wait.tag, LockTag::Transaction { xid });
        tx.rollback_sub(sub).unwrap();
        assert_eq!(waiter.join().unwrap(), LockOutcome::Granted);
    });
    assert_eq!(take(&a, row(9, 5), WaitPolicy::Skip), LockOutcome::NotAvailable);
    assert_eq!(take(&b, row(8, 1), WaitPolicy::Skip), LockOutcome::NotAvailable);
    tx.abort();
    assert_eq!(take(&b, row(8, 1), WaitPolicy::Skip), LockOutcome::Granted);
}
