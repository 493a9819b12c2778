//! Nested loop, merge and hash join paths of two relations.
use crate::{
    clauses::*,
    cost::*,
    init::equivclass,
    join_removal,
    path::*,
    pathkeys::*,
    pathnode::*,
    relids::Relids,
    root::*,
    selectivity::{self, JoinArgs},
};
use nodes::*;
use std::rc::Rc;
use types::Oid;

/// Adds the paths of joining `outer` to `inner`.
pub fn add_paths_to_joinrel(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    outer: RelId,
    inner: RelId,
    jointype: JoinType,
    sjinfo: &Rc<SpecialJoinInfo>,
    restrict: &[Rc<RestrictInfo>],
) {
    let mut extra = JoinExtra {
        restrictlist: restrict.to_vec(),
        sjinfo: Some(sjinfo.clone()),
        ..JoinExtra::default()
    };
    let join_relids = root.rels[joinrel].relids.clone();
    let outer_relids = root.rels[outer].relids.clone();
    extra.inner_unique = match jointype {
        JoinType::Semi | JoinType::Anti => false,
        JoinType::UniqueInner => sjinfo.min_lefthand.is_subset(&outer_relids),
        JoinType::UniqueOuter => join_removal::innerrel_is_unique(
            root,
            &join_relids,
            &outer_relids,
            inner,
            JoinType::Inner,
            restrict,
        ),
        t => {
            join_removal::innerrel_is_unique(root, &join_relids, &outer_relids, inner, t, restrict)
        }
    };
    let mut mergejoin_allowed = true;
    if root.cx().settings.enable_mergejoin || jointype == JoinType::Full {
        let (list, ok) = select_mergejoin_clauses(root, joinrel, outer, inner, restrict, jointype);
        extra.mergeclauses = list;
        mergejoin_allowed = ok;
    }
    if matches!(jointype, JoinType::Semi | JoinType::Anti) || extra.inner_unique {
        semi_anti_factors(root, &join_relids, outer, inner, jointype, sjinfo, restrict, &mut extra);
    }
    // Parameters may come from relations that this join's place in outer joins allows.
    for sj in &root.join_info_list.clone() {
        if join_relids.overlaps(&sj.min_righthand) && !join_relids.overlaps(&sj.min_lefthand) {
            extra.param_source_rels.add_all(&root.all_baserels.difference(&sj.min_righthand));
        }
        if sj.jointype == JoinType::Full
            && join_relids.overlaps(&sj.min_lefthand)
            && !join_relids.overlaps(&sj.min_righthand)
        {
            extra.param_source_rels.add_all(&root.all_baserels.difference(&sj.min_lefthand));
        }
    }
    extra.param_source_rels.add_all(&root.rels[joinrel].lateral_relids.clone());
    if mergejoin_allowed {
        sort_inner_and_outer(root, joinrel, outer, inner, jointype, &extra);
        match_unsorted_outer(root, joinrel, outer, inner, jointype, &extra, true);
    } else {
        match_unsorted_outer(root, joinrel, outer, inner, jointype, &extra, false);
    }
    if root.cx().settings.enable_hashjoin || jointype == JoinType::Full {
        hash_inner_and_outer(root, joinrel, outer, inner, jointype, &extra);
    }
}

fn semi_anti_factors(
    root: &PlannerInfo<'_>,
    join_relids: &Relids,
    outer: RelId,
    inner: RelId,
    jointype: JoinType,
    sjinfo: &Rc<SpecialJoinInfo>,
    restrict: &[Rc<RestrictInfo>],
    extra: &mut JoinExtra,
) {
    let own: Vec<Rc<RestrictInfo>> = match jointype {
        JoinType::Left | JoinType::Anti | JoinType::Full => {
            restrict.iter().filter(|r| !r.is_pushed_down_at(join_relids)).cloned().collect()
        }
        _ => restrict.to_vec(),
    };
    let t = if jointype == JoinType::Anti { JoinType::Anti } else { JoinType::Semi };
    let args = JoinArgs { sjinfo: sjinfo.clone() };
    let jselec = selectivity::clauselist_selectivity(root, &own, 0, t, Some(&args));
    let norm = Rc::new(SpecialJoinInfo {
        jointype: JoinType::Inner,
        min_lefthand: root.rels[outer].relids.clone(),
        min_righthand: root.rels[inner].relids.clone(),
        syn_lefthand: root.rels[outer].relids.clone(),
        syn_righthand: root.rels[inner].relids.clone(),
        ..(**sjinfo).clone()
    });
    let args = JoinArgs { sjinfo: norm };
    let nselec = selectivity::clauselist_selectivity(root, &own, 0, JoinType::Inner, Some(&args));
    let avgmatch =
        if jselec > 0.0 { (nselec * root.rels[inner].rows / jselec).max(1.0) } else { 1.0 };
    extra.outer_match_frac = jselec;
    extra.match_count = avgmatch;
}

