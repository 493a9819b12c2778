//! The PostgreSQL frontend/backend protocol, versions 3.0 and 3.2, as bytes: no sockets, no session.
//!
//! # What
//! [`frame`] cuts messages out of a receive buffer under the limits of the connection's phase,
//! [`frontend`] decodes one from its exact slice, [`backend`] appends replies to an output buffer.
//!
//! # Data
//! ```text
//! receive buffer ─ frame::next_frame ─> Frame { tag, body: &[u8] } ─ FrontendMessage::decode ─> borrowed views
//! Vec<u8>  <─ backend::{row_description, begin_row/field/end_row, command_complete, error_response, …}
//! ```
//!
//! # Invariants
//! A message is decoded from a slice of exactly its length; bytes left over or missing are 08P01,
//! never a panic and never the next message's. Nothing is allocated from a length field alone.
//!
//! # Not here
//! Reading, writing, flushing, authentication: `server`. Text and binary forms of values: `types`.
//!
//! # PostgreSQL
//! `src/backend/libpq/{pqcomm,pqformat}.c`, `src/backend/tcop/{postgres,backend_startup}.c`

pub mod backend;
pub mod copy;
mod error_fields;
pub mod frame;
pub mod frontend;
pub mod reader;
pub mod startup;

pub use backend::RowEncoder;
pub use error_fields::{error_response, notice_response};
pub use frame::{Frame, FrameLimits, Phase, next_frame};
pub use frontend::{BindMessage, FormatCodes, FrontendMessage, TargetKind, utf8};
pub use startup::{StartupPacket, decode_startup};

/// Text or binary form of a value, as Bind and RowDescription say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// Text.
    #[default]
    Text,
    /// Binary.
    Binary,
}

impl Format {
    /// From the protocol's code; 08P01 for what is neither 0 nor 1 is raised by the caller.
    pub fn from_code(code: i16) -> Option<Format> {
        match code {
            0 => Some(Format::Text),
            1 => Some(Format::Binary),
            _ => None,
        }
    }

    /// The protocol's code.
    pub fn code(self) -> i16 {
        match self {
            Format::Text => 0,
            Format::Binary => 1,
        }
    }
}

#[cfg(test)]
mod tests;
