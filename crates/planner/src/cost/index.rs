//! Costs of index scans: the access method's part and the heap's part.
use super::*;
use crate::{lsyscache::am, path::*, root::*, selectivity};
use nodes::{Expr, JoinType};
use std::rc::Rc;

/// What the access method says of a scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct AmCost {
    pub startup: f64,
    pub total: f64,
    pub selectivity: f64,
    pub correlation: f64,
}

/// Cost of an index scan; fills in the path's index part.
pub fn cost_index(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    path: &mut IndexPath,
    param: Option<&ParamPathInfo>,
    loop_count: f64,
) -> Costs {
    let s = &root.cx().settings;
    let index = path.index.clone();
    let mut disabled = 0;
    let (rows, qpquals): (f64, Vec<Rc<RestrictInfo>>) = match param {
        Some(p) => {
            let all: Vec<_> =
                index.indrestrictinfo.borrow().iter().chain(&p.clauses).cloned().collect();
            (p.rows, remaining_quals(&all, &path.clauses))
        }
        None => (rel.rows, remaining_quals(&index.indrestrictinfo.borrow(), &path.clauses)),
    };
    if path.index_only {
        if !s.enable_indexonlyscan {
            disabled = 1;
        }
    } else if !s.enable_indexscan {
        disabled = 1;
    }
    let amc = am_cost_estimate(root, rel, path, loop_count);
    path.index_total_cost = amc.total;
    path.index_selectivity = amc.selectivity;
    let mut startup = amc.startup;
    let mut run = amc.total - amc.startup;
    let fetched = clamp_row_est(amc.selectivity * rel.tuples);
    let visible = |pages: f64| {
        if path.index_only { (pages * (1.0 - rel.allvisfrac)).ceil() } else { pages }
    };
    let (min_io, max_io);
    if loop_count > 1.0 {
        let pages =
            visible(index_pages_fetched(root, fetched * loop_count, rel.pages, index.pages));
        max_io = pages * s.random_page_cost / loop_count;
        let pages = (amc.selectivity * rel.pages).ceil();
        let pages = visible(index_pages_fetched(root, pages * loop_count, rel.pages, index.pages));
        min_io = pages * s.random_page_cost / loop_count;
    } else {
        let pages = visible(index_pages_fetched(root, fetched, rel.pages, index.pages));
        max_io = pages * s.random_page_cost;
        let pages = visible((amc.selectivity * rel.pages).ceil());
        min_io = if pages > 0.0 {
            s.random_page_cost + if pages > 1.0 { (pages - 1.0) * s.seq_page_cost } else { 0.0 }
        } else {
            0.0
        };
    }
    let csquared = amc.correlation * amc.correlation;
    run += max_io + csquared * (min_io - max_io);
    let qual = cost_qual_eval(root.cx(), &qpquals);
    startup += qual.startup;
    let per_tuple = s.cpu_tuple_cost + qual.per_tuple;
    run += per_tuple * fetched;
    startup += rel.reltarget.cost.startup;
    run += rel.reltarget.cost.per_tuple * rows;
    Costs { startup, total: startup + run, rows, disabled }
}

fn remaining_quals(all: &[Rc<RestrictInfo>], clauses: &[IndexClause]) -> Vec<Rc<RestrictInfo>> {
    all.iter()
        .filter(|r| {
            !r.pseudoconstant
                && !clauses
                    .iter()
                    .any(|c| !c.lossy && crate::init::equivclass::is_redundant_with(r, &c.rinfo))
        })
        .cloned()
        .collect()
}

