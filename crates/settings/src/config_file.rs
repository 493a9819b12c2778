//! `postgresql.conf`: reading it with its includes, and the file that ALTER SYSTEM writes.
use error::{PgError, PgResult, Severity, err};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The server's configuration file.
pub const FILE_NAME: &str = "postgresql.conf";
/// The file that ALTER SYSTEM writes; read last.
pub const AUTO_FILE_NAME: &str = "postgresql.auto.conf";

const MAX_INCLUDE_DEPTH: usize = 10;

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigItem {
    /// Setting.
    pub name: String,
    /// Value without quotes.
    pub value: String,
    /// File it stands in.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
}

/// Reads a file and what it includes, in order; later items win.
pub fn read(path: &Path) -> PgResult<Vec<ConfigItem>> {
    let mut items = Vec::new();
    read_into(path, 0, &mut items)?;
    Ok(items)
}

fn read_into(path: &Path, depth: usize, items: &mut Vec<ConfigItem>) -> PgResult<()> {
    if depth > MAX_INCLUDE_DEPTH {
        return Err(fatal(format!(
            "could not open configuration file \"{}\": maximum nesting depth exceeded",
            path.display()
        )));
    }
    let text = fs::read_to_string(path).map_err(|e| {
        fatal(format!("could not open configuration file \"{}\": {e}", path.display()))
    })?;
    for (i, line) in text.lines().enumerate() {
        let (file, line_number) = (path.to_owned(), i + 1);
        let item = match parse_line(line) {
            Ok(None) => continue,
            Ok(Some((name, value))) => ConfigItem { name, value, file, line: line_number },
            Err(token) => {
                return Err(fatal(format!(
                    "syntax error in file \"{}\" line {line_number}, near {token}",
                    path.display()
                )));
            }
        };
        match item.name.to_ascii_lowercase().as_str() {
            "include" => read_into(&beside(path, &item.value), depth + 1, items)?,
            "include_if_exists" => {
                let included = beside(path, &item.value);
                if included.exists() {
                    read_into(&included, depth + 1, items)?;
                }
            }
            "include_dir" => {
                for included in conf_files(&beside(path, &item.value))? {
                    read_into(&included, depth + 1, items)?;
                }
            }
            _ => items.push(item),
        }
    }
    Ok(())
}

fn fatal(message: String) -> PgError {
    err!(CONFIG_FILE_ERROR, "{message}").with_severity(Severity::Fatal)
}

fn beside(path: &Path, name: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(name)
}

fn conf_files(directory: &Path) -> PgResult<Vec<PathBuf>> {
    let unreadable = |e: std::io::Error| {
        fatal(format!("could not open configuration directory \"{}\": {e}", directory.display()))
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.ends_with(".conf") && !name.starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// One line's name and value; the error describes the token at fault.
fn parse_line(line: &str) -> Result<Option<(String, String)>, String> {
    let rest = line.trim();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(None);
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let name = &rest[..end];
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return Err(token(rest));
    }
    let rest = rest[end..].trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    let (value, after) = match rest.strip_prefix('\'') {
        Some(quoted) => unquote(quoted).ok_or_else(|| token(rest))?,
        None => {
            let end = rest.find(|c: char| c.is_whitespace() || c == '#').unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        }
    };
    let quoted = rest.starts_with('\'');
    if value.is_empty() && !quoted {
        return Err("end of line".to_owned());
    }
    let allowed =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+' | ':' | '/' | '$');
    if !quoted && !value.chars().all(allowed) {
        return Err(token(&value));
    }
    let after = after.trim_start();
    match after.is_empty() || after.starts_with('#') {
        true => Ok(Some((name.to_owned(), value))),
        false => Err(token(after)),
    }
}

fn token(text: &str) -> String {
    format!("token \"{}\"", text.split_whitespace().next().unwrap_or_default())
}

/// The text up to the closing quote, which was opened before; doubled quotes and backslashes escape.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        match c {
            '\'' if matches!(chars.peek(), Some((_, '\''))) => {
                chars.next();
                out.push('\'');
            }
            '\'' => return Some((out, &text[i + 1..])),
            '\\' => match chars.next()?.1 {
                'b' => out.push('\u{8}'),
                'f' => out.push('\u{c}'),
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                c => out.push(c),
            },
            c => out.push(c),
        }
    }
    None
}

/// The text of `postgresql.auto.conf` with one setting changed; `None` removes it.
pub fn with_assignment(items: &[ConfigItem], name: &str, value: Option<&str>) -> String {
    let mut out = String::from(
        "# Do not edit this file manually!\n# It will be overwritten by the ALTER SYSTEM command.\n",
    );
    let mut write = |name: &str, value: &str| {
        out.push_str(&format!("{name} = '{}'\n", value.replace('\\', "\\\\").replace('\'', "''")));
    };
    for item in items.iter().filter(|i| !i.name.eq_ignore_ascii_case(name)) {
        write(&item.name, &item.value);
    }
    if let Some(value) = value {
        write(name, value);
    }
    out
}
