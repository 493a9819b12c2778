//! Operator tokens: longest match, cut at comments and trailing signs.
use super::class::{OP, is};
use super::{Lexer, NAMEDATALEN};
use crate::token::Tok;
use error::PgResult;

/// Length of the operator at the start of `run`, a run of operator characters that does not begin
/// with a comment: up to the first comment start, and without trailing `+` and `-` unless a
/// character that SQL has no operator of occurs in it (so `=-` is two operators, `@-` is one).
fn operator_len(run: &[u8]) -> usize {
    let comment = run.windows(2).position(|w| w == b"/*" || w == b"--");
    let mut len = comment.unwrap_or(run.len());
    let signed = |len: usize| len > 1 && matches!(run[len - 1], b'+' | b'-');
    if signed(len) {
        let exotic = run[..len - 1].iter().any(|b| {
            matches!(b, b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'%')
        });
        while !exotic && signed(len) {
            len -= 1;
        }
    }
    len
}

/// The token of an operator's text.
fn operator_tok(text: &[u8]) -> Tok {
    match text {
        [b @ (b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'<' | b'>' | b'=')] => Tok::Char(*b),
        b"=>" => Tok::EqualsGreater,
        b">=" => Tok::GreaterEquals,
        b"<=" => Tok::LessEquals,
        b"<>" | b"!=" => Tok::NotEquals,
        _ => Tok::Op,
    }
}

impl Lexer<'_> {
    pub(super) fn operator(&mut self) -> PgResult<()> {
        let start = self.pos;
        let rest = &self.bytes[start..];
        let run = rest.iter().position(|&b| !is(b, OP)).unwrap_or(rest.len());
        let len = operator_len(&rest[..run]);
        self.pos += len;
        if len >= NAMEDATALEN {
            return Err(self.error("operator too long", start, self.pos));
        }
        self.push(operator_tok(&rest[..len]), start);
        Ok(())
    }
}
