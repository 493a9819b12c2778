//! Sizes and paths of base relations, then of the joins between them.
use super::{index_path, join_order, tid};
use crate::{
    clauses::*,
    cost::*,
    inherit::adjust_appendrel_attrs,
    init::{deconstruct::JoinList, equivclass},
    path::*,
    pathkeys::*,
    pathnode::*,
    predicate, push_down,
    relids::Relids,
    root::*,
    selectivity,
};
use error::PgResult;
use nodes::*;
use std::rc::Rc;

/// Plans the scan/join part of a query level.
pub fn make_one_rel(root: &mut PlannerInfo<'_>, joinlist: &[JoinList]) -> PgResult<RelId> {
    set_consider_startup(root);
    for rti in root.base_rtis() {
        let id = root.base_id(rti);
        set_rel_size(root, id, rti)?;
    }
    for rti in root.base_rtis() {
        let id = root.base_id(rti);
        set_rel_pathlist(root, id, rti)?;
    }
    make_rel_from_joinlist(root, joinlist)
}

impl PlannerInfo<'_> {
    /// Range table indexes of top-level base relations.
    pub fn base_rtis(&self) -> Vec<i32> {
        (1..self.simple_rels.len() as i32)
            .filter(|r| self.try_base(*r).is_some_and(|id| self.rels[id].kind == RelKind::Base))
            .collect()
    }
}

fn set_consider_startup(root: &mut PlannerInfo<'_>) {
    for rel in &mut root.rels {
        rel.consider_startup = root.tuple_fraction > 0.0;
        rel.consider_param_startup = false;
    }
    // The right side of a semi or anti join stops at the first match.
    let rights: Vec<i32> = root
        .join_info_list
        .iter()
        .filter(|s| matches!(s.jointype, JoinType::Semi | JoinType::Anti))
        .filter_map(|s| s.syn_righthand.singleton())
        .collect();
    for rti in rights {
        if let Some(id) = root.try_base(rti) {
            root.rels[id].consider_param_startup = true;
        }
    }
}

/// Makes a relation known to be empty.
pub fn mark_dummy_rel(root: &mut PlannerInfo<'_>, rel: RelId) {
    if root.rels[rel].dummy && root.rels[rel].pathlist.len() == 1 {
        return;
    }
    root.rels[rel].dummy = true;
    root.rels[rel].rows = 0.0;
    root.rels[rel].pathlist.clear();
    let target = root.rels[rel].reltarget.clone();
    let outer = root.rels[rel].lateral_relids.clone();
    // A join that LATERAL ties to others is so even when it is empty.
    let param = get_appendrel_parampathinfo(root, rel, &outer);
    let path = new_path(
        PathKind::Append { subpaths: Vec::new() },
        rel,
        target,
        param,
        Costs::default(),
        Vec::new(),
    );
    root.rels[rel].pathlist.push(Rc::new(path.clone()));
    root.rels[rel].cheapest_total = root.rels[rel].pathlist.first().cloned();
    root.rels[rel].cheapest_startup = root.rels[rel].cheapest_total.clone();
    root.rels[rel].cheapest_parameterized = root.rels[rel].pathlist.clone();
}

