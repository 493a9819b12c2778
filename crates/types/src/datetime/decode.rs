//! Reads dates, times and timestamps in every form that PostgreSQL takes.
use super::fields::*;
use super::*;
use crate::{
    io_options::{DateOrder, IoOptions},
    timezone::{LocalType, TimeZone, ZoneAbbrev, default_abbreviation},
};
use std::sync::Arc;

/// What the text said, before it is made a value of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// Fields in local time and the offset east of UTC.
    Fields(Fields, i32),
    Epoch,
    Infinity,
    NegInfinity,
}

// One bit a field that may be given only once.
const YEAR: u32 = 1;
const MONTH: u32 = 2;
const DAY: u32 = 4;
const DATE: u32 = YEAR | MONTH | DAY;
const TIME: u32 = 8;
const ZONE: u32 = 16;
const DST_MODIFIER: u32 = 32;
const AM_PM: u32 = 64;
const AD_BC: u32 = 128;
const WEEKDAY: u32 = 256;
const DAY_OF_YEAR: u32 = 512;

/// A prefix that says what the next field is.
#[derive(Clone, Copy, PartialEq)]
enum Prefix {
    Julian,
    Time,
}

/// A zone whose offset depends on the date.
enum PendingZone {
    Named(Arc<TimeZone>),
    Abbrev(Arc<TimeZone>, String),
}

struct Decoder<'a> {
    opts: &'a IoOptions,
    seen: u32,
    tm: Fields,
    day_of_year: i32,
    two_digit_year: bool,
    text_month: bool,
    julian: bool,
    bc: bool,
    meridian: Option<Word>,
    prefix: Option<Prefix>,
    offset: i32,
    dst_shift: i32,
    pending: Option<PendingZone>,
    keyword: Option<Decoded>,
}

impl<'a> Decoder<'a> {
    fn new(opts: &'a IoOptions) -> Self {
        Decoder {
            opts,
            seen: 0,
            tm: Fields::default(),
            day_of_year: 0,
            two_digit_year: false,
            text_month: false,
            julian: false,
            bc: false,
            meridian: None,
            prefix: None,
            offset: 0,
            dst_shift: 0,
            pending: None,
            keyword: None,
        }
    }

    fn mark(&mut self, mask: u32) -> Parsed<()> {
        if self.seen & mask != 0 {
            return Err(Fault::BadFormat);
        }
        self.seen |= mask;
        Ok(())
    }

    fn now(&self) -> (Fields, i32) {
        let offset = self.opts.time_zone.at(unix_seconds(self.opts.now)).offset;
        let local = self.opts.now + i64::from(offset) * USECS_PER_SEC;
        (Fields::from_timestamp(local), offset)
    }

    fn set_time(&mut self, text: &str) -> Parsed<u32> {
        let (h, m, s, f) = clock(text, false)?;
        self.tm.hour = i32::try_from(h).map_err(|_| Fault::FieldOverflow)?;
        (self.tm.minute, self.tm.second, self.tm.usec) = (m, s, f);
        self.check_time()?;
        Ok(TIME)
    }

    fn check_time(&self) -> Parsed<()> {
        let t = &self.tm;
        let past = t.hour > 24 || t.time() > USECS_PER_DAY;
        if past || !(0..60).contains(&t.minute) || !(0..=60).contains(&t.second) {
            return Err(Fault::FieldOverflow);
        }
        Ok(())
    }

