//! The proleptic Gregorian calendar and its limits.

/// Microseconds in a second.
pub const USECS_PER_SEC: i64 = 1_000_000;
/// Microseconds in a minute.
pub const USECS_PER_MINUTE: i64 = 60 * USECS_PER_SEC;
/// Microseconds in an hour.
pub const USECS_PER_HOUR: i64 = 3600 * USECS_PER_SEC;
/// Microseconds in a day.
pub const USECS_PER_DAY: i64 = 86_400 * USECS_PER_SEC;
/// Days from 1970-01-01 to 2000-01-01.
pub const UNIX_EPOCH_DAYS: i64 = 10_957;
/// Julian day of 2000-01-01.
pub const EPOCH_JDATE: i64 = 2_451_545;

/// `-infinity` of date.
pub const DATE_NOBEGIN: i32 = i32::MIN;
/// `infinity` of date.
pub const DATE_NOEND: i32 = i32::MAX;
/// `-infinity` of timestamps.
pub const TIMESTAMP_NOBEGIN: i64 = i64::MIN;
/// `infinity` of timestamps.
pub const TIMESTAMP_NOEND: i64 = i64::MAX;
/// 4714-11-24 BC, the first timestamp.
pub const MIN_TIMESTAMP: i64 = -211_813_488_000_000_000;
/// 294277-01-01, one after the last timestamp.
pub const END_TIMESTAMP: i64 = 9_223_371_331_200_000_000;
/// 4714-11-24 BC, the first date.
pub const MIN_DATE: i64 = -EPOCH_JDATE;
/// 5874898-01-01, one after the last date.
pub const END_DATE: i64 = 2_147_483_494 - EPOCH_JDATE;

/// Days since 2000-01-01 of a date; year 0 is 1 BC. Month and day may be any numbers near.
pub fn days_from_civil(year: i32, month: i32, day: i32) -> i64 {
    // Years start in March, so that the leap day is their last.
    let y = i64::from(year) - (month <= 2) as i64;
    let m = i64::from(month) + if month > 2 { -3 } else { 9 };
    let doy = (153 * m + 2) / 5 + i64::from(day) - 1;
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + doy - 730_425
}

/// Year, month and day of a day count since 2000-01-01.
pub fn civil_from_days(days: i64) -> (i32, i32, i32) {
    let z = days + 730_425;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as i32;
    let month = (if mp < 10 { mp + 3 } else { mp - 9 }) as i32;
    let year = yoe + era * 400 + (month <= 2) as i64;
    (year as i32, month, day)
}

/// Leap year.
pub fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days in a month, 1 to 12.
pub fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        2 => 28 + is_leap(year) as i32,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Day of the week, Sunday 0, of days since 2000-01-01 (a Saturday).
pub fn weekday(days: i64) -> i32 {
    (days + 6).rem_euclid(7) as i32
}

/// Days since 2000-01-01 of the Monday that starts ISO week 1 of a year.
pub fn iso_year_start(year: i32) -> i64 {
    // The week with 4 January in it.
    let fourth = days_from_civil(year, 1, 4);
    fourth - (i64::from(weekday(fourth)) + 6) % 7
}

/// ISO year and week.
pub fn iso_week(days: i64) -> (i32, i32) {
    let mut year = civil_from_days(days).0;
    if days >= iso_year_start(year + 1) {
        year += 1;
    } else if days < iso_year_start(year) {
        year -= 1;
    }
    (year, ((days - iso_year_start(year)) / 7 + 1) as i32)
}

/// A moment broken into fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Fields {
    /// 0 is 1 BC.
    pub year: i32,
    pub month: i32,
    pub day: i32,
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
    pub usec: i32,
}

impl Fields {
    /// Fields of a local timestamp.
    pub fn from_timestamp(ts: i64) -> Fields {
        let (days, time) = (ts.div_euclid(USECS_PER_DAY), ts.rem_euclid(USECS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        Fields { year, month, day, ..Fields::from_time(time) }
    }

    /// Fields of a time of day.
    pub fn from_time(time: i64) -> Fields {
        Fields {
            hour: (time / USECS_PER_HOUR) as i32,
            minute: (time / USECS_PER_MINUTE % 60) as i32,
            second: (time / USECS_PER_SEC % 60) as i32,
            usec: (time % USECS_PER_SEC) as i32,
            ..Fields::default()
        }
    }

    /// Time of day in µs.
    pub fn time(&self) -> i64 {
        ((i64::from(self.hour) * 60 + i64::from(self.minute)) * 60 + i64::from(self.second))
            * USECS_PER_SEC
            + i64::from(self.usec)
    }

    /// Days since 2000-01-01.
    pub fn days(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day)
    }

    /// Local timestamp, if in range.
    pub fn timestamp(&self) -> Option<i64> {
        let ts = i128::from(self.days()) * i128::from(USECS_PER_DAY) + i128::from(self.time());
        i64::try_from(ts).ok().filter(|ts| is_valid_timestamp(*ts))
    }

    /// Local seconds since the Unix epoch.
    pub fn local_unix(&self) -> i64 {
        (self.days() + UNIX_EPOCH_DAYS) * 86_400 + self.time().div_euclid(USECS_PER_SEC)
    }
}

/// Whether a finite timestamp is within the type's range.
pub fn is_valid_timestamp(ts: i64) -> bool {
    (MIN_TIMESTAMP..END_TIMESTAMP).contains(&ts)
}

/// Whether a finite date is within the type's range.
pub fn is_valid_date(days: i64) -> bool {
    (MIN_DATE..END_DATE).contains(&days)
}

/// Unix seconds of a timestamptz.
pub fn unix_seconds(ts: i64) -> i64 {
    ts.div_euclid(USECS_PER_SEC) + UNIX_EPOCH_DAYS * 86_400
}
