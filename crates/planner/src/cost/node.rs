//! Costs of nodes above scans: sorting, grouping, windows, materialisation.
use super::*;
use crate::root::*;
use nodes::plan::AggStrategy;

/// Sort of `tuples` rows; `limit` > 0 for a bounded sort. Returns startup and total.
pub fn cost_sort(
    root: &PlannerInfo<'_>,
    input_cost: f64,
    tuples: f64,
    width: i32,
    limit_tuples: f64,
) -> Costs {
    let s = &root.cx().settings;
    let (startup, run) = tuplesort_cost(root, tuples, width, limit_tuples);
    let startup = startup + input_cost;
    Costs { startup, total: startup + run, rows: tuples, disabled: i32::from(!s.enable_sort) }
}

/// Startup and run cost of sorting alone.
pub fn tuplesort_cost(
    root: &PlannerInfo<'_>,
    tuples: f64,
    width: i32,
    limit_tuples: f64,
) -> (f64, f64) {
    let s = &root.cx().settings;
    let comparison = 2.0 * s.cpu_operator_cost;
    let tuples = tuples.max(2.0);
    let input_bytes = relation_byte_size(tuples, width);
    let (output_tuples, output_bytes) = if limit_tuples > 0.0 && limit_tuples < tuples {
        (limit_tuples, relation_byte_size(limit_tuples, width))
    } else {
        (tuples, input_bytes)
    };
    let sort_mem = s.work_mem * 1024.0;
    let startup = if output_bytes > sort_mem {
        let npages = (input_bytes / 8192.0).ceil();
        let nruns = input_bytes / sort_mem;
        let mergeorder = ((sort_mem - 8192.0 * 2.0) / (32.0 * 8192.0 + 8192.0 * 2.0)).floor();
        let mergeorder = mergeorder.clamp(6.0, 500.0);
        let log_runs = if nruns > mergeorder { (nruns.ln() / mergeorder.ln()).ceil() } else { 1.0 };
        let accesses = 2.0 * npages * log_runs;
        comparison * tuples * log2(tuples)
            + accesses * (s.seq_page_cost * 0.75 + s.random_page_cost * 0.25)
    } else if tuples > 2.0 * output_tuples || input_bytes > sort_mem {
        comparison * tuples * log2(2.0 * output_tuples)
    } else {
        comparison * tuples * log2(tuples)
    };
    (startup, s.cpu_operator_cost * tuples)
}

/// Incremental sort over input presorted in groups.
pub fn cost_incremental_sort(
    root: &PlannerInfo<'_>,
    input_startup: f64,
    input_total: f64,
    input_tuples: f64,
    num_groups: f64,
    width: i32,
    limit_tuples: f64,
) -> Costs {
    let s = &root.cx().settings;
    let input_run = input_total - input_startup;
    let input_tuples = input_tuples.max(2.0);
    let group_tuples = input_tuples / num_groups;
    let group_input_run = input_run / num_groups;
    let (group_startup, group_run) = tuplesort_cost(root, group_tuples, width, limit_tuples);
    let startup = group_startup + input_startup + group_input_run;
    let mut run = group_run
        + (group_run + group_startup) * (num_groups - 1.0)
        + group_input_run * (num_groups - 1.0);
    run += (s.cpu_tuple_cost + 2.0 * s.cpu_operator_cost) * input_tuples;
    run += 2.0 * s.cpu_tuple_cost * num_groups;
    Costs { startup, total: startup + run, rows: input_tuples, disabled: 0 }
}

/// Materialisation.
pub fn cost_material(
    root: &PlannerInfo<'_>,
    input_startup: f64,
    input_total: f64,
    tuples: f64,
    width: i32,
) -> Costs {
    let s = &root.cx().settings;
    let bytes = relation_byte_size(tuples, width);
    let mut run = input_total - input_startup + 2.0 * s.cpu_operator_cost * tuples;
    if bytes > s.work_mem * 1024.0 {
        run += s.seq_page_cost * (bytes / 8192.0).ceil();
    }
    Costs {
        startup: input_startup,
        total: input_startup + run,
        rows: tuples,
        disabled: i32::from(!s.enable_material),
    }
}

/// Append of paths in order (not parallel).
pub fn cost_append(paths: &[crate::path::PathRef], ordered: bool) -> Costs {
    let mut c = Costs::default();
    for (i, p) in paths.iter().enumerate() {
        if i == 0 {
            c.startup = p.startup_cost;
        }
        c.rows += p.rows;
        c.total += p.total_cost;
        c.disabled += p.disabled_nodes;
    }
    let _ = ordered;
    c
}

