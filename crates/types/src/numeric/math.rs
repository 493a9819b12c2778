//! Roots, exponentials and logarithms of numeric, correct to the last digit shown.
//!
//! How many digits a result shows follows PostgreSQL's rules; the values themselves are computed
//! with guard digits and rounded once.
use super::*;

const LOG10_E: f64 = std::f64::consts::LOG10_E;
const MAX_RESULT_SCALE: i32 = 2 * MAX_PRECISION;

fn clamp_scale(scale: i32, arg: &Num) -> i32 {
    scale.max(arg.dscale).clamp(0, MAX_DISPLAY_SCALE)
}

/// Square root rounded to `scale`.
pub fn sqrt_num(arg: &Num, scale: i32) -> PgResult<Num> {
    if arg.neg {
        bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "cannot take square root of a negative number");
    }
    if arg.is_zero() {
        return Ok(Num { dscale: scale, ..Num::default() });
    }
    // Work on integers: the root of arg * 10000^(2s), cut, has 4s digits after the point, one of
    // which beyond `scale` decides the rounding.
    let s = (scale + 1).div_euclid(4) + 1;
    let mut n = arg.clone();
    n.weight += 2 * s;
    let n = n.truncated(0);
    let mut root = integer_sqrt(&n);
    if !root.is_zero() {
        root.weight -= s;
    }
    Ok(root.rounded(scale))
}

fn integer_sqrt(n: &Num) -> Num {
    if n.is_zero() {
        return Num::zero();
    }
    let one = Num::from_i64(1);
    // A first guess from the leading digits, then Newton's iteration from above.
    let odd = n.weight.rem_euclid(2);
    let lead =
        (0..4).fold(0f64, |v, i| v * 10_000.0 + f64::from(n.digits.get(i).copied().unwrap_or(0)));
    let root = (lead * if odd == 1 { 10_000.0 } else { 1.0 }).sqrt();
    // lead has exponent weight-3; with `odd` moved in, (weight - 3 - odd) is odd/even as needed.
    let exponent = n.weight - 3 - odd;
    let (root, half) = if exponent.rem_euclid(2) == 0 {
        (root, exponent / 2)
    } else {
        (root * 100.0, (exponent - 1) / 2)
    };
    let mut guess = Num::from_i128((root * 1.000_000_000_1) as i128 + 1);
    guess.weight += half;
    let mut x = guess.truncated(0).add(&one);
    loop {
        let y = x.add(&n.div_int(&x)).div_int(&Num::from_i64(2));
        if y.compare(&x).is_ge() {
            break;
        }
        x = y;
    }
    while x.mul(&x).compare(n).is_gt() {
        x = x.sub(&one);
    }
    loop {
        let next = x.add(&one);
        if next.mul(&next).compare(n).is_gt() {
            return x;
        }
        x = next;
    }
}

/// `sqrt(v)`
pub fn sqrt(v: &[u8]) -> PgResult<Varlena> {
    match Numeric::decode(v) {
        Finite(n) => {
            // PostgreSQL's division truncates towards zero here.
            let weight = n.weight * 4 / 2 + 1;
            sqrt_num(&n, clamp_scale(MIN_SIG_DIGITS - weight, &n))?.encode()
        }
        NegInf => {
            bail!(
                INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                "cannot take square root of a negative number"
            )
        }
        other => other.encode(),
    }
}

/// e to the power of `x`, rounded to `scale`.
fn exp_num(x: &Num, scale: i32) -> PgResult<Num> {
    let val = x.to_f64();
    if val.abs() >= f64::from(MAX_RESULT_SCALE * 3) {
        if val > 0.0 {
            return Err(overflow());
        }
        return Ok(Num { dscale: scale, ..Num::default() });
    }
    let weight = (val * LOG10_E) as i32;
    let mut halvings = 0u32;
    while val.abs() / f64::from(1u32 << halvings) > 0.01 {
        halvings += 1;
    }
    let work = scale.max(scale + weight) + halvings as i32 + 10;
    let x = x.div_scale(&Num::from_i64(1 << halvings), work, true);
    let mut term = Num::from_i64(1);
    let mut sum = Num::from_i64(1);
    for i in 1.. {
        term = term.mul_round(&x, work).div_scale(&Num::from_i64(i), work, true);
        if term.is_zero() {
            break;
        }
        sum = sum.add(&term);
    }
    for _ in 0..halvings {
        sum = sum.mul_round(&sum, work);
    }
    Ok(sum.rounded(scale))
}

/// `exp(v)`
pub fn exp(v: &[u8]) -> PgResult<Varlena> {
    match Numeric::decode(v) {
        Finite(n) => {
            let limit = f64::from(MAX_RESULT_SCALE);
            let weight = (n.to_f64() * LOG10_E).clamp(-limit, limit) as i32;
            exp_num(&n, clamp_scale(MIN_SIG_DIGITS - weight, &n))?.encode()
        }
        NegInf => Num::zero().encode(),
        other => other.encode(),
    }
}

