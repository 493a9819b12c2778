//! int2, int4, int8: arithmetic, comparison across widths, bits, casts, hashing, generate_series.
use error::PgResult;
use fmgr::{CallContext, Registry, RowSource};
use types::{Datum, hash, int};

/// The result if it fits, else `integer out of range` and its like.
fn fit<T: int::PgInt>(value: Option<T>) -> PgResult<T> {
    value.ok_or_else(int::out_of_range::<T>)
}

fn narrow<T: int::PgInt + TryFrom<i64>>(value: i64) -> PgResult<T> {
    fit(T::try_from(value).ok())
}

/// Division that reports zero and the one overflow there is.
macro_rules! div {
    ($t:ty, $a:expr, $b:expr) => {{
        let (a, b): ($t, $t) = ($a.into(), $b.into());
        if b == 0 {
            return Err(int::division_by_zero());
        }
        fit(a.checked_div(b))?
    }};
}

macro_rules! rem {
    ($a:expr, $b:expr) => {{
        if $b == 0 {
            return Err(int::division_by_zero());
        }
        $a.wrapping_rem($b)
    }};
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    register_comparisons(r);
    register_int2(r);
    register_int4(r);
    register_int8(r);
    register_mixed(r);
    register_casts(r);
    register_hash(r);
    register_in_range(r);
    register_series(r);
}

fn register_comparisons(r: &mut Registry) {
    comparisons! { r,
        "int2eq" "int2ne" "int2lt" "int2le" "int2gt" "int2ge": as_i16, as_i16, |a, b| a.cmp(&b);
        "int4eq" "int4ne" "int4lt" "int4le" "int4gt" "int4ge": as_i32, as_i32, |a, b| a.cmp(&b);
        "int8eq" "int8ne" "int8lt" "int8le" "int8gt" "int8ge": as_i64, as_i64, |a, b| a.cmp(&b);
        "int24eq" "int24ne" "int24lt" "int24le" "int24gt" "int24ge": as_i16, as_i32, |a, b| i32::from(a).cmp(&b);
        "int42eq" "int42ne" "int42lt" "int42le" "int42gt" "int42ge": as_i32, as_i16, |a, b| a.cmp(&i32::from(b));
        "int28eq" "int28ne" "int28lt" "int28le" "int28gt" "int28ge": as_i16, as_i64, |a, b| i64::from(a).cmp(&b);
        "int82eq" "int82ne" "int82lt" "int82le" "int82gt" "int82ge": as_i64, as_i16, |a, b| a.cmp(&i64::from(b));
        "int48eq" "int48ne" "int48lt" "int48le" "int48gt" "int48ge": as_i32, as_i64, |a, b| i64::from(a).cmp(&b);
        "int84eq" "int84ne" "int84lt" "int84le" "int84gt" "int84ge": as_i64, as_i32, |a, b| a.cmp(&i64::from(b));
    }
    binary! { r,
        // Any difference of the right sign will do for int2, and PostgreSQL's is what users see.
        "btint2cmp": as_i16, as_i16 => Int4, |a, b| i32::from(a) - i32::from(b);
        "btint4cmp": as_i32, as_i32 => Int4, |a, b| a.cmp(&b) as i32;
        "btint8cmp": as_i64, as_i64 => Int4, |a, b| a.cmp(&b) as i32;
        "btint24cmp": as_i16, as_i32 => Int4, |a, b| i32::from(a).cmp(&b) as i32;
        "btint42cmp": as_i32, as_i16 => Int4, |a, b| a.cmp(&i32::from(b)) as i32;
        "btint28cmp": as_i16, as_i64 => Int4, |a, b| i64::from(a).cmp(&b) as i32;
        "btint82cmp": as_i64, as_i16 => Int4, |a, b| a.cmp(&i64::from(b)) as i32;
        "btint48cmp": as_i32, as_i64 => Int4, |a, b| i64::from(a).cmp(&b) as i32;
        "btint84cmp": as_i64, as_i32 => Int4, |a, b| a.cmp(&i64::from(b)) as i32;
    }
}

