//! float4, float8: arithmetic, comparison, mathematical functions, casts, hashing.
use error::{PgResult, bail, err};
use fmgr::Registry;
use std::cmp::Ordering;
use types::{Datum, float};

/// A result that became infinite or zero although no operand was is an error.
fn checked(result: f64, inf_ok: bool, zero_ok: bool) -> PgResult<f64> {
    if result.is_infinite() && !inf_ok {
        return Err(float::overflow());
    }
    if result == 0.0 && !zero_ok {
        return Err(float::underflow());
    }
    Ok(result)
}

fn add(a: f64, b: f64) -> PgResult<f64> {
    checked(a + b, a.is_infinite() || b.is_infinite(), true)
}

fn sub(a: f64, b: f64) -> PgResult<f64> {
    checked(a - b, a.is_infinite() || b.is_infinite(), true)
}

fn mul(a: f64, b: f64) -> PgResult<f64> {
    checked(a * b, a.is_infinite() || b.is_infinite(), a == 0.0 || b == 0.0)
}

fn div(a: f64, b: f64) -> PgResult<f64> {
    if b == 0.0 && !a.is_nan() {
        return Err(types::int::division_by_zero());
    }
    checked(a / b, a.is_infinite(), a == 0.0 || b.is_infinite())
}

fn checked4(result: f32, inf_ok: bool, zero_ok: bool) -> PgResult<f32> {
    checked(result.into(), inf_ok, zero_ok).map(|_| result)
}

/// Narrowing that reports overflow and underflow.
fn to_f32(a: f64) -> PgResult<f32> {
    checked4(a as f32, a.is_infinite(), a == 0.0)
}

fn cmp4(a: f32, b: f32) -> Ordering {
    float::cmp(a.into(), b.into())
}

/// The larger one, NaN being the largest of all.
fn larger(a: f64, b: f64) -> f64 {
    if float::cmp(a, b).is_gt() { a } else { b }
}

fn smaller(a: f64, b: f64) -> f64 {
    if float::cmp(a, b).is_lt() { a } else { b }
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    register_float4(r);
    register_float8(r);
    register_mixed(r);
    register_rounding(r);
    register_transcendental(r);
    register_trigonometry(r);
    register_degrees(r);
    register_hash(r);
    register_in_range(r);
}

fn register_float4(r: &mut Registry) {
    comparisons! { r,
        "float4eq" "float4ne" "float4lt" "float4le" "float4gt" "float4ge": as_f32, as_f32, |a, b| cmp4(a, b);
    }
    binary! { r,
        "btfloat4cmp": as_f32, as_f32 => Int4, |a, b| cmp4(a, b) as i32;
        "float4pl": as_f32, as_f32 => Float4, |a, b| checked4(a + b, a.is_infinite() || b.is_infinite(), true)?;
        "float4mi": as_f32, as_f32 => Float4, |a, b| checked4(a - b, a.is_infinite() || b.is_infinite(), true)?;
        "float4mul": as_f32, as_f32 => Float4, |a, b| checked4(a * b, a.is_infinite() || b.is_infinite(), a == 0.0 || b == 0.0)?;
        "float4div": as_f32, as_f32 => Float4, |a, b| {
            if b == 0.0 && !a.is_nan() {
                return Err(types::int::division_by_zero());
            }
            checked4(a / b, a.is_infinite(), a == 0.0 || b.is_infinite())?
        };
        "float4larger": as_f32, as_f32 => Float4, |a, b| if cmp4(a, b).is_gt() { a } else { b };
        "float4smaller": as_f32, as_f32 => Float4, |a, b| if cmp4(a, b).is_lt() { a } else { b };
    }
    unary! { r,
        "float4um": as_f32 => Float4, |a| -a;
        "float4up": as_f32 => Float4, |a| a;
        "float4abs": as_f32 => Float4, |a| a.abs();
        "ftod": as_f32 => Float8, |a| a.into();
    }
}

fn register_float8(r: &mut Registry) {
    comparisons! { r,
        "float8eq" "float8ne" "float8lt" "float8le" "float8gt" "float8ge": as_f64, as_f64, |a, b| float::cmp(a, b);
    }
    binary! { r,
        "btfloat8cmp": as_f64, as_f64 => Int4, |a, b| float::cmp(a, b) as i32;
        "float8pl": as_f64, as_f64 => Float8, |a, b| add(a, b)?;
        "float8mi": as_f64, as_f64 => Float8, |a, b| sub(a, b)?;
        "float8mul": as_f64, as_f64 => Float8, |a, b| mul(a, b)?;
        "float8div": as_f64, as_f64 => Float8, |a, b| div(a, b)?;
        "float8larger": as_f64, as_f64 => Float8, |a, b| larger(a, b);
        "float8smaller": as_f64, as_f64 => Float8, |a, b| smaller(a, b);
    }
    unary! { r,
        "float8um": as_f64 => Float8, |a| -a;
        "float8up": as_f64 => Float8, |a| a;
        "float8abs": as_f64 => Float8, |a| a.abs();
        "dtof": as_f64 => Float4, |a| to_f32(a)?;
    }
}

