//! Writing catalog rows: a builder by column, and changes by key.
use crate::schema::CatalogSchema;
use crate::session::Catalog;
use crate::storage::CatalogRow;
use error::{PgError, PgResult};
use types::{Datum, Oid};

/// What can be put in a catalog column.
pub trait ToDatum {
    /// The value as a datum.
    fn to_datum(self) -> Datum;
}

macro_rules! to_datum {
    ($($t:ty => |$v:ident| $e:expr),* $(,)?) => {
        $(impl ToDatum for $t {
            fn to_datum(self) -> Datum {
                let $v = self;
                $e
            }
        })*
    };
}

to_datum! {
    Datum => |v| v,
    Oid => |v| Datum::Oid(v),
    bool => |v| Datum::Bool(v),
    char => |v| Datum::Char(v as u8),
    i16 => |v| Datum::Int2(v),
    i32 => |v| Datum::Int4(v),
    i64 => |v| Datum::Int8(v),
    f32 => |v| Datum::Float4(v),
    &str => |v| Datum::text(v),
    String => |v| Datum::text(&v),
    &String => |v| Datum::text(v),
}

impl<T: ToDatum> ToDatum for Option<T> {
    fn to_datum(self) -> Datum {
        self.map_or(Datum::Null, ToDatum::to_datum)
    }
}

/// A new row of a catalog, NULL where nothing is set.
#[derive(Clone, Debug)]
pub struct RowBuilder {
    relid: Oid,
    values: Vec<Datum>,
}

impl RowBuilder {
    /// An empty row of the catalog.
    pub fn new(relid: Oid) -> RowBuilder {
        let natts = CatalogSchema::get(relid).map_or(0, |c| c.columns.len());
        RowBuilder { relid, values: vec![Datum::Null; natts] }
    }

    /// Sets a column (numbers of `schema`).
    pub fn set(mut self, column: usize, value: impl ToDatum) -> RowBuilder {
        self.values[column] = value.to_datum();
        self
    }

    /// The row.
    pub fn build(self) -> Vec<Datum> {
        self.values
    }

    /// Inserts the row.
    pub fn insert(self, catalog: &Catalog) -> PgResult<()> {
        catalog.insert_row(self.relid, &self.values)
    }
}

impl Catalog {
    fn catalog_of_index(index: Oid) -> PgResult<Oid> {
        crate::schema::CatalogIndex::get(index)
            .map(|(catalog, _)| catalog.relid)
            .ok_or_else(|| PgError::internal(format!("{index} is not a catalog index")))
    }

    /// Changes the rows that an index finds; returns how many there were. Each is locked before it is read
    /// for good, so that two sessions that change different columns don't undo each other's work.
    pub fn update_by_key(
        &self,
        index: Oid,
        key: &[Datum],
        mut change: impl FnMut(&mut Vec<Datum>) -> PgResult<()>,
    ) -> PgResult<usize> {
        let relid = Self::catalog_of_index(index)?;
        let mut changed = 0;
        for row in &self.rows_by_index(index, key)? {
            let Some(row) = self.locked_row(index, key, row)? else { continue };
            let mut new = row.values.clone();
            change(&mut new)?;
            self.update_row(relid, &row, &new)?;
            changed += 1;
        }
        Ok(changed)
    }

    /// A row that an index found, read again under its lock; `None` if it is gone.
    fn locked_row(
        &self,
        index: Oid,
        key: &[Datum],
        row: &CatalogRow,
    ) -> PgResult<Option<CatalogRow>> {
        let (catalog, _) = crate::schema::CatalogIndex::get(index)
            .ok_or_else(|| PgError::internal(format!("{index} is not a catalog index")))?;
        self.storage()?.lock(catalog, row)?;
        let found = self.rows_by_index(index, key)?;
        Ok(found.into_iter().find(|found| found.rowid == row.rowid))
    }

    /// Sets columns of the rows that an index finds; an error if there is none.
    pub fn set_by_key(
        &self,
        index: Oid,
        key: &[Datum],
        columns: &[(usize, Datum)],
    ) -> PgResult<()> {
        let changed = self.update_by_key(index, key, |row| {
            for (column, value) in columns {
                row[*column] = value.clone();
            }
            Ok(())
        })?;
        match changed {
            0 => Err(PgError::internal(format!("no catalog row for key {key:?} of index {index}"))),
            _ => Ok(()),
        }
    }

    /// Removes the rows that an index finds; returns them.
    pub fn delete_by_key(&self, index: Oid, key: &[Datum]) -> PgResult<Vec<CatalogRow>> {
        let relid = Self::catalog_of_index(index)?;
        let rows = self.rows_by_index(index, key)?;
        for row in &rows {
            self.delete_row(relid, row)?;
        }
        Ok(rows)
    }

    /// The unique index on a catalog's OID column, by which its objects are found.
    pub fn oid_index(relid: Oid) -> Option<Oid> {
        let catalog = CatalogSchema::get(relid)?;
        let column = match catalog.name {
            // Objects whose identity is another catalog's OID.
            "pg_aggregate" | "pg_index" | "pg_sequence" | "pg_range" => 0,
            _ => catalog.column("oid")?,
        };
        catalog.indexes.iter().find(|i| i.unique && i.keys == [column]).map(|i| i.oid)
    }

    /// The row of an object by its OID.
    pub fn row_by_oid(&self, relid: Oid, oid: Oid) -> PgResult<Option<CatalogRow>> {
        match Self::oid_index(relid) {
            Some(index) => self.row_by_index(index, &[Datum::Oid(oid)]),
            None => Err(PgError::internal(format!("catalog {relid} has no OID index"))),
        }
    }

    /// Sets columns of an object's row.
    pub fn set_by_oid(&self, relid: Oid, oid: Oid, columns: &[(usize, Datum)]) -> PgResult<()> {
        match Self::oid_index(relid) {
            Some(index) => self.set_by_key(index, &[Datum::Oid(oid)], columns),
            None => Err(PgError::internal(format!("catalog {relid} has no OID index"))),
        }
    }
}
