//! The bootstrap image: every row a new cluster's catalogs start with, from the facts.
use crate::csv::{self, Facts};
use crate::schema::*;
use crate::views;
use std::collections::HashMap;
use std::sync::OnceLock;
use types::{Datum, Oid, type_oid as t};

/// Rows of all catalogs: those of one database and the shared ones.
pub struct Image {
    rows: HashMap<Oid, Vec<Vec<Datum>>>,
}

/// The first superuser.
pub const BOOTSTRAP_SUPERUSER: Oid = Oid(10);
/// The pg_catalog schema.
pub const PG_CATALOG: Oid = Oid(11);
/// The pg_toast schema.
pub const PG_TOAST: Oid = Oid(99);
/// The public schema.
pub const PG_PUBLIC: Oid = Oid(2200);
/// The information_schema schema.
pub const INFORMATION_SCHEMA: Oid = Oid(13227);
/// The database template1.
pub const TEMPLATE1: Oid = Oid(1);
/// The database template0.
pub const TEMPLATE0: Oid = Oid(4);
/// The database postgres.
pub const POSTGRES_DB: Oid = Oid(5);
const DEFAULT_TABLESPACE: Oid = Oid(1663);
const GLOBAL_TABLESPACE: Oid = Oid(1664);
const C_COLLATION: Oid = Oid(950);

impl Image {
    /// The image, built at first use.
    pub fn get() -> &'static Image {
        static IMAGE: OnceLock<Image> = OnceLock::new();
        IMAGE.get_or_init(build)
    }

    /// The rows of a catalog.
    pub fn rows(&self, relid: Oid) -> &[Vec<Datum>] {
        self.rows.get(&relid).map_or(&[], Vec::as_slice)
    }
}

macro_rules! facts {
    ($name:literal) => {
        Facts::parse(include_str!(concat!("../data/", $name, ".csv")))
    };
}

/// What a type says about the columns that have it.
struct TypeFacts {
    len: i16,
    byval: bool,
    align: u8,
    storage: u8,
    collation: Oid,
    is_array: bool,
}

struct Builder {
    image: Image,
    types: HashMap<Oid, TypeFacts>,
    acls: HashMap<(Oid, Oid, i64), String>,
}

fn schema(relid: Oid) -> &'static CatalogSchema {
    CatalogSchema::get(relid).expect("invariant: the catalog is one of the facts")
}

fn oid_of(text: &str) -> Oid {
    Oid(text.parse().unwrap_or(0))
}

impl Builder {
    /// Rows of a catalog from facts whose header names its columns; what the facts leave out comes from
    /// `rest` (by column name), else it is NULL.
    fn load(&mut self, relid: Oid, facts: &Facts, rest: &dyn Fn(&str) -> Datum) {
        let schema = schema(relid);
        let places: Vec<Option<usize>> =
            schema.columns.iter().map(|c| facts.column(c.name)).collect();
        let rows = self.image.rows.entry(relid).or_default();
        for record in &facts.records {
            let row = schema.columns.iter().zip(&places).map(|(column, place)| match place {
                Some(at) => match &record[*at] {
                    Some(text) => csv::datum(column.typ, text),
                    None if column.not_null => csv::datum(column.typ, ""),
                    None => Datum::Null,
                },
                None => rest(column.name),
            });
            rows.push(row.collect());
        }
    }

    fn acl(&self, class: Oid, object: Oid, sub: i64) -> Datum {
        self.acls
            .get(&(class, object, sub))
            .map_or(Datum::Null, |text| csv::datum(t::ACLITEM_ARRAY, text))
    }

    fn push(&mut self, relid: Oid, row: Vec<Datum>) {
        debug_assert_eq!(row.len(), schema(relid).columns.len());
        self.image.rows.entry(relid).or_default().push(row);
    }
}

