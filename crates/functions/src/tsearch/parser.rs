//! The default parser: text cut into typed tokens by a state machine whose rules are in
//! `data/tsearch/parser.tsv`.
use error::PgResult;
use std::sync::OnceLock;

/// Alias and description of each token type; type 1 is the first.
pub(super) const TOKEN_TYPES: [(&str, &str); 23] = [
    ("asciiword", "Word, all ASCII"),
    ("word", "Word, all letters"),
    ("numword", "Word, letters and digits"),
    ("email", "Email address"),
    ("url", "URL"),
    ("host", "Host"),
    ("sfloat", "Scientific notation"),
    ("version", "Version number"),
    ("hword_numpart", "Hyphenated word part, letters and digits"),
    ("hword_part", "Hyphenated word part, all letters"),
    ("hword_asciipart", "Hyphenated word part, all ASCII"),
    ("blank", "Space symbols"),
    ("tag", "XML tag"),
    ("protocol", "Protocol head"),
    ("numhword", "Hyphenated word, letters and digits"),
    ("asciihword", "Hyphenated word, all ASCII"),
    ("hword", "Hyphenated word, all letters"),
    ("url_path", "URL path"),
    ("file", "File or path name"),
    ("float", "Decimal notation"),
    ("int", "Signed integer"),
    ("uint", "Unsigned integer"),
    ("entity", "XML entity"),
];

/// Number of a token type by its alias.
pub(super) fn token_type(alias: &str) -> Option<u8> {
    TOKEN_TYPES.iter().position(|t| t.0 == alias).map(|i| i as u8 + 1)
}

#[derive(Clone, Copy, Debug)]
enum Test {
    End,
    Is(u8),
    Alpha,
    Letter,
    Digit,
    Special,
    Space,
    Alnum,
    NotAlnum,
    UrlChar,
    Hex,
    WantsHost,
    Ignored,
    Host,
    UrlPath,
    Else,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Next,
    Pop,
    Push,
    Rerun,
    Clear,
    ClearAll,
    Merge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extra {
    None,
    /// The token's parts are read again.
    Rewind,
    /// The token starts anew.
    Restart,
    WantHost,
    /// Scripts and style sheets are skipped.
    Tag,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    test: Test,
    action: Action,
    state: Option<usize>,
    token: u8,
    extra: Extra,
}

struct Machine {
    states: Vec<Vec<Rule>>,
    url_path: usize,
}

fn machine() -> &'static Machine {
    static MACHINE: OnceLock<Machine> = OnceLock::new();
    MACHINE.get_or_init(|| {
        read_machine(include_str!("../../data/tsearch/parser.tsv"))
            .expect("invariant: the parser's table is well formed")
    })
}

fn read_machine(table: &str) -> Option<Machine> {
    let lines = || table.lines().filter(|l| !l.starts_with('#'));
    let names: Vec<&str> = lines().filter_map(|l| l.strip_prefix("state ")).collect();
    let by_name = |name: &str| names.iter().position(|n| *n == name);
    let mut states: Vec<Vec<Rule>> = Vec::new();
    for line in lines() {
        if line.starts_with("state ") {
            states.push(Vec::new());
            continue;
        }
        let mut fields = line.split('\t');
        let (test, action) = (fields.next()?, fields.next()?);
        let state = match fields.next().unwrap_or("") {
            "" => None,
            name => Some(by_name(name)?),
        };
        let token = match fields.next().unwrap_or("") {
            "" => 0,
            alias => token_type(alias)?,
        };
        let extra = read_extra(fields.next().unwrap_or(""))?;
        let rule =
            Rule { test: read_test(test)?, action: read_action(action)?, state, token, extra };
        states.last_mut()?.push(rule);
    }
    Some(Machine { states, url_path: by_name("InURLPathFirst")? })
}

fn read_test(text: &str) -> Option<Test> {
    Some(match text {
        "end" => Test::End,
        "alpha" => Test::Alpha,
        "letter" => Test::Letter,
        "digit" => Test::Digit,
        "special" => Test::Special,
        "space" => Test::Space,
        "alnum" => Test::Alnum,
        "not-alnum" => Test::NotAlnum,
        "url-char" => Test::UrlChar,
        "hex" => Test::Hex,
        "wants-host" => Test::WantsHost,
        "ignored" => Test::Ignored,
        "host" => Test::Host,
        "url-path" => Test::UrlPath,
        "else" => Test::Else,
        other => Test::Is(*other.strip_prefix("is ")?.as_bytes().first()?),
    })
}

