//! SQL statements, EXECUTE, PERFORM, CALL.
use super::Run;
use crate::{
    ast::{DatumDef, Expr},
    exec::expr::in_query,
    hooks::Bound,
    host::{Command, ContextEntry, Executed, Host, Plan},
};
use error::{PgError, PgResult, bail, err};
use parser::{RawParseMode, ast::FetchDirection};
use std::{collections::VecDeque, sync::Arc};
use types::{Datum, Oid, type_oid};

/// Rows read ahead of a loop.
#[derive(Default)]
pub(crate) struct Rows(VecDeque<Vec<Datum>>);

impl Rows {
    pub(crate) fn refill(&mut self, host: &dyn Host, cursor: &str, count: i64) -> PgResult<()> {
        self.0 = host.fetch(cursor, FetchDirection::Forward, count, false)?.into();
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn pop(&mut self) -> Option<Vec<Datum>> {
        self.0.pop_front()
    }
}

impl<'r> Run<'r> {
    /// How many rows INTO asks for: one more than it may get where that is an error.
    fn rows_wanted(&self, into: bool, strict: bool, modifies: bool) -> u64 {
        let (warn, fail) = self.f.too_many_rows;
        match into {
            true if strict || modifies || warn || fail => 2,
            true => 1,
            false => 0,
        }
    }