/// Decimal weight of the logarithm, about.
fn ln_weight(v: &Num) -> i32 {
    if v.neg || v.is_zero() {
        return 0;
    }
    let tenths = |n: i64| Num::from_scaled(i128::from(n), 1);
    if v.compare(&tenths(9)).is_ge() && v.compare(&tenths(11)).is_le() {
        let x = v.sub(&Num::from_i64(1));
        return match x.digits.first() {
            Some(d) => x.weight * 4 + f64::from(*d).log10() as i32,
            None => 0,
        };
    }
    let mut digits = f64::from(v.digits[0]);
    let mut weight = v.weight * 4;
    if let Some(second) = v.digits.get(1) {
        digits = digits * 10_000.0 + f64::from(*second);
        weight -= 4;
    }
    let ln = digits.ln() + f64::from(weight) * std::f64::consts::LN_10;
    ln.abs().log10() as i32
}

/// Natural logarithm rounded to `scale`.
fn ln_num(v: &Num, scale: i32) -> PgResult<Num> {
    if v.is_zero() {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    }
    if v.neg {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number");
    }
    let one = Num::from_i64(1);
    if v.compare(&one).is_eq() {
        return Ok(Num { dscale: scale, ..Num::default() });
    }
    // Square roots until the argument is near 1, each halving the logarithm, then
    // ln x = 2 artanh((x - 1) / (x + 1)).
    let mut x = v.clone();
    let mut doublings = 1u32;
    let near = |x: &Num| {
        let f = x.sub(&one);
        f.is_zero() || f.weight < -1 || f.weight == -1 && f.digits[0] < 1000
    };
    let work = scale + 14 + ((v.decimal_weight().unsigned_abs() + 2) as f64).log10() as i32;
    while !near(&x) {
        let small = (-x.decimal_weight()).max(0);
        x = sqrt_num(&x, work + doublings as i32 + small)?;
        doublings += 1;
    }
    let work = work + doublings as i32;
    let z = x.sub(&one).div_scale(&x.add(&one), work, true);
    let square = z.mul_round(&z, work);
    let mut power = z.clone();
    let mut sum = z;
    for i in 1.. {
        power = power.mul_round(&square, work);
        let term = power.div_scale(&Num::from_i64(2 * i + 1), work, true);
        if term.is_zero() {
            break;
        }
        sum = sum.add(&term);
    }
    Ok(sum.mul(&Num::from_i64(1 << doublings)).rounded(scale))
}

/// `ln(v)`
pub fn ln(v: &[u8]) -> PgResult<Varlena> {
    match Numeric::decode(v) {
        Finite(n) => {
            let scale = clamp_scale(MIN_SIG_DIGITS - ln_weight(&n), &n);
            ln_num(&n, scale)?.encode()
        }
        NegInf => {
            bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number")
        }
        other => other.encode(),
    }
}

/// `log(base, v)`
pub fn log(base: &[u8], v: &[u8]) -> PgResult<Varlena> {
    let (base, v) = (Numeric::decode(base), Numeric::decode(v));
    if let (Finite(base), Finite(v)) = (&base, &v) {
        let (wb, wv) = (ln_weight(base), ln_weight(v));
        let weight = wv - wb;
        let scale = clamp_scale((MIN_SIG_DIGITS - weight).max(base.dscale), v);
        let ln_base = ln_num(base, (scale + weight - wb + 8).max(0))?;
        let ln_v = ln_num(v, (scale + weight - wv + 8).max(0))?;
        if ln_base.is_zero() {
            return Err(crate::int::division_by_zero());
        }
        return ln_v.div_scale(&ln_base, scale, true).encode();
    }
    if matches!(base, NaN) || matches!(v, NaN) {
        return NaN.encode();
    }
    if base.sign() < 0 || v.sign() < 0 {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number");
    }
    if base.sign() == 0 || v.sign() == 0 {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    }
    match (base, v) {
        (PosInf, PosInf) => NaN.encode(),
        (PosInf, _) => Num::zero().encode(),
        _ => PosInf.encode(),
    }
}

/// `power(base, exponent)`
pub fn power(base: &[u8], exponent: &[u8]) -> PgResult<Varlena> {
    let (b, e) = (Numeric::decode(base), Numeric::decode(exponent));
    if let (Finite(b), Finite(e)) = (&b, &e) {
        if b.is_zero() && e.neg {
            bail!(
                INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                "zero raised to a negative power is undefined"
            );
        }
        return power_num(b, e)?.encode();
    }
    power_special(&b, &e)?.encode()
}

