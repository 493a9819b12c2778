//! The messages a server sends, appended to an output buffer that the connection reuses.
use crate::{Format, error_fields::append, startup::StartupParameters};
use pgwire::messages::{
    response::NotificationResponse,
    startup::{NegotiateProtocolVersion, ParameterStatus},
};

/// Where a message began, so that its length can be filled in.
#[derive(Clone, Copy, Debug)]
#[must_use = "end_message fills the length in"]
pub struct Mark(usize);

/// Opens a message.
#[inline]
pub fn begin_message(out: &mut Vec<u8>, tag: u8) -> Mark {
    out.extend_from_slice(&[tag, 0, 0, 0, 0]);
    Mark(out.len() - 4)
}

/// Fills the length in. A message past the protocol's 2 GB cannot be made: rows are limited to 1 GB.
#[inline]
pub fn end_message(out: &mut [u8], mark: Mark) {
    let length = (out.len() - mark.0) as u32;
    out[mark.0..mark.0 + 4].copy_from_slice(&length.to_be_bytes());
}

fn put_cstr(out: &mut Vec<u8>, text: &str) {
    // A NUL inside would end the string early and shift the rest of the message.
    out.extend(text.bytes().take_while(|b| *b != 0));
    out.push(0);
}

/// One column of a RowDescription.
#[derive(Clone, Copy, Debug)]
pub struct FieldDescription<'a> {
    /// Column name.
    pub name: &'a str,
    /// Table it comes from, or 0.
    pub table: u32,
    /// Column number in that table, or 0.
    pub column: i16,
    /// Type.
    pub type_id: u32,
    /// pg_type.typlen.
    pub type_len: i16,
    /// Type modifier or -1.
    pub typmod: i32,
    /// Format the values will have.
    pub format: Format,
}

/// RowDescription.
pub fn row_description<'a>(
    out: &mut Vec<u8>,
    fields: impl ExactSizeIterator<Item = FieldDescription<'a>>,
) {
    let mark = begin_message(out, b'T');
    out.extend_from_slice(&(fields.len() as u16).to_be_bytes());
    for f in fields {
        put_cstr(out, f.name);
        out.extend_from_slice(&f.table.to_be_bytes());
        out.extend_from_slice(&f.column.to_be_bytes());
        out.extend_from_slice(&f.type_id.to_be_bytes());
        out.extend_from_slice(&f.type_len.to_be_bytes());
        out.extend_from_slice(&f.typmod.to_be_bytes());
        out.extend_from_slice(&f.format.code().to_be_bytes());
    }
    end_message(out, mark);
}

/// Builds one DataRow in place.
#[derive(Debug)]
pub struct RowEncoder<'b> {
    out: &'b mut Vec<u8>,
    mark: Mark,
}

impl<'b> RowEncoder<'b> {
    /// Opens a row of `columns` values.
    #[inline]
    pub fn begin(out: &'b mut Vec<u8>, columns: usize) -> Self {
        let mark = begin_message(out, b'D');
        out.extend_from_slice(&(columns as u16).to_be_bytes());
        RowEncoder { out, mark }
    }

    /// A NULL.
    #[inline]
    pub fn null(&mut self) {
        self.out.extend_from_slice(&(-1i32).to_be_bytes());
    }

    /// A value whose bytes are at hand.
    #[inline]
    pub fn field(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        self.out.extend_from_slice(bytes);
    }

    /// A value that `write` appends.
    #[inline]
    pub fn field_with<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let at = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        write(self.out)?;
        let length = (self.out.len() - at - 4) as u32;
        self.out[at..at + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// Closes the row.
    #[inline]
    pub fn end(self) {
        end_message(self.out, self.mark);
    }

    /// Takes the unfinished row back, as an output function that raised an error requires.
    pub fn abandon(self) {
        self.out.truncate(self.mark.0 - 1);
    }
}

/// CommandComplete.
#[inline]
pub fn command_complete(out: &mut Vec<u8>, tag: &str) {
    let mark = begin_message(out, b'C');
    put_cstr(out, tag);
    end_message(out, mark);
}

fn empty_message(out: &mut Vec<u8>, tag: u8) {
    out.extend_from_slice(&[tag, 0, 0, 0, 4]);
}

/// ParseComplete.
pub fn parse_complete(out: &mut Vec<u8>) {
    empty_message(out, b'1');
}

/// BindComplete.
#[inline]
pub fn bind_complete(out: &mut Vec<u8>) {
    empty_message(out, b'2');
}

/// CloseComplete.
pub fn close_complete(out: &mut Vec<u8>) {
    empty_message(out, b'3');
}

/// NoData.
pub fn no_data(out: &mut Vec<u8>) {
    empty_message(out, b'n');
}

/// PortalSuspended.
pub fn portal_suspended(out: &mut Vec<u8>) {
    empty_message(out, b's');
}

/// EmptyQueryResponse.
pub fn empty_query_response(out: &mut Vec<u8>) {
    empty_message(out, b'I');
}

/// CopyDone.
pub fn copy_done(out: &mut Vec<u8>) {
    empty_message(out, b'c');
}

/// ReadyForQuery: `I`, `T` or `E`.
#[inline]
pub fn ready_for_query(out: &mut Vec<u8>, status: u8) {
    out.extend_from_slice(&[b'Z', 0, 0, 0, 5, status]);
}

/// ParameterDescription.
pub fn parameter_description(out: &mut Vec<u8>, types: impl ExactSizeIterator<Item = u32>) {
    let mark = begin_message(out, b't');
    out.extend_from_slice(&(types.len() as u16).to_be_bytes());
    for t in types {
        out.extend_from_slice(&t.to_be_bytes());
    }
    end_message(out, mark);
}

/// AuthenticationOk.
pub fn authentication_ok(out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'R', 0, 0, 0, 8, 0, 0, 0, 0]);
}

/// BackendKeyData: 4 bytes of secret in 3.0, up to 256 since 3.2.
pub fn backend_key_data(out: &mut Vec<u8>, process_id: i32, secret: &[u8]) {
    let mark = begin_message(out, b'K');
    out.extend_from_slice(&process_id.to_be_bytes());
    out.extend_from_slice(secret);
    end_message(out, mark);
}

/// ParameterStatus.
pub fn parameter_status(out: &mut Vec<u8>, name: &str, value: &str) {
    // pgwire refuses to encode what libpq would refuse to read.
    append(out, &ParameterStatus::new(name.to_owned(), value.replace('\0', "")));
}

/// NotificationResponse.
pub fn notification_response(out: &mut Vec<u8>, process_id: i32, channel: &str, payload: &str) {
    append(out, &NotificationResponse::new(process_id, channel.to_owned(), payload.to_owned()));
}

/// NegotiateProtocolVersion.
pub fn negotiate_protocol_version(out: &mut Vec<u8>, startup: &StartupParameters) {
    let message =
        NegotiateProtocolVersion::new(startup.version as i32, startup.unknown_extensions.clone());
    append(out, &message);
}

/// FunctionCallResponse.
pub fn function_call_response(out: &mut Vec<u8>, value: Option<&[u8]>) {
    let mark = begin_message(out, b'V');
    match value {
        Some(bytes) => {
            out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
            out.extend_from_slice(bytes);
        }
        None => out.extend_from_slice(&(-1i32).to_be_bytes()),
    }
    end_message(out, mark);
}
