//! One query level: preprocessing, then scan/join planning and the steps above it.
use crate::{
    clauses::*,
    context::PlanContext,
    grouping, inherit,
    init::{
        deconstruct::*, equivclass::generate_base_implied_equalities, lateral::*,
        outer_const::reconsider_outer_join_clauses,
    },
    join_removal,
    path::*,
    path_gen::all_paths,
    placeholder, plancat,
    prep::{const_fold::*, flatten_vars::*, qual::canonicalize_qual, *},
    relids::Relids,
    root::*,
    setop, setrefs, subselect,
};
use error::PgResult;
use nodes::{plan::*, *};
use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};
use types::Oid;

/// Plans a query.
pub fn plan(cx: &PlanContext<'_>, query: Query) -> PgResult<PlannedStmt> {
    let glob = Rc::new(Glob { cx, state: RefCell::new(GlobState::default()) });
    let result = plan_statement(&glob, query);
    // Finished levels refer to the global state: let go of them.
    glob.state.borrow_mut().subplans.clear();
    result
}

fn plan_statement(glob: &Rc<Glob<'_>>, query: Query) -> PgResult<PlannedStmt> {
    let cx = glob.cx;
    let head = PlannedStmt {
        command_type: query.command_type,
        has_returning: !query.returning_list.is_empty(),
        has_modifying_cte: query.has_modifying_cte,
        can_set_tag: query.can_set_tag,
        transient_plan: false,
        depends_on_role: query.has_row_security,
        plan_tree: Arc::new(Plan::new(
            PlanNode::Result { resconstantqual: Vec::new() },
            Vec::new(),
        )),
        rtable: Vec::new(),
        perm_infos: Vec::new(),
        result_relations: Vec::new(),
        subplans: Vec::new(),
        rewind_plan_ids: Vec::new(),
        row_marks: Vec::new(),
        param_exec_types: Vec::new(),
        relation_oids: Vec::new(),
        inval_items: Vec::new(),
        utility_stmt: None,
        stmt_location: query.stmt_location,
        stmt_len: query.stmt_len,
    };
    let fraction = if cx.cursor_options.fast_start {
        let f = cx.settings.cursor_tuple_fraction;
        if f >= 1.0 { 0.0 } else { f.max(1e-10) }
    } else {
        0.0
    };
    let mut root = plan_level(glob.clone(), 0, query, LevelKind::Plain, fraction, None)?;
    let best = subselect::get_cheapest_fractional(&root, fraction)?;
    let mut top = crate::create_plan::create_plan(&mut root, &best)?;
    if cx.cursor_options.scroll && !supports_backward(&top) {
        top = crate::create_plan::materialize_finished_plan(&root, top);
    }
    setrefs::finish(glob, root, top, head)
}

/// Whether a plan can run backwards.
fn supports_backward(plan: &Plan) -> bool {
    match &plan.node {
        PlanNode::SeqScan { .. }
        | PlanNode::TidScan { .. }
        | PlanNode::FunctionScan { .. }
        | PlanNode::ValuesScan { .. }
        | PlanNode::CteScan { .. }
        | PlanNode::Material
        | PlanNode::Sort { .. } => true,
        PlanNode::IndexScan(_) | PlanNode::IndexOnlyScan(_) => true,
        PlanNode::SubqueryScan { subplan, .. } => supports_backward(subplan),
        PlanNode::LockRows { .. } | PlanNode::Limit { .. } => {
            plan.lefttree.as_ref().is_some_and(|p| supports_backward(p))
        }
        PlanNode::Result { .. } => plan.lefttree.as_ref().is_some_and(|p| supports_backward(p)),
        _ => false,
    }
}

/// What kind of query level is planned.
pub enum LevelKind<'a> {
    Plain,
    /// The recursive query of a WITH item of that name.
    Recursive(&'a str),
}

/// Plans a subquery of a level.
pub fn subquery_planner<'c>(
    parent: &PlannerInfo<'c>,
    query: Query,
    _has_recursion: bool,
    tuple_fraction: f64,
    setops: Option<&SetOperation>,
) -> PgResult<PlannerInfo<'c>> {
    plan_level(parent.glob.clone(), parent.level, query, LevelKind::Plain, tuple_fraction, setops)
}

