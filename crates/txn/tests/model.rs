//! Random transactions against a model: commands, savepoints, spills, old snapshots, scans from anywhere.
#![allow(clippy::unwrap_used)]
use kv::{IterOptions, MemEngine};
use std::{collections::BTreeMap, sync::Arc};
use txn::{Snapshot, Store, StoreOptions, SubId, Transaction, TxnOptions};

type Model = BTreeMap<u32, u32>;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % u64::from(limit)) as u32
    }
}

fn key(n: u32) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&70000u32.to_be_bytes());
    key[4..].copy_from_slice(&n.to_be_bytes());
    key
}

const KEYS: u32 = 300;

fn check(tx: &Arc<Transaction>, snapshot: &Snapshot, model: &Model, random: &mut Random) {
    for _ in 0..10 {
        let n = random.below(KEYS);
        let got = tx.get(snapshot, &key(n)).unwrap();
        let want = model.get(&n).map(|value| value.to_le_bytes().to_vec());
        assert_eq!(got.map(|value| value.to_vec()), want, "key {n}");
    }
    let (a, b) = (random.below(KEYS), random.below(KEYS));
    let (lower, upper) = (a.min(b), a.max(b) + 1);
    let mut scan = tx.scan(snapshot, IterOptions::range(&key(lower), &key(upper))).unwrap();
    let want: Vec<(u32, u32)> = model.range(lower..upper).map(|(k, v)| (*k, *v)).collect();
    let start = random.below(KEYS);
    // A walk from somewhere, turning now and then, beside a position in the model.
    let mut at: i64 = if random.below(2) == 0 {
        scan.seek(&key(start));
        want.partition_point(|pair| pair.0 < start) as i64
    } else {
        scan.seek_for_prev(&key(start));
        want.partition_point(|pair| pair.0 <= start) as i64 - 1
    };
    let mut forward = random.below(2) == 0;
    for _ in 0..80 {
        let expected = usize::try_from(at).ok().and_then(|at| want.get(at));
        let got = scan.valid().then(|| {
            let n = u32::from_be_bytes(scan.key()[4..].try_into().unwrap());
            (n, u32::from_le_bytes(scan.value().try_into().unwrap()))
        });
        assert_eq!(got.as_ref(), expected, "range {lower}..{upper} from {start}");
        if got.is_none() {
            break;
        }
        if random.below(10) == 0 {
            forward = !forward;
        }
        if forward {
            scan.next();
            at += 1;
        } else {
            scan.prev();
            at -= 1;
        }
    }
    scan.status().unwrap();
}

struct Level {
    sub: SubId,
    model: Model,
    snapshots: usize,
}

fn run(store: &Arc<Store>, committed: &mut Model, random: &mut Random, budget: usize) {
    let backend = store.backend(1);
    let tx = store.begin(&backend, TxnOptions { synchronous_commit: false, ..Default::default() });
    tx.set_overlay_budget(budget);
    let mut model = committed.clone();
    let mut visible = model.clone();
    let mut levels: Vec<Level> = Vec::new();
    let mut snapshots: Vec<(Snapshot, Model)> = Vec::new();
    for _ in 0..random.below(120) {
        match random.below(20) {
            0..=9 => {
                for _ in 0..random.below(12) {
                    let (n, value) = (random.below(KEYS), random.below(1 << 30));
                    if random.below(4) == 0 {
                        tx.delete(&key(n)).unwrap();
                        model.remove(&n);
                    } else {
                        tx.put(&key(n), &value.to_le_bytes()).unwrap();
                        model.insert(n, value);
                    }
                }
            }
            10..=12 => {
                tx.next_command().unwrap();
                visible = model.clone();
            }
            13 => {
                tx.next_command().unwrap();
                visible = model.clone();
                let (sub, snapshots) = (tx.begin_sub(), snapshots.len());
                levels.push(Level { sub, model: model.clone(), snapshots });
            }
            14 if !levels.is_empty() => {
                let level = levels.swap_remove(random.below(levels.len() as u32) as usize);
                let outer: Vec<Level> = levels.drain(..).filter(|l| l.sub < level.sub).collect();
                levels = outer;
                tx.rollback_sub(level.sub).unwrap();
                tx.next_command().unwrap();
                model = level.model;
                visible = model.clone();
                snapshots.truncate(level.snapshots);
            }
            15 if !levels.is_empty() => {
                let sub = levels.swap_remove(random.below(levels.len() as u32) as usize).sub;
                levels.retain(|level| level.sub < sub);
                tx.release_sub(sub).unwrap();
            }
            16 => snapshots.push((tx.snapshot(), visible.clone())),
            _ => {
                check(&tx, &tx.snapshot(), &visible, random);
                if let Some((snapshot, model)) = snapshots.last() {
                    check(&tx, snapshot, model, random);
                }
                if let Some((snapshot, model)) = snapshots.first() {
                    check(&tx, snapshot, model, random);
                }
            }
        }
    }
    if random.below(3) == 0 {
        tx.abort();
    } else {
        tx.commit().unwrap();
        *committed = model;
    }
    store.remove_backend(&backend);
}

#[test]
fn transactions_follow_the_model() {
    for seed in 1..=12u64 {
        let store = Store::open(Arc::new(MemEngine::new()), StoreOptions::default()).unwrap();
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut committed = Model::new();
        for _ in 0..60 {
            let budget = [0, 4 << 10, 256 << 20][random.below(3) as usize];
            run(&store, &mut committed, &mut random, budget);
            let reader = store.begin_internal();
            check(&reader, &reader.snapshot(), &committed, &mut random);
        }
    }
}
