//! Splits date and time text into fields and knows the words in it.
use error::{PgError, PgResult, err};

/// Kind of a field, judged by its characters alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Number,
    String,
    Date,
    Time,
    Zone,
    Special,
}

/// A field in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub kind: FieldKind,
    pub text: String,
}

/// Why text is no date or time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    BadFormat,
    FieldOverflow,
    /// Month or day out of range: perhaps DateStyle is to blame.
    MonthDayOverflow,
    IntervalOverflow,
    ZoneOverflow,
    BadZone(String),
}

impl Fault {
    /// The error for `text` as input of `type_name`.
    pub(crate) fn error(self, type_name: &str, text: &str) -> PgError {
        match self {
            Fault::BadFormat => err!(
                INVALID_DATETIME_FORMAT,
                "invalid input syntax for type {type_name}: \"{text}\""
            ),
            Fault::FieldOverflow => {
                err!(DATETIME_FIELD_OVERFLOW, "date/time field value out of range: \"{text}\"")
            }
            Fault::MonthDayOverflow => {
                err!(DATETIME_FIELD_OVERFLOW, "date/time field value out of range: \"{text}\"")
                    .hint("Perhaps you need a different \"DateStyle\" setting.")
            }
            Fault::IntervalOverflow => {
                err!(INTERVAL_FIELD_OVERFLOW, "interval field value out of range: \"{text}\"")
            }
            Fault::ZoneOverflow => err!(
                INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
                "time zone displacement out of range: \"{text}\""
            ),
            Fault::BadZone(zone) => {
                err!(INVALID_PARAMETER_VALUE, "time zone \"{zone}\" not recognized")
            }
        }
    }
}

pub(crate) type Parsed<T> = Result<T, Fault>;

/// Splits text into at most 25 fields.
pub(crate) fn split(text: &str) -> Parsed<Vec<Field>> {
    let b = text.as_bytes();
    let mut fields: Vec<Field> = Vec::new();
    let mut pos = 0;
    let run = |from: usize, ok: &dyn Fn(u8) -> bool| {
        from + b[from.min(b.len())..].iter().take_while(|c| ok(**c)).count()
    };
    while pos < b.len() {
        let c = b[pos];
        if crate::is_space(c as char) {
            pos += 1;
            continue;
        }
        let start = pos;
        let mut prefix = String::new();
        let mut body = start;
        let kind;
        if c.is_ascii_digit() {
            (kind, pos) = scan_number(b, start);
        } else if c == b'.' {
            pos = run(pos + 1, &|c| c.is_ascii_digit());
            kind = FieldKind::Number;
        } else if c.is_ascii_alphabetic() {
            pos = run(pos, &|c| c.is_ascii_alphabetic());
            let word = text[start..pos].to_ascii_lowercase();
            let is_date = match b.get(pos) {
                Some(b'-' | b'/' | b'.') => true,
                Some(b'+' | b'0'..=b'9') => lookup_word(&word).is_none(),
                _ => false,
            };
            if is_date {
                pos = run(pos, &|c| c.is_ascii_alphanumeric() || b"+-/_.:".contains(&c));
                kind = FieldKind::Date;
            } else {
                kind = FieldKind::String;
            }
        } else if c == b'+' || c == b'-' {
            prefix.push(c as char);
            body = run(pos + 1, &|c| crate::is_space(c as char));
            match b.get(body) {
                Some(d) if d.is_ascii_digit() || *d == b'.' => {
                    pos = run(body, &|c| c.is_ascii_digit() || b":.-".contains(&c));
                    kind = FieldKind::Zone;
                }
                Some(d) if d.is_ascii_alphabetic() => {
                    pos = run(body, &|c| c.is_ascii_alphabetic());
                    kind = FieldKind::Special;
                }
                _ => return Err(Fault::BadFormat),
            }
        } else if c.is_ascii_punctuation() {
            pos += 1;
            continue;
        } else {
            return Err(Fault::BadFormat);
        }
        if fields.len() >= 25 {
            return Err(Fault::BadFormat);
        }
        prefix.push_str(&text[body..pos].to_ascii_lowercase());
        fields.push(Field { kind, text: prefix });
    }
    Ok(fields)
}

