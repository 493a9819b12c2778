//! Questions about expressions: which relations they use, whether they are volatile, strict, constant.
use crate::{context::PlanContext, relids::Relids, root::PlannerInfo};
use nodes::*;
use types::{Oid, type_oid};

/// What [`pull_var_clause`] does with nodes above Vars.
#[derive(Clone, Copy, Default)]
pub struct PullVars {
    /// Return Aggrefs and GROUPINGs as they are, instead of the Vars below.
    pub aggregates: bool,
    /// Return WindowFuncs as they are.
    pub window_funcs: bool,
    /// Return the contents of PlaceHolderVars instead of those.
    pub recurse_placeholders: bool,
}

/// Vars (and PlaceHolderVars, and what `how` says) of this query level in an expression.
pub fn pull_var_clause(expr: &Expr, how: PullVars) -> Vec<Expr> {
    let mut found = Vec::new();
    pull_vars_into(expr, how, &mut found);
    found
}

fn pull_vars_into(expr: &Expr, how: PullVars, found: &mut Vec<Expr>) {
    match expr {
        Expr::Var(v) => {
            if v.varlevelsup == 0 {
                found.push(expr.clone());
            }
        }
        Expr::Aggref(_) | Expr::GroupingFunc(_) if how.aggregates => found.push(expr.clone()),
        Expr::WindowFunc(_) if how.window_funcs => found.push(expr.clone()),
        Expr::PlaceHolderVar(p) if !how.recurse_placeholders => {
            if p.phlevelsup == 0 {
                found.push(expr.clone());
            }
        }
        _ => expr.for_each_child(&mut |c| pull_vars_into(c, how, found)),
    }
}

/// As [`pull_var_clause`] over a list, without duplicates.
pub fn pull_vars_distinct<'a>(
    exprs: impl IntoIterator<Item = &'a Expr>,
    how: PullVars,
) -> Vec<Expr> {
    let mut all: Vec<Expr> = Vec::new();
    for expr in exprs {
        for var in pull_var_clause(expr, how) {
            if !all.iter().any(|e| e.equals(&var)) {
                all.push(var);
            }
        }
    }
    all
}

/// Relations (and nulling outer joins) that an expression of this level depends on.
pub fn pull_varnos(root: Option<&PlannerInfo<'_>>, expr: &Expr) -> Relids {
    let mut set = Relids::new();
    varnos_into(root, expr, 0, &mut set);
    set
}

fn varnos_into(root: Option<&PlannerInfo<'_>>, expr: &Expr, level: u32, set: &mut Relids) {
    match expr {
        Expr::Var(v) => {
            if v.varlevelsup == level {
                set.add(v.varno);
                v.varnullingrels.iter().for_each(|r| set.add(*r));
            }
        }
        Expr::CurrentOfExpr(c) => {
            if level == 0 {
                set.add(c.cvarno);
            }
        }
        Expr::PlaceHolderVar(p) => {
            let info = (p.phlevelsup == level)
                .then(|| root.and_then(|r| r.placeholder_list.iter().find(|i| i.phid == p.phid)))
                .flatten();
            match info {
                Some(info) => {
                    // A translated (child) PHV is evaluated at the child.
                    if info.ph_var.phrels == p.phrels {
                        set.add_all(&info.eval_at);
                    } else {
                        let mut at = info.eval_at.clone();
                        for r in &info.ph_var.phrels {
                            at.remove(*r);
                        }
                        p.phrels.iter().for_each(|r| at.add(*r));
                        set.add_all(&at);
                    }
                    p.phnullingrels.iter().for_each(|r| set.add(*r));
                }
                None if p.phlevelsup == level => {
                    p.phrels.iter().for_each(|r| set.add(*r));
                    p.phnullingrels.iter().for_each(|r| set.add(*r));
                }
                None => varnos_into(root, &p.phexpr, level, set),
            }
        }
        Expr::SubLink(s) => {
            s.testexpr.iter().for_each(|e| varnos_into(root, e, level, set));
            query_varnos_into(&s.subselect, level + 1, set);
        }
        _ => expr.for_each_child(&mut |c| varnos_into(root, c, level, set)),
    }
}

