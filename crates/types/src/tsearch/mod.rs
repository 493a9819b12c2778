//! tsvector and tsquery: values, stored form, text and binary.
//!
//! ```text
//! tsvector  (u16 le length, word, u16 le count, u16 le position | weight << 14 ...) ...   words ordered
//! tsquery   tree in prefix order: 1 weights prefix length word | 2 child | 3 l r | 4 l r | 5 distance l r
//! ```
use crate::{Varlena, binary::BinaryReader, is_space};
use error::{PgError, PgResult, bail, err};
use std::io::Write as _;

/// Largest position of a word.
pub const MAX_POS: u16 = 16383;
const MAX_POSITIONS: usize = 255;
const MAX_WORD: usize = 2046;

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

/// Orders and merges words and gives the stored form.
pub fn tsvector_encode(mut lexemes: Vec<Lexeme>) -> Varlena {
    lexemes.sort_by(|a, b| a.word.as_bytes().cmp(b.word.as_bytes()));
    let mut merged: Vec<Lexeme> = Vec::with_capacity(lexemes.len());
    for lexeme in lexemes {
        match merged.last_mut() {
            Some(last) if last.word == lexeme.word => last.positions.extend(lexeme.positions),
            _ => merged.push(lexeme),
        }
    }
    let mut out = Vec::new();
    for lexeme in &mut merged {
        // Of equal positions the highest weight stays.
        lexeme.positions.sort_by_key(|p| (position(*p), std::cmp::Reverse(weight(*p))));
        lexeme.positions.dedup_by_key(|p| position(*p));
        lexeme.positions.truncate(MAX_POSITIONS);
        out.extend_from_slice(&(lexeme.word.len() as u16).to_le_bytes());
        out.extend_from_slice(lexeme.word.as_bytes());
        out.extend_from_slice(&(lexeme.positions.len() as u16).to_le_bytes());
        for p in &lexeme.positions {
            out.extend_from_slice(&p.to_le_bytes());
        }
    }
    Varlena::new(&out)
}

/// Reads words as they stand in both types.
struct WordScanner<'a> {
    text: &'a str,
    pos: usize,
    is_query: bool,
}

impl WordScanner<'_> {
    fn fault(&self) -> PgError {
        let name = if self.is_query { "tsquery" } else { "tsvector" };
        err!(SYNTAX_ERROR, "syntax error in {name}: \"{}\"", self.text)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.pos..].chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.pos += 1;
        }
    }

    fn ends_word(&self, c: char) -> bool {
        is_space(c) || c == ':' || self.is_query && matches!(c, '!' | '|' | '&' | '(' | ')' | '<')
    }

    /// A word, quoted or bare; `None` at the end of the text.
    fn word(&mut self) -> PgResult<Option<String>> {
        self.skip_space();
        let mut word = String::new();
        match self.peek() {
            None => return Ok(None),
            Some('\'') => {
                self.bump();
                loop {
                    match self.bump() {
                        None => return Err(self.fault()),
                        Some('\\') => word.push(self.bump().ok_or_else(|| self.fault())?),
                        Some('\'') if self.peek() == Some('\'') => {
                            self.bump();
                            word.push('\'');
                        }
                        Some('\'') => break,
                        Some(c) => word.push(c),
                    }
                }
            }
            Some(_) => {
                while let Some(c) = self.peek() {
                    if self.ends_word(c) {
                        break;
                    }
                    self.bump();
                    match c {
                        '\\' => word.push(self.bump().ok_or_else(|| {
                            err!(SYNTAX_ERROR, "there is no escaped character: \"{}\"", self.text)
                        })?),
                        _ => word.push(c),
                    }
                }
            }
        }
        if word.is_empty() {
            return Err(self.fault());
        }
        if word.len() > MAX_WORD {
            bail!(
                PROGRAM_LIMIT_EXCEEDED,
                "word is too long ({} bytes, max {MAX_WORD} bytes)",
                word.len()
            );
        }
        Ok(Some(word))
    }

    fn positions(&mut self) -> PgResult<Vec<u16>> {
        let mut positions = Vec::new();
        if self.peek() != Some(':') {
            return Ok(positions);
        }
        self.bump();
        loop {
            let digits: String =
                self.text[self.pos..].chars().take_while(char::is_ascii_digit).collect();
            if digits.is_empty() {
                return Err(self.fault());
            }
            self.pos += digits.len();
            let p = digits.parse::<u64>().unwrap_or(u64::MAX).min(u64::from(MAX_POS)) as u16;
            if p == 0 {
                return Err(err!(
                    SYNTAX_ERROR,
                    "wrong position info in tsvector: \"{}\"",
                    self.text
                ));
            }
            let w = match self.peek() {
                Some('a' | 'A' | '*') => 3,
                Some('b' | 'B') => 2,
                Some('c' | 'C') => 1,
                Some('d' | 'D') => 0,
                _ => 4,
            };
            if w < 4 {
                self.bump();
            }
            positions.push(p | (w % 4) << 14);
            match self.peek() {
                Some(',') => {
                    self.bump();
                }
                None => return Ok(positions),
                Some(c) if is_space(c) => return Ok(positions),
                Some(_) => return Err(self.fault()),
            }
        }
    }
}

