//! Operators as names.
use super::Parser;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    /// Whether the current token is an operator's symbol.
    pub(super) fn at_all_op(&self) -> bool {
        is_all_op(self.tok())
    }

    /// An operator's symbol; `!=` reads `<>`.
    pub(super) fn all_op(&mut self) -> PgResult<String> {
        if !self.at_all_op() {
            return Err(self.unexpected());
        }
        let t = self.token();
        self.advance();
        Ok(match t.tok {
            Tok::NotEquals => "<>".to_owned(),
            _ => self.source[t.start as usize..t.end as usize].to_owned(),
        })
    }

    /// `schema.+`
    pub(super) fn any_operator(&mut self) -> PgResult<Vec<String>> {
        let mut names = Vec::new();
        while self.tok().is_col_id() {
            names.push(self.take_name());
            self.expect_char(b'.')?;
        }
        names.push(self.all_op()?);
        Ok(names)
    }

    /// `OPERATOR ( schema.+ )`
    pub(super) fn operator_call(&mut self) -> PgResult<Vec<String>> {
        self.expect(Kw::Operator)?;
        self.parens(Self::any_operator)
    }

    /// A symbol, or `OPERATOR(…)`.
    pub(super) fn qual_all_op(&mut self) -> PgResult<Vec<String>> {
        if self.at(Kw::Operator) { self.operator_call() } else { Ok(vec![self.all_op()?]) }
    }
}

pub(super) fn is_all_op(tok: Tok) -> bool {
    matches!(
        tok,
        Tok::Op
            | Tok::Char(b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'<' | b'>' | b'=')
            | Tok::LessEquals
            | Tok::GreaterEquals
            | Tok::NotEquals
    )
}
