//! Unicode escapes of `U&` literals, and surrogate pairs.
use super::Lexer;
use error::{PgError, PgResult, err};

/// Joins the halves of surrogate pairs.
#[derive(Default)]
pub(super) struct Surrogates {
    first: Option<u32>,
}

const BAD_PAIR: &str = "invalid Unicode surrogate pair";

impl Surrogates {
    pub(super) fn pending(&self) -> bool {
        self.first.is_some()
    }

    /// Takes a code; gives the character once it is complete.
    pub(super) fn push(&mut self, code: u32) -> Result<Option<char>, &'static str> {
        let low = (0xdc00..=0xdfff).contains(&code);
        match (self.first.take(), code) {
            (Some(high), _) if low => {
                let joined = 0x1_0000 + ((high - 0xd800) << 10) + (code - 0xdc00);
                Ok(char::from_u32(joined))
            }
            (Some(_), _) => Err(BAD_PAIR),
            (None, 0xd800..=0xdbff) => {
                self.first = Some(code);
                Ok(None)
            }
            (None, _) if low => Err(BAD_PAIR),
            (None, 0) => Err("invalid Unicode escape value"),
            (None, _) => match char::from_u32(code) {
                Some(c) => Ok(Some(c)),
                None => Err("invalid Unicode escape value"),
            },
        }
    }
}

#[cold]
fn bad_escape(message: &str, at: usize) -> PgError {
    err!(SYNTAX_ERROR, "{message}").at(at as i32)
}

impl Lexer<'_> {
    /// Reads `UESCAPE 'c'` after a `U&` literal if it is there. Moves on only then.
    fn uescape(&mut self) -> PgResult<char> {
        let rest = &self.source[self.pos..];
        let mark = (self.pos, self.tokens.len(), self.values.len());
        if !may_be_uescape(rest) {
            return Ok('\\');
        }
        // Lex just the next two tokens by the ordinary rules.
        let mut probe = Lexer {
            source: self.source,
            bytes: self.bytes,
            pos: mark.0,
            options: self.options,
            tokens: Vec::new(),
            values: Vec::new(),
            notices: Vec::new(),
        };
        probe.next_tokens(1)?;
        let is_uescape = probe
            .tokens
            .first()
            .is_some_and(|t| t.tok == crate::token::Tok::Kw(crate::keyword::Kw::Uescape));
        if !is_uescape {
            return Ok('\\');
        }
        probe.next_tokens(2)?;
        let (start, end, text) = match probe.tokens.get(1) {
            Some(t) if t.tok == crate::token::Tok::SConst => {
                let text = match probe.values.get(t.val as usize) {
                    Some(value) => value.clone(),
                    None => {
                        let raw = &self.source[t.start as usize..t.end as usize];
                        let open = raw.find('\'').map_or(0, |i| i + 1);
                        raw[open..raw.len() - 1].to_owned()
                    }
                };
                (t.start as usize, t.end as usize, text)
            }
            other => {
                let (start, end) = other.map_or((self.source.len(), self.source.len()), |t| {
                    (t.start as usize, t.end as usize)
                });
                let message = "UESCAPE must be followed by a simple string literal";
                return Err(self.error(message, start, end));
            }
        };
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None)
                if c.is_ascii()
                    && !c.is_ascii_hexdigit()
                    && !matches!(c, '+' | '\'' | '"')
                    && !super::is_space(c as u8) =>
            {
                self.pos = probe.pos;
                Ok(c)
            }
            _ => Err(self.error("invalid Unicode escape character", start, end)),
        }
    }

    /// Lexes until there are `n` tokens, or the end.
    fn next_tokens(&mut self, n: usize) -> PgResult<()> {
        while self.tokens.len() < n && self.pos < self.bytes.len() {
            let before = self.pos;
            self.step()?;
            if self.pos == before {
                break;
            }
        }
        Ok(())
    }

    /// Resolves the escapes of a `U&` literal that began at `start`.
    pub(super) fn unescape_unicode(&mut self, start: usize, text: &str) -> PgResult<String> {
        let escape = self.uescape()?;
        let mut out = String::with_capacity(text.len());
        let mut surrogates = Surrogates::default();
        let mut rest = text;
        // Positions count from the literal's first character, `U&'` included.
        let offset = |rest: &str| start + 3 + (text.len() - rest.len());
        while let Some(c) = rest.chars().next() {
            let at = offset(rest);
            if c != escape {
                if surrogates.pending() {
                    return Err(bad_escape(BAD_PAIR, at));
                }
                out.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
            let after = &rest[c.len_utf8()..];
            if after.starts_with(escape) {
                if surrogates.pending() {
                    return Err(bad_escape(BAD_PAIR, at));
                }
                out.push(escape);
                rest = &after[escape.len_utf8()..];
                continue;
            }
            let (skip, len) = if after.starts_with('+') { (1, 6) } else { (0, 4) };
            let digits = after.get(skip..skip + len);
            let code = digits
                .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
                .and_then(|d| u32::from_str_radix(d, 16).ok());
            let Some(code) = code else {
                return Err(bad_escape("invalid Unicode escape", at)
                    .hint("Unicode escapes must be \\XXXX or \\+XXXXXX."));
            };
            match surrogates.push(code) {
                Ok(Some(c)) => out.push(c),
                Ok(None) => {}
                Err(message) => return Err(bad_escape(message, at)),
            }
            rest = &after[skip + len..];
        }
        if surrogates.pending() {
            return Err(bad_escape(BAD_PAIR, offset(rest)));
        }
        Ok(out)
    }
}

/// Cheap test before the next tokens are looked at.
fn may_be_uescape(rest: &str) -> bool {
    rest.bytes().any(|b| b == b'u' || b == b'U')
}
