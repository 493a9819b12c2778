//! The thesaurus dictionary: phrases replaced by others.
use super::dictionary::{Answer, Dictionary, Normal, SubState};
use super::files::ConfigFile;
use error::{PgResult, bail, err};
use fmgr::CallContext;
use std::{collections::HashMap, sync::Arc};

/// Where a word occurs in the phrases of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    rule: usize,
    /// Number of the word in the phrase.
    position: usize,
    /// Words that must come together at that place.
    together: usize,
}

/// What a rule puts in.
struct Substitute {
    words: Vec<Normal>,
    /// Number of the phrase's last word.
    last: usize,
}

/// Rules that fit the words so far.
pub(super) struct ThesaurusState {
    position: usize,
    rules: Vec<usize>,
}

/// A thesaurus.
pub(super) struct Thesaurus {
    /// Occurrences of a word, or of any stop word.
    words: HashMap<Option<String>, Vec<Occurrence>>,
    substitutes: Vec<Substitute>,
    inner: Arc<Dictionary>,
}

/// A line of the file.
#[derive(Default)]
struct Rule<'a> {
    phrase: Vec<&'a str>,
    /// Words to put in; those that stand for themselves are not looked up.
    substitute: Vec<(&'a str, bool)>,
}

fn parse(line: &str) -> PgResult<Option<Rule<'_>>> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut rule = Rule::default();
    let (phrase, substitute) = match line.split_once(':') {
        Some((phrase, rest)) => (phrase, rest),
        None => (line, ""),
    };
    rule.phrase = phrase.split_ascii_whitespace().collect();
    if rule.phrase.is_empty() {
        bail!(CONFIG_FILE_ERROR, "unexpected delimiter");
    }
    for word in substitute.split_ascii_whitespace() {
        let (word, as_is) = match word.strip_prefix('*') {
            Some(word) => (word, true),
            None => (word.strip_prefix('\\').unwrap_or(word), false),
        };
        if word.is_empty() {
            bail!(CONFIG_FILE_ERROR, "unexpected end of line or lexeme");
        }
        rule.substitute.push((word, as_is));
    }
    if rule.substitute.is_empty() {
        bail!(CONFIG_FILE_ERROR, "unexpected end of line");
    }
    Ok(Some(rule))
}

impl Thesaurus {
    pub fn new(
        cx: &CallContext<'_>,
        file: &ConfigFile,
        inner: Arc<Dictionary>,
    ) -> PgResult<Thesaurus> {
        let mut rules = Vec::new();
        for (number, line) in file.lines().enumerate() {
            rules.extend(parse(line).map_err(|e| file.at_line(e, number))?);
        }
        let mut made = Thesaurus { words: HashMap::new(), substitutes: Vec::new(), inner };
        for (number, rule) in rules.iter().enumerate() {
            for (position, word) in rule.phrase.iter().enumerate() {
                made.add_word(cx, word, number, position)?;
            }
        }
        for (number, rule) in rules.iter().enumerate() {
            let words = made.substitute(cx, rule, number)?;
            made.substitutes.push(Substitute { words, last: rule.phrase.len() - 1 });
        }
        for occurrences in made.words.values_mut() {
            occurrences.sort_unstable();
            occurrences.dedup();
        }
        Ok(made)
    }

    fn add_word(
        &mut self,
        cx: &CallContext<'_>,
        word: &str,
        rule: usize,
        position: usize,
    ) -> PgResult<()> {
        let mut add = |key: Option<String>, together| {
            self.words.entry(key).or_default().push(Occurrence { rule, position, together });
        };
        if word == "?" {
            add(None, 1);
            return Ok(());
        }
        let n = rule + 1;
        let Some(found) = self.inner.lexize(cx, word, None)? else {
            bail!(
                CONFIG_FILE_ERROR,
                "thesaurus sample word \"{word}\" isn't recognized by subdictionary (rule {n})"
            );
        };
        if found.is_empty() {
            return Err(err!(
                CONFIG_FILE_ERROR,
                "thesaurus sample word \"{word}\" is a stop word (rule {n})"
            )
            .hint("Use \"?\" to represent a stop word within a sample phrase."));
        }
        for variant in found.chunk_by(|a, b| a.variant == b.variant) {
            for normal in variant {
                add(Some(normal.word.clone()), variant.len());
            }
        }
        Ok(())
    }

