//! Making paths and keeping the good ones.
use crate::{
    cost::*,
    init::{equivclass, restrict_info::join_clause_is_movable_into},
    path::*,
    pathkeys::*,
    relids::Relids,
    root::*,
};
use nodes::*;
use std::{cmp::Ordering, rc::Rc};

/// Costs within this factor count as equal.
const FUZZ: f64 = 1.01;

/// By total cost, then startup.
pub fn compare_total(a: &Path, b: &Path) -> Ordering {
    a.disabled_nodes
        .cmp(&b.disabled_nodes)
        .then(a.total_cost.total_cmp(&b.total_cost))
        .then(a.startup_cost.total_cmp(&b.startup_cost))
}

/// By startup cost, then total.
pub fn compare_startup(a: &Path, b: &Path) -> Ordering {
    a.disabled_nodes
        .cmp(&b.disabled_nodes)
        .then(a.startup_cost.total_cmp(&b.startup_cost))
        .then(a.total_cost.total_cmp(&b.total_cost))
}

/// By the cost of fetching a fraction of the rows (more than 1: a number of rows).
pub fn compare_fractional(a: &Path, b: &Path, fraction: f64) -> Ordering {
    if fraction <= 0.0 || fraction >= 1.0 {
        return compare_total(a, b);
    }
    let cost = |p: &Path| p.startup_cost + fraction * (p.total_cost - p.startup_cost);
    a.disabled_nodes.cmp(&b.disabled_nodes).then(cost(a).total_cmp(&cost(b)))
}

#[derive(PartialEq, Clone, Copy)]
enum Fuzzy {
    Equal,
    Better1,
    Better2,
    Different,
}

fn compare_fuzzily(rel: &RelOptInfo<'_>, a: &Path, b: &Path, fuzz: f64) -> Fuzzy {
    let consider = |p: &Path| {
        if p.param.is_none() { rel.consider_startup } else { rel.consider_param_startup }
    };
    match a.disabled_nodes.cmp(&b.disabled_nodes) {
        Ordering::Less => return Fuzzy::Better1,
        Ordering::Greater => return Fuzzy::Better2,
        Ordering::Equal => {}
    }
    if a.total_cost > b.total_cost * fuzz {
        if consider(a) && b.startup_cost > a.startup_cost * fuzz {
            return Fuzzy::Different;
        }
        return Fuzzy::Better2;
    }
    if b.total_cost > a.total_cost * fuzz {
        if consider(b) && a.startup_cost > b.startup_cost * fuzz {
            return Fuzzy::Different;
        }
        return Fuzzy::Better1;
    }
    if a.startup_cost > b.startup_cost * fuzz {
        return Fuzzy::Better2;
    }
    if b.startup_cost > a.startup_cost * fuzz {
        return Fuzzy::Better1;
    }
    Fuzzy::Equal
}

/// Adds a path unless a better one is there; drops those it beats.
pub fn add_path(root: &mut PlannerInfo<'_>, rel: RelId, new: Path) {
    let mut list = std::mem::take(&mut root.rels[rel].pathlist);
    let parent = &root.rels[rel];
    let mut accept = true;
    let mut insert_at = 0;
    let new_keys: &[PathKey] = if new.param.is_some() { &[] } else { &new.pathkeys };
    let new_outer = new.req_outer();
    let mut i = 0;
    while i < list.len() {
        let old = &list[i];
        let mut remove_old = false;
        let cost = compare_fuzzily(parent, &new, old, FUZZ);
        if cost != Fuzzy::Different {
            let old_keys: &[PathKey] = if old.param.is_some() { &[] } else { &old.pathkeys };
            let keys = compare_pathkeys(new_keys, old_keys);
            if keys != KeysCompare::Different {
                let old_outer = old.req_outer();
                let sub_new = new_outer.is_subset(&old_outer);
                let sub_old = old_outer.is_subset(&new_outer);
                match cost {
                    Fuzzy::Equal => match keys {
                        KeysCompare::FirstBetter => {
                            if sub_new && new.rows <= old.rows {
                                remove_old = true;
                            }
                        }
                        KeysCompare::SecondBetter => {
                            if sub_old && new.rows >= old.rows {
                                accept = false;
                            }
                        }
                        _ => {
                            if sub_new && sub_old {
                                if new.rows < old.rows {
                                    remove_old = true;
                                } else if new.rows > old.rows {
                                    accept = false;
                                } else if compare_fuzzily(parent, &new, old, 1.0000000001)
                                    == Fuzzy::Better1
                                {
                                    remove_old = true;
                                } else {
                                    accept = false;
                                }
                            } else if sub_new && new.rows <= old.rows {
                                remove_old = true;
                            } else if sub_old && new.rows >= old.rows {
                                accept = false;
                            }
                        }
                    },
                    Fuzzy::Better1 => {
                        if keys != KeysCompare::SecondBetter && sub_new && new.rows <= old.rows {
                            remove_old = true;
                        }
                    }
                    Fuzzy::Better2 => {
                        if keys != KeysCompare::FirstBetter && sub_old && new.rows >= old.rows {
                            accept = false;
                        }
                    }
                    Fuzzy::Different => {}
                }
            }
        }
        if remove_old {
            list.remove(i);
            if insert_at > i {
                insert_at -= 1;
            }
        } else {
            let before = new.disabled_nodes > old.disabled_nodes
                || new.disabled_nodes == old.disabled_nodes && new.total_cost >= old.total_cost;
            if before {
                insert_at = i + 1;
            }
            i += 1;
        }
        if !accept {
            break;
        }
    }
    if accept {
        let at = insert_at.min(list.len());
        list.insert(at, Rc::new(new));
    }
    root.rels[rel].pathlist = list;
}

