//! Parser of paths.
use super::{Accessor, BinaryOp, Expr, JsonPath, Method, Primary};
use crate::{Varlena, is_space, numeric};
use error::{PgError, PgResult, bail, check_stack_depth, err};

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// An identifier or keyword, as written, and where it started.
    Word(String),
    /// `$name` or `$"name"`
    Variable(String),
    String(String),
    /// An integer.
    Int(String),
    /// Any other number.
    Number(String),
    Symbol(&'static str),
    End,
}

struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    /// What errors show of the token read last.
    near: String,
}

const SYMBOLS: [&str; 31] = [
    "&&", "||", "==", "!=", "<>", "<=", ">=", "**", "<", ">", "=", "!", "(", ")", "[", "]", "{",
    "}", "?", ",", ".", "*", "+", "-", "/", "%", "$", "@", ":", "&", "|",
];

impl Lexer<'_> {
    fn fault(&self, near: &str) -> PgError {
        if near.is_empty() {
            return err!(SYNTAX_ERROR, "syntax error at end of jsonpath input");
        }
        err!(SYNTAX_ERROR, "syntax error at or near \"{near}\" of jsonpath input")
    }

    fn skip(&mut self) -> PgResult<()> {
        loop {
            let rest = &self.text[self.pos..];
            let trimmed = rest.trim_start_matches(is_space);
            self.pos += rest.len() - trimmed.len();
            if !trimmed.starts_with("/*") {
                return Ok(());
            }
            match trimmed[2..].find("*/") {
                Some(end) => self.pos += end + 4,
                None => bail!(SYNTAX_ERROR, "unexpected end of comment at end of jsonpath input"),
            }
        }
    }

    fn next(&mut self) -> PgResult<Token> {
        self.skip()?;
        self.near.clear();
        let rest = &self.text[self.pos..];
        let Some(c) = rest.chars().next() else { return Ok(Token::End) };
        match c {
            '"' => {
                self.pos += 1;
                let text = self.quoted()?;
                self.near.push('"');
                return Ok(Token::String(text));
            }
            '$' => {
                let after = &rest[1..];
                if after.starts_with('"') {
                    self.pos += 2;
                    let name = self.quoted()?;
                    self.near.push('"');
                    return Ok(Token::Variable(name));
                }
                if after.starts_with(is_other) {
                    let len = after.chars().take_while(|c| is_other(*c)).map(char::len_utf8).sum();
                    let name: &str = &after[..len];
                    self.pos += 1 + len;
                    self.near = format!("${name}");
                    return Ok(Token::Variable(name.to_string()));
                }
            }
            '0'..='9' => return self.number(),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => return self.number(),
            _ => {}
        }
        for symbol in SYMBOLS {
            if rest.starts_with(symbol) {
                self.pos += symbol.len();
                self.near.push_str(symbol);
                return Ok(Token::Symbol(symbol));
            }
        }
        self.word().map(Token::Word)
    }

    /// A number, by the longest match; of words that start with a digit those are faults that are a
    /// number and one more character.
    fn number(&mut self) -> PgResult<Token> {
        let rest = &self.text[self.pos..];
        let (len, is_int) = number_length(rest.as_bytes());
        let run: usize = rest.chars().take_while(|c| is_other(*c)).map(char::len_utf8).sum();
        let tail = rest[len..].chars().next();
        if let Some(c) = tail.filter(|c| is_other(*c)) {
            let junk = len + c.len_utf8();
            let radix = len > 2 && rest.as_bytes()[1].is_ascii_alphabetic() && is_int;
            if run > junk || radix {
                return self.word().map(Token::Word);
            }
            bail!(
                SYNTAX_ERROR,
                "trailing junk after numeric literal at or near \"{}\" of jsonpath input",
                &rest[..junk]
            );
        }
        let exponent = rest.as_bytes().get(len - 1).is_some_and(|c| matches!(c, b'+' | b'-'));
        if exponent {
            bail!(
                SYNTAX_ERROR,
                "invalid numeric literal at or near \"{}\" of jsonpath input",
                &rest[..len]
            );
        }
        self.pos += len;
        self.near = rest[..len].to_string();
        let text = rest[..len].to_string();
        Ok(if is_int { Token::Int(text) } else { Token::Number(text) })
    }

    fn word(&mut self) -> PgResult<String> {
        let mut out = String::new();
        let start = self.pos;
        while let Some(c) = self.text[self.pos..].chars().next() {
            if c == '\\' {
                self.pos += 1;
                self.escape(&mut out)?;
            } else if is_other(c) {
                out.push(c);
                self.pos += c.len_utf8();
            } else {
                break;
            }
        }
        if self.pos == start {
            let near: String = self.text[self.pos..].chars().take(1).collect();
            return Err(self.fault(&near));
        }
        // What ends a word is all that is left to show of it.
        let rest = &self.text[self.pos..];
        let blanks = rest.len() - rest.trim_start_matches(is_space).len();
        self.near = rest[..blanks].to_string();
        Ok(out)
    }

    fn quoted(&mut self) -> PgResult<String> {
        let mut out = String::new();
        loop {
            let Some(c) = self.text[self.pos..].chars().next() else {
                bail!(SYNTAX_ERROR, "unterminated quoted string at end of jsonpath input");
            };
            self.pos += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => self.escape(&mut out)?,
                c => out.push(c),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, out: &mut String) -> PgResult<()> {
        let Some(c) = self.text[self.pos..].chars().next() else {
            bail!(SYNTAX_ERROR, "unexpected end after backslash at end of jsonpath input");
        };
        self.pos += c.len_utf8();
        match c {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            'x' => {
                let digits = self.hex_digits(2);
                if digits < 2 {
                    bail!(
                        SYNTAX_ERROR,
                        "invalid hexadecimal character sequence at or near \"{}\" of jsonpath input",
                        &self.text[self.pos - 2..self.pos + digits]
                    );
                }
                let code = self.take_hex(2);
                self.push_code(code, out)?;
            }
            'u' => self.unicode(out)?,
            c => out.push(c),
        }
        Ok(())
    }

    /// How many of the next `most` characters are hexadecimal digits.
    fn hex_digits(&self, most: usize) -> usize {
        let rest = &self.text.as_bytes()[self.pos..];
        rest.iter().take(most).take_while(|c| c.is_ascii_hexdigit()).count()
    }

    fn take_hex(&mut self, n: usize) -> u32 {
        let code = u32::from_str_radix(&self.text[self.pos..self.pos + n], 16).unwrap_or(0);
        self.pos += n;
        code
    }

    /// A run of Unicode escapes, the first `\u` of which has been read.
    fn unicode(&mut self, out: &mut String) -> PgResult<()> {
        let start = self.pos - 2;
        let mut codes = Vec::new();
        loop {
            let braced = self.text[self.pos..].starts_with('{');
            self.pos += usize::from(braced);
            let digits = self.hex_digits(if braced { 6 } else { 4 });
            let closed = !braced || self.text[self.pos + digits..].starts_with('}');
            if !closed || digits == 0 || !braced && digits < 4 {
                bail!(
                    SYNTAX_ERROR,
                    "invalid Unicode escape sequence at or near \"{}\" of jsonpath input",
                    &self.text[start..self.pos + digits]
                );
            }
            codes.push(self.take_hex(digits));
            self.pos += usize::from(braced);
            if !self.text[self.pos..].starts_with("\\u") {
                break;
            }
            self.pos += 2;
        }
        let wrong = |detail: &str| {
            err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type jsonpath")
                .detail(detail)
        };
        const LOW: &str = "Unicode low surrogate must follow a high surrogate.";
        let mut high = None;
        for code in codes {
            match (high.take(), code) {
                (Some(_), 0xd800..0xdc00) => {
                    return Err(wrong("Unicode high surrogate must not follow a high surrogate."));
                }
                (None, 0xd800..0xdc00) => high = Some(code),
                (Some(high), 0xdc00..0xe000) => {
                    self.push_code(0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00), out)?;
                }
                (None, 0xdc00..0xe000) | (Some(_), _) => return Err(wrong(LOW)),
                (None, code) => self.push_code(code, out)?,
            }
        }
        if high.is_some() { Err(wrong(LOW)) } else { Ok(()) }
    }

    fn push_code(&self, code: u32, out: &mut String) -> PgResult<()> {
        match char::from_u32(code) {
            Some('\0') => {
                Err(err!(UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence")
                    .detail("\\u0000 cannot be converted to text."))
            }
            Some(c) => {
                out.push(c);
                Ok(())
            }
            None => Err(err!(SYNTAX_ERROR, "invalid Unicode code point")),
        }
    }
}

