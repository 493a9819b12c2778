//! The steps above scan/join: grouping, windows, DISTINCT, ORDER BY, LIMIT, row locks, modification.
use crate::window::{
    active_windows, create_window_paths, make_window_input_target, window_pathkeys,
};
use crate::{
    aggs, clauses::*, cost::*, modify, path::*, pathkeys::*, pathnode::*, planner::query_planner,
    relids::Relids, root::*, selectivity, srf,
};
use error::PgResult;
use nodes::{plan::*, *};
use std::rc::Rc;
use types::Datum;

/// What LIMIT means for planning.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub tuple_fraction: f64,
    pub limit_tuples: f64,
    /// Estimates: 0 unknown but present, -1 absent.
    pub offset_est: i64,
    pub count_est: i64,
}

/// Estimates LIMIT and OFFSET.
pub fn preprocess_limit(root: &PlannerInfo<'_>, tuple_fraction: f64) -> Limits {
    let estimate = |e: &Option<Expr>, default: i64| -> i64 {
        match e {
            None => -1,
            Some(e) => match crate::prep::const_fold::estimate_expression_value(root.cx(), e) {
                Expr::Const(c) => match c.value {
                    Datum::Int8(n) => n.max(default),
                    Datum::Null => -1,
                    _ => 0,
                },
                _ => 0,
            },
        }
    };
    let count = {
        let c = estimate(&root.parse.limit_count, 0);
        if c == 0 && matches!(&root.parse.limit_count, Some(Expr::Const(_))) { 1 } else { c }
    };
    let offset = {
        let o = estimate(&root.parse.limit_offset, 0);
        if o == 0 && matches!(&root.parse.limit_offset, Some(Expr::Const(_))) { -1 } else { o }
    };
    let mut fraction = tuple_fraction;
    if count != -1 {
        let limit =
            if count == 0 || offset == 0 { 0.10 } else { count as f64 + offset.max(0) as f64 };
        fraction = if fraction >= 1.0 {
            if limit >= 1.0 { fraction.min(limit) } else { fraction }
        } else if fraction > 0.0 {
            if limit >= 1.0 { limit } else { fraction.min(limit) }
        } else {
            limit
        };
    } else if offset != -1 && fraction > 0.0 {
        let limit = if offset == 0 { 0.10 } else { offset as f64 };
        if fraction >= 1.0 {
            fraction = if limit >= 1.0 { fraction + limit } else { limit };
        } else if limit < 1.0 {
            fraction = (fraction + limit).min(0.99);
        }
    }
    let limit_tuples = if count > 0 && offset != 0 && !root.parse.limit_with_ties {
        count as f64 + offset.max(0) as f64
    } else {
        -1.0
    };
    Limits { tuple_fraction: fraction, limit_tuples, offset_est: offset, count_est: count }
}

/// GROUP BY in the order that serves ORDER BY best.
fn preprocess_group_clause(root: &PlannerInfo<'_>) -> Vec<SortGroupClause> {
    let parse = &root.parse;
    let mut out: Vec<SortGroupClause> = Vec::new();
    for s in &parse.sort_clause {
        match parse
            .group_clause
            .iter()
            .find(|g| g.tle_sort_group_ref == s.tle_sort_group_ref && g.eqop == s.eqop)
        {
            Some(g) => {
                let mut g = g.clone();
                g.sortop = s.sortop;
                g.nulls_first = s.nulls_first;
                g.reverse_sort = s.reverse_sort;
                out.push(g);
            }
            None => break,
        }
    }
    if out.is_empty() {
        return parse.group_clause.clone();
    }
    for g in &parse.group_clause {
        if !out.iter().any(|o| o.tle_sort_group_ref == g.tle_sort_group_ref) {
            if !g.sortop.is_valid() {
                return parse.group_clause.clone();
            }
            out.push(g.clone());
        }
    }
    out
}

