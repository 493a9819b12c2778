//! The check that a grouped query uses only grouped columns, and the grouping step's own Vars.
use crate::parse_agg::{locate_agg_of_level, missing_grouping};
use crate::parse_state::Analyzer;
use error::{PgResult, err};
use nodes::{Alias, Expr, GroupingSet, Query, RangeTblEntry, RteKind, Var, VarReturningType};
use types::Oid;

const MAX_GROUPING_SETS: usize = 4096;

/// What the walk over target list and HAVING needs to know.
struct GroupCheck<'q> {
    /// Grouping expressions, join aliases flattened, with their sort-group references.
    clauses: &'q [(Expr, u32)],
    /// Plain columns that every grouping set contains.
    common_vars: &'q [Var],
    common_refs: &'q [u32],
    have_non_var: bool,
    /// Range table index of the grouping step, 0 if columns keep their own Vars.
    group_rti: i32,
    has_grouping_sets: bool,
    rtable: &'q [RangeTblEntry],
    func_grouped: Vec<i32>,
    constraint_deps: Vec<Oid>,
    in_direct_args: bool,
}

impl Analyzer<'_> {
    /// Checks a query with aggregates, GROUP BY or HAVING; its range table must be complete.
    pub(crate) fn check_aggregates(&mut self, qry: &mut Query) -> PgResult<()> {
        let mut common_refs: Vec<u32> = Vec::new();
        if !qry.grouping_sets.is_empty() {
            let sets =
                expand_grouping_sets(&qry.grouping_sets, qry.group_distinct).ok_or_else(|| {
                    err!(
                        STATEMENT_TOO_COMPLEX,
                        "too many grouping sets present (maximum {MAX_GROUPING_SETS})"
                    )
                })?;
            if let Some((first, rest)) = sets.split_first() {
                common_refs = first
                    .iter()
                    .copied()
                    .filter(|r| rest.iter().all(|set| set.contains(r)))
                    .collect();
            }
            // A single set is nothing but a plain GROUP BY.
            if sets.len() == 1 && !qry.group_clause.is_empty() {
                qry.grouping_sets.clear();
            }
        }
        let has_joins = qry.rtable.iter().any(|r| matches!(r.kind, RteKind::Join { .. }));
        let has_self_ref =
            qry.rtable.iter().any(|r| matches!(r.kind, RteKind::Cte { self_reference: true, .. }));
        let mut clauses: Vec<(Expr, u32)> = Vec::new();
        let mut names = Vec::new();
        for clause in &qry.group_clause {
            let target =
                qry.target_list.iter().find(|t| t.ressortgroupref == clause.tle_sort_group_ref);
            if let Some(target) = target {
                clauses.push((target.expr.clone(), target.ressortgroupref));
                names.push(match &target.resname {
                    Some(name) => name.clone(),
                    None => "?column?".to_owned(),
                });
            }
        }
        // The grouping step gets a range table entry of its own where grouping sets make its columns
        // differ (they may be NULL) from the ungrouped ones.
        let group_rti = if qry.grouping_sets.is_empty() || clauses.is_empty() {
            0
        } else {
            qry.rtable.push(RangeTblEntry {
                kind: RteKind::Group {
                    groupexprs: clauses.iter().map(|(e, _)| e.clone()).collect(),
                },
                alias: None,
                eref: Alias { aliasname: "*GROUP*".to_owned(), colnames: names },
                lateral: false,
                inh: false,
                in_from_cl: false,
                security_quals: Vec::new(),
            });
            qry.has_group_rte = true;
            qry.rtable.len() as i32
        };
        if has_joins {
            for (expr, _) in &mut clauses {
                flatten_join_alias_vars(&qry.rtable, expr);
            }
        }
        let mut common_vars = Vec::new();
        let mut have_non_var = false;
        for (expr, group_ref) in &clauses {
            match expr {
                Expr::Var(v) => {
                    if qry.grouping_sets.is_empty() || common_refs.contains(group_ref) {
                        common_vars.push(v.clone());
                    }
                }
                _ => have_non_var = true,
            }
        }
        let mut target_list = std::mem::take(&mut qry.target_list);
        let mut having = qry.having_qual.take();
        let mut check = GroupCheck {
            clauses: &clauses,
            common_vars: &common_vars,
            common_refs: &common_refs,
            have_non_var,
            group_rti,
            has_grouping_sets: !qry.grouping_sets.is_empty(),
            rtable: &qry.rtable,
            func_grouped: Vec::new(),
            constraint_deps: Vec::new(),
            in_direct_args: false,
        };
        for expr in target_list.iter_mut().map(|t| &mut t.expr).chain(having.iter_mut()) {
            finalize_grouping(expr, &check, has_joins)?;
            if has_joins {
                flatten_join_alias_vars(check.rtable, expr);
            }
            self.substitute_grouped(expr, 0, &mut check)?;
        }
        let deps = check.constraint_deps;
        qry.constraint_deps.extend(deps);
        qry.target_list = target_list;
        qry.having_qual = having;
        if self.ps().has_aggs && has_self_ref {
            let at = qry
                .target_list
                .iter()
                .map(|t| &t.expr)
                .chain(qry.having_qual.iter())
                .find_map(|e| locate_agg_of_level(e, 0));
            return Err(err!(
                INVALID_RECURSION,
                "aggregate functions are not allowed in a recursive query's recursive term"
            )
            .at(at.unwrap_or(-1)));
        }
        Ok(())
    }

    fn substitute_grouped(
        &self,
        expr: &mut Expr,
        depth: u32,
        check: &mut GroupCheck<'_>,
    ) -> PgResult<()> {
        error::check_stack_depth()?;
        match expr {
            Expr::Aggref(agg) => {
                if agg.agglevelsup == depth {
                    check.in_direct_args = true;
                    for arg in &mut agg.aggdirectargs {
                        self.substitute_grouped(arg, depth, check)?;
                    }
                    check.in_direct_args = false;
                    return Ok(());
                }
                if agg.agglevelsup > depth {
                    return Ok(());
                }
            }
            Expr::GroupingFunc(g) if g.agglevelsup >= depth => return Ok(()),
            _ => {}
        }
        if check.have_non_var && depth == 0 {
            for (i, (clause, group_ref)) in check.clauses.iter().enumerate() {
                if expr.equals(clause) {
                    if check.group_rti > 0 {
                        *expr = grouped_var(check, i, *group_ref, depth, expr.location());
                    }
                    return Ok(());
                }
            }
        }
        match expr {
            Expr::Const(_) | Expr::Param(_) => return Ok(()),
            Expr::Var(v) => {
                if v.varlevelsup != depth {
                    return Ok(());
                }
                if !check.have_non_var || depth != 0 {
                    for (i, (clause, group_ref)) in check.clauses.iter().enumerate() {
                        let Expr::Var(g) = clause else { continue };
                        if g.varno == v.varno && g.varattno == v.varattno && g.varlevelsup == 0 {
                            if check.group_rti > 0 {
                                *expr = grouped_var(check, i, *group_ref, depth, v.location);
                            }
                            return Ok(());
                        }
                    }
                }
                return self.check_ungrouped_var(v, depth, check);
            }
            _ => {}
        }
        if let Expr::SubLink(s) = expr {
            self.substitute_in_query(&mut s.subselect, depth + 1, check)?;
        }
        let mut result = Ok(());
        expr.for_each_child_mut(&mut |child| {
            if result.is_ok() {
                result = self.substitute_grouped(child, depth, check);
            }
        });
        result
    }

    fn substitute_in_query(
        &self,
        query: &mut Query,
        depth: u32,
        check: &mut GroupCheck<'_>,
    ) -> PgResult<()> {
        let mut result = Ok(());
        query.for_each_expr_mut(&mut |e| {
            if result.is_ok() {
                result = self.substitute_grouped(e, depth, check);
            }
        });
        result?;
        for rte in &mut query.rtable {
            if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
                self.substitute_in_query(subquery, depth + 1, check)?;
            }
        }
        for cte in &mut query.cte_list {
            self.substitute_in_query(&mut cte.ctequery, depth + 1, check)?;
        }
        Ok(())
    }

    /// A Var that is no grouping column must depend on the grouped primary key of its table.
    fn check_ungrouped_var(&self, v: &Var, depth: u32, check: &mut GroupCheck<'_>) -> PgResult<()> {
        if check.func_grouped.contains(&v.varno) {
            return Ok(());
        }
        let rte = &check.rtable[(v.varno - 1) as usize];
        if let RteKind::Relation { relid, .. } = rte.kind {
            let relation = self.catalog.get_relation(relid)?;
            let grouped: Vec<i16> = check
                .common_vars
                .iter()
                .filter(|c| c.varno == v.varno && c.varlevelsup == 0)
                .map(|c| c.varattno)
                .collect();
            let key = relation.constraints.iter().find(|c| {
                c.contype == 'p' && !c.deferrable && c.key.iter().all(|k| grouped.contains(k))
            });
            if let Some(key) = key {
                check.constraint_deps.push(key.oid);
                check.func_grouped.push(v.varno);
                return Ok(());
            }
        }
        let column = match v.varattno {
            0 => "*".to_owned(),
            n if n > 0 => rte.eref.colnames.get(n as usize - 1).cloned().unwrap_or_default(),
            n => crate::parse_relation::system_attr_name(n).to_owned(),
        };
        let table = &rte.eref.aliasname;
        Err(if depth == 0 {
            let e = err!(
                GROUPING_ERROR,
                "column \"{table}.{column}\" must appear in the GROUP BY clause or be used in an \
                 aggregate function"
            );
            if check.in_direct_args {
                e.detail(
                    "Direct arguments of an ordered-set aggregate must use only grouped columns.",
                )
            } else {
                e
            }
        } else {
            err!(
                GROUPING_ERROR,
                "subquery uses ungrouped column \"{table}.{column}\" from outer query"
            )
        }
        .at(v.location))
    }
}

