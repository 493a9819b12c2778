//! What has been received and not handled yet.
use crate::{
    active::is_timeout,
    buffer_pool,
    socket::{BlockingSocket, Socket},
};
use error::{PgResult, err};
use std::io;

/// Growth step while a large message comes in: memory follows the data, not the length field.
const GROWTH: usize = 256 * 1024;
/// A stream of messages that fills the buffer gets a larger one, up to this.
const STREAMING_SIZE: usize = 128 * 1024;

/// How a read ended.
pub enum Received {
    /// With data.
    Data,
    /// Nothing came in time.
    Nothing,
    /// The client has closed its side.
    End,
}

/// A receive buffer that exists only while there is something in it or a thread serves the session.
#[derive(Default)]
pub struct RecvBuffer {
    /// All of it is initialised, so that reads need not do it each time.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl RecvBuffer {
    /// Bytes at hand.
    #[inline]
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Drops `n` bytes from the front.
    #[inline]
    pub fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    /// Gives the memory back if everything was handled.
    pub fn release_if_empty(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            buffer_pool::give(std::mem::take(&mut self.bytes));
        }
    }

    /// Waits for data without holding memory for it; false at the end of the stream.
    pub async fn receive(&mut self, socket: &mut Socket, need: usize) -> io::Result<bool> {
        self.release_if_empty();
        if self.bytes.is_empty() {
            socket.readable().await?;
        }
        self.make_room(need);
        let n = socket.read(&mut self.bytes[self.end..]).await?;
        self.end += n;
        Ok(n > 0)
    }

    /// Reads once, waiting as long as the socket's patience goes.
    pub fn read(&mut self, socket: &mut BlockingSocket, need: usize) -> io::Result<Received> {
        self.make_room(need);
        loop {
            match socket.read(&mut self.bytes[self.end..]) {
                Ok(0) => return Ok(Received::End),
                Ok(n) => {
                    self.end += n;
                    return Ok(Received::Data);
                }
                Err(e) if is_timeout(&e) => return Ok(Received::Nothing),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Moves what is unread to the front and sees to it that there is room for more of it.
    fn make_room(&mut self, need: usize) {
        if self.bytes.is_empty() {
            self.bytes = buffer_pool::take();
            self.bytes.resize(buffer_pool::BUFFER_SIZE, 0);
        }
        let was_full = self.end == self.bytes.len();
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let missing = need.saturating_sub(self.end).max(1);
        let room = self.bytes.len() - self.end;
        if room < missing.min(GROWTH) {
            let grown = self.bytes.len() + missing.min(GROWTH.max(self.end));
            self.bytes.resize(grown, 0);
        } else if was_full && self.bytes.len() < STREAMING_SIZE {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
    }

    /// Fails if anything came ahead of time, as bytes before an encryption handshake would.
    pub fn expect_empty(&self) -> PgResult<()> {
        match self.unread().is_empty() {
            true => Ok(()),
            false => Err(err!(
                PROTOCOL_VIOLATION,
                "received unencrypted data after encryption request"
            )
            .detail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.")),
        }
    }
}

impl Drop for RecvBuffer {
    fn drop(&mut self) {
        buffer_pool::give(std::mem::take(&mut self.bytes));
    }
}
