//! Takes the join tree apart: which relations are needed where, and which clause belongs to which join.
use super::{
    equivclass,
    restrict_info::{ClauseContext, check_joinable, make_restrictinfo},
};
use crate::{clauses::*, placeholder, relids::Relids, root::*};
use error::PgResult;
use nodes::*;
use std::rc::Rc;

/// What has to be joined: a relation, or a group to be joined among itself first.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum JoinList {
    Rel(i32),
    Sub(Vec<JoinList>),
}

struct JoinItem {
    quals: Vec<Expr>,
    jointype: Option<JoinType>,
    ojrelid: i32,
    jdomain: usize,
    parent: Option<usize>,
    qualscope: Relids,
    inner_join_rels: Relids,
    left_rels: Relids,
    right_rels: Relids,
    nonnullable_rels: Relids,
    lateral_clauses: Vec<Expr>,
    /// Clauses of a left join that may commute, put off until all joins are known.
    oj_joinclauses: Vec<Expr>,
    /// Position in `join_info_list`.
    sj: Option<usize>,
    security_rti: i32,
}

/// Where a clause is distributed to and how.
#[derive(Clone, Default)]
struct Distribution {
    qualscope: Relids,
    ojscope: Option<Relids>,
    nonnullable: Relids,
    incompatible: Relids,
    security_level: u32,
    sj: Option<usize>,
    no_equivalence: bool,
    has_clone: bool,
    is_clone: bool,
    /// Clauses that mention the non-nullable side wait for all joins to be known.
    postpone: bool,
}

/// Marks what the target list and HAVING need of each relation.
pub fn build_base_rel_tlists(root: &mut PlannerInfo<'_>) {
    let how = PullVars { aggregates: false, window_funcs: false, recurse_placeholders: false };
    let mut vars = pull_vars_distinct(root.processed_tlist.iter().map(|t| &t.expr), how);
    if let Some(having) = &root.parse.having_qual {
        vars.extend(pull_var_clause(having, how));
    }
    add_vars_to_targetlist(root, &vars, &Relids::single(0));
}

/// Makes columns available up to the joins of `needed`.
pub fn add_vars_to_targetlist(root: &mut PlannerInfo<'_>, vars: &[Expr], needed: &Relids) {
    for var in vars {
        match var {
            Expr::Var(v) => {
                let Some(id) = root.try_base(v.varno) else { continue };
                let rel = &mut root.rels[id];
                // Needed only where the relation itself is: a plain scan column.
                if needed.is_subset(&rel.relids) {
                    continue;
                }
                let slot = (v.varattno + 7) as usize;
                if slot >= rel.attr_needed.len() {
                    continue;
                }
                if rel.attr_needed[slot].is_empty() {
                    let mut plain = v.clone();
                    plain.varnullingrels = Vec::new();
                    let target = Rc::make_mut(&mut rel.reltarget);
                    target.exprs.push(Expr::Var(plain));
                }
                rel.attr_needed[slot].add_all(needed);
            }
            Expr::PlaceHolderVar(p) => {
                let at = placeholder::find_placeholder_info(root, p);
                root.placeholder_list[at].needed.add_all(needed);
            }
            _ => {}
        }
    }
}

/// Takes the join tree apart; afterwards every clause is in its place.
pub fn deconstruct_jointree(root: &mut PlannerInfo<'_>) -> PgResult<Vec<JoinList>> {
    root.all_query_rels = Relids::new();
    root.all_baserels = Relids::new();
    root.outer_join_rels = Relids::new();
    collect_rels(root);
    root.join_domains = vec![root.all_query_rels.clone()];
    let tree = std::mem::take(&mut root.parse.jointree);
    let mut items: Vec<JoinItem> = Vec::new();
    let top = JoinTreeNode::FromExpr(Box::new(tree.clone()));
    root.parse.jointree = tree;
    let joinlist = recurse(root, &top, 0, None, &mut items);
    // Children come before parents in `items`, except that a parent's slot is reserved first.
    let order = post_order(&items);
    for at in &order {
        distribute(root, &mut items, *at)?;
    }
    for at in &order {
        if !items[*at].oj_joinclauses.is_empty() {
            distribute_oj_clauses(root, &mut items, &order, *at)?;
        }
    }
    Ok(match joinlist {
        JoinList::Sub(list) => list,
        rel => vec![rel],
    })
}

