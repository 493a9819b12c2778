//! COPY TO: rows of a table or query as lines or binary records.
use crate::{
    context::StatementContext,
    copy::{self, CopyColumn},
    copy_options::{CopyFormat, CopyOptions, Header},
    copy_text,
    portal::Portal,
    query_run::QueryRun,
    sink::ResultSink,
    statement::CachedStatement,
};
use error::{PgResult, bail, err};
use fmgr::FnContext;
use parser::ast::{CopyStmt, RawStmt, Stmt};
use std::sync::Arc;
use types::Datum;

/// How a binary COPY begins, with its flags and the length of its header's extension.
pub(crate) const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Rows asked of the executor at a time.
const ROWS: usize = 1024;

/// A COPY TO in the course of execution.
pub(crate) struct CopyOutRun {
    options: CopyOptions,
    columns: Vec<CopyColumn>,
    run: QueryRun,
    line: Vec<u8>,
    scratch: Vec<u8>,
    rows: u64,
    begun: bool,
    /// Whether the header of a binary COPY was sent.
    headed: bool,
    done: bool,
}

impl CopyOutRun {
    /// Starts the query.
    pub(crate) fn start(
        cx: &StatementContext<'_>,
        portal: &Portal,
        stmt: &CopyStmt,
        options: CopyOptions,
    ) -> PgResult<CopyOutRun> {
        let text = &portal.statement.text;
        let (query, columns) = match (&stmt.query, &stmt.relation) {
            (Some(query), _) => ((**query).clone(), None),
            (None, Some(name)) => {
                let relation = copy::open_relation(cx, name, 1)?;
                check_relkind(&relation)?;
                let columns = copy::table_columns(&relation, stmt, &options)?;
                let query = select_of(cx, &relation, &columns)?;
                (query, Some(columns))
            }
            _ => return Err(error::PgError::internal("COPY of nothing")),
        };
        if crate::statement::is_select_into(&query) {
            bail!(FEATURE_NOT_SUPPORTED, "COPY (SELECT INTO) is not supported");
        }
        let raw = RawStmt { stmt: query, stmt_location: 0, stmt_len: 0 };
        let types = portal.statement.param_types.clone();
        let statement = CachedStatement::analyze_inner(cx, text, Arc::new(raw), types, false)?;
        let Some(shape) = statement.columns.clone() else {
            return Err(err!(FEATURE_NOT_SUPPORTED, "COPY query must have a RETURNING clause"));
        };
        let columns = match columns {
            Some(columns) => columns,
            None => copy::query_columns(&shape, &options)?,
        };
        let run = QueryRun::start(cx, &statement, portal.params.clone())?;
        Ok(CopyOutRun {
            options,
            columns,
            run,
            line: Vec::new(),
            scratch: Vec::new(),
            rows: 0,
            begun: false,
            headed: false,
            done: false,
        })
    }

    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Rows sent.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Sends some rows; false at the end.
    pub(crate) fn step(
        &mut self,
        cx: &StatementContext<'_>,
        sink: &mut dyn ResultSink,
    ) -> PgResult<bool> {
        self.step_to(cx, &mut |data| sink.copy_data(data))
    }

    /// Hands some rows to `send`, one piece each; false at the end.
    pub(crate) fn step_to(
        &mut self,
        cx: &StatementContext<'_>,
        send: &mut dyn FnMut(&[u8]),
    ) -> PgResult<bool> {
        if self.done {
            return Ok(false);
        }
        if !self.begun {
            self.begun = true;
            self.begin(send);
        }
        if !self.run.fill(cx, ROWS)? {
            self.done = true;
            if self.options.format == CopyFormat::Binary {
                self.start_line();
                self.line.extend_from_slice(&[0xff, 0xff]);
                send(&self.line);
            }
            return Ok(false);
        }
        // A few rows at a time, so that the sink can be emptied in between.
        let from = self.run.rows().1;
        let to = self.run.rows().0.len().min(from + 64);
        for row in from..to {
            self.start_line();
            let batch = self.run.rows().0;
            let value = |i: usize| batch.get(row, i);
            match self.options.format {
                CopyFormat::Binary => {
                    binary_row(cx, &self.columns, value, &mut self.line)?;
                }
                _ => text_row(
                    cx,
                    &self.options,
                    &self.columns,
                    value,
                    &mut self.scratch,
                    &mut self.line,
                )?,
            }
            send(&self.line);
        }
        self.rows += (to - from) as u64;
        self.run.consume(to - from);
        Ok(true)
    }

