//! to_char of numbers.
#![allow(clippy::collapsible_match, reason = "arms read as what a pattern does")]
use super::date_pattern::{Case, ordinal_suffix};
use super::number_pattern::{Key, Node, SignPlace, Template};
use super::roman;
use error::PgResult;
use fmgr::Registry;
use types::{
    Datum,
    numeric::{self, Num, Numeric},
};

/// A number ready to be laid out: digits with a point if the template has one.
struct Digits {
    negative: bool,
    text: String,
    /// Positions of the template before the first digit.
    lead: usize,
}

/// Puts a number into the template's width; one too large becomes `#`.
fn fit(t: &Template, negative: bool, text: String) -> Digits {
    let len = text.find('.').unwrap_or(text.len());
    if len > t.pre {
        let mut text = "#".repeat(t.pre);
        text.push('.');
        text.push_str(&"#".repeat(t.post));
        return Digits { negative, text, lead: 0 };
    }
    Digits { negative, text, lead: t.pre - len }
}

/// Writes digits by a template, one position after the other.
struct Layout<'a> {
    t: &'a Template,
    d: &'a Digits,
    out: String,
    sign_done: bool,
    /// Position in the template's digits, and in the number's text.
    at: usize,
    pos: usize,
    /// Last character worth showing (fill mode drops zeros after the point).
    last_relevant: Option<usize>,
    /// Position after which a trailing sign goes.
    count: usize,
    angle: bool,
    /// A digit has been written at this position.
    wrote_digit: bool,
}

impl<'a> Layout<'a> {
    fn new(t: &'a Template, d: &'a Digits) -> Self {
        let positive = !d.negative;
        let (sign_done, angle) = if t.plus || t.minus {
            (!t.plus || t.minus, t.angle)
        } else {
            let angle = t.angle && !(positive && t.fill_mode);
            (positive && t.fill_mode && !t.locale_sign, angle)
        };
        let mut count = (t.post + t.pre).saturating_sub(1);
        if !sign_done && d.lead == 0 {
            count += 1;
        }
        let last_relevant = if t.fill_mode && t.decimal { relevant_end(t, d) } else { None };
        Layout {
            t,
            d,
            out: String::new(),
            sign_done,
            at: 0,
            pos: 0,
            last_relevant,
            count,
            angle,
            wrote_digit: false,
        }
    }

    fn char_at(&self, pos: usize) -> Option<u8> {
        self.d.text.as_bytes().get(pos).copied()
    }

    fn ends_at_point(&self) -> bool {
        self.last_relevant.and_then(|at| self.char_at(at)) == Some(b'.')
    }

    /// A lone zero before the point is not shown: 9.9 gives " .1".
    fn hides_zero(&self) -> bool {
        !self.t.zero && self.pos == 0 && self.char_at(0) == Some(b'0') && self.t.post != 0
    }

    fn sign_text(&self) -> char {
        if self.d.negative { '-' } else { '+' }
    }

    fn leading_sign(&mut self) {
        let number_starts = self.at >= self.d.lead || self.t.zero && self.t.zero_start == self.at;
        if self.sign_done || !number_starts || self.hides_zero() && !self.ends_at_point() {
            return;
        }
        if self.t.locale_sign {
            if self.t.sign == SignPlace::Before {
                self.out.push(self.sign_text());
                self.sign_done = true;
            }
        } else if self.angle {
            self.out.push(if self.d.negative { '<' } else { ' ' });
            self.sign_done = true;
        } else if self.d.negative {
            self.out.push('-');
            self.sign_done = true;
        } else {
            if !self.t.fill_mode {
                self.out.push(' ');
            }
            self.sign_done = true;
        }
    }

    fn digit(&mut self, key: Key) {
        self.wrote_digit = false;
        self.leading_sign();
        let forced = self.t.zero && self.t.zero_start <= self.at;
        if self.at < self.d.lead {
            if forced {
                self.out.push('0');
                self.wrote_digit = true;
            } else if !self.t.fill_mode {
                self.out.push(' ');
            }
        } else {
            self.number_char(key);
            if self.pos < self.d.text.len() {
                self.pos += 1;
            }
        }
        self.trailing_sign();
        self.at += 1;
    }

    fn number_char(&mut self, key: Key) {
        match self.char_at(self.pos) {
            Some(b'.') => {
                let shown = !self.ends_at_point() || self.t.fill_mode;
                self.out.push_str(if shown { "." } else { "" });
            }
            Some(c) => {
                let dropped = self.last_relevant.is_some_and(|last| self.pos > last);
                if dropped && key != Key::Zero {
                    return;
                }
                if self.hides_zero() {
                    if !self.t.fill_mode {
                        self.out.push(' ');
                    } else if self.ends_at_point() {
                        self.out.push('0');
                    }
                } else {
                    self.out.push(c as char);
                    self.wrote_digit = true;
                }
            }
            None => {}
        }
    }

