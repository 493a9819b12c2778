//! Generates `type_oid` constants from `data/pg_type.csv`.
use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=data/pg_type.csv");
    let csv = fs::read_to_string("data/pg_type.csv").expect("pg_type.csv");
    let mut out = String::new();
    for line in csv.lines().skip(1) {
        let mut f = line.split(',');
        let (Some(oid), Some(name), Some(namespace)) = (f.next(), f.next(), f.next()) else {
            continue;
        };
        // Row types of catalogs and information_schema are reached through their relations.
        if namespace != "11"
            || name.contains('"')
            || name.starts_with("pg_") && name != "pg_lsn" && !PG_TYPES.contains(&name)
            || name.starts_with("_pg_")
        {
            continue;
        }
        let ident = match name.strip_prefix('_') {
            Some(elem) => format!("{}_ARRAY", elem.to_uppercase()),
            None => name.to_uppercase(),
        };
        out.push_str(&format!("/// OID of `{name}`.\npub const {ident}: Oid = Oid({oid});\n"));
    }
    let mut arrays: Vec<(u32, u32)> = Vec::new();
    for line in csv.lines().skip(1) {
        // typdelim may be a quoted comma; what comes before it has no quotes.
        let plain = line.replace("\",\"", ";");
        let f: Vec<&str> = plain.split(',').collect();
        if let (Ok(elem), Some(Ok(array))) = (f[0].parse(), f.get(14).map(|a| a.parse())) {
            if array != 0 {
                arrays.push((elem, array));
            }
        }
    }
    arrays.sort_unstable();
    out.push_str(&format!("/// (element type, array type) of every type in the bootstrap catalog, sorted.\npub static ARRAY_TYPES: &[(u32, u32)] = &{arrays:?};\n"));
    let dir = env::var("OUT_DIR").expect("OUT_DIR");
    fs::write(Path::new(&dir).join("type_oid.rs"), out).expect("write type_oid.rs");
}

const PG_TYPES: &[&str] = &[
    "pg_node_tree",
    "pg_ndistinct",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_ddl_command",
    "pg_snapshot",
];
