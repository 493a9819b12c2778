//! Arrays: text and binary forms.
use crate::{
    ArrayDim, ArrayValue, Datum, Oid, binary::BinaryReader, is_space, type_io::TypeIo,
    type_io::with_length, type_oid,
};
use error::{PgError, PgResult, bail, err};
use std::io::Write as _;

/// Most dimensions of an array.
pub const MAX_DIMS: usize = 6;
/// Most elements of an array.
pub const MAX_ELEMS: i64 = 134_217_727;

/// Element delimiter: `;` for box, `,` for all others.
pub fn delimiter(elem_type: Oid) -> char {
    if elem_type == type_oid::BOX { ';' } else { ',' }
}

/// `number of array dimensions (…) exceeds the maximum allowed (6)`
#[cold]
pub fn too_many_dims(n: usize) -> PgError {
    err!(
        PROGRAM_LIMIT_EXCEEDED,
        "number of array dimensions ({n}) exceeds the maximum allowed ({MAX_DIMS})"
    )
}

/// Number of elements that dimensions make, checked against the limit.
pub fn item_count(dims: &[ArrayDim]) -> PgResult<i64> {
    let mut n: i64 = if dims.is_empty() { 0 } else { 1 };
    for d in dims {
        if d.len < 0 || d.lower.checked_add(d.len.max(1) - 1).is_none() {
            bail!(PROGRAM_LIMIT_EXCEEDED, "array lower bound is too large: {}", d.lower);
        }
        n *= i64::from(d.len);
        if n > MAX_ELEMS {
            bail!(PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed ({MAX_ELEMS})");
        }
    }
    Ok(n)
}

struct Parser<'a> {
    text: &'a str,
    pos: usize,
    delim: u8,
}

enum Token {
    Open,
    Close,
    Delim,
    Elem(Option<String>),
    End,
}

