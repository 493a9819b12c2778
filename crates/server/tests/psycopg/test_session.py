"""Pipelines, COPY, cancel, notices, transactions, errors, prepared statements, cursors, notifications."""

import threading
import time
import unittest

import psycopg
from psycopg import errors, pq, sql
from psycopg.rows import dict_row, namedtuple_row

from support import connect


class Session(unittest.TestCase):
    """A connection and a schema that goes with its transaction or at the end."""

    def setUp(self):
        self.connection = connect(autocommit=True)
        self.connection.execute("drop schema if exists driver cascade")
        self.connection.execute("create schema driver")
        self.connection.execute("set search_path = driver")

    def tearDown(self):
        self.connection.close()
        with connect(autocommit=True) as connection:
            connection.execute("drop schema if exists driver cascade")

    def rows(self, query, *args, **kwargs):
        return self.connection.execute(query, *args, **kwargs).fetchall()

    def another(self):
        connection = connect(autocommit=True)
        connection.execute("set search_path = driver")
        self.addCleanup(connection.close)
        return connection


class Pipelines(Session):
    def test_results_come_in_order(self):
        with self.connection.pipeline():
            cursors = [self.connection.execute("select %s::int4", (i,)) for i in range(200)]
        self.assertEqual([c.fetchone()[0] for c in cursors], list(range(200)))

    def test_an_error_aborts_up_to_the_next_sync(self):
        self.connection.execute("create table t (id int primary key)")
        with self.assertRaises(errors.UniqueViolation):
            with self.connection.pipeline() as pipeline:
                self.connection.execute("insert into t values (1)")
                self.connection.execute("insert into t values (1)")
                after = self.connection.execute("insert into t values (2)")
                pipeline.sync()
        self.assertEqual(self.rows("select id from t"), [])
        self.assertEqual(after.pgresult.status if after.pgresult else None, None)
        with self.connection.pipeline() as pipeline:
            self.connection.execute("insert into t values (3)")
            pipeline.sync()
            self.connection.execute("insert into t values (4)")
        self.assertEqual(self.rows("select id from t order by id"), [(3,), (4,)])

    def test_transaction_blocks_in_a_pipeline(self):
        self.connection.execute("create table t (id int)")
        with self.connection.pipeline(), self.connection.transaction():
            for i in range(10):
                self.connection.execute("insert into t values (%s)", (i,))
        self.assertEqual(self.rows("select count(*) from t"), [(10,)])
        with self.assertRaises(ZeroDivisionError):
            with self.connection.pipeline(), self.connection.transaction():
                self.connection.execute("insert into t values (11)")
                raise ZeroDivisionError
        self.assertEqual(self.rows("select count(*) from t"), [(10,)])

    def test_executemany_with_returning(self):
        self.connection.execute("create table t (id serial primary key, v text)")
        cursor = self.connection.cursor()
        cursor.executemany("insert into t (v) values (%s) returning id", [("a",), ("b",), ("c",)], returning=True)
        ids = []
        while True:
            ids.append(cursor.fetchone()[0])
            if not cursor.nextset():
                break
        self.assertEqual(ids, [1, 2, 3])


