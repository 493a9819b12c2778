//! Quoting identifiers and literals in SQL text.

/// Keywords that an identifier must be quoted for, though they look like names.
static KEYWORDS: std::sync::OnceLock<std::collections::HashSet<&'static str>> =
    std::sync::OnceLock::new();

fn needs_quotes_as_keyword(word: &str) -> bool {
    KEYWORDS
        .get_or_init(|| {
            include_str!("../../parser/data/keywords.csv")
                .lines()
                .skip(1)
                .filter_map(|line| {
                    let mut fields = line.split(',');
                    let word = fields.next()?;
                    // Unreserved words (U) can stand anywhere.
                    (fields.next()? != "U").then_some(word)
                })
                .collect()
        })
        .contains(word)
}

/// The identifier as it must be written in SQL.
pub fn quote_identifier(name: &str) -> String {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(|c| c.is_ascii_lowercase() || c == b'_')
        && bytes.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_');
    if plain && !needs_quotes_as_keyword(name) {
        name.to_string()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// `schema.name`, quoted where needed; without schema if `None`.
pub fn quote_qualified(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quote_identifier(schema), quote_identifier(name)),
        None => quote_identifier(name),
    }
}

/// A string literal, with `E''` where there are backslashes.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_needs_it() {
        assert_eq!(quote_identifier("abc_1"), "abc_1");
        assert_eq!(quote_identifier("Abc"), "\"Abc\"");
        assert_eq!(quote_identifier("select"), "\"select\"");
        assert_eq!(quote_identifier("1a"), "\"1a\"");
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_identifier("name"), "name");
        assert_eq!(quote_literal("a\\'b"), "E'a\\\\''b'");
    }
}
