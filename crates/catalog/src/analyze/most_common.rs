//! Which of the most frequent values of a sample are worth keeping.

/// How many of the values with these descending sample counts are significantly more frequent than the
/// average of those left out would be. All are kept if the sample is the whole table.
pub(super) fn significant_values(
    counts: &[usize],
    distinct: f64,
    null_fraction: f64,
    sample_rows: f64,
    total_rows: f64,
) -> usize {
    if sample_rows >= total_rows || total_rows <= 1.0 {
        return counts.len();
    }
    let table_distinct = if distinct < 0.0 { -distinct * total_rows } else { distinct };
    let mut kept = counts.len();
    let mut sum: f64 = counts.iter().take(kept.saturating_sub(1)).map(|c| *c as f64).sum();
    while kept > 0 {
        // Selectivity that the last value would get if it were not in the list.
        let mut selectivity = (1.0 - sum / sample_rows - null_fraction).clamp(0.0, 1.0);
        let others = table_distinct - (kept as f64 - 1.0);
        if others > 1.0 {
            selectivity /= others;
        }
        // Its count is hypergeometric; two standard deviations above expectation is significant.
        let count = counts[kept - 1] as f64;
        let in_table = total_rows * count / sample_rows;
        let variance =
            sample_rows * in_table * (total_rows - in_table) * (total_rows - sample_rows)
                / (total_rows * total_rows * (total_rows - 1.0));
        let bound = selectivity * sample_rows + 2.0 * variance.max(0.0).sqrt() + 0.5;
        if count > bound {
            break;
        }
        kept -= 1;
        if kept > 0 {
            sum -= counts[kept - 1] as f64;
        }
    }
    kept
}
