//! Moving expressions between queries: range table offsets, level shifts, substitution of Vars.
use error::{PgError, PgResult};
use nodes::{
    Expr, JoinTreeNode, Query, ReturningExpr, RowExpr, RteKind, SetOpNode, TargetEntry, Var,
    VarReturningType,
};
use types::Oid;

/// Changes to a query tree, level by level.
trait TreeEdit {
    fn query(&mut self, _query: &mut Query, _level: u32) {}
    fn expr(&mut self, expr: &mut Expr, level: u32);
}

fn edit_query(query: &mut Query, level: u32, edit: &mut dyn TreeEdit) {
    edit.query(query, level);
    query.for_each_expr_mut(&mut |e| edit_expr(e, level, edit));
    for rte in &mut query.rtable {
        if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
            edit_query(subquery, level + 1, edit);
        }
    }
    for cte in &mut query.cte_list {
        edit_query(&mut cte.ctequery, level + 1, edit);
    }
}

fn edit_expr(expr: &mut Expr, level: u32, edit: &mut dyn TreeEdit) {
    expr.for_each_child_mut(&mut |child| edit_expr(child, level, edit));
    if let Expr::SubLink(s) = expr {
        edit_query(&mut s.subselect, level + 1, edit);
    }
    edit.expr(expr, level);
}

/// Maps range table indexes of the query at one level.
struct MapIndexes<F: Fn(i32) -> i32> {
    map: F,
}

impl<F: Fn(i32) -> i32> MapIndexes<F> {
    fn join_node(&self, node: &mut JoinTreeNode) {
        match node {
            JoinTreeNode::RangeTblRef(rti) => *rti = (self.map)(*rti),
            JoinTreeNode::JoinExpr(j) => {
                j.rtindex = if j.rtindex > 0 { (self.map)(j.rtindex) } else { 0 };
                self.join_node(&mut j.larg);
                self.join_node(&mut j.rarg);
            }
            JoinTreeNode::FromExpr(f) => f.fromlist.iter_mut().for_each(|n| self.join_node(n)),
        }
    }

    fn set_node(&self, node: &mut SetOpNode) {
        match node {
            SetOpNode::RangeTblRef(rti) => *rti = (self.map)(*rti),
            SetOpNode::SetOp(op) => {
                self.set_node(&mut op.larg);
                self.set_node(&mut op.rarg);
            }
        }
    }
}

impl<F: Fn(i32) -> i32> TreeEdit for MapIndexes<F> {
    fn query(&mut self, query: &mut Query, level: u32) {
        if level != 0 {
            return;
        }
        for slot in [&mut query.result_relation, &mut query.merge_target_relation] {
            if *slot > 0 {
                *slot = (self.map)(*slot);
            }
        }
        if let Some(oc) = &mut query.on_conflict {
            if oc.excl_rel_index > 0 {
                oc.excl_rel_index = (self.map)(oc.excl_rel_index);
            }
        }
        for mark in &mut query.row_marks {
            mark.rti = (self.map)(mark.rti);
        }
        query.jointree.fromlist.iter_mut().for_each(|n| self.join_node(n));
        if let Some(op) = &mut query.set_operations {
            self.set_node(&mut op.larg);
            self.set_node(&mut op.rarg);
        }
    }

    fn expr(&mut self, expr: &mut Expr, level: u32) {
        match expr {
            Expr::Var(v) if v.varlevelsup == level && v.varno > 0 => {
                v.varno = (self.map)(v.varno);
                if v.varnosyn > 0 {
                    v.varnosyn = (self.map)(v.varnosyn);
                }
                for rel in &mut v.varnullingrels {
                    *rel = (self.map)(*rel);
                }
                v.varnullingrels.sort_unstable();
            }
            Expr::CurrentOfExpr(c) if level == 0 && c.cvarno > 0 => c.cvarno = (self.map)(c.cvarno),
            _ => {}
        }
    }
}

/// Adds `offset` to every range table index of the query's own level.
pub fn offset_var_nodes(query: &mut Query, offset: i32) {
    edit_query(query, 0, &mut MapIndexes { map: |rti| rti + offset });
}

/// The same for an expression.
pub fn offset_expr(expr: &mut Expr, offset: i32) {
    edit_expr(expr, 0, &mut MapIndexes { map: |rti| rti + offset });
}

/// Replaces one range table index by another.
pub fn change_var_nodes(query: &mut Query, from: i32, to: i32) {
    edit_query(query, 0, &mut MapIndexes { map: |rti| if rti == from { to } else { rti } });
}

/// The same for an expression.
pub fn change_expr_vars(expr: &mut Expr, from: i32, to: i32) {
    edit_expr(expr, 0, &mut MapIndexes { map: |rti| if rti == from { to } else { rti } });
}

struct IncrementLevels {
    by: u32,
    min: u32,
}

impl TreeEdit for IncrementLevels {
    fn query(&mut self, query: &mut Query, level: u32) {
        for rte in &mut query.rtable {
            if let RteKind::Cte { ctelevelsup, .. } = &mut rte.kind {
                if *ctelevelsup >= level + self.min {
                    *ctelevelsup += self.by;
                }
            }
        }
    }

