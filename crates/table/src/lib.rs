//! Heaps, indexes and sequences over the transaction layer.
//!
//! # What
//! Turns rows and index entries into keys and values of a transaction and back. Descriptors are plain data
//! that `catalog` builds; nothing here looks one up.
//!
//! # Data
//! ```text
//! heap row          [sid][rowid u64]                       -> row (codec::row)
//! large attribute   [sid][1<<63 | rowid][attribute u16]    -> stored bytes, after all rows of the heap
//! unique index      [sid][columns]                         -> [rowid u64][payload]
//!   with a NULL     [sid][columns][rowid u64]              -> [rowid u64][payload]
//! other index       [sid][columns][rowid u64]              -> [payload]
//! payload           the included columns, and the key columns that the key does not give back exactly
//! sequence          [sid]                                  -> state, written beside transactions
//! ```
//!
//! # Invariants
//! Key encoders are lent by the caller, from a pool of its session; nothing allocates per row in steady
//! state. An index entry and its row are of one snapshot: an entry that is visible leads to a visible row.
//!
//! # Not here
//! Which columns, expressions and predicates an index has, and what a conflict means: `executor`.
//!
//! # PostgreSQL
//! `src/backend/access/{heap,index,nbtree}`, `src/backend/commands/sequence.c`

mod build;
mod check;
mod desc;
mod heap;
mod heap_scan;
mod index;
mod index_scan;
mod key_encoder;
mod raw;
mod rowid;
pub mod sequence;

pub use build::IndexBuilder;
pub use check::check_index;
pub use codec::{KeyKind, KeyOrder, LargeStore, NoLarge, RowLayout, RowRef};
pub use desc::{IndexDesc, KeyColumn, TableDesc};
pub use heap::{Heap, HeapLarge};
pub use heap_scan::{HeapScan, RowRun};
pub use index::{Index, UniqueCheck};
pub use index_scan::{IndexRange, IndexScan};
pub use key_encoder::{KeyEncoder, KeyEncoderPool, PoolStats, PooledKeyEncoder};
pub use rowid::Rowid;
pub use txn::{RowLock, RowLockMode, Snapshot, StorageId, Transaction, WaitPolicy};
