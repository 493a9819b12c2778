//! Visiting and rewriting expression and query trees.
//!
//! [`Expr::for_each_child`] and [`Expr::for_each_child_mut`] are the only places that enumerate the
//! children of each node; everything else is built on them.
use crate::{expr::*, query::*};

impl Expr {
    /// Calls `f` on each direct child expression. A SubLink's subquery is not entered.
    pub fn for_each_child<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        match self {
            Expr::Var(_)
            | Expr::Const(_)
            | Expr::Param(_)
            | Expr::CaseTestExpr(_)
            | Expr::SQLValueFunction(_)
            | Expr::CoerceToDomainValue(_)
            | Expr::SetToDefault(_)
            | Expr::CurrentOfExpr(_)
            | Expr::NextValueExpr(_) => {}
            Expr::Aggref(a) => {
                a.aggdirectargs.iter().for_each(&mut *f);
                a.args.iter().for_each(|t| f(&t.expr));
                a.aggfilter.iter().for_each(f);
            }
            Expr::GroupingFunc(g) => g.args.iter().for_each(f),
            Expr::WindowFunc(w) => {
                w.args.iter().for_each(&mut *f);
                w.aggfilter.iter().for_each(f);
            }
            Expr::SubscriptingRef(s) => {
                s.refupperindexpr.iter().flatten().for_each(&mut *f);
                s.reflowerindexpr.iter().flatten().for_each(&mut *f);
                f(&s.refexpr);
                s.refassgnexpr.iter().for_each(f);
            }
            Expr::FuncExpr(x) => x.args.iter().for_each(f),
            Expr::NamedArgExpr(x) => f(&x.arg),
            Expr::OpExpr(x) | Expr::DistinctExpr(x) | Expr::NullIfExpr(x) => {
                x.args.iter().for_each(f)
            }
            Expr::ScalarArrayOpExpr(x) => x.args.iter().for_each(f),
            Expr::BoolExpr(x) => x.args.iter().for_each(f),
            Expr::SubLink(x) => x.testexpr.iter().for_each(f),
            Expr::SubPlan(x) => {
                x.testexpr.iter().for_each(&mut *f);
                x.args.iter().for_each(f);
            }
            Expr::AlternativeSubPlan(plans) => plans.iter().for_each(|p| {
                p.testexpr.iter().for_each(&mut *f);
                p.args.iter().for_each(&mut *f);
            }),
            Expr::FieldSelect(x) => f(&x.arg),
            Expr::FieldStore(x) => {
                f(&x.arg);
                x.newvals.iter().for_each(f);
            }
            Expr::RelabelType(x) => f(&x.arg),
            Expr::CoerceViaIO(x) => f(&x.arg),
            Expr::ArrayCoerceExpr(x) => {
                f(&x.arg);
                f(&x.elemexpr);
            }
            Expr::ConvertRowtypeExpr(x) => f(&x.arg),
            Expr::CollateExpr(x) => f(&x.arg),
            Expr::CaseExpr(x) => {
                x.arg.iter().for_each(&mut *f);
                x.args.iter().for_each(|w| {
                    f(&w.expr);
                    f(&w.result);
                });
                x.defresult.iter().for_each(f);
            }
            Expr::ArrayExpr(x) => x.elements.iter().for_each(f),
            Expr::RowExpr(x) => x.args.iter().for_each(f),
            Expr::RowCompareExpr(x) => {
                x.largs.iter().for_each(&mut *f);
                x.rargs.iter().for_each(f);
            }
            Expr::CoalesceExpr(x) => x.args.iter().for_each(f),
            Expr::MinMaxExpr(x) => x.args.iter().for_each(f),
            Expr::XmlExpr(x) => {
                x.named_args.iter().for_each(&mut *f);
                x.args.iter().for_each(f);
            }
            Expr::JsonValueExpr(x) => {
                f(&x.raw_expr);
                f(&x.formatted_expr);
            }
            Expr::JsonExpr(x) => {
                f(&x.formatted_expr);
                f(&x.path_spec);
                x.passing_values.iter().for_each(&mut *f);
                x.on_empty.iter().filter_map(|b| b.expr.as_ref()).for_each(&mut *f);
                x.on_error.iter().filter_map(|b| b.expr.as_ref()).for_each(f);
            }
            Expr::JsonConstructorExpr(x) => {
                x.args.iter().for_each(&mut *f);
                x.func.iter().for_each(&mut *f);
                x.coercion.iter().for_each(f);
            }
            Expr::JsonIsPredicate(x) => f(&x.expr),
            Expr::NullTest(x) => f(&x.arg),
            Expr::BooleanTest(x) => f(&x.arg),
            Expr::CoerceToDomain(x) => f(&x.arg),
            Expr::ReturningExpr(x) => f(&x.retexpr),
            Expr::PlaceHolderVar(x) => f(&x.phexpr),
        }
    }

    /// Calls `f` on each direct child expression for rewriting.
    pub fn for_each_child_mut(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        match self {
            Expr::Var(_)
            | Expr::Const(_)
            | Expr::Param(_)
            | Expr::CaseTestExpr(_)
            | Expr::SQLValueFunction(_)
            | Expr::CoerceToDomainValue(_)
            | Expr::SetToDefault(_)
            | Expr::CurrentOfExpr(_)
            | Expr::NextValueExpr(_) => {}
            Expr::Aggref(a) => {
                a.aggdirectargs.iter_mut().for_each(&mut *f);
                a.args.iter_mut().for_each(|t| f(&mut t.expr));
                a.aggfilter.iter_mut().for_each(f);
            }
            Expr::GroupingFunc(g) => g.args.iter_mut().for_each(f),
            Expr::WindowFunc(w) => {
                w.args.iter_mut().for_each(&mut *f);
                w.aggfilter.iter_mut().for_each(f);
            }
            Expr::SubscriptingRef(s) => {
                s.refupperindexpr.iter_mut().flatten().for_each(&mut *f);
                s.reflowerindexpr.iter_mut().flatten().for_each(&mut *f);
                f(&mut s.refexpr);
                s.refassgnexpr.iter_mut().for_each(f);
            }
            Expr::FuncExpr(x) => x.args.iter_mut().for_each(f),
            Expr::NamedArgExpr(x) => f(&mut x.arg),
            Expr::OpExpr(x) | Expr::DistinctExpr(x) | Expr::NullIfExpr(x) => {
                x.args.iter_mut().for_each(f)
            }
            Expr::ScalarArrayOpExpr(x) => x.args.iter_mut().for_each(f),
            Expr::BoolExpr(x) => x.args.iter_mut().for_each(f),
            Expr::SubLink(x) => x.testexpr.iter_mut().for_each(f),
            Expr::SubPlan(x) => {
                x.testexpr.iter_mut().for_each(&mut *f);
                x.args.iter_mut().for_each(f);
            }
            Expr::AlternativeSubPlan(plans) => plans.iter_mut().for_each(|p| {
                p.testexpr.iter_mut().for_each(&mut *f);
                p.args.iter_mut().for_each(&mut *f);
            }),
            Expr::FieldSelect(x) => f(&mut x.arg),
            Expr::FieldStore(x) => {
                f(&mut x.arg);
                x.newvals.iter_mut().for_each(f);
            }
            Expr::RelabelType(x) => f(&mut x.arg),
            Expr::CoerceViaIO(x) => f(&mut x.arg),
            Expr::ArrayCoerceExpr(x) => {
                f(&mut x.arg);
                f(&mut x.elemexpr);
            }
            Expr::ConvertRowtypeExpr(x) => f(&mut x.arg),
            Expr::CollateExpr(x) => f(&mut x.arg),
            Expr::CaseExpr(x) => {
                x.arg.iter_mut().for_each(&mut *f);
                x.args.iter_mut().for_each(|w| {
                    f(&mut w.expr);
                    f(&mut w.result);
                });
                x.defresult.iter_mut().for_each(f);
            }
            Expr::ArrayExpr(x) => x.elements.iter_mut().for_each(f),
            Expr::RowExpr(x) => x.args.iter_mut().for_each(f),
            Expr::RowCompareExpr(x) => {
                x.largs.iter_mut().for_each(&mut *f);
                x.rargs.iter_mut().for_each(f);
            }
            Expr::CoalesceExpr(x) => x.args.iter_mut().for_each(f),
            Expr::MinMaxExpr(x) => x.args.iter_mut().for_each(f),
            Expr::XmlExpr(x) => {
                x.named_args.iter_mut().for_each(&mut *f);
                x.args.iter_mut().for_each(f);
            }
            Expr::JsonValueExpr(x) => {
                f(&mut x.raw_expr);
                f(&mut x.formatted_expr);
            }
            Expr::JsonExpr(x) => {
                f(&mut x.formatted_expr);
                f(&mut x.path_spec);
                x.passing_values.iter_mut().for_each(&mut *f);
                x.on_empty.iter_mut().filter_map(|b| b.expr.as_mut()).for_each(&mut *f);
                x.on_error.iter_mut().filter_map(|b| b.expr.as_mut()).for_each(f);
            }
            Expr::JsonConstructorExpr(x) => {
                x.args.iter_mut().for_each(&mut *f);
                x.func.iter_mut().for_each(&mut *f);
                x.coercion.iter_mut().for_each(f);
            }
            Expr::JsonIsPredicate(x) => f(&mut x.expr),
            Expr::NullTest(x) => f(&mut x.arg),
            Expr::BooleanTest(x) => f(&mut x.arg),
            Expr::CoerceToDomain(x) => f(&mut x.arg),
            Expr::ReturningExpr(x) => f(&mut x.retexpr),
            Expr::PlaceHolderVar(x) => f(&mut x.phexpr),
        }
    }

    /// Whether `pred` holds for this expression or any below it (subqueries are not entered).
    pub fn any(&self, pred: &mut dyn FnMut(&Expr) -> bool) -> bool {
        if pred(self) {
            return true;
        }
        let mut found = false;
        self.for_each_child(&mut |child| found = found || child.any(pred));
        found
    }

    /// Rewrites bottom-up: children first, then `f` on the node itself.
    pub fn rewrite(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        self.for_each_child_mut(&mut |child| child.rewrite(f));
        f(self);
    }
}

