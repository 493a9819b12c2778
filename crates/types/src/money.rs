//! money, in the C locale's format: `$1,234.56`.
use crate::{invalid_syntax, is_space};
use error::{PgError, PgResult, err};

/// `money out of range`
#[cold]
pub fn out_of_range() -> PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "money out of range")
}

/// Text in: sign or parentheses, a `$`, grouping commas; rounds to cents.
pub fn input(text: &str) -> PgResult<i64> {
    let too_large =
        || err!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{text}\" is out of range for type money");
    let invalid = || invalid_syntax("money", text);
    let mut s = text.trim_start_matches(is_space);
    s = s.strip_prefix('$').unwrap_or(s).trim_start_matches(is_space);
    let mut neg = false;
    if let Some(rest) = s.strip_prefix(['-', '(']) {
        (neg, s) = (true, rest);
    } else if let Some(rest) = s.strip_prefix('+') {
        s = rest;
    }
    s = s.trim_start_matches(is_space);
    s = s.strip_prefix('$').unwrap_or(s).trim_start_matches(is_space);
    let b = s.as_bytes();
    let (mut v, mut decimals, mut seen_dot, mut pos) = (0i128, 0, false, 0);
    let mut round_up = false;
    while let Some(&c) = b.get(pos) {
        if c.is_ascii_digit() {
            if !seen_dot || decimals < 2 {
                v = v * 10 + i128::from(c - b'0');
                decimals += seen_dot as u32;
            } else {
                round_up = decimals == 2 && c >= b'5';
                pos += b[pos..].iter().take_while(|c| c.is_ascii_digit()).count();
                break;
            }
        } else if c == b'.' && !seen_dot {
            seen_dot = true;
        } else if c != b',' {
            break;
        }
        if v > 1 << 70 {
            return Err(too_large());
        }
        pos += 1;
    }
    v = v * 10i128.pow(2 - decimals) + round_up as i128;
    for c in s[pos..].chars() {
        match c {
            ')' | '$' => {}
            '-' => neg = true,
            c if is_space(c) => {}
            _ => return Err(invalid()),
        }
    }
    i64::try_from(if neg { -v } else { v }).map_err(|_| too_large())
}

/// Text out.
pub fn output(v: i64, out: &mut Vec<u8>) {
    if v < 0 {
        out.push(b'-');
    }
    out.push(b'$');
    let abs = v.unsigned_abs();
    let mut buf = itoa::Buffer::new();
    let whole = buf.format(abs / 100).as_bytes();
    for (i, digit) in whole.iter().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(b',');
        }
        out.push(*digit);
    }
    out.extend_from_slice(&[b'.', b'0' + (abs % 100 / 10) as u8, b'0' + (abs % 10) as u8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, want) in
            [("$1,234.567", 123457), ("(1.5)", -150), ("-1", -100), ("1-", -100), ("-$.5", -50)]
        {
            assert_eq!(input(text).unwrap(), want, "{text}");
        }
        assert!(input("1.5x").is_err());
        let mut out = Vec::new();
        output(-123456789, &mut out);
        assert_eq!(out, b"-$1,234,567.89");
    }
}