    fn trailing_sign(&mut self) {
        let mut end = self.count + usize::from(self.d.lead > 0) + usize::from(self.t.decimal);
        if self.last_relevant == Some(self.pos) {
            end = self.at;
        }
        if self.at + 1 != end {
            return;
        }
        if self.sign_done && self.angle {
            self.out.push(if self.d.negative { '>' } else { ' ' });
        } else if self.t.locale_sign && self.t.sign == SignPlace::After {
            self.out.push(self.sign_text());
        }
    }

    fn pattern(&mut self, key: Key) {
        match key {
            Key::Nine | Key::Zero | Key::Point | Key::LocalPoint => self.digit(key),
            Key::Comma | Key::Group => {
                if self.wrote_digit {
                    self.out.push(',');
                } else if !self.t.fill_mode {
                    self.out.push(' ');
                }
            }
            // The C locale has no currency symbol.
            Key::Currency => self.out.push(' '),
            Key::UpperOrdinal | Key::LowerOrdinal => {
                if !self.d.text.starts_with('#') && !self.d.negative && !self.t.decimal {
                    let case = if key == Key::UpperOrdinal { Case::Upper } else { Case::Lower };
                    self.out.push_str(ordinal_suffix(&self.d.text, case));
                }
            }
            Key::Minus if self.d.negative => self.out.push('-'),
            Key::Plus if !self.d.negative => self.out.push('+'),
            Key::Minus | Key::Plus => {
                if !self.t.fill_mode {
                    self.out.push(' ');
                }
            }
            Key::SignGroup => self.out.push(self.sign_text()),
            _ => {}
        }
    }
}

/// Index of the last character that fill mode keeps: the last digit that is not a zero, or the point,
/// but no fewer than the template's zeros ask for.
fn relevant_end(t: &Template, d: &Digits) -> Option<usize> {
    let b = d.text.as_bytes();
    let point = d.text.find('.')?;
    let mut last = (point + 1..b.len()).rev().find(|i| b[*i] != b'0').unwrap_or(point);
    if t.zero_end > d.lead {
        last = last.max((b.len() - 1).min(t.zero_end - d.lead));
    }
    Some(last)
}

fn lay_out(t: &Template, d: &Digits) -> String {
    let mut layout = Layout::new(t, d);
    for node in &t.nodes {
        match node {
            Node::Pattern(key) => layout.pattern(*key),
            Node::Char(c) => layout.out.push(*c),
        }
    }
    layout.out
}

/// Roman numerals take fifteen places.
fn roman_text(t: &Template, n: Option<i32>) -> String {
    let text = n.and_then(roman::encode).unwrap_or_else(|| "#".repeat(15));
    let text = match t.nodes.contains(&Node::Pattern(Key::LowerRoman)) {
        true => text.to_lowercase(),
        false => text,
    };
    let mut out = String::new();
    for node in &t.nodes {
        match node {
            Node::Pattern(Key::Roman | Key::LowerRoman) if t.fill_mode => out.push_str(&text),
            Node::Pattern(Key::Roman | Key::LowerRoman) => out.push_str(&format!("{text:>15}")),
            Node::Char(c) => out.push(*c),
            _ => {}
        }
    }
    out
}

/// `d.ddde+dd` with a blank for the plus.
fn exponent_text(t: &Template, value: &Numeric) -> String {
    let Numeric::Finite(v) = value else {
        // Not a number has no digits to show.
        let dots = if t.decimal { "." } else { "" };
        return format!(" {}{dots}{}", "#".repeat(t.pre), "#".repeat(t.post + 4));
    };
    let (mantissa, exponent) = scientific(v, t.post);
    let sign = if mantissa.starts_with('-') { "" } else { " " };
    let esign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{mantissa}e{esign}{:02}", exponent.abs())
}

fn scientific(v: &Num, digits: usize) -> (String, i32) {
    if v.is_zero() {
        return (Num::zero().with_dscale(digits as i32).to_string(), 0);
    }
    let ten = |n: i32| match numeric::parse(&format!("1e{n}")) {
        Ok(Numeric::Finite(p)) => p,
        _ => Num::from_i64(1),
    };
    let whole = v.clone().abs().truncated(0);
    let mut exponent = if whole.is_zero() {
        // Count the zeros after the point.
        let text = v.clone().abs().with_dscale(v.min_scale()).to_string();
        -(text.trim_start_matches("0.").chars().take_while(|c| *c == '0').count() as i32) - 1
    } else {
        whole.with_dscale(0).to_string().len() as i32 - 1
    };
    let scaled = |e: i32| {
        let m =
            if e >= 0 { v.div_scale(&ten(e), digits as i32 + 2, false) } else { v.mul(&ten(-e)) };
        // Dividing exactly once keeps the rounding right.
        if e >= 0 { v.div_scale(&ten(e), digits as i32, true) } else { m.rounded(digits as i32) }
    };
    let mut mantissa = scaled(exponent);
    if mantissa.clone().abs().compare(&Num::from_i64(10)).is_ge() {
        exponent += 1;
        mantissa = scaled(exponent);
    }
    (mantissa.to_string(), exponent)
}

