//! The target list of a level as the plan must produce it: all columns of an INSERT, junk columns
//! that identify rows.
use crate::{clauses::*, lsyscache::null_const, plancat::system_column, root::PlannerInfo};
use catalog::RelationDesc;
use error::PgResult;
use nodes::*;
use types::{Oid, type_oid};

/// Brings `parse.target_list` into final form in `processed_tlist`.
pub fn preprocess_targetlist(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    let command = root.parse.command_type;
    let result_rti = root.parse.result_relation;
    let mut tlist = root.parse.target_list.clone();
    let target_rel = match result_rti {
        0 => None,
        r => match &root.rte(r).kind {
            RteKind::Relation { relid, .. } => Some(root.cx().catalog.get_relation(*relid)?),
            _ => {
                return Err(error::PgError::internal("result relation must be a regular relation"));
            }
        },
    };
    match (command, &target_rel) {
        (CmdType::Insert, Some(rel)) => tlist = expand_insert(root, tlist, rel)?,
        (CmdType::Update, _) => root.update_colnos = extract_update_colnos(&mut tlist),
        _ => {}
    }
    if let (CmdType::Update | CmdType::Delete | CmdType::Merge, Some(rel)) = (command, &target_rel)
    {
        add_row_identity(root, &mut tlist, result_rti, rel);
    }
    if command == CmdType::Merge {
        if let Some(rel) = &target_rel {
            merge_actions(root, &mut tlist, rel)?;
        }
    }
    row_mark_columns(root, &mut tlist);
    returning_columns(root, &mut tlist, result_rti);
    root.processed_tlist = tlist;
    Ok(())
}

/// One entry a column of the target, in order; what the statement does not set is NULL.
fn expand_insert(
    root: &PlannerInfo<'_>,
    tlist: Vec<TargetEntry>,
    rel: &RelationDesc,
) -> PgResult<Vec<TargetEntry>> {
    let cx = root.cx();
    let mut given: Vec<Option<TargetEntry>> = tlist.into_iter().map(Some).collect();
    let mut out = Vec::with_capacity(rel.attrs.len());
    for a in rel.attrs.iter() {
        let found = given
            .iter_mut()
            .find(|t| t.as_ref().is_some_and(|t| !t.resjunk && t.resno == a.num))
            .and_then(Option::take);
        let te = match found {
            Some(te) => te,
            None => {
                // A dropped column is stored as a NULL of some type.
                let expr = if a.dropped {
                    null_const(type_oid::INT4, -1, Oid::INVALID, types::PhysType::Int4)
                } else if cx.base_type(a.typ) != a.typ && a.generated == '\0' {
                    let base = cx.base_type(a.typ);
                    Expr::CoerceToDomain(Box::new(CoerceToDomain {
                        arg: null_const(base, -1, a.collation, a.phys),
                        resulttype: a.typ,
                        resulttypmod: a.typmod,
                        resultcollid: a.collation,
                        coercionformat: CoercionForm::ImplicitCast,
                        location: -1,
                    }))
                } else {
                    null_const(a.typ, a.typmod, a.collation, a.phys)
                };
                make_tle(expr, a.num, Some(a.name.clone()), false)
            }
        };
        out.push(te);
    }
    for mut te in given.into_iter().flatten().filter(|t| t.resjunk) {
        te.resno = out.len() as i16 + 1;
        out.push(te);
    }
    Ok(out)
}

/// Numbers an UPDATE's entries from 1; returns the columns they set.
fn extract_update_colnos(tlist: &mut [TargetEntry]) -> Vec<i16> {
    let mut cols = Vec::new();
    for (i, te) in tlist.iter_mut().enumerate() {
        if !te.resjunk {
            cols.push(te.resno);
        }
        te.resno = i as i16 + 1;
    }
    cols
}

fn add_junk(tlist: &mut Vec<TargetEntry>, expr: Expr, name: &str) {
    let resno = tlist.len() as i16 + 1;
    tlist.push(make_tle(expr, resno, Some(name.to_owned()), true));
}

