//! Costs of joins.
use super::*;
use crate::{
    path::*,
    root::*,
    selectivity::{self, JoinArgs},
};
use nodes::JoinType;
use std::rc::Rc;

/// What joins need to know beyond their inputs.
#[derive(Clone, Debug, Default)]
pub struct JoinExtra {
    pub restrictlist: Vec<Rc<RestrictInfo>>,
    pub mergeclauses: Vec<Rc<RestrictInfo>>,
    pub inner_unique: bool,
    pub sjinfo: Option<Rc<SpecialJoinInfo>>,
    /// For semi and anti joins: fraction of outer rows with a match, and matches each.
    pub outer_match_frac: f64,
    pub match_count: f64,
    pub param_source_rels: crate::relids::Relids,
}

/// Cost of scanning an inner path again: startup and total.
pub fn cost_rescan(root: &PlannerInfo<'_>, path: &Path) -> (f64, f64) {
    let s = &root.cx().settings;
    match &path.kind {
        PathKind::FunctionScan => (0.0, path.total_cost - path.startup_cost),
        PathKind::HashJoin { num_batches, .. } => {
            if *num_batches <= 1.0 {
                (0.0, path.total_cost - path.startup_cost)
            } else {
                (path.startup_cost, path.total_cost)
            }
        }
        PathKind::CteScan { .. } | PathKind::WorkTableScan { .. } => {
            let mut run = s.cpu_tuple_cost * path.rows;
            let bytes = relation_byte_size(path.rows, path.target.width);
            if bytes > s.work_mem * 1024.0 {
                run += s.seq_page_cost * (bytes / 8192.0).ceil();
            }
            (0.0, run)
        }
        PathKind::Material { .. } | PathKind::Sort { .. } => {
            let mut run = s.cpu_operator_cost * path.rows;
            let bytes = relation_byte_size(path.rows, path.target.width);
            if bytes > s.work_mem * 1024.0 {
                run += s.seq_page_cost * (bytes / 8192.0).ceil();
            }
            (0.0, run)
        }
        PathKind::Memoize { subpath, param_exprs, .. } => {
            let calls = MEMOIZE_CALLS.with(|c| c.get()).max(1.0);
            let (st, to, _) = cost_memoize_rescan(
                root,
                subpath.startup_cost,
                subpath.total_cost,
                subpath.rows,
                subpath.target.width,
                calls,
                param_exprs,
            );
            (st, to)
        }
        _ => (path.startup_cost, path.total_cost),
    }
}

thread_local! {
    /// Outer rows of the nested loop being costed, for Memoize below it.
    pub static MEMOIZE_CALLS: std::cell::Cell<f64> = const { std::cell::Cell::new(1.0) };
}

/// Preliminary (or full) cost of a join.
#[derive(Clone, Copy, Debug, Default)]
pub struct JoinWorkspace {
    pub startup: f64,
    pub total: f64,
    pub run: f64,
    pub disabled: i32,
    pub inner_run: f64,
    pub inner_rescan_run: f64,
    pub outer_rows: f64,
    pub inner_rows: f64,
    pub outer_skip: f64,
    pub inner_skip: f64,
    pub num_buckets: f64,
    pub num_batches: f64,
}

/// Lower bound of a nested loop's cost.
pub fn initial_cost_nestloop(
    root: &PlannerInfo<'_>,
    jointype: JoinType,
    outer: &Path,
    inner: &Path,
    extra: &JoinExtra,
) -> JoinWorkspace {
    let mut w = JoinWorkspace {
        disabled: outer.disabled_nodes
            + inner.disabled_nodes
            + i32::from(!root.cx().settings.enable_nestloop),
        ..Default::default()
    };
    MEMOIZE_CALLS.with(|c| c.set(outer.rows));
    let (rescan_start, rescan_total) = cost_rescan(root, inner);
    let outer_rows = outer.rows;
    w.startup = outer.startup_cost + inner.startup_cost;
    w.run = outer.total_cost - outer.startup_cost;
    if outer_rows > 1.0 {
        w.run += (outer_rows - 1.0) * rescan_start;
    }
    let inner_run = inner.total_cost - inner.startup_cost;
    let rescan_run = rescan_total - rescan_start;
    if matches!(jointype, JoinType::Semi | JoinType::Anti) || extra.inner_unique {
        // The inner side may stop early; counted later.
        w.inner_run = inner_run;
        w.inner_rescan_run = rescan_run;
    } else {
        w.run += inner_run;
        if outer_rows > 1.0 {
            w.run += (outer_rows - 1.0) * rescan_run;
        }
    }
    w.total = w.startup + w.run;
    w
}

