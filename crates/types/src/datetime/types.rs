//! Input, binary form, modifiers, comparison and hash of date, time, timetz and timestamps.
use super::decode::{Decoded, decode_datetime, decode_time};
use super::fields::{Fault, reported, split};
use super::*;
use crate::{Varlena, binary::BinaryReader, hash, io_options::IoOptions};
use error::{PgError, PgResult, bail, err};
use std::cmp::Ordering;

/// Most digits of seconds.
pub const MAX_TIMESTAMP_PRECISION: i32 = 6;

/// `timestamp out of range`
#[cold]
pub fn timestamp_out_of_range() -> PgError {
    err!(DATETIME_FIELD_OVERFLOW, "timestamp out of range")
}

/// `date out of range`
#[cold]
pub fn date_out_of_range() -> PgError {
    err!(DATETIME_FIELD_OVERFLOW, "date out of range")
}

/// Checks a precision modifier; too large a one is cut with a warning the caller sends.
pub fn time_typmod_in(values: &[i32], type_name: &str) -> PgResult<(i32, Option<PgError>)> {
    let [precision] = values else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
    if *precision < 0 {
        bail!(INVALID_PARAMETER_VALUE, "{type_name}({precision}) precision must not be negative");
    }
    if *precision > MAX_TIMESTAMP_PRECISION {
        let warning = PgError::warning(
            error::SqlState::INVALID_PARAMETER_VALUE,
            format!("{type_name}({precision}) precision reduced to maximum allowed, 6"),
        );
        return Ok((MAX_TIMESTAMP_PRECISION, Some(warning)));
    }
    Ok((*precision, None))
}

/// Rounds µs to a precision, half away from zero.
pub fn round_usecs(usecs: i64, typmod: i32) -> i64 {
    if !(0..MAX_TIMESTAMP_PRECISION).contains(&typmod) {
        return usecs;
    }
    let unit = 10i64.pow((MAX_TIMESTAMP_PRECISION - typmod) as u32);
    let half = unit / 2;
    if usecs >= 0 {
        (usecs.saturating_add(half)) / unit * unit
    } else {
        -((-usecs).saturating_add(half) / unit * unit)
    }
}

/// Applies a precision to a timestamp.
pub fn timestamp_apply(ts: i64, typmod: i32) -> i64 {
    if ts == TIMESTAMP_NOBEGIN || ts == TIMESTAMP_NOEND { ts } else { round_usecs(ts, typmod) }
}

/// date in.
pub fn date_input(text: &str, opts: &IoOptions) -> PgResult<i32> {
    let decoded = split(text).and_then(|f| decode_datetime(&f, opts));
    match reported(decoded, "date", text)? {
        Decoded::Fields(tm, _) => {
            let days = tm.days();
            if !is_valid_date(days) {
                bail!(DATETIME_FIELD_OVERFLOW, "date out of range: \"{text}\"");
            }
            Ok(days as i32)
        }
        Decoded::Epoch => Ok(-UNIX_EPOCH_DAYS as i32),
        Decoded::Infinity => Ok(DATE_NOEND),
        Decoded::NegInfinity => Ok(DATE_NOBEGIN),
    }
}

fn timestamp_decode(text: &str, type_name: &str, opts: &IoOptions) -> PgResult<Decoded> {
    reported(split(text).and_then(|f| decode_datetime(&f, opts)), type_name, text)
}

#[cold]
fn out_of_range_text(text: &str) -> PgError {
    err!(DATETIME_FIELD_OVERFLOW, "timestamp out of range: \"{text}\"")
}

/// timestamp in.
pub fn timestamp_input(text: &str, typmod: i32, opts: &IoOptions) -> PgResult<i64> {
    let ts = match timestamp_decode(text, "timestamp", opts)? {
        Decoded::Fields(tm, _) => tm.timestamp().ok_or_else(|| out_of_range_text(text))?,
        other => keyword_timestamp(other),
    };
    Ok(timestamp_apply(ts, typmod))
}

fn keyword_timestamp(decoded: Decoded) -> i64 {
    match decoded {
        Decoded::Infinity => TIMESTAMP_NOEND,
        Decoded::NegInfinity => TIMESTAMP_NOBEGIN,
        _ => -UNIX_EPOCH_DAYS * USECS_PER_DAY,
    }
}

/// timestamptz in.
pub fn timestamptz_input(text: &str, typmod: i32, opts: &IoOptions) -> PgResult<i64> {
    let ts = match timestamp_decode(text, "timestamp with time zone", opts)? {
        Decoded::Fields(tm, offset) => {
            let local = i128::from(tm.days()) * i128::from(USECS_PER_DAY) + i128::from(tm.time());
            i64::try_from(local - i128::from(offset) * i128::from(USECS_PER_SEC))
                .ok()
                .filter(|ts| is_valid_timestamp(*ts))
                .ok_or_else(|| out_of_range_text(text))?
        }
        other => keyword_timestamp(other),
    };
    Ok(timestamp_apply(ts, typmod))
}

