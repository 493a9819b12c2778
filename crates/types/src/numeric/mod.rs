//! numeric: exact decimal numbers of any size, NaN and the infinities.
//!
//! # Stored form
//! ```text
//! u16 le   kind << 14 | dscale        kind 0 positive or zero, 1 negative, 2 special
//! i16 le   weight                     exponent of the first digit, base 10000
//! u16 le   digit ...                  base 10000, no leading or trailing zero digits
//! ```
//! A special value is the first two bytes alone, `dscale` 0 NaN, 1 Infinity, 2 -Infinity. Five base
//! 10000 digits, up to twenty decimal ones, fit a [`Varlena`] in place.

mod arith;
mod convert;
mod io;
mod math;
mod random;
mod sum;

pub use arith::*;
pub use convert::*;
pub use io::*;
pub use math::*;
pub use random::random_between;
pub use sum::{NumericSum, variance};

use crate::{Varlena, hash};
use error::{PgError, PgResult, bail, err};
use smallvec::SmallVec;
use std::cmp::Ordering;

pub(crate) const NBASE: u32 = 10_000;
const DSCALE_MASK: u16 = 0x3fff;
/// Most digits after the decimal point that a value can show.
pub const DSCALE_MAX: i32 = 0x3fff;
/// Largest exponent of the first digit, base 10000.
pub const WEIGHT_MAX: i32 = 0x7fff;
/// Largest scale that computed results get.
pub const MAX_DISPLAY_SCALE: i32 = 1000;
/// Computed results have at least so many significant digits.
pub const MIN_SIG_DIGITS: i32 = 16;
/// Largest precision of a type modifier.
pub const MAX_PRECISION: i32 = 1000;

pub(crate) type Digits = SmallVec<[u16; 12]>;

/// A finite number: `±digits * 10000^(weight - digits.len() + 1)`; `digits` has no leading or
/// trailing zeros and is empty for zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Num {
    /// Below zero.
    pub neg: bool,
    /// Exponent of the first digit, base 10000.
    pub weight: i32,
    /// Digits shown after the decimal point.
    pub dscale: i32,
    /// Base 10000.
    pub(crate) digits: Digits,
}

/// Any numeric value.
#[derive(Clone, Debug, PartialEq)]
pub enum Numeric {
    /// A number.
    Finite(Num),
    /// NaN
    NaN,
    /// Infinity
    PosInf,
    /// -Infinity
    NegInf,
}
use Numeric::{Finite, NaN, NegInf, PosInf};

/// `value overflows numeric format`
#[cold]
pub fn overflow() -> PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
}

impl Num {
    /// Zero.
    pub fn zero() -> Num {
        Num::default()
    }

    /// Number of base 10000 digits held.
    pub(crate) fn digit_count(&self) -> usize {
        self.digits.len()
    }

    /// Whether this is zero.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Whether there is nothing after the decimal point.
    pub fn is_integral(&self) -> bool {
        self.digits.len() as i32 <= self.weight + 1
    }

    /// Whether an integral number is odd.
    pub fn is_odd(&self) -> bool {
        self.digits.len() as i32 == self.weight + 1
            && self.digits.last().is_some_and(|d| d % 2 == 1)
    }

    /// Exponent of the last digit, base 10000.
    pub(crate) fn low(&self) -> i32 {
        self.weight - self.digits.len() as i32 + 1
    }

    /// The digit of the given exponent.
    pub(crate) fn digit_at(&self, exponent: i32) -> u16 {
        usize::try_from(self.weight - exponent)
            .ok()
            .and_then(|i| self.digits.get(i).copied())
            .unwrap_or(0)
    }

    /// Removes zero digits from both ends.
    pub(crate) fn strip(&mut self) {
        let lead = self.digits.iter().take_while(|d| **d == 0).count();
        if lead == self.digits.len() {
            self.digits.clear();
            self.weight = 0;
            self.neg = false;
            return;
        }
        if lead > 0 {
            self.digits.drain(..lead);
            self.weight -= lead as i32;
        }
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
    }

    /// The number that these digits make, first digit of the given exponent.
    pub(crate) fn from_digits(neg: bool, weight: i32, dscale: i32, digits: Digits) -> Num {
        let mut n = Num { neg, weight, dscale, digits };
        n.strip();
        n
    }

