//! Sort orders as lists of pathkeys, and what they are good for.
use crate::{
    clauses::*,
    init::equivclass::{self, get_eclass_for_sort_expr},
    lsyscache::bt,
    path::*,
    relids::Relids,
    root::*,
};
use nodes::*;
use std::rc::Rc;
use types::Oid;

/// How two orders compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum KeysCompare {
    Equal,
    FirstBetter,
    SecondBetter,
    Different,
}

/// Whether one order is a prefix of the other.
pub fn compare_pathkeys(a: &[PathKey], b: &[PathKey]) -> KeysCompare {
    let n = a.len().min(b.len());
    if a[..n] != b[..n] {
        KeysCompare::Different
    } else if a.len() > n {
        KeysCompare::FirstBetter
    } else if b.len() > n {
        KeysCompare::SecondBetter
    } else {
        KeysCompare::Equal
    }
}

/// Whether `have` is at least as good an order as `want`.
pub fn pathkeys_contained_in(want: &[PathKey], have: &[PathKey]) -> bool {
    have.len() >= want.len() && have[..want.len()] == *want
}

/// Number of leading keys of `want` that `have` gives.
pub fn pathkeys_common(want: &[PathKey], have: &[PathKey]) -> usize {
    want.iter().zip(have).take_while(|(a, b)| a == b).count()
}

fn pathkey_is_redundant(root: &PlannerInfo<'_>, key: &PathKey, keys: &[PathKey]) -> bool {
    let ec = &root.eq_classes[key.ec];
    (ec.has_const && !ec.has_volatile) || keys.iter().any(|k| k.ec == key.ec)
}

/// The pathkey of an expression sorted by an operator.
pub fn make_pathkey_from_sortop(
    root: &mut PlannerInfo<'_>,
    expr: &Expr,
    ordering_op: Oid,
    reverse: bool,
    nulls_first: bool,
    sortref: u32,
    create: bool,
) -> Option<PathKey> {
    let (family, opcintype, op_reverse) = root.cx().ordering_op(ordering_op)?;
    let _ = reverse;
    make_pathkey(
        root,
        expr,
        family,
        opcintype,
        expr.collation(),
        op_reverse,
        nulls_first,
        sortref,
        None,
        create,
    )
}

/// The pathkey of an expression in a family's order.
pub fn make_pathkey(
    root: &mut PlannerInfo<'_>,
    expr: &Expr,
    opfamily: Oid,
    opcintype: Oid,
    collation: Oid,
    reverse: bool,
    nulls_first: bool,
    sortref: u32,
    rel: Option<&Relids>,
    create: bool,
) -> Option<PathKey> {
    let cx = root.cx();
    let eq = cx.opfamily_member(opfamily, opcintype, opcintype, bt::EQUAL);
    let fams = cx.mergejoin_opfamilies(eq);
    if fams.is_empty() {
        return None;
    }
    let ec =
        get_eclass_for_sort_expr(root, expr, &fams, opcintype, collation, sortref, rel, create)?;
    Some(PathKey { ec, opfamily, reverse, nulls_first })
}

/// Pathkeys of ORDER BY, DISTINCT and GROUP BY clauses; redundant ones left out.
pub fn make_pathkeys_for_sortclauses(
    root: &mut PlannerInfo<'_>,
    clauses: &[SortGroupClause],
    tlist: &[TargetEntry],
) -> Vec<PathKey> {
    let mut all = clauses.to_vec();
    make_pathkeys_extended(root, &mut all, tlist, false).0
}

/// As [`make_pathkeys_for_sortclauses`]; also removes redundant clauses and says whether all are sortable.
pub fn make_pathkeys_extended(
    root: &mut PlannerInfo<'_>,
    clauses: &mut Vec<SortGroupClause>,
    tlist: &[TargetEntry],
    remove_redundant: bool,
) -> (Vec<PathKey>, bool) {
    let mut keys: Vec<PathKey> = Vec::new();
    let mut sortable = true;
    let mut kept = Vec::with_capacity(clauses.len());
    for c in clauses.drain(..) {
        let Some(te) = tle_by_ref(c.tle_sort_group_ref, tlist) else {
            kept.push(c);
            continue;
        };
        if !c.sortop.is_valid() {
            sortable = false;
            kept.push(c);
            continue;
        }
        let expr = te.expr.clone();
        let key = make_pathkey_from_sortop(
            root,
            &expr,
            c.sortop,
            c.reverse_sort,
            c.nulls_first,
            c.tle_sort_group_ref,
            true,
        );
        match key {
            Some(key) if !pathkey_is_redundant(root, &key, &keys) => {
                // Remember which clause an ordering belongs to.
                if root.eq_classes[key.ec].sortref == 0 {
                    root.eq_classes[key.ec].sortref = c.tle_sort_group_ref;
                }
                keys.push(key);
                kept.push(c);
            }
            Some(_) if remove_redundant => {}
            Some(_) => kept.push(c),
            None => {
                sortable = false;
                kept.push(c);
            }
        }
    }
    *clauses = kept;
    (keys, sortable)
}

