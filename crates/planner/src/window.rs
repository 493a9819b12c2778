//! Windows: which there are, in which order they are computed, and the paths that do it.
use crate::{
    clauses::*,
    cost::*,
    grouping::{group_exprs, sorted_variants},
    path::*,
    pathkeys::*,
    pathnode::*,
    root::*,
    selectivity,
};
use error::PgResult;
use nodes::*;
use std::rc::Rc;

/// The windows in use, in the order in which they are computed, with their functions.
pub fn active_windows(root: &PlannerInfo<'_>) -> Vec<(WindowClause, Vec<WindowFunc>)> {
    if !root.parse.has_window_funcs {
        return Vec::new();
    }
    let mut funcs: Vec<WindowFunc> = Vec::new();
    fn collect(e: &Expr, out: &mut Vec<WindowFunc>) {
        if let Expr::WindowFunc(w) = e {
            let this = Expr::WindowFunc(w.clone());
            if !out.iter().any(|o| Expr::WindowFunc(Box::new(o.clone())).equals(&this)) {
                out.push((**w).clone());
            }
            return;
        }
        e.for_each_child(&mut |c| collect(c, out));
    }
    root.processed_tlist.iter().for_each(|t| collect(&t.expr, &mut funcs));
    let mut list: Vec<(WindowClause, Vec<WindowFunc>)> = root
        .parse
        .window_clause
        .iter()
        .filter_map(|w| {
            let mine: Vec<WindowFunc> =
                funcs.iter().filter(|f| f.winref == w.winref).cloned().collect();
            let mut w = w.clone();
            // row_number() and its kin don't look at the frame: the cheapest one will do.
            if mine.iter().all(|f| matches!(f.winfnoid.0, 3100..=3105)) {
                use frame_option as o;
                w.frame_options =
                    o::NONDEFAULT | o::ROWS | o::START_UNBOUNDED_PRECEDING | o::END_CURRENT_ROW;
                w.start_offset = None;
                w.end_offset = None;
            }
            (!mine.is_empty()).then_some((w, mine))
        })
        .collect();
    // Windows that share a sort go together, the longest sort first.
    let order = |w: &WindowClause| -> Vec<SortGroupClause> {
        let mut all = w.partition_clause.clone();
        for o in &w.order_clause {
            if !all.iter().any(|p| p.tle_sort_group_ref == o.tle_sort_group_ref) {
                all.push(o.clone());
            }
        }
        all
    };
    list.sort_by(|a, b| {
        let (x, y) = (order(&a.0), order(&b.0));
        for (p, q) in x.iter().zip(&y) {
            let c = q
                .tle_sort_group_ref
                .cmp(&p.tle_sort_group_ref)
                .then(q.sortop.cmp(&p.sortop))
                .then(p.nulls_first.cmp(&q.nulls_first));
            if !c.is_eq() {
                return c;
            }
        }
        y.len().cmp(&x.len())
    });
    list
}

pub fn window_pathkeys(root: &mut PlannerInfo<'_>, w: &WindowClause) -> Vec<PathKey> {
    let mut all = w.partition_clause.clone();
    all.extend(w.order_clause.iter().cloned());
    let tlist = root.processed_tlist.clone();
    make_pathkeys_for_sortclauses(root, &all, &tlist)
}

pub fn make_window_input_target(
    root: &PlannerInfo<'_>,
    final_target: &PathTarget,
    windows: &[(WindowClause, Vec<WindowFunc>)],
) -> PathTarget {
    let mut refs: Vec<u32> = Vec::new();
    for (w, _) in windows {
        refs.extend(w.partition_clause.iter().map(|c| c.tle_sort_group_ref));
        refs.extend(w.order_clause.iter().map(|c| c.tle_sort_group_ref));
    }
    refs.extend(root.processed_group_clause.iter().map(|c| c.tle_sort_group_ref));
    let mut input = PathTarget::default();
    let mut rest = Vec::new();
    for (i, e) in final_target.exprs.iter().enumerate() {
        let r = final_target.sortgroupref(i);
        if r != 0 && refs.contains(&r) {
            input.push(e.clone(), r);
        } else {
            rest.push(e.clone());
        }
    }
    let how = PullVars { aggregates: true, window_funcs: false, recurse_placeholders: false };
    for v in pull_vars_distinct(rest.iter(), how) {
        input.push_new(&v);
    }
    set_target_cost_width(root, input)
}