    /// A date in one field with separators.
    fn date_field(&mut self, text: &str) -> Parsed<u32> {
        let mut parts: Vec<&str> = Vec::new();
        let b = text.as_bytes();
        let mut pos = 0;
        while pos < b.len() {
            while pos < b.len() && !b[pos].is_ascii_alphanumeric() {
                pos += 1;
            }
            if pos == b.len() || parts.len() >= 25 {
                return Err(Fault::BadFormat);
            }
            let digits = b[pos].is_ascii_digit();
            let same = |c: &u8| {
                if digits { c.is_ascii_digit() } else { c.is_ascii_alphabetic() }
            };
            let end = pos + b[pos..].iter().take_while(|c| same(c)).count();
            parts.push(&text[pos..end]);
            pos = end;
        }
        let before = self.seen;
        let mut given = 0;
        let mut add = |decoder: &mut Self, mask: u32| {
            if (before | given) & mask != 0 {
                return Err(Fault::BadFormat);
            }
            given |= mask;
            decoder.seen |= mask;
            Ok(())
        };
        for part in parts.iter().filter(|p| p.as_bytes()[0].is_ascii_alphabetic()) {
            match lookup_word(part) {
                Some(Word::Ignore) => {}
                Some(Word::Month(month)) => {
                    self.tm.month = month;
                    self.text_month = true;
                    add(self, MONTH)?;
                }
                _ => return Err(Fault::BadFormat),
            }
        }
        for part in parts.iter().filter(|p| p.as_bytes()[0].is_ascii_digit()) {
            let mask = self.number(part)?;
            add(self, mask)?;
        }
        if self.seen & DATE != DATE {
            return Err(Fault::BadFormat);
        }
        self.seen = before;
        Ok(given)
    }

    /// A plain number: year, month or day by what is still missing.
    fn number(&mut self, text: &str) -> Parsed<u32> {
        let (v, rest) = leading_i32(text)?;
        let len = text.len();
        if !rest.is_empty() {
            if !rest.starts_with('.') {
                return Err(Fault::BadFormat);
            }
            if len - rest.len() > 2 {
                return self.run_together(text, self.seen | DATE);
            }
            self.tm.usec = fraction_usecs(rest)?;
        }
        if len == 3 && self.seen & DATE == YEAR && (1..=366).contains(&v) {
            self.day_of_year = v;
            return Ok(DAY_OF_YEAR | MONTH | DAY);
        }
        let mask = match self.seen & DATE {
            0 if len >= 3 || self.opts.date_order == DateOrder::Ymd => YEAR,
            0 if self.opts.date_order == DateOrder::Dmy => DAY,
            0 => MONTH,
            YEAR => MONTH,
            MONTH if !self.text_month => DAY,
            MONTH if len >= 3 || self.opts.date_order == DateOrder::Ymd => YEAR,
            MONTH => DAY,
            m if m == YEAR | MONTH => {
                if self.text_month && len >= 3 && self.two_digit_year {
                    // The number taken for the year was the day.
                    self.tm.day = self.tm.year;
                    self.tm.year = v;
                    self.two_digit_year = false;
                    return Ok(DAY);
                }
                DAY
            }
            DAY => MONTH,
            m if m == MONTH | DAY => YEAR,
            DATE => return self.run_together(text, self.seen),
            _ => return Err(Fault::BadFormat),
        };
        match mask {
            YEAR => {
                self.tm.year = v;
                self.two_digit_year = len <= 2;
            }
            MONTH => self.tm.month = v,
            _ => self.tm.day = v,
        }
        Ok(mask)
    }

    /// A date or time without separators: `yyyymmdd`, `hhmmss`, `hhmm`.
    fn run_together(&mut self, text: &str, seen: u32) -> Parsed<u32> {
        let mut digits = text;
        let has_point = match text.find('.') {
            Some(at) => {
                self.tm.usec = fraction_usecs(&text[at..])?;
                digits = &text[..at];
                true
            }
            None => false,
        };
        if !digits.bytes().all(|c| c.is_ascii_digit()) {
            return Err(Fault::BadFormat);
        }
        let part = |s: &str| s.parse::<i32>().map_err(|_| Fault::FieldOverflow);
        let len = digits.len();
        if !has_point && seen & DATE != DATE && len >= 6 {
            self.tm.day = part(&digits[len - 2..])?;
            self.tm.month = part(&digits[len - 4..len - 2])?;
            self.tm.year = part(&digits[..len - 4])?;
            if len == 6 {
                self.two_digit_year = true;
            }
            return Ok(DATE);
        }
        if seen & TIME == 0 && (len == 6 || len == 4) {
            self.tm.hour = part(&digits[..2])?;
            self.tm.minute = part(&digits[2..4])?;
            self.tm.second = if len == 6 { part(&digits[4..])? } else { 0 };
            self.check_time()?;
            return Ok(TIME);
        }
        Err(Fault::BadFormat)
    }

