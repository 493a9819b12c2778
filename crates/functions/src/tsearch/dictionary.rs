//! Dictionaries: what becomes of a token's text.
use super::{
    files::{ConfigFile, stop_words},
    ispell::Ispell,
    thesaurus::{Thesaurus, ThesaurusState},
};
use crate::system::catalog;
use catalog::{
    CatalogRead,
    schema::{pg_ts_dict, pg_ts_template},
};
use error::{PgError, PgResult, bail, err, not_supported};
use fmgr::CallContext;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};
use types::{
    Datum, Oid,
    tsearch::{DictionaryOption, deserialize_options},
};
use waken_snowball::Algorithm;

/// A word as a dictionary gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Normal {
    pub word: String,
    /// Words of one variant belong together.
    pub variant: u16,
    /// Takes a position of its own.
    pub add_position: bool,
    /// Stands for all words that start with it.
    pub prefix: bool,
}

impl Normal {
    pub fn new(word: String) -> Normal {
        Normal { word, ..Normal::default() }
    }
}

/// What a dictionary says about a word: `None` if it does not know it, nothing for a stop word.
pub(super) type Answer = Option<Vec<Normal>>;

/// Several words looked at one after the other.
#[derive(Default)]
pub(super) struct SubState {
    /// There are no more words.
    pub is_end: bool,
    /// Set by a dictionary that wants the next word too.
    pub wants_next: bool,
    pub thesaurus: Option<ThesaurusState>,
}

/// A dictionary that has been set up.
pub(super) enum Dictionary {
    Simple { stop: Vec<String>, accept: bool },
    Synonym { words: Vec<(String, String, bool)>, case_sensitive: bool },
    Snowball { algorithm: Algorithm, stop: Vec<String> },
    Ispell { rules: Box<Ispell>, stop: Vec<String> },
    Thesaurus(Box<Thesaurus>),
}

/// Letters as the database's locale, C, knows them.
pub(super) fn lower(word: &str) -> String {
    word.to_ascii_lowercase()
}

fn is_stop(words: &[String], word: &str) -> bool {
    words.binary_search_by(|w| w.as_str().cmp(word)).is_ok()
}

/// Longest word that stemmers are given.
const STEM_MAX: usize = 1000;

impl Dictionary {
    /// Looks a word up.
    pub fn lexize(
        &self,
        cx: &CallContext<'_>,
        word: &str,
        state: Option<&mut SubState>,
    ) -> PgResult<Answer> {
        Ok(match self {
            Dictionary::Simple { stop, accept } => {
                let word = lower(word);
                if word.is_empty() || is_stop(stop, &word) {
                    Some(Vec::new())
                } else {
                    accept.then(|| vec![Normal::new(word)])
                }
            }
            Dictionary::Synonym { words, case_sensitive } => {
                let word = if *case_sensitive { word.to_owned() } else { lower(word) };
                let found = words.binary_search_by(|w| w.0.cmp(&word)).ok();
                found.filter(|_| !word.is_empty()).map(|i| {
                    let (_, out, prefix) = &words[i];
                    vec![Normal { prefix: *prefix, ..Normal::new(out.clone()) }]
                })
            }
            Dictionary::Snowball { algorithm, stop } => Some(stem(*algorithm, stop, word)),
            Dictionary::Ispell { rules, stop } => {
                if word.is_empty() {
                    return Ok(None);
                }
                let mut found = rules.normalize(&lower(word))?;
                if let Some(found) = &mut found {
                    found.retain(|n| !is_stop(stop, &n.word));
                }
                found
            }
            Dictionary::Thesaurus(t) => {
                let Some(state) = state else {
                    return Err(PgError::internal("forbidden call of thesaurus or nested call"));
                };
                t.lexize(cx, word, state)?
            }
        })
    }
}

fn stem(algorithm: Algorithm, stop: &[String], word: &str) -> Vec<Normal> {
    let lowered = lower(word);
    if word.len() > STEM_MAX {
        return vec![Normal::new(lowered)];
    }
    if lowered.is_empty() || is_stop(stop, &lowered) {
        return Vec::new();
    }
    let stemmed = waken_snowball::stem(algorithm, &lowered).to_string();
    // Nothing left is as good as nothing done.
    vec![Normal::new(if stemmed.is_empty() { lowered } else { stemmed })]
}

