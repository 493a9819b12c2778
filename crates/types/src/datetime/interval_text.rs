//! Text of intervals: PostgreSQL's words, the SQL standard's, ISO 8601's, both ways.
use super::fields::{
    Fault, Field, FieldKind, Parsed, Word, clock, fraction, leading_i32, leading_int, lookup_word,
    reported, split,
};
use super::interval::{DAY, HOUR, MINUTE, MONTH, SECOND, YEAR};
use super::*;
use crate::io_options::{IntervalStyle, IoOptions};
use error::PgResult;
use std::io::Write as _;

/// Units of intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
    Decade,
    Century,
    Millennium,
}

fn unit(word: &str) -> Option<Unit> {
    use Unit::*;
    Some(match &word[..word.len().min(10)] {
        "c" | "cent" | "centuries" | "century" => Century,
        "d" | "day" | "days" => Day,
        "dec" | "decade" | "decades" | "decs" => Decade,
        "h" | "hour" | "hours" | "hr" | "hrs" => Hour,
        "m" | "min" | "mins" | "minute" | "minutes" => Minute,
        "microsecon" | "us" | "usec" | "useconds" | "usecs" | "usecond" => Microsecond,
        "mil" | "millennia" | "millennium" | "mils" => Millennium,
        "millisecon" | "ms" | "msec" | "mseconds" | "msecs" | "msecond" => Millisecond,
        "mon" | "mons" | "month" | "months" => Month,
        "s" | "sec" | "second" | "seconds" | "secs" => Second,
        "w" | "week" | "weeks" => Week,
        "y" | "year" | "years" | "yr" | "yrs" => Year,
        _ => return None,
    })
}

/// Sums with overflow noticed.
#[derive(Default)]
struct Builder {
    years: i32,
    months: i32,
    days: i32,
    usecs: i64,
}

impl Builder {
    fn add_usecs(&mut self, v: i64, fraction: f64, scale: i64) -> Parsed<()> {
        let whole = v.checked_mul(scale).ok_or(Fault::FieldOverflow)?;
        self.usecs = self.usecs.checked_add(whole).ok_or(Fault::FieldOverflow)?;
        self.add_fraction(fraction, scale)
    }

    fn add_fraction(&mut self, fraction: f64, scale: i64) -> Parsed<()> {
        let part = (fraction * scale as f64).round_ties_even() as i64;
        self.usecs = self.usecs.checked_add(part).ok_or(Fault::FieldOverflow)?;
        Ok(())
    }

    fn add_days(&mut self, v: i64, fraction: f64, scale: i32) -> Parsed<()> {
        let whole = i32::try_from(v).ok().and_then(|v| v.checked_mul(scale));
        let exact = fraction * f64::from(scale);
        let extra = exact.trunc();
        self.days = whole
            .and_then(|w| self.days.checked_add(w))
            .and_then(|d| d.checked_add(extra as i32))
            .ok_or(Fault::FieldOverflow)?;
        self.add_fraction(exact - extra, USECS_PER_DAY)
    }

    fn add_months(&mut self, v: i64, fraction: f64) -> Parsed<()> {
        let whole = i32::try_from(v).map_err(|_| Fault::FieldOverflow)?;
        self.months = self.months.checked_add(whole).ok_or(Fault::FieldOverflow)?;
        self.add_days(0, fraction, 30)
    }

    fn add_years(&mut self, v: i64, fraction: f64, scale: i32) -> Parsed<()> {
        let whole = i32::try_from(v).ok().and_then(|v| v.checked_mul(scale));
        self.years = whole.and_then(|w| self.years.checked_add(w)).ok_or(Fault::FieldOverflow)?;
        let extra = (fraction * f64::from(scale) * 12.0).round_ties_even() as i32;
        self.months = self.months.checked_add(extra).ok_or(Fault::FieldOverflow)?;
        Ok(())
    }

