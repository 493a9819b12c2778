//! Prepared statements and cursors.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    /// PREPARE name …; PREPARE TRANSACTION is a transaction statement.
    pub(super) fn prepare_stmt(&mut self) -> PgResult<Stmt> {
        if self.peek_is(1, Kw::Transaction) && self.peek(2) == Tok::SConst {
            return self.transaction_stmt(Kw::Prepare);
        }
        self.expect(Kw::Prepare)?;
        let name = self.name()?;
        let argtypes =
            if self.at_char(b'(') { self.paren_list(Self::type_name)? } else { Vec::new() };
        self.expect(Kw::As)?;
        let query = Box::new(self.preparable_stmt()?);
        Ok(PrepareStmt { name, argtypes, query }.into())
    }

    pub(super) fn execute_stmt(&mut self) -> PgResult<ExecuteStmt> {
        self.expect(Kw::Execute)?;
        let name = self.name()?;
        let params = if self.at_char(b'(') { self.paren_list(Self::a_expr)? } else { Vec::new() };
        Ok(ExecuteStmt { name, params })
    }

    pub(super) fn deallocate_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Deallocate)?;
        if self.at(Kw::Prepare) && (self.peek(1).is_col_id() || self.peek_is(1, Kw::All)) {
            self.advance();
        }
        let location = self.loc();
        if self.eat(Kw::All) {
            return Ok(DeallocateStmt { name: None, location: -1 }.into());
        }
        let name = Some(self.name()?);
        Ok(DeallocateStmt { name, location }.into())
    }

    pub(super) fn declare_cursor_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Declare)?;
        let portalname = self.name()?;
        let mut options = cursor_options::FAST_PLAN;
        loop {
            options |= match self.tok() {
                Tok::Kw(Kw::No) => {
                    self.advance();
                    self.expect(Kw::Scroll)?;
                    options |= cursor_options::NO_SCROLL;
                    continue;
                }
                Tok::Kw(Kw::Scroll) => cursor_options::SCROLL,
                Tok::Kw(Kw::Binary) => cursor_options::BINARY,
                Tok::Kw(Kw::Asensitive) => cursor_options::ASENSITIVE,
                Tok::Kw(Kw::Insensitive) => cursor_options::INSENSITIVE,
                _ => break,
            };
            self.advance();
        }
        self.expect(Kw::Cursor)?;
        if self.eat_all(&[Kw::With, Kw::Hold])? {
            options |= cursor_options::HOLD;
        } else {
            self.eat_all(&[Kw::Without, Kw::Hold])?;
        }
        self.expect(Kw::For)?;
        let query = Box::new(Stmt::SelectStmt(self.select_stmt()?));
        Ok(DeclareCursorStmt { portalname, options, query }.into())
    }

    pub(super) fn close_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Close)?;
        let portalname = if self.eat(Kw::All) { None } else { Some(self.name()?) };
        Ok(ClosePortalStmt { portalname }.into())
    }

    /// FETCH or MOVE.
    pub(super) fn fetch_stmt(&mut self) -> PgResult<Stmt> {
        let ismove = self.at(Kw::Move);
        self.advance();
        let (direction, how_many) = self.fetch_direction()?;
        if !self.eat(Kw::From) {
            self.eat(Kw::In);
        }
        let portalname = self.name()?;
        Ok(FetchStmt { direction, how_many, portalname, ismove }.into())
    }

    fn fetch_direction(&mut self) -> PgResult<(FetchDirection, i64)> {
        use FetchDirection::*;
        // A direction's word may be the cursor's name when nothing follows it.
        let alone = !(self.peek(1).is_col_id()
            || self.peek(1) == Tok::IConst
            || matches!(
                self.peek(1),
                Tok::Char(b'+' | b'-') | Tok::Kw(Kw::From | Kw::In | Kw::All)
            ));
        let Tok::Kw(kw) = self.tok() else {
            if matches!(self.tok(), Tok::IConst | Tok::Char(b'+' | b'-')) {
                return Ok((Forward, self.signed_iconst()?.into()));
            }
            return Ok((Forward, 1));
        };
        if kw == Kw::All {
            self.advance();
            return Ok((Forward, FETCH_ALL));
        }
        if alone {
            return Ok((Forward, 1));
        }
        let result = match kw {
            Kw::Next => (Forward, 1),
            Kw::Prior => (Backward, 1),
            Kw::First => (Absolute, 1),
            Kw::Last => (Absolute, -1),
            Kw::Absolute | Kw::Relative => {
                self.advance();
                let n = self.signed_iconst()?.into();
                return Ok((if kw == Kw::Absolute { Absolute } else { Relative }, n));
            }
            Kw::Forward | Kw::Backward => {
                let direction = if kw == Kw::Forward { Forward } else { Backward };
                self.advance();
                let n = match self.tok() {
                    Tok::IConst | Tok::Char(b'+' | b'-') => self.signed_iconst()?.into(),
                    Tok::Kw(Kw::All) => {
                        self.advance();
                        FETCH_ALL
                    }
                    _ => 1,
                };
                return Ok((direction, n));
            }
            _ => return Ok((Forward, 1)),
        };
        self.advance();
        Ok(result)
    }
}
