//! Sizes of whole databases and tablespaces.
use super::{core, scalar};
use catalog::{Catalog, CatalogRead, acl, schema::pg_class};
use error::{PgResult, err};
use fmgr::{CallContext, Registry};
use nodes::acl as bit;
use txn::StorageId;
use types::{Datum, Oid};

const DEFAULT_TABLESPACE: Oid = Oid(1663);
const GLOBAL_TABLESPACE: Oid = Oid(1664);
const PG_READ_ALL_STATS: Oid = Oid(3375);

pub(super) fn register(r: &mut Registry) {
    scalar(r, "pg_database_size_oid", |cx, args| match args[0].as_oid() {
        oid if core(cx)?.catalog.lookup_database(oid)?.is_none() => Ok(Datum::Null),
        oid => checked_database(cx, oid),
    });
    scalar(r, "pg_database_size_name", |cx, args| {
        let name = args[0].as_str();
        match core(cx)?.catalog.lookup_database_by_name(name)? {
            Some(database) => checked_database(cx, database.oid),
            None => Err(err!(UNDEFINED_DATABASE, "database \"{name}\" does not exist")),
        }
    });
    scalar(r, "pg_tablespace_size_oid", |cx, args| tablespace(cx, args[0].as_oid()));
    scalar(r, "pg_tablespace_size_name", |cx, args| {
        let oid = match args[0].as_str() {
            "pg_default" => DEFAULT_TABLESPACE,
            "pg_global" => GLOBAL_TABLESPACE,
            name => {
                return Err(err!(UNDEFINED_OBJECT, "tablespace \"{name}\" does not exist"));
            }
        };
        tablespace(cx, oid)
    });
}

fn checked_database(cx: &CallContext<'_>, oid: Oid) -> PgResult<Datum> {
    let catalog = &core(cx)?.catalog;
    let user = cx.session.current_user();
    if let Some(database) = catalog.lookup_database(oid)?
        && !catalog.has_role_privileges(user, PG_READ_ALL_STATS)?
    {
        acl::check(
            catalog,
            acl::ObjectKind::Database,
            &database.name,
            database.acl.as_deref(),
            database.owner,
            user,
            bit::CONNECT,
        )?;
    }
    storage_size(cx, oid, false).map(Datum::Int8)
}

/// All storage of one database; `shared`: of the catalogs that all of them share instead.
fn storage_size(cx: &CallContext<'_>, database: Oid, shared: bool) -> PgResult<i64> {
    let core = core(cx)?;
    let other;
    let catalog = match database == core.database {
        true => &core.catalog,
        false => {
            other = Catalog::new(core.engine.catalog.clone(), database);
            other.set_transaction(Some(core.txn()?))?;
            &other
        }
    };
    let mut bytes = 0;
    for row in catalog.all_rows(pg_class::RELID)? {
        if row.values[pg_class::RELISSHARED].as_bool() != shared {
            continue;
        }
        let Some(relation) = catalog.relation(row.oid(pg_class::OID))? else { continue };
        let sid = relation.index.as_ref().map_or(relation.storage_id, |i| i.storage_id);
        if sid != 0 {
            bytes += core.engine.store.approximate_size(StorageId(sid)) as i64;
        }
    }
    Ok(bytes)
}

/// There are the two tablespaces that every cluster has.
fn tablespace(cx: &CallContext<'_>, oid: Oid) -> PgResult<Datum> {
    let core = core(cx)?;
    match oid {
        GLOBAL_TABLESPACE => storage_size(cx, core.database, true).map(Datum::Int8),
        DEFAULT_TABLESPACE => {
            let mut bytes = 0;
            for row in core.catalog.all_rows(catalog::schema::pg_database::RELID)? {
                bytes += storage_size(cx, row.oid(0), false)?;
            }
            Ok(Datum::Int8(bytes))
        }
        _ => Ok(Datum::Null),
    }
}
