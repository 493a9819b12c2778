//! Random queries give the same rows whichever plan they get.
//!
//! `PGLITEDB_REFERENCE` (a connection string of a PostgreSQL server on which a schema may be made)
//! compares with that server, too; `PGLITEDB_RANDOM_SEEDS=first,count` draws other queries.
#[path = "random_queries/generator.rs"]
mod generator;
mod support;

use generator::{Generator, SCHEMA};
use support::{Cluster, connect};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage, error::SqlState};

/// Settings that take the planner's first choices away.
const VARIANTS: &[&[&str]] = &[
    &["enable_hashjoin", "enable_mergejoin"],
    &["enable_nestloop", "enable_hashjoin", "enable_hashagg"],
    &["enable_seqscan", "enable_sort", "enable_material", "enable_memoize"],
    &["enable_indexscan", "enable_bitmapscan", "enable_indexonlyscan"],
];

/// Sorted rows, an error's message, or `None` if the query takes too long.
async fn answer(client: &Client, sql: &str) -> Option<Result<Vec<String>, String>> {
    match client.simple_query(sql).await {
        Ok(messages) => {
            let mut rows: Vec<String> = messages
                .iter()
                .filter_map(|m| match m {
                    SimpleQueryMessage::Row(row) => Some(
                        (0..row.len())
                            .map(|i| row.get(i).unwrap_or("NULL"))
                            .collect::<Vec<_>>()
                            .join("|"),
                    ),
                    _ => None,
                })
                .collect();
            rows.sort_unstable();
            Some(Ok(rows))
        }
        Err(e) => {
            let db = e.as_db_error().unwrap_or_else(|| panic!("connection lost by {sql}: {e}"));
            (*db.code() != SqlState::QUERY_CANCELED).then(|| Err(db.message().to_owned()))
        }
    }
}

/// PostgreSQL with the tables in a schema of their own.
async fn reference() -> Option<Client> {
    let config = std::env::var("PGLITEDB_REFERENCE").ok()?;
    let (client, connection) =
        tokio_postgres::connect(&config, NoTls).await.expect("reference server");
    tokio::spawn(connection);
    let prepare = "drop schema if exists random_queries cascade; create schema random_queries; \
                   set search_path = random_queries; set statement_timeout = '5s'";
    client.batch_execute(prepare).await.expect("schema on the reference server");
    for sql in SCHEMA {
        client.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    Some(client)
}

fn seeds() -> std::ops::Range<u64> {
    let given = std::env::var("PGLITEDB_RANDOM_SEEDS").unwrap_or_default();
    let mut parts = given.split(',').filter_map(|p| p.trim().parse::<u64>().ok());
    let first = parts.next().unwrap_or(1);
    first..first + parts.next().unwrap_or(20)
}

#[tokio::test(flavor = "multi_thread")]
async fn same_rows_whatever_the_plan() {
    let cluster = Cluster::start();
    let ours = connect(cluster.port()).await.expect("connection");
    for sql in SCHEMA {
        ours.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    ours.batch_execute("set statement_timeout = '10s'").await.expect("SET");
    let theirs = reference().await;
    let mut wrong = Vec::new();
    for seed in seeds() {
        let sql = Generator::new(seed).statement();
        let Some(plain) = answer(&ours, &sql).await else { continue };
        if let Some(theirs) = &theirs {
            if answer(theirs, &sql).await.is_some_and(|a| a != plain) {
                wrong.push(format!("seed {seed} differs from the reference: {sql}"));
            }
        }
        for variant in VARIANTS {
            for name in *variant {
                ours.batch_execute(&format!("set {name} = off")).await.expect("SET");
            }
            if answer(&ours, &sql).await.is_some_and(|a| a != plain) {
                wrong.push(format!("seed {seed} without {}: {sql}", variant.join(", ")));
            }
            for name in *variant {
                ours.batch_execute(&format!("reset {name}")).await.expect("RESET");
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}
