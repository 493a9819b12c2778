//! to_date and to_timestamp.
use super::date_pattern::{DAYS, Key, MONTHS, Node, Pattern, next_is_separator, parse};
use error::{PgError, PgResult, bail, err};
use fmgr::Registry;
use types::{
    Datum, IoOptions,
    datetime::{
        EPOCH_JDATE, Fields, USECS_PER_DAY, USECS_PER_SEC, ZoneSpec, civil_from_days,
        days_from_civil, days_in_month, is_leap, is_valid_date, is_valid_timestamp, iso_year_start,
    },
    is_space,
};

/// What the fields said.
#[derive(Default)]
struct Parsed {
    hour: Option<i32>,
    pm: Option<bool>,
    minute: Option<i32>,
    second: Option<i32>,
    second_of_day: Option<i32>,
    day_of_week: Option<i32>,
    day: Option<i32>,
    day_of_year: Option<i32>,
    month: Option<i32>,
    millisecond: Option<i32>,
    year: Option<i32>,
    bc: Option<bool>,
    week_of_year: Option<i32>,
    week_of_month: Option<i32>,
    century: Option<i32>,
    julian: Option<i32>,
    microsecond: Option<i32>,
    /// How many digits of the year were given.
    year_digits: u32,
    twelve_hour: bool,
    iso: Option<bool>,
    zone_sign: i32,
    zone_hour: Option<i32>,
    zone_minute: Option<i32>,
    zone: Option<ZoneSpec>,
}

struct Reader<'a> {
    text: &'a str,
    pos: usize,
    exact: bool,
    out: Parsed,
}

fn invalid(value: &str, field: &str) -> PgError {
    err!(INVALID_DATETIME_FORMAT, "invalid value \"{value}\" for \"{field}\"")
}