fn grouped_var(
    check: &GroupCheck<'_>,
    index: usize,
    group_ref: u32,
    depth: u32,
    location: i32,
) -> Expr {
    let (clause, _) = &check.clauses[index];
    let mut varnullingrels = Vec::new();
    if check.has_grouping_sets && !check.common_refs.contains(&group_ref) {
        varnullingrels.push(check.group_rti);
    }
    Expr::Var(Var {
        varno: check.group_rti,
        varattno: index as i16 + 1,
        vartype: clause.typ(),
        vartypmod: clause.typmod(),
        varcollid: clause.collation(),
        varnullingrels,
        varlevelsup: depth,
        varreturningtype: VarReturningType::Default,
        varnosyn: 0,
        varattnosyn: 0,
        location,
    })
}

/// Matches GROUPING's arguments with the grouping expressions.
fn finalize_grouping(expr: &mut Expr, check: &GroupCheck<'_>, has_joins: bool) -> PgResult<()> {
    let mut failure = None;
    nodes::walk::rewrite_expr_deep(expr, 0, &mut |e, level| {
        let Expr::GroupingFunc(g) = e else { return };
        if g.agglevelsup != level || failure.is_some() {
            return;
        }
        let mut refs = Vec::with_capacity(g.args.len());
        for arg in &g.args {
            let mut arg = arg.clone();
            if level > 0 {
                lower_levels(&mut arg, level);
            }
            if has_joins {
                flatten_join_alias_vars(check.rtable, &mut arg);
            }
            let found = check.clauses.iter().find(|(clause, _)| match (clause, &arg) {
                (Expr::Var(c), Expr::Var(a)) => {
                    c.varno == a.varno && c.varattno == a.varattno && a.varlevelsup == 0
                }
                _ => level == 0 && clause.equals(&arg),
            });
            match found {
                Some((_, group_ref)) => refs.push(*group_ref),
                None => {
                    failure = Some(missing_grouping().at(arg.location()));
                    return;
                }
            }
        }
        g.refs = refs;
    });
    failure.map_or(Ok(()), Err)
}

