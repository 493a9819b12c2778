//! Roles, databases, tablespaces and policies.
use super::Parser;
use super::alter_object::{RENAME_OWNER, rename};
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    /// CREATE ROLE, USER, GROUP and USER MAPPING.
    pub(super) fn create_role(&mut self) -> PgResult<Stmt> {
        let stmt_type = match self.tok() {
            Tok::Kw(Kw::Role) => RoleStmtType::Role,
            Tok::Kw(Kw::User) => RoleStmtType::User,
            _ => RoleStmtType::Group,
        };
        if stmt_type == RoleStmtType::User && self.at_user_mapping() {
            return self.create_user_mapping();
        }
        self.advance();
        let role = self.role_id()?;
        self.eat_with();
        let mut options = Vec::new();
        while let Some(option) = self.opt_role_option(true)? {
            options.push(option);
        }
        Ok(CreateRoleStmt { stmt_type, role, options }.into())
    }

    /// Whether USER MAPPING, not a user named so, is meant.
    pub(super) fn at_user_mapping(&self) -> bool {
        self.at(Kw::User)
            && self.peek_is(1, Kw::Mapping)
            && matches!(self.peek(2), Tok::Kw(Kw::For | Kw::If))
    }

    fn opt_role_option(&mut self, create: bool) -> PgResult<Option<DefElem>> {
        let loc = self.loc();
        if self.tok() == Tok::Ident {
            return self.named_role_option().map(Some);
        }
        let Tok::Kw(kw) = self.tok() else { return Ok(None) };
        let creation = matches!(kw, Kw::Sysid | Kw::Admin | Kw::Role | Kw::In);
        let any = matches!(
            kw,
            Kw::Password
                | Kw::Encrypted
                | Kw::Unencrypted
                | Kw::Inherit
                | Kw::Connection
                | Kw::Valid
                | Kw::User
        );
        let allowed = any || (create && creation);
        if !allowed {
            return Ok(None);
        }
        self.advance();
        let (name, arg) = match kw {
            Kw::Password if self.eat(Kw::Null) => ("password", None),
            Kw::Password => ("password", Some(DefArg::String(self.sconst()?))),
            Kw::Encrypted => {
                self.expect(Kw::Password)?;
                ("password", Some(DefArg::String(self.sconst()?)))
            }
            Kw::Unencrypted => {
                self.expect(Kw::Password)?;
                self.sconst()?;
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "UNENCRYPTED PASSWORD is no longer supported"
                )
                .hint("Remove UNENCRYPTED to store the password in encrypted form instead.")
                .at(loc));
            }
            Kw::Inherit => ("inherit", Some(DefArg::Boolean(true))),
            Kw::Connection => {
                self.expect(Kw::Limit)?;
                ("connectionlimit", Some(DefArg::Integer(self.signed_iconst()?)))
            }
            Kw::Valid => {
                self.expect(Kw::Until)?;
                ("validUntil", Some(DefArg::String(self.sconst()?)))
            }
            Kw::Sysid => ("sysid", Some(DefArg::Integer(self.iconst()?))),
            Kw::Admin => ("adminmembers", Some(DefArg::Roles(self.role_list()?))),
            Kw::In => {
                if !self.eat(Kw::Role) {
                    self.expect(Kw::Group)?;
                }
                ("addroleto", Some(DefArg::Roles(self.role_list()?)))
            }
            // ROLE and USER.
            _ => ("rolemembers", Some(DefArg::Roles(self.role_list()?))),
        };
        Ok(Some(DefElem::new(name, arg, loc)))
    }

    /// SUPERUSER, NOLOGIN and the like, which are no keywords.
    fn named_role_option(&mut self) -> PgResult<DefElem> {
        let loc = self.loc();
        let word = self.take_name();
        let (name, value) = match word.as_str() {
            "superuser" => ("superuser", true),
            "nosuperuser" => ("superuser", false),
            "createrole" => ("createrole", true),
            "nocreaterole" => ("createrole", false),
            "replication" => ("isreplication", true),
            "noreplication" => ("isreplication", false),
            "createdb" => ("createdb", true),
            "nocreatedb" => ("createdb", false),
            "login" => ("canlogin", true),
            "nologin" => ("canlogin", false),
            "bypassrls" => ("bypassrls", true),
            "nobypassrls" => ("bypassrls", false),
            "noinherit" => ("inherit", false),
            _ => {
                return Err(err!(SYNTAX_ERROR, "unrecognized role option \"{word}\"").at(loc));
            }
        };
        Ok(DefElem::new(name, Some(DefArg::Boolean(value)), loc))
    }

    /// ALTER ROLE, USER, GROUP and USER MAPPING.
    pub(super) fn alter_role(&mut self) -> PgResult<Stmt> {
        if self.at_user_mapping() {
            return self.alter_user_mapping();
        }
        let group = self.at(Kw::Group);
        self.advance();
        if !group && self.eat(Kw::All) {
            return self.alter_role_set(None);
        }
        if self.peek_is(1, Kw::Rename) {
            let subname = Some(self.role_id()?);
            self.expect_all(&[Kw::Rename, Kw::To])?;
            let newname = self.role_id()?;
            return Ok(RenameStmt { subname, ..rename(ObjectType::Role, None, newname) }.into());
        }
        let role = self.role_spec()?;
        if group {
            let add = self.eat(Kw::Add);
            if !add {
                self.expect(Kw::Drop)?;
            }
            let loc = self.expect(Kw::User)?;
            let members = DefArg::Roles(self.role_list()?);
            let options = vec![DefElem::new("rolemembers", Some(members), loc)];
            return Ok(AlterRoleStmt { role, options, add }.into());
        }
        if matches!(self.tok(), Tok::Kw(Kw::In | Kw::Set | Kw::Reset)) {
            return self.alter_role_set(Some(role));
        }
        self.eat_with();
        let mut options = Vec::new();
        while let Some(option) = self.opt_role_option(false)? {
            options.push(option);
        }
        Ok(AlterRoleStmt { role, options, add: true }.into())
    }

    fn alter_role_set(&mut self, role: Option<RoleSpec>) -> PgResult<Stmt> {
        let database =
            if self.eat_all(&[Kw::In, Kw::Database])? { Some(self.name()?) } else { None };
        let setstmt = self.set_reset_clause(false)?;
        Ok(AlterRoleSetStmt { role, database, setstmt }.into())
    }

    /// CREATE DATABASE, at DATABASE.
    pub(super) fn create_database(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Database)?;
        let dbname = self.name()?;
        self.eat_with();
        let options = self.database_options()?;
        Ok(CreatedbStmt { dbname, options }.into())
    }

    fn database_options(&mut self) -> PgResult<Vec<DefElem>> {
        let mut options = Vec::new();
        loop {
            let loc = self.loc();
            let name = match self.tok() {
                Tok::Ident => self.take_name(),
                Tok::Kw(
                    Kw::Encoding | Kw::Location | Kw::Owner | Kw::Tablespace | Kw::Template,
                ) => self.take_name(),
                Tok::Kw(Kw::Connection) => {
                    self.advance();
                    self.expect(Kw::Limit)?;
                    "connection_limit".to_owned()
                }
                _ => return Ok(options),
            };
            self.eat_char(b'=');
            let arg = if self.eat(Kw::Default) {
                None
            } else if self.at_numeric_only() {
                Some(self.numeric_only()?.into())
            } else {
                Some(DefArg::String(self.boolean_or_string()?))
            };
            options.push(DefElem::new(name, arg, loc));
        }
    }

    /// ALTER DATABASE, at DATABASE.
    pub(super) fn alter_database(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Database)?;
        let dbname = self.name()?;
        let object = ObjectRef::Name(dbname.clone());
        let tablespace = self.at(Kw::Set) && self.peek_is(1, Kw::Tablespace);
        // OWNER is a statement of its own when TO follows, an option otherwise.
        if self.at(Kw::Rename) {
            let newname = self.rename_to()?;
            let subname = Some(dbname);
            return Ok(RenameStmt { subname, ..rename(ObjectType::Database, None, newname) }.into());
        }
        if self.at(Kw::Owner) && self.peek_is(1, Kw::To) {
            return self.alter_common(ObjectType::Database, &object, RENAME_OWNER);
        }
        if self.eat_all(&[Kw::Refresh, Kw::Collation, Kw::Version])? {
            return Ok(AlterDatabaseRefreshCollStmt { dbname }.into());
        }
        if tablespace {
            self.advance();
            let loc = self.loc();
            self.advance();
            let arg = DefArg::String(self.name()?);
            let options = vec![DefElem::new("tablespace", Some(arg), loc)];
            return Ok(AlterDatabaseStmt { dbname, options }.into());
        }
        if self.at(Kw::Set) || self.at(Kw::Reset) {
            let setstmt = self.set_reset_clause(false)?;
            return Ok(AlterDatabaseSetStmt { dbname, setstmt }.into());
        }
        self.eat(Kw::With);
        let options = self.database_options()?;
        Ok(AlterDatabaseStmt { dbname, options }.into())
    }

    pub(super) fn create_tablespace(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Tablespace)?;
        let tablespacename = self.name()?;
        let owner = if self.eat(Kw::Owner) { Some(self.role_spec()?) } else { None };
        self.expect(Kw::Location)?;
        let location = self.sconst()?;
        let options = self.opt_reloptions()?;
        Ok(CreateTableSpaceStmt { tablespacename, owner, location, options }.into())
    }

    pub(super) fn alter_tablespace(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Tablespace)?;
        let tablespacename = self.name()?;
        let is_reset = self.at(Kw::Reset);
        if is_reset || self.at(Kw::Set) {
            self.advance();
            let options = self.reloptions()?;
            return Ok(AlterTableSpaceOptionsStmt { tablespacename, options, is_reset }.into());
        }
        if self.at(Kw::Rename) {
            let newname = self.rename_to()?;
            let subname = Some(tablespacename);
            return Ok(
                RenameStmt { subname, ..rename(ObjectType::Tablespace, None, newname) }.into()
            );
        }
        let object = ObjectRef::Name(tablespacename);
        self.alter_common(ObjectType::Tablespace, &object, RENAME_OWNER)
    }

    pub(super) fn create_policy(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Policy)?;
        let policy_name = self.name()?;
        self.expect(Kw::On)?;
        let table = self.qualified_name()?;
        let mut permissive = true;
        if self.eat(Kw::As) {
            let loc = self.loc();
            if self.tok() != Tok::Ident {
                return Err(self.unexpected());
            }
            let word = self.take_name();
            permissive = match word.as_str() {
                "permissive" => true,
                "restrictive" => false,
                _ => {
                    return Err(err!(SYNTAX_ERROR, "unrecognized row security option \"{word}\"")
                        .hint("Only PERMISSIVE or RESTRICTIVE policies are supported currently.")
                        .at(loc));
                }
            };
        }
        let mut cmd_name = "all".to_owned();
        if self.eat(Kw::For) {
            let known = matches!(
                self.tok(),
                Tok::Kw(Kw::All | Kw::Select | Kw::Insert | Kw::Update | Kw::Delete)
            );
            if !known {
                return Err(self.unexpected());
            }
            cmd_name = self.take_name();
        }
        let roles = if self.eat(Kw::To) {
            self.role_list()?
        } else {
            vec![RoleSpec { roletype: RoleSpecType::Public, rolename: None, location: -1 }]
        };
        let (qual, with_check) = self.policy_exprs()?;
        Ok(CreatePolicyStmt { policy_name, table, cmd_name, permissive, roles, qual, with_check }
            .into())
    }

    /// `USING (…) WITH CHECK (…)`
    fn policy_exprs(&mut self) -> PgResult<(Option<Expr>, Option<Expr>)> {
        let qual = if self.eat(Kw::Using) { Some(self.parens(Self::a_expr)?) } else { None };
        let check = if self.eat_all(&[Kw::With, Kw::Check])? {
            Some(self.parens(Self::a_expr)?)
        } else {
            None
        };
        Ok((qual, check))
    }

    pub(super) fn alter_policy(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Policy)?;
        let missing_ok = self.opt_if_exists()?;
        let policy_name = self.name()?;
        self.expect(Kw::On)?;
        let table = self.qualified_name()?;
        if missing_ok || self.at(Kw::Rename) {
            let newname = self.rename_to()?;
            return Ok(RenameStmt {
                relation: Some(table),
                subname: Some(policy_name),
                missing_ok,
                ..rename(ObjectType::Policy, None, newname)
            }
            .into());
        }
        let roles = if self.eat(Kw::To) { Some(self.role_list()?) } else { None };
        let (qual, with_check) = self.policy_exprs()?;
        Ok(AlterPolicyStmt { policy_name, table, roles, qual, with_check }.into())
    }
}
