//! Text of dates, times and timestamps in every DateStyle.
use super::*;
use crate::io_options::{DateOrder, DateStyle, IoOptions};

fn two(v: i32, out: &mut Vec<u8>) {
    out.push(b'0' + (v / 10) as u8);
    out.push(b'0' + (v % 10) as u8);
}

fn year(v: i32, out: &mut Vec<u8>) {
    let shown = if v > 0 { v } else { 1 - v };
    if shown < 1000 {
        out.push(b'0');
        if shown < 100 {
            out.push(b'0');
        }
        if shown < 10 {
            out.push(b'0');
        }
    }
    out.extend_from_slice(itoa::Buffer::new().format(shown).as_bytes());
}

/// Appends seconds with as many digits of the fraction as are not zero.
pub(crate) fn seconds(second: i32, usec: i32, out: &mut Vec<u8>) {
    two(second, out);
    fraction_text(usec, out);
}

pub(crate) fn fraction_text(usec: i32, out: &mut Vec<u8>) {
    if usec == 0 {
        return;
    }
    let mut digits = [0u8; 6];
    let mut rest = usec;
    for d in digits.iter_mut().rev() {
        *d = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let end = digits.iter().rposition(|d| *d != b'0').map_or(0, |i| i + 1);
    out.push(b'.');
    out.extend_from_slice(&digits[..end]);
}

fn clock_text(tm: &Fields, out: &mut Vec<u8>) {
    two(tm.hour, out);
    out.push(b':');
    two(tm.minute, out);
    out.push(b':');
    seconds(tm.second, tm.usec, out);
}

/// Appends `±hh[:mm[:ss]]`, seconds east of UTC.
pub fn zone_text(offset: i32, style: DateStyle, out: &mut Vec<u8>) {
    out.push(if offset < 0 { b'-' } else { b'+' });
    let abs = offset.abs();
    two(abs / 3600, out);
    if abs % 3600 != 0 || style == DateStyle::Xsd {
        out.push(b':');
        two(abs / 60 % 60, out);
    }
    if abs % 60 != 0 {
        out.push(b':');
        two(abs % 60, out);
    }
}

fn date_text(tm: &Fields, opts: &IoOptions, out: &mut Vec<u8>) {
    let pair = |a: i32, sep: u8, b: i32, out: &mut Vec<u8>| {
        two(a, out);
        out.push(sep);
        two(b, out);
        out.push(sep);
    };
    let day_first = opts.date_order == DateOrder::Dmy;
    let (first, second) = if day_first { (tm.day, tm.month) } else { (tm.month, tm.day) };
    match opts.date_style {
        DateStyle::Iso | DateStyle::Xsd => {
            year(tm.year, out);
            out.push(b'-');
            two(tm.month, out);
            out.push(b'-');
            two(tm.day, out);
            return;
        }
        DateStyle::Sql => pair(first, b'/', second, out),
        DateStyle::German => pair(tm.day, b'.', tm.month, out),
        DateStyle::Postgres => pair(first, b'-', second, out),
    }
    year(tm.year, out);
}

/// date out.
pub fn date_output(days: i32, opts: &IoOptions, out: &mut Vec<u8>) {
    match days {
        DATE_NOBEGIN => out.extend_from_slice(b"-infinity"),
        DATE_NOEND => out.extend_from_slice(b"infinity"),
        _ => {
            let (y, month, day) = civil_from_days(i64::from(days));
            let tm = Fields { year: y, month, day, ..Fields::default() };
            date_text(&tm, opts, out);
            if y <= 0 {
                out.extend_from_slice(b" BC");
            }
        }
    }
}

/// time out.
pub fn time_output(time: i64, out: &mut Vec<u8>) {
    clock_text(&Fields::from_time(time), out);
}

/// timetz out.
pub fn timetz_output(v: TimeTz, opts: &IoOptions, out: &mut Vec<u8>) {
    clock_text(&Fields::from_time(v.time), out);
    zone_text(-v.zone, opts.date_style, out);
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn datetime_text(tm: &Fields, zone: Option<(i32, &str)>, opts: &IoOptions, out: &mut Vec<u8>) {
    let name = |abbrev: &str| !abbrev.is_empty();
    match opts.date_style {
        DateStyle::Iso | DateStyle::Xsd => {
            date_text(tm, opts, out);
            out.push(if opts.date_style == DateStyle::Iso { b' ' } else { b'T' });
            clock_text(tm, out);
            if let Some((offset, _)) = zone {
                zone_text(offset, opts.date_style, out);
            }
        }
        DateStyle::Sql | DateStyle::German => {
            date_text(tm, opts, out);
            out.push(b' ');
            clock_text(tm, out);
            if let Some((offset, abbrev)) = zone {
                if name(abbrev) {
                    out.push(b' ');
                    out.extend_from_slice(abbrev.as_bytes());
                } else {
                    zone_text(offset, opts.date_style, out);
                }
            }
        }
        DateStyle::Postgres => {
            out.extend_from_slice(DAYS[weekday(tm.days()) as usize].as_bytes());
            out.push(b' ');
            let month = MONTHS[(tm.month - 1).clamp(0, 11) as usize];
            if opts.date_order == DateOrder::Dmy {
                two(tm.day, out);
                out.push(b' ');
                out.extend_from_slice(month.as_bytes());
            } else {
                out.extend_from_slice(month.as_bytes());
                out.push(b' ');
                two(tm.day, out);
            }
            out.push(b' ');
            clock_text(tm, out);
            out.push(b' ');
            year(tm.year, out);
            if let Some((offset, abbrev)) = zone {
                out.push(b' ');
                if name(abbrev) {
                    out.extend_from_slice(abbrev.as_bytes());
                } else {
                    zone_text(offset, opts.date_style, out);
                }
            }
        }
    }
    if tm.year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

fn infinite(ts: i64, out: &mut Vec<u8>) -> bool {
    match ts {
        TIMESTAMP_NOBEGIN => out.extend_from_slice(b"-infinity"),
        TIMESTAMP_NOEND => out.extend_from_slice(b"infinity"),
        _ => return false,
    }
    true
}

/// timestamp out.
pub fn timestamp_output(ts: i64, opts: &IoOptions, out: &mut Vec<u8>) {
    if !infinite(ts, out) {
        datetime_text(&Fields::from_timestamp(ts), None, opts, out);
    }
}

/// timestamptz out, in the session's zone.
pub fn timestamptz_output(ts: i64, opts: &IoOptions, out: &mut Vec<u8>) {
    if infinite(ts, out) {
        return;
    }
    let local = opts.time_zone.at(unix_seconds(ts));
    // The shift may leave the range of timestamps; the fields still hold it.
    let shifted = ts.saturating_add(i64::from(local.offset) * USECS_PER_SEC);
    // A numeric abbreviation is shown as an offset.
    let abbrev = if local.abbrev.starts_with(['+', '-']) { "" } else { &local.abbrev };
    let abbrev = if abbrev.is_empty() { local.abbrev.as_str() } else { abbrev };
    datetime_text(&Fields::from_timestamp(shifted), Some((local.offset, abbrev)), opts, out);
}