/// The cost of passing rows through an Append: half a tuple cost each.
pub const APPEND_CPU_COST_MULTIPLIER: f64 = 0.5;

/// Merge of sorted inputs.
pub fn cost_merge_append(
    root: &PlannerInfo<'_>,
    n_streams: f64,
    input_startup: f64,
    input_total: f64,
    tuples: f64,
) -> Costs {
    let s = &root.cx().settings;
    let n = n_streams.max(2.0);
    let log_n = log2(n);
    let comparison = 2.0 * s.cpu_operator_cost;
    let startup = comparison * n * log_n;
    let run = tuples * comparison * log_n + s.cpu_tuple_cost * APPEND_CPU_COST_MULTIPLIER * tuples;
    Costs {
        startup: startup + input_startup,
        total: startup + run + input_total,
        rows: tuples,
        disabled: 0,
    }
}

/// Costs of a query's aggregates.
#[derive(Clone, Copy, Debug, Default)]
pub struct AggClauseCosts {
    pub trans: Cost,
    pub fin: Cost,
    pub transition_space: f64,
}

/// Aggregation.
pub fn cost_agg(
    root: &PlannerInfo<'_>,
    strategy: AggStrategy,
    aggcosts: Option<&AggClauseCosts>,
    num_group_cols: usize,
    num_groups: f64,
    quals: &[nodes::Expr],
    disabled: i32,
    input_startup: f64,
    input_total: f64,
    input_tuples: f64,
    input_width: i32,
) -> Costs {
    let s = &root.cx().settings;
    let zero = AggClauseCosts::default();
    let agg = aggcosts.unwrap_or(&zero);
    let cols = num_group_cols as f64;
    let mut disabled = disabled;
    let (mut startup, mut total, mut rows);
    match strategy {
        AggStrategy::Plain => {
            startup = input_total
                + agg.trans.startup
                + agg.trans.per_tuple * input_tuples
                + agg.fin.startup
                + agg.fin.per_tuple;
            total = startup + s.cpu_tuple_cost;
            rows = 1.0;
        }
        AggStrategy::Sorted | AggStrategy::Mixed => {
            startup = input_startup;
            total = input_total;
            if strategy == AggStrategy::Mixed && !s.enable_hashagg {
                disabled += 1;
            }
            total += agg.trans.startup + agg.trans.per_tuple * input_tuples;
            total += s.cpu_operator_cost * cols * input_tuples;
            total += agg.fin.startup + agg.fin.per_tuple * num_groups;
            total += s.cpu_tuple_cost * num_groups;
            rows = num_groups;
        }
        AggStrategy::Hashed => {
            startup = input_total;
            if !s.enable_hashagg {
                disabled += 1;
            }
            startup += agg.trans.startup + agg.trans.per_tuple * input_tuples;
            startup += s.cpu_operator_cost * cols * input_tuples;
            startup += agg.fin.startup;
            total = startup + agg.fin.per_tuple * num_groups + s.cpu_tuple_cost * num_groups;
            rows = num_groups;
        }
    }
    // Spilling of a hash table that does not fit.
    if matches!(strategy, AggStrategy::Hashed | AggStrategy::Mixed) {
        let entry = hash_agg_entry_size(
            aggcosts.map_or(0, |_| root.agg_trans.len()),
            input_width,
            agg.transition_space,
        );
        let mem = s.hash_mem();
        let ngroups_limit = (mem / entry).max(1.0);
        let nbatches = ((num_groups * entry) / mem).max(num_groups / ngroups_limit);
        let nbatches = nbatches.ceil().max(1.0);
        let partitions = 32.0f64.min(nbatches.max(4.0)).max(4.0);
        let depth = if nbatches > 1.0 { (nbatches.ln() / partitions.ln()).ceil() } else { 0.0 };
        let pages = relation_byte_size(input_tuples, input_width) / 8192.0;
        let written = pages * depth * 2.0;
        let read = pages * depth * 2.0;
        startup += written * s.random_page_cost;
        total += written * s.random_page_cost + read * s.seq_page_cost;
        let spill = depth * input_tuples * 2.0 * s.cpu_tuple_cost;
        startup += spill;
        total += spill;
    }
    if !quals.is_empty() {
        let q = qual_cost(root.cx(), quals);
        startup += q.startup;
        total += q.startup + rows * q.per_tuple;
        let sel = crate::selectivity::exprs_selectivity(root, quals, 0);
        rows = clamp_row_est(rows * sel);
    }
    Costs { startup, total, rows, disabled }
}

