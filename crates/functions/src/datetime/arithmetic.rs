//! Sums, differences, casts between the types, age, justification, precision, in_range.
use super::{date_is_finite, timestamp_is_finite};
use error::{PgError, PgResult, bail, err};
use fmgr::{CallContext, Registry};
use types::{
    Datum, TimeZone,
    datetime::{
        Fields, Interval, TimeTz, USECS_PER_DAY, USECS_PER_SEC, date_out_of_range,
        date_to_timestamp, days_in_month,
        interval::{timestamp_add, timestamp_sub, timestamptz_add},
        is_valid_date, round_usecs, timestamp_apply, timestamp_out_of_range, timestamp_to_date,
        timestamp_to_timestamptz, timestamptz_to_timestamp, unix_seconds,
    },
};

fn interval(d: &Datum) -> Interval {
    Interval::decode(d.as_bytes())
}

fn zone<'a>(cx: &'a CallContext<'_>) -> &'a TimeZone {
    &cx.session.io_options().time_zone
}

/// `timestamp(n)` as a function: unlike a type's modifier, `n` has not been checked.
fn timestamp_scale(ts: i64, typmod: i32) -> PgResult<i64> {
    if super::timestamp_is_finite(ts) && typmod != -1 && !(0..=6).contains(&typmod) {
        bail!(INVALID_PARAMETER_VALUE, "timestamp({typmod}) precision must be between 0 and 6");
    }
    Ok(timestamp_apply(ts, typmod))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_dates(r);
    register_timestamps(r);
    register_times(r);
    register_intervals(r);
    register_casts(r);
    register_scale(r);
    register_in_range(r);
}

fn register_dates(r: &mut Registry) {
    r.scalar("date_mi", |_cx, a| {
        let (x, y) = (a[0].as_i32(), a[1].as_i32());
        if !date_is_finite(x) || !date_is_finite(y) {
            bail!(DATETIME_FIELD_OVERFLOW, "cannot subtract infinite dates");
        }
        Ok(Datum::Int4(x - y))
    });
    r.scalar("date_pli", |_cx, a| shift(a[0].as_i32(), i64::from(a[1].as_i32())));
    r.scalar("date_mii", |_cx, a| shift(a[0].as_i32(), -i64::from(a[1].as_i32())));
    r.scalar("date_pl_interval", |_cx, a| {
        timestamp_add(date_to_timestamp(a[0].as_i32())?, &interval(&a[1])).map(Datum::Int8)
    });
    r.scalar("date_mi_interval", |_cx, a| {
        timestamp_add(date_to_timestamp(a[0].as_i32())?, &interval(&a[1]).negate()?)
            .map(Datum::Int8)
    });
}

fn shift(days: i32, by: i64) -> PgResult<Datum> {
    if !date_is_finite(days) {
        return Ok(Datum::Int4(days));
    }
    let moved = i64::from(days) + by;
    if !is_valid_date(moved) {
        return Err(date_out_of_range());
    }
    Ok(Datum::Int4(moved as i32))
}

