//! float4 and float8.
use crate::{binary::BinaryReader, hash, is_space};
use error::{PgError, PgResult, err};
use std::{cmp::Ordering, io::Write as _};

/// Finds the longest prefix of `text` that C's `strtod` would take; returns its value and length.
fn parse_prefix(text: &str) -> Option<(f64, usize)> {
    let b = text.as_bytes();
    let mut pos = 0;
    let neg = match b.first() {
        Some(b'-') => {
            pos = 1;
            true
        }
        Some(b'+') => {
            pos = 1;
            false
        }
        _ => false,
    };
    let signed = |v: f64| if neg { -v } else { v };
    let has_word = |word: &str| {
        b.len() >= pos + word.len()
            && b[pos..pos + word.len()].eq_ignore_ascii_case(word.as_bytes())
    };
    for (word, value) in [("infinity", f64::INFINITY), ("inf", f64::INFINITY), ("nan", f64::NAN)] {
        if has_word(word) {
            return Some((signed(value), pos + word.len()));
        }
    }
    if has_word("0x") && b.get(pos + 2).is_some_and(|c| c.is_ascii_hexdigit() || *c == b'.') {
        return parse_hex(&b[pos + 2..]).map(|(v, n)| (signed(v), pos + 2 + n));
    }
    let digits = |from: usize| b[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let int = digits(pos);
    let mut end = pos + int;
    let mut frac = 0;
    if b.get(end) == Some(&b'.') {
        frac = digits(end + 1);
        if int + frac > 0 {
            end += 1 + frac;
        }
    }
    if int + frac == 0 {
        return None;
    }
    if let Some(b'e' | b'E') = b.get(end) {
        let sign = matches!(b.get(end + 1), Some(b'+' | b'-')) as usize;
        let exp = b.get(end + 1 + sign..).map_or(0, |_| digits(end + 1 + sign));
        if exp > 0 {
            end += 1 + sign + exp;
        }
    }
    text[..end].parse().ok().map(|v| (v, end))
}

fn parse_hex(b: &[u8]) -> Option<(f64, usize)> {
    let (mut mantissa, mut exp, mut pos, mut seen_dot, mut any) = (0u64, 0i32, 0, false, false);
    while let Some(&c) = b.get(pos) {
        match (c as char).to_digit(16) {
            Some(d) => {
                any = true;
                if mantissa < 1 << 58 {
                    mantissa = mantissa << 4 | u64::from(d);
                    exp -= 4 * seen_dot as i32;
                } else {
                    mantissa |= (d != 0) as u64;
                    exp += 4 * !seen_dot as i32;
                }
            }
            None if c == b'.' && !seen_dot => seen_dot = true,
            None => break,
        }
        pos += 1;
    }
    if !any {
        return None;
    }
    if let Some(b'p' | b'P') = b.get(pos) {
        let tail = std::str::from_utf8(&b[pos + 1..]).unwrap_or("");
        let len = tail
            .bytes()
            .enumerate()
            .take_while(|(i, c)| c.is_ascii_digit() || *i == 0 && matches!(c, b'+' | b'-'))
            .count();
        if let Ok(e) = tail[..len].parse::<i32>() {
            exp = exp.saturating_add(e);
            pos += 1 + len;
        }
    }
    let scale = |e: i32| 2f64.powi(e.clamp(-1000, 1000));
    Some((mantissa as f64 * scale(exp / 2) * scale(exp - exp / 2), pos))
}

#[cold]
fn out_of_range(text: &str, name: &str) -> PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "\"{text}\" is out of range for type {name}")
}

/// Reads a float8 and tells how many bytes it took; `name` and `orig` are for messages, since
/// points and boxes report the whole of their own text.
pub fn input_prefix(text: &str, name: &str, orig: &str) -> PgResult<(f64, usize)> {
    let blanks = text.bytes().take_while(|c| is_space(*c as char)).count();
    let Some((v, len)) = parse_prefix(&text[blanks..]) else {
        return Err(crate::invalid_syntax(name, orig));
    };
    let number = &text[blanks..blanks + len];
    let tail = text[blanks + len..].bytes().take_while(|c| is_space(*c as char)).count();
    if is_finite_literal(number) && (v.is_infinite() || v == 0.0 && has_nonzero_digit(number)) {
        return Err(out_of_range(number, "double precision"));
    }
    Ok((v, blanks + len + tail))
}

