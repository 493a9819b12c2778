//! GRANT, REVOKE, ALTER DEFAULT PRIVILEGES.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    pub(super) fn grant_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Grant)?;
        match self.privileges()? {
            Privileges::List(list) if !self.at(Kw::On) => self.grant_role(list),
            Privileges::List(list) | Privileges::All(list) => self.grant_objects(list),
        }
    }

    /// After the privileges of GRANT.
    fn grant_objects(&mut self, privileges: Vec<AccessPriv>) -> PgResult<Stmt> {
        self.expect(Kw::On)?;
        let mut stmt = self.privilege_target(privileges, true)?;
        self.expect(Kw::To)?;
        stmt.grantees = self.grantee_list()?;
        stmt.grant_option = self.eat_all(&[Kw::With, Kw::Grant, Kw::Option])?;
        stmt.grantor = self.opt_granted_by()?;
        Ok(stmt.into())
    }

    fn grant_role(&mut self, granted_roles: Vec<AccessPriv>) -> PgResult<Stmt> {
        self.expect(Kw::To)?;
        let grantee_roles = self.role_list()?;
        let opt = if self.eat(Kw::With) {
            self.comma_list(|p| {
                let loc = p.loc();
                let name = p.col_label()?;
                let value = if p.eat(Kw::Option) || p.eat(Kw::True) {
                    true
                } else {
                    p.expect(Kw::False)?;
                    false
                };
                Ok(DefElem::new(name, Some(DefArg::Boolean(value)), loc))
            })?
        } else {
            Vec::new()
        };
        let grantor = self.opt_granted_by()?;
        Ok(GrantRoleStmt {
            granted_roles,
            grantee_roles,
            is_grant: true,
            opt,
            grantor,
            behavior: DropBehavior::Restrict,
        }
        .into())
    }

    pub(super) fn revoke_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Revoke)?;
        let grant_option = self.eat_all(&[Kw::Grant, Kw::Option, Kw::For])?;
        if !grant_option && self.tok().is_col_id() && self.peek_is(1, Kw::Option) {
            let loc = self.loc();
            let name = self.take_name();
            self.expect_all(&[Kw::Option, Kw::For])?;
            let option = DefElem::new(name, Some(DefArg::Boolean(false)), loc);
            let roles = self.comma_list(Self::privilege)?;
            return self.revoke_role(roles, vec![option]);
        }
        let list = match self.privileges()? {
            Privileges::List(list) if !grant_option && !self.at(Kw::On) => {
                return self.revoke_role(list, Vec::new());
            }
            Privileges::List(list) | Privileges::All(list) => list,
        };
        self.expect(Kw::On)?;
        let mut stmt = self.privilege_target(list, false)?;
        stmt.grant_option = grant_option;
        self.expect(Kw::From)?;
        stmt.grantees = self.grantee_list()?;
        stmt.grantor = self.opt_granted_by()?;
        stmt.behavior = self.opt_drop_behavior();
        Ok(stmt.into())
    }

    fn revoke_role(&mut self, granted_roles: Vec<AccessPriv>, opt: Vec<DefElem>) -> PgResult<Stmt> {
        self.expect(Kw::From)?;
        let grantee_roles = self.role_list()?;
        let grantor = self.opt_granted_by()?;
        let behavior = self.opt_drop_behavior();
        let is_grant = false;
        Ok(GrantRoleStmt { granted_roles, grantee_roles, is_grant, opt, grantor, behavior }.into())
    }

    fn privileges(&mut self) -> PgResult<Privileges> {
        if !self.eat(Kw::All) {
            return Ok(Privileges::List(self.comma_list(Self::privilege)?));
        }
        self.eat(Kw::Privileges);
        if !self.at_char(b'(') {
            return Ok(Privileges::All(Vec::new()));
        }
        let cols = self.paren_name_list()?;
        Ok(Privileges::All(vec![AccessPriv { priv_name: None, cols }]))
    }

    fn privilege(&mut self) -> PgResult<AccessPriv> {
        let name = match self.tok() {
            Tok::Kw(Kw::Alter) if self.peek_is(1, Kw::System) => {
                self.advance();
                self.advance();
                return Ok(AccessPriv {
                    priv_name: Some("alter system".to_owned()),
                    cols: Vec::new(),
                });
            }
            Tok::Kw(Kw::Select | Kw::References | Kw::Create) => self.take_name(),
            _ => self.col_id()?,
        };
        Ok(AccessPriv { priv_name: Some(name), cols: self.opt_name_list()? })
    }

    fn grantee_list(&mut self) -> PgResult<Vec<RoleSpec>> {
        self.comma_list(|p| {
            p.eat(Kw::Group);
            p.role_spec()
        })
    }

    fn opt_granted_by(&mut self) -> PgResult<Option<RoleSpec>> {
        if self.eat_all(&[Kw::Granted, Kw::By])? { Ok(Some(self.role_spec()?)) } else { Ok(None) }
    }

    /// What the privileges are on, after ON.
    fn privilege_target(
        &mut self,
        privileges: Vec<AccessPriv>,
        is_grant: bool,
    ) -> PgResult<GrantStmt> {
        let mut targtype = GrantTargetType::Object;
        let (objtype, objects) = match self.tok() {
            Tok::Kw(Kw::All) => {
                targtype = GrantTargetType::AllInSchema;
                self.advance();
                self.all_in_schema()?
            }
            Tok::Kw(kw) => self.privilege_objects(kw)?,
            _ => (ObjectType::Table, self.grant_relations()?),
        };
        Ok(GrantStmt {
            is_grant,
            targtype,
            objtype,
            objects,
            privileges,
            grantees: Vec::new(),
            grant_option: false,
            grantor: None,
            behavior: DropBehavior::Restrict,
        })
    }

    /// `TABLES IN SCHEMA …` after ALL.
    fn all_in_schema(&mut self) -> PgResult<(ObjectType, Vec<GrantObject>)> {
        let objtype = match self.tok() {
            Tok::Kw(Kw::Tables) => ObjectType::Table,
            Tok::Kw(Kw::Sequences) => ObjectType::Sequence,
            Tok::Kw(Kw::Functions) => ObjectType::Function,
            Tok::Kw(Kw::Procedures) => ObjectType::Procedure,
            Tok::Kw(Kw::Routines) => ObjectType::Routine,
            _ => return Err(self.unexpected()),
        };
        self.advance();
        self.expect_all(&[Kw::In, Kw::Schema])?;
        Ok((objtype, self.grant_names()?))
    }

    fn grant_relations(&mut self) -> PgResult<Vec<GrantObject>> {
        self.comma_list(|p| Ok(GrantObject::RangeVar(p.qualified_name()?)))
    }

    fn grant_names(&mut self) -> PgResult<Vec<GrantObject>> {
        self.comma_list(|p| Ok(GrantObject::Name(p.name()?)))
    }

    fn privilege_objects(&mut self, kw: Kw) -> PgResult<(ObjectType, Vec<GrantObject>)> {
        // These words may also be the name of a table.
        let next_is_name = self.peek(1).is_col_id()
            || matches!(self.peek(1), Tok::Kw(k) if k.info().category
                == crate::keyword::Category::TypeFuncName);
        let kind = match kw {
            Kw::Table => ObjectType::Table,
            Kw::Foreign => {
                self.advance();
                let objtype = if self.eat(Kw::Server) {
                    ObjectType::ForeignServer
                } else {
                    self.expect_all(&[Kw::Data, Kw::Wrapper])?;
                    ObjectType::Fdw
                };
                return Ok((objtype, self.grant_names()?));
            }
            Kw::Large if self.peek_is(1, Kw::Object) => {
                self.advance();
                self.advance();
                let objects =
                    self.comma_list(|p| Ok(GrantObject::LargeObject(p.numeric_only()?)))?;
                return Ok((ObjectType::LargeObject, objects));
            }
            _ if !next_is_name => return Ok((ObjectType::Table, self.grant_relations()?)),
            Kw::Sequence => ObjectType::Sequence,
            Kw::Function => ObjectType::Function,
            Kw::Procedure => ObjectType::Procedure,
            Kw::Routine => ObjectType::Routine,
            Kw::Database => ObjectType::Database,
            Kw::Domain => ObjectType::Domain,
            Kw::Language => ObjectType::Language,
            Kw::Parameter => ObjectType::ParameterAcl,
            Kw::Schema => ObjectType::Schema,
            Kw::Tablespace => ObjectType::Tablespace,
            Kw::Type => ObjectType::Type,
            _ => return Ok((ObjectType::Table, self.grant_relations()?)),
        };
        self.advance();
        let objects = match kind {
            ObjectType::Table | ObjectType::Sequence => self.grant_relations()?,
            ObjectType::Function | ObjectType::Procedure | ObjectType::Routine => self
                .comma_list(|p| Ok(GrantObject::WithArgs(Box::new(p.function_with_argtypes()?))))?,
            ObjectType::Domain | ObjectType::Type => {
                self.comma_list(|p| Ok(GrantObject::AnyName(p.any_name()?)))?
            }
            ObjectType::ParameterAcl => {
                self.comma_list(|p| Ok(GrantObject::Name(p.var_name()?)))?
            }
            _ => self.grant_names()?,
        };
        Ok((kind, objects))
    }

    pub(super) fn alter_default_privileges(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Default, Kw::Privileges])?;
        let mut options = Vec::new();
        loop {
            let loc = self.loc();
            if self.eat(Kw::In) {
                self.expect(Kw::Schema)?;
                let arg = DefArg::Strings(self.name_list()?);
                options.push(DefElem::new("schemas", Some(arg), loc));
            } else if self.eat(Kw::For) {
                if !self.eat(Kw::Role) {
                    self.expect(Kw::User)?;
                }
                let arg = DefArg::Roles(self.role_list()?);
                options.push(DefElem::new("roles", Some(arg), loc));
            } else {
                break;
            }
        }
        let is_grant = self.eat(Kw::Grant);
        let mut grant_option = false;
        if !is_grant {
            self.expect(Kw::Revoke)?;
            grant_option = self.eat_all(&[Kw::Grant, Kw::Option, Kw::For])?;
        }
        let (Privileges::List(privileges) | Privileges::All(privileges)) = self.privileges()?;
        self.expect(Kw::On)?;
        let objtype = self.default_privilege_target()?;
        self.expect(if is_grant { Kw::To } else { Kw::From })?;
        let grantees = self.grantee_list()?;
        let mut behavior = DropBehavior::Restrict;
        if is_grant {
            grant_option = self.eat_all(&[Kw::With, Kw::Grant, Kw::Option])?;
        } else {
            behavior = self.opt_drop_behavior();
        }
        let action = GrantStmt {
            is_grant,
            targtype: GrantTargetType::Defaults,
            objtype,
            objects: Vec::new(),
            privileges,
            grantees,
            grant_option,
            grantor: None,
            behavior,
        };
        Ok(AlterDefaultPrivilegesStmt { options, action }.into())
    }

    fn default_privilege_target(&mut self) -> PgResult<ObjectType> {
        let objtype = match self.tok() {
            Tok::Kw(Kw::Tables) => ObjectType::Table,
            Tok::Kw(Kw::Functions | Kw::Routines) => ObjectType::Function,
            Tok::Kw(Kw::Sequences) => ObjectType::Sequence,
            Tok::Kw(Kw::Types) => ObjectType::Type,
            Tok::Kw(Kw::Schemas) => ObjectType::Schema,
            Tok::Kw(Kw::Large) => {
                self.advance();
                self.expect(Kw::Objects)?;
                return Ok(ObjectType::LargeObject);
            }
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(objtype)
    }
}

/// Privileges as written.
enum Privileges {
    /// ALL, perhaps with columns.
    All(Vec<AccessPriv>),
    /// Or the names of roles.
    List(Vec<AccessPriv>),
}
