//! Extensions.
use super::Parser;
use super::alter_object::Allowed;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    pub(super) fn create_extension(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Extension)?;
        let if_not_exists = self.opt_if_not_exists()?;
        let extname = self.name()?;
        self.eat_with();
        let mut options = Vec::new();
        loop {
            let loc = self.loc();
            let (name, arg) = match self.tok() {
                Tok::Kw(Kw::Schema) => {
                    self.advance();
                    ("schema", DefArg::String(self.name()?))
                }
                Tok::Kw(Kw::Version) => {
                    self.advance();
                    ("new_version", DefArg::String(self.non_reserved_word_or_sconst()?))
                }
                Tok::Kw(Kw::Cascade) => {
                    self.advance();
                    ("cascade", DefArg::Boolean(true))
                }
                Tok::Kw(Kw::From) => {
                    self.advance();
                    self.non_reserved_word_or_sconst()?;
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "CREATE EXTENSION ... FROM is no longer supported"
                    )
                    .at(loc));
                }
                _ => return Ok(CreateExtensionStmt { extname, if_not_exists, options }.into()),
            };
            options.push(DefElem::new(name, Some(arg), loc));
        }
    }

    /// ALTER EXTENSION, at EXTENSION.
    pub(super) fn alter_extension(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Extension)?;
        let extname = self.name()?;
        if self.eat(Kw::Update) {
            let mut options = Vec::new();
            loop {
                let loc = self.loc();
                if !self.eat(Kw::To) {
                    return Ok(AlterExtensionStmt { extname, options }.into());
                }
                let version = DefArg::String(self.non_reserved_word_or_sconst()?);
                options.push(DefElem::new("new_version", Some(version), loc));
            }
        }
        let add = self.eat(Kw::Add);
        if add || self.eat(Kw::Drop) {
            let (objtype, object) = self.extension_member()?;
            return Ok(AlterExtensionContentsStmt { extname, add, objtype, object }.into());
        }
        let allowed = Allowed { rename: false, owner: false, schema: true };
        self.alter_common(ObjectType::Extension, &ObjectRef::Name(extname), allowed)
    }
}
