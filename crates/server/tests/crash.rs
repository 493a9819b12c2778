//! Kills the server under load and checks that nothing acknowledged is lost.
//!
//! Clients run TPC-B-like transactions and write down each one that was acknowledged. After SIGKILL and
//! restart every acknowledged transaction must be in the history and the sums must agree.
//! `CRASH_ROUNDS` sets how often the server is killed (2 if not set).

mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use support::{Cluster, connect};
use tokio_postgres::Client;

const CLIENTS: usize = 16;
const ACCOUNTS: i32 = 1000;
const TELLERS: i32 = 10;

async fn create_tables(client: &Client) {
    client
        .batch_execute(
            "create table accounts (aid int primary key, abalance int not null);
             create table tellers (tid int primary key, tbalance int not null);
             create table branches (bid int primary key, bbalance int not null);
             create table history (id bigint primary key, delta int not null);
             insert into branches values (1, 0);",
        )
        .await
        .expect("tables");
    client
        .batch_execute(&format!(
            "insert into accounts select i, 0 from generate_series(1, {ACCOUNTS}) i;
             insert into tellers select i, 0 from generate_series(1, {TELLERS}) i;"
        ))
        .await
        .expect("rows");
}

/// Runs transactions until the connection breaks; notes the ids that were acknowledged.
async fn load(
    port: u16,
    seed: u64,
    next_id: Arc<AtomicI64>,
    journal: Arc<Mutex<Vec<i64>>>,
    stop: Arc<AtomicBool>,
) {
    let Ok(client) = connect(port).await else { return };
    let mut random = seed;
    while !stop.load(Ordering::Relaxed) {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let id = next_id.fetch_add(1, Ordering::Relaxed);
        let delta = (random >> 33) as i32 % 1000;
        let aid = (random >> 20) as i32 & 0x7fff_ffff;
        let (aid, tid) = (aid % ACCOUNTS + 1, aid % TELLERS + 1);
        let sql = format!(
            "begin;
             update accounts set abalance = abalance + {delta} where aid = {aid};
             update tellers set tbalance = tbalance + {delta} where tid = {tid};
             update branches set bbalance = bbalance + {delta} where bid = 1;
             insert into history values ({id}, {delta});
             commit;"
        );
        match client.batch_execute(&sql).await {
            Ok(()) => journal.lock().expect("journal").push(id),
            Err(_) => return,
        }
    }
}

async fn check(client: &Client, journal: &[i64]) {
    let row = client
        .query_one(
            "select (select sum(abalance)::int8 from accounts), (select sum(tbalance)::int8 from tellers),
                    (select sum(bbalance)::int8 from branches), (select coalesce(sum(delta), 0)::int8 from history)",
            &[],
        )
        .await
        .expect("sums");
    let sums: [i64; 4] = std::array::from_fn(|i| row.get(i));
    assert!(sums.iter().all(|s| *s == sums[3]), "sums differ: {sums:?}");
    let rows = client.query("select id from history", &[]).await.expect("history");
    let ids: std::collections::HashSet<i64> = rows.iter().map(|r| r.get(0)).collect();
    let lost: Vec<&i64> = journal.iter().filter(|id| !ids.contains(id)).collect();
    assert!(lost.is_empty(), "{} acknowledged transactions are lost: {lost:?}", lost.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let rounds: u64 = std::env::var("CRASH_ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(2);
    let mut cluster = Cluster::start();
    let client = connect(cluster.port()).await.expect("first connection");
    create_tables(&client).await;
    let next_id = Arc::new(AtomicI64::new(1));
    let journal = Arc::new(Mutex::new(Vec::new()));
    for round in 0..rounds {
        let stop = Arc::new(AtomicBool::new(false));
        let before = journal.lock().expect("journal").len();
        let tasks: Vec<_> = (0..CLIENTS as u64)
            .map(|n| {
                let (next_id, journal, stop) = (next_id.clone(), journal.clone(), stop.clone());
                tokio::spawn(load(cluster.port(), round * 1000 + n, next_id, journal, stop))
            })
            .collect();
        // The moment of the kill varies with the round; it always comes after some commits.
        while journal.lock().expect("journal").len() < before + 50 + 37 * round as usize % 400 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert!(cluster.is_alive(), "the server ended by itself");
        }
        cluster.kill();
        stop.store(true, Ordering::Relaxed);
        for task in tasks {
            let _ = task.await;
        }
        let restarted = Instant::now();
        cluster.restart();
        let client = connect(cluster.port()).await.expect("connection after restart");
        eprintln!("round {round}: serves after {:?}", restarted.elapsed());
        let journal = journal.lock().expect("journal").clone();
        check(&client, &journal).await;
    }
    cluster.kill();
    cluster.check_indexes();
}
