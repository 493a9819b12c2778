//! numeric: operators, functions, casts, hash, generate_series and width_bucket.
use error::{PgResult, bail, err};
use fmgr::{CallContext, Registry, RowSource};
use std::cmp::Ordering;
use types::{
    Datum, Varlena, int,
    numeric::{self as n, Num, Numeric},
};

/// Registers the family.
pub fn register(r: &mut Registry) {
    register_operators(r);
    register_functions(r);
    register_casts(r);
    register_series(r);
}

fn register_operators(r: &mut Registry) {
    comparisons! { r,
        "numeric_eq" "numeric_ne" "numeric_lt" "numeric_le" "numeric_gt" "numeric_ge":
            as_bytes, as_bytes, |a, b| n::cmp(a, b);
    }
    binary! { r,
        "numeric_cmp": as_bytes, as_bytes => Int4, |a, b| n::cmp(a, b) as i32;
        "numeric_add": as_bytes, as_bytes => Bytes, |a, b| n::add(a, b)?;
        "numeric_sub": as_bytes, as_bytes => Bytes, |a, b| n::sub(a, b)?;
        "numeric_mul": as_bytes, as_bytes => Bytes, |a, b| n::mul(a, b)?;
        "numeric_div": as_bytes, as_bytes => Bytes, |a, b| n::div(a, b)?;
        "numeric_mod": as_bytes, as_bytes => Bytes, |a, b| n::modulo(a, b)?;
        "numeric_div_trunc": as_bytes, as_bytes => Bytes, |a, b| n::div_trunc(a, b)?;
        "numeric_power": as_bytes, as_bytes => Bytes, |a, b| n::power(a, b)?;
        "numeric_log": as_bytes, as_bytes => Bytes, |a, b| n::log(a, b)?;
        "numeric_gcd": as_bytes, as_bytes => Bytes, |a, b| n::gcd(a, b)?;
        "numeric_lcm": as_bytes, as_bytes => Bytes, |a, b| n::lcm(a, b)?;
        "hash_numeric_extended": as_bytes, as_i64 => Int8, |a, seed| n::hash_extended(a, seed as u64) as i64;
        "numeric_round": as_bytes, as_i32 => Bytes, |a, scale| n::round(a, scale, true)?;
        "numeric_trunc": as_bytes, as_i32 => Bytes, |a, scale| n::round(a, scale, false)?;
    }
    r.scalar("numeric_larger", |_cx, a| {
        let second = n::cmp(a[0].as_bytes(), a[1].as_bytes()).is_le();
        Ok(a[usize::from(second)].take())
    });
    r.scalar("numeric_smaller", |_cx, a| {
        let second = n::cmp(a[0].as_bytes(), a[1].as_bytes()).is_ge();
        Ok(a[usize::from(second)].take())
    });
    // The state of sum(bigint) in the days before internal states; still in the catalog.
    r.scalar("int8_sum", |_cx, a| match (a[0].is_null(), a[1].is_null()) {
        (true, true) => Ok(Datum::Null),
        (true, false) => Ok(Datum::Bytes(n::from_i64(a[1].as_i64()))),
        (false, true) => Ok(a[0].take()),
        _ => n::add(a[0].as_bytes(), &n::from_i64(a[1].as_i64())).map(Datum::Bytes),
    });
    r.scalar("in_range_numeric_numeric", |_cx, a| in_range(a).map(Datum::Bool));
}

fn in_range(a: &[Datum]) -> PgResult<bool> {
    let (val, base, offset) = (a[0].as_bytes(), a[1].as_bytes(), a[2].as_bytes());
    let (sub, less) = (a[3].as_bool(), a[4].as_bool());
    let off = Numeric::decode(offset);
    if matches!(off, Numeric::NaN) || off.sign() < 0 {
        bail!(
            INVALID_PRECEDING_OR_FOLLOWING_SIZE,
            "invalid preceding or following size in window function"
        );
    }
    // NaN and the infinities are at a distance of zero from themselves and of infinity from others.
    let (v, b) = (Numeric::decode(val), Numeric::decode(base));
    Ok(match (&v, &b) {
        (Numeric::NaN, Numeric::NaN) => true,
        (Numeric::NaN, _) => !less,
        (_, Numeric::NaN) => less,
        (_, Numeric::PosInf | Numeric::NegInf) if !matches!(off, Numeric::Finite(_)) => {
            // base ± inf is the opposite infinity or undefined; everything is then in range.
            let against = matches!(b, Numeric::PosInf) == sub;
            if against {
                true
            } else if less {
                n::cmp(val, base).is_le()
            } else {
                n::cmp(val, base).is_ge()
            }
        }
        _ => {
            let limit = if sub { n::sub(base, offset)? } else { n::add(base, offset)? };
            let order = n::cmp(val, &limit);
            if less { order.is_le() } else { order.is_ge() }
        }
    })
}

