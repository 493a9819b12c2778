//! Fuzzing of every type's text and binary input: no panic, no unbounded time or memory, and what is
//! read writes back to what reads the same.
//!
//! `cargo test` makes a short pass. `FUZZ_SECONDS=600` gives each family that long, `FUZZ_FAMILY=numeric`
//! picks one, `FUZZ_SEED` repeats a run; with `--release -- --nocapture` for the real thing.
#![expect(clippy::print_stdout, reason = "its findings are its output")]
use std::{
    alloc::{GlobalAlloc, Layout, System},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use types::{DateOrder, DateStyle, IoOptions, Oid, io, type_oid as t};

/// Counts what is allocated, to see which input asks for too much.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the memory comes from `alloc` above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// An input of a few hundred bytes may take so much memory.
const MEMORY_LIMIT: usize = 64 << 20;
/// And so much time.
const TIME_LIMIT: Duration = Duration::from_secs(1);
const MAX_LEN: usize = 400;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

type Family = (&'static str, &'static [Oid], &'static [&'static str]);

const FAMILIES: &[Family] = &[
    (
        "integer",
        &[
            t::INT2,
            t::INT4,
            t::INT8,
            t::OID,
            t::XID,
            t::XID8,
            t::CID,
            t::TID,
            t::PG_LSN,
            t::INT2VECTOR,
            t::OIDVECTOR,
            t::BOOL,
            t::CHAR,
        ],
        &[
            "0",
            "-1",
            "2147483647",
            "9223372036854775807",
            "0x1F",
            "0b101",
            "0o17",
            "1_000",
            " 12 ",
            "(0,1)",
            "16/B374D848",
            "1 2 3",
            "true",
            "\\377",
        ],
    ),
    (
        "float",
        &[t::FLOAT4, t::FLOAT8, t::MONEY],
        &[
            "0",
            "-0",
            "1e400",
            "1e-400",
            "NaN",
            "Infinity",
            "-inf",
            "3.4028235e38",
            "0x1p3",
            "$1,234.56",
            "($1.00)",
            "12345678901234567890",
        ],
    ),
    (
        "numeric",
        &[t::NUMERIC],
        &[
            "0",
            "-1.5",
            "NaN",
            "Infinity",
            "1e131071",
            "1e-16383",
            "0x1_F",
            "12345678901234567890.12345678901234567890",
            "9.99e9999",
        ],
    ),
    (
        "string",
        &[t::TEXT, t::VARCHAR, t::BPCHAR, t::NAME, t::BYTEA, t::UNKNOWN],
        &["", "abc", "é日本😀", "\\x00ff", "a\\000b\\\\", "\\xdeadbeef"],
    ),
    (
        "bit",
        &[t::BIT, t::VARBIT, t::UUID],
        &[
            "",
            "0",
            "1010",
            "xFF",
            "b01",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
        ],
    ),
    (
        "datetime",
        &[t::DATE, t::TIME, t::TIMETZ, t::TIMESTAMP, t::TIMESTAMPTZ, t::INTERVAL],
        &[
            "2000-01-01",
            "4713-01-01 BC",
            "infinity",
            "now",
            "today",
            "allballs",
            "J2451187",
            "1999-Jan-08 04:05:06.789 PST",
            "20011225T040506+08",
            "24:00:00",
            "23:59:60.999999-15:59",
            "P1Y2M3DT4H5M6S",
            "1 year 2 mons -3 days 04:05:06.789 ago",
            "@ 1 minute",
            "2147483647 years",
            "1.5 weeks",
            "Mon Feb 10 17:32:01 1997 America/Los_Angeles",
            "294276-12-31 23:59:59.999999",
            "y2001m02d04",
        ],
    ),
    (
        "network",
        &[t::INET, t::CIDR, t::MACADDR, t::MACADDR8],
        &[
            "192.168.1.5/24",
            "::ffff:1.2.3.4/128",
            "10/8",
            "fe80::1",
            "08:00:2b:01:02:03",
            "08002b-fffe010203",
            "0800.2b01.0203",
        ],
    ),
    (
        "geometry",
        &[t::POINT, t::LSEG, t::BOX, t::PATH, t::POLYGON, t::CIRCLE, t::LINE],
        &[
            "(1,2)",
            "[(0,0),(1,1)]",
            "((0,0),(1,1),(2,0))",
            "<(0,0),1>",
            "{1,-1,0}",
            "1,2,3,4",
            "(1e400,NaN)",
        ],
    ),
    (
        "json",
        &[t::JSON, t::JSONB, t::JSONPATH],
        &[
            "null",
            "{\"a\":[1,2,{\"b\":null}]}",
            "[1e400,-0.0,\"\\u00e9\\ud83d\\ude00\"]",
            "\"x\"",
            "$.a[*] ? (@ > 1 && exists(@.b))",
            "strict $.**{2 to last}.c.type()",
            "$ ? (@ like_regex \"^a\" flag \"i\")",
        ],
    ),
    (
        "textsearch",
        &[t::TSVECTOR, t::TSQUERY],
        &["a:1A 'b c':2,3", "a & !b | c <2> d:*AB", "'it''s'", "(a|b)&!(c)"],
    ),
    (
        "array",
        &[t::INT4_ARRAY, t::TEXT_ARRAY, t::CSTRING_ARRAY],
        &[
            "{}",
            "{1,2,NULL}",
            "{{1,2},{3,4}}",
            "[2:3]={1,2}",
            "{\"a\\\"b\",c d}",
            "[-2147483648:-2147483647]={1,2}",
        ],
    ),
    (
        "range",
        &[
            t::INT4RANGE,
            t::INT8RANGE,
            t::NUMRANGE,
            t::DATERANGE,
            t::TSRANGE,
            t::TSTZRANGE,
            t::INT4MULTIRANGE,
            t::NUMMULTIRANGE,
        ],
        &["empty", "[1,5)", "(,)", "[1.5,\"2\"]", "{[1,3),[5,9)}", "[2000-01-01,2001-01-01)"],
    ),
];