/// Whether the inner path's parameters are all index conditions, so that a failing lookup is cheap.
fn has_indexed_join_quals(
    inner: &Path,
    restrict: &[Rc<RestrictInfo>],
    inner_rel: &crate::relids::Relids,
) -> bool {
    let PathKind::Index(ip) = &inner.kind else { return false };
    let mut found = false;
    for r in restrict {
        let pushed = inner.param.as_ref().is_some_and(|p| p.serials.contains(&r.serial));
        if !pushed
            && !crate::init::restrict_info::join_clause_is_movable_into(
                r,
                inner_rel,
                &inner_rel.union(&inner.req_outer()),
            )
        {
            return false;
        }
        if !ip.clauses.iter().any(|c| crate::init::equivclass::is_redundant_with(r, &c.rinfo)) {
            return false;
        }
        found = true;
    }
    found
}

/// Final cost of a nested loop: startup, total.
pub fn final_cost_nestloop(
    root: &PlannerInfo<'_>,
    join: &JoinPath,
    rows: f64,
    target: &PathTarget,
    w: &JoinWorkspace,
    extra: &JoinExtra,
) -> (f64, f64) {
    let s = &root.cx().settings;
    let (outer, inner) = (&join.outer, &join.inner);
    let outer_rows = outer.rows.max(1.0);
    let inner_rows = inner.rows.max(1.0);
    let (mut startup, mut run) = (w.startup, w.run);
    let ntuples;
    if matches!(join.jointype, JoinType::Semi | JoinType::Anti) || extra.inner_unique {
        let matched = (outer_rows * extra.outer_match_frac).round();
        let unmatched = outer_rows - matched;
        let inner_scan_frac = 2.0 / (extra.match_count + 1.0);
        let inner_relids = &root.rels[inner.parent].relids;
        let nt;
        if has_indexed_join_quals(inner, &join.restrict, inner_relids) {
            nt = matched * inner_rows * inner_scan_frac;
            run += w.inner_run * inner_scan_frac;
            if matched > 1.0 {
                run += (matched - 1.0) * w.inner_rescan_run * inner_scan_frac;
            }
            run += unmatched * w.inner_rescan_run / inner_rows;
        } else {
            nt = matched * inner_rows * inner_scan_frac + unmatched * inner_rows;
            run += w.inner_run;
            let mut unmatched_runs = unmatched;
            if unmatched_runs >= 1.0 {
                unmatched_runs -= 1.0;
                if matched > 0.0 {
                    run += matched * w.inner_rescan_run * inner_scan_frac;
                }
            } else if matched > 1.0 {
                run += (matched - 1.0) * w.inner_rescan_run * inner_scan_frac;
            }
            if unmatched_runs > 0.0 {
                run += unmatched_runs * w.inner_rescan_run;
            }
        }
        ntuples = nt;
    } else {
        ntuples = outer_rows * inner_rows;
    }
    let q = cost_qual_eval(root.cx(), &join.restrict);
    startup += q.startup;
    run += (s.cpu_tuple_cost + q.per_tuple) * ntuples;
    startup += target.cost.startup;
    run += target.cost.per_tuple * rows;
    (startup, startup + run)
}

