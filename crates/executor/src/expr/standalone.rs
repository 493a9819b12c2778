//! Expressions outside of a plan: defaults, index expressions, checks, rewrites, folding.
use super::{CExpr, ExprCompiler, ScanColumns, Scope};
use crate::{
    Cx, EState, ExecSettings,
    batch::{RowView, Rows},
};
use catalog::CatalogRead;
use error::PgResult;
use fmgr::FnContext;
use nodes::Expr;
use std::sync::Arc;
use types::Datum;

/// Compiled expressions with the state they need; their Vars refer to columns of one row (varno 1).
pub struct StandaloneExprs {
    exprs: Vec<CExpr>,
    state: EState,
}

impl StandaloneExprs {
    /// Compiles expressions whose Vars number the columns of a row from 1.
    pub fn compile(
        exprs: &[Expr],
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
    ) -> PgResult<Self> {
        Self::compile_with(exprs, session, catalog, ScanColumns::any(1))
    }

    /// As [`StandaloneExprs::compile`] where whole-row Vars may occur, over a relation's row.
    pub fn compile_with(
        exprs: &[Expr],
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
        columns: ScanColumns,
    ) -> PgResult<Self> {
        let mut compiler = ExprCompiler::new(session, catalog);
        let scope = Scope::scan(columns);
        let exprs =
            exprs.iter().map(|e| compiler.compile(e, &scope)).collect::<PgResult<Vec<_>>>()?;
        let mut state = EState::new(None, None, Arc::new([]), Arc::new(ExecSettings::default()));
        state.reserve_slots(compiler.counts());
        Ok(StandaloneExprs { exprs, state })
    }

    /// Sets the values of `$1`, ….
    pub fn set_params(&mut self, params: Arc<[Datum]>) {
        self.state.params = params;
    }

    /// As [`StandaloneExprs::set_params`], in the room that the last values had where that is possible;
    /// `values` is left empty.
    pub fn take_params(&mut self, values: &mut Vec<Datum>) {
        match Arc::get_mut(&mut self.state.params) {
            Some(slots) if slots.len() == values.len() => {
                for (slot, value) in slots.iter_mut().zip(values.drain(..)) {
                    *slot = value;
                }
            }
            _ => self.state.params = values.drain(..).collect(),
        }
    }

    /// Number of expressions.
    pub fn len(&self) -> usize {
        self.exprs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.exprs.is_empty()
    }

    /// One expression's value for a row.
    pub fn eval(
        &mut self,
        n: usize,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
        row: &[Datum],
    ) -> PgResult<Datum> {
        let mut cx = Cx { session, catalog, es: &mut self.state };
        self.exprs[n].eval(&Rows::scan(RowView::Slice(row)), &mut cx)
    }

    /// The first expression's value for a row.
    pub fn eval_one(
        &mut self,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
        row: &[Datum],
    ) -> PgResult<Datum> {
        self.eval(0, session, catalog, row)
    }

    /// All values for a row, appended to `out`.
    pub fn eval_all(
        &mut self,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
        row: &[Datum],
        out: &mut Vec<Datum>,
    ) -> PgResult<()> {
        for n in 0..self.exprs.len() {
            out.push(self.eval(n, session, catalog, row)?);
        }
        Ok(())
    }

    /// Whether all are true for a row (a predicate).
    pub fn all_true(
        &mut self,
        session: &dyn FnContext,
        catalog: &dyn CatalogRead,
        row: &[Datum],
    ) -> PgResult<bool> {
        for n in 0..self.exprs.len() {
            if !matches!(self.eval(n, session, catalog, row)?, Datum::Bool(true)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
