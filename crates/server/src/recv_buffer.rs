//! What has been received and not handled yet.
use crate::{buffer_pool, socket::Socket};
use error::{PgResult, err};
use std::io;

/// Growth step while a large message comes in: memory follows the data, not the length field.
const GROWTH: usize = 256 * 1024;

/// A receive buffer that exists only while there is something in it.
#[derive(Default)]
pub struct RecvBuffer {
    bytes: Vec<u8>,
    start: usize,
}

impl RecvBuffer {
    /// Bytes at hand.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Drops `n` bytes from the front.
    pub fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.bytes.len());
    }

    /// Gives the memory back if everything was handled.
    pub fn release_if_empty(&mut self) {
        if self.start == self.bytes.len() {
            self.start = 0;
            buffer_pool::give(std::mem::take(&mut self.bytes));
        }
    }

    /// Waits for data without holding memory for it; false at the end of the stream.
    pub async fn receive(&mut self, socket: &mut Socket, need: usize) -> io::Result<bool> {
        self.release_if_empty();
        if self.bytes.capacity() == 0 {
            socket.readable().await?;
            self.bytes = buffer_pool::take();
        }
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        let missing = need.saturating_sub(self.bytes.len()).max(1);
        if self.bytes.capacity() - self.bytes.len() < missing.min(GROWTH) {
            self.bytes.reserve(missing.min(GROWTH.max(self.bytes.len())));
        }
        let n = socket.read_into(&mut self.bytes).await?;
        Ok(n > 0)
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