fn build() -> Image {
    let acl_facts = facts!("initial_acl");
    let acls = acl_facts
        .records
        .iter()
        .map(|r| {
            let field = |i: usize| r[i].clone().unwrap_or_default();
            ((oid_of(&field(0)), oid_of(&field(1)), field(2).parse().unwrap_or(0)), field(3))
        })
        .collect();
    let mut b = Builder { image: Image { rows: HashMap::new() }, types: HashMap::new(), acls };
    load_types(&mut b);
    load_procs(&mut b);
    load_plain(&mut b);
    load_namespaces(&mut b);
    load_relations(&mut b);
    load_constraints(&mut b);
    load_init_privs(&mut b);
    load_databases(&mut b);
    b.load(pg_description::RELID, &facts!("pg_description"), &|_| Datum::Null);
    b.load(pg_shdescription::RELID, &facts!("pg_shdescription"), &|_| Datum::Null);
    count_rows(&mut b);
    b.image
}

/// Planner statistics of the catalogs: the rows they start with, on about as many pages as PostgreSQL's.
fn count_rows(b: &mut Builder) {
    const BYTES_PER_PAGE: usize = 8000;
    let mut counts: HashMap<Oid, (usize, i32)> = HashMap::new();
    for catalog in CATALOGS {
        let rows = b.image.rows(catalog.relid).len();
        let width = 40 + 8 * catalog.columns.len();
        counts.insert(catalog.relid, (rows, (rows * width).div_ceil(BYTES_PER_PAGE) as i32));
        for index in catalog.indexes {
            let pages = 1 + (rows * 40).div_ceil(BYTES_PER_PAGE) as i32;
            counts.insert(index.oid, (rows, pages));
        }
    }
    for row in b.image.rows.get_mut(&pg_class::RELID).into_iter().flatten() {
        if let Some((rows, pages)) = counts.get(&row[pg_class::OID].as_oid()) {
            row[pg_class::RELTUPLES] = Datum::Float4(*rows as f32);
            row[pg_class::RELPAGES] = Datum::Int4(*pages);
            if matches!(row[pg_class::RELKIND], Datum::Char(b'r')) {
                row[pg_class::RELALLVISIBLE] = Datum::Int4(*pages);
            }
        }
    }
}

fn load_types(b: &mut Builder) {
    let facts = Facts::parse(include_str!("../../types/data/pg_type.csv"));
    b.load(pg_type::RELID, &facts, &|_| Datum::Null);
    for row in b.image.rows(pg_type::RELID) {
        let is_array =
            row[pg_type::TYPELEM].as_oid().is_valid() && row[pg_type::TYPLEN].as_i16() == -1;
        b.types.insert(
            row[pg_type::OID].as_oid(),
            TypeFacts {
                len: row[pg_type::TYPLEN].as_i16(),
                byval: row[pg_type::TYPBYVAL].as_bool(),
                align: row[pg_type::TYPALIGN].as_char(),
                storage: row[pg_type::TYPSTORAGE].as_char(),
                collation: row[pg_type::TYPCOLLATION].as_oid(),
                is_array,
            },
        );
    }
}

fn load_procs(b: &mut Builder) {
    let mut facts = facts!("pg_proc");
    let lang = facts.column("prolang").expect("invariant: facts of pg_proc have prolang");
    for record in &mut facts.records {
        let oid = match record[lang].as_deref() {
            Some("c") => "13",
            Some("sql") => "14",
            _ => "12",
        };
        record[lang] = Some(oid.into());
    }
    b.load(pg_proc::RELID, &facts, &|column| match column {
        "pronamespace" => Datum::Oid(PG_CATALOG),
        "proowner" => Datum::Oid(BOOTSTRAP_SUPERUSER),
        _ => Datum::Null,
    });
    let extra = facts!("pg_proc_information_schema");
    b.load(pg_proc::RELID, &extra, &|column| match column {
        "pronamespace" => Datum::Oid(INFORMATION_SCHEMA),
        "proowner" => Datum::Oid(BOOTSTRAP_SUPERUSER),
        "prolang" => Datum::Oid(Oid(14)),
        "procost" => Datum::Float4(100.0),
        "provariadic" => Datum::Oid(Oid::INVALID),
        "prokind" => Datum::Char(b'f'),
        "prosecdef" | "proleakproof" => Datum::Bool(false),
        "proisstrict" => Datum::Bool(true),
        "pronargdefaults" => Datum::Int2(0),
        _ => Datum::Null,
    });
    let mut defaults: HashMap<Oid, String> = HashMap::new();
    for r in &facts!("function_defaults").records {
        if let (Some(oid), Some(sql)) = (&r[0], &r[2]) {
            defaults.insert(oid_of(oid), sql.clone());
        }
    }
    // Bodies of the functions written in SQL.
    let mut bodies: HashMap<Oid, String> = HashMap::new();
    for r in &facts!("sql_functions").records {
        if let (Some(oid), Some(sql)) = (&r[0], &r[1]) {
            bodies.insert(oid_of(oid), sql.clone());
        }
    }
    let acls = std::mem::take(&mut b.acls);
    for row in b.image.rows.get_mut(&pg_proc::RELID).into_iter().flatten() {
        let oid = row[pg_proc::OID].as_oid();
        if let Some(sql) = bodies.get(&oid) {
            row[pg_proc::PROSRC] = Datum::text(sql);
        }
        if let Some(sql) = defaults.get(&oid) {
            row[pg_proc::PROARGDEFAULTS] = Datum::text(&views::stored_sql(sql));
        }
        if let Some(acl) = acls.get(&(pg_proc::RELID, oid, 0)) {
            row[pg_proc::PROACL] = csv::datum(t::ACLITEM_ARRAY, acl);
        }
    }
    b.acls = acls;
}

