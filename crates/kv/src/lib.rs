//! An ordered byte store: the engine traits and the in-memory engine.
//!
//! # What
//! What transactions need of a storage engine and nothing else: atomic write batches, snapshots, point
//! reads, cursors in both directions, range deletes, ingestion of sorted files, and scratch space.
//!
//! # Data
//! ```text
//! Engine    --snapshot()-->  Arc<dyn Snapshot>  --iter()-->  Box<dyn Cursor>   (lends key and value)
//! WriteBatch  [op u8][klen u32][vlen u32][key][value] …   one allocation whatever the number of operations
//! ```
//!
//! # Invariants
//! A batch is seen whole or not at all. A snapshot never changes. Cursors lend: no allocation per row.
//! Keys are compared as unsigned bytes.
//!
//! # Not here
//! Transactions, locks and visibility: `txn`. The durable engine: `kv-rocks`.
//!
//! # PostgreSQL
//! Takes the place of `src/backend/storage/{buffer,smgr}` and `access/transam/xlog.c`.

mod batch;
pub mod conformance;
mod counters;
mod engine;
mod mem;

pub use batch::{BatchOp, WriteBatch};
pub use counters::EngineCounters;
pub use engine::{
    Cursor, Durability, Engine, FileWriter, IterOptions, Snapshot, SortedFile, prefix_end,
};
pub use mem::MemEngine;
