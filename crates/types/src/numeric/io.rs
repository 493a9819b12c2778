//! Text and binary forms of numeric.
use super::*;
use crate::{binary::BinaryReader, invalid_syntax, is_space};

/// Text in, to the stored form; `typmod` -1 for none.
pub fn input(text: &str, typmod: i32) -> PgResult<Varlena> {
    apply_typmod(parse(text)?, typmod)?.encode()
}

/// Reads any numeric literal.
pub fn parse(text: &str) -> PgResult<Numeric> {
    let t = text.trim_matches(is_space);
    let (neg, body) = match t.as_bytes().first() {
        Some(b'-') => (true, &t[1..]),
        Some(b'+') => (false, &t[1..]),
        _ => (false, t),
    };
    let is = |word: &str| body.eq_ignore_ascii_case(word);
    if is("nan") && body.len() == t.len() {
        return Ok(NaN);
    }
    if is("infinity") || is("inf") {
        return Ok(if neg { NegInf } else { PosInf });
    }
    let radix = match body.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 10,
    };
    let parsed = match radix {
        10 => parse_decimal(neg, body.as_bytes())?,
        _ => parse_radix(neg, &body.as_bytes()[2..], radix)?,
    };
    match parsed {
        Some(n) if n.weight > WEIGHT_MAX || n.dscale > DSCALE_MAX => Err(overflow()),
        Some(n) => Ok(Finite(n)),
        None => Err(invalid_syntax("numeric", text)),
    }
}

fn parse_radix(neg: bool, b: &[u8], radix: u32) -> PgResult<Option<Num>> {
    let mut n = Num::zero();
    let mut pending = (0i64, 1i64);
    let mut prev_digit = true;
    for &c in b {
        if c == b'_' && prev_digit {
            prev_digit = false;
            continue;
        }
        let Some(d) = (c as char).to_digit(radix) else { return Ok(None) };
        prev_digit = true;
        pending = (pending.0 * i64::from(radix) + i64::from(d), pending.1 * i64::from(radix));
        if pending.1 > 1 << 56 {
            n = n.mul(&Num::from_i64(pending.1)).add(&Num::from_i64(pending.0));
            pending = (0, 1);
        }
        if n.weight > WEIGHT_MAX {
            return Err(overflow());
        }
    }
    if b.is_empty() || !prev_digit {
        return Ok(None);
    }
    n = n.mul(&Num::from_i64(pending.1)).add(&Num::from_i64(pending.0));
    Ok(Some(if neg { n.negate() } else { n }))
}

/// Digits, one point, an exponent; single underscores between digits.
fn parse_decimal(neg: bool, b: &[u8]) -> PgResult<Option<Num>> {
    let mut digits: SmallVec<[u8; 64]> = SmallVec::new();
    let (mut point, mut pos) = (None, 0);
    let mut seen = 0usize;
    while let Some(&c) = b.get(pos) {
        match c {
            b'0'..=b'9' => {
                digits.push(c - b'0');
                seen += 1;
            }
            b'.' if point.is_none() => point = Some(seen),
            b'_' => {
                let between = pos > 0
                    && b[pos - 1].is_ascii_digit()
                    && b.get(pos + 1).is_some_and(u8::is_ascii_digit);
                if !between {
                    return Ok(None);
                }
            }
            _ => break,
        }
        pos += 1;
    }
    if seen == 0 {
        return Ok(None);
    }
    let mut exponent = 0i64;
    if let Some(b'e' | b'E') = b.get(pos) {
        let tail = std::str::from_utf8(&b[pos + 1..]).unwrap_or("");
        let (exp_neg, tail) = match tail.as_bytes().first() {
            Some(b'-') => (true, &tail[1..]),
            Some(b'+') => (false, &tail[1..]),
            _ => (false, tail),
        };
        let bytes = tail.as_bytes();
        let valid = !tail.is_empty()
            && bytes.iter().enumerate().all(|(i, c)| {
                c.is_ascii_digit()
                    || *c == b'_'
                        && i > 0
                        && bytes[i - 1].is_ascii_digit()
                        && bytes.get(i + 1).is_some_and(u8::is_ascii_digit)
            });
        if !valid {
            return Ok(None);
        }
        for c in bytes.iter().filter(|c| **c != b'_') {
            exponent = (exponent * 10 + i64::from(c - b'0')).min(1 << 40);
        }
        if exponent >= i64::from(i32::MAX / 2) {
            return Err(overflow());
        }
        if exp_neg {
            exponent = -exponent;
        }
        pos = b.len();
    }
    if pos != b.len() {
        return Ok(None);
    }
    let int_len = point.unwrap_or(seen) as i64 + exponent;
    let dscale = (seen as i64 - int_len).max(0);
    if dscale > i64::from(DSCALE_MAX) && digits.iter().any(|d| *d != 0)
        || dscale > i64::from(DSCALE_MAX)
    {
        return Err(overflow());
    }
    Ok(Some(pack(neg, &digits, int_len, dscale as i32)))
}

