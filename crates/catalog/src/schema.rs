//! The shape of the catalogs: column numbers, types and indexes, generated from the facts.
#![allow(missing_docs)]
use types::Oid;

/// A catalog table.
#[derive(Debug)]
pub struct CatalogSchema {
    pub relid: Oid,
    pub name: &'static str,
    pub namespace: Oid,
    /// Shared by all databases.
    pub shared: bool,
    pub columns: &'static [CatalogColumn],
    pub indexes: &'static [CatalogIndex],
}

/// A column of a catalog.
#[derive(Debug)]
pub struct CatalogColumn {
    pub name: &'static str,
    pub typ: Oid,
    pub not_null: bool,
}

/// An index of a catalog.
#[derive(Debug)]
pub struct CatalogIndex {
    pub oid: Oid,
    pub relid: Oid,
    pub name: &'static str,
    pub unique: bool,
    pub primary: bool,
    /// Columns from 0.
    pub keys: &'static [usize],
}

include!(concat!(env!("OUT_DIR"), "/schema.rs"));

impl CatalogSchema {
    /// The catalog of that OID.
    pub fn get(relid: Oid) -> Option<&'static CatalogSchema> {
        CATALOGS.binary_search_by_key(&relid, |c| c.relid).ok().map(|i| &CATALOGS[i])
    }

    /// The number (from 0) of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }
}

impl CatalogIndex {
    /// The index of that OID with its catalog.
    pub fn get(oid: Oid) -> Option<(&'static CatalogSchema, &'static CatalogIndex)> {
        CATALOGS.iter().find_map(|c| c.indexes.iter().find(|i| i.oid == oid).map(|i| (c, i)))
    }
}
