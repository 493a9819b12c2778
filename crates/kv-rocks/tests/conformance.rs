//! RocksDB against the conformance suite, and what only a durable engine can show.
#![allow(clippy::unwrap_used)]
use kv::{Durability, Engine, WriteBatch};
use kv_rocks::{RocksEngine, RocksOptions};

fn small() -> RocksOptions {
    RocksOptions { block_cache: 8 << 20, write_buffer: 1 << 20, background_jobs: 2 }
}

#[test]
fn conforms() {
    let directory = tempfile::tempdir().unwrap();
    let next = std::cell::Cell::new(0);
    kv::conformance::run(&|| {
        next.set(next.get() + 1);
        let path = directory.path().join(next.get().to_string());
        Ok(Box::new(RocksEngine::open(&path, &small())?))
    })
    .unwrap();
}

#[test]
fn synced_writes_and_files_survive_reopening() {
    let directory = tempfile::tempdir().unwrap();
    {
        let engine = RocksEngine::open(directory.path(), &small()).unwrap();
        let mut batch = WriteBatch::new();
        batch.put(b"a", b"1");
        engine.write(&batch, Durability::Synced).unwrap();
        let mut file = engine.file_writer().unwrap();
        file.put(b"b", b"2").unwrap();
        engine.ingest(file.finish().unwrap().into_iter().collect()).unwrap();
        let unused = engine.file_writer().unwrap().finish().unwrap();
        assert!(unused.is_none());
    }
    let engine = RocksEngine::open(directory.path(), &small()).unwrap();
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(snapshot.get(b"b").unwrap().as_deref(), Some(&b"2"[..]));
    assert!(engine.counters().gets >= 2);
}

#[test]
fn snapshots_and_cursors_outlive_the_engine_handle() {
    let directory = tempfile::tempdir().unwrap();
    let engine = RocksEngine::open(directory.path(), &small()).unwrap();
    let scratch = engine.scratch().unwrap();
    let mut batch = WriteBatch::new();
    batch.put(b"a", b"1");
    scratch.write(&batch, Durability::Volatile).unwrap();
    let snapshot = scratch.snapshot();
    let mut cursor = snapshot.iter(kv::IterOptions::prefix(b"a"));
    drop(scratch);
    drop(snapshot);
    let moved = std::thread::spawn(move || {
        cursor.seek_to_first();
        cursor.value().to_vec()
    });
    assert_eq!(moved.join().unwrap(), b"1");
}