/// Whether a join of such lower-bound cost could still be of use.
pub fn add_path_precheck(
    root: &PlannerInfo<'_>,
    rel: RelId,
    disabled: i32,
    startup: f64,
    total: f64,
    keys: &[PathKey],
    req_outer: &Relids,
) -> bool {
    let parent = &root.rels[rel];
    let consider =
        if req_outer.is_empty() { parent.consider_startup } else { parent.consider_param_startup };
    let keys = if req_outer.is_empty() { keys } else { &[] };
    for old in &parent.pathlist {
        if old.disabled_nodes != disabled {
            if disabled < old.disabled_nodes {
                break;
            }
        } else if total <= old.total_cost * FUZZ {
            break;
        }
        if (startup > old.startup_cost * FUZZ || !consider) && old.disabled_nodes <= disabled {
            let old_keys: &[PathKey] = if old.param.is_some() { &[] } else { &old.pathkeys };
            let cmp = compare_pathkeys(keys, old_keys);
            if matches!(cmp, KeysCompare::Equal | KeysCompare::SecondBetter)
                && old.req_outer() == *req_outer
            {
                return false;
            }
        }
    }
    true
}

/// Picks the cheapest paths of a relation.
pub fn set_cheapest(root: &mut PlannerInfo<'_>, rel: RelId) -> error::PgResult<()> {
    let r = &mut root.rels[rel];
    let (mut startup, mut total, mut best_param): (
        Option<PathRef>,
        Option<PathRef>,
        Option<PathRef>,
    ) = (None, None, None);
    let mut parameterized = Vec::new();
    for p in &r.pathlist {
        if p.param.is_some() {
            parameterized.push(p.clone());
            if total.is_some() {
                continue;
            }
            best_param = Some(match best_param {
                None => p.clone(),
                Some(b) => {
                    let (bo, po) = (b.req_outer(), p.req_outer());
                    if po == bo {
                        if compare_total(p, &b).is_lt() { p.clone() } else { b }
                    } else if po.is_subset(&bo) {
                        p.clone()
                    } else {
                        b
                    }
                }
            });
            continue;
        }
        match &total {
            None => {
                startup = Some(p.clone());
                total = Some(p.clone());
            }
            Some(t) => {
                if let Some(s) = &startup {
                    let c = compare_startup(s, p);
                    if c.is_gt()
                        || c.is_eq()
                            && compare_pathkeys(&s.pathkeys, &p.pathkeys)
                                == KeysCompare::SecondBetter
                    {
                        startup = Some(p.clone());
                    }
                }
                let c = compare_total(t, p);
                if c.is_gt()
                    || c.is_eq()
                        && compare_pathkeys(&t.pathkeys, &p.pathkeys) == KeysCompare::SecondBetter
                {
                    total = Some(p.clone());
                }
            }
        }
    }
    if let Some(t) = &total {
        parameterized.insert(0, t.clone());
    }
    let total = total.or(best_param);
    let Some(total) = total else {
        return Err(error::PgError::internal("could not devise a query plan for the given query"));
    };
    r.cheapest_startup = startup;
    r.cheapest_total = Some(total);
    r.cheapest_unique = None;
    r.cheapest_parameterized = parameterized;
    Ok(())
}

