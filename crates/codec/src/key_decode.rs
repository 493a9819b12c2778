//! Decoding of key columns: exact for the lossless kinds, an equal value for the others.
use crate::key::{KeyKind, NOT_NULL, cut_short, numeric_class};
use error::PgResult;
use types::{Datum, Oid, Varlena};

/// Reads bytes of a key, inverted for DESC columns.
pub(crate) struct Reader<'a> {
    input: &'a [u8],
    mask: u8,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8], inverted: bool) -> Self {
        Reader { input, mask: if inverted { 0xff } else { 0 } }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.input
    }

    pub(crate) fn byte(&mut self) -> PgResult<u8> {
        let Some((byte, rest)) = self.input.split_first() else { return Err(cut_short()) };
        self.input = rest;
        Ok(byte ^ self.mask)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> PgResult<[u8; N]> {
        let Some((bytes, rest)) = self.input.split_first_chunk::<N>() else {
            return Err(cut_short());
        };
        self.input = rest;
        Ok(bytes.map(|byte| byte ^ self.mask))
    }

    pub(crate) fn escaped(&mut self) -> PgResult<Varlena> {
        let mask = self.mask;
        // Most values have no zero byte and are stored as they are.
        if mask == 0 {
            if let Some(zero) = self.input.iter().position(|byte| *byte == 0) {
                if self.input.get(zero + 1) == Some(&0x01) {
                    let value = Varlena::new(&self.input[..zero]);
                    self.input = &self.input[zero + 2..];
                    return Ok(value);
                }
            }
        }
        let mut value = Vec::new();
        loop {
            match self.byte()? {
                0x00 => match self.byte()? {
                    0xff => value.push(0),
                    _ => return Ok(Varlena::new(&value)),
                },
                byte => value.push(byte),
            }
        }
    }

    pub(crate) fn numeric(&mut self) -> PgResult<Varlena> {
        let special = |which: u16| Varlena::new(&((2 << 14) | which).to_le_bytes());
        let class = self.byte()?;
        let negative = match class {
            numeric_class::NAN => return Ok(special(0)),
            numeric_class::INFINITY => return Ok(special(1)),
            numeric_class::MINUS_INFINITY => return Ok(special(2)),
            numeric_class::ZERO => return Ok(Varlena::new(&[0; 4])),
            numeric_class::NEGATIVE => true,
            _ => false,
        };
        let sign = if negative { 0xff } else { 0 };
        let word = |reader: &mut Self| -> PgResult<u16> {
            Ok(u16::from_be_bytes(reader.array::<2>()?.map(|byte| byte ^ sign)))
        };
        let weight = (word(self)? ^ (1 << 15)) as i16;
        let mut digits = Vec::new();
        loop {
            match word(self)? {
                0 => break,
                digit => digits.push(digit - 1),
            }
        }
        // The least scale that shows all digits.
        let places = (digits.len() as i32 - 1 - i32::from(weight)).max(0) * 4;
        let trailing = match digits.last() {
            Some(d) if d % 1000 == 0 => 3,
            Some(d) if d % 100 == 0 => 2,
            Some(d) if d % 10 == 0 => 1,
            _ => 0,
        };
        let dscale = (places - trailing).max(0) as u16;
        let mut stored = Vec::with_capacity(4 + digits.len() * 2);
        stored.extend_from_slice(&(((negative as u16) << 14) | dscale).to_le_bytes());
        stored.extend_from_slice(&weight.to_le_bytes());
        digits.iter().for_each(|digit| stored.extend_from_slice(&digit.to_le_bytes()));
        Ok(Varlena::new(&stored))
    }

    /// An array's or record's parts are stepped over, not rebuilt: they do not carry their types.
    fn skip_column(&mut self, kind: &KeyKind) -> PgResult<()> {
        if self.byte()? == NOT_NULL { self.datum(kind).map(drop) } else { Ok(()) }
    }

    fn skip_array(&mut self, element: &KeyKind) -> PgResult<()> {
        loop {
            match self.byte()? {
                0x00 => break,
                NOT_NULL => drop(self.datum(element)?),
                _ => {}
            }
        }
        for _ in 0..self.byte()? {
            self.array::<8>()?;
        }
        Ok(())
    }

    fn skip_range(&mut self, bound: &KeyKind) -> PgResult<()> {
        if self.byte()? == 0x00 {
            return Ok(());
        }
        for _ in 0..2 {
            if self.byte()? == 0x01 {
                self.datum(bound)?;
                self.byte()?;
            }
        }
        Ok(())
    }

    pub(crate) fn datum(&mut self, kind: &KeyKind) -> PgResult<Datum> {
        Ok(match kind {
            KeyKind::Bool => Datum::Bool(self.byte()? != 0),
            KeyKind::Char => Datum::Char(self.byte()?),
            KeyKind::Int2 => Datum::Int2((u16::from_be_bytes(self.array()?) ^ (1 << 15)) as i16),
            KeyKind::Int4 => Datum::Int4((u32::from_be_bytes(self.array()?) ^ (1 << 31)) as i32),
            KeyKind::Int8 => Datum::Int8((u64::from_be_bytes(self.array()?) ^ (1 << 63)) as i64),
            KeyKind::Uint8 => Datum::Int8(u64::from_be_bytes(self.array()?) as i64),
            KeyKind::Oid => Datum::Oid(Oid(u32::from_be_bytes(self.array()?))),
            KeyKind::Float4 => {
                let bits = u32::from_be_bytes(self.array()?);
                let bits = if bits >> 31 == 1 { bits ^ (1 << 31) } else { !bits };
                Datum::Float4(f32::from_bits(bits))
            }
            KeyKind::Float8 => {
                let bits = u64::from_be_bytes(self.array()?);
                let bits = if bits >> 63 == 1 { bits ^ (1 << 63) } else { !bits };
                Datum::Float8(f64::from_bits(bits))
            }
            KeyKind::Bytes | KeyKind::Bpchar => Datum::Bytes(self.escaped()?),
            KeyKind::Numeric => Datum::Bytes(self.numeric()?),
            KeyKind::Interval => {
                self.array::<16>()?;
                return self.opaque();
            }
            KeyKind::TimeTz => {
                self.array::<12>()?;
                return self.opaque();
            }
            KeyKind::Bit => {
                let bytes = self.escaped()?;
                let unused = !self.byte()?;
                Datum::Bytes(Varlena::new(&[&[unused][..], &bytes].concat()))
            }
            KeyKind::Inet => {
                let family = self.byte()?;
                if family == crate::key::INET6_FAMILY {
                    self.array::<33>()?;
                } else {
                    self.array::<9>()?;
                }
                return self.opaque();
            }
            KeyKind::Array(element) => {
                self.skip_array(element)?;
                return self.opaque();
            }
            KeyKind::Record(kinds) => {
                for kind in kinds.iter() {
                    self.skip_column(kind)?;
                }
                return self.opaque();
            }
            KeyKind::Range(bound) => {
                self.skip_range(bound)?;
                return self.opaque();
            }
            KeyKind::Multirange(bound) => {
                while self.byte()? == 0x01 {
                    self.skip_range(bound)?;
                }
                return self.opaque();
            }
            KeyKind::Jsonb => {
                crate::key_jsonb::skip(self)?;
                return self.opaque();
            }
        })
    }

    /// Stands for a value that only its own copy beside the key can give.
    fn opaque(&self) -> PgResult<Datum> {
        Ok(Datum::Null)
    }
}
