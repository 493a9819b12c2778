//! Where the catalogs of a database lie in the key space.
//!
//! ```text
//! storage ids   16 .. 16383           shared catalogs and their indexes: the relation's OID
//!               n·16384 + OID         catalogs of template1 (n = 1), template0 (2) and postgres (3)
//!               65536 ..              everything else, given out by the store; a later database's
//!                                     catalogs have theirs in its relation map
//! relation map  [CLUSTER]["m"][database oid]  ->  (OID u32, storage id u32)*
//! ```
//! `pg_class.relfilenode` of a user's relation is its storage id. For a catalog it is the relation's OID,
//! and the map says where that lies, so that copying a database copies pg_class as it is.
use crate::image::{POSTGRES_DB, TEMPLATE0, TEMPLATE1};
use crate::schema::CatalogSchema;
use error::{PgError, PgResult};
use std::collections::HashMap;
use types::Oid;

/// Storage ids of one database's catalogs.
#[derive(Clone, Debug)]
pub enum RelMap {
    /// Fixed by arithmetic: storage id = base + OID.
    Fixed(u32),
    /// By OID.
    Table(HashMap<Oid, u32>),
}

/// Relations below this OID are catalogs, whose storage the map knows.
pub const FIRST_MAPPED: u32 = 16384;

/// The key of a database's relation map.
pub fn map_key(database: Oid) -> Vec<u8> {
    let mut key = txn::meta::CLUSTER.prefix().to_vec();
    key.push(b'm');
    key.extend_from_slice(&database.0.to_be_bytes());
    key
}

impl RelMap {
    /// The map of a database that bootstrap makes.
    pub fn fixed(database: Oid) -> Option<RelMap> {
        match database {
            TEMPLATE1 => Some(RelMap::Fixed(16384)),
            TEMPLATE0 => Some(RelMap::Fixed(2 * 16384)),
            POSTGRES_DB => Some(RelMap::Fixed(3 * 16384)),
            _ => None,
        }
    }

    /// The storage id of a catalog or catalog index that is not shared.
    pub fn storage_id(&self, relation: Oid) -> PgResult<u32> {
        match self {
            RelMap::Fixed(base) => Ok(base + relation.0),
            RelMap::Table(map) => map.get(&relation).copied().ok_or_else(|| {
                PgError::internal(format!("relation {relation} is not in the relation map"))
            }),
        }
    }

    /// Bytes under [`map_key`].
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            RelMap::Fixed(base) => base.to_be_bytes().to_vec(),
            RelMap::Table(map) => {
                let mut pairs: Vec<_> = map.iter().collect();
                pairs.sort_unstable();
                let pair = |(oid, sid): (&Oid, &u32)| [oid.0.to_be_bytes(), sid.to_be_bytes()];
                pairs.into_iter().flat_map(pair).flatten().collect()
            }
        }
    }

    /// Reads [`RelMap::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> RelMap {
        let word = |b: &[u8]| b.first_chunk().map_or(0, |c| u32::from_be_bytes(*c));
        if bytes.len() == 4 {
            return RelMap::Fixed(word(bytes));
        }
        let pairs = bytes.chunks_exact(8).map(|pair| (Oid(word(pair)), word(&pair[4..])));
        RelMap::Table(pairs.collect())
    }
}

/// Every relation whose storage a map holds: catalogs of a database, their indexes and toast tables.
pub fn mapped_relations() -> impl Iterator<Item = Oid> {
    crate::schema::CATALOGS
        .iter()
        .filter(|c: &&CatalogSchema| !c.shared)
        .flat_map(|c| std::iter::once(c.relid).chain(c.indexes.iter().map(|i| i.oid)))
}
