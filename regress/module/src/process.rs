//! The server process: its environment, and sessions' ends.
use error::{PgError, PgResult, not_supported};
use fmgr::{CallContext, Registry};
use std::{sync::Arc, time::Duration};
use types::{ArrayValue, Datum, type_oid as t};

pub(crate) fn register(r: &mut Registry) {
    r.scalar("get_environ", |_cx, _a| {
        let variables =
            std::env::vars().map(|(name, value)| Datum::text(&format!("{name}={value}")));
        Ok(Datum::Array(Arc::new(ArrayValue::from_elems(t::TEXT, variables.collect()))))
    });
    // The environment belongs to all threads; there is no safe moment to change it.
    r.scalar("regress_setenv", |_cx, _a| Err(not_supported!("changing environment variables")));
    r.scalar("wait_pid", wait_pid);
}

/// Waits until there is no session of that number.
fn wait_pid(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let spi = cx.session.spi();
    let superuser = spi.execute(
        "select rolsuper from pg_catalog.pg_roles where rolname = current_user",
        &[],
        true,
        0,
    )?;
    if !matches!(superuser.rows.first().map(Vec::as_slice), Some([Datum::Bool(true)])) {
        return Err(PgError::internal("must be superuser to check PID liveness"));
    }
    let query = "select 1 from pg_catalog.pg_stat_activity where pid = $1";
    while !spi.execute(query, &[(t::INT4, a[0].clone())], true, 0)?.rows.is_empty() {
        cx.session.sleep(Duration::from_millis(50))?;
    }
    Ok(Datum::text(""))
}