/// Plans a WITH query.
pub fn subquery_planner_recursive<'c>(
    parent: &PlannerInfo<'c>,
    query: Query,
    recursive: bool,
    tuple_fraction: f64,
    name: &str,
) -> PgResult<PlannerInfo<'c>> {
    let kind = if recursive { LevelKind::Recursive(name) } else { LevelKind::Plain };
    plan_level(parent.glob.clone(), parent.level, query, kind, tuple_fraction, None)
}

/// The state of a level before anything is known of it.
pub fn new_root<'c>(glob: Rc<Glob<'c>>, level: usize, query: Query) -> PlannerInfo<'c> {
    PlannerInfo {
        glob,
        level,
        parse: query,
        rels: Vec::new(),
        simple_rels: Vec::new(),
        join_rel_hash: HashMap::new(),
        join_rel_level: Vec::new(),
        all_baserels: Relids::new(),
        outer_join_rels: Relids::new(),
        all_query_rels: Relids::new(),
        init_plans: Vec::new(),
        multiexpr_params: Vec::new(),
        join_domains: vec![Relids::new()],
        eq_classes: Vec::new(),
        ec_merging_done: false,
        left_join_clauses: Vec::new(),
        right_join_clauses: Vec::new(),
        full_join_clauses: Vec::new(),
        join_info_list: Vec::new(),
        append_rel_list: Vec::new(),
        row_marks: Vec::new(),
        placeholder_list: Vec::new(),
        fkey_list: Vec::new(),
        query_pathkeys: Vec::new(),
        group_pathkeys: Vec::new(),
        num_groupby_pathkeys: 0,
        window_pathkeys: Vec::new(),
        distinct_pathkeys: Vec::new(),
        sort_pathkeys: Vec::new(),
        setop_pathkeys: Vec::new(),
        processed_tlist: Vec::new(),
        update_colnos: Vec::new(),
        processed_group_clause: Vec::new(),
        processed_distinct_clause: Vec::new(),
        agg_infos: Vec::new(),
        agg_trans: Vec::new(),
        num_ordered_aggs: 0,
        final_target: None,
        tuple_fraction: 0.0,
        limit_tuples: -1.0,
        qual_security_level: 0,
        has_join_rtes: false,
        has_lateral_rtes: false,
        has_having_qual: false,
        has_pseudo_constant_quals: false,
        has_recursion: false,
        wt_param: -1,
        initial_rels: Vec::new(),
        cur_outer_rels: Relids::new(),
        cur_outer_params: Vec::new(),
        leaf_result_relids: Vec::new(),
        all_result_relids: Relids::new(),
        final_rel: None,
        grouping_map: HashMap::new(),
        group_rtindex: 0,
        run_conditions: Vec::new(),
        minmax_aggs: Vec::new(),
        minmax_params: Vec::new(),
    }
}

fn plan_level<'c>(
    glob: Rc<Glob<'c>>,
    parent_level: usize,
    query: Query,
    kind: LevelKind<'_>,
    tuple_fraction: f64,
    setops: Option<&SetOperation>,
) -> PgResult<PlannerInfo<'c>> {
    error::check_stack_depth()?;
    let level = parent_level + 1;
    // Levels left over from an error or a sibling are gone.
    let saved: Vec<Level> = {
        let mut state = glob.state.borrow_mut();
        let keep = parent_level.min(state.levels.len());
        let rest = state.levels.split_off(keep);
        state.levels.push(Level::default());
        rest
    };
    let mut root = new_root(glob.clone(), level, query);
    root.run_conditions = std::mem::take(&mut glob.state.borrow_mut().run_conditions);
    if let LevelKind::Recursive(name) = kind {
        root.has_recursion = true;
        root.wt_param = root.new_param(types::type_oid::INTERNAL, -1, Oid::INVALID).paramid;
        // The recursive term finds its work table two levels out.
        let mut state = glob.state.borrow_mut();
        let wt_param = root.wt_param;
        state.levels[parent_level - 1].ctes.push(LevelCte {
            name: name.to_owned(),
            plan_id: 0,
            param: -1,
            rows: 0.0,
            wt_param,
            wt_rows: 0.0,
        });
    }
    let result = plan_query(&mut root, tuple_fraction, setops);
    {
        let mut state = glob.state.borrow_mut();
        state.levels.truncate(parent_level);
        state.levels.extend(saved);
    }
    result?;
    Ok(root)
}

