//! Template patterns of dates and times, split into nodes.

/// What a pattern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// With points or without.
    Era,
    Meridian,
    Century,
    DayName,
    DayAbbrev,
    DayOfYear,
    DayOfMonth,
    DayOfWeek,
    /// Digits of the fraction.
    Fraction(u32),
    Exact,
    Hour12,
    Hour24,
    IsoDayOfYear,
    IsoDayOfWeek,
    IsoWeek,
    /// Digits.
    IsoYear(u32),
    Julian,
    Minute,
    MonthName,
    MonthAbbrev,
    Month,
    Millisecond,
    Offset,
    Quarter,
    RomanMonth,
    SecondOfDay,
    Second,
    Zone,
    ZoneHour,
    ZoneMinute,
    Microsecond,
    WeekOfYear,
    WeekOfMonth,
    YearComma,
    /// Digits.
    Year(u32),
}

/// Case of words that a pattern writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Capital,
}

/// A pattern with its modifiers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    pub key: Key,
    /// As it is spelled in the table, for messages.
    pub name: &'static str,
    pub case: Case,
    pub fill_mode: bool,
    pub localized: bool,
    /// `TH` upper, `th` lower.
    pub ordinal: Option<Case>,
}

impl Pattern {
    /// Whether it reads digits.
    pub(super) fn is_digits(&self) -> bool {
        !matches!(
            self.key,
            Key::Era
                | Key::Meridian
                | Key::DayName
                | Key::DayAbbrev
                | Key::Exact
                | Key::MonthName
                | Key::MonthAbbrev
                | Key::RomanMonth
                | Key::Zone
                | Key::Offset
        )
    }
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Pattern(Pattern),
    /// Text, from between quotes or unrecognized.
    Char(char),
    /// Punctuation that separates fields.
    Separator(char),
    Space(char),
}

use Case::{Capital, Lower, Upper};

