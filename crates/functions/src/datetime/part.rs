//! extract and date_part.
use super::{date_is_finite, timestamp_is_finite};
use error::{PgError, PgResult, err};
use fmgr::Registry;
use types::{
    Datum, Varlena,
    datetime::{
        EPOCH_JDATE, Fields, Interval, TimeTz, UNIX_EPOCH_DAYS, USECS_PER_DAY, USECS_PER_HOUR,
        USECS_PER_SEC, civil_from_days, days_from_civil, iso_week, timestamptz_to_timestamp,
        unix_seconds, weekday,
    },
    numeric::{self, Num, Numeric},
};

/// Units of extract, date_part and date_trunc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Epoch,
    Dow,
    IsoDow,
    Doy,
    IsoYear,
    Julian,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

/// A unit by any of its names, any case.
pub(super) fn unit(name: &str) -> Option<Unit> {
    use Unit::*;
    let lower = name.to_ascii_lowercase();
    let mut end = lower.len().min(10);
    while !lower.is_char_boundary(end) {
        end -= 1;
    }
    Some(match &lower[..end] {
        "microsecon" | "us" | "usec" | "usecs" | "usecond" | "useconds" => Microseconds,
        "millisecon" | "ms" | "msec" | "msecs" | "msecond" | "mseconds" => Milliseconds,
        "s" | "sec" | "secs" | "second" | "seconds" => Second,
        "m" | "min" | "mins" | "minute" | "minutes" => Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => Hour,
        "d" | "day" | "days" => Day,
        "w" | "week" | "weeks" => Week,
        "mon" | "mons" | "month" | "months" => Month,
        "qtr" | "quarter" => Quarter,
        "y" | "yr" | "yrs" | "year" | "years" => Year,
        "dec" | "decs" | "decade" | "decades" => Decade,
        "c" | "cent" | "century" | "centuries" => Century,
        "mil" | "mils" | "millennia" | "millennium" => Millennium,
        "epoch" => Epoch,
        "dow" => Dow,
        "isodow" => IsoDow,
        "doy" => Doy,
        "isoyear" => IsoYear,
        "j" | "jd" | "julian" => Julian,
        "timezone" => Timezone,
        "timezone_h" => TimezoneHour,
        "timezone_m" => TimezoneMinute,
        _ => return None,
    })
}

pub(super) fn unsupported(name: &str, type_name: &str) -> PgError {
    let name = name.to_ascii_lowercase();
    err!(FEATURE_NOT_SUPPORTED, "unit \"{name}\" not supported for type {type_name}")
}

pub(super) fn unrecognized(name: &str, type_name: &str) -> PgError {
    let name = name.to_ascii_lowercase();
    err!(INVALID_PARAMETER_VALUE, "unit \"{name}\" not recognized for type {type_name}")
}

/// A part's value, exact.
enum Part {
    Int(i64),
    /// A number of 10^-scale.
    Scaled(i128, u32),
    /// Days and a part of one in µs (Julian days with a time).
    Julian(i64, i64),
    PosInf,
    NegInf,
    /// An infinite value's cyclic part is unknown.
    Null,
}

impl Part {
    fn numeric(self) -> PgResult<Datum> {
        let value = match self {
            Part::Int(v) => Numeric::Finite(Num::from_i64(v)),
            Part::Scaled(v, scale) => Numeric::Finite(Num::from_scaled(v, scale)),
            Part::Julian(days, usecs) => {
                let day = Numeric::Finite(Num::from_i64(USECS_PER_DAY));
                let part = numeric::div_values(&Numeric::Finite(Num::from_i64(usecs)), &day)?;
                match part {
                    Numeric::Finite(part) => Numeric::Finite(Num::from_i64(days).add(&part)),
                    other => other,
                }
            }
            Part::PosInf => Numeric::PosInf,
            Part::NegInf => Numeric::NegInf,
            Part::Null => return Ok(Datum::Null),
        };
        let bytes: Varlena = value.encode()?;
        Ok(Datum::Bytes(bytes))
    }

    fn float8(self) -> PgResult<Datum> {
        Ok(Datum::Float8(match self {
            Part::Int(v) => v as f64,
            Part::Scaled(v, scale) => v as f64 / 10f64.powi(scale as i32),
            Part::Julian(days, usecs) => days as f64 + usecs as f64 / USECS_PER_DAY as f64,
            Part::PosInf => f64::INFINITY,
            Part::NegInf => f64::NEG_INFINITY,
            Part::Null => return Ok(Datum::Null),
        }))
    }
}

