//! Bodies of the commonest operators that need no call context, found by `pg_proc.prosrc`.
use error::{PgError, PgResult, err};
use types::Datum;

/// A strict function of one non-NULL argument.
pub type Fast1 = fn(&Datum) -> PgResult<Datum>;
/// A strict function of two non-NULL arguments.
pub type Fast2 = fn(&Datum, &Datum) -> PgResult<Datum>;

#[cold]
fn out_of_range(what: &str) -> PgError {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "{what} out of range")
}

#[cold]
fn division_by_zero() -> PgError {
    err!(DIVISION_BY_ZERO, "division by zero")
}

/// The order of float8 values: NaN is greater than all others and equal to itself.
#[inline]
pub(crate) fn cmp_f64(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

macro_rules! compare {
    ($name:literal, $a:ident, $b:ident, $t:ty, $src:expr) => {
        match $src {
            concat!($name, "eq") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool((a.$a() as $t) == (b.$b() as $t)))) as Fast2,
            ),
            concat!($name, "ne") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool((a.$a() as $t) != (b.$b() as $t)))) as Fast2,
            ),
            concat!($name, "lt") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool((a.$a() as $t) < (b.$b() as $t)))) as Fast2,
            ),
            concat!($name, "le") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool((a.$a() as $t) <= (b.$b() as $t)))) as Fast2,
            ),
            concat!($name, "gt") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool((a.$a() as $t) > (b.$b() as $t)))) as Fast2,
            ),
            concat!($name, "ge") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool((a.$a() as $t) >= (b.$b() as $t)))) as Fast2,
            ),
            _ => None,
        }
    };
}

macro_rules! compare_float {
    ($name:literal, $a:ident, $b:ident, $src:expr) => {
        match $src {
            concat!($name, "eq") => Some(
                (|a: &Datum, b: &Datum| {
                    Ok(Datum::Bool(cmp_f64(a.$a().into(), b.$b().into()).is_eq()))
                }) as Fast2,
            ),
            concat!($name, "ne") => Some(
                (|a: &Datum, b: &Datum| {
                    Ok(Datum::Bool(cmp_f64(a.$a().into(), b.$b().into()).is_ne()))
                }) as Fast2,
            ),
            concat!($name, "lt") => Some(
                (|a: &Datum, b: &Datum| {
                    Ok(Datum::Bool(cmp_f64(a.$a().into(), b.$b().into()).is_lt()))
                }) as Fast2,
            ),
            concat!($name, "le") => Some(
                (|a: &Datum, b: &Datum| {
                    Ok(Datum::Bool(cmp_f64(a.$a().into(), b.$b().into()).is_le()))
                }) as Fast2,
            ),
            concat!($name, "gt") => Some(
                (|a: &Datum, b: &Datum| {
                    Ok(Datum::Bool(cmp_f64(a.$a().into(), b.$b().into()).is_gt()))
                }) as Fast2,
            ),
            concat!($name, "ge") => Some(
                (|a: &Datum, b: &Datum| {
                    Ok(Datum::Bool(cmp_f64(a.$a().into(), b.$b().into()).is_ge()))
                }) as Fast2,
            ),
            _ => None,
        }
    };
}

macro_rules! compare_bytes {
    ($prefix:literal, $src:expr) => {
        match $src {
            concat!($prefix, "eq") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_bytes() == b.as_bytes()))) as Fast2,
            ),
            concat!($prefix, "ne") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_bytes() != b.as_bytes()))) as Fast2,
            ),
            concat!($prefix, "lt") => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_bytes() < b.as_bytes()))) as Fast2)
            }
            concat!($prefix, "le") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_bytes() <= b.as_bytes()))) as Fast2,
            ),
            concat!($prefix, "gt") => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_bytes() > b.as_bytes()))) as Fast2)
            }
            concat!($prefix, "ge") => Some(
                (|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_bytes() >= b.as_bytes()))) as Fast2,
            ),
            _ => None,
        }
    };
}