/// Whether constant clauses or contradictions make a relation empty.
fn relation_excluded_by_constraints(root: &PlannerInfo<'_>, rel: RelId, rti: i32) -> bool {
    use crate::context::ConstraintExclusion as CE;
    let cx = root.cx();
    let r = &root.rels[rel];
    if r.baserestrictinfo.is_empty() {
        return false;
    }
    // A plain FALSE or NULL always counts.
    if r.baserestrictinfo.iter().any(|c| match &c.clause {
        Expr::Const(k) => !matches!(k.value, types::Datum::Bool(true)),
        _ => false,
    }) {
        return true;
    }
    let clauses: Vec<Expr> = r.baserestrictinfo.iter().map(|c| c.clause.clone()).collect();
    let is_child = r.kind == RelKind::OtherMember;
    let check = match cx.settings.constraint_exclusion {
        CE::Off => return false,
        CE::Partition => is_child,
        CE::On => true,
    };
    if !check {
        return false;
    }
    let safe: Vec<Expr> = clauses.iter().filter(|c| !cx.contain_mutable(c)).cloned().collect();
    if predicate::predicate_refuted_by(cx, &safe, &safe) {
        return true;
    }
    let Some(desc) = &r.desc else { return false };
    if root.rte(rti).inh && !matches!(desc.relkind, 'p') {
        return false;
    }
    let mut constraints = Vec::new();
    for c in desc.constraints.iter() {
        if c.contype == 'c' && c.validated && c.enforced && !(c.noinherit && root.rte(rti).inh) {
            if let Some(e) = &c.expr {
                let mut e = (**e).clone();
                if rti != 1 {
                    offset_varnos(&mut e, rti - 1, 0);
                }
                if let Ok(e) = crate::prep::const_fold::eval_const_expressions(cx, e) {
                    let e = crate::prep::qual::canonicalize_qual(e, true);
                    constraints.extend(
                        make_ands_implicit(Some(e)).into_iter().filter(|c| !cx.contain_mutable(c)),
                    );
                }
            }
        }
    }
    // The constraints' truth (or NULL) and the clauses cannot be had together.
    constraints.iter().any(|k| predicate::predicate_refuted_by(cx, std::slice::from_ref(k), &safe))
}

fn set_rel_size(root: &mut PlannerInfo<'_>, rel: RelId, rti: i32) -> PgResult<()> {
    if root.rels[rel].dummy
        || root.rels[rel].kind == RelKind::Base && relation_excluded_by_constraints(root, rel, rti)
    {
        mark_dummy_rel(root, rel);
        return Ok(());
    }
    if root.rte(rti).inh {
        return set_append_rel_size(root, rel, rti);
    }
    match root.rels[rel].base {
        BaseKind::Relation => set_plain_size(root, rel),
        BaseKind::Subquery => return set_subquery_pathlist(root, rel, rti),
        BaseKind::Function => {
            let mut tuples: f64 = 0.0;
            if let RteKind::Function { functions, .. } = &root.rte(rti).kind {
                for f in functions {
                    tuples = tuples.max(selectivity::groups::function_rows(root.cx(), &f.funcexpr));
                }
            }
            root.rels[rel].tuples = tuples;
            set_baserel_size(root, rel);
        }
        BaseKind::TableFunc => {
            root.rels[rel].tuples = 100.0;
            set_baserel_size(root, rel);
        }
        BaseKind::Values => {
            if let RteKind::Values { values_lists, .. } = &root.rte(rti).kind {
                root.rels[rel].tuples = values_lists.len() as f64;
            }
            set_baserel_size(root, rel);
        }
        BaseKind::Cte => return set_cte_pathlist(root, rel, rti),
        BaseKind::NamedTuplestore => {
            root.rels[rel].tuples = 1000.0;
            set_baserel_size(root, rel);
        }
        _ => {
            root.rels[rel].tuples = 1.0;
            set_baserel_size(root, rel);
        }
    }
    Ok(())
}

fn set_plain_size(root: &mut PlannerInfo<'_>, rel: RelId) {
    index_path::check_index_predicates(root, rel);
    if let RteKind::Relation { tablesample: Some(ts), .. } = &root.rte(root.rels[rel].relid).kind {
        let fraction = match ts
            .args
            .first()
            .map(|a| crate::prep::const_fold::estimate_expression_value(root.cx(), a))
        {
            Some(Expr::Const(Const { value: types::Datum::Float4(p), .. })) => {
                (p as f64 / 100.0).clamp(0.0, 1.0)
            }
            _ => 0.1,
        };
        let system = ts.tsmhandler == types::Oid(3314);
        let r = &mut root.rels[rel];
        r.tuples = clamp_row_est(r.tuples * fraction);
        if system {
            r.pages = clamp_row_est(r.pages * fraction);
        }
    }
    set_baserel_size(root, rel);
}

