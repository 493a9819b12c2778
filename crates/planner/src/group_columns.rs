//! GROUP BY columns that say nothing new.
use crate::{clauses::*, root::*};
use nodes::*;

/// Drops GROUP BY columns that a unique key among the others determines.
pub fn remove_useless_group_columns(root: &mut PlannerInfo<'_>) {
    if root.processed_group_clause.len() < 2 || !root.parse.grouping_sets.is_empty() {
        return;
    }
    let column = |root: &PlannerInfo<'_>, g: &SortGroupClause| match tle_by_ref(
        g.tle_sort_group_ref,
        &root.processed_tlist,
    )
    .map(|t| &t.expr)
    {
        Some(Expr::Var(v)) if v.varlevelsup == 0 && v.varattno > 0 => Some((v.varno, v.varattno)),
        _ => None,
    };
    let columns: Vec<(i32, i16)> =
        root.processed_group_clause.iter().filter_map(|g| column(root, g)).collect();
    let mut surplus: Vec<(i32, i16)> = Vec::new();
    for rti in root.base_rtis() {
        let rel = &root.rels[root.base_id(rti)];
        let Some(desc) = &rel.desc else { continue };
        if root.rte(rti).inh && desc.relkind != 'p' {
            continue;
        }
        let mine: Vec<i16> = columns.iter().filter(|c| c.0 == rti).map(|c| c.1).collect();
        if mine.len() < 2 {
            continue;
        }
        // The key with the fewest columns leaves the most out.
        let key = rel
            .indexlist
            .iter()
            .filter(|i| i.unique && i.immediate && i.predicate.is_empty())
            .map(|i| &i.indexkeys[..i.nkeycolumns])
            .filter(|k| {
                k.len() < mine.len()
                    && k.iter()
                        .all(|a| *a > 0 && mine.contains(a) && rel.notnull_attnos.contains(a))
            })
            .min_by_key(|k| k.len());
        if let Some(key) = key {
            surplus.extend(mine.iter().filter(|a| !key.contains(a)).map(|a| (rti, *a)));
        }
    }
    if surplus.is_empty() {
        return;
    }
    let mut kept = root.processed_group_clause.clone();
    kept.retain(|g| column(root, g).is_none_or(|c| !surplus.contains(&c)));
    root.processed_group_clause = kept;
}