/// Catalogs whose facts are complete but for columns that start out NULL.
fn load_plain(b: &mut Builder) {
    let null = |_: &str| Datum::Null;
    b.load(pg_operator::RELID, &facts!("pg_operator"), &null);
    b.load(pg_cast::RELID, &facts!("pg_cast"), &null);
    b.load(pg_opclass::RELID, &facts!("pg_opclass"), &null);
    b.load(pg_opfamily::RELID, &facts!("pg_opfamily"), &null);
    b.load(pg_amop::RELID, &facts!("pg_amop"), &null);
    b.load(pg_amproc::RELID, &facts!("pg_amproc"), &null);
    b.load(pg_aggregate::RELID, &facts!("pg_aggregate"), &null);
    b.load(pg_am::RELID, &facts!("pg_am"), &null);
    b.load(pg_language::RELID, &facts!("pg_language"), &null);
    b.load(pg_authid::RELID, &facts!("pg_authid"), &null);
    b.load(pg_auth_members::RELID, &facts!("pg_auth_members"), &null);
    b.load(pg_tablespace::RELID, &facts!("pg_tablespace"), &null);
    b.load(pg_collation::RELID, &facts!("pg_collation"), &null);
    b.load(pg_conversion::RELID, &facts!("pg_conversion"), &null);
    b.load(pg_range::RELID, &facts!("pg_range"), &null);
    b.load(pg_ts_config::RELID, &facts!("pg_ts_config"), &null);
    b.load(pg_ts_config_map::RELID, &facts!("pg_ts_config_map"), &null);
    b.load(pg_ts_dict::RELID, &facts!("pg_ts_dict"), &null);
    b.load(pg_ts_parser::RELID, &facts!("pg_ts_parser"), &null);
    b.load(pg_ts_template::RELID, &facts!("pg_ts_template"), &null);
    b.load(pg_index::RELID, &facts!("pg_index"), &null);
    b.load(Oid(13410), &facts!("sql_features"), &null);
    b.load(Oid(13415), &facts!("sql_implementation_info"), &null);
    b.load(Oid(13420), &facts!("sql_parts"), &null);
    b.load(Oid(13425), &facts!("sql_sizing"), &null);
    b.push(
        pg_extension::RELID,
        vec![
            Datum::Oid(Oid(13577)),
            Datum::text("plpgsql"),
            Datum::Oid(BOOTSTRAP_SUPERUSER),
            Datum::Oid(PG_CATALOG),
            Datum::Bool(false),
            Datum::text("1.0"),
            Datum::Null,
            Datum::Null,
        ],
    );
}

fn load_namespaces(b: &mut Builder) {
    let rows = [
        (PG_CATALOG, "pg_catalog", 10, "{postgres=UC/postgres,=U/postgres}"),
        (PG_TOAST, "pg_toast", 10, ""),
        (
            PG_PUBLIC,
            "public",
            6171,
            "{pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}",
        ),
        (INFORMATION_SCHEMA, "information_schema", 10, "{postgres=UC/postgres,=U/postgres}"),
    ];
    for (oid, name, owner, acl) in rows {
        let acl = if acl.is_empty() { Datum::Null } else { csv::datum(t::ACLITEM_ARRAY, acl) };
        let row = vec![Datum::Oid(oid), Datum::text(name), Datum::Oid(Oid(owner)), acl];
        b.push(pg_namespace::RELID, row);
    }
}

