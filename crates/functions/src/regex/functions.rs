//! regexp_match, regexp_matches, regexp_replace, regexp_split, regexp_count, regexp_instr,
//! regexp_like, regexp_substr.
use super::{Compiled, Flags, Match, operators::compiled};
use error::{PgResult, err};
use fmgr::{CallContext, Registry, VecRowSource};
use std::sync::Arc;
use types::{ArrayValue, Datum, text as text_type, type_oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_match(r);
    register_replace(r);
    register_split(r);
    register_numbered(r);
}

/// Flags of an optional argument; `g` only where the function allows it.
fn flags(args: &[Datum], n: usize, function: &str, global_ok: bool) -> PgResult<Flags> {
    let flags = match args.get(n) {
        Some(text) => Flags::parse(text.as_str())?,
        None => Flags::default(),
    };
    if flags.global && !global_ok {
        let error =
            err!(INVALID_PARAMETER_VALUE, "{function} does not support the \"global\" option");
        return Err(match function {
            "regexp_match()" => error.hint("Use the regexp_matches function instead."),
            _ => error,
        });
    }
    Ok(flags)
}

/// All matches from byte offset `from` on (one if `!all`). An empty match that touches the end of the
/// previous one counts unless `skip_adjacent_empty`.
fn find_all(regex: &mut Compiled, text: &str, from: usize, all: bool) -> PgResult<Vec<Match>> {
    let mut found = Vec::new();
    let mut at = from;
    while let Some(m) = regex.find_at(text, at)? {
        // After an empty match the search goes on one character later.
        at = match m.end > m.start {
            true => m.end,
            false => m.end + text[m.end..].chars().next().map_or(1, char::len_utf8),
        };
        found.push(m);
        if !all || at > text.len() {
            break;
        }
    }
    Ok(found)
}

/// The groups of a match as text[], or the whole match if there are none.
fn groups_array(text: &str, m: &Match) -> Datum {
    let elem = |span: &Option<(usize, usize)>| match span {
        Some((start, end)) => Datum::text(&text[*start..*end]),
        None => Datum::Null,
    };
    let elems = match m.groups.is_empty() {
        true => vec![Datum::text(&text[m.start..m.end])],
        false => m.groups.iter().map(elem).collect(),
    };
    Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::TEXT, elems)))
}

fn register_match(r: &mut Registry) {
    fn first(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
        let flags = flags(a, 2, "regexp_match()", false)?;
        let found = compiled(cx, &a[1], flags)?.find_at(a[0].as_str(), 0)?;
        Ok(found.map_or(Datum::Null, |m| groups_array(a[0].as_str(), &m)))
    }
    fn all(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Box<dyn fmgr::RowSource>> {
        let flags = flags(a, 2, "regexp_matches()", true)?;
        let text = a[0].as_str();
        let found = find_all(compiled(cx, &a[1], flags)?, text, 0, flags.global)?;
        Ok(VecRowSource::scalars(found.iter().map(|m| groups_array(text, m)).collect()))
    }
    r.scalar("regexp_match", first);
    r.scalar("regexp_match_no_flags", first);
    r.set("regexp_matches", all);
    r.set("regexp_matches_no_flags", all);
    r.scalar("regexp_like", |cx, a| like(cx, a));
    r.scalar("regexp_like_no_flags", |cx, a| like(cx, a));
}

fn like(cx: &mut CallContext<'_>, a: &[Datum]) -> PgResult<Datum> {
    let flags = flags(a, 2, "regexp_like()", false)?;
    Ok(Datum::Bool(compiled(cx, &a[1], flags)?.is_match(a[0].as_str())?))
}

/// Appends a replacement: `\1`…`\9` are groups, `\&` the match, `\\` a backslash.
fn push_replacement(out: &mut String, replacement: &str, text: &str, m: &Match) {
    let mut rest = replacement;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.chars().next() {
            Some('&') => out.push_str(&text[m.start..m.end]),
            Some(c @ '1'..='9') => {
                let n = c as usize - '1' as usize;
                if let Some(Some((start, end))) = m.groups.get(n) {
                    out.push_str(&text[*start..*end]);
                }
            }
            Some('\\') => out.push('\\'),
            Some(c) => {
                out.push('\\');
                out.push(c);
            }
            None => {
                out.push('\\');
                return;
            }
        }
        let width = rest.chars().next().map_or(0, char::len_utf8);
        rest = &rest[width..];
    }
    out.push_str(rest);
}

