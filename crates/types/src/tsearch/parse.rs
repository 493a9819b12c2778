//! The text of a query as a tree, for all the syntaxes there are. What becomes of its words is the
//! caller's business: the type's input keeps them, `to_tsquery` runs them through dictionaries.
use super::{
    MAX_POS, MAX_WORD, TsQuery,
    word::{WordKind, WordScanner, is_operator},
};
use crate::is_space;
use error::{PgError, PgResult, bail, check_stack_depth, err};

/// How a query is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QuerySyntax {
    /// Operators and words.
    Standard,
    /// Words only.
    Plain,
    /// What people type into search boxes.
    Web,
}

/// Part of a query from which stop words have been removed.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// What is left.
    pub query: Option<TsQuery>,
    /// Distance that removed words took at the left end.
    left: u32,
    /// And at the right end.
    right: u32,
    /// Levels of the query.
    depth: usize,
}

impl Parsed {
    /// A stop word.
    pub fn stop() -> Parsed {
        Parsed::default()
    }

    /// A word.
    pub fn word(word: String, weights: u8, prefix: bool) -> Parsed {
        Parsed { query: Some(TsQuery::Word { word, weights, prefix }), ..Parsed::default() }
    }

    /// `!`
    pub fn negated(self) -> PgResult<Parsed> {
        let depth = self.depth + 1;
        TsQuery::check_depth(depth)?;
        Ok(Parsed { query: self.query.map(|q| TsQuery::Not(Box::new(q))), depth, ..self })
    }

    /// `&`
    pub fn and(self, other: Parsed) -> PgResult<Parsed> {
        self.joined(other, TsQuery::And)
    }

    /// `|`
    pub fn or(self, other: Parsed) -> PgResult<Parsed> {
        self.joined(other, TsQuery::Or)
    }

    fn joined(
        self,
        other: Parsed,
        make: fn(Box<TsQuery>, Box<TsQuery>) -> TsQuery,
    ) -> PgResult<Parsed> {
        let depth = self.depth.max(other.depth) + 1;
        TsQuery::check_depth(depth)?;
        Ok(match (self.query, other.query) {
            (Some(l), Some(r)) => {
                let query = Some(make(Box::new(l), Box::new(r)));
                Parsed { query, left: 0, right: 0, depth }
            }
            (Some(l), None) => Parsed { query: Some(l), ..with_ends(self.left, self.right, depth) },
            (None, Some(r)) => {
                Parsed { query: Some(r), ..with_ends(other.left, other.right, depth) }
            }
            (None, None) => {
                let width = self.left.max(other.left);
                with_ends(width, width, depth)
            }
        })
    }

    /// `<N>`: what was removed around it makes the distance larger.
    pub fn phrase(self, other: Parsed, distance: u16) -> PgResult<Parsed> {
        let depth = self.depth.max(other.depth) + 1;
        TsQuery::check_depth(depth)?;
        let n = u32::from(distance);
        Ok(match (self.query, other.query) {
            (Some(l), Some(r)) => {
                let distance = (n + self.right + other.left).min(i16::MAX as u32) as u16;
                let query = TsQuery::Phrase(Box::new(l), Box::new(r), distance);
                Parsed { query: Some(query), ..with_ends(self.left, other.right, depth) }
            }
            (None, Some(r)) => Parsed {
                query: Some(r),
                ..with_ends(self.left + n + other.left, other.right, depth)
            },
            (Some(l), None) => Parsed {
                query: Some(l),
                ..with_ends(self.left, self.right + n + other.right, depth)
            },
            (None, None) => {
                let width = self.left + n + other.left;
                with_ends(width, width, depth)
            }
        })
    }
}

fn with_ends(left: u32, right: u32, depth: usize) -> Parsed {
    Parsed { query: None, left, right, depth }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Phrase(u16),
    Not,
}

impl Operator {
    fn priority(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::Phrase(_) => 3,
            Operator::Not => 4,
        }
    }
}

/// Most operators that wait for their right operand within one pair of parentheses.
const OPERATORS_MAX: usize = 32;

enum Token {
    Value {
        word: String,
        weights: u8,
        prefix: bool,
    },
    /// A missing operand, which a web query may have.
    Stop,
    Operator(Operator),
    Open,
    Close,
    End,
}

/// Reads a query.
pub struct QueryParser<'a, 'h> {
    s: WordScanner<'a>,
    syntax: QuerySyntax,
    /// Makes a part of the query from a word, its weights and whether a prefix is enough.
    handler: &'h mut dyn FnMut(String, u8, bool) -> PgResult<Parsed>,
    wants_operand: bool,
    /// Nothing has been read yet.
    first: bool,
    open: usize,
}

