//! `cargo xtask`: checks that hold the repository together.
//!
//! `cargo xtask tidy` fails on a crate edge that is not in [`edges`], a file without module docs, a
//! file or function over its limit, a banned file name, a broken link in the docs, or text that does
//! not belong into the repository.

mod edges;
mod links;
mod sources;
mod words;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    let root = repository_root();
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => report(tidy(&root)),
        Some("edges") => {
            eprintln!("{}", edges::drawing());
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: cargo xtask tidy | edges");
            ExitCode::from(2)
        }
    }
}

fn repository_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All findings, one line each.
fn tidy(root: &Path) -> Vec<String> {
    let files = tracked_files(root);
    let mut findings = edges::check(root);
    findings.extend(sources::check(root, &files));
    findings.extend(words::check(root, &files));
    findings.extend(links::check(root, &files));
    findings
}

fn report(findings: Vec<String>) -> ExitCode {
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Paths, relative to the root, of the files git tracks.
fn tracked_files(root: &Path) -> Vec<String> {
    let output = std::process::Command::new("git").arg("ls-files").current_dir(root).output();
    let output = output.expect("git ls-files runs");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let findings = super::tidy(&super::repository_root());
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
