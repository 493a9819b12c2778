//! bytea: comparison, cutting, single bits and bytes, encodings, digests.
use error::{PgResult, bail, err};
use fmgr::Registry;
use sha2::Digest as _;
use types::{Datum, hash};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_compare(r);
    register_cuts(r);
    register_bits(r);
    register_encode(r);
    register_digests(r);
}

fn register_compare(r: &mut Registry) {
    r.scalar("byteaeq", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() == a[1].as_bytes())));
    r.scalar("byteane", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() != a[1].as_bytes())));
    r.scalar("bytealt", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() < a[1].as_bytes())));
    r.scalar("byteale", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() <= a[1].as_bytes())));
    r.scalar("byteagt", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() > a[1].as_bytes())));
    r.scalar("byteage", |_cx, a| Ok(Datum::Bool(a[0].as_bytes() >= a[1].as_bytes())));
    r.scalar("byteacmp", |_cx, a| Ok(Datum::Int4(a[0].as_bytes().cmp(a[1].as_bytes()) as i32)));
    r.scalar("bytea_larger", |_cx, a| {
        let first = a[0].as_bytes() > a[1].as_bytes();
        Ok(a[usize::from(!first)].take())
    });
    r.scalar("bytea_smaller", |_cx, a| {
        let first = a[0].as_bytes() < a[1].as_bytes();
        Ok(a[usize::from(!first)].take())
    });
    r.scalar("hashbytea", |_cx, a| Ok(Datum::Int4(hash::bytes(a[0].as_bytes()) as i32)));
    r.scalar("hashbyteaextended", |_cx, a| {
        Ok(Datum::Int8(hash::bytes_extended(a[0].as_bytes(), a[1].as_i64() as u64) as i64))
    });
}

/// The bytes from `start` (1-based) on, `length` of them if given.
fn substring(value: &[u8], start: i32, length: Option<i32>) -> PgResult<&[u8]> {
    let start = i64::from(start);
    let end = match length {
        Some(length) if length < 0 => {
            bail!(SUBSTRING_ERROR, "negative substring length not allowed")
        }
        Some(length) => start + i64::from(length),
        None => i64::MAX,
    };
    let from = (start.max(1) - 1).min(value.len() as i64) as usize;
    let to = (end - 1).clamp(from as i64, value.len() as i64) as usize;
    Ok(&value[from..to])
}

fn overlay(value: &[u8], new: &[u8], start: i32, length: i32) -> PgResult<Datum> {
    if start <= 0 {
        bail!(SUBSTRING_ERROR, "negative substring length not allowed");
    }
    let Some(after) = start.checked_add(length) else {
        return Err(types::int::out_of_range::<i32>());
    };
    let head = substring(value, 1, Some(start - 1))?;
    Ok(Datum::bytes(&[head, new, substring(value, after, None)?].concat()))
}

fn trim<'a>(mut value: &'a [u8], set: &[u8], left: bool, right: bool) -> &'a [u8] {
    while let [first, rest @ ..] = value
        && left
        && set.contains(first)
    {
        value = rest;
    }
    while let [rest @ .., last] = value
        && right
        && set.contains(last)
    {
        value = rest;
    }
    value
}

