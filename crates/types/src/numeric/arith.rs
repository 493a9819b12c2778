//! The four operations, rounding, and integer-like functions of numeric.
use super::*;
use crate::int::division_by_zero;

impl Num {
    fn add_abs(&self, other: &Num, neg: bool) -> Num {
        let dscale = self.dscale.max(other.dscale);
        if self.is_zero() || other.is_zero() {
            let mut n = if self.is_zero() { other.clone() } else { self.clone() };
            n.dscale = dscale;
            n.neg = neg && !n.is_zero();
            return n;
        }
        let high = self.weight.max(other.weight);
        let low = self.low().min(other.low());
        let mut digits: Digits = smallvec::smallvec![0; (high - low + 2) as usize];
        let mut carry = 0;
        for exponent in low..=high {
            let v = self.digit_at(exponent) + other.digit_at(exponent) + carry;
            carry = (v >= NBASE as u16) as u16;
            digits[(high + 1 - exponent) as usize] = v - carry * NBASE as u16;
        }
        digits[0] = carry;
        Num::from_digits(neg, high + 1, dscale, digits)
    }

    /// `|self| - |other|` where `|self| >= |other|`.
    fn sub_abs(&self, other: &Num, neg: bool) -> Num {
        let dscale = self.dscale.max(other.dscale);
        if other.is_zero() {
            let mut n = self.clone();
            n.dscale = dscale;
            n.neg = neg && !n.is_zero();
            return n;
        }
        let (high, low) = (self.weight, self.low().min(other.low()));
        let mut digits: Digits = smallvec::smallvec![0; (high - low + 1) as usize];
        let mut borrow = 0i32;
        for exponent in low..=high {
            let v =
                i32::from(self.digit_at(exponent)) - i32::from(other.digit_at(exponent)) - borrow;
            borrow = (v < 0) as i32;
            digits[(high - exponent) as usize] = (v + borrow * NBASE as i32) as u16;
        }
        Num::from_digits(neg, high, dscale, digits)
    }

    /// Sum, exact.
    pub fn add(&self, other: &Num) -> Num {
        if self.neg == other.neg {
            return self.add_abs(other, self.neg);
        }
        match self.cmp_abs(other) {
            Ordering::Equal => Num { dscale: self.dscale.max(other.dscale), ..Num::default() },
            Ordering::Greater => self.sub_abs(other, self.neg),
            Ordering::Less => other.sub_abs(self, other.neg),
        }
    }

    /// Difference, exact.
    pub fn sub(&self, other: &Num) -> Num {
        self.add(&other.clone().negate())
    }

    /// Product, exact.
    pub fn mul(&self, other: &Num) -> Num {
        let dscale = self.dscale + other.dscale;
        if self.is_zero() || other.is_zero() {
            return Num { dscale, ..Num::default() };
        }
        let (a, b) = (&self.digits, &other.digits);
        let mut acc: SmallVec<[u64; 24]> = smallvec::smallvec![0; a.len() + b.len()];
        for (i, x) in a.iter().enumerate() {
            let x = u64::from(*x);
            if x == 0 {
                continue;
            }
            for (slot, y) in acc[i + 1..].iter_mut().zip(b) {
                *slot += x * u64::from(*y);
            }
        }
        let mut carry = 0;
        let mut digits: Digits = smallvec::smallvec![0; acc.len()];
        for i in (0..acc.len()).rev() {
            let v = acc[i] + carry;
            digits[i] = (v % u64::from(NBASE)) as u16;
            carry = v / u64::from(NBASE);
        }
        Num::from_digits(self.neg != other.neg, self.weight + other.weight + 1, dscale, digits)
    }

    /// Product rounded to `scale`.
    pub fn mul_round(&self, other: &Num, scale: i32) -> Num {
        self.mul(other).rounded(scale)
    }