fn generic_estimate(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    path: &IndexPath,
    loop_count: f64,
    num_index_tuples: Option<f64>,
    num_sa_scans: f64,
) -> (AmCost, f64) {
    let s = &root.cx().settings;
    let index = &path.index;
    let quals: Vec<Rc<RestrictInfo>> = path.clauses.iter().map(|c| c.rinfo.clone()).collect();
    let selec_quals = add_predicate_quals(root, index, &quals);
    let selectivity =
        selectivity::clauselist_selectivity(root, &selec_quals, index.relid, JoinType::Inner, None);
    let mut tuples = match num_index_tuples {
        Some(n) if n > 0.0 => n,
        _ => {
            // An equality with a list is that many scans.
            (selectivity * rel.tuples / num_sa_scans).round()
        }
    };
    tuples = tuples.min(index.tuples).max(1.0);
    let pages = if index.pages > 1.0 && index.tuples > 1.0 {
        (tuples * index.pages / index.tuples).ceil()
    } else {
        1.0
    };
    let num_scans = num_sa_scans * loop_count;
    let io = if num_scans > 1.0 {
        let fetched = index_pages_fetched(root, pages * num_scans, index.pages, index.pages);
        fetched * s.random_page_cost / loop_count
    } else {
        pages * s.random_page_cost
    };
    let arg_cost: Cost = {
        let mut c = Cost::default();
        for clause in &path.clauses {
            for q in &clause.quals {
                c.add(index_arg_cost(root, q));
            }
        }
        for o in &path.orderbys {
            c.add(index_arg_cost(root, o));
        }
        c
    };
    let startup = arg_cost.startup + arg_cost.per_tuple;
    let op_cost = s.cpu_operator_cost
        * (path.clauses.iter().map(|c| c.quals.len()).sum::<usize>() + path.orderbys.len()) as f64;
    let total = io + startup + tuples * num_sa_scans * (s.cpu_index_tuple_cost + op_cost);
    (AmCost { startup, total, selectivity, correlation: 0.0 }, num_scans)
}

/// Cost of computing the comparison value of an index condition.
fn index_arg_cost(root: &PlannerInfo<'_>, qual: &Expr) -> Cost {
    let other = match qual {
        Expr::OpExpr(o) => o.args.get(1),
        Expr::ScalarArrayOpExpr(s) => Some(&s.args[1]),
        Expr::RowCompareExpr(r) => {
            return qual_cost(root.cx(), &r.rargs);
        }
        _ => None,
    };
    other.map_or(Cost::default(), |e| expr_cost(root.cx(), e))
}

/// A partial index's predicate counts as a clause unless the clauses imply it.
fn add_predicate_quals(
    root: &PlannerInfo<'_>,
    index: &IndexOptInfo,
    quals: &[Rc<RestrictInfo>],
) -> Vec<Rc<RestrictInfo>> {
    let mut all = quals.to_vec();
    let given: Vec<Expr> = quals.iter().map(|q| q.clause.clone()).collect();
    for p in &index.predicate {
        if !crate::predicate::predicate_implied_by(
            root.cx(),
            std::slice::from_ref(p),
            &given,
            false,
        ) {
            let how = crate::init::restrict_info::ClauseContext {
                is_pushed_down: true,
                ..Default::default()
            };
            all.push(crate::init::restrict_info::make_restrictinfo(root, p.clone(), &how));
        }
    }
    all
}

fn am_cost_estimate(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    path: &IndexPath,
    loop_count: f64,
) -> AmCost {
    match path.index.am {
        am::BTREE => btree_cost(root, rel, path, loop_count),
        am::HASH => generic_estimate(root, rel, path, loop_count, None, 1.0).0,
        am::GIN => gin_cost(root, rel, path, loop_count),
        am::BRIN => brin_cost(root, rel, path, loop_count),
        _ => {
            let (mut c, _) = generic_estimate(root, rel, path, loop_count, None, 1.0);
            let s = &root.cx().settings;
            // gist, spgist: descent through a tree of the index's height.
            let height = if path.index.pages > 1.0 {
                (path.index.pages.ln() / 100f64.ln()).floor()
            } else {
                0.0
            };
            if path.index.tuples > 1.0 {
                let descent = path.index.tuples.log2().ceil() * s.cpu_operator_cost;
                c.startup += descent;
                c.total += descent;
            }
            let descent = (height + 1.0) * 50.0 * s.cpu_operator_cost;
            c.startup += descent;
            c.total += descent;
            c
        }
    }
}