/// tsvector in.
pub fn tsvector_input(text: &str) -> PgResult<Varlena> {
    let mut s = WordScanner { text, pos: 0, is_query: false };
    let mut lexemes = Vec::new();
    while let Some(word) = s.word()? {
        let positions = s.positions()?;
        lexemes.push(Lexeme { word, positions });
    }
    Ok(tsvector_encode(lexemes))
}

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

fn zero_terminated<'a>(r: &mut BinaryReader<'a>) -> PgResult<&'a str> {
    let rest = r.take_rest();
    let Some(end) = rest.iter().position(|b| *b == 0) else {
        bail!(PROTOCOL_VIOLATION, "invalid string in message");
    };
    *r = BinaryReader::new(&rest[end + 1..]);
    crate::text::validate(&rest[..end])
}

/// tsvector from the wire.
pub fn tsvector_recv(buf: &[u8]) -> PgResult<Varlena> {
    let mut r = BinaryReader::new(buf);
    let n = r.u32()?;
    let mut lexemes = Vec::new();
    for _ in 0..n {
        let word = zero_terminated(&mut r)?.to_string();
        let positions = (0..r.u16()?).map(|_| r.u16()).collect::<PgResult<Vec<u16>>>()?;
        if word.len() > MAX_WORD || positions.iter().any(|p| position(*p) == 0) {
            bail!(
                INVALID_BINARY_REPRESENTATION,
                "invalid tsvector: position information is misordered"
            );
        }
        lexemes.push(Lexeme { word, positions });
    }
    Ok(tsvector_encode(lexemes))
}

/// A text search query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TsQuery {
    /// A word: weights it may have (bit 3 is A; 0 any), and whether a prefix is enough.
    Word {
        /// The word.
        word: String,
        /// Bit 0 D … bit 3 A.
        weights: u8,
        /// Matches words that start with it.
        prefix: bool,
    },
    /// `!`
    Not(Box<TsQuery>),
    /// `&`
    And(Box<TsQuery>, Box<TsQuery>),
    /// `|`
    Or(Box<TsQuery>, Box<TsQuery>),
    /// `<N>`
    Phrase(Box<TsQuery>, Box<TsQuery>, u16),
}

