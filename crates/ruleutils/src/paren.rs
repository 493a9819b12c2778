//! When an argument needs no parentheses.
use catalog::CatalogRead;
use error::PgResult;
use nodes::{BoolExprType, CoercionForm, Expr, OpExpr};

/// Name of a binary operator of one character.
fn simple_binary_op(catalog: &dyn CatalogRead, op: &OpExpr) -> PgResult<Option<char>> {
    if op.args.len() != 2 {
        return Ok(None);
    }
    let name = catalog.get_operator(op.opno)?.name.clone();
    let mut chars = name.chars();
    Ok(match (chars.next(), chars.next()) {
        (Some(c), None) => Some(c),
        _ => None,
    })
}

/// Whether the parent has delimiters of its own around arguments.
fn delimits(parent: &Expr) -> bool {
    match parent {
        Expr::FuncExpr(f) => !matches!(
            f.funcformat,
            CoercionForm::ExplicitCast | CoercionForm::ImplicitCast | CoercionForm::SqlSyntax
        ),
        Expr::SubscriptingRef(_)
        | Expr::ArrayExpr(_)
        | Expr::RowExpr(_)
        | Expr::CoalesceExpr(_)
        | Expr::MinMaxExpr(_)
        | Expr::XmlExpr(_)
        | Expr::NullIfExpr(_)
        | Expr::Aggref(_)
        | Expr::GroupingFunc(_)
        | Expr::WindowFunc(_)
        | Expr::CaseExpr(_)
        | Expr::JsonExpr(_)
        | Expr::JsonConstructorExpr(_) => true,
        _ => false,
    }
}

/// Whether `node` can stand as argument of `parent` without parentheses.
pub(crate) fn is_simple(
    catalog: &dyn CatalogRead,
    node: &Expr,
    parent: &Expr,
    pretty: bool,
) -> PgResult<bool> {
    Ok(match node {
        Expr::FieldSelect(_) => !matches!(parent, Expr::FieldSelect(_)),
        Expr::FieldStore(_) => !matches!(parent, Expr::FieldStore(_)),
        Expr::CoerceToDomain(x) => is_simple(catalog, &x.arg, node, pretty)?,
        Expr::RelabelType(x) => is_simple(catalog, &x.arg, node, pretty)?,
        Expr::CoerceViaIO(x) => is_simple(catalog, &x.arg, node, pretty)?,
        Expr::ArrayCoerceExpr(x) => is_simple(catalog, &x.arg, node, pretty)?,
        Expr::ConvertRowtypeExpr(x) => is_simple(catalog, &x.arg, node, pretty)?,
        Expr::JsonValueExpr(x) => is_simple(catalog, &x.raw_expr, node, pretty)?,
        Expr::ReturningExpr(x) => is_simple(catalog, &x.retexpr, node, pretty)?,
        Expr::OpExpr(op) => {
            if let (true, Expr::OpExpr(parent_op)) = (pretty, parent) {
                let (Some(own), Some(outer)) =
                    (simple_binary_op(catalog, op)?, simple_binary_op(catalog, parent_op)?)
                else {
                    return Ok(false);
                };
                let low = |c| matches!(c, '+' | '-');
                let high = |c| matches!(c, '*' | '/' | '%');
                if !(low(own) || high(own)) || !(low(outer) || high(outer)) {
                    return Ok(false);
                }
                if high(own) && low(outer) {
                    return Ok(true);
                }
                if low(own) && high(outer) {
                    return Ok(false);
                }
                // Same precedence: only a left operand needs none.
                return Ok(parent_op.args.first().is_some_and(|first| std::ptr::eq(first, node)));
            }
            delimits(parent) || matches!(parent, Expr::BoolExpr(_)) && pretty
        }
        Expr::SubLink(_)
        | Expr::NullTest(_)
        | Expr::BooleanTest(_)
        | Expr::DistinctExpr(_)
        | Expr::JsonIsPredicate(_) => delimits(parent) || matches!(parent, Expr::BoolExpr(_)),
        Expr::BoolExpr(b) => match parent {
            Expr::BoolExpr(outer) if pretty => match b.boolop {
                BoolExprType::Not | BoolExprType::And => {
                    matches!(outer.boolop, BoolExprType::And | BoolExprType::Or)
                }
                BoolExprType::Or => outer.boolop == BoolExprType::Or,
            },
            Expr::BoolExpr(_) => false,
            _ => delimits(parent),
        },
        Expr::ScalarArrayOpExpr(_)
        | Expr::RowCompareExpr(_)
        | Expr::CollateExpr(_)
        | Expr::NamedArgExpr(_)
        | Expr::SubPlan(_)
        | Expr::AlternativeSubPlan(_)
        | Expr::CaseTestExpr(_)
        | Expr::PlaceHolderVar(_) => false,
        _ => true,
    })
}
