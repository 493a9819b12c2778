//! LIKE and ILIKE on text, name and bytea.
//!
//! Works on bytes: `%` and literals may, and `_` advances over a whole UTF-8 character.
use error::{PgResult, err};
use fmgr::Registry;
use types::Datum;

/// Outcome of matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LikeOutcome {
    /// Matches.
    True,
    /// Does not match here; a later start might.
    False,
    /// Does not match, and no later start can: the text has run out.
    Abort,
}

/// What distinguishes the variants of LIKE.
#[derive(Clone, Copy)]
struct Mode {
    /// `_` is a character rather than a byte.
    multibyte: bool,
    /// ASCII letters match without regard to case.
    fold: bool,
}

/// Whether UTF-8 `text` matches `pattern` with backslash as escape.
pub fn like_match(text: &[u8], pattern: &[u8], fold: bool) -> PgResult<bool> {
    Ok(matches(text, pattern, Mode { multibyte: true, fold })? == LikeOutcome::True)
}

fn char_width(first: u8) -> usize {
    match first {
        0..=0xbf => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

fn same(a: u8, b: u8, mode: Mode) -> bool {
    a == b || mode.fold && a.eq_ignore_ascii_case(&b)
}

/// Matches recursively only at `%`; each `%` tries the starts where its next literal byte stands.
fn matches(mut text: &[u8], mut pattern: &[u8], mode: Mode) -> PgResult<LikeOutcome> {
    while let Some((&p, after)) = pattern.split_first() {
        match p {
            b'%' => return match_percent(text, after, mode),
            b'_' => {
                let Some(first) = text.first() else { return Ok(LikeOutcome::Abort) };
                let width = if mode.multibyte { char_width(*first) } else { 1 };
                text = text.get(width..).unwrap_or(&[]);
                pattern = after;
            }
            _ => {
                let (literal, after) = match p {
                    b'\\' => after.split_first().ok_or_else(|| {
                        err!(
                            INVALID_ESCAPE_SEQUENCE,
                            "LIKE pattern must not end with escape character"
                        )
                    })?,
                    _ => (&pattern[0], after),
                };
                match text.split_first() {
                    None => return Ok(LikeOutcome::Abort),
                    Some((t, rest)) if same(*t, *literal, mode) => text = rest,
                    Some(_) => return Ok(LikeOutcome::False),
                }
                pattern = after;
            }
        }
    }
    Ok(if text.is_empty() { LikeOutcome::True } else { LikeOutcome::False })
}

fn match_percent(mut text: &[u8], mut pattern: &[u8], mode: Mode) -> PgResult<LikeOutcome> {
    // Further % change nothing; each _ takes one character.
    loop {
        match pattern.first() {
            None => return Ok(LikeOutcome::True),
            Some(b'%') => pattern = &pattern[1..],
            Some(b'_') => {
                let Some(first) = text.first() else { return Ok(LikeOutcome::Abort) };
                let width = if mode.multibyte { char_width(*first) } else { 1 };
                text = text.get(width..).unwrap_or(&[]);
                pattern = &pattern[1..];
            }
            Some(_) => break,
        }
    }
    let literal = match pattern {
        [b'\\'] => {
            return Err(err!(
                INVALID_ESCAPE_SEQUENCE,
                "LIKE pattern must not end with escape character"
            ));
        }
        [b'\\', literal, ..] => *literal,
        _ => pattern[0],
    };
    while let Some(first) = text.first() {
        if same(*first, literal, mode) {
            let outcome = matches(text, pattern, mode)?;
            if outcome != LikeOutcome::False {
                return Ok(outcome);
            }
        }
        text = &text[1..];
    }
    Ok(LikeOutcome::Abort)
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    const TEXT: Mode = Mode { multibyte: true, fold: false };
    const FOLD: Mode = Mode { multibyte: true, fold: true };
    const BYTES: Mode = Mode { multibyte: false, fold: false };
    fn is(args: &[Datum], mode: Mode) -> PgResult<bool> {
        Ok(matches(args[0].as_bytes(), args[1].as_bytes(), mode)? == LikeOutcome::True)
    }
    r.scalar("textlike", |_cx, a| is(a, TEXT).map(Datum::Bool));
    r.scalar("textnlike", |_cx, a| is(a, TEXT).map(|m| Datum::Bool(!m)));
    r.scalar("namelike", |_cx, a| is(a, TEXT).map(Datum::Bool));
    r.scalar("namenlike", |_cx, a| is(a, TEXT).map(|m| Datum::Bool(!m)));
    r.scalar("texticlike", |_cx, a| is(a, FOLD).map(Datum::Bool));
    r.scalar("texticnlike", |_cx, a| is(a, FOLD).map(|m| Datum::Bool(!m)));
    r.scalar("nameiclike", |_cx, a| is(a, FOLD).map(Datum::Bool));
    r.scalar("nameicnlike", |_cx, a| is(a, FOLD).map(|m| Datum::Bool(!m)));
    r.scalar("bytealike", |_cx, a| is(a, BYTES).map(Datum::Bool));
    r.scalar("byteanlike", |_cx, a| is(a, BYTES).map(|m| Datum::Bool(!m)));
    r.scalar("like_escape", |_cx, a| escape(a[0].as_bytes(), a[1].as_bytes(), true));
    r.scalar("like_escape_bytea", |_cx, a| escape(a[0].as_bytes(), a[1].as_bytes(), false));
}

/// Rewrites a pattern with another escape character into one with backslash; '' means no escape.
fn escape(pattern: &[u8], escape: &[u8], multibyte: bool) -> PgResult<Datum> {
    let mut out = Vec::with_capacity(pattern.len());
    if escape.is_empty() {
        for b in pattern {
            if *b == b'\\' {
                out.push(b'\\');
            }
            out.push(*b);
        }
        return Ok(Datum::bytes(&out));
    }
    let width = if multibyte { char_width(escape[0]) } else { 1 };
    if escape.len() != width {
        return Err(err!(INVALID_ESCAPE_SEQUENCE, "invalid escape string")
            .hint("Escape string must be empty or one character."));
    }
    if escape == b"\\" {
        return Ok(Datum::bytes(pattern));
    }
    let mut rest = pattern;
    let mut after_escape = false;
    while let Some(first) = rest.first() {
        if rest.starts_with(escape) && !after_escape {
            out.push(b'\\');
            after_escape = true;
            rest = &rest[escape.len()..];
            continue;
        }
        if *first == b'\\' && !after_escape {
            out.push(b'\\');
        }
        let width = if multibyte { char_width(*first).min(rest.len()) } else { 1 };
        out.extend_from_slice(&rest[..width]);
        rest = &rest[width..];
        after_escape = false;
    }
    Ok(Datum::bytes(&out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (text, pattern, expected) in [
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("äbc", "_bc", true),
            ("a%c", "a\\%c", true),
            ("abc", "a\\%c", false),
            ("", "%", true),
            ("", "_", false),
            ("aaab", "%a%b", true),
        ] {
            let matched = like_match(text.as_bytes(), pattern.as_bytes(), false);
            assert_eq!(matched.expect("valid pattern"), expected, "{text} LIKE {pattern}");
        }
        assert!(like_match(b"a", b"a\\", false).is_err());
        assert!(like_match(b"ABC", b"a%", true).expect("valid"));
    }
}