fn load_relations(b: &mut Builder) {
    let facts = facts!("relations");
    let mut indexed: HashMap<Oid, ()> = HashMap::new();
    let mut index_of: HashMap<Oid, Vec<Datum>> = HashMap::new();
    for row in b.image.rows(pg_index::RELID) {
        indexed.insert(row[pg_index::INDRELID].as_oid(), ());
        index_of.insert(row[pg_index::INDEXRELID].as_oid(), row.clone());
    }
    let toast: HashMap<String, Oid> = facts
        .records
        .iter()
        .filter(|r| r[3].as_deref() == Some("t"))
        .map(|r| (r[2].clone().unwrap_or_default(), oid_of(r[0].as_deref().unwrap_or(""))))
        .collect();
    let columns = load_columns();
    let mut tables: Vec<Relation> = Vec::new();
    for r in &facts.records {
        let field = |i: usize| r[i].as_deref().unwrap_or("");
        tables.push(Relation {
            oid: oid_of(field(0)),
            namespace: match field(1) {
                "pg_catalog" => PG_CATALOG,
                "pg_toast" => PG_TOAST,
                _ => INFORMATION_SCHEMA,
            },
            name: field(2).to_string(),
            kind: field(3).bytes().next().unwrap_or(b'r'),
            reltype: oid_of(field(4)),
            am: oid_of(field(5)),
            shared: field(6) == "t",
            natts: field(7).parse().unwrap_or(0),
        });
    }
    let view_collations: HashMap<(Oid, i16), Oid> = facts!("view_collations")
        .records
        .iter()
        .map(|r| {
            let field = |i: usize| r[i].as_deref().unwrap_or("");
            ((oid_of(field(0)), field(1).parse().unwrap_or(0)), oid_of(field(2)))
        })
        .collect();
    for rel in &tables {
        let has_index = indexed.contains_key(&rel.oid);
        let toast_oid = toast.get(&format!("pg_toast_{}", rel.oid)).copied().unwrap_or_default();
        push_class(b, rel, has_index, toast_oid);
        push_attributes(b, rel, &columns, &index_of, &view_collations);
    }
    push_view_rules(b, &tables);
}

struct Relation {
    oid: Oid,
    namespace: Oid,
    name: String,
    kind: u8,
    reltype: Oid,
    am: Oid,
    shared: bool,
    natts: i16,
}

type Columns = HashMap<(String, String), Vec<(String, Oid, bool)>>;

fn load_columns() -> Columns {
    let mut columns: Columns = HashMap::new();
    for r in facts!("columns").records {
        let mut r = r.into_iter().map(Option::unwrap_or_default);
        let (nsp, rel) = (r.next().unwrap_or_default(), r.next().unwrap_or_default());
        let rest: Vec<String> = r.collect();
        let column = (rest[2].clone(), oid_of(&rest[4]), rest[7] == "t");
        columns.entry((nsp, rel)).or_default().push(column);
    }
    columns
}

