//! Position of text in text, splitting into arrays and rows, joining with separators.
use super::text;
use error::PgResult;
use fmgr::{CallContext, Registry, VecRowSource};
use std::sync::Arc;
use types::{ArrayValue, Datum, type_oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("textpos", |_cx, a| {
        let (value, part) = (a[0].as_str(), a[1].as_str());
        let at = value.find(part).map_or(0, |at| value[..at].chars().count() + 1);
        Ok(Datum::Int4(at as i32))
    });
    r.scalar("text_to_array", |_cx, a| Ok(array(split(a, None))));
    r.scalar("text_to_array_null", |_cx, a| Ok(array(split(a, a[2].clone().into()))));
    r.set("text_to_table", |_cx, a| Ok(VecRowSource::scalars(split(a, None).unwrap_or_default())));
    r.set("text_to_table_null", |_cx, a| {
        Ok(VecRowSource::scalars(split(a, a[2].clone().into()).unwrap_or_default()))
    });
    r.scalar("text_concat", |cx, a| {
        if cx.site.variadic && a.last().is_some_and(Datum::is_null) {
            return Ok(Datum::Null);
        }
        let mut out = Vec::new();
        join(cx, a, 0, b"", &mut out)?;
        Ok(Datum::bytes(&out))
    });
    r.scalar("text_concat_ws", |cx, a| {
        if a[0].is_null() {
            return Ok(Datum::Null);
        }
        if cx.site.variadic && a.last().is_some_and(Datum::is_null) {
            return Ok(Datum::Null);
        }
        let mut out = Vec::new();
        let separator = a[0].as_bytes().to_vec();
        join(cx, a, 1, &separator, &mut out)?;
        Ok(Datum::bytes(&out))
    });
    r.scalar("unistr", |_cx, a| text(unistr(a[0].as_str())?));
}

/// Fields of `args[0]` at the separator `args[1]` (NULL: each character, '' : no split), those equal
/// to `null` as NULL. `None` for NULL input.
fn split(args: &[Datum], null: Option<Datum>) -> Option<Vec<Datum>> {
    if args[0].is_null() {
        return None;
    }
    let value = args[0].as_str();
    let null = null.filter(|n| !n.is_null());
    let field = |part: &str| match &null {
        Some(null) if null.as_str() == part => Datum::Null,
        _ => Datum::text(part),
    };
    if value.is_empty() {
        return Some(Vec::new());
    }
    Some(match &args[1] {
        Datum::Null => value.chars().map(|c| field(c.encode_utf8(&mut [0; 4]))).collect(),
        separator if separator.as_bytes().is_empty() => vec![field(value)],
        separator => value.split(separator.as_str()).map(field).collect(),
    })
}

fn array(elems: Option<Vec<Datum>>) -> Datum {
    match elems {
        Some(elems) => Datum::Array(Arc::new(ArrayValue::from_elems(type_oid::TEXT, elems))),
        None => Datum::Null,
    }
}

/// Appends the text forms of the non-NULL arguments from `first` on, or of a VARIADIC array's elements.
fn join(
    cx: &mut CallContext<'_>,
    args: &[Datum],
    first: usize,
    separator: &[u8],
    out: &mut Vec<u8>,
) -> PgResult<()> {
    let session = cx.session;
    let mut empty = true;
    let mut push = |typ, value: &Datum, out: &mut Vec<u8>| -> PgResult<()> {
        if value.is_null() {
            return Ok(());
        }
        if !empty {
            out.extend_from_slice(separator);
        }
        empty = false;
        session.type_output(typ, value, out)
    };
    if cx.site.variadic && args.len() == first + 1 {
        if let Datum::Array(array) = &args[first] {
            for elem in &array.elems {
                push(array.elem_type, elem, out)?;
            }
        }
        return Ok(());
    }
    for (index, value) in args.iter().enumerate().skip(first) {
        push(cx.arg_type(index), value, out)?;
    }
    Ok(())
}

/// Resolves `\XXXX`, `\+XXXXXX`, `\uXXXX`, `\UXXXXXXXX` and `\\`.
fn unistr(value: &str) -> PgResult<String> {
    let invalid = || {
        error::err!(SYNTAX_ERROR, "invalid Unicode escape")
            .hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.")
    };
    let pair = || error::err!(SYNTAX_ERROR, "invalid Unicode surrogate pair");
    let mut out = String::with_capacity(value.len());
    let mut high: Option<u32> = None;
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        if high.is_some() && at > 0 {
            return Err(pair());
        }
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            if high.is_some() {
                return Err(pair());
            }
            out.push('\\');
            rest = after;
            continue;
        }
        let (skip, digits) = match rest.as_bytes().first() {
            Some(b'+') => (1, 6),
            Some(b'u') => (1, 4),
            Some(b'U') => (1, 8),
            _ => (0, 4),
        };
        let hex =
            rest.get(skip..skip + digits).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = hex.and_then(|h| u32::from_str_radix(h, 16).ok()).ok_or_else(invalid)?;
        rest = &rest[skip + digits..];
        match (high.take(), code) {
            (None, 0xd800..=0xdbff) => high = Some(code),
            (None, 0xdc00..=0xdfff) => return Err(pair()),
            (Some(first), 0xdc00..=0xdfff) => {
                let joined = 0x10000 + ((first - 0xd800) << 10) + (code - 0xdc00);
                out.extend(char::from_u32(joined));
            }
            (Some(_), _) => return Err(pair()),
            (None, 0) => return Err(error::err!(SYNTAX_ERROR, "invalid Unicode code point: 0000")),
            (None, code) => match char::from_u32(code) {
                Some(c) => out.push(c),
                None => {
                    error::bail!(INVALID_PARAMETER_VALUE, "invalid Unicode code point: {code:04X}")
                }
            },
        }
    }
    if high.is_some() {
        return Err(pair());
    }
    out.push_str(rest);
    Ok(out)
}
