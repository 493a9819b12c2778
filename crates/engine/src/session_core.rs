//! A session's state, shared by the connection that drives it and by those who signal it.
use crate::{
    Engine, clock,
    context::StatementContext,
    deadline::Armed,
    local_statement::{LocalStatement, RecentStatements},
    notify::{NotifyCell, NotifyState},
    portal::{Portal, PortalStore},
    prepared::PreparedStore,
    random::{Random, entropy},
    role::UserContext,
    sequence::SequenceState,
    setting_hooks::SessionHooks,
    xact::Xact,
};
use catalog::{Catalog, CatalogRead};
use error::{PgError, PgResult, Severity};
use executor::ExecSettings;
use parking_lot::Mutex;
use settings::{SetOptions, Settings, Typed};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};
use txn::{Backend, SubId};
use types::{Datum, IoOptions, Oid, TimeZone};

/// Wakes the task of an idle session.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Everything a session is, behind small locks.
pub struct SessionCore {
    pub(crate) engine: Arc<Engine>,
    pub(crate) pid: i32,
    /// Its number among the sessions that run, from 1; names its temporary schema.
    pub(crate) slot: u32,
    pub(crate) secret: Vec<u8>,
    pub(crate) backend: Arc<Backend>,
    pub(crate) database: Oid,
    pub(crate) database_name: Mutex<String>,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) user: Mutex<UserContext>,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) catalog: Catalog,
    pub(crate) xact: Mutex<Xact>,
    pub(crate) portals: Mutex<PortalStore>,
    /// The last unnamed portal, for its memory.
    pub(crate) spare_portal: Mutex<Option<Box<Portal>>>,
    pub(crate) recent: Mutex<RecentStatements>,
    pub(crate) prepared: Mutex<PreparedStore>,
    pub(crate) notices: Mutex<Vec<PgError>>,
    pub(crate) notify: NotifyCell,
    pub(crate) sequences: SequenceState,
    pub(crate) deferred: executor::DeferredChecks,
    pub(crate) on_commit: crate::on_commit::OnCommit,
    pub(crate) plpgsql: crate::plpgsql::PlpgsqlState,
    pub(crate) random: Mutex<Random>,
    pub(crate) armed: Arc<Armed>,
    pub(crate) activity: crate::activity::Activity,
    /// Roles that SET ROLE and SET SESSION AUTHORIZATION have named, so that their undo needs no lookup.
    pub(crate) known_roles: Mutex<HashMap<String, Oid>>,
    synced: AtomicU64,
    /// Settings' plan version and the fingerprint that goes with it.
    fingerprint: Mutex<(u64, u64)>,
    statement_start: AtomicI64,
    /// Options of input and output, with the number of setting changes they were made after.
    io: Mutex<Option<(u64, Arc<IoOptions>)>>,
    exec_settings: Mutex<Option<(u64, Arc<ExecSettings>)>>,
    time_zone: Mutex<Option<(Arc<str>, Arc<TimeZone>)>>,
    wake: Option<Waker>,
}

/// What a session starts with.
pub(crate) struct SessionStart {
    pub(crate) pid: i32,
    pub(crate) slot: u32,
    pub(crate) secret: Vec<u8>,
    pub(crate) backend: Arc<Backend>,
    pub(crate) database: Oid,
    pub(crate) database_name: String,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) role: Oid,
    pub(crate) settings: Settings,
    pub(crate) wake: Option<Waker>,
}

