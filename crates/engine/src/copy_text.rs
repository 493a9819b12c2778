//! COPY's text and CSV forms: lines into fields and fields into lines.
use crate::copy_options::{CopyFormat, CopyOptions};
use error::{PgResult, bail};

/// How lines end; the first line decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    Newline,
    CarriageReturn,
    Both,
}

/// Cuts pieces of data into lines.
#[derive(Default)]
pub(crate) struct LineSplitter {
    buffer: Vec<u8>,
    start: usize,
    /// Where the search for the line's end goes on.
    scanned: usize,
    in_quote: bool,
    /// The last byte inside quotes was an escape that is not a quote.
    escaped: bool,
    end: Option<LineEnd>,
    finished: bool,
    /// `\.` was met.
    pub(crate) terminated: bool,
}

/// Where a line is in the splitter's buffer.
pub(crate) type LineRange = std::ops::Range<usize>;

impl LineSplitter {
    /// Adds data.
    pub(crate) fn push(&mut self, data: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(data);
    }

    /// Says that no more data comes: the last line needs no end.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// The bytes of a line.
    pub(crate) fn line(&self, range: LineRange) -> &[u8] {
        &self.buffer[range]
    }

    /// The next complete line without its end; ranges hold until the next push.
    pub(crate) fn next(&mut self, options: &CopyOptions) -> PgResult<Option<LineRange>> {
        if self.terminated {
            return Ok(None);
        }
        let csv = options.format == CopyFormat::Csv;
        let found = if csv { self.find_csv(options)? } else { self.find_text()? };
        let Some((end, length)) = found else {
            if self.finished && self.start < self.buffer.len() {
                if self.in_quote {
                    bail!(BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field");
                }
                let range = self.start..self.buffer.len();
                self.start = self.buffer.len();
                self.scanned = self.start;
                return Ok(self.unless_terminator(range, csv));
            }
            return Ok(None);
        };
        let range = self.start..end;
        self.start = end + length;
        self.scanned = self.start;
        Ok(self.unless_terminator(range, csv))
    }

    /// `\.` ends text; in CSV it is a value like another.
    fn unless_terminator(&mut self, range: LineRange, csv: bool) -> Option<LineRange> {
        if !csv && self.buffer[range.clone()] == *b"\\." {
            self.terminated = true;
            return None;
        }
        Some(range)
    }

    /// A line end at `i`, if the bytes there are one: its length, or `None` if more must be seen.
    fn end_at(&mut self, i: usize, quoted_form: bool) -> PgResult<Option<usize>> {
        let newline = self.buffer[i] == b'\n';
        if newline {
            return match self.end {
                None | Some(LineEnd::Newline) => {
                    self.end = Some(LineEnd::Newline);
                    Ok(Some(1))
                }
                _ => Err(stray("newline", "\\n", quoted_form)),
            };
        }
        match (self.end, self.buffer.get(i + 1)) {
            (None, None) if !self.finished => Ok(None),
            (None | Some(LineEnd::Both), Some(b'\n')) => {
                self.end = Some(LineEnd::Both);
                Ok(Some(2))
            }
            (Some(LineEnd::Both), None) if !self.finished => Ok(None),
            (None | Some(LineEnd::CarriageReturn), _) => {
                self.end = Some(LineEnd::CarriageReturn);
                Ok(Some(1))
            }
            _ => Err(stray("carriage return", "\\r", quoted_form)),
        }
    }

    fn find_text(&mut self) -> PgResult<Option<(usize, usize)>> {
        let mut i = self.scanned;
        while let Some(ahead) = memchr::memchr3(b'\\', b'\n', b'\r', &self.buffer[i..]) {
            i += ahead;
            self.scanned = i;
            if self.buffer[i] != b'\\' {
                let length = self.end_at(i, false)?;
                return Ok(length.map(|length| (i, length)));
            }
            // The byte after a backslash is data, a newline too.
            if i + 1 >= self.buffer.len() && !self.finished {
                return Ok(None);
            }
            i = (i + 2).min(self.buffer.len());
        }
        self.scanned = self.buffer.len();
        Ok(None)
    }

    fn find_csv(&mut self, options: &CopyOptions) -> PgResult<Option<(usize, usize)>> {
        let mut i = self.scanned;
        while i < self.buffer.len() {
            let b = self.buffer[i];
            if self.in_quote && b == options.escape && options.escape != options.quote {
                self.escaped = !self.escaped;
                i += 1;
                continue;
            }
            if b == options.quote && !(self.in_quote && self.escaped) {
                self.in_quote = !self.in_quote;
            }
            self.escaped = false;
            if !self.in_quote && matches!(b, b'\n' | b'\r') {
                match self.end_at(i, true)? {
                    Some(length) => return Ok(Some((i, length))),
                    None => break,
                }
            }
            i += 1;
        }
        self.scanned = i;
        Ok(None)
    }
}

#[cold]
fn stray(what: &str, escape: &str, quoted_form: bool) -> error::PgError {
    let state = error::SqlState::BAD_COPY_FILE_FORMAT;
    if quoted_form {
        error::PgError::new(state, format!("unquoted {what} found in data"))
            .hint(format!("Use quoted CSV field to represent {what}."))
    } else {
        error::PgError::new(state, format!("literal {what} found in data"))
            .hint(format!("Use \"{escape}\" to represent {what}."))
    }
}

/// The fields of one line.
#[derive(Default)]
pub(crate) struct Fields {
    bytes: Vec<u8>,
    /// Where each field is in `bytes`; `None` for NULL; whether it was quoted.
    ranges: Vec<(Option<(usize, usize)>, bool)>,
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// `None` for NULL.
    pub(crate) text: Option<&'a [u8]>,
    /// Stood in quotes.
    pub(crate) quoted: bool,
}

impl Fields {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Field `i`.
    pub(crate) fn get(&self, i: usize) -> Field<'_> {
        let (range, quoted) = self.ranges[i];
        Field { text: range.map(|(a, b)| &self.bytes[a..b]), quoted }
    }