// Each alternative is a match of its own: evaluated only if those before it did not apply.
#[allow(clippy::unnecessary_lazy_evaluations)]
fn comparison(src: &str) -> Option<Fast2> {
    compare!("int4", as_i32, as_i32, i32, src)
        .or_else(|| compare!("int8", as_i64, as_i64, i64, src))
        .or_else(|| compare!("int2", as_i16, as_i16, i16, src))
        .or_else(|| compare!("int24", as_i16, as_i32, i64, src))
        .or_else(|| compare!("int42", as_i32, as_i16, i64, src))
        .or_else(|| compare!("int48", as_i32, as_i64, i64, src))
        .or_else(|| compare!("int84", as_i64, as_i32, i64, src))
        .or_else(|| compare!("int28", as_i16, as_i64, i64, src))
        .or_else(|| compare!("int82", as_i64, as_i16, i64, src))
        .or_else(|| compare!("date_", as_i32, as_i32, i32, src))
        .or_else(|| compare!("timestamp_", as_i64, as_i64, i64, src))
        .or_else(|| compare!("time_", as_i64, as_i64, i64, src))
        .or_else(|| compare!("cash_", as_i64, as_i64, i64, src))
        .or_else(|| compare_float!("float8", as_f64, as_f64, src))
        .or_else(|| compare_float!("float4", as_f32, as_f32, src))
        .or_else(|| compare_float!("float48", as_f32, as_f64, src))
        .or_else(|| compare_float!("float84", as_f64, as_f32, src))
        .or_else(|| match src {
            "oideq" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_oid() == b.as_oid()))) as Fast2)
            }
            "oidne" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_oid() != b.as_oid()))) as Fast2)
            }
            "oidlt" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_oid() < b.as_oid()))) as Fast2)
            }
            "oidle" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_oid() <= b.as_oid()))) as Fast2)
            }
            "oidgt" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_oid() > b.as_oid()))) as Fast2)
            }
            "oidge" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_oid() >= b.as_oid()))) as Fast2)
            }
            "booleq" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_bool() == b.as_bool()))) as Fast2)
            }
            "boolne" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_bool() != b.as_bool()))) as Fast2)
            }
            "boollt" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(!a.as_bool() & b.as_bool()))) as Fast2)
            }
            "boolgt" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_bool() & !b.as_bool()))) as Fast2)
            }
            "chareq" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_char() == b.as_char()))) as Fast2)
            }
            "charne" => {
                Some((|a: &Datum, b: &Datum| Ok(Datum::Bool(a.as_char() != b.as_char()))) as Fast2)
            }
            _ => None,
        })
        .or_else(|| compare_bytes!("bytea", src))
        .or_else(|| compare_bytes!("uuid_", src))
        .or_else(|| match src {
            "nameeq" | "nameeqtext" | "texteqname" => compare_bytes!("text", "texteq"),
            "namene" | "namenetext" | "textnename" => compare_bytes!("text", "textne"),
            _ => None,
        })
}

macro_rules! checked {
    ($a:ident, $b:ident, $t:ty, $v:ident, $op:ident, $what:literal) => {
        (|a: &Datum, b: &Datum| {
            <$t>::$op(a.$a() as $t, b.$b() as $t).map(Datum::$v).ok_or_else(|| out_of_range($what))
        }) as Fast2
    };
}

macro_rules! divide {
    ($a:ident, $b:ident, $t:ty, $v:ident, $what:literal) => {
        (|a: &Datum, b: &Datum| {
            let divisor = b.$b() as $t;
            if divisor == 0 {
                return Err(division_by_zero());
            }
            (a.$a() as $t).checked_div(divisor).map(Datum::$v).ok_or_else(|| out_of_range($what))
        }) as Fast2
    };
}

