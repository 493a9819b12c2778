//! Input of oid, xid, cid, xid8, tid and pg_lsn.
use crate::{Oid, invalid_syntax, is_space};
use error::{PgError, PgResult, err};

fn parse_unsigned(text: &str, type_name: &str, max: u64) -> PgResult<(u64, usize)> {
    let b = text.as_bytes();
    let mut pos = b.iter().take_while(|c| is_space(**c as char)).count();
    let neg = matches!(b.get(pos), Some(b'-'));
    if matches!(b.get(pos), Some(b'-' | b'+')) {
        pos += 1;
    }
    let base = match (b.get(pos), b.get(pos + 1)) {
        (Some(b'0'), Some(b'x' | b'X')) if b.get(pos + 2).is_some_and(u8::is_ascii_hexdigit) => {
            pos += 2;
            16
        }
        (Some(b'0'), Some(b'0'..=b'7')) => 8,
        _ => 10,
    };
    let first = pos;
    let mut v: u128 = 0;
    while let Some(d) = b.get(pos).and_then(|c| (*c as char).to_digit(base)) {
        v = (v * u128::from(base) + u128::from(d)).min(1 << 70);
        pos += 1;
    }
    if pos == first {
        return Err(invalid_syntax(type_name, text));
    }
    pos += b[pos..].iter().take_while(|c| is_space(**c as char)).count();
    let out_of_range = || -> PgError {
        err!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{text}\" is out of range for type {type_name}")
    };
    if v > u128::from(u64::MAX) {
        return Err(out_of_range());
    }
    let v = v as u64;
    let signed = if neg { v.wrapping_neg() } else { v };
    // A negative number is taken for its two's complement, as long as it fits 32 bits.
    let fits = signed <= max || neg && signed as i64 as i32 as i64 == signed as i64;
    if !fits {
        return Err(out_of_range());
    }
    Ok((signed & max, pos))
}

fn whole(text: &str, type_name: &str, max: u64) -> PgResult<u64> {
    let (v, used) = parse_unsigned(text, type_name, max)?;
    if used != text.len() {
        return Err(invalid_syntax(type_name, text));
    }
    Ok(v)
}

/// oid in.
pub fn oid_input(text: &str) -> PgResult<Oid> {
    Ok(Oid(whole(text, "oid", u64::from(u32::MAX))? as u32))
}

/// xid or cid in.
pub fn xid_input(text: &str, type_name: &str) -> PgResult<Oid> {
    Ok(Oid(whole(text, type_name, u64::from(u32::MAX))? as u32))
}

/// xid8 in.
pub fn xid8_input(text: &str) -> PgResult<i64> {
    Ok(whole(text, "xid8", u64::MAX)? as i64)
}

/// oidvector in.
pub fn oidvector_input(text: &str) -> PgResult<Vec<Oid>> {
    let mut rest = text;
    let mut out = Vec::new();
    loop {
        rest = rest.trim_start_matches(is_space);
        if rest.is_empty() {
            return Ok(out);
        }
        let (v, used) = parse_unsigned(rest, "oid", u64::from(u32::MAX))?;
        out.push(Oid(v as u32));
        rest = &rest[used..];
    }
}

/// int2vector in.
pub fn int2vector_input(text: &str) -> PgResult<Vec<i16>> {
    let mut rest = text.trim_start_matches(is_space);
    let mut out = Vec::new();
    while !rest.is_empty() {
        let word = rest.split(is_space).next().unwrap_or(rest);
        // The message of a bad number shows all that is left.
        let value = crate::int::input(word).map_err(|e| match e.sqlstate() {
            error::SqlState::INVALID_TEXT_REPRESENTATION => invalid_syntax("smallint", rest),
            _ => e,
        })?;
        out.push(value);
        rest = rest[word.len()..].trim_start_matches(is_space);
    }
    Ok(out)
}

/// tid in: `(block,offset)`, packed into an int8.
pub fn tid_input(text: &str) -> PgResult<i64> {
    let parse = || -> Option<i64> {
        let inner = text.trim_start_matches(is_space).strip_prefix('(')?;
        let (inner, _) = inner.split_once(')')?;
        let (block, offset) = inner.split_once(',')?;
        let block: i64 = block.trim_start_matches(is_space).parse().ok()?;
        let offset: i64 = offset.trim_start_matches(is_space).parse().ok()?;
        let block = if (-(1 << 31)..0).contains(&block) { block + (1 << 32) } else { block };
        ((0..1 << 32).contains(&block) && (0..1 << 16).contains(&offset))
            .then_some(block << 16 | offset)
    };
    parse().ok_or_else(|| invalid_syntax("tid", text))
}

/// tid out.
pub fn tid_output(v: i64, out: &mut Vec<u8>) {
    out.push(b'(');
    crate::int::output((v >> 16) & 0xffff_ffff, out);
    out.push(b',');
    crate::int::output(v & 0xffff, out);
    out.push(b')');
}

/// pg_lsn in: two hex numbers of up to eight digits.
pub fn pg_lsn_input(text: &str) -> PgResult<i64> {
    let parse = || -> Option<i64> {
        let (high, low) = text.split_once('/')?;
        let part = |s: &str| {
            let ok = (1..=8).contains(&s.len()) && s.bytes().all(|c| c.is_ascii_hexdigit());
            ok.then(|| u64::from_str_radix(s, 16).ok()).flatten()
        };
        Some((part(high)? << 32 | part(low)?) as i64)
    };
    parse().ok_or_else(|| invalid_syntax("pg_lsn", text))
}

/// pg_lsn out.
pub fn pg_lsn_output(v: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{:X}/{:X}", v as u64 >> 32, v as u32).as_bytes());
}

/// Unsigned text out (oid, xid, cid).
pub fn oid_output(v: Oid, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(v.0).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(oid_input("0x10").unwrap(), Oid(16));
        assert_eq!(oid_input("-1").unwrap(), Oid(u32::MAX));
        assert_eq!(
            oid_input("4294967296").unwrap_err().message(),
            "value \"4294967296\" is out of range for type oid"
        );
        assert_eq!(tid_input("(1,2)").unwrap(), 1 << 16 | 2);
        assert!(tid_input("(1,65536)").is_err());
        assert_eq!(pg_lsn_input("FFFFFFFF/ff").unwrap() as u64, 0xffff_ffff_0000_00ff);
        assert!(pg_lsn_input("123456789/1").is_err());
        assert_eq!(oidvector_input("1 2  3").unwrap().len(), 3);
    }
}
