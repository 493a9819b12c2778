//! SQL text to tokens, by the rules of PostgreSQL's scanner.
//!
//! The whole text is read at once. A fault ends the tokens with [`Tok::Error`]; the grammar raises
//! it only when it gets that far, so an earlier syntax error wins, as with PostgreSQL's scanner
//! that runs on demand.

mod class;
mod number;
mod operator;
mod string;
mod unicode;

use crate::keyword::Kw;
use crate::options::ParserOptions;
use crate::token::{NO_VALUE, Tok, Token};
use class::{IDENT_CONT, IDENT_START, OP, SPACE, is};
use error::{PgError, PgResult, SqlState, err};

pub(crate) use number::float_text;

pub use class::{is_ident_cont, is_ident_start, is_space};

/// Bytes of a name; longer ones are truncated with a notice.
pub const NAMEDATALEN: usize = 64;

/// What lexing gave.
pub struct Lexed {
    /// Always ends with [`Tok::Eof`] or [`Tok::Error`].
    pub tokens: Vec<Token>,
    /// Decoded strings that tokens refer to.
    pub values: Vec<String>,
    /// The fault behind [`Tok::Error`].
    pub error: Option<PgError>,
    /// Truncated identifiers, escape warnings.
    pub notices: Vec<PgError>,
}

/// Splits `source` into tokens.
pub fn lex(source: &str, options: &ParserOptions) -> Lexed {
    let mut lexer = Lexer {
        source,
        bytes: source.as_bytes(),
        pos: 0,
        options,
        tokens: Vec::with_capacity(source.len() / 4 + 4),
        values: Vec::new(),
        notices: Vec::new(),
    };
    let error = match lexer.run() {
        Ok(()) => {
            lexer.push(Tok::Eof, source.len());
            None
        }
        Err(e) => {
            let at = e.0.position.unwrap_or(0) as usize;
            lexer.pos = source.len();
            lexer.push(Tok::Error, at);
            Some(e)
        }
    };
    Lexed { tokens: lexer.tokens, values: lexer.values, error, notices: lexer.notices }
}

struct Lexer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    pos: usize,
    options: &'a ParserOptions,
    tokens: Vec<Token>,
    values: Vec<String>,
    notices: Vec<PgError>,
}

