//! Which statements of a file gave exactly the expected output.
//!
//! The expected output echoes the file, so each of its lines belongs to the statement that was echoed
//! last. A line diff between expected and actual output marks the statements whose lines differ.
use crate::statements::{self, Line};
use similar::{ChangeTag, TextDiff};

/// Outcome for one file.
#[derive(Default)]
pub struct Comparison {
    /// Statements whose output is as expected.
    pub matched: usize,
    /// Statements in the file.
    pub total: usize,
    /// The whole output is as expected.
    pub identical: bool,
    /// Which alternate is closest.
    pub alternate: usize,
    /// Lines of the actual output that are not expected.
    pub unexpected: Vec<String>,
}

/// Compares with each alternate and returns the closest.
pub fn best(sql: &str, actual: &str, alternates: &[String]) -> Comparison {
    let lines = statements::split(sql);
    let total = lines.iter().map(|l| l.ends).sum();
    let mut best = Comparison { total, ..Comparison::default() };
    for (alternate, expected) in alternates.iter().enumerate() {
        let candidate = Comparison { alternate, total, ..compare(&lines, actual, expected) };
        if alternate == 0 || candidate.identical || candidate.matched > best.matched {
            best = candidate;
        }
        if best.identical {
            break;
        }
    }
    best
}

fn compare(lines: &[Line<'_>], actual: &str, expected: &str) -> Comparison {
    let total = lines.iter().map(|l| l.ends).sum();
    if actual == expected {
        return Comparison { matched: total, total, identical: true, ..Comparison::default() };
    }
    // owner[i]: the file's line whose echo is the last at or before expected line i.
    let owner = owners(lines, expected);
    let mut differs = vec![false; lines.len()];
    let mut unexpected = Vec::new();
    let diff = TextDiff::configure()
        .algorithm(similar::Algorithm::Myers)
        .timeout(std::time::Duration::from_secs(20))
        .diff_lines(expected, actual);
    let mut at = 0;
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => at = change.old_index().unwrap_or(at),
            ChangeTag::Delete => {
                at = change.old_index().unwrap_or(at);
                mark(&owner, at, &mut differs);
            }
            ChangeTag::Insert => {
                mark(&owner, at, &mut differs);
                unexpected.push(change.value().trim_end().to_string());
            }
        }
    }
    let matched = matched_statements(lines, &differs);
    Comparison { matched, total, unexpected, ..Comparison::default() }
}

/// A statement of several lines counts once, for the line it ends on, if none of its lines differs.
fn matched_statements(lines: &[Line<'_>], differs: &[bool]) -> usize {
    let (mut matched, mut clean) = (0, true);
    for (line, differs) in lines.iter().zip(differs) {
        clean &= !differs;
        if line.ends > 0 {
            matched += if clean { line.ends } else { 0 };
            clean = true;
        }
    }
    matched
}

fn mark(owner: &[usize], at: usize, differs: &mut [bool]) {
    if let Some(flag) = owner.get(at).and_then(|line| differs.get_mut(*line)) {
        *flag = true;
    }
}

fn owners(lines: &[Line<'_>], expected: &str) -> Vec<usize> {
    // psql does not echo blank lines.
    let is_echoed = |i: &usize| !lines[*i].data && !lines[*i].text.is_empty();
    let echoed: Vec<usize> = (0..lines.len()).filter(is_echoed).collect();
    let mut next = 0;
    let mut current = 0;
    let mut owner = Vec::new();
    for line in expected.lines() {
        if next < echoed.len() && lines[echoed[next]].text == line {
            current = echoed[next];
            next += 1;
        }
        owner.push(current);
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::best;

    #[test]
    fn a_wrong_result_costs_its_statement_only() {
        let sql = "select 1;\nselect 2;\nselect 3;\n";
        let expected = "select 1;\n1\nselect 2;\n2\nselect 3;\n3\n".to_string();
        let actual = "select 1;\n1\nselect 2;\nERROR:  x\nselect 3;\n3\n";
        let result = best(sql, actual, std::slice::from_ref(&expected));
        assert_eq!((result.matched, result.total, result.identical), (2, 3, false));
        assert_eq!(result.unexpected, ["ERROR:  x"]);
        let result = best(sql, &expected, &["other\n".to_string(), expected.clone()]);
        assert_eq!((result.matched, result.identical, result.alternate), (3, true, 1));
    }

    #[test]
    fn blank_lines_of_the_file_are_not_in_the_output() {
        let expected = "-- c\nselect 1;\n1\nselect 2;\n2\n".to_string();
        let result = best("-- c\n\nselect 1;\n\nselect 2;\n", "-- c\nselect 1;\n1\n", &[expected]);
        assert_eq!((result.matched, result.total), (1, 2));
    }

    #[test]
    fn output_that_stops_early_loses_the_rest() {
        let expected = "select 1;\n1\nselect 2;\n2\n".to_string();
        let result = best("select 1;\nselect 2;\n", "select 1;\n1\n", &[expected]);
        assert_eq!(result.matched, 1);
    }
}