class Copy(Session):
    ROWS = [(1, "a\tb\\c\n", None, True), (2, "", 1.5, False), (None, "\\N", -0.25, None)]

    def setUp(self):
        super().setUp()
        self.connection.execute("create table t (a int, b text, c float8, d bool)")

    def test_text_rows(self):
        with self.connection.cursor().copy("copy t from stdin") as copy:
            for row in self.ROWS:
                copy.write_row(row)
        self.assertEqual(self.rows("table t"), self.ROWS)
        with self.connection.cursor().copy("copy t to stdout") as copy:
            copy.set_types(["int4", "text", "float8", "bool"])
            self.assertEqual(list(copy.rows()), self.ROWS)

    def test_binary_rows(self):
        with self.connection.cursor().copy("copy t from stdin (format binary)") as copy:
            copy.set_types(["int4", "text", "float8", "bool"])
            for row in self.ROWS:
                copy.write_row(row)
        self.assertEqual(self.rows("table t"), self.ROWS)
        with self.connection.cursor().copy("copy (select * from t where a is not null order by a) to stdout (format binary)") as copy:
            copy.set_types(["int4", "text", "float8", "bool"])
            self.assertEqual(list(copy.rows()), self.ROWS[:2])

    def test_csv(self):
        cursor = self.connection.cursor()
        with cursor.copy("copy t (a, b) from stdin (format csv, header match)") as copy:
            copy.write('a,b\n1,"x,""y"\n2,\n3,""\n')
        self.assertEqual(cursor.rowcount, 3)
        self.assertEqual(self.rows("select a, b from t"), [(1, 'x,"y'), (2, None), (3, "")])
        with cursor.copy("copy t (b, a) to stdout (format csv, header, force_quote *)") as copy:
            text = b"".join(copy).decode()
        self.assertEqual(text, 'b,a\n"x,""y","1"\n,"2"\n"","3"\n')

    def test_errors_name_the_line(self):
        with self.assertRaises(errors.InvalidTextRepresentation) as raised:
            with self.connection.cursor().copy("copy t (a) from stdin") as copy:
                copy.write("1\nx\n")
        self.assertEqual(raised.exception.diag.context, 'COPY t, line 2, column a: "x"')
        with self.assertRaises(errors.BadCopyFileFormat) as raised:
            with self.connection.cursor().copy("copy t (a, b) from stdin") as copy:
                copy.write("1\n")
        self.assertEqual(raised.exception.diag.message_primary, 'missing data for column "b"')
        self.assertEqual(self.rows("table t"), [])

    def test_the_client_may_give_up(self):
        with self.assertRaises(ZeroDivisionError):
            with self.connection.cursor().copy("copy t (a) from stdin") as copy:
                copy.write("1\n")
                raise ZeroDivisionError
        self.assertEqual(self.rows("table t"), [])

    def test_large_amounts(self):
        with self.connection.cursor().copy("copy t (a, b) from stdin") as copy:
            for i in range(20000):
                copy.write(f"{i}\t{'x' * (i % 100)}\n")
        self.assertEqual(self.rows("select count(*), sum(a), sum(length(b)) from t"), [(20000, 199990000, 990000)])
        size = 0
        with self.connection.cursor().copy("copy t to stdout") as copy:
            for block in copy:
                size += len(block)
        self.assertGreater(size, 1_000_000)


class Cancel(Session):
    def test_cancel_ends_the_statement(self):
        for query in (
            "select pg_sleep(60)",
            "select count(*) from generate_series(1, 10000000000)",
            "with recursive r as (select 1 as x union all select x + 1 from r) select max(x) from r",
        ):
            timer = threading.Timer(0.3, self.connection.cancel)
            timer.start()
            with self.assertRaises(errors.QueryCanceled) as raised:
                self.connection.execute(query)
            timer.join()
            self.assertEqual(raised.exception.diag.message_primary, "canceling statement due to user request")
            self.assertEqual(self.rows("select 1"), [(1,)])

    def test_cancel_ends_a_wait_for_a_lock(self):
        self.connection.execute("create table t (id int primary key)")
        self.connection.execute("insert into t values (1)")
        other = self.another()
        with self.connection.transaction():
            self.connection.execute("update t set id = id")
            timer = threading.Timer(0.3, other.cancel_safe)
            timer.start()
            with self.assertRaises(errors.QueryCanceled) as raised:
                other.execute("delete from t")
            timer.join()
        self.assertIn('in relation "t"', raised.exception.diag.context)

    def test_a_late_cancel_does_nothing(self):
        self.connection.cancel()
        time.sleep(0.1)
        self.assertEqual(self.rows("select 1"), [(1,)])

    def test_terminate(self):
        other = self.another()
        pid = other.info.backend_pid
        self.assertEqual(self.rows("select pg_terminate_backend(%s, 5000)", (pid,)), [(True,)])
        with self.assertRaises(errors.AdminShutdown):
            other.execute("select 1")
        self.assertTrue(other.broken)

    def test_timeouts(self):
        self.connection.execute("set statement_timeout = 50")
        with self.assertRaises(errors.QueryCanceled) as raised:
            self.connection.execute("select pg_sleep(30)")
        self.assertEqual(raised.exception.diag.message_primary, "canceling statement due to statement timeout")
        self.connection.execute("reset statement_timeout")
        self.connection.execute("create table t (id int)")
        other = self.another()
        with self.connection.transaction():
            self.connection.execute("lock table t")
            other.execute("set lock_timeout = 50")
            with self.assertRaises(errors.LockNotAvailable) as raised:
                other.execute("select * from t")
            self.assertEqual(raised.exception.diag.message_primary, "canceling statement due to lock timeout")
            with self.assertRaises(errors.LockNotAvailable) as raised:
                with other.transaction():
                    other.execute("lock table t nowait")
            self.assertEqual(raised.exception.diag.message_primary, 'could not obtain lock on relation "t"')


