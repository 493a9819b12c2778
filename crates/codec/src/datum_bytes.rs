//! A datum of any shape as self-describing bytes: what structured attributes, statistics and spill files hold.
//!
//! ```text
//! [tag u8][payload]    numbers little-endian; bytes and lists after their length u32
//! record               [type u32][columns u32] then for each: name, type, typmod, value
//! ```
use error::{PgError, PgResult};
use std::sync::Arc;
use types::{
    ArrayDim, ArrayValue, Datum, MultirangeValue, Oid, RangeValue, RecordDesc, RecordField,
    RecordValue, Varlena,
};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const CHAR: u8 = 3;
const INT2: u8 = 4;
const INT4: u8 = 5;
const INT8: u8 = 6;
const FLOAT4: u8 = 7;
const FLOAT8: u8 = 8;
const OID: u8 = 9;
const BYTES: u8 = 10;
const ARRAY: u8 = 11;
const RECORD: u8 = 12;
const RANGE: u8 = 13;
const MULTIRANGE: u8 = 14;
/// Nesting deeper than any type can be is corruption.
const MAX_DEPTH: u32 = 256;

fn put_len(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&(len as u32).to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends `datum`. `Internal` state cannot be stored and is an error.
pub fn encode_datum(out: &mut Vec<u8>, datum: &Datum) -> PgResult<()> {
    let mut fixed = |tag: u8, bytes: &[u8]| {
        out.push(tag);
        out.extend_from_slice(bytes);
    };
    match datum {
        Datum::Null => out.push(NULL),
        Datum::Bool(false) => out.push(FALSE),
        Datum::Bool(true) => out.push(TRUE),
        Datum::Char(v) => fixed(CHAR, &[*v]),
        Datum::Int2(v) => fixed(INT2, &v.to_le_bytes()),
        Datum::Int4(v) => fixed(INT4, &v.to_le_bytes()),
        Datum::Int8(v) => fixed(INT8, &v.to_le_bytes()),
        Datum::Float4(v) => fixed(FLOAT4, &v.to_le_bytes()),
        Datum::Float8(v) => fixed(FLOAT8, &v.to_le_bytes()),
        Datum::Oid(v) => fixed(OID, &v.0.to_le_bytes()),
        Datum::Bytes(v) => {
            out.push(BYTES);
            put_bytes(out, v);
        }
        Datum::Array(v) => {
            fixed(ARRAY, &v.elem_type.0.to_le_bytes());
            put_len(out, v.dims.len());
            for dim in &v.dims {
                out.extend_from_slice(&dim.len.to_le_bytes());
                out.extend_from_slice(&dim.lower.to_le_bytes());
            }
            put_len(out, v.elems.len());
            for elem in &v.elems {
                encode_datum(out, elem)?;
            }
        }
        Datum::Record(v) => {
            fixed(RECORD, &v.desc.type_id.0.to_le_bytes());
            put_len(out, v.fields.len());
            for (field, value) in v.desc.fields.iter().zip(&v.fields) {
                put_bytes(out, field.name.as_bytes());
                out.extend_from_slice(&field.typ.0.to_le_bytes());
                out.extend_from_slice(&field.typmod.to_le_bytes());
                encode_datum(out, value)?;
            }
        }
        Datum::Range(v) => {
            out.push(RANGE);
            encode_range(out, v)?;
        }
        Datum::Multirange(v) => {
            fixed(MULTIRANGE, &v.type_id.0.to_le_bytes());
            put_len(out, v.ranges.len());
            for range in &v.ranges {
                encode_range(out, range)?;
            }
        }
        Datum::Internal(_) => return Err(PgError::internal("internal state cannot be stored")),
    }
    Ok(())
}

fn encode_range(out: &mut Vec<u8>, range: &RangeValue) -> PgResult<()> {
    out.extend_from_slice(&range.type_id.0.to_le_bytes());
    let flags = (range.empty as u8)
        | (range.lower.is_some() as u8) << 1
        | (range.upper.is_some() as u8) << 2
        | (range.lower_inc as u8) << 3
        | (range.upper_inc as u8) << 4;
    out.push(flags);
    for bound in [&range.lower, &range.upper].into_iter().flatten() {
        encode_datum(out, bound)?;
    }
    Ok(())
}

/// Takes one datum off the front of `input`.
pub fn decode_datum(input: &mut &[u8]) -> PgResult<Datum> {
    let mut reader = DatumReader { input, depth: 0 };
    let datum = reader.datum()?;
    *input = reader.input;
    Ok(datum)
}

struct DatumReader<'a> {
    input: &'a [u8],
    depth: u32,
}

