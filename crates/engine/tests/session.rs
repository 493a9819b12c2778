//! A session over the engine in memory: transaction blocks, settings, prepared statements, cursors.
#![allow(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]
use engine::{ClientInfo, Engine, EngineOptions, Progress, RowCollector, Session};
use error::{PgError, SqlState};
use std::sync::{Arc, OnceLock};

fn engine() -> &'static Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let options = EngineOptions {
            cluster: Arc::default(),
            data_directory: None,
            log: |_, _, _| {},
            read_cache: 16 << 20,
            modules: &[],
        };
        Engine::open(Arc::new(kv::MemEngine::default()), options).unwrap()
    })
}

fn connect() -> Session {
    try_connect("postgres", "postgres").unwrap()
}

fn try_connect(user: &str, database: &str) -> Result<Session, PgError> {
    engine().connect(ClientInfo {
        user: user.into(),
        database: database.into(),
        options: None,
        settings: Vec::new(),
        address: None,
        long_secret: false,
        wake: None,
    })
}

/// Runs a text to its end.
fn run(s: &mut Session, sql: &str) -> Result<RowCollector, PgError> {
    let mut rows = RowCollector::default();
    let mut progress = s.query(sql, &mut rows)?;
    while progress == Progress::Flush {
        progress = s.resume(&mut rows)?;
    }
    assert_eq!(progress, Progress::Done, "{sql}");
    s.finish_cycle(&mut rows);
    Ok(rows)
}

fn tag(s: &mut Session, sql: &str) -> String {
    match run(s, sql) {
        Ok(rows) => rows.tag,
        Err(e) => format!("{} {}", e.sqlstate(), e.message()),
    }
}

fn show(s: &mut Session, name: &str) -> String {
    let rows = run(s, &format!("SHOW {name}")).unwrap();
    rows.rows[0][0].as_str().to_owned()
}