    fn add(&mut self, unit: Unit, v: i64, f: f64) -> Parsed<()> {
        match unit {
            Unit::Microsecond => self.add_usecs(v, f, 1),
            Unit::Millisecond => self.add_usecs(v, f, 1000),
            Unit::Second => self.add_usecs(v, f, USECS_PER_SEC),
            Unit::Minute => self.add_usecs(v, f, USECS_PER_MINUTE),
            Unit::Hour => self.add_usecs(v, f, USECS_PER_HOUR),
            Unit::Day => self.add_days(v, f, 1),
            Unit::Week => self.add_days(v, f, 7),
            Unit::Month => self.add_months(v, f),
            Unit::Year => self.add_years(v, f, 1),
            Unit::Decade => self.add_years(v, f, 10),
            Unit::Century => self.add_years(v, f, 100),
            Unit::Millennium => self.add_years(v, f, 1000),
        }
    }

    fn negate(&mut self) -> Parsed<()> {
        let parts = (
            self.years.checked_neg(),
            self.months.checked_neg(),
            self.days.checked_neg(),
            self.usecs.checked_neg(),
        );
        let (Some(years), Some(months), Some(days), Some(usecs)) = parts else {
            return Err(Fault::FieldOverflow);
        };
        *self = Builder { years, months, days, usecs };
        Ok(())
    }

    fn finish(self) -> PgResult<Interval> {
        let months = i64::from(self.years) * 12 + i64::from(self.months);
        let months = i32::try_from(months).map_err(|_| interval::interval_out_of_range())?;
        // The extremes of all three parts are the infinities, however they are written.
        Ok(Interval { months, days: self.days, usecs: self.usecs })
    }
}

enum DecodedInterval {
    Sum(Builder),
    Infinite(Interval),
}

/// interval in.
pub fn interval_input(text: &str, typmod: i32, opts: &IoOptions) -> PgResult<Interval> {
    let range = if typmod >= 0 { typmod >> 16 & 0x7fff } else { interval::FULL_RANGE };
    let mut decoded = split(text).and_then(|f| decode_interval(&f, range, opts));
    if matches!(decoded, Err(Fault::BadFormat)) {
        let trimmed = text.trim_start_matches(crate::is_space);
        if trimmed.starts_with('P') {
            decoded = decode_iso8601(trimmed).map(DecodedInterval::Sum);
        }
    }
    // Overflow of a field says "interval" here.
    if matches!(decoded, Err(Fault::FieldOverflow)) {
        decoded = Err(Fault::IntervalOverflow);
    }
    match reported(decoded, "interval", text)? {
        DecodedInterval::Infinite(v) => Ok(v),
        DecodedInterval::Sum(sum) => sum.finish()?.apply_typmod(typmod),
    }
}

fn bit(unit: Unit) -> u32 {
    1 << unit as u32
}

fn default_unit(range: i32) -> Unit {
    match range {
        r if r == YEAR => Unit::Year,
        r if r == MONTH || r == YEAR | MONTH => Unit::Month,
        r if r == DAY => Unit::Day,
        r if r == HOUR || r == DAY | HOUR => Unit::Hour,
        r if r & MINUTE != 0 && r & SECOND == 0 => Unit::Minute,
        _ => Unit::Second,
    }
}