#[cold]
fn corrupt() -> PgError {
    PgError::new(error::SqlState::DATA_CORRUPTED, "stored value is damaged")
}

impl<'a> DatumReader<'a> {
    fn take<const N: usize>(&mut self) -> PgResult<[u8; N]> {
        let (bytes, rest) = self.input.split_first_chunk::<N>().ok_or_else(corrupt)?;
        self.input = rest;
        Ok(*bytes)
    }

    fn oid(&mut self) -> PgResult<Oid> {
        Ok(Oid(u32::from_le_bytes(self.take()?)))
    }

    fn int(&mut self) -> PgResult<i32> {
        Ok(i32::from_le_bytes(self.take()?))
    }

    /// A count of things of at least one byte each: never more than what is left.
    fn count(&mut self) -> PgResult<usize> {
        let count = u32::from_le_bytes(self.take()?) as usize;
        if count > self.input.len() { Err(corrupt()) } else { Ok(count) }
    }

    fn bytes(&mut self) -> PgResult<&'a [u8]> {
        let len = self.count()?;
        let (bytes, rest) = self.input.split_at(len);
        self.input = rest;
        Ok(bytes)
    }

    fn datum(&mut self) -> PgResult<Datum> {
        let [tag] = self.take()?;
        Ok(match tag {
            NULL => Datum::Null,
            FALSE => Datum::Bool(false),
            TRUE => Datum::Bool(true),
            CHAR => Datum::Char(self.take::<1>()?[0]),
            INT2 => Datum::Int2(i16::from_le_bytes(self.take()?)),
            INT4 => Datum::Int4(self.int()?),
            INT8 => Datum::Int8(i64::from_le_bytes(self.take()?)),
            FLOAT4 => Datum::Float4(f32::from_le_bytes(self.take()?)),
            FLOAT8 => Datum::Float8(f64::from_le_bytes(self.take()?)),
            OID => Datum::Oid(self.oid()?),
            BYTES => Datum::Bytes(Varlena::new(self.bytes()?)),
            _ => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(corrupt());
                }
                let datum = self.structured(tag)?;
                self.depth -= 1;
                datum
            }
        })
    }

    fn structured(&mut self, tag: u8) -> PgResult<Datum> {
        match tag {
            ARRAY => {
                let elem_type = self.oid()?;
                let mut dims = Vec::new();
                for _ in 0..self.count()? {
                    dims.push(ArrayDim { len: self.int()?, lower: self.int()? });
                }
                let count = self.count()?;
                let mut elems = Vec::with_capacity(count);
                for _ in 0..count {
                    elems.push(self.datum()?);
                }
                Ok(Datum::Array(Arc::new(ArrayValue { elem_type, dims, elems })))
            }
            RECORD => {
                let type_id = self.oid()?;
                let (mut columns, mut fields) = (Vec::new(), Vec::new());
                for _ in 0..self.count()? {
                    let name = String::from_utf8_lossy(self.bytes()?).into_owned();
                    columns.push(RecordField { name, typ: self.oid()?, typmod: self.int()? });
                    fields.push(self.datum()?);
                }
                let desc = Arc::new(RecordDesc { type_id, fields: columns });
                Ok(Datum::Record(Arc::new(RecordValue { desc, fields })))
            }
            RANGE => Ok(Datum::Range(Arc::new(self.range()?))),
            MULTIRANGE => {
                let type_id = self.oid()?;
                let mut ranges = Vec::new();
                for _ in 0..self.count()? {
                    ranges.push(self.range()?);
                }
                Ok(Datum::Multirange(Arc::new(MultirangeValue { type_id, ranges })))
            }
            _ => Err(corrupt()),
        }
    }

    fn range(&mut self) -> PgResult<RangeValue> {
        let type_id = self.oid()?;
        let [flags] = self.take()?;
        let lower = if flags & 2 != 0 { Some(self.datum()?) } else { None };
        let upper = if flags & 4 != 0 { Some(self.datum()?) } else { None };
        Ok(RangeValue {
            type_id,
            empty: flags & 1 != 0,
            lower,
            upper,
            lower_inc: flags & 8 != 0,
            upper_inc: flags & 16 != 0,
        })
    }
}
