//! Equivalence classes: sets of expressions that are equal wherever all of them exist, and the clauses
//! that follow from them.
use super::{
    deconstruct::{add_vars_to_targetlist, distribute_restrictinfo_to_rels},
    restrict_info::{ClauseContext, check_joinable, make_restrictinfo},
};
use crate::{clauses::*, lsyscache::bt, relids::Relids, root::*};
use nodes::*;
use std::rc::Rc;
use types::Oid;

/// Brings an expression to the type and collation a family compares.
pub fn canonicalize_ec_expression(
    root: &PlannerInfo<'_>,
    expr: Expr,
    req_type: Oid,
    req_collation: Oid,
) -> Expr {
    let typ = expr.typ();
    let cx = root.cx();
    let pseudo = cx.catalog.lookup_type(req_type).ok().flatten().is_some_and(|t| t.typtype == 'p');
    let want = if pseudo || !req_type.is_valid() { typ } else { req_type };
    if typ == want && expr.collation() == req_collation {
        return expr;
    }
    let typmod = if typ == want { expr.typmod() } else { -1 };
    crate::prep::const_fold::apply_relabel(Box::new(RelabelType {
        arg: expr,
        resulttype: want,
        resulttypmod: typmod,
        resultcollid: req_collation,
        relabelformat: CoercionForm::ImplicitCast,
        location: -1,
    }))
}

fn find_member(
    root: &PlannerInfo<'_>,
    ec: EcId,
    expr: &Expr,
    jdomain: usize,
    datatype: Oid,
) -> Option<usize> {
    root.eq_classes[ec].members.iter().position(|m| {
        !m.is_child
            && m.datatype == datatype
            && (!m.is_const || m.jdomain == jdomain)
            && m.expr.equals(expr)
    })
}

/// Takes an equality clause into the classes; true if nothing more need be done with it.
pub fn process_equivalence(
    root: &mut PlannerInfo<'_>,
    rinfo: &mut Rc<RestrictInfo>,
    jdomain: usize,
) -> bool {
    let cx = root.cx();
    let original = rinfo.clone();
    let Expr::OpExpr(op) = &original.clause else { return false };
    let collation = op.inputcollid;
    let (left_type, right_type) = cx.op_input_types(op.opno);
    let item1 = canonicalize_ec_expression(root, op.args[0].clone(), left_type, collation);
    let item2 = canonicalize_ec_expression(root, op.args[1].clone(), right_type, collation);
    if item1.equals(&item2) {
        // x = x is as good as x IS NOT NULL for a strict operator.
        if cx.op_strict(op.opno) {
            let test = Expr::NullTest(Box::new(NullTest {
                arg: item1,
                is_null: false,
                argisrow: false,
                location: -1,
            }));
            let how = ClauseContext {
                is_pushed_down: rinfo.is_pushed_down,
                pseudoconstant: rinfo.pseudoconstant,
                has_clone: rinfo.has_clone,
                is_clone: rinfo.is_clone,
                security_level: rinfo.security_level,
                required_relids: None,
                incompatible_relids: rinfo.incompatible_relids.clone(),
                outer_relids: rinfo.outer_relids.clone(),
            };
            *rinfo = make_restrictinfo(root, test, &how);
        }
        return false;
    }
    let rinfo = &original;
    if rinfo.security_level > 0 && !rinfo.leakproof {
        return false;
    }
    let find = |root: &PlannerInfo<'_>, item: &Expr, typ: Oid| -> Option<(EcId, usize)> {
        (0..root.eq_classes.len()).find_map(|id| {
            let ec = &root.eq_classes[id];
            if ec.merged.is_some()
                || ec.has_volatile
                || ec.collation != collation
                || ec.opfamilies != rinfo.mergeopfamilies
            {
                return None;
            }
            find_member(root, id, item, jdomain, typ).map(|m| (id, m))
        })
    };
    let found1 = find(root, &item1, left_type);
    let found2 = find(root, &item2, right_type);
    let relids1 = rinfo.left_relids.clone();
    let relids2 = rinfo.right_relids.clone();
    match (found1, found2) {
        (Some((ec1, m1)), Some((ec2, m2))) if ec1 == ec2 => {
            root.eq_classes[ec1].sources.push(rinfo.clone());
            link(rinfo, ec1, Some(m1), Some(m2));
        }
        (Some((ec1, m1)), Some((ec2, m2))) => {
            let shift = root.eq_classes[ec1].members.len();
            let other = std::mem::take(&mut root.eq_classes[ec2]);
            root.eq_classes[ec2].merged = Some(ec1);
            let ec = &mut root.eq_classes[ec1];
            ec.members.extend(other.members);
            ec.sources.extend(other.sources);
            ec.derives.extend(other.derives);
            ec.relids.add_all(&other.relids);
            ec.has_const |= other.has_const;
            ec.min_security = ec.min_security.min(other.min_security);
            ec.max_security = ec.max_security.max(other.max_security);
            ec.sources.push(rinfo.clone());
            link(rinfo, ec1, Some(m1), Some(m2 + shift));
        }
        (Some((ec1, m1)), None) => {
            let m2 = add_member(root, ec1, item2, relids2, jdomain, right_type, false);
            root.eq_classes[ec1].sources.push(rinfo.clone());
            link(rinfo, ec1, Some(m1), Some(m2));
        }
        (None, Some((ec2, m2))) => {
            let m1 = add_member(root, ec2, item1, relids1, jdomain, left_type, false);
            root.eq_classes[ec2].sources.push(rinfo.clone());
            link(rinfo, ec2, Some(m1), Some(m2));
        }
        (None, None) => {
            root.eq_classes.push(EquivalenceClass {
                opfamilies: rinfo.mergeopfamilies.clone(),
                collation,
                sources: vec![rinfo.clone()],
                min_security: rinfo.security_level,
                max_security: rinfo.security_level,
                ..EquivalenceClass::default()
            });
            let id = root.eq_classes.len() - 1;
            let m1 = add_member(root, id, item1, relids1, jdomain, left_type, false);
            let m2 = add_member(root, id, item2, relids2, jdomain, right_type, false);
            link(rinfo, id, Some(m1), Some(m2));
        }
    }
    true
}

