//! SIMILAR TO: an SQL regular expression into a POSIX one.
use error::{PgResult, bail, err};
use fmgr::Registry;
use types::Datum;

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("similar_to_escape_1", |_cx, a| convert(a[0].as_str(), Some("\\")));
    r.scalar("similar_to_escape_2", |_cx, a| convert(a[0].as_str(), Some(a[1].as_str())));
    r.scalar("similar_escape", |_cx, a| {
        if a[0].is_null() {
            return Ok(Datum::Null);
        }
        let escape = if a[1].is_null() { "\\" } else { a[1].as_str() };
        convert(a[0].as_str(), Some(escape))
    });
}

/// Where the conversion is within the pattern.
struct State {
    out: String,
    in_bracket: bool,
    /// Just after `[` or `[^`.
    bracket_start: bool,
    /// Escape-double-quote separators seen: SUBSTRING's three parts.
    separators: u32,
}

fn convert(pattern: &str, escape: Option<&str>) -> PgResult<Datum> {
    let escape = match escape {
        Some("") | None => None,
        Some(text) => {
            let mut chars = text.chars();
            let c = chars.next();
            if chars.next().is_some() {
                return Err(err!(INVALID_ESCAPE_SEQUENCE, "invalid escape string")
                    .hint("Escape string must be empty or one character."));
            }
            c
        }
    };
    let mut s =
        State { out: "^(?:".to_string(), in_bracket: false, bracket_start: false, separators: 0 };
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if Some(c) == escape {
            match chars.next() {
                Some('"') if !s.in_bracket => separator(&mut s)?,
                Some(c) => {
                    s.out.push('\\');
                    s.out.push(c);
                }
                // An escape character at the end escapes nothing.
                None => {}
            }
            s.bracket_start = false;
            continue;
        }
        if s.in_bracket {
            bracket(&mut s, c);
        } else {
            plain(&mut s, c);
        }
    }
    s.out.push_str(")$");
    Ok(Datum::text(&s.out))
}

fn bracket(s: &mut State, c: char) {
    match c {
        ']' if !s.bracket_start => s.in_bracket = false,
        '\\' => s.out.push('\\'),
        _ => {}
    }
    s.bracket_start = s.bracket_start && c == '^';
    s.out.push(c);
}

fn plain(s: &mut State, c: char) {
    match c {
        '[' => {
            s.in_bracket = true;
            s.bracket_start = true;
            s.out.push('[');
        }
        '%' => s.out.push_str(".*"),
        '_' => s.out.push('.'),
        // Groups must not be captured: SUBSTRING returns the first one.
        '(' => s.out.push_str("(?:"),
        '\\' | '.' | '^' | '$' => {
            s.out.push('\\');
            s.out.push(c);
        }
        c => s.out.push(c),
    }
}

/// The first separator ends the part before, which matches as little as it can; the second starts the
/// part after.
fn separator(s: &mut State) -> PgResult<()> {
    match s.separators {
        0 => {
            let before = std::mem::take(&mut s.out);
            let before = before.strip_prefix("^(?:").unwrap_or(&before);
            s.out = format!("^(?:{before}){{1,1}}?(");
        }
        1 => s.out.push_str("){1,1}(?:"),
        _ => bail!(
            INVALID_USE_OF_ESCAPE_CHARACTER,
            "SQL regular expression may not contain more than two escape-double-quote separators"
        ),
    }
    s.separators += 1;
    Ok(())
}