/// Rows after restrictions, cost of those, width of the output.
pub fn set_baserel_size(root: &mut PlannerInfo<'_>, rel: RelId) {
    let clauses = root.rels[rel].baserestrictinfo.clone();
    let s = selectivity::clauselist_selectivity(root, &clauses, 0, JoinType::Inner, None);
    let rows = clamp_row_est(root.rels[rel].tuples * s);
    let cost = cost_qual_eval(root.cx(), &clauses);
    root.rels[rel].rows = rows;
    root.rels[rel].baserestrictcost = cost;
    set_rel_width(root, rel);
}

fn set_rel_width(root: &mut PlannerInfo<'_>, rel: RelId) {
    let exprs = root.rels[rel].reltarget.exprs.clone();
    let mut width = 0i64;
    let mut cost = Cost::default();
    let rti = root.rels[rel].relid;
    for e in &exprs {
        match e {
            Expr::Var(v) if v.varno == rti => {
                let slot = (v.varattno + 7) as usize;
                let known = root.rels[rel].attr_widths.get(slot).copied().unwrap_or(0);
                let w = if known > 0 {
                    known
                } else {
                    let stat = match &root.rels[rel].desc {
                        Some(d) if v.varattno > 0 => root
                            .cx()
                            .catalog
                            .statistic(d.oid, v.varattno, root.rte(rti).inh)
                            .ok()
                            .flatten()
                            .map(|s| s.width)
                            .filter(|w| *w > 0),
                        _ => None,
                    };
                    stat.unwrap_or_else(|| root.cx().type_avg_width(v.vartype, v.vartypmod))
                };
                if let Some(slot) = root.rels[rel].attr_widths.get_mut(slot) {
                    *slot = w;
                }
                width += w as i64;
            }
            Expr::PlaceHolderVar(p) => {
                width += expr_width(root, e) as i64;
                cost.add(expr_cost(root.cx(), &p.phexpr));
            }
            other => {
                width += root.cx().type_avg_width(other.typ(), other.typmod()) as i64;
                cost.add(expr_cost(root.cx(), other));
            }
        }
    }
    let target = Rc::make_mut(&mut root.rels[rel].reltarget);
    target.width = clamp_width(width);
    target.cost = cost;
}

fn set_append_rel_size(root: &mut PlannerInfo<'_>, rel: RelId, _rti: i32) -> PgResult<()> {
    let children = root.rels[rel].live_children.clone();
    let (mut rows, mut size, mut tuples) = (0.0f64, 0.0f64, 0.0f64);
    let mut live = false;
    let clauses = root.rels[rel].baserestrictinfo.clone();
    root.rels[rel].baserestrictcost = cost_qual_eval(root.cx(), &clauses);
    for child in &children {
        let child = *child;
        let child_rti = root.rels[child].relid;
        if !root.rels[child].dummy && relation_excluded_by_constraints(root, child, child_rti) {
            mark_dummy_rel(root, child);
        }
        let Some(info) = root.appinfo_of_child(child_rti) else { continue };
        // The child yields the parent's columns in its own terms.
        let exprs: Vec<Expr> = root.rels[rel]
            .reltarget
            .exprs
            .iter()
            .map(|e| {
                let mut e = e.clone();
                adjust_appendrel_attrs(&mut e, &[&info]);
                e
            })
            .collect();
        Rc::make_mut(&mut root.rels[child].reltarget).exprs = exprs;
        let joininfo: Vec<Rc<RestrictInfo>> = root.rels[rel]
            .joininfo
            .clone()
            .iter()
            .map(|r| translate_rinfo(root, r, &info))
            .collect();
        root.rels[child].joininfo = joininfo;
        if root.rels[rel].has_eclass_joins
            || !root.query_pathkeys.is_empty()
            || !root.eq_classes.is_empty()
        {
            equivclass::add_child_rel_equivalences(root, &info, rel, child);
        }
        root.rels[child].has_eclass_joins = root.rels[rel].has_eclass_joins;
        copy_attr_needed(root, rel, child, &info);
        if root.rels[child].dummy {
            mark_dummy_rel(root, child);
            continue;
        }
        set_rel_size(root, child, child_rti)?;
        if root.rels[child].dummy {
            continue;
        }
        live = true;
        let r = &root.rels[child];
        rows += r.rows;
        size += r.reltarget.width as f64 * r.rows;
        tuples += r.tuples;
    }
    if !live {
        mark_dummy_rel(root, rel);
        return Ok(());
    }
    let r = &mut root.rels[rel];
    r.rows = rows;
    r.tuples = tuples;
    let width = if rows > 0.0 { (size / rows).round() as i64 } else { 0 };
    Rc::make_mut(&mut r.reltarget).width = clamp_width(width);
    Ok(())
}