/// A path with costs.
pub fn new_path(
    kind: PathKind,
    parent: RelId,
    target: Rc<PathTarget>,
    param: Option<Rc<ParamPathInfo>>,
    costs: Costs,
    pathkeys: Vec<PathKey>,
) -> Path {
    Path {
        kind,
        parent,
        target,
        param,
        rows: costs.rows,
        disabled_nodes: costs.disabled,
        startup_cost: costs.startup,
        total_cost: costs.total,
        pathkeys,
    }
}

/// The clauses and rows of a base relation's scan with values from outside.
pub fn get_baserel_parampathinfo(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    required_outer: &Relids,
) -> Option<Rc<ParamPathInfo>> {
    if required_outer.is_empty() {
        return None;
    }
    if let Some(p) = root.rels[rel].ppilist.iter().find(|p| p.req_outer == *required_outer) {
        return Some(p.clone());
    }
    let relids = root.rels[rel].relids.clone();
    let both = relids.union(required_outer);
    let mut clauses: Vec<Rc<RestrictInfo>> = root.rels[rel]
        .joininfo
        .iter()
        .filter(|r| {
            join_clause_is_movable_into(r, &relids, &both)
                && crate::init::restrict_info::join_clause_is_movable_to(r, &root.rels[rel])
        })
        .cloned()
        .collect();
    let eq = equivclass::generate_join_implied_equalities(root, &both, required_outer, rel, None);
    for r in eq {
        if join_clause_is_movable_into(&r, &relids, &both) {
            clauses.push(r);
        }
    }
    let rows = parameterized_rows(root, rel, &clauses);
    let serials = clauses.iter().map(|r| r.serial).collect();
    let info = Rc::new(ParamPathInfo { req_outer: required_outer.clone(), rows, clauses, serials });
    root.rels[rel].ppilist.push(info.clone());
    Some(info)
}

fn parameterized_rows(root: &PlannerInfo<'_>, rel: RelId, clauses: &[Rc<RestrictInfo>]) -> f64 {
    let r = &root.rels[rel];
    let mut all = clauses.to_vec();
    all.extend(r.baserestrictinfo.iter().cloned());
    let s = crate::selectivity::clauselist_selectivity(root, &all, r.relid, JoinType::Inner, None);
    clamp_row_est(r.tuples * s).min(r.rows)
}

/// As [`get_baserel_parampathinfo`] for joins; adds the clauses that the join must check.
pub fn get_joinrel_parampathinfo(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    outer: &PathRef,
    inner: &PathRef,
    sjinfo: Option<&Rc<SpecialJoinInfo>>,
    required_outer: &Relids,
    restrict: &mut Vec<Rc<RestrictInfo>>,
) -> Option<Rc<ParamPathInfo>> {
    if required_outer.is_empty() {
        return None;
    }
    let join_relids = root.rels[joinrel].relids.clone();
    let both = join_relids.union(required_outer);
    let outer_relids = root.rels[outer.parent].relids.clone();
    let inner_relids = root.rels[inner.parent].relids.clone();
    let outer_and_req = outer_relids.union(&outer.req_outer());
    let inner_and_req = inner_relids.union(&inner.req_outer());
    let mut pclauses: Vec<Rc<RestrictInfo>> = Vec::new();
    for r in root.rels[joinrel].joininfo.clone() {
        if join_clause_is_movable_into(&r, &join_relids, &both)
            && !join_clause_is_movable_into(&r, &outer_relids, &outer_and_req)
            && !join_clause_is_movable_into(&r, &inner_relids, &inner_and_req)
        {
            pclauses.push(r);
        }
    }
    let eq =
        equivclass::generate_join_implied_equalities(root, &both, required_outer, joinrel, None);
    for r in eq {
        if !join_clause_is_movable_into(&r, &join_relids, &both) {
            continue;
        }
        if join_clause_is_movable_into(&r, &outer_relids, &outer_and_req)
            || join_clause_is_movable_into(&r, &inner_relids, &inner_and_req)
        {
            continue;
        }
        pclauses.push(r);
    }
    let mut all = restrict.clone();
    for c in pclauses {
        if !all.iter().any(|r| Rc::ptr_eq(r, &c)) {
            all.insert(0, c);
        }
    }
    *restrict = all;
    if let Some(p) = root.rels[joinrel].ppilist.iter().find(|p| p.req_outer == *required_outer) {
        return Some(p.clone());
    }
    let rows = {
        let (o, i) = (&root.rels[outer.parent], &root.rels[inner.parent]);
        calc_joinrel_size(root, o, i, &join_relids, outer.rows, inner.rows, sjinfo, restrict)
            .min(root.rels[joinrel].rows)
    };
    let info = Rc::new(ParamPathInfo {
        req_outer: required_outer.clone(),
        rows,
        clauses: Vec::new(),
        serials: Vec::new(),
    });
    root.rels[joinrel].ppilist.push(info.clone());
    Some(info)
}

