//! Relative links in Markdown files lead somewhere.
use std::path::Path;

/// Findings about links.
pub fn check(root: &Path, files: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|f| f.ends_with(".md")) {
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        for target in targets(&text) {
            if !root.join(folder).join(target).exists() {
                findings.push(format!("{file}: link to {target} leads nowhere"));
            }
        }
    }
    findings
}

/// Targets of `[text](target)` that are paths, without their `#fragment`.
fn targets(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.contains(' '))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_relative_links_are_checked() {
        let text = "[a](docs/A.md#x) [b](https://example.org) [c](#here)";
        assert_eq!(super::targets(text), ["docs/A.md"]);
    }
}
