//! PostgreSQL's hash function over bytes and integers (Bob Jenkins' lookup3), bit for bit.
//!
//! Hash partitioning and `hash*` SQL functions make these values visible, so they are not free to
//! choose. Hash tables inside the executor may use anything faster.

const SEED: u32 = 0x9e37_79b9;

fn mix(a: &mut u32, b: &mut u32, c: &mut u32) {
    macro_rules! step {
        ($x:ident, $y:ident, $z:ident, $r:expr) => {
            *$x = $x.wrapping_sub(*$z) ^ $z.rotate_left($r);
            *$z = $z.wrapping_add(*$y);
        };
    }
    step!(a, b, c, 4);
    step!(b, c, a, 6);
    step!(c, a, b, 8);
    step!(a, b, c, 16);
    step!(b, c, a, 19);
    step!(c, a, b, 4);
}

fn last_mix(a: &mut u32, b: &mut u32, c: &mut u32) {
    macro_rules! step {
        ($x:ident, $y:ident, $r:expr) => {
            *$x = (*$x ^ *$y).wrapping_sub($y.rotate_left($r));
        };
    }
    step!(c, b, 14);
    step!(a, c, 11);
    step!(b, a, 25);
    step!(c, b, 16);
    step!(a, c, 4);
    step!(b, a, 14);
    step!(c, b, 24);
}

fn start(len: u32, seed: u64) -> (u32, u32, u32) {
    let init = SEED.wrapping_add(len).wrapping_add(3_923_095);
    let (mut a, mut b, mut c) = (init, init, init);
    if seed != 0 {
        a = a.wrapping_add((seed >> 32) as u32);
        b = b.wrapping_add(seed as u32);
        mix(&mut a, &mut b, &mut c);
    }
    (a, b, c)
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |w, byte| (w << 8) | u32::from(*byte))
}

fn run(key: &[u8], seed: u64) -> (u32, u32) {
    let (mut a, mut b, mut c) = start(key.len() as u32, seed);
    let mut chunks = key.chunks_exact(12);
    for chunk in &mut chunks {
        a = a.wrapping_add(word(&chunk[0..4]));
        b = b.wrapping_add(word(&chunk[4..8]));
        c = c.wrapping_add(word(&chunk[8..12]));
        mix(&mut a, &mut b, &mut c);
    }
    let rest = chunks.remainder();
    a = a.wrapping_add(word(&rest[..rest.len().min(4)]));
    if rest.len() > 4 {
        b = b.wrapping_add(word(&rest[4..rest.len().min(8)]));
    }
    if rest.len() > 8 {
        // The lowest byte of the last word is reserved for the length.
        c = c.wrapping_add(word(&rest[8..]) << 8);
    }
    last_mix(&mut a, &mut b, &mut c);
    (b, c)
}

/// Hash of bytes, 32 bits.
pub fn bytes(key: &[u8]) -> u32 {
    run(key, 0).1
}

/// Hash of bytes with a seed, 64 bits.
pub fn bytes_extended(key: &[u8], seed: u64) -> u64 {
    let (b, c) = run(key, seed);
    (u64::from(b) << 32) | u64::from(c)
}

/// Hash of a 32-bit value, 32 bits.
#[inline]
pub fn uint32(k: u32) -> u32 {
    let (mut a, mut b, mut c) = start(4, 0);
    a = a.wrapping_add(k);
    last_mix(&mut a, &mut b, &mut c);
    c
}

/// Hash of a 32-bit value with a seed, 64 bits.
pub fn uint32_extended(k: u32, seed: u64) -> u64 {
    let (mut a, mut b, mut c) = start(4, seed);
    a = a.wrapping_add(k);
    last_mix(&mut a, &mut b, &mut c);
    (u64::from(b) << 32) | u64::from(c)
}

/// Folds an int8 so that equal int2, int4 and int8 values hash alike.
fn fold_int8(v: i64) -> u32 {
    let high = (v >> 32) as u32;
    v as u32 ^ if v >= 0 { high } else { !high }
}

/// Hash of an int8 that agrees with that of an equal int4.
#[inline]
pub fn int8(v: i64) -> u32 {
    uint32(fold_int8(v))
}

/// Seeded hash of an int8 that agrees with that of an equal int4.
pub fn int8_extended(v: i64, seed: u64) -> u64 {
    uint32_extended(fold_int8(v), seed)
}

/// Combines two hash values (order matters).
pub fn combine(a: u32, b: u32) -> u32 {
    a ^ b.wrapping_add(SEED).wrapping_add(a << 6).wrapping_add(a >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_postgresql() {
        assert_eq!(uint32(1) as i32, -1905060026);
        assert_eq!(int8(-5) as i32, 1412886042);
        assert_eq!(bytes(b"abc") as i32, -785388649);
        assert_eq!(bytes_extended(b"abc", 7) as i64, 1967049030278966041);
        assert_eq!(uint32_extended(5, 3) as i64, -5727598957719450488);
        assert_eq!(bytes(&1.5f64.to_le_bytes()) as i32, 630860146);
    }
}