/// Notes which side of a clause is the outer one; false if it does not connect the sides.
fn clause_sides_match_join(r: &RestrictInfo, outer: &Relids, inner: &Relids) -> bool {
    if r.left_relids.is_subset(outer) && r.right_relids.is_subset(inner) {
        r.outer_is_left.set(true);
        true
    } else if r.left_relids.is_subset(inner) && r.right_relids.is_subset(outer) {
        r.outer_is_left.set(false);
        true
    } else {
        false
    }
}

fn select_mergejoin_clauses(
    root: &PlannerInfo<'_>,
    joinrel: RelId,
    outer: RelId,
    inner: RelId,
    restrict: &[Rc<RestrictInfo>],
    jointype: JoinType,
) -> (Vec<Rc<RestrictInfo>>, bool) {
    let is_outer = is_outer_join(jointype);
    let relids = &root.rels[joinrel].relids;
    let mut result = Vec::new();
    let mut have_other = false;
    for r in restrict {
        if is_outer && r.is_pushed_down_at(relids) {
            continue;
        }
        if !r.can_join || r.mergeopfamilies.is_empty() {
            // The executor takes constants as further conditions of any merge join.
            have_other |= !matches!(r.clause, Expr::Const(_));
            continue;
        }
        if !clause_sides_match_join(r, &root.rels[outer].relids, &root.rels[inner].relids) {
            have_other = true;
            continue;
        }
        equivclass::update_mergeclause_eclasses(root, r);
        let redundant = |ec: Option<EcId>| {
            ec.is_none_or(|e| root.eq_classes[e].has_const && !root.eq_classes[e].has_volatile)
        };
        if redundant(r.left_ec.get()) || redundant(r.right_ec.get()) {
            have_other = true;
            continue;
        }
        result.push(r.clone());
    }
    let allowed = match jointype {
        JoinType::Right | JoinType::RightAnti | JoinType::Full => !have_other,
        JoinType::RightSemi => false,
        _ => true,
    };
    (result, allowed)
}

fn is_outer_join(t: JoinType) -> bool {
    matches!(
        t,
        JoinType::Left | JoinType::Full | JoinType::Right | JoinType::Anti | JoinType::RightAnti
    )
}

fn param_ok(
    extra: &JoinExtra,
    req: &Relids,
    outer: &Relids,
    inner: &Relids,
    inner_path: &Path,
) -> bool {
    if req.is_empty() || req.overlaps(&extra.param_source_rels) {
        return true;
    }
    // A star join: the inner path's parameters come partly from the outer side, partly from beyond.
    let _ = inner;
    let p = inner_path.req_outer();
    p.overlaps(outer) && !p.is_subset(outer)
}

fn calc_nestloop_required_outer(
    outer: &Path,
    outer_relids: &Relids,
    inner: &Path,
    inner_relids: &Relids,
) -> Relids {
    let _ = inner_relids;
    let i = inner.req_outer().difference(outer_relids);
    outer.req_outer().union(&i)
}

