//! The messages a client sends once it is connected, as views into the frame they came in.
use crate::{Format, Frame, reader::Reader};
use error::{PgResult, Severity, err};

/// What Describe and Close name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// A prepared statement.
    Statement,
    /// A portal.
    Portal,
}

/// A decoded message. Texts are the client's bytes, in its encoding.
#[derive(Clone, Copy, Debug)]
pub enum FrontendMessage<'a> {
    /// Simple query.
    Query { sql: &'a [u8] },
    /// Prepare a statement.
    Parse { name: &'a [u8], sql: &'a [u8], param_types: ParamTypes<'a> },
    /// Make a portal.
    Bind(BindMessage<'a>),
    /// Describe a statement or portal.
    Describe { kind: TargetKind, name: &'a [u8] },
    /// Run a portal; `max_rows` of 0 or less means all.
    Execute { portal: &'a [u8], max_rows: i32 },
    /// Drop a statement or portal.
    Close { kind: TargetKind, name: &'a [u8] },
    /// Send what there is.
    Flush,
    /// End of a pipelined unit.
    Sync,
    /// COPY data.
    CopyData(&'a [u8]),
    /// COPY data ends.
    CopyDone,
    /// COPY fails, says the client.
    CopyFail(&'a [u8]),
    /// Fastpath function call.
    FunctionCall(FunctionCallMessage<'a>),
    /// The client leaves.
    Terminate,
    /// Password, SASL or GSS response, undecoded.
    Authentication(&'a [u8]),
}

/// Parameter type OIDs of a Parse.
#[derive(Clone, Copy, Debug)]
pub struct ParamTypes<'a>(&'a [u8]);

impl<'a> ParamTypes<'a> {
    /// The OIDs in order; 0 where unspecified.
    pub fn iter(self) -> impl ExactSizeIterator<Item = u32> + 'a {
        self.0.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    }
}

/// Format codes: none (all text), one (for all) or one each.
#[derive(Clone, Copy, Debug)]
pub struct FormatCodes<'a>(&'a [u8]);

impl<'a> FormatCodes<'a> {
    /// No codes: everything is text.
    pub const TEXT: FormatCodes<'static> = FormatCodes(&[]);

    /// How many codes were sent.
    #[inline]
    pub fn len(self) -> usize {
        self.0.len() / 2
    }

    /// Whether none was sent.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The raw code that applies to value `i`.
    #[inline]
    pub fn code(self, i: usize) -> i16 {
        match self.len() {
            0 => 0,
            1 => i16::from_be_bytes([self.0[0], self.0[1]]),
            _ => self.0.get(2 * i..2 * i + 2).map_or(0, |b| i16::from_be_bytes([b[0], b[1]])),
        }
    }

    /// The format that applies to value `i`.
    #[inline]
    pub fn get(self, i: usize) -> PgResult<Format> {
        let code = self.code(i);
        Format::from_code(code)
            .ok_or_else(|| err!(INVALID_PARAMETER_VALUE, "unsupported format code: {code}"))
    }

    /// The codes in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = i16> + 'a {
        self.0.chunks_exact(2).map(|b| i16::from_be_bytes([b[0], b[1]]))
    }
}

/// Length-prefixed values whose bounds were checked when the message was decoded.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Values<'a> {
    fn decode(reader: &mut Reader<'a>) -> PgResult<Self> {
        let count = reader.count()?;
        let mut probe = *reader;
        for _ in 0..count {
            let length = probe.i32()?;
            if length >= 0 {
                probe.bytes(length as usize)?;
            } else if length != -1 {
                return Err(err!(PROTOCOL_VIOLATION, "insufficient data left in message"));
            }
        }
        let used = reader.remaining() - probe.remaining();
        Ok(Values { count, bytes: reader.bytes(used)? })
    }

    /// How many values there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The values in order, `None` for NULL.
    #[inline]
    pub fn iter(&self) -> ValuesIter<'a> {
        ValuesIter { left: self.count, rest: self.bytes }
    }
}

/// Iterator over [`Values`].
#[derive(Clone, Debug)]
pub struct ValuesIter<'a> {
    left: usize,
    rest: &'a [u8],
}

impl<'a> Iterator for ValuesIter<'a> {
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let (prefix, rest) = self.rest.split_first_chunk::<4>()?;
        let length = i32::from_be_bytes(*prefix);
        if length < 0 {
            self.rest = rest;
            return Some(None);
        }
        let (value, rest) = rest.split_at_checked(length as usize)?;
        self.rest = rest;
        Some(Some(value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for ValuesIter<'_> {}

/// Bind.
#[derive(Clone, Copy, Debug)]
pub struct BindMessage<'a> {
    /// Portal to make; empty for the unnamed one.
    pub portal: &'a [u8],
    /// Prepared statement.
    pub statement: &'a [u8],
    /// Formats of the parameters.
    pub param_formats: FormatCodes<'a>,
    /// Parameters.
    pub params: Values<'a>,
    /// Formats wanted for the result columns.
    pub result_formats: FormatCodes<'a>,
}

/// FunctionCall.
#[derive(Clone, Copy, Debug)]
pub struct FunctionCallMessage<'a> {
    /// The function's OID.
    pub function: u32,
    /// Formats of the arguments.
    pub arg_formats: FormatCodes<'a>,
    /// Arguments.
    pub args: Values<'a>,
    /// Format wanted for the result.
    pub result_format: i16,
}

impl<'a> FrontendMessage<'a> {
    /// Decodes a frame's body. A malformed one is 08P01 of severity ERROR: the frame's end is known,
    /// so the session goes on with the next message (after Sync, in the extended protocol).
    #[inline]
    pub fn decode(frame: Frame<'a>) -> PgResult<FrontendMessage<'a>> {
        let mut r = Reader::new(frame.body);
        let message = match frame.tag {
            b'Q' => FrontendMessage::Query { sql: r.cstr()? },
            b'P' => {
                let (name, sql) = (r.cstr()?, r.cstr()?);
                let count = r.count()?;
                FrontendMessage::Parse { name, sql, param_types: ParamTypes(r.bytes(4 * count)?) }
            }
            b'B' => FrontendMessage::Bind(decode_bind(&mut r)?),
            b'D' => {
                let (kind, name) = decode_target(&mut r, "DESCRIBE")?;
                FrontendMessage::Describe { kind, name }
            }
            b'E' => FrontendMessage::Execute { portal: r.cstr()?, max_rows: r.i32()? },
            b'C' => {
                let (kind, name) = decode_target(&mut r, "CLOSE")?;
                FrontendMessage::Close { kind, name }
            }
            b'H' => FrontendMessage::Flush,
            b'S' => FrontendMessage::Sync,
            b'd' => FrontendMessage::CopyData(r.rest()),
            b'c' => FrontendMessage::CopyDone,
            b'f' => FrontendMessage::CopyFail(r.cstr()?),
            b'F' => FrontendMessage::FunctionCall(decode_function_call(&mut r)?),
            b'X' => FrontendMessage::Terminate,
            b'p' => FrontendMessage::Authentication(r.rest()),
            tag => {
                return Err(err!(PROTOCOL_VIOLATION, "invalid frontend message type {tag}")
                    .with_severity(Severity::Fatal));
            }
        };
        r.end()?;
        Ok(message)
    }
}

fn decode_target<'a>(r: &mut Reader<'a>, message: &str) -> PgResult<(TargetKind, &'a [u8])> {
    let kind = match r.u8()? {
        b'S' => TargetKind::Statement,
        b'P' => TargetKind::Portal,
        subtype => {
            return Err(err!(PROTOCOL_VIOLATION, "invalid {message} message subtype {subtype}"));
        }
    };
    Ok((kind, r.cstr()?))
}

fn decode_formats<'a>(r: &mut Reader<'a>) -> PgResult<FormatCodes<'a>> {
    let count = r.count()?;
    Ok(FormatCodes(r.bytes(2 * count)?))
}

#[inline]
fn decode_bind<'a>(r: &mut Reader<'a>) -> PgResult<BindMessage<'a>> {
    let (portal, statement) = (r.cstr()?, r.cstr()?);
    let param_formats = decode_formats(r)?;
    let params = Values::decode(r)?;
    let result_formats = decode_formats(r)?;
    if param_formats.len() > 1 && param_formats.len() != params.len() {
        return Err(err!(
            PROTOCOL_VIOLATION,
            "bind message has {} parameter formats but {} parameters",
            param_formats.len(),
            params.len()
        ));
    }
    Ok(BindMessage { portal, statement, param_formats, params, result_formats })
}

