//! The library over memory and over a directory.
use pglitedb::{Database, Datum, SqlState};

#[test]
fn rows_come_back_as_values() {
    let db = Database::open_in_memory().unwrap();
    let mut c = db.connect().unwrap();
    c.execute("CREATE TABLE t (a int PRIMARY KEY, b text)").unwrap();
    assert_eq!(c.execute("INSERT INTO t VALUES (1, 'x'), (2, NULL)").unwrap().tag, "INSERT 0 2");
    let result = c.query("SELECT b, a FROM t WHERE a >= $1 ORDER BY a", &[Some("1")]).unwrap();
    assert_eq!(result.columns[0].name, "b");
    assert_eq!(result.rows.len(), 2);
    assert_eq!(result.rows[0][0].as_str(), "x");
    assert!(matches!(result.rows[1][0], Datum::Null));
    let e = c.execute("INSERT INTO t VALUES (1, 'y')").unwrap_err();
    assert_eq!(e.sqlstate(), SqlState::UNIQUE_VIOLATION);
}

#[test]
fn sessions_do_not_see_what_is_not_committed() {
    let db = Database::open_in_memory().unwrap();
    let (mut a, mut b) = (db.connect().unwrap(), db.connect().unwrap());
    a.execute("CREATE TABLE t (a int)").unwrap();
    a.execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    assert!(b.execute("SELECT * FROM t").unwrap().rows.is_empty());
    a.execute("COMMIT").unwrap();
    assert_eq!(b.execute("SELECT * FROM t").unwrap().rows.len(), 1);
}

#[test]
fn temporary_tables_end_with_their_session() {
    let db = Database::open_in_memory().unwrap();
    let mut a = db.connect().unwrap();
    a.execute("CREATE TEMP TABLE t (a int)").unwrap();
    drop(a);
    let mut b = db.connect().unwrap();
    let left = b.execute("SELECT * FROM pg_class WHERE relname = 't'").unwrap();
    assert!(left.rows.is_empty());
}

#[test]
fn copy_moves_text() {
    let db = Database::open_in_memory().unwrap();
    let mut c = db.connect().unwrap();
    c.execute("CREATE TABLE t (a int, b text)").unwrap();
    assert_eq!(c.copy_in("COPY t FROM STDIN", b"1\ta\n2\t\\N\n").unwrap().tag, "COPY 2");
    assert_eq!(c.copy_out("COPY t TO STDOUT").unwrap(), b"1\ta\n2\t\\N\n");
}

#[test]
fn a_directory_keeps_its_data() {
    let directory = tempfile::tempdir().unwrap();
    let db = Database::open(directory.path()).unwrap();
    let mut c = db.connect().unwrap();
    c.execute("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 10)").unwrap();
    drop(c);
    db.close().unwrap();
    let db = Database::open(directory.path()).unwrap();
    let mut c = db.connect().unwrap();
    assert_eq!(c.execute("SELECT * FROM t").unwrap().rows.len(), 10);
}
