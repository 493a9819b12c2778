//! date, time, timetz, timestamp, timestamptz and interval.
//!
//! Dates count days and timestamps microseconds from 2000-01-01; the extreme values are the
//! infinities. A stored interval or timetz is described in [`interval`] and [`TimeTz`].

mod calendar;
mod decode;
mod fields;
pub mod interval;
mod interval_text;
mod output;
mod types;

pub use calendar::*;
pub use interval::Interval;
pub use interval_text::*;
pub use output::*;
pub use types::*;

#[cfg(test)]
mod tests;
