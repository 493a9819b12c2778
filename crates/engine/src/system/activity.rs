//! pg_stat_activity, pg_locks and counters.
use super::{core, optional_text, scalar, set, void};
use crate::{activity::ActivityState, session_core::SessionCore};
use catalog::CatalogRead;
use error::PgResult;
use fmgr::{CallContext, Registry, RowSource, VecRowSource};
use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
    time::UNIX_EPOCH,
};
use txn::{LockRow, LockTag};
use types::{ArrayValue, Datum, Oid, type_oid};

/// Seconds from 1970-01-01 to 2000-01-01.
const EPOCH_OFFSET_S: i64 = 946_684_800;

pub(super) fn register(r: &mut Registry) {
    set(r, "pg_stat_get_activity", stat_activity);
    set(r, "pg_lock_status", lock_status);
    scalar(r, "pg_blocking_pids", |cx, args| {
        let pids = core(cx)?.engine.store.locks().blocking_pids(args[0].as_i32());
        let elems = pids.into_iter().map(Datum::Int4).collect();
        Ok(Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::INT4, elems))))
    });
    scalar(r, "pg_isolation_test_session_is_blocked", |cx, args| {
        let (store, pid) = (&core(cx)?.engine.store, args[0].as_i32());
        let mut blockers = store.locks().blocking_pids(pid);
        blockers.extend(store.safe_snapshot_blocking_pids(pid));
        let asked = args[1].as_array();
        let blocked = blockers.iter().any(|p| asked.elems.iter().any(|e| e.as_i32() == *p));
        Ok(Datum::Bool(blocked))
    });
    set(r, "pg_stat_get_backend_idset", |cx, _| {
        let ids = core(cx)?.engine.sessions().iter().map(|s| Datum::Int4(s.slot as i32)).collect();
        Ok(VecRowSource::scalars(ids))
    });
    scalar(r, "pg_stat_clear_snapshot", |_, _| Ok(void()));
    scalar(r, "pg_stat_force_next_flush", |_, _| Ok(void()));
    scalar(r, "pg_stat_get_db_numbackends", |cx, args| {
        let database = args[0].as_oid();
        let n = core(cx)?.engine.sessions().iter().filter(|s| s.database == database).count();
        Ok(Datum::Int4(n as i32))
    });
    scalar(r, "pg_stat_get_db_xact_commit", |cx, args| {
        let stats = core(cx)?.engine.database_stats(args[0].as_oid());
        Ok(Datum::Int8(stats.xact_commit.load(Ordering::Relaxed) as i64))
    });
    scalar(r, "pg_stat_get_db_xact_rollback", |cx, args| {
        let stats = core(cx)?.engine.database_stats(args[0].as_oid());
        Ok(Datum::Int8(stats.xact_rollback.load(Ordering::Relaxed) as i64))
    });
}