fn register_mixed(r: &mut Registry) {
    comparisons! { r,
        "float48eq" "float48ne" "float48lt" "float48le" "float48gt" "float48ge": as_f32, as_f64, |a, b| float::cmp(a.into(), b);
        "float84eq" "float84ne" "float84lt" "float84le" "float84gt" "float84ge": as_f64, as_f32, |a, b| float::cmp(a, b.into());
    }
    binary! { r,
        "btfloat48cmp": as_f32, as_f64 => Int4, |a, b| float::cmp(a.into(), b) as i32;
        "btfloat84cmp": as_f64, as_f32 => Int4, |a, b| float::cmp(a, b.into()) as i32;
        "float48pl": as_f32, as_f64 => Float8, |a, b| add(a.into(), b)?;
        "float48mi": as_f32, as_f64 => Float8, |a, b| sub(a.into(), b)?;
        "float48mul": as_f32, as_f64 => Float8, |a, b| mul(a.into(), b)?;
        "float48div": as_f32, as_f64 => Float8, |a, b| div(a.into(), b)?;
        "float84pl": as_f64, as_f32 => Float8, |a, b| add(a, b.into())?;
        "float84mi": as_f64, as_f32 => Float8, |a, b| sub(a, b.into())?;
        "float84mul": as_f64, as_f32 => Float8, |a, b| mul(a, b.into())?;
        "float84div": as_f64, as_f32 => Float8, |a, b| div(a, b.into())?;
    }
}

fn register_rounding(r: &mut Registry) {
    unary! { r,
        "dround": as_f64 => Float8, |a| a.round_ties_even();
        "dceil": as_f64 => Float8, |a| a.ceil();
        "dfloor": as_f64 => Float8, |a| a.floor();
        "dtrunc": as_f64 => Float8, |a| a.trunc();
        "dsign": as_f64 => Float8, |a| if a > 0.0 { 1.0 } else if a < 0.0 { -1.0 } else { 0.0 };
    }
}

fn register_transcendental(r: &mut Registry) {
    unary! { r,
        "dsqrt": as_f64 => Float8, |a| {
            if a < 0.0 {
                bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "cannot take square root of a negative number");
            }
            checked(a.sqrt(), a.is_infinite(), a == 0.0)?
        };
        "dcbrt": as_f64 => Float8, |a| checked(a.cbrt(), a.is_infinite(), a == 0.0)?;
        "dexp": as_f64 => Float8, |a| exp(a)?;
        "dlog1": as_f64 => Float8, |a| logarithm(a, f64::ln)?;
        "dlog10": as_f64 => Float8, |a| logarithm(a, f64::log10)?;
        "dgamma": as_f64 => Float8, |a| gamma(a)?;
        "dlgamma": as_f64 => Float8, |a| lgamma(a)?;
        "derf": as_f64 => Float8, |a| libm::erf(a);
        "derfc": as_f64 => Float8, |a| libm::erfc(a);
    }
    binary! { r, "dpow": as_f64, as_f64 => Float8, |a, b| power(a, b)?; }
    r.scalar("dpi", |_cx, _args| Ok(Datum::Float8(std::f64::consts::PI)));
}

fn exp(a: f64) -> PgResult<f64> {
    if a.is_nan() {
        return Ok(a);
    }
    if a.is_infinite() {
        return Ok(if a > 0.0 { a } else { 0.0 });
    }
    checked(libm::exp(a), false, false)
}

fn logarithm(a: f64, f: fn(f64) -> f64) -> PgResult<f64> {
    if a == 0.0 {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    }
    if a < 0.0 {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number");
    }
    checked(f(a), a.is_infinite(), a == 1.0)
}

/// SQL's power(): errors for what has no real result, IEEE otherwise.
fn power(a: f64, b: f64) -> PgResult<f64> {
    if a.is_nan() {
        return Ok(if b == 0.0 { 1.0 } else { a });
    }
    if b.is_nan() {
        return Ok(if a == 1.0 { 1.0 } else { b });
    }
    if a == 0.0 && b < 0.0 {
        bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "zero raised to a negative power is undefined");
    }
    if a < 0.0 && b.is_finite() && b.floor() != b {
        bail!(
            INVALID_ARGUMENT_FOR_POWER_FUNCTION,
            "a negative number raised to a non-integer power yields a complex result"
        );
    }
    let result = a.powf(b);
    if a.is_infinite() || b.is_infinite() {
        return Ok(result);
    }
    checked(result, false, a == 0.0)
}