/// time in.
pub fn time_input(text: &str, typmod: i32, opts: &IoOptions) -> PgResult<i64> {
    let decoded = split(text).and_then(|f| decode_time(&f, opts, false));
    let (time, _) = reported(decoded, "time", text)?;
    Ok(round_usecs(time, typmod))
}

/// A time of day with the zone it was given in.
///
/// Stored as 12 bytes: µs of local time (i64 le), seconds *west* of UTC (i32 le).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeTz {
    /// Local time of day in µs.
    pub time: i64,
    /// Seconds west of UTC.
    pub zone: i32,
}

impl TimeTz {
    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> TimeTz {
        let mut time = [0; 8];
        let mut zone = [0; 4];
        if let (Some(t), Some(z)) = (bytes.get(..8), bytes.get(8..12)) {
            time.copy_from_slice(t);
            zone.copy_from_slice(z);
        }
        TimeTz { time: i64::from_le_bytes(time), zone: i32::from_le_bytes(zone) }
    }

    /// The stored form.
    pub fn encode(self) -> Varlena {
        let mut buf = [0; 12];
        buf[..8].copy_from_slice(&self.time.to_le_bytes());
        buf[8..].copy_from_slice(&self.zone.to_le_bytes());
        Varlena::new(&buf)
    }

    /// The moment in UTC, which orders first.
    pub fn utc(self) -> i64 {
        self.time + i64::from(self.zone) * USECS_PER_SEC
    }

    /// Order: by moment, then by zone.
    pub fn compare(self, other: TimeTz) -> Ordering {
        self.utc().cmp(&other.utc()).then(self.zone.cmp(&other.zone))
    }

    /// Hash.
    pub fn hash(self) -> u32 {
        hash::int8(self.time) ^ hash::uint32(self.zone as u32)
    }

    /// Seeded hash.
    pub fn hash_extended(self, seed: u64) -> u64 {
        hash::int8_extended(self.time, seed) ^ hash::uint32_extended(self.zone as u32, seed)
    }
}

/// timetz in.
pub fn timetz_input(text: &str, typmod: i32, opts: &IoOptions) -> PgResult<TimeTz> {
    let decoded = split(text).and_then(|f| decode_time(&f, opts, true));
    let (time, offset) = reported(decoded, "time with time zone", text)?;
    Ok(TimeTz { time: round_usecs(time, typmod), zone: -offset })
}

/// date from the wire.
pub fn date_recv(buf: &[u8]) -> PgResult<i32> {
    let days = BinaryReader::new(buf).i32()?;
    if days != DATE_NOBEGIN && days != DATE_NOEND && !is_valid_date(i64::from(days)) {
        return Err(date_out_of_range());
    }
    Ok(days)
}

/// timestamp or timestamptz from the wire.
pub fn timestamp_recv(buf: &[u8], typmod: i32) -> PgResult<i64> {
    let ts = BinaryReader::new(buf).i64()?;
    if ts != TIMESTAMP_NOBEGIN && ts != TIMESTAMP_NOEND && !is_valid_timestamp(ts) {
        return Err(timestamp_out_of_range());
    }
    Ok(timestamp_apply(ts, typmod))
}

/// time from the wire.
pub fn time_recv(buf: &[u8], typmod: i32) -> PgResult<i64> {
    let time = BinaryReader::new(buf).i64()?;
    if !(0..=USECS_PER_DAY).contains(&time) {
        bail!(DATETIME_FIELD_OVERFLOW, "time out of range");
    }
    Ok(round_usecs(time, typmod))
}

/// timetz from the wire.
pub fn timetz_recv(buf: &[u8], typmod: i32) -> PgResult<TimeTz> {
    let mut r = BinaryReader::new(buf);
    let (time, zone) = (r.i64()?, r.i32()?);
    if !(0..=USECS_PER_DAY).contains(&time) {
        bail!(DATETIME_FIELD_OVERFLOW, "time out of range");
    }
    if zone.unsigned_abs() >= 16 * 3600 {
        bail!(INVALID_TIME_ZONE_DISPLACEMENT_VALUE, "time zone displacement out of range");
    }
    Ok(TimeTz { time: round_usecs(time, typmod), zone })
}

/// timetz to the wire.
pub fn timetz_send(v: TimeTz, out: &mut Vec<u8>) {
    out.extend_from_slice(&v.time.to_be_bytes());
    out.extend_from_slice(&v.zone.to_be_bytes());
}

/// date to timestamp.
pub fn date_to_timestamp(days: i32) -> PgResult<i64> {
    match days {
        DATE_NOBEGIN => Ok(TIMESTAMP_NOBEGIN),
        DATE_NOEND => Ok(TIMESTAMP_NOEND),
        _ if i64::from(days) < END_TIMESTAMP / USECS_PER_DAY => Ok(i64::from(days) * USECS_PER_DAY),
        _ => bail!(DATETIME_FIELD_OVERFLOW, "date out of range for timestamp"),
    }
}

