//! Bootstrap, lookups and visibility over the in-memory engine.
use crate::image::{Image, POSTGRES_DB, TEMPLATE1};
use crate::schema::*;
use crate::*;
use std::sync::Arc;
use txn::{Store, StoreOptions};
use types::{Datum, Oid, PhysType, type_oid as t};

pub(crate) fn store() -> Arc<Store> {
    let engine: Arc<dyn txn::Engine> = Arc::new(kv::MemEngine::new());
    bootstrap(engine.as_ref()).unwrap();
    assert!(is_bootstrapped(engine.as_ref()).unwrap());
    Store::open(engine, StoreOptions::default()).unwrap()
}

pub(crate) fn begin(catalog: &Catalog, store: &Arc<Store>) -> Arc<txn::Transaction> {
    let txn = store.begin_internal();
    catalog.set_transaction(Some(txn.clone())).unwrap();
    txn
}

fn check_lookups(catalog: &Catalog) {
    let int4 = catalog.get_type(t::INT4).unwrap();
    assert_eq!((int4.name.as_str(), int4.phys), ("int4", PhysType::Int4));
    assert_eq!(catalog.type_in_path("text").unwrap().unwrap().oid, t::TEXT);
    assert_eq!(catalog.get_type(Oid(1003)).unwrap().phys, PhysType::Array);
    let abs = catalog.procs_by_name("abs").unwrap();
    assert_eq!(abs.len(), 6);
    assert!(abs.windows(2).all(|w| w[0].oid < w[1].oid));
    assert_eq!(catalog.get_proc(Oid(1215)).unwrap().argnames.len(), 0);
    let plus = catalog.operators_by_name("+").unwrap();
    assert!(plus.iter().any(|o| o.left == t::INT4 && o.right == t::INT4));
    let cast = catalog.lookup_cast(t::INT4, t::INT8).unwrap().unwrap();
    assert_eq!((cast.context, cast.method), ('i', 'f'));
    let default = catalog.default_opclass(t::VARCHAR, Oid(403)).unwrap().unwrap();
    assert_eq!(default.intype, t::TEXT);
    assert_eq!(
        catalog.default_opclass(t::INT4_ARRAY, Oid(403)).unwrap().unwrap().intype,
        t::ANYARRAY
    );
    let class = catalog.get_relation(pg_class::RELID).unwrap();
    assert_eq!(class.attrs.len(), pg_class::NATTS);
    assert_eq!(class.indexes.len(), 3);
    assert!(class.physical.is_some());
    assert_eq!(class.attr_by_name("relacl").unwrap().phys, PhysType::Array);
    assert_eq!(catalog.lookup_namespace("public").unwrap(), Some(Oid(2200)));
    assert_eq!(*catalog.search_path(), [Oid(11), Oid(2200)]);
    assert_eq!(catalog.creation_namespace().unwrap(), Oid(2200));
    assert_eq!(catalog.relation_in_path("pg_type").unwrap(), Some(pg_type::RELID));
    assert!(catalog.lookup_role_by_name("postgres").unwrap().unwrap().superuser);
    assert_eq!(catalog.lookup_database_by_name("template1").unwrap().unwrap().oid, TEMPLATE1);
    assert_eq!(catalog.lookup_am("btree").unwrap(), Some((Oid(403), 'i')));
    assert!(!catalog.enum_labels(t::INT4).unwrap().iter().any(|_| true));
    let collation = catalog.lookup_collation_by_name(Oid(11), "C").unwrap().unwrap();
    assert_eq!(collation.oid, Oid(950));
    assert_eq!(catalog.lookup_range(t::INT4RANGE).unwrap().unwrap().subtype, t::INT4);
    let domain = catalog.get_type(Oid(13241)).unwrap();
    assert_eq!((domain.typtype, domain.phys), ('d', PhysType::Int4));
}

#[test]
fn lookups_in_memory() {
    check_lookups(&Catalog::in_memory());
}

#[test]
fn lookups_in_the_key_space() {
    let store = store();
    let catalog = Catalog::new(CatalogShared::open(store.clone()), POSTGRES_DB);
    let _txn = begin(&catalog, &store);
    check_lookups(&catalog);
    // From the cache too.
    check_lookups(&catalog);
}