/// A field that starts with a digit: a time has colons, a date has its separators.
fn scan_number(b: &[u8], start: usize) -> (FieldKind, usize) {
    let run = |from: usize, ok: &dyn Fn(u8) -> bool| {
        from + b[from..].iter().take_while(|c| ok(**c)).count()
    };
    let mut pos = run(start, &|c| c.is_ascii_digit());
    match b.get(pos) {
        Some(b':') => {
            pos = run(pos, &|c| c.is_ascii_digit() || c == b':' || c == b'.');
            (FieldKind::Time, pos)
        }
        Some(&sep @ (b'-' | b'/' | b'.')) => {
            pos += 1;
            if b.get(pos).is_some_and(u8::is_ascii_digit) {
                let mut kind = if sep == b'.' { FieldKind::Number } else { FieldKind::Date };
                pos = run(pos, &|c| c.is_ascii_digit());
                if b.get(pos) == Some(&sep) {
                    kind = FieldKind::Date;
                    pos = run(pos, &|c| c.is_ascii_digit() || c == sep);
                }
                (kind, pos)
            } else {
                let end = run(pos, &|c| c.is_ascii_alphanumeric() || c == sep);
                // A number may end in a point: "5." is 5.
                let kind =
                    if sep == b'.' && end == pos { FieldKind::Number } else { FieldKind::Date };
                (kind, end)
            }
        }
        _ => (FieldKind::Number, pos),
    }
}

/// Words of dates and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Month(i32),
    Weekday,
    Am,
    Pm,
    Ad,
    Bc,
    Ignore,
    /// `j`, `jd`, `julian`
    Julian,
    IsoTime,
    Dst,
    Now,
    Today,
    Tomorrow,
    Yesterday,
    AllBalls,
    Epoch,
    Infinity,
    NegInfinity,
    /// Units that mean something to `extract` only.
    Unit,
}

pub(crate) fn lookup_word(word: &str) -> Option<Word> {
    use Word::*;
    Some(match &word[..word.len().min(10)] {
        "-infinity" => NegInfinity,
        "ad" => Ad,
        "allballs" => AllBalls,
        "am" => Am,
        "apr" | "april" => Month(4),
        "at" | "on" => Ignore,
        "aug" | "august" => Month(8),
        "bc" => Bc,
        "dec" | "december" => Month(12),
        "dst" => Dst,
        "epoch" => Epoch,
        "feb" | "february" => Month(2),
        "fri" | "friday" | "mon" | "monday" | "sat" | "saturday" | "sun" | "sunday" | "thu"
        | "thur" | "thurs" | "thursday" | "tue" | "tues" | "tuesday" | "wed" | "wednesday"
        | "weds" => Weekday,
        "infinity" | "+infinity" => Infinity,
        "j" | "jd" | "julian" => Julian,
        "jan" | "january" => Month(1),
        "jul" | "july" => Month(7),
        "jun" | "june" => Month(6),
        "mar" | "march" => Month(3),
        "may" => Month(5),
        "nov" | "november" => Month(11),
        "now" => Now,
        "oct" | "october" => Month(10),
        "pm" => Pm,
        "sep" | "sept" | "september" => Month(9),
        "t" => IsoTime,
        "today" => Today,
        "tomorrow" => Tomorrow,
        "yesterday" => Yesterday,
        "d" | "dow" | "doy" | "h" | "isodow" | "isoyear" | "m" | "mm" | "s" | "y" => Unit,
        _ => return None,
    })
}

/// The fraction after a decimal point, rounded to microseconds; `text` starts with the point.
pub(crate) fn fraction_usecs(text: &str) -> Parsed<i32> {
    Ok((fraction(text)? * 1e6).round_ties_even() as i32)
}

/// The value of `.digits`.
pub(crate) fn fraction(text: &str) -> Parsed<f64> {
    match text.as_bytes() {
        [b'.'] => Ok(0.0),
        [b'.', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            format!("0{text}").parse().map_err(|_| Fault::BadFormat)
        }
        _ => Err(Fault::BadFormat),
    }
}