/// Characters that the syntaxes are made of.
const ALPHABET: &[&str] = &[
    "0",
    "9",
    "1",
    "-",
    "+",
    ".",
    "e",
    "E",
    ":",
    ",",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\\",
    "/",
    " ",
    "\t",
    "x",
    "_",
    "$",
    "@",
    "?",
    "&",
    "|",
    "!",
    "<",
    ">",
    "*",
    "é",
    "\u{feff}",
    "ago",
    "BC",
    "inf",
    "null",
    "day",
    "year",
    "T",
    "Z",
    "99999999999",
    "=",
];

fn mutate_text(rng: &mut Random, seeds: &[&str]) -> String {
    let mut text: Vec<char> = seeds[rng.below(seeds.len())].chars().collect();
    for _ in 0..rng.below(6) {
        let at = rng.below(text.len() + 1);
        match rng.below(6) {
            0 if !text.is_empty() => {
                text.remove(at.min(text.len() - 1));
            }
            1 if !text.is_empty() => {
                let end = (at + 1 + rng.below(8)).min(text.len());
                let piece: Vec<char> = text[at.min(end)..end].to_vec();
                for _ in 0..rng.below(12) {
                    text.splice(at.min(text.len())..at.min(text.len()), piece.iter().copied());
                }
            }
            2 => {
                let other = seeds[rng.below(seeds.len())];
                text.splice(at..at, other.chars());
            }
            3 if !text.is_empty() => {
                let at = at.min(text.len() - 1);
                text[at] = char::from_u32(rng.below(0x250) as u32).unwrap_or('a');
            }
            _ => {
                let piece = ALPHABET[rng.below(ALPHABET.len())];
                text.splice(at..at, piece.chars());
            }
        }
        text.truncate(MAX_LEN);
    }
    // Text from a client is checked before it gets to an input function: it has no NUL.
    text.into_iter().filter(|c| *c != '\0').collect()
}

fn mutate_bytes(rng: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=rng.below(6) {
        let at = rng.below(bytes.len() + 1);
        match rng.below(5) {
            0 if at < bytes.len() => {
                bytes.remove(at);
            }
            1 if at < bytes.len() => bytes[at] ^= 1 << rng.below(8),
            2 if at < bytes.len() => bytes[at] = [0, 0xff, 0x7f, 0x80][rng.below(4)],
            3 => bytes.truncate(at),
            _ => bytes.insert(at, rng.next() as u8),
        }
        bytes.truncate(MAX_LEN);
    }
    bytes
}

fn options(rng: &mut Random) -> IoOptions {
    let styles = [DateStyle::Iso, DateStyle::Postgres, DateStyle::Sql, DateStyle::German];
    let orders = [DateOrder::Ymd, DateOrder::Dmy, DateOrder::Mdy];
    IoOptions {
        date_style: styles[rng.below(styles.len())],
        date_order: orders[rng.below(orders.len())],
        ..IoOptions::default()
    }
}

fn text_of(typ: Oid, value: &types::Datum, opts: &IoOptions) -> Option<String> {
    let mut out = Vec::new();
    io::text_out(typ, value, opts, &mut out).then(|| String::from_utf8(out).expect("UTF-8"))
}

