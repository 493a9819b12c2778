//! An advanced regular expression (ARE) into the syntax of the regex crates.
//!
//! Both syntaxes share their core; what differs is spelled out here: escapes, bracket expressions,
//! literal braces, word constraints. Character classes are those of the C locale.
use super::Flags;
use error::{PgResult, err};

/// A translated expression.
#[derive(Debug, PartialEq)]
pub(super) struct Translated {
    /// In the regex crates' syntax.
    pub(super) pattern: String,
    /// Back references or lookaround: needs the backtracking engine.
    pub(super) backtracking: bool,
    /// Has a non-greedy quantifier: the first match counts, not the longest.
    pub(super) non_greedy: bool,
}

#[cold]
pub(super) fn invalid(what: &str) -> error::PgError {
    err!(INVALID_REGULAR_EXPRESSION, "invalid regular expression: {what}")
}

struct Translator<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    flags: Flags,
    out: String,
    groups: usize,
    open: Vec<bool>,
    /// An atom that a quantifier may follow.
    quantifiable: bool,
    backtracking: bool,
    non_greedy: bool,
}

/// Translates `pattern`; embedded options may change `flags`.
pub(super) fn translate(pattern: &str, flags: &mut Flags) -> PgResult<Translated> {
    let rest = director(pattern, flags)?;
    if flags.literal {
        let pattern = escape_literal(rest);
        return Ok(Translated { pattern, backtracking: false, non_greedy: false });
    }
    let mut t = Translator {
        chars: rest.chars().peekable(),
        flags: *flags,
        out: String::with_capacity(rest.len() + 16),
        groups: 0,
        open: Vec::new(),
        quantifiable: false,
        backtracking: false,
        non_greedy: false,
    };
    while let Some(c) = t.chars.next() {
        t.step(c)?;
    }
    if !t.open.is_empty() {
        return Err(invalid("parentheses () not balanced"));
    }
    Ok(Translated { pattern: t.out, backtracking: t.backtracking, non_greedy: t.non_greedy })
}

/// `***:`, `***=` and a leading `(?options)`.
fn director<'a>(pattern: &'a str, flags: &mut Flags) -> PgResult<&'a str> {
    let mut rest = pattern;
    if let Some(after) = rest.strip_prefix("***") {
        if let Some(literal) = after.strip_prefix('=') {
            flags.literal = true;
            return Ok(literal);
        }
        rest = after.strip_prefix(':').ok_or_else(|| invalid("quantifier operand invalid"))?;
    }
    let is_options =
        rest.strip_prefix("(?").filter(|o| o.starts_with(|c: char| c.is_ascii_alphabetic()));
    if let Some(options) = is_options {
        let end = options.find(')').ok_or_else(|| invalid("invalid embedded option"))?;
        for c in options[..end].chars() {
            if !flags.apply(c) {
                return Err(invalid("invalid embedded option"));
            }
        }
        rest = &options[end + 1..];
    }
    Ok(rest)
}

fn escape_literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    text.chars().for_each(|c| push_literal(&mut out, c));
    out
}

fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(c);
}