/// Leading digits (and sign) as a number, and the rest.
pub(crate) fn leading_int(text: &str) -> Parsed<(i64, &str)> {
    let b = text.as_bytes();
    let sign = matches!(b.first(), Some(b'-' | b'+')) as usize;
    let n = sign + b[sign..].iter().take_while(|c| c.is_ascii_digit()).count();
    if n == sign {
        return Err(Fault::BadFormat);
    }
    let v = text[..n].parse().map_err(|_| Fault::FieldOverflow)?;
    Ok((v, &text[n..]))
}

/// [`leading_int`] that fits an int4.
pub(crate) fn leading_i32(text: &str) -> Parsed<(i32, &str)> {
    let (v, rest) = leading_int(text)?;
    Ok((i32::try_from(v).map_err(|_| Fault::FieldOverflow)?, rest))
}

/// Hours, minutes, seconds and microseconds of `h:m[:s[.f]]`; `mm:ss[.f]` if there is a fraction
/// after two fields, or if `two_are_minutes`.
pub(crate) fn clock(text: &str, two_are_minutes: bool) -> Parsed<(i64, i32, i32, i32)> {
    let (a, rest) = leading_int(text)?;
    let rest = rest.strip_prefix(':').ok_or(Fault::BadFormat)?;
    let (b, rest) = leading_i32(rest)?;
    let (h, m, s, f) = if rest.is_empty() {
        if two_are_minutes { (0, a, b, 0) } else { (a, i64::from(b), 0, 0) }
    } else if rest.starts_with('.') {
        (0, a, b, fraction_usecs(rest)?)
    } else {
        let (s, rest) = leading_i32(rest.strip_prefix(':').ok_or(Fault::BadFormat)?)?;
        let f = if rest.is_empty() { 0 } else { fraction_usecs(rest)? };
        (a, i64::from(b), s, f)
    };
    if h < 0 || !(0..60).contains(&m) || !(0..=60).contains(&s) || f > 1_000_000 {
        return Err(Fault::FieldOverflow);
    }
    Ok((h, m as i32, s, f))
}

/// Offset east of UTC in seconds of `±hh[:mm[:ss]]` or `±hhmm`.
pub(crate) fn zone_offset(text: &str) -> Parsed<i32> {
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(Fault::BadFormat),
    };
    // A part without digits counts for 0: "+1:" and "+10:00:" are offsets.
    let part = |text: &'_ str| -> Parsed<(i32, usize)> {
        let start = text.len() - text.trim_start_matches(crate::is_space).len();
        let body = &text[start..];
        let sign = usize::from(body.starts_with(['+', '-']));
        let digits = body[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Ok((0, 0));
        }
        let value = body[..sign + digits].parse().map_err(|_| Fault::ZoneOverflow)?;
        Ok((value, start + sign + digits))
    };
    let (mut h, used) = part(&text[1..])?;
    let mut rest = &text[1 + used..];
    let (mut m, mut s) = (0, 0);
    if let Some(r) = rest.strip_prefix(':') {
        let (minutes, used) = part(r)?;
        (m, rest) = (minutes, &r[used..]);
        if let Some(r) = rest.strip_prefix(':') {
            let (seconds, used) = part(r)?;
            (s, rest) = (seconds, &r[used..]);
        }
    } else if rest.is_empty() && text.len() > 3 {
        // Three characters and more without a colon end in minutes: "+530", "+0530".
        (h, m) = (h / 100, h % 100);
    }
    if !(0..=15).contains(&h) || !(0..60).contains(&m) || !(0..60).contains(&s) {
        return Err(Fault::ZoneOverflow);
    }
    if !rest.is_empty() {
        return Err(Fault::BadFormat);
    }
    Ok(sign * ((h * 60 + m) * 60 + s))
}

/// Turns a [`Fault`] into the error for this input.
pub(crate) fn reported<T>(result: Parsed<T>, type_name: &str, text: &str) -> PgResult<T> {
    result.map_err(|fault| fault.error(type_name, text))
}
