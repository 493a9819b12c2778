//! The server through a driver: binary parameters and results, pipelines, COPY, cancel, notices, errors.
mod support;

use futures_util::{SinkExt, StreamExt, future::join_all};
use std::pin::pin;
use support::{Cluster, connect};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::{
    AsyncMessage, Client, CopyInSink, CopyOutStream, NoTls, SimpleQueryMessage,
    error::{DbError, ErrorPosition, SqlState},
    types::{FromSqlOwned, ToSql, Type},
};

/// A server for one test.
struct Session {
    // Dropped in this order: the connection ends before its server.
    client: Client,
    cluster: Cluster,
}

impl std::ops::Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

async fn session() -> Session {
    let cluster = Cluster::start();
    let client = connect(cluster.port()).await.expect("connection");
    Session { client, cluster }
}

/// A connection whose notices and notifications come out of a channel.
async fn listening(port: u16) -> (Client, UnboundedReceiver<AsyncMessage>) {
    let config = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let (client, mut connection) =
        tokio_postgres::connect(&config, NoTls).await.expect("connection");
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    (client, receiver)
}

/// `SELECT $1::type` gives the parameter back, both in binary.
async fn echo<T>(client: &Client, typ: &str, value: T)
where
    T: ToSql + FromSqlOwned + Sync + PartialEq + std::fmt::Debug,
{
    let row = client
        .query_one(&format!("select $1::{typ}"), &[&value])
        .await
        .unwrap_or_else(|e| panic!("{typ}: {e:?}"));
    assert_eq!(row.get::<_, T>(0), value, "{typ}");
}

fn db_error(e: &tokio_postgres::Error) -> &DbError {
    e.as_db_error().unwrap_or_else(|| panic!("not an error of the server: {e:?}"))
}

/// Sends COPY data in pieces.
async fn feed(
    sink: CopyInSink<&'static [u8]>,
    pieces: Vec<&'static [u8]>,
) -> Result<u64, tokio_postgres::Error> {
    let mut sink = pin!(sink);
    for piece in pieces {
        sink.send(piece).await?;
    }
    sink.as_mut().finish().await
}

/// All COPY data.
async fn drain(stream: CopyOutStream) -> Vec<u8> {
    let mut stream = pin!(stream);
    let mut out = Vec::new();
    while let Some(piece) = stream.next().await {
        out.extend_from_slice(&piece.expect("COPY data"));
    }
    out
}

#[tokio::test]
async fn values_travel_in_binary_both_ways() {
    let s = session().await;
    echo(&s, "bool", true).await;
    echo(&s, "bool", false).await;
    echo(&s, "int2", i16::MIN).await;
    echo(&s, "int4", -123_456_789i32).await;
    echo(&s, "int8", i64::MAX).await;
    echo(&s, "float4", 1.5f32).await;
    echo(&s, "float8", f64::MIN_POSITIVE).await;
    echo(&s, "float8", f64::INFINITY).await;
    echo(&s, "text", "żółw, 亀 and \u{1F422}".to_owned()).await;
    echo(&s, "varchar", String::new()).await;
    echo(&s, "text", "long ".repeat(100_000)).await;
    echo(&s, "bytea", (0..=255u8).collect::<Vec<u8>>()).await;
    echo(&s, "oid", u32::MAX).await;
    echo(&s, "\"char\"", b'x' as i8).await;
}

#[tokio::test]
async fn nulls_and_arrays_travel_in_binary() {
    let s = session().await;
    echo(&s, "int4", None::<i32>).await;
    echo(&s, "text", None::<String>).await;
    echo(&s, "int4[]", vec![Some(1), None, Some(-3)]).await;
    echo(&s, "int8[]", Vec::<i64>::new()).await;
    echo(&s, "text[]", vec!["a,b".to_owned(), String::new(), "{\"}".to_owned()]).await;
    echo(&s, "bool[]", vec![true, false]).await;
    echo(&s, "float8[]", vec![0.5f64, -0.0]).await;
    echo(&s, "bytea[]", vec![vec![0u8, 255], vec![]]).await;
}

