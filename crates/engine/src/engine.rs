//! The engine: one open cluster with everything its sessions share.
use crate::{
    activity::DatabaseStats,
    notify::NotifyHub,
    plan_cache::PlanCache,
    random::entropy,
    session::Session,
    session_core::{SessionCore, SessionStart, Waker},
    type_cache::TypeCache,
};
use catalog::{CatalogRead, CatalogShared};
use dashmap::DashMap;
use error::{PgError, PgResult, Severity, bail, err};
use executor::ExecSettings;
use fmgr::Registry;
use parking_lot::{Mutex, RwLock};
use settings::{
    ClusterSettings, SetAction, SetOptions, Settings, Source, Typed, Value, definition,
};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicI32, AtomicI64, Ordering},
    },
};
use txn::{CancelReason, Store, StoreOptions};
use types::Oid;

/// Writes a log line of a session: pid, what happened, the statement.
pub type LogFunction = fn(i32, &PgError, Option<&str>);

/// How an engine is opened.
pub struct EngineOptions {
    /// Settings that all sessions start from.
    pub cluster: Arc<ClusterSettings>,
    /// Where configuration and spill files live; none for an engine in memory.
    pub data_directory: Option<PathBuf>,
    /// Where log lines go.
    pub log: LogFunction,
    /// Bytes of rows and index entries kept in memory for point reads.
    pub read_cache: usize,
    /// What `LANGUAGE C` finds.
    pub modules: &'static [fmgr::Module],
}

/// Who connects.
pub struct ClientInfo {
    /// Role.
    pub user: String,
    /// Database.
    pub database: String,
    /// Command-line options of the startup packet.
    pub options: Option<String>,
    /// Settings of the startup packet.
    pub settings: Vec<(String, String)>,
    /// The client's address; none for local sockets and embedded sessions.
    pub address: Option<SocketAddr>,
    /// Protocol 3.2's longer cancel key.
    pub long_secret: bool,
    /// Wakes the session when it is idle.
    pub wake: Option<Waker>,
}

/// An open cluster.
pub struct Engine {
    pub(crate) store: Arc<Store>,
    pub(crate) catalog: Arc<CatalogShared>,
    pub(crate) registry: Registry,
    pub(crate) modules: crate::module::Modules,
    pub(crate) types: TypeCache,
    pub(crate) plans: PlanCache,
    pub(crate) notify: NotifyHub,
    pub(crate) services: crate::services::Services,
    /// When it was opened, µs since 2000-01-01.
    pub(crate) started: i64,
    /// When the configuration was read, µs since 2000-01-01.
    pub(crate) config_loaded: AtomicI64,
    cluster: RwLock<Arc<ClusterSettings>>,
    data_directory: Option<PathBuf>,
    log: LogFunction,
    sessions: DashMap<i32, Weak<SessionCore>>,
    next_pid: AtomicI32,
    slots: Mutex<BTreeSet<u32>>,
    stats: DashMap<Oid, Arc<DatabaseStats>>,
    shutting_down: AtomicBool,
}

impl Engine {
    /// Opens a cluster over a storage engine; creates the system catalogs if it is empty.
    pub fn open(kv: Arc<dyn kv::Engine>, options: EngineOptions) -> PgResult<Arc<Engine>> {
        if !catalog::is_bootstrapped(&*kv)? {
            catalog::bootstrap(&*kv)?;
        }
        let store = Store::open(
            kv,
            StoreOptions {
                read_cache: options.read_cache,
                // Rows that scans keep are beside the block cache, and twice as dear to read again.
                segment_cache: 2 * 8192 * options.cluster.int("shared_buffers") as usize,
                ..StoreOptions::default()
            },
        )?;
        let catalog = CatalogShared::open(store.clone());
        let mut registry = Registry::default();
        functions::register_all(&mut registry);
        crate::system::register(&mut registry);
        let engine = Arc::new(Engine {
            services: crate::services::Services::new(&store),
            store,
            catalog: catalog.clone(),
            registry,
            modules: crate::module::Modules::new(options.modules),
            types: TypeCache::default(),
            plans: PlanCache::default(),
            notify: NotifyHub::default(),
            started: crate::clock::now(),
            config_loaded: AtomicI64::new(crate::clock::now()),
            cluster: RwLock::new(options.cluster),
            data_directory: options.data_directory,
            log: options.log,
            sessions: DashMap::new(),
            next_pid: AtomicI32::new(std::process::id() as i32),
            slots: Mutex::default(),
            stats: DashMap::new(),
            shutting_down: AtomicBool::new(false),
        });
        catalog.set_compiler(Arc::new(crate::tree_compiler::EngineCompiler::new(&engine)));
        Ok(engine)
    }

