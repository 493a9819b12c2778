//! RENAME, OWNER TO, SET SCHEMA and DEPENDS ON EXTENSION for objects of every kind.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

/// What ALTER may do to any object of a kind.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    pub(super) rename: bool,
    pub(super) owner: bool,
    pub(super) schema: bool,
}

pub(super) const RENAME_OWNER_SCHEMA: Allowed = Allowed { rename: true, owner: true, schema: true };
pub(super) const RENAME_OWNER: Allowed = Allowed { rename: true, owner: true, schema: false };
pub(super) const RENAME_SCHEMA: Allowed = Allowed { rename: true, owner: false, schema: true };
const OWNER_SCHEMA: Allowed = Allowed { rename: false, owner: true, schema: true };
const OWNER: Allowed = Allowed { rename: false, owner: true, schema: false };

impl Parser<'_> {
    /// `RENAME TO`, `OWNER TO` or `SET SCHEMA`, if one of those allowed is here.
    pub(super) fn opt_alter_common(
        &mut self,
        kind: ObjectType,
        object: &ObjectRef,
        allowed: Allowed,
    ) -> PgResult<Option<Stmt>> {
        // Types and domains also rename their parts.
        let part = matches!(self.peek(1), Tok::Kw(Kw::Attribute | Kw::Value | Kw::Constraint))
            && matches!(kind, ObjectType::Type | ObjectType::Domain);
        if allowed.rename && self.at(Kw::Rename) && !part {
            let newname = self.rename_to()?;
            return Ok(Some(rename(kind, Some(object.clone()), newname).into()));
        }
        if allowed.owner && self.eat(Kw::Owner) {
            self.expect(Kw::To)?;
            let newowner = self.role_spec()?;
            let object = Some(object.clone());
            let stmt = AlterOwnerStmt { object_type: kind, relation: None, object, newowner };
            return Ok(Some(stmt.into()));
        }
        if allowed.schema && self.at(Kw::Set) && self.peek_is(1, Kw::Schema) {
            self.expect_all(&[Kw::Set, Kw::Schema])?;
            let newschema = self.name()?;
            return Ok(Some(
                AlterObjectSchemaStmt {
                    object_type: kind,
                    relation: None,
                    object: Some(object.clone()),
                    newschema,
                    missing_ok: false,
                }
                .into(),
            ));
        }
        Ok(None)
    }

    /// The same where nothing else may follow.
    pub(super) fn alter_common(
        &mut self,
        kind: ObjectType,
        object: &ObjectRef,
        allowed: Allowed,
    ) -> PgResult<Stmt> {
        if let Some(stmt) = self.opt_alter_common(kind, object, allowed)? {
            return Ok(stmt);
        }
        // The word that would have continued an allowed form is not the fault.
        if (allowed.rename && self.at(Kw::Rename)) || (allowed.schema && self.at(Kw::Set)) {
            self.advance();
        }
        Err(self.unexpected())
    }

    /// `RENAME TO name`
    pub(super) fn rename_to(&mut self) -> PgResult<String> {
        self.expect_all(&[Kw::Rename, Kw::To])?;
        self.name()
    }

    /// RENAME of a relation, its column or its constraint.
    pub(super) fn rename_relation(
        &mut self,
        objtype: ObjectType,
        relation: RangeVar,
        missing_ok: bool,
    ) -> PgResult<Stmt> {
        self.expect(Kw::Rename)?;
        let mut stmt = RenameStmt {
            relation: Some(relation),
            missing_ok,
            ..rename(objtype, None, String::new())
        };
        let columns = matches!(
            objtype,
            ObjectType::Table | ObjectType::View | ObjectType::MatView | ObjectType::ForeignTable
        );
        if !self.at(Kw::To) {
            if !columns {
                return Err(self.unexpected());
            }
            stmt.rename_type = if objtype == ObjectType::Table && self.eat(Kw::Constraint) {
                ObjectType::TabConstraint
            } else {
                self.eat(Kw::Column);
                stmt.relation_type = objtype;
                ObjectType::Column
            };
            stmt.subname = Some(self.name()?);
        }
        self.expect(Kw::To)?;
        stmt.newname = self.name()?;
        Ok(stmt.into())
    }

    /// `[NO] DEPENDS ON EXTENSION name`
    pub(super) fn alter_depends(
        &mut self,
        object_type: ObjectType,
        relation: Option<RangeVar>,
        object: Option<ObjectRef>,
    ) -> PgResult<Stmt> {
        let remove = self.eat(Kw::No);
        self.expect_all(&[Kw::Depends, Kw::On, Kw::Extension])?;
        let extname = self.name()?;
        Ok(AlterObjectDependsStmt { object_type, relation, object, extname, remove }.into())
    }

    /// ALTER FUNCTION, PROCEDURE, ROUTINE, AGGREGATE.
    pub(super) fn alter_routine(&mut self) -> PgResult<Stmt> {
        let Some((kind, func)) = self.opt_routine_object()? else {
            return Err(self.unexpected());
        };
        let object = ObjectRef::WithArgs(Box::new(func));
        if kind == ObjectType::Aggregate {
            return self.alter_common(kind, &object, RENAME_OWNER_SCHEMA);
        }
        if let Some(stmt) = self.opt_alter_common(kind, &object, RENAME_OWNER_SCHEMA)? {
            return Ok(stmt);
        }
        if self.at(Kw::Depends) || self.at_all(&[Kw::No, Kw::Depends]) {
            return self.alter_depends(kind, None, Some(object));
        }
        let mut actions = Vec::new();
        while let Some(action) = self.opt_common_func_option()? {
            actions.push(action);
        }
        if actions.is_empty() {
            return Err(self.unexpected());
        }
        self.eat(Kw::Restrict);
        let ObjectRef::WithArgs(func) = object else { return Err(self.unexpected()) };
        Ok(AlterFunctionStmt { objtype: kind, func: *func, actions }.into())
    }

    /// ALTER OPERATOR [CLASS | FAMILY].
    pub(super) fn alter_operator(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Operator)?;
        if let Some((kind, object)) = self.opt_operator_class()? {
            let family = kind == ObjectType::OpFamily;
            if family && (self.at(Kw::Add) || self.at(Kw::Drop)) {
                return self.alter_operator_family(object);
            }
            return self.alter_common(kind, &object, RENAME_OWNER_SCHEMA);
        }
        let operator = self.operator_with_argtypes()?;
        if self.at(Kw::Set) && self.peek(1) == Tok::Char(b'(') {
            self.advance();
            let options = self.operator_def_list()?;
            return Ok(AlterOperatorStmt { opername: operator, options }.into());
        }
        let object = ObjectRef::WithArgs(Box::new(operator));
        self.alter_common(ObjectType::Operator, &object, OWNER_SCHEMA)
    }

    /// ALTER RULE and TRIGGER.
    pub(super) fn alter_rule_or_trigger(&mut self) -> PgResult<Stmt> {
        let kind = if self.at(Kw::Rule) { ObjectType::Rule } else { ObjectType::Trigger };
        self.advance();
        let subname = self.name()?;
        self.expect(Kw::On)?;
        let relation = self.qualified_name()?;
        if kind == ObjectType::Trigger && (self.at(Kw::No) || self.at(Kw::Depends)) {
            let names = relation.names();
            let object = ObjectRef::OnRelation { name: subname, relation: names };
            return self.alter_depends(kind, Some(relation), Some(object));
        }
        let newname = self.rename_to()?;
        Ok(RenameStmt {
            relation: Some(relation),
            subname: Some(subname),
            ..rename(kind, None, newname)
        }
        .into())
    }

    pub(super) fn alter_collation_or_conversion(&mut self) -> PgResult<Stmt> {
        let collation = self.at(Kw::Collation);
        self.advance();
        let names = self.any_name()?;
        if collation && self.eat_all(&[Kw::Refresh, Kw::Version])? {
            return Ok(AlterCollationStmt { collname: names }.into());
        }
        let kind = if collation { ObjectType::Collation } else { ObjectType::Conversion };
        self.alter_common(kind, &ObjectRef::AnyName(names), RENAME_OWNER_SCHEMA)
    }

    /// ALTER LANGUAGE, SCHEMA, LARGE OBJECT.
    pub(super) fn alter_named(&mut self) -> PgResult<Stmt> {
        if self.eat(Kw::Large) {
            self.expect(Kw::Object)?;
            let object = ObjectRef::LargeObject(self.numeric_only()?);
            return self.alter_common(ObjectType::LargeObject, &object, OWNER);
        }
        let Some(kind) = self.opt_drop_type_name()? else { return Err(self.unexpected()) };
        let object = ObjectRef::Name(self.name()?);
        self.alter_common(kind, &object, RENAME_OWNER)
    }

    pub(super) fn alter_statistics(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Statistics)?;
        let missing_ok = self.opt_if_exists()?;
        let defnames = self.any_name()?;
        if !missing_ok {
            let object = ObjectRef::AnyName(defnames.clone());
            let kind = ObjectType::StatisticExt;
            if let Some(stmt) = self.opt_alter_common(kind, &object, RENAME_OWNER_SCHEMA)? {
                return Ok(stmt);
            }
        }
        self.expect_all(&[Kw::Set, Kw::Statistics])?;
        let stxstattarget = self.statistics_value()?;
        Ok(AlterStatsStmt { defnames, stxstattarget, missing_ok }.into())
    }
}

/// RENAME of a whole object.
pub(super) fn rename(
    rename_type: ObjectType,
    object: Option<ObjectRef>,
    newname: String,
) -> RenameStmt {
    RenameStmt {
        rename_type,
        relation_type: ObjectType::Table,
        relation: None,
        object,
        subname: None,
        newname,
        behavior: DropBehavior::Restrict,
        missing_ok: false,
    }
}
