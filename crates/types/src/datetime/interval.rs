//! interval: values, stored form, arithmetic, modifiers, comparison.
use super::*;
use crate::{Varlena, binary::BinaryReader, hash};
use error::{PgError, PgResult, bail, err};
use std::cmp::Ordering;

/// Months, days and µs, each with its own sign, since a month has no fixed number of days nor a day
/// of hours. All three at their extremes are the infinities.
///
/// Stored as µs (i64 le), days (i32 le), months (i32 le) without the zero bytes at the end, so that
/// intervals without negative months or days are short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub usecs: i64,
}

/// `interval out of range`
#[cold]
pub fn interval_out_of_range() -> PgError {
    err!(DATETIME_FIELD_OVERFLOW, "interval out of range")
}

impl Interval {
    /// `infinity`
    pub const INFINITY: Interval = Interval { months: i32::MAX, days: i32::MAX, usecs: i64::MAX };
    /// `-infinity`
    pub const NEG_INFINITY: Interval =
        Interval { months: i32::MIN, days: i32::MIN, usecs: i64::MIN };

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Interval {
        let mut buf = [0; 16];
        let n = bytes.len().min(16);
        buf[..n].copy_from_slice(&bytes[..n]);
        let v = i128::from_le_bytes(buf);
        Interval { usecs: v as i64, days: (v >> 64) as i32, months: (v >> 96) as i32 }
    }

    /// The stored form.
    pub fn encode(&self) -> Varlena {
        let mut buf = [0; 16];
        buf[..8].copy_from_slice(&self.usecs.to_le_bytes());
        buf[8..12].copy_from_slice(&self.days.to_le_bytes());
        buf[12..].copy_from_slice(&self.months.to_le_bytes());
        let end = buf.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
        Varlena::new(&buf[..end])
    }

    /// One of the infinities.
    pub fn is_infinite(&self) -> bool {
        *self == Interval::INFINITY || *self == Interval::NEG_INFINITY
    }

    /// -1, 0 or 1 for -infinity, finite, infinity.
    pub fn infinity_sign(&self) -> i32 {
        match *self {
            Interval::INFINITY => 1,
            Interval::NEG_INFINITY => -1,
            _ => 0,
        }
    }

    /// Length in µs with 30-day months and 24-hour days, by which intervals compare.
    pub fn span(&self) -> i128 {
        let days = i128::from(self.months) * 30 + i128::from(self.days);
        days * i128::from(USECS_PER_DAY) + i128::from(self.usecs)
    }

    /// Order.
    pub fn compare(&self, other: &Interval) -> Ordering {
        self.span().cmp(&other.span())
    }

    /// Hash; equal spans hash alike.
    pub fn hash(&self) -> u32 {
        hash::int8(self.span() as i64)
    }

    /// Seeded hash.
    pub fn hash_extended(&self, seed: u64) -> u64 {
        hash::int8_extended(self.span() as i64, seed)
    }