    /// Splits a line.
    pub(crate) fn split(&mut self, line: &[u8], options: &CopyOptions) -> PgResult<()> {
        self.bytes.clear();
        self.ranges.clear();
        match options.format {
            CopyFormat::Csv => self.split_csv(line, options),
            _ => {
                self.split_text(line, options);
                Ok(())
            }
        }
    }

    fn split_text(&mut self, line: &[u8], options: &CopyOptions) {
        if options.default.is_none() && memchr::memchr(b'\\', line).is_none() {
            self.bytes.extend_from_slice(line);
            let null = options.null.as_bytes();
            let mut add = |start: usize, end: usize| {
                let range = (line[start..end] != *null).then_some((start, end));
                self.ranges.push((range, false));
            };
            let mut start = 0;
            for end in memchr::memchr_iter(options.delimiter, line) {
                add(start, end);
                start = end + 1;
            }
            add(start, line.len());
            return;
        }
        let mut rest = line;
        loop {
            let start = self.bytes.len();
            let mut i = 0;
            let mut raw_end = rest.len();
            let mut more = false;
            while i < rest.len() {
                let b = rest[i];
                if b == options.delimiter {
                    raw_end = i;
                    more = true;
                    break;
                }
                if b == b'\\' && i + 1 < rest.len() {
                    i += 1 + unescape(&rest[i + 1..], &mut self.bytes);
                } else {
                    self.bytes.push(b);
                    i += 1;
                }
            }
            let raw = &rest[..raw_end];
            if raw == options.null.as_bytes() {
                self.bytes.truncate(start);
                self.ranges.push((None, false));
            } else {
                // A DEFAULT marker is compared as written, so keep it as written.
                if options.default.as_deref().is_some_and(|d| d.as_bytes() == raw) {
                    self.bytes.truncate(start);
                    self.bytes.extend_from_slice(raw);
                }
                self.ranges.push((Some((start, self.bytes.len())), false));
            }
            if !more {
                return;
            }
            rest = &rest[raw_end + 1..];
        }
    }

