//! Triggers and event triggers.
use super::Parser;
use super::alter_object::RENAME_OWNER;
use crate::ast::*;
use crate::keyword::Kw;
use crate::lexer::float_text;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    fn new_trigger(&mut self, replace: bool, isconstraint: bool) -> PgResult<CreateTrigStmt> {
        Ok(CreateTrigStmt {
            replace,
            isconstraint,
            trigname: self.name()?,
            relation: RangeVar::new(None, "", -1),
            funcname: Vec::new(),
            args: Vec::new(),
            row: false,
            timing: TriggerTiming::After,
            events: 0,
            columns: Vec::new(),
            when_clause: None,
            transition_rels: Vec::new(),
            deferrable: false,
            initdeferred: false,
            constrrel: None,
        })
    }

    /// CREATE TRIGGER, at TRIGGER.
    pub(super) fn create_trigger(&mut self, replace: bool) -> PgResult<Stmt> {
        self.expect(Kw::Trigger)?;
        let mut stmt = self.new_trigger(replace, false)?;
        stmt.timing = if self.eat(Kw::Before) {
            TriggerTiming::Before
        } else if self.eat(Kw::After) {
            TriggerTiming::After
        } else {
            self.expect_all(&[Kw::Instead, Kw::Of])?;
            TriggerTiming::Instead
        };
        self.trigger_events(&mut stmt)?;
        self.expect(Kw::On)?;
        stmt.relation = self.qualified_name()?;
        if self.eat(Kw::Referencing) {
            stmt.transition_rels.push(self.trigger_transition()?);
            while matches!(self.tok(), Tok::Kw(Kw::Old | Kw::New)) {
                stmt.transition_rels.push(self.trigger_transition()?);
            }
        }
        if self.eat(Kw::For) {
            self.eat(Kw::Each);
            stmt.row = self.eat(Kw::Row);
            if !stmt.row {
                self.expect(Kw::Statement)?;
            }
        }
        self.trigger_action(&mut stmt)?;
        Ok(stmt.into())
    }

    /// CREATE CONSTRAINT TRIGGER, at CONSTRAINT.
    pub(super) fn create_constraint_trigger(
        &mut self,
        location: ParseLoc,
        replace: bool,
    ) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Constraint, Kw::Trigger])?;
        let mut stmt = self.new_trigger(replace, true)?;
        self.expect(Kw::After)?;
        self.trigger_events(&mut stmt)?;
        self.expect(Kw::On)?;
        stmt.relation = self.qualified_name()?;
        if self.eat(Kw::From) {
            stmt.constrrel = Some(self.qualified_name()?);
        }
        let attributes = self.constraint_attributes()?;
        self.expect_all(&[Kw::For, Kw::Each, Kw::Row])?;
        stmt.row = true;
        self.trigger_action(&mut stmt)?;
        if replace {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "CREATE OR REPLACE CONSTRAINT TRIGGER is not supported"
            )
            .at(location));
        }
        // Only deferral is allowed; NOT DEFERRABLE and INITIALLY IMMEDIATE say nothing new.
        attributes.check(
            "TRIGGER",
            super::constraint::attribute::DEFERRABLE
                | super::constraint::attribute::INITIALLY_DEFERRED,
        )?;
        stmt.deferrable = attributes.deferrable();
        stmt.initdeferred = attributes.initdeferred();
        Ok(stmt.into())
    }

    fn trigger_events(&mut self, stmt: &mut CreateTrigStmt) -> PgResult<()> {
        loop {
            let event = match self.tok() {
                Tok::Kw(Kw::Insert) => trigger_event::INSERT,
                Tok::Kw(Kw::Delete) => trigger_event::DELETE,
                Tok::Kw(Kw::Update) => trigger_event::UPDATE,
                Tok::Kw(Kw::Truncate) => trigger_event::TRUNCATE,
                _ => return Err(self.unexpected()),
            };
            self.advance();
            if event == trigger_event::UPDATE && self.eat(Kw::Of) {
                stmt.columns.extend(self.name_list()?);
            }
            if stmt.events & event != 0 {
                return Err(self.error_here("duplicate trigger events specified"));
            }
            stmt.events |= event;
            if !self.eat(Kw::Or) {
                return Ok(());
            }
        }
    }

    fn trigger_transition(&mut self) -> PgResult<TriggerTransition> {
        let is_new = self.eat(Kw::New);
        if !is_new {
            self.expect(Kw::Old)?;
        }
        let is_table = self.eat(Kw::Table);
        if !is_table {
            self.expect(Kw::Row)?;
        }
        self.eat(Kw::As);
        Ok(TriggerTransition { name: self.col_id()?, is_new, is_table })
    }

    /// `[WHEN (…)] EXECUTE FUNCTION f(args)`
    fn trigger_action(&mut self, stmt: &mut CreateTrigStmt) -> PgResult<()> {
        if self.eat(Kw::When) {
            stmt.when_clause = Some(self.parens(Self::a_expr)?);
        }
        stmt.funcname = self.execute_function()?;
        self.expect_char(b'(')?;
        if !self.at_char(b')') {
            stmt.args = self.comma_list(Self::trigger_arg)?;
        }
        self.expect_char(b')')?;
        Ok(())
    }

    fn execute_function(&mut self) -> PgResult<Vec<String>> {
        self.expect(Kw::Execute)?;
        if !self.eat(Kw::Function) {
            self.expect(Kw::Procedure)?;
        }
        self.func_name()
    }

    fn trigger_arg(&mut self) -> PgResult<String> {
        match self.tok() {
            Tok::IConst => Ok(self.iconst()?.to_string()),
            Tok::FConst => {
                let t = self.token();
                self.advance();
                Ok(float_text(&self.source[t.start as usize..t.end as usize]))
            }
            Tok::SConst => Ok(self.take_string()),
            _ => self.col_label(),
        }
    }

    /// CREATE EVENT TRIGGER, at EVENT.
    pub(super) fn create_event_trigger(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Event, Kw::Trigger])?;
        let trigname = self.name()?;
        self.expect(Kw::On)?;
        let eventname = self.col_label()?;
        let mut whenclause = Vec::new();
        if self.eat(Kw::When) {
            loop {
                let loc = self.loc();
                let name = self.col_id()?;
                self.expect(Kw::In)?;
                let values = DefArg::Strings(self.paren_list(Self::sconst)?);
                whenclause.push(DefElem::new(name, Some(values), loc));
                if !self.eat(Kw::And) {
                    break;
                }
            }
        }
        let funcname = self.execute_function()?;
        self.expect_char(b'(')?;
        self.expect_char(b')')?;
        Ok(CreateEventTrigStmt { trigname, eventname, whenclause, funcname }.into())
    }

    /// ALTER EVENT TRIGGER, at EVENT.
    pub(super) fn alter_event_trigger(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Event, Kw::Trigger])?;
        let trigname = self.name()?;
        let tgenabled = if self.eat(Kw::Disable) {
            TriggerEnabled::Disabled
        } else if self.eat(Kw::Enable) {
            if self.eat(Kw::Replica) {
                TriggerEnabled::Replica
            } else if self.eat(Kw::Always) {
                TriggerEnabled::Always
            } else {
                TriggerEnabled::Origin
            }
        } else {
            let object = ObjectRef::Name(trigname);
            return self.alter_common(ObjectType::EventTrigger, &object, RENAME_OWNER);
        };
        Ok(AlterEventTrigStmt { trigname, tgenabled }.into())
    }
}
