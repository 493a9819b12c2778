//! AT TIME ZONE and AT LOCAL, timeofday, time zone views.
use super::timestamp_is_finite;
use error::{PgResult, bail};
use fmgr::{CallContext, Registry, VecRowSource};
use std::sync::Arc;
use types::{
    Datum, TimeZone,
    datetime::{
        Interval, TimeTz, USECS_PER_DAY, USECS_PER_SEC, ZoneSpec, interval_output,
        is_valid_timestamp, timestamp_out_of_range, timestamp_to_timestamptz,
        timestamptz_to_timestamp, unix_seconds,
    },
    timezone::{ZoneAbbrev, default_abbreviations},
};

/// A zone by name, abbreviation or POSIX string.
pub(super) fn zone_of(cx: &CallContext<'_>, name: &str) -> PgResult<ZoneSpec> {
    ZoneSpec::parse(name, cx.session.io_options())
}

/// A zone as a set of rules; an abbreviation stands for its offset.
pub(super) fn whole_zone(cx: &CallContext<'_>, name: &str) -> PgResult<Arc<TimeZone>> {
    Ok(match zone_of(cx, name)? {
        ZoneSpec::Zone(zone) => zone,
        spec => Arc::new(TimeZone::fixed(spec.offset_at(cx.session.transaction_timestamp()))),
    })
}

fn offset_of_interval(cx: &CallContext<'_>, arg: &Datum) -> PgResult<i32> {
    let v = Interval::decode(arg.as_bytes());
    if v.is_infinite() || v.months != 0 || v.days != 0 {
        let mut shown = Vec::new();
        interval_output(&v, cx.session.io_options(), &mut shown);
        let shown = String::from_utf8_lossy(&shown).into_owned();
        if v.is_infinite() {
            bail!(INVALID_PARAMETER_VALUE, "interval time zone \"{shown}\" must be finite");
        }
        bail!(
            INVALID_PARAMETER_VALUE,
            "interval time zone \"{shown}\" must not include months or days"
        );
    }
    Ok((v.usecs / USECS_PER_SEC) as i32)
}

fn to_local(ts: i64, offset: i32) -> PgResult<Datum> {
    if !timestamp_is_finite(ts) {
        return Ok(Datum::Int8(ts));
    }
    shifted(ts, i64::from(offset))
}

fn from_local(ts: i64, offset: i32) -> PgResult<Datum> {
    if !timestamp_is_finite(ts) {
        return Ok(Datum::Int8(ts));
    }
    shifted(ts, -i64::from(offset))
}

fn shifted(ts: i64, seconds: i64) -> PgResult<Datum> {
    match ts.checked_add(seconds * USECS_PER_SEC).filter(|ts| is_valid_timestamp(*ts)) {
        Some(ts) => Ok(Datum::Int8(ts)),
        None => Err(timestamp_out_of_range()),
    }
}

fn timetz_at(arg: &Datum, offset: i32) -> Datum {
    let v = TimeTz::decode(arg.as_bytes());
    let local = v.utc() + i64::from(offset) * USECS_PER_SEC;
    Datum::Bytes(TimeTz { time: local.rem_euclid(USECS_PER_DAY), zone: -offset }.encode())
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("timestamptz_zone", |cx, a| {
        let ts = a[1].as_i64();
        if !timestamp_is_finite(ts) {
            return Ok(Datum::Int8(ts));
        }
        to_local(ts, zone_of(cx, a[0].as_str())?.offset_at(ts))
    });
    r.scalar("timestamp_zone", |cx, a| {
        let ts = a[1].as_i64();
        if !timestamp_is_finite(ts) {
            return Ok(Datum::Int8(ts));
        }
        from_local(ts, zone_of(cx, a[0].as_str())?.offset_of_local(ts))
    });
    r.scalar("timestamptz_izone", |cx, a| match a[1].as_i64() {
        ts if !timestamp_is_finite(ts) => Ok(Datum::Int8(ts)),
        ts => to_local(ts, offset_of_interval(cx, &a[0])?),
    });
    r.scalar("timestamp_izone", |cx, a| match a[1].as_i64() {
        ts if !timestamp_is_finite(ts) => Ok(Datum::Int8(ts)),
        ts => from_local(ts, offset_of_interval(cx, &a[0])?),
    });
    r.scalar("timetz_zone", |cx, a| {
        let now = cx.session.transaction_timestamp();
        Ok(timetz_at(&a[1], zone_of(cx, a[0].as_str())?.offset_at(now)))
    });
    r.scalar("timetz_izone", |cx, a| Ok(timetz_at(&a[1], offset_of_interval(cx, &a[0])?)));
    r.scalar("timetz_at_local", |cx, a| {
        let now = cx.session.transaction_timestamp();
        Ok(timetz_at(&a[0], cx.session.io_options().time_zone.at(unix_seconds(now)).offset))
    });
    r.scalar("timestamptz_at_local", |cx, a| {
        timestamptz_to_timestamp(a[0].as_i64(), &cx.session.io_options().time_zone).map(Datum::Int8)
    });
    r.scalar("timestamp_at_local", |cx, a| {
        timestamp_to_timestamptz(a[0].as_i64(), &cx.session.io_options().time_zone).map(Datum::Int8)
    });
    r.set("pg_timezone_abbrevs_abbrevs", |cx, _a| {
        let now = cx.session.transaction_timestamp();
        let mut rows: Vec<(String, i32, bool)> = default_abbreviations()
            .map(|(name, value)| {
                let upper = name.to_uppercase();
                let (offset, dst) = match value {
                    ZoneAbbrev::Fixed(offset, dst) => (*offset, *dst),
                    ZoneAbbrev::Zone(zone) => TimeZone::by_name(zone)
                        .and_then(|zone| {
                            let found = zone.abbreviation(&upper, unix_seconds(now));
                            found.map(|t| (t.offset, t.is_dst))
                        })
                        .unwrap_or((0, false)),
                };
                (upper, offset, dst)
            })
            .collect();
        rows.sort();
        let rows = rows.into_iter().map(|(name, offset, dst)| {
            vec![Datum::text(&name), seconds_interval(offset), Datum::Bool(dst)]
        });
        Ok(VecRowSource::boxed(rows.collect()))
    });
    r.set("pg_timezone_names", |cx, _a| {
        let now = unix_seconds(cx.session.transaction_timestamp());
        let rows = TimeZone::names().filter_map(TimeZone::by_name).map(|zone| {
            let local = zone.at(now);
            vec![
                Datum::text(zone.name()),
                Datum::text(&local.abbrev),
                seconds_interval(local.offset),
                Datum::Bool(local.is_dst),
            ]
        });
        Ok(VecRowSource::boxed(rows.collect()))
    });
}

fn seconds_interval(seconds: i32) -> Datum {
    let usecs = i64::from(seconds) * USECS_PER_SEC;
    Datum::Bytes(Interval { usecs, ..Interval::default() }.encode())
}
