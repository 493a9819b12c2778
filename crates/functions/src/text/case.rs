//! upper, lower, initcap, casefold, and Unicode normal forms.
use super::text;
use error::{PgResult, bail, err, not_supported};
use fmgr::{CallContext, Registry};
use types::Datum;
use unicode_normalization::UnicodeNormalization;

/// How far a collation's character classification reaches.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    /// C, POSIX and the default: ASCII letters only.
    Ascii,
    /// C.UTF-8: one code point to one code point.
    Simple,
    /// PG_UNICODE_FAST: full mappings.
    Full,
}

fn reach(cx: &CallContext<'_>) -> PgResult<Reach> {
    match cx.collation().0 {
        0 => Err(err!(
            INDETERMINATE_COLLATION,
            "could not determine which collation to use for lower() function"
        )
        .hint("Use the COLLATE clause to set the collation explicitly.")),
        100 | 950 | 951 | 962 => Ok(Reach::Ascii),
        811 => Ok(Reach::Simple),
        6411 => Ok(Reach::Full),
        other => Err(not_supported!("case mapping under collation {other}")),
    }
}

/// The single code point a character maps to; characters with longer mappings stay.
fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn upper(value: &str, reach: Reach) -> String {
    match reach {
        Reach::Ascii => value.to_ascii_uppercase(),
        Reach::Simple => value.chars().map(|c| single(c, c.to_uppercase())).collect(),
        Reach::Full => value.to_uppercase(),
    }
}

fn lower(value: &str, reach: Reach) -> String {
    match reach {
        Reach::Ascii => value.to_ascii_lowercase(),
        Reach::Simple => value.chars().map(|c| single(c, c.to_lowercase())).collect(),
        Reach::Full => value.to_lowercase(),
    }
}

/// Case folding: what compares equal whatever its case. The lower case of the upper case is it but for
/// Cherokee, whose letters fold to capitals, and the dotless i, which folds to itself.
fn fold(value: &str, reach: Reach) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match (reach, c) {
            (Reach::Ascii, c) => out.push(c.to_ascii_lowercase()),
            (_, 'ı' | '\u{13a0}'..='\u{13f5}') => out.push(c),
            (_, '\u{13f8}'..='\u{13fd}' | '\u{ab70}'..='\u{abbf}') => {
                out.push(single(c, c.to_uppercase()));
            }
            (Reach::Simple, c) => {
                let upper = single(c, c.to_uppercase());
                out.push(single(upper, upper.to_lowercase()));
            }
            (Reach::Full, c) => out.extend(c.to_uppercase().flat_map(char::to_lowercase)),
        }
    }
    out
}

fn initcap(value: &str, reach: Reach) -> String {
    let mut out = String::with_capacity(value.len());
    let mut in_word = false;
    for c in value.chars() {
        let mut buffer = [0; 4];
        let one: &str = c.encode_utf8(&mut buffer);
        out.push_str(&if in_word { lower(one, reach) } else { upper(one, reach) });
        in_word = match reach {
            Reach::Ascii => c.is_ascii_alphanumeric(),
            _ => c.is_alphanumeric(),
        };
    }
    out
}

/// The version of Unicode that the tables of the regex crates are of.
const UNICODE_VERSION: &str = "16.0";

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("upper", |cx, a| text(upper(a[0].as_str(), reach(cx)?)));
    r.scalar("lower", |cx, a| text(lower(a[0].as_str(), reach(cx)?)));
    r.scalar("initcap", |cx, a| text(initcap(a[0].as_str(), reach(cx)?)));
    r.scalar("casefold", |cx, a| text(fold(a[0].as_str(), reach(cx)?)));
    r.scalar("unicode_version", |_cx, _a| text(UNICODE_VERSION.to_string()));
    r.scalar("icu_unicode_version", |_cx, _a| Ok(Datum::Null));
    r.scalar("unicode_assigned", |cx, a| {
        let unassigned = cx.cached(|| regex::Regex::new(r"\p{Cn}").ok());
        let found = unassigned.as_ref().is_some_and(|r| r.is_match(a[0].as_str()));
        Ok(Datum::Bool(!found))
    });
    r.scalar("unicode_normalize_func", |_cx, a| text(normalize(a[0].as_str(), a[1].as_str())?));
    r.scalar("unicode_is_normalized", |_cx, a| {
        Ok(Datum::Bool(normalize(a[0].as_str(), a[1].as_str())? == a[0].as_str()))
    });
}

fn normalize(value: &str, form: &str) -> PgResult<String> {
    Ok(match form.to_ascii_uppercase().as_str() {
        "NFC" => value.nfc().collect(),
        "NFD" => value.nfd().collect(),
        "NFKC" => value.nfkc().collect(),
        "NFKD" => value.nfkd().collect(),
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid normalization form: {form}"),
    })
}