fn copy_attr_needed(root: &mut PlannerInfo<'_>, parent: RelId, child: RelId, info: &AppendRelInfo) {
    let needed = root.rels[parent].attr_needed.clone();
    for (slot, rels) in needed.iter().enumerate() {
        if rels.is_empty() {
            continue;
        }
        let attno = slot as i16 - 7;
        let target = if attno > 0 {
            match info.translated_vars.get(attno as usize - 1) {
                Some(Some(Expr::Var(v))) => v.varattno,
                _ => continue,
            }
        } else {
            attno
        };
        if let Some(s) = root.rels[child].attr_needed.get_mut((target + 7) as usize) {
            s.add_all(rels);
        }
    }
}

fn translate_rinfo(
    root: &PlannerInfo<'_>,
    r: &Rc<RestrictInfo>,
    info: &AppendRelInfo,
) -> Rc<RestrictInfo> {
    use crate::init::restrict_info::*;
    let mut clause = r.clause.clone();
    adjust_appendrel_attrs(&mut clause, &[info]);
    let swap = |set: &Relids| {
        let mut set = set.clone();
        if set.contains(info.parent_relid) {
            set.remove(info.parent_relid);
            set.add(info.child_relid);
        }
        set
    };
    let how = ClauseContext {
        is_pushed_down: r.is_pushed_down,
        pseudoconstant: r.pseudoconstant,
        has_clone: r.has_clone,
        is_clone: r.is_clone,
        security_level: r.security_level,
        required_relids: Some(swap(&r.required_relids)),
        incompatible_relids: swap(&r.incompatible_relids),
        outer_relids: swap(&r.outer_relids),
    };
    let mut new = make_restrictinfo(root, clause, &how);
    check_joinable(root, &mut new);
    new.left_ec.set(r.left_ec.get());
    new.right_ec.set(r.right_ec.get());
    new
}

fn set_rel_pathlist(root: &mut PlannerInfo<'_>, rel: RelId, rti: i32) -> PgResult<()> {
    if root.rels[rel].dummy {
        return Ok(());
    }
    if root.rte(rti).inh {
        set_append_rel_pathlist(root, rel)?;
    } else {
        match root.rels[rel].base {
            BaseKind::Relation => set_plain_pathlist(root, rel, rti),
            BaseKind::Subquery | BaseKind::Cte => {}
            _ => set_leaf_pathlist(root, rel, rti),
        }
    }
    set_cheapest(root, rel)
}

fn set_plain_pathlist(root: &mut PlannerInfo<'_>, rel: RelId, rti: i32) {
    let outer = root.rels[rel].lateral_relids.clone();
    let param = get_baserel_parampathinfo(root, rel, &outer);
    let target = root.rels[rel].reltarget.clone();
    if let RteKind::Relation { tablesample: Some(ts), .. } = &root.rte(rti).kind {
        let system = ts.tsmhandler == types::Oid(3314);
        let c = cost_samplescan(root, &root.rels[rel], param.as_deref(), system);
        let mut path = new_path(PathKind::SampleScan, rel, target, param, c, Vec::new());
        // Methods that cannot repeat themselves are materialised for rescans.
        if root.all_query_rels.len() > 1 && !matches!(ts.tsmhandler.0, 3313 | 3314) {
            path = create_material_path(root, Rc::new(path));
        }
        add_path(root, rel, path);
        return;
    }
    if tid::create_tidscan_paths(root, rel) {
        return;
    }
    let c = cost_seqscan(root, &root.rels[rel], param.as_deref());
    add_path(root, rel, new_path(PathKind::SeqScan, rel, target, param, c, Vec::new()));
    index_path::create_index_paths(root, rel);
}

