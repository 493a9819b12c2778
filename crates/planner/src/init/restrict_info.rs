//! Building of RestrictInfos: what relations a clause uses and which joins it can drive.
use crate::{clauses::*, relids::Relids, root::*};
use nodes::*;
use std::{cell::Cell, rc::Rc};
use types::Oid;

/// Facts about a clause given by where it stands.
#[derive(Clone, Debug, Default)]
pub struct ClauseContext {
    pub is_pushed_down: bool,
    pub pseudoconstant: bool,
    pub has_clone: bool,
    pub is_clone: bool,
    pub security_level: u32,
    pub required_relids: Option<Relids>,
    pub incompatible_relids: Relids,
    pub outer_relids: Relids,
}

/// Wraps a clause.
pub fn make_restrictinfo(
    root: &PlannerInfo<'_>,
    clause: Expr,
    how: &ClauseContext,
) -> Rc<RestrictInfo> {
    // An OR carries its arms as clauses of their own, for OR index scans.
    if let Expr::BoolExpr(b) = &clause {
        if b.boolop == BoolExprType::Or {
            let arms = b.args.iter().map(|a| or_arm(root, a, how)).collect();
            return Rc::new(build(root, clause, how, Some(arms)));
        }
    }
    Rc::new(build(root, clause, how, None))
}

fn or_arm(root: &PlannerInfo<'_>, arm: &Expr, how: &ClauseContext) -> Vec<Rc<RestrictInfo>> {
    let sub = ClauseContext { required_relids: None, ..how.clone() };
    match arm {
        Expr::BoolExpr(b) if b.boolop == BoolExprType::And => {
            b.args.iter().map(|a| make_restrictinfo(root, a.clone(), &sub)).collect()
        }
        other => vec![make_restrictinfo(root, other.clone(), &sub)],
    }
}

fn build(
    root: &PlannerInfo<'_>,
    clause: Expr,
    how: &ClauseContext,
    or_arms: Option<Vec<Vec<Rc<RestrictInfo>>>>,
) -> RestrictInfo {
    let cx = root.cx();
    let mut can_join = false;
    let (mut left_relids, mut right_relids) = (Relids::new(), Relids::new());
    let clause_relids = match &clause {
        Expr::OpExpr(o) if o.args.len() == 2 => {
            left_relids = pull_varnos(Some(root), &o.args[0]);
            right_relids = pull_varnos(Some(root), &o.args[1]);
            can_join = !left_relids.is_empty()
                && !right_relids.is_empty()
                && !left_relids.overlaps(&right_relids);
            left_relids.union(&right_relids)
        }
        other => pull_varnos(Some(root), other),
    };
    let leakproof = how.security_level > 0 && !cx.contain_leaked_vars(&clause);
    let num_base_rels = clause_relids.difference(&root.outer_join_rels).len();
    let serial = {
        let mut state = root.glob.state.borrow_mut();
        state.last_rinfo_serial += 1;
        state.last_rinfo_serial
    };
    RestrictInfo {
        is_pushed_down: how.is_pushed_down,
        can_join,
        pseudoconstant: how.pseudoconstant,
        has_clone: how.has_clone,
        is_clone: how.is_clone,
        leakproof,
        has_volatile: cx.contain_volatile(&clause),
        security_level: how.security_level,
        num_base_rels,
        required_relids: how.required_relids.clone().unwrap_or_else(|| clause_relids.clone()),
        clause_relids,
        incompatible_relids: how.incompatible_relids.clone(),
        outer_relids: how.outer_relids.clone(),
        left_relids,
        right_relids,
        or_arms,
        serial,
        parent_ec: Cell::new(None),
        eval_cost: Cell::new(None),
        norm_selec: Cell::new(-1.0),
        outer_selec: Cell::new(-1.0),
        mergeopfamilies: Vec::new(),
        left_ec: Cell::new(None),
        right_ec: Cell::new(None),
        left_em: Cell::new(None),
        right_em: Cell::new(None),
        outer_is_left: Cell::new(false),
        hashjoinoperator: Oid::INVALID,
        left_bucketsize: Cell::new(-1.0),
        right_bucketsize: Cell::new(-1.0),
        left_mcvfreq: Cell::new(-1.0),
        right_mcvfreq: Cell::new(-1.0),
        clause,
    }
}

/// Looks up what merge and hash joins a fresh clause can drive.
pub fn check_joinable(root: &PlannerInfo<'_>, rinfo: &mut Rc<RestrictInfo>) {
    let cx = root.cx();
    if rinfo.pseudoconstant || rinfo.has_volatile {
        return;
    }
    let Expr::OpExpr(o) = &rinfo.clause else { return };
    if o.args.len() != 2 {
        return;
    }
    let (opno, left_type) = (o.opno, o.args[0].typ());
    let merge = if cx.op_mergejoinable(opno, left_type) {
        cx.mergejoin_opfamilies(opno)
    } else {
        Vec::new()
    };
    let hash = rinfo.can_join && cx.op_hashjoinable(opno, left_type);
    if let Some(r) = Rc::get_mut(rinfo) {
        r.mergeopfamilies = merge;
        if hash {
            r.hashjoinoperator = opno;
        }
    }
}

/// Whether a clause may be evaluated at a relation that already includes some outer joins.
pub fn join_clause_is_movable_to(rinfo: &RestrictInfo, rel: &RelOptInfo<'_>) -> bool {
    rinfo.clause_relids.contains(rel.relid)
        && !rinfo.outer_relids.contains(rel.relid)
        && !rel.nulling_relids.overlaps(&rinfo.clause_relids)
        && !rel.lateral_referencers.overlaps(&rinfo.clause_relids)
        && !rinfo.is_clone
}

/// Whether a clause can be evaluated in a scan of `current` given values of `outer`.
pub fn join_clause_is_movable_into(
    rinfo: &RestrictInfo,
    current: &Relids,
    current_and_outer: &Relids,
) -> bool {
    rinfo.clause_relids.is_subset(current_and_outer)
        && current.overlaps(&rinfo.clause_relids)
        && !current.overlaps(&rinfo.outer_relids)
}

/// The clauses, ANDed.
pub fn actual_clauses(rinfos: &[Rc<RestrictInfo>]) -> Vec<Expr> {
    rinfos.iter().filter(|r| !r.pseudoconstant).map(|r| r.clause.clone()).collect()
}
