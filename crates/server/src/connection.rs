//! One client: the message loop between its socket and its session.
use crate::{
    handshake::{self, Opened},
    log,
    output::OutputBuffer,
    recv_buffer::RecvBuffer,
    socket::Socket,
    wait_hook::BlockInPlace,
};
use engine::{ClientInfo, Engine, Progress, ResultSink, Session};
use error::{PgError, PgResult, Severity, err};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;
use wire::{
    BindMessage, Frame, FrameLimits, FrontendMessage, Phase, TargetKind, backend, frame::NextFrame,
    next_frame, startup::StartupParameters, utf8,
};

/// Sockets that have not become sessions yet may be this many times max_connections.
const UNAUTHENTICATED_FACTOR: usize = 2;

/// Serves one accepted socket to its end.
pub async fn serve(engine: Arc<Engine>, mut socket: Socket, open: &AtomicUsize) {
    let mut recv = RecvBuffer::default();
    let limit = engine.max_connections() * UNAUTHENTICATED_FACTOR + 16;
    if open.load(Ordering::Relaxed) > limit {
        let e = err!(TOO_MANY_CONNECTIONS, "sorry, too many clients already")
            .with_severity(Severity::Fatal);
        return refuse(&mut socket, &e).await;
    }
    let patience = Duration::from_secs(engine.authentication_timeout_s());
    let opened =
        tokio::time::timeout(patience, handshake::open(&engine, &mut socket, &mut recv)).await;
    let parameters = match opened {
        Ok(Ok(Opened::Start(parameters))) => parameters,
        Ok(Ok(Opened::Refused(e))) => return refuse(&mut socket, &e).await,
        // Left, cancelled another session, or was too slow to say what it wants.
        Ok(Ok(Opened::Finished) | Err(_)) | Err(_) => return,
    };
    let mailbox = Arc::new(Notify::new());
    let session = match connect(&engine, &parameters, &socket, &mailbox) {
        Ok(session) => session,
        Err(e) => return refuse(&mut socket, &e).await,
    };
    let mut connection = Connection {
        socket,
        recv,
        out: OutputBuffer::default(),
        session,
        mailbox,
        mode: Mode::Ready,
        skip_until_sync: false,
    };
    connection.greet(&parameters);
    if let Err(e) = connection.run().await
        && connection.session.in_transaction()
        && e.kind() == io::ErrorKind::UnexpectedEof
    {
        let e = err!(
            CONNECTION_DOES_NOT_EXIST,
            "unexpected EOF on client connection with an open transaction"
        );
        log::record(connection.session.pid(), &e.with_severity(Severity::Log), None);
    }
    connection.session.close();
}

fn connect(
    engine: &Arc<Engine>,
    parameters: &StartupParameters,
    socket: &Socket,
    mailbox: &Arc<Notify>,
) -> PgResult<Session> {
    if parameters.replication {
        return Err(error::not_supported!("replication connection").with_severity(Severity::Fatal));
    }
    let waker = mailbox.clone();
    engine.connect(ClientInfo {
        user: parameters.user.clone(),
        database: parameters.database.clone(),
        options: parameters.options.clone(),
        settings: parameters.settings.clone(),
        address: socket.peer(),
        long_secret: parameters.version >= wire::startup::PROTOCOL_3_2,
        wait_hook: Some(Arc::new(BlockInPlace)),
        wake: Some(Arc::new(move || waker.notify_one())),
    })
}

async fn refuse(socket: &mut Socket, e: &PgError) {
    log::error(e);
    let mut out = Vec::new();
    wire::error_response(&mut out, e, None);
    let _ = tokio::time::timeout(Duration::from_secs(5), socket.write_all(&out)).await;
    socket.shutdown().await;
}

/// What the next message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Any.
    Ready,
    /// COPY data, for a simple query or an Execute.
    CopyIn { simple: bool },
}

/// How to go on after a message.
enum After {
    /// With the next one.
    Next,
    /// The same statement has more output once this was written.
    Resume { simple: bool },
    /// Write what there is.
    Flush,
    /// End the connection.
    Close,
}

