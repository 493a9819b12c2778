//! The two things that PL/pgSQL hands to the grammar: expressions and assignments.
use super::Parser;
use super::primary::starts_expr;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    /// A SELECT without the keyword.
    pub(crate) fn plpgsql_expr(&mut self) -> PgResult<Box<SelectStmt>> {
        let mut stmt = Box::new(SelectStmt::empty(self.loc()));
        if self.eat(Kw::Distinct) {
            stmt.distinct_clause = if self.eat(Kw::On) {
                DistinctClause::On(self.paren_list(Self::a_expr)?)
            } else {
                DistinctClause::All
            };
        } else {
            self.eat(Kw::All);
        }
        if starts_expr(self.tok()) || self.at_char(b'*') {
            stmt.target_list = self.target_list()?;
        }
        self.select_body_from(&mut stmt)?;
        self.select_options(&mut stmt)?;
        Ok(stmt)
    }

    /// `target := expression`
    pub(crate) fn plassign_stmt(&mut self, nnames: i32) -> PgResult<PLAssignStmt> {
        let location = self.loc();
        let name = if self.tok() == Tok::Param {
            let number = self.token().val;
            self.advance();
            format!("${number}")
        } else {
            self.col_id()?
        };
        let indirection = self.opt_indirection()?;
        self.check_indirection(&indirection)?;
        if self.tok() != Tok::ColonEquals && !self.at_char(b'=') {
            return Err(self.unexpected());
        }
        self.advance();
        let val = self.plpgsql_expr()?;
        Ok(PLAssignStmt { name, indirection, nnames, val, location })
    }

    /// Fails unless everything was read.
    pub(crate) fn expect_end(&self) -> PgResult<()> {
        if self.tok() == Tok::Eof { Ok(()) } else { Err(self.unexpected()) }
    }
}

impl Parser<'_> {
    /// A type's name for callers outside the grammar.
    pub(crate) fn whole_type_name(&mut self) -> PgResult<TypeName> {
        self.type_name()
    }

    /// An expression for callers outside the grammar.
    pub(crate) fn whole_expr(&mut self) -> PgResult<Expr> {
        self.a_expr()
    }
}