const TIMESTAMP: &str = "timestamp without time zone";
const TIMESTAMPTZ: &str = "timestamp with time zone";

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! parts {
        ($($extract:literal $part:literal: |$cx:ident, $name:ident, $v:ident| $body:expr;)*) => { $(
            r.scalar($extract, |$cx, a| {
                let ($name, $v) = (a[0].as_str(), &a[1]);
                $body?.numeric()
            });
            r.scalar($part, |$cx, a| {
                let ($name, $v) = (a[0].as_str(), &a[1]);
                $body?.float8()
            });
        )* };
    }
    r.scalar("extract_date", |_cx, a| date_part(a[0].as_str(), a[1].as_i32())?.numeric());
    parts! {
        "extract_time" "time_part": |_cx, name, v| {
            time_part(name, v.as_i64(), None, "time without time zone")
        };
        "extract_timetz" "timetz_part": |_cx, name, v| {
            let v = TimeTz::decode(v.as_bytes());
            time_part(name, v.time, Some(v.zone), "time with time zone")
        };
        "extract_timestamp" "timestamp_part": |_cx, name, v| {
            timestamp_part(name, v.as_i64(), v.as_i64(), None, TIMESTAMP)
        };
        "extract_timestamptz" "timestamptz_part": |cx, name, v| {
            let (ts, zone) = (v.as_i64(), &cx.session.io_options().time_zone);
            let offset = if timestamp_is_finite(ts) { zone.at(unix_seconds(ts)).offset } else { 0 };
            let local = timestamptz_to_timestamp(ts, zone)?;
            timestamp_part(name, ts, local, Some(offset), TIMESTAMPTZ)
        };
        "extract_interval" "interval_part": |_cx, name, v| {
            interval_part(name, &Interval::decode(v.as_bytes()))
        };
    }
}

/// Years count without a zero.
fn shown_year(y: i32) -> i64 {
    i64::from(if y > 0 { y } else { y - 1 })
}

fn years_of(y: i32, span: i64) -> i64 {
    let y = i64::from(y);
    if y > 0 { (y + span - 1) / span } else { -((span - 1 - (y - 1)) / span) }
}

fn decade(y: i32) -> i64 {
    i64::from(y).div_euclid(10)
}

/// Parts that only a date has.
fn calendar_part(unit: Unit, days: i64) -> Option<i64> {
    let (year, month, day) = civil_from_days(days);
    Some(match unit {
        Unit::Day => i64::from(day),
        Unit::Month => i64::from(month),
        Unit::Quarter => i64::from((month - 1) / 3 + 1),
        Unit::Week => i64::from(iso_week(days).1),
        Unit::Year => shown_year(year),
        Unit::IsoYear => shown_year(iso_week(days).0),
        Unit::Decade => decade(year),
        Unit::Century => years_of(year, 100),
        Unit::Millennium => years_of(year, 1000),
        Unit::Julian => days + EPOCH_JDATE,
        Unit::Dow => i64::from(weekday(days)),
        Unit::IsoDow => i64::from((weekday(days) + 6) % 7 + 1),
        Unit::Doy => days - days_from_civil(year, 1, 1) + 1,
        _ => return None,
    })
}

/// Whether a part grows without end with its value, so that it is infinite where the value is.
fn monotonic(unit: Unit) -> bool {
    use Unit::*;
    matches!(unit, Year | IsoYear | Decade | Century | Millennium | Julian | Epoch)
}

fn infinite(unit: Unit, negative: bool) -> Part {
    match (monotonic(unit), negative) {
        (true, true) => Part::NegInf,
        (true, false) => Part::PosInf,
        _ => Part::Null,
    }
}

fn date_part(name: &str, days: i32) -> PgResult<Part> {
    let unit = unit(name).ok_or_else(|| unrecognized(name, "date"))?;
    let supported = unit == Unit::Epoch || calendar_part(unit, 0).is_some();
    if !supported {
        return Err(unsupported(name, "date"));
    }
    if !date_is_finite(days) {
        return Ok(infinite(unit, days < 0));
    }
    let days = i64::from(days);
    Ok(Part::Int(match calendar_part(unit, days) {
        Some(v) => v,
        None => (days + UNIX_EPOCH_DAYS) * 86_400,
    }))
}

/// Parts that a time of day has.
fn clock_part(unit: Unit, time: i64) -> Option<Part> {
    let tm = Fields::from_time(time);
    let usecs = i64::from(tm.second) * USECS_PER_SEC + i64::from(tm.usec);
    Some(match unit {
        Unit::Microseconds => Part::Int(usecs),
        Unit::Milliseconds => Part::Scaled(i128::from(usecs), 3),
        Unit::Second => Part::Scaled(i128::from(usecs), 6),
        Unit::Minute => Part::Int(i64::from(tm.minute)),
        Unit::Hour => Part::Int(i64::from(tm.hour)),
        _ => return None,
    })
}