fn integer_arithmetic(src: &str) -> Option<Fast2> {
    Some(match src {
        "int4pl" => checked!(as_i32, as_i32, i32, Int4, checked_add, "integer"),
        "int4mi" => checked!(as_i32, as_i32, i32, Int4, checked_sub, "integer"),
        "int4mul" => checked!(as_i32, as_i32, i32, Int4, checked_mul, "integer"),
        "int4div" => divide!(as_i32, as_i32, i32, Int4, "integer"),
        "int8pl" => checked!(as_i64, as_i64, i64, Int8, checked_add, "bigint"),
        "int8mi" => checked!(as_i64, as_i64, i64, Int8, checked_sub, "bigint"),
        "int8mul" => checked!(as_i64, as_i64, i64, Int8, checked_mul, "bigint"),
        "int8div" => divide!(as_i64, as_i64, i64, Int8, "bigint"),
        "int48pl" => checked!(as_i32, as_i64, i64, Int8, checked_add, "bigint"),
        "int48mi" => checked!(as_i32, as_i64, i64, Int8, checked_sub, "bigint"),
        "int48mul" => checked!(as_i32, as_i64, i64, Int8, checked_mul, "bigint"),
        "int48div" => divide!(as_i32, as_i64, i64, Int8, "bigint"),
        "int84pl" => checked!(as_i64, as_i32, i64, Int8, checked_add, "bigint"),
        "int84mi" => checked!(as_i64, as_i32, i64, Int8, checked_sub, "bigint"),
        "int84mul" => checked!(as_i64, as_i32, i64, Int8, checked_mul, "bigint"),
        "int84div" => divide!(as_i64, as_i32, i64, Int8, "bigint"),
        "int2pl" => checked!(as_i16, as_i16, i16, Int2, checked_add, "smallint"),
        "int2mi" => checked!(as_i16, as_i16, i16, Int2, checked_sub, "smallint"),
        "int2mul" => checked!(as_i16, as_i16, i16, Int2, checked_mul, "smallint"),
        "int24pl" => checked!(as_i16, as_i32, i32, Int4, checked_add, "integer"),
        "int24mi" => checked!(as_i16, as_i32, i32, Int4, checked_sub, "integer"),
        "int24mul" => checked!(as_i16, as_i32, i32, Int4, checked_mul, "integer"),
        "int42pl" => checked!(as_i32, as_i16, i32, Int4, checked_add, "integer"),
        "int42mi" => checked!(as_i32, as_i16, i32, Int4, checked_sub, "integer"),
        "int42mul" => checked!(as_i32, as_i16, i32, Int4, checked_mul, "integer"),
        "int4mod" => |a, b| match b.as_i32() {
            0 => Err(division_by_zero()),
            divisor => Ok(Datum::Int4(a.as_i32().wrapping_rem(divisor))),
        },
        "int8mod" => |a, b| match b.as_i64() {
            0 => Err(division_by_zero()),
            divisor => Ok(Datum::Int8(a.as_i64().wrapping_rem(divisor))),
        },
        "int4and" => |a, b| Ok(Datum::Int4(a.as_i32() & b.as_i32())),
        "int4or" => |a, b| Ok(Datum::Int4(a.as_i32() | b.as_i32())),
        "int8and" => |a, b| Ok(Datum::Int8(a.as_i64() & b.as_i64())),
        "int8or" => |a, b| Ok(Datum::Int8(a.as_i64() | b.as_i64())),
        _ => return None,
    })
}

/// A float8 result of finite operands must be finite; PostgreSQL calls the others overflow.
#[inline]
fn finite(result: f64, operands_finite: bool) -> PgResult<Datum> {
    if result.is_infinite() && operands_finite {
        return Err(err!(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow"));
    }
    Ok(Datum::Float8(result))
}

fn float_arithmetic(src: &str) -> Option<Fast2> {
    Some(match src {
        "float8pl" => |a, b| {
            let (a, b) = (a.as_f64(), b.as_f64());
            finite(a + b, a.is_finite() && b.is_finite())
        },
        "float8mi" => |a, b| {
            let (a, b) = (a.as_f64(), b.as_f64());
            finite(a - b, a.is_finite() && b.is_finite())
        },
        "float8mul" => |a, b| {
            let (a, b) = (a.as_f64(), b.as_f64());
            let product = a * b;
            if product == 0.0 && a != 0.0 && b != 0.0 {
                return Err(err!(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow"));
            }
            finite(product, a.is_finite() && b.is_finite())
        },
        _ => return None,
    })
}

/// The context-free body of a two-argument function, if it has one. `deterministic` and `c_collation`
/// describe the input collation.
pub(crate) fn fast2(src: &str, deterministic: bool, c_collation: bool) -> Option<Fast2> {
    if let Some(f) =
        comparison(src).or_else(|| integer_arithmetic(src)).or_else(|| float_arithmetic(src))
    {
        return Some(f);
    }
    match src {
        "texteq" | "textne" if deterministic => compare_bytes!("text", src),
        "text_lt" | "text_le" | "text_gt" | "text_ge" if c_collation => {
            compare_bytes!("text_", src)
        }
        _ => None,
    }
}

/// The context-free body of a one-argument function, if it has one.
pub(crate) fn fast1(src: &str) -> Option<Fast1> {
    Some(match src {
        "int48" => |a| Ok(Datum::Int8(i64::from(a.as_i32()))),
        "int84" => {
            |a| i32::try_from(a.as_i64()).map(Datum::Int4).map_err(|_| out_of_range("integer"))
        }
        "i2toi4" => |a| Ok(Datum::Int4(i32::from(a.as_i16()))),
        "int28" => |a| Ok(Datum::Int8(i64::from(a.as_i16()))),
        "i4tod" => |a| Ok(Datum::Float8(f64::from(a.as_i32()))),
        "i8tod" => |a| Ok(Datum::Float8(a.as_i64() as f64)),
        "ftod" => |a| Ok(Datum::Float8(f64::from(a.as_f32()))),
        "int4um" => {
            |a| a.as_i32().checked_neg().map(Datum::Int4).ok_or_else(|| out_of_range("integer"))
        }
        "int8um" => {
            |a| a.as_i64().checked_neg().map(Datum::Int8).ok_or_else(|| out_of_range("bigint"))
        }
        "float8um" => |a| Ok(Datum::Float8(-a.as_f64())),
        _ => return None,
    })
}
