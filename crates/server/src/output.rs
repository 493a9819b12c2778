//! The engine's results as messages in the connection's output buffer.
use crate::buffer_pool;
use engine::{ColumnDesc, ResultSink};
use error::PgError;
use wire::{
    Format,
    backend::{self, FieldDescription, Mark},
    copy,
};

/// Output is written once it has grown past this.
const FLUSH_SIZE: usize = 64 * 1024;

/// Replies that were not written yet; holds no memory while empty.
#[derive(Default)]
pub struct OutputBuffer {
    bytes: Vec<u8>,
    row: Option<Mark>,
    row_start: usize,
    field_start: usize,
}

impl OutputBuffer {
    /// The buffer to append messages to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            self.bytes = buffer_pool::take();
        }
        &mut self.bytes
    }

    /// What is to be written.
    pub fn pending(&self) -> &[u8] {
        &self.bytes
    }

    /// All of it has been written.
    pub fn written(&mut self) {
        if self.bytes.capacity() > buffer_pool::KEEP_MAX {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
    }

    /// Gives the memory back.
    pub fn release_if_empty(&mut self) {
        if self.bytes.is_empty() {
            buffer_pool::give(std::mem::take(&mut self.bytes));
        }
    }

    /// An ErrorResponse.
    pub fn error(&mut self, error: &PgError) {
        wire::error_response(self.buffer(), error, None);
    }
}

impl ResultSink for OutputBuffer {
    fn row_description(&mut self, columns: &[ColumnDesc], formats: &[i16]) {
        let fields = columns.iter().enumerate().map(|(i, c)| FieldDescription {
            name: &c.name,
            table: c.table.0,
            column: c.column,
            type_id: c.base_type.0,
            type_len: c.type_len,
            typmod: c.base_typmod,
            format: Format::from_code(engine::format_for(formats, i)).unwrap_or_default(),
        });
        backend::row_description(self.buffer(), fields);
    }

    fn parameter_description(&mut self, types: &[types::Oid]) {
        backend::parameter_description(self.buffer(), types.iter().map(|t| t.0));
    }

    fn no_data(&mut self) {
        backend::no_data(self.buffer());
    }

    #[inline]
    fn begin_row(&mut self, columns: usize) {
        let out = self.buffer();
        let start = out.len();
        let mark = backend::begin_message(out, b'D');
        out.extend_from_slice(&(columns as u16).to_be_bytes());
        self.row_start = start;
        self.row = Some(mark);
    }

    #[inline]
    fn null_field(&mut self) {
        self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
    }

    #[inline]
    fn begin_field(&mut self) -> &mut Vec<u8> {
        self.bytes.extend_from_slice(&[0; 4]);
        self.field_start = self.bytes.len();
        &mut self.bytes
    }

    #[inline]
    fn end_field(&mut self) {
        let length = (self.bytes.len() - self.field_start) as u32;
        self.bytes[self.field_start - 4..self.field_start].copy_from_slice(&length.to_be_bytes());
    }

    #[inline]
    fn end_row(&mut self) {
        if let Some(mark) = self.row.take() {
            backend::end_message(&mut self.bytes, mark);
        }
    }

    fn abandon_row(&mut self) {
        if self.row.take().is_some() {
            self.bytes.truncate(self.row_start);
        }
    }

    fn command_complete(&mut self, tag: &str) {
        backend::command_complete(self.buffer(), tag);
    }

    fn empty_query(&mut self) {
        backend::empty_query_response(self.buffer());
    }

    fn portal_suspended(&mut self) {
        backend::portal_suspended(self.buffer());
    }

    fn notice(&mut self, notice: &PgError) {
        wire::notice_response(self.buffer(), notice, None);
    }

    fn copy_in(&mut self, binary: bool, columns: usize) {
        copy::copy_in_response(self.buffer(), format_of(binary), columns);
    }

    fn copy_out(&mut self, binary: bool, columns: usize) {
        copy::copy_out_response(self.buffer(), format_of(binary), columns);
    }

    fn copy_data(&mut self, data: &[u8]) {
        copy::copy_data(self.buffer(), data);
    }

    fn copy_done(&mut self) {
        backend::copy_done(self.buffer());
    }

    fn parameter_status(&mut self, name: &str, value: &str) {
        backend::parameter_status(self.buffer(), name, value);
    }

    fn notification(&mut self, pid: i32, channel: &str, payload: &str) {
        backend::notification_response(self.buffer(), pid, channel, payload);
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.bytes.len() >= FLUSH_SIZE
    }
}

fn format_of(binary: bool) -> Format {
    if binary { Format::Binary } else { Format::Text }
}