/// Spellings, each before its prefixes.
const TABLE: &[(&str, Key, Case)] = &[
    ("A.D.", Key::Era, Upper),
    ("A.M.", Key::Meridian, Upper),
    ("AD", Key::Era, Upper),
    ("AM", Key::Meridian, Upper),
    ("B.C.", Key::Era, Upper),
    ("BC", Key::Era, Upper),
    ("CC", Key::Century, Upper),
    ("DAY", Key::DayName, Upper),
    ("DDD", Key::DayOfYear, Upper),
    ("DD", Key::DayOfMonth, Upper),
    ("DY", Key::DayAbbrev, Upper),
    ("Day", Key::DayName, Capital),
    ("Dy", Key::DayAbbrev, Capital),
    ("D", Key::DayOfWeek, Upper),
    ("FF1", Key::Fraction(1), Upper),
    ("FF2", Key::Fraction(2), Upper),
    ("FF3", Key::Fraction(3), Upper),
    ("FF4", Key::Fraction(4), Upper),
    ("FF5", Key::Fraction(5), Upper),
    ("FF6", Key::Fraction(6), Upper),
    ("FX", Key::Exact, Upper),
    ("HH24", Key::Hour24, Upper),
    ("HH12", Key::Hour12, Upper),
    ("HH", Key::Hour12, Upper),
    ("IDDD", Key::IsoDayOfYear, Upper),
    ("ID", Key::IsoDayOfWeek, Upper),
    ("IW", Key::IsoWeek, Upper),
    ("IYYY", Key::IsoYear(4), Upper),
    ("IYY", Key::IsoYear(3), Upper),
    ("IY", Key::IsoYear(2), Upper),
    ("I", Key::IsoYear(1), Upper),
    ("J", Key::Julian, Upper),
    ("MI", Key::Minute, Upper),
    ("MM", Key::Month, Upper),
    ("MONTH", Key::MonthName, Upper),
    ("MON", Key::MonthAbbrev, Upper),
    ("MS", Key::Millisecond, Upper),
    ("Month", Key::MonthName, Capital),
    ("Mon", Key::MonthAbbrev, Capital),
    ("OF", Key::Offset, Upper),
    ("P.M.", Key::Meridian, Upper),
    ("PM", Key::Meridian, Upper),
    ("Q", Key::Quarter, Upper),
    ("RM", Key::RomanMonth, Upper),
    ("SSSSS", Key::SecondOfDay, Upper),
    ("SSSS", Key::SecondOfDay, Upper),
    ("SS", Key::Second, Upper),
    ("TZH", Key::ZoneHour, Upper),
    ("TZM", Key::ZoneMinute, Upper),
    ("TZ", Key::Zone, Upper),
    ("US", Key::Microsecond, Upper),
    ("WW", Key::WeekOfYear, Upper),
    ("W", Key::WeekOfMonth, Upper),
    ("Y,YYY", Key::YearComma, Upper),
    ("YYYY", Key::Year(4), Upper),
    ("YYY", Key::Year(3), Upper),
    ("YY", Key::Year(2), Upper),
    ("Y", Key::Year(1), Upper),
    ("a.d.", Key::Era, Lower),
    ("a.m.", Key::Meridian, Lower),
    ("ad", Key::Era, Lower),
    ("am", Key::Meridian, Lower),
    ("b.c.", Key::Era, Lower),
    ("bc", Key::Era, Lower),
    ("cc", Key::Century, Lower),
    ("day", Key::DayName, Lower),
    ("ddd", Key::DayOfYear, Lower),
    ("dd", Key::DayOfMonth, Lower),
    ("dy", Key::DayAbbrev, Lower),
    ("d", Key::DayOfWeek, Lower),
    ("ff1", Key::Fraction(1), Lower),
    ("ff2", Key::Fraction(2), Lower),
    ("ff3", Key::Fraction(3), Lower),
    ("ff4", Key::Fraction(4), Lower),
    ("ff5", Key::Fraction(5), Lower),
    ("ff6", Key::Fraction(6), Lower),
    ("fx", Key::Exact, Lower),
    ("hh24", Key::Hour24, Lower),
    ("hh12", Key::Hour12, Lower),
    ("hh", Key::Hour12, Lower),
    ("iddd", Key::IsoDayOfYear, Lower),
    ("id", Key::IsoDayOfWeek, Lower),
    ("iw", Key::IsoWeek, Lower),
    ("iyyy", Key::IsoYear(4), Lower),
    ("iyy", Key::IsoYear(3), Lower),
    ("iy", Key::IsoYear(2), Lower),
    ("i", Key::IsoYear(1), Lower),
    ("j", Key::Julian, Lower),
    ("mi", Key::Minute, Lower),
    ("mm", Key::Month, Lower),
    ("month", Key::MonthName, Lower),
    ("mon", Key::MonthAbbrev, Lower),
    ("ms", Key::Millisecond, Lower),
    ("of", Key::Offset, Lower),
    ("p.m.", Key::Meridian, Lower),
    ("pm", Key::Meridian, Lower),
    ("q", Key::Quarter, Lower),
    ("rm", Key::RomanMonth, Lower),
    ("sssss", Key::SecondOfDay, Lower),
    ("ssss", Key::SecondOfDay, Lower),
    ("ss", Key::Second, Lower),
    ("tzh", Key::ZoneHour, Lower),
    ("tzm", Key::ZoneMinute, Lower),
    ("tz", Key::Zone, Lower),
    ("us", Key::Microsecond, Lower),
    ("ww", Key::WeekOfYear, Lower),
    ("w", Key::WeekOfMonth, Lower),
    ("y,yyy", Key::YearComma, Lower),
    ("yyyy", Key::Year(4), Lower),
    ("yyy", Key::Year(3), Lower),
    ("yy", Key::Year(2), Lower),
    ("y", Key::Year(1), Lower),
];

fn is_separator(c: char) -> bool {
    c.is_ascii_graphic() && !c.is_ascii_alphanumeric()
}

/// Splits a template.
pub(super) fn parse(template: &str) -> Vec<Node> {
    split(template, false).0
}