fn set_leaf_pathlist(root: &mut PlannerInfo<'_>, rel: RelId, rti: i32) {
    let outer = root.rels[rel].lateral_relids.clone();
    let param = get_baserel_parampathinfo(root, rel, &outer);
    let target = root.rels[rel].reltarget.clone();
    let s = &root.cx().settings;
    let tuples = root.rels[rel].tuples;
    let r = &root.rels[rel];
    let mut keys = Vec::new();
    let (kind, c) = match &root.rte(rti).kind {
        RteKind::Function { functions, .. } => {
            let mut start = Cost::default();
            functions.iter().for_each(|f| start.add(expr_cost(root.cx(), &f.funcexpr)));
            let startup = start.startup + start.per_tuple;
            let c = cost_generic_scan(root, r, param.as_deref(), startup, s.cpu_tuple_cost, tuples);
            (PathKind::FunctionScan, c)
        }
        RteKind::TableFunc(_) => {
            let mut start = Cost::default();
            root.rte(rti).kind.for_each_expr(&mut |e| start.add(expr_cost(root.cx(), e)));
            let startup = start.startup + start.per_tuple;
            let c = cost_generic_scan(root, r, param.as_deref(), startup, s.cpu_tuple_cost, tuples);
            (PathKind::TableFuncScan, c)
        }
        RteKind::Values { .. } => {
            let per = s.cpu_operator_cost + s.cpu_tuple_cost;
            (PathKind::ValuesScan, cost_generic_scan(root, r, param.as_deref(), 0.0, per, tuples))
        }
        RteKind::NamedTuplestore { .. } => {
            let per = s.cpu_tuple_cost * 2.0;
            let c = cost_generic_scan(root, r, param.as_deref(), 0.0, per, tuples);
            (PathKind::NamedTuplestoreScan, c)
        }
        _ => {
            let c = cost_generic_scan(root, r, param.as_deref(), 0.0, s.cpu_tuple_cost, tuples);
            (PathKind::ResultScan, c)
        }
    };
    // WITH ORDINALITY comes in that order.
    if let RteKind::Function { funcordinality: true, .. } = &root.rte(rti).kind {
        let col = root.rte(rti).eref.colnames.len() as i16;
        let var = root.rels[rel].reltarget.exprs.iter().find_map(|e| match e {
            Expr::Var(v) if v.varattno == col && v.varno == rti => Some(Expr::Var(v.clone())),
            _ => None,
        });
        if let Some(var) = var {
            let lt = types::Oid(412);
            let key = make_pathkey_from_sortop(root, &var, lt, false, false, 0, false);
            keys.extend(key);
        }
    }
    add_path(root, rel, new_path(kind, rel, target, param, c, keys));
}

fn set_append_rel_pathlist(root: &mut PlannerInfo<'_>, rel: RelId) -> PgResult<()> {
    let children = root.rels[rel].live_children.clone();
    let mut live = Vec::new();
    for child in children {
        let child_rti = root.rels[child].relid;
        if root.rels[child].dummy {
            continue;
        }
        set_rel_pathlist(root, child, child_rti)?;
        if !root.rels[child].dummy {
            live.push(child);
        }
    }
    add_paths_to_append_rel(root, rel, &live);
    Ok(())
}

/// Flattens nested appends of a relation's children.
fn accumulate(path: PathRef, out: &mut Vec<PathRef>) {
    match &path.kind {
        PathKind::Append { subpaths, .. } => out.extend(subpaths.iter().cloned()),
        _ => out.push(path),
    }
}

