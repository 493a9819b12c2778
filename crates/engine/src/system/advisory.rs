//! Advisory locks.
use super::{core, scalar, void};
use error::{PgError, PgResult, SqlState};
use fmgr::{CallContext, Registry};
use txn::{LockLevel, LockMode, LockOutcome, LockTag, WaitPolicy};
use types::Datum;

/// Declares the functions of one kind: blocking and trying, session and transaction, both key forms.
macro_rules! advisory {
    ($r:ident, $($name:literal: $mode:ident, $level:ident, $policy:ident;)*) => {
        $(
            scalar($r, concat!($name, "_int8"), |cx, args| {
                acquire(cx, args, LockMode::$mode, LockLevel::$level, WaitPolicy::$policy)
            });
            scalar($r, concat!($name, "_int4"), |cx, args| {
                acquire(cx, args, LockMode::$mode, LockLevel::$level, WaitPolicy::$policy)
            });
        )*
    };
}

pub(super) fn register(r: &mut Registry) {
    advisory! { r,
        "pg_advisory_lock": Exclusive, Session, Block;
        "pg_advisory_lock_shared": Share, Session, Block;
        "pg_advisory_xact_lock": Exclusive, Transaction, Block;
        "pg_advisory_xact_lock_shared": Share, Transaction, Block;
        "pg_try_advisory_lock": Exclusive, Session, Skip;
        "pg_try_advisory_lock_shared": Share, Session, Skip;
        "pg_try_advisory_xact_lock": Exclusive, Transaction, Skip;
        "pg_try_advisory_xact_lock_shared": Share, Transaction, Skip;
    }
    for (names, mode) in [
        (["pg_advisory_unlock_int8", "pg_advisory_unlock_int4"], LockMode::Exclusive),
        (["pg_advisory_unlock_shared_int8", "pg_advisory_unlock_shared_int4"], LockMode::Share),
    ] {
        for name in names {
            match mode {
                LockMode::Share => scalar(r, name, |cx, args| release(cx, args, LockMode::Share)),
                _ => scalar(r, name, |cx, args| release(cx, args, LockMode::Exclusive)),
            }
        }
    }
    scalar(r, "pg_advisory_unlock_all", |cx, _| {
        let core = core(cx)?;
        core.engine.store.locks().release_session(&core.backend);
        Ok(void())
    });
}

fn tag(cx: &CallContext<'_>, args: &[Datum]) -> PgResult<LockTag> {
    let db = core(cx)?.database.0;
    Ok(match args {
        [Datum::Int8(key)] => {
            LockTag::Advisory { db, key1: (*key >> 32) as u32, key2: *key as u32, kind: 1 }
        }
        [a, b] => {
            LockTag::Advisory { db, key1: a.as_i32() as u32, key2: b.as_i32() as u32, kind: 2 }
        }
        _ => return Err(PgError::internal("unexpected advisory lock key")),
    })
}

fn acquire(
    cx: &mut CallContext<'_>,
    args: &mut [Datum],
    mode: LockMode,
    level: LockLevel,
    policy: WaitPolicy,
) -> PgResult<Datum> {
    let core = core(cx)?;
    let tag = tag(cx, args)?;
    let outcome = core.engine.store.locks().lock(&core.backend, tag, mode, level, policy)?;
    Ok(match policy {
        WaitPolicy::Skip => Datum::Bool(outcome != LockOutcome::NotAvailable),
        WaitPolicy::Block => void(),
    })
}

fn release(cx: &mut CallContext<'_>, args: &mut [Datum], mode: LockMode) -> PgResult<Datum> {
    let core = core(cx)?;
    let tag = tag(cx, args)?;
    let released = core.engine.store.locks().unlock_session(&core.backend, tag, mode);
    if !released {
        let name = match mode {
            LockMode::Share => "ShareLock",
            _ => "ExclusiveLock",
        };
        cx.session.notice(PgError::warning(
            SqlState::WARNING,
            format!("you don't own a lock of type {name}"),
        ));
    }
    Ok(Datum::Bool(released))
}