    fn substitute(
        &self,
        cx: &CallContext<'_>,
        rule: &Rule<'_>,
        number: usize,
    ) -> PgResult<Vec<Normal>> {
        let mut out: Vec<Normal> = Vec::new();
        let n = number + 1;
        for (i, (word, as_is)) in rule.substitute.iter().enumerate() {
            let found = match as_is {
                true => vec![Normal { variant: i as u16, ..Normal::new((*word).to_owned()) }],
                false => match self.inner.lexize(cx, word, None)? {
                    None => bail!(
                        CONFIG_FILE_ERROR,
                        "thesaurus substitute word \"{word}\" isn't recognized by subdictionary \
                         (rule {n})"
                    ),
                    Some(found) if found.is_empty() => bail!(
                        CONFIG_FILE_ERROR,
                        "thesaurus substitute word \"{word}\" is a stop word (rule {n})"
                    ),
                    Some(found) => found,
                },
            };
            let first = out.len();
            out.extend(found);
            if first > 0 {
                out[first].add_position = true;
            }
        }
        if out.is_empty() {
            bail!(CONFIG_FILE_ERROR, "thesaurus substitute phrase is empty (rule {n})");
        }
        Ok(out)
    }

    /// Rules that have all these words together at the position, of those that fitted so far; the
    /// greater number first.
    fn fitting(
        &self,
        keys: &[Option<String>],
        position: usize,
        before: Option<&[usize]>,
        found: &mut Vec<usize>,
    ) {
        let fits = |key: &Option<String>, rule: usize| {
            self.words.get(key).is_some_and(|all| {
                let wanted = Occurrence { rule, position, together: keys.len() };
                all.binary_search(&wanted).is_ok()
            })
        };
        let Some(first) = keys.first().and_then(|k| self.words.get(k)) else { return };
        let mut rules: Vec<usize> = first.iter().map(|o| o.rule).collect();
        rules.dedup();
        for rule in rules {
            let possible = before.is_none_or(|b| b.contains(&rule));
            if possible && !found.contains(&rule) && keys.iter().all(|k| fits(k, rule)) {
                found.insert(0, rule);
            }
        }
    }

    /// One more word of a phrase.
    pub fn lexize(
        &self,
        cx: &CallContext<'_>,
        word: &str,
        state: &mut SubState,
    ) -> PgResult<Answer> {
        if state.is_end {
            return Ok(None);
        }
        let before = state.thesaurus.take();
        let position = before.as_ref().map_or(0, |b| b.position + 1);
        let before = before.as_ref().map(|b| b.rules.as_slice());
        let mut rules = Vec::new();
        match self.inner.lexize(cx, word, None)? {
            None => {}
            Some(found) if found.is_empty() => {
                self.fitting(&[None], position, before, &mut rules);
            }
            Some(found) => {
                for variant in found.chunk_by(|a, b| a.variant == b.variant) {
                    let keys: Vec<_> = variant.iter().map(|n| Some(n.word.clone())).collect();
                    self.fitting(&keys, position, before, &mut rules);
                }
            }
        }
        if rules.is_empty() {
            state.wants_next = false;
            return Ok(None);
        }
        let complete = rules.iter().position(|r| self.substitutes[*r].last == position);
        let answer = complete.map(|i| self.substitutes[rules[i]].words.clone());
        // Longer phrases may fit too.
        state.wants_next = match complete {
            Some(_) => rules.len() > 1,
            None => true,
        };
        state.thesaurus = Some(ThesaurusState { position, rules });
        Ok(answer)
    }
}
