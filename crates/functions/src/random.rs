//! random(), random(min, max), random_normal(), setseed(): PostgreSQL's sequence for a seed.
use error::{PgResult, bail, err};
use fmgr::{CallContext, FnContext, Registry};
use types::{
    Datum,
    numeric::{Num, Numeric, random_between},
};

/// A number in `0..=max`, each as likely: as many upper bits as `max` has, drawn again if they exceed it.
fn uniform(session: &dyn FnContext, max: u64) -> u64 {
    if max == 0 {
        return 0;
    }
    let shift = max.leading_zeros();
    loop {
        let v = session.random_u64() >> shift;
        if v <= max {
            return v;
        }
    }
}

/// A double in [0, 1) with 52 random bits.
pub(crate) fn unit_interval(session: &dyn FnContext) -> f64 {
    const BITS: u32 = 52;
    (session.random_u64() >> (64 - BITS)) as f64 / (1u64 << BITS) as f64
}

/// An index below `len`.
pub(crate) fn index_below(session: &dyn FnContext, len: usize) -> usize {
    uniform(session, len.saturating_sub(1) as u64) as usize
}

fn normal(cx: &CallContext<'_>) -> f64 {
    let (u, v) = (1.0 - unit_interval(cx.session), 1.0 - unit_interval(cx.session));
    (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).sin()
}

fn bounds_in_order(in_order: bool) -> PgResult<()> {
    match in_order {
        true => Ok(()),
        false => {
            bail!(INVALID_PARAMETER_VALUE, "lower bound must be less than or equal to upper bound")
        }
    }
}

fn numeric_bound(bytes: &[u8], what: &str) -> PgResult<Num> {
    match Numeric::decode(bytes) {
        Numeric::Finite(v) => Ok(v),
        Numeric::NaN => bail!(INVALID_PARAMETER_VALUE, "{what} bound cannot be NaN"),
        _ => bail!(INVALID_PARAMETER_VALUE, "{what} bound cannot be infinity"),
    }
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("drandom", |cx, _a| Ok(Datum::Float8(unit_interval(cx.session))));
    r.scalar("drandom_normal", |cx, a| {
        Ok(Datum::Float8(a[1].as_f64() * normal(cx) + a[0].as_f64()))
    });
    r.scalar("int4random", |cx, a| {
        let (low, high) = (a[0].as_i32(), a[1].as_i32());
        bounds_in_order(low <= high)?;
        let v = uniform(cx.session, (i64::from(high) - i64::from(low)) as u64) as i64;
        Ok(Datum::Int4((i64::from(low) + v) as i32))
    });
    r.scalar("int8random", |cx, a| {
        let (low, high) = (a[0].as_i64(), a[1].as_i64());
        bounds_in_order(low <= high)?;
        let v = uniform(cx.session, high.wrapping_sub(low) as u64);
        Ok(Datum::Int8(low.wrapping_add(v as i64)))
    });
    r.scalar("numeric_random", |cx, a| {
        let low = numeric_bound(a[0].as_bytes(), "lower")?;
        let high = numeric_bound(a[1].as_bytes(), "upper")?;
        bounds_in_order(low.compare(&high).is_le())?;
        let v = random_between(&low, &high, |max| uniform(cx.session, max));
        v.encode().map(Datum::Bytes)
    });
    r.scalar("setseed", |cx, a| {
        let seed = a[0].as_f64();
        if !(-1.0..=1.0).contains(&seed) {
            let mut shown = Vec::new();
            types::float::output_g(seed, 6, &mut shown);
            return Err(err!(
                INVALID_PARAMETER_VALUE,
                "setseed parameter {} is out of allowed range [-1,1]",
                String::from_utf8_lossy(&shown)
            ));
        }
        cx.session.random_seed(seed);
        Ok(Datum::text(""))
    });
}