fn try_nestloop_path(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    outer: &PathRef,
    inner: &PathRef,
    keys: &[PathKey],
    jointype: JoinType,
    extra: &JoinExtra,
) {
    let outer_relids = root.rels[outer.parent].relids.clone();
    let inner_relids = root.rels[inner.parent].relids.clone();
    let outer_top =
        root.rels[outer.parent].top_parent_relids.clone().unwrap_or(outer_relids.clone());
    if outer.req_outer().overlaps(&inner_relids) {
        return;
    }
    let req = calc_nestloop_required_outer(outer, &outer_top, inner, &inner_relids);
    if !param_ok(extra, &req, &outer_top, &inner_relids, inner) {
        return;
    }
    if !root.rels[joinrel].lateral_relids.is_subset(&req)
        || !root.rels[inner.parent]
            .lateral_relids
            .is_subset(&outer_relids.union(&inner.req_outer()).union(&req))
    {
        return;
    }
    let w = initial_cost_nestloop(root, jointype, outer, inner, extra);
    if !add_path_precheck(root, joinrel, w.disabled, w.startup, w.total, keys, &req) {
        return;
    }
    let mut restrict = extra.restrictlist.clone();
    let param = get_joinrel_parampathinfo(
        root,
        joinrel,
        outer,
        inner,
        extra.sjinfo.as_ref(),
        &req,
        &mut restrict,
    );
    // Clauses that a parameterised inner path checks already are not repeated.
    if inner.req_outer().overlaps(&outer_relids) {
        let enforced = enforced_serials(inner);
        restrict.retain(|r| !enforced.contains(&r.serial));
    }
    let join = JoinPath {
        jointype,
        inner_unique: extra.inner_unique,
        outer: outer.clone(),
        inner: inner.clone(),
        restrict,
    };
    let rows = param.as_ref().map_or(root.rels[joinrel].rows, |p| p.rows);
    let target = root.rels[joinrel].reltarget.clone();
    let (startup, total) = final_cost_nestloop(root, &join, rows, &target, &w, extra);
    let path = Path {
        kind: PathKind::NestLoop(join),
        parent: joinrel,
        target,
        param,
        rows,
        disabled_nodes: w.disabled,
        startup_cost: startup,
        total_cost: total,
        pathkeys: keys.to_vec(),
    };
    add_path(root, joinrel, path);
}

/// Serial numbers of the join clauses that a parameterised path checks.
fn enforced_serials(path: &Path) -> Vec<u32> {
    let Some(param) = &path.param else { return Vec::new() };
    match &path.kind {
        PathKind::NestLoop(join)
        | PathKind::MergeJoin { join, .. }
        | PathKind::HashJoin { join, .. } => {
            let mut all = enforced_serials(&join.outer);
            all.extend(enforced_serials(&join.inner));
            all.extend(join.restrict.iter().map(|r| r.serial));
            all
        }
        PathKind::Append { subpaths } | PathKind::MergeAppend { subpaths, .. } => {
            let mut lists = subpaths.iter().map(|p| enforced_serials(p));
            let mut all = lists.next().unwrap_or_default();
            for list in lists {
                all.retain(|s| list.contains(s));
            }
            all
        }
        _ => param.serials.clone(),
    }
}

fn try_mergejoin_path(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    outer: &PathRef,
    inner: &PathRef,
    keys: &[PathKey],
    mergeclauses: Vec<Rc<RestrictInfo>>,
    mut outersort: Vec<PathKey>,
    mut innersort: Vec<PathKey>,
    jointype: JoinType,
    extra: &JoinExtra,
) {
    let req = outer.req_outer().union(&inner.req_outer());
    if !req.is_empty() && !req.overlaps(&extra.param_source_rels) {
        return;
    }
    if req.overlaps(&root.rels[joinrel].relids)
        || !root.rels[joinrel].lateral_relids.is_subset(&req)
    {
        return;
    }
    if pathkeys_contained_in(&outersort, &outer.pathkeys) {
        outersort.clear();
    }
    let presorted = pathkeys_common(&outersort, &outer.pathkeys);
    if pathkeys_contained_in(&innersort, &inner.pathkeys) {
        innersort.clear();
    }
    let w = initial_cost_mergejoin(
        root,
        jointype,
        &mergeclauses,
        outer,
        inner,
        &outersort,
        &innersort,
        presorted,
    );
    if !add_path_precheck(root, joinrel, w.disabled, w.startup, w.total, keys, &req) {
        return;
    }
    let mut restrict = extra.restrictlist.clone();
    let param = get_joinrel_parampathinfo(
        root,
        joinrel,
        outer,
        inner,
        extra.sjinfo.as_ref(),
        &req,
        &mut restrict,
    );
    let join = JoinPath {
        jointype,
        inner_unique: extra.inner_unique,
        outer: outer.clone(),
        inner: inner.clone(),
        restrict,
    };
    let rows = param.as_ref().map_or(root.rels[joinrel].rows, |p| p.rows);
    let target = root.rels[joinrel].reltarget.clone();
    let (startup, total, materialize_inner, skip_mark_restore) =
        final_cost_mergejoin(root, &join, &mergeclauses, &innersort, rows, &target, &w, extra);
    let path = Path {
        kind: PathKind::MergeJoin {
            join,
            mergeclauses,
            outersortkeys: outersort,
            innersortkeys: innersort,
            outer_presorted: presorted,
            skip_mark_restore,
            materialize_inner,
        },
        parent: joinrel,
        target,
        param,
        rows,
        disabled_nodes: w.disabled,
        startup_cost: startup,
        total_cost: total,
        pathkeys: keys.to_vec(),
    };
    add_path(root, joinrel, path);
}

