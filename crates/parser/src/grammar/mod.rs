//! The grammar: recursive descent over the tokens, one method a production.
//!
//! Every method is predictive: it looks at tokens ahead and never backs up, so the first token that
//! cannot continue any statement is the one where an error is reported, as PostgreSQL's LALR parser
//! does. Lists of what may follow are never consulted to recover; the first error ends the parse.

mod alter;
mod alter_object;
mod alter_table;
mod constraint;
mod copy;
mod create;
mod create_table;
mod cursor;
mod define;
mod dml;
mod drop;
mod expr;
mod extension;
mod foreign;
mod from;
mod func_call;
mod func_special;
mod function;
mod grant;
mod index;
mod json;
mod json_table;
mod maintenance;
mod merge;
mod name;
mod object;
mod operator;
mod option;
mod plpgsql;
mod primary;
mod publication;
mod role;
mod rule;
mod select;
mod sequence;
mod session;
mod statement;
mod textsearch;
mod trigger;
mod type_name;
mod typecmds;
mod view;
mod window;
mod xml;

use crate::ast::*;
use crate::keyword::Kw;
use crate::lexer::{Lexed, error_near};
use crate::token::{Tok, Token};
use error::{PgError, PgResult, err};

/// Operator chains and the like deeper than this are refused: they make trees that deep.
const MAX_CHAIN: usize = 5000;

