//! ts_headline: the parts of a text that a query is about, its words marked.
use super::configuration::Configuration;
use super::cover::{self, Limits};
use super::execute::{Document, Match, Positions, Program, locations};
use super::{dictionary::Normal, query};
use error::{PgResult, bail};
use fmgr::{CallContext, Registry};
use types::{
    Datum,
    json::{self, JsonSink},
    jsonb::{JsonValue, Jsonb},
    tsearch::{DictionaryOption, TsQuery, deserialize_options, limit_position},
};

/// A token of the text, or a copy of one that several words of the query stand for.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub text: String,
    pub kind: u8,
    /// The query's word that it matches.
    pub item: Option<usize>,
    pub position: i32,
    pub repeated: bool,
    pub selected: bool,
    pub inside: bool,
    pub skip: bool,
    pub replace: bool,
}

/// A run of words that the query is matched against.
pub(super) struct WordRun<'a>(pub &'a [Word]);

impl Document for WordRun<'_> {
    fn find(&self, operand: usize, positions: Option<&mut Positions>) -> Match {
        let found = self.0.iter().filter(|w| w.item == Some(operand)).map(|w| w.position);
        let Some(out) = positions else {
            let mut found = found;
            return if found.next().is_some() { Match::Yes } else { Match::No };
        };
        for at in found {
            if out.at.last().is_none_or(|last| *last < at) {
                out.at.push(at);
            }
        }
        if out.at.is_empty() { Match::No } else { Match::Yes }
    }
}

/// What the options say.
struct Style {
    limits: Limits,
    start: String,
    stop: String,
    delimiter: String,
}

fn integer(option: &DictionaryOption) -> PgResult<i32> {
    types::int::input::<i32>(&option.value)
}

fn style(given: &[DictionaryOption]) -> PgResult<Style> {
    let mut limits = Limits {
        min_words: 15,
        max_words: 35,
        short_word: 3,
        max_fragments: 0,
        highlight_all: false,
    };
    let (mut start, mut stop) = ("<b>".to_owned(), "</b>".to_owned());
    let mut delimiter = " ... ".to_owned();
    for option in given {
        match option.name.to_ascii_lowercase().as_str() {
            "maxwords" => limits.max_words = integer(option)?,
            "minwords" => limits.min_words = integer(option)?,
            "shortword" => limits.short_word = integer(option)?,
            "maxfragments" => limits.max_fragments = integer(option)?,
            "startsel" => start.clone_from(&option.value),
            "stopsel" => stop.clone_from(&option.value),
            "fragmentdelimiter" => delimiter.clone_from(&option.value),
            "highlightall" => {
                let on = ["1", "on", "true", "t", "y", "yes"];
                limits.highlight_all = on.iter().any(|w| option.value.eq_ignore_ascii_case(w));
            }
            _ => bail!(
                INVALID_PARAMETER_VALUE,
                "unrecognized headline parameter: \"{}\"",
                option.name
            ),
        }
    }
    limits.check()?;
    let texts = [("StartSel", &start), ("StopSel", &stop), ("FragmentDelimiter", &delimiter)];
    for (name, text) in texts {
        if text.len() > i16::MAX as usize {
            bail!(INVALID_PARAMETER_VALUE, "value for \"{name}\" is too long");
        }
    }
    Ok(Style { limits, start, stop, delimiter })
}

/// The words of a text, those of the query known.
struct Collector<'a> {
    program: Option<&'a Program>,
    words: Vec<Word>,
    position: u64,
}

impl Collector<'_> {
    /// The last token became this word.
    fn find_items(&mut self, position: u64, normal: &str) {
        let Some(program) = self.program else { return };
        let Some(last) = self.words.len().checked_sub(1) else { return };
        self.words[last].position = i32::from(limit_position(position));
        for (n, operand) in program.operands.iter().enumerate() {
            let fits = match operand.prefix {
                true => normal.starts_with(&operand.word),
                false => normal == operand.word,
            };
            if !fits {
                continue;
            }
            if self.words[last].item.is_none() {
                self.words[last].item = Some(n);
            } else {
                let copy = Word { item: Some(n), repeated: true, ..self.words[last].clone() };
                self.words.push(copy);
            }
        }
    }

    fn add(&mut self, kind: u8, text: &str, normals: Option<&[Normal]>) {
        if kind > 0 {
            self.words.push(Word {
                text: text.to_owned(),
                kind,
                item: None,
                position: 0,
                repeated: false,
                selected: false,
                inside: false,
                skip: false,
                replace: false,
            });
        }
        let mut position = self.position;
        for normal in normals.into_iter().flatten() {
            position += u64::from(normal.add_position);
            self.find_items(position, &normal.word);
        }
    }
}

/// Makes the headline of one text; a document in JSON has several.
struct Headliner<'a> {
    configuration: &'a Configuration,
    program: Option<Program>,
    style: Style,
}

