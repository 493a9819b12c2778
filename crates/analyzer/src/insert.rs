//! INSERT.
use crate::parse_relation::add_column;
use crate::parse_state::{Analyzer, ExprKind, ParseState};
use crate::set_operation::plain_var;
use crate::table_alias::ColumnLists;
use error::{PgResult, err};
use nodes::{Alias, CmdType, Expr, OverridingKind, Query, TargetEntry, acl};
use parser::ast::{self, InsertStmt, ResTarget, SelectStmt};
use types::{Oid, type_oid as t};

impl Analyzer<'_> {
    pub(crate) fn transform_insert(&mut self, s: &InsertStmt) -> PgResult<Query> {
        let mut qry = Query { command_type: CmdType::Insert, ..Query::default() };
        self.ps_mut().is_insert = true;
        if let Some(with) = &s.with_clause {
            qry.has_recursive = with.recursive;
            self.transform_with_clause(with)?;
        }
        qry.override_ = match s.overriding {
            ast::OverridingKind::NotSet => OverridingKind::NotSet,
            ast::OverridingKind::UserValue => OverridingKind::UserValue,
            ast::OverridingKind::SystemValue => OverridingKind::SystemValue,
        };
        let updates = s
            .on_conflict_clause
            .as_ref()
            .is_some_and(|c| c.action == ast::OnConflictAction::Update);
        let perms = if updates { acl::INSERT | acl::UPDATE } else { acl::INSERT };
        // In a rule's action the SELECT sees OLD and NEW, which this level has in its range table.
        let rule_rtable = if self.ps().is_rule {
            Some((
                self.ps().rtable.clone(),
                self.ps().rteperminfos.clone(),
                self.ps().namespace.clone(),
            ))
        } else {
            None
        };
        qry.result_relation = self.set_target_table(&s.relation, false, false, perms)?;
        let columns = self.check_insert_targets(&s.cols)?;
        let exprs = match s.select_stmt.as_deref() {
            None => Vec::new(),
            Some(select) if is_general_select(select) => {
                let exprs = self.insert_from_select(select, rule_rtable)?;
                self.transform_insert_row(exprs, &s.cols, &columns, false)?
            }
            Some(select) if select.values_lists.len() > 1 => {
                let exprs = self.insert_from_values(select, &s.cols, &columns)?;
                self.transform_insert_row(exprs, &s.cols, &columns, false)?
            }
            Some(select) => {
                let row = &select.values_lists[0];
                let exprs = self.transform_expression_list(row, ExprKind::ValuesSingle, true)?;
                self.transform_insert_row(exprs, &s.cols, &columns, false)?
            }
        };
        let tlist = self.insert_target_list(exprs, &columns);
        if s.on_conflict_clause.is_some() || s.returning_clause.is_some() {
            // These see the target table and nothing else.
            let target = self.ps().target_nsitem.clone().ok_or_else(|| Self::missing("target"))?;
            self.ps_mut().namespace.clear();
            self.add_nsitem_to_query(&target, false, true, true)?;
        }
        if let Some(clause) = &s.on_conflict_clause {
            qry.on_conflict = Some(Box::new(self.transform_on_conflict(clause)?));
        }
        self.transform_returning(&mut qry, s.returning_clause.as_ref(), ExprKind::Returning)?;
        qry.target_list = tlist;
        self.finish_query(&mut qry, None);
        self.assign_query_collations(&mut qry)?;
        Ok(qry)
    }

    /// Target entries for the values, and INSERT permission on their columns.
    pub(crate) fn insert_target_list(
        &mut self,
        exprs: Vec<Expr>,
        columns: &[(i16, ResTarget)],
    ) -> Vec<TargetEntry> {
        let perminfo = self.ps().target_nsitem.as_ref().map_or(0, |item| item.perminfo);
        let mut tlist = Vec::with_capacity(exprs.len());
        for (expr, (attno, col)) in exprs.into_iter().zip(columns) {
            tlist.push(TargetEntry {
                expr,
                resno: *attno,
                resname: col.name.clone(),
                ressortgroupref: 0,
                resorigtbl: Oid::INVALID,
                resorigcol: 0,
                resjunk: false,
            });
            if perminfo > 0 {
                let info = &mut self.ps_mut().rteperminfos[(perminfo - 1) as usize];
                add_column(&mut info.inserted_cols, *attno);
            }
        }
        tlist
    }

    fn insert_from_select(
        &mut self,
        select: &SelectStmt,
        rule: Option<(
            Vec<nodes::RangeTblEntry>,
            Vec<nodes::RTEPermissionInfo>,
            Vec<crate::parse_state::NsItem>,
        )>,
    ) -> PgResult<Vec<Expr>> {
        let mut level = ParseState { resolve_unknowns: false, ..ParseState::new() };
        if let Some((rtable, rteperminfos, namespace)) = rule {
            level.rtable = rtable;
            level.rteperminfos = rteperminfos;
            level.namespace = namespace;
        }
        let query = self.sub_analyze_select(select, level)?;
        let targets: Vec<(i16, Expr)> = query
            .target_list
            .iter()
            .filter(|te| !te.resjunk)
            .map(|te| (te.resno, te.expr.clone()))
            .collect();
        let alias = Alias { aliasname: "*SELECT*".to_owned(), colnames: Vec::new() };
        let item = self.add_rte_for_subquery(query, Some(alias), false, false)?;
        self.add_nsitem_to_query(&item, true, false, false)?;
        Ok(targets
            .into_iter()
            .map(|(resno, expr)| {
                // Untyped literals are pulled up, to be converted to their columns' types.
                if expr.typ() == t::UNKNOWN && matches!(expr, Expr::Const(_) | Expr::Param(_)) {
                    return expr;
                }
                let mut var =
                    plain_var(item.rtindex, resno, expr.typ(), expr.typmod(), expr.collation());
                var.location = expr.location();
                Expr::Var(var)
            })
            .collect())
    }

    fn insert_from_values(
        &mut self,
        select: &SelectStmt,
        cols: &[ResTarget],
        columns: &[(i16, ResTarget)],
    ) -> PgResult<Vec<Expr>> {
        let mut rows: Vec<Vec<Expr>> = Vec::with_capacity(select.values_lists.len());
        let mut width = None;
        for raw in &select.values_lists {
            let row = self.transform_expression_list(raw, ExprKind::Values, true)?;
            if *width.get_or_insert(row.len()) != row.len() {
                let at = row.first().map_or(-1, Expr::location);
                return Err(err!(SYNTAX_ERROR, "VALUES lists must all be the same length").at(at));
            }
            let mut row = self.transform_insert_row(row, cols, columns, true)?;
            for expr in &mut row {
                self.assign_expr_collations(expr)?;
            }
            rows.push(row);
        }
        let mut lists = ColumnLists::default();
        for expr in &rows[0] {
            lists.push(expr.typ(), expr.typmod(), Oid::INVALID);
        }
        let lateral = self.values_are_lateral(&rows);
        let item = self.add_rte_for_values(rows, lists, None, lateral, true)?;
        self.add_nsitem_to_query(&item, true, false, false)?;
        Ok(self.expand_nsitem_vars(&item, 0, -1).into_iter().map(|(_, e)| e).collect())
    }

    /// Converts one row of values to the target columns' types.
    pub(crate) fn transform_insert_row(
        &mut self,
        exprs: Vec<Expr>,
        cols: &[ResTarget],
        columns: &[(i16, ResTarget)],
        strip_indirection: bool,
    ) -> PgResult<Vec<Expr>> {
        if exprs.len() > columns.len() {
            return Err(err!(SYNTAX_ERROR, "INSERT has more expressions than target columns")
                .at(exprs[columns.len()].location()));
        }
        if !cols.is_empty() && exprs.len() < columns.len() {
            let e = err!(SYNTAX_ERROR, "INSERT has more target columns than expressions")
                .at(columns[exprs.len()].1.location);
            let row_width = match exprs.as_slice() {
                [Expr::RowExpr(row)] => Some(row.args.len()),
                _ => None,
            };
            return Err(if row_width == Some(columns.len()) {
                e.hint(
                    "The insertion source is a row expression containing the same number of \
                     columns expected by the INSERT. Did you accidentally use extra parentheses?",
                )
            } else {
                e
            });
        }
        let mut result = Vec::with_capacity(exprs.len());
        for (expr, (attno, col)) in exprs.into_iter().zip(columns) {
            let expr = self.transform_assigned_expr(
                expr,
                ExprKind::InsertTarget,
                col.name.as_deref().unwrap_or_default(),
                *attno,
                &col.indirection,
                col.location,
            )?;
            result.push(if strip_indirection { strip_assignment(expr) } else { expr });
        }
        Ok(result)
    }
}

/// The value inside assignments to fields and elements; VALUES rows hold bare values.
fn strip_assignment(mut expr: Expr) -> Expr {
    loop {
        let mut under_domain = &expr;
        while let Expr::CoerceToDomain(c) = under_domain {
            under_domain = &c.arg;
        }
        let is_assignment = match under_domain {
            Expr::FieldStore(_) => true,
            Expr::SubscriptingRef(s) => s.refassgnexpr.is_some(),
            _ => false,
        };
        if !is_assignment {
            return expr;
        }
        while let Expr::CoerceToDomain(c) = expr {
            expr = c.arg;
        }
        expr = match expr {
            Expr::FieldStore(mut f) => f.newvals.swap_remove(0),
            Expr::SubscriptingRef(s) => match s.refassgnexpr {
                Some(value) => value,
                None => return s.refexpr,
            },
            other => return other,
        };
    }
}

/// Anything but a bare VALUES list.
fn is_general_select(s: &SelectStmt) -> bool {
    s.values_lists.is_empty()
        || !s.sort_clause.is_empty()
        || s.limit_offset.is_some()
        || s.limit_count.is_some()
        || !s.locking_clause.is_empty()
        || s.with_clause.is_some()
}
