//! Quoted things: strings of all forms and quoted identifiers.
use super::class::{IDENT_START, SPACE, is};
use super::unicode::Surrogates;
use super::{Lexer, truncation_notice};
use crate::options::BackslashQuote;
use crate::token::Tok;
use error::{PgError, PgResult, SqlState, err};

/// After a closing quote at `pos - 1`: where the literal goes on, if whitespace with a newline and
/// another quote follow. Comments count as whitespace, a block comment does not.
fn continuation(bytes: &[u8], mut pos: usize) -> Option<usize> {
    let mut newline = false;
    loop {
        match bytes.get(pos)? {
            b'\n' | b'\r' => newline = true,
            b'-' if bytes.get(pos + 1) == Some(&b'-') => {
                while !matches!(bytes.get(pos)?, b'\n' | b'\r') {
                    pos += 1;
                }
                newline = true;
            }
            b'\'' => return newline.then_some(pos + 1),
            &b if is(b, SPACE) => {}
            _ => return None,
        }
        pos += 1;
    }
}

/// Position of the next `quote` at or after `pos`.
fn find_quote(bytes: &[u8], pos: usize, quote: u8) -> Option<usize> {
    bytes[pos..].iter().position(|&b| b == quote).map(|n| pos + n)
}

impl Lexer<'_> {
    /// Reads the rest of a literal without escapes: `pos` is after the opening quote. Returns the
    /// contents, or None when they are simply the text between the quotes.
    fn quoted_body(&mut self, start: usize, unterminated: &str) -> PgResult<Option<Vec<u8>>> {
        let mut value: Option<Vec<u8>> = None;
        let mut from = self.pos;
        loop {
            let Some(quote) = find_quote(self.bytes, self.pos, b'\'') else {
                return Err(self.error(unterminated, start, self.bytes.len()));
            };
            let doubled = self.bytes.get(quote + 1) == Some(&b'\'');
            let next = if doubled { None } else { continuation(self.bytes, quote + 1) };
            if doubled {
                value.get_or_insert_default().extend_from_slice(&self.bytes[from..=quote]);
                self.pos = quote + 2;
            } else if let Some(next) = next {
                value.get_or_insert_default().extend_from_slice(&self.bytes[from..quote]);
                self.pos = next;
            } else {
                if let Some(value) = &mut value {
                    value.extend_from_slice(&self.bytes[from..quote]);
                }
                self.pos = quote + 1;
                return Ok(value);
            }
            from = self.pos;
        }
    }

    /// `'…'` with ordinary backslashes.
    pub(super) fn plain_string(&mut self) -> PgResult<()> {
        let start = self.pos;
        self.pos += 1;
        match self.quoted_body(start, "unterminated quoted string")? {
            None => self.push(Tok::SConst, start),
            Some(value) => self.push_bytes(Tok::SConst, start, value)?,
        }
        Ok(())
    }

    /// `B'…'` and `X'…'`; the value begins with the prefix in lower case. Quotes are not doubled
    /// inside: another literal begins there.
    pub(super) fn bit_string(&mut self, tok: Tok) -> PgResult<()> {
        let start = self.pos;
        self.pos += 2;
        let (prefix, unterminated) = match tok {
            Tok::BConst => ('b', "unterminated bit string literal"),
            _ => ('x', "unterminated hexadecimal string literal"),
        };
        let mut value = String::from(prefix);
        loop {
            let Some(quote) = find_quote(self.bytes, self.pos, b'\'') else {
                return Err(self.error(unterminated, start, self.bytes.len()));
            };
            value.push_str(&self.source[self.pos..quote]);
            match continuation(self.bytes, quote + 1) {
                Some(next) => self.pos = next,
                None => {
                    self.pos = quote + 1;
                    self.push_string(tok, start, value);
                    return Ok(());
                }
            }
        }
    }

    /// `U&'…'`
    pub(super) fn unicode_string(&mut self) -> PgResult<()> {
        let start = self.pos;
        if !self.options.standard_conforming_strings {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "unsafe use of string constant with Unicode escapes"
            )
            .detail(
                "String constants with Unicode escapes cannot be used when \
                 \"standard_conforming_strings\" is off.",
            )
            .at(start as i32));
        }
        self.pos += 3;
        let value = match self.quoted_body(start, "unterminated quoted string")? {
            None => self.bytes[start + 3..self.pos - 1].to_vec(),
            Some(value) => value,
        };
        let end = self.pos;
        let value = self.unescape_unicode(start, &String::from_utf8_lossy(&value))?;
        self.push_string_at(Tok::SConst, start, end, value);
        Ok(())
    }

    /// Pushes a token that ends at `end`, which lies before `pos` when UESCAPE was read too.
    fn push_string_at(&mut self, tok: Tok, start: usize, end: usize, value: String) {
        self.push_string(tok, start, value);
        if let Some(last) = self.tokens.last_mut() {
            last.end = end as u32;
        }
    }

    fn quoted_identifier_body(&mut self, start: usize) -> PgResult<String> {
        let mut value = String::new();
        let mut from = self.pos;
        loop {
            let Some(quote) = find_quote(self.bytes, self.pos, b'"') else {
                return Err(self.error("unterminated quoted identifier", start, self.bytes.len()));
            };
            value.push_str(&self.source[from..quote]);
            self.pos = quote + 1;
            if self.peek(0) != Some(b'"') {
                break;
            }
            value.push('"');
            self.pos += 1;
            from = self.pos;
        }
        if value.is_empty() {
            return Err(self.error("zero-length delimited identifier", start, self.pos));
        }
        Ok(value)
    }

    /// `"…"`
    pub(super) fn quoted_identifier(&mut self) -> PgResult<()> {
        let start = self.pos;
        self.pos += 1;
        let value = self.quoted_identifier_body(start)?;
        self.notices.extend(truncation_notice(&value));
        self.push_string(Tok::Ident, start, value);
        Ok(())
    }

    /// `U&"…"`
    pub(super) fn unicode_identifier(&mut self) -> PgResult<()> {
        let start = self.pos;
        self.pos += 3;
        let value = self.quoted_identifier_body(start)?;
        let end = self.pos;
        let value = self.unescape_unicode(start, &value)?;
        self.notices.extend(truncation_notice(&value));
        self.push_string_at(Tok::Ident, start, end, value);
        Ok(())
    }

    /// End of the delimiter `$tag$` at `at`, if there is one.
    pub(super) fn dollar_delimiter(&self, at: usize) -> Option<usize> {
        let mut pos = at + 1;
        if self.bytes.get(pos).is_some_and(|&b| is(b, IDENT_START)) {
            while self.bytes.get(pos).is_some_and(|&b| is(b, IDENT_START) || b.is_ascii_digit()) {
                pos += 1;
            }
        }
        (self.bytes.get(pos) == Some(&b'$')).then_some(pos + 1)
    }

    /// `$tag$…$tag$`; the opening delimiter ends at `body`.
    pub(super) fn dollar_string(&mut self, start: usize, body: usize) -> PgResult<()> {
        let delimiter = &self.source[start..body];
        match self.source[body..].find(delimiter) {
            Some(len) => {
                let value = self.source[body..body + len].to_owned();
                self.pos = body + len + delimiter.len();
                self.push_string(Tok::SConst, start, value);
                Ok(())
            }
            None => Err(self.error("unterminated dollar-quoted string", start, self.bytes.len())),
        }
    }

    fn push_bytes(&mut self, tok: Tok, start: usize, value: Vec<u8>) -> PgResult<()> {
        let value = String::from_utf8(value).map_err(|e| invalid_encoding(e.as_bytes()))?;
        self.push_string(tok, start, value);
        Ok(())
    }

    /// `E'…'`, or `'…'` when standard_conforming_strings is off (`warn`). The opening quote ends
    /// `prefix` bytes from here.
    pub(super) fn escape_string(&mut self, prefix: usize, warn: bool) -> PgResult<()> {
        let start = self.pos;
        self.pos += prefix;
        let mut value = Vec::new();
        let mut check = false;
        let mut warn = warn && self.options.escape_string_warning;
        loop {
            let Some(b) = self.peek(0) else {
                return Err(self.error("unterminated quoted string", start, self.bytes.len()));
            };
            match b {
                b'\'' if self.peek(1) == Some(b'\'') => {
                    value.push(b'\'');
                    self.pos += 2;
                }
                b'\'' => match continuation(self.bytes, self.pos + 1) {
                    Some(next) => self.pos = next,
                    None => {
                        self.pos += 1;
                        break;
                    }
                },
                b'\\' => check |= self.escape(start, &mut value, &mut warn)?,
                b => {
                    value.push(b);
                    self.pos += 1;
                }
            }
        }
        if check && (value.contains(&0) || std::str::from_utf8(&value).is_err()) {
            return Err(invalid_encoding(&value).at(start as i32));
        }
        self.push_bytes(Tok::SConst, start, value)
    }

    /// One backslash sequence. Returns whether it may have broken the encoding.
    fn escape(&mut self, start: usize, value: &mut Vec<u8>, warn: &mut bool) -> PgResult<bool> {
        let Some(b) = self.peek(1) else {
            value.push(b'\\');
            self.pos += 1;
            return Ok(false);
        };
        match b {
            b'0'..=b'7' => {
                self.warn_escape(start, b, warn);
                let mut code = 0u32;
                let mut n = 0;
                while n < 3
                    && let Some(d @ b'0'..=b'7') = self.peek(1 + n)
                {
                    code = code * 8 + u32::from(d - b'0');
                    n += 1;
                }
                self.pos += 1 + n;
                value.push(code as u8);
                Ok(true)
            }
            b'x' if self.peek(2).is_some_and(|h| h.is_ascii_hexdigit()) => {
                self.warn_escape(start, b, warn);
                let n = 1 + usize::from(self.peek(3).is_some_and(|h| h.is_ascii_hexdigit()));
                value.push(self.hex(self.pos + 2, n) as u8);
                self.pos += 2 + n;
                Ok(true)
            }
            b'u' | b'U' => {
                self.warn_escape(start, b, warn);
                self.unicode_escape(value)?;
                Ok(false)
            }
            _ => {
                if b == b'\'' {
                    self.check_backslash_quote(start)?;
                }
                self.warn_escape(start, b, warn);
                value.push(match b {
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 0x0b,
                    other => other,
                });
                self.pos += 2;
                Ok(false)
            }
        }
    }

    fn hex(&self, at: usize, len: usize) -> u32 {
        self.bytes[at..at + len]
            .iter()
            .fold(0, |code, &b| code * 16 + (b as char).to_digit(16).unwrap_or(0))
    }

    /// `\uXXXX` or `\UXXXXXXXX` at `pos`, with the second half of a surrogate pair.
    fn unicode_escape(&mut self, value: &mut Vec<u8>) -> PgResult<()> {
        let mut surrogates = Surrogates::default();
        loop {
            let at = self.pos;
            if surrogates.pending()
                && (self.peek(0) != Some(b'\\') || !matches!(self.peek(1), Some(b'u' | b'U')))
            {
                return Err(self.error("invalid Unicode surrogate pair", at, at + 1));
            }
            let len = if self.peek(1) == Some(b'u') { 4 } else { 8 };
            let digits = self.bytes[at + 2..].iter().take(len);
            if digits.take_while(|b| b.is_ascii_hexdigit()).count() < len {
                return Err(err!(INVALID_ESCAPE_SEQUENCE, "invalid Unicode escape")
                    .hint("Unicode escapes must be \\uXXXX or \\UXXXXXXXX.")
                    .at(at as i32));
            }
            let code = self.hex(at + 2, len);
            self.pos = at + 2 + len;
            match surrogates.push(code) {
                Ok(Some(c)) => {
                    let mut buf = [0; 4];
                    value.extend_from_slice(c.encode_utf8(&mut buf).as_bytes());
                    return Ok(());
                }
                Ok(None) => {}
                Err(message) => return Err(self.error(message, at, self.pos)),
            }
        }
    }

    fn check_backslash_quote(&self, start: usize) -> PgResult<()> {
        let unsafe_here = match self.options.backslash_quote {
            BackslashQuote::Off => true,
            BackslashQuote::On => false,
            BackslashQuote::SafeEncoding => self.options.client_only_encoding,
        };
        if unsafe_here {
            return Err(err!(
                NONSTANDARD_USE_OF_ESCAPE_CHARACTER,
                "unsafe use of \\' in a string literal"
            )
            .hint("Use '' to write quotes in strings. \\' is insecure in client-only encodings.")
            .at(start as i32));
        }
        Ok(())
    }

    /// Warns of the literal's first escape.
    fn warn_escape(&mut self, start: usize, escaped: u8, warn: &mut bool) {
        if !std::mem::take(warn) {
            return;
        }
        let (message, hint) = match escaped {
            b'\'' => (
                "nonstandard use of \\' in a string literal",
                "Use '' to write quotes in strings, or use the escape string syntax (E'...').",
            ),
            b'\\' => (
                "nonstandard use of \\\\ in a string literal",
                "Use the escape string syntax for backslashes, e.g., E'\\\\'.",
            ),
            _ => (
                "nonstandard use of escape in a string literal",
                "Use the escape string syntax for escapes, e.g., E'\\r\\n'.",
            ),
        };
        self.notices.push(
            PgError::warning(SqlState::NONSTANDARD_USE_OF_ESCAPE_CHARACTER, message)
                .hint(hint)
                .at(start as i32),
        );
    }
}

/// PostgreSQL's complaint about bytes that are no UTF-8.
#[cold]
fn invalid_encoding(value: &[u8]) -> PgError {
    let bad = match std::str::from_utf8(value) {
        Err(e) => e.valid_up_to(),
        Ok(_) => value.iter().position(|&b| b == 0).unwrap_or(0),
    };
    let wanted = match value.get(bad) {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => 1,
    };
    let bytes: Vec<String> =
        value[bad..].iter().take(wanted).map(|b| format!("0x{b:02x}")).collect();
    err!(
        CHARACTER_NOT_IN_REPERTOIRE,
        "invalid byte sequence for encoding \"UTF8\": {}",
        bytes.join(" ")
    )
}
