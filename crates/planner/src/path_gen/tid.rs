//! Scans by ctid.
use crate::{clauses::*, cost::*, lsyscache::am, path::*, pathnode::*, root::*};
use nodes::*;
use std::rc::Rc;
use types::{Oid, type_oid};

const TID_EQ: Oid = Oid(387);

fn is_ctid(e: &Expr, rti: i32) -> bool {
    matches!(e, Expr::Var(v)
        if v.varno == rti && v.varattno == sysattr::CTID && v.vartype == type_oid::TID
            && v.varlevelsup == 0 && v.varnullingrels.is_empty())
}

fn is_tid_equal(root: &PlannerInfo<'_>, r: &RestrictInfo, rti: i32) -> bool {
    match &r.clause {
        Expr::OpExpr(o) if o.opno == TID_EQ && o.args.len() == 2 => {
            let other = if is_ctid(&o.args[0], rti) {
                &o.args[1]
            } else if is_ctid(&o.args[1], rti) {
                &o.args[0]
            } else {
                return false;
            };
            !pull_varnos(Some(root), other).contains(rti) && !root.cx().contain_volatile(other)
        }
        Expr::ScalarArrayOpExpr(s) => {
            s.opno == TID_EQ
                && s.use_or
                && is_ctid(&s.args[0], rti)
                && !pull_varnos(Some(root), &s.args[1]).contains(rti)
                && !root.cx().contain_volatile(&s.args[1])
        }
        Expr::CurrentOfExpr(c) => c.cvarno == rti,
        _ => false,
    }
}

fn is_tid_range(root: &PlannerInfo<'_>, r: &RestrictInfo, rti: i32) -> bool {
    let Expr::OpExpr(o) = &r.clause else { return false };
    if !matches!(o.opno.0, 2799..=2802) || o.args.len() != 2 {
        return false;
    }
    let other = if is_ctid(&o.args[0], rti) {
        &o.args[1]
    } else if is_ctid(&o.args[1], rti) {
        &o.args[0]
    } else {
        return false;
    };
    !pull_varnos(Some(root), other).contains(rti) && !root.cx().contain_volatile(other)
}

/// The clauses of one level that name rows directly.
fn tid_quals(
    root: &PlannerInfo<'_>,
    clauses: &[Rc<RestrictInfo>],
    rti: i32,
) -> Vec<Rc<RestrictInfo>> {
    for r in clauses {
        if r.pseudoconstant {
            continue;
        }
        if let Some(arms) = &r.or_arms {
            let mut all = Vec::new();
            for arm in arms {
                let part = tid_quals(root, arm, rti);
                if part.is_empty() {
                    all.clear();
                    break;
                }
                all.extend(part);
            }
            if !all.is_empty() {
                return all;
            }
            continue;
        }
        if is_tid_equal(root, r, rti) {
            return vec![r.clone()];
        }
    }
    Vec::new()
}

/// Adds TID paths; true if there must be no others (CURRENT OF).
pub fn create_tidscan_paths(root: &mut PlannerInfo<'_>, rel: RelId) -> bool {
    let rti = root.rels[rel].relid;
    let base = root.rels[rel].baserestrictinfo.clone();
    let _ = am::BTREE;
    let current_of = base.iter().find(|r| matches!(r.clause, Expr::CurrentOfExpr(_)));
    let quals = match current_of {
        Some(r) => vec![r.clone()],
        None => tid_quals(root, &base, rti),
    };
    let only = current_of.is_some();
    if !quals.is_empty() && (only || root.cx().settings.enable_tidscan) {
        let outer = root.rels[rel].lateral_relids.clone();
        let param = get_baserel_parampathinfo(root, rel, &outer);
        let c = cost_tidscan(root, &root.rels[rel], param.as_deref(), &quals);
        let target = root.rels[rel].reltarget.clone();
        let path =
            new_path(PathKind::TidScan { tidquals: quals }, rel, target, param, c, Vec::new());
        add_path(root, rel, path);
        if only {
            return true;
        }
    }
    let range: Vec<_> = base.iter().filter(|r| is_tid_range(root, r, rti)).cloned().collect();
    if !range.is_empty() && root.cx().settings.enable_tidscan {
        let outer = root.rels[rel].lateral_relids.clone();
        let param = get_baserel_parampathinfo(root, rel, &outer);
        let c = cost_tidrangescan(root, &root.rels[rel], param.as_deref(), &range);
        let target = root.rels[rel].reltarget.clone();
        let path = new_path(PathKind::TidRange { quals: range }, rel, target, param, c, Vec::new());
        add_path(root, rel, path);
    }
    // Joins on ctid: a parameterised scan.
    for r in root.rels[rel].joininfo.clone() {
        if is_tid_equal(root, &r, rti)
            && crate::init::restrict_info::join_clause_is_movable_to(&r, &root.rels[rel])
            && root.cx().settings.enable_tidscan
        {
            let mut outer = r.clause_relids.clone();
            outer.add_all(&root.rels[rel].lateral_relids.clone());
            outer.remove(rti);
            outer.remove_all(&root.outer_join_rels.clone());
            let quals = vec![r.clone()];
            let param = get_baserel_parampathinfo(root, rel, &outer);
            let c = cost_tidscan(root, &root.rels[rel], param.as_deref(), &quals);
            let target = root.rels[rel].reltarget.clone();
            let path =
                new_path(PathKind::TidScan { tidquals: quals }, rel, target, param, c, Vec::new());
            add_path(root, rel, path);
        }
    }
    false
}