/// Order that an index scan yields.
pub fn build_index_pathkeys(
    root: &mut PlannerInfo<'_>,
    index: &IndexOptInfo,
    backward: bool,
) -> Vec<PathKey> {
    if !index.amcanorder {
        return Vec::new();
    }
    let mut keys = Vec::new();
    let relids = root.rels[index.rel].relids.clone();
    for i in 0..index.nkeycolumns {
        let reverse = index.reverse_sort[i] != backward;
        let nulls_first = index.nulls_first[i] != backward;
        let expr = index.columns[i].clone();
        let key = make_pathkey(
            root,
            &expr,
            index.opfamily[i],
            index.opcintype[i],
            index.collations[i],
            reverse,
            nulls_first,
            0,
            Some(&relids),
            false,
        );
        match key {
            Some(key) => {
                if !pathkey_is_redundant(root, &key, &keys) {
                    keys.push(key);
                }
            }
            None => {
                // A boolean column fixed by the quals has no order to speak of.
                if !bool_fixed_by_quals(root, index, i) {
                    break;
                }
            }
        }
    }
    keys
}

fn bool_fixed_by_quals(root: &PlannerInfo<'_>, index: &IndexOptInfo, col: usize) -> bool {
    if index.opcintype[col] != types::type_oid::BOOL {
        return false;
    }
    root.rels[index.rel].baserestrictinfo.iter().any(|r| match &r.clause {
        Expr::BoolExpr(b) if b.boolop == BoolExprType::Not => b.args[0].equals(&index.columns[col]),
        other => other.equals(&index.columns[col]),
    })
}

/// What part of an order joins or the final sort can use.
pub fn truncate_useless_pathkeys(
    root: &PlannerInfo<'_>,
    rel: &RelOptInfo<'_>,
    keys: Vec<PathKey>,
) -> Vec<PathKey> {
    if keys.is_empty() {
        return keys;
    }
    let useful = [
        useful_for_merging(root, rel, &keys),
        useful_for_ordering(root, &keys),
        useful_for_grouping(root, &keys),
        useful_for_distinct(root, &keys),
        pathkeys_common(&root.setop_pathkeys, &keys),
    ];
    let n = useful.into_iter().max().unwrap_or(0);
    let mut keys = keys;
    keys.truncate(n);
    keys
}

fn useful_for_merging(root: &PlannerInfo<'_>, rel: &RelOptInfo<'_>, keys: &[PathKey]) -> usize {
    let mut useful = 0;
    for key in keys {
        let by_class = rel.has_eclass_joins && {
            let ec = &root.eq_classes[key.ec];
            !ec.has_const
                && !ec.sources.is_empty()
                && ec.members.len() > 1
                && !ec.relids.is_subset(rel.top_parent_relids.as_ref().unwrap_or(&rel.relids))
        };
        let matched = by_class
            || rel.joininfo.iter().any(|r| {
                !r.mergeopfamilies.is_empty() && {
                    equivclass::update_mergeclause_eclasses(root, r);
                    r.left_ec.get() == Some(key.ec) || r.right_ec.get() == Some(key.ec)
                }
            });
        if !matched {
            break;
        }
        useful += 1;
    }
    useful
}

fn useful_for_ordering(root: &PlannerInfo<'_>, keys: &[PathKey]) -> usize {
    let sort = pathkeys_common(&root.query_pathkeys, keys);
    sort.max(pathkeys_common(&root.window_pathkeys, keys))
        .max(pathkeys_common(&root.sort_pathkeys, keys))
}

fn useful_for_grouping(root: &PlannerInfo<'_>, keys: &[PathKey]) -> usize {
    // Grouping does not care in which order its keys come.
    keys.iter().take_while(|k| root.group_pathkeys.iter().any(|g| g.ec == k.ec && g == *k)).count()
}

fn useful_for_distinct(root: &PlannerInfo<'_>, keys: &[PathKey]) -> usize {
    keys.iter().take_while(|k| root.distinct_pathkeys.contains(k)).count()
}

