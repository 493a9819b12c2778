//! Input and output compared with PostgreSQL 18's answers (testdata/datetime_input.tsv).
use super::*;
use crate::io_options::*;
use crate::timezone::TimeZone;
use error::PgResult;

fn shown(kind: &str, text: &str, opts: &IoOptions) -> PgResult<String> {
    let mut out = Vec::new();
    match kind {
        "tz" => timestamptz_output(timestamptz_input(text, -1, opts)?, opts, &mut out),
        "ts" => timestamp_output(timestamp_input(text, -1, opts)?, opts, &mut out),
        "date" => date_output(date_input(text, opts)?, opts, &mut out),
        "time" => time_output(time_input(text, -1, opts)?, &mut out),
        "timetz" => timetz_output(timetz_input(text, -1, opts)?, opts, &mut out),
        _ => interval_output(&interval_input(text, -1, opts)?, opts, &mut out),
    }
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn input_as_postgresql() {
    let opts = IoOptions {
        time_zone: TimeZone::by_name("America/Los_Angeles").unwrap(),
        // 2026-11-21, when the answers were taken.
        now: 848_534_400_000_000,
        ..IoOptions::default()
    };
    let mut wrong = Vec::new();
    for line in include_str!("../../testdata/datetime_input.tsv").lines() {
        let mut columns = line.split('\t');
        let (kind, text, want) =
            (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap());
        let got = match shown(kind, text, &opts) {
            Ok(text) => text,
            Err(e) => format!("!{}: {}", e.sqlstate(), e.message()),
        };
        if got != want {
            wrong.push(format!("{kind} {text:?}: want {want}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn calendar_round_trip() {
    for days in (-2_451_545..3_000_000).step_by(997) {
        let (y, m, d) = civil_from_days(days);
        assert_eq!(days_from_civil(y, m, d), days);
    }
    assert_eq!(weekday(days_from_civil(2024, 2, 29)), 4);
    assert_eq!(iso_week(days_from_civil(2005, 1, 1)), (2004, 53));
}

#[test]
fn styles() {
    let mut opts = IoOptions {
        time_zone: TimeZone::by_name("America/New_York").unwrap(),
        ..IoOptions::default()
    };
    let ts = timestamptz_input("1997-12-17 07:37:16.5-08", -1, &opts).unwrap();
    let iv = interval_input("1 year -2 days 03:04:05.5", -1, &opts).unwrap();
    let mut got = Vec::new();
    for (style, order) in [
        (DateStyle::Iso, DateOrder::Mdy),
        (DateStyle::Sql, DateOrder::Mdy),
        (DateStyle::Sql, DateOrder::Dmy),
        (DateStyle::Postgres, DateOrder::Mdy),
        (DateStyle::Postgres, DateOrder::Dmy),
        (DateStyle::German, DateOrder::Dmy),
    ] {
        (opts.date_style, opts.date_order) = (style, order);
        timestamptz_output(ts, &opts, &mut got);
        got.push(b'\n');
    }
    for style in [
        IntervalStyle::Postgres,
        IntervalStyle::PostgresVerbose,
        IntervalStyle::SqlStandard,
        IntervalStyle::Iso8601,
    ] {
        opts.interval_style = style;
        interval_output(&iv, &opts, &mut got);
        got.push(b'\n');
    }
    let want = "1997-12-17 10:37:16.5-05\n12/17/1997 10:37:16.5 EST\n17/12/1997 10:37:16.5 EST\n\
        Wed Dec 17 10:37:16.5 1997 EST\nWed 17 Dec 10:37:16.5 1997 EST\n17.12.1997 10:37:16.5 EST\n\
        1 year -2 days +03:04:05.5\n@ 1 year -2 days 3 hours 4 mins 5.5 secs\n\
        +1-0 -2 +3:04:05.5\nP1Y-2DT3H4M5.5S\n";
    assert_eq!(String::from_utf8(got).unwrap(), want);
}

#[test]
fn interval_storage_is_short() {
    let one_day = Interval { days: 1, ..Interval::default() };
    assert_eq!(one_day.encode().len(), 9);
    for v in [one_day, Interval::INFINITY, Interval { months: -1, days: 2, usecs: -3 }] {
        assert_eq!(Interval::decode(&v.encode()), v);
    }
}