/// The stemmers of PostgreSQL 18, by language.
const STEMMERS: &[(&str, Algorithm)] = &[
    ("arabic", Algorithm::Arabic),
    ("armenian", Algorithm::Armenian),
    ("basque", Algorithm::Basque),
    ("catalan", Algorithm::Catalan),
    ("danish", Algorithm::Danish),
    ("dutch", Algorithm::DutchPorter),
    ("english", Algorithm::English),
    ("estonian", Algorithm::Estonian),
    ("finnish", Algorithm::Finnish),
    ("french", Algorithm::French),
    ("german", Algorithm::German),
    ("greek", Algorithm::Greek),
    ("hindi", Algorithm::Hindi),
    ("hungarian", Algorithm::Hungarian),
    ("indonesian", Algorithm::Indonesian),
    ("irish", Algorithm::Irish),
    ("italian", Algorithm::Italian),
    ("lithuanian", Algorithm::Lithuanian),
    ("nepali", Algorithm::Nepali),
    ("norwegian", Algorithm::Norwegian),
    ("porter", Algorithm::Porter),
    ("portuguese", Algorithm::Portuguese),
    ("romanian", Algorithm::Romanian),
    ("russian", Algorithm::Russian),
    ("serbian", Algorithm::Serbian),
    ("spanish", Algorithm::Spanish),
    ("swedish", Algorithm::Swedish),
    ("tamil", Algorithm::Tamil),
    ("turkish", Algorithm::Turkish),
    ("yiddish", Algorithm::Yiddish),
];

/// Takes an option that may be given once.
fn once<T>(slot: &mut Option<T>, name: &str, value: T) -> PgResult<()> {
    if slot.replace(value).is_some() {
        bail!(INVALID_PARAMETER_VALUE, "multiple {name} parameters");
    }
    Ok(())
}

fn unrecognized(kind: &str, option: &DictionaryOption) -> PgError {
    err!(INVALID_PARAMETER_VALUE, "unrecognized {kind} parameter: \"{}\"", option.name)
}

fn missing(name: &str) -> PgError {
    err!(INVALID_PARAMETER_VALUE, "missing {name} parameter")
}

/// Sets up a dictionary of the template with that `lexize` function.
pub(super) fn build(
    cx: &CallContext<'_>,
    lexize: &str,
    options: &[DictionaryOption],
) -> PgResult<Dictionary> {
    match lexize {
        "dsimple_lexize" => simple(cx, options),
        "dsynonym_lexize" => synonym(cx, options),
        "dsnowball_lexize" => snowball(cx, options),
        "dispell_lexize" => ispell(cx, options),
        "thesaurus_lexize" => thesaurus(cx, options),
        other => Err(not_supported!("text search dictionary function {other}")),
    }
}

fn simple(cx: &CallContext<'_>, options: &[DictionaryOption]) -> PgResult<Dictionary> {
    let (mut stop, mut accept) = (None, None);
    for option in options {
        match option.name.as_str() {
            "stopwords" => once(&mut stop, "StopWords", stop_words(cx, &option.value)?)?,
            "accept" => once(&mut accept, "Accept", option.boolean()?)?,
            _ => return Err(unrecognized("simple dictionary", option)),
        }
    }
    Ok(Dictionary::Simple { stop: stop.unwrap_or_default(), accept: accept.unwrap_or(true) })
}

fn synonym(cx: &CallContext<'_>, options: &[DictionaryOption]) -> PgResult<Dictionary> {
    let (mut file, mut case_sensitive) = (None, false);
    for option in options {
        match option.name.as_str() {
            "synonyms" => file = Some(option.value.as_str()),
            "casesensitive" => case_sensitive = option.boolean()?,
            _ => return Err(unrecognized("synonym", option)),
        }
    }
    let file = ConfigFile::open(cx, file.ok_or_else(|| missing("Synonyms"))?, "syn", "synonym")?;
    let mut words: Vec<(String, String, bool)> = Vec::new();
    for line in file.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(from), Some(to)) = (fields.next(), fields.next()) else { continue };
        let (to, prefix) = match to.strip_suffix('*') {
            Some(word) => (word, true),
            None => (to, false),
        };
        words.push(match case_sensitive {
            true => (from.to_owned(), to.to_owned(), prefix),
            false => (lower(from), lower(to), prefix),
        });
    }
    words.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Dictionary::Synonym { words, case_sensitive })
}

fn snowball(cx: &CallContext<'_>, options: &[DictionaryOption]) -> PgResult<Dictionary> {
    let (mut stop, mut algorithm) = (None, None);
    for option in options {
        match option.name.as_str() {
            "stopwords" => once(&mut stop, "StopWords", stop_words(cx, &option.value)?)?,
            "language" => {
                let found = STEMMERS.iter().find(|s| s.0.eq_ignore_ascii_case(&option.value));
                let Some((_, found)) = found else {
                    bail!(
                        UNDEFINED_OBJECT,
                        "no Snowball stemmer available for language \"{}\" and encoding \"UTF8\"",
                        option.value
                    );
                };
                once(&mut algorithm, "Language", *found)?;
            }
            _ => return Err(unrecognized("Snowball", option)),
        }
    }
    let algorithm = algorithm.ok_or_else(|| missing("Language"))?;
    Ok(Dictionary::Snowball { algorithm, stop: stop.unwrap_or_default() })
}

