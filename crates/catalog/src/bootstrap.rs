//! Fills a new cluster: the catalogs of its three databases go to the engine as one sorted file.
use crate::image::{Image, POSTGRES_DB, TEMPLATE0, TEMPLATE1};
use crate::layout::{CatalogLayout, Layout};
use crate::relmap::{RelMap, map_key};
use crate::schema::CATALOGS;
use error::{PgError, PgResult, err};
use table::{KeyEncoder, Rowid};

/// What bootstrap writes as the transaction that made its rows.
const BOOTSTRAP_XID: u64 = 1;
/// Format of the catalogs in storage; a cluster with another one is not opened.
const CATALOG_VERSION: u32 = 202511210;

fn version_key() -> Vec<u8> {
    let mut key = txn::meta::CLUSTER.prefix().to_vec();
    key.push(b'v');
    key
}

/// Whether an engine holds a cluster; an error if it is one of another version.
pub fn is_bootstrapped(engine: &dyn txn::Engine) -> PgResult<bool> {
    let Some(found) = engine.snapshot().get(&version_key())? else { return Ok(false) };
    if found[..] == CATALOG_VERSION.to_be_bytes() {
        return Ok(true);
    }
    let found = found.first_chunk().map_or(0, |b| u32::from_be_bytes(*b));
    Err(err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "database files are incompatible with server")
        .detail(format!(
            "The database cluster was initialized with catalog version {found}, but the server was \
         compiled with catalog version {CATALOG_VERSION}."
        ))
        .hint("It looks like you need to initialize a new cluster."))
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Keys and values of the catalogs that are shared (or not), as `layout` places them.
fn encode(layout: &Layout, shared: bool) -> PgResult<Pairs> {
    let mut pairs: Pairs = Vec::new();
    let mut encoder = KeyEncoder::new();
    for catalog in CATALOGS.iter().filter(|c| c.shared == shared) {
        let parts = layout.catalog(catalog.relid)?;
        for (rowid, row) in Image::get().rows(catalog.relid).iter().enumerate() {
            let rowid = Rowid(rowid as u64);
            let mut put = |key: &[u8], value: &[u8]| {
                pairs.push((key.to_vec(), value.to_vec()));
                Ok(())
            };
            parts.heap.encode_raw(&mut encoder, rowid, BOOTSTRAP_XID, row, &mut put)?;
            for (index, entries) in &parts.indexes {
                let key = CatalogLayout::key_of(index, row);
                entries.encode_raw(&mut encoder, &key, rowid, &mut put)?;
            }
        }
    }
    pairs.sort();
    if let Some(pair) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(PgError::internal(format!("bootstrap has two values for key {:?}", pair[0].0)));
    }
    Ok(pairs)
}

/// Makes an empty engine a cluster with the databases template1, template0 and postgres.
pub fn bootstrap(engine: &dyn txn::Engine) -> PgResult<()> {
    let databases = [TEMPLATE1, TEMPLATE0, POSTGRES_DB];
    let fixed = |database| {
        RelMap::fixed(database)
            .ok_or_else(|| PgError::internal("a database of bootstrap has a fixed map"))
    };
    let mut file = engine.file_writer()?;
    // In key order: relation maps and version, shared catalogs, then each database's.
    let mut meta: Pairs = vec![(version_key(), CATALOG_VERSION.to_be_bytes().to_vec())];
    for database in databases {
        meta.push((map_key(database), fixed(database)?.to_bytes()));
    }
    meta.sort();
    for (key, value) in &meta {
        file.put(key, value)?;
    }
    let first = fixed(TEMPLATE1)?;
    let layout = Layout::new(first.clone())?;
    for (key, value) in encode(&layout, true)? {
        file.put(&key, &value)?;
    }
    let pairs = encode(&layout, false)?;
    let (RelMap::Fixed(first), mut key) = (first, Vec::new()) else {
        return Err(PgError::internal("a database of bootstrap has a fixed map"));
    };
    for database in databases {
        let RelMap::Fixed(base) = fixed(database)? else { continue };
        for (template, value) in &pairs {
            let sid = template.first_chunk().map_or(0, |b| u32::from_be_bytes(*b));
            key.clear();
            key.extend_from_slice(&(sid - first + base).to_be_bytes());
            key.extend_from_slice(&template[4..]);
            file.put(&key, value)?;
        }
    }
    engine.ingest(file.finish()?.into_iter().collect())
}