fn link(rinfo: &RestrictInfo, ec: EcId, left: Option<usize>, right: Option<usize>) {
    rinfo.left_ec.set(Some(ec));
    rinfo.right_ec.set(Some(ec));
    rinfo.left_em.set(left);
    rinfo.right_em.set(right);
}

/// Adds a member to a class.
pub fn add_member(
    root: &mut PlannerInfo<'_>,
    ec: EcId,
    expr: Expr,
    relids: Relids,
    jdomain: usize,
    datatype: Oid,
    is_child: bool,
) -> usize {
    let is_const = relids.is_empty() && !is_child;
    let class = &mut root.eq_classes[ec];
    if is_const {
        class.has_const = true;
    } else if !is_child {
        class.relids.add_all(&relids);
    }
    class.members.push(EcMember { expr, relids, is_const, is_child, datatype, jdomain });
    class.members.len() - 1
}

/// The class that an ordering by `expr` belongs to; made if `create`.
pub fn get_eclass_for_sort_expr(
    root: &mut PlannerInfo<'_>,
    expr: &Expr,
    opfamilies: &[Oid],
    opcintype: Oid,
    collation: Oid,
    sortref: u32,
    rel: Option<&Relids>,
    create: bool,
) -> Option<EcId> {
    let expr = canonicalize_ec_expression(root, expr.clone(), opcintype, collation);
    for id in 0..root.eq_classes.len() {
        let ec = &root.eq_classes[id];
        if ec.merged.is_some()
            || ec.collation != collation
            || ec.opfamilies != opfamilies
            || (ec.has_volatile && (sortref == 0 || sortref != ec.sortref))
        {
            continue;
        }
        for m in &ec.members {
            if m.is_child && rel.is_none_or(|r| m.relids != *r) {
                continue;
            }
            // Constants are equal to themselves in the top domain only.
            if m.is_const && m.jdomain != 0 {
                continue;
            }
            if m.datatype == opcintype && m.expr.equals(&expr) {
                return Some(id);
            }
        }
    }
    if !create {
        return None;
    }
    let cx = root.cx();
    let volatile = cx.contain_volatile(&expr);
    let relids = pull_varnos(Some(root), &expr);
    root.eq_classes.push(EquivalenceClass {
        opfamilies: opfamilies.to_vec(),
        collation,
        has_volatile: volatile,
        sortref,
        min_security: u32::MAX,
        max_security: 0,
        ..EquivalenceClass::default()
    });
    let id = root.eq_classes.len() - 1;
    let is_agg_free_const = relids.is_empty()
        && !volatile
        && !expr_returns_set(&expr)
        && !contain_aggs(&expr)
        && !contain_window_funcs(&expr);
    add_member(root, id, expr, relids, 0, opcintype, false);
    if !is_agg_free_const {
        let ec = &mut root.eq_classes[id];
        ec.has_const = false;
        ec.members[0].is_const = false;
    }
    Some(id)
}

