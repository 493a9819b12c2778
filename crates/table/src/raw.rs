//! Keys and values without a transaction, for bootstrap, which writes to the engine itself.
use crate::heap::{LARGE, row_key};
use crate::{Heap, Index, KeyEncoder, Rowid};
use error::PgResult;
use types::Datum;

impl Heap {
    /// Gives `put` the key and the value of a row, large attributes first.
    pub fn encode_raw(
        &self,
        encoder: &mut KeyEncoder,
        rowid: Rowid,
        xid: u64,
        values: &[Datum],
        put: &mut dyn FnMut(&[u8], &[u8]) -> PgResult<()>,
    ) -> PgResult<()> {
        let desc = self.desc();
        let KeyEncoder { value, row, .. } = encoder;
        value.clear();
        row.encode(value, &desc.layout, xid, values, &mut |att, bytes| {
            let mut key = row_key(desc.sid, LARGE | rowid.0).to_vec();
            key.extend_from_slice(&att.to_be_bytes());
            put(&key, bytes)
        })?;
        put(&row_key(desc.sid, rowid.0), value)
    }
}

impl Index {
    /// Gives `put` the key and the value of a row's entry. Uniqueness is not looked at.
    pub fn encode_raw(
        &self,
        encoder: &mut KeyEncoder,
        values: &[Datum],
        rowid: Rowid,
        put: &mut dyn FnMut(&[u8], &[u8]) -> PgResult<()>,
    ) -> PgResult<()> {
        self.entry(encoder, values, rowid)?;
        put(&encoder.key, &encoder.value)
    }
}