impl Query {
    /// Calls `f` on every top-level expression of the query (not of its subqueries, CTEs or sublinks).
    pub fn for_each_expr<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        self.target_list.iter().for_each(|t| f(&t.expr));
        self.returning_list.iter().for_each(|t| f(&t.expr));
        join_tree_exprs(&self.jointree, f);
        if let Some(oc) = &self.on_conflict {
            oc.arbiter_elems.iter().for_each(|e| f(&e.expr));
            oc.arbiter_where.iter().for_each(&mut *f);
            oc.on_conflict_set.iter().for_each(|t| f(&t.expr));
            oc.on_conflict_where.iter().for_each(&mut *f);
            oc.excl_rel_tlist.iter().for_each(|t| f(&t.expr));
        }
        for action in &self.merge_action_list {
            action.qual.iter().for_each(&mut *f);
            action.target_list.iter().for_each(|t| f(&t.expr));
        }
        self.merge_join_condition.iter().for_each(&mut *f);
        self.having_qual.iter().for_each(&mut *f);
        self.limit_offset.iter().for_each(&mut *f);
        self.limit_count.iter().for_each(&mut *f);
        for w in &self.window_clause {
            w.start_offset.iter().for_each(&mut *f);
            w.end_offset.iter().for_each(&mut *f);
        }
        self.with_check_options.iter().for_each(|w| f(&w.qual));
        for rte in &self.rtable {
            rte.security_quals.iter().for_each(&mut *f);
            rte.kind.for_each_expr(f);
        }
    }

    /// As [`Query::for_each_expr`], for rewriting.
    pub fn for_each_expr_mut(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        self.target_list.iter_mut().for_each(|t| f(&mut t.expr));
        self.returning_list.iter_mut().for_each(|t| f(&mut t.expr));
        join_tree_exprs_mut(&mut self.jointree, f);
        if let Some(oc) = &mut self.on_conflict {
            oc.arbiter_elems.iter_mut().for_each(|e| f(&mut e.expr));
            oc.arbiter_where.iter_mut().for_each(&mut *f);
            oc.on_conflict_set.iter_mut().for_each(|t| f(&mut t.expr));
            oc.on_conflict_where.iter_mut().for_each(&mut *f);
            oc.excl_rel_tlist.iter_mut().for_each(|t| f(&mut t.expr));
        }
        for action in &mut self.merge_action_list {
            action.qual.iter_mut().for_each(&mut *f);
            action.target_list.iter_mut().for_each(|t| f(&mut t.expr));
        }
        self.merge_join_condition.iter_mut().for_each(&mut *f);
        self.having_qual.iter_mut().for_each(&mut *f);
        self.limit_offset.iter_mut().for_each(&mut *f);
        self.limit_count.iter_mut().for_each(&mut *f);
        for w in &mut self.window_clause {
            w.start_offset.iter_mut().for_each(&mut *f);
            w.end_offset.iter_mut().for_each(&mut *f);
        }
        self.with_check_options.iter_mut().for_each(|w| f(&mut w.qual));
        for rte in &mut self.rtable {
            rte.security_quals.iter_mut().for_each(&mut *f);
            rte.kind.for_each_expr_mut(f);
        }
    }
}