impl SessionCore {
    pub(crate) fn new(engine: Arc<Engine>, start: SessionStart) -> Arc<SessionCore> {
        let catalog = Catalog::new(engine.catalog.clone(), start.database);
        let user =
            UserContext { authenticated: start.role, session: start.role, ..Default::default() };
        Arc::new(SessionCore {
            engine,
            pid: start.pid,
            slot: start.slot,
            secret: start.secret,
            backend: start.backend,
            database: start.database,
            database_name: Mutex::new(start.database_name),
            address: start.address,
            user: Mutex::new(user),
            settings: Mutex::new(start.settings),
            catalog,
            xact: Mutex::default(),
            portals: Mutex::default(),
            spare_portal: Mutex::default(),
            recent: Mutex::default(),
            io: Mutex::default(),
            exec_settings: Mutex::default(),
            prepared: Mutex::default(),
            notices: Mutex::default(),
            notify: Mutex::new(NotifyState::default()),
            sequences: SequenceState::default(),
            deferred: executor::DeferredChecks::default(),
            on_commit: Default::default(),
            plpgsql: Default::default(),
            random: Mutex::new(Random::new(entropy())),
            armed: Arc::default(),
            activity: Default::default(),
            known_roles: Mutex::default(),
            synced: AtomicU64::new(u64::MAX),
            fingerprint: Mutex::new((u64::MAX, 0)),
            statement_start: AtomicI64::new(clock::now()),
            time_zone: Mutex::default(),
            wake: start.wake,
        })
    }

    /// An unnamed portal, in the memory of the last one if that is free.
    pub(crate) fn unnamed_portal(
        &self,
        statement: Arc<LocalStatement>,
        params: Arc<[Datum]>,
        formats: &[i16],
        sub: SubId,
    ) -> PgResult<Box<Portal>> {
        match self.spare_portal.lock().take() {
            Some(mut portal) => {
                portal.renew(statement, params, formats, sub)?;
                Ok(portal)
            }
            None => Ok(Box::new(Portal::new("", statement, params, formats.to_vec(), sub)?)),
        }
    }

    /// The client pauses: gives back what is only kept for speed.
    pub(crate) fn shrink(&self) {
        self.backend.rest();
        *self.spare_portal.lock() = None;
        self.recent.lock().clear();
        self.prepared.lock().shrink();
    }

    /// Wakes the session's task if it waits for its client.
    pub(crate) fn wake(&self) {
        if let Some(wake) = &self.wake {
            wake();
        }
    }

    pub(crate) fn statement_timestamp(&self) -> i64 {
        self.statement_start.load(Ordering::Relaxed)
    }

    /// A message from the client arrived.
    pub(crate) fn mark_statement_start(&self) {
        self.statement_start.store(clock::now(), Ordering::Relaxed);
    }

    /// Options of input and output under settings that were changed `changes` times.
    pub(crate) fn io_options(&self, typed: &Typed, changes: u64) -> Arc<IoOptions> {
        let now = self.xact.lock().start;
        let mut cached = self.io.lock();
        if let Some((at, io)) = &mut *cached
            && *at == changes
        {
            if io.now == now {
                return io.clone();
            }
            // Between transactions nobody else holds it, so this seldom copies.
            Arc::make_mut(io).now = now;
            return io.clone();
        }
        let io = Arc::new(self.make_io_options(typed, now));
        *cached = Some((changes, io.clone()));
        io
    }

    /// Settings for an execution.
    pub(crate) fn exec_settings(&self, typed: &Typed, changes: u64) -> Arc<ExecSettings> {
        let mut cached = self.exec_settings.lock();
        match &*cached {
            Some((at, settings)) if *at == changes => settings.clone(),
            _ => {
                let settings = self.engine.exec_settings(typed);
                *cached = Some((changes, settings.clone()));
                settings
            }
        }
    }