    /// Quotient with `scale` digits after the point, rounded or cut; the divisor is not zero.
    pub fn div_scale(&self, other: &Num, scale: i32, round: bool) -> Num {
        if self.is_zero() {
            return Num { dscale: scale, ..Num::default() };
        }
        // One decimal digit beyond the last kept decides the rounding.
        let weight = self.weight - other.weight;
        let low = -((scale + 1).div_euclid(4) + 1);
        let count = weight - low + 1;
        if count <= 0 {
            return Num { dscale: scale, ..Num::default() };
        }
        let digits = divide_digits(&self.digits, &other.digits, count as usize);
        let mut q = Num::from_digits(self.neg != other.neg, weight, scale, digits);
        q.cut(scale, round);
        q
    }

    /// Quotient with the integer part only.
    pub fn div_int(&self, other: &Num) -> Num {
        self.div_scale(other, 0, false)
    }

    /// Remainder of truncating division.
    pub fn rem(&self, other: &Num) -> Num {
        let dscale = self.dscale.max(other.dscale);
        if self.cmp_abs(other).is_lt() {
            return self.clone().with_dscale(dscale);
        }
        let q = self.div_int(other);
        self.sub(&q.mul(other)).with_dscale(dscale)
    }

    /// Largest integer not above.
    pub fn floor(&self) -> Num {
        let t = self.clone().truncated(0);
        if self.neg && !self.is_integral() { t.sub(&Num::from_i64(1)) } else { t }
    }

    /// Smallest integer not below.
    pub fn ceil(&self) -> Num {
        let t = self.clone().truncated(0);
        if !self.neg && !self.is_integral() { t.add(&Num::from_i64(1)) } else { t }
    }
}

/// The first `count` base-10000 digits of `a / b`, the first of exponent `weight(a) - weight(b)`
/// (it may be zero).
fn divide_digits(a: &[u16], b: &[u16], count: usize) -> Digits {
    if b.len() <= 3 {
        let divisor = b.iter().fold(0u64, |v, d| v * 10_000 + u64::from(*d));
        let mut rem = 0u64;
        let next = |i: usize| u64::from(a.get(i).copied().unwrap_or(0));
        // The divisor's length is consumed before the first quotient digit.
        for i in 0..b.len() - 1 {
            rem = rem * 10_000 + next(i);
        }
        return (0..count)
            .map(|i| {
                let v = rem * 10_000 + next(i + b.len() - 1);
                rem = v % divisor;
                (v / divisor) as u16
            })
            .collect();
    }
    // Long division with a normalized divisor, so that an estimate from two digits is at most two
    // too large.
    let n = b.len();
    let factor = NBASE / (u32::from(b[0]) + 1);
    let mut divisor: Vec<u32> = vec![0; n];
    let mut carry = 0;
    for i in (0..n).rev() {
        let v = u32::from(b[i]) * factor + carry;
        divisor[i] = v % NBASE;
        carry = v / NBASE;
    }
    let mut work: Vec<u32> = vec![0; count + n + 1];
    carry = 0;
    for i in (0..work.len() - 1).rev() {
        let v = u32::from(a.get(i).copied().unwrap_or(0)) * factor + carry;
        work[i + 1] = v % NBASE;
        carry = v / NBASE;
    }
    work[0] = carry;
    let mut out = Digits::with_capacity(count);
    for j in 0..count {
        let top = u64::from(work[j]) * 10_000 + u64::from(work[j + 1]);
        let mut q = (top / u64::from(divisor[0])).min(9_999);
        let mut r = top - q * u64::from(divisor[0]);
        let third = u64::from(work[j + 2]);
        while r < 10_000 && q * u64::from(divisor[1]) > r * 10_000 + third {
            q -= 1;
            r += u64::from(divisor[0]);
        }
        let mut borrow = 0i64;
        for i in (0..n).rev() {
            let v = i64::from(work[j + i + 1]) - q as i64 * i64::from(divisor[i]) - borrow;
            let digit = v.rem_euclid(10_000);
            borrow = (digit - v) / 10_000;
            work[j + i + 1] = digit as u32;
        }
        if i64::from(work[j]) < borrow {
            q -= 1;
            let mut carry = 0;
            for i in (0..n).rev() {
                let v = work[j + i + 1] + divisor[i] + carry;
                work[j + i + 1] = v % NBASE;
                carry = v / NBASE;
            }
        }
        work[j] = 0;
        out.push(q as u16);
    }
    out
}

