//! bool.
use crate::{binary::BinaryReader, invalid_syntax};
use error::PgResult;

/// Reads the words PostgreSQL takes for a boolean: any unique prefix, any case, blanks around it.
pub fn parse(text: &str) -> Option<bool> {
    let word = text.trim_matches(crate::is_space);
    let prefix_of = |full: &str, min: usize| {
        word.len() >= min
            && word.len() <= full.len()
            && full.as_bytes()[..word.len()].eq_ignore_ascii_case(word.as_bytes())
    };
    if prefix_of("true", 1) || prefix_of("yes", 1) || prefix_of("on", 2) || word == "1" {
        Some(true)
    } else if prefix_of("false", 1) || prefix_of("no", 1) || prefix_of("off", 2) || word == "0" {
        Some(false)
    } else {
        None
    }
}

/// Text in.
pub fn input(text: &str) -> PgResult<bool> {
    parse(text).ok_or_else(|| invalid_syntax("boolean", text))
}

/// Text out.
#[inline]
pub fn output(v: bool, out: &mut Vec<u8>) {
    out.push(if v { b't' } else { b'f' });
}

/// Binary in.
pub fn recv(buf: &[u8]) -> PgResult<bool> {
    Ok(BinaryReader::new(buf).u8()? != 0)
}

/// Binary out.
pub fn send(v: bool, out: &mut Vec<u8>) {
    out.push(v as u8);
}

/// Hash.
pub fn hash(v: bool) -> u32 {
    crate::hash::uint32(v as u32)
}
