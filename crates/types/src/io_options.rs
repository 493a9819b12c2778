//! What a session's settings say about the text form of values.

/// DateStyle's first half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DateStyle {
    #[default]
    Iso,
    Sql,
    Postgres,
    German,
}

/// DateStyle's second half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DateOrder {
    #[default]
    Mdy,
    Dmy,
    Ymd,
}

/// IntervalStyle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum IntervalStyle {
    #[default]
    Postgres,
    PostgresVerbose,
    SqlStandard,
    Iso8601,
}

/// bytea_output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ByteaOutput {
    #[default]
    Hex,
    Escape,
}

/// Formats for text input and output.
#[derive(Clone, Debug)]
pub struct IoOptions {
    /// DateStyle: output style.
    pub date_style: DateStyle,
    /// DateStyle: order of ambiguous input, and of some output.
    pub date_order: DateOrder,
    /// IntervalStyle.
    pub interval_style: IntervalStyle,
    /// extra_float_digits; 1 or more means shortest exact output.
    pub extra_float_digits: i32,
    /// bytea_output.
    pub bytea_output: ByteaOutput,
    /// Start of the transaction, µs since 2000-01-01, for 'now', 'today' and the like.
    pub now: i64,
    /// xmlbinary is hex rather than base64.
    pub xmlbinary_hex: bool,
    /// xmloption is DOCUMENT rather than CONTENT.
    pub xmloption_document: bool,
}

impl Default for IoOptions {
    fn default() -> Self {
        IoOptions {
            date_style: DateStyle::default(),
            date_order: DateOrder::default(),
            interval_style: IntervalStyle::default(),
            extra_float_digits: 1,
            bytea_output: ByteaOutput::default(),
            now: 0,
            xmlbinary_hex: false,
            xmloption_document: false,
        }
    }
}
