//! A compiled expression, its flags, and the search for matches.
//!
//! Among the matches that start leftmost PostgreSQL takes the longest. A leftmost-first engine finds
//! the start; an anchored automaton that does not stop at the first alternative finds the end.
use super::translate::{invalid, translate};
use error::{PgResult, err};
use regex_automata::{Anchored, Input, MatchKind, hybrid, util::syntax};

/// Options of an expression, given as letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// `i`
    pub ignore_case: bool,
    /// `n`, `p`: `.` and negated brackets never match a newline.
    pub newline_dot: bool,
    /// `n`, `w`: `^` and `$` match at line ends.
    pub newline_anchor: bool,
    /// `x`
    pub expanded: bool,
    /// `q`: the whole is a literal string.
    pub literal: bool,
    /// `g`: for the functions, not for the expression.
    pub global: bool,
}

impl Flags {
    /// Applies an option letter of an expression; false if there is no such option.
    pub(super) fn apply(&mut self, letter: char) -> bool {
        match letter {
            'i' => self.ignore_case = true,
            'c' => self.ignore_case = false,
            'n' | 'm' => (self.newline_dot, self.newline_anchor) = (true, true),
            'p' => (self.newline_dot, self.newline_anchor) = (true, false),
            'w' => (self.newline_dot, self.newline_anchor) = (false, true),
            's' => (self.newline_dot, self.newline_anchor) = (false, false),
            'x' => self.expanded = true,
            't' => self.expanded = false,
            'q' => self.literal = true,
            'b' | 'e' => {}
            _ => return false,
        }
        true
    }

    /// Parses the flags argument of the regexp functions.
    pub fn parse(text: &str) -> PgResult<Flags> {
        let mut flags = Flags::default();
        for letter in text.chars() {
            if letter == 'g' {
                flags.global = true;
            } else if !flags.apply(letter) {
                return Err(err!(
                    INVALID_PARAMETER_VALUE,
                    "invalid regular expression option: \"{letter}\""
                ));
            }
        }
        Ok(flags)
    }
}

/// Byte offsets of a match and of its groups (`None`: did not take part).
#[derive(Clone, Debug)]
pub struct Match {
    /// Whole match.
    pub start: usize,
    /// End of the whole match.
    pub end: usize,
    /// Groups, the first parenthesis first.
    pub groups: Vec<Option<(usize, usize)>>,
}

enum Engine {
    /// Automata; `longest` is absent where the first match counts.
    Automaton {
        first: Box<regex::Regex>,
        longest: Option<Box<hybrid::dfa::DFA>>,
    },
    Backtracking(Box<fancy_regex::Regex>),
}

/// A compiled expression.
pub struct Compiled {
    engine: Engine,
    cache: Option<Box<hybrid::dfa::Cache>>,
    groups: usize,
}

/// Memory an expression may take.
const SIZE_LIMIT: usize = 16 << 20;

impl Compiled {
    /// Compiles a PostgreSQL regular expression.
    pub fn new(pattern: &str, mut flags: Flags) -> PgResult<Compiled> {
        let translated = translate(pattern, &mut flags)?;
        let prefix = if flags.ignore_case { "(?i)" } else { "" };
        let source = format!("{prefix}{}", translated.pattern);
        if translated.backtracking {
            let regex = fancy_regex::RegexBuilder::new(&source)
                .backtrack_limit(10_000_000)
                .build()
                .map_err(|_| invalid("invalid argument to regex function"))?;
            let groups = regex.captures_len() - 1;
            return Ok(Compiled {
                engine: Engine::Backtracking(Box::new(regex)),
                cache: None,
                groups,
            });
        }
        let first = regex::RegexBuilder::new(&source).size_limit(SIZE_LIMIT).build().map_err(
            |e| match e {
                regex::Error::CompiledTooBig(_) => invalid("regular expression is too complex"),
                _ => invalid("invalid argument to regex function"),
            },
        )?;
        let groups = first.captures_len() - 1;
        // Without alternatives or quantifiers there is only one match at a place.
        let ambiguous = translated.pattern.contains(['|', '*', '+', '?', '{']);
        let longest = match !translated.non_greedy && ambiguous {
            true => longest_automaton(&source),
            false => None,
        };
        let cache = longest.as_ref().map(|dfa| Box::new(dfa.create_cache()));
        Ok(Compiled {
            engine: Engine::Automaton { first: Box::new(first), longest },
            cache,
            groups,
        })
    }