fn plan_query(
    root: &mut PlannerInfo<'_>,
    tuple_fraction: f64,
    setops: Option<&SetOperation>,
) -> PgResult<()> {
    if !root.parse.cte_list.is_empty() {
        subselect::process_ctes(root)?;
    }
    crate::merge::transform_merge_to_join(root)?;
    replace_empty_jointree(&mut root.parse);
    if root.parse.has_sub_links {
        pull_up_sublink::pull_up_sublinks(root)?;
    }
    inline_set_returning_functions(root)?;
    pull_up_subquery::pull_up_subqueries(root)?;
    if root.parse.set_operations.is_some() {
        append_union::flatten_simple_union_all(root)?;
    }
    survey_range_table(root);
    preprocess_rowmarks(root);
    root.has_having_qual = root.parse.having_qual.is_some();
    preprocess_expressions(root)?;
    move_having_to_where(root);
    if root.outer_joins_present() {
        outer_join::reduce_outer_joins(root);
    }
    result_rte::remove_useless_result_rtes(root);
    grouping_planner(root, tuple_fraction, setops)?;
    charge_for_init_plans(root);
    Ok(())
}

/// Init plans run once for the whole level: each path bears their cost.
fn charge_for_init_plans(root: &mut PlannerInfo<'_>) {
    let Some(rel) = root.final_rel else { return };
    if root.init_plans.is_empty() {
        return;
    }
    let cost: f64 = root.init_plans.iter().map(|p| p.startup_cost + p.per_call_cost).sum();
    let list = std::mem::take(&mut root.rels[rel].pathlist);
    root.rels[rel].pathlist = list
        .into_iter()
        .map(|p| {
            let mut p = (*p).clone();
            p.startup_cost += cost;
            p.total_cost += cost;
            Rc::new(p)
        })
        .collect();
    // Order is unchanged: the cheapest ones are found again by position.
    let _ = crate::pathnode::set_cheapest(root, rel);
}

impl PlannerInfo<'_> {
    fn outer_joins_present(&self) -> bool {
        self.parse.rtable.iter().any(|r| {
            matches!(&r.kind, RteKind::Join { jointype, .. } if !matches!(jointype, JoinType::Inner))
        })
    }
}

/// An empty FROM is one row without columns.
pub fn replace_empty_jointree(query: &mut Query) {
    if !query.jointree.fromlist.is_empty() || query.set_operations.is_some() {
        return;
    }
    query.rtable.push(RangeTblEntry {
        kind: RteKind::Result,
        alias: None,
        eref: Alias { aliasname: "*RESULT*".to_owned(), colnames: Vec::new() },
        lateral: false,
        inh: false,
        in_from_cl: false,
        security_quals: Vec::new(),
    });
    let rti = query.rtable.len() as i32;
    query.jointree.fromlist.push(JoinTreeNode::RangeTblRef(rti));
}

pub fn inline_set_returning_functions(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    for at in 0..root.parse.rtable.len() {
        if !matches!(root.parse.rtable[at].kind, RteKind::Function { .. }) {
            continue;
        }
        // Defaults and named arguments first, then the body.
        let mut rte = root.parse.rtable[at].clone();
        if let RteKind::Function { functions, .. } = &mut rte.kind {
            for f in functions.iter_mut() {
                f.funcexpr = eval_const_expressions(root.cx(), f.funcexpr.clone())?;
            }
        }
        if let Some(query) = inline_function::inline_set_returning(root.cx(), &rte)? {
            root.parse.rtable[at].kind = RteKind::Subquery {
                subquery: Box::new(query),
                security_barrier: false,
                view: None,
            };
        } else {
            root.parse.rtable[at] = rte;
        }
    }
    Ok(())
}

fn survey_range_table(root: &mut PlannerInfo<'_>) {
    for (i, rte) in root.parse.rtable.iter().enumerate() {
        match &rte.kind {
            RteKind::Join { .. } => root.has_join_rtes = true,
            RteKind::Group { .. } => root.group_rtindex = i as i32 + 1,
            _ => {}
        }
        root.has_lateral_rtes |= rte.lateral;
        root.qual_security_level = root.qual_security_level.max(rte.security_quals.len() as u32);
    }
    // Only relations with children need the inheritance machinery.
    let cx = root.cx();
    for rte in &mut root.parse.rtable {
        if let RteKind::Relation { relid, .. } = &rte.kind {
            if rte.inh {
                rte.inh = cx
                    .catalog
                    .relation(*relid)
                    .ok()
                    .flatten()
                    .is_some_and(|r| r.has_subclass || r.relkind == 'p');
            }
        }
    }
    let result = root.parse.result_relation;
    if result > 0 {
        root.all_result_relids = Relids::single(result);
        root.leaf_result_relids = if root.rte(result).inh { Vec::new() } else { vec![result] };
    }
}