class Notices(Session):
    def test_notices_have_all_fields(self):
        seen = []
        self.connection.add_notice_handler(
            lambda d: seen.append((d.severity_nonlocalized, d.sqlstate, d.message_primary))
        )
        self.connection.execute("create table if not exists t (id int)")
        self.connection.execute("create table if not exists t (id int)")
        self.connection.execute("drop table if exists missing")
        self.connection.execute("rollback")
        self.assertEqual(
            seen,
            [
                ("NOTICE", "42P07", 'relation "t" already exists, skipping'),
                ("NOTICE", "00000", 'table "missing" does not exist, skipping'),
                ("WARNING", "25P01", "there is no transaction in progress"),
            ],
        )

    def test_client_min_messages(self):
        seen = []
        self.connection.add_notice_handler(
            lambda d: seen.append((d.severity_nonlocalized, d.sqlstate, d.message_primary))
        )
        self.connection.execute("set client_min_messages = warning")
        self.connection.execute("drop table if exists missing")
        self.connection.execute("rollback")
        self.assertEqual([severity for severity, _, _ in seen], ["WARNING"])

    def test_notifications(self):
        other = self.another()
        self.connection.execute("listen events")
        with other.transaction():
            other.execute("notify events, 'one'")
            other.execute("select pg_notify('events', 'two')")
            other.execute("notify events, 'one'")
        got = [(n.channel, n.payload, n.pid) for n in self.connection.notifies(timeout=5, stop_after=2)]
        pid = other.info.backend_pid
        self.assertEqual(got, [("events", "one", pid), ("events", "two", pid)])

    def test_parameter_status(self):
        info = self.connection.info
        self.assertEqual(info.parameter_status("server_encoding"), "UTF8")
        self.assertEqual(info.parameter_status("integer_datetimes"), "on")
        self.assertEqual(info.server_version // 10000, 18)
        self.connection.execute("set application_name = 'driver test'")
        self.assertEqual(info.parameter_status("application_name"), "driver test")
        with self.connection.transaction(force_rollback=True):
            self.connection.execute("set local timezone = 'Asia/Tokyo'")
            self.assertEqual(info.parameter_status("TimeZone"), "Asia/Tokyo")
        self.assertNotEqual(info.parameter_status("TimeZone"), "Asia/Tokyo")


class Transactions(Session):
    def setUp(self):
        super().setUp()
        self.connection.execute("create table t (id int primary key, v text)")

    def test_blocks_and_savepoints(self):
        with self.connection.transaction():
            self.connection.execute("insert into t values (1)")
            with self.assertRaises(errors.UniqueViolation):
                with self.connection.transaction():
                    self.connection.execute("insert into t values (2)")
                    self.connection.execute("insert into t values (1)")
            with self.connection.transaction() as inner:
                self.connection.execute("insert into t values (3)")
                raise psycopg.Rollback(inner)
            self.connection.execute("insert into t values (4)")
        self.assertEqual(self.rows("select id from t order by id"), [(1,), (4,)])

    def test_status(self):
        status = lambda: self.connection.info.transaction_status
        self.assertEqual(status(), pq.TransactionStatus.IDLE)
        self.connection.execute("begin")
        self.assertEqual(status(), pq.TransactionStatus.INTRANS)
        with self.assertRaises(errors.DivisionByZero):
            self.connection.execute("select 1/0")
        self.assertEqual(status(), pq.TransactionStatus.INERROR)
        with self.assertRaises(errors.InFailedSqlTransaction):
            self.connection.execute("select 1")
        cursor = self.connection.execute("commit")
        self.assertEqual(cursor.statusmessage, "ROLLBACK")
        self.assertEqual(status(), pq.TransactionStatus.IDLE)

    def test_isolation(self):
        other = self.another()
        self.connection.execute("insert into t values (1, 'a')")
        self.connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        with self.connection.transaction():
            self.assertEqual(self.rows("show transaction_isolation"), [("repeatable read",)])
            self.assertEqual(self.rows("select v from t"), [("a",)])
            other.execute("update t set v = 'b'")
            self.assertEqual(self.rows("select v from t"), [("a",)])
            with self.assertRaises(errors.SerializationFailure) as raised:
                with self.connection.transaction():
                    self.connection.execute("update t set v = 'c'")
            self.assertEqual(
                raised.exception.diag.message_primary, "could not serialize access due to concurrent update"
            )
        self.connection.set_isolation_level(None)
        self.connection.set_read_only(True)
        with self.assertRaises(errors.ReadOnlySqlTransaction):
            with self.connection.transaction():
                self.connection.execute("insert into t values (5)")
        self.connection.set_read_only(None)

    def test_deadlock(self):
        self.connection.execute("insert into t values (1), (2)")
        other = self.another()
        failures = []

        def lock(connection, first, second, barrier):
            try:
                with connection.transaction():
                    connection.execute("update t set v = 'x' where id = %s", (first,))
                    barrier.wait()
                    connection.execute("update t set v = 'x' where id = %s", (second,))
            except errors.DeadlockDetected as e:
                failures.append(e)

        barrier = threading.Barrier(2)
        thread = threading.Thread(target=lock, args=(other, 2, 1, barrier))
        thread.start()
        lock(self.connection, 1, 2, barrier)
        thread.join()
        self.assertEqual(len(failures), 1)
        diag = failures[0].diag
        self.assertEqual(diag.message_primary, "deadlock detected")
        self.assertRegex(
            diag.message_detail,
            r"^Process \d+ waits for ShareLock on transaction \d+; blocked by process \d+\.\n"
            r"Process \d+ waits for ShareLock on transaction \d+; blocked by process \d+\.$",
        )
        self.assertEqual(diag.message_hint, "See server log for query details.")
        self.assertRegex(diag.context, r'^while updating tuple \(\d+,\d+\) in relation "t"$')


class Errors(Session):
    def fails(self, query, params=None):
        with self.assertRaises(psycopg.Error) as raised:
            self.connection.execute(query, params)
        return raised.exception.diag

    def test_positions_count_characters(self):
        for query, state, position in (
            ("selec 1", "42601", "1"),
            ("select 'żółw', nothing", "42703", "16"),
            ("select * from driver.missing", "42P01", "15"),
            ("select 1 +", "42601", "11"),
            ("select nofunction(1)", "42883", "8"),
            ("select 'a'::int4", "22P02", "8"),
            ("select 1 from (select 1) a, (select 2) a", "42712", None),
        ):
            diag = self.fails(query)
            self.assertEqual((diag.sqlstate, diag.statement_position), (state, position), query)

    def test_fields_of_constraint_errors(self):
        self.connection.execute(
            "create table p (id int primary key);"
            "create table c (id int not null, p int references p, q int constraint small check (q < 10))"
        )
        named = lambda d: (d.sqlstate, d.schema_name, d.table_name, d.column_name, d.constraint_name)
        self.assertEqual(named(self.fails("insert into c values (null)")), ("23502", "driver", "c", "id", None))
        diag = self.fails("insert into c values (1, 7)")
        self.assertEqual(named(diag), ("23503", "driver", "c", None, "c_p_fkey"))
        self.assertEqual(diag.message_detail, 'Key (p)=(7) is not present in table "p".')
        self.assertEqual(named(self.fails("insert into c values (1, null, 11)")), ("23514", "driver", "c", None, "small"))
        self.connection.execute("insert into p values (1)")
        diag = self.fails("insert into p values (1)")
        self.assertEqual(named(diag), ("23505", "driver", "p", None, "p_pkey"))
        self.assertEqual(diag.message_detail, "Key (id)=(1) already exists.")
        self.connection.execute("create domain small_int as int constraint tiny check (value < 5)")
        diag = self.fails("select 7::small_int")
        self.assertEqual((diag.sqlstate, diag.schema_name, diag.datatype_name, diag.constraint_name), ("23514", "driver", "small_int", "tiny"))

    def test_parameters_in_context(self):
        diag = self.fails("select %s::int4", ("x",))
        self.assertEqual(diag.sqlstate, "22P02")
        self.assertEqual(diag.context, "unnamed portal parameter $1 = '...'")
        self.assertEqual(self.fails("select %s + %s", (None, None)).sqlstate, "42725")
        self.assertEqual(self.fails("select $1").sqlstate, "42P02")

    def test_hints(self):
        diag = self.fails("select relnam from pg_class")
        self.assertEqual(diag.message_hint, 'Perhaps you meant to reference the column "pg_class.relname" or the column "pg_class.relam".')
        diag = self.fails("select 1 = 'a'::text")
        self.assertEqual(
            diag.message_hint,
            "No operator matches the given name and argument types. You might need to add explicit type casts.",
        )


class Statements(Session):
    def test_prepared_statements(self):
        self.connection.execute("create table t (id int, v text)")
        self.connection.prepare_threshold = 0
        for i in range(10):
            self.connection.execute("insert into t values (%s, %s)", (i, str(i)))
        names = self.rows("select statement, parameter_types::text[], result_types::text[] from pg_prepared_statements where statement like 'insert%%'", prepare=False)
        self.assertEqual(names, [("insert into t values ($1, $2)", ["smallint", "text"], None)])
        query = "select * from t where id = %s"
        self.assertEqual(self.rows(query, (3,), prepare=True), [(3, "3")])
        # The table changes under the statement.
        self.connection.execute("alter table t add column w int default 7")
        with self.assertRaises(errors.FeatureNotSupported) as raised:
            self.rows(query, (3,), prepare=True)
        self.assertEqual(raised.exception.diag.message_primary, "cached plan must not change result type")
        self.connection.execute("deallocate all")
        self.assertEqual(self.rows("select count(*) from pg_prepared_statements", prepare=False), [(0,)])

    def test_described_statements(self):
        raw = self.connection.pgconn
        result = raw.prepare(b"s", b"select $1::int4 + $2 as sum, $3 || 'x' as text, $4::timestamptz", None)
        self.assertEqual(result.status, pq.ExecStatus.COMMAND_OK)
        result = raw.describe_prepared(b"s")
        self.assertEqual([result.param_type(i) for i in range(result.nparams)], [23, 23, 25, 1184])
        self.assertEqual([(result.fname(i), result.ftype(i)) for i in range(3)], [(b"sum", 23), (b"text", 25), (b"timestamptz", 1184)])
        result = raw.exec_prepared(b"s", [b"1", b"2", b"a", b"2024-01-01 00:00+00"], None, 1)
        self.assertEqual(result.get_value(0, 0), b"\0\0\0\3")
        result = raw.close_prepared(b"s") if pq.version() >= 170000 else raw.exec_(b"deallocate s")
        self.assertEqual(result.status, pq.ExecStatus.COMMAND_OK)
        result = raw.exec_prepared(b"s", [])
        self.assertEqual(result.error_field(pq.DiagnosticField.SQLSTATE), b"26000")

    def test_server_side_cursors(self):
        with self.connection.transaction():
            with self.connection.cursor("big", binary=True) as cursor:
                cursor.itersize = 100
                cursor.execute("select i, i::text from generate_series(1, %s) i", (1000,))
                self.assertEqual([row[0] for row in cursor], list(range(1, 1001)))
            with self.connection.cursor("back", scrollable=True) as cursor:
                cursor.execute("select i from generate_series(1, 10) i")
                self.assertEqual(cursor.fetchmany(3), [(1,), (2,), (3,)])
                cursor.scroll(-2)
                self.assertEqual(cursor.fetchone(), (2,))
                cursor.scroll(9, mode="absolute")
                self.assertEqual(cursor.fetchall(), [(10,)])
        cursor = self.connection.cursor("held", withhold=True)
        with self.connection.transaction():
            cursor.execute("select i from generate_series(1, 5) i")
        self.assertEqual(cursor.fetchall(), [(i,) for i in range(1, 6)])
        self.assertEqual(self.rows("select name, is_holdable, is_scrollable from pg_cursors"), [("held", True, True)])
        cursor.close()
        self.assertEqual(self.rows("select name from pg_cursors"), [])

    def test_rows_one_by_one(self):
        cursor = self.connection.cursor()
        self.assertEqual(sum(row[0] for row in cursor.stream("select i from generate_series(1, 50000) i")), 1250025000)
        self.assertEqual(sum(row[0] for row in cursor.stream("select i from generate_series(1, 50000) i", size=1000)), 1250025000)

    def test_command_tags(self):
        cursor = self.connection.cursor()
        for query, tag in (
            ("create table t (id int)", "CREATE TABLE"),
            ("insert into t values (1), (2)", "INSERT 0 2"),
            ("update t set id = id + 1", "UPDATE 2"),
            ("delete from t where id = 2", "DELETE 1"),
            ("select * from t", "SELECT 1"),
            ("create table u as select * from t", "SELECT 1"),
            ("merge into t using u on t.id = u.id when matched then delete", "MERGE 1"),
            ("begin", "BEGIN"),
            ("savepoint a", "SAVEPOINT"),
            ("release a", "RELEASE"),
            ("declare c cursor for select 1", "DECLARE CURSOR"),
            ("fetch c", "FETCH 1"),
            ("move c", "MOVE 0"),
            ("close c", "CLOSE CURSOR"),
            ("commit", "COMMIT"),
            ("truncate t", "TRUNCATE TABLE"),
            ("set work_mem = '1MB'", "SET"),
            ("show work_mem", "SHOW"),
            ("vacuum t", "VACUUM"),
            ("analyze t", "ANALYZE"),
            ("explain select 1", "EXPLAIN"),
            ("create index on t (id)", "CREATE INDEX"),
            ("alter table t rename to v", "ALTER TABLE"),
            ("comment on table v is 'x'", "COMMENT"),
            ("grant select on v to public", "GRANT"),
            ("do $$ begin null; end $$", "DO"),
            ("drop table u, v", "DROP TABLE"),
            ("discard temp", "DISCARD TEMP"),
            ("listen x", "LISTEN"),
            ("unlisten *", "UNLISTEN"),
            ("reset work_mem", "RESET"),
        ):
            with self.subTest(query=query):
                cursor.execute(query)
                self.assertEqual(cursor.statusmessage, tag)

    def test_several_statements_in_one_text(self):
        cursor = self.connection.execute("select 1; select 'a', 2; create table t (); ")
        results = []
        while True:
            results.append(cursor.fetchall() if cursor.description else cursor.statusmessage)
            if not cursor.nextset():
                break
        self.assertEqual(results, [[(1,)], [("a", 2)], "CREATE TABLE"])
        with self.assertRaises(errors.DivisionByZero):
            self.connection.execute("create table u (); select 1/0")
        with self.assertRaises(errors.UndefinedTable):
            self.connection.execute("select from u")

    def test_identifiers_and_row_factories(self):
        name = 'odd "name" é'
        self.connection.execute(sql.SQL("create table {} ({} int)").format(sql.Identifier(name), sql.Identifier("Col")))
        self.connection.execute(sql.SQL("insert into {} values ({})").format(sql.Identifier(name), sql.Literal(5)))
        cursor = self.connection.cursor(row_factory=dict_row)
        self.assertEqual(cursor.execute(sql.SQL("table {}").format(sql.Identifier(name))).fetchall(), [{"Col": 5}])
        cursor = self.connection.cursor(row_factory=namedtuple_row)
        self.assertEqual(cursor.execute("select 1 as a, 2 as b").fetchone().b, 2)

    def test_many_columns_and_parameters(self):
        columns = ", ".join(f"%s::int4 as c{i}" for i in range(1600))
        row = self.connection.execute(f"select {columns}", list(range(1600))).fetchone()
        self.assertEqual(row, tuple(range(1600)))
        values = ", ".join("(%s)" for _ in range(30000))
        row = self.connection.execute(f"select sum(column1) from (values {values}) v", list(range(30000))).fetchone()
        self.assertEqual(row[0], 449985000)
        with self.assertRaises(errors.TooManyColumns):
            self.connection.execute("select " + ", ".join("1" for _ in range(1665)))

    def test_large_values(self):
        text = "é" * 3_000_000
        row = self.connection.execute("select %s, length(%s), md5(%s)", (text, text, text)).fetchone()
        self.assertEqual((row[0], row[1]), (text, 3_000_000))
        data = bytes(5_000_000)
        self.connection.execute("create table t (d bytea)")
        self.connection.execute("insert into t values (%b)", (data,))
        self.assertEqual(self.connection.execute("select d from t", binary=True).fetchone()[0], data)

    def test_two_phase_commit(self):
        other = self.another()
        (limit,) = self.rows("show max_prepared_transactions")[0]
        if limit == "0":
            self.skipTest("max_prepared_transactions is 0")
        self.connection.execute("create table t (id int)")
        self.connection.autocommit = False
        xid = self.connection.xid(1, "global", "branch")
        self.connection.tpc_begin(xid)
        self.connection.execute("insert into t values (1)")
        self.connection.tpc_prepare()
        self.connection.close()
        self.assertEqual(len(other.tpc_recover()), 1)
        other.tpc_commit(xid)
        self.assertEqual(other.execute("table t").fetchall(), [(1,)])


if __name__ == "__main__":
    unittest.main()
