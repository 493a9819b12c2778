//! avg, variance, covariance and regression of floats by the Youngs-Cramer updates.
//!
//! The state is a float8[]: {N, Sx, Sxx} for one variable, {N, Sx, Sxx, Sy, Syy, Sxy} for two, where
//! Sxx is the sum of squared differences from the mean so far; so user-defined aggregates can share it.
use error::PgResult;
use fmgr::Registry;
use std::sync::Arc;
use types::{ArrayValue, Datum, float, type_oid};

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("float8_accum", |_cx, a| {
        let value = a[1].as_f64();
        accumulate(a[0].take(), value)
    });
    r.scalar("float4_accum", |_cx, a| {
        let value = a[1].as_f32().into();
        accumulate(a[0].take(), value)
    });
    r.scalar("float8_combine", |_cx, a| combine(a[0].take(), &state::<3>(&a[1])));
    r.scalar("float8_avg", |_cx, a| of::<3>(a, |[n, sx, _]| at_least(n, 1.0, sx / n)));
    r.scalar("float8_var_pop", |_cx, a| of::<3>(a, |[n, _, sxx]| at_least(n, 1.0, sxx / n)));
    r.scalar("float8_var_samp", |_cx, a| {
        of::<3>(a, |[n, _, sxx]| at_least(n, 2.0, sxx / (n - 1.0)))
    });
    r.scalar("float8_stddev_pop", |_cx, a| {
        of::<3>(a, |[n, _, sxx]| at_least(n, 1.0, (sxx / n).sqrt()))
    });
    r.scalar("float8_stddev_samp", |_cx, a| {
        of::<3>(a, |[n, _, sxx]| at_least(n, 2.0, (sxx / (n - 1.0)).sqrt()))
    });
    r.scalar("int8inc_float8_float8", |_cx, a| Ok(Datum::Int8(a[0].as_i64() + 1)));
    r.scalar("float8_regr_accum", |_cx, a| {
        let (y, x) = (a[1].as_f64(), a[2].as_f64());
        regr_accumulate(a[0].take(), y, x)
    });
    r.scalar("float8_regr_combine", |_cx, a| regr_combine(a[0].take(), &state::<6>(&a[1])));
    r.scalar("float8_regr_sxx", |_cx, a| of::<6>(a, |[n, _, sxx, ..]| at_least(n, 1.0, sxx)));
    r.scalar("float8_regr_syy", |_cx, a| of::<6>(a, |[n, _, _, _, syy, _]| at_least(n, 1.0, syy)));
    r.scalar("float8_regr_sxy", |_cx, a| of::<6>(a, |[n, .., sxy]| at_least(n, 1.0, sxy)));
    r.scalar("float8_regr_avgx", |_cx, a| of::<6>(a, |[n, sx, ..]| at_least(n, 1.0, sx / n)));
    r.scalar("float8_regr_avgy", |_cx, a| of::<6>(a, |[n, _, _, sy, ..]| at_least(n, 1.0, sy / n)));
    r.scalar("float8_covar_pop", |_cx, a| of::<6>(a, |[n, .., sxy]| at_least(n, 1.0, sxy / n)));
    r.scalar("float8_covar_samp", |_cx, a| {
        of::<6>(a, |[n, .., sxy]| at_least(n, 2.0, sxy / (n - 1.0)))
    });
    r.scalar("float8_corr", |_cx, a| {
        of::<6>(a, |[n, _, sxx, _, syy, sxy]| {
            // A constant input has no correlation.
            if n < 1.0 || sxx == 0.0 || syy == 0.0 {
                None
            } else {
                Some(sxy / (sxx.sqrt() * syy.sqrt()))
            }
        })
    });
    r.scalar("float8_regr_r2", |_cx, a| {
        of::<6>(a, |[n, _, sxx, _, syy, sxy]| {
            if n < 1.0 || sxx == 0.0 {
                None
            } else if syy == 0.0 {
                Some(1.0)
            } else {
                Some((sxy * sxy) / (sxx * syy))
            }
        })
    });
    r.scalar("float8_regr_slope", |_cx, a| {
        of::<6>(
            a,
            |[n, _, sxx, _, _, sxy]| {
                if n < 1.0 || sxx == 0.0 { None } else { Some(sxy / sxx) }
            },
        )
    });
    r.scalar("float8_regr_intercept", |_cx, a| {
        of::<6>(
            a,
            |[n, sx, sxx, sy, _, sxy]| {
                if n < 1.0 || sxx == 0.0 { None } else { Some((sy - sx * sxy / sxx) / n) }
            },
        )
    });
}