fn stat_activity(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Box<dyn RowSource>> {
    let caller = core(cx)?;
    let wanted = match &args[0] {
        Datum::Int4(pid) => Some(*pid),
        _ => None,
    };
    let mut sessions = caller.engine.sessions();
    sessions.retain(|s| wanted.is_none_or(|pid| s.pid == pid));
    sessions.sort_by_key(|s| s.pid);
    let mut rows = Vec::with_capacity(sessions.len());
    for session in sessions {
        rows.push(activity_row(caller, &session)?);
    }
    Ok(VecRowSource::boxed(rows))
}

fn activity_row(caller: &SessionCore, s: &Arc<SessionCore>) -> PgResult<Vec<Datum>> {
    let (query, state, query_start, state_change) = s.activity.snapshot();
    let role = s.user.lock().authenticated;
    let me = caller.user.lock().current();
    let visible = caller.catalog.has_role_privileges(me, role)?;
    let hidden = |d: Datum| if visible { d } else { Datum::Null };
    let waiting = s.backend.waiting_for();
    let wait = match (&waiting, state) {
        (Some((tag, _)), _) => Some(("Lock", tag.type_name())),
        (None, ActivityState::Active) => None,
        (None, _) => Some(("Client", "ClientRead")),
    };
    let query_text = match visible {
        true => query.as_deref().unwrap_or_default().to_owned(),
        false => "<insufficient privilege>".to_owned(),
    };
    let (in_xact, xact_start) = {
        let x = s.xact.lock();
        (s.pid == caller.pid || x.block != crate::xact::Block::Idle, x.start)
    };
    let address = s.address.map(|a| a.ip());
    let mut row = vec![
        Datum::Oid(s.database),
        Datum::Int4(s.pid),
        Datum::Oid(role),
        Datum::text(&application_name(s, caller)),
        hidden(Datum::text(state.as_str())),
        Datum::text(&query_text),
        hidden(optional_text(wait.map(|w| w.0))),
        hidden(optional_text(wait.map(|w| w.1))),
        hidden(if in_xact { Datum::Int8(xact_start) } else { Datum::Null }),
        hidden(Datum::Int8(query_start)),
        hidden(Datum::Int8(s.activity.backend_start)),
        hidden(Datum::Int8(state_change)),
        hidden(address.map_or(Datum::Null, inet)),
        Datum::Null,
        hidden(Datum::Int4(s.address.map_or(-1, |a| i32::from(a.port())))),
        s.backend.current_xid().map_or(Datum::Null, |x| Datum::Oid(Oid(x as u32))),
        Datum::Null,
        Datum::text("client backend"),
        Datum::Bool(false),
    ];
    row.resize(31, Datum::Null);
    // gss_auth, gss_enc, gss_delegation
    for at in [25, 27, 28] {
        row[at] = Datum::Bool(false);
    }
    Ok(row)
}

/// Another session's settings may be locked by its statement: then the name is not known now.
fn application_name(s: &SessionCore, caller: &SessionCore) -> String {
    let _ = caller;
    match s.settings.try_lock() {
        Some(settings) => settings.typed().application_name.to_string(),
        None => String::new(),
    }
}

pub(super) fn inet(ip: IpAddr) -> Datum {
    let text = ip.to_string();
    let io = types::IoOptions::default();
    match types::io::text_in(type_oid::INET, -1, &text, &io) {
        Some(Ok(value)) => value,
        _ => Datum::Null,
    }
}

fn lock_status(cx: &mut CallContext<'_>, _: &mut [Datum]) -> PgResult<Box<dyn RowSource>> {
    let rows = core(cx)?.engine.store.locks().snapshot_of_locks();
    Ok(VecRowSource::boxed(rows.iter().map(lock_row).collect()))
}

fn lock_row(lock: &LockRow) -> Vec<Datum> {
    let mut row = vec![Datum::Null; 16];
    row[0] = Datum::text(lock.tag.type_name());
    let oid = |o: u32| Datum::Oid(Oid(o));
    match lock.tag {
        LockTag::Relation { db, oid: relation } => {
            row[1] = oid(db);
            row[2] = oid(relation);
        }
        LockTag::Transaction { xid } => row[6] = oid(xid as u32),
        LockTag::Object { db, class, oid: object, sub } => {
            row[1] = oid(db);
            row[7] = oid(class);
            row[8] = oid(object);
            row[9] = Datum::Int2(sub as i16);
        }
        LockTag::Advisory { db, key1, key2, kind } => {
            row[1] = oid(db);
            row[7] = oid(key1);
            row[8] = oid(key2);
            row[9] = Datum::Int2(kind as i16);
        }
        _ => {}
    }
    row[10] = Datum::text(&format!("{}/{}", lock.pid, lock.xid.unwrap_or(0)));
    row[11] = Datum::Int4(lock.pid);
    row[12] = Datum::text(lock.mode.name());
    row[13] = Datum::Bool(lock.granted);
    row[14] = Datum::Bool(lock.fastpath);
    row[15] = lock.wait_start.map_or(Datum::Null, |t| {
        let us = t.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as i64;
        Datum::Int8(us - EPOCH_OFFSET_S * 1_000_000)
    });
    row
}
