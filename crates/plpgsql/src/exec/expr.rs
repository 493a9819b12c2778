//! Expressions: bound at their first use, then evaluated.
use super::Run;
use crate::{
    ast::Expr,
    hooks::{Bound, Names, ParamUse},
    host::{ContextEntry, query_context},
};
use error::{PgError, PgResult, err};
use parser::RawParseMode;
use std::{cell::RefCell, sync::Arc};
use types::{Datum, Oid, type_oid as t};

/// An error of a query: its position is one of the query's text, else the query is named in the context.
pub(crate) fn in_query(mut e: PgError, text: &str, mode: RawParseMode) -> PgError {
    if let Some(at) = e.0.position.take() {
        e.0.internal_position = Some(at);
        e.0.internal_query = Some(text.to_owned());
        return e;
    }
    e.context(query_context(text, mode))
}

impl<'r> Run<'r> {
    /// Whether the variables still have the types that an expression was analysed for.
    fn same_types(&self, params: &[ParamUse]) -> bool {
        params.iter().all(|p| {
            let now = self.vars.type_of(self.f, p.dno, p.field.as_deref());
            now.is_ok_and(|(typ, typmod, _)| typ == p.typ && typmod == p.typmod)
        })
    }

    /// The analysed form of an expression.
    pub(crate) fn bind(&mut self, expr: &'r Expr) -> PgResult<Arc<Bound>> {
        let known = expr.slot.lock().clone();
        if let Some(bound) = known
            && self.same_types(&bound.params)
            && self.host.is_valid(&bound.plan)?
        {
            return Ok(bound);
        }
        let names = Names { f: self.f, expr, vars: &self.vars, used: RefCell::new(Vec::new()) };
        self.host.enter(ContextEntry::Query(expr.query.clone(), expr.mode));
        let plan = self.host.prepare(&expr.query, expr.mode, &names, &|| names.types());
        self.host.leave();
        let plan = plan.map_err(|e| in_query(e, &expr.query, expr.mode))?;
        let bound = Arc::new(Bound { plan, params: names.used.into_inner() });
        *expr.slot.lock() = Some(bound.clone());
        Ok(bound)
    }

    /// Values of the variables that an expression reads.
    pub(crate) fn param_values(&self, bound: &Bound) -> PgResult<Vec<Datum>> {
        bound.params.iter().map(|p| self.vars.get(self.f, p.dno, p.field.as_deref())).collect()
    }

    /// Value, type and type modifier of an expression.
    pub(crate) fn eval(&mut self, expr: &'r Expr) -> PgResult<(Datum, Oid, i32)> {
        let bound = self.bind(expr)?;
        let column = match &bound.plan.columns {
            Some(columns) => match columns.fields.as_slice() {
                [one] => (one.typ, one.typmod),
                several => {
                    return Err(err!(SYNTAX_ERROR, "query returned {} columns", several.len())
                        .context(format!("query: {}", expr.query)));
                }
            },
            None => {
                return Err(err!(SYNTAX_ERROR, "query did not return data")
                    .context(format!("query: {}", expr.query)));
            }
        };
        if bound.plan.simple {
            let mut params = std::mem::take(&mut self.params);
            params.clear();
            for p in &bound.params {
                params.push(self.vars.get(self.f, p.dno, p.field.as_deref())?);
            }
            let value = self.host.evaluate(&bound.plan, &mut params);
            self.params = params;
            return Ok((value?, column.0, column.1));
        }
        let mut result = self.run_bound(expr, &bound, 2)?;
        self.processed = result.processed;
        let value = match result.rows.len() {
            0 => Datum::Null,
            1 => result.rows[0].first_mut().map(Datum::take).unwrap_or_default(),
            _ => {
                return Err(err!(CARDINALITY_VIOLATION, "query returned more than one row")
                    .context(format!("query: {}", expr.query)));
            }
        };
        Ok((value, column.0, column.1))
    }

    /// Runs a bound statement.
    pub(crate) fn run_bound(
        &mut self,
        expr: &Expr,
        bound: &Bound,
        max_rows: u64,
    ) -> PgResult<crate::host::Executed> {
        let params = self.param_values(bound)?;
        self.host.enter(ContextEntry::Query(expr.query.clone(), expr.mode));
        let result = self.host.execute(&bound.plan, params, max_rows, self.f.read_only);
        self.host.leave();
        result.map_err(|e| in_query(e, &expr.query, expr.mode))
    }

    /// An expression as a truth value.
    pub(crate) fn eval_bool(&mut self, expr: &'r Expr) -> PgResult<Option<bool>> {
        let (value, typ, _) = self.eval(expr)?;
        Ok(match self.host_cast(value, typ, t::BOOL)? {
            Datum::Bool(b) => Some(b),
            _ => None,
        })
    }

    /// An expression as an integer.
    pub(crate) fn eval_int(&mut self, expr: &'r Expr) -> PgResult<Option<i32>> {
        let (value, typ, _) = self.eval(expr)?;
        Ok(match self.host_cast(value, typ, t::INT4)? {
            Datum::Int4(n) => Some(n),
            _ => None,
        })
    }

    /// An expression as text; none for NULL.
    pub(crate) fn eval_text(&mut self, expr: &'r Expr) -> PgResult<Option<String>> {
        let (value, typ, _) = self.eval(expr)?;
        match value {
            Datum::Null => Ok(None),
            value => self.host.output(typ, &value).map(Some),
        }
    }

    pub(crate) fn host_cast(&self, value: Datum, from: Oid, to: Oid) -> PgResult<Datum> {
        if from == to || value.is_null() {
            return Ok(value);
        }
        self.host.cast(value, from, to, -1)
    }
}
