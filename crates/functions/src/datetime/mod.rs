//! date, time, timestamp and interval functions, one file a kind.

mod arithmetic;
mod compare;
mod interval_aggregate;
mod make;
mod part;
mod series;
mod trunc;
mod zone;

use fmgr::Registry;

/// Registers the family.
pub fn register(r: &mut Registry) {
    arithmetic::register(r);
    compare::register(r);
    interval_aggregate::register(r);
    make::register(r);
    part::register(r);
    series::register(r);
    trunc::register(r);
    zone::register(r);
}

use types::datetime::{DATE_NOBEGIN, DATE_NOEND, TIMESTAMP_NOBEGIN, TIMESTAMP_NOEND};

/// Neither infinity.
fn date_is_finite(days: i32) -> bool {
    days != DATE_NOBEGIN && days != DATE_NOEND
}

/// Neither infinity.
fn timestamp_is_finite(ts: i64) -> bool {
    ts != TIMESTAMP_NOBEGIN && ts != TIMESTAMP_NOEND
}
