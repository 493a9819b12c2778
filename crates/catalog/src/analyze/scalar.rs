//! Statistics of a column whose type has an order: most common values, histogram, correlation.
use super::most_common::significant_values;
use super::{ColumnFacts, WIDTH_THRESHOLD, estimate_distinct, scale_distinct, width_of};
use crate::rows::{Statistic, StatisticSlot};
use error::PgResult;
use std::cmp::Ordering;
use types::{Datum, Oid};

const KIND_MCV: i16 = 1;
const KIND_HISTOGRAM: i16 = 2;
const KIND_CORRELATION: i16 = 3;

/// A run of equal values in the sorted sample.
struct Run {
    first: usize,
    count: usize,
}

/// Statistics from a sample in table order, NULLs included. `compare` orders non-null values. `None` if the
/// sample is empty.
pub fn scalar_statistics(
    sample: &[Datum],
    facts: &ColumnFacts,
    compare: &mut dyn FnMut(&Datum, &Datum) -> PgResult<Ordering>,
) -> PgResult<Option<Statistic>> {
    if sample.is_empty() {
        return Ok(None);
    }
    let (mut nulls, mut too_wide, mut total_width) = (0usize, 0usize, 0i64);
    let mut values: Vec<(&Datum, usize)> = Vec::with_capacity(sample.len());
    for value in sample {
        if value.is_null() {
            nulls += 1;
            continue;
        }
        let width = width_of(value, facts);
        total_width += i64::from(width);
        if facts.fixed_width.is_none() && width > WIDTH_THRESHOLD {
            too_wide += 1;
            continue;
        }
        values.push((value, values.len()));
    }
    let rows = sample.len() as f64;
    let null_fraction = nulls as f64 / rows;
    let non_null = sample.len() - nulls;
    let mut stat = Statistic {
        nullfrac: null_fraction as f32,
        width: match facts.fixed_width {
            Some(width) => width,
            None if non_null > 0 => (total_width as f64 / non_null as f64) as i32,
            None => 0,
        },
        distinct: 0.0,
        slots: Vec::new(),
    };
    if values.is_empty() {
        // Only NULLs, or only values too wide to look at: those are taken as all different.
        if too_wide > 0 {
            stat.distinct = -(1.0 - stat.nullfrac);
        }
        return Ok(Some(stat));
    }
    sort(&mut values, compare)?;
    let runs = runs_of(&values, compare)?;
    let distinct = runs.len();
    let repeated = runs.iter().filter(|r| r.count > 1).count();
    stat.distinct = if repeated == 0 {
        -(1.0 - stat.nullfrac)
    } else if too_wide == 0 && repeated == distinct {
        // Every value was seen more than once: probably all of them were seen.
        scale_distinct(distinct as f64, facts.total_rows)
    } else {
        let once = (distinct - repeated + too_wide) as f64;
        let (n, total) = (non_null as f64, facts.total_rows * (1.0 - null_fraction));
        let estimate = estimate_distinct(n, total, once + repeated as f64, once);
        scale_distinct(estimate, facts.total_rows)
    };
    let common = most_common(&runs, facts, &stat, rows, too_wide);
    if !common.is_empty() {
        stat.slots.push(slot(
            KIND_MCV,
            facts.eq_op,
            facts,
            common.iter().map(|r| (r.count as f64 / rows) as f32).collect(),
            common.iter().map(|r| values[r.first].0.clone()).collect(),
        ));
    }
    let bounds = histogram(&values, &runs, &common, facts.target);
    if bounds.len() >= 2 {
        stat.slots.push(slot(KIND_HISTOGRAM, facts.lt_op, facts, Vec::new(), bounds));
    }
    if values.len() > 1 {
        let correlation = correlation(&values);
        stat.slots.push(slot(KIND_CORRELATION, facts.lt_op, facts, vec![correlation], Vec::new()));
    }
    Ok(Some(stat))
}

fn slot(
    kind: i16,
    op: Oid,
    facts: &ColumnFacts,
    numbers: Vec<f32>,
    values: Vec<Datum>,
) -> StatisticSlot {
    StatisticSlot { kind, op, coll: facts.collation, numbers, values }
}

/// Sorts by value, equal ones by position; the first error of the comparison is kept.
fn sort(
    values: &mut [(&Datum, usize)],
    compare: &mut dyn FnMut(&Datum, &Datum) -> PgResult<Ordering>,
) -> PgResult<()> {
    let mut failure = None;
    values.sort_by(|a, b| match compare(a.0, b.0) {
        Ok(order) => order.then(a.1.cmp(&b.1)),
        Err(error) => {
            failure.get_or_insert(error);
            a.1.cmp(&b.1)
        }
    });
    failure.map_or(Ok(()), Err)
}

fn runs_of(
    values: &[(&Datum, usize)],
    compare: &mut dyn FnMut(&Datum, &Datum) -> PgResult<Ordering>,
) -> PgResult<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    for (i, (value, _)) in values.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if compare(values[run.first].0, value)?.is_eq() => run.count += 1,
            _ => runs.push(Run { first: i, count: 1 }),
        }
    }
    Ok(runs)
}

/// The values to list, most frequent first; of equal frequency those that sort first.
fn most_common<'a>(
    runs: &'a [Run],
    facts: &ColumnFacts,
    stat: &Statistic,
    rows: f64,
    too_wide: usize,
) -> Vec<&'a Run> {
    let mut common: Vec<&Run> = runs.iter().filter(|r| r.count > 1).collect();
    common.sort_by(|a, b| b.count.cmp(&a.count).then(a.first.cmp(&b.first)));
    // A column that has few values is listed completely.
    let complete = common.len() == runs.len()
        && too_wide == 0
        && stat.distinct > 0.0
        && common.len() <= facts.target;
    common.truncate(facts.target);
    if !complete {
        let counts: Vec<usize> = common.iter().map(|r| r.count).collect();
        let nulls = f64::from(stat.nullfrac);
        let distinct = f64::from(stat.distinct);
        let kept = significant_values(&counts, distinct, nulls, rows, facts.total_rows);
        common.truncate(kept);
    }
    common
}

/// Bounds that divide the values that are not listed as common into parts of equal size.
fn histogram(
    values: &[(&Datum, usize)],
    runs: &[Run],
    common: &[&Run],
    target: usize,
) -> Vec<Datum> {
    let bounds = (runs.len() - common.len()).min(target + 1);
    if bounds < 2 {
        return Vec::new();
    }
    let listed: std::collections::HashSet<usize> = common.iter().map(|r| r.first).collect();
    let rest: Vec<&Datum> = runs
        .iter()
        .filter(|r| !listed.contains(&r.first))
        .flat_map(|r| values[r.first..r.first + r.count].iter().map(|(v, _)| *v))
        .collect();
    (0..bounds).map(|i| rest[i * (rest.len() - 1) / (bounds - 1)].clone()).collect()
}

/// Correlation of the order of the values with their order in the table.
fn correlation(values: &[(&Datum, usize)]) -> f32 {
    let n = values.len() as f64;
    let products: f64 = values.iter().enumerate().map(|(i, (_, at))| i as f64 * *at as f64).sum();
    let sum = (n - 1.0) * n / 2.0;
    let squares = (n - 1.0) * n * (2.0 * n - 1.0) / 6.0;
    ((n * products - sum * sum) / (n * squares - sum * sum)) as f32
}
