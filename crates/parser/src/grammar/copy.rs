//! COPY.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    pub(super) fn copy_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Copy)?;
        let mut stmt = CopyStmt {
            relation: None,
            query: None,
            attlist: Vec::new(),
            is_from: false,
            is_program: false,
            filename: None,
            options: Vec::new(),
            where_clause: None,
        };
        if self.at_char(b'(') {
            stmt.query = Some(Box::new(self.parens(Self::preparable_stmt)?));
            let to_loc = self.expect(Kw::To)?;
            self.copy_file(&mut stmt)?;
            self.eat_with();
            stmt.options = self.copy_options()?;
            return check_program(stmt, to_loc);
        }
        let loc = self.loc();
        if self.eat(Kw::Binary) {
            let arg = DefArg::String("binary".to_owned());
            stmt.options.push(DefElem::new("format", Some(arg), loc));
        }
        stmt.relation = Some(self.qualified_name()?);
        stmt.attlist = self.opt_name_list()?;
        stmt.is_from = self.eat(Kw::From);
        if !stmt.is_from {
            self.expect(Kw::To)?;
        }
        self.copy_file(&mut stmt)?;
        let delimiter_loc = self.loc();
        if self.at(Kw::Using) || self.at(Kw::Delimiters) {
            self.eat(Kw::Using);
            let loc = self.expect(Kw::Delimiters)?;
            let arg = DefArg::String(self.sconst()?);
            stmt.options.push(DefElem::new("delimiter", Some(arg), loc));
        }
        self.eat_with();
        let options = self.copy_options()?;
        stmt.options.extend(options);
        let where_loc = self.loc();
        stmt.where_clause = self.where_clause()?;
        if stmt.where_clause.is_some() && !stmt.is_from {
            let stmt = check_program(stmt, delimiter_loc);
            stmt?;
            return Err(err!(SYNTAX_ERROR, "WHERE clause not allowed with COPY TO").at(where_loc));
        }
        check_program(stmt, delimiter_loc)
    }

    /// `[PROGRAM] 'file' | STDIN | STDOUT`
    fn copy_file(&mut self, stmt: &mut CopyStmt) -> PgResult<()> {
        stmt.is_program = self.eat(Kw::Program);
        if !self.eat(Kw::Stdin) && !self.eat(Kw::Stdout) {
            stmt.filename = Some(self.sconst()?);
        }
        Ok(())
    }

    fn copy_options(&mut self) -> PgResult<Vec<DefElem>> {
        if self.at_char(b'(') {
            return self.paren_list(Self::copy_generic_option);
        }
        let mut list = Vec::new();
        while let Some(option) = self.copy_old_option()? {
            list.push(option);
        }
        Ok(list)
    }

    fn copy_generic_option(&mut self) -> PgResult<DefElem> {
        let loc = self.loc();
        // FORMAT JSON is two words for the lexer's look-ahead only.
        let name = if self.tok() == Tok::FormatLa {
            self.advance();
            "format".to_owned()
        } else {
            self.col_label()?
        };
        let arg = if self.at_numeric_only() {
            Some(self.numeric_only()?.into())
        } else if self.eat_char(b'*') {
            Some(DefArg::Star)
        } else if self.eat(Kw::Default) {
            Some(DefArg::String("default".to_owned()))
        } else if self.at_char(b'(') {
            Some(DefArg::Strings(self.paren_list(Self::boolean_or_string)?))
        } else if self.at_boolean_or_string() {
            Some(DefArg::String(self.boolean_or_string()?))
        } else {
            None
        };
        Ok(DefElem::new(name, arg, loc))
    }

    /// An option in the syntax before 9.0.
    fn copy_old_option(&mut self) -> PgResult<Option<DefElem>> {
        let loc = self.loc();
        let Tok::Kw(kw) = self.tok() else { return Ok(None) };
        let string = |s: &str| DefArg::String(s.to_owned());
        let (name, arg) = match kw {
            Kw::Binary => ("format", string("binary")),
            Kw::Csv => ("format", string("csv")),
            Kw::Freeze => ("freeze", DefArg::Boolean(true)),
            Kw::Header => ("header", DefArg::Boolean(true)),
            Kw::Delimiter | Kw::Null | Kw::Quote | Kw::Escape => {
                self.advance();
                self.eat(Kw::As);
                let arg = DefArg::String(self.sconst()?);
                return Ok(Some(DefElem::new(kw.word(), Some(arg), loc)));
            }
            Kw::Encoding => {
                self.advance();
                let arg = DefArg::String(self.sconst()?);
                return Ok(Some(DefElem::new("encoding", Some(arg), loc)));
            }
            Kw::Force => {
                self.advance();
                let name = if self.eat(Kw::Quote) {
                    "force_quote"
                } else if self.eat(Kw::Null) {
                    "force_null"
                } else {
                    self.expect_all(&[Kw::Not, Kw::Null])?;
                    "force_not_null"
                };
                let arg = if self.eat_char(b'*') {
                    DefArg::Star
                } else {
                    DefArg::Strings(self.name_list()?)
                };
                return Ok(Some(DefElem::new(name, Some(arg), loc)));
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(DefElem::new(name, Some(arg), loc)))
    }
}

fn check_program(stmt: CopyStmt, location: ParseLoc) -> PgResult<Stmt> {
    if stmt.is_program && stmt.filename.is_none() {
        return Err(err!(SYNTAX_ERROR, "STDIN/STDOUT not allowed with PROGRAM").at(location));
    }
    Ok(stmt.into())
}