fn preprocess_rowmarks(root: &mut PlannerInfo<'_>) {
    let modifies =
        matches!(root.parse.command_type, CmdType::Update | CmdType::Delete | CmdType::Merge);
    if root.parse.row_marks.is_empty() && !modifies {
        return;
    }
    let mut rels = Vec::new();
    fn collect(n: &JoinTreeNode, out: &mut Vec<i32>) {
        match n {
            JoinTreeNode::RangeTblRef(r) => out.push(*r),
            JoinTreeNode::FromExpr(f) => f.fromlist.iter().for_each(|n| collect(n, out)),
            JoinTreeNode::JoinExpr(j) => {
                collect(&j.larg, out);
                collect(&j.rarg, out);
            }
        }
    }
    root.parse.jointree.fromlist.iter().for_each(|n| collect(n, &mut rels));
    rels.retain(|r| *r != root.parse.result_relation);
    let next = || {
        let mut state = root.glob.state.borrow_mut();
        state.last_row_mark_id += 1;
        state.last_row_mark_id
    };
    let mut marks = Vec::new();
    let mark = |rti: i32, id: u32, strength, wait_policy| PlanRowMark {
        rti,
        prti: rti,
        rowmark_id: id,
        strength,
        wait_policy,
        is_parent: false,
        ctid_col: 0,
        toid_col: 0,
        whole_row_col: 0,
    };
    for rc in &root.parse.row_marks {
        // Subqueries lock their own rows.
        if !matches!(root.parse.rte(rc.rti).kind, RteKind::Relation { .. }) {
            continue;
        }
        rels.retain(|r| *r != rc.rti);
        marks.push(mark(rc.rti, next(), Some(rc.strength), rc.wait_policy));
    }
    for rti in rels {
        if matches!(root.parse.rte(rti).kind, RteKind::Result) {
            continue;
        }
        marks.push(mark(rti, next(), None, LockWaitPolicy::Block));
    }
    root.row_marks = marks;
}

/// Kinds of expressions by what preprocessing does to them.
#[derive(Clone, Copy, PartialEq)]
enum ExprKind {
    Qual,
    Target,
    RtFunc,
    Values,
    Limit,
}

fn preprocess_expression(
    root: &mut PlannerInfo<'_>,
    mut expr: Expr,
    kind: ExprKind,
) -> PgResult<Expr> {
    if matches!(expr, Expr::Const(_)) {
        return Ok(expr);
    }
    let lateral = matches!(kind, ExprKind::RtFunc | ExprKind::Values) && !root.has_lateral_rtes;
    if root.has_join_rtes && !lateral {
        let parse = std::mem::take(&mut root.parse);
        flatten_join_alias_vars(root, &parse, &mut expr);
        root.parse = parse;
    }
    if kind != ExprKind::Values {
        let mut folder = Folder::new(root.cx(), false);
        expr = folder.simplify(expr)?;
        for f in folder.inlined {
            root.glob.state.borrow_mut().inval_items.push((Oid(1255), f));
        }
    }
    if kind == ExprKind::Qual {
        expr = canonicalize_qual(expr, false);
    }
    if root.parse.has_sub_links {
        expr = subselect::process_sublinks(root, expr, kind == ExprKind::Qual)?;
    }
    if root.level > 1 {
        subselect::replace_correlation_vars(root, &mut expr);
    }
    Ok(expr)
}

/// Preprocesses a PlaceHolderVar's expression that so far only stood within a LATERAL subquery.
pub fn preprocess_phv_expression(root: &mut PlannerInfo<'_>, expr: Expr) -> PgResult<Expr> {
    preprocess_expression(root, expr, ExprKind::Target)
}