    /// Starts a session. Errors are FATAL.
    pub fn connect(self: &Arc<Self>, client: ClientInfo) -> PgResult<Session> {
        self.try_connect(client).map_err(|e| e.with_severity(Severity::Fatal))
    }

    fn try_connect(self: &Arc<Self>, client: ClientInfo) -> PgResult<Session> {
        if self.shutting_down.load(Ordering::SeqCst) {
            bail!(CANNOT_CONNECT_NOW, "the database system is shutting down");
        }
        let pid = self.alloc_pid();
        let backend = self.store.backend(pid);
        let guard = BackendGuard { engine: self, backend: Some(backend.clone()) };
        let (role, database) = self.authorize(&client, &backend)?;
        let settings = Settings::new(self.cluster.read().clone());
        let core = SessionCore::new(
            self.clone(),
            SessionStart {
                pid,
                slot: self.take_slot(),
                secret: new_secret(client.long_secret),
                backend,
                database: database.oid,
                database_name: database.name.clone(),
                address: client.address,
                role: role.oid,
                settings,
                wake: client.wake.clone(),
            },
        );
        if let Err(e) = initial_settings(&core, &client, &role) {
            self.slots.lock().remove(&core.slot);
            return Err(e);
        }
        guard.keep();
        self.sessions.insert(pid, Arc::downgrade(&core));
        Ok(Session::new(core))
    }