fn query_varnos_into(query: &Query, level: u32, set: &mut Relids) {
    walk::visit_query_deep(query, level, &mut |e, l| match e {
        Expr::Var(v) if v.varlevelsup == l => {
            set.add(v.varno);
            v.varnullingrels.iter().for_each(|r| set.add(*r));
        }
        Expr::PlaceHolderVar(p) if p.phlevelsup == l => {
            p.phrels.iter().for_each(|r| set.add(*r));
        }
        _ => {}
    });
}

/// Relations of an outer level that a subquery depends on.
pub fn query_varnos_of_level(query: &Query, levelsup: u32) -> Relids {
    let mut set = Relids::new();
    query_varnos_into(query, levelsup, &mut set);
    set
}

/// Whether an expression has Vars of this level.
pub fn contain_vars(expr: &Expr) -> bool {
    let mut found = false;
    walk::visit_expr_deep(expr, 0, &mut |e, l| match e {
        Expr::Var(v) => found |= v.varlevelsup == l,
        Expr::CurrentOfExpr(_) => found |= l == 0,
        Expr::PlaceHolderVar(p) => found |= p.phlevelsup == l,
        _ => {}
    });
    found
}

/// Whether an expression has Vars of exactly an outer level or beyond.
pub fn contain_vars_upper(expr: &Expr) -> bool {
    let mut found = false;
    walk::visit_expr_deep(expr, 0, &mut |e, l| found |= upper_ref(e, l));
    found
}

fn upper_ref(e: &Expr, l: u32) -> bool {
    match e {
        Expr::Var(v) => v.varlevelsup > l,
        Expr::PlaceHolderVar(p) => p.phlevelsup > l,
        Expr::Aggref(a) => a.agglevelsup > l,
        Expr::GroupingFunc(g) => g.agglevelsup > l,
        Expr::ReturningExpr(r) => r.retlevelsup > l,
        _ => false,
    }
}

/// Whether a query refers to exactly the level `levelsup` above it.
pub fn query_has_vars_of_level(query: &Query, levelsup: u32) -> bool {
    let mut found = false;
    walk::visit_query_deep(query, 0, &mut |e, l| match e {
        Expr::Var(v) => found |= v.varlevelsup == l + levelsup,
        Expr::PlaceHolderVar(p) => found |= p.phlevelsup == l + levelsup,
        Expr::Aggref(a) => found |= a.agglevelsup == l + levelsup,
        _ => {}
    });
    found
}

/// Whether there are aggregates of this level (SubLinks not entered).
pub fn contain_aggs(expr: &Expr) -> bool {
    expr.any(&mut |e| match e {
        Expr::Aggref(a) => a.agglevelsup == 0,
        Expr::GroupingFunc(g) => g.agglevelsup == 0,
        _ => false,
    })
}

/// Whether there are window functions.
pub fn contain_window_funcs(expr: &Expr) -> bool {
    expr.any(&mut |e| matches!(e, Expr::WindowFunc(_)))
}

/// Whether a set-returning function is anywhere in the expression (sublinks not entered).
pub fn expr_returns_set(expr: &Expr) -> bool {
    match expr {
        Expr::Aggref(_) | Expr::GroupingFunc(_) | Expr::WindowFunc(_) => return false,
        _ if expr.returns_set() => return true,
        _ => {}
    }
    let mut found = false;
    expr.for_each_child(&mut |c| found = found || expr_returns_set(c));
    found
}

/// Whether there are sublinks.
pub fn contain_sublinks(expr: &Expr) -> bool {
    expr.any(&mut |e| matches!(e, Expr::SubLink(_)))
}

/// Whether there are (planned or not) subqueries.
pub fn contain_subplans(expr: &Expr) -> bool {
    expr.any(&mut |e| {
        matches!(e, Expr::SubLink(_) | Expr::SubPlan(_) | Expr::AlternativeSubPlan(_))
    })
}

/// Whether there are exec params.
pub fn contain_exec_param(expr: &Expr, ids: &[i32]) -> bool {
    expr.any(&mut |e| {
        matches!(e, Expr::Param(p) if p.kind == ParamKind::Exec && ids.contains(&p.paramid))
    })
}

