//! A hash table of distinct key values, numbered in the order they came.
use crate::{
    Cx,
    hash::{KeyColumn, hash_keys},
    store::datum_size,
};
use error::PgResult;
use types::Datum;

const NONE: u32 = u32::MAX;

/// Distinct keys of a grouping.
#[derive(Default)]
pub(crate) struct GroupTable {
    width: usize,
    keys: Vec<Datum>,
    hashes: Vec<u64>,
    next: Vec<u32>,
    heads: Vec<u32>,
    pub(crate) bytes: usize,
}

impl GroupTable {
    pub(crate) fn new(width: usize) -> Self {
        GroupTable { width, heads: vec![NONE; 256], ..GroupTable::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.hashes.clear();
        self.next.clear();
        self.heads.fill(NONE);
        self.bytes = 0;
    }

    /// The group of the key values that `value` gives, if there is one, and their hash.
    pub(crate) fn find<'a>(
        &self,
        cx: &mut Cx<'_>,
        columns: &[KeyColumn],
        value: impl Fn(&KeyColumn) -> &'a Datum,
    ) -> PgResult<(Option<usize>, u64)> {
        let hash = hash_keys(cx.session, columns, &value)?;
        let mut at = self.heads[hash as usize & (self.heads.len() - 1)];
        'chain: while at != NONE {
            let group = at as usize;
            at = self.next[group];
            if self.hashes[group] != hash {
                continue;
            }
            for (n, column) in columns.iter().enumerate() {
                let kept = &self.keys[group * self.width + n];
                if !column.not_distinct(cx, value(column), kept)? {
                    continue 'chain;
                }
            }
            return Ok((Some(group), hash));
        }
        Ok((None, hash))
    }

    /// Adds a group; the caller knows from [`GroupTable::find`] that it is new.
    pub(crate) fn insert<'a>(
        &mut self,
        columns: &[KeyColumn],
        hash: u64,
        value: impl Fn(&KeyColumn) -> &'a Datum,
    ) -> usize {
        let group = self.len();
        for column in columns {
            let key = value(column).clone();
            self.bytes += 16 + datum_size(&key);
            self.keys.push(key);
        }
        self.bytes += 20;
        self.hashes.push(hash);
        if self.len() * 2 > self.heads.len() {
            self.grow();
        }
        let bucket = hash as usize & (self.heads.len() - 1);
        self.next.push(self.heads[bucket]);
        self.heads[bucket] = group as u32;
        group
    }

    fn grow(&mut self) {
        let size = self.heads.len() * 4;
        self.heads.clear();
        self.heads.resize(size, NONE);
        for group in 0..self.next.len() {
            let bucket = self.hashes[group] as usize & (size - 1);
            self.next[group] = self.heads[bucket];
            self.heads[bucket] = group as u32;
        }
    }

    /// Finds or adds the group of key values; says whether it is new.
    pub(crate) fn find_or_insert<'a>(
        &mut self,
        cx: &mut Cx<'_>,
        columns: &[KeyColumn],
        value: impl Fn(&KeyColumn) -> &'a Datum,
    ) -> PgResult<(usize, bool)> {
        let (found, hash) = self.find(cx, columns, &value)?;
        Ok(match found {
            Some(group) => (group, false),
            None => (self.insert(columns, hash, value), true),
        })
    }
}