    /// A time and a numeric zone without a blank between, `040506-08`.
    fn time_with_zone(&mut self, text: &str) -> Parsed<u32> {
        let at = text.find('-').ok_or(Fault::BadFormat)?;
        self.offset = zone_offset(&text[at..])?;
        if self.run_together(&text[..at], self.seen | DATE)? != TIME {
            return Err(Fault::BadFormat);
        }
        Ok(TIME | ZONE)
    }

    fn named_zone(&mut self, name: &str) -> Parsed<u32> {
        let zone = TimeZone::by_name(name).ok_or_else(|| Fault::BadZone(name.to_string()))?;
        self.pending = Some(PendingZone::Named(zone));
        Ok(ZONE)
    }

    fn take_prefix(&mut self, allowed: Prefix) -> Parsed<bool> {
        match self.prefix.take() {
            None => Ok(false),
            Some(p) if p == allowed => Ok(true),
            _ => Err(Fault::BadFormat),
        }
    }

    fn julian_day(&mut self, text: &str) -> Parsed<u32> {
        let (v, rest) = leading_i32(text)?;
        if v < 0 {
            return Err(Fault::FieldOverflow);
        }
        (self.tm.year, self.tm.month, self.tm.day) = civil_from_days(i64::from(v) - EPOCH_JDATE);
        self.julian = true;
        if rest.is_empty() {
            return Ok(DATE);
        }
        let time = (fraction(rest)? * USECS_PER_DAY as f64) as i64;
        let t = Fields::from_time(time);
        (self.tm.hour, self.tm.minute, self.tm.second, self.tm.usec) =
            (t.hour, t.minute, t.second, t.usec);
        Ok(DATE | TIME)
    }

    fn word(&mut self, fields: &[Field], i: usize) -> Parsed<()> {
        let text = &fields[i].text;
        if let Some(mask) = self.abbreviation(text) {
            return self.mark(mask);
        }
        let Some(word) = lookup_word(text) else {
            let Some(zone) = TimeZone::by_name(text) else { return Err(Fault::BadFormat) };
            self.pending = Some(PendingZone::Named(zone));
            return self.mark(ZONE);
        };
        match word {
            Word::Ignore => Ok(()),
            Word::Month(month) => {
                // A number already taken for the month was the day.
                let had = self.seen & (MONTH | DAY) == MONTH && !self.text_month;
                let mask = if had && (1..=31).contains(&self.tm.month) {
                    self.tm.day = self.tm.month;
                    DAY
                } else {
                    MONTH
                };
                self.text_month = true;
                self.tm.month = month;
                self.mark(mask)
            }
            Word::Weekday => self.mark(WEEKDAY),
            Word::Am | Word::Pm => {
                self.meridian = Some(word);
                self.mark(AM_PM)
            }
            Word::Ad | Word::Bc => {
                self.bc = word == Word::Bc;
                self.mark(AD_BC)
            }
            Word::Dst => {
                self.dst_shift = 3600;
                self.mark(DST_MODIFIER)
            }
            Word::Julian | Word::IsoTime if self.prefix.is_some() => Err(Fault::BadFormat),
            Word::Julian => {
                self.prefix = Some(Prefix::Julian);
                Ok(())
            }
            Word::IsoTime => {
                let next = fields.get(i + 1).map(|f| f.kind);
                let sensible =
                    matches!(next, Some(FieldKind::Number | FieldKind::Time | FieldKind::Date));
                if self.seen & DATE != DATE || !sensible {
                    return Err(Fault::BadFormat);
                }
                self.prefix = Some(Prefix::Time);
                Ok(())
            }
            _ => self.reserved(word),
        }
    }

