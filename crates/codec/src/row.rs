//! Row values: header, null bitmap, fixed-width slots, variable-width section.
//!
//! ```text
//! [xid u64 LE]   who wrote it: how versions are told apart ("changed since my snapshot")
//! [natts u16]    attributes stored; the relation may have more, those take their missing value
//! [flags u16]    1 = has nulls · 2 = 32-bit offsets · 4 = has compressed or external attributes
//! [null bitmap]  (natts+7)/8 bytes if flag 1; a set bit is a NULL
//! [fixed slots]  one for each fixed-width attribute among the first natts, null or not
//! [var ends]     end of each variable-width attribute, relative to the var section
//! [var section]  with flag 4 each non-null attribute starts with 0 plain, 1 compressed, 2 external
//! ```
use crate::datum_bytes::{decode_datum, encode_datum};
use error::{PgError, PgResult};
use types::{Datum, Oid, PhysType, Varlena};

const HEADER: usize = 12;
const HAS_NULLS: u16 = 1;
const WIDE: u16 = 2;
const HAS_LARGE: u16 = 4;

const PLAIN: u8 = 0;
const COMPRESSED: u8 = 1;
const EXTERNAL: u8 = 2;

/// Attributes longer than this are compressed if that saves a quarter.
const COMPRESS_ABOVE: usize = 2000;
/// Attributes whose stored form is longer than this live under their own keys.
const EXTERNAL_ABOVE: usize = 8000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Offset in the fixed section.
    Fixed(u32),
    /// Position among the variable-width attributes.
    Var(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attr {
    phys: PhysType,
    place: Place,
}

/// The physical layout of a relation's rows: precomputed offsets for its attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowLayout {
    attrs: Vec<Attr>,
    /// For the first n attributes: bytes of fixed slots, number of variable-width ones.
    prefix: Vec<(u32, u16)>,
}

fn fixed_width(phys: PhysType) -> Option<u32> {
    match phys {
        PhysType::Bool | PhysType::Char => Some(1),
        PhysType::Int2 => Some(2),
        PhysType::Int4 | PhysType::Float4 | PhysType::Oid => Some(4),
        PhysType::Int8 | PhysType::Float8 => Some(8),
        PhysType::Bytes
        | PhysType::Array
        | PhysType::Record
        | PhysType::Range
        | PhysType::Multirange
        | PhysType::Internal => None,
    }
}

impl RowLayout {
    /// The layout for attributes held as `attrs`, in order of attnum; dropped ones are included with the
    /// form they had.
    pub fn new(attrs: &[PhysType]) -> Self {
        let (mut fixed, mut var) = (0, 0);
        let mut layout = RowLayout { attrs: Vec::new(), prefix: vec![(0, 0)] };
        for phys in attrs {
            let place = match fixed_width(*phys) {
                Some(width) => {
                    fixed += width;
                    Place::Fixed(fixed - width)
                }
                None => {
                    var += 1;
                    Place::Var(var - 1)
                }
            };
            layout.attrs.push(Attr { phys: *phys, place });
            layout.prefix.push((fixed, var));
        }
        layout
    }

    /// Number of attributes.
    pub fn natts(&self) -> usize {
        self.attrs.len()
    }

    /// How an attribute (from 0) is held.
    pub fn phys(&self, att: usize) -> PhysType {
        self.attrs[att].phys
    }
}

/// A large attribute that is kept under its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct External {
    /// Attribute, from 0.
    pub att: u16,
    /// Bytes under the key.
    pub stored_len: u32,
    /// Bytes of the value.
    pub raw_len: u32,
    /// Whether what is stored is compressed.
    pub compressed: bool,
}

/// Where large attributes of one row are read from; `table` implements it.
pub trait LargeStore {
    /// Lends the bytes stored for an attribute.
    fn fetch(
        &self,
        external: External,
        visit: &mut dyn FnMut(&[u8]) -> PgResult<()>,
    ) -> PgResult<()>;
}

/// For rows that have no large attribute.
pub struct NoLarge;

impl LargeStore for NoLarge {
    fn fetch(&self, _: External, _: &mut dyn FnMut(&[u8]) -> PgResult<()>) -> PgResult<()> {
        Err(PgError::internal("row has an external attribute where none can be"))
    }
}