fn decode_interval(fields: &[Field], range: i32, opts: &IoOptions) -> Parsed<DecodedInterval> {
    let mut sum = Builder::default();
    let mut seen = 0u32;
    let mut pending: Option<Unit> = None;
    let mut dangling_unit = false;
    let mut before = false;
    let signed = |f: &Field| f.text.starts_with(['-', '+']);
    // In the SQL standard one leading minus is for all fields.
    let all_negative = opts.interval_style == IntervalStyle::SqlStandard
        && fields.first().is_some_and(|f| f.text.starts_with('-'))
        && !fields[1..].iter().any(signed);
    // From right to left, since units follow their numbers.
    for field in fields.iter().rev() {
        let text = field.text.as_str();
        let time = match field.kind {
            FieldKind::Time => Some((text, false)),
            FieldKind::Zone if text[1..].contains(':') => {
                clock_of(&text[1..], range).is_ok().then_some((&text[1..], text.starts_with('-')))
            }
            _ => None,
        };
        if let Some((text, minus)) = time {
            let mut usecs = clock_of(text, range)?;
            if minus || all_negative {
                usecs = -usecs;
            }
            sum.add_usecs(usecs, 0.0, 1)?;
            let mask = bit(Unit::Hour)
                | bit(Unit::Minute)
                | bit(Unit::Second)
                | bit(Unit::Millisecond)
                | bit(Unit::Microsecond);
            take(&mut seen, mask)?;
            pending = Some(Unit::Day);
            dangling_unit = false;
            continue;
        }
        match field.kind {
            FieldKind::Zone | FieldKind::Date | FieldKind::Number => {
                let unit = pending.unwrap_or_else(|| default_unit(range));
                let (unit, v, f) = number(text, unit)?;
                let (v, f) = if all_negative && v >= 0 && f >= 0.0 { (-v, -f) } else { (v, f) };
                sum.add(unit, v, f)?;
                let mask = match unit {
                    Unit::Second if f != 0.0 => {
                        bit(Unit::Second) | bit(Unit::Millisecond) | bit(Unit::Microsecond)
                    }
                    _ => bit(unit),
                };
                take(&mut seen, mask)?;
                pending = Some(if unit == Unit::Hour { Unit::Day } else { unit });
                dangling_unit = false;
            }
            FieldKind::String | FieldKind::Special => {
                if dangling_unit {
                    return Err(Fault::BadFormat);
                }
                if text == "ago" {
                    if before {
                        return Err(Fault::BadFormat);
                    }
                    before = true;
                } else if let Some(u) = unit(text) {
                    pending = Some(u);
                    dangling_unit = true;
                } else {
                    return keyword(text, fields.len(), before || seen != 0);
                }
            }
            FieldKind::Time => return Err(Fault::BadFormat),
        }
    }
    if seen == 0 || dangling_unit {
        return Err(Fault::BadFormat);
    }
    if before {
        // "ago" stands last and turns every sign.
        if fields.last().is_some_and(|f| f.text != "ago") {
            return Err(Fault::BadFormat);
        }
        sum.negate()?;
    }
    Ok(DecodedInterval::Sum(sum))
}

fn take(seen: &mut u32, mask: u32) -> Parsed<()> {
    if *seen & mask != 0 {
        return Err(Fault::BadFormat);
    }
    *seen |= mask;
    Ok(())
}

fn keyword(text: &str, fields: usize, others: bool) -> Parsed<DecodedInterval> {
    let v = match lookup_word(text) {
        Some(Word::Infinity) => Interval::INFINITY,
        Some(Word::NegInfinity) => Interval::NEG_INFINITY,
        _ => return Err(Fault::BadFormat),
    };
    if others || fields != 1 {
        return Err(Fault::BadFormat);
    }
    Ok(DecodedInterval::Infinite(v))
}

fn clock_of(text: &str, range: i32) -> Parsed<i64> {
    let (h, m, s, f) = clock(text, range == MINUTE | SECOND)?;
    h.checked_mul(USECS_PER_HOUR)
        .and_then(|v| {
            v.checked_add(
                i64::from(m) * USECS_PER_MINUTE + i64::from(s) * USECS_PER_SEC + i64::from(f),
            )
        })
        .ok_or(Fault::FieldOverflow)
}

