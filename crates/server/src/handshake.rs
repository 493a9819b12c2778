//! From an accepted socket to a session: encryption requests, startup packet, authentication.
use crate::{recv_buffer::RecvBuffer, socket::Socket};
use engine::Engine;
use error::{PgError, PgResult, Severity, err};
use std::{io, sync::Arc};
use wire::startup::{StartupPacket, StartupParameters, decode_startup, startup_length};

/// What the handshake led to.
pub enum Opened {
    /// A session may start.
    Start(StartupParameters),
    /// There is nothing more to do (cancel request, or the client left).
    Finished,
    /// The client is to be told why not.
    Refused(PgError),
}

/// Reads packets until a startup packet comes; answers encryption requests with a refusal.
pub async fn open(
    engine: &Arc<Engine>,
    socket: &mut Socket,
    recv: &mut RecvBuffer,
) -> io::Result<Opened> {
    let (mut ssl_asked, mut gss_asked) = (false, false);
    loop {
        let packet = match read_packet(socket, recv).await? {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(Opened::Finished),
            Err(e) => return Ok(Opened::Refused(e)),
        };
        match packet {
            StartupPacket::Startup(p) => return Ok(Opened::Start(p)),
            StartupPacket::Cancel { process_id, secret } => {
                engine.cancel_request(process_id, &secret);
                return Ok(Opened::Finished);
            }
            StartupPacket::SslRequest if !ssl_asked => ssl_asked = true,
            StartupPacket::GssEncRequest if !gss_asked => gss_asked = true,
            StartupPacket::SslRequest | StartupPacket::GssEncRequest => {
                return Ok(Opened::Refused(fatal(err!(
                    PROTOCOL_VIOLATION,
                    "unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2"
                ))));
            }
        }
        // Nothing may have been sent ahead of the answer to an encryption request.
        if let Err(e) = recv.expect_empty() {
            return Ok(Opened::Refused(fatal(e)));
        }
        socket.write_all(b"N").await?;
    }
}

fn fatal(e: PgError) -> PgError {
    e.with_severity(Severity::Fatal)
}

async fn read_packet(
    socket: &mut Socket,
    recv: &mut RecvBuffer,
) -> io::Result<PgResult<Option<StartupPacket>>> {
    loop {
        let length = match startup_length(recv.unread()) {
            Ok(length) => length,
            Err(e) => return Ok(Err(e)),
        };
        if let Some(length) = length
            && let Some(packet) = recv.unread().get(..length)
        {
            let decoded = decode_startup(packet);
            recv.consume(length);
            return Ok(decoded.map(Some));
        }
        if !recv.receive(socket, length.unwrap_or(8)).await? {
            return Ok(Ok(None));
        }
    }
}