    /// Appends a key whose bytes order as the values do.
    pub fn encode_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.span() ^ i128::MIN).to_be_bytes());
    }

    fn finite(self) -> PgResult<Interval> {
        if self.is_infinite() { Err(interval_out_of_range()) } else { Ok(self) }
    }

    /// The opposite.
    pub fn negate(&self) -> PgResult<Interval> {
        match self.infinity_sign() {
            1 => return Ok(Interval::NEG_INFINITY),
            -1 => return Ok(Interval::INFINITY),
            _ => {}
        }
        let parts = (self.months.checked_neg(), self.days.checked_neg(), self.usecs.checked_neg());
        match parts {
            (Some(months), Some(days), Some(usecs)) => Interval { months, days, usecs }.finite(),
            _ => Err(interval_out_of_range()),
        }
    }

    /// Sum.
    pub fn add(&self, other: &Interval) -> PgResult<Interval> {
        match (self.infinity_sign(), other.infinity_sign()) {
            (0, 0) => {}
            (a, b) if a * b == -1 => return Err(interval_out_of_range()),
            (0, _) => return Ok(*other),
            _ => return Ok(*self),
        }
        let parts = (
            self.months.checked_add(other.months),
            self.days.checked_add(other.days),
            self.usecs.checked_add(other.usecs),
        );
        match parts {
            (Some(months), Some(days), Some(usecs)) => Interval { months, days, usecs }.finite(),
            _ => Err(interval_out_of_range()),
        }
    }

    /// Difference.
    pub fn sub(&self, other: &Interval) -> PgResult<Interval> {
        match (self.infinity_sign(), other.infinity_sign()) {
            (0, 0) => {}
            (a, b) if a * b == 1 => return Err(interval_out_of_range()),
            (0, _) => return other.negate(),
            _ => return Ok(*self),
        }
        let parts = (
            self.months.checked_sub(other.months),
            self.days.checked_sub(other.days),
            self.usecs.checked_sub(other.usecs),
        );
        match parts {
            (Some(months), Some(days), Some(usecs)) => Interval { months, days, usecs }.finite(),
            _ => Err(interval_out_of_range()),
        }
    }

    /// Product with a number; fractions of months go to days and of days to µs.
    pub fn mul(&self, factor: f64) -> PgResult<Interval> {
        if self.is_infinite() {
            if factor.is_nan() || factor == 0.0 {
                return Err(interval_out_of_range());
            }
            return if factor > 0.0 { Ok(*self) } else { self.negate() };
        }
        if factor.is_nan() {
            return Err(interval_out_of_range());
        }
        if factor.is_infinite() {
            return match self.compare(&Interval::default()) {
                Ordering::Equal => Err(interval_out_of_range()),
                order if order.is_gt() == (factor > 0.0) => Ok(Interval::INFINITY),
                _ => Ok(Interval::NEG_INFINITY),
            };
        }
        self.scale(|v| v * factor)
    }

    /// Quotient by a number.
    pub fn div(&self, divisor: f64) -> PgResult<Interval> {
        if divisor == 0.0 {
            return Err(crate::int::division_by_zero());
        }
        if divisor.is_nan() {
            return Err(interval_out_of_range());
        }
        if self.is_infinite() {
            if divisor.is_infinite() {
                return Err(interval_out_of_range());
            }
            return if divisor > 0.0 { Ok(*self) } else { self.negate() };
        }
        self.scale(|v| v / divisor)
    }

    fn scale(&self, f: impl Fn(f64) -> f64) -> PgResult<Interval> {
        let in_i32 = |v: f64| -> PgResult<i32> {
            if (-2147483648.0..2147483648.0).contains(&v) {
                Ok(v as i32)
            } else {
                Err(interval_out_of_range())
            }
        };
        let months_exact = f(f64::from(self.months));
        let days_exact = f(f64::from(self.days));
        let months = in_i32(months_exact)?;
        let days = in_i32(days_exact)?;
        // What is left of the months, in days, rounded to µs to hide representation error.
        let tidy = |v: f64| (v * 1e6).round_ties_even() / 1e6;
        let mut month_days = (months_exact - f64::from(months)) * 30.0;
        month_days = tidy(month_days);
        let mut rest = (days_exact - f64::from(days)) + month_days - month_days.trunc();
        rest = tidy(rest * 86_400.0);
        let mut days = days;
        if rest.abs() >= 86_400.0 {
            days = days.checked_add((rest / 86_400.0) as i32).ok_or_else(interval_out_of_range)?;
            rest -= f64::from((rest / 86_400.0) as i32) * 86_400.0;
        }
        days = days.checked_add(month_days as i32).ok_or_else(interval_out_of_range)?;
        let usecs = (f(self.usecs as f64) + rest * 1e6).round_ties_even();
        if !(-9.223372036854776e18..9.223372036854776e18).contains(&usecs) {
            return Err(interval_out_of_range());
        }
        Interval { months, days, usecs: usecs as i64 }.finite()
    }

    /// `justify_hours`
    pub fn justify_hours(&self) -> PgResult<Interval> {
        if self.is_infinite() {
            return Ok(*self);
        }
        let mut v = *self;
        let whole = v.usecs / USECS_PER_DAY;
        v.usecs -= whole * USECS_PER_DAY;
        v.days = v.days.checked_add(whole as i32).ok_or_else(interval_out_of_range)?;
        if v.days > 0 && v.usecs < 0 {
            v.usecs += USECS_PER_DAY;
            v.days -= 1;
        } else if v.days < 0 && v.usecs > 0 {
            v.usecs -= USECS_PER_DAY;
            v.days += 1;
        }
        Ok(v)
    }

    /// `justify_days`
    pub fn justify_days(&self) -> PgResult<Interval> {
        if self.is_infinite() {
            return Ok(*self);
        }
        let mut v = *self;
        let whole = v.days / 30;
        v.days -= whole * 30;
        v.months = v.months.checked_add(whole).ok_or_else(interval_out_of_range)?;
        if v.months > 0 && v.days < 0 {
            v.days += 30;
            v.months -= 1;
        } else if v.months < 0 && v.days > 0 {
            v.days -= 30;
            v.months += 1;
        }
        Ok(v)
    }

    /// `justify_interval`
    pub fn justify(&self) -> PgResult<Interval> {
        if self.is_infinite() {
            return Ok(*self);
        }
        let mut v = *self;
        // Days into months first where that avoids overflow.
        if v.days > 0 && v.usecs > 0 || v.days < 0 && v.usecs < 0 {
            let whole = v.days / 30;
            v.days -= whole * 30;
            v.months = v.months.checked_add(whole).ok_or_else(interval_out_of_range)?;
        }
        let whole = v.usecs / USECS_PER_DAY;
        v.usecs -= whole * USECS_PER_DAY;
        v.days = v.days.checked_add(whole as i32).ok_or_else(interval_out_of_range)?;
        let whole = v.days / 30;
        v.days -= whole * 30;
        v.months = v.months.checked_add(whole).ok_or_else(interval_out_of_range)?;
        if v.months > 0 && (v.days < 0 || v.days == 0 && v.usecs < 0) {
            v.days += 30;
            v.months -= 1;
        } else if v.months < 0 && (v.days > 0 || v.days == 0 && v.usecs > 0) {
            v.days -= 30;
            v.months += 1;
        }
        if v.days > 0 && v.usecs < 0 {
            v.usecs += USECS_PER_DAY;
            v.days -= 1;
        } else if v.days < 0 && v.usecs > 0 {
            v.usecs -= USECS_PER_DAY;
            v.days += 1;
        }
        Ok(v)
    }

    /// From the wire.
    pub fn recv(buf: &[u8], typmod: i32) -> PgResult<Interval> {
        let mut r = BinaryReader::new(buf);
        let (usecs, days, months) = (r.i64()?, r.i32()?, r.i32()?);
        Interval { months, days, usecs }.apply_typmod(typmod)
    }

    /// To the wire.
    pub fn send(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.usecs.to_be_bytes());
        out.extend_from_slice(&self.days.to_be_bytes());
        out.extend_from_slice(&self.months.to_be_bytes());
    }

    /// Drops the fields that a modifier does not keep and rounds the seconds.
    pub fn apply_typmod(mut self, typmod: i32) -> PgResult<Interval> {
        if typmod < 0 || self.is_infinite() {
            return Ok(self);
        }
        let (range, precision) = (typmod >> 16 & 0x7fff, typmod & 0xffff);
        let cut = |usecs: i64, unit: i64| usecs / unit * unit;
        match range {
            FULL_RANGE => {}
            r if r == YEAR => {
                self.months = self.months / 12 * 12;
                (self.days, self.usecs) = (0, 0);
            }
            r if r == MONTH || r == YEAR | MONTH => (self.days, self.usecs) = (0, 0),
            r if r == DAY => self.usecs = 0,
            r if r == HOUR || r == DAY | HOUR => self.usecs = cut(self.usecs, USECS_PER_HOUR),
            r if r == MINUTE || r == HOUR | MINUTE || r == DAY | HOUR | MINUTE => {
                self.usecs = cut(self.usecs, USECS_PER_MINUTE)
            }
            r if r == SECOND
                || r == MINUTE | SECOND
                || r == HOUR | MINUTE | SECOND
                || r == DAY | HOUR | MINUTE | SECOND => {}
            _ => return Err(PgError::internal(format!("unrecognized interval typmod: {typmod}"))),
        }
        if precision != FULL_PRECISION {
            if !(0..=6).contains(&precision) {
                bail!(
                    INVALID_PARAMETER_VALUE,
                    "interval({precision}) precision must be between 0 and 6"
                );
            }
            let unit = 10i64.pow((6 - precision) as u32);
            if unit > 1 {
                let half = if self.usecs >= 0 { unit / 2 } else { -(unit / 2) };
                let sum = self.usecs.checked_add(half).ok_or_else(interval_out_of_range)?;
                self.usecs = sum / unit * unit;
            }
        }
        Ok(self)
    }

    /// Average of a sum, as `avg(interval)` does it.
    pub fn div_count(&self, n: i64) -> PgResult<Interval> {
        self.div(n as f64)
    }

    /// Seconds in all, for `extract(epoch …)`: years have 365.25 days there.
    pub fn epoch(&self) -> f64 {
        let (years, months) = (self.months / 12, self.months % 12);
        let days = f64::from(years) * 365.25 + f64::from(months) * 30.0 + f64::from(self.days);
        self.usecs as f64 / 1e6 + days * 86_400.0
    }
}

