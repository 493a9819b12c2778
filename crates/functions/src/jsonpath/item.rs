//! Items that a path works on: parts of documents, values computed from them, dates and times.
use bumpalo::Bump;
use error::PgResult;
use types::{
    Datum, IoOptions, Oid, Varlena,
    datetime::{TimeTz, USECS_PER_SEC, zone_text},
    io::text_out,
    jsonb::{JsonValue, Jsonb},
    type_oid as t,
};

/// One item. What a path computes lives in its arena.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    /// JSON.
    View(Jsonb<'a>),
    /// A value of a date or time type, with the offset (seconds east) that a timestamptz was given in.
    Datetime(Oid, Datum, i32),
}

impl<'a> Item<'a> {
    /// A number kept in the arena.
    pub(super) fn number(arena: &'a Bump, v: &Varlena) -> Self {
        Item::View(Jsonb::Number(arena.alloc_slice_copy(v)))
    }

    /// Text kept in the arena.
    pub(super) fn string(arena: &'a Bump, text: &str) -> Self {
        Item::View(Jsonb::String(arena.alloc_str(text)))
    }

    /// The item as a tree.
    pub(crate) fn value(&self) -> JsonValue {
        match self {
            Item::Datetime(typ, v, offset) => JsonValue::String(datetime_text(*typ, v, *offset)),
            Item::View(v) => v.to_value(),
        }
    }

    /// The item as stored jsonb.
    pub(crate) fn datum(&self) -> PgResult<Datum> {
        match self {
            Item::View(v) => v.encode().map(Datum::Bytes),
            other => other.value().encode().map(Datum::Bytes),
        }
    }

    /// Name of its type, as `type()` gives it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Item::Datetime(t::DATE, ..) => "date",
            Item::Datetime(t::TIME, ..) => "time without time zone",
            Item::Datetime(t::TIMETZ, ..) => "time with time zone",
            Item::Datetime(t::TIMESTAMP, ..) => "timestamp without time zone",
            Item::Datetime(..) => "timestamp with time zone",
            Item::View(v) => v.type_name(),
        }
    }
}

/// The form that dates and times have in JSON; a timestamptz is shown at the given offset.
pub(super) fn datetime_text(typ: Oid, v: &Datum, offset: i32) -> String {
    let opts = IoOptions { date_style: types::DateStyle::Xsd, ..IoOptions::default() };
    let mut out = Vec::new();
    match (typ, v) {
        (t::TIMESTAMPTZ, Datum::Int8(ts)) if *ts != i64::MIN && *ts != i64::MAX => {
            let local = Datum::Int8(ts.saturating_add(i64::from(offset) * USECS_PER_SEC));
            text_out(t::TIMESTAMP, &local, &opts, &mut out);
            zone_text(offset, types::DateStyle::Xsd, &mut out);
        }
        (t::TIMETZ, Datum::Bytes(stored)) => {
            text_out(t::TIME, &Datum::Int8(TimeTz::decode(stored).time), &opts, &mut out);
            zone_text(-TimeTz::decode(stored).zone, types::DateStyle::Xsd, &mut out);
        }
        _ => {
            text_out(typ, v, &opts, &mut out);
        }
    }
    String::from_utf8(out).unwrap_or_default()
}
