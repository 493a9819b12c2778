//! generate_series over timestamps.
use super::timestamp_is_finite;
use error::{PgResult, bail};
use fmgr::{CallContext, Registry, RowSource};
use std::{cmp::Ordering, sync::Arc};
use types::{
    Datum, TimeZone,
    datetime::{
        Interval,
        interval::{timestamp_add, timestamptz_add},
    },
};

struct Series {
    next: Option<i64>,
    stop: i64,
    step: Interval,
    down: bool,
    /// Zone for months and days; none for timestamp.
    zone: Option<Arc<TimeZone>>,
}

impl RowSource for Series {
    fn next(&mut self, _cx: &mut CallContext<'_>, row: &mut Vec<Datum>) -> PgResult<bool> {
        let Some(value) = self.next else { return Ok(false) };
        if if self.down { value < self.stop } else { value > self.stop } {
            return Ok(false);
        }
        row.push(Datum::Int8(value));
        let next = match &self.zone {
            Some(zone) => timestamptz_add(value, &self.step, zone)?,
            None => timestamp_add(value, &self.step)?,
        };
        // An infinite start stays where it is.
        self.next = if timestamp_is_finite(value) { Some(next) } else { Some(value) };
        Ok(true)
    }
}

fn series(a: &[Datum], zone: Option<Arc<TimeZone>>) -> PgResult<Box<dyn RowSource>> {
    let step = Interval::decode(a[2].as_bytes());
    let down = match step.compare(&Interval::default()) {
        Ordering::Equal => bail!(INVALID_PARAMETER_VALUE, "step size cannot equal zero"),
        order => order.is_lt(),
    };
    if step.is_infinite() {
        bail!(INVALID_PARAMETER_VALUE, "step size cannot be infinite");
    }
    Ok(Box::new(Series { next: Some(a[0].as_i64()), stop: a[1].as_i64(), step, down, zone }))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.set("generate_series_timestamp", |_cx, a| series(a, None));
    r.set("generate_series_timestamptz", |cx, a| {
        series(a, Some(cx.session.io_options().time_zone.clone()))
    });
    r.set("generate_series_timestamptz_at_zone", |cx, a| {
        let zone = super::zone::whole_zone(cx, a[3].as_str())?;
        series(a, Some(zone))
    });
}
