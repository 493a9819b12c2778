//! Outer join conditions over a column known constant: the constant reaches the other side.
use super::{deconstruct::distribute_restrictinfo_to_rels, equivclass::*};
use crate::root::*;
use nodes::*;
use std::rc::Rc;

/// Looks at the outer joins' own equality clauses again now that constants are known, then hands those
/// that stay to their joins.
pub fn reconsider_outer_join_clauses(root: &mut PlannerInfo<'_>) {
    loop {
        let mut found = false;
        for left in [true, false] {
            let list = if left {
                std::mem::take(&mut root.left_join_clauses)
            } else {
                std::mem::take(&mut root.right_join_clauses)
            };
            let mut rest = Vec::new();
            for entry in list {
                if push_constant(root, &entry, left) {
                    found = true;
                    replace_by_true(root, &entry);
                } else {
                    rest.push(entry);
                }
            }
            if left {
                root.left_join_clauses = rest;
            } else {
                root.right_join_clauses = rest;
            }
        }
        let list = std::mem::take(&mut root.full_join_clauses);
        let mut rest = Vec::new();
        for entry in list {
            if push_constant_full(root, &entry) {
                found = true;
                replace_by_true(root, &entry);
            } else {
                rest.push(entry);
            }
        }
        root.full_join_clauses = rest;
        if !found {
            break;
        }
    }
    let all: Vec<OuterJoinClause> = std::mem::take(&mut root.left_join_clauses)
        .into_iter()
        .chain(std::mem::take(&mut root.right_join_clauses))
        .chain(std::mem::take(&mut root.full_join_clauses))
        .collect();
    for entry in all {
        initialize_mergeclause_eclasses(root, &entry.rinfo);
        distribute_restrictinfo_to_rels(root, entry.rinfo);
    }
}

/// `a LEFT JOIN b ON a.x = b.y WHERE a.x = 42` lets b be restricted by `y = 42`.
fn push_constant(root: &mut PlannerInfo<'_>, entry: &OuterJoinClause, outer_on_left: bool) -> bool {
    let rinfo = &entry.rinfo;
    let Expr::OpExpr(op) = &rinfo.clause else { return false };
    let cx = root.cx();
    if !cx.func_strict(op.opfuncid) {
        return false;
    }
    let (left_type, right_type) = cx.op_input_types(op.opno);
    let (outer, inner, outer_type, inner_type) = if outer_on_left {
        (&op.args[0], &op.args[1], left_type, right_type)
    } else {
        (&op.args[1], &op.args[0], right_type, left_type)
    };
    let outer = canonicalize_ec_expression(root, outer.clone(), outer_type, op.inputcollid);
    let inner = canonicalize_ec_expression(root, inner.clone(), inner_type, op.inputcollid);
    let jdomain = find_join_domain(root, &entry.sjinfo.syn_righthand);
    let mut pushed = false;
    for id in 0..root.eq_classes.len() {
        let ec = root.eq_classes[id].clone();
        if ec.merged.is_some()
            || !ec.has_const
            || ec.has_volatile
            || ec.collation != op.inputcollid
            || ec.opfamilies != rinfo.mergeopfamilies
            || !ec.members.iter().any(|m| m.expr.equals(&outer))
        {
            continue;
        }
        for m in ec.members.iter().filter(|m| m.is_const) {
            let Some(eq) = select_equality_operator(root, &ec, inner_type, m.datatype) else {
                continue;
            };
            let made = build_and_process(root, eq, op.inputcollid, &inner, &m.expr, jdomain, rinfo);
            pushed |= made;
        }
        if pushed {
            break;
        }
    }
    pushed
}