fn register_timestamps(r: &mut Registry) {
    r.scalar("timestamp_pl_interval", |_cx, a| {
        timestamp_add(a[0].as_i64(), &interval(&a[1])).map(Datum::Int8)
    });
    r.scalar("timestamp_mi_interval", |_cx, a| {
        timestamp_add(a[0].as_i64(), &interval(&a[1]).negate()?).map(Datum::Int8)
    });
    r.scalar("timestamptz_pl_interval", |cx, a| {
        timestamptz_add(a[0].as_i64(), &interval(&a[1]), zone(cx)).map(Datum::Int8)
    });
    r.scalar("timestamptz_mi_interval", |cx, a| {
        timestamptz_add(a[0].as_i64(), &interval(&a[1]).negate()?, zone(cx)).map(Datum::Int8)
    });
    r.scalar("timestamptz_pl_interval_at_zone", |cx, a| {
        let zone = super::zone::whole_zone(cx, a[2].as_str())?;
        timestamptz_add(a[0].as_i64(), &interval(&a[1]), &zone).map(Datum::Int8)
    });
    r.scalar("timestamptz_mi_interval_at_zone", |cx, a| {
        let zone = super::zone::whole_zone(cx, a[2].as_str())?;
        timestamptz_add(a[0].as_i64(), &interval(&a[1]).negate()?, &zone).map(Datum::Int8)
    });
    r.scalar("timestamp_mi", |_cx, a| {
        timestamp_sub(a[0].as_i64(), a[1].as_i64()).map(|v| Datum::Bytes(v.encode()))
    });
    r.scalar("timestamp_age", |_cx, a| {
        age(a[0].as_i64(), a[1].as_i64()).map(|v| Datum::Bytes(v.encode()))
    });
    r.scalar("timestamptz_age", |cx, a| {
        let zone = zone(cx);
        let (x, y) = (a[0].as_i64(), a[1].as_i64());
        let local = |ts| timestamptz_to_timestamp(ts, zone);
        age(local(x)?, local(y)?).map(|v| Datum::Bytes(v.encode()))
    });
}

/// The difference in years, months and days as a calendar shows it.
fn age(a: i64, b: i64) -> PgResult<Interval> {
    if !timestamp_is_finite(a) || !timestamp_is_finite(b) {
        return timestamp_sub(a, b);
    }
    let (x, y) = (Fields::from_timestamp(a), Fields::from_timestamp(b));
    let sign = if a < b { -1 } else { 1 };
    let mut months = i64::from(x.year - y.year) * 12 + i64::from(x.month - y.month);
    let mut days = x.day - y.day;
    let mut usecs = x.time() - y.time();
    months *= i64::from(sign);
    days *= sign;
    usecs *= i64::from(sign);
    if usecs < 0 {
        usecs += USECS_PER_DAY;
        days -= 1;
    }
    // A missing day is borrowed from the earlier date's month.
    let earlier = if a < b { x } else { y };
    while days < 0 {
        days += days_in_month(earlier.year, earlier.month);
        months -= 1;
    }
    let months = i32::try_from(months * i64::from(sign))
        .map_err(|_| types::datetime::interval::interval_out_of_range())?;
    Ok(Interval { months, days: days * sign, usecs: usecs * i64::from(sign) })
}

#[cold]
fn infinite_time(minus: bool) -> PgError {
    if minus {
        err!(DATETIME_FIELD_OVERFLOW, "cannot subtract infinite interval from time")
    } else {
        err!(DATETIME_FIELD_OVERFLOW, "cannot add infinite interval to time")
    }
}

fn register_times(r: &mut Registry) {
    r.scalar("time_mi_time", |_cx, a| {
        let usecs = a[0].as_i64() - a[1].as_i64();
        Ok(Datum::Bytes(Interval { usecs, ..Interval::default() }.encode()))
    });
    r.scalar("time_interval", |_cx, a| {
        Ok(Datum::Bytes(Interval { usecs: a[0].as_i64(), ..Interval::default() }.encode()))
    });
    r.scalar("interval_time", |_cx, a| {
        let v = interval(&a[0]);
        if v.is_infinite() {
            bail!(DATETIME_FIELD_OVERFLOW, "cannot convert infinite interval to time");
        }
        Ok(Datum::Int8(v.usecs.rem_euclid(USECS_PER_DAY)))
    });
    r.scalar("time_pl_interval", |_cx, a| time_add(&a[0], &a[1], false));
    r.scalar("time_mi_interval", |_cx, a| time_add(&a[0], &a[1], true));
    r.scalar("timetz_pl_interval", |_cx, a| timetz_add(&a[0], &a[1], false));
    r.scalar("timetz_mi_interval", |_cx, a| timetz_add(&a[0], &a[1], true));
    r.scalar("timetz_time", |_cx, a| Ok(Datum::Int8(TimeTz::decode(a[0].as_bytes()).time)));
    r.scalar("time_timetz", |cx, a| {
        let offset = session_offset(cx);
        Ok(Datum::Bytes(TimeTz { time: a[0].as_i64(), zone: -offset }.encode()))
    });
}

