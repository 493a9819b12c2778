//! CREATE INDEX, CREATE STATISTICS and their elements.
use super::Parser;
use super::type_name::is_const_type_keyword;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    /// CREATE [UNIQUE] INDEX, at UNIQUE or INDEX.
    pub(super) fn create_index(&mut self) -> PgResult<Stmt> {
        let unique = self.eat(Kw::Unique);
        self.expect(Kw::Index)?;
        let concurrent = self.eat(Kw::Concurrently);
        let if_not_exists = self.opt_if_not_exists()?;
        let idxname = if if_not_exists || !self.at(Kw::On) { Some(self.name()?) } else { None };
        self.expect(Kw::On)?;
        let relation = self.relation_expr()?;
        let access_method = self.access_method_clause()?;
        let index_params = self.paren_list(Self::index_elem)?;
        let index_including_params =
            if self.eat(Kw::Include) { self.paren_list(Self::index_elem)? } else { Vec::new() };
        let nulls_not_distinct = self.opt_unique_null_treatment()?;
        let options = self.opt_reloptions()?;
        let table_space = self.opt_tablespace()?;
        let where_clause = self.where_clause()?;
        Ok(IndexStmt {
            idxname,
            relation,
            access_method,
            table_space,
            index_params,
            index_including_params,
            options,
            where_clause,
            unique,
            nulls_not_distinct,
            concurrent,
            if_not_exists,
        }
        .into())
    }

    /// A column's name, a call, or a parenthesized expression.
    pub(super) fn name_or_expr(&mut self) -> PgResult<(Option<String>, Option<Expr>)> {
        if self.at_char(b'(') {
            return Ok((None, Some(self.parens(Self::a_expr)?)));
        }
        if self.at_index_function() {
            return Ok((None, Some(self.func_expr_windowless()?)));
        }
        Ok((Some(self.col_id()?), None))
    }

    fn at_index_function(&self) -> bool {
        let tok = self.tok();
        if let Tok::Kw(kw) = tok {
            if self.at_common_subexpr(kw) || self.at_type_func_keyword() {
                return true;
            }
            if is_const_type_keyword(kw) && !tok.is_type_function_name() {
                return false;
            }
        }
        if !tok.is_col_id() {
            return false;
        }
        matches!(self.peek(1), Tok::Char(b'.'))
            || (self.peek(1) == Tok::Char(b'(') && tok.is_type_function_name())
    }

    /// `what [COLLATE c] [opclass [(options)]] [ASC | DESC] [NULLS …]`
    pub(super) fn index_elem(&mut self) -> PgResult<IndexElem> {
        let location = self.loc();
        let (name, expr) = self.name_or_expr()?;
        let collation = if self.eat(Kw::Collate) { self.any_name()? } else { Vec::new() };
        let mut opclass = Vec::new();
        let mut opclassopts = Vec::new();
        if self.tok().is_col_id() {
            opclass = self.any_name()?;
            if self.at_char(b'(') {
                opclassopts = self.reloptions()?;
            }
        }
        let ordering = self.opt_asc_desc();
        let nulls_ordering = self.opt_nulls_order()?;
        Ok(IndexElem {
            name,
            expr,
            collation,
            opclass,
            opclassopts,
            ordering,
            nulls_ordering,
            location,
        })
    }

    /// CREATE STATISTICS, at STATISTICS.
    pub(super) fn create_statistics(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Statistics)?;
        let if_not_exists = self.opt_if_not_exists()?;
        let defnames =
            if if_not_exists || self.tok().is_col_id() { self.any_name()? } else { Vec::new() };
        let stat_types = self.opt_name_list()?;
        self.expect(Kw::On)?;
        let exprs = self.comma_list(|p| {
            let (name, expr) = p.name_or_expr()?;
            Ok(StatsElem { name, expr })
        })?;
        self.expect(Kw::From)?;
        let relations = self.table_ref_list()?;
        Ok(CreateStatsStmt { defnames, stat_types, exprs, relations, if_not_exists }.into())
    }
}