fn btree_cost(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    path: &IndexPath,
    loop_count: f64,
) -> AmCost {
    let s = &root.cx().settings;
    let cx = root.cx();
    let index = &path.index;
    // Which clauses bound the scanned range: those on a prefix of columns with equality, then one more.
    let mut bound_quals: Vec<Rc<RestrictInfo>> = Vec::new();
    let mut indexcol = 0usize;
    let mut eq_here = false;
    let mut found_row_compare = false;
    let mut found_array = false;
    let mut found_is_null = false;
    let mut num_sa_scans = 1.0f64;
    let mut skip_scans = 1.0f64;
    let mut bound_done = false;
    for clause in &path.clauses {
        if bound_done || found_row_compare {
            break;
        }
        if clause.indexcol > indexcol {
            let mut stop = false;
            while indexcol < clause.indexcol {
                if !eq_here {
                    // A gap: a skip scan looks at each distinct value of the missing column.
                    let ndistinct = skip_distinct(root, rel, index, indexcol);
                    match ndistinct {
                        Some(nd) if skip_scans * nd <= index.tuples.max(1.0) / 4.0 || nd <= 2.0 => {
                            skip_scans *= nd.max(1.0);
                        }
                        _ => {
                            stop = true;
                            break;
                        }
                    }
                }
                indexcol += 1;
                eq_here = false;
            }
            if stop {
                bound_done = true;
                continue;
            }
            indexcol = clause.indexcol;
            eq_here = false;
        }
        for q in &clause.quals {
            match q {
                Expr::OpExpr(o) => {
                    if let Some((strategy, ..)) =
                        cx.op_strategy(o.opno, index.opfamily[clause.indexcol])
                    {
                        eq_here |= strategy == crate::lsyscache::bt::EQUAL;
                    }
                }
                Expr::RowCompareExpr(_) => found_row_compare = true,
                Expr::ScalarArrayOpExpr(x) => {
                    found_array = true;
                    let n = expr_cost::estimate_array_length(&x.args[1]);
                    if n > 1.0 {
                        num_sa_scans *= n;
                    }
                    if let Some((strategy, ..)) =
                        cx.op_strategy(x.opno, index.opfamily[clause.indexcol])
                    {
                        eq_here |= strategy == crate::lsyscache::bt::EQUAL;
                    }
                }
                Expr::NullTest(n) if n.is_null => {
                    found_is_null = true;
                    eq_here = true;
                }
                _ => {}
            }
        }
        bound_quals.push(clause.rinfo.clone());
    }
    let unique_hit = index.unique
        && eq_here
        && indexcol == index.nkeycolumns - 1
        && !found_array
        && !found_is_null
        && skip_scans <= 1.0;
    let num_index_tuples = if unique_hit {
        1.0
    } else {
        let quals = add_predicate_quals(root, index, &bound_quals);
        let sel =
            selectivity::clauselist_selectivity(root, &quals, index.relid, JoinType::Inner, None);
        let n = (sel * rel.tuples / num_sa_scans).round();
        // A list cannot need more scans than a third of the index has pages.
        n
    };
    num_sa_scans = num_sa_scans.min((index.pages * 0.3333333).ceil()).max(1.0);
    num_sa_scans *= skip_scans.min((index.pages * 0.3333333).ceil().max(1.0));
    num_sa_scans = num_sa_scans.max(1.0);
    let (mut c, _) =
        generic_estimate(root, rel, path, loop_count, Some(num_index_tuples), num_sa_scans);
    // Descent of the tree, in comparisons and pages.
    if index.tuples > 1.0 {
        let descent = index.tuples.log2().ceil() * s.cpu_operator_cost;
        c.startup += descent;
        c.total += num_sa_scans * descent;
    }
    let descent = (index.tree_height as f64 + 1.0) * 50.0 * s.cpu_operator_cost;
    c.startup += descent;
    c.total += num_sa_scans * descent;
    c.correlation = btree_correlation(root, rel, index);
    c
}

fn btree_correlation(root: &PlannerInfo<'_>, rel: &RelOptInfo<'_>, index: &IndexOptInfo) -> f64 {
    let attno = index.indexkeys.first().copied().unwrap_or(0);
    let Some(desc) = rel.desc.as_ref().filter(|_| attno != 0) else { return 0.0 };
    let Ok(Some(stat)) = root.cx().catalog.statistic(desc.oid, attno, false) else { return 0.0 };
    let Some(slot) = stat.slots.iter().find(|s| s.kind == 3) else { return 0.0 };
    let mut corr = slot.numbers.first().copied().unwrap_or(0.0) as f64;
    if index.reverse_sort.first().copied().unwrap_or(false) {
        corr = -corr;
    }
    if index.nkeycolumns > 1 { corr * 0.75 } else { corr }
}