fn push_class(b: &mut Builder, rel: &Relation, has_index: bool, toast: Oid) {
    let has_storage = matches!(rel.kind, b'r' | b'i' | b't');
    let is_heap = matches!(rel.kind, b'r' | b't');
    let tablespace = if rel.shared { GLOBAL_TABLESPACE } else { Oid::INVALID };
    let replident = match (rel.kind, rel.namespace) {
        (b'r', INFORMATION_SCHEMA) => b'd',
        _ => b'n',
    };
    let acl = b.acl(pg_class::RELID, rel.oid, 0);
    let mut row = vec![Datum::Null; pg_class::NATTS];
    row[pg_class::OID] = Datum::Oid(rel.oid);
    row[pg_class::RELNAME] = Datum::text(&rel.name);
    row[pg_class::RELNAMESPACE] = Datum::Oid(rel.namespace);
    row[pg_class::RELTYPE] = Datum::Oid(rel.reltype);
    row[pg_class::RELOFTYPE] = Datum::Oid(Oid::INVALID);
    row[pg_class::RELOWNER] = Datum::Oid(BOOTSTRAP_SUPERUSER);
    row[pg_class::RELAM] = Datum::Oid(rel.am);
    // Storage of catalogs is found by OID through the database's relation map.
    row[pg_class::RELFILENODE] = Datum::Oid(if has_storage { rel.oid } else { Oid::INVALID });
    row[pg_class::RELTABLESPACE] = Datum::Oid(tablespace);
    row[pg_class::RELPAGES] = Datum::Int4(if rel.kind == b'i' { 1 } else { 0 });
    row[pg_class::RELTUPLES] = Datum::Float4(if rel.kind == b'i' { 0.0 } else { -1.0 });
    row[pg_class::RELALLVISIBLE] = Datum::Int4(0);
    row[pg_class::RELALLFROZEN] = Datum::Int4(0);
    row[pg_class::RELTOASTRELID] = Datum::Oid(toast);
    row[pg_class::RELHASINDEX] = Datum::Bool(has_index);
    row[pg_class::RELISSHARED] = Datum::Bool(rel.shared);
    row[pg_class::RELPERSISTENCE] = Datum::Char(b'p');
    row[pg_class::RELKIND] = Datum::Char(rel.kind);
    row[pg_class::RELNATTS] = Datum::Int2(rel.natts);
    row[pg_class::RELCHECKS] = Datum::Int2(0);
    row[pg_class::RELHASRULES] = Datum::Bool(rel.kind == b'v');
    row[pg_class::RELHASTRIGGERS] = Datum::Bool(false);
    row[pg_class::RELHASSUBCLASS] = Datum::Bool(false);
    row[pg_class::RELROWSECURITY] = Datum::Bool(false);
    row[pg_class::RELFORCEROWSECURITY] = Datum::Bool(false);
    row[pg_class::RELISPOPULATED] = Datum::Bool(true);
    row[pg_class::RELREPLIDENT] = Datum::Char(replident);
    row[pg_class::RELISPARTITION] = Datum::Bool(false);
    row[pg_class::RELREWRITE] = Datum::Oid(Oid::INVALID);
    row[pg_class::RELFROZENXID] = Datum::Oid(Oid(if is_heap { 3 } else { 0 }));
    row[pg_class::RELMINMXID] = Datum::Oid(Oid(if is_heap { 1 } else { 0 }));
    row[pg_class::RELACL] = acl;
    if matches!(rel.name.as_str(), "pg_stats" | "pg_stats_ext" | "pg_stats_ext_exprs") {
        row[pg_class::RELOPTIONS] = csv::text_array(&["security_barrier=true"]);
    }
    b.push(pg_class::RELID, row);
}

fn push_attributes(
    b: &mut Builder,
    rel: &Relation,
    columns: &Columns,
    index_of: &HashMap<Oid, Vec<Datum>>,
    view_collations: &HashMap<(Oid, i16), Oid>,
) {
    let toast = || {
        vec![
            ("chunk_id".to_string(), t::OID, false),
            ("chunk_seq".to_string(), t::INT4, false),
            ("chunk_data".to_string(), t::BYTEA, false),
        ]
    };
    let schema_name = if rel.namespace == PG_CATALOG { "pg_catalog" } else { "information_schema" };
    let list: Vec<(String, Oid, bool)> = match rel.kind {
        b't' => toast(),
        b'i' => {
            let index = &index_of[&rel.oid];
            let table = index[pg_index::INDRELID].as_oid();
            let base: Vec<(String, Oid, bool)> = match CatalogSchema::get(table) {
                Some(s) => s.columns.iter().map(|c| (c.name.to_string(), c.typ, false)).collect(),
                None => toast(),
            };
            let keys = index[pg_index::INDKEY].as_array();
            keys.elems
                .iter()
                .map(|k| {
                    let (name, typ, _) = base[k.as_i16() as usize - 1].clone();
                    // name_ops keeps cstrings.
                    (name, if typ == t::NAME { t::CSTRING } else { typ }, false)
                })
                .collect()
        }
        _ => columns.get(&(schema_name.into(), rel.name.clone())).cloned().unwrap_or_default(),
    };
    if matches!(rel.kind, b'r' | b't') {
        for (num, name, typ) in SYSTEM_COLUMNS {
            push_attribute(b, rel.oid, *num, name, *typ, true, Oid::INVALID, None, false);
        }
    }
    for (i, (name, typ, not_null)) in list.iter().enumerate() {
        let num = i as i16 + 1;
        let declared = b.types.get(typ).map_or(Oid::INVALID, |f| f.collation);
        let collation = match view_collations.get(&(rel.oid, num)) {
            Some(collation) => *collation,
            None if *typ == t::CSTRING => C_COLLATION,
            // Catalogs are collated C whatever the database's default is.
            None if declared.is_valid() && rel.kind != b'v' && rel.namespace == PG_CATALOG => {
                C_COLLATION
            }
            None => declared,
        };
        let storage = (rel.kind == b't').then_some(b'p');
        // Views are made without looking at dimensions.
        let dims = rel.kind != b'v';
        push_attribute(b, rel.oid, num, name, *typ, *not_null, collation, storage, dims);
    }
}

