//! COPY FROM: lines or binary records into rows, and rows into a table by way of INSERT.
//!
//! Rows gather in batches; each batch is inserted by one run of
//! `INSERT INTO table (columns) SELECT columns FROM copy_data WHERE …`, in which `copy_data` is the
//! batch. Defaults, generated columns, constraints, triggers and partitions are thus INSERT's.
use crate::{
    context::StatementContext,
    copy::{self, CopyColumn},
    copy_options::{CopyFormat, CopyOptions, Header},
    copy_out::BINARY_HEADER,
    copy_text::{Fields, LineSplitter},
    query_run::{PlannedSet, compile, exec_settings, lock_query, plan_query, run_to_end},
};
use analyzer::{AnalyzeContext, EphemeralRelation};
use catalog::{RelationDesc, quote_identifier, quote_qualified};
use error::{PgError, PgResult, bail, err};
use executor::{BulkInserter, StandaloneExprs};
use fmgr::FnContext;
use parser::ast::{CopyStmt, Stmt};
use std::sync::Arc;
use types::Datum;

/// Rows inserted at once, unless they are large.
const BATCH_ROWS: usize = 1000;
const BATCH_BYTES: usize = 4 << 20;
/// The batch's name in the INSERT.
const SOURCE: &str = "copy_data";
/// Longest piece of a line shown in an error's context.
const CONTEXT_MAX: usize = 100;

/// Where rows go.
enum Target {
    /// Straight into a plain table.
    Bulk {
        inserter: Box<BulkInserter>,
        /// Defaults of the columns that are not copied: where they go, and how they are computed.
        defaults: Vec<(usize, StandaloneExprs)>,
    },
    /// By batches through an INSERT, which knows triggers, partitions and rules of views.
    Insert(Arc<PlannedSet>),
}

/// A COPY FROM in the course of execution.
pub(crate) struct CopyInRun {
    options: CopyOptions,
    relation: Arc<RelationDesc>,
    columns: Vec<CopyColumn>,
    target: Target,
    splitter: LineSplitter,
    fields: Fields,
    binary: Vec<u8>,
    binary_header: bool,
    binary_end: bool,
    header_pending: bool,
    /// The row being read.
    row: Vec<Datum>,
    batch: Vec<Vec<Datum>>,
    /// Line number of each row of the batch.
    lines: Vec<u64>,
    batch_bytes: usize,
    line: u64,
    processed: u64,
    skipped: u64,
}

impl CopyInRun {
    /// Checks the target and plans the INSERT.
    pub(crate) fn start(
        cx: &StatementContext<'_>,
        stmt: &CopyStmt,
        options: CopyOptions,
    ) -> PgResult<CopyInRun> {
        let Some(name) = &stmt.relation else {
            return Err(PgError::internal("COPY FROM without a table"));
        };
        let relation = copy::open_relation(cx, name, 3)?;
        check_relkind(&relation)?;
        if relation.persistence != 't' && cx.core.settings.lock().typed().transaction_read_only {
            bail!(READ_ONLY_SQL_TRANSACTION, "cannot execute COPY FROM in a read-only transaction");
        }
        let columns = copy::table_columns(&relation, stmt, &options)?;
        let target =
            match relation.relkind == 'r' && relation.triggers.is_empty() && !relation.row_security
            {
                true => bulk_target(cx, stmt, &relation, &columns)?,
                false => Target::Insert(plan_insert(cx, stmt, &relation, &columns)?),
            };
        cx.core.xact.lock().snapshot_taken = true;
        Ok(CopyInRun {
            header_pending: options.header != Header::No,
            options,
            relation,
            columns,
            target,
            splitter: LineSplitter::default(),
            fields: Fields::default(),
            binary: Vec::new(),
            binary_header: false,
            binary_end: false,
            row: Vec::new(),
            batch: Vec::new(),
            lines: Vec::new(),
            batch_bytes: 0,
            line: 0,
            processed: 0,
            skipped: 0,
        })
    }

    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Takes a piece of data.
    pub(crate) fn data(&mut self, cx: &StatementContext<'_>, data: &[u8]) -> PgResult<()> {
        if self.options.format == CopyFormat::Binary {
            self.binary.extend_from_slice(data);
            return self.take_records(cx, false);
        }
        self.splitter.push(data);
        self.take_lines(cx)
    }