fn each_expr(
    root: &mut PlannerInfo<'_>,
    list: Vec<TargetEntry>,
    kind: ExprKind,
) -> PgResult<Vec<TargetEntry>> {
    let mut out = Vec::with_capacity(list.len());
    for mut te in list {
        te.expr = preprocess_expression(root, te.expr, kind)?;
        out.push(te);
    }
    Ok(out)
}

fn optional(root: &mut PlannerInfo<'_>, e: Option<Expr>, kind: ExprKind) -> PgResult<Option<Expr>> {
    match e {
        Some(e) => preprocess_expression(root, e, kind).map(Some),
        None => Ok(None),
    }
}

fn preprocess_expressions(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    use std::mem::take;
    let list = root.parse.target_list.clone();
    root.parse.target_list = each_expr(root, list, ExprKind::Target)?;
    let wcos = root.parse.with_check_options.clone();
    let mut new = Vec::with_capacity(wcos.len());
    for mut w in wcos {
        w.qual = preprocess_expression(root, w.qual, ExprKind::Qual)?;
        new.push(w);
    }
    root.parse.with_check_options = new;
    let list = root.parse.returning_list.clone();
    root.parse.returning_list = each_expr(root, list, ExprKind::Target)?;
    let mut tree = root.parse.jointree.clone();
    preprocess_from(root, &mut tree)?;
    root.parse.jointree = tree;
    let having = root.parse.having_qual.clone();
    root.parse.having_qual = optional(root, having, ExprKind::Qual)?;
    let mut windows = root.parse.window_clause.clone();
    let mut conditions = take(&mut root.run_conditions);
    for w in &mut windows {
        w.start_offset = optional(root, take(&mut w.start_offset), ExprKind::Limit)?;
        w.end_offset = optional(root, take(&mut w.end_offset), ExprKind::Limit)?;
    }
    root.parse.window_clause = windows;
    for (_, e) in &mut conditions {
        let taken = std::mem::replace(e, crate::lsyscache::bool_const(None));
        *e = preprocess_expression(root, taken, ExprKind::Target)?;
    }
    root.run_conditions = conditions;
    let e = root.parse.limit_offset.clone();
    root.parse.limit_offset = optional(root, e, ExprKind::Limit)?;
    let e = root.parse.limit_count.clone();
    root.parse.limit_count = optional(root, e, ExprKind::Limit)?;
    if let Some(mut oc) = root.parse.on_conflict.clone() {
        for el in &mut oc.arbiter_elems {
            el.expr = preprocess_expression(root, el.expr.clone(), ExprKind::Target)?;
        }
        oc.arbiter_where = optional(root, take(&mut oc.arbiter_where), ExprKind::Qual)?;
        oc.on_conflict_set = each_expr(root, take(&mut oc.on_conflict_set), ExprKind::Target)?;
        oc.on_conflict_where = optional(root, take(&mut oc.on_conflict_where), ExprKind::Qual)?;
        root.parse.on_conflict = Some(oc);
    }
    let mut actions = root.parse.merge_action_list.clone();
    for a in &mut actions {
        a.target_list = each_expr(root, take(&mut a.target_list), ExprKind::Target)?;
        a.qual = optional(root, take(&mut a.qual), ExprKind::Qual)?;
    }
    root.parse.merge_action_list = actions;
    let e = root.parse.merge_join_condition.clone();
    root.parse.merge_join_condition = optional(root, e, ExprKind::Qual)?;
    let infos = take(&mut root.append_rel_list);
    let mut new = Vec::with_capacity(infos.len());
    for info in infos {
        let mut info = (*info).clone();
        for v in &mut info.translated_vars {
            *v = optional(root, take(v), ExprKind::Target)?;
        }
        new.push(Rc::new(info));
    }
    root.append_rel_list = new;
    for at in 0..root.parse.rtable.len() {
        preprocess_rte(root, at)?;
    }
    if root.parse.has_group_rte && root.group_rtindex > 0 {
        let query = root.parse.clone();
        let mark = !query.grouping_sets.is_empty();
        for te in &mut root.parse.target_list {
            flatten_group_exprs(&query, &mut te.expr, mark);
        }
        for (_, e) in &mut root.run_conditions {
            flatten_group_exprs(&query, e, mark);
        }
        if let Some(h) = &mut root.parse.having_qual {
            flatten_group_exprs(&query, h, mark);
        }
        // What subplans take from this level may be a grouping column, too.
        flatten_subplan_args(root, &query, mark);
    }
    Ok(())
}