fn register_functions(r: &mut Registry) {
    unary! { r,
        "numeric_uminus": as_bytes => Bytes, |a| n::uminus(a)?;
        "numeric_uplus": as_bytes => Bytes, |a| Varlena::new(a);
        "numeric_abs": as_bytes => Bytes, |a| n::abs(a)?;
        "numeric_sign": as_bytes => Bytes, |a| n::sign(a)?;
        "numeric_ceil": as_bytes => Bytes, |a| n::ceil(a)?;
        "numeric_floor": as_bytes => Bytes, |a| n::floor(a)?;
        "numeric_sqrt": as_bytes => Bytes, |a| n::sqrt(a)?;
        "numeric_exp": as_bytes => Bytes, |a| n::exp(a)?;
        "numeric_ln": as_bytes => Bytes, |a| n::ln(a)?;
        "numeric_trim_scale": as_bytes => Bytes, |a| n::trim_scale(a)?;
        "numeric_fac": as_i64 => Bytes, |a| n::factorial(a)?;
        "hash_numeric": as_bytes => Int4, |a| n::hash(a) as i32;
        "numeric_inc": as_bytes => Bytes, |a| n::add(a, &n::from_i64(1))?;
    }
    r.scalar("numeric_scale", |_cx, a| {
        Ok(n::dscale(a[0].as_bytes()).map_or(Datum::Null, Datum::Int4))
    });
    r.scalar("numeric_min_scale", |_cx, a| {
        Ok(n::min_scale(a[0].as_bytes()).map_or(Datum::Null, Datum::Int4))
    });
    r.scalar("numeric", |_cx, a| match (&a[0], a[1].as_i32()) {
        (Datum::Bytes(v), typmod) => n::apply_typmod_stored(v, typmod).map(Datum::Bytes),
        (other, _) => Ok(other.clone()),
    });
    r.scalar("width_bucket_numeric", |_cx, a| width_bucket(a).map(Datum::Int4));
}

fn width_bucket(a: &[Datum]) -> PgResult<i32> {
    let count = a[3].as_i32();
    if count <= 0 {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "count must be greater than zero");
    }
    let (operand, low, high) = (a[0].as_bytes(), a[1].as_bytes(), a[2].as_bytes());
    if [operand, low, high].iter().any(|v| n::is_nan(v)) {
        bail!(
            INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION,
            "operand, lower bound, and upper bound cannot be NaN"
        );
    }
    if n::is_special(low) || n::is_special(high) {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower and upper bounds must be finite");
    }
    let reversed = match n::cmp(low, high) {
        Ordering::Equal => bail!(
            INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION,
            "lower bound cannot equal upper bound"
        ),
        order => order.is_gt(),
    };
    let before = |order: Ordering| if reversed { order.is_gt() } else { order.is_lt() };
    if before(n::cmp(operand, low)) {
        return Ok(0);
    }
    if !before(n::cmp(operand, high)) {
        return count.checked_add(1).ok_or_else(int::out_of_range::<i32>);
    }
    let (Numeric::Finite(x), Numeric::Finite(lo), Numeric::Finite(hi)) =
        (Numeric::decode(operand), Numeric::decode(low), Numeric::decode(high))
    else {
        return Ok(0);
    };
    let part = x.sub(&lo).abs().mul(&Num::from_i64(i64::from(count)));
    let bucket = part.div_int(&hi.sub(&lo).abs());
    // Rounding must not push a value below the upper bound out of the last bucket.
    let bucket = bucket.to_i128().unwrap_or(0).min(i128::from(count) - 1);
    Ok(bucket as i32 + 1)
}

