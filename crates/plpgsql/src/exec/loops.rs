//! Loops.
use super::{Flow, Run};
use crate::{
    ast::{DatumDef, Expr, Loop, QuerySource},
    exec::query::Rows,
};
use catalog::CatalogRead;
use error::{PgResult, bail, err};
use std::sync::Arc;
use types::{ArrayValue, Datum, Oid, type_oid as t};

/// What a loop does after its body.
enum After {
    Again,
    Leave,
    Pass(Flow),
}

fn after(flow: Flow, label: Option<&String>) -> After {
    match flow {
        Flow::Next | Flow::Continue(None) => After::Again,
        Flow::Exit(None) => After::Leave,
        Flow::Exit(Some(l)) if Some(&l) == label => After::Leave,
        Flow::Continue(Some(l)) if Some(&l) == label => After::Again,
        flow => After::Pass(flow),
    }
}

/// Rows read of a loop's query at a time, first and later.
const FIRST_ROWS: i64 = 10;
const LATER_ROWS: i64 = 50;

impl<'r> Run<'r> {
    pub(crate) fn endless(&mut self, body: &'r Loop) -> PgResult<Flow> {
        loop {
            match after(self.statements(&body.body)?, body.label.as_ref()) {
                After::Again => self.host.check_interrupts()?,
                After::Leave => return Ok(Flow::Next),
                After::Pass(flow) => return Ok(flow),
            }
        }
    }

