//! SQL inside a body: cut out by its terminator, its syntax checked.
use super::Parser;
use crate::{
    ast::{Expr, Stmt, StmtKind},
    token::{Kind, Token},
};
use error::{PgResult, err};
use parser::RawParseMode;

impl Parser<'_> {
    pub(crate) fn expr_of(&self, query: &str, mode: RawParseMode) -> Expr {
        Expr { query: query.into(), mode, ns: self.ns.clone(), slot: Default::default() }
    }

    /// Checks the syntax of a piece of the body that begins at `start`.
    pub(crate) fn check_sql(&self, query: &str, mode: RawParseMode, start: usize) -> PgResult<()> {
        if !self.cx.check_syntax {
            return Ok(());
        }
        match parser::parse_mode(query, mode, &self.cx.options) {
            Ok(_) => Ok(()),
            Err(mut e) => {
                if let Some(p) = e.0.position {
                    e.0.position = Some(p + start as u32);
                }
                Err(e)
            }
        }
    }

    /// Goes up to one of some terminators, outside of parentheses; where the text starts and ends.
    pub(crate) fn cut(
        &mut self,
        until: &dyn Fn(&Token) -> bool,
        expected: &str,
        is_expression: bool,
    ) -> PgResult<(usize, usize)> {
        let start = self.tok().start;
        let mut end = start;
        let mut depth = 0;
        loop {
            let token = self.tok();
            if depth == 0 && until(token) {
                break;
            }
            if token.is_punct("(") || token.is_punct("[") {
                depth += 1;
            } else if token.is_punct(")") || token.is_punct("]") {
                depth -= 1;
                if depth < 0 {
                    return Err(self.fault("mismatched parentheses"));
                }
            }
            if token.kind == Kind::Eof || token.is_punct(";") {
                if self.lexer_error.is_some() && token.kind == Kind::Eof {
                    return Err(self.syntax());
                }
                if depth != 0 {
                    return Err(self.fault("mismatched parentheses"));
                }
                let what = if is_expression { "expression" } else { "statement" };
                return Err(err!(SYNTAX_ERROR, "missing \"{expected}\" at end of SQL {what}")
                    .at(token.start as i32));
            }
            end = token.end;
            self.next();
        }
        if start >= end {
            return Err(self.fault(match is_expression {
                true => "missing expression",
                false => "missing SQL statement",
            }));
        }
        Ok((start, end))
    }

    /// An expression up to one of some words or signs.
    pub(crate) fn expr_until(&mut self, until: &[&str], expected: &str) -> PgResult<Expr> {
        let stop = |t: &Token| until.iter().any(|u| t.is(u) || t.is_punct(u));
        let (start, end) = self.cut(&stop, expected, true)?;
        let query = &self.src[start..end];
        self.check_sql(query, RawParseMode::PlpgsqlExpr, start)?;
        Ok(self.expr_of(query, RawParseMode::PlpgsqlExpr))
    }

    /// An expression up to the semicolon, which is read too.
    pub(crate) fn expr_to_semicolon(&mut self) -> PgResult<Expr> {
        let expr = self.expr_until(&[";"], ";")?;
        self.next();
        Ok(expr)
    }

    /// A statement up to the semicolon, which is read too.
    pub(crate) fn sql_to_semicolon(&mut self) -> PgResult<Expr> {
        let (start, end) = self.cut(&|t| t.is_punct(";"), ";", false)?;
        let query = &self.src[start..end];
        self.check_sql(query, RawParseMode::Default, start)?;
        self.next();
        Ok(self.expr_of(query, RawParseMode::Default))
    }

    /// USING a, b … up to a terminator, which is left; empty if there is no USING.
    pub(crate) fn using_list(&mut self, end: &str) -> PgResult<Vec<Expr>> {
        let mut params = Vec::new();
        if !self.eat_word("using") {
            return Ok(params);
        }
        loop {
            let expected = if end == ";" { "," } else { ", or LOOP" };
            params.push(self.expr_until(&[",", end], expected)?);
            if !self.eat_punct(",") {
                return Ok(params);
            }
        }
    }

    /// A statement of SQL, with an INTO that is PL/pgSQL's.
    pub(crate) fn exec_sql(&mut self) -> PgResult<Stmt> {
        let location = self.tok().start;
        let lineno = self.line(location);
        let first = self.next();
        let is_create = first.is("create");
        let mut words = vec![first.text.clone()];
        let mut previous = first.clone();
        let (mut parens, mut begins, mut routine) = (0i32, 0i32, false);
        let mut into: Option<(usize, usize, usize, bool)> = None;
        let end = loop {
            let token = self.tok().clone();
            if let Some((_, end, ..)) = &mut into
                && *end == usize::MAX
            {
                *end = token.start;
            }
            if is_create && words.len() < 4 {
                words.push(token.text.clone());
                let w: Vec<&str> = words.iter().map(String::as_str).collect();
                routine = matches!(
                    w.as_slice(),
                    [_, "function" | "procedure", ..]
                        | [_, "or", "replace", "function" | "procedure"]
                ) || routine;
            }
            if token.is_punct("(") {
                parens += 1;
            } else if token.is_punct(")") && parens > 0 {
                parens -= 1;
            }
            if routine && parens == 0 {
                if token.is("begin") || token.is("case") {
                    begins += 1;
                } else if token.is("end") && begins > 0 {
                    begins -= 1;
                }
            }
            if token.is_punct(";") && parens == 0 && begins == 0 {
                break token.start;
            }
            if token.kind == Kind::Eof {
                return Err(self.fault("unexpected end of function definition"));
            }
            self.next();
            let sql_into = previous.is("insert") || previous.is("merge") || first.is("import");
            if token.is("into") && !sql_into {
                if into.is_some() {
                    self.at -= 1;
                    return Err(self.fault("INTO specified more than once"));
                }
                let strict = self.eat_word("strict");
                let target = self.target_of_into()?;
                into = Some((token.start, usize::MAX, target, strict));
            }
            previous = token;
        };
        let query = match into {
            Some((from, to, ..)) => {
                let (from, to) = (from, to.min(end));
                let blank = " ".repeat(to - from);
                format!("{}{blank}{}", &self.src[location..from], &self.src[to..end])
            }
            None => self.src[location..end].to_owned(),
        };
        let query = query.trim_end();
        self.check_sql(query, RawParseMode::Default, location)?;
        let expr = self.expr_of(query, RawParseMode::Default);
        self.next();
        Ok(Stmt {
            lineno,
            kind: StmtKind::Sql {
                expr,
                into: into.map(|i| i.2),
                strict: into.is_some_and(|i| i.3),
            },
        })
    }
}