impl Lexer<'_> {
    fn run(&mut self) -> PgResult<()> {
        while self.pos < self.bytes.len() {
            self.step()?;
        }
        Ok(())
    }

    /// One token, blank or comment.
    #[inline]
    fn step(&mut self) -> PgResult<()> {
        let b = self.bytes[self.pos];
        if is(b, SPACE) {
            self.pos += 1;
            Ok(())
        } else if is(b, IDENT_START) {
            self.word(b)
        } else if b.is_ascii_digit() {
            self.number()
        } else if is(b, OP) {
            match (b, self.peek(1)) {
                (b'-', Some(b'-')) => {
                    self.skip_line_comment();
                    Ok(())
                }
                (b'/', Some(b'*')) => self.skip_block_comment(),
                _ => self.operator(),
            }
        } else {
            self.other(b)
        }
    }

    #[inline]
    fn peek(&self, n: usize) -> Option<u8> {
        self.bytes.get(self.pos + n).copied()
    }

    /// Ends a token that began at `start` at the current position.
    #[inline]
    fn push(&mut self, tok: Tok, start: usize) {
        self.push_value(tok, start, NO_VALUE);
    }

    #[inline]
    fn push_value(&mut self, tok: Tok, start: usize, val: u32) {
        self.tokens.push(Token { tok, start: start as u32, end: self.pos as u32, val });
    }

    fn push_string(&mut self, tok: Tok, start: usize, value: String) {
        let index = self.values.len() as u32;
        self.values.push(value);
        self.push_value(tok, start, index);
    }

    /// A scanner error whose text runs from `start` to `end`.
    #[cold]
    fn error(&self, message: &str, start: usize, end: usize) -> PgError {
        error_near(self.source, message, start, end)
    }

    fn skip_line_comment(&mut self) {
        let rest = &self.bytes[self.pos..];
        self.pos += rest.iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(rest.len());
    }

    fn skip_block_comment(&mut self) -> PgResult<()> {
        let start = self.pos;
        self.pos += 2;
        let mut depth = 1;
        while depth > 0 {
            match (self.peek(0), self.peek(1)) {
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.pos += 2;
                }
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    self.pos += 2;
                }
                (Some(_), _) => self.pos += 1,
                (None, _) => {
                    return Err(self.error("unterminated /* comment", start, self.bytes.len()));
                }
            }
        }
        Ok(())
    }

    /// Something that starts like an identifier: a word or a prefixed string.
    fn word(&mut self, first: u8) -> PgResult<()> {
        match (first, self.peek(1)) {
            (b'e' | b'E', Some(b'\'')) => return self.escape_string(2, false),
            (b'b' | b'B', Some(b'\'')) => return self.bit_string(Tok::BConst),
            (b'x' | b'X', Some(b'\'')) => return self.bit_string(Tok::XConst),
            (b'n' | b'N', Some(b'\'')) => {
                let start = self.pos;
                self.pos += 1;
                self.push(Tok::Kw(Kw::Nchar), start);
                return Ok(());
            }
            (b'u' | b'U', Some(b'&')) => match self.peek(2) {
                Some(b'\'') => return self.unicode_string(),
                Some(b'"') => return self.unicode_identifier(),
                _ => {
                    let start = self.pos;
                    self.pos += 1;
                    self.push(Tok::Ident, start);
                    return Ok(());
                }
            },
            _ => {}
        }
        let start = self.pos;
        self.pos += 1;
        while self.peek(0).is_some_and(|b| is(b, IDENT_CONT)) {
            self.pos += 1;
        }
        let text = &self.bytes[start..self.pos];
        match Kw::lookup(text) {
            Some(kw) => {
                self.mark_lookahead(kw);
                self.push(Tok::Kw(kw), start);
            }
            None => {
                if text.len() >= NAMEDATALEN {
                    let lower = self.source[start..self.pos].to_ascii_lowercase();
                    self.notices.extend(truncation_notice(&lower));
                }
                self.push(Tok::Ident, start);
            }
        }
        Ok(())
    }

    /// The grammar needs to know of some words what follows them: changes the token before `kw`.
    #[inline]
    fn mark_lookahead(&mut self, kw: Kw) {
        let Some(last) = self.tokens.last_mut() else { return };
        let Tok::Kw(before) = last.tok else { return };
        last.tok = match (before, kw) {
            (Kw::Not, Kw::Between | Kw::In | Kw::Like | Kw::Ilike | Kw::Similar) => Tok::NotLa,
            (Kw::Nulls, Kw::First | Kw::Last) => Tok::NullsLa,
            (Kw::With, Kw::Time | Kw::Ordinality) => Tok::WithLa,
            (Kw::Without, Kw::Time) => Tok::WithoutLa,
            (Kw::Format, Kw::Json) => Tok::FormatLa,
            _ => return,
        };
    }

    fn other(&mut self, b: u8) -> PgResult<()> {
        let start = self.pos;
        match b {
            b'\'' if self.options.standard_conforming_strings => self.plain_string(),
            b'\'' => self.escape_string(1, true),
            b'"' => self.quoted_identifier(),
            b'$' => self.dollar(),
            b'.' => {
                match self.peek(1) {
                    Some(b'.') => {
                        self.pos += 2;
                        self.push(Tok::DotDot, start);
                    }
                    Some(d) if d.is_ascii_digit() => return self.number(),
                    _ => {
                        self.pos += 1;
                        self.push(Tok::Char(b), start);
                    }
                }
                Ok(())
            }
            b':' => {
                let (tok, len) = match self.peek(1) {
                    Some(b':') => (Tok::TypeCast, 2),
                    Some(b'=') => (Tok::ColonEquals, 2),
                    _ => (Tok::Char(b), 1),
                };
                self.pos += len;
                self.push(tok, start);
                Ok(())
            }
            _ => {
                self.pos += 1;
                self.push(Tok::Char(b), start);
                Ok(())
            }
        }
    }

    /// `$1`, `$tag$…$tag$`, or a lone `$`.
    fn dollar(&mut self) -> PgResult<()> {
        let start = self.pos;
        if self.peek(1).is_some_and(|b| b.is_ascii_digit()) {
            return self.parameter();
        }
        match self.dollar_delimiter(start) {
            Some(end) => self.dollar_string(start, end),
            None => {
                self.pos += 1;
                self.push(Tok::Char(b'$'), start);
                Ok(())
            }
        }
    }
}

/// `message at or near "text"`, or `at end of input` when `start` is there.
#[cold]
pub(crate) fn error_near(source: &str, message: &str, start: usize, end: usize) -> PgError {
    let e = if start >= source.len() {
        err!(SYNTAX_ERROR, "{message} at end of input")
    } else {
        let end = end.max(start + 1).min(source.len());
        let near = String::from_utf8_lossy(&source.as_bytes()[start..end]);
        err!(SYNTAX_ERROR, "{message} at or near \"{near}\"")
    };
    e.at(start as i32)
}

/// Longest prefix of at most `NAMEDATALEN - 1` bytes that ends between characters.
pub fn truncate_identifier(name: &str) -> &str {
    if name.len() < NAMEDATALEN {
        return name;
    }
    let mut end = NAMEDATALEN - 1;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

fn truncation_notice(name: &str) -> Option<PgError> {
    let short = truncate_identifier(name);
    (short.len() < name.len()).then(|| {
        let mut notice =
            PgError::notice(format!("identifier \"{name}\" will be truncated to \"{short}\""));
        notice.0.sqlstate = SqlState::NAME_TOO_LONG;
        notice
    })
}