fn register_int2(r: &mut Registry) {
    binary! { r,
        "int2pl": as_i16, as_i16 => Int2, |a, b| fit(a.checked_add(b))?;
        "int2mi": as_i16, as_i16 => Int2, |a, b| fit(a.checked_sub(b))?;
        "int2mul": as_i16, as_i16 => Int2, |a, b| fit(a.checked_mul(b))?;
        "int2div": as_i16, as_i16 => Int2, |a, b| div!(i16, a, b);
        "int2mod": as_i16, as_i16 => Int2, |a, b| rem!(a, b);
        "int2larger": as_i16, as_i16 => Int2, |a, b| a.max(b);
        "int2smaller": as_i16, as_i16 => Int2, |a, b| a.min(b);
        "int2and": as_i16, as_i16 => Int2, |a, b| a & b;
        "int2or": as_i16, as_i16 => Int2, |a, b| a | b;
        "int2xor": as_i16, as_i16 => Int2, |a, b| a ^ b;
        // Shifts work on the widened value and keep the low half, as the C operators do.
        "int2shl": as_i16, as_i32 => Int2, |a, n| i32::from(a).wrapping_shl(n as u32) as i16;
        "int2shr": as_i16, as_i32 => Int2, |a, n| i32::from(a).wrapping_shr(n as u32) as i16;
    }
    unary! { r,
        "int2um": as_i16 => Int2, |a| fit(a.checked_neg())?;
        "int2up": as_i16 => Int2, |a| a;
        "int2abs": as_i16 => Int2, |a| fit(a.checked_abs())?;
        "int2not": as_i16 => Int2, |a| !a;
    }
}

fn register_int4(r: &mut Registry) {
    binary! { r,
        "int4pl": as_i32, as_i32 => Int4, |a, b| fit(a.checked_add(b))?;
        "int4mi": as_i32, as_i32 => Int4, |a, b| fit(a.checked_sub(b))?;
        "int4mul": as_i32, as_i32 => Int4, |a, b| fit(a.checked_mul(b))?;
        "int4div": as_i32, as_i32 => Int4, |a, b| div!(i32, a, b);
        "int4mod": as_i32, as_i32 => Int4, |a, b| rem!(a, b);
        "int4larger": as_i32, as_i32 => Int4, |a, b| a.max(b);
        "int4smaller": as_i32, as_i32 => Int4, |a, b| a.min(b);
        "int4and": as_i32, as_i32 => Int4, |a, b| a & b;
        "int4or": as_i32, as_i32 => Int4, |a, b| a | b;
        "int4xor": as_i32, as_i32 => Int4, |a, b| a ^ b;
        "int4shl": as_i32, as_i32 => Int4, |a, n| a.wrapping_shl(n as u32);
        "int4shr": as_i32, as_i32 => Int4, |a, n| a.wrapping_shr(n as u32);
        "int4gcd": as_i32, as_i32 => Int4, |a, b| narrow(gcd(a.into(), b.into())?)?;
        "int4lcm": as_i32, as_i32 => Int4, |a, b| narrow(lcm(a.into(), b.into())?)?;
    }
    unary! { r,
        "int4um": as_i32 => Int4, |a| fit(a.checked_neg())?;
        "int4up": as_i32 => Int4, |a| a;
        "int4abs": as_i32 => Int4, |a| fit(a.checked_abs())?;
        "int4not": as_i32 => Int4, |a| !a;
        "int4inc": as_i32 => Int4, |a| fit(a.checked_add(1))?;
    }
}

