//! sum, avg, variance and stddev of integers and numeric, computed exactly.
use super::{combine, finish, transition};
use error::{PgError, PgResult};
use fmgr::Registry;
use std::sync::Arc;
use types::{ArrayValue, Datum, numeric, numeric::NumericSum, type_oid};

/// Count, sum and sum of squares in 128 bits: exact for as many int2 and int4 values (and sums of
/// int8) as a table can hold.
#[derive(Default)]
struct IntSum {
    count: i64,
    sum: i128,
    squares: i128,
}

impl IntSum {
    fn add(&mut self, value: i64) {
        self.count += 1;
        self.sum += i128::from(value);
    }

    fn add_square(&mut self, value: i64) {
        self.add(value);
        self.squares += i128::from(value) * i128::from(value);
    }

    fn remove(&mut self, value: i64, square: bool) {
        self.count -= 1;
        self.sum -= i128::from(value);
        if square {
            self.squares -= i128::from(value) * i128::from(value);
        }
    }

    fn merge(&mut self, other: &IntSum) -> PgResult<()> {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
        Ok(())
    }

    fn sum(&self) -> PgResult<Datum> {
        Ok(if self.count == 0 { Datum::Null } else { Datum::Bytes(numeric::from_i128(self.sum)) })
    }

    fn avg(&self) -> PgResult<Datum> {
        if self.count == 0 {
            return Ok(Datum::Null);
        }
        numeric::div(&numeric::from_i128(self.sum), &numeric::from_i64(self.count))
            .map(Datum::Bytes)
    }

    fn variance(&self, sample: bool, stddev: bool) -> PgResult<Datum> {
        if self.count < if sample { 2 } else { 1 } {
            return Ok(Datum::Null);
        }
        let sum = numeric::Num::from_i128(self.sum);
        let squares = numeric::Num::from_i128(self.squares);
        let value = numeric::variance(self.count, &sum, &squares, sample, stddev)?;
        value.encode().map(Datum::Bytes)
    }
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    register_integer(r);
    register_numeric(r);
    register_small_averages(r);
}

/// A strict-in-value transition over an integer argument.
macro_rules! int_step {
    ($r:ident, $($name:literal: $a:ident, |$s:ident, $v:ident| $body:expr;)*) => { $(
        $r.scalar($name, |_cx, args| transition(args, IntSum::default, |$s, args| {
            if !args[1].is_null() {
                let $v = i64::from(args[1].$a());
                $body;
            }
            Ok(())
        }));
    )* };
}

fn register_integer(r: &mut Registry) {
    int_step! { r,
        "int8_avg_accum": as_i64, |s, v| s.add(v);
        "int8_avg_accum_inv": as_i64, |s, v| s.remove(v, false);
        "int4_accum": as_i32, |s, v| s.add_square(v);
        "int2_accum": as_i16, |s, v| s.add_square(v);
        "int4_accum_inv": as_i32, |s, v| s.remove(v, true);
        "int2_accum_inv": as_i16, |s, v| s.remove(v, true);
    }
    r.scalar("int8_avg_combine", |_cx, a| combine(a, IntSum::merge));
    r.scalar("numeric_poly_combine", |_cx, a| combine(a, IntSum::merge));
    r.scalar("numeric_poly_sum", |_cx, a| finish(a, IntSum::sum));
    r.scalar("numeric_poly_avg", |_cx, a| finish(a, IntSum::avg));
    r.scalar("numeric_poly_var_samp", |_cx, a| finish::<IntSum>(a, |s| s.variance(true, false)));
    r.scalar("numeric_poly_var_pop", |_cx, a| finish::<IntSum>(a, |s| s.variance(false, false)));
    r.scalar("numeric_poly_stddev_samp", |_cx, a| finish::<IntSum>(a, |s| s.variance(true, true)));
    r.scalar("numeric_poly_stddev_pop", |_cx, a| finish::<IntSum>(a, |s| s.variance(false, true)));
    // sum(int2), sum(int4): the state is the sum itself, NULL until there is a row.
    r.scalar("int4_sum", |_cx, args| sum_into_int8(args, |d| i64::from(d.as_i32())));
    r.scalar("int2_sum", |_cx, args| sum_into_int8(args, |d| i64::from(d.as_i16())));
}

fn sum_into_int8(args: &mut [Datum], value: fn(&Datum) -> i64) -> PgResult<Datum> {
    if args[1].is_null() {
        return Ok(args[0].take());
    }
    let added = match &args[0] {
        Datum::Null => Some(value(&args[1])),
        // So many rows that this overflows there cannot be.
        sum => Some(sum.as_i64().wrapping_add(value(&args[1]))),
    };
    Ok(added.map_or(Datum::Null, Datum::Int8))
}

fn numeric_value(value: Option<types::Varlena>) -> Datum {
    value.map_or(Datum::Null, Datum::Bytes)
}