fn is_finite_literal(number: &str) -> bool {
    number.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

fn has_nonzero_digit(number: &str) -> bool {
    let hex = number.contains(['x', 'X']);
    let mantissa = match hex {
        true => number.split(['p', 'P']).next(),
        false => number.split(['e', 'E']).next(),
    };
    mantissa.is_some_and(|m| m.bytes().any(|c| c != b'0' && c.is_ascii_hexdigit()))
}

/// Text in.
pub fn input8(text: &str) -> PgResult<f64> {
    let (v, used) = input_prefix(text, "double precision", text)?;
    if used != text.len() {
        return Err(crate::invalid_syntax("double precision", text));
    }
    Ok(v)
}

/// Text in.
pub fn input4(text: &str) -> PgResult<f32> {
    let trimmed = text.trim_matches(is_space);
    let Some((wide, len)) = parse_prefix(trimmed) else {
        return Err(crate::invalid_syntax("real", text));
    };
    let number = &trimmed[..len];
    let literal = is_finite_literal(number);
    // Decimal text is rounded once, straight to float4.
    let v = match number.parse::<f32>() {
        Ok(v) if literal => v,
        _ => wide as f32,
    };
    if literal && (v.is_infinite() || v == 0.0 && has_nonzero_digit(number)) {
        return Err(out_of_range(number, "real"));
    }
    if len != trimmed.len() {
        return Err(crate::invalid_syntax("real", text));
    }
    Ok(v)
}

fn output_special(v: f64, out: &mut Vec<u8>) -> bool {
    let word: &[u8] = if v.is_nan() {
        b"NaN"
    } else if v == f64::INFINITY {
        b"Infinity"
    } else if v == f64::NEG_INFINITY {
        b"-Infinity"
    } else {
        return false;
    };
    out.extend_from_slice(word);
    true
}

/// Writes the shortest digits in PostgreSQL's layout, given Ryu's text for the same value:
/// exponent form below 1e-4 and from `1e{precision}` on.
fn layout(shortest: &str, precision: i32, out: &mut Vec<u8>) {
    let body = match shortest.strip_prefix('-') {
        Some(rest) => {
            out.push(b'-');
            rest
        }
        None => shortest,
    };
    let (mantissa, exp) = match body.split_once('e') {
        Some((m, e)) => (m, e.parse::<i32>().unwrap_or(0)),
        None => (body, 0),
    };
    let mut digits = [0u8; 32];
    let (mut n, mut point, mut leading) = (0usize, 0i32, true);
    let mut before_dot = true;
    for c in mantissa.bytes() {
        if c == b'.' {
            before_dot = false;
            continue;
        }
        point += before_dot as i32;
        if leading && c == b'0' {
            point -= 1;
            continue;
        }
        leading = false;
        digits[n] = c;
        n += 1;
    }
    if n == 0 {
        out.push(b'0');
        return;
    }
    while n > 1 && digits[n - 1] == b'0' {
        n -= 1;
    }
    // Position of the decimal point relative to the first digit.
    let exponent = point + exp - 1;
    let digits = &digits[..n];
    if (-4..precision).contains(&exponent) {
        output_fixed(digits, exponent, out);
    } else {
        out.push(digits[0]);
        if n > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        let _ = write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
}

fn output_fixed(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        out.extend_from_slice(digits);
        return;
    }
    let int_len = exponent as usize + 1;
    if digits.len() <= int_len {
        out.extend_from_slice(digits);
        out.extend(std::iter::repeat_n(b'0', int_len - digits.len()));
    } else {
        out.extend_from_slice(&digits[..int_len]);
        out.push(b'.');
        out.extend_from_slice(&digits[int_len..]);
    }
}

/// C's `%.{precision}g`.
pub fn output_g(v: f64, precision: usize, out: &mut Vec<u8>) {
    if output_special(v, out) {
        return;
    }
    let precision = precision.max(1);
    let text = format!("{:.*e}", precision - 1, v);
    let (mantissa, exp) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exp.parse::<i32>().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(m) => (true, m),
        None => (false, mantissa),
    };
    if sign {
        out.push(b'-');
    }
    let mut digits: Vec<u8> = mantissa.bytes().filter(|c| *c != b'.').collect();
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    if digits == b"0" {
        out.push(b'0');
    } else if exponent < -4 || exponent >= precision as i32 {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        let _ = write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    } else {
        output_fixed(&digits, exponent, out);
    }
}

/// Text out; `extra_float_digits` above 0 gives the shortest text that reads back the same.
pub fn output8(v: f64, extra_float_digits: i32, out: &mut Vec<u8>) {
    if extra_float_digits > 0 {
        if !output_special(v, out) {
            layout(ryu::Buffer::new().format_finite(v), 15, out);
        }
    } else {
        output_g(v, (15 + extra_float_digits).max(1) as usize, out);
    }
}

