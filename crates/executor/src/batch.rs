//! Batches of rows held by column, and views of single rows in them.
use types::Datum;

/// Rows asked for when nobody limits them.
pub const BATCH_ROWS: usize = 1024;

/// The values of one column for the rows of a batch.
pub type Column = Vec<Datum>;

/// Some rows, column by column. The consumer owns the batch and lends it to be filled, so its memory
/// is reused from call to call.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// One vector a column, all `len` long.
    pub columns: Vec<Column>,
    len: usize,
}

impl Batch {
    /// An empty batch of that many columns.
    pub fn new(width: usize) -> Self {
        Batch { columns: vec![Vec::new(); width], len: 0 }
    }

    /// Number of rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no row.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of columns.
    #[inline]
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Forgets the rows, keeps the memory, and sets the number of columns.
    #[inline]
    pub fn reset(&mut self, width: usize) {
        if self.columns.len() != width {
            self.columns.resize_with(width, Vec::new);
        }
        for column in &mut self.columns {
            column.clear();
        }
        self.len = 0;
    }

    /// One value.
    #[inline]
    pub fn get(&self, row: usize, column: usize) -> &Datum {
        &self.columns[column][row]
    }

    /// Says that one row has been pushed onto every column.
    #[inline]
    pub fn row_done(&mut self) {
        self.len += 1;
    }

    /// Says how many rows all columns now have.
    pub fn set_len(&mut self, rows: usize) {
        debug_assert!(self.columns.iter().all(|c| c.len() == rows));
        self.len = rows;
    }

    /// Adds rows to a batch without columns.
    pub fn add_empty_rows(&mut self, rows: usize) {
        debug_assert!(self.columns.is_empty());
        self.len += rows;
    }

    /// Appends a row by cloning its values.
    pub fn push_row<'a>(&mut self, values: impl IntoIterator<Item = &'a Datum>) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value.clone());
        }
        self.len += 1;
    }

    /// Appends a row, taking its values.
    pub fn push_owned(&mut self, values: impl IntoIterator<Item = Datum>) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value);
        }
        self.len += 1;
    }

    /// Drops a half-pushed row (an expression failed in its middle).
    pub fn truncate(&mut self, len: usize) {
        for column in &mut self.columns {
            column.truncate(len);
        }
        self.len = len;
    }

    /// Drops the first `n` rows.
    pub fn drop_front(&mut self, n: usize) {
        for column in &mut self.columns {
            column.drain(..n);
        }
        self.len -= n;
    }

    /// A view of one row.
    #[inline]
    pub fn row(&self, row: usize) -> RowView<'_> {
        RowView::Batch(&self.columns, row)
    }

    /// Copies one row out.
    pub fn row_vec(&self, row: usize) -> Vec<Datum> {
        self.columns.iter().map(|c| c[row].clone()).collect()
    }
}

/// A row somewhere: of a batch, or values side by side.
#[derive(Clone, Copy, Debug)]
pub enum RowView<'a> {
    /// Values side by side.
    Slice(&'a [Datum]),
    /// A row of a batch.
    Batch(&'a [Column], usize),
    /// All NULL (the missing side of an outer join).
    Nulls,
}

static NULL: Datum = Datum::Null;

impl<'a> RowView<'a> {
    /// One value.
    #[inline]
    pub fn get(&self, column: usize) -> &'a Datum {
        match self {
            RowView::Slice(values) => &values[column],
            RowView::Batch(columns, row) => &columns[column][*row],
            RowView::Nulls => &NULL,
        }
    }

    /// Number of values; none for an all-NULL row.
    pub fn width(&self) -> usize {
        match self {
            RowView::Slice(values) => values.len(),
            RowView::Batch(columns, _) => columns.len(),
            RowView::Nulls => 0,
        }
    }

    /// Appends all values to `out`.
    pub fn append_to(&self, out: &mut Vec<Datum>) {
        match self {
            RowView::Slice(values) => out.extend_from_slice(values),
            RowView::Batch(columns, row) => out.extend(columns.iter().map(|c| c[*row].clone())),
            RowView::Nulls => {}
        }
    }

    /// Copies the values.
    pub fn to_vec(&self) -> Vec<Datum> {
        let mut out = Vec::with_capacity(self.width());
        self.append_to(&mut out);
        out
    }
}

/// The rows that an expression's Vars may refer to.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The row of a scan, or the target row of a modification.
    pub scan: RowView<'a>,
    /// OUTER_VAR.
    pub outer: RowView<'a>,
    /// INNER_VAR.
    pub inner: RowView<'a>,
    /// RETURNING OLD; all NULL if `no_old`.
    pub old: RowView<'a>,
    /// RETURNING NEW; all NULL if there is none.
    pub new: RowView<'a>,
    /// Results of aggregates or window functions of the node.
    pub aggs: &'a [Datum],
}

impl<'a> Rows<'a> {
    /// No row at all.
    pub const NONE: Rows<'static> = Rows {
        scan: RowView::Nulls,
        outer: RowView::Nulls,
        inner: RowView::Nulls,
        old: RowView::Nulls,
        new: RowView::Nulls,
        aggs: &[],
    };

    /// Only a scan row.
    #[inline]
    pub fn scan(row: RowView<'a>) -> Self {
        Rows { scan: row, ..Rows::NONE }
    }

    /// Only a row of the outer input.
    #[inline]
    pub fn outer(row: RowView<'a>) -> Self {
        Rows { outer: row, ..Rows::NONE }
    }

    /// A row of each input.
    #[inline]
    pub fn join(outer: RowView<'a>, inner: RowView<'a>) -> Self {
        Rows { outer, inner, ..Rows::NONE }
    }
}