impl RteKind {
    /// Expressions directly in the entry (a subquery is not entered).
    pub fn for_each_expr<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        match self {
            RteKind::Relation { tablesample: Some(ts), .. } => {
                ts.args.iter().for_each(&mut *f);
                ts.repeatable.iter().for_each(f);
            }
            RteKind::Join { joinaliasvars, .. } => joinaliasvars.iter().for_each(f),
            RteKind::Function { functions, .. } => functions.iter().for_each(|x| f(&x.funcexpr)),
            RteKind::TableFunc(t) => {
                t.ns_uris.iter().for_each(&mut *f);
                f(&t.docexpr);
                t.rowexpr.iter().for_each(&mut *f);
                t.colexprs.iter().flatten().for_each(&mut *f);
                t.coldefexprs.iter().flatten().for_each(&mut *f);
                t.colvalexprs.iter().flatten().for_each(&mut *f);
                t.passingvalexprs.iter().for_each(f);
            }
            RteKind::Values { values_lists, .. } => values_lists.iter().flatten().for_each(f),
            RteKind::Group { groupexprs } => groupexprs.iter().for_each(f),
            _ => {}
        }
    }

    /// As [`RteKind::for_each_expr`], for rewriting.
    pub fn for_each_expr_mut(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        match self {
            RteKind::Relation { tablesample: Some(ts), .. } => {
                ts.args.iter_mut().for_each(&mut *f);
                ts.repeatable.iter_mut().for_each(f);
            }
            RteKind::Join { joinaliasvars, .. } => joinaliasvars.iter_mut().for_each(f),
            RteKind::Function { functions, .. } => {
                functions.iter_mut().for_each(|x| f(&mut x.funcexpr))
            }
            RteKind::TableFunc(t) => {
                t.ns_uris.iter_mut().for_each(&mut *f);
                f(&mut t.docexpr);
                t.rowexpr.iter_mut().for_each(&mut *f);
                t.colexprs.iter_mut().flatten().for_each(&mut *f);
                t.coldefexprs.iter_mut().flatten().for_each(&mut *f);
                t.colvalexprs.iter_mut().flatten().for_each(&mut *f);
                t.passingvalexprs.iter_mut().for_each(f);
            }
            RteKind::Values { values_lists, .. } => values_lists.iter_mut().flatten().for_each(f),
            RteKind::Group { groupexprs } => groupexprs.iter_mut().for_each(f),
            _ => {}
        }
    }
}

