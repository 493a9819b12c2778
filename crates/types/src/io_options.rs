//! What a session sets that text input and output depend on.
use crate::{bytea::ByteaOutput, timezone::TimeZone};
use std::sync::Arc;

/// Layout of dates (`DateStyle`, first part).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum DateStyle {
    #[default]
    Iso,
    Postgres,
    Sql,
    German,
    /// As JSON wants it: `2000-01-01T00:00:00+00:00`; not a value of the setting.
    Xsd,
}

/// Order of day, month and year (`DateStyle`, second part).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum DateOrder {
    Ymd,
    Dmy,
    #[default]
    Mdy,
}

/// `IntervalStyle`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum IntervalStyle {
    #[default]
    Postgres,
    PostgresVerbose,
    SqlStandard,
    Iso8601,
}

/// The session's formats, by reference to whatever reads or writes values.
#[derive(Clone, Debug)]
pub struct IoOptions {
    /// Layout of dates.
    pub date_style: DateStyle,
    /// Order of day, month and year.
    pub date_order: DateOrder,
    /// Layout of intervals.
    pub interval_style: IntervalStyle,
    /// `TimeZone`.
    pub time_zone: Arc<TimeZone>,
    /// `extra_float_digits`.
    pub extra_float_digits: i32,
    /// `bytea_output`.
    pub bytea_output: ByteaOutput,
    /// Start of the transaction, µs since 2000-01-01, for `now`, `today` and zones without a date.
    pub now: i64,
    /// xmlbinary is hex rather than base64.
    pub xmlbinary_hex: bool,
    /// xmloption is DOCUMENT rather than CONTENT.
    pub xmloption_document: bool,
}

impl Default for IoOptions {
    fn default() -> Self {
        IoOptions {
            date_style: DateStyle::Iso,
            date_order: DateOrder::Mdy,
            interval_style: IntervalStyle::Postgres,
            time_zone: TimeZone::utc(),
            extra_float_digits: 1,
            bytea_output: ByteaOutput::Hex,
            now: 0,
            xmlbinary_hex: false,
            xmloption_document: false,
        }
    }
}
