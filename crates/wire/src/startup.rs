//! The untyped packets that open a connection: startup, encryption requests, cancel.
use crate::{frontend::utf8, reader::Reader};
use error::{PgResult, Severity, err};

/// Longest packet that may open a connection.
pub const MAX_STARTUP_PACKET_LENGTH: usize = 10_000;
/// Oldest version that is spoken.
pub const PROTOCOL_3_0: u32 = 3 << 16;
/// Newest version that is spoken.
pub const PROTOCOL_3_2: u32 = (3 << 16) | 2;

const CANCEL_REQUEST: u32 = (1234 << 16) | 5678;
const SSL_REQUEST: u32 = (1234 << 16) | 5679;
const GSS_REQUEST: u32 = (1234 << 16) | 5680;

/// What opened the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartupPacket {
    /// A session is wanted.
    Startup(StartupParameters),
    /// TLS is wanted; the client waits for one byte.
    SslRequest,
    /// GSSAPI encryption is wanted; the client waits for one byte.
    GssEncRequest,
    /// Another session's statement is to be cancelled.
    Cancel { process_id: i32, secret: Vec<u8> },
}

/// A session's start.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StartupParameters {
    /// Version asked for.
    pub requested_version: u32,
    /// Version that will be spoken.
    pub version: u32,
    /// `user`.
    pub user: String,
    /// `database`, or the user's name.
    pub database: String,
    /// `options`: command-line settings.
    pub options: Option<String>,
    /// `replication` was given a true value.
    pub replication: bool,
    /// Everything else: settings, in order.
    pub settings: Vec<(String, String)>,
    /// `_pq_.` options that are unknown, to be reported back.
    pub unknown_extensions: Vec<String>,
}

impl StartupParameters {
    /// Whether NegotiateProtocolVersion must be sent.
    pub fn needs_negotiation(&self) -> bool {
        self.requested_version > PROTOCOL_3_2 || !self.unknown_extensions.is_empty()
    }
}

/// Total length of the packet at the front of `buffer` once its first four bytes are there.
pub fn startup_length(buffer: &[u8]) -> PgResult<Option<usize>> {
    let Some(prefix) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*prefix) as usize;
    if !(8..=MAX_STARTUP_PACKET_LENGTH + 4).contains(&length) {
        return Err(err!(PROTOCOL_VIOLATION, "invalid length of startup packet")
            .with_severity(Severity::Fatal));
    }
    Ok(Some(length))
}

/// Decodes a whole packet, its length included. Errors are FATAL.
pub fn decode_startup(packet: &[u8]) -> PgResult<StartupPacket> {
    decode(packet).map_err(|e| e.with_severity(Severity::Fatal))
}

fn decode(packet: &[u8]) -> PgResult<StartupPacket> {
    let mut r = Reader::new(packet);
    r.i32()?;
    match r.i32()? as u32 {
        CANCEL_REQUEST => {
            let process_id = r.i32()?;
            let secret = r.rest();
            if secret.is_empty() || secret.len() > 256 {
                return Err(err!(PROTOCOL_VIOLATION, "invalid length of cancel request packet"));
            }
            Ok(StartupPacket::Cancel { process_id, secret: secret.to_vec() })
        }
        SSL_REQUEST => r.end().map(|()| StartupPacket::SslRequest),
        GSS_REQUEST => r.end().map(|()| StartupPacket::GssEncRequest),
        version => decode_parameters(version, r),
    }
}

fn decode_parameters(version: u32, mut r: Reader<'_>) -> PgResult<StartupPacket> {
    let (major, minor) = (version >> 16, version & 0xffff);
    if major != 3 {
        return Err(err!(
            FEATURE_NOT_SUPPORTED,
            "unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.2"
        ));
    }
    let mut p = StartupParameters {
        requested_version: version,
        // PostgreSQL speaks what is asked for up to its newest; 3.1 was never defined and counts
        // as 3.0 here, so that the answer is never newer than the question.
        version: if version >= PROTOCOL_3_2 { PROTOCOL_3_2 } else { PROTOCOL_3_0 },
        ..Default::default()
    };
    let mut database = None;
    loop {
        let layout = |_| {
            err!(
                PROTOCOL_VIOLATION,
                "invalid startup packet layout: expected terminator as last byte"
            )
        };
        let name = utf8(r.cstr().map_err(layout)?)?;
        if name.is_empty() {
            break;
        }
        let value = utf8(r.cstr().map_err(layout)?)?.to_owned();
        match name {
            "user" => p.user = value,
            "database" => database = Some(value).filter(|d| !d.is_empty()),
            "options" => p.options = Some(value),
            "replication" => {
                p.replication = matches!(value.as_str(), "true" | "on" | "yes" | "1" | "database");
            }
            _ if name.starts_with("_pq_.") => p.unknown_extensions.push(name.to_owned()),
            _ => p.settings.push((name.to_owned(), value)),
        }
    }
    if r.remaining() != 0 {
        return Err(err!(
            PROTOCOL_VIOLATION,
            "invalid startup packet layout: expected terminator as last byte"
        ));
    }
    if p.user.is_empty() {
        return Err(err!(
            INVALID_AUTHORIZATION_SPECIFICATION,
            "no PostgreSQL user name specified in startup packet"
        ));
    }
    p.database = database.unwrap_or_else(|| p.user.clone());
    Ok(StartupPacket::Startup(p))
}
