//! tsvector: words with their positions.
use super::{MAX_POS, MAX_STRING, MAX_WORD, quoted_word, word::WordScanner, zero_terminated};
use crate::{Varlena, binary::BinaryReader};
use error::{PgResult, bail, err};
use std::io::Write as _;

/// Most positions of a word.
const MAX_POSITIONS: usize = 256;

/// A word of a tsvector with its positions (weight in the upper two bits, A is 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexeme {
    /// The word.
    pub word: String,
    /// Ascending by position.
    pub positions: Vec<u16>,
}

/// Position without weight.
pub fn position(p: u16) -> u16 {
    p & 0x3fff
}

/// Weight of a position: 3 is A, 0 is D.
pub fn weight(p: u16) -> u8 {
    (p >> 14) as u8
}

/// The position with another weight.
pub fn with_weight(p: u16, weight: u8) -> u16 {
    position(p) | u16::from(weight) << 14
}

/// The position that stands for one that may be too large.
pub fn limit_position(p: u64) -> u16 {
    p.min(u64::from(MAX_POS)) as u16
}

/// Reads a stored tsvector.
pub fn tsvector_decode(bytes: &[u8]) -> Vec<Lexeme> {
    let mut out = Vec::new();
    let mut rest = bytes;
    let mut take = |n: usize| -> Option<&[u8]> {
        let (head, tail) = rest.split_at_checked(n)?;
        rest = tail;
        Some(head)
    };
    let number = |b: &[u8]| u16::from_le_bytes([b[0], b[1]]);
    while let Some(len) = take(2).map(number) {
        let Some(word) = take(len as usize) else { break };
        let word = String::from_utf8_lossy(word).into_owned();
        let n = take(2).map_or(0, number);
        let positions = (0..n).filter_map(|_| take(2).map(number)).collect();
        out.push(Lexeme { word, positions });
    }
    out
}

/// Orders positions; of equal ones the highest weight stays, but for the last position there can be,
/// where the first does.
fn unique_positions(positions: &mut Vec<u16>) {
    positions.sort_by_key(|p| position(*p));
    let mut out: Vec<u16> = Vec::with_capacity(positions.len());
    for p in positions.drain(..) {
        match out.last_mut() {
            Some(last) if position(*last) == position(p) => {
                *last = with_weight(p, weight(*last).max(weight(p)));
            }
            Some(_) => {
                out.push(p);
                if out.len() == MAX_POSITIONS || position(p) == MAX_POS {
                    break;
                }
            }
            None => out.push(p),
        }
    }
    *positions = out;
}

/// Bytes of words and positions as PostgreSQL lays them out, which its limit and its order of
/// tsvectors are made of.
pub fn canonical_size(lexemes: &[Lexeme]) -> usize {
    let mut size = 0usize;
    for lexeme in lexemes {
        size += lexeme.word.len();
        if !lexeme.positions.is_empty() {
            size = size.next_multiple_of(2) + 2 + 2 * lexeme.positions.len();
        }
    }
    size
}

/// Orders and merges words and gives the stored form.
pub fn tsvector_encode(mut lexemes: Vec<Lexeme>) -> PgResult<Varlena> {
    lexemes.sort_by(|a, b| a.word.as_bytes().cmp(b.word.as_bytes()));
    let mut merged: Vec<Lexeme> = Vec::with_capacity(lexemes.len());
    for lexeme in lexemes {
        match merged.last_mut() {
            Some(last) if last.word == lexeme.word => last.positions.extend(lexeme.positions),
            _ => merged.push(lexeme),
        }
    }
    for lexeme in &mut merged {
        unique_positions(&mut lexeme.positions);
    }
    let size = canonical_size(&merged);
    if size > MAX_STRING {
        bail!(
            PROGRAM_LIMIT_EXCEEDED,
            "string is too long for tsvector ({size} bytes, max {MAX_STRING} bytes)"
        );
    }
    let mut out = Vec::with_capacity(size + 4 * merged.len());
    for lexeme in &merged {
        out.extend_from_slice(&(lexeme.word.len() as u16).to_le_bytes());
        out.extend_from_slice(lexeme.word.as_bytes());
        out.extend_from_slice(&(lexeme.positions.len() as u16).to_le_bytes());
        for p in &lexeme.positions {
            out.extend_from_slice(&p.to_le_bytes());
        }
    }
    Ok(Varlena::new(&out))
}

/// tsvector in.
pub fn tsvector_input(text: &str) -> PgResult<Varlena> {
    let mut scanner = WordScanner::vector(text);
    let mut lexemes = Vec::new();
    let mut total = 0;
    while let Some((word, positions)) = scanner.word_with_positions()? {
        if word.len() >= MAX_WORD {
            bail!(
                PROGRAM_LIMIT_EXCEEDED,
                "word is too long ({} bytes, max {} bytes)",
                word.len(),
                MAX_WORD - 1
            );
        }
        if total > MAX_STRING {
            bail!(
                PROGRAM_LIMIT_EXCEEDED,
                "string is too long for tsvector ({total} bytes, max {MAX_STRING} bytes)"
            );
        }
        total += word.len();
        lexemes.push(Lexeme { word, positions });
    }
    tsvector_encode(lexemes)
}

/// tsvector out.
pub fn tsvector_output(bytes: &[u8], out: &mut Vec<u8>) {
    for (i, lexeme) in tsvector_decode(bytes).iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        quoted_word(&lexeme.word, out);
        for (j, p) in lexeme.positions.iter().enumerate() {
            let _ = write!(out, "{}{}", if j == 0 { ':' } else { ',' }, position(*p));
            out.extend_from_slice(["", "C", "B", "A"][weight(*p) as usize].as_bytes());
        }
    }
}

/// tsvector to the wire.
pub fn tsvector_send(bytes: &[u8], out: &mut Vec<u8>) {
    let lexemes = tsvector_decode(bytes);
    out.extend_from_slice(&(lexemes.len() as u32).to_be_bytes());
    for lexeme in lexemes {
        out.extend_from_slice(lexeme.word.as_bytes());
        out.push(0);
        out.extend_from_slice(&(lexeme.positions.len() as u16).to_be_bytes());
        for p in lexeme.positions {
            out.extend_from_slice(&p.to_be_bytes());
        }
    }
}

/// tsvector from the wire.
pub fn tsvector_recv(buf: &[u8]) -> PgResult<Varlena> {
    let internal = |what: &str| err!(INTERNAL_ERROR, "{what}");
    let mut r = BinaryReader::new(buf);
    let n = r.i32()?;
    // Each word takes three bytes at least.
    if n < 0 || n as usize > MAX_STRING {
        return Err(internal("invalid size of tsvector"));
    }
    let mut lexemes: Vec<Lexeme> = Vec::new();
    for _ in 0..n {
        let word = zero_terminated(&mut r)?.to_string();
        let count = r.u16()?;
        if word.is_empty() {
            return Err(internal("invalid tsvector: empty lexeme"));
        }
        if word.len() >= MAX_WORD {
            return Err(internal("invalid tsvector: lexeme too long"));
        }
        if usize::from(count) > MAX_POSITIONS {
            return Err(internal("unexpected number of tsvector positions"));
        }
        let mut positions = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let p = r.u16()?;
            if positions.last().is_some_and(|last| position(*last) >= position(p)) {
                return Err(internal("position information is misordered"));
            }
            positions.push(p);
        }
        if lexemes.last().is_some_and(|last| last.word == word) {
            return Err(internal("lexemes are misordered"));
        }
        lexemes.push(Lexeme { word, positions });
    }
    tsvector_encode(lexemes)
}
