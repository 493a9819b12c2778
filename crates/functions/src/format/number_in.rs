//! to_number.
#![allow(clippy::collapsible_match, reason = "arms read as what a pattern does")]
use super::number_pattern::{Key, Node, Template};
use super::roman;
use error::{PgResult, bail, err};
use fmgr::Registry;
use types::{Datum, Varlena, numeric};

struct Reader<'a> {
    t: &'a Template,
    rest: &'a str,
    number: String,
    negative: bool,
    sign_seen: bool,
    angle_open: bool,
    before: usize,
    after: usize,
    point: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// A sign or opening bracket ahead of digits.
    fn leading(&mut self) {
        if self.sign_seen || self.before + self.after > 0 {
            return;
        }
        match self.peek() {
            Some('<') if self.t.angle => {
                self.bump();
                (self.negative, self.sign_seen, self.angle_open) = (true, true, true);
            }
            Some('-') => {
                self.bump();
                (self.negative, self.sign_seen) = (true, true);
            }
            Some('+') => {
                self.bump();
                self.sign_seen = true;
            }
            _ => {}
        }
    }

    /// A place for a digit or the point; whatever stands there is consumed.
    fn digit(&mut self) {
        if self.peek() == Some(' ') {
            self.bump();
        }
        self.leading();
        let mut read = false;
        match self.peek() {
            Some(c) if c.is_ascii_digit() => {
                if self.point && self.after >= self.t.post {
                    return;
                }
                self.number.push(c);
                read = true;
                if self.point {
                    self.after += 1;
                } else {
                    self.before += 1;
                }
            }
            Some('.') if self.t.decimal && !self.point => {
                self.point = true;
                self.number.push('.');
                read = true;
            }
            Some(sign @ ('-' | '+')) if (self.t.minus || self.t.plus) && !self.sign_seen => {
                (self.negative, self.sign_seen) = (sign == '-', true);
            }
            None => return,
            _ => {}
        }
        self.bump();
        // A sign right behind the digits belongs to them if the template has one.
        if read && self.t.locale_sign && !self.sign_seen {
            if let Some(sign @ ('-' | '+')) = self.peek() {
                self.bump();
                (self.negative, self.sign_seen) = (sign == '-', true);
            }
        }
    }

    fn pattern(&mut self, key: Key) {
        match key {
            Key::Nine | Key::Zero | Key::Point | Key::LocalPoint => self.digit(),
            Key::Comma | Key::Group => {
                if self.peek() == Some(',') {
                    self.bump();
                }
            }
            Key::Currency => {
                // Anything that cannot belong to the number.
                if self.peek().is_some_and(|c| !"0123456789.,+-".contains(c)) {
                    self.bump();
                }
            }
            Key::Minus | Key::Plus | Key::SignGroup | Key::Sign => match self.peek() {
                Some('-') if !self.sign_seen => {
                    self.bump();
                    (self.negative, self.sign_seen) = (true, true);
                }
                Some('+') if !self.sign_seen => {
                    self.bump();
                    self.sign_seen = true;
                }
                Some(' ') if key != Key::Sign => {
                    self.bump();
                }
                _ => {}
            },
            Key::Angle => {
                if self.angle_open && self.peek() == Some('>') {
                    self.bump();
                }
            }
            Key::UpperOrdinal | Key::LowerOrdinal => {
                for _ in 0..2 {
                    if self.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
                        self.bump();
                    }
                }
            }
            _ => {}
        }
    }
}

fn to_number(text: &str, template: &str) -> PgResult<Varlena> {
    let t = Template::parse(template)?;
    if t.exponent {
        bail!(FEATURE_NOT_SUPPORTED, "\"EEEE\" not supported for input");
    }
    if text.is_empty() {
        return Err(types::invalid_syntax("numeric", " "));
    }
    if t.roman {
        let trimmed = text.trim_start_matches(types::is_space);
        let found = roman::decode(trimmed).filter(|(_, used)| {
            trimmed[*used..].trim_start_matches(types::is_space).is_empty() || *used > 0
        });
        return match found {
            Some((n, _)) => Ok(numeric::from_i64(i64::from(n))),
            None => Err(err!(INVALID_TEXT_REPRESENTATION, "invalid Roman numeral")),
        };
    }
    let mut r = Reader {
        t: &t,
        rest: text,
        number: String::new(),
        negative: false,
        sign_seen: false,
        angle_open: false,
        before: 0,
        after: 0,
        point: false,
    };
    for node in &t.nodes {
        if r.rest.is_empty() {
            break;
        }
        match node {
            Node::Pattern(key) => r.pattern(*key),
            // A literal matches any one character.
            Node::Char(_) => {
                r.bump();
            }
        }
    }
    // A sign may follow the number.
    if !r.sign_seen && (t.locale_sign || t.minus || t.plus) {
        r.negative |= r.rest.starts_with('-');
    }
    let mut number = String::new();
    if r.negative {
        number.push('-');
    }
    number.push_str(&r.number);
    if r.number.is_empty() || r.number == "." {
        return Err(types::invalid_syntax("numeric", if r.negative { "-" } else { " " }));
    }
    let value = numeric::input(&number, -1)?;
    if t.multi {
        let shift = numeric::from_i64(-(t.shift as i64));
        return numeric::mul(&value, &numeric::power(&numeric::from_i64(10), &shift)?);
    }
    Ok(value)
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("numeric_to_number", |_cx, a| {
        if a[1].as_bytes().is_empty() {
            return Ok(Datum::Null);
        }
        to_number(a[0].as_str(), a[1].as_str()).map(Datum::Bytes)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_postgresql() {
        let mut wrong = Vec::new();
        for line in include_str!("../../testdata/to_number.tsv").lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [value, template, want] = columns[..] else { panic!("{line}") };
            let got = match to_number(value, template) {
                Ok(v) => {
                    let mut out = Vec::new();
                    numeric::output(&v, &mut out);
                    String::from_utf8(out).unwrap()
                }
                Err(e) => format!("!{}", e.message()),
            };
            if got != want {
                wrong.push(format!("{value} {template:?}: want {want:?}, got {got:?}"));
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}