    /// Its magnitude.
    pub fn abs(mut self) -> Num {
        self.neg = false;
        self
    }

    /// The opposite.
    pub fn negate(mut self) -> Num {
        self.neg = !self.neg && !self.is_zero();
        self
    }

    /// Sets the display scale without rounding.
    pub fn with_dscale(mut self, dscale: i32) -> Num {
        self.dscale = dscale;
        self
    }

    /// Order of magnitudes.
    pub fn cmp_abs(&self, other: &Num) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            _ => {}
        }
        // Without leading and trailing zeros, a longer number of the same prefix is larger.
        self.weight.cmp(&other.weight).then_with(|| self.digits[..].cmp(&other.digits[..]))
    }

    /// Order.
    pub fn compare(&self, other: &Num) -> Ordering {
        match (self.neg, other.neg) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_abs(other),
            (true, true) => other.cmp_abs(self),
        }
    }

    /// Decimal digits before the decimal point, minus one, of the first significant digit.
    pub(crate) fn decimal_weight(&self) -> i32 {
        match self.digits.first() {
            None => 0,
            Some(d) => self.weight * 4 + decimal_len(*d) - 1,
        }
    }

    /// Cuts or rounds (half away from zero) to `scale` decimal digits after the point; `scale` may
    /// be negative. Sets the display scale to it.
    pub(crate) fn cut(&mut self, scale: i32, round: bool) {
        self.dscale = scale;
        if self.is_zero() {
            return;
        }
        // How many decimal digits of the base-10000 digit string stay.
        let keep = i64::from(self.weight + 1) * 4 + i64::from(scale);
        if keep >= self.digits.len() as i64 * 4 {
            return;
        }
        if keep < 0 {
            self.digits.clear();
            self.strip();
            return;
        }
        let (whole, part) = ((keep / 4) as usize, (keep % 4) as u32);
        let unit = 10u16.pow(4 - part).min(10_000);
        let last = self.digits[whole];
        let rest = if part == 0 { last } else { last % unit };
        let up = round && u32::from(rest) * 2 >= if part == 0 { NBASE } else { u32::from(unit) };
        self.digits.truncate(whole + 1);
        self.digits[whole] = if part == 0 { 0 } else { last - rest };
        if up {
            let mut at = whole;
            let mut carry = u32::from(unit);
            if part == 0 {
                carry = 1;
                if whole == 0 {
                    self.digits[0] = 0;
                    self.digits.insert(0, 1);
                    self.weight += 1;
                    self.strip();
                    return;
                }
                at = whole - 1;
            }
            loop {
                let v = u32::from(self.digits[at]) + carry;
                self.digits[at] = (v % NBASE) as u16;
                carry = v / NBASE;
                if carry == 0 {
                    break;
                }
                if at == 0 {
                    self.digits.insert(0, carry as u16);
                    self.weight += 1;
                    break;
                }
                at -= 1;
            }
        }
        self.strip();
    }

    /// Rounds to `scale` digits after the point.
    pub fn rounded(mut self, scale: i32) -> Num {
        self.cut(scale, true);
        self
    }

    /// Cuts to `scale` digits after the point.
    pub fn truncated(mut self, scale: i32) -> Num {
        self.cut(scale, false);
        self
    }

    /// The stored form.
    pub fn encode(&self) -> PgResult<Varlena> {
        if self.weight > WEIGHT_MAX || self.weight < -0x8000 {
            return Err(overflow());
        }
        let dscale = self.dscale.clamp(0, DSCALE_MAX) as u16;
        let head = dscale | if self.neg { 1 << 14 } else { 0 };
        let mut buf: SmallVec<[u8; 64]> = SmallVec::new();
        buf.extend_from_slice(&head.to_le_bytes());
        buf.extend_from_slice(&(self.weight as i16).to_le_bytes());
        for d in &self.digits {
            buf.extend_from_slice(&d.to_le_bytes());
        }
        Ok(Varlena::new(&buf))
    }
}

pub(crate) fn decimal_len(d: u16) -> i32 {
    match d {
        1000.. => 4,
        100.. => 3,
        10.. => 2,
        _ => 1,
    }
}

/// A view of the stored form.
#[derive(Clone, Copy)]
pub(crate) struct Stored<'a> {
    pub head: u16,
    pub weight: i32,
    pub digits: &'a [u8],
}