/// Distinct values of an index column without a condition, where statistics know them.
fn skip_distinct(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    index: &IndexOptInfo,
    col: usize,
) -> Option<f64> {
    let attno = index.indexkeys.get(col).copied().filter(|a| *a != 0)?;
    let desc = rel.desc.as_ref()?;
    root.cx().catalog.statistic(desc.oid, attno, false).ok()??;
    let expr = index.columns.get(col)?;
    Some(selectivity::stats::num_distinct(root, expr).0)
}

fn gin_cost(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    path: &IndexPath,
    loop_count: f64,
) -> AmCost {
    let s = &root.cx().settings;
    let index = &path.index;
    let quals: Vec<Rc<RestrictInfo>> = path.clauses.iter().map(|c| c.rinfo.clone()).collect();
    let quals = add_predicate_quals(root, index, &quals);
    let selectivity =
        selectivity::clauselist_selectivity(root, &quals, index.relid, JoinType::Inner, None);
    // Entry pages as if nothing is known of the index's inside: one tenth data, the rest entries.
    let pages = index.pages.max(10.0);
    let entry_pages = (pages * 0.90).floor();
    let data_pages = pages - entry_pages;
    let entries = (pages * 100.0).max(1.0);
    let scans = path.clauses.len().max(1) as f64;
    let outer = loop_count.max(1.0);
    let mut entry_fetched = entry_pages.powf(0.15).ceil() * scans;
    let mut data_fetched = (data_pages * scans / entries).ceil();
    let by_selectivity = (selectivity * index.tuples / (8192.0 / 3.0)).ceil();
    data_fetched = data_fetched.max(by_selectivity);
    let _ = rel;
    if outer > 1.0 {
        entry_fetched =
            index_pages_fetched(root, entry_fetched * outer, entry_pages, entry_pages) / outer;
        data_fetched =
            index_pages_fetched(root, data_fetched * outer, data_pages, data_pages) / outer;
    }
    let mut startup = (entry_fetched + data_fetched.min(1.0)) * s.random_page_cost;
    let descent = if entries > 1.0 { entries.log2().ceil() * s.cpu_operator_cost } else { 0.0 };
    startup += descent * scans;
    startup += (2.0 + 1.0) * 50.0 * s.cpu_operator_cost * scans;
    let mut total = startup + data_fetched * s.random_page_cost;
    total += index.tuples * selectivity * s.cpu_index_tuple_cost;
    AmCost { startup, total, selectivity, correlation: 0.0 }
}

fn brin_cost(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    path: &IndexPath,
    _loop_count: f64,
) -> AmCost {
    let s = &root.cx().settings;
    let index = &path.index;
    let quals: Vec<Rc<RestrictInfo>> = path.clauses.iter().map(|c| c.rinfo.clone()).collect();
    let qual_sel =
        selectivity::clauselist_selectivity(root, &quals, index.relid, JoinType::Inner, None);
    let ranges = (rel.pages / 128.0).ceil().max(1.0);
    let min_ranges = (ranges * qual_sel).ceil();
    let corr = btree_correlation(root, rel, index).abs();
    let est = if corr < 1.0e-10 { ranges } else { (min_ranges / corr).min(ranges) };
    let sel = (est / ranges).clamp(0.0, 1.0);
    let startup = s.seq_page_cost;
    let total = startup
        + s.random_page_cost * (index.pages - 1.0).max(0.0)
        + 0.1 * s.cpu_operator_cost * est * 128.0;
    AmCost { startup, total, selectivity: sel, correlation: 0.0 }
}

/// Cost and selectivity of a bitmap tree.
pub fn cost_bitmap_tree(qual: &BitmapQual) -> (f64, f64) {
    match qual {
        BitmapQual::Index(p) => match &p.kind {
            PathKind::Index(i) => {
                // A little is added so that a bitmap never seems free of maintenance.
                (i.index_total_cost + 0.1 * 0.0025 * p.rows, i.index_selectivity)
            }
            _ => (p.total_cost, 1.0),
        },
        BitmapQual::And { cost, selectivity, .. } | BitmapQual::Or { cost, selectivity, .. } => {
            (*cost, *selectivity)
        }
    }
}