/// Offset of the session's zone now.
fn session_offset(cx: &CallContext<'_>) -> i32 {
    let now = cx.session.transaction_timestamp();
    zone(cx).at(unix_seconds(now)).offset
}

fn shifted_time(time: i64, span: &Interval, minus: bool) -> PgResult<i64> {
    if span.is_infinite() {
        return Err(infinite_time(minus));
    }
    let part = span.usecs % USECS_PER_DAY;
    Ok((time + if minus { -part } else { part }).rem_euclid(USECS_PER_DAY))
}

fn time_add(time: &Datum, span: &Datum, minus: bool) -> PgResult<Datum> {
    shifted_time(time.as_i64(), &interval(span), minus).map(Datum::Int8)
}

fn timetz_add(time: &Datum, span: &Datum, minus: bool) -> PgResult<Datum> {
    let v = TimeTz::decode(time.as_bytes());
    let time = shifted_time(v.time, &interval(span), minus)?;
    Ok(Datum::Bytes(TimeTz { time, ..v }.encode()))
}

fn register_intervals(r: &mut Registry) {
    r.scalar("interval_um", |_cx, a| Ok(Datum::Bytes(interval(&a[0]).negate()?.encode())));
    r.scalar("interval_pl", |_cx, a| {
        Ok(Datum::Bytes(interval(&a[0]).add(&interval(&a[1]))?.encode()))
    });
    r.scalar("interval_mi", |_cx, a| {
        Ok(Datum::Bytes(interval(&a[0]).sub(&interval(&a[1]))?.encode()))
    });
    r.scalar("interval_mul", |_cx, a| {
        Ok(Datum::Bytes(interval(&a[0]).mul(a[1].as_f64())?.encode()))
    });
    r.scalar("mul_d_interval", |_cx, a| {
        Ok(Datum::Bytes(interval(&a[1]).mul(a[0].as_f64())?.encode()))
    });
    r.scalar("interval_div", |_cx, a| {
        Ok(Datum::Bytes(interval(&a[0]).div(a[1].as_f64())?.encode()))
    });
    r.scalar("interval_justify_hours", |_cx, a| {
        Ok(Datum::Bytes(interval(&a[0]).justify_hours()?.encode()))
    });
    r.scalar("interval_justify_days", |_cx, a| {
        Ok(Datum::Bytes(interval(&a[0]).justify_days()?.encode()))
    });
    r.scalar("interval_justify_interval", |_cx, a| {
        Ok(Datum::Bytes(interval(&a[0]).justify()?.encode()))
    });
}

