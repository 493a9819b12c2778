//! "char", the one-byte type of the catalogs.

/// Text in: the first byte, or `\ooo`.
pub fn input(text: &str) -> u8 {
    match text.as_bytes() {
        [b'\\', a @ b'0'..=b'7', b @ b'0'..=b'7', c @ b'0'..=b'7'] => {
            ((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0')
        }
        [first, ..] => *first,
        [] => 0,
    }
}

/// Text out: nothing for zero, `\ooo` above ASCII.
pub fn output(v: u8, out: &mut Vec<u8>) {
    match v {
        0 => {}
        1..=127 => out.push(v),
        _ => {
            out.extend_from_slice(&[b'\\', b'0' + (v >> 6), b'0' + ((v >> 3) & 7), b'0' + (v & 7)])
        }
    }
}

/// Hash: the byte is signed, as in PostgreSQL on most machines.
pub fn hash(v: u8) -> u32 {
    crate::hash::uint32(v as i8 as i32 as u32)
}
