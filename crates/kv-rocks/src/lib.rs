//! The RocksDB engine behind the kv traits.
