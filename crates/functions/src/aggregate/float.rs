//! avg, variance, covariance and regression of floats by the Youngs-Cramer updates.
//!
//! The state is a float8[]: {N, Sx, Sxx} for one variable, {N, Sx, Sxx, Sy, Syy, Sxy} for two, where
//! Sxx is the sum of squared differences from the mean so far; so user-defined aggregates can share it.
use error::{PgError, PgResult};
use fmgr::Registry;
use std::sync::Arc;
use types::{ArrayValue, Datum, float, type_oid};

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("float8_accum", |_cx, a| {
        let value = a[1].as_f64();
        accumulate(a[0].take(), value, "float8_accum")
    });
    r.scalar("float4_accum", |_cx, a| {
        let value = a[1].as_f32().into();
        accumulate(a[0].take(), value, "float4_accum")
    });
    r.scalar("float8_combine", |_cx, a| {
        let other = state::<3>(&a[1], "float8_combine")?;
        combine(a[0].take(), &other)
    });
    r.scalar("float8_avg", |_cx, a| {
        of::<3>(a, "float8_avg", |[n, sx, _]| unless(n == 0.0, sx / n))
    });
    r.scalar("float8_var_pop", |_cx, a| {
        of::<3>(a, "float8_var_pop", |[n, _, sxx]| unless(n == 0.0, sxx / n))
    });
    r.scalar("float8_var_samp", |_cx, a| {
        of::<3>(a, "float8_var_samp", |[n, _, sxx]| unless(n <= 1.0, sxx / (n - 1.0)))
    });
    r.scalar("float8_stddev_pop", |_cx, a| {
        of::<3>(a, "float8_stddev_pop", |[n, _, sxx]| unless(n == 0.0, (sxx / n).sqrt()))
    });
    r.scalar("float8_stddev_samp", |_cx, a| {
        of::<3>(a, "float8_stddev_samp", |[n, _, sxx]| unless(n <= 1.0, (sxx / (n - 1.0)).sqrt()))
    });
    r.scalar("int8inc_float8_float8", |_cx, a| {
        let next = a[0].as_i64().checked_add(1).ok_or_else(types::int::out_of_range::<i64>)?;
        Ok(Datum::Int8(next))
    });
    r.scalar("float8_regr_accum", |_cx, a| {
        let (y, x) = (a[1].as_f64(), a[2].as_f64());
        regr_accumulate(a[0].take(), y, x)
    });
    r.scalar("float8_regr_combine", |_cx, a| {
        let other = state::<6>(&a[1], "float8_regr_combine")?;
        regr_combine(a[0].take(), &other)
    });
    r.scalar("float8_regr_sxx", |_cx, a| {
        of::<6>(a, "float8_regr_sxx", |[n, _, sxx, ..]| at_least(n, 1.0, sxx))
    });
    r.scalar("float8_regr_syy", |_cx, a| {
        of::<6>(a, "float8_regr_syy", |[n, _, _, _, syy, _]| at_least(n, 1.0, syy))
    });
    r.scalar("float8_regr_sxy", |_cx, a| {
        of::<6>(a, "float8_regr_sxy", |[n, .., sxy]| at_least(n, 1.0, sxy))
    });
    r.scalar("float8_regr_avgx", |_cx, a| {
        of::<6>(a, "float8_regr_avgx", |[n, sx, ..]| at_least(n, 1.0, sx / n))
    });
    r.scalar("float8_regr_avgy", |_cx, a| {
        of::<6>(a, "float8_regr_avgy", |[n, _, _, sy, ..]| at_least(n, 1.0, sy / n))
    });
    r.scalar("float8_covar_pop", |_cx, a| {
        of::<6>(a, "float8_covar_pop", |[n, .., sxy]| at_least(n, 1.0, sxy / n))
    });
    r.scalar("float8_covar_samp", |_cx, a| {
        of::<6>(a, "float8_covar_samp", |[n, .., sxy]| at_least(n, 2.0, sxy / (n - 1.0)))
    });
    r.scalar("float8_corr", |_cx, a| {
        of::<6>(a, "float8_corr", |[n, _, sxx, _, syy, sxy]| {
            // A constant input has no correlation.
            if n < 1.0 || sxx == 0.0 || syy == 0.0 {
                return None;
            }
            // One root is more exact than two, unless the product leaves the range.
            let product = sxx * syy;
            let r = match product == 0.0 || product.is_infinite() {
                true => sxy / (sxx.sqrt() * syy.sqrt()),
                false => sxy / product.sqrt(),
            };
            Some(r.clamp(-1.0, 1.0))
        })
    });
    r.scalar("float8_regr_r2", |_cx, a| {
        of::<6>(a, "float8_regr_r2", |[n, _, sxx, _, syy, sxy]| {
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
            "float8_regr_slope",
            |[n, _, sxx, _, _, sxy]| {
                if n < 1.0 || sxx == 0.0 { None } else { Some(sxy / sxx) }
            },
        )
    });
    r.scalar("float8_regr_intercept", |_cx, a| {
        of::<6>(a, "float8_regr_intercept", |[n, sx, sxx, sy, _, sxy]| {
            if n < 1.0 || sxx == 0.0 { None } else { Some((sy - sx * sxy / sxx) / n) }
        })
    });
}

fn unless(null: bool, value: f64) -> Option<f64> {
    (!null).then_some(value)
}