fn power_special(b: &Numeric, e: &Numeric) -> PgResult<Numeric> {
    let one = Num::from_i64(1);
    let is_one = |v: &Numeric| matches!(v, Finite(n) if n.compare(&one).is_eq());
    let is_zero = |v: &Numeric| matches!(v, Finite(n) if n.is_zero());
    let yes = Ok(Finite(one.clone()));
    if matches!(b, NaN) || matches!(e, NaN) {
        return if is_zero(e) || is_one(b) { yes } else { Ok(NaN) };
    }
    if b.sign() == 0 && e.sign() < 0 {
        bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "zero raised to a negative power is undefined");
    }
    let integral = !matches!(e, Finite(n) if !n.is_integral());
    if b.sign() < 0 && !integral {
        bail!(
            INVALID_ARGUMENT_FOR_POWER_FUNCTION,
            "a negative number raised to a non-integer power yields a complex result"
        );
    }
    if is_one(b) || is_zero(e) {
        return yes;
    }
    if b.sign() == 0 {
        return Ok(Finite(Num::zero()));
    }
    if matches!(e, PosInf | NegInf) {
        let large = match b {
            Finite(n) => match n.cmp_abs(&one) {
                Ordering::Equal => return yes,
                order => order.is_gt(),
            },
            _ => true,
        };
        return Ok(if large == (e.sign() > 0) { PosInf } else { Finite(Num::zero()) });
    }
    if e.sign() < 0 {
        return Ok(Finite(Num::zero()));
    }
    let odd = matches!(e, Finite(n) if n.is_odd());
    Ok(if matches!(b, NegInf) && odd { NegInf } else { PosInf })
}

fn power_num(base: &Num, exponent: &Num) -> PgResult<Num> {
    if exponent.is_integral() {
        if let Some(n) = exponent.to_i128().and_then(|v| i32::try_from(v).ok()) {
            return power_int(base, n, exponent.dscale);
        }
    }
    if base.is_zero() {
        return Ok(Num { dscale: MIN_SIG_DIGITS, ..Num::default() });
    }
    if base.neg && !exponent.is_integral() {
        bail!(
            INVALID_ARGUMENT_FOR_POWER_FUNCTION,
            "a negative number raised to a non-integer power yields a complex result"
        );
    }
    let negative = base.neg && exponent.is_odd();
    let base = base.clone().abs();
    let weight = ln_weight(&base);
    let rough_scale = (8 - weight).max(0);
    let rough = ln_num(&base, rough_scale)?.mul_round(exponent, rough_scale).to_f64();
    if rough.abs() > f64::from(MAX_RESULT_SCALE) * 3.01 {
        if rough > 0.0 {
            return Err(overflow());
        }
        return Ok(Num { dscale: MAX_DISPLAY_SCALE, ..Num::default() });
    }
    let result_weight = (rough * LOG10_E) as i32;
    let scale = clamp_scale((MIN_SIG_DIGITS - result_weight).max(base.dscale), exponent);
    let digits = (scale + result_weight).max(0);
    let work = (digits - weight + 12).max(0);
    let ln = ln_num(&base, work + exponent.decimal_weight().max(0))?.mul_round(exponent, work);
    let result = exp_num(&ln, scale)?;
    Ok(if negative { result.negate() } else { result })
}

fn power_int(base: &Num, exponent: i32, exponent_dscale: i32) -> PgResult<Num> {
    let mut f = 0.0;
    if !base.is_zero() {
        let mut lead = f64::from(base.digits[0]);
        let mut p = base.weight * 4;
        for d in base.digits.iter().skip(1).take(3) {
            lead = lead * 10_000.0 + f64::from(*d);
            p -= 4;
        }
        f = f64::from(exponent) * (lead.log10() + f64::from(p));
    }
    if f > f64::from((WEIGHT_MAX + 1) * 4) {
        return Err(overflow());
    }
    if f + 1.0 < -f64::from(MAX_DISPLAY_SCALE) {
        return Ok(Num { dscale: MAX_DISPLAY_SCALE, ..Num::default() });
    }
    let scale = clamp_scale((MIN_SIG_DIGITS - f as i32).max(exponent_dscale), base);
    match exponent {
        0 => return Ok(Num::from_i64(1).with_dscale(scale)),
        1 => return Ok(base.clone().rounded(scale)),
        2 => return Ok(base.mul_round(base, scale)),
        _ if base.is_zero() && exponent < 0 => return Err(crate::int::division_by_zero()),
        -1 => return Ok(Num::from_i64(1).div_scale(base, scale, true)),
        _ if base.is_zero() => return Ok(Num { dscale: scale, ..Num::default() }),
        _ => {}
    }
    let digits = 1 + scale + f as i32 + f64::from(exponent).abs().ln() as i32 + 12;
    // Keeps `digits` significant decimal digits, but never fewer than the exact product has.
    let limit = |n: Num| {
        let keep = digits - n.decimal_weight();
        if keep < n.min_scale() { n.rounded(keep) } else { n }
    };
    let (mut mask, mut square) = (exponent.unsigned_abs(), base.clone());
    let mut result = Num::from_i64(1);
    loop {
        if mask & 1 == 1 {
            result = limit(result.mul(&square));
        }
        mask >>= 1;
        if mask == 0 {
            break;
        }
        square = limit(square.mul(&square));
        if square.weight > WEIGHT_MAX + 1 || result.weight > WEIGHT_MAX + 1 {
            if exponent > 0 {
                return Err(overflow());
            }
            return Ok(Num { dscale: scale, ..Num::default() });
        }
    }
    if exponent < 0 {
        return Ok(Num::from_i64(1).div_scale(&result, scale, true));
    }
    Ok(result.rounded(scale))
}