/// Parameterisation of an append over children.
pub fn get_appendrel_parampathinfo(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    required_outer: &Relids,
) -> Option<Rc<ParamPathInfo>> {
    if required_outer.is_empty() {
        return None;
    }
    if let Some(p) = root.rels[rel].ppilist.iter().find(|p| p.req_outer == *required_outer) {
        return Some(p.clone());
    }
    let info = Rc::new(ParamPathInfo {
        req_outer: required_outer.clone(),
        rows: 0.0,
        clauses: Vec::new(),
        serials: Vec::new(),
    });
    root.rels[rel].ppilist.push(info.clone());
    Some(info)
}

/// Materialisation.
pub fn create_material_path(root: &PlannerInfo<'_>, subpath: PathRef) -> Path {
    let c = cost_material(
        root,
        subpath.startup_cost,
        subpath.total_cost,
        subpath.rows,
        subpath.target.width,
    );
    Path {
        parent: subpath.parent,
        target: subpath.target.clone(),
        param: subpath.param.clone(),
        rows: subpath.rows,
        disabled_nodes: subpath.disabled_nodes + c.disabled,
        startup_cost: c.startup,
        total_cost: c.total,
        pathkeys: subpath.pathkeys.clone(),
        kind: PathKind::Material { subpath },
    }
}

/// Full sort.
pub fn create_sort_path(
    root: &PlannerInfo<'_>,
    rel: RelId,
    subpath: PathRef,
    keys: Vec<PathKey>,
    limit_tuples: f64,
) -> Path {
    let c = cost_sort(root, subpath.total_cost, subpath.rows, subpath.target.width, limit_tuples);
    Path {
        parent: rel,
        target: subpath.target.clone(),
        param: None,
        rows: subpath.rows,
        disabled_nodes: subpath.disabled_nodes + c.disabled,
        startup_cost: c.startup,
        total_cost: c.total,
        pathkeys: keys,
        kind: PathKind::Sort { subpath },
    }
}

/// Incremental sort.
pub fn create_incremental_sort_path(
    root: &PlannerInfo<'_>,
    rel: RelId,
    subpath: PathRef,
    keys: Vec<PathKey>,
    presorted: usize,
    limit_tuples: f64,
) -> Path {
    let groups = crate::cost::join::incremental_groups(root, &subpath, &keys, presorted);
    let c = cost_incremental_sort(
        root,
        subpath.startup_cost,
        subpath.total_cost,
        subpath.rows,
        groups,
        subpath.target.width,
        limit_tuples,
    );
    Path {
        parent: rel,
        target: subpath.target.clone(),
        param: None,
        rows: subpath.rows,
        disabled_nodes: subpath.disabled_nodes,
        startup_cost: c.startup,
        total_cost: c.total,
        pathkeys: keys,
        kind: PathKind::IncrementalSort { subpath, presorted },
    }
}

/// Whether a node of this kind can compute any target list.
pub fn is_projection_capable(path: &Path) -> bool {
    !matches!(
        &path.kind,
        PathKind::Material { .. }
            | PathKind::Memoize { .. }
            | PathKind::Sort { .. }
            | PathKind::IncrementalSort { .. }
            | PathKind::Unique { method: UniqueMethod::Sort, .. }
            | PathKind::UpperUnique { .. }
            | PathKind::SetOp { .. }
            | PathKind::LockRows { .. }
            | PathKind::Limit { .. }
            | PathKind::ModifyTable { .. }
            | PathKind::Append { .. }
            | PathKind::MergeAppend { .. }
            | PathKind::RecursiveUnion { .. }
            | PathKind::ProjectSet { .. }
    )
}

