//! uuid.
use crate::{bytea::hex_encode, invalid_syntax};
use error::PgResult;

/// Text in: 32 hex digits, a hyphen allowed after every group of four, braces allowed around.
pub fn input(text: &str) -> PgResult<[u8; 16]> {
    parse(text.as_bytes()).ok_or_else(|| invalid_syntax("uuid", text))
}

fn parse(mut s: &[u8]) -> Option<[u8; 16]> {
    let braces = s.first() == Some(&b'{');
    if braces {
        s = &s[1..];
    }
    let mut uuid = [0; 16];
    for (i, byte) in uuid.iter_mut().enumerate() {
        let [high, low, rest @ ..] = s else { return None };
        let digit = |c: u8| (c as char).to_digit(16);
        *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
        s = match rest {
            [b'-', tail @ ..] if i % 2 == 1 && i < 15 => tail,
            _ => rest,
        };
    }
    if braces {
        s = s.strip_prefix(b"}")?;
    }
    s.is_empty().then_some(uuid)
}

/// Text out.
pub fn output(uuid: &[u8], out: &mut Vec<u8>) {
    for (i, part) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
        if i > 0 {
            out.push(b'-');
        }
        if let Some(bytes) = uuid.get(part) {
            hex_encode(bytes, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let plain = input("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").unwrap();
        for text in [
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        ] {
            assert_eq!(input(text).unwrap(), plain);
        }
        assert!(input("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1").is_err());
        assert_eq!(crate::hash::bytes(&plain) as i32, 1154666245);
    }
}