/// The scale that division gives its result.
pub fn select_div_scale(a: &Num, b: &Num) -> i32 {
    let first = |n: &Num| n.digits.first().copied().unwrap_or(0);
    let weight = |n: &Num| if n.is_zero() { 0 } else { n.weight };
    let mut q_weight = weight(a) - weight(b);
    if first(a) <= first(b) {
        q_weight -= 1;
    }
    (MIN_SIG_DIGITS - q_weight * 4).max(a.dscale).max(b.dscale).clamp(0, MAX_DISPLAY_SCALE)
}

/// A value whose digits fit 128 bits: `mantissa * 10000^low`.
fn small(s: Stored<'_>, low: i32) -> i128 {
    let n = s.ndigits();
    if n == 0 {
        return 0;
    }
    let mut v = (0..n).fold(0i128, |v, i| v * 10_000 + i128::from(s.digit(i)));
    for _ in 0..s.weight - n as i32 + 1 - low {
        v *= 10_000;
    }
    if s.neg() { -v } else { v }
}

fn encode_small(v: i128, low: i32, dscale: i32) -> Varlena {
    let mut buf = [0u8; 4 + 2 * 10];
    let mut digits = [0u16; 10];
    let (mut m, mut n) = (v.unsigned_abs(), 0);
    let mut low = low;
    if m == 0 {
        low = 0;
    } else {
        while m % 10_000 == 0 {
            m /= 10_000;
            low += 1;
        }
    }
    while m != 0 {
        if let Ok(mut small) = u64::try_from(m) {
            while small != 0 {
                digits[n] = (small % 10_000) as u16;
                small /= 10_000;
                n += 1;
            }
            break;
        }
        digits[n] = (m % 10_000) as u16;
        m /= 10_000;
        n += 1;
    }
    let head = dscale as u16 | if v < 0 { 1 << 14 } else { 0 };
    let weight = if n == 0 { 0 } else { (low + n as i32 - 1) as i16 };
    buf[..2].copy_from_slice(&head.to_le_bytes());
    buf[2..4].copy_from_slice(&weight.to_le_bytes());
    for i in 0..n {
        buf[4 + 2 * i..6 + 2 * i].copy_from_slice(&digits[n - 1 - i].to_le_bytes());
    }
    Varlena::new(&buf[..4 + 2 * n])
}

fn low_of(s: Stored<'_>) -> i32 {
    if s.ndigits() == 0 { 0 } else { s.weight - s.ndigits() as i32 + 1 }
}

/// `a ± b` when both fit 8 digits of base 10000 together.
fn add_small(a: Stored<'_>, b: Stored<'_>, minus: bool) -> Option<Varlena> {
    if a.is_special() || b.is_special() {
        return None;
    }
    let low = low_of(a).min(low_of(b));
    if a.weight.max(b.weight) - low >= 8 {
        return None;
    }
    let (x, y) = (small(a, low), small(b, low));
    Some(encode_small(if minus { x - y } else { x + y }, low, a.dscale().max(b.dscale())))
}

/// `a + b` of stored values.
pub fn add(a: &[u8], b: &[u8]) -> PgResult<Varlena> {
    if let Some(sum) = add_small(Stored::new(a), Stored::new(b), false) {
        return Ok(sum);
    }
    add_values(Numeric::decode(a), &Numeric::decode(b)).encode()
}

fn add_values(a: Numeric, b: &Numeric) -> Numeric {
    match (&a, b) {
        (Finite(x), Finite(y)) => Finite(x.add(y)),
        (NaN, _) | (_, NaN) | (PosInf, NegInf) | (NegInf, PosInf) => NaN,
        (PosInf, _) | (_, PosInf) => PosInf,
        _ => NegInf,
    }
}