/// Bytes of one entry of an aggregation hash table.
pub fn hash_agg_entry_size(num_trans: usize, width: i32, transition_space: f64) -> f64 {
    let tuple = maxalign(16.0) + maxalign(width as f64);
    let pergroup = num_trans as f64 * 16.0;
    24.0 + tuple + pergroup + transition_space + 16.0
}

/// Grouping of sorted input without aggregates.
pub fn cost_group(
    root: &PlannerInfo<'_>,
    num_cols: usize,
    num_groups: f64,
    quals: &[nodes::Expr],
    input_startup: f64,
    input_total: f64,
    input_tuples: f64,
) -> Costs {
    let s = &root.cx().settings;
    let mut startup = input_startup;
    let mut total = input_total + s.cpu_operator_cost * input_tuples * num_cols as f64;
    let mut rows = num_groups;
    if !quals.is_empty() {
        let q = qual_cost(root.cx(), quals);
        startup += q.startup;
        total += q.startup + rows * q.per_tuple;
        rows = clamp_row_est(rows * crate::selectivity::exprs_selectivity(root, quals, 0));
    }
    Costs { startup, total, rows, disabled: 0 }
}

/// Window aggregation.
pub fn cost_windowagg(
    root: &PlannerInfo<'_>,
    funcs: &[&nodes::WindowFunc],
    winclause: &nodes::WindowClause,
    startup_tuples: f64,
    input_startup: f64,
    input_total: f64,
    input_tuples: f64,
) -> Costs {
    let cx = root.cx();
    let s = &cx.settings;
    let mut startup = input_startup;
    let mut total = input_total;
    for f in funcs {
        let mut per = cx.func_cost(f.winfnoid) * s.cpu_operator_cost;
        let args = qual_cost(cx, &f.args);
        startup += args.startup;
        per += args.per_tuple;
        if let Some(filter) = &f.aggfilter {
            let c = expr_cost(cx, filter);
            startup += c.startup;
            per += c.per_tuple;
        }
        total += per * input_tuples;
    }
    let cols = (winclause.partition_clause.len() + winclause.order_clause.len()) as f64;
    total += s.cpu_operator_cost * cols * input_tuples;
    total += s.cpu_tuple_cost * input_tuples;
    if startup_tuples > 1.0 {
        startup += (total - startup) / input_tuples * (startup_tuples - 1.0);
    }
    Costs { startup, total, rows: input_tuples, disabled: 0 }
}

/// Memoize: costs of a rescan and expected entries.
pub fn cost_memoize_rescan(
    root: &PlannerInfo<'_>,
    input_startup: f64,
    input_total: f64,
    tuples: f64,
    width: i32,
    calls: f64,
    param_exprs: &[nodes::Expr],
) -> (f64, f64, u32) {
    let s = &root.cx().settings;
    let hash_mem = s.hash_mem();
    let entry_bytes = relation_byte_size(tuples, width) + 48.0 + 24.0 * param_exprs.len() as f64;
    let est_cache_entries = (hash_mem / entry_bytes).floor();
    let (mut ndistinct, is_default) =
        crate::selectivity::groups::estimate_num_groups_flagged(root, param_exprs, calls);
    if is_default {
        ndistinct = calls;
    }
    let est_entries = ndistinct.min(est_cache_entries).min(u32::MAX as f64).max(1.0) as u32;
    let evict_ratio = 1.0 - est_cache_entries.min(ndistinct) / ndistinct;
    let hit_ratio =
        ((calls - ndistinct) / calls) * (est_cache_entries / ndistinct.max(est_cache_entries));
    let hit_ratio = hit_ratio.clamp(0.0, 1.0);
    let mut total = input_total * (1.0 - hit_ratio) + s.cpu_operator_cost;
    total += s.cpu_tuple_cost * evict_ratio * tuples * 0.0 + s.cpu_tuple_cost * evict_ratio;
    total += s.cpu_operator_cost * evict_ratio * tuples;
    total += s.cpu_tuple_cost + s.cpu_operator_cost * tuples;
    let startup = input_startup * (1.0 - hit_ratio) + s.cpu_tuple_cost;
    (startup, total, est_entries)
}