    /// Data is complete: rows copied.
    pub(crate) fn finish(mut self, cx: &StatementContext<'_>) -> PgResult<u64> {
        if self.options.format == CopyFormat::Binary {
            self.take_records(cx, true)?;
        } else {
            self.splitter.finish();
            self.take_lines(cx)?;
        }
        self.flush(cx)?;
        if let Target::Bulk { inserter, .. } = &mut self.target {
            let rows = inserter.finish(cx, &cx.catalog);
            self.processed = rows.map_err(|e| e.context(format!("COPY {}", self.relation.name)))?;
        }
        if self.skipped > 0 && !self.options.silent {
            let n = self.skipped;
            cx.notice(PgError::notice(match n {
                1 => "1 row was skipped due to data type incompatibility".to_owned(),
                _ => format!("{n} rows were skipped due to data type incompatibility"),
            }));
        }
        Ok(self.processed)
    }

    // ---- text and CSV ----

    fn take_lines(&mut self, cx: &StatementContext<'_>) -> PgResult<()> {
        loop {
            let range = match self.splitter.next(&self.options) {
                Ok(Some(range)) => range,
                Ok(None) => return Ok(()),
                Err(e) => {
                    let line = self.line + 1;
                    return Err(e.context(self.at_line(line)));
                }
            };
            self.line += 1;
            let line = self.splitter.line(range.clone());
            if let Err(e) = self.fields.split(line, &self.options) {
                return Err(self.with_line(e, range));
            }
            if std::mem::take(&mut self.header_pending) {
                if self.options.header == Header::Match {
                    self.check_header().map_err(|e| self.with_line(e, range))?;
                }
                continue;
            }
            match self.read_row(cx) {
                Ok(true) => self.take_row(cx, range.len())?,
                Ok(false) => {}
                Err((e, Some(column))) => return Err(self.with_column(e, column)),
                Err((e, None)) => return Err(self.with_line(e, range)),
            }
        }
    }

    /// Inserts the row that was read, or adds it to the batch; `size` is its length in the input.
    fn take_row(&mut self, cx: &StatementContext<'_>, size: usize) -> PgResult<()> {
        if let Target::Bulk { inserter, defaults } = &mut self.target {
            if self.line.is_multiple_of(BATCH_ROWS as u64) {
                cx.core.backend.cancel.check()?;
            }
            let result = insert_bulk(cx, inserter, defaults, &mut self.row);
            let line = self.line;
            return result.map_err(|e| e.context(self.at_line(line)));
        }
        self.batch_bytes += size;
        self.batch.push(std::mem::take(&mut self.row));
        self.lines.push(self.line);
        if self.batch.len() >= BATCH_ROWS || self.batch_bytes >= BATCH_BYTES {
            self.flush(cx)?;
        }
        Ok(())
    }

    /// Reads the row of the fields at hand; false if ON_ERROR skips it. Errors name the column if one is at
    /// fault.
    fn read_row(&mut self, cx: &StatementContext<'_>) -> Result<bool, (PgError, Option<usize>)> {
        let n = self.columns.len();
        if self.fields.len() > n && !(n == 0 && self.fields.len() == 1) {
            let e = err!(BAD_COPY_FILE_FORMAT, "extra data after last expected column");
            return Err((e, None));
        }
        self.row.clear();
        self.row.resize(self.relation.attrs.len(), Datum::Null);
        for i in 0..n {
            if i >= self.fields.len() {
                let missing = &self.columns[i].name;
                let e = err!(BAD_COPY_FILE_FORMAT, "missing data for column \"{missing}\"");
                return Err((e, None));
            }
            match self.read_field(cx, i) {
                Ok(value) => self.row[self.columns[i].attnum as usize - 1] = value,
                Err(e) if self.options.ignore_errors && e.is_soft() => {
                    self.skip(cx, i).map_err(|e| (e, Some(i)))?;
                    return Ok(false);
                }
                Err(e) => return Err((e, Some(i))),
            }
        }
        Ok(true)
    }