/// Plans everything up to (not including) ORDER BY and LIMIT of a plain query.
#[allow(clippy::too_many_lines)]
pub fn plan_plain_query(
    root: &mut PlannerInfo<'_>,
    limits: &Limits,
    setops: Option<&SetOperation>,
) -> PgResult<(RelId, Rc<PathTarget>)> {
    let gsets = expand_grouping_sets(&root.parse)?;
    root.processed_group_clause = if gsets.is_some() {
        root.parse.group_clause.clone()
    } else {
        preprocess_group_clause(root)
    };
    crate::prep::target_list::preprocess_targetlist(root)?;
    if root.parse.has_aggs {
        aggs::preprocess_aggrefs(root)?;
        root.minmax_aggs = crate::minmax::preprocess_minmax_aggregates(root)?;
    }
    let windows = active_windows(root);
    let parse = &root.parse;
    let has_upper = !parse.group_clause.is_empty()
        || !parse.grouping_sets.is_empty()
        || !parse.distinct_clause.is_empty()
        || parse.has_aggs
        || parse.has_window_funcs
        || parse.has_target_srfs
        || root.has_having_qual;
    root.limit_tuples = if has_upper { -1.0 } else { limits.limit_tuples };
    let rollups_first: Option<Vec<SortGroupClause>> = gsets.as_ref().map(|sets| {
        let rollups = extract_rollups(sets);
        rollups.first().map_or(Vec::new(), |r| group_clause_of(&root.parse, &r.order))
    });
    let first_window = windows.first().map(|(w, _)| w.clone());
    let setop_groups: Option<Vec<SortGroupClause>> = setops.map(|s| s.group_clauses.clone());
    let has_gsets = gsets.is_some();
    let mut callback = |root: &mut PlannerInfo<'_>| -> PgResult<()> {
        let tlist = root.processed_tlist.clone();
        if let Some(first) = &rollups_first {
            root.group_pathkeys = make_pathkeys_for_sortclauses(root, first, &tlist);
            root.num_groupby_pathkeys = root.group_pathkeys.len();
        } else if !root.processed_group_clause.is_empty() {
            let mut g = root.processed_group_clause.clone();
            let (keys, sortable) = make_pathkeys_extended(root, &mut g, &tlist, true);
            if sortable {
                root.processed_group_clause = g;
                root.group_pathkeys = keys;
            } else {
                root.processed_group_clause = root.parse.group_clause.clone();
                root.group_pathkeys = Vec::new();
            }
            root.num_groupby_pathkeys = root.group_pathkeys.len();
        }
        if root.num_ordered_aggs > 0 && !has_gsets {
            aggs::adjust_group_pathkeys_for_aggs(root);
        }
        if let Some(w) = &first_window {
            root.window_pathkeys = window_pathkeys(root, w);
        }
        if !root.parse.distinct_clause.is_empty() {
            let mut d = root.parse.distinct_clause.clone();
            let (keys, sortable) = make_pathkeys_extended(root, &mut d, &tlist, true);
            root.processed_distinct_clause = d;
            root.distinct_pathkeys = if sortable { keys } else { Vec::new() };
        }
        let sort = root.parse.sort_clause.clone();
        root.sort_pathkeys = make_pathkeys_for_sortclauses(root, &sort, &tlist);
        if let Some(groups) = &setop_groups {
            let mut refs = Vec::new();
            let mut tl = tlist.clone();
            for (te, g) in tl.iter_mut().filter(|t| !t.resjunk).zip(groups) {
                if te.ressortgroupref == 0 {
                    te.ressortgroupref = 10_000 + te.resno as u32;
                }
                let mut g = g.clone();
                g.tle_sort_group_ref = te.ressortgroupref;
                refs.push(g);
            }
            root.setop_pathkeys = if refs.len() == groups.len() {
                make_pathkeys_for_sortclauses(root, &refs, &tl)
            } else {
                Vec::new()
            };
        }
        root.query_pathkeys = if !root.group_pathkeys.is_empty() {
            root.group_pathkeys.clone()
        } else if !root.window_pathkeys.is_empty() {
            root.window_pathkeys.clone()
        } else if root.distinct_pathkeys.len() > root.sort_pathkeys.len() {
            root.distinct_pathkeys.clone()
        } else if !root.sort_pathkeys.is_empty() {
            root.sort_pathkeys.clone()
        } else {
            root.setop_pathkeys.clone()
        };
        Ok(())
    };
    let mut current = query_planner(root, &mut callback)?;
    let final_target = Rc::new(create_pathtarget(root, &root.processed_tlist));
    let parse = &root.parse;
    let sort_input = if !parse.sort_clause.is_empty() {
        Rc::new(make_sort_input_target(root, &final_target))
    } else {
        final_target.clone()
    };
    let grouping_target = if windows.is_empty() {
        sort_input.clone()
    } else {
        Rc::new(make_window_input_target(root, &sort_input, &windows))
    };
    let have_grouping = !parse.group_clause.is_empty()
        || !parse.grouping_sets.is_empty()
        || parse.has_aggs
        || root.has_having_qual;
    let scanjoin_target = if have_grouping {
        Rc::new(make_group_input_target(root, &final_target))
    } else {
        grouping_target.clone()
    };
    apply_scanjoin_target(root, current, &scanjoin_target)?;
    if have_grouping {
        current = create_grouping_paths(root, current, &grouping_target, gsets)?;
        srf::adjust_paths(root, current, &grouping_target, Some(&scanjoin_target))?;
    }
    if !windows.is_empty() {
        current = create_window_paths(root, current, &grouping_target, &sort_input, &windows)?;
        srf::adjust_paths(root, current, &sort_input, Some(&grouping_target))?;
    }
    if !root.parse.distinct_clause.is_empty() {
        current = create_distinct_paths(root, current, &sort_input)?;
    }
    root.final_target = Some(final_target.clone());
    Ok((current, final_target))
}

