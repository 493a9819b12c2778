//! Building an index from all rows: sort, find duplicates, write in order.
use crate::{Index, IndexDesc, KeyEncoder, Rowid};
use error::PgResult;
use std::sync::Arc;
use txn::Transaction;
use txn::{Engine, IterOptions};
use types::Datum;

/// Collects entries and writes them sorted. Runs that outgrow `memory` become sorted files of a scratch
/// engine, whose cursor merges them.
pub struct IndexBuilder {
    index: Index,
    tx: Arc<Transaction>,
    memory: usize,
    arena: Vec<u8>,
    /// Start, end of key, end of value in the arena. A key ends with the row id, so that all differ.
    entries: Vec<(usize, usize, usize)>,
    scratch: Option<Arc<dyn Engine>>,
    /// Whether an entry's key may not be repeated without its row id.
    encoder: KeyEncoder,
}

impl IndexBuilder {
    /// A builder for an index whose storage this transaction made.
    pub fn new(desc: Arc<IndexDesc>, tx: &Arc<Transaction>, memory: usize) -> Self {
        IndexBuilder {
            index: Index::new(desc),
            tx: tx.clone(),
            memory: memory.max(1 << 20),
            arena: Vec::new(),
            entries: Vec::new(),
            scratch: None,
            encoder: KeyEncoder::new(),
        }
    }

    /// Adds the entry of a row.
    pub fn add(&mut self, values: &[Datum], rowid: Rowid) -> PgResult<()> {
        self.index.entry(&mut self.encoder, values, rowid)?;
        let start = self.arena.len();
        self.arena.extend_from_slice(&self.encoder.key);
        self.arena.extend_from_slice(&rowid.0.to_be_bytes());
        // Remembers in the sort key's tail whether the stored key has the row id as well.
        let key_end = self.arena.len();
        self.arena.push(self.index.desc().constrains(values) as u8);
        self.arena.extend_from_slice(&self.encoder.value);
        self.entries.push((start, key_end, self.arena.len()));
        if self.arena.len() + self.entries.len() * 24 > self.memory {
            self.write_run()?;
        }
        Ok(())
    }

    fn sort(&mut self) {
        let arena = &self.arena;
        self.entries.sort_unstable_by(|a, b| arena[a.0..a.1].cmp(&arena[b.0..b.1]));
    }

    fn write_run(&mut self) -> PgResult<()> {
        self.sort();
        let scratch = match &self.scratch {
            Some(scratch) => scratch.clone(),
            None => {
                let scratch = self.tx.store().engine().scratch()?;
                self.scratch.insert(scratch).clone()
            }
        };
        let mut file = scratch.file_writer()?;
        for (start, key_end, end) in &self.entries {
            file.put(&self.arena[*start..*key_end], &self.arena[*key_end..*end])?;
        }
        scratch.ingest(file.finish()?.into_iter().collect())?;
        self.arena.clear();
        self.entries.clear();
        Ok(())
    }

    /// Writes the index. If it is unique and two rows have one value, those are the answer.
    pub fn finish(mut self) -> PgResult<Option<(Rowid, Rowid)>> {
        let mut writer = self.tx.bulk(self.index.desc().sid)?;
        let mut previous = Previous::default();
        let keyed_by_value = self.index.desc().keyed_by_value();
        let mut emit = |sort_key: &[u8], tail: &[u8]| -> PgResult<Option<(Rowid, Rowid)>> {
            let (stored_key, rowid) = sort_key.split_at(sort_key.len().saturating_sub(8));
            let constrained = tail.first() == Some(&1);
            let rowid = crate::index::rowid_of(Some(rowid))?;
            if constrained {
                // In a deferrable index the stored key itself ends with the row id.
                let value_key = if keyed_by_value {
                    stored_key
                } else {
                    &stored_key[..stored_key.len().saturating_sub(8)]
                };
                if let Some(other) = previous.same(value_key, rowid) {
                    return Ok(Some((other, rowid)));
                }
            }
            writer.put(stored_key, tail.get(1..).unwrap_or_default())?;
            Ok(None)
        };
        if self.scratch.is_some() {
            self.write_run()?;
        }
        match &self.scratch {
            None => {
                self.sort();
                for (start, key_end, end) in &self.entries {
                    let (key, tail) = (&self.arena[*start..*key_end], &self.arena[*key_end..*end]);
                    if let Some(pair) = emit(key, tail)? {
                        return Ok(Some(pair));
                    }
                }
            }
            Some(scratch) => {
                let options =
                    IterOptions { lower: None, upper: None, readahead: 2 << 20, fill_cache: false };
                let mut cursor = scratch.snapshot().iter(options);
                cursor.seek_to_first();
                while cursor.valid() {
                    if let Some(pair) = emit(cursor.key(), cursor.value())? {
                        return Ok(Some(pair));
                    }
                    self.tx.backend().cancel.check()?;
                    cursor.next();
                }
                cursor.status()?;
            }
        }
        writer.finish()?;
        Ok(None)
    }
}

/// The value of the entry before, to find equal neighbours.
#[derive(Default)]
struct Previous {
    key: Vec<u8>,
    rowid: Option<Rowid>,
}

impl Previous {
    fn same(&mut self, key: &[u8], rowid: Rowid) -> Option<Rowid> {
        if self.rowid.is_some() && self.key == key {
            return self.rowid;
        }
        self.key.clear();
        self.key.extend_from_slice(key);
        self.rowid = Some(rowid);
        None
    }
}