/// State of one parse.
pub(crate) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    values: Vec<String>,
    lex_error: Option<PgError>,
    pos: usize,
    /// Warnings that the grammar itself raises, with those of the lexer.
    pub(crate) notices: Vec<PgError>,
    /// The last expression parsed had no operator around its primary.
    last_is_c_expr: bool,
    /// SIMILAR without TO ends an expression: the first argument of SUBSTRING.
    similar_ends_expr: bool,
    /// The expression is a target, which a label may follow.
    label_ends_expr: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(source: &'a str, lexed: Lexed) -> Self {
        Parser {
            source,
            tokens: lexed.tokens,
            values: lexed.values,
            lex_error: lexed.error,
            pos: 0,
            notices: lexed.notices,
            last_is_c_expr: false,
            similar_ends_expr: false,
            label_ends_expr: false,
        }
    }

    #[inline]
    fn token(&self) -> Token {
        self.tokens[self.pos]
    }

    #[inline]
    fn tok(&self) -> Tok {
        self.tokens[self.pos].tok
    }

    /// The token `n` places ahead; the last one beyond the end.
    #[inline]
    fn peek(&self, n: usize) -> Tok {
        match self.tokens.get(self.pos + n) {
            Some(t) => t.tok,
            None => Tok::Eof,
        }
    }

    /// Location of the current token.
    #[inline]
    fn loc(&self) -> ParseLoc {
        self.tokens[self.pos].start as ParseLoc
    }

    /// Moves to the next token; the last one stays current.
    #[inline]
    fn advance(&mut self) {
        if self.pos + 1 < self.tokens.len() {
            self.pos += 1;
        }
    }

    /// The error that the current token cannot stand here.
    #[cold]
    fn unexpected(&self) -> PgError {
        self.error_here("syntax error")
    }

    /// An error blamed on the current token, or the lexer's if it stopped here.
    #[cold]
    fn error_here(&self, message: &str) -> PgError {
        let t = self.token();
        match (&self.lex_error, t.tok) {
            (Some(e), Tok::Error) => e.clone(),
            _ => error_near(self.source, message, t.start as usize, t.end as usize),
        }
    }

    #[inline]
    fn at(&self, kw: Kw) -> bool {
        self.tok() == Tok::Kw(kw)
    }

    #[inline]
    fn peek_is(&self, n: usize, kw: Kw) -> bool {
        self.peek(n) == Tok::Kw(kw)
    }

    /// Whether the tokens from here on are these keywords.
    fn at_all(&self, kws: &[Kw]) -> bool {
        kws.iter().enumerate().all(|(i, &kw)| self.peek_is(i, kw))
    }

    #[inline]
    fn at_char(&self, c: u8) -> bool {
        self.tok() == Tok::Char(c)
    }

    /// Takes the keyword if it is here.
    #[inline]
    fn eat(&mut self, kw: Kw) -> bool {
        let found = self.at(kw);
        if found {
            self.advance();
        }
        found
    }

    /// Takes the first keyword if it is here; the others must then follow.
    fn eat_all(&mut self, kws: &[Kw]) -> PgResult<bool> {
        if !self.at(kws[0]) {
            return Ok(false);
        }
        self.expect_all(kws)?;
        Ok(true)
    }

    #[inline]
    fn eat_char(&mut self, c: u8) -> bool {
        let found = self.at_char(c);
        if found {
            self.advance();
        }
        found
    }

    /// Takes the keyword or fails at the current token. Returns its location.
    #[inline]
    fn expect(&mut self, kw: Kw) -> PgResult<ParseLoc> {
        let loc = self.loc();
        if self.eat(kw) { Ok(loc) } else { Err(self.unexpected()) }
    }

    fn expect_all(&mut self, kws: &[Kw]) -> PgResult<()> {
        for &kw in kws {
            self.expect(kw)?;
        }
        Ok(())
    }

    #[inline]
    fn expect_char(&mut self, c: u8) -> PgResult<ParseLoc> {
        let loc = self.loc();
        if self.eat_char(c) { Ok(loc) } else { Err(self.unexpected()) }
    }

    /// WITH, also before TIME and ORDINALITY.
    fn at_with(&self) -> bool {
        matches!(self.tok(), Tok::Kw(Kw::With) | Tok::WithLa)
    }

    fn eat_with(&mut self) -> bool {
        let found = self.at_with();
        if found {
            self.advance();
        }
        found
    }

    /// `IF EXISTS`
    fn opt_if_exists(&mut self) -> PgResult<bool> {
        if self.at(Kw::If) && self.peek_is(1, Kw::Exists) {
            self.advance();
            self.advance();
            return Ok(true);
        }
        Ok(false)
    }

    /// `IF NOT EXISTS`
    fn opt_if_not_exists(&mut self) -> PgResult<bool> {
        if self.at(Kw::If) && self.peek_is(1, Kw::Not) {
            return self.eat_all(&[Kw::If, Kw::Not, Kw::Exists]);
        }
        Ok(false)
    }

    /// `CASCADE | RESTRICT`
    fn opt_drop_behavior(&mut self) -> DropBehavior {
        if self.eat(Kw::Cascade) {
            return DropBehavior::Cascade;
        }
        self.eat(Kw::Restrict);
        DropBehavior::Restrict
    }

    /// One or more items separated by commas.
    fn comma_list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> PgResult<T>,
    ) -> PgResult<Vec<T>> {
        let mut list = vec![item(self)?];
        while self.eat_char(b',') {
            list.push(item(self)?);
        }
        Ok(list)
    }

    /// `( item, … )`
    fn paren_list<T>(&mut self, item: impl FnMut(&mut Self) -> PgResult<T>) -> PgResult<Vec<T>> {
        self.expect_char(b'(')?;
        let list = self.comma_list(item)?;
        self.expect_char(b')')?;
        Ok(list)
    }

    /// `( thing )`
    fn parens<T>(&mut self, thing: impl FnOnce(&mut Self) -> PgResult<T>) -> PgResult<T> {
        self.expect_char(b'(')?;
        let value = thing(self)?;
        self.expect_char(b')')?;
        Ok(value)
    }

    /// Fails once a chain is longer than a tree may be deep.
    fn check_chain(&self, links: usize) -> PgResult<()> {
        if links <= MAX_CHAIN {
            return Ok(());
        }
        Err(err!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded").hint(
            "The statement nests operators too deeply. Rewrite it with parentheses or lists.",
        ))
    }
}