/// Groups decimal digits, of which `int_len` stand before the point, into base 10000.
fn pack(neg: bool, digits: &[u8], int_len: i64, dscale: i32) -> Num {
    let lead = digits.iter().take_while(|d| **d == 0).count();
    let digits = &digits[lead..];
    if digits.is_empty() {
        return Num { dscale, ..Num::default() };
    }
    let int_len = int_len - lead as i64;
    let groups = int_len.div_euclid(4) + (int_len.rem_euclid(4) != 0) as i64;
    let pad = (groups * 4 - int_len) as usize;
    let mut out = Digits::new();
    let mut acc = 0u16;
    let mut filled = pad;
    for d in digits {
        acc = acc * 10 + u16::from(*d);
        filled += 1;
        if filled == 4 {
            out.push(acc);
            (acc, filled) = (0, 0);
        }
    }
    if filled > 0 {
        out.push(acc * 10u16.pow(4 - filled as u32));
    }
    Num::from_digits(neg, (groups - 1) as i32, dscale, out)
}

/// Text out of the stored form.
pub fn output(bytes: &[u8], out: &mut Vec<u8>) {
    let s = Stored::new(bytes);
    if s.is_special() {
        return output_special(&s.special(), out);
    }
    output_digits(s.neg(), s.weight, s.dscale(), s.ndigits(), |i| s.digit(i), out);
}

fn output_special(v: &Numeric, out: &mut Vec<u8>) {
    out.extend_from_slice(match v {
        PosInf => b"Infinity",
        NegInf => b"-Infinity",
        _ => b"NaN",
    });
}

fn output_digits(
    neg: bool,
    weight: i32,
    dscale: i32,
    ndigits: usize,
    digit: impl Fn(usize) -> u16,
    out: &mut Vec<u8>,
) {
    let at = |exponent: i32| match usize::try_from(weight - exponent) {
        Ok(i) if i < ndigits => digit(i),
        _ => 0,
    };
    let four = |d: u16| {
        [
            b'0' + (d / 1000) as u8,
            b'0' + (d / 100 % 10) as u8,
            b'0' + (d / 10 % 10) as u8,
            b'0' + (d % 10) as u8,
        ]
    };
    if neg {
        out.push(b'-');
    }
    if weight < 0 || ndigits == 0 {
        out.push(b'0');
    } else {
        out.extend_from_slice(itoa::Buffer::new().format(at(weight)).as_bytes());
        for exponent in (0..weight).rev() {
            out.extend_from_slice(&four(at(exponent)));
        }
    }
    if dscale > 0 {
        out.push(b'.');
        let mut left = dscale as usize;
        let mut exponent = -1;
        while left > 0 {
            let n = left.min(4);
            out.extend_from_slice(&four(at(exponent))[..n]);
            left -= n;
            exponent -= 1;
        }
    }
}

impl Num {
    /// Text out.
    pub fn output(&self, out: &mut Vec<u8>) {
        let shown = self.clone().rounded(self.dscale.max(0));
        output_digits(
            shown.neg,
            shown.weight,
            self.dscale.max(0),
            shown.digits.len(),
            |i| shown.digits[i],
            out,
        );
    }
}

impl std::fmt::Display for Num {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = Vec::new();
        self.output(&mut out);
        f.write_str(std::str::from_utf8(&out).unwrap_or(""))
    }
}

impl std::fmt::Display for Numeric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Finite(n) => n.fmt(f),
            NaN => f.write_str("NaN"),
            PosInf => f.write_str("Infinity"),
            NegInf => f.write_str("-Infinity"),
        }
    }
}

/// Binary in.
pub fn recv(buf: &[u8], typmod: i32) -> PgResult<Varlena> {
    let mut r = BinaryReader::new(buf);
    let (n, weight, sign, dscale) = (r.u16()?, r.i16()?, r.u16()?, r.u16()?);
    let value = match sign {
        0xc000 => NaN,
        0xd000 => PosInf,
        0xf000 => NegInf,
        0 | 0x4000 => {
            if dscale & !DSCALE_MASK != 0 {
                bail!(INVALID_BINARY_REPRESENTATION, "invalid scale in external \"numeric\" value");
            }
            let mut digits = Digits::new();
            for _ in 0..n {
                let d = r.u16()?;
                if u32::from(d) >= NBASE {
                    bail!(
                        INVALID_BINARY_REPRESENTATION,
                        "invalid digit in external \"numeric\" value"
                    );
                }
                digits.push(d);
            }
            let dscale = i32::from(dscale);
            let num = Num::from_digits(sign != 0, i32::from(weight), dscale, digits);
            Finite(num.truncated(dscale))
        }
        _ => bail!(INVALID_BINARY_REPRESENTATION, "invalid sign in external \"numeric\" value"),
    };
    apply_typmod(value, typmod)?.encode()
}

/// Binary out.
pub fn send(bytes: &[u8], out: &mut Vec<u8>) {
    let s = Stored::new(bytes);
    let (sign, dscale): (u16, u16) = if s.is_special() {
        match s.special() {
            // The scale is what these headers hold in its place in PostgreSQL's storage.
            PosInf => (0xd000, 0x20),
            NegInf => (0xf000, 0x20),
            _ => (0xc000, 0),
        }
    } else {
        (if s.neg() { 0x4000 } else { 0 }, s.dscale() as u16)
    };
    out.extend_from_slice(&(s.ndigits() as u16).to_be_bytes());
    out.extend_from_slice(&(s.weight as i16).to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&dscale.to_be_bytes());
    for i in 0..s.ndigits() {
        out.extend_from_slice(&s.digit(i).to_be_bytes());
    }
}