fn lower_levels(expr: &mut Expr, by: u32) {
    expr.rewrite(&mut |e| {
        if let Expr::Var(v) = e {
            v.varlevelsup = v.varlevelsup.saturating_sub(by);
        }
    });
}

/// Replaces references to join columns by what they stand for (of the query whose range table it is;
/// subqueries included).
pub fn flatten_join_alias_vars(rtable: &[RangeTblEntry], expr: &mut Expr) {
    flatten_at(rtable, expr, 0);
}

fn flatten_at(rtable: &[RangeTblEntry], expr: &mut Expr, depth: u32) {
    nodes::walk::rewrite_expr_deep(expr, depth, &mut |e, level| {
        let Expr::Var(v) = e else { return };
        if v.varlevelsup != level || v.varno <= 0 {
            return;
        }
        let Some(rte) = rtable.get((v.varno - 1) as usize) else { return };
        let RteKind::Join { joinaliasvars, .. } = &rte.kind else { return };
        let replacement = if v.varattno > 0 {
            let mut column = joinaliasvars[v.varattno as usize - 1].clone();
            flatten_at(rtable, &mut column, 0);
            column
        } else {
            // A whole row becomes ROW(…) of its columns.
            let mut args = Vec::new();
            let mut colnames = Vec::new();
            for (column, name) in joinaliasvars.iter().zip(&rte.eref.colnames) {
                let mut column = column.clone();
                flatten_at(rtable, &mut column, 0);
                args.push(column);
                colnames.push(name.clone());
            }
            Expr::RowExpr(Box::new(nodes::RowExpr {
                args,
                row_typeid: v.vartype,
                row_format: nodes::CoercionForm::ImplicitCast,
                colnames,
                location: v.location,
            }))
        };
        let mut replacement = replacement;
        let nulling = std::mem::take(&mut v.varnullingrels);
        let location = v.location;
        nodes::walk::rewrite_expr_deep(&mut replacement, 0, &mut |inner, inner_level| {
            if let Expr::Var(inner) = inner {
                if inner.varlevelsup == inner_level {
                    for rel in &nulling {
                        if let Err(at) = inner.varnullingrels.binary_search(rel) {
                            inner.varnullingrels.insert(at, *rel);
                        }
                    }
                    inner.varlevelsup += level;
                }
            }
        });
        if let Expr::Var(inner) = &mut replacement {
            inner.location = location;
        }
        *e = replacement;
    });
}

