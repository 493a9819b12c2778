//! Ranges and multiranges: text and binary forms, and the order of bounds.
use crate::{
    Datum, MultirangeValue, Oid, RangeValue, binary::BinaryReader, is_space,
    record::quote_if_needed, type_io::TypeIo, type_io::with_length, type_oid,
};
use error::{PgError, PgResult, bail, err};
use std::cmp::Ordering;

const EMPTY: u8 = 0x01;
const LOWER_INC: u8 = 0x02;
const UPPER_INC: u8 = 0x04;
const LOWER_INF: u8 = 0x08;
const UPPER_INF: u8 = 0x10;

/// What the text of a range says, bounds still text.
#[derive(Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct RangeText {
    pub empty: bool,
    pub lower: Option<String>,
    pub upper: Option<String>,
    pub lower_inc: bool,
    pub upper_inc: bool,
}

#[cold]
fn malformed(kind: &str, text: &str, detail: &str) -> PgError {
    err!(INVALID_TEXT_REPRESENTATION, "malformed {kind} literal: \"{text}\"").detail(detail)
}

fn skip_space(b: &[u8], mut pos: usize) -> usize {
    while b.get(pos).is_some_and(|c| is_space(*c as char)) {
        pos += 1;
    }
    pos
}

/// Splits the text of a range.
pub fn parse(text: &str) -> PgResult<RangeText> {
    let bad = |detail: &str| malformed("range", text, detail);
    let b = text.as_bytes();
    let mut pos = skip_space(b, 0);
    if b.len() >= pos + 5 && b[pos..pos + 5].eq_ignore_ascii_case(b"empty") {
        if skip_space(b, pos + 5) < b.len() {
            return Err(bad("Junk after \"empty\" key word."));
        }
        return Ok(RangeText { empty: true, ..RangeText::default() });
    }
    let lower_inc = match b.get(pos) {
        Some(b'[') => true,
        Some(b'(') => false,
        _ => return Err(bad("Missing left parenthesis or bracket.")),
    };
    pos += 1;
    let (lower, next) = bound(text, pos)?;
    pos = next;
    if b.get(pos) != Some(&b',') {
        return Err(bad("Missing comma after lower bound."));
    }
    let (upper, next) = bound(text, pos + 1)?;
    pos = next;
    let upper_inc = match b.get(pos) {
        Some(b']') => true,
        Some(b')') => false,
        _ => return Err(bad("Too many commas.")),
    };
    if skip_space(b, pos + 1) < b.len() {
        return Err(bad("Junk after right parenthesis or bracket."));
    }
    Ok(RangeText { empty: false, lower, upper, lower_inc, upper_inc })
}

/// The text of a bound and where it ends; nothing at all is infinite.
fn bound(text: &str, mut pos: usize) -> PgResult<(Option<String>, usize)> {
    let b = text.as_bytes();
    if matches!(b.get(pos), Some(b',' | b')' | b']')) {
        return Ok((None, pos));
    }
    let mut value = Vec::new();
    let mut quoted = false;
    while quoted || !matches!(b.get(pos), Some(b',' | b')' | b']')) {
        let end = || malformed("range", text, "Unexpected end of input.");
        let c = *b.get(pos).ok_or_else(end)?;
        pos += 1;
        match c {
            b'\\' => {
                value.push(*b.get(pos).ok_or_else(end)?);
                pos += 1;
            }
            b'"' if !quoted => quoted = true,
            b'"' if b.get(pos) == Some(&b'"') => {
                value.push(b'"');
                pos += 1;
            }
            b'"' => quoted = false,
            _ => value.push(c),
        }
    }
    Ok((Some(String::from_utf8(value).unwrap_or_default()), pos))
}

