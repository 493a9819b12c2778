//! An overlay that outgrew its budget: its versions in a scratch engine.
//!
//! ```text
//! key -> [cid u32][sub u32][1 = value, 0 = removal][len u32][bytes] …   ascending, little-endian
//! ```
//! Rolled-back subtransactions are not searched for there: their id ranges are remembered and skipped.
use crate::{
    StorageId,
    overlay::{Item, Overlay, Version, Versions, visible},
};
use error::{PgError, PgResult};
use kv::{Durability, Engine, IterOptions, WriteBatch};
use rustc_hash::FxHashMap;
use std::{ops::Bound, sync::Arc};

pub(crate) struct Spill {
    engine: Arc<dyn Engine>,
    snapshot: Arc<dyn kv::Snapshot>,
    /// Rolled-back ranges `[from, to)` of subtransaction ids.
    aborted: Vec<(u32, u32)>,
    /// Greatest key spilled of each storage id: what is greater was not spilled before.
    greatest: FxHashMap<StorageId, Vec<u8>>,
}

const BATCH_BYTES: usize = 1 << 20;

impl Spill {
    pub(crate) fn new(engine: Arc<dyn Engine>) -> Self {
        let snapshot = engine.snapshot();
        Spill { engine, snapshot, aborted: Vec::new(), greatest: FxHashMap::default() }
    }

    /// Takes over all that is in the overlay's memory; returns the bytes written.
    pub(crate) fn absorb(&mut self, overlay: &Overlay) -> PgResult<u64> {
        let mut batch = WriteBatch::new();
        let mut value = Vec::new();
        let mut written = 0;
        overlay.each(&mut |key, row, versions| {
            let sid = StorageId::of_key(key);
            value.clear();
            match self.greatest.get_mut(&sid) {
                Some(greatest) if greatest[..] >= key[..] => {
                    self.snapshot.get_with(key, &mut |old| value.extend_from_slice(old))?;
                }
                Some(greatest) => {
                    greatest.clear();
                    greatest.extend_from_slice(key);
                }
                None => {
                    self.greatest.insert(sid, key.to_vec());
                }
            }
            if let Some(row) = row {
                encode(&mut value, row.stamp, Some(row.value));
            }
            for version in versions.into_iter().flatten() {
                encode(&mut value, (version.cid, version.sub), version.value.as_deref());
            }
            batch.put(key, &value);
            if batch.byte_size() >= BATCH_BYTES {
                written += batch.byte_size() as u64;
                self.engine.write(&batch, Durability::Volatile)?;
                batch.clear();
            }
            Ok(())
        })?;
        written += batch.byte_size() as u64;
        self.engine.write(&batch, Durability::Volatile)?;
        self.snapshot = self.engine.snapshot();
        Ok(written)
    }

    pub(crate) fn abort(&mut self, from: u32, to: u32) {
        self.aborted.push((from, to));
    }

    fn decode(&self, mut bytes: &[u8]) -> PgResult<Versions> {
        let mut versions = Versions::new();
        while !bytes.is_empty() {
            let Some((header, rest)) = bytes.split_first_chunk::<13>() else {
                return Err(PgError::internal("scratch record is cut short"));
            };
            let word = |at: usize| {
                u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
            };
            let (cid, sub, len) = (word(0), word(4), word(9) as usize);
            let Some(value) = rest.get(..len) else {
                return Err(PgError::internal("scratch record is cut short"));
            };
            if !self.aborted.iter().any(|range| range.0 <= sub && sub < range.1) {
                let value = (header[8] == 1).then(|| Arc::from(value));
                versions.push(Version { cid, sub, value });
            }
            bytes = &rest[len..];
        }
        Ok(versions)
    }

    pub(crate) fn get(&self, key: &[u8], curcid: u32) -> PgResult<Option<Version>> {
        let mut found = Ok(Versions::new());
        self.snapshot.get_with(key, &mut |bytes| found = self.decode(bytes))?;
        Ok(visible(&found?, curcid).cloned())
    }

    pub(crate) fn collect(
        &self,
        (from, to): (Bound<&[u8]>, Bound<&[u8]>),
        forward: bool,
        curcid: u32,
        limit: usize,
    ) -> PgResult<(Vec<Item>, bool)> {
        let after = |key: &[u8]| [key, &[0]].concat();
        let lower = match from {
            Bound::Included(key) => Some(key.to_vec()),
            Bound::Excluded(key) => Some(after(key)),
            Bound::Unbounded => None,
        };
        let upper = match to {
            Bound::Included(key) => Some(after(key)),
            Bound::Excluded(key) => Some(key.to_vec()),
            Bound::Unbounded => None,
        };
        let options = IterOptions { lower, upper, readahead: 0, fill_cache: true };
        let mut cursor = self.snapshot.iter(options);
        if forward {
            cursor.seek_to_first()
        } else {
            cursor.seek_to_last()
        }
        let mut out = Vec::new();
        while cursor.valid() && out.len() < limit {
            let versions = self.decode(cursor.value())?;
            if let Some(version) = visible(&versions, curcid) {
                out.push((Arc::from(cursor.key()), version.value.clone()));
            }
            if forward { cursor.next() } else { cursor.prev() }
        }
        cursor.status()?;
        let complete = !cursor.valid();
        Ok((out, complete))
    }

    /// Hands the newest version of every key to `write`, in key order, those of the overlay's memory first.
    pub(crate) fn drain(
        &self,
        overlay: &Overlay,
        write: &mut dyn FnMut(&[u8], Option<&[u8]>) -> PgResult<()>,
    ) -> PgResult<()> {
        let options =
            IterOptions { lower: None, upper: None, readahead: 2 << 20, fill_cache: false };
        let mut cursor = self.snapshot.iter(options);
        cursor.seek_to_first();
        let newest = |bytes: &[u8],
                      key: &[u8],
                      write: &mut dyn FnMut(&[u8], Option<&[u8]>) -> _| {
            match self.decode(bytes)?.last() {
                Some(version) => write(key, version.value.as_deref()),
                None => Ok(()),
            }
        };
        overlay.each_newest(&mut |key, value| {
            while cursor.valid() && cursor.key() < key {
                newest(cursor.value(), cursor.key(), write)?;
                cursor.next();
            }
            if cursor.valid() && cursor.key() == key {
                cursor.next();
            }
            write(key, value)
        })?;
        while cursor.valid() {
            newest(cursor.value(), cursor.key(), write)?;
            cursor.next();
        }
        cursor.status()
    }
}

fn encode(out: &mut Vec<u8>, (cid, sub): (u32, u32), value: Option<&[u8]>) {
    out.extend_from_slice(&cid.to_le_bytes());
    out.extend_from_slice(&sub.to_le_bytes());
    out.push(value.is_some() as u8);
    out.extend_from_slice(&(value.map_or(0, <[u8]>::len) as u32).to_le_bytes());
    out.extend_from_slice(value.unwrap_or_default());
}