struct Connection {
    socket: Socket,
    recv: RecvBuffer,
    out: OutputBuffer,
    session: Session,
    mailbox: Arc<Notify>,
    mode: Mode,
    skip_until_sync: bool,
}

impl Connection {
    fn greet(&mut self, parameters: &StartupParameters) {
        let out = self.out.buffer();
        if parameters.needs_negotiation() {
            backend::negotiate_protocol_version(out, parameters);
        }
        backend::authentication_ok(out);
        for (name, value) in self.session.initial_reports() {
            backend::parameter_status(out, name, &value);
        }
        backend::backend_key_data(out, self.session.pid(), self.session.secret());
        self.ready();
    }

    fn ready(&mut self) {
        self.session.finish_cycle(&mut self.out);
        backend::ready_for_query(self.out.buffer(), self.session.transaction_status());
    }

    async fn run(&mut self) -> io::Result<()> {
        self.flush().await?;
        let limits = FrameLimits::default();
        loop {
            let after = match next_frame(self.recv.unread(), Phase::Ready, &limits) {
                Ok(NextFrame::Ready(frame)) => {
                    let length = frame.wire_length();
                    let after = handle(
                        &mut self.session,
                        &mut self.out,
                        &mut self.mode,
                        &mut self.skip_until_sync,
                        frame,
                    );
                    self.recv.consume(length);
                    after
                }
                Ok(NextFrame::Need(length)) => match self.wait_for_input(length).await? {
                    true => After::Next,
                    false => After::Close,
                },
                Err(e) => {
                    self.out.error(&e);
                    log::record(self.session.pid(), &e, None);
                    After::Close
                }
            };
            if !self.go_on(after).await? {
                return Ok(());
            }
        }
    }

    async fn go_on(&mut self, mut after: After) -> io::Result<bool> {
        loop {
            match after {
                After::Next => {
                    if self.out.is_full() {
                        self.flush().await?;
                    }
                    return Ok(true);
                }
                After::Flush => {
                    self.flush().await?;
                    return Ok(true);
                }
                After::Close => {
                    let last = tokio::time::timeout(Duration::from_secs(5), self.flush()).await;
                    if let Ok(Ok(())) = last {
                        self.socket.shutdown().await;
                    }
                    return Ok(false);
                }
                After::Resume { simple } => {
                    self.flush().await?;
                    let progress = self.session.resume(&mut self.out);
                    after = progressed(
                        &mut self.session,
                        &mut self.out,
                        &mut self.mode,
                        &mut self.skip_until_sync,
                        progress,
                        simple,
                    );
                }
            }
        }
    }

    /// Writes the output; a session that is told to end meanwhile does not wait for its client.
    async fn flush(&mut self) -> io::Result<()> {
        if self.out.pending().is_empty() {
            return Ok(());
        }
        let bytes = self.out.take();
        {
            let write = self.socket.write_all(&bytes);
            tokio::pin!(write);
            loop {
                tokio::select! {
                    biased;
                    written = &mut write => {
                        written?;
                        break;
                    }
                    () = self.mailbox.notified() => {
                        if self.session.must_end() {
                            return Err(io::ErrorKind::ConnectionAborted.into());
                        }
                    }
                }
            }
        }
        self.out.restore(bytes);
        Ok(())
    }