/// Append and MergeAppend over children, for each order and parameterisation that they offer.
pub fn add_paths_to_append_rel(root: &mut PlannerInfo<'_>, rel: RelId, live: &[RelId]) {
    let target = root.rels[rel].reltarget.clone();
    let mut cheapest: Vec<PathRef> = Vec::new();
    let mut startup: Vec<PathRef> = Vec::new();
    let mut complete = true;
    let mut startup_ok = root.rels[rel].consider_startup;
    let mut orders: Vec<Vec<PathKey>> = Vec::new();
    let mut outers: Vec<Relids> = Vec::new();
    for child in live {
        let r = &root.rels[*child];
        match &r.cheapest_total {
            Some(p) if p.param.is_none() => accumulate(p.clone(), &mut cheapest),
            _ => complete = false,
        }
        match &r.cheapest_startup {
            Some(p) if startup_ok => accumulate(p.clone(), &mut startup),
            _ => startup_ok = false,
        }
        for p in &r.pathlist {
            if !p.pathkeys.is_empty() && !orders.contains(&p.pathkeys) {
                orders.push(p.pathkeys.clone());
            }
            let outer = p.req_outer();
            if !outer.is_empty() && !outers.contains(&outer) {
                outers.push(outer);
            }
        }
    }
    let make =
        |root: &PlannerInfo<'_>, subpaths: Vec<PathRef>, param: Option<Rc<ParamPathInfo>>| {
            let mut c = cost_append(&subpaths, false);
            let s = &root.cx().settings;
            if subpaths.len() != 1 {
                c.total += s.cpu_tuple_cost * APPEND_CPU_COST_MULTIPLIER * c.rows;
            }
            let keys = if subpaths.len() == 1 { subpaths[0].pathkeys.clone() } else { Vec::new() };
            new_path(PathKind::Append { subpaths }, rel, target.clone(), param, c, keys)
        };
    let single = cheapest.len() == 1;
    if complete {
        let path = make(root, cheapest, None);
        add_path(root, rel, path);
    }
    if complete && startup_ok && root.rels[rel].consider_startup && !single {
        let path = make(root, startup, None);
        add_path(root, rel, path);
    }
    if complete {
        for keys in orders {
            merge_append_paths(root, rel, live, &keys, &target);
        }
    }
    for outer in outers {
        let mut subpaths = Vec::new();
        let mut ok = true;
        for child in live {
            let best = root.rels[*child]
                .pathlist
                .iter()
                .filter(|p| p.req_outer() == outer)
                .min_by(|a, b| compare_total(a, b))
                .cloned();
            match best.or_else(|| reparameterize(root, *child, &outer)) {
                Some(p) => accumulate(p, &mut subpaths),
                None => {
                    ok = false;
                    break;
                }
            }
        }
        if ok {
            let param = get_appendrel_parampathinfo(root, rel, &outer);
            let path = make(root, subpaths, param);
            add_path(root, rel, path);
        }
    }
}

/// A child's plain scan with the parameterisation of its siblings.
fn reparameterize(root: &mut PlannerInfo<'_>, child: RelId, outer: &Relids) -> Option<PathRef> {
    let cheapest = root.rels[child].cheapest_total.clone()?;
    if !cheapest.req_outer().is_subset(outer) {
        return None;
    }
    match &cheapest.kind {
        PathKind::SeqScan => {
            let param = get_baserel_parampathinfo(root, child, outer);
            let c = cost_seqscan(root, &root.rels[child], param.as_deref());
            Some(Rc::new(new_path(
                PathKind::SeqScan,
                child,
                cheapest.target.clone(),
                param,
                c,
                Vec::new(),
            )))
        }
        PathKind::Index(ip) => {
            let mut ip = ip.clone();
            let param = get_baserel_parampathinfo(root, child, outer);
            let loops = index_path::get_loop_count(root, child, outer);
            let c = cost_index(root, &root.rels[child], &mut ip, param.as_deref(), loops);
            let keys = cheapest.pathkeys.clone();
            Some(Rc::new(new_path(
                PathKind::Index(ip),
                child,
                cheapest.target.clone(),
                param,
                c,
                keys,
            )))
        }
        _ => None,
    }
}