    fn expr(&mut self, expr: &mut Expr, level: u32) {
        let min = level + self.min;
        match expr {
            Expr::Var(v) if v.varlevelsup >= min => v.varlevelsup += self.by,
            Expr::Aggref(a) if a.agglevelsup >= min => a.agglevelsup += self.by,
            Expr::GroupingFunc(g) if g.agglevelsup >= min => g.agglevelsup += self.by,
            Expr::ReturningExpr(r) if r.retlevelsup >= min => r.retlevelsup += self.by,
            _ => {}
        }
    }
}

/// Adds `by` to the level of everything that refers `min` or more levels up.
pub fn increment_levels(expr: &mut Expr, by: u32, min: u32) {
    if by > 0 {
        edit_expr(expr, 0, &mut IncrementLevels { by, min });
    }
}

/// The same for a whole query, whose own level is 0.
pub(super) fn increment_query_levels(query: &mut Query, by: u32, min: u32) {
    edit_query(query, 0, &mut IncrementLevels { by, min });
}

/// What to put for a column that the target list does not give.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NoMatch {
    /// Cannot happen.
    Report,
    /// The same column of another range table entry.
    ChangeVarno(i32),
    /// NULL.
    Null,
}

/// Replaces references to one range table entry by a target list's expressions.
pub struct VarReplacement<'t> {
    pub target_varno: i32,
    pub targets: &'t [TargetEntry],
    /// Result relation that OLD and NEW in RETURNING belong to afterwards.
    pub result_relation: i32,
    pub no_match: NoMatch,
    /// Names and (type, typmod, collation) of the entry's columns, for whole-row references.
    pub columns: &'t [(String, Oid, i32, Oid)],
    /// Makes a NULL of a type.
    pub null: &'t dyn Fn(Oid, i32, Oid) -> PgResult<Expr>,
}

struct Replace<'r, 't> {
    spec: &'r VarReplacement<'t>,
    failure: Option<PgError>,
}

impl Replace<'_, '_> {
    fn column(&mut self, v: &Var) -> PgResult<Expr> {
        let spec = self.spec;
        if v.varattno == 0 {
            return self.whole_row(v);
        }
        let found = spec.targets.iter().find(|te| te.resno == v.varattno && !te.resjunk);
        let Some(te) = found else {
            return match spec.no_match {
                NoMatch::Report => {
                    Err(PgError::internal("could not find replacement targetlist entry for attno"))
                }
                NoMatch::ChangeVarno(rti) => {
                    let mut v = v.clone();
                    v.varno = rti;
                    v.varnosyn = rti;
                    v.varlevelsup = 0;
                    Ok(Expr::Var(v))
                }
                NoMatch::Null => (spec.null)(v.vartype, v.vartypmod, v.varcollid),
            };
        };
        let mut expr = te.expr.clone();
        // References to columns that an outer join above may null.
        if !v.varnullingrels.is_empty() {
            nodes::walk::rewrite_expr_deep(&mut expr, 0, &mut |e, level| {
                if let Expr::Var(inner) = e {
                    if inner.varlevelsup == level {
                        for rel in &v.varnullingrels {
                            if let Err(at) = inner.varnullingrels.binary_search(rel) {
                                inner.varnullingrels.insert(at, *rel);
                            }
                        }
                    }
                }
            });
        }
        if v.varreturningtype != VarReturningType::Default {
            self.mark_returning(&mut expr, v.varreturningtype);
        }
        Ok(expr)
    }

    /// OLD.x and NEW.x of a view read OLD and NEW of its base table.
    fn mark_returning(&mut self, expr: &mut Expr, kind: VarReturningType) {
        let result_relation = self.spec.result_relation;
        nodes::walk::rewrite_expr_deep(expr, 0, &mut |e, level| {
            if let Expr::Var(inner) = e {
                if inner.varlevelsup == level && inner.varno == result_relation {
                    inner.varreturningtype = kind;
                }
            }
        });
        let plain = matches!(expr, Expr::Var(v) if v.varno == result_relation);
        if !plain {
            let inner =
                std::mem::replace(expr, Expr::CurrentOfExpr(crate::parse_func::placeholder()));
            *expr = Expr::ReturningExpr(Box::new(ReturningExpr {
                retlevelsup: 0,
                retold: kind == VarReturningType::Old,
                retexpr: inner,
            }));
        }
    }