fn set<T: PartialEq>(slot: &mut Option<T>, value: T, field: &str) -> PgResult<()> {
    if slot.as_ref().is_some_and(|old| *old != value) {
        return Err(err!(
            INVALID_DATETIME_FORMAT,
            "conflicting values for \"{field}\" field in formatting string"
        )
        .detail("This value contradicts a previous setting for the same field type."));
    }
    *slot = Some(value);
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

    /// An integer of up to `len` digits, or as many as there are if nothing can follow them that is
    /// a digit.
    fn int(&mut self, len: usize, free: bool, name: &str) -> PgResult<i32> {
        let rest = self.rest();
        let space = rest.len() - rest.trim_start_matches(is_space).len();
        self.pos += space;
        let rest = self.rest();
        let sign = usize::from(rest.starts_with(['-', '+']));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let available = rest.chars().count();
        let shown: String = rest.chars().take(len).collect();
        let hint = "If your source string is not fixed-width, try using the \"FM\" modifier.";
        if !free && available < len {
            return Err(err!(
                INVALID_DATETIME_FORMAT,
                "source string too short for \"{name}\" formatting field"
            )
            .detail(format!("Field requires {len} characters, but only {available} remain."))
            .hint(hint));
        }
        let used = if free { sign + digits } else { (sign + digits).min(len) };
        if digits == 0 || used <= sign {
            return Err(invalid(&shown, name).detail("Value must be an integer."));
        }
        if !free && used < len {
            return Err(invalid(&shown, name)
                .detail(format!(
                    "Field requires {len} characters, but only {used} could be parsed."
                ))
                .hint(hint));
        }
        let value = rest[..used].parse::<i32>();
        self.pos += used;
        value.map_err(|_| {
            err!(DATETIME_FIELD_OVERFLOW, "value for \"{name}\" in source string is out of range")
                .detail(format!("Value must be in the range {} to {}.", i32::MIN, i32::MAX))
        })
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
                break;
            }
            let is_exact = matches!(node, Node::Pattern(p) if p.key == Key::Exact);
            if !self.exact && !is_exact && (matches!(node, Node::Pattern(_)) || i == 0) {
                extra += self.skip_space() as i64;
            }
            match node {
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
                    self.field(p, nodes, i, opts)?;
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
        Ok(())
    }

    fn field(&mut self, p: &Pattern, nodes: &[Node], at: usize, opts: &IoOptions) -> PgResult<()> {
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
                set(&mut self.out.pm, pm, name)?;
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
                let v = self.fraction(3, free, name)?;
                set(&mut self.out.millisecond, v, name)?;
            }
            Key::Microsecond => {
                let v = self.fraction(6, free, name)?;
                set(&mut self.out.microsecond, v, name)?;
            }
            Key::Fraction(digits) => {
                let v = self.fraction(digits as usize, free, name)?;
                let usecs = v * 10i32.pow(6 - digits);
                set(&mut self.out.microsecond, usecs, name)?;
            }
            Key::SecondOfDay => {
                let v = self.int(name.len(), free, name)?;
                set(&mut self.out.second_of_day, v, name)?;
            }
            Key::Zone | Key::Offset | Key::ZoneHour | Key::ZoneMinute => {
                self.zone_field(p, free, opts)?
            }
            _ => self.date_field(p, free)?,
        }
        Ok(())
    }

    /// Digits as the start of a fraction of `digits` places.
    fn fraction(&mut self, digits: usize, free: bool, name: &str) -> PgResult<i32> {
        let before =
            self.pos + (self.rest().len() - self.rest().trim_start_matches(is_space).len());
        let available = self.text[before..].bytes().take_while(u8::is_ascii_digit).count();
        let v = self.int(digits.min(available.max(1)), free, name)?;
        let used = self.pos - before;
        if used > digits {
            return Err(invalid(&self.text[before..self.pos], name).detail(format!(
                "Value must be in the range 0 to {}.",
                10i64.pow(digits as u32) - 1
            )));
        }
        Ok(v * 10i32.pow((digits - used) as u32))
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

    fn zone_field(&mut self, p: &Pattern, free: bool, opts: &IoOptions) -> PgResult<()> {
        let name = p.name;
        match p.key {
            Key::ZoneHour => {
                // The sign may stand where a separator was skipped.
                let skipped = self.text[..self.pos].chars().next_back();
                match self.peek() {
                    Some('+' | '-' | ' ') => {
                        self.out.zone_sign = if self.peek() == Some('-') { -1 } else { 1 };
                        self.bump();
                    }
                    _ => self.out.zone_sign = if skipped == Some('-') { -1 } else { 1 },
                }
                let v = self.int(2, free, name)?;
                set(&mut self.out.zone_hour, v, name)?;
            }
            Key::ZoneMinute => {
                if self.out.zone_sign == 0 {
                    self.out.zone_sign = 1;
                }
                let v = self.int(2, free, name)?;
                set(&mut self.out.zone_minute, v, name)?;
            }
            _ => {
                let rest = self.text[self.pos..].to_string();
                let letters = rest.chars().take_while(char::is_ascii_alphabetic).count();
                if p.key == Key::Zone {
                    // The longest abbreviation that the letters start with.
                    for len in (1..=letters).rev() {
                        if let Ok(spec) = abbreviation(&rest[..len], opts) {
                            self.pos += len;
                            self.out.zone = Some(spec);
                            return Ok(());
                        }
                    }
                    if letters > 0 {
                        let shown: String = rest.chars().take_while(|c| !is_space(*c)).collect();
                        return Err(invalid(&shown, name)
                            .detail("Time zone abbreviation is not recognized."));
                    }
                }
                let skipped = self.text[..self.pos].chars().next_back();
                if rest.starts_with(['+', '-', ' ']) {
                    self.out.zone_sign = if rest.starts_with('-') { -1 } else { 1 };
                    self.bump();
                } else {
                    self.out.zone_sign = if skipped == Some('-') { -1 } else { 1 };
                }
                let v = self.int(2, free, name)?;
                set(&mut self.out.zone_hour, v, name)?;
                if self.rest().starts_with(':') {
                    self.bump();
                    let v = self.int(2, free, name)?;
                    set(&mut self.out.zone_minute, v, name)?;
                }
            }
        }
        Ok(())
    }

    fn date_field(&mut self, p: &Pattern, free: bool) -> PgResult<()> {
        let name = p.name;
        match p.key {
            Key::Era => {
                let words: &[&str] =
                    if name.contains('.') { &["a.d.", "b.c."] } else { &["ad", "bc"] };
                let bc = self.word(words, name)? == 1;
                set(&mut self.out.bc, bc, name)?;
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
                let start = self.pos;
                let mut v = self.int(digits as usize, free, name)?;
                let len = self.text[start..self.pos].trim().len();
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
        let thousands = rest.bytes().take_while(u8::is_ascii_digit).count();
        let tail = rest.get(thousands..).and_then(|t| t.strip_prefix(','));
        let digits = tail.map_or(0, |t| t.bytes().take(3).take_while(u8::is_ascii_digit).count());
        if thousands == 0 || digits == 0 {
            let shown: String = rest.chars().take_while(|c| !is_space(*c)).collect();
            let _ = name;
            return Err(err!(INVALID_DATETIME_FORMAT, "invalid input string for \"Y,YYY\"")
                .detail(format!("\"{shown}\" is not such a year.")));
        }
        let high: i32 = rest[..thousands].parse().unwrap_or(i32::MAX);
        let low: i32 = rest[thousands + 1..thousands + 1 + digits].parse().unwrap_or(0);
        let year = high.checked_mul(1000).and_then(|v| v.checked_add(low)).ok_or_else(|| {
            err!(DATETIME_FIELD_OVERFLOW, "value for \"Y,YYY\" in source string is out of range")
        })?;
        self.pos += thousands + 1 + digits;
        set(&mut self.out.year, year, name)?;
        self.out.year_digits = 4;
        Ok(())
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
        let mut tm = Fields::default();
        if let Some(v) = self.second_of_day {
            (tm.hour, tm.minute, tm.second) = (v / 3600, v / 60 % 60, v % 60);
        }
        tm.second = self.second.unwrap_or(tm.second);
        tm.minute = self.minute.unwrap_or(tm.minute);
        if let Some(h) = self.hour {
            tm.hour = h;
            if self.twelve_hour {
                if !(1..=12).contains(&h) {
                    return Err(err!(
                        INVALID_DATETIME_FORMAT,
                        "hour \"{h}\" is invalid for the 12-hour clock"
                    )
                    .hint("Use the 24-hour clock, or give an hour between 1 and 12."));
                }
                match self.pm {
                    Some(true) if h < 12 => tm.hour += 12,
                    Some(false) if h == 12 => tm.hour = 0,
                    // Without AM or PM twelve is midnight only if it says so.
                    _ => {}
                }
            }
        }
        tm.usec = self.millisecond.unwrap_or(0) * 1000 + self.microsecond.unwrap_or(0);
        let valid = (0..24).contains(&tm.hour)
            && (0..60).contains(&tm.minute)
            && (0..60).contains(&tm.second)
            && (0..1_000_000).contains(&tm.usec);
        if valid { Ok(tm) } else { Err(out_of_range(text)) }
    }

    fn year(&self) -> i32 {
        match (self.year, self.century) {
            (Some(year), Some(century)) if self.year_digits <= 2 => {
                // The year's two digits within the century.
                let in_century = year % 100;
                if century > 0 && self.bc != Some(true) {
                    if in_century == 0 { century * 100 } else { (century - 1) * 100 + in_century }
                } else {
                    let century = century.abs();
                    1 - (if in_century == 0 {
                        century * 100
                    } else {
                        (century - 1) * 100 + in_century
                    })
                }
            }
            (Some(year), _) => match self.bc {
                Some(true) if year > 0 => 1 - year,
                _ if year < 0 => year + 1,
                _ => year,
            },
            (None, Some(century)) if century > 0 && self.bc != Some(true) => {
                (century - 1) * 100 + 1
            }
            (None, Some(century)) => 1 - ((century.abs() - 1) * 100 + 1),
            (None, None) => match self.bc {
                Some(true) => 0,
                _ => 0,
            },
        }
    }

    /// The date, day of month and month defaulting to the first.
    fn date(&self, text: &str) -> PgResult<(i32, i32, i32)> {
        let mut year = self.year();
        let (mut month, mut day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let iso = self.iso == Some(true);
        if let Some(julian) = self.julian {
            if julian < 0 {
                return Err(out_of_range(text));
            }
            (year, month, day) = civil_from_days(i64::from(julian) - EPOCH_JDATE);
        }
        if let Some(week) = self.week_of_year {
            if iso {
                // Sunday, day 1, ends the ISO week.
                let weekday = self.day_of_week.map_or(0, |d| (d + 5) % 7);
                let days = iso_year_start(year) + i64::from(week - 1) * 7 + i64::from(weekday);
                (year, month, day) = civil_from_days(days);
            } else {
                return self.nth_day(year, (week - 1) * 7 + 1, text);
            }
        }
        if let Some(week) = self.week_of_month {
            day = (week - 1) * 7 + 1;
        }
        if let Some(n) = self.day_of_year {
            if iso {
                let days = iso_year_start(year) + i64::from(n) - 1;
                (year, month, day) = civil_from_days(days);
            } else if self.month.is_none() || self.day.is_none() {
                return self.nth_day(year, n, text);
            }
        }
        let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        if valid { Ok((year, month, day)) } else { Err(out_of_range(text)) }
    }

    fn nth_day(&self, year: i32, n: i32, text: &str) -> PgResult<(i32, i32, i32)> {
        if self.year.is_none() && self.bc.is_none() {
            bail!(INVALID_DATETIME_FORMAT, "cannot calculate day of year without year information");
        }
        if n < 1 || n > 365 + i32::from(is_leap(year)) {
            return Err(out_of_range(text));
        }
        Ok(civil_from_days(days_from_civil(year, 1, 1) + i64::from(n) - 1))
    }

    /// The date and time as fields, and the offset east of UTC if one was given.
    fn finish(&self, text: &str) -> PgResult<(Fields, Option<i32>)> {
        let time = self.time(text)?;
        let (year, month, day) = self.date(text)?;
        let tm = Fields { year, month, day, ..time };
        let offset = if self.zone_sign != 0 {
            let (h, m) = (self.zone_hour.unwrap_or(0), self.zone_minute.unwrap_or(0));
            if !(0..=15).contains(&h) || !(0..60).contains(&m) {
                return Err(out_of_range(text));
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

fn read(text: &str, template: &str, opts: &IoOptions) -> PgResult<(Fields, Option<i32>)> {
    let nodes = parse(template);
    let mut reader = Reader { text, pos: 0, exact: false, out: Parsed::default() };
    reader.run(&nodes, opts)?;
    reader.out.finish(text)
}

fn to_timestamp(text: &str, template: &str, opts: &IoOptions) -> PgResult<i64> {
    let (tm, offset) = read(text, template, opts)?;
    let local = i128::from(tm.days()) * i128::from(USECS_PER_DAY) + i128::from(tm.time());
    let offset = match offset {
        Some(offset) => offset,
        None => opts.time_zone.offset_of_local(tm.local_unix()).offset,
    };
    i64::try_from(local - i128::from(offset) * i128::from(USECS_PER_SEC))
        .ok()
        .filter(|ts| is_valid_timestamp(*ts))
        .ok_or_else(|| err!(DATETIME_FIELD_OVERFLOW, "timestamp out of range"))
}

fn to_date(text: &str, template: &str, opts: &IoOptions) -> PgResult<i32> {
    let (tm, _) = read(text, template, opts)?;
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
