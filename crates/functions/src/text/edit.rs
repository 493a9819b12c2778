//! Functions that cut, join, pad and replace text.
use super::{checked_size, text};
use error::{PgResult, bail};
use fmgr::Registry;
use types::{Datum, text as text_type};

/// The characters from `start` (1-based, may be negative or 0) on, `length` of them if given.
fn substring(value: &str, start: i32, length: Option<i32>) -> PgResult<&str> {
    let start = i64::from(start);
    let end = match length {
        Some(length) if length < 0 => {
            bail!(SUBSTRING_ERROR, "negative substring length not allowed")
        }
        Some(length) => start + i64::from(length),
        None => i64::MAX,
    };
    let first = start.max(1);
    if end <= first {
        return Ok("");
    }
    let from = text_type::char_offset(value, (first - 1) as usize);
    let rest = &value[from..];
    let count = (end - first).min(rest.len() as i64) as usize;
    Ok(&rest[..text_type::char_offset(rest, count)])
}

fn overlay(value: &str, new: &str, start: i32, length: i32) -> PgResult<String> {
    if start <= 0 {
        bail!(SUBSTRING_ERROR, "negative substring length not allowed");
    }
    let Some(after) = start.checked_add(length) else {
        return Err(types::int::out_of_range::<i32>());
    };
    let head = substring(value, 1, Some(start - 1))?;
    let tail = substring(value, after, None)?;
    Ok([head, new, tail].concat())
}

/// Padding taken from `fill`, round and round, to reach `length` characters.
fn pad(value: &str, length: i32, fill: &str, left: bool) -> PgResult<String> {
    let length = length.max(0) as usize;
    let have = value.chars().count();
    if have >= length || fill.is_empty() {
        return Ok(value[..text_type::char_offset(value, length)].to_string());
    }
    checked_size(length as u64 * 4)?;
    let padding: String = fill.chars().cycle().take(length - have).collect();
    Ok(if left { padding + value } else { value.to_string() + &padding })
}

fn trim<'a>(value: &'a str, set: &str, left: bool, right: bool) -> &'a str {
    let in_set = |c: char| set.contains(c);
    let value = if left { value.trim_start_matches(in_set) } else { value };
    if right { value.trim_end_matches(in_set) } else { value }
}

/// Characters a count from the end leaves: `left('abc', -1)` is `ab`.
fn prefix_length(value: &str, count: i32) -> usize {
    match usize::try_from(count) {
        Ok(count) => count,
        Err(_) => value.chars().count().saturating_sub(count.unsigned_abs() as usize),
    }
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_lengths(r);
    register_cuts(r);
    register_trims(r);
    register_changes(r);
}

fn register_lengths(r: &mut Registry) {
    r.scalar("textlen", |_cx, a| Ok(Datum::Int4(text_type::char_len(a[0].as_bytes()) as i32)));
    r.scalar("textoctetlen", |_cx, a| Ok(Datum::Int4(a[0].as_bytes().len() as i32)));
    r.scalar("bpcharoctetlen", |_cx, a| Ok(Datum::Int4(a[0].as_bytes().len() as i32)));
    r.scalar("bpcharlen", |_cx, a| {
        let trimmed = text_type::bpchar_trim(a[0].as_bytes());
        Ok(Datum::Int4(text_type::char_len(trimmed) as i32))
    });
    r.scalar("ascii", |_cx, a| {
        Ok(Datum::Int4(a[0].as_str().chars().next().map_or(0, |c| c as i32)))
    });
    r.scalar("chr", |_cx, a| {
        let code = a[0].as_i32();
        if code < 0 {
            bail!(INVALID_PARAMETER_VALUE, "character number must be positive");
        }
        if code == 0 {
            bail!(PROGRAM_LIMIT_EXCEEDED, "null character not permitted");
        }
        if code > 0x10_ffff {
            bail!(PROGRAM_LIMIT_EXCEEDED, "requested character too large for encoding: {code}");
        }
        match char::from_u32(code as u32) {
            Some(c) => text(c.to_string()),
            None => {
                bail!(PROGRAM_LIMIT_EXCEEDED, "requested character not valid for encoding: {code}")
            }
        }
    });
}

