//! Writing pg_statistic rows.
use crate::rows::Statistic;
use crate::schema::*;
use crate::session::Catalog;
use crate::write::RowBuilder;
use error::PgResult;
use types::{ArrayValue, Datum, Oid, type_oid as t};

const SLOTS: usize = 5;

impl Catalog {
    /// Stores the statistics of a column (of the table with its children, if `inherit`), in place of those
    /// it has. `typ` is the type of the values in the slots.
    pub fn update_statistics(
        &self,
        relid: Oid,
        attnum: i16,
        inherit: bool,
        typ: Oid,
        stat: &Statistic,
    ) -> PgResult<()> {
        use pg_statistic::*;
        let mut row = RowBuilder::new(RELID)
            .set(STARELID, relid)
            .set(STAATTNUM, attnum)
            .set(STAINHERIT, inherit)
            .set(STANULLFRAC, stat.nullfrac)
            .set(STAWIDTH, stat.width)
            .set(STADISTINCT, stat.distinct);
        for i in 0..SLOTS {
            let slot = stat.slots.get(i);
            row = row
                .set(STAKIND1 + i, slot.map_or(0, |s| s.kind))
                .set(STAOP1 + i, slot.map_or(Oid::INVALID, |s| s.op))
                .set(STACOLL1 + i, slot.map_or(Oid::INVALID, |s| s.coll));
            let Some(slot) = slot else { continue };
            if !slot.numbers.is_empty() {
                let numbers = slot.numbers.iter().map(|n| Datum::Float4(*n)).collect();
                let array = ArrayValue::from_elems(t::FLOAT4, numbers);
                row = row.set(STANUMBERS1 + i, Datum::Array(array.into()));
            }
            if !slot.values.is_empty() {
                let array = ArrayValue::from_elems(typ, slot.values.clone());
                row = row.set(STAVALUES1 + i, Datum::Array(array.into()));
            }
        }
        let key = [Datum::Oid(relid), Datum::Int2(attnum), Datum::Bool(inherit)];
        let row = row.build();
        match self.row_by_index(index::PG_STATISTIC_RELID_ATT_INH_INDEX, &key)? {
            Some(old) => self.update_row(RELID, &old, &row),
            None => self.insert_row(RELID, &row),
        }
    }
}