/// Columns the sort needs; volatile and set-returning ones are computed after it.
fn make_sort_input_target(root: &PlannerInfo<'_>, final_target: &PathTarget) -> PathTarget {
    let parse = &root.parse;
    let cx = root.cx();
    let postpone_ok = parse.distinct_clause.is_empty();
    let sort_has_srf = final_target
        .exprs
        .iter()
        .enumerate()
        .any(|(i, e)| final_target.sortgroupref(i) != 0 && expr_returns_set(e));
    let has_limit = parse.limit_count.is_some() || root.tuple_fraction > 0.0;
    let mut postponed = Vec::new();
    let (mut have_srf, mut have_volatile, mut have_expensive) = (false, false, false);
    for (i, e) in final_target.exprs.iter().enumerate() {
        let mut p = false;
        if final_target.sortgroupref(i) == 0 && postpone_ok {
            if parse.has_target_srfs && expr_returns_set(e) && !sort_has_srf {
                p = true;
                have_srf = true;
            } else if cx.contain_volatile(e) {
                p = true;
                have_volatile = true;
            } else if expr_cost(cx, e).per_tuple > 10.0 * cx.settings.cpu_operator_cost {
                p = true;
                have_expensive = true;
            }
        }
        postponed.push(p);
    }
    let postpone_srfs = have_srf;
    if !(postpone_srfs || have_volatile || have_expensive && has_limit) {
        return final_target.clone();
    }
    let mut input = PathTarget::default();
    let mut rest = Vec::new();
    for (i, e) in final_target.exprs.iter().enumerate() {
        if postponed[i] && (postpone_srfs || !expr_returns_set(e)) {
            rest.push(e.clone());
        } else {
            input.push(e.clone(), final_target.sortgroupref(i));
        }
    }
    let how = PullVars { aggregates: true, window_funcs: true, recurse_placeholders: false };
    for v in pull_vars_distinct(rest.iter(), how) {
        input.push_new(&v);
    }
    set_target_cost_width(root, input)
}

fn make_group_input_target(root: &PlannerInfo<'_>, final_target: &PathTarget) -> PathTarget {
    let mut input = PathTarget::default();
    let mut rest = Vec::new();
    let strip = |e: &Expr| {
        let mut e = e.clone();
        if root.group_rtindex > 0 && !root.parse.grouping_sets.is_empty() {
            remove_nulling_rels(&mut e, &Relids::single(root.group_rtindex), None);
        }
        e
    };
    let is_group = |r: u32| {
        r != 0
            && root
                .processed_group_clause
                .iter()
                .chain(&root.parse.group_clause)
                .any(|g| g.tle_sort_group_ref == r)
    };
    for (i, e) in final_target.exprs.iter().enumerate() {
        let r = final_target.sortgroupref(i);
        if is_group(r) {
            input.push(strip(e), r);
        } else {
            rest.push(strip(e));
        }
    }
    if let Some(h) = &root.parse.having_qual {
        rest.push(strip(h));
    }
    for v in pull_vars_distinct(rest.iter(), PullVars::default()) {
        input.push_new(&v);
    }
    set_target_cost_width(root, input)
}

/// Makes the scan/join relation's paths yield what the next step needs.
pub fn apply_scanjoin_target(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    target: &Rc<PathTarget>,
) -> PgResult<()> {
    let levels = srf::split_at_srfs(root, target, None);
    let first = levels.first().map_or(target.clone(), |l| Rc::new(l.0.clone()));
    let list = std::mem::take(&mut root.rels[rel].pathlist);
    let same = list.first().is_some_and(|p| {
        p.target.exprs.len() == first.exprs.len()
            && p.target.exprs.iter().zip(&first.exprs).all(|(a, b)| a.equals(b))
    });
    root.rels[rel].pathlist = list
        .into_iter()
        .map(|p| {
            if p.param.is_some() {
                return p;
            }
            if same {
                let mut new = (*p).clone();
                new.target = first.clone();
                Rc::new(new)
            } else {
                Rc::new(create_projection_path(root, rel, p, first.clone()))
            }
        })
        .collect();
    root.rels[rel].reltarget = target.clone();
    srf::apply_levels(root, rel, &levels);
    set_cheapest(root, rel)
}

/// One pass over sorted input: an order of columns and the sets it computes.
#[derive(Clone, Debug)]
pub struct Rollup {
    pub order: Vec<u32>,
    pub sets: Vec<Vec<u32>>,
}

/// Grouping sets as lists of sortgrouprefs; `None` without GROUPING SETS.
fn expand_grouping_sets(parse: &Query) -> PgResult<Option<Vec<Vec<u32>>>> {
    if parse.grouping_sets.is_empty() {
        return Ok(None);
    }
    fn expand(g: &GroupingSet) -> Vec<Vec<u32>> {
        match g {
            GroupingSet::Empty => vec![Vec::new()],
            GroupingSet::Simple(refs) => vec![refs.clone()],
            GroupingSet::Rollup(items) => {
                let parts: Vec<Vec<u32>> = items.iter().map(content).collect();
                (0..=parts.len()).rev().map(|n| parts[..n].concat()).collect()
            }
            GroupingSet::Cube(items) => {
                let parts: Vec<Vec<u32>> = items.iter().map(content).collect();
                let n = parts.len();
                (0..1u64 << n)
                    .map(|mask| {
                        (0..n)
                            .filter(|i| mask & (1 << i) != 0)
                            .flat_map(|i| parts[i].clone())
                            .collect()
                    })
                    .collect()
            }
            GroupingSet::Sets(items) => items.iter().flat_map(expand).collect(),
        }
    }
    fn content(g: &GroupingSet) -> Vec<u32> {
        expand(g).into_iter().next().unwrap_or_default()
    }
    let mut sets: Vec<Vec<u32>> = vec![Vec::new()];
    for g in &parse.grouping_sets {
        let more = expand(g);
        if sets.len().saturating_mul(more.len()) > 4096 {
            error::bail!(STATEMENT_TOO_COMPLEX, "too many grouping sets present (maximum 4096)");
        }
        sets = sets
            .iter()
            .flat_map(|a| {
                more.iter().map(move |b| {
                    let mut c = a.clone();
                    c.extend(b);
                    c
                })
            })
            .collect();
    }
    for s in &mut sets {
        let mut seen = Vec::new();
        s.retain(|r| {
            let new = !seen.contains(r);
            seen.push(*r);
            new
        });
        s.sort_unstable();
    }
    sets.sort_by_key(Vec::len);
    if parse.group_distinct {
        sets.dedup();
        let mut unique: Vec<Vec<u32>> = Vec::new();
        for s in sets {
            if !unique.contains(&s) {
                unique.push(s);
            }
        }
        sets = unique;
    }
    Ok(Some(sets))
}

