//! UNION ALL as an append relation, whose members are planned like children of a table.
use super::pull_up_subquery::{combine, is_simple_subquery, pull_up_simple_subquery};
use crate::{
    clauses::*,
    root::{AppendRelInfo, PlannerInfo},
};
use error::PgResult;
use nodes::*;
use std::rc::Rc;
use types::Oid;

/// Whether a subquery is nothing but UNION ALL of queries with the same column types.
pub fn is_simple_union_all(_root: &PlannerInfo<'_>, q: &Query) -> bool {
    let Some(top) = &q.set_operations else { return false };
    q.sort_clause.is_empty()
        && q.limit_offset.is_none()
        && q.limit_count.is_none()
        && q.row_marks.is_empty()
        && q.cte_list.is_empty()
        && is_union_all_op(q, top, &top.col_types)
}

fn is_union_all_op(q: &Query, op: &SetOperation, types: &[Oid]) -> bool {
    op.op == SetOperationKind::Union
        && op.all
        && [&op.larg, &op.rarg].into_iter().all(|arg| match arg {
            SetOpNode::RangeTblRef(rti) => leaf_has_types(q, *rti, types),
            SetOpNode::SetOp(op) => is_union_all_op(q, op, types),
        })
}

fn leaf_has_types(q: &Query, rti: i32, types: &[Oid]) -> bool {
    let RteKind::Subquery { subquery, .. } = &q.rte(rti).kind else { return false };
    let mut cols = subquery.target_list.iter().filter(|t| !t.resjunk).map(|t| t.expr.typ());
    types.iter().all(|t| cols.next() == Some(*t)) && cols.next().is_none()
}

/// Makes the subquery `rti` an append relation of this query.
pub fn pull_up_simple_union_all(root: &mut PlannerInfo<'_>, rti: i32) -> PgResult<()> {
    let rte = root.rte(rti);
    let lateral = rte.lateral;
    let RteKind::Subquery { subquery, .. } = &rte.kind else { return Ok(()) };
    let mut sub = (**subquery).clone();
    let Some(top) = sub.set_operations.take() else { return Ok(()) };
    let offset = root.parse.rtable.len() as i32;
    // The members are one level higher now.
    increment_query_sublevels_up(&mut sub, -1, 1);
    let columns = std::mem::take(&mut sub.target_list);
    combine(root, &mut sub, lateral);
    root.parse.rte_mut(rti).inh = true;
    root.parse.rte_mut(rti).lateral = lateral;
    add_members(root, &top, rti, &columns, offset)
}

fn add_members(
    root: &mut PlannerInfo<'_>,
    op: &SetOperation,
    parent: i32,
    columns: &[TargetEntry],
    offset: i32,
) -> PgResult<()> {
    for arg in [&op.larg, &op.rarg] {
        match arg {
            SetOpNode::SetOp(op) => add_members(root, op, parent, columns, offset)?,
            SetOpNode::RangeTblRef(leaf) => add_member(root, parent, leaf + offset, columns)?,
        }
    }
    Ok(())
}

fn add_member(
    root: &mut PlannerInfo<'_>,
    parent: i32,
    child: i32,
    columns: &[TargetEntry],
) -> PgResult<()> {
    let translated_vars = columns
        .iter()
        .filter(|t| !t.resjunk)
        .map(|t| {
            let e = &t.expr;
            let var = make_var(child, t.resno, e.typ(), e.typmod(), e.collation(), 0);
            Some(Expr::Var(var))
        })
        .collect();
    root.append_rel_list.push(Rc::new(AppendRelInfo {
        parent_relid: parent,
        child_relid: child,
        parent_reltype: Oid::INVALID,
        child_reltype: Oid::INVALID,
        translated_vars,
    }));
    let at = root.append_rel_list.len() - 1;
    let RteKind::Subquery { subquery, .. } = &root.rte(child).kind else { return Ok(()) };
    if is_simple_subquery(root, subquery, root.rte(child), None) {
        pull_up_simple_subquery(root, child, None, Some(at))?;
    } else if is_simple_union_all(root, subquery) {
        pull_up_simple_union_all(root, child)?;
    }
    Ok(())
}

/// A top-level UNION ALL as an append relation.
pub fn flatten_simple_union_all(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    let Some(top) = &root.parse.set_operations else { return Ok(()) };
    if root.has_recursion || !is_union_all_op(&root.parse, top, &top.col_types) {
        return Ok(());
    }
    let mut top = top.clone();
    // The first leaf's entry stands for the whole; a copy takes its place as a member.
    fn leftmost(op: &mut SetOperation) -> &mut i32 {
        match &mut op.larg {
            SetOpNode::RangeTblRef(rti) => rti,
            SetOpNode::SetOp(op) => leftmost(op),
        }
    }
    let first = leftmost(&mut top);
    let parent = *first;
    let mut copy = root.rte(parent).clone();
    copy.inh = false;
    root.parse.rtable.push(copy);
    *first = root.parse.rtable.len() as i32;
    root.parse.rte_mut(parent).inh = true;
    root.parse.jointree.fromlist = vec![JoinTreeNode::RangeTblRef(parent)];
    root.parse.set_operations = None;
    let columns = root.parse.target_list.clone();
    add_members(root, &top, parent, &columns, 0)
}
