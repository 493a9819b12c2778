//! What the support functions of `elem <@ range` and `range @> elem` do: with a constant range they
//! become comparisons with its bounds, which indexes know.
use super::const_fold::Folder;
use crate::context::PlanContext;
use catalog::PgRange;
use error::PgResult;
use nodes::{BoolExpr, BoolExprType, Const, Expr, OpExpr, walk};
use types::{Datum, Oid, PhysType, type_oid as t};

/// `elem_contained_by_range` and `range_contains_elem`.
const CONTAINED_BY: Oid = Oid(3860);
const CONTAINS: Oid = Oid(3858);

/// Strategies of btree.
const LESS: i16 = 1;
const LESS_EQUAL: i16 = 2;
const GREATER_EQUAL: i16 = 4;
const GREATER: i16 = 5;

/// Operators that an element may have if it is to be evaluated twice.
const OPERATORS_MAX: f32 = 10.0;

/// The comparisons that a containment comes to, if it can be told.
pub(super) fn simplified(folder: &Folder<'_, '_>, o: &OpExpr) -> PgResult<Option<Expr>> {
    let (elem, range) = match (o.opfuncid, o.args.as_slice()) {
        (CONTAINED_BY, [elem, range]) | (CONTAINS, [range, elem]) => (elem, range),
        _ => return Ok(None),
    };
    let Expr::Const(Const { value: Datum::Range(range), .. }) = range else { return Ok(None) };
    if range.empty || range.lower.is_none() && range.upper.is_none() {
        let value = Datum::Bool(!range.empty);
        return Ok(Some(Expr::Const(Const {
            consttype: t::BOOL,
            consttypmod: -1,
            constcollid: Oid::INVALID,
            value,
            phys: PhysType::Bool,
            location: -1,
        })));
    }
    let cx = folder.cx;
    if range.lower.is_some() && range.upper.is_some() && !is_cheap(cx, elem)? {
        return Ok(None);
    }
    let Some(parts) = cx.catalog.lookup_range(range.type_id)? else { return Ok(None) };
    let lower = (if range.lower_inc { GREATER_EQUAL } else { GREATER }, &range.lower);
    let upper = (if range.upper_inc { LESS_EQUAL } else { LESS }, &range.upper);
    let mut args = Vec::new();
    for (strategy, bound) in [lower, upper] {
        let Some(bound) = bound else { continue };
        match comparison(folder, &parts, elem, strategy, bound)? {
            Some(comparison) => args.push(comparison),
            None => return Ok(None),
        }
    }
    if args.len() == 1 {
        return Ok(args.pop());
    }
    let and = BoolExpr { boolop: BoolExprType::And, args, location: -1 };
    Ok(Some(Expr::BoolExpr(Box::new(and))))
}

/// Whether an expression may be evaluated twice.
fn is_cheap(cx: &PlanContext<'_>, elem: &Expr) -> PgResult<bool> {
    if cx.contain_volatile(elem) {
        return Ok(false);
    }
    let (mut cost, mut subplan) = (0.0, false);
    walk::visit_expr_deep(elem, 0, &mut |e, _| {
        let function = match e {
            Expr::FuncExpr(f) => f.funcid,
            Expr::OpExpr(o) => o.opfuncid,
            Expr::SubLink(_) | Expr::SubPlan(_) => {
                subplan = true;
                return;
            }
            _ => return,
        };
        let proc = cx.catalog.lookup_proc(function).ok().flatten();
        cost += proc.map_or(1.0, |p| p.cost);
    });
    Ok(!subplan && cost <= OPERATORS_MAX)
}

fn comparison(
    folder: &Folder<'_, '_>,
    parts: &PgRange,
    elem: &Expr,
    strategy: i16,
    bound: &Datum,
) -> PgResult<Option<Expr>> {
    let cx = folder.cx;
    let Some(class) = cx.catalog.lookup_opclass(parts.subopc)? else { return Ok(None) };
    let operator =
        cx.catalog.opfamily_member(class.family, class.intype, class.intype, strategy)?;
    if !operator.is_valid() {
        return Ok(None);
    }
    let collation = cx.catalog.get_type(parts.subtype)?.collation;
    let bound = folder.make_const(parts.subtype, -1, collation, bound.clone());
    Ok(Some(Expr::OpExpr(Box::new(OpExpr {
        opno: operator,
        opfuncid: cx.opcode(operator),
        opresulttype: t::BOOL,
        opretset: false,
        opcollid: Oid::INVALID,
        inputcollid: parts.collation,
        args: vec![elem.clone(), bound],
        location: -1,
    }))))
}