/// Text out; `extra_float_digits` above 0 gives the shortest text that reads back the same.
pub fn output4(v: f32, extra_float_digits: i32, out: &mut Vec<u8>) {
    if extra_float_digits > 0 {
        if !output_special(f64::from(v), out) {
            layout(ryu::Buffer::new().format_finite(v), 6, out);
        }
    } else {
        output_g(f64::from(v), (6 + extra_float_digits).max(1) as usize, out);
    }
}

/// Binary in.
pub fn recv4(buf: &[u8]) -> PgResult<f32> {
    BinaryReader::new(buf).f32()
}
/// Binary in.
pub fn recv8(buf: &[u8]) -> PgResult<f64> {
    BinaryReader::new(buf).f64()
}

/// Total order: NaN equals itself and is above everything; the two zeros are equal.
#[inline]
pub fn cmp(a: f64, b: f64) -> Ordering {
    match a.partial_cmp(&b) {
        Some(order) => order,
        None => a.is_nan().cmp(&b.is_nan()),
    }
}

fn canonical(v: f64) -> f64 {
    if v.is_nan() { f64::from_bits(0x7ff8_0000_0000_0000) } else { v }
}

/// Hash; equal float4 and float8 values hash alike.
pub fn hash(v: f64) -> u32 {
    if v == 0.0 { 0 } else { hash::bytes(&canonical(v).to_le_bytes()) }
}

/// Seeded hash.
pub fn hash_extended(v: f64, seed: u64) -> u64 {
    if v == 0.0 { seed } else { hash::bytes_extended(&canonical(v).to_le_bytes(), seed) }
}

/// `value out of range: overflow`
#[cold]
pub fn overflow() -> PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
}

/// `value out of range: underflow`
#[cold]
pub fn underflow() -> PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")
}

macro_rules! arithmetic {
    ($t:ty, $add:ident, $sub:ident, $mul:ident, $div:ident) => {
        /// `a + b`, overflow checked.
        #[inline]
        pub fn $add(a: $t, b: $t) -> PgResult<$t> {
            let r = a + b;
            if r.is_infinite() && a.is_finite() && b.is_finite() { Err(overflow()) } else { Ok(r) }
        }
        /// `a - b`, overflow checked.
        #[inline]
        pub fn $sub(a: $t, b: $t) -> PgResult<$t> {
            let r = a - b;
            if r.is_infinite() && a.is_finite() && b.is_finite() { Err(overflow()) } else { Ok(r) }
        }
        /// `a * b`, overflow and underflow checked.
        #[inline]
        pub fn $mul(a: $t, b: $t) -> PgResult<$t> {
            let r = a * b;
            if r.is_infinite() && a.is_finite() && b.is_finite() {
                Err(overflow())
            } else if r == 0.0 && a != 0.0 && b != 0.0 {
                Err(underflow())
            } else {
                Ok(r)
            }
        }
        /// `a / b`, zero divisor, overflow and underflow checked.
        #[inline]
        pub fn $div(a: $t, b: $t) -> PgResult<$t> {
            if b == 0.0 && !a.is_nan() {
                return Err(crate::int::division_by_zero());
            }
            let r = a / b;
            if r.is_infinite() && a.is_finite() {
                Err(overflow())
            } else if r == 0.0 && a != 0.0 && b.is_finite() {
                Err(underflow())
            } else {
                Ok(r)
            }
        }
    };
}
arithmetic!(f32, add4, sub4, mul4, div4);
arithmetic!(f64, add8, sub8, mul8, div8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_out() {
        let mut out = Vec::new();
        for (v, want) in [
            (0.1, "0.1"),
            (1e15, "1e+15"),
            (123456789012345.0, "123456789012345"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (-0.0, "-0"),
            (100.0, "100"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
        ] {
            out.clear();
            output8(v, 1, &mut out);
            assert_eq!(std::str::from_utf8(&out).unwrap(), want);
        }
        out.clear();
        output8(0.1 + 0.2, 0, &mut out);
        assert_eq!(out, b"0.3");
        out.clear();
        output4(1e6, 1, &mut out);
        assert_eq!(out, b"1e+06");
    }

    #[test]
    fn text_in() {
        assert_eq!(input8("0x1p3").unwrap(), 8.0);
        assert_eq!(input8(" 1.5 ").unwrap(), 1.5);
        assert!(input8("-nan").unwrap().is_nan());
        for (text, want) in [
            ("1e400", "\"1e400\" is out of range for type double precision"),
            ("1e-400", "\"1e-400\" is out of range for type double precision"),
            ("1e", "invalid input syntax for type double precision: \"1e\""),
            ("infinit", "invalid input syntax for type double precision: \"infinit\""),
        ] {
            assert_eq!(input8(text).unwrap_err().message(), want);
        }
        assert_eq!(input4("1e40").unwrap_err().message(), "\"1e40\" is out of range for type real");
    }
}
