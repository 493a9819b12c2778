//! Casts: `(arg)::type`.
use crate::{ExprPrinter, constant};
use error::PgResult;
use nodes::Expr;
use types::Oid;

/// An explicit cast. A constant of another type than its cast shows its own type first.
pub(crate) fn print(
    p: &ExprPrinter<'_>,
    arg: &Expr,
    typ: Oid,
    typmod: i32,
    parent: Option<&Expr>,
) -> PgResult<String> {
    let text = match arg {
        Expr::Const(c) if c.consttype == typ && c.consttypmod == typmod => {
            // The constant prints its own label, which is the cast.
            return constant::print(p, c, constant::ShowType::Always);
        }
        Expr::Const(c) => constant::print(p, c, constant::ShowType::AsNeeded)?,
        arg if p.options.pretty_paren => p.parenthesised(arg, parent)?,
        arg => format!("({})", crate::expr::strip_outer_parens(&p.rule_expr(arg, false)?)),
    };
    Ok(format!("{text}::{}", p.catalog.format_type(typ, Some(typmod))?))
}
