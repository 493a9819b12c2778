//! Dates and times in paths: reading, conversion, comparison.
use super::item::Item;
use crate::format::parse_datetime;
use error::{PgError, PgResult, err};
use fmgr::FnContext;
use std::cmp::Ordering;
use types::{
    Datum, Oid,
    datetime::{
        TimeTz, date_to_timestamp, round_usecs, timestamp_apply, timestamp_to_date,
        timestamp_to_timestamptz, timestamptz_to_timestamp, unix_seconds,
    },
    jsonpath::Method,
    type_oid as t,
};

/// Templates of ISO 8601, in the order in which they are tried.
const ISO: [&str; 13] = [
    "yyyy-mm-dd",
    "HH24:MI:SS.USTZ",
    "HH24:MI:SSTZ",
    "HH24:MI:SS.US",
    "HH24:MI:SS",
    "yyyy-mm-dd HH24:MI:SS.USTZ",
    "yyyy-mm-dd HH24:MI:SSTZ",
    "yyyy-mm-dd\"T\"HH24:MI:SS.USTZ",
    "yyyy-mm-dd\"T\"HH24:MI:SSTZ",
    "yyyy-mm-dd HH24:MI:SS.US",
    "yyyy-mm-dd HH24:MI:SS",
    "yyyy-mm-dd\"T\"HH24:MI:SS.US",
    "yyyy-mm-dd\"T\"HH24:MI:SS",
];

fn name(typ: Oid) -> &'static str {
    match typ {
        t::DATE => "date",
        t::TIME => "time",
        t::TIMETZ => "timetz",
        t::TIMESTAMP => "timestamp",
        _ => "timestamptz",
    }
}

#[cold]
fn needs_zone(from: Oid, to: Oid) -> PgError {
    err!(
        FEATURE_NOT_SUPPORTED,
        "cannot convert value from {} to {} without time zone usage",
        name(from),
        name(to)
    )
    .hint("Use *_tz() function for time zone support.")
    .hard()
}

/// A text that no template fits fails for each of them; those that cannot fit are left out.
fn may_fit(text: &str, template: &str) -> bool {
    let dated = text.as_bytes().get(4) == Some(&b'-') || text.len() > 12 && !text.contains(':');
    let has_colon = text.contains(':');
    let template_dated = template.starts_with('y');
    (!has_colon || template.contains(':')) && (!dated || template_dated)
}

/// `datetime()`, `date()`, `time()` and the rest.
pub(super) fn parse<'a>(
    session: &dyn FnContext,
    method: Method,
    text: &str,
    template: Option<&str>,
    precision: i32,
    use_zone: bool,
) -> PgResult<Item<'a>> {
    let unrecognized = || {
        let e = err!(
            INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
            "{} format is not recognized: \"{text}\"",
            method.name()
        );
        match method {
            Method::Datetime => {
                e.hint("Use a datetime template argument to specify the input data format.")
            }
            _ => e,
        }
    };
    let opts = session.io_options();
    let (typ, value, offset) = match template {
        Some(template) => parse_datetime(text, template, opts)?,
        None => ISO
            .iter()
            .filter(|t| may_fit(text, t))
            .find_map(|t| parse_datetime(text, t, opts).ok())
            .ok_or_else(unrecognized)?,
    };
    let target = match method {
        Method::Date => t::DATE,
        Method::Time => t::TIME,
        Method::TimeTz => t::TIMETZ,
        Method::Timestamp => t::TIMESTAMP,
        Method::TimestampTz => t::TIMESTAMPTZ,
        _ => typ,
    };
    let value = convert(session, typ, target, value, use_zone)?.ok_or_else(unrecognized)?;
    let offset = match (typ, target, &value) {
        (t::TIMESTAMPTZ, ..) => offset,
        (_, t::TIMESTAMPTZ, Datum::Int8(ts)) => {
            session.io_options().time_zone.at(unix_seconds(*ts)).offset
        }
        _ => offset,
    };
    let precision = checked_precision(session, target, precision)?;
    let value = match (target, value) {
        (t::TIME, Datum::Int8(v)) => Datum::Int8(round_usecs(v, precision)),
        (t::TIMETZ, Datum::Bytes(v)) => {
            let v = TimeTz::decode(&v);
            let time = round_usecs(v.time, precision);
            Datum::Bytes(TimeTz { time, ..v }.encode())
        }
        (t::TIMESTAMP | t::TIMESTAMPTZ, Datum::Int8(v)) => {
            Datum::Int8(timestamp_apply(v, precision))
        }
        (_, value) => value,
    };
    Ok(Item::Datetime(target, value, offset))
}

/// A precision beyond the most there is is cut, with a warning.
fn checked_precision(session: &dyn FnContext, target: Oid, precision: i32) -> PgResult<i32> {
    if precision < 0 {
        return Ok(-1);
    }
    let (name, zone) = match target {
        t::TIME => ("TIME", ""),
        t::TIMETZ => ("TIME", " WITH TIME ZONE"),
        t::TIMESTAMP => ("TIMESTAMP", ""),
        t::TIMESTAMPTZ => ("TIMESTAMP", " WITH TIME ZONE"),
        _ => return Ok(-1),
    };
    if precision > 6 {
        session.notice(PgError::warning(
            error::SqlState::INVALID_PARAMETER_VALUE,
            format!("{name}({precision}){zone} precision reduced to maximum allowed, 6"),
        ));
        return Ok(6);
    }
    Ok(precision)
}