fn collect_rels(root: &mut PlannerInfo<'_>) {
    fn walk(node: &JoinTreeNode, base: &mut Relids, oj: &mut Relids) {
        match node {
            JoinTreeNode::RangeTblRef(r) => base.add(*r),
            JoinTreeNode::FromExpr(f) => f.fromlist.iter().for_each(|n| walk(n, base, oj)),
            JoinTreeNode::JoinExpr(j) => {
                if j.rtindex > 0 && !matches!(j.jointype, JoinType::Inner | JoinType::Semi) {
                    oj.add(j.rtindex);
                }
                walk(&j.larg, base, oj);
                walk(&j.rarg, base, oj);
            }
        }
    }
    let (mut base, mut oj) = (Relids::new(), Relids::new());
    for node in &root.parse.jointree.fromlist {
        walk(node, &mut base, &mut oj);
    }
    root.all_query_rels = base.union(&oj);
    root.all_baserels = base;
    root.outer_join_rels = oj;
}

fn post_order(items: &[JoinItem]) -> Vec<usize> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    for (i, item) in items.iter().enumerate() {
        if let Some(p) = item.parent {
            children[p].push(i);
        }
    }
    fn visit(at: usize, children: &[Vec<usize>], out: &mut Vec<usize>) {
        children[at].iter().for_each(|c| visit(*c, children, out));
        out.push(at);
    }
    let mut out = Vec::with_capacity(items.len());
    if !items.is_empty() {
        visit(0, &children, &mut out);
    }
    out
}

fn new_item(parent: Option<usize>, jdomain: usize) -> JoinItem {
    JoinItem {
        quals: Vec::new(),
        jointype: None,
        ojrelid: 0,
        jdomain,
        parent,
        qualscope: Relids::new(),
        inner_join_rels: Relids::new(),
        left_rels: Relids::new(),
        right_rels: Relids::new(),
        nonnullable_rels: Relids::new(),
        lateral_clauses: Vec::new(),
        oj_joinclauses: Vec::new(),
        sj: None,
        security_rti: 0,
    }
}

fn recurse(
    root: &mut PlannerInfo<'_>,
    node: &JoinTreeNode,
    jdomain: usize,
    parent: Option<usize>,
    items: &mut Vec<JoinItem>,
) -> JoinList {
    let at = items.len();
    items.push(new_item(parent, jdomain));
    match node {
        JoinTreeNode::RangeTblRef(rti) => {
            items[at].qualscope = Relids::single(*rti);
            items[at].security_rti = *rti;
            JoinList::Rel(*rti)
        }
        JoinTreeNode::FromExpr(f) => {
            let mut joinlist: Vec<JoinList> = Vec::new();
            let mut remaining = f.fromlist.len();
            let limit = root.cx().settings.from_collapse_limit as usize;
            for child in &f.fromlist {
                let child_at = items.len();
                let sub = recurse(root, child, jdomain, Some(at), items);
                let scope = items[child_at].qualscope.clone();
                let inner = items[child_at].inner_join_rels.clone();
                items[at].qualscope.add_all(&scope);
                items[at].inner_join_rels = inner;
                let sub = match sub {
                    JoinList::Sub(list) => list,
                    rel => vec![rel],
                };
                remaining -= 1;
                if sub.len() <= 1 || joinlist.len() + sub.len() + remaining <= limit {
                    joinlist.extend(sub);
                } else {
                    joinlist.push(JoinList::Sub(sub));
                }
            }
            if f.fromlist.len() > 1 {
                items[at].inner_join_rels = items[at].qualscope.clone();
            }
            items[at].quals = make_ands_implicit(f.quals.clone());
            JoinList::Sub(joinlist)
        }
        JoinTreeNode::JoinExpr(j) => recurse_join(root, j, jdomain, at, items),
    }
}