impl<'a> Stored<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        match bytes {
            [a, b, c, d, digits @ ..] => Stored {
                head: u16::from_le_bytes([*a, *b]),
                weight: i32::from(i16::from_le_bytes([*c, *d])),
                digits,
            },
            [a, b] => Stored { head: u16::from_le_bytes([*a, *b]), weight: 0, digits: &[] },
            _ => Stored { head: 2 << 14, weight: 0, digits: &[] },
        }
    }

    pub(crate) fn is_special(self) -> bool {
        self.head >> 14 >= 2
    }

    pub(crate) fn neg(self) -> bool {
        self.head >> 14 == 1
    }

    pub(crate) fn dscale(self) -> i32 {
        i32::from(self.head & DSCALE_MASK)
    }

    pub(crate) fn ndigits(self) -> usize {
        self.digits.len() / 2
    }

    pub(crate) fn digit(self, i: usize) -> u16 {
        u16::from_le_bytes([self.digits[2 * i], self.digits[2 * i + 1]])
    }

    fn special(self) -> Numeric {
        match self.head & DSCALE_MASK {
            1 => PosInf,
            2 => NegInf,
            _ => NaN,
        }
    }

    /// -∞, finite, ∞, NaN in order.
    fn rank(self) -> u8 {
        match (self.is_special(), self.head & DSCALE_MASK) {
            (false, _) => 1,
            (true, 1) => 2,
            (true, 2) => 0,
            _ => 3,
        }
    }
}

impl Numeric {
    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Numeric {
        let s = Stored::new(bytes);
        if s.is_special() {
            return s.special();
        }
        let digits = (0..s.ndigits()).map(|i| s.digit(i)).collect();
        Finite(Num { neg: s.neg(), weight: s.weight, dscale: s.dscale(), digits })
    }

    /// The stored form.
    pub fn encode(&self) -> PgResult<Varlena> {
        let special = |code: u16| Ok(Varlena::new(&(2 << 14 | code).to_le_bytes()));
        match self {
            Finite(n) => n.encode(),
            NaN => special(0),
            PosInf => special(1),
            NegInf => special(2),
        }
    }

    /// -1, 0 or 1; NaN counts as positive.
    pub fn sign(&self) -> i32 {
        match self {
            Finite(n) if n.is_zero() => 0,
            Finite(n) if n.neg => -1,
            NegInf => -1,
            _ => 1,
        }
    }
}

/// Whether the stored value is NaN.
pub fn is_nan(bytes: &[u8]) -> bool {
    let s = Stored::new(bytes);
    s.is_special() && s.head & DSCALE_MASK == 0
}

/// Whether the stored value is NaN or infinite.
pub fn is_special(bytes: &[u8]) -> bool {
    Stored::new(bytes).is_special()
}

/// Digits shown after the decimal point; `None` for NaN and the infinities.
pub fn dscale(bytes: &[u8]) -> Option<i32> {
    let s = Stored::new(bytes);
    (!s.is_special()).then(|| s.dscale())
}

/// Order of stored values: NaN equals itself and is above everything.
pub fn cmp(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (Stored::new(a), Stored::new(b));
    if a.is_special() || b.is_special() {
        return a.rank().cmp(&b.rank());
    }
    match (a.neg(), b.neg()) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => cmp_magnitude(a, b),
        (true, true) => cmp_magnitude(b, a),
    }
}

fn cmp_magnitude(a: Stored<'_>, b: Stored<'_>) -> Ordering {
    let (na, nb) = (a.ndigits(), b.ndigits());
    if na == 0 || nb == 0 {
        return na.cmp(&nb);
    }
    a.weight.cmp(&b.weight).then_with(|| {
        (0..na.min(nb))
            .map(|i| a.digit(i).cmp(&b.digit(i)))
            .find(|o| o.is_ne())
            .unwrap_or_else(|| na.cmp(&nb))
    })
}

/// Hash; equal values of different display scale hash alike.
pub fn hash(bytes: &[u8]) -> u32 {
    let s = Stored::new(bytes);
    if s.is_special() {
        0
    } else if s.digits.is_empty() {
        u32::MAX
    } else {
        hash::bytes(s.digits) ^ s.weight as u32
    }
}