pub fn create_window_paths(
    root: &mut PlannerInfo<'_>,
    input: RelId,
    input_target: &Rc<PathTarget>,
    output_target: &Rc<PathTarget>,
    windows: &[(WindowClause, Vec<WindowFunc>)],
) -> PgResult<RelId> {
    let relids = root.rels[input].relids.clone();
    let mut rel = RelOptInfo::new(RelKind::Upper(UpperKind::Window), relids);
    rel.reltarget = output_target.clone();
    rel.consider_startup = root.rels[input].consider_startup;
    let id = root.add_rel(rel);
    let cheapest = root.rels[input].best().clone();
    let wanted = root.window_pathkeys.clone();
    let names = window_names(windows);
    for p in root.rels[input].pathlist.clone() {
        let good = Rc::ptr_eq(&p, &cheapest)
            || pathkeys_contained_in(&wanted, &p.pathkeys)
            || pathkeys_common(&wanted, &p.pathkeys) > 0;
        if !good || p.param.is_some() {
            continue;
        }
        let mut path = p;
        let mut window_target = input_target.clone();
        let mut top_qual: Vec<Expr> = Vec::new();
        for (i, (w, funcs)) in windows.iter().enumerate() {
            let keys = window_pathkeys(root, w);
            if let Some(s) = sorted_variants(root, id, &path, &keys, true, -1.0).into_iter().next()
            {
                path = s;
            }
            let last = i + 1 == windows.len();
            window_target = if last {
                output_target.clone()
            } else {
                // The values of this window's functions pass on to the next.
                let mut t = (*window_target).clone();
                for f in funcs {
                    t.push_new(&Expr::WindowFunc(Box::new(f.clone())));
                }
                Rc::new(set_target_cost_width(root, t))
            };
            let refs: Vec<&WindowFunc> = funcs.iter().collect();
            let startup_tuples = window_startup_tuples(root, w, &path);
            let c = cost_windowagg(
                root,
                &refs,
                w,
                startup_tuples,
                path.startup_cost,
                path.total_cost,
                path.rows,
            );
            let c = Costs {
                startup: c.startup + window_target.cost.startup,
                total: c.total + window_target.cost.startup + window_target.cost.per_tuple * c.rows,
                rows: c.rows,
                disabled: path.disabled_nodes,
            };
            let run_condition: Vec<Expr> = root
                .run_conditions
                .iter()
                .filter(|(winref, _)| *winref == w.winref)
                .map(|(_, e)| e.clone())
                .collect();
            // Windows below the last one cannot stop: what they let through is checked at the top.
            if !last {
                top_qual.extend(run_condition.iter().cloned());
            }
            let pathkeys = path.pathkeys.clone();
            let winname = names[i].clone();
            path = Rc::new(new_path(
                PathKind::WindowAgg {
                    subpath: path,
                    winclause: w.clone(),
                    winname,
                    qual: if last { std::mem::take(&mut top_qual) } else { Vec::new() },
                    run_condition,
                    topwindow: last,
                },
                id,
                window_target.clone(),
                None,
                c,
                pathkeys,
            ));
        }
        add_path(root, id, (*path).clone());
    }
    set_cheapest(root, id)?;
    Ok(id)
}

/// Rows that must be read before the first row of a window comes out.
fn window_startup_tuples(root: &PlannerInfo<'_>, w: &WindowClause, path: &Path) -> f64 {
    use frame_option as f;
    let partition = if w.partition_clause.is_empty() {
        path.rows
    } else {
        let exprs = group_exprs(root, &w.partition_clause);
        path.rows / selectivity::groups::estimate_num_groups(root, &exprs, path.rows)
    };
    let n = if w.frame_options & f::END_UNBOUNDED_FOLLOWING != 0 {
        partition
    } else if w.frame_options & f::END_CURRENT_ROW != 0 {
        if w.frame_options & f::ROWS != 0 {
            1.0
        } else if w.order_clause.is_empty() {
            partition
        } else {
            let exprs = group_exprs(root, &w.order_clause);
            partition / selectivity::groups::estimate_num_groups(root, &exprs, partition)
        }
    } else {
        1.0
    };
    clamp_row_est((n + 1.0).min(partition))
}

/// Names of the windows, `w1`, `w2`, … in order of computation where they have none.
fn window_names(windows: &[(WindowClause, Vec<WindowFunc>)]) -> Vec<String> {
    let taken = |name: &str| windows.iter().any(|(w, _)| w.name.as_deref() == Some(name));
    let mut next = 0;
    windows
        .iter()
        .map(|(w, _)| {
            w.name.clone().unwrap_or_else(|| {
                loop {
                    next += 1;
                    let name = format!("w{next}");
                    if !taken(&name) {
                        break name;
                    }
                }
            })
        })
        .collect()
}