fn register_int8(r: &mut Registry) {
    binary! { r,
        "int8pl": as_i64, as_i64 => Int8, |a, b| fit(a.checked_add(b))?;
        "int8mi": as_i64, as_i64 => Int8, |a, b| fit(a.checked_sub(b))?;
        "int8mul": as_i64, as_i64 => Int8, |a, b| fit(a.checked_mul(b))?;
        "int8div": as_i64, as_i64 => Int8, |a, b| div!(i64, a, b);
        "int8mod": as_i64, as_i64 => Int8, |a, b| rem!(a, b);
        "int8larger": as_i64, as_i64 => Int8, |a, b| a.max(b);
        "int8smaller": as_i64, as_i64 => Int8, |a, b| a.min(b);
        "int8and": as_i64, as_i64 => Int8, |a, b| a & b;
        "int8or": as_i64, as_i64 => Int8, |a, b| a | b;
        "int8xor": as_i64, as_i64 => Int8, |a, b| a ^ b;
        "int8shl": as_i64, as_i32 => Int8, |a, n| a.wrapping_shl(n as u32);
        "int8shr": as_i64, as_i32 => Int8, |a, n| a.wrapping_shr(n as u32);
        "int8gcd": as_i64, as_i64 => Int8, |a, b| gcd(a, b)?;
        "int8lcm": as_i64, as_i64 => Int8, |a, b| lcm(a, b)?;
    }
    unary! { r,
        "int8um": as_i64 => Int8, |a| fit(a.checked_neg())?;
        "int8up": as_i64 => Int8, |a| a;
        "int8abs": as_i64 => Int8, |a| fit(a.checked_abs())?;
        "int8not": as_i64 => Int8, |a| !a;
        "int8inc": as_i64 => Int8, |a| fit(a.checked_add(1))?;
        "int8dec": as_i64 => Int8, |a| fit(a.checked_sub(1))?;
    }
    // count(x): the second argument is only there to be not NULL.
    r.scalar("int8inc_any", |_cx, args| Ok(Datum::Int8(fit(args[0].as_i64().checked_add(1))?)));
    r.scalar("int8dec_any", |_cx, args| Ok(Datum::Int8(fit(args[0].as_i64().checked_sub(1))?)));
}

fn register_mixed(r: &mut Registry) {
    binary! { r,
        "int24pl": as_i16, as_i32 => Int4, |a, b| fit(i32::from(a).checked_add(b))?;
        "int24mi": as_i16, as_i32 => Int4, |a, b| fit(i32::from(a).checked_sub(b))?;
        "int24mul": as_i16, as_i32 => Int4, |a, b| fit(i32::from(a).checked_mul(b))?;
        "int24div": as_i16, as_i32 => Int4, |a, b| div!(i32, a, b);
        "int42pl": as_i32, as_i16 => Int4, |a, b| fit(a.checked_add(b.into()))?;
        "int42mi": as_i32, as_i16 => Int4, |a, b| fit(a.checked_sub(b.into()))?;
        "int42mul": as_i32, as_i16 => Int4, |a, b| fit(a.checked_mul(b.into()))?;
        "int42div": as_i32, as_i16 => Int4, |a, b| div!(i32, a, b);
        "int28pl": as_i16, as_i64 => Int8, |a, b| fit(i64::from(a).checked_add(b))?;
        "int28mi": as_i16, as_i64 => Int8, |a, b| fit(i64::from(a).checked_sub(b))?;
        "int28mul": as_i16, as_i64 => Int8, |a, b| fit(i64::from(a).checked_mul(b))?;
        "int28div": as_i16, as_i64 => Int8, |a, b| div!(i64, a, b);
        "int82pl": as_i64, as_i16 => Int8, |a, b| fit(a.checked_add(b.into()))?;
        "int82mi": as_i64, as_i16 => Int8, |a, b| fit(a.checked_sub(b.into()))?;
        "int82mul": as_i64, as_i16 => Int8, |a, b| fit(a.checked_mul(b.into()))?;
        "int82div": as_i64, as_i16 => Int8, |a, b| div!(i64, a, b);
        "int48pl": as_i32, as_i64 => Int8, |a, b| fit(i64::from(a).checked_add(b))?;
        "int48mi": as_i32, as_i64 => Int8, |a, b| fit(i64::from(a).checked_sub(b))?;
        "int48mul": as_i32, as_i64 => Int8, |a, b| fit(i64::from(a).checked_mul(b))?;
        "int48div": as_i32, as_i64 => Int8, |a, b| div!(i64, a, b);
        "int84pl": as_i64, as_i32 => Int8, |a, b| fit(a.checked_add(b.into()))?;
        "int84mi": as_i64, as_i32 => Int8, |a, b| fit(a.checked_sub(b.into()))?;
        "int84mul": as_i64, as_i32 => Int8, |a, b| fit(a.checked_mul(b.into()))?;
        "int84div": as_i64, as_i32 => Int8, |a, b| div!(i64, a, b);
    }
}

