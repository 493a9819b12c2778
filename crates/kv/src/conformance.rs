//! The behaviour every engine must show, as functions that a test of each engine runs.
use crate::{Durability, Engine, IterOptions, Snapshot, WriteBatch};
use error::PgResult;
use std::collections::BTreeMap;

/// Runs all checks, each on an engine that `open` makes empty.
pub fn run(open: &dyn Fn() -> PgResult<Box<dyn Engine>>) -> PgResult<()> {
    snapshots_are_stable(open()?.as_ref())?;
    cursors_move_both_ways(open()?.as_ref())?;
    ranges_are_removed(open()?.as_ref())?;
    files_are_ingested(open()?.as_ref())?;
    scratch_is_separate(open()?.as_ref())?;
    random_operations_match_a_model(open()?.as_ref())
}

fn check(condition: bool, what: &str) -> PgResult<()> {
    if condition { Ok(()) } else { Err(error::PgError::internal(format!("conformance: {what}"))) }
}

fn put(engine: &dyn Engine, pairs: &[(&[u8], &[u8])]) -> PgResult<()> {
    let mut batch = WriteBatch::new();
    pairs.iter().for_each(|(key, value)| batch.put(key, value));
    engine.write(&batch, Durability::Logged)
}

fn contents(snapshot: &dyn Snapshot, options: IterOptions) -> PgResult<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut cursor = snapshot.iter(options);
    let mut out = Vec::new();
    cursor.seek_to_first();
    while cursor.valid() {
        out.push((cursor.key().to_vec(), cursor.value().to_vec()));
        cursor.next();
    }
    cursor.status()?;
    Ok(out)
}

fn all() -> IterOptions {
    IterOptions { lower: None, upper: None, readahead: 0, fill_cache: true }
}

fn snapshots_are_stable(engine: &dyn Engine) -> PgResult<()> {
    put(engine, &[(b"a", b"1"), (b"b", b"2")])?;
    let before = engine.snapshot();
    let mut batch = WriteBatch::new();
    batch.put(b"a", b"9");
    batch.delete(b"b");
    batch.put(b"c", b"3");
    engine.write(&batch, Durability::Synced)?;
    check(before.get(b"a")?.as_deref() == Some(b"1"), "old value in old snapshot")?;
    check(before.get(b"b")?.as_deref() == Some(b"2"), "deleted key in old snapshot")?;
    check(before.get(b"c")?.is_none(), "new key not in old snapshot")?;
    let now = engine.snapshot();
    check(now.get(b"a")?.as_deref() == Some(b"9"), "new value")?;
    check(now.get(b"b")?.is_none(), "deleted key")?;
    let mut seen = Vec::new();
    now.multi_get_with(&[b"c", b"b", b"a"], &mut |i, v| seen.push((i, v.map(<[u8]>::to_vec))))?;
    seen.sort();
    check(
        seen == [(0, Some(b"3".to_vec())), (1, None), (2, Some(b"9".to_vec()))],
        "multi_get answers each key",
    )?;
    check(contents(before.as_ref(), all())?.len() == 2, "scan of old snapshot")
}

fn cursors_move_both_ways(engine: &dyn Engine) -> PgResult<()> {
    for i in 0..300u32 {
        put(engine, &[(&(i * 2).to_be_bytes(), &i.to_le_bytes())])?;
    }
    let snapshot = engine.snapshot();
    let (lower, upper) = (100u32.to_be_bytes(), 200u32.to_be_bytes());
    let mut cursor = snapshot.iter(IterOptions::range(&lower, &upper));
    cursor.seek_to_first();
    check(cursor.key() == lower, "first of range")?;
    cursor.seek_to_last();
    check(cursor.key() == 198u32.to_be_bytes(), "last of range")?;
    cursor.next();
    check(!cursor.valid(), "end of range")?;
    cursor.seek(&101u32.to_be_bytes());
    check(cursor.key() == 102u32.to_be_bytes(), "seek goes up")?;
    cursor.seek_for_prev(&101u32.to_be_bytes());
    check(cursor.key() == 100u32.to_be_bytes(), "seek_for_prev goes down")?;
    cursor.prev();
    check(!cursor.valid(), "start of range")?;
    cursor.seek(&0u32.to_be_bytes());
    check(cursor.key() == lower, "seek stays in range")?;
    cursor.seek_for_prev(&900u32.to_be_bytes());
    check(cursor.key() == 198u32.to_be_bytes(), "seek_for_prev stays in range")?;
    cursor.seek(&150u32.to_be_bytes());
    cursor.next();
    cursor.next();
    cursor.prev();
    check(cursor.key() == 152u32.to_be_bytes(), "turns around")?;
    let mut backwards = 0;
    let mut cursor = snapshot.iter(all());
    cursor.seek_to_last();
    while cursor.valid() {
        backwards += 1;
        cursor.prev();
    }
    check(backwards == 300, "whole scan backwards")
}