fn flatten_subplan_args(root: &mut PlannerInfo<'_>, query: &Query, mark: bool) {
    for p in &mut root.init_plans {
        for a in &mut p.args {
            flatten_group_exprs(query, a, mark);
        }
    }
}

fn preprocess_from(root: &mut PlannerInfo<'_>, from: &mut FromExpr) -> PgResult<()> {
    for n in &mut from.fromlist {
        preprocess_node(root, n)?;
    }
    from.quals = optional(root, from.quals.take(), ExprKind::Qual)?;
    Ok(())
}

fn preprocess_node(root: &mut PlannerInfo<'_>, node: &mut JoinTreeNode) -> PgResult<()> {
    match node {
        JoinTreeNode::RangeTblRef(_) => Ok(()),
        JoinTreeNode::FromExpr(f) => preprocess_from(root, f),
        JoinTreeNode::JoinExpr(j) => {
            preprocess_node(root, &mut j.larg)?;
            preprocess_node(root, &mut j.rarg)?;
            j.quals = optional(root, j.quals.take(), ExprKind::Qual)?;
            Ok(())
        }
    }
}

fn preprocess_rte(root: &mut PlannerInfo<'_>, at: usize) -> PgResult<()> {
    let mut rte = root.parse.rtable[at].clone();
    match &mut rte.kind {
        RteKind::Relation { tablesample: Some(ts), .. } => {
            for a in &mut ts.args {
                *a = preprocess_expression(root, a.clone(), ExprKind::RtFunc)?;
            }
            if let Some(r) = ts.repeatable.take() {
                ts.repeatable = Some(preprocess_expression(root, r, ExprKind::RtFunc)?);
            }
        }
        RteKind::Subquery { subquery, .. } if rte.lateral && root.has_join_rtes => {
            let parse = root.parse.clone();
            flatten_query(root, &parse, subquery, 1);
        }
        RteKind::Function { functions, .. } => {
            for f in functions {
                f.funcexpr = preprocess_expression(root, f.funcexpr.clone(), ExprKind::RtFunc)?;
            }
        }
        RteKind::TableFunc(_) | RteKind::Group { .. } => {
            let mut result = Ok(());
            rte.kind.for_each_expr_mut(&mut |e| {
                if result.is_ok() {
                    match preprocess_expression(root, e.clone(), ExprKind::Target) {
                        Ok(new) => *e = new,
                        Err(err) => result = Err(err),
                    }
                }
            });
            result?;
        }
        RteKind::Values { values_lists, .. } => {
            for e in values_lists.iter_mut().flatten() {
                if !matches!(e, Expr::Const(_)) {
                    *e = preprocess_expression(root, e.clone(), ExprKind::Values)?;
                    *e = eval_const_expressions(root.cx(), e.clone())?;
                }
            }
        }
        _ => {}
    }
    let quals = std::mem::take(&mut rte.security_quals);
    for q in quals {
        let q = preprocess_expression(root, q, ExprKind::Qual)?;
        rte.security_quals.push(q);
    }
    root.parse.rtable[at] = rte;
    Ok(())
}

/// HAVING conditions without aggregates filter rows before grouping.
fn move_having_to_where(root: &mut PlannerInfo<'_>) {
    let Some(having) = root.parse.having_qual.take() else { return };
    let cx = root.cx();
    let mut kept = Vec::new();
    for clause in make_ands_implicit(Some(having)) {
        let has_sets = !root.parse.grouping_sets.is_empty();
        if contain_aggs(&clause)
            || cx.contain_volatile(&clause)
            || contain_subplans(&clause)
            || has_sets
        {
            kept.push(clause);
        } else if !root.parse.group_clause.is_empty() {
            add_where(&mut root.parse, clause);
        } else {
            add_where(&mut root.parse, clause.clone());
            kept.push(clause);
        }
    }
    root.parse.having_qual = (!kept.is_empty()).then(|| make_ands_explicit(kept));
}

fn add_where(query: &mut Query, clause: Expr) {
    let mut args = make_ands_implicit(query.jointree.quals.take());
    args.push(clause);
    query.jointree.quals = Some(make_ands_explicit(args));
}