fn register_numeric(r: &mut Registry) {
    r.scalar("numeric_avg_accum", |_cx, args| accumulate(args, false));
    r.scalar("numeric_accum", |_cx, args| accumulate(args, true));
    r.scalar("int8_accum", |_cx, args| {
        if !args[1].is_null() {
            args[1] = Datum::Bytes(numeric::from_i64(args[1].as_i64()));
        }
        accumulate(args, true)
    });
    r.scalar("numeric_accum_inv", |_cx, args| remove(args));
    r.scalar("int8_accum_inv", |_cx, args| {
        if !args[1].is_null() {
            args[1] = Datum::Bytes(numeric::from_i64(args[1].as_i64()));
        }
        remove(args)
    });
    r.scalar("numeric_avg_combine", |_cx, a| combine(a, NumericSum::combine));
    r.scalar("numeric_combine", |_cx, a| combine(a, NumericSum::combine));
    r.scalar("numeric_sum", |_cx, a| finish::<NumericSum>(a, |s| Ok(numeric_value(s.sum()?))));
    r.scalar("numeric_avg", |_cx, a| finish::<NumericSum>(a, |s| Ok(numeric_value(s.avg()?))));
    r.scalar("numeric_var_samp", |_cx, a| variance(a, true, false));
    r.scalar("numeric_var_pop", |_cx, a| variance(a, false, false));
    r.scalar("numeric_stddev_samp", |_cx, a| variance(a, true, true));
    r.scalar("numeric_stddev_pop", |_cx, a| variance(a, false, true));
}

fn accumulate(args: &mut [Datum], squares: bool) -> PgResult<Datum> {
    transition(
        args,
        || NumericSum::new(squares),
        |s, args| match &args[1] {
            Datum::Null => Ok(()),
            value => s.add(value.as_bytes()),
        },
    )
}

fn remove(args: &mut [Datum]) -> PgResult<Datum> {
    transition(
        args,
        || NumericSum::new(true),
        |s, args| match &args[1] {
            Datum::Null => Ok(()),
            value => s.remove(value.as_bytes()),
        },
    )
}

fn variance(args: &[Datum], sample: bool, stddev: bool) -> PgResult<Datum> {
    finish::<NumericSum>(args, |s| Ok(numeric_value(s.variance(sample, stddev)?)))
}

/// avg(int2), avg(int4) keep {count, sum} in an int8[].
fn register_small_averages(r: &mut Registry) {
    fn step(args: &mut [Datum], value: i64, direction: i64) -> PgResult<Datum> {
        let mut state = args[0].take();
        if let Datum::Array(array) = &mut state {
            let (count, sum) = count_and_sum(array)?;
            let array = Arc::make_mut(array);
            array.elems[0] = Datum::Int8(count.wrapping_add(direction));
            array.elems[1] = Datum::Int8(sum.wrapping_add(direction * value));
        }
        Ok(state)
    }
    r.scalar("int4_avg_accum", |_cx, a| {
        let value = a[1].as_i32().into();
        step(a, value, 1)
    });
    r.scalar("int4_avg_accum_inv", |_cx, a| {
        let value = a[1].as_i32().into();
        step(a, value, -1)
    });
    r.scalar("int2_avg_accum", |_cx, a| {
        let value = a[1].as_i16().into();
        step(a, value, 1)
    });
    r.scalar("int2_avg_accum_inv", |_cx, a| {
        let value = a[1].as_i16().into();
        step(a, value, -1)
    });
    r.scalar("int4_avg_combine", |cx, a| {
        if !cx.in_aggregate {
            return Err(PgError::internal("aggregate function called in non-aggregate context"));
        }
        let (count1, sum1) = count_and_sum(a[0].as_array())?;
        let (count2, sum2) = count_and_sum(a[1].as_array())?;
        let elems =
            vec![Datum::Int8(count1.wrapping_add(count2)), Datum::Int8(sum1.wrapping_add(sum2))];
        Ok(Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::INT8, elems))))
    });
    r.scalar("int8_avg", |_cx, a| {
        let (count, sum) = count_and_sum(a[0].as_array())?;
        if count == 0 {
            return Ok(Datum::Null);
        }
        numeric::div(&numeric::from_i64(sum), &numeric::from_i64(count)).map(Datum::Bytes)
    });
    r.scalar("int2int4_sum", |_cx, a| {
        let (count, sum) = count_and_sum(a[0].as_array())?;
        Ok(if count == 0 { Datum::Null } else { Datum::Int8(sum) })
    });
}

fn count_and_sum(state: &ArrayValue) -> PgResult<(i64, i64)> {
    match state.elems.as_slice() {
        [Datum::Int8(count), Datum::Int8(sum)] if state.dims.len() == 1 => Ok((*count, *sum)),
        _ => Err(PgError::internal("expected 2-element int8 array")),
    }
}
