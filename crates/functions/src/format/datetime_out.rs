//! to_char of timestamps and intervals.
use super::date_pattern::{Case, DAYS, Key, MONTHS, Node, Pattern, cased, ordinal_suffix, parse};
use super::roman;
use error::{PgResult, err};
use fmgr::{CallContext, Registry};
use std::fmt::Write as _;
use types::{
    Datum,
    datetime::{
        EPOCH_JDATE, Fields, Interval, TIMESTAMP_NOBEGIN, TIMESTAMP_NOEND, USECS_PER_HOUR,
        USECS_PER_SEC, days_from_civil, iso_week, iso_year_start, unix_seconds, weekday,
    },
};

/// What is shown.
struct Shown {
    year: i64,
    month: i32,
    day: i32,
    hour: i64,
    minute: i32,
    second: i32,
    usec: i32,
    interval: bool,
    /// Offset east of UTC and abbreviation.
    zone: Option<(i32, String)>,
}

impl Shown {
    fn local(ts: i64, zone: Option<(i32, String)>) -> Shown {
        let tm = Fields::from_timestamp(ts);
        Shown {
            year: i64::from(tm.year),
            month: tm.month,
            day: tm.day,
            hour: i64::from(tm.hour),
            minute: tm.minute,
            second: tm.second,
            usec: tm.usec,
            interval: false,
            zone,
        }
    }

    fn interval(v: &Interval) -> Shown {
        Shown {
            year: i64::from(v.months / 12),
            month: v.months % 12,
            day: v.days,
            hour: v.usecs / USECS_PER_HOUR,
            minute: (v.usecs / (60 * USECS_PER_SEC) % 60) as i32,
            second: (v.usecs / USECS_PER_SEC % 60) as i32,
            usec: (v.usecs % USECS_PER_SEC) as i32,
            interval: true,
            zone: None,
        }
    }

    fn days(&self) -> i64 {
        days_from_civil(self.year as i32, self.month, self.day)
    }

    fn day_of_year(&self) -> i64 {
        if self.interval {
            return (self.year * 12 + i64::from(self.month)) * 30 + i64::from(self.day);
        }
        self.days() - days_from_civil(self.year as i32, 1, 1) + 1
    }

    /// Years before Christ count upwards too.
    fn shown_year(&self, year: i64) -> i64 {
        if self.interval || year > 0 { year } else { 1 - year }
    }
}

/// A number with leading zeros, the sign not counted; none in fill mode.
fn number(p: &Pattern, width: usize, v: i64) -> String {
    let width = if p.fill_mode { 0 } else { width };
    if v < 0 { format!("-{:0width$}", -v) } else { format!("{v:0width$}") }
}

fn calendar_only(shown: &Shown) -> PgResult<()> {
    if shown.interval {
        return Err(err!(
            INVALID_DATETIME_FORMAT,
            "invalid format specification for an interval value"
        )
        .hint("Intervals are not tied to specific calendar dates."));
    }
    Ok(())
}

fn word(p: &Pattern, text: &str, width: usize) -> String {
    let width = if p.fill_mode || p.localized { 0 } else { width };
    format!("{:<width$}", cased(text, p.case))
}

/// AM and the like, with points if the pattern has them.
fn pointed(p: &Pattern, first: char, second: char) -> String {
    let text = if p.name.contains('.') {
        format!("{first}.{second}.")
    } else {
        format!("{first}{second}")
    };
    cased(&text, p.case)
}

fn iso_day_of_year(shown: &Shown) -> i64 {
    shown.days() - iso_year_start(iso_week(shown.days()).0) + 1
}

