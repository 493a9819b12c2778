//! Write-ahead log positions as numbers and segment names, and questions about logs and standbys that
//! a server without them answers.
use error::{PgError, PgResult, SqlState, bail, err};
use fmgr::{CallContext, FnContext, Registry};
use types::{
    Datum,
    numeric::{self, Num},
    type_oid as t,
};

/// Bytes of a segment where no setting says otherwise.
const SEGMENT_SIZE: u64 = 16 << 20;
/// There is one timeline.
const TIMELINE: u64 = 1;

fn segment_size(session: &dyn FnContext) -> u64 {
    let shown = session.get_setting("wal_segment_size");
    let megabytes = shown.as_deref().and_then(|s| s.strip_suffix("MB")?.parse::<u64>().ok());
    megabytes.map_or(SEGMENT_SIZE, |mb| mb << 20)
}

fn segments_per_id(size: u64) -> u64 {
    (1 << 32) / size
}

fn file_name(lsn: u64, size: u64) -> String {
    let segment = lsn / size;
    let per_id = segments_per_id(size);
    format!("{TIMELINE:08X}{:08X}{:08X}", segment / per_id, segment % per_id)
}

/// Timeline and segment number of a segment file's name.
fn split(name: &str, size: u64) -> PgResult<(u64, u64)> {
    let invalid = || err!(INVALID_PARAMETER_VALUE, "invalid WAL file name \"{name}\"");
    let upper = name.to_ascii_uppercase();
    if upper.len() != 24 || !upper.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(invalid());
    }
    let part = |at: usize| u64::from_str_radix(&upper[at..at + 8], 16).map_err(|_| invalid());
    let (timeline, id, low) = (part(0)?, part(8)?, part(16)?);
    Ok((timeline, id * segments_per_id(size) + low))
}

fn no_recovery() -> PgError {
    PgError::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "recovery is not in progress")
        .hint("Recovery control functions can only be executed during recovery.")
}

fn no_commit_timestamps() -> PgError {
    PgError::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "could not get commit timestamp data")
        .hint("Make sure the configuration parameter \"track_commit_timestamp\" is set.")
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("pg_wal_lsn_diff", |_cx, a| {
        let lsn = |d: &Datum| Num::from_i128(i128::from(d.as_i64() as u64));
        lsn(&a[0]).sub(&lsn(&a[1])).encode().map(Datum::Bytes)
    });
    r.scalar("pg_walfile_name", |cx, a| {
        Ok(Datum::text(&file_name(a[0].as_i64() as u64, segment_size(cx.session))))
    });
    r.scalar("pg_walfile_name_offset", |cx, a| {
        let (lsn, size) = (a[0].as_i64() as u64, segment_size(cx.session));
        Ok(super::record(vec![
            ("file_name", t::TEXT, Datum::text(&file_name(lsn, size))),
            ("file_offset", t::INT4, Datum::Int4((lsn % size) as i32)),
        ]))
    });
    r.scalar("pg_split_walfile_name", |cx, a| {
        let (timeline, segment) = split(a[0].as_str(), segment_size(cx.session))?;
        let number = numeric::from_i128(i128::from(segment));
        Ok(super::record(vec![
            ("segment_number", t::NUMERIC, Datum::Bytes(number)),
            ("timeline_id", t::INT8, Datum::Int8(timeline as i64)),
        ]))
    });
    // The server is never a standby.
    for name in
        ["pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_last_xact_replay_timestamp"]
    {
        r.scalar(name, |_cx, _a| Ok(Datum::Null));
    }
    for name in [
        "pg_is_wal_replay_paused",
        "pg_get_wal_replay_pause_state",
        "pg_wal_replay_pause",
        "pg_wal_replay_resume",
    ] {
        r.scalar(name, |_cx, _a| Err(no_recovery()));
    }
    r.scalar("pg_promote", |_cx, a| {
        if a[1].as_i32() <= 0 {
            bail!(NUMERIC_VALUE_OUT_OF_RANGE, "\"wait_seconds\" must not be negative or zero");
        }
        Err(no_recovery())
    });
    // Commits are not stamped with their time.
    for name in
        ["pg_xact_commit_timestamp", "pg_xact_commit_timestamp_origin", "pg_last_committed_xact"]
    {
        r.scalar(name, |_cx, _a| Err(no_commit_timestamps()));
    }
    // Messages go to standard error; there is no collector.
    r.scalar("pg_current_logfile", |_cx, _a| Ok(Datum::Null));
    r.scalar("pg_current_logfile_1arg", current_log_of);
    r.scalar("pg_rotate_logfile", |cx, _a| {
        cx.session.notice(PgError::warning(
            SqlState::WARNING,
            "rotation not possible because log collection not active",
        ));
        Ok(Datum::Bool(false))
    });
    // Not built with libnuma.
    r.scalar("pg_numa_available", |_cx, _a| Ok(Datum::Bool(false)));
}

fn current_log_of(_cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let format = a[0].as_str();
    if !a[0].is_null() && !matches!(format, "stderr" | "csvlog" | "jsonlog") {
        return Err(err!(INVALID_PARAMETER_VALUE, "log format \"{format}\" is not supported")
            .hint("The supported log formats are \"stderr\", \"csvlog\", and \"jsonlog\"."));
    }
    Ok(Datum::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_segments() {
        assert_eq!(file_name(SEGMENT_SIZE + 1, SEGMENT_SIZE), "000000010000000000000001");
        assert_eq!(
            split("ffffffFF00000001000000af", SEGMENT_SIZE).unwrap(),
            (0xffff_ffff, 256 + 175)
        );
        assert!(split("invalid", SEGMENT_SIZE).is_err());
    }
}