fn try_hashjoin_path(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    outer: &PathRef,
    inner: &PathRef,
    hashclauses: &[Rc<RestrictInfo>],
    jointype: JoinType,
    extra: &JoinExtra,
) {
    let req = outer.req_outer().union(&inner.req_outer());
    if !req.is_empty() && !req.overlaps(&extra.param_source_rels) {
        return;
    }
    if req.overlaps(&root.rels[joinrel].relids)
        || !root.rels[joinrel].lateral_relids.is_subset(&req)
    {
        return;
    }
    let w = initial_cost_hashjoin(root, hashclauses, outer, inner);
    if !add_path_precheck(root, joinrel, w.disabled, w.startup, w.total, &[], &req) {
        return;
    }
    let mut restrict = extra.restrictlist.clone();
    let param = get_joinrel_parampathinfo(
        root,
        joinrel,
        outer,
        inner,
        extra.sjinfo.as_ref(),
        &req,
        &mut restrict,
    );
    let join = JoinPath {
        jointype,
        inner_unique: extra.inner_unique,
        outer: outer.clone(),
        inner: inner.clone(),
        restrict,
    };
    let rows = param.as_ref().map_or(root.rels[joinrel].rows, |p| p.rows);
    let target = root.rels[joinrel].reltarget.clone();
    let (startup, total, disabled) =
        final_cost_hashjoin(root, &join, hashclauses, rows, &target, &w, extra);
    let path = Path {
        kind: PathKind::HashJoin {
            join,
            hashclauses: hashclauses.to_vec(),
            num_batches: w.num_batches,
        },
        parent: joinrel,
        target,
        param,
        rows,
        disabled_nodes: disabled,
        startup_cost: startup,
        total_cost: total,
        pathkeys: Vec::new(),
    };
    add_path(root, joinrel, path);
}

fn sort_inner_and_outer(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    outer: RelId,
    inner: RelId,
    jointype: JoinType,
    extra: &JoinExtra,
) {
    if extra.mergeclauses.is_empty() {
        return;
    }
    let (Some(mut op), Some(mut ip)) =
        (root.rels[outer].cheapest_total.clone(), root.rels[inner].cheapest_total.clone())
    else {
        return;
    };
    let (orel, irel) = (root.rels[outer].relids.clone(), root.rels[inner].relids.clone());
    if op.req_outer().overlaps(&irel) || ip.req_outer().overlaps(&orel) {
        return;
    }
    let mut jt = jointype;
    let sj = extra.sjinfo.clone();
    if let Some(sj) = &sj {
        if jointype == JoinType::UniqueOuter {
            match create_unique_path(root, outer, &op, sj) {
                Some(p) => op = p,
                None => return,
            }
            jt = JoinType::Inner;
        } else if jointype == JoinType::UniqueInner {
            match create_unique_path(root, inner, &ip, sj) {
                Some(p) => ip = p,
                None => return,
            }
            jt = JoinType::Inner;
        }
    }
    let all = select_outer_pathkeys_for_merge(root, &extra.mergeclauses, joinrel);
    // Each key takes its turn as the first one.
    for front in 0..all.len() {
        let mut keys = all.clone();
        if front > 0 {
            let k = keys.remove(front);
            keys.insert(0, k);
        }
        let clauses = find_mergeclauses_for_pathkeys(root, &keys, &extra.mergeclauses);
        if clauses.len() != extra.mergeclauses.len() {
            continue;
        }
        let inner_keys = make_inner_pathkeys_for_merge(root, &clauses, &keys);
        let merged = build_join_pathkeys(root, joinrel, jt, &keys);
        try_mergejoin_path(root, joinrel, &op, &ip, &merged, clauses, keys, inner_keys, jt, extra);
    }
}

