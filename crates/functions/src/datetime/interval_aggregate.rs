//! sum and avg of intervals.
use error::PgResult;
use fmgr::Registry;
use types::{Datum, datetime::Interval};

#[derive(Clone, Debug, Default)]
struct State {
    count: i64,
    sum: Interval,
    pos_infs: i64,
    neg_infs: i64,
}

impl State {
    fn apply(&mut self, v: &Interval, minus: bool) -> PgResult<()> {
        let step = if minus { -1 } else { 1 };
        match v.infinity_sign() {
            1 => self.pos_infs += step,
            -1 => self.neg_infs += step,
            _ => {
                self.count += step;
                self.sum = if minus { self.sum.sub(v)? } else { self.sum.add(v)? };
            }
        }
        Ok(())
    }

    /// The infinite result, if there is one.
    fn infinite(&self) -> PgResult<Option<Interval>> {
        match (self.pos_infs > 0, self.neg_infs > 0) {
            (true, true) => Err(types::datetime::interval::interval_out_of_range()),
            (true, false) => Ok(Some(Interval::INFINITY)),
            (false, true) => Ok(Some(Interval::NEG_INFINITY)),
            _ => Ok(None),
        }
    }

    fn total(&self) -> i64 {
        self.count + self.pos_infs + self.neg_infs
    }
}

fn accumulate(a: &mut [Datum], minus: bool) -> PgResult<Datum> {
    let mut state = match a[0].take() {
        Datum::Null => Datum::internal(State::default()),
        state => state,
    };
    if !a[1].is_null() {
        state.as_internal_mut::<State>().apply(&Interval::decode(a[1].as_bytes()), minus)?;
    }
    Ok(state)
}

fn finish(a: &[Datum], f: impl Fn(&State) -> PgResult<Interval>) -> PgResult<Datum> {
    if a[0].is_null() {
        return Ok(Datum::Null);
    }
    let state = a[0].as_internal::<State>();
    if state.total() == 0 {
        return Ok(Datum::Null);
    }
    let v = match state.infinite()? {
        Some(v) => v,
        None => f(state)?,
    };
    Ok(Datum::Bytes(v.encode()))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("interval_avg_accum", |_cx, a| accumulate(a, false));
    r.scalar("interval_avg_accum_inv", |_cx, a| accumulate(a, true));
    r.scalar("interval_avg_combine", |_cx, a| {
        if a[1].is_null() {
            return Ok(a[0].take());
        }
        if a[0].is_null() {
            return Ok(a[1].take());
        }
        let mut left = a[0].take();
        let right = a[1].as_internal::<State>().clone();
        let state = left.as_internal_mut::<State>();
        state.count += right.count;
        state.pos_infs += right.pos_infs;
        state.neg_infs += right.neg_infs;
        state.sum = state.sum.add(&right.sum)?;
        Ok(left)
    });
    r.scalar("interval_sum", |_cx, a| finish(a, |state| Ok(state.sum)));
    r.scalar("interval_avg", |_cx, a| finish(a, |state| state.sum.div(state.count as f64)));
}