fn build_and_process(
    root: &mut PlannerInfo<'_>,
    eq: types::Oid,
    collation: types::Oid,
    inner: &Expr,
    constant: &Expr,
    jdomain: usize,
    source: &RestrictInfo,
) -> bool {
    use super::restrict_info::{ClauseContext, check_joinable, make_restrictinfo};
    let clause = crate::clauses::make_opclause(
        root.cx(),
        eq,
        inner.clone(),
        constant.clone(),
        types::Oid::INVALID,
        collation,
    );
    let how = ClauseContext {
        is_pushed_down: true,
        security_level: source.security_level,
        ..ClauseContext::default()
    };
    let mut rinfo = make_restrictinfo(root, clause, &how);
    check_joinable(root, &mut rinfo);
    !rinfo.mergeopfamilies.is_empty() && process_equivalence(root, &mut rinfo, jdomain)
}

/// The join domain of a part of the join tree.
fn find_join_domain(root: &PlannerInfo<'_>, relids: &crate::relids::Relids) -> usize {
    root.join_domains.iter().position(|d| !d.is_empty() && d.is_subset(relids)).unwrap_or(0)
}

/// `a FULL JOIN b USING (x) WHERE x = 42`, where x is COALESCE(a.x, b.x): both sides can be restricted.
fn push_constant_full(root: &mut PlannerInfo<'_>, entry: &OuterJoinClause) -> bool {
    let rinfo = &entry.rinfo;
    let Expr::OpExpr(op) = &rinfo.clause else { return false };
    let cx = root.cx();
    let (left_type, right_type) = cx.op_input_types(op.opno);
    let left = canonicalize_ec_expression(root, op.args[0].clone(), left_type, op.inputcollid);
    let right = canonicalize_ec_expression(root, op.args[1].clone(), right_type, op.inputcollid);
    let nulled = crate::relids::Relids::single(entry.sjinfo.ojrelid);
    for id in 0..root.eq_classes.len() {
        let ec = root.eq_classes[id].clone();
        if ec.merged.is_some()
            || !ec.has_const
            || ec.has_volatile
            || ec.collation != op.inputcollid
            || ec.opfamilies != rinfo.mergeopfamilies
        {
            continue;
        }
        let coalesced = ec.members.iter().position(|m| match &m.expr {
            Expr::CoalesceExpr(c) if c.args.len() == 2 => {
                let strip = |e: &Expr| {
                    let mut e = e.clone();
                    crate::clauses::remove_nulling_rels(&mut e, &nulled, None);
                    e
                };
                strip(&c.args[0]).equals(&left) && strip(&c.args[1]).equals(&right)
            }
            _ => false,
        });
        let Some(coalesced) = coalesced else { continue };
        let (mut on_left, mut on_right) = (false, false);
        for m in ec.members.iter().filter(|m| m.is_const) {
            if let Some(eq) = select_equality_operator(root, &ec, left_type, m.datatype) {
                let domain = find_join_domain(root, &entry.sjinfo.syn_lefthand);
                on_left |=
                    build_and_process(root, eq, op.inputcollid, &left, &m.expr, domain, rinfo);
            }
            if let Some(eq) = select_equality_operator(root, &ec, right_type, m.datatype) {
                let domain = find_join_domain(root, &entry.sjinfo.syn_righthand);
                on_right |=
                    build_and_process(root, eq, op.inputcollid, &right, &m.expr, domain, rinfo);
            }
        }
        if on_left && on_right {
            root.eq_classes[id].members.remove(coalesced);
            return true;
        }
    }
    false
}

/// The clause is true now, but the join still needs it to know what it joins.
fn replace_by_true(root: &mut PlannerInfo<'_>, entry: &OuterJoinClause) {
    use super::restrict_info::{ClauseContext, make_restrictinfo};
    let old = &entry.rinfo;
    let how = ClauseContext {
        is_pushed_down: old.is_pushed_down,
        has_clone: old.has_clone,
        is_clone: old.is_clone,
        security_level: 0,
        required_relids: Some(old.required_relids.clone()),
        incompatible_relids: old.incompatible_relids.clone(),
        outer_relids: old.outer_relids.clone(),
        pseudoconstant: false,
    };
    let always = make_restrictinfo(root, crate::lsyscache::bool_const(Some(true)), &how);
    let always = Rc::clone(&always);
    distribute_restrictinfo_to_rels(root, always);
}