fn get_memoize_path(
    root: &mut PlannerInfo<'_>,
    inner_rel: RelId,
    outer_rel: RelId,
    inner: &PathRef,
    outer: &PathRef,
    jointype: JoinType,
    extra: &JoinExtra,
) -> Option<PathRef> {
    if !root.cx().settings.enable_memoize || outer.rows < 2.0 {
        return None;
    }
    if inner.param.as_ref().is_none_or(|p| p.clauses.is_empty())
        && root.rels[inner_rel].lateral_vars.is_empty()
    {
        return None;
    }
    if !extra.inner_unique && matches!(jointype, JoinType::Semi | JoinType::Anti) {
        return None;
    }
    let clauses = inner.param.as_ref().map(|p| p.clauses.clone()).unwrap_or_default();
    // The whole join condition must be in the inner path, or a unique match may be missed.
    if extra.inner_unique && clauses.len() < extra.restrictlist.len() {
        return None;
    }
    let cx = root.cx();
    if root.rels[inner_rel].reltarget.exprs.iter().any(|e| cx.contain_volatile(e))
        || root.rels[inner_rel].baserestrictinfo.iter().any(|r| r.has_volatile)
        || clauses.iter().any(|r| r.has_volatile)
    {
        return None;
    }
    let outer_relids = root.rels[outer_rel].relids.clone();
    let inner_relids = root.rels[inner_rel].relids.clone();
    let (mut exprs, mut ops): (Vec<Expr>, Vec<Oid>) = (Vec::new(), Vec::new());
    let mut binary_mode = false;
    for r in &clauses {
        let Expr::OpExpr(o) = &r.clause else { return None };
        if o.args.len() != 2 || !clause_sides_match_join(r, &outer_relids, &inner_relids) {
            return None;
        }
        let e = if r.outer_is_left.get() { &o.args[0] } else { &o.args[1] };
        let (_, eq, hashable) = cx.sort_group_operators(e.typ())?;
        if !hashable {
            return None;
        }
        if !exprs.iter().any(|x| x.equals(e)) {
            exprs.push(e.clone());
            ops.push(eq);
        }
        // An operator other than the key's own equality tells equal keys apart.
        if !r.hashjoinoperator.is_valid() {
            binary_mode = true;
        }
    }
    for v in &root.rels[inner_rel].lateral_vars {
        let (_, eq, hashable) = cx.sort_group_operators(v.typ())?;
        if !hashable {
            return None;
        }
        if !pull_varnos(Some(root), v).is_subset(&outer_relids) {
            return None;
        }
        if !exprs.iter().any(|x| x.equals(v)) {
            exprs.push(v.clone());
            ops.push(eq);
        }
        binary_mode = true;
    }
    if exprs.is_empty() {
        return None;
    }
    let s = &cx.settings;
    let (_, _, est_entries) = cost_memoize_rescan(
        root,
        inner.startup_cost,
        inner.total_cost,
        inner.rows,
        inner.target.width,
        outer.rows,
        &exprs,
    );
    Some(Rc::new(Path {
        parent: inner_rel,
        target: inner.target.clone(),
        param: inner.param.clone(),
        rows: inner.rows,
        disabled_nodes: inner.disabled_nodes,
        startup_cost: inner.startup_cost + s.cpu_tuple_cost,
        total_cost: inner.total_cost + s.cpu_tuple_cost,
        pathkeys: inner.pathkeys.clone(),
        kind: PathKind::Memoize {
            subpath: inner.clone(),
            hash_operators: ops,
            param_exprs: exprs,
            singlerow: extra.inner_unique,
            binary_mode,
            est_entries,
        },
    }))
}