/// Gives a mergejoinable clause's sides classes of their own where they have none.
pub fn initialize_mergeclause_eclasses(root: &mut PlannerInfo<'_>, rinfo: &Rc<RestrictInfo>) {
    let cx = root.cx();
    let Expr::OpExpr(op) = &rinfo.clause else { return };
    let (left_type, right_type) = cx.op_input_types(op.opno);
    let (l, r) = (op.args[0].clone(), op.args[1].clone());
    let fams = rinfo.mergeopfamilies.clone();
    let left = get_eclass_for_sort_expr(root, &l, &fams, left_type, op.inputcollid, 0, None, true);
    let right =
        get_eclass_for_sort_expr(root, &r, &fams, right_type, op.inputcollid, 0, None, true);
    rinfo.left_ec.set(left);
    rinfo.right_ec.set(right);
}

/// Final classes of a clause's sides.
pub fn update_mergeclause_eclasses(root: &PlannerInfo<'_>, rinfo: &RestrictInfo) {
    rinfo.left_ec.set(rinfo.left_ec.get().map(|e| root.ec_id(e)));
    rinfo.right_ec.set(rinfo.right_ec.get().map(|e| root.ec_id(e)));
}

/// The equality operator of a class for two types.
pub fn select_equality_operator(
    root: &PlannerInfo<'_>,
    ec: &EquivalenceClass,
    left: Oid,
    right: Oid,
) -> Option<Oid> {
    let cx = root.cx();
    ec.opfamilies.iter().find_map(|fam| {
        let op = cx.opfamily_member(*fam, left, right, bt::EQUAL);
        (op.is_valid() && (ec.max_security == 0 || cx.func_leakproof(cx.opcode(op)))).then_some(op)
    })
}

/// Restriction clauses that follow from classes: `a = const` for each member of a class with a
/// constant, `a = b` for two columns of one relation.
pub fn generate_base_implied_equalities(root: &mut PlannerInfo<'_>) {
    root.ec_merging_done = true;
    for id in 0..root.eq_classes.len() {
        if root.eq_classes[id].merged.is_some() || root.eq_classes[id].members.len() < 2 {
            continue;
        }
        if root.eq_classes[id].has_const {
            base_equalities_const(root, id);
        } else {
            base_equalities_no_const(root, id);
        }
        if root.eq_classes[id].broken {
            for source in root.eq_classes[id].sources.clone() {
                distribute_restrictinfo_to_rels(root, source);
            }
        }
        let can_join = root.eq_classes[id].relids.len() > 1;
        if can_join && !root.eq_classes[id].has_const {
            for rti in root.eq_classes[id].relids.to_vec() {
                if let Some(r) = root.try_base(rti) {
                    root.rels[r].has_eclass_joins = true;
                }
            }
        }
    }
}