    pub(crate) fn while_loop(&mut self, cond: &'r Expr, body: &'r Loop) -> PgResult<Flow> {
        while self.eval_bool(cond)? == Some(true) {
            match after(self.statements(&body.body)?, body.label.as_ref()) {
                After::Again => self.host.check_interrupts()?,
                After::Leave => return Ok(Flow::Next),
                After::Pass(flow) => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn bound_of(&mut self, expr: &'r Expr, what: &str) -> PgResult<i32> {
        match self.eval_int(expr)? {
            Some(n) => Ok(n),
            None => bail!(NULL_VALUE_NOT_ALLOWED, "{what} of FOR loop cannot be null"),
        }
    }

    pub(crate) fn for_integer(
        &mut self,
        var: usize,
        bounds: [&'r Expr; 2],
        step: Option<&'r Expr>,
        reverse: bool,
        body: &'r Loop,
    ) -> PgResult<Flow> {
        let mut value = self.bound_of(bounds[0], "lower bound")?;
        let last = self.bound_of(bounds[1], "upper bound")?;
        let step = match step {
            Some(step) => {
                let step = self.bound_of(step, "BY value")?;
                if step <= 0 {
                    bail!(
                        INVALID_PARAMETER_VALUE,
                        "BY value of FOR loop must be greater than zero"
                    );
                }
                step
            }
            None => 1,
        };
        let mut found = false;
        let mut result = Flow::Next;
        while (reverse && value >= last) || (!reverse && value <= last) {
            found = true;
            self.vars.values[var] = Datum::Int4(value);
            match after(self.statements(&body.body)?, body.label.as_ref()) {
                After::Again => {}
                After::Leave => break,
                After::Pass(flow) => {
                    result = flow;
                    break;
                }
            }
            let next = if reverse { value.checked_sub(step) } else { value.checked_add(step) };
            match next {
                Some(next) => value = next,
                None => break,
            }
        }
        self.set_found(found);
        Ok(result)
    }

    pub(crate) fn for_query(
        &mut self,
        target: usize,
        query: &'r QuerySource,
        body: &'r Loop,
    ) -> PgResult<Flow> {
        let name = match query {
            QuerySource::Static(expr) => self.open_static(None, expr, 0)?,
            QuerySource::Dynamic { query, params } => self.open_dynamic(None, query, params, 0)?,
        };
        self.loop_over(&name, target, body, true)
    }

    pub(crate) fn for_cursor(
        &mut self,
        target: usize,
        cursor: usize,
        args: Option<&'r Expr>,
        body: &'r Loop,
    ) -> PgResult<Flow> {
        let given = match &self.vars.values[cursor] {
            Datum::Null => None,
            value => Some(value.as_str().to_owned()),
        };
        if let Some(name) = &given
            && self.host.cursor_columns(name).is_some()
        {
            bail!(DUPLICATE_CURSOR, "cursor \"{name}\" already in use");
        }
        let name = self.open_bound(cursor, args, given.as_deref())?;
        if given.is_none() {
            self.check_writable(cursor)?;
            self.vars.values[cursor] = Datum::text(&name);
        }
        let flow = self.loop_over(&name, target, body, false)?;
        if given.is_none() {
            self.vars.values[cursor] = Datum::Null;
        }
        Ok(flow)
    }

    /// The body for each row of an open cursor, which is closed afterwards.
    fn loop_over(
        &mut self,
        name: &str,
        target: usize,
        body: &'r Loop,
        prefetch: bool,
    ) -> PgResult<Flow> {
        let columns = self.host.cursor_columns(name);
        let mut found = false;
        let mut result = Flow::Next;
        // Other statements may move a named cursor: it is read row by row.
        let mut want = match (prefetch, self.host.is_atomic()) {
            // A COMMIT in the body would end the query.
            (_, false) => parser::ast::FETCH_ALL,
            (false, true) => 1,
            (true, true) => FIRST_ROWS,
        };
        let mut rows = Rows::default();
        'rows: loop {
            rows.refill(self.host, name, want)?;
            if prefetch && want == FIRST_ROWS {
                want = LATER_ROWS;
            }
            if rows.is_empty() {
                break;
            }
            while let Some(row) = rows.pop() {
                found = true;
                self.move_row(target, Some(row), columns.as_ref())?;
                match after(self.statements(&body.body)?, body.label.as_ref()) {
                    After::Again => {}
                    After::Leave => break 'rows,
                    After::Pass(flow) => {
                        result = flow;
                        break 'rows;
                    }
                }
            }
            if want == parser::ast::FETCH_ALL {
                break;
            }
        }
        if !found {
            self.move_row(target, None, columns.as_ref())?;
        }
        self.host.close_cursor(name)?;
        self.set_found(found);
        Ok(result)
    }

    pub(crate) fn foreach(
        &mut self,
        target: usize,
        slice: i32,
        expr: &'r Expr,
        body: &'r Loop,
    ) -> PgResult<Flow> {
        let (value, typ, _) = self.eval(expr)?;
        if value.is_null() {
            bail!(NULL_VALUE_NOT_ALLOWED, "FOREACH expression must not be null");
        }
        let catalog = self.host.catalog();
        let mut row = catalog.get_type(typ)?;
        while row.typtype == 'd' {
            row = catalog.get_type(row.basetype)?;
        }
        let Datum::Array(array) = value else {
            bail!(
                DATATYPE_MISMATCH,
                "FOREACH expression must yield an array, not type {}",
                catalog.format_type(typ, None)?
            );
        };
        if slice < 0 || slice as usize > array.dims.len() {
            bail!(
                ARRAY_SUBSCRIPT_ERROR,
                "slice dimension ({slice}) is out of the valid range 0..{}",
                array.dims.len()
            );
        }
        self.check_loop_variable(target, slice)?;
        let (array_type, elem_type) = (row.oid, array.elem_type);
        let mut found = false;
        let mut result = Flow::Next;
        let items = slices(&array, slice as usize);
        for item in items {
            found = true;
            let typ = if slice > 0 { array_type } else { elem_type };
            self.assign(target, item, typ, -1)?;
            match after(self.statements(&body.body)?, body.label.as_ref()) {
                After::Again => {}
                After::Leave => break,
                After::Pass(flow) => {
                    result = flow;
                    break;
                }
            }
        }
        self.set_found(found);
        Ok(result)
    }

    fn check_loop_variable(&self, target: usize, slice: i32) -> PgResult<()> {
        let is_array = match self.f.datum(target) {
            DatumDef::Rec(_) | DatumDef::Row(_) => false,
            _ => {
                let (typ, ..) = self.vars.type_of(self.f, target, None)?;
                let catalog = self.host.catalog();
                let mut row = catalog.get_type(typ)?;
                while row.typtype == 'd' {
                    row = catalog.get_type(row.basetype)?;
                }
                row.is_array() || matches!(typ, t::ANYARRAY)
            }
        };
        if slice > 0 && !is_array {
            return Err(err!(
                DATATYPE_MISMATCH,
                "FOREACH ... SLICE loop variable must be of an array type"
            ));
        }
        if slice == 0 && is_array {
            return Err(err!(
                DATATYPE_MISMATCH,
                "FOREACH loop variable must not be of an array type"
            ));
        }
        Ok(())
    }
}

/// The elements of an array, or its slices of a number of dimensions.
fn slices(array: &Arc<ArrayValue>, dims: usize) -> Vec<Datum> {
    if dims == 0 {
        return array.elems.clone();
    }
    let shape = array.dims[array.dims.len() - dims..].to_vec();
    let size: usize = shape.iter().map(|d| d.len.max(0) as usize).product();
    let elem_type: Oid = array.elem_type;
    array
        .elems
        .chunks(size.max(1))
        .map(|chunk| {
            let elems = chunk.to_vec();
            Datum::Array(Arc::new(ArrayValue { elem_type, dims: shape.clone(), elems }))
        })
        .collect()
}
