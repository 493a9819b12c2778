"""Values of every type, as parameters and as results, in text and in binary."""

import datetime as dt
import ipaddress
import unittest
import uuid
from decimal import Decimal

from psycopg import pq
from psycopg.types.json import Json, Jsonb
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from support import connect, connect_raw, execute, recorded_values


class RecordedValues(unittest.TestCase):
    """libpq with explicit formats, against what PostgreSQL answered."""

    @classmethod
    def setUpClass(cls):
        cls.connection = connect_raw()
        execute(cls.connection, "set timezone = 'UTC'")

    @classmethod
    def tearDownClass(cls):
        cls.connection.finish()

    def ask(self, sql, value, oid, param_format, result_format):
        result = self.connection.exec_params(
            sql.encode(), [value], [oid], [param_format], result_format
        )
        self.assertEqual(result.status, pq.ExecStatus.TUPLES_OK, result.error_message.decode())
        self.assertEqual(result.fformat(0), result_format)
        return result.get_value(0, 0)

    def oid(self, typ):
        answer = self.ask("select $1::regtype::oid", typ.encode(), 0, 0, 0)
        return int(answer.decode())

    def test_text_parameters(self):
        for typ, value, text, binary in recorded_values():
            with self.subTest(type=typ, value=value):
                sql = f"select $1::{typ}"
                self.assertEqual(self.ask(sql, value.encode(), 0, 0, 0).decode(), text)
                self.assertEqual(self.ask(sql, value.encode(), 0, 0, 1).hex(), binary.hex())

    def test_binary_parameters(self):
        for typ, _, text, binary in recorded_values():
            with self.subTest(type=typ, value=text):
                oid = self.oid(typ)
                sql = f"select $1::{typ}"
                self.assertEqual(self.ask(sql, binary, oid, 1, 0).decode(), text)
                self.assertEqual(self.ask(sql, binary, oid, 1, 1).hex(), binary.hex())

    def test_values_come_back_from_a_table_and_binary_copy(self):
        for typ, value, text, binary in recorded_values():
            with self.subTest(type=typ, value=value):
                execute(self.connection, f"drop table if exists pg_temp.kept; create temp table kept (v {typ})")
                result = self.connection.exec_params(
                    b"insert into kept values ($1)", [binary], [self.oid(typ)], [1]
                )
                self.assertEqual(
                    result.status, pq.ExecStatus.COMMAND_OK, result.error_message.decode()
                )
                self.assertEqual(execute(self.connection, "table kept").get_value(0, 0).decode(), text)
                self.connection.exec_(b"copy kept to stdout (format binary)")
                data = bytearray()
                while True:
                    length, chunk = self.connection.get_copy_data(0)
                    if length <= 0:
                        break
                    data += chunk
                self.connection.get_result()
                self.connection.get_result()
                self.assertEqual(data[:11], b"PGCOPY\n\xff\r\n\0")
                field = bytes(data[19:])
                self.assertEqual(field[:2], b"\0\1")
                self.assertEqual(field[6:-2].hex(), binary.hex())

    def test_truncated_binary_values_are_errors(self):
        for typ, _, text, binary in recorded_values():
            if len(binary) < 2 or typ.split("(")[0] in TEXT_LIKE:
                continue
            with self.subTest(type=typ, value=text):
                result = self.connection.exec_params(
                    f"select $1::{typ}".encode(), [binary[:-1]], [self.oid(typ)], [1]
                )
                self.assertEqual(result.status, pq.ExecStatus.FATAL_ERROR)
                state = result.error_field(pq.DiagnosticField.SQLSTATE).decode()
                self.assertIn(state, ("08P01", "22P03", "22P02", "22021", "22007"))


TEXT_LIKE = {"text", "varchar", "char", "name", "bytea", "json", "jsonb", "jsonpath", "tsquery", "varbit", "bit"}


