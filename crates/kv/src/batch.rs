//! The write batch: operations in order, in one buffer.

/// Operations that take effect together, in order.
#[derive(Clone, Default, Debug)]
pub struct WriteBatch {
    data: Vec<u8>,
    count: usize,
}

/// One operation of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchOp<'a> {
    /// Sets the value of a key.
    Put(&'a [u8], &'a [u8]),
    /// Removes a key.
    Delete(&'a [u8]),
    /// Removes every key in `[from, to)`.
    DeleteRange(&'a [u8], &'a [u8]),
}

const PUT: u8 = 0;
const DELETE: u8 = 1;
const DELETE_RANGE: u8 = 2;
const HEADER: usize = 9;

impl WriteBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    fn push(&mut self, op: u8, first: &[u8], second: &[u8]) {
        self.data.reserve(HEADER + first.len() + second.len());
        self.data.push(op);
        self.data.extend_from_slice(&(first.len() as u32).to_le_bytes());
        self.data.extend_from_slice(&(second.len() as u32).to_le_bytes());
        self.data.extend_from_slice(first);
        self.data.extend_from_slice(second);
        self.count += 1;
    }

    /// Sets the value of `key`.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        self.push(PUT, key, value);
    }

    /// Removes `key`.
    pub fn delete(&mut self, key: &[u8]) {
        self.push(DELETE, key, &[]);
    }

    /// Removes every key in `[from, to)`.
    pub fn delete_range(&mut self, from: &[u8], to: &[u8]) {
        self.push(DELETE_RANGE, from, to);
    }

    /// Adds the operations of `other` after those present.
    pub fn append(&mut self, other: &WriteBatch) {
        self.data.extend_from_slice(&other.data);
        self.count += other.count;
    }

    /// Number of operations.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no operations.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes held.
    pub fn byte_size(&self) -> usize {
        self.data.len()
    }

    /// Forgets the operations, keeps the memory.
    pub fn clear(&mut self) {
        self.data.clear();
        self.count = 0;
    }

    /// The batch as bytes, for [`WriteBatch::from_bytes`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.data
    }

    /// A batch from its bytes; `None` if they are not one.
    pub fn from_bytes(bytes: &[u8]) -> Option<WriteBatch> {
        let (mut at, mut count) = (0usize, 0);
        while at < bytes.len() {
            let header = bytes.get(at..at + HEADER)?;
            let first = u32::from_le_bytes([header[1], header[2], header[3], header[4]]) as usize;
            let second = u32::from_le_bytes([header[5], header[6], header[7], header[8]]) as usize;
            at = at.checked_add(HEADER)?.checked_add(first)?.checked_add(second)?;
            count += 1;
        }
        (at == bytes.len()).then(|| WriteBatch { data: bytes.to_vec(), count })
    }

    /// The operations in order.
    pub fn iter(&self) -> impl Iterator<Item = BatchOp<'_>> {
        let mut rest = &self.data[..];
        std::iter::from_fn(move || {
            let header = rest.get(..HEADER)?;
            let first = u32::from_le_bytes([header[1], header[2], header[3], header[4]]) as usize;
            let second = u32::from_le_bytes([header[5], header[6], header[7], header[8]]) as usize;
            let body = &rest[HEADER..];
            let (a, b) = (&body[..first], &body[first..first + second]);
            let op = match header[0] {
                PUT => BatchOp::Put(a, b),
                DELETE => BatchOp::Delete(a),
                _ => BatchOp::DeleteRange(a, b),
            };
            rest = &body[first + second..];
            Some(op)
        })
    }
}