/// Lower bound of a merge join's cost.
pub fn initial_cost_mergejoin(
    root: &PlannerInfo<'_>,
    jointype: JoinType,
    mergeclauses: &[Rc<RestrictInfo>],
    outer: &Path,
    inner: &Path,
    outersort: &[PathKey],
    innersort: &[PathKey],
    outer_presorted: usize,
) -> JoinWorkspace {
    let st = &root.cx().settings;
    let outer_rows = outer.rows.max(1.0);
    let inner_rows = inner.rows.max(1.0);
    let (mut os, mut oe, mut is, mut ie) = (0.0, 1.0, 0.0, 1.0);
    if jointype != JoinType::Full {
        if let Some(first) = mergeclauses.first() {
            let (ls, le, rs, re) = selectivity::join::mergejoin_scan_sel(root, first);
            let outer_relids = &root.rels[outer.parent].relids;
            if first.left_relids.is_subset(outer_relids) {
                (os, oe, is, ie) = (ls, le, rs, re);
            } else {
                (os, oe, is, ie) = (rs, re, ls, le);
            }
            if matches!(jointype, JoinType::Left | JoinType::Anti) {
                os = 0.0;
                oe = 1.0;
            } else if matches!(jointype, JoinType::Right | JoinType::RightAnti) {
                is = 0.0;
                ie = 1.0;
            }
        }
    }
    let outer_skip = (outer_rows * os).round();
    let inner_skip = (inner_rows * is).round();
    let outer_used = clamp_row_est(outer_rows * oe);
    let inner_used = clamp_row_est(inner_rows * ie);
    let (os, is) = (outer_skip / outer_rows, inner_skip / inner_rows);
    let (oe, ie) = (outer_used / outer_rows, inner_used / inner_rows);
    let mut w = JoinWorkspace { disabled: i32::from(!st.enable_mergejoin), ..Default::default() };
    let side = |path: &Path, sort: &[PathKey], presorted: usize, ss: f64, es: f64| {
        if sort.is_empty() {
            let run = path.total_cost - path.startup_cost;
            (path.disabled_nodes, path.startup_cost + run * ss, run * (es - ss))
        } else {
            let c = if presorted > 0 && st.enable_incremental_sort {
                let groups = incremental_groups(root, path, sort, presorted);
                let mut c = cost_incremental_sort(
                    root,
                    path.startup_cost,
                    path.total_cost,
                    path.rows,
                    groups,
                    path.target.width,
                    -1.0,
                );
                c.disabled = path.disabled_nodes;
                c
            } else {
                let mut c = cost_sort(root, path.total_cost, path.rows, path.target.width, -1.0);
                c.disabled += path.disabled_nodes;
                c
            };
            let run = c.total - c.startup;
            (c.disabled, c.startup + run * ss, run * (es - ss))
        }
    };
    let (d, st_o, run_o) = side(outer, outersort, outer_presorted, os, oe);
    w.disabled += d;
    w.startup += st_o;
    w.run += run_o;
    let (d, st_i, run_i) = side(inner, innersort, 0, is, ie);
    w.disabled += d;
    w.startup += st_i;
    w.inner_run = run_i;
    w.outer_rows = outer_used;
    w.inner_rows = inner_used;
    w.outer_skip = outer_skip;
    w.inner_skip = inner_skip;
    w.total = w.startup + w.run + w.inner_run;
    w
}

/// Groups of equal presorted keys in an input.
pub fn incremental_groups(
    root: &PlannerInfo<'_>,
    path: &Path,
    keys: &[PathKey],
    presorted: usize,
) -> f64 {
    let exprs = crate::pathkeys::pathkey_exprs(root, &keys[..presorted]);
    match exprs {
        Some(exprs) => {
            let (n, flagged) =
                selectivity::groups::estimate_num_groups_flagged(root, &exprs, path.rows);
            if flagged && exprs.iter().any(crate::clauses::contain_vars) {
                n.min(path.rows * 0.005).max(1.0).max(n.min(200.0)).min(path.rows.max(1.0))
            } else {
                n
            }
        }
        None => path.rows.clamp(1.0, 200.0),
    }
}

/// Final cost of a merge join: startup, total, materialize the inner side, skip mark/restore.
pub fn final_cost_mergejoin(
    root: &PlannerInfo<'_>,
    join: &JoinPath,
    mergeclauses: &[Rc<RestrictInfo>],
    innersort: &[PathKey],
    rows: f64,
    target: &PathTarget,
    w: &JoinWorkspace,
    extra: &JoinExtra,
) -> (f64, f64, bool, bool) {
    let s = &root.cx().settings;
    let cx = root.cx();
    let (outer, inner) = (&join.outer, &join.inner);
    let inner_path_rows = inner.rows.max(1.0);
    let mut startup = w.startup;
    let mut run = w.run;
    let merge_cost = cost_qual_eval(cx, mergeclauses);
    let mut qp_cost = cost_qual_eval(cx, &join.restrict);
    qp_cost.startup -= merge_cost.startup;
    qp_cost.per_tuple -= merge_cost.per_tuple;
    let skip_mark = (matches!(join.jointype, JoinType::Semi | JoinType::Anti)
        || extra.inner_unique)
        && join.restrict.len() == mergeclauses.len();
    let mergejointuples =
        selectivity::join::approx_tuple_count(root, join.outer.rows, join.inner.rows, mergeclauses);
    let rescanned = if matches!(outer.kind, PathKind::Unique { .. }) || skip_mark {
        0.0
    } else {
        (mergejointuples - inner_path_rows).max(0.0)
    };
    let rescan_ratio = 1.0 + rescanned / inner_path_rows;
    let bare = w.inner_run * rescan_ratio;
    let mat = w.inner_run + s.cpu_operator_cost * w.inner_rows * rescan_ratio;
    let materialize = if skip_mark {
        false
    } else if s.enable_material && mat < bare
        || innersort.is_empty() && !supports_mark_restore(inner)
    {
        true
    } else {
        s.enable_material
            && !innersort.is_empty()
            && relation_byte_size(inner_path_rows, inner.target.width) > s.work_mem * 1024.0
    };
    run += if materialize { mat } else { bare };
    startup += merge_cost.startup;
    startup += merge_cost.per_tuple * (w.outer_skip + w.inner_skip * rescan_ratio);
    run += merge_cost.per_tuple
        * ((w.outer_rows - w.outer_skip) + (w.inner_rows - w.inner_skip) * rescan_ratio);
    startup += qp_cost.startup;
    run += (s.cpu_tuple_cost + qp_cost.per_tuple) * mergejointuples;
    startup += target.cost.startup;
    run += target.cost.per_tuple * rows;
    (startup, startup + run, materialize, skip_mark)
}

