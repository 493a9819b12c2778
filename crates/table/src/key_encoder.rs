//! Buffers for keys and values, lent to scan and modify nodes from a pool of their session.
use codec::RowEncoder;
use parking_lot::Mutex;
use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Memory in which keys, rows and payloads are put together.
#[derive(Default)]
pub struct KeyEncoder {
    pub(crate) key: Vec<u8>,
    pub(crate) other_key: Vec<u8>,
    pub(crate) value: Vec<u8>,
    pub(crate) row: RowEncoder,
    pub(crate) payload: Vec<types::Datum>,
}

impl KeyEncoder {
    /// An encoder outside any pool.
    pub fn new() -> Self {
        Self::default()
    }

    fn capacity(&self) -> usize {
        self.key.capacity() + self.other_key.capacity() + self.value.capacity()
    }
}

/// Sizes up to which encoders are kept, and how many of each.
const TIERS: [(usize, usize); 3] = [(4 << 10, 16), (64 << 10, 4), (1 << 20, 1)];

#[derive(Default)]
struct Tiers([Vec<KeyEncoder>; TIERS.len()]);

/// The encoders of one session.
#[derive(Default)]
pub struct KeyEncoderPool {
    tiers: Mutex<Tiers>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How often a pool had an encoder to lend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Lent from the pool.
    pub hits: u64,
    /// Made anew.
    pub misses: u64,
}

impl KeyEncoderPool {
    /// An empty pool.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Lends an encoder, one that has grown to about `size` bytes if there is one.
    pub fn lend(self: &Arc<Self>, size: usize) -> PooledKeyEncoder {
        let wanted = TIERS.iter().position(|tier| size <= tier.0).unwrap_or(TIERS.len() - 1);
        let mut tiers = self.tiers.lock();
        let found = (wanted..TIERS.len()).chain(0..wanted).find_map(|tier| tiers.0[tier].pop());
        drop(tiers);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        PooledKeyEncoder { encoder: found.unwrap_or_default(), pool: self.clone() }
    }

    /// Hits and misses so far.
    pub fn stats(&self) -> PoolStats {
        PoolStats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }

    /// Gives the memory back (a session that goes idle).
    pub fn shrink(&self) {
        *self.tiers.lock() = Tiers::default();
    }

    fn give_back(&self, mut encoder: KeyEncoder) {
        let size = encoder.capacity();
        let Some(tier) = TIERS.iter().position(|tier| size <= tier.0) else { return };
        encoder.payload.clear();
        let mut tiers = self.tiers.lock();
        if tiers.0[tier].len() < TIERS[tier].1 {
            tiers.0[tier].push(encoder);
        }
    }
}

/// An encoder on loan; it goes back when dropped.
pub struct PooledKeyEncoder {
    encoder: KeyEncoder,
    pool: Arc<KeyEncoderPool>,
}

impl Deref for PooledKeyEncoder {
    type Target = KeyEncoder;
    fn deref(&self) -> &KeyEncoder {
        &self.encoder
    }
}

impl DerefMut for PooledKeyEncoder {
    fn deref_mut(&mut self) -> &mut KeyEncoder {
        &mut self.encoder
    }
}

impl Drop for PooledKeyEncoder {
    fn drop(&mut self) {
        self.pool.give_back(std::mem::take(&mut self.encoder));
    }
}
