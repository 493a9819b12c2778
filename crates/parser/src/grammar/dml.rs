//! INSERT, UPDATE, DELETE.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;
use std::sync::Arc;

impl Parser<'_> {
    /// SELECT, INSERT, UPDATE, DELETE or MERGE.
    pub(super) fn preparable_stmt(&mut self) -> PgResult<Stmt> {
        error::check_stack_depth()?;
        let with = if self.at_with() { Some(self.with_clause()?) } else { None };
        match self.tok() {
            Tok::Kw(Kw::Insert) => self.insert_stmt(with),
            Tok::Kw(Kw::Update) => self.update_stmt(with),
            Tok::Kw(Kw::Delete) => self.delete_stmt(with),
            Tok::Kw(Kw::Merge) => self.merge_stmt(with),
            _ => Ok(Stmt::SelectStmt(self.select_after_with(with)?)),
        }
    }

    fn insert_stmt(&mut self, with_clause: Option<WithClause>) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Insert, Kw::Into])?;
        let mut relation = self.qualified_name()?;
        if self.eat(Kw::As) {
            let aliasname = self.col_id()?;
            relation.alias = Some(Box::new(Alias { aliasname, colnames: Vec::new() }));
        }
        let mut stmt = InsertStmt {
            relation,
            cols: Vec::new(),
            select_stmt: None,
            on_conflict_clause: None,
            returning_clause: None,
            with_clause,
            overriding: OverridingKind::NotSet,
        };
        self.insert_rest(&mut stmt)?;
        stmt.on_conflict_clause = self.opt_on_conflict()?;
        stmt.returning_clause = self.returning_clause()?;
        Ok(stmt.into())
    }

    fn insert_rest(&mut self, stmt: &mut InsertStmt) -> PgResult<()> {
        if self.eat(Kw::Default) {
            self.expect(Kw::Values)?;
            return Ok(());
        }
        // A column list, unless the parenthesis opens a query.
        let mut at = 0;
        while self.peek(at) == Tok::Char(b'(') {
            at += 1;
        }
        let query =
            matches!(self.peek(at), Tok::Kw(Kw::Select | Kw::Table | Kw::With) | Tok::WithLa)
                || (self.peek_is(at, Kw::Values)
                    && (at != 1 || self.peek(at + 1) == Tok::Char(b'(')));
        if at == 1 && !query {
            stmt.cols = self.paren_list(Self::insert_column_item)?;
        }
        if self.eat(Kw::Overriding) {
            stmt.overriding = self.override_kind()?;
            self.expect(Kw::Value)?;
        }
        stmt.select_stmt = Some(self.select_stmt()?);
        Ok(())
    }

    pub(super) fn override_kind(&mut self) -> PgResult<OverridingKind> {
        if self.eat(Kw::User) {
            return Ok(OverridingKind::UserValue);
        }
        self.expect(Kw::System)?;
        Ok(OverridingKind::SystemValue)
    }

    pub(super) fn insert_column_item(&mut self) -> PgResult<ResTarget> {
        let location = self.loc();
        let name = Some(self.col_id()?);
        let indirection = self.opt_indirection()?;
        self.check_indirection(&indirection)?;
        Ok(ResTarget { name, indirection, val: None, location })
    }

    fn opt_on_conflict(&mut self) -> PgResult<Option<OnConflictClause>> {
        let location = self.loc();
        if !self.eat(Kw::On) {
            return Ok(None);
        }
        self.expect(Kw::Conflict)?;
        let infer = self.opt_conf_expr()?;
        self.expect(Kw::Do)?;
        let mut clause = OnConflictClause {
            action: OnConflictAction::Nothing,
            infer,
            target_list: Vec::new(),
            where_clause: None,
            location,
        };
        if self.eat(Kw::Nothing) {
            return Ok(Some(clause));
        }
        self.expect_all(&[Kw::Update, Kw::Set])?;
        clause.action = OnConflictAction::Update;
        clause.target_list = self.set_clause_list()?;
        clause.where_clause = self.where_clause()?;
        Ok(Some(clause))
    }

    fn opt_conf_expr(&mut self) -> PgResult<Option<InferClause>> {
        let location = self.loc();
        let mut infer =
            InferClause { index_elems: Vec::new(), where_clause: None, conname: None, location };
        if self.at_char(b'(') {
            infer.index_elems = self.paren_list(Self::index_elem)?;
            infer.where_clause = self.where_clause()?;
            Ok(Some(infer))
        } else if self.eat(Kw::On) {
            self.expect(Kw::Constraint)?;
            infer.conname = Some(self.name()?);
            Ok(Some(infer))
        } else {
            Ok(None)
        }
    }

    pub(super) fn returning_clause(&mut self) -> PgResult<Option<ReturningClause>> {
        if !self.eat(Kw::Returning) {
            return Ok(None);
        }
        let options = if self.eat(Kw::With) {
            self.paren_list(|p| {
                let location = p.loc();
                let option = if p.eat(Kw::Old) {
                    ReturningOptionKind::Old
                } else {
                    p.expect(Kw::New)?;
                    ReturningOptionKind::New
                };
                p.expect(Kw::As)?;
                let value = p.col_id()?;
                Ok(ReturningOption { option, value, location })
            })?
        } else {
            Vec::new()
        };
        let exprs = self.target_list()?;
        Ok(Some(ReturningClause { options, exprs }))
    }

    fn delete_stmt(&mut self, with_clause: Option<WithClause>) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Delete, Kw::From])?;
        let relation = self.relation_expr_opt_alias()?;
        let using_clause = if self.eat(Kw::Using) { self.table_ref_list()? } else { Vec::new() };
        let where_clause = self.where_or_current_clause()?;
        let returning_clause = self.returning_clause()?;
        Ok(DeleteStmt { relation, using_clause, where_clause, returning_clause, with_clause }
            .into())
    }

    fn update_stmt(&mut self, with_clause: Option<WithClause>) -> PgResult<Stmt> {
        self.expect(Kw::Update)?;
        let relation = self.relation_expr_opt_alias()?;
        self.expect(Kw::Set)?;
        let target_list = self.set_clause_list()?;
        let from_clause = self.opt_from_clause()?;
        let where_clause = self.where_or_current_clause()?;
        let returning_clause = self.returning_clause()?;
        Ok(UpdateStmt {
            relation,
            target_list,
            where_clause,
            from_clause,
            returning_clause,
            with_clause,
        }
        .into())
    }

    fn where_or_current_clause(&mut self) -> PgResult<Option<Expr>> {
        if self.at(Kw::Where) && self.peek_is(1, Kw::Current) && self.peek_is(2, Kw::Of) {
            self.advance();
            let location = self.loc();
            self.advance();
            self.advance();
            let cursor_name = self.name()?;
            let node = CurrentOfExpr { cursor_name, location };
            return Ok(Some(Expr::CurrentOfExpr(Box::new(node))));
        }
        self.where_clause()
    }

    pub(super) fn set_clause_list(&mut self) -> PgResult<Vec<ResTarget>> {
        let mut list = Vec::new();
        loop {
            self.set_clause(&mut list)?;
            if !self.eat_char(b',') {
                return Ok(list);
            }
        }
    }

    /// `target = value`, or `(targets) = value`: one entry a target.
    fn set_clause(&mut self, list: &mut Vec<ResTarget>) -> PgResult<()> {
        if !self.at_char(b'(') {
            let mut target = self.insert_column_item()?;
            self.expect_char(b'=')?;
            target.val = Some(self.a_expr()?);
            list.push(target);
            return Ok(());
        }
        let targets = self.paren_list(Self::insert_column_item)?;
        self.expect_char(b'=')?;
        let source = Arc::new(self.a_expr()?);
        let ncolumns = targets.len() as i32;
        for (i, mut target) in targets.into_iter().enumerate() {
            target.val = Some(Expr::MultiAssignRef(Box::new(MultiAssignRef {
                source: Arc::clone(&source),
                colno: i as i32 + 1,
                ncolumns,
            })));
            list.push(target);
        }
        Ok(())
    }
}