    fn whole_row(&mut self, v: &Var) -> PgResult<Expr> {
        let mut args = Vec::with_capacity(self.spec.columns.len());
        let mut colnames = Vec::with_capacity(self.spec.columns.len());
        for (i, (name, typ, typmod, collation)) in self.spec.columns.iter().enumerate() {
            colnames.push(name.clone());
            if name.is_empty() {
                args.push((self.spec.null)(types::type_oid::INT4, -1, Oid::INVALID)?);
                continue;
            }
            let mut column = v.clone();
            column.varattno = i as i16 + 1;
            column.vartype = *typ;
            column.vartypmod = *typmod;
            column.varcollid = *collation;
            column.varreturningtype = VarReturningType::Default;
            args.push(self.column(&column)?);
        }
        let mut row = Expr::RowExpr(Box::new(RowExpr {
            args,
            row_typeid: v.vartype,
            row_format: nodes::CoercionForm::ImplicitCast,
            colnames: if v.vartype == types::type_oid::RECORD { colnames } else { Vec::new() },
            location: v.location,
        }));
        if v.varreturningtype != VarReturningType::Default {
            self.mark_returning(&mut row, v.varreturningtype);
        }
        Ok(row)
    }
}

impl TreeEdit for Replace<'_, '_> {
    fn expr(&mut self, expr: &mut Expr, level: u32) {
        if self.failure.is_some() {
            return;
        }
        let Expr::Var(v) = expr else { return };
        if v.varlevelsup != level || v.varno != self.spec.target_varno {
            return;
        }
        let v = v.clone();
        match self.column(&v) {
            Ok(mut replacement) => {
                increment_levels(&mut replacement, level, 0);
                *expr = replacement;
            }
            Err(e) => self.failure = Some(e),
        }
    }
}

/// Substitutes in a query and everything below it.
pub fn replace_vars(query: &mut Query, spec: &VarReplacement<'_>) -> PgResult<()> {
    let mut edit = Replace { spec, failure: None };
    edit_query(query, 0, &mut edit);
    edit.failure.map_or(Ok(()), Err)
}

/// Substitutes in one expression.
pub fn replace_expr_vars(expr: &mut Expr, spec: &VarReplacement<'_>) -> PgResult<()> {
    let mut edit = Replace { spec, failure: None };
    edit_expr(expr, 0, &mut edit);
    edit.failure.map_or(Ok(()), Err)
}

struct UsesIndex {
    rti: i32,
    found: bool,
}

impl UsesIndex {
    fn join_node(&mut self, node: &JoinTreeNode) {
        match node {
            JoinTreeNode::RangeTblRef(rti) => self.found |= *rti == self.rti,
            JoinTreeNode::JoinExpr(j) => {
                self.found |= j.rtindex == self.rti;
                self.join_node(&j.larg);
                self.join_node(&j.rarg);
            }
            JoinTreeNode::FromExpr(f) => f.fromlist.iter().for_each(|n| self.join_node(n)),
        }
    }
}

/// Whether a join tree or the conditions in it refer to a range table entry.
pub fn join_tree_uses(query: &Query, rti: i32) -> bool {
    let mut uses = UsesIndex { rti, found: false };
    query.jointree.fromlist.iter().for_each(|n| uses.join_node(n));
    uses.found || query.jointree.quals.as_ref().is_some_and(|q| expr_uses(q, rti))
}

/// Whether an expression refers to a range table entry of its query.
pub fn expr_uses(expr: &Expr, rti: i32) -> bool {
    let mut found = false;
    nodes::walk::visit_expr_deep(expr, 0, &mut |e, level| {
        if let Expr::Var(v) = e {
            found |= v.varlevelsup == level && v.varno == rti;
        }
    });
    found
}

/// Whether anything in a query refers to a range table entry.
pub fn query_uses(query: &Query, rti: i32) -> bool {
    if join_tree_uses(query, rti)
        || query.result_relation == rti
        || query.row_marks.iter().any(|m| m.rti == rti)
    {
        return true;
    }
    let set_op_uses = query.set_operations.as_ref().is_some_and(|op| {
        fn uses(node: &SetOpNode, rti: i32) -> bool {
            match node {
                SetOpNode::RangeTblRef(r) => *r == rti,
                SetOpNode::SetOp(op) => uses(&op.larg, rti) || uses(&op.rarg, rti),
            }
        }
        uses(&op.larg, rti) || uses(&op.rarg, rti)
    });
    if set_op_uses {
        return true;
    }
    let mut found = false;
    nodes::walk::visit_query_deep(query, 0, &mut |e, level| {
        if let Expr::Var(v) = e {
            found |= v.varlevelsup == level && v.varno == rti;
        }
    });
    found
}

/// ANDs a condition to a query's WHERE.
pub fn add_qual(query: &mut Query, qual: Option<Expr>) {
    let Some(qual) = qual else { return };
    nodes::walk::visit_expr_deep(&qual, 0, &mut |e, _| {
        if matches!(e, Expr::SubLink(_)) {
            query.has_sub_links = true;
        }
    });
    query.jointree.quals = Some(match query.jointree.quals.take() {
        None => qual,
        Some(Expr::BoolExpr(mut b)) if b.boolop == nodes::BoolExprType::And => {
            b.args.push(qual);
            Expr::BoolExpr(b)
        }
        Some(first) => Expr::BoolExpr(Box::new(nodes::BoolExpr {
            boolop: nodes::BoolExprType::And,
            args: vec![first, qual],
            location: -1,
        })),
    });
}
