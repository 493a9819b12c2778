//! Values to text and bytes and back: fast paths for the common types, the types' own functions else.
use crate::context::StatementContext;
use error::{PgResult, err};
use fmgr::FnContext;
use types::{Datum, Oid, io};

/// How a result column is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnOutput {
    Text(Oid),
    Binary(Oid),
}

impl ColumnOutput {
    /// For a column of that type and format code.
    pub(crate) fn new(typ: Oid, format: i16) -> PgResult<Self> {
        match format {
            0 => Ok(ColumnOutput::Text(typ)),
            1 => Ok(ColumnOutput::Binary(typ)),
            _ => Err(err!(INVALID_PARAMETER_VALUE, "unsupported format code: {format}")),
        }
    }

    /// Appends a value that is not NULL.
    #[inline]
    pub(crate) fn write(
        self,
        value: &Datum,
        cx: &StatementContext<'_>,
        out: &mut Vec<u8>,
    ) -> PgResult<()> {
        match self {
            ColumnOutput::Text(typ) => {
                if io::text_out(typ, value, cx.io_options(), out) {
                    return Ok(());
                }
                cx.type_output(typ, value, out)
            }
            ColumnOutput::Binary(typ) => {
                if io::binary_out(typ, value, cx.io_options(), out) {
                    return Ok(());
                }
                cx.type_send(typ, value, out)
            }
        }
    }
}

/// A bound parameter's value. `number` counts from 0.
pub(crate) fn read_parameter(
    cx: &StatementContext<'_>,
    typ: Oid,
    format: i16,
    bytes: &[u8],
    number: usize,
) -> PgResult<Datum> {
    match format {
        0 => {
            let text = types::text::validate(bytes)?;
            match io::text_in(typ, -1, text, cx.io_options()) {
                Some(value) => value,
                None => cx.type_input(typ, -1, text),
            }
            .map_err(|e| parameter_context(e, number, Some(text)))
        }
        1 => match io::binary_in(typ, -1, bytes, cx.io_options()) {
            Some(value) => value,
            None => cx.type_receive(typ, -1, bytes),
        }
        .map_err(|e| match e.sqlstate() {
            error::SqlState::PROTOCOL_VIOLATION => err!(
                INVALID_BINARY_REPRESENTATION,
                "incorrect binary data format in bind parameter {}",
                number + 1
            ),
            _ => parameter_context(e, number, None),
        }),
        _ => Err(err!(INVALID_PARAMETER_VALUE, "unsupported format code: {format}")),
    }
}

#[cold]
fn parameter_context(e: error::PgError, number: usize, text: Option<&str>) -> error::PgError {
    let n = number + 1;
    match text {
        // log_parameter_max_length_on_error keeps values out of errors unless it says otherwise.
        Some(_) => e.context(format!("unnamed portal parameter ${n} = '...'")),
        None => e.context(format!("unnamed portal parameter ${n}")),
    }
}
