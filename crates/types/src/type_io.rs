//! How container types read and write what they contain.
use crate::{Datum, Oid};
use error::PgResult;

/// Input and output of values of any type, by OID.
pub trait TypeIo {
    /// Text in.
    fn input(&self, typ: Oid, typmod: i32, text: &str) -> PgResult<Datum>;
    /// Text out of a value that is not NULL.
    fn output(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()>;
    /// Binary in.
    fn receive(&self, typ: Oid, typmod: i32, bytes: &[u8]) -> PgResult<Datum>;
    /// Binary out of a value that is not NULL, without its length.
    fn send(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()>;
}

/// Appends a length word and what `write` writes after it.
pub(crate) fn with_length(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> PgResult<()>,
) -> PgResult<()> {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out)?;
    let len = (out.len() - at - 4) as i32;
    out[at..at + 4].copy_from_slice(&len.to_be_bytes());
    Ok(())
}
