//! TableFuncScan: JSON_TABLE.
use super::{ExecNode, NodeSpec, Projection};
use crate::{
    Cx,
    batch::{Batch, RowView, Rows},
    expr::{CExpr, all_hold},
    plan_spec::note,
};
use error::PgResult;
use fmgr::{PathCall, PathResult, PathVariable};
use std::sync::Arc;
use types::{Datum, Oid};

/// The rows of one path, or of two siblings in turn.
pub(crate) enum JsonRows {
    Path(Box<JsonPathRows>),
    Siblings(Box<(JsonRows, JsonRows)>),
}

/// A path with the columns it computes.
pub(crate) struct JsonPathRows {
    pub(crate) path: Datum,
    pub(crate) error_on_error: bool,
    /// Range of columns.
    pub(crate) columns: std::ops::Range<usize>,
    pub(crate) child: Option<JsonRows>,
}

pub(crate) struct TableFuncScanSpec {
    pub(crate) document: CExpr,
    pub(crate) variables: Box<[(String, Oid, CExpr)]>,
    pub(crate) rows: JsonRows,
    /// Column values over the row item in `slot`; `None` for FOR ORDINALITY.
    pub(crate) columns: Box<[Option<CExpr>]>,
    pub(crate) slot: u32,
    pub(crate) qual: Box<[CExpr]>,
    pub(crate) projection: Projection,
    pub(crate) key: usize,
}

/// What is left of a path's rows.
struct PathState {
    found: std::vec::IntoIter<Datum>,
    /// NULL before the first and after the last row.
    current: Datum,
    ordinal: i32,
    child: Option<RowsState>,
}

enum RowsState {
    Path(Box<PathState>),
    Siblings(Box<(RowsState, RowsState)>),
}

struct TableFuncScan {
    spec: Arc<TableFuncScanSpec>,
    state: Option<RowsState>,
    variables: Vec<Datum>,
    row: Vec<Datum>,
    started: bool,
}

impl NodeSpec for TableFuncScanSpec {
    fn start(self: Arc<Self>, _cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        Ok(Box::new(TableFuncScan {
            spec: self,
            state: None,
            variables: Vec::new(),
            row: Vec::new(),
            started: false,
        }))
    }
}

impl JsonRows {
    fn state(&self) -> RowsState {
        match self {
            JsonRows::Path(path) => RowsState::Path(Box::new(PathState {
                found: Vec::new().into_iter(),
                current: Datum::Null,
                ordinal: 0,
                child: path.child.as_ref().map(JsonRows::state),
            })),
            JsonRows::Siblings(pair) => {
                RowsState::Siblings(Box::new((pair.0.state(), pair.1.state())))
            }
        }
    }
}

/// What evaluating a path needs besides its document.
struct Paths<'a> {
    spec: &'a TableFuncScanSpec,
    variables: &'a [Datum],
}

