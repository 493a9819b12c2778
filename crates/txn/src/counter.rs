//! Numbers that are never given out twice, crashes included: xids, OIDs, storage ids.
use crate::meta;
use error::PgResult;
use kv::{Durability, Engine, WriteBatch};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that reserves a block in the log before it gives numbers out of it. The reservation needs no
/// sync of its own: a commit that used a number comes later in the same log.
pub(crate) struct Counter {
    key: [u8; 5],
    block: u64,
    next: AtomicU64,
    reserved: AtomicU64,
    extending: Mutex<()>,
}

impl Counter {
    pub(crate) fn open(engine: &dyn Engine, tag: u8, first: u64, block: u64) -> PgResult<Self> {
        let prefix = meta::COUNTERS.prefix();
        let key = [prefix[0], prefix[1], prefix[2], prefix[3], tag];
        let stored = engine.snapshot().get(&key)?;
        let start = match stored.as_deref().and_then(|bytes| bytes.first_chunk()) {
            Some(bytes) => u64::from_le_bytes(*bytes).max(first),
            None => first,
        };
        Ok(Counter {
            key,
            block,
            next: AtomicU64::new(start),
            reserved: AtomicU64::new(start),
            extending: Mutex::new(()),
        })
    }

    /// The number that would be given out next.
    pub(crate) fn peek(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }

    pub(crate) fn alloc(&self, engine: &dyn Engine) -> PgResult<u64> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        if number >= self.reserved.load(Ordering::SeqCst) {
            self.reserve(engine, number + 1)?;
        }
        Ok(number)
    }

    /// Makes sure that numbers below `at_least` are not given out again.
    pub(crate) fn advance(&self, engine: &dyn Engine, at_least: u64) -> PgResult<()> {
        self.next.fetch_max(at_least, Ordering::SeqCst);
        if at_least > self.reserved.load(Ordering::SeqCst) {
            self.reserve(engine, at_least)?;
        }
        Ok(())
    }

    #[cold]
    fn reserve(&self, engine: &dyn Engine, at_least: u64) -> PgResult<()> {
        let _one = self.extending.lock();
        if at_least <= self.reserved.load(Ordering::SeqCst) {
            return Ok(());
        }
        let limit = at_least + self.block;
        self.store(engine, limit, Durability::Logged)?;
        self.reserved.store(limit, Ordering::SeqCst);
        Ok(())
    }

    fn store(&self, engine: &dyn Engine, limit: u64, durability: Durability) -> PgResult<()> {
        let mut batch = WriteBatch::new();
        batch.put(&self.key, &limit.to_le_bytes());
        engine.write(&batch, durability)
    }

    /// Gives the rest of the block back at a clean shutdown.
    pub(crate) fn close(&self, engine: &dyn Engine) -> PgResult<()> {
        let _one = self.extending.lock();
        let next = self.next.load(Ordering::SeqCst);
        self.reserved.store(next, Ordering::SeqCst);
        self.store(engine, next, Durability::Logged)
    }
}