    fn read_field(&self, cx: &StatementContext<'_>, i: usize) -> PgResult<Datum> {
        let column = &self.columns[i];
        let field = self.fields.get(i);
        let text = match field.text {
            // FORCE_NOT_NULL reads the NULL string as text.
            None if column.force_not_null => self.options.null.as_bytes(),
            None => return null_value(cx, column),
            Some(text)
                if column.force_null && field.quoted && text == self.options.null.as_bytes() =>
            {
                return null_value(cx, column);
            }
            Some(text) => text,
        };
        if let Some(default) = &self.options.default
            && !field.quoted
            && text == default.as_bytes()
        {
            return self.default_value(cx, column);
        }
        let text = types::text::validate(text)?;
        cx.type_input(column.typ, column.typmod, text)
    }

    fn default_value(&self, cx: &StatementContext<'_>, column: &CopyColumn) -> PgResult<Datum> {
        let attr = self.relation.attr(column.attnum);
        match attr.and_then(|a| a.default.clone()) {
            Some(expr) => {
                let mut compiled = executor::StandaloneExprs::compile(
                    std::slice::from_ref(&*expr),
                    cx,
                    &cx.catalog,
                )?;
                compiled.eval_one(cx, &cx.catalog, &[])
            }
            None => Err(err!(INVALID_PARAMETER_VALUE, "unexpected default marker in COPY data")
                .detail(format!("Column \"{}\" has no default value.", column.name))),
        }
    }

    fn skip(&mut self, cx: &StatementContext<'_>, i: usize) -> PgResult<()> {
        self.skipped += 1;
        if let Some(limit) = self.options.reject_limit
            && self.skipped > limit as u64
        {
            bail!(
                INVALID_TEXT_REPRESENTATION,
                "skipped more than REJECT_LIMIT ({limit}) rows due to data type incompatibility"
            );
        }
        if self.options.verbose {
            let name = &self.columns[i].name;
            let value = match self.fields.get(i).text {
                Some(text) => format!("\"{}\"", shorten(text)),
                None => "null input".to_owned(),
            };
            cx.notice(PgError::notice(format!(
                "skipping row due to data type incompatibility at line {} for column \"{name}\": {value}",
                self.line
            )));
        }
        Ok(())
    }

    fn check_header(&self) -> PgResult<()> {
        if self.fields.len() != self.columns.len() {
            bail!(
                BAD_COPY_FILE_FORMAT,
                "wrong number of fields in header line: got {}, expected {}",
                self.fields.len(),
                self.columns.len()
            );
        }
        for (i, column) in self.columns.iter().enumerate() {
            match self.fields.get(i).text {
                None => bail!(
                    BAD_COPY_FILE_FORMAT,
                    "column name mismatch in header line field {}: got null value (\"{}\"), expected \"{}\"",
                    i + 1,
                    self.options.null,
                    column.name
                ),
                Some(name) if name != column.name.as_bytes() => bail!(
                    BAD_COPY_FILE_FORMAT,
                    "column name mismatch in header line field {}: got \"{}\", expected \"{}\"",
                    i + 1,
                    String::from_utf8_lossy(name),
                    column.name
                ),
                Some(_) => {}
            }
        }
        Ok(())
    }

    // ---- binary ----

    fn take_records(&mut self, cx: &StatementContext<'_>, complete: bool) -> PgResult<()> {
        let data = std::mem::take(&mut self.binary);
        let mut at = 0;
        let result = self.records(cx, &data, &mut at, complete);
        self.binary = data[at..].to_vec();
        result.map_err(|e| {
            let line = self.line + 1;
            e.context(self.at_line(line))
        })
    }