/// Seeded hash.
pub fn hash_extended(bytes: &[u8], seed: u64) -> u64 {
    let s = Stored::new(bytes);
    if s.is_special() {
        seed
    } else if s.digits.is_empty() {
        seed.wrapping_sub(1)
    } else {
        hash::bytes_extended(s.digits, seed) ^ i64::from(s.weight) as u64
    }
}

/// Appends a key whose bytes order as the values do; equal values give equal keys.
pub fn encode_key(out: &mut Vec<u8>, bytes: &[u8]) {
    let s = Stored::new(bytes);
    if s.is_special() {
        out.push(match s.rank() {
            0 => 0x10,
            2 => 0x50,
            _ => 0x60,
        });
        return;
    }
    if s.digits.is_empty() {
        out.push(0x30);
        return;
    }
    let flip = if s.neg() { 0xffff } else { 0u16 };
    out.push(if s.neg() { 0x20 } else { 0x40 });
    let weight = (s.weight as i16 as u16) ^ 0x8000;
    out.extend_from_slice(&(weight ^ flip).to_be_bytes());
    for i in 0..s.ndigits() {
        out.extend_from_slice(&((s.digit(i) + 1) ^ flip).to_be_bytes());
    }
    // Below any digit, so that a prefix sorts first (last when negative).
    out.extend_from_slice(&flip.to_be_bytes());
}

/// Type modifier from `numeric(p[,s])`.
pub fn typmod_in(values: &[i32]) -> PgResult<i32> {
    let (precision, scale) = match values {
        [p] => (*p, 0),
        [p, s] => (*p, *s),
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid NUMERIC type modifier"),
    };
    if !(1..=MAX_PRECISION).contains(&precision) {
        bail!(
            INVALID_PARAMETER_VALUE,
            "NUMERIC precision {precision} must be between 1 and {MAX_PRECISION}"
        );
    }
    if !(-1000..=1000).contains(&scale) {
        bail!(INVALID_PARAMETER_VALUE, "NUMERIC scale {scale} must be between -1000 and 1000");
    }
    Ok((precision << 16 | scale & 0x7ff) + 4)
}

/// Precision and scale of a type modifier.
pub fn typmod_parts(typmod: i32) -> Option<(i32, i32)> {
    (typmod >= 4).then(|| {
        let v = typmod - 4;
        (v >> 16 & 0xffff, ((v & 0x7ff) ^ 1024) - 1024)
    })
}

/// `(p,s)`
pub fn typmod_out(typmod: i32) -> String {
    typmod_parts(typmod).map_or(String::new(), |(p, s)| format!("({p},{s})"))
}

/// Rounds to a type modifier's scale and checks its precision.
pub fn apply_typmod(value: Numeric, typmod: i32) -> PgResult<Numeric> {
    let Some((precision, scale)) = typmod_parts(typmod) else { return Ok(value) };
    let field_overflow = |detail: String| {
        Err(err!(NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow").detail(detail))
    };
    match value {
        NaN => Ok(NaN),
        PosInf | NegInf => field_overflow(format!(
            "A field with precision {precision}, scale {scale} cannot hold an infinite value."
        )),
        Finite(n) => {
            let mut n = n.rounded(scale);
            n.dscale = n.dscale.max(0);
            let max = precision - scale;
            if !n.is_zero() && n.decimal_weight() + 1 > max {
                let (caret, limit) = if max != 0 { ("10^", max) } else { ("", 1) };
                return field_overflow(format!(
                    "A field with precision {precision}, scale {scale} must round to an absolute value less than {caret}{limit}."
                ));
            }
            Ok(Finite(n))
        }
    }
}

/// Applies a type modifier to a stored value; the common case of one that fits is cheap.
pub fn apply_typmod_stored(bytes: &Varlena, typmod: i32) -> PgResult<Varlena> {
    let Some((precision, scale)) = typmod_parts(typmod) else { return Ok(bytes.clone()) };
    let s = Stored::new(bytes);
    if !s.is_special() && s.dscale() <= scale && (s.weight + 1) * 4 <= precision - scale {
        let mut buf: SmallVec<[u8; 64]> = SmallVec::from_slice(bytes);
        let head = s.head & !DSCALE_MASK | scale as u16;
        buf[..2].copy_from_slice(&head.to_le_bytes());
        return Ok(Varlena::new(&buf));
    }
    apply_typmod(Numeric::decode(bytes), typmod)?.encode()
}

#[cfg(test)]
mod tests;
