//! percentile_disc, percentile_cont, mode, and the hypothetical-set aggregates.
//!
//! The executor feeds the transition function in the order of WITHIN GROUP; the state is the list of
//! rows as they came. The call site of a hypothetical-set aggregate says how the rows are sorted, so
//! that the final function can place the hypothetical row.
use super::{finish, transition};
use error::{PgResult, bail, err};
use fmgr::{CallContext, Registry, SortedKey};
use std::{cmp::Ordering, sync::Arc};
use types::{ArrayValue, Datum, Oid, datetime::Interval, type_oid};

/// Rows in WITHIN GROUP order.
#[derive(Default)]
pub struct OrderedSetState {
    rows: Vec<Vec<Datum>>,
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("ordered_set_transition", collect_row);
    r.scalar("ordered_set_transition_multi", collect_row);
    r.scalar("percentile_disc_final", percentile_disc);
    r.scalar("percentile_disc_multi_final", percentile_disc_multi);
    r.scalar("percentile_cont_float8_final", percentile_cont);
    r.scalar("percentile_cont_float8_multi_final", percentile_cont_multi);
    r.scalar("percentile_cont_interval_final", percentile_cont_interval);
    r.scalar("percentile_cont_interval_multi_final", percentile_cont_interval_multi);
    r.scalar("mode_final", mode);
    r.scalar("hypothetical_rank_final", |cx, args| Ok(Datum::Int8(place(cx, args)?.before + 1)));
    r.scalar("hypothetical_dense_rank_final", |cx, args| {
        Ok(Datum::Int8(place(cx, args)?.distinct_before + 1))
    });
    r.scalar("hypothetical_percent_rank_final", |cx, args| {
        let place = place(cx, args)?;
        let rank = if place.total == 0 { 0.0 } else { place.before as f64 / place.total as f64 };
        Ok(Datum::Float8(rank))
    });
    r.scalar("hypothetical_cume_dist_final", |cx, args| {
        let place = place(cx, args)?;
        Ok(Datum::Float8((place.before + place.peers + 1) as f64 / (place.total + 1) as f64))
    });
}

fn collect_row(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let hypothetical = !cx.site.sort_keys.is_empty();
    transition(args, OrderedSetState::default, |s, args| {
        let row: Vec<Datum> = args[1..].iter_mut().map(Datum::take).collect();
        // Single-column inverse distribution functions ignore NULLs.
        if row.len() > 1 || !row[0].is_null() || hypothetical {
            s.rows.push(row);
        }
        Ok(())
    })
}

/// The non-NULL values of a single-column state.
fn values(state: &OrderedSetState) -> Vec<&Datum> {
    state.rows.iter().map(|row| &row[0]).filter(|v| !v.is_null()).collect()
}

fn check_fraction(fraction: f64) -> PgResult<f64> {
    if !(0.0..=1.0).contains(&fraction) {
        bail!(
            NUMERIC_VALUE_OUT_OF_RANGE,
            "percentile value {} is not between 0 and 1",
            shortest(fraction)
        );
    }
    Ok(fraction)
}

fn shortest(value: f64) -> String {
    let mut out = Vec::new();
    types::float::output_g(value, 6, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn disc<'a>(values: &[&'a Datum], fraction: f64) -> &'a Datum {
    let rank = (fraction * values.len() as f64).ceil() as usize;
    values[rank.saturating_sub(1).min(values.len() - 1)]
}

fn percentile_disc(_cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    if args[1].is_null() {
        return Ok(Datum::Null);
    }
    let fraction = check_fraction(args[1].as_f64())?;
    finish::<OrderedSetState>(args, |s| {
        let values = values(s);
        Ok(if values.is_empty() { Datum::Null } else { disc(&values, fraction).clone() })
    })
}

fn cont(values: &[&Datum], fraction: f64) -> Datum {
    let position = fraction * (values.len() - 1) as f64;
    let (low, high) = (position.floor() as usize, position.ceil() as usize);
    let low_value = values[low].as_f64();
    if low == high {
        return Datum::Float8(low_value);
    }
    let share = position - low as f64;
    Datum::Float8(low_value + share * (values[high].as_f64() - low_value))
}

fn percentile_cont(_cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    if args[1].is_null() {
        return Ok(Datum::Null);
    }
    let fraction = check_fraction(args[1].as_f64())?;
    finish::<OrderedSetState>(args, |s| {
        let values = values(s);
        Ok(if values.is_empty() { Datum::Null } else { cont(&values, fraction) })
    })
}

