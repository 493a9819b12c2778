//! tsvector and tsquery: values, stored form, text and binary.
//!
//! ```text
//! tsvector  (u16 le length, word, u16 le count, u16 le position | weight << 14 ...) ...   words ordered
//! tsquery   tree in prefix order: 1 weights prefix length word | 2 child | 3 l r | 4 l r | 5 distance l r
//! ```
mod parse;
mod query;
mod template;
mod vector;
mod word;

pub use parse::{Parsed, QueryParser, QuerySyntax, check_word};
pub use query::{
    TsQuery, tsquery_decode, tsquery_encode, tsquery_input, tsquery_output, tsquery_recv,
    tsquery_send,
};
pub use template::{DictionaryOption, TokenType, deserialize_options};
pub use vector::{
    Lexeme, canonical_size, limit_position, position, tsvector_decode, tsvector_encode,
    tsvector_input, tsvector_output, tsvector_recv, tsvector_send, weight, with_weight,
};

use crate::binary::BinaryReader;
use error::{PgResult, bail};

/// Largest position of a word.
pub const MAX_POS: u16 = 16383;
/// Bytes that a word must be shorter than.
pub const MAX_WORD: usize = (1 << 11) - 1;
/// Largest size of all words and positions of a tsvector, and of all words of a tsquery.
pub const MAX_STRING: usize = (1 << 20) - 1;

fn quoted_word(word: &str, out: &mut Vec<u8>) {
    out.push(b'\'');
    for c in word.bytes() {
        if c == b'\'' || c == b'\\' {
            out.push(c);
        }
        out.push(c);
    }
    out.push(b'\'');
}

fn zero_terminated<'a>(r: &mut BinaryReader<'a>) -> PgResult<&'a str> {
    let rest = r.take_rest();
    let Some(end) = rest.iter().position(|b| *b == 0) else {
        bail!(PROTOCOL_VIOLATION, "invalid string in message");
    };
    *r = BinaryReader::new(&rest[end + 1..]);
    crate::text::validate(&rest[..end])
}
