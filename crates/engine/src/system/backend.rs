//! Single facts about sessions: pg_stat_get_backend_*, current_query, the client's address.
use super::{activity::inet, core, optional_text, scalar, set};
use crate::{activity::ActivityState, session_core::SessionCore};
use catalog::CatalogRead;
use error::PgResult;
use fmgr::{CallContext, Registry, VecRowSource};
use std::sync::Arc;
use types::{Datum, Oid, type_oid};

pub(super) fn register(r: &mut Registry) {
    scalar(r, "current_query", |cx, _| {
        let (query, ..) = core(cx)?.activity.snapshot();
        Ok(optional_text(query.as_deref()))
    });
    scalar(r, "inet_client_addr", |cx, _| {
        Ok(core(cx)?.address.map_or(Datum::Null, |a| inet(a.ip())))
    });
    scalar(r, "inet_client_port", |cx, _| {
        Ok(core(cx)?.address.map_or(Datum::Null, |a| Datum::Int4(i32::from(a.port()))))
    });
    scalar(r, "pg_stat_get_backend_pid", |cx, a| of(cx, a, |_, s| Datum::Int4(s.pid)));
    scalar(r, "pg_stat_get_backend_dbid", |cx, a| of(cx, a, |_, s| Datum::Oid(s.database)));
    scalar(r, "pg_stat_get_backend_userid", |cx, a| {
        of(cx, a, |_, s| Datum::Oid(s.user.lock().authenticated))
    });
    scalar(r, "pg_stat_get_backend_activity", |cx, a| {
        of(cx, a, |visible, s| match visible {
            true => Datum::text(s.activity.snapshot().0.as_deref().unwrap_or_default()),
            false => Datum::text("<insufficient privilege>"),
        })
    });
    scalar(r, "pg_stat_get_backend_activity_start", |cx, a| {
        of_visible(cx, a, |s| Datum::Int8(s.activity.snapshot().2))
    });
    scalar(r, "pg_stat_get_backend_start", |cx, a| {
        of_visible(cx, a, |s| Datum::Int8(s.activity.backend_start))
    });
    scalar(r, "pg_stat_get_backend_xact_start", |cx, a| {
        of_visible(cx, a, |s| {
            let x = s.xact.lock();
            match x.block {
                crate::xact::Block::Idle => Datum::Null,
                _ => Datum::Int8(x.start),
            }
        })
    });
    scalar(r, "pg_stat_get_backend_wait_event_type", |cx, a| {
        of_visible(cx, a, |s| optional_text(wait_event(s).map(|w| w.0)))
    });
    scalar(r, "pg_stat_get_backend_wait_event", |cx, a| {
        of_visible(cx, a, |s| optional_text(wait_event(s).map(|w| w.1)))
    });
    scalar(r, "pg_stat_get_backend_client_addr", |cx, a| {
        of_visible(cx, a, |s| s.address.map_or(Datum::Null, |a| inet(a.ip())))
    });
    scalar(r, "pg_stat_get_backend_client_port", |cx, a| {
        of_visible(cx, a, |s| Datum::Int4(s.address.map_or(-1, |a| i32::from(a.port()))))
    });
    set(r, "pg_get_keywords", |_, _| {
        use parser::keyword::{Category, KEYWORDS};
        let rows = KEYWORDS.iter().map(|k| {
            let (code, description) = match k.category {
                Category::Unreserved => (b'U', "unreserved"),
                Category::ColName => (b'C', "unreserved (cannot be function or type name)"),
                Category::TypeFuncName => (b'T', "reserved (can be function or type name)"),
                Category::Reserved => (b'R', "reserved"),
            };
            let label = if k.bare_label { "can be bare label" } else { "requires AS" };
            vec![
                Datum::text(k.word),
                Datum::Char(code),
                Datum::Bool(k.bare_label),
                Datum::text(description),
                Datum::text(label),
            ]
        });
        Ok(VecRowSource::boxed(rows.collect()))
    });
    register_sequences(r);
    // There is no replication: no slots, no senders, no receiver, no origins, no subscriptions.
    for name in
        ["pg_get_replication_slots", "pg_stat_get_wal_senders", "pg_show_replication_origin_status"]
    {
        set(r, name, |_, _| Ok(VecRowSource::boxed(Vec::new())));
    }
    scalar(r, "pg_stat_get_wal_receiver", |_, _| Ok(Datum::Null));
    scalar(r, "pg_stat_get_wal", wal);
}

