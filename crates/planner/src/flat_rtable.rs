//! The one range table of a finished statement.
use crate::root::*;
use nodes::*;

/// A range table entry without what only planning needed.
pub fn flatten_rte(state: &mut GlobState<'_>, rte: &RangeTblEntry, perm_offset: u32) {
    let mut new = rte.clone();
    new.security_quals = Vec::new();
    match &mut new.kind {
        RteKind::Relation { perminfoindex, tablesample, .. } => {
            if *perminfoindex > 0 {
                *perminfoindex += perm_offset;
            }
            *tablesample = None;
        }
        RteKind::Subquery { subquery, view, .. } => {
            // The names of its columns are in eref; the query itself is not needed any more.
            **subquery = Query::default();
            if let Some((_, perm)) = view {
                if *perm > 0 {
                    *perm += perm_offset;
                }
            }
        }
        RteKind::Join { joinaliasvars, joinleftcols, joinrightcols, .. } => {
            joinaliasvars.clear();
            joinleftcols.clear();
            joinrightcols.clear();
        }
        RteKind::Function { functions, .. } => functions.clear(),
        RteKind::Values { values_lists, .. } => values_lists.clear(),
        RteKind::Group { groupexprs } => groupexprs.clear(),
        _ => {}
    }
    state.final_rtable.push(new);
}

/// Relations of subqueries that were not planned still need locks and permission checks.
pub fn add_dead_subqueries(root: &PlannerInfo<'_>) {
    for rti in 1..=root.parse.rtable.len() as i32 {
        if let RteKind::Subquery { subquery, .. } = &root.parse.rte(rti).kind {
            let planned = root
                .try_base(rti)
                .is_some_and(|id| root.rels[id].subroot.is_some() && !root.rels[id].dummy);
            if !planned && !root.parse.rte(rti).inh {
                add_query_relations(root, subquery);
            }
        }
    }
}

fn add_query_relations(root: &PlannerInfo<'_>, query: &Query) {
    let perm_offset = root.glob.state.borrow().perm_infos.len() as u32;
    for rte in &query.rtable {
        match &rte.kind {
            RteKind::Relation { .. } => {
                flatten_rte(&mut root.glob.state.borrow_mut(), rte, perm_offset);
            }
            RteKind::Subquery { subquery, .. } => add_query_relations(root, subquery),
            _ => {}
        }
    }
    root.glob.state.borrow_mut().perm_infos.extend(query.rteperminfos.iter().cloned());
}
