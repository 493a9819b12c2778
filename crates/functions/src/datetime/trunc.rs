//! date_trunc and date_bin.
use super::part::{Unit, unit, unrecognized, unsupported};
use super::timestamp_is_finite;
use error::{PgResult, bail, err};
use fmgr::Registry;
use types::{
    Datum, TimeZone,
    datetime::{
        Fields, Interval, USECS_PER_DAY, USECS_PER_HOUR, USECS_PER_MINUTE, USECS_PER_SEC,
        days_from_civil, interval::timestamp_sub, iso_week, iso_year_start, timestamp_out_of_range,
        timestamp_to_timestamptz, timestamptz_to_timestamp, unix_seconds,
    },
};

const TIMESTAMPTZ: &str = "timestamp with time zone";

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("timestamp_trunc", |_cx, a| {
        truncate(a[0].as_str(), a[1].as_i64(), "timestamp without time zone").map(Datum::Int8)
    });
    r.scalar("timestamptz_trunc", |cx, a| {
        truncate_in_zone(a[0].as_str(), a[1].as_i64(), &cx.session.io_options().time_zone)
            .map(Datum::Int8)
    });
    r.scalar("timestamptz_trunc_zone", |cx, a| {
        let zone = super::zone::whole_zone(cx, a[2].as_str())?;
        truncate_in_zone(a[0].as_str(), a[1].as_i64(), &zone).map(Datum::Int8)
    });
    r.scalar("interval_trunc", |_cx, a| {
        let v = truncate_interval(a[0].as_str(), Interval::decode(a[1].as_bytes()))?;
        Ok(Datum::Bytes(v.encode()))
    });
    r.scalar("timestamp_bin", |_cx, a| bin(a).map(Datum::Int8));
    r.scalar("timestamptz_bin", |_cx, a| bin(a).map(Datum::Int8));
}

/// Year of the first day of a span of years that holds `y`; centuries start with the year 1.
fn span_start(y: i32, span: i32) -> i32 {
    if y > 0 {
        (y + span - 1) / span * span - span + 1
    } else {
        -((span - 1 - (y - 1)) / span) * span + 1
    }
}

/// Cuts local time; `None` for a unit that cannot be cut to.
fn cut(unit: Unit, ts: i64) -> Option<i64> {
    let (days, time) = (ts.div_euclid(USECS_PER_DAY), ts.rem_euclid(USECS_PER_DAY));
    let tm = Fields::from_timestamp(ts);
    let start = |y: i32, m: i32| days_from_civil(y, m, 1);
    let day = match unit {
        Unit::Microseconds => return Some(ts),
        Unit::Milliseconds => return Some(ts - time % 1000),
        Unit::Second => return Some(ts - time % USECS_PER_SEC),
        Unit::Minute => return Some(ts - time % USECS_PER_MINUTE),
        Unit::Hour => return Some(ts - time % USECS_PER_HOUR),
        Unit::Day => days,
        Unit::Week => {
            let (year, week) = iso_week(days);
            iso_year_start(year) + i64::from(week - 1) * 7
        }
        Unit::Month => start(tm.year, tm.month),
        Unit::Quarter => start(tm.year, (tm.month - 1) / 3 * 3 + 1),
        Unit::Year => start(tm.year, 1),
        Unit::Decade => start(tm.year.div_euclid(10) * 10, 1),
        Unit::Century => start(span_start(tm.year, 100), 1),
        Unit::Millennium => start(span_start(tm.year, 1000), 1),
        _ => return None,
    };
    day.checked_mul(USECS_PER_DAY)
}

fn truncate(name: &str, ts: i64, type_name: &str) -> PgResult<i64> {
    let unit = unit(name).ok_or_else(|| unrecognized(name, type_name))?;
    if cut(unit, 0).is_none() {
        return Err(unsupported(name, type_name));
    }
    if !timestamp_is_finite(ts) {
        return Ok(ts);
    }
    cut(unit, ts)
        .filter(|ts| types::datetime::is_valid_timestamp(*ts))
        .ok_or_else(timestamp_out_of_range)
}

fn truncate_in_zone(name: &str, ts: i64, zone: &TimeZone) -> PgResult<i64> {
    if !timestamp_is_finite(ts) {
        return truncate(name, ts, TIMESTAMPTZ);
    }
    let local = timestamptz_to_timestamp(ts, zone)?;
    let cut = truncate(name, local, TIMESTAMPTZ)?;
    // Below days the offset stays; from days on it is looked up anew.
    match unit(name) {
        Some(
            Unit::Microseconds | Unit::Milliseconds | Unit::Second | Unit::Minute | Unit::Hour,
        ) => Ok(cut - i64::from(zone.at(unix_seconds(ts)).offset) * USECS_PER_SEC),
        _ => timestamp_to_timestamptz(cut, zone),
    }
}

fn truncate_interval(name: &str, v: Interval) -> PgResult<Interval> {
    let unit = unit(name).ok_or_else(|| unrecognized(name, "interval"))?;
    let years = |n: i32| Interval { months: v.months / (12 * n) * 12 * n, ..Interval::default() };
    let time = |unit: i64| Interval { usecs: v.usecs / unit * unit, ..v };
    let cut = match unit {
        Unit::Millennium => years(1000),
        Unit::Century => years(100),
        Unit::Decade => years(10),
        Unit::Year => years(1),
        Unit::Quarter => Interval { months: v.months / 3 * 3, ..Interval::default() },
        Unit::Month => Interval { months: v.months, ..Interval::default() },
        Unit::Day => Interval { usecs: 0, ..v },
        Unit::Hour => time(USECS_PER_HOUR),
        Unit::Minute => time(USECS_PER_MINUTE),
        Unit::Second => time(USECS_PER_SEC),
        Unit::Milliseconds => time(1000),
        Unit::Microseconds => v,
        Unit::Week => {
            return Err(
                unsupported(name, "interval").detail("Months usually have fractional weeks.")
            );
        }
        _ => return Err(unsupported(name, "interval")),
    };
    Ok(if v.is_infinite() { v } else { cut })
}

fn bin(a: &[Datum]) -> PgResult<i64> {
    let (stride, ts, origin) = (Interval::decode(a[0].as_bytes()), a[1].as_i64(), a[2].as_i64());
    if !timestamp_is_finite(ts) {
        return Ok(ts);
    }
    if !timestamp_is_finite(origin) {
        bail!(DATETIME_FIELD_OVERFLOW, "origin out of range");
    }
    if stride.is_infinite() {
        bail!(DATETIME_FIELD_OVERFLOW, "timestamps cannot be binned into infinite intervals");
    }
    if stride.months != 0 {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "timestamps cannot be binned into intervals containing months or years"
        );
    }
    let interval_range = || err!(DATETIME_FIELD_OVERFLOW, "interval out of range");
    let step = i64::from(stride.days)
        .checked_mul(USECS_PER_DAY)
        .and_then(|d| d.checked_add(stride.usecs))
        .ok_or_else(interval_range)?;
    if step <= 0 {
        bail!(DATETIME_FIELD_OVERFLOW, "stride must be greater than zero");
    }
    timestamp_sub(ts, origin)?;
    let distance = ts.checked_sub(origin).ok_or_else(interval_range)?;
    origin
        .checked_add(distance.div_euclid(step) * step)
        .filter(|ts| types::datetime::is_valid_timestamp(*ts))
        .ok_or_else(timestamp_out_of_range)
}