/// System columns: number, name, type.
pub const SYSTEM_COLUMNS: &[(i16, &str, Oid)] = &[
    (-1, "ctid", t::TID),
    (-2, "xmin", t::XID),
    (-3, "cmin", t::CID),
    (-4, "xmax", t::XID),
    (-5, "cmax", t::CID),
    (-6, "tableoid", t::OID),
];

fn push_attribute(
    b: &mut Builder,
    relid: Oid,
    num: i16,
    name: &str,
    typ: Oid,
    not_null: bool,
    collation: Oid,
    storage: Option<u8>,
    counts_dims: bool,
) {
    let facts = b.types.get(&typ);
    let acl = b.acl(pg_attribute::RELID, relid, i64::from(num));
    let facts = match facts {
        Some(f) => (f.len, f.byval, f.align, storage.unwrap_or(f.storage), f.is_array),
        None => (-1, false, b'i', b'x', false),
    };
    let (len, byval, align, storage, is_array) = facts;
    let mut row = vec![Datum::Null; pg_attribute::NATTS];
    row[pg_attribute::ATTRELID] = Datum::Oid(relid);
    row[pg_attribute::ATTNAME] = Datum::text(name);
    row[pg_attribute::ATTTYPID] = Datum::Oid(typ);
    row[pg_attribute::ATTLEN] = Datum::Int2(len);
    row[pg_attribute::ATTNUM] = Datum::Int2(num);
    row[pg_attribute::ATTTYPMOD] = Datum::Int4(-1);
    row[pg_attribute::ATTNDIMS] = Datum::Int2(i16::from(is_array && counts_dims));
    row[pg_attribute::ATTBYVAL] = Datum::Bool(byval);
    row[pg_attribute::ATTALIGN] = Datum::Char(align);
    row[pg_attribute::ATTSTORAGE] = Datum::Char(storage);
    row[pg_attribute::ATTCOMPRESSION] = Datum::Char(0);
    row[pg_attribute::ATTNOTNULL] = Datum::Bool(not_null);
    row[pg_attribute::ATTHASDEF] = Datum::Bool(false);
    row[pg_attribute::ATTHASMISSING] = Datum::Bool(false);
    row[pg_attribute::ATTIDENTITY] = Datum::Char(0);
    row[pg_attribute::ATTGENERATED] = Datum::Char(0);
    row[pg_attribute::ATTISDROPPED] = Datum::Bool(false);
    row[pg_attribute::ATTISLOCAL] = Datum::Bool(true);
    row[pg_attribute::ATTINHCOUNT] = Datum::Int2(0);
    row[pg_attribute::ATTCOLLATION] = Datum::Oid(collation);
    row[pg_attribute::ATTACL] = acl;
    b.push(pg_attribute::RELID, row);
}

