//! Selectivity of conditions, from statistics where there are some and PostgreSQL's defaults where not.
pub mod groups;
pub mod join;
pub mod like;
pub mod restrict;
pub mod scalar;
pub mod stats;

use crate::{clauses::*, cost::clamp_probability, relids::Relids, root::*};
use nodes::*;
use std::rc::Rc;
use types::{Datum, Oid};

/// Default selectivity of an equality.
pub const DEFAULT_EQ_SEL: f64 = 0.005;
/// Default of an inequality.
pub const DEFAULT_INEQ_SEL: f64 = 0.3333333333333333;
/// Default of a range of two inequalities.
pub const DEFAULT_RANGE_INEQ_SEL: f64 = 0.005;
/// Default of a pattern match.
pub const DEFAULT_MATCH_SEL: f64 = 0.005;
/// Default of the generic matching operators.
pub const DEFAULT_MATCHING_SEL: f64 = 0.010;
/// Default number of distinct values.
pub const DEFAULT_NUM_DISTINCT: f64 = 200.0;
/// Default fraction of NULLs where none is known.
pub const DEFAULT_UNK_SEL: f64 = 0.005;

/// The join for which clauses are looked at.
#[derive(Clone, Debug)]
pub struct JoinArgs {
    pub sjinfo: Rc<SpecialJoinInfo>,
}

/// `x > a AND x < b` over one expression.
struct RangePair {
    var: Expr,
    low: Option<f64>,
    high: Option<f64>,
}

/// Selectivity of an AND of clauses.
pub fn clauselist_selectivity(
    root: &PlannerInfo<'_>,
    clauses: &[Rc<RestrictInfo>],
    varrelid: i32,
    jointype: JoinType,
    sj: Option<&JoinArgs>,
) -> f64 {
    if clauses.len() == 1 {
        return rinfo_selectivity(root, &clauses[0], varrelid, jointype, sj);
    }
    let mut total = 1.0;
    let mut ranges: Vec<RangePair> = Vec::new();
    for r in clauses {
        let s = rinfo_selectivity(root, r, varrelid, jointype, sj);
        if !note_range(root, &r.clause, s, varrelid, &mut ranges) {
            total *= s;
        }
    }
    total * ranges_selectivity(root, ranges)
}

/// Selectivity of an AND of plain expressions.
pub fn exprs_selectivity(root: &PlannerInfo<'_>, exprs: &[Expr], varrelid: i32) -> f64 {
    let mut total = 1.0;
    let mut ranges: Vec<RangePair> = Vec::new();
    for e in exprs {
        let s = clause_selectivity(root, e, varrelid, JoinType::Inner, None);
        if !note_range(root, e, s, varrelid, &mut ranges) {
            total *= s;
        }
    }
    total * ranges_selectivity(root, ranges)
}

fn note_range(
    root: &PlannerInfo<'_>,
    clause: &Expr,
    s: f64,
    varrelid: i32,
    ranges: &mut Vec<RangePair>,
) -> bool {
    let Expr::OpExpr(o) = clause else { return false };
    if o.args.len() != 2 {
        return false;
    }
    let cx = root.cx();
    // Clauses between relations are no ranges.
    let (l, r) = (pull_varnos(Some(root), &o.args[0]), pull_varnos(Some(root), &o.args[1]));
    if varrelid == 0 && l.union(&r).len() != 1 {
        return false;
    }
    let (var, var_left) =
        if cx.is_pseudo_constant(&o.args[1]) || varrelid != 0 && !r.contains(varrelid) {
            (&o.args[0], true)
        } else if cx.is_pseudo_constant(&o.args[0]) || varrelid != 0 && !l.contains(varrelid) {
            (&o.args[1], false)
        } else {
            return false;
        };
    let low = match estimator_name(root, cx.op_estimators(o.opno).0).as_str() {
        "scalarltsel" | "scalarlesel" => !var_left,
        "scalargtsel" | "scalargesel" => var_left,
        _ => return false,
    };
    let slot = match ranges.iter_mut().find(|p| p.var.equals(var)) {
        Some(slot) => slot,
        None => {
            ranges.push(RangePair { var: var.clone(), low: None, high: None });
            match ranges.last_mut() {
                Some(slot) => slot,
                None => return false,
            }
        }
    };
    let bound = if low { &mut slot.low } else { &mut slot.high };
    // Of two bounds on one side the tighter counts.
    *bound = Some(bound.map_or(s, |b| b.min(s)));
    true
}

fn ranges_selectivity(root: &PlannerInfo<'_>, ranges: Vec<RangePair>) -> f64 {
    let mut total = 1.0;
    for p in ranges {
        total *= match (p.low, p.high) {
            (Some(low), Some(high)) => {
                if low == DEFAULT_INEQ_SEL || high == DEFAULT_INEQ_SEL {
                    DEFAULT_RANGE_INEQ_SEL
                } else {
                    // NULLs were excluded twice.
                    let mut s = high + low - 1.0 + stats::null_fraction(root, &p.var);
                    if s <= 0.0 {
                        s = if s < -0.01 { DEFAULT_RANGE_INEQ_SEL } else { 1.0e-10 };
                    }
                    s
                }
            }
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => 1.0,
        };
    }
    total
}