fn recurse_join(
    root: &mut PlannerInfo<'_>,
    j: &JoinExpr,
    jdomain: usize,
    at: usize,
    items: &mut Vec<JoinItem>,
) -> JoinList {
    let (left_domain, right_domain, own_domain) = match j.jointype {
        JoinType::Inner | JoinType::Semi => (jdomain, jdomain, jdomain),
        JoinType::Full => {
            root.join_domains.extend([Relids::new(), Relids::new(), Relids::new()]);
            let n = root.join_domains.len();
            (n - 2, n - 1, n - 3)
        }
        _ => {
            // The nullable side, with the join condition, is a domain of its own.
            root.join_domains.push(Relids::new());
            let d = root.join_domains.len() - 1;
            (jdomain, d, d)
        }
    };
    let left_at = items.len();
    let left = recurse(root, &j.larg, left_domain, Some(at), items);
    let right_at = items.len();
    let right = recurse(root, &j.rarg, right_domain, Some(at), items);
    let (l, r) = (items[left_at].qualscope.clone(), items[right_at].qualscope.clone());
    let mut scope = l.union(&r);
    let inner_below = items[left_at].inner_join_rels.union(&items[right_at].inner_join_rels);
    match j.jointype {
        JoinType::Inner => items[at].inner_join_rels = scope.clone(),
        JoinType::Semi => {
            items[at].inner_join_rels = inner_below;
            items[at].nonnullable_rels = Relids::new();
        }
        JoinType::Full => {
            root.join_domains[left_domain] = l.clone();
            root.join_domains[right_domain] = r.clone();
            items[at].inner_join_rels = inner_below;
            items[at].nonnullable_rels = scope.clone();
        }
        _ => {
            items[at].inner_join_rels = inner_below;
            items[at].nonnullable_rels = l.clone();
        }
    }
    if j.rtindex > 0 && !matches!(j.jointype, JoinType::Inner | JoinType::Semi) {
        scope.add(j.rtindex);
        if own_domain != jdomain {
            root.join_domains[own_domain] =
                if j.jointype == JoinType::Full { l.union(&r) } else { r.clone() };
        }
        // The relations below are nulled by this join.
        let nulled = if j.jointype == JoinType::Full { l.union(&r) } else { r.clone() };
        for rti in nulled.iter() {
            if let Some(id) = root.try_base(rti) {
                root.rels[id].nulling_relids.add(j.rtindex);
            }
        }
        items[at].ojrelid = j.rtindex;
    } else if own_domain != jdomain {
        root.join_domains[own_domain] = r.clone();
    }
    items[at].qualscope = scope;
    items[at].left_rels = l;
    items[at].right_rels = r;
    items[at].jointype = Some(j.jointype);
    items[at].jdomain = own_domain;
    items[at].quals = make_ands_implicit(j.quals.clone());
    let flat = |list: JoinList| match list {
        JoinList::Sub(l) => l,
        rel => vec![rel],
    };
    if j.jointype == JoinType::Full {
        // The two sides are planned apart.
        let part = |list: JoinList| match list {
            JoinList::Sub(mut l) if l.len() == 1 => l.remove(0),
            other => other,
        };
        let pair = vec![part(left), part(right)];
        return JoinList::Sub(vec![JoinList::Sub(pair)]);
    }
    let (left, right) = (flat(left), flat(right));
    if left.len() + right.len() <= root.cx().settings.join_collapse_limit as usize {
        let mut all = left;
        all.extend(right);
        return JoinList::Sub(all);
    }
    let part = |mut list: Vec<JoinList>| {
        if list.len() == 1 { list.remove(0) } else { JoinList::Sub(list) }
    };
    JoinList::Sub(vec![part(left), part(right)])
}