    /// Waits for more of the stream; false when the session is to end.
    async fn wait_for_input(&mut self, length: usize) -> io::Result<bool> {
        // Only what a Sync or Flush asked for has been written; the rest stays, but an idle
        // connection has nothing left and keeps no buffer.
        self.out.release_if_empty();
        let whole_messages = self.recv.unread().is_empty();
        let timeout = if whole_messages { self.session.idle_timeout() } else { None };
        let expiry = async {
            match timeout {
                Some((duration, _)) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(expiry);
        loop {
            tokio::select! {
                biased;
                received = self.recv.receive(&mut self.socket, length) => {
                    return match received? {
                        true => Ok(true),
                        false => Err(io::ErrorKind::UnexpectedEof.into()),
                    };
                }
                () = self.mailbox.notified() => {
                    if let Err(e) = self.session.poll_mailbox(&mut self.out) {
                        self.out.error(&e);
                        return Ok(false);
                    }
                    if whole_messages && !self.out.pending().is_empty() && self.mode == Mode::Ready {
                        let bytes = self.out.take();
                        self.socket.write_all(&bytes).await?;
                        self.out.restore(bytes);
                        self.out.release_if_empty();
                    }
                }
                () = &mut expiry => {
                    if let Some((_, reason)) = timeout {
                        let e = reason.error();
                        log::record(self.session.pid(), &e, None);
                        self.out.error(&e);
                        return Ok(false);
                    }
                }
            }
        }
    }
}

/// Handles one message.
fn handle(
    session: &mut Session,
    out: &mut OutputBuffer,
    mode: &mut Mode,
    skip_until_sync: &mut bool,
    frame: Frame<'_>,
) -> After {
    if *skip_until_sync && !matches!(frame.tag, b'S' | b'X') {
        return After::Next;
    }
    let message = match FrontendMessage::decode(frame) {
        Ok(message) => message,
        Err(e) => {
            let e = session.fail(e);
            let simple = matches!(frame.tag, b'Q' | b'F');
            return failed(session, out, mode, skip_until_sync, &e, simple);
        }
    };
    if let Mode::CopyIn { simple } = *mode {
        return handle_copy(session, out, mode, skip_until_sync, message, frame.tag, simple);
    }
    match message {
        FrontendMessage::Query { sql } => {
            let progress =
                utf8(sql).map_err(|e| session.fail(e)).and_then(|sql| session.query(sql, out));
            progressed(session, out, mode, skip_until_sync, progress, true)
        }
        FrontendMessage::Execute { portal, max_rows } => {
            let progress = name(session, portal)
                .and_then(|portal| session.execute(portal, i64::from(max_rows), out));
            progressed(session, out, mode, skip_until_sync, progress, false)
        }
        FrontendMessage::Sync => {
            *skip_until_sync = false;
            let simple = true;
            match session.sync() {
                Ok(()) => {
                    session.finish_cycle(out);
                    backend::ready_for_query(out.buffer(), session.transaction_status());
                    After::Flush
                }
                Err(e) => failed(session, out, mode, skip_until_sync, &e, simple),
            }
        }
        FrontendMessage::Flush => After::Flush,
        FrontendMessage::Terminate => After::Close,
        FrontendMessage::FunctionCall(call) => {
            let args: Vec<Option<&[u8]>> = call.args.iter().collect();
            let formats: Vec<i16> = call.arg_formats.iter().collect();
            let result = session.function_call(
                types::Oid(call.function),
                &formats,
                &args,
                call.result_format,
            );
            match result {
                Ok(value) => {
                    backend::function_call_response(out.buffer(), value.as_deref());
                    session.finish_cycle(out);
                    backend::ready_for_query(out.buffer(), session.transaction_status());
                    After::Flush
                }
                Err(e) => failed(session, out, mode, skip_until_sync, &e, true),
            }
        }
        // Left over from a COPY that failed: the client had not heard of it yet.
        FrontendMessage::CopyData(_) | FrontendMessage::CopyDone | FrontendMessage::CopyFail(_) => {
            After::Next
        }
        FrontendMessage::Authentication(_) => {
            let e = err!(PROTOCOL_VIOLATION, "invalid frontend message type {}", frame.tag)
                .with_severity(Severity::Fatal);
            failed(session, out, mode, skip_until_sync, &e, true)
        }
        FrontendMessage::Parse { name: statement, sql, param_types } => {
            let done = name(session, statement).and_then(|statement| {
                let sql = utf8(sql).map_err(|e| session.fail(e))?;
                session.parse(statement, sql, param_types.iter().map(types::Oid).collect())
            });
            extended(session, out, mode, skip_until_sync, done, backend::parse_complete)
        }
        FrontendMessage::Bind(message) => {
            let done = bind(session, &message);
            extended(session, out, mode, skip_until_sync, done, backend::bind_complete)
        }
        FrontendMessage::Describe { kind, name: target } => {
            let done = name(session, target).and_then(|target| match kind {
                TargetKind::Statement => session.describe_statement(target, out),
                TargetKind::Portal => session.describe_portal(target, out),
            });
            extended(session, out, mode, skip_until_sync, done, |_| {})
        }
        FrontendMessage::Close { kind, name: target } => {
            let done = name(session, target).and_then(|target| match kind {
                TargetKind::Statement => session.close_statement(target),
                TargetKind::Portal => session.close_portal(target),
            });
            extended(session, out, mode, skip_until_sync, done, backend::close_complete)
        }
    }
}

#[inline]
fn name<'a>(session: &mut Session, bytes: &'a [u8]) -> PgResult<&'a str> {
    match bytes.is_empty() {
        true => Ok(""),
        false => utf8(bytes).map_err(|e| session.fail(e)),
    }
}