    /// Number of parenthesised groups.
    pub fn group_count(&self) -> usize {
        self.groups
    }

    /// Whether there is a match anywhere.
    pub fn is_match(&self, text: &str) -> PgResult<bool> {
        match &self.engine {
            Engine::Automaton { first, .. } => Ok(first.is_match(text)),
            Engine::Backtracking(regex) => regex.is_match(text).map_err(failed),
        }
    }

    /// The first match at or after byte offset `from`.
    pub fn find_at(&mut self, text: &str, from: usize) -> PgResult<Option<Match>> {
        if from > text.len() {
            return Ok(None);
        }
        match &self.engine {
            Engine::Backtracking(regex) => {
                let captures = regex.captures_from_pos(text, from).map_err(failed)?;
                Ok(captures.and_then(|c| {
                    let whole = c.get(0)?;
                    let groups = (1..c.len()).map(|i| c.get(i).map(|g| (g.start(), g.end())));
                    Some(Match { start: whole.start(), end: whole.end(), groups: groups.collect() })
                }))
            }
            Engine::Automaton { first, longest } => {
                let Some(found) = first.find_at(text, from) else { return Ok(None) };
                let (start, mut end) = (found.start(), found.end());
                if let (Some(dfa), Some(cache)) = (longest, &mut self.cache) {
                    let input = Input::new(text).range(start..).anchored(Anchored::Yes);
                    if let Ok(Some(half)) = dfa.try_search_fwd(cache, &input) {
                        end = end.max(half.offset());
                    }
                }
                let groups = groups_within(first, text, start, end, self.groups);
                Ok(Some(Match { start, end, groups }))
            }
        }
    }
}

fn failed(_: fancy_regex::Error) -> error::PgError {
    err!(INVALID_REGULAR_EXPRESSION, "regular expression failed: regular expression is too complex")
}

/// The automaton that reports the longest match at a place; `None` for what it cannot express.
fn longest_automaton(source: &str) -> Option<Box<hybrid::dfa::DFA>> {
    hybrid::dfa::Builder::new()
        .configure(hybrid::dfa::Config::new().match_kind(MatchKind::All))
        .syntax(syntax::Config::new().utf8(true))
        .build(source)
        .ok()
        .map(Box::new)
}

/// Groups of the match that spans exactly `start..end`.
fn groups_within(
    regex: &regex::Regex,
    text: &str,
    start: usize,
    end: usize,
    count: usize,
) -> Vec<Option<(usize, usize)>> {
    if count == 0 {
        return Vec::new();
    }
    let spans = |c: regex::Captures<'_>| -> Vec<Option<(usize, usize)>> {
        (1..c.len()).map(|i| c.get(i).map(|g| (g.start(), g.end()))).collect()
    };
    if let Some(captures) = regex.captures_at(text, start)
        && captures.get(0).is_some_and(|m| m.end() == end)
    {
        return spans(captures);
    }
    // The longest match takes other alternatives than the first one: force the end.
    let forced = regex::Regex::new(&format!("(?:{})\\z", regex.as_str()));
    let captures = forced.ok().and_then(|f| f.captures_at(&text[..end], start).map(spans));
    captures.unwrap_or_else(|| vec![None; count])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pattern: &str, text: &str) -> Option<(String, Vec<Option<String>>)> {
        let mut regex = Compiled::new(pattern, Flags::default()).expect("valid");
        let found = regex.find_at(text, 0).expect("bounded")?;
        let groups = found.groups.iter().map(|g| g.map(|(s, e)| text[s..e].to_string()));
        Some((text[found.start..found.end].to_string(), groups.collect()))
    }

    #[test]
    fn the_longest_of_the_leftmost_matches_counts() {
        assert_eq!(find("a|ab|abc", "xabcd").expect("match").0, "abc");
        assert_eq!(find("a*?", "aaa").expect("match").0, "");
        let (whole, groups) = find("(a|ab)(c|bcd)", "abcd").expect("match");
        assert_eq!(whole, "abcd");
        assert_eq!(groups, [Some("a".to_string()), Some("bcd".to_string())]);
    }

    #[test]
    fn back_references_and_lookaround() {
        assert_eq!(find("(.)\\1", "abccd").expect("match").0, "cc");
        assert_eq!(find("foo(?=bar)", "foobar").expect("match").0, "foo");
        assert!(find("^a$", "b\na").is_none());
    }
}