impl TsQuery {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            TsQuery::Word { word, weights, prefix } => {
                out.extend_from_slice(&[1, *weights, *prefix as u8]);
                out.extend_from_slice(&(word.len() as u16).to_le_bytes());
                out.extend_from_slice(word.as_bytes());
            }
            TsQuery::Not(child) => {
                out.push(2);
                child.write(out);
            }
            TsQuery::And(l, r) => {
                out.push(3);
                l.write(out);
                r.write(out);
            }
            TsQuery::Or(l, r) => {
                out.push(4);
                l.write(out);
                r.write(out);
            }
            TsQuery::Phrase(l, r, distance) => {
                out.push(5);
                out.extend_from_slice(&distance.to_le_bytes());
                l.write(out);
                r.write(out);
            }
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<TsQuery> {
        let (tag, rest) = bytes.split_first()?;
        *bytes = rest;
        let mut take = |n: usize| -> Option<Vec<u8>> {
            let (head, tail) = bytes.split_at_checked(n)?;
            let head = head.to_vec();
            *bytes = tail;
            Some(head)
        };
        Some(match tag {
            1 => {
                let head = take(4)?;
                let len = u16::from_le_bytes([head[2], head[3]]) as usize;
                let word = String::from_utf8(take(len)?).ok()?;
                TsQuery::Word { word, weights: head[0], prefix: head[1] != 0 }
            }
            2 => TsQuery::Not(Box::new(Self::read(bytes)?)),
            3 => TsQuery::And(Box::new(Self::read(bytes)?), Box::new(Self::read(bytes)?)),
            4 => TsQuery::Or(Box::new(Self::read(bytes)?), Box::new(Self::read(bytes)?)),
            _ => {
                let head = take(2)?;
                let distance = u16::from_le_bytes([head[0], head[1]]);
                let left = Box::new(Self::read(bytes)?);
                TsQuery::Phrase(left, Box::new(Self::read(bytes)?), distance)
            }
        })
    }

    fn priority(&self) -> u8 {
        match self {
            TsQuery::Or(..) => 1,
            TsQuery::And(..) => 2,
            TsQuery::Phrase(..) => 3,
            TsQuery::Not(..) => 4,
            TsQuery::Word { .. } => 5,
        }
    }

    fn output(&self, parent: u8, right_of_phrase: bool, out: &mut Vec<u8>) {
        let p = self.priority();
        let paren = p < parent || p == 3 && right_of_phrase;
        if paren {
            out.extend_from_slice(b"( ");
        }
        match self {
            TsQuery::Word { word, weights, prefix } => {
                quoted_word(word, out);
                if *weights != 0 || *prefix {
                    out.push(b':');
                    if *prefix {
                        out.push(b'*');
                    }
                    for (bit, letter) in [(8, b'A'), (4, b'B'), (2, b'C'), (1, b'D')] {
                        if weights & bit != 0 {
                            out.push(letter);
                        }
                    }
                }
            }
            TsQuery::Not(child) => {
                out.push(b'!');
                child.output(4, false, out);
            }
            TsQuery::And(l, r) => {
                l.output(p, false, out);
                out.extend_from_slice(b" & ");
                r.output(p, false, out);
            }
            TsQuery::Or(l, r) => {
                l.output(p, false, out);
                out.extend_from_slice(b" | ");
                r.output(p, false, out);
            }
            TsQuery::Phrase(l, r, distance) => {
                l.output(p, false, out);
                match distance {
                    1 => out.extend_from_slice(b" <-> "),
                    n => {
                        let _ = write!(out, " <{n}> ");
                    }
                }
                r.output(p, true, out);
            }
        }
        if paren {
            out.extend_from_slice(b" )");
        }
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        match self {
            TsQuery::Word { .. } => 1,
            TsQuery::Not(c) => 1 + c.node_count(),
            TsQuery::And(l, r) | TsQuery::Or(l, r) | TsQuery::Phrase(l, r, _) => {
                1 + l.node_count() + r.node_count()
            }
        }
    }
}

/// Reads a stored query; `None` for the empty one.
pub fn tsquery_decode(mut bytes: &[u8]) -> Option<TsQuery> {
    TsQuery::read(&mut bytes)
}

/// The stored form.
pub fn tsquery_encode(query: Option<&TsQuery>) -> Varlena {
    let mut out = Vec::new();
    if let Some(query) = query {
        query.write(&mut out);
    }
    Varlena::new(&out)
}

/// What becomes of a word while a query is read: the type's input keeps it, `to_tsquery` runs it
/// through dictionaries and may drop it.
pub type WordHandler<'a> = dyn FnMut(String, u8, bool) -> PgResult<Option<TsQuery>> + 'a;

