"""Writes ../wire_values.tsv: what PostgreSQL answers for values of every type, in text and in binary.

Run against a PostgreSQL 18 (PGHOST, PGPORT): `python record_values.py > ../wire_values.tsv`.
A line holds: type, input, text output, binary output in hexadecimal.
"""

import sys

from psycopg import pq

from support import connect_raw, execute

VALUES = {
    "bool": ["t", "no", "1", "OFF"],
    "int2": ["0", "-32768", " 32767 ", "0x7f", "1_000"],
    "int4": ["0", "-2147483648", "2147483647", "0b101", "0o17"],
    "int8": ["0", "-9223372036854775808", "9223372036854775807"],
    "float4": ["0", "-0", "1.5", "1e-40", "3.4028235e38", "NaN", "-Infinity", "0.1"],
    "float8": ["0", "-0", "0.1", "1e15", "123456789012345680", "5e-324", "1.7976931348623157e308", "NaN", "inf"],
    "numeric": [
        "0", "-0.0", "1", "10000", "0.0001", "0.00001", "-12345.678900", "1e20", "1e-20", "99999999999999999999999999.99",
        "NaN", "Infinity", "-inf", "1234567890.0123456789", "0x1F",
    ],
    "numeric(6,2)": ["1.005", "-9999.994", "0"],
    "text": ["", "a", "żółw 亀 \U0001f422", 'quote " \' \\ tab\tend', "  spaced  "],
    "varchar": ["", "abc"],
    "varchar(3)": ["abc", "ab "],
    "char(5)": ["ab", "abcde", ""],
    "name": ["relname", "n" * 70, ""],
    '"char"': ["x", "", "\\377", "long"],
    "bytea": ["", "\\x00ff10", "abc\\\\\\001"],
    "date": ["2000-01-01", "1999-12-31", "4713-11-24 BC", "5874897-12-31", "infinity", "-infinity", "0001-02-03 BC"],
    "time": ["00:00:00", "24:00:00", "04:05:06.789123", "23:59:59.999999"],
    "time(2)": ["04:05:06.789"],
    "timetz": ["04:05:06-08", "00:00:00+15:59:59", "24:00:00+00", "04:05:06.5+05:30"],
    "timestamp": [
        "2000-01-01 00:00:00", "1999-12-31 23:59:59.999999", "infinity", "-infinity", "0001-01-01 00:00:00 BC",
        "294276-12-31 23:59:59.999999", "4713-11-24 00:00:00 BC",
    ],
    "timestamptz": [
        "2000-01-01 00:00:00+00", "2024-02-29 12:00:00.5+02", "infinity", "-infinity", "2024-07-01 12:00 Europe/Berlin",
    ],
    "timestamp(0)": ["2024-01-01 00:00:00.5"],
    "interval": [
        "0", "1 year 2 months 3 days 04:05:06.789", "-1 month +2 days -00:00:00.000001", "P1Y2M10DT2H30M", "infinity",
        "-infinity", "178000000 years", "1.5 weeks",
    ],
    "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"],
    "json": ['{"b": 1,  "a": [null]}', "null", '"\\u00e9"', "  1 "],
    "jsonb": ['{"b": 1,  "a": [null, true], "aa": {}}', "null", '"\\u00e9"', "1e3", "[]", '{"a": 1, "a": 2}'],
    "jsonpath": ["$.a[*] ? (@ > 1)", "strict $"],
    "oid": ["0", "4294967295", "-1"],
    "regproc": ["now", "-", "pg_catalog.now"],
    "regprocedure": ["sum(int4)", "-"],
    "regoper": ["||/", "0"],
    "regoperator": ["+(int4,int4)", "!~(text,text)"],
    "regclass": ["pg_class", "pg_catalog.pg_type", "1259", "-"],
    "regtype": ["int4", "numeric(10,2)", "text[]", "timestamp with time zone"],
    "regrole": ["postgres", "10"],
    "regnamespace": ["pg_catalog", "11"],
    "regconfig": ["english", "pg_catalog.simple"],
    "regdictionary": ["simple"],
    "regcollation": ['"C"', '"default"'],
    "xid": ["0", "42"],
    "xid8": ["42", "18446744073709551615"],
    "cid": ["7"],
    "tid": ["(0,1)", "(4294967295,65535)"],
    "pg_lsn": ["16/B374D848"],
    "oidvector": ["1 2 3"],
    "int2vector": ["1 -2"],
    "money": ["12.34", "-$1,000.50"],
    "bit(5)": ["10101"],
    "varbit": ["", "1", "101010101", "xFF"],
    "inet": ["192.168.0.1/24", "::1", "10.0.0.1"],
    "cidr": ["10.0.0.0/8", "2001:db8::/32"],
    "macaddr": ["08:00:2b:01:02:03"],
    "macaddr8": ["08-00-2b-01-02-03-04-05"],
    "point": ["(1,2.5)"],
    "box": ["(3,4),(1,2)"],
    "lseg": ["[(1,2),(3,4)]"],
    "line": ["{1,2,3}"],
    "path": ["[(1,2),(3,4)]", "((1,2),(3,4))"],
    "polygon": ["((0,0),(1,1),(1,0))"],
    "circle": ["<(1,2),3>"],
    "tsvector": ["'fat':2A 'cat':3,5", ""],
    "tsquery": ["fat & (cat | !dog) <-> rat:*A"],
    "int4range": ["[1,5]", "empty", "(,)", "[3,)"],
    "numrange": ["(1.5,2.5]"],
    "tstzrange": ["[2024-01-01 00:00+00,2024-02-01 00:00+00)"],
    "daterange": ["[2024-01-01,2024-01-31]"],
    "int8multirange": ["{[1,3),[5,9]}", "{}"],
    "pg_snapshot": ["10:20:10,14,15"],
}

