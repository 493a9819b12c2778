//! Functions that run with settings of their own (SET), or as their owner (SECURITY DEFINER).
use crate::{context::SESSION_SERVICE, session_core::SessionCore};
use catalog::PgProc;
use error::{PgError, PgResult};
use fmgr::{CallContext, FnContext, LanguageFunction, RowSource};
use settings::{SetAction, SetOptions};
use std::sync::Arc;
use types::Datum;

/// A function with what is set around each call of it.
pub(crate) struct GuardedFunction {
    pub(crate) proc: Arc<PgProc>,
    pub(crate) inner: Arc<dyn LanguageFunction>,
}

impl GuardedFunction {
    fn guarded<T>(
        &self,
        session: &dyn FnContext,
        work: impl FnOnce() -> PgResult<T>,
    ) -> PgResult<T> {
        let Some(core) =
            session.service_any(SESSION_SERVICE).and_then(|s| s.downcast_ref::<Arc<SessionCore>>())
        else {
            return Err(PgError::internal("function with settings outside of a session"));
        };
        let level = core.settings.lock().begin_level();
        let depth = core.user.lock().overrides.len();
        let result = self.enter(core).and_then(|()| work());
        core.settings.lock().end_level(level, result.is_ok());
        core.user.lock().overrides.truncate(depth);
        core.sync_settings();
        core.catalog.set_current_user(core.user.lock().current());
        result
    }

    fn enter(&self, core: &Arc<SessionCore>) -> PgResult<()> {
        let superuser = core.is_superuser()?;
        if self.proc.secdef {
            core.user.lock().overrides.push(self.proc.owner);
            core.catalog.set_current_user(self.proc.owner);
        }
        for item in &self.proc.config {
            let Some((name, value)) = item.split_once('=') else { continue };
            core.set_setting(name, value, SetOptions::statement(SetAction::Save, superuser))?;
        }
        Ok(())
    }
}

impl LanguageFunction for GuardedFunction {
    fn call(&self, cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
        let session = cx.session;
        self.guarded(session, || self.inner.call(cx, args))
    }

    fn call_set(
        &self,
        cx: &mut CallContext<'_>,
        args: &mut [Datum],
    ) -> PgResult<Box<dyn RowSource>> {
        let session = cx.session;
        self.guarded(session, || self.inner.call_set(cx, args))
    }
}
