//! What the storage of a table or index looks like.
use codec::{KeyKind, KeyOrder, RowLayout};
use txn::StorageId;
use types::{Datum, PhysType};

/// A heap.
#[derive(Clone, Debug)]
pub struct TableDesc {
    /// Where its rows are.
    pub sid: StorageId,
    /// How they are laid out, dropped attributes included.
    pub layout: RowLayout,
    /// By attribute, the value of rows older than the attribute; may be shorter than the layout.
    pub missing: Vec<Datum>,
}

/// A key column of an index.
#[derive(Clone, Debug)]
pub struct KeyColumn {
    /// How its values are ordered.
    pub kind: KeyKind,
    /// Direction and place of NULLs.
    pub order: KeyOrder,
    /// How its values are held.
    pub phys: PhysType,
}

/// An index.
#[derive(Clone, Debug)]
pub struct IndexDesc {
    /// Where its entries are.
    pub sid: StorageId,
    /// No two rows may have equal keys.
    pub unique: bool,
    /// NULLs are equal to each other in that.
    pub nulls_not_distinct: bool,
    /// Equal keys may be there until a check at the end.
    pub deferrable: bool,
    /// Key columns.
    pub columns: Vec<KeyColumn>,
    /// How many columns are included beside the key.
    pub n_include: usize,
    /// Layout of the payload, and for each of its attributes the index column it holds.
    pub(crate) payload: RowLayout,
    pub(crate) payload_columns: Vec<usize>,
}

impl IndexDesc {
    /// An index with the given key columns, and included columns held as `include`.
    pub fn new(sid: StorageId, columns: Vec<KeyColumn>, include: &[PhysType]) -> Self {
        let mut phys = Vec::new();
        let mut payload_columns = Vec::new();
        for (position, column) in columns.iter().enumerate() {
            if !column.kind.is_lossless() {
                phys.push(column.phys);
                payload_columns.push(position);
            }
        }
        for (position, include) in include.iter().enumerate() {
            phys.push(*include);
            payload_columns.push(columns.len() + position);
        }
        IndexDesc {
            sid,
            unique: false,
            nulls_not_distinct: false,
            deferrable: false,
            columns,
            n_include: include.len(),
            payload: RowLayout::new(&phys),
            payload_columns,
        }
    }

    /// Makes it unique.
    pub fn unique(mut self, nulls_not_distinct: bool, deferrable: bool) -> Self {
        self.unique = true;
        self.nulls_not_distinct = nulls_not_distinct;
        self.deferrable = deferrable;
        self
    }

    /// Key and included columns.
    pub fn n_columns(&self) -> usize {
        self.columns.len() + self.n_include
    }

    /// The entry's key is the value alone, so that there cannot be two.
    pub(crate) fn keyed_by_value(&self) -> bool {
        self.unique && !self.deferrable
    }

    /// Whether a key with these column values can be in conflict with another.
    pub(crate) fn constrains(&self, values: &[Datum]) -> bool {
        self.unique
            && (self.nulls_not_distinct
                || !values.iter().take(self.columns.len()).any(Datum::is_null))
    }
}
