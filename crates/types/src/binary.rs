//! A cursor over a binary value as a client sent it.
use error::{PgResult, bail};

/// Reads network-order fields; running out of bytes is a protocol violation (08P01).
pub struct BinaryReader<'a> {
    rest: &'a [u8],
}

impl<'a> BinaryReader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        BinaryReader { rest: bytes }
    }

    /// Takes `n` bytes.
    pub fn bytes(&mut self, n: usize) -> PgResult<&'a [u8]> {
        if n > self.rest.len() {
            bail!(PROTOCOL_VIOLATION, "insufficient data left in message");
        }
        let (head, tail) = self.rest.split_at(n);
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> PgResult<[u8; N]> {
        let mut buf = [0; N];
        buf.copy_from_slice(self.bytes(N)?);
        Ok(buf)
    }

    /// Takes everything that is left.
    pub fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Bytes left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// One byte.
    pub fn u8(&mut self) -> PgResult<u8> {
        Ok(self.array::<1>()?[0])
    }
    /// int2
    pub fn i16(&mut self) -> PgResult<i16> {
        Ok(i16::from_be_bytes(self.array()?))
    }
    /// unsigned int2
    pub fn u16(&mut self) -> PgResult<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }
    /// int4
    pub fn i32(&mut self) -> PgResult<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }
    /// unsigned int4
    pub fn u32(&mut self) -> PgResult<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }
    /// int8
    pub fn i64(&mut self) -> PgResult<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }
    /// float4
    pub fn f32(&mut self) -> PgResult<f32> {
        Ok(f32::from_be_bytes(self.array()?))
    }
    /// float8
    pub fn f64(&mut self) -> PgResult<f64> {
        Ok(f64::from_be_bytes(self.array()?))
    }

    /// Text up to the end of the value, checked to be UTF-8 without zero bytes.
    pub fn text(&mut self) -> PgResult<&'a str> {
        let bytes = self.take_rest();
        crate::text::validate(bytes)
    }
}

/// Rounds up the room for a text value and hands out the tail for writing.
pub fn push_str(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