fn register_cuts(r: &mut Registry) {
    r.scalar("byteacat", |_cx, a| Ok(Datum::bytes(&[a[0].as_bytes(), a[1].as_bytes()].concat())));
    r.scalar("byteaoctetlen", |_cx, a| Ok(Datum::Int4(a[0].as_bytes().len() as i32)));
    r.scalar("bytea_substr", |_cx, a| {
        Ok(Datum::bytes(substring(a[0].as_bytes(), a[1].as_i32(), Some(a[2].as_i32()))?))
    });
    r.scalar("bytea_substr_no_len", |_cx, a| {
        Ok(Datum::bytes(substring(a[0].as_bytes(), a[1].as_i32(), None)?))
    });
    r.scalar("byteaoverlay", |_cx, a| {
        overlay(a[0].as_bytes(), a[1].as_bytes(), a[2].as_i32(), a[3].as_i32())
    });
    r.scalar("byteaoverlay_no_len", |_cx, a| {
        overlay(a[0].as_bytes(), a[1].as_bytes(), a[2].as_i32(), a[1].as_bytes().len() as i32)
    });
    r.scalar("byteapos", |_cx, a| {
        let (value, part) = (a[0].as_bytes(), a[1].as_bytes());
        let at = match part.is_empty() {
            true => Some(0),
            false => value.windows(part.len()).position(|w| w == part),
        };
        Ok(Datum::Int4(at.map_or(0, |at| at as i32 + 1)))
    });
    r.scalar("byteatrim", |_cx, a| {
        Ok(Datum::bytes(trim(a[0].as_bytes(), a[1].as_bytes(), true, true)))
    });
    r.scalar("bytealtrim", |_cx, a| {
        Ok(Datum::bytes(trim(a[0].as_bytes(), a[1].as_bytes(), true, false)))
    });
    r.scalar("byteartrim", |_cx, a| {
        Ok(Datum::bytes(trim(a[0].as_bytes(), a[1].as_bytes(), false, true)))
    });
    r.scalar("bytea_reverse", |_cx, a| {
        let mut bytes = a[0].as_bytes().to_vec();
        bytes.reverse();
        Ok(Datum::bytes(&bytes))
    });
}

fn index(n: i64, limit: usize) -> PgResult<usize> {
    usize::try_from(n).ok().filter(|n| *n < limit).ok_or_else(|| {
        err!(ARRAY_SUBSCRIPT_ERROR, "index {n} out of valid range, 0..{}", limit as i64 - 1)
    })
}

fn register_bits(r: &mut Registry) {
    r.scalar("byteaGetByte", |_cx, a| {
        let bytes = a[0].as_bytes();
        Ok(Datum::Int4(bytes[index(a[1].as_i32().into(), bytes.len())?].into()))
    });
    r.scalar("byteaGetBit", |_cx, a| {
        let bytes = a[0].as_bytes();
        let n = index(a[1].as_i64(), bytes.len() * 8)?;
        Ok(Datum::Int4(i32::from(bytes[n / 8] >> (n % 8) & 1)))
    });
    r.scalar("byteaSetByte", |_cx, a| {
        let mut bytes = a[0].as_bytes().to_vec();
        let n = index(a[1].as_i32().into(), bytes.len())?;
        bytes[n] = a[2].as_i32() as u8;
        Ok(Datum::bytes(&bytes))
    });
    r.scalar("byteaSetBit", |_cx, a| {
        let mut bytes = a[0].as_bytes().to_vec();
        let n = index(a[1].as_i64(), bytes.len() * 8)?;
        let bit = a[2].as_i32();
        if !(0..=1).contains(&bit) {
            bail!(INVALID_PARAMETER_VALUE, "new bit must be 0 or 1");
        }
        bytes[n / 8] = bytes[n / 8] & !(1 << (n % 8)) | (bit as u8) << (n % 8);
        Ok(Datum::bytes(&bytes))
    });
    r.scalar("bytea_bit_count", |_cx, a| {
        Ok(Datum::Int8(a[0].as_bytes().iter().map(|b| i64::from(b.count_ones())).sum()))
    });
}

fn register_encode(r: &mut Registry) {
    r.scalar("binary_encode", |_cx, a| {
        let (bytes, mut out) = (a[0].as_bytes(), Vec::new());
        match a[1].as_str().to_ascii_lowercase().as_str() {
            "hex" => types::bytea::hex_encode(bytes, &mut out),
            "escape" => escape_encode(bytes, &mut out),
            "base64" => base64_encode(bytes, &mut out),
            _ => return Err(unknown_encoding(a[1].as_str())),
        }
        Ok(Datum::bytes(&out))
    });
    r.scalar("binary_decode", |_cx, a| {
        let (coded, mut out) = (a[0].as_bytes(), Vec::new());
        match a[1].as_str().to_ascii_lowercase().as_str() {
            "hex" => types::bytea::hex_decode(coded, &mut out)?,
            "escape" => types::bytea::escape_decode(coded, &mut out)?,
            "base64" => base64_decode(a[0].as_str(), &mut out)?,
            _ => return Err(unknown_encoding(a[1].as_str())),
        }
        Ok(Datum::bytes(&out))
    });
}

