//! CREATE RULE.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    /// CREATE RULE, at RULE.
    pub(super) fn create_rule(&mut self, replace: bool) -> PgResult<Stmt> {
        self.expect(Kw::Rule)?;
        let rulename = self.name()?;
        self.expect_all(&[Kw::As, Kw::On])?;
        let event = match self.tok() {
            Tok::Kw(Kw::Select) => RuleEvent::Select,
            Tok::Kw(Kw::Update) => RuleEvent::Update,
            Tok::Kw(Kw::Delete) => RuleEvent::Delete,
            Tok::Kw(Kw::Insert) => RuleEvent::Insert,
            _ => return Err(self.unexpected()),
        };
        self.advance();
        self.expect(Kw::To)?;
        let relation = self.qualified_name()?;
        let where_clause = self.where_clause()?;
        self.expect(Kw::Do)?;
        let instead = self.eat(Kw::Instead);
        if !instead {
            self.eat(Kw::Also);
        }
        let actions = self.rule_actions()?;
        Ok(RuleStmt { relation, rulename, where_clause, event, instead, actions, replace }.into())
    }

    fn rule_actions(&mut self) -> PgResult<Vec<RawStmt>> {
        if self.eat(Kw::Nothing) {
            return Ok(Vec::new());
        }
        if !self.at_char(b'(') {
            return Ok(vec![self.rule_action()?]);
        }
        let open = self.loc();
        self.advance();
        let mut actions = Vec::new();
        let mut separated = false;
        loop {
            if !matches!(self.tok(), Tok::Char(b';' | b')')) {
                actions.push(self.rule_action()?);
            }
            if !self.eat_char(b';') {
                break;
            }
            separated = true;
        }
        self.expect_char(b')')?;
        // The parentheses may have belonged to the first part of a query.
        if !separated
            && self.at_select_continuation()
            && let Some(RawStmt { stmt: Stmt::SelectStmt(left), .. }) = actions.pop()
        {
            let stmt = Stmt::SelectStmt(self.select_rest(left, None)?);
            let stmt_len = self.tokens[self.pos - 1].end as i32 - open;
            actions.push(RawStmt { stmt, stmt_location: open, stmt_len });
        }
        Ok(actions)
    }
    fn rule_action(&mut self) -> PgResult<RawStmt> {
        let stmt_location = self.loc();
        let stmt = match self.tok() {
            Tok::Kw(Kw::Notify) => self.notify_stmt()?,
            Tok::Kw(Kw::Merge) => return Err(self.unexpected()),
            _ => self.preparable_stmt()?,
        };
        let stmt_len = self.tokens[self.pos - 1].end as i32 - stmt_location;
        Ok(RawStmt { stmt, stmt_location, stmt_len })
    }
}
