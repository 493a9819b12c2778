//! PGLiteDB in-process: a directory or memory as a database, any number of sessions.
//!
//! # What
//! [`Database`] opens a cluster, [`Connection`] is one session of it. Rows come back as values; text is
//! made by the types' output functions.
//!
//! # Data
//! ```text
//! Database (engine::Engine) ── connect ──> Connection (engine::Session) ── query ──> QueryResult
//! ```
//!
//! # Invariants
//! A directory is open in one process at a time. Sessions have the same locks and isolation as a
//! server's.
//!
//! # Not here
//! The wire protocol: `server`.
//!
//! # PostgreSQL
//! Has no counterpart.

use engine::{Binder, ClientInfo, Engine, EngineOptions, Progress, RowCollector, Session};
use error::{PgError, PgResult};
use settings::{ClusterSettings, Source};
use std::{path::Path, sync::Arc};

pub use engine::ColumnDesc;
pub use error::{PgError as Error, SqlState};
pub use types::{Datum, Oid};

/// Bytes of rows kept in memory for point reads: an application wants its memory for itself.
const READ_CACHE: usize = 64 << 20;

/// An open cluster.
pub struct Database {
    engine: Arc<Engine>,
}

/// How a database is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Settings by PostgreSQL's names.
    pub settings: Vec<(String, String)>,
}

impl Database {
    /// Opens a database in memory; it is gone when it is dropped.
    pub fn open_in_memory() -> PgResult<Database> {
        Self::open_with(Arc::new(kv::MemEngine::new()), None, &Options::default())
    }

    /// Opens a directory; creates the database if there is none.
    pub fn open(directory: &Path) -> PgResult<Database> {
        Self::open_options(directory, &Options::default())
    }

    /// The same with settings.
    pub fn open_options(directory: &Path, options: &Options) -> PgResult<Database> {
        std::fs::create_dir_all(directory).map_err(|e| {
            error::err!(IO_ERROR, "could not create directory \"{}\": {e}", directory.display())
        })?;
        let storage = directory.join("base");
        let kv = kv_rocks::RocksEngine::open(&storage, &kv_rocks::RocksOptions::default())?;
        Self::open_with(Arc::new(kv), Some(directory), options)
    }

    fn open_with(
        kv: Arc<dyn kv::Engine>,
        directory: Option<&Path>,
        options: &Options,
    ) -> PgResult<Database> {
        let mut cluster = ClusterSettings::default();
        for (name, value) in &options.settings {
            cluster.set(name, value, Source::CommandLine)?;
        }
        let engine = Engine::open(
            kv,
            EngineOptions {
                cluster: Arc::new(cluster),
                data_directory: directory.map(Path::to_owned),
                log: |_, _, _| {},
                read_cache: READ_CACHE,
                modules: &[],
            },
        )?;
        Ok(Database { engine })
    }

    /// A session as the bootstrap superuser in database `postgres`.
    pub fn connect(&self) -> PgResult<Connection> {
        self.connect_as("postgres", "postgres")
    }

    /// A session as a role in a database.
    pub fn connect_as(&self, user: &str, database: &str) -> PgResult<Connection> {
        let session = self.engine.connect(ClientInfo {
            user: user.to_owned(),
            database: database.to_owned(),
            options: None,
            settings: Vec::new(),
            address: None,
            long_secret: false,
            wake: None,
        })?;
        Ok(Connection { session })
    }

    /// Closes the database; all sessions must be gone.
    pub fn close(self) -> PgResult<()> {
        self.engine.shutdown()
    }
}

/// What a statement answered.
#[derive(Clone, Debug, Default)]
pub struct QueryResult {
    /// Columns.
    pub columns: Vec<ColumnDesc>,
    /// Rows.
    pub rows: Vec<Vec<Datum>>,
    /// Command tag, such as `INSERT 0 1`.
    pub tag: String,
    /// Notices and warnings.
    pub notices: Vec<PgError>,
}

/// A session.
pub struct Connection {
    session: Session,
}

impl Connection {
    /// Runs any number of statements; the last one's result.
    pub fn execute(&mut self, sql: &str) -> PgResult<QueryResult> {
        let mut rows = RowCollector::default();
        let mut progress = self.session.query(sql, &mut rows)?;
        loop {
            match progress {
                Progress::Done => break,
                Progress::Flush => progress = self.session.resume(&mut rows)?,
                Progress::CopyIn => {
                    return Err(self.session.fail(error::not_supported!("COPY FROM STDIN here")));
                }
            }
        }
        self.session.finish_cycle(&mut rows);
        Ok(result(rows))
    }

    /// Runs one statement with parameters in text form, `None` for NULL.
    pub fn query(&mut self, sql: &str, params: &[Option<&str>]) -> PgResult<QueryResult> {
        let outcome = self.run_with_params(sql, params);
        // Ends the implicit transaction, or takes notice that the block has failed.
        let synced = self.session.sync();
        let mut rows = outcome?;
        synced?;
        self.session.finish_cycle(&mut rows);
        Ok(result(rows))
    }

    fn run_with_params(&mut self, sql: &str, params: &[Option<&str>]) -> PgResult<RowCollector> {
        let mut rows = RowCollector::default();
        self.session.parse("", sql, Vec::new())?;
        self.session.bind("", "", &mut |binder: &mut Binder<'_>| {
            binder.param_count(params.len());
            for (i, value) in params.iter().enumerate() {
                binder.param(i, 0, value.map(str::as_bytes))?;
            }
            Ok(())
        })?;
        self.session.describe_portal("", &mut rows)?;
        let mut progress = self.session.execute("", 0, &mut rows)?;
        while progress == Progress::Flush {
            progress = self.session.resume(&mut rows)?;
        }
        match progress {
            Progress::CopyIn => {
                Err(self.session.fail(error::not_supported!("COPY FROM STDIN with parameters")))
            }
            _ => Ok(rows),
        }
    }

    /// COPY … FROM STDIN with the data at hand.
    pub fn copy_in(&mut self, sql: &str, data: &[u8]) -> PgResult<QueryResult> {
        let mut rows = RowCollector::default();
        match self.session.query(sql, &mut rows)? {
            Progress::CopyIn => {
                self.session.copy_data(data)?;
                let mut progress = self.session.copy_done(&mut rows)?;
                while progress == Progress::Flush {
                    progress = self.session.resume(&mut rows)?;
                }
            }
            _ => return Err(self.session.fail(error::err!(SYNTAX_ERROR, "not a COPY FROM STDIN"))),
        }
        self.session.finish_cycle(&mut rows);
        Ok(result(rows))
    }

    /// COPY … TO STDOUT: the data.
    pub fn copy_out(&mut self, sql: &str) -> PgResult<Vec<u8>> {
        let mut rows = RowCollector::default();
        let mut progress = self.session.query(sql, &mut rows)?;
        while progress == Progress::Flush {
            progress = self.session.resume(&mut rows)?;
        }
        self.session.finish_cycle(&mut rows);
        Ok(rows.copied)
    }

    /// Stops the running statement from another thread.
    pub fn cancel_handle(&self) -> impl Fn() + Send + Sync + use<> {
        let token = self.session.cancel_handle();
        move || token()
    }
}

fn result(rows: RowCollector) -> QueryResult {
    QueryResult { columns: rows.columns, rows: rows.rows, tag: rows.tag, notices: rows.notices }
}
