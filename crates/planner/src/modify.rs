//! INSERT, UPDATE, DELETE, MERGE.
use crate::{clauses::*, inherit, path::*, root::*};
use error::{PgResult, bail};
use nodes::{plan::*, *};
use types::Oid;

/// The modification of the target by the rows of a path.
pub fn create_modifytable_path(
    root: &mut PlannerInfo<'_>,
    rel: RelId,
    subpath: PathRef,
) -> PgResult<Path> {
    let parse = root.parse.clone();
    let nominal = parse.result_relation;
    let inherited = root.rte(nominal).inh && parse.command_type != CmdType::Insert;
    let (relations, root_relation): (Vec<i32>, i32) = if inherited {
        let mut leaves = root.leaf_result_relids.clone();
        leaves.sort_unstable();
        if leaves.is_empty() {
            leaves.push(nominal);
        }
        (leaves, nominal)
    } else {
        let is_part = matches!(root.rte(nominal).kind, RteKind::Relation { relkind: 'p', .. });
        (vec![nominal], if is_part { nominal } else { 0 })
    };
    let mut update_colnos = Vec::new();
    let mut wcos = Vec::new();
    let mut returning = Vec::new();
    let mut merge_actions = Vec::new();
    let mut merge_conditions = Vec::new();
    for r in &relations {
        let chain = appinfo_chain(root, *r, nominal);
        let adjust = |e: &mut Expr| {
            for info in &chain {
                inherit::adjust_appendrel_attrs(e, &[info]);
            }
        };
        let colno = |c: i16| {
            chain.iter().fold(c, |c, info| match info.translated_vars.get(c as usize - 1) {
                Some(Some(Expr::Var(v))) => v.varattno,
                _ => c,
            })
        };
        if parse.command_type == CmdType::Update {
            update_colnos.push(root.update_colnos.iter().map(|c| colno(*c)).collect());
        }
        if !parse.with_check_options.is_empty() {
            let mut list = parse.with_check_options.clone();
            list.iter_mut().for_each(|w| adjust(&mut w.qual));
            wcos.push(list);
        }
        if !parse.returning_list.is_empty() {
            let mut list = parse.returning_list.clone();
            list.iter_mut().for_each(|t| adjust(&mut t.expr));
            returning.push(list);
        }
        if parse.command_type == CmdType::Merge {
            let mut actions = parse.merge_action_list.clone();
            for a in &mut actions {
                a.qual.iter_mut().for_each(&adjust);
                a.target_list.iter_mut().for_each(|t| adjust(&mut t.expr));
                if a.command_type == CmdType::Update {
                    a.update_colnos.iter_mut().for_each(|c| *c = colno(*c));
                }
            }
            merge_actions.push(actions);
            let mut c = parse.merge_join_condition.clone();
            c.iter_mut().for_each(&adjust);
            merge_conditions.push(c);
        }
    }
    let row_marks = if parse.row_marks.is_empty() { root.row_marks.clone() } else { Vec::new() };
    let epq_param = root.new_param(types::type_oid::INTERNAL, -1, Oid::INVALID).paramid;
    let mut modify = ModifyTable {
        operation: parse.command_type,
        can_set_tag: parse.can_set_tag,
        nominal_relation: nominal,
        root_relation,
        result_relations: relations,
        update_colnos_lists: update_colnos,
        with_check_options: wcos,
        returning_lists: returning,
        returning_old_alias: parse.returning_old_alias.clone(),
        returning_new_alias: parse.returning_new_alias.clone(),
        row_marks,
        epq_param,
        on_conflict: OnConflictAction::None,
        arbiter_indexes: Vec::new(),
        on_conflict_set: Vec::new(),
        on_conflict_cols: Vec::new(),
        on_conflict_where: None,
        excl_rel_rti: 0,
        excl_rel_tlist: Vec::new(),
        merge_action_lists: merge_actions,
        merge_join_conditions: merge_conditions,
    };
    if let Some(oc) = &parse.on_conflict {
        modify.on_conflict =
            if oc.update { OnConflictAction::Update } else { OnConflictAction::Nothing };
        modify.arbiter_indexes = infer_arbiter_indexes(root, oc)?;
        let mut set = oc.on_conflict_set.clone();
        for (i, te) in set.iter_mut().enumerate() {
            modify.on_conflict_cols.push(te.resno);
            te.resno = i as i16 + 1;
        }
        modify.on_conflict_set = set;
        modify.on_conflict_where = oc.on_conflict_where.clone();
        modify.excl_rel_rti = oc.excl_rel_index;
        modify.excl_rel_tlist = oc.excl_rel_tlist.clone();
    }
    let has_returning = !parse.returning_list.is_empty();
    Ok(Path {
        parent: rel,
        target: subpath.target.clone(),
        param: None,
        rows: if has_returning { subpath.rows } else { 0.0 },
        disabled_nodes: subpath.disabled_nodes,
        startup_cost: subpath.startup_cost,
        total_cost: subpath.total_cost,
        pathkeys: Vec::new(),
        kind: PathKind::ModifyTable { subpath, modify: Box::new(modify) },
    })
}