fn base_equalities_const(root: &mut PlannerInfo<'_>, id: EcId) {
    let ec = root.eq_classes[id].clone();
    // A single `x = const` or `const = x` source is used as it is.
    if ec.members.len() == 2 && ec.sources.len() == 1 {
        let source = ec.sources[0].clone();
        distribute_restrictinfo_to_rels(root, source);
        return;
    }
    // Prefer a plain constant over a parameter or stable expression.
    let Some(const_at) = ec
        .members
        .iter()
        .position(|m| m.is_const && matches!(m.expr, Expr::Const(_)))
        .or_else(|| ec.members.iter().position(|m| m.is_const))
    else {
        return;
    };
    let const_em = &ec.members[const_at];
    for (i, em) in ec.members.iter().enumerate() {
        if i == const_at {
            continue;
        }
        let Some(op) = select_equality_operator(root, &ec, em.datatype, const_em.datatype) else {
            root.eq_classes[id].broken = true;
            return;
        };
        let jdomain = if em.is_const { em.jdomain } else { const_em.jdomain };
        process_implied_equality(
            root,
            op,
            ec.collation,
            em.expr.clone(),
            const_em.expr.clone(),
            jdomain,
            ec.min_security,
            em.is_const,
        );
        if root.has_outer_const_link(id) {
            continue;
        }
    }
}

fn base_equalities_no_const(root: &mut PlannerInfo<'_>, id: EcId) {
    let ec = root.eq_classes[id].clone();
    let mut previous: Vec<(i32, usize)> = Vec::new();
    for (i, em) in ec.members.iter().enumerate() {
        if em.is_child {
            continue;
        }
        let Some(relid) = em.relids.singleton() else { continue };
        if let Some((_, before)) = previous.iter().find(|(r, _)| *r == relid) {
            let prev = &ec.members[*before];
            let Some(op) = select_equality_operator(root, &ec, prev.datatype, em.datatype) else {
                root.eq_classes[id].broken = true;
                break;
            };
            process_implied_equality(
                root,
                op,
                ec.collation,
                prev.expr.clone(),
                em.expr.clone(),
                prev.jdomain,
                ec.min_security,
                false,
            );
        }
        previous.retain(|(r, _)| *r != relid);
        previous.push((relid, i));
    }
    // Everything used in a join must reach the joins.
    for em in &ec.members {
        let vars = pull_var_clause(&em.expr, PullVars::default());
        add_vars_to_targetlist(root, &vars, &ec.relids);
    }
}

/// Adds a derived equality as a clause of its own.
pub fn process_implied_equality(
    root: &mut PlannerInfo<'_>,
    opno: Oid,
    collation: Oid,
    item1: Expr,
    item2: Expr,
    jdomain: usize,
    security_level: u32,
    both_const: bool,
) -> Option<Rc<RestrictInfo>> {
    let cx = root.cx();
    let mut clause = make_opclause(cx, opno, item1, item2, Oid::INVALID, collation);
    if both_const {
        clause =
            crate::prep::const_fold::eval_const_expressions(cx, clause.clone()).unwrap_or(clause);
        if let Expr::Const(c) = &clause {
            if matches!(c.value, types::Datum::Bool(true)) {
                return None;
            }
        }
    }
    let mut relids = pull_varnos(Some(root), &clause);
    let mut pseudoconstant = false;
    if relids.is_empty() {
        relids = root.join_domains[jdomain].clone();
        if !cx.contain_volatile(&clause) {
            pseudoconstant = true;
            root.has_pseudo_constant_quals = true;
        }
    }
    let how = ClauseContext {
        is_pushed_down: true,
        pseudoconstant,
        security_level,
        required_relids: Some(relids.clone()),
        ..ClauseContext::default()
    };
    let mut rinfo = make_restrictinfo(root, clause, &how);
    if relids.len() > 1 {
        let vars = pull_var_clause(&rinfo.clause, PullVars::default());
        add_vars_to_targetlist(root, &vars, &relids);
    }
    check_joinable(root, &mut rinfo);
    if !rinfo.mergeopfamilies.is_empty() {
        initialize_mergeclause_eclasses(root, &rinfo);
    }
    distribute_restrictinfo_to_rels(root, rinfo.clone());
    Some(rinfo)
}