impl<'a> Parser<'a> {
    fn malformed(&self, detail: &str) -> PgError {
        err!(INVALID_TEXT_REPRESENTATION, "malformed array literal: \"{}\"", self.text)
            .detail(detail)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|c| is_space(c as char)) {
            self.pos += 1;
        }
    }

    fn bound(&mut self) -> PgResult<Option<i32>> {
        let start = self.pos;
        if matches!(self.peek(), Some(b'-' | b'+')) {
            self.pos += 1;
        }
        let first = self.pos;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.pos += 1;
        }
        if self.pos == first {
            self.pos = start;
            return Ok(None);
        }
        match self.text[start..self.pos].parse() {
            Ok(v) => Ok(Some(v)),
            Err(_) => bail!(PROGRAM_LIMIT_EXCEEDED, "array bound is out of integer range"),
        }
    }

    /// `[l:u][l:u]=`
    fn dimensions(&mut self) -> PgResult<Vec<ArrayDim>> {
        let mut dims = Vec::new();
        loop {
            self.skip_space();
            if self.peek() != Some(b'[') {
                break;
            }
            self.pos += 1;
            if dims.len() >= MAX_DIMS {
                return Err(dims_exceed_limit());
            }
            self.skip_space();
            let missing = "\"[\" must introduce explicitly-specified array dimensions.";
            let Some(mut lower) = self.bound()? else { return Err(self.malformed(missing)) };
            let mut upper = lower;
            if self.peek() == Some(b':') {
                self.pos += 1;
                match self.bound()? {
                    Some(v) => upper = v,
                    None => return Err(self.malformed("Missing array dimension value.")),
                }
            } else {
                lower = 1;
            }
            if self.peek() != Some(b']') {
                return Err(self.malformed("Missing \"]\" after array dimensions."));
            }
            self.pos += 1;
            if upper == i32::MAX {
                bail!(PROGRAM_LIMIT_EXCEEDED, "array upper bound is too large: {upper}");
            }
            if upper < lower {
                bail!(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound");
            }
            let Some(len) = upper.checked_sub(lower).and_then(|n| n.checked_add(1)) else {
                bail!(
                    PROGRAM_LIMIT_EXCEEDED,
                    "array size exceeds the maximum allowed ({MAX_ELEMS})"
                );
            };
            dims.push(ArrayDim { len, lower });
        }
        if !dims.is_empty() {
            if self.peek() != Some(b'=') {
                return Err(self.malformed("Missing \"=\" after array dimensions."));
            }
            self.pos += 1;
            self.skip_space();
        }
        Ok(dims)
    }

    fn token(&mut self) -> PgResult<Token> {
        self.skip_space();
        let Some(c) = self.peek() else { return Ok(Token::End) };
        if c == self.delim {
            self.pos += 1;
            return Ok(Token::Delim);
        }
        match c {
            b'{' => {
                self.pos += 1;
                Ok(Token::Open)
            }
            b'}' => {
                self.pos += 1;
                Ok(Token::Close)
            }
            b'"' => self.quoted(),
            _ => self.bare(),
        }
    }

    fn quoted(&mut self) -> PgResult<Token> {
        let mut bytes = Vec::new();
        self.pos += 1;
        loop {
            match self.peek() {
                None => return Err(self.malformed("Unexpected end of input.")),
                Some(b'\\') => {
                    self.pos += 1;
                    match self.peek() {
                        None => return Err(self.malformed("Unexpected end of input.")),
                        Some(c) => bytes.push(c),
                    }
                }
                Some(b'"') => {
                    self.pos += 1;
                    break;
                }
                Some(c) => bytes.push(c),
            }
            self.pos += 1;
        }
        self.skip_space();
        match self.peek() {
            Some(c) if c == self.delim || c == b'}' || c == b'{' => {}
            None => {}
            _ => return Err(self.malformed("Incorrectly quoted array element.")),
        }
        Ok(Token::Elem(Some(into_text(bytes))))
    }

    fn bare(&mut self) -> PgResult<Token> {
        let mut bytes = Vec::new();
        let (mut keep, mut escaped) = (0, false);
        loop {
            match self.peek() {
                None => return Err(self.malformed("Unexpected end of input.")),
                Some(b'{') => return Err(self.malformed("Unexpected \"{\" character.")),
                Some(b'"') => return Err(self.malformed("Incorrectly quoted array element.")),
                Some(b'\\') => {
                    self.pos += 1;
                    match self.peek() {
                        None => return Err(self.malformed("Unexpected end of input.")),
                        Some(c) => bytes.push(c),
                    }
                    (keep, escaped) = (bytes.len(), true);
                }
                Some(c) if c == self.delim || c == b'}' => break,
                Some(c) => {
                    bytes.push(c);
                    if !is_space(c as char) {
                        keep = bytes.len();
                    }
                }
            }
            self.pos += 1;
        }
        bytes.truncate(keep);
        if !escaped && bytes.eq_ignore_ascii_case(b"NULL") {
            return Ok(Token::Elem(None));
        }
        Ok(Token::Elem(Some(into_text(bytes))))
    }
}

/// Bytes of valid text without some ASCII characters are valid text.
fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

#[cold]
fn dims_exceed_limit() -> PgError {
    err!(
        PROGRAM_LIMIT_EXCEEDED,
        "number of array dimensions exceeds the maximum allowed ({MAX_DIMS})"
    )
}

/// Text in.
pub fn input(io: &dyn TypeIo, elem_type: Oid, typmod: i32, text: &str) -> PgResult<ArrayValue> {
    let mut p = Parser { text, pos: 0, delim: delimiter(elem_type) as u8 };
    let given = p.dimensions()?;
    p.skip_space();
    if p.peek() != Some(b'{') {
        return Err(p.malformed(if given.is_empty() {
            "Array value must start with \"{\" or dimension information."
        } else {
            "Array contents must start with \"{\"."
        }));
    }
    let (lens, elems) = contents(&mut p, &given, io, elem_type, typmod)?;
    p.skip_space();
    if p.pos < text.len() {
        return Err(p.malformed("Junk after closing right brace."));
    }
    let dims = if given.is_empty() {
        lens.iter().map(|len| ArrayDim { len: *len, lower: 1 }).collect()
    } else {
        let same = lens.len() == given.len() && given.iter().zip(&lens).all(|(d, n)| d.len == *n);
        if !same {
            return Err(p.malformed("Specified array dimensions do not match array contents."));
        }
        given
    };
    let dims = if elems.is_empty() { Vec::new() } else { dims };
    item_count(&dims)?;
    Ok(ArrayValue { elem_type, dims, elems })
}

