//! Configurations: which dictionaries see a token of a type, and the words they make of a text.
use super::dictionary::{self, Answer, Dictionary, Normal, SubState};
use super::parser::{DefaultParser, TOKEN_TYPES};
use crate::system::catalog;
use catalog::{
    CatalogRead,
    schema::{index, pg_ts_config, pg_ts_config_map, pg_ts_parser},
};
use error::{PgError, PgResult, bail, err, not_supported};
use fmgr::CallContext;
use std::{collections::VecDeque, sync::Arc};
use types::{Datum, Oid, tsearch::MAX_WORD};

/// Dictionaries by token type.
type Mapping = Vec<Vec<(Oid, Arc<Dictionary>)>>;

/// A configuration that has been set up.
pub(super) struct Configuration {
    map: Mapping,
}

/// What a call site keeps: the configuration, what it was asked for, and the state of the catalog.
struct Kept {
    wanted: Wanted,
    versions: (u64, u64),
    found: Arc<Configuration>,
}

#[derive(Clone, PartialEq)]
enum Wanted {
    ByOid(Oid),
    /// By the setting's value.
    Default(String),
}

/// OID of the configuration that `default_text_search_config` names.
pub(super) fn default_configuration(cx: &CallContext<'_>) -> PgResult<Oid> {
    let name = cx.session.get_setting("default_text_search_config").unwrap_or_default();
    if name.is_empty() {
        bail!(UNDEFINED_OBJECT, "text search configuration isn't set");
    }
    crate::io::text_search_configuration(cx.session, &name)
}

impl Configuration {
    /// The configuration of a call, from an argument or from the setting.
    pub fn of_call(
        cx: &mut CallContext<'_>,
        given: Option<&Datum>,
    ) -> PgResult<Arc<Configuration>> {
        let cat = catalog(cx)?;
        let versions = (cat.catalog_version(), cat.local_version());
        let wanted = match given {
            Some(oid) => Wanted::ByOid(oid.as_oid()),
            None => Wanted::Default(
                cx.session.get_setting("default_text_search_config").unwrap_or_default(),
            ),
        };
        let kept = cx.cache.as_ref().and_then(|c| c.downcast_ref::<Kept>());
        if let Some(kept) = kept.filter(|k| k.wanted == wanted && k.versions == versions) {
            return Ok(kept.found.clone());
        }
        let oid = match &wanted {
            Wanted::ByOid(oid) => *oid,
            Wanted::Default(_) => default_configuration(cx)?,
        };
        let found = Arc::new(Configuration::load(cx, oid)?);
        *cx.cache = Some(Box::new(Kept { wanted, versions, found: found.clone() }));
        Ok(found)
    }

    fn load(cx: &CallContext<'_>, oid: Oid) -> PgResult<Configuration> {
        let cat = catalog(cx)?;
        let Some(row) = cat.row_by_oid(pg_ts_config::RELID, oid)? else {
            return Err(PgError::internal(format!(
                "cache lookup failed for text search configuration {oid}"
            )));
        };
        check_parser(cx, row.oid(pg_ts_config::CFGPARSER))?;
        let mut map: Mapping = Vec::new();
        map.resize_with(TOKEN_TYPES.len() + 1, Vec::new);
        let rows = cat.rows_by_index(index::PG_TS_CONFIG_MAP_INDEX, &[Datum::Oid(oid)])?;
        for row in rows {
            let kind = row.values[pg_ts_config_map::MAPTOKENTYPE].as_i32();
            let dictionary = row.oid(pg_ts_config_map::MAPDICT);
            if let Some(list) = usize::try_from(kind).ok().and_then(|k| map.get_mut(k)) {
                list.push((dictionary, dictionary::load(cx, dictionary)?));
            }
        }
        Ok(Configuration { map })
    }

    fn dictionaries(&self, kind: u8) -> &[(Oid, Arc<Dictionary>)] {
        self.map.get(usize::from(kind)).map_or(&[], Vec::as_slice)
    }

    /// Cuts a text up and calls `each` with the tokens that were used up and what became of them.
    pub fn parse(
        &self,
        cx: &CallContext<'_>,
        text: &str,
        each: &mut dyn FnMut(&[TextToken], Answer) -> PgResult<()>,
    ) -> PgResult<()> {
        let mut parser = DefaultParser::new(text);
        let mut lexizer = Lexizer::new(self);
        let mut steps = 0u32;
        loop {
            steps += 1;
            if steps.is_multiple_of(1024) {
                cx.session.check_interrupts()?;
            }
            let token = parser.next_token()?;
            if token.is_some_and(|t| t.text.len() >= MAX_WORD) {
                cx.session.notice(too_long());
                continue;
            }
            let at_end = token.is_none();
            let (kind, text) = token.map_or((0, ""), |t| (t.kind, t.text));
            lexizer.waiting.push_back(TextToken { kind, text: text.to_owned() });
            loop {
                let answer = lexizer.step(cx)?;
                let done = answer.is_none();
                each(&lexizer.take_used(), answer)?;
                if done {
                    break;
                }
            }
            if at_end {
                return Ok(());
            }
        }
    }

    /// The words of a text and their positions, which go on from `position`.
    pub fn words(
        &self,
        cx: &CallContext<'_>,
        text: &str,
        position: &mut u64,
    ) -> PgResult<Vec<(Normal, u64)>> {
        let mut out = Vec::new();
        self.parse(cx, text, &mut |_, answer| {
            let Some(found) = answer else { return Ok(()) };
            *position += 1;
            for normal in found {
                if normal.word.len() > MAX_WORD {
                    cx.session.notice(too_long());
                    continue;
                }
                *position += u64::from(normal.add_position);
                out.push((normal, *position));
            }
            Ok(())
        })?;
        Ok(out)
    }
}

