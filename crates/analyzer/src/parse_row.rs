//! ROW(…) and comparisons of rows.
use crate::parse_state::Analyzer;
use error::{PgError, PgResult, err};
use nodes::{
    BoolExpr, BoolExprType, CoercionForm, CompareType, Expr, OpExpr, RowCompareExpr, RowExpr,
};
use parser::ast;
use types::{Oid, type_oid as t};

const MAX_ROW_ENTRIES: usize = 1664;
const BTREE_AM: Oid = Oid(403);

impl Analyzer<'_> {
    /// A row's fields, `*` expanded.
    pub(crate) fn transform_row_args(&mut self, r: &ast::RowExpr) -> PgResult<Vec<Expr>> {
        let kind = self.ps().expr_kind;
        self.transform_expression_list(&r.args, kind, false)
    }

    pub(crate) fn transform_row_expr(
        &mut self,
        r: &ast::RowExpr,
        allow_default: bool,
    ) -> PgResult<Expr> {
        let kind = self.ps().expr_kind;
        let args = self.transform_expression_list(&r.args, kind, allow_default)?;
        if args.len() > MAX_ROW_ENTRIES {
            return Err(err!(
                TOO_MANY_COLUMNS,
                "ROW expressions can have at most {MAX_ROW_ENTRIES} entries"
            )
            .at(r.location));
        }
        let colnames = (1..=args.len()).map(|i| format!("f{i}")).collect();
        Ok(Expr::RowExpr(Box::new(RowExpr {
            args,
            row_typeid: t::RECORD,
            row_format: match r.row_format {
                ast::CoercionForm::ExplicitCall => CoercionForm::ExplicitCall,
                _ => CoercionForm::ImplicitCast,
            },
            colnames,
            location: r.location,
        })))
    }

    /// `(a, b) op (c, d)`; for one column it is the plain operator.
    pub(crate) fn make_row_comparison_op(
        &mut self,
        names: &[String],
        left: Vec<Expr>,
        right: Vec<Expr>,
        location: i32,
    ) -> PgResult<Expr> {
        if left.len() != right.len() {
            return Err(
                err!(SYNTAX_ERROR, "unequal number of entries in row expressions").at(location)
            );
        }
        if left.is_empty() {
            return Err(
                err!(FEATURE_NOT_SUPPORTED, "cannot compare rows of zero length").at(location)
            );
        }
        let mut ops: Vec<OpExpr> = Vec::with_capacity(left.len());
        for (l, r) in left.into_iter().zip(right) {
            let op = self.make_op(names, Some(l), r, location)?;
            let Expr::OpExpr(op) = op else {
                return Err(PgError::internal("operator did not make an operator call"));
            };
            if op.opresulttype != t::BOOL {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "row comparison operator must yield type boolean, not type {}",
                    self.format_type(op.opresulttype)?
                )
                .at(location));
            }
            if op.opretset {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "row comparison operator must not return a set"
                )
                .at(location));
            }
            ops.push(*op);
        }
        if ops.len() == 1 {
            let op =
                ops.pop().ok_or_else(|| PgError::internal("row comparison without columns"))?;
            return Ok(Expr::OpExpr(Box::new(op)));
        }
        let (cmptype, opfamilies) = self.row_compare_interpretation(names, &ops, location)?;
        if matches!(cmptype, CompareType::Eq | CompareType::Ne) {
            let boolop =
                if cmptype == CompareType::Eq { BoolExprType::And } else { BoolExprType::Or };
            return Ok(Expr::BoolExpr(Box::new(BoolExpr {
                boolop,
                args: ops.into_iter().map(|op| Expr::OpExpr(Box::new(op))).collect(),
                location,
            })));
        }
        let mut compare = RowCompareExpr {
            cmptype,
            opnos: Vec::new(),
            opfamilies,
            inputcollids: Vec::new(),
            largs: Vec::new(),
            rargs: Vec::new(),
        };
        for op in ops {
            let mut args = op.args.into_iter();
            compare.opnos.push(op.opno);
            compare.largs.extend(args.next());
            compare.rargs.extend(args.next());
        }
        Ok(Expr::RowCompareExpr(Box::new(compare)))
    }

    /// What an operator means in terms of ordering: the first comparison that all columns' operators
    /// are in some btree family, and those families.
    fn row_compare_interpretation(
        &self,
        names: &[String],
        ops: &[OpExpr],
        location: i32,
    ) -> PgResult<(CompareType, Vec<Oid>)> {
        let unknown = |what: Option<&str>| {
            let e = err!(
                FEATURE_NOT_SUPPORTED,
                "could not determine interpretation of row comparison operator {}",
                names.last().map_or("", String::as_str)
            );
            match what {
                Some(detail) => e.detail(detail),
                None => e.hint(
                    "Row comparison operators must be associated with btree operator families.",
                ),
            }
            .at(location)
        };
        let mut infos: Vec<Vec<(Oid, CompareType)>> = Vec::with_capacity(ops.len());
        for op in ops {
            infos.push(self.op_interpretations(op.opno)?);
        }
        // A comparison kind counts if every column has it.
        let order = [
            CompareType::Lt,
            CompareType::Le,
            CompareType::Eq,
            CompareType::Ge,
            CompareType::Gt,
            CompareType::Ne,
        ];
        let chosen = order
            .into_iter()
            .find(|cmp| infos.iter().all(|info| info.iter().any(|(_, c)| c == cmp)));
        let Some(cmptype) = chosen else { return Err(unknown(None)) };
        if matches!(cmptype, CompareType::Eq | CompareType::Ne) {
            return Ok((cmptype, Vec::new()));
        }
        let mut families = Vec::with_capacity(infos.len());
        for info in &infos {
            match info.iter().find(|(_, c)| *c == cmptype) {
                Some((family, _)) => families.push(*family),
                None => {
                    return Err(unknown(Some("There are multiple equally-plausible candidates.")));
                }
            }
        }
        Ok((cmptype, families))
    }

    /// Btree families an operator (or, for `<>`, its negator) belongs to.
    fn op_interpretations(&self, opno: Oid) -> PgResult<Vec<(Oid, CompareType)>> {
        let mut found = Vec::new();
        for amop in self.catalog.amops_of_operator(opno)?.iter() {
            if amop.method != BTREE_AM || amop.purpose != 's' {
                continue;
            }
            let cmp = match amop.strategy {
                1 => CompareType::Lt,
                2 => CompareType::Le,
                3 => CompareType::Eq,
                4 => CompareType::Ge,
                5 => CompareType::Gt,
                _ => continue,
            };
            found.push((amop.family, cmp));
        }
        if found.is_empty() {
            let negator = self.catalog.get_operator(opno)?.negator;
            if negator.is_valid() {
                for amop in self.catalog.amops_of_operator(negator)?.iter() {
                    if amop.method == BTREE_AM && amop.strategy == 3 {
                        found.push((amop.family, CompareType::Ne));
                    }
                }
            }
        }
        Ok(found)
    }

    /// `(a, b) IS DISTINCT FROM (c, d)`.
    pub(crate) fn make_row_distinct_op(
        &mut self,
        names: &[String],
        left: Vec<Expr>,
        right: Vec<Expr>,
        location: i32,
    ) -> PgResult<Expr> {
        if left.len() != right.len() {
            return Err(
                err!(SYNTAX_ERROR, "unequal number of entries in row expressions").at(location)
            );
        }
        let mut parts = Vec::with_capacity(left.len());
        for (l, r) in left.into_iter().zip(right) {
            parts.push(self.make_distinct_op(names, l, r, location)?);
        }
        Ok(match parts.len() {
            // Rows without columns are never distinct.
            0 => Self::bool_const(false),
            1 => parts.remove(0),
            _ => Expr::BoolExpr(Box::new(BoolExpr {
                boolop: BoolExprType::Or,
                args: parts,
                location,
            })),
        })
    }
}