/// `a - b` of stored values.
pub fn sub(a: &[u8], b: &[u8]) -> PgResult<Varlena> {
    if let Some(difference) = add_small(Stored::new(a), Stored::new(b), true) {
        return Ok(difference);
    }
    add_values(Numeric::decode(a), &negate(Numeric::decode(b))).encode()
}

/// The opposite.
pub fn negate(v: Numeric) -> Numeric {
    match v {
        Finite(n) => Finite(n.negate()),
        NaN => NaN,
        PosInf => NegInf,
        NegInf => PosInf,
    }
}

/// `a * b` of stored values.
pub fn mul(a: &[u8], b: &[u8]) -> PgResult<Varlena> {
    let (sa, sb) = (Stored::new(a), Stored::new(b));
    let finite = !sa.is_special() && !sb.is_special();
    let dscale = sa.dscale() + sb.dscale();
    if finite && sa.ndigits() + sb.ndigits() <= 8 && dscale <= DSCALE_MAX {
        let (la, lb) = (low_of(sa), low_of(sb));
        return Ok(encode_small(small(sa, la) * small(sb, lb), la + lb, dscale));
    }
    let (x, y) = (Numeric::decode(a), Numeric::decode(b));
    let product = match (&x, &y) {
        (Finite(x), Finite(y)) => {
            let p = x.mul(y);
            Finite(if p.dscale > DSCALE_MAX { p.rounded(DSCALE_MAX) } else { p })
        }
        (NaN, _) | (_, NaN) => NaN,
        _ => match x.sign() * y.sign() {
            0 => NaN,
            1 => PosInf,
            _ => NegInf,
        },
    };
    product.encode()
}

/// `a / b` of stored values.
pub fn div(a: &[u8], b: &[u8]) -> PgResult<Varlena> {
    div_values(&Numeric::decode(a), &Numeric::decode(b))?.encode()
}

fn div_special(x: &Numeric, y: &Numeric, zero: Num) -> PgResult<Numeric> {
    Ok(match (x, y) {
        (NaN, _) | (_, NaN) => NaN,
        (PosInf | NegInf, PosInf | NegInf) => NaN,
        (PosInf | NegInf, _) => match x.sign() * y.sign() {
            0 => return Err(division_by_zero()),
            1 => PosInf,
            _ => NegInf,
        },
        _ => Finite(zero),
    })
}

/// `a / b`.
pub fn div_values(x: &Numeric, y: &Numeric) -> PgResult<Numeric> {
    match (x, y) {
        (Finite(_), Finite(b)) if b.is_zero() => Err(division_by_zero()),
        (Finite(a), Finite(b)) => Ok(Finite(a.div_scale(b, select_div_scale(a, b), true))),
        _ => div_special(x, y, Num::zero()),
    }
}

/// `div(a, b)`: the integer part of the quotient.
pub fn div_trunc(a: &[u8], b: &[u8]) -> PgResult<Varlena> {
    let (x, y) = (Numeric::decode(a), Numeric::decode(b));
    match (&x, &y) {
        (Finite(_), Finite(b)) if b.is_zero() => Err(division_by_zero()),
        (Finite(a), Finite(b)) => a.div_int(b).encode(),
        _ => div_special(&x, &y, Num::zero())?.encode(),
    }
}

/// `a % b` of stored values.
pub fn modulo(a: &[u8], b: &[u8]) -> PgResult<Varlena> {
    let (x, y) = (Numeric::decode(a), Numeric::decode(b));
    match (&x, &y) {
        (NaN, _) | (_, NaN) => NaN.encode(),
        (_, Finite(b)) if b.is_zero() => Err(division_by_zero()),
        (PosInf | NegInf, _) => NaN.encode(),
        (Finite(a), Finite(b)) => a.rem(b).encode(),
        (Finite(a), _) => a.encode(),
    }
}

