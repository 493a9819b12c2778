//! Lifts the literals of a simple statement into parameters, so that texts which differ only in
//! them share a plan.
//!
//! One pass over the bytes, no tree, no allocation in steady state (the buffer is the caller's).
//! Lifting must not change meaning, so anything whose literals could be more than values (types'
//! modifiers, positions in ORDER BY and GROUP BY, patterns, special syntax) refuses the statement.
use crate::keyword::Kw;
use crate::lexer::{is_ident_cont, is_ident_start, is_space};
use std::borrow::Cow;

/// More literals than this are not worth a plan of their own.
const MAX_LITERALS: usize = 64;

/// Value of a lifted literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralValue {
    /// An integer that PostgreSQL reads as int4.
    Int4(i32),
    /// One that it reads as int8.
    Int8(i64),
    /// Any other number, of type numeric; the text is [`Literal::text`].
    Numeric,
    /// A string of unknown type; the text is [`Literal::text`].
    String,
}

/// A lifted literal: the parameter's number is its index plus one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal {
    /// What it is.
    pub value: LiteralValue,
    /// First byte in the source, a sign or quote included.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Literal {
    /// The number as written, or the string's contents.
    pub fn text<'a>(&self, source: &'a str) -> Cow<'a, str> {
        let text = &source[self.start as usize..self.end as usize];
        if self.value != LiteralValue::String {
            return text.into();
        }
        let inner = &text[1..text.len() - 1];
        if inner.contains('\'') { inner.replace("''", "'").into() } else { inner.into() }
    }
}

/// The normalised statement. Reuse one buffer for many statements.
#[derive(Debug, Default)]
pub struct Normalized {
    /// The text with `$1`, `$2` … in place of literals.
    pub text: String,
    /// The literals in order.
    pub literals: Vec<Literal>,
}

/// What a word means for literals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// The statement is left alone.
    Refuse,
    /// A literal after it is a value.
    Operand,
    /// Literals from here to the next LIMIT or OFFSET are not values.
    By,
    /// Ends that.
    Limit,
    /// A value, unless a precision follows in parentheses.
    Value,
    /// A literal directly after it is refused.
    Other,
}

fn classify(kw: Kw) -> Word {
    match kw {
        Kw::Select
        | Kw::Where
        | Kw::And
        | Kw::Or
        | Kw::Between
        | Kw::When
        | Kw::Then
        | Kw::Else
        | Kw::Case
        | Kw::Returning
        | Kw::Not
        | Kw::Having
        | Kw::On => Word::Operand,
        Kw::Limit | Kw::Offset => Word::Limit,
        Kw::Order | Kw::Group | Kw::Distinct => Word::By,
        Kw::Like
        | Kw::Ilike
        | Kw::Similar
        | Kw::Escape
        | Kw::Collate
        | Kw::Union
        | Kw::Intersect
        | Kw::Except
        | Kw::With
        | Kw::Over
        | Kw::Window
        | Kw::Within
        | Kw::Cast
        | Kw::Extract
        | Kw::Overlay
        | Kw::Position
        | Kw::Substring
        | Kw::Trim
        | Kw::Normalize
        | Kw::Treat
        | Kw::Tablesample
        | Kw::Fetch
        | Kw::At
        | Kw::Conflict
        | Kw::Grouping
        | Kw::Rows
        | Kw::Lateral
        | Kw::Any
        | Kw::Some
        | Kw::All
        | Kw::Array
        | Kw::Row
        | Kw::Operator
        | Kw::Numeric
        | Kw::Decimal
        | Kw::Dec
        | Kw::Float
        | Kw::Char
        | Kw::Character
        | Kw::Varchar
        | Kw::National
        | Kw::Nchar
        | Kw::Bit
        | Kw::Time
        | Kw::Timestamp
        | Kw::Interval
        | Kw::Json
        | Kw::JsonArray
        | Kw::JsonArrayagg
        | Kw::JsonExists
        | Kw::JsonObject
        | Kw::JsonObjectagg
        | Kw::JsonQuery
        | Kw::JsonScalar
        | Kw::JsonSerialize
        | Kw::JsonTable
        | Kw::JsonValue
        | Kw::Xmlattributes
        | Kw::Xmlconcat
        | Kw::Xmlelement
        | Kw::Xmlexists
        | Kw::Xmlforest
        | Kw::Xmlnamespaces
        | Kw::Xmlparse
        | Kw::Xmlpi
        | Kw::Xmlroot
        | Kw::Xmlserialize
        | Kw::Xmltable => Word::Refuse,
        Kw::CurrentTime | Kw::CurrentTimestamp | Kw::Localtime | Kw::Localtimestamp => Word::Value,
        _ => Word::Other,
    }
}