fn merge_append_paths(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    live: &[RelId],
    keys: &[PathKey],
    target: &Rc<PathTarget>,
) {
    let variants: &[bool] = if root.rels[rel].consider_startup { &[false, true] } else { &[true] };
    let mut last: Option<Vec<PathRef>> = None;
    for total in variants {
        let mut subpaths = Vec::new();
        for child in live {
            let r = &root.rels[*child];
            let found = cheapest_path_for_pathkeys(&r.pathlist, keys, &Relids::new(), *total);
            let path = match found.or_else(|| r.cheapest_total.clone()) {
                Some(p) if p.param.is_none() => p,
                _ => return,
            };
            subpaths.push(path);
        }
        if let Some(before) = &last {
            if before.len() == subpaths.len()
                && before.iter().zip(&subpaths).all(|(a, b)| Rc::ptr_eq(a, b))
            {
                break;
            }
        }
        last = Some(subpaths.clone());
        let path = create_merge_append_path(root, rel, subpaths, keys.to_vec(), target.clone());
        add_path(root, rel, path);
    }
}

/// A MergeAppend, sorting inputs that are not in order.
pub fn create_merge_append_path(
    root: &PlannerInfo<'_>,
    rel: RelId,
    subpaths: Vec<PathRef>,
    keys: Vec<PathKey>,
    target: Rc<PathTarget>,
) -> Path {
    let limit = if root.rels[rel].relids == root.all_query_rels { root.limit_tuples } else { -1.0 };
    let (mut startup, mut total, mut rows, mut disabled) = (0.0, 0.0, 0.0, 0);
    for p in &subpaths {
        rows += p.rows;
        if pathkeys_contained_in(&keys, &p.pathkeys) {
            startup += p.startup_cost;
            total += p.total_cost;
            disabled += p.disabled_nodes;
        } else {
            let c = cost_sort(root, p.total_cost, p.rows, p.target.width, limit);
            startup += c.startup;
            total += c.total;
            disabled += p.disabled_nodes + c.disabled;
        }
    }
    let c = if subpaths.len() == 1 {
        Costs { startup, total, rows, disabled }
    } else {
        let mut c = cost_merge_append(root, subpaths.len() as f64, startup, total, rows);
        c.disabled = disabled;
        c
    };
    new_path(PathKind::MergeAppend { subpaths, limit_tuples: limit }, rel, target, None, c, keys)
}

fn set_subquery_pathlist(root: &mut PlannerInfo<'_>, rel: RelId, rti: i32) -> PgResult<()> {
    let RteKind::Subquery { subquery, .. } = &root.rte(rti).kind else { return Ok(()) };
    let mut subquery = (**subquery).clone();
    let outer = root.rels[rel].lateral_relids.clone();
    let mut conditions = push_down::RunConditions::default();
    push_down::push_quals_into_subquery(root, rel, rti, &mut subquery, &mut conditions);
    push_down::remove_unused_outputs(root, rel, &mut subquery, &conditions.columns);
    // A fraction of this level's rows says nothing of the subquery's if it is joined or grouped.
    let parse = &root.parse;
    let simple = !parse.has_aggs
        && parse.group_clause.is_empty()
        && parse.grouping_sets.is_empty()
        && !root.has_having_qual
        && parse.distinct_clause.is_empty()
        && parse.sort_clause.is_empty()
        && root.all_baserels.len() <= 1;
    let fraction = if simple { root.tuple_fraction } else { 0.0 };
    root.glob.state.borrow_mut().run_conditions = conditions.list;
    let sub = crate::planner::subquery_planner(root, subquery, false, fraction, None)?;
    root.rels[rel].subplan_params = root.take_plan_params();
    let Some(final_rel) = sub.final_rel else {
        return Err(error::PgError::internal("subquery has no plan"));
    };
    if sub.rels[final_rel].dummy {
        root.rels[rel].subroot = Some(Box::new(sub));
        mark_dummy_rel(root, rel);
        return Ok(());
    }
    let tuples = sub.rels[final_rel].cheapest_total.as_ref().map_or(1.0, |p| p.rows);
    let widths: Vec<(i16, i32)> = sub
        .processed_tlist
        .iter()
        .filter(|t| !t.resjunk)
        .map(|t| (t.resno, expr_width(&sub, &t.expr)))
        .collect();
    let sub_paths = sub.rels[final_rel].pathlist.clone();
    let sub_target = sub.rels[final_rel].reltarget.clone();
    {
        let r = &mut root.rels[rel];
        r.tuples = tuples;
        for (attno, w) in widths {
            if let Some(slot) = r.attr_widths.get_mut((attno + 7) as usize) {
                *slot = w;
            }
        }
        r.subroot = Some(Box::new(sub));
    }
    set_baserel_size(root, rel);
    let target = root.rels[rel].reltarget.clone();
    let n_out = sub_target.exprs.len();
    // Passing all columns through in order makes the node removable.
    let trivial = {
        let exprs = &target.exprs;
        exprs.len() == n_out
            && exprs.iter().enumerate().all(
                |(i, e)| matches!(e, Expr::Var(v) if v.varno == rti && v.varattno == i as i16 + 1),
            )
    };
    for p in sub_paths {
        let keys = convert_subquery_pathkeys(root, rel, &p.pathkeys.clone());
        let keys = truncate_useless_pathkeys(root, &root.rels[rel], keys);
        let param = get_baserel_parampathinfo(root, rel, &outer);
        let c = cost_subqueryscan(root, &root.rels[rel], param.as_deref(), &p, trivial);
        let path =
            new_path(PathKind::SubqueryScan { subpath: p }, rel, target.clone(), param, c, keys);
        add_path(root, rel, path);
    }
    Ok(())
}

