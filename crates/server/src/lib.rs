//! The server: arguments, data directory, runtime, shutdown. The `pglitedb` binary only calls [`run`].
//!
//! # What
//! Listens on loopback sockets and gives every connection a task that reads messages, runs the
//! engine on them in place and writes the replies back.
//!
//! # Data
//! ```text
//! Listener ── a task a connection ── Connection { socket, RecvBuffer, OutputBuffer, engine::Session }
//! ```
//!
//! # Invariants
//! This is the only crate with `async`. An idle connection holds no buffers. Output is written at
//! Sync, Flush, the end of a simple query and whenever 64 kB have gathered.
//!
//! # Not here
//! Messages as bytes: `wire`. Everything SQL: `engine`.
//!
//! # PostgreSQL
//! `src/backend/postmaster/`, `src/backend/tcop/{backend_startup,postgres}.c`

mod active;
mod args;
mod buffer_pool;
mod connection;
mod data_directory;
mod handshake;
mod listener;
mod log;
mod memory;
mod message;
mod output;
mod recv_buffer;
mod socket;
mod unsynced;

use data_directory::DataDirectory;
use error::{PgError, PgResult, SqlState};
use std::{process::ExitCode, sync::Arc};

/// Does what the command line says, with these modules of C functions.
pub fn run(modules: &'static [engine::Module]) -> ExitCode {
    let outcome = match args::parse(std::env::args().skip(1)) {
        Ok(args::Command::Serve(options)) => serve(options, modules),
        Ok(args::Command::Check(options)) => check(options, modules),
        Ok(args::Command::Print(text)) => {
            log::print(&text);
            return ExitCode::SUCCESS;
        }
        Err(e) => Err(e),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            log::error(&e);
            ExitCode::FAILURE
        }
    }
}

/// Threads for sessions that end while as many others as there may be are served.
const SPARE_THREADS: usize = 16;
/// Stack of the threads that run sessions, and what expressions may use of it.
const STACK_SIZE: usize = 16 << 20;
const STACK_RESERVE: usize = 2 << 20;

fn serve(options: args::ServeOptions, modules: &'static [engine::Module]) -> PgResult<()> {
    let directory = DataDirectory::open(&options.directory)?;
    let cluster = directory.settings(&options)?;
    error::set_max_stack_depth(STACK_SIZE - STACK_RESERVE);
    let addresses = listener::Addresses::resolve(&cluster)?;
    let engine = open_engine(&directory, cluster, modules)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("session")
        .thread_stack_size(STACK_SIZE)
        .max_blocking_threads(engine.max_connections() + SPARE_THREADS)
        .build()
        .map_err(|e| PgError::internal(format!("could not start the runtime: {e}")))?;
    let outcome = runtime.block_on(listener::run(engine.clone(), addresses));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    engine.shutdown()?;
    log::log("database system is shut down");
    outcome
}

fn open_engine(
    directory: &DataDirectory,
    cluster: settings::ClusterSettings,
    modules: &'static [engine::Module],
) -> PgResult<Arc<engine::Engine>> {
    let kv = directory.open_storage(&cluster)?;
    engine::Engine::open(
        kv,
        engine::EngineOptions {
            cluster: Arc::new(cluster),
            data_directory: Some(directory.path().to_owned()),
            log: log::record,
            read_cache: memory::read_cache(),
            modules,
        },
    )
}

/// Compares all indexes with their tables; fails if any differs.
fn check(options: args::ServeOptions, modules: &'static [engine::Module]) -> PgResult<()> {
    let directory = DataDirectory::open_existing(&options.directory)?;
    let cluster = directory.settings(&options)?;
    error::set_max_stack_depth(STACK_SIZE - STACK_RESERVE);
    let engine = open_engine(&directory, cluster, modules)?;
    let checked = engine.clone();
    // Expressions of indexes need a session's stack.
    let summary = std::thread::Builder::new()
        .name("check".to_owned())
        .stack_size(STACK_SIZE)
        .spawn(move || {
            checked.check(&mut |problem| {
                log::error(&PgError::new(SqlState::INDEX_CORRUPTED, problem.to_owned()));
            })
        })
        .map_err(|e| PgError::internal(format!("could not start a thread: {e}")))?
        .join()
        .map_err(|_| PgError::internal("the check ended unexpectedly"))?;
    engine.shutdown()?;
    let summary = summary?;
    match summary.problems {
        0 => {
            log::log(&format!("{} indexes agree with their tables", summary.indexes));
            Ok(())
        }
        n => Err(PgError::new(
            SqlState::INDEX_CORRUPTED,
            format!("{n} problems in {} indexes", summary.indexes),
        )),
    }
}