/// Text of one pattern.
fn field(p: &Pattern, s: &Shown) -> PgResult<String> {
    let hour12 = |h: i64| if h % 12 == 0 { 12 } else { h % 12 };
    Ok(match p.key {
        Key::Exact => String::new(),
        Key::Meridian => {
            let pm = s.hour.rem_euclid(24) >= 12;
            pointed(p, if pm { 'P' } else { 'A' }, 'M')
        }
        Key::Hour12 => number(p, 2, hour12(s.hour)),
        Key::Hour24 => number(p, 2, s.hour),
        Key::Minute => number(p, 2, i64::from(s.minute)),
        Key::Second => number(p, 2, i64::from(s.second)),
        Key::Millisecond => fraction(i64::from(s.usec / 1000), 3),
        Key::Microsecond => fraction(i64::from(s.usec), 6),
        Key::Fraction(n) => fraction(i64::from(s.usec) / 10i64.pow(6 - n), n as usize),
        Key::SecondOfDay => {
            (s.hour * 3600 + i64::from(s.minute) * 60 + i64::from(s.second)).to_string()
        }
        Key::Zone => {
            calendar_only(s)?;
            let name = s.zone.as_ref().map_or("", |(_, abbrev)| abbrev);
            if p.case == Case::Lower { name.to_lowercase() } else { name.to_string() }
        }
        Key::ZoneHour => {
            calendar_only(s)?;
            let offset = s.zone.as_ref().map_or(0, |z| z.0);
            format!("{}{:02}", if offset >= 0 { '+' } else { '-' }, offset.abs() / 3600)
        }
        Key::ZoneMinute => {
            calendar_only(s)?;
            format!("{:02}", s.zone.as_ref().map_or(0, |z| z.0).abs() % 3600 / 60)
        }
        Key::Offset => {
            calendar_only(s)?;
            let offset = s.zone.as_ref().map_or(0, |z| z.0);
            let sign = if offset >= 0 { '+' } else { '-' };
            let mut out = format!("{sign}{}", number(p, 2, i64::from(offset.abs() / 3600)));
            if offset.abs() % 3600 != 0 {
                let _ = write!(out, ":{:02}", offset.abs() % 3600 / 60);
            }
            out
        }
        _ => return date_field(p, s),
    })
}

fn fraction(v: i64, width: usize) -> String {
    if v < 0 { format!("-{:0w$}", -v, w = width.saturating_sub(1)) } else { format!("{v:0width$}") }
}

fn date_field(p: &Pattern, s: &Shown) -> PgResult<String> {
    Ok(match p.key {
        Key::Era => {
            calendar_only(s)?;
            if s.year <= 0 { pointed(p, 'B', 'C') } else { pointed(p, 'A', 'D') }
        }
        Key::MonthName | Key::MonthAbbrev => {
            calendar_only(s)?;
            match MONTHS.get((s.month - 1) as usize) {
                Some(name) if p.key == Key::MonthName => word(p, name, 9),
                Some(name) => word(p, &name[..3], 3),
                None => String::new(),
            }
        }
        Key::Month => number(p, 2, i64::from(s.month)),
        Key::DayName => {
            calendar_only(s)?;
            word(p, DAYS[weekday(s.days()) as usize], 9)
        }
        Key::DayAbbrev => {
            calendar_only(s)?;
            word(p, &DAYS[weekday(s.days()) as usize][..3], 3)
        }
        Key::DayOfYear => number(p, 3, s.day_of_year()),
        Key::IsoDayOfYear => {
            calendar_only(s)?;
            number(p, 3, iso_day_of_year(s))
        }
        Key::DayOfMonth => number(p, 2, i64::from(s.day)),
        Key::DayOfWeek => {
            calendar_only(s)?;
            (weekday(s.days()) + 1).to_string()
        }
        Key::IsoDayOfWeek => {
            calendar_only(s)?;
            ((weekday(s.days()) + 6) % 7 + 1).to_string()
        }
        Key::WeekOfYear => number(p, 2, (s.day_of_year() - 1) / 7 + 1),
        Key::IsoWeek => {
            calendar_only(s)?;
            number(p, 2, i64::from(iso_week(s.days()).1))
        }
        Key::Quarter if s.month == 0 => String::new(),
        Key::Quarter => ((s.month - 1) / 3 + 1).to_string(),
        Key::Century => {
            let century = match (s.interval, s.year > 0) {
                (true, _) => s.year / 100,
                (false, true) => (s.year - 1) / 100 + 1,
                (false, false) => s.year / 100 - 1,
            };
            number(p, 2, century)
        }
        Key::YearComma => {
            let year = s.shown_year(s.year);
            format!("{},{:03}", year / 1000, year % 1000)
        }
        Key::Year(digits) => year(p, s.shown_year(s.year), digits),
        Key::IsoYear(digits) => {
            calendar_only(s)?;
            year(p, s.shown_year(i64::from(iso_week(s.days()).0)), digits)
        }
        Key::RomanMonth => roman_month(p, s),
        Key::WeekOfMonth => ((s.day - 1) / 7 + 1).to_string(),
        Key::Julian => {
            if s.interval {
                let days = days_from_civil(s.year as i32, s.month, s.day);
                return Ok((days + EPOCH_JDATE).to_string());
            }
            (s.days() + EPOCH_JDATE).to_string()
        }
        _ => String::new(),
    })
}

