//! ALTER TEXT SEARCH.
use super::Parser;
use super::alter_object::{RENAME_OWNER_SCHEMA, RENAME_SCHEMA};
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    pub(super) fn alter_text_search(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Text, Kw::Search])?;
        let kind = self.text_search_kind()?;
        let names = self.any_name()?;
        let object = ObjectRef::AnyName(names.clone());
        let owned = matches!(kind, ObjectType::TsDictionary | ObjectType::TsConfiguration);
        let allowed = if owned { RENAME_OWNER_SCHEMA } else { RENAME_SCHEMA };
        if kind == ObjectType::TsDictionary && self.at_char(b'(') {
            let options = self.definition()?;
            return Ok(AlterTSDictionaryStmt { dictname: names, options }.into());
        }
        let mapping = matches!(self.tok(), Tok::Kw(Kw::Add | Kw::Alter | Kw::Drop));
        if kind == ObjectType::TsConfiguration && mapping {
            return self.alter_mapping(names);
        }
        self.alter_common(kind, &object, allowed)
    }

    /// ADD, ALTER or DROP MAPPING.
    fn alter_mapping(&mut self, cfgname: Vec<String>) -> PgResult<Stmt> {
        use AlterTSConfigType as Kind;
        let mut stmt = AlterTSConfigurationStmt {
            kind: Kind::AddMapping,
            cfgname,
            tokentype: Vec::new(),
            dicts: Vec::new(),
            overriding: false,
            replace: false,
            missing_ok: false,
        };
        let alter = self.at(Kw::Alter);
        let drop = self.at(Kw::Drop);
        self.advance();
        self.expect(Kw::Mapping)?;
        if drop {
            stmt.kind = Kind::DropMapping;
            stmt.missing_ok = self.eat_all(&[Kw::If, Kw::Exists])?;
            self.expect(Kw::For)?;
            stmt.tokentype = self.name_list()?;
            return Ok(stmt.into());
        }
        let mut tokens = false;
        if !alter || self.at(Kw::For) {
            self.expect(Kw::For)?;
            stmt.tokentype = self.name_list()?;
            tokens = true;
        }
        if alter && self.eat(Kw::Replace) {
            stmt.kind = if tokens { Kind::ReplaceDictForToken } else { Kind::ReplaceDict };
            stmt.replace = true;
            stmt.dicts.push(self.any_name()?);
            self.any_with()?;
            stmt.dicts.push(self.any_name()?);
            return Ok(stmt.into());
        }
        if alter {
            stmt.kind = Kind::AlterMappingForToken;
            stmt.overriding = true;
        }
        self.any_with()?;
        stmt.dicts = self.any_name_list()?;
        Ok(stmt.into())
    }

    fn any_with(&mut self) -> PgResult<()> {
        if self.eat_with() { Ok(()) } else { Err(self.unexpected()) }
    }
}