/// Bits of an interval modifier's range, as PostgreSQL numbers them.
pub const MONTH: i32 = 1 << 1;
/// See [`MONTH`].
pub const YEAR: i32 = 1 << 2;
/// See [`MONTH`].
pub const DAY: i32 = 1 << 3;
/// See [`MONTH`].
pub const HOUR: i32 = 1 << 10;
/// See [`MONTH`].
pub const MINUTE: i32 = 1 << 11;
/// See [`MONTH`].
pub const SECOND: i32 = 1 << 12;
/// No restriction of fields.
pub const FULL_RANGE: i32 = 0x7fff;
/// No restriction of the seconds' fraction.
pub const FULL_PRECISION: i32 = 0xffff;

/// Modifier from `[range[, precision]]`.
pub fn typmod_in(values: &[i32]) -> PgResult<(i32, Option<PgError>)> {
    let pack = |range: i32, precision: i32| (range & 0x7fff) << 16 | precision & 0xffff;
    let valid = matches!(values.first(), Some(r) if range_name(*r).is_some() || *r == FULL_RANGE);
    match values {
        [range] if valid && *range == FULL_RANGE => Ok((-1, None)),
        [range] if valid => Ok((pack(*range, FULL_PRECISION), None)),
        [range, precision] if valid => {
            if *precision < 0 {
                bail!(
                    INVALID_PARAMETER_VALUE,
                    "INTERVAL({precision}) precision must not be negative"
                );
            }
            if *precision > 6 {
                let warning = PgError::warning(
                    error::SqlState::INVALID_PARAMETER_VALUE,
                    format!("INTERVAL({precision}) precision reduced to maximum allowed, 6"),
                );
                return Ok((pack(*range, 6), Some(warning)));
            }
            Ok((pack(*range, *precision), None))
        }
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier"),
    }
}

