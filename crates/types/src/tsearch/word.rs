//! Words as they stand in the text of both types.
use super::{limit_position, with_weight};
use crate::is_space;
use error::{PgError, PgResult, err};

/// Characters that end a bare word of a query.
pub(super) fn is_operator(c: char) -> bool {
    matches!(c, '!' | '&' | '|' | '(' | ')' | '<')
}

/// Whose words are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WordKind {
    Vector,
    Query,
    /// What people type into search boxes: quotes and backslashes mean nothing within a word.
    WebQuery,
}

/// Reads words one after the other.
pub(super) struct WordScanner<'a> {
    pub text: &'a str,
    pub pos: usize,
    kind: WordKind,
}

impl<'a> WordScanner<'a> {
    pub fn new(text: &'a str, kind: WordKind) -> Self {
        WordScanner { text, pos: 0, kind }
    }

    pub fn vector(text: &'a str) -> Self {
        Self::new(text, WordKind::Vector)
    }

    pub fn fault(&self) -> PgError {
        let name = if self.kind == WordKind::Vector { "tsvector" } else { "tsquery" };
        err!(SYNTAX_ERROR, "syntax error in {name}: \"{}\"", self.text)
    }

    pub fn peek(&self) -> Option<char> {
        self.text[self.pos..].chars().next()
    }

    pub fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    /// The character after a backslash.
    fn escaped(&mut self) -> PgResult<char> {
        self.bump()
            .ok_or_else(|| err!(SYNTAX_ERROR, "there is no escaped character: \"{}\"", self.text))
    }

    fn ends_word(&self, c: char) -> bool {
        let is_query = self.kind != WordKind::Vector;
        is_space(c) || is_query && is_operator(c) || self.kind == WordKind::WebQuery && c == '"'
    }

    /// The next word; `None` at the end of the text.
    pub fn word(&mut self) -> PgResult<Option<String>> {
        while self.peek().is_some_and(is_space) {
            self.pos += 1;
        }
        let Some(first) = self.peek() else { return Ok(None) };
        if first == '\'' && self.kind != WordKind::WebQuery {
            self.bump();
            return self.quoted_word().map(Some);
        }
        let mut word = String::new();
        while let Some(c) = self.peek() {
            // A word may start with a colon, but not go on with one.
            if self.ends_word(c) || c == ':' && !word.is_empty() {
                break;
            }
            self.bump();
            match c {
                '\\' if self.kind != WordKind::WebQuery => word.push(self.escaped()?),
                _ => word.push(c),
            }
        }
        if word.is_empty() { Err(self.fault()) } else { Ok(Some(word)) }
    }

    fn quoted_word(&mut self) -> PgResult<String> {
        let mut word = String::new();
        loop {
            match self.bump() {
                None => return Err(self.fault()),
                Some('\\') => word.push(self.escaped()?),
                Some('\'') if self.peek() == Some('\'') => {
                    self.bump();
                    word.push('\'');
                }
                Some('\'') => break,
                Some(c) => word.push(c),
            }
        }
        if word.is_empty() { Err(self.fault()) } else { Ok(word) }
    }

    /// A word of a tsvector and the positions after it.
    pub fn word_with_positions(&mut self) -> PgResult<Option<(String, Vec<u16>)>> {
        let Some(word) = self.word()? else { return Ok(None) };
        let mut positions = Vec::new();
        if self.peek() != Some(':') {
            return Ok(Some((word, positions)));
        }
        self.bump();
        loop {
            let digits = self.text[self.pos..].bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return Err(self.fault());
            }
            let number = self.text[self.pos..self.pos + digits].parse::<u64>().unwrap_or(u64::MAX);
            self.pos += digits;
            let p = limit_position(number);
            if p == 0 {
                return Err(err!(
                    SYNTAX_ERROR,
                    "wrong position info in tsvector: \"{}\"",
                    self.text
                ));
            }
            let weight = self.weight()?;
            positions.push(with_weight(p, weight));
            match self.peek() {
                Some(',') => self.pos += 1,
                None => return Ok(Some((word, positions))),
                Some(c) if is_space(c) => return Ok(Some((word, positions))),
                Some(_) => return Err(self.fault()),
            }
        }
    }

    /// The weights after a position (digits between them mean nothing); only one may differ from D.
    fn weight(&mut self) -> PgResult<u8> {
        let mut weight = 0;
        loop {
            let next = match self.peek() {
                Some('a' | 'A' | '*') => 3,
                Some('b' | 'B') => 2,
                Some('c' | 'C') => 1,
                Some('d' | 'D') => 0,
                Some(c) if c.is_ascii_digit() => {
                    self.pos += 1;
                    continue;
                }
                _ => return Ok(weight),
            };
            if weight != 0 {
                return Err(self.fault());
            }
            weight = next;
            self.pos += 1;
        }
    }
}
