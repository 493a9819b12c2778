//! Evaluation of constant expressions, for the planner's constant folding and for utility commands.
use super::StandaloneExprs;
use catalog::CatalogRead;
use error::PgResult;
use fmgr::FnContext;
use nodes::Expr;
use types::Datum;

/// Evaluates an expression without Vars, as the planner's `eval_const` hook does.
pub fn evaluate_const(
    expr: &Expr,
    session: &dyn FnContext,
    catalog: &dyn CatalogRead,
) -> PgResult<Datum> {
    let mut state = StandaloneExprs::compile(std::slice::from_ref(expr), session, catalog)?;
    state.eval_one(session, catalog, &[])
}
