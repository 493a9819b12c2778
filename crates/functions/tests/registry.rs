//! Each registered body against its pg_proc row, and the list of rows without a body.
//!
//! `UPDATE_UNIMPLEMENTED=1 cargo test -p functions` rewrites the list; it may only get shorter.
use fmgr::{FnBody, Registry};
use std::collections::{BTreeMap, BTreeSet};

struct ProcRow {
    prosrc: String,
    kind: char,
    retset: bool,
    signature: String,
}

/// Rows of pg_proc in language `internal`, from the catalog's own data.
fn internal_rows() -> Vec<ProcRow> {
    rows_of(&["internal", "12"])
}

/// Rows in one of some languages.
fn rows_of(languages: &[&str]) -> Vec<ProcRow> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog/data/pg_proc.csv");
    let text = std::fs::read_to_string(path).expect("pg_proc.csv");
    let mut lines = text.lines();
    let header = split(lines.next().expect("header"));
    let column = |name: &str| header.iter().position(|h| h == name).expect("column");
    let (name, lang, kind) = (column("proname"), column("prolang"), column("prokind"));
    let (retset, args, src) = (column("proretset"), column("proargtypes"), column("prosrc"));
    lines
        .map(split)
        .filter(|f| f.len() > src && languages.contains(&f[lang].as_str()))
        .map(|f| ProcRow {
            prosrc: f[src].clone(),
            kind: f[kind].chars().next().unwrap_or('f'),
            retset: f[retset] == "t",
            signature: format!("{}({})", f[name], f[args]),
        })
        .collect()
}

/// Fields of a CSV line; quoted fields may hold commas and doubled quotes.
fn split(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    functions::register_all(&mut registry);
    registry
}

#[test]
fn every_body_has_a_row_of_its_kind() {
    // Some of what PostgreSQL has in libraries is built in.
    let rows = rows_of(&["internal", "12", "c", "13"]);
    let by_src: BTreeMap<&str, &ProcRow> = rows.iter().map(|r| (r.prosrc.as_str(), r)).collect();
    let registry = registry();
    for name in registry.names() {
        let row = by_src.get(name).unwrap_or_else(|| panic!("{name} is no prosrc of pg_proc"));
        let fits = match registry.get(name) {
            Some(FnBody::Window(_)) => row.kind == 'w',
            Some(FnBody::Set(_)) => row.retset,
            Some(FnBody::Scalar(_) | FnBody::Trigger(_)) => row.kind != 'w' && !row.retset,
            _ => false,
        };
        assert!(fits, "{name} is registered as another kind than {}", row.signature);
    }
}

#[test]
fn the_list_of_missing_bodies_is_true() {
    let registry = registry();
    let missing: BTreeSet<String> = internal_rows()
        .into_iter()
        .filter(|row| row.prosrc != "aggregate_dummy" && registry.get(&row.prosrc).is_none())
        .map(|row| row.prosrc)
        .collect();
    let text: String = missing.iter().map(|name| format!("{name}\n")).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/unimplemented.txt");
    let listed = std::fs::read_to_string(path).unwrap_or_default();
    if std::env::var_os("UPDATE_UNIMPLEMENTED").is_some() {
        std::fs::write(path, &text).expect("write unimplemented.txt");
        return;
    }
    let listed: BTreeSet<String> = listed.lines().map(str::to_string).collect();
    let new: Vec<&String> = missing.difference(&listed).collect();
    let done: Vec<&String> = listed.difference(&missing).collect();
    assert!(new.is_empty(), "bodies went missing: {new:?}");
    assert!(done.is_empty(), "take these out of unimplemented.txt: {done:?}");
}