#[tokio::test]
async fn other_types_travel_as_text_through_casts() {
    let s = session().await;
    for (typ, input, output) in [
        ("numeric", "1234567890.0123456789", "1234567890.0123456789"),
        ("numeric(6,2)", "99.995", "100.00"),
        ("numeric", "NaN", "NaN"),
        ("date", "January 8, 1999", "1999-01-08"),
        ("date", "infinity", "infinity"),
        ("time", "04:05:06.789", "04:05:06.789"),
        ("timetz", "04:05:06-08", "04:05:06-08"),
        ("timestamp", "2000-01-01 00:00:00.000001", "2000-01-01 00:00:00.000001"),
        ("timestamptz", "2024-02-29 12:00:00+02", "2024-02-29 10:00:00+00"),
        ("interval", "1 year 2 months 3 days 04:05:06", "1 year 2 mons 3 days 04:05:06"),
        ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("jsonb", "{\"b\":1,  \"a\":[null]}", "{\"a\": [null], \"b\": 1}"),
        ("inet", "192.168.0.1/24", "192.168.0.1/24"),
        ("int4range", "[1,5]", "[1,6)"),
    ] {
        let row = s
            .query_one(&format!("select $1::text::{typ}::text"), &[&input])
            .await
            .unwrap_or_else(|e| panic!("{typ}: {e:?}"));
        assert_eq!(row.get::<_, &str>(0), output, "{typ}");
    }
}

#[tokio::test]
async fn prepared_statements_know_their_types() {
    let s = session().await;
    s.batch_execute("create table items (id int8 primary key, name text not null, price numeric)")
        .await
        .expect("table");
    let insert = s.prepare("insert into items (id, name) values ($1, $2)").await.expect("insert");
    assert_eq!(insert.params(), [Type::INT8, Type::TEXT]);
    assert!(insert.columns().is_empty());
    for (id, name) in [(1i64, "one"), (2, "two"), (3, "three")] {
        assert_eq!(s.execute(&insert, &[&id, &name]).await.expect("a row"), 1);
    }
    let select = s.prepare("select id, name, price from items where id >= $1 order by id").await;
    let select = select.expect("select");
    let columns: Vec<_> = select.columns().iter().map(|c| (c.name(), c.type_().clone())).collect();
    assert_eq!(columns, [("id", Type::INT8), ("name", Type::TEXT), ("price", Type::NUMERIC)]);
    let names = async |from: i64| -> Vec<String> {
        let rows = s.query(&select, &[&from]).await.expect("rows");
        rows.iter().map(|r| r.get("name")).collect()
    };
    assert_eq!(names(2).await, ["two", "three"]);
    assert_eq!(names(4).await, Vec::<String>::new());
    // The plan follows a change of the table.
    s.batch_execute("create index on items (name); delete from items where id = 2")
        .await
        .expect("ddl");
    assert_eq!(names(1).await, ["one", "three"]);
    let typed =
        s.prepare_typed("select $1 + 1, $2", &[Type::INT2, Type::TEXT]).await.expect("typed");
    assert_eq!(*typed.columns()[0].type_(), Type::INT4);
}