fn supports_mark_restore(path: &Path) -> bool {
    match &path.kind {
        PathKind::Index(i) => i.index.amhasgettuple && i.index.am == crate::lsyscache::am::BTREE,
        PathKind::Material { .. } | PathKind::Sort { .. } => true,
        _ => false,
    }
}

/// Buckets and batches of a hash table.
pub fn choose_hash_table_size(root: &PlannerInfo<'_>, tuples: f64, width: i32) -> (f64, f64) {
    let tuples = if tuples <= 0.0 { 1000.0 } else { tuples };
    let tupsize = 16.0 + maxalign(16.0) + maxalign(width as f64);
    let inner_bytes = tuples * tupsize;
    let mut mem = root.cx().settings.hash_mem();
    // Room for most common values.
    mem -= mem * 0.02;
    let mut max_pointers = (mem / 8.0).min(134_217_727.0 / 8.0 * 8.0);
    max_pointers = 2f64.powf(max_pointers.log2().floor());
    let dbuckets = tuples.ceil().min(max_pointers);
    let nbuckets = 2f64.powf(dbuckets.max(1024.0).log2().ceil());
    let bucket_bytes = 8.0 * nbuckets;
    if inner_bytes + bucket_bytes <= mem {
        return (nbuckets, 1.0);
    }
    let bucket_size = tupsize + 8.0;
    let sbuckets = 2f64.powf((mem / bucket_size).log2().ceil()).min(max_pointers);
    let bucket_bytes = sbuckets * 8.0;
    let dbatch = (inner_bytes / (mem - bucket_bytes).max(1.0)).ceil();
    (sbuckets, 2f64.powf(dbatch.max(2.0).log2().ceil()))
}

/// Lower bound of a hash join's cost.
pub fn initial_cost_hashjoin(
    root: &PlannerInfo<'_>,
    hashclauses: &[Rc<RestrictInfo>],
    outer: &Path,
    inner: &Path,
) -> JoinWorkspace {
    let s = &root.cx().settings;
    let n = hashclauses.len() as f64;
    let mut w = JoinWorkspace {
        disabled: outer.disabled_nodes + inner.disabled_nodes + i32::from(!s.enable_hashjoin),
        ..Default::default()
    };
    w.startup = outer.startup_cost + inner.total_cost;
    w.run = outer.total_cost - outer.startup_cost;
    w.startup += (s.cpu_operator_cost * n + s.cpu_tuple_cost) * inner.rows;
    w.run += s.cpu_operator_cost * n * outer.rows;
    let (buckets, batches) = choose_hash_table_size(root, inner.rows, inner.target.width);
    if batches > 1.0 {
        let outer_pages = page_size(outer.rows, outer.target.width);
        let inner_pages = page_size(inner.rows, inner.target.width);
        w.startup += s.seq_page_cost * inner_pages;
        w.run += s.seq_page_cost * (inner_pages + 2.0 * outer_pages);
    }
    w.total = w.startup + w.run;
    w.num_buckets = buckets;
    w.num_batches = batches;
    w
}