/// Encodes rows; keeps its scratch memory between them.
#[derive(Default)]
pub struct RowEncoder {
    var: Vec<u8>,
    ends: Vec<u32>,
    scratch: Vec<u8>,
}

#[cold]
fn wrong_form(att: usize, phys: PhysType, datum: &Datum) -> PgError {
    PgError::internal(format!("attribute {} held as {phys:?} was given {datum:?}", att + 1))
}

impl RowEncoder {
    /// Appends the row to `out`. What is too large to stay inside goes to `spill(att, stored bytes)`.
    pub fn encode(
        &mut self,
        out: &mut Vec<u8>,
        layout: &RowLayout,
        xid: u64,
        values: &[Datum],
        spill: &mut dyn FnMut(u16, &[u8]) -> PgResult<()>,
    ) -> PgResult<()> {
        let natts = values.len();
        if natts > layout.natts() {
            return Err(PgError::internal("row has more values than its relation attributes"));
        }
        let large = values.iter().enumerate().any(|(att, value)| match value {
            Datum::Bytes(bytes) => bytes.len() > COMPRESS_ABOVE,
            Datum::Array(_) | Datum::Record(_) | Datum::Range(_) | Datum::Multirange(_) => {
                structured_is_large(value) && matches!(layout.attrs[att].place, Place::Var(_))
            }
            _ => false,
        });
        self.var.clear();
        self.ends.clear();
        let nulls = values.iter().any(Datum::is_null);
        let start = out.len();
        let (fixed_len, _) = layout.prefix[natts];
        out.extend_from_slice(&xid.to_le_bytes());
        out.extend_from_slice(&(natts as u16).to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        let bitmap = out.len();
        if nulls {
            out.resize(bitmap + natts.div_ceil(8), 0);
        }
        let fixed = out.len();
        out.resize(fixed + fixed_len as usize, 0);
        for (att, value) in values.iter().enumerate() {
            let Attr { phys, place } = layout.attrs[att];
            if value.is_null() {
                out[bitmap + att / 8] |= 1 << (att % 8);
            }
            match place {
                Place::Fixed(offset) => {
                    put_fixed(&mut out[fixed + offset as usize..], phys, value)
                        .ok_or_else(|| wrong_form(att, phys, value))?;
                }
                Place::Var(_) => {
                    self.put_var(att, phys, value, large, spill)?;
                    self.ends.push(self.var.len() as u32);
                }
            }
        }
        let wide = self.var.len() > u16::MAX as usize;
        for end in &self.ends {
            if wide {
                out.extend_from_slice(&end.to_le_bytes());
            } else {
                out.extend_from_slice(&(*end as u16).to_le_bytes());
            }
        }
        out.extend_from_slice(&self.var);
        let flag = |on: bool, flag: u16| if on { flag } else { 0 };
        let flags = flag(nulls, HAS_NULLS) | flag(wide, WIDE) | flag(large, HAS_LARGE);
        out[start + 10..start + 12].copy_from_slice(&flags.to_le_bytes());
        if self.var.capacity() > 1 << 20 {
            self.var = Vec::new();
        }
        Ok(())
    }

    fn put_var(
        &mut self,
        att: usize,
        phys: PhysType,
        value: &Datum,
        large: bool,
        spill: &mut dyn FnMut(u16, &[u8]) -> PgResult<()>,
    ) -> PgResult<()> {
        let structured;
        let bytes: &[u8] = match (phys, value) {
            (_, Datum::Null) => return Ok(()),
            (PhysType::Bytes, Datum::Bytes(bytes)) => bytes,
            (PhysType::Array, Datum::Array(_))
            | (PhysType::Record, Datum::Record(_))
            | (PhysType::Range, Datum::Range(_))
            | (PhysType::Multirange, Datum::Multirange(_)) => {
                let mut scratch = std::mem::take(&mut self.scratch);
                scratch.clear();
                encode_datum(&mut scratch, value)?;
                structured = scratch;
                &structured
            }
            _ => return Err(wrong_form(att, phys, value)),
        };
        if !large {
            self.var.extend_from_slice(bytes);
            return Ok(());
        }
        let packed;
        let (compressed, stored) = if bytes.len() > COMPRESS_ABOVE {
            packed = lz4_flex::block::compress(bytes);
            if packed.len() < bytes.len() - bytes.len() / 4 {
                (true, &packed[..])
            } else {
                (false, bytes)
            }
        } else {
            (false, bytes)
        };
        let raw_len = bytes.len() as u32;
        if stored.len() > EXTERNAL_ABOVE {
            self.var.push(EXTERNAL);
            self.var.push(compressed as u8);
            self.var.extend_from_slice(&(stored.len() as u32).to_le_bytes());
            self.var.extend_from_slice(&raw_len.to_le_bytes());
            return spill(att as u16, stored);
        }
        if compressed {
            self.var.push(COMPRESSED);
            self.var.extend_from_slice(&raw_len.to_le_bytes());
        } else {
            self.var.push(PLAIN);
        }
        self.var.extend_from_slice(stored);
        Ok(())
    }
}

/// A cheap upper guess: exact sizes only matter for what might be large.
fn structured_is_large(value: &Datum) -> bool {
    fn guess(value: &Datum) -> usize {
        match value {
            Datum::Bytes(bytes) => bytes.len() + 5,
            Datum::Array(array) => 16 + array.elems.iter().map(guess).sum::<usize>(),
            Datum::Record(record) => {
                let names: usize = record.desc.fields.iter().map(|f| f.name.len() + 12).sum();
                8 + names + record.fields.iter().map(guess).sum::<usize>()
            }
            Datum::Range(range) => {
                8 + [&range.lower, &range.upper].into_iter().flatten().map(guess).sum::<usize>()
            }
            Datum::Multirange(multi) => {
                let bounds = multi.ranges.iter().flat_map(|r| [&r.lower, &r.upper]).flatten();
                8 + multi.ranges.len() * 5 + bounds.map(guess).sum::<usize>()
            }
            _ => 9,
        }
    }
    guess(value) > COMPRESS_ABOVE
}

fn put_fixed(slot: &mut [u8], phys: PhysType, value: &Datum) -> Option<()> {
    match (phys, value) {
        (_, Datum::Null) => {}
        (PhysType::Bool, Datum::Bool(v)) => slot[0] = *v as u8,
        (PhysType::Char, Datum::Char(v)) => slot[0] = *v,
        (PhysType::Int2, Datum::Int2(v)) => slot[..2].copy_from_slice(&v.to_le_bytes()),
        (PhysType::Int4, Datum::Int4(v)) => slot[..4].copy_from_slice(&v.to_le_bytes()),
        (PhysType::Int8, Datum::Int8(v)) => slot[..8].copy_from_slice(&v.to_le_bytes()),
        (PhysType::Float4, Datum::Float4(v)) => slot[..4].copy_from_slice(&v.to_le_bytes()),
        (PhysType::Float8, Datum::Float8(v)) => slot[..8].copy_from_slice(&v.to_le_bytes()),
        (PhysType::Oid, Datum::Oid(v)) => slot[..4].copy_from_slice(&v.0.to_le_bytes()),
        _ => return None,
    }
    Some(())
}

/// A row in its stored form, borrowed.
#[derive(Clone, Copy)]
pub struct RowRef<'a> {
    layout: &'a RowLayout,
    bytes: &'a [u8],
    natts: u16,
    flags: u16,
    /// Start of the fixed section.
    fixed: u32,
    /// Start of the var ends.
    ends: u32,
    /// Start of the var section.
    var: u32,
}