fn bind(session: &mut Session, message: &BindMessage<'_>) -> PgResult<()> {
    let portal = name(session, message.portal)?;
    let statement = name(session, message.statement)?;
    session.bind(portal, statement, &mut |bound| {
        bound.param_count(message.params.len());
        for (i, value) in message.params.iter().enumerate() {
            bound.param(i, message.param_formats.code(i), value)?;
        }
        for code in message.result_formats.iter() {
            bound.result_format(code);
        }
        Ok(())
    })
}

fn extended(
    session: &mut Session,
    out: &mut OutputBuffer,
    mode: &mut Mode,
    skip_until_sync: &mut bool,
    done: PgResult<()>,
    complete: impl FnOnce(&mut Vec<u8>),
) -> After {
    match done {
        Ok(()) => {
            complete(out.buffer());
            After::Next
        }
        Err(e) => failed(session, out, mode, skip_until_sync, &e, false),
    }
}

/// What a statement's progress means for the protocol.
fn progressed(
    session: &mut Session,
    out: &mut OutputBuffer,
    mode: &mut Mode,
    skip_until_sync: &mut bool,
    progress: PgResult<Progress>,
    simple: bool,
) -> After {
    match progress {
        Ok(Progress::Done) if simple => {
            session.finish_cycle(out);
            backend::ready_for_query(out.buffer(), session.transaction_status());
            After::Flush
        }
        Ok(Progress::Done) => After::Next,
        Ok(Progress::Flush) => After::Resume { simple },
        Ok(Progress::CopyIn) => {
            *mode = Mode::CopyIn { simple };
            After::Flush
        }
        Err(e) => failed(session, out, mode, skip_until_sync, &e, simple),
    }
}

fn failed(
    session: &mut Session,
    out: &mut OutputBuffer,
    mode: &mut Mode,
    skip_until_sync: &mut bool,
    e: &PgError,
    simple: bool,
) -> After {
    *mode = Mode::Ready;
    out.abandon_row();
    session.pending_notices(out);
    out.error(e);
    if e.0.severity >= Severity::Fatal {
        return After::Close;
    }
    if simple {
        session.finish_cycle(out);
        backend::ready_for_query(out.buffer(), session.transaction_status());
        return After::Flush;
    }
    *skip_until_sync = true;
    // A Flush that follows is skipped with everything else, and the client may wait for this.
    After::Flush
}

/// A message while COPY data is expected.
fn handle_copy(
    session: &mut Session,
    out: &mut OutputBuffer,
    mode: &mut Mode,
    skip_until_sync: &mut bool,
    message: FrontendMessage<'_>,
    tag: u8,
    simple: bool,
) -> After {
    let progress = match message {
        FrontendMessage::CopyData(data) => match session.copy_data(data) {
            Ok(()) => return After::Next,
            Err(e) => Err(e),
        },
        FrontendMessage::CopyDone => {
            *mode = Mode::Ready;
            session.copy_done(out)
        }
        FrontendMessage::CopyFail(reason) => {
            let reason = String::from_utf8_lossy(reason);
            Err(session.fail(err!(QUERY_CANCELED, "COPY from stdin failed: {reason}")))
        }
        // Clients may send these without knowing that a COPY has begun.
        FrontendMessage::Flush | FrontendMessage::Sync => return After::Next,
        FrontendMessage::Terminate => return After::Close,
        _ => Err(session.fail(
            err!(PROTOCOL_VIOLATION, "unexpected message type 0x{tag:02X} during COPY from stdin")
                .with_severity(Severity::Fatal),
        )),
    };
    progressed(session, out, mode, skip_until_sync, progress, simple)
}
