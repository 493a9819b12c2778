//! Does one condition follow from others, or contradict them?
use crate::{
    clauses::*, context::PlanContext, lsyscache::bt, prep::const_fold::eval_const_expressions,
};
use nodes::*;
use types::{Datum, Oid};

/// Whether all predicates follow from the clauses (`weak`: from their not being false).
pub fn predicate_implied_by(
    cx: &PlanContext<'_>,
    predicates: &[Expr],
    clauses: &[Expr],
    weak: bool,
) -> bool {
    if clauses.is_empty() && !predicates.is_empty() {
        return false;
    }
    predicates.iter().all(|p| implied_one(cx, p, clauses, weak))
}

fn implied_one(cx: &PlanContext<'_>, pred: &Expr, clauses: &[Expr], weak: bool) -> bool {
    match pred {
        Expr::BoolExpr(b) if b.boolop == BoolExprType::And => {
            b.args.iter().all(|p| implied_one(cx, p, clauses, weak))
        }
        _ => {
            clauses.iter().any(|c| implied_by(cx, pred, c, weak))
                || or_pred_by_list(cx, pred, clauses, weak)
                || saop_as_or(cx, pred).is_some_and(|p| implied_one(cx, &p, clauses, weak))
        }
    }
}

fn or_pred_by_list(cx: &PlanContext<'_>, pred: &Expr, clauses: &[Expr], weak: bool) -> bool {
    match pred {
        Expr::BoolExpr(b) if b.boolop == BoolExprType::Or => {
            b.args.iter().any(|p| implied_one(cx, p, clauses, weak))
        }
        _ => false,
    }
}

/// `x op ANY (short constant list)` as OR, `op ALL` as AND.
fn saop_as_or(cx: &PlanContext<'_>, e: &Expr) -> Option<Expr> {
    let Expr::ScalarArrayOpExpr(s) = e else { return None };
    let Expr::Const(c) = &s.args[1] else { return None };
    let Datum::Array(a) = &c.value else { return None };
    if a.elems.len() > 100 || a.elems.is_empty() {
        return None;
    }
    let args: Vec<Expr> = a
        .elems
        .iter()
        .map(|v| {
            let elem = Expr::Const(Const {
                consttype: a.elem_type,
                consttypmod: -1,
                constcollid: s.inputcollid,
                value: v.clone(),
                phys: cx.type_phys(a.elem_type),
                location: -1,
            });
            make_opclause(cx, s.opno, s.args[0].clone(), elem, Oid::INVALID, s.inputcollid)
        })
        .collect();
    if args.len() == 1 {
        return args.into_iter().next();
    }
    Some(make_bool(if s.use_or { BoolExprType::Or } else { BoolExprType::And }, args))
}

fn implied_by(cx: &PlanContext<'_>, pred: &Expr, clause: &Expr, weak: bool) -> bool {
    match (clause, pred) {
        (Expr::BoolExpr(c), _) if c.boolop == BoolExprType::And => {
            implied_one(cx, pred, &c.args, weak)
        }
        // Every arm of the clause must imply the predicate (or one of its arms).
        (Expr::BoolExpr(c), _) if c.boolop == BoolExprType::Or => {
            c.args.iter().all(|arm| implied_one(cx, pred, std::slice::from_ref(arm), weak))
        }
        (_, Expr::BoolExpr(p)) if p.boolop == BoolExprType::And => {
            p.args.iter().all(|x| implied_by(cx, x, clause, weak))
        }
        (_, Expr::BoolExpr(p)) if p.boolop == BoolExprType::Or => {
            if p.args.iter().any(|x| implied_by(cx, x, clause, weak)) {
                return true;
            }
            saop_as_or(cx, clause).is_some_and(|c| implied_by(cx, pred, &c, weak))
        }
        _ => {
            if simple_implied(cx, pred, clause, weak) {
                return true;
            }
            match saop_as_or(cx, clause) {
                Some(c) => implied_by(cx, pred, &c, weak),
                None => false,
            }
        }
    }
}

fn simple_implied(cx: &PlanContext<'_>, pred: &Expr, clause: &Expr, weak: bool) -> bool {
    if pred.equals(clause) {
        return true;
    }
    if let Expr::NullTest(n) = pred {
        if !n.is_null && !n.argisrow && !weak {
            // A clause that is true only for a non-NULL input proves IS NOT NULL.
            return clause_is_strict_for(cx, clause, &n.arg);
        }
    }
    if let Expr::BooleanTest(b) = pred {
        if b.booltesttype == BoolTestType::IsTrue && b.arg.equals(clause) {
            return true;
        }
    }
    operator_implied(cx, pred, clause)
}

