//! Canonical form of conditions: NULL constants taken as false, AND/OR flat, common arms of ORs pulled out.
use crate::{clauses::*, lsyscache::bool_const};
use nodes::*;
use types::Datum;

/// Brings a WHERE, ON or (if `is_check`) CHECK condition into canonical form.
pub fn canonicalize_qual(expr: Expr, is_check: bool) -> Expr {
    find_duplicate_ors(expr, is_check)
}

fn flatten(op: BoolExprType, args: Vec<Expr>) -> Vec<Expr> {
    let mut out = Vec::with_capacity(args.len());
    for arg in args {
        match arg {
            Expr::BoolExpr(b) if b.boolop == op => out.extend(flatten(op, b.args)),
            other => out.push(other),
        }
    }
    out
}

fn find_duplicate_ors(expr: Expr, is_check: bool) -> Expr {
    match expr {
        Expr::BoolExpr(b) if b.boolop == BoolExprType::Or => {
            let mut arms = Vec::new();
            for arg in flatten(BoolExprType::Or, b.args) {
                let arg = find_duplicate_ors(arg, is_check);
                match &arg {
                    Expr::Const(c) => {
                        // In WHERE NULL is as good as false; in CHECK it is as good as true.
                        let value = match c.value {
                            Datum::Bool(v) => v,
                            _ => is_check,
                        };
                        if value {
                            return bool_const(Some(true));
                        }
                    }
                    _ => arms.push(arg),
                }
            }
            process_duplicate_ors(flatten(BoolExprType::Or, arms))
        }
        Expr::BoolExpr(b) if b.boolop == BoolExprType::And => {
            let mut arms = Vec::new();
            for arg in flatten(BoolExprType::And, b.args) {
                let arg = find_duplicate_ors(arg, is_check);
                match &arg {
                    Expr::Const(c) => {
                        let value = match c.value {
                            Datum::Bool(v) => v,
                            _ => is_check,
                        };
                        if !value {
                            return bool_const(Some(false));
                        }
                    }
                    _ => arms.push(arg),
                }
            }
            let arms = flatten(BoolExprType::And, arms);
            match arms.len() {
                0 => bool_const(Some(true)),
                _ => make_ands_explicit(arms),
            }
        }
        Expr::Const(c) if c.value.is_null() && c.consttype == types::type_oid::BOOL => {
            bool_const(Some(is_check))
        }
        other => other,
    }
}

/// `(A AND B) OR (A AND C)` is `A AND (B OR C)`.
fn process_duplicate_ors(mut arms: Vec<Expr>) -> Expr {
    if arms.is_empty() {
        return bool_const(Some(false));
    }
    if arms.len() == 1 {
        return arms.remove(0);
    }
    let and_args = |e: &Expr| -> Vec<Expr> {
        match e {
            Expr::BoolExpr(b) if b.boolop == BoolExprType::And => b.args.clone(),
            other => vec![other.clone()],
        }
    };
    // The shortest arm holds every clause that can be common.
    let mut reference: Option<Vec<Expr>> = None;
    for arm in &arms {
        let args = and_args(arm);
        if reference.as_ref().is_none_or(|r| args.len() < r.len()) {
            reference = Some(args);
        }
    }
    let mut winners: Vec<Expr> = Vec::new();
    for candidate in reference.unwrap_or_default() {
        if winners.iter().any(|w| w.equals(&candidate)) {
            continue;
        }
        if arms.iter().all(|arm| and_args(arm).iter().any(|c| c.equals(&candidate))) {
            winners.push(candidate);
        }
    }
    if winners.is_empty() {
        return make_bool(BoolExprType::Or, arms);
    }
    let mut rest = Vec::new();
    for arm in arms {
        let remaining: Vec<Expr> =
            and_args(&arm).into_iter().filter(|c| !winners.iter().any(|w| w.equals(c))).collect();
        if remaining.is_empty() {
            // An arm that consists of common clauses only makes the others redundant.
            rest.clear();
            return make_ands_explicit(winners);
        }
        rest.push(make_ands_explicit(remaining));
    }
    let or = if rest.len() == 1 {
        rest.remove(0)
    } else {
        make_bool(BoolExprType::Or, flatten(BoolExprType::Or, rest))
    };
    winners.push(or);
    make_ands_explicit(flatten(BoolExprType::And, winners))
}
