//! Kinds of failure: unexpected error lines with the names taken out, counted.
use std::collections::BTreeMap;

/// Kind of failure and how often it occurs.
pub type Causes = BTreeMap<String, usize>;

/// Counts the kinds among lines that should not be there.
pub fn count(unexpected: &[String]) -> Causes {
    let mut causes = Causes::new();
    for line in unexpected {
        if let Some(kind) = kind(line) {
            *causes.entry(kind).or_default() += 1;
        }
    }
    causes
}

/// `ERROR:  relation "x" does not exist` → `relation "…" does not exist`; `None` for other lines.
fn kind(line: &str) -> Option<String> {
    let message = ["ERROR:  ", "FATAL:  ", "psql:"].iter().find_map(|p| line.strip_prefix(p))?;
    let mut kind = String::new();
    let mut quoted = false;
    for c in message.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                kind.push_str(if quoted { "\"…" } else { "\"" });
            }
            _ if quoted => {}
            '0'..='9' => {
                if !kind.ends_with('#') {
                    kind.push('#');
                }
            }
            _ => kind.push(c),
        }
    }
    Some(kind)
}

/// The most frequent kinds first.
pub fn ranked(causes: &Causes) -> Vec<(&str, usize)> {
    let mut list: Vec<(&str, usize)> = causes.iter().map(|(k, n)| (k.as_str(), *n)).collect();
    list.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    list
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_and_numbers_are_left_out() {
        let lines = [
            "ERROR:  relation \"a\" does not exist".to_string(),
            "ERROR:  relation \"b\" does not exist".to_string(),
            " 1 | 2".to_string(),
        ];
        let causes = super::count(&lines);
        assert_eq!(super::ranked(&causes), [("relation \"…\" does not exist", 2)]);
    }
}