/// Parses a query's text; operators whose operands were dropped shrink.
pub fn parse_tsquery(text: &str, handler: &mut WordHandler<'_>) -> PgResult<Option<TsQuery>> {
    let mut p = QueryParser { s: WordScanner { text, pos: 0, is_query: true }, handler, depth: 0 };
    p.s.skip_space();
    if p.s.peek().is_none() {
        return Ok(None);
    }
    let query = p.or()?;
    p.s.skip_space();
    if p.s.peek().is_some() {
        return Err(p.s.fault());
    }
    Ok(query)
}

struct QueryParser<'a, 'h> {
    s: WordScanner<'a>,
    handler: &'h mut WordHandler<'h>,
    depth: usize,
}

impl QueryParser<'_, '_> {
    fn join(
        l: Option<TsQuery>,
        r: Option<TsQuery>,
        make: impl FnOnce(Box<TsQuery>, Box<TsQuery>) -> TsQuery,
    ) -> Option<TsQuery> {
        match (l, r) {
            (Some(l), Some(r)) => Some(make(Box::new(l), Box::new(r))),
            (one, None) | (None, one) => one,
        }
    }

    fn eat(&mut self, c: char) -> bool {
        self.s.skip_space();
        let hit = self.s.peek() == Some(c);
        self.s.pos += hit as usize;
        hit
    }