    /// Checks that role and database exist and may be used, and that there is room.
    fn authorize(
        &self,
        client: &ClientInfo,
        backend: &Arc<txn::Backend>,
    ) -> PgResult<(Arc<catalog::PgAuthid>, Arc<catalog::PgDatabase>)> {
        let txn = self.store.begin(backend, Default::default());
        let shared = catalog::Catalog::new(self.catalog.clone(), catalog::image::POSTGRES_DB);
        shared.set_transaction(Some(txn.clone()))?;
        let found = (
            shared.lookup_role_by_name(&client.user)?,
            shared.lookup_database_by_name(&client.database)?,
        );
        shared.set_transaction(None)?;
        txn.abort();
        let Some(role) = found.0 else {
            bail!(INVALID_AUTHORIZATION_SPECIFICATION, "role \"{}\" does not exist", client.user);
        };
        if !role.canlogin {
            bail!(
                INVALID_AUTHORIZATION_SPECIFICATION,
                "role \"{}\" is not permitted to log in",
                role.name
            );
        }
        self.check_room(role.superuser)?;
        let Some(database) = found.1 else {
            bail!(UNDEFINED_DATABASE, "database \"{}\" does not exist", client.database);
        };
        if !database.allowconn {
            bail!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "database \"{}\" is not currently accepting connections",
                database.name
            );
        }
        if database.connlimit >= 0 && !role.superuser {
            let used = self.sessions().iter().filter(|s| s.database == database.oid).count();
            if used >= database.connlimit as usize {
                bail!(
                    TOO_MANY_CONNECTIONS,
                    "too many connections for database \"{}\"",
                    database.name
                );
            }
        }
        if role.connlimit >= 0 && !role.superuser {
            let used =
                self.sessions().iter().filter(|s| s.user.lock().authenticated == role.oid).count();
            if used >= role.connlimit as usize {
                bail!(TOO_MANY_CONNECTIONS, "too many connections for role \"{}\"", role.name);
            }
        }
        Ok((role, database))
    }

    fn check_room(&self, superuser: bool) -> PgResult<()> {
        let cluster = self.cluster.read().clone();
        let used = self.sessions.len();
        let max = cluster.int("max_connections") as usize;
        if used >= max {
            bail!(TOO_MANY_CONNECTIONS, "sorry, too many clients already");
        }
        let reserved = cluster.int("superuser_reserved_connections") as usize;
        if !superuser && used + reserved >= max {
            bail!(
                TOO_MANY_CONNECTIONS,
                "remaining connection slots are reserved for roles with the SUPERUSER attribute"
            );
        }
        Ok(())
    }

    fn alloc_pid(&self) -> i32 {
        loop {
            let pid = self.next_pid.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            if pid > 0 && !self.sessions.contains_key(&pid) {
                return pid;
            }
            if pid <= 0 {
                self.next_pid.store(1, Ordering::Relaxed);
            }
        }
    }

    /// The smallest number that no session has.
    fn take_slot(&self) -> u32 {
        let mut slots = self.slots.lock();
        let mut slot = 1;
        while !slots.insert(slot) {
            slot += 1;
        }
        slot
    }

    /// The session with that pid.
    pub(crate) fn session(&self, pid: i32) -> Option<Arc<SessionCore>> {
        self.sessions.get(&pid).and_then(|s| s.upgrade())
    }

    /// All sessions.
    pub(crate) fn sessions(&self) -> Vec<Arc<SessionCore>> {
        self.sessions.iter().filter_map(|s| s.upgrade()).collect()
    }

    pub(crate) fn forget_session(&self, core: &SessionCore) {
        self.notify.unlisten_all(core);
        self.sessions.remove(&core.pid);
        self.slots.lock().remove(&core.slot);
        self.store.remove_backend(&core.backend);
    }

    /// A cancel request with its key.
    pub fn cancel_request(&self, pid: i32, secret: &[u8]) {
        if let Some(core) = self.session(pid)
            && constant_time_equal(&core.secret, secret)
        {
            core.backend.cancel.cancel(CancelReason::User);
        }
    }

    /// pg_cancel_backend: false if there is no such session.
    pub(crate) fn cancel_backend(&self, pid: i32) -> bool {
        self.session(pid).map(|core| core.backend.cancel.cancel(CancelReason::User)).is_some()
    }

    /// pg_terminate_backend: false if there is no such session.
    pub(crate) fn terminate_backend(&self, pid: i32) -> bool {
        self.session(pid)
            .map(|core| {
                core.backend.cancel.cancel(CancelReason::Terminate);
                core.wake();
            })
            .is_some()
    }

    /// Ends all sessions (fast shutdown).
    pub fn terminate_all(&self) {
        self.shutting_down.store(true, Ordering::SeqCst);
        for core in self.sessions() {
            core.backend.cancel.cancel(CancelReason::Terminate);
            core.wake();
        }
    }

    /// Closes the store. No session may be open.
    pub fn shutdown(&self) -> PgResult<()> {
        self.shutting_down.store(true, Ordering::SeqCst);
        self.services.close()?;
        self.store.close()
    }

    /// max_connections.
    pub fn max_connections(&self) -> usize {
        self.cluster.read().int("max_connections") as usize
    }

    /// authentication_timeout in seconds.
    pub fn authentication_timeout_s(&self) -> u64 {
        self.cluster.read().int("authentication_timeout") as u64
    }

    /// The cluster's settings.
    pub fn cluster(&self) -> Arc<ClusterSettings> {
        self.cluster.read().clone()
    }

    /// Where the cluster lives.
    pub fn data_directory(&self) -> Option<&PathBuf> {
        self.data_directory.as_ref()
    }

    /// Reads the configuration files again; sessions that start from now on see the new values.
    pub fn reload_configuration(&self) -> PgResult<()> {
        use settings::config_file;
        let Some(directory) = &self.data_directory else { return Ok(()) };
        let mut cluster = ClusterSettings::clone(&self.cluster.read());
        for name in [config_file::FILE_NAME, config_file::AUTO_FILE_NAME] {
            let path = directory.join(name);
            if !path.exists() {
                continue;
            }
            for item in config_file::read(&path)? {
                // What needs a restart keeps its value.
                let restart = definition::lookup(&item.name)
                    .is_some_and(|d| d.context <= settings::Context::Postmaster);
                if !restart {
                    cluster.set(&item.name, &item.value, Source::ConfigurationFile)?;
                }
            }
        }
        *self.cluster.write() = Arc::new(cluster);
        self.config_loaded.store(crate::clock::now(), Ordering::Relaxed);
        Ok(())
    }

    /// Settings that new sessions start from.
    pub(crate) fn cluster_settings(&self) -> Arc<ClusterSettings> {
        self.cluster.read().clone()
    }

    /// Counters of a database.
    pub(crate) fn database_stats(&self, database: Oid) -> Arc<DatabaseStats> {
        self.stats.entry(database).or_default().clone()
    }

    /// Writes a session's error to the log, if its level is logged.
    pub(crate) fn log_error(&self, pid: i32, e: &PgError, statement: Option<&str>) {
        (self.log)(pid, e, statement);
    }

    /// Settings for an execution.
    pub(crate) fn exec_settings(&self, typed: &Typed) -> Arc<ExecSettings> {
        Arc::new(ExecSettings {
            work_mem: typed.work_mem as usize * 1024,
            hash_mem_multiplier: typed.hash_mem_multiplier,
            temp_dir: match &self.data_directory {
                Some(directory) => directory.join("pgsql_tmp"),
                None => std::env::temp_dir(),
            },
            skip_foreign_keys: &*typed.session_replication_role == "replica",
        })
    }

    /// Live rows of a relation as far as storage can tell.
    pub(crate) fn live_rows(&self, catalog: &catalog::Catalog, relid: Oid) -> Option<f64> {
        let relation = catalog.relation(relid).ok()??;
        if relation.storage_id == 0 {
            return None;
        }
        crate::services::estimate_rows(&self.store, &relation)
    }

    pub(crate) fn service(
        &self,
        type_name: &'static str,
    ) -> Option<&(dyn std::any::Any + Send + Sync)> {
        self.services.by_type_name(type_name)
    }
}