#[cold]
fn damaged() -> PgError {
    PgError::new(error::SqlState::DATA_CORRUPTED, "stored row is damaged")
}

/// A variable-width attribute as it is stored.
#[derive(Clone, Copy, Debug)]
pub enum Stored<'a> {
    /// The bytes of the value.
    Plain(&'a [u8]),
    /// Compressed bytes and the length of the value.
    Compressed(&'a [u8], u32),
    /// Under its own key.
    External(External),
}

impl<'a> RowRef<'a> {
    /// Wraps the bytes after checking the header.
    #[inline]
    pub fn new(bytes: &'a [u8], layout: &'a RowLayout) -> PgResult<Self> {
        if bytes.len() < HEADER {
            return Err(damaged());
        }
        let natts = u16::from_le_bytes([bytes[8], bytes[9]]) as usize;
        let flags = u16::from_le_bytes([bytes[10], bytes[11]]);
        let Some((fixed_len, vars)) = layout.prefix.get(natts).copied() else {
            return Err(damaged());
        };
        let fixed = HEADER + if flags & HAS_NULLS != 0 { natts.div_ceil(8) } else { 0 };
        let ends = fixed + fixed_len as usize;
        let var = ends + usize::from(vars) * if flags & WIDE != 0 { 4 } else { 2 };
        if bytes.len() < var {
            return Err(damaged());
        }
        let (fixed, ends, var) = (fixed as u32, ends as u32, var as u32);
        Ok(RowRef { layout, bytes, natts: natts as u16, flags, fixed, ends, var })
    }

    /// The transaction that wrote the row.
    #[inline]
    pub fn xid(&self) -> u64 {
        self.bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Attributes stored.
    #[inline]
    pub fn natts(&self) -> usize {
        usize::from(self.natts)
    }

    /// The row's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether an attribute (from 0, below `natts()`) is NULL.
    #[inline]
    pub fn is_null(&self, att: usize) -> bool {
        self.flags & HAS_NULLS != 0 && self.bytes[HEADER + att / 8] & (1 << (att % 8)) != 0
    }

    /// Whether any attribute is compressed or external.
    pub fn has_large(&self) -> bool {
        self.flags & HAS_LARGE != 0
    }

    /// How and where a fixed-width attribute is stored.
    pub(crate) fn fixed_place(&self, att: usize) -> Option<(PhysType, u32)> {
        match self.layout.attrs[att] {
            Attr { phys, place: Place::Fixed(offset) } => Some((phys, offset)),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn slot<const N: usize>(&self, offset: u32) -> [u8; N] {
        let start = self.fixed as usize + offset as usize;
        self.bytes.get(start..).and_then(|slot| slot.first_chunk()).copied().unwrap_or([0; N])
    }

    #[inline]
    fn end(&self, var: u16) -> usize {
        let var = usize::from(var);
        if self.flags & WIDE != 0 {
            let at = self.ends as usize + var * 4;
            let b = &self.bytes[at..at + 4];
            u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize
        } else {
            let at = self.ends as usize + var * 2;
            u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]]) as usize
        }
    }

    /// A variable-width attribute that is not NULL, as it is stored.
    #[inline]
    pub fn stored(&self, att: usize) -> PgResult<Stored<'a>> {
        let Place::Var(var) = self.layout.attrs[att].place else {
            return Err(PgError::internal("attribute is of fixed width"));
        };
        let start = if var == 0 { 0 } else { self.end(var - 1) };
        let section = self.var as usize;
        let bytes = self.bytes.get(section + start..section + self.end(var)).ok_or_else(damaged)?;
        if self.flags & HAS_LARGE == 0 {
            return Ok(Stored::Plain(bytes));
        }
        let word = |b: &[u8], at: usize| -> PgResult<u32> {
            let word = b.get(at..at + 4).and_then(|b| b.first_chunk()).ok_or_else(damaged)?;
            Ok(u32::from_le_bytes(*word))
        };
        match bytes.split_first() {
            Some((&PLAIN, rest)) => Ok(Stored::Plain(rest)),
            Some((&COMPRESSED, rest)) => {
                Ok(Stored::Compressed(rest.get(4..).ok_or_else(damaged)?, word(rest, 0)?))
            }
            Some((&EXTERNAL, rest)) => Ok(Stored::External(External {
                att: att as u16,
                compressed: rest.first() == Some(&1),
                stored_len: word(rest, 1)?,
                raw_len: word(rest, 5)?,
            })),
            _ => Err(damaged()),
        }
    }

    /// The bytes of a `Bytes` attribute that is stored plainly; `None` if it is NULL, compressed, external
    /// or of another form.
    #[inline]
    pub fn plain_bytes(&self, att: usize) -> Option<&'a [u8]> {
        if self.layout.attrs[att].phys != PhysType::Bytes || self.is_null(att) {
            return None;
        }
        match self.stored(att) {
            Ok(Stored::Plain(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// One attribute, below `natts()`.
    #[inline]
    pub fn get(&self, att: usize, large: &dyn LargeStore) -> PgResult<Datum> {
        if self.is_null(att) {
            return Ok(Datum::Null);
        }
        let Attr { phys, place } = self.layout.attrs[att];
        let Place::Fixed(at) = place else { return self.get_var(att, phys, large) };
        Ok(match phys {
            PhysType::Int4 => Datum::Int4(i32::from_le_bytes(self.slot(at))),
            PhysType::Int8 => Datum::Int8(i64::from_le_bytes(self.slot(at))),
            PhysType::Oid => Datum::Oid(Oid(u32::from_le_bytes(self.slot(at)))),
            PhysType::Int2 => Datum::Int2(i16::from_le_bytes(self.slot(at))),
            PhysType::Bool => Datum::Bool(self.slot::<1>(at)[0] != 0),
            PhysType::Char => Datum::Char(self.slot::<1>(at)[0]),
            PhysType::Float4 => Datum::Float4(f32::from_le_bytes(self.slot(at))),
            _ => Datum::Float8(f64::from_le_bytes(self.slot(at))),
        })
    }

    fn get_var(&self, att: usize, phys: PhysType, large: &dyn LargeStore) -> PgResult<Datum> {
        match self.stored(att)? {
            Stored::Plain(bytes) => datum_of(phys, bytes),
            Stored::Compressed(bytes, raw_len) => datum_of(phys, &unpack(bytes, raw_len)?),
            Stored::External(external) => {
                let mut datum = Datum::Null;
                large.fetch(external, &mut |bytes| {
                    datum = if external.compressed {
                        datum_of(phys, &unpack(bytes, external.raw_len)?)?
                    } else {
                        datum_of(phys, bytes)?
                    };
                    Ok(())
                })?;
                Ok(datum)
            }
        }
    }

    /// One attribute of the layout; one that is not stored comes from `missing`, or is NULL beyond it.
    #[inline]
    pub fn get_or_missing(
        &self,
        att: usize,
        missing: &[Datum],
        large: &dyn LargeStore,
    ) -> PgResult<Datum> {
        if att < self.natts() {
            self.get(att, large)
        } else {
            Ok(missing.get(att).cloned().unwrap_or(Datum::Null))
        }
    }

    /// All attributes of the layout into `out` (replaced, memory reused); those not stored come from
    /// `missing`, or are NULL beyond it.
    pub fn decode_all(
        &self,
        missing: &[Datum],
        large: &dyn LargeStore,
        out: &mut Vec<Datum>,
    ) -> PgResult<()> {
        out.clear();
        out.reserve(self.layout.natts());
        for att in 0..self.layout.natts() {
            out.push(self.get_or_missing(att, missing, large)?);
        }
        Ok(())
    }

    /// The attributes kept under their own keys.
    pub fn externals(&self) -> Vec<External> {
        if !self.has_large() {
            return Vec::new();
        }
        (0..self.natts())
            .filter(|att| {
                matches!(self.layout.attrs[*att].place, Place::Var(_)) && !self.is_null(*att)
            })
            .filter_map(|att| match self.stored(att) {
                Ok(Stored::External(external)) => Some(external),
                _ => None,
            })
            .collect()
    }
}

fn unpack(bytes: &[u8], raw_len: u32) -> PgResult<Vec<u8>> {
    // lz4 cannot expand further than this: a damaged length must not allocate gigabytes.
    if raw_len as usize > bytes.len().saturating_mul(256) + 64 {
        return Err(damaged());
    }
    lz4_flex::block::decompress(bytes, raw_len as usize).map_err(|_| damaged())
}

fn datum_of(phys: PhysType, mut bytes: &[u8]) -> PgResult<Datum> {
    if phys == PhysType::Bytes {
        Ok(Datum::Bytes(Varlena::new(bytes)))
    } else {
        decode_datum(&mut bytes)
    }
}
