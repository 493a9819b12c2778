//! COPY: what is copied, from or to where; the work is in `copy_in` and `copy_out`.
use crate::{
    context::StatementContext,
    copy_options::{ColumnSet, CopyFormat, CopyOptions},
    portal::{Portal, Run},
    portal_run::Outcome,
    sink::ResultSink,
};
use catalog::{CatalogRead, RelationDesc};
use error::{PgResult, bail, err, not_supported};
use parser::ast::{CopyStmt, RangeVar};
use std::{fs::File, io::Read, sync::Arc};
use types::Oid;

pub(crate) use crate::{copy_in::CopyInRun, copy_out::CopyOutRun};

/// Bytes of a file read or written at a time.
const FILE_PIECE: usize = 256 * 1024;

/// A column that is copied.
#[derive(Clone, Debug)]
pub(crate) struct CopyColumn {
    pub(crate) name: String,
    /// From 1 in the table; 0 for a query's column.
    pub(crate) attnum: i16,
    pub(crate) typ: Oid,
    pub(crate) typmod: i32,
    pub(crate) force_quote: bool,
    pub(crate) force_not_null: bool,
    pub(crate) force_null: bool,
}

/// Starts a COPY.
pub(crate) fn start(
    cx: &StatementContext<'_>,
    portal: &mut Portal,
    stmt: &CopyStmt,
    sink: &mut dyn ResultSink,
) -> PgResult<Option<Outcome>> {
    let options = CopyOptions::new(stmt)?;
    check_file_access(cx, stmt)?;
    if stmt.filename.is_none() && portal.nested {
        return Err(not_supported!("COPY to or from the client inside a function"));
    }
    let binary = options.format == CopyFormat::Binary;
    if stmt.is_from {
        let mut run = CopyInRun::start(cx, stmt, options)?;
        let Some(path) = &stmt.filename else {
            sink.copy_in(binary, run.width());
            portal.run = Run::CopyIn(Box::new(run));
            return Ok(None);
        };
        let rows = read_file(cx, &mut run, path).and_then(|()| run.finish(cx))?;
        portal.run = Run::Done;
        return Ok(Some(Outcome::Complete(Some(format!("COPY {rows}")))));
    }
    let mut run = CopyOutRun::start(cx, portal, stmt, options)?;
    let Some(path) = &stmt.filename else {
        sink.copy_out(binary, run.width());
        portal.run = Run::CopyOut(Box::new(run));
        return Ok(None);
    };
    let rows = write_file(cx, &mut run, path)?;
    portal.run = Run::Done;
    Ok(Some(Outcome::Complete(Some(format!("COPY {rows}")))))
}

fn read_file(cx: &StatementContext<'_>, run: &mut CopyInRun, path: &str) -> PgResult<()> {
    let io = |e: std::io::Error, action: &str| {
        let state = match e.kind() {
            std::io::ErrorKind::NotFound => error::SqlState::UNDEFINED_FILE,
            std::io::ErrorKind::PermissionDenied => error::SqlState::INSUFFICIENT_PRIVILEGE,
            _ => error::SqlState::IO_ERROR,
        };
        error::PgError::new(state, format!("could not {action} \"{path}\": {}", reason(&e)))
    };
    let mut file = File::open(path).map_err(|e| {
        io(e, "open file").hint(
            "COPY FROM instructs the PostgreSQL server process to read a file. You may want a client-side facility such as psql's \\copy.",
        )
    })?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        bail!(WRONG_OBJECT_TYPE, "\"{path}\" is a directory");
    }
    let mut buffer = vec![0; FILE_PIECE];
    loop {
        let n = file.read(&mut buffer).map_err(|e| io(e, "read from COPY file"))?;
        if n == 0 {
            return Ok(());
        }
        cx.core.backend.cancel.check()?;
        run.data(cx, &buffer[..n])?;
    }
}

/// The system's words for an error, without its number.
fn reason(e: &std::io::Error) -> String {
    let text = e.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

fn write_file(cx: &StatementContext<'_>, run: &mut CopyOutRun, path: &str) -> PgResult<u64> {
    if !path.starts_with('/') {
        bail!(INVALID_NAME, "relative path not allowed for COPY to file");
    }
    let failed = |e: std::io::Error| {
        err!(IO_ERROR, "could not open file \"{path}\" for writing: {}", reason(&e)).hint(
            "COPY TO instructs the PostgreSQL server process to write a file. You may want a client-side facility such as psql's \\copy.",
        )
    };
    let mut sink = FileSink {
        file: std::io::BufWriter::with_capacity(FILE_PIECE, File::create(path).map_err(failed)?),
        error: None,
    };
    while run.step_to(cx, &mut |data| sink.write(data))? {
        if let Some(e) = sink.error.take() {
            return Err(err!(IO_ERROR, "could not write to COPY file: {}", reason(&e)));
        }
    }
    use std::io::Write;
    sink.file
        .flush()
        .map_err(|e| err!(IO_ERROR, "could not write to COPY file: {}", reason(&e)))?;
    Ok(run.rows())
}

struct FileSink {
    file: std::io::BufWriter<File>,
    error: Option<std::io::Error>,
}

impl FileSink {
    fn write(&mut self, data: &[u8]) {
        use std::io::Write;
        if let Err(e) = self.file.write_all(data) {
            self.error.get_or_insert(e);
        }
    }
}

fn check_file_access(cx: &StatementContext<'_>, stmt: &CopyStmt) -> PgResult<()> {
    if stmt.is_program {
        return Err(not_supported!("COPY with PROGRAM"));
    }
    if stmt.filename.is_none() || cx.core.is_superuser()? {
        return Ok(());
    }
    let (role, verb) = match stmt.is_from {
        true => ("pg_read_server_files", "from"),
        false => ("pg_write_server_files", "to"),
    };
    let user = cx.core.user.lock().current();
    if let Some(role) = cx.catalog.lookup_role_by_name(role)?
        && cx.catalog.has_role_privileges(user, role.oid)?
    {
        return Ok(());
    }
    Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied to COPY {verb} a file")
        .detail(format!(
            "Only roles with privileges of the \"{role}\" role may COPY {verb} a file."
        ))
        .hint(
            "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
        ))
}