fn register_casts(r: &mut Registry) {
    unary! { r,
        "int2_numeric": as_i16 => Bytes, |a| n::from_i64(i64::from(a));
        "int4_numeric": as_i32 => Bytes, |a| n::from_i64(i64::from(a));
        "int8_numeric": as_i64 => Bytes, |a| n::from_i64(a);
        "float4_numeric": as_f32 => Bytes, |a| n::from_f32(a)?;
        "float8_numeric": as_f64 => Bytes, |a| n::from_f64(a)?;
        "numeric_int2": as_bytes => Int2, |a| n::to_int(a)?;
        "numeric_int4": as_bytes => Int4, |a| n::to_int(a)?;
        "numeric_int8": as_bytes => Int8, |a| n::to_int(a)?;
        "numeric_float4": as_bytes => Float4, |a| n::to_f32(a)?;
        "numeric_float8": as_bytes => Float8, |a| n::to_f64(a)?;
        "numeric_cash": as_bytes => Int8, |a| to_cash(a)?;
        "cash_numeric": as_i64 => Bytes, |a| Num::from_scaled(i128::from(a), 2).encode()?;
        "numeric_pg_lsn": as_bytes => Int8, |a| to_lsn(a)?;
    }
}

fn to_cash(v: &[u8]) -> PgResult<i64> {
    match Numeric::decode(v) {
        Numeric::Finite(num) => num
            .mul(&Num::from_i64(100))
            .to_i128()
            .and_then(|v| i64::try_from(v).ok())
            .ok_or_else(int::out_of_range::<i64>),
        Numeric::NaN => bail!(FEATURE_NOT_SUPPORTED, "cannot convert NaN to bigint"),
        _ => bail!(FEATURE_NOT_SUPPORTED, "cannot convert infinity to bigint"),
    }
}

fn to_lsn(v: &[u8]) -> PgResult<i64> {
    match Numeric::decode(v) {
        Numeric::Finite(num) => num
            .to_i128()
            .and_then(|v| u64::try_from(v).ok())
            .map(|v| v as i64)
            .ok_or_else(|| err!(INVALID_PARAMETER_VALUE, "pg_lsn out of range")),
        Numeric::NaN => bail!(FEATURE_NOT_SUPPORTED, "cannot convert NaN to pg_lsn"),
        _ => bail!(FEATURE_NOT_SUPPORTED, "cannot convert infinity to pg_lsn"),
    }
}

struct Series {
    next: Varlena,
    stop: Varlena,
    step: Varlena,
    down: bool,
    done: bool,
}

impl RowSource for Series {
    fn next(&mut self, _cx: &mut CallContext<'_>, row: &mut Vec<Datum>) -> PgResult<bool> {
        let order = n::cmp(&self.next, &self.stop);
        if self.done || if self.down { order.is_lt() } else { order.is_gt() } {
            return Ok(false);
        }
        row.push(Datum::Bytes(self.next.clone()));
        match n::add(&self.next, &self.step) {
            Ok(next) => self.next = next,
            Err(_) => self.done = true,
        }
        Ok(true)
    }
}

fn series(a: &[Datum]) -> PgResult<Box<dyn RowSource>> {
    let arg = |i: usize, what: &str| -> PgResult<Varlena> {
        let bytes = a[i].as_bytes();
        if n::is_nan(bytes) {
            bail!(INVALID_PARAMETER_VALUE, "{what} cannot be NaN");
        }
        if n::is_special(bytes) {
            bail!(INVALID_PARAMETER_VALUE, "{what} cannot be infinity");
        }
        Ok(Varlena::new(bytes))
    };
    let next = arg(0, "start value")?;
    let stop = arg(1, "stop value")?;
    let step = if a.len() > 2 { arg(2, "step size")? } else { n::from_i64(1) };
    let down = match Numeric::decode(&step).sign() {
        0 => bail!(INVALID_PARAMETER_VALUE, "step size cannot equal zero"),
        sign => sign < 0,
    };
    Ok(Box::new(Series { next, stop, step, down, done: false }))
}

fn register_series(r: &mut Registry) {
    r.set("generate_series_numeric", |_cx, a| series(a));
    r.set("generate_series_step_numeric", |_cx, a| series(a));
}
