//! Things of the engine that crates above the function manager ask for by type.
use crate::session_core::SessionCore;
use catalog::{RelationDesc, schema};
use error::PgResult;
use settings::Source;
use std::{any::Any, sync::Arc};
use table::sequence::Sequences;
use txn::Store;
use types::{Datum, Oid};

/// The services.
pub(crate) struct Services {
    store: Arc<Store>,
    pub(crate) sequences: Arc<Sequences>,
}

impl Services {
    pub(crate) fn new(store: &Arc<Store>) -> Services {
        Services { store: store.clone(), sequences: Arc::new(Sequences::new(store.clone())) }
    }

    /// By the type's name.
    pub(crate) fn by_type_name(&self, name: &str) -> Option<&(dyn Any + Send + Sync)> {
        if name == std::any::type_name::<Arc<Store>>() {
            Some(&self.store)
        } else if name == std::any::type_name::<Arc<Sequences>>() {
            Some(&self.sequences)
        } else {
            None
        }
    }

    /// Clean shutdown.
    pub(crate) fn close(&self) -> PgResult<()> {
        self.sequences.close()
    }
}

/// Rows of a relation by the size of its storage and the density of its last statistics.
pub(crate) fn estimate_rows(store: &Store, relation: &RelationDesc) -> Option<f64> {
    let bytes = store.approximate_size(txn::StorageId(relation.storage_id)) as f64;
    if relation.rel_tuples > 0.0 && relation.rel_pages > 0 {
        let known = f64::from(relation.rel_tuples);
        let before = f64::from(relation.rel_pages) * 8192.0;
        // Sizes in files are known only roughly: statistics hold until the table has clearly grown.
        return Some(if bytes > before * 1.5 { known * bytes / before } else { known });
    }
    None
}

/// ALTER ROLE … SET and ALTER DATABASE … SET values that apply to a session, weakest first.
pub(crate) fn role_settings(
    core: &Arc<SessionCore>,
    role: Oid,
) -> PgResult<Vec<(String, String, Source)>> {
    let txn = core.engine.store.begin(&core.backend, Default::default());
    core.catalog.set_transaction(Some(txn.clone()))?;
    let mut out = Vec::new();
    let keys = [
        (Oid::INVALID, Oid::INVALID, Source::Global),
        (core.database, Oid::INVALID, Source::Database),
        (Oid::INVALID, role, Source::User),
        (core.database, role, Source::DatabaseUser),
    ];
    for (database, role, source) in keys {
        let key = [Datum::Oid(database), Datum::Oid(role)];
        let index = schema::index::PG_DB_ROLE_SETTING_DATABASEID_ROL_INDEX;
        let Some(row) = core.catalog.row_by_index(index, &key)? else { continue };
        if let Datum::Array(config) = &row.values[schema::pg_db_role_setting::SETCONFIG] {
            for item in &config.elems {
                if let Some((name, value)) = item.as_str().split_once('=') {
                    out.push((name.to_owned(), value.to_owned(), source));
                }
            }
        }
    }
    core.catalog.set_transaction(None)?;
    txn.abort();
    Ok(out)
}
