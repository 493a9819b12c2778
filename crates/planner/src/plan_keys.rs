//! Sort and grouping columns as positions in a plan's target list.
use crate::{clauses::*, create_plan::change_tlist, lsyscache::bt, relids::Relids, root::*};
use error::{PgError, PgResult};
use nodes::{plan::*, *};
use types::Oid;

/// Grouping columns of clauses.
pub fn group_keys(clauses: &[SortGroupClause], tlist: &[TargetEntry]) -> Vec<GroupKey> {
    clauses
        .iter()
        .filter_map(|c| {
            let at = tlist.iter().position(|t| t.ressortgroupref == c.tle_sort_group_ref)?;
            Some(GroupKey {
                col: at as i16 + 1,
                eq_operator: c.eqop,
                collation: tlist[at].expr.collation(),
            })
        })
        .collect()
}

/// The column of a target list that carries a pathkey, and the type it compares as.
fn find_column(
    root: &PlannerInfo<'_>,
    key: &PathKey,
    tlist: &[TargetEntry],
    relids: Option<&Relids>,
) -> Option<(usize, Oid)> {
    let ec = &root.eq_classes[key.ec];
    if ec.has_volatile {
        let at = tlist.iter().position(|t| t.ressortgroupref == ec.sortref && ec.sortref != 0)?;
        return Some((at, ec.members.first()?.datatype));
    }
    for (at, te) in tlist.iter().enumerate() {
        let expr = strip_relabel(&te.expr);
        for m in &ec.members {
            if m.is_const || m.is_child && !relids.is_some_and(|r| m.relids.is_subset(r)) {
                continue;
            }
            if strip_relabel(&m.expr).equals(expr) || m.expr.equals(&te.expr) {
                return Some((at, m.datatype));
            }
        }
    }
    None
}

/// Sort columns for pathkeys; a key that is no column yet is added as one.
pub fn sort_keys(
    root: &mut PlannerInfo<'_>,
    plan: Plan,
    keys: &[PathKey],
    relids: Option<&Relids>,
) -> PgResult<(Plan, Vec<SortKey>)> {
    build(root, plan, keys, relids, false)
}

/// As [`sort_keys`] for a node whose target list may just grow (MergeAppend).
pub fn sort_keys_in_place(
    root: &mut PlannerInfo<'_>,
    plan: Plan,
    keys: &[PathKey],
    relids: Option<&Relids>,
) -> PgResult<(Plan, Vec<SortKey>)> {
    build(root, plan, keys, relids, true)
}

fn build(
    root: &mut PlannerInfo<'_>,
    mut plan: Plan,
    keys: &[PathKey],
    relids: Option<&Relids>,
    in_place: bool,
) -> PgResult<(Plan, Vec<SortKey>)> {
    let mut out: Vec<SortKey> = Vec::with_capacity(keys.len());
    for key in keys {
        let found = find_column(root, key, &plan.target_list, relids);
        let (at, datatype) = match found {
            Some(f) => f,
            None => {
                // Some member that the columns at hand can compute.
                let ec = &root.eq_classes[key.ec];
                let computable = ec.members.iter().find(|m| {
                    !m.is_const
                        && (!m.is_child || relids.is_some_and(|r| m.relids.is_subset(r)))
                        && !expr_returns_set(&m.expr)
                        && pull_var_clause(
                            &m.expr,
                            PullVars {
                                aggregates: true,
                                window_funcs: true,
                                recurse_placeholders: false,
                            },
                        )
                        .iter()
                        .all(|v| plan.target_list.iter().any(|t| var_matches(&t.expr, v)))
                });
                let Some(m) = computable else {
                    return Err(PgError::internal("could not find pathkey item to sort"));
                };
                let (expr, datatype) = (m.expr.clone(), m.datatype);
                let mut tlist = plan.target_list.clone();
                let n = tlist.len() as i16 + 1;
                tlist.push(make_tle(expr, n, None, true));
                if in_place {
                    plan.target_list = tlist;
                } else {
                    plan = change_tlist(plan, tlist);
                }
                (n as usize - 1, datatype)
            }
        };
        let strategy = if key.reverse { bt::GREATER } else { bt::LESS };
        let op = root.cx().opfamily_member(key.opfamily, datatype, datatype, strategy);
        if !op.is_valid() {
            return Err(PgError::internal("missing sort operator"));
        }
        let col = at as i16 + 1;
        if out.iter().any(|k| k.col == col && k.sort_operator == op) {
            continue;
        }
        let collation = root.eq_classes[key.ec].collation;
        out.push(SortKey {
            col,
            sort_operator: op,
            collation,
            nulls_first: key.nulls_first,
            reverse: key.reverse,
        });
    }
    Ok((plan, out))
}

/// The same column, whatever nulls it.
pub fn var_matches(a: &Expr, b: &Expr) -> bool {
    match (a, b) {
        (Expr::Var(x), Expr::Var(y)) => {
            x.varno == y.varno
                && x.varattno == y.varattno
                && x.varlevelsup == y.varlevelsup
                && x.varreturningtype == y.varreturningtype
        }
        (Expr::PlaceHolderVar(x), Expr::PlaceHolderVar(y)) => {
            x.phid == y.phid && x.phlevelsup == y.phlevelsup && x.phrels == y.phrels
        }
        _ => a.equals(b),
    }
}

/// Columns on which sorted rows are compared for uniqueness.
pub fn unique_keys(
    root: &PlannerInfo<'_>,
    plan: &Plan,
    keys: &[PathKey],
) -> PgResult<Vec<GroupKey>> {
    let mut out = Vec::new();
    for key in keys {
        let Some((at, datatype)) = find_column(root, key, &plan.target_list, None) else {
            return Err(PgError::internal("could not find pathkey item to compare"));
        };
        let eq = root.cx().opfamily_member(key.opfamily, datatype, datatype, bt::EQUAL);
        out.push(GroupKey {
            col: at as i16 + 1,
            eq_operator: eq,
            collation: root.eq_classes[key.ec].collation,
        });
    }
    Ok(out)
}