impl PlannerInfo<'_> {
    /// Reserved for classes whose constant came from an outer join's other side.
    pub fn has_outer_const_link(&self, _id: EcId) -> bool {
        false
    }
}

/// Join clauses that follow from the classes for joining `inner_rel` to `outer_relids`.
pub fn generate_join_implied_equalities(
    root: &mut PlannerInfo<'_>,
    join_relids: &Relids,
    outer_relids: &Relids,
    inner: RelId,
    sjinfo: Option<&SpecialJoinInfo>,
) -> Vec<Rc<RestrictInfo>> {
    let inner_relids = root.rels[inner].relids.clone();
    let (nominal_inner, nominal_join) = match &root.rels[inner].top_parent_relids {
        Some(top) => {
            let mut join = outer_relids.union(top);
            if let Some(sj) = sjinfo {
                if sj.ojrelid > 0 {
                    join.add(sj.ojrelid);
                }
            }
            (top.clone(), join)
        }
        None => (inner_relids.clone(), join_relids.clone()),
    };
    let mut result = Vec::new();
    for id in 0..root.eq_classes.len() {
        {
            let ec = &root.eq_classes[id];
            if ec.merged.is_some()
                || ec.has_const
                || ec.members.len() < 2
                || ec.sources.is_empty()
                || !ec.relids.overlaps(&nominal_inner)
                || !ec.relids.overlaps(&nominal_join.difference(&nominal_inner))
            {
                continue;
            }
        }
        if root.eq_classes[id].broken {
            result.extend(broken_class_clauses(
                root,
                id,
                &nominal_join,
                outer_relids,
                &nominal_inner,
                inner,
            ));
            continue;
        }
        match normal_class_clauses(root, id, join_relids, outer_relids, &inner_relids) {
            Some(clauses) => result.extend(clauses),
            None => {
                root.eq_classes[id].broken = true;
                result.extend(broken_class_clauses(
                    root,
                    id,
                    &nominal_join,
                    outer_relids,
                    &nominal_inner,
                    inner,
                ));
            }
        }
    }
    result
}

fn normal_class_clauses(
    root: &mut PlannerInfo<'_>,
    id: EcId,
    join_relids: &Relids,
    outer_relids: &Relids,
    inner_relids: &Relids,
) -> Option<Vec<Rc<RestrictInfo>>> {
    let (mut outer, mut inner, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for (i, m) in root.eq_classes[id].members.iter().enumerate() {
        if m.is_const || !m.relids.is_subset(join_relids) {
            continue;
        }
        if m.is_child && !(m.relids.is_subset(inner_relids) || m.relids.is_subset(outer_relids)) {
            continue;
        }
        if m.relids.is_subset(outer_relids) {
            outer.push(i);
        } else if m.relids.is_subset(inner_relids) {
            inner.push(i);
        } else {
            new.push(i);
        }
    }
    let mut result = Vec::new();
    // One clause connects the two sides; plain Vars make the best one.
    if !outer.is_empty() && !inner.is_empty() {
        let mut best: Option<(i32, usize, usize, Oid)> = None;
        'pairs: for &o in &outer {
            for &i in &inner {
                let ec = &root.eq_classes[id];
                let (om, im) = (&ec.members[o], &ec.members[i]);
                let Some(op) = select_equality_operator(root, ec, om.datatype, im.datatype) else {
                    continue;
                };
                let cx = root.cx();
                let mut score = 0;
                let plain = |e: &Expr| match e {
                    Expr::Var(_) => true,
                    Expr::RelabelType(r) => matches!(r.arg, Expr::Var(_)),
                    _ => false,
                };
                score += i32::from(plain(&om.expr)) + i32::from(plain(&im.expr));
                score += i32::from(cx.op_hashjoinable(op, om.expr.typ()));
                if best.as_ref().is_none_or(|b| score > b.0) {
                    best = Some((score, o, i, op));
                    if score == 3 {
                        break 'pairs;
                    }
                }
            }
        }
        let (_, o, i, op) = best?;
        result.push(create_join_clause(root, id, op, o, i, Some(id)));
    }
    // Members that need both sides get tied in, one after the other.
    if !new.is_empty() {
        let mut chain: Vec<usize> = new;
        if let Some(o) = outer.first() {
            chain.insert(0, *o);
        } else if let Some(i) = inner.first() {
            chain.insert(0, *i);
        }
        for pair in chain.windows(2) {
            let ec = &root.eq_classes[id];
            let op = select_equality_operator(
                root,
                ec,
                ec.members[pair[0]].datatype,
                ec.members[pair[1]].datatype,
            )?;
            result.push(create_join_clause(root, id, op, pair[0], pair[1], None));
        }
    }
    Some(result)
}