/// Translations from the named relation down to a descendant.
fn appinfo_chain(root: &PlannerInfo<'_>, child: i32, top: i32) -> Vec<std::rc::Rc<AppendRelInfo>> {
    let mut chain = Vec::new();
    let mut at = child;
    while at != top {
        match root.appinfo_of_child(at) {
            Some(info) => {
                at = info.parent_relid;
                chain.push(info);
            }
            None => break,
        }
    }
    chain.reverse();
    chain
}

/// Unique indexes that ON CONFLICT's target means.
fn infer_arbiter_indexes(root: &PlannerInfo<'_>, oc: &OnConflictExpr) -> PgResult<Vec<Oid>> {
    if oc.arbiter_elems.is_empty() && !oc.constraint.is_valid() {
        return Ok(Vec::new());
    }
    let cx = root.cx();
    let rti = root.parse.result_relation;
    let RteKind::Relation { relid, .. } = root.rte(rti).kind else { return Ok(Vec::new()) };
    let desc = cx.catalog.get_relation(relid)?;
    if oc.constraint.is_valid() {
        let c = desc.constraints.iter().find(|c| c.oid == oc.constraint);
        let index = c.and_then(|c| desc.indexes.iter().find(|i| i.oid == c.indid));
        let Some(index) = index else {
            bail!(WRONG_OBJECT_TYPE, "constraint in ON CONFLICT clause has no associated index");
        };
        if oc.update && index.exclusion {
            bail!(
                WRONG_OBJECT_TYPE,
                "ON CONFLICT DO UPDATE not supported with exclusion constraints"
            );
        }
        return Ok(vec![index.oid]);
    }
    let given_where = make_ands_implicit(oc.arbiter_where.clone());
    let mut found = Vec::new();
    for index in desc.indexes.iter() {
        if !index.valid || !index.unique || index.exclusion {
            continue;
        }
        let exprs: Vec<Expr> = index
            .exprs
            .iter()
            .map(|e| {
                let mut e = e.clone();
                if rti != 1 {
                    offset_varnos(&mut e, rti - 1, 0);
                }
                crate::prep::const_fold::eval_const_expressions(cx, e.clone()).unwrap_or(e)
            })
            .collect();
        let mut next = 0;
        let keys: Vec<(i16, Option<&Expr>, usize)> = index.columns[..index.n_key]
            .iter()
            .enumerate()
            .map(|(i, c)| {
                if c.attnum == 0 {
                    next += 1;
                    (0, exprs.get(next - 1), i)
                } else {
                    (c.attnum, None, i)
                }
            })
            .collect();
        let same = |el: &InferenceElem, k: &(i16, Option<&Expr>, usize)| {
            let col = &index.columns[k.2];
            let expr_ok = match (&el.expr, k.1) {
                (Expr::Var(v), None) => v.varattno == k.0,
                (e, Some(x)) => e.equals(x),
                _ => false,
            };
            expr_ok
                && (!el.infercollid.is_valid() || el.infercollid == col.collation)
                && (!el.inferopclass.is_valid() || el.inferopclass == col.opclass)
        };
        let all_used = oc.arbiter_elems.iter().all(|el| keys.iter().any(|k| same(el, k)));
        let all_keys = keys.iter().all(|k| {
            oc.arbiter_elems.iter().any(|el| match (&el.expr, k.1) {
                (Expr::Var(v), None) => v.varattno == k.0,
                (e, Some(x)) => e.equals(x),
                _ => false,
            })
        });
        if !all_used || !all_keys {
            continue;
        }
        let predicate: Vec<Expr> = index
            .predicate
            .iter()
            .map(|e| {
                let mut e = e.clone();
                if rti != 1 {
                    offset_varnos(&mut e, rti - 1, 0);
                }
                crate::prep::const_fold::eval_const_expressions(cx, e.clone()).unwrap_or(e)
            })
            .collect();
        if !crate::predicate::predicate_implied_by(cx, &predicate, &given_where, false) {
            continue;
        }
        found.push(index.oid);
    }
    if found.is_empty() {
        bail!(
            INVALID_COLUMN_REFERENCE,
            "there is no unique or exclusion constraint matching the ON CONFLICT specification"
        );
    }
    Ok(found)
}