/// A value as another of the types; `None` where there is no such conversion.
fn convert(
    session: &dyn FnContext,
    from: Oid,
    to: Oid,
    v: Datum,
    use_zone: bool,
) -> PgResult<Option<Datum>> {
    if from == to {
        return Ok(Some(v));
    }
    let clock = |typ: Oid| matches!(typ, t::TIME | t::TIMETZ);
    // A time has no date, and a date no time.
    if clock(from) && !clock(to)
        || from == t::DATE && clock(to)
        || (from, to) == (t::TIMESTAMP, t::TIMETZ)
    {
        return Ok(None);
    }
    let zone = &session.io_options().time_zone;
    let zoned = |typ: Oid| matches!(typ, t::TIMETZ | t::TIMESTAMPTZ);
    if zoned(from) != zoned(to) && !use_zone {
        return Err(needs_zone(from, to));
    }
    let day = types::datetime::USECS_PER_DAY;
    let now = session.transaction_timestamp();
    Ok(Some(match (from, to) {
        (t::DATE, t::TIMESTAMP) => Datum::Int8(date_to_timestamp(v.as_i32())?),
        (t::DATE, t::TIMESTAMPTZ) => {
            Datum::Int8(timestamp_to_timestamptz(date_to_timestamp(v.as_i32())?, zone)?)
        }
        (t::TIMESTAMP, t::DATE) => Datum::Int4(timestamp_to_date(v.as_i64())),
        (t::TIMESTAMPTZ, t::DATE) => {
            Datum::Int4(timestamp_to_date(timestamptz_to_timestamp(v.as_i64(), zone)?))
        }
        (t::TIMESTAMP, t::TIMESTAMPTZ) => Datum::Int8(timestamp_to_timestamptz(v.as_i64(), zone)?),
        (t::TIMESTAMPTZ, t::TIMESTAMP) => Datum::Int8(timestamptz_to_timestamp(v.as_i64(), zone)?),
        (t::TIMESTAMP, t::TIME) => Datum::Int8(v.as_i64().rem_euclid(day)),
        (t::TIMESTAMPTZ, t::TIME) => {
            Datum::Int8(timestamptz_to_timestamp(v.as_i64(), zone)?.rem_euclid(day))
        }
        (t::TIMESTAMPTZ, t::TIMETZ) => {
            let offset = zone.at(unix_seconds(v.as_i64())).offset;
            let local = v.as_i64() + i64::from(offset) * types::datetime::USECS_PER_SEC;
            Datum::Bytes(TimeTz { time: local.rem_euclid(day), zone: -offset }.encode())
        }
        (t::TIMETZ, t::TIME) => Datum::Int8(TimeTz::decode(v.as_bytes()).time),
        (t::TIME, t::TIMETZ) => {
            let offset = zone.at(unix_seconds(now)).offset;
            Datum::Bytes(TimeTz { time: v.as_i64(), zone: -offset }.encode())
        }
        _ => return Ok(None),
    }))
}

/// Order of two dates or times; `None` if they cannot be compared.
pub(super) fn compare(
    session: &dyn FnContext,
    x: &Item<'_>,
    y: &Item<'_>,
    use_zone: bool,
) -> PgResult<Option<Ordering>> {
    let (Item::Datetime(tx, vx, _), Item::Datetime(ty, vy, _)) = (x, y) else { return Ok(None) };
    // The more precise type of the two.
    let rank = |typ: Oid| match typ {
        t::DATE => 0,
        t::TIMESTAMP => 1,
        t::TIMESTAMPTZ => 2,
        t::TIME => 10,
        _ => 11,
    };
    if rank(*tx) / 10 != rank(*ty) / 10 {
        return Ok(None);
    }
    let target = if rank(*tx) >= rank(*ty) { *tx } else { *ty };
    let a = beyond(convert(session, *tx, target, vx.clone(), use_zone), vx)?;
    let b = beyond(convert(session, *ty, target, vy.clone(), use_zone), vy)?;
    Ok(match (a, b) {
        (Some(Datum::Int4(a)), Some(Datum::Int4(b))) => Some(a.cmp(&b)),
        (Some(Datum::Int8(a)), Some(Datum::Int8(b))) => Some(a.cmp(&b)),
        (Some(Datum::Bytes(a)), Some(Datum::Bytes(b))) => {
            Some(TimeTz::decode(&a).compare(TimeTz::decode(&b)))
        }
        _ => None,
    })
}

/// A date that no timestamp reaches is before or after all of them.
fn beyond(converted: PgResult<Option<Datum>>, v: &Datum) -> PgResult<Option<Datum>> {
    match (converted, v) {
        (Err(e), Datum::Int4(days)) if e.sqlstate() == error::SqlState::DATETIME_FIELD_OVERFLOW => {
            Ok(Some(Datum::Int8(if *days < 0 { i64::MIN } else { i64::MAX })))
        }
        (result, _) => result,
    }
}