/// A number with a fraction, or `years-months`.
fn number(text: &str, unit: Unit) -> Parsed<(Unit, i64, f64)> {
    let neg = text.starts_with('-');
    // A number may start with its point.
    let (v, rest) = match leading_int(text) {
        Ok(parsed) => parsed,
        Err(Fault::BadFormat) if text.starts_with('.') => (0, text),
        Err(fault) => return Err(fault),
    };
    if let Some(months) = rest.strip_prefix('-') {
        let (m, rest) = leading_i32(months)?;
        if !(0..12).contains(&m) {
            return Err(Fault::FieldOverflow);
        }
        if !rest.is_empty() {
            return Err(Fault::BadFormat);
        }
        let m = i64::from(if neg { -m } else { m });
        let total = v.checked_mul(12).and_then(|y| y.checked_add(m)).ok_or(Fault::FieldOverflow)?;
        return Ok((Unit::Month, total, 0.0));
    }
    let f = match rest {
        "" => 0.0,
        _ => fraction(rest)?,
    };
    Ok((unit, v, if neg { -f } else { f }))
}

/// A number of an ISO 8601 interval: integer part, fraction, rest.
fn iso_number(text: &str) -> Parsed<(i64, f64, &str)> {
    let b = text.as_bytes();
    let starts = matches!(b.first(), Some(c) if c.is_ascii_digit() || b"+-.".contains(c));
    if !starts {
        return Err(Fault::BadFormat);
    }
    let sign = matches!(b.first(), Some(b'+' | b'-')) as usize;
    let end = sign + b[sign..].iter().take_while(|c| c.is_ascii_digit() || **c == b'.').count();
    // An exponent is taken, as strtod does.
    let mut end = end;
    if matches!(b.get(end), Some(b'e' | b'E')) {
        let exp = end + 1 + matches!(b.get(end + 1), Some(b'+' | b'-')) as usize;
        let digits = b[exp.min(b.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits > 0 {
            end = exp + digits;
        }
    }
    let v: f64 = text[..end].parse().map_err(|_| Fault::BadFormat)?;
    if v.is_nan() || v.abs() >= 1e15 {
        return Err(Fault::FieldOverflow);
    }
    let whole = v.trunc();
    Ok((whole as i64, v - whole, &text[end..]))
}

fn decode_iso8601(text: &str) -> Parsed<Builder> {
    let mut sum = Builder::default();
    let mut rest = &text[1..];
    if rest.is_empty() {
        return Err(Fault::BadFormat);
    }
    let (mut date_part, mut have_field) = (true, false);
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('T') {
            (date_part, have_field, rest) = (false, false, tail);
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (v, f, tail) = iso_number(rest)?;
        let designator = tail.bytes().next();
        rest = tail.get(1..).unwrap_or("");
        if date_part {
            match designator {
                Some(b'Y') => sum.add(Unit::Year, v, f)?,
                Some(b'M') => sum.add(Unit::Month, v, f)?,
                Some(b'W') => sum.add(Unit::Week, v, f)?,
                Some(b'D') => sum.add(Unit::Day, v, f)?,
                Some(b'T') | None if digits == 8 && !have_field => {
                    sum.add(Unit::Year, v / 10_000, 0.0)?;
                    sum.add(Unit::Month, v / 100 % 100, 0.0)?;
                    sum.add(Unit::Day, v % 100, f)?;
                    date_part = false;
                    continue;
                }
                Some(b'T' | b'-') | None => {
                    if have_field {
                        return Err(Fault::BadFormat);
                    }
                    rest = iso_extended_date(&mut sum, v, f, tail)?;
                    (date_part, have_field) = (false, false);
                    continue;
                }
                _ => return Err(Fault::BadFormat),
            }
        } else {
            match designator {
                Some(b'H') => sum.add(Unit::Hour, v, f)?,
                Some(b'M') => sum.add(Unit::Minute, v, f)?,
                Some(b'S') => sum.add(Unit::Second, v, f)?,
                None if digits == 6 && !have_field => {
                    sum.add(Unit::Hour, v / 10_000, 0.0)?;
                    sum.add(Unit::Minute, v / 100 % 100, 0.0)?;
                    sum.add(Unit::Second, v % 100, f)?;
                }
                Some(b':') | None => {
                    if have_field {
                        return Err(Fault::BadFormat);
                    }
                    return iso_extended_time(sum, v, f, tail);
                }
                _ => return Err(Fault::BadFormat),
            }
        }
        have_field = true;
    }
    Ok(sum)
}

/// `Y[-M[-D]][T…]`; returns what follows the T.
fn iso_extended_date<'a>(sum: &mut Builder, v: i64, f: f64, tail: &'a str) -> Parsed<&'a str> {
    sum.add(Unit::Year, v, f)?;
    let mut tail = tail;
    for unit in [Unit::Month, Unit::Day] {
        if tail.is_empty() {
            return Ok(tail);
        }
        if let Some(rest) = tail.strip_prefix('T') {
            return Ok(rest);
        }
        let rest = tail.strip_prefix('-').ok_or(Fault::BadFormat)?;
        let (v, f, rest) = iso_number(rest)?;
        sum.add(unit, v, f)?;
        tail = rest;
    }
    match tail.strip_prefix('T') {
        Some(rest) => Ok(rest),
        None if tail.is_empty() => Ok(tail),
        None => Err(Fault::BadFormat),
    }
}