fn too_long() -> PgError {
    PgError::notice("word is too long to be indexed")
        .with_sqlstate(error::SqlState::PROGRAM_LIMIT_EXCEEDED)
        .detail(format!("Words longer than {MAX_WORD} characters are ignored."))
}

/// Parsers other than the default one would have to be written in C.
pub(super) fn check_parser(cx: &CallContext<'_>, parser: Oid) -> PgResult<()> {
    let cat = catalog(cx)?;
    let row = cat.row_by_oid(pg_ts_parser::RELID, parser)?.ok_or_else(|| {
        err!(UNDEFINED_OBJECT, "text search parser with OID {parser} does not exist")
    })?;
    let proc = cat.get_proc(row.oid(pg_ts_parser::PRSTOKEN))?;
    if proc.src != "prsd_nexttoken" {
        return Err(not_supported!("text search parser function {}", proc.src));
    }
    Ok(())
}

/// A token on its way through the dictionaries.
#[derive(Clone, Debug)]
pub(super) struct TextToken {
    /// 0 marks the end of the text.
    pub kind: u8,
    pub text: String,
}

/// Takes tokens through dictionaries; some of those look at several.
struct Lexizer<'c> {
    configuration: &'c Configuration,
    waiting: VecDeque<TextToken>,
    /// Done with since the last answer.
    used: Vec<TextToken>,
    /// A dictionary that wants more tokens.
    multi: Option<Oid>,
    /// Dictionary of the first waiting token to go on with.
    next_dictionary: usize,
    /// Index into `waiting` of the next token for it.
    next_token: usize,
    state: SubState,
    /// An answer that it may still better, and how many tokens that uses.
    provisional: Option<(Vec<Normal>, usize)>,
}

impl<'c> Lexizer<'c> {
    fn new(configuration: &'c Configuration) -> Self {
        Lexizer {
            configuration,
            waiting: VecDeque::new(),
            used: Vec::new(),
            multi: None,
            next_dictionary: 0,
            next_token: 0,
            state: SubState::default(),
            provisional: None,
        }
    }

    fn take_used(&mut self) -> Vec<TextToken> {
        std::mem::take(&mut self.used)
    }

    /// Drops the first waiting token.
    fn remove_head(&mut self) {
        self.used.extend(self.waiting.pop_front());
        self.next_dictionary = 0;
    }

    /// The next answer; `None` if more tokens are needed.
    fn step(&mut self, cx: &CallContext<'_>) -> PgResult<Answer> {
        loop {
            let result = match self.multi {
                None => self.single(cx)?,
                Some(dictionary) => self.several(cx, dictionary)?,
            };
            match result {
                Step::Answer(found) => return Ok(Some(found)),
                Step::Wait => return Ok(None),
                Step::Again => {}
            }
        }
    }

    fn single(&mut self, cx: &CallContext<'_>) -> PgResult<Step> {
        while let Some(head) = self.waiting.front() {
            let dictionaries = self.configuration.dictionaries(head.kind);
            let first = self.next_dictionary;
            for (i, (oid, dictionary)) in dictionaries.iter().enumerate().skip(first) {
                self.state = SubState::default();
                let answer = dictionary.lexize(cx, &head.text, Some(&mut self.state))?;
                if self.state.wants_next {
                    self.multi = Some(*oid);
                    self.next_dictionary = i + 1;
                    self.next_token = 1;
                    if let Some(found) = answer {
                        self.provisional = Some((found, 1));
                    }
                    return Ok(Step::Again);
                }
                if let Some(found) = answer {
                    self.remove_head();
                    return Ok(Step::Answer(found));
                }
            }
            self.remove_head();
        }
        Ok(Step::Wait)
    }

    fn several(&mut self, cx: &CallContext<'_>, wanted: Oid) -> PgResult<Step> {
        while let Some(token) = self.waiting.get(self.next_token) {
            let dictionaries = self.configuration.dictionaries(token.kind);
            if token.kind != 0 && dictionaries.is_empty() {
                self.next_token += 1;
                continue;
            }
            let own = dictionaries.iter().find(|(oid, _)| *oid == wanted);
            if token.kind != 0 && own.is_none() {
                // It cannot go on with such a token: the first one is for the other dictionaries.
                self.multi = None;
                return Ok(Step::Again);
            }
            self.state.is_end = token.kind == 0;
            self.state.wants_next = false;
            let answer = match own {
                Some((_, dictionary)) => {
                    dictionary.lexize(cx, &token.text, Some(&mut self.state))?
                }
                None => None,
            };
            if self.state.wants_next {
                self.next_token += 1;
                if let Some(found) = answer {
                    self.provisional = Some((found, self.next_token));
                }
                continue;
            }
            let best = match answer {
                Some(found) => Some((found, self.next_token + 1)),
                None => self.provisional.take(),
            };
            self.multi = None;
            let Some((found, count)) = best else { return Ok(Step::Again) };
            self.provisional = None;
            for _ in 0..count {
                self.remove_head();
            }
            return Ok(Step::Answer(found));
        }
        Ok(Step::Wait)
    }
}

enum Step {
    Answer(Vec<Normal>),
    /// More tokens are needed.
    Wait,
    Again,
}