fn broken_class_clauses(
    root: &mut PlannerInfo<'_>,
    id: EcId,
    join_relids: &Relids,
    outer_relids: &Relids,
    nominal_inner: &Relids,
    _inner: RelId,
) -> Vec<Rc<RestrictInfo>> {
    root.eq_classes[id]
        .sources
        .iter()
        .filter(|r| {
            r.required_relids.is_subset(join_relids)
                && !r.required_relids.is_subset(outer_relids)
                && !r.required_relids.is_subset(nominal_inner)
        })
        .cloned()
        .collect()
}

fn create_join_clause(
    root: &mut PlannerInfo<'_>,
    id: EcId,
    opno: Oid,
    left: usize,
    right: usize,
    parent_ec: Option<EcId>,
) -> Rc<RestrictInfo> {
    // The same clause must be the same object, so that duplicates are seen.
    for source in &root.eq_classes[id].sources {
        let pair = (source.left_em.get(), source.right_em.get());
        if (pair == (Some(left), Some(right)) || pair == (Some(right), Some(left)))
            && source.parent_ec.get() == parent_ec
        {
            return source.clone();
        }
    }
    let keys = &root.eq_classes[id].derive_keys;
    if let Some(at) =
        keys.iter().position(|k| *k == (left, right, parent_ec) || *k == (right, left, parent_ec))
    {
        return root.eq_classes[id].derives[at].clone();
    }
    let (l, r) =
        (root.eq_classes[id].members[left].clone(), root.eq_classes[id].members[right].clone());
    let cx = root.cx();
    let collation = root.eq_classes[id].collation;
    let clause = make_opclause(cx, opno, l.expr.clone(), r.expr.clone(), Oid::INVALID, collation);
    let how = ClauseContext {
        is_pushed_down: true,
        security_level: root.eq_classes[id].min_security,
        required_relids: Some(l.relids.union(&r.relids)),
        ..ClauseContext::default()
    };
    let mut rinfo = make_restrictinfo(root, clause, &how);
    check_joinable(root, &mut rinfo);
    rinfo.parent_ec.set(parent_ec);
    rinfo.left_ec.set(Some(id));
    rinfo.right_ec.set(Some(id));
    rinfo.left_em.set(Some(left));
    rinfo.right_em.set(Some(right));
    let ec = &mut root.eq_classes[id];
    // Merged-in clauses sit at the front without keys of their own.
    while ec.derive_keys.len() < ec.derives.len() {
        ec.derive_keys.push((usize::MAX, usize::MAX, None));
    }
    ec.derives.push(rinfo.clone());
    ec.derive_keys.push((left, right, parent_ec));
    rinfo
}