/// The `escape` format of encode(): only what text cannot hold is escaped.
fn escape_encode(bytes: &[u8], out: &mut Vec<u8>) {
    for &b in bytes {
        match b {
            b'\\' => out.extend_from_slice(b"\\\\"),
            1..=0x7f => out.push(b),
            _ => out.extend_from_slice(format!("\\{b:03o}").as_bytes()),
        }
    }
}

fn unknown_encoding(name: &str) -> error::PgError {
    err!(INVALID_PARAMETER_VALUE, "unrecognized encoding: \"{name}\"")
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with a line break after each 76 characters.
fn base64_encode(bytes: &[u8], out: &mut Vec<u8>) {
    let mut line = 0;
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().enumerate().fold(0u32, |w, (i, b)| w | u32::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            out.push(match i <= chunk.len() {
                true => BASE64[(word >> (18 - 6 * i) & 63) as usize],
                false => b'=',
            });
        }
        line += 4;
        if line == 76 {
            out.push(b'\n');
            line = 0;
        }
    }
}

fn base64_decode(coded: &str, out: &mut Vec<u8>) -> PgResult<()> {
    let (mut word, mut count, mut end) = (0u32, 0, 0);
    for c in coded.chars() {
        if matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        let value = if c == '=' {
            if end == 0 {
                end = match count {
                    2 => 1,
                    3 => 2,
                    _ => bail!(
                        INVALID_PARAMETER_VALUE,
                        "unexpected \"=\" while decoding base64 sequence"
                    ),
                };
            }
            0
        } else {
            match u8::try_from(c).ok().and_then(|c| BASE64.iter().position(|b| *b == c)) {
                Some(value) if end == 0 => value as u32,
                _ => bail!(
                    INVALID_PARAMETER_VALUE,
                    "invalid symbol \"{c}\" found while decoding base64 sequence"
                ),
            }
        };
        word = word << 6 | value;
        count += 1;
        if count == 4 {
            let bytes = word.to_be_bytes();
            let keep = if end == 0 { 3 } else { end };
            out.extend_from_slice(&bytes[1..1 + keep]);
            (word, count) = (0, 0);
        }
    }
    if count != 0 {
        return Err(err!(INVALID_PARAMETER_VALUE, "invalid base64 end sequence")
            .hint("Input data is missing padding, is truncated, or is otherwise corrupted."));
    }
    Ok(())
}

fn register_digests(r: &mut Registry) {
    fn md5_text(bytes: &[u8]) -> Datum {
        let mut out = Vec::new();
        types::bytea::hex_encode(&md5::compute(bytes).0, &mut out);
        Datum::bytes(&out)
    }
    r.scalar("md5_text", |_cx, a| Ok(md5_text(a[0].as_bytes())));
    r.scalar("md5_bytea", |_cx, a| Ok(md5_text(a[0].as_bytes())));
    r.scalar("sha224_bytea", |_cx, a| Ok(Datum::bytes(&sha2::Sha224::digest(a[0].as_bytes()))));
    r.scalar("sha256_bytea", |_cx, a| Ok(Datum::bytes(&sha2::Sha256::digest(a[0].as_bytes()))));
    r.scalar("sha384_bytea", |_cx, a| Ok(Datum::bytes(&sha2::Sha384::digest(a[0].as_bytes()))));
    r.scalar("sha512_bytea", |_cx, a| Ok(Datum::bytes(&sha2::Sha512::digest(a[0].as_bytes()))));
    r.scalar("crc32_bytea", |_cx, a| Ok(Datum::Int8(crc32fast::hash(a[0].as_bytes()).into())));
    r.scalar("crc32c_bytea", |_cx, a| Ok(Datum::Int8(crc32c::crc32c(a[0].as_bytes()).into())));
}
