//! Transactions as numbers: age(xid), pg_current_snapshot.
use super::{core, scalar};
use error::{PgResult, not_supported};
use fmgr::{CallContext, Registry};
use functions::system::snapshot::Snapshot;
use txn::Isolation;
use types::Datum;

pub(super) fn register(r: &mut Registry) {
    scalar(r, "xid_age", |cx, args| {
        const FIRST_NORMAL_XID: u32 = 3;
        let xid = args[0].as_oid().0;
        if xid < FIRST_NORMAL_XID {
            return Ok(Datum::Int4(i32::MAX));
        }
        let core = core(cx)?;
        let now = match core.txn()?.xid_if_assigned() {
            Some(own) => own,
            None => core.engine.store.next_xid(),
        };
        Ok(Datum::Int4((now as u32).wrapping_sub(xid) as i32))
    });
    scalar(r, "pg_current_snapshot", current_snapshot);
    scalar(r, "pg_trigger_depth", |cx, _| {
        let depth = &core(cx)?.plpgsql.trigger_depth;
        Ok(Datum::Int4(depth.load(std::sync::atomic::Ordering::Relaxed)))
    });
    scalar(r, "pg_safe_snapshot_blocking_pids", |cx, args| {
        let pids = core(cx)?.engine.store.safe_snapshot_blocking_pids(args[0].as_i32());
        let elems = pids.into_iter().map(Datum::Int4).collect();
        let array = types::ArrayValue::from_elems(types::type_oid::INT4, elems);
        Ok(Datum::Array(std::sync::Arc::new(array)))
    });
}

/// Which transactions run. A statement's snapshot is taken when it starts; above READ COMMITTED it may
/// be much older than this answer would be, which would say less than the truth.
fn current_snapshot(cx: &mut CallContext<'_>, _: &mut [Datum]) -> PgResult<Datum> {
    let core = core(cx)?;
    if core.txn()?.isolation() != Isolation::ReadCommitted {
        return Err(not_supported!("pg_current_snapshot above READ COMMITTED"));
    }
    let store = &core.engine.store;
    let xmax = store.next_xid();
    let mut xip = store.active_xids();
    xip.retain(|xid| *xid < xmax);
    let xmin = xip.first().copied().unwrap_or(xmax);
    Ok(Snapshot { xmin, xmax, xip }.to_datum())
}