    fn records(
        &mut self,
        cx: &StatementContext<'_>,
        data: &[u8],
        at: &mut usize,
        complete: bool,
    ) -> PgResult<()> {
        if !self.binary_header {
            if data.len() < BINARY_HEADER.len() {
                return match complete {
                    true => Err(err!(BAD_COPY_FILE_FORMAT, "COPY file signature not recognized")),
                    false => Ok(()),
                };
            }
            *at = read_header(data)?;
            self.binary_header = true;
        }
        while !self.binary_end {
            let Some(length) = record_length(&data[*at..])? else {
                if complete && *at < data.len() {
                    bail!(BAD_COPY_FILE_FORMAT, "unexpected EOF in COPY data");
                }
                return Ok(());
            };
            let record = &data[*at..*at + length];
            *at += length;
            if record[..2] == [0xff, 0xff] {
                self.binary_end = true;
                break;
            }
            self.row = self.read_record(cx, record)?;
            self.line += 1;
            self.take_row(cx, length)?;
        }
        if *at < data.len() {
            bail!(BAD_COPY_FILE_FORMAT, "received copy data after EOF marker");
        }
        Ok(())
    }

    fn read_record(&self, cx: &StatementContext<'_>, record: &[u8]) -> PgResult<Vec<Datum>> {
        let mut r = types::binary::BinaryReader::new(record);
        let count = r.i16()?;
        if count as usize != self.columns.len() {
            bail!(
                BAD_COPY_FILE_FORMAT,
                "row field count is {count}, expected {}",
                self.columns.len()
            );
        }
        let mut row = vec![Datum::Null; self.relation.attrs.len()];
        for column in &self.columns {
            let length = r.i32()?;
            row[column.attnum as usize - 1] = match length {
                -1 => null_value(cx, column)?,
                n => {
                    let bytes = r.bytes(n as usize)?;
                    cx.type_receive(column.typ, column.typmod, bytes)?
                }
            };
        }
        Ok(row)
    }

    // ---- rows into the table ----

    fn flush(&mut self, cx: &StatementContext<'_>) -> PgResult<()> {
        self.batch_bytes = 0;
        if self.batch.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.batch);
        let lines = std::mem::take(&mut self.lines);
        let mut done = 0;
        let result = match &mut self.target {
            Target::Bulk { .. } => Ok(0),
            Target::Insert(plans) => insert(cx, plans, Arc::new(rows), &mut done),
        };
        match result {
            Ok(inserted) => {
                self.processed += inserted;
                Ok(())
            }
            Err(e) => {
                // Rows before the one at fault were counted as they went in.
                let line = lines.get(done as usize).or(lines.last()).copied().unwrap_or(0);
                Err(e.context(self.at_line(line)))
            }
        }
    }

    // ---- error contexts ----

    fn at_line(&self, line: u64) -> String {
        format!("COPY {}, line {line}", self.relation.name)
    }

    fn with_line(&self, e: PgError, range: std::ops::Range<usize>) -> PgError {
        let text = shorten(self.splitter.line(range));
        e.context(format!("COPY {}, line {}: \"{text}\"", self.relation.name, self.line))
    }

    fn with_column(&self, e: PgError, i: usize) -> PgError {
        let name = &self.columns[i].name;
        let value = match self.fields.get(i).text {
            Some(text) => format!("\"{}\"", shorten(text)),
            None => "null input".to_owned(),
        };
        e.context(format!(
            "COPY {}, line {}, column {name}: {value}",
            self.relation.name, self.line
        ))
    }
}

/// NULL of a column: a domain may refuse it.
fn null_value(cx: &StatementContext<'_>, column: &CopyColumn) -> PgResult<Datum> {
    use catalog::CatalogRead;
    // Built-in types but those of the information schema are no domains.
    if column.typ.0 < 10_000 {
        return Ok(Datum::Null);
    }
    let typ = cx.catalog.get_type(column.typ)?;
    if typ.typtype == 'd' {
        // The domain's input function checks NULL against its constraints.
        return cx.null_of_domain(column.typ);
    }
    Ok(Datum::Null)
}

fn shorten(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.len() <= CONTEXT_MAX {
        return text.into_owned();
    }
    let mut end = CONTEXT_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end])
}

