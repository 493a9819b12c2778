//! to_date and to_timestamp.
use super::date_pattern::{
    DAYS, Key, MONTHS, Node, Pattern, next_is_separator, parse, parse_standard,
};
use error::{PgError, PgResult, bail, err};
use fmgr::Registry;
use types::{
    Datum, IoOptions, Oid,
    datetime::{
        EPOCH_JDATE, Fields, USECS_PER_DAY, USECS_PER_SEC, ZoneSpec, civil_from_days,
        days_in_month, is_valid_date, is_valid_timestamp, iso_year_start,
    },
    is_space,
};

/// What the fields said; 0 is what no field said.
#[derive(Default)]
struct Parsed {
    hour: i32,
    pm: i32,
    minute: i32,
    second: i32,
    second_of_day: i32,
    day_of_week: i32,
    day: i32,
    day_of_year: i32,
    month: i32,
    millisecond: i32,
    year: i32,
    bc: i32,
    week_of_year: i32,
    week_of_month: i32,
    century: i32,
    julian: i32,
    microsecond: i32,
    /// Places of the fraction that `FFn` asked for.
    precision: Option<u32>,
    /// How many digits of the year were given.
    year_digits: u32,
    twelve_hour: bool,
    iso: Option<bool>,
    zone_sign: i32,
    zone_hour: i32,
    zone_minute: i32,
    zone: Option<ZoneSpec>,
}

struct Reader<'a> {
    text: &'a str,
    pos: usize,
    exact: bool,
    /// Separators and text must match, and nothing may be left on either side.
    standard: bool,
    out: Parsed,
}

fn invalid(value: &str, field: &str) -> PgError {
    err!(INVALID_DATETIME_FORMAT, "invalid value \"{value}\" for \"{field}\"")
}

fn set(slot: &mut i32, value: i32, field: &str) -> PgResult<()> {
    if *slot != 0 && *slot != value {
        return Err(err!(
            INVALID_DATETIME_FORMAT,
            "conflicting values for \"{field}\" field in formatting string"
        )
        .detail("This value contradicts a previous setting for the same field type."));
    }
    *slot = value;
    Ok(())
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        if let Some(c) = self.peek() {
            self.pos += c.len_utf8();
        }
    }

    fn skip_space(&mut self) -> usize {
        let start = self.pos;
        while self.peek().is_some_and(is_space) {
            self.pos += 1;
        }
        self.pos - start
    }

    /// An integer of `len` characters, or as many as there are if nothing can follow them that is a
    /// digit.
    fn int(&mut self, len: usize, free: bool, name: &str) -> PgResult<i32> {
        self.measured_int(len, free, name).map(|(value, _)| value)
    }

    /// As [`Self::int`], with the bytes it took, blanks before it included.
    fn measured_int(&mut self, len: usize, free: bool, name: &str) -> PgResult<(i32, usize)> {
        let start = self.pos;
        self.skip_space();
        let rest = self.rest();
        let mut end = rest.len().min(len);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let head = &rest[..end];
        let hint = "If your source string is not fixed-width, try using the \"FM\" modifier.";
        if !free && head.len() < len {
            return Err(err!(
                INVALID_DATETIME_FORMAT,
                "source string too short for \"{name}\" formatting field"
            )
            .detail(format!("Field requires {len} characters, but only {} remain.", head.len()))
            .hint(hint));
        }
        let (value, used) = leading_integer(if free { rest } else { head });
        if !free && used > 0 && used < len {
            return Err(invalid(head, name)
                .detail(format!(
                    "Field requires {len} characters, but only {used} could be parsed."
                ))
                .hint(hint));
        }
        // Blanks count as progress only where a field has a fixed width.
        if used == 0 && (free || self.pos == start) {
            return Err(invalid(head, name).detail("Value must be an integer."));
        }
        self.pos += used;
        let value = value.ok_or_else(|| {
            err!(DATETIME_FIELD_OVERFLOW, "value for \"{name}\" in source string is out of range")
                .detail(format!("Value must be in the range {} to {}.", i32::MIN, i32::MAX))
        })?;
        Ok((value, self.pos - start))
    }

    /// One of some words, any case; the index of the longest that matches.
    fn word(&mut self, words: &[&str], name: &str) -> PgResult<usize> {
        let rest = self.rest();
        let matches =
            |w: &&str| rest.get(..w.len()).is_some_and(|head| head.eq_ignore_ascii_case(w));
        let found = words
            .iter()
            .enumerate()
            .filter(|(_, w)| matches(w))
            .max_by_key(|(_, w)| w.len())
            .map(|(i, w)| (i, w.len()));
        match found {
            Some((i, len)) => {
                self.pos += len;
                Ok(i)
            }
            None => {
                let shown: String = rest.chars().take_while(|c| !is_space(*c)).collect();
                Err(invalid(&shown, name).detail(
                    "The given value did not match any of the allowed values for this field.",
                ))
            }
        }
    }
}

