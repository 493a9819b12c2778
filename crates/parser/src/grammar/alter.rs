//! ALTER: which statement it is.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    pub(super) fn alter_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Alter)?;
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        let relation = match kw {
            Kw::Table => Some(ObjectType::Table),
            Kw::Index => Some(ObjectType::Index),
            Kw::Sequence => Some(ObjectType::Sequence),
            Kw::View => Some(ObjectType::View),
            Kw::Materialized => {
                self.advance();
                if !self.at(Kw::View) {
                    return Err(self.unexpected());
                }
                Some(ObjectType::MatView)
            }
            Kw::Foreign if self.peek_is(1, Kw::Table) => {
                self.advance();
                Some(ObjectType::ForeignTable)
            }
            _ => None,
        };
        if let Some(objtype) = relation {
            self.advance();
            return self.alter_relation(objtype);
        }
        match kw {
            Kw::Role | Kw::User | Kw::Group => self.alter_role(),
            Kw::Database => self.alter_database(),
            Kw::Default => self.alter_default_privileges(),
            Kw::Domain => self.alter_domain(),
            Kw::Event => self.alter_event_trigger(),
            Kw::Extension => self.alter_extension(),
            Kw::Foreign => self.alter_fdw(),
            Kw::Function | Kw::Procedure | Kw::Routine | Kw::Aggregate => self.alter_routine(),
            Kw::Operator => self.alter_operator(),
            Kw::Policy => self.alter_policy(),
            Kw::Publication => self.alter_publication(),
            Kw::Server => self.alter_server(),
            Kw::Statistics => self.alter_statistics(),
            Kw::Subscription => self.alter_subscription(),
            Kw::System => self.alter_system(),
            Kw::Tablespace => self.alter_tablespace(),
            Kw::Text => self.alter_text_search(),
            Kw::Type => self.alter_type(),
            Kw::Rule | Kw::Trigger => self.alter_rule_or_trigger(),
            Kw::Collation | Kw::Conversion => self.alter_collation_or_conversion(),
            Kw::Language | Kw::Procedural | Kw::Schema | Kw::Large => self.alter_named(),
            _ => Err(self.unexpected()),
        }
    }
}