fn read_action(text: &str) -> Option<Action> {
    Some(match text.strip_prefix("token").map_or(text, str::trim_start) {
        "" | "next" => Action::Next,
        "pop" => Action::Pop,
        "push" => Action::Push,
        "rerun" => Action::Rerun,
        "clear" => Action::Clear,
        "clear-all" => Action::ClearAll,
        "merge" => Action::Merge,
        _ => return None,
    })
}

fn read_extra(text: &str) -> Option<Extra> {
    Some(match text {
        "" => Extra::None,
        "rewind" => Extra::Rewind,
        "restart" => Extra::Restart,
        "want-host" => Extra::WantHost,
        "tag" => Extra::Tag,
        _ => return None,
    })
}

/// Where the machine stands; a pushed one is gone back to when what follows does not fit.
#[derive(Clone, Copy)]
struct Position {
    at: usize,
    /// Bytes of the token so far.
    token: usize,
    state: usize,
    /// Rule to go on after when this position is gone back to.
    pushed_at: Option<usize>,
}

/// A token of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// From 1.
    pub kind: u8,
    pub text: &'a str,
}

/// Cuts a text into tokens.
pub(super) struct DefaultParser<'a> {
    text: &'a str,
    stack: Vec<Position>,
    start: usize,
    ignore: bool,
    wants_host: bool,
}

impl<'a> DefaultParser<'a> {
    pub fn new(text: &'a str) -> Self {
        let stack = vec![Position { at: 0, token: 0, state: 0, pushed_at: None }];
        DefaultParser { text, stack, start: 0, ignore: false, wants_host: false }
    }

    fn top(&mut self) -> &mut Position {
        self.stack.last_mut().expect("invariant: the bottom position is never popped")
    }

    fn here(&self) -> Position {
        *self.stack.last().expect("invariant: the bottom position is never popped")
    }

    fn current(&self) -> Option<char> {
        self.text.get(self.here().at..).and_then(|rest| rest.chars().next())
    }