fn register_casts(r: &mut Registry) {
    unary! { r,
        "i2toi4": as_i16 => Int4, |a| a.into();
        "i4toi2": as_i32 => Int2, |a| narrow(a.into())?;
        "int28": as_i16 => Int8, |a| a.into();
        "int82": as_i64 => Int2, |a| narrow(a)?;
        "int48": as_i32 => Int8, |a| a.into();
        "int84": as_i64 => Int4, |a| narrow(a)?;
        "i2tof": as_i16 => Float4, |a| a.into();
        "i2tod": as_i16 => Float8, |a| a.into();
        "i4tof": as_i32 => Float4, |a| a as f32;
        "i4tod": as_i32 => Float8, |a| a.into();
        "i8tof": as_i64 => Float4, |a| a as f32;
        "i8tod": as_i64 => Float8, |a| a as f64;
        "ftoi2": as_f32 => Int2, |a| narrow(float_to_i64(a.into(), i16::MIN.into(), i16::MAX.into()).ok_or_else(int::out_of_range::<i16>)?)?;
        "dtoi2": as_f64 => Int2, |a| narrow(float_to_i64(a, i16::MIN.into(), i16::MAX.into()).ok_or_else(int::out_of_range::<i16>)?)?;
        "ftoi4": as_f32 => Int4, |a| narrow(float_to_i64(a.into(), i32::MIN.into(), i32::MAX.into()).ok_or_else(int::out_of_range::<i32>)?)?;
        "dtoi4": as_f64 => Int4, |a| narrow(float_to_i64(a, i32::MIN.into(), i32::MAX.into()).ok_or_else(int::out_of_range::<i32>)?)?;
        "ftoi8": as_f32 => Int8, |a| float_to_i64(a.into(), i64::MIN, i64::MAX).ok_or_else(int::out_of_range::<i64>)?;
        "dtoi8": as_f64 => Int8, |a| float_to_i64(a, i64::MIN, i64::MAX).ok_or_else(int::out_of_range::<i64>)?;
    }
}

/// Rounds half to even; `None` for NaN and what is out of range.
fn float_to_i64(value: f64, min: i64, max: i64) -> Option<i64> {
    let rounded = value.round_ties_even();
    // max as f64 may round up to max + 1, which does not fit; min is a power of two, hence exact.
    let fits = rounded >= min as f64 && rounded < -(min as f64);
    (fits && !value.is_nan()).then_some((rounded as i64).min(max))
}

fn register_hash(r: &mut Registry) {
    unary! { r,
        "hashint2": as_i16 => Int4, |a| hash::uint32(i32::from(a) as u32) as i32;
        "hashint4": as_i32 => Int4, |a| hash::uint32(a as u32) as i32;
        "hashint8": as_i64 => Int4, |a| hash::int8(a) as i32;
    }
    binary! { r,
        "hashint2extended": as_i16, as_i64 => Int8, |a, seed| hash::uint32_extended(i32::from(a) as u32, seed as u64) as i64;
        "hashint4extended": as_i32, as_i64 => Int8, |a, seed| hash::uint32_extended(a as u32, seed as u64) as i64;
        "hashint8extended": as_i64, as_i64 => Int8, |a, seed| hash::int8_extended(a, seed as u64) as i64;
    }
}

