//! Text that does not belong into the repository: package registry hosts and paths of one machine.
use std::path::Path;

/// Parts of forbidden text, joined at run time so that this file does not contain it.
const FORBIDDEN: &[[&str; 2]] = &[
    ["crates.", "io/"],
    ["py", "pi.org"],
    ["deb.deb", "ian.org"],
    ["registry.np", "mjs.org"],
    ["arti", "factory"],
    ["/ro", "ot/"],
    ["/wo", "rk/main"],
    ["/var/cac", "he/pg18"],
];

/// Findings about words. `Cargo.lock` is the package manager's own.
pub fn check(root: &Path, files: &[String]) -> Vec<String> {
    let forbidden: Vec<String> = FORBIDDEN.iter().map(|parts| parts.concat()).collect();
    let mut findings = Vec::new();
    for file in files.iter().filter(|f| *f != "Cargo.lock") {
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        for word in &forbidden {
            if text.contains(word.as_str()) {
                findings.push(format!("{file}: contains {word}"));
            }
        }
    }
    findings
}