impl Paths<'_> {
    /// Starts over with the items that the path finds in a document.
    fn reset(
        &self,
        rows: &JsonRows,
        state: &mut RowsState,
        document: &Datum,
        cx: &Cx<'_>,
    ) -> PgResult<()> {
        match (rows, state) {
            (JsonRows::Path(path), RowsState::Path(state)) => {
                let variables: Vec<PathVariable<'_>> = self
                    .spec
                    .variables
                    .iter()
                    .zip(self.variables)
                    .map(|((name, typ, _), value)| PathVariable {
                        name,
                        typ: *typ,
                        value: value.clone(),
                    })
                    .collect();
                let call = PathCall {
                    session: cx.session,
                    document,
                    path: &path.path,
                    variables: &variables,
                    column: None,
                    soft: !path.error_on_error,
                };
                let found = match cx.session.sql_json()?.path_rows(&call)? {
                    PathResult::Found(found) => found,
                    PathResult::Empty | PathResult::Failed => Vec::new(),
                };
                state.found = found.into_iter();
                state.current = Datum::Null;
                state.ordinal = 0;
            }
            (JsonRows::Siblings(rows), RowsState::Siblings(states)) => {
                self.reset(&rows.0, &mut states.0, document, cx)?;
                self.reset(&rows.1, &mut states.1, document, cx)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Moves to the next row; a row without nested rows stands alone.
    fn next(&self, rows: &JsonRows, state: &mut RowsState, cx: &Cx<'_>) -> PgResult<bool> {
        match (rows, state) {
            (JsonRows::Path(path), RowsState::Path(state)) => {
                let state = &mut **state;
                if let (false, Some(rows), Some(child)) =
                    (state.current.is_null(), &path.child, &mut state.child)
                {
                    if self.next(rows, child, cx)? {
                        return Ok(true);
                    }
                }
                let Some(item) = state.found.next() else {
                    state.current = Datum::Null;
                    return Ok(false);
                };
                state.current = item;
                state.ordinal += 1;
                if let (Some(rows), Some(child)) = (&path.child, &mut state.child) {
                    self.reset(rows, child, &state.current, cx)?;
                    self.next(rows, child, cx)?;
                }
                Ok(true)
            }
            (JsonRows::Siblings(rows), RowsState::Siblings(states)) => {
                Ok(self.next(&rows.0, &mut states.0, cx)?
                    || self.next(&rows.1, &mut states.1, cx)?)
            }
            _ => Ok(false),
        }
    }

    /// Puts the columns of the current row into `out`.
    fn columns(
        &self,
        rows: &JsonRows,
        state: &RowsState,
        out: &mut [Datum],
        cx: &mut Cx<'_>,
    ) -> PgResult<()> {
        match (rows, state) {
            (JsonRows::Path(path), RowsState::Path(state)) => {
                for n in path.columns.clone() {
                    out[n] = match &self.spec.columns[n] {
                        _ if state.current.is_null() => Datum::Null,
                        Some(expr) => {
                            cx.es.case_values[self.spec.slot as usize] = state.current.clone();
                            expr.eval(&Rows::NONE, cx)?
                        }
                        None => Datum::Int4(state.ordinal),
                    };
                }
                if let (Some(rows), Some(child)) = (&path.child, &state.child) {
                    self.columns(rows, child, out, cx)?;
                }
            }
            (JsonRows::Siblings(rows), RowsState::Siblings(states)) => {
                self.columns(&rows.0, &states.0, out, cx)?;
                self.columns(&rows.1, &states.1, out, cx)?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl TableFuncScan {
    fn open(&mut self, cx: &mut Cx<'_>) -> PgResult<()> {
        let spec = self.spec.clone();
        self.variables.clear();
        let document = spec.document.eval(&Rows::NONE, cx)?;
        if document.is_null() {
            return Ok(());
        }
        for (_, _, value) in &spec.variables {
            let value = value.eval(&Rows::NONE, cx)?;
            self.variables.push(value);
        }
        let mut state = spec.rows.state();
        let paths = Paths { spec: &spec, variables: &self.variables };
        paths.reset(&spec.rows, &mut state, &document, cx)?;
        self.state = Some(state);
        Ok(())
    }
}

impl ExecNode for TableFuncScan {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let spec = self.spec.clone();
        out.reset(spec.projection.width());
        if !self.started {
            self.started = true;
            self.open(cx)?;
        }
        let paths = Paths { spec: &spec, variables: &self.variables };
        let mut steps = 0usize;
        while out.len() < max_rows {
            let Some(state) = &mut self.state else { break };
            if !paths.next(&spec.rows, state, cx)? {
                self.state = None;
                break;
            }
            self.row.clear();
            self.row.resize(spec.columns.len(), Datum::Null);
            paths.columns(&spec.rows, state, &mut self.row, cx)?;
            let rows = Rows::scan(RowView::Slice(&self.row));
            if all_hold(&spec.qual, &rows, cx)? {
                spec.projection.emit(&rows, cx, out)?;
            } else {
                note(cx, spec.key, |i| i.filtered += 1.0);
            }
            steps += 1;
            if steps & 1023 == 0 {
                cx.check_interrupts()?;
            }
        }
        Ok(!out.is_empty())
    }

    fn rescan(&mut self, _cx: &mut Cx<'_>, _changed: &[i32]) -> PgResult<()> {
        self.started = false;
        self.state = None;
        Ok(())
    }
}