/// Removes a backend whose session did not come to be.
struct BackendGuard<'e> {
    engine: &'e Engine,
    backend: Option<Arc<txn::Backend>>,
}

impl BackendGuard<'_> {
    fn keep(mut self) {
        self.backend = None;
    }
}

impl Drop for BackendGuard<'_> {
    fn drop(&mut self) {
        if let Some(backend) = self.backend.take() {
            self.engine.store.remove_backend(&backend);
        }
    }
}

fn new_secret(long: bool) -> Vec<u8> {
    let words = if long { 4 } else { 1 };
    let mut secret: Vec<u8> = (0..words).flat_map(|_| entropy().to_be_bytes()).collect();
    if !long {
        secret.truncate(4);
    }
    secret
}

fn constant_time_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

/// Settings of role and database, command-line options, startup packet, in rising precedence.
fn initial_settings(
    core: &Arc<SessionCore>,
    client: &ClientInfo,
    role: &catalog::PgAuthid,
) -> PgResult<()> {
    {
        let mut settings = core.settings.lock();
        let values = [
            ("session_authorization", Value::str(&role.name)),
            ("is_superuser", Value::Bool(role.superuser)),
        ];
        for (name, value) in values {
            settings.assign_default(definition::id_of(name), value, Source::Override);
        }
    }
    crate::setting_hooks::remember_role(core, &role.name, role.oid);
    let mut items = crate::services::role_settings(core, role.oid)?;
    if let Some(options) = &client.options {
        for (name, value) in parse_options(options)? {
            items.push((name, value, Source::Client));
        }
    }
    for (name, value) in &client.settings {
        items.push((name.clone(), value.clone(), Source::Client));
    }
    for (name, value, source) in items {
        let options = SetOptions {
            action: SetAction::Set,
            source,
            privileged: role.superuser || source != Source::Client,
        };
        let mut hooks = crate::setting_hooks::SessionHooks::new(core);
        let result = core.settings.lock().set_default(&name, &value, options, &mut hooks);
        hooks.apply();
        result?;
    }
    core.sync_settings();
    Ok(())
}

/// `-c name=value` and `--name=value` of PGOPTIONS.
fn parse_options(text: &str) -> PgResult<Vec<(String, String)>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.extend(chars.next()),
            c if c.is_ascii_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    let mut out = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let setting = match word.as_str() {
            "-c" => words.next(),
            other => {
                other.strip_prefix("--").or_else(|| other.strip_prefix("-c")).map(str::to_owned)
            }
        };
        match setting.as_deref().and_then(|s| s.split_once('=')) {
            Some((name, value)) => out.push((name.replace('-', "_"), value.to_owned())),
            None => {
                return Err(err!(
                    SYNTAX_ERROR,
                    "invalid command-line argument for server process: {word}"
                ));
            }
        }
    }
    Ok(out)
}
