//! The catalogs of one database as heaps and indexes.
use crate::phys::catalog_column;
use crate::relmap::{RelMap, map_key};
use crate::schema::{CATALOGS, CatalogIndex, CatalogSchema};
use crate::shared::CatalogShared;
use codec::{KeyKind, KeyOrder, RowLayout};
use error::{PgError, PgResult};
use std::collections::HashMap;
use std::sync::Arc;
use table::{Heap, Index, IndexDesc, KeyColumn, StorageId, TableDesc};
use types::{Datum, Oid, PhysType, type_oid as t};

/// A catalog's heap and indexes.
pub struct CatalogLayout {
    pub(crate) heap: Heap,
    pub(crate) indexes: Vec<(&'static CatalogIndex, Index)>,
}

/// All catalogs of a database.
pub struct Layout {
    pub(crate) map: RelMap,
    catalogs: HashMap<Oid, CatalogLayout>,
}

/// How keys of a catalog column are ordered.
fn key_kind(typ: Oid) -> KeyKind {
    match typ {
        t::BOOL => KeyKind::Bool,
        t::CHAR => KeyKind::Char,
        t::INT2 => KeyKind::Int2,
        t::INT4 => KeyKind::Int4,
        t::INT8 => KeyKind::Int8,
        t::FLOAT4 => KeyKind::Float4,
        t::OID | t::REGPROC => KeyKind::Oid,
        t::OIDVECTOR => KeyKind::Array(Arc::new(KeyKind::Oid)),
        _ => KeyKind::Bytes,
    }
}

impl CatalogLayout {
    fn new(
        catalog: &'static CatalogSchema,
        storage: &dyn Fn(Oid) -> PgResult<u32>,
    ) -> PgResult<Self> {
        let phys: Vec<PhysType> = catalog.columns.iter().map(|c| catalog_column(c.typ)).collect();
        let heap = Heap::new(Arc::new(TableDesc {
            sid: StorageId(storage(catalog.relid)?),
            layout: RowLayout::new(&phys),
            missing: Vec::new(),
        }));
        let mut indexes = Vec::with_capacity(catalog.indexes.len());
        for index in catalog.indexes {
            let columns = index.keys.iter().map(|k| KeyColumn {
                kind: key_kind(catalog.columns[*k].typ),
                order: KeyOrder::default(),
                phys: phys[*k],
            });
            let sid = StorageId(storage(index.oid)?);
            let desc = IndexDesc::new(sid, columns.collect(), &[]);
            let desc = if index.unique { desc.unique(false, false) } else { desc };
            indexes.push((index, Index::new(Arc::new(desc))));
        }
        Ok(CatalogLayout { heap, indexes })
    }

    /// The index columns of a row.
    pub(crate) fn key_of(index: &CatalogIndex, row: &[Datum]) -> Vec<Datum> {
        index.keys.iter().map(|k| row[*k].clone()).collect()
    }
}

impl Layout {
    /// The catalogs where the map says.
    pub fn new(map: RelMap) -> PgResult<Layout> {
        let mut catalogs = HashMap::new();
        for catalog in CATALOGS {
            let storage = |oid: Oid| match catalog.shared {
                true => Ok(oid.0),
                false => map.storage_id(oid),
            };
            catalogs.insert(catalog.relid, CatalogLayout::new(catalog, &storage)?);
        }
        Ok(Layout { map, catalogs })
    }

    pub(crate) fn catalog(&self, relid: Oid) -> PgResult<&CatalogLayout> {
        self.catalogs
            .get(&relid)
            .ok_or_else(|| PgError::internal(format!("{relid} is not a catalog with rows")))
    }
}

/// The layout of a database, from its relation map, read once.
pub(crate) fn of_database(
    shared: &CatalogShared,
    txn: &Arc<txn::Transaction>,
    database: Oid,
) -> PgResult<Arc<Layout>> {
    if let Some(layout) = shared.layouts.get(&database) {
        return Ok(layout.clone());
    }
    let snapshot = txn.latest_snapshot();
    let map = match txn.get(&snapshot, &map_key(database))? {
        Some(bytes) => RelMap::from_bytes(&bytes),
        None => return Err(PgError::internal(format!("database {database} has no relation map"))),
    };
    let layout = Arc::new(Layout::new(map)?);
    shared.layouts.insert(database, layout.clone());
    Ok(layout)
}
