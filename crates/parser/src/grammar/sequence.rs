//! Sequences and their options.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    /// CREATE SEQUENCE, at SEQUENCE.
    pub(super) fn create_sequence(&mut self, persistence: RelPersistence) -> PgResult<Stmt> {
        self.expect(Kw::Sequence)?;
        let if_not_exists = self.opt_if_not_exists()?;
        let mut sequence = self.qualified_name()?;
        sequence.relpersistence = persistence;
        let mut options = Vec::new();
        while let Some(option) = self.opt_seq_option()? {
            options.push(option);
        }
        Ok(CreateSeqStmt { sequence, options, if_not_exists }.into())
    }

    /// One or more options.
    pub(super) fn seq_options(&mut self) -> PgResult<Vec<DefElem>> {
        let mut options = Vec::new();
        while let Some(option) = self.opt_seq_option()? {
            options.push(option);
        }
        if options.is_empty() { Err(self.unexpected()) } else { Ok(options) }
    }

    /// `( options )`, or nothing.
    pub(super) fn opt_parenthesized_seq_options(&mut self) -> PgResult<Vec<DefElem>> {
        if self.at_char(b'(') { self.parens(Self::seq_options) } else { Ok(Vec::new()) }
    }

    /// Whether an option of a sequence begins here.
    pub(super) fn at_seq_option(&self) -> bool {
        match self.tok() {
            Tok::Kw(
                Kw::As
                | Kw::Cache
                | Kw::Cycle
                | Kw::Increment
                | Kw::Logged
                | Kw::Maxvalue
                | Kw::Minvalue
                | Kw::Owned
                | Kw::Sequence
                | Kw::Start
                | Kw::Restart
                | Kw::Unlogged,
            ) => true,
            Tok::Kw(Kw::No) => {
                matches!(self.peek(1), Tok::Kw(Kw::Maxvalue | Kw::Minvalue | Kw::Cycle))
            }
            _ => false,
        }
    }

    pub(super) fn opt_seq_option(&mut self) -> PgResult<Option<DefElem>> {
        let loc = self.loc();
        let Tok::Kw(kw) = self.tok() else { return Ok(None) };
        let found = matches!(
            kw,
            Kw::As
                | Kw::Cache
                | Kw::Cycle
                | Kw::Increment
                | Kw::Logged
                | Kw::Maxvalue
                | Kw::Minvalue
                | Kw::No
                | Kw::Owned
                | Kw::Sequence
                | Kw::Start
                | Kw::Restart
                | Kw::Unlogged
        );
        if !found {
            return Ok(None);
        }
        self.advance();
        let (name, arg) = match kw {
            Kw::As => ("as", Some(DefArg::TypeName(Box::new(self.simple_type_name()?)))),
            Kw::Cycle => ("cycle", Some(DefArg::Boolean(true))),
            Kw::Logged => ("logged", None),
            Kw::Unlogged => ("unlogged", None),
            Kw::Cache | Kw::Maxvalue | Kw::Minvalue => {
                (kw.word(), Some(self.numeric_only()?.into()))
            }
            Kw::Increment => {
                self.eat(Kw::By);
                ("increment", Some(self.numeric_only()?.into()))
            }
            Kw::No => {
                let word = match self.tok() {
                    Tok::Kw(Kw::Cycle) => ("cycle", Some(DefArg::Boolean(false))),
                    Tok::Kw(Kw::Maxvalue) => ("maxvalue", None),
                    Tok::Kw(Kw::Minvalue) => ("minvalue", None),
                    _ => return Err(self.unexpected()),
                };
                self.advance();
                word
            }
            Kw::Owned => {
                self.expect(Kw::By)?;
                ("owned_by", Some(DefArg::Names(self.any_name()?)))
            }
            Kw::Sequence => {
                self.expect(Kw::Name)?;
                ("sequence_name", Some(DefArg::Names(self.any_name()?)))
            }
            Kw::Start => {
                self.eat_with();
                ("start", Some(self.numeric_only()?.into()))
            }
            _ => {
                let valued = self.eat_with() || self.at_numeric_only();
                let arg = if valued { Some(self.numeric_only()?.into()) } else { None };
                ("restart", arg)
            }
        };
        Ok(Some(DefElem::new(name, arg, loc)))
    }
}
