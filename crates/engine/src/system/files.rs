//! Files of the server as SQL sees them: pg_read_file, pg_read_binary_file, pg_stat_file, pg_ls_dir.
use super::{core, scalar, set};
use error::{PgError, PgResult, SqlState, bail, err};
use fmgr::{CallContext, Registry, RowSource, VecRowSource};
use std::{
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};
use types::{Datum, RecordDesc, RecordField, RecordValue, type_oid as t};

pub(super) fn register(r: &mut Registry) {
    // One body for all forms: the number of arguments says which it is.
    for (text, bytes) in [
        ("pg_read_file_all", "pg_read_binary_file_all"),
        ("pg_read_file_all_missing", "pg_read_binary_file_all_missing"),
        ("pg_read_file_off_len", "pg_read_binary_file_off_len"),
        ("pg_read_file_off_len_missing", "pg_read_binary_file_off_len_missing"),
    ] {
        scalar(r, text, read_text);
        scalar(r, bytes, |cx, a| Ok(read(cx, a)?.map_or(Datum::Null, |b| Datum::bytes(&b))));
    }
    scalar(r, "pg_stat_file", stat);
    scalar(r, "pg_stat_file_1arg", stat);
    set(r, "pg_ls_dir", list);
    set(r, "pg_ls_dir_1arg", list);
}

/// The path a caller may use: any for superusers, else one within the data directory.
fn resolve(cx: &CallContext<'_>, name: &str) -> PgResult<PathBuf> {
    let core = core(cx)?;
    let path = Path::new(name);
    if !core.is_superuser()? {
        if path.is_absolute() {
            bail!(INSUFFICIENT_PRIVILEGE, "absolute path not allowed");
        }
        if path.components().any(|c| c == Component::ParentDir) {
            bail!(INSUFFICIENT_PRIVILEGE, "path must be in or below the data directory");
        }
    }
    let base = core.engine.data_directory().cloned().unwrap_or_default();
    Ok(base.join(path))
}

/// The operating system's refusal, in its words.
fn os_error(e: &std::io::Error, what: &str) -> PgError {
    let (state, reason) = match e.kind() {
        ErrorKind::NotFound => (SqlState::UNDEFINED_FILE, "No such file or directory"),
        ErrorKind::PermissionDenied => (SqlState::INSUFFICIENT_PRIVILEGE, "Permission denied"),
        ErrorKind::IsADirectory => (SqlState::WRONG_OBJECT_TYPE, "Is a directory"),
        ErrorKind::NotADirectory => (SqlState::WRONG_OBJECT_TYPE, "Not a directory"),
        _ => (SqlState::IO_ERROR, "Input/output error"),
    };
    PgError::new(state, format!("{what}: {reason}"))
}

/// `None` where the error is that there is no such file, and that is allowed.
fn found<T>(
    result: std::io::Result<T>,
    missing_ok: bool,
    what: impl FnOnce() -> String,
) -> PgResult<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if missing_ok && e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(os_error(&e, &what())),
    }
}

/// (name [, offset, length] [, missing_ok])
fn read(cx: &CallContext<'_>, a: &[Datum]) -> PgResult<Option<Vec<u8>>> {
    let name = a[0].as_str();
    let range = match a {
        [_, offset, length, ..] => Some((offset.as_i64(), length.as_i64())),
        _ => None,
    };
    if range.is_some_and(|(_, length)| length < 0) {
        bail!(INVALID_PARAMETER_VALUE, "requested length cannot be negative");
    }
    let missing_ok = a.len().is_multiple_of(2) && a.last().is_some_and(Datum::as_bool);
    let path = resolve(cx, name)?;
    let opening = || format!("could not open file \"{name}\" for reading");
    let Some(mut file) = found(std::fs::File::open(path), missing_ok, opening)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    let reading = |e: std::io::Error| os_error(&e, &format!("could not read file \"{name}\""));
    match range {
        None => file.read_to_end(&mut bytes).map_err(reading)?,
        Some((offset, length)) => {
            // A negative offset counts from the end.
            let from = match u64::try_from(offset) {
                Ok(offset) => SeekFrom::Start(offset),
                Err(_) => SeekFrom::End(offset),
            };
            file.seek(from)
                .map_err(|e| os_error(&e, &format!("could not seek in file \"{name}\"")))?;
            file.take(length as u64).read_to_end(&mut bytes).map_err(reading)?
        }
    };
    Ok(Some(bytes))
}

fn read_text(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    match read(cx, a)? {
        Some(bytes) => Ok(Datum::text(types::text::validate(&bytes)?)),
        None => Ok(Datum::Null),
    }
}

fn timestamp(time: std::io::Result<SystemTime>) -> Datum {
    const EPOCH_SECONDS: i64 = 946_684_800;
    let since = time.ok().and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map_or(Datum::Null, |d| Datum::Int8(d.as_micros() as i64 - EPOCH_SECONDS * 1_000_000))
}

fn stat(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let name = a[0].as_str();
    let missing_ok = a.get(1).is_some_and(Datum::as_bool);
    let path = resolve(cx, name)?;
    let meta =
        found(std::fs::metadata(path), missing_ok, || format!("could not stat file \"{name}\""))?;
    let Some(meta) = meta else { return Ok(Datum::Null) };
    use std::os::unix::fs::MetadataExt;
    let change = SystemTime::UNIX_EPOCH
        + std::time::Duration::new(meta.ctime().max(0) as u64, meta.ctime_nsec() as u32);
    let fields = vec![
        Datum::Int8(meta.len() as i64),
        timestamp(meta.accessed()),
        timestamp(meta.modified()),
        timestamp(Ok(change)),
        // Known on Windows only.
        Datum::Null,
        Datum::Bool(meta.is_dir()),
    ];
    let columns = [
        ("size", t::INT8),
        ("access", t::TIMESTAMPTZ),
        ("modification", t::TIMESTAMPTZ),
        ("change", t::TIMESTAMPTZ),
        ("creation", t::TIMESTAMPTZ),
        ("isdir", t::BOOL),
    ]
    .map(|(name, typ)| RecordField { name: name.to_string(), typ, typmod: -1 });
    let desc = RecordDesc { type_id: t::RECORD, fields: Vec::from(columns) };
    Ok(Datum::Record(Arc::new(RecordValue { desc: Arc::new(desc), fields })))
}

/// (directory [, missing_ok, include_dot_dirs])
fn list(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Box<dyn RowSource>> {
    let name = a[0].as_str();
    // Both may be NULL, which stands for their defaults.
    let flag = |n: usize| a.get(n).is_some_and(|v| !v.is_null() && v.as_bool());
    let path = resolve(cx, name)?;
    let entries =
        found(std::fs::read_dir(path), flag(1), || format!("could not open directory \"{name}\""))?;
    let Some(entries) = entries else { return Ok(VecRowSource::scalars(Vec::new())) };
    let mut names: Vec<Datum> = Vec::new();
    if flag(2) {
        names.extend([Datum::text("."), Datum::text("..")]);
    }
    for entry in entries {
        let entry =
            entry.map_err(|e| err!(IO_ERROR, "could not read directory \"{name}\": {e}"))?;
        names.push(Datum::text(&entry.file_name().to_string_lossy()));
    }
    Ok(VecRowSource::scalars(names))
}