fn check_relkind(relation: &RelationDesc) -> PgResult<()> {
    let name = &relation.name;
    match relation.relkind {
        'r' | 'p' => Ok(()),
        'v' if relation.has_triggers => Ok(()),
        'v' => Err(err!(WRONG_OBJECT_TYPE, "cannot copy to view \"{name}\"")
            .hint("To enable copying to a view, provide an INSTEAD OF INSERT trigger.")),
        'm' => Err(err!(WRONG_OBJECT_TYPE, "cannot copy to materialized view \"{name}\"")),
        'S' => Err(err!(WRONG_OBJECT_TYPE, "cannot copy to sequence \"{name}\"")),
        'f' => Err(err!(WRONG_OBJECT_TYPE, "cannot copy to foreign table \"{name}\"")),
        _ => Err(err!(WRONG_OBJECT_TYPE, "cannot copy to non-table relation \"{name}\"")),
    }
}

/// Makes rows go straight into a table.
fn bulk_target(
    cx: &StatementContext<'_>,
    stmt: &CopyStmt,
    relation: &Arc<RelationDesc>,
    columns: &[CopyColumn],
) -> PgResult<Target> {
    check_insert_privilege(cx, relation, columns)?;
    let filter = match &stmt.where_clause {
        Some(condition) => {
            let mut acx = AnalyzeContext { locker: cx, ..AnalyzeContext::new(&cx.catalog, cx, "") };
            Some(analyzer::relation_expr::transform_condition_for_relation(
                &mut acx,
                condition,
                relation,
                analyzer::ExprKind::CopyWhere,
            )?)
        }
        None => None,
    };
    let mut defaults = Vec::new();
    for attr in relation.attrs.iter() {
        let copied = columns.iter().any(|c| c.attnum == attr.num);
        if attr.dropped || attr.generated != '\0' || copied {
            continue;
        }
        let mut acx = AnalyzeContext { locker: cx, ..AnalyzeContext::new(&cx.catalog, cx, "") };
        let default = analyzer::Analyzer::new(&mut acx).build_column_default(relation, attr)?;
        if let Some(expr) = default {
            let compiled = StandaloneExprs::compile(&[expr], cx, &cx.catalog)?;
            defaults.push((attr.num as usize - 1, compiled));
        }
    }
    let inserter = BulkInserter::with_filter(
        relation,
        filter.as_ref(),
        &[],
        cx.core.txn()?,
        exec_settings(cx),
        cx,
        &cx.catalog,
    )?;
    Ok(Target::Bulk { inserter: Box::new(inserter), defaults })
}

fn check_insert_privilege(
    cx: &StatementContext<'_>,
    relation: &RelationDesc,
    columns: &[CopyColumn],
) -> PgResult<()> {
    executor::check_permissions(
        &cx.catalog,
        &[nodes::RTEPermissionInfo {
            relid: relation.oid,
            inh: false,
            required_perms: nodes::acl::INSERT,
            check_as_user: types::Oid::INVALID,
            selected_cols: Vec::new(),
            inserted_cols: columns.iter().map(|c| c.attnum).collect(),
            updated_cols: Vec::new(),
        }],
    )
}

fn insert_bulk(
    cx: &StatementContext<'_>,
    inserter: &mut BulkInserter,
    defaults: &mut [(usize, StandaloneExprs)],
    row: &mut [Datum],
) -> PgResult<()> {
    for (at, default) in defaults.iter_mut() {
        row[*at] = default.eval_one(cx, &cx.catalog, &[])?;
    }
    inserter.insert(cx, &cx.catalog, row)?;
    Ok(())
}

