//! Final references: one flat range table, columns of inputs by position, params each node depends on.
use crate::flat_rtable::{add_dead_subqueries, flatten_rte};
use crate::{clauses::*, plan_keys::var_matches, relids::Relids, root::*};
use error::{PgError, PgResult};
use nodes::{plan::*, *};
use std::{rc::Rc, sync::Arc};
use types::Oid;

struct Fixer<'a, 'c> {
    root: &'a mut PlannerInfo<'c>,
    offset: i32,
}

/// Finishes the statement.
pub fn finish<'c>(
    glob: &Rc<Glob<'c>>,
    mut root: PlannerInfo<'c>,
    top: Plan,
    head: PlannedStmt,
) -> PgResult<PlannedStmt> {
    let mut top = set_plan_references(&mut root, top)?;
    let n = glob.state.borrow().subplans.len();
    let mut subplans: Vec<Plan> = Vec::with_capacity(n);
    for i in 0..n {
        let taken = glob.state.borrow_mut().subplans[i].take();
        let Some(sub) = taken else { return Err(PgError::internal("subplan is missing")) };
        let plan = match sub.root {
            Some(mut r) => set_plan_references(&mut r, sub.plan)?,
            None => sub.plan,
        };
        subplans.push(plan);
    }
    // Subplans first: outer plans need to know what they depend on.
    let mut known: Vec<Vec<i32>> = vec![Vec::new(); n];
    for i in 0..n {
        finalize(&mut subplans[i], &mut known, &[]);
        known[i] = subplans[i].ext_param.clone();
    }
    finalize(&mut top, &mut known, &[]);
    let mut state = glob.state.borrow_mut();
    use std::mem::take;
    Ok(PlannedStmt {
        plan_tree: Arc::new(top),
        subplans: subplans.into_iter().map(Arc::new).collect(),
        rtable: take(&mut state.final_rtable),
        perm_infos: take(&mut state.perm_infos),
        result_relations: take(&mut state.result_relations),
        rewind_plan_ids: take(&mut state.rewind_plan_ids),
        row_marks: take(&mut state.final_row_marks),
        param_exec_types: take(&mut state.param_exec_types),
        relation_oids: take(&mut state.relation_oids),
        inval_items: take(&mut state.inval_items),
        ..head
    })
}

/// Fixes the references of one level's plan.
fn set_plan_references(root: &mut PlannerInfo<'_>, plan: Plan) -> PgResult<Plan> {
    let offset = {
        let mut state = root.glob.state.borrow_mut();
        let offset = state.final_rtable.len() as i32;
        let perm_offset = state.perm_infos.len() as u32;
        for rte in &root.parse.rtable {
            flatten_rte(&mut state, rte, perm_offset);
        }
        state.perm_infos.extend(root.parse.rteperminfos.iter().cloned());
        offset
    };
    add_dead_subqueries(root);
    let marks: Vec<PlanRowMark> = root
        .row_marks
        .iter()
        .map(|m| PlanRowMark { rti: m.rti + offset, prti: m.prti + offset, ..m.clone() })
        .collect();
    root.glob.state.borrow_mut().final_row_marks.extend(marks);
    let mut f = Fixer { root, offset };
    f.plan(plan)
}

type Child = Option<Arc<Plan>>;

impl Fixer<'_, '_> {
    fn child(&mut self, c: Child) -> PgResult<Child> {
        match c {
            Some(p) => Ok(Some(Arc::new(self.plan(Arc::unwrap_or_clone(p))?))),
            None => Ok(None),
        }
    }

    fn list(&mut self, list: Vec<Arc<Plan>>) -> PgResult<Vec<Arc<Plan>>> {
        list.into_iter().map(|p| Ok(Arc::new(self.plan(Arc::unwrap_or_clone(p))?))).collect()
    }

    /// References in a scan's expressions: range table positions move.
    fn scan_expr(&mut self, e: &mut Expr, calls: f64) {
        match e {
            Expr::Var(v) => {
                if v.varlevelsup == 0 {
                    if v.varno > 0 {
                        v.varno += self.offset;
                    }
                    if v.varnosyn > 0 {
                        v.varnosyn += self.offset;
                    }
                }
            }
            Expr::Param(_) => self.fix_param(e),
            Expr::Aggref(a) => {
                if let Some(param) = crate::minmax::replacement(self.root, a) {
                    *e = param;
                    return;
                }
                e.for_each_child_mut(&mut |c| self.scan_expr(c, calls));
            }
            Expr::CurrentOfExpr(c) => c.cvarno += self.offset,
            Expr::PlaceHolderVar(p) => {
                let mut inner =
                    std::mem::replace(&mut p.phexpr, crate::lsyscache::bool_const(None));
                self.scan_expr(&mut inner, calls);
                *e = inner;
            }
            Expr::AlternativeSubPlan(_) => {
                self.choose_alternative(e, calls);
                self.scan_expr(e, calls);
            }
            _ => {
                self.fix_common(e);
                e.for_each_child_mut(&mut |c| self.scan_expr(c, calls));
            }
        }
    }