fn at_least(n: f64, min: f64, value: f64) -> Option<f64> {
    (n >= min).then_some(value)
}

fn state<const N: usize>(datum: &Datum) -> [f64; N] {
    let elems = &datum.as_array().elems;
    std::array::from_fn(|i| elems.get(i).map_or(0.0, Datum::as_f64))
}

fn of<const N: usize>(args: &[Datum], f: impl FnOnce([f64; N]) -> Option<f64>) -> PgResult<Datum> {
    Ok(f(state(&args[0])).map_or(Datum::Null, Datum::Float8))
}

/// Writes the numbers back, in place if nobody else holds the array.
fn store<const N: usize>(mut datum: Datum, values: [f64; N]) -> Datum {
    let elems = values.map(Datum::Float8);
    match &mut datum {
        Datum::Array(array) if array.elems.len() == N => {
            Arc::make_mut(array).elems.clone_from_slice(&elems);
            datum
        }
        _ => Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::FLOAT8, elems.to_vec()))),
    }
}

/// A sum of squares that became infinite from finite input is an overflow; from infinite input NaN.
fn settle(sxx: f64, inputs: &[f64]) -> PgResult<f64> {
    if !sxx.is_infinite() {
        return Ok(sxx);
    }
    if inputs.iter().all(|v| v.is_finite()) { Err(float::overflow()) } else { Ok(f64::NAN) }
}

fn accumulate(datum: Datum, x: f64) -> PgResult<Datum> {
    let [n, sx, sxx] = state::<3>(&datum);
    let (n1, sx1) = (n + 1.0, sx + x);
    let sxx1 = if n > 0.0 {
        let d = x * n1 - sx1;
        settle(sxx + d * d / (n1 * n), &[sx, x])?
    } else if x.is_finite() {
        0.0
    } else {
        f64::NAN
    };
    if sx1.is_infinite() && sx.is_finite() && x.is_finite() {
        return Err(float::overflow());
    }
    Ok(store(datum, [n1, sx1, sxx1]))
}

fn combine(datum: Datum, other: &[f64; 3]) -> PgResult<Datum> {
    let [n, sx, sxx] = state::<3>(&datum);
    let [m, tx, txx] = *other;
    if m == 0.0 {
        return Ok(datum);
    }
    if n == 0.0 {
        return Ok(store(datum, *other));
    }
    let d = sx / n - tx / m;
    Ok(store(datum, [n + m, sx + tx, sxx + txx + n * m * d * d / (n + m)]))
}

fn regr_accumulate(datum: Datum, y: f64, x: f64) -> PgResult<Datum> {
    let [n, sx, sxx, sy, syy, sxy] = state::<6>(&datum);
    let (n1, sx1, sy1) = (n + 1.0, sx + x, sy + y);
    let spread = |v: f64| if v.is_finite() { 0.0 } else { f64::NAN };
    let (sxx1, syy1, sxy1) = if n > 0.0 {
        let (dx, dy, scale) = (x * n1 - sx1, y * n1 - sy1, 1.0 / (n1 * n));
        (
            settle(sxx + dx * dx * scale, &[sx, x])?,
            settle(syy + dy * dy * scale, &[sy, y])?,
            settle(sxy + dx * dy * scale, &[sx, x, sy, y])?,
        )
    } else {
        (spread(x), spread(y), spread(x) + spread(y))
    };
    Ok(store(datum, [n1, sx1, sxx1, sy1, syy1, sxy1]))
}

fn regr_combine(datum: Datum, other: &[f64; 6]) -> PgResult<Datum> {
    let [n, sx, sxx, sy, syy, sxy] = state::<6>(&datum);
    let [m, tx, txx, ty, tyy, txy] = *other;
    if m == 0.0 {
        return Ok(datum);
    }
    if n == 0.0 {
        return Ok(store(datum, *other));
    }
    let (dx, dy, scale) = (sx / n - tx / m, sy / n - ty / m, n * m / (n + m));
    let merged = [
        n + m,
        sx + tx,
        sxx + txx + dx * dx * scale,
        sy + ty,
        syy + tyy + dy * dy * scale,
        sxy + txy + dx * dy * scale,
    ];
    Ok(store(datum, merged))
}
