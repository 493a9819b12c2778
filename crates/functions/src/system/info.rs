//! format_type, role and encoding names, sizes, transaction ids.
use catalog::CatalogRead;
use error::{PgResult, err};
use fmgr::Registry;
use settings::Encoding;
use types::{Datum, Oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("format_type", |cx, a| {
        if a[0].is_null() {
            return Ok(Datum::Null);
        }
        let typmod = (!a[1].is_null()).then(|| a[1].as_i32());
        let oid = a[0].as_oid();
        let catalog = super::catalog(cx)?;
        if !oid.is_valid() {
            return Ok(Datum::text("-"));
        }
        if catalog.lookup_type(oid)?.is_none() {
            return Ok(Datum::text("???"));
        }
        catalog.format_type(oid, typmod).map(|t| Datum::text(&t))
    });
    r.scalar("pg_get_userbyid", |cx, a| {
        let oid = a[0].as_oid();
        let role = super::catalog(cx)?.lookup_role(oid)?;
        Ok(Datum::text(&role.map_or_else(|| format!("unknown (OID={oid})"), |r| r.name.clone())))
    });
    r.scalar("PG_encoding_to_char", |_cx, a| {
        let encoding = Encoding::from_number(a[0].as_i32());
        Ok(Datum::text(encoding.map_or("", Encoding::name)))
    });
    r.scalar("PG_char_to_encoding", |_cx, a| {
        Ok(Datum::Int4(Encoding::from_name(a[0].as_str()).map_or(-1, Encoding::number)))
    });
    r.scalar("pg_size_pretty", |_cx, a| Ok(Datum::text(&size_pretty(a[0].as_i64()))));
    r.scalar("pg_my_temp_schema", |cx, _a| {
        Ok(Datum::Oid(super::catalog(cx)?.temp_namespace().unwrap_or(Oid::INVALID)))
    });
    r.scalar("pg_relation_is_publishable", |cx, a| {
        let oid = a[0].as_oid();
        let Some(rel) = super::catalog(cx)?.relation(oid)? else { return Ok(Datum::Null) };
        let publishable =
            matches!(rel.relkind, 'r' | 'p') && rel.persistence == 'p' && oid >= Oid::FIRST_NORMAL;
        Ok(Datum::Bool(publishable))
    });
    r.scalar("pg_is_in_recovery", |_cx, _a| Ok(Datum::Bool(false)));
    r.scalar("pg_num_nulls", |cx, a| count_nulls(cx.site.variadic, a, true));
    r.scalar("pg_num_nonnulls", |cx, a| count_nulls(cx.site.variadic, a, false));
    r.scalar("parse_ident", |_cx, a| {
        let parts = parse_ident(a[0].as_str(), a[1].as_bool())?;
        let elems = parts.iter().map(|p| Datum::text(p)).collect();
        let array = types::ArrayValue::from_elems(types::type_oid::TEXT, elems);
        Ok(Datum::Array(std::sync::Arc::new(array)))
    });
}

/// Bytes up to 10 kB exactly, then in the unit that leaves fewer than 10240 of it, rounded half up.
fn size_pretty(size: i64) -> String {
    const UNITS: [&str; 6] = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let negative = size < 0;
    let mut value = size.unsigned_abs();
    let mut unit = 0;
    let mut half = 0;
    while unit + 1 < UNITS.len() && (value + half) / (1 + u64::from(half > 0)) >= 10 * 1024 {
        // One bit more than the unit is kept for rounding.
        value >>= if half == 0 { 9 } else { 10 };
        half = 1;
        unit += 1;
    }
    let rounded = (value + half) / (1 + u64::from(half > 0));
    format!("{}{rounded} {}", if negative { "-" } else { "" }, UNITS[unit])
}

fn count_nulls(variadic: bool, args: &[Datum], nulls: bool) -> PgResult<Datum> {
    let count = |values: &[Datum]| values.iter().filter(|v| v.is_null() == nulls).count() as i32;
    Ok(match (variadic, &args[0]) {
        (true, Datum::Array(array)) => Datum::Int4(count(&array.elems)),
        (true, _) => Datum::Null,
        (false, _) => Datum::Int4(count(args)),
    })
}

/// Dotted identifiers, unquoted ones folded to lower case.
pub(crate) fn split_identifiers(text: &str) -> PgResult<Vec<String>> {
    let invalid = || err!(INVALID_NAME, "invalid name syntax");
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (name, after) = quoted_identifier(quoted).ok_or_else(invalid)?;
            parts.push(name);
            rest = after.trim_start();
        } else {
            // Looser than a parser: a number, say, may be the name of nothing.
            let end =
                rest.find(|c: char| c == '.' || c.is_ascii_whitespace()).unwrap_or(rest.len());
            if end == 0 {
                return Err(invalid());
            }
            parts.push(rest[..end].to_ascii_lowercase());
            rest = rest[end..].trim_start();
        }
        match rest.strip_prefix('.') {
            Some(after) => rest = after.trim_start(),
            None if rest.is_empty() => return Ok(parts),
            None => return Err(invalid()),
        }
    }
}

fn parse_ident(text: &str, strict: bool) -> PgResult<Vec<String>> {
    let invalid = || err!(INVALID_PARAMETER_VALUE, "string is not a valid identifier: \"{text}\"");
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (name, after) = quoted_identifier(quoted)
                .ok_or_else(|| invalid().detail("String has unclosed double quotes."))?;
            if name.is_empty() {
                return Err(invalid().detail("Quoted identifier must not be empty."));
            }
            parts.push(name);
            rest = after.trim_start();
        } else {
            let start = |c: char| c == '_' || c.is_alphabetic() || !c.is_ascii();
            let end = rest
                .find(|c: char| !(start(c) || c.is_ascii_digit() || c == '$'))
                .unwrap_or(rest.len());
            if end == 0 || !rest.starts_with(start) {
                return Err(match (rest.starts_with('.'), parts.is_empty()) {
                    (true, _) => invalid().detail("No valid identifier before \".\"."),
                    (false, false) => invalid().detail("No valid identifier after \".\"."),
                    (false, true) => invalid(),
                });
            }
            parts.push(rest[..end].to_ascii_lowercase());
            rest = rest[end..].trim_start();
        }
        match rest.strip_prefix('.') {
            Some(after) => rest = after.trim_start(),
            None if rest.is_empty() || !strict => return Ok(parts),
            None => return Err(invalid()),
        }
    }
}

/// The identifier up to its closing quote, and what follows.
fn quoted_identifier(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let at = rest.find('"')?;
        name.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return Some((name, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_round_half_up_past_ten_units() {
        for (size, text) in [
            (10, "10 bytes"),
            (10239, "10239 bytes"),
            (10240, "10 kB"),
            (1_000_000, "977 kB"),
            (10_485_247, "10239 kB"),
            (10_485_248, "10 MB"),
            (-1_000_000_000, "-954 MB"),
        ] {
            assert_eq!(size_pretty(size), text);
        }
    }

    #[test]
    fn identifiers() {
        assert_eq!(parse_ident("Foo.\"Bar\"\"x\"", true).expect("valid"), ["foo", "Bar\"x"]);
        assert!(parse_ident("foo.boo[]", true).is_err());
        assert!(parse_ident(".x", true).is_err());
    }
}