fn distribute(root: &mut PlannerInfo<'_>, items: &mut [JoinItem], at: usize) -> PgResult<()> {
    let quals = std::mem::take(&mut items[at].quals);
    let lateral = std::mem::take(&mut items[at].lateral_clauses);
    let all: Vec<Expr> = lateral.into_iter().chain(quals).collect();
    let mut how = Distribution {
        qualscope: items[at].qualscope.clone(),
        security_level: root.qual_security_level,
        ..Distribution::default()
    };
    let Some(jointype) = items[at].jointype else {
        if items[at].security_rti > 0 {
            security_quals(root, items, at)?;
        }
        return distribute_all(root, items, at, all, &how);
    };
    if jointype != JoinType::Inner {
        let sj = make_outerjoininfo(root, &items[at], jointype, &all)?;
        let mut scope = sj.min_lefthand.union(&sj.min_righthand);
        how.nonnullable = items[at].nonnullable_rels.clone();
        if jointype == JoinType::Left && sj.lhs_strict {
            // The join may turn out to commute with one above it.
            how.postpone = true;
            scope.add_all(&sj.commute_below_l);
            scope.add_all(&sj.commute_below_r);
        }
        how.ojscope = (jointype != JoinType::Semi).then_some(scope);
        root.join_info_list.push(Rc::new(sj));
        let at_list = root.join_info_list.len() - 1;
        items[at].sj = Some(at_list);
        how.sj = Some(at_list);
    }
    distribute_all(root, items, at, all, &how)
}

fn distribute_all(
    root: &mut PlannerInfo<'_>,
    items: &mut [JoinItem],
    at: usize,
    clauses: Vec<Expr>,
    how: &Distribution,
) -> PgResult<()> {
    for clause in clauses {
        distribute_qual(root, items, at, clause, how)?;
    }
    Ok(())
}

/// The condition of a left join that commutes with others exists in several forms, one for each place
/// among them that the join may get: they differ in which of the joins have nulled its columns.
fn distribute_oj_clauses(
    root: &mut PlannerInfo<'_>,
    items: &mut [JoinItem],
    order: &[usize],
    at: usize,
) -> PgResult<()> {
    let mut clauses = std::mem::take(&mut items[at].oj_joinclauses);
    let Some(own) = items[at].sj else { return Ok(()) };
    let sj = root.join_info_list[own].clone();
    let mut qualscope = sj.syn_lefthand.union(&sj.syn_righthand);
    qualscope.add(sj.ojrelid);
    let ojscope = sj.min_lefthand.union(&sj.min_righthand);
    let base = Distribution {
        nonnullable: sj.syn_lefthand.clone(),
        security_level: root.qual_security_level,
        sj: Some(own),
        ..Distribution::default()
    };
    let (above, below) = (&sj.commute_above_r, &sj.commute_below_l);
    if above.is_empty() && below.is_empty() {
        let how = Distribution { qualscope, ojscope: Some(ojscope), ..base };
        return distribute_all(root, items, at, clauses, &how);
    }
    if !below.is_empty() {
        clauses.iter_mut().for_each(|c| remove_nulling_rels(c, below, None));
    }
    let mut incompatible = above.union(below);
    incompatible.add(sj.ojrelid);
    let serial = root.glob.state.borrow().last_rinfo_serial;
    let mut so_far = Relids::new();
    for other_at in order {
        let Some(other) = items[*other_at].sj.map(|i| root.join_info_list[i].clone()) else {
            continue;
        };
        let is_below = other.ojrelid > 0 && below.contains(other.ojrelid);
        let is_above = other.ojrelid > 0 && above.contains(other.ojrelid);
        if !is_below && !is_above && items[*other_at].sj != Some(own) {
            continue;
        }
        let joined = Relids::single(other.ojrelid);
        root.glob.state.borrow_mut().last_rinfo_serial = serial;
        if is_above {
            for c in &mut clauses {
                add_nulling_rels(c, Some(&sj.syn_lefthand), &joined);
            }
            incompatible.remove(other.ojrelid);
        }
        let (mut scope, mut oj) = (qualscope.union(&so_far), ojscope.union(&so_far));
        if is_above {
            scope.add(other.ojrelid);
            oj.add(other.ojrelid);
            oj.remove(sj.ojrelid);
        }
        // Only the form with the fewest marks makes equivalence classes.
        let first = so_far.is_empty();
        let how = Distribution {
            qualscope: scope,
            ojscope: Some(oj),
            incompatible: incompatible.clone(),
            no_equivalence: !first,
            has_clone: first,
            is_clone: !first,
            ..base.clone()
        };
        distribute_all(root, items, *other_at, clauses.clone(), &how)?;
        if is_below {
            for c in &mut clauses {
                add_nulling_rels(c, Some(&other.syn_righthand), &joined);
            }
            incompatible.remove(other.ojrelid);
        }
        so_far.add(other.ojrelid);
    }
    Ok(())
}