    fn fix_param(&mut self, e: &mut Expr) {
        if let Expr::Param(p) = e {
            if p.kind == ParamKind::MultiExpr {
                let (id, col) = ((p.paramid >> 16) as usize, (p.paramid & 0xffff) as usize);
                let found = id
                    .checked_sub(1)
                    .and_then(|i| self.root.multiexpr_params.get(i))
                    .and_then(|l| l.get(col.checked_sub(1)?))
                    .cloned();
                if let Some(new) = found {
                    *e = Expr::Param(new);
                }
            }
        }
    }

    /// What every node's expressions need: function dependencies, GROUPING() positions.
    fn fix_common(&mut self, e: &mut Expr) {
        let note = |f: Oid| {
            if f >= Oid::FIRST_NORMAL {
                let mut state = self.root.glob.state.borrow_mut();
                let item = (Oid(1255), f);
                if !state.inval_items.contains(&item) {
                    state.inval_items.push(item);
                }
            }
        };
        match e {
            Expr::FuncExpr(f) => note(f.funcid),
            Expr::OpExpr(o) | Expr::DistinctExpr(o) | Expr::NullIfExpr(o) => {
                if !o.opfuncid.is_valid() {
                    o.opfuncid = self.root.cx().opcode(o.opno);
                }
                note(o.opfuncid);
            }
            Expr::ScalarArrayOpExpr(s) => {
                if !s.opfuncid.is_valid() {
                    s.opfuncid = self.root.cx().opcode(s.opno);
                }
                note(s.opfuncid);
            }
            Expr::GroupingFunc(g) => {
                g.cols = g
                    .refs
                    .iter()
                    .map(|r| self.root.grouping_map.get(r).copied().unwrap_or(0))
                    .collect();
            }
            _ => {}
        }
    }

    /// Of several ways to run a sublink, the cheapest for the expected number of calls.
    fn choose_alternative(&mut self, e: &mut Expr, calls: f64) {
        let Expr::AlternativeSubPlan(plans) = e else { return };
        let best = plans
            .iter()
            .min_by(|a, b| {
                let cost = |s: &SubPlan| s.startup_cost + calls * s.per_call_cost;
                cost(a).total_cmp(&cost(b))
            })
            .cloned();
        if let Some(b) = best {
            *e = Expr::SubPlan(Box::new(b));
        }
    }

    fn scan_exprs(&mut self, list: &mut [Expr], calls: f64) {
        list.iter_mut().for_each(|e| self.scan_expr(e, calls));
    }

    fn scan_tlist(&mut self, list: &mut [TargetEntry], calls: f64) {
        list.iter_mut().for_each(|t| self.scan_expr(&mut t.expr, calls));
    }