/// Splits grouping sets into chains in which each set contains the next.
fn extract_rollups(sets: &[Vec<u32>]) -> Vec<Rollup> {
    let mut rest: Vec<Vec<u32>> = sets.to_vec();
    rest.sort_by_key(|s| std::cmp::Reverse(s.len()));
    let mut chains: Vec<Vec<Vec<u32>>> = Vec::new();
    for s in rest {
        let fits =
            chains.iter_mut().find(|c| c.last().is_some_and(|l| s.iter().all(|r| l.contains(r))));
        match fits {
            Some(c) => c.push(s),
            None => chains.push(vec![s]),
        }
    }
    chains
        .into_iter()
        .map(|sets| {
            // Smallest set's columns first.
            let mut order: Vec<u32> = Vec::new();
            for s in sets.iter().rev() {
                for r in s {
                    if !order.contains(r) {
                        order.push(*r);
                    }
                }
            }
            let sets = sets
                .into_iter()
                .map(|s| order.iter().copied().filter(|r| s.contains(r)).collect())
                .collect();
            Rollup { order, sets }
        })
        .collect()
}

fn group_clause_of(parse: &Query, refs: &[u32]) -> Vec<SortGroupClause> {
    refs.iter()
        .filter_map(|r| parse.group_clause.iter().find(|g| g.tle_sort_group_ref == *r).cloned())
        .collect()
}

pub fn group_exprs(root: &PlannerInfo<'_>, clause: &[SortGroupClause]) -> Vec<Expr> {
    clause
        .iter()
        .filter_map(|g| tle_by_ref(g.tle_sort_group_ref, &root.processed_tlist))
        .map(|t| t.expr.clone())
        .collect()
}

fn create_grouping_paths(
    root: &mut PlannerInfo<'_>,
    input: RelId,
    target: &Rc<PathTarget>,
    gsets: Option<Vec<Vec<u32>>>,
) -> PgResult<RelId> {
    let relids = root.rels[input].relids.clone();
    let mut rel = RelOptInfo::new(RelKind::Upper(UpperKind::Group), relids);
    rel.reltarget = target.clone();
    rel.consider_startup = root.rels[input].consider_startup;
    let id = root.add_rel(rel);
    let having = make_ands_implicit(root.parse.having_qual.clone());
    let agg_costs = aggs::get_agg_clause_costs(root);
    // No input columns matter: one row (per empty set) whatever the input.
    let degenerate = (root.has_having_qual || !root.parse.grouping_sets.is_empty())
        && !root.parse.has_aggs
        && root.parse.group_clause.is_empty();
    if degenerate {
        let n = gsets.as_ref().map_or(1, Vec::len);
        let make = |root: &PlannerInfo<'_>| {
            let cost = qual_cost(root.cx(), &having);
            let c = Costs {
                startup: target.cost.startup + cost.startup + cost.per_tuple,
                total: target.cost.startup
                    + target.cost.per_tuple
                    + cost.startup
                    + cost.per_tuple
                    + root.cx().settings.cpu_tuple_cost,
                rows: 1.0,
                disabled: 0,
            };
            new_path(
                PathKind::GroupResult { quals: having.clone() },
                id,
                target.clone(),
                None,
                c,
                Vec::new(),
            )
        };
        let path = if n > 1 {
            let subpaths: Vec<PathRef> = (0..n).map(|_| Rc::new(make(root))).collect();
            let c = cost_append(&subpaths, false);
            new_path(PathKind::Append { subpaths }, id, target.clone(), None, c, Vec::new())
        } else {
            make(root)
        };
        add_path(root, id, path);
        set_cheapest(root, id)?;
        return Ok(id);
    }
    if let Some(sets) = gsets {
        grouping_set_paths(root, input, id, target, &sets, &having, &agg_costs);
    } else {
        plain_group_paths(root, input, id, target, &having, &agg_costs);
        crate::minmax::add_minmax_path(root, id, target, &having);
    }
    if root.rels[id].pathlist.is_empty() {
        return Err(error::err!(FEATURE_NOT_SUPPORTED, "could not implement GROUP BY").detail(
            "Some of the datatypes only support hashing, while others only support sorting.",
        ));
    }
    set_cheapest(root, id)?;
    Ok(id)
}