/// The table of a COPY, locked.
pub(crate) fn open_relation(
    cx: &StatementContext<'_>,
    name: &RangeVar,
    mode: i32,
) -> PgResult<Arc<RelationDesc>> {
    let parts: Vec<String> = [&name.catalogname, &name.schemaname]
        .into_iter()
        .flatten()
        .cloned()
        .chain([name.relname.clone()])
        .collect();
    loop {
        let Some(oid) = cx.catalog.find_relation(&parts)? else {
            return Err(err!(UNDEFINED_TABLE, "relation \"{}\" does not exist", parts.join(".")));
        };
        cx.lock(oid, mode)?;
        // While the lock was waited for the name may have come to mean something else.
        if cx.catalog.find_relation(&parts)? == Some(oid) {
            return cx.catalog.get_relation(oid);
        }
    }
}

/// The columns of a table that are copied.
pub(crate) fn table_columns(
    relation: &RelationDesc,
    stmt: &CopyStmt,
    options: &CopyOptions,
) -> PgResult<Vec<CopyColumn>> {
    let mut columns = Vec::new();
    if stmt.attlist.is_empty() {
        for a in relation.attrs.iter().filter(|a| !a.dropped && a.generated == '\0') {
            columns.push(column(&a.name, a.num, a.typ, a.typmod));
        }
    } else {
        for name in &stmt.attlist {
            let Some(a) = relation.attr_by_name(name) else {
                bail!(
                    UNDEFINED_COLUMN,
                    "column \"{name}\" of relation \"{}\" does not exist",
                    relation.name
                );
            };
            if a.generated != '\0' {
                return Err(err!(
                    INVALID_COLUMN_REFERENCE,
                    "column \"{name}\" is a generated column"
                )
                .detail("Generated columns cannot be used in COPY."));
            }
            if columns.iter().any(|c: &CopyColumn| c.name == *name) {
                bail!(DUPLICATE_COLUMN, "column \"{name}\" specified more than once");
            }
            columns.push(column(&a.name, a.num, a.typ, a.typmod));
        }
    }
    let known = |name: &str| relation.attr_by_name(name).is_some();
    apply_sets(&mut columns, options, &relation.name, &known)?;
    Ok(columns)
}

fn column(name: &str, attnum: i16, typ: Oid, typmod: i32) -> CopyColumn {
    CopyColumn {
        name: name.to_owned(),
        attnum,
        typ,
        typmod,
        force_quote: false,
        force_not_null: false,
        force_null: false,
    }
}

/// The columns of a query that is copied.
pub(crate) fn query_columns(
    shape: &[crate::sink::ColumnDesc],
    options: &CopyOptions,
) -> PgResult<Vec<CopyColumn>> {
    let mut columns: Vec<CopyColumn> =
        shape.iter().map(|c| column(&c.name, 0, c.typ, c.typmod)).collect();
    apply_sets(&mut columns, options, "", &|name| shape.iter().any(|c| c.name == name))?;
    Ok(columns)
}

/// Marks the columns that FORCE options name.
fn apply_sets(
    columns: &mut [CopyColumn],
    options: &CopyOptions,
    relation: &str,
    known: &dyn Fn(&str) -> bool,
) -> PgResult<()> {
    type Setter = fn(&mut CopyColumn);
    let sets: [(&ColumnSet, &str, Setter); 3] = [
        (&options.force_quote, "FORCE_QUOTE", |c| c.force_quote = true),
        (&options.force_not_null, "FORCE_NOT_NULL", |c| c.force_not_null = true),
        (&options.force_null, "FORCE_NULL", |c| c.force_null = true),
    ];
    for (set, option, mark) in sets {
        match set {
            ColumnSet::None => {}
            ColumnSet::All => columns.iter_mut().for_each(mark),
            ColumnSet::Named(names) => {
                for name in names {
                    match columns.iter_mut().find(|c| c.name == *name) {
                        Some(column) => mark(column),
                        None if known(name) => bail!(
                            INVALID_COLUMN_REFERENCE,
                            "{option} column \"{name}\" not referenced by COPY"
                        ),
                        None if relation.is_empty() => {
                            bail!(UNDEFINED_COLUMN, "column \"{name}\" does not exist")
                        }
                        None => bail!(
                            UNDEFINED_COLUMN,
                            "column \"{name}\" of relation \"{relation}\" does not exist"
                        ),
                    }
                }
            }
        }
    }
    Ok(())
}
