//! text, varchar, bpchar and name: validation, length limits, comparison.
use crate::hash;
use error::{PgResult, bail, err};
use std::{cmp::Ordering, fmt::Write as _};

/// Checks bytes from outside to be UTF-8 without zero bytes.
pub fn validate(bytes: &[u8]) -> PgResult<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if memchr::memchr(0, bytes).is_none() => Ok(text),
        Ok(_) => {
            bail!(CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": 0x00")
        }
        Err(e) => {
            let at = &bytes[e.valid_up_to()..];
            let expected = match at[0] {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf7 => 4,
                _ => 1,
            };
            let mut shown = String::new();
            for (i, byte) in at.iter().take(expected).enumerate() {
                let _ = write!(shown, "{}0x{byte:02x}", if i > 0 { " " } else { "" });
            }
            Err(err!(
                CHARACTER_NOT_IN_REPERTOIRE,
                "invalid byte sequence for encoding \"UTF8\": {shown}"
            ))
        }
    }
}

/// Number of characters.
#[inline]
pub fn char_len(text: &[u8]) -> usize {
    text.iter().filter(|b| (**b & 0xc0) != 0x80).count()
}

/// Byte offset of character `n`, or the length if there are fewer.
pub fn char_offset(text: &str, n: usize) -> usize {
    if text.is_ascii() {
        return n.min(text.len());
    }
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

/// The part of `text` that `name` keeps: at most 63 bytes, cut between characters.
pub fn truncate_name(text: &str) -> &str {
    let mut end = text.len().min(63);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn type_modifier(values: &[i32], name: &str) -> PgResult<i32> {
    let [len] = values else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
    if *len < 1 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {name} must be at least 1");
    }
    if *len > 10_485_760 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {name} cannot exceed 10485760");
    }
    Ok(len + 4)
}

/// `char(n)` modifier.
pub fn bpchar_typmod_in(values: &[i32]) -> PgResult<i32> {
    type_modifier(values, "char")
}

/// `varchar(n)` modifier.
pub fn varchar_typmod_in(values: &[i32]) -> PgResult<i32> {
    type_modifier(values, "varchar")
}

/// Text of a length modifier, `(n)`.
pub fn typmod_out(typmod: i32) -> String {
    if typmod > 4 { format!("({})", typmod - 4) } else { String::new() }
}

/// Applies a varchar modifier: what exceeds it must be blanks, unless the cast is explicit.
pub fn varchar_apply(text: &str, typmod: i32, explicit: bool) -> PgResult<&str> {
    if typmod < 4 || text.len() <= (typmod - 4) as usize {
        return Ok(text);
    }
    let max = (typmod - 4) as usize;
    let end = char_offset(text, max);
    if !explicit && text.as_bytes()[end..].iter().any(|b| *b != b' ') {
        bail!(STRING_DATA_RIGHT_TRUNCATION, "value too long for type character varying({max})");
    }
    Ok(&text[..end])
}

/// Applies a char(n) modifier: pads, or cuts blanks (anything, if the cast is explicit).
/// `None`: the text is right as it is.
pub fn bpchar_apply(text: &str, typmod: i32, explicit: bool) -> PgResult<Option<String>> {
    if typmod < 4 {
        return Ok(None);
    }
    let max = (typmod - 4) as usize;
    let len = char_len(text.as_bytes());
    match len.cmp(&max) {
        Ordering::Equal => Ok(None),
        Ordering::Less => {
            const MAX_ALLOCATION: usize = 0x3fff_ffff;
            if max > MAX_ALLOCATION {
                let size = text.len() + max - len + 4;
                return Err(error::PgError::internal(format!(
                    "invalid memory alloc request size {size}"
                )));
            }
            let mut padded = String::with_capacity(text.len() + max - len);
            padded.push_str(text);
            padded.extend(std::iter::repeat_n(' ', max - len));
            Ok(Some(padded))
        }
        Ordering::Greater => {
            let end = char_offset(text, max);
            if !explicit && text.as_bytes()[end..].iter().any(|b| *b != b' ') {
                bail!(STRING_DATA_RIGHT_TRUNCATION, "value too long for type character({max})");
            }
            Ok(Some(text[..end].to_string()))
        }
    }
}

/// The bytes of a bpchar that count in comparisons: without trailing blanks.
#[inline]
pub fn bpchar_trim(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|b| *b != b' ').map_or(0, |i| i + 1);
    &text[..end]
}

/// Order in the C collation.
#[inline]
pub fn cmp(a: &[u8], b: &[u8]) -> Ordering {
    a.cmp(b)
}

/// Order of bpchar in the C collation.
pub fn bpchar_cmp(a: &[u8], b: &[u8]) -> Ordering {
    bpchar_trim(a).cmp(bpchar_trim(b))
}

/// Hash under a deterministic collation.
pub fn hash(text: &[u8]) -> u32 {
    hash::bytes(text)
}

/// Hash of a bpchar.
pub fn bpchar_hash(text: &[u8]) -> u32 {
    hash::bytes(bpchar_trim(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers() {
        assert_eq!(varchar_apply("abc  ", 4 + 3, false).unwrap(), "abc");
        assert_eq!(varchar_apply("äöü", 4 + 2, true).unwrap(), "äö");
        assert_eq!(
            varchar_apply("abcd", 4 + 3, false).unwrap_err().message(),
            "value too long for type character varying(3)"
        );
        assert_eq!(bpchar_apply("ä", 4 + 3, false).unwrap().as_deref(), Some("ä  "));
        assert_eq!(bpchar_hash(b"ab "), bpchar_hash(b"ab"));
    }

    #[test]
    fn names_are_cut_between_characters() {
        let long = "ü".repeat(40);
        assert_eq!(truncate_name(&long).len(), 62);
    }
}