/// ANDed bitmaps.
pub fn cost_bitmap_and(root: &PlannerInfo<'_>, quals: Vec<BitmapQual>) -> BitmapQual {
    let s = &root.cx().settings;
    let (mut total, mut sel) = (0.0, 1.0);
    for (i, q) in quals.iter().enumerate() {
        let (c, x) = cost_bitmap_tree(q);
        sel *= x;
        total += c;
        if i > 0 {
            total += 100.0 * s.cpu_operator_cost;
        }
    }
    BitmapQual::And { quals, cost: total, selectivity: sel }
}

/// ORed bitmaps.
pub fn cost_bitmap_or(root: &PlannerInfo<'_>, quals: Vec<BitmapQual>) -> BitmapQual {
    let s = &root.cx().settings;
    let (mut total, mut sel) = (0.0, 0.0);
    for (i, q) in quals.iter().enumerate() {
        let (c, x) = cost_bitmap_tree(q);
        sel += x;
        total += c;
        if i > 0 && !matches!(q, BitmapQual::Index(_)) {
            total += 100.0 * s.cpu_operator_cost;
        }
    }
    BitmapQual::Or { quals, cost: total, selectivity: f64::min(sel, 1.0) }
}

/// Pages and tuples that a bitmap heap scan fetches, with the bitmap's own cost.
fn bitmap_pages(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    qual: &BitmapQual,
    loop_count: f64,
) -> (f64, f64, f64) {
    let (index_cost, selectivity) = cost_bitmap_tree(qual);
    let mut tuples = clamp_row_est(selectivity * rel.tuples);
    let t = rel.pages.max(1.0);
    let mut pages = (2.0 * t * tuples) / (2.0 * t + tuples);
    if loop_count > 1.0 {
        pages = index_pages_fetched(root, tuples * loop_count, rel.pages, index_pages_of(qual));
        pages /= loop_count;
    }
    pages = if pages >= t { t } else { pages.ceil() };
    // A bitmap that does not fit goes lossy, page by page.
    let heap_pages = pages.min(rel.pages);
    let max_entries = (root.cx().settings.work_mem * 1024.0 / 64.0).max(16.0);
    if max_entries < heap_pages {
        let lossy = (heap_pages - max_entries / 2.0).max(0.0);
        let exact = heap_pages - lossy;
        if lossy > 0.0 {
            tuples = clamp_row_est(
                selectivity * (exact / heap_pages) * rel.tuples + (lossy / heap_pages) * rel.tuples,
            );
        }
    }
    (pages, tuples, index_cost)
}

fn index_pages_of(qual: &BitmapQual) -> f64 {
    match qual {
        BitmapQual::Index(p) => match &p.kind {
            PathKind::Index(i) => i.index.pages,
            _ => 0.0,
        },
        BitmapQual::And { quals, .. } | BitmapQual::Or { quals, .. } => {
            quals.iter().map(index_pages_of).sum()
        }
    }
}

/// Bitmap heap scan.
pub fn cost_bitmap_heap_scan(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    param: Option<&ParamPathInfo>,
    qual: &BitmapQual,
    loop_count: f64,
) -> Costs {
    let s = &root.cx().settings;
    let rows = param.map_or(rel.rows, |p| p.rows);
    let (pages, tuples, index_cost) = bitmap_pages(root, rel, qual, loop_count);
    let t = rel.pages.max(1.0);
    let mut startup = index_cost;
    let per_page = if pages >= 2.0 {
        s.random_page_cost - (s.random_page_cost - s.seq_page_cost) * (pages / t).sqrt()
    } else {
        s.random_page_cost
    };
    let mut run = per_page * pages;
    // Rechecks make each tuple cost the quals once more at worst; charged as all quals.
    let q = restriction_qual_cost(root, rel, param);
    startup += q.startup;
    run += (s.cpu_tuple_cost + q.per_tuple) * tuples;
    startup += rel.reltarget.cost.startup;
    run += rel.reltarget.cost.per_tuple * rows;
    Costs { startup, total: startup + run, rows, disabled: i32::from(!s.enable_bitmapscan) }
}