/// `h[:m[:s]]`
fn iso_extended_time(mut sum: Builder, v: i64, f: f64, tail: &str) -> Parsed<Builder> {
    sum.add(Unit::Hour, v, f)?;
    let mut tail = tail;
    for unit in [Unit::Minute, Unit::Second] {
        if tail.is_empty() {
            return Ok(sum);
        }
        let rest = tail.strip_prefix(':').ok_or(Fault::BadFormat)?;
        let (v, f, rest) = iso_number(rest)?;
        sum.add(unit, v, f)?;
        tail = rest;
    }
    if tail.is_empty() { Ok(sum) } else { Err(Fault::BadFormat) }
}

/// The parts that text shows; all have the sign of their origin.
struct Parts {
    years: i32,
    months: i32,
    days: i64,
    hours: i64,
    minutes: i64,
    seconds: i64,
    usecs: i64,
}

impl Parts {
    fn of(v: &Interval) -> Parts {
        Parts {
            years: v.months / 12,
            months: v.months % 12,
            days: i64::from(v.days),
            hours: v.usecs / USECS_PER_HOUR,
            minutes: v.usecs / USECS_PER_MINUTE % 60,
            seconds: v.usecs / USECS_PER_SEC % 60,
            usecs: v.usecs % USECS_PER_SEC,
        }
    }
}

fn seconds_text(p: &Parts, padded: bool, out: &mut Vec<u8>) {
    let (s, f) = (p.seconds.abs() as i32, p.usecs.abs() as i32);
    if padded || s >= 10 {
        output::seconds(s, f, out);
    } else {
        out.push(b'0' + s as u8);
        output::fraction_text(f, out);
    }
}

/// interval out.
pub fn interval_output(v: &Interval, opts: &IoOptions, out: &mut Vec<u8>) {
    match v.infinity_sign() {
        1 => return out.extend_from_slice(b"infinity"),
        -1 => return out.extend_from_slice(b"-infinity"),
        _ => {}
    }
    let p = Parts::of(v);
    match opts.interval_style {
        IntervalStyle::Postgres => postgres_text(v, &p, out),
        IntervalStyle::PostgresVerbose => verbose_text(v, &p, out),
        IntervalStyle::SqlStandard => sql_text(v, &p, out),
        IntervalStyle::Iso8601 => iso_text(v, &p, out),
    }
}

// Writing to a Vec cannot fail, so the results of `write!` are dropped below.

fn postgres_text(v: &Interval, p: &Parts, out: &mut Vec<u8>) {
    let (mut zero, mut before) = (true, false);
    for (n, name) in [(i64::from(p.years), "year"), (i64::from(p.months), "mon"), (p.days, "day")] {
        if n == 0 {
            continue;
        }
        let space = if zero { "" } else { " " };
        let plus = if before && n > 0 { "+" } else { "" };
        let plural = if n == 1 { "" } else { "s" };
        let _ = write!(out, "{space}{plus}{n} {name}{plural}");
        (zero, before) = (false, n < 0);
    }
    if zero || v.usecs != 0 {
        let space = if zero { "" } else { " " };
        let sign = if v.usecs < 0 {
            "-"
        } else if before {
            "+"
        } else {
            ""
        };
        let _ = write!(out, "{space}{sign}{:02}:{:02}:", p.hours.abs(), p.minutes.abs());
        seconds_text(p, true, out);
    }
}