/// Computes another target above a path: in the same node if it can.
pub fn create_projection_path(
    root: &PlannerInfo<'_>,
    rel: RelId,
    subpath: PathRef,
    target: Rc<PathTarget>,
) -> Path {
    let s = &root.cx().settings;
    let mut subpath = subpath;
    if let PathKind::Projection { subpath: inner, .. } = &subpath.kind {
        subpath = inner.clone();
    }
    let same = target.exprs.len() == subpath.target.exprs.len()
        && target.exprs.iter().zip(&subpath.target.exprs).all(|(a, b)| a.equals(b));
    let dummy = is_projection_capable(&subpath) || same;
    let old = subpath.target.cost;
    let (startup, total) = if dummy {
        (
            subpath.startup_cost + (target.cost.startup - old.startup),
            subpath.total_cost
                + (target.cost.startup - old.startup)
                + (target.cost.per_tuple - old.per_tuple) * subpath.rows,
        )
    } else {
        (
            subpath.startup_cost + target.cost.startup,
            subpath.total_cost
                + target.cost.startup
                + (s.cpu_tuple_cost + target.cost.per_tuple) * subpath.rows,
        )
    };
    Path {
        parent: rel,
        target,
        param: subpath.param.clone(),
        rows: subpath.rows,
        disabled_nodes: subpath.disabled_nodes,
        startup_cost: startup,
        total_cost: total,
        pathkeys: subpath.pathkeys.clone(),
        kind: PathKind::Projection { subpath, dummy },
    }
}

/// Replaces a path's target where the node itself can compute it, else puts a Result on top.
pub fn apply_projection(
    root: &PlannerInfo<'_>,
    rel: RelId,
    path: PathRef,
    target: &Rc<PathTarget>,
) -> PathRef {
    if !is_projection_capable(&path) || matches!(path.kind, PathKind::Projection { .. }) {
        return Rc::new(create_projection_path(root, rel, path, target.clone()));
    }
    let mut new = (*path).clone();
    let old = new.target.cost;
    new.target = target.clone();
    new.startup_cost += target.cost.startup - old.startup;
    new.total_cost +=
        target.cost.startup - old.startup + (target.cost.per_tuple - old.per_tuple) * new.rows;
    Rc::new(new)
}

/// Evaluates set-returning functions.
pub fn create_set_projection_path(
    root: &PlannerInfo<'_>,
    rel: RelId,
    subpath: PathRef,
    target: Rc<PathTarget>,
) -> Path {
    let s = &root.cx().settings;
    let mut tlist_rows = 1.0f64;
    for e in &target.exprs {
        tlist_rows = tlist_rows.max(crate::selectivity::groups::set_rows(root, e));
    }
    let rows = subpath.rows * tlist_rows;
    let total = subpath.total_cost
        + target.cost.startup
        + (s.cpu_tuple_cost + target.cost.per_tuple) * subpath.rows
        + (rows - subpath.rows) * s.cpu_tuple_cost / 2.0;
    Path {
        parent: rel,
        startup_cost: subpath.startup_cost + target.cost.startup,
        total_cost: total,
        target,
        param: None,
        rows,
        disabled_nodes: subpath.disabled_nodes,
        pathkeys: subpath.pathkeys.clone(),
        kind: PathKind::ProjectSet { subpath },
    }
}

/// A semi join's right side made unique, if it can be.
pub fn create_unique_path(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    subpath: &PathRef,
    sjinfo: &SpecialJoinInfo,
) -> Option<PathRef> {
    if let Some(cached) = &root.rels[rel].cheapest_unique {
        return cached.clone();
    }
    let made = make_unique(root, rel, subpath, sjinfo).map(Rc::new);
    root.rels[rel].cheapest_unique = Some(made.clone());
    made
}

