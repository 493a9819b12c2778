//! Takes the join tree apart: which relations are needed where, and which clause belongs to which join.
use super::{
    equivclass,
    restrict_info::{ClauseContext, check_joinable, make_restrictinfo},
};
use crate::{clauses::*, placeholder, relids::Relids, root::*};
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
    security_rti: i32,
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

/// Relations that a LATERAL entry refers to become needed at it.
pub fn find_lateral_references(root: &mut PlannerInfo<'_>) {
    if !root.has_lateral_rtes {
        return;
    }
    for rti in 1..root.simple_rels.len() as i32 {
        let Some(id) = root.try_base(rti) else { continue };
        let rte = root.rte(rti);
        if !rte.lateral && !matches!(rte.kind, RteKind::Relation { .. }) {
            continue;
        }
        let how = PullVars::default();
        let mut vars: Vec<Expr> = Vec::new();
        match &rte.kind {
            RteKind::Relation { tablesample: Some(ts), .. } => {
                ts.args.iter().for_each(|e| vars.extend(pull_var_clause(e, how)));
            }
            RteKind::Subquery { subquery, .. } => vars = lateral_vars_of_query(subquery),
            RteKind::Function { .. } | RteKind::TableFunc(_) | RteKind::Values { .. } => {
                rte.kind.for_each_expr(&mut |e| vars.extend(pull_var_clause(e, how)));
            }
            _ => continue,
        }
        if vars.is_empty() {
            continue;
        }
        for v in &mut vars {
            if let Expr::PlaceHolderVar(p) = v {
                // The definition may still contain sublinks of its own level.
                p.phlevelsup = 0;
            }
        }
        let needed = Relids::single(rti);
        add_vars_to_targetlist_forced(root, &vars, &needed);
        root.rels[id].lateral_vars = vars;
    }
}

fn add_vars_to_targetlist_forced(root: &mut PlannerInfo<'_>, vars: &[Expr], needed: &Relids) {
    add_vars_to_targetlist(root, vars, needed);
}

/// Vars of the level above that a LATERAL subquery uses, as Vars of that level.
fn lateral_vars_of_query(query: &Query) -> Vec<Expr> {
    let mut vars: Vec<Expr> = Vec::new();
    walk::visit_query_deep(query, 1, &mut |e, level| match e {
        Expr::Var(v) if v.varlevelsup == level => {
            let mut v = v.clone();
            v.varlevelsup = 0;
            vars.push(Expr::Var(v));
        }
        Expr::PlaceHolderVar(p) if p.phlevelsup == level && level > 0 => {
            let mut copy = Expr::PlaceHolderVar(p.clone());
            increment_sublevels_up(&mut copy, -(level as i32), 0);
            vars.push(copy);
        }
        _ => {}
    });
    let mut unique: Vec<Expr> = Vec::new();
    for v in vars {
        if !unique.iter().any(|u| u.equals(&v)) {
            unique.push(v);
        }
    }
    unique
}