fn set_cte_pathlist(root: &mut PlannerInfo<'_>, rel: RelId, rti: i32) -> PgResult<()> {
    let RteKind::Cte { ctename, ctelevelsup, self_reference, .. } = &root.rte(rti).kind else {
        return Ok(());
    };
    let (name, levelsup, is_self) = (ctename.clone(), *ctelevelsup as usize, *self_reference);
    let cte = {
        let state = root.glob.state.borrow();
        let at = root
            .level
            .checked_sub(1 + levelsup)
            .ok_or_else(|| error::PgError::internal("bad levelsup for CTE"))?;
        let level = &state.levels[at];
        level.ctes.iter().rev().find(|c| c.name == name).cloned()
    };
    let Some(cte) = cte else {
        return Err(error::PgError::internal(format!("could not find CTE \"{name}\"")));
    };
    let target_rows = if is_self {
        root.cx().settings.recursive_worktable_factor * cte.wt_rows
    } else {
        cte.rows
    };
    root.rels[rel].tuples = clamp_row_est(target_rows);
    set_baserel_size(root, rel);
    let outer = root.rels[rel].lateral_relids.clone();
    let param = get_baserel_parampathinfo(root, rel, &outer);
    let s = &root.cx().settings;
    let c = cost_generic_scan(
        root,
        &root.rels[rel],
        param.as_deref(),
        0.0,
        s.cpu_tuple_cost + s.cpu_tuple_cost,
        root.rels[rel].tuples,
    );
    let target = root.rels[rel].reltarget.clone();
    let kind = if is_self {
        PathKind::WorkTableScan { wt_param: cte.wt_param }
    } else {
        PathKind::CteScan { plan_id: cte.plan_id, param: cte.param }
    };
    add_path(root, rel, new_path(kind, rel, target, param, c, Vec::new()));
    Ok(())
}

fn make_rel_from_joinlist(root: &mut PlannerInfo<'_>, list: &[JoinList]) -> PgResult<RelId> {
    let mut initial = Vec::new();
    for node in list {
        let rel = match node {
            JoinList::Rel(rti) => root.base_id(*rti),
            JoinList::Sub(sub) => make_rel_from_joinlist(root, sub)?,
        };
        initial.push(rel);
    }
    match initial.len() {
        0 => Err(error::PgError::internal("empty join list")),
        1 => Ok(initial[0]),
        n => {
            root.initial_rels = initial.clone();
            let s = &root.cx().settings;
            if s.geqo && n >= s.geqo_threshold as usize {
                join_order::greedy_join_search(root, &initial)
            } else {
                join_order::standard_join_search(root, n, &initial)
            }
        }
    }
}
