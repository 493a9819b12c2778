//! Cutting whole messages out of a receive buffer under the limits of the connection's phase.
use error::{PgResult, Severity, err};

/// What a connection may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for the answer to an authentication request: only `p`, and short.
    Authentication,
    /// Any message of the protocol.
    Ready,
}

/// Limits on message lengths in bytes.
#[derive(Clone, Copy, Debug)]
pub struct FrameLimits {
    /// For Query, Parse, Bind, CopyData and FunctionCall.
    pub large: usize,
}

impl Default for FrameLimits {
    fn default() -> Self {
        FrameLimits { large: 0x3fff_ffff - 1 }
    }
}

/// Longest answer to an authentication request.
pub const MAX_AUTH_TOKEN_LENGTH: usize = 65_535;
/// Longest message of the kinds that carry no user data.
pub const MAX_SMALL_MESSAGE_LENGTH: usize = 10_000;
/// Type byte and length.
pub const HEADER_LENGTH: usize = 5;

/// One message: its type byte and its body.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Type byte.
    pub tag: u8,
    /// Everything after the length.
    pub body: &'a [u8],
}

impl Frame<'_> {
    /// Bytes it took in the receive buffer.
    pub fn wire_length(&self) -> usize {
        HEADER_LENGTH + self.body.len()
    }
}

/// What the front of the buffer holds.
#[derive(Clone, Copy, Debug)]
pub enum NextFrame<'a> {
    /// A complete message.
    Ready(Frame<'a>),
    /// So many bytes are needed in all before the message is complete (5 while even that is unknown).
    Need(usize),
}

/// Looks at the front of `buffer`. Errors are FATAL: after them the stream cannot be trusted.
#[inline]
pub fn next_frame<'a>(
    buffer: &'a [u8],
    phase: Phase,
    limits: &FrameLimits,
) -> PgResult<NextFrame<'a>> {
    let Some(&tag) = buffer.first() else { return Ok(NextFrame::Need(HEADER_LENGTH)) };
    let limit = limit_of(tag, phase, limits)?;
    if buffer.len() < HEADER_LENGTH {
        return Ok(NextFrame::Need(HEADER_LENGTH));
    }
    let length = u32::from_be_bytes([buffer[1], buffer[2], buffer[3], buffer[4]]) as usize;
    if length < 4 || length > limit {
        return Err(
            err!(PROTOCOL_VIOLATION, "invalid message length").with_severity(Severity::Fatal)
        );
    }
    let total = length + 1;
    match buffer.get(HEADER_LENGTH..total) {
        Some(body) => Ok(NextFrame::Ready(Frame { tag, body })),
        None => Ok(NextFrame::Need(total)),
    }
}

fn limit_of(tag: u8, phase: Phase, limits: &FrameLimits) -> PgResult<usize> {
    if phase == Phase::Authentication {
        if tag == b'p' {
            return Ok(MAX_AUTH_TOKEN_LENGTH);
        }
        return Err(err!(PROTOCOL_VIOLATION, "expected password response, got message type {tag}")
            .with_severity(Severity::Fatal));
    }
    match tag {
        b'Q' | b'P' | b'B' | b'd' | b'F' => Ok(limits.large),
        b'C' | b'D' | b'E' | b'H' | b'S' | b'X' | b'c' | b'f' => Ok(MAX_SMALL_MESSAGE_LENGTH),
        _ => Err(err!(PROTOCOL_VIOLATION, "invalid frontend message type {tag}")
            .with_severity(Severity::Fatal)),
    }
}