/// One result for each fraction of an array, in its shape.
fn multi(
    args: &[Datum],
    elem_type: Oid,
    one: impl Fn(&[&Datum], f64) -> PgResult<Datum>,
) -> PgResult<Datum> {
    if args[1].is_null() {
        return Ok(Datum::Null);
    }
    let fractions = args[1].as_array();
    finish::<OrderedSetState>(args, |s| {
        let values = values(s);
        if values.is_empty() {
            return Ok(Datum::Null);
        }
        let mut elems = Vec::with_capacity(fractions.elems.len());
        for fraction in &fractions.elems {
            elems.push(match fraction {
                Datum::Null => Datum::Null,
                fraction => one(&values, check_fraction(fraction.as_f64())?)?,
            });
        }
        let dims = fractions.dims.clone();
        Ok(Datum::Array(Arc::new(ArrayValue { elem_type, dims, elems })))
    })
}

fn percentile_disc_multi(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    multi(args, cx.arg_type(2), |values, fraction| Ok(disc(values, fraction).clone()))
}

fn percentile_cont_multi(_cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    multi(args, type_oid::FLOAT8, |values, fraction| Ok(cont(values, fraction)))
}

/// Between the two values around a fraction's place, in proportion.
fn cont_interval(values: &[&Datum], fraction: f64) -> PgResult<Datum> {
    let place = fraction * (values.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let first = Interval::decode(values[low].as_bytes());
    if low == high {
        return Ok(Datum::Bytes(first.encode()));
    }
    let span = Interval::decode(values[high].as_bytes()).sub(&first)?;
    let part = span.mul(place - low as f64)?;
    Ok(Datum::Bytes(part.add(&first)?.encode()))
}

fn percentile_cont_interval(_cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    if args[1].is_null() {
        return Ok(Datum::Null);
    }
    let fraction = check_fraction(args[1].as_f64())?;
    finish::<OrderedSetState>(args, |s| {
        let values = values(s);
        if values.is_empty() { Ok(Datum::Null) } else { cont_interval(&values, fraction) }
    })
}

fn percentile_cont_interval_multi(
    _cx: &mut CallContext<'_>,
    args: &mut [Datum],
) -> PgResult<Datum> {
    multi(args, type_oid::INTERVAL, cont_interval)
}

/// The most frequent value; the first of several in sort order.
fn mode(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    let (typ, collation, session) = (cx.arg_type(1), cx.collation(), cx.session);
    finish::<OrderedSetState>(args, |s| {
        let values = values(s);
        let (mut best, mut best_count) = (Datum::Null, 0);
        let mut start = 0;
        while start < values.len() {
            let mut end = start + 1;
            while end < values.len()
                && session.type_equal(typ, collation, values[start], values[end])?
            {
                end += 1;
            }
            if end - start > best_count {
                (best, best_count) = (values[start].clone(), end - start);
            }
            start = end;
        }
        Ok(best)
    })
}

/// Where the hypothetical row falls.
struct Place {
    before: i64,
    distinct_before: i64,
    peers: i64,
    total: i64,
}

fn place(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Place> {
    let mut place = Place { before: 0, distinct_before: 0, peers: 0, total: 0 };
    let (state, rest) = args.split_at_mut(1);
    if state[0].is_null() {
        return Ok(place);
    }
    let state = state[0].as_internal::<OrderedSetState>();
    let keys = &cx.site.sort_keys;
    let row = rest
        .get(..keys.len())
        .filter(|row| !row.is_empty() || state.rows.is_empty())
        .ok_or_else(|| err!(INTERNAL_ERROR, "wrong number of hypothetical arguments"))?;
    let mut previous: Option<&[Datum]> = None;
    for other in &state.rows {
        place.total += 1;
        match compare(cx, keys, other, row)? {
            Ordering::Less => {
                place.before += 1;
                let repeated = match previous {
                    Some(previous) => compare(cx, keys, previous, other)?.is_eq(),
                    None => false,
                };
                place.distinct_before += i64::from(!repeated);
                previous = Some(other);
            }
            Ordering::Equal => place.peers += 1,
            Ordering::Greater => {}
        }
    }
    Ok(place)
}

fn compare(
    cx: &CallContext<'_>,
    keys: &[SortedKey],
    a: &[Datum],
    b: &[Datum],
) -> PgResult<Ordering> {
    for ((key, a), b) in keys.iter().zip(a).zip(b) {
        let ordering = match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if key.nulls_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if key.nulls_first => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let ordering = cx.session.type_compare(key.typ, key.collation, a, b)?;
                if key.reverse { ordering.reverse() } else { ordering }
            }
        };
        if ordering.is_ne() {
            return Ok(ordering);
        }
    }
    Ok(Ordering::Equal)
}