fn range_name(range: i32) -> Option<&'static str> {
    Some(match range {
        r if r == YEAR => " year",
        r if r == MONTH => " month",
        r if r == DAY => " day",
        r if r == HOUR => " hour",
        r if r == MINUTE => " minute",
        r if r == SECOND => " second",
        r if r == YEAR | MONTH => " year to month",
        r if r == DAY | HOUR => " day to hour",
        r if r == DAY | HOUR | MINUTE => " day to minute",
        r if r == DAY | HOUR | MINUTE | SECOND => " day to second",
        r if r == HOUR | MINUTE => " hour to minute",
        r if r == HOUR | MINUTE | SECOND => " hour to second",
        r if r == MINUTE | SECOND => " minute to second",
        _ => return None,
    })
}

/// ` day to second(3)` and the like.
pub fn typmod_out(typmod: i32) -> PgResult<String> {
    if typmod < 0 {
        return Ok(String::new());
    }
    let (range, precision) = (typmod >> 16 & 0x7fff, typmod & 0xffff);
    let name = match range_name(range) {
        Some(name) => name,
        None if range == FULL_RANGE => "",
        None => {
            return Err(PgError::internal(format!("invalid INTERVAL typmod: 0x{typmod:x}")));
        }
    };
    Ok(match precision {
        FULL_PRECISION => name.to_string(),
        precision => format!("{name}({precision})"),
    })
}