/// Greatest common divisor, never negative.
fn gcd(a: i64, b: i64) -> PgResult<i64> {
    fit(i64::try_from(int::gcd_u64(a.unsigned_abs(), b.unsigned_abs())).ok())
}

/// Least common multiple, never negative.
fn lcm(a: i64, b: i64) -> PgResult<i64> {
    if a == 0 || b == 0 {
        return Ok(0);
    }
    let divisor = int::gcd_u64(a.unsigned_abs(), b.unsigned_abs());
    let product = u128::from(a.unsigned_abs() / divisor) * u128::from(b.unsigned_abs());
    fit(i64::try_from(product).ok())
}

/// `val <= base ± offset` and its mirror images, for RANGE frames.
fn in_range(val: i64, base: i64, offset: i64, sub: bool, less: bool) -> PgResult<bool> {
    if offset < 0 {
        error::bail!(
            INVALID_PRECEDING_OR_FOLLOWING_SIZE,
            "invalid preceding or following size in window function"
        );
    }
    let bound = if sub {
        i128::from(base) - i128::from(offset)
    } else {
        i128::from(base) + i128::from(offset)
    };
    let val = i128::from(val);
    Ok(if less { val <= bound } else { val >= bound })
}

fn register_in_range(r: &mut Registry) {
    macro_rules! in_range {
        ($($name:literal: $v:ident, $o:ident;)*) => { $(
            r.scalar($name, |_cx, args| {
                let (val, base, offset) = (args[0].$v(), args[1].$v(), args[2].$o());
                let (sub, less) = (args[3].as_bool(), args[4].as_bool());
                in_range(val.into(), base.into(), offset.into(), sub, less).map(Datum::Bool)
            });
        )* };
    }
    in_range! {
        "in_range_int8_int8": as_i64, as_i64;
        "in_range_int4_int8": as_i32, as_i64;
        "in_range_int4_int4": as_i32, as_i32;
        "in_range_int4_int2": as_i32, as_i16;
        "in_range_int2_int8": as_i16, as_i64;
        "in_range_int2_int4": as_i16, as_i32;
        "in_range_int2_int2": as_i16, as_i16;
    }
}

/// Integers from start to stop, computed as they are asked for.
struct Series {
    next: Option<i64>,
    stop: i64,
    step: i64,
    wrap: fn(i64) -> Datum,
}

impl RowSource for Series {
    fn next(&mut self, _cx: &mut CallContext<'_>, row: &mut Vec<Datum>) -> PgResult<bool> {
        let Some(value) = self.next else { return Ok(false) };
        if (self.step > 0 && value > self.stop) || (self.step < 0 && value < self.stop) {
            return Ok(false);
        }
        row.push((self.wrap)(value));
        self.next = value.checked_add(self.step);
        Ok(true)
    }
}

fn series(
    start: i64,
    stop: i64,
    step: i64,
    wrap: fn(i64) -> Datum,
) -> PgResult<Box<dyn RowSource>> {
    if step == 0 {
        error::bail!(INVALID_PARAMETER_VALUE, "step size cannot equal zero");
    }
    Ok(Box::new(Series { next: Some(start), stop, step, wrap }))
}

fn register_series(r: &mut Registry) {
    fn int4(value: i64) -> Datum {
        Datum::Int4(value as i32)
    }
    fn arg(args: &[Datum], n: usize) -> i64 {
        match args.get(n) {
            Some(Datum::Int4(v)) => i64::from(*v),
            Some(Datum::Int8(v)) => *v,
            _ => 1,
        }
    }
    r.set("generate_series_int4", |_cx, a| series(arg(a, 0), arg(a, 1), 1, int4));
    r.set("generate_series_step_int4", |_cx, a| series(arg(a, 0), arg(a, 1), arg(a, 2), int4));
    r.set("generate_series_int8", |_cx, a| series(arg(a, 0), arg(a, 1), 1, Datum::Int8));
    r.set("generate_series_step_int8", |_cx, a| {
        series(arg(a, 0), arg(a, 1), arg(a, 2), Datum::Int8)
    });
}