/// Which relations each one depends on through LATERAL, directly and not.
pub fn create_lateral_join_info(root: &mut PlannerInfo<'_>) {
    if !root.has_lateral_rtes {
        return;
    }
    let mut found = false;
    for rti in 1..root.simple_rels.len() as i32 {
        let Some(id) = root.try_base(rti) else { continue };
        let mut direct = Relids::new();
        for var in root.rels[id].lateral_vars.clone() {
            match &var {
                Expr::Var(v) => {
                    direct.add(v.varno);
                    found = true;
                }
                Expr::PlaceHolderVar(p) => {
                    let at = placeholder::find_placeholder_info(root, p);
                    direct.add_all(&root.placeholder_list[at].eval_at.clone());
                    found = true;
                }
                _ => {}
            }
        }
        let rel = &mut root.rels[id];
        rel.direct_lateral_relids = direct.clone();
        rel.lateral_relids = direct;
    }
    for info in root.placeholder_list.clone() {
        if info.lateral.is_empty() {
            continue;
        }
        found = true;
        for rti in info.eval_at.iter() {
            if let Some(id) = root.try_base(rti) {
                root.rels[id].lateral_relids.add_all(&info.lateral);
                if info.eval_at.len() == 1 {
                    root.rels[id].direct_lateral_relids.add_all(&info.lateral);
                }
            }
        }
    }
    if !found {
        root.has_lateral_rtes = false;
        return;
    }
    // Transitive closure, without outer joins' own numbers.
    let oj = root.outer_join_rels.clone();
    loop {
        let mut changed = false;
        for rti in 1..root.simple_rels.len() as i32 {
            let Some(id) = root.try_base(rti) else { continue };
            let mut more = root.rels[id].lateral_relids.clone();
            for other in root.rels[id].lateral_relids.iter() {
                if let Some(o) = root.try_base(other) {
                    more.add_all(&root.rels[o].lateral_relids);
                }
            }
            more.remove_all(&oj);
            if more != root.rels[id].lateral_relids {
                root.rels[id].lateral_relids = more;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for rti in 1..root.simple_rels.len() as i32 {
        let Some(id) = root.try_base(rti) else { continue };
        for other in root.rels[id].lateral_relids.to_vec() {
            if let Some(o) = root.try_base(other) {
                root.rels[o].lateral_referencers.add(rti);
            }
        }
    }
}

/// Takes the join tree apart; afterwards every clause is in its place.
pub fn deconstruct_jointree(root: &mut PlannerInfo<'_>) -> Vec<JoinList> {
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
    for at in order {
        distribute(root, &mut items, at);
    }
    match joinlist {
        JoinList::Sub(list) => list,
        rel => vec![rel],
    }
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
            root.join_domains.push(Relids::new());
            root.join_domains.push(Relids::new());
            root.join_domains.push(Relids::new());
            let n = root.join_domains.len();
            (n - 3, n - 2, n - 1)
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
            root.join_domains[own_domain] = scope.clone();
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
        root.join_domains[own_domain] = scope.clone();
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

fn distribute(root: &mut PlannerInfo<'_>, items: &mut [JoinItem], at: usize) {
    let quals = std::mem::take(&mut items[at].quals);
    let lateral = std::mem::take(&mut items[at].lateral_clauses);
    match items[at].jointype {
        None => {
            if items[at].security_rti > 0 {
                security_quals(root, items, at);
            }
            let scope = items[at].qualscope.clone();
            for clause in lateral.into_iter().chain(quals) {
                distribute_qual(
                    root,
                    items,
                    at,
                    clause,
                    None,
                    &scope,
                    None,
                    &Relids::new(),
                    0,
                    true,
                );
            }
        }
        Some(jointype) => {
            let all: Vec<Expr> = lateral.into_iter().chain(quals).collect();
            let (sjinfo, ojscope) = if jointype == JoinType::Inner {
                (None, None)
            } else {
                let sj = make_outerjoininfo(root, &items[at], jointype, &all);
                let scope = sj.min_lefthand.union(&sj.min_righthand);
                let scope = (jointype != JoinType::Semi).then_some(scope);
                (Some(Rc::new(sj)), scope)
            };
            // Lower outer joins must be known before a higher one is looked at.
            if let Some(sj) = &sjinfo {
                root.join_info_list.push(sj.clone());
            }
            let mut scope = items[at].qualscope.clone();
            // The condition is evaluated below the join's own nulling.
            scope.remove(items[at].ojrelid);
            let nonnullable = items[at].nonnullable_rels.clone();
            let level = root.qual_security_level;
            for clause in all {
                distribute_qual(
                    root,
                    items,
                    at,
                    clause,
                    sjinfo.as_ref(),
                    &scope,
                    ojscope.as_ref(),
                    &nonnullable,
                    level,
                    true,
                );
            }
        }
    }
}

fn security_quals(root: &mut PlannerInfo<'_>, items: &mut [JoinItem], at: usize) {
    let rti = items[at].security_rti;
    let quals = root.rte(rti).security_quals.clone();
    let scope = items[at].qualscope.clone();
    for (level, qual) in quals.into_iter().enumerate() {
        for clause in make_ands_implicit(Some(qual)) {
            distribute_qual(
                root,
                items,
                at,
                clause,
                None,
                &scope,
                Some(&scope),
                &Relids::new(),
                level as u32,
                true,
            );
        }
    }
}

fn make_outerjoininfo(
    root: &PlannerInfo<'_>,
    item: &JoinItem,
    jointype: JoinType,
    quals: &[Expr],
) -> SpecialJoinInfo {
    let cx = root.cx();
    let (left, right) = (&item.left_rels, &item.right_rels);
    let mut sj = SpecialJoinInfo {
        min_lefthand: left.clone(),
        min_righthand: right.clone(),
        syn_lefthand: left.clone(),
        syn_righthand: right.clone(),
        jointype,
        ojrelid: item.ojrelid,
        lhs_strict: false,
        semi_can_btree: false,
        semi_can_hash: false,
        semi_operators: Vec::new(),
        semi_rhs_exprs: Vec::new(),
    };
    compute_semijoin_info(root, &mut sj, quals);
    if jointype == JoinType::Full {
        return sj;
    }
    let (mut clause_relids, mut strict) = (Relids::new(), Relids::new());
    for q in quals {
        clause_relids.add_all(&pull_varnos(Some(root), q));
        strict.add_all(&cx.nonnullable_rels(q));
    }
    sj.lhs_strict = strict.overlaps(left);
    let mut min_left = clause_relids.intersect(left);
    let mut min_right = clause_relids.union(&item.inner_join_rels).intersect(right);
    for other in &root.join_info_list {
        let mut whole = other.syn_lefthand.union(&other.syn_righthand);
        if other.ojrelid > 0 {
            whole.add(other.ojrelid);
        }
        if other.jointype == JoinType::Full {
            if left.overlaps(&whole) {
                min_left.add_all(&whole);
            }
            if right.overlaps(&whole) {
                min_right.add_all(&whole);
            }
            continue;
        }
        // A lower outer join in our left side whose nullable side we look at must come first.
        if left.overlaps(&other.syn_righthand) && clause_relids.overlaps(&other.syn_righthand) {
            min_left.add_all(&whole);
        }
        // One in our right side may be postponed only if our condition looks at its strict left
        // side alone.
        if right.overlaps(&other.syn_righthand)
            && (clause_relids.overlaps(&other.syn_righthand)
                || !clause_relids.overlaps(&other.min_lefthand)
                || matches!(jointype, JoinType::Semi | JoinType::Anti)
                || matches!(other.jointype, JoinType::Semi | JoinType::Anti)
                || !other.lhs_strict)
        {
            min_right.add_all(&whole);
        }
    }
    // PlaceHolderVars that are evaluated in the nullable side must not be split from it.
    for info in &root.placeholder_list {
        let evaluated: Relids = info.ph_var.phrels.iter().copied().collect();
        if evaluated.is_subset(right) {
            min_right.add_all(&evaluated);
        }
    }
    if min_left.is_empty() {
        min_left = left.clone();
    }
    if min_right.is_empty() {
        min_right = right.clone();
    }
    sj.min_lefthand = min_left;
    sj.min_righthand = min_right;
    sj
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

#[allow(clippy::too_many_lines)]
fn distribute_qual(
    root: &mut PlannerInfo<'_>,
    items: &mut [JoinItem],
    at: usize,
    clause: Expr,
    sjinfo: Option<&Rc<SpecialJoinInfo>>,
    qualscope: &Relids,
    ojscope: Option<&Relids>,
    nonnullable: &Relids,
    security_level: u32,
    allow_equivalence: bool,
) {
    let cx = root.cx();
    let mut relids = pull_varnos(Some(root), &clause);
    // A LATERAL reference out of this scope: the clause belongs to the join that has it all.
    if !relids.is_subset(qualscope) {
        let mut up = items[at].parent;
        while let Some(p) = up {
            if relids.is_subset(&items[p].qualscope) {
                items[p].lateral_clauses.push(clause);
                return;
            }
            up = items[p].parent;
        }
        // Mark mismatches of nulling outer joins only; keep what can be kept.
        relids = relids.intersect(&root.all_query_rels);
    }
    let mut pseudoconstant = false;
    if relids.is_empty() {
        if let Some(scope) = ojscope {
            relids = scope.clone();
            if !cx.contain_volatile(&clause) {
                pseudoconstant = true;
                root.has_pseudo_constant_quals = true;
            }
        } else if cx.contain_volatile(&clause) {
            relids = qualscope.clone();
        } else {
            relids = root.join_domains[items[at].jdomain].clone();
            pseudoconstant = true;
            root.has_pseudo_constant_quals = true;
        }
    }
    let mut how = ClauseContext { security_level, ..ClauseContext::default() };
    let mut maybe_equivalence = false;
    let mut maybe_outer_join = false;
    if relids.overlaps(nonnullable) {
        // The outer join's own condition, on its non-nullable side: stays at the join.
        how.is_pushed_down = false;
        maybe_outer_join = true;
        how.outer_relids = nonnullable.clone();
        if let Some(scope) = ojscope {
            relids = scope.clone();
        }
    } else {
        how.is_pushed_down = true;
        maybe_equivalence = allow_equivalence;
        how.outer_relids = Relids::new();
    }
    how.pseudoconstant = pseudoconstant;
    how.required_relids = Some(relids.clone());
    let mut rinfo = make_restrictinfo(root, clause, &how);
    if relids.difference(&root.outer_join_rels).len() > 1 || relids.len() > 1 {
        let vars = pull_var_clause(
            &rinfo.clause,
            PullVars { aggregates: false, window_funcs: false, recurse_placeholders: false },
        );
        add_vars_to_targetlist(root, &vars, &relids);
    }
    check_joinable(root, &mut rinfo);
    if !rinfo.mergeopfamilies.is_empty() {
        if maybe_equivalence {
            if equivclass::process_equivalence(root, &rinfo, items[at].jdomain) {
                return;
            }
            if !rinfo.mergeopfamilies.is_empty() {
                equivclass::initialize_mergeclause_eclasses(root, &rinfo);
            }
        } else if maybe_outer_join && rinfo.can_join && sjinfo.is_some() {
            let sj = match sjinfo {
                Some(sj) => sj.clone(),
                None => return,
            };
            let entry = OuterJoinClause { rinfo: rinfo.clone(), sjinfo: sj.clone() };
            if rinfo.left_relids.is_subset(nonnullable) && !rinfo.right_relids.overlaps(nonnullable)
            {
                root.left_join_clauses.push(entry);
                return;
            }
            if rinfo.right_relids.is_subset(nonnullable) && !rinfo.left_relids.overlaps(nonnullable)
            {
                root.right_join_clauses.push(entry);
                return;
            }
            if sj.jointype == JoinType::Full {
                root.full_join_clauses.push(entry);
                return;
            }
            equivclass::initialize_mergeclause_eclasses(root, &rinfo);
        } else {
            equivclass::initialize_mergeclause_eclasses(root, &rinfo);
        }
    }
    distribute_restrictinfo_to_rels(root, rinfo);
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