fn push_view_rules(b: &mut Builder, tables: &[Relation]) {
    let names: HashMap<Oid, (&str, Oid)> =
        tables.iter().map(|r| (r.oid, (r.name.as_str(), r.namespace))).collect();
    for r in &facts!("pg_rewrite").records {
        let oid = oid_of(r[0].as_deref().unwrap_or(""));
        let view = oid_of(r[1].as_deref().unwrap_or(""));
        let Some((name, namespace)) = names.get(&view) else { continue };
        if *name == "pg_settings" && oid.0 != first_rule(view) {
            push_settings_rule(b, oid, view);
            continue;
        }
        let action = views::definition(*namespace, name).map(views::stored_sql);
        let row = vec![
            Datum::Oid(oid),
            Datum::text("_RETURN"),
            Datum::Oid(view),
            Datum::Char(b'1'),
            Datum::Char(b'O'),
            Datum::Bool(true),
            Datum::text("<>"),
            Datum::text(action.as_deref().unwrap_or(views::MISSING)),
        ];
        b.push(pg_rewrite::RELID, row);
    }
}

/// UPDATE of pg_settings sets the setting and nothing else.
fn push_settings_rule(b: &mut Builder, oid: Oid, view: Oid) {
    let (rule, instead, qual, actions) = match oid.0 - view.0 {
        4 => {
            let (qual, action) = crate::settings_rule::set_config_on_update(view);
            ("pg_settings_u", false, Some(qual), vec![action])
        }
        _ => ("pg_settings_n", true, None, vec![crate::settings_rule::nothing(view)]),
    };
    let stored = |tree: Result<String, error::PgError>| match tree {
        Ok(text) => Datum::text(&text),
        Err(error) => panic!("invariant: a tree of bootstrap can be stored: {error}"),
    };
    let row = vec![
        Datum::Oid(oid),
        Datum::text(rule),
        Datum::Oid(view),
        Datum::Char(b'2'),
        Datum::Char(b'O'),
        Datum::Bool(instead),
        qual.map_or(Datum::text("<>"), |q| stored(nodes::stored::to_stored(&q))),
        stored(nodes::stored::to_stored(&actions)),
    ];
    b.push(pg_rewrite::RELID, row);
}

/// A view's type, array type and first rule follow its own OID.
fn first_rule(view: Oid) -> u32 {
    view.0 + 3
}

fn load_constraints(b: &mut Builder) {
    let none = Datum::Oid(Oid::INVALID);
    let facts = facts!("pg_constraint");
    let mut rows = Vec::new();
    for r in &facts.records {
        let field = |i: usize| r[i].as_deref().unwrap_or("");
        let kind = field(3).bytes().next().unwrap_or(b'u');
        let key: Vec<i16> =
            field(6).split_ascii_whitespace().filter_map(|k| k.parse().ok()).collect();
        let mut row = vec![Datum::Null; pg_constraint::NATTS];
        row[pg_constraint::OID] = Datum::Oid(oid_of(field(0)));
        row[pg_constraint::CONNAME] = Datum::text(field(1));
        row[pg_constraint::CONNAMESPACE] = Datum::Oid(oid_of(field(2)));
        row[pg_constraint::CONTYPE] = Datum::Char(kind);
        row[pg_constraint::CONDEFERRABLE] = Datum::Bool(false);
        row[pg_constraint::CONDEFERRED] = Datum::Bool(false);
        row[pg_constraint::CONENFORCED] = Datum::Bool(true);
        row[pg_constraint::CONVALIDATED] = Datum::Bool(true);
        row[pg_constraint::CONRELID] = Datum::Oid(oid_of(field(4)));
        row[pg_constraint::CONTYPID] = none.clone();
        row[pg_constraint::CONINDID] = Datum::Oid(oid_of(field(5)));
        row[pg_constraint::CONPARENTID] = none.clone();
        row[pg_constraint::CONFRELID] = none.clone();
        row[pg_constraint::CONFUPDTYPE] = Datum::Char(b' ');
        row[pg_constraint::CONFDELTYPE] = Datum::Char(b' ');
        row[pg_constraint::CONFMATCHTYPE] = Datum::Char(b' ');
        row[pg_constraint::CONISLOCAL] = Datum::Bool(true);
        row[pg_constraint::CONINHCOUNT] = Datum::Int2(0);
        row[pg_constraint::CONNOINHERIT] = Datum::Bool(kind != b'n');
        row[pg_constraint::CONPERIOD] = Datum::Bool(false);
        row[pg_constraint::CONKEY] = csv::int2_array(&key);
        rows.push(row);
    }
    // The checks of information_schema's domains.
    let checks = [
        (13242, "cardinal_number_domain_check", 13241, "VALUE >= 0"),
        (13255, "yes_or_no_check", 13254, "VALUE IN ('YES', 'NO')"),
    ];
    for (oid, name, typ, check) in checks {
        let mut row = rows[0].clone();
        row[pg_constraint::OID] = Datum::Oid(Oid(oid));
        row[pg_constraint::CONNAME] = Datum::text(name);
        row[pg_constraint::CONNAMESPACE] = Datum::Oid(INFORMATION_SCHEMA);
        row[pg_constraint::CONTYPE] = Datum::Char(b'c');
        row[pg_constraint::CONRELID] = none.clone();
        row[pg_constraint::CONTYPID] = Datum::Oid(Oid(typ));
        row[pg_constraint::CONINDID] = none.clone();
        row[pg_constraint::CONKEY] = Datum::Null;
        row[pg_constraint::CONBIN] = Datum::text(&views::stored_sql(check));
        rows.push(row);
    }
    for row in rows {
        b.push(pg_constraint::RELID, row);
    }
}