fn clause_is_strict_for(cx: &PlanContext<'_>, clause: &Expr, sub: &Expr) -> bool {
    let sub = strip_relabel(sub);
    let clause = strip_relabel(clause);
    if clause.equals(sub) {
        return true;
    }
    match clause {
        Expr::OpExpr(o) if cx.op_strict(o.opno) => {
            o.args.iter().any(|a| clause_is_strict_for(cx, a, sub))
        }
        Expr::FuncExpr(f) if cx.func_strict(f.funcid) => {
            f.args.iter().any(|a| clause_is_strict_for(cx, a, sub))
        }
        Expr::ScalarArrayOpExpr(s) if cx.is_strict_saop(s, true) => {
            clause_is_strict_for(cx, &s.args[0], sub)
        }
        Expr::NullTest(n) => !n.is_null && !n.argisrow && clause_is_strict_for(cx, &n.arg, sub),
        Expr::BoolExpr(b) if b.boolop == BoolExprType::Not => {
            clause_is_strict_for(cx, &b.args[0], sub)
        }
        Expr::BoolExpr(b) if b.boolop == BoolExprType::And => {
            b.args.iter().any(|a| clause_is_strict_for(cx, a, sub))
        }
        Expr::CoerceViaIO(c) => clause_is_strict_for(cx, &c.arg, sub),
        _ => false,
    }
}

/// For `x op1 a` given, which test between b and a proves `x op2 b`?
fn implying_test(clause: i16, pred: i16) -> Option<i16> {
    use bt::*;
    // The test operator t with `b t a` proving pred from clause; 6 stands for <>.
    Some(match (clause, pred) {
        (LESS, LESS) => GREATER_EQUAL,
        (LESS, LESS_EQUAL) => GREATER_EQUAL,
        (LESS, 6) => GREATER_EQUAL,
        (LESS_EQUAL, LESS) => GREATER,
        (LESS_EQUAL, LESS_EQUAL) => GREATER_EQUAL,
        (LESS_EQUAL, 6) => GREATER,
        (EQUAL, LESS) => GREATER,
        (EQUAL, LESS_EQUAL) => GREATER_EQUAL,
        (EQUAL, EQUAL) => EQUAL,
        (EQUAL, GREATER_EQUAL) => LESS_EQUAL,
        (EQUAL, GREATER) => LESS,
        (EQUAL, 6) => 6,
        (GREATER_EQUAL, GREATER_EQUAL) => LESS_EQUAL,
        (GREATER_EQUAL, GREATER) => LESS,
        (GREATER_EQUAL, 6) => LESS,
        (GREATER, GREATER_EQUAL) => LESS_EQUAL,
        (GREATER, GREATER) => LESS_EQUAL,
        (GREATER, 6) => LESS_EQUAL,
        (6, 6) => EQUAL,
        _ => return None,
    })
}

/// For `x op1 a` given, which test between b and a refutes `x op2 b`?
fn refuting_test(clause: i16, pred: i16) -> Option<i16> {
    use bt::*;
    Some(match (clause, pred) {
        (LESS, EQUAL) => GREATER_EQUAL,
        (LESS, GREATER_EQUAL) => GREATER_EQUAL,
        (LESS, GREATER) => GREATER_EQUAL,
        (LESS_EQUAL, EQUAL) => GREATER,
        (LESS_EQUAL, GREATER_EQUAL) => GREATER,
        (LESS_EQUAL, GREATER) => GREATER_EQUAL,
        (EQUAL, LESS) => LESS_EQUAL,
        (EQUAL, LESS_EQUAL) => LESS,
        (EQUAL, EQUAL) => 6,
        (EQUAL, GREATER_EQUAL) => GREATER,
        (EQUAL, GREATER) => GREATER_EQUAL,
        (EQUAL, 6) => EQUAL,
        (GREATER_EQUAL, LESS) => LESS_EQUAL,
        (GREATER_EQUAL, LESS_EQUAL) => LESS,
        (GREATER_EQUAL, EQUAL) => LESS,
        (GREATER, LESS) => LESS_EQUAL,
        (GREATER, LESS_EQUAL) => LESS_EQUAL,
        (GREATER, EQUAL) => LESS_EQUAL,
        (6, EQUAL) => EQUAL,
        _ => return None,
    })
}

/// Operator, variable side and constant of a simple comparison, variable on the left.
fn comparison(cx: &PlanContext<'_>, e: &Expr) -> Option<(Oid, Expr, Expr, Oid)> {
    let Expr::OpExpr(o) = e else { return None };
    if o.args.len() != 2 {
        return None;
    }
    match (&o.args[0], &o.args[1]) {
        (l, r) if !matches!(l, Expr::Const(_)) && matches!(r, Expr::Const(_)) => {
            Some((o.opno, l.clone(), r.clone(), o.inputcollid))
        }
        (l, r) if matches!(l, Expr::Const(_)) && !matches!(r, Expr::Const(_)) => {
            let com = cx.commutator(o.opno);
            com.is_valid().then(|| (com, r.clone(), l.clone(), o.inputcollid))
        }
        _ => None,
    }
}