impl Translator<'_> {
    fn step(&mut self, c: char) -> PgResult<()> {
        match c {
            '\\' => self.escape(),
            '[' => self.bracket(),
            '(' => self.open_group(),
            ')' => self.close_group(),
            '|' => {
                self.out.push('|');
                self.quantifiable = false;
                Ok(())
            }
            '*' | '+' | '?' => self.quantifier(c.to_string()),
            '{' if self.chars.peek().is_some_and(char::is_ascii_digit) => self.bounds(),
            '.' => {
                self.out.push_str(if self.flags.newline_dot { "[^\\n]" } else { "(?s:.)" });
                self.quantifiable = true;
                Ok(())
            }
            '^' => {
                self.out.push_str(if self.flags.newline_anchor { "(?m:^)" } else { "^" });
                self.quantifiable = false;
                Ok(())
            }
            '$' => {
                self.out.push_str(if self.flags.newline_anchor { "(?m:$)" } else { "$" });
                self.quantifiable = false;
                Ok(())
            }
            ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' if self.flags.expanded => Ok(()),
            '#' if self.flags.expanded => {
                for c in self.chars.by_ref() {
                    if c == '\n' {
                        break;
                    }
                }
                Ok(())
            }
            c => {
                push_literal(&mut self.out, c);
                self.quantifiable = true;
                Ok(())
            }
        }
    }

    fn open_group(&mut self) -> PgResult<()> {
        self.quantifiable = false;
        if self.chars.peek() != Some(&'?') {
            self.groups += 1;
            self.open.push(true);
            self.out.push('(');
            return Ok(());
        }
        self.chars.next();
        let look = match self.chars.next() {
            Some(':') => {
                self.out.push_str("(?:");
                self.open.push(true);
                return Ok(());
            }
            Some('#') => {
                // A comment runs to the closing parenthesis.
                for c in self.chars.by_ref() {
                    if c == ')' {
                        return Ok(());
                    }
                }
                return Err(invalid("parentheses () not balanced"));
            }
            Some('=') => "(?=",
            Some('!') => "(?!",
            Some('<') => match self.chars.next() {
                Some('=') => "(?<=",
                Some('!') => "(?<!",
                _ => return Err(invalid("quantifier operand invalid")),
            },
            _ => return Err(invalid("quantifier operand invalid")),
        };
        self.out.push_str(look);
        self.open.push(false);
        self.backtracking = true;
        Ok(())
    }

    fn close_group(&mut self) -> PgResult<()> {
        let atom = self.open.pop().ok_or_else(|| invalid("parentheses () not balanced"))?;
        self.out.push(')');
        self.quantifiable = atom;
        Ok(())
    }

    /// Appends a quantifier and its `?`.
    fn quantifier(&mut self, text: String) -> PgResult<()> {
        if !self.quantifiable {
            return Err(invalid("quantifier operand invalid"));
        }
        self.out.push_str(&text);
        if self.chars.peek() == Some(&'?') {
            self.chars.next();
            self.out.push('?');
            self.non_greedy = true;
        }
        // A quantifier cannot be quantified.
        self.quantifiable = false;
        Ok(())
    }

    fn number(&mut self) -> PgResult<Option<u32>> {
        let mut digits = String::new();
        while let Some(c) = self.chars.peek().filter(|c| c.is_ascii_digit()) {
            digits.push(*c);
            self.chars.next();
        }
        if digits.is_empty() {
            return Ok(None);
        }
        let value = digits.parse::<u32>().ok().filter(|n| *n <= 255);
        value.map(Some).ok_or_else(|| invalid("invalid repetition count(s)"))
    }

    fn bounds(&mut self) -> PgResult<()> {
        let bad = || invalid("invalid repetition count(s)");
        let min = self.number()?.ok_or_else(bad)?;
        let text = match self.chars.next() {
            Some('}') => format!("{{{min}}}"),
            Some(',') => {
                let max = self.number()?;
                if self.chars.next() != Some('}') || max.is_some_and(|max| max < min) {
                    return Err(bad());
                }
                max.map_or(format!("{{{min},}}"), |max| format!("{{{min},{max}}}"))
            }
            _ => return Err(bad()),
        };
        self.quantifier(text)
    }

    fn escape(&mut self) -> PgResult<()> {
        let bad = || invalid("invalid escape \\ sequence");
        let c = self.chars.next().ok_or_else(bad)?;
        self.quantifiable = true;
        let constraint = match c {
            'A' => Some("\\A"),
            'Z' => Some("\\z"),
            'm' => Some("(?-u:\\b{start})"),
            'M' => Some("(?-u:\\b{end})"),
            'y' => Some("(?-u:\\b)"),
            'Y' => Some("(?-u:\\B)"),
            _ => None,
        };
        if let Some(constraint) = constraint {
            self.out.push_str(constraint);
            self.quantifiable = false;
            return Ok(());
        }
        if let Some(class) = class_escape(c) {
            let negated = c.is_ascii_uppercase();
            self.out.push_str(if negated { "[^" } else { "[" });
            self.out.push_str(class);
            self.out.push(']');
            return Ok(());
        }
        if let '1'..='9' = c {
            return self.back_reference(c);
        }
        let literal = self.character_escape(c)?;
        push_literal(&mut self.out, literal);
        Ok(())
    }

    fn back_reference(&mut self, first: char) -> PgResult<()> {
        let mut number = first.to_digit(10).unwrap_or(0) as usize;
        while let Some(digit) = self.chars.peek().and_then(|c| c.to_digit(10)) {
            let longer = number * 10 + digit as usize;
            if longer > self.groups {
                break;
            }
            number = longer;
            self.chars.next();
        }
        if number > self.groups {
            return Err(invalid("invalid backreference number"));
        }
        self.backtracking = true;
        self.out.push_str(&format!("(?:\\{number})"));
        Ok(())
    }

    /// Escapes that stand for one character.
    fn character_escape(&mut self, c: char) -> PgResult<char> {
        let bad = || invalid("invalid escape \\ sequence");
        let code = match c {
            'a' => 7,
            'b' => 8,
            'B' => u32::from('\\'),
            'c' => self.chars.next().map(|c| c as u32 & 31).ok_or_else(bad)?,
            'e' => 27,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'u' => self.hex(4, 4)?,
            'U' => self.hex(8, 8)?,
            'x' => self.hex(1, 255)?,
            '0' => self.octal(),
            c if c.is_ascii_alphanumeric() => return Err(bad()),
            c => return Ok(c),
        };
        char::from_u32(code).ok_or_else(bad)
    }

    fn hex(&mut self, min: usize, max: usize) -> PgResult<u32> {
        let mut digits = String::new();
        while digits.len() < max
            && let Some(c) = self.chars.peek().filter(|c| c.is_ascii_hexdigit())
        {
            digits.push(*c);
            self.chars.next();
        }
        if digits.len() < min {
            return Err(invalid("invalid escape \\ sequence"));
        }
        u32::from_str_radix(&digits, 16).map_err(|_| invalid("invalid escape \\ sequence"))
    }

    fn octal(&mut self) -> u32 {
        let mut value = 0;
        for _ in 0..2 {
            match self.chars.peek().and_then(|c| c.to_digit(8)) {
                Some(digit) => value = value * 8 + digit,
                None => break,
            }
            self.chars.next();
        }
        value
    }

    fn bracket(&mut self) -> PgResult<()> {
        let unbalanced = || invalid("brackets [] not balanced");
        // The word-boundary brackets are constraints, not sets.
        let rest: String = self.chars.clone().take(6).collect();
        for (name, constraint) in [("[:<:]]", "(?-u:\\b{start})"), ("[:>:]]", "(?-u:\\b{end})")] {
            if rest == name {
                (0..6).for_each(|_| {
                    self.chars.next();
                });
                self.out.push_str(constraint);
                self.quantifiable = false;
                return Ok(());
            }
        }
        self.out.push('[');
        let negated = self.chars.peek() == Some(&'^');
        if negated {
            self.chars.next();
            self.out.push('^');
            if self.flags.newline_dot {
                self.out.push_str("\\n");
            }
        }
        let mut first = true;
        loop {
            let c = self.chars.next().ok_or_else(unbalanced)?;
            if c == ']' && !first {
                break;
            }
            first = false;
            self.bracket_item(c)?;
        }
        self.out.push(']');
        self.quantifiable = true;
        Ok(())
    }

    /// A class, a character, or a range that starts with `c`.
    fn bracket_item(&mut self, c: char) -> PgResult<()> {
        if c == '[' && self.chars.peek() == Some(&':') {
            let name = self.named(':')?;
            let class = posix_class(&name).ok_or_else(|| invalid("invalid character class"))?;
            self.out.push_str(class);
            return Ok(());
        }
        if c == '\\'
            && let Some(class) = self.chars.peek().copied().and_then(class_escape)
        {
            if self.chars.next().is_some_and(|c| c.is_ascii_uppercase()) {
                return Err(invalid("invalid escape \\ sequence"));
            }
            self.out.push_str(class);
            return Ok(());
        }
        let low = self.bracket_char(c)?;
        let mut ahead = self.chars.clone();
        let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']');
        push_literal(&mut self.out, low);
        if is_range {
            self.chars.next();
            let next = self.chars.next().ok_or_else(|| invalid("brackets [] not balanced"))?;
            let high = self.bracket_char(next)?;
            if high < low {
                return Err(invalid("invalid character range"));
            }
            self.out.push('-');
            push_literal(&mut self.out, high);
        }
        Ok(())
    }

    /// One character of a bracket expression: plain, escaped, `[.x.]` or `[=x=]`.
    fn bracket_char(&mut self, c: char) -> PgResult<char> {
        match (c, self.chars.peek()) {
            ('[', Some(&kind @ ('.' | '='))) => {
                let name = self.named(kind)?;
                let mut chars = name.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Ok(c),
                    _ => Err(invalid("invalid collating element")),
                }
            }
            ('\\', _) => {
                let c = self.chars.next().ok_or_else(|| invalid("invalid escape \\ sequence"))?;
                self.character_escape(c)
            }
            (c, _) => Ok(c),
        }
    }

    /// The text between `[:` and `:]` or its like; the opening bracket is consumed already.
    fn named(&mut self, kind: char) -> PgResult<String> {
        self.chars.next();
        let mut name = String::new();
        while let Some(c) = self.chars.next() {
            if c == kind && self.chars.peek() == Some(&']') && !name.is_empty() {
                self.chars.next();
                return Ok(name);
            }
            name.push(c);
        }
        Err(invalid("brackets [] not balanced"))
    }
}