fn plain_group_paths(
    root: &mut PlannerInfo<'_>,
    input: RelId,
    id: RelId,
    target: &Rc<PathTarget>,
    having: &[Expr],
    agg_costs: &AggClauseCosts,
) {
    let cheapest = root.rels[input].best().clone();
    let clause = root.processed_group_clause.clone();
    let exprs = group_exprs(root, &clause);
    let has_groups = !root.parse.group_clause.is_empty();
    let num_groups = if has_groups {
        selectivity::groups::estimate_num_groups(root, &exprs, cheapest.rows)
    } else {
        1.0
    };
    let sortable = clause.iter().all(|g| g.sortop.is_valid());
    let hashable = clause.iter().all(|g| g.hashable)
        && has_groups
        && root.num_ordered_aggs == 0
        && !clause.is_empty();
    let has_aggs = root.parse.has_aggs;
    if sortable {
        let keys = root.group_pathkeys.clone();
        for p in root.rels[input].pathlist.clone() {
            if p.param.is_some() {
                continue;
            }
            let is_cheapest = Rc::ptr_eq(&p, &cheapest);
            for sorted in sorted_variants(root, id, &p, &keys, is_cheapest, -1.0) {
                let path = grouped_path(
                    root, id, sorted, target, &clause, has_groups, has_aggs, having, agg_costs,
                    num_groups,
                );
                add_path(root, id, path);
            }
        }
    }
    if hashable {
        let c = cost_agg(
            root,
            AggStrategy::Hashed,
            Some(agg_costs),
            clause.len(),
            num_groups,
            having,
            cheapest.disabled_nodes,
            cheapest.startup_cost,
            cheapest.total_cost,
            cheapest.rows,
            cheapest.target.width,
        );
        let path = agg_path(
            id,
            cheapest,
            target,
            AggStrategy::Hashed,
            clause,
            num_groups,
            having,
            agg_costs,
            c,
            Vec::new(),
        );
        add_path(root, id, path);
    }
}

/// A path as it is, if it is in order; else sorted, fully or incrementally.
pub fn sorted_variants(
    root: &PlannerInfo<'_>,
    rel: RelId,
    path: &PathRef,
    keys: &[PathKey],
    is_cheapest: bool,
    limit: f64,
) -> Vec<PathRef> {
    if pathkeys_contained_in(keys, &path.pathkeys) {
        return vec![path.clone()];
    }
    let presorted = pathkeys_common(keys, &path.pathkeys);
    let incremental = root.cx().settings.enable_incremental_sort;
    if !is_cheapest && (presorted == 0 || !incremental) {
        return Vec::new();
    }
    if presorted == 0 || !incremental {
        vec![Rc::new(create_sort_path(root, rel, path.clone(), keys.to_vec(), limit))]
    } else {
        vec![Rc::new(create_incremental_sort_path(
            root,
            rel,
            path.clone(),
            keys.to_vec(),
            presorted,
            limit,
        ))]
    }
}

fn agg_path(
    id: RelId,
    subpath: PathRef,
    target: &Rc<PathTarget>,
    strategy: AggStrategy,
    group_clause: Vec<SortGroupClause>,
    num_groups: f64,
    having: &[Expr],
    agg_costs: &AggClauseCosts,
    c: Costs,
    pathkeys: Vec<PathKey>,
) -> Path {
    let c = Costs {
        startup: c.startup + target.cost.startup,
        total: c.total + target.cost.startup + target.cost.per_tuple * c.rows,
        ..c
    };
    new_path(
        PathKind::Agg {
            subpath,
            strategy,
            num_groups,
            transition_space: agg_costs.transition_space,
            group_clause,
            qual: having.to_vec(),
        },
        id,
        target.clone(),
        None,
        c,
        pathkeys,
    )
}

fn grouped_path(
    root: &PlannerInfo<'_>,
    id: RelId,
    sorted: PathRef,
    target: &Rc<PathTarget>,
    clause: &[SortGroupClause],
    has_groups: bool,
    has_aggs: bool,
    having: &[Expr],
    agg_costs: &AggClauseCosts,
    num_groups: f64,
) -> Path {
    if has_aggs {
        let strategy = if has_groups { AggStrategy::Sorted } else { AggStrategy::Plain };
        let c = cost_agg(
            root,
            strategy,
            Some(agg_costs),
            clause.len(),
            num_groups,
            having,
            sorted.disabled_nodes,
            sorted.startup_cost,
            sorted.total_cost,
            sorted.rows,
            sorted.target.width,
        );
        // Keys that only serve ordered aggregates end at the groups.
        let mut keys =
            if strategy == AggStrategy::Plain { Vec::new() } else { sorted.pathkeys.clone() };
        keys.truncate(root.num_groupby_pathkeys.max(if root.num_ordered_aggs == 0 {
            keys.len()
        } else {
            0
        }));
        return agg_path(
            id,
            sorted,
            target,
            strategy,
            clause.to_vec(),
            num_groups,
            having,
            agg_costs,
            c,
            keys,
        );
    }
    let c = cost_group(
        root,
        clause.len(),
        num_groups,
        having,
        sorted.startup_cost,
        sorted.total_cost,
        sorted.rows,
    );
    let c = Costs {
        startup: c.startup + target.cost.startup,
        total: c.total + target.cost.startup + target.cost.per_tuple * c.rows,
        disabled: sorted.disabled_nodes,
        ..c
    };
    let keys = sorted.pathkeys.clone();
    new_path(
        PathKind::Group { subpath: sorted, group_clause: clause.to_vec(), qual: having.to_vec() },
        id,
        target.clone(),
        None,
        c,
        keys,
    )
}

