//! Reads PostgreSQL's parallel schedule.
use crate::options::Options;

/// The groups to run, in order. With files named: `test_setup`, then each of them by itself.
pub fn groups(options: &Options) -> Result<Vec<Vec<String>>, String> {
    let path = options.suite.join("parallel_schedule");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let all = parse(&text);
    if options.files.is_empty() {
        return Ok(all);
    }
    let known: Vec<&String> = all.iter().flatten().collect();
    if let Some(unknown) = options.files.iter().find(|f| !known.contains(f)) {
        return Err(format!("{unknown} is not in the schedule"));
    }
    let mut groups = Vec::new();
    if !options.files.iter().any(|f| f == "test_setup") {
        groups.push(vec!["test_setup".to_string()]);
    }
    groups.extend(options.files.iter().map(|f| vec![f.clone()]));
    Ok(groups)
}

fn parse(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("test:"))
        .map(|names| names.split_whitespace().map(str::to_string).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn schedule_lines_become_groups() {
        let groups = super::parse("# c\ntest: test_setup\n\ntest: boolean char  name\n");
        assert_eq!(groups, [vec!["test_setup"], vec!["boolean", "char", "name"]]);
    }
}
