//! The allowed dependencies between the crates of the workspace.
use std::path::Path;

/// crate → the workspace crates it may name in `[dependencies]`. A new edge needs an ADR.
const EDGES: &[(&str, &str)] = &[
    ("error", ""),
    ("types", "error"),
    ("settings", "error types"),
    ("kv", "error"),
    ("parser", "error"),
    ("wire", "error"),
    ("kv-rocks", "kv error"),
    ("txn", "kv error"),
    ("codec", "types error"),
    ("nodes", "types parser error"),
    ("table", "txn codec types error"),
    ("fmgr", "types nodes error"),
    ("catalog", "table nodes txn types parser codec fmgr error"),
    ("ruleutils", "catalog nodes types parser fmgr error"),
    ("functions", "fmgr catalog ruleutils nodes parser types settings error"),
    ("analyzer", "parser nodes catalog fmgr ruleutils types error"),
    ("plpgsql", "parser analyzer catalog nodes fmgr types error"),
    ("planner", "nodes catalog fmgr types settings error"),
    ("executor", "nodes table catalog fmgr txn types codec settings error"),
    (
        "commands",
        "analyzer planner executor ruleutils parser nodes catalog table txn fmgr types codec settings error",
    ),
    (
        "engine",
        "commands plpgsql planner executor analyzer functions ruleutils catalog parser nodes table fmgr txn codec kv types settings error",
    ),
    ("server", "engine wire kv kv-rocks settings txn types error"),
    ("regress-module", "server fmgr catalog types settings error"),
    ("pglitedb", "engine wire kv kv-rocks settings types error"),
];

/// Facts about which crate may link which library.
const LIBRARIES: &[(&str, &str)] = &[("rocksdb", "kv-rocks"), ("tokio", "server pglitedb")];

/// Findings about edges.
pub fn check(root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    let Ok(entries) = std::fs::read_dir(root.join("crates")) else {
        return vec!["crates/ cannot be read".to_string()];
    };
    for entry in entries.flatten() {
        let manifest = entry.path().join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(&manifest) else { continue };
        findings.extend(check_manifest(&text));
    }
    findings.sort();
    findings
}

fn check_manifest(text: &str) -> Vec<String> {
    let name = package_name(text);
    let Some((_, allowed)) = EDGES.iter().find(|(krate, _)| *krate == name) else {
        return vec![format!("crate {name} is not in the edge table (xtask/src/edges.rs)")];
    };
    let allowed: Vec<&str> = allowed.split_whitespace().collect();
    let mut findings = Vec::new();
    for dependency in dependencies(text) {
        let ours = EDGES.iter().any(|(krate, _)| *krate == dependency);
        if ours && !allowed.contains(&dependency) {
            findings.push(format!("edge {name} → {dependency} is not allowed"));
        }
        for (library, owners) in LIBRARIES {
            if dependency == *library && !owners.split(' ').any(|owner| owner == name) {
                findings.push(format!("{name} links {library}; only {owners} may"));
            }
        }
    }
    findings
}

fn package_name(text: &str) -> &str {
    text.lines()
        .find_map(|line| line.strip_prefix("name = "))
        .map_or("", |name| name.trim().trim_matches('"'))
}

fn dependencies(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && let Some((name, _)) = line.split_once(['.', '=', ' ']) {
            if !name.is_empty() && !name.starts_with('#') {
                names.push(name.trim());
            }
        }
    }
    names
}

/// The table as text, one crate a line.
pub fn drawing() -> String {
    EDGES.iter().map(|(krate, deps)| format!("{krate:<10} → {deps}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_no_cycle() {
        for (index, (krate, deps)) in EDGES.iter().enumerate() {
            for dep in deps.split_whitespace() {
                let at = EDGES.iter().position(|(k, _)| *k == dep);
                assert!(at.is_some_and(|at| at < index), "{krate} → {dep} points upwards");
            }
        }
    }

    #[test]
    fn an_unlisted_edge_is_found() {
        let manifest =
            "[package]\nname = \"codec\"\n[dependencies]\nkv.workspace = true\nrocksdb = \"1\"\n";
        let findings = check_manifest(manifest);
        assert_eq!(
            findings,
            ["edge codec → kv is not allowed", "codec links rocksdb; only kv-rocks may"]
        );
    }
}
