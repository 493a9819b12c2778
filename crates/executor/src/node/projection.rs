//! Target lists.
use crate::{
    Cx,
    batch::{Batch, Rows},
    expr::{CExpr, ExprCompiler, Scope},
};
use error::PgResult;
use nodes::TargetEntry;
use types::Datum;

/// A compiled target list.
pub(crate) struct Projection {
    pub(crate) exprs: Box<[CExpr]>,
    /// Multi-assignment subqueries, which are evaluated before the other columns.
    multi: Box<[usize]>,
}

impl Projection {
    pub(crate) fn compile(
        c: &mut ExprCompiler<'_>,
        list: &[TargetEntry],
        scope: &Scope,
    ) -> PgResult<Self> {
        let exprs = c.compile_all(list.iter().map(|te| &te.expr), scope)?;
        Ok(Self::of(exprs))
    }

    pub(crate) fn of(exprs: Box<[CExpr]>) -> Self {
        let multi = exprs
            .iter()
            .enumerate()
            .filter(|(_, e)| matches!(e, CExpr::Subplan(s) if s.is_multi_expr()))
            .map(|(n, _)| n)
            .collect();
        Projection { exprs, multi }
    }

    /// Number of columns.
    #[inline]
    pub(crate) fn width(&self) -> usize {
        self.exprs.len()
    }

    /// Appends the row's columns to `out`.
    #[inline]
    pub(crate) fn emit(&self, rows: &Rows<'_>, cx: &mut Cx<'_>, out: &mut Batch) -> PgResult<()> {
        for n in &self.multi {
            self.exprs[*n].eval(rows, cx)?;
        }
        for (n, expr) in self.exprs.iter().enumerate() {
            let value = match expr {
                CExpr::Scan(at) => rows.scan.get(*at as usize).clone(),
                CExpr::Outer(at) => rows.outer.get(*at as usize).clone(),
                CExpr::Inner(at) => rows.inner.get(*at as usize).clone(),
                CExpr::Subplan(s) if s.is_multi_expr() => Datum::Null,
                _ => expr.eval(rows, cx)?,
            };
            out.columns[n].push(value);
        }
        out.row_done();
        Ok(())
    }
}
