//! int2, int4 and int8.
use crate::{binary::BinaryReader, invalid_syntax, is_space};
use error::{PgError, PgResult, err};

/// What the parser below needs of an integer type.
pub trait PgInt: Copy + TryFrom<i128> + itoa::Integer {
    /// SQL name for messages.
    const NAME: &'static str;
}
impl PgInt for i16 {
    const NAME: &'static str = "smallint";
}
impl PgInt for i32 {
    const NAME: &'static str = "integer";
}
impl PgInt for i64 {
    const NAME: &'static str = "bigint";
}

/// `smallint out of range` and its siblings.
#[cold]
pub fn out_of_range<T: PgInt>() -> PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "{} out of range", T::NAME)
}

/// `division by zero`
#[cold]
pub fn division_by_zero() -> PgError {
    err!(DIVISION_BY_ZERO, "division by zero")
}

/// Text in: decimal, `0x`, `0o`, `0b`, single underscores between digits, blanks around.
pub fn input<T: PgInt>(text: &str) -> PgResult<T> {
    if let Some(v) = parse_plain(text.as_bytes()) {
        return T::try_from(v as i128).map_err(|_| value_out_of_range::<T>(text));
    }
    match parse_general(text.as_bytes()) {
        Parsed::Value(v) => T::try_from(v).map_err(|_| value_out_of_range::<T>(text)),
        Parsed::TooLarge => Err(value_out_of_range::<T>(text)),
        Parsed::Invalid { seen } if T::try_from(seen).is_err() => {
            Err(value_out_of_range::<T>(text))
        }
        Parsed::Invalid { .. } => Err(invalid_syntax(T::NAME, text)),
    }
}

#[cold]
fn value_out_of_range<T: PgInt>(text: &str) -> PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{text}\" is out of range for type {}", T::NAME)
}

/// Up to 18 plain digits with an optional minus.
fn parse_plain(b: &[u8]) -> Option<i64> {
    let (neg, digits) = match b {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, b),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut v = 0i64;
    for &d in digits {
        if !d.is_ascii_digit() {
            return None;
        }
        v = v * 10 + i64::from(d - b'0');
    }
    Some(if neg { -v } else { v })
}

enum Parsed {
    Value(i128),
    /// Out of any type's range; wins over later garbage.
    TooLarge,
    /// Not a number; `seen` is what its leading digits made, because a range error found before
    /// the garbage is the one reported.
    Invalid {
        seen: i128,
    },
}

fn parse_general(b: &[u8]) -> Parsed {
    let mut pos = b.iter().take_while(|c| is_space(**c as char)).count();
    let mut neg = false;
    if let Some(sign @ (b'-' | b'+')) = b.get(pos) {
        neg = *sign == b'-';
        pos += 1;
    }
    let base = match b.get(pos..pos + 2) {
        Some([b'0', b'x' | b'X']) => 16,
        Some([b'0', b'o' | b'O']) => 8,
        Some([b'0', b'b' | b'B']) => 2,
        _ => 10,
    };
    if base != 10 {
        pos += 2;
    }
    let digit = |at: usize| b.get(at).and_then(|c| (*c as char).to_digit(base));
    let first = pos;
    let mut v: i128 = 0;
    let signed = |v: i128| if neg { -v } else { v };
    loop {
        if let Some(d) = digit(pos) {
            v = v * base as i128 + d as i128;
            if v > 1 << 64 {
                return Parsed::TooLarge;
            }
            pos += 1;
        } else if b.get(pos) == Some(&b'_') && (pos > first || base != 10) {
            if digit(pos + 1).is_none() {
                return Parsed::Invalid { seen: signed(v) };
            }
            pos += 1;
        } else {
            break;
        }
    }
    if pos == first || !b[pos..].iter().all(|c| is_space(*c as char)) {
        return Parsed::Invalid { seen: signed(v) };
    }
    Parsed::Value(signed(v))
}

/// Text out.
#[inline]
pub fn output<T: PgInt>(v: T, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(v).as_bytes());
}

/// Binary in.
pub fn recv2(buf: &[u8]) -> PgResult<i16> {
    BinaryReader::new(buf).i16()
}
/// Binary in.
pub fn recv4(buf: &[u8]) -> PgResult<i32> {
    BinaryReader::new(buf).i32()
}
/// Binary in.
pub fn recv8(buf: &[u8]) -> PgResult<i64> {
    BinaryReader::new(buf).i64()
}

/// Greatest common divisor of magnitudes.
pub fn gcd_u64(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_forms() {
        for (text, want) in [
            ("12", 12),
            (" -12 ", -12),
            ("+7", 7),
            ("0x1F", 31),
            ("0x_1", 1),
            ("0o17", 15),
            ("0b101", 5),
            ("1_000_000", 1_000_000),
            ("-2147483648", i32::MIN),
            ("-0x80000000", i32::MIN),
        ] {
            assert_eq!(input::<i32>(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn refuses_as_postgresql_does() {
        for (text, want) in [
            ("", "invalid input syntax for type integer: \"\""),
            ("_1", "invalid input syntax for type integer: \"_1\""),
            ("1__0", "invalid input syntax for type integer: \"1__0\""),
            ("0b", "invalid input syntax for type integer: \"0b\""),
            ("1 2", "invalid input syntax for type integer: \"1 2\""),
            ("99999999999x", "value \"99999999999x\" is out of range for type integer"),
            ("2147483648", "value \"2147483648\" is out of range for type integer"),
        ] {
            assert_eq!(input::<i32>(text).unwrap_err().message(), want);
        }
    }
}
