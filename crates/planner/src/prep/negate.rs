//! NOT of conditions.
use crate::{clauses::make_bool, context::PlanContext, lsyscache::bool_const};
use nodes::*;
use types::{Datum, Oid};

pub fn simplify_boolean_equality(cx: &PlanContext<'_>, o: &OpExpr) -> Option<Expr> {
    let (other, value) = match (&o.args[0], &o.args[1]) {
        (Expr::Const(Const { value: Datum::Bool(v), .. }), other)
        | (other, Expr::Const(Const { value: Datum::Bool(v), .. })) => (other.clone(), *v),
        _ => return None,
    };
    let equals = o.opno == Oid(91);
    Some(if value == equals { other } else { negate_clause(cx, other) })
}

/// NOT of a condition, pushed down as far as it goes.
pub fn negate_clause(cx: &PlanContext<'_>, expr: Expr) -> Expr {
    match expr {
        Expr::Const(c) => match c.value {
            Datum::Bool(b) => bool_const(Some(!b)),
            _ => bool_const(None),
        },
        Expr::OpExpr(mut o) if cx.negator(o.opno).is_valid() => {
            o.opno = cx.negator(o.opno);
            o.opfuncid = cx.opcode(o.opno);
            Expr::OpExpr(o)
        }
        Expr::ScalarArrayOpExpr(mut s) if cx.negator(s.opno).is_valid() => {
            s.opno = cx.negator(s.opno);
            s.opfuncid = cx.opcode(s.opno);
            s.use_or = !s.use_or;
            Expr::ScalarArrayOpExpr(s)
        }
        Expr::BoolExpr(mut b) => match b.boolop {
            BoolExprType::Not => b.args.swap_remove(0),
            op => {
                let args: Vec<Expr> = b.args.into_iter().map(|a| negate_clause(cx, a)).collect();
                let flipped =
                    if op == BoolExprType::And { BoolExprType::Or } else { BoolExprType::And };
                make_bool(flipped, args)
            }
        },
        Expr::NullTest(mut n) if !n.argisrow => {
            n.is_null = !n.is_null;
            Expr::NullTest(n)
        }
        Expr::BooleanTest(mut b) => {
            b.booltesttype = match b.booltesttype {
                BoolTestType::IsTrue => BoolTestType::IsNotTrue,
                BoolTestType::IsNotTrue => BoolTestType::IsTrue,
                BoolTestType::IsFalse => BoolTestType::IsNotFalse,
                BoolTestType::IsNotFalse => BoolTestType::IsFalse,
                BoolTestType::IsUnknown => BoolTestType::IsNotUnknown,
                BoolTestType::IsNotUnknown => BoolTestType::IsUnknown,
            };
            Expr::BooleanTest(b)
        }
        other => make_bool(BoolExprType::Not, vec![other]),
    }
}
