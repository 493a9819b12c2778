//! One statement's surroundings: what functions, planner and executor may ask of the session.
use crate::{local_statement::Epoch, session_core::SessionCore};
use catalog::Catalog;
use error::{PgError, PgResult, err};
use fmgr::{FnContext, FnInfo, Spi};
use settings::{SetAction, SetOptions, Typed};
use std::{any::Any, cmp::Ordering, sync::Arc, time::Duration};
use types::{Datum, IoOptions, Oid};

/// Name under which functions in other languages reach their session.
pub(crate) const SESSION_SERVICE: &str = "engine::SessionCore";

/// The session during one statement.
pub struct StatementContext<'s> {
    pub(crate) core: &'s Arc<SessionCore>,
    pub(crate) catalog: Catalog,
    pub(crate) typed: Arc<Typed>,
    io: Arc<IoOptions>,
    changes: u64,
    statement_timestamp: i64,
}

impl<'s> StatementContext<'s> {
    pub(crate) fn new(core: &'s Arc<SessionCore>) -> Self {
        let (typed, changes) = {
            let settings = core.settings.lock();
            (settings.typed().clone(), settings.change_count())
        };
        let io = core.io_options(&typed, changes);
        StatementContext {
            core,
            catalog: core.catalog.clone(),
            typed,
            io,
            changes,
            statement_timestamp: core.statement_timestamp(),
        }
    }

    /// What analysed statements depend on; `None` inside a transaction that has changed the catalog.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        (!self.catalog.is_dirty()).then(|| Epoch {
            catalog: self.catalog.catalog_version(),
            settings: self.changes,
            role: self.core.user.lock().current(),
        })
    }

    /// Settings for an execution.
    pub(crate) fn exec_settings(&self) -> Arc<executor::ExecSettings> {
        self.core.exec_settings(&self.typed, self.changes)
    }
}

impl FnContext for StatementContext<'_> {
    fn io_options(&self) -> &IoOptions {
        &self.io
    }

    fn catalog_any(&self) -> &(dyn Any + Send + Sync) {
        &self.catalog
    }

    fn service_any(&self, type_name: &'static str) -> Option<&(dyn Any + Send + Sync)> {
        match type_name {
            SESSION_SERVICE => Some(self.core),
            name if name == std::any::type_name::<executor::DeferredChecks>() => {
                Some(&self.core.deferred)
            }
            _ => self.core.service(type_name),
        }
    }

    fn resolve_function(&self, funcid: Oid) -> PgResult<Arc<FnInfo>> {
        self.function(funcid)
    }

    fn type_input(&self, typ: Oid, typmod: i32, text: &str) -> PgResult<Datum> {
        if typ == types::type_oid::JSONPATH {
            return functions::jsonpath_input(text);
        }
        match types::io::text_in(typ, typmod, text, &self.io) {
            Some(value) => value,
            None => self.input_value(typ, typmod, text),
        }
    }

    fn type_output(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
        match types::io::text_out(typ, value, &self.io, out) {
            true => Ok(()),
            false => self.output_value(typ, value, out),
        }
    }

    fn type_receive(&self, typ: Oid, typmod: i32, bytes: &[u8]) -> PgResult<Datum> {
        match types::io::binary_in(typ, typmod, bytes, &self.io) {
            Some(value) => value,
            None => self.receive_value(typ, typmod, bytes),
        }
    }

    fn type_send(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
        match types::io::binary_out(typ, value, &self.io, out) {
            true => Ok(()),
            false => self.send_value(typ, value, out),
        }
    }

    fn type_compare(&self, typ: Oid, collation: Oid, a: &Datum, b: &Datum) -> PgResult<Ordering> {
        self.compare_values(typ, collation, a, b)
    }

    fn type_equal(&self, typ: Oid, collation: Oid, a: &Datum, b: &Datum) -> PgResult<bool> {
        self.values_equal(typ, collation, a, b)
    }

    fn type_hash(&self, typ: Oid, collation: Oid, value: &Datum) -> PgResult<u32> {
        self.hash_value(typ, collation, value)
    }

    fn transaction_timestamp(&self) -> i64 {
        self.io.now
    }

    fn statement_timestamp(&self) -> i64 {
        self.statement_timestamp
    }

    fn clock_timestamp(&self) -> i64 {
        crate::clock::now()
    }

    fn get_setting(&self, name: &str) -> Option<String> {
        self.core.settings.lock().lookup(name)
    }

    fn set_setting(&self, name: &str, value: &str, is_local: bool) -> PgResult<String> {
        let action = if is_local { SetAction::Local } else { SetAction::Set };
        let options = SetOptions::statement(action, self.core.is_superuser()?);
        self.core.set_setting(name, value, options)?;
        self.core.settings.lock().show(name)
    }

    fn current_user(&self) -> Oid {
        self.core.user.lock().current()
    }

    fn session_user(&self) -> Oid {
        self.core.user.lock().session
    }

    fn database(&self) -> Oid {
        self.core.database
    }

    fn database_name(&self) -> String {
        self.core.database_name.lock().clone()
    }

    fn backend_pid(&self) -> i32 {
        self.core.pid
    }

    fn notice(&self, notice: PgError) {
        self.core.push_notice(notice);
    }

    #[inline]
    fn check_interrupts(&self) -> PgResult<()> {
        self.core.backend.cancel.check()
    }

    fn sleep(&self, duration: Duration) -> PgResult<()> {
        self.core.backend.sleep(duration)
    }

    fn random_u64(&self) -> u64 {
        self.core.random.lock().next()
    }

    fn random_seed(&self, seed: f64) {
        self.core.random.lock().seed(seed);
    }

    fn sequence_nextval(&self, seq: Oid) -> PgResult<i64> {
        self.core.sequences.nextval(self, seq)
    }

    fn sequence_setval(&self, seq: Oid, value: i64, is_called: bool) -> PgResult<()> {
        self.core.sequences.setval(self, seq, value, is_called)
    }

    fn sequence_currval(&self, seq: Oid) -> PgResult<i64> {
        self.core.sequences.currval(self, seq)
    }

    fn sequence_lastval(&self) -> PgResult<i64> {
        match self.core.sequences.lastval(self)? {
            Some(value) => Ok(value),
            None => Err(err!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "lastval is not yet defined in this session"
            )),
        }
    }

    fn spi(&self) -> &dyn Spi {
        self
    }

    fn sql_json(&self) -> PgResult<&'static dyn fmgr::SqlJson> {
        Ok(functions::sql_json())
    }
}
