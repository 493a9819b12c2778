//! Conversions between numeric and the other number types.
use super::*;
use crate::{float, int};

impl Num {
    /// From an int8.
    pub fn from_i64(v: i64) -> Num {
        Num::from_i128(i128::from(v))
    }

    /// From 128 bits.
    pub fn from_i128(v: i128) -> Num {
        let mut digits = Digits::new();
        let mut m = v.unsigned_abs();
        while m != 0 {
            digits.push((m % 10_000) as u16);
            m /= 10_000;
        }
        digits.reverse();
        Num::from_digits(v < 0, digits.len() as i32 - 1, 0, digits)
    }

    /// `v / 10^scale`, showing `scale` digits.
    pub fn from_scaled(v: i128, scale: u32) -> Num {
        let pad = (4 - scale % 4) % 4;
        let mut n = Num::from_i128(v * 10i128.pow(pad));
        if !n.is_zero() {
            n.weight -= ((scale + pad) / 4) as i32;
        }
        n.dscale = scale as i32;
        n
    }

    /// Rounded to an integer, if it fits 128 bits.
    pub fn to_i128(&self) -> Option<i128> {
        let n = if self.is_integral() { self.clone() } else { self.clone().rounded(0) };
        if n.is_zero() {
            return Some(0);
        }
        if n.weight > 9 {
            return None;
        }
        let mut v: i128 = 0;
        for exponent in (0..=n.weight).rev() {
            v = v.checked_mul(10_000)?.checked_add(i128::from(n.digit_at(exponent)))?;
        }
        Some(if n.neg { -v } else { v })
    }

    /// Nearest float8; infinite if too large.
    pub fn to_f64(&self) -> f64 {
        // Exact while both the mantissa and the power of ten are.
        if self.digits.len() <= 3 && (-5..=5).contains(&self.low()) {
            let m = self.digits.iter().fold(0u64, |v, d| v * 10_000 + u64::from(*d)) as f64;
            let scale = 10_000f64.powi(self.low().abs());
            let v = if self.low() < 0 { m / scale } else { m * scale };
            return if self.neg { -v } else { v };
        }
        let mut text = String::with_capacity(self.digits.len() * 4 + 16);
        if self.neg {
            text.push('-');
        }
        for d in &self.digits {
            text.push_str(&format!("{d:04}"));
        }
        text.push_str(&format!("e{}", self.low() * 4));
        text.parse().unwrap_or(0.0)
    }
}

/// From an int8, to the stored form.
#[inline]
pub fn from_i64(v: i64) -> Varlena {
    from_i128(i128::from(v))
}

/// From 128 bits, to the stored form.
pub fn from_i128(v: i128) -> Varlena {
    // 39 decimal digits are ten base-10000 digits, far below the limits of the format.
    Num::from_i128(v).encode().unwrap_or_default()
}

/// From a float8 with the 15 digits that it surely holds.
pub fn from_f64(v: f64) -> PgResult<Varlena> {
    from_float(v, 15)
}

/// From a float4 with the 6 digits that it surely holds.
pub fn from_f32(v: f32) -> PgResult<Varlena> {
    from_float(f64::from(v), 6)
}

fn from_float(v: f64, digits: usize) -> PgResult<Varlena> {
    if v.is_nan() {
        return NaN.encode();
    }
    if v.is_infinite() {
        return if v > 0.0 { PosInf.encode() } else { NegInf.encode() };
    }
    let mut text = Vec::new();
    float::output_g(v, digits, &mut text);
    parse(std::str::from_utf8(&text).unwrap_or("0"))?.encode()
}

/// To float8; too large a value is an error.
pub fn to_f64(bytes: &[u8]) -> PgResult<f64> {
    match Numeric::decode(bytes) {
        Finite(n) => {
            let v = n.to_f64();
            if v.is_infinite() || v == 0.0 && !n.is_zero() {
                bail!(
                    NUMERIC_VALUE_OUT_OF_RANGE,
                    "\"{n}\" is out of range for type double precision"
                );
            }
            Ok(v)
        }
        special => Ok(special.to_f64_lossy()),
    }
}

impl Numeric {
    /// Nearest float8; infinite if too large.
    pub fn to_f64_lossy(&self) -> f64 {
        match self {
            Finite(n) => n.to_f64(),
            NaN => f64::NAN,
            PosInf => f64::INFINITY,
            NegInf => f64::NEG_INFINITY,
        }
    }
}

/// To float4; too large a value is an error.
pub fn to_f32(bytes: &[u8]) -> PgResult<f32> {
    match Numeric::decode(bytes) {
        Finite(n) => float::input4(&n.to_string()),
        special => Ok(special.to_f64_lossy() as f32),
    }
}

/// Rounded to an integer type; `NAME` of which is in the messages.
pub fn to_int<T: int::PgInt>(bytes: &[u8]) -> PgResult<T> {
    match Numeric::decode(bytes) {
        Finite(n) => match n.to_i128().and_then(|v| T::try_from(v).ok()) {
            Some(v) => Ok(v),
            None => Err(int::out_of_range::<T>()),
        },
        NaN => Err(err!(FEATURE_NOT_SUPPORTED, "cannot convert NaN to {}", T::NAME)),
        _ => Err(err!(FEATURE_NOT_SUPPORTED, "cannot convert infinity to {}", T::NAME)),
    }
}