/// Clauses `column = outer expression` that the classes offer for a column of a relation that
/// `matches` accepts.
pub fn generate_implied_equalities_for_column(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    matches: &dyn Fn(&PlannerInfo<'_>, EcId, &EcMember) -> bool,
    prohibited: &Relids,
) -> Vec<Rc<RestrictInfo>> {
    let relids = root.rels[rel].relids.clone();
    let is_child = root.rels[rel].kind == RelKind::OtherMember;
    let parent_relids = root.rels[rel].top_parent_relids.clone().unwrap_or_default();
    let mut result = Vec::new();
    for id in 0..root.eq_classes.len() {
        let Some(current) = ({
            let ec = &root.eq_classes[id];
            if ec.merged.is_some() || ec.has_const || ec.members.len() < 2 || ec.sources.is_empty()
            {
                None
            } else {
                ec.members.iter().position(|m| m.relids == relids && matches(root, id, m))
            }
        }) else {
            continue;
        };
        for other in 0..root.eq_classes[id].members.len() {
            let (op, ok) = {
                let ec = &root.eq_classes[id];
                let m = &ec.members[other];
                if m.is_child
                    || other == current
                    || m.relids.overlaps(&relids)
                    || m.relids.overlaps(prohibited)
                    || m.is_const
                    || is_child && m.relids.overlaps(&parent_relids)
                {
                    continue;
                }
                let op =
                    select_equality_operator(root, ec, ec.members[current].datatype, m.datatype);
                (op.unwrap_or(Oid::INVALID), op.is_some())
            };
            if ok {
                result.push(create_join_clause(root, id, op, current, other, Some(id)));
            }
        }
        if !result.is_empty() {
            break;
        }
    }
    result
}

/// Whether the classes give a join clause between two relations.
pub fn have_relevant_eclass_joinclause(
    root: &PlannerInfo<'_>,
    rel1: &Relids,
    rel2: &Relids,
) -> bool {
    root.eq_classes.iter().any(|ec| {
        ec.merged.is_none()
            && ec.members.len() > 1
            && !ec.sources.is_empty()
            && ec.relids.overlaps(rel1)
            && ec.relids.overlaps(rel2)
    })
}

/// Whether the classes may give join clauses with any relation outside of this one.
pub fn has_relevant_eclass_joinclause(root: &PlannerInfo<'_>, rel: &Relids) -> bool {
    root.eq_classes.iter().any(|ec| {
        ec.merged.is_none()
            && ec.members.len() > 1
            && !ec.sources.is_empty()
            && ec.relids.overlaps(rel)
            && !ec.relids.is_subset(rel)
    })
}

/// Whether two expressions are known equal by a class that includes the operator's family.
pub fn exprs_known_equal(root: &PlannerInfo<'_>, a: &Expr, b: &Expr, family: Option<Oid>) -> bool {
    root.eq_classes.iter().any(|ec| {
        ec.merged.is_none()
            && !ec.has_volatile
            && family.is_none_or(|f| ec.opfamilies.contains(&f))
            && ec.members.iter().any(|m| !m.is_child && m.expr.equals(a))
            && ec.members.iter().any(|m| !m.is_child && m.expr.equals(b))
    })
}

/// Whether a clause is covered by a class's clause among the index clauses.
pub fn is_redundant_with(rinfo: &Rc<RestrictInfo>, used: &Rc<RestrictInfo>) -> bool {
    Rc::ptr_eq(rinfo, used)
        || rinfo.parent_ec.get().is_some() && rinfo.parent_ec.get() == used.parent_ec.get()
}

/// For a child of an appendrel: every member over the parent gets a translated twin.
pub fn add_child_rel_equivalences(
    root: &mut PlannerInfo<'_>,
    appinfo: &AppendRelInfo,
    parent: RelId,
    child: RelId,
) {
    let parent_relids =
        root.rels[parent].top_parent_relids.clone().unwrap_or(root.rels[parent].relids.clone());
    let direct = root.rels[parent].relids.clone();
    let child_relids = root.rels[child].relids.clone();
    for id in 0..root.eq_classes.len() {
        if root.eq_classes[id].merged.is_some() || root.eq_classes[id].has_volatile {
            continue;
        }
        for m in 0..root.eq_classes[id].members.len() {
            let em = root.eq_classes[id].members[m].clone();
            if em.is_const {
                continue;
            }
            // Only top-level originals, or for nested appendrels the direct parent's twin.
            let usable = em.is_child || parent_relids == direct;
            if !usable || !em.relids.overlaps(&direct) {
                continue;
            }
            let mut expr = em.expr.clone();
            crate::inherit::adjust_appendrel_attrs(&mut expr, &[appinfo]);
            let relids = em.relids.difference(&direct).union(&child_relids);
            add_member(root, id, expr, relids, em.jdomain, em.datatype, true);
        }
    }
}