fn grouping_set_paths(
    root: &mut PlannerInfo<'_>,
    input: RelId,
    id: RelId,
    target: &Rc<PathTarget>,
    sets: &[Vec<u32>],
    having: &[Expr],
    agg_costs: &AggClauseCosts,
) {
    let cheapest = root.rels[input].best().clone();
    let parse = root.parse.clone();
    let data = |root: &PlannerInfo<'_>, r: &Rollup, hashed: bool| {
        let clause = group_clause_of(&parse, &r.order);
        let groups: Vec<f64> = r
            .sets
            .iter()
            .map(|s| {
                let exprs = group_exprs(root, &group_clause_of(&parse, s));
                selectivity::groups::estimate_num_groups(root, &exprs, cheapest.rows)
            })
            .collect();
        RollupData {
            group_clause: clause,
            gsets: r.sets.clone(),
            num_groups: groups.iter().sum(),
            is_hashed: hashed,
        }
    };
    let sortable = |s: &Vec<u32>| group_clause_of(&parse, s).iter().all(|g| g.sortop.is_valid());
    let hashable = |s: &Vec<u32>| group_clause_of(&parse, s).iter().all(|g| g.hashable);
    if sets.iter().all(sortable) {
        let rollups: Vec<RollupData> =
            extract_rollups(sets).iter().map(|r| data(root, r, false)).collect();
        let keys = root.group_pathkeys.clone();
        for p in root.rels[input].pathlist.clone() {
            let is_cheapest = Rc::ptr_eq(&p, &cheapest);
            for sorted in sorted_variants(root, id, &p, &keys, is_cheapest, -1.0) {
                let only_empty = rollups.len() == 1 && rollups[0].group_clause.is_empty();
                let strategy = if only_empty { AggStrategy::Plain } else { AggStrategy::Sorted };
                let path = grouping_sets_path(
                    root,
                    id,
                    sorted,
                    target,
                    strategy,
                    rollups.clone(),
                    having,
                    agg_costs,
                );
                add_path(root, id, path);
            }
        }
    }
    // All non-empty sets hashed, in one pass over the input in any order.
    if root.num_ordered_aggs == 0 && sets.iter().all(hashable) && sets.iter().any(|s| !s.is_empty())
    {
        let (empty, full): (Vec<Vec<u32>>, Vec<Vec<u32>>) =
            sets.iter().cloned().partition(Vec::is_empty);
        let mut rollups: Vec<RollupData> = full
            .into_iter()
            .map(|s| data(root, &Rollup { order: s.clone(), sets: vec![s] }, true))
            .collect();
        let size: f64 = rollups
            .iter()
            .map(|r| {
                hash_agg_entry_size(
                    root.agg_trans.len(),
                    cheapest.target.width,
                    agg_costs.transition_space,
                ) * r.num_groups
            })
            .sum();
        let mut strategy = AggStrategy::Hashed;
        if !empty.is_empty() {
            let n = empty.len();
            rollups.push(RollupData {
                group_clause: Vec::new(),
                gsets: empty,
                num_groups: n as f64,
                is_hashed: false,
            });
            strategy = AggStrategy::Mixed;
        }
        if size <= root.cx().settings.hash_mem() || root.rels[id].pathlist.is_empty() {
            let path = grouping_sets_path(
                root, id, cheapest, target, strategy, rollups, having, agg_costs,
            );
            add_path(root, id, path);
        }
    }
}

fn grouping_sets_path(
    root: &PlannerInfo<'_>,
    id: RelId,
    subpath: PathRef,
    target: &Rc<PathTarget>,
    strategy: AggStrategy,
    rollups: Vec<RollupData>,
    having: &[Expr],
    agg_costs: &AggClauseCosts,
) -> Path {
    let mut total = Costs::default();
    let mut first = true;
    for r in &rollups {
        let cols = r.group_clause.len();
        let (strat, sub_start, sub_total) = if first {
            (
                if strategy == AggStrategy::Mixed { AggStrategy::Hashed } else { strategy },
                subpath.startup_cost,
                subpath.total_cost,
            )
        } else if r.is_hashed || r.group_clause.is_empty() {
            (if r.is_hashed { AggStrategy::Hashed } else { AggStrategy::Sorted }, 0.0, 0.0)
        } else {
            let c = cost_sort(root, 0.0, subpath.rows, subpath.target.width, -1.0);
            (AggStrategy::Sorted, c.startup, c.total)
        };
        let c = cost_agg(
            root,
            strat,
            Some(agg_costs),
            cols,
            r.num_groups,
            having,
            if first { subpath.disabled_nodes } else { 0 },
            sub_start,
            sub_total,
            subpath.rows,
            subpath.target.width,
        );
        if first {
            total = c;
        } else {
            total.total += c.total;
            total.rows += c.rows;
            total.disabled += c.disabled;
        }
        first = false;
    }
    let keys =
        if rollups.len() == 1 && rollups[0].gsets.len() == 1 && strategy == AggStrategy::Sorted {
            subpath.pathkeys.clone()
        } else {
            Vec::new()
        };
    total.startup += target.cost.startup;
    total.total += target.cost.startup + target.cost.per_tuple * total.rows;
    new_path(
        PathKind::GroupingSets {
            subpath,
            strategy,
            rollups,
            qual: having.to_vec(),
            transition_space: agg_costs.transition_space,
        },
        id,
        target.clone(),
        None,
        total,
        keys,
    )
}