    pub(crate) fn sql(
        &mut self,
        expr: &'r Expr,
        into: Option<usize>,
        strict: bool,
    ) -> PgResult<()> {
        let bound = self.bind(expr)?;
        match bound.plan.command {
            Command::CopyClient => {
                bail!(FEATURE_NOT_SUPPORTED, "cannot COPY to/from client in PL/pgSQL");
            }
            Command::Transaction => {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "unsupported transaction command in PL/pgSQL"
                ));
            }
            _ => {}
        }
        let modifies = bound.plan.command == Command::Modify;
        let wanted = self.rows_wanted(into.is_some(), strict, modifies);
        let result = self.run_bound(expr, &bound, wanted)?;
        self.after_sql(&bound.plan, &result);
        let Some(target) = into else {
            return self.without_into(&bound.plan, &result);
        };
        let params = self.strict_params_text(&bound)?;
        self.take_row(target, strict, modifies, result, params, false)
    }

    /// FOUND and ROW_COUNT.
    fn after_sql(&mut self, plan: &Plan, result: &Executed) {
        self.processed = result.processed;
        if matches!(plan.command, Command::Select | Command::Modify) {
            self.set_found(result.processed != 0);
        }
    }

    fn without_into(&self, plan: &Plan, result: &Executed) -> PgResult<()> {
        if result.columns.is_some() && plan.command != Command::Modify {
            let e = err!(SYNTAX_ERROR, "query has no destination for result data");
            return Err(match plan.command {
                Command::Select => {
                    e.hint("If you want to discard the results of a SELECT, use PERFORM instead.")
                }
                _ => e,
            });
        }
        Ok(())
    }

    /// The row that INTO gets.
    fn take_row(
        &mut self,
        target: usize,
        strict: bool,
        modifies: bool,
        result: Executed,
        params: Option<String>,
        dynamic: bool,
    ) -> PgResult<()> {
        let Some(columns) = result.columns else {
            bail!(SYNTAX_ERROR, "INTO used with a command that cannot return data");
        };
        let (warn, fail) = self.f.too_many_rows;
        let mut rows = result.rows.into_iter();
        let first = rows.next();
        let with_params = |e: PgError| match &params {
            Some(params) => e.detail(format!("parameters: {params}")),
            None => e,
        };
        if first.is_none() && strict {
            return Err(with_params(err!(NO_DATA_FOUND, "query returned no rows")));
        }
        if rows.next().is_some() && (strict || modifies || warn || fail) {
            let mut e = with_params(err!(TOO_MANY_ROWS, "query returned more than one row"));
            if !dynamic {
                e = e.hint("Make sure the query returns a single row, or use LIMIT 1.");
            }
            if strict || modifies || fail {
                return Err(e);
            }
            self.warn(e);
        }
        self.move_row(target, first, Some(&columns))
    }

    /// The parameters of a query for `print_strict_params`.
    fn strict_params_text(&self, bound: &Bound) -> PgResult<Option<String>> {
        if !self.f.print_strict_params || bound.params.is_empty() {
            return Ok(None);
        }
        let mut parts = Vec::new();
        for p in &bound.params {
            let value = self.vars.get(self.f, p.dno, p.field.as_deref())?;
            let name = match (self.f.datum(p.dno), &p.field) {
                (DatumDef::Var(v) | DatumDef::Rec(v), None) => v.name.clone(),
                (DatumDef::Var(v) | DatumDef::Rec(v), Some(_)) => v.name.clone(),
                _ => String::new(),
            };
            parts.push(format!("{name} = {}", self.quoted(p.typ, &value)?));
        }
        Ok(Some(parts.join(", ")))
    }

    fn quoted(&self, typ: Oid, value: &Datum) -> PgResult<String> {
        if value.is_null() {
            return Ok("NULL".to_owned());
        }
        Ok(format!("'{}'", self.host.output(typ, value)?.replace('\'', "''")))
    }

    /// The text of a dynamic query.
    fn query_text(&mut self, query: &'r Expr) -> PgResult<Arc<str>> {
        match self.eval_text(query)? {
            Some(text) => Ok(Arc::from(text)),
            None => {
                bail!(NULL_VALUE_NOT_ALLOWED, "query string argument of EXECUTE is null")
            }
        }
    }

    /// Values and types of USING; what is of no known type is text.
    fn using(&mut self, params: &'r [Expr]) -> PgResult<(Vec<Oid>, Vec<Datum>)> {
        let mut types = Vec::with_capacity(params.len());
        let mut values = Vec::with_capacity(params.len());
        for expr in params {
            let (value, typ, _) = self.eval(expr)?;
            types.push(if typ == type_oid::UNKNOWN { type_oid::TEXT } else { typ });
            values.push(value);
        }
        Ok((types, values))
    }

    pub(crate) fn execute(
        &mut self,
        query: &'r Expr,
        into: Option<usize>,
        strict: bool,
        params: &'r [Expr],
    ) -> PgResult<()> {
        let text = self.query_text(query)?;
        let (types, values) = self.using(params)?;
        let result = self.run_text(&text, &types, values.clone(), 0)?;
        let Some((plan, result)) = result else {
            if into.is_some() {
                bail!(SYNTAX_ERROR, "INTO used with a command that cannot return data");
            }
            return Ok(());
        };
        self.processed = result.processed;
        if plan.command == Command::SelectInto {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "EXECUTE of SELECT ... INTO is not implemented"
            )
            .hint(
                "You might want to use EXECUTE ... INTO or EXECUTE CREATE TABLE ... AS instead.",
            ));
        }
        let Some(target) = into else { return Ok(()) };
        let text = match self.f.print_strict_params && !values.is_empty() {
            true => {
                let mut parts = Vec::new();
                for (n, (typ, value)) in types.iter().zip(&values).enumerate() {
                    parts.push(format!("${} = {}", n + 1, self.quoted(*typ, value)?));
                }
                Some(parts.join(", "))
            }
            false => None,
        };
        self.take_row(target, strict, false, result, text, true)
    }

    /// Runs the statements of a text; the last one and its result.
    fn run_text(
        &mut self,
        text: &Arc<str>,
        types: &[Oid],
        values: Vec<Datum>,
        max_rows: u64,
    ) -> PgResult<Option<(Plan, Executed)>> {
        self.host.enter(ContextEntry::Query(text.clone(), RawParseMode::Default));
        let result = self.run_statements(text, types, values, max_rows);
        self.host.leave();
        result.map_err(|e| in_query(e, text, RawParseMode::Default))
    }

    fn run_statements(
        &mut self,
        text: &Arc<str>,
        types: &[Oid],
        values: Vec<Datum>,
        max_rows: u64,
    ) -> PgResult<Option<(Plan, Executed)>> {
        let mut last = None;
        for plan in self.host.prepare_text(text, types)? {
            match plan.command {
                Command::CopyClient => {
                    bail!(FEATURE_NOT_SUPPORTED, "cannot COPY to/from client in PL/pgSQL");
                }
                Command::Transaction => {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "EXECUTE of transaction commands is not implemented"
                    ));
                }
                _ => {}
            }
            if plan.command == Command::SelectInto && plan.columns.is_none() {
                // SELECT INTO inside EXECUTE is refused before it makes its table.
                return Ok(Some((
                    plan,
                    Executed { rows: Vec::new(), columns: None, processed: 0 },
                )));
            }
            let result = self.host.execute(&plan, values.clone(), max_rows, self.f.read_only)?;
            last = Some((plan, result));
        }
        Ok(last)
    }

    pub(crate) fn perform(&mut self, expr: &'r Expr) -> PgResult<()> {
        let bound = self.bind(expr)?;
        let result = self.run_bound(expr, &bound, 0)?;
        self.processed = result.processed;
        self.set_found(result.processed != 0);
        Ok(())
    }

    /// CALL and DO: transaction control may happen inside.
    pub(crate) fn call(&mut self, expr: &'r Expr) -> PgResult<()> {
        let bound = self.bind(expr)?;
        let params = self.param_values(&bound)?;
        self.host.enter(ContextEntry::Query(expr.query.clone(), expr.mode));
        let result = self.host.call(&bound.plan, params);
        self.host.leave();
        let result = result.map_err(|e| in_query(e, &expr.query, expr.mode))?;
        self.processed = result.processed;
        let (Some(columns), Some(row)) = (result.columns, result.rows.into_iter().next()) else {
            return Ok(());
        };
        for (n, output) in self.host.call_outputs(&bound.plan)?.into_iter().enumerate() {
            let (Some(value), Some(column)) = (row.get(n), columns.fields.get(n)) else { break };
            let Some(target) = usize::try_from(output - 1).ok().and_then(|o| bound.params.get(o))
            else {
                continue;
            };
            self.assign_used(target, value.clone(), column.typ, column.typmod)?;
        }
        Ok(())
    }
}