    fn make_io_options(&self, typed: &Typed, now: i64) -> IoOptions {
        IoOptions {
            date_style: match typed.date_style.output {
                settings::DateOutput::Iso => types::DateStyle::Iso,
                settings::DateOutput::Sql => types::DateStyle::Sql,
                settings::DateOutput::Postgres => types::DateStyle::Postgres,
                settings::DateOutput::German => types::DateStyle::German,
            },
            date_order: match typed.date_style.order {
                settings::DateOrder::Mdy => types::DateOrder::Mdy,
                settings::DateOrder::Dmy => types::DateOrder::Dmy,
                settings::DateOrder::Ymd => types::DateOrder::Ymd,
            },
            interval_style: match typed.interval_style {
                settings::IntervalStyle::Postgres => types::IntervalStyle::Postgres,
                settings::IntervalStyle::PostgresVerbose => types::IntervalStyle::PostgresVerbose,
                settings::IntervalStyle::SqlStandard => types::IntervalStyle::SqlStandard,
                settings::IntervalStyle::Iso8601 => types::IntervalStyle::Iso8601,
            },
            time_zone: self.time_zone(&typed.time_zone),
            extra_float_digits: typed.extra_float_digits,
            bytea_output: match typed.bytea_output {
                settings::ByteaOutput::Hex => types::ByteaOutput::Hex,
                settings::ByteaOutput::Escape => types::ByteaOutput::Escape,
            },
            now,
            xmlbinary_hex: false,
            xmloption_document: typed.xmloption == settings::XmlOption::Document,
        }
    }

    /// The zone of that name, looked up when the setting changed.
    fn time_zone(&self, name: &Arc<str>) -> Arc<TimeZone> {
        let mut cached = self.time_zone.lock();
        match &*cached {
            Some((known, zone)) if Arc::ptr_eq(known, name) => zone.clone(),
            _ => {
                let zone = crate::setting_hooks::time_zone(name).unwrap_or_else(TimeZone::utc);
                *cached = Some((name.clone(), zone.clone()));
                zone
            }
        }
    }

    /// Keeps a notice for the client if it wants notices of that severity.
    pub(crate) fn push_notice(&self, notice: PgError) {
        let wanted = self.settings.lock().typed().client_min_messages;
        let severity = notice.0.severity;
        // INFO goes to the client whatever it asked for; LOG ranks below NOTICE only here.
        let rank = |s: Severity| match s {
            Severity::Debug => 0,
            Severity::Log => 1,
            Severity::Notice => 2,
            Severity::Warning => 3,
            _ => 4,
        };
        if severity == Severity::Info || rank(severity) >= rank(wanted) {
            self.notices.lock().push(notice);
        }
    }

    /// Whether the current role is a superuser.
    pub(crate) fn is_superuser(&self) -> PgResult<bool> {
        let role = self.user.lock().current();
        Ok(self.catalog.lookup_role(role)?.is_some_and(|r| r.superuser))
    }

    /// SET, with the checks that need the session.
    pub(crate) fn set_setting(
        self: &Arc<Self>,
        name: &str,
        value: &str,
        options: SetOptions,
    ) -> PgResult<()> {
        let mut hooks = SessionHooks::new(self);
        self.settings.lock().set(name, value, options, &mut hooks)?;
        hooks.apply();
        self.sync_settings();
        Ok(())
    }

    /// RESET.
    pub(crate) fn reset_setting(self: &Arc<Self>, name: &str, options: SetOptions) -> PgResult<()> {
        let mut hooks = SessionHooks::new(self);
        self.settings.lock().reset(name, options, &mut hooks)?;
        hooks.apply();
        self.sync_settings();
        Ok(())
    }

    /// Follows settings that other parts keep a copy of, after changes or their undo.
    pub(crate) fn sync_settings(&self) {
        let settings = self.settings.lock();
        let count = settings.change_count();
        if self.synced.swap(count, Ordering::Relaxed) == count {
            return;
        }
        let typed = settings.typed().clone();
        let role = settings.get(settings::definition::id_of("role")).as_str().to_owned();
        let authorization =
            settings.get(settings::definition::id_of("session_authorization")).as_str().to_owned();
        drop(settings);
        self.backend.set_lock_timeout(typed.lock_timeout.max(0) as u32);
        self.backend.set_deadlock_timeout(typed.deadlock_timeout.max(1) as u32);
        let current = {
            let mut user = self.user.lock();
            let known = self.known_roles.lock();
            user.role = known.get(&role).copied();
            if let Some(oid) = known.get(&authorization) {
                user.session = *oid;
            }
            user.current()
        };
        if self.catalog.search_path_names() != *typed.search_path {
            self.catalog.set_search_path(typed.search_path.to_vec());
        }
        self.catalog.set_current_user(current);
    }

