//! json: a parser that reports faults as PostgreSQL does, and writing of JSON strings.
use error::{PgError, PgResult, err};

/// Receives the events of a parse in document order.
pub trait JsonSink {
    /// Whether strings have to be unescaped (and their surrogates and zero characters checked).
    const UNESCAPE: bool;
    /// `null`
    fn null(&mut self) -> PgResult<()>;
    /// `true` or `false`
    fn boolean(&mut self, v: bool) -> PgResult<()>;
    /// A number's text.
    fn number(&mut self, text: &str) -> PgResult<()>;
    /// A string, unescaped if asked for, otherwise as it stands between the quotes.
    fn string(&mut self, text: &str) -> PgResult<()>;
    /// `[`
    fn begin_array(&mut self) -> PgResult<()>;
    /// `]`
    fn end_array(&mut self) -> PgResult<()>;
    /// `{`
    fn begin_object(&mut self) -> PgResult<()>;
    /// An object's key.
    fn key(&mut self, text: &str) -> PgResult<()>;
    /// `}`
    fn end_object(&mut self) -> PgResult<()>;
    /// Where the value whose event comes next starts in the source.
    fn value_start(&mut self, _offset: usize) {}
    /// Where the value whose event came last ends in the source.
    fn value_end(&mut self, _offset: usize) {}
}

/// Accepts any JSON and keeps nothing.
pub struct Validate;