/// Scan/join planning: everything FROM and WHERE say. `callback` fixes the wanted order.
pub fn query_planner(
    root: &mut PlannerInfo<'_>,
    callback: &mut dyn FnMut(&mut PlannerInfo<'_>) -> PgResult<()>,
) -> PgResult<RelId> {
    root.simple_rels = vec![None; root.parse.rtable.len() + 1];
    // A lone Result has no joins to plan.
    if let [JoinTreeNode::RangeTblRef(rti)] = root.parse.jointree.fromlist[..] {
        if matches!(root.rte(rti).kind, RteKind::Result) {
            return trivial_result(root, rti, callback);
        }
    }
    let mut rtis = Vec::new();
    fn collect(n: &JoinTreeNode, out: &mut Vec<i32>) {
        match n {
            JoinTreeNode::RangeTblRef(r) => out.push(*r),
            JoinTreeNode::FromExpr(f) => f.fromlist.iter().for_each(|n| collect(n, out)),
            JoinTreeNode::JoinExpr(j) => {
                collect(&j.larg, out);
                collect(&j.rarg, out);
            }
        }
    }
    root.parse.jointree.fromlist.iter().for_each(|n| collect(n, &mut rtis));
    for rti in rtis {
        plancat::build_simple_rel(root, rti, None)?;
    }
    build_base_rel_tlists(root);
    placeholder::find_placeholders_in_jointree(root);
    find_lateral_references(root)?;
    let joinlist = deconstruct_jointree(root)?;
    reconsider_outer_join_clauses(root);
    generate_base_implied_equalities(root);
    crate::group_columns::remove_useless_group_columns(root);
    callback(root)?;
    placeholder::fix_placeholder_input_needed_levels(root);
    let joinlist = join_removal::remove_useless_joins(root, joinlist);
    join_removal::reduce_unique_semijoins(root);
    placeholder::add_placeholders_to_base_rels(root);
    create_lateral_join_info(root);
    plancat::collect_foreign_keys(root);
    inherit::add_other_rels_to_query(root)?;
    let rel = all_paths::make_one_rel(root, &joinlist)?;
    if root.rels[rel].cheapest_total.as_ref().is_none_or(|p| p.param.is_some()) {
        return Err(error::PgError::internal("failed to construct the join relation"));
    }
    Ok(rel)
}

fn trivial_result(
    root: &mut PlannerInfo<'_>,
    rti: i32,
    callback: &mut dyn FnMut(&mut PlannerInfo<'_>) -> PgResult<()>,
) -> PgResult<RelId> {
    let id = plancat::build_simple_rel(root, rti, None)?;
    root.all_baserels = Relids::single(rti);
    root.all_query_rels = Relids::single(rti);
    root.ec_merging_done = true;
    callback(root)?;
    let quals = make_ands_implicit(root.parse.jointree.quals.clone());
    let s = &root.cx().settings;
    let cost = crate::cost::qual_cost(root.cx(), &quals);
    let c = crate::cost::Costs {
        startup: cost.startup + cost.per_tuple,
        total: cost.startup + cost.per_tuple + s.cpu_tuple_cost,
        rows: 1.0,
        disabled: 0,
    };
    let target = root.rels[id].reltarget.clone();
    let path =
        crate::pathnode::new_path(PathKind::GroupResult { quals }, id, target, None, c, Vec::new());
    crate::pathnode::add_path(root, id, path);
    crate::pathnode::set_cheapest(root, id)?;
    Ok(id)
}

fn grouping_planner(
    root: &mut PlannerInfo<'_>,
    tuple_fraction: f64,
    setops: Option<&SetOperation>,
) -> PgResult<()> {
    root.tuple_fraction = tuple_fraction;
    let limits = grouping::preprocess_limit(root, tuple_fraction);
    root.tuple_fraction = limits.tuple_fraction;
    let (current, final_target) = if root.parse.set_operations.is_some() {
        let rel = setop::plan_set_operations(root)?;
        let sort = root.parse.sort_clause.clone();
        let tlist = root.processed_tlist.clone();
        root.sort_pathkeys = crate::pathkeys::make_pathkeys_for_sortclauses(root, &sort, &tlist);
        root.query_pathkeys = root.sort_pathkeys.clone();
        let target = Rc::new(crate::pathnode::create_pathtarget(root, &root.processed_tlist));
        (rel, target)
    } else {
        grouping::plan_plain_query(root, &limits, setops)?
    };
    grouping::finish(root, current, final_target, &limits)
}