/// Whether an order could be useful at all.
pub fn has_useful_pathkeys(root: &PlannerInfo<'_>, rel: &RelOptInfo<'_>) -> bool {
    !rel.joininfo.is_empty()
        || rel.has_eclass_joins
        || !root.query_pathkeys.is_empty()
        || !root.group_pathkeys.is_empty()
        || !root.distinct_pathkeys.is_empty()
}

/// The cheapest path with an order and parameterisation.
pub fn cheapest_path_for_pathkeys(
    paths: &[PathRef],
    keys: &[PathKey],
    req_outer: &Relids,
    total: bool,
) -> Option<PathRef> {
    let mut best: Option<&PathRef> = None;
    for p in paths {
        if let Some(b) = best {
            let cheaper = if total {
                crate::pathnode::compare_total(p, b).is_lt()
            } else {
                crate::pathnode::compare_startup(p, b).is_lt()
            };
            if !cheaper {
                continue;
            }
        }
        if pathkeys_contained_in(keys, &p.pathkeys) && p.req_outer().is_subset(req_outer) {
            best = Some(p);
        }
    }
    best.cloned()
}

/// Order that a join keeps of its outer side.
pub fn build_join_pathkeys(
    root: &PlannerInfo<'_>,
    joinrel: RelId,
    jointype: JoinType,
    outer_keys: &[PathKey],
) -> Vec<PathKey> {
    if matches!(
        jointype,
        JoinType::Full | JoinType::Right | JoinType::RightAnti | JoinType::RightSemi
    ) {
        return Vec::new();
    }
    truncate_useless_pathkeys(root, &root.rels[joinrel], outer_keys.to_vec())
}

/// Order of a subquery's output in terms of this level's Vars.
pub fn convert_subquery_pathkeys(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    sub_keys: &[PathKey],
) -> Vec<PathKey> {
    let mut result: Vec<PathKey> = Vec::new();
    let rti = root.rels[rel].relid;
    for key in sub_keys {
        let found = {
            let Some(sub) = root.rels[rel].subroot.as_deref() else { break };
            let ec = &sub.eq_classes[key.ec];
            let tlist = &sub.processed_tlist;
            let mut hit = None;
            'members: for m in &ec.members {
                if m.is_child && !ec.has_volatile {
                    continue;
                }
                for te in tlist.iter().filter(|t| !t.resjunk) {
                    if ec.has_volatile {
                        if ec.sortref == 0 || te.ressortgroupref != ec.sortref {
                            continue;
                        }
                    } else {
                        let canon = equivclass::canonicalize_ec_expression(
                            sub,
                            te.expr.clone(),
                            m.datatype,
                            ec.collation,
                        );
                        if !canon.equals(&m.expr) {
                            continue;
                        }
                    }
                    hit = Some((
                        te.resno,
                        te.expr.typ(),
                        te.expr.typmod(),
                        te.expr.collation(),
                        m.datatype,
                        ec.opfamilies.clone(),
                        ec.collation,
                    ));
                    break 'members;
                }
            }
            hit
        };
        let Some((resno, typ, typmod, coll, datatype, fams, ec_coll)) = found else { break };
        let needed =
            root.rels[rel].attr_needed.get((resno + 7) as usize).is_some_and(|n| !n.is_empty());
        if !needed && root.rels[rel].kind == RelKind::Base && !root.rels[rel].attr_needed.is_empty()
        {
            break;
        }
        let var = Expr::Var(make_var(rti, resno, typ, typmod, coll, 0));
        let relids = root.rels[rel].relids.clone();
        let Some(ec) =
            get_eclass_for_sort_expr(root, &var, &fams, datatype, ec_coll, 0, Some(&relids), true)
        else {
            break;
        };
        let new = PathKey { ec, ..key.clone() };
        if !pathkey_is_redundant(root, &new, &result) {
            result.push(new);
        }
    }
    result
}

/// Merge clauses that an order of the outer (or inner) side can drive.
pub fn find_mergeclauses_for_pathkeys(
    root: &PlannerInfo<'_>,
    keys: &[PathKey],
    clauses: &[Rc<RestrictInfo>],
) -> Vec<Rc<RestrictInfo>> {
    let mut result = Vec::new();
    for r in clauses {
        equivclass::update_mergeclause_eclasses(root, r);
    }
    for key in keys {
        let matched: Vec<_> = clauses
            .iter()
            .filter(|r| {
                let outer = if r.outer_is_left.get() { r.left_ec.get() } else { r.right_ec.get() };
                outer == Some(key.ec)
            })
            .cloned()
            .collect();
        if matched.is_empty() {
            break;
        }
        result.extend(matched);
    }
    result
}

