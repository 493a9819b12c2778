//! Utility statements, and the checks on queries inside them.
use crate::context::AnalyzeContext;
use crate::locking::strength_name;
use crate::parse_state::{Analyzer, ExprKind};
use error::{PgError, PgResult, bail, err};
use nodes::{CmdType, Expr, FuncExpr, LockClauseStrength, Query};
use parser::ast::{self, Stmt, cursor_options as co};

impl Analyzer<'_> {
    /// A utility statement goes on as it is; its command analyses what is inside.
    pub(crate) fn transform_utility(&mut self, stmt: &Stmt) -> PgResult<Query> {
        Ok(Query {
            command_type: CmdType::Utility,
            can_set_tag: true,
            utility_stmt: Some(Box::new(stmt.clone())),
            ..Query::default()
        })
    }
}

/// Analyses the query inside a utility statement (EXPLAIN, DECLARE CURSOR, CREATE TABLE AS, COPY,
/// PREPARE). SELECT INTO is an error there unless `allow_into`.
pub fn analyze_inner(
    cx: &mut AnalyzeContext<'_>,
    stmt: &Stmt,
    allow_into: bool,
) -> PgResult<Query> {
    let mut analyzer = Analyzer::new(cx);
    let result =
        if allow_into { analyzer.transform_top_level(stmt) } else { analyzer.transform_stmt(stmt) };
    let checked =
        result.and_then(|query| analyzer.check_variable_parameters(&query).map(|()| query));
    cx.param_types = std::mem::take(&mut analyzer.params);
    checked
}

/// Analyses a CALL: the call itself, output arguments included as given.
pub fn analyze_call(cx: &mut AnalyzeContext<'_>, stmt: &ast::CallStmt) -> PgResult<FuncExpr> {
    let mut analyzer = Analyzer::new(cx);
    let result = analyzer.transform_call(stmt);
    cx.param_types = std::mem::take(&mut analyzer.params);
    result
}

/// Analyses expressions given as values to a command (EXECUTE, partition bounds, …).
pub fn analyze_expression(
    cx: &mut AnalyzeContext<'_>,
    raw: &ast::Expr,
    kind: ExprKind,
) -> PgResult<Expr> {
    let mut analyzer = Analyzer::new(cx);
    let result = analyzer.transform_expr(raw, kind).and_then(|mut expr| {
        analyzer.assign_expr_collations(&mut expr)?;
        Ok(expr)
    });
    cx.param_types = std::mem::take(&mut analyzer.params);
    result
}

impl Analyzer<'_> {
    fn transform_call(&mut self, stmt: &ast::CallStmt) -> PgResult<FuncExpr> {
        let ast::Expr::FuncCall(call) = &stmt.funccall else {
            return Err(PgError::internal("CALL without a function call"));
        };
        let mut args = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            args.push(self.transform_expr(arg, ExprKind::CallArgument)?);
        }
        let last_srf = self.ps().srf_count;
        let found = self.parse_func_or_column(
            &call.funcname,
            args,
            last_srf,
            Some(call),
            true,
            call.location,
        )?;
        let Some(mut expr) = found else {
            return Err(PgError::internal("CALL resolved to nothing"));
        };
        self.assign_expr_collations(&mut expr)?;
        match expr {
            Expr::FuncExpr(f) => Ok(*f),
            _ => Err(PgError::internal("CALL resolved to no function")),
        }
    }
}

/// DECLARE CURSOR's rules about its query.
pub fn check_declare_cursor(stmt: &ast::DeclareCursorStmt, query: &Query) -> PgResult<()> {
    if stmt.options & co::SCROLL != 0 && stmt.options & co::NO_SCROLL != 0 {
        bail!(INVALID_CURSOR_DEFINITION, "cannot specify both SCROLL and NO SCROLL");
    }
    if stmt.options & co::ASENSITIVE != 0 && stmt.options & co::INSENSITIVE != 0 {
        bail!(INVALID_CURSOR_DEFINITION, "cannot specify both ASENSITIVE and INSENSITIVE");
    }
    if query.command_type != CmdType::Select {
        return Err(PgError::internal("unexpected non-SELECT command in DECLARE CURSOR"));
    }
    if query.has_modifying_cte {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "DECLARE CURSOR must not contain data-modifying statements in WITH"
        );
    }
    let Some(mark) = query.row_marks.first() else { return Ok(()) };
    let strength = strength_name(match mark.strength {
        LockClauseStrength::ForKeyShare => ast::LockClauseStrength::ForKeyShare,
        LockClauseStrength::ForShare => ast::LockClauseStrength::ForShare,
        LockClauseStrength::ForNoKeyUpdate => ast::LockClauseStrength::ForNoKeyUpdate,
        LockClauseStrength::ForUpdate => ast::LockClauseStrength::ForUpdate,
    });
    if stmt.options & co::HOLD != 0 {
        return Err(err!(
            FEATURE_NOT_SUPPORTED,
            "DECLARE CURSOR WITH HOLD ... {strength} is not supported"
        )
        .detail("Holdable cursors must be READ ONLY."));
    }
    if stmt.options & co::SCROLL != 0 {
        return Err(err!(
            FEATURE_NOT_SUPPORTED,
            "DECLARE SCROLL CURSOR ... {strength} is not supported"
        )
        .detail("Scrollable cursors must be READ ONLY."));
    }
    if stmt.options & co::INSENSITIVE != 0 {
        return Err(err!(
            INVALID_CURSOR_DEFINITION,
            "DECLARE INSENSITIVE CURSOR ... {strength} is not valid"
        )
        .detail("Insensitive cursors must be READ ONLY."));
    }
    Ok(())
}

/// Values of EXECUTE, converted to the prepared statement's parameter types.
pub fn execute_params(
    cx: &mut AnalyzeContext<'_>,
    raw: &[ast::Expr],
    types: &[types::Oid],
) -> PgResult<Vec<Expr>> {
    let mut analyzer = Analyzer::new(cx);
    let mut out = Vec::with_capacity(raw.len());
    for (i, (raw, typ)) in raw.iter().zip(types).enumerate() {
        let expr = analyzer.transform_expr(raw, ExprKind::ExecuteParameter)?;
        let (source, location) = (expr.typ(), expr.location());
        let coerced = analyzer.coerce_to_target_type(
            expr,
            source,
            *typ,
            -1,
            nodes::CoercionContext::Assignment,
            nodes::CoercionForm::ImplicitCast,
            -1,
        )?;
        let Some(mut expr) = coerced else {
            return Err(err!(
                DATATYPE_MISMATCH,
                "parameter ${} of type {} cannot be coerced to the expected type {}",
                i + 1,
                analyzer.format_type(source)?,
                analyzer.format_type(*typ)?
            )
            .hint("You will need to rewrite or cast the expression.")
            .at(location));
        };
        analyzer.assign_expr_collations(&mut expr)?;
        out.push(expr);
    }
    cx.param_types = std::mem::take(&mut analyzer.params);
    Ok(out)
}