fn year(p: &Pattern, year: i64, digits: u32) -> String {
    let shown = if digits == 4 { year } else { year % 10i64.pow(digits) };
    number(p, digits as usize, shown)
}

fn roman_month(p: &Pattern, s: &Shown) -> String {
    if s.month == 0 && s.year == 0 {
        return String::new();
    }
    // Month 0 of an interval in years counts as the twelfth, negative ones from the end.
    let month = match s.month {
        0 if s.year >= 0 => 12,
        0 => 1,
        m if m < 0 => 13 + m,
        m => m,
    };
    let text = cased(&roman::encode(month).unwrap_or_default(), p.case);
    let width = if p.fill_mode { 0 } else { 4 };
    format!("{text:<width$}")
}

fn render(template: &str, s: &Shown) -> PgResult<String> {
    let mut out = String::new();
    for node in parse(template) {
        match node {
            Node::Char(c) | Node::Separator(c) | Node::Space(c) => out.push(c),
            Node::Pattern(p) => {
                let text = field(&p, s)?;
                let suffix =
                    p.ordinal.filter(|_| p.is_digits()).map(|case| ordinal_suffix(&text, case));
                out.push_str(&text);
                out.push_str(suffix.unwrap_or(""));
            }
        }
    }
    Ok(out)
}

fn shown(template: &str, s: impl FnOnce() -> Option<Shown>) -> PgResult<Datum> {
    if template.is_empty() {
        return Ok(Datum::Null);
    }
    match s() {
        Some(s) => Ok(Datum::text(&render(template, &s)?)),
        None => Ok(Datum::Null),
    }
}

fn finite(ts: i64) -> bool {
    ts != TIMESTAMP_NOBEGIN && ts != TIMESTAMP_NOEND
}

fn with_zone(cx: &CallContext<'_>, ts: i64) -> Option<Shown> {
    finite(ts).then(|| {
        let local = cx.session.io_options().time_zone.at(unix_seconds(ts));
        let shifted = ts.saturating_add(i64::from(local.offset) * USECS_PER_SEC);
        Shown::local(shifted, Some((local.offset, local.abbrev.clone())))
    })
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("timestamp_to_char", |_cx, a| {
        let ts = a[0].as_i64();
        shown(a[1].as_str(), || finite(ts).then(|| Shown::local(ts, None)))
    });
    r.scalar("timestamptz_to_char", |cx, a| {
        let ts = a[0].as_i64();
        shown(a[1].as_str(), || with_zone(cx, ts))
    });
    r.scalar("interval_to_char", |_cx, a| {
        let v = Interval::decode(a[0].as_bytes());
        shown(a[1].as_str(), || (!v.is_infinite()).then(|| Shown::interval(&v)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let opts = types::IoOptions::default();
        let ts = types::datetime::timestamp_input("2024-02-09 15:04:05.067", -1, &opts).unwrap();
        let s = Shown::local(ts, None);
        for (template, want) in [
            ("YYYY-MM-DD HH24:MI:SS.MS", "2024-02-09 15:04:05.067"),
            ("Day, DD Month YYYY", "Friday   , 09 February  2024"),
            ("FMDay, FMDDth FMMonth", "Friday, 9th February"),
            ("HH12:MI AM \"at\" Dy", "03:04 PM at Fri"),
            ("IYYY-IW-ID Q CC J DDD WW", "2024-06-5 1 21 2460350 040 06"),
            ("RM|FMRM|rm", "II  |II|ii  "),
            ("Y,YYY YYY YY Y", "2,024 024 24 4"),
            ("SSSSS US FF3 a.m. AD", "54245 067000 067 p.m. AD"),
        ] {
            assert_eq!(render(template, &s).unwrap(), want, "{template}");
        }
    }
}