/// Selectivity of one clause, remembered.
pub fn rinfo_selectivity(
    root: &PlannerInfo<'_>,
    r: &RestrictInfo,
    varrelid: i32,
    jointype: JoinType,
    sj: Option<&JoinArgs>,
) -> f64 {
    if r.pseudoconstant && !matches!(r.clause, Expr::Const(_)) {
        return 1.0;
    }
    let cacheable = varrelid == 0 || r.num_base_rels == 1 && r.clause_relids.contains(varrelid);
    if cacheable {
        let cached =
            if jointype == JoinType::Inner { r.norm_selec.get() } else { r.outer_selec.get() };
        if cached >= 0.0 {
            return cached;
        }
    }
    let s = match &r.or_arms {
        Some(arms) => {
            let mut s1 = 0.0;
            for arm in arms {
                let s2 = clauselist_selectivity(root, arm, varrelid, jointype, sj);
                s1 = s1 + s2 - s1 * s2;
            }
            s1
        }
        None => clause_selectivity(root, &r.clause, varrelid, jointype, sj),
    };
    if cacheable {
        if jointype == JoinType::Inner {
            r.norm_selec.set(s);
        } else {
            r.outer_selec.set(s);
        }
    }
    s
}

/// Selectivity of an expression as condition.
pub fn clause_selectivity(
    root: &PlannerInfo<'_>,
    clause: &Expr,
    varrelid: i32,
    jointype: JoinType,
    sj: Option<&JoinArgs>,
) -> f64 {
    let cx = root.cx();
    let s = match clause {
        Expr::Var(v) => {
            if v.varlevelsup == 0 && (varrelid == 0 || varrelid == v.varno) {
                stats::boolvarsel(root, clause)
            } else {
                0.5
            }
        }
        Expr::Const(c) => match c.value {
            Datum::Bool(true) => 1.0,
            _ => 0.0,
        },
        Expr::Param(_) => match crate::prep::const_fold::estimate_expression_value(cx, clause) {
            Expr::Const(c) => f64::from(u8::from(matches!(c.value, Datum::Bool(true)))),
            _ => 0.5,
        },
        Expr::BoolExpr(b) => match b.boolop {
            BoolExprType::Not => 1.0 - clause_selectivity(root, &b.args[0], varrelid, jointype, sj),
            BoolExprType::And => {
                let mut total = 1.0;
                let mut ranges = Vec::new();
                for a in &b.args {
                    let s = clause_selectivity(root, a, varrelid, jointype, sj);
                    if !note_range(root, a, s, varrelid, &mut ranges) {
                        total *= s;
                    }
                }
                total * ranges_selectivity(root, ranges)
            }
            BoolExprType::Or => {
                let mut s1 = 0.0;
                for a in &b.args {
                    let s2 = clause_selectivity(root, a, varrelid, jointype, sj);
                    s1 = s1 + s2 - s1 * s2;
                }
                s1
            }
        },
        Expr::OpExpr(o) => {
            if treat_as_join(root, clause, varrelid, sj) {
                join::join_selectivity(root, o, jointype, sj)
            } else {
                restrict::restriction_selectivity(root, o, varrelid)
            }
        }
        Expr::DistinctExpr(o) => {
            let s = if treat_as_join(root, clause, varrelid, sj) {
                join::join_selectivity(root, o, jointype, sj)
            } else {
                restrict::restriction_selectivity(root, o, varrelid)
            };
            1.0 - s
        }
        Expr::ScalarArrayOpExpr(s) => {
            let is_join = treat_as_join(root, clause, varrelid, sj);
            restrict::scalar_array_sel(root, s, is_join, varrelid, jointype, sj)
        }
        Expr::RowCompareExpr(r) => {
            // As its first column.
            let op = OpExpr {
                opno: r.opnos[0],
                opfuncid: cx.opcode(r.opnos[0]),
                opresulttype: types::type_oid::BOOL,
                opretset: false,
                opcollid: Oid::INVALID,
                inputcollid: r.inputcollids[0],
                args: vec![r.largs[0].clone(), r.rargs[0].clone()],
                location: -1,
            };
            let as_expr = Expr::OpExpr(Box::new(op.clone()));
            if treat_as_join(root, &as_expr, varrelid, sj) {
                join::join_selectivity(root, &op, jointype, sj)
            } else {
                restrict::restriction_selectivity(root, &op, varrelid)
            }
        }
        Expr::NullTest(n) => restrict::nulltestsel(root, n, varrelid),
        Expr::BooleanTest(b) => restrict::booltestsel(root, b, varrelid, jointype, sj),
        Expr::CurrentOfExpr(c) => {
            let rel = root.try_base(c.cvarno).map(|id| root.rels[id].tuples).unwrap_or(0.0);
            if rel > 0.0 { 1.0 / rel } else { 0.5 }
        }
        Expr::RelabelType(r) => clause_selectivity(root, &r.arg, varrelid, jointype, sj),
        Expr::CoerceToDomain(r) => clause_selectivity(root, &r.arg, varrelid, jointype, sj),
        Expr::FuncExpr(f) => restrict::function_selectivity(root, f, varrelid),
        Expr::SubPlan(_) | Expr::AlternativeSubPlan(_) => 0.5,
        _ => stats::boolvarsel(root, clause),
    };
    clamp_probability(s)
}

fn treat_as_join(
    root: &PlannerInfo<'_>,
    clause: &Expr,
    varrelid: i32,
    sj: Option<&JoinArgs>,
) -> bool {
    if varrelid != 0 {
        return false;
    }
    let _ = sj;
    pull_varnos(Some(root), clause).difference(&root.outer_join_rels).len() > 1
}

/// Name of an estimator function.
pub fn estimator_name(root: &PlannerInfo<'_>, func: Oid) -> String {
    root.cx().catalog.lookup_proc(func).ok().flatten().map_or(String::new(), |p| p.name.clone())
}
