//! Cursors: OPEN, FETCH, MOVE, CLOSE.
use super::Run;
use crate::{
    ast::{DatumDef, Expr, FetchSpec, QuerySource},
    exec::expr::in_query,
    host::ContextEntry,
};
use error::{PgError, PgResult, bail, err};
use parser::RawParseMode;
use types::Datum;

impl<'r> Run<'r> {
    /// Opens a cursor over a statement of the body.
    pub(crate) fn open_static(
        &mut self,
        name: Option<&str>,
        expr: &'r Expr,
        options: i32,
    ) -> PgResult<String> {
        let bound = self.bind(expr)?;
        let params = self.param_values(&bound)?;
        self.host.enter(ContextEntry::Query(expr.query.clone(), expr.mode));
        let opened = self.host.open_cursor(name, &bound.plan, params, options, self.f.read_only);
        self.host.leave();
        opened.map_err(|e| in_query(e, &expr.query, expr.mode))
    }

    /// Opens a cursor over a text.
    pub(crate) fn open_dynamic(
        &mut self,
        name: Option<&str>,
        query: &'r Expr,
        params: &'r [Expr],
        options: i32,
    ) -> PgResult<String> {
        let Some(text) = self.eval_text(query)? else {
            bail!(NULL_VALUE_NOT_ALLOWED, "query string argument of EXECUTE is null");
        };
        let text = std::sync::Arc::from(text);
        let mut types = Vec::new();
        let mut values = Vec::new();
        for expr in params {
            let (value, typ, _) = self.eval(expr)?;
            types.push(typ);
            values.push(value);
        }
        self.host.enter(ContextEntry::Query(std::sync::Arc::clone(&text), RawParseMode::Default));
        let opened = self.host.prepare_text(&text, &types).and_then(|mut plans| {
            if plans.len() != 1 {
                bail!(INVALID_CURSOR_DEFINITION, "cannot open multi-query plan as cursor");
            }
            let plan = plans.remove(0);
            self.host.open_cursor(name, &plan, values, options, self.f.read_only)
        });
        self.host.leave();
        opened.map_err(|e| in_query(e, &text, RawParseMode::Default))
    }

    /// Opens a bound cursor with its arguments.
    pub(crate) fn open_bound(
        &mut self,
        cursor: usize,
        args: Option<&'r Expr>,
        name: Option<&str>,
    ) -> PgResult<String> {
        let f = self.f;
        let DatumDef::Var(v) = f.datum(cursor) else {
            return Err(PgError::internal("a cursor is no variable"));
        };
        let Some(def) = &v.cursor else {
            return Err(PgError::internal("cursor variable has no query"));
        };
        if let (Some(args), Some(row)) = (args, def.args) {
            let bound = self.bind(args)?;
            let mut result = self.run_bound(args, &bound, 1)?;
            let row_values = match result.rows.is_empty() {
                true => None,
                false => Some(result.rows.remove(0)),
            };
            self.move_row(row, row_values, result.columns.as_ref())?;
        }
        self.open_static(name, &def.query, def.options)
    }

    pub(crate) fn open(
        &mut self,
        cursor: usize,
        args: Option<&'r Expr>,
        query: Option<&'r QuerySource>,
        options: i32,
    ) -> PgResult<()> {
        let given = match &self.vars.values[cursor] {
            Datum::Null => None,
            value => Some(value.as_str().to_owned()),
        };
        if let Some(name) = &given
            && self.host.cursor_columns(name).is_some()
        {
            bail!(DUPLICATE_CURSOR, "cursor \"{name}\" already in use");
        }
        let name = match query {
            Some(QuerySource::Static(expr)) => self.open_static(given.as_deref(), expr, options)?,
            Some(QuerySource::Dynamic { query, params }) => {
                self.open_dynamic(given.as_deref(), query, params, options)?
            }
            None => self.open_bound(cursor, args, given.as_deref())?,
        };
        if given.is_none() {
            self.check_writable(cursor)?;
            self.vars.values[cursor] = Datum::text(&name);
        }
        Ok(())
    }

    /// Refuses to set a constant.
    pub(crate) fn check_writable(&self, dno: usize) -> PgResult<()> {
        match self.f.datum(dno) {
            DatumDef::Var(v) if v.constant => {
                bail!(ERROR_IN_ASSIGNMENT, "variable \"{}\" is declared CONSTANT", v.name)
            }
            _ => Ok(()),
        }
    }

    /// The name of an open cursor.
    fn cursor_name(&self, cursor: usize) -> PgResult<String> {
        let DatumDef::Var(v) = self.f.datum(cursor) else {
            return Err(PgError::internal("a cursor is no variable"));
        };
        let name = match &self.vars.values[cursor] {
            Datum::Null => {
                bail!(NULL_VALUE_NOT_ALLOWED, "cursor variable \"{}\" is null", v.name)
            }
            value => value.as_str().to_owned(),
        };
        match self.host.cursor_columns(&name) {
            Some(_) => Ok(name),
            None => Err(err!(UNDEFINED_CURSOR, "cursor \"{name}\" does not exist")),
        }
    }

    pub(crate) fn fetch(
        &mut self,
        cursor: usize,
        target: Option<usize>,
        spec: &'r FetchSpec,
    ) -> PgResult<()> {
        let name = self.cursor_name(cursor)?;
        let mut count = spec.how_many;
        if let Some(expr) = &spec.expr {
            match self.eval_int(expr)? {
                Some(n) => count = i64::from(n),
                None => {
                    bail!(NULL_VALUE_NOT_ALLOWED, "relative or absolute cursor position is null")
                }
            }
        }
        let mut rows = self.host.fetch(&name, spec.direction, count, target.is_none())?;
        let n = rows.len();
        if let Some(target) = target {
            let columns = self.host.cursor_columns(&name);
            let row = match rows.is_empty() {
                true => None,
                false => Some(rows.remove(0)),
            };
            self.move_row(target, row, columns.as_ref())?;
        }
        self.processed = n as u64;
        self.set_found(n != 0);
        Ok(())
    }

    pub(crate) fn close(&mut self, cursor: usize) -> PgResult<()> {
        let name = self.cursor_name(cursor)?;
        self.host.close_cursor(&name)
    }
}
