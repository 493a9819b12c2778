//! What the commands about text search and the functions of templates and parsers tell each other.
use error::{PgError, PgResult, bail, err};

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DictionaryOption {
    /// Its name, lower case unless quoted.
    pub name: String,
    /// Its value.
    pub value: String,
    /// It is a number, which stands without quotes.
    pub is_number: bool,
}

impl DictionaryOption {
    /// A boolean, with the error that CREATE TEXT SEARCH DICTIONARY gives else.
    pub fn boolean(&self) -> PgResult<bool> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" | "on" | "1" => Ok(true),
            "false" | "off" | "0" => Ok(false),
            _ => bail!(SYNTAX_ERROR, "{} requires a Boolean value", self.name),
        }
    }
}

/// Reads options as pg_ts_dict keeps them: `name = 'value', …`.
pub fn deserialize_options(text: &str) -> PgResult<Vec<DictionaryOption>> {
    let fault = || -> PgError { err!(SYNTAX_ERROR, "invalid parameter list format: \"{text}\"") };
    let mut chars = text.chars().peekable();
    let mut out = Vec::new();
    loop {
        while chars.next_if(|c| c.is_ascii_whitespace() || *c == ',').is_some() {}
        if chars.peek().is_none() {
            return Ok(out);
        }
        let mut name = String::new();
        if chars.next_if_eq(&'"').is_some() {
            loop {
                match chars.next().ok_or_else(fault)? {
                    '"' if chars.next_if_eq(&'"').is_some() => name.push('"'),
                    '"' => break,
                    c => name.push(c),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| !c.is_ascii_whitespace() && *c != '=') {
                name.push(c);
            }
        }
        while chars.next_if(char::is_ascii_whitespace).is_some() {}
        if chars.next() != Some('=') {
            return Err(fault());
        }
        while chars.next_if(char::is_ascii_whitespace).is_some() {}
        let mut value = String::new();
        chars.next_if(|c| matches!(c, 'E' | 'e'));
        let quoted = chars.next_if_eq(&'\'').is_some();
        if quoted {
            loop {
                match chars.next().ok_or_else(fault)? {
                    '\'' if chars.next_if_eq(&'\'').is_some() => value.push('\''),
                    '\'' => break,
                    '\\' if chars.next_if_eq(&'\\').is_some() => value.push('\\'),
                    c => value.push(c),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| !c.is_ascii_whitespace() && *c != ',') {
                value.push(c);
            }
        }
        out.push(DictionaryOption { name, value, is_number: !quoted });
    }
}

/// A type of tokens, as a parser's `lextypes` function lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenType {
    /// Its number.
    pub id: i32,
    /// Its name in commands.
    pub alias: String,
    /// What it is.
    pub description: String,
}
