//! DROP of anything.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    pub(super) fn drop_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Drop)?;
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        match kw {
            Kw::Database => self.drop_database(),
            Kw::Tablespace => {
                self.advance();
                let missing_ok = self.opt_if_exists()?;
                let tablespacename = self.name()?;
                Ok(DropTableSpaceStmt { tablespacename, missing_ok }.into())
            }
            Kw::Subscription => {
                self.advance();
                let missing_ok = self.opt_if_exists()?;
                let subname = self.name()?;
                let behavior = self.opt_drop_behavior();
                Ok(DropSubscriptionStmt { subname, missing_ok, behavior }.into())
            }
            Kw::User
                if self.peek_is(1, Kw::Mapping)
                    && matches!(self.peek(2), Tok::Kw(Kw::For | Kw::If)) =>
            {
                self.drop_user_mapping()
            }
            Kw::Role | Kw::User | Kw::Group => {
                self.advance();
                let missing_ok = self.opt_if_exists()?;
                let roles = self.role_list()?;
                Ok(DropRoleStmt { roles, missing_ok }.into())
            }
            Kw::Owned => {
                self.advance();
                self.expect(Kw::By)?;
                let roles = self.role_list()?;
                let behavior = self.opt_drop_behavior();
                Ok(DropOwnedStmt { roles, behavior }.into())
            }
            _ => self.drop_objects(kw),
        }
    }

    fn drop_objects(&mut self, kw: Kw) -> PgResult<Stmt> {
        match kw {
            Kw::Type | Kw::Domain => {
                self.advance();
                let kind = if kw == Kw::Type { ObjectType::Type } else { ObjectType::Domain };
                return self.drop_list(kind, Self::type_ref);
            }
            Kw::Function | Kw::Procedure | Kw::Routine => {
                self.advance();
                let kind = match kw {
                    Kw::Function => ObjectType::Function,
                    Kw::Procedure => ObjectType::Procedure,
                    _ => ObjectType::Routine,
                };
                return self.drop_list(kind, |p| {
                    Ok(ObjectRef::WithArgs(Box::new(p.function_with_argtypes()?)))
                });
            }
            Kw::Aggregate => {
                self.advance();
                return self.drop_list(ObjectType::Aggregate, |p| {
                    Ok(ObjectRef::WithArgs(Box::new(p.aggregate_with_argtypes()?)))
                });
            }
            Kw::Operator => return self.drop_operator(),
            Kw::Cast | Kw::Transform => {
                self.advance();
                let missing_ok = self.eat_all(&[Kw::If, Kw::Exists])?;
                let (kind, object) = if kw == Kw::Cast {
                    let (source, target) = self.cast_types()?;
                    (ObjectType::Cast, ObjectRef::Cast(Box::new(source), Box::new(target)))
                } else {
                    (ObjectType::Transform, self.transform_ref()?)
                };
                return Ok(self.drop_of(kind, vec![object], missing_ok));
            }
            Kw::Index if self.peek_is(1, Kw::Concurrently) => {
                self.advance();
                self.advance();
                let mut stmt = self
                    .drop_list_stmt(ObjectType::Index, |p| Ok(ObjectRef::AnyName(p.any_name()?)))?;
                stmt.concurrent = true;
                return Ok(stmt.into());
            }
            _ => {}
        }
        if let Some(kind) = self.opt_object_type_on_relation() {
            let missing_ok = self.opt_if_exists()?;
            let name = self.name()?;
            self.expect(Kw::On)?;
            let relation = self.any_name()?;
            return Ok(self.drop_of(
                kind,
                vec![ObjectRef::OnRelation { name, relation }],
                missing_ok,
            ));
        }
        if let Some(kind) = self.opt_object_type_any_name()? {
            return self.drop_list(kind, |p| Ok(ObjectRef::AnyName(p.any_name()?)));
        }
        if let Some(kind) = self.opt_drop_type_name()? {
            return self.drop_list(kind, |p| Ok(ObjectRef::Name(p.name()?)));
        }
        Err(self.unexpected())
    }

    fn drop_operator(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Operator)?;
        let classed = matches!(self.tok(), Tok::Kw(Kw::Class | Kw::Family))
            && self.peek(1) != Tok::Char(b'.');
        if !classed {
            return self.drop_list(ObjectType::Operator, |p| {
                Ok(ObjectRef::WithArgs(Box::new(p.operator_with_argtypes()?)))
            });
        }
        let kind = if self.at(Kw::Class) { ObjectType::OpClass } else { ObjectType::OpFamily };
        self.advance();
        let missing_ok = self.opt_if_exists()?;
        let name = self.any_name()?;
        self.expect(Kw::Using)?;
        let amname = self.name()?;
        Ok(self.drop_of(kind, vec![ObjectRef::UsingMethod { name, amname }], missing_ok))
    }

    /// `[IF EXISTS] object, … [CASCADE]`
    fn drop_list_stmt(
        &mut self,
        remove_type: ObjectType,
        item: impl FnMut(&mut Self) -> PgResult<ObjectRef>,
    ) -> PgResult<DropStmt> {
        let missing_ok = self.opt_if_exists()?;
        let objects = self.comma_list(item)?;
        let behavior = self.opt_drop_behavior();
        Ok(DropStmt { objects, remove_type, behavior, missing_ok, concurrent: false })
    }

    fn drop_list(
        &mut self,
        kind: ObjectType,
        item: impl FnMut(&mut Self) -> PgResult<ObjectRef>,
    ) -> PgResult<Stmt> {
        Ok(self.drop_list_stmt(kind, item)?.into())
    }

    /// The rest of DROP once its objects are read.
    fn drop_of(
        &mut self,
        remove_type: ObjectType,
        objects: Vec<ObjectRef>,
        missing_ok: bool,
    ) -> Stmt {
        let behavior = self.opt_drop_behavior();
        DropStmt { objects, remove_type, behavior, missing_ok, concurrent: false }.into()
    }

    fn drop_database(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Database)?;
        let missing_ok = self.opt_if_exists()?;
        let dbname = self.name()?;
        let mut options = Vec::new();
        if self.eat_with() || self.at_char(b'(') {
            options = self.paren_list(|p| {
                let loc = p.expect(Kw::Force)?;
                Ok(DefElem::new("force", None, loc))
            })?;
        }
        Ok(DropdbStmt { dbname, missing_ok, options }.into())
    }

    pub(super) fn reassign_owned_stmt(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Reassign, Kw::Owned, Kw::By])?;
        let roles = self.role_list()?;
        self.expect(Kw::To)?;
        let newrole = self.role_spec()?;
        Ok(ReassignOwnedStmt { roles, newrole }.into())
    }

    pub(super) fn truncate_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Truncate)?;
        self.eat(Kw::Table);
        let relations = self.relation_expr_list()?;
        let restart_seqs = self.eat(Kw::Restart);
        if restart_seqs || self.eat(Kw::Continue) {
            self.expect(Kw::Identity)?;
        }
        let behavior = self.opt_drop_behavior();
        Ok(TruncateStmt { relations, restart_seqs, behavior }.into())
    }
}