/// What `\d`, `\s`, `\w` and their negations stand for, as the inside of a bracket.
fn class_escape(c: char) -> Option<&'static str> {
    match c {
        'd' | 'D' => Some("0-9"),
        's' | 'S' => Some("\\t\\n\\x0b\\f\\r "),
        'w' | 'W' => Some("0-9A-Za-z_"),
        _ => None,
    }
}

fn posix_class(name: &str) -> Option<&'static str> {
    Some(match name {
        "alpha" => "A-Za-z",
        "upper" => "A-Z",
        "lower" => "a-z",
        "digit" => "0-9",
        "xdigit" => "0-9A-Fa-f",
        "alnum" => "0-9A-Za-z",
        "space" => "\\t\\n\\x0b\\f\\r ",
        "blank" => " \\t",
        "punct" => "!-/:-@\\[-`{-~",
        "graph" => "!-~",
        "print" => " -~",
        "cntrl" => "\\x00-\\x1f\\x7f",
        "ascii" => "\\x00-\\x7f",
        "word" => "0-9A-Za-z_",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(pattern: &str) -> PgResult<String> {
        translate(pattern, &mut Flags::default()).map(|t| t.pattern)
    }

    #[test]
    fn differences_between_the_syntaxes() {
        assert_eq!(t("a{,}").expect("literal brace"), "a\\{\\,\\}");
        assert_eq!(t("[]a]").expect("bracket first"), "[\\]a]");
        assert_eq!(t("\\mfoo\\M").expect("words"), "(?-u:\\b{start})foo(?-u:\\b{end})");
        assert_eq!(t("[[:digit:]x-z]").expect("class"), "[0-9x-z]");
        assert!(translate("(a)\\1", &mut Flags::default()).expect("back reference").backtracking);
    }

    #[test]
    fn errors_are_named_as_postgresql_names_them() {
        for (pattern, what) in [
            ("(", "parentheses () not balanced"),
            ("[a", "brackets [] not balanced"),
            ("*a", "quantifier operand invalid"),
            ("a{3,1}", "invalid repetition count(s)"),
            ("\\1", "invalid backreference number"),
            ("[[:foo:]]", "invalid character class"),
            ("[b-a]", "invalid character range"),
        ] {
            let error = t(pattern).expect_err(pattern);
            assert_eq!(error.message(), format!("invalid regular expression: {what}"));
        }
    }
}
