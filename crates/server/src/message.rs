//! What each of the client's messages makes the session do, and what is answered.
use crate::output::OutputBuffer;
use engine::{Progress, ResultSink, Session};
use error::{PgError, PgResult, Severity, err};
use wire::{BindMessage, Frame, FrontendMessage, TargetKind, backend, utf8};

/// What the next message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Any.
    Ready,
    /// COPY data, for a simple query or an Execute.
    CopyIn { simple: bool },
}

/// How to go on after a message.
pub enum After {
    /// With the next one.
    Next,
    /// The same statement has more output once this was written.
    Resume {
        /// It is a simple query.
        simple: bool,
    },
    /// Write what there is.
    Flush,
    /// End the connection.
    Close,
}

/// A session in conversation with its client: the protocol's state and the replies not written yet.
pub struct Dialogue {
    /// The session.
    pub session: Session,
    /// Replies.
    pub out: OutputBuffer,
    mode: Mode,
    skip_until_sync: bool,
}

impl Dialogue {
    /// Of a new session.
    pub fn new(session: Session) -> Self {
        let out = OutputBuffer::default();
        Dialogue { session, out, mode: Mode::Ready, skip_until_sync: false }
    }

    /// Whether messages of the server's own may be sent between the replies.
    pub fn is_ready(&self) -> bool {
        self.mode == Mode::Ready
    }

    /// Says that the next statement may come.
    pub fn ready(&mut self) {
        self.session.finish_cycle(&mut self.out);
        backend::ready_for_query(self.out.buffer(), self.session.transaction_status());
    }

    /// Goes on with a statement whose output had filled the buffer.
    pub fn resume(&mut self, simple: bool) -> After {
        let progress = self.session.resume(&mut self.out);
        self.progressed(progress, simple)
    }

    /// Handles one message.
    pub fn handle(&mut self, frame: Frame<'_>) -> After {
        if self.skip_until_sync && !matches!(frame.tag, b'S' | b'X') {
            return After::Next;
        }
        let message = match FrontendMessage::decode(frame) {
            Ok(message) => message,
            Err(e) => {
                let e = self.session.fail(e);
                let simple = matches!(frame.tag, b'Q' | b'F');
                return self.failed(&e, simple);
            }
        };
        if let Mode::CopyIn { simple } = self.mode {
            return self.handle_copy(message, frame.tag, simple);
        }
        match message {
            FrontendMessage::Query { sql } => {
                let progress = utf8(sql)
                    .map_err(|e| self.session.fail(e))
                    .and_then(|sql| self.session.query(sql, &mut self.out));
                self.progressed(progress, true)
            }
            FrontendMessage::Execute { portal, max_rows } => {
                let progress = name(&mut self.session, portal).and_then(|portal| {
                    self.session.execute(portal, i64::from(max_rows), &mut self.out)
                });
                self.progressed(progress, false)
            }
            FrontendMessage::Sync => {
                self.skip_until_sync = false;
                let simple = true;
                match self.session.sync() {
                    Ok(()) => {
                        self.session.finish_cycle(&mut self.out);
                        backend::ready_for_query(
                            self.out.buffer(),
                            self.session.transaction_status(),
                        );
                        After::Flush
                    }
                    Err(e) => self.failed(&e, simple),
                }
            }
            FrontendMessage::Flush => After::Flush,
            FrontendMessage::Terminate => After::Close,
            FrontendMessage::FunctionCall(call) => {
                let args: Vec<Option<&[u8]>> = call.args.iter().collect();
                let formats: Vec<i16> = call.arg_formats.iter().collect();
                let result = self.session.function_call(
                    types::Oid(call.function),
                    &formats,
                    &args,
                    call.result_format,
                );
                match result {
                    Ok(value) => {
                        backend::function_call_response(self.out.buffer(), value.as_deref());
                        self.session.finish_cycle(&mut self.out);
                        backend::ready_for_query(
                            self.out.buffer(),
                            self.session.transaction_status(),
                        );
                        After::Flush
                    }
                    Err(e) => self.failed(&e, true),
                }
            }
            // Left over from a COPY that failed: the client had not heard of it yet.
            FrontendMessage::CopyData(_)
            | FrontendMessage::CopyDone
            | FrontendMessage::CopyFail(_) => After::Next,
            FrontendMessage::Authentication(_) => {
                let e = err!(PROTOCOL_VIOLATION, "invalid frontend message type {}", frame.tag)
                    .with_severity(Severity::Fatal);
                self.failed(&e, true)
            }
            FrontendMessage::Parse { name: statement, sql, param_types } => {
                let done = name(&mut self.session, statement).and_then(|statement| {
                    let sql = utf8(sql).map_err(|e| self.session.fail(e))?;
                    self.session.parse(statement, sql, param_types.iter().map(types::Oid).collect())
                });
                self.extended(done, backend::parse_complete)
            }
            FrontendMessage::Bind(message) => {
                let done = bind(&mut self.session, &message);
                self.extended(done, backend::bind_complete)
            }
            FrontendMessage::Describe { kind, name: target } => {
                let done = name(&mut self.session, target).and_then(|target| match kind {
                    TargetKind::Statement => self.session.describe_statement(target, &mut self.out),
                    TargetKind::Portal => self.session.describe_portal(target, &mut self.out),
                });
                self.extended(done, |_| {})
            }
            FrontendMessage::Close { kind, name: target } => {
                let done = name(&mut self.session, target).and_then(|target| match kind {
                    TargetKind::Statement => self.session.close_statement(target),
                    TargetKind::Portal => self.session.close_portal(target),
                });
                self.extended(done, backend::close_complete)
            }
        }
    }

