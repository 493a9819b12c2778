//! Dotted names: variables, their fields, targets of assignments.
use super::Parser;
use crate::{
    ast::DatumDef,
    namespace::{self, NsKind},
    token::Kind,
};
use error::{PgResult, err};

/// A name that is a variable, or a field of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) dno: usize,
    /// How many of the names are the variable's.
    pub(crate) names: usize,
    /// How many tokens it takes.
    pub(crate) tokens: usize,
}

impl Parser<'_> {
    /// The dotted names at the present token, at most three.
    pub(crate) fn names_here(&self) -> Vec<String> {
        let mut names = Vec::new();
        let first = self.tok();
        if first.kind == Kind::Param {
            return vec![first.text.clone()];
        }
        if first.kind != Kind::Word || first.is_reserved() {
            return names;
        }
        names.push(first.text.clone());
        let mut n = 1;
        while names.len() < 3 && self.peek(n).is_punct(".") && self.peek(n + 1).kind == Kind::Word {
            names.push(self.peek(n + 1).text.clone());
            n += 2;
        }
        names
    }

    /// The variable that the names at the present token mean.
    pub(crate) fn variable_here(&mut self) -> Option<Found> {
        let names = self.names_here();
        let words: Vec<&str> = names.iter().map(String::as_str).collect();
        let (kind, used) = namespace::lookup(&self.ns, false, &words)?;
        let (dno, used) = match kind {
            NsKind::Var(dno) => (dno, used),
            NsKind::Rec(dno) => match names.get(used) {
                Some(field) => (self.field(dno, field), used + 1),
                None => (dno, used),
            },
            NsKind::Label(_) => return None,
        };
        Some(Found { dno, names: used, tokens: used * 2 - 1 })
    }

    /// Goes past the tokens of a name.
    pub(crate) fn skip(&mut self, tokens: usize) {
        for _ in 0..tokens {
            self.next();
        }
    }

    /// 42601 for a name that should be a variable's.
    #[cold]
    pub(crate) fn unknown_variable(&self) -> error::PgError {
        let names = self.names_here();
        let location = self.tok().start as i32;
        if names.is_empty() {
            return self.syntax();
        }
        err!(SYNTAX_ERROR, "\"{}\" is not a known variable", names.join(".")).at(location)
    }

    /// A name for messages.
    pub(crate) fn datum_name(&self, dno: usize) -> String {
        match &self.f.datums[dno] {
            DatumDef::Var(v) | DatumDef::Rec(v) => v.name.clone(),
            DatumDef::Row(r) => r.name.clone(),
            DatumDef::Field { rec, name } => format!("{}.{name}", self.datum_name(*rec)),
        }
    }

    /// Refuses to change constants.
    pub(crate) fn check_assignable(&self, dno: usize, location: usize) -> PgResult<()> {
        match &self.f.datums[dno] {
            DatumDef::Var(v) | DatumDef::Rec(v) if v.constant => {
                Err(err!(ERROR_IN_ASSIGNMENT, "variable \"{}\" is declared CONSTANT", v.name)
                    .at(location as i32))
            }
            DatumDef::Field { rec, .. } => self.check_assignable(*rec, location),
            DatumDef::Row(row) => {
                row.fields.iter().try_for_each(|(_, dno)| self.check_assignable(*dno, location))
            }
            _ => Ok(()),
        }
    }

    /// INTO's target: a record, or scalars that make a row.
    pub(crate) fn target_of_into(&mut self) -> PgResult<usize> {
        let Some(found) = self.variable_here() else { return Err(self.fault_of_into()) };
        let location = self.tok().start;
        if matches!(self.f.datums[found.dno], DatumDef::Rec(_) | DatumDef::Row(_)) {
            self.check_assignable(found.dno, location)?;
            self.skip(found.tokens);
            if self.at_punct(",") {
                return Err(err!(
                    SYNTAX_ERROR,
                    "record variable cannot be part of multiple-item INTO list"
                )
                .at(self.tok().start as i32));
            }
            return Ok(found.dno);
        }
        self.scalar_list()
    }

    fn fault_of_into(&self) -> error::PgError {
        match self.names_here().is_empty() {
            true => self.syntax(),
            false => self.unknown_variable(),
        }
    }

    /// Scalars separated by commas, as a row.
    pub(crate) fn scalar_list(&mut self) -> PgResult<usize> {
        let mut fields = Vec::new();
        loop {
            let Some(found) = self.variable_here() else { return Err(self.fault_of_into()) };
            let location = self.tok().start;
            let name = self.datum_name(found.dno);
            if matches!(self.f.datums[found.dno], DatumDef::Rec(_) | DatumDef::Row(_)) {
                return Err(
                    err!(SYNTAX_ERROR, "\"{name}\" is not a scalar variable").at(location as i32)
                );
            }
            self.check_assignable(found.dno, location)?;
            self.skip(found.tokens);
            fields.push((name, found.dno));
            if fields.len() > 1024 {
                return Err(err!(PROGRAM_LIMIT_EXCEEDED, "too many INTO variables specified")
                    .at(location as i32));
            }
            if !self.eat_punct(",") {
                return Ok(self.row("(unnamed row)", fields));
            }
        }
    }
}
