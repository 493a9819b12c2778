//! EXPLAIN, VACUUM, ANALYZE, LOCK, REINDEX, CLUSTER.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    fn eat_analyze(&mut self) -> bool {
        self.eat(Kw::Analyze) || self.eat(Kw::Analyse)
    }

    fn opt_flag(&mut self, kw: Kw, options: &mut Vec<DefElem>) {
        let loc = self.loc();
        if self.eat(kw) {
            options.push(DefElem::new(kw.word(), None, loc));
        }
    }

    fn opt_analyze_flag(&mut self, options: &mut Vec<DefElem>) {
        let loc = self.loc();
        if self.eat_analyze() {
            options.push(DefElem::new("analyze", None, loc));
        }
    }

    pub(super) fn explain_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Explain)?;
        let mut options = Vec::new();
        if self.at_explain_options() {
            options = self.utility_options()?;
        } else {
            self.opt_analyze_flag(&mut options);
            self.opt_flag(Kw::Verbose, &mut options);
        }
        let query = Box::new(self.explainable_stmt()?);
        Ok(ExplainStmt { query, options }.into())
    }

    /// Whether the parenthesis here opens options rather than a query.
    fn at_explain_options(&self) -> bool {
        self.at_char(b'(')
            && match self.peek(1) {
                Tok::Kw(Kw::Values) => self.peek(2) != Tok::Char(b'('),
                Tok::Kw(Kw::Analyze | Kw::Analyse) | Tok::FormatLa => true,
                tok => tok.is_non_reserved_word(),
            }
    }

    fn explainable_stmt(&mut self) -> PgResult<Stmt> {
        match self.tok() {
            Tok::Kw(Kw::Declare) => self.declare_cursor_stmt(),
            Tok::Kw(Kw::Execute) => Ok(self.execute_stmt()?.into()),
            Tok::Kw(Kw::Refresh) => self.refresh_stmt(),
            Tok::Kw(Kw::Create) => {
                let mark = self.pos;
                let stmt = self.create_stmt()?;
                if matches!(stmt, Stmt::CreateTableAsStmt(_)) {
                    return Ok(stmt);
                }
                self.pos = mark + 1;
                Err(self.unexpected())
            }
            _ => self.preparable_stmt(),
        }
    }

    pub(super) fn vacuum_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Vacuum)?;
        let mut options = Vec::new();
        if self.at_char(b'(') {
            options = self.utility_options()?;
        } else {
            self.opt_flag(Kw::Full, &mut options);
            self.opt_flag(Kw::Freeze, &mut options);
            self.opt_flag(Kw::Verbose, &mut options);
            self.opt_analyze_flag(&mut options);
        }
        let rels = self.opt_vacuum_relations()?;
        Ok(VacuumStmt { options, rels, is_vacuumcmd: true }.into())
    }

    pub(super) fn analyze_stmt(&mut self) -> PgResult<Stmt> {
        self.advance();
        let mut options = Vec::new();
        if self.at_char(b'(') {
            options = self.utility_options()?;
        } else {
            self.opt_flag(Kw::Verbose, &mut options);
        }
        let rels = self.opt_vacuum_relations()?;
        Ok(VacuumStmt { options, rels, is_vacuumcmd: false }.into())
    }

    fn opt_vacuum_relations(&mut self) -> PgResult<Vec<VacuumRelation>> {
        if !self.tok().is_col_id() && !self.at(Kw::Only) {
            return Ok(Vec::new());
        }
        self.comma_list(|p| {
            let relation = p.relation_expr()?;
            let va_cols = p.opt_name_list()?;
            Ok(VacuumRelation { relation, va_cols })
        })
    }

    pub(super) fn lock_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Lock)?;
        self.eat(Kw::Table);
        let relations = self.relation_expr_list()?;
        let mut mode = LockMode::AccessExclusive;
        if self.eat(Kw::In) {
            mode = self.lock_mode()?;
            self.expect(Kw::Mode)?;
        }
        let nowait = self.eat(Kw::Nowait);
        Ok(LockStmt { relations, mode, nowait }.into())
    }

    fn lock_mode(&mut self) -> PgResult<LockMode> {
        if self.eat(Kw::Access) {
            if self.eat(Kw::Share) {
                return Ok(LockMode::AccessShare);
            }
            self.expect(Kw::Exclusive)?;
            return Ok(LockMode::AccessExclusive);
        }
        if self.eat(Kw::Row) {
            if self.eat(Kw::Share) {
                return Ok(LockMode::RowShare);
            }
            self.expect(Kw::Exclusive)?;
            return Ok(LockMode::RowExclusive);
        }
        if self.eat(Kw::Exclusive) {
            return Ok(LockMode::Exclusive);
        }
        self.expect(Kw::Share)?;
        if self.eat_all(&[Kw::Update, Kw::Exclusive])? {
            return Ok(LockMode::ShareUpdateExclusive);
        }
        if self.eat_all(&[Kw::Row, Kw::Exclusive])? {
            return Ok(LockMode::ShareRowExclusive);
        }
        Ok(LockMode::Share)
    }

    pub(super) fn reindex_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Reindex)?;
        let mut params = if self.at_char(b'(') { self.utility_options()? } else { Vec::new() };
        let kind = match self.tok() {
            Tok::Kw(Kw::Index) => ReindexObjectType::Index,
            Tok::Kw(Kw::Table) => ReindexObjectType::Table,
            Tok::Kw(Kw::Schema) => ReindexObjectType::Schema,
            Tok::Kw(Kw::System) => ReindexObjectType::System,
            Tok::Kw(Kw::Database) => ReindexObjectType::Database,
            _ => return Err(self.unexpected()),
        };
        self.advance();
        self.opt_flag(Kw::Concurrently, &mut params);
        let (mut relation, mut name) = (None, None);
        match kind {
            ReindexObjectType::Index | ReindexObjectType::Table => {
                relation = Some(self.qualified_name()?);
            }
            ReindexObjectType::Schema => name = Some(self.name()?),
            _ => {
                if self.tok().is_col_id() {
                    name = Some(self.name()?);
                }
            }
        }
        Ok(ReindexStmt { kind, relation, name, params }.into())
    }

    pub(super) fn cluster_stmt(&mut self) -> PgResult<Stmt> {
        self.expect(Kw::Cluster)?;
        let mut stmt = ClusterStmt { relation: None, indexname: None, params: Vec::new() };
        if self.at_char(b'(') {
            stmt.params = self.utility_options()?;
        } else {
            self.opt_flag(Kw::Verbose, &mut stmt.params);
        }
        if !self.tok().is_col_id() {
            return Ok(stmt.into());
        }
        let relation = self.qualified_name()?;
        if self.eat(Kw::Using) {
            stmt.indexname = Some(self.name()?);
        } else if relation.schemaname.is_none() && self.eat(Kw::On) {
            // The old order: index ON table.
            stmt.indexname = Some(relation.relname);
            stmt.relation = Some(self.qualified_name()?);
            return Ok(stmt.into());
        }
        stmt.relation = Some(relation);
        Ok(stmt.into())
    }
}