fn register_cuts(r: &mut Registry) {
    r.scalar("text_substr", |_cx, a| {
        Ok(Datum::text(substring(a[0].as_str(), a[1].as_i32(), Some(a[2].as_i32()))?))
    });
    r.scalar("text_substr_no_len", |_cx, a| {
        Ok(Datum::text(substring(a[0].as_str(), a[1].as_i32(), None)?))
    });
    r.scalar("text_left", |_cx, a| {
        let value = a[0].as_str();
        let keep = prefix_length(value, a[1].as_i32());
        Ok(Datum::text(&value[..text_type::char_offset(value, keep)]))
    });
    r.scalar("text_right", |_cx, a| {
        let (value, count) = (a[0].as_str(), a[1].as_i32());
        let skip = match count < 0 {
            // The opposite of the least integer is no integer: nothing is skipped.
            true => count.checked_neg().unwrap_or(0) as usize,
            false => value.chars().count().saturating_sub(count as usize),
        };
        Ok(Datum::text(&value[text_type::char_offset(value, skip)..]))
    });
    r.scalar("split_part", |_cx, a| {
        let (value, separator, field) = (a[0].as_str(), a[1].as_str(), a[2].as_i32());
        if field == 0 {
            bail!(INVALID_PARAMETER_VALUE, "field position must not be zero");
        }
        if separator.is_empty() {
            return Ok(if field.abs() == 1 { a[0].clone() } else { Datum::text("") });
        }
        let skip = field.unsigned_abs() as usize - 1;
        let part = match field > 0 {
            true => value.split(separator).nth(skip),
            false => {
                let parts: Vec<&str> = value.split(separator).collect();
                parts.len().checked_sub(skip + 1).map(|i| parts[i])
            }
        };
        Ok(Datum::text(part.unwrap_or("")))
    });
}

fn register_trims(r: &mut Registry) {
    r.scalar("btrim", |_cx, a| Ok(Datum::text(trim(a[0].as_str(), a[1].as_str(), true, true))));
    r.scalar("ltrim", |_cx, a| Ok(Datum::text(trim(a[0].as_str(), a[1].as_str(), true, false))));
    r.scalar("rtrim", |_cx, a| Ok(Datum::text(trim(a[0].as_str(), a[1].as_str(), false, true))));
    r.scalar("btrim1", |_cx, a| Ok(Datum::text(trim(a[0].as_str(), " ", true, true))));
    r.scalar("ltrim1", |_cx, a| Ok(Datum::text(trim(a[0].as_str(), " ", true, false))));
    r.scalar("rtrim1", |_cx, a| Ok(Datum::text(trim(a[0].as_str(), " ", false, true))));
    r.scalar("lpad", |_cx, a| text(pad(a[0].as_str(), a[1].as_i32(), a[2].as_str(), true)?));
    r.scalar("rpad", |_cx, a| text(pad(a[0].as_str(), a[1].as_i32(), a[2].as_str(), false)?));
}

fn register_changes(r: &mut Registry) {
    r.scalar("textcat", |_cx, a| {
        let joined = [a[0].as_bytes(), a[1].as_bytes()].concat();
        Ok(Datum::bytes(&joined))
    });
    r.scalar("textoverlay", |_cx, a| {
        text(overlay(a[0].as_str(), a[1].as_str(), a[2].as_i32(), a[3].as_i32())?)
    });
    r.scalar("textoverlay_no_len", |_cx, a| {
        let length = a[1].as_str().chars().count() as i32;
        text(overlay(a[0].as_str(), a[1].as_str(), a[2].as_i32(), length)?)
    });
    r.scalar("replace_text", |_cx, a| match a[1].as_str() {
        "" => Ok(a[0].take()),
        from => text(a[0].as_str().replace(from, a[2].as_str())),
    });
    r.scalar("translate", |_cx, a| {
        let (from, to): (Vec<char>, Vec<char>) =
            (a[1].as_str().chars().collect(), a[2].as_str().chars().collect());
        let map = |c: char| match from.iter().position(|f| *f == c) {
            Some(at) => to.get(at).copied(),
            None => Some(c),
        };
        text(a[0].as_str().chars().filter_map(map).collect())
    });
    r.scalar("repeat", |_cx, a| {
        let count = a[1].as_i32().max(0) as u64;
        checked_size(a[0].as_bytes().len() as u64 * count)?;
        text(a[0].as_str().repeat(count as usize))
    });
    r.scalar("text_reverse", |_cx, a| text(a[0].as_str().chars().rev().collect()));
    r.scalar("text_starts_with", |_cx, a| {
        Ok(Datum::Bool(a[0].as_bytes().starts_with(a[1].as_bytes())))
    });
}