fn security_quals(root: &mut PlannerInfo<'_>, items: &mut [JoinItem], at: usize) -> PgResult<()> {
    let rti = items[at].security_rti;
    let quals = root.rte(rti).security_quals.clone();
    let scope = items[at].qualscope.clone();
    for (level, qual) in quals.into_iter().enumerate() {
        let how = Distribution {
            qualscope: scope.clone(),
            ojscope: Some(scope.clone()),
            security_level: level as u32,
            ..Distribution::default()
        };
        distribute_all(root, items, at, make_ands_implicit(Some(qual)), &how)?;
    }
    Ok(())
}

fn make_outerjoininfo(
    root: &mut PlannerInfo<'_>,
    item: &JoinItem,
    jointype: JoinType,
    quals: &[Expr],
) -> PgResult<SpecialJoinInfo> {
    let cx = root.cx();
    let (left, right) = (&item.left_rels, &item.right_rels);
    for mark in &root.parse.row_marks {
        if right.contains(mark.rti) || jointype == JoinType::Full && left.contains(mark.rti) {
            let strength = match mark.strength {
                LockClauseStrength::ForKeyShare => "FOR KEY SHARE",
                LockClauseStrength::ForShare => "FOR SHARE",
                LockClauseStrength::ForNoKeyUpdate => "FOR NO KEY UPDATE",
                LockClauseStrength::ForUpdate => "FOR UPDATE",
            };
            error::bail!(
                FEATURE_NOT_SUPPORTED,
                "{strength} cannot be applied to the nullable side of an outer join"
            );
        }
    }
    let mut sj = SpecialJoinInfo {
        min_lefthand: left.clone(),
        min_righthand: right.clone(),
        syn_lefthand: left.clone(),
        syn_righthand: right.clone(),
        jointype,
        ojrelid: item.ojrelid,
        commute_above_l: Relids::new(),
        commute_above_r: Relids::new(),
        commute_below_l: Relids::new(),
        commute_below_r: Relids::new(),
        lhs_strict: false,
        semi_can_btree: false,
        semi_can_hash: false,
        semi_operators: Vec::new(),
        semi_rhs_exprs: Vec::new(),
    };
    compute_semijoin_info(root, &mut sj, quals);
    if jointype == JoinType::Full {
        return Ok(sj);
    }
    let (mut clause_relids, mut strict) = (Relids::new(), Relids::new());
    for q in quals {
        clause_relids.add_all(&pull_varnos(Some(root), q));
        strict.add_all(&cx.nonnullable_rels(q));
    }
    sj.lhs_strict = strict.overlaps(left);
    sj.min_lefthand = clause_relids.intersect(left);
    sj.min_righthand = clause_relids.union(&item.inner_join_rels).intersect(right);
    for other in &root.join_info_list {
        order_restrictions(root, &mut sj, other, quals, &clause_relids, &strict);
    }
    // PlaceHolderVars that are evaluated in the nullable side must not be split from it.
    for info in &root.placeholder_list {
        if info.ph_var.phrels.iter().all(|r| right.contains(*r)) {
            sj.min_righthand.add_all(&info.eval_at);
        }
    }
    if sj.min_lefthand.is_empty() {
        sj.min_lefthand = left.clone();
    }
    if sj.min_righthand.is_empty() {
        sj.min_righthand = right.clone();
    }
    sj.commute_below_l.remove_all(&sj.min_lefthand.clone());
    sj.commute_below_r.remove_all(&sj.min_righthand.clone());
    for other in &mut root.join_info_list {
        if sj.commute_below_l.contains(other.ojrelid) {
            Rc::make_mut(other).commute_above_l.add(sj.ojrelid);
        } else if sj.commute_below_r.contains(other.ojrelid) {
            Rc::make_mut(other).commute_above_r.add(sj.ojrelid);
        }
    }
    Ok(sj)
}