impl PlanContext<'_> {
    /// Functions a node calls by itself, with `f` told each one's OID.
    pub fn any_function(&self, e: &Expr, f: &mut dyn FnMut(Oid) -> bool) -> bool {
        match e {
            Expr::FuncExpr(x) => f(x.funcid),
            Expr::OpExpr(x) | Expr::DistinctExpr(x) | Expr::NullIfExpr(x) => {
                f(if x.opfuncid.is_valid() { x.opfuncid } else { self.opcode(x.opno) })
            }
            Expr::ScalarArrayOpExpr(x) => {
                f(if x.opfuncid.is_valid() { x.opfuncid } else { self.opcode(x.opno) })
            }
            Expr::Aggref(x) => f(x.aggfnoid),
            Expr::WindowFunc(x) => f(x.winfnoid),
            Expr::CoerceViaIO(x) => {
                let io = |typ: Oid, out: bool| {
                    self.catalog
                        .lookup_type(typ)
                        .ok()
                        .flatten()
                        .map_or(Oid::INVALID, |t| if out { t.output } else { t.input })
                };
                f(io(x.resulttype, false)) || f(io(x.arg.typ(), true))
            }
            Expr::RowCompareExpr(x) => x.opnos.iter().any(|o| f(self.opcode(*o))),
            _ => false,
        }
    }

    fn contains_volatility(&self, expr: &Expr, pred: &mut dyn FnMut(char) -> bool) -> bool {
        let mut found = false;
        walk::visit_expr_deep(expr, 0, &mut |e, _| {
            if found {
                return;
            }
            found = match e {
                Expr::NextValueExpr(_) => pred('v'),
                Expr::SQLValueFunction(_) => pred('s'),
                Expr::JsonExpr(x) => json_path_is_mutable(x) && pred('s'),
                Expr::JsonConstructorExpr(x) => {
                    x.args.iter().any(|a| self.json_output_is_mutable(a.typ())) && pred('s')
                }
                _ => self.any_function(e, &mut |func| pred(self.func_volatile(func))),
            };
        });
        found
    }

    /// Whether a value of a type becomes JSON in a way that settings have a say in.
    fn json_output_is_mutable(&self, typ: Oid) -> bool {
        use types::type_oid as t;
        let Ok(Some(row)) = self.catalog.lookup_type(typ) else { return true };
        match typ {
            t::BOOL | t::INT2 | t::INT4 | t::INT8 | t::FLOAT4 | t::FLOAT8 | t::NUMERIC => false,
            t::JSON | t::JSONB => false,
            t::DATE | t::TIMESTAMP | t::TIMESTAMPTZ => true,
            _ if row.typtype == 'd' => self.json_output_is_mutable(row.basetype),
            _ if row.is_array() || row.typtype == 'c' || typ == t::RECORD => true,
            _ => self.func_volatile(row.output) != 'i',
        }
    }

    /// Whether a volatile function is called.
    pub fn contain_volatile(&self, expr: &Expr) -> bool {
        self.contains_volatility(expr, &mut |v| v == 'v')
    }

    /// As [`Self::contain_volatile`], taking nextval() as harmless.
    pub fn contain_volatile_not_nextval(&self, expr: &Expr) -> bool {
        let mut found = false;
        walk::visit_expr_deep(expr, 0, &mut |e, _| {
            found = found
                || self.any_function(e, &mut |func| {
                    func != Oid(1574) && self.func_volatile(func) == 'v'
                });
        });
        found
    }

    /// Whether a stable or volatile function is called.
    pub fn contain_mutable(&self, expr: &Expr) -> bool {
        self.contains_volatility(expr, &mut |v| v != 'i')
    }

    /// Whether a query has a volatile function anywhere.
    pub fn query_contains_volatile(&self, query: &Query) -> bool {
        let mut found = false;
        walk::visit_query_deep(query, 0, &mut |e, _| {
            found = found
                || matches!(e, Expr::NextValueExpr(_))
                || self.any_function(e, &mut |func| self.func_volatile(func) == 'v');
        });
        found
    }

    /// Whether the expression may be non-NULL although an input is NULL.
    pub fn contain_nonstrict(&self, expr: &Expr) -> bool {
        expr.any(&mut |e| match e {
            Expr::Aggref(_)
            | Expr::GroupingFunc(_)
            | Expr::WindowFunc(_)
            | Expr::DistinctExpr(_)
            | Expr::NullIfExpr(_)
            | Expr::SubLink(_)
            | Expr::SubPlan(_)
            | Expr::AlternativeSubPlan(_)
            | Expr::FieldStore(_)
            | Expr::CaseExpr(_)
            | Expr::ArrayExpr(_)
            | Expr::RowExpr(_)
            | Expr::RowCompareExpr(_)
            | Expr::CoalesceExpr(_)
            | Expr::MinMaxExpr(_)
            | Expr::XmlExpr(_)
            | Expr::NullTest(_)
            | Expr::BooleanTest(_)
            | Expr::JsonExpr(_)
            | Expr::JsonConstructorExpr(_)
            | Expr::JsonIsPredicate(_)
            | Expr::SQLValueFunction(_)
            | Expr::NextValueExpr(_)
            | Expr::CoerceToDomain(_)
            | Expr::ReturningExpr(_) => true,
            Expr::SubscriptingRef(s) => s.refassgnexpr.is_some(),
            Expr::BoolExpr(b) => b.boolop != BoolExprType::Not,
            Expr::ScalarArrayOpExpr(s) => !self.is_strict_saop(s, false),
            Expr::FuncExpr(_) | Expr::OpExpr(_) => {
                self.any_function(e, &mut |f| !self.func_strict(f))
            }
            _ => false,
        })
    }

    /// Whether evaluating might leak argument values through errors or side effects.
    pub fn contain_leaked_vars(&self, expr: &Expr) -> bool {
        expr.any(&mut |e| {
            matches!(
                e,
                Expr::SubLink(_)
                    | Expr::SubPlan(_)
                    | Expr::AlternativeSubPlan(_)
                    | Expr::CurrentOfExpr(_)
            ) || (self.any_function(e, &mut |f| !self.func_leakproof(f)) && contain_vars(e))
        })
    }

    /// Whether an expression is constant during one execution.
    pub fn is_pseudo_constant(&self, expr: &Expr) -> bool {
        !contain_vars(expr) && !self.contain_volatile(expr)
    }

    /// Relations whose all-NULL row makes the condition not true.
    pub fn nonnullable_rels(&self, expr: &Expr) -> Relids {
        self.nonnullable_rels_walk(expr, true)
    }

    fn nonnullable_rels_walk(&self, expr: &Expr, top: bool) -> Relids {
        let union = |args: &mut dyn Iterator<Item = &Expr>, top: bool| {
            let mut set = Relids::new();
            args.for_each(|a| set.add_all(&self.nonnullable_rels_walk(a, top)));
            set
        };
        match expr {
            Expr::Var(v) if v.varlevelsup == 0 => Relids::single(v.varno),
            Expr::FuncExpr(f) if self.func_strict(f.funcid) => union(&mut f.args.iter(), false),
            Expr::OpExpr(o) if self.op_strict(o.opno) => union(&mut o.args.iter(), false),
            Expr::ScalarArrayOpExpr(s) if self.is_strict_saop(s, true) => {
                union(&mut s.args.iter(), false)
            }
            Expr::BoolExpr(b) => match b.boolop {
                BoolExprType::And if top => union(&mut b.args.iter(), true),
                BoolExprType::And | BoolExprType::Or => {
                    let mut args = b.args.iter();
                    let mut set = match args.next() {
                        Some(first) => self.nonnullable_rels_walk(first, top),
                        None => return Relids::new(),
                    };
                    for arg in args {
                        set = set.intersect(&self.nonnullable_rels_walk(arg, top));
                    }
                    set
                }
                BoolExprType::Not => union(&mut b.args.iter(), false),
            },
            Expr::RelabelType(x) => self.nonnullable_rels_walk(&x.arg, top),
            Expr::CoerceViaIO(x) => self.nonnullable_rels_walk(&x.arg, false),
            Expr::ArrayCoerceExpr(x) => self.nonnullable_rels_walk(&x.arg, top),
            Expr::ConvertRowtypeExpr(x) => self.nonnullable_rels_walk(&x.arg, top),
            Expr::CollateExpr(x) => self.nonnullable_rels_walk(&x.arg, top),
            Expr::NullTest(x) if top && !x.is_null && !x.argisrow => {
                self.nonnullable_rels_walk(&x.arg, false)
            }
            Expr::BooleanTest(x)
                if top
                    && matches!(
                        x.booltesttype,
                        BoolTestType::IsTrue | BoolTestType::IsFalse | BoolTestType::IsNotUnknown
                    ) =>
            {
                self.nonnullable_rels_walk(&x.arg, false)
            }
            Expr::SubPlan(s)
                if (top && s.sub_link_type == SubLinkType::Any)
                    || s.sub_link_type == SubLinkType::RowCompare =>
            {
                s.testexpr
                    .iter()
                    .fold(Relids::new(), |acc, e| acc.union(&self.nonnullable_rels_walk(e, top)))
            }
            Expr::PlaceHolderVar(p) => {
                let mut set = self.nonnullable_rels_walk(&p.phexpr, top);
                if p.phlevelsup == 0 && p.phrels.len() == 1 {
                    set.add(p.phrels[0]);
                }
                set
            }
            _ => Relids::new(),
        }
    }

    /// Vars (varno, attno) that must be non-NULL for the condition to be true.
    pub fn nonnullable_vars(&self, expr: &Expr) -> Vec<(i32, i16)> {
        self.nonnullable_vars_walk(expr, true)
    }

    fn nonnullable_vars_walk(&self, expr: &Expr, top: bool) -> Vec<(i32, i16)> {
        let union = |args: &mut dyn Iterator<Item = &Expr>, top: bool| {
            let mut all = Vec::new();
            args.for_each(|a| all.extend(self.nonnullable_vars_walk(a, top)));
            all
        };
        match expr {
            Expr::Var(v) if v.varlevelsup == 0 => vec![(v.varno, v.varattno)],
            Expr::FuncExpr(f) if self.func_strict(f.funcid) => union(&mut f.args.iter(), false),
            Expr::OpExpr(o) if self.op_strict(o.opno) => union(&mut o.args.iter(), false),
            Expr::ScalarArrayOpExpr(s) if self.is_strict_saop(s, true) => {
                union(&mut s.args.iter(), false)
            }
            Expr::BoolExpr(b) => match b.boolop {
                BoolExprType::And if top => union(&mut b.args.iter(), true),
                BoolExprType::Not => union(&mut b.args.iter(), false),
                _ => {
                    let mut args = b.args.iter();
                    let Some(first) = args.next() else { return Vec::new() };
                    let mut set = self.nonnullable_vars_walk(first, top);
                    for arg in args {
                        let more = self.nonnullable_vars_walk(arg, top);
                        set.retain(|v| more.contains(v));
                    }
                    set
                }
            },
            Expr::RelabelType(x) => self.nonnullable_vars_walk(&x.arg, top),
            Expr::CoerceViaIO(x) => self.nonnullable_vars_walk(&x.arg, false),
            Expr::ArrayCoerceExpr(x) => self.nonnullable_vars_walk(&x.arg, top),
            Expr::CollateExpr(x) => self.nonnullable_vars_walk(&x.arg, top),
            Expr::NullTest(x) if top && !x.is_null && !x.argisrow => {
                self.nonnullable_vars_walk(&x.arg, false)
            }
            Expr::BooleanTest(x)
                if top
                    && matches!(
                        x.booltesttype,
                        BoolTestType::IsTrue | BoolTestType::IsFalse | BoolTestType::IsNotUnknown
                    ) =>
            {
                self.nonnullable_vars_walk(&x.arg, false)
            }
            Expr::PlaceHolderVar(p) => self.nonnullable_vars_walk(&p.phexpr, top),
            _ => Vec::new(),
        }
    }

    /// Whether `x op ANY/ALL (array)` is NULL (or, if `false_ok`, false) when x is NULL.
    pub fn is_strict_saop(&self, saop: &ScalarArrayOpExpr, false_ok: bool) -> bool {
        if !self.func_strict(self.opcode(saop.opno)) {
            return false;
        }
        if saop.use_or && false_ok {
            return true;
        }
        match &saop.args[1] {
            Expr::Const(c) => match &c.value {
                types::Datum::Null => true,
                types::Datum::Array(a) => !a.elems.is_empty(),
                _ => false,
            },
            Expr::ArrayExpr(a) => !a.elements.is_empty() && !a.multidims,
            _ => false,
        }
    }

    /// Vars forced NULL by `x IS NULL` conditions.
    pub fn forced_null_vars(&self, expr: &Expr) -> Vec<(i32, i16)> {
        match expr {
            Expr::NullTest(n) if n.is_null && !n.argisrow => match &n.arg {
                Expr::Var(v) if v.varlevelsup == 0 => vec![(v.varno, v.varattno)],
                _ => Vec::new(),
            },
            Expr::BooleanTest(b) if b.booltesttype == BoolTestType::IsUnknown => match &b.arg {
                Expr::Var(v) if v.varlevelsup == 0 => vec![(v.varno, v.varattno)],
                _ => Vec::new(),
            },
            Expr::BoolExpr(b) if b.boolop == BoolExprType::And => {
                b.args.iter().flat_map(|a| self.forced_null_vars(a)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// `op` with its arguments swapped, if it has a commutator.
    pub fn commute_op(&self, op: &OpExpr) -> Option<OpExpr> {
        let opno = self.commutator(op.opno);
        if !opno.is_valid() || op.args.len() != 2 {
            return None;
        }
        let mut swapped = op.clone();
        swapped.opno = opno;
        swapped.opfuncid = self.opcode(opno);
        swapped.args.swap(0, 1);
        Some(swapped)
    }
}

/// Flattens an implicitly ANDed list out of a condition.
pub fn make_ands_implicit(expr: Option<Expr>) -> Vec<Expr> {
    match expr {
        None => Vec::new(),
        Some(Expr::BoolExpr(b)) if b.boolop == BoolExprType::And => b.args,
        Some(Expr::Const(c))
            if c.consttype == type_oid::BOOL && matches!(c.value, types::Datum::Bool(true)) =>
        {
            Vec::new()
        }
        Some(other) => vec![other],
    }
}

/// One condition out of an implicitly ANDed list.
pub fn make_ands_explicit(mut list: Vec<Expr>) -> Expr {
    match list.len() {
        0 => crate::lsyscache::bool_const(Some(true)),
        1 => list.remove(0),
        _ => make_bool(BoolExprType::And, list),
    }
}

/// A boolean connective.
pub fn make_bool(boolop: BoolExprType, args: Vec<Expr>) -> Expr {
    Expr::BoolExpr(Box::new(BoolExpr { boolop, args, location: -1 }))
}

/// An operator call.
pub fn make_opclause(
    cx: &PlanContext<'_>,
    opno: Oid,
    left: Expr,
    right: Expr,
    opcollid: Oid,
    inputcollid: Oid,
) -> Expr {
    Expr::OpExpr(Box::new(OpExpr {
        opno,
        opfuncid: cx.opcode(opno),
        opresulttype: type_oid::BOOL,
        opretset: false,
        opcollid,
        inputcollid,
        args: vec![left, right],
        location: -1,
    }))
}

/// Strips binary-compatible relabelings.
pub fn strip_relabel(mut expr: &Expr) -> &Expr {
    while let Expr::RelabelType(r) = expr {
        expr = &r.arg;
    }
    expr
}

/// The target list entry with a sortgroupref.
pub fn tle_by_ref(refno: u32, tlist: &[TargetEntry]) -> Option<&TargetEntry> {
    tlist.iter().find(|t| t.ressortgroupref == refno)
}

/// A plain Var.
pub fn make_var(varno: i32, attno: i16, typ: Oid, typmod: i32, coll: Oid, level: u32) -> Var {
    Var {
        varno,
        varattno: attno,
        vartype: typ,
        vartypmod: typmod,
        varcollid: coll,
        varnullingrels: Vec::new(),
        varlevelsup: level,
        varreturningtype: VarReturningType::Default,
        varnosyn: 0,
        varattnosyn: 0,
        location: -1,
    }
}

/// A target list entry.
pub fn make_tle(expr: Expr, resno: i16, resname: Option<String>, resjunk: bool) -> TargetEntry {
    TargetEntry {
        expr,
        resno,
        resname,
        ressortgroupref: 0,
        resorigtbl: Oid::INVALID,
        resorigcol: 0,
        resjunk,
    }
}

/// Shifts the level of everything that refers `min_level` or more levels up.
pub fn increment_sublevels_up(expr: &mut Expr, delta: i32, min_level: u32) {
    walk::rewrite_expr_deep(expr, min_level, &mut |e, l| shift_level(e, l, delta));
    shift_sublink_ctes(expr, delta, min_level);
}

/// As [`increment_sublevels_up`] for a whole query.
pub fn increment_query_sublevels_up(query: &mut Query, delta: i32, min_level: u32) {
    walk::rewrite_query_deep(query, min_level, &mut |e, l| shift_level(e, l, delta));
    shift_cte_levels(query, delta, min_level);
}

fn shift_cte_levels(query: &mut Query, delta: i32, min_level: u32) {
    for rte in &mut query.rtable {
        match &mut rte.kind {
            RteKind::Cte { ctelevelsup, .. } if *ctelevelsup >= min_level => {
                *ctelevelsup = (*ctelevelsup as i32 + delta) as u32;
            }
            RteKind::Subquery { subquery, .. } => shift_cte_levels(subquery, delta, min_level + 1),
            _ => {}
        }
    }
    for cte in &mut query.cte_list {
        shift_cte_levels(&mut cte.ctequery, delta, min_level + 1);
    }
    query.for_each_expr_mut(&mut |e| shift_sublink_ctes(e, delta, min_level));
}

fn shift_sublink_ctes(expr: &mut Expr, delta: i32, min_level: u32) {
    if let Expr::SubLink(s) = expr {
        shift_cte_levels(&mut s.subselect, delta, min_level + 1);
    }
    expr.for_each_child_mut(&mut |c| shift_sublink_ctes(c, delta, min_level));
}

fn shift_level(e: &mut Expr, min: u32, delta: i32) {
    let shift = |level: &mut u32| {
        if *level >= min {
            *level = (*level as i32 + delta) as u32;
        }
    };
    match e {
        Expr::Var(v) => shift(&mut v.varlevelsup),
        Expr::PlaceHolderVar(p) => shift(&mut p.phlevelsup),
        Expr::Aggref(a) => shift(&mut a.agglevelsup),
        Expr::GroupingFunc(g) => shift(&mut g.agglevelsup),
        Expr::ReturningExpr(r) => shift(&mut r.retlevelsup),
        _ => {}
    }
}

/// Adds an offset to all range table indexes of a level, nulling relations included.
pub fn offset_varnos(expr: &mut Expr, offset: i32, levelsup: u32) {
    walk::rewrite_expr_deep(expr, levelsup, &mut |e, l| match e {
        Expr::Var(v) if v.varlevelsup == l => {
            v.varno += offset;
            v.varnullingrels.iter_mut().for_each(|r| *r += offset);
            if v.varnosyn > 0 {
                v.varnosyn += offset;
            }
        }
        Expr::PlaceHolderVar(p) if p.phlevelsup == l => {
            p.phrels.iter_mut().for_each(|r| *r += offset);
            p.phnullingrels.iter_mut().for_each(|r| *r += offset);
        }
        Expr::CurrentOfExpr(c) if l == levelsup => c.cvarno += offset,
        _ => {}
    });
}

/// Adds nulling outer joins to the Vars and PlaceHolderVars of level 0.
pub fn add_nulling_rels(expr: &mut Expr, target: Option<&Relids>, nulling: &Relids) {
    walk::rewrite_expr_deep(expr, 0, &mut |e, l| match e {
        Expr::Var(v) if v.varlevelsup == l && target.is_none_or(|t| t.contains(v.varno)) => {
            merge_rels(&mut v.varnullingrels, nulling);
        }
        Expr::PlaceHolderVar(p)
            if p.phlevelsup == l
                && target.is_none_or(|t| p.phrels.iter().any(|r| t.contains(*r))) =>
        {
            merge_rels(&mut p.phnullingrels, nulling);
        }
        _ => {}
    });
}

fn merge_rels(list: &mut Vec<i32>, more: &Relids) {
    for r in more.iter() {
        if let Err(at) = list.binary_search(&r) {
            list.insert(at, r);
        }
    }
}

/// Removes nulling outer joins from Vars and PlaceHolderVars of level 0.
pub fn remove_nulling_rels(expr: &mut Expr, removable: &Relids, except: Option<i32>) {
    walk::rewrite_expr_deep(expr, 0, &mut |e, l| match e {
        Expr::Var(v) if v.varlevelsup == l && Some(v.varno) != except => {
            v.varnullingrels.retain(|r| !removable.contains(*r));
        }
        Expr::PlaceHolderVar(p) if p.phlevelsup == l => {
            p.phnullingrels.retain(|r| !removable.contains(*r));
            let rest: Vec<i32> =
                p.phrels.iter().copied().filter(|r| !removable.contains(*r)).collect();
            if !rest.is_empty() {
                p.phrels = rest;
            }
        }
        _ => {}
    });
}

/// Whether a query function's path depends on the time zone.
fn json_path_is_mutable(x: &nodes::JsonExpr) -> bool {
    let Expr::Const(path) = &x.path_spec else { return true };
    if path.value.is_null() {
        return false;
    }
    let variables: Vec<(&str, Oid)> = x
        .passing_names
        .iter()
        .zip(&x.passing_values)
        .map(|(name, value)| (name.as_str(), value.typ()))
        .collect();
    types::jsonpath::is_mutable(path.value.as_str(), &variables)
}
