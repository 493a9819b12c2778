//! Row values: header, null bitmap, fixed-width slots, variable-width section.
//!
//! ```text
//! [xid u64 LE]   who wrote it: how rows are told apart ("changed since my snapshot")
//! [natts u16]    attributes stored; the relation may have more, those take their missing value
//! [flags u16]    1 = has nulls · 2 = 32-bit offsets · 4 = has compressed or external attributes
//! [null bitmap]  (natts+7)/8 bytes if flag 1
//! [fixed slots]  one for each fixed-width attribute among the first natts, null or not
//! [var ends]     one offset for each variable-width attribute, relative to the var section
//! [var section]
//! ```
use error::{PgError, PgResult};
use types::{Datum, PhysType};

/// The physical layout of a relation's rows: precomputed offsets for its attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowLayout {
    attrs: Vec<PhysType>,
}

impl RowLayout {
    /// The layout for attributes held as `attrs`, in order of attnum; dropped ones are included with the
    /// form they had.
    pub fn new(attrs: &[PhysType]) -> Self {
        RowLayout { attrs: attrs.to_vec() }
    }

    /// Number of attributes.
    pub fn natts(&self) -> usize {
        self.attrs.len()
    }

    /// How an attribute (from 0) is held.
    pub fn phys(&self, att: usize) -> PhysType {
        self.attrs[att]
    }
}

/// A large attribute that is kept under its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct External {
    /// Attribute, from 0.
    pub att: u16,
    /// Bytes under the key.
    pub stored_len: u32,
    /// Bytes of the value.
    pub raw_len: u32,
    /// Whether what is stored is compressed.
    pub compressed: bool,
}

/// Where large attributes of one row are written to and read from; `table` implements it.
pub trait LargeStore {
    /// Lends the bytes stored for an attribute.
    fn fetch(&self, external: External, visit: &mut dyn FnMut(&[u8]) -> PgResult<()>) -> PgResult<()>;
}

/// For rows that have no large attribute.
pub struct NoLarge;

impl LargeStore for NoLarge {
    fn fetch(&self, _: External, _: &mut dyn FnMut(&[u8]) -> PgResult<()>) -> PgResult<()> {
        Err(PgError::internal("row has an external attribute where none can be"))
    }
}

/// Encodes rows; keeps its scratch memory between them.
#[derive(Default)]
pub struct RowEncoder {}

impl RowEncoder {
    /// Appends the row to `out`. What is too large to stay inside goes to `spill(att, stored bytes)`.
    pub fn encode(
        &mut self,
        out: &mut Vec<u8>,
        layout: &RowLayout,
        xid: u64,
        values: &[Datum],
        spill: &mut dyn FnMut(u16, &[u8]) -> PgResult<()>,
    ) -> PgResult<()> {
        let _ = (out, layout, xid, values, spill);
        Err(PgError::internal("row encoding is being written"))
    }
}

/// A row in its stored form, borrowed.
#[derive(Clone, Copy)]
pub struct RowRef<'a> {
    bytes: &'a [u8],
    layout: &'a RowLayout,
}

impl<'a> RowRef<'a> {
    /// Wraps the bytes after checking the header.
    pub fn new(bytes: &'a [u8], layout: &'a RowLayout) -> PgResult<Self> {
        Ok(RowRef { bytes, layout })
    }

    /// The transaction that wrote the row.
    pub fn xid(&self) -> u64 {
        0
    }

    /// Attributes stored.
    pub fn natts(&self) -> usize {
        self.layout.natts()
    }

    /// Whether an attribute (from 0, below `natts()`) is NULL.
    pub fn is_null(&self, att: usize) -> bool {
        let _ = att;
        self.bytes.is_empty()
    }

    /// One attribute, below `natts()`.
    pub fn get(&self, att: usize, large: &dyn LargeStore) -> PgResult<Datum> {
        let _ = (att, large);
        Err(PgError::internal("row encoding is being written"))
    }

    /// The bytes of a variable-width attribute that is stored plainly; `None` if it is NULL, compressed,
    /// external or of another form.
    pub fn plain_bytes(&self, att: usize) -> Option<&'a [u8]> {
        let _ = att;
        None
    }

    /// All attributes of the layout into `out` (replaced, memory reused); those not stored come from
    /// `missing`, or are NULL beyond it.
    pub fn decode_all(
        &self,
        missing: &[Datum],
        large: &dyn LargeStore,
        out: &mut Vec<Datum>,
    ) -> PgResult<()> {
        let _ = (missing, large, out);
        Err(PgError::internal("row encoding is being written"))
    }
}