    fn split_csv(&mut self, line: &[u8], options: &CopyOptions) -> PgResult<()> {
        let mut i = 0;
        loop {
            let start = self.bytes.len();
            let mut quoted = false;
            let mut in_quote = false;
            let mut more = false;
            while i < line.len() {
                let b = line[i];
                if in_quote {
                    let next = line.get(i + 1);
                    if b == options.escape
                        && next.is_some_and(|n| *n == options.escape || *n == options.quote)
                    {
                        self.bytes.push(line[i + 1]);
                        i += 2;
                        continue;
                    }
                    if b == options.quote {
                        in_quote = false;
                    } else {
                        self.bytes.push(b);
                    }
                } else if b == options.quote {
                    in_quote = true;
                    quoted = true;
                } else if b == options.delimiter {
                    more = true;
                    i += 1;
                    break;
                } else {
                    self.bytes.push(b);
                }
                i += 1;
            }
            if in_quote {
                bail!(BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field");
            }
            let text = &self.bytes[start..];
            if !quoted && text == options.null.as_bytes() {
                self.bytes.truncate(start);
                self.ranges.push((None, false));
            } else {
                self.ranges.push((Some((start, self.bytes.len())), quoted));
            }
            if !more {
                return Ok(());
            }
        }
    }
}

/// The character that follows a backslash; returns how many bytes it took.
fn unescape(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let digit = |b: Option<&u8>| b.filter(|b| (b'0'..=b'7').contains(*b)).map(|b| b - b'0');
    match rest[0] {
        b'0'..=b'7' => {
            let mut value = 0u32;
            let mut n = 0;
            while n < 3
                && let Some(d) = digit(rest.get(n))
            {
                value = value * 8 + u32::from(d);
                n += 1;
            }
            out.push(value as u8);
            n
        }
        b'x' => {
            let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
            match (hex(rest.get(1)), hex(rest.get(2))) {
                (Some(a), Some(b)) => {
                    out.push((a * 16 + b) as u8);
                    3
                }
                (Some(a), None) => {
                    out.push(a as u8);
                    2
                }
                _ => {
                    out.push(b'x');
                    1
                }
            }
        }
        b => {
            out.push(match b {
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 11,
                other => other,
            });
            1
        }
    }
}

/// Appends a field's text in text form.
pub(crate) fn write_text(text: &[u8], options: &CopyOptions, out: &mut Vec<u8>) {
    let plain = |b: &u8| *b > 13 && *b != b'\\' && *b != options.delimiter;
    if text.iter().all(plain) {
        out.extend_from_slice(text);
        return;
    }
    for &b in text {
        let letter = match b {
            8 => b'b',
            12 => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            11 => b'v',
            b'\\' => b'\\',
            b if b == options.delimiter => b,
            b => {
                out.push(b);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', letter]);
    }
}

/// Appends a field's text in CSV form. `alone` says that it is the line's only field.
pub(crate) fn write_csv(
    text: &[u8],
    force_quote: bool,
    alone: bool,
    options: &CopyOptions,
    out: &mut Vec<u8>,
) {
    let special =
        |b: &u8| *b == options.delimiter || *b == options.quote || matches!(*b, b'\n' | b'\r');
    let quote = force_quote
        || text == options.null.as_bytes()
        || (alone && text == b"\\.")
        || text.iter().any(special);
    if !quote {
        out.extend_from_slice(text);
        return;
    }
    out.push(options.quote);
    for &b in text {
        if b == options.quote || b == options.escape {
            out.push(options.escape);
        }
        out.push(b);
    }
    out.push(options.quote);
}