ARRAYS = {
    "bool": "{t,NULL,f}",
    "int2": "{1,-2,NULL}",
    "int4": "[0:1][-1:0]={{1,2},{3,NULL}}",
    "int8": "{9223372036854775807}",
    "float4": "{1.5,NaN}",
    "float8": "{0.1,-Infinity}",
    "numeric": "{1.50,NaN,NULL}",
    "text": '{"",NULL,"NULL","a,b","{}","\\"q\\\\"}',
    "varchar": "{ab,c}",
    "char(3)": '{ab,"c"}',
    "name": "{a,b}",
    '"char"': "{a,b}",
    "bytea": '{"\\\\x00ff",""}',
    "date": "{2000-01-01,infinity}",
    "time": "{04:05:06}",
    "timetz": "{04:05:06-08}",
    "timestamp": '{"2000-01-01 00:00:00",infinity}',
    "timestamptz": '{"2000-01-01 00:00:00+00"}',
    "interval": '{"1 day","-1 mon"}',
    "uuid": "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
    "json": '{"{\\"a\\": 1}",null}',
    "jsonb": '{"{\\"a\\": 1}","[]"}',
    "oid": "{1,2}",
    "regproc": "{now}",
    "regprocedure": '{"sum(integer)"}',
    "regclass": "{pg_class}",
    "regtype": '{integer,"text[]"}',
    "regrole": "{postgres}",
    "regnamespace": "{pg_catalog}",
    "inet": "{127.0.0.1}",
    "point": '{"(1,2)"}',
    "box": "{(3,4),(1,2);(1,1),(0,0)}",
    "int4range": '{"[1,3)",empty}',
    "money": "{$1.00}",
}


def main():
    connection = connect_raw()
    execute(connection, "set timezone = 'UTC'")
    cases = [(t, v) for t, values in VALUES.items() for v in values]
    cases += [(t + "[]", v) for t, v in ARRAYS.items()]
    cases += [("int4[]", "{}")]
    print("# type\tinput\ttext\tbinary; written by psycopg/record_values.py from PostgreSQL 18")
    for typ, value in cases:
        query = f"select $1::{typ}".encode()
        answers = []
        for result_format in (0, 1):
            result = connection.exec_params(query, [value.encode()], None, None, result_format)
            if result.status != pq.ExecStatus.TUPLES_OK:
                sys.exit(f"{typ} {value!r}: {result.error_message.decode()}")
            answers.append(result.get_value(0, 0))
        fields = [typ, value, answers[0].decode(), answers[1].hex()]
        print("\t".join(f.replace("\\", "\\\\").replace("\t", "\\t") for f in fields))


if __name__ == "__main__":
    main()
