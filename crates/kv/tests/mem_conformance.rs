//! The in-memory engine against the conformance suite.
#![allow(clippy::unwrap_used)]
use kv::{Durability, Engine, MemEngine, WriteBatch};

#[test]
fn conforms() {
    kv::conformance::run(&|| Ok(Box::new(MemEngine::new()))).unwrap();
}

#[test]
fn versions_are_reclaimed() {
    let engine = MemEngine::new();
    let held = engine.snapshot();
    for i in 0..1000u32 {
        let mut batch = WriteBatch::new();
        batch.put(b"counter", &i.to_le_bytes());
        batch.put(b"temporary", b"");
        batch.delete(b"temporary");
        engine.write(&batch, Durability::Logged).unwrap();
    }
    assert!(held.get(b"counter").unwrap().is_none());
    drop(held);
    engine.compact(b"", b"\xff").unwrap();
    assert_eq!(engine.version_count(), 1);
}
