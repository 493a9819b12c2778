//! Comma-separated lists of identifiers and words, as search_path and DateStyle take them.

/// Splits `a, "B c", d`: unquoted elements are folded to lower case. `None`: not a list.
pub fn split_identifiers(text: &str) -> Option<Vec<String>> {
    split(text, true)
}

/// As [`split_identifiers`] without folding, for words that are compared without case.
pub fn split_words(text: &str) -> Option<Vec<String>> {
    split(text, false)
}

fn split(text: &str, fold: bool) -> Option<Vec<String>> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Some(out);
    }
    loop {
        let (element, after) = match rest.strip_prefix('"') {
            Some(quoted) => take_quoted(quoted)?,
            None => {
                let end =
                    rest.find(|c: char| c == ',' || c.is_ascii_whitespace()).unwrap_or(rest.len());
                let word = &rest[..end];
                if word.is_empty() {
                    return None;
                }
                let word = if fold { word.to_lowercase() } else { word.to_owned() };
                (word, &rest[end..])
            }
        };
        out.push(element);
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(out);
        }
        rest = rest.strip_prefix(',')?.trim_start();
        if rest.is_empty() {
            return None;
        }
    }
}

fn take_quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        out.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                out.push('"');
                rest = after;
            }
            None => return Some((out, rest)),
        }
    }
}

/// Double-quotes an identifier unless it is a plain lower-case one. `is_keyword` says which plain
/// words the grammar reserves.
pub fn quote_identifier(name: &str, is_keyword: impl Fn(&str) -> bool) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !is_keyword(name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