fn gamma(a: f64) -> PgResult<f64> {
    if a.is_nan() || a == f64::INFINITY {
        return Ok(a);
    }
    if a == f64::NEG_INFINITY || a == 0.0 || (a < 0.0 && a.floor() == a) {
        return Err(float::overflow());
    }
    checked(libm::tgamma(a), false, false)
}

fn lgamma(a: f64) -> PgResult<f64> {
    if a == 0.0 || (a < 0.0 && a.floor() == a && a.is_finite()) {
        return Ok(f64::INFINITY);
    }
    let result = libm::lgamma(a);
    checked(result, a.is_infinite(), true)
}

fn out_of_range() -> error::PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range")
}

/// sin, cos, tan and cot of an infinity have no value.
fn periodic(a: f64, f: fn(f64) -> f64) -> PgResult<f64> {
    if a.is_infinite() { Err(out_of_range()) } else { Ok(f(a)) }
}

/// Inverse functions are defined on [-1, 1].
fn inverse(a: f64, f: fn(f64) -> f64) -> PgResult<f64> {
    if (-1.0..=1.0).contains(&a) || a.is_nan() { Ok(f(a)) } else { Err(out_of_range()) }
}

fn register_trigonometry(r: &mut Registry) {
    unary! { r,
        "dsin": as_f64 => Float8, |a| periodic(a, f64::sin)?;
        "dcos": as_f64 => Float8, |a| periodic(a, f64::cos)?;
        "dtan": as_f64 => Float8, |a| periodic(a, f64::tan)?;
        "dcot": as_f64 => Float8, |a| periodic(a, |x| 1.0 / x.tan())?;
        "dasin": as_f64 => Float8, |a| inverse(a, f64::asin)?;
        "dacos": as_f64 => Float8, |a| inverse(a, f64::acos)?;
        "datan": as_f64 => Float8, |a| a.atan();
        "dsinh": as_f64 => Float8, |a| libm::sinh(a);
        "dcosh": as_f64 => Float8, |a| libm::cosh(a);
        "dtanh": as_f64 => Float8, |a| libm::tanh(a);
        "dasinh": as_f64 => Float8, |a| libm::asinh(a);
        "dacosh": as_f64 => Float8, |a| if a < 1.0 { return Err(out_of_range()) } else { libm::acosh(a) };
        "datanh": as_f64 => Float8, |a| match a {
            _ if !(-1.0..=1.0).contains(&a) && !a.is_nan() => return Err(out_of_range()),
            -1.0 => f64::NEG_INFINITY,
            1.0 => f64::INFINITY,
            _ => libm::atanh(a),
        };
        "degrees": as_f64 => Float8, |a| div(a, std::f64::consts::PI / 180.0)?;
        "radians": as_f64 => Float8, |a| mul(a, std::f64::consts::PI / 180.0)?;
    }
    binary! { r, "datan2": as_f64, as_f64 => Float8, |a, b| a.atan2(b); }
}

/// Trigonometry in degrees is exact at multiples of 30 and 45: each function is scaled by its own
/// value at such an angle.
mod degrees {
    const RADIANS: f64 = std::f64::consts::PI / 180.0;

    fn sin_0_30(x: f64) -> f64 {
        (x * RADIANS).sin() / (30.0 * RADIANS).sin() / 2.0
    }

    fn cos_0_60(x: f64) -> f64 {
        let one_minus = 1.0 - (x * RADIANS).cos();
        1.0 - one_minus / (1.0 - (60.0 * RADIANS).cos()) / 2.0
    }

    fn sin_0_90(x: f64) -> f64 {
        if x <= 30.0 { sin_0_30(x) } else { cos_0_60(90.0 - x) }
    }

    fn cos_0_90(x: f64) -> f64 {
        if x <= 60.0 { cos_0_60(x) } else { sin_0_30(90.0 - x) }
    }

    pub(super) fn sin(x: f64) -> f64 {
        let (mut x, mut sign) = (x % 360.0, 1.0);
        if x < 0.0 {
            (x, sign) = (-x, -sign);
        }
        if x > 180.0 {
            (x, sign) = (360.0 - x, -sign);
        }
        if x > 90.0 {
            x = 180.0 - x;
        }
        sign * sin_0_90(x)
    }

    pub(super) fn cos(x: f64) -> f64 {
        let (mut x, mut sign) = ((x % 360.0).abs(), 1.0);
        if x > 180.0 {
            x = 360.0 - x;
        }
        if x > 90.0 {
            (x, sign) = (180.0 - x, -sign);
        }
        sign * cos_0_90(x)
    }