/// Final cost of a hash join: startup, total, disabled.
pub fn final_cost_hashjoin(
    root: &PlannerInfo<'_>,
    join: &JoinPath,
    hashclauses: &[Rc<RestrictInfo>],
    rows: f64,
    target: &PathTarget,
    w: &JoinWorkspace,
    extra: &JoinExtra,
) -> (f64, f64, i32) {
    let s = &root.cx().settings;
    let cx = root.cx();
    let (outer, inner) = (&join.outer, &join.inner);
    let mut disabled = w.disabled;
    let (mut startup, mut run) = (w.startup, w.run);
    let virtual_buckets = w.num_buckets * w.num_batches;
    let (mut bucketsize, mut mcvfreq) = (1.0f64, 1.0f64);
    if matches!(inner.kind, PathKind::Unique { .. }) {
        bucketsize = 1.0 / virtual_buckets;
        mcvfreq = 0.0;
    } else {
        let inner_relids = &root.rels[inner.parent].relids;
        for clause in hashclauses {
            let inner_is_right = clause.right_relids.is_subset(inner_relids);
            let (b, m) =
                selectivity::join::bucket_stats(root, clause, inner_is_right, virtual_buckets);
            bucketsize = bucketsize.min(b);
            mcvfreq = mcvfreq.min(m);
        }
    }
    // A bucket that would not fit in memory speaks against hashing.
    if relation_byte_size(clamp_row_est(inner.rows * mcvfreq), inner.target.width) > s.hash_mem() {
        disabled += 1;
    }
    let hash_cost = cost_qual_eval(cx, hashclauses);
    let mut qp_cost = cost_qual_eval(cx, &join.restrict);
    qp_cost.startup -= hash_cost.startup;
    qp_cost.per_tuple -= hash_cost.per_tuple;
    startup += hash_cost.startup;
    let hashjointuples =
        if matches!(join.jointype, JoinType::Semi | JoinType::Anti) || extra.inner_unique {
            let matched = (outer.rows * extra.outer_match_frac).round();
            let inner_scan_frac = 2.0 / (extra.match_count + 1.0);
            run += hash_cost.per_tuple
                * matched
                * clamp_row_est(inner.rows * bucketsize * inner_scan_frac)
                * 0.5;
            run += hash_cost.per_tuple
                * (outer.rows - matched)
                * clamp_row_est(inner.rows / virtual_buckets)
                * 0.05;
            if join.jointype == JoinType::Anti { outer.rows - matched } else { matched }
        } else {
            run += hash_cost.per_tuple * outer.rows * clamp_row_est(inner.rows * bucketsize) * 0.5;
            selectivity::join::approx_tuple_count(root, outer.rows, inner.rows, hashclauses)
        };
    startup += qp_cost.startup;
    run += (s.cpu_tuple_cost + qp_cost.per_tuple) * hashjointuples;
    startup += target.cost.startup;
    run += target.cost.per_tuple * rows;
    (startup, startup + run, disabled)
}

/// Sizes a join would have: rows.
pub fn calc_joinrel_size(
    root: &PlannerInfo<'_>,
    outer_rel: &RelOptInfo<'_>,
    inner_rel: &RelOptInfo<'_>,
    join_relids: &crate::relids::Relids,
    outer_rows: f64,
    inner_rows: f64,
    sjinfo: Option<&Rc<SpecialJoinInfo>>,
    restrict: &[Rc<RestrictInfo>],
) -> f64 {
    let jointype = sjinfo.map_or(JoinType::Inner, |s| s.jointype);
    let args = sjinfo.map(|s| JoinArgs { sjinfo: s.clone() });
    // A whole foreign key matched by join clauses: each row finds its one partner.
    let (fkselec, restrict) = selectivity::join::foreign_key_selectivity(
        root,
        &outer_rel.relids,
        &inner_rel.relids,
        jointype,
        restrict,
    );
    let restrict = &restrict[..];
    let (jselec, pselec);
    if matches!(jointype, JoinType::Left | JoinType::Full | JoinType::Anti) {
        let (mut own, mut pushed) = (Vec::new(), Vec::new());
        for r in restrict {
            if r.is_pushed_down_at(join_relids) { &mut pushed } else { &mut own }.push(r.clone());
        }
        jselec = selectivity::clauselist_selectivity(root, &own, 0, jointype, args.as_ref());
        pselec = selectivity::clauselist_selectivity(root, &pushed, 0, jointype, args.as_ref());
    } else {
        jselec = selectivity::clauselist_selectivity(root, restrict, 0, jointype, args.as_ref());
        pselec = 1.0;
    }
    let rows = match jointype {
        JoinType::Left => {
            let n = outer_rows * inner_rows * fkselec * jselec;
            n.max(outer_rows) * pselec
        }
        JoinType::Full => {
            let n = outer_rows * inner_rows * fkselec * jselec;
            n.max(outer_rows).max(inner_rows) * pselec
        }
        JoinType::Semi => outer_rows * fkselec * jselec,
        JoinType::Anti => outer_rows * (1.0 - fkselec * jselec) * pselec,
        _ => outer_rows * inner_rows * fkselec * jselec,
    };
    clamp_row_est(rows)
}
