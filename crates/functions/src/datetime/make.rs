//! make_date, make_time, make_timestamp, make_timestamptz, make_interval.
use error::{PgError, PgResult, err};
use fmgr::Registry;
use types::{
    Datum,
    datetime::{
        Fields, Interval, USECS_PER_SEC, days_in_month, interval::interval_out_of_range,
        is_valid_date, timestamp_out_of_range, timestamp_to_timestamptz,
    },
};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("make_date", |_cx, a| {
        let (y, m, d) = (a[0].as_i32(), a[1].as_i32(), a[2].as_i32());
        let days = date_fields(y, m, d)?.days();
        if !is_valid_date(days) {
            return Err(err!(DATETIME_FIELD_OVERFLOW, "date out of range: {y}-{m:02}-{d:02}"));
        }
        Ok(Datum::Int4(days as i32))
    });
    r.scalar("make_time", |_cx, a| {
        let (h, m, s) = (a[0].as_i32(), a[1].as_i32(), a[2].as_f64());
        let time = time_of_day(h, m, s).ok_or_else(|| {
            err!(
                DATETIME_FIELD_OVERFLOW,
                "time field value out of range: {h}:{m:02}:{}",
                seconds_text(s)
            )
        })?;
        Ok(Datum::Int8(time))
    });
    r.scalar("make_timestamp", |_cx, a| timestamp(a).map(Datum::Int8));
    r.scalar("make_timestamptz", |cx, a| {
        timestamp_to_timestamptz(timestamp(a)?, &cx.session.io_options().time_zone).map(Datum::Int8)
    });
    r.scalar("make_timestamptz_at_timezone", |cx, a| {
        let local = timestamp(a)?;
        // A number is an ISO offset here, not the POSIX one of AT TIME ZONE.
        let zone = a[6].as_str();
        let numeric = zone.starts_with(|c: char| c == '+' || c == '-' || c.is_ascii_digit());
        let offset = match numeric {
            true => types::datetime::numeric_zone(zone)?,
            false => super::zone::zone_of(cx, zone)?.offset_of_local(local),
        };
        let ts = local - i64::from(offset) * USECS_PER_SEC;
        if !types::datetime::is_valid_timestamp(ts) {
            return Err(timestamp_out_of_range());
        }
        Ok(Datum::Int8(ts))
    });
    r.scalar("make_interval", |_cx, a| make_interval(a).map(|v| Datum::Bytes(v.encode())));
}

/// C's `%02g`-like seconds for messages.
fn seconds_text(s: f64) -> String {
    let mut out = Vec::new();
    types::float::output_g(s, 6, &mut out);
    let text = String::from_utf8(out).unwrap_or_default();
    if text.len() < 2 { format!("0{text}") } else { text }
}

fn date_fields(year: i32, month: i32, day: i32) -> PgResult<Fields> {
    // A negative year is one before Christ, and there is no year 0.
    let y = if year < 0 { year.wrapping_add(1) } else { year };
    let valid = year != 0
        && year != i32::MIN
        && (1..=12).contains(&month)
        && day >= 1
        && day <= days_in_month(y, month);
    if !valid {
        // Told as the year was taken; the least integer has no opposite and is told as it is.
        return Err(bad_date(if year == i32::MIN { year } else { y }, month, day));
    }
    Ok(Fields { year: y, month, day, ..Fields::default() })
}

fn bad_date(year: i32, month: i32, day: i32) -> PgError {
    err!(DATETIME_FIELD_OVERFLOW, "date field value out of range: {year}-{month:02}-{day:02}")
}

fn time_of_day(hour: i32, minute: i32, second: f64) -> Option<i64> {
    // Rounding comes first: a little below zero is zero.
    let usecs = (second * 1e6).round_ties_even();
    let valid =
        (0..=24).contains(&hour) && (0..60).contains(&minute) && (0.0..=60e6).contains(&usecs);
    if !valid {
        return None;
    }
    let usecs = usecs as i64;
    let time = (i64::from(hour) * 60 + i64::from(minute)) * 60 * USECS_PER_SEC + usecs;
    (time <= 86_400 * USECS_PER_SEC).then_some(time)
}

fn timestamp(a: &[Datum]) -> PgResult<i64> {
    let (y, mo, d) = (a[0].as_i32(), a[1].as_i32(), a[2].as_i32());
    let (h, mi, s) = (a[3].as_i32(), a[4].as_i32(), a[5].as_f64());
    // The message shows the year as it was given.
    let fields = date_fields(y, mo, d).map_err(|_| bad_date(y, mo, d))?;
    if fields.days() > i64::from(i32::MAX) {
        return Err(err!(DATETIME_FIELD_OVERFLOW, "date out of range: {y}-{mo:02}-{d:02}"));
    }
    let time = time_of_day(h, mi, s).ok_or_else(|| {
        err!(
            DATETIME_FIELD_OVERFLOW,
            "time field value out of range: {h}:{mi:02}:{}",
            seconds_text(s)
        )
    })?;
    let ts =
        i128::from(fields.days()) * i128::from(types::datetime::USECS_PER_DAY) + i128::from(time);
    i64::try_from(ts).ok().filter(|ts| types::datetime::is_valid_timestamp(*ts)).ok_or_else(|| {
        err!(
            DATETIME_FIELD_OVERFLOW,
            "timestamp out of range: {y}-{mo:02}-{d:02} {h}:{mi:02}:{}",
            seconds_text(s)
        )
    })
}

fn make_interval(a: &[Datum]) -> PgResult<Interval> {
    let n = |i: usize| i64::from(a[i].as_i32());
    let secs = a[6].as_f64();
    if !secs.is_finite() {
        return Err(interval_out_of_range());
    }
    let fit = |v: i64| i32::try_from(v).map_err(|_| interval_out_of_range());
    let months = fit(n(0) * 12 + n(1))?;
    let days = fit(n(2) * 7 + n(3))?;
    let usecs = types::float::mul8(secs, 1e6)?.round_ties_even();
    if usecs.abs() >= 9.223372036854775e18 {
        return Err(interval_out_of_range());
    }
    let hours_minutes = (n(4) * 60 + n(5)).checked_mul(60 * USECS_PER_SEC);
    let usecs = hours_minutes
        .and_then(|v| v.checked_add(usecs as i64))
        .ok_or_else(interval_out_of_range)?;
    let v = Interval { months, days, usecs };
    if v.is_infinite() { Err(interval_out_of_range()) } else { Ok(v) }
}
