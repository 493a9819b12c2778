//! ALTER TYPE and domains.
use super::Parser;
use super::alter_object::{RENAME_OWNER_SCHEMA, rename};
use super::name::range_var_of_names;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    /// ALTER TYPE, at TYPE.
    pub(super) fn alter_type(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Type)?;
        let name_loc = self.loc();
        let names = self.any_name()?;
        let object = ObjectRef::AnyName(names.clone());
        if let Some(stmt) = self.opt_alter_common(ObjectType::Type, &object, RENAME_OWNER_SCHEMA)? {
            return Ok(stmt);
        }
        match (self.tok(), self.peek(1)) {
            (Tok::Kw(Kw::Rename), Tok::Kw(Kw::Attribute)) => {
                self.expect_all(&[Kw::Rename, Kw::Attribute])?;
                let subname = Some(self.name()?);
                self.expect(Kw::To)?;
                let newname = self.name()?;
                let behavior = self.opt_drop_behavior();
                let relation = Some(range_var_of_names(names, name_loc)?);
                Ok(RenameStmt {
                    relation,
                    subname,
                    behavior,
                    relation_type: ObjectType::Type,
                    ..rename(ObjectType::Attribute, None, newname)
                }
                .into())
            }
            (Tok::Kw(Kw::Rename), _) => self.rename_enum_value(names),
            (Tok::Kw(Kw::Add), Tok::Kw(Kw::Value)) => self.add_enum_value(names),
            (Tok::Kw(Kw::Drop), Tok::Kw(Kw::Value)) => {
                let drop_loc = self.loc();
                self.expect_all(&[Kw::Drop, Kw::Value])?;
                self.sconst()?;
                Err(err!(FEATURE_NOT_SUPPORTED, "dropping an enum value is not implemented")
                    .at(drop_loc))
            }
            (Tok::Kw(Kw::Set), Tok::Char(b'(')) => {
                self.advance();
                let options = self.operator_def_list()?;
                Ok(AlterTypeStmt { type_name: names, options }.into())
            }
            (Tok::Kw(Kw::Set), _) => {
                self.advance();
                Err(self.unexpected())
            }
            _ => {
                let cmds = self.comma_list(Self::alter_type_cmd)?;
                let relation = range_var_of_names(names, name_loc)?;
                Ok(AlterTableStmt { relation, cmds, objtype: ObjectType::Type, missing_ok: false }
                    .into())
            }
        }
    }

    fn add_enum_value(&mut self, type_name: Vec<String>) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Add, Kw::Value])?;
        let mut stmt = AlterEnumStmt {
            type_name,
            old_val: None,
            skip_if_new_val_exists: self.opt_if_not_exists()?,
            new_val: self.sconst()?,
            new_val_neighbor: None,
            new_val_is_after: true,
        };
        stmt.new_val_is_after = !self.at(Kw::Before);
        if self.eat(Kw::Before) || self.eat(Kw::After) {
            stmt.new_val_neighbor = Some(self.sconst()?);
        }
        Ok(stmt.into())
    }

    fn rename_enum_value(&mut self, type_name: Vec<String>) -> PgResult<Stmt> {
        self.expect(Kw::Rename)?;
        self.expect(Kw::Value)?;
        let old_val = Some(self.sconst()?);
        self.expect(Kw::To)?;
        let new_val = self.sconst()?;
        Ok(AlterEnumStmt {
            type_name,
            old_val,
            new_val,
            new_val_neighbor: None,
            new_val_is_after: false,
            skip_if_new_val_exists: false,
        }
        .into())
    }

    /// ADD, DROP, ALTER ATTRIBUTE.
    fn alter_type_cmd(&mut self) -> PgResult<AlterTableCmd> {
        let loc = self.loc();
        let Tok::Kw(kw @ (Kw::Add | Kw::Drop | Kw::Alter)) = self.tok() else {
            return Err(self.unexpected());
        };
        self.advance();
        self.expect(Kw::Attribute)?;
        let mut cmd = match kw {
            Kw::Add => {
                let def = AlterTableDef::ColumnDef(Box::new(self.table_func_element()?));
                AlterTableCmd {
                    def: Some(def),
                    ..AlterTableCmd::new(AlterTableType::AddColumn, loc)
                }
            }
            Kw::Drop => {
                let mut cmd = AlterTableCmd::new(AlterTableType::DropColumn, loc);
                cmd.missing_ok = self.at_all(&[Kw::If, Kw::Exists]) && self.opt_if_exists()?;
                cmd.name = Some(self.col_id()?);
                cmd
            }
            _ => {
                let column = self.col_id()?;
                if self.eat(Kw::Set) {
                    self.expect(Kw::Data)?;
                }
                self.expect(Kw::Type)?;
                let type_name = Some(self.type_name()?);
                let coll_clause = self.opt_collate_clause()?;
                let def = ColumnDef {
                    colname: column.clone(),
                    type_name,
                    compression: None,
                    storage_name: None,
                    coll_clause,
                    constraints: Vec::new(),
                    fdwoptions: Vec::new(),
                    raw_default: None,
                    location: loc,
                };
                AlterTableCmd {
                    name: Some(column),
                    def: Some(AlterTableDef::ColumnDef(Box::new(def))),
                    ..AlterTableCmd::new(AlterTableType::AlterColumnType, loc)
                }
            }
        };
        cmd.behavior = self.opt_drop_behavior();
        Ok(cmd)
    }

    pub(super) fn create_domain(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Domain)?;
        let domainname = self.any_name()?;
        self.eat(Kw::As);
        let type_name = self.type_name()?;
        let (constraints, coll_clause) = self.col_qual_list()?;
        Ok(CreateDomainStmt { domainname, type_name, coll_clause, constraints }.into())
    }

    /// ALTER DOMAIN, at DOMAIN.
    pub(super) fn alter_domain(&mut self) -> PgResult<Stmt> {
        use AlterDomainKind as Kind;
        self.expect(Kw::Domain)?;
        let names = self.any_name()?;
        let object = ObjectRef::AnyName(names.clone());
        if let Some(stmt) =
            self.opt_alter_common(ObjectType::Domain, &object, RENAME_OWNER_SCHEMA)?
        {
            return Ok(stmt);
        }
        if self.eat(Kw::Rename) {
            self.expect(Kw::Constraint)?;
            let subname = Some(self.name()?);
            self.expect(Kw::To)?;
            let newname = self.name()?;
            return Ok(RenameStmt {
                subname,
                ..rename(ObjectType::DomConstraint, Some(object), newname)
            }
            .into());
        }
        let mut stmt = AlterDomainStmt {
            subtype: Kind::Default,
            type_name: names,
            name: None,
            default: None,
            constraint: None,
            behavior: DropBehavior::Restrict,
            missing_ok: false,
        };
        if self.eat(Kw::Set) {
            if self.eat(Kw::Default) {
                stmt.default = Some(self.a_expr()?);
            } else {
                self.expect_all(&[Kw::Not, Kw::Null])?;
                stmt.subtype = Kind::SetNotNull;
            }
        } else if self.eat(Kw::Add) {
            stmt.subtype = Kind::AddConstraint;
            stmt.constraint = Some(Box::new(self.domain_constraint()?));
        } else if self.eat(Kw::Validate) {
            self.expect(Kw::Constraint)?;
            stmt.subtype = Kind::ValidateConstraint;
            stmt.name = Some(self.name()?);
        } else {
            self.expect(Kw::Drop)?;
            if self.eat(Kw::Constraint) {
                stmt.subtype = Kind::DropConstraint;
                stmt.missing_ok = self.opt_if_exists()?;
                stmt.name = Some(self.name()?);
                stmt.behavior = self.opt_drop_behavior();
            } else if !self.eat(Kw::Default) {
                self.expect_all(&[Kw::Not, Kw::Null])?;
                stmt.subtype = Kind::DropNotNull;
            }
        }
        Ok(stmt.into())
    }
}