/// Splits a template of the SQL standard, where only some characters separate fields: the offending
/// character otherwise.
pub(super) fn parse_standard(template: &str) -> Result<Vec<Node>, char> {
    match split(template, true) {
        (nodes, None) => Ok(nodes),
        (_, Some(c)) => Err(c),
    }
}

fn split(template: &str, standard: bool) -> (Vec<Node>, Option<char>) {
    let mut nodes = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let (mut fill_mode, mut localized) = (false, false);
        let mut body = rest;
        // Prefixes may stand in any number; one without a pattern is dropped.
        let mut prefixed = false;
        loop {
            if body.starts_with("FM") || body.starts_with("fm") {
                fill_mode = true;
            } else if body.starts_with("TM") || body.starts_with("tm") {
                localized = true;
            } else {
                break;
            }
            prefixed = true;
            body = &body[2..];
        }
        if prefixed {
            rest = body;
            if rest.is_empty() {
                break;
            }
        }
        if let Some((name, key, case)) = TABLE.iter().find(|(name, _, _)| body.starts_with(name)) {
            rest = &body[name.len()..];
            let mut ordinal = None;
            if let Some(tail) = rest.strip_prefix("TH") {
                (ordinal, rest) = (Some(Upper), tail);
            } else if let Some(tail) = rest.strip_prefix("th") {
                (ordinal, rest) = (Some(Lower), tail);
            } else if let Some(tail) = rest.strip_prefix("SP") {
                rest = tail;
            }
            nodes.push(Node::Pattern(Pattern {
                key: *key,
                name,
                case: *case,
                fill_mode,
                localized,
                ordinal,
            }));
            continue;
        }
        let mut chars = rest.chars();
        let Some(c) = chars.next() else { break };
        match c {
            c if standard && c != '"' => match c {
                ' ' => nodes.push(Node::Space(c)),
                '-' | '.' | '/' | ',' | '\'' | ':' | ';' => nodes.push(Node::Separator(c)),
                c => return (nodes, Some(c)),
            },
            '"' => {
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => nodes.extend(chars.next().map(Node::Char)),
                        c => nodes.push(Node::Char(c)),
                    }
                }
            }
            '\\' if chars.as_str().starts_with('"') => {
                chars.next();
                nodes.push(Node::Char('"'));
            }
            c if types::is_space(c) => nodes.push(Node::Space(c)),
            c if is_separator(c) => nodes.push(Node::Separator(c)),
            c => nodes.push(Node::Char(c)),
        }
        rest = chars.as_str();
    }
    (nodes, None)
}

/// Whether the pattern after `at` cannot be confused with digits of the one at `at`.
pub(super) fn next_is_separator(nodes: &[Node], at: usize) -> bool {
    if let Some(Node::Pattern(p)) = nodes.get(at) {
        if p.ordinal.is_some() {
            return true;
        }
    }
    match nodes.get(at + 1) {
        None => true,
        Some(Node::Pattern(next)) => !next.is_digits(),
        Some(Node::Char(c) | Node::Separator(c) | Node::Space(c)) => !c.is_ascii_digit(),
    }
}

/// st, nd, rd or th for a number.
pub(super) fn ordinal_suffix(digits: &str, case: Case) -> &'static str {
    let b = digits.as_bytes();
    let last = b.last().copied().unwrap_or(b'0');
    let teen = b.len() > 1 && b[b.len() - 2] == b'1';
    let suffix = match (teen, last) {
        (false, b'1') => ["ST", "st"],
        (false, b'2') => ["ND", "nd"],
        (false, b'3') => ["RD", "rd"],
        _ => ["TH", "th"],
    };
    suffix[usize::from(case == Lower)]
}

/// Names of months.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Names of days.
pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A word in the case a pattern asks for.
pub(super) fn cased(word: &str, case: Case) -> String {
    match case {
        Upper => word.to_uppercase(),
        Lower => word.to_lowercase(),
        Capital => word.to_string(),
    }
}
