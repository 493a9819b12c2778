//! Statistics of a column whose type has equality but no order, or neither.
use super::most_common::significant_values;
use super::{ColumnFacts, WIDTH_THRESHOLD, estimate_distinct, scale_distinct, width_of};
use crate::rows::{Statistic, StatisticSlot};
use error::PgResult;
use types::Datum;

const KIND_MCV: i16 = 1;

/// Statistics from a sample, NULLs included, with an equality callback. `None` if the sample is empty.
pub fn distinct_statistics(
    sample: &[Datum],
    facts: &ColumnFacts,
    equal: &mut dyn FnMut(&Datum, &Datum) -> PgResult<bool>,
) -> PgResult<Option<Statistic>> {
    let Some(mut stat) = trivial_statistics(sample, facts) else { return Ok(None) };
    // Comparing all with all would be quadratic; a list of bounded length keeps the frequent ones.
    let track_max = (2 * facts.target).max(10);
    let mut track: Vec<(&Datum, usize)> = Vec::new();
    let (mut too_wide, mut non_null) = (0usize, 0usize);
    for value in sample.iter().filter(|v| !v.is_null()) {
        non_null += 1;
        if facts.fixed_width.is_none() && width_of(value, facts) > WIDTH_THRESHOLD {
            too_wide += 1;
            continue;
        }
        let mut found = None;
        for (i, (tracked, _)) in track.iter().enumerate() {
            if equal(value, tracked)? {
                found = Some(i);
                break;
            }
        }
        match found {
            Some(mut at) => {
                track[at].1 += 1;
                while at > 0 && track[at].1 > track[at - 1].1 {
                    track.swap(at, at - 1);
                    at -= 1;
                }
            }
            None => {
                // New ones come after those seen repeatedly, before older single ones.
                let at = track.iter().position(|(_, count)| *count == 1).unwrap_or(track.len());
                if track.len() == track_max {
                    if at == track.len() {
                        continue;
                    }
                    track.pop();
                }
                track.insert(at.min(track.len()), (value, 1));
            }
        }
    }
    if non_null == 0 {
        return Ok(Some(stat));
    }
    let rows = sample.len() as f64;
    let repeated = track.iter().take_while(|(_, count)| *count > 1).count();
    let seen: usize = track[..repeated].iter().map(|(_, count)| count).sum();
    let nulls = f64::from(stat.nullfrac);
    stat.distinct = if repeated == 0 {
        -(1.0 - stat.nullfrac)
    } else if track.len() < track_max && too_wide == 0 && repeated == track.len() {
        scale_distinct(track.len() as f64, facts.total_rows)
    } else {
        let once = (non_null - seen) as f64;
        let total = facts.total_rows * (1.0 - nulls);
        let estimate = estimate_distinct(non_null as f64, total, once + repeated as f64, once);
        scale_distinct(estimate, facts.total_rows)
    };
    let complete = track.len() < track_max
        && too_wide == 0
        && stat.distinct > 0.0
        && track.len() <= facts.target
        && repeated == track.len();
    let mut kept = repeated.min(facts.target);
    if !complete {
        let counts: Vec<usize> = track[..kept].iter().map(|(_, count)| *count).collect();
        let distinct = f64::from(stat.distinct);
        kept = significant_values(&counts, distinct, nulls, rows, facts.total_rows);
    }
    if kept > 0 {
        stat.slots.push(StatisticSlot {
            kind: KIND_MCV,
            op: facts.eq_op,
            coll: facts.collation,
            numbers: track[..kept].iter().map(|(_, c)| (*c as f64 / rows) as f32).collect(),
            values: track[..kept].iter().map(|(v, _)| (*v).clone()).collect(),
        });
    }
    Ok(Some(stat))
}

/// NULL fraction and width alone. `None` if the sample is empty.
pub fn trivial_statistics(sample: &[Datum], facts: &ColumnFacts) -> Option<Statistic> {
    if sample.is_empty() {
        return None;
    }
    let present: Vec<&Datum> = sample.iter().filter(|v| !v.is_null()).collect();
    let total: i64 = present.iter().map(|v| i64::from(width_of(v, facts))).sum();
    Some(Statistic {
        nullfrac: ((sample.len() - present.len()) as f64 / sample.len() as f64) as f32,
        width: match facts.fixed_width {
            Some(width) => width,
            None if present.is_empty() => 0,
            None => (total as f64 / present.len() as f64) as i32,
        },
        distinct: 0.0,
        slots: Vec::new(),
    })
}
