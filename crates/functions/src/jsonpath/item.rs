//! Items that a path works on: parts of documents, and values computed from them.
use error::PgResult;
use types::{
    Datum, IoOptions, Oid, Varlena,
    io::text_out,
    jsonb::{JsonValue, Jsonb},
    type_oid as t,
};

/// One item.
#[derive(Clone, Debug)]
pub(super) enum Item<'a> {
    /// A part of the document or of a variable.
    View(Jsonb<'a>),
    /// A stored numeric.
    Number(Varlena),
    /// Text.
    String(String),
    /// A value of a date or time type.
    Datetime(Oid, Datum),
}

impl<'a> Item<'a> {
    /// The item as jsonb; a date or time is none.
    pub(super) fn view(&self) -> Option<Jsonb<'_>> {
        Some(match self {
            Item::View(v) => *v,
            Item::Number(v) => Jsonb::Number(v),
            Item::String(v) => Jsonb::String(v),
            Item::Datetime(..) => return None,
        })
    }

    /// The item as a tree.
    pub(super) fn value(&self) -> PgResult<JsonValue> {
        Ok(match self {
            Item::Datetime(typ, v) => JsonValue::String(datetime_text(*typ, v)),
            other => other.view().map_or(JsonValue::Null, |v| v.to_value()),
        })
    }

    /// A part of this item, which outlives it only if it belongs to a document.
    pub(super) fn parts(&self) -> PgResult<Option<Vec<Item<'a>>>> {
        match self {
            Item::View(Jsonb::Array(array)) => Ok(Some(array.iter().map(Item::View).collect())),
            _ => Ok(None),
        }
    }

    /// Members of an object.
    pub(super) fn members(&self) -> PgResult<Option<Vec<(String, Item<'a>)>>> {
        match self {
            Item::View(Jsonb::Object(object)) => {
                Ok(Some(object.iter().map(|(k, v)| (k.to_string(), Item::View(v))).collect()))
            }
            _ => Ok(None),
        }
    }

    /// The member of a key: outer `None` if this is no object.
    pub(super) fn member(&self, key: &str) -> PgResult<Option<Option<Item<'a>>>> {
        match self {
            Item::View(Jsonb::Object(object)) => Ok(Some(object.get(key).map(Item::View))),
            _ => Ok(None),
        }
    }

    /// `type()`
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Item::Datetime(t::DATE, _) => "date",
            Item::Datetime(t::TIME, _) => "time without time zone",
            Item::Datetime(t::TIMETZ, _) => "time with time zone",
            Item::Datetime(t::TIMESTAMP, _) => "timestamp without time zone",
            Item::Datetime(..) => "timestamp with time zone",
            other => other.view().map_or("null", |v| v.type_name()),
        }
    }
}

/// The form that dates and times have in JSON.
pub(super) fn datetime_text(typ: Oid, v: &Datum) -> String {
    let opts = IoOptions { date_style: types::DateStyle::Xsd, ..IoOptions::default() };
    let mut out = Vec::new();
    text_out(typ, v, &opts, &mut out);
    String::from_utf8(out).unwrap_or_default()
}