    /// Services of crates that functions know by type.
    pub(crate) fn service(
        &self,
        type_name: &'static str,
    ) -> Option<&(dyn std::any::Any + Send + Sync)> {
        self.engine.service(type_name)
    }

    pub(crate) fn context(self: &Arc<Self>) -> StatementContext<'_> {
        StatementContext::new(self)
    }

    /// A number for the settings that plans depend on.
    pub(crate) fn plan_fingerprint(&self) -> u64 {
        let settings = self.settings.lock();
        let version = settings.plan_version();
        let mut cached = self.fingerprint.lock();
        if cached.0 != version {
            *cached = (version, settings.plan_fingerprint());
        }
        cached.1
    }

    /// Settings of the parser.
    pub(crate) fn parser_options(&self) -> parser::options::ParserOptions {
        let settings = self.settings.lock();
        let typed = settings.typed();
        parser::options::ParserOptions {
            standard_conforming_strings: typed.standard_conforming_strings,
            escape_string_warning: typed.escape_string_warning,
            ..Default::default()
        }
    }

    /// Settings of the planner.
    pub(crate) fn planner_settings(&self, _typed: &Typed) -> planner::PlannerSettings {
        let settings = self.settings.lock();
        planner::PlannerSettings::read(&|name| settings.lookup(name))
    }

    /// Whether a role holds one of some privileges on a relation.
    pub(crate) fn holds_any_privilege(
        &self,
        relation: &catalog::RelationDesc,
        role: Oid,
        any_of: u64,
    ) -> PgResult<bool> {
        use catalog::acl;
        let kind = acl::ObjectKind::of_relkind(relation.relkind);
        let items = relation.acl.clone().unwrap_or_else(|| acl::default_acl(kind, relation.owner));
        Ok(acl::privileges_of(&self.catalog, &items, role, relation.owner, any_of)? != 0)
    }

    /// Deferred constraints, before commit.
    pub(crate) fn fire_deferred(self: &Arc<Self>) -> PgResult<()> {
        self.run_deferred(true)
    }

    /// Runs deferred checks: all, or those that SET CONSTRAINTS has made immediate.
    pub(crate) fn run_deferred(self: &Arc<Self>, all: bool) -> PgResult<()> {
        if self.deferred.is_empty() {
            return Ok(());
        }
        self.next_command()?;
        let cx = self.context();
        let settings = crate::query_run::exec_settings(&cx);
        executor::run_deferred(&self.deferred, all, self.txn()?, settings, &cx, &cx.catalog)
    }

    /// A transaction has ended.
    pub(crate) fn transaction_ended(&self, commit: bool) {
        let stats = self.engine.database_stats(self.database);
        let counter = if commit { &stats.xact_commit } else { &stats.xact_rollback };
        counter.fetch_add(1, Ordering::Relaxed);
        self.deferred.clear();
    }

    /// A subtransaction has ended.
    pub(crate) fn subtransaction_ended(&self, sub: txn::SubId, commit: bool) {
        if !commit {
            self.deferred.forget_from(sub.0);
        }
    }

    /// The session is about to end: its temporary objects go with it.
    pub(crate) fn session_ended(self: &Arc<Self>) {
        if self.catalog.temp_namespace().is_none() {
            return;
        }
        let dropped = self
            .start_command()
            .and_then(|()| self.catalog.drop_temp_objects())
            .and_then(|()| self.finish_command());
        if let Err(e) = dropped {
            // They stay behind in their schema, whose next user drops them first.
            self.after_error();
            self.engine.log_error(self.pid, &e, None);
        }
        self.catalog.forget_temp_namespace();
    }
}