fn to_char_numeric(template: &str, value: &Numeric) -> PgResult<String> {
    let mut t = Template::parse(template)?;
    if t.roman {
        let n = match value {
            Numeric::Finite(v) => v.to_i128().and_then(|v| i32::try_from(v).ok()),
            _ => None,
        };
        return Ok(roman_text(&t, n));
    }
    if t.exponent {
        return Ok(exponent_text(&t, value));
    }
    let digits = match value {
        Numeric::Finite(v) => {
            let mut v = v.clone();
            if t.multi {
                v = shifted(&v, t.shift);
                t.pre += t.shift;
            }
            let v = v.rounded(t.post as i32);
            // A value that rounds to zero keeps no sign.
            let text = v.clone().abs().to_string();
            fit(&t, v.neg, text)
        }
        Numeric::NaN => fit(&t, false, "NaN".to_string()),
        Numeric::PosInf => fit(&t, false, "Infinity".to_string()),
        Numeric::NegInf => fit(&t, true, "Infinity".to_string()),
    };
    Ok(lay_out(&t, &digits))
}

fn shifted(v: &Num, by: usize) -> Num {
    match numeric::parse(&format!("1e{by}")) {
        Ok(Numeric::Finite(power)) => v.mul(&power),
        _ => v.clone(),
    }
}

/// Floats show as many digits as they hold; more than that are zeros the template does not get.
fn to_char_float(template: &str, v: f64, holds: usize) -> PgResult<String> {
    let mut t = Template::parse(template)?;
    if t.roman {
        let rounded = v.round_ties_even();
        let n = (rounded.abs() < 1e9).then_some(rounded as i32);
        return Ok(roman_text(&t, n));
    }
    if t.exponent {
        if !v.is_finite() {
            return Ok(exponent_text(&t, &Numeric::NaN));
        }
        let text = format!("{v:.*e}", t.post);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if mantissa.starts_with('-') { "" } else { " " };
        let esign = if exponent < 0 { '-' } else { '+' };
        return Ok(format!("{sign}{mantissa}e{esign}{:02}", exponent.abs()));
    }
    let mut v = v;
    if t.multi {
        v *= 10f64.powi(t.shift as i32);
        t.pre += t.shift;
    }
    if !v.is_finite() {
        if v.is_infinite() && "Infinity".len() >= holds {
            t.post = 0;
        }
        let text = if v.is_nan() { "NaN" } else { "Infinity" };
        return Ok(lay_out(&t, &fit(&t, v < 0.0, text.to_string())));
    }
    let whole = format!("{:.0}", v.abs()).len();
    let post = if whole >= holds { 0 } else { t.post.min(holds - whole) };
    t.post = post;
    let text = format!("{:.*}", post, v.abs());
    Ok(lay_out(&t, &fit(&t, v < 0.0, text)))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("numeric_to_char", |_cx, a| {
        let text = to_char_numeric(a[1].as_str(), &Numeric::decode(a[0].as_bytes()))?;
        Ok(Datum::text(&text))
    });
    r.scalar("int4_to_char", |_cx, a| {
        let v = Numeric::Finite(Num::from_i64(i64::from(a[0].as_i32())));
        Ok(Datum::text(&to_char_numeric(a[1].as_str(), &v)?))
    });
    r.scalar("int8_to_char", |_cx, a| {
        let v = Numeric::Finite(Num::from_i64(a[0].as_i64()));
        Ok(Datum::text(&to_char_numeric(a[1].as_str(), &v)?))
    });
    r.scalar("float4_to_char", |_cx, a| {
        Ok(Datum::text(&to_char_float(a[1].as_str(), f64::from(a[0].as_f32()), 6)?))
    });
    r.scalar("float8_to_char", |_cx, a| {
        Ok(Datum::text(&to_char_float(a[1].as_str(), a[0].as_f64(), 15)?))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_postgresql() {
        let mut wrong = Vec::new();
        for line in include_str!("../../testdata/to_char_number.tsv").lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [value, template, want] = columns[..] else { panic!("{line}") };
            let got = match to_char_numeric(template, &numeric::parse(value).unwrap()) {
                Ok(text) => text,
                Err(e) => format!("!{}", e.message()),
            };
            if got != want {
                wrong.push(format!("{value} {template:?}: want {want:?}, got {got:?}"));
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}
