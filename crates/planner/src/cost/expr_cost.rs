//! Cost of evaluating expressions.
use crate::{context::PlanContext, root::*};
use nodes::*;
use std::rc::Rc;
use types::Datum;

/// Cost of a list of clauses, ANDed.
pub fn cost_qual_eval(cx: &PlanContext<'_>, quals: &[Rc<RestrictInfo>]) -> Cost {
    let mut total = Cost::default();
    for r in quals {
        let cost = match r.eval_cost.get() {
            Some(cost) => cost,
            None => {
                let mut cost = expr_cost(cx, &r.clause);
                // Checked once: all of it is startup.
                if r.pseudoconstant {
                    cost.startup += cost.per_tuple;
                    cost.per_tuple = 0.0;
                }
                r.eval_cost.set(Some(cost));
                cost
            }
        };
        total.add(cost);
    }
    total
}

/// Cost of a list of plain expressions.
pub fn qual_cost(cx: &PlanContext<'_>, exprs: &[Expr]) -> Cost {
    let mut total = Cost::default();
    exprs.iter().for_each(|e| total.add(expr_cost(cx, e)));
    total
}

/// Cost of computing a target's columns.
pub fn target_cost(cx: &PlanContext<'_>, exprs: &[Expr]) -> Cost {
    let mut total = Cost::default();
    for e in exprs {
        if !matches!(e, Expr::Var(_)) {
            total.add(expr_cost(cx, e));
        }
    }
    total
}

/// Number of elements an array expression is expected to have.
pub fn estimate_array_length(array: &Expr) -> f64 {
    match crate::clauses::strip_relabel(array) {
        Expr::Const(c) => match &c.value {
            Datum::Array(a) => a.elems.len() as f64,
            Datum::Null => 0.0,
            _ => 10.0,
        },
        Expr::ArrayExpr(a) if !a.multidims => a.elements.len() as f64,
        _ => 10.0,
    }
}

/// Cost of one expression.
pub fn expr_cost(cx: &PlanContext<'_>, expr: &Expr) -> Cost {
    let mut cost = Cost::default();
    walk_cost(cx, expr, &mut cost);
    cost
}

fn walk_cost(cx: &PlanContext<'_>, expr: &Expr, cost: &mut Cost) {
    let unit = cx.settings.cpu_operator_cost;
    let func = |f: types::Oid| cx.func_cost(f) * unit;
    match expr {
        Expr::Var(_) | Expr::Const(_) | Expr::Param(_) => return,
        Expr::FuncExpr(f) => cost.per_tuple += func(f.funcid),
        Expr::OpExpr(o) | Expr::DistinctExpr(o) | Expr::NullIfExpr(o) => {
            let f = if o.opfuncid.is_valid() { o.opfuncid } else { cx.opcode(o.opno) };
            cost.per_tuple += func(f);
        }
        Expr::ScalarArrayOpExpr(s) => {
            let one = func(if s.opfuncid.is_valid() { s.opfuncid } else { cx.opcode(s.opno) });
            let n = estimate_array_length(&s.args[1]);
            // A long constant list is looked up in a hash table.
            if hashed_saop(cx, s) {
                let hash = unit;
                cost.startup += n * hash;
                cost.per_tuple += hash + one;
            } else {
                cost.per_tuple += one * n * 0.5;
            }
        }
        Expr::Aggref(_) | Expr::WindowFunc(_) | Expr::PlaceHolderVar(_) => return,
        Expr::GroupingFunc(_) => {
            cost.per_tuple += unit;
            return;
        }
        Expr::CoerceViaIO(c) => {
            let t = |typ| cx.catalog.lookup_type(typ).ok().flatten();
            if let Some(input) = t(c.resulttype) {
                cost.per_tuple += func(input.input);
            }
            if let Some(output) = t(c.arg.typ()) {
                cost.per_tuple += func(output.output);
            }
        }
        Expr::ArrayCoerceExpr(a) => {
            let elem = expr_cost(cx, &a.elemexpr);
            cost.startup += elem.startup;
            if elem.per_tuple > 0.0 {
                cost.per_tuple += elem.per_tuple * estimate_array_length(&a.arg);
            }
            walk_cost(cx, &a.arg, cost);
            return;
        }
        Expr::RowCompareExpr(r) => {
            r.opnos.iter().for_each(|o| cost.per_tuple += func(cx.opcode(*o)));
        }
        Expr::MinMaxExpr(_)
        | Expr::SQLValueFunction(_)
        | Expr::XmlExpr(_)
        | Expr::CoerceToDomain(_)
        | Expr::NextValueExpr(_)
        | Expr::JsonExpr(_) => cost.per_tuple += unit,
        Expr::CurrentOfExpr(_) => cost.startup += 1.0e10,
        Expr::SubPlan(s) => {
            cost.startup += s.startup_cost;
            cost.per_tuple += s.per_call_cost;
            s.args.iter().for_each(|e| walk_cost(cx, e, cost));
            return;
        }
        Expr::AlternativeSubPlan(plans) => {
            if let Some(s) = plans.first() {
                cost.startup += s.startup_cost;
                cost.per_tuple += s.per_call_cost;
                s.args.iter().for_each(|e| walk_cost(cx, e, cost));
            }
            return;
        }
        _ => {}
    }
    expr.for_each_child(&mut |c| walk_cost(cx, c, cost));
}

/// Whether `x = ANY (constant list)` is evaluated by hashing: at least nine elements.
pub fn hashed_saop(cx: &PlanContext<'_>, s: &ScalarArrayOpExpr) -> bool {
    let Expr::Const(c) = &s.args[1] else { return false };
    let Datum::Array(a) = &c.value else { return false };
    if a.elems.len() < 9 {
        return false;
    }
    let op = if s.use_or { s.opno } else { cx.negator(s.opno) };
    op.is_valid() && cx.compatible_hash_operators(op).is_some_and(|(l, r)| l == r)
}
