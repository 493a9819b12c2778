//! Where results go: the wire's output buffer, rows in memory, or nowhere.
use error::PgError;
use std::sync::Arc;
use types::{Datum, Oid};

/// One column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDesc {
    /// Name.
    pub name: String,
    /// Type.
    pub typ: Oid,
    /// Type modifier, -1 for none.
    pub typmod: i32,
    /// The type that clients are told: a domain's base type.
    pub base_type: Oid,
    /// Its modifier.
    pub base_typmod: i32,
    /// pg_type.typlen.
    pub type_len: i16,
    /// Table it comes from, or INVALID.
    pub table: Oid,
    /// Column number there, or 0.
    pub column: i16,
}

/// The columns of a result.
pub type RowShape = Arc<[ColumnDesc]>;

/// The format code for column `i`: none given means text, one is for all.
#[inline]
pub fn format_for(formats: &[i16], i: usize) -> i16 {
    match formats {
        [] => 0,
        [all] => *all,
        each => each.get(i).copied().unwrap_or(0),
    }
}

/// Takes what a statement answers.
pub trait ResultSink {
    /// The result's columns. An empty list is a result of no columns.
    fn row_description(&mut self, columns: &[ColumnDesc], formats: &[i16]);
    /// Types of a prepared statement's parameters.
    fn parameter_description(&mut self, types: &[Oid]);
    /// The statement has no result.
    fn no_data(&mut self);
    /// Rows are taken as values: `values_row` is called in place of the methods below.
    fn wants_values(&self) -> bool {
        false
    }
    /// A row of values.
    fn values_row(&mut self, _row: Vec<Datum>) {}
    /// Opens a row.
    fn begin_row(&mut self, columns: usize);
    /// A NULL.
    fn null_field(&mut self);
    /// The buffer to append a value to.
    fn begin_field(&mut self) -> &mut Vec<u8>;
    /// The value is complete.
    fn end_field(&mut self);
    /// The row is complete.
    fn end_row(&mut self);
    /// An output function failed: the row is taken back.
    fn abandon_row(&mut self);
    /// The command is complete.
    fn command_complete(&mut self, tag: &str);
    /// The text held no command.
    fn empty_query(&mut self);
    /// The row limit was reached before the end.
    fn portal_suspended(&mut self);
    /// A notice.
    fn notice(&mut self, notice: &PgError);
    /// COPY data is expected.
    fn copy_in(&mut self, binary: bool, columns: usize);
    /// COPY data follows.
    fn copy_out(&mut self, binary: bool, columns: usize);
    /// COPY data.
    fn copy_data(&mut self, data: &[u8]);
    /// COPY data ends.
    fn copy_done(&mut self);
    /// A reported setting changed.
    fn parameter_status(&mut self, name: &str, value: &str);
    /// A notification.
    fn notification(&mut self, pid: i32, channel: &str, payload: &str);
    /// Enough has gathered to be sent before more is made.
    fn is_full(&self) -> bool;
}

/// Keeps rows as values; used for queries inside functions and by the embedded library.
#[derive(Default, Debug)]
pub struct RowCollector {
    /// Columns of the last result.
    pub columns: Vec<ColumnDesc>,
    /// Rows of the last result.
    pub rows: Vec<Vec<Datum>>,
    /// Tag of the last command.
    pub tag: String,
    /// All notices.
    pub notices: Vec<PgError>,
    /// COPY data sent.
    pub copied: Vec<u8>,
    scratch: Vec<u8>,
}

impl ResultSink for RowCollector {
    fn row_description(&mut self, columns: &[ColumnDesc], _: &[i16]) {
        self.columns = columns.to_vec();
        self.rows.clear();
    }

    fn parameter_description(&mut self, _: &[Oid]) {}

    fn no_data(&mut self) {}

    fn wants_values(&self) -> bool {
        true
    }

    fn values_row(&mut self, row: Vec<Datum>) {
        self.rows.push(row);
    }

    fn begin_row(&mut self, _: usize) {}

    fn null_field(&mut self) {}

    fn begin_field(&mut self) -> &mut Vec<u8> {
        self.scratch.clear();
        &mut self.scratch
    }

    fn end_field(&mut self) {}

    fn end_row(&mut self) {}

    fn abandon_row(&mut self) {}

    fn command_complete(&mut self, tag: &str) {
        tag.clone_into(&mut self.tag);
    }

    fn empty_query(&mut self) {}

    fn portal_suspended(&mut self) {}

    fn notice(&mut self, notice: &PgError) {
        self.notices.push(notice.clone());
    }

    fn copy_in(&mut self, _: bool, _: usize) {}

    fn copy_out(&mut self, _: bool, _: usize) {}

    fn copy_data(&mut self, data: &[u8]) {
        self.copied.extend_from_slice(data);
    }

    fn copy_done(&mut self) {}

    fn parameter_status(&mut self, _: &str, _: &str) {}

    fn notification(&mut self, _: i32, _: &str, _: &str) {}

    fn is_full(&self) -> bool {
        false
    }
}