    fn reserved(&mut self, word: Word) -> Parsed<()> {
        let shift = match word {
            Word::Now => {
                let (tm, offset) = self.now();
                (self.tm, self.offset) = (tm, offset);
                return self.mark(DATE | TIME | ZONE);
            }
            Word::AllBalls => {
                (self.tm.hour, self.tm.minute, self.tm.second, self.tm.usec) = (0, 0, 0, 0);
                return self.mark(TIME | ZONE);
            }
            Word::Epoch | Word::Infinity | Word::NegInfinity => {
                self.keyword = Some(match word {
                    Word::Epoch => Decoded::Epoch,
                    Word::Infinity => Decoded::Infinity,
                    _ => Decoded::NegInfinity,
                });
                return self.mark(DATE | TIME | ZONE);
            }
            Word::Today => 0,
            Word::Tomorrow => 1,
            Word::Yesterday => -1,
            _ => return Err(Fault::BadFormat),
        };
        let day = civil_from_days(self.now().0.days() + shift);
        (self.tm.year, self.tm.month, self.tm.day) = day;
        self.mark(DATE)
    }

    /// A zone abbreviation: the session zone's own first, then the default set.
    fn abbreviation(&mut self, word: &str) -> Option<u32> {
        let session = &self.opts.time_zone;
        let upper = word.to_ascii_uppercase();
        if session.abbreviation(&upper, unix_seconds(self.opts.now)).is_some() {
            self.pending = Some(PendingZone::Abbrev(session.clone(), upper));
            return Some(ZONE);
        }
        match default_abbreviation(word)? {
            ZoneAbbrev::Fixed(offset, _) => self.offset = *offset,
            ZoneAbbrev::Zone(name) => {
                let zone = TimeZone::by_name(name)?;
                self.pending = Some(PendingZone::Abbrev(zone, upper));
            }
        }
        Some(ZONE)
    }

    fn apply_meridian(&mut self) -> Parsed<()> {
        if let Some(word) = self.meridian {
            if self.tm.hour > 12 {
                return Err(Fault::FieldOverflow);
            }
            if word == Word::Am && self.tm.hour == 12 {
                self.tm.hour = 0;
            } else if word == Word::Pm && self.tm.hour != 12 {
                self.tm.hour += 12;
            }
        }
        Ok(())
    }

    fn check_date(&mut self) -> Parsed<()> {
        if self.seen & YEAR != 0 && !self.julian {
            if self.bc {
                if self.tm.year <= 0 {
                    return Err(Fault::FieldOverflow);
                }
                self.tm.year = 1 - self.tm.year;
            } else if self.two_digit_year {
                if self.tm.year < 70 {
                    self.tm.year += 2000;
                } else if self.tm.year < 100 {
                    self.tm.year += 1900;
                }
            } else if self.tm.year <= 0 {
                return Err(Fault::FieldOverflow);
            }
        }
        if self.seen & DAY_OF_YEAR != 0 {
            let days = days_from_civil(self.tm.year, 1, 1) + i64::from(self.day_of_year) - 1;
            (self.tm.year, self.tm.month, self.tm.day) = civil_from_days(days);
        }
        if self.seen & MONTH != 0 && !(1..=12).contains(&self.tm.month) {
            return Err(Fault::MonthDayOverflow);
        }
        if self.seen & DAY != 0 && !(1..=31).contains(&self.tm.day) {
            return Err(Fault::MonthDayOverflow);
        }
        if self.seen & DATE == DATE && self.tm.day > days_in_month(self.tm.year, self.tm.month) {
            return Err(Fault::FieldOverflow);
        }
        Ok(())
    }