/// The integer that a text starts with (`None`: out of range), and its length in bytes.
fn leading_integer(text: &str) -> (Option<i32>, usize) {
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    match digits {
        0 => (Some(0), 0),
        _ => (text[..sign + digits].parse().ok(), sign + digits),
    }
}

/// Two- and three-digit years are near 2020.
fn near_2020(year: i32) -> i32 {
    match year {
        ..70 => year + 2000,
        70..100 => year + 1900,
        100..520 => year + 2000,
        520..1000 => year + 1000,
        _ => year,
    }
}

impl Reader<'_> {
    fn run(&mut self, nodes: &[Node], opts: &IoOptions) -> PgResult<()> {
        // Blanks and separators of the text beyond those of the template.
        let mut extra = 0i64;
        for (i, node) in nodes.iter().enumerate() {
            if self.pos >= self.text.len() {
                if self.standard {
                    bail!(INVALID_DATETIME_FORMAT, "input string is too short for datetime format");
                }
                break;
            }
            let is_exact = matches!(node, Node::Pattern(p) if p.key == Key::Exact);
            if !self.exact && !is_exact && (matches!(node, Node::Pattern(_)) || i == 0) {
                extra += self.skip_space() as i64;
            }
            match node {
                Node::Space(c) | Node::Separator(c) if self.standard => {
                    if self.peek() != Some(*c) {
                        bail!(INVALID_DATETIME_FORMAT, "unmatched format separator \"{c}\"");
                    }
                    self.bump();
                }
                Node::Char(c) if self.standard => {
                    if self.peek() != Some(*c) {
                        bail!(INVALID_DATETIME_FORMAT, "unmatched format character \"{c}\"");
                    }
                    self.bump();
                }
                Node::Space(_) | Node::Separator(_) => {
                    if self.exact {
                        self.bump();
                        continue;
                    }
                    extra -= 1;
                    if self.peek().is_some_and(|c| is_space(c) || is_separator(c)) {
                        self.bump();
                        extra += 1;
                    }
                }
                Node::Char(_) => {
                    if self.exact || extra <= 0 {
                        self.bump();
                    } else {
                        extra -= 1;
                    }
                }
                Node::Pattern(p) => {
                    self.field(p, nodes, i, extra > 0, opts)?;
                    if p.ordinal.is_some() && p.is_digits() {
                        self.bump();
                        self.bump();
                    }
                    // What a field leaves is for the next one to skip.
                    extra = 0;
                    if !self.exact {
                        extra += self.skip_space() as i64;
                    }
                }
            }
        }
        if self.standard {
            self.skip_space();
            if self.pos < self.text.len() {
                bail!(
                    INVALID_DATETIME_FORMAT,
                    "trailing characters remain in input string after datetime format"
                );
            }
        }
        Ok(())
    }

    /// `skipped`: the text had blanks or separators that the template has not.
    fn field(
        &mut self,
        p: &Pattern,
        nodes: &[Node],
        at: usize,
        skipped: bool,
        opts: &IoOptions,
    ) -> PgResult<()> {
        let free = p.fill_mode || next_is_separator(nodes, at);
        let name = p.name;
        if matches!(p.key, Key::IsoYear(_) | Key::IsoWeek | Key::IsoDayOfWeek | Key::IsoDayOfYear) {
            self.date_mode(true)?;
        } else if gregorian(p.key) {
            self.date_mode(false)?;
        }
        match p.key {
            Key::Exact => self.exact = true,
            Key::Meridian => {
                let words: &[&str] =
                    if name.contains('.') { &["a.m.", "p.m."] } else { &["am", "pm"] };
                let pm = self.word(words, name)? == 1;
                set(&mut self.out.pm, i32::from(pm), name)?;
                self.out.twelve_hour = true;
            }
            Key::Hour12 => {
                let v = self.int(2, free, name)?;
                set(&mut self.out.hour, v, name)?;
                self.out.twelve_hour = true;
            }
            Key::Hour24 => {
                let v = self.int(2, free, name)?;
                set(&mut self.out.hour, v, name)?;
            }
            Key::Minute => {
                let v = self.int(2, free, name)?;
                set(&mut self.out.minute, v, name)?;
            }
            Key::Second => {
                let v = self.int(2, free, name)?;
                set(&mut self.out.second, v, name)?;
            }
            Key::Millisecond => {
                let (v, len) = self.measured_int(3, free, name)?;
                set(&mut self.out.millisecond, v, name)?;
                self.out.millisecond = fraction(v, len, 3);
            }
            Key::Microsecond | Key::Fraction(_) => {
                let digits = match p.key {
                    Key::Fraction(digits) => {
                        self.out.precision = Some(digits);
                        digits as usize
                    }
                    _ => 6,
                };
                let (v, len) = self.measured_int(digits, free, name)?;
                set(&mut self.out.microsecond, v, name)?;
                self.out.microsecond = fraction(v, len, 6);
            }
            Key::SecondOfDay => {
                let v = self.int(name.len(), free, name)?;
                set(&mut self.out.second_of_day, v, name)?;
            }
            Key::Zone | Key::Offset | Key::ZoneHour | Key::ZoneMinute => {
                self.zone_field(p, free, skipped, opts)?
            }
            _ => self.date_field(p, free)?,
        }
        Ok(())
    }

    fn date_mode(&mut self, iso: bool) -> PgResult<()> {
        if self.out.iso.is_some_and(|old| old != iso) {
            return Err(err!(INVALID_DATETIME_FORMAT, "invalid combination of date conventions")
                .hint(
                    "Do not mix Gregorian and ISO week date conventions in a formatting template.",
                ));
        }
        self.out.iso = Some(iso);
        Ok(())
    }

    fn zone_field(
        &mut self,
        p: &Pattern,
        free: bool,
        skipped: bool,
        opts: &IoOptions,
    ) -> PgResult<()> {
        let name = p.name;
        match p.key {
            Key::ZoneMinute => {
                if self.out.zone_sign == 0 {
                    self.out.zone_sign = 1;
                }
                let v = self.int(2, free, name)?;
                return set(&mut self.out.zone_minute, v, name);
            }
            Key::Zone => {
                let rest = self.rest();
                let letters = rest.chars().take_while(char::is_ascii_alphabetic).count();
                // The longest abbreviation that the letters start with.
                for len in (1..=letters).rev() {
                    if let Ok(spec) = abbreviation(&rest[..len], opts) {
                        self.pos += len;
                        self.out.zone = Some(spec);
                        self.out.zone_sign = 0;
                        return Ok(());
                    }
                }
                if letters > 0 {
                    return Err(
                        invalid(rest, name).detail("Time zone abbreviation is not recognized.")
                    );
                }
            }
            _ => {}
        }
        self.zone_sign(skipped);
        let v = self.int(2, free, name)?;
        set(&mut self.out.zone_hour, v, name)?;
        if p.key != Key::ZoneHour && self.rest().starts_with(':') {
            self.bump();
            let v = self.int(2, free, name)?;
            set(&mut self.out.zone_minute, v, name)?;
        }
        Ok(())
    }

    /// The sign of an offset may stand where a separator was skipped.
    fn zone_sign(&mut self, skipped: bool) {
        let negative = match self.peek() {
            Some(c @ ('+' | '-' | ' ')) => {
                self.bump();
                c == '-'
            }
            _ => skipped && self.text[..self.pos].ends_with('-'),
        };
        self.out.zone_sign = if negative { -1 } else { 1 };
    }

    fn date_field(&mut self, p: &Pattern, free: bool) -> PgResult<()> {
        let name = p.name;
        match p.key {
            Key::Era => {
                let words: &[&str] =
                    if name.contains('.') { &["a.d.", "b.c."] } else { &["ad", "bc"] };
                let bc = self.word(words, name)? == 1;
                set(&mut self.out.bc, i32::from(bc), name)?;
            }
            Key::MonthName => {
                let v = self.word(&MONTHS, name)? as i32 + 1;
                set(&mut self.out.month, v, name)?;
            }
            Key::MonthAbbrev => {
                let v = self.word(&MONTHS.map(|m| &m[..3]), name)? as i32 + 1;
                set(&mut self.out.month, v, name)?;
            }
            Key::Month => {
                let v = self.int(2, free, name)?;
                set(&mut self.out.month, v, name)?;
            }
            Key::DayName => {
                let v = self.word(&DAYS, name)? as i32 + 1;
                set(&mut self.out.day_of_week, v, name)?;
            }
            Key::DayAbbrev => {
                let v = self.word(&DAYS.map(|d| &d[..3]), name)? as i32 + 1;
                set(&mut self.out.day_of_week, v, name)?;
            }
            Key::DayOfYear | Key::IsoDayOfYear => {
                let v = self.int(3, free, name)?;
                set(&mut self.out.day_of_year, v, name)?;
            }
            Key::DayOfMonth => {
                let v = self.int(2, free, name)?;
                set(&mut self.out.day, v, name)?;
            }
            Key::DayOfWeek => {
                let v = self.int(1, free, name)?;
                set(&mut self.out.day_of_week, v, name)?;
            }
            Key::IsoDayOfWeek => {
                let v = self.int(1, free, name)?;
                // Sunday is the first day everywhere below.
                set(&mut self.out.day_of_week, v % 7 + 1, name)?;
            }
            Key::WeekOfYear | Key::IsoWeek => {
                let v = self.int(2, free, name)?;
                set(&mut self.out.week_of_year, v, name)?;
            }
            Key::WeekOfMonth => {
                let v = self.int(1, free, name)?;
                set(&mut self.out.week_of_month, v, name)?;
            }
            // The quarter says nothing that the month does not.
            Key::Quarter => {
                self.int(1, free, name)?;
            }
            Key::Century => {
                let v = self.int(2, free, name)?;
                set(&mut self.out.century, v, name)?;
            }
            Key::YearComma => self.year_with_comma(name)?,
            Key::Year(digits) | Key::IsoYear(digits) => {
                let (mut v, len) = self.measured_int(digits as usize, free, name)?;
                if digits < 4 && len < 4 {
                    v = near_2020(v);
                }
                set(&mut self.out.year, v, name)?;
                self.out.year_digits = digits;
            }
            Key::RomanMonth => {
                let words: Vec<String> =
                    (1..=12).map(|m| super::roman::encode(m).unwrap_or_default()).collect();
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let v = self.word(&words, name)? as i32 + 1;
                set(&mut self.out.month, v, name)?;
            }
            Key::Julian => {
                let v = self.int(usize::MAX, true, name)?;
                set(&mut self.out.julian, v, name)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn year_with_comma(&mut self, name: &str) -> PgResult<()> {
        let rest = self.rest();
        let bad = || invalid(rest, "Y,YYY");
        let blank = |text: &str| text.len() - text.trim_start_matches(is_space).len();
        let mut at = blank(rest);
        let (high, used) = leading_integer(&rest[at..]);
        at += used;
        let tail = rest[at..].strip_prefix(',').filter(|_| used > 0).ok_or_else(bad)?;
        let space = blank(tail);
        let mut end = tail.len().min(space + 3);
        while !tail.is_char_boundary(end) {
            end -= 1;
        }
        let (low, used) = leading_integer(&tail[space..end]);
        let low = low.filter(|_| used > 0).ok_or_else(bad)?;
        at += 1 + space + used;
        let year = high.and_then(|v| v.checked_mul(1000)).and_then(|v| v.checked_add(low));
        let year = year.ok_or_else(|| {
            err!(DATETIME_FIELD_OVERFLOW, "value for \"Y,YYY\" in source string is out of range")
        })?;
        self.pos += at;
        set(&mut self.out.year, year, name)?;
        self.out.year_digits = 4;
        Ok(())
    }
}

/// `len` characters as the start of a fraction of `places`.
fn fraction(value: i32, len: usize, places: usize) -> i32 {
    match len {
        0 => value,
        len if len >= places => value,
        len => value.saturating_mul(10i32.pow((places - len) as u32)),
    }
}

/// A zone abbreviation; names of zones are not taken here.
fn abbreviation(word: &str, opts: &IoOptions) -> PgResult<ZoneSpec> {
    match ZoneSpec::parse(word, opts)? {
        ZoneSpec::Zone(_) => Err(invalid(word, "TZ")),
        spec => Ok(spec),
    }
}

fn is_separator(c: char) -> bool {
    c.is_ascii_graphic() && !c.is_ascii_alphanumeric()
}

fn gregorian(key: Key) -> bool {
    matches!(
        key,
        Key::Century
            | Key::DayOfYear
            | Key::DayOfMonth
            | Key::DayOfWeek
            | Key::DayName
            | Key::DayAbbrev
            | Key::Month
            | Key::MonthName
            | Key::MonthAbbrev
            | Key::Quarter
            | Key::RomanMonth
            | Key::WeekOfYear
            | Key::WeekOfMonth
            | Key::YearComma
            | Key::Year(_)
    )
}

fn out_of_range(text: &str) -> PgError {
    err!(DATETIME_FIELD_OVERFLOW, "date/time field value out of range: \"{text}\"")
}

impl Parsed {
    fn time(&self, text: &str) -> PgResult<Fields> {
        let given = |value: i32, default: i32| if value != 0 { value } else { default };
        let day = self.second_of_day;
        let mut hour = given(self.hour, day / 3600);
        if self.twelve_hour {
            if !(1..=12).contains(&hour) {
                return Err(err!(
                    INVALID_DATETIME_FORMAT,
                    "hour \"{hour}\" is invalid for the 12-hour clock"
                )
                .hint("Use the 24-hour clock, or give an hour between 1 and 12."));
            }
            hour = hour % 12 + if self.pm != 0 { 12 } else { 0 };
        }
        let usec = self.millisecond.checked_mul(1000);
        let usec = usec.and_then(|v| v.checked_add(self.microsecond));
        let tm = Fields {
            hour,
            minute: given(self.minute, day / 60 % 60),
            second: given(self.second, day % 60),
            usec: usec.ok_or_else(|| out_of_range(text))?,
            ..Fields::default()
        };
        let valid = (0..24).contains(&tm.hour)
            && (0..60).contains(&tm.minute)
            && (0..60).contains(&tm.second)
            && (0..1_000_000).contains(&tm.usec);
        if valid { Ok(tm) } else { Err(out_of_range(text)) }
    }

    /// The year, astronomical; `None` if it does not fit.
    fn year(&self) -> Option<i32> {
        let century = if self.bc != 0 { self.century.checked_neg()? } else { self.century };
        if self.year != 0 && (self.century == 0 || self.year_digits > 2) {
            let year = if self.bc != 0 { self.year.checked_neg()? } else { self.year };
            return Some(if year < 0 { year + 1 } else { year });
        }
        if self.year != 0 {
            // The year's two digits within the century.
            let in_century = self.year % 100;
            return match (in_century, century >= 0) {
                (0, positive) => century.checked_mul(100)?.checked_add(i32::from(!positive)),
                (_, true) => (century - 1).checked_mul(100)?.checked_add(in_century),
                (_, false) => {
                    (century + 1).checked_mul(100)?.checked_sub(in_century)?.checked_add(1)
                }
            };
        }
        match century {
            0 => Some(0),
            1.. => (century - 1).checked_mul(100)?.checked_add(1),
            _ => century.checked_mul(100)?.checked_add(1),
        }
    }

    /// The date, day of month and month defaulting to the first.
    fn date(&self, text: &str) -> PgResult<(i32, i32, i32)> {
        let overflow = || out_of_range(text);
        let mut year = self.year().ok_or_else(overflow)?;
        let (mut month, mut day) = (1, 1);
        let iso = self.iso == Some(true);
        let nth_week_day = |week: i32| week.checked_sub(1)?.checked_mul(7)?.checked_add(1);
        let mut day_of_year = self.day_of_year;
        if self.julian != 0 {
            if self.julian < 0 {
                return Err(overflow());
            }
            (year, month, day) = civil_from_days(i64::from(self.julian) - EPOCH_JDATE);
        }
        if self.week_of_year != 0 && iso {
            // Sunday, day 1, ends the ISO week.
            let weekday = match self.day_of_week {
                0 => 0,
                d => (d + 5) % 7,
            };
            let weeks = i64::from(self.week_of_year) - 1;
            (year, month, day) =
                civil_from_days(iso_year_start(year) + weeks * 7 + i64::from(weekday));
        } else if self.week_of_year != 0 {
            day_of_year = nth_week_day(self.week_of_year).ok_or_else(overflow)?;
        }
        let mut given_day = self.day;
        if self.week_of_month != 0 {
            given_day = nth_week_day(self.week_of_month).ok_or_else(overflow)?;
        }
        day = if given_day != 0 { given_day } else { day };
        month = if self.month != 0 { self.month } else { month };
        if day_of_year != 0 && (month <= 1 || day <= 1) {
            if year == 0 && self.bc == 0 {
                bail!(
                    INVALID_DATETIME_FORMAT,
                    "cannot calculate day of year without year information"
                );
            }
            if iso {
                let days = iso_year_start(year) + i64::from(day_of_year) - 1;
                (year, month, day) = civil_from_days(days);
            } else {
                let (m, d) = month_and_day(year, day_of_year);
                (month, day) = (if month <= 1 { m } else { month }, if day <= 1 { d } else { day });
            }
        }
        let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        if valid { Ok((year, month, day)) } else { Err(overflow()) }
    }

    /// The date and time as fields, and the offset east of UTC if one was given.
    fn finish(&self, text: &str) -> PgResult<(Fields, Option<i32>)> {
        let time = self.time(text)?;
        let (year, month, day) = self.date(text)?;
        let tm = Fields { year, month, day, ..time };
        let offset = if self.zone_sign != 0 {
            let (h, m) = (self.zone_hour, self.zone_minute);
            if !(0..=15).contains(&h) || !(0..60).contains(&m) {
                bail!(
                    INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
                    "time zone displacement out of range: \"{text}\""
                );
            }
            Some(self.zone_sign * (h * 3600 + m * 60))
        } else {
            self.zone
                .as_ref()
                .map(|zone| zone.offset_of_local(tm.days() * USECS_PER_DAY + tm.time()))
        };
        Ok((tm, offset))
    }
}

/// The month and day of a day of the year; month 13 past its end, day below 1 before its start.
fn month_and_day(year: i32, day_of_year: i32) -> (i32, i32) {
    let (mut month, mut day) = (1, day_of_year);
    while month <= 12 && day > days_in_month(year, month) {
        day -= days_in_month(year, month);
        month += 1;
    }
    (month, day)
}

/// What a text says by its template.
struct Read {
    tm: Fields,
    /// East of UTC, if the template had a zone.
    offset: Option<i32>,
    /// Places of the fraction, if the template had `FFn`.
    precision: Option<u32>,
}

fn read(text: &str, template: &str, opts: &IoOptions) -> PgResult<Read> {
    let nodes = parse(template);
    let mut reader = Reader { text, pos: 0, exact: false, standard: false, out: Parsed::default() };
    reader.run(&nodes, opts)?;
    let (tm, offset) = reader.out.finish(text)?;
    Ok(Read { tm, offset, precision: reader.out.precision })
}

/// What a pattern is about: date, time, zone.
fn kind(key: Key) -> (bool, bool, bool) {
    match key {
        Key::Exact => (false, false, false),
        Key::Meridian
        | Key::Hour12
        | Key::Hour24
        | Key::Minute
        | Key::Second
        | Key::Millisecond
        | Key::Microsecond
        | Key::Fraction(_)
        | Key::SecondOfDay => (false, true, false),
        Key::Zone | Key::Offset | Key::ZoneHour | Key::ZoneMinute => (false, false, true),
        _ => (true, false, false),
    }
}

/// Reads a date or time by a template of the SQL standard: the type that the template has, the value,
/// and the offset east of UTC of a zoned one.
pub(crate) fn parse_datetime(
    text: &str,
    template: &str,
    opts: &IoOptions,
) -> PgResult<(Oid, Datum, i32)> {
    use types::type_oid as t;
    let nodes = parse_standard(template).map_err(|c| {
        err!(INVALID_DATETIME_FORMAT, "invalid datetime format separator: \"{c}\"").hard()
    })?;
    let mut reader = Reader { text, pos: 0, exact: true, standard: true, out: Parsed::default() };
    reader.run(&nodes, opts)?;
    let (mut dated, mut timed, mut zoned) = (false, false, false);
    for node in &nodes {
        if let Node::Pattern(p) = node {
            let (d, t, z) = kind(p.key);
            dated |= d;
            timed |= t;
            zoned |= z;
        }
    }
    let (tm, offset) = reader.out.finish(text)?;
    let precision = reader.out.precision.map_or(-1, |p| p as i32);
    let range = |what: &str| err!(DATETIME_FIELD_OVERFLOW, "{what} out of range");
    let east = offset.unwrap_or(0);
    let typ = match (dated, timed, zoned) {
        (true, true, true) => t::TIMESTAMPTZ,
        (true, true, false) => t::TIMESTAMP,
        (true, false, true) => {
            bail!(INVALID_DATETIME_FORMAT, "datetime format is zoned but not timed")
        }
        (true, false, false) => t::DATE,
        (false, true, true) => t::TIMETZ,
        (false, true, false) => t::TIME,
        _ => bail!(INVALID_DATETIME_FORMAT, "datetime format is not dated and not timed"),
    };
    if zoned && offset.is_none() {
        let name = if dated { "timestamptz" } else { "timetz" };
        bail!(INVALID_DATETIME_FORMAT, "missing time zone in input string for type {name}");
    }
    let value = match typ {
        t::DATE => {
            let days = tm.days();
            if !is_valid_date(days) {
                bail!(DATETIME_FIELD_OVERFLOW, "date out of range: \"{text}\"");
            }
            Datum::Int4(days as i32)
        }
        t::TIME => Datum::Int8(types::datetime::round_usecs(tm.time(), precision)),
        t::TIMETZ => {
            let time = types::datetime::round_usecs(tm.time(), precision);
            Datum::Bytes(types::datetime::TimeTz { time, zone: -east }.encode())
        }
        _ => {
            let local = i128::from(tm.days()) * i128::from(USECS_PER_DAY) + i128::from(tm.time());
            let ts = i64::try_from(local - i128::from(east) * i128::from(USECS_PER_SEC))
                .ok()
                .filter(|ts| is_valid_timestamp(*ts))
                .ok_or_else(|| range(if zoned { "timestamptz" } else { "timestamp" }))?;
            Datum::Int8(types::datetime::timestamp_apply(ts, precision))
        }
    };
    Ok((typ, value, east))
}

fn to_timestamp(text: &str, template: &str, opts: &IoOptions) -> PgResult<i64> {
    let Read { tm, offset, precision } = read(text, template, opts)?;
    let local = i128::from(tm.days()) * i128::from(USECS_PER_DAY) + i128::from(tm.time());
    let offset = match offset {
        Some(offset) => offset,
        None => opts.time_zone.offset_of_local(tm.local_unix()).offset,
    };
    let ts = i64::try_from(local - i128::from(offset) * i128::from(USECS_PER_SEC))
        .ok()
        .filter(|ts| is_valid_timestamp(*ts))
        .ok_or_else(|| err!(DATETIME_FIELD_OVERFLOW, "timestamp out of range"))?;
    match precision {
        Some(places) => Ok(types::datetime::timestamp_apply(ts, places as i32)),
        None => Ok(ts),
    }
}

fn to_date(text: &str, template: &str, opts: &IoOptions) -> PgResult<i32> {
    let Read { tm, .. } = read(text, template, opts)?;
    let days = tm.days();
    if !is_valid_date(days) {
        bail!(DATETIME_FIELD_OVERFLOW, "date out of range: \"{text}\"");
    }
    Ok(days as i32)
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("to_timestamp", |cx, a| {
        to_timestamp(a[0].as_str(), a[1].as_str(), cx.session.io_options()).map(Datum::Int8)
    });
    r.scalar("to_date", |cx, a| {
        to_date(a[0].as_str(), a[1].as_str(), cx.session.io_options()).map(Datum::Int4)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_postgresql() {
        let opts = IoOptions {
            time_zone: types::TimeZone::by_name("America/Los_Angeles").unwrap(),
            ..IoOptions::default()
        };
        let mut wrong = Vec::new();
        for line in include_str!("../../testdata/to_timestamp.tsv").lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [value, template, want] = columns[..] else { panic!("{line}") };
            let got = match to_timestamp(value, template, &opts) {
                Ok(ts) => {
                    let mut out = Vec::new();
                    types::datetime::timestamptz_output(ts, &opts, &mut out);
                    String::from_utf8(out).unwrap()
                }
                Err(e) => format!("!{}", e.message()),
            };
            if got != want {
                wrong.push(format!("{value:?} {template:?}: want {want:?}, got {got:?}"));
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}