    fn extended(&mut self, done: PgResult<()>, complete: impl FnOnce(&mut Vec<u8>)) -> After {
        match done {
            Ok(()) => {
                complete(self.out.buffer());
                After::Next
            }
            Err(e) => self.failed(&e, false),
        }
    }

    /// What a statement's progress means for the protocol.
    fn progressed(&mut self, progress: PgResult<Progress>, simple: bool) -> After {
        match progress {
            Ok(Progress::Done) if simple => {
                self.session.finish_cycle(&mut self.out);
                backend::ready_for_query(self.out.buffer(), self.session.transaction_status());
                After::Flush
            }
            Ok(Progress::Done) => After::Next,
            Ok(Progress::Flush) => After::Resume { simple },
            Ok(Progress::CopyIn) => {
                self.mode = Mode::CopyIn { simple };
                After::Flush
            }
            Err(e) => self.failed(&e, simple),
        }
    }

    fn failed(&mut self, e: &PgError, simple: bool) -> After {
        self.mode = Mode::Ready;
        self.out.abandon_row();
        self.session.pending_notices(&mut self.out);
        self.out.error(e);
        if e.0.severity >= Severity::Fatal {
            return After::Close;
        }
        if simple {
            self.session.finish_cycle(&mut self.out);
            backend::ready_for_query(self.out.buffer(), self.session.transaction_status());
            return After::Flush;
        }
        self.skip_until_sync = true;
        // A Flush that follows is skipped with everything else, and the client may wait for this.
        After::Flush
    }

    /// A message while COPY data is expected.
    fn handle_copy(&mut self, message: FrontendMessage<'_>, tag: u8, simple: bool) -> After {
        let progress = match message {
            FrontendMessage::CopyData(data) => match self.session.copy_data(data) {
                Ok(()) => return After::Next,
                Err(e) => Err(e),
            },
            FrontendMessage::CopyDone => {
                self.mode = Mode::Ready;
                self.session.copy_done(&mut self.out)
            }
            FrontendMessage::CopyFail(reason) => {
                let reason = String::from_utf8_lossy(reason);
                Err(self.session.fail(err!(QUERY_CANCELED, "COPY from stdin failed: {reason}")))
            }
            // Clients may send these without knowing that a COPY has begun.
            FrontendMessage::Flush | FrontendMessage::Sync => return After::Next,
            FrontendMessage::Terminate => return After::Close,
            _ => Err(self.session.fail(
                err!(
                    PROTOCOL_VIOLATION,
                    "unexpected message type 0x{tag:02X} during COPY from stdin"
                )
                .with_severity(Severity::Fatal),
            )),
        };
        self.progressed(progress, simple)
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
