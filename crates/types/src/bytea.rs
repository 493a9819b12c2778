//! bytea.
use error::{PgError, PgResult, err};

/// Form of bytea in text output (`bytea_output`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ByteaOutput {
    /// `\x…`
    #[default]
    Hex,
    /// Printable ASCII as it is, the rest as `\ooo`.
    Escape,
}

fn first_char(text: &[u8]) -> String {
    let end = (1..=4).find(|n| std::str::from_utf8(&text[..(*n).min(text.len())]).is_ok());
    String::from_utf8_lossy(&text[..end.unwrap_or(1).min(text.len())]).into_owned()
}

/// Decodes hex digits with blanks between pairs.
pub fn hex_decode(hex: &[u8], out: &mut Vec<u8>) -> PgResult<()> {
    out.reserve(hex.len() / 2);
    let mut pos = 0;
    let digit = |at: usize| -> PgResult<u8> {
        match (hex[at] as char).to_digit(16) {
            Some(d) => Ok(d as u8),
            None => Err(err!(
                INVALID_PARAMETER_VALUE,
                "invalid hexadecimal digit: \"{}\"",
                first_char(&hex[at..])
            )),
        }
    };
    while pos < hex.len() {
        if matches!(hex[pos], b' ' | b'\n' | b'\t' | b'\r') {
            pos += 1;
            continue;
        }
        let high = digit(pos)?;
        if pos + 1 >= hex.len() {
            return Err(err!(
                INVALID_PARAMETER_VALUE,
                "invalid hexadecimal data: odd number of digits"
            ));
        }
        out.push(high << 4 | digit(pos + 1)?);
        pos += 2;
    }
    Ok(())
}

/// Text in.
pub fn input(text: &str) -> PgResult<Vec<u8>> {
    let mut out = Vec::new();
    match text.as_bytes() {
        [b'\\', b'x', hex @ ..] => hex_decode(hex, &mut out)?,
        escaped => escape_decode(escaped, &mut out)?,
    }
    Ok(out)
}

/// Decodes the escape form.
pub fn escape_decode(mut rest: &[u8], out: &mut Vec<u8>) -> PgResult<()> {
    let invalid = || -> PgError {
        err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type {}", "bytea")
    };
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = match &rest[at..] {
            [_, b'\\', tail @ ..] => {
                out.push(b'\\');
                tail
            }
            [_, a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                tail
            }
            _ => return Err(invalid()),
        };
    }
    out.extend_from_slice(rest);
    Ok(())
}

/// Appends hex digits.
pub fn hex_encode(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(bytes.len() * 2);
    for b in bytes {
        out.push(DIGITS[(b >> 4) as usize]);
        out.push(DIGITS[(b & 15) as usize]);
    }
}

/// Appends the escape form of bytea output.
pub fn escape_encode(bytes: &[u8], out: &mut Vec<u8>) {
    for &b in bytes {
        match b {
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x20..=0x7e => out.push(b),
            _ => out.extend_from_slice(&[
                b'\\',
                b'0' + (b >> 6),
                b'0' + (b >> 3 & 7),
                b'0' + (b & 7),
            ]),
        }
    }
}

/// Text out.
pub fn output(bytes: &[u8], form: ByteaOutput, out: &mut Vec<u8>) {
    match form {
        ByteaOutput::Hex => {
            out.extend_from_slice(b"\\x");
            hex_encode(bytes, out);
        }
        ByteaOutput::Escape => escape_encode(bytes, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        assert_eq!(input("\\xDe ad").unwrap(), [0xde, 0xad]);
        assert_eq!(input("a\\\\b\\000").unwrap(), b"a\\b\0");
        let mut out = Vec::new();
        output(b"a\\\x01", ByteaOutput::Escape, &mut out);
        assert_eq!(out, b"a\\\\\\001");
        assert_eq!(
            input("\\x1").unwrap_err().message(),
            "invalid hexadecimal data: odd number of digits"
        );
        assert_eq!(input("\\xg1").unwrap_err().message(), "invalid hexadecimal digit: \"g\"");
        assert_eq!(input("\\9").unwrap_err().message(), "invalid input syntax for type bytea");
    }
}
