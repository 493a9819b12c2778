//! SQL values as the text of XML elements.
use crate::system::session_catalog;
use catalog::CatalogRead;
use error::{PgResult, err};
use fmgr::FnContext;
use types::{Datum, IoOptions, Oid, type_oid as t};

/// Text with XML's special characters escaped.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#x0d;"),
            c => out.push(c),
        }
    }
    out
}

/// Whether binary values are written in base64 rather than hexadecimal.
pub(super) fn is_base64(session: &dyn FnContext) -> bool {
    session.get_setting("xmlbinary").is_none_or(|v| v == "base64")
}

const BASE64_LINE: usize = 72;

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for (i, group) in bytes.chunks(3).enumerate() {
        if i > 0 && (4 * i).is_multiple_of(BASE64_LINE) {
            out.push_str("\r\n");
        }
        let word =
            group.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for n in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * n)) as usize & 63] as char;
            out.push(if n <= group.len() { digit } else { '=' });
        }
    }
    out
}

/// A value as XML content. XML itself, and anything if `escaped` is false, stands as it is.
pub(super) fn content(
    session: &dyn FnContext,
    typ: Oid,
    value: &Datum,
    escaped: bool,
) -> PgResult<String> {
    let catalog = session_catalog(session)?;
    let mut row = catalog.get_type(typ)?;
    while row.typtype == 'd' {
        row = catalog.get_type(row.basetype)?;
    }
    if let (true, Datum::Array(array)) = (row.is_array(), value) {
        let mut out = String::new();
        for elem in array.elems.iter().filter(|e| !e.is_null()) {
            out.push_str("<element>");
            out.push_str(&content(session, array.elem_type, elem, true)?);
            out.push_str("</element>");
        }
        return Ok(out);
    }
    let infinite = |what: &str| {
        err!(DATETIME_FIELD_OVERFLOW, "{what} out of range")
            .detail(format!("XML does not support infinite {what} values."))
    };
    let xsd = || IoOptions { date_style: types::DateStyle::Xsd, ..session.io_options().clone() };
    let mut out = Vec::new();
    match (row.oid, value) {
        (t::BOOL, value) => return Ok(if value.as_bool() { "true" } else { "false" }.to_string()),
        (t::DATE, Datum::Int4(i32::MIN | i32::MAX)) => return Err(infinite("date")),
        (t::TIMESTAMP | t::TIMESTAMPTZ, Datum::Int8(i64::MIN | i64::MAX)) => {
            return Err(infinite("timestamp"));
        }
        (t::DATE | t::TIMESTAMP | t::TIMESTAMPTZ, value) => {
            types::io::text_out(row.oid, value, &xsd(), &mut out);
            return Ok(String::from_utf8_lossy(&out).into_owned());
        }
        (t::BYTEA, value) => {
            let bytes = value.as_bytes();
            return Ok(match is_base64(session) {
                true => base64(bytes),
                false => bytes.iter().map(|b| format!("{b:02X}")).collect(),
            });
        }
        (typ, value) => session.type_output(typ, value, &mut out)?,
    }
    let text = String::from_utf8_lossy(&out).into_owned();
    Ok(if row.oid == t::XML || !escaped { text } else { escape(&text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms() {
        assert_eq!(base64(b"XYZ"), "WFla");
        assert_eq!(base64(b"XY"), "WFk=");
        assert_eq!(base64(b"X"), "WA==");
        assert_eq!(escape("<a & b>\r"), "&lt;a &amp; b&gt;&#x0d;");
    }
}