impl<'a, 'h> QueryParser<'a, 'h> {
    /// Over a text.
    pub fn new(
        text: &'a str,
        syntax: QuerySyntax,
        handler: &'h mut dyn FnMut(String, u8, bool) -> PgResult<Parsed>,
    ) -> Self {
        let kind = match syntax {
            QuerySyntax::Web => WordKind::WebQuery,
            _ => WordKind::Query,
        };
        let s = WordScanner::new(text, kind);
        QueryParser { s, syntax, handler, wants_operand: true, first: true, open: 0 }
    }

    /// The whole query; outer `None` if there is no word at all.
    pub fn parse(mut self) -> PgResult<Option<Parsed>> {
        self.sequence()
    }

    /// Operands and operators up to a closing parenthesis or the end.
    fn sequence(&mut self) -> PgResult<Option<Parsed>> {
        check_stack_depth()?;
        let mut values: Vec<Parsed> = Vec::new();
        let mut operators: Vec<Operator> = Vec::new();
        loop {
            let token = match self.syntax {
                QuerySyntax::Standard => self.standard_token()?,
                QuerySyntax::Plain => self.plain_token(),
                QuerySyntax::Web => self.web_token()?,
            };
            match token {
                Token::Value { word, weights, prefix } => {
                    values.push((self.handler)(word, weights, prefix)?);
                }
                Token::Stop => values.push(Parsed::stop()),
                Token::Operator(operator) => {
                    Self::reduce(&mut values, &mut operators, operator)?;
                    if operators.len() == OPERATORS_MAX {
                        return Err(PgError::internal("tsquery stack too small"));
                    }
                    operators.push(operator);
                }
                Token::Open => {
                    if let Some(value) = self.sequence()? {
                        values.push(value);
                    }
                }
                Token::Close | Token::End => break,
            }
        }
        Self::reduce(&mut values, &mut operators, Operator::Or)?;
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(PgError::internal("malformed tsquery: extra nodes")),
        }
    }

    /// Applies the waiting operators that bind tighter than the next one.
    fn reduce(
        values: &mut Vec<Parsed>,
        operators: &mut Vec<Operator>,
        next: Operator,
    ) -> PgResult<()> {
        let missing = || PgError::internal("malformed tsquery: operand not found");
        while let Some(top) = operators.last().copied() {
            let waits = match next {
                Operator::Not => next.priority() >= top.priority(),
                _ => next.priority() > top.priority(),
            };
            if waits {
                break;
            }
            operators.pop();
            let right = values.pop().ok_or_else(missing)?;
            if top == Operator::Not {
                values.push(right.negated()?);
                continue;
            }
            let left = values.pop().ok_or_else(missing)?;
            values.push(match top {
                Operator::Or => left.or(right)?,
                Operator::And => left.and(right)?,
                Operator::Phrase(distance) => left.phrase(right, distance)?,
                Operator::Not => right,
            });
        }
        Ok(())
    }

    fn plain_token(&mut self) -> Token {
        let rest = &self.s.text[self.s.pos..];
        if rest.is_empty() {
            return Token::End;
        }
        self.s.pos = self.s.text.len();
        Token::Value { word: rest.to_owned(), weights: 0, prefix: false }
    }

    fn skip_space(&mut self) {
        while self.s.peek().is_some_and(is_space) {
            self.s.pos += 1;
        }
    }

    fn operator(&mut self, operator: Operator) -> Token {
        self.wants_operand = true;
        self.first = false;
        Token::Operator(operator)
    }

    fn standard_token(&mut self) -> PgResult<Token> {
        self.skip_space();
        let c = self.s.peek();
        if self.wants_operand {
            return self.standard_operand(c);
        }
        match c {
            Some('&') => {
                self.s.pos += 1;
                Ok(self.operator(Operator::And))
            }
            Some('|') => {
                self.s.pos += 1;
                Ok(self.operator(Operator::Or))
            }
            Some('<') => match self.distance()? {
                Some(distance) => Ok(self.operator(Operator::Phrase(distance))),
                None => Err(self.s.fault()),
            },
            Some(')') if self.open > 0 => {
                self.s.pos += 1;
                self.open -= 1;
                Ok(Token::Close)
            }
            None if self.open == 0 => Ok(Token::End),
            _ => Err(self.s.fault()),
        }
    }

    fn standard_operand(&mut self, c: Option<char>) -> PgResult<Token> {
        match c {
            Some('!') => {
                self.s.pos += 1;
                Ok(self.operator(Operator::Not))
            }
            Some('(') => {
                self.s.pos += 1;
                self.open += 1;
                self.first = false;
                Ok(Token::Open)
            }
            Some(':') => Err(self.s.fault()),
            None if self.first => Ok(Token::End),
            None => bail!(SYNTAX_ERROR, "no operand in tsquery: \"{}\"", self.s.text),
            Some(_) => {
                let Some(word) = self.s.word()? else { return Err(self.s.fault()) };
                let (weights, prefix) = self.modifiers();
                self.wants_operand = false;
                self.first = false;
                Ok(Token::Value { word, weights, prefix })
            }
        }
    }

    /// `:` and the weights and `*` after it.
    fn modifiers(&mut self) -> (u8, bool) {
        let (mut weights, mut prefix) = (0, false);
        if self.s.peek() != Some(':') {
            return (weights, prefix);
        }
        self.s.pos += 1;
        while let Some(c) = self.s.peek() {
            match c {
                'a' | 'A' => weights |= 8,
                'b' | 'B' => weights |= 4,
                'c' | 'C' => weights |= 2,
                'd' | 'D' => weights |= 1,
                '*' => prefix = true,
                _ => break,
            }
            self.s.pos += 1;
        }
        (weights, prefix)
    }

    /// `<->` or `<N>`; `None` if it is something else.
    fn distance(&mut self) -> PgResult<Option<u16>> {
        let rest = &self.s.text[self.s.pos + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let inside = if rest.starts_with('-') { 1 } else { digits };
        let distance = match (rest.starts_with('-'), digits) {
            (true, _) => 1,
            (false, 0) => return Ok(None),
            _ => match rest[..digits].parse::<u64>() {
                Ok(n) if n <= u64::from(MAX_POS) + 1 => n as u16,
                _ => bail!(
                    INVALID_PARAMETER_VALUE,
                    "distance in phrase operator must be an integer value between zero and {} \
                     inclusive",
                    MAX_POS + 1
                ),
            },
        };
        // PostgreSQL wants something to follow the operator.
        if !rest[inside..].starts_with('>') || rest[inside..].len() < 2 {
            return Ok(None);
        }
        self.s.pos += inside + 2;
        Ok(Some(distance))
    }

    fn web_token(&mut self) -> PgResult<Token> {
        loop {
            self.skip_space();
            let c = self.s.peek();
            if self.wants_operand {
                match c {
                    Some('-') => {
                        self.s.pos += 1;
                        return Ok(self.operator(Operator::Not));
                    }
                    Some('"') => {
                        self.s.pos += 1;
                        let rest = &self.s.text[self.s.pos..];
                        let end = rest.find('"').unwrap_or(rest.len());
                        self.s.pos += (end + 1).min(rest.len());
                        self.wants_operand = false;
                        self.first = false;
                        let word = rest[..end].to_owned();
                        return Ok(Token::Value { word, weights: 0, prefix: false });
                    }
                    Some(c) if is_operator(c) => {
                        self.s.pos += 1;
                        self.first = false;
                    }
                    None if self.first => return Ok(Token::End),
                    None => {
                        // What the operator lacks.
                        self.wants_operand = false;
                        return Ok(Token::Stop);
                    }
                    Some(_) => {
                        let Some(word) = self.s.word()? else { return Err(self.s.fault()) };
                        self.wants_operand = false;
                        self.first = false;
                        return Ok(Token::Value { word, weights: 0, prefix: false });
                    }
                }
                continue;
            }
            match c {
                None => return Ok(Token::End),
                Some(_) if self.or_operator() => return Ok(self.operator(Operator::Or)),
                Some(c) if is_operator(c) => self.s.pos += 1,
                Some(_) => return Ok(self.operator(Operator::And)),
            }
        }
    }

    /// The word `or` between two others.
    fn or_operator(&mut self) -> bool {
        let rest = &self.s.text[self.s.pos..];
        if !rest.get(..2).is_some_and(|w| w.eq_ignore_ascii_case("or")) {
            return false;
        }
        let Some(next) = rest[2..].chars().next() else { return false };
        if next == '-' || next == '_' || next.is_alphanumeric() {
            return false;
        }
        // A word of its own only if something follows it.
        let after = &rest[2 + next.len_utf8()..];
        if after.chars().all(is_space) {
            return false;
        }
        self.s.pos += 2;
        true
    }
}

/// 54000 for a word that the stored form has no room for.
pub fn check_word(word: &str, text: &str) -> PgResult<()> {
    if word.len() >= MAX_WORD {
        return Err(err!(PROGRAM_LIMIT_EXCEEDED, "word is too long in tsquery: \"{text}\""));
    }
    Ok(())
}
