//! Records: text and binary forms.
use crate::{
    Datum, Oid, RecordDesc, RecordValue, binary::BinaryReader, is_space, type_io::TypeIo,
    type_io::with_length,
};
use error::{PgError, PgResult, bail, err};
use std::sync::Arc;

/// A column that DROP COLUMN left behind has no type.
fn is_dropped(typ: Oid) -> bool {
    !typ.is_valid()
}

/// Text in.
pub fn input(io: &dyn TypeIo, desc: &Arc<RecordDesc>, text: &str) -> PgResult<RecordValue> {
    let malformed = |detail: &str| -> PgError {
        err!(INVALID_TEXT_REPRESENTATION, "malformed record literal: \"{text}\"").detail(detail)
    };
    let b = text.as_bytes();
    let mut pos = b.iter().take_while(|c| is_space(**c as char)).count();
    if b.get(pos) != Some(&b'(') {
        return Err(malformed("Missing left parenthesis."));
    }
    pos += 1;
    let mut fields = Vec::with_capacity(desc.fields.len());
    let mut need_comma = false;
    for field in &desc.fields {
        if is_dropped(field.typ) {
            fields.push(Datum::Null);
            continue;
        }
        if need_comma {
            match b.get(pos) {
                Some(b',') => pos += 1,
                _ => return Err(malformed("Too few columns.")),
            }
        }
        need_comma = true;
        if matches!(b.get(pos), Some(b',' | b')')) {
            fields.push(Datum::Null);
            continue;
        }
        let mut value = Vec::new();
        let mut quoted = false;
        while quoted || !matches!(b.get(pos), Some(b',' | b')')) {
            let Some(&c) = b.get(pos) else { return Err(malformed("Unexpected end of input.")) };
            pos += 1;
            match c {
                b'\\' => {
                    let Some(&next) = b.get(pos) else {
                        return Err(malformed("Unexpected end of input."));
                    };
                    value.push(next);
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
        let value = String::from_utf8(value).unwrap_or_default();
        fields.push(io.input(field.typ, field.typmod, &value)?);
    }
    match b.get(pos) {
        Some(b')') => pos += 1,
        _ => return Err(malformed("Too many columns.")),
    }
    if !b[pos..].iter().all(|c| is_space(*c as char)) {
        return Err(malformed("Junk after right parenthesis."));
    }
    Ok(RecordValue { desc: desc.clone(), fields })
}

/// Text out.
pub fn output(io: &dyn TypeIo, record: &RecordValue, out: &mut Vec<u8>) -> PgResult<()> {
    out.push(b'(');
    let mut first = true;
    for (field, value) in record.desc.fields.iter().zip(&record.fields) {
        if is_dropped(field.typ) {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        if value.is_null() {
            continue;
        }
        let start = out.len();
        io.output(field.typ, value, out)?;
        quote_if_needed(out, start, b"\"\\(),");
    }
    out.push(b')');
    Ok(())
}

/// Quotes what was written from `start` on if it is empty or has special characters or blanks in it;
/// quotes and backslashes are doubled.
pub(crate) fn quote_if_needed(out: &mut Vec<u8>, start: usize, special: &[u8]) {
    let body = &out[start..];
    if !body.is_empty() && !body.iter().any(|c| special.contains(c) || is_space(*c as char)) {
        return;
    }
    let body = out.split_off(start);
    out.push(b'"');
    for c in body {
        if c == b'"' || c == b'\\' {
            out.push(c);
        }
        out.push(c);
    }
    out.push(b'"');
}

/// Binary in.
pub fn recv(io: &dyn TypeIo, desc: &Arc<RecordDesc>, buf: &[u8]) -> PgResult<RecordValue> {
    let mut r = BinaryReader::new(buf);
    let sent = r.i32()?;
    let live = desc.fields.iter().filter(|f| !is_dropped(f.typ)).count();
    if sent as usize != live {
        bail!(DATATYPE_MISMATCH, "wrong number of columns: {sent}, expected {live}");
    }
    let mut fields = Vec::with_capacity(desc.fields.len());
    for (i, field) in desc.fields.iter().enumerate() {
        if is_dropped(field.typ) {
            fields.push(Datum::Null);
            continue;
        }
        let typ = r.u32()?;
        if typ != field.typ.0 {
            bail!(
                DATATYPE_MISMATCH,
                "binary data has type {typ} instead of expected {} in record column {}",
                field.typ,
                i + 1
            );
        }
        let len = r.i32()?;
        fields.push(match len {
            -1 => Datum::Null,
            0.. => io.receive(field.typ, field.typmod, r.bytes(len as usize)?)?,
            _ => bail!(INVALID_BINARY_REPRESENTATION, "insufficient data left in message"),
        });
    }
    Ok(RecordValue { desc: desc.clone(), fields })
}

/// Binary out.
pub fn send(io: &dyn TypeIo, record: &RecordValue, out: &mut Vec<u8>) -> PgResult<()> {
    let live: Vec<_> = record
        .desc
        .fields
        .iter()
        .zip(&record.fields)
        .filter(|(field, _)| !is_dropped(field.typ))
        .collect();
    out.extend_from_slice(&(live.len() as i32).to_be_bytes());
    for (field, value) in live {
        out.extend_from_slice(&field.typ.0.to_be_bytes());
        if value.is_null() {
            out.extend_from_slice(&(-1i32).to_be_bytes());
        } else {
            with_length(out, |out| io.send(field.typ, value, out))?;
        }
    }
    Ok(())
}