fn match_unsorted_outer(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    outer: RelId,
    inner: RelId,
    jointype: JoinType,
    extra: &JoinExtra,
    merge_ok: bool,
) {
    let (nestjoin_ok, use_all) = match jointype {
        JoinType::Inner | JoinType::Left | JoinType::Semi | JoinType::Anti => (true, false),
        JoinType::Right | JoinType::RightAnti | JoinType::Full => (false, true),
        JoinType::UniqueOuter | JoinType::UniqueInner => (true, false),
        JoinType::RightSemi => return,
    };
    let inner_total = root.rels[inner].cheapest_total.clone();
    let outer_relids = root.rels[outer].relids.clone();
    let inner_relids = root.rels[inner].relids.clone();
    let mut inner_total = inner_total.filter(|p| !p.req_outer().overlaps(&outer_relids));
    let sj = extra.sjinfo.clone();
    let mut jt = jointype;
    let mut matpath: Option<PathRef> = None;
    if jointype == JoinType::UniqueInner {
        let (Some(p), Some(sj)) = (inner_total.clone(), &sj) else { return };
        inner_total = create_unique_path(root, inner, &p, sj);
        if inner_total.is_none() {
            return;
        }
    } else if nestjoin_ok {
        if let Some(p) = &inner_total {
            if root.cx().settings.enable_material && !materializes_output(p) {
                matpath = Some(Rc::new(create_material_path(root, p.clone())));
            }
        }
    }
    if matches!(jointype, JoinType::UniqueOuter | JoinType::UniqueInner) {
        jt = JoinType::Inner;
    }
    for mut op in root.rels[outer].pathlist.clone() {
        if op.req_outer().overlaps(&inner_relids) {
            continue;
        }
        if jointype == JoinType::UniqueOuter {
            let cheapest = root.rels[outer].cheapest_total.clone();
            if !cheapest.is_some_and(|c| Rc::ptr_eq(&c, &op)) {
                continue;
            }
            let Some(sj) = &sj else { continue };
            match create_unique_path(root, outer, &op, sj) {
                Some(p) => op = p,
                None => continue,
            }
        }
        let keys = build_join_pathkeys(root, joinrel, jt, &op.pathkeys.clone());
        if jointype == JoinType::UniqueInner {
            if let Some(ip) = &inner_total {
                try_nestloop_path(root, joinrel, &op, ip, &keys, jt, extra);
            }
        } else if nestjoin_ok {
            for ip in root.rels[inner].cheapest_parameterized.clone() {
                try_nestloop_path(root, joinrel, &op, &ip, &keys, jt, extra);
                if ip.req_outer().is_subset(&outer_relids) || !ip.req_outer().is_empty() {
                    if let Some(m) = get_memoize_path(root, inner, outer, &ip, &op, jt, extra) {
                        try_nestloop_path(root, joinrel, &op, &m, &keys, jt, extra);
                    }
                }
            }
            if let Some(m) = &matpath {
                try_nestloop_path(root, joinrel, &op, m, &keys, jt, extra);
            }
        }
        if jointype == JoinType::UniqueOuter || !merge_ok {
            continue;
        }
        let Some(ip) = &inner_total else { continue };
        generate_mergejoin_paths(root, joinrel, inner, &op, jointype, extra, use_all, ip, &keys);
    }
}

fn materializes_output(p: &Path) -> bool {
    matches!(
        p.kind,
        PathKind::Material { .. }
            | PathKind::Sort { .. }
            | PathKind::FunctionScan
            | PathKind::CteScan { .. }
            | PathKind::WorkTableScan { .. }
            | PathKind::NamedTuplestoreScan
            | PathKind::TableFuncScan
    )
}

fn generate_mergejoin_paths(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    inner: RelId,
    op: &PathRef,
    jointype: JoinType,
    extra: &JoinExtra,
    use_all: bool,
    inner_total: &PathRef,
    keys: &[PathKey],
) {
    let jt = if matches!(jointype, JoinType::UniqueOuter | JoinType::UniqueInner) {
        JoinType::Inner
    } else {
        jointype
    };
    let clauses = find_mergeclauses_for_pathkeys(root, &op.pathkeys, &extra.mergeclauses);
    if clauses.is_empty() && !(jointype == JoinType::Full && extra.mergeclauses.is_empty()) {
        return;
    }
    if use_all && clauses.len() != extra.mergeclauses.len() {
        return;
    }
    let inner_keys = make_inner_pathkeys_for_merge(root, &clauses, &op.pathkeys);
    try_mergejoin_path(
        root,
        joinrel,
        op,
        inner_total,
        keys,
        clauses.clone(),
        Vec::new(),
        inner_keys.clone(),
        jt,
        extra,
    );
    if jointype == JoinType::UniqueInner {
        return;
    }
    // Inner paths in (part of) the right order, from the full order down.
    let mut cheapest_total: Option<PathRef> = None;
    let mut cheapest_startup: Option<PathRef> = None;
    let mut n = inner_keys.len();
    while n > 0 {
        let trial = &inner_keys[..n];
        let list = root.rels[inner].pathlist.clone();
        let mut new_clauses: Option<Vec<Rc<RestrictInfo>>> = None;
        let found = cheapest_path_for_pathkeys(&list, trial, &Relids::new(), true);
        if let Some(p) = &found {
            if cheapest_total.as_ref().is_none_or(|c| compare_total(p, c).is_lt()) {
                let c = if n < inner_keys.len() {
                    trim_mergeclauses_for_inner(root, &clauses, trial)
                } else {
                    clauses.clone()
                };
                try_mergejoin_path(
                    root,
                    joinrel,
                    op,
                    p,
                    keys,
                    c.clone(),
                    Vec::new(),
                    Vec::new(),
                    jt,
                    extra,
                );
                new_clauses = Some(c);
                cheapest_total = Some(p.clone());
            }
        }
        let found_start = cheapest_path_for_pathkeys(&list, trial, &Relids::new(), false);
        if let Some(p) = &found_start {
            if cheapest_startup.as_ref().is_none_or(|c| compare_startup(p, c).is_lt()) {
                if !found.as_ref().is_some_and(|f| Rc::ptr_eq(f, p)) {
                    let c = new_clauses.unwrap_or_else(|| {
                        if n < inner_keys.len() {
                            trim_mergeclauses_for_inner(root, &clauses, trial)
                        } else {
                            clauses.clone()
                        }
                    });
                    try_mergejoin_path(
                        root,
                        joinrel,
                        op,
                        p,
                        keys,
                        c,
                        Vec::new(),
                        Vec::new(),
                        jt,
                        extra,
                    );
                }
                cheapest_startup = Some(p.clone());
            }
        }
        if use_all {
            break;
        }
        n -= 1;
    }
}

