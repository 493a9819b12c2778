//! Dates and times in paths: reading, conversion, comparison.
use super::item::Item;
use error::{PgError, PgResult, err, not_supported};
use fmgr::FnContext;
use std::cmp::Ordering;
use types::{
    Datum, Oid,
    datetime::{
        TimeTz, date_input, date_to_timestamp, round_usecs, time_input, timestamp_apply,
        timestamp_input, timestamp_to_date, timestamp_to_timestamptz, timestamptz_input,
        timestamptz_to_timestamp, timetz_input, unix_seconds,
    },
    jsonpath::Method,
    type_oid as t,
};

/// The type that ISO 8601 text has: `2020-01-02`, `10:20:30[.5][+03]`, both with blank or T between.
fn kind(text: &str) -> Option<Oid> {
    let shape = |s: &str, pattern: &str| {
        s.len() == pattern.len()
            && s.bytes()
                .zip(pattern.bytes())
                .all(|(c, p)| if p == b'9' { c.is_ascii_digit() } else { c == p })
    };
    let is_date = |s: &str| shape(s, "9999-99-99");
    // `Some(true)` with a zone.
    let clock = |s: &str| -> Option<bool> {
        let zone = s.find(['+', '-', 'Z', 'z']);
        let (time, zone) = match zone {
            Some(at) => (s[..at].trim_end(), Some(&s[at..])),
            None => (s, None),
        };
        let (hms, fraction) = match time.split_once('.') {
            Some((hms, fraction)) => (hms, Some(fraction)),
            None => (time, None),
        };
        let digits = |f: &str| !f.is_empty() && f.bytes().all(|c| c.is_ascii_digit());
        let zone_ok = zone.is_none_or(|z| {
            z.eq_ignore_ascii_case("z")
                || shape(&z[1..], "99")
                || shape(&z[1..], "99:99")
                || shape(&z[1..], "99:99:99")
        });
        let ok = shape(hms, "99:99:99") && fraction.is_none_or(digits) && zone_ok;
        ok.then_some(zone.is_some())
    };
    if is_date(text) {
        return Some(t::DATE);
    }
    if let Some(zone) = clock(text) {
        return Some(if zone { t::TIMETZ } else { t::TIME });
    }
    let (date, time) = (text.get(..10)?, text.get(11..)?);
    let between = matches!(text.as_bytes()[10], b' ' | b'T');
    let zone = clock(time).filter(|_| between && is_date(date))?;
    Some(if zone { t::TIMESTAMPTZ } else { t::TIMESTAMP })
}

fn read(session: &dyn FnContext, typ: Oid, text: &str) -> PgResult<Datum> {
    let opts = session.io_options();
    Ok(match typ {
        t::DATE => Datum::Int4(date_input(text, opts)?),
        t::TIME => Datum::Int8(time_input(text, -1, opts)?),
        t::TIMETZ => Datum::Bytes(timetz_input(text, -1, opts)?.encode()),
        t::TIMESTAMP => Datum::Int8(timestamp_input(text, -1, opts)?),
        _ => Datum::Int8(timestamptz_input(text, -1, opts)?),
    })
}

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
    if template.is_some() {
        return Err(not_supported!("a template in jsonpath's datetime()"));
    }
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
    let typ = kind(text).ok_or_else(unrecognized)?;
    let value = read(session, typ, text)?;
    let target = match method {
        Method::Date => t::DATE,
        Method::Time => t::TIME,
        Method::TimeTz => t::TIMETZ,
        Method::Timestamp => t::TIMESTAMP,
        Method::TimestampTz => t::TIMESTAMPTZ,
        _ => typ,
    };
    let value = convert(session, typ, target, value, use_zone)?.ok_or_else(unrecognized)?;
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
    Ok(Item::Datetime(target, value))
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
    let (Item::Datetime(tx, vx), Item::Datetime(ty, vy)) = (x, y) else { return Ok(None) };
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
    let a = convert(session, *tx, target, vx.clone(), use_zone)?;
    let b = convert(session, *ty, target, vy.clone(), use_zone)?;
    Ok(match (a, b) {
        (Some(Datum::Int4(a)), Some(Datum::Int4(b))) => Some(a.cmp(&b)),
        (Some(Datum::Int8(a)), Some(Datum::Int8(b))) => Some(a.cmp(&b)),
        (Some(Datum::Bytes(a)), Some(Datum::Bytes(b))) => {
            Some(TimeTz::decode(&a).compare(TimeTz::decode(&b)))
        }
        _ => None,
    })
}
