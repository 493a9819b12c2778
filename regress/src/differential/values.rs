//! Argument values: edge cases of each type, texts that are no value of it, and random ones.
use super::random::Random;

/// Edge cases by type name. What a type lacks is drawn from [`TEXTS`].
const EDGES: &[(&str, &[&str])] = &[
    ("bool", &["t", "f", "true", "no", "on", "1"]),
    ("\"char\"", &["a", "", "\\377", "\\001", "Z", "abc", "\\000"]),
    (
        "name",
        &[
            "",
            "abc",
            "pg_class",
            "ABC def",
            "é",
            "x23456789012345678901234567890123456789012345678901234567890123456789",
        ],
    ),
    ("int2", &["0", "1", "-1", "32767", "-32768", "7", "100", "0x1F", "0b11", "1_000", " 12 "]),
    (
        "int4",
        &[
            "0",
            "1",
            "-1",
            "2",
            "3",
            "5",
            "2147483647",
            "-2147483648",
            "100",
            "-7",
            "64",
            "0o17",
            "1000",
        ],
    ),
    (
        "int8",
        &[
            "0",
            "1",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
            "42",
            "4294967296",
            "1000000007",
        ],
    ),
    ("oid", &["0", "1", "4294967295", "25", "1259", "-1", "2200"]),
    ("xid", &["0", "3", "4294967295", "100"]),
    ("xid8", &["0", "3", "18446744073709551615", "4294967296"]),
    ("cid", &["0", "1", "4294967295"]),
    ("tid", &["(0,0)", "(0,1)", "(4294967295,65535)", "(1,2)", "(-1,0)"]),
    (
        "float4",
        &[
            "0",
            "-0",
            "1",
            "1.5",
            "NaN",
            "Infinity",
            "-Infinity",
            "3.4028235e38",
            "1e-45",
            "0.1",
            "-2.5",
            "16777217",
        ],
    ),
    (
        "float8",
        &[
            "0",
            "-0",
            "1",
            "0.5",
            "-1.5",
            "2.5",
            "NaN",
            "Infinity",
            "-Infinity",
            "1.7976931348623157e308",
            "5e-324",
            "1e-300",
            "0.1",
            "3.141592653589793",
            "1e15",
            "-1e-7",
            "90",
            "720.25",
            "1e22",
            "9007199254740993",
        ],
    ),
    (
        "numeric",
        &[
            "0",
            "1",
            "-1",
            "0.00",
            "1.5",
            "-2.5",
            "NaN",
            "Infinity",
            "-Infinity",
            "123456789.987654321",
            "1e-20",
            "1e40",
            "99999999999999999999.9999",
            "-0.0001",
            "3",
            "10",
            "0.5",
            "2",
            "1000000007",
            "12345.6789",
        ],
    ),
    (
        "money",
        &[
            "0",
            "$1.00",
            "-$1.23",
            "($12.34)",
            "92233720368547758.07",
            "-92233720368547758.08",
            "1,234.56",
            "$100",
        ],
    ),
    (
        "text",
        &[
            "",
            "a",
            "abc",
            "Hello World",
            "foo bar baz",
            "éÀß",
            "日本語",
            "😀x",
            "%a_b%",
            "a\\b",
            "A",
            "  pad  ",
            "a,b,,c",
            "123",
            "-1.5e3",
            "x y",
            "2024-02-29",
            "[a-z]+",
            "(a|b)*c",
            "^a.c$",
            "YYYY-MM-DD HH24:MI:SS",
            "999,999.99",
            "FM9990.00",
            "UTF8",
            "hex",
            "base64",
            "year",
            "day",
            "America/New_York",
            "UTC",
            "+05:30",
            "g",
            "i",
            "NFC",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "{1,2}",
            "\"q\"",
            "it's",
            "\t\n",
            "0x10",
            "pg_catalog.int4",
        ],
    ),
    ("bpchar", &["", "a", "abc  ", "é ", "  x"]),
    ("varchar", &["", "a", "abc  ", "日本"]),
    (
        "bytea",
        &[
            "",
            "\\x",
            "\\x00",
            "\\xdeadbeef",
            "abc",
            "\\x0102030405060708090a0b0c0d0e0f10",
            "\\xff",
            "a\\000b",
            "\\xc3a9",
        ],
    ),
    (
        "date",
        &[
            "2000-01-01",
            "1999-12-31",
            "2024-02-29",
            "infinity",
            "-infinity",
            "4713-01-01 BC",
            "5874897-12-31",
            "1970-01-01",
            "0044-03-15 BC",
            "2020-06-15",
        ],
    ),
    ("time", &["00:00:00", "24:00:00", "23:59:59.999999", "12:34:56.789", "01:02:03"]),
    (
        "timetz",
        &[
            "00:00:00+00",
            "24:00:00-15:59",
            "23:59:59.999999+15:59",
            "12:34:56.789-08",
            "01:02:03+05:30",
        ],
    ),
    (
        "timestamp",
        &[
            "2000-01-01 00:00:00",
            "1999-12-31 23:59:59.999999",
            "2024-02-29 12:34:56.789",
            "infinity",
            "-infinity",
            "4713-01-01 00:00:00 BC",
            "294276-12-31 23:59:59.999999",
            "1970-01-01",
            "2021-03-14 02:30:00",
            "2021-11-07 01:30:00",
            "0001-01-01 BC",
        ],
    ),
    (
        "timestamptz",
        &[
            "2000-01-01 00:00:00+00",
            "1999-12-31 23:59:59.999999+00",
            "2024-02-29 12:34:56.789+05",
            "infinity",
            "-infinity",
            "4713-01-02 00:00:00+00 BC",
            "294276-12-30 23:59:59.999999+00",
            "1970-01-01 00:00:00+00",
            "2021-03-14 10:30:00+00",
            "2021-11-07 09:30:00+00",
            "1883-11-18 12:00:00+00",
        ],
    ),
    (
        "interval",
        &[
            "0",
            "1 day",
            "-1 day",
            "1 mon",
            "1 year 2 mons 3 days 04:05:06.789",
            "infinity",
            "-infinity",
            "178000000 years",
            "-178000000 years",
            "1 us",
            "-00:00:00.000001",
            "25 hours",
            "30 days",
            "1 week",
            "P1Y2M3DT4H5M6S",
            "2147483647 days",
            "10 years -3 mons",
        ],
    ),
    ("bit", &["0", "1", "1010", "11111111", "", "000000001"]),
    ("varbit", &["", "0", "1", "1010", "111111111", "0000000000000000000000000000000001"]),
    (
        "uuid",
        &[
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "{019535d9-3df7-79fb-b466-fa907fa17f9e}",
            "a0eebc999c0b1ef8bb6d6bb9bd380a11",
        ],
    ),
    ("pg_lsn", &["0/0", "0/1", "FFFFFFFF/FFFFFFFF", "16/B374D848", "1/0"]),
    ("regclass", &["pg_class", "pg_type", "pg_catalog.pg_proc", "0", "-", "1259"]),
    (
        "regtype",
        &[
            "int4",
            "text",
            "pg_catalog.bool",
            "numeric(10,2)",
            "int4[]",
            "-",
            "character varying",
            "0",
        ],
    ),
    ("regproc", &["now", "pg_typeof", "-", "0", "pg_catalog.upper"]),
    ("regprocedure", &["abs(numeric)", "upper(text)", "-", "0"]),
    ("regoper", &["||/", "!~~", "0"]),
    ("regoperator", &["+(int4,int4)", "-(NONE,int4)", "0"]),
    ("regrole", &["postgres", "-", "pg_monitor"]),
    ("regnamespace", &["pg_catalog", "public", "-"]),
    ("regcollation", &["\"C\"", "\"default\"", "-", "\"POSIX\""]),
    ("regconfig", &["english", "simple"]),
    ("regdictionary", &["simple", "english_stem"]),
    (
        "json",
        &[
            "null",
            "{}",
            "[]",
            "1",
            "\"a\"",
            "{\"a\":1,\"b\":[1,2,{\"c\":null}]}",
            "[1,\"x\",null,true,1.50]",
            " { \"a\" : 1 , \"a\" : 2 } ",
            "-0.0",
            "\"\\u00e9\\n\"",
        ],
    ),
    (
        "jsonb",
        &[
            "null",
            "{}",
            "[]",
            "1",
            "\"a\"",
            "{\"a\":1,\"b\":[1,2,{\"c\":null}]}",
            "[1,\"x\",null,true,1.50]",
            "{\"a\":1,\"a\":2}",
            "-0.0",
            "1e3",
            "\"\\u00e9\\n\"",
            "{\"b\":1,\"aa\":2}",
        ],
    ),
    (
        "jsonpath",
        &[
            "$",
            "$.a",
            "$.b[*]",
            "$.b[0 to last]",
            "strict $.x",
            "$.a > 1",
            "$[*] ? (@ > 1)",
            "$.type()",
            "$.b.size()",
            "lax $.**",
        ],
    ),
    ("xml", &["<a/>", "<a>1</a>", "", "x", "<a b=\"c\">d<e/></a>"]),
    (
        "inet",
        &[
            "0.0.0.0",
            "192.168.1.1",
            "192.168.1.5/24",
            "255.255.255.255/32",
            "::1",
            "fe80::1/64",
            "::ffff:1.2.3.4",
            "10.1.2.3/8",
        ],
    ),
    ("cidr", &["0.0.0.0/0", "192.168.1.0/24", "10/8", "::/0", "2001:db8::/32", "192.168.1.1/32"]),
    ("macaddr", &["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "08:00:2b:01:02:03", "08002b-010203"]),
    (
        "macaddr8",
        &["00:00:00:00:00:00:00:00", "08:00:2b:ff:fe:01:02:03", "08:00:2b:01:02:03:04:05"],
    ),
    ("point", &["(0,0)", "(1,2)", "(-1.5,1e300)", "(NaN,Infinity)", "(1e-320,3)"]),
    ("lseg", &["[(0,0),(1,1)]", "[(1,2),(3,4)]", "[(0,0),(0,0)]"]),
    ("box", &["(1,1),(0,0)", "(2,2),(1,1)", "(3,3),(-3,-3)", "(0,0),(0,0)"]),
    ("path", &["[(0,0),(1,1),(2,0)]", "((0,0),(1,1),(2,0))", "[(1,2)]"]),
    ("polygon", &["((0,0),(1,1),(2,0))", "((0,0),(0,4),(4,4),(4,0))", "((1,1))"]),
    ("circle", &["<(0,0),1>", "<(1,2),3.5>", "<(0,0),0>"]),
    ("line", &["{1,-1,0}", "{0,1,2}", "{1,0,-3}"]),
    ("tsvector", &["", "a", "a:1 b:2", "'fat' 'cat':3A,4", "foo:1,2B bar"]),
    ("tsquery", &["", "a", "a & b", "!a | b", "fat <-> cat", "foo:*A"]),
    ("pg_snapshot", &["1:1:", "12:20:13,15,18", "12:16:14,15"]),
    ("txid_snapshot", &["1:1:", "12:20:13,15,18"]),
    ("oidvector", &["", "1 2 3", "0"]),
    ("int2vector", &["", "1 2 3", "-1"]),
    ("refcursor", &["", "c"]),
    ("aclitem", &["postgres=r/postgres", "=rw/postgres"]),
    ("int4range", &["empty", "[1,5)", "(,10]", "[5,)", "(,)", "[3,3]"]),
    ("int8range", &["empty", "[1,5)", "(,10]", "[5,)"]),
    ("numrange", &["empty", "[1.5,5)", "(,10]", "[5,)", "(1,1.0]"]),
    ("daterange", &["empty", "[2000-01-01,2001-01-01)", "(,2020-01-01]"]),
    ("tsrange", &["empty", "[2000-01-01,2001-01-01)", "(,2020-01-01]"]),
    ("tstzrange", &["empty", "[2000-01-01 00:00+00,2001-01-01 00:00+00)"]),
    ("int4multirange", &["{}", "{[1,5)}", "{[1,3),[5,9)}", "{(,4),[10,)}"]),
    ("nummultirange", &["{}", "{[1.5,5)}", "{[1,3),[5,9)}"]),
    ("datemultirange", &["{}", "{[2000-01-01,2001-01-01)}"]),
];

/// Texts for types without entries, and now and then for any type.
const TEXTS: &[&str] = &[
    "",
    "x",
    "1",
    "(",
    "{}",
    "infinity",
    "null",
    "\\",
    "1e400",
    "-",
    "now now",
    "2024-13-45",
    "99999999999999999999",
];

/// Types that a polymorphic argument stands for.
pub const ELEMENTS: &[&str] = &[
    "int4",
    "text",
    "float8",
    "numeric",
    "date",
    "timestamptz",
    "bool",
    "int8",
    "interval",
    "bytea",
    "uuid",
    "name",
    "varchar",
];

/// Edge cases of a type.
pub fn edges(typ: &str) -> Option<&'static [&'static str]> {
    EDGES.iter().find(|(name, _)| *name == typ).map(|(_, values)| *values)
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value of the type, as an SQL expression.
pub fn value(rng: &mut Random, typ: &str) -> String {
    if rng.one_in(40) {
        return format!("NULL::{typ}");
    }
    if let Some(element) = typ.strip_suffix("[]") {
        return array(rng, element);
    }
    let text = match rng.below(40) {
        0 => TEXTS[rng.below(TEXTS.len())].to_string(),
        1..=12 => random_text(rng, typ),
        _ => {
            let edges = edges(typ).unwrap_or(TEXTS);
            edges[rng.below(edges.len())].to_string()
        }
    };
    format!("{}::{typ}", quote(&text))
}

fn array(rng: &mut Random, element: &str) -> String {
    let len = [0, 1, 2, 3, 4, 7][rng.below(6)];
    let elems: Vec<String> = (0..len).map(|_| value(rng, element)).collect();
    match rng.below(12) {
        0 if len > 0 => format!("ARRAY[ARRAY[{0}],ARRAY[{0}]]::{element}[]", elems.join(",")),
        1 => format!("'[2:3]={{{0},{0}}}'::{element}[]", 1),
        _ => format!("ARRAY[{}]::{element}[]", elems.join(",")),
    }
}

fn digits(rng: &mut Random, max: usize) -> String {
    let len = 1 + rng.below(max);
    (0..len).map(|_| char::from(b'0' + rng.below(10) as u8)).collect()
}

fn random_text(rng: &mut Random, typ: &str) -> String {
    let sign = if rng.one_in(3) { "-" } else { "" };
    match typ {
        "int2" => format!("{sign}{}", rng.below(32768)),
        "int4" | "oid" => format!("{sign}{}", rng.next() as u32 >> rng.below(32)),
        "int8" => format!("{sign}{}", rng.next() >> (1 + rng.below(62))),
        "float4" | "float8" => match rng.below(3) {
            0 => format!("{sign}{}.{}", digits(rng, 6), digits(rng, 12)),
            1 => format!("{sign}{}e{}", digits(rng, 9), rng.below(60) as i32 - 30),
            _ => format!("{}", f64::from_bits(rng.next())),
        },
        "numeric" => match rng.below(3) {
            0 => format!("{sign}{}.{}", digits(rng, 20), digits(rng, 20)),
            1 => format!("{sign}{}", digits(rng, 40)),
            _ => format!("{sign}{}.{}", digits(rng, 3), digits(rng, 4)),
        },
        "money" => format!("{sign}{}.{:02}", digits(rng, 12), rng.below(100)),
        "date" => {
            format!("{}-{:02}-{:02}", 1 + rng.below(3000), 1 + rng.below(12), 1 + rng.below(28))
        }
        "time" => format!(
            "{:02}:{:02}:{:02}.{}",
            rng.below(24),
            rng.below(60),
            rng.below(60),
            digits(rng, 6)
        ),
        "timetz" => format!(
            "{:02}:{:02}:{:02}{}{:02}",
            rng.below(24),
            rng.below(60),
            rng.below(60),
            if sign.is_empty() { "+" } else { "-" },
            rng.below(15)
        ),
        "timestamp" | "timestamptz" => format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{}",
            1 + rng.below(2500),
            1 + rng.below(12),
            1 + rng.below(28),
            rng.below(24),
            rng.below(60),
            rng.below(60),
            digits(rng, 6)
        ),
        "interval" => format!(
            "{sign}{} mons {} days {sign}{}:{:02}:{:02}.{}",
            rng.below(500),
            rng.below(500) as i32 - 250,
            rng.below(100),
            rng.below(60),
            rng.below(60),
            digits(rng, 6)
        ),
        "bit" | "varbit" => {
            let len = rng.below(70);
            (0..len).map(|_| if rng.one_in(2) { '1' } else { '0' }).collect()
        }
        "bytea" => {
            let len = rng.below(20);
            let hex: String = (0..len).map(|_| format!("{:02x}", rng.below(256))).collect();
            format!("\\x{hex}")
        }
        "uuid" => format!("{:016x}{:016x}", rng.next(), rng.next()),
        "pg_lsn" => format!("{:X}/{:X}", rng.next() as u32, rng.next() as u32),
        "text" | "varchar" | "bpchar" | "name" => {
            const CHARS: [char; 24] = [
                'a', 'b', 'c', 'A', 'Z', ' ', '%', '_', '.', '*', '(', ')', '1', '0', 'é', 'ß',
                '語', '\\', ',', '+', '|', '-', 'x', '😀',
            ];
            let len = rng.below(14);
            (0..len).map(|_| CHARS[rng.below(CHARS.len())]).collect()
        }
        "inet" => format!(
            "{}.{}.{}.{}/{}",
            rng.below(256),
            rng.below(256),
            rng.below(256),
            rng.below(256),
            rng.below(33)
        ),
        "point" => format!("({},{})", rng.below(20) as i32 - 10, rng.below(20) as i32 - 10),
        "box" => {
            format!("({},{}),({},{})", rng.below(20), rng.below(20), rng.below(20), rng.below(20))
        }
        "int4range" => format!("[{},{})", rng.below(20), 20 + rng.below(20)),
        _ => {
            let edges = edges(typ).unwrap_or(TEXTS);
            edges[rng.below(edges.len())].to_string()
        }
    }
}

/// All types with edge cases.
pub fn types() -> impl Iterator<Item = &'static str> {
    EDGES.iter().map(|(name, _)| *name)
}
