//! xml: making XML from SQL values, tables, schemas and databases. Reading XML is not there yet.

mod schema;
mod table;
mod value;

use error::err;
use fmgr::Registry;
use types::Datum;

/// Registers the family.
pub fn register(r: &mut Registry) {
    register_values(r);
    table::register(r);
}

fn register_values(r: &mut Registry) {
    r.scalar("xml_out", |_cx, a| Ok(a[0].clone()));
    r.scalar("xmltotext", |_cx, a| Ok(a[0].clone()));
    r.scalar("xmltext", |_cx, a| Ok(Datum::text(&value::escape(a[0].as_str()))));
    r.scalar("xmlcomment", |_cx, a| {
        let text = a[0].as_str();
        if text.contains("--") || text.ends_with('-') {
            return Err(err!(INVALID_XML_COMMENT, "invalid XML comment"));
        }
        Ok(Datum::text(&format!("<!--{text}-->")))
    });
}
