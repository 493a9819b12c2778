//! Range scans of an index, both ways, with decoding of columns from the entries alone.
use crate::{
    IndexDesc, KeyEncoder, Rowid,
    index::{encode_columns, rowid_of},
};
use codec::{NoLarge, RowRef, decode_key_datum, encode_key_datum, skip_key_datum};
use error::{PgError, PgResult};
use std::sync::Arc;
use txn::{IterOptions, prefix_end};
use txn::{Scan, Snapshot, Transaction};
use types::Datum;

/// Which entries to scan: columns equal to `eq`, then a range of the next one, in the order of its values
/// whether the column is ASC or DESC.
#[derive(Clone, Debug, Default)]
pub struct IndexRange {
    /// Values of the first columns; NULL stands for IS NULL.
    pub eq: Vec<Datum>,
    /// The next column is greater than this, or equal if true. NULLs are left out.
    pub lower: Option<(Datum, bool)>,
    /// The next column is less than this, or equal if true. NULLs are left out.
    pub upper: Option<(Datum, bool)>,
    /// The next column is not NULL; follows from a bound.
    pub not_null: bool,
}

impl IndexRange {
    /// All entries.
    pub fn all() -> Self {
        Self::default()
    }

    /// The first and the last key plus one, storage id included; `None` if nothing can be in between.
    pub fn encode(
        &self,
        desc: &IndexDesc,
        out: &mut Vec<u8>,
    ) -> PgResult<Option<(Vec<u8>, Vec<u8>)>> {
        out.clear();
        out.extend_from_slice(&desc.sid.prefix());
        if self.eq.len() > desc.columns.len() {
            return Err(PgError::internal("index range has more columns than the index"));
        }
        encode_columns(out, desc, &self.eq)?;
        let after = |key: &[u8]| prefix_end(key).unwrap_or_else(|| vec![0xff; 5]);
        let ranged = self.not_null || self.lower.is_some() || self.upper.is_some();
        let Some(column) = desc.columns.get(self.eq.len()).filter(|_| ranged) else {
            return Ok(Some((out.clone(), after(out))));
        };
        if [&self.lower, &self.upper].into_iter().flatten().any(|bound| bound.0.is_null()) {
            return Ok(None);
        }
        let prefix = out.len();
        let mut bound = |value: &Datum, past: bool| -> PgResult<Vec<u8>> {
            out.truncate(prefix);
            encode_key_datum(out, value, &column.kind, column.order)?;
            Ok(if past { after(out) } else { out.clone() })
        };
        // In the order of the index: a DESC column starts with its greatest value.
        let (first, last) =
            if column.order.desc { (&self.upper, &self.lower) } else { (&self.lower, &self.upper) };
        let first =
            first.as_ref().map(|(value, inclusive)| bound(value, !inclusive)).transpose()?;
        let last = last.as_ref().map(|(value, inclusive)| bound(value, *inclusive)).transpose()?;
        // Between the markers of NULLs FIRST (00) and NULLs LAST (ff) lie the values (01).
        let marker = |byte: u8| [&out[..prefix], &[byte]].concat();
        let range = (first.unwrap_or_else(|| marker(0x01)), last.unwrap_or_else(|| marker(0x02)));
        Ok((range.0 < range.1).then_some(range))
    }
}

/// A position in an index.
pub struct IndexScan {
    desc: Arc<IndexDesc>,
    scan: Option<Scan>,
    backward: bool,
    started: bool,
}

impl IndexScan {
    /// A scan of the range as a snapshot sees it, backwards if asked.
    pub fn new(
        desc: Arc<IndexDesc>,
        tx: &Arc<Transaction>,
        snapshot: &Snapshot,
        encoder: &mut KeyEncoder,
        range: &IndexRange,
        backward: bool,
    ) -> PgResult<Self> {
        let scan = match range.encode(&desc, &mut encoder.key)? {
            Some((lower, upper)) => Some(tx.scan(snapshot, IterOptions::range(&lower, &upper))?),
            None => None,
        };
        Ok(IndexScan { desc, scan, backward, started: false })
    }