fn strategies(cx: &PlanContext<'_>, op: Oid) -> Vec<(Oid, i16)> {
    let mut list: Vec<(Oid, i16)> = cx
        .catalog
        .amops_of_operator(op)
        .map(|a| {
            a.iter()
                .filter(|x| x.method == crate::lsyscache::am::BTREE && x.purpose == 's')
                .map(|x| (x.family, x.strategy))
                .collect()
        })
        .unwrap_or_default();
    if list.is_empty() {
        let neg = cx.negator(op);
        if neg.is_valid() {
            list = strategies_of_equality(cx, neg);
        }
    }
    list
}

fn strategies_of_equality(cx: &PlanContext<'_>, op: Oid) -> Vec<(Oid, i16)> {
    cx.mergejoin_opfamilies(op).into_iter().map(|f| (f, 6)).collect()
}

fn operator_implied(cx: &PlanContext<'_>, pred: &Expr, clause: &Expr) -> bool {
    decide(cx, pred, clause, &implying_test)
}

fn decide(
    cx: &PlanContext<'_>,
    pred: &Expr,
    clause: &Expr,
    table: &dyn Fn(i16, i16) -> Option<i16>,
) -> bool {
    let (Some((pop, pvar, pconst, pcoll)), Some((cop, cvar, cconst, ccoll))) =
        (comparison(cx, pred), comparison(cx, clause))
    else {
        return false;
    };
    if pcoll != ccoll || !pvar.equals(&cvar) {
        return false;
    }
    let is_null = |e: &Expr| matches!(e, Expr::Const(c) if c.value.is_null());
    if is_null(&cconst) || is_null(&pconst) {
        return false;
    }
    let clause_strategies = strategies(cx, cop);
    for (fam, pstrat) in strategies(cx, pop) {
        let Some((_, cstrat)) = clause_strategies.iter().find(|(f, _)| *f == fam) else { continue };
        let Some(test) = table(*cstrat, pstrat) else { continue };
        let (ptype, ctype) = (pconst.typ(), cconst.typ());
        let (op, negate) = if test == 6 {
            (cx.opfamily_member(fam, ptype, ctype, bt::EQUAL), true)
        } else {
            (cx.opfamily_member(fam, ptype, ctype, test), false)
        };
        if !op.is_valid() {
            continue;
        }
        let call = make_opclause(cx, op, pconst.clone(), cconst.clone(), Oid::INVALID, pcoll);
        if let Ok(Expr::Const(Const { value: Datum::Bool(b), .. })) =
            eval_const_expressions(cx, call)
        {
            return b != negate;
        }
    }
    false
}

/// Whether the clauses can never hold together with all the predicates.
pub fn predicate_refuted_by(cx: &PlanContext<'_>, predicates: &[Expr], clauses: &[Expr]) -> bool {
    predicates.iter().any(|p| clauses.iter().any(|c| refuted_by(cx, p, c)))
}

fn refuted_by(cx: &PlanContext<'_>, pred: &Expr, clause: &Expr) -> bool {
    match (clause, pred) {
        (Expr::BoolExpr(c), _) if c.boolop == BoolExprType::And => {
            c.args.iter().any(|x| refuted_by(cx, pred, x))
        }
        (Expr::BoolExpr(c), _) if c.boolop == BoolExprType::Or => {
            c.args.iter().all(|x| refuted_by(cx, pred, x))
        }
        (_, Expr::BoolExpr(p)) if p.boolop == BoolExprType::And => {
            p.args.iter().any(|x| refuted_by(cx, x, clause))
        }
        (_, Expr::BoolExpr(p)) if p.boolop == BoolExprType::Or => {
            p.args.iter().all(|x| refuted_by(cx, x, clause))
        }
        _ => {
            if let Some(c) = saop_as_or(cx, clause) {
                return refuted_by(cx, pred, &c);
            }
            if let Some(p) = saop_as_or(cx, pred) {
                return refuted_by(cx, &p, clause);
            }
            if let Expr::NullTest(n) = pred {
                if n.is_null && !n.argisrow {
                    return clause_is_strict_for(cx, clause, &n.arg);
                }
            }
            if let (Expr::NullTest(c), Expr::NullTest(p)) = (clause, pred) {
                return c.is_null != p.is_null && c.arg.equals(&p.arg) && !c.argisrow;
            }
            if let Expr::NullTest(n) = clause {
                if n.is_null && !n.argisrow {
                    return clause_is_strict_for(cx, pred, &n.arg);
                }
            }
            if let Expr::BoolExpr(b) = pred {
                if b.boolop == BoolExprType::Not {
                    return implied_by(cx, &b.args[0], clause, false);
                }
            }
            if let Expr::BoolExpr(b) = clause {
                if b.boolop == BoolExprType::Not {
                    return b.args[0].equals(pred);
                }
            }
            decide(cx, pred, clause, &refuting_test)
        }
    }
}
