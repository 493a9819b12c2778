//! Foreign data wrappers, servers, user mappings, IMPORT FOREIGN SCHEMA.
use super::Parser;
use super::alter_object::RENAME_OWNER;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    /// CREATE FOREIGN TABLE or DATA WRAPPER, at FOREIGN.
    pub(super) fn create_foreign(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Foreign)?;
        if self.at(Kw::Table) {
            return self.create_foreign_table();
        }
        self.expect_all(&[Kw::Data, Kw::Wrapper])?;
        let fdwname = self.name()?;
        let func_options = self.fdw_options()?;
        let options = self.create_generic_options()?;
        Ok(CreateFdwStmt { fdwname, func_options, options }.into())
    }

    /// HANDLER, VALIDATOR and their NO forms, any number of them.
    fn fdw_options(&mut self) -> PgResult<Vec<DefElem>> {
        let mut list = Vec::new();
        loop {
            let loc = self.loc();
            let no = self.at(Kw::No);
            if no {
                self.advance();
            }
            let name = match self.tok() {
                Tok::Kw(Kw::Handler) => "handler",
                Tok::Kw(Kw::Validator) => "validator",
                _ if no => return Err(self.unexpected()),
                _ => return Ok(list),
            };
            self.advance();
            let arg = if no { None } else { Some(DefArg::Names(self.handler_name()?)) };
            list.push(DefElem::new(name, arg, loc));
        }
    }

    /// ALTER FOREIGN DATA WRAPPER, at FOREIGN.
    pub(super) fn alter_fdw(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Foreign, Kw::Data, Kw::Wrapper])?;
        let fdwname = self.name()?;
        let object = ObjectRef::Name(fdwname.clone());
        if let Some(stmt) = self.opt_alter_common(ObjectType::Fdw, &object, RENAME_OWNER)? {
            return Ok(stmt);
        }
        let func_options = self.fdw_options()?;
        let options = if func_options.is_empty() || self.at(Kw::Options) {
            self.alter_generic_options()?
        } else {
            Vec::new()
        };
        Ok(AlterFdwStmt { fdwname, func_options, options }.into())
    }

    /// `VERSION 'v'` or `VERSION NULL`.
    fn opt_server_version(&mut self) -> PgResult<(bool, Option<String>)> {
        if !self.eat(Kw::Version) {
            return Ok((false, None));
        }
        if self.eat(Kw::Null) {
            return Ok((true, None));
        }
        Ok((true, Some(self.sconst()?)))
    }

    pub(super) fn create_server(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Server)?;
        let if_not_exists = self.opt_if_not_exists()?;
        let servername = self.name()?;
        let servertype = if self.eat(Kw::Type) { Some(self.sconst()?) } else { None };
        let (_, version) = self.opt_server_version()?;
        self.expect_all(&[Kw::Foreign, Kw::Data, Kw::Wrapper])?;
        let fdwname = self.name()?;
        let options = self.create_generic_options()?;
        Ok(CreateForeignServerStmt {
            servername,
            servertype,
            version,
            fdwname,
            if_not_exists,
            options,
        }
        .into())
    }

    pub(super) fn alter_server(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Server)?;
        let servername = self.name()?;
        let object = ObjectRef::Name(servername.clone());
        let kind = ObjectType::ForeignServer;
        if let Some(stmt) = self.opt_alter_common(kind, &object, RENAME_OWNER)? {
            return Ok(stmt);
        }
        let (has_version, version) = self.opt_server_version()?;
        let options = if !has_version || self.at(Kw::Options) {
            self.alter_generic_options()?
        } else {
            Vec::new()
        };
        Ok(AlterForeignServerStmt { servername, version, options, has_version }.into())
    }

    /// A role, or USER for the current one.
    fn auth_ident(&mut self) -> PgResult<RoleSpec> {
        let location = self.loc();
        if self.eat(Kw::User) {
            return Ok(RoleSpec { roletype: RoleSpecType::CurrentUser, rolename: None, location });
        }
        self.role_spec()
    }

    /// `FOR user SERVER name`
    fn mapping_of(&mut self) -> PgResult<(RoleSpec, String)> {
        self.expect(Kw::For)?;
        let user = self.auth_ident()?;
        self.expect(Kw::Server)?;
        Ok((user, self.name()?))
    }

    pub(super) fn create_user_mapping(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::User, Kw::Mapping])?;
        let if_not_exists = self.opt_if_not_exists()?;
        let (user, servername) = self.mapping_of()?;
        let options = self.create_generic_options()?;
        Ok(CreateUserMappingStmt { user, servername, if_not_exists, options }.into())
    }

    pub(super) fn alter_user_mapping(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::User, Kw::Mapping])?;
        let (user, servername) = self.mapping_of()?;
        let options = self.alter_generic_options()?;
        Ok(AlterUserMappingStmt { user, servername, options }.into())
    }

    pub(super) fn drop_user_mapping(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::User, Kw::Mapping])?;
        let missing_ok = self.opt_if_exists()?;
        let (user, servername) = self.mapping_of()?;
        Ok(DropUserMappingStmt { user, servername, missing_ok }.into())
    }

    pub(super) fn import_foreign_schema(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Import, Kw::Foreign, Kw::Schema])?;
        let remote_schema = self.name()?;
        let mut list_type = ImportForeignSchemaType::All;
        let mut table_list = Vec::new();
        if self.eat_all(&[Kw::Limit, Kw::To])? {
            list_type = ImportForeignSchemaType::LimitTo;
        } else if self.eat(Kw::Except) {
            list_type = ImportForeignSchemaType::Except;
        }
        if list_type != ImportForeignSchemaType::All {
            table_list = self.parens(Self::relation_expr_list)?;
        }
        self.expect_all(&[Kw::From, Kw::Server])?;
        let server_name = self.name()?;
        self.expect(Kw::Into)?;
        let local_schema = self.name()?;
        let options = self.create_generic_options()?;
        Ok(ImportForeignSchemaStmt {
            server_name,
            remote_schema,
            local_schema,
            list_type,
            table_list,
            options,
        }
        .into())
    }
}