class NativeValues(unittest.TestCase):
    """Python objects through psycopg's own adapters, both formats."""

    VALUES = [
        ("bool", True),
        ("int2", -32768),
        ("int4", 2**31 - 1),
        ("int8", -(2**63)),
        ("float4", 1.5),
        ("float8", 0.1),
        ("float8", float("inf")),
        ("numeric", Decimal("-1234567890.01234567890")),
        ("numeric", Decimal("Infinity")),
        ("text", "żółw"),
        ("varchar(3)", "abc"),
        ("bytea", bytes(range(256))),
        ("date", dt.date(2024, 2, 29)),
        ("time", dt.time(23, 59, 59, 999999)),
        ("timetz", dt.time(4, 5, 6, tzinfo=dt.timezone(dt.timedelta(hours=-8)))),
        ("timestamp", dt.datetime(2024, 2, 29, 1, 2, 3, 4)),
        ("timestamptz", dt.datetime(2024, 2, 29, 1, 2, 3, 4, dt.timezone.utc)),
        ("interval", dt.timedelta(days=-3, seconds=7, microseconds=1)),
        ("uuid", uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
        ("inet", ipaddress.ip_interface("192.168.0.1/24")),
        ("cidr", ipaddress.ip_network("10.0.0.0/8")),
        ("int4[]", [1, None, -3]),
        ("int8[]", [[1, 2], [3, 4]]),
        ("text[]", ["a,b", "", "NULL", None, '"\\']),
        ("numeric[]", [Decimal("1.50"), None]),
        ("timestamptz[]", [dt.datetime(2024, 2, 29, tzinfo=dt.timezone.utc)]),
        ("uuid[]", [uuid.UUID(int=1), uuid.UUID(int=2)]),
        ("bytea[]", [b"\0\xff", b""]),
        ("date[]", [dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
        ("int4range", Range(1, 6, "[)")),
        ("tstzrange", Range(dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), None)),
        ("int4multirange", Multirange([Range(1, 3), Range(5, 9)])),
    ]

    def test_round_trips(self):
        with connect(autocommit=True) as connection:
            connection.execute("set timezone = 'UTC'")
            for binary in (False, True):
                for placeholder in ("%s", "%b", "%t"):
                    cursor = connection.cursor(binary=binary)
                    for typ, value in self.VALUES:
                        with self.subTest(type=typ, binary=binary, placeholder=placeholder):
                            cursor.execute(f"select {placeholder}::{typ}, pg_typeof({placeholder}::{typ})::text", (value, value))
                            self.assertEqual(cursor.fetchone()[0], value)

    def test_nulls(self):
        with connect() as connection:
            for typ in sorted({typ for typ, _, _, _ in recorded_values()}):
                for binary in (False, True):
                    row = connection.execute(f"select %s::{typ}", (None,), binary=binary).fetchone()
                    self.assertEqual(row, (None,), typ)

    def test_json(self):
        document = {"a": [1, 2.5, None, True, "é\n"], "b": {}}
        with connect() as connection:
            for wrapper in (Json, Jsonb):
                for binary in (False, True):
                    row = connection.execute("select %s", (wrapper(document),), binary=binary).fetchone()
                    self.assertEqual(row[0], document)
            row = connection.execute("select %s::jsonb -> 'a' -> 1", (Jsonb(document),)).fetchone()
            self.assertEqual(row[0], 2.5)

    def test_records_and_composites(self):
        with connect() as connection:
            connection.execute("create schema composites")
            connection.execute("set search_path = composites")
            connection.execute("create type pair as (number int, label text)")
            connection.execute("create table pairs (id int, p pair, ps pair[])")
            from psycopg.types.composite import CompositeInfo, register_composite

            info = CompositeInfo.fetch(connection, "pair")
            register_composite(info, connection)
            pair = info.python_type
            self.assertEqual(pair._fields, ("number", "label"))
            for binary in (False, True):
                cursor = connection.cursor(binary=binary)
                cursor.execute("select row(1, 'a\"b'::text, null::text)::record")
                expected = (1, 'a"b', None) if binary else ("1", 'a"b', None)
                self.assertEqual(tuple(cursor.fetchone()[0]), expected)
                for placeholder in ("%s", "%b", "%t"):
                    cursor.execute(
                        f"insert into pairs values (1, {placeholder}, {placeholder}) returning p, ps, (p).label",
                        (pair(7, "x,(y)"), [pair(1, "a"), pair(None, None)]),
                    )
                    p, ps, label = cursor.fetchone()
                    self.assertEqual((p, ps, label), (pair(7, "x,(y)"), [pair(1, "a"), pair(None, None)], "x,(y)"))
            connection.rollback()

    def test_enums_and_domains(self):
        import enum

        from psycopg.types.enum import EnumInfo, register_enum

        class Mood(enum.Enum):
            sad = 1
            ok = 2

        with connect() as connection:
            connection.execute("create type mood as enum ('sad', 'ok')")
            connection.execute("create domain positive as int check (value > 0)")
            register_enum(EnumInfo.fetch(connection, "mood"), connection, Mood)
            for binary in (False, True):
                cursor = connection.cursor(binary=binary)
                cursor.execute("select %s::mood, %s::mood[], %s::positive", (Mood.ok, [Mood.sad], 4))
                self.assertEqual(cursor.fetchone(), (Mood.ok, [Mood.sad], 4))
                self.assertEqual(cursor.description[2].type_code, 23)
            connection.rollback()

    def test_result_description(self):
        with connect() as connection:
            cursor = connection.execute(
                "select 1::int4 as a, 'x'::varchar(7) as b, 1.5::numeric(6,2) as c,"
                " '04:05'::time(3) as d, relname, '1 day'::interval day to second(2) from pg_class limit 1"
            )
            described = [
                (c.name, c.type_code, c.display_size, c.internal_size, c.precision, c.scale)
                for c in cursor.description
            ]
            self.assertEqual(
                described,
                [
                    ("a", 23, None, 4, None, None),
                    ("b", 1043, 7, None, None, None),
                    ("c", 1700, None, None, 6, 2),
                    ("d", 1083, None, 8, 3, None),
                    ("relname", 19, None, 64, None, None),
                    ("interval", 1186, None, 16, 2, None),
                ],
            )
            result = cursor.pgresult
            self.assertEqual([result.ftable(i) for i in range(6)], [0, 0, 0, 0, 1259, 0])
            self.assertEqual([result.ftablecol(i) for i in range(6)], [0, 0, 0, 0, 2, 0])


if __name__ == "__main__":
    unittest.main()
