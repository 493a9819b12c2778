//! Wall-clock time as timestamps have it.
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds from 1970-01-01 to 2000-01-01.
const EPOCH_OFFSET_S: i64 = 946_684_800;

/// Microseconds since 2000-01-01 UTC.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as i64 - EPOCH_OFFSET_S * 1_000_000
}