/// What a lower outer join means for the order: it comes first unless the two commute.
fn order_restrictions(
    root: &PlannerInfo<'_>,
    sj: &mut SpecialJoinInfo,
    other: &SpecialJoinInfo,
    quals: &[Expr],
    clause_relids: &Relids,
    strict: &Relids,
) {
    let (left, right) = (sj.syn_lefthand.clone(), sj.syn_righthand.clone());
    let mut whole = other.syn_lefthand.union(&other.syn_righthand);
    if other.ojrelid > 0 {
        whole.add(other.ojrelid);
    }
    if other.jointype == JoinType::Full {
        if left.overlaps(&whole) {
            sj.min_lefthand.add_all(&whole);
        }
        if right.overlaps(&whole) {
            sj.min_righthand.add_all(&whole);
        }
        return;
    }
    let semi_or_anti = |t: JoinType| matches!(t, JoinType::Semi | JoinType::Anti);
    let both_left = sj.jointype == JoinType::Left && other.jointype == JoinType::Left;
    // A PlaceHolderVar computed above the lower join ties us to it.
    let unsafe_phvs = other.ojrelid > 0
        && !root.placeholder_list.is_empty()
        && quals.iter().any(|q| has_placeholder_above(root, q, other.ojrelid));
    if left.overlaps(&other.syn_righthand) {
        let strict_for_it = strict.overlaps(&other.min_righthand);
        if clause_relids.overlaps(&other.syn_righthand)
            && (unsafe_phvs || semi_or_anti(sj.jointype) || !strict_for_it)
        {
            sj.min_lefthand.add_all(&whole);
        } else if both_left && strict_for_it && !clause_relids.overlaps(&other.syn_lefthand) {
            sj.min_lefthand.remove(other.ojrelid);
            sj.commute_below_l.add(other.ojrelid);
        }
    }
    if right.overlaps(&other.syn_righthand) {
        if clause_relids.overlaps(&other.syn_righthand)
            || !clause_relids.overlaps(&other.min_lefthand)
            || unsafe_phvs
            || semi_or_anti(sj.jointype)
            || semi_or_anti(other.jointype)
            || !other.lhs_strict
        {
            sj.min_righthand.add_all(&whole);
        } else if both_left && other.lhs_strict {
            sj.min_righthand.remove(other.ojrelid);
            sj.commute_below_r.add(other.ojrelid);
        }
    }
}

/// Whether an expression has a PlaceHolderVar whose evaluation needs the join `ojrelid` done.
fn has_placeholder_above(root: &PlannerInfo<'_>, expr: &Expr, ojrelid: i32) -> bool {
    expr.any(&mut |e| {
        matches!(e, Expr::PlaceHolderVar(p) if p.phlevelsup == 0
            && root.placeholder_list.iter().any(|i| i.phid == p.phid && i.eval_at.contains(ojrelid)))
    })
}

/// Whether a semi join's right side can be made unique, by which operators over which expressions.
fn compute_semijoin_info(root: &PlannerInfo<'_>, sj: &mut SpecialJoinInfo, quals: &[Expr]) {
    let cx = root.cx();
    if sj.jointype != JoinType::Semi {
        return;
    }
    let (mut btree, mut hash) = (true, true);
    let (mut operators, mut exprs) = (Vec::new(), Vec::new());
    for qual in quals {
        let Expr::OpExpr(op) = qual else {
            if pull_varnos(Some(root), qual).overlaps(&sj.syn_righthand) {
                if cx.contain_volatile(qual)
                    || !pull_varnos(Some(root), qual).is_subset(&sj.syn_righthand)
                {
                    return;
                }
            }
            continue;
        };
        if op.args.len() != 2 {
            if pull_varnos(Some(root), qual).overlaps(&sj.syn_righthand) {
                return;
            }
            continue;
        }
        let l = pull_varnos(Some(root), &op.args[0]);
        let r = pull_varnos(Some(root), &op.args[1]);
        let all = l.union(&r);
        // Conditions on one side only don't matter here.
        if !all.overlaps(&sj.syn_righthand) || all.is_subset(&sj.syn_righthand) {
            if cx.contain_volatile(qual) {
                return;
            }
            continue;
        }
        let (rhs, opno) = if !r.is_empty()
            && r.is_subset(&sj.syn_righthand)
            && !l.overlaps(&sj.syn_righthand)
        {
            (op.args[1].clone(), op.opno)
        } else if !l.is_empty() && l.is_subset(&sj.syn_righthand) && !r.overlaps(&sj.syn_righthand)
        {
            (op.args[0].clone(), cx.commutator(op.opno))
        } else {
            return;
        };
        if !opno.is_valid() {
            return;
        }
        if btree {
            btree =
                cx.op_mergejoinable(opno, rhs.typ()) && !cx.mergejoin_opfamilies(opno).is_empty();
        }
        if hash {
            hash = cx.op_hashjoinable(opno, rhs.typ());
        }
        if !(btree || hash) {
            return;
        }
        operators.push(opno);
        exprs.push(rhs);
    }
    if exprs.is_empty() || exprs.iter().any(|e| cx.contain_volatile(e)) {
        return;
    }
    sj.semi_can_btree = btree;
    sj.semi_can_hash = hash;
    sj.semi_operators = operators;
    sj.semi_rhs_exprs = exprs;
}