    /// The offset in force at the local time read.
    fn resolve_zone(&mut self) -> Parsed<()> {
        match self.pending.take() {
            Some(PendingZone::Named(zone)) => {
                if self.seen & DST_MODIFIER != 0 {
                    return Err(Fault::BadFormat);
                }
                self.offset = zone.offset_of_local(self.tm.local_unix()).offset;
            }
            Some(PendingZone::Abbrev(zone, abbrev)) => {
                self.offset = abbrev_offset(&zone, &abbrev, &self.tm);
            }
            None if self.seen & ZONE == 0 => {
                if self.seen & DST_MODIFIER != 0 {
                    return Err(Fault::BadFormat);
                }
                self.offset = self.opts.time_zone.offset_of_local(self.tm.local_unix()).offset;
            }
            None => {}
        }
        self.offset += self.dst_shift;
        Ok(())
    }
}

/// Offset of an abbreviation at a local time; what the zone means by it then.
pub(crate) fn abbrev_offset(zone: &TimeZone, abbrev: &str, tm: &Fields) -> i32 {
    let local = zone.offset_of_local(tm.local_unix());
    let unix = tm.local_unix() - i64::from(local.offset);
    zone.abbreviation(abbrev, unix).map_or(local.offset, |t: &LocalType| t.offset)
}

/// Reads a date with or without a time and zone.
pub(crate) fn decode_datetime(fields: &[Field], opts: &IoOptions) -> Parsed<Decoded> {
    let mut d = Decoder::new(opts);
    for (i, field) in fields.iter().enumerate() {
        let text = field.text.as_str();
        let mask = match field.kind {
            FieldKind::Date if d.prefix == Some(Prefix::Julian) => {
                // A Julian day with a zone right behind it.
                d.prefix = None;
                let at = text.find('-').ok_or(Fault::BadFormat)?;
                let mask = d.julian_day(&text[..at])?;
                d.offset = zone_offset(&text[at..])?;
                mask | TIME | ZONE
            }
            FieldKind::Date if d.prefix.is_some() || d.seen & (MONTH | DAY) == MONTH | DAY => {
                if d.take_prefix(Prefix::Time)? || text.as_bytes()[0].is_ascii_digit() {
                    if d.seen & TIME != 0 {
                        return Err(Fault::BadFormat);
                    }
                    d.time_with_zone(text)?
                } else {
                    d.named_zone(text)?
                }
            }
            FieldKind::Date => d.date_field(text)?,
            FieldKind::Time => {
                d.take_prefix(Prefix::Time)?;
                d.set_time(text)?
            }
            FieldKind::Zone => {
                d.offset = zone_offset(text)?;
                ZONE
            }
            FieldKind::Number => match d.prefix.take() {
                Some(Prefix::Julian) => d.julian_day(text)?,
                Some(Prefix::Time) => match d.run_together(text, d.seen | DATE)? {
                    TIME => TIME,
                    _ => return Err(Fault::BadFormat),
                },
                None => d.loose_number(text)?,
            },
            FieldKind::String | FieldKind::Special => {
                d.word(fields, i)?;
                0
            }
        };
        d.mark(mask)?;
    }
    if d.prefix.is_some() {
        return Err(Fault::BadFormat);
    }
    if let Some(keyword) = d.keyword {
        return Ok(keyword);
    }
    d.check_date()?;
    d.apply_meridian()?;
    if d.seen & DATE != DATE {
        return Err(Fault::BadFormat);
    }
    d.resolve_zone()?;
    Ok(Decoded::Fields(d.tm, d.offset))
}

impl Decoder<'_> {
    /// A number without a hint of what it is.
    fn loose_number(&mut self, text: &str) -> Parsed<u32> {
        let point = text.find('.');
        if point.is_some() && self.seen & DATE == 0 {
            return self.date_field(text);
        }
        if point.is_some_and(|at| at > 2) {
            return self.run_together(text, self.seen);
        }
        if text.len() >= 6 && (self.seen & DATE == 0 || self.seen & TIME == 0) {
            return self.run_together(text, self.seen);
        }
        self.number(text)
    }
}