    /// The row of the next entry; `None` at the end.
    #[inline]
    pub fn advance(&mut self) -> PgResult<Option<Rowid>> {
        let Some(scan) = &mut self.scan else { return Ok(None) };
        match (self.started, self.backward) {
            (true, false) => scan.next(),
            (true, true) => scan.prev(),
            (false, false) => scan.seek_to_first(),
            (false, true) => scan.seek_to_last(),
        }
        self.started = true;
        if scan.valid() {
            return self.rowid().map(Some);
        }
        scan.status()?;
        Ok(None)
    }

    /// Turns around: [`IndexScan::advance`] goes the other way from here (cursors).
    pub fn set_backward(&mut self, backward: bool) {
        self.backward = backward;
    }

    /// Starts again from the beginning.
    pub fn rewind(&mut self) {
        self.started = false;
    }

    /// Goes on after all entries whose first columns are `values` (skip scans), in the scan's direction;
    /// `None` at the end.
    pub fn skip_past(&mut self, values: &[Datum]) -> PgResult<Option<Rowid>> {
        let mut key = self.desc.sid.prefix().to_vec();
        encode_columns(&mut key, &self.desc, values)?;
        let Some(scan) = &mut self.scan else { return Ok(None) };
        self.started = true;
        if self.backward {
            scan.seek_for_prev(&key);
            // The key itself, were it an entry, is one of those to skip.
            if scan.valid() && scan.key() == key {
                scan.prev();
            }
        } else {
            match prefix_end(&key) {
                Some(next) => scan.seek(&next),
                None => return Ok(None),
            }
        }
        if scan.valid() {
            return self.rowid().map(Some);
        }
        scan.status()?;
        Ok(None)
    }

    fn current(&self) -> PgResult<&Scan> {
        self.scan.as_ref().ok_or_else(|| PgError::internal("index scan has no position"))
    }

    /// The row of the entry here.
    #[inline]
    pub fn rowid(&self) -> PgResult<Rowid> {
        let scan = self.current()?;
        if self.desc.keyed_by_value() {
            rowid_of(Some(scan.value()))
        } else {
            rowid_of(scan.key().get(scan.key().len().saturating_sub(8)..))
        }
    }

    /// The key of the entry here, for comparing positions.
    pub fn key(&self) -> &[u8] {
        self.scan.as_ref().map_or(&[], |scan| scan.key())
    }

    /// Index columns of the entry here into `out` (replaced), in the order of `columns`; key columns count
    /// from 0, included ones follow them.
    pub fn decode(&self, columns: &[usize], out: &mut Vec<Datum>) -> PgResult<()> {
        let scan = self.current()?;
        out.clear();
        out.resize(columns.len(), Datum::Null);
        let payload_start = if self.desc.keyed_by_value() { 8 } else { 0 };
        let payload = scan.value().get(payload_start..).unwrap_or_default();
        let last_key = columns
            .iter()
            .filter(|c| **c < self.desc.columns.len() && self.desc.columns[**c].kind.is_lossless());
        if let Some(last) = last_key.max() {
            let mut key = scan.key().get(4..).unwrap_or_default();
            for (position, column) in self.desc.columns.iter().enumerate().take(last + 1) {
                let mut wanted = columns.iter().positions_of(position).peekable();
                if wanted.peek().is_none() || !column.kind.is_lossless() {
                    skip_key_datum(&mut key, &column.kind, column.order)?;
                    continue;
                }
                let datum = decode_key_datum(&mut key, &column.kind, column.order)?;
                wanted.for_each(|slot| out[slot] = datum.clone());
            }
        }
        if self.desc.payload_columns.is_empty() {
            return Ok(());
        }
        let row = RowRef::new(payload, &self.desc.payload)?;
        for (att, column) in self.desc.payload_columns.iter().enumerate() {
            for slot in columns.iter().positions_of(*column) {
                out[slot] = row.get(att, &NoLarge)?;
            }
        }
        Ok(())
    }
}

/// The positions at which an iterator gives a number.
trait PositionsOf {
    fn positions_of(self, wanted: usize) -> impl Iterator<Item = usize>;
}

impl<'a, I: Iterator<Item = &'a usize>> PositionsOf for I {
    fn positions_of(self, wanted: usize) -> impl Iterator<Item = usize> {
        self.enumerate().filter(move |(_, column)| **column == wanted).map(|(slot, _)| slot)
    }
}
