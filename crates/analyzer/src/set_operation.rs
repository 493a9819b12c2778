//! UNION, INTERSECT, EXCEPT.
use crate::locking::strength_name;
use crate::parse_state::{Analyzer, ExprKind, NsColumn, ParseState};
use error::{PgResult, bail, err};
use nodes::{
    Alias, CmdType, Expr, JoinType, Query, RteKind, SetOpNode, SetOperation, SetOperationKind,
    SortGroupClause, TargetEntry, Var, VarReturningType,
};
use parser::ast::{self, SelectStmt};
use types::{Oid, type_oid as t};

/// One output column of a member as the operation above sees it.
#[derive(Clone)]
pub(crate) struct SetColumn {
    pub expr: Expr,
    /// Leaf and its column, if this is a leaf's own target.
    leaf: Option<(i32, i16)>,
    location: i32,
}

impl Analyzer<'_> {
    pub(crate) fn transform_set_operation_stmt(&mut self, s: &SelectStmt) -> PgResult<Query> {
        let mut qry = Query { command_type: CmdType::Select, ..Query::default() };
        let mut leftmost = s;
        while let Some(left) = &leftmost.larg {
            leftmost = left;
        }
        if let Some(into) = &leftmost.into_clause {
            return Err(
                err!(SYNTAX_ERROR, "SELECT ... INTO is not allowed here").at(into.rel.location)
            );
        }
        if let Some(clause) = s.locking_clause.first() {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "{} is not allowed with UNION/INTERSECT/EXCEPT",
                strength_name(clause.strength)
            );
        }
        if let Some(with) = &s.with_clause {
            qry.has_recursive = with.recursive;
            self.transform_with_clause(with)?;
        }
        let (node, _) = self.transform_set_operation_tree(s, true)?;
        let SetOpNode::SetOp(operation) = node else {
            return Err(Self::missing("set operation"));
        };
        let leftmost_rti = leftmost_leaf(&operation.larg);
        let (mut tlist, columns) = self.set_operation_targets(&operation, leftmost_rti)?;
        let visible = tlist.len();
        qry.sort_clause = self.set_operation_sort(s, &mut tlist, columns)?;
        if let Some(extra) = tlist.get(visible) {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "invalid UNION/INTERSECT/EXCEPT ORDER BY clause"
            )
            .detail("Only result column names can be used, not expressions or functions.")
            .hint(
                "Add the expression/function to every SELECT, or move the UNION into a FROM clause.",
            )
            .at(extra.expr.location()));
        }
        qry.set_operations = Some(operation);
        self.transform_limits(&mut qry, s)?;
        qry.target_list = tlist;
        self.finish_query(&mut qry, None);
        self.assign_query_collations(&mut qry)?;
        if qry.has_aggs {
            self.check_aggregates(&mut qry)?;
        }
        Ok(qry)
    }

    /// The result's target list: Vars of the leftmost member with the operation's types.
    fn set_operation_targets(
        &mut self,
        operation: &SetOperation,
        leftmost_rti: i32,
    ) -> PgResult<(Vec<TargetEntry>, Vec<NsColumn>)> {
        let left: Vec<(i16, String, i32)> = match &self.ps().rtable[(leftmost_rti - 1) as usize]
            .kind
        {
            RteKind::Subquery { subquery, .. } => subquery
                .target_list
                .iter()
                .filter(|te| !te.resjunk)
                .map(|te| (te.resno, te.resname.clone().unwrap_or_default(), te.expr.location()))
                .collect(),
            _ => return Err(Self::missing("leftmost member of set operation")),
        };
        let mut tlist = Vec::with_capacity(left.len());
        let mut columns = Vec::with_capacity(left.len());
        for (i, (resno, name, location)) in left.into_iter().enumerate() {
            let column = NsColumn {
                varno: leftmost_rti,
                varattno: resno,
                vartype: operation.col_types[i],
                vartypmod: operation.col_typmods[i],
                varcollid: operation.col_collations[i],
                varnosyn: leftmost_rti,
                varattnosyn: resno,
                dontexpand: false,
            };
            let var = self.var_from_column(&column, 0, VarReturningType::Default, location);
            tlist.push(self.make_target(Expr::Var(var), Some(name), false));
            columns.push(column);
        }
        Ok((tlist, columns))
    }

    /// ORDER BY sees the result columns only, through a join entry that exists just for it.
    fn set_operation_sort(
        &mut self,
        s: &SelectStmt,
        tlist: &mut Vec<TargetEntry>,
        columns: Vec<NsColumn>,
    ) -> PgResult<Vec<SortGroupClause>> {
        if s.sort_clause.is_empty() {
            return Ok(Vec::new());
        }
        let rtable_len = self.ps().rtable.len();
        let names = tlist.iter().map(|te| te.resname.clone().unwrap_or_default()).collect();
        let vars = tlist.iter().map(|te| te.expr.clone()).collect();
        let kind = Self::join_kind(JoinType::Inner, 0, vars, Vec::new(), Vec::new(), None);
        let item = self.add_rte_for_join(names, columns, kind, None)?;
        let saved = std::mem::take(&mut self.ps_mut().namespace);
        self.add_nsitem_to_query(&item, false, false, true)?;
        let sort = self.transform_sort_clause(&s.sort_clause, tlist, ExprKind::OrderBy, false);
        self.ps_mut().namespace = saved;
        self.ps_mut().rtable.truncate(rtable_len);
        sort
    }

    fn transform_set_operation_tree(
        &mut self,
        s: &SelectStmt,
        top: bool,
    ) -> PgResult<(SetOpNode, Vec<SetColumn>)> {
        error::check_stack_depth()?;
        if !top {
            if let Some(into) = &s.into_clause {
                return Err(err!(
                    SYNTAX_ERROR,
                    "INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT"
                )
                .at(into.rel.location));
            }
            if let Some(clause) = s.locking_clause.first() {
                bail!(
                    FEATURE_NOT_SUPPORTED,
                    "{} is not allowed with UNION/INTERSECT/EXCEPT",
                    strength_name(clause.strength)
                );
            }
        }
        let own_clauses = !top
            && (!s.sort_clause.is_empty()
                || s.limit_offset.is_some()
                || s.limit_count.is_some()
                || s.with_clause.is_some());
        let (Some(larg), Some(rarg), false) =
            (&s.larg, &s.rarg, s.op == ast::SetOperation::None || own_clauses)
        else {
            return self.transform_set_leaf(s);
        };
        let (op, context) = match s.op {
            ast::SetOperation::Union | ast::SetOperation::None => {
                (SetOperationKind::Union, "UNION")
            }
            ast::SetOperation::Intersect => (SetOperationKind::Intersect, "INTERSECT"),
            ast::SetOperation::Except => (SetOperationKind::Except, "EXCEPT"),
        };
        let recursive = self.parent_cte_is_recursive();
        let (larg, left) = self.transform_set_operation_tree(larg, false)?;
        if top && recursive {
            self.determine_recursive_col_types(leftmost_of(&larg), &left)?;
        }
        let (rarg, right) = self.transform_set_operation_tree(rarg, false)?;
        if left.len() != right.len() {
            let at = right.iter().map(|c| c.expr.location()).find(|l| *l >= 0).unwrap_or(-1);
            return Err(err!(
                SYNTAX_ERROR,
                "each {context} query must have the same number of columns"
            )
            .at(at));
        }
        let mut operation = SetOperation {
            op,
            all: s.all,
            larg,
            rarg,
            col_types: Vec::new(),
            col_typmods: Vec::new(),
            col_collations: Vec::new(),
            group_clauses: Vec::new(),
        };
        let mut columns = Vec::with_capacity(left.len());
        for (l, r) in left.into_iter().zip(right) {
            columns.push(self.combine_columns(&mut operation, l, r, context, recursive)?);
        }
        Ok((SetOpNode::SetOp(Box::new(operation)), columns))
    }

    fn transform_set_leaf(&mut self, s: &SelectStmt) -> PgResult<(SetOpNode, Vec<SetColumn>)> {
        // The operation decides what untyped literals become.
        let level = ParseState { resolve_unknowns: false, ..ParseState::new() };
        let query = self.sub_analyze_select(s, level)?;
        if !self.ps().namespace.is_empty() {
            let mut at = None;
            nodes::walk::visit_query_deep(&query, 1, &mut |e, level| {
                if let Expr::Var(v) = e {
                    if v.varlevelsup == level {
                        at = at.or(Some(v.location));
                    }
                }
            });
            if let Some(at) = at {
                return Err(err!(
                    INVALID_COLUMN_REFERENCE,
                    "UNION/INTERSECT/EXCEPT member statement cannot refer to other relations of \
                     same query level"
                )
                .at(at));
            }
        }
        let rti = self.ps().rtable.len() as i32 + 1;
        let columns = query
            .target_list
            .iter()
            .filter(|te| !te.resjunk)
            .map(|te| SetColumn {
                expr: te.expr.clone(),
                leaf: Some((rti, te.resno)),
                location: te.expr.location(),
            })
            .collect();
        let alias = Alias { aliasname: format!("*SELECT* {rti}"), colnames: Vec::new() };
        let item = self.add_rte_for_subquery(query, Some(alias), false, false)?;
        Ok((SetOpNode::RangeTblRef(item.rtindex), columns))
    }

    fn combine_columns(
        &mut self,
        operation: &mut SetOperation,
        left: SetColumn,
        right: SetColumn,
        context: &str,
        recursive: bool,
    ) -> PgResult<SetColumn> {
        let (typ, best) = self.select_common_type([&left.expr, &right.expr], Some(context))?;
        let location = if best == 0 { left.location } else { right.location };
        let left = self.convert_member_column(left, typ, context)?;
        let right = self.convert_member_column(right, typ, context)?;
        let typmod = self.select_common_typmod([&left, &right], typ);
        let union_all = operation.op == SetOperationKind::Union && operation.all;
        let collation = self.select_common_collation(&mut [left, right], union_all)?;
        operation.col_types.push(typ);
        operation.col_typmods.push(typmod);
        operation.col_collations.push(collation);
        if !union_all {
            let clause =
                self.set_op_group_clause(typ, recursive).map_err(|e| e.at_if_unset(location))?;
            operation.group_clauses.push(clause);
        }
        let placeholder = Expr::SetToDefault(nodes::CaseTestExpr {
            type_id: typ,
            type_mod: typmod,
            collation,
            location,
        });
        Ok(SetColumn { expr: placeholder, leaf: None, location })
    }

    /// Converts a member's column; an untyped literal is converted within the member itself.
    fn convert_member_column(
        &mut self,
        column: SetColumn,
        typ: Oid,
        context: &str,
    ) -> PgResult<Expr> {
        if column.expr.typ() != t::UNKNOWN {
            return self.coerce_to_common_type(column.expr, typ, context);
        }
        if !matches!(column.expr, Expr::Const(_) | Expr::Param(_)) {
            return Ok(column.expr);
        }
        let converted = self.coerce_to_common_type(column.expr, typ, context)?;
        if let Some((rti, resno)) = column.leaf {
            if let RteKind::Subquery { subquery, .. } =
                &mut self.ps_mut().rtable[(rti - 1) as usize].kind
            {
                if let Some(te) = subquery.target_list.iter_mut().find(|te| te.resno == resno) {
                    te.expr = converted.clone();
                }
            }
        }
        Ok(converted)
    }

    /// How a set operation compares values of a type; the reference numbers are the planner's.
    pub(crate) fn set_op_group_clause(
        &mut self,
        typ: Oid,
        require_hash: bool,
    ) -> PgResult<SortGroupClause> {
        let ops = self.sort_group_operators(typ, false, true, false)?;
        Ok(SortGroupClause {
            tle_sort_group_ref: 0,
            eqop: ops.eq,
            sortop: ops.lt,
            reverse_sort: false,
            nulls_first: false,
            hashable: ops.hashable || require_hash && matches!(typ, t::RECORD | t::RECORD_ARRAY),
        })
    }

    fn parent_cte_is_recursive(&self) -> bool {
        match (self.ps().parent_cte, self.levels.len()) {
            (Some(index), depth) if depth >= 2 => {
                self.level(1).ctenamespace.get(index).is_some_and(|item| item.cte.cterecursive)
            }
            _ => false,
        }
    }

    /// The recursive term sees the columns of the non-recursive one.
    fn determine_recursive_col_types(
        &mut self,
        leftmost_rti: i32,
        columns: &[SetColumn],
    ) -> PgResult<()> {
        let names: Vec<String> = match &self.ps().rtable[(leftmost_rti - 1) as usize].kind {
            RteKind::Subquery { subquery, .. } => subquery
                .target_list
                .iter()
                .filter(|te| !te.resjunk)
                .map(|te| te.resname.clone().unwrap_or_default())
                .collect(),
            _ => return Err(Self::missing("leftmost member of set operation")),
        };
        let Some(index) = self.ps().parent_cte else { return Ok(()) };
        let columns: Vec<(String, Oid, i32, Oid)> = names
            .into_iter()
            .zip(columns)
            .map(|(name, c)| (name, c.expr.typ(), c.expr.typmod(), c.expr.collation()))
            .collect();
        self.set_cte_columns(1, index, &columns)
    }
}

fn leftmost_of(node: &SetOpNode) -> i32 {
    leftmost_leaf(node)
}

fn leftmost_leaf(node: &SetOpNode) -> i32 {
    match node {
        SetOpNode::RangeTblRef(rti) => *rti,
        SetOpNode::SetOp(op) => leftmost_leaf(&op.larg),
    }
}

/// A Var without history.
pub(crate) fn plain_var(varno: i32, attno: i16, typ: Oid, typmod: i32, collation: Oid) -> Var {
    Var {
        varno,
        varattno: attno,
        vartype: typ,
        vartypmod: typmod,
        varcollid: collation,
        varnullingrels: Vec::new(),
        varlevelsup: 0,
        varreturningtype: VarReturningType::Default,
        varnosyn: varno,
        varattnosyn: attno,
        location: -1,
    }
}