/// A time of day and, with `want_zone`, its offset east of UTC.
pub(crate) fn decode_time(
    fields: &[Field],
    opts: &IoOptions,
    want_zone: bool,
) -> Parsed<(i64, i32)> {
    let mut d = Decoder::new(opts);
    let kind = |i: usize| fields.get(i).map(|f| f.kind);
    let last_is_date = kind(fields.len().wrapping_sub(1)) == Some(FieldKind::Date);
    for (i, field) in fields.iter().enumerate() {
        let text = field.text.as_str();
        let leading_date = i == 0 && fields.len() >= 2;
        let mask = match field.kind {
            FieldKind::Date => {
                let digits = text.as_bytes()[0].is_ascii_digit();
                if leading_date && (last_is_date || kind(1) == Some(FieldKind::Time)) && digits {
                    d.date_field(text)?
                } else if !want_zone && d.seen & DATE == 0 && !digits {
                    return Err(Fault::BadFormat);
                } else if d.take_prefix(Prefix::Time)? || digits {
                    d.time_with_zone(text)?
                } else {
                    d.named_zone(text)?
                }
            }
            FieldKind::Time => {
                d.take_prefix(Prefix::Time)?;
                d.set_time(text)?
            }
            FieldKind::Zone => {
                d.offset = zone_offset(text)?;
                ZONE
            }
            FieldKind::Number => match d.prefix.take() {
                Some(Prefix::Julian) if want_zone => d.julian_day(text)?,
                Some(Prefix::Julian) => return Err(Fault::BadFormat),
                Some(Prefix::Time) => d.run_together(text, d.seen | DATE)?,
                None if leading_date && last_is_date => d.date_field(text)?,
                None if text.find('.').is_some_and(|at| at > 2) || text.len() > 4 => {
                    d.run_together(text, d.seen | DATE)?
                }
                None => {
                    let saved = d.seen;
                    d.seen |= DATE;
                    let mask = d.number(text);
                    d.seen = saved;
                    mask?
                }
            },
            FieldKind::String | FieldKind::Special => {
                if lookup_word(text) == Some(Word::IsoTime) {
                    let sensible = matches!(
                        kind(i + 1),
                        Some(FieldKind::Number | FieldKind::Time | FieldKind::Date)
                    );
                    if !sensible {
                        return Err(Fault::BadFormat);
                    }
                    d.prefix = Some(Prefix::Time);
                } else {
                    d.word(fields, i)?;
                }
                0
            }
        };
        d.mark(mask)?;
    }
    if d.prefix.is_some() || matches!(d.keyword, Some(Decoded::Infinity | Decoded::NegInfinity)) {
        return Err(Fault::BadFormat);
    }
    if d.seen & TIME == 0 || d.keyword.is_some() {
        return Err(Fault::BadFormat);
    }
    d.check_date()?;
    d.apply_meridian()?;
    d.check_time()?;
    if want_zone {
        d.resolve_time_zone()?;
    }
    Ok((d.tm.time(), d.offset))
}

impl Decoder<'_> {
    /// The zone of a time without a date: today's, if the zone may vary.
    fn resolve_time_zone(&mut self) -> Parsed<()> {
        let dated = self.seen & DATE == DATE;
        if let (Some(PendingZone::Named(zone)), false) = (&self.pending, dated) {
            match zone.fixed_offset() {
                Some(offset) => {
                    self.offset = offset;
                    return Ok(());
                }
                None => return Err(Fault::BadFormat),
            }
        }
        let time = self.tm;
        if !dated {
            let today = self.now().0;
            (self.tm.year, self.tm.month, self.tm.day) = (today.year, today.month, today.day);
        }
        self.resolve_zone()?;
        self.tm = time;
        Ok(())
    }
}
