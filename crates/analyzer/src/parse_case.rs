//! CASE, COALESCE, NULLIF and the kinds of A_Expr.
use crate::parse_func::srf_not_allowed;
use crate::parse_state::Analyzer;
use error::{PgError, PgResult, err};
use nodes::{
    ArrayExpr, BoolExpr, BoolExprType, CaseExpr, CaseTestExpr, CaseWhen, CoalesceExpr, Expr,
    NullTest, OpExpr,
};
use parser::ast::{self, AExprArg, AExprKind};
use types::{Oid, type_oid as t};

fn bool_expr(boolop: BoolExprType, args: Vec<Expr>, location: i32) -> Expr {
    Expr::BoolExpr(Box::new(BoolExpr { boolop, args, location }))
}

impl Analyzer<'_> {
    pub(crate) fn transform_case(&mut self, c: &ast::CaseExpr) -> PgResult<Expr> {
        let srf_before = self.ps().srf_count;
        let mut arg = None;
        let mut placeholder = None;
        if let Some(raw) = &c.arg {
            let mut expr = self.transform_expr_recurse(raw)?;
            // An untyped literal is compared as text.
            if expr.typ() == t::UNKNOWN {
                expr = self.coerce_to_common_type(expr, t::TEXT, "CASE")?;
            }
            // The comparisons below need to know its collation.
            self.assign_expr_collations(&mut expr)?;
            placeholder = Some(CaseTestExpr {
                type_id: expr.typ(),
                type_mod: expr.typmod(),
                collation: expr.collation(),
                location: -1,
            });
            arg = Some(expr);
        }
        let equals = ["=".to_owned()];
        let mut whens: Vec<CaseWhen> = Vec::with_capacity(c.args.len());
        for when in &c.args {
            let condition = match &placeholder {
                None => self.transform_expr_recurse(&when.expr)?,
                Some(test) => {
                    let right = self.transform_expr_recurse(&when.expr)?;
                    let test = Expr::CaseTestExpr(test.clone());
                    self.make_op(&equals, Some(test), right, when.location)?
                }
            };
            let condition = self.coerce_to_boolean(condition, "CASE/WHEN")?;
            let result = self.transform_expr_recurse(&when.result)?;
            whens.push(CaseWhen { expr: condition, result, location: when.location });
        }
        let defresult = match &c.defresult {
            Some(raw) => self.transform_expr_recurse(raw)?,
            None => {
                let null = ast::AConst { val: ast::ConstValue::Null, location: -1 };
                self.make_const(&null)?
            }
        };
        // The default comes first in deciding the type, as PostgreSQL always had it.
        let results = std::iter::once(&defresult).chain(whens.iter().map(|w| &w.result));
        let (casetype, _) = self.select_common_type(results, Some("CASE"))?;
        let defresult = self.coerce_to_common_type(defresult, casetype, "CASE/ELSE")?;
        let whens = whens
            .into_iter()
            .map(|w| {
                let result = self.coerce_to_common_type(w.result, casetype, "CASE/WHEN")?;
                Ok(CaseWhen { expr: w.expr, result, location: w.location })
            })
            .collect::<PgResult<Vec<_>>>()?;
        if self.ps().srf_count != srf_before {
            return Err(srf_not_allowed("CASE", self.ps().last_srf_location));
        }
        Ok(Expr::CaseExpr(Box::new(CaseExpr {
            casetype,
            casecollid: Oid::INVALID,
            arg,
            args: whens,
            defresult: Some(defresult),
            location: c.location,
        })))
    }

    pub(crate) fn transform_coalesce(&mut self, c: &ast::CoalesceExpr) -> PgResult<Expr> {
        let srf_before = self.ps().srf_count;
        let mut args = Vec::with_capacity(c.args.len());
        for arg in &c.args {
            args.push(self.transform_expr_recurse(arg)?);
        }
        let (typ, _) = self.select_common_type(&args, Some("COALESCE"))?;
        let args = args
            .into_iter()
            .map(|arg| self.coerce_to_common_type(arg, typ, "COALESCE"))
            .collect::<PgResult<Vec<_>>>()?;
        if self.ps().srf_count != srf_before {
            return Err(srf_not_allowed("COALESCE", self.ps().last_srf_location));
        }
        Ok(Expr::CoalesceExpr(Box::new(CoalesceExpr {
            coalescetype: typ,
            coalescecollid: Oid::INVALID,
            args,
            location: c.location,
        })))
    }

    pub(crate) fn transform_a_expr(&mut self, e: &ast::AExpr) -> PgResult<Expr> {
        match e.kind {
            AExprKind::Op => self.transform_op(e),
            AExprKind::OpAny | AExprKind::OpAll => {
                let left = self.left_operand(e)?;
                let right = self.right_operand(e)?;
                let use_or = e.kind == AExprKind::OpAny;
                self.make_scalar_array_op(&e.name, use_or, left, right, e.location)
            }
            AExprKind::Distinct | AExprKind::NotDistinct => self.transform_distinct(e),
            AExprKind::NullIf => self.transform_nullif(e),
            AExprKind::In => self.transform_in(e),
            AExprKind::Like | AExprKind::ILike | AExprKind::Similar => {
                let left = self.left_operand(e)?;
                let right = self.right_operand(e)?;
                self.make_op(&e.name, Some(left), right, e.location)
            }
            AExprKind::Between
            | AExprKind::NotBetween
            | AExprKind::BetweenSym
            | AExprKind::NotBetweenSym => self.transform_between(e),
        }
    }

    fn left_operand(&mut self, e: &ast::AExpr) -> PgResult<Expr> {
        match &e.lexpr {
            Some(left) => self.transform_expr_recurse(left),
            None => Err(PgError::internal("operator without left operand")),
        }
    }

    fn right_operand(&mut self, e: &ast::AExpr) -> PgResult<Expr> {
        self.transform_expr_recurse(right_expr(e)?)
    }

    fn transform_op(&mut self, e: &ast::AExpr) -> PgResult<Expr> {
        let right_raw = right_expr(e)?;
        // A subquery compared with a row is a row comparison.
        if let (Some(ast::Expr::RowExpr(_)), ast::Expr::SubLink(s)) = (&e.lexpr, right_raw) {
            if s.sub_link_type == ast::SubLinkType::Expr {
                let sublink = ast::SubLink {
                    sub_link_type: ast::SubLinkType::RowCompare,
                    testexpr: e.lexpr.clone(),
                    oper_name: e.name.clone(),
                    subselect: s.subselect.clone(),
                    location: e.location,
                };
                return self.transform_sublink(&sublink);
            }
        }
        if let (Some(ast::Expr::RowExpr(l)), ast::Expr::RowExpr(r)) = (&e.lexpr, right_raw) {
            let left = self.transform_row_args(l)?;
            let right = self.transform_row_args(r)?;
            return self.make_row_comparison_op(&e.name, left, right, e.location);
        }
        if self.transform_null_equals() && e.name.len() == 1 && e.name[0] == "=" {
            if let Some(left) = &e.lexpr {
                let is_null = |x: &ast::Expr| matches!(x, ast::Expr::AConst(c) if c.val == ast::ConstValue::Null);
                let tested = if is_null(right_raw) {
                    Some(left)
                } else if is_null(left) {
                    Some(right_raw)
                } else {
                    None
                };
                if let Some(tested) = tested.filter(|x| !is_null(x)) {
                    let test = ast::NullTest {
                        arg: tested.clone(),
                        nulltesttype: ast::NullTestType::IsNull,
                        location: e.location,
                    };
                    return self.transform_expr_recurse(&ast::Expr::NullTest(Box::new(test)));
                }
            }
        }
        let left = match &e.lexpr {
            Some(left) => Some(self.transform_expr_recurse(left)?),
            None => None,
        };
        let right = self.transform_expr_recurse(right_raw)?;
        self.make_op(&e.name, left, right, e.location)
    }

    fn transform_null_equals(&self) -> bool {
        self.session.get_setting("transform_null_equals").is_some_and(|v| v == "on")
    }

    fn transform_distinct(&mut self, e: &ast::AExpr) -> PgResult<Expr> {
        let negate = e.kind == AExprKind::NotDistinct;
        let Some(left_raw) = &e.lexpr else {
            return Err(PgError::internal("IS DISTINCT FROM without left operand"));
        };
        let right_raw = right_expr(e)?;
        let is_null =
            |x: &ast::Expr| matches!(x, ast::Expr::AConst(c) if c.val == ast::ConstValue::Null);
        // Compared with a NULL literal it is a null test.
        if is_null(right_raw) || is_null(left_raw) {
            let tested = if is_null(right_raw) { left_raw } else { right_raw };
            let arg = self.transform_expr_recurse(tested)?;
            return Ok(Expr::NullTest(Box::new(NullTest {
                arg,
                is_null: negate,
                // Distinctness looks at the row as a whole, not at its fields.
                argisrow: false,
                location: e.location,
            })));
        }
        let result = match (left_raw, right_raw) {
            (ast::Expr::RowExpr(l), ast::Expr::RowExpr(r)) => {
                let left = self.transform_row_args(l)?;
                let right = self.transform_row_args(r)?;
                self.make_row_distinct_op(&e.name, left, right, e.location)?
            }
            _ => {
                let left = self.transform_expr_recurse(left_raw)?;
                let right = self.transform_expr_recurse(right_raw)?;
                self.make_distinct_op(&e.name, left, right, e.location)?
            }
        };
        Ok(if negate { bool_expr(BoolExprType::Not, vec![result], e.location) } else { result })
    }

    pub(crate) fn make_distinct_op(
        &mut self,
        names: &[String],
        left: Expr,
        right: Expr,
        location: i32,
    ) -> PgResult<Expr> {
        let op = self.make_op(names, Some(left), right, location)?;
        let op = self.require_boolean_equality(op, "IS DISTINCT FROM", location)?;
        Ok(Expr::DistinctExpr(op))
    }

    fn require_boolean_equality(
        &self,
        op: Expr,
        what: &str,
        location: i32,
    ) -> PgResult<Box<OpExpr>> {
        let Expr::OpExpr(op) = op else {
            return Err(PgError::internal("operator did not make an operator call"));
        };
        if op.opresulttype != t::BOOL {
            return Err(
                err!(DATATYPE_MISMATCH, "{what} requires = operator to yield boolean").at(location)
            );
        }
        if op.opretset {
            return Err(err!(DATATYPE_MISMATCH, "{what} must not return a set").at(location));
        }
        Ok(op)
    }

    fn transform_nullif(&mut self, e: &ast::AExpr) -> PgResult<Expr> {
        let left = self.left_operand(e)?;
        let right = self.right_operand(e)?;
        let op = self.make_op(&e.name, Some(left), right, e.location)?;
        let mut op = self.require_boolean_equality(op, "NULLIF", e.location)?;
        // The result is the first argument.
        op.opresulttype = op.args[0].typ();
        Ok(Expr::NullIfExpr(op))
    }

    /// `x IN (list)`: an array comparison for the constants that allow it, OR for the rest.
    fn transform_in(&mut self, e: &ast::AExpr) -> PgResult<Expr> {
        let AExprArg::List(raw_list) = &e.rexpr else {
            return Err(PgError::internal("IN without list"));
        };
        let use_or = e.name.first().is_none_or(|name| name != "<>");
        let Some(left_raw) = &e.lexpr else {
            return Err(PgError::internal("IN without left operand"));
        };
        let left = self.transform_expr_recurse(left_raw)?;
        let mut vars = Vec::new();
        let mut non_vars = Vec::new();
        for raw in raw_list {
            let expr = self.transform_expr_recurse(raw)?;
            if crate::parse_agg::locate_var_of_level(&expr, 0).is_some() {
                vars.push((raw, expr));
            } else {
                non_vars.push((raw, expr));
            }
        }
        let mut result: Option<Expr> = None;
        if non_vars.len() > 1 {
            let candidates = std::iter::once(&left).chain(non_vars.iter().map(|(_, x)| x));
            let (scalar, _) = self.select_common_type(candidates.clone(), None)?;
            let usable = scalar.is_valid() && self.verify_common_type(scalar, candidates)?;
            let array_type =
                if usable && scalar != t::RECORD { self.array_type(scalar)? } else { Oid::INVALID };
            if array_type.is_valid() {
                let mut elements = Vec::with_capacity(non_vars.len());
                for (_, expr) in std::mem::take(&mut non_vars) {
                    elements.push(self.coerce_to_common_type(expr, scalar, "IN")?);
                }
                let array = Expr::ArrayExpr(Box::new(ArrayExpr {
                    array_typeid: array_type,
                    array_collid: Oid::INVALID,
                    element_typeid: scalar,
                    elements,
                    multidims: false,
                    location: -1,
                }));
                result = Some(self.make_scalar_array_op(
                    &e.name,
                    use_or,
                    left.clone(),
                    array,
                    e.location,
                )?);
            }
        }
        let boolop = if use_or { BoolExprType::Or } else { BoolExprType::And };
        // What is left is compared one by one, in the list's order.
        let mut rest = non_vars;
        rest.extend(vars);
        rest.sort_by_key(|(raw, _)| raw_list.iter().position(|r| std::ptr::eq(r, *raw)));
        for (_, right) in rest {
            let compared = match (&left, right) {
                (Expr::RowExpr(l), Expr::RowExpr(r)) => {
                    let l = l.args.clone();
                    self.make_row_comparison_op(&e.name, l, r.args, e.location)?
                }
                (_, right) => self.make_op(&e.name, Some(left.clone()), right, e.location)?,
            };
            let compared = self.coerce_to_boolean(compared, "IN")?;
            result = Some(match result.take() {
                None => compared,
                Some(Expr::BoolExpr(mut b)) if b.boolop == boolop => {
                    b.args.push(compared);
                    Expr::BoolExpr(b)
                }
                Some(first) => bool_expr(boolop, vec![first, compared], e.location),
            });
        }
        result.ok_or_else(|| PgError::internal("IN with empty list"))
    }

    fn transform_between(&mut self, e: &ast::AExpr) -> PgResult<Expr> {
        let AExprArg::List(bounds) = &e.rexpr else {
            return Err(PgError::internal("BETWEEN without bounds"));
        };
        let (Some(a), [b, c]) = (&e.lexpr, bounds.as_slice()) else {
            return Err(PgError::internal("BETWEEN without bounds"));
        };
        let op = |name: &str, l: &ast::Expr, r: &ast::Expr| {
            ast::Expr::AExpr(Box::new(ast::AExpr {
                kind: AExprKind::Op,
                name: vec![name.to_owned()],
                lexpr: Some(l.clone()),
                rexpr: AExprArg::Expr(r.clone()),
                location: e.location,
            }))
        };
        let connect = |boolop, l, r| {
            ast::Expr::BoolExpr(Box::new(ast::BoolExpr {
                boolop,
                args: vec![l, r],
                location: e.location,
            }))
        };
        use ast::BoolExprType::{And, Or};
        let raw = match e.kind {
            AExprKind::Between => connect(And, op(">=", a, b), op("<=", a, c)),
            AExprKind::NotBetween => connect(Or, op("<", a, b), op(">", a, c)),
            AExprKind::BetweenSym => connect(
                Or,
                connect(And, op(">=", a, b), op("<=", a, c)),
                connect(And, op(">=", a, c), op("<=", a, b)),
            ),
            _ => connect(
                And,
                connect(Or, op("<", a, b), op(">", a, c)),
                connect(Or, op("<", a, c), op(">", a, b)),
            ),
        };
        self.transform_expr_recurse(&raw)
    }
}

fn right_expr(e: &ast::AExpr) -> PgResult<&ast::Expr> {
    match &e.rexpr {
        AExprArg::Expr(right) => Ok(right),
        AExprArg::List(_) => Err(PgError::internal("operator with a list operand")),
    }
}
