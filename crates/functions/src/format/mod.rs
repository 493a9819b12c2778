//! to_char, to_date, to_timestamp, to_number.

mod date_pattern;
mod datetime_in;
mod datetime_out;
mod number;
mod number_in;
mod number_pattern;
mod roman;

use fmgr::Registry;

pub(crate) use datetime_in::parse_datetime;

/// Registers the family.
pub fn register(r: &mut Registry) {
    datetime_in::register(r);
    datetime_out::register(r);
    number::register(r);
    number_in::register(r);
}
