//! Column, table and domain constraints.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

/// Attributes after a table constraint: `NOT VALID DEFERRABLE …`.
#[derive(Clone, Copy)]
pub(super) struct ConstraintAttributes {
    bits: u16,
    /// The first of them, -1 if none.
    location: ParseLoc,
}

/// Bits of [`ConstraintAttributes`].
pub(super) mod attribute {
    pub(crate) const NOT_DEFERRABLE: u16 = 1 << 0;
    pub(crate) const DEFERRABLE: u16 = 1 << 1;
    pub(crate) const INITIALLY_IMMEDIATE: u16 = 1 << 2;
    pub(crate) const INITIALLY_DEFERRED: u16 = 1 << 3;
    pub(crate) const NOT_VALID: u16 = 1 << 4;
    pub(crate) const NO_INHERIT: u16 = 1 << 5;
    pub(crate) const NOT_ENFORCED: u16 = 1 << 6;
    pub(crate) const ENFORCED: u16 = 1 << 7;
}

use attribute::*;

/// Attributes that a kind of constraint allows.
const DEFERRAL: u16 = NOT_DEFERRABLE | DEFERRABLE | INITIALLY_IMMEDIATE | INITIALLY_DEFERRED;
const ENFORCEMENT: u16 = NOT_ENFORCED | ENFORCED;

impl ConstraintAttributes {
    pub(super) fn has(self, bits: u16) -> bool {
        self.bits & bits != 0
    }

    pub(super) fn location(self) -> ParseLoc {
        self.location
    }

    /// Fails for an attribute that `kind` constraints do not allow.
    pub(super) fn check(self, kind: &str, allowed: u16) -> PgResult<()> {
        let names = [
            (DEFERRABLE | INITIALLY_DEFERRED, "DEFERRABLE"),
            (NOT_VALID, "NOT VALID"),
            (NO_INHERIT, "NO INHERIT"),
            (NOT_ENFORCED, "NOT ENFORCED"),
            (ENFORCED, "ENFORCED"),
        ];
        for (bits, name) in names {
            if self.has(bits) && allowed & bits == 0 {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "{kind} constraints cannot be marked {name}"
                )
                .at(self.location));
            }
        }
        Ok(())
    }

    pub(super) fn deferrable(self) -> bool {
        self.has(DEFERRABLE | INITIALLY_DEFERRED)
    }

    pub(super) fn initdeferred(self) -> bool {
        self.has(INITIALLY_DEFERRED)
    }

    fn apply(self, c: &mut Constraint, kind: &str, allowed: u16) -> PgResult<()> {
        self.check(kind, allowed)?;
        c.deferrable = self.deferrable();
        c.initdeferred = self.initdeferred();
        c.is_no_inherit = self.has(NO_INHERIT);
        c.is_enforced = !self.has(NOT_ENFORCED);
        c.skip_validation =
            self.has(NOT_VALID) || (self.has(NOT_ENFORCED) && allowed & NOT_VALID != 0);
        c.initially_valid = !c.skip_validation;
        Ok(())
    }
}