/// Lengths along each dimension and the elements.
fn contents(
    p: &mut Parser<'_>,
    given: &[ArrayDim],
    io: &dyn TypeIo,
    elem_type: Oid,
    typmod: i32,
) -> PgResult<(Vec<i32>, Vec<Datum>)> {
    let mut elems = Vec::new();
    // Length found along each dimension, and the count at each open level.
    let mut lens: Vec<Option<i32>> = Vec::new();
    let mut counts: Vec<i32> = Vec::new();
    let mut depth_fixed: Option<usize> = None;
    let mut expect_delim = false;
    const MISMATCH: &str = "Multidimensional arrays must have sub-arrays with matching dimensions.";
    loop {
        match p.token()? {
            Token::Open => {
                if expect_delim {
                    return Err(p.malformed("Unexpected \"{\" character."));
                }
                if counts.len() >= MAX_DIMS {
                    return Err(dims_exceed_limit());
                }
                if depth_fixed.is_some_and(|d| counts.len() >= d) {
                    return Err(p.malformed(MISMATCH));
                }
                counts.push(0);
                if lens.len() < counts.len() {
                    lens.push(None);
                }
            }
            Token::Close => {
                // A comma must be followed by something, except in the empty array.
                let level = counts.len() - 1;
                if counts[level] > 0 && !expect_delim {
                    return Err(p.malformed("Unexpected \"}\" character."));
                }
                if counts[level] == 0 && depth_fixed.is_none() {
                    depth_fixed = Some(counts.len());
                } else if counts[level] == 0 && depth_fixed != Some(counts.len()) {
                    return Err(p.malformed(MISMATCH));
                }
                match lens[level] {
                    Some(n) if n != counts[level] => return Err(p.malformed(MISMATCH)),
                    _ => lens[level] = Some(counts[level]),
                }
                counts.pop();
                match counts.last_mut() {
                    None => break,
                    Some(outer) => *outer += 1,
                }
                expect_delim = true;
            }
            Token::Delim => {
                if !expect_delim {
                    let text = format!("Unexpected \"{}\" character.", p.delim as char);
                    return Err(p.malformed(&text));
                }
                expect_delim = false;
            }
            Token::Elem(value) => {
                if expect_delim {
                    return Err(p.malformed("Unexpected array element."));
                }
                match depth_fixed {
                    None => {
                        if !given.is_empty() && given.len() != counts.len() {
                            let text = "Specified array dimensions do not match array contents.";
                            return Err(p.malformed(text));
                        }
                        depth_fixed = Some(counts.len());
                    }
                    Some(d) if d != counts.len() => return Err(p.malformed(MISMATCH)),
                    _ => {}
                }
                if elems.len() as i64 >= MAX_ELEMS {
                    bail!(
                        PROGRAM_LIMIT_EXCEEDED,
                        "array size exceeds the maximum allowed ({MAX_ELEMS})"
                    );
                }
                elems.push(match value {
                    Some(text) => io.input(elem_type, typmod, &text)?,
                    None => Datum::Null,
                });
                if let Some(count) = counts.last_mut() {
                    *count += 1;
                }
                expect_delim = true;
            }
            Token::End => return Err(p.malformed("Unexpected end of input.")),
        }
    }
    Ok((lens.into_iter().map(|n| n.unwrap_or(0)).collect(), elems))
}

fn needs_quotes(text: &[u8], delim: u8) -> bool {
    text.is_empty()
        || text.eq_ignore_ascii_case(b"NULL")
        || text
            .iter()
            .any(|c| *c == delim || matches!(c, b'"' | b'\\' | b'{' | b'}') || is_space(*c as char))
}

/// Quotes what was written from `start` on, with backslashes before quotes and backslashes.
fn quote_tail(out: &mut Vec<u8>, start: usize) {
    let body = out.split_off(start);
    out.push(b'"');
    for c in body {
        if c == b'"' || c == b'\\' {
            out.push(b'\\');
        }
        out.push(c);
    }
    out.push(b'"');
}

