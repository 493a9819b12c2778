//! Parser of paths.
use super::{Accessor, BinaryOp, Expr, JsonPath, Method, Primary};
use crate::{Varlena, is_space, numeric};
use error::{PgError, PgResult, bail, err};

const MAX_DEPTH: usize = 500;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// An identifier or keyword, as written, and where it started.
    Word(String),
    /// `$name` or `$"name"`
    Variable(String),
    String(String),
    Number(String),
    Symbol(&'static str),
    End,
}

struct Lexer<'a> {
    text: &'a str,
    pos: usize,
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
            match trimmed.find("*/") {
                Some(end) => self.pos += end + 2,
                None => bail!(SYNTAX_ERROR, "unexpected end of comment at end of jsonpath input"),
            }
        }
    }

    fn next(&mut self) -> PgResult<Token> {
        self.skip()?;
        let rest = &self.text[self.pos..];
        let Some(c) = rest.chars().next() else { return Ok(Token::End) };
        match c {
            '"' => {
                self.pos += 1;
                return self.quoted().map(Token::String);
            }
            '$' => {
                let after = &rest[1..];
                if after.starts_with('"') {
                    self.pos += 2;
                    return self.quoted().map(Token::Variable);
                }
                if after.starts_with(is_word) {
                    self.pos += 1;
                    return self.word().map(Token::Variable);
                }
            }
            '0'..='9' => return self.number(),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => return self.number(),
            _ => {}
        }
        for symbol in SYMBOLS {
            if rest.starts_with(symbol) {
                self.pos += symbol.len();
                return Ok(Token::Symbol(symbol));
            }
        }
        self.word().map(Token::Word)
    }

    fn number(&mut self) -> PgResult<Token> {
        let rest = &self.text[self.pos..];
        let b = rest.as_bytes();
        let radix = matches!(b, [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]);
        let mut end = 0;
        while let Some(c) = b.get(end) {
            let exponent_sign = matches!(c, b'+' | b'-')
                && !radix
                && matches!(b.get(end.wrapping_sub(1)), Some(b'e' | b'E'));
            // A point is the number's only if a digit follows.
            let point = *c == b'.'
                && !rest[..end].contains(['.', 'e', 'E'])
                && !radix
                && !b.get(end + 1).is_some_and(|c| c.is_ascii_alphabetic() || *c == b'*');
            if c.is_ascii_alphanumeric() || *c == b'_' || exponent_sign || point {
                end += 1;
            } else {
                break;
            }
        }
        let number = &rest[..end];
        let leading_zero = !radix
            && number.len() > 1
            && number.starts_with('0')
            && number[1..].starts_with(|c: char| c.is_ascii_digit());
        if leading_zero || numeric::parse(number).is_err() {
            bail!(
                SYNTAX_ERROR,
                "trailing junk after numeric literal at or near \"{number}\" of jsonpath input"
            );
        }
        self.pos += end;
        Ok(Token::Number(number.to_string()))
    }

    fn word(&mut self) -> PgResult<String> {
        let mut out = String::new();
        while let Some(c) = self.text[self.pos..].chars().next() {
            if c == '\\' {
                self.pos += 1;
                self.escape(&mut out)?;
            } else if is_word(c) {
                out.push(c);
                self.pos += c.len_utf8();
            } else {
                break;
            }
        }
        if out.is_empty() {
            let near: String = self.text[self.pos..].chars().take(1).collect();
            return Err(self.fault(&near));
        }
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
                let code = self.hex(2)?;
                self.push_code(code, out)?;
            }
            'u' => {
                let code = self.unicode()?;
                self.push_code(code, out)?;
            }
            c => out.push(c),
        }
        Ok(())
    }

    fn hex(&mut self, n: usize) -> PgResult<u32> {
        let digits = self
            .text
            .get(self.pos..self.pos + n)
            .filter(|d| d.bytes().all(|c| c.is_ascii_hexdigit()));
        match digits.and_then(|d| u32::from_str_radix(d, 16).ok()) {
            Some(code) => {
                self.pos += n;
                Ok(code)
            }
            None => bail!(
                SYNTAX_ERROR,
                "invalid hexadecimal character sequence at or near \"{}\" of jsonpath input",
                self.text[self.pos.saturating_sub(2)..].chars().take(2).collect::<String>()
            ),
        }
    }

    fn unicode(&mut self) -> PgResult<u32> {
        if self.text[self.pos..].starts_with('{') {
            let end = self.text[self.pos..].find('}').unwrap_or(0);
            let code = u32::from_str_radix(&self.text[self.pos + 1..self.pos + end.max(1)], 16);
            match code {
                Ok(code) if (2..=7).contains(&end) => {
                    self.pos += end + 1;
                    return Ok(code);
                }
                _ => bail!(SYNTAX_ERROR, "invalid Unicode escape sequence of jsonpath input"),
            }
        }
        let unit = self.hex(4)?;
        if (0xd800..0xdc00).contains(&unit) && self.text[self.pos..].starts_with("\\u") {
            self.pos += 2;
            let low = self.hex(4)?;
            if (0xdc00..0xe000).contains(&low) {
                return Ok(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
            }
        }
        Ok(unit)
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
            None => {
                Err(err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type jsonpath")
                    .detail("Unicode low surrogate must follow a high surrogate."))
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c == '\\' || c.is_ascii_alphanumeric() || !c.is_ascii()
}

/// Parses a path.
pub fn parse(text: &str) -> PgResult<JsonPath> {
    let mut p = Parser {
        lexer: Lexer { text, pos: 0 },
        token: Token::End,
        depth: 0,
        filters: 0,
        subscripts: 0,
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
    Ok(JsonPath { lax, expr })
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    depth: usize,
    filters: usize,
    subscripts: usize,
}

impl Parser<'_> {
    fn advance(&mut self) -> PgResult<Token> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn unexpected(&self) -> PgError {
        let near = match &self.token {
            Token::Word(w) | Token::Number(w) | Token::String(w) => w.clone(),
            Token::Variable(v) => v.clone(),
            Token::Symbol(s) => s.to_string(),
            Token::End => String::new(),
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
            "==" | "=" => (BinaryOp::Eq, 3),
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
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        let mut left = self.unary()?;
        loop {
            if let Some((op, strength)) = self.binary() {
                if strength < min.max(1) {
                    break;
                }
                self.advance()?;
                let right = self.expr(strength + 1)?;
                left = Expr::Binary(op, Box::new(left), Box::new(right));
            } else if min <= 3 && self.word("starts")? {
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
            } else if min <= 3 && self.word("like_regex")? {
                left = self.like_regex(left)?;
            } else {
                break;
            }
        }
        self.depth -= 1;
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
            let inner = self.expr(0)?;
            self.expect(")")?;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if matches!(&self.token, Token::Word(w) if w == "exists") {
            self.advance()?;
            return self.exists();
        }
        self.path()
    }

    fn exists(&mut self) -> PgResult<Expr> {
        self.expect("(")?;
        let inner = self.expr(0)?;
        self.expect(")")?;
        Ok(Expr::Exists(Box::new(inner)))
    }

    fn path(&mut self) -> PgResult<Expr> {
        let primary = match self.token.clone() {
            Token::Symbol("$") => Primary::Root,
            Token::Symbol("@") if self.filters > 0 => Primary::Current,
            Token::Symbol("@") => {
                bail!(SYNTAX_ERROR, "@ is not allowed in root expressions")
            }
            Token::Symbol("(") => {
                self.advance()?;
                let inner = self.expr(0)?;
                self.expect(")")?;
                if self.word("is")? {
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
            Token::Number(text) => Primary::Number(number(&text)?),
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "null" if word == "null" => Primary::Null,
                "true" if word == "true" => Primary::Bool(true),
                "false" if word == "false" => Primary::Bool(false),
                "last" if self.subscripts > 0 => Primary::Last,
                "last" => bail!(SYNTAX_ERROR, "LAST is allowed only in array subscripts"),
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
                let predicate = self.expr(0)?;
                self.filters -= 1;
                self.expect(")")?;
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
        if !self.eat(")")? {
            loop {
                args.push(self.expr(4)?);
                if !self.eat(",")? {
                    break;
                }
            }
            self.expect(")")?;
        }
        let most = match method {
            Method::Decimal => 2,
            Method::Datetime
            | Method::Time
            | Method::TimeTz
            | Method::Timestamp
            | Method::TimestampTz => 1,
            _ => 0,
        };
        if args.len() > most {
            return Err(self.unexpected());
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
            Token::Number(text) => match text.parse() {
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

fn number(text: &str) -> PgResult<Varlena> {
    numeric::input(text, -1)
}