fn load_init_privs(b: &mut Builder) {
    // What information_schema's script grants is not initial in this sense.
    let in_information_schema = |class: Oid, object: Oid| {
        class == pg_class::RELID
            && b.image.rows(pg_class::RELID).iter().any(|row| {
                row[pg_class::OID].as_oid() == object
                    && row[pg_class::RELNAMESPACE].as_oid() == INFORMATION_SCHEMA
            })
    };
    let mut rows = Vec::new();
    for ((class, object, sub), acl) in &b.acls {
        // Privileges on a column count as the table's, with the column as sub-object.
        let class = if *class == pg_attribute::RELID { pg_class::RELID } else { *class };
        if !in_information_schema(class, *object) {
            rows.push((class, *object, *sub, acl.clone()));
        }
    }
    for (namespace, acl) in [
        (PG_CATALOG, "{postgres=UC/postgres,=U/postgres}"),
        (PG_PUBLIC, "{pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}"),
    ] {
        rows.push((pg_namespace::RELID, namespace, 0, acl.to_string()));
    }
    rows.sort();
    for (class, object, sub, acl) in rows {
        let row = vec![
            Datum::Oid(object),
            Datum::Oid(class),
            Datum::Int4(sub as i32),
            Datum::Char(b'i'),
            csv::datum(t::ACLITEM_ARRAY, &acl),
        ];
        b.push(pg_init_privs::RELID, row);
    }
}

fn load_databases(b: &mut Builder) {
    let rows = [
        (TEMPLATE1, "template1", true, true),
        (TEMPLATE0, "template0", true, false),
        (POSTGRES_DB, "postgres", false, true),
    ];
    for (oid, name, is_template, allow) in rows {
        let mut row = vec![Datum::Null; pg_database::NATTS];
        row[pg_database::OID] = Datum::Oid(oid);
        row[pg_database::DATNAME] = Datum::text(name);
        row[pg_database::DATDBA] = Datum::Oid(BOOTSTRAP_SUPERUSER);
        row[pg_database::ENCODING] = Datum::Int4(6);
        row[pg_database::DATLOCPROVIDER] = Datum::Char(b'c');
        row[pg_database::DATISTEMPLATE] = Datum::Bool(is_template);
        row[pg_database::DATALLOWCONN] = Datum::Bool(allow);
        row[pg_database::DATHASLOGINEVT] = Datum::Bool(false);
        row[pg_database::DATCONNLIMIT] = Datum::Int4(-1);
        row[pg_database::DATFROZENXID] = Datum::Oid(Oid(3));
        row[pg_database::DATMINMXID] = Datum::Oid(Oid(1));
        row[pg_database::DATTABLESPACE] = Datum::Oid(DEFAULT_TABLESPACE);
        row[pg_database::DATCOLLATE] = Datum::text("C");
        row[pg_database::DATCTYPE] = Datum::text("C");
        if is_template {
            let acl = "{=c/postgres,postgres=CTc/postgres}";
            row[pg_database::DATACL] = csv::datum(t::ACLITEM_ARRAY, acl);
        }
        b.push(pg_database::RELID, row);
    }
}
