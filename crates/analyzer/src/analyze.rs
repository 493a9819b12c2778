//! Statements to queries: SELECT, VALUES, RETURNING.
use crate::parse_state::{Analyzer, ExprKind, ParseState};
use crate::table_alias::ColumnLists;
use error::{PgError, PgResult, bail, err};
use nodes::{CmdType, Expr, FromExpr, Query, VarReturningType};
use parser::ast::{self, SelectStmt, Stmt};
use std::rc::Rc;

impl Analyzer<'_> {
    /// Analyses a whole statement.
    pub(crate) fn analyze_raw_stmt(&mut self, raw: &ast::RawStmt) -> PgResult<Query> {
        let mut query = self.transform_top_level(&raw.stmt)?;
        query.stmt_location = raw.stmt_location;
        query.stmt_len = raw.stmt_len;
        Ok(query)
    }

    /// A statement at the top: SELECT INTO is a utility statement.
    pub(crate) fn transform_top_level(&mut self, stmt: &Stmt) -> PgResult<Query> {
        if let Stmt::SelectStmt(select) = stmt {
            let mut leftmost: &SelectStmt = select;
            while leftmost.op != ast::SetOperation::None {
                match &leftmost.larg {
                    Some(left) => leftmost = left,
                    None => break,
                }
            }
            if let Some(into) = &leftmost.into_clause {
                let mut inner = (**select).clone();
                clear_into(&mut inner);
                let ctas = ast::CreateTableAsStmt {
                    query: Box::new(inner.into()),
                    into: (**into).clone(),
                    objtype: ast::ObjectType::Table,
                    is_select_into: true,
                    if_not_exists: false,
                };
                return self.transform_utility(&ctas.into());
            }
        }
        self.transform_stmt(stmt)
    }

    /// Any statement, in the current level.
    pub(crate) fn transform_stmt(&mut self, stmt: &Stmt) -> PgResult<Query> {
        let mut query = match stmt {
            Stmt::SelectStmt(s) => self.transform_select(s)?,
            Stmt::InsertStmt(s) => self.transform_insert(s)?,
            Stmt::UpdateStmt(s) => self.transform_update(s)?,
            Stmt::DeleteStmt(s) => self.transform_delete(s)?,
            Stmt::MergeStmt(s) => self.transform_merge(s)?,
            Stmt::ReturnStmt(s) => self.transform_return(s)?,
            Stmt::PLAssignStmt(s) => self.transform_plassign(s)?,
            other => self.transform_utility(other)?,
        };
        query.can_set_tag = true;
        Ok(query)
    }

    /// A subquery in a new level.
    pub(crate) fn sub_analyze_select(
        &mut self,
        select: &SelectStmt,
        level: ParseState,
    ) -> PgResult<Query> {
        self.in_new_level(level, |a| {
            let mut query = a.transform_select(select)?;
            query.can_set_tag = true;
            Ok(query)
        })
    }

    pub(crate) fn transform_select(&mut self, s: &SelectStmt) -> PgResult<Query> {
        if !s.values_lists.is_empty() {
            return self.transform_values(s);
        }
        if s.op != ast::SetOperation::None {
            return self.transform_set_operation_stmt(s);
        }
        self.transform_plain_select(s)
    }

    fn transform_plain_select(&mut self, s: &SelectStmt) -> PgResult<Query> {
        let mut qry = Query { command_type: CmdType::Select, ..Query::default() };
        if let Some(with) = &s.with_clause {
            qry.has_recursive = with.recursive;
            self.transform_with_clause(with)?;
        }
        if let Some(into) = &s.into_clause {
            return Err(
                err!(SYNTAX_ERROR, "SELECT ... INTO is not allowed here").at(into.rel.location)
            );
        }
        // The tables opened below need to know of FOR UPDATE.
        self.ps_mut().locking_clause = s.locking_clause.clone();
        self.ps_mut().windowdefs = s.window_clause.clone();
        self.transform_from_clause(&s.from_clause)?;
        let mut tlist = self.transform_target_list(&s.target_list, ExprKind::SelectTarget)?;
        self.mark_target_origins(&mut tlist);
        let quals = match &s.where_clause {
            Some(clause) => Some(self.transform_where(clause, ExprKind::Where, "WHERE")?),
            None => None,
        };
        qry.having_qual = match &s.having_clause {
            Some(clause) => Some(self.transform_where(clause, ExprKind::Having, "HAVING")?),
            None => None,
        };
        qry.sort_clause =
            self.transform_sort_clause(&s.sort_clause, &mut tlist, ExprKind::OrderBy, false)?;
        let (group, sets) = self.transform_group_clause(
            &s.group_clause,
            &mut tlist,
            &qry.sort_clause,
            ExprKind::GroupBy,
            false,
        )?;
        qry.group_clause = group;
        qry.grouping_sets = sets;
        qry.group_distinct = s.group_distinct;
        match &s.distinct_clause {
            ast::DistinctClause::None => {}
            ast::DistinctClause::All => {
                let distinct =
                    self.transform_distinct_clause(&mut tlist, &qry.sort_clause, false)?;
                qry.distinct_clause = distinct;
            }
            ast::DistinctClause::On(exprs) => {
                qry.distinct_clause =
                    self.transform_distinct_on(exprs, &mut tlist, &qry.sort_clause)?;
                qry.has_distinct_on = true;
            }
        }
        self.transform_limits(&mut qry, s)?;
        let windefs = std::mem::take(&mut self.ps_mut().windowdefs);
        qry.window_clause = self.transform_window_definitions(&windefs, &mut tlist)?;
        if self.ps().resolve_unknowns {
            self.resolve_target_unknowns(&mut tlist)?;
        }
        qry.target_list = tlist;
        self.finish_query(&mut qry, quals);
        for clause in &s.locking_clause {
            self.transform_locking_clause(&mut qry, clause, false)?;
        }
        self.assign_query_collations(&mut qry)?;
        // Only with collations known are equal expressions found equal.
        if qry.has_aggs
            || !qry.group_clause.is_empty()
            || !qry.grouping_sets.is_empty()
            || qry.having_qual.is_some()
        {
            self.check_aggregates(&mut qry)?;
        }
        Ok(qry)
    }

    pub(crate) fn transform_limits(&mut self, qry: &mut Query, s: &SelectStmt) -> PgResult<()> {
        qry.limit_offset = self.transform_limit(
            s.limit_offset.as_ref(),
            ExprKind::Offset,
            "OFFSET",
            s.limit_option,
        )?;
        qry.limit_count =
            self.transform_limit(s.limit_count.as_ref(), ExprKind::Limit, "LIMIT", s.limit_option)?;
        qry.limit_with_ties = s.limit_option == ast::LimitOption::WithTies;
        Ok(())
    }

    /// Moves the level's range table and flags into the query.
    pub(crate) fn finish_query(&mut self, qry: &mut Query, quals: Option<Expr>) {
        let ps = self.ps_mut();
        qry.rtable = std::mem::take(&mut ps.rtable);
        qry.rteperminfos = std::mem::take(&mut ps.rteperminfos);
        qry.jointree = FromExpr { fromlist: std::mem::take(&mut ps.joinlist), quals };
        qry.has_sub_links = ps.has_sub_links;
        qry.has_window_funcs = ps.has_window_funcs;
        qry.has_target_srfs = ps.has_target_srfs;
        qry.has_aggs = ps.has_aggs;
        qry.has_modifying_cte |= ps.has_modifying_cte;
        qry.cte_list =
            std::mem::take(&mut ps.ctenamespace).into_iter().map(|item| item.cte).collect();
    }

    fn transform_values(&mut self, s: &SelectStmt) -> PgResult<Query> {
        let mut qry = Query { command_type: CmdType::Select, ..Query::default() };
        if let Some(with) = &s.with_clause {
            qry.has_recursive = with.recursive;
            self.transform_with_clause(with)?;
        }
        let (rows, lists) = self.transform_values_rows(&s.values_lists, false)?;
        let lateral = self.values_are_lateral(&rows);
        let item = self.add_rte_for_values(rows, lists, None, lateral, true)?;
        self.add_nsitem_to_query(&item, true, true, true)?;
        let mut tlist = Vec::new();
        for (name, expr) in self.expand_nsitem_vars(&item, 0, -1) {
            tlist.push(self.make_target(expr, Some(name), false));
        }
        qry.sort_clause =
            self.transform_sort_clause(&s.sort_clause, &mut tlist, ExprKind::OrderBy, false)?;
        self.transform_limits(&mut qry, s)?;
        if let Some(clause) = s.locking_clause.first() {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "{} cannot be applied to VALUES",
                crate::locking::strength_name(clause.strength)
            );
        }
        qry.target_list = tlist;
        self.finish_query(&mut qry, None);
        self.assign_query_collations(&mut qry)?;
        Ok(qry)
    }

    pub(crate) fn values_are_lateral(&self, rows: &[Vec<Expr>]) -> bool {
        !self.ps().rtable.is_empty()
            && rows.iter().flatten().any(|e| crate::parse_agg::locate_var_of_level(e, 0).is_some())
    }

    /// Rows of VALUES with each column's values converted to a common type.
    fn transform_values_rows(
        &mut self,
        raw_rows: &[Vec<ast::Expr>],
        allow_default: bool,
    ) -> PgResult<(Vec<Vec<Expr>>, ColumnLists)> {
        let mut columns: Vec<Vec<Expr>> = Vec::new();
        for (i, raw) in raw_rows.iter().enumerate() {
            let row = self.transform_expression_list(raw, ExprKind::Values, allow_default)?;
            if i == 0 {
                columns = row.iter().map(|_| Vec::with_capacity(raw_rows.len())).collect();
            } else if row.len() != columns.len() {
                let at = row.first().map_or(-1, Expr::location);
                return Err(err!(SYNTAX_ERROR, "VALUES lists must all be the same length").at(at));
            }
            for (column, expr) in columns.iter_mut().zip(row) {
                column.push(expr);
            }
        }
        let mut lists = ColumnLists::default();
        let mut rows: Vec<Vec<Expr>> =
            raw_rows.iter().map(|_| Vec::with_capacity(columns.len())).collect();
        for column in columns {
            let (typ, _) = self.select_common_type(&column, Some("VALUES"))?;
            let mut converted = Vec::with_capacity(column.len());
            for expr in column {
                converted.push(self.coerce_to_common_type(expr, typ, "VALUES")?);
            }
            let typmod = self.select_common_typmod(&converted, typ);
            let collation = self.select_common_collation(&mut converted, true)?;
            lists.push(typ, typmod, collation);
            for (row, expr) in rows.iter_mut().zip(converted) {
                row.push(expr);
            }
        }
        Ok((rows, lists))
    }

    fn transform_return(&mut self, s: &ast::ReturnStmt) -> PgResult<Query> {
        let mut qry = Query { command_type: CmdType::Select, is_return: true, ..Query::default() };
        let target =
            self.transform_target_entry(&s.returnval, None, ExprKind::SelectTarget, None, false)?;
        let mut tlist = vec![target];
        if self.ps().resolve_unknowns {
            self.resolve_target_unknowns(&mut tlist)?;
        }
        qry.target_list = tlist;
        self.finish_query(&mut qry, None);
        self.assign_query_collations(&mut qry)?;
        Ok(qry)
    }

    /// RETURNING, with OLD and NEW in scope.
    pub(crate) fn transform_returning(
        &mut self,
        qry: &mut Query,
        clause: Option<&ast::ReturningClause>,
        kind: ExprKind,
    ) -> PgResult<()> {
        let Some(clause) = clause else { return Ok(()) };
        for option in &clause.options {
            let (slot, what) = match option.option {
                ast::ReturningOptionKind::Old => (&mut qry.returning_old_alias, "OLD"),
                ast::ReturningOptionKind::New => (&mut qry.returning_new_alias, "NEW"),
            };
            if slot.is_some() {
                return Err(err!(SYNTAX_ERROR, "{what} cannot be specified multiple times")
                    .at(option.location));
            }
            if self
                .ps()
                .namespace
                .iter()
                .any(|item| item.rel_visible && item.names.aliasname == option.value)
                || [&qry.returning_old_alias, &qry.returning_new_alias]
                    .iter()
                    .any(|a| a.as_ref() == Some(&option.value))
            {
                return Err(err!(
                    DUPLICATE_ALIAS,
                    "table name \"{}\" specified more than once",
                    option.value
                )
                .at(option.location));
            }
            let slot = match option.option {
                ast::ReturningOptionKind::Old => &mut qry.returning_old_alias,
                ast::ReturningOptionKind::New => &mut qry.returning_new_alias,
            };
            *slot = Some(option.value.clone());
        }
        // Unless renamed, OLD and NEW go by these names if no table does already.
        let taken = |a: &Self, name: &str| a.refname_nsitem(None, name, -1).map(|f| f.is_some());
        if qry.returning_old_alias.is_none() && !taken(self, "old")? {
            qry.returning_old_alias = Some("old".to_owned());
        }
        if qry.returning_new_alias.is_none() && !taken(self, "new")? {
            qry.returning_new_alias = Some("new".to_owned());
        }
        let saved_namespace = self.ps().namespace.len();
        for (alias, returning_type) in [
            (qry.returning_old_alias.clone(), VarReturningType::Old),
            (qry.returning_new_alias.clone(), VarReturningType::New),
        ] {
            let (Some(alias), Some(target)) = (alias, self.ps().target_nsitem.clone()) else {
                continue;
            };
            let mut item = target;
            let mut names = (*item.names).clone();
            names.aliasname = alias;
            item.names = Rc::new(names);
            item.rel_visible = true;
            item.cols_visible = false;
            item.lateral_only = false;
            item.lateral_ok = true;
            item.returning_type = returning_type;
            self.ps_mut().namespace.push(item);
        }
        let saved = self.ps().next_resno;
        self.ps_mut().next_resno = 1;
        let mut list = self.transform_target_list(&clause.exprs, kind)?;
        if list.is_empty() {
            let at = clause.exprs.first().map_or(-1, |target| target.location);
            return Err(err!(SYNTAX_ERROR, "RETURNING must have at least one column").at(at));
        }
        self.mark_target_origins(&mut list);
        if self.ps().resolve_unknowns {
            self.resolve_target_unknowns(&mut list)?;
        }
        self.ps_mut().next_resno = saved;
        self.ps_mut().namespace.truncate(saved_namespace);
        qry.returning_list = list;
        Ok(())
    }

    /// Internal error for a statement without what analysis needs.
    pub(crate) fn missing(what: &str) -> PgError {
        PgError::internal(format!("{what} is missing"))
    }
}

fn clear_into(select: &mut SelectStmt) {
    let mut current = select;
    loop {
        current.into_clause = None;
        match &mut current.larg {
            Some(left) => current = left,
            None => return,
        }
    }
}
