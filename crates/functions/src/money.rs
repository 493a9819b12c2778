//! money: operators, casts, words.
use error::PgResult;
use fmgr::Registry;
use types::{Datum, int::division_by_zero, money::out_of_range};

fn fit(v: Option<i64>) -> PgResult<i64> {
    v.ok_or_else(out_of_range)
}

fn from_float(v: f64) -> PgResult<i64> {
    let v = v.round_ties_even();
    if !(-9.223372036854776e18..9.223372036854776e18).contains(&v) {
        return Err(out_of_range());
    }
    Ok(v as i64)
}

fn div_float(a: i64, b: f64) -> PgResult<i64> {
    from_float(types::float::div8(a as f64, b)?)
}

fn div_int(a: i64, b: i64) -> PgResult<i64> {
    if b == 0 { Err(division_by_zero()) } else { fit(a.checked_div(b)) }
}

/// `money * float`: an overflow of the product is the float's.
fn mul_float(a: i64, b: f64) -> PgResult<i64> {
    from_float(types::float::mul8(a as f64, b)?)
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    comparisons! { r,
        "cash_eq" "cash_ne" "cash_lt" "cash_le" "cash_gt" "cash_ge": as_i64, as_i64, |a, b| a.cmp(&b);
    }
    binary! { r,
        "cash_cmp": as_i64, as_i64 => Int4, |a, b| a.cmp(&b) as i32;
        "cash_pl": as_i64, as_i64 => Int8, |a, b| fit(a.checked_add(b))?;
        "cash_mi": as_i64, as_i64 => Int8, |a, b| fit(a.checked_sub(b))?;
        "cash_mul_int8": as_i64, as_i64 => Int8, |a, b| fit(a.checked_mul(b))?;
        "int8_mul_cash": as_i64, as_i64 => Int8, |a, b| fit(a.checked_mul(b))?;
        "cash_mul_int4": as_i64, as_i32 => Int8, |a, b| fit(a.checked_mul(i64::from(b)))?;
        "int4_mul_cash": as_i32, as_i64 => Int8, |a, b| fit(b.checked_mul(i64::from(a)))?;
        "cash_mul_int2": as_i64, as_i16 => Int8, |a, b| fit(a.checked_mul(i64::from(b)))?;
        "int2_mul_cash": as_i16, as_i64 => Int8, |a, b| fit(b.checked_mul(i64::from(a)))?;
        "cash_mul_flt8": as_i64, as_f64 => Int8, |a, b| mul_float(a, b)?;
        "flt8_mul_cash": as_f64, as_i64 => Int8, |a, b| mul_float(b, a)?;
        "cash_mul_flt4": as_i64, as_f32 => Int8, |a, b| mul_float(a, f64::from(b))?;
        "flt4_mul_cash": as_f32, as_i64 => Int8, |a, b| mul_float(b, f64::from(a))?;
        "cash_div_flt8": as_i64, as_f64 => Int8, |a, b| div_float(a, b)?;
        "cash_div_flt4": as_i64, as_f32 => Int8, |a, b| div_float(a, f64::from(b))?;
        "cash_div_int8": as_i64, as_i64 => Int8, |a, b| div_int(a, b)?;
        "cash_div_int4": as_i64, as_i32 => Int8, |a, b| div_int(a, i64::from(b))?;
        "cash_div_int2": as_i64, as_i16 => Int8, |a, b| div_int(a, i64::from(b))?;
        "cashlarger": as_i64, as_i64 => Int8, |a, b| a.max(b);
        "cashsmaller": as_i64, as_i64 => Int8, |a, b| a.min(b);
    }
    r.scalar("cash_div_cash", |_cx, a| {
        let (x, y) = (a[0].as_i64(), a[1].as_i64());
        if y == 0 {
            return Err(division_by_zero());
        }
        Ok(Datum::Float8(x as f64 / y as f64))
    });
    unary! { r,
        "int4_cash": as_i32 => Int8, |a| i64::from(a) * 100;
        "int8_cash": as_i64 => Int8, |a| a.checked_mul(100).ok_or_else(types::int::out_of_range::<i64>)?;
    }
    r.scalar("cash_words", |_cx, a| Ok(Datum::text(&words(a[0].as_i64()))));
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// A number below a thousand.
fn hundreds(n: u64, out: &mut String) {
    let (h, rest) = ((n / 100) as usize, (n % 100) as usize);
    if h > 0 {
        out.push_str(SMALL[h]);
        out.push_str(" hundred");
        if rest == 0 {
            return;
        }
        // Only a remainder without tens of its own is joined by "and".
        let plain = rest < 20 && !(rest % 10 == 0 && rest > 10);
        out.push_str(if plain { " and " } else { " " });
    }
    if rest < 20 {
        out.push_str(SMALL[rest]);
    } else {
        out.push_str(TENS[rest / 10]);
        if rest % 10 != 0 {
            out.push(' ');
            out.push_str(SMALL[rest % 10]);
        }
    }
}

fn words(v: i64) -> String {
    let abs = v.unsigned_abs();
    let (dollars, cents) = (abs / 100, abs % 100);
    let mut out = String::new();
    if v < 0 {
        out.push_str("minus ");
    }
    let groups = [
        (1_000_000_000_000_000, " quadrillion "),
        (1_000_000_000_000, " trillion "),
        (1_000_000_000, " billion "),
        (1_000_000, " million "),
        (1_000, " thousand "),
    ];
    for (size, name) in groups {
        let n = dollars / size % 1000;
        if n > 0 {
            hundreds(n, &mut out);
            out.push_str(name);
        }
    }
    if dollars == 0 {
        out.push_str("zero");
    } else if dollars % 1000 > 0 {
        hundreds(dollars % 1000, &mut out);
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push_str(if dollars == 1 { " dollar and " } else { " dollars and " });
    hundreds(cents, &mut out);
    out.push_str(if cents == 1 { " cent" } else { " cents" });
    let mut chars = out.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().collect::<String>() + chars.as_str(),
        None => out,
    }
}