#[tokio::test]
async fn queries_in_a_pipeline_answer_in_order() {
    let s = session().await;
    let statement = s.prepare("select $1::int4 * 2").await.expect("statement");
    let values: Vec<i32> = (0..500).collect();
    let params: Vec<[&(dyn ToSql + Sync); 1]> =
        values.iter().map(|v| [v as &(dyn ToSql + Sync)]).collect();
    let queries = params.iter().map(|p| s.query_one(&statement, p.as_slice()));
    let rows = join_all(queries).await;
    let doubled: Vec<i32> = rows.into_iter().map(|r| r.expect("row").get(0)).collect();
    assert_eq!(doubled, values.iter().map(|v| v * 2).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_error_in_a_pipeline_leaves_the_other_queries_alone() {
    let s = session().await;
    let statement = s.prepare("select 12 / $1::int4").await.expect("statement");
    let values = [3i32, 0, 4];
    let params: Vec<[&(dyn ToSql + Sync); 1]> =
        values.iter().map(|v| [v as &(dyn ToSql + Sync)]).collect();
    let rows = join_all(params.iter().map(|p| s.query_one(&statement, p.as_slice()))).await;
    assert_eq!(rows[0].as_ref().expect("first").get::<_, i32>(0), 4);
    let failed = rows[1].as_ref().expect_err("division by zero");
    assert_eq!(failed.code(), Some(&SqlState::DIVISION_BY_ZERO));
    assert_eq!(rows[2].as_ref().expect("third").get::<_, i32>(0), 3);
}

#[tokio::test]
async fn large_results_come_whole() {
    let s = session().await;
    let sql = "select i, repeat(chr(97 + i % 26), 100) from generate_series(1, 20000) i";
    let rows = s.query(sql, &[]).await.expect("rows");
    assert_eq!(rows.len(), 20_000);
    for (i, row) in (1..).zip(&rows) {
        assert_eq!(row.get::<_, i32>(0), i);
        let letter = char::from(b'a' + (i % 26) as u8);
        assert!(row.get::<_, &str>(1).chars().all(|c| c == letter));
    }
}

#[tokio::test]
async fn portals_deliver_rows_in_portions() {
    let mut s = session().await;
    let tx = s.client.transaction().await.expect("begin");
    let portal = tx.bind("select i from generate_series(1, 10) i", &[]).await.expect("portal");
    let mut seen = Vec::new();
    for portion in [4, 4, 2, 0] {
        let rows = tx.query_portal(&portal, 4).await.expect("rows");
        assert_eq!(rows.len(), portion);
        seen.extend(rows.iter().map(|r| r.get::<_, i32>(0)));
    }
    assert_eq!(seen, (1..=10).collect::<Vec<_>>());
    tx.commit().await.expect("commit");
}

#[tokio::test]
async fn copy_goes_in_and_out() {
    let s = session().await;
    s.batch_execute("create table t (a int primary key, b text)").await.expect("table");
    let sink = s.copy_in::<_, &'static [u8]>("copy t from stdin").await.expect("copy in");
    assert_eq!(
        feed(sink, vec![b"1\tone\n2\t\\", b"N\n3\tth", b"ree\\t3\n"]).await.expect("rows"),
        3
    );
    let text = drain(s.copy_out("copy t to stdout").await.expect("copy out")).await;
    assert_eq!(text, b"1\tone\n2\t\\N\n3\tthree\\t3\n");
    let csv = "copy (select b, a from t order by a desc) to stdout (format csv, header)";
    let csv = drain(s.copy_out(csv).await.expect("copy out")).await;
    assert_eq!(String::from_utf8_lossy(&csv), "b,a\nthree\t3,3\n,2\none,1\n");
    let binary = drain(s.copy_out("copy t to stdout (format binary)").await.expect("out")).await;
    s.batch_execute("truncate t").await.expect("truncate");
    let binary: &'static [u8] = Box::leak(binary.into_boxed_slice());
    let sink =
        s.copy_in::<_, &'static [u8]>("copy t from stdin (format binary)").await.expect("in");
    assert_eq!(feed(sink, binary.chunks(7).collect()).await.expect("rows"), 3);
    let row = s.query_one("select b from t where a = 3", &[]).await.expect("row");
    assert_eq!(row.get::<_, &str>(0), "three\t3");
}

#[tokio::test]
async fn a_failed_copy_stores_nothing_and_the_session_goes_on() {
    let s = session().await;
    s.batch_execute("create table t (a int primary key, b text)").await.expect("table");
    let sink = s.copy_in::<_, &'static [u8]>("copy t from stdin").await.expect("copy in");
    let e = feed(sink, vec![b"1\tone\n1\ttwo\n"]).await.expect_err("duplicate");
    assert_eq!(e.code(), Some(&SqlState::UNIQUE_VIOLATION));
    let sink = s.copy_in::<_, &'static [u8]>("copy t from stdin").await.expect("copy in");
    let e = feed(sink, vec![b"1\tone\nx\ttwo\n"]).await.expect_err("not a number");
    assert_eq!(e.code(), Some(&SqlState::INVALID_TEXT_REPRESENTATION));
    assert_eq!(db_error(&e).where_(), Some("COPY t, line 2, column a: \"x\""));
    // Dropping the sink cancels the COPY.
    let sink = s.copy_in::<_, &'static [u8]>("copy t from stdin").await.expect("copy in");
    drop(sink);
    let row = s.query_one("select count(*) from t", &[]).await.expect("count");
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_cancel_request_ends_the_statement() {
    let s = session().await;
    let observer = connect(s.cluster.port()).await.expect("observer");
    let pid: i32 = s.query_one("select pg_backend_pid()", &[]).await.expect("pid").get(0);
    let token = s.cancel_token();
    let sleeping = s.batch_execute("select pg_sleep(1000)");
    let cancelling = async {
        let active = "select 1 from pg_stat_activity where pid = $1 and state = 'active'
                      and query like '%pg_sleep%'";
        while observer.query(active, &[&pid]).await.expect("activity").is_empty() {}
        token.cancel_query(NoTls).await.expect("cancel");
    };
    let (slept, ()) = tokio::join!(sleeping, cancelling);
    let e = slept.expect_err("cancelled");
    assert_eq!(e.code(), Some(&SqlState::QUERY_CANCELED));
    assert_eq!(db_error(&e).message(), "canceling statement due to user request");
    assert_eq!(s.query_one("select 1", &[]).await.expect("goes on").get::<_, i32>(0), 1);
}

#[tokio::test]
async fn notices_reach_the_client() {
    let cluster = Cluster::start();
    let (client, mut messages) = listening(cluster.port()).await;
    client
        .batch_execute("create table t (a int); create table if not exists t (a int)")
        .await
        .expect("tables");
    let Some(AsyncMessage::Notice(notice)) = messages.recv().await else { panic!("no notice") };
    assert_eq!(notice.severity(), "NOTICE");
    assert_eq!(notice.code(), &SqlState::DUPLICATE_TABLE);
    assert_eq!(notice.message(), "relation \"t\" already exists, skipping");
}

#[tokio::test]
async fn notifications_reach_idle_listeners() {
    let cluster = Cluster::start();
    let (listener, mut messages) = listening(cluster.port()).await;
    listener.batch_execute("listen news").await.expect("listen");
    let mut sender = connect(cluster.port()).await.expect("sender");
    let lost = sender.transaction().await.expect("begin");
    lost.batch_execute("notify news, 'rolled back'").await.expect("notify");
    lost.rollback().await.expect("rollback");
    sender.execute("select pg_notify('news', $1)", &[&"hello"]).await.expect("notify");
    let Some(AsyncMessage::Notification(n)) = messages.recv().await else {
        panic!("no notification")
    };
    assert_eq!((n.channel(), n.payload()), ("news", "hello"));
    let pid: i32 = sender.query_one("select pg_backend_pid()", &[]).await.expect("pid").get(0);
    assert_eq!(n.process_id(), pid);
}

#[tokio::test]
async fn transactions_roll_back_and_nest() {
    let mut s = session().await;
    s.batch_execute("create table t (a int)").await.expect("table");
    let tx = s.client.transaction().await.expect("begin");
    tx.execute("insert into t values (1)", &[]).await.expect("row");
    drop(tx);
    let mut tx = s.client.transaction().await.expect("begin");
    tx.execute("insert into t values (2)", &[]).await.expect("row");
    let inner = tx.transaction().await.expect("savepoint");
    inner.execute("insert into t values (3)", &[]).await.expect("row");
    let e = inner.query("select 1/0", &[]).await.expect_err("error");
    assert_eq!(e.code(), Some(&SqlState::DIVISION_BY_ZERO));
    let e = inner.query("select 1", &[]).await.expect_err("failed block");
    assert_eq!(e.code(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION));
    inner.rollback().await.expect("rollback to savepoint");
    tx.execute("insert into t values (4)", &[]).await.expect("row");
    tx.commit().await.expect("commit");
    let rows = s.query("select a from t order by a", &[]).await.expect("rows");
    assert_eq!(rows.iter().map(|r| r.get(0)).collect::<Vec<i32>>(), [2, 4]);
}

#[tokio::test]
async fn errors_have_state_position_and_names() {
    let s = session().await;
    let e = s.query("select 1, nothing from pg_class", &[]).await.expect_err("no column");
    let e = db_error(&e);
    assert_eq!(e.code(), &SqlState::UNDEFINED_COLUMN);
    assert_eq!(e.message(), "column \"nothing\" does not exist");
    assert_eq!(e.position(), Some(&ErrorPosition::Original(11)));
    let e = s.query("select 'ż' as selec form", &[]).await.expect_err("syntax");
    let e = db_error(&e);
    assert_eq!(e.code(), &SqlState::SYNTAX_ERROR);
    // Positions count characters.
    assert_eq!(e.position(), Some(&ErrorPosition::Original(21)));
    s.batch_execute(
        "create table t (a int constraint positive check (a > 0) not null, primary key (a))",
    )
    .await
    .expect("table");
    let e = s.execute("insert into t values ($1)", &[&-1i32]).await.expect_err("check");
    let e = db_error(&e);
    assert_eq!(e.code(), &SqlState::CHECK_VIOLATION);
    assert_eq!(
        (e.schema(), e.table(), e.constraint()),
        (Some("public"), Some("t"), Some("positive"))
    );
    assert_eq!(e.detail(), Some("Failing row contains (-1)."));
    s.execute("insert into t values (1)", &[]).await.expect("row");
    let e = s.execute("insert into t values (1)", &[]).await.expect_err("duplicate");
    let e = db_error(&e);
    assert_eq!(e.code(), &SqlState::UNIQUE_VIOLATION);
    assert_eq!(e.constraint(), Some("t_pkey"));
    assert_eq!(e.detail(), Some("Key (a)=(1) already exists."));
}

#[tokio::test]
async fn simple_queries_return_text() {
    let s = session().await;
    let messages = s.simple_query("select 1.50, null, true; select 'x' where false").await;
    let messages = messages.expect("messages");
    let rows: Vec<_> = messages
        .iter()
        .filter_map(|m| match m {
            SimpleQueryMessage::Row(r) => Some((r.get(0), r.get(1), r.get(2))),
            _ => None,
        })
        .collect();
    assert_eq!(rows, [(Some("1.50"), None, Some("t"))]);
    let counts: Vec<u64> = messages
        .iter()
        .filter_map(|m| match m {
            SimpleQueryMessage::CommandComplete(n) => Some(*n),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [1, 0]);
}