/// Calls `each` with the texts of a multirange's ranges, in order, as they are found.
pub fn parse_multirange<'a>(
    text: &'a str,
    mut each: impl FnMut(&'a str) -> PgResult<()>,
) -> PgResult<()> {
    let bad = |detail: &str| malformed("multirange", text, detail);
    let b = text.as_bytes();
    let mut pos = skip_space(b, 0);
    if b.get(pos) != Some(&b'{') {
        return Err(bad("Missing left brace."));
    }
    pos = skip_space(b, pos + 1);
    if b.get(pos) == Some(&b'}') {
        pos += 1;
    } else {
        loop {
            pos = skip_space(b, pos);
            let start = pos;
            if b.len() >= pos + 5 && b[pos..pos + 5].eq_ignore_ascii_case(b"empty") {
                pos += 5;
            } else if matches!(b.get(pos), Some(b'[' | b'(')) {
                pos = range_end(text, pos + 1)?;
                each(&text[start..pos])?;
            } else if pos >= b.len() {
                return Err(bad("Unexpected end of input."));
            } else {
                return Err(bad("Expected range start."));
            }
            pos = skip_space(b, pos);
            match b.get(pos) {
                Some(b',') => pos += 1,
                Some(b'}') => {
                    pos += 1;
                    break;
                }
                None => return Err(bad("Unexpected end of input.")),
                _ => return Err(bad("Expected comma or end of multirange.")),
            }
        }
    }
    if skip_space(b, pos) < b.len() {
        return Err(bad("Junk after closing right brace."));
    }
    Ok(())
}

fn range_end(text: &str, mut pos: usize) -> PgResult<usize> {
    let b = text.as_bytes();
    let mut quoted = false;
    while let Some(&c) = b.get(pos) {
        pos += 1;
        match c {
            b'\\' => pos += 1,
            b'"' => quoted = !quoted,
            b']' | b')' if !quoted => return Ok(pos),
            _ => {}
        }
    }
    Err(malformed("multirange", text, "Unexpected end of input."))
}

/// The element type of a built-in range type.
pub fn builtin_subtype(range_type: Oid) -> Option<Oid> {
    Some(match range_type {
        type_oid::INT4RANGE => type_oid::INT4,
        type_oid::INT8RANGE => type_oid::INT8,
        type_oid::NUMRANGE => type_oid::NUMERIC,
        type_oid::TSRANGE => type_oid::TIMESTAMP,
        type_oid::TSTZRANGE => type_oid::TIMESTAMPTZ,
        type_oid::DATERANGE => type_oid::DATE,
        _ => return None,
    })
}

/// Text out; `subtype` is the type of the bounds.
pub fn output(
    io: &dyn TypeIo,
    subtype: Oid,
    range: &RangeValue,
    out: &mut Vec<u8>,
) -> PgResult<()> {
    if range.empty {
        out.extend_from_slice(b"empty");
        return Ok(());
    }
    out.push(if range.lower_inc { b'[' } else { b'(' });
    bound_output(io, subtype, &range.lower, out)?;
    out.push(b',');
    bound_output(io, subtype, &range.upper, out)?;
    out.push(if range.upper_inc { b']' } else { b')' });
    Ok(())
}

fn bound_output(
    io: &dyn TypeIo,
    subtype: Oid,
    bound: &Option<Datum>,
    out: &mut Vec<u8>,
) -> PgResult<()> {
    if let Some(value) = bound {
        let start = out.len();
        io.output(subtype, value, out)?;
        quote_if_needed(out, start, b"\"\\()[],");
    }
    Ok(())
}

