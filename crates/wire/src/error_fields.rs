//! Errors and notices as the fields of ErrorResponse and NoticeResponse.
use bytes::BytesMut;
use error::PgError;
use pgwire::messages::{
    Message,
    response::{ErrorResponse, NoticeResponse},
};

/// Appends an ErrorResponse. `source` is the text that the error's position counts in.
#[cold]
pub fn error_response(out: &mut Vec<u8>, error: &PgError, source: Option<&str>) {
    append(out, &ErrorResponse::new(fields(error, source)));
}

/// Appends a NoticeResponse.
pub fn notice_response(out: &mut Vec<u8>, notice: &PgError, source: Option<&str>) {
    append(out, &NoticeResponse::new(fields(notice, source)));
}

/// Encodes one of pgwire's messages; those that come here have no tight length limit.
pub(crate) fn append<M: Message>(out: &mut Vec<u8>, message: &M) {
    let mut buffer = BytesMut::with_capacity(message.message_length() + 1);
    if message.encode(&mut buffer).is_ok() {
        out.extend_from_slice(&buffer);
    }
}

fn fields(error: &PgError, source: Option<&str>) -> Vec<(u8, String)> {
    let e = &error.0;
    let mut fields = Vec::with_capacity(8);
    fields.push((b'S', e.severity.as_str().to_owned()));
    fields.push((b'V', e.severity.as_str().to_owned()));
    fields.push((b'C', e.sqlstate.as_str().to_owned()));
    fields.push((b'M', clean(&e.message)));
    let mut push = |code, value: Option<String>| fields.extend(value.map(|v| (code, clean(&v))));
    push(b'D', e.detail.clone());
    push(b'H', e.hint.clone());
    push(b'P', e.position.map(|at| character_index(source, at)));
    push(b'p', e.internal_position.map(|at| character_index(e.internal_query.as_deref(), at)));
    push(b'q', e.internal_query.clone());
    push(b'W', (!e.context.is_empty()).then(|| e.context.join("\n")));
    push(b's', e.schema.clone());
    push(b't', e.table.clone());
    push(b'c', e.column.clone());
    push(b'd', e.datatype.clone());
    push(b'n', e.constraint.clone());
    fields
}

/// 1-based index of the character at byte `at` of the source.
fn character_index(source: Option<&str>, at: u32) -> String {
    let at = at as usize;
    let characters = match source {
        Some(text) => text.char_indices().take_while(|(i, _)| *i < at).count(),
        None => at,
    };
    (characters + 1).to_string()
}

/// A NUL would end the field early and shift everything after it.
fn clean(text: &str) -> String {
    text.split('\0').next().unwrap_or_default().to_owned()
}
