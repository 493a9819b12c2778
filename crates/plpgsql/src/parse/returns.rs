//! RETURN, RETURN NEXT, RETURN QUERY.
use super::Parser;
use crate::ast::{DatumDef, QuerySource, StmtKind};
use error::{PgResult, err};
use types::type_oid;

impl Parser<'_> {
    pub(crate) fn return_statement(&mut self, start: usize) -> PgResult<StmtKind> {
        self.next();
        if self.eat_word("next") {
            return self.return_next(start);
        }
        if self.eat_word("query") {
            return self.return_query(start);
        }
        let location = self.tok().start as i32;
        if self.f.returns_set {
            return match self.eat_punct(";") {
                true => Ok(StmtKind::Return { expr: None, var: None }),
                false => Err(err!(
                    DATATYPE_MISMATCH,
                    "RETURN cannot have a parameter in function returning set"
                )
                .hint("Use RETURN NEXT or RETURN QUERY.")
                .at(location)),
            };
        }
        if self.f.rettype.oid == type_oid::VOID {
            return match self.eat_punct(";") {
                true => Ok(StmtKind::Return { expr: None, var: None }),
                false if self.f.procedure => {
                    Err(err!(SYNTAX_ERROR, "RETURN cannot have a parameter in a procedure")
                        .at(location))
                }
                false => Err(err!(
                    DATATYPE_MISMATCH,
                    "RETURN cannot have a parameter in function returning void"
                )
                .at(location)),
            };
        }
        if self.f.out.is_some() {
            return match self.eat_punct(";") {
                true => Ok(StmtKind::Return { expr: None, var: self.f.out }),
                false => Err(err!(
                    DATATYPE_MISMATCH,
                    "RETURN cannot have a parameter in function with OUT parameters"
                )
                .at(location)),
            };
        }
        if let Some(var) = self.lone_variable() {
            return Ok(StmtKind::Return { expr: None, var: Some(var) });
        }
        Ok(StmtKind::Return { expr: Some(self.expr_to_semicolon()?), var: None })
    }

    /// A variable and a semicolon, read if that is all there is.
    fn lone_variable(&mut self) -> Option<usize> {
        let found = self.variable_here()?;
        if matches!(self.f.datums[found.dno], DatumDef::Field { .. })
            || !self.peek(found.tokens).is_punct(";")
        {
            return None;
        }
        self.skip(found.tokens + 1);
        Some(found.dno)
    }

    fn return_next(&mut self, start: usize) -> PgResult<StmtKind> {
        if !self.f.returns_set {
            return Err(err!(DATATYPE_MISMATCH, "cannot use RETURN NEXT in a non-SETOF function")
                .at(start as i32));
        }
        if self.f.out.is_some() {
            return match self.eat_punct(";") {
                true => Ok(StmtKind::ReturnNext { expr: None, var: self.f.out }),
                false => Err(err!(
                    DATATYPE_MISMATCH,
                    "RETURN NEXT cannot have a parameter in function with OUT parameters"
                )
                .at(self.tok().start as i32)),
            };
        }
        if let Some(var) = self.lone_variable() {
            return Ok(StmtKind::ReturnNext { expr: None, var: Some(var) });
        }
        Ok(StmtKind::ReturnNext { expr: Some(self.expr_to_semicolon()?), var: None })
    }

    fn return_query(&mut self, start: usize) -> PgResult<StmtKind> {
        if !self.f.returns_set {
            return Err(err!(DATATYPE_MISMATCH, "cannot use RETURN QUERY in a non-SETOF function")
                .at(start as i32));
        }
        if !self.eat_word("execute") {
            return Ok(StmtKind::ReturnQuery(QuerySource::Static(self.sql_to_semicolon()?)));
        }
        let query = self.expr_until(&[";", "using"], "; or USING")?;
        let params = self.using_list(";")?;
        self.expect_punct(";")?;
        Ok(StmtKind::ReturnQuery(QuerySource::Dynamic { query, params }))
    }
}