    /// Empties the line; the first one of a binary COPY begins with the header, which clients do not
    /// expect to come alone.
    fn start_line(&mut self) {
        self.line.clear();
        if self.options.format == CopyFormat::Binary && !std::mem::replace(&mut self.headed, true) {
            self.line.extend_from_slice(BINARY_HEADER);
        }
    }

    fn begin(&mut self, send: &mut dyn FnMut(&[u8])) {
        if self.options.format == CopyFormat::Binary || self.options.header == Header::No {
            return;
        }
        self.line.clear();
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                self.line.push(self.options.delimiter);
            }
            let (name, alone) = (column.name.as_bytes(), self.columns.len() == 1);
            match self.options.format {
                CopyFormat::Csv => {
                    copy_text::write_csv(name, false, alone, &self.options, &mut self.line);
                }
                _ => copy_text::write_text(name, &self.options, &mut self.line),
            }
        }
        self.line.push(b'\n');
        send(&self.line);
    }
}

fn text_row<'r>(
    cx: &StatementContext<'_>,
    options: &CopyOptions,
    columns: &[CopyColumn],
    value: impl Fn(usize) -> &'r Datum,
    scratch: &mut Vec<u8>,
    line: &mut Vec<u8>,
) -> PgResult<()> {
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            line.push(options.delimiter);
        }
        let datum = value(i);
        if datum.is_null() {
            line.extend_from_slice(options.null.as_bytes());
            continue;
        }
        scratch.clear();
        cx.type_output(column.typ, datum, scratch)?;
        match options.format {
            CopyFormat::Csv => {
                let alone = columns.len() == 1;
                copy_text::write_csv(scratch, column.force_quote, alone, options, line);
            }
            _ => copy_text::write_text(scratch, options, line),
        }
    }
    line.push(b'\n');
    Ok(())
}

fn binary_row<'r>(
    cx: &StatementContext<'_>,
    columns: &[CopyColumn],
    value: impl Fn(usize) -> &'r Datum,
    line: &mut Vec<u8>,
) -> PgResult<()> {
    line.extend_from_slice(&(columns.len() as i16).to_be_bytes());
    for (i, column) in columns.iter().enumerate() {
        let datum = value(i);
        if datum.is_null() {
            line.extend_from_slice(&(-1i32).to_be_bytes());
            continue;
        }
        let at = line.len();
        line.extend_from_slice(&[0; 4]);
        cx.type_send(column.typ, datum, line)?;
        let length = (line.len() - at - 4) as u32;
        line[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

fn check_relkind(relation: &catalog::RelationDesc) -> PgResult<()> {
    let name = &relation.name;
    let query = "Try the COPY (SELECT ...) TO variant.";
    let refuse =
        |what: &str| Err(err!(WRONG_OBJECT_TYPE, "cannot copy from {what} \"{name}\"").hint(query));
    match relation.relkind {
        'r' => Ok(()),
        'm' if relation.is_populated => Ok(()),
        'm' => Err(err!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot copy from unpopulated materialized view \"{name}\""
        )
        .hint("Use the REFRESH MATERIALIZED VIEW command.")),
        'v' => refuse("view"),
        'f' => refuse("foreign table"),
        'S' => Err(err!(WRONG_OBJECT_TYPE, "cannot copy from sequence \"{name}\"")),
        'p' => refuse("partitioned table"),
        _ => Err(err!(WRONG_OBJECT_TYPE, "cannot copy from non-table relation \"{name}\"")),
    }
}

/// The SELECT that a COPY of a table stands for: its own rows only.
fn select_of(
    cx: &StatementContext<'_>,
    relation: &catalog::RelationDesc,
    columns: &[CopyColumn],
) -> PgResult<Stmt> {
    use catalog::{CatalogRead, quote_identifier, quote_qualified};
    let schema = cx.catalog.namespace_name(relation.namespace)?.unwrap_or_default();
    let list: Vec<String> = columns.iter().map(|c| quote_identifier(&c.name)).collect();
    let sql = format!(
        "SELECT {} FROM ONLY {}",
        list.join(", "),
        quote_qualified(Some(&schema), &relation.name)
    );
    let mut statements = parser::parse(&sql, &Default::default())?;
    match statements.pop() {
        Some(raw) => Ok(raw.stmt),
        None => Err(error::PgError::internal("COPY made no query")),
    }
}