impl<'a> Headliner<'a> {
    fn new(
        configuration: &'a Configuration,
        q: Option<&TsQuery>,
        given: Option<&str>,
    ) -> PgResult<Headliner<'a>> {
        let given = match given {
            Some(text) => deserialize_options(text)?,
            None => Vec::new(),
        };
        let style = style(&given)?;
        Ok(Headliner { configuration, program: q.map(Program::new), style })
    }

    fn make(&self, cx: &CallContext<'_>, text: &str) -> PgResult<String> {
        let mut all = Collector { program: self.program.as_ref(), words: Vec::new(), position: 0 };
        self.configuration.parse(cx, text, &mut |tokens, answer| {
            let normals = answer.as_deref();
            if normals.is_some() {
                all.position += 1;
            }
            for token in tokens {
                all.add(token.kind, &token.text, normals);
            }
            let added = normals.into_iter().flatten().filter(|n| n.add_position).count();
            all.position += added as u64;
            Ok(())
        })?;
        let mut words = all.words;
        if let Some(program) = &self.program {
            let found = locations(&program.root, &WordRun(&words))?.unwrap_or_default();
            cover::mark(&mut words, Some(&program.root), &found, &self.style.limits)?;
        } else {
            cover::mark(&mut words, None, &[], &self.style.limits)?;
        }
        Ok(self.render(&words))
    }

    fn render(&self, words: &[Word]) -> String {
        let mut out = String::new();
        let (mut fragments, mut in_fragment) = (0, false);
        for word in words.iter().filter(|w| !w.repeated) {
            if !word.inside {
                in_fragment = false;
                continue;
            }
            if !in_fragment {
                in_fragment = true;
                fragments += 1;
                if fragments > 1 {
                    out.push_str(&self.style.delimiter);
                }
            }
            if word.replace {
                out.push(' ');
            } else if !word.skip {
                if word.selected {
                    out.push_str(&self.style.start);
                }
                out.push_str(&word.text);
                if word.selected {
                    out.push_str(&self.style.stop);
                }
            }
        }
        out
    }
}

fn jsonb_value(h: &Headliner<'_>, cx: &CallContext<'_>, value: Jsonb<'_>) -> PgResult<JsonValue> {
    error::check_stack_depth()?;
    Ok(match value {
        Jsonb::String(s) => JsonValue::String(h.make(cx, s)?),
        Jsonb::Array(items) => {
            let items = items.iter().map(|i| jsonb_value(h, cx, i));
            JsonValue::Array(items.collect::<PgResult<_>>()?)
        }
        Jsonb::Object(members) => {
            let members = members.iter().map(|(k, v)| Ok((k.to_owned(), jsonb_value(h, cx, v)?)));
            JsonValue::Object(members.collect::<PgResult<_>>()?)
        }
        other => other.to_value(),
    })
}

/// Writes json again with its strings replaced.
struct JsonWriter<'a, 'c> {
    headliner: &'a Headliner<'a>,
    cx: &'a CallContext<'c>,
    out: Vec<u8>,
}

impl JsonWriter<'_, '_> {
    /// A comma, unless something has just begun.
    fn separate(&mut self) {
        if !matches!(self.out.last(), None | Some(b'[' | b'{' | b':')) {
            self.out.push(b',');
        }
    }

    fn raw(&mut self, text: &str) -> PgResult<()> {
        self.separate();
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl JsonSink for JsonWriter<'_, '_> {
    const UNESCAPE: bool = true;
    fn null(&mut self) -> PgResult<()> {
        self.raw("null")
    }
    fn boolean(&mut self, value: bool) -> PgResult<()> {
        self.raw(if value { "true" } else { "false" })
    }
    fn number(&mut self, text: &str) -> PgResult<()> {
        self.raw(text)
    }
    fn string(&mut self, text: &str) -> PgResult<()> {
        let made = self.headliner.make(self.cx, text)?;
        self.separate();
        json::escape(&made, &mut self.out);
        Ok(())
    }
    fn begin_array(&mut self) -> PgResult<()> {
        self.raw("[")
    }
    fn end_array(&mut self) -> PgResult<()> {
        self.out.push(b']');
        Ok(())
    }
    fn begin_object(&mut self) -> PgResult<()> {
        self.raw("{")
    }
    fn key(&mut self, text: &str) -> PgResult<()> {
        self.separate();
        json::escape(text, &mut self.out);
        self.out.push(b':');
        Ok(())
    }
    fn end_object(&mut self) -> PgResult<()> {
        self.out.push(b'}');
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Form {
    Text,
    Json,
    Jsonb,
}

/// `([config,] document, query [, options])`
fn headline(
    cx: &mut CallContext<'_>,
    a: &[Datum],
    by_id: bool,
    has_options: bool,
    form: Form,
) -> PgResult<Datum> {
    let at = usize::from(by_id);
    let configuration = Configuration::of_call(cx, by_id.then(|| &a[0]))?;
    let given = has_options.then(|| a[at + 2].as_str());
    let headliner = Headliner::new(&configuration, query(&a[at + 1]).as_ref(), given)?;
    match form {
        Form::Text => Ok(Datum::text(&headliner.make(cx, a[at].as_str())?)),
        Form::Jsonb => {
            let made = jsonb_value(&headliner, cx, Jsonb::new(a[at].as_bytes()))?;
            made.encode().map(Datum::Bytes)
        }
        Form::Json => {
            let mut writer = JsonWriter { headliner: &headliner, cx, out: Vec::new() };
            json::parse(a[at].as_str(), &mut writer)?;
            Ok(Datum::bytes(&writer.out))
        }
    }
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! headlines {
        ($($plain:literal $by_id:literal $opt:literal $by_id_opt:literal: $form:expr;)*) => { $(
            r.scalar($plain, |cx, a| headline(cx, a, false, false, $form));
            r.scalar($by_id, |cx, a| headline(cx, a, true, false, $form));
            r.scalar($opt, |cx, a| headline(cx, a, false, true, $form));
            r.scalar($by_id_opt, |cx, a| headline(cx, a, true, true, $form));
        )* };
    }
    headlines! {
        "ts_headline" "ts_headline_byid" "ts_headline_opt" "ts_headline_byid_opt": Form::Text;
        "ts_headline_json" "ts_headline_json_byid" "ts_headline_json_opt"
            "ts_headline_json_byid_opt": Form::Json;
        "ts_headline_jsonb" "ts_headline_jsonb_byid" "ts_headline_jsonb_opt"
            "ts_headline_jsonb_byid_opt": Form::Jsonb;
    }
}