/// What the last token was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// An operand may follow: operator, `(`, `,`, some keywords.
    Open,
    /// An operand just ended: name, literal, `)`.
    Closed,
    /// A word after which a literal is not a value.
    Word,
    /// `AS`, or a name after it: a parenthesis would open column definitions.
    As,
    /// `::` and the type's name after it.
    Cast,
}

/// Normalises `source` into `out`. False when the statement is not one whose literals are all
/// plain values; `out` is then of no use. Needs `standard_conforming_strings`.
pub fn normalize(source: &str, out: &mut Normalized) -> bool {
    out.text.clear();
    out.literals.clear();
    out.text.reserve(source.len() + 8);
    let mut scan = Scan { source, bytes: source.as_bytes(), pos: 0, copied: 0, out };
    scan.run().is_some()
}

struct Scan<'a> {
    source: &'a str,
    bytes: &'a [u8],
    pos: usize,
    /// Everything before it is in the output.
    copied: usize,
    out: &'a mut Normalized,
}

impl Scan<'_> {
    #[inline]
    fn at(&self, pos: usize) -> u8 {
        self.bytes.get(pos).copied().unwrap_or(0)
    }

    fn skip_space(&mut self) {
        while is_space(self.at(self.pos)) && self.pos < self.bytes.len() {
            self.pos += 1;
        }
    }

    /// None refuses the statement.
    fn run(&mut self) -> Option<()> {
        self.skip_space();
        if !is_ident_start(self.at(self.pos)) {
            return None;
        }
        match Kw::lookup(self.word()) {
            Some(Kw::Select | Kw::Insert | Kw::Update | Kw::Delete) => {}
            _ => return None,
        }
        let mut last = Last::Open;
        let mut by = false;
        loop {
            self.skip_space();
            let b = self.at(self.pos);
            last = match b {
                0 if self.pos >= self.bytes.len() => break,
                b'\'' => {
                    if by || last != Last::Open {
                        return None;
                    }
                    self.string()?;
                    Last::Closed
                }
                b'0'..=b'9' => {
                    if by || last != Last::Open {
                        return None;
                    }
                    self.number(self.pos)?;
                    Last::Closed
                }
                b'"' => {
                    self.quoted()?;
                    if matches!(last, Last::As | Last::Cast) { last } else { Last::Closed }
                }
                b'.' if self.at(self.pos + 1).is_ascii_digit() => return None,
                b'.' => {
                    self.pos += 1;
                    if last == Last::Cast { Last::Cast } else { Last::Word }
                }
                b'(' if matches!(last, Last::As | Last::Cast) => return None,
                b'(' | b',' => {
                    self.pos += 1;
                    Last::Open
                }
                b')' => {
                    self.pos += 1;
                    Last::Closed
                }
                b'[' | b']' => {
                    // Literals inside would be subscripts, or bounds in a type's name.
                    self.pos += 1;
                    if b == b'[' { Last::Word } else { Last::Closed }
                }
                b';' => {
                    self.pos += 1;
                    self.skip_space();
                    if self.pos < self.bytes.len() {
                        return None;
                    }
                    break;
                }
                b':' if self.at(self.pos + 1) == b':' => {
                    self.pos += 2;
                    Last::Cast
                }
                _ if is_ident_start(b) => self.name(last, &mut by)?,
                _ => self.operator(b, last, by)?,
            };
        }
        if self.out.literals.is_empty() {
            return None;
        }
        self.copy_to(self.bytes.len());
        Some(())
    }

    fn word(&mut self) -> &[u8] {
        let start = self.pos;
        while is_ident_cont(self.at(self.pos)) && self.pos < self.bytes.len() {
            self.pos += 1;
        }
        &self.bytes[start..self.pos]
    }

    /// A word; what it makes of the last token.
    fn name(&mut self, last: Last, by: &mut bool) -> Option<Last> {
        let start = self.pos;
        let word = self.word();
        let Some(kw) = Kw::lookup(word) else {
            // E'…', B'…' and their kind.
            if matches!(self.at(self.pos), b'\'' | b'&') && self.pos - start == 1 {
                return None;
            }
            return Some(match last {
                Last::As | Last::Cast => last,
                _ => Last::Word,
            });
        };
        // After a dot any word is a name.
        if self.at(start.wrapping_sub(1)) == b'.' {
            return Some(Last::Word);
        }
        Some(match classify(kw) {
            Word::Refuse => return None,
            Word::Operand => Last::Open,
            Word::By => {
                *by = true;
                Last::Open
            }
            Word::Limit => {
                *by = false;
                Last::Open
            }
            Word::Value => {
                self.skip_space();
                if self.at(self.pos) == b'(' {
                    return None;
                }
                Last::Closed
            }
            Word::Other if kw == Kw::As => Last::As,
            Word::Other if last == Last::Cast => Last::Cast,
            Word::Other => Last::Word,
        })
    }

    fn operator(&mut self, b: u8, last: Last, by: bool) -> Option<Last> {
        match (b, self.at(self.pos + 1)) {
            (b'-', b'-') | (b'/', b'*') => None,
            // A sign before a number is part of it, unless a cast binds tighter.
            (b'-', digit) if digit.is_ascii_digit() && last == Last::Open && !by => {
                let start = self.pos;
                self.pos += 1;
                self.number(start)?;
                let mut after = self.pos;
                while is_space(self.at(after)) {
                    after += 1;
                }
                if self.at(after) == b':' { None } else { Some(Last::Closed) }
            }
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'|', _) => {
                self.pos += 1;
                Some(Last::Open)
            }
            _ => None,
        }
    }

    fn quoted(&mut self) -> Option<()> {
        let len = self.bytes[self.pos + 1..].iter().position(|&b| b == b'"')?;
        self.pos += len + 2;
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        let start = self.pos;
        let mut pos = start + 1;
        loop {
            pos += self.bytes.get(pos..)?.iter().position(|&b| b == b'\'')? + 1;
            if self.at(pos) != b'\'' {
                break;
            }
            pos += 1;
        }
        self.pos = pos;
        // A literal may go on after a newline.
        let mut after = pos;
        while is_space(self.at(after)) {
            after += 1;
        }
        if matches!(self.at(after), b'\'' | b'-') && after > pos {
            return None;
        }
        self.lift(LiteralValue::String, start)
    }

    /// Digits at `pos`; the literal begins at `start`, where a sign may be.
    fn number(&mut self, start: usize) -> Option<()> {
        let negative = start < self.pos;
        let mut magnitude: Option<i64> = Some(0);
        while self.at(self.pos).is_ascii_digit() {
            let digit = i64::from(self.bytes[self.pos] - b'0');
            let digit = if negative { -digit } else { digit };
            magnitude =
                magnitude.and_then(|m| m.checked_mul(10)).and_then(|m| m.checked_add(digit));
            self.pos += 1;
        }
        let mut fraction = false;
        if self.at(self.pos) == b'.' {
            fraction = true;
            self.pos += 1;
            while self.at(self.pos).is_ascii_digit() {
                self.pos += 1;
            }
        }
        // Exponents, other bases, underscores and junk are rare enough to leave alone.
        if is_ident_cont(self.at(self.pos)) || self.at(self.pos) == b'.' {
            return None;
        }
        let value = match magnitude.filter(|_| !fraction) {
            None => LiteralValue::Numeric,
            Some(v) => match i32::try_from(v) {
                Ok(v) => LiteralValue::Int4(v),
                Err(_) => LiteralValue::Int8(v),
            },
        };
        self.lift(value, start)
    }

    fn copy_to(&mut self, end: usize) {
        self.out.text.push_str(&self.source[self.copied..end]);
    }

    fn lift(&mut self, value: LiteralValue, start: usize) -> Option<()> {
        if self.out.literals.len() == MAX_LITERALS {
            return None;
        }
        self.out.literals.push(Literal { value, start: start as u32, end: self.pos as u32 });
        self.copy_to(start);
        self.copied = self.pos;
        self.out.text.push('$');
        let n = self.out.literals.len();
        if n >= 10 {
            self.out.text.push(char::from(b'0' + (n / 10) as u8));
        }
        self.out.text.push(char::from(b'0' + (n % 10) as u8));
        Some(())
    }
}