/// The longest number that a text starts with (a trailing sign is an exponent without digits), and
/// whether it is an integer.
fn number_length(b: &[u8]) -> (usize, bool) {
    // Digits with single underscores between them, from `at` on.
    let run = |at: usize, ok: fn(&u8) -> bool| {
        let mut end = at;
        while b.get(end).is_some_and(ok)
            || end > at && b.get(end) == Some(&b'_') && b.get(end + 1).is_some_and(ok)
        {
            end += 1;
        }
        end
    };
    let decimal: fn(&u8) -> bool = u8::is_ascii_digit;
    let radix: Option<fn(&u8) -> bool> = match b {
        [b'0', b'x' | b'X', ..] => Some(u8::is_ascii_hexdigit),
        [b'0', b'o' | b'O', ..] => Some(|c| matches!(c, b'0'..=b'7')),
        [b'0', b'b' | b'B', ..] => Some(|c| matches!(c, b'0' | b'1')),
        _ => None,
    };
    if let Some(ok) = radix {
        let end = run(2, ok);
        return if end > 2 { (end, true) } else { (1, true) };
    }
    let mut is_int = true;
    let mut end = match b.first() {
        Some(b'0') => 1,
        Some(b'.') => 0,
        _ => run(0, decimal),
    };
    if b.get(end) == Some(&b'.') {
        end = run(end + 1, decimal);
        is_int = false;
    }
    if matches!(b.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(b.get(end + 1), Some(b'+' | b'-')));
        let digits = run(end + 1 + sign, decimal);
        if digits > end + 1 + sign {
            return (digits, false);
        }
        if sign == 1 {
            return (end + 2, false);
        }
    }
    (end, is_int)
}