fn at_least(n: f64, min: f64, value: f64) -> Option<f64> {
    // A count that is not a number is no reason for NULL.
    (n >= min || n.is_nan()).then_some(value)
}

/// The numbers of a state; `function` is told of when it is no such state.
fn state<const N: usize>(datum: &Datum, function: &str) -> PgResult<[f64; N]> {
    let array = datum.as_array();
    let mut numbers = [0.0; N];
    let fits = array.dims.len() == 1
        && array.elems.len() == N
        && array.elem_type == type_oid::FLOAT8
        && !array.elems.iter().any(Datum::is_null);
    if !fits {
        return Err(PgError::internal(format!("{function}: expected {N}-element float8 array")));
    }
    for (number, elem) in numbers.iter_mut().zip(&array.elems) {
        *number = elem.as_f64();
    }
    Ok(numbers)
}

fn of<const N: usize>(
    args: &[Datum],
    function: &str,
    f: impl FnOnce([f64; N]) -> Option<f64>,
) -> PgResult<Datum> {
    Ok(f(state(&args[0], function)?).map_or(Datum::Null, Datum::Float8))
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

/// Finite input that gave an infinite result.
fn overflowed(result: f64, inputs: &[f64]) -> bool {
    result.is_infinite() && !inputs.iter().any(|v| v.is_infinite())
}

/// A sum of squares that is infinite because of infinite input is not a number.
fn settle(square: f64) -> f64 {
    if square.is_infinite() { f64::NAN } else { square }
}

fn accumulate(datum: Datum, x: f64, function: &str) -> PgResult<Datum> {
    let [n, sx, sxx] = state::<3>(&datum, function)?;
    let (n1, sx1) = (n + 1.0, sx + x);
    let sxx1 = if n > 0.0 {
        let d = x * n1 - sx1;
        let sxx1 = sxx + d * d / (n1 * n);
        if overflowed(sx1, &[sx, x]) || overflowed(sxx1, &[sx, x]) {
            return Err(float::overflow());
        }
        // A sum of infinities leaves no spread either.
        if sx1.is_infinite() { f64::NAN } else { settle(sxx1) }
    } else if x.is_finite() {
        sxx
    } else {
        f64::NAN
    };
    Ok(store(datum, [n1, sx1, sxx1]))
}

fn combine(datum: Datum, other: &[f64; 3]) -> PgResult<Datum> {
    let [n, sx, sxx] = state::<3>(&datum, "float8_combine")?;
    let [m, tx, txx] = *other;
    if n == 0.0 {
        return Ok(store(datum, *other));
    }
    if m == 0.0 {
        return Ok(datum);
    }
    let d = sx / n - tx / m;
    let merged = sxx + txx + n * m * d * d / (n + m);
    let sum = float::add8(sx, tx)?;
    if overflowed(merged, &[sxx, txx]) {
        return Err(float::overflow());
    }
    Ok(store(datum, [n + m, sum, merged]))
}

fn regr_accumulate(datum: Datum, y: f64, x: f64) -> PgResult<Datum> {
    let [n, sx, sxx, sy, syy, sxy] = state::<6>(&datum, "float8_regr_accum")?;
    let (n1, sx1, sy1) = (n + 1.0, sx + x, sy + y);
    let (sxx1, syy1, sxy1) = if n > 0.0 {
        let (dx, dy, scale) = (x * n1 - sx1, y * n1 - sy1, 1.0 / (n1 * n));
        let squares = (sxx + dx * dx * scale, syy + dy * dy * scale, sxy + dx * dy * scale);
        let (xs, ys, all) = ([sx, x], [sy, y], [sx, x, sy, y]);
        if overflowed(sx1, &xs)
            || overflowed(squares.0, &xs)
            || overflowed(sy1, &ys)
            || overflowed(squares.1, &ys)
            || overflowed(squares.2, &all)
        {
            return Err(float::overflow());
        }
        (settle(squares.0), settle(squares.1), settle(squares.2))
    } else {
        let spread = |old: f64, finite: bool| if finite { old } else { f64::NAN };
        (
            spread(sxx, x.is_finite()),
            spread(syy, y.is_finite()),
            spread(sxy, x.is_finite() && y.is_finite()),
        )
    };
    Ok(store(datum, [n1, sx1, sxx1, sy1, syy1, sxy1]))
}

fn regr_combine(datum: Datum, other: &[f64; 6]) -> PgResult<Datum> {
    let [n, sx, sxx, sy, syy, sxy] = state::<6>(&datum, "float8_regr_combine")?;
    let [m, tx, txx, ty, tyy, txy] = *other;
    if n == 0.0 {
        return Ok(store(datum, *other));
    }
    if m == 0.0 {
        return Ok(datum);
    }
    let (dx, dy, total) = (sx / n - tx / m, sy / n - ty / m, n + m);
    let squares = [
        sxx + txx + n * m * dx * dx / total,
        syy + tyy + n * m * dy * dy / total,
        sxy + txy + n * m * dx * dy / total,
    ];
    let (sum_x, sum_y) = (float::add8(sx, tx)?, float::add8(sy, ty)?);
    if overflowed(squares[0], &[sxx, txx])
        || overflowed(squares[1], &[syy, tyy])
        || overflowed(squares[2], &[sxy, txy])
    {
        return Err(float::overflow());
    }
    Ok(store(datum, [total, sum_x, squares[0], sum_y, squares[1], squares[2]]))
}
