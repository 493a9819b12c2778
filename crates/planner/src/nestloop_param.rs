//! Values that the outer side of a nested loop passes to its inner side.
use crate::root::*;
use error::{PgError, PgResult};
use nodes::*;

/// Replaces outer relations' values by params that the nested loop around sets.
pub fn replace_nestloop_params(root: &mut PlannerInfo<'_>, expr: &mut Expr) {
    match expr {
        Expr::Var(v) if v.varlevelsup == 0 => {
            if root.cur_outer_rels.contains(v.varno) {
                *expr = nestloop_param(root, expr.clone());
            }
        }
        Expr::PlaceHolderVar(p) if p.phlevelsup == 0 => {
            let eval_at =
                root.placeholder_list.iter().find(|i| i.phid == p.phid).map(|i| i.eval_at.clone());
            if eval_at.is_some_and(|e| e.is_subset(&root.cur_outer_rels)) {
                *expr = nestloop_param(root, expr.clone());
            } else {
                replace_nestloop_params(root, &mut p.phexpr);
            }
        }
        _ => expr.for_each_child_mut(&mut |c| replace_nestloop_params(root, c)),
    }
}

fn nestloop_param(root: &mut PlannerInfo<'_>, item: Expr) -> Expr {
    let (typ, typmod, coll) = (item.typ(), item.typmod(), item.collation());
    let found = root.cur_outer_params.iter().find(|p| p.paramval.equals(&item)).map(|p| p.paramno);
    let paramid = match found {
        Some(id) => id,
        None => {
            let p = root.new_param(typ, typmod, coll);
            root.cur_outer_params.push(NestLoopParamItem { paramno: p.paramid, paramval: item });
            p.paramid
        }
    };
    Expr::Param(Param {
        kind: ParamKind::Exec,
        paramid,
        paramtype: typ,
        paramtypmod: typmod,
        paramcollid: coll,
        location: -1,
    })
}

/// Values a LATERAL subquery or function takes from the outer side of a nested loop.
pub fn process_subquery_params(
    root: &mut PlannerInfo<'_>,
    params: &[PlannerParam],
) -> PgResult<()> {
    for p in params {
        if root.cur_outer_params.iter().any(|c| c.paramno == p.param_id) {
            continue;
        }
        let mut item = p.item.clone();
        if let Expr::Var(v) = &item {
            if !root.cur_outer_rels.contains(v.varno) {
                return Err(PgError::internal("non-LATERAL parameter required by subquery"));
            }
        }
        if let Expr::PlaceHolderVar(ph) = &item {
            let at = crate::placeholder::find_placeholder_info(root, &ph.clone());
            let eval_at = root.placeholder_list[at].eval_at.clone();
            if !eval_at.is_subset(&root.cur_outer_rels) {
                return Err(PgError::internal("non-LATERAL parameter required by subquery"));
            }
        }
        if let Expr::Var(v) = &mut item {
            v.varlevelsup = 0;
        }
        root.cur_outer_params.push(NestLoopParamItem { paramno: p.param_id, paramval: item });
    }
    Ok(())
}
