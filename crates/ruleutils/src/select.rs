//! SELECT, VALUES and set operations.
use crate::deparser::{Deparser, STD};
use catalog::quote_identifier;
use error::{PgError, PgResult};
use nodes::{
    Expr, GroupingSet, LockClauseStrength, LockWaitPolicy, Query, RteKind, SetOpNode,
    SetOperationKind, TargetEntry, WindowClause, frame_option as f,
};

impl Deparser<'_> {
    pub(crate) fn select_query(
        &mut self,
        q: &Query,
        names: Option<&[String]>,
        names_visible: bool,
    ) -> PgResult<()> {
        self.with_clause(q)?;
        let saved_windows = std::mem::replace(&mut self.window_clause, q.window_clause.clone());
        let saved_targets = std::mem::replace(&mut self.window_targets, q.target_list.clone());
        let force_colno = match &q.set_operations {
            Some(op) => {
                let node = SetOpNode::SetOp(op.clone());
                self.set_operation(&node, q, names, names_visible)?;
                true
            }
            None => {
                self.basic_select(q, names, names_visible)?;
                false
            }
        };
        if !q.sort_clause.is_empty() {
            self.keyword(" ORDER BY ", -STD, STD, 1);
            self.order_by(&q.sort_clause, &q.target_list, force_colno)?;
        }
        if let Some(offset) = &q.limit_offset {
            self.keyword(" OFFSET ", -STD, STD, 0);
            self.rule_expr(offset, false)?;
        }
        if let Some(limit) = &q.limit_count {
            if q.limit_with_ties {
                self.keyword(" FETCH FIRST ", -STD, STD, 0);
                self.put("(");
                self.rule_expr(limit, false)?;
                self.put(") ROWS WITH TIES");
            } else {
                self.keyword(" LIMIT ", -STD, STD, 0);
                match limit {
                    Expr::Const(c) if c.value.is_null() => self.put("ALL"),
                    other => self.rule_expr(other, false)?,
                }
            }
        }
        if q.has_for_update {
            self.row_marks(q)?;
        }
        self.window_clause = saved_windows;
        self.window_targets = saved_targets;
        Ok(())
    }

    fn row_marks(&mut self, q: &Query) -> PgResult<()> {
        for mark in q.row_marks.iter().filter(|m| !m.pushed_down) {
            let text = match mark.strength {
                LockClauseStrength::ForKeyShare => " FOR KEY SHARE",
                LockClauseStrength::ForShare => " FOR SHARE",
                LockClauseStrength::ForNoKeyUpdate => " FOR NO KEY UPDATE",
                LockClauseStrength::ForUpdate => " FOR UPDATE",
            };
            self.keyword(text, -STD, STD, 0);
            let name = self.rte_name(mark.rti)?;
            self.put(&format!(" OF {}", quote_identifier(&name)));
            match mark.wait_policy {
                LockWaitPolicy::Error => self.put(" NOWAIT"),
                LockWaitPolicy::Skip => self.put(" SKIP LOCKED"),
                LockWaitPolicy::Block => {}
            }
        }
        Ok(())
    }

    pub(crate) fn rte_name(&self, rti: i32) -> PgResult<String> {
        self.namespaces
            .last()
            .and_then(|ns| ns.names.get((rti - 1) as usize).cloned().flatten())
            .ok_or_else(|| PgError::internal(format!("range table entry {rti} has no name")))
    }

    fn basic_select(
        &mut self,
        q: &Query,
        names: Option<&[String]>,
        names_visible: bool,
    ) -> PgResult<()> {
        if self.pretty.indent {
            self.indent_level += STD;
            self.put(" ");
        }
        if let Some(rows) = simple_values(q, names) {
            return self.values_def(rows);
        }
        self.put(if q.is_return { "RETURN" } else { "SELECT" });
        if q.has_distinct_on {
            self.put(" DISTINCT ON (");
            for (i, clause) in q.distinct_clause.iter().enumerate() {
                if i > 0 {
                    self.put(", ");
                }
                self.sort_group_item(clause, &q.target_list, false)?;
            }
            self.put(")");
        } else if !q.distinct_clause.is_empty() {
            self.put(" DISTINCT");
        }
        self.target_list(&q.target_list, names, names_visible)?;
        self.print_from(q, " FROM ")?;
        if let Some(quals) = &q.jointree.quals {
            self.keyword(" WHERE ", -STD, STD, 1);
            self.rule_expr(quals, false)?;
        }
        if !q.group_clause.is_empty() || !q.grouping_sets.is_empty() {
            self.group_by(q)?;
        }
        if let Some(having) = &q.having_qual {
            self.keyword(" HAVING ", -STD, STD, 0);
            self.rule_expr(having, false)?;
        }
        self.named_windows(q)
    }

    fn group_by(&mut self, q: &Query) -> PgResult<()> {
        self.keyword(" GROUP BY ", -STD, STD, 1);
        if q.group_distinct {
            self.put("DISTINCT ");
        }
        let saved = std::mem::replace(&mut self.in_group_by, true);
        if q.grouping_sets.is_empty() {
            for (i, clause) in q.group_clause.iter().enumerate() {
                if i > 0 {
                    self.put(", ");
                }
                self.sort_group_item(clause, &q.target_list, false)?;
            }
        } else {
            for (i, set) in q.grouping_sets.iter().enumerate() {
                if i > 0 {
                    self.put(", ");
                }
                self.grouping_set(set, q, true)?;
            }
        }
        self.in_group_by = saved;
        Ok(())
    }

    fn grouping_set(&mut self, set: &GroupingSet, q: &Query, omit_parens: bool) -> PgResult<()> {
        let (open, items) = match set {
            GroupingSet::Empty => {
                self.put("()");
                return Ok(());
            }
            GroupingSet::Simple(refs) => {
                let parens = !omit_parens || refs.len() != 1;
                if parens {
                    self.put("(");
                }
                for (i, group_ref) in refs.iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    let clause = q
                        .group_clause
                        .iter()
                        .find(|c| c.tle_sort_group_ref == *group_ref)
                        .ok_or_else(|| PgError::internal("grouping set without clause"))?;
                    self.sort_group_item(clause, &q.target_list, false)?;
                }
                if parens {
                    self.put(")");
                }
                return Ok(());
            }
            GroupingSet::Rollup(items) => ("ROLLUP(", items),
            GroupingSet::Cube(items) => ("CUBE(", items),
            GroupingSet::Sets(items) => ("GROUPING SETS (", items),
        };
        self.put(open);
        let omit = !matches!(set, GroupingSet::Sets(_));
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.grouping_set(item, q, omit)?;
        }
        self.put(")");
        Ok(())
    }

    fn named_windows(&mut self, q: &Query) -> PgResult<()> {
        let mut first = true;
        for clause in &q.window_clause {
            let Some(name) = &clause.name else { continue };
            if first {
                self.keyword(" WINDOW ", -STD, STD, 1);
            } else {
                self.put(", ");
            }
            first = false;
            self.put(&format!("{} AS ", quote_identifier(name)));
            self.window_spec(clause, &q.target_list)?;
        }
        Ok(())
    }

    /// `(PARTITION BY … ORDER BY … frame)`.
    pub(crate) fn window_spec(
        &mut self,
        w: &WindowClause,
        targets: &[TargetEntry],
    ) -> PgResult<()> {
        self.put("(");
        let mut need_space = false;
        if let Some(refname) = &w.refname {
            self.put(&quote_identifier(refname));
            need_space = true;
        }
        if !w.partition_clause.is_empty() && w.refname.is_none() {
            if need_space {
                self.put(" ");
            }
            self.put("PARTITION BY ");
            for (i, clause) in w.partition_clause.iter().enumerate() {
                if i > 0 {
                    self.put(", ");
                }
                self.sort_group_item(clause, targets, false)?;
            }
            need_space = true;
        }
        if !w.order_clause.is_empty() && !w.copied_order {
            if need_space {
                self.put(" ");
            }
            self.put("ORDER BY ");
            self.order_by(&w.order_clause, targets, false)?;
            need_space = true;
        }
        if w.frame_options & f::NONDEFAULT != 0 {
            if need_space {
                self.put(" ");
            }
            self.frame(w)?;
        }
        self.put(")");
        Ok(())
    }

    fn frame(&mut self, w: &WindowClause) -> PgResult<()> {
        let o = w.frame_options;
        self.put(if o & f::RANGE != 0 {
            "RANGE "
        } else if o & f::ROWS != 0 {
            "ROWS "
        } else {
            "GROUPS "
        });
        let between = o & f::BETWEEN != 0;
        if between {
            self.put("BETWEEN ");
        }
        if o & f::START_UNBOUNDED_PRECEDING != 0 {
            self.put("UNBOUNDED PRECEDING");
        } else if o & f::START_CURRENT_ROW != 0 {
            self.put("CURRENT ROW");
        } else if let Some(offset) = &w.start_offset {
            self.rule_expr(offset, false)?;
            self.put(if o & f::START_OFFSET_PRECEDING != 0 { " PRECEDING" } else { " FOLLOWING" });
        }
        if between {
            self.put(" AND ");
            if o & f::END_UNBOUNDED_FOLLOWING != 0 {
                self.put("UNBOUNDED FOLLOWING");
            } else if o & f::END_CURRENT_ROW != 0 {
                self.put("CURRENT ROW");
            } else if let Some(offset) = &w.end_offset {
                self.rule_expr(offset, false)?;
                self.put(if o & f::END_OFFSET_PRECEDING != 0 {
                    " PRECEDING"
                } else {
                    " FOLLOWING"
                });
            }
        }
        if o & f::EXCLUDE_CURRENT_ROW != 0 {
            self.put(" EXCLUDE CURRENT ROW");
        } else if o & f::EXCLUDE_GROUP != 0 {
            self.put(" EXCLUDE GROUP");
        } else if o & f::EXCLUDE_TIES != 0 {
            self.put(" EXCLUDE TIES");
        }
        Ok(())
    }

    pub(crate) fn values_def(&mut self, rows: &[Vec<Expr>]) -> PgResult<()> {
        self.put("VALUES ");
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.put("(");
            for (j, expr) in row.iter().enumerate() {
                if j > 0 {
                    self.put(",");
                }
                self.rule_expr(expr, false)?;
            }
            self.put(")");
        }
        Ok(())
    }

    pub(crate) fn target_list(
        &mut self,
        targets: &[TargetEntry],
        names: Option<&[String]>,
        names_visible: bool,
    ) -> PgResult<()> {
        let mut last_multiline = false;
        for (i, te) in targets.iter().filter(|te| !te.resjunk).enumerate() {
            self.put(if i == 0 { " " } else { ", " });
            let mut own_name = None;
            let item = self.capture(|d| {
                let attname = match &te.expr {
                    // A whole row must not be expanded as `t.*` would be.
                    Expr::Var(v) if v.varattno == 0 => {
                        d.whole_row(v)?;
                        None
                    }
                    Expr::Var(v) => d.variable(v)?,
                    other => {
                        d.rule_expr(other, true)?;
                        if names_visible { None } else { Some("?column?".to_owned()) }
                    }
                };
                own_name = attname;
                let colname = names.and_then(|n| n.get(i)).or(te.resname.as_ref());
                if let Some(colname) = colname {
                    if own_name.as_ref() != Some(colname) {
                        d.put(&format!(" AS {}", quote_identifier(colname)));
                    }
                }
                Ok(())
            })?;
            self.wrapped_item(&item, i == 0, last_multiline);
            last_multiline = item.trim_start_matches('\n').contains('\n');
        }
        Ok(())
    }

    /// `t.*::type`, which a parser reads as one value.
    pub(crate) fn whole_row(&mut self, v: &nodes::Var) -> PgResult<()> {
        self.variable(v)?;
        let name = self.type_name(v.vartype, v.vartypmod)?;
        self.put(&format!("::{name}"));
        Ok(())
    }

    fn set_operation(
        &mut self,
        node: &SetOpNode,
        q: &Query,
        names: Option<&[String]>,
        names_visible: bool,
    ) -> PgResult<()> {
        error::check_stack_depth()?;
        let op = match node {
            SetOpNode::RangeTblRef(rti) => {
                let RteKind::Subquery { subquery, .. } = &q.rte(*rti).kind else {
                    return Err(PgError::internal("set operation member is no subquery"));
                };
                let need_paren = !subquery.cte_list.is_empty()
                    || !subquery.sort_clause.is_empty()
                    || !subquery.row_marks.is_empty()
                    || subquery.limit_offset.is_some()
                    || subquery.limit_count.is_some()
                    || subquery.set_operations.is_some();
                if need_paren {
                    self.put("(");
                }
                let indent = self.indent_level;
                self.query(subquery, names, names_visible, indent)?;
                if need_paren {
                    self.put(")");
                }
                return Ok(());
            }
            SetOpNode::SetOp(op) => op,
        };
        let need_paren = match &op.larg {
            SetOpNode::SetOp(left) => left.op != op.op || left.all != op.all,
            SetOpNode::RangeTblRef(_) => false,
        };
        let mut subindent = 0;
        if need_paren {
            self.put("(");
            subindent = STD;
            self.keyword("", subindent, 0, 0);
        }
        self.set_operation(&op.larg, q, names, names_visible)?;
        if need_paren {
            self.keyword(") ", -subindent, 0, 0);
        } else if self.pretty.indent {
            self.keyword("", -subindent, 0, 0);
        } else {
            self.put(" ");
        }
        self.put(match op.op {
            SetOperationKind::Union => "UNION ",
            SetOperationKind::Intersect => "INTERSECT ",
            SetOperationKind::Except => "EXCEPT ",
        });
        if op.all {
            self.put("ALL ");
        }
        let need_paren = matches!(op.rarg, SetOpNode::SetOp(_));
        subindent = 0;
        if need_paren {
            self.put("(");
            subindent = STD;
        }
        self.keyword("", subindent, 0, 0);
        self.set_operation(&op.rarg, q, names, false)?;
        if self.pretty.indent {
            self.indent_level -= subindent;
        }
        if need_paren {
            self.keyword(")", 0, 0, 0);
        }
        Ok(())
    }
}

/// The rows of a query that is nothing but VALUES.
fn simple_values<'q>(q: &'q Query, names: Option<&[String]>) -> Option<&'q [Vec<Expr>]> {
    let mut found = None;
    for rte in &q.rtable {
        match &rte.kind {
            RteKind::Values { values_lists, .. } if rte.in_from_cl => {
                if found.is_some() {
                    return None;
                }
                found = Some((rte, values_lists.as_slice()));
            }
            _ => return None,
        }
    }
    let (rte, rows) = found?;
    if q.target_list.len() != rte.eref.colnames.len() {
        return None;
    }
    for (i, (te, name)) in q.target_list.iter().zip(&rte.eref.colnames).enumerate() {
        if te.resjunk {
            return None;
        }
        let shown = names.and_then(|n| n.get(i)).or(te.resname.as_ref());
        if shown != Some(name) {
            return None;
        }
    }
    Some(rows)
}