fn hash_inner_and_outer(
    root: &mut PlannerInfo<'_>,
    joinrel: RelId,
    outer: RelId,
    inner: RelId,
    jointype: JoinType,
    extra: &JoinExtra,
) {
    let is_outer = is_outer_join(jointype);
    let relids = root.rels[joinrel].relids.clone();
    let (orel, irel) = (root.rels[outer].relids.clone(), root.rels[inner].relids.clone());
    let mut clauses = Vec::new();
    for r in &extra.restrictlist {
        if is_outer && r.is_pushed_down_at(&relids) {
            continue;
        }
        if !r.can_join || !r.hashjoinoperator.is_valid() {
            continue;
        }
        if clause_sides_match_join(r, &orel, &irel) {
            clauses.push(r.clone());
        }
    }
    if clauses.is_empty() {
        return;
    }
    let outer_startup = root.rels[outer].cheapest_startup.clone();
    let (Some(outer_total), Some(inner_total)) =
        (root.rels[outer].cheapest_total.clone(), root.rels[inner].cheapest_total.clone())
    else {
        return;
    };
    if outer_total.req_outer().overlaps(&irel) || inner_total.req_outer().overlaps(&orel) {
        return;
    }
    let sj = extra.sjinfo.clone();
    match (jointype, &sj) {
        (JoinType::UniqueOuter, Some(sj)) => {
            if let Some(op) = create_unique_path(root, outer, &outer_total, sj) {
                try_hashjoin_path(
                    root,
                    joinrel,
                    &op,
                    &inner_total,
                    &clauses,
                    JoinType::Inner,
                    extra,
                );
            }
        }
        (JoinType::UniqueInner, Some(sj)) => {
            if let Some(ip) = create_unique_path(root, inner, &inner_total, sj) {
                try_hashjoin_path(
                    root,
                    joinrel,
                    &outer_total,
                    &ip,
                    &clauses,
                    JoinType::Inner,
                    extra,
                );
                if let Some(os) = outer_startup.filter(|o| !Rc::ptr_eq(o, &outer_total)) {
                    try_hashjoin_path(root, joinrel, &os, &ip, &clauses, JoinType::Inner, extra);
                }
            }
        }
        _ => {
            if let Some(os) = &outer_startup {
                try_hashjoin_path(root, joinrel, os, &inner_total, &clauses, jointype, extra);
            }
            for op in root.rels[outer].cheapest_parameterized.clone() {
                if op.req_outer().overlaps(&irel) {
                    continue;
                }
                for ip in root.rels[inner].cheapest_parameterized.clone() {
                    if ip.req_outer().overlaps(&orel) {
                        continue;
                    }
                    if outer_startup.as_ref().is_some_and(|s| Rc::ptr_eq(s, &op))
                        && Rc::ptr_eq(&ip, &inner_total)
                    {
                        continue;
                    }
                    try_hashjoin_path(root, joinrel, &op, &ip, &clauses, jointype, extra);
                }
            }
        }
    }
}
