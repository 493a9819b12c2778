//! Generates `schema.rs` from the facts: one module of column numbers for each catalog, the OIDs of the
//! catalogs' indexes, and the table of catalog schemas.
use std::{collections::BTreeMap, env, fmt::Write, fs, path::Path};

/// Splits CSV text into records; quotes are dropped, so NULL and empty text are the same here.
fn records(path: &str) -> Vec<Vec<String>> {
    println!("cargo:rerun-if-changed={path}");
    let text = fs::read_to_string(path).expect("facts");
    let mut out = Vec::new();
    for line in text.lines().skip(1) {
        let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(std::mem::take(&mut field)),
                c => field.push(c),
            }
        }
        fields.push(field);
        out.push(fields);
    }
    out
}

struct Column {
    name: String,
    typ: u32,
    not_null: bool,
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let relations = records("data/relations.csv");
    let mut columns: BTreeMap<(String, String), Vec<Column>> = BTreeMap::new();
    for r in records("data/columns.csv") {
        let column = Column {
            name: r[4].clone(),
            typ: r[6].parse().expect("atttypid"),
            not_null: r[9] == "t",
        };
        columns.entry((r[0].clone(), r[1].clone())).or_default().push(column);
    }
    let names: BTreeMap<u32, &str> =
        relations.iter().map(|r| (r[0].parse().expect("oid"), r[2].as_str())).collect();
    let mut indexes: BTreeMap<u32, Vec<Vec<String>>> = BTreeMap::new();
    for r in records("data/pg_index.csv") {
        indexes.entry(r[1].parse().expect("indrelid")).or_default().push(r);
    }

    let (mut modules, mut index_names, mut table) = (String::new(), String::new(), BTreeMap::new());
    for r in relations.iter().filter(|r| r[3] == "r") {
        let oid: u32 = r[0].parse().expect("oid");
        let cols = &columns[&(r[1].clone(), r[2].clone())];
        if r[1] == "pg_catalog" {
            writeln!(
                modules,
                "/// Columns of {} (from 0).\npub mod {} {{ use types::Oid;",
                r[2], r[2]
            )
            .expect("write");
            writeln!(modules, "/// The catalog's OID.\npub const RELID: Oid = Oid({oid});\n/// Number of columns.\npub const NATTS: usize = {};", cols.len()).expect("write");
            for (i, c) in cols.iter().enumerate() {
                writeln!(modules, "pub const {}: usize = {i};", c.name.to_uppercase())
                    .expect("write");
            }
            modules.push_str("}\n");
        }
        let mut entry = format!(
            "CatalogSchema {{ relid: Oid({oid}), name: {:?}, namespace: Oid({}), shared: {}, columns: &[",
            r[2],
            if r[1] == "pg_catalog" { 11 } else { 13227 },
            r[6] == "t"
        );
        for c in cols {
            write!(
                entry,
                "CatalogColumn {{ name: {:?}, typ: Oid({}), not_null: {} }},",
                c.name, c.typ, c.not_null
            )
            .expect("write");
        }
        entry.push_str("], indexes: &[");
        for ix in indexes.get(&oid).into_iter().flatten() {
            let index_oid: u32 = ix[0].parse().expect("indexrelid");
            let name = names[&index_oid];
            writeln!(
                index_names,
                "/// OID of {name}.\npub const {}: Oid = Oid({index_oid});",
                name.to_uppercase()
            )
            .expect("write");
            let keys: Vec<usize> =
                ix[15].split(' ').map(|k| k.parse::<usize>().expect("indkey") - 1).collect();
            write!(
                entry,
                "CatalogIndex {{ oid: Oid({index_oid}), relid: Oid({oid}), name: {name:?}, unique: {}, primary: {}, keys: &{keys:?} }},",
                ix[4] == "t",
                ix[6] == "t"
            )
            .expect("write");
        }
        entry.push_str("] }");
        table.insert(oid, entry);
    }
    let entries: Vec<String> = table.into_values().collect();
    let out = format!(
        "{modules}\n/// OIDs of the catalogs' indexes.\npub mod index {{ use types::Oid;\n{index_names}}}\n/// All catalogs that have rows, by OID.\npub static CATALOGS: &[CatalogSchema] = &[{}];\n",
        entries.join(",\n")
    );
    let dir = env::var("OUT_DIR").expect("OUT_DIR");
    fs::write(Path::new(&dir).join("schema.rs"), out).expect("write schema.rs");
}