/// Text of a multirange.
pub fn multirange_output(
    io: &dyn TypeIo,
    subtype: Oid,
    value: &MultirangeValue,
    out: &mut Vec<u8>,
) -> PgResult<()> {
    out.push(b'{');
    for (i, range) in value.ranges.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        output(io, subtype, range, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// Binary out.
pub fn send(io: &dyn TypeIo, subtype: Oid, range: &RangeValue, out: &mut Vec<u8>) -> PgResult<()> {
    let mut flags = 0;
    if range.empty {
        flags |= EMPTY;
    } else {
        flags |= if range.lower_inc { LOWER_INC } else { 0 };
        flags |= if range.upper_inc { UPPER_INC } else { 0 };
        flags |= if range.lower.is_none() { LOWER_INF } else { 0 };
        flags |= if range.upper.is_none() { UPPER_INF } else { 0 };
    }
    out.push(flags);
    if !range.empty {
        for value in [&range.lower, &range.upper].into_iter().flatten() {
            with_length(out, |out| io.send(subtype, value, out))?;
        }
    }
    Ok(())
}

/// Binary in, before the bounds are put in order.
pub fn recv(
    io: &dyn TypeIo,
    range_type: Oid,
    subtype: Oid,
    typmod: i32,
    buf: &[u8],
) -> PgResult<RangeValue> {
    let mut r = BinaryReader::new(buf);
    let mut flags = r.u8()?;
    // Unknown bits are ignored, and an empty range has no others.
    if flags & EMPTY != 0 {
        flags = EMPTY;
    }
    let mut bound = |infinite: bool| -> PgResult<Option<Datum>> {
        if infinite || flags & EMPTY != 0 {
            return Ok(None);
        }
        let len = r.u32()? as usize;
        io.receive(subtype, typmod, r.bytes(len)?).map(Some)
    };
    let lower = bound(flags & LOWER_INF != 0)?;
    let upper = bound(flags & UPPER_INF != 0)?;
    Ok(RangeValue {
        type_id: range_type,
        empty: flags & EMPTY != 0,
        lower_inc: flags & LOWER_INC != 0 && lower.is_some(),
        upper_inc: flags & UPPER_INC != 0 && upper.is_some(),
        lower,
        upper,
    })
}

/// Binary form of a multirange.
pub fn multirange_send(
    io: &dyn TypeIo,
    subtype: Oid,
    value: &MultirangeValue,
    out: &mut Vec<u8>,
) -> PgResult<()> {
    out.extend_from_slice(&(value.ranges.len() as u32).to_be_bytes());
    for range in &value.ranges {
        with_length(out, |out| send(io, subtype, range, out))?;
    }
    Ok(())
}

/// The binary forms of a multirange's ranges.
pub fn multirange_recv_parts(buf: &[u8]) -> PgResult<Vec<&[u8]>> {
    let mut r = BinaryReader::new(buf);
    let n = r.u32()? as usize;
    if n > r.remaining() / 4 {
        bail!(PROTOCOL_VIOLATION, "insufficient data left in message");
    }
    (0..n)
        .map(|_| {
            let len = r.u32()? as usize;
            r.bytes(len)
        })
        .collect()
}

/// One end of a range.
#[derive(Clone, Debug)]
pub struct Bound {
    /// `None`: infinite.
    pub value: Option<Datum>,
    /// Belongs to the range.
    pub inclusive: bool,
    /// It is the lower end.
    pub lower: bool,
}

impl RangeValue {
    /// The range without points.
    pub fn empty(type_id: Oid) -> RangeValue {
        RangeValue {
            type_id,
            empty: true,
            lower: None,
            upper: None,
            lower_inc: false,
            upper_inc: false,
        }
    }

    /// Lower end.
    pub fn lower_bound(&self) -> Bound {
        Bound { value: self.lower.clone(), inclusive: self.lower_inc, lower: true }
    }

    /// Upper end.
    pub fn upper_bound(&self) -> Bound {
        Bound { value: self.upper.clone(), inclusive: self.upper_inc, lower: false }
    }
}

/// Order of two ends on the number line; `cmp` compares finite values.
pub fn compare_bounds(
    a: &Bound,
    b: &Bound,
    cmp: &mut dyn FnMut(&Datum, &Datum) -> PgResult<Ordering>,
) -> PgResult<Ordering> {
    let infinity = |bound: &Bound| if bound.lower { Ordering::Less } else { Ordering::Greater };
    let (x, y) = match (&a.value, &b.value) {
        (None, None) if a.lower == b.lower => return Ok(Ordering::Equal),
        (None, _) => return Ok(infinity(a)),
        (_, None) => return Ok(infinity(b).reverse()),
        (Some(x), Some(y)) => (x, y),
    };
    let order = cmp(x, y)?;
    if order.is_ne() {
        return Ok(order);
    }
    // Exclusive ends are a hair's breadth inside.
    let side = |bound: &Bound| match (bound.inclusive, bound.lower) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => -1,
    };
    Ok(side(a).cmp(&side(b)))
}

/// Order of two ends by value alone.
pub fn compare_bound_values(
    a: &Bound,
    b: &Bound,
    cmp: &mut dyn FnMut(&Datum, &Datum) -> PgResult<Ordering>,
) -> PgResult<Ordering> {
    match (&a.value, &b.value) {
        (Some(x), Some(y)) => cmp(x, y),
        _ => {
            let plain = |v: &Bound| Bound { inclusive: true, ..v.clone() };
            compare_bounds(&plain(a), &plain(b), cmp)
        }
    }
}

/// Order of ranges: the empty one first, then by lower end, then by upper end.
pub fn compare(
    a: &RangeValue,
    b: &RangeValue,
    cmp: &mut dyn FnMut(&Datum, &Datum) -> PgResult<Ordering>,
) -> PgResult<Ordering> {
    if a.empty || b.empty {
        return Ok(b.empty.cmp(&a.empty));
    }
    let lower = compare_bounds(&a.lower_bound(), &b.lower_bound(), cmp)?;
    if lower.is_ne() {
        return Ok(lower);
    }
    compare_bounds(&a.upper_bound(), &b.upper_bound(), cmp)
}

/// Checks and normalizes a range: bounds in order, `[a,a)` empty, discrete types as `[a,b)`.
pub fn make(
    mut range: RangeValue,
    cmp: &mut dyn FnMut(&Datum, &Datum) -> PgResult<Ordering>,
) -> PgResult<RangeValue> {
    range = order(range, cmp)?;
    if range.empty {
        return Ok(range);
    }
    match range.type_id {
        type_oid::INT4RANGE | type_oid::INT8RANGE | type_oid::DATERANGE => {
            order(canonicalize(range)?, cmp)
        }
        _ => Ok(range),
    }
}

/// Checks that bounds are in order and recognizes emptiness.
pub fn order(
    mut range: RangeValue,
    cmp: &mut dyn FnMut(&Datum, &Datum) -> PgResult<Ordering>,
) -> PgResult<RangeValue> {
    if range.empty {
        return Ok(RangeValue::empty(range.type_id));
    }
    range.lower_inc &= range.lower.is_some();
    range.upper_inc &= range.upper.is_some();
    if let (Some(lower), Some(upper)) = (&range.lower, &range.upper) {
        match cmp(lower, upper)? {
            Ordering::Greater => bail!(
                DATA_EXCEPTION,
                "range lower bound must be less than or equal to range upper bound"
            ),
            Ordering::Equal if !(range.lower_inc && range.upper_inc) => {
                return Ok(RangeValue::empty(range.type_id));
            }
            _ => {}
        }
    }
    Ok(range)
}

/// The `[a,b)` form of a range over a discrete type.
pub fn canonicalize(mut range: RangeValue) -> PgResult<RangeValue> {
    if range.empty {
        return Ok(range);
    }
    let type_id = range.type_id;
    let next = |v: &Datum| -> PgResult<Option<Datum>> {
        Ok(Some(match v {
            Datum::Int4(v) if type_id == type_oid::DATERANGE => {
                if *v == i32::MIN || *v == i32::MAX {
                    return Ok(None);
                }
                if !crate::datetime::is_valid_date(i64::from(*v) + 1) {
                    return Err(crate::datetime::date_out_of_range());
                }
                Datum::Int4(v + 1)
            }
            Datum::Int4(v) => {
                Datum::Int4(v.checked_add(1).ok_or_else(crate::int::out_of_range::<i32>)?)
            }
            Datum::Int8(v) => {
                Datum::Int8(v.checked_add(1).ok_or_else(crate::int::out_of_range::<i64>)?)
            }
            _ => return Ok(None),
        }))
    };
    if !range.lower_inc {
        if let Some(Some(v)) = range.lower.as_ref().map(next).transpose()? {
            range.lower = Some(v);
            range.lower_inc = true;
        }
    }
    if range.upper_inc {
        if let Some(Some(v)) = range.upper.as_ref().map(next).transpose()? {
            range.upper = Some(v);
            range.upper_inc = false;
        }
    }
    Ok(range)
}