/// Parts of an offset, given east of UTC.
fn zone_part(unit: Unit, offset: i32) -> Option<Part> {
    Some(Part::Int(i64::from(match unit {
        Unit::Timezone => offset,
        Unit::TimezoneHour => offset / 3600,
        Unit::TimezoneMinute => offset % 3600 / 60,
        _ => return None,
    })))
}

fn time_part(name: &str, time: i64, zone: Option<i32>, type_name: &str) -> PgResult<Part> {
    let unit = unit(name).ok_or_else(|| unrecognized(name, type_name))?;
    if let Some(part) = clock_part(unit, time) {
        return Ok(part);
    }
    if unit == Unit::Epoch {
        let utc = time + i64::from(zone.unwrap_or(0)) * USECS_PER_SEC;
        return Ok(Part::Scaled(i128::from(utc), 6));
    }
    zone.and_then(|west| zone_part(unit, -west)).ok_or_else(|| unsupported(name, type_name))
}

fn timestamp_part(
    name: &str,
    ts: i64,
    local: i64,
    offset: Option<i32>,
    type_name: &str,
) -> PgResult<Part> {
    let unit = unit(name).ok_or_else(|| unrecognized(name, type_name))?;
    let is_zone = zone_part(unit, 0).is_some();
    if is_zone && offset.is_none() {
        return Err(unsupported(name, type_name));
    }
    if !timestamp_is_finite(ts) {
        return Ok(infinite(unit, ts < 0));
    }
    let (days, time) = (local.div_euclid(USECS_PER_DAY), local.rem_euclid(USECS_PER_DAY));
    if unit == Unit::Julian {
        return Ok(Part::Julian(days + EPOCH_JDATE, time));
    }
    if unit == Unit::Epoch {
        let epoch = i128::from(UNIX_EPOCH_DAYS) * i128::from(USECS_PER_DAY);
        return Ok(Part::Scaled(i128::from(ts) + epoch, 6));
    }
    if let Some(part) = calendar_part(unit, days) {
        return Ok(Part::Int(part));
    }
    clock_part(unit, time)
        .or_else(|| offset.and_then(|offset| zone_part(unit, offset)))
        .ok_or_else(|| unsupported(name, type_name))
}

fn interval_part(name: &str, v: &Interval) -> PgResult<Part> {
    let unit = unit(name).ok_or_else(|| unrecognized(name, "interval"))?;
    use Unit::*;
    if matches!(
        unit,
        Dow | IsoDow | Doy | IsoYear | Julian | Timezone | TimezoneHour | TimezoneMinute
    ) {
        return Err(unsupported(name, "interval"));
    }
    if v.is_infinite() {
        let endless = matches!(unit, Hour | Day | Year | Decade | Century | Millennium | Epoch);
        return Ok(match (endless, v.infinity_sign() < 0) {
            (true, true) => Part::NegInf,
            (true, false) => Part::PosInf,
            _ => Part::Null,
        });
    }
    let years = i64::from(v.months / 12);
    let usecs = v.usecs % (60 * USECS_PER_SEC);
    Ok(match unit {
        Microseconds => Part::Int(usecs),
        Milliseconds => Part::Scaled(i128::from(usecs), 3),
        Second => Part::Scaled(i128::from(usecs), 6),
        Minute => Part::Int(v.usecs / (60 * USECS_PER_SEC) % 60),
        Hour => Part::Int(v.usecs / USECS_PER_HOUR),
        Day => Part::Int(i64::from(v.days)),
        Week => Part::Int(i64::from(v.days / 7)),
        Month => Part::Int(i64::from(v.months % 12)),
        Quarter => {
            let quarter = i64::from(v.months.unsigned_abs() % 12 / 3 + 1);
            Part::Int(if v.months < 0 { -quarter } else { quarter })
        }
        Year => Part::Int(years),
        Decade => Part::Int(years / 10),
        Century => Part::Int(years / 100),
        Millennium => Part::Int(years / 1000),
        _ => {
            // Years have 365.25 days and months 30 here.
            let quarter_days = i128::from(years) * 1461
                + (i128::from(v.months % 12) * 30 + i128::from(v.days)) * 4;
            let usecs = quarter_days * i128::from(USECS_PER_DAY / 4) + i128::from(v.usecs);
            Part::Scaled(usecs, 6)
        }
    })
}