#[test]
fn every_fact_is_a_row() {
    let store = store();
    let catalog = Catalog::new(CatalogShared::open(store.clone()), TEMPLATE1);
    let _txn = begin(&catalog, &store);
    let facts = |name: &str| {
        let path = format!("{}/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
        crate::csv::Facts::parse(&std::fs::read_to_string(path).unwrap()).records.len()
    };
    for catalog_schema in CATALOGS {
        let rows = catalog.all_rows(catalog_schema.relid).unwrap().len();
        assert_eq!(rows, Image::get().rows(catalog_schema.relid).len(), "{}", catalog_schema.name);
    }
    for (name, relid) in [
        ("pg_operator", pg_operator::RELID),
        ("pg_cast", pg_cast::RELID),
        ("pg_amop", pg_amop::RELID),
        ("pg_amproc", pg_amproc::RELID),
        ("pg_aggregate", pg_aggregate::RELID),
        ("pg_index", pg_index::RELID),
        ("pg_opclass", pg_opclass::RELID),
        ("pg_ts_config_map", pg_ts_config_map::RELID),
        ("relations", pg_class::RELID),
    ] {
        assert_eq!(catalog.all_rows(relid).unwrap().len(), facts(name), "{name}");
    }
    // PostgreSQL 18 has 3161 of these in a fresh database.
    assert_eq!(catalog.all_rows(pg_attribute::RELID).unwrap().len(), 3161);
    assert_eq!(catalog.all_rows(pg_type::RELID).unwrap().len(), 621);
    assert_eq!(catalog.all_rows(pg_proc::RELID).unwrap().len(), 3413);
}

#[test]
fn indexes_match_their_heaps() {
    let store = store();
    let catalog = Catalog::new(CatalogShared::open(store.clone()), POSTGRES_DB);
    let txn = begin(&catalog, &store);
    for schema in CATALOGS {
        let layout = crate::layout::of_database(catalog.shared(), &txn, POSTGRES_DB).unwrap();
        let parts = layout.catalog(schema.relid).unwrap();
        for (index, entries) in &parts.indexes {
            let problems = table::check_index(
                &txn,
                &txn.latest_snapshot(),
                &parts.heap,
                entries,
                &mut |row, large| {
                    let key = index.keys.iter().map(|k| row.get(*k, large));
                    key.collect::<Result<Vec<_>, _>>().map(Some)
                },
            );
            assert_eq!(problems.unwrap(), Vec::<String>::new(), "{}", index.name);
        }
    }
}

fn namespace_row(catalog: &Catalog, name: &str) -> Vec<Datum> {
    let oid = catalog.alloc_oid(pg_namespace::RELID).unwrap();
    vec![Datum::Oid(oid), Datum::text(name), Datum::Oid(Oid(10)), Datum::Null]
}

#[test]
fn changes_are_seen_by_their_transaction_then_by_all() {
    let store = store();
    let shared = CatalogShared::open(store.clone());
    let (a, b) = (Catalog::new(shared.clone(), POSTGRES_DB), Catalog::new(shared, POSTGRES_DB));
    let ta = begin(&a, &store);
    let _tb = begin(&b, &store);
    // Both have cached that it is not there.
    assert_eq!(a.lookup_namespace("s").unwrap(), None);
    assert_eq!(b.lookup_namespace("s").unwrap(), None);
    let before = b.catalog_version();
    assert_eq!(a.local_version(), 0);
    a.insert_row(pg_namespace::RELID, &namespace_row(&a, "s")).unwrap();
    assert_ne!(a.local_version(), 0);
    let oid = a.lookup_namespace("s").unwrap();
    assert!(oid.is_some());
    assert_eq!(b.lookup_namespace("s").unwrap(), None);
    ta.commit().unwrap();
    a.set_transaction(None).unwrap();
    assert_eq!(b.lookup_namespace("s").unwrap(), oid);
    assert_ne!(b.catalog_version(), before);

    // A savepoint takes its changes with it.
    let ta = begin(&a, &store);
    let sub = ta.begin_sub();
    a.insert_row(pg_namespace::RELID, &namespace_row(&a, "t")).unwrap();
    assert!(a.lookup_namespace("t").unwrap().is_some());
    ta.rollback_sub(sub).unwrap();
    a.subtransaction_aborted();
    assert_eq!(a.lookup_namespace("t").unwrap(), None);
    ta.abort();
    a.set_transaction(None).unwrap();
}

#[test]
fn duplicate_keys_are_refused() {
    let store = store();
    let catalog = Catalog::new(CatalogShared::open(store.clone()), POSTGRES_DB);
    let _txn = begin(&catalog, &store);
    let row = namespace_row(&catalog, "public");
    let error = catalog.insert_row(pg_namespace::RELID, &row).unwrap_err();
    assert_eq!(
        error.message(),
        "duplicate key value violates unique constraint \"pg_namespace_nspname_index\""
    );
}

#[test]
fn types_are_formatted() {
    let c = Catalog::in_memory();
    let f = |typ, m| c.format_type(typ, m).unwrap();
    assert_eq!(f(t::VARCHAR, Some(14)), "character varying(10)");
    assert_eq!(f(t::NUMERIC, Some(((10 << 16) | 2) + 4)), "numeric(10,2)");
    assert_eq!(f(t::INT4_ARRAY, None), "integer[]");
    assert_eq!(f(t::BPCHAR, None), "character");
    assert_eq!(f(t::BPCHAR, Some(-1)), "bpchar");
    assert_eq!(f(t::TIMESTAMPTZ, Some(3)), "timestamp(3) with time zone");
    assert_eq!(f(t::CHAR, None), "\"char\"");
    assert_eq!(f(t::NAME, None), "name");
    assert_eq!(f(Oid(13254), None), "information_schema.yes_or_no");
    assert_eq!(f(Oid(99999), None), "???");
}

#[test]
fn definitions_of_views_parse() {
    let catalog = Catalog::in_memory();
    let mut views = 0;
    for row in catalog.all_rows(pg_class::RELID).unwrap() {
        let r = crate::decode::Row(&row.values);
        if r.char(pg_class::RELKIND) != 'v' {
            continue;
        }
        let name = r.text(pg_class::RELNAME);
        let sql = views::definition(r.oid(pg_class::RELNAMESPACE), &name)
            .unwrap_or_else(|| panic!("{name} has no definition"));
        if let Err(error) = parser::parse(sql, &Default::default()) {
            panic!("{name}: {error:?}");
        }
        views += 1;
    }
    assert_eq!(views, 145);
}

#[test]
fn functions_in_sql_have_bodies_that_parse() {
    const SQL: Oid = Oid(14);
    let catalog = Catalog::in_memory();
    let mut bodies = 0;
    for row in catalog.all_rows(pg_proc::RELID).unwrap() {
        let r = crate::decode::Row(&row.values);
        if r.oid(pg_proc::PROLANG) == SQL {
            let (name, body) = (r.text(pg_proc::PRONAME), r.text(pg_proc::PROSRC));
            assert!(!body.is_empty(), "{name}");
            if let Err(error) = parser::parse(&body, &Default::default()) {
                panic!("{name}: {error:?}");
            }
            bodies += 1;
        }
    }
    assert_eq!(bodies, 61);
}

#[test]
fn unknown_changes_drop_everything() {
    let shared = CatalogShared::in_memory();
    let version = shared.catalog_version();
    shared.apply(&[&Invalidation::everything(POSTGRES_DB)], 7);
    let catalog = Catalog::new(shared, POSTGRES_DB);
    assert_eq!(catalog.relation_version(pg_class::RELID), version + 1);
}

/// Queries read catalogs by their relcache entries, lookups by compiled-in layouts: both must agree.
#[test]
fn entries_of_catalogs_describe_their_storage() {
    let store = store();
    let catalog = Catalog::new(CatalogShared::open(store.clone()), POSTGRES_DB);
    let txn = begin(&catalog, &store);
    let layout = crate::layout::of_database(catalog.shared(), &txn, POSTGRES_DB).unwrap();
    for schema in CATALOGS {
        let desc = catalog.get_relation(schema.relid).unwrap();
        let parts = layout.catalog(schema.relid).unwrap();
        let physical = desc.physical.as_ref().unwrap();
        assert_eq!(physical.sid, parts.heap.desc().sid, "{}", schema.name);
        assert_eq!(physical.layout, parts.heap.desc().layout, "{}", schema.name);
        assert_eq!(desc.indexes.len(), parts.indexes.len(), "{}", schema.name);
        for (index, entries) in &parts.indexes {
            let desc = desc.indexes.iter().find(|i| i.oid == index.oid).unwrap();
            let (a, b) = (&desc.physical, entries.desc());
            assert_eq!(a.sid, b.sid, "{}", index.name);
            assert_eq!((a.unique, a.deferrable), (b.unique, b.deferrable), "{}", index.name);
            let kinds = |d: &table::IndexDesc| {
                d.columns.iter().map(|c| (c.kind.clone(), c.order)).collect::<Vec<_>>()
            };
            assert_eq!(kinds(a), kinds(b), "{}", index.name);
        }
    }
    // A query's scan of a catalog sees what the lookups see.
    let procs = catalog.get_relation(pg_proc::RELID).unwrap();
    let heap = table::Heap::new(procs.physical.clone().unwrap());
    let mut scan = heap.scan(&txn, &txn.latest_snapshot()).unwrap();
    let mut rows = 0;
    while scan.advance().unwrap() {
        rows += 1;
    }
    assert_eq!(rows, 3413);
}

#[test]
fn every_relation_can_be_described() {
    let catalog = Catalog::in_memory();
    for row in catalog.all_rows(pg_class::RELID).unwrap() {
        let r = crate::decode::Row(&row.values);
        let oid = r.oid(pg_class::OID);
        // Views need a compiler.
        if r.char(pg_class::RELKIND) != 'v' {
            catalog.get_relation(oid).unwrap();
        }
        catalog.describe_object(ObjectAddress::relation(oid)).unwrap();
    }
    for typ in catalog.all_rows(pg_type::RELID).unwrap() {
        let oid = typ.oid(pg_type::OID);
        catalog.get_type(oid).unwrap();
        catalog.format_type(oid, None).unwrap();
    }
    for proc in catalog.all_rows(pg_proc::RELID).unwrap() {
        catalog.describe_object(ObjectAddress::proc_(proc.oid(pg_proc::OID))).unwrap();
    }
    for class in
        [pg_operator::RELID, pg_opclass::RELID, pg_amop::RELID, pg_amproc::RELID, pg_cast::RELID]
    {
        for row in catalog.all_rows(class).unwrap() {
            catalog.describe_object(ObjectAddress::new(class, row.oid(0))).unwrap();
        }
    }
}

/// Readers fill the shared cache while commits empty it: once a commit has returned, nobody sees what was
/// there before it.
#[test]
fn no_reader_is_behind_a_finished_commit() {
    use std::sync::atomic::{AtomicI32, Ordering};
    const COMMITS: i32 = 200;
    let store = store();
    let shared = CatalogShared::open(store.clone());
    let committed = AtomicI32::new(0);
    let public = Oid(2200);
    let read = |catalog: &Catalog| {
        let _txn = begin(catalog, &store);
        let row = catalog.lookup_namespace_row(public).unwrap().unwrap();
        catalog.set_transaction(None).unwrap();
        row.owner.0 as i32 - 100_000
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let catalog = Catalog::new(shared.clone(), POSTGRES_DB);
                while committed.load(Ordering::SeqCst) < COMMITS {
                    let floor = committed.load(Ordering::SeqCst);
                    if floor > 0 {
                        assert!(read(&catalog) >= floor);
                    }
                }
            });
        }
        let catalog = Catalog::new(shared.clone(), POSTGRES_DB);
        for i in 1..=COMMITS {
            let txn = begin(&catalog, &store);
            let owner = Datum::Oid(Oid(100_000 + i as u32));
            let columns = [(pg_namespace::NSPOWNER, owner)];
            catalog.set_by_oid(pg_namespace::RELID, public, &columns).unwrap();
            txn.commit().unwrap();
            catalog.set_transaction(None).unwrap();
            committed.store(i, Ordering::SeqCst);
        }
    });
}