impl JsonSink for Validate {
    const UNESCAPE: bool = false;
    fn null(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn boolean(&mut self, _: bool) -> PgResult<()> {
        Ok(())
    }
    fn number(&mut self, _: &str) -> PgResult<()> {
        Ok(())
    }
    fn string(&mut self, _: &str) -> PgResult<()> {
        Ok(())
    }
    fn begin_array(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn end_array(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn begin_object(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn key(&mut self, _: &str) -> PgResult<()> {
        Ok(())
    }
    fn end_object(&mut self) -> PgResult<()> {
        Ok(())
    }
}

/// json in: checks the text.
pub fn validate(text: &str) -> PgResult<()> {
    parse(text, &mut Validate)
}

/// Runs a parse.
pub fn parse<S: JsonSink>(text: &str, sink: &mut S) -> PgResult<()> {
    let mut p = Parser {
        text,
        pos: 0,
        start: 0,
        end: 0,
        prev_end: 0,
        kind: Kind::End,
        buf: String::new(),
        unescape: S::UNESCAPE,
    };
    p.advance()?;
    p.value(sink, "Expected JSON value, but found")?;
    if p.kind != Kind::End {
        return Err(p.unexpected("Expected end of input, but found"));
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    String,
    Number,
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Comma,
    Colon,
    True,
    False,
    Null,
    End,
}

struct Parser<'a> {
    text: &'a str,
    pos: usize,
    /// The current token.
    start: usize,
    end: usize,
    prev_end: usize,
    kind: Kind,
    /// Its text, if it is a string that had to be unescaped.
    buf: String,
    unescape: bool,
}

impl<'a> Parser<'a> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Reads the next token.
    fn advance(&mut self) -> PgResult<()> {
        self.prev_end = self.end;
        while matches!(self.byte(self.pos), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.pos += 1;
        }
        self.start = self.pos;
        let single = |p: &mut Self, kind| {
            p.pos += 1;
            kind
        };
        self.kind = match self.byte(self.pos) {
            None => Kind::End,
            Some(b'{') => single(self, Kind::ObjectStart),
            Some(b'}') => single(self, Kind::ObjectEnd),
            Some(b'[') => single(self, Kind::ArrayStart),
            Some(b']') => single(self, Kind::ArrayEnd),
            Some(b',') => single(self, Kind::Comma),
            Some(b':') => single(self, Kind::Colon),
            Some(b'"') => {
                self.string()?;
                Kind::String
            }
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Kind::Number
            }
            Some(_) => self.word()?,
        };
        self.end = self.pos;
        Ok(())
    }

    fn word_end(&self, from: usize) -> usize {
        let same = |c: &u8| c.is_ascii_alphanumeric() || *c == b'_' || *c >= 0x80;
        from + self.text.as_bytes()[from..].iter().take_while(|c| same(c)).count()
    }

    fn word(&mut self) -> PgResult<Kind> {
        let mut end = self.word_end(self.pos);
        if end == self.pos {
            // A lone strange character.
            end += self.text[self.pos..].chars().next().map_or(1, char::len_utf8);
        }
        let kind = match &self.text[self.pos..end] {
            "true" => Kind::True,
            "false" => Kind::False,
            "null" => Kind::Null,
            _ => return Err(self.invalid_token(end)),
        };
        self.pos = end;
        Ok(kind)
    }

    fn number(&mut self) -> PgResult<()> {
        let digits = |p: &Self, from: usize| {
            p.text.as_bytes()[from.min(p.text.len())..]
                .iter()
                .take_while(|c| c.is_ascii_digit())
                .count()
        };
        let mut at = self.pos + (self.byte(self.pos) == Some(b'-')) as usize;
        let mut ok = true;
        if self.byte(at) == Some(b'0') {
            at += 1;
        } else {
            let n = digits(self, at);
            ok = n > 0;
            at += n;
        }
        if self.byte(at) == Some(b'.') {
            let n = digits(self, at + 1);
            ok &= n > 0;
            at += 1 + n;
        }
        if matches!(self.byte(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(self.byte(at), Some(b'+' | b'-')) {
                at += 1;
            }
            let n = digits(self, at);
            ok &= n > 0;
            at += n;
        }
        // Whatever is glued to a number belongs to the faulty token.
        let tail = self.word_end(at);
        if !ok || tail != at {
            return Err(self.invalid_token(tail));
        }
        self.pos = at;
        Ok(())
    }

    fn string(&mut self) -> PgResult<()> {
        self.buf.clear();
        let mut at = self.pos + 1;
        let mut run = at;
        // A high surrogate that waits for its other half.
        let mut high: Option<u32> = None;
        const LOW: &str = "Unicode low surrogate must follow a high surrogate.";
        loop {
            let Some(c) = self.byte(at) else { return Err(self.invalid_token(self.text.len())) };
            if high.is_some() && c != b'\\' {
                return Err(self.fault(self.next_char(at), LOW));
            }
            match c {
                b'"' => break,
                0..=0x1f => {
                    let detail = format!("Character with value 0x{c:02x} must be escaped.");
                    return Err(self.fault(at, &detail));
                }
                b'\\' => {
                    if self.unescape {
                        let text = self.text;
                        self.buf.push_str(&text[run..at]);
                    }
                    let (next, unit) = self.escape(at + 1)?;
                    if self.unescape {
                        high = self.push_escaped(next, unit, high)?;
                    }
                    at = next;
                    run = at;
                }
                _ => at += 1,
            }
        }
        if self.unescape {
            let text = self.text;
            self.buf.push_str(&text[run..at]);
        }
        self.pos = at + 1;
        Ok(())
    }

    /// The character after a backslash at `at`: where it ends, and its code or UTF-16 unit.
    fn escape(&self, at: usize) -> PgResult<(usize, (u32, bool))> {
        let Some(c) = self.text[at..].chars().next() else {
            return Err(self.invalid_token(self.text.len()));
        };
        let code = match c {
            '"' | '\\' | '/' => c as u32,
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'u' => {
                let mut unit = 0;
                for i in 1..=4 {
                    let Some(h) = self.byte(at + i) else {
                        return Err(self.invalid_token(self.text.len()));
                    };
                    match (h as char).to_digit(16) {
                        Some(d) => unit = unit << 4 | d,
                        None => {
                            let end = self.next_char(at + i);
                            let detail = "\"\\u\" must be followed by four hexadecimal digits.";
                            return Err(self.fault(end, detail));
                        }
                    }
                }
                return Ok((at + 5, (unit, true)));
            }
            _ => {
                let detail = format!("Escape sequence \"\\{c}\" is invalid.");
                return Err(self.fault(at + c.len_utf8(), &detail));
            }
        };
        Ok((at + 1, (code, false)))
    }

    fn next_char(&self, at: usize) -> usize {
        at + self.text[at..].chars().next().map_or(0, char::len_utf8)
    }

    fn push_escaped(
        &mut self,
        end: usize,
        (code, is_unit): (u32, bool),
        high: Option<u32>,
    ) -> PgResult<Option<u32>> {
        let low = "Unicode low surrogate must follow a high surrogate.";
        let push = |p: &mut Self, code: u32| p.buf.push(char::from_u32(code).unwrap_or('\u{fffd}'));
        match (high, code) {
            (Some(_), 0xd800..=0xdbff) if is_unit => {
                Err(self.fault(end, "Unicode high surrogate must not follow a high surrogate."))
            }
            (Some(high), 0xdc00..=0xdfff) if is_unit => {
                push(self, 0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00));
                Ok(None)
            }
            (Some(_), _) => Err(self.fault(end, low)),
            (None, 0xd800..=0xdbff) if is_unit => Ok(Some(code)),
            (None, 0xdc00..=0xdfff) if is_unit => Err(self.fault(end, low)),
            (None, 0) => Err(err!(UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence")
                .detail("\\u0000 cannot be converted to text.")
                .context(self.context(end, false))),
            (None, _) => {
                push(self, code);
                Ok(None)
            }
        }
    }

    fn token(&self) -> &'a str {
        &self.text[self.start..self.end]
    }

    fn string_text(&self) -> &str {
        if self.unescape { &self.buf } else { &self.text[self.start + 1..self.end - 1] }
    }

    fn value<S: JsonSink>(&mut self, sink: &mut S, expected: &str) -> PgResult<()> {
        error::check_stack_depth()?;
        sink.value_start(self.start);
        match self.kind {
            Kind::Null => sink.null()?,
            Kind::True => sink.boolean(true)?,
            Kind::False => sink.boolean(false)?,
            Kind::Number => {
                // What follows is looked at before the number itself.
                let number = self.token();
                self.advance()?;
                sink.number(number)?;
                sink.value_end(self.prev_end);
                return Ok(());
            }
            Kind::String => sink.string(self.string_text())?,
            Kind::ArrayStart => return self.array(sink),
            Kind::ObjectStart => return self.object(sink),
            _ => return Err(self.unexpected(expected)),
        }
        self.advance()?;
        sink.value_end(self.prev_end);
        Ok(())
    }

    fn array<S: JsonSink>(&mut self, sink: &mut S) -> PgResult<()> {
        sink.begin_array()?;
        self.advance()?;
        if self.kind != Kind::ArrayEnd {
            self.value(sink, "Expected JSON value, but found")?;
            while self.kind == Kind::Comma {
                self.advance()?;
                self.value(sink, "Expected JSON value, but found")?;
            }
            if self.kind != Kind::ArrayEnd {
                return Err(self.unexpected("Expected \",\" or \"]\", but found"));
            }
        }
        sink.end_array()?;
        self.advance()?;
        sink.value_end(self.prev_end);
        Ok(())
    }

    fn object<S: JsonSink>(&mut self, sink: &mut S) -> PgResult<()> {
        sink.begin_object()?;
        self.advance()?;
        match self.kind {
            Kind::String => {
                self.pair(sink)?;
                while self.kind == Kind::Comma {
                    self.advance()?;
                    if self.kind != Kind::String {
                        return Err(self.unexpected("Expected string, but found"));
                    }
                    self.pair(sink)?;
                }
                if self.kind != Kind::ObjectEnd {
                    return Err(self.unexpected("Expected \",\" or \"}\", but found"));
                }
            }
            Kind::ObjectEnd => {}
            _ => return Err(self.unexpected("Expected string or \"}\", but found")),
        }
        sink.end_object()?;
        self.advance()?;
        sink.value_end(self.prev_end);
        Ok(())
    }

    fn pair<S: JsonSink>(&mut self, sink: &mut S) -> PgResult<()> {
        sink.key(self.string_text())?;
        self.advance()?;
        if self.kind != Kind::Colon {
            return Err(self.unexpected("Expected \":\", but found"));
        }
        self.advance()?;
        self.value(sink, "Expected JSON value, but found")
    }

    #[cold]
    fn unexpected(&self, expected: &str) -> PgError {
        if self.kind == Kind::End {
            return self.ended(self.text.len());
        }
        let detail = format!("{expected} \"{}\".", self.token());
        self.fault(self.end, &detail)
    }

    #[cold]
    fn ended(&self, at: usize) -> PgError {
        self.invalid("The input string ended unexpectedly.").context(self.context(at, true))
    }

    #[cold]
    fn invalid_token(&self, end: usize) -> PgError {
        let detail = format!("Token \"{}\" is invalid.", &self.text[self.start..end]);
        self.fault(end, &detail)
    }

    #[cold]
    fn fault(&self, end: usize, detail: &str) -> PgError {
        self.invalid(detail).context(self.context(end, false))
    }

    #[cold]
    fn invalid(&self, detail: &str) -> PgError {
        err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json").detail(detail)
    }

    /// The line up to the fault, cut to about 50 bytes.
    fn context(&self, end: usize, at_end: bool) -> String {
        let end = end.min(self.text.len());
        let before = &self.text[..end];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = before.matches('\n').count() + 1;
        let mut start = line_start;
        while end - start >= 50 {
            start = self.next_char(start);
        }
        // Three bytes or less are shown rather than replaced by dots.
        if start - line_start <= 3 {
            start = line_start;
        }
        let prefix = if start > line_start { "..." } else { "" };
        let rest = self.byte(end);
        let suffix =
            if !at_end && !matches!(rest, None | Some(b'\n' | b'\r')) { "..." } else { "" };
        format!("JSON data, line {line}: {prefix}{}{suffix}", &self.text[start..end])
    }
}

/// Appends a JSON string, quotes included.
pub fn escape(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape_body(text.as_bytes(), out);
    out.push(b'"');
}

fn escape_body(text: &[u8], out: &mut Vec<u8>) {
    let mut run = 0;
    for (i, &c) in text.iter().enumerate() {
        let short: &[u8] = match c {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            8 => b"\\b",
            9 => b"\\t",
            10 => b"\\n",
            12 => b"\\f",
            13 => b"\\r",
            0..=0x1f => b"",
            _ => continue,
        };
        out.extend_from_slice(&text[run..i]);
        run = i + 1;
        if short.is_empty() {
            out.extend_from_slice(format!("\\u{c:04x}").as_bytes());
        } else {
            out.extend_from_slice(short);
        }
    }
    out.extend_from_slice(&text[run..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts() {
        for text in
            ["1", " -0.5e+7 ", "\"a\\u12ab\\n\"", "[]", "{}", "[1,[2,{\"a\":null}]]", "true"]
        {
            validate(text).unwrap();
        }
    }

    #[test]
    fn faults_as_postgresql() {
        for (text, detail, context) in [
            ("", "The input string ended unexpectedly.", "JSON data, line 1: "),
            ("[1,]", "Expected JSON value, but found \"]\".", "JSON data, line 1: [1,]"),
            ("{\"a\":1,}", "Expected string, but found \"}\".", "JSON data, line 1: {\"a\":1,}"),
            ("{\"a\" 1}", "Expected \":\", but found \"1\".", "JSON data, line 1: {\"a\" 1..."),
            ("trues", "Token \"trues\" is invalid.", "JSON data, line 1: trues"),
            ("01", "Token \"01\" is invalid.", "JSON data, line 1: 01"),
            ("1 2", "Expected end of input, but found \"2\".", "JSON data, line 1: 1 2"),
            ("\"\\v\"", "Escape sequence \"\\v\" is invalid.", "JSON data, line 1: \"\\v..."),
            ("[1,\n2 3]", "Expected \",\" or \"]\", but found \"3\".", "JSON data, line 2: 2 3..."),
        ] {
            let e = validate(text).unwrap_err();
            assert_eq!(e.0.detail.as_deref(), Some(detail));
            assert_eq!(e.0.context, [context]);
        }
    }
}
