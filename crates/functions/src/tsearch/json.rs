//! Text search in json and jsonb: their strings, and on demand keys, numbers and booleans.
use super::configuration::Configuration;
use super::document::DocumentBuilder;
use error::{PgResult, bail, err};
use fmgr::{CallContext, Registry};
use types::{
    Datum,
    json::{self, JsonSink},
    jsonb::Jsonb,
};

/// Which parts are looked at.
#[derive(Clone, Copy, Default)]
struct Parts {
    keys: bool,
    strings: bool,
    numbers: bool,
    booleans: bool,
}

const STRINGS: Parts = Parts { keys: false, strings: true, numbers: false, booleans: false };

const HINT: &str =
    "Possible values are: \"string\", \"numeric\", \"boolean\", \"key\", and \"all\".";

/// The filter argument.
fn parts(filter: &Datum) -> PgResult<Parts> {
    let mut out = Parts::default();
    let mut add = |item: Jsonb<'_>| {
        let Jsonb::String(name) = item else {
            return Err(
                err!(INVALID_PARAMETER_VALUE, "flag array element is not a string").hint(HINT)
            );
        };
        match name.to_ascii_lowercase().as_str() {
            "all" => out = Parts { keys: true, strings: true, numbers: true, booleans: true },
            "key" => out.keys = true,
            "string" => out.strings = true,
            "numeric" => out.numbers = true,
            "boolean" => out.booleans = true,
            _ => {
                return Err(err!(INVALID_PARAMETER_VALUE, "wrong flag in flag array: \"{name}\"")
                    .hint(HINT));
            }
        }
        Ok(())
    };
    match Jsonb::new(filter.as_bytes()) {
        Jsonb::Array(items) => items.iter().try_for_each(add)?,
        Jsonb::Object(_) => {
            bail!(INVALID_PARAMETER_VALUE, "wrong flag type, only arrays and scalars are allowed")
        }
        scalar => add(scalar)?,
    }
    Ok(out)
}

fn jsonb_texts(value: Jsonb<'_>, parts: Parts, out: &mut Vec<String>) -> PgResult<()> {
    error::check_stack_depth()?;
    match value {
        Jsonb::Null => {}
        Jsonb::Bool(b) if parts.booleans => out.push(b.to_string()),
        Jsonb::Number(n) if parts.numbers => {
            let mut text = Vec::new();
            types::numeric::output(n, &mut text);
            out.push(String::from_utf8_lossy(&text).into_owned());
        }
        Jsonb::String(s) if parts.strings => out.push(s.to_owned()),
        Jsonb::Bool(_) | Jsonb::Number(_) | Jsonb::String(_) => {}
        Jsonb::Array(items) => {
            for item in items.iter() {
                jsonb_texts(item, parts, out)?;
            }
        }
        Jsonb::Object(members) => {
            for (key, value) in members.iter() {
                if parts.keys {
                    out.push(key.to_owned());
                }
                jsonb_texts(value, parts, out)?;
            }
        }
    }
    Ok(())
}

/// Collects the wanted parts of a json text.
struct Collect {
    parts: Parts,
    out: Vec<String>,
}

impl Collect {
    fn add(&mut self, wanted: bool, text: &str) -> PgResult<()> {
        if wanted {
            self.out.push(text.to_owned());
        }
        Ok(())
    }
}

impl JsonSink for Collect {
    const UNESCAPE: bool = true;
    fn null(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn boolean(&mut self, value: bool) -> PgResult<()> {
        self.add(self.parts.booleans, if value { "true" } else { "false" })
    }
    fn number(&mut self, text: &str) -> PgResult<()> {
        self.add(self.parts.numbers, text)
    }
    fn string(&mut self, text: &str) -> PgResult<()> {
        self.add(self.parts.strings, text)
    }
    fn begin_array(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn end_array(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn begin_object(&mut self) -> PgResult<()> {
        Ok(())
    }
    fn key(&mut self, text: &str) -> PgResult<()> {
        self.add(self.parts.keys, text)
    }
    fn end_object(&mut self) -> PgResult<()> {
        Ok(())
    }
}

fn to_tsvector(
    cx: &mut CallContext<'_>,
    config: Option<&Datum>,
    value: &Datum,
    parts: Parts,
    binary: bool,
) -> PgResult<Datum> {
    let configuration = Configuration::of_call(cx, config)?;
    let mut texts = Vec::new();
    if binary {
        jsonb_texts(Jsonb::new(value.as_bytes()), parts, &mut texts)?;
    } else {
        let mut collect = Collect { parts, out: texts };
        json::parse(value.as_str(), &mut collect)?;
        texts = collect.out;
    }
    let mut document = DocumentBuilder::default();
    for text in &texts {
        if document.add(cx, &configuration, text)? {
            document.add_gap();
        }
    }
    document.finish()
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! documents {
        ($($strings:literal $strings_by_id:literal $parts:literal $parts_by_id:literal: $binary:literal;)*) => { $(
            r.scalar($strings, |cx, a| to_tsvector(cx, None, &a[0], STRINGS, $binary));
            r.scalar($strings_by_id, |cx, a| to_tsvector(cx, Some(&a[0]), &a[1], STRINGS, $binary));
            r.scalar($parts, |cx, a| to_tsvector(cx, None, &a[0], parts(&a[1])?, $binary));
            r.scalar($parts_by_id, |cx, a| {
                to_tsvector(cx, Some(&a[0]), &a[1], parts(&a[2])?, $binary)
            });
        )* };
    }
    documents! {
        "json_string_to_tsvector" "json_string_to_tsvector_byid"
            "json_to_tsvector" "json_to_tsvector_byid": false;
        "jsonb_string_to_tsvector" "jsonb_string_to_tsvector_byid"
            "jsonb_to_tsvector" "jsonb_to_tsvector_byid": true;
    }
}
