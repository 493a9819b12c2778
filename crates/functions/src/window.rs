//! The window functions proper; aggregates as window functions are the executor's.
use error::{PgResult, bail};
use fmgr::{CallContext, Registry, SeekOrigin, WindowContext};
use types::Datum;

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.window("window_row_number", |_cx, w| Ok(Datum::Int8(w.current_position() + 1)));
    r.window("window_rank", |_cx, w| Ok(Datum::Int8(ranks(w)?.rank)));
    r.window("window_dense_rank", |_cx, w| Ok(Datum::Int8(ranks(w)?.dense_rank)));
    r.window("window_percent_rank", percent_rank);
    r.window("window_cume_dist", cume_dist);
    r.window("window_ntile", ntile);
    r.window("window_lag", |_cx, w| lead_lag(w, -1, false, false));
    r.window("window_lag_with_offset", |_cx, w| lead_lag(w, -1, true, false));
    r.window("window_lag_with_offset_and_default", |_cx, w| lead_lag(w, -1, true, true));
    r.window("window_lead", |_cx, w| lead_lag(w, 1, false, false));
    r.window("window_lead_with_offset", |_cx, w| lead_lag(w, 1, true, false));
    r.window("window_lead_with_offset_and_default", |_cx, w| lead_lag(w, 1, true, true));
    r.window("window_first_value", |_cx, w| in_frame(w, 0, SeekOrigin::Head));
    r.window("window_last_value", |_cx, w| in_frame(w, 0, SeekOrigin::Tail));
    r.window("window_nth_value", nth_value);
}

/// Rank of the current row, carried from row to row of a partition.
#[derive(Clone, Copy)]
struct Ranks {
    rank: i64,
    dense_rank: i64,
}

/// Moves the ranks to the current row: a row that is no peer of its predecessor starts a new rank.
fn ranks(w: &mut dyn WindowContext) -> PgResult<Ranks> {
    let position = w.current_position();
    let previous = w.partition_state().as_ref().and_then(|s| s.downcast_ref::<Ranks>()).copied();
    let ranks = match previous {
        None => Ranks { rank: 1, dense_rank: 1 },
        Some(ranks) if position > 0 && w.rows_are_peers(position - 1, position)? => ranks,
        Some(ranks) => Ranks { rank: position + 1, dense_rank: ranks.dense_rank + 1 },
    };
    *w.partition_state() = Some(Box::new(ranks));
    Ok(ranks)
}

fn percent_rank(_cx: &mut CallContext<'_>, w: &mut dyn WindowContext) -> PgResult<Datum> {
    let rows = w.partition_row_count()?;
    let ranks = ranks(w)?;
    let others = rows - 1;
    Ok(Datum::Float8(if others < 1 { 0.0 } else { (ranks.rank - 1) as f64 / others as f64 }))
}

/// Rows up to and including the current row's peers.
struct PeersEnd(i64);

fn cume_dist(_cx: &mut CallContext<'_>, w: &mut dyn WindowContext) -> PgResult<Datum> {
    let rows = w.partition_row_count()?;
    let position = w.current_position();
    let known =
        w.partition_state().as_ref().and_then(|s| s.downcast_ref::<PeersEnd>()).map(|e| e.0);
    let end = match known {
        Some(end) if position < end => end,
        _ => {
            let mut end = position + 1;
            while end < rows && w.rows_are_peers(position, end)? {
                end += 1;
            }
            *w.partition_state() = Some(Box::new(PeersEnd(end)));
            end
        }
    };
    Ok(Datum::Float8(end as f64 / rows as f64))
}

/// ntile's buckets: the first `larger` ones have one row more.
fn ntile(_cx: &mut CallContext<'_>, w: &mut dyn WindowContext) -> PgResult<Datum> {
    let buckets = match w.partition_state().as_ref().and_then(|s| s.downcast_ref::<i64>()) {
        Some(buckets) => *buckets,
        None => {
            let argument = w.arg_current(0)?;
            if argument.is_null() {
                return Ok(Datum::Null);
            }
            let buckets = i64::from(argument.as_i32());
            if buckets <= 0 {
                bail!(INVALID_ARGUMENT_FOR_NTILE, "argument of ntile must be greater than zero");
            }
            *w.partition_state() = Some(Box::new(buckets));
            buckets
        }
    };
    let rows = w.partition_row_count()?;
    let (size, larger) = (rows / buckets, rows % buckets);
    let position = w.current_position();
    let in_larger = larger * (size + 1);
    let bucket = if position < in_larger {
        position / (size + 1)
    } else {
        larger + (position - in_larger) / size.max(1)
    };
    Ok(Datum::Int4((bucket + 1) as i32))
}

fn lead_lag(
    w: &mut dyn WindowContext,
    direction: i64,
    with_offset: bool,
    with_default: bool,
) -> PgResult<Datum> {
    let offset = match with_offset {
        true => match w.arg_current(1)? {
            Datum::Null => return Ok(Datum::Null),
            offset => i64::from(offset.as_i32()),
        },
        false => 1,
    };
    match w.arg_in_partition(0, offset * direction, SeekOrigin::Current)? {
        Some(value) => Ok(value),
        None if with_default => w.arg_current(2),
        None => Ok(Datum::Null),
    }
}

fn in_frame(w: &mut dyn WindowContext, relpos: i64, origin: SeekOrigin) -> PgResult<Datum> {
    Ok(w.arg_in_frame(0, relpos, origin)?.unwrap_or(Datum::Null))
}

fn nth_value(_cx: &mut CallContext<'_>, w: &mut dyn WindowContext) -> PgResult<Datum> {
    let nth = w.arg_current(1)?;
    if nth.is_null() {
        return Ok(Datum::Null);
    }
    if nth.as_i32() <= 0 {
        bail!(INVALID_ARGUMENT_FOR_NTH_VALUE, "argument of nth_value must be greater than zero");
    }
    in_frame(w, i64::from(nth.as_i32()) - 1, SeekOrigin::Head)
}