fn register_casts(r: &mut Registry) {
    r.scalar("date_timestamp", |_cx, a| date_to_timestamp(a[0].as_i32()).map(Datum::Int8));
    r.scalar("date_timestamptz", |cx, a| {
        let ts = date_to_timestamp(a[0].as_i32())?;
        let moment = timestamp_to_timestamptz(ts, zone(cx));
        moment
            .map(Datum::Int8)
            .map_err(|_| err!(DATETIME_FIELD_OVERFLOW, "date out of range for timestamp"))
    });
    r.scalar("timestamp_date", |_cx, a| Ok(Datum::Int4(timestamp_to_date(a[0].as_i64()))));
    r.scalar("timestamptz_date", |cx, a| {
        Ok(Datum::Int4(timestamp_to_date(timestamptz_to_timestamp(a[0].as_i64(), zone(cx))?)))
    });
    r.scalar("timestamp_timestamptz", |cx, a| {
        timestamp_to_timestamptz(a[0].as_i64(), zone(cx)).map(Datum::Int8)
    });
    r.scalar("timestamptz_timestamp", |cx, a| {
        timestamptz_to_timestamp(a[0].as_i64(), zone(cx)).map(Datum::Int8)
    });
    r.scalar("timestamp_time", |_cx, a| Ok(time_of(a[0].as_i64())));
    r.scalar("timestamptz_time", |cx, a| {
        Ok(time_of(timestamptz_to_timestamp(a[0].as_i64(), zone(cx))?))
    });
    r.scalar("timestamptz_timetz", |cx, a| {
        let ts = a[0].as_i64();
        if !timestamp_is_finite(ts) {
            return Ok(Datum::Null);
        }
        let offset = zone(cx).at(unix_seconds(ts)).offset;
        let local = ts + i64::from(offset) * USECS_PER_SEC;
        let v = TimeTz { time: local.rem_euclid(USECS_PER_DAY), zone: -offset };
        Ok(Datum::Bytes(v.encode()))
    });
    r.scalar("datetime_timestamp", |_cx, a| {
        let ts = date_to_timestamp(a[0].as_i32())?;
        if !timestamp_is_finite(ts) {
            return Ok(Datum::Int8(ts));
        }
        in_range(ts + a[1].as_i64())
    });
    r.scalar("datetimetz_timestamptz", |_cx, a| {
        let ts = date_to_timestamp(a[0].as_i32())?;
        if !timestamp_is_finite(ts) {
            return Ok(Datum::Int8(ts));
        }
        in_range(ts + TimeTz::decode(a[1].as_bytes()).utc())
    });
    r.scalar("float8_timestamptz", |_cx, a| from_unix(a[0].as_f64()));
}

/// `to_timestamp(seconds)`
fn from_unix(seconds: f64) -> PgResult<Datum> {
    if seconds.is_nan() {
        bail!(DATETIME_FIELD_OVERFLOW, "timestamp cannot be NaN");
    }
    if seconds.is_infinite() {
        return Ok(Datum::Int8(if seconds > 0.0 { i64::MAX } else { i64::MIN }));
    }
    let out_of_range = || {
        let mut shown = Vec::new();
        types::float::output_g(seconds, 6, &mut shown);
        err!(
            DATETIME_FIELD_OVERFLOW,
            "timestamp out of range: \"{}\"",
            String::from_utf8_lossy(&shown)
        )
    };
    let epoch = (types::datetime::UNIX_EPOCH_DAYS * 86_400) as f64;
    let usecs = ((seconds - epoch) * 1e6).round_ties_even();
    if !(-9.3e18..=9.3e18).contains(&usecs) {
        return Err(out_of_range());
    }
    let ts = usecs as i64;
    if types::datetime::is_valid_timestamp(ts) { Ok(Datum::Int8(ts)) } else { Err(out_of_range()) }
}

fn in_range(ts: i64) -> PgResult<Datum> {
    if types::datetime::is_valid_timestamp(ts) {
        Ok(Datum::Int8(ts))
    } else {
        Err(timestamp_out_of_range())
    }
}

fn time_of(ts: i64) -> Datum {
    if !timestamp_is_finite(ts) {
        return Datum::Null;
    }
    Datum::Int8(ts.rem_euclid(USECS_PER_DAY))
}

fn register_scale(r: &mut Registry) {
    binary! { r,
        "timestamp_scale": as_i64, as_i32 => Int8, |ts, typmod| timestamp_scale(ts, typmod)?;
        "timestamptz_scale": as_i64, as_i32 => Int8, |ts, typmod| timestamp_scale(ts, typmod)?;
        "time_scale": as_i64, as_i32 => Int8, |time, typmod| round_usecs(time, typmod);
        "interval_scale": as_bytes, as_i32 => Bytes, |v, typmod| Interval::decode(v).apply_typmod(typmod)?.encode();
    }
    r.scalar("timetz_scale", |_cx, a| {
        let v = TimeTz::decode(a[0].as_bytes());
        let time = round_usecs(v.time, a[1].as_i32());
        Ok(Datum::Bytes(TimeTz { time, ..v }.encode()))
    });
}