#[test]
fn unknown_roles_and_databases_are_fatal() {
    let e = try_connect("nobody", "postgres").err().unwrap();
    assert_eq!(e.sqlstate(), SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    assert_eq!(e.message(), "role \"nobody\" does not exist");
    assert_eq!(e.0.severity, error::Severity::Fatal);
    let e = try_connect("postgres", "nowhere").err().unwrap();
    assert_eq!(e.message(), "database \"nowhere\" does not exist");
}

#[test]
fn settings_follow_transactions() {
    let mut s = connect();
    assert_eq!(show(&mut s, "work_mem"), "4MB");
    assert_eq!(tag(&mut s, "SET work_mem = '8MB'"), "SET");
    assert_eq!(show(&mut s, "work_mem"), "8MB");
    tag(&mut s, "BEGIN; SET work_mem = '1MB'");
    assert_eq!(s.transaction_status(), b'T');
    assert_eq!(show(&mut s, "work_mem"), "1MB");
    assert_eq!(tag(&mut s, "ROLLBACK"), "ROLLBACK");
    assert_eq!(show(&mut s, "work_mem"), "8MB");
    assert_eq!(tag(&mut s, "RESET work_mem"), "RESET");
    assert_eq!(show(&mut s, "work_mem"), "4MB");
    assert_eq!(
        tag(&mut s, "SET nonsense = 1"),
        "42704 unrecognized configuration parameter \"nonsense\""
    );
}

#[test]
fn failed_blocks_wait_for_their_end() {
    let mut s = connect();
    tag(&mut s, "BEGIN");
    assert!(run(&mut s, "SET nonsense = 1").is_err());
    assert_eq!(s.transaction_status(), b'E');
    assert_eq!(
        tag(&mut s, "SHOW work_mem"),
        "25P02 current transaction is aborted, commands ignored until end of transaction block"
    );
    assert_eq!(tag(&mut s, "COMMIT"), "ROLLBACK");
    assert_eq!(s.transaction_status(), b'I');
}

#[test]
fn savepoints_bring_a_failed_block_back() {
    let mut s = connect();
    tag(&mut s, "BEGIN; SET work_mem = '1MB'; SAVEPOINT a; SET work_mem = '2MB'");
    assert!(run(&mut s, "SET nonsense = 1").is_err());
    assert_eq!(tag(&mut s, "ROLLBACK TO a"), "ROLLBACK");
    assert_eq!(s.transaction_status(), b'T');
    assert_eq!(show(&mut s, "work_mem"), "1MB");
    assert_eq!(tag(&mut s, "RELEASE a"), "RELEASE");
    assert_eq!(tag(&mut s, "RELEASE a"), "3B001 savepoint \"a\" does not exist");
    assert_eq!(tag(&mut s, "ROLLBACK"), "ROLLBACK");
    assert_eq!(
        tag(&mut s, "SAVEPOINT a"),
        "25P01 SAVEPOINT can only be used in transaction blocks"
    );
}

#[test]
fn transaction_commands_out_of_place_warn() {
    let mut s = connect();
    let rows = run(&mut s, "COMMIT").unwrap();
    assert_eq!(rows.notices[0].message(), "there is no transaction in progress");
    tag(&mut s, "BEGIN");
    let rows = run(&mut s, "BEGIN").unwrap();
    assert_eq!(rows.notices[0].message(), "there is already a transaction in progress");
    tag(&mut s, "ROLLBACK");
    assert_eq!(
        tag(&mut s, "COMMIT AND CHAIN"),
        "25P01 COMMIT AND CHAIN can only be used in transaction blocks"
    );
}

#[test]
fn transaction_modes_are_the_transactions_own() {
    let mut s = connect();
    tag(&mut s, "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY");
    assert_eq!(show(&mut s, "transaction_isolation"), "serializable");
    assert_eq!(show(&mut s, "transaction_read_only"), "on");
    tag(&mut s, "COMMIT AND CHAIN");
    assert_eq!(s.transaction_status(), b'T');
    assert_eq!(show(&mut s, "transaction_isolation"), "serializable");
    tag(&mut s, "COMMIT");
    assert_eq!(show(&mut s, "transaction_isolation"), "read committed");
    tag(&mut s, "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    assert_eq!(show(&mut s, "transaction_isolation"), "repeatable read");
}

#[test]
fn several_statements_are_one_transaction() {
    let mut s = connect();
    assert!(run(&mut s, "SET work_mem = '1MB'; SET nonsense = 1").is_err());
    assert_eq!(show(&mut s, "work_mem"), "4MB");
    assert_eq!(s.transaction_status(), b'I');
}

#[test]
fn syntax_errors_have_character_positions() {
    let mut s = connect();
    let e = run(&mut s, "SHOW ä; FOO").unwrap_err();
    assert_eq!(e.sqlstate(), SqlState::SYNTAX_ERROR);
    assert_eq!(e.0.position, Some(8));
}

#[test]
fn notifications_are_sent_at_commit_only() {
    let (mut a, mut b) = (connect(), connect());
    tag(&mut a, "LISTEN c");
    tag(&mut b, "BEGIN; NOTIFY c, 'lost'; ROLLBACK");
    tag(&mut b, "BEGIN; NOTIFY c, 'x'; NOTIFY c, 'x'");
    let mut got = Notifications::default();
    a.poll_mailbox(&mut got).unwrap();
    assert!(got.0.is_empty());
    tag(&mut b, "COMMIT");
    a.poll_mailbox(&mut got).unwrap();
    assert_eq!(got.0, [(b.pid(), "c".to_owned(), "x".to_owned())]);
}

/// Keeps notifications only.
#[derive(Default)]
struct Notifications(Vec<(i32, String, String)>, Vec<u8>);

impl engine::ResultSink for Notifications {
    fn row_description(&mut self, _: &[engine::ColumnDesc], _: &[i16]) {}
    fn parameter_description(&mut self, _: &[types::Oid]) {}
    fn no_data(&mut self) {}
    fn begin_row(&mut self, _: usize) {}
    fn null_field(&mut self) {}
    fn begin_field(&mut self) -> &mut Vec<u8> {
        &mut self.1
    }
    fn end_field(&mut self) {}
    fn end_row(&mut self) {}
    fn abandon_row(&mut self) {}
    fn command_complete(&mut self, _: &str) {}
    fn empty_query(&mut self) {}
    fn portal_suspended(&mut self) {}
    fn notice(&mut self, _: &PgError) {}
    fn copy_in(&mut self, _: bool, _: usize) {}
    fn copy_out(&mut self, _: bool, _: usize) {}
    fn copy_data(&mut self, _: &[u8]) {}
    fn copy_done(&mut self) {}
    fn parameter_status(&mut self, _: &str, _: &str) {}
    fn notification(&mut self, pid: i32, channel: &str, payload: &str) {
        self.0.push((pid, channel.to_owned(), payload.to_owned()));
    }
    fn is_full(&self) -> bool {
        false
    }
}
