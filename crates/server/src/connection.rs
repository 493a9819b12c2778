//! One client from its first byte to its last: the handshake, and the turns between waiting for the client and
//! serving it.
use crate::{
    active::Pause,
    handshake::{self, Opened},
    log,
    message::Dialogue,
    recv_buffer::RecvBuffer,
    socket::{BlockingSocket, Socket},
};
use engine::{ClientInfo, Engine, Session};
use error::{PgError, PgResult, Severity, err};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, task::spawn_blocking};
use wire::{backend, startup::StartupParameters};

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
    // What follows needs none of the handshake's state, and there may be thousands of it.
    Box::pin(converse(engine, socket, recv, parameters)).await;
}

/// Opens the session and serves it, in turns of waiting and serving.
async fn converse(
    engine: Arc<Engine>,
    socket: Socket,
    recv: RecvBuffer,
    parameters: StartupParameters,
) {
    let mailbox = Arc::new(Notify::new());
    let waker = mailbox.clone();
    let Ok(mut blocking) = socket.into_blocking() else { return };
    let started = spawn_blocking(move || {
        let mut connection =
            Box::new(Connection::start(&engine, &parameters, &mut blocking, waker, recv)?);
        let turn = connection.serve(&mut blocking);
        Ok::<_, PgError>((connection, blocking, turn))
    })
    .await;
    let mut served = match started {
        Ok(Ok(served)) => served,
        Ok(Err(_)) | Err(_) => return,
    };
    loop {
        let (mut connection, blocking, turn) = served;
        let Ok(mut socket) = blocking.into_watched() else { return close(connection).await };
        let left = match turn {
            Ok(Pause::Closed) => {
                socket.shutdown().await;
                Err(None)
            }
            Ok(Pause::Idle) => connection.wait(&mut socket, &mailbox).await.map_err(Some),
            Err(e) => Err(Some(e)),
        };
        let must_close = match left {
            Ok(more) => !more,
            Err(e) => {
                connection.note_loss(e.as_ref());
                true
            }
        };
        if must_close {
            return close(connection).await;
        }
        let Ok(mut blocking) = socket.into_blocking() else { return close(connection).await };
        let turn = spawn_blocking(move || {
            let turn = connection.serve(&mut blocking);
            (connection, blocking, turn)
        });
        served = match turn.await {
            Ok(served) => served,
            // The thread has panicked, and the session with it.
            Err(_) => return,
        };
    }
}

/// Ends the session where its work holds nobody up.
async fn close(mut connection: Box<Connection>) {
    let _ = spawn_blocking(move || connection.dialogue.session.close()).await;
}

fn connect(
    engine: &Arc<Engine>,
    parameters: &StartupParameters,
    socket: &BlockingSocket,
    mailbox: Arc<Notify>,
) -> PgResult<Session> {
    if parameters.replication {
        return Err(error::not_supported!("replication connection").with_severity(Severity::Fatal));
    }
    engine.connect(ClientInfo {
        user: parameters.user.clone(),
        database: parameters.database.clone(),
        options: parameters.options.clone(),
        settings: parameters.settings.clone(),
        address: socket.peer(),
        long_secret: parameters.version >= wire::startup::PROTOCOL_3_2,
        wake: Some(Arc::new(move || mailbox.notify_one())),
    })
}

async fn refuse(socket: &mut Socket, e: &PgError) {
    log::error(e);
    let mut out = Vec::new();
    wire::error_response(&mut out, e, None);
    let _ = tokio::time::timeout(Duration::from_secs(5), socket.write_all(&out)).await;
    socket.shutdown().await;
}

/// A session and what is on its way between it and its client.
pub struct Connection {
    pub(crate) recv: RecvBuffer,
    pub(crate) dialogue: Dialogue,
}

impl Connection {
    /// Opens the session and greets the client; it is told if that fails.
    fn start(
        engine: &Arc<Engine>,
        parameters: &StartupParameters,
        socket: &mut BlockingSocket,
        mailbox: Arc<Notify>,
        recv: RecvBuffer,
    ) -> PgResult<Connection> {
        let session = connect(engine, parameters, socket, mailbox).inspect_err(|e| {
            log::error(e);
            let mut out = Vec::new();
            wire::error_response(&mut out, e, None);
            socket.write_last(&out);
        })?;
        let mut connection = Connection { recv, dialogue: Dialogue::new(session) };
        connection.greet(parameters);
        Ok(connection)
    }

    fn greet(&mut self, parameters: &StartupParameters) {
        let Dialogue { session, out, .. } = &mut self.dialogue;
        if parameters.needs_negotiation() {
            backend::negotiate_protocol_version(out.buffer(), parameters);
        }
        backend::authentication_ok(out.buffer());
        for (name, value) in session.initial_reports() {
            backend::parameter_status(out.buffer(), name, &value);
        }
        backend::backend_key_data(out.buffer(), session.pid(), session.secret());
        self.dialogue.ready();
    }

    /// A client that went away inside a transaction is worth a line in the log.
    fn note_loss(&self, e: Option<&io::Error>) {
        let lost = e.is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof);
        if lost && self.dialogue.session.in_transaction() {
            let e = err!(
                CONNECTION_DOES_NOT_EXIST,
                "unexpected EOF on client connection with an open transaction"
            );
            log::record(self.dialogue.session.pid(), &e.with_severity(Severity::Log), None);
        }
    }

    /// Waits for the client to say something, without a thread and without buffers; false when the session
    /// is to end.
    async fn wait(&mut self, socket: &mut Socket, mailbox: &Notify) -> io::Result<bool> {
        // Only what a Sync or Flush asked for has been written; the rest stays, but an idle
        // connection has nothing left and keeps no buffer.
        self.dialogue.out.release_if_empty();
        self.recv.release_if_empty();
        self.dialogue.session.rest();
        let whole_messages = self.recv.unread().is_empty();
        let timeout = if whole_messages { self.dialogue.session.idle_timeout() } else { None };
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
                ready = socket.readable() => return ready.map(|()| true),
                () = mailbox.notified() => {
                    if !self.read_mailbox(socket, whole_messages).await? {
                        return Ok(false);
                    }
                }
                () = &mut expiry => {
                    if let Some((_, reason)) = timeout {
                        let e = reason.error();
                        log::record(self.dialogue.session.pid(), &e, None);
                        self.end_with(socket, &e).await?;
                        return Ok(false);
                    }
                }
            }
        }
    }

    async fn read_mailbox(&mut self, socket: &mut Socket, may_send: bool) -> io::Result<bool> {
        let Dialogue { session, out, .. } = &mut self.dialogue;
        if let Err(e) = session.poll_mailbox(out) {
            self.end_with(socket, &e).await?;
            return Ok(false);
        }
        if may_send && self.dialogue.is_ready() && !self.dialogue.out.pending().is_empty() {
            socket.write_all(self.dialogue.out.pending()).await?;
            self.dialogue.out.written();
            self.dialogue.out.release_if_empty();
        }
        Ok(true)
    }

    /// The last message; a client that does not take it is not waited for.
    async fn end_with(&mut self, socket: &mut Socket, e: &PgError) -> io::Result<()> {
        self.dialogue.out.error(e);
        let last = socket.write_all(self.dialogue.out.pending());
        if let Ok(Ok(())) = tokio::time::timeout(Duration::from_secs(5), last).await {
            socket.shutdown().await;
        }
        Ok(())
    }
}