fn create_distinct_paths(
    root: &mut PlannerInfo<'_>,
    input: RelId,
    target: &Rc<PathTarget>,
) -> PgResult<RelId> {
    let relids = root.rels[input].relids.clone();
    let mut rel = RelOptInfo::new(RelKind::Upper(UpperKind::Distinct), relids);
    rel.reltarget = target.clone();
    rel.consider_startup = root.rels[input].consider_startup;
    let id = root.add_rel(rel);
    let cheapest = root.rels[input].best().clone();
    let clause = root.processed_distinct_clause.clone();
    let rows = if root.parse.group_clause.is_empty()
        && root.parse.grouping_sets.is_empty()
        && !root.parse.has_aggs
        && !root.has_having_qual
    {
        let exprs = group_exprs(root, &clause);
        selectivity::groups::estimate_num_groups(root, &exprs, cheapest.rows)
    } else {
        // Grouped input is mostly distinct already.
        cheapest.rows
    };
    let sortable = root.parse.distinct_clause.iter().all(|c| c.sortop.is_valid());
    let hashable = clause.iter().all(|c| c.hashable);
    let distinct_on = root.parse.has_distinct_on;
    if sortable {
        // DISTINCT ON must see rows in ORDER BY order.
        let mut needed = if distinct_on && root.distinct_pathkeys.len() < root.sort_pathkeys.len() {
            root.sort_pathkeys.clone()
        } else {
            root.distinct_pathkeys.clone()
        };
        let nkeys = root.distinct_pathkeys.len();
        for p in root.rels[input].pathlist.clone() {
            let is_cheapest = Rc::ptr_eq(&p, &cheapest);
            // Any order of the distinct columns serves.
            if !distinct_on
                && root.cx().settings.enable_distinct_reordering
                && p.pathkeys.len() >= nkeys
                && p.pathkeys[..nkeys].iter().all(|k| root.distinct_pathkeys.contains(k))
            {
                needed = p.pathkeys[..nkeys].to_vec();
            }
            for sorted in sorted_variants(root, id, &p, &needed, is_cheapest, -1.0) {
                let path = if nkeys == 0 {
                    // All columns constant: one row.
                    limit_one(root, id, sorted)
                } else {
                    let s = &root.cx().settings;
                    let c = Costs {
                        startup: sorted.startup_cost,
                        total: sorted.total_cost + s.cpu_operator_cost * sorted.rows * nkeys as f64,
                        rows,
                        disabled: sorted.disabled_nodes,
                    };
                    let keys = sorted.pathkeys.clone();
                    new_path(
                        PathKind::UpperUnique { subpath: sorted.clone(), num_keys: nkeys },
                        id,
                        sorted.target.clone(),
                        None,
                        c,
                        keys,
                    )
                };
                add_path(root, id, path);
            }
            needed = if distinct_on && nkeys < root.sort_pathkeys.len() {
                root.sort_pathkeys.clone()
            } else {
                root.distinct_pathkeys.clone()
            };
        }
    }
    let allow_hash = hashable
        && !clause.is_empty()
        && (root.rels[id].pathlist.is_empty() || !distinct_on && root.cx().settings.enable_hashagg);
    if allow_hash && !distinct_on {
        let c = cost_agg(
            root,
            AggStrategy::Hashed,
            None,
            clause.len(),
            rows,
            &[],
            cheapest.disabled_nodes,
            cheapest.startup_cost,
            cheapest.total_cost,
            cheapest.rows,
            cheapest.target.width,
        );
        let t = cheapest.target.clone();
        let path = new_path(
            PathKind::Agg {
                subpath: cheapest,
                strategy: AggStrategy::Hashed,
                num_groups: rows,
                transition_space: 0.0,
                group_clause: clause,
                qual: Vec::new(),
            },
            id,
            t,
            None,
            c,
            Vec::new(),
        );
        add_path(root, id, path);
    }
    if root.rels[id].pathlist.is_empty() {
        return Err(error::err!(FEATURE_NOT_SUPPORTED, "could not implement DISTINCT").detail(
            "Some of the datatypes only support hashing, while others only support sorting.",
        ));
    }
    set_cheapest(root, id)?;
    Ok(id)
}

fn limit_one(root: &PlannerInfo<'_>, id: RelId, sub: PathRef) -> Path {
    let mut path =
        limit_path(root, id, sub, None, Some(crate::lsyscache::int8_const(1)), false, -1, 1);
    path.rows = 1.0;
    path
}