fn decode_function_call<'a>(r: &mut Reader<'a>) -> PgResult<FunctionCallMessage<'a>> {
    let function = r.i32()? as u32;
    let arg_formats = decode_formats(r)?;
    let args = Values::decode(r)?;
    let result_format = r.i16()?;
    if arg_formats.len() > 1 && arg_formats.len() != args.len() {
        return Err(err!(
            PROTOCOL_VIOLATION,
            "function call message contains {} argument formats but {} arguments",
            arg_formats.len(),
            args.len()
        ));
    }
    Ok(FunctionCallMessage { function, arg_formats, args, result_format })
}

/// A client's text as UTF-8, or 22021 with the first offending bytes.
#[inline]
pub fn utf8(bytes: &[u8]) -> PgResult<&str> {
    std::str::from_utf8(bytes).map_err(|e| invalid_utf8(bytes, e.valid_up_to()))
}

#[cold]
fn invalid_utf8(bytes: &[u8], at: usize) -> error::PgError {
    let lead = bytes.get(at).copied().unwrap_or(0);
    let length = match lead {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    let end = (at + length).min(bytes.len());
    let hex: Vec<String> = bytes[at..end].iter().map(|b| format!("0x{b:02x}")).collect();
    err!(
        CHARACTER_NOT_IN_REPERTOIRE,
        "invalid byte sequence for encoding \"UTF8\": {}",
        hex.join(" ")
    )
}
