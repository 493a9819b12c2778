//! The RocksDB engine behind the kv traits.
//!
//! # What
//! Opens a directory as a [`kv::Engine`]: one column family, write-ahead log synced where a write asks for it,
//! snapshots that live as long as they are held, sorted files for bulk loads, temporary databases for spills.
//!
//! # Data
//! ```text
//! <directory>/            RocksDB's files
//! <directory>/ingest/     sorted files being written; emptied at open
//! <directory>/scratch/    temporary databases; emptied at open
//! ```
//!
//! # Invariants
//! The only crate that links RocksDB, and the only one with `unsafe`: each use is a lifetime that an `Arc`
//! beside it upholds, with its proof.
//!
//! # Not here
//! What keys mean: `txn` and above.
//!
//! # PostgreSQL
//! Takes the place of `src/backend/storage` and `access/transam/xlog.c`.

mod cursor;
mod engine;
mod file;
mod options;
mod snapshot;

pub use engine::RocksEngine;
pub use options::RocksOptions;

use error::{PgError, err};

/// An I/O or corruption error of the engine as an error of ours.
#[cold]
fn rocks_error(error: rocksdb::Error) -> PgError {
    match error.kind() {
        rocksdb::ErrorKind::Corruption => err!(DATA_CORRUPTED, "storage engine: {error}"),
        _ => err!(IO_ERROR, "storage engine: {error}"),
    }
}

#[cold]
fn io_error(what: &str, path: &std::path::Path, error: std::io::Error) -> PgError {
    err!(IO_ERROR, "could not {what} \"{}\": {error}", path.display())
}
