//! jsonb as a key: containers by number of members first, objects above arrays above scalars.
//!
//! ```text
//! whole value   object 02 nested · else 01 [members u32][0 scalar, 1 array] nested   a scalar has one member
//! nested        [class u8] then: bool, numeric and string as keys · array [members u32] members
//!               object [members u32] (key, nested) …
//! ```
use crate::{
    key::{cut_short, put_escaped, put_numeric},
    key_decode::Reader,
};
use error::PgResult;
use types::jsonb::Jsonb;

const NULL: u8 = 1;
const STRING: u8 = 2;
const NUMBER: u8 = 3;
const BOOL: u8 = 4;
const ARRAY: u8 = 5;
const OBJECT: u8 = 6;

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as u32).to_be_bytes());
}

/// Appends the form of a whole value.
pub(crate) fn put(out: &mut Vec<u8>, value: Jsonb<'_>) -> PgResult<()> {
    match value {
        Jsonb::Object(_) => out.push(0x02),
        Jsonb::Array(array) => {
            out.push(0x01);
            put_count(out, array.len());
            out.push(1);
        }
        _ => {
            out.push(0x01);
            put_count(out, 1);
            out.push(0);
        }
    }
    put_nested(out, value)
}

fn put_nested(out: &mut Vec<u8>, value: Jsonb<'_>) -> PgResult<()> {
    match value {
        Jsonb::Null => out.push(NULL),
        Jsonb::Bool(v) => out.extend_from_slice(&[BOOL, v as u8]),
        Jsonb::Number(v) => {
            out.push(NUMBER);
            put_numeric(out, v)?;
        }
        Jsonb::String(v) => {
            out.push(STRING);
            put_escaped(out, v.as_bytes());
        }
        Jsonb::Array(array) => {
            out.push(ARRAY);
            put_count(out, array.len());
            for member in array.iter() {
                put_nested(out, member)?;
            }
        }
        Jsonb::Object(object) => {
            out.push(OBJECT);
            put_count(out, object.len());
            for (key, member) in object.iter() {
                put_escaped(out, key.as_bytes());
                put_nested(out, member)?;
            }
        }
    }
    Ok(())
}

/// Steps over a whole value.
pub(crate) fn skip(reader: &mut Reader<'_>) -> PgResult<()> {
    if reader.byte()? == 0x01 {
        reader.array::<5>()?;
    }
    skip_nested(reader)
}

fn skip_nested(reader: &mut Reader<'_>) -> PgResult<()> {
    match reader.byte()? {
        NULL => {}
        BOOL => drop(reader.byte()?),
        NUMBER => drop(reader.numeric()?),
        STRING => drop(reader.escaped()?),
        ARRAY => {
            for _ in 0..u32::from_be_bytes(reader.array()?) {
                skip_nested(reader)?;
            }
        }
        OBJECT => {
            for _ in 0..u32::from_be_bytes(reader.array()?) {
                reader.escaped()?;
                skip_nested(reader)?;
            }
        }
        _ => return Err(cut_short()),
    }
    Ok(())
}