/// Replaces the `nth` match (0: all) at or after character `start`.
fn replace(
    cx: &mut CallContext<'_>,
    a: &[Datum],
    flags: Flags,
    start: i32,
    nth: usize,
) -> PgResult<Datum> {
    let (text, replacement) = (a[0].as_str(), a[2].as_str());
    let from = text_type::char_offset(text, (start - 1) as usize);
    let regex = compiled(cx, &a[1], flags)?;
    // Past the end not even an empty match is found.
    if start > 1 && (start - 1) as usize > text.chars().count() {
        return Ok(a[0].clone());
    }
    let found = find_all(regex, text, from, nth != 1)?;
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (index, m) in found.iter().enumerate() {
        if nth == 0 || index + 1 == nth {
            out.push_str(&text[copied..m.start]);
            push_replacement(&mut out, replacement, text, m);
            copied = m.end;
        }
    }
    out.push_str(&text[copied..]);
    Ok(Datum::text(&out))
}

fn register_replace(r: &mut Registry) {
    r.scalar("textregexreplace_noopt", |cx, a| replace(cx, a, Flags::default(), 1, 1));
    r.scalar("textregexreplace", |cx, a| {
        let letters = a[3].as_str();
        if letters.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(err!(
                INVALID_PARAMETER_VALUE,
                "invalid regular expression option: \"{}\"",
                &letters[..1]
            )
            .hint("If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly."));
        }
        let flags = Flags::parse(letters)?;
        replace(cx, a, Flags { global: false, ..flags }, 1, usize::from(!flags.global))
    });
    fn extended(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
        let start = positive("start", a[3].as_i32())?;
        let nth = match a.get(4) {
            Some(n) if n.as_i32() < 0 => return Err(bad_parameter("n", n.as_i32())),
            Some(n) => n.as_i32() as usize,
            None => 1,
        };
        let flags = flags(a, 5, "regexp_replace()", true)?;
        let nth = if a.len() < 5 && flags.global { 0 } else { nth };
        replace(cx, a, Flags { global: false, ..flags }, start, nth)
    }
    r.scalar("textregexreplace_extended", extended);
    r.scalar("textregexreplace_extended_no_flags", extended);
    r.scalar("textregexreplace_extended_no_n", extended);
}

/// Pieces between matches; an empty match at the start, the end, or right after another is no border.
fn split(cx: &mut CallContext<'_>, a: &[Datum], function: &str) -> PgResult<Vec<Datum>> {
    let flags = flags(a, 2, function, false)?;
    let text = a[0].as_str();
    let regex = compiled(cx, &a[1], flags)?;
    let mut pieces = Vec::new();
    let (mut piece, mut at) = (0, 0);
    while let Some(m) = regex.find_at(text, at)? {
        let empty = m.start == m.end;
        if empty && (m.start >= text.len() || m.start == piece) {
            let Some(c) = text[m.end..].chars().next() else { break };
            at = m.end + c.len_utf8();
            if m.start == piece && m.start > 0 || m.start == 0 {
                continue;
            }
        }
        pieces.push(Datum::text(&text[piece..m.start]));
        piece = m.end;
        at = at.max(m.end);
    }
    pieces.push(Datum::text(&text[piece..]));
    Ok(pieces)
}

fn register_split(r: &mut Registry) {
    fn rows(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Box<dyn fmgr::RowSource>> {
        split(cx, a, "regexp_split_to_table()").map(VecRowSource::scalars)
    }
    fn array(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
        let pieces = split(cx, a, "regexp_split_to_array()")?;
        Ok(Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::TEXT, pieces))))
    }
    r.set("regexp_split_to_table", rows);
    r.set("regexp_split_to_table_no_flags", rows);
    r.scalar("regexp_split_to_array", array);
    r.scalar("regexp_split_to_array_no_flags", array);
}