fn ranges_are_removed(engine: &dyn Engine) -> PgResult<()> {
    put(engine, &[(b"a", b"1"), (b"b1", b"2"), (b"b2", b"3"), (b"c", b"4")])?;
    let before = engine.snapshot();
    let mut batch = WriteBatch::new();
    batch.delete_range(b"b", b"c");
    batch.put(b"b3", b"5");
    engine.write(&batch, Durability::Logged)?;
    let now = contents(engine.snapshot().as_ref(), all())?;
    let keys: Vec<&[u8]> = now.iter().map(|pair| &pair.0[..]).collect();
    check(keys == [&b"a"[..], b"b3", b"c"], "range delete, then put in the same batch")?;
    check(
        contents(before.as_ref(), IterOptions::prefix(b"b"))?.len() == 2,
        "old snapshot keeps range",
    )?;
    engine.compact(b"a", b"z")?;
    check(before.get(b"b1")?.as_deref() == Some(b"2"), "compaction respects snapshots")
}

fn files_are_ingested(engine: &dyn Engine) -> PgResult<()> {
    put(engine, &[(b"k1", b"old"), (b"k2", b"old")])?;
    let before = engine.snapshot();
    let mut first = engine.file_writer()?;
    first.put(b"k1", b"new")?;
    first.delete(b"k2")?;
    first.put(b"k3", b"new")?;
    let mut second = engine.file_writer()?;
    second.put(b"x1", b"new")?;
    let empty = engine.file_writer()?;
    let files = [first.finish()?, second.finish()?, empty.finish()?];
    engine.ingest(files.into_iter().flatten().collect())?;
    let now = engine.snapshot();
    check(now.get(b"k1")?.as_deref() == Some(b"new"), "file wins")?;
    check(now.get(b"k2")?.is_none(), "file removes")?;
    check(now.get(b"x1")?.as_deref() == Some(b"new"), "second file")?;
    check(before.get(b"k1")?.as_deref() == Some(b"old"), "old snapshot does not see the file")?;
    put(engine, &[(b"k1", b"newest")])?;
    check(engine.snapshot().get(b"k1")?.as_deref() == Some(b"newest"), "write after ingestion wins")
}

fn scratch_is_separate(engine: &dyn Engine) -> PgResult<()> {
    let scratch = engine.scratch()?;
    put(engine, &[(b"a", b"1")])?;
    let mut batch = WriteBatch::new();
    batch.put(b"a", b"scratch");
    scratch.write(&batch, Durability::Volatile)?;
    check(engine.snapshot().get(b"a")?.as_deref() == Some(b"1"), "scratch does not leak")?;
    check(scratch.snapshot().get(b"a")?.as_deref() == Some(b"scratch"), "scratch holds")
}

fn random_operations_match_a_model(engine: &dyn Engine) -> PgResult<()> {
    let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut kept = Vec::new();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % limit
    };
    for round in 0..400u64 {
        let mut batch = WriteBatch::new();
        for _ in 0..random(6) + 1 {
            let key = (random(80) as u32).to_be_bytes().to_vec();
            match random(8) {
                0..=4 => {
                    let value = round.to_le_bytes().to_vec();
                    batch.put(&key, &value);
                    model.insert(key, value);
                }
                5 | 6 => {
                    batch.delete(&key);
                    model.remove(&key);
                }
                _ => {
                    let end =
                        (u32::from_be_bytes([key[0], key[1], key[2], key[3]]) + 5).to_be_bytes();
                    batch.delete_range(&key, &end);
                    let doomed: Vec<_> =
                        model.range(key..end.to_vec()).map(|pair| pair.0.clone()).collect();
                    doomed.iter().for_each(|k| {
                        model.remove(k);
                    });
                }
            }
        }
        engine.write(&batch, Durability::Logged)?;
        if round % 50 == 7 {
            kept.push((engine.snapshot(), model.clone()));
        }
        if round % 120 == 119 {
            engine.flush()?;
            kept.remove(0);
        }
    }
    kept.push((engine.snapshot(), model));
    for (snapshot, model) in &kept {
        let expected: Vec<_> = model.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        check(contents(snapshot.as_ref(), all())? == expected, "scan equals the model")?;
        for key in 0..80u32 {
            let got = snapshot.get(&key.to_be_bytes())?;
            let want = model.get(&key.to_be_bytes()[..]);
            check(got.as_deref() == want.map(|v| &v[..]), "get equals the model")?;
        }
    }
    Ok(())
}