    pub(super) fn tan(x: f64) -> f64 {
        let (mut x, mut sign) = (x % 360.0, 1.0);
        if x < 0.0 {
            (x, sign) = (-x, -sign);
        }
        if x > 180.0 {
            (x, sign) = (360.0 - x, -sign);
        }
        if x > 90.0 {
            (x, sign) = (180.0 - x, -sign);
        }
        let unit = sin_0_90(45.0) / cos_0_90(45.0);
        let result = sign * (sin_0_90(x) / cos_0_90(x) / unit);
        if result == 0.0 { 0.0 } else { result }
    }

    pub(super) fn cot(x: f64) -> f64 {
        let (mut x, mut sign) = (x % 360.0, 1.0);
        if x < 0.0 {
            (x, sign) = (-x, -sign);
        }
        if x > 180.0 {
            (x, sign) = (360.0 - x, -sign);
        }
        if x > 90.0 {
            (x, sign) = (180.0 - x, -sign);
        }
        let unit = cos_0_90(45.0) / sin_0_90(45.0);
        let result = sign * (cos_0_90(x) / sin_0_90(x) / unit);
        if result == 0.0 { 0.0 } else { result }
    }

    fn asin_0_1(x: f64) -> f64 {
        if x <= 0.5 {
            x.asin() / 0.5_f64.asin() * 30.0
        } else {
            90.0 - x.acos() / 0.5_f64.acos() * 60.0
        }
    }

    pub(super) fn asin(x: f64) -> f64 {
        if x >= 0.0 { asin_0_1(x) } else { -asin_0_1(-x) }
    }

    pub(super) fn acos(x: f64) -> f64 {
        let acute = |x: f64| {
            if x <= 0.5 {
                90.0 - x.asin() / 0.5_f64.asin() * 30.0
            } else {
                x.acos() / 0.5_f64.acos() * 60.0
            }
        };
        if x >= 0.0 { acute(x) } else { 90.0 + asin_0_1(-x) }
    }

    pub(super) fn atan(x: f64) -> f64 {
        x.atan() / 1.0_f64.atan() * 45.0
    }

    pub(super) fn atan2(y: f64, x: f64) -> f64 {
        y.atan2(x) / 1.0_f64.atan() * 45.0
    }
}

fn register_degrees(r: &mut Registry) {
    unary! { r,
        "dsind": as_f64 => Float8, |a| periodic(a, degrees::sin)?;
        "dcosd": as_f64 => Float8, |a| periodic(a, degrees::cos)?;
        "dtand": as_f64 => Float8, |a| periodic(a, degrees::tan)?;
        "dcotd": as_f64 => Float8, |a| periodic(a, degrees::cot)?;
        "dasind": as_f64 => Float8, |a| inverse(a, degrees::asin)?;
        "dacosd": as_f64 => Float8, |a| inverse(a, degrees::acos)?;
        "datand": as_f64 => Float8, |a| degrees::atan(a);
    }
    binary! { r, "datan2d": as_f64, as_f64 => Float8, |a, b| degrees::atan2(a, b); }
}

fn register_hash(r: &mut Registry) {
    unary! { r,
        "hashfloat4": as_f32 => Int4, |a| float::hash(a.into()) as i32;
        "hashfloat8": as_f64 => Int4, |a| float::hash(a) as i32;
    }
    binary! { r,
        "hashfloat4extended": as_f32, as_i64 => Int8, |a, seed| float::hash_extended(a.into(), seed as u64) as i64;
        "hashfloat8extended": as_f64, as_i64 => Int8, |a, seed| float::hash_extended(a, seed as u64) as i64;
    }
}

/// `val <= base ± offset` with NaN and infinities, for RANGE frames.
fn in_range(val: f64, base: f64, offset: f64, sub: bool, less: bool) -> PgResult<bool> {
    if offset.is_nan() || offset < 0.0 {
        bail!(
            INVALID_PRECEDING_OR_FOLLOWING_SIZE,
            "invalid preceding or following size in window function"
        );
    }
    if val.is_nan() {
        return Ok(base.is_nan() || !less);
    }
    if base.is_nan() {
        return Ok(less);
    }
    // An infinite offset from an infinity of the other side reaches everything.
    if offset.is_infinite() && base.is_infinite() && (if sub { base > 0.0 } else { base < 0.0 }) {
        return Ok(true);
    }
    let bound = if sub { base - offset } else { base + offset };
    Ok(if less { val <= bound } else { val >= bound })
}

fn register_in_range(r: &mut Registry) {
    r.scalar("in_range_float8_float8", |_cx, a| {
        in_range(a[0].as_f64(), a[1].as_f64(), a[2].as_f64(), a[3].as_bool(), a[4].as_bool())
            .map(Datum::Bool)
    });
    r.scalar("in_range_float4_float8", |_cx, a| {
        in_range(
            a[0].as_f32().into(),
            a[1].as_f32().into(),
            a[2].as_f64(),
            a[3].as_bool(),
            a[4].as_bool(),
        )
        .map(Datum::Bool)
    });
}
