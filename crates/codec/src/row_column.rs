//! One attribute of many rows at once.
use crate::{LargeStore, RowRef};
use error::PgResult;
use types::{Datum, Oid, PhysType};

impl<'a> RowRef<'a> {
    /// Appends an attribute of each row to `out`; one that is not stored comes from `missing`, or is NULL beyond
    /// it. `large` gives the store of a row's large attributes by its position.
    pub fn decode_column<L: LargeStore>(
        rows: &[RowRef<'a>],
        att: usize,
        missing: &[Datum],
        large: impl Fn(usize) -> L,
        out: &mut Vec<Datum>,
    ) -> PgResult<()> {
        let Some(first) = rows.first() else { return Ok(()) };
        macro_rules! fixed {
            ($offset:expr, $make:expr) => {{
                let absent = missing.get(att).unwrap_or(&Datum::Null);
                out.extend(rows.iter().map(|row| {
                    if att >= row.natts() {
                        absent.clone()
                    } else if row.is_null(att) {
                        Datum::Null
                    } else {
                        $make(row.slot($offset))
                    }
                }));
                return Ok(());
            }};
        }
        if let Some((phys, offset)) = first.fixed_place(att) {
            match phys {
                PhysType::Int4 => fixed!(offset, |b| Datum::Int4(i32::from_le_bytes(b))),
                PhysType::Int8 => fixed!(offset, |b| Datum::Int8(i64::from_le_bytes(b))),
                PhysType::Float8 => fixed!(offset, |b| Datum::Float8(f64::from_le_bytes(b))),
                PhysType::Oid => fixed!(offset, |b| Datum::Oid(Oid(u32::from_le_bytes(b)))),
                PhysType::Int2 => fixed!(offset, |b| Datum::Int2(i16::from_le_bytes(b))),
                _ => {}
            }
        }
        out.reserve(rows.len());
        for (at, row) in rows.iter().enumerate() {
            out.push(row.get_or_missing(att, missing, &large(at))?);
        }
        Ok(())
    }
}