/// Plans the INSERT that a batch goes through.
fn plan_insert(
    cx: &StatementContext<'_>,
    stmt: &CopyStmt,
    relation: &RelationDesc,
    columns: &[CopyColumn],
) -> PgResult<Arc<PlannedSet>> {
    use catalog::CatalogRead;
    let schema = cx.catalog.namespace_name(relation.namespace)?.unwrap_or_default();
    let list: Vec<String> = columns.iter().map(|c| quote_identifier(&c.name)).collect();
    let list = list.join(", ");
    let target = quote_qualified(Some(&schema), &relation.name);
    let sql = match columns.is_empty() {
        true => format!("INSERT INTO {target} DEFAULT VALUES"),
        // COPY sets identity columns as INSERT does with OVERRIDING SYSTEM VALUE.
        false => format!(
            "INSERT INTO {target} ({list}) OVERRIDING SYSTEM VALUE SELECT {list} FROM {SOURCE} AS {}",
            quote_identifier(&relation.name)
        ),
    };
    let mut statements = parser::parse(&sql, &Default::default())?;
    let Some(mut raw) = statements.pop() else {
        return Err(PgError::internal("COPY made no INSERT"));
    };
    if let (Some(condition), Stmt::InsertStmt(insert)) = (&stmt.where_clause, &mut raw.stmt)
        && let Some(select) = insert.select_stmt.as_deref_mut()
    {
        select.where_clause = Some(condition.clone());
    }
    let ephemeral = [EphemeralRelation { name: SOURCE.to_owned(), relid: relation.oid }];
    let mut acx = AnalyzeContext {
        locker: cx,
        ephemeral: &ephemeral,
        ..AnalyzeContext::new(&cx.catalog, cx, &sql)
    };
    let mut query = analyzer::analyze(&mut acx, &raw)?;
    // Rules do not apply to COPY; views have been refused.
    query.can_set_tag = true;
    lock_query(cx, &query)?;
    let plan = Arc::new(plan_query(cx, &query, None, Default::default())?);
    Ok(Arc::new(PlannedSet { plans: vec![compile(cx, plan)?] }))
}

/// Inserts a batch; `done` counts the rows that went in before an error.
fn insert(
    cx: &StatementContext<'_>,
    plans: &Arc<PlannedSet>,
    rows: Arc<Vec<Vec<Datum>>>,
    done: &mut u64,
) -> PgResult<u64> {
    let mut inserted = 0;
    for planned in &plans.plans {
        let mut execution = planned.execute(cx, Arc::new([]), &mut |es| {
            es.named_stores.insert(SOURCE.to_owned(), rows.clone());
        })?;
        let result = run_to_end(cx, &mut execution);
        *done = execution.processed();
        result?;
        inserted += execution.processed();
    }
    cx.core.next_command()?;
    Ok(inserted)
}

/// Where the header's extension ends.
fn read_header(data: &[u8]) -> PgResult<usize> {
    if data[..11] != BINARY_HEADER[..11] {
        bail!(BAD_COPY_FILE_FORMAT, "COPY file signature not recognized");
    }
    let word = |at: usize| {
        data.get(at..at + 4).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    };
    let flags = word(11);
    if flags & 0x1_0000 != 0 {
        bail!(BAD_COPY_FILE_FORMAT, "invalid COPY file header (WITH OIDS)");
    }
    if flags >> 16 != 0 {
        bail!(BAD_COPY_FILE_FORMAT, "unrecognized critical flags in COPY file header");
    }
    let end = 19 + word(15) as usize;
    match end <= data.len() {
        true => Ok(end),
        false => Err(err!(BAD_COPY_FILE_FORMAT, "invalid COPY file header (wrong length)")),
    }
}

/// Length of the record at the front, if it is complete.
fn record_length(data: &[u8]) -> PgResult<Option<usize>> {
    let Some(count) = data.get(..2) else { return Ok(None) };
    let count = i16::from_be_bytes([count[0], count[1]]);
    let mut at = 2;
    for _ in 0..count.max(0) {
        let Some(b) = data.get(at..at + 4) else { return Ok(None) };
        let length = i32::from_be_bytes([b[0], b[1], b[2], b[3]]);
        if length < -1 {
            bail!(BAD_COPY_FILE_FORMAT, "invalid field size");
        }
        at += 4 + length.max(0) as usize;
        if at > data.len() {
            return Ok(None);
        }
    }
    Ok(Some(at))
}
