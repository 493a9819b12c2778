//! bit and varbit.
//!
//! Stored as one byte with the number of unused bits in the last byte, then the bits, most
//! significant first, unused ones zero.
use crate::{Varlena, binary::BinaryReader};
use error::{PgError, PgResult, bail, err};
use std::cmp::Ordering;

/// Most bits a value may have.
pub const MAX_LEN: i32 = i32::MAX - 7;

/// A view of a stored bit string.
#[derive(Clone, Copy, Debug)]
pub struct Bits<'a> {
    /// The bits, padded with zeros.
    pub bytes: &'a [u8],
    /// How many.
    pub len: usize,
}

impl<'a> Bits<'a> {
    /// Reads the stored form.
    pub fn new(stored: &'a [u8]) -> Self {
        match stored {
            [unused, bytes @ ..] => Bits { bytes, len: bytes.len() * 8 - *unused as usize },
            [] => Bits { bytes: &[], len: 0 },
        }
    }

    /// Bit `i`, counted from the left.
    pub fn get(&self, i: usize) -> bool {
        self.bytes[i / 8] >> (7 - i % 8) & 1 == 1
    }

    /// All bits in order.
    pub fn iter(self) -> impl Iterator<Item = bool> + 'a {
        (0..self.len).map(move |i| self.get(i))
    }

    /// Order: as bytes, then by length.
    pub fn compare(&self, other: &Bits<'_>) -> Ordering {
        self.bytes.cmp(other.bytes).then(self.len.cmp(&other.len))
    }
}

/// The stored form of bytes of which `len` bits count.
pub fn encode(mut bytes: Vec<u8>, len: usize) -> Varlena {
    bytes.resize(len.div_ceil(8), 0);
    let unused = (bytes.len() * 8 - len) as u8;
    if let Some(last) = bytes.last_mut() {
        *last &= 0xffu8 << unused;
    }
    bytes.insert(0, unused);
    Varlena::new(&bytes)
}

/// The stored form of single bits.
pub fn collect(bits: impl Iterator<Item = bool>) -> Varlena {
    let mut bytes = Vec::new();
    let mut len = 0;
    for bit in bits {
        if len % 8 == 0 {
            bytes.push(0);
        }
        if bit {
            bytes[len / 8] |= 0x80 >> (len % 8);
        }
        len += 1;
    }
    encode(bytes, len)
}

fn parse(text: &str) -> PgResult<Varlena> {
    let (hex, digits) = match text.as_bytes().first() {
        Some(b'b' | b'B') => (false, &text[1..]),
        Some(b'x' | b'X') => (true, &text[1..]),
        _ => (false, text),
    };
    let mut bits = Vec::new();
    for c in digits.chars() {
        match c.to_digit(if hex { 16 } else { 2 }) {
            Some(d) if hex => bits.extend((0..4).rev().map(|i| d >> i & 1 == 1)),
            Some(d) => bits.push(d == 1),
            None => {
                let kind = if hex { "hexadecimal" } else { "binary" };
                bail!(INVALID_TEXT_REPRESENTATION, "\"{c}\" is not a valid {kind} digit")
            }
        }
    }
    Ok(collect(bits.into_iter()))
}

/// `bit string length … does not match type bit(…)`
#[cold]
pub fn length_mismatch(len: usize, typmod: i32) -> PgError {
    err!(STRING_DATA_LENGTH_MISMATCH, "bit string length {len} does not match type bit({typmod})")
}

/// `bit string too long for type bit varying(…)`
#[cold]
pub fn too_long(typmod: i32) -> PgError {
    err!(STRING_DATA_RIGHT_TRUNCATION, "bit string too long for type bit varying({typmod})")
}

fn check(v: Varlena, typmod: i32, varying: bool) -> PgResult<Varlena> {
    let len = Bits::new(&v).len;
    if typmod > 0 && !varying && len != typmod as usize {
        return Err(length_mismatch(len, typmod));
    }
    if typmod > 0 && varying && len > typmod as usize {
        return Err(too_long(typmod));
    }
    Ok(v)
}

/// Text in.
pub fn input(text: &str, typmod: i32, varying: bool) -> PgResult<Varlena> {
    check(parse(text)?, typmod, varying)
}

/// Text out.
pub fn output(stored: &[u8], out: &mut Vec<u8>) {
    out.extend(Bits::new(stored).iter().map(|bit| b'0' + bit as u8));
}

/// Binary in.
pub fn recv(buf: &[u8], typmod: i32, varying: bool) -> PgResult<Varlena> {
    let mut r = BinaryReader::new(buf);
    let len = r.i32()?;
    if len < 0 {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid length in external bit string");
    }
    let bytes = r.bytes((len as usize).div_ceil(8))?;
    check(encode(bytes.to_vec(), len as usize), typmod, varying)
}

/// Binary out.
pub fn send(stored: &[u8], out: &mut Vec<u8>) {
    let bits = Bits::new(stored);
    out.extend_from_slice(&(bits.len as i32).to_be_bytes());
    out.extend_from_slice(bits.bytes);
}

/// Applies a modifier: bit(n) must match or, in an explicit cast, is cut or padded; varbit(n) must
/// not exceed or is cut.
pub fn apply(stored: &Varlena, typmod: i32, explicit: bool, varying: bool) -> PgResult<Varlena> {
    let bits = Bits::new(stored);
    let fits = if varying { bits.len <= typmod as usize } else { bits.len == typmod as usize };
    if !(1..=MAX_LEN).contains(&typmod) || fits {
        return Ok(stored.clone());
    }
    if !explicit {
        return check(stored.clone(), typmod, varying);
    }
    let mut bytes = bits.bytes.to_vec();
    bytes.truncate((typmod as usize).div_ceil(8));
    Ok(encode(bytes, typmod as usize))
}

/// `bit(n)` or `varbit(n)` modifier.
pub fn typmod_in(values: &[i32], name: &str) -> PgResult<i32> {
    let [len] = values else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
    if *len < 1 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {name} must be at least 1");
    }
    if *len > 83_886_080 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {name} cannot exceed 83886080");
    }
    Ok(*len)
}
