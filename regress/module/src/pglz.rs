//! PostgreSQL's own compression of byte strings.
//!
//! A control byte says for each of the next eight items whether it is a byte (0) or a reference (1) to bytes
//! that came before: two bytes with offset (12 bits) and length less 3 (4 bits), and for lengths from 18 a
//! third byte with the rest.
use error::{PgError, PgResult};
use fmgr::Registry;
use types::Datum;

const SHORTEST: usize = 3;
const LONGEST: usize = 273;
const FARTHEST: usize = 4095;
const TABLE: usize = 4096;

pub(crate) fn register(r: &mut Registry) {
    r.scalar("test_pglz_compress", |_cx, a| {
        Ok(compress(a[0].as_bytes()).map_or(Datum::Null, |bytes| Datum::bytes(&bytes)))
    });
    r.scalar("test_pglz_decompress", |_cx, a| {
        let size = usize::try_from(match a[1] {
            Datum::Int4(size) => size,
            _ => -1,
        })
        .map_err(|_| PgError::internal("rawsize must not be negative"))?;
        let bytes = decompress(a[0].as_bytes(), size, a[2].as_bool())?;
        Ok(Datum::bytes(&bytes))
    });
}

/// The compressed form; none if it would not be shorter.
fn compress(source: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(source.len());
    let mut last_seen = vec![usize::MAX; TABLE];
    let slot = |at: usize| {
        let bytes = source.get(at..at + SHORTEST)?;
        let hash =
            (usize::from(bytes[0]) << 8) ^ (usize::from(bytes[1]) << 4) ^ usize::from(bytes[2]);
        Some(hash % TABLE)
    };
    let (mut at, mut control, mut items) = (0, 0, 8);
    while at < source.len() {
        if items == 8 {
            control = out.len();
            out.push(0);
            items = 0;
        }
        let found = slot(at).map(|s| std::mem::replace(&mut last_seen[s], at));
        let length = match found {
            Some(from) if from < at && at - from <= FARTHEST => common(source, from, at),
            _ => 0,
        };
        if length < SHORTEST {
            out.push(source[at]);
            at += 1;
        } else {
            let offset = at - found.unwrap_or(at);
            out[control] |= 1 << items;
            let high = ((offset & 0xf00) >> 4) as u8;
            out.push(high | (length - SHORTEST).min(15) as u8);
            out.push(offset as u8);
            if length >= 18 {
                out.push((length - 18) as u8);
            }
            for skipped in at + 1..at + length {
                if let Some(s) = slot(skipped) {
                    last_seen[s] = skipped;
                }
            }
            at += length;
        }
        items += 1;
    }
    (out.len() < source.len()).then_some(out)
}

/// How many bytes from `at` are the same as those from `from`.
fn common(source: &[u8], from: usize, at: usize) -> usize {
    let pairs = source[from..].iter().zip(&source[at..]);
    pairs.take(LONGEST).take_while(|(a, b)| a == b).count()
}

/// The original of `size` bytes; with `complete` both ends must be reached together.
fn decompress(source: &[u8], size: usize, complete: bool) -> PgResult<Vec<u8>> {
    let corrupt = || PgError::internal("pglz_decompress failed");
    let mut out = Vec::with_capacity(size);
    let mut input = source.iter().map(|b| usize::from(*b));
    let mut left = source.len();
    while left > 0 && out.len() < size {
        let control = input.next().ok_or_else(corrupt)?;
        left -= 1;
        for item in 0..8 {
            if left == 0 || out.len() >= size {
                break;
            }
            if control >> item & 1 == 0 {
                out.push(input.next().ok_or_else(corrupt)? as u8);
                left -= 1;
                continue;
            }
            let first = input.next().ok_or_else(corrupt)?;
            let second = input.next().ok_or_else(corrupt)?;
            left -= 2;
            let mut length = (first & 0xf) + SHORTEST;
            let offset = (first & 0xf0) << 4 | second;
            if length == 18 {
                length += input.next().ok_or_else(corrupt)?;
                left -= 1;
            }
            if offset == 0 || offset > out.len() {
                return Err(corrupt());
            }
            for _ in 0..length.min(size - out.len()) {
                out.push(out[out.len() - offset]);
            }
        }
    }
    if complete && (out.len() != size || left != 0) {
        return Err(corrupt());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{compress, decompress};

    #[test]
    fn what_was_compressed_comes_back() {
        for text in
            ["abcd".repeat(100), "a".repeat(1000), "the cat and the hat and the mat".to_owned()]
        {
            let Some(small) = compress(text.as_bytes()) else { continue };
            assert!(small.len() < text.len());
            assert_eq!(decompress(&small, text.len(), true).unwrap(), text.as_bytes());
        }
        assert!(compress(b"abc").is_none());
        assert!(decompress(&[1, 0, 5], 10, true).is_err());
        assert!(decompress(&[1, 0], 10, true).is_err());
    }
}