fn verbose_text(v: &Interval, p: &Parts, out: &mut Vec<u8>) {
    let (mut zero, mut before) = (true, false);
    out.push(b'@');
    for (n, name) in [
        (i64::from(p.years), "year"),
        (i64::from(p.months), "mon"),
        (p.days, "day"),
        (p.hours, "hour"),
        (p.minutes, "min"),
    ] {
        if n == 0 {
            continue;
        }
        let shown = if zero {
            before = n < 0;
            n.abs()
        } else if before {
            -n
        } else {
            n
        };
        let _ = write!(out, " {shown} {name}{}", if shown == 1 { "" } else { "s" });
        zero = false;
    }
    if p.seconds != 0 || p.usecs != 0 {
        out.push(b' ');
        if p.seconds < 0 || p.seconds == 0 && p.usecs < 0 {
            if zero {
                before = true;
            } else if !before {
                out.push(b'-');
            }
        } else if before {
            out.push(b'-');
        }
        seconds_text(p, false, out);
        let single = p.seconds.abs() == 1 && p.usecs == 0;
        out.extend_from_slice(if single { b" sec" } else { b" secs" });
        zero = false;
    }
    if zero {
        out.extend_from_slice(b" 0");
    }
    if before {
        out.extend_from_slice(b" ago");
    }
    let _ = v;
}

fn sql_text(v: &Interval, p: &Parts, out: &mut Vec<u8>) {
    let negative = v.months < 0 || v.days < 0 || v.usecs < 0;
    let positive = v.months > 0 || v.days > 0 || v.usecs > 0;
    let (year_month, day_time) = (v.months != 0, v.days != 0 || v.usecs != 0);
    let (h, m) = (p.hours.abs(), p.minutes.abs());
    if !negative && !positive {
        out.push(b'0');
        return;
    }
    if negative && positive || year_month && day_time {
        let sign = |n: i64| if n < 0 { '-' } else { '+' };
        let _ = write!(
            out,
            "{}{}-{} {}{} {}{h}:{m:02}:",
            sign(i64::from(v.months)),
            p.years.abs(),
            p.months.abs(),
            sign(p.days),
            p.days.abs(),
            sign(v.usecs),
        );
        return seconds_text(p, true, out);
    }
    if negative {
        out.push(b'-');
    }
    if year_month {
        let _ = write!(out, "{}-{}", p.years.abs(), p.months.abs());
        return;
    }
    if p.days != 0 {
        let _ = write!(out, "{} ", p.days.abs());
    }
    let _ = write!(out, "{h}:{m:02}:");
    seconds_text(p, true, out);
}

fn iso_text(v: &Interval, p: &Parts, out: &mut Vec<u8>) {
    if *v == Interval::default() {
        return out.extend_from_slice(b"PT0S");
    }
    let part = |n: i64, designator: char, out: &mut Vec<u8>| {
        if n != 0 {
            let _ = write!(out, "{n}{designator}");
        }
    };
    out.push(b'P');
    part(i64::from(p.years), 'Y', out);
    part(i64::from(p.months), 'M', out);
    part(p.days, 'D', out);
    if v.usecs != 0 {
        out.push(b'T');
    }
    part(p.hours, 'H', out);
    part(p.minutes, 'M', out);
    if p.seconds != 0 || p.usecs != 0 {
        if p.seconds < 0 || p.usecs < 0 {
            out.push(b'-');
        }
        seconds_text(p, false, out);
        out.push(b'S');
    }
}