/// Text out.
pub fn output(io: &dyn TypeIo, array: &ArrayValue, out: &mut Vec<u8>) -> PgResult<()> {
    if array.elems.is_empty() {
        out.extend_from_slice(b"{}");
        return Ok(());
    }
    if array.dims.iter().any(|d| d.lower != 1) {
        for d in &array.dims {
            let _ = write!(out, "[{}:{}]", d.lower, d.lower.wrapping_add(d.len - 1));
        }
        out.push(b'=');
    }
    let delim = delimiter(array.elem_type) as u8;
    // How many elements one brace of each level holds.
    let mut sizes: Vec<usize> = array.dims.iter().map(|d| d.len as usize).collect();
    for i in (0..sizes.len().saturating_sub(1)).rev() {
        sizes[i] *= sizes[i + 1];
    }
    for (i, elem) in array.elems.iter().enumerate() {
        if i > 0 {
            out.push(delim);
        }
        out.extend(sizes.iter().filter(|n| i % **n == 0).map(|_| b'{'));
        if elem.is_null() {
            out.extend_from_slice(b"NULL");
        } else {
            let start = out.len();
            io.output(array.elem_type, elem, out)?;
            if needs_quotes(&out[start..], delim) {
                quote_tail(out, start);
            }
        }
        out.extend(sizes.iter().filter(|n| (i + 1) % **n == 0).map(|_| b'}'));
    }
    Ok(())
}

/// Binary in.
pub fn recv(io: &dyn TypeIo, elem_type: Oid, typmod: i32, buf: &[u8]) -> PgResult<ArrayValue> {
    let mut r = BinaryReader::new(buf);
    let ndim = r.i32()?;
    if ndim < 0 {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid number of dimensions: {ndim}");
    }
    if ndim as usize > MAX_DIMS {
        return Err(too_many_dims(ndim as usize));
    }
    let flags = r.i32()?;
    if !(0..=1).contains(&flags) {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid array flags");
    }
    let sent = r.u32()?;
    if sent != elem_type.0 {
        bail!(
            DATATYPE_MISMATCH,
            "binary data has array element type {sent} instead of expected {elem_type}"
        );
    }
    let mut dims = Vec::new();
    for _ in 0..ndim {
        let (len, lower) = (r.i32()?, r.i32()?);
        dims.push(ArrayDim { len, lower });
    }
    let n = item_count(&dims)?;
    // Each element takes four bytes at least, so a short message cannot ask for much memory.
    if n as usize > r.remaining() / 4 {
        bail!(INVALID_BINARY_REPRESENTATION, "insufficient data left in message");
    }
    let mut elems = Vec::with_capacity(n as usize);
    for _ in 0..n {
        let len = r.i32()?;
        elems.push(match len {
            -1 => Datum::Null,
            0.. => io.receive(elem_type, typmod, r.bytes(len as usize)?)?,
            _ => bail!(INVALID_BINARY_REPRESENTATION, "insufficient data left in message"),
        });
    }
    if n == 0 {
        dims.clear();
    }
    Ok(ArrayValue { elem_type, dims, elems })
}

/// Binary out.
pub fn send(io: &dyn TypeIo, array: &ArrayValue, out: &mut Vec<u8>) -> PgResult<()> {
    let has_null = array.elems.iter().any(Datum::is_null);
    for v in [array.dims.len() as i32, has_null as i32, array.elem_type.0 as i32] {
        out.extend_from_slice(&v.to_be_bytes());
    }
    for d in &array.dims {
        out.extend_from_slice(&d.len.to_be_bytes());
        out.extend_from_slice(&d.lower.to_be_bytes());
    }
    for elem in &array.elems {
        if elem.is_null() {
            out.extend_from_slice(&(-1i32).to_be_bytes());
        } else {
            with_length(out, |out| io.send(array.elem_type, elem, out))?;
        }
    }
    Ok(())
}

/// int2vector and oidvector out: elements with blanks between.
pub fn vector_output(array: &ArrayValue, out: &mut Vec<u8>) {
    for (i, elem) in array.elems.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        match elem {
            Datum::Int2(v) => crate::int::output(*v, out),
            Datum::Oid(v) => crate::oid_io::oid_output(*v, out),
            _ => {}
        }
    }
}
