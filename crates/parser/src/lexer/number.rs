//! Numeric literals and parameters.
use super::class::{IDENT_CONT, IDENT_START, is};
use super::{Lexer, NO_VALUE};
use crate::token::Tok;
use error::PgResult;

/// End of the digits, single underscores between them, that begin at `pos`; `pos` if none.
fn digits(bytes: &[u8], mut pos: usize, is_digit: fn(u8) -> bool) -> usize {
    let digit_at = |p: usize| bytes.get(p).is_some_and(|&b| is_digit(b));
    if !digit_at(pos) {
        return pos;
    }
    loop {
        if digit_at(pos) {
            pos += 1;
        } else if bytes.get(pos) == Some(&b'_') && digit_at(pos + 1) {
            pos += 2;
        } else {
            return pos;
        }
    }
}

fn decimal(b: u8) -> bool {
    b.is_ascii_digit()
}

fn octal(b: u8) -> bool {
    matches!(b, b'0'..=b'7')
}

fn binary(b: u8) -> bool {
    matches!(b, b'0' | b'1')
}

fn hexadecimal(b: u8) -> bool {
    b.is_ascii_hexdigit()
}

impl Lexer<'_> {
    pub(super) fn number(&mut self) -> PgResult<()> {
        let start = self.pos;
        if self.bytes[start] == b'0'
            && let Some(prefix) = self.peek(1)
        {
            match prefix {
                b'x' | b'X' => return self.based(16, hexadecimal, "invalid hexadecimal integer"),
                b'o' | b'O' => return self.based(8, octal, "invalid octal integer"),
                b'b' | b'B' => return self.based(2, binary, "invalid binary integer"),
                _ => {}
            }
        }
        let mut end = digits(self.bytes, start, decimal);
        let mut is_float = false;
        // `1..10` is a range, not `1.` and `.10`.
        if self.bytes.get(end) == Some(&b'.') && self.bytes.get(end + 1) != Some(&b'.') {
            is_float = true;
            end = digits(self.bytes, end + 1, decimal);
        }
        if matches!(self.bytes.get(end), Some(b'e' | b'E')) {
            let signed = matches!(self.bytes.get(end + 1), Some(b'+' | b'-'));
            let exponent = end + 1 + usize::from(signed);
            let exponent_end = digits(self.bytes, exponent, decimal);
            if exponent_end > exponent {
                is_float = true;
                end = exponent_end;
            } else if signed {
                return Err(self.error("trailing junk after numeric literal", start, exponent));
            }
        }
        self.reject_junk(start, end, "trailing junk after numeric literal")?;
        self.pos = end;
        if is_float {
            self.push(Tok::FConst, start);
        } else {
            self.integer(start, 10, &self.bytes[start..end]);
        }
        Ok(())
    }

    fn based(&mut self, base: u32, is_digit: fn(u8) -> bool, message: &str) -> PgResult<()> {
        let start = self.pos;
        let mut first = start + 2;
        if self.bytes.get(first) == Some(&b'_') {
            first += 1;
        }
        let end = digits(self.bytes, first, is_digit);
        if end == first {
            // `0x` and an identifier is junk after `0`; `0x` alone is a malformed integer.
            self.reject_junk(start, start + 2, message)?;
            return Err(self.error(message, start, first.min(self.bytes.len())));
        }
        self.reject_junk(start, end, "trailing junk after numeric literal")?;
        self.pos = end;
        self.integer(start, base, &self.bytes[first..end]);
        Ok(())
    }

    /// An identifier must not follow a number directly.
    fn reject_junk(&self, start: usize, end: usize, message: &str) -> PgResult<()> {
        if self.bytes.get(end).is_some_and(|&b| is(b, IDENT_START)) {
            let rest = &self.bytes[end..];
            let len = rest.iter().position(|&b| !is(b, IDENT_CONT)).unwrap_or(rest.len());
            let message = match message {
                "invalid hexadecimal integer"
                | "invalid octal integer"
                | "invalid binary integer" => "trailing junk after numeric literal",
                other => other,
            };
            return Err(self.error(message, start, end + len));
        }
        Ok(())
    }

    /// Pushes IConst, or FConst when the value does not fit.
    fn integer(&mut self, start: usize, base: u32, digits: &[u8]) {
        let mut value: u32 = 0;
        for &b in digits {
            if b == b'_' {
                continue;
            }
            let digit = (b as char).to_digit(base).unwrap_or(0);
            match value.checked_mul(base).and_then(|v| v.checked_add(digit)) {
                Some(v) if v <= i32::MAX as u32 => value = v,
                _ => return self.push_value(Tok::FConst, start, NO_VALUE),
            }
        }
        self.push_value(Tok::IConst, start, value);
    }

    pub(super) fn parameter(&mut self) -> PgResult<()> {
        let start = self.pos;
        let rest = &self.bytes[start + 1..];
        let len = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        let end = start + 1 + len;
        self.reject_junk(start, end, "trailing junk after parameter")?;
        match self.source[start + 1..end].parse::<i32>() {
            Ok(number) => {
                self.pos = end;
                self.push_value(Tok::Param, start, number as u32);
                Ok(())
            }
            Err(_) => Err(self.error("parameter number too large", start, end)),
        }
    }
}

/// The text of a number as other code reads it: no underscores, decimal.
pub(crate) fn float_text(text: &str) -> String {
    let bytes = text.as_bytes();
    let base = match bytes {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ if !bytes.contains(&b'_') => return text.to_owned(),
        _ => return text.chars().filter(|&c| c != '_').collect(),
    };
    // Schoolbook conversion, least significant decimal digit first.
    let mut out: Vec<u8> = vec![0];
    for c in text[2..].chars().filter(|&c| c != '_') {
        let mut carry = c.to_digit(base).unwrap_or(0);
        for d in &mut out {
            carry += u32::from(*d) * base;
            *d = (carry % 10) as u8;
            carry /= 10;
        }
        while carry > 0 {
            out.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    out.iter().rev().map(|d| char::from(b'0' + d)).collect()
}
