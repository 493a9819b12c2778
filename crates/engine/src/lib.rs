//! Sessions: from messages to statements to plans, and back to rows.
//!
//! # What
//! [`Engine`] is an open cluster, [`Session`] one client of it. A session parses, analyses, plans and
//! runs statements in its transaction, keeps prepared statements, portals and settings, and pushes
//! results to a [`ResultSink`].
//!
//! # Data
//! ```text
//! text ─parser─> RawStmt ─analyzer─> Query ─planner─> PlannedStmt ─executor─> rows ─> ResultSink
//!                └ utility ─> commands, or the engine's own (transactions, settings, cursors, COPY)
//! CachedStatement   analysed text, shared by all sessions while the catalog stays as it is
//! Portal            a statement with parameters, in the course of execution
//! ```
//!
//! # Invariants
//! Everything is synchronous; a call that fills the sink returns and is resumed. After an error the
//! transaction is rolled back or its block has failed before the error is returned. A panic in a
//! statement is XX000.
//!
//! # Not here
//! Sockets and messages: `server`, `wire`. DDL: `commands`.
//!
//! # PostgreSQL
//! `src/backend/tcop/`, `src/backend/access/transam/xact.c`, `src/backend/utils/cache/plancache.c`,
//! `src/backend/utils/mmgr/portalmem.c`

mod activity;
mod check;
mod clock;
mod command_tag;
mod constraints;
mod context;
mod copy;
mod copy_in;
mod copy_options;
mod copy_out;
mod copy_text;
mod cursor;
mod deadline;
mod definition;
mod engine;
mod explain;
mod fastpath;
mod function_check;
mod guarded_call;
mod language;
mod lifted;
mod local_statement;
mod module;
mod notify;
mod on_commit;
mod plan_cache;
mod plpgsql;
mod portal;
mod portal_run;
mod prepared;
mod query_run;
mod random;
mod role;
mod sequence;
mod services;
mod session;
mod session_core;
mod setting_hooks;
mod sink;
mod spi;
mod statement;
mod system;
mod tree_compiler;
mod two_phase;
mod type_cache;
mod type_io;
mod utility;
mod vacuum;
mod variable;
mod xact;

pub use activity::{Activity, ActivityState, DatabaseStats};
pub use check::CheckSummary;
pub use context::StatementContext;
pub use engine::{ClientInfo, Engine, EngineOptions, LogFunction};
pub use fmgr::Module;
pub use portal::CursorRow;
pub use session::{Binder, Progress, Session};
pub use session_core::{SessionCore, Waker};
pub use sink::{ColumnDesc, ResultSink, RowCollector, RowShape, format_for};
