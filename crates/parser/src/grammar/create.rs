//! CREATE: which statement it is. Also schemas and small objects.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    pub(super) fn create_stmt(&mut self) -> PgResult<Stmt> {
        let location = self.expect(Kw::Create)?;
        if self.eat_all(&[Kw::Or, Kw::Replace])? {
            return self.create_or_replace(location);
        }
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        match kw {
            Kw::Temp | Kw::Temporary | Kw::Local | Kw::Global | Kw::Unlogged => {
                let persistence = self.opt_temp();
                self.create_relation(persistence)
            }
            Kw::Table | Kw::Sequence | Kw::View | Kw::Recursive | Kw::Materialized => {
                self.create_relation(RelPersistence::Permanent)
            }
            Kw::Unique | Kw::Index => self.create_index(),
            Kw::Schema => self.create_schema(),
            Kw::Role | Kw::User | Kw::Group => self.create_role(),
            Kw::Database => self.create_database(),
            Kw::Domain => self.create_domain(),
            Kw::Operator => self.create_operator(location),
            Kw::Type => self.create_type(location),
            Kw::Text => self.create_text_search(location),
            Kw::Collation => self.create_collation(location),
            Kw::Cast => self.create_cast(),
            Kw::Conversion | Kw::Default => self.create_conversion(),
            Kw::Event => self.create_event_trigger(),
            Kw::Extension => self.create_extension(),
            Kw::Foreign => self.create_foreign(),
            Kw::Policy => self.create_policy(),
            Kw::Publication => self.create_publication(),
            Kw::Server => self.create_server(),
            Kw::Statistics => self.create_statistics(),
            Kw::Subscription => self.create_subscription(),
            Kw::Tablespace => self.create_tablespace(),
            Kw::Access => self.create_access_method(),
            Kw::Assertion => self.create_assertion(location),
            _ => self.create_replaceable(kw, location, false),
        }
    }

    /// After CREATE OR REPLACE.
    fn create_or_replace(&mut self, location: ParseLoc) -> PgResult<Stmt> {
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        match kw {
            Kw::Temp | Kw::Temporary | Kw::Local | Kw::Global | Kw::Unlogged => {
                let persistence = self.opt_temp();
                self.create_view(persistence, true)
            }
            Kw::View | Kw::Recursive => self.create_view(RelPersistence::Permanent, true),
            _ => self.create_replaceable(kw, location, true),
        }
    }

    /// Things that OR REPLACE may stand before, other than views.
    fn create_replaceable(&mut self, kw: Kw, location: ParseLoc, replace: bool) -> PgResult<Stmt> {
        match kw {
            Kw::Function | Kw::Procedure => self.create_function(location, replace),
            Kw::Aggregate => self.create_aggregate(location, replace),
            Kw::Language | Kw::Procedural | Kw::Trusted => self.create_language(replace),
            Kw::Rule => self.create_rule(replace),
            Kw::Transform => self.create_transform(replace),
            Kw::Trigger => self.create_trigger(replace),
            Kw::Constraint => self.create_constraint_trigger(location, replace),
            _ => Err(self.unexpected()),
        }
    }

    /// TABLE, SEQUENCE, VIEW, MATERIALIZED VIEW after their persistence.
    fn create_relation(&mut self, persistence: RelPersistence) -> PgResult<Stmt> {
        match self.tok() {
            Tok::Kw(Kw::Table) => self.create_table(persistence),
            Tok::Kw(Kw::Sequence) => self.create_sequence(persistence),
            Tok::Kw(Kw::View | Kw::Recursive) => self.create_view(persistence, false),
            Tok::Kw(Kw::Materialized) if persistence != RelPersistence::Temp => {
                self.create_materialized_view(persistence)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn create_schema(&mut self) -> PgResult<Stmt> {
        let location = self.expect(Kw::Schema)?;
        let if_not_exists = self.opt_if_not_exists()?;
        let named = self.tok().is_col_id();
        let schemaname = if named { Some(self.take_name()) } else { None };
        let authrole = if self.eat(Kw::Authorization) {
            Some(self.role_spec()?)
        } else if named {
            None
        } else {
            return Err(self.unexpected());
        };
        let elements_loc = self.loc();
        let mut schema_elts = Vec::new();
        loop {
            match self.tok() {
                Tok::Kw(Kw::Grant) => schema_elts.push(self.grant_stmt()?),
                Tok::Kw(Kw::Create) => {
                    if !self.schema_element_follows() {
                        self.advance();
                        return Err(self.unexpected());
                    }
                    schema_elts.push(self.create_stmt()?);
                }
                _ => break,
            }
        }
        if if_not_exists && !schema_elts.is_empty() {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "CREATE SCHEMA IF NOT EXISTS cannot include schema elements"
            )
            .at(elements_loc));
        }
        Ok(CreateSchemaStmt { schemaname, authrole, schema_elts, if_not_exists, location }.into())
    }

    /// Whether what CREATE makes here may be part of CREATE SCHEMA.
    fn schema_element_follows(&self) -> bool {
        let Tok::Kw(kw) = self.peek(1) else { return false };
        matches!(
            kw,
            Kw::Table
                | Kw::Temp
                | Kw::Temporary
                | Kw::Local
                | Kw::Global
                | Kw::Unlogged
                | Kw::Unique
                | Kw::Index
                | Kw::Sequence
                | Kw::Trigger
                | Kw::Constraint
                | Kw::View
                | Kw::Recursive
                | Kw::Or
        )
    }

    fn create_access_method(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Access, Kw::Method])?;
        let amname = self.name()?;
        self.expect(Kw::Type)?;
        let amtype = if self.eat(Kw::Index) {
            'i'
        } else {
            self.expect(Kw::Table)?;
            't'
        };
        self.expect(Kw::Handler)?;
        let handler_name = self.handler_name()?;
        Ok(CreateAmStmt { amname, handler_name, amtype }.into())
    }

    fn create_assertion(&mut self, location: ParseLoc) -> PgResult<Stmt> {
        self.expect(Kw::Assertion)?;
        self.any_name()?;
        self.expect(Kw::Check)?;
        self.parens(Self::a_expr)?;
        self.constraint_attributes()?;
        Err(err!(FEATURE_NOT_SUPPORTED, "CREATE ASSERTION is not yet implemented").at(location))
    }

    fn create_conversion(&mut self) -> PgResult<Stmt> {
        let def = self.eat(Kw::Default);
        self.expect(Kw::Conversion)?;
        let conversion_name = self.any_name()?;
        self.expect(Kw::For)?;
        let for_encoding_name = self.sconst()?;
        self.expect(Kw::To)?;
        let to_encoding_name = self.sconst()?;
        self.expect(Kw::From)?;
        let func_name = self.any_name()?;
        Ok(CreateConversionStmt {
            conversion_name,
            for_encoding_name,
            to_encoding_name,
            func_name,
            def,
        }
        .into())
    }
}