fn system_var(rti: i32, attno: i16) -> Expr {
    let (typ, typmod, coll) = system_column(attno);
    Expr::Var(make_var(rti, attno, typ, typmod, coll, 0))
}

fn add_row_identity(
    root: &PlannerInfo<'_>,
    tlist: &mut Vec<TargetEntry>,
    rti: i32,
    rel: &RelationDesc,
) {
    if root.rte(rti).inh {
        // Rows come from several relations.
        add_junk(tlist, system_var(rti, sysattr::TABLEOID), "tableoid");
    }
    if rel.relkind == 'v' {
        // The rewriter has added the row of a view with INSTEAD OF triggers.
        if !tlist.iter().any(|te| te.resjunk && te.resname.as_deref() == Some("wholerow")) {
            add_junk(tlist, whole_row(rti, rel.reltype), "wholerow");
        }
    } else {
        add_junk(tlist, system_var(rti, sysattr::CTID), "ctid");
    }
}

fn whole_row(rti: i32, typ: Oid) -> Expr {
    let typ = if typ.is_valid() { typ } else { type_oid::RECORD };
    Expr::Var(make_var(rti, WHOLE_ROW_ATTNO, typ, -1, Oid::INVALID, 0))
}

fn merge_actions(
    root: &mut PlannerInfo<'_>,
    tlist: &mut Vec<TargetEntry>,
    rel: &RelationDesc,
) -> PgResult<()> {
    let mut actions = std::mem::take(&mut root.parse.merge_action_list);
    for a in &mut actions {
        match a.command_type {
            CmdType::Insert => {
                let list = std::mem::take(&mut a.target_list);
                a.target_list = expand_insert(root, list, rel)?;
            }
            CmdType::Update => a.update_colnos = extract_update_colnos(&mut a.target_list),
            _ => {}
        }
        let how = PullVars::default();
        let mut vars = Vec::new();
        a.qual.iter().for_each(|q| vars.extend(pull_var_clause(q, how)));
        a.target_list.iter().for_each(|t| vars.extend(pull_var_clause(&t.expr, how)));
        add_missing(tlist, vars, 0);
    }
    if let Some(q) = &root.parse.merge_join_condition {
        add_missing(tlist, pull_var_clause(q, PullVars::default()), 0);
    }
    root.parse.merge_action_list = actions;
    Ok(())
}

fn add_missing(tlist: &mut Vec<TargetEntry>, vars: Vec<Expr>, except: i32) {
    for v in vars {
        if let Expr::Var(x) = &v {
            if x.varno == except && except != 0 {
                continue;
            }
        }
        if !tlist.iter().any(|t| t.expr.equals(&v)) {
            let resno = tlist.len() as i16 + 1;
            tlist.push(make_tle(v, resno, None, true));
        }
    }
}

fn row_mark_columns(root: &PlannerInfo<'_>, tlist: &mut Vec<TargetEntry>) {
    for m in &root.row_marks {
        if m.rti != m.prti {
            continue;
        }
        let rte = root.rte(m.rti);
        match &rte.kind {
            RteKind::Relation { .. } => {
                add_junk(tlist, system_var(m.rti, sysattr::CTID), &format!("ctid{}", m.rowmark_id));
                if rte.inh {
                    let name = format!("tableoid{}", m.rowmark_id);
                    add_junk(tlist, system_var(m.rti, sysattr::TABLEOID), &name);
                }
            }
            _ => {
                let name = format!("wholerow{}", m.rowmark_id);
                add_junk(tlist, whole_row(m.rti, type_oid::RECORD), &name);
            }
        }
    }
}

/// RETURNING may show columns of other relations: they come along as junk.
fn returning_columns(root: &PlannerInfo<'_>, tlist: &mut Vec<TargetEntry>, result_rti: i32) {
    if root.parse.returning_list.is_empty() || root.parse.rtable.len() < 2 {
        return;
    }
    let mut vars = Vec::new();
    for te in &root.parse.returning_list {
        let how = PullVars { aggregates: false, window_funcs: false, recurse_placeholders: false };
        vars.extend(pull_var_clause(&te.expr, how));
    }
    add_missing(tlist, vars, result_rti);
}