fn ispell(cx: &CallContext<'_>, options: &[DictionaryOption]) -> PgResult<Dictionary> {
    let (mut stop, mut words, mut affixes) = (None, None, None);
    for option in options {
        let value = option.value.as_str();
        match option.name.as_str() {
            "dictfile" => {
                let file = ConfigFile::open(cx, value, "dict", "dictionary")?;
                once(&mut words, "DictFile", file)?;
            }
            "afffile" => {
                let file = ConfigFile::open(cx, value, "affix", "affix")?;
                once(&mut affixes, "AffFile", file)?;
            }
            "stopwords" => once(&mut stop, "StopWords", stop_words(cx, value)?)?,
            _ => return Err(unrecognized("Ispell", option)),
        }
    }
    let affixes = affixes.ok_or_else(|| missing("AffFile"))?;
    let words = words.ok_or_else(|| missing("DictFile"))?;
    let rules = Box::new(Ispell::new(&words, &affixes)?);
    Ok(Dictionary::Ispell { rules, stop: stop.unwrap_or_default() })
}

fn thesaurus(cx: &CallContext<'_>, options: &[DictionaryOption]) -> PgResult<Dictionary> {
    let (mut file, mut inner) = (None, None);
    for option in options {
        match option.name.as_str() {
            "dictfile" => {
                let opened = ConfigFile::open(cx, &option.value, "ths", "thesaurus")?;
                once(&mut file, "DictFile", opened)?;
            }
            "dictionary" => once(&mut inner, "Dictionary", option.value.as_str())?,
            _ => return Err(unrecognized("Thesaurus", option)),
        }
    }
    let file = file.ok_or_else(|| missing("DictFile"))?;
    let inner = inner.ok_or_else(|| missing("Dictionary"))?;
    let oid = crate::io::text_search_dictionary(cx.session, inner)?;
    let inner = load(cx, oid)?;
    Ok(Dictionary::Thesaurus(Box::new(Thesaurus::new(cx, &file, inner)?)))
}

type Loaded = HashMap<String, Arc<Dictionary>>;

/// Dictionaries by what they are made of: sessions share them, and a changed one is another.
fn loaded() -> &'static Mutex<Loaded> {
    static LOADED: OnceLock<Mutex<Loaded>> = OnceLock::new();
    LOADED.get_or_init(Mutex::default)
}

/// Dictionaries kept; an ispell dictionary may be large.
const LOADED_MAX: usize = 256;

/// The row's template function and options.
fn definition(cx: &CallContext<'_>, dictionary: Oid) -> PgResult<(String, String)> {
    let cat = catalog(cx)?;
    let gone = |what: &str, oid: Oid| {
        PgError::internal(format!("cache lookup failed for text search {what} {oid}"))
    };
    let row = cat
        .row_by_oid(pg_ts_dict::RELID, dictionary)?
        .ok_or_else(|| gone("dictionary", dictionary))?;
    let template = row.oid(pg_ts_dict::DICTTEMPLATE);
    let options = match &row.values[pg_ts_dict::DICTINITOPTION] {
        Datum::Null => String::new(),
        value => value.as_str().to_owned(),
    };
    let row = cat
        .row_by_oid(pg_ts_template::RELID, template)?
        .ok_or_else(|| gone("template", template))?;
    let proc = cat.get_proc(row.oid(pg_ts_template::TMPLLEXIZE))?;
    Ok((proc.src.clone(), options))
}

/// What a dictionary is made of, the one that a thesaurus uses included.
fn identity(cx: &CallContext<'_>, dictionary: Oid, depth: usize) -> PgResult<String> {
    let (lexize, stored) = definition(cx, dictionary)?;
    let mut key = format!("{lexize}\0{stored}");
    if lexize == "thesaurus_lexize" && depth < 8 {
        for option in deserialize_options(&stored)?.iter().filter(|o| o.name == "dictionary") {
            let inner = crate::io::text_search_dictionary(cx.session, &option.value)?;
            key.push('\0');
            key.push_str(&identity(cx, inner, depth + 1)?);
        }
    }
    let directory = cx.session.get_setting("data_directory").unwrap_or_default();
    Ok(key + "\0" + &directory)
}

/// A dictionary by OID.
pub(super) fn load(cx: &CallContext<'_>, dictionary: Oid) -> PgResult<Arc<Dictionary>> {
    let key = identity(cx, dictionary, 0)?;
    if let Some(found) = loaded().lock().get(&key) {
        return Ok(found.clone());
    }
    let (lexize, stored) = definition(cx, dictionary)?;
    let built = Arc::new(build(cx, &lexize, &deserialize_options(&stored)?)?);
    let mut all = loaded().lock();
    if all.len() >= LOADED_MAX {
        all.clear();
    }
    all.insert(key, built.clone());
    Ok(built)
}
