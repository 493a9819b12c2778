//! MERGE.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use error::PgResult;

impl Parser<'_> {
    pub(super) fn merge_stmt(&mut self, with_clause: Option<WithClause>) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Merge, Kw::Into])?;
        let relation = self.relation_expr_opt_alias()?;
        self.expect(Kw::Using)?;
        let source_relation = self.table_ref()?;
        self.expect(Kw::On)?;
        let join_condition = self.a_expr()?;
        let mut merge_when_clauses = vec![self.merge_when_clause()?];
        while self.at(Kw::When) {
            merge_when_clauses.push(self.merge_when_clause()?);
        }
        let returning_clause = self.returning_clause()?;
        Ok(MergeStmt {
            relation,
            source_relation,
            join_condition,
            merge_when_clauses,
            returning_clause,
            with_clause,
        }
        .into())
    }

    fn merge_when_clause(&mut self) -> PgResult<MergeWhenClause> {
        self.expect(Kw::When)?;
        let match_kind = if self.eat(Kw::Matched) {
            MergeMatchKind::Matched
        } else {
            self.expect_all(&[Kw::Not, Kw::Matched])?;
            if !self.eat(Kw::By) {
                MergeMatchKind::NotMatchedByTarget
            } else if self.eat(Kw::Source) {
                MergeMatchKind::NotMatchedBySource
            } else {
                self.expect(Kw::Target)?;
                MergeMatchKind::NotMatchedByTarget
            }
        };
        let condition = if self.eat(Kw::And) { Some(self.a_expr()?) } else { None };
        self.expect(Kw::Then)?;
        let mut clause = MergeWhenClause {
            match_kind,
            command_type: MergeCommand::Nothing,
            overriding: OverridingKind::NotSet,
            condition,
            target_list: Vec::new(),
            values: Vec::new(),
        };
        if self.eat(Kw::Do) {
            self.expect(Kw::Nothing)?;
        } else if match_kind == MergeMatchKind::NotMatchedByTarget {
            self.merge_insert(&mut clause)?;
        } else if self.eat(Kw::Update) {
            self.expect(Kw::Set)?;
            clause.command_type = MergeCommand::Update;
            clause.target_list = self.set_clause_list()?;
        } else {
            self.expect(Kw::Delete)?;
            clause.command_type = MergeCommand::Delete;
        }
        Ok(clause)
    }

    fn merge_insert(&mut self, clause: &mut MergeWhenClause) -> PgResult<()> {
        self.expect(Kw::Insert)?;
        clause.command_type = MergeCommand::Insert;
        if self.eat(Kw::Default) {
            self.expect(Kw::Values)?;
            return Ok(());
        }
        if self.at_char(b'(') {
            clause.target_list = self.paren_list(Self::insert_column_item)?;
        }
        if self.eat(Kw::Overriding) {
            clause.overriding = self.override_kind()?;
            self.expect(Kw::Value)?;
        }
        self.expect(Kw::Values)?;
        clause.values = self.paren_list(Self::a_expr)?;
        Ok(())
    }
}