fn make_unique(
    root: &PlannerInfo<'_>,
    rel: RelId,
    subpath: &PathRef,
    sj: &SpecialJoinInfo,
) -> Option<Path> {
    if !(sj.semi_can_btree || sj.semi_can_hash) || subpath.param.is_some() {
        return None;
    }
    let s = &root.cx().settings;
    let base = |method, costs: Costs| Path {
        parent: rel,
        target: root.rels[rel].reltarget.clone(),
        param: subpath.param.clone(),
        rows: costs.rows,
        disabled_nodes: costs.disabled,
        startup_cost: costs.startup,
        total_cost: costs.total,
        pathkeys: Vec::new(),
        kind: PathKind::Unique {
            subpath: subpath.clone(),
            method,
            in_operators: sj.semi_operators.clone(),
            uniq_exprs: sj.semi_rhs_exprs.clone(),
        },
    };
    // Unique already: by index, or because the subquery says so.
    if crate::join_removal::rel_is_unique_for_exprs(
        root,
        rel,
        &sj.semi_rhs_exprs,
        &sj.semi_operators,
    ) {
        return Some(base(
            UniqueMethod::Noop,
            Costs {
                startup: subpath.startup_cost,
                total: subpath.total_cost,
                rows: subpath.rows,
                disabled: subpath.disabled_nodes,
            },
        ));
    }
    let rows =
        crate::selectivity::groups::estimate_num_groups(root, &sj.semi_rhs_exprs, subpath.rows);
    let ncols = sj.semi_rhs_exprs.len();
    let sort = sj.semi_can_btree.then(|| {
        let c = cost_sort(root, subpath.total_cost, subpath.rows, subpath.target.width, -1.0);
        Costs {
            startup: c.startup,
            total: c.total + s.cpu_operator_cost * subpath.rows * ncols as f64,
            rows,
            disabled: subpath.disabled_nodes + c.disabled,
        }
    });
    let hash = (sj.semi_can_hash
        && hash_agg_entry_size(0, subpath.target.width, 0.0) * rows <= s.hash_mem())
    .then(|| {
        let mut c = cost_agg(
            root,
            plan::AggStrategy::Hashed,
            None,
            ncols,
            rows,
            &[],
            subpath.disabled_nodes,
            subpath.startup_cost,
            subpath.total_cost,
            subpath.rows,
            subpath.target.width,
        );
        c.rows = rows;
        c
    });
    match (sort, hash) {
        (Some(a), Some(b)) => {
            let hash_wins =
                b.disabled < a.disabled || b.disabled == a.disabled && b.total < a.total;
            Some(if hash_wins { base(UniqueMethod::Hash, b) } else { base(UniqueMethod::Sort, a) })
        }
        (Some(a), None) => Some(base(UniqueMethod::Sort, a)),
        (None, Some(b)) => Some(base(UniqueMethod::Hash, b)),
        (None, None) => None,
    }
}

/// Computes a target's cost and width from its expressions.
pub fn set_target_cost_width(root: &PlannerInfo<'_>, mut target: PathTarget) -> PathTarget {
    let mut width = 0i64;
    for e in &target.exprs {
        width += expr_width(root, e) as i64;
    }
    target.cost = target_cost(root.cx(), &target.exprs);
    target.width = clamp_width(width);
    target
}

/// Expected width of an expression's values.
pub fn expr_width(root: &PlannerInfo<'_>, e: &Expr) -> i32 {
    match e {
        Expr::Var(v) if v.varlevelsup == 0 => {
            if let Some(id) = root.try_base(v.varno) {
                let rel = &root.rels[id];
                if let Some(w) = rel.attr_widths.get((v.varattno + 7) as usize) {
                    if *w > 0 {
                        return *w;
                    }
                }
            }
            root.cx().type_avg_width(v.vartype, v.vartypmod)
        }
        Expr::PlaceHolderVar(p) => root
            .placeholder_list
            .iter()
            .find(|i| i.phid == p.phid)
            .map_or_else(|| root.cx().type_avg_width(e.typ(), e.typmod()), |i| i.width),
        _ => root.cx().type_avg_width(e.typ(), e.typmod()),
    }
}

/// A target from a target list.
pub fn create_pathtarget(root: &PlannerInfo<'_>, tlist: &[TargetEntry]) -> PathTarget {
    let mut target = PathTarget::default();
    for te in tlist {
        target.push(te.expr.clone(), te.ressortgroupref);
    }
    set_target_cost_width(root, target)
}
