//! tsquery: a tree of words and operators.
use super::{
    MAX_STRING, MAX_WORD,
    parse::{Parsed, QueryParser, QuerySyntax, check_word},
    quoted_word, zero_terminated,
};
use crate::{Varlena, binary::BinaryReader};
use error::{PgResult, bail, err};
use std::io::Write as _;

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

/// Deepest nesting; what walks a query recurses.
const DEPTH_MAX: usize = 4000;

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

    /// Bytes of all words, each with one more.
    pub fn word_bytes(&self) -> usize {
        match self {
            TsQuery::Word { word, .. } => word.len() + 1,
            TsQuery::Not(c) => c.word_bytes(),
            TsQuery::And(l, r) | TsQuery::Or(l, r) | TsQuery::Phrase(l, r, _) => {
                l.word_bytes() + r.word_bytes()
            }
        }
    }

    /// Levels of operators.
    pub fn depth(&self) -> usize {
        match self {
            TsQuery::Word { .. } => 0,
            TsQuery::Not(c) => 1 + c.depth(),
            TsQuery::And(l, r) | TsQuery::Or(l, r) | TsQuery::Phrase(l, r, _) => {
                1 + l.depth().max(r.depth())
            }
        }
    }

    /// 54001 if a query of this many levels is too deep to be walked.
    pub fn check_depth(depth: usize) -> PgResult<()> {
        if depth > DEPTH_MAX {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        Ok(())
    }

    /// 54000 for a query that PostgreSQL has no room for.
    pub fn check_size(&self) -> PgResult<()> {
        if self.word_bytes() > MAX_STRING {
            bail!(PROGRAM_LIMIT_EXCEEDED, "tsquery is too large");
        }
        Ok(())
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

/// tsquery in; `None` if the text has no word, which is worth a notice.
pub fn tsquery_input(text: &str) -> PgResult<Option<Varlena>> {
    let mut keep = |word: String, weights, prefix| {
        check_word(&word, text)?;
        Ok(Parsed::word(word, weights, prefix))
    };
    let parsed = QueryParser::new(text, QuerySyntax::Standard, &mut keep).parse()?;
    let Some(Parsed { query: Some(query), .. }) = parsed else { return Ok(None) };
    query.check_size()?;
    Ok(Some(tsquery_encode(Some(&query))))
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

fn receive_node(r: &mut BinaryReader<'_>, left: &mut u32, depth: usize) -> PgResult<TsQuery> {
    TsQuery::check_depth(depth)?;
    if *left == 0 {
        bail!(INTERNAL_ERROR, "malformed tsquery: operand not found");
    }
    *left -= 1;
    match r.u8()? {
        1 => {
            let weights = r.u8()?;
            let prefix = r.u8()? != 0;
            let word = zero_terminated(r)?.to_string();
            if weights > 15 {
                bail!(INTERNAL_ERROR, "invalid tsquery: invalid weight bitmap");
            }
            if word.len() > MAX_WORD {
                bail!(INTERNAL_ERROR, "invalid tsquery: operand too long");
            }
            Ok(TsQuery::Word { word, weights, prefix })
        }
        2 => match r.u8()? {
            1 => Ok(TsQuery::Not(Box::new(receive_node(r, left, depth + 1)?))),
            op @ 2..=4 => {
                let distance = if op == 4 { r.u16()? } else { 0 };
                let right = Box::new(receive_node(r, left, depth + 1)?);
                let l = Box::new(receive_node(r, left, depth + 1)?);
                Ok(match op {
                    2 => TsQuery::And(l, right),
                    3 => TsQuery::Or(l, right),
                    _ => TsQuery::Phrase(l, right, distance),
                })
            }
            op => Err(err!(INTERNAL_ERROR, "invalid tsquery: unrecognized operator type {op}")),
        },
        kind => Err(err!(INTERNAL_ERROR, "unrecognized tsquery node type: {kind}")),
    }
}

/// tsquery from the wire.
pub fn tsquery_recv(buf: &[u8]) -> PgResult<Varlena> {
    let mut r = BinaryReader::new(buf);
    let mut left = r.u32()?;
    if left == 0 {
        return Ok(tsquery_encode(None));
    }
    let query = receive_node(&mut r, &mut left, 0)?;
    if left != 0 {
        bail!(INTERNAL_ERROR, "malformed tsquery: extra nodes");
    }
    query.check_size()?;
    Ok(tsquery_encode(Some(&query)))
}
