//! GROUP BY with grouping sets.
use crate::parse_state::{Analyzer, ExprKind};
use crate::sort_clause::target_is_in_sort_list;
use error::{PgResult, err};
use nodes::{GroupingSet, SortGroupClause, TargetEntry};
use parser::ast::{self, GroupingSetKind};
use types::Oid;

/// A GROUP BY item after nested lists and grouping sets are merged.
enum Item<'a> {
    Expr(&'a ast::Expr),
    List(Vec<&'a ast::Expr>),
    Set { kind: GroupingSetKind, content: Vec<Item<'a>>, location: i32 },
}

/// State of one GROUP BY clause.
struct GroupState<'s> {
    tlist: &'s mut Vec<TargetEntry>,
    sort: &'s [SortGroupClause],
    result: Vec<SortGroupClause>,
    kind: ExprKind,
    sql99: bool,
}

impl Analyzer<'_> {
    /// GROUP BY: the grouping columns, and the grouping sets over them if there are any.
    pub(crate) fn transform_group_clause(
        &mut self,
        group: &[ast::Expr],
        tlist: &mut Vec<TargetEntry>,
        sort: &[SortGroupClause],
        kind: ExprKind,
        sql99: bool,
    ) -> PgResult<(Vec<SortGroupClause>, Vec<GroupingSet>)> {
        let mut has_sets = false;
        let mut items = Vec::new();
        for raw in group {
            flatten_top(raw, &mut items, &mut has_sets);
        }
        if items.is_empty() && has_sets {
            items.push(Item::Set {
                kind: GroupingSetKind::Empty,
                content: Vec::new(),
                location: -1,
            });
        }
        let mut state = GroupState { tlist, sort, result: Vec::new(), kind, sql99 };
        let mut sets = Vec::new();
        let mut seen: Vec<u32> = Vec::new();
        let mut plain: Vec<u32> = Vec::new();
        for item in &items {
            match item {
                Item::Expr(raw) => {
                    let group_ref = self.group_expr(&mut state, raw, &seen, true)?;
                    if group_ref > 0 {
                        seen.push(group_ref);
                        if has_sets {
                            sets.push(GroupingSet::Simple(vec![group_ref]));
                        }
                        plain.push(group_ref);
                    }
                }
                Item::List(list) => {
                    for raw in list {
                        let group_ref = self.group_expr(&mut state, raw, &seen, true)?;
                        if group_ref > 0 {
                            seen.push(group_ref);
                            if has_sets {
                                sets.push(GroupingSet::Simple(vec![group_ref]));
                            }
                        }
                    }
                }
                Item::Set { .. } => sets.push(self.grouping_set(&mut state, item)?),
            }
        }
        Ok((state.result, sets))
    }

    fn grouping_set(
        &mut self,
        state: &mut GroupState<'_>,
        item: &Item<'_>,
    ) -> PgResult<GroupingSet> {
        match item {
            Item::Expr(raw) => {
                let group_ref = self.group_expr(state, raw, &[], false)?;
                Ok(GroupingSet::Simple(vec![group_ref]))
            }
            Item::List(list) => {
                let mut refs: Vec<u32> = Vec::new();
                for raw in list {
                    let group_ref = self.group_expr(state, raw, &refs, false)?;
                    if group_ref > 0 {
                        refs.push(group_ref);
                    }
                }
                Ok(GroupingSet::Simple(refs))
            }
            Item::Set { kind, content, location } => {
                let mut sets = Vec::with_capacity(content.len());
                for inner in content {
                    sets.push(self.grouping_set(state, inner)?);
                }
                Ok(match kind {
                    GroupingSetKind::Empty => GroupingSet::Empty,
                    GroupingSetKind::Simple | GroupingSetKind::Sets => GroupingSet::Sets(sets),
                    GroupingSetKind::Rollup => GroupingSet::Rollup(sets),
                    GroupingSetKind::Cube => {
                        if sets.len() > 12 {
                            return Err(err!(TOO_MANY_COLUMNS, "CUBE is limited to 12 elements")
                                .at(*location));
                        }
                        GroupingSet::Cube(sets)
                    }
                })
            }
        }
    }

    /// Reference of one grouping expression; 0 if it is in `seen` already.
    fn group_expr(
        &mut self,
        state: &mut GroupState<'_>,
        raw: &ast::Expr,
        seen: &[u32],
        toplevel: bool,
    ) -> PgResult<u32> {
        let index = if state.sql99 {
            self.find_target_sql99(raw, state.tlist, state.kind)?
        } else {
            self.find_target_sql92(raw, state.tlist, state.kind)?
        };
        let group_ref = state.tlist[index].ressortgroupref;
        if group_ref > 0 {
            if seen.contains(&group_ref) {
                return Ok(0);
            }
            let target = &state.tlist[index];
            if target_is_in_sort_list(target, Oid::INVALID, Oid::INVALID, &state.result) {
                return Ok(group_ref);
            }
            // Group the way ORDER BY sorts, so that one sort serves both.
            if let Some(clause) = state.sort.iter().find(|c| c.tle_sort_group_ref == group_ref) {
                let mut clause = clause.clone();
                if !toplevel {
                    clause.nulls_first = false;
                }
                state.result.push(clause);
                return Ok(group_ref);
            }
        }
        let location = raw.leftmost_location();
        self.add_target_to_group_list(index, &mut state.result, state.tlist, location)?;
        Ok(state.tlist[index].ressortgroupref)
    }
}

/// At the top level `(a, b)` means a, b; an empty set vanishes.
fn flatten_top<'a>(raw: &'a ast::Expr, out: &mut Vec<Item<'a>>, has_sets: &mut bool) {
    match raw {
        ast::Expr::RowExpr(r) if r.row_format == ast::CoercionForm::ImplicitCast => {
            for arg in &r.args {
                flatten_top(arg, out, has_sets);
            }
        }
        ast::Expr::GroupingSet(g) => {
            *has_sets = true;
            if g.kind != GroupingSetKind::Empty {
                out.push(flatten_set(g));
            }
        }
        other => out.push(Item::Expr(other)),
    }
}

fn flatten_set(g: &ast::GroupingSet) -> Item<'_> {
    let mut content = Vec::new();
    for inner in &g.content {
        match inner {
            // GROUPING SETS directly inside another set are spliced in.
            ast::Expr::GroupingSet(sub)
                if sub.kind == GroupingSetKind::Sets && g.kind == GroupingSetKind::Sets =>
            {
                if let Item::Set { content: spliced, .. } = flatten_set(sub) {
                    content.extend(spliced);
                }
            }
            ast::Expr::GroupingSet(sub) => content.push(flatten_set(sub)),
            ast::Expr::RowExpr(r) if r.row_format == ast::CoercionForm::ImplicitCast => {
                let mut list = Vec::new();
                flatten_list(&r.args, &mut list);
                content.push(Item::List(list));
            }
            other => content.push(Item::Expr(other)),
        }
    }
    Item::Set { kind: g.kind, content, location: g.location }
}

fn flatten_list<'a>(args: &'a [ast::Expr], out: &mut Vec<&'a ast::Expr>) {
    for arg in args {
        match arg {
            ast::Expr::RowExpr(r) if r.row_format == ast::CoercionForm::ImplicitCast => {
                flatten_list(&r.args, out);
            }
            other => out.push(other),
        }
    }
}
