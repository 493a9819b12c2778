//! The score: `status.toml` (committed, only rises) and the summary in `README.md`.
use crate::{
    causes::{self, Causes},
    options::Options,
};
use std::{collections::BTreeMap, fmt::Write as _, path::Path};

/// Outcome of one file.
pub struct FileResult {
    /// File name without `.sql`.
    pub name: String,
    /// Statements with the expected output.
    pub matched: usize,
    /// Statements.
    pub total: usize,
    /// Output is byte for byte as expected.
    pub identical: bool,
    /// Killed after the time limit.
    pub hung: bool,
    /// The server went away.
    pub crashed: bool,
    /// How long it took.
    pub seconds: f64,
    /// Unexpected errors by kind.
    pub causes: Causes,
}

impl FileResult {
    /// Passes as PostgreSQL's own driver would say.
    pub fn pass(&self) -> bool {
        self.identical && !self.hung && !self.crashed
    }
}

/// The committed score of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Score {
    pass: bool,
    matched: usize,
    total: usize,
    /// Known not to end within the time limit: to be mended, and no reason to fail until then.
    hang: bool,
}

/// Compares with the committed score, rewrites it, prints the summary; false if anything got worse.
pub fn finish(options: &Options, mut results: Vec<FileResult>) -> Result<bool, String> {
    let path = options.home.join("status.toml");
    let old = read(&path);
    if !options.files.is_empty() {
        results.retain(|r| options.files.contains(&r.name));
    }
    results.sort_by(|a, b| a.name.cmp(&b.name));
    let mut good = true;
    for result in &results {
        let known = old.get(&result.name);
        if let Some(known) = known
            && (result.matched < known.matched || (known.pass && !result.pass()))
        {
            let (now, was) = (result.matched, known.matched);
            eprintln!("WORSE {}: {now} of {}, was {was}", result.name, result.total);
            good = false;
        }
        if result.crashed || result.hung {
            let what = if result.crashed { "CRASH" } else { "HANG" };
            eprintln!("{what} {}", result.name);
            good &= !result.crashed && known.is_some_and(|k| k.hang);
        }
    }
    let mut scores = old;
    for r in &results {
        let (pass, matched, total, hang) = (r.pass(), r.matched, r.total, r.hung);
        scores.insert(r.name.clone(), Score { pass, matched, total, hang });
    }
    summary(&results);
    if good && !options.keep_status {
        std::fs::write(&path, render(&scores)).map_err(|e| e.to_string())?;
        if options.files.is_empty() {
            write_readme(&options.home.join("README.md"), &results)?;
        }
    }
    Ok(good)
}

fn summary(results: &[FileResult]) {
    let passed = results.iter().filter(|r| r.pass()).count();
    let matched: usize = results.iter().map(|r| r.matched).sum();
    let total: usize = results.iter().map(|r| r.total).sum();
    let percent = 100.0 * matched as f64 / total.max(1) as f64;
    eprintln!(
        "{} files: {passed} pass; statements {matched}/{total} ({percent:.1} %)",
        results.len()
    );
    let mut all = Causes::new();
    for (kind, n) in results.iter().flat_map(|r| &r.causes) {
        *all.entry(kind.clone()).or_default() += n;
    }
    for (kind, n) in causes::ranked(&all).into_iter().take(25) {
        eprintln!("{n:>6}  {kind}");
    }
}

fn read(path: &Path) -> BTreeMap<String, Score> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(parse_line).collect()
}

/// `boolean = { pass = true, matched = 97, total = 97 }`
fn parse_line(line: &str) -> Option<(String, Score)> {
    let (name, rest) = line.split_once('=')?;
    let field = |key: &str| {
        let (_, after) = rest.split_once(&format!("{key} = "))?;
        after.split([',', ' ', '}']).next().map(str::to_string)
    };
    let score = Score {
        pass: field("pass")? == "true",
        matched: field("matched")?.parse().ok()?,
        total: field("total")?.parse().ok()?,
        hang: field("hang").is_some_and(|h| h == "true"),
    };
    Some((name.trim().trim_matches('"').to_string(), score))
}

fn render(scores: &BTreeMap<String, Score>) -> String {
    let matched: usize = scores.values().map(|s| s.matched).sum();
    let total: usize = scores.values().map(|s| s.total).sum();
    let passed = scores.values().filter(|s| s.pass).count();
    let mut out = format!(
        "# PostgreSQL 18's regression files against our server, written by scripts/regress. It only rises.\n\
         # {passed} of {} files pass, {matched} of {total} statements match.\n",
        scores.len()
    );
    for (name, Score { pass, matched, total, hang }) in scores {
        let hang = if *hang { ", hang = true" } else { "" };
        let _ = writeln!(
            out,
            "\"{name}\" = {{ pass = {pass}, matched = {matched}, total = {total}{hang} }}"
        );
    }
    out
}

const BEGIN: &str = "<!-- generated by scripts/regress: begin -->\n";
const END: &str = "<!-- generated by scripts/regress: end -->\n";

fn write_readme(path: &Path, results: &[FileResult]) -> Result<(), String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let (head, rest) = text.split_once(BEGIN).unwrap_or((&text, ""));
    let tail = rest.split_once(END).map_or("", |(_, tail)| tail);
    let mut table =
        String::from("| file | statements | most frequent unexpected errors |\n|---|---|---|\n");
    for r in results {
        let kinds: Vec<String> = causes::ranked(&r.causes)
            .into_iter()
            .take(4)
            .map(|(kind, n)| format!("{n}× {}", kind.replace('|', "\\|")))
            .collect();
        let what = match (r.pass(), kinds.is_empty()) {
            (true, _) => "passes".to_string(),
            (false, true) => "no error: rows, order, plans or notices differ".to_string(),
            (false, false) => kinds.join("; "),
        };
        let _ = writeln!(table, "| {} | {}/{} | {what} |", r.name, r.matched, r.total);
    }
    std::fs::write(path, format!("{head}{BEGIN}{table}{END}{tail}")).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_score_survives_a_round_trip() {
        let good = super::Score { pass: true, matched: 5, total: 5, hang: false };
        let bad = super::Score { pass: false, matched: 1, total: 9, hang: true };
        let scores = [("boolean".to_string(), good), ("a.b".to_string(), bad)];
        let scores: std::collections::BTreeMap<_, _> = scores.into_iter().collect();
        let read: std::collections::BTreeMap<_, _> =
            super::render(&scores).lines().filter_map(super::parse_line).collect();
        assert_eq!(read, scores);
    }
}
