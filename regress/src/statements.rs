//! Cuts a regression file into statements by line: how many statements end on each line.
//!
//! psql's own rules as far as they matter here: quotes, dollar quotes, comments, parentheses,
//! `BEGIN ATOMIC` bodies, backslash commands, and COPY data that follows in line (which psql does not
//! echo).

/// A line of the file.
pub struct Line<'a> {
    /// Its text.
    pub text: &'a str,
    /// Statements and backslash commands that end on it.
    pub ends: usize,
    /// Inline COPY data: not echoed.
    pub data: bool,
}

#[derive(Default)]
struct State {
    /// Closing text of an open quote: `'`, `"`, `$tag$`.
    quote: Option<String>,
    /// E'' string: backslash escapes.
    escapes: bool,
    comment_depth: usize,
    paren_depth: i32,
    /// Text of the statement so far, lower case, without quoted parts.
    text: String,
}

/// Splits `sql`.
pub fn split(sql: &str) -> Vec<Line<'_>> {
    let mut state = State::default();
    let mut in_data = false;
    let mut lines = Vec::new();
    for text in sql.lines() {
        if in_data {
            in_data = text != "\\.";
            lines.push(Line { text, ends: 0, data: true });
            continue;
        }
        let before = state.text.clone();
        let (ends, copy_data) = scan_line(&mut state, text, before.trim().is_empty());
        in_data = copy_data;
        lines.push(Line { text, ends, data: false });
    }
    lines
}

/// Scans a line; returns the statements that end on it and whether COPY data follows.
fn scan_line(state: &mut State, line: &str, fresh: bool) -> (usize, bool) {
    if fresh && state.quote.is_none() && state.comment_depth == 0 && line.starts_with('\\') {
        return (1, false);
    }
    let bytes = line.as_bytes();
    let (mut ends, mut copy_data, mut i) = (0, false, 0);
    while i < bytes.len() {
        if let Some(close) = &state.quote {
            if state.escapes && bytes[i] == b'\\' {
                i += 2;
            } else if line.as_bytes()[i..].starts_with(close.as_bytes()) {
                i += close.len();
                state.quote = None;
            } else {
                i += 1;
            }
            continue;
        }
        if state.comment_depth > 0 {
            i += scan_comment(state, &bytes[i..]);
            continue;
        }
        match bytes[i] {
            b'-' if bytes.get(i + 1) == Some(&b'-') => break,
            b'/' if bytes.get(i + 1) == Some(&b'*') => {
                state.comment_depth = 1;
                i += 2;
                continue;
            }
            b'\'' => {
                state.escapes = i > 0 && matches!(bytes[i - 1], b'e' | b'E');
                state.quote = Some("'".to_string());
                state.text.push('\'');
            }
            b'"' => {
                state.escapes = false;
                state.quote = Some("\"".to_string());
            }
            b'$' => {
                if let Some(tag) = dollar_tag(&line[i..]) {
                    i += tag.len();
                    state.escapes = false;
                    state.quote = Some(tag.to_string());
                    continue;
                }
            }
            b'(' => state.paren_depth += 1,
            b')' => state.paren_depth -= 1,
            // \g, \gset, \gexec … end the statement; the rest of the line is theirs.
            b'\\'
                if !state.text.trim().is_empty()
                    && ["\\g", "\\crosstab", "\\parse"]
                        .iter()
                        .any(|m| line[i..].starts_with(m)) =>
            {
                reset(state);
                return (ends + 1, false);
            }
            b';' if state.paren_depth <= 0 && !in_atomic_body(&state.text) => {
                copy_data |= is_copy_from_stdin(&state.text);
                reset(state);
                ends += 1;
            }
            _ => {}
        }
        if bytes[i] != b';' {
            state.text.push(bytes[i].to_ascii_lowercase() as char);
        }
        i += 1;
    }
    state.text.push(' ');
    (ends, copy_data)
}

fn reset(state: &mut State) {
    state.text.clear();
    state.paren_depth = 0;
}

fn scan_comment(state: &mut State, rest: &[u8]) -> usize {
    match rest {
        [b'/', b'*', ..] => {
            state.comment_depth += 1;
            2
        }
        [b'*', b'/', ..] => {
            state.comment_depth -= 1;
            2
        }
        _ => 1,
    }
}

fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 1;
    let tag = &text[1..end];
    let valid = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    valid.then_some(&text[..=end])
}

fn in_atomic_body(text: &str) -> bool {
    let mut depth = 0i32;
    let mut previous = "";
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()) {
        match word {
            "atomic" if previous == "begin" => depth += 1,
            "case" if depth > 0 => depth += 1,
            "end" if depth > 0 => depth -= 1,
            _ => {}
        }
        previous = word;
    }
    depth > 0
}

fn is_copy_from_stdin(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next() == Some("copy") && {
        let words: Vec<&str> = words.collect();
        words.windows(2).any(|w| w[0] == "from" && w[1] == "stdin")
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn ends(sql: &str) -> Vec<usize> {
        split(sql).iter().map(|l| l.ends).collect()
    }

    #[test]
    fn statements_end_where_psql_ends_them() {
        assert_eq!(ends("select 1; select 2;\nselect\n ';' ;"), [2, 0, 1]);
        assert_eq!(ends("do $$ a; b; $$;\n/* ; \n ; */ select 1;"), [1, 0, 1]);
        assert_eq!(ends("\\d t\n-- x;\nselect 1 \\gset"), [1, 0, 1]);
        assert_eq!(ends("select E'a\\'b;';"), [1]);
    }

    #[test]
    fn bodies_and_parentheses_keep_their_semicolons() {
        let body = "create function f() returns int\nbegin atomic\nselect 1;\nend;";
        assert_eq!(ends(body), [0, 0, 0, 1]);
        assert_eq!(
            ends("create rule r as on insert to t do (delete from u;\n delete from v);"),
            [0, 1]
        );
    }

    #[test]
    fn copy_data_is_not_a_statement() {
        let lines = split("copy t from stdin;\n1;\n\\.\nselect 1;");
        let data: Vec<bool> = lines.iter().map(|l| l.data).collect();
        assert_eq!(data, [false, true, true, false]);
    }
}