impl Parser<'_> {
    pub(super) fn constraint_attributes(&mut self) -> PgResult<ConstraintAttributes> {
        let mut spec = ConstraintAttributes { bits: 0, location: -1 };
        loop {
            let loc = self.loc();
            let bit = match (self.tok(), self.peek(1)) {
                (Tok::Kw(Kw::Deferrable), _) => DEFERRABLE,
                (Tok::Kw(Kw::Enforced), _) => ENFORCED,
                (Tok::Kw(Kw::Initially), next) => {
                    self.advance();
                    match next {
                        Tok::Kw(Kw::Deferred) => INITIALLY_DEFERRED,
                        Tok::Kw(Kw::Immediate) => INITIALLY_IMMEDIATE,
                        _ => return Err(self.unexpected()),
                    }
                }
                (Tok::Kw(Kw::Not), next) => {
                    self.advance();
                    match next {
                        Tok::Kw(Kw::Deferrable) => NOT_DEFERRABLE,
                        Tok::Kw(Kw::Valid) => NOT_VALID,
                        Tok::Kw(Kw::Enforced) => NOT_ENFORCED,
                        _ => return Err(self.unexpected()),
                    }
                }
                (Tok::Kw(Kw::No), next) => {
                    self.advance();
                    if next != Tok::Kw(Kw::Inherit) {
                        return Err(self.unexpected());
                    }
                    NO_INHERIT
                }
                _ => return Ok(spec),
            };
            self.advance();
            spec.bits |= bit;
            if spec.location < 0 {
                spec.location = loc;
            }
            let both = |pair: u16| spec.bits & pair == pair;
            if both(NOT_DEFERRABLE | INITIALLY_DEFERRED) {
                return Err(err!(
                    SYNTAX_ERROR,
                    "constraint declared INITIALLY DEFERRED must be DEFERRABLE"
                )
                .at(loc));
            }
            if both(NOT_DEFERRABLE | DEFERRABLE)
                || both(INITIALLY_IMMEDIATE | INITIALLY_DEFERRED)
                || both(ENFORCEMENT)
            {
                return Err(err!(SYNTAX_ERROR, "conflicting constraint properties").at(loc));
            }
        }
    }

    /// Whether a table constraint begins here.
    pub(super) fn at_table_constraint(&self) -> bool {
        match self.tok() {
            Tok::Kw(
                Kw::Constraint | Kw::Check | Kw::Unique | Kw::Primary | Kw::Foreign | Kw::Not,
            ) => true,
            Tok::Kw(Kw::Exclude) => {
                matches!(self.peek(1), Tok::Char(b'(') | Tok::Kw(Kw::Using))
            }
            _ => false,
        }
    }

    pub(super) fn table_constraint(&mut self) -> PgResult<Constraint> {
        let location = self.loc();
        let conname = if self.eat(Kw::Constraint) { Some(self.name()?) } else { None };
        let mut c = self.constraint_elem()?;
        if conname.is_some() {
            c.conname = conname;
            c.location = location;
        }
        Ok(c)
    }

    fn constraint_elem(&mut self) -> PgResult<Constraint> {
        let location = self.loc();
        let new = |contype| Constraint::new(contype, location);
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        match kw {
            Kw::Check => {
                self.advance();
                let mut c = new(ConstrType::Check);
                c.raw_expr = Some(self.parens(Self::a_expr)?);
                let attributes = self.constraint_attributes()?;
                attributes.apply(&mut c, "CHECK", ENFORCEMENT | NOT_VALID | NO_INHERIT)?;
                Ok(c)
            }
            Kw::Not => {
                self.advance();
                self.expect(Kw::Null)?;
                let mut c = new(ConstrType::NotNull);
                c.keys = vec![self.col_id()?];
                let attributes = self.constraint_attributes()?;
                attributes.apply(&mut c, "NOT NULL", NOT_VALID | NO_INHERIT)?;
                Ok(c)
            }
            Kw::Unique => {
                self.advance();
                let mut c = new(ConstrType::Unique);
                c.nulls_not_distinct = self.opt_unique_null_treatment()?;
                // The null treatment excludes USING INDEX.
                let plain = !c.nulls_not_distinct;
                self.key_constraint(&mut c, "UNIQUE", plain)?;
                Ok(c)
            }
            Kw::Primary => {
                self.advance();
                self.expect(Kw::Key)?;
                let mut c = new(ConstrType::Primary);
                self.key_constraint(&mut c, "PRIMARY KEY", true)?;
                Ok(c)
            }
            Kw::Exclude => {
                self.advance();
                let mut c = new(ConstrType::Exclusion);
                c.access_method = Some(self.access_method_clause()?);
                c.exclusions = self.paren_list(Self::exclusion_elem)?;
                c.including = self.opt_c_include()?;
                c.options = self.opt_definition()?;
                c.indexspace = self.opt_cons_tablespace()?;
                if self.eat(Kw::Where) {
                    c.where_clause = Some(self.parens(Self::a_expr)?);
                }
                let attributes = self.constraint_attributes()?;
                attributes.apply(&mut c, "EXCLUDE", DEFERRAL)?;
                Ok(c)
            }
            Kw::Foreign => {
                self.advance();
                self.expect(Kw::Key)?;
                self.foreign_key(location)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn foreign_key(&mut self, location: ParseLoc) -> PgResult<Constraint> {
        let mut c = Constraint::new(ConstrType::Foreign, location);
        (c.fk_attrs, c.fk_with_period) = self.columns_and_period()?;
        self.expect(Kw::References)?;
        c.pktable = Some(self.qualified_name()?);
        if self.at_char(b'(') {
            (c.pk_attrs, c.pk_with_period) = self.columns_and_period()?;
        }
        c.fk_matchtype = self.key_match()?;
        self.key_actions(&mut c)?;
        let attributes = self.constraint_attributes()?;
        attributes.apply(&mut c, "FOREIGN KEY", DEFERRAL | ENFORCEMENT | NOT_VALID)?;
        Ok(c)
    }

    /// `( a, b, PERIOD c )`
    fn columns_and_period(&mut self) -> PgResult<(Vec<String>, bool)> {
        self.parens(|p| {
            let mut columns = vec![p.col_id()?];
            let mut period = false;
            while p.eat_char(b',') {
                if p.at(Kw::Period) && p.peek(1).is_col_id() {
                    p.advance();
                    columns.push(p.col_id()?);
                    period = true;
                    break;
                }
                columns.push(p.col_id()?);
            }
            Ok((columns, period))
        })
    }

    /// Columns or USING INDEX, and what may follow, of UNIQUE and PRIMARY KEY.
    fn key_constraint(
        &mut self,
        c: &mut Constraint,
        kind: &str,
        index_allowed: bool,
    ) -> PgResult<()> {
        if index_allowed && self.eat(Kw::Using) {
            self.expect(Kw::Index)?;
            c.indexname = Some(self.name()?);
        } else {
            self.expect_char(b'(')?;
            c.keys = self.name_list()?;
            if self.eat(Kw::Without) {
                self.expect(Kw::Overlaps)?;
                c.without_overlaps = true;
            }
            self.expect_char(b')')?;
            c.including = self.opt_c_include()?;
            c.options = self.opt_definition()?;
            c.indexspace = self.opt_cons_tablespace()?;
        }
        let attributes = self.constraint_attributes()?;
        attributes.apply(c, kind, DEFERRAL)
    }

    /// `NULLS [NOT] DISTINCT`: whether NULLs are equal.
    pub(super) fn opt_unique_null_treatment(&mut self) -> PgResult<bool> {
        if !self.eat(Kw::Nulls) {
            return Ok(false);
        }
        let not = self.eat(Kw::Not);
        self.expect(Kw::Distinct)?;
        Ok(not)
    }

    /// `USING method`; btree otherwise.
    pub(super) fn access_method_clause(&mut self) -> PgResult<String> {
        if self.eat(Kw::Using) { self.name() } else { Ok("btree".to_owned()) }
    }

    fn opt_c_include(&mut self) -> PgResult<Vec<String>> {
        if self.eat(Kw::Include) { self.paren_name_list() } else { Ok(Vec::new()) }
    }

    /// `USING INDEX TABLESPACE name`
    fn opt_cons_tablespace(&mut self) -> PgResult<Option<String>> {
        if !self.eat_all(&[Kw::Using, Kw::Index, Kw::Tablespace])? {
            return Ok(None);
        }
        Ok(Some(self.name()?))
    }

    fn exclusion_elem(&mut self) -> PgResult<ExclusionElem> {
        let elem = self.index_elem()?;
        self.expect(Kw::With)?;
        let operator = if self.at(Kw::Operator) && self.peek(1) == Tok::Char(b'(') {
            self.operator_call()?
        } else {
            self.any_operator()?
        };
        Ok(ExclusionElem { elem, operator })
    }

    fn key_match(&mut self) -> PgResult<FkMatchType> {
        let loc = self.loc();
        if !self.eat(Kw::Match) {
            return Ok(FkMatchType::Simple);
        }
        if self.eat(Kw::Full) {
            return Ok(FkMatchType::Full);
        }
        if self.eat(Kw::Partial) {
            return Err(err!(FEATURE_NOT_SUPPORTED, "MATCH PARTIAL not yet implemented").at(loc));
        }
        self.expect(Kw::Simple)?;
        Ok(FkMatchType::Simple)
    }

    /// ON UPDATE and ON DELETE, each once, in any order.
    fn key_actions(&mut self, c: &mut Constraint) -> PgResult<()> {
        let (mut update, mut delete) = (false, false);
        while self.at(Kw::On) {
            let loc = self.loc();
            self.advance();
            if !update && self.eat(Kw::Update) {
                update = true;
                let (action, columns) = self.key_action()?;
                if !columns.is_empty() {
                    let name = if action == FkAction::SetNull { "SET NULL" } else { "SET DEFAULT" };
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "a column list with {name} is only supported for ON DELETE actions"
                    )
                    .at(loc));
                }
                c.fk_upd_action = action;
            } else if !delete && self.eat(Kw::Delete) {
                delete = true;
                (c.fk_del_action, c.fk_del_set_cols) = self.key_action()?;
            } else {
                return Err(self.unexpected());
            }
        }
        Ok(())
    }

    fn key_action(&mut self) -> PgResult<(FkAction, Vec<String>)> {
        if self.eat(Kw::No) {
            self.expect(Kw::Action)?;
            return Ok((FkAction::NoAction, Vec::new()));
        }
        if self.eat(Kw::Restrict) {
            return Ok((FkAction::Restrict, Vec::new()));
        }
        if self.eat(Kw::Cascade) {
            return Ok((FkAction::Cascade, Vec::new()));
        }
        self.expect(Kw::Set)?;
        let action = if self.eat(Kw::Null) {
            FkAction::SetNull
        } else {
            self.expect(Kw::Default)?;
            FkAction::SetDefault
        };
        Ok((action, self.opt_name_list()?))
    }

    /// Everything after a column's type: constraints and COLLATE.
    pub(super) fn col_qual_list(&mut self) -> PgResult<(Vec<Constraint>, Option<CollateClause>)> {
        let mut constraints = Vec::new();
        let mut coll_clause: Option<CollateClause> = None;
        let mut excess = None;
        loop {
            if self.at(Kw::Collate) {
                if let Some(clause) = self.opt_collate_clause()? {
                    if coll_clause.is_some() {
                        excess.get_or_insert(clause.location);
                    }
                    coll_clause = Some(clause);
                }
            } else if let Some(c) = self.opt_col_constraint()? {
                constraints.push(c);
            } else {
                break;
            }
        }
        if let Some(location) = excess {
            return Err(err!(SYNTAX_ERROR, "multiple COLLATE clauses not allowed").at(location));
        }
        Ok((constraints, coll_clause))
    }

    fn opt_col_constraint(&mut self) -> PgResult<Option<Constraint>> {
        let location = self.loc();
        if self.eat(Kw::Constraint) {
            let conname = self.name()?;
            if self.at(Kw::Not) && !self.peek_is(1, Kw::Null) {
                self.advance();
            }
            let Some(mut c) = self.opt_col_constraint_elem()? else {
                return Err(self.unexpected());
            };
            c.conname = Some(conname);
            c.location = location;
            return Ok(Some(c));
        }
        if let Some(c) = self.opt_col_constraint_elem()? {
            return Ok(Some(c));
        }
        self.opt_constraint_attr()
    }

    /// DEFERRABLE and the like as separate elements.
    fn opt_constraint_attr(&mut self) -> PgResult<Option<Constraint>> {
        let location = self.loc();
        let contype = match (self.tok(), self.peek(1)) {
            (Tok::Kw(Kw::Deferrable), _) => ConstrType::AttrDeferrable,
            (Tok::Kw(Kw::Enforced), _) => ConstrType::AttrEnforced,
            (Tok::Kw(Kw::Not), next) => {
                self.advance();
                match next {
                    Tok::Kw(Kw::Deferrable) => ConstrType::AttrNotDeferrable,
                    Tok::Kw(Kw::Enforced) => ConstrType::AttrNotEnforced,
                    _ => return Err(self.unexpected()),
                }
            }
            (Tok::Kw(Kw::Initially), next) => {
                self.advance();
                match next {
                    Tok::Kw(Kw::Deferred) => ConstrType::AttrDeferred,
                    Tok::Kw(Kw::Immediate) => ConstrType::AttrImmediate,
                    _ => return Err(self.unexpected()),
                }
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(Constraint::new(contype, location)))
    }

    fn opt_no_inherit(&mut self) -> PgResult<bool> {
        self.eat_all(&[Kw::No, Kw::Inherit])
    }

    fn opt_col_constraint_elem(&mut self) -> PgResult<Option<Constraint>> {
        let location = self.loc();
        let new = |contype| Constraint::new(contype, location);
        let Tok::Kw(kw) = self.tok() else { return Ok(None) };
        let c = match kw {
            Kw::Not if self.peek_is(1, Kw::Null) => {
                self.advance();
                self.advance();
                let mut c = new(ConstrType::NotNull);
                c.is_no_inherit = self.opt_no_inherit()?;
                c
            }
            Kw::Null => {
                self.advance();
                new(ConstrType::Null)
            }
            Kw::Unique => {
                self.advance();
                let mut c = new(ConstrType::Unique);
                c.nulls_not_distinct = self.opt_unique_null_treatment()?;
                c.options = self.opt_definition()?;
                c.indexspace = self.opt_cons_tablespace()?;
                c
            }
            Kw::Primary => {
                self.advance();
                self.expect(Kw::Key)?;
                let mut c = new(ConstrType::Primary);
                c.options = self.opt_definition()?;
                c.indexspace = self.opt_cons_tablespace()?;
                c
            }
            Kw::Check => {
                self.advance();
                let mut c = new(ConstrType::Check);
                c.raw_expr = Some(self.parens(Self::a_expr)?);
                c.is_no_inherit = self.opt_no_inherit()?;
                c
            }
            Kw::Default => {
                self.advance();
                let mut c = new(ConstrType::Default);
                c.raw_expr = Some(self.b_expr()?);
                c
            }
            Kw::Generated => self.generated(location)?,
            Kw::References => {
                self.advance();
                let mut c = new(ConstrType::Foreign);
                c.pktable = Some(self.qualified_name()?);
                c.pk_attrs = self.opt_name_list()?;
                c.fk_matchtype = self.key_match()?;
                self.key_actions(&mut c)?;
                c
            }
            _ => return Ok(None),
        };
        Ok(Some(c))
    }

    /// ALWAYS or BY DEFAULT.
    pub(super) fn generated_when(&mut self) -> PgResult<GeneratedWhen> {
        if self.eat(Kw::Always) {
            return Ok(GeneratedWhen::Always);
        }
        self.expect_all(&[Kw::By, Kw::Default])?;
        Ok(GeneratedWhen::ByDefault)
    }

    /// `GENERATED … AS IDENTITY` or `AS (expr)`.
    fn generated(&mut self, location: ParseLoc) -> PgResult<Constraint> {
        self.expect(Kw::Generated)?;
        let when_loc = self.loc();
        let when = self.generated_when()?;
        self.expect(Kw::As)?;
        let mut c = Constraint::new(ConstrType::Identity, location);
        c.generated_when = Some(when);
        if self.eat(Kw::Identity) {
            c.options = self.opt_parenthesized_seq_options()?;
            return Ok(c);
        }
        c.contype = ConstrType::Generated;
        c.raw_expr = Some(self.parens(Self::a_expr)?);
        c.generated_kind = Some(if self.eat(Kw::Stored) {
            GeneratedKind::Stored
        } else {
            self.eat(Kw::Virtual);
            GeneratedKind::Virtual
        });
        if when != GeneratedWhen::Always {
            return Err(err!(
                SYNTAX_ERROR,
                "for a generated column, GENERATED ALWAYS must be specified"
            )
            .at(when_loc));
        }
        Ok(c)
    }

    /// A constraint of ALTER DOMAIN … ADD.
    pub(super) fn domain_constraint(&mut self) -> PgResult<Constraint> {
        let location = self.loc();
        let conname = if self.eat(Kw::Constraint) { Some(self.name()?) } else { None };
        let elem_loc = self.loc();
        let mut c = if self.eat(Kw::Check) {
            let mut c = Constraint::new(ConstrType::Check, elem_loc);
            c.raw_expr = Some(self.parens(Self::a_expr)?);
            let attributes = self.constraint_attributes()?;
            attributes.apply(&mut c, "CHECK", NOT_VALID | NO_INHERIT)?;
            c
        } else {
            self.expect_all(&[Kw::Not, Kw::Null])?;
            let mut c = Constraint::new(ConstrType::NotNull, elem_loc);
            c.keys = vec!["value".to_owned()];
            let attributes = self.constraint_attributes()?;
            attributes.apply(&mut c, "NOT NULL", 0)?;
            c
        };
        if conname.is_some() {
            c.conname = conname;
            c.location = location;
        }
        Ok(c)
    }
}