fn binary_of(typ: Oid, value: &types::Datum, opts: &IoOptions) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    io::binary_out(typ, value, opts, &mut out).then_some(out)
}

/// Reads a text; what it gives must survive its own text and binary forms.
fn check_text(typ: Oid, typmod: i32, text: &str, opts: &IoOptions) -> Option<Vec<u8>> {
    let value = io::text_in(typ, typmod, text, opts)?.ok()?;
    let iso = IoOptions { extra_float_digits: 1, ..IoOptions::default() };
    let shown = text_of(typ, &value, &iso)?;
    if let Some(Ok(again)) = io::text_in(typ, -1, &shown, &iso) {
        assert_eq!(text_of(typ, &again, &iso).as_ref(), Some(&shown), "text form of {typ}");
    }
    let binary = binary_of(typ, &value, opts)?;
    if let Some(read) = io::binary_in(typ, -1, &binary, opts) {
        let again = match read {
            // Rounding may carry the last moment of the range out of it, here as in PostgreSQL.
            Err(e) if e.sqlstate() == error::SqlState::DATETIME_FIELD_OVERFLOW => {
                return Some(binary);
            }
            read => read.unwrap_or_else(|e| panic!("own binary form of {typ} is refused: {e}")),
        };
        assert_eq!(text_of(typ, &again, &iso), Some(shown), "binary form of {typ}");
    }
    Some(binary)
}

/// Reads bytes; what is taken must be writable.
fn check_binary(typ: Oid, typmod: i32, bytes: &[u8], opts: &IoOptions) {
    if let Some(Ok(value)) = io::binary_in(typ, typmod, bytes, opts) {
        text_of(typ, &value, opts);
        binary_of(typ, &value, opts);
    }
}

/// Runs one input and watches over it.
fn guarded(
    what: &str,
    typ: Oid,
    input: &dyn std::fmt::Debug,
    mut run: impl FnMut(),
) -> Result<(), String> {
    let (before, start) = (LIVE.load(Ordering::Relaxed), Instant::now());
    PEAK.store(before, Ordering::Relaxed);
    let outcome = catch_unwind(AssertUnwindSafe(&mut run));
    let peak = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    if outcome.is_err() {
        return Err(format!("{what} of type {typ} panics on {input:?}"));
    }
    // On a busy machine one run says little; what is slow is slow each time.
    let mut took = start.elapsed();
    for _ in 0..4 {
        if took <= TIME_LIMIT {
            break;
        }
        let again = Instant::now();
        run();
        took = took.min(again.elapsed());
    }
    if took > TIME_LIMIT || peak > MEMORY_LIMIT {
        return Err(format!("{what} of type {typ} takes {took:?} and {peak} bytes for {input:?}"));
    }
    Ok(())
}

fn fuzz_family(family: &Family, rng: &mut Random, seconds: Option<u64>) -> Vec<String> {
    let (_, types, seeds) = *family;
    let end = seconds.map(|s| Instant::now() + Duration::from_secs(s));
    let short_pass = 400 * types.len();
    let mut faults: Vec<String> = Vec::new();
    let (mut runs, mut binary) = (0usize, Vec::new());
    while end.map_or(runs < short_pass, |end| Instant::now() < end) && faults.len() < 20 {
        runs += 1;
        let typ = types[rng.below(types.len())];
        let typmod = [-1, -1, -1, 0, 4, 8, 262_146][rng.below(7)];
        let opts = options(rng);
        let text = mutate_text(rng, seeds);
        let mut sent = None;
        let result =
            guarded("text input", typ, &text, || sent = check_text(typ, typmod, &text, &opts));
        faults.extend(result.err());
        if let Some(sent) = sent {
            binary = sent;
        }
        let bytes = mutate_bytes(rng, binary.clone());
        let result =
            guarded("binary input", typ, &bytes, || check_binary(typ, typmod, &bytes, &opts));
        faults.extend(result.err());
    }
    println!("{}: {runs} texts and binaries, {} faults", family.0, faults.len());
    faults
}

#[test]
fn no_input_is_too_much() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let seed = number("FUZZ_SEED").unwrap_or(match number("FUZZ_SECONDS") {
        Some(_) => std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |d| d.as_secs()),
        None => 1,
    });
    println!("seed {seed}");
    let only = std::env::var("FUZZ_FAMILY").ok();
    let mut faults = Vec::new();
    for family in FAMILIES.iter().filter(|f| only.as_deref().is_none_or(|only| only == f.0)) {
        let mut rng = Random(seed);
        faults.extend(fuzz_family(family, &mut rng, number("FUZZ_SECONDS")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