fn distribute_qual(
    root: &mut PlannerInfo<'_>,
    items: &mut [JoinItem],
    at: usize,
    clause: Expr,
    place: &Distribution,
) -> PgResult<()> {
    let mut relids = pull_varnos(Some(root), &clause);
    // A LATERAL reference out of this scope: the clause belongs to the join that has it all.
    if !relids.is_subset(&place.qualscope) {
        let mut up = items[at].parent;
        while let Some(p) = up {
            if relids.is_subset(&items[p].qualscope) {
                items[p].lateral_clauses.push(clause);
                return Ok(());
            }
            up = items[p].parent;
        }
        return Err(error::PgError::internal(
            "failed to postpone qual containing lateral reference",
        ));
    }
    if place.ojscope.as_ref().is_some_and(|s| !relids.is_subset(s)) {
        return Err(error::PgError::internal("JOIN qualification cannot refer to other relations"));
    }
    let mut pseudoconstant = false;
    if relids.is_empty() {
        if let Some(scope) = &place.ojscope {
            relids = scope.clone();
        } else if root.cx().contain_volatile(&clause) {
            relids = place.qualscope.clone();
        } else {
            let domain = items[at].jdomain;
            relids =
                if domain == 0 { root.join_domains[0].clone() } else { place.qualscope.clone() };
            pseudoconstant = true;
            root.has_pseudo_constant_quals = true;
        }
    }
    let own_condition = relids.overlaps(&place.nonnullable);
    if own_condition {
        if place.postpone {
            items[at].oj_joinclauses.push(clause);
            return Ok(());
        }
        // It stays at the join: pushed down it would remove rows that are to be NULL-extended.
        if let Some(scope) = &place.ojscope {
            relids = scope.clone();
        }
    } else if is_redundant_null_test(root, &clause) {
        return Ok(());
    }
    let how = ClauseContext {
        is_pushed_down: !own_condition,
        pseudoconstant,
        has_clone: place.has_clone,
        is_clone: place.is_clone,
        security_level: place.security_level,
        required_relids: Some(relids.clone()),
        incompatible_relids: place.incompatible.clone(),
        outer_relids: place.nonnullable.clone(),
    };
    let mut rinfo = make_restrictinfo(root, clause, &how);
    if relids.len() > 1 {
        let vars = pull_var_clause(&rinfo.clause, PullVars::default());
        let needed = if place.is_clone { relids.intersect(&root.all_baserels) } else { relids };
        add_vars_to_targetlist(root, &vars, &needed);
    }
    check_joinable(root, &mut rinfo);
    if !rinfo.mergeopfamilies.is_empty()
        && to_classes(root, &mut rinfo, items[at].jdomain, place, own_condition)
    {
        return Ok(());
    }
    distribute_restrictinfo_to_rels(root, rinfo);
    Ok(())
}