#[allow(clippy::too_many_arguments)]
fn limit_path(
    _root: &PlannerInfo<'_>,
    id: RelId,
    sub: PathRef,
    offset: Option<Expr>,
    count: Option<Expr>,
    with_ties: bool,
    offset_est: i64,
    count_est: i64,
) -> Path {
    let input_rows = sub.rows;
    let (mut rows, mut startup, mut total) = (sub.rows, sub.startup_cost, sub.total_cost);
    let (in_start, in_total) = (startup, total);
    if offset_est != -1 {
        let skip =
            if offset_est > 0 { offset_est as f64 } else { clamp_row_est(input_rows * 0.10) };
        let skip = skip.min(rows);
        if input_rows > 0.0 {
            startup += (in_total - in_start) * skip / input_rows;
        }
        rows = (rows - skip).max(1.0);
    }
    if count_est != -1 {
        let n = if count_est > 0 { count_est as f64 } else { clamp_row_est(input_rows * 0.10) };
        let n = n.min(rows);
        if input_rows > 0.0 {
            total = startup + (in_total - in_start) * n / input_rows;
        }
        rows = n.max(1.0);
    }
    Path {
        parent: id,
        target: sub.target.clone(),
        param: None,
        rows,
        disabled_nodes: sub.disabled_nodes,
        startup_cost: startup,
        total_cost: total,
        pathkeys: sub.pathkeys.clone(),
        kind: PathKind::Limit { subpath: sub, offset, count, with_ties },
    }
}

/// ORDER BY, then row locks, LIMIT and modification: the level's final relation.
pub fn finish(
    root: &mut PlannerInfo<'_>,
    current: RelId,
    final_target: Rc<PathTarget>,
    limits: &Limits,
) -> PgResult<()> {
    let mut current = current;
    if !root.parse.sort_clause.is_empty() {
        let limit = if root.parse.has_target_srfs { -1.0 } else { limits.limit_tuples };
        current = create_ordered_paths(root, current, &final_target, limit)?;
        srf::adjust_paths(root, current, &final_target, None)?;
    }
    let relids = root.rels[current].relids.clone();
    let mut rel = RelOptInfo::new(RelKind::Upper(UpperKind::Final), relids);
    rel.reltarget = final_target.clone();
    rel.consider_startup = root.rels[current].consider_startup;
    rel.dummy = root.rels[current].dummy
        && root.rels[current].is_simple()
        && root.parse.command_type == CmdType::Select;
    let id = root.add_rel(rel);
    // The target list of a level without ORDER BY must be the final one exactly.
    for p in root.rels[current].pathlist.clone() {
        if p.param.is_some() {
            continue;
        }
        let mut path = p;
        if !root.parse.row_marks.is_empty() && !root.row_marks.is_empty() {
            let epq = root.new_param(types::type_oid::INTERNAL, -1, types::Oid::INVALID).paramid;
            let marks = root.row_marks.clone();
            let s = &root.cx().settings;
            path = Rc::new(Path {
                parent: id,
                target: path.target.clone(),
                param: None,
                rows: path.rows,
                disabled_nodes: path.disabled_nodes,
                startup_cost: path.startup_cost,
                total_cost: path.total_cost + s.cpu_tuple_cost * path.rows,
                // Waiting for a lock may bring newer rows out of order.
                pathkeys: Vec::new(),
                kind: PathKind::LockRows { subpath: path, row_marks: marks, epq_param: epq },
            });
        }
        if limit_needed(&root.parse) {
            let parse = &root.parse;
            path = Rc::new(limit_path(
                root,
                id,
                path,
                parse.limit_offset.clone(),
                parse.limit_count.clone(),
                parse.limit_with_ties,
                limits.offset_est,
                limits.count_est,
            ));
        }
        if root.parse.command_type != CmdType::Select {
            path = Rc::new(modify::create_modifytable_path(root, id, path)?);
        }
        add_path(root, id, (*path).clone());
    }
    set_cheapest(root, id)?;
    root.final_rel = Some(id);
    Ok(())
}

fn limit_needed(parse: &Query) -> bool {
    let count = match &parse.limit_count {
        None => false,
        Some(Expr::Const(c)) => !c.value.is_null(),
        Some(_) => true,
    };
    let offset = match &parse.limit_offset {
        None => false,
        Some(Expr::Const(c)) => !matches!(c.value, Datum::Null | Datum::Int8(0)),
        Some(_) => true,
    };
    count || offset
}

fn create_ordered_paths(
    root: &mut PlannerInfo<'_>,
    input: RelId,
    target: &Rc<PathTarget>,
    limit_tuples: f64,
) -> PgResult<RelId> {
    let relids = root.rels[input].relids.clone();
    let mut rel = RelOptInfo::new(RelKind::Upper(UpperKind::Ordered), relids);
    rel.reltarget = target.clone();
    rel.consider_startup = root.rels[input].consider_startup;
    let id = root.add_rel(rel);
    let cheapest = root.rels[input].best().clone();
    let keys = root.sort_pathkeys.clone();
    let levels = srf::split_at_srfs(root, target, None);
    for p in root.rels[input].pathlist.clone() {
        if p.param.is_some() {
            continue;
        }
        let is_cheapest = Rc::ptr_eq(&p, &cheapest);
        for mut sorted in sorted_variants(root, id, &p, &keys, is_cheapest, limit_tuples) {
            let same = sorted.target.exprs.len() == target.exprs.len()
                && sorted.target.exprs.iter().zip(&target.exprs).all(|(a, b)| a.equals(b));
            if !same && levels.len() <= 1 {
                sorted = apply_projection(root, id, sorted, target);
            }
            add_path(root, id, (*sorted).clone());
        }
    }
    set_cheapest(root, id)?;
    Ok(id)
}
