//! A bounds-checked cursor over one message body.
use error::{PgResult, err};

/// Reads a message body from front to back; every shortage is 08P01.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Over the whole body.
    pub fn new(body: &'a [u8]) -> Self {
        Reader { rest: body }
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `n` bytes.
    #[inline]
    pub fn bytes(&mut self, n: usize) -> PgResult<&'a [u8]> {
        if n > self.rest.len() {
            return Err(err!(PROTOCOL_VIOLATION, "insufficient data left in message"));
        }
        let (head, tail) = self.rest.split_at(n);
        self.rest = tail;
        Ok(head)
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self) -> PgResult<u8> {
        match self.rest.split_first() {
            Some((b, tail)) => {
                self.rest = tail;
                Ok(*b)
            }
            None => Err(err!(PROTOCOL_VIOLATION, "no data left in message")),
        }
    }

    /// A big-endian 16-bit integer.
    #[inline]
    pub fn i16(&mut self) -> PgResult<i16> {
        let b = self.bytes(2)?;
        Ok(i16::from_be_bytes([b[0], b[1]]))
    }

    /// A count, which the protocol sends as a 16-bit integer and PostgreSQL reads as unsigned.
    #[inline]
    pub fn count(&mut self) -> PgResult<usize> {
        Ok(self.i16()? as u16 as usize)
    }

    /// A big-endian 32-bit integer.
    #[inline]
    pub fn i32(&mut self) -> PgResult<i32> {
        let b = self.bytes(4)?;
        Ok(i32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    }

    /// A NUL-terminated string, without the NUL.
    #[inline]
    pub fn cstr(&mut self) -> PgResult<&'a [u8]> {
        match self.rest.iter().position(|b| *b == 0) {
            Some(nul) => {
                let text = &self.rest[..nul];
                self.rest = &self.rest[nul + 1..];
                Ok(text)
            }
            None => Err(err!(PROTOCOL_VIOLATION, "invalid string in message")),
        }
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Nothing may be left.
    #[inline]
    pub fn end(&self) -> PgResult<()> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(err!(PROTOCOL_VIOLATION, "invalid message format")),
        }
    }
}