/// timestamp to date.
pub fn timestamp_to_date(ts: i64) -> i32 {
    match ts {
        TIMESTAMP_NOBEGIN => DATE_NOBEGIN,
        TIMESTAMP_NOEND => DATE_NOEND,
        _ => ts.div_euclid(USECS_PER_DAY) as i32,
    }
}

/// Local timestamp to timestamptz.
pub fn timestamp_to_timestamptz(ts: i64, zone: &crate::timezone::TimeZone) -> PgResult<i64> {
    if ts == TIMESTAMP_NOBEGIN || ts == TIMESTAMP_NOEND {
        return Ok(ts);
    }
    let offset = zone.offset_of_local(unix_seconds(ts)).offset;
    let utc = ts.saturating_sub(i64::from(offset) * USECS_PER_SEC);
    if is_valid_timestamp(utc) { Ok(utc) } else { Err(timestamp_out_of_range()) }
}

/// timestamptz to local timestamp.
pub fn timestamptz_to_timestamp(ts: i64, zone: &crate::timezone::TimeZone) -> PgResult<i64> {
    if ts == TIMESTAMP_NOBEGIN || ts == TIMESTAMP_NOEND {
        return Ok(ts);
    }
    let offset = i64::from(zone.at(unix_seconds(ts)).offset);
    let local = ts.saturating_add(offset * USECS_PER_SEC);
    if is_valid_timestamp(local) { Ok(local) } else { Err(timestamp_out_of_range()) }
}

/// An ISO zone, `±hh[:mm[:ss]]`, in seconds east of UTC, as make_timestamptz takes it.
pub fn numeric_zone(text: &str) -> PgResult<i32> {
    super::fields::zone_offset(text).map_err(|fault| match fault {
        Fault::BadFormat => err!(
            INVALID_PARAMETER_VALUE,
            "invalid input syntax for type numeric time zone: \"{text}\""
        )
        .hint("Numeric time zones must have \"-\" or \"+\" as first character."),
        _ => err!(INVALID_PARAMETER_VALUE, "numeric time zone \"{text}\" out of range"),
    })
}

/// The fault of a zone name nobody knows.
pub fn unknown_zone(name: &str) -> PgError {
    Fault::BadZone(name.to_string()).error("", "")
}

/// A zone as `AT TIME ZONE` takes it: abbreviation, name, POSIX string or numeric offset.
pub enum ZoneSpec {
    /// Constant, seconds east of UTC.
    Fixed(i32),
    /// A zone's abbreviation.
    Abbrev(std::sync::Arc<crate::timezone::TimeZone>, String),
    /// A whole zone.
    Zone(std::sync::Arc<crate::timezone::TimeZone>),
}

impl ZoneSpec {
    /// Resolves a name.
    pub fn parse(name: &str, opts: &IoOptions) -> PgResult<ZoneSpec> {
        use crate::timezone::{TimeZone, ZoneAbbrev, default_abbreviation};
        let lower = name.to_ascii_lowercase();
        let upper = name.to_ascii_uppercase();
        if opts.time_zone.abbreviation(&upper, unix_seconds(opts.now)).is_some() {
            return Ok(ZoneSpec::Abbrev(opts.time_zone.clone(), upper));
        }
        match default_abbreviation(&lower) {
            Some(ZoneAbbrev::Fixed(offset, _)) => return Ok(ZoneSpec::Fixed(*offset)),
            Some(ZoneAbbrev::Zone(zone)) => {
                if let Some(zone) = TimeZone::by_name(zone) {
                    return Ok(ZoneSpec::Abbrev(zone, upper));
                }
            }
            None => {}
        }
        TimeZone::by_name(name).map(ZoneSpec::Zone).ok_or_else(|| unknown_zone(name))
    }

    /// Offset east of UTC at a moment.
    pub fn offset_at(&self, ts: i64) -> i32 {
        let unix = unix_seconds(ts);
        match self {
            ZoneSpec::Fixed(offset) => *offset,
            ZoneSpec::Abbrev(zone, abbrev) => match zone.abbreviation(abbrev, unix) {
                Some(t) => t.offset,
                None => zone.at(unix).offset,
            },
            ZoneSpec::Zone(zone) => zone.at(unix).offset,
        }
    }

    /// Offset east of UTC at a local time.
    pub fn offset_of_local(&self, ts: i64) -> i32 {
        match self {
            ZoneSpec::Fixed(offset) => *offset,
            ZoneSpec::Abbrev(zone, abbrev) => {
                super::decode::abbrev_offset(zone, abbrev, &Fields::from_timestamp(ts))
            }
            ZoneSpec::Zone(zone) => zone.offset_of_local(unix_seconds(ts)).offset,
        }
    }
}