/// Characters of words.
fn is_other(c: char) -> bool {
    !c.is_ascii()
        || c.is_ascii_alphanumeric()
        || matches!(c, '_' | '\'' | ';' | '`' | '^' | '~')
        || c.is_ascii_control() && !matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

/// Parses a path.
pub fn parse(text: &str) -> PgResult<JsonPath> {
    let mut p = Parser {
        lexer: Lexer { text, pos: 0, near: String::new() },
        token: Token::End,
        filters: 0,
        subscripts: 0,
        misplaced: None,
    };
    p.advance()?;
    if p.token == Token::End {
        bail!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type jsonpath: \"{text}\"");
    }
    let lax = match &p.token {
        Token::Word(word) if word == "strict" => {
            p.advance()?;
            false
        }
        Token::Word(word) if word == "lax" => {
            p.advance()?;
            true
        }
        _ => true,
    };
    let expr = p.expr(0)?;
    if p.token != Token::End {
        return Err(p.unexpected());
    }
    if let Some(e) = p.misplaced {
        return Err(e);
    }
    Ok(JsonPath { lax, expr })
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    filters: usize,
    subscripts: usize,
    /// The first `@` or `last` in a wrong place; other faults come before it.
    misplaced: Option<PgError>,
}

impl Parser<'_> {
    fn advance(&mut self) -> PgResult<Token> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn unexpected(&self) -> PgError {
        let near = match &self.token {
            Token::End => String::new(),
            _ => self.lexer.near.clone(),
        };
        self.lexer.fault(&near)
    }

    fn eat(&mut self, symbol: &str) -> PgResult<bool> {
        if matches!(&self.token, Token::Symbol(s) if *s == symbol) {
            self.advance()?;
            return Ok(true);
        }
        Ok(false)
    }

    fn expect(&mut self, symbol: &str) -> PgResult<()> {
        if self.eat(symbol)? { Ok(()) } else { Err(self.unexpected()) }
    }

    fn word(&mut self, word: &str) -> PgResult<bool> {
        if matches!(&self.token, Token::Word(w) if w == word) {
            self.advance()?;
            return Ok(true);
        }
        Ok(false)
    }

    fn binary(&self) -> Option<(BinaryOp, u8)> {
        let Token::Symbol(symbol) = &self.token else { return None };
        Some(match *symbol {
            "||" => (BinaryOp::Or, 1),
            "&&" => (BinaryOp::And, 2),
            "==" => (BinaryOp::Eq, 3),
            "!=" | "<>" => (BinaryOp::Ne, 3),
            "<" => (BinaryOp::Lt, 3),
            ">" => (BinaryOp::Gt, 3),
            "<=" => (BinaryOp::Le, 3),
            ">=" => (BinaryOp::Ge, 3),
            "+" => (BinaryOp::Add, 4),
            "-" => (BinaryOp::Sub, 4),
            "*" => (BinaryOp::Mul, 5),
            "/" => (BinaryOp::Div, 5),
            "%" => (BinaryOp::Mod, 5),
            _ => return None,
        })
    }

    /// Operators of at least this strength.
    fn expr(&mut self, min: u8) -> PgResult<Expr> {
        check_stack_depth()?;
        let mut left = self.unary()?;
        loop {
            if let Some((op, strength)) = self.binary() {
                if strength < min.max(1) {
                    break;
                }
                // AND and OR connect predicates, everything else expressions.
                let connects = strength < 3;
                if is_predicate(&left) != connects {
                    return Err(self.unexpected());
                }
                self.advance()?;
                let right = self.expr(strength + 1)?;
                if is_predicate(&right) != connects {
                    return Err(self.unexpected());
                }
                left = Expr::Binary(op, Box::new(left), Box::new(right));
            } else if min <= 3 && !is_predicate(&left) && self.word("starts")? {
                if !self.word("with")? {
                    return Err(self.unexpected());
                }
                let right = match self.advance()? {
                    Token::String(s) => Primary::String(s),
                    Token::Variable(v) => Primary::Variable(v),
                    token => {
                        self.token = token;
                        return Err(self.unexpected());
                    }
                };
                let right = Expr::Path(Box::new(right), Vec::new());
                left = Expr::Binary(BinaryOp::StartsWith, Box::new(left), Box::new(right));
            } else if min <= 3 && !is_predicate(&left) && self.word("like_regex")? {
                left = self.like_regex(left)?;
            } else {
                break;
            }
        }
        Ok(left)
    }

    fn like_regex(&mut self, left: Expr) -> PgResult<Expr> {
        let Token::String(pattern) = self.advance()? else { return Err(self.unexpected()) };
        let mut flags = String::new();
        if self.word("flag")? {
            let Token::String(given) = self.advance()? else { return Err(self.unexpected()) };
            for c in given.chars() {
                match c {
                    'i' | 's' | 'm' | 'x' | 'q' => {
                        if !flags.contains(c) {
                            flags.push(c);
                        }
                    }
                    c => {
                        return Err(err!(SYNTAX_ERROR, "invalid input syntax for type jsonpath")
                            .detail(format!(
                                "Unrecognized flag character \"{c}\" in LIKE_REGEX predicate."
                            )));
                    }
                }
            }
            // In the order in which they are shown.
            if flags.contains('x') && !flags.contains('q') {
                bail!(
                    FEATURE_NOT_SUPPORTED,
                    "XQuery \"x\" flag (expanded regular expressions) is not implemented"
                );
            }
            flags = "ismxq".chars().filter(|c| flags.contains(*c)).collect();
        }
        Ok(Expr::LikeRegex(Box::new(left), pattern, flags))
    }

    fn unary(&mut self) -> PgResult<Expr> {
        for (symbol, minus) in [("+", false), ("-", true)] {
            if self.eat(symbol)? {
                // A sign binds tighter than any binary operator.
                let inner = self.expr(6)?;
                if is_predicate(&inner) {
                    return Err(self.unexpected());
                }
                // A sign before a literal number belongs to it.
                if let Expr::Path(primary, accessors) = &inner {
                    if let (Primary::Number(v), true) = (&**primary, accessors.is_empty()) {
                        let v = if minus { numeric::uminus(v)? } else { v.clone() };
                        return Ok(Expr::Path(Box::new(Primary::Number(v)), Vec::new()));
                    }
                }
                return Ok(Expr::Sign(minus, Box::new(inner)));
            }
        }
        if self.eat("!")? {
            if self.word("exists")? {
                let exists = self.exists()?;
                return Ok(Expr::Not(Box::new(exists)));
            }
            self.expect("(")?;
            let inner = self.grouped_predicate()?;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if matches!(&self.token, Token::Word(w) if w == "exists") {
            self.advance()?;
            return self.exists();
        }
        self.path()
    }

    /// A predicate up to its closing parenthesis.
    fn grouped_predicate(&mut self) -> PgResult<Expr> {
        let inner = self.expr(0)?;
        if !is_predicate(&inner) {
            return Err(self.unexpected());
        }
        self.expect(")")?;
        Ok(inner)
    }

    fn exists(&mut self) -> PgResult<Expr> {
        self.expect("(")?;
        let inner = self.expr(4)?;
        self.expect(")")?;
        Ok(Expr::Exists(Box::new(inner)))
    }

    fn path(&mut self) -> PgResult<Expr> {
        let primary = match self.token.clone() {
            Token::Symbol("$") => Primary::Root,
            Token::Symbol("@") if self.filters > 0 => Primary::Current,
            Token::Symbol("@") => {
                self.misplaced.get_or_insert_with(|| {
                    err!(SYNTAX_ERROR, "@ is not allowed in root expressions")
                });
                Primary::Current
            }
            Token::Symbol("(") => {
                self.advance()?;
                let inner = self.expr(0)?;
                self.expect(")")?;
                if is_predicate(&inner) && self.word("is")? {
                    if !self.word("unknown")? {
                        return Err(self.unexpected());
                    }
                    return Ok(Expr::IsUnknown(Box::new(inner)));
                }
                let accessors = self.accessors()?;
                if accessors.is_empty() {
                    return Ok(inner);
                }
                return Ok(match inner {
                    Expr::Path(primary, mut own) => {
                        own.extend(accessors);
                        Expr::Path(primary, own)
                    }
                    other => Expr::Path(Box::new(Primary::Paren(other)), accessors),
                });
            }
            Token::Variable(name) => Primary::Variable(name),
            Token::String(text) => Primary::String(text),
            Token::Int(text) | Token::Number(text) => Primary::Number(number(&text)?),
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "null" if word == "null" => Primary::Null,
                "true" if word == "true" => Primary::Bool(true),
                "false" if word == "false" => Primary::Bool(false),
                "last" if self.subscripts > 0 => Primary::Last,
                "last" => {
                    self.misplaced.get_or_insert_with(|| {
                        err!(SYNTAX_ERROR, "LAST is allowed only in array subscripts")
                    });
                    Primary::Last
                }
                _ => return Err(self.unexpected()),
            },
            _ => return Err(self.unexpected()),
        };
        self.advance()?;
        let accessors = self.accessors()?;
        Ok(Expr::Path(Box::new(primary), accessors))
    }

    fn accessors(&mut self) -> PgResult<Vec<Accessor>> {
        let mut out = Vec::new();
        loop {
            if self.eat(".")? {
                out.push(self.member()?);
            } else if self.eat("[")? {
                out.push(self.subscript()?);
            } else if self.eat("?")? {
                self.expect("(")?;
                self.filters += 1;
                let predicate = self.grouped_predicate()?;
                self.filters -= 1;
                out.push(Accessor::Filter(predicate));
            } else {
                return Ok(out);
            }
        }
    }

    fn member(&mut self) -> PgResult<Accessor> {
        match self.advance()? {
            Token::Symbol("*") => Ok(Accessor::AnyKey),
            Token::Symbol("**") => self.any_depth(),
            Token::String(key) => Ok(Accessor::Key(key)),
            Token::Word(word) => {
                let method = Method::ALL.iter().find(|(name, _)| *name == word);
                match method {
                    Some((_, method)) if self.eat("(")? => self.method(*method),
                    _ => Ok(Accessor::Key(word)),
                }
            }
            Token::Variable(name) => {
                self.token = Token::Variable(name);
                Err(self.unexpected())
            }
            token => {
                self.token = token;
                Err(self.unexpected())
            }
        }
    }

    fn method(&mut self, method: Method) -> PgResult<Accessor> {
        let mut args = Vec::new();
        let literal = |primary| Expr::Path(Box::new(primary), Vec::new());
        match (method, self.token.clone()) {
            (Method::Datetime, Token::String(template)) => {
                self.advance()?;
                args.push(literal(Primary::String(template)));
            }
            (
                Method::Time | Method::TimeTz | Method::Timestamp | Method::TimestampTz,
                Token::Int(text),
            ) => {
                self.advance()?;
                args.push(literal(Primary::Number(number(&text)?)));
            }
            (Method::Decimal, token) if token != Token::Symbol(")") => loop {
                let minus = self.eat("-")?;
                if !minus {
                    self.eat("+")?;
                }
                let Token::Int(text) = self.token.clone() else { return Err(self.unexpected()) };
                self.advance()?;
                let mut v = number(&text)?;
                if minus {
                    v = numeric::uminus(&v)?;
                }
                args.push(literal(Primary::Number(v)));
                if !self.eat(",")? {
                    break;
                }
            },
            _ => {}
        }
        self.expect(")")?;
        if args.len() > 2 {
            return Err(err!(SYNTAX_ERROR, "invalid input syntax for type jsonpath")
                .detail(".decimal() can only have an optional precision[,scale]."));
        }
        Ok(Accessor::Method(method, args))
    }

    fn any_depth(&mut self) -> PgResult<Accessor> {
        if !self.eat("{")? {
            return Ok(Accessor::AnyDepth(0, u32::MAX));
        }
        let first = self.level()?;
        let last = if self.word("to")? { self.level()? } else { first };
        self.expect("}")?;
        Ok(Accessor::AnyDepth(first, last))
    }

    fn level(&mut self) -> PgResult<u32> {
        if self.word("last")? {
            return Ok(u32::MAX);
        }
        match self.advance()? {
            Token::Int(text) => match text.parse() {
                Ok(level) => Ok(level),
                Err(_) => Err(self.unexpected()),
            },
            token => {
                self.token = token;
                Err(self.unexpected())
            }
        }
    }

    fn subscript(&mut self) -> PgResult<Accessor> {
        if self.eat("*")? {
            self.expect("]")?;
            return Ok(Accessor::AnyElement);
        }
        self.subscripts += 1;
        let mut items = Vec::new();
        loop {
            let from = self.expr(4)?;
            let to = if self.word("to")? { Some(self.expr(4)?) } else { None };
            items.push((from, to));
            if !self.eat(",")? {
                break;
            }
        }
        self.subscripts -= 1;
        self.expect("]")?;
        Ok(Accessor::Elements(items))
    }
}

fn is_predicate(e: &Expr) -> bool {
    match e {
        Expr::Path(..) | Expr::Sign(..) => false,
        Expr::Binary(op, ..) => !matches!(
            op,
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod
        ),
        _ => true,
    }
}

fn number(text: &str) -> PgResult<Varlena> {
    numeric::input(text, -1)
}