/// A timestamp moved by an interval: months first (the day cut to the month's end), then days, then
/// time.
pub fn timestamp_add(ts: i64, span: &Interval) -> PgResult<i64> {
    if let Some(result) = add_infinite(ts, span)? {
        return Ok(result);
    }
    let mut ts = ts;
    if span.months != 0 {
        ts = add_months(ts, span.months)?;
    }
    if span.days != 0 {
        ts = add_days(ts, span.days)?;
    }
    ts.checked_add(span.usecs).filter(|t| is_valid_timestamp(*t)).ok_or_else(timestamp_out_of_range)
}

fn add_infinite(ts: i64, span: &Interval) -> PgResult<Option<i64>> {
    let ts_sign = match ts {
        TIMESTAMP_NOEND => 1,
        TIMESTAMP_NOBEGIN => -1,
        _ => 0,
    };
    match (ts_sign, span.infinity_sign()) {
        (0, 0) => Ok(None),
        (a, b) if a * b == -1 => Err(timestamp_out_of_range()),
        (0, 1) => Ok(Some(TIMESTAMP_NOEND)),
        (0, _) => Ok(Some(TIMESTAMP_NOBEGIN)),
        _ => Ok(Some(ts)),
    }
}

/// The whole range of timestamps is more than 64 bits of microseconds apart.
fn add_days(ts: i64, days: i32) -> PgResult<i64> {
    let moved = i128::from(ts) + i128::from(days) * i128::from(USECS_PER_DAY);
    i64::try_from(moved).ok().filter(|t| is_valid_timestamp(*t)).ok_or_else(timestamp_out_of_range)
}

fn add_months(ts: i64, months: i32) -> PgResult<i64> {
    let mut tm = Fields::from_timestamp(ts);
    let total = i64::from(tm.year) * 12 + i64::from(tm.month) - 1 + i64::from(months);
    tm.year = i32::try_from(total.div_euclid(12)).map_err(|_| timestamp_out_of_range())?;
    tm.month = total.rem_euclid(12) as i32 + 1;
    tm.day = tm.day.min(days_in_month(tm.year, tm.month));
    tm.timestamp().ok_or_else(timestamp_out_of_range)
}

/// [`timestamp_add`] with months and days counted on a zone's clocks.
pub fn timestamptz_add(
    ts: i64,
    span: &Interval,
    zone: &crate::timezone::TimeZone,
) -> PgResult<i64> {
    if let Some(result) = add_infinite(ts, span)? {
        return Ok(result);
    }
    let mut ts = ts;
    if span.months != 0 {
        let local = timestamptz_to_timestamp(ts, zone)?;
        ts = timestamp_to_timestamptz(add_months(local, span.months)?, zone)?;
    }
    if span.days != 0 {
        let local = timestamptz_to_timestamp(ts, zone)?;
        let moved = add_days(local, span.days)?;
        ts = timestamp_to_timestamptz(moved, zone)?;
    }
    ts.checked_add(span.usecs).filter(|t| is_valid_timestamp(*t)).ok_or_else(timestamp_out_of_range)
}

/// `a - b` of timestamps: days and time.
pub fn timestamp_sub(a: i64, b: i64) -> PgResult<Interval> {
    let sign = |ts: i64| match ts {
        TIMESTAMP_NOEND => 1,
        TIMESTAMP_NOBEGIN => -1,
        _ => 0,
    };
    match (sign(a), sign(b)) {
        (0, 0) => {}
        (x, y) if x == y => return Err(interval_out_of_range()),
        (1, _) | (_, -1) => return Ok(Interval::INFINITY),
        _ => return Ok(Interval::NEG_INFINITY),
    }
    let usecs = a.checked_sub(b).ok_or_else(interval_out_of_range)?;
    Interval { usecs, ..Interval::default() }.justify_hours()
}