fn join_tree_exprs<'a>(from: &'a FromExpr, f: &mut dyn FnMut(&'a Expr)) {
    from.fromlist.iter().for_each(|n| join_node_exprs(n, f));
    from.quals.iter().for_each(f);
}

fn join_node_exprs<'a>(node: &'a JoinTreeNode, f: &mut dyn FnMut(&'a Expr)) {
    match node {
        JoinTreeNode::RangeTblRef(_) => {}
        JoinTreeNode::JoinExpr(j) => {
            join_node_exprs(&j.larg, f);
            join_node_exprs(&j.rarg, f);
            j.quals.iter().for_each(f);
        }
        JoinTreeNode::FromExpr(from) => join_tree_exprs(from, f),
    }
}

fn join_tree_exprs_mut(from: &mut FromExpr, f: &mut dyn FnMut(&mut Expr)) {
    from.fromlist.iter_mut().for_each(|n| join_node_exprs_mut(n, f));
    from.quals.iter_mut().for_each(f);
}

fn join_node_exprs_mut(node: &mut JoinTreeNode, f: &mut dyn FnMut(&mut Expr)) {
    match node {
        JoinTreeNode::RangeTblRef(_) => {}
        JoinTreeNode::JoinExpr(j) => {
            join_node_exprs_mut(&mut j.larg, f);
            join_node_exprs_mut(&mut j.rarg, f);
            j.quals.iter_mut().for_each(f);
        }
        JoinTreeNode::FromExpr(from) => join_tree_exprs_mut(from, f),
    }
}