    /// The next token; `None` at the end.
    pub fn next_token(&mut self) -> PgResult<Option<Token<'a>>> {
        let machine = machine();
        if self.here().at >= self.text.len() {
            return Ok(None);
        }
        self.start = self.here().at;
        self.top().pushed_at = None;
        while self.here().at <= self.text.len() {
            let width = self.current().map_or(0, char::len_utf8);
            let rules = &machine.states[self.here().state];
            let first = self.top().pushed_at.take().map_or(0, |n| n + 1);
            let (n, rule, width) = self.choose(rules, first, width)?;
            self.apply_extra(rule.extra);
            let mut found = None;
            if rule.token > 0 {
                let length = self.here().token;
                let start = self.start;
                found = Some(Token { kind: rule.token, text: &self.text[start..start + length] });
                self.top().token = 0;
            }
            self.apply_action(rule.action, n);
            if let Some(state) = rule.state {
                self.top().state = state;
            }
            if found.is_some() {
                return Ok(found);
            }
            if self.here().at >= self.text.len() && rule.action != Action::Rerun {
                return Ok(None);
            }
            if matches!(rule.action, Action::Rerun | Action::Pop) {
                continue;
            }
            let top = self.top();
            top.at += width;
            top.token += width;
        }
        Ok(None)
    }

    /// The first rule that fits; a test may move forward, which changes the current character.
    fn choose(
        &mut self,
        rules: &[Rule],
        first: usize,
        width: usize,
    ) -> PgResult<(usize, Rule, usize)> {
        for (n, rule) in rules.iter().enumerate().skip(first) {
            let before = self.here().at;
            if self.holds(rule.test)? {
                let moved = self.here().at != before;
                let width = match moved {
                    true => self.current().map_or(0, char::len_utf8),
                    false => width,
                };
                return Ok((n, *rule, width));
            }
        }
        Err(error::PgError::internal("text search parser has no rule for its state"))
    }

    fn holds(&mut self, test: Test) -> PgResult<bool> {
        let c = self.current();
        Ok(match test {
            Test::End => c.is_none(),
            Test::Is(byte) => c == Some(char::from(byte)),
            Test::Alpha => c.is_some_and(is_alpha),
            Test::Letter => c.is_some_and(|c| c.is_ascii_alphabetic()),
            Test::Digit => c.is_some_and(|c| c.is_ascii_digit()),
            Test::Special => c.is_some_and(is_special),
            Test::Space => c.is_some_and(types::is_space),
            Test::Alnum => c.is_some_and(is_alnum),
            Test::NotAlnum => !c.is_some_and(is_alnum),
            Test::UrlChar => c.is_some_and(is_url_char),
            Test::Hex => c.is_some_and(|c| c.is_ascii_hexdigit()),
            Test::WantsHost => std::mem::take(&mut self.wants_host),
            Test::Ignored => self.ignore,
            Test::Host => {
                let host = token_type("host");
                self.ahead(0, true, host)?
            }
            Test::UrlPath => {
                let path = token_type("url_path");
                self.ahead(machine().url_path, false, path)?
            }
            Test::Else => true,
        })
    }

    /// Whether a token of that type starts here; goes past it.
    fn ahead(&mut self, state: usize, wants_host: bool, wanted: Option<u8>) -> PgResult<bool> {
        error::check_stack_depth()?;
        let mut inner = DefaultParser::new(&self.text[self.here().at..]);
        inner.wants_host = wants_host;
        if state != 0 {
            let first = inner.here();
            inner.stack.push(Position { state, ..first });
        }
        let Some(token) = inner.next_token()? else { return Ok(false) };
        if Some(token.kind) != wanted {
            return Ok(false);
        }
        let length = token.text.len();
        let top = self.top();
        top.at += length;
        top.token += length;
        Ok(true)
    }

    fn apply_extra(&mut self, extra: Extra) {
        let length = self.here().token;
        match extra {
            Extra::None => {}
            Extra::Rewind => self.top().at -= length,
            Extra::WantHost => {
                self.wants_host = true;
                self.top().at -= length;
            }
            Extra::Restart => {
                let top = self.top();
                top.at -= length;
                top.token = 0;
            }
            Extra::Tag => {
                let token = &self.text.as_bytes()[self.start..];
                let is = |name: &str| {
                    length == name.len()
                        && token.len() >= length
                        && token[..length].eq_ignore_ascii_case(name.as_bytes())
                };
                if is("</script") || is("</style") {
                    self.ignore = false;
                } else if is("<script") || is("<style") {
                    self.ignore = true;
                }
            }
        }
    }

    fn apply_action(&mut self, action: Action, rule: usize) {
        let depth = self.stack.len();
        match action {
            Action::Next | Action::Rerun => {}
            Action::Pop => {
                if depth > 1 {
                    self.stack.pop();
                }
            }
            Action::Push => {
                self.top().pushed_at = Some(rule);
                let copy = Position { pushed_at: None, ..self.here() };
                self.stack.push(copy);
            }
            Action::Clear => {
                if depth > 1 {
                    self.stack.remove(depth - 2);
                }
            }
            Action::ClearAll => {
                self.stack.drain(..depth - 1);
            }
            Action::Merge => {
                if let Some(inner) = self.stack.pop() {
                    let top = self.top();
                    top.at = inner.at;
                    top.token = inner.token;
                }
            }
        }
    }
}

/// In the C locale every character beyond ASCII is a letter.
fn is_alpha(c: char) -> bool {
    c.is_ascii_alphabetic() || !c.is_ascii()
}

fn is_alnum(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii()
}

/// Takes no room of its own, or belongs to the letter before it.
fn is_special(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
        || matches!(c as u32, 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2064 | 0xfeff)
}

fn is_url_char(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(&'static str, &str)> {
        let mut parser = DefaultParser::new(text);
        let mut out = Vec::new();
        while let Some(t) = parser.next_token().unwrap() {
            out.push((TOKEN_TYPES[usize::from(t.kind) - 1].0, t.text));
        }
        out
    }

    #[test]
    fn default_parser() {
        assert_eq!(
            tokens("foo-bar 12"),
            [
                ("asciihword", "foo-bar"),
                ("hword_asciipart", "foo"),
                ("blank", "-"),
                ("hword_asciipart", "bar"),
                ("blank", " "),
                ("uint", "12"),
            ]
        );
        assert_eq!(
            tokens("http://a.bc/d"),
            [("protocol", "http://"), ("url", "a.bc/d"), ("host", "a.bc"), ("url_path", "/d"),]
        );
        assert_eq!(tokens("<b>x</b>"), [("tag", "<b>"), ("asciiword", "x"), ("tag", "</b>")]);
    }
}