    #[allow(clippy::too_many_lines)]
    fn plan(&mut self, mut plan: Plan) -> PgResult<Plan> {
        error::check_stack_depth()?;
        let rows = plan.plan_rows;
        let off = self.offset;
        let mut init = std::mem::take(&mut plan.init_plan);
        for s in &mut init {
            s.args.iter_mut().for_each(|a| self.scan_expr(a, 1.0));
            s.testexpr.iter_mut().for_each(|t| self.scan_expr(t, 1.0));
        }
        plan.init_plan = init;
        let node = std::mem::replace(&mut plan.node, PlanNode::Material);
        match node {
            PlanNode::SeqScan { scanrelid } => {
                self.scan_parts(&mut plan, rows);
                plan.node = PlanNode::SeqScan { scanrelid: scanrelid + off };
            }
            PlanNode::SampleScan { scanrelid, mut tablesample } => {
                self.scan_parts(&mut plan, rows);
                self.scan_exprs(&mut tablesample.args, 1.0);
                tablesample.repeatable.iter_mut().for_each(|e| self.scan_expr(e, 1.0));
                plan.node = PlanNode::SampleScan { scanrelid: scanrelid + off, tablesample };
            }
            PlanNode::IndexScan(mut s) => {
                self.scan_parts(&mut plan, rows);
                self.index_parts(&mut s);
                plan.node = PlanNode::IndexScan(s);
            }
            PlanNode::BitmapIndexScan(mut s) => {
                self.index_parts(&mut s);
                plan.node = PlanNode::BitmapIndexScan(s);
            }
            PlanNode::IndexOnlyScan(mut s) => {
                self.index_parts(&mut s);
                let columns = s.indextlist.clone();
                for te in &mut plan.target_list {
                    self.upper_expr(&mut te.expr, &columns, INDEX_VAR, rows);
                }
                for q in &mut plan.qual {
                    self.upper_expr(q, &columns, INDEX_VAR, rows);
                }
                for q in &mut s.recheckqual {
                    self.upper_expr(q, &columns, INDEX_VAR, rows);
                }
                self.scan_tlist(&mut s.indextlist, 1.0);
                plan.node = PlanNode::IndexOnlyScan(s);
            }
            PlanNode::BitmapHeapScan { scanrelid, mut bitmapqualorig } => {
                self.scan_parts(&mut plan, rows);
                self.scan_exprs(&mut bitmapqualorig, rows);
                plan.node = PlanNode::BitmapHeapScan { scanrelid: scanrelid + off, bitmapqualorig };
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            PlanNode::BitmapAnd(list) => plan.node = PlanNode::BitmapAnd(self.list(list)?),
            PlanNode::BitmapOr(list) => plan.node = PlanNode::BitmapOr(self.list(list)?),
            PlanNode::TidScan { scanrelid, mut tidquals } => {
                self.scan_parts(&mut plan, rows);
                self.scan_exprs(&mut tidquals, 1.0);
                plan.node = PlanNode::TidScan { scanrelid: scanrelid + off, tidquals };
            }
            PlanNode::TidRangeScan { scanrelid, mut tidrangequals } => {
                self.scan_parts(&mut plan, rows);
                self.scan_exprs(&mut tidrangequals, 1.0);
                plan.node = PlanNode::TidRangeScan { scanrelid: scanrelid + off, tidrangequals };
            }
            PlanNode::SubqueryScan { scanrelid, subplan } => {
                return self.subquery_scan(plan, scanrelid, subplan);
            }
            PlanNode::FunctionScan { scanrelid, mut functions, funcordinality } => {
                self.scan_parts(&mut plan, rows);
                functions.iter_mut().for_each(|f| self.scan_expr(&mut f.funcexpr, 1.0));
                plan.node = PlanNode::FunctionScan {
                    scanrelid: scanrelid + off,
                    functions,
                    funcordinality,
                };
            }
            PlanNode::ValuesScan { scanrelid, mut values_lists } => {
                self.scan_parts(&mut plan, rows);
                values_lists.iter_mut().flatten().for_each(|e| self.scan_expr(e, 1.0));
                plan.node = PlanNode::ValuesScan { scanrelid: scanrelid + off, values_lists };
            }
            PlanNode::TableFuncScan { scanrelid, tablefunc } => {
                self.scan_parts(&mut plan, rows);
                let mut kind = RteKind::TableFunc(tablefunc);
                kind.for_each_expr_mut(&mut |e| self.scan_expr(e, 1.0));
                if let RteKind::TableFunc(tablefunc) = kind {
                    plan.node = PlanNode::TableFuncScan { scanrelid: scanrelid + off, tablefunc };
                }
            }
            PlanNode::CteScan { scanrelid, cte_plan_id, cte_param } => {
                self.scan_parts(&mut plan, rows);
                plan.node =
                    PlanNode::CteScan { scanrelid: scanrelid + off, cte_plan_id, cte_param };
            }
            PlanNode::NamedTuplestoreScan { scanrelid, enrname } => {
                self.scan_parts(&mut plan, rows);
                plan.node = PlanNode::NamedTuplestoreScan { scanrelid: scanrelid + off, enrname };
            }
            PlanNode::WorkTableScan { scanrelid, wt_param } => {
                self.scan_parts(&mut plan, rows);
                plan.node = PlanNode::WorkTableScan { scanrelid: scanrelid + off, wt_param };
            }
            PlanNode::NestLoop { jointype, inner_unique, mut joinqual, mut nest_params } => {
                let (outer, inner) = self.join_inputs(&plan);
                self.join_parts(&mut plan, jointype, &outer, &inner);
                for q in &mut joinqual {
                    self.join_expr(q, &outer, &inner, rows);
                }
                for p in &mut nest_params {
                    self.join_expr(&mut p.paramval, &outer, &[], rows);
                }
                plan.node = PlanNode::NestLoop { jointype, inner_unique, joinqual, nest_params };
                self.both_children(&mut plan)?;
            }
            PlanNode::MergeJoin(mut j) => {
                let (outer, inner) = self.join_inputs(&plan);
                self.join_parts(&mut plan, j.jointype, &outer, &inner);
                for q in j.joinqual.iter_mut().chain(&mut j.mergeclauses) {
                    self.join_expr(q, &outer, &inner, rows);
                }
                plan.node = PlanNode::MergeJoin(j);
                self.both_children(&mut plan)?;
            }
            PlanNode::HashJoin {
                jointype,
                inner_unique,
                mut joinqual,
                mut hashclauses,
                hashoperators,
                hashcollations,
                mut hashkeys,
            } => {
                let (outer, inner) = self.join_inputs(&plan);
                self.join_parts(&mut plan, jointype, &outer, &inner);
                for q in joinqual.iter_mut().chain(&mut hashclauses) {
                    self.join_expr(q, &outer, &inner, rows);
                }
                for k in &mut hashkeys {
                    self.join_expr(k, &outer, &[], rows);
                }
                plan.node = PlanNode::HashJoin {
                    jointype,
                    inner_unique,
                    joinqual,
                    hashclauses,
                    hashoperators,
                    hashcollations,
                    hashkeys,
                };
                self.both_children(&mut plan)?;
            }
            PlanNode::Hash { mut hashkeys } => {
                let input = self.input(&plan);
                for k in &mut hashkeys {
                    self.upper_expr(k, &input, OUTER_VAR, rows);
                }
                self.dummy_tlist(&mut plan);
                plan.node = PlanNode::Hash { hashkeys };
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            PlanNode::Memoize {
                hash_operators,
                collations,
                mut param_exprs,
                singlerow,
                binary_mode,
                est_entries,
                keyparamids,
            } => {
                self.dummy_tlist(&mut plan);
                self.scan_exprs(&mut param_exprs, 1.0);
                plan.node = PlanNode::Memoize {
                    hash_operators,
                    collations,
                    param_exprs,
                    singlerow,
                    binary_mode,
                    est_entries,
                    keyparamids,
                };
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            node @ (PlanNode::Material
            | PlanNode::Sort { .. }
            | PlanNode::IncrementalSort { .. }
            | PlanNode::Unique { .. }
            | PlanNode::SetOp { .. }
            | PlanNode::RecursiveUnion { .. }
            | PlanNode::Gather { .. }
            | PlanNode::GatherMerge { .. }) => {
                self.dummy_tlist(&mut plan);
                plan.node = node;
                self.both_children(&mut plan)?;
            }
            PlanNode::LockRows { mut row_marks, epq_param } => {
                self.dummy_tlist(&mut plan);
                for m in &mut row_marks {
                    m.rti += off;
                    m.prti += off;
                }
                plan.node = PlanNode::LockRows { row_marks, epq_param };
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            PlanNode::Limit { mut offset, mut count, with_ties, ties_keys } => {
                self.dummy_tlist(&mut plan);
                offset.iter_mut().for_each(|e| self.scan_expr(e, 1.0));
                count.iter_mut().for_each(|e| self.scan_expr(e, 1.0));
                plan.node = PlanNode::Limit { offset, count, with_ties, ties_keys };
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            PlanNode::Agg(mut a) => {
                self.strip_group_nulling(&mut plan);
                let input = self.input(&plan);
                self.upper_parts(&mut plan, &input);
                let chain = std::mem::take(&mut a.chain);
                a.chain = chain
                    .into_iter()
                    .map(|c| {
                        let mut c = Arc::unwrap_or_clone(c);
                        c.target_list = plan.target_list.clone();
                        c.qual = plan.qual.clone();
                        if let Some(l) = c.lefttree.take() {
                            let mut sort = Arc::unwrap_or_clone(l);
                            self.dummy_tlist(&mut sort);
                            c.lefttree = Some(Arc::new(sort));
                        }
                        Arc::new(c)
                    })
                    .collect();
                plan.node = PlanNode::Agg(a);
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            PlanNode::Group { keys } => {
                let input = self.input(&plan);
                self.upper_parts(&mut plan, &input);
                plan.node = PlanNode::Group { keys };
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            PlanNode::WindowAgg(mut w) => {
                let input = self.input(&plan);
                self.upper_parts(&mut plan, &input);
                w.start_offset.iter_mut().for_each(|e| self.scan_expr(e, 1.0));
                w.end_offset.iter_mut().for_each(|e| self.scan_expr(e, 1.0));
                for e in w.run_condition.iter_mut().chain(&mut w.run_condition_orig) {
                    self.upper_expr(e, &input, OUTER_VAR, rows);
                }
                plan.node = PlanNode::WindowAgg(w);
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            PlanNode::Result { mut resconstantqual } => {
                if plan.lefttree.is_some() {
                    let input = self.input(&plan);
                    self.upper_parts(&mut plan, &input);
                } else {
                    // Relations known to be empty have no values; nobody will ask for them.
                    let cx = self.root.cx();
                    let blank = |e: &mut Expr| {
                        e.rewrite(&mut |x| {
                            if let Expr::Var(v) = x {
                                *x = crate::lsyscache::null_const(
                                    v.vartype,
                                    v.vartypmod,
                                    v.varcollid,
                                    cx.type_phys(v.vartype),
                                );
                            }
                        });
                    };
                    plan.target_list.iter_mut().for_each(|t| blank(&mut t.expr));
                    plan.qual.iter_mut().for_each(blank);
                    self.scan_parts(&mut plan, rows);
                }
                self.scan_exprs(&mut resconstantqual, 1.0);
                plan.node = PlanNode::Result { resconstantqual };
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            PlanNode::ProjectSet => {
                let input = self.input(&plan);
                self.upper_parts(&mut plan, &input);
                plan.node = PlanNode::ProjectSet;
                plan.lefttree = self.child(plan.lefttree.take())?;
            }
            PlanNode::Append { appendplans, apprelids, part_prune } => {
                let mut plans = self.list(appendplans)?;
                // An Append of one input is that input.
                if plans.len() == 1 && plans[0].target_list.len() == plan.target_list.len() {
                    if let Some(only) = plans.pop() {
                        return Ok(take_over(plan, Arc::unwrap_or_clone(only)));
                    }
                }
                self.dummy_tlist(&mut plan);
                let apprelids = apprelids.into_iter().map(|r| r + off).collect();
                plan.node = PlanNode::Append { appendplans: plans, apprelids, part_prune };
            }
            PlanNode::MergeAppend { mergeplans, apprelids, keys, part_prune } => {
                let mut plans = self.list(mergeplans)?;
                if plans.len() == 1 && plans[0].target_list.len() == plan.target_list.len() {
                    if let Some(only) = plans.pop() {
                        return Ok(take_over(plan, Arc::unwrap_or_clone(only)));
                    }
                }
                self.dummy_tlist(&mut plan);
                let apprelids = apprelids.into_iter().map(|r| r + off).collect();
                plan.node =
                    PlanNode::MergeAppend { mergeplans: plans, apprelids, keys, part_prune };
            }
            PlanNode::ModifyTable(m) => return self.modify_table(plan, m),
        }
        Ok(plan)
    }

    fn scan_parts(&mut self, plan: &mut Plan, rows: f64) {
        self.scan_tlist(&mut plan.target_list, rows);
        let mut quals = std::mem::take(&mut plan.qual);
        self.scan_exprs(&mut quals, rows);
        plan.qual = quals;
    }

    fn index_parts(&mut self, s: &mut IndexScan) {
        s.scanrelid += self.offset;
        for list in
            [&mut s.indexqual, &mut s.indexqualorig, &mut s.indexorderby, &mut s.indexorderbyorig]
        {
            list.iter_mut().for_each(|e| self.scan_expr(e, 1.0));
        }
    }

    fn both_children(&mut self, plan: &mut Plan) -> PgResult<()> {
        plan.lefttree = self.child(plan.lefttree.take())?;
        plan.righttree = self.child(plan.righttree.take())?;
        Ok(())
    }

    /// The input's columns before their own references are fixed.
    fn input(&self, plan: &Plan) -> Vec<TargetEntry> {
        plan.lefttree.as_ref().map(|p| p.target_list.clone()).unwrap_or_default()
    }

    fn join_inputs(&self, plan: &Plan) -> (Vec<TargetEntry>, Vec<TargetEntry>) {
        let inner = plan.righttree.as_ref().map(|p| p.target_list.clone()).unwrap_or_default();
        (self.input(plan), inner)
    }

    /// A node that only passes columns on refers to its input by position.
    fn dummy_tlist(&mut self, plan: &mut Plan) {
        for te in &mut plan.target_list {
            if matches!(te.expr, Expr::Const(_)) {
                continue;
            }
            let mut v = make_var(
                OUTER_VAR,
                te.resno,
                te.expr.typ(),
                te.expr.typmod(),
                te.expr.collation(),
                0,
            );
            if let Expr::Var(old) = &te.expr {
                v.varnosyn = if old.varno > 0 { old.varno + self.offset } else { 0 };
                v.varattnosyn = old.varattno;
            }
            te.expr = Expr::Var(v);
        }
        debug_assert!(plan.qual.is_empty());
    }

    fn upper_parts(&mut self, plan: &mut Plan, input: &[TargetEntry]) {
        let rows = plan.plan_rows;
        for te in &mut plan.target_list {
            // Grouping columns match by reference number, so that equal expressions stay apart.
            if te.ressortgroupref != 0 {
                let hit = input.iter().find(|t| {
                    t.ressortgroupref == te.ressortgroupref && same_expr(&t.expr, &te.expr)
                });
                if let Some(t) = hit {
                    te.expr = positional(t, OUTER_VAR, &te.expr, self.offset);
                    continue;
                }
            }
            self.upper_expr(&mut te.expr, input, OUTER_VAR, rows);
        }
        let mut quals = std::mem::take(&mut plan.qual);
        for q in &mut quals {
            self.upper_expr(q, input, OUTER_VAR, rows);
        }
        plan.qual = quals;
    }

    /// The step of grouping sets nulls its columns itself.
    fn strip_group_nulling(&mut self, plan: &mut Plan) {
        let rti = self.root.group_rtindex;
        if rti == 0 || self.root.parse.grouping_sets.is_empty() {
            return;
        }
        let set = Relids::single(rti);
        for te in &mut plan.target_list {
            remove_nulling_rels(&mut te.expr, &set, None);
        }
        for q in &mut plan.qual {
            remove_nulling_rels(q, &set, None);
        }
    }

    fn upper_expr(&mut self, e: &mut Expr, input: &[TargetEntry], varno: i32, calls: f64) {
        if let Some(t) = input.iter().find(|t| same_column(&t.expr, e)) {
            *e = positional(t, varno, e, self.offset);
            return;
        }
        match e {
            Expr::Var(v) => {
                // Not in the input: only legal for what the node itself makes up.
                if v.varno > 0 && v.varlevelsup == 0 {
                    v.varno += self.offset;
                }
            }
            Expr::Const(_) => {}
            Expr::PlaceHolderVar(p) => {
                let mut inner =
                    std::mem::replace(&mut p.phexpr, crate::lsyscache::bool_const(None));
                self.upper_expr(&mut inner, input, varno, calls);
                *e = inner;
            }
            Expr::Param(_) => self.fix_param(e),
            Expr::AlternativeSubPlan(_) => {
                self.choose_alternative(e, calls);
                self.upper_expr(e, input, varno, calls);
            }
            _ => {
                if let Some(t) = input
                    .iter()
                    .find(|t| !matches!(t.expr, Expr::Var(_) | Expr::Const(_)) && t.expr.equals(e))
                {
                    *e = positional(t, varno, e, self.offset);
                    return;
                }
                self.fix_common(e);
                e.for_each_child_mut(&mut |c| self.upper_expr(c, input, varno, calls));
            }
        }
    }

    fn join_parts(
        &mut self,
        plan: &mut Plan,
        _jointype: JoinType,
        outer: &[TargetEntry],
        inner: &[TargetEntry],
    ) {
        let rows = plan.plan_rows;
        for te in &mut plan.target_list {
            self.join_expr(&mut te.expr, outer, inner, rows);
        }
        let mut quals = std::mem::take(&mut plan.qual);
        for q in &mut quals {
            self.join_expr(q, outer, inner, rows);
        }
        plan.qual = quals;
    }

    fn join_expr(
        &mut self,
        e: &mut Expr,
        outer: &[TargetEntry],
        inner: &[TargetEntry],
        calls: f64,
    ) {
        for (list, varno) in [(outer, OUTER_VAR), (inner, INNER_VAR)] {
            if let Some(t) = list.iter().find(|t| same_column(&t.expr, e)) {
                *e = positional(t, varno, e, self.offset);
                return;
            }
        }
        match e {
            Expr::Var(_) | Expr::Const(_) => {}
            Expr::PlaceHolderVar(p) => {
                let mut inner_expr =
                    std::mem::replace(&mut p.phexpr, crate::lsyscache::bool_const(None));
                self.join_expr(&mut inner_expr, outer, inner, calls);
                *e = inner_expr;
            }
            Expr::Param(_) => self.fix_param(e),
            Expr::AlternativeSubPlan(_) => {
                self.choose_alternative(e, calls);
                self.join_expr(e, outer, inner, calls);
            }
            _ => {
                for (list, varno) in [(outer, OUTER_VAR), (inner, INNER_VAR)] {
                    if let Some(t) = list.iter().find(|t| {
                        !matches!(t.expr, Expr::Var(_) | Expr::Const(_)) && t.expr.equals(e)
                    }) {
                        *e = positional(t, varno, e, self.offset);
                        return;
                    }
                }
                self.fix_common(e);
                e.for_each_child_mut(&mut |c| self.join_expr(c, outer, inner, calls));
            }
        }
    }

    fn subquery_scan(
        &mut self,
        mut plan: Plan,
        scanrelid: i32,
        subplan: Arc<Plan>,
    ) -> PgResult<Plan> {
        let id = self.root.base_id(scanrelid);
        let Some(mut sub) = self.root.rels[id].subroot.take() else {
            return Err(PgError::internal("subquery was not planned"));
        };
        let fixed = set_plan_references(&mut sub, Arc::unwrap_or_clone(subplan));
        self.root.rels[id].subroot = Some(sub);
        let fixed = fixed?;
        if trivial_subquery_scan(&plan, &fixed, scanrelid) {
            // Nothing is done here: the subquery's plan takes this node's place.
            return Ok(take_over(plan, fixed));
        }
        let rows = plan.plan_rows;
        self.scan_parts(&mut plan, rows);
        plan.node =
            PlanNode::SubqueryScan { scanrelid: scanrelid + self.offset, subplan: Arc::new(fixed) };
        Ok(plan)
    }

    fn modify_table(&mut self, mut plan: Plan, mut m: Box<ModifyTable>) -> PgResult<Plan> {
        let off = self.offset;
        let input = self.input(&plan);
        for (list, rti) in m.returning_lists.iter_mut().zip(&m.result_relations) {
            for te in list.iter_mut() {
                self.returning_expr(&mut te.expr, &input, *rti);
            }
        }
        for list in &mut m.with_check_options {
            list.iter_mut().for_each(|w| self.scan_expr(&mut w.qual, 1.0));
        }
        if m.on_conflict == OnConflictAction::Update {
            let excluded = m.excl_rel_tlist.clone();
            for te in &mut m.on_conflict_set {
                self.excluded_expr(&mut te.expr, &excluded, m.excl_rel_rti);
            }
            if let Some(w) = &mut m.on_conflict_where {
                self.excluded_expr(w, &excluded, m.excl_rel_rti);
            }
            self.scan_tlist(&mut m.excl_rel_tlist, 1.0);
            m.excl_rel_rti += off;
        }
        for (actions, rti) in m.merge_action_lists.iter_mut().zip(&m.result_relations) {
            for a in actions {
                for te in &mut a.target_list {
                    self.returning_expr(&mut te.expr, &input, *rti);
                }
                a.qual.iter_mut().for_each(|q| self.returning_expr(q, &input, *rti));
            }
        }
        for (c, rti) in m.merge_join_conditions.iter_mut().zip(&m.result_relations) {
            c.iter_mut().for_each(|q| self.returning_expr(q, &input, *rti));
        }
        m.nominal_relation += off;
        if m.root_relation > 0 {
            m.root_relation += off;
        }
        m.result_relations.iter_mut().for_each(|r| *r += off);
        for r in &mut m.row_marks {
            r.rti += off;
            r.prti += off;
        }
        {
            let mut state = self.root.glob.state.borrow_mut();
            state.result_relations.extend(m.result_relations.iter().copied());
            if m.root_relation > 0 && !state.result_relations.contains(&m.root_relation) {
                state.result_relations.push(m.root_relation);
            }
        }
        plan.target_list = m.returning_lists.first().cloned().unwrap_or_default();
        plan.node = PlanNode::ModifyTable(m);
        plan.lefttree = self.child(plan.lefttree.take())?;
        Ok(plan)
    }

    /// RETURNING and MERGE actions: the target's columns stay Vars of it, the rest come from the input.
    fn returning_expr(&mut self, e: &mut Expr, input: &[TargetEntry], result_rti: i32) {
        match e {
            Expr::Var(v) if v.varlevelsup == 0 && v.varno == result_rti => {
                v.varno += self.offset;
            }
            Expr::Var(_) | Expr::PlaceHolderVar(_) => {
                self.upper_expr(e, input, OUTER_VAR, 1.0);
            }
            Expr::Const(_) => {}
            Expr::Param(_) => self.fix_param(e),
            Expr::AlternativeSubPlan(_) => {
                self.choose_alternative(e, 1.0);
                self.returning_expr(e, input, result_rti);
            }
            _ => {
                self.fix_common(e);
                e.for_each_child_mut(&mut |c| self.returning_expr(c, input, result_rti));
            }
        }
    }

    /// ON CONFLICT: EXCLUDED's columns are the inner row.
    fn excluded_expr(&mut self, e: &mut Expr, excluded: &[TargetEntry], rti: i32) {
        match e {
            Expr::Var(v) if v.varlevelsup == 0 && v.varno == rti => {
                let hit = excluded.iter().find(|t| same_column(&t.expr, e));
                match hit {
                    Some(t) => *e = positional(t, INNER_VAR, e, self.offset),
                    None => {
                        if let Expr::Var(v) = e {
                            v.varno = INNER_VAR;
                        }
                    }
                }
            }
            Expr::Var(v) => v.varno += self.offset,
            Expr::Const(_) => {}
            Expr::Param(_) => self.fix_param(e),
            Expr::AlternativeSubPlan(_) => {
                self.choose_alternative(e, 1.0);
                self.excluded_expr(e, excluded, rti);
            }
            _ => {
                self.fix_common(e);
                e.for_each_child_mut(&mut |c| self.excluded_expr(c, excluded, rti));
            }
        }
    }
}

fn same_column(a: &Expr, b: &Expr) -> bool {
    matches!(
        (a, b),
        (Expr::Var(_), Expr::Var(_)) | (Expr::PlaceHolderVar(_), Expr::PlaceHolderVar(_))
    ) && var_matches(a, b)
}

fn same_expr(a: &Expr, b: &Expr) -> bool {
    same_column(a, b) || a.equals(b)
}

/// The Var that reads a column of an input.
fn positional(t: &TargetEntry, varno: i32, old: &Expr, offset: i32) -> Expr {
    let mut v = make_var(varno, t.resno, old.typ(), old.typmod(), old.collation(), 0);
    if let Expr::Var(o) = old {
        v.varnosyn = if o.varno > 0 { o.varno + offset } else { 0 };
        v.varattnosyn = o.varattno;
        v.varreturningtype = o.varreturningtype;
    }
    Expr::Var(v)
}

fn trivial_subquery_scan(plan: &Plan, sub: &Plan, rti: i32) -> bool {
    let visible = sub.target_list.len();
    plan.qual.is_empty()
        && plan.target_list.len() == visible
        && plan.target_list.iter().zip(&sub.target_list).enumerate().all(|(i, (p, s))| {
            p.resjunk == s.resjunk
                && match &p.expr {
                    Expr::Var(v) => v.varno == rti && v.varattno == i as i16 + 1,
                    Expr::Const(_) => p.expr.equals(&s.expr),
                    _ => false,
                }
        })
}

/// A child in the place of its removed parent: keeps the parent's column names and init plans.
fn take_over(parent: Plan, mut child: Plan) -> Plan {
    let mut init = parent.init_plan;
    init.extend(std::mem::take(&mut child.init_plan));
    if !init.is_empty() {
        child.startup_cost = child.startup_cost.max(parent.startup_cost);
        child.total_cost = child.total_cost.max(parent.total_cost);
    }
    child.init_plan = init;
    for (c, p) in child.target_list.iter_mut().zip(&parent.target_list) {
        c.resname = p.resname.clone();
        c.ressortgroupref = p.ressortgroupref;
        c.resorigtbl = p.resorigtbl;
        c.resorigcol = p.resorigcol;
        c.resjunk = p.resjunk;
    }
    child
}

fn add_id(list: &mut Vec<i32>, id: i32) {
    if let Err(at) = list.binary_search(&id) {
        list.insert(at, id);
    }
}

/// Params an expression reads, those of its subplans included.
fn expr_params(e: &Expr, known: &[Vec<i32>], out: &mut Vec<i32>) {
    match e {
        Expr::Param(p) if p.kind == ParamKind::Exec => add_id(out, p.paramid),
        Expr::SubPlan(s) => {
            // What the subplan needs from outside, less what its call passes in.
            if let Some(ext) = known.get(s.plan_id as usize - 1) {
                for id in ext.iter().filter(|id| !s.par_param.contains(id)) {
                    add_id(out, *id);
                }
            }
            let mut inner = Vec::new();
            s.testexpr.iter().for_each(|t| expr_params(t, known, &mut inner));
            for id in inner.into_iter().filter(|id| !s.param_ids.contains(id)) {
                add_id(out, id);
            }
            s.args.iter().for_each(|a| expr_params(a, known, out));
            return;
        }
        _ => {}
    }
    e.for_each_child(&mut |c| expr_params(c, known, out));
}

/// Computes the params a subtree depends on.
fn finalize(plan: &mut Plan, known: &mut [Vec<i32>], _valid: &[i32]) {
    let mut own: Vec<i32> = Vec::new();
    let mut init_ext: Vec<i32> = Vec::new();
    let mut init_set: Vec<i32> = Vec::new();
    for s in &plan.init_plan {
        if let Some(ext) = known.get(s.plan_id as usize - 1) {
            ext.iter().for_each(|id| add_id(&mut init_ext, *id));
        }
        s.set_param.iter().for_each(|id| add_id(&mut init_set, *id));
    }
    plan.target_list.iter().for_each(|t| expr_params(&t.expr, known, &mut own));
    plan.qual.iter().for_each(|q| expr_params(q, known, &mut own));
    let mut children: Vec<Vec<i32>> = Vec::new();
    let mut visit = |p: &mut Arc<Plan>, known: &mut [Vec<i32>], except: &[i32]| {
        let child = Arc::make_mut(p);
        finalize(child, known, &[]);
        children.push(child.ext_param.iter().copied().filter(|id| !except.contains(id)).collect());
    };
    let mut inner_except: Vec<i32> = Vec::new();
    let mut local: Vec<i32> = Vec::new();
    {
        let mut each = |e: &Expr| expr_params(e, known, &mut own);
        match &plan.node {
            PlanNode::Result { resconstantqual } => resconstantqual.iter().for_each(&mut each),
            PlanNode::ModifyTable(m) => {
                m.returning_lists.iter().flatten().for_each(|t| each(&t.expr));
                m.on_conflict_set.iter().for_each(|t| each(&t.expr));
                m.on_conflict_where.iter().for_each(&mut each);
                m.with_check_options.iter().flatten().for_each(|w| each(&w.qual));
                for a in m.merge_action_lists.iter().flatten() {
                    a.qual.iter().for_each(&mut each);
                    a.target_list.iter().for_each(|t| each(&t.expr));
                }
                local.push(m.epq_param);
            }
            PlanNode::SampleScan { tablesample, .. } => {
                tablesample.args.iter().for_each(&mut each);
                tablesample.repeatable.iter().for_each(&mut each);
            }
            PlanNode::IndexScan(s) | PlanNode::IndexOnlyScan(s) | PlanNode::BitmapIndexScan(s) => {
                s.indexqual.iter().for_each(&mut each);
                s.indexorderby.iter().for_each(&mut each);
            }
            PlanNode::BitmapHeapScan { bitmapqualorig, .. } => {
                bitmapqualorig.iter().for_each(&mut each);
            }
            PlanNode::TidScan { tidquals, .. } => tidquals.iter().for_each(&mut each),
            PlanNode::TidRangeScan { tidrangequals, .. } => {
                tidrangequals.iter().for_each(&mut each);
            }
            PlanNode::FunctionScan { functions, .. } => {
                functions.iter().for_each(|f| each(&f.funcexpr));
            }
            PlanNode::ValuesScan { values_lists, .. } => {
                values_lists.iter().flatten().for_each(&mut each);
            }
            PlanNode::TableFuncScan { tablefunc, .. } => {
                RteKind::TableFunc(tablefunc.clone()).for_each_expr(&mut |e| {
                    let mut ids = Vec::new();
                    expr_params(e, &[], &mut ids);
                    local.extend(ids.iter().map(|i| -*i - 1));
                });
            }
            PlanNode::CteScan { cte_param, .. } => add_id(&mut own, *cte_param),
            PlanNode::WorkTableScan { wt_param, .. } => add_id(&mut own, *wt_param),
            PlanNode::RecursiveUnion { wt_param, .. } => inner_except.push(*wt_param),
            PlanNode::NestLoop { joinqual, nest_params, .. } => {
                joinqual.iter().for_each(&mut each);
                inner_except.extend(nest_params.iter().map(|p| p.paramno));
            }
            PlanNode::MergeJoin(j) => {
                j.joinqual.iter().chain(&j.mergeclauses).for_each(&mut each);
            }
            PlanNode::HashJoin { joinqual, hashclauses, .. } => {
                joinqual.iter().chain(hashclauses).for_each(&mut each);
            }
            PlanNode::Hash { hashkeys } => hashkeys.iter().for_each(&mut each),
            PlanNode::Memoize { param_exprs, .. } => param_exprs.iter().for_each(&mut each),
            PlanNode::Limit { offset, count, .. } => {
                offset.iter().for_each(&mut each);
                count.iter().for_each(&mut each);
            }
            PlanNode::WindowAgg(w) => {
                w.start_offset.iter().for_each(&mut each);
                w.end_offset.iter().for_each(&mut each);
                w.run_condition.iter().for_each(&mut each);
            }
            PlanNode::LockRows { epq_param, .. } => local.push(*epq_param),
            _ => {}
        }
    }
    // Negative entries above carry table function params out of the shared borrow.
    for id in local.iter().filter(|i| **i < 0) {
        add_id(&mut own, -*id - 1);
    }
    local.retain(|i| *i >= 0);
    match &mut plan.node {
        PlanNode::Append { appendplans, .. } => {
            appendplans.iter_mut().for_each(|p| visit(p, known, &local));
        }
        PlanNode::MergeAppend { mergeplans, .. } => {
            mergeplans.iter_mut().for_each(|p| visit(p, known, &local));
        }
        PlanNode::BitmapAnd(list) | PlanNode::BitmapOr(list) => {
            list.iter_mut().for_each(|p| visit(p, known, &local));
        }
        PlanNode::SubqueryScan { subplan, .. } => visit(subplan, known, &local),
        _ => {}
    }
    if let Some(p) = &mut plan.lefttree {
        visit(p, known, &local);
    }
    if let Some(p) = &mut plan.righttree {
        visit(p, known, &inner_except);
    }
    let mut all = own;
    for c in children {
        c.iter().for_each(|id| add_id(&mut all, *id));
    }
    let mut ext = all.clone();
    for id in &init_ext {
        add_id(&mut all, *id);
        add_id(&mut ext, *id);
    }
    for id in &init_set {
        add_id(&mut all, *id);
    }
    ext.retain(|id| !init_set.contains(id) && !local.contains(id));
    plan.all_param = all;
    plan.ext_param = ext;
}