/// Visits each Var of level `sublevels_up` in `query` and everything nested in it, for rewriting;
/// `f` gets the Expr (a Var) and the number of query levels below the starting one.
pub fn rewrite_query_deep(query: &mut Query, level: u32, f: &mut dyn FnMut(&mut Expr, u32)) {
    query.for_each_expr_mut(&mut |e| rewrite_expr_deep(e, level, f));
    for rte in &mut query.rtable {
        if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
            rewrite_query_deep(subquery, level + 1, f);
        }
    }
    for cte in &mut query.cte_list {
        rewrite_query_deep(&mut cte.ctequery, level + 1, f);
    }
}

/// Bottom-up rewrite that enters SubLinks' subqueries; `f` gets each expression with its level.
pub fn rewrite_expr_deep(expr: &mut Expr, level: u32, f: &mut dyn FnMut(&mut Expr, u32)) {
    expr.for_each_child_mut(&mut |child| rewrite_expr_deep(child, level, f));
    if let Expr::SubLink(s) = expr {
        rewrite_query_deep(&mut s.subselect, level + 1, f);
    }
    f(expr, level);
}

/// Visits every expression in `query` and everything nested in it, with its level.
pub fn visit_query_deep<'a>(query: &'a Query, level: u32, f: &mut dyn FnMut(&'a Expr, u32)) {
    query.for_each_expr(&mut |e| visit_expr_deep(e, level, f));
    for rte in &query.rtable {
        if let RteKind::Subquery { subquery, .. } = &rte.kind {
            visit_query_deep(subquery, level + 1, f);
        }
    }
    for cte in &query.cte_list {
        visit_query_deep(&cte.ctequery, level + 1, f);
    }
}

/// Visits `expr` and everything below it, SubLinks' subqueries included.
pub fn visit_expr_deep<'a>(expr: &'a Expr, level: u32, f: &mut dyn FnMut(&'a Expr, u32)) {
    f(expr, level);
    expr.for_each_child(&mut |child| visit_expr_deep(child, level, f));
    if let Expr::SubLink(s) = expr {
        visit_query_deep(&s.subselect, level + 1, f);
    }
}