/// An order of the outer side that serves all merge clauses, and if possible the query's.
pub fn select_outer_pathkeys_for_merge(
    root: &PlannerInfo<'_>,
    clauses: &[Rc<RestrictInfo>],
    joinrel: RelId,
) -> Vec<PathKey> {
    let mut ecs: Vec<(EcId, usize)> = Vec::new();
    for r in clauses {
        equivclass::update_mergeclause_eclasses(root, r);
        let ec = if r.outer_is_left.get() { r.left_ec.get() } else { r.right_ec.get() };
        let Some(ec) = ec else { continue };
        if ecs.iter().any(|(e, _)| *e == ec) {
            continue;
        }
        let join_relids = &root.rels[joinrel].relids;
        let score = root.eq_classes[ec]
            .members
            .iter()
            .filter(|m| !m.is_const && !m.is_child && !m.relids.overlaps(join_relids))
            .count();
        ecs.push((ec, score));
    }
    let mut keys: Vec<PathKey> = Vec::new();
    let wanted = &root.query_pathkeys;
    if !wanted.is_empty() {
        let matches = wanted.iter().take_while(|k| ecs.iter().any(|(e, _)| *e == k.ec)).count();
        if matches == wanted.len() {
            keys = wanted.clone();
            ecs.retain(|(e, _)| !wanted.iter().any(|k| k.ec == *e));
        }
    }
    // The class with most joins still to come goes first.
    while !ecs.is_empty() {
        let mut best = 0;
        for i in 1..ecs.len() {
            if ecs[i].1 > ecs[best].1 {
                best = i;
            }
        }
        let (ec, _) = ecs.remove(best);
        let class = &root.eq_classes[ec];
        let Some(family) = class.opfamilies.first() else { continue };
        let key = PathKey { ec, opfamily: *family, reverse: false, nulls_first: false };
        if !pathkey_is_redundant(root, &key, &keys) {
            keys.push(key);
        }
    }
    keys
}

/// The inner order that goes with merge clauses in the outer order.
pub fn make_inner_pathkeys_for_merge(
    root: &PlannerInfo<'_>,
    clauses: &[Rc<RestrictInfo>],
    outer_keys: &[PathKey],
) -> Vec<PathKey> {
    let mut keys: Vec<PathKey> = Vec::new();
    let mut at: Option<usize> = None;
    for r in clauses {
        equivclass::update_mergeclause_eclasses(root, r);
        let (oec, iec) = if r.outer_is_left.get() {
            (r.left_ec.get(), r.right_ec.get())
        } else {
            (r.right_ec.get(), r.left_ec.get())
        };
        let (Some(oec), Some(iec)) = (oec, iec) else { continue };
        let next = at.map_or(0, |a| if outer_keys[a].ec == oec { a } else { a + 1 });
        let Some(outer) = outer_keys.get(next).filter(|k| k.ec == oec) else { continue };
        at = Some(next);
        let key = PathKey { ec: iec, ..outer.clone() };
        if !pathkey_is_redundant(root, &key, &keys) {
            keys.push(key);
        }
    }
    keys
}

/// Merge clauses that a (shorter) inner order can serve.
pub fn trim_mergeclauses_for_inner(
    root: &PlannerInfo<'_>,
    clauses: &[Rc<RestrictInfo>],
    keys: &[PathKey],
) -> Vec<Rc<RestrictInfo>> {
    let mut result = Vec::new();
    let mut at = 0;
    let mut matched = false;
    for r in clauses {
        let ec = if r.outer_is_left.get() { r.right_ec.get() } else { r.left_ec.get() };
        let ec = ec.map(|e| root.ec_id(e));
        while at < keys.len() && Some(keys[at].ec) != ec {
            if !matched {
                return result;
            }
            at += 1;
            matched = false;
        }
        if at >= keys.len() {
            break;
        }
        matched = true;
        result.push(r.clone());
    }
    result
}

/// Some expression for each key; `None` if a key is volatile.
pub fn pathkey_exprs(root: &PlannerInfo<'_>, keys: &[PathKey]) -> Option<Vec<Expr>> {
    keys.iter()
        .map(|k| {
            let ec = &root.eq_classes[k.ec];
            if ec.has_volatile {
                return None;
            }
            ec.members.iter().find(|m| !m.is_const).map(|m| m.expr.clone())
        })
        .collect()
}