/// What the log has taken since the start: a record a commit group, and never images of pages.
fn wal(cx: &mut CallContext<'_>, _: &mut [Datum]) -> PgResult<Datum> {
    let core = core(cx)?;
    let stats = core.engine.store.stats().snapshot();
    let columns = [
        ("wal_records", type_oid::INT8, Datum::Int8(stats.commit_groups as i64)),
        ("wal_fpi", type_oid::INT8, Datum::Int8(0)),
        (
            "wal_bytes",
            type_oid::NUMERIC,
            Datum::Bytes(types::numeric::from_i128(i128::from(stats.wal_bytes))),
        ),
        ("wal_buffers_full", type_oid::INT8, Datum::Int8(0)),
        ("stats_reset", type_oid::TIMESTAMPTZ, Datum::Int8(core.engine.started)),
    ];
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    for (name, typ, value) in columns {
        fields.push(types::RecordField { name: name.to_owned(), typ, typmod: -1 });
        values.push(value);
    }
    let desc = Arc::new(types::RecordDesc { type_id: type_oid::RECORD, fields });
    Ok(Datum::Record(Arc::new(types::RecordValue { desc, fields: values })))
}

/// What a session waits for, if it does.
pub(super) fn wait_event(s: &SessionCore) -> Option<(&'static str, &'static str)> {
    match (s.backend.waiting_for(), s.activity.snapshot().1) {
        (Some((tag, _)), _) => Some(("Lock", tag.type_name())),
        (None, ActivityState::Active) => None,
        (None, _) => Some(("Client", "ClientRead")),
    }
}

/// Calls `show` with the session of a number and whether the caller may see what it does.
fn of(
    cx: &CallContext<'_>,
    args: &[Datum],
    show: impl FnOnce(bool, &Arc<SessionCore>) -> Datum,
) -> PgResult<Datum> {
    let caller = core(cx)?;
    let number = args[0].as_i32();
    let sessions = caller.engine.sessions();
    let Some(session) = sessions.iter().find(|s| s.slot as i32 == number) else {
        return Ok(Datum::Null);
    };
    let (me, role) = (cx.session.current_user(), session.user.lock().authenticated);
    let visible = caller.catalog.has_role_privileges(me, role)?
        || caller.catalog.has_role_privileges(me, PG_READ_ALL_STATS)?;
    Ok(show(visible, session))
}

const PG_READ_ALL_STATS: Oid = Oid(3375);

fn of_visible(
    cx: &CallContext<'_>,
    args: &[Datum],
    show: impl FnOnce(&Arc<SessionCore>) -> Datum,
) -> PgResult<Datum> {
    of(cx, args, |visible, s| if visible { show(s) } else { Datum::Null })
}

fn register_sequences(r: &mut Registry) {
    scalar(r, "pg_sequence_last_value", |cx, args| {
        let mask = nodes::acl::SELECT | nodes::acl::USAGE;
        let state = sequence_state(cx, args[0].as_oid(), mask)?;
        Ok(match state {
            Some(state) if state.is_called => Datum::Int8(state.last_value),
            _ => Datum::Null,
        })
    });
    scalar(r, "pg_get_sequence_data", |cx, args| {
        let state = sequence_state(cx, args[0].as_oid(), nodes::acl::SELECT)?;
        let field =
            |name: &str, typ: Oid| types::RecordField { name: name.to_owned(), typ, typmod: -1 };
        let fields = vec![field("last_value", type_oid::INT8), field("is_called", type_oid::BOOL)];
        let values = match state {
            Some(s) => vec![Datum::Int8(s.last_value), Datum::Bool(s.is_called)],
            None => vec![Datum::Null, Datum::Null],
        };
        let desc = Arc::new(types::RecordDesc { type_id: type_oid::RECORD, fields });
        Ok(Datum::Record(Arc::new(types::RecordValue { desc, fields: values })))
    });
}

/// The state of a sequence that the caller may read and whose values are in reach of this session.
fn sequence_state(
    cx: &CallContext<'_>,
    oid: Oid,
    mask: u64,
) -> PgResult<Option<table::sequence::SequenceState>> {
    let core = core(cx)?;
    let Some(relation) = core.catalog.relation(oid)? else { return Ok(None) };
    if relation.relkind != 'S' {
        return Err(error::err!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence", relation.name));
    }
    let user = cx.session.current_user();
    if core.catalog.relation_privileges(&relation, user, mask)? == 0
        || core.catalog.is_other_temp_namespace(relation.namespace)?
    {
        return Ok(None);
    }
    let sid = txn::StorageId(relation.storage_id);
    core.engine.services.sequences.state(sid).map(Some)
}
