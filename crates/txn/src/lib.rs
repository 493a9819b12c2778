//! Transactions over an ordered byte store: snapshots, overlay, locks, savepoints, commit.
//!
//! # What
//! [`Store`] is the seam below which data lives: snapshot reads, row locks that answer with the latest
//! committed version, one atomic commit. A [`Transaction`] keeps its own writes in an overlay above it.
//!
//! # Data
//! ```text
//! Store ── engine            committed state
//!       ── committer         orders commits, gives each a csn, one log sync a group, publishes ReadView
//!       ── lock manager      relations, rows, unique keys, advisory …          lock/
//! Transaction ── overlay     key -> versions stamped (command id, subtransaction)  overlay.rs, spill.rs
//! Snapshot = ReadView (csn, engine snapshot) + command id                          view.rs
//! ```
//! A key starts with its storage id, u32 big-endian. A heap row's value starts with the xid of its writer,
//! u64 little-endian: [`Transaction::lock_row`] tells by it whether a row changed.
//!
//! # Invariants
//! Bytes only: no datum, no catalog. Nothing uncommitted is in the engine, except in storage ids that no
//! committed transaction names. Visibility order is log order. Read-only transactions take no xid and never
//! meet the committer.
//!
//! # Not here
//! What keys and values mean: `table`. Which isolation error a changed row is: `executor`.
//!
//! # PostgreSQL
//! `src/backend/access/transam/`, `src/backend/storage/lmgr/`

mod backend;
mod bulk;
mod cache;
mod cancel;
mod commit;
mod counter;
mod durable;
mod ending;
mod failpoint;
mod filter;
pub mod lock;
mod overlay;
mod prepared;
mod row_lock;
mod rowid;
mod run;
mod scan;
mod segment;
mod spill;
mod ssi;
mod stats;
mod storage;
mod store;
mod subtransaction;
mod transaction;
mod view;

pub use backend::Backend;
pub use bulk::BulkWriter;
pub use cancel::{CancelReason, CancelToken};
pub use commit::{CommitListener, CommitTicket};
pub use failpoint::{FailAction, Failpoints};
pub use kv::{Engine, EngineCounters, IterOptions, prefix_end};
pub use lock::{
    LockLevel, LockManager, LockMode, LockOutcome, LockRow, LockTag, RowLockMode, WaitPolicy,
};
pub use prepared::PreparedInfo;
pub use row_lock::RowLock;
pub use rowid::RowidAllocator;
pub use scan::Scan;
pub use segment::{SEGMENT_ROWS, Segment, SegmentScan};
pub use stats::{StoreStats, StoreStatsSnapshot};
pub use storage::{StorageId, meta};
pub use store::{Store, StoreOptions};
pub use transaction::{Isolation, SubId, Transaction, TxnOptions, TxnState};
pub use view::{ReadView, Snapshot};