fn checked_offset(d: &Datum) -> PgResult<Interval> {
    let v = interval(d);
    if v.compare(&Interval::default()).is_lt() {
        bail!(
            INVALID_PRECEDING_OR_FOLLOWING_SIZE,
            "invalid preceding or following size in window function"
        );
    }
    Ok(v)
}

fn register_in_range(r: &mut Registry) {
    // Infinity minus infinity has no value; everything counts as in range then.
    fn undefined(base: i64, offset: &Interval, sub: bool) -> bool {
        offset.is_infinite() && (base == i64::MAX && sub || base == i64::MIN && !sub)
    }
    fn moment(
        a: &[Datum],
        base: i64,
        val: i64,
        add: impl Fn(i64, &Interval) -> PgResult<i64>,
    ) -> PgResult<Datum> {
        let (offset, sub, less) = (checked_offset(&a[2])?, a[3].as_bool(), a[4].as_bool());
        if undefined(base, &offset, sub) {
            return Ok(Datum::Bool(true));
        }
        let limit = add(base, &if sub { offset.negate()? } else { offset })?;
        Ok(Datum::Bool(if less { val <= limit } else { val >= limit }))
    }
    r.scalar("in_range_timestamp_interval", |_cx, a| {
        moment(a, a[1].as_i64(), a[0].as_i64(), timestamp_add)
    });
    r.scalar("in_range_timestamptz_interval", |cx, a| {
        moment(a, a[1].as_i64(), a[0].as_i64(), |ts, v| timestamptz_add(ts, v, zone(cx)))
    });
    r.scalar("in_range_date_interval", |_cx, a| {
        let (val, base) = (date_to_timestamp(a[0].as_i32())?, date_to_timestamp(a[1].as_i32())?);
        moment(a, base, val, timestamp_add)
    });
    r.scalar("in_range_interval_interval", |_cx, a| {
        let (val, base) = (interval(&a[0]), interval(&a[1]));
        let (offset, sub, less) = (checked_offset(&a[2])?, a[3].as_bool(), a[4].as_bool());
        let edge = if sub { Interval::INFINITY } else { Interval::NEG_INFINITY };
        if offset.is_infinite() && base == edge {
            return Ok(Datum::Bool(true));
        }
        let limit = if sub { base.sub(&offset)? } else { base.add(&offset)? };
        let order = val.compare(&limit);
        Ok(Datum::Bool(if less { order.is_le() } else { order.is_ge() }))
    });
    r.scalar("in_range_time_interval", |_cx, a| {
        let (val, base) = (a[0].as_i64(), a[1].as_i64());
        let limit = time_limit(base, &a[2], a[3].as_bool())?;
        Ok(Datum::Bool(if a[4].as_bool() { val <= limit } else { val >= limit }))
    });
    r.scalar("in_range_timetz_interval", |_cx, a| {
        let (val, base) = (TimeTz::decode(a[0].as_bytes()), TimeTz::decode(a[1].as_bytes()));
        let limit = TimeTz { time: time_limit(base.time, &a[2], a[3].as_bool())?, ..base };
        let order = val.compare(limit);
        Ok(Datum::Bool(if a[4].as_bool() { order.is_le() } else { order.is_ge() }))
    });
}

/// Only the time part of the offset counts, and it must not be negative.
fn time_limit(base: i64, offset: &Datum, sub: bool) -> PgResult<i64> {
    let usecs = interval(offset).usecs;
    if usecs < 0 {
        checked_offset(&Datum::Bytes(Interval { usecs, ..Interval::default() }.encode()))?;
    }
    Ok(if sub { base - usecs } else { base.saturating_add(usecs) })
}