    fn or(&mut self) -> PgResult<Option<TsQuery>> {
        self.depth += 1;
        if self.depth > 1000 {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        let mut left = self.and()?;
        while self.eat('|') {
            let right = self.and()?;
            left = Self::join(left, right, TsQuery::Or);
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> PgResult<Option<TsQuery>> {
        let mut left = self.phrase()?;
        while self.eat('&') {
            let right = self.phrase()?;
            left = Self::join(left, right, TsQuery::And);
        }
        Ok(left)
    }

    fn phrase(&mut self) -> PgResult<Option<TsQuery>> {
        let mut left = self.not()?;
        while let Some(distance) = self.distance()? {
            let right = self.not()?;
            left = Self::join(left, right, |l, r| TsQuery::Phrase(l, r, distance));
        }
        Ok(left)
    }

    /// `<->` or `<N>`
    fn distance(&mut self) -> PgResult<Option<u16>> {
        self.s.skip_space();
        let Some(rest) = self.s.text[self.s.pos..].strip_prefix('<') else { return Ok(None) };
        let Some((inside, _)) = rest.split_once('>') else { return Err(self.s.fault()) };
        let distance = match inside {
            "-" => 1,
            n if !n.is_empty() && n.bytes().all(|c| c.is_ascii_digit()) => match n.parse::<u16>() {
                Ok(d) if d <= 16384 => d,
                _ => bail!(
                    INVALID_PARAMETER_VALUE,
                    "distance in phrase operator must be an integer value between zero and 16384 inclusive"
                ),
            },
            _ => return Err(self.s.fault()),
        };
        self.s.pos += inside.len() + 2;
        Ok(Some(distance))
    }

    fn not(&mut self) -> PgResult<Option<TsQuery>> {
        let mut nots = 0;
        while self.eat('!') {
            nots += 1;
        }
        let mut q = self.primary()?;
        for _ in 0..nots {
            q = q.map(|q| TsQuery::Not(Box::new(q)));
        }
        Ok(q)
    }

    fn primary(&mut self) -> PgResult<Option<TsQuery>> {
        if self.eat('(') {
            let q = self.or()?;
            if !self.eat(')') {
                return Err(self.s.fault());
            }
            return Ok(q);
        }
        self.s.skip_space();
        match self.s.peek() {
            None => bail!(SYNTAX_ERROR, "no operand in tsquery: \"{}\"", self.s.text),
            Some('&' | '|' | ')' | '<' | ':') => return Err(self.s.fault()),
            _ => {}
        }
        let Some(word) = self.s.word()? else { return Err(self.s.fault()) };
        let (mut weights, mut prefix) = (0, false);
        if self.s.peek() == Some(':') {
            self.s.bump();
            while let Some(c) = self.s.peek() {
                match c {
                    'a' | 'A' => weights |= 8,
                    'b' | 'B' => weights |= 4,
                    'c' | 'C' => weights |= 2,
                    'd' | 'D' => weights |= 1,
                    '*' => prefix = true,
                    _ => break,
                }
                self.s.bump();
            }
        }
        (self.handler)(word, weights, prefix)
    }
}

/// tsquery in.
pub fn tsquery_input(text: &str) -> PgResult<Varlena> {
    let mut keep = |word, weights, prefix| Ok(Some(TsQuery::Word { word, weights, prefix }));
    Ok(tsquery_encode(parse_tsquery(text, &mut keep)?.as_ref()))
}

/// tsquery out.
pub fn tsquery_output(bytes: &[u8], out: &mut Vec<u8>) {
    if let Some(query) = tsquery_decode(bytes) {
        query.output(0, false, out);
    }
}

/// tsquery to the wire: nodes, each operator's right operand first.
pub fn tsquery_send(bytes: &[u8], out: &mut Vec<u8>) {
    fn node(q: &TsQuery, out: &mut Vec<u8>) {
        match q {
            TsQuery::Word { word, weights, prefix } => {
                out.extend_from_slice(&[1, *weights, *prefix as u8]);
                out.extend_from_slice(word.as_bytes());
                out.push(0);
            }
            TsQuery::Not(c) => {
                out.extend_from_slice(&[2, 1]);
                node(c, out);
            }
            TsQuery::And(l, r) => {
                out.extend_from_slice(&[2, 2]);
                node(r, out);
                node(l, out);
            }
            TsQuery::Or(l, r) => {
                out.extend_from_slice(&[2, 3]);
                node(r, out);
                node(l, out);
            }
            TsQuery::Phrase(l, r, distance) => {
                out.extend_from_slice(&[2, 4]);
                out.extend_from_slice(&distance.to_be_bytes());
                node(r, out);
                node(l, out);
            }
        }
    }
    let query = tsquery_decode(bytes);
    let count = query.as_ref().map_or(0, TsQuery::node_count) as u32;
    out.extend_from_slice(&count.to_be_bytes());
    if let Some(query) = query {
        node(&query, out);
    }
}

/// tsquery from the wire.
pub fn tsquery_recv(buf: &[u8]) -> PgResult<Varlena> {
    fn node(r: &mut BinaryReader<'_>, left: &mut u32, depth: usize) -> PgResult<TsQuery> {
        if *left == 0 || depth > 1000 {
            bail!(INVALID_BINARY_REPRESENTATION, "invalid tsquery");
        }
        *left -= 1;
        match (r.u8()?, r.u8()?) {
            (1, weights) => {
                let prefix = r.u8()? != 0;
                if weights > 15 {
                    bail!(INVALID_BINARY_REPRESENTATION, "invalid tsquery: invalid weight bitmap");
                }
                let word = zero_terminated(r)?.to_string();
                Ok(TsQuery::Word { word, weights, prefix })
            }
            (2, 1) => Ok(TsQuery::Not(Box::new(node(r, left, depth + 1)?))),
            (2, op @ 2..=4) => {
                let distance = if op == 4 { r.u16()? } else { 0 };
                let right = Box::new(node(r, left, depth + 1)?);
                let l = Box::new(node(r, left, depth + 1)?);
                Ok(match op {
                    2 => TsQuery::And(l, right),
                    3 => TsQuery::Or(l, right),
                    _ => TsQuery::Phrase(l, right, distance),
                })
            }
            (kind, _) => {
                bail!(INVALID_BINARY_REPRESENTATION, "unrecognized tsquery node type: {kind}")
            }
        }
    }
    let mut r = BinaryReader::new(buf);
    let mut left = r.u32()?;
    if left == 0 {
        return Ok(tsquery_encode(None));
    }
    let query = node(&mut r, &mut left, 0)?;
    if left != 0 {
        bail!(INVALID_BINARY_REPRESENTATION, "malformed tsquery: extra nodes");
    }
    Ok(tsquery_encode(Some(&query)))
}