/// Whether `x IS NULL` is what an anti join below has made sure of.
fn is_redundant_null_test(root: &PlannerInfo<'_>, clause: &Expr) -> bool {
    let var = match clause {
        Expr::NullTest(n) if n.is_null && !n.argisrow => &n.arg,
        Expr::BooleanTest(b) if b.booltesttype == BoolTestType::IsUnknown => &b.arg,
        _ => return false,
    };
    let Expr::Var(v) = var else { return false };
    v.varlevelsup == 0
        && root.join_info_list.iter().any(|sj| {
            sj.jointype == JoinType::Anti
                && sj.ojrelid > 0
                && v.varnullingrels.contains(&sj.ojrelid)
                && sj.syn_righthand.contains(v.varno)
        })
}

/// Hands a mergejoinable clause to the equivalence classes; true if it is taken care of.
fn to_classes(
    root: &mut PlannerInfo<'_>,
    rinfo: &mut Rc<RestrictInfo>,
    jdomain: usize,
    place: &Distribution,
    own_condition: bool,
) -> bool {
    if !own_condition {
        if !place.no_equivalence {
            if equivclass::process_equivalence(root, rinfo, jdomain) {
                return true;
            }
        }
        if !rinfo.mergeopfamilies.is_empty() {
            equivclass::initialize_mergeclause_eclasses(root, rinfo);
        }
        return false;
    }
    equivclass::initialize_mergeclause_eclasses(root, rinfo);
    let Some(sj) = place.sj.map(|i| root.join_info_list[i].clone()) else { return false };
    if !rinfo.can_join {
        return false;
    }
    let outer = &place.nonnullable;
    let entry = OuterJoinClause { rinfo: rinfo.clone(), sjinfo: sj.clone() };
    if rinfo.left_relids.is_subset(outer) && !rinfo.right_relids.overlaps(outer) {
        root.left_join_clauses.push(entry);
    } else if rinfo.right_relids.is_subset(outer) && !rinfo.left_relids.overlaps(outer) {
        root.right_join_clauses.push(entry);
    } else if sj.jointype == JoinType::Full {
        root.full_join_clauses.push(entry);
    } else {
        return false;
    }
    true
}

/// Hands a finished clause to its relation or to the relations it joins.
pub fn distribute_restrictinfo_to_rels(root: &mut PlannerInfo<'_>, rinfo: Rc<RestrictInfo>) {
    let relids = &rinfo.required_relids;
    match relids.singleton() {
        Some(rti) if root.try_base(rti).is_some() => {
            let id = root.base_id(rti);
            add_base_clause(root, id, rinfo);
        }
        _ => {
            for rti in relids.to_vec() {
                if let Some(id) = root.try_base(rti) {
                    let list = &mut root.rels[id].joininfo;
                    if !list.iter().any(|r| Rc::ptr_eq(r, &rinfo)) {
                        list.push(rinfo.clone());
                    }
                }
            }
        }
    }
}

/// Adds a restriction clause to a base relation.
pub fn add_base_clause(root: &mut PlannerInfo<'_>, id: RelId, rinfo: Rc<RestrictInfo>) {
    let level = rinfo.security_level;
    // A NOT NULL column makes IS NOT NULL true and IS NULL false.
    if let Some(always) = null_test_on_not_null(&root.rels[id], &rinfo) {
        if always {
            return;
        }
        let how = ClauseContext {
            is_pushed_down: true,
            pseudoconstant: true,
            security_level: level,
            required_relids: Some(rinfo.required_relids.clone()),
            ..ClauseContext::default()
        };
        root.has_pseudo_constant_quals = true;
        let never = make_restrictinfo(root, crate::lsyscache::bool_const(Some(false)), &how);
        root.rels[id].baserestrictinfo.push(never);
        return;
    }
    let rel = &mut root.rels[id];
    rel.baserestrictinfo.push(rinfo);
    rel.baserestrict_min_security = rel.baserestrict_min_security.min(level);
}

fn null_test_on_not_null(rel: &RelOptInfo<'_>, rinfo: &RestrictInfo) -> Option<bool> {
    let Expr::NullTest(n) = &rinfo.clause else { return None };
    let Expr::Var(v) = &n.arg else { return None };
    let not_null = !n.argisrow
        && v.varno == rel.relid
        && v.varnullingrels.is_empty()
        && (rel.notnull_attnos.contains(&v.varattno)
            || v.varattno < 0 && rel.base == BaseKind::Relation);
    not_null.then_some(!n.is_null)
}