fn bad_parameter(name: &str, value: i32) -> error::PgError {
    err!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"{name}\": {value}")
}

fn positive(name: &str, value: i32) -> PgResult<i32> {
    if value > 0 { Ok(value) } else { Err(bad_parameter(name, value)) }
}

/// Matches at or after character `args[2]` (default 1).
fn matches_from(cx: &mut CallContext<'_>, a: &[Datum], flags: Flags) -> PgResult<Vec<Match>> {
    let start = match a.get(2) {
        Some(start) => positive("start", start.as_i32())?,
        None => 1,
    };
    let text = a[0].as_str();
    let regex = compiled(cx, &a[1], flags)?;
    if start as usize > text.chars().count() + 1 {
        return Ok(Vec::new());
    }
    let from = text_type::char_offset(text, (start - 1) as usize);
    find_all(regex, text, from, true)
}

/// The `n`th match's span, or its group's.
fn chosen(found: &[Match], n: i32, group: i32) -> Option<(usize, usize)> {
    let m = found.get(n as usize - 1)?;
    match group {
        0 => Some((m.start, m.end)),
        group => m.groups.get(group as usize - 1).copied().flatten(),
    }
}

fn register_numbered(r: &mut Registry) {
    fn count(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
        a.get(2).map_or(Ok(1), |start| positive("start", start.as_i32()))?;
        let flags = flags(a, 3, "regexp_count()", false)?;
        Ok(Datum::Int4(matches_from(cx, a, flags)?.len() as i32))
    }
    for name in ["regexp_count", "regexp_count_no_flags", "regexp_count_no_start"] {
        r.scalar(name, count);
    }
    fn substr(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
        a.get(2).map_or(Ok(1), |start| positive("start", start.as_i32()))?;
        let n = a.get(3).map_or(Ok(1), |n| positive("n", n.as_i32()))?;
        let group = a.get(5).map_or(0, Datum::as_i32);
        if group < 0 {
            return Err(bad_parameter("subexpr", group));
        }
        let flags = flags(a, 4, "regexp_substr()", false)?;
        let found = matches_from(cx, a, flags)?;
        let text = a[0].as_str();
        Ok(chosen(&found, n, group).map_or(Datum::Null, |(s, e)| Datum::text(&text[s..e])))
    }
    for name in [
        "regexp_substr",
        "regexp_substr_no_subexpr",
        "regexp_substr_no_flags",
        "regexp_substr_no_n",
        "regexp_substr_no_start",
    ] {
        r.scalar(name, substr);
    }
    fn instr(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
        a.get(2).map_or(Ok(1), |start| positive("start", start.as_i32()))?;
        let n = a.get(3).map_or(Ok(1), |n| positive("n", n.as_i32()))?;
        let end_option = a.get(4).map_or(0, Datum::as_i32);
        if !(0..=1).contains(&end_option) {
            return Err(bad_parameter("endoption", end_option));
        }
        let group = a.get(6).map_or(0, Datum::as_i32);
        if group < 0 {
            return Err(bad_parameter("subexpr", group));
        }
        let flags = flags(a, 5, "regexp_instr()", false)?;
        let found = matches_from(cx, a, flags)?;
        let text = a[0].as_str();
        let position = chosen(&found, n, group).map(|(s, e)| if end_option == 0 { s } else { e });
        Ok(Datum::Int4(position.map_or(0, |at| text[..at].chars().count() as i32 + 1)))
    }
    for name in [
        "regexp_instr",
        "regexp_instr_no_subexpr",
        "regexp_instr_no_flags",
        "regexp_instr_no_endoption",
        "regexp_instr_no_n",
        "regexp_instr_no_start",
    ] {
        r.scalar(name, instr);
    }
}
