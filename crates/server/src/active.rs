//! A session while its client keeps it busy: a thread of its own, with blocking reads and writes.
//!
//! One read and one write a round trip and nothing else: no task, no queue, no other thread to wake. Statements
//! may wait for locks and disks as they like. A client that pauses leaves the thread to others.
use crate::{
    connection::Connection, log, message::After, recv_buffer::Received, socket::BlockingSocket,
};
use engine::ResultSink;
use std::io;
use wire::{FrameLimits, Phase, frame::NextFrame, next_frame};

/// Why a thread stopped serving its client.
pub enum Pause {
    /// It has not said anything for a while.
    Idle,
    /// The connection has ended.
    Closed,
}

impl Connection {
    /// Serves the client until it pauses.
    pub fn serve(&mut self, socket: &mut BlockingSocket) -> io::Result<Pause> {
        let limits = FrameLimits::default();
        self.flush(socket)?;
        loop {
            let after = match next_frame(self.recv.unread(), Phase::Ready, &limits) {
                Ok(NextFrame::Ready(frame)) => {
                    let length = frame.wire_length();
                    let after = self.dialogue.handle(frame);
                    self.recv.consume(length);
                    after
                }
                Ok(NextFrame::Need(length)) => match self.recv.read(socket, length)? {
                    Received::Data => {
                        if self.dialogue.is_ready() {
                            self.dialogue.session.forget_late_cancel();
                        }
                        After::Next
                    }
                    Received::Nothing => return Ok(Pause::Idle),
                    Received::End => return Err(io::ErrorKind::UnexpectedEof.into()),
                },
                Err(e) => {
                    self.dialogue.out.error(&e);
                    log::record(self.dialogue.session.pid(), &e, None);
                    After::Close
                }
            };
            if !self.go_on(socket, after)? {
                return Ok(Pause::Closed);
            }
        }
    }

    fn go_on(&mut self, socket: &mut BlockingSocket, mut after: After) -> io::Result<bool> {
        loop {
            match after {
                After::Next => {
                    if self.dialogue.out.is_full() {
                        self.flush(socket)?;
                    }
                    return Ok(true);
                }
                After::Flush => {
                    self.flush(socket)?;
                    return Ok(true);
                }
                After::Close => {
                    self.flush(socket)?;
                    return Ok(false);
                }
                After::Resume { simple } => {
                    self.flush(socket)?;
                    after = self.dialogue.resume(simple);
                }
            }
        }
    }

    /// Writes the output; a session that is told to end meanwhile does not wait for its client.
    fn flush(&mut self, socket: &mut BlockingSocket) -> io::Result<()> {
        let mut written = 0;
        while let Some(rest) = self.dialogue.out.pending().get(written..).filter(|r| !r.is_empty())
        {
            match socket.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => written += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if is_timeout(&e) => {
                    if self.dialogue.session.must_end() {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                }
                Err(e) => return Err(e),
            }
        }
        self.dialogue.out.written();
        Ok(())
    }
}

/// Whether a blocking call has run out of its patience.
pub fn is_timeout(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