/// All grouping sets, smallest first; `None` if there are too many.
pub fn expand_grouping_sets(sets: &[GroupingSet], distinct: bool) -> Option<Vec<Vec<u32>>> {
    let mut result: Vec<Vec<u32>> = vec![Vec::new()];
    for set in sets {
        let expanded = expand_one(set)?;
        if result.len().checked_mul(expanded.len())? > MAX_GROUPING_SETS {
            return None;
        }
        result = result
            .iter()
            .flat_map(|left| {
                expanded.iter().map(move |right| {
                    let mut union = left.clone();
                    for r in right {
                        if !union.contains(r) {
                            union.push(*r);
                        }
                    }
                    union
                })
            })
            .collect();
    }
    result.sort_by_key(Vec::len);
    if distinct {
        let mut seen: Vec<Vec<u32>> = Vec::new();
        result.retain(|set| {
            let mut sorted = set.clone();
            sorted.sort_unstable();
            let new = !seen.contains(&sorted);
            if new {
                seen.push(sorted);
            }
            new
        });
    }
    Some(result)
}

fn expand_one(set: &GroupingSet) -> Option<Vec<Vec<u32>>> {
    let flat = |s: &GroupingSet| match s {
        GroupingSet::Simple(refs) => refs.clone(),
        _ => Vec::new(),
    };
    let merge = |parts: &[&GroupingSet]| {
        let mut union = Vec::new();
        for r in parts.iter().flat_map(|p| flat(p)) {
            if !union.contains(&r) {
                union.push(r);
            }
        }
        union
    };
    Some(match set {
        GroupingSet::Empty => vec![Vec::new()],
        GroupingSet::Simple(refs) => vec![refs.clone()],
        GroupingSet::Rollup(items) => {
            (0..=items.len()).rev().map(|n| merge(&items[..n].iter().collect::<Vec<_>>())).collect()
        }
        GroupingSet::Cube(items) => {
            let subsets = 1usize << items.len();
            (0..subsets)
                .map(|mask| {
                    let chosen: Vec<&GroupingSet> = items
                        .iter()
                        .enumerate()
                        .filter(|(i, _)| mask & (1 << i) != 0)
                        .map(|(_, s)| s)
                        .collect();
                    merge(&chosen)
                })
                .collect()
        }
        GroupingSet::Sets(items) => {
            let mut all = Vec::new();
            for item in items {
                all.extend(expand_one(item)?);
                if all.len() > MAX_GROUPING_SETS {
                    return None;
                }
            }
            all
        }
    })
}