/// `round(v, scale)` or `trunc(v, scale)`.
pub fn round(v: &[u8], scale: i32, round: bool) -> PgResult<Varlena> {
    match Numeric::decode(v) {
        Finite(mut n) => {
            let scale = scale.clamp(-(WEIGHT_MAX + 1) * 4 - 4, DSCALE_MAX);
            n.cut(scale, round);
            n.dscale = n.dscale.max(0);
            n.encode()
        }
        special => special.encode(),
    }
}

fn map_finite(v: &[u8], f: impl FnOnce(&Num) -> Num) -> PgResult<Varlena> {
    match Numeric::decode(v) {
        Finite(n) => f(&n).encode(),
        special => special.encode(),
    }
}

/// Smallest integer not below.
pub fn ceil(v: &[u8]) -> PgResult<Varlena> {
    map_finite(v, Num::ceil)
}

/// Largest integer not above.
pub fn floor(v: &[u8]) -> PgResult<Varlena> {
    map_finite(v, Num::floor)
}

/// Magnitude.
pub fn abs(v: &[u8]) -> PgResult<Varlena> {
    match Numeric::decode(v) {
        Finite(n) => n.abs().encode(),
        NaN => NaN.encode(),
        _ => PosInf.encode(),
    }
}

/// The opposite, of a stored value.
pub fn uminus(v: &[u8]) -> PgResult<Varlena> {
    negate(Numeric::decode(v)).encode()
}

/// `sign(v)`
pub fn sign(v: &[u8]) -> PgResult<Varlena> {
    match Numeric::decode(v) {
        NaN => NaN.encode(),
        other => Num::from_i64(i64::from(other.sign())).encode(),
    }
}

/// Fewest digits after the point that hold the value.
pub fn min_scale(v: &[u8]) -> Option<i32> {
    match Numeric::decode(v) {
        Finite(n) => Some(n.min_scale()),
        _ => None,
    }
}

impl Num {
    /// Fewest digits after the point that hold the value.
    pub fn min_scale(&self) -> i32 {
        let Some(last) = self.digits.last() else { return 0 };
        let zeros = match last {
            d if d % 1000 == 0 => 3,
            d if d % 100 == 0 => 2,
            d if d % 10 == 0 => 1,
            _ => 0,
        };
        (-self.low() * 4 - zeros).max(0)
    }
}

/// Drops trailing zeros after the point.
pub fn trim_scale(v: &[u8]) -> PgResult<Varlena> {
    map_finite(v, |n| n.clone().with_dscale(n.min_scale()))
}

/// Greatest common divisor.
pub fn gcd(a: &[u8], b: &[u8]) -> PgResult<Varlena> {
    match (Numeric::decode(a), Numeric::decode(b)) {
        (Finite(x), Finite(y)) => gcd_num(&x, &y).encode(),
        _ => NaN.encode(),
    }
}

fn gcd_num(a: &Num, b: &Num) -> Num {
    let dscale = a.dscale.max(b.dscale);
    let (mut a, mut b) = (a.clone().abs(), b.clone().abs());
    while !b.is_zero() {
        let r = a.rem(&b);
        a = b;
        b = r;
    }
    a.with_dscale(dscale)
}

/// Least common multiple.
pub fn lcm(a: &[u8], b: &[u8]) -> PgResult<Varlena> {
    match (Numeric::decode(a), Numeric::decode(b)) {
        (Finite(x), Finite(y)) => {
            let dscale = x.dscale.max(y.dscale);
            if x.is_zero() || y.is_zero() {
                return Num { dscale, ..Num::default() }.encode();
            }
            let g = gcd_num(&x, &y);
            x.div_int(&g).mul(&y).abs().with_dscale(dscale).encode()
        }
        _ => NaN.encode(),
    }
}

/// Factorial.
pub fn factorial(n: i64) -> PgResult<Varlena> {
    if n < 0 {
        bail!(NUMERIC_VALUE_OUT_OF_RANGE, "factorial of a negative number is undefined");
    }
    if n > 32177 {
        return Err(overflow());
    }
    let mut product = Num::from_i64(1);
    for i in 2..=n {
        product = product.mul(&Num::from_i64(i));
    }
    product.encode()
}
