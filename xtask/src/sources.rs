//! Limits and form of source files: module docs, length of files and functions, names.
use std::{collections::BTreeMap, path::Path};

/// Lines a file may have, tests in sibling files not counted.
const FILE_LINES: usize = 1000;
/// Lines a function may have.
const FUNCTION_LINES: usize = 150;
/// File names that say nothing.
const BANNED_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "misc", "common", "other"];
/// Files and functions over a limit, with the length they may have: it only shrinks.
const ALLOW_LIST: &str = "xtask/tidy-allow.txt";

/// Findings about Rust files.
pub fn check(root: &Path, files: &[String]) -> Vec<String> {
    let allowed = read_allow_list(root);
    let mut over = BTreeMap::new();
    let mut findings = Vec::new();
    for file in files.iter().filter(|f| f.ends_with(".rs")) {
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        if !text.starts_with("//!") {
            findings.push(format!("{file}: no module documentation at the top"));
        }
        let stem = Path::new(file).file_stem().and_then(|s| s.to_str()).unwrap_or("");
        if BANNED_NAMES.contains(&stem) {
            findings.push(format!("{file}: the name says nothing"));
        }
        if !is_test(file) {
            over.extend(over_limit(file, &text));
        }
    }
    for (item, lines) in &over {
        match allowed.get(item) {
            Some(limit) if lines <= limit => {}
            Some(limit) => findings.push(format!("{item}: {lines} lines, allowed {limit}")),
            None => findings.push(format!("{item}: {lines} lines is over the limit")),
        }
    }
    for item in allowed.keys().filter(|item| !over.contains_key(*item)) {
        findings.push(format!("{ALLOW_LIST}: {item} is under the limit now, take it out"));
    }
    findings
}

fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("tests.rs") || file.contains("/benches/")
}

fn read_allow_list(root: &Path) -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(root.join(ALLOW_LIST)).unwrap_or_default();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(item, lines)| Some((item.to_string(), lines.parse().ok()?)))
        .collect()
}

/// `file` or `file:function` over its limit, with its length.
fn over_limit(file: &str, text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.iter().position(|l| *l == "#[cfg(test)]").unwrap_or(lines.len());
    let mut over = Vec::new();
    if end > FILE_LINES {
        over.push((file.to_string(), end));
    }
    for start in 0..end {
        let Some(name) = function_name(lines[start]) else { continue };
        let indent = lines[start].len() - lines[start].trim_start().len();
        let close = format!("{}}}", " ".repeat(indent));
        let length = lines[start..end].iter().position(|l| *l == close).map_or(0, |n| n + 1);
        if length > FUNCTION_LINES {
            over.push((format!("{file}:{name}"), length));
        }
    }
    over
}

/// The name, if the line opens a function.
fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    for prefix in
        ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe ", "extern \"C\" "]
    {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_function_is_found() {
        let body = "    x();\n".repeat(FUNCTION_LINES);
        let text = format!("//! d\npub fn long() {{\n{body}}}\nfn short() {{\n}}\n");
        assert_eq!(over_limit("a.rs", &text), [("a.rs:long".to_string(), FUNCTION_LINES + 2)]);
    }

    #[test]
    fn unit_tests_do_not_count() {
        let text = format!("//! d\n#[cfg(test)]\n{}", "// x\n".repeat(2 * FILE_LINES));
        assert!(over_limit("a.rs", &text).is_empty());
    }
}
